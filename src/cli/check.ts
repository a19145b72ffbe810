/**
 * `shoal check`: looks for damage in a database, of a running server (asked over the PostgreSQL protocol) or of a directory that no server has open. Such a directory is
 * first read as it is, then started for the time of the check, on an address that nobody knows. Exit status 0: nothing found, 1: damage, 2: misuse.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PgError } from '../common/errors.js';
import { DirectoryLock } from '../storage/files/directory-lock.js';
import { initialDatabases, serverDatabaseOid } from '../catalog/server-catalog.js';
import { DatabaseLayout, globalSchema, serverDirectory } from '../storage/files/layout.js';
import { storedCatalog } from '../storage/files/stored-catalog.js';
import { readManifest } from '../storage/files/manifest.js';
import { finding, type Finding } from '../storage/integrity/finding.js';
import { scanStopped } from '../storage/integrity/scan-stopped.js';
import { CliError } from './cli-error.js';
import { checkConstraints, type Query } from './check-constraints.js';
import { parseCommand } from './command-line.js';
import { startServer } from './compose.js';
import { alone } from './node-place.js';

const help = `Usage: shoal check [DATABASE] --data-dir DIR [options]
       shoal check [DATABASE] --host HOST --port PORT [options]

Reads everything: page checksums, SQLite's trees and indexes, the shard of every row, the log, keys over all shards, foreign keys, NOT NULL and CHECK constraints.
With --data-dir no server may have the directory open; it is brought up to the end of its log as a start would.

Options:
  --data-dir DIR          the data directory
  --host HOST             a running server                     (127.0.0.1)
  --port PORT             its port                             (5432)
  --user NAME             a superuser; PGPASSWORD is the password (postgres)
  --pages                 only the page checksums, and the log of a directory
  --json                  one JSON object for programs
  --help                  print this text

The exit status is 0 when nothing was found, and 1 otherwise.
`;

const defaultDatabase = 'postgres';

interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export async function check(args: readonly string[]): Promise<void> {
  const option = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseCommand('check', args, {
    'data-dir': option,
    host: option,
    port: option,
    user: option,
    pages: flag,
    json: flag,
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  const [database = defaultDatabase, ...excess] = positionals;
  if (excess.length > 0) throw new CliError(`wants one DATABASE, not ${String(positionals.length)}`, 'try `shoal check --help`', 2);
  const dataDirectory = values['data-dir'];
  const isServer = values.host !== undefined || values.port !== undefined;
  if ((dataDirectory === undefined) !== isServer)
    throw new CliError('wants either --data-dir, or --host or --port of a running server', 'try `shoal check --help`', 2);
  const port = Number(values.port ?? 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new CliError(`--port wants a number, not "${values.port ?? ''}"`, undefined, 2);
  const pagesOnly = values.pages === true;
  const findings =
    dataDirectory === undefined
      ? await checkServer({ host: values.host ?? '127.0.0.1', port, user: values.user ?? 'postgres', database }, pagesOnly)
      : await checkDirectory(resolve(dataDirectory), database, pagesOnly);
  if (values.json === true) process.stdout.write(`${JSON.stringify({ database, ok: findings.length === 0, findings })}\n`);
  else process.stdout.write(report(database, findings));
  process.exitCode = findings.length === 0 ? 0 : 1;
}

function report(database: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return `database ${database}: nothing is damaged\n`;
  const lines = findings.map(({ file, page, object, detail }) => {
    const place = [file, page === null ? null : `page ${String(page)}`, object].filter((part) => part !== null).join(', ');
    return `  ${place === '' ? detail : `${place}: ${detail}`}\n`;
  });
  return `database ${database}: ${String(findings.length)} ${findings.length === 1 ? 'problem' : 'problems'}\n${lines.join('')}Bring damaged data back from a backup with \`shoal restore\`.\n`;
}

async function checkDirectory(dataDirectory: string, database: string, pagesOnly: boolean): Promise<readonly Finding[]> {
  const layout = layoutOf(dataDirectory, database);
  if (!existsSync(layout.directory)) throw new CliError(`there is no database ${database} in "${dataDirectory}"`, undefined, 2);
  if (existsSync(layout.manifest)) requireFormat(layout);
  const shared = new DatabaseLayout(join(dataDirectory, serverDirectory), serverDatabaseOid);
  const raw = [...scanLocked(layout), ...(existsSync(shared.directory) ? scanLocked(shared) : [])];
  if (pagesOnly) return raw;
  let server;
  try {
    server = await startServer({
      dataDirectory,
      listen: { host: '127.0.0.1', port: 0 },
      socketDirectory: undefined,
      http: { host: '127.0.0.1', port: 0 },
      frontEnds: 1,
      scanThreads: 1,
      connectionsMax: 10,
      checkpointLogBytes: undefined,
      verifyIntervalMs: 0,
      rules: [],
      rulesFile: undefined,
      settings: new Map(),
      firstPassword: undefined,
      place: alone,
      scalers: [],
      demo: false,
      log: () => undefined,
    });
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    return merged(raw, [finding(`the database cannot be started: ${error.message}`)]);
  }
  try {
    return merged(raw, await checkServer({ ...server.postgres, user: 'postgres', database }, false));
  } finally {
    await server.stop();
  }
}

/** Where the database lies, by the server's list of databases as far as that can be read. */
function layoutOf(dataDirectory: string, database: string): DatabaseLayout {
  const server = new DatabaseLayout(join(dataDirectory, serverDirectory), serverDatabaseOid);
  const initial = initialDatabases.find(({ name }) => name === database);
  let directory = initial?.directory ?? database;
  if (server.exists(globalSchema)) {
    try {
      directory = storedCatalog(server).databaseNamed(database)?.directory ?? directory;
    } catch {
      // It is looked at, too: what is wrong with it is told then.
    }
  }
  return new DatabaseLayout(join(dataDirectory, directory));
}

