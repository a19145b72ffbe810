/**
 * Runs a distributed plan over the scan threads of one node or several: opens one consistent cut (cut.ts), runs exchanges in order, and streams the root fragment's rows.
 * Called by the session for every query outside a writing transaction.
 *
 * Over several nodes places pull the shards (task-queue.ts); what a lost node had under way runs elsewhere as long as nothing of it was used, else the whole statement runs
 * again without that node as long as the client has seen no row.
 */
import { shardSchemaName } from '../catalog/shard-group.js';
import { PgError } from '../common/errors.js';
import type { Client } from '../common/rpc.js';
import type { Fragment } from '../plan/physical.js';
import type { CursorBatch, ReadService, ShortReadService } from '../storage/ports.js';
import { cursorStream } from './cursor-stream.js';
import { Execution } from './execution.js';
import type { ExecutionRequest, ShortRequest } from './execution-request.js';
import type { BatchStream } from './merge-streams.js';
import { indexesOf, shardsToVisit } from './prune.js';
import { type Copies, NodeLostError, type ReadingNode } from './reading-nodes.js';
import { renderParameters, renderText } from './render.js';
import { rootOutput } from './root-output.js';
import { shortFragment, shortText } from './short-plan.js';

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
    /** Answers short statements at once; undefined: the files are another node's. */
    readonly shortReads: ShortReadService | undefined = undefined,
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

  /** All rows of a plan that is one short look-up in this node's files; undefined: it has to be opened. */
  readNow({ plan, catalog, parameters, parameterTypes, context, output }: ShortRequest): CursorBatch | undefined {
    const { shortReads } = this;
    const fragment = shortReads === undefined ? undefined : shortFragment(plan);
    if (shortReads === undefined || fragment === undefined) return undefined;
    const text = shortText(fragment, parameters, catalog);
    if (text === undefined) return undefined;
    const { sql, schemas, shard } = text;
    const params = renderParameters(fragment.sql, parameters, parameterTypes, shard);
    return shortReads.read({ schemas, context, catalogVersion: plan.catalogVersion, sql, params, output: output(fragment.sql.columns) });
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
      const shards = indexesOf(root, plan.partitions, parameters, catalog);
      if (shards.length === 1) return this.#openAlone(request, root, shards[0] as number);
    }
    const { nodesMax = 1 } = request;
    if (this.copies !== undefined && nodesMax > 1) {
      await this.copies.attached();
      if (this.copies.nodes.length > 0) return await this.#openSpread(request, this.copies, nodesMax);
    }
    return await new Execution(request, [this.home], this.#nextPlace++ % this.home.places.length, undefined).run();
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
    const schema = fragment.place.kind === 'shards' && fragment.place.group >= 0 ? shardSchemaName(request.catalog.group(fragment.place.group), index) : '';
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
