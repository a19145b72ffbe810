/**
 * The object store port: named, immutable-by-habit blobs in a directory or a bucket. Whole objects appear at once or not at all, under whatever crash.
 * Implemented by file-store and s3-store, opened by open-object-store; used by storage/backup.
 *
 * Keys are relative paths of plain segments (`base/1/global.sqlite`). Errors: 58P01 for an object that is not there, 58030 for a store that cannot be reached or
 * refuses.
 */
import { PgError } from '../common/errors.js';

/** A stretch of an object. */
export interface ByteRange {
  readonly offset: number;
  readonly bytes: number;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
}

/** What an object is made of. `chunks` may be called again when a request is repeated. */
export type ObjectBody = Uint8Array | { readonly bytes: number; readonly chunks: () => AsyncIterable<Uint8Array> };

export interface PutOptions {
  /** Refuse (58P02) if there is an object of that name: of two writers one wins. */
  readonly ifAbsent?: boolean;
}

export interface ObjectStore {
  /** As the user would write it: a path or `s3://bucket/prefix`. */
  readonly location: string;
  /** Durable on return. Replaces an object of that name unless told otherwise. */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<void>;
  /** The whole object. */
  get(key: string): Promise<Buffer>;
  /** Exactly that stretch; 22003 when the object is shorter. */
  getRange(key: string, range: ByteRange): Promise<Buffer>;
  /** The object in chunks, for large ones. */
  read(key: string): AsyncIterable<Uint8Array>;
  /** undefined: there is none. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Objects whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** An object that is not there is no error. */
  delete(key: string): Promise<void>;
  close(): void;
}

export const noSuchObject = (location: string, key: string): PgError => new PgError('58P01', `"${key}" is not in "${location}"`);

export const objectExists = (location: string, key: string): PgError => new PgError('58P02', `"${key}" is in "${location}" already`);

export const objectTooShort = (location: string, key: string): PgError => new PgError('22003', `"${key}" in "${location}" ends before the range asked for`);

/** Refuses keys that could mean another place. */
export function checkKey(key: string): string {
  if (key === '' || key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..' || segment.startsWith('.put-'))) {
    throw new PgError('22023', `"${key}" is no name for an object`);
  }
  return key;
}

export function bodyBytes(body: ObjectBody): number {
  return body instanceof Uint8Array ? body.byteLength : body.bytes;
}

export async function* bodyChunks(body: ObjectBody): AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) yield await Promise.resolve(body);
  else yield* body.chunks();
}
