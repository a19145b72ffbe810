/**
 * `shoal backup`: a backup of a database, of a running server (which does it itself, asked over the PostgreSQL protocol) or of a directory that no server has open; and
 * what a backup holds. Called by cli/main.ts.
 */
import { resolve } from 'node:path';
import { PgError } from '../common/errors.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import { normaliseLocation, openObjectStore } from '../object-store/open-object-store.js';
import { Archive, archiveTitle, serverArchive } from '../storage/backup/archive.js';
import type { BackupRequest } from '../storage/backup/backup-control.js';
import { DirectoryArchivePlace } from '../storage/backup/archive-place.js';
import type { BackupSource } from '../storage/backup/backup-run.js';
import { BackupService } from '../storage/backup/backup-service.js';
import { formatLsn, formatTime } from '../storage/backup/point.js';
import { baseRanges } from '../storage/backup/restorable.js';
import { findArchive } from '../storage/backup/restore.js';
import { withStoppedDatabase } from '../storage/backup/stopped-database.js';
import { verifyBackup } from '../storage/backup/verify-backup.js';
import { CliError } from './cli-error.js';
import { parseCommand } from './command-line.js';

const help = `Usage: shoal backup DATABASE PLACE [options]
       shoal backup DATABASE --stop [options]
       shoal backup --list PLACE
       shoal backup --verify PLACE

PLACE is a directory or s3://bucket/prefix (with AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY as usual). The first backup copies everything,
later ones add the log since; writers go on meanwhile. A running server writes to its own machine and with its own environment.

Options:
  --host HOST             the server                            (127.0.0.1)
  --port PORT             its port                              (5432)
  --user NAME             a superuser; PGPASSWORD is the password (postgres)
  --data-dir DIR          back up a directory that no server has open
  --full                  copy everything again
  --continuous            go on archiving the log there, every 10 seconds
  --stop                  end continuous archiving
  --list                  show to what the backups of PLACE can be restored
  --verify                read all of the backups of PLACE and check every byte
  --database NAME         of these backups, with --list and --verify
  --help                  print this text
`;

