/**
 * Where copies of databases shall be: a pure function from what the nodes hold to what they should hold. Run by the leader's PlacementController whenever something has
 * changed; it does one careful step at a time, and on its own result it does nothing (no thrash).
 *
 * A copy is added before another is given up, and nothing is given up that the wanted number of in-sync copies rests on. Load is stored / quota.
 */
import { assert } from '../../common/errors.js';
import type { OperatorWish } from './operator-wish.js';

export interface NodeLoad {
  readonly id: string;
  readonly storedBytes: number;
  /** What it may hold. */
  readonly quotaBytes: number;
  /** 'absent': without a lease, but not for long enough to give up its copies. 'gone': for long enough. */
  readonly state: 'present' | 'draining' | 'absent' | 'gone';
}

export interface DatabaseCopies {
  readonly id: string;
  readonly bytes: number;
  /** Copies that it wants (shoal.replication_factor). */
  readonly factor: number;
  /** The others rest on it, wherever they are: it leaves a node last. */
  readonly isShared?: boolean;
  /** The node that takes its writes; undefined: none at present. */
  readonly primary: string | undefined;
  /** Copies that have every acknowledged commit, the primary's included. */
  readonly inSync: readonly string[];
  /** Nodes that shall have a copy, as last decided. */
  readonly wanted: readonly string[];
  /** The node that shall be primary, if another than is; as last decided. */
  readonly wantedPrimary: string | undefined;
  /** The node that was last chosen for its primary; a failure may have brought it elsewhere. */
  readonly home: string | undefined;
  /** Goes before what loads speak for. */
  readonly wish?: OperatorWish;
}

export interface PlacementChange {
  readonly database: string;
  readonly wanted: readonly string[];
  readonly wantedPrimary: string | undefined;
  /** As it is to be from now on. */
  readonly home: string | undefined;
  /** For the log and `shoal cluster status`. */
  readonly reason: string;
}

export interface PlacementLimits {
  /** Copies under way at once, over all nodes. */
  readonly copiesUnderWayMax: number;
  /** A node is not filled beyond this part of its quota. */
  readonly fillMax: number;
  /** Difference of load between the fullest and the emptiest node that is worth moving data for. */
  readonly spreadMin: number;
  /**
   * Which primaries are spread over the nodes. 'homes': as they were chosen, so that a node that was away for a moment, whose primaries are elsewhere now, is no reason to
   * move any. 'primaries': as they are. 'none': none, for the moment.
   */
  readonly spreads: 'homes' | 'primaries' | 'none';
}

export const defaultPlacementLimits: PlacementLimits = { copiesUnderWayMax: 2, fillMax: 0.95, spreadMin: 0.2, spreads: 'homes' };

/** While an operator wants loads to be as even as they can be. */
export const rebalancingLimits: PlacementLimits = { ...defaultPlacementLimits, spreadMin: 0, spreads: 'primaries' };

/** The changes of one step, at most one for each database. */
export function planPlacement(
  nodes: readonly NodeLoad[],
  databases: readonly DatabaseCopies[],
  limits: PlacementLimits = defaultPlacementLimits,
): readonly PlacementChange[] {
  const step = new PlacementStep(nodes, databases, limits);
  for (const database of [...databases].sort(byId)) step.settle(database);
  if (step.changes.length === 0) step.balanceData();
  if (step.changes.length === 0) step.spreadPrimaries();
  return step.changes;
}

