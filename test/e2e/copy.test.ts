/** COPY through psql, in and out, in every format, as PostgreSQL 15 writes and reads it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../support/connection.js';
import { sharedPostgres } from '../support/postgres.js';
import { psql, psqlOk, requireClient } from '../support/psql.js';
import { copyIn } from '../support/copy-in.js';
import { connect, startSubject, type Subject } from '../support/subject.js';

const rows = `(1, 'plain', 1.50, '2024-02-29', true), (2, NULL, NULL, NULL, NULL), (3, '', 0, '1999-12-31', false),
  (4, E'tab\\there\\nline\\\\back', -12.345, 'infinity', true), (5, 'quote " comma , ''', 100000, '0001-01-01 BC', false), (6, '\\N', 7, '2024-01-01', true), (7, 'ä日本😀', 8, NULL, NULL), (8, '\\.', 9, NULL, NULL)`;

const outs: readonly string[] = [
  'COPY c TO STDOUT',
  'COPY c (t, id) TO STDOUT',
  "COPY c TO STDOUT WITH (DELIMITER '|', NULL 'nil')",
  'COPY c TO STDOUT WITH (FORMAT csv)',
  'COPY c TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE (t))',
  "COPY c TO STDOUT WITH (FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '''', NULL 'N/A')",
  'COPY c TO STDOUT CSV HEADER',
  'COPY (SELECT id, upper(t) AS u FROM c WHERE id < 4 ORDER BY id DESC) TO STDOUT CSV HEADER',
];

const ins: readonly (readonly [command: string, data: string])[] = [
  ['COPY c FROM STDIN', '10\tten\t1.5\t2024-01-01\tt\n11\t\\N\t\\N\t\\N\t\\N\n12\ta\\tb\\nc\\\\\t1\t\\N\tf\n'],
  ['COPY c (id, t) FROM STDIN', '20\tonly two\n21\t\n'],
  ["COPY c (id, t) FROM STDIN WITH (FORMAT csv, HEADER, NULL 'nil')", 'id,t\n30,"a ""quoted"", one"\n31,nil\n32,\n33,"nil"\n34,"two\nlines"\n'],
  ["COPY c (id, t) FROM STDIN WITH (DELIMITER '|')", '40|x\n41|y\n'],
  ['COPY c FROM STDIN', '50\tmissing columns\n'],
  ['COPY c FROM STDIN', '51\ta\t1\t2024-01-01\tt\textra\n'],
  ['COPY c FROM STDIN', 'x\ta\t1\t2024-01-01\tt\n'],
  ['COPY c (id, t) FROM STDIN', '60\tgood\n1\tdup\n'],
  ['COPY c (id, t) FROM STDIN CSV', '70,"open\n'],
  ['COPY c (id, t) FROM STDIN WITH (FORMAT csv, FORCE_NULL (t))', '80,""\n'],
  ['COPY c (id, d) FROM STDIN', '90\tnot a date\n'],
  ["COPY c (id, t) FROM STDIN WHERE id % 2 = 0 AND t <> 'no'", '92\tyes\n93\tyes\n94\tno\n96\t\\N\n98\tyes\n'],
  ["COPY c (id, t) FROM '/nowhere/at/all'", ''],
];

for (const layout of ['reference', 'distributed'] as const) {
  describe(`COPY, ${layout} tables`, function () {
    this.timeout(60_000);
    let oracle: Connection;
    let subject: Subject;

    before(async function () {
      requireClient(this, 'psql');
      oracle = await (await sharedPostgres(this)).createDatabase(`oracle_copy_${layout}`);
      subject = await startSubject(this);
      const clause = layout === 'distributed' && !subject.isPostgres ? ' PARTITION BY HASH (id) WITH (shards = 4)' : '';
      for (const [connection, suffix] of [
        [oracle, ''],
        [subject.connection, clause],
      ] as const) {
        await psqlOk(connection, `CREATE TABLE c (id int PRIMARY KEY, t text, n numeric, d date, f bool)${suffix}; INSERT INTO c VALUES ${rows};`);
      }
    });

    after(async () => await subject?.stop());

    for (const command of outs) {
      it(command, async () => {
        const [expected, got] = [await psqlOk(oracle, `${command};\n`), await psqlOk(subject.connection, `${command};\n`)];
        // Shards come in any order.
        const lines = (text: string): string[] => (layout === 'distributed' ? text.split('\n').sort() : text.split('\n'));
        assert.deepEqual(lines(got), lines(expected));
      });
    }

    for (const [command, data] of ins) {
      it(`${command}: ${JSON.stringify(data)}`, async () => {
        const state = async (connection: Connection): Promise<string> => {
          const result = await psql(connection, `${command};\n${data}\\.\n`);
          return `${result.stderr.replace(/^psql:.*?: /gm, '')}${await psqlOk(connection, 'SELECT * FROM c ORDER BY id')}`;
        };
        assert.equal(await state(subject.connection), await state(oracle));
      });
    }

    it('goes on while others define tables', async () => {
      const client = await connect(subject.connection);
      const other = await connect(subject.connection);
      try {
        await other.query('CREATE TABLE c_long (id int, t text, n int DEFAULT 5)');
        const portion = (from: number): string => Array.from({ length: 30_000 }, (_, i) => `${String(from + i)}\t${'x'.repeat(60)}\n`).join('');
        let tables = 0;
        await copyIn(client, 'COPY c_long (id, t) FROM STDIN', [portion(0), portion(30_000), portion(60_000)], async () => {
          await other.query(`CREATE TABLE c_meanwhile_${String(tables++)} (a int)`);
        });
        const { rows } = await other.query('SELECT count(*)::int AS n, sum(n)::int AS s FROM c_long');
        assert.deepEqual(rows, [{ n: '90000', s: '450000' }]);
      } finally {
        await Promise.all([client.end(), other.end()]);
      }
    });

    it('files of the server', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'shoal-copy-'));
      const file = join(directory, 'c.csv');
      await psqlOk(
        subject.connection,
        `CREATE TABLE c_file AS SELECT * FROM c LIMIT 0; COPY c TO '${file}' CSV HEADER; COPY c_file FROM '${file}' CSV HEADER;`,
      );
      assert.equal(await psqlOk(subject.connection, 'SELECT * FROM c_file ORDER BY id'), await psqlOk(subject.connection, 'SELECT * FROM c ORDER BY id'));
      rmSync(directory, { recursive: true });
    });

    it('binary out and in again', async () => {
      const target = `c_binary${layout === 'distributed' && !subject.isPostgres ? ' (LIKE c) PARTITION BY HASH (id) WITH (shards = 4)' : ' (LIKE c)'}`;
      await psqlOk(subject.connection, `CREATE TABLE ${target};`);
      const directory = mkdtempSync(join(tmpdir(), 'shoal-copy-'));
      const file = join(directory, 'c.bin');
      await psqlOk(subject.connection, `\\copy c to '${file}' with (format binary)\n\\copy c_binary from '${file}' with (format binary)\n`);
      assert.equal(await psqlOk(subject.connection, 'SELECT * FROM c_binary ORDER BY id'), await psqlOk(subject.connection, 'SELECT * FROM c ORDER BY id'));
      rmSync(directory, { recursive: true });
    });
  });
}
