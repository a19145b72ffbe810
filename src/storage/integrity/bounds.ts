/**
 * What must be there at a start: `checkpoint.json` says which log record each file had when the log was last trimmed. A file that is older now (SQLite silently drops
 * the WAL from a damaged frame on; a WAL or a file was removed, or replaced by an old copy) can be brought up only by records that the log still has; if it has them no
 * longer, the database is refused with XX001 instead of being served with a hole. Written by write/checkpoint, asked by log/recovery and the lane.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { groupSchemaNames } from '../../catalog/shard-group.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import { writeFileDurably } from '../files/durable.js';
import { type DatabaseLayout, globalSchema } from '../files/layout.js';

const restore = 'Bring the data back from a backup with `shoal restore`.';

interface Checkpoint {
  /** Last record that the log had; null: it had none. */
  readonly log: number | null;
  /** Last record of each file, by schema. */
  readonly files: Readonly<Record<string, number>>;
}

function refusal(message: string, hint = restore): PgError {
  return new PgError('XX001', message, { severity: 'FATAL', hint });
}

/** Makes it durable; before the log is trimmed. */
export function writeCheckpoint(layout: DatabaseLayout, log: number | undefined, files: ReadonlyMap<string, number>): void {
  const text = JSON.stringify({ log: log ?? null, files: Object.fromEntries(files) } satisfies Checkpoint);
  writeFileDurably(layout.checkpoint, `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`);
}

/** undefined: there has been no checkpoint yet. */
function readCheckpoint(layout: DatabaseLayout): Checkpoint | undefined {
  if (!existsSync(layout.checkpoint)) return undefined;
  const text = readFileSync(layout.checkpoint, 'utf8').trimEnd();
  const body = text.slice(9);
  if (crc32(body).toString(16).padStart(8, '0') !== text.slice(0, 8)) {
    throw refusal(
      `the file "${layout.checkpoint}" is damaged`,
      'Run `shoal check`. If it finds nothing else, remove this file and start again: it only serves to notice files that are too old.',
    );
  }
  return JSON.parse(body) as Checkpoint;
}

/** Holds what is found at a start against the last checkpoint. */
export class FileBounds {
  private readonly checkpoint: Checkpoint | undefined;
  private lastFileLsn = 0;
  private lastFile = '';
  private readonly seen = new Set<string>();

  constructor(private readonly layout: DatabaseLayout) {
    this.checkpoint = readCheckpoint(layout);
  }

  /** A file as it is before anything is replayed into it. firstLsn: of the log; undefined when it has no record. */
  file(schema: string, lsn: number, firstLsn: number | undefined): void {
    if (this.seen.has(schema)) return;
    this.seen.add(schema);
    if (lsn > this.lastFileLsn) {
      this.lastFileLsn = lsn;
      this.lastFile = schema;
    }
    const bound = this.checkpoint?.files[schema];
    if (bound === undefined || lsn >= bound || (firstLsn !== undefined && firstLsn <= lsn + 1)) return;
    throw refusal(
      `the file "${this.layout.file(schema)}" is older than it was: it ends at log record ${String(lsn)}, but had record ${String(bound)} at the last checkpoint`,
      `Its -wal file was damaged or removed, or it was replaced by an old copy, and the log begins at record ${String(firstLsn ?? bound + 1)} only. ${restore}`,
    );
  }

  /** The end of the log: SQLite is never ahead of it. */
  log(lastLsn: number | undefined): void {
    const known = this.checkpoint?.log ?? undefined;
    if (known !== undefined && (lastLsn ?? 0) < known) {
      throw refusal(
        `the log in "${this.layout.log}" has lost its end: it ends at record ${String(lastLsn ?? 0)}, but had record ${String(known)} at the last checkpoint`,
      );
    }
    if (lastLsn !== undefined && lastLsn < this.lastFileLsn) {
      throw refusal(
        `the log in "${this.layout.log}" has lost its end: it ends at record ${String(lastLsn)}, but the file "${this.layout.file(this.lastFile)}" has record ${String(this.lastFileLsn)}`,
      );
    }
  }
}

/** XX001 when a shard of the catalog has no file. */
export function requireFilesOf(catalog: CatalogData, layout: DatabaseLayout): void {
  for (const group of catalog.groups) {
    for (const schema of groupSchemaNames(group)) {
      if (!layout.exists(schema)) throw refusal(`the file "${layout.file(schema)}" is missing`);
    }
  }
}

/** XX001 when global.sqlite has vanished, or the log of a database that has been in use. */
export function requireGlobalAndLog(layout: DatabaseLayout): void {
  if (!layout.exists(globalSchema)) throw refusal(`the file "${layout.file(globalSchema)}" is missing`);
  if (typeof readCheckpoint(layout)?.log !== 'number') return;
  if (existsSync(layout.log) && readdirSync(layout.log).some((name) => name.endsWith('.log'))) return;
  throw refusal(`the log in "${layout.log}" is missing`);
}
