/**
 * The scan threads that work for one statement, all showing one cut: who runs what, who is lost, who comes late. Used by executor/execution and by the exchanges.
 *
 * Over several nodes places pull the shards of a fragment (task-queue.ts); what a lost node had under way runs elsewhere as long as nothing of it was used.
 */
import { shardSchemaName } from '../catalog/shard-group.js';
import type { LogicalNode } from '../plan/logical.js';
import type { Fragment, PhysicalPlan } from '../plan/physical.js';
import { visitPlan } from '../plan/walk.js';
import type { OpenCursor } from '../storage/ports.js';
import { closePlaces, type CutRequest, joinCut, openCut, type OpenPlace } from './cut.js';
import type { ExecutionRequest } from './execution-request.js';
import { indexesOf } from './prune.js';
import { type Copies, NodeLostError, type ReadingNode, saysLost } from './reading-nodes.js';
import { renderParameters, renderText } from './render.js';
import { TaskQueue } from './task-queue.js';

/** How often a long statement looks for nodes that have come. */
const lookForNodesMs = 500;

type LandedNode = Extract<LogicalNode, { readonly kind: 'landed' }>;

/** Whether a fragment reads a landing table for which `holds`. (Asked for every run of a plan from the cache.) */
function landingTest(holds: (node: LandedNode) => boolean): (fragment: Fragment) => boolean {
  const known = new WeakMap<Fragment, boolean>();
  return (fragment) => {
    let answer = known.get(fragment);
    if (answer === undefined) {
      answer = false;
      visitPlan(fragment.plan, (node) => {
        if (node.kind === 'landed' && holds(node)) answer = true;
      });
      known.set(fragment, answer);
    }
    return answer;
  };
}

/** Whether the fragment reads what a repartitioning exchange has brought to one place only. */
export const isBoundToPlaces = landingTest(({ group }) => group !== undefined);
/** Whether the fragment reads what any exchange has brought: a place that comes late does not have it. */
export const readsLandings = landingTest(() => true);

function tablesRead({ exchanges, root }: PhysicalPlan): readonly string[] {
  const tables = new Set<string>();
  for (const fragment of [...exchanges.map(({ producer }) => producer), root])
    visitPlan(fragment.plan, (node) => {
      if (node.kind === 'scan') tables.add(node.table.physicalName);
    });
  return [...tables];
}

export class WorkingPlaces {
  /** Those of the first node by their number, then those of the others, then those that have come late. */
  #places: (OpenPlace | undefined)[] = [];
  /** How many of them were there when the statement began: what is spread over places by number. */
  #placesAtStart = 0;
  #lsn = 0;
  readonly #lost = new Set<ReadingNode>();
  #cutRequest: CutRequest | undefined;
  /** Brings a place that has come late what the fragment reads of earlier exchanges. Set by who has done these; undefined: nobody can. */
  provide: ((fragment: Fragment, place: OpenPlace) => Promise<void>) | undefined;

  constructor(
    private readonly request: ExecutionRequest,
    private readonly nodes: readonly ReadingNode[],
    /** The place of the first node to which rows are gathered. */
    private readonly coordinatorNumber: number,
    private readonly copies: Copies | undefined,
  ) {}

  /** Whether places of several nodes take part. */
  get isSpread(): boolean {
    return this.copies !== undefined;
  }

  /** The node that writes the database, or the only one. */
  get home(): ReadingNode | undefined {
    return this.nodes[0];
  }

  get coordinator(): OpenPlace {
    return this.at(this.coordinatorNumber);
  }

  schemaName(group: number, index: number): string {
    return group < 0 ? `p_${String(index).padStart(4, '0')}` : shardSchemaName(this.request.catalog.group(group), index);
  }

  /** The shards, partitions or ranges for which a fragment runs. */
  indexes(fragment: Fragment): readonly number[] {
    const { plan, parameters, catalog } = this.request;
    return indexesOf(fragment, plan.partitions, parameters, catalog);
  }