/** What another version has made is not damaged. */
function requireFormat(layout: DatabaseLayout): void {
  try {
    readManifest(layout);
  } catch (error) {
    if (error instanceof PgError && error.code === '58P01') throw error;
  }
}

/** With the lock of the directory, so that no server starts meanwhile. */
function scanLocked(layout: DatabaseLayout): readonly Finding[] {
  let lock;
  try {
    lock = DirectoryLock.acquire(layout);
  } catch (error) {
    if (error instanceof PgError && error.code === 'F0001') throw new CliError(error.message, 'check a running server with --host and --port', 2);
    throw error;
  }
  try {
    return scanStopped(layout);
  } finally {
    lock.release();
  }
}

/** A page that both have found is named once. */
function merged(raw: readonly Finding[], later: readonly Finding[]): readonly Finding[] {
  const key = ({ file, page, detail }: Finding): string => `${String(file)} ${String(page)} ${detail}`;
  const seen = new Set(raw.map(key));
  return [...raw, ...later.filter((one) => !seen.has(key(one)))];
}

async function checkServer(place: Place, pagesOnly: boolean): Promise<readonly Finding[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ ...place, application_name: 'shoal check' });
  client.on('error', () => undefined);
  const query: Query = async (text) => {
    const { rows } = await client.query<(string | number | null)[]>({ text, rowMode: 'array' });
    return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  };
  try {
    await client.connect();
    const [[json] = []] = await query(`SELECT ${pagesOnly ? 'shoal_verify' : 'shoal_check'}()::text`);
    const findings = JSON.parse(json ?? '[]') as Finding[];
    return pagesOnly ? findings : [...findings, ...(await checkConstraints(query))];
  } catch (error) {
    if (error instanceof pg.DatabaseError) throw new PgError(error.code ?? 'XX000', error.message, { detail: error.detail, hint: error.hint });
    throw new CliError(
      `the connection to ${place.host}:${String(place.port)} has failed: ${error instanceof Error ? error.message : String(error)}`,
      undefined,
      2,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
