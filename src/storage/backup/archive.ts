/**
 * How a backup lies in an object store, under `<database>/`, and for the server's own database, which goes with every other, under `@server/`:
 *
 *   identity.json                         whose backup it is: the course of one database's history
 *   base/<id>/manifest.json               written last: without it the base does not exist
 *   base/<id>/<file>                      a copy of each SQLite file, each as of an lsn of its own
 *   log/<lsn>-<lsn>-<hlc>-<hlc>-<sha>.log batches of the log as they are: first and last record, their commit times, the beginning of the SHA-256
 *   point/<lsn>-<hlc>.json                everything committed until then is in the backup
 *
 * A base is made while writers go on: its files need the log from `startLsn` on, and make one consistent state at `end` or later. Numbers in names are decimal, padded
 * to 16 digits. Bases, log and points are only ever added. Used by storage/backup alone.
 */
import { PgError } from '../../common/errors.js';
import type { ObjectStore } from '../../object-store/object-store.js';
import type { LogPosition } from '../log/node-log.js';
import type { LogStretch } from '../log/log-reader.js';
import { damaged, openSealedJson, sealJson, sha256 } from './sealed-json.js';

export const archiveFormat = 1;
const digestDigits = 32;

export interface Identity {
  readonly format: number;
  readonly database: string;
  /** Of the database directory's manifest: a restored database goes on under another one. */
  readonly history: string;
}

export interface BaseFile {
  /** Schema name: `global` or `<group>_<nnnn>`. */
  readonly schema: string;
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of the last record that the file has. */
  readonly lsn: number;
}

export interface BaseManifest {
  readonly format: number;
  readonly database: string;
  /** Of the database directory's manifest: what its files bear. */
  readonly databaseId: string;
  /** First record that the files may lack. */
  readonly startLsn: number;
  /** From here on the base serves. */
  readonly end: LogPosition;
  readonly files: readonly BaseFile[];
}

export interface Base extends BaseManifest {
  readonly id: string;
}

export interface LogPiece {
  readonly key: string;
  readonly bytes: number;
  readonly firstLsn: number;
  readonly lastLsn: number;
  readonly firstHlc: number;
  readonly lastHlc: number;
  readonly digest: string;
}

/** Log pieces without a gap, by which a base can be rolled forward. */
export interface Chain {
  readonly pieces: readonly LogPiece[];
  readonly firstLsn: number;
  readonly lastLsn: number;
}

export interface ArchiveListing {
  /** undefined: there is no backup of the database. */
  readonly identity: Identity | undefined;
  /** Ids of bases that have a manifest, oldest first. */
  readonly bases: readonly string[];
  /** Objects of bases without one. */
  readonly unfinished: readonly string[];
  readonly pieces: readonly LogPiece[];
  readonly points: readonly LogPosition[];
}

/** What the server's own database is called here: a name that no database can have. */
export const serverArchive = '\u0000server';
/** (Names of databases are encoded, and then have no @.) */
const serverPrefix = '@server';

/** For messages. */
export function archiveTitle(database: string): string {
  return database === serverArchive ? 'roles and the list of databases' : database;
}

const number16 = (value: number): string => String(value).padStart(16, '0');

export class Archive {
  private readonly prefix: string;

  constructor(
    readonly store: ObjectStore,
    readonly database: string,
  ) {
    this.prefix = `${database === serverArchive ? serverPrefix : encodeURIComponent(database)}/`;
  }

