/** TPC-H at scale factor 0.01: the 22 queries over four layouts of the tables, against PostgreSQL's answers in test/data/tpch. */
import assert from 'node:assert/strict';
import type pg from 'pg';
import { psqlOk, requireClient } from '../support/psql.js';
import { connect, startSubject, type Subject } from '../support/subject.js';
import { readTpch, requireTpchAnswer, requireTpchCounts, tpchCopies, tpchLayouts, tpchQueries, tpchSchema } from '../support/tpch.js';

for (const layout of tpchLayouts) {
  describe(`TPC-H, ${layout.name}`, function () {
    this.timeout(180_000);
    let subject: Subject;
    let client: pg.Client;

    before(async function () {
      requireClient(this, 'psql');
      subject = await startSubject(this);
      client = await connect(subject.connection);
    });

    after(async () => {
      await client?.end();
      await subject?.stop();
    });

    it('loads with \\copy', async () => {
      await psqlOk(subject.connection, subject.isPostgres ? readTpch('schema.sql') : tpchSchema(layout));
      await psqlOk(subject.connection, tpchCopies());
      await requireTpchCounts(client);
    });

    if (layout.keys) {
      it('takes primary keys, indexes and foreign keys', async () => {
        await psqlOk(subject.connection, readTpch('indexes.sql'));
      });
    }

    for (const query of tpchQueries) {
      it(`answers ${query} as PostgreSQL does`, async () => {
        await requireTpchAnswer(client, query);
        const sql = readTpch(`queries/${query}.sql`);
        const description = await psqlOk(subject.connection, `${sql.trim().replace(/;$/, '')} \\gdesc\n`, ['-q', '--csv']);
        assert.equal(description, readTpch(`types/${query}.csv`));
      });
    }
  });
}
