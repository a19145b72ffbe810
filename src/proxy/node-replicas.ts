/**
 * The copies of databases that nodes have, as the main thread of each sees them: what they tell about themselves, for shoal.replicas, and whether their contents are the same. A node
 * asks the others over the channel (proxy/other-nodes.ts); the coordination store has the rest. Made by cli/compose.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import type { PlacementFacts, ReplicaRow, ReplicationView } from '../catalog/pg-catalog/replication-view.js';
import { assertNever, PgError } from '../common/errors.js';
import { type Client, connect, letGo } from '../common/rpc.js';
import type { PositionService } from '../storage/ports.js';
import { wallMicros } from '../common/clock.js';
import type { Inventory, PlacedDatabase } from '../cluster/placement/inventory.js';
import { reportDatabases } from '../cluster/placement/placement-report.js';
import { type ComparedCopy, type CopyFindings, judgeCopies } from '../cluster/replication/compare-copies.js';
import type { LaneSide } from '../cluster/replication/node/replica-bridge.js';
import type { PeerFacts, ReplicaFacts } from '../cluster/replication/replica.js';
import { DigestRun } from '../storage/integrity/digest-run.js';
import { isDamage } from '../storage/sqlite-errors.js';
import { compareDigests, type FileDigest } from '../storage/integrity/table-digest.js';
import type { OtherNodes } from './other-nodes.js';

/** A replicated database on this node. */
export interface OwnReplica {
  /** Its OID. */
  readonly database: number;
  readonly directory: string;
  readonly lane: Pick<Client<LaneSide>, 'facts' | 'quarantine' | 'handOver'>;
  /** A port with a PositionService. */
  readonly attachLane: () => MessagePort;
}

/** What a node tells of one of its copies. */
export interface LocalReplica {
  readonly database: number;
  readonly node: string;
  readonly facts: ReplicaFacts;
  /** Of the primary: what the last comparison has found. */
  readonly comparison: Comparison | undefined;
}

export interface Comparison {
  /** Since 2000-01-01 UTC. */
  readonly atMicros: number;
  readonly copies: readonly ComparedCopy[];
}

/** What nodes ask of each other. */
export interface NodeReplicaService {
  localReplicas(): Promise<readonly LocalReplica[]>;
  /** A thread is there that can look at the files, which stay where they are for a moment. */
  prepareDigests(request: DigestRequest): Promise<{ readonly run: number }>;
  /** It looks at them as they are at record `lsn`. */
  openDigests(request: { readonly run: number; readonly lsn: number }): Promise<void>;
  digests(request: { readonly run: number }): Promise<readonly FileDigest[]>;
  /** Of the primary's node. */
  comparePrimary(request: { readonly database: number; readonly restMs: number }): Promise<Comparison>;
}

export interface DigestRequest {
  readonly database: number;
  /** Files; undefined: all. */
  readonly schemas: readonly string[] | undefined;
  readonly restMs: number;
}

/** What came of looking at a copy. */
type Look =
  | { readonly kind: 'digests'; readonly files: readonly FileDigest[] }
  /** The files cannot be read. */
  | { readonly kind: 'damaged'; readonly reason: string }
  /** Its node does not answer, or could not hold it at the record. */
  | { readonly kind: 'silent' };

/** What is known of another node's copy while copies are compared. */
interface Known {
  readonly node: string;
  /** By file, of those that were at the record at which the primary's were. */
  readonly files: Map<string, FileDigest>;
  readonly differences: Map<string, CopyFindings['differences']>;
  damage: string | undefined;
}

/** Digests that another node has asked for. */
interface PreparedDigests {
  readonly run: DigestRun;
  readonly position: Client<PositionService>;
  readonly port: MessagePort;
  readonly hold: { readonly hold: number; readonly lsn: number };
  /** Ends it when the other node does not go on. */
  readonly timer: NodeJS.Timeout;
}

export interface NodeReplicasOptions {
  readonly node: string;
  /** undefined: this node is alone. */
  readonly inventory: (() => Inventory) | undefined;
  readonly own: () => readonly OwnReplica[];
  readonly otherNodes: OtherNodes | undefined;
  readonly log: (line: string) => void;
}

/** A transaction over several files may come between their snapshots. */
const attemptsMax = 8;
const attemptPauseMs = 100;
/** So long digests that are prepared are kept for who has asked. */
const preparedMsMax = 60_000;
/** How long another primary is waited for, when this one's copy is the wrong one. */
const handOverMsMax = 10_000;
const handOverPollMs = 100;

export class NodeReplicas implements NodeReplicaService {
  readonly #comparisons = new Map<number, Comparison>();
  readonly #comparing = new Map<number, Promise<Comparison>>();
  readonly #prepared = new Map<number, PreparedDigests>();
  #runs = 0;

