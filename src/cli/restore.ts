/** `shoal restore`: makes a new data directory from a backup, as of a point in time. Called by cli/main.ts. */
import { resolve } from 'node:path';
import { registerFunctions } from '../functions/sqlite-register.js';
import { openObjectStore } from '../object-store/open-object-store.js';
import { formatLsn, formatTime, parseLsn, parseTime } from '../storage/backup/point.js';
import type { RestoreTarget } from '../storage/backup/restorable.js';
import { restore as restoreBackup } from '../storage/backup/restore.js';
import { CliError } from './cli-error.js';
import { parseCommand } from './command-line.js';

const help = `Usage: shoal restore PLACE --data-dir DIR [options]

PLACE is where \`shoal backup\` has put it: a directory or s3://bucket/prefix. DIR must not exist, or be empty.

Options:
  --data-dir DIR          where the restored database is to be
  --database NAME         which one, if PLACE has several
  --to-time TIMESTAMP     as it was then: with every transaction committed at or before it, and no other
  --to-lsn LSN            with every transaction up to this position of the log, as pg_current_wal_lsn() tells it
  --help                  print this text

Without --to-time and --to-lsn, everything that the backup has is restored.
`;

function readTarget(time: string | undefined, lsn: string | undefined): RestoreTarget {
  if (time !== undefined && lsn !== undefined) throw new CliError('--to-time and --to-lsn exclude each other', undefined, 2);
  if (time !== undefined) return { kind: 'time', micros: parseTime(time) };
  if (lsn !== undefined) return { kind: 'lsn', lsn: parseLsn(lsn) };
  return { kind: 'latest' };
}

export async function restore(args: readonly string[]): Promise<void> {
  const option = { type: 'string' } as const;
  const { values, positionals } = parseCommand('restore', args, {
    'data-dir': option,
    database: option,
    'to-time': option,
    'to-lsn': option,
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  const [place] = positionals;
  const dataDirectory = values['data-dir'];
  if (place === undefined || positionals.length > 1 || dataDirectory === undefined) {
    throw new CliError('wants PLACE and --data-dir', 'try `shoal restore --help`', 2);
  }
  const target = readTarget(values['to-time'], values['to-lsn']);
  const store = await openObjectStore(place);
  try {
    const { database, reached } = await restoreBackup({
      store,
      database: values.database,
      target,
      dataDirectory: resolve(dataDirectory),
      register: (db, holder) => registerFunctions(db, holder),
      report: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(`restored ${database} as of ${formatLsn(reached.lsn)}, ${formatTime(reached.hlc)}\n`);
  } finally {
    store.close();
  }
}
