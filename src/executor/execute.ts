/**
 * Runs a distributed plan over the scan threads of one node or several: opens one consistent cut (cut.ts), runs exchanges in order, and streams the root fragment's rows.
 * Called by the session for every query outside a writing transaction.
 *
 * Over several nodes places pull the shards (task-queue.ts); what a lost node had under way runs elsewhere as long as nothing of it was used, else the whole statement runs
 * again without that node as long as the client has seen no row.
 */
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { shardSchemaName } from '../catalog/snapshot.js';
import { PgError } from '../common/errors.js';
import { release } from '../common/release.js';
import { type Client, letGo } from '../common/rpc.js';
import type { LogicalNode } from '../plan/logical.js';
import { type CatalogLanding, catalogIndexes, type Exchange, type Fragment, type PhysicalPlan } from '../plan/physical.js';
import { visitPlan } from '../plan/walk.js';
import type { WrittenColumn } from '../plan/written-sql.js';
import type { CursorBatch, CursorOutput, OpenCursor, ReadService, TaskContext } from '../storage/ports.js';
import { closePlaces, type CutRequest, joinCut, openCut, type OpenPlace } from './cut.js';
import { type BatchStream, mergeStreams } from './merge-streams.js';
import { type ParameterValues, shardsToVisit } from './prune.js';
import { type Copies, NodeLostError, type ReadingNode, saysLost } from './reading-nodes.js';
import { renderParameters, renderText } from './render.js';
import { TaskQueue } from './task-queue.js';

/** Computes the rows of a catalog relation (row-codec bytes of the named columns). */
export type CatalogRows = (relation: string, columns: readonly string[]) => Uint8Array;

export interface ExecutionRequest {
  readonly plan: PhysicalPlan;
  readonly catalog: CatalogSnapshot;
  readonly parameters: ParameterValues;
  readonly parameterTypes: readonly number[];
  readonly context: TaskContext;
  /** Output of the root, given its visible columns. */
  readonly output: (columns: readonly WrittenColumn[]) => Exclude<CursorOutput, { readonly kind: 'partitioned' }>;
  readonly catalogRows: CatalogRows;
  /** On how many nodes it may run; absent: on one. */
  readonly nodesMax?: number;
  /** On the node's own copy, if that has everything that was acknowledged so long ago; SH005 otherwise. */
  readonly maxStalenessMs?: number;
  /** Told which nodes take part, once that is known, of a statement over several. */
  readonly readsOn?: (nodes: readonly string[]) => void;
}

/** Of a fragment's rows in one shard, how many bytes are held back until it is done there, so that it can run elsewhere if its node is lost meanwhile. */
const heldBackBytes = 4 << 20;
/** How often a long statement looks for nodes that have come. */
const lookForNodesMs = 500;

export class QueryExecutor {
  #nextPlace = 0;

  /**
   * `inline` runs on this very thread, for fragments that are short for certain. `settled`: what must come before a new snapshot, so that it shows all that is
   * acknowledged; undefined: nothing.
   */
  constructor(
    /** The one that writes the database, or of which this is the only copy. */
    readonly home: ReadingNode,
    readonly inline: Client<ReadService> | undefined,
    readonly settled: () => Promise<void> | undefined,
    /** undefined: there are none. */
    readonly copies: Copies | undefined = undefined,
  ) {}

  /** Scan threads that statements may run on. */
  get places(): number {
    return this.#nodes(Infinity).reduce((sum, { places }) => sum + places.length, 0);
  }

  /** Whether there are other nodes that statements may run on. */
  get isSpread(): boolean {
    return this.copies?.isPossible === true;
  }

  /** The nodes on which a statement would run now. */
  nodeNames(nodesMax: number): readonly string[] {
    return this.#nodes(nodesMax).map(({ name }) => name);
  }

