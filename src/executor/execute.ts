/**
 * Runs a distributed plan over the scan threads: opens one consistent snapshot, runs exchanges in order, and streams the root fragment's rows. Called by the
 * session for every query outside a writing transaction.
 */
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { shardSchemaName } from '../catalog/snapshot.js';
import { PgError } from '../common/errors.js';
import { type Client, letGo } from '../common/rpc.js';
import type { CatalogLanding, Exchange, Fragment, PhysicalPlan } from '../plan/physical.js';
import type { WrittenColumn } from '../plan/written-sql.js';
import type { CursorBatch, CursorOutput, ReadService, TaskContext } from '../storage/ports.js';
import { type BatchStream, mergeStreams } from './merge-streams.js';
import { type ParameterValues, shardsToVisit } from './prune.js';
import { renderParameters, renderText } from './render.js';

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
}

/** How often a snapshot over several threads is opened anew because a commit came between. */
const snapshotAttempts = 50;

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

interface Cursor extends BatchStream {
  /** The first batch came with the opening. */
  readonly first: CursorBatch;
}

/** One place (scan thread) with its part of the statement's snapshot. */
interface PlaceSnapshot {
  readonly service: Client<ReadService>;
  readonly snapshot: number;
}

export class QueryExecutor {
  #nextPlace = 0;

