import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CacheStore } from '../../../../src/cluster/shuffle/cache-store.js';
import { PgError } from '../../../../src/common/errors.js';
import { Random } from '../../../support/random.js';

describe('a node’s part of the distributed cache', () => {
  let directory: string;
  let memoryBytesMax = 1000;
  let store: CacheStore;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-cache-test-'));
    memoryBytesMax = 1000;
    store = new CacheStore({ memoryBytesMax: () => memoryBytesMax, temporaryDirectory: directory });
  });
  afterEach(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  const all = (id: string, query = 'q'): string => Buffer.concat([...store.get(query, id)]).toString('latin1');
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

  it('is empty where it was prepared, and an error where it was not', () => {
    store.init('q', 'a');
    assert.equal(all('a'), '');
    assert.throws(
      () => all('b'),
      (error) => error instanceof PgError && error.code === '02000',
    );
    store.append('q', 'a', { writer: 'w', sequence: 1 }, bytes('x'));
    store.init('q', 'a');
    assert.equal(all('a'), 'x');
  });

  it('takes each portion once, in its writer’s order, and replaces what is set', () => {
    assert.equal(store.append('q', 'a', { writer: 'v', sequence: 1 }, bytes('v1')), 2);
    assert.equal(store.append('q', 'a', { writer: 'w', sequence: 1 }, bytes('w1')), 4);
    assert.equal(store.append('q', 'a', { writer: 'v', sequence: 1 }, bytes('v1')), 4);
    assert.throws(() => store.append('q', 'a', { writer: 'v', sequence: 3 }, bytes('v3')), /portion 3 of writer "v" comes after portion 1/);
    store.append('q', 'a', { writer: 'v', sequence: 2 }, bytes('v2'));
    assert.equal(all('a'), 'v1w1v2');
    assert.equal(store.set('q', 'a', bytes('new')), 3);
    assert.equal(all('a'), 'new');
  });

  it('keeps its memory bounded by files without names, and loses nothing', () => {
    const random = new Random(9);
    const expected = new Map<string, string>();
    const sequences = new Map<string, number>();
    for (let round = 0; round < 400; round++) {
      const id = `id-${String(random.int(0, 9))}`;
      const writer = `w${String(random.int(0, 2))}`;
      const sequence = (sequences.get(`${id} ${writer}`) ?? 0) + 1;
      sequences.set(`${id} ${writer}`, sequence);
      const text = String.fromCharCode(random.int(0, 255)).repeat(random.int(0, 300));
      store.append('q', id, { writer, sequence }, bytes(text));
      expected.set(id, (expected.get(id) ?? '') + text);
      assert.ok(store.memoryBytes <= memoryBytesMax);
      if (round === 200) memoryBytesMax = 300;
    }
    for (const [id, text] of expected) assert.equal(all(id), text);
    assert.deepEqual(readdirSync(directory), []);
    store.drop('q');
    assert.equal(store.memoryBytes, 0);
    assert.equal(store.has('q', 'id-1'), false);
  });

  it('gives a reader what was there when it began, also when that goes to a file meanwhile', () => {
    store.append('q', 'a', { writer: 'w', sequence: 1 }, bytes('a'.repeat(400)));
    store.append('q', 'a', { writer: 'w', sequence: 2 }, bytes('b'.repeat(400)));
    const reading = store.get('q', 'a');
    const first = reading.next().value as Uint8Array;
    store.append('q', 'z', { writer: 'w', sequence: 1 }, bytes('z'.repeat(900)));
    store.append('q', 'a', { writer: 'w', sequence: 3 }, bytes('c'));
    assert.equal(Buffer.concat([first, ...reading]).toString('latin1'), 'a'.repeat(400) + 'b'.repeat(400));
  });

  it('keeps queries apart', () => {
    store.set('q', 'a', bytes('1'));
    store.set('r', 'a', bytes('2'));
    store.drop('q');
    assert.equal(all('a', 'r'), '2');
  });
});