  #nodes(nodesMax: number): readonly ReadingNode[] {
    return [this.home, ...(this.copies?.nodes ?? []).slice(0, Math.max(0, nodesMax - 1))];
  }

  /** Starts the plan; the stream delivers the root's batches. */
  async open(request: ExecutionRequest): Promise<BatchStream> {
    const { plan, catalog, parameters } = request;
    const settled = this.settled();
    if (settled !== undefined) await settled;
    if (plan.router?.place.kind === 'shards') {
      const shards = shardsToVisit(plan.router.place.group, plan.router.pruning, parameters, catalog);
      if (shards.length <= 1) return this.#openAlone(request, plan.router, shards[0] ?? 0);
    }
    const { root } = plan;
    if (plan.exchanges.length === 0 && plan.catalogLandings.length === 0) {
      if (root.place.kind !== 'shards') return this.#openAlone(request, root, this.#nextPlace++ % this.home.places.length);
      const shards = this.#shards(root, request);
      if (shards.length === 1) return this.#openAlone(request, root, shards[0] as number);
    }
    const { nodesMax = 1 } = request;
    if (this.copies !== undefined && nodesMax > 1) {
      await this.copies.attached();
      if (this.copies.nodes.length > 0) return await this.#openSpread(request, this.copies, nodesMax);
    }
    return await new Execution(request, [this.home], this.#nextPlace++ % this.home.places.length, undefined).run();
  }

  #shards(fragment: Fragment, request: ExecutionRequest): readonly number[] {
    if (fragment.place.kind !== 'shards') return [0];
    const shards = shardsToVisit(fragment.place.group, fragment.pruning, request.parameters, request.catalog);
    return shards.length === 0 ? [0] : shards;
  }

  /** Over several nodes, and again without those that are lost before the client has seen a row. */
  async #openSpread(request: ExecutionRequest, copies: Copies, nodesMax: number): Promise<BatchStream> {
    const lost = new Set<ReadingNode>();
    const note = (error: unknown): void => {
      if (!(error instanceof NodeLostError)) throw error;
      if (error.node === this.home) throw error.cause instanceof Error ? error.cause : error;
      lost.add(error.node);
      copies.failed(error.node);
    };
    const start = async (): Promise<BatchStream> => {
      for (;;) {
        const nodes = this.#nodes(nodesMax).filter((node) => !lost.has(node));
        try {
          return await new Execution(request, nodes, this.#nextPlace++ % this.home.places.length, copies).run();
        } catch (error) {
          note(error);
        }
      }
    };
    let stream = await start();
    let hasGiven = false;
    return {
      pull: async (maxRows) => {
        for (;;) {
          try {
            const batch = await stream.pull(maxRows);
            hasGiven ||= batch.rows > 0;
            return batch;
          } catch (error) {
            note(error);
            if (hasGiven) throw rowsWereSent(error as NodeLostError);
            stream = await start();
          }
        }
      },
      close: () => stream.close(),
    };
  }

  /** One fragment on one place: snapshot, cursor and first rows in one round trip. */
  async #openAlone(request: ExecutionRequest, fragment: Fragment, index: number): Promise<BatchStream> {
    const { places } = this.home;
    const service = fragment.isBounded && this.inline !== undefined ? this.inline : (places[index % places.length] as Client<ReadService>);
    const schema = fragment.place.kind === 'shards' ? shardSchemaName(request.catalog.group(fragment.place.group), index) : '';
    const schemas = new Set(fragment.schemas);
    if (schema !== '') schemas.add(schema);
    const { maxStalenessMs } = request;
    const { cursor, batch } = await service.open({
      schemas: [...schemas],
      ...(maxStalenessMs === undefined ? {} : { maxStalenessMs }),
      context: request.context,
      catalogVersion: request.plan.catalogVersion,
      cursor: {
        sql: renderText(fragment.sql, schema),
        params: renderParameters(fragment.sql, request.parameters, request.parameterTypes, index),
        output: rootOutput(request, fragment),
      },
      maxRows: 0,
    });
    return cursorStream(service, cursor, batch);
  }
}