  /**
   * `inline` runs on this very thread, for fragments that are short for certain. `settled`: what must come before a new snapshot, so that it shows all that is
   * acknowledged; undefined: nothing.
   */
  constructor(
    readonly places: readonly Client<ReadService>[],
    readonly inline: Client<ReadService> | undefined,
    readonly settled: () => Promise<void> | undefined,
  ) {}

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
      if (root.place.kind !== 'shards') return this.#openAlone(request, root, this.#nextPlace++ % this.places.length);
      const shards = this.#shards(root, request);
      if (shards.length === 1) return this.#openAlone(request, root, shards[0] as number);
    }
    return new Execution(request, this.places, this.#nextPlace++ % this.places.length).run();
  }

  #shards(fragment: Fragment, request: ExecutionRequest): readonly number[] {
    if (fragment.place.kind !== 'shards') return [0];
    const shards = shardsToVisit(fragment.place.group, fragment.pruning, request.parameters, request.catalog);
    return shards.length === 0 ? [0] : shards;
  }

  /** One fragment on one place: snapshot, cursor and first rows in one round trip. */
  async #openAlone(request: ExecutionRequest, fragment: Fragment, index: number): Promise<BatchStream> {
    const service = fragment.isBounded && this.inline !== undefined ? this.inline : (this.places[index % this.places.length] as Client<ReadService>);
    const schema = fragment.place.kind === 'shards' ? shardSchemaName(request.catalog.group(fragment.place.group), index) : '';
    const schemas = new Set(fragment.schemas);
    if (schema !== '') schemas.add(schema);
    const { cursor, batch } = await service.open({
      schemas: [...schemas],
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

/** The output of the root (or router) fragment: trailing sort keys are no columns of the result. */
function rootOutput(request: ExecutionRequest, fragment: Fragment): CursorOutput {
  const keys = fragment === request.plan.root ? (request.plan.merge?.keys.length ?? 0) : 0;
  const { columns } = fragment.sql;
  const output = request.output(keys === 0 ? columns : columns.slice(0, columns.length - keys));
  return keys === 0 || output.kind === 'rows' ? output : { ...output, keys };
}

/** A cursor whose first batch is here already. */
function cursorStream(service: Client<ReadService>, cursor: number, first: CursorBatch, onClose?: () => void): BatchStream {
  let next: CursorBatch | undefined = first;
  let open = !first.done;
  const closed = (): void => {
    open = false;
    onClose?.();
  };
  if (!open) onClose?.();
  return {
    async pull(maxRows: number): Promise<CursorBatch> {
      if (next !== undefined) {
        const batch = next;
        next = undefined;
        return batch;
      }
      if (!open) return { done: true, rows: 0, bytes: undefined };
      try {
        const batch = await service.pull({ cursor, maxRows });
        if (batch.done) closed();
        return batch;
      } catch (error) {
        closed();
        throw error;
      }
    },
    close(): void {
      if (!open) return;
      letGo(service.close({ cursor }));
      closed();
    },
  };
}

/** One statement over several fragments. */
class Execution {
  readonly #request: ExecutionRequest;
  readonly #services: readonly Client<ReadService>[];
  readonly #coordinator: number;
  #snapshots: (PlaceSnapshot | undefined)[] = [];

  constructor(request: ExecutionRequest, services: readonly Client<ReadService>[], coordinator: number) {
    this.#request = request;
    this.#services = services;
    this.#coordinator = coordinator;
  }

  async run(): Promise<BatchStream> {
    const { plan } = this.#request;
    await this.#openSnapshots();
    try {
      for (const landing of plan.catalogLandings) await this.#landCatalog(landing);
      for (const exchange of plan.exchanges) await this.#exchange(exchange);
      return await this.#root();
    } catch (error) {
      this.#closeSnapshots();
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

  /** Which place runs a fragment's instance. */
  #placeOf(fragment: Fragment, index: number): number {
    return fragment.place.kind === 'shards' ? index % this.#services.length : this.#coordinator;
  }

  /** Opens the snapshot on every place that the plan needs, so that all parts show the same commits. */
  async #openSnapshots(): Promise<void> {
    const { plan, context } = this.#request;
    const schemas = this.#services.map(() => new Set<string>());
    const used = new Set<number>([this.#coordinator]);
    for (const fragment of [...plan.exchanges.map((exchange) => exchange.producer), plan.root]) {
      for (const index of this.#indexes(fragment)) {
        const place = this.#placeOf(fragment, index);
        used.add(place);
        for (const schema of fragment.schemas) schemas[place]?.add(schema);
        if (fragment.place.kind === 'shards' && fragment.place.group >= 0) schemas[place]?.add(this.#schemaName(fragment.place.group, index));
      }
    }
    // A broadcast or repartition lands at every place that may run a consumer.
    if (plan.exchanges.some((exchange) => exchange.kind !== 'gather')) for (let place = 0; place < this.#services.length; place++) used.add(place);
    const needed = [...used];
    for (let attempt = 0; ; attempt++) {
      const opened = await Promise.allSettled(
        needed.map(async (place) => {
          const service = this.#services[place] as Client<ReadService>;
          const { snapshot, commitSequence } = await service.openSnapshot({
            schemas: [...(schemas[place] ?? [])],
            context,
            catalogVersion: plan.catalogVersion,
          });
          return { place, service, snapshot, commitSequence };
        }),
      );
      this.#snapshots = this.#services.map(() => undefined);
      let failure: unknown;
      const sequences = new Set<number>();
      for (const result of opened) {
        if (result.status === 'rejected') failure = result.reason;
        else {
          this.#snapshots[result.value.place] = result.value;
          sequences.add(result.value.commitSequence);
        }
      }
      if (failure === undefined && sequences.size <= 1) return;
      this.#closeSnapshots();
      if (failure !== undefined) throw asError(failure);
      if (attempt >= snapshotAttempts) throw new PgError('40001', 'could not take a snapshot of all shards between commits');
    }
  }

  #closeSnapshots(): void {
    for (const part of this.#snapshots) if (part !== undefined) letGo(part.service.closeSnapshot({ snapshot: part.snapshot }));
    this.#snapshots = [];
  }

  #part(place: number): PlaceSnapshot {
    const part = this.#snapshots[place];
    if (part === undefined) throw new Error(`assertion failed: place ${String(place)} has a snapshot`);
    return part;
  }

  async #landCatalog(landing: CatalogLanding): Promise<void> {
    const part = this.#part(this.#coordinator);
    await part.service.createLanding({ snapshot: part.snapshot, table: { name: landing.table, columns: landing.columns, types: landing.types, indexes: [] } });
    await part.service.land({ snapshot: part.snapshot, table: landing.table, bytes: this.#request.catalogRows(landing.relation, landing.columns) });
  }

  /** Runs the producer on all its shards and lands the rows; several shards at once. */
  async #exchange(exchange: Exchange): Promise<void> {
    const { landing, kind } = exchange;
    const targets: { readonly part: PlaceSnapshot; readonly table: string }[] = [];
    if (kind === 'gather') targets.push({ part: this.#part(this.#coordinator), table: landing.table });
    else if (kind === 'broadcast') for (const part of this.#snapshots) part !== undefined && targets.push({ part, table: landing.table });
    else {
      const group = exchange.group ?? 0;
      const count = group < 0 ? (this.#request.plan.partitions.get(group) ?? 1) : this.#request.catalog.group(group).bounds.length;
      for (let index = 0; index < count; index++)
        targets.push({ part: this.#part(index % this.#services.length), table: `${landing.table}_${this.#schemaName(group, index)}` });
    }
    await Promise.all(targets.map(async ({ part, table }) => part.service.createLanding({ snapshot: part.snapshot, table: { ...landing, name: table } })));
    const columns = landing.columns.length;
    const output: CursorOutput = kind === 'repartition' ? { kind: 'partitioned', partitions: targets.length, columns } : { kind: 'rows', columns };
    const land = async (batch: CursorBatch): Promise<void> => {
      if (batch.rows === 0) return;
      if (kind === 'repartition') {
        await Promise.all(
          (batch.partitions ?? []).map(async (bytes, index) => {
            const target = targets[index];
            if (bytes !== undefined && target !== undefined) await target.part.service.land({ snapshot: target.part.snapshot, table: target.table, bytes });
          }),
        );
      } else if (batch.bytes !== undefined) {
        const { bytes } = batch;
        await Promise.all(targets.map(async ({ part, table }) => part.service.land({ snapshot: part.snapshot, table, bytes })));
      }
    };
    await this.#forEachCursor(
      exchange.producer,
      () => output,
      async (stream) => {
        for (;;) {
          const batch = await stream.pull(0);
          await land(batch);
          if (batch.done) return;
        }
      },
    );
    await Promise.all(targets.map(async ({ part, table }) => part.service.finishLanding({ snapshot: part.snapshot, table })));
  }

  async #open(fragment: Fragment, index: number, output: CursorOutput): Promise<Cursor> {
    const part = this.#part(this.#placeOf(fragment, index));
    const schema = fragment.place.kind === 'shards' ? this.#schemaName(fragment.place.group, index) : '';
    const { cursor, batch } = await part.service.open({
      snapshot: part.snapshot,
      context: this.#request.context,
      catalogVersion: this.#request.plan.catalogVersion,
      cursor: {
        sql: renderText(fragment.sql, schema),
        params: renderParameters(fragment.sql, this.#request.parameters, this.#request.parameterTypes, index),
        output,
      },
      maxRows: 0,
    });
    return { first: batch, ...cursorStream(part.service, cursor, batch) };
  }

  /** Runs a fragment on its shards, those of one place one after another, places in parallel. */
  async #forEachCursor(fragment: Fragment, output: () => CursorOutput, use: (stream: BatchStream) => Promise<void>): Promise<void> {
    const byPlace = new Map<number, number[]>();
    for (const index of this.#indexes(fragment)) {
      const place = this.#placeOf(fragment, index);
      byPlace.set(place, [...(byPlace.get(place) ?? []), index]);
    }
    const done = await Promise.allSettled(
      [...byPlace.values()].map(async (indexes) => {
        for (const index of indexes) await use(await this.#open(fragment, index, output()));
      }),
    );
    for (const result of done) if (result.status === 'rejected') throw result.reason;
  }

  async #root(): Promise<BatchStream> {
    const { plan } = this.#request;
    const { root } = plan;
    const output = rootOutput(this.#request, root);
    const indexes = this.#indexes(root);
    const finish = (stream: BatchStream): BatchStream => ({
      pull: async (maxRows) => {
        try {
          const batch = await stream.pull(maxRows);
          if (batch.done) this.#closeSnapshots();
          return batch;
        } catch (error) {
          stream.close();
          this.#closeSnapshots();
          throw error;
        }
      },
      close: () => {
        stream.close();
        this.#closeSnapshots();
      },
    });
    if (plan.merge !== undefined && indexes.length > 1) {
      const opened = await Promise.allSettled(indexes.map(async (index) => this.#open(root, index, output)));
      const failed = opened.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return finish(
        mergeStreams(
          opened.map((result) => (result as PromiseFulfilledResult<Cursor>).value),
          plan.merge,
        ),
      );
    }
    return finish(this.#concatenate(root, indexes, output));
  }

  /** The streams one after another, the next one opened ahead. */
  #concatenate(root: Fragment, indexes: readonly number[], output: CursorOutput): BatchStream {
    let at = 0;
    let current: Promise<Cursor> | undefined;
    let ahead: Promise<Cursor> | undefined;
    const openNext = (): Promise<Cursor> | undefined => {
      const index = indexes[at++];
      if (index === undefined) return undefined;
      const opening = this.#open(root, index, output);
      opening.catch(() => undefined); // Reported when it is awaited.
      return opening;
    };
    return {
      pull: async (maxRows) => {
        current ??= ahead ?? openNext();
        ahead ??= openNext();
        for (;;) {
          if (current === undefined) return { done: true, rows: 0, bytes: undefined };
          const batch = await (await current).pull(maxRows);
          if (!batch.done) return batch;
          current = ahead;
          ahead = openNext();
          if (current === undefined) return batch;
          if (batch.rows > 0) return { ...batch, done: false };
        }
      },
      close: () => {
        for (const opening of [current, ahead]) opening?.then((stream) => stream.close()).catch(() => undefined);
      },
    };
  }
}
