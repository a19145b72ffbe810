/**
 * The coordination store while its etcd is killed, restarted, paused, compacted, loses its leader or its majority: real processes. What must hold: no call outlives its deadline;
 * a write is 'unavailable' only if it was not done; a watch shows the final state whatever happened; a lease is never believed longer than it lasts; the log tells of it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdBackend } from '../../src/cluster/coordination/etcd/etcd-backend.js';
import type { EtcdOptions } from '../../src/cluster/coordination/etcd/etcd-options.js';
import { type CoordinationStore, type Entry, type Lease, StoreError, type StoreErrorKind } from '../../src/cluster/coordination/store.js';
import { connectStore } from '../../src/cluster/coordination/store-client.js';
import { systemClock } from '../../src/common/clock.js';
import { Etcd, needEtcd, type EtcdTls } from '../support/etcd.js';
import { makeCertificates } from '../support/certificates.js';

/** For calls that are to be answered, on a machine however busy. */
const patientMs = 20_000;
/** For calls that are not. */
const deadlineMs = 1000;

describe('the coordination store over an etcd in trouble', function () {
  this.timeout(120_000);
  const etcds: Etcd[] = [];
  const stores: CoordinationStore[] = [];
  let log: string[] = [];

  before(function () {
    needEtcd(this);
  });
  beforeEach(() => {
    log = [];
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const etcd of etcds.splice(0)) await etcd.stop();
  });

  async function startEtcd(size = 1, tls?: EtcdTls): Promise<Etcd[]> {
    const members = await Etcd.startCluster(size, tls);
    etcds.push(...members);
    return members;
  }

  function client(options: Pick<EtcdOptions, 'endpoints'> & Partial<EtcdOptions>): CoordinationStore {
    const write = (line: string): void => {
      log.push(line);
    };
    const store = connectStore(new EtcdBackend({ log: write, deadlineMs: patientMs, ...options }), { clock: systemClock, log: write });
    stores.push(store);
    return store;
  }

  async function failure(promise: Promise<unknown>): Promise<StoreErrorKind> {
    try {
      await promise;
    } catch (error) {
      assert.ok(error instanceof StoreError, String(error));
      return error.kind;
    }
    return assert.fail('it has succeeded');
  }

  async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const startMs = performance.now();
    while (!(await holds())) {
      assert.ok(performance.now() - startMs < timeoutMs, `${what}: not after ${timeoutMs} ms; the log: ${log.join('; ')}`);
      await sleep(20);
    }
  }

  /** The keys and values under the prefix as a watch has shown them. */
  function mirror(store: CoordinationStore, prefix: string): { readonly values: Map<string, string>; states: number; staleMs(): number } {
    const values = new Map<string, string>();
    const put = ({ key, value }: Entry): unknown => values.set(key.slice(prefix.length), value);
    const watch = store.watch(prefix, {
      state: (entries) => {
        values.clear();
        entries.forEach(put);
        shown.states++;
      },
      changes: (changes) => {
        for (const change of changes) {
          if (change.kind === 'put') put(change.entry);
          else values.delete(change.key.slice(prefix.length));
        }
      },
    });
    const shown = { values, states: 0, staleMs: () => watch.staleMs() };
    return shown;
  }

  /** Keeps at it for as long as the store cannot be reached. */
  async function eventually<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        if (attempt > 200 || !(error instanceof StoreError && error.isTransient)) throw error;
        await sleep(50);
      }
    }
  }

  /** It lasts longer than was known before. */
  async function renewed(lease: Lease): Promise<void> {
    const before = lease.remainingMs();
    await until('the lease is renewed', () => lease.remainingMs() > before);
  }

  it('an etcd that is down fails every call at once, and nothing was done', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const store = client({ endpoints: [etcd.address] });
    await store.put('/t/a', '1');
    await etcd.kill();
    // The first call may still have met the old connection.
    await failure(store.get('/t/a'));
    for (const call of [store.put('/t/a', '2'), store.get('/t/a'), store.grantLease(5000)]) assert.equal(await failure(call), 'unavailable');
    await etcd.restart();
    assert.equal((await eventually(() => store.get('/t/a'))).entry?.value, '1');
    assert.deepEqual(
      log.map((line) => line.replace(/127\.0\.0\.1:\d+/, 'X').replace(/answer: .*/, 'answer')),
      ['http://X does not answer', 'http://X answers'],
    );
  });

  it('a write into a paused etcd has an unknown outcome, and a compare-and-swap settles it', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const patient = client({ endpoints: [etcd.address] });
    const before = await patient.put('/t/a', '1');
    const store = client({ endpoints: [etcd.address], deadlineMs });
    await eventually(() => store.get('/t/a'));
    etcd.signal('SIGSTOP');
    assert.equal(await failure(store.put('/t/a', '2')), 'unknown-outcome');
    assert.equal(await failure(store.get('/t/a')), 'unavailable');
    etcd.signal('SIGCONT');
    const settled = await eventually(() =>
      store.transact({
        when: [{ kind: 'mod-revision', key: '/t/a', revision: before }],
        then: [{ kind: 'put', key: '/t/a', value: '3' }],
        otherwise: [{ kind: 'get', key: '/t/a' }],
      }),
    );
    assert.equal((await patient.get('/t/a')).entry?.value, settled.succeeded ? '3' : '2');
  });

  it('a watch survives the restart and compaction of etcd and shows what happened meanwhile', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const store = client({ endpoints: [etcd.address] });
    const seen = mirror(store, '/t/');
    await store.put('/t/a', '1');
    await store.put('/t/b', '1');
    await until('the first changes', () => seen.values.size === 2);
    await etcd.kill();
    await until('the loss is noticed', () => log.some((line) => line.includes('"/t/" was interrupted')));
    await etcd.restart();
    await etcd.control('put', '/t/a', '2');
    await etcd.control('del', '/t/b');
    const { revision } = await eventually(() => store.put('/t/c', '3').then((written) => ({ revision: written })));
    await etcd.control('compact', String(revision));
    await until('the watch has caught up', () => JSON.stringify([...seen.values].sort()) === '[["a","2"],["c","3"]]');
    await store.put('/t/c', '4');
    await until('the watch goes on', () => seen.values.get('c') === '4');
    assert.ok(log.some((line) => line.startsWith('watching "/t/" again, from revision')));
  });

  it('a watch notices that its etcd is paused, and shows later what it missed', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const store = client({ endpoints: [etcd.address] });
    const seen = mirror(store, '/t/');
    await store.put('/t/a', '1');
    await until('the first change', () => seen.values.get('a') === '1');
    etcd.signal('SIGSTOP');
    await until('the loss is noticed', () => log.some((line) => line.includes('interrupted')));
    assert.ok(seen.staleMs() > 1000);
    etcd.signal('SIGCONT');
    await eventually(() => store.put('/t/a', '2'));
    await until('the watch goes on', () => seen.values.get('a') === '2' && seen.staleMs() < 1500);
    assert.ok(seen.states >= 2);
  });

  it('a watch over a connection that falls silent (a cable is cut) is begun again', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const proxy = await SilentProxy.start(etcd.address);
    const store = client({ endpoints: [proxy.address] });
    const direct = client({ endpoints: [etcd.address] });
    const seen = mirror(store, '/t/');
    await until('the state', () => seen.states === 1);
    proxy.isSilent = true;
    await direct.put('/t/a', '1');
    await until('the loss is noticed', () => log.some((line) => line.includes('interrupted')));
    assert.equal(seen.values.size, 0);
    proxy.isSilent = false;
    await until('what was missed', () => seen.values.get('a') === '1');
    await proxy.stop();
  });

  it('a lease lives through a restart of etcd that is shorter than it', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const store = client({ endpoints: [etcd.address] });
    const lease = await store.grantLease(15_000);
    await store.put('/t/a', '1', lease.id);
    await etcd.kill();
    await etcd.restart();
    await renewed(lease);
    assert.equal((await store.get('/t/a')).entry?.lease, lease.id);
  });

  it('a lease counts as lost when it could not be renewed in its time, before etcd gives it to another', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const store = client({ endpoints: [etcd.address] });
    const lease = await store.grantLease(5000);
    await store.put('/t/owner', 'me', lease.id);
    etcd.signal('SIGSTOP');
    // (Timers of one process come in their order, however late.)
    assert.equal(await Promise.race([lease.lost, sleep(lease.ttlMs + 100, 'too late')]), 'overdue');
    assert.equal(lease.remainingMs(), 0);
    etcd.signal('SIGCONT');
    await until('the key ends', async () => (await eventually(() => store.get('/t/owner'))).entry === undefined);
    assert.ok(log.some((line) => line.includes('is lost: it could not be renewed in its time')));
  });

  it('a wall clock that is moved by minutes, forth and back, changes nothing', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    const store = client({ endpoints: [etcd.address] });
    const seen = mirror(store, '/t/');
    const lease = await store.grantLease(6000);
    const { now } = Date;
    try {
      for (const [round, minutes] of [10, -10, 0].entries()) {
        const calls = Array.from({ length: 20 }, (_, index) => store.put(`/t/${index}`, String(round), lease.id));
        Date.now = () => now() + minutes * 60_000;
        await Promise.all(calls);
        await store.put('/t/round', String(round), lease.id);
        await until(`the watch in round ${round}`, () => seen.values.get('round') === String(round));
        await renewed(lease);
      }
    } finally {
      Date.now = now;
    }
    // (A machine that is kept busy may interrupt a watch, too, whose silence is measured in another way.)
    assert.ok(!log.some((line) => /lease|does not answer/.test(line)), log.join('; '));
  });

  it('with three members the loss of the one in use, and of the leader, is passed over', async () => {
    const members = await startEtcd(3);
    const store = client({ endpoints: members.map(({ address }) => address) });
    const seen = mirror(store, '/t/');
    const lease = await store.grantLease(60_000);
    await store.put('/t/node', 'here', lease.id);
    for (const [round, member] of members.entries()) {
      // Each is killed in turn, so the leader and the one in use are among them.
      await member.kill();
      await eventually(() => store.put('/t/round', String(round)));
      await until(`the watch in round ${round}`, () => seen.values.get('round') === String(round));
      assert.equal(seen.values.get('node'), 'here');
      await member.restart();
    }
    assert.ok(lease.remainingMs() > 0);
  });

  it('a leader that steps down for another interrupts nothing', async () => {
    const members = await startEtcd(3);
    const store = client({ endpoints: members.map(({ address }) => address) });
    const seen = mirror(store, '/t/');
    for (let round = 0; round < 3; round++) {
      const statuses = await Promise.all(
        members.map(async (member) => {
          const [{ Status }] = JSON.parse(await member.control('endpoint', 'status', '-w', 'json')) as [
            { readonly Status: { readonly leader: bigint; readonly header: { readonly member_id: bigint } } },
          ];
          return { member, ...Status };
        }),
      );
      const leader = statuses.find(({ leader: id, header }) => id === header.member_id);
      if (leader === undefined) continue;
      const list = await leader.member.control('member', 'list');
      const [target] = list.split('\n').filter((line) => !line.includes(leader.member.address));
      await leader.member.control('move-leader', (target ?? '').split(',')[0] ?? '');
      await eventually(() => store.put('/t/a', String(round)));
      await until('the watch', () => seen.values.get('a') === String(round));
    }
  });

  it('a member without majority is not believed', async () => {
    const members = await startEtcd(3);
    const [last, ...others] = members as [Etcd, Etcd, Etcd];
    const store = client({ endpoints: [last.address], deadlineMs });
    const seen = mirror(store, '/t/');
    await eventually(() => store.put('/t/a', '1'));
    await until('the first change', () => seen.values.get('a') === '1');
    for (const other of others) other.signal('SIGSTOP');
    assert.equal(await failure(store.put('/t/a', '2')), 'unknown-outcome');
    assert.equal(await failure(store.get('/t/a')), 'unavailable');
    await until('the watch learns that there is no leader', () => log.some((line) => line.includes('"/t/" was interrupted')));
    await until('its knowledge ages', () => seen.staleMs() > 1500);
    for (const other of others) other.signal('SIGCONT');
    await eventually(() => store.put('/t/a', '3'));
    await until('the watch goes on', () => seen.values.get('a') === '3');
  });

  it('TLS: only who has a certificate of the authority is served', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-etcd-tls-'));
    const own = makeCertificates(directory, 'etcd authority', ['etcd', 'node']);
    const tls = { cert: own.file('etcd.crt'), key: own.file('etcd.key'), ca: own.file('ca.crt') };
    const [etcd] = (await startEtcd(1, tls)) as [Etcd];
    const ca = readFileSync(tls.ca);
    const node = { cert: readFileSync(own.file('node.crt')), key: readFileSync(own.file('node.key')) };
    const endpoints = [etcd.address];
    const store = client({ endpoints, tls: { ca, client: node } });
    const seen = mirror(store, '/t/');
    await store.put('/t/a', '1');
    await until('the watch', () => seen.values.get('a') === '1');
    assert.equal(await failure(client({ endpoints, tls: { ca }, deadlineMs }).get('/t/a')), 'unavailable');
    assert.equal(await failure(client({ endpoints, deadlineMs }).get('/t/a')), 'unavailable');
    rmSync(directory, { recursive: true });
  });

  it('users: a wrong password is turned away, a right one goes on after a restart that forgets the tokens', async () => {
    const [etcd] = (await startEtcd()) as [Etcd];
    await etcd.control('user', 'add', 'root:secret');
    await etcd.control('user', 'add', 'shoal:s3cret');
    await etcd.control('role', 'add', 'shoal');
    await etcd.control('role', 'grant-permission', 'shoal', 'readwrite', '/t/', '/t0');
    await etcd.control('user', 'grant-role', 'shoal', 'shoal');
    await etcd.control('auth', 'enable');
    const endpoints = [etcd.address];
    assert.equal(await failure(client({ endpoints, user: { name: 'shoal', password: 'wrong' } }).get('/t/a')), 'unauthenticated');
    assert.equal(await failure(client({ endpoints }).put('/t/a', '1')), 'unauthenticated');
    const store = client({ endpoints, user: { name: 'shoal', password: 's3cret' } });
    const seen = mirror(store, '/t/');
    const lease = await store.grantLease(60_000);
    await store.put('/t/a', '1', lease.id);
    assert.equal(await failure(store.put('/elsewhere', '1')), 'unauthenticated');
    await until('the watch', () => seen.values.get('a') === '1');
    await etcd.kill();
    await etcd.restart();
    await eventually(() => store.put('/t/b', '2', lease.id));
    await until('the watch goes on', () => seen.values.get('b') === '2');
    assert.ok(lease.remainingMs() > 0);
  });
});

/** Passes bytes on, or swallows them in both directions while the connections stay open. */
class SilentProxy {
  isSilent = false;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  static async start(target: string): Promise<SilentProxy> {
    const [host = '', port = ''] = target.split(':');
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const own = server.address();
    assert.ok(own !== null && typeof own === 'object');
    const proxy = new SilentProxy(server, `127.0.0.1:${own.port}`);
    server.on('connection', (from) => {
      const to = connect(Number(port), host);
      for (const [source, sink] of [
        [from, to],
        [to, from],
      ] as const) {
        proxy.#sockets.add(source);
        source.on('data', (chunk) => {
          if (!proxy.isSilent) sink.write(chunk);
        });
        source.on('error', () => undefined);
        source.on('close', () => {
          proxy.#sockets.delete(source);
          sink.destroy();
        });
      }
    });
    return proxy;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}
