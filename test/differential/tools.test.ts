/**
 * What well-known tools send to find out what is in a database, beside PostgreSQL 15 on the same schema (tools/schema.sql): one script of test/differential/tools a tool,
 * with reference tables or with distributed ones, turn and turn about; SHOAL_TOOLS=all: with both. OIDs are compared by what they stand for.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFile, type StatementReport } from '../conformance/run-file.js';
import type { Connection } from '../support/connection.js';
import { sharedPostgres } from '../support/postgres.js';
import { Shoal } from '../support/shoal.js';

const directory = fileURLToPath(new URL('tools', import.meta.url));
const scripts = readdirSync(directory).filter((name) => name.endsWith('.sql') && name !== 'schema.sql');

/** By script: how statements begin that are known to be answered otherwise, and why. */
const known = JSON.parse(readFileSync(join(directory, 'known-differences.json'), 'utf8')) as Readonly<Record<string, Readonly<Record<string, string>>>>;

function isKnown(script: string, { sql }: StatementReport): boolean {
  const start = sql.replace(/\s+/g, ' ').trim();
  return Object.keys(known[script] ?? {}).some((beginning) => start.startsWith(beginning));
}

/** Roles belong to the whole server: none must meet the next script. */
const leave = `DROP OWNED BY tool_reader, tool_writer, tool_owner CASCADE; DROP ROLE tool_reader, tool_writer, tool_owner;`;

describe('catalog queries of tools', function () {
  this.timeout(180_000);

  for (const [at, script] of scripts.entries())
    for (const distributed of process.env['SHOAL_TOOLS'] === 'all' ? [false, true] : [at % 2 === 1])
      it(`${script.replace('.sql', '')}: every statement on ${distributed ? 'distributed' : 'reference'} tables as PostgreSQL does`, async function () {
        const postgres = await sharedPostgres(this);
        const oracle = await postgres.createDatabase('oracle_tools');
        const shoal = await Shoal.start();
        const side = (connection: Connection): { connection(): Promise<Connection> } => ({ connection: async () => await Promise.resolve(connection) });
        try {
          const { statements } = await runFile(join(directory, script), side(oracle), undefined, side(shoal.connection), { distributed, nameObjects: true });
          const different = statements.filter((statement) => statement.kind !== 'agree' && statement.kind !== 'left out' && !isKnown(script, statement));
          const shown = different.slice(0, 5).map(({ sql, detail }) => `${sql.slice(0, 2000)}\n  ${detail}`);
          assert.equal(different.length, 0, shown.join('\n'));
        } finally {
          await shoal.stop();
          await runStatements(oracle, leave);
        }
      });
});

async function runStatements(connection: Connection, sql: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(sql);
  await client.end();
}
