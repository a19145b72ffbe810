/**
 * One node's part of the distributed cache: bytes by query and id, appended to by many writers, each portion once. Bounded memory: beyond it the oldest ids go to files, which
 * have no name and so go with the process; a query's ids go with the query. Called by what serves the cache to other nodes and over HTTP.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PgError } from '../../common/errors.js';

export interface CacheStoreOptions {
  /** Bytes kept in memory. May change while it works. */
  readonly memoryBytesMax: () => number;
  /** Where files go. */
  readonly temporaryDirectory: string;
}

/** Who appends, and which of his portions this is: 1, 2, 3... A portion that is sent again has its old number. */
export interface Portion {
  readonly writer: string;
  readonly sequence: number;
}

const readBytes = 256 * 1024;

interface InFile {
  readonly offset: number;
  readonly length: number;
}

/** A portion, or what was set. */
interface Chunk {
  readonly writer: string | undefined;
  data: Uint8Array | InFile;
}

/** What a part of the cache holds. */
export interface CacheFigures {
  readonly queries: number;
  readonly bytes: number;
  /** Of them in memory. */
  readonly memoryBytes: number;
  /** All that has come since the node was started, and what of it went to files. */
  readonly receivedBytes: number;
  readonly spilledBytes: number;
}

/** The data of one id. */
class Entry {
  readonly chunks: Chunk[] = [];
  /** The last portion of each writer. */
  readonly written = new Map<string, number>();
  memoryBytes = 0;
  size = 0;
  private file: number | undefined;
  private fileBytes = 0;

  constructor(private readonly directory: string) {}

  add(data: Uint8Array, writer: string | undefined): void {
    if (data.length === 0) return;
    this.chunks.push({ writer, data });
    this.memoryBytes += data.length;
    this.size += data.length;
  }

  /** All that is in memory goes to the file. */
  spill(): void {
    for (const chunk of this.chunks) {
      const { data } = chunk;
      if (!(data instanceof Uint8Array)) continue;
      this.file ??= openNameless(this.directory);
      for (let done = 0; done < data.length; ) done += writeSync(this.file, data, done, data.length - done, this.fileBytes + done);
      chunk.data = { offset: this.fileBytes, length: data.length };
      this.fileBytes += data.length;
    }
    this.memoryBytes = 0;
  }

  read({ offset, length }: InFile, from: number, bytesMax: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(bytesMax, length - from));
    if (this.file === undefined || readSync(this.file, bytes, 0, bytes.length, offset + from) !== bytes.length)
      throw new Error('a file of the cache is too short');
    return bytes;
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }
}

function openNameless(directory: string): number {
  const own = mkdtempSync(join(directory, 'shoal-cache-'));
  const file = openSync(join(own, 'data'), 'w+', 0o600);
  rmSync(own, { recursive: true });
  return file;
}

export class CacheStore {
  /** By query and id, the oldest first. */
  readonly #queries = new Map<string, Map<string, Entry>>();
  #memoryBytes = 0;
  #bytes = 0;
  #receivedBytes = 0;
  #spilledBytes = 0;

  constructor(private readonly options: CacheStoreOptions) {}

