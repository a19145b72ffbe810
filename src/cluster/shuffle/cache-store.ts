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

/** The data of one id. */
class Entry {
  readonly chunks: (Uint8Array | InFile)[] = [];
  /** The last portion of each writer. */
  readonly written = new Map<string, number>();
  memoryBytes = 0;
  size = 0;
  private file: number | undefined;
  private fileBytes = 0;

  constructor(private readonly directory: string) {}

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.memoryBytes += bytes.length;
    this.size += bytes.length;
  }

  /** All that is in memory goes to the file. */
  spill(): void {
    for (const [at, chunk] of this.chunks.entries()) {
      if (!(chunk instanceof Uint8Array)) continue;
      this.file ??= openNameless(this.directory);
      for (let done = 0; done < chunk.length; ) done += writeSync(this.file, chunk, done, chunk.length - done, this.fileBytes + done);
      this.chunks[at] = { offset: this.fileBytes, length: chunk.length };
      this.fileBytes += chunk.length;
    }
    this.memoryBytes = 0;
  }

  read({ offset, length }: InFile, from: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(readBytes, length - from));
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

  constructor(private readonly options: CacheStoreOptions) {}

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
    this.#forget(query, id);
    this.init(query, id);
    return this.#add(this.#entry(query, id), bytes);
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
    return this.#add(entry, bytes);
  }

  /** What was there when it was asked for, in pieces. 02000: no such id. */
  *get(query: string, id: string): Generator<Uint8Array, void, undefined> {
    const entry = this.#entry(query, id);
    const count = entry.chunks.length;
    for (let at = 0; at < count; at++) {
      // (A chunk may have gone to the file since the last one.)
      const chunk = entry.chunks[at];
      if (chunk instanceof Uint8Array) yield chunk;
      else if (chunk !== undefined) for (let from = 0; from < chunk.length; from += readBytes) yield entry.read(chunk, from);
    }
  }

  size(query: string, id: string): number {
    return this.#entry(query, id).size;
  }

  /** The query is over, or its lease is. */
  drop(query: string): void {
    for (const id of [...(this.#queries.get(query)?.keys() ?? [])]) this.#forget(query, id);
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

  #forget(query: string, id: string): void {
    const entries = this.#queries.get(query);
    const entry = entries?.get(id);
    if (entry === undefined) return;
    this.#memoryBytes -= entry.memoryBytes;
    entry.close();
    entries?.delete(id);
  }

  #add(entry: Entry, bytes: Uint8Array): number {
    entry.add(bytes);
    this.#memoryBytes += bytes.length;
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
      }
    }
  }
}
