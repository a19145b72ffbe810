/**
 * An exchange over several nodes: rows go from the thread that makes them to the distributed cache of the node that wants them, and from there into its landing tables. The
 * coordinator sends statements and hears when they are done; it sees no row. Called by executor/execution.
 *
 * Every run of a fragment is a writer of its own in the cache. What one has written that was lost half-way is left out by whoever takes the rows, so the fragment's shard can
 * run again elsewhere. A landing that is lost is another thing: the whole statement runs again without that node.
 */
import { randomUUID } from 'node:crypto';
import { derived } from '../common/rpc-parts.js';
import type { Exchange, Fragment } from '../plan/physical.js';
import { visitPlan } from '../plan/walk.js';
import type { CursorOutput, Inbox, OpenCursor, ShipmentTarget } from '../storage/ports.js';
import type { OpenPlace } from './cut.js';
import type { ExchangeReport, ExecutionRequest } from './execution-request.js';
import { atEach, type LandingPlace, landingPlaces } from './landing-places.js';
import { NodeLostError, type ReadingNode } from './reading-nodes.js';
import type { WorkingPlaces } from './working-places.js';

/** What has been moved so far. */
interface Tally {
  rows: number;
  bytes: number;
  bytesBetweenNodes: number;
}

/** A statement's rows, in which form and whereto. */
interface Consignment {
  readonly statement: (index: number) => Pick<OpenCursor, 'sql' | 'params'>;
  readonly output: CursorOutput;
  readonly to: ShipmentTarget;
}

/** Every shard's message has it: for many places it crosses each port once. */
function sentOnce(to: ShipmentTarget): ShipmentTarget {
  return to.spots.length < spotsMany ? to : derived(to, to, {});
}

const spotsMany = 16;

export class ShippedExchanges {
  /** Of the distributed cache. */
  readonly #query = randomUUID();
  #writers = 0;
  #copies = 0;
  /** Those that were lost on the way. */
  readonly #refused: string[] = [];

  /** By landing table of a broadcast: the places that have it. */
  readonly #broadcast = new Map<string, { readonly exchange: Exchange; readonly at: Set<OpenPlace> }>();