  constructor(private readonly options: NodeReplicasOptions) {
    options.otherNodes?.provide('replicas', this);
  }

  /** For shoal.replicas and shoal.placements. */
  async replication(): Promise<ReplicationView> {
    const inventory = this.options.inventory?.();
    if (inventory === undefined) return { isAlone: true, node: this.options.node, replicas: [], placements: [] };
    const [own, others] = await Promise.all([
      this.localReplicas(),
      this.options.otherNodes?.each('replicas', async (node) => await node.localReplicas(undefined as never)) ?? [],
    ]);
    const told = [...own, ...others.flat()];
    return {
      isAlone: false,
      node: this.options.node,
      replicas: inventory.databases.flatMap((database) => replicaRows(database, told)),
      placements: reportDatabases(inventory).flatMap(({ id, name, bytes, placements }) =>
        placements.map((placement): PlacementFacts => ({ database: id, name, bytes, ...placement })),
      ),
    };
  }

  /** Compares all copies of a database, wherever its primary is; a copy that is wrong is replaced. */
  async compare({ database, restMs }: { readonly database: number; readonly restMs: number }): Promise<Comparison> {
    const { inventory, node, otherNodes } = this.options;
    if (inventory === undefined) return { atMicros: wallMicros(), copies: [] };
    const primary = this.#placed(database).configuration.primary;
    if (primary === node) return await this.comparePrimary({ database, restMs });
    if (otherNodes === undefined) throw new PgError('57P03', `the primary of the database, node "${primary}", cannot be reached`);
    const there = await otherNodes.of(primary, 'replicas');
    return await there.comparePrimary({ database, restMs });
  }

