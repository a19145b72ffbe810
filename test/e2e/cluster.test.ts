/** A cluster on this machine as users run it: `shoal cluster up`, `status`, `down`; nodes that come and go; settings for all; etcd restarted under it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peerBinary } from '../../scripts/peers.mjs';
import { makeCertificates } from '../support/certificates.js';
import { Etcd, needEtcd } from '../support/etcd.js';
import { run } from '../support/process.js';
import { Shoal } from '../support/shoal.js';
import { shoalCommand } from '../support/shoal-command.js';
import { connect } from '../support/subject.js';

interface Ports {
  readonly etcd: { readonly client: number };
  readonly nodes: readonly { readonly postgres: number; readonly http: number }[];
}

interface Report {
  readonly leader: string;
  readonly members: readonly { readonly id: string; readonly state: string; readonly incarnation: number }[];
}

describe('a cluster on this machine', function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-cluster-'));
  const etcd = peerBinary('etcd') ?? 'etcd';
  const pids = (): string[] => ['etcd', 'node-1', 'node-2', 'node-3'].map((name) => readFileSync(join(directory, `${name}.pid`), 'utf8').trim());
  const ports = (): Ports => JSON.parse(readFileSync(join(directory, 'cluster.json'), 'utf8')) as Ports;
  const port = (node: number): number => ports().nodes[node - 1]?.postgres ?? 0;

  async function cluster(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await shoalCommand(['cluster', ...args]);
    assert.equal(status, 0, `${stdout}${stderr}`);
    return stdout;
  }
  const up = async (): Promise<string> => await cluster('up', '--dir', directory, '--etcd', etcd, '--', '--scan-threads', '1');

  async function ask(node: number, text: string): Promise<(string | null)[][]> {
    const client = await connect({ host: '127.0.0.1', port: port(node), user: 'postgres', database: 'postgres' });
    try {
      const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
      return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
    } finally {
      await client.end();
    }
  }

  async function report(node: number): Promise<Report> {
    return (await (await fetch(`http://127.0.0.1:${ports().nodes[node - 1]?.http ?? 0}/cluster`)).json()) as Report;
  }

  async function until(what: string, holds: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const startMs = performance.now();
    while (!(await holds())) {
      assert.ok(performance.now() - startMs < timeoutMs, `${what}: not after ${timeoutMs} ms`);
      await sleep(50);
    }
  }

  async function control(...args: readonly string[]): Promise<string> {
    const found = await run(peerBinary('etcdctl') ?? 'etcdctl', ['--endpoints', `127.0.0.1:${ports().etcd.client}`, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
    });
    assert.equal(found.status, 0, found.stderr);
    return found.stdout;
  }

  before(async function () {
    needEtcd(this);
    await up();
  });
  after(async () => {
    if (existsSync(join(directory, 'cluster.json'))) await cluster('down', '--dir', directory, '--purge');
    rmSync(directory, { recursive: true, force: true });
  });

  it('is up; to start it again changes nothing', async () => {
    const before = pids();
    assert.match(await up(), /node-1 runs already.*\n.*node-2 runs already.*\n.*node-3 runs already/);
    assert.deepEqual(pids(), before);
  });

  it('shows its nodes on every node', async () => {
    await until('three members', async () => (await report(1)).members.length === 3, 10_000);
    for (const node of [1, 2, 3]) {
      const rows = await ask(node, 'SELECT node, state, is_self, port, host FROM shoal.nodes ORDER BY node');
      const expected = [1, 2, 3].map((other) => [`node-${other}`, 'serving', other === node ? 't' : 'f', String(port(other)), '127.0.0.1']);
      assert.deepEqual(rows, expected);
      assert.deepEqual(await ask(node, 'SELECT count(*) FROM shoal.nodes WHERE is_leader'), [['1']]);
    }
    const store = `etcd://127.0.0.1:${ports().etcd.client}`;
    // (Measures and copies go on changing.)
    const members = (status: string): readonly string[] => status.match(/^node-\d +serving( +leader)? +\S+ +\S+/gm) ?? [];
    const byStore = members(await cluster('status', '--cluster', store));
    assert.equal(byStore.length, 3);
    assert.deepEqual(members(await cluster('status', '--join', `127.0.0.1:${ports().nodes[2]?.http ?? 0}`)), byStore);
    const record = JSON.parse(await control('get', '--print-value-only', '/shoal/main/nodes/node-2')) as { readonly id: string };
    assert.equal(record.id, 'node-2');
  });

  it('has the same databases on every node', async () => {
    await ask(1, 'CREATE TABLE shared (id int PRIMARY KEY, node int) PARTITION BY HASH (id) WITH (shards = 4)');
    for (const node of [1, 2, 3]) await ask(node, `INSERT INTO shared SELECT ${node} * 100 + g, ${node} FROM generate_series(1, 50) g`);
    for (const node of [1, 2, 3])
      assert.deepEqual(await ask(node, 'SELECT node, count(*) FROM shared GROUP BY node ORDER BY node'), [
        ['1', '50'],
        ['2', '50'],
        ['3', '50'],
      ]);
    await ask(2, 'CREATE DATABASE made_elsewhere');
    assert.deepEqual(await ask(3, "SELECT datname FROM pg_database WHERE datname = 'made_elsewhere'"), [['made_elsewhere']]);
    await ask(1, 'DROP DATABASE made_elsewhere');
  });

  it('applies settings on all nodes without restart: of ALTER SYSTEM, and of etcdctl', async () => {
    await ask(1, "ALTER SYSTEM SET work_mem = '77MB'");
    for (const node of [1, 2, 3]) await until(`node ${node}`, async () => (await ask(node, 'SHOW work_mem'))[0]?.[0] === '77MB', 5000);
    await control('put', '/shoal/main/config/nodes/node-3/settings/work_mem', '"88MB"');
    await until('its own setting', async () => (await ask(3, 'SHOW work_mem'))[0]?.[0] === '88MB', 5000);
    assert.deepEqual(await ask(2, 'SHOW work_mem'), [['77MB']]);
    await control('del', '/shoal/main/config/nodes/node-3/settings/work_mem');
    await ask(2, 'ALTER SYSTEM RESET work_mem');
    await until('the default', async () => (await ask(3, 'SHOW work_mem'))[0]?.[0] === '4MB', 5000);
  });

  it('elects another leader within ten seconds when the leader is killed, and takes the node back', async () => {
    const { leader, members } = await report(1);
    const dead = Number(leader.slice('node-'.length));
    const witness = dead === 1 ? 2 : 1;
    process.kill(Number(pids()[dead]), 'SIGKILL');
    await until('another leads', async () => ((await report(witness)).leader ?? leader) !== leader, 10_000);
    await until('it is gone', async () => (await report(witness)).members.length === 2, 15_000);
    assert.match(await up(), new RegExp(`${leader} started`));
    await until('it is back', async () => (await report(witness)).members.length === 3, 10_000);
    const incarnation = (of: Report['members']): number => of.find(({ id }) => id === leader)?.incarnation ?? 0;
    assert.ok(incarnation((await report(witness)).members) > incarnation(members));
  });

  it('a leader that was stopped for longer than its leases does not lead when it wakes, and is a member again', async () => {
    const { leader, members } = await report(1);
    const stopped = Number(leader.slice('node-'.length));
    const witness = stopped === 1 ? 2 : 1;
    const pid = Number(pids()[stopped]);
    process.kill(pid, 'SIGSTOP');
    await until('another leads', async () => ((await report(witness)).leader ?? leader) !== leader, 10_000);
    await until('it is gone', async () => (await report(witness)).members.length === 2, 15_000);
    process.kill(pid, 'SIGCONT');
    await until('it is back', async () => (await report(witness)).members.length === 3, 10_000);
    await until('it knows who leads', async () => (await report(stopped)).leader === (await report(witness)).leader, 5000);
    assert.deepEqual(
      (await report(stopped)).members.map(({ id, incarnation }) => [id, incarnation]),
      members.map(({ id, incarnation }) => [id, incarnation]),
    );
    const log = readFileSync(join(directory, `${leader}.log`), 'utf8');
    assert.match(log, /cluster: this node leads no more: its lease is lost/);
    assert.match(log, /cluster: the node is registered anew, since its lease was lost/);
  });

  it('goes on while etcd is restarted, and its members are the same', async () => {
    process.kill(Number(pids()[0]), 'SIGKILL');
    for (const node of [1, 2, 3]) assert.deepEqual(await ask(node, 'SELECT count(*) FROM shoal.nodes'), [['3']]);
    const { members } = await report(1);
    await up();
    await ask(1, "ALTER SYSTEM SET work_mem = '55MB'");
    await until('the watch goes on', async () => (await ask(2, 'SHOW work_mem'))[0]?.[0] === '55MB', 10_000);
    // Longer than the lease of a node.
    await sleep(11_000);
    assert.deepEqual(
      (await report(2)).members.map(({ id, incarnation }) => [id, incarnation]),
      members.map(({ id, incarnation }) => [id, incarnation]),
    );
    assert.match(
      readFileSync(join(directory, 'node-1.log'), 'utf8'),
      /cluster: http:\/\/127\.0\.0\.1:\d+ does not answer: .*\n(.*\n)*.*cluster: http:\/\/127\.0\.0\.1:\d+ answers/,
    );
  });

  it('a node that drains is not the leader, and says so', async () => {
    const { leader } = await report(1);
    const node = Number(leader.slice('node-'.length));
    const url = `http://127.0.0.1:${ports().nodes[node - 1]?.http ?? 0}/drain`;
    await fetch(url, { method: 'POST' });
    const witness = node === 1 ? 2 : 1;
    await until('another leads', async () => ((await report(witness)).leader ?? leader) !== leader, 5000);
    await until('its state', async () => (await report(witness)).members.find(({ id }) => id === leader)?.state === 'draining', 5000);
    await fetch(url, { method: 'DELETE' });
    await until('its state', async () => (await report(witness)).members.find(({ id }) => id === leader)?.state === 'serving', 5000);
  });

  it('ends, and says what it has ended', async () => {
    assert.match(await cluster('down', '--dir', directory), /node-1 has ended .*\nnode-2 has ended .*\nnode-3 has ended .*\netcd has ended/);
    assert.match(await cluster('down', '--dir', directory, '--purge'), /node-1 does not run\n/);
    assert.equal(existsSync(join(directory, 'cluster.json')), false);
  });
});

describe('shoal start in a cluster', () => {
  it('reaches an etcd with TLS and users, and takes others in that join it', async function () {
    needEtcd(this);
    const directory = mkdtempSync(join(tmpdir(), 'shoal-etcd-tls-'));
    const files = makeCertificates(directory, 'etcd authority', ['etcd', 'root', 'node']);
    const etcd = await Etcd.start({ cert: files.file('etcd.crt'), key: files.file('etcd.key'), ca: files.file('ca.crt') });
    await etcd.control('user', 'add', 'root:secret');
    await etcd.control('user', 'add', 'nodes:s3cret');
    await etcd.control('role', 'add', 'shoal');
    await etcd.control('role', 'grant-permission', 'shoal', 'readwrite', '/shoal/', '/shoal0');
    await etcd.control('user', 'grant-role', 'nodes', 'shoal');
    await etcd.control('auth', 'enable');
    const trust = ['--etcd-ca', files.file('ca.crt'), '--etcd-cert', files.file('node.crt'), '--etcd-key', files.file('node.key'), '--etcd-user', 'nodes'];
    const env = { ...process.env, SHOAL_ETCD_PASSWORD: 's3cret' };
    const first = await Shoal.start({ flags: ['--cluster', `etcd://${etcd.address}`, '--cluster-name', 'guarded', '--node-id', 'first', ...trust], env });
    const second = await Shoal.start({ flags: ['--join', new URL(first.http).host, '--node-id', 'second', ...trust], env });
    const client = await connect(first.connection);
    const nodes = async (): Promise<string> => {
      const { rows } = await client.query<{ readonly node: string }>('SELECT node FROM shoal.nodes ORDER BY node');
      return rows.map(({ node }) => node).join(', ');
    };
    assert.equal(await nodes(), 'first, second');
    await second.kill('SIGTERM');
    while ((await nodes()) !== 'first') await sleep(20);
    await client.end();
    const refused = await shoalCommand(['cluster', 'status', '--cluster', `etcd://${etcd.address}`, ...trust], { ...env, SHOAL_ETCD_PASSWORD: 'wrong' });
    assert.match(refused.stderr, /does not let us in: .*authentication failed.*\n.*SHOAL_ETCD_PASSWORD/);
    for (const node of [first, second]) await node.stop();
    await etcd.stop();
    rmSync(directory, { recursive: true });
  });

  it('refuses a data directory whose databases nobody would see', async function () {
    needEtcd(this);
    const etcd = await Etcd.start();
    const alone = await Shoal.start({ dataDirectory: mkdtempSync(join(tmpdir(), 'shoal-data-')) });
    await alone.stop();
    const place = ['--cluster', `etcd://${etcd.address}`];
    const first = await Shoal.start({ flags: [...place, '--node-id', 'first'] });
    const { status, stderr } = await shoalCommand(['start', '--data-dir', alone.dataDirectory, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', ...place]);
    assert.notEqual(status, 0);
    assert.match(stderr, /the data directory ".*" has databases of its own, which cluster "main" of node "first" does not know\n.*--data-dir/);
    await first.stop();
    await etcd.stop();
    rmSync(alone.dataDirectory, { recursive: true });
  });

  it('refuses what it cannot use, with a hint', async () => {
    for (const [args, message] of [
      [['--cluster', 'http://127.0.0.1'], /is no address of etcd: it looks like etcd:\/\/HOST:2379/],
      [['--cluster', 'etcd://127.0.0.1', '--join', '127.0.0.1:1'], /--cluster and --join exclude each other/],
      [['--join', '127.0.0.1:1'], /no member of a cluster answers at 127\.0\.0\.1:1: .*\n.*name the address of its --http/],
      [['--cluster', 'etcd://127.0.0.1', '--cluster-name', 'a/b'], /--cluster-name wants letters/],
      [['--cluster', 'etcd://127.0.0.1', '--etcd-user', 'me'], /--etcd-user wants a password\n.*SHOAL_ETCD_PASSWORD/],
    ] as const) {
      const directory = mkdtempSync(join(tmpdir(), 'shoal-data-'));
      const { status, stderr } = await shoalCommand(['start', '--data-dir', directory, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', ...args]);
      assert.notEqual(status, 0);
      assert.match(stderr, message);
      rmSync(directory, { recursive: true });
    }
  });
});