function rowsWereSent({ node, message }: NodeLostError): PgError {
  return new PgError('40001', `${message} while its rows were being sent`, { hint: `Run the statement again: other nodes have what "${node.name}" had.` });
}

/** The output of the root (or router) fragment: trailing sort keys are no columns of the result. */
function rootOutput(request: ExecutionRequest, fragment: Fragment): CursorOutput {
  const keys = fragment === request.plan.root ? (request.plan.merge?.keys.length ?? 0) : 0;
  const { columns } = fragment.sql;
  const output = request.output(keys === 0 ? columns : columns.slice(0, columns.length - keys));
  return keys === 0 || output.kind === 'rows' ? output : { ...output, keys };
}

/** A cursor whose first batch is here already. isAhead: the next batch is asked for when one has come. */
function cursorStream(service: Client<ReadService>, cursor: number, first: CursorBatch, isAhead = false): BatchStream {
  let next: CursorBatch | Promise<CursorBatch> | undefined = first;
  let open = !first.done;
  const ask = async (maxRows: number): Promise<CursorBatch> => {
    try {
      const batch = await service.pull({ cursor, maxRows });
      if (batch.done) open = false;
      return batch;
    } catch (error) {
      open = false;
      throw error;
    }
  };
  return {
    async pull(maxRows: number): Promise<CursorBatch> {
      const batch = next ?? (open ? ask(maxRows) : { done: true, rows: 0, bytes: undefined });
      next = undefined;
      const given = await batch;
      if (isAhead && open) {
        next = ask(maxRows);
        next.catch(() => undefined); // Reported when it is pulled.
      }
      return given;
    },
    close(): void {
      if (open) letGo(service.close({ cursor }));
      open = false;
    },
  };
}

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
const isBoundToPlaces = landingTest(({ group }) => group !== undefined);
/** Whether the fragment reads what any exchange has brought: a place that comes late does not have it. */
const readsLandings = landingTest(() => true);

/** One statement over several fragments. */
class Execution {
  readonly #request: ExecutionRequest;
  readonly #nodes: readonly ReadingNode[];
  /** The place of the first node to which rows are gathered. */
  readonly #coordinator: number;
  readonly #copies: Copies | undefined;
  /** Those of the first node by their number, then those of the others, then those that have come late. */
  #places: (OpenPlace | undefined)[] = [];
  /** How many of them were there when the statement began: what is spread over places by number. */
  #placesAtStart = 0;
  #lsn = 0;
  readonly #lost = new Set<ReadingNode>();
  #cutRequest: CutRequest | undefined;

  constructor(request: ExecutionRequest, nodes: readonly ReadingNode[], coordinator: number, copies: Copies | undefined) {
    this.#request = request;
    this.#nodes = nodes;
    this.#coordinator = coordinator;
    this.#copies = copies;
  }