  /** Of all databases whose primary is here, one after the other: the schedule's. */
  async compareOwn(restMs: number): Promise<void> {
    for (const { database } of this.options.own()) {
      try {
        if (this.#placed(database).configuration.primary === this.options.node) await this.compare({ database, restMs });
      } catch (error) {
        this.options.log(`the copies of database ${String(database)} could not be compared: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  // ---- NodeReplicaService ----

  async localReplicas(): Promise<readonly LocalReplica[]> {
    const { node } = this.options;
    const told = await Promise.allSettled(
      this.options
        .own()
        .map(
          async ({ database, lane }): Promise<LocalReplica> => ({ database, node, facts: await lane.facts(null), comparison: this.#comparisons.get(database) }),
        ),
    );
    return told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  async prepareDigests(request: DigestRequest): Promise<{ readonly run: number }> {
    const { directory, attachLane } = this.#own(request.database);
    const run = new DigestRun({ directory, schemas: request.schemas, restMs: request.restMs });
    const port = attachLane();
    try {
      await run.ready;
      const position = connect<PositionService>(port);
      const hold = await position.holdPosition(null);
      const id = ++this.#runs;
      const timer = setTimeout(() => {
        this.#end(id);
      }, preparedMsMax);
      timer.unref();
      this.#prepared.set(id, { run, position, port, hold, timer });
      return { run: id };
    } catch (error) {
      port.close();
      await run.stop();
      throw error;
    }
  }

  async openDigests({ run: id, lsn }: { readonly run: number; readonly lsn: number }): Promise<void> {
    const { run, position, hold, port, timer } = this.#preparedOf(id);
    clearTimeout(timer);
    try {
      // (What has more, though it was held before the primary's snapshot was taken, has the beginning of an epoch, which changes no file.)
      if (hold.lsn < lsn) await position.advancePosition({ hold: hold.hold, lsn });
      await run.open();
    } catch (error) {
      this.#end(id);
      throw error;
    } finally {
      letGo(
        position.releasePosition({ hold: hold.hold }).finally(() => {
          port.close();
        }),
      );
    }
  }

  async digests({ run: id }: { readonly run: number }): Promise<readonly FileDigest[]> {
    try {
      return await this.#preparedOf(id).run.digests;
    } finally {
      this.#prepared.delete(id);
    }
  }

  #preparedOf(id: number): PreparedDigests {
    const prepared = this.#prepared.get(id);
    if (prepared === undefined) throw new PgError('57014', 'the digests were not wanted any more');
    return prepared;
  }

  #end(id: number): void {
    const prepared = this.#prepared.get(id);
    this.#prepared.delete(id);
    prepared?.port.close();
    void prepared?.run.stop();
  }

  async comparePrimary({ database, restMs }: { readonly database: number; readonly restMs: number }): Promise<Comparison> {
    let running = this.#comparing.get(database);
    if (running === undefined) {
      running = this.#compare(database, restMs).finally(() => this.#comparing.delete(database));
      this.#comparing.set(database, running);
    }
    return await running;
  }

  // ---- comparing ----

  async #compare(database: number, restMs: number): Promise<Comparison> {
    const { node } = this.options;
    const { configuration } = this.#placed(database);
    const others = configuration.isr
      .filter((other) => other !== node)
      .map((other): Known => ({ node: other, files: new Map(), differences: new Map(), damage: undefined }));
    const own = new Map<string, FileDigest>();
    let ownDamage: string | undefined;
    let pending: readonly string[] | undefined;
    for (let attempt = 0; attempt < attemptsMax && ownDamage === undefined && (pending === undefined || pending.length > 0); attempt++) {
      if (attempt > 0) await sleep(attemptPauseMs);
      const readable = others.filter(({ damage }) => damage === undefined);
      const { here, there } = await this.#look({ database, schemas: pending, restMs }, readable);
      if (here.kind === 'damaged') ownDamage = here.reason;
      if (here.kind === 'digests') for (const file of here.files) own.set(file.schema, file);
      readable.forEach((known, at) => {
        noteLook(known, here.kind === 'digests' ? here.files : undefined, there[at] ?? silent);
      });
      const missing = others.flatMap(({ damage, files }) => (damage === undefined ? [...own.keys()].filter((schema) => !files.has(schema)) : []));
      pending = [...new Set(missing)];
    }
    const comparison: Comparison = {
      atMicros: wallMicros(),
      copies: judgeCopies(
        { node, files: [...own.values()], damage: ownDamage },
        others.map(({ node: other, files, differences, damage }) => ({
          node: other,
          damage,
          files: [...files.values()],
          differences: [...differences.values()].flat(),
          pending: [...own.keys()].filter((schema) => !files.has(schema)),
        })),
      ),
    };
    this.#comparisons.set(database, comparison);
    await this.#act(database, comparison);
    return comparison;
  }

  /**
   * At this node's copy as it is now, and at the others' as they are at the same record. When this one's cannot be read the others are still looked at, as they are: which of them can be
   * is what there is to know then.
   */
  async #look(request: DigestRequest, others: readonly Known[]): Promise<{ readonly here: Look; readonly there: readonly Look[] }> {
    const { directory } = this.#own(request.database);
    const own = new DigestRun({ directory, schemas: request.schemas, restMs: request.restMs });
    const ready = await damageOf(own.ready);
    const theirs = await Promise.all(
      others.map(
        async ({ node: other }) =>
          await this.#answered(other, request.database, async () => {
            const node = await this.options.otherNodes?.of(other, 'replicas');
            return node === undefined ? silent : { kind: 'prepared' as const, node, ...(await node.prepareDigests(request)) };
          }),
      ),
    );
    const opened = 'damage' in ready ? ready : await damageOf(own.open());
    const there = theirs.map(async (prepared, at): Promise<Look> => {
      if (prepared.kind !== 'prepared') return prepared;
      return await this.#answered(others[at]?.node ?? '', request.database, async () => {
        await prepared.node.openDigests({ run: prepared.run, lsn: 'damage' in opened ? 0 : opened.value });
        return { kind: 'digests', files: await prepared.node.digests({ run: prepared.run }) };
      });
    });
    const [read, ...found] = await Promise.all(['damage' in opened ? opened : damageOf(own.digests), ...there]);
    return { here: 'damage' in read ? { kind: 'damaged', reason: read.damage } : { kind: 'digests', files: read.value }, there: found };
  }

  /** What another node has answered; if that is not what it should, a line in the log. */
  async #answered<T>(other: string, database: number, ask: () => Promise<T>): Promise<T | Exclude<Look, { readonly kind: 'digests' }>> {
    try {
      return await ask();
    } catch (error) {
      if (isDamage(error)) return { kind: 'damaged', reason: (error as Error).message };
      // (SH004: the copy could not be held at the record; it is asked again.)
      if (!(error instanceof PgError && error.code === 'SH004')) {
        const { name } = this.#placed(database);
        this.options.log(`node ${other} cannot say what its copy of database ${name} holds: ${error instanceof Error ? error.message : String(error)}`);
      }
      return silent;
    }
  }

  /** Copies that are wrong are named and replaced; if it is the primary's, after another has taken over that is not. */
  async #act(database: number, { copies }: Comparison): Promise<void> {
    const { node, log } = this.options;
    const { lane } = this.#own(database);
    const { name } = this.#placed(database);
    const wrong = copies.filter(({ result }) => result === 'different' || result === 'damaged');
    for (const { node: other, reason = '' } of wrong) log(`the copy of database ${name} on node ${other} is not what it should be: ${reason}`);
    // (As long as this node's own is wrong, others are not replaced by copies of it.)
    if (wrong.some((copy) => copy.node === node)) {
      const heirs = copies.filter((copy) => copy.node !== node && !wrong.includes(copy) && copy.checksum !== undefined).map((copy) => copy.node);
      if (heirs.length === 0) {
        log(`no other node has a copy of database ${name} that could take over: bring the data back from a backup with \`shoal restore\``);
        return;
      }
      await lane.handOver({ heirs });
      void this.#compareElsewhere(database);
      return;
    }
    for (const { node: other, reason = '' } of wrong) await lane.quarantine({ node: other, reason });
  }

  async #compareElsewhere(database: number): Promise<void> {
    const deadline = performance.now() + handOverMsMax;
    while (performance.now() < deadline) {
      await sleep(handOverPollMs);
      if (this.#placed(database).configuration.primary === this.options.node) continue;
      await this.compare({ database, restMs: 0 }).catch((error: unknown) => {
        this.options.log(`the copies of database ${this.#placed(database).name} could not be compared again: ${String(error)}`);
      });
      return;
    }
  }

  #own(database: number): OwnReplica {
    const own = this.options.own().find((replica) => replica.database === database);
    if (own === undefined) throw new PgError('08006', 'this node has no copy of the database');
    return own;
  }

