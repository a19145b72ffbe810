/**
 * The copies of databases that nodes have, as the main thread of each sees them: what they tell about themselves, for shoal.replicas, and whether their contents are the same. A node
 * asks the others over the channel (proxy/other-nodes.ts); the coordination store has the rest. Made by cli/compose.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlacementFacts, ReplicaRow, ReplicationView } from '../catalog/pg-catalog/replication-view.js';
import { PgError } from '../common/errors.js';
import type { Client } from '../common/rpc.js';
import { wallMicros } from '../common/clock.js';
import type { Inventory, PlacedDatabase } from '../cluster/placement/inventory.js';
import { reportDatabases } from '../cluster/placement/placement-report.js';
import { type ComparedCopy, type CopyFindings, judgeCopies } from '../cluster/replication/compare-copies.js';
import type { LaneSide } from '../cluster/replication/node/replica-bridge.js';
import type { PeerFacts, ReplicaFacts } from '../cluster/replication/replica.js';
import { digestDatabase } from '../storage/integrity/digest-run.js';
import { compareDigests, type FileDigest } from '../storage/integrity/table-digest.js';
import type { OtherNodes } from './other-nodes.js';

/** A replicated database on this node. */
export interface OwnReplica {
  /** Its OID. */
  readonly database: number;
  readonly directory: string;
  readonly lane: Pick<Client<LaneSide>, 'facts' | 'quarantine' | 'handOver'>;
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
  digests(request: { readonly database: number; readonly schemas: readonly string[] | undefined; readonly restMs: number }): Promise<readonly FileDigest[]>;
  /** Of the primary's node. */
  comparePrimary(request: { readonly database: number; readonly restMs: number }): Promise<Comparison>;
}

export interface NodeReplicasOptions {
  readonly node: string;
  /** undefined: this node is alone. */
  readonly inventory: (() => Inventory) | undefined;
  readonly own: () => readonly OwnReplica[];
  readonly otherNodes: OtherNodes | undefined;
  readonly log: (line: string) => void;
}

/** A file that is written to all the time is seldom at one record in two copies. */
const attemptsMax = 8;
const attemptPauseMs = 100;
/** How long another primary is waited for, when this one's copy is the wrong one. */
const handOverMsMax = 10_000;
const handOverPollMs = 100;

export class NodeReplicas implements NodeReplicaService {
  readonly #comparisons = new Map<number, Comparison>();
  readonly #comparing = new Map<number, Promise<Comparison>>();

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
        this.options.log(
          `the copies of database ${String(database)} could not be compared: ${error instanceof Error ? error.message : String(error)}`,
        );
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

  async digests({
    database,
    schemas,
    restMs,
  }: {
    readonly database: number;
    readonly schemas: readonly string[] | undefined;
    readonly restMs: number;
  }): Promise<readonly FileDigest[]> {
    return await digestDatabase({ directory: this.#own(database).directory, schemas, restMs });
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
    const others = configuration.isr.filter((other) => other !== node);
    const own = new Map<string, FileDigest>();
    const found = new Map(
      others.map((other) => [other, { files: new Map<string, FileDigest>(), differences: new Map<string, CopyFindings['differences']>() }]),
    );
    let pending: readonly string[] | undefined;
    for (let attempt = 0; attempt < attemptsMax && (pending === undefined || pending.length > 0); attempt++) {
      if (attempt > 0) await sleep(attemptPauseMs);
      const schemas = pending;
      const [here, ...there] = await Promise.all([
        this.digests({ database, schemas, restMs }),
        ...others.map(async (other) => await this.#theirs(other, database, schemas, restMs)),
      ]);
      for (const file of here) own.set(file.schema, file);
      const missing = new Set<string>();
      others.forEach((other, at) => {
        const theirs = there[at] ?? [];
        const known = found.get(other);
        if (known === undefined) return;
        const { differences, pending: open } = compareDigests(here, theirs);
        for (const file of theirs) {
          if (open.includes(file.schema)) continue;
          known.files.set(file.schema, file);
          known.differences.set(
            file.schema,
            differences.filter(({ schema }) => schema === file.schema),
          );
        }
        for (const schema of own.keys()) if (!known.files.has(schema)) missing.add(schema);
      });
      pending = [...missing];
    }
    const comparison: Comparison = {
      atMicros: wallMicros(),
      copies: judgeCopies(
        node,
        [...own.values()],
        [...found].map(([other, { files, differences }]) => ({
          node: other,
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

  /** Nothing when the node does not answer. */
  async #theirs(other: string, database: number, schemas: readonly string[] | undefined, restMs: number): Promise<readonly FileDigest[]> {
    try {
      const client = await this.options.otherNodes?.of(other, 'replicas');
      return (await client?.digests({ database, schemas, restMs })) ?? [];
    } catch (error) {
      this.options.log(
        `node ${other} cannot say what its copy of database ${this.#placed(database).name} holds: ${error instanceof Error ? error.message : String(error)}`,
      );
      return [];
    }
  }

  /** Copies that are wrong are named and replaced; if it is the primary's, after another has taken over. */
  async #act(database: number, { copies }: Comparison): Promise<void> {
    const { node, log } = this.options;
    const { lane } = this.#own(database);
    const { name } = this.#placed(database);
    for (const copy of copies) {
      if (copy.result !== 'different') continue;
      const tables = copy.differences.map(({ schema, table, lsn }) => `${schema}.${table} at record ${String(lsn)}`).join(', ');
      log(`the copy of database ${name} on node ${copy.node} holds something else than it should: ${tables}`);
      if (copy.node !== node) await lane.quarantine({ node: copy.node });
      else {
        await lane.handOver(null);
        void this.#compareElsewhere(database);
      }
    }
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