  /** Databases of which the store has backups; not the server's own. */
  static async databases(store: ObjectStore): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { key } of store.list('')) {
      const match = /^([^/]+)\/identity\.json$/.exec(key);
      if (match?.[1] !== undefined && match[1] !== serverPrefix) found.push(decodeURIComponent(match[1]));
    }
    return found;
  }

  async list(): Promise<ArchiveListing> {
    const baseObjects = new Map<string, string[]>();
    const pieces: LogPiece[] = [];
    const points: LogPosition[] = [];
    let hasIdentity = false;
    for await (const { key, bytes } of this.store.list(this.prefix)) {
      const name = key.slice(this.prefix.length);
      if (name === 'identity.json') hasIdentity = true;
      const base = /^base\/([^/]+)\/(.+)$/.exec(name);
      if (base?.[1] !== undefined && base[2] !== undefined) baseObjects.set(base[1], [...(baseObjects.get(base[1]) ?? []), base[2]]);
      const piece = /^log\/(\d{16})-(\d{16})-(\d{16})-(\d{16})-([0-9a-f]{32})\.log$/.exec(name);
      if (piece !== null) {
        const [firstLsn, lastLsn, firstHlc, lastHlc] = piece.slice(1, 5).map(Number) as [number, number, number, number];
        pieces.push({ key: name, bytes, firstLsn, lastLsn, firstHlc, lastHlc, digest: piece[5] as string });
      }
      const point = /^point\/(\d{16})-(\d{16})\.json$/.exec(name);
      if (point !== null) points.push({ lsn: Number(point[1]), hlc: Number(point[2]) });
    }
    const complete = [...baseObjects].filter(([, names]) => names.includes('manifest.json'));
    const unfinished = [...baseObjects].filter(([, names]) => !names.includes('manifest.json'));
    return {
      identity: hasIdentity ? await this.json<Identity>('identity.json') : undefined,
      bases: complete.map(([id]) => id).sort(),
      unfinished: unfinished.flatMap(([id, names]) => names.map((file) => `base/${id}/${file}`)),
      pieces,
      points,
    };
  }

  /** Makes the identity, or checks that it is this one. 55000 when the place is another database's. */
  async claim(history: string, listing: ArchiveListing): Promise<void> {
    let { identity } = listing;
    if (identity === undefined) {
      try {
        await this.store.put(`${this.prefix}identity.json`, sealJson({ format: archiveFormat, database: this.database, history } satisfies Identity), {
          ifAbsent: true,
        });
        return;
      } catch (error) {
        if ((error as Partial<PgError>).code !== '58P02') throw error;
        identity = await this.json<Identity>('identity.json');
      }
    }
    if (identity.history !== history) {
      throw new PgError('55000', `"${this.store.location}" has backups of another course of a database named "${this.database}"`, {
        detail: 'A restored database goes on under another history than the one it was made from.',
        hint: 'Back up to another place.',
      });
    }
  }

  async base(id: string): Promise<Base> {
    const manifest = await this.json<BaseManifest>(`base/${id}/manifest.json`);
    if (manifest.format !== archiveFormat)
      throw new PgError('58P01', `the backup has format ${String(manifest.format)}, this version reads ${String(archiveFormat)}`);
    return { ...manifest, id };
  }

  async putBaseManifest(id: string, manifest: BaseManifest): Promise<void> {
    await this.store.put(`${this.prefix}base/${id}/manifest.json`, sealJson(manifest));
  }

  async putPiece({ bytes, firstLsn, lastLsn, firstHlc, lastHlc }: LogStretch): Promise<LogPiece> {
    const digest = sha256(bytes).slice(0, digestDigits);
    const key = `log/${[firstLsn, lastLsn, firstHlc, lastHlc].map(number16).join('-')}-${digest}.log`;
    await this.store.put(this.prefix + key, bytes);
    return { key, bytes: bytes.length, firstLsn, lastLsn, firstHlc, lastHlc, digest };
  }

  /** XX001 unless it is what was put. */
  async getPiece(piece: LogPiece): Promise<Buffer> {
    const bytes = await this.store.get(this.prefix + piece.key);
    if (sha256(bytes).slice(0, digestDigits) !== piece.digest) throw damaged(this.nameOf(piece.key), 'its content does not match its checksum');
    return bytes;
  }

  async putPoint(point: LogPosition): Promise<void> {
    await this.store.put(`${this.prefix}${pointKey(point)}`, sealJson({ lsn: point.lsn, hlc: point.hlc }));
  }

  /** XX001 unless the point says what its name says. */
  async checkPoint(point: LogPosition): Promise<void> {
    const stored = await this.json<LogPosition>(pointKey(point));
    if (stored.lsn !== point.lsn || stored.hlc !== point.hlc) throw damaged(this.nameOf(pointKey(point)), 'it is another one');
  }

  /** Key of an object in the store. */
  key(name: string): string {
    return this.prefix + name;
  }

  /** As messages tell it. */
  nameOf(name: string): string {
    return `"${this.prefix}${name}" in "${this.store.location}"`;
  }

  private async json<T extends object>(name: string): Promise<T> {
    return openSealedJson<T>(await this.store.get(this.prefix + name), this.nameOf(name));
  }
}

const pointKey = ({ lsn, hlc }: LogPosition): string => `point/${number16(lsn)}-${number16(hlc)}.json`;

/**
 * The pieces by which the log goes on without a gap from record `from`, as far as they reach; of overlapping ones (a backup that was cut off and made again) the
 * longest.
 */
export function chainFrom(pieces: readonly LogPiece[], from: number): Chain {
  const ordered = [...pieces].sort((a, b) => a.firstLsn - b.firstLsn);
  const chosen: LogPiece[] = [];
  let lastLsn = from - 1;
  let best: LogPiece | undefined;
  for (let at = 0; at <= ordered.length; at++) {
    const piece = ordered[at];
    if (piece === undefined || piece.firstLsn > lastLsn + 1) {
      if (best !== undefined) {
        chosen.push(best);
        ({ lastLsn } = best);
        best = undefined;
      }
      if (piece === undefined || piece.firstLsn > lastLsn + 1) break;
    }
    if (piece.lastLsn > (best?.lastLsn ?? lastLsn)) best = piece;
  }
  return { pieces: chosen, firstLsn: from, lastLsn };
}

/** The furthest that the backup is known to reach: 0 when it is empty. */
export function lastArchivedLsn(listing: ArchiveListing): number {
  return Math.max(0, ...listing.pieces.map(({ lastLsn }) => lastLsn), ...listing.points.map(({ lsn }) => lsn));
}