/** Whether a copy can be moved as an operator wants it, and has not been yet. */
export function isPossible(
  copy: OperatorWish['copy'],
  { wanted }: Pick<DatabaseCopies, 'wanted'>,
  stateOf: (node: string) => NodeLoad['state'],
): copy is NonNullable<OperatorWish['copy']> {
  return copy !== undefined && copy.from !== copy.to && wanted.includes(copy.from) && stateOf(copy.to) === 'present';
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

class PlacementStep {
  readonly changes: PlacementChange[] = [];
  readonly #nodes: ReadonlyMap<string, NodeLoad>;
  /** Bytes with what is on its way to the node. */
  readonly #bytes = new Map<string, number>();
  /** Databases whose primary a node is, or shall be, as `limits.spreads` counts them. */
  readonly #primaries = new Map<string, number>();
  #underWay = 0;

  constructor(
    nodes: readonly NodeLoad[],
    private readonly databases: readonly DatabaseCopies[],
    private readonly limits: PlacementLimits,
  ) {
    this.#nodes = new Map([...nodes].sort(byId).map((node) => [node.id, node]));
    for (const node of nodes) {
      this.#bytes.set(node.id, node.storedBytes);
      this.#primaries.set(node.id, 0);
    }
    for (const database of databases) {
      const primary = this.#placeOf(database);
      if (primary !== undefined) this.#primaries.set(primary, (this.#primaries.get(primary) ?? 0) + 1);
      for (const id of database.wanted) {
        if (database.inSync.includes(id)) continue;
        this.#expect(id, database.bytes);
        if (this.#state(id) === 'present') this.#underWay++;
      }
    }
  }

  /** Brings one database nearer to its wanted number of copies on nodes that stay. */
  settle(database: DatabaseCopies): void {
    const lasting = database.wanted.filter((id) => this.#mayKeep(id));
    const lastingInSync = lasting.filter((id) => database.inSync.includes(id));
    const eligible = [...this.#nodes.values()].filter((node) => node.state === 'present');
    // An absent node comes back most of the time: its copy counts, but no new one is put there.
    const wantedCount = Math.min(database.factor, new Set([...eligible.map((node) => node.id), ...lasting]).size);
    if (this.#fulfil(database, lastingInSync)) return;
    if (lasting.length < wantedCount) {
      if (this.#underWay >= this.limits.copiesUnderWayMax && database.wanted.length > 0) return;
      const target = this.#emptiest(database);
      if (target !== undefined) {
        this.#expect(target, database.bytes);
        this.#underWay++;
        this.#change(
          database,
          [...database.wanted, target],
          database.wantedPrimary,
          `${target} gets a copy: ${String(lasting.length)} of ${String(wantedCount)}`,
        );
        return;
      }
    }
    const leaving = database.wanted.filter((id) => !this.#mayKeep(id) && !(database.isShared === true && this.#hasOthers(database, id)));
    const enough = lastingInSync.length >= Math.min(wantedCount, Math.max(1, lasting.length)) && lastingInSync.length > 0;
    if (leaving.length > 0 && enough) {
      this.#release(database, leaving[0] as string, lastingInSync, `leaves ${leaving[0] as string}`);
      return;
    }
    if (lastingInSync.length > wantedCount) {
      // More copies than wanted, as balanceData makes them, too.
      const fullest = lastingInSync.filter((id) => id !== database.wish?.primary).sort((a, b) => this.#load(b) - this.#load(a) || (a < b ? -1 : 1))[0];
      if (fullest !== undefined)
        this.#release(database, fullest, lastingInSync, `${String(lastingInSync.length)} copies where ${String(wantedCount)} are wanted`);
      return;
    }
    // An old wish that nothing speaks for any more.
    if (database.wantedPrimary !== undefined && (database.wantedPrimary === database.primary || !lastingInSync.includes(database.wantedPrimary)))
      this.#change(database, database.wanted, undefined, 'the primary is where it shall be');
  }

  /** Whether a node that is there has something of another database. */
  #hasOthers(database: DatabaseCopies, id: string): boolean {
    if (this.#state(id) === 'gone') return false;
    return this.databases.some((other) => other !== database && (other.primary === id || other.wanted.includes(id) || other.inSync.includes(id)));
  }

  /** A step towards what an operator wants. Answers whether it is to be left at that: the copy that a move adds is not one too many. */
  #fulfil(database: DatabaseCopies, lastingInSync: readonly string[]): boolean {
    const { copy, primary } = database.wish ?? {};
    if (isPossible(copy, database, (id) => this.#state(id))) {
      const { from, to } = copy;
      if (!database.wanted.includes(to)) {
        if (this.#underWay >= this.limits.copiesUnderWayMax) return true;
        this.#expect(to, database.bytes);
        this.#underWay++;
        this.#change(database, [...database.wanted, to], database.wantedPrimary, `${to} gets a copy: an operator moves it from ${from}`);
        // (A copy that is away is waited for, as long as it counts: what is given up might be the only other one.)
      } else if (database.wanted.every((id) => id === from || !this.#mayKeep(id) || lastingInSync.includes(id)))
        this.#release(database, from, [to, ...lastingInSync], `an operator moves it to ${to}`, to);
      return true;
    }
    if (primary === undefined || database.wantedPrimary === primary || (database.primary === primary && database.wantedPrimary === undefined)) return false;
    if (!lastingInSync.includes(primary) || this.#state(primary) !== 'present') return false;
    this.#change(database, database.wanted, primary === database.primary ? undefined : primary, `${primary} becomes primary: an operator wants it`, primary);
    return true;
  }

  /** Moves one copy from the fullest node to the emptiest when that brings their loads nearer to each other. The copy that is too many goes in a later step. */
  balanceData(): void {
    if (this.#underWay > 0) return;
    const present = this.#present();
    const [emptiest] = present;
    const fullest = present.at(-1);
    if (emptiest === undefined || fullest === undefined || this.#load(fullest.id) - this.#load(emptiest.id) < this.limits.spreadMin) return;
    const gain = (bytes: number): number => {
      const from = (this.#bytesOf(fullest.id) - bytes) / fullest.quotaBytes;
      const to = (this.#bytesOf(emptiest.id) + bytes) / emptiest.quotaBytes;
      return this.#load(fullest.id) - this.#load(emptiest.id) - Math.abs(from - to);
    };
    const candidates = this.databases
      .filter((database) => database.wanted.includes(fullest.id) && !database.wanted.includes(emptiest.id) && database.inSync.length >= database.wanted.length)
      // (With the copy the emptiest must stay below the fullest, or the new copy would be the one to go.)
      .filter(({ bytes }) => gain(bytes) > 0 && (this.#bytesOf(emptiest.id) + bytes) / emptiest.quotaBytes < this.#load(fullest.id))
      .sort((a, b) => gain(b.bytes) - gain(a.bytes) || byId(a, b));
    const [best] = candidates;
    if (best === undefined) return;
    this.#change(best, [...best.wanted, emptiest.id], best.wantedPrimary, `from ${fullest.id} to ${emptiest.id}: their loads differ`);
  }

  /** Primaries spread over the nodes that have copies: when a node has at least two more than another, one is handed over, of the smallest database that can be. */
  spreadPrimaries(): void {
    if (this.limits.spreads === 'none') return;
    const free = this.databases.filter(
      ({ primary, wantedPrimary, wish }) => primary !== undefined && wantedPrimary === undefined && this.#state(wish?.primary ?? '') !== 'present',
    );
    const moves = free.flatMap((database) => {
      const from = this.#placeOf(database);
      const [least] = database.inSync
        .filter((id) => database.wanted.includes(id) && this.#state(id) === 'present')
        .sort((a, b) => this.#primariesOf(a) - this.#primariesOf(b) || (a < b ? -1 : 1));
      if (from === undefined || least === undefined || this.#primariesOf(from) - this.#primariesOf(least) < 2) return [];
      return [{ database, from, least, isThere: database.primary === least }];
    });
    // (Where a failure has brought it already, nothing has to be handed over.)
    const [best] = moves.sort((a, b) => Number(b.isThere) - Number(a.isThere) || a.database.bytes - b.database.bytes || byId(a.database, b.database));
    if (best !== undefined) {
      const { database, from, least, isThere } = best;
      const reason = `${least} ${isThere ? 'stays' : 'becomes'} primary: ${from} has ${String(this.#primariesOf(from))}`;
      this.#change(database, database.wanted, isThere ? undefined : least, reason, least);
    } else if (this.limits.spreads === 'primaries') {
      for (const database of free) {
        if (database.home !== database.primary)
          this.#change(database, database.wanted, undefined, `${String(database.primary)} stays primary`, database.primary);
      }
    }
  }

  /** The node for which a database's primary counts. */
  #placeOf({ primary, wantedPrimary, home, wanted }: DatabaseCopies): string | undefined {
    if (wantedPrimary !== undefined) return wantedPrimary;
    const isHome = this.limits.spreads !== 'primaries' && home !== undefined && wanted.includes(home) && this.#mayKeep(home);
    return isHome ? home : primary;
  }

  /** Gives a copy up; a primary is handed over first, to `preferred` if there is one. */
  #release(database: DatabaseCopies, id: string, lastingInSync: readonly string[], reason: string, preferred?: string): void {
    if (database.primary !== id) {
      const wantedPrimary = database.wantedPrimary === id ? undefined : database.wantedPrimary;
      this.#change(
        database,
        database.wanted.filter((other) => other !== id),
        wantedPrimary,
        reason,
      );
      return;
    }
    const heir = preferred ?? lastingInSync.filter((other) => other !== id).sort((a, b) => this.#primariesOf(a) - this.#primariesOf(b) || (a < b ? -1 : 1))[0];
    if (heir === undefined || database.wantedPrimary === heir) return;
    if (database.wantedPrimary !== undefined && database.wantedPrimary !== id && lastingInSync.includes(database.wantedPrimary)) return;
    this.#change(database, database.wanted, heir, `${heir} becomes primary: ${reason}`);
  }

  #change(database: DatabaseCopies, wanted: readonly string[], wantedPrimary: string | undefined, reason: string, home?: string): void {
    assert(wanted.length > 0, 'a database has at least one copy');
    const kept = database.home !== undefined && wanted.includes(database.home) ? database.home : database.primary;
    this.changes.push({ database: database.id, wanted, wantedPrimary, home: home ?? wantedPrimary ?? kept, reason });
  }

  /** Of the nodes with room that have no copy yet. */
  #emptiest(database: DatabaseCopies): string | undefined {
    return this.#present().find(
      (node) => !database.wanted.includes(node.id) && this.#bytesOf(node.id) + database.bytes <= node.quotaBytes * this.limits.fillMax,
    )?.id;
  }

  /** By load, the emptiest first. */
  #present(): readonly NodeLoad[] {
    return [...this.#nodes.values()]
      .filter((node) => node.state === 'present')
      .sort((a, b) => this.#load(a.id) - this.#load(b.id) || this.#primariesOf(a.id) - this.#primariesOf(b.id) || byId(a, b));
  }

  #mayKeep(id: string): boolean {
    const state = this.#state(id);
    return state === 'present' || state === 'absent';
  }

  #state(id: string): NodeLoad['state'] {
    return this.#nodes.get(id)?.state ?? 'gone';
  }

  #load(id: string): number {
    return this.#bytesOf(id) / (this.#nodes.get(id)?.quotaBytes ?? Infinity);
  }

  #bytesOf(id: string): number {
    return this.#bytes.get(id) ?? 0;
  }

  #primariesOf(id: string): number {
    return this.#primaries.get(id) ?? 0;
  }

  #expect(id: string, bytes: number): void {
    this.#bytes.set(id, this.#bytesOf(id) + bytes);
  }
}
