/**
 * Objects as files of a directory. An object is written under a name of its own (`.put-...`), synced, then renamed (or linked, when it must be new), and the
 * directory synced: a crash leaves the old object, or the new one, or a `.put-` file that nobody lists.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PgError } from '../common/errors.js';
import {
  bodyBytes,
  bodyChunks,
  type ByteRange,
  checkKey,
  noSuchObject,
  type ObjectBody,
  objectExists,
  type ObjectInfo,
  type ObjectStore,
  objectTooShort,
  type PutOptions,
} from './object-store.js';

const temporaryPrefix = '.put-';

export class FileStore implements ObjectStore {
  /** location: path of the directory; made when the first object is put. */
  constructor(readonly location: string) {}

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<void> {
    const path = this.path(key);
    const directory = dirname(path);
    const temporary = join(directory, `${temporaryPrefix}${randomUUID()}`);
    try {
      await this.makeDirectory(directory);
      await this.write(temporary, body);
      if (options.ifAbsent === true) {
        await link(temporary, path);
        await rm(temporary);
      } else {
        await rename(temporary, path);
      }
      await syncDirectory(directory);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      if (systemCode(error) === 'EEXIST' && options.ifAbsent === true) throw objectExists(this.location, key);
      throw this.failure('write', key, error);
    }
  }

  async get(key: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const chunk of this.read(key)) parts.push(chunk);
    return Buffer.concat(parts);
  }

  async getRange(key: string, { offset, bytes }: ByteRange): Promise<Buffer> {
    try {
      const file = await open(this.path(key), 'r');
      try {
        const buffer = Buffer.alloc(bytes);
        let done = 0;
        while (done < bytes) {
          const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done);
          if (bytesRead === 0) throw objectTooShort(this.location, key);
          done += bytesRead;
        }
        return buffer;
      } finally {
        await file.close();
      }
    } catch (error) {
      throw this.failure('read', key, error);
    }
  }

  async *read(key: string): AsyncIterable<Uint8Array> {
    try {
      yield* createReadStream(this.path(key), { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.failure('read', key, error);
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    try {
      const found = await stat(this.path(key));
      return found.isFile() ? { key, bytes: found.size } : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
      throw this.failure('read', key, error);
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const keys: string[] = [];
    const walk = async (folder: string): Promise<void> => {
      let entries;
      try {
        entries = await readdir(join(this.location, folder), { withFileTypes: true });
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return;
        throw this.failure('list', folder, error);
      }
      for (const entry of entries) {
        const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.name.startsWith(temporaryPrefix)) continue;
        if (entry.isDirectory()) {
          if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) await walk(key);
        } else if (key.startsWith(prefix)) {
          keys.push(key);
        }
      }
    };
    await walk('');
    for (const key of keys.sort()) {
      const info = await this.head(key);
      if (info !== undefined) yield info;
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await rm(this.path(key), { force: true });
    } catch (error) {
      throw this.failure('delete', key, error);
    }
  }

  close(): void {
    // Nothing is kept open.
  }

  private path(key: string): string {
    return join(this.location, checkKey(key));
  }

  /**
   * Makes a directory and those above it durably. (Not by mkdir's own recursion: under a directory in which nothing can be made and mkdir answers ENOENT, as /proc,
   * Node's goes on for ever.)
   */
  private async makeDirectory(directory: string): Promise<void> {
    const missing: string[] = [];
    for (let at = directory; !(await exists(at)); at = dirname(at)) missing.push(at);
    for (const path of missing.reverse()) {
      try {
        await mkdir(path);
      } catch (error) {
        if (systemCode(error) === 'EEXIST' && (await exists(path))) continue;
        throw error;
      }
      await syncDirectory(dirname(path));
    }
  }

  private async write(path: string, body: ObjectBody): Promise<void> {
    const file = await open(path, 'wx');
    try {
      let written = 0;
      for await (const chunk of bodyChunks(body)) {
        await file.writeFile(chunk);
        written += chunk.byteLength;
      }
      if (written !== bodyBytes(body)) throw new PgError('58030', `an object of ${String(bodyBytes(body))} bytes came with ${String(written)}`);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  private failure(action: string, key: string, error: unknown): Error {
    if (error instanceof PgError) return error;
    const code = systemCode(error);
    if (code === 'ENOENT' && action === 'read') return noSuchObject(this.location, key);
    if (code === 'ENOSPC' || code === 'EDQUOT') return new PgError('53100', `could not ${action} "${key}" in "${this.location}": No space left on device`);
    if (code === undefined) return error instanceof Error ? error : new Error(String(error));
    return new PgError('58030', `could not ${action} "${key}" in "${this.location}": ${(error as Error).message}`);
  }
}

function systemCode(error: unknown): string | undefined {
  return (error as { readonly code?: string }).code;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