  #placed(database: number): PlacedDatabase {
    const placed = this.options.inventory?.().databases.find(({ id }) => id === String(database));
    if (placed === undefined) throw new PgError('57P03', 'the database is not known to the cluster yet');
    return placed;
  }
}

const silent: Look & { readonly kind: 'silent' } = { kind: 'silent' };

/** `damage`: why files could not be read. */
async function damageOf<T>(reading: Promise<T>): Promise<{ readonly value: T } | { readonly damage: string }> {
  try {
    return { value: await reading };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { damage: (error as Error).message };
  }
}

/** own: the primary's; undefined: it cannot be read. */
function noteLook(known: Known, own: readonly FileDigest[] | undefined, look: Look): void {
  switch (look.kind) {
    case 'silent':
      return;
    case 'damaged':
      known.damage = look.reason;
      return;
    case 'digests': {
      const { differences, pending } = compareDigests(own ?? [], look.files);
      for (const file of look.files) {
        if (pending.includes(file.schema) || own?.some(({ schema }) => schema === file.schema) === false) continue;
        known.files.set(file.schema, file);
        known.differences.set(
          file.schema,
          differences.filter(({ schema }) => schema === file.schema),
        );
      }
      return;
    }
    default:
      assertNever(look);
  }
}

/** One for each node that has a copy, or shall have one. */
function replicaRows({ id, name, configuration }: PlacedDatabase, told: readonly LocalReplica[]): readonly ReplicaRow[] {
  const { primary, isr, replicas, epoch } = configuration;
  const here = told.filter(({ database }) => String(database) === id);
  const primaryTells = here.find(({ node, facts }) => node === primary && facts.role === 'primary');
  return [...new Set([primary, ...isr, ...replicas])].map((node): ReplicaRow => {
    const facts = here.find((replica) => replica.node === node)?.facts;
    const peer = primaryTells?.facts.peers.find((candidate) => candidate.node === node);
    const compared = primaryTells?.comparison?.copies.find((copy) => copy.node === node);
    const isPrimary = node === primary;
    return {
      database: Number(id),
      name,
      node,
      role: isPrimary ? 'primary' : 'follower',
      inSync: isr.includes(node),
      state: stateOf(isPrimary, isr.includes(node), facts, peer),
      epoch: facts?.epoch ?? epoch,
      commitLsn: facts?.commitIndex,
      appliedLsn: facts?.appliedLsn ?? peer?.appliedLsn,
      lagBytes: isPrimary ? 0 : peer?.lagBytes,
      lagMs: isPrimary ? 0 : facts === undefined || !Number.isFinite(facts.stalenessMs) ? undefined : Math.round(facts.stalenessMs),
      checksum: compared?.checksum,
      comparison: compared?.result,
      comparedMicros: compared === undefined ? undefined : primaryTells?.comparison?.atMicros,
    };
  });
}

function stateOf(isPrimary: boolean, isInSync: boolean, facts: ReplicaFacts | undefined, peer: PeerFacts | undefined): ReplicaRow['state'] {
  if (facts === undefined) return 'unreachable';
  if (facts.isInstalling) return 'copying';
  if (peer?.isQuarantined === true) return 'quarantined';
  if (facts.role === 'starting') return 'starting';
  if (isPrimary) return facts.role === 'primary' ? 'writing' : 'taking over';
  return isInSync ? 'following' : 'catching up';
}