  async run(): Promise<BatchStream> {
    const { plan } = this.#request;
    await this.#openCut();
    try {
      for (const landing of plan.catalogLandings) await this.#landCatalog(landing);
      for (const exchange of plan.exchanges) await this.#exchange(exchange);
      return await this.#root();
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  #schemaName(group: number, index: number): string {
    return group < 0 ? `p_${String(index).padStart(4, '0')}` : shardSchemaName(this.#request.catalog.group(group), index);
  }

  #indexes(fragment: Fragment): readonly number[] {
    const { place } = fragment;
    if (place.kind !== 'shards') return [0];
    if (place.group < 0) return Array.from({ length: this.#request.plan.partitions.get(place.group) ?? 1 }, (_, i) => i);
    const shards = shardsToVisit(place.group, fragment.pruning, this.#request.parameters, this.#request.catalog);
    return shards.length === 0 ? [0] : shards;
  }

  /** Whether places of several nodes take part. */
  get #isSpread(): boolean {
    return this.#copies !== undefined;
  }

  // ---- the cut ----

  /** The place that should run a fragment's instance. */
  #placeOf(fragment: Fragment, index: number): number {
    return fragment.place.kind === 'shards' ? index % this.#placesAtStart : this.#coordinator;
  }

  /** Opens the snapshot on every place that the plan needs, so that all parts show the same commits. */
  async #openCut(): Promise<void> {
    const { plan, context, maxStalenessMs } = this.#request;
    const [first] = this.#nodes;
    this.#placesAtStart = first?.places.length ?? 0;
    const schemas = new Map<number, Set<string>>([[this.#coordinator, new Set()]]);
    const allSchemas = new Set<string>();
    const at = (place: number): Set<string> => {
      let known = schemas.get(place);
      if (known === undefined) schemas.set(place, (known = new Set()));
      return known;
    };
    for (const fragment of [...plan.exchanges.map((exchange) => exchange.producer), plan.root]) {
      for (const schema of fragment.schemas) allSchemas.add(schema);
      for (const index of this.#indexes(fragment)) {
        const here = at(this.#placeOf(fragment, index));
        for (const schema of fragment.schemas) here.add(schema);
        if (fragment.place.kind !== 'shards' || fragment.place.group < 0) continue;
        const schema = this.#schemaName(fragment.place.group, index);
        here.add(schema);
        allSchemas.add(schema);
      }
    }
    // A broadcast or repartition lands at every place that may run a consumer.
    if (plan.exchanges.some((exchange) => exchange.kind !== 'gather')) for (let place = 0; place < this.#placesAtStart; place++) at(place);
    this.#cutRequest = {
      context,
      catalogVersion: plan.catalogVersion,
      schemasAt: (place) => (this.#isSpread ? allSchemas : schemas.get(place)),
      allSchemas,
      maxStalenessMs,
    };
    const cut = await openCut(this.#nodes, this.#copies, this.#cutRequest);
    this.#places = [...cut.first, ...cut.others];
    this.#placesAtStart = this.#places.length;
    this.#lsn = cut.lsn;
    this.#tellNodes();
  }

  #tellNodes(): void {
    if (this.#isSpread) this.#request.readsOn?.([...new Set(this.#places.flatMap((place) => (place === undefined ? [] : [place.node.name])))]);
  }

  #close(): void {
    closePlaces(this.#places);
    this.#places = [];
  }

  /** The open place of that number; a lost one is none. */
  #at(place: number): OpenPlace {
    const open = this.#places[place];
    if (open === undefined) throw new Error(`assertion failed: place ${String(place)} has a snapshot`);
    if (this.#lost.has(open.node)) throw new NodeLostError(open.node, undefined);
    return open;
  }

  #isOpen(place: number): boolean {
    const open = this.#places[place];
    return open !== undefined && !this.#lost.has(open.node);
  }

  /** The numbers of places that can work. */
  get #open(): readonly number[] {
    return [...this.#places.keys()].filter((place) => this.#isOpen(place));
  }

  /** What `work` throws because the place's node is gone is a NodeLostError. */
  async #on<T>({ node }: OpenPlace, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!this.#isSpread || !saysLost(error)) throw error;
      this.#lost.add(node);
      throw new NodeLostError(node, error);
    }
  }

  // ---- exchanges ----

  async #landCatalog(landing: CatalogLanding): Promise<void> {
    const place = this.#at(this.#coordinator);
    const { snapshot } = place;
    const { table, columns, types } = landing;
    const indexes = catalogIndexes(landing);
    await this.#on(place, place.service.createLanding({ snapshot, table: { name: table, columns, types, indexes } }));
    await this.#on(place, place.service.land({ snapshot, table, bytes: this.#request.catalogRows(landing.relation, columns) }));
    if (indexes.length > 0) await this.#on(place, place.service.finishLanding({ snapshot, table }));
  }

  /** Runs the producer on all its shards and lands the rows; several shards at once. */
  async #exchange(exchange: Exchange): Promise<void> {
    const { landing, kind, producer } = exchange;
    let targets: { readonly place: OpenPlace; readonly table: string }[] = [];
    if (kind === 'gather') targets.push({ place: this.#at(this.#coordinator), table: landing.table });
    else if (kind === 'broadcast') targets = this.#open.map((place) => ({ place: this.#at(place), table: landing.table }));
    else {
      const group = exchange.group ?? 0;
      const count = group < 0 ? (this.#request.plan.partitions.get(group) ?? 1) : this.#request.catalog.group(group).bounds.length;
      for (let index = 0; index < count; index++)
        targets.push({ place: this.#at(index % this.#placesAtStart), table: `${landing.table}_${this.#schemaName(group, index)}` });
    }
    /** (Of a broadcast a lost place needs nothing any more; of the others the statement does.) */
    const at = async ({ place }: (typeof targets)[number], work: (place: OpenPlace) => Promise<unknown>): Promise<void> => {
      if (kind === 'broadcast' && this.#lost.has(place.node)) return;
      try {
        await this.#on(place, work(place));
      } catch (error) {
        if (kind !== 'broadcast' || !(error instanceof NodeLostError) || place.node === this.#nodes[0]) throw error;
      }
    };
    const everywhere = async (work: (place: OpenPlace, table: string) => Promise<unknown>): Promise<void> => {
      await Promise.all(targets.map(async (target) => await at(target, async (place) => await work(place, target.table))));
    };
    await everywhere(async ({ service, snapshot }, table) => await service.createLanding({ snapshot, table: { ...landing, name: table } }));
    const land = async (batch: CursorBatch): Promise<void> => {
      if (batch.rows === 0) return;
      if (kind === 'repartition') {
        await Promise.all(
          (batch.partitions ?? []).map(async (bytes, index) => {
            const target = targets[index];
            if (bytes === undefined || target === undefined) return;
            await at(target, async ({ service, snapshot }) => await service.land({ snapshot, table: target.table, bytes }));
            release(bytes);
          }),
        );
      } else if (batch.bytes !== undefined) {
        const { bytes } = batch;
        await everywhere(async ({ service, snapshot }, table) => await service.land({ snapshot, table, bytes }));
        release(bytes);
      }
    };
    if (this.#isSpread && exchange.combine !== undefined) await this.#combined(exchange, exchange.combine, land);
    else {
      const columns = landing.columns.length;
      const output: CursorOutput = kind === 'repartition' ? { kind: 'partitioned', partitions: targets.length, columns } : { kind: 'rows', columns };
      await this.#pulled(producer, async (index, place) => await this.#produce(producer, index, place, output, land));
    }
    await everywhere(async ({ service, snapshot }, table) => await service.finishLanding({ snapshot, table }));
  }

  /** The producer's rows of one shard. Over several nodes they are held back until all are here, so that they can come from elsewhere: see heldBackBytes. */
  async #produce(fragment: Fragment, index: number, place: OpenPlace, output: CursorOutput, land: (batch: CursorBatch) => Promise<void>): Promise<void> {
    const stream = await this.#openAt(place, fragment, index, output);
    if (!this.#isSpread) {
      for (;;) {
        const batch = await stream.pull(0);
        await land(batch);
        if (batch.done) return;
      }
    }
    let held: CursorBatch[] = [];
    let bytes = 0;
    let isUsed = false;
    try {
      for (;;) {
        const batch = await this.#on(place, stream.pull(0));
        held.push(batch);
        bytes += bytesOf(batch);
        if (!batch.done && bytes < heldBackBytes) continue;
        isUsed = true;
        for (const one of held) await land(one);
        if (batch.done) return;
        held = [];
        bytes = 0;
      }
    } catch (error) {
      stream.close();
      // Some of the rows have landed: nobody else may bring them a second time.
      throw isUsed && error instanceof NodeLostError ? new NodeLostError(error.node, error.cause, true) : error;
    }
  }

  /** Partial aggregates of all shards that a place has worked on become one there before they go to the coordinator, where they are merged with those of the others. */
  async #combined({ producer, landing }: Exchange, combine: Fragment, land: (batch: CursorBatch) => Promise<void>): Promise<void> {
    const { table } = landing;
    const output: CursorOutput = { kind: 'rows', columns: landing.columns.length };
    const coordinator = this.#places[this.#coordinator];
    const filled = new Map<OpenPlace, number[]>();
    await this.#pulled(producer, async (index, place) => {
      const { service, snapshot } = place;
      let done = filled.get(place);
      if (done === undefined) {
        filled.set(place, (done = []));
        // (The coordinator has it, and whatever is in it there is merged at the end.)
        if (place !== coordinator) await this.#on(place, service.createLanding({ snapshot, table: { ...landing, name: table, indexes: [] } }));
      }
      await this.#on(place, service.fill({ snapshot, table, context: this.#request.context, ...this.#statement(producer, index) }));
      done.push(index);
    });
    const lost: number[] = [];
    await Promise.all(
      [...filled].map(async ([place, shards]) => {
        if (place === coordinator) return;
        try {
          await this.#produce(combine, 0, place, output, land);
        } catch (error) {
          if (!this.#mayRunElsewhere(error)) throw error;
          lost.push(...shards);
        }
      }),
    );
    await this.#pulled(producer, async (index, place) => await this.#produce(producer, index, place, output, land), lost);
  }

  // ---- running fragments ----

  #statement(fragment: Fragment, index: number): Pick<OpenCursor, 'sql' | 'params'> {
    const schema = fragment.place.kind === 'shards' ? this.#schemaName(fragment.place.group, index) : '';
    return {
      sql: renderText(fragment.sql, schema),
      params: renderParameters(fragment.sql, this.#request.parameters, this.#request.parameterTypes, index),
    };
  }

  async #openAt(place: OpenPlace, fragment: Fragment, index: number, output: CursorOutput): Promise<BatchStream> {
    const { service, snapshot } = place;
    const { cursor, batch } = await this.#on(
      place,
      service.open({
        snapshot,
        context: this.#request.context,
        catalogVersion: this.#request.plan.catalogVersion,
        cursor: { ...this.#statement(fragment, index), output },
        maxRows: 0,
      }),
    );
    return cursorStream(service, cursor, batch, this.#isSpread);
  }

  /** Has places pull the fragment's shards, each one after another, places in parallel; what a lost one had not finished runs elsewhere. */
  async #pulled(fragment: Fragment, run: (index: number, place: OpenPlace) => Promise<void>, indexes = this.#indexes(fragment)): Promise<void> {
    const isFixed = !this.#isSpread || fragment.place.kind !== 'shards' || isBoundToPlaces(fragment);
    const queue = new TaskQueue(indexes, this.#placesAtStart, (index) => this.#placeOf(fragment, index), isFixed);
    const failures: unknown[] = [];
    const work = async (number: number): Promise<void> => {
      while (failures.length === 0 && this.#isOpen(number)) {
        const index = queue.take(number);
        if (index === undefined) return;
        try {
          await run(index, this.#at(number));
        } catch (error) {
          if (!isFixed && this.#mayRunElsewhere(error)) queue.giveBack([index]);
          else failures.push(error);
        }
      }
    };
    while (!queue.isEmpty) {
      const late = isFixed || readsLandings(fragment) ? undefined : this.#followLateNodes(() => failures.length === 0 && !queue.isEmpty, work);
      await Promise.all(this.#open.map(work));
      await late?.();
      if (failures.length > 0) throw failures[0];
      const [lost] = this.#lost;
      if (isFixed && lost !== undefined && !queue.isEmpty) throw new NodeLostError(lost, undefined);
    }
    if (failures.length > 0) throw failures[0];
  }

  /** (Without its first node the statement has no coordinator.) */
  #mayRunElsewhere(error: unknown): boolean {
    return error instanceof NodeLostError && !error.isUsed && error.node !== this.#nodes[0];
  }

  /** Nodes that come while there are shards left take part, if they can show the same record. Answers what ends it. */
  #followLateNodes(isWanted: () => boolean, work: (place: number) => Promise<void>): (() => Promise<void>) | undefined {
    const copies = this.#copies;
    const request = this.#cutRequest;
    if (copies === undefined || request === undefined) return undefined;
    const working: Promise<void>[] = [];
    const known = new Set<ReadingNode>([...this.#nodes, ...this.#lost]);
    const join = async (node: ReadingNode): Promise<void> => {
      const places = await joinCut(node, this.#lsn, request);
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
        working.push(join(node));
      }
    }, lookForNodesMs);
    timer.unref();
    return async () => {
      clearInterval(timer);
      await Promise.all(working);
    };
  }

  // ---- the root ----

  async #root(): Promise<BatchStream> {
    const { plan } = this.#request;
    const { root } = plan;
    const output = rootOutput(this.#request, root);
    const indexes = this.#indexes(root);
    const finish = (stream: BatchStream): BatchStream => ({
      pull: async (maxRows) => {
        try {
          const batch = await stream.pull(maxRows);
          if (batch.done) this.#close();
          return batch;
        } catch (error) {
          stream.close();
          this.#close();
          throw error;
        }
      },
      close: () => {
        stream.close();
        this.#close();
      },
    });
    if (plan.merge !== undefined && indexes.length > 1) {
      const opened = await Promise.allSettled(indexes.map(async (index) => await this.#openSomewhere(root, index, output)));
      const failed = opened.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return finish(
        mergeStreams(
          opened.map((result) => (result as PromiseFulfilledResult<BatchStream>).value),
          plan.merge,
        ),
      );
    }
    return finish(this.#concatenate(root, indexes, output));
  }

  /** At the place that should run it, or, if that is lost, at another. */
  async #openSomewhere(fragment: Fragment, index: number, output: CursorOutput): Promise<BatchStream> {
    let number = this.#placeOf(fragment, index);
    const mayMove = fragment.place.kind === 'shards' && !isBoundToPlaces(fragment);
    for (;;) {
      if (mayMove && !this.#isOpen(number)) number = this.#open[index % this.#open.length] ?? number;
      const place = this.#at(number);
      try {
        const stream = await this.#openAt(place, fragment, index, output);
        return { pull: async (maxRows) => await this.#on(place, stream.pull(maxRows)), close: () => stream.close() };
      } catch (error) {
        if (!mayMove || !this.#mayRunElsewhere(error)) throw error;
      }
    }
  }

  /** The streams one after another, the next ones opened ahead: over several nodes one at each place. */
  #concatenate(root: Fragment, indexes: readonly number[], output: CursorOutput): BatchStream {
    const width = this.#isSpread ? Math.max(2, this.#open.length) : 2;
    let at = 0;
    const window: Promise<BatchStream>[] = [];
    const fillWindow = (): void => {
      for (; at < indexes.length && window.length < width; at++) {
        const opening = this.#openSomewhere(root, indexes[at] as number, output);
        opening.catch(() => undefined); // Reported when it is awaited.
        window.push(opening);
      }
    };
    return {
      pull: async (maxRows) => {
        for (;;) {
          fillWindow();
          const [current] = window;
          if (current === undefined) return { done: true, rows: 0, bytes: undefined };
          const batch = await (await current).pull(maxRows);
          if (!batch.done) return batch;
          void window.shift();
          if (window.length === 0 && at >= indexes.length) return batch;
          if (batch.rows > 0) return { ...batch, done: false };
        }
      },
      close: () => {
        // (What could not be opened is nobody's business any more.)
        for (const opening of window) opening.then((stream) => stream.close()).catch(() => undefined);
      },
    };
  }
}

function bytesOf({ bytes, partitions }: CursorBatch): number {
  return (bytes?.byteLength ?? 0) + (partitions ?? []).reduce((sum, part) => sum + (part?.byteLength ?? 0), 0);
}
