/** TPC-H at scale factor 0.01 (test/data/tpch): the layouts of its tables, how they are loaded, and PostgreSQL's answers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { differenceOfRows, parseCsv, type Row } from './rows.js';
import { textQuery } from './subject.js';

const data = fileURLToPath(new URL('../data/tpch', import.meta.url));
export const readTpch = (name: string): string => readFileSync(join(data, name), 'utf8');
export const tpchQueries = readdirSync(join(data, 'queries')).map((name) => name.replace('.sql', ''));

/** Output columns that fix the order, for queries whose ORDER BY leaves ties. All other answers are fully ordered. */
const sortColumns = new Map([
  ['q02', [0, 2, 1, 3]],
  ['q03', [1, 2]],
  ['q10', [2]],
  ['q11', [1]],
  ['q18', [4, 3]],
]);

export interface TpchLayout {
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

export const tpchLayouts: readonly TpchLayout[] = [
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

/** psql's script that makes the tables. */
export function tpchSchema(layout: TpchLayout): string {
  const schema = readTpch('schema.sql').replace(
    /^create table (\w+) (.*);$/gm,
    (_all, table: string, columns: string) => `create table ${table} ${columns} ${layout.clause(table)};`,
  );
  return `${schema}\n${layout.distribute}`;
}

/** psql's script that fills them. */
export function tpchCopies(): string {
  return [...distributionColumns.keys()].map((table) => `\\copy ${table} from program 'gzip -dc ${join(data, `${table}.tbl.gz`)}' delimiter '|'\n`).join('');
}

export async function requireTpchCounts(client: pg.Client): Promise<void> {
  const counts = await textQuery(client, [...distributionColumns.keys()].map((table) => `SELECT count(*) FROM ${table}`).join(' UNION ALL '));
  assert.deepEqual(
    counts.rows.map((row) => Number(row[0])).sort((a, b) => a - b),
    [5, 25, 100, 1500, 2000, 8000, 15000, 60175],
  );
}

/** The query's rows are PostgreSQL's. */
export async function requireTpchAnswer(client: pg.Client, query: string): Promise<void> {
  const got = await textQuery(client, readTpch(`queries/${query}.sql`));
  const expected = parseCsv(readTpch(`results/${query}.csv`));
  assert.deepEqual(
    got.columns.map((column) => column.name),
    expected.columns,
  );
  const keys = sortColumns.get(query);
  assert.equal(differenceOfRows(expected.rows, got.rows, { ordered: keys === undefined }), undefined);
  if (keys === undefined) return;
  const pick = (rows: readonly Row[]): readonly Row[] => rows.map((row) => keys.map((column) => row[column] ?? null));
  assert.equal(differenceOfRows(pick(expected.rows), pick(got.rows), { ordered: true }), undefined);
}