export async function backup(args: readonly string[]): Promise<void> {
  const option = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseCommand('backup', args, {
    host: option,
    port: option,
    user: option,
    'data-dir': option,
    database: option,
    full: flag,
    continuous: flag,
    stop: flag,
    list: flag,
    verify: flag,
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  if (values.list === true || values.verify === true) {
    const [place] = exactly(positionals, ['PLACE']);
    await inspect(place, values.database, values.verify === true);
    return;
  }
  const server = { host: values.host, port: values.port, user: values.user };
  const dataDirectory = values['data-dir'];
  if (dataDirectory !== undefined && (values.host !== undefined || values.port !== undefined)) {
    throw new CliError('--data-dir and --host or --port exclude each other', undefined, 2);
  }
  if (values.stop === true) {
    const [database] = exactly(positionals, ['DATABASE']);
    if (dataDirectory === undefined) await stopOnServer(database, server);
    else await onDirectory(dataDirectory, database, async (service) => tellStopped(await service.stopArchiving()));
    return;
  }
  const [database, place] = exactly(positionals, ['DATABASE', 'PLACE']);
  const request = { location: normaliseLocation(place), full: values.full === true, continuous: values.continuous === true };
  if (dataDirectory === undefined) {
    await onServer(database, server, async (query) => {
      const [lsn = ''] = await query('SELECT shoal_backup($1, $2, $3)', [request.location, request.full, request.continuous]);
      process.stdout.write(`backed up ${database} until ${lsn}\n`);
    });
    return;
  }
  await onDirectory(dataDirectory, database, async (service, server) => {
    const reached = await carryOut(service, request, tell);
    if (server !== undefined) await carryOut(server, request, () => undefined);
    process.stdout.write(`backed up ${database} until ${formatLsn(reached)}\n`);
  });
}

async function carryOut(service: BackupService, request: BackupRequest, report: (line: string) => void): Promise<number> {
  const { run } = await service.start(request);
  for (;;) {
    const { lines, reachedLsn } = await service.poll({ run });
    for (const line of lines) report(line);
    if (reachedLsn !== undefined) return reachedLsn;
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function exactly<const N extends readonly string[]>(positionals: readonly string[], names: N): { readonly [K in keyof N]: string } {
  if (positionals.length !== names.length) {
    throw new CliError(`wants ${names.join(' and ')}, not ${String(positionals.length)} arguments`, 'try `shoal backup --help`', 2);
  }
  return positionals as unknown as { readonly [K in keyof N]: string };
}

interface Server {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly user: string | undefined;
}

type Query = (text: string, values: readonly unknown[]) => Promise<readonly (string | null)[]>;

/** Runs one statement at a time on a server; its notices go to the terminal. */
async function onServer(database: string, server: Server, work: (query: Query) => Promise<void>): Promise<void> {
  const { default: pg } = await import('pg');
  const host = server.host ?? '127.0.0.1';
  const port = Number(server.port ?? 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new CliError(`--port wants a number, not "${server.port ?? ''}"`, undefined, 2);
  const client = new pg.Client({ host, port, user: server.user ?? 'postgres', database, application_name: 'shoal backup' });
  client.on('notice', (notice) => tell(notice.message ?? ''));
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(async (text, values) => {
      const { rows } = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' });
      return rows[0] ?? [];
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError) throw new PgError(error.code ?? 'XX000', error.message, { detail: error.detail, hint: error.hint });
    const { code } = error as { readonly code?: string };
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw new CliError(`no server answers at ${host}:${String(port)}`, 'name it with --host and --port, or back up a stopped one with --data-dir');
    }
    if (error instanceof Error && (code !== undefined || error.message.includes('Connection terminated'))) {
      throw new CliError(`the connection to ${host}:${String(port)} has failed: ${error.message}`);
    }
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stopOnServer(database: string, server: Server): Promise<void> {
  await onServer(database, server, async (query) => {
    const [location] = await query('SELECT shoal_stop_archiving()', []);
    tellStopped({ location: location ?? undefined });
  });
}

function tellStopped({ location }: { readonly location: string | undefined }): void {
  process.stdout.write(location === undefined ? 'the log was not archived continuously\n' : `the log is no longer archived in ${location}\n`);
}

function placeOf({ layout }: BackupSource): DirectoryArchivePlace {
  return new DirectoryArchivePlace(layout);
}

async function onDirectory(
  dataDirectory: string,
  database: string,
  work: (service: BackupService, server: BackupService | undefined) => Promise<void>,
): Promise<void> {
  try {
    await withStoppedDatabase(
      resolve(dataDirectory),
      database,
      (db, holder) => registerFunctions(db, holder),
      async (sources) => {
        const service = new BackupService(sources.database, database, tell, placeOf(sources.database));
        const server = sources.server === undefined ? undefined : new BackupService(sources.server, serverArchive, tell, placeOf(sources.server));
        try {
          await work(service, server);
        } finally {
          await service.close(0);
          await server?.close(0);
        }
      },
    );
  } catch (error) {
    if (error instanceof PgError && error.code === 'F0001') throw new CliError(error.message, 'back up a running server with --host and --port');
    throw error;
  }
}

async function inspect(place: string, database: string | undefined, verifies: boolean): Promise<void> {
  const store = await openObjectStore(place);
  try {
    const databases = database === undefined ? await Archive.databases(store) : [database];
    if (databases.length === 0) await findArchive(store, undefined);
    const server = new Archive(store, serverArchive);
    const hasServer = (await server.list()).identity !== undefined;
    let problems = 0;
    for (const archive of [...(await Promise.all(databases.map(async (name) => await findArchive(store, name)))), ...(hasServer ? [server] : [])]) {
      if (!verifies) {
        await show(archive);
        continue;
      }
      const found = await verifyBackup(archive, tell);
      for (const line of found) process.stdout.write(`${line}\n`);
      if (found.length === 0) process.stdout.write(`the backup of ${archiveTitle(archive.database)} is whole\n`);
      problems += found.length;
    }
    if (problems > 0) throw new CliError(`${String(problems)} ${problems === 1 ? 'object is' : 'objects are'} damaged or missing`);
  } finally {
    store.close();
  }
}

/** Full copies and the ranges that can be reached, where one has a gap in the log behind it apart from the next. */
async function show(archive: Archive): Promise<void> {
  const listing = await archive.list();
  const lines: string[] = [];
  for (const { base, first, last } of await baseRanges(archive, listing)) {
    const bytes = base.files.reduce((sum, file) => sum + file.bytes, 0);
    lines.push(
      `  full copy of ${String(base.files.length)} files, ${(bytes / 1e6).toFixed(1)} MB`,
      `    restorable from  ${formatLsn(first.lsn)}  ${formatTime(first.hlc)}`,
      `               until ${formatLsn(last.lsn)}  ${formatTime(last.hlc)}`,
    );
  }
  const logBytes = listing.pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  lines.push(`  log: ${String(listing.pieces.length)} pieces, ${(logBytes / 1e6).toFixed(1)} MB`);
  process.stdout.write(`${archive.database === serverArchive ? archiveTitle(serverArchive) : `database ${archive.database}`}\n${lines.join('\n')}\n`);
}
