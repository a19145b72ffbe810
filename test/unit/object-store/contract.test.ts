import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PgError } from '../../../src/common/errors.js';
import type { ObjectBody, ObjectStore } from '../../../src/object-store/object-store.js';
import { normaliseLocation, openObjectStore } from '../../../src/object-store/open-object-store.js';
import { S3Server } from '../../support/s3-server.js';

const code =
  (expected: string) =>
  (error: unknown): boolean =>
    (error as PgError).name === 'PgError' && (error as PgError).code === expected;

async function keys(store: ObjectStore, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

async function whole(store: ObjectStore, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A body in chunks of odd sizes; `breaksAt` fails in the middle. */
function stream(content: Buffer, breaksAt = Infinity): ObjectBody {
  return {
    bytes: content.length,
    chunks: async function* () {
      for (let at = 0; at < content.length; at += 1_234_567) {
        if (at >= breaksAt) throw new Error('the source broke');
        yield await Promise.resolve(content.subarray(at, at + 1_234_567));
      }
    },
  };
}

function contract(open: () => Promise<ObjectStore>): void {
  let store: ObjectStore;
  before(async () => {
    store = await open();
  });
  after(() => store.close());

  it('gives back what was put, empty and large objects too', async () => {
    const large = Buffer.alloc(40 * 1024 * 1024 + 17, 'shoal object store ');
    await store.put('a/empty', new Uint8Array());
    await store.put('a/small', Buffer.from('small'));
    await store.put('a/large', stream(large));
    equal((await store.get('a/empty')).length, 0);
    equal((await store.get('a/small')).toString(), 'small');
    ok((await whole(store, 'a/large')).equals(large));
    deepEqual(await store.head('a/large'), { key: 'a/large', bytes: large.length });
    ok((await store.getRange('a/large', { offset: 20_000_001, bytes: 99 })).equals(large.subarray(20_000_001, 20_000_100)));
  });

  it('replaces an object, unless it is to be new', async () => {
    await store.put('b/x', Buffer.from('one'));
    await store.put('b/x', Buffer.from('two'));
    equal((await store.get('b/x')).toString(), 'two');
    await rejects(store.put('b/x', Buffer.from('three'), { ifAbsent: true }), code('58P02'));
    equal((await store.get('b/x')).toString(), 'two');
    await store.put('b/y', Buffer.from('new'), { ifAbsent: true });
    equal((await store.get('b/y')).toString(), 'new');
    const won = await Promise.allSettled([1, 2, 3, 4].map((n) => store.put('b/z', Buffer.from(String(n)), { ifAbsent: true })));
    equal(won.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('says 58P01 of an object that is not there', async () => {
    await rejects(store.get('none'), code('58P01'));
    await rejects(store.getRange('none', { offset: 0, bytes: 1 }), code('58P01'));
    await rejects(whole(store, 'none'), code('58P01'));
    equal(await store.head('none'), undefined);
    await store.delete('none');
  });

  it('refuses ranges behind the end', async () => {
    await store.put('c/ten', Buffer.from('0123456789'));
    equal((await store.getRange('c/ten', { offset: 8, bytes: 2 })).toString(), '89');
    equal((await store.getRange('c/ten', { offset: 0, bytes: 0 })).length, 0);
    await rejects(store.getRange('c/ten', { offset: 8, bytes: 3 }), code('22003'));
    await rejects(store.getRange('c/ten', { offset: 20, bytes: 3 }), code('22003'));
  });

  it('lists by prefix, in the order of the keys, over several pages', async () => {
    for (let n = 0; n < 250; n++) await store.put(`d/${String(n).padStart(3, '0')}`, Buffer.from(String(n)));
    await store.put('d-other/1', Buffer.from('x'));
    await store.put('d/nested/deep/1', Buffer.from('x'));
    const found = await keys(store, 'd/');
    equal(found.length, 251);
    deepEqual(found, [...found].sort());
    deepEqual(
      await keys(store, 'd/24'),
      Array.from({ length: 10 }, (_, n) => `d/24${n}`),
    );
    deepEqual(await keys(store, 'd/nested/'), ['d/nested/deep/1']);
    deepEqual(await keys(store, 'nothing'), []);
  });

  it('deletes', async () => {
    await store.put('e/x', Buffer.from('x'));
    await store.delete('e/x');
    equal(await store.head('e/x'), undefined);
    deepEqual(await keys(store, 'e/'), []);
  });

  it('leaves nothing of an object whose source breaks, and keeps the old one', async () => {
    const large = Buffer.alloc(40 * 1024 * 1024, 7);
    await store.put('f/x', Buffer.from('old'));
    await rejects(store.put('f/x', stream(large, 30_000_000)), /the source broke/);
    await rejects(store.put('f/y', stream(large, 30_000_000)), /the source broke/);
    equal((await store.get('f/x')).toString(), 'old');
    deepEqual(await keys(store, 'f/'), ['f/x']);
  });

  it('refuses names that could mean another place', async () => {
    for (const key of ['', '/x', 'a//b', '../x', 'a/../b', 'a/.']) await rejects(store.put(key, Buffer.from('x')), code('22023'), key);
  });
}

describe('object stores', () => {
  describe('in a directory', function () {
    this.timeout(30_000);
    const directory = mkdtempSync(join(tmpdir(), 'shoal-objects-'));
    after(() => rmSync(directory, { recursive: true, force: true }));
    contract(async () => await openObjectStore(join(directory, 'not', 'yet')));

    it('fails where no directory can be made', async () => {
      for (const place of ['/proc/shoal/objects', '/dev/null/objects']) {
        const store = await openObjectStore(place);
        await rejects(store.put('x/y', Buffer.from('x')), code('58030'), place);
      }
    });

    it('does not list what a crash has left of a put', async () => {
      const store = await openObjectStore(directory);
      mkdirSync(join(directory, 'crash'));
      writeFileSync(join(directory, 'crash', '.put-123'), 'half');
      deepEqual(await keys(store, 'crash/'), []);
      await store.put('crash/x', Buffer.from('x'));
      deepEqual(readdirSync(join(directory, 'crash')).sort(), ['.put-123', 'x']);
    });
  });

  describe('in S3', function () {
    this.timeout(30_000);
    let server: S3Server;
    before(async () => {
      server = await S3Server.start();
    });
    after(async () => await server.stop());
    contract(async () => await openObjectStore(`s3://${server.bucket}/some/prefix`, server.environment));

    it('aborts uploads in parts that fail', () => {
      equal(server.openUploads, 0);
    });

    it('goes on when the server is slow or the connection breaks', async () => {
      const store = await openObjectStore(`s3://${server.bucket}/retry`, server.environment);
      let failures = 3;
      server.interfere = () => (failures-- > 0 ? 503 : undefined);
      await store.put('x', Buffer.alloc(100_000, 5));
      failures = 2;
      server.interfere = (method) => (method === 'GET' && failures-- > 0 ? 'cut' : undefined);
      equal((await store.get('x')).length, 100_000);
      failures = 2;
      equal((await whole(store, 'x')).length, 100_000);
      server.interfere = () => undefined;
      store.close();
    });

    it('tells what is wrong with the credentials or the bucket', async () => {
      const wrongKey = await openObjectStore(`s3://${server.bucket}/x`, { ...server.environment, AWS_SECRET_ACCESS_KEY: 'wrong' });
      await rejects(wrongKey.put('x', Buffer.from('x')), /58030|SignatureDoesNotMatch/);
      const wrongBucket = await openObjectStore('s3://another-bucket/x', server.environment);
      await rejects(wrongBucket.put('x', Buffer.from('x')), /NoSuchBucket/);
      await rejects(keys(wrongBucket, ''), /NoSuchBucket/);
    });
  });

  it('are named by a path, a file URL or an s3 URL', () => {
    equal(normaliseLocation('/a/b/../c'), '/a/c');
    equal(normaliseLocation('file:///a/b'), '/a/b');
    equal(normaliseLocation('s3://bucket/a/b/'), 's3://bucket/a/b');
    for (const wrong of ['', 's3://', 's3:///x', 'http://x/y', 'gs://x']) {
      try {
        normaliseLocation(wrong);
        ok(false, wrong);
      } catch (error) {
        ok(code('22023')(error), wrong);
      }
    }
  });
});
