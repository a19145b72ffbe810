/** `npm run conformance -- FILE.sql... [options]`, see README.md: any psql script on PostgreSQL 15 and on Shoal, compared statement by statement. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type { Connection } from '../support/connection.js';
import { Postgres } from '../support/postgres.js';
import { Shoal } from '../support/shoal.js';
import { type FileReport, runFile, type Side } from './run-file.js';
import { formatDifference, formatGroups, formatScore, formatTotal, scoreOf } from './score.js';

const flag = { type: 'boolean' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    distributed: flag,
    names: flag,
    keep: flag,
    shared: flag,
    once: flag,
    first: { type: 'string' },
    groups: { type: 'string' },
    json: { type: 'string' },
    setup: { type: 'string' },
    timeout: { type: 'string' },
    remarks: flag,
  },
});
const files = positionals.flatMap((path) =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith('.sql'))
        .sort()
        .map((name) => join(path, name))
    : [path],
);
if (files.length === 0) {
  console.error(
    'usage: npm run conformance -- FILE.sql... [--distributed] [--first N] [--groups N] [--json OUT] [--setup FILE] [--shared] [--once] [--remarks] [--names] [--keep]',
  );
  process.exit(2);
}

const [oracle, second] = await Promise.all([Postgres.start(), values.once === true ? undefined : Postgres.start()]);
if (second !== undefined) await consumeOids(second.connection);
const options = { distributed: values.distributed === true, nameObjects: values.names === true, timeoutMs: 1000 * Number(values.timeout ?? 20) };
const reports: { name: string; report: FileReport }[] = [];
let shown = 0;
let state: { shoal: Shoal; oracle: Connection; again: Connection | undefined } | undefined;

for (const [index, path] of files.entries()) {
  const name = basename(path, '.sql');
  if (state === undefined || values.shared !== true) {
    if (state !== undefined) await state.shoal.stop();
    for (const postgres of [oracle, second]) if (postgres !== undefined && index > 0) await dropRoles(postgres.connection);
    state = { shoal: await Shoal.start(), oracle: await oracle.createDatabase('regression'), again: await second?.createDatabase('regression') };
    if (values.setup !== undefined) await runOn(state, values.setup);
  }
  const report = await runOn(state, path);
  reports.push({ name, report });
  console.log(formatScore(name, scoreOf(report.statements)));
  if (report.undistributed.length > 0) console.log(`  ${report.distributed} tables distributed; not: ${report.undistributed.join('; ')}`);
  for (const statement of report.statements) {
    if (statement.kind === 'agree' ? values.remarks !== true || statement.remarks.length === 0 : statement.kind === 'left out') continue;
    if (shown++ >= Number(values.first ?? 0)) break;
    console.log(
      `\n${formatDifference(name, { ...statement, detail: [statement.detail, ...statement.remarks].filter((text) => text !== '').join('\n     ') })}\n`,
    );
  }
}

console.log(`\n${formatGroups(reports, Number(values.groups ?? 40))}\n`);
console.log(formatTotal(scoreOf(reports.flatMap(({ report }) => report.statements))));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 1)}\n`);
if (values.keep === true) {
  const { host, port } = (state as NonNullable<typeof state>).shoal.connection;
  console.log(`kept until interrupted: Shoal ${host}:${port}, PostgreSQL ${oracle.connection.host}:${oracle.connection.port} database regression`);
  await new Promise((done) => process.once('SIGINT', done));
}
await state?.shoal.stop();
await Promise.all([oracle.stop(), second?.stop()]);

async function runOn(servers: NonNullable<typeof state>, path: string): Promise<FileReport> {
  const fixed = (connection: Connection): Side => ({ connection: async () => await Promise.resolve(connection) });
  const subject: Side = {
    connection: async () => await Promise.resolve(servers.shoal.connection),
    revive: async () => {
      if (servers.shoal.alive) return;
      console.log(`Shoal has ended:\n${servers.shoal.log.slice(-2000)}`);
      servers.shoal = await Shoal.start({ dataDirectory: servers.shoal.dataDirectory });
    },
  };
  return await runFile(path, fixed(servers.oracle), servers.again && fixed(servers.again), subject, options);
}

/** So that the two PostgreSQLs number their objects differently, and what shows such numbers is recognised. */
async function consumeOids(connection: Connection): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query("DO $$ BEGIN FOR i IN 1..137 LOOP EXECUTE 'CREATE TEMP TABLE oid_' || i || ' (a int)'; END LOOP; END $$");
  await client.end();
}

/** Roles and the like belong to the whole cluster: what a script leaves must not meet the next one. */
async function dropRoles(connection: Connection): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query('DROP DATABASE IF EXISTS regression WITH (FORCE)');
  const { rows } = await client.query<{ name: string }>(
    "SELECT quote_ident(rolname) AS name FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user",
  );
  for (const { name } of rows) {
    await client.query(`DROP OWNED BY ${name} CASCADE`).catch(() => undefined);
    await client.query(`DROP ROLE ${name}`).catch(() => undefined);
  }
  await client.end();
}
