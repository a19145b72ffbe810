/**
 * One leader at a time, for what one node shall do for all (placement, scaling). A key that exists under the leader's lease; when it goes, all candidates try to make it, and
 * the store lets one. Made by cluster-node.ts; the scaler has one over a key of its own.
 *
 * A leader that is cut off may believe for a moment that it leads while another already does. So what a leader writes carries `guard` in its transaction's `when`: the store itself
 * then turns away whoever leads no more.
 */
import type { Clock, Timer } from '../../common/clock.js';
import { PrefixMirror } from '../coordination/prefix-mirror.js';
import type { Compare, CoordinationStore, Entry, Lease, LeaseLoss, Revision } from '../coordination/store.js';
import { messageOf } from '../coordination/store-client.js';

export interface Leadership {
  /** Greater for every leadership: the revision that made the leader's key. */
  readonly term: Revision;
  /** Holds as long as this leadership does: for the `when` of every transaction of the leader. */
  readonly guard: Compare;
  /** Aborted when it is over: lost, resigned or closed. */
  readonly ended: AbortSignal;
  /** False as soon as it may be over, even before `ended` is told. */
  isHeld(): boolean;
}

export interface LeaderElectionOptions {
  readonly store: CoordinationStore;
  readonly key: string;
  /** This node's id. */
  readonly candidate: string;
  readonly clock: Clock;
  /** How long a leader that has died is waited for. Default 5000. */
  readonly leaseMs?: number;
  readonly log: (message: string) => void;
  /** This node leads from now on, until `leadership.ended`. */
  readonly elected?: (leadership: Leadership) => void;
  /** There is another leader, or none. */
  readonly changed?: () => void;
}

export interface LeaderValue {
  readonly node: string;
  /** Of one attempt of one process: tells its own key from that of an earlier run. */
  readonly token: string;
}

const leaseMsDefault = 5000;
const againMs = 300;

/** undefined: nonsense. */
export function readLeader({ value }: Entry): LeaderValue | undefined {
  try {
    const { node, token } = JSON.parse(value) as Partial<LeaderValue>;
    return typeof node === 'string' ? { node, token: String(token) } : undefined;
  } catch {
    return undefined;
  }
}

export class LeaderElection {
  readonly #mirror: PrefixMirror;
  #isCandidate = false;
  #lease: Lease | undefined;
  #attempt: Promise<void> | undefined;
  #again: Timer | undefined;
  #leading: { readonly leadership: Leadership; readonly end: AbortController } | undefined;
  #leader: string | undefined;
  #troubled = false;

  constructor(private readonly options: LeaderElectionOptions) {
    this.#mirror = new PrefixMirror(options.store, options.key, () => {
      this.#follow();
    });
  }

  /** Who leads, as far as this node has heard. */
  get leader(): string | undefined {
    return this.#leader;
  }

  /** Of this node. */
  get leadership(): Leadership | undefined {
    return this.#leading?.leadership.isHeld() === true ? this.#leading.leadership : undefined;
  }

  /** From now on this node leads whenever nobody else does. */
  campaign(): void {
    this.#isCandidate = true;
    if (this.#mirror.isKnown) this.#follow();
  }

  /** Leads no more, and is no candidate until it campaigns again. Another leads at once. */
  async resign(): Promise<void> {
    this.#isCandidate = false;
    this.#again?.cancel();
    await this.#attempt;
    this.#end('it resigns');
    const lease = this.#lease;
    this.#lease = undefined;
    await lease?.revoke().catch((error: unknown) => {
      this.options.log(`leadership ends with its lease: ${messageOf(error)}`);
    });
  }

  async close(): Promise<void> {
    await this.resign();
    this.#mirror.close();
  }

  get #entry(): Entry | undefined {
    // The mirror's prefix is the whole key; longer keys are not ours.
    return this.#mirror.entries.get('');
  }

  #follow(): void {
    const entry = this.#entry;
    const value = entry === undefined ? undefined : readLeader(entry);
    if (entry === undefined) this.#end('its key is gone');
    else if (value?.node === this.options.candidate && value.token === this.#lease?.id && this.#lease.remainingMs() > 0) this.#lead(entry, this.#lease);
    else this.#end(`${value?.node ?? 'somebody'} leads`);
    if (this.#leader !== value?.node) {
      this.#leader = value?.node;
      if (this.#leader !== undefined) this.options.log(`${this.#leader === this.options.candidate ? 'this node' : `node ${this.#leader}`} leads`);
      this.options.changed?.();
    }
    if (entry === undefined && this.#isCandidate) this.#try();
  }

  #try(): void {
    this.#again?.cancel();
    if (this.#attempt !== undefined || !this.#isCandidate) return;
    this.#attempt = this.#make().then(() => {
      this.#attempt = undefined;
      // The mirror tells who has won; until it does, and after a failure, the key looks absent. Trying once more than needed does no harm.
      if (this.#entry !== undefined || !this.#isCandidate) return;
      this.#again = this.options.clock.after(againMs, () => {
        if (this.#entry === undefined) this.#try();
      });
    });
  }

  /** One attempt. A write whose outcome stays unknown is settled by what the mirror shows. */
  async #make(): Promise<void> {
    const { store, key, candidate, leaseMs = leaseMsDefault, log } = this.options;
    try {
      if (this.#lease === undefined || this.#lease.remainingMs() === 0) this.#hold(await store.grantLease(leaseMs));
      const lease = this.#lease;
      if (lease === undefined) return;
      const value = JSON.stringify({ node: candidate, token: lease.id } satisfies LeaderValue);
      await store.transact({ when: [{ kind: 'absent', key }], then: [{ kind: 'put', key, value, lease: lease.id }] });
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled) log(`cannot stand for leader: ${messageOf(error)}`);
      this.#troubled = true;
    }
  }

  #hold(lease: Lease): void {
    this.#lease = lease;
    void lease.lost.then((loss: LeaseLoss) => {
      if (this.#lease !== lease) return;
      this.#lease = undefined;
      if (loss !== 'revoked') this.#end('its lease is lost');
      if (this.#entry === undefined) this.#try();
    });
  }

  #lead(entry: Entry, lease: Lease): void {
    const { key, elected } = this.options;
    const term = entry.createRevision;
    if (this.#leading?.leadership.term === term) return;
    this.#end('there is a new term');
    const end = new AbortController();
    const leadership: Leadership = {
      term,
      guard: { kind: 'create-revision', key, revision: term },
      ended: end.signal,
      isHeld: () => !end.signal.aborted && lease.remainingMs() > 0,
    };
    this.#leading = { leadership, end };
    elected?.(leadership);
  }

  #end(reason: string): void {
    const leading = this.#leading;
    if (leading === undefined) return;
    this.#leading = undefined;
    this.options.log(`this node leads no more: ${reason}`);
    leading.end.abort();
  }
}
