/**
 * One run of a statement of several fragments: opens the cut, runs the exchanges in their order, and streams the root's rows. Called by executor/execute, over several nodes
 * again when a node was lost whose part cannot run elsewhere alone.
 */
import { type CatalogLanding, catalogIndexes, type Fragment } from '../plan/physical.js';
import type { CursorOutput } from '../storage/ports.js';
import { openFragment } from './cursor-stream.js';
import type { ExecutionRequest } from './execution-request.js';
import { type BatchStream, mergeStreams } from './merge-streams.js';
import type { Copies, ReadingNode } from './reading-nodes.js';
import { relay } from './relayed-exchange.js';
import { rootOutput } from './root-output.js';
import { ShippedExchanges } from './shipped-exchange.js';
import { isBoundToPlaces, WorkingPlaces } from './working-places.js';

export class Execution {
  private readonly places: WorkingPlaces;

  /** `coordinator`: the place of the first node to which rows are gathered. */
  constructor(
    private readonly request: ExecutionRequest,
    nodes: readonly ReadingNode[],
    coordinator: number,
    copies: Copies | undefined,
  ) {
    this.places = new WorkingPlaces(request, nodes, coordinator, copies);
  }

  async run(): Promise<BatchStream> {
    const { plan, exchanged } = this.request;
    const { places } = this;
    await places.openCut();
    try {
      for (const landing of plan.catalogLandings) await this.#landCatalog(landing);
      const shipped = places.isSpread ? new ShippedExchanges(this.request, places) : undefined;
      for (const exchange of plan.exchanges) {
        const report = shipped === undefined ? await relay(exchange, this.request, places) : await shipped.run(exchange);
        exchanged?.(report);
      }
      return await this.#root();
    } catch (error) {
      places.close();
      throw error;
    }
  }

  async #landCatalog(landing: CatalogLanding): Promise<void> {
    const place = this.places.coordinator;
    const { service, snapshot } = place;
    const { table, columns, types } = landing;
    const indexes = catalogIndexes(landing);
    await this.places.on(place, service.createLanding({ snapshot, table: { name: table, columns, types, indexes } }));
    await this.places.on(place, service.land({ snapshot, table, bytes: this.request.catalogRows(landing.relation, columns) }));
    if (indexes.length > 0) await this.places.on(place, service.finishLanding({ snapshot, table }));
  }

  // ---- the root ----

  async #root(): Promise<BatchStream> {
    const { plan } = this.request;
    const { root } = plan;
    const output = rootOutput(this.request, root);
    const indexes = this.places.indexes(root);
    const finish = (stream: BatchStream): BatchStream => ({
      pull: async (maxRows) => {
        try {
          const batch = await stream.pull(maxRows);
          if (batch.done) this.places.close();
          return batch;
        } catch (error) {
          stream.close();
          this.places.close();
          throw error;
        }
      },
      close: () => {
        stream.close();
        this.places.close();
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
    let number = this.places.placeOf(fragment, index);
    const mayMove = fragment.place.kind === 'shards' && !isBoundToPlaces(fragment);
    for (;;) {
      const open = this.places.openFromStart;
      if (mayMove && !this.places.isOpen(number)) number = open[index % open.length] ?? number;
      const place = this.places.at(number);
      try {
        const stream = await openFragment(this.places, this.request, place, fragment, index, output);
        return { pull: async (maxRows) => await this.places.on(place, stream.pull(maxRows)), close: () => stream.close() };
      } catch (error) {
        if (!mayMove || !this.places.mayRunElsewhere(error)) throw error;
      }
    }
  }

  /** The streams one after another, the next ones opened ahead: over several nodes one at each place. */
  #concatenate(root: Fragment, indexes: readonly number[], output: CursorOutput): BatchStream {
    const width = this.places.isSpread ? Math.max(2, this.places.open.length) : 2;
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
