import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { CacheServer } from '../../../../src/cluster/shuffle/cache-server.js';
import { CacheStore } from '../../../../src/cluster/shuffle/cache-store.js';
import { PgError } from '../../../../src/common/errors.js';

const isGone = (error: unknown): boolean => error instanceof PgError && error.code === '02000';
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('the distributed cache of exchanges', () => {
  const make = (): { readonly server: CacheServer; readonly store: CacheStore } => {
    const store = new CacheStore({ memoryBytesMax: () => 1 << 20, temporaryDirectory: tmpdir() });
    return { server: new CacheServer(store), store };
  };
  const append = (to: ReturnType<CacheServer['open']>, writer: string, sequence: number, text: string, id = 'x'): void => {
    to.service.append({ query: 'q', writer, portions: [{ id, sequence, bytes: bytes(text) }] });
  };
  const read = (from: ReturnType<CacheServer['open']>, except: readonly string[] = []): string => {
    const { portions, next } = from.service.read({ query: 'q', id: 'x', except, from: 0 });
    assert.equal(next, undefined);
    return Buffer.concat(portions).toString();
  };

  it('leaves out the writers that were lost half-way, and takes each portion once', () => {
    const { server, store } = make();
    const [reader, writer] = [server.open(), server.open()];
    reader.service.init({ query: 'q', id: 'x' });
    append(writer, 'one', 1, 'a');
    append(writer, 'two', 1, 'b');
    append(writer, 'one', 1, 'a');
    append(writer, 'one', 2, 'c');
    assert.equal(read(reader), 'abc');
    assert.equal(read(reader, ['one']), 'b');
    store.close();
  });

  it('goes with the last who holds it, and is never made again by who comes too late', () => {
    const { server, store } = make();
    const [one, two, writer] = [server.open(), server.open(), server.open()];
    assert.throws(() => append(writer, 'w', 1, 'early'), isGone);
    one.service.init({ query: 'q', id: 'x' });
    two.service.init({ query: 'q', id: 'x' });
    append(writer, 'w', 1, 'a');
    one.service.letGo({ query: 'q' });
    assert.equal(read(two), 'a');
    // (As when its thread or node is gone.)
    two.close();
    assert.deepEqual([store.figures.queries, store.figures.bytes, store.figures.memoryBytes], [0, 0, 0]);
    assert.throws(() => append(writer, 'w', 2, 'late'), isGone);
    assert.equal(store.figures.queries, 0);
  });

  it('gives the memory of an id back when all have read it who wanted to', () => {
    const { server, store } = make();
    const [one, two] = [server.open(), server.open()];
    for (const reader of [one, two]) reader.service.init({ query: 'q', id: 'x' });
    append(one, 'w', 1, 'abc');
    one.service.finish({ query: 'q', id: 'x' });
    assert.equal(read(two), 'abc');
    two.service.finish({ query: 'q', id: 'x' });
    assert.equal(store.figures.bytes, 0);
    assert.throws(() => read(two), isGone);
    store.close();
  });
});
