/**
 * Golden files of the SQLite writer, test/plans/sqlite/*.golden: a query, the SQLite text that is written for it, and PostgreSQL's rows, which the text must yield
 * when it runs. A file that begins with `-- rows only` keeps no text: its queries are about functions, whose spelling is theirs. After a wanted change of the text: `GOLDEN=refresh`. For new queries the rows come from a PostgreSQL 15 server: `GOLDEN_POSTGRES=<connection string>`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { PgError } from '../../../../src/common/errors.js';
import { Fixture, initialiseParser, type Outcome, postgresScript } from './fixture.js';

const folder = new URL('../../../plans/sqlite/', import.meta.url);
const refresh = process.env['GOLDEN'] === 'refresh';
const oracle = process.env['GOLDEN_POSTGRES'];

interface Case {
  readonly query: string;
  readonly sql: string;
  readonly rows: readonly string[] | undefined;
}

function read(text: string): Case[] {
  return text
    .split(/^-- query\n/m)
    .slice(1)
    .map((part) => {
      const [query = '', rest = ''] = part.split(/^-- sql\n/m);
      const [sql = '', rows] = rest.split(/^-- rows\n/m);
      const lines = rows?.trimEnd().split('\n');
      return { query: query.trim(), sql: sql.trim(), rows: lines === undefined ? undefined : lines.length === 1 && lines[0] === '' ? [] : lines };
    });
}

const rowsOnly = '-- rows only\n';

function print(cases: readonly Case[], withSql: boolean): string {
  return (
    (withSql ? '' : rowsOnly) +
    cases
      .map((one) => `-- query\n${one.query}\n-- sql\n${withSql ? `${one.sql}\n` : ''}-- rows\n${(one.rows ?? []).map((row) => `${row}\n`).join('')}`)
      .join('\n')
  );
}

/** Without ORDER BY the order is free. */
function comparable(query: string, rows: readonly string[]): readonly string[] {
  return /order by/i.test(query) ? rows : [...rows].sort();
}

function run(fixture: Fixture, query: string, exactNumeric: boolean): Outcome {
  try {
    return fixture.query(query, [], exactNumeric);
  } catch (error) {
    if (error instanceof PgError) return { sql: '', rows: [`ERROR ${error.code}: ${error.message}`] };
    throw error;
  }
}

async function postgresRows(client: pg.Client, query: string): Promise<readonly string[]> {
  try {
    const result = await client.query<(string | null)[]>({ text: query, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } });
    return result.rows.map((row) => row.map((value) => value ?? '\\N').join('|'));
  } catch (error) {
    const { code, message } = error as { readonly code: string; readonly message: string };
    return [`ERROR ${code}: ${message}`];
  }
}

describe('writeQuery', () => {
  let fixture: Fixture;
  let client: pg.Client | undefined;
  before(async () => {
    await initialiseParser();
    fixture = new Fixture();
    if (oracle === undefined) return;
    client = new pg.Client({ connectionString: oracle });
    await client.connect();
    await client.query("SET timezone = 'UTC'");
    await client.query(postgresScript());
  });
  after(async () => {
    await client?.end();
  });

  for (const file of readdirSync(folder).filter((name) => name.endsWith('.golden'))) {
    describe(file, () => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      const withSql = !text.startsWith(rowsOnly);
      const cases = read(text);
      const refreshed: Case[] = [];
      for (const one of cases) {
        it(one.query.replaceAll(/\s+/g, ' '), async () => {
          const rows = client === undefined ? one.rows : await postgresRows(client, one.query);
          const outcome = run(fixture, one.query, false);
          refreshed.push({ query: one.query, sql: outcome.sql, rows });
          if (rows !== undefined) {
            assert.deepEqual(comparable(one.query, outcome.rows), comparable(one.query, rows));
            assert.deepEqual(comparable(one.query, run(fixture, one.query, true).rows), comparable(one.query, rows), 'with exact numerics');
          }
          if (!refresh && withSql) assert.equal(outcome.sql, one.sql);
        });
      }
      after(() => {
        if (refresh && refreshed.length === cases.length) writeFileSync(new URL(file, folder), print(refreshed, withSql));
      });
    });
  }
});