  get figures(): CacheFigures {
    return {
      queries: this.#queries.size,
      bytes: this.#bytes,
      memoryBytes: this.#memoryBytes,
      receivedBytes: this.#receivedBytes,
      spilledBytes: this.#spilledBytes,
    };
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The id is there, empty, unless it was there already. */
  init(query: string, id: string): void {
    let entries = this.#queries.get(query);
    if (entries === undefined) this.#queries.set(query, (entries = new Map<string, Entry>()));
    if (!entries.has(id)) entries.set(id, new Entry(this.options.temporaryDirectory));
  }

  has(query: string, id: string): boolean {
    return this.#queries.get(query)?.has(id) === true;
  }

  /** Replaces all that is there; answers the size. The bytes are the store's from now on. */
  set(query: string, id: string, bytes: Uint8Array): number {
    this.init(query, id);
    this.forget(query, id);
    this.init(query, id);
    return this.#add(this.#entry(query, id), bytes, undefined);
  }

  /**
   * Adds a portion after all that is there, whole or not at all; one that is there already is left out. Answers the size. 22023: a portion of the writer is missing before it.
   * The bytes are the store's from now on.
   */
  append(query: string, id: string, { writer, sequence }: Portion, bytes: Uint8Array): number {
    this.init(query, id);
    const entry = this.#entry(query, id);
    const last = entry.written.get(writer) ?? 0;
    if (sequence <= last) return entry.size;
    if (sequence !== last + 1) throw new PgError('22023', `portion ${String(sequence)} of writer "${writer}" comes after portion ${String(last)}`);
    entry.written.set(writer, sequence);
    return this.#add(entry, bytes, writer);
  }

  /** What was there when it was asked for, in pieces. 02000: no such id. */
  *get(query: string, id: string): Generator<Uint8Array, void, undefined> {
    const entry = this.#entry(query, id);
    const count = entry.chunks.length;
    for (let at = 0; at < count; at++) {
      // (A chunk may have gone to the file since the last one.)
      const data = entry.chunks[at]?.data;
      if (data instanceof Uint8Array) yield data;
      else if (data !== undefined) for (let from = 0; from < data.length; from += readBytes) yield entry.read(data, from, readBytes);
    }
  }

  /** Whole portions from number `from` on, about `bytesMax` of them, but those of the writers of `except`; `next`: where to go on, undefined at the end. 02000: no such id. */
  portions(
    query: string,
    id: string,
    { from, except, bytesMax }: { readonly from: number; readonly except: ReadonlySet<string>; readonly bytesMax: number },
  ): { readonly portions: readonly Uint8Array[]; readonly next: number | undefined } {
    const entry = this.#entry(query, id);
    const portions: Uint8Array[] = [];
    let bytes = 0;
    for (let at = from; at < entry.chunks.length; at++) {
      const { writer, data } = entry.chunks[at] as Chunk;
      if (writer !== undefined && except.has(writer)) continue;
      if (bytes >= bytesMax) return { portions, next: at };
      portions.push(data instanceof Uint8Array ? data : entry.read(data, 0, data.length));
      bytes += data.length;
    }
    return { portions, next: undefined };
  }

  size(query: string, id: string): number {
    return this.#entry(query, id).size;
  }

  /** Nobody wants the id any more. */
  forget(query: string, id: string): void {
    const entries = this.#queries.get(query);
    const entry = entries?.get(id);
    if (entry === undefined) return;
    this.#memoryBytes -= entry.memoryBytes;
    this.#bytes -= entry.size;
    entry.close();
    entries?.delete(id);
  }

  /** The query is over, or its lease is. */
  drop(query: string): void {
    for (const id of [...(this.#queries.get(query)?.keys() ?? [])]) this.forget(query, id);
    this.#queries.delete(query);
  }

  close(): void {
    for (const query of [...this.#queries.keys()]) this.drop(query);
  }

  #entry(query: string, id: string): Entry {
    const entry = this.#queries.get(query)?.get(id);
    if (entry === undefined) throw new PgError('02000', `no id "${id}" is in the cache`);
    return entry;
  }

  #add(entry: Entry, bytes: Uint8Array, writer: string | undefined): number {
    entry.add(bytes, writer);
    this.#memoryBytes += bytes.length;
    this.#bytes += bytes.length;
    this.#receivedBytes += bytes.length;
    if (this.#memoryBytes > this.options.memoryBytesMax()) this.#spill();
    return entry.size;
  }

  /** The oldest ids first, until there is room. */
  #spill(): void {
    for (const entries of this.#queries.values()) {
      for (const entry of entries.values()) {
        if (this.#memoryBytes <= this.options.memoryBytesMax()) return;
        const before = entry.memoryBytes;
        if (before === 0) continue;
        entry.spill();
        this.#memoryBytes -= before;
        this.#spilledBytes += before;
      }
    }
  }
}