  /** The place to which a repartition brings the rows of a shard (or partition): places take turns, so that a node has as many as its threads say. */
  placeOfPartition(index: number): number {
    return index % this.#placesAtStart;
  }

  /** The place that should run a fragment's instance. */
  placeOf(fragment: Fragment, index: number): number {
    return fragment.place.kind === 'shards' ? this.placeOfPartition(index) : this.coordinatorNumber;
  }

  // ---- the cut ----

  /** Opens the snapshot on every place that the plan needs, so that all parts show the same commits. */
  async openCut(): Promise<void> {
    const { plan, context, maxStalenessMs } = this.request;
    const [first] = this.nodes;
    this.#placesAtStart = first?.places.length ?? 0;
    const schemas = new Map<number, Set<string>>([[this.coordinatorNumber, new Set()]]);
    const allSchemas = new Set<string>();
    const at = (place: number): Set<string> => {
      let known = schemas.get(place);
      if (known === undefined) schemas.set(place, (known = new Set()));
      return known;
    };
    for (const fragment of [...plan.exchanges.map((exchange) => exchange.producer), plan.root]) {
      for (const schema of fragment.schemas) allSchemas.add(schema);
      for (const index of this.indexes(fragment)) {
        const here = at(this.placeOf(fragment, index));
        for (const schema of fragment.schemas) here.add(schema);
        if (fragment.place.kind !== 'shards' || fragment.place.group < 0) continue;
        const schema = this.schemaName(fragment.place.group, index);
        here.add(schema);
        allSchemas.add(schema);
      }
    }
    // A broadcast or repartition lands at every place that may run a consumer.
    if (plan.exchanges.some((exchange) => exchange.kind !== 'gather')) for (let place = 0; place < this.#placesAtStart; place++) at(place);
    this.#cutRequest = {
      context,
      catalogVersion: plan.catalogVersion,
      schemasAt: (place) => (this.isSpread ? allSchemas : schemas.get(place)),
      allSchemas,
      tables: tablesRead(plan),
      maxStalenessMs,
    };
    const cut = await openCut(this.nodes, this.copies, this.#cutRequest);
    this.#places = [...cut.first, ...cut.others];
    this.#placesAtStart = this.#places.length;
    this.#lsn = cut.lsn;
    this.#tellNodes();
  }

  #tellNodes(): void {
    if (this.isSpread) this.request.readsOn?.([...new Set(this.#places.flatMap((place) => (place === undefined ? [] : [place.node.name])))]);
  }

  /** Ends the snapshots, and with them whatever the statement has at the places: landing tables, cursors, what it holds of the distributed cache. */
  close(): void {
    closePlaces(this.#places);
    this.#places = [];
  }

  /** The open place of that number; a lost one is none. */
  at(place: number): OpenPlace {
    const open = this.#places[place];
    if (open === undefined) throw new Error(`assertion failed: place ${String(place)} has a snapshot`);
    if (this.#lost.has(open.node)) throw new NodeLostError(open.node, undefined);
    return open;
  }

  isOpen(place: number): boolean {
    const open = this.#places[place];
    return open !== undefined && !this.isLost(open.node);
  }

  isLost(node: ReadingNode): boolean {
    return this.#lost.has(node);
  }

  /** Others could not reach the nodes of these names. Answers these nodes. */
  lose(names: readonly string[]): readonly ReadingNode[] {
    const nodes = new Set(this.#places.flatMap((place) => (place !== undefined && names.includes(place.node.name) ? [place.node] : [])));
    for (const node of nodes) this.#lost.add(node);
    return [...nodes];
  }

  /** The numbers of places that can work. */
  get open(): readonly number[] {
    return [...this.#places.keys()].filter((place) => this.isOpen(place));
  }

  /** Of them those that have been there from the beginning, and so have all that was exchanged. */
  get openFromStart(): readonly number[] {
    return this.open.filter((place) => place < this.#placesAtStart);
  }

  /** What `work` throws because the place's node is gone is a NodeLostError. */
  async on<T>({ node }: OpenPlace, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!this.isSpread || !saysLost(error)) throw error;
      this.#lost.add(node);
      throw new NodeLostError(node, error);
    }
  }

  // ---- running fragments ----

  statement(fragment: Fragment, index: number): Pick<OpenCursor, 'sql' | 'params'> {
    const schema = fragment.place.kind === 'shards' ? this.schemaName(fragment.place.group, index) : '';
    return {
      sql: renderText(fragment.sql, schema),
      params: renderParameters(fragment.sql, this.request.parameters, this.request.parameterTypes, index),
    };
  }

  /** Has places pull the fragment's shards, each one after another, places in parallel; what a lost one had not finished runs elsewhere. */
  async pulled(fragment: Fragment, run: (index: number, place: OpenPlace) => Promise<void>, indexes = this.indexes(fragment)): Promise<void> {
    const isFixed = !this.isSpread || fragment.place.kind !== 'shards' || isBoundToPlaces(fragment);
    const queue = new TaskQueue(indexes, this.#placesAtStart, (index) => this.placeOf(fragment, index), isFixed);
    const failures: unknown[] = [];
    const work = async (number: number): Promise<void> => {
      if (number >= this.#placesAtStart && readsLandings(fragment) && !(await this.#isProvided(fragment, number))) return;
      while (failures.length === 0 && this.isOpen(number)) {
        const index = queue.take(number);
        if (index === undefined) return;
        try {
          await run(index, this.at(number));
        } catch (error) {
          if (!isFixed && this.mayRunElsewhere(error)) queue.giveBack([index]);
          else failures.push(error);
        }
      }
    };
    while (!queue.isEmpty) {
      const late = isFixed ? undefined : this.#followLateNodes(() => failures.length === 0 && !queue.isEmpty, work);
      await Promise.all(this.open.map(work));
      await late?.();
      if (failures.length > 0) throw failures[0];
      const [lost] = this.#lost;
      if (isFixed && lost !== undefined && !queue.isEmpty) throw new NodeLostError(lost, undefined);
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Whether a place that has come late has all that the fragment reads. (If it cannot get it, the others do without it.) */
  async #isProvided(fragment: Fragment, number: number): Promise<boolean> {
    if (this.provide === undefined || !this.isOpen(number)) return false;
    try {
      await this.provide(fragment, this.at(number));
      return true;
    } catch (error) {
      if (this.mayRunElsewhere(error)) return false;
      throw error;
    }
  }

  /** (Without its first node the statement has no coordinator.) */
  mayRunElsewhere(error: unknown): boolean {
    return error instanceof NodeLostError && !error.isUsed && error.node !== this.home;
  }

  /** Nodes that come while there are shards left take part, if they can show the same record. Answers what ends it. */
  #followLateNodes(isWanted: () => boolean, work: (place: number) => Promise<void>): (() => Promise<void>) | undefined {
    const { copies, home } = this;
    const request = this.#cutRequest;
    if (copies === undefined || home === undefined || request === undefined) return undefined;
    const working: Promise<void>[] = [];
    const known = new Set<ReadingNode>([...this.nodes, ...this.#lost]);
    const join = async (node: ReadingNode, home: ReadingNode): Promise<void> => {
      const places = await joinCut(node, home, this.#lsn, request);
      if (!isWanted()) {
        closePlaces(places);
        return;
      }
      const firstNumber = this.#places.length;
      this.#places.push(...places);
      this.#tellNodes();
      await Promise.all(places.map(async (_, at) => await work(firstNumber + at)));
    };
    const timer = setInterval(() => {
      if (!isWanted()) return;
      for (const node of copies.nodes) {
        if (known.has(node)) continue;
        known.add(node);
        working.push(join(node, home));
      }
    }, lookForNodesMs);
    timer.unref();
    return async () => {
      clearInterval(timer);
      await Promise.all(working);
    };
  }
}
