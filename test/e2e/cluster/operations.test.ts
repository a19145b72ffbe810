/**
 * What an operator does with a cluster, on real processes: looks, moves a copy and a primary, drains a node, spreads the load, sets how many copies there are, compares them; all the
 * while a client writes.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { requirePageGuard } from '../../../src/storage/integrity/page-guard.js';
import { damageTable } from '../../support/damage.js';
import { needEtcd } from '../../support/etcd.js';
import { LocalCluster } from '../../support/local-cluster.js';
import { shoalCommand } from '../../support/shoal-command.js';

const postgresOid = 5;
const oids = [0, 1, 4, postgresOid];
/** What a client is to try again upon. */
const passing = /^(40001|57P01|57P03|08\w\w\w|ECONN\w+|EPIPE)$/;

/** Inserts numbers, each until it is told that it is there. */
class Writer {
  next = 1;
  /** What was not to be tried again. */
  readonly errors: string[] = [];
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(private readonly cluster: LocalCluster) {
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        const client = await this.cluster.connect((this.next % this.cluster.size) + 1);
        try {
          while (!this.#isOver) {
            await client.query('INSERT INTO item VALUES ($1) ON CONFLICT DO NOTHING', [this.next]);
            this.next++;
          }
        } finally {
          // (Not waited for: there may be nobody any more who would answer.)
          client.end().catch(() => undefined);
        }
      } catch (error) {
        const { code = '', message } = error as { readonly code?: string; readonly message: string };
        if (!passing.test(code) && !/terminated|ended|not queryable/i.test(message)) this.errors.push(`${code} ${message}`);
      }
    }
  }

  /** So many more are there. */
  async goesOn(count = 20): Promise<void> {
    const from = this.next;
    await this.cluster.until(`${String(count)} more rows`, async () => await Promise.resolve(this.next >= from + count));
  }

  async stop(): Promise<number> {
    this.#isOver = true;
    await this.#done;
    return this.next - 1;
  }
}