  constructor(
    private readonly request: ExecutionRequest,
    private readonly places: WorkingPlaces,
  ) {
    places.provide = async (fragment, place) => {
      for (const { exchange, at } of this.#broadcastsRead(fragment)) if (!at.has(place)) await this.#copy(exchange, place, at);
    };
  }

  async run(exchange: Exchange): Promise<ExchangeReport> {
    const { landing, producer, combine, kind } = exchange;
    const { places } = this;
    const landings = landingPlaces(exchange, this.request, places);
    await atEach(exchange, places, landings, async ({ place: { service, snapshot, node }, table }) => {
      await service.createLanding({ snapshot, table: { ...landing, name: table }, receives: this.#inbox(node, table) });
    });
    const tally: Tally = { rows: 0, bytes: 0, bytesBetweenNodes: 0 };
    const consignment = this.#consignment(exchange, landings);
    if (combine !== undefined) await this.#combined(exchange, combine, consignment, tally);
    else if (kind === 'gather') await this.#gathered(exchange, consignment, tally);
    else await places.pulled(producer, async (index, place) => await this.#ship(place, consignment, index, tally));
    await atEach(exchange, places, landings, async ({ place, table }) => {
      await this.#take(place, table, table);
    });
    if (kind === 'broadcast') this.#broadcast.set(landing.table, { exchange, at: new Set(landings.map(({ place }) => place)) });
    return { id: exchange.id, route: 'shipped', ...tally };
  }

  #inbox({ name: node }: ReadingNode, id: string): Inbox {
    return { query: this.#query, node, id };
  }

  #consignment({ kind, producer, landing }: Exchange, landings: readonly LandingPlace[]): Consignment {
    const columns = landing.columns.length;
    const spots = landings.map(({ place: { node }, table }) => ({ node: node.name, id: table }));
    const statement = this.#statements(producer);
    if (kind === 'repartition')
      return { statement, output: { kind: 'partitioned', partitions: spots.length, columns }, to: sentOnce({ kind: 'partitions', spots }) };
    // (Once to each node: its places take the same.)
    const ofNodes = [...new Map(spots.map((spot) => [spot.node, spot])).values()];
    return { statement, output: { kind: 'rows', columns }, to: sentOnce({ kind: 'all', spots: ofNodes }) };
  }

  #statements(fragment: Fragment): Consignment['statement'] {
    return (index) => this.places.statement(fragment, index);
  }

  #broadcastsRead(fragment: Fragment): readonly { readonly exchange: Exchange; readonly at: Set<OpenPlace> }[] {
    const tables = new Set<string>();
    visitPlan(fragment.plan, (node) => {
      if (node.kind === 'landed') tables.add(node.table);
    });
    return [...tables].flatMap((table) => this.#broadcast.get(table) ?? []);
  }

  /** The landing table of a broadcast from the coordinator, for a place that has come late. */
  async #copy({ landing }: Exchange, place: OpenPlace, at: Set<OpenPlace>): Promise<void> {
    const { service, snapshot, node } = place;
    const { table, columns } = landing;
    const id = `${table}_copy${String(this.#copies++)}`;
    await this.places.on(place, service.createLanding({ snapshot, table: { ...landing, name: table }, receives: this.#inbox(node, id) }));
    const list = columns.length === 0 ? 'NULL' : columns.map((column) => `"${column}"`).join(', ');
    const consignment: Consignment = {
      statement: () => ({ sql: `SELECT ${list} FROM temp."${table}"`, params: [] }),
      output: { kind: 'rows', columns: columns.length },
      to: { kind: 'all', spots: [{ node: node.name, id }] },
    };
    await this.#ship(this.places.coordinator, consignment, 0, { rows: 0, bytes: 0, bytesBetweenNodes: 0 });
    if (this.places.isLost(node)) throw new NodeLostError(node, undefined);
    await this.#take(place, table, id);
    at.add(place);
  }

  async #take(place: OpenPlace, table: string, id: string): Promise<void> {
    const { service, snapshot, node } = place;
    const { context } = this.request;
    await this.places.on(place, service.take({ snapshot, context, table, from: this.#inbox(node, id), except: this.#refused }));
  }

  /** The rows of one shard of a fragment; resolves when they are where they shall be. */
  async #ship(place: OpenPlace, { statement, output, to }: Consignment, index: number, tally: Tally): Promise<void> {
    const { service, snapshot, node } = place;
    const writer = `w${String(this.#writers++)}`;
    try {
      const cursor = { ...statement(index), output };
      const { context } = this.request;
      const report = await this.places.on(place, service.ship({ snapshot, context, cursor, query: this.#query, writer, node: node.name, to }));
      this.#noteLost(report.lost, place, to);
      tally.rows += report.rows;
      tally.bytes += report.bytesSent;
      tally.bytesBetweenNodes += report.bytesAway;
    } catch (error) {
      this.#refused.push(writer);
      throw error;
    }
  }

  /** Nodes that a place could not reach: who is cut off from the primary can be of no use; of the others only what lands everywhere can do without. */
  #noteLost(lost: readonly string[], place: OpenPlace, { kind }: ShipmentTarget): void {
    if (lost.length === 0) return;
    const { places } = this;
    if (places.home !== undefined && lost.includes(places.home.name)) {
      places.lose([place.node.name]);
      throw new NodeLostError(place.node, undefined);
    }
    const nodes = places.lose(lost);
    const [first] = nodes;
    if (kind === 'partitions' && first !== undefined) throw new NodeLostError(first, undefined, true);
  }

  /** What the coordinator's own place makes stays there. */
  async #gathered({ producer, landing: { table } }: Exchange, consignment: Consignment, tally: Tally): Promise<void> {
    const { coordinator } = this.places;
    await this.places.pulled(producer, async (index, place) => {
      if (place === coordinator) await this.#fill(place, producer, index, table);
      else await this.#ship(place, consignment, index, tally);
    });
  }

  async #fill(place: OpenPlace, fragment: Fragment, index: number, table: string): Promise<void> {
    const { service, snapshot } = place;
    await this.places.on(place, service.fill({ snapshot, table, context: this.request.context, ...this.places.statement(fragment, index) }));
  }

  /**
   * Rows of which one can stand for many (partial aggregates, the first n) become few before they leave their node: each place fills a landing table of its own from its shards,
   * the first of a node takes what its others have made of theirs, and one for all of them goes to the coordinator, who does the same with its own node's places.
   */
  async #combined({ producer, landing }: Exchange, combine: Fragment, consignment: Consignment, tally: Tally): Promise<void> {
    const { places } = this;
    const { table } = landing;
    const { coordinator } = places;
    /** By node: its places with the shards that they have worked on, the first one first. */
    const filled = new Map<ReadingNode, Map<OpenPlace, number[]>>([[coordinator.node, new Map([[coordinator, []]])]]);
    const own = `${table}_merged`;
    const prepare = async (place: OpenPlace): Promise<number[]> => {
      const ofNode = filled.get(place.node) ?? new Map<OpenPlace, number[]>();
      filled.set(place.node, ofNode);
      const known = ofNode.get(place);
      if (known !== undefined) return known;
      const receives = ofNode.size === 0 ? { receives: this.#inbox(place.node, own) } : {};
      const shards: number[] = [];
      ofNode.set(place, shards);
      await places.on(place, place.service.createLanding({ snapshot: place.snapshot, table: { ...landing, name: table, indexes: [] }, ...receives }));
      return shards;
    };
    await places.pulled(producer, async (index, place) => {
      const shards = await prepare(place);
      await this.#fill(place, producer, index, table);
      shards.push(index);
    });
    const combined: Consignment = { ...consignment, statement: this.#statements(combine) };
    const again: number[] = [];
    await Promise.all(
      [...filled].map(async ([node, ofNode]) => {
        const [head, ...others] = ofNode.keys();
        if (head === undefined) return;
        try {
          const isHome = head === coordinator;
          const toHead: Consignment = isHome ? combined : { ...combined, to: { kind: 'all', spots: [{ node: node.name, id: own }] } };
          await Promise.all(others.map(async (place) => await this.#ship(place, toHead, 0, tally)));
          if (isHome) return;
          if (others.length > 0) await this.#take(head, table, own);
          await this.#ship(head, combined, 0, tally);
        } catch (error) {
          if (!places.mayRunElsewhere(error)) throw error;
          again.push(...[...ofNode.values()].flat());
        }
      }),
    );
    await places.pulled(producer, async (index, place) => await this.#ship(place, consignment, index, tally), again);
  }
}
