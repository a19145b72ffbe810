/** TPC-H at scale factor 0.01: the 22 queries over four layouts of the tables, against PostgreSQL's answers in test/data/tpch. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { psqlOk, requireClient } from '../support/psql.js';
import { differenceOfRows, parseCsv, type Row } from '../support/rows.js';
import { connect, startSubject, type Subject, textQuery } from '../support/subject.js';

const data = fileURLToPath(new URL('../data/tpch', import.meta.url));
const read = (name: string): string => readFileSync(join(data, name), 'utf8');
const queries = readdirSync(join(data, 'queries')).map((name) => name.replace('.sql', ''));

/** Output columns that fix the order, for queries whose ORDER BY leaves ties. All other answers are fully ordered. */
const sortColumns = new Map([
  ['q02', [0, 2, 1, 3]],
  ['q03', [1, 2]],
  ['q10', [2]],
  ['q11', [1]],
  ['q18', [4, 3]],
]);

interface Layout {
  readonly name: string;
  /** What follows the column list of CREATE TABLE. */
  readonly clause: (table: string) => string;
  /** Statements after the tables have been made. */
  readonly distribute: string;
  /** Whether all of indexes.sql can hold: every key includes the distribution column. */
  readonly keys: boolean;
}

const distributionColumns = new Map([
  ['region', 'r_regionkey'],
  ['nation', 'n_nationkey'],
  ['part', 'p_partkey'],
  ['supplier', 's_suppkey'],
  ['partsupp', 'ps_partkey'],
  ['customer', 'c_custkey'],
  ['orders', 'o_orderkey'],
  ['lineitem', 'l_partkey'],
]);

const layouts: readonly Layout[] = [
  { name: 'all tables reference', clause: () => '', distribute: '', keys: true },
  {
    name: 'orders and lineitem colocated by order key',
    clause: (table) =>
      table === 'orders'
        ? 'PARTITION BY HASH (o_orderkey) WITH (shards = 8)'
        : table === 'lineitem'
          ? "PARTITION BY HASH (l_orderkey) WITH (shards = 8, colocate_with = 'orders')"
          : '',
    distribute: '',
    keys: true,
  },
  {
    name: 'orders and lineitem colocated, by create_distributed_table',
    clause: () => '',
    distribute: `SELECT create_distributed_table('orders', 'o_orderkey');
      SELECT create_distributed_table('lineitem', 'l_orderkey', colocate_with => 'orders');`,
    keys: false,
  },
  {
    name: 'every table distributed, none colocated',
    clause: (table) => `PARTITION BY HASH (${distributionColumns.get(table)}) WITH (shards = 8, colocate_with = 'none')`,
    distribute: '',
    keys: false,
  },
];

for (const layout of layouts) {
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
      const clause = subject.isPostgres ? () => '' : layout.clause;
      const schema = read('schema.sql').replace(
        /^create table (\w+) (.*);$/gm,
        (_all, table: string, columns: string) => `create table ${table} ${columns} ${clause(table)};`,
      );
      await psqlOk(subject.connection, `${schema}\n${subject.isPostgres ? '' : layout.distribute}`);
      const tables = [...distributionColumns.keys()];
      await psqlOk(
        subject.connection,
        tables.map((table) => `\\copy ${table} from program 'gzip -dc ${join(data, `${table}.tbl.gz`)}' delimiter '|'\n`).join(''),
      );
      const counts = await textQuery(client, tables.map((table) => `SELECT count(*) FROM ${table}`).join(' UNION ALL '));
      assert.deepEqual(
        counts.rows.map((row) => Number(row[0])).sort((a, b) => a - b),
        [5, 25, 100, 1500, 2000, 8000, 15000, 60175],
      );
    });

    if (layout.keys) {
      it('takes primary keys, indexes and foreign keys', async () => {
        await psqlOk(subject.connection, read('indexes.sql'));
      });
    }

    for (const query of queries) {
      it(`answers ${query} as PostgreSQL does`, async () => {
        const sql = read(`queries/${query}.sql`);
        const got = await textQuery(client, sql);
        const expected = parseCsv(read(`results/${query}.csv`));
        assert.deepEqual(
          got.columns.map((column) => column.name),
          expected.columns,
        );
        const keys = sortColumns.get(query);
        assert.equal(differenceOfRows(expected.rows, got.rows, { ordered: keys === undefined }), undefined);
        if (keys !== undefined) {
          const pick = (rows: readonly Row[]): readonly Row[] => rows.map((row) => keys.map((column) => row[column] ?? null));
          assert.equal(differenceOfRows(pick(expected.rows), pick(got.rows), { ordered: true }), undefined);
        }
        const description = await psqlOk(subject.connection, `${sql.trim().replace(/;$/, '')} \\gdesc\n`, ['-q', '--csv']);
        assert.equal(description, read(`types/${query}.csv`));
      });
    }
  });
}