describe('operations on a cluster', function () {
  this.timeout(300_000);
  const cluster = new LocalCluster(3);
  let writer: Writer | undefined;
  const writing = (): Writer => {
    assert(writer !== undefined);
    return writer;
  };
  const store = (): readonly string[] => ['--cluster', `etcd://127.0.0.1:${String(cluster.ports.etcd.client)}`];
  const operate = async (...args: readonly string[]): Promise<string> => await cluster.command(...args, ...store());
  const replicas = async (): Promise<readonly string[]> => (await cluster.configuration(postgresOid))?.replicas ?? [];
  const nameOf = (node: number): string => `node-${String(node)}`;
  const refusal = async (...args: readonly string[]): Promise<string> => {
    const { status, stderr } = await shoalCommand(['cluster', ...args, ...store()]);
    assert.notEqual(status, 0);
    return stderr;
  };

  before(async function () {
    needEtcd(this);
    await cluster.up();
    // (etcd on a slow disk may not answer in time; to say it again changes nothing.)
    await cluster.until('the replication factor is set', async () => {
      const set = cluster.ask(1, 'ALTER SYSTEM SET shoal.replication_factor = 2');
      return await set.then(
        () => true,
        (error: { readonly code?: string }) => {
          assert.match(error.code ?? '', /^(40003|58000)$/);
          return false;
        },
      );
    });
    await cluster.until('two copies of each database', async () => {
      for (const oid of oids.slice(1)) {
        const { isr = [], replicas: wanted = [], primary } = (await cluster.configuration(oid)) ?? {};
        if (isr.length !== 2 || wanted.length !== 2 || primary !== wanted[0]) return false;
      }
      return true;
    });
    await cluster.ask(1, 'CREATE TABLE item (id int PRIMARY KEY) PARTITION BY HASH (id) WITH (shards = 4)');
    writer = new Writer(cluster);
  });
  after(async () => {
    await writer?.stop();
    await cluster.down();
  });

  it('shows where databases are, the same at every node', async () => {
    await cluster.until('status shows all copies in sync', async () => {
      const status = await operate('status');
      return /^postgres +\S+ \S+ +node-\d +node-\d, node-\d +2 of 2 +\d+$/m.test(status) && /^\(server\) .* 3 of all +\d+$/m.test(status);
    });
    // (Each node follows the store by itself.)
    const shows = async (node: number, sql: string, expected: () => Promise<readonly string[]> | readonly string[]): Promise<void> => {
      await cluster.until(`node ${String(node)}: ${sql}`, async () => (await cluster.ask(node, sql)).join(';') === (await expected()).join(';'));
    };
    for (const node of cluster.nodes) {
      await shows(node, "SELECT role, in_sync, state FROM shoal.replicas WHERE database = 'postgres' ORDER BY role DESC", () => [
        'primary,true,writing',
        'follower,true,following',
      ]);
      const placed = "SELECT node FROM shoal.placements WHERE database = 'postgres' AND state = 'in place' ORDER BY 1";
      await shows(node, placed, async () => [...(await replicas())].sort());
      await shows(node, 'SELECT count(*), min(cardinality(nodes)) FROM shoal.shards', () => ['4,2']);
    }
  });

  it('moves a copy to another node, the one that writes, too', async () => {
    const [from] = await replicas();
    const to = cluster.nodes.map(nameOf).find((node) => node !== from) ?? '';
    const free = cluster.nodes.map(nameOf).find((node) => node !== from);
    assert(from !== undefined && free !== undefined);
    const target = (await replicas()).includes(to) ? (cluster.nodes.map(nameOf).find((node) => node !== from && node !== to) ?? '') : to;
    const told = await operate('move', 'postgres', '--from', from, '--to', target, '--wait');
    assert.match(told, new RegExp(`postgres: ${target} is in sync`));
    const { primary, replicas: now, isr } = (await cluster.configuration(postgresOid)) ?? {};
    assert(now !== undefined && isr !== undefined);
    assert(!now.includes(from) && !isr.includes(from) && primary !== from && now.includes(target));
    await writing().goesOn();
    // To say it again changes nothing.
    assert.match(await operate('move', 'postgres', '--from', from, '--to', target), /is there already/);
  });

  it('lets another copy write', async () => {
    const [, second] = await replicas();
    assert(second !== undefined);
    await operate('move', 'postgres', '--primary', second, '--wait');
    assert.equal((await cluster.configuration(postgresOid))?.primary, second);
    await writing().goesOn();
    await operate('move', 'postgres', '--undo');
  });

  it('empties a node, and says when it may go', async () => {
    const [primary] = await replicas();
    assert(primary !== undefined);
    const node = Number(primary.slice('node-'.length));
    assert.match(await operate('drain', primary, '--wait'), new RegExp(`${primary} is empty`));
    for (const oid of oids) {
      const { primary: now, isr = [], replicas: wanted = [] } = (await cluster.configuration(oid)) ?? {};
      assert(now !== primary && !isr.includes(primary) && !wanted.includes(primary), `database ${String(oid)}`);
    }
    await writing().goesOn();
    const http = `http://127.0.0.1:${String(cluster.ports.nodes[node - 1]?.http)}`;
    await cluster.until('the node says so itself', async () => {
      const status = (await (await fetch(`${http}/drain`)).json()) as { readonly state: string };
      return status.state === 'drained';
    });
    await operate('drain', primary, '--undo');
    await cluster.until('it serves again', async () => (await fetch(`${http}/health`)).ok);
    await cluster.until('it has what all share again', async () => (await cluster.configuration(0))?.isr.includes(primary) === true);
  });

  it('says what it would do to spread the load, and does it', async () => {
    const planned = await operate('rebalance', '--dry-run');
    const told = await operate('rebalance', '--wait');
    // (Not compared with each other: nodes measure their loads anew at any time.)
    assert.match(planned, /^(would do: .*|loads are as even as they can be)$/m);
    assert.match(told, /loads are as even as they can be\n$/);
    await writing().goesOn();
  });

  it('makes as many copies as are wanted of a database', async () => {
    await cluster.ask(2, 'ALTER DATABASE postgres SET shoal.replication_factor = 3');
    await cluster.until('three copies', async () => (await cluster.configuration(postgresOid))?.isr.length === 3);
    await writing().goesOn();
  });

  interface Compared {
    readonly node: string;
    readonly result: string;
    readonly reason?: string;
  }
  const compare = async (): Promise<readonly Compared[]> =>
    JSON.parse((await cluster.ask(1, 'SELECT shoal_compare_copies()::text'))[0]?.[0] ?? '[]') as readonly Compared[];
  // (On a machine that is kept busy a copy may not be there in time, which is told; but none may be wrong.)
  const allSame = async (): Promise<void> => {
    await cluster.until('all copies are compared', async () => {
      const copies = await compare();
      assert(!copies.some(({ result }) => result === 'different' || result === 'damaged'), JSON.stringify(copies));
      return copies.length > 1 && copies.every(({ result }) => result === 'same');
    });
  };
  const pathOf = (node: string): string => join(cluster.directory, node, 'postgres', 'g1', '0000.sqlite');
  /** A copy that is in sync, of which another node is primary, is made wrong; it is found to be so, and replaced. */
  const spoil = async (change: (path: string) => Promise<void> | void, result: string, reason: RegExp): Promise<void> => {
    await allSame();
    const { primary = '', isr = [] } = (await cluster.configuration(postgresOid)) ?? {};
    const victim = isr.find((node) => node !== primary) ?? '';
    await change(pathOf(victim));
    await cluster.until('the copy is found', async () => {
      const wrong = (await compare()).filter((copy) => copy.result === 'different' || copy.result === 'damaged');
      for (const copy of wrong) {
        assert.deepEqual([copy.node, copy.result], [victim, result]);
        assert.match(copy.reason ?? '', reason);
      }
      return wrong.length === 1;
    });
    const told = cluster.log(Number(primary.slice('node-'.length))).split('\n');
    assert(told.some((line) => line.includes(`the copy of database postgres on node ${victim} is not what it should be`) && reason.test(line)));
    await cluster.until('the copy is in sync again', async () => {
      const copies = await cluster.ask(1, `SELECT in_sync, state FROM shoal.replicas WHERE database = 'postgres' AND node = '${victim}'`);
      return copies[0]?.join() === 'true,following';
    });
    await allSame();
    const count = String(writing().next - 1);
    for (const node of cluster.nodes) assert.deepEqual(await cluster.ask(node, 'SELECT count(*), max(id) FROM item'), [[count, count]]);
  };

  it('finds a copy that holds something else, and replaces it', async () => {
    // (While rows come, copies are looked at as they are at one record.)
    await allSame();
    await writing().stop();
    await spoil(
      (path) => {
        // (So that the pages have the right checksums.)
        requirePageGuard();
        const file = new Database(path);
        file.exec('UPDATE item SET id = id + 1000000 WHERE id = (SELECT min(id) FROM item)');
        file.close();
      },
      'different',
      /g1_0000\.item at record \d+/,
    );
  });

  it('finds a copy that is damaged, and replaces it', async () => {
    await writing().stop();
    await spoil(async (path) => await damageTable(path, 'item'), 'damaged', /0000\.sqlite", page \d+: its content does not match its checksum/);
    assert.deepEqual(writing().errors, []);
  });

  it('names what there is where it is asked for what there is not', async () => {
    assert.match(await refusal('drain', 'node-9'), /there is no node "node-9".*\n.*node-1, node-2, node-3/);
    assert.match(await refusal('move', 'nowhere', '--primary', 'node-1'), /there is no database "nowhere".*\n.*\(server\), postgres, template0, template1/);
    assert.match(await refusal('move', 'postgres', '--from', 'node-1', '--to', 'node-2'), /node-2 has a copy of postgres already/);
    assert.match(await refusal('move', 'postgres'), /where to\?/);
    assert.match(await refusal('drain', 'node-1', '--dry-run'), /"cluster drain" has no option --dry-run/);
  });
});
