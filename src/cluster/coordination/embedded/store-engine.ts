/**
 * A whole coordination store in memory: keys, revisions, leases, the recent history, watches. With a journal it is durable (file-journal.ts), without one it is the store of
 * simulations, where the clock is virtual. Single-threaded: every call is atomic. Used through engine-backend.ts.
 */
import { assertNever } from '../../../common/errors.js';
import type { Clock, Timer } from '../../../common/clock.js';
import type { LeaseGrant } from '../backend.js';
import {
  type Change,
  type Compare,
  type Entry,
  type LeaseId,
  type Listed,
  type Operation,
  type OperationResult,
  type Revision,
  StoreError,
  type Transaction,
  type TransactionResult,
} from '../store.js';
import { checkTransaction } from '../transaction-limits.js';

export interface KeptState {
  readonly revision: Revision;
  readonly entries: readonly Entry[];
  readonly leases: readonly LeaseGrant[];
  /** The greatest id that was ever given. */
  readonly lastLease: bigint;
}

/** What outlives the process. Each method returns once it is durable, or throws a StoreError and has done nothing. */
export interface Journal {
  load(): KeptState;
  commit(revision: Revision, changes: readonly Change[], endedLease?: LeaseId): void;
  keepLease(lease: LeaseGrant): void;
}

export interface EngineOptions {
  readonly clock: Clock;
  readonly journal?: Journal;
  /** Revisions that a watch can go back; older ones are compacted. */
  readonly historyMax?: number;
}

/** A lease lives at least so long, as in etcd with its usual election timeout. */
const leaseMsMin = 2000;

interface HeldLease {
  readonly ttlMs: number;
  endsMs: number;
  timer: Timer | undefined;
  readonly keys: Set<string>;
}

interface Past {
  readonly revision: Revision;
  readonly changes: readonly Change[];
}

export interface EngineWatch {
  readonly prefix: string;
  /** Called within the call that made the change. */
  readonly deliver: (past: Past) => void;
}

function byKey(left: { readonly key: string }, right: { readonly key: string }): number {
  return Buffer.compare(Buffer.from(left.key), Buffer.from(right.key));
}

export class StoreEngine {
  readonly #clock: Clock;
  readonly #journal: Journal | undefined;
  readonly #historyMax: number;
  readonly #entries = new Map<string, Entry>();
  readonly #leases = new Map<LeaseId, HeldLease>();
  readonly #watches = new Set<EngineWatch>();
  /** Revisions after #compacted, oldest first. */
  #history: Past[] = [];
  #revision: Revision = 0n;
  #compacted: Revision = 0n;
  #lastLease = 0n;

  constructor({ clock, journal, historyMax = 10_000 }: EngineOptions) {
    this.#clock = clock;
    this.#journal = journal;
    this.#historyMax = historyMax;
    if (journal === undefined) return;
    const { revision, entries, leases, lastLease } = journal.load();
    this.#lastLease = lastLease;
    this.#revision = revision;
    this.#compacted = revision;
    for (const lease of leases) this.#hold(lease.id, lease.ttlMs);
    for (const entry of entries) this.#place(entry);
  }

  get revision(): Revision {
    return this.#revision;
  }

  list(range: { readonly key: string } | { readonly prefix: string }): Listed {
    return { revision: this.#revision, entries: this.#find(range, new Map()) };
  }

  transact(transaction: Transaction): TransactionResult {
    checkTransaction(transaction);
    const succeeded = transaction.when.every((compare) => this.#holds(compare));
    const operations = succeeded ? transaction.then : (transaction.otherwise ?? []);
    for (const operation of operations) {
      if (operation.kind === 'put' && operation.lease !== undefined) this.#leaseOf(operation.lease);
    }
    const revision = this.#revision + 1n;
    const draft = new Map<string, Entry | undefined>();
    const changes: Change[] = [];
    const results = operations.map((operation) => this.#perform(operation, revision, draft, changes));
    this.#commit(revision, changes);
    return { succeeded, revision: this.#revision, results };
  }

  grantLease(ttlMs: number): LeaseGrant {
    // Rounded as etcd does, so that what is tested here is true there.
    const lease = { id: String(this.#lastLease + 1n) as LeaseId, ttlMs: Math.max(Math.ceil(ttlMs / 1000) * 1000, leaseMsMin) };
    this.#journal?.keepLease(lease);
    this.#lastLease += 1n;
    this.#hold(lease.id, lease.ttlMs);
    return lease;
  }

  renewLease(id: LeaseId): number {
    const lease = this.#leaseOf(id);
    lease.endsMs = this.#clock.monotonicMs() + lease.ttlMs;
    return lease.ttlMs;
  }

  revokeLease(id: LeaseId): void {
    const lease = this.#leases.get(id);
    if (lease !== undefined) this.#endLease(id, lease);
  }

  /** Forgets the history up to and with `revision`: watches cannot begin in it any more. */
  compact(revision: Revision): void {
    if (revision <= this.#compacted) return;
    this.#compacted = revision < this.#revision ? revision : this.#revision;
    this.#history = this.#history.filter((past) => past.revision > this.#compacted);
  }

  /** Delivers what has changed from `from` on, at once, and then whatever changes. StoreError 'compacted'. */
  watch(watch: EngineWatch, from: Revision): void {
    if (from <= this.#compacted) throw new StoreError('compacted', `the history up to revision ${this.#compacted} is not there any more`);
    for (const past of this.#history) if (past.revision >= from) this.#deliver(watch, past);
    this.#watches.add(watch);
  }

  unwatch(watch: EngineWatch): void {
    this.#watches.delete(watch);
  }

  /** Stops the timers of leases. */
  close(): void {
    for (const lease of this.#leases.values()) lease.timer?.cancel();
    this.#leases.clear();
    this.#watches.clear();
  }

  #holds(compare: Compare): boolean {
    const entry = this.#entries.get(compare.key);
    switch (compare.kind) {
      case 'absent':
        return entry === undefined;
      case 'present':
        return entry !== undefined;
      case 'value':
        return entry?.value === compare.value;
      case 'mod-revision':
        return (entry?.modRevision ?? 0n) === compare.revision;
      case 'create-revision':
        return (entry?.createRevision ?? 0n) === compare.revision;
      default:
        return assertNever(compare);
    }
  }

  #find(range: { readonly key: string } | { readonly prefix: string }, draft: ReadonlyMap<string, Entry | undefined>): Entry[] {
    if ('key' in range) {
      const entry = draft.has(range.key) ? draft.get(range.key) : this.#entries.get(range.key);
      return entry === undefined ? [] : [entry];
    }
    const found = [...this.#entries.values()].filter(({ key }) => key.startsWith(range.prefix) && !draft.has(key));
    for (const entry of draft.values()) if (entry?.key.startsWith(range.prefix) === true) found.push(entry);
    return found.sort(byKey);
  }

  #perform(operation: Operation, revision: Revision, draft: Map<string, Entry | undefined>, changes: Change[]): OperationResult {
    switch (operation.kind) {
      case 'get':
        return { kind: 'get', entry: this.#find(operation, draft)[0] };
      case 'list':
        return { kind: 'list', entries: this.#find(operation, draft) };
      case 'put': {
        const { key, value, lease } = operation;
        const entry = { key, value, createRevision: this.#entries.get(key)?.createRevision ?? revision, modRevision: revision, lease };
        draft.set(key, entry);
        changes.push({ kind: 'put', entry });
        return { kind: 'put' };
      }
      case 'delete':
      case 'delete-prefix': {
        const gone = this.#find(operation, draft);
        for (const { key } of gone) {
          draft.set(key, undefined);
          changes.push({ kind: 'delete', key, revision });
        }
        return { kind: 'delete', count: gone.length };
      }
      default:
        return assertNever(operation);
    }
  }

  /** Durable first, then visible, then told. */
  #commit(revision: Revision, changes: readonly Change[], endedLease?: LeaseId): void {
    if (changes.length === 0 && endedLease === undefined) return;
    const reached = changes.length === 0 ? this.#revision : revision;
    this.#journal?.commit(reached, changes, endedLease);
    if (changes.length === 0) return;
    this.#revision = reached;
    for (const change of changes) {
      const key = change.kind === 'put' ? change.entry.key : change.key;
      const before = this.#entries.get(key)?.lease;
      if (before !== undefined) this.#leases.get(before)?.keys.delete(key);
      this.#entries.delete(key);
      if (change.kind === 'put') this.#place(change.entry);
    }
    const past = { revision, changes };
    this.#history.push(past);
    if (this.#history.length > this.#historyMax) this.compact(revision - BigInt(this.#historyMax >> 1));
    for (const watch of this.#watches) this.#deliver(watch, past);
  }

  #deliver(watch: EngineWatch, { revision, changes }: Past): void {
    const own = changes.filter((change) => (change.kind === 'put' ? change.entry.key : change.key).startsWith(watch.prefix));
    if (own.length > 0) watch.deliver({ revision, changes: own });
  }

  #place(entry: Entry): void {
    this.#entries.set(entry.key, entry);
    if (entry.lease !== undefined) this.#leases.get(entry.lease)?.keys.add(entry.key);
  }

  #leaseOf(id: LeaseId): HeldLease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new StoreError('lease-not-found', `the lease ${id} has ended`);
    return lease;
  }

  #hold(id: LeaseId, ttlMs: number): void {
    const lease: HeldLease = { ttlMs, endsMs: this.#clock.monotonicMs() + ttlMs, timer: undefined, keys: new Set() };
    this.#leases.set(id, lease);
    this.#awaitEnd(id, lease);
  }

  #awaitEnd(id: LeaseId, lease: HeldLease, atLeastMs = 0): void {
    lease.timer = this.#clock.after(Math.max(lease.endsMs - this.#clock.monotonicMs(), atLeastMs), () => {
      if (this.#clock.monotonicMs() < lease.endsMs) {
        this.#awaitEnd(id, lease);
        return;
      }
      try {
        this.#endLease(id, lease);
      } catch (error) {
        // A full disk: it ends when it can be written.
        if (!(error instanceof StoreError)) throw error;
        this.#awaitEnd(id, lease, 1000);
      }
    });
  }

  /** The keys of a lease end in one revision. */
  #endLease(id: LeaseId, lease: HeldLease): void {
    lease.timer?.cancel();
    const revision = this.#revision + 1n;
    const changes = [...lease.keys].sort().map((key): Change => ({ kind: 'delete', key, revision }));
    this.#commit(revision, changes, id);
    this.#leases.delete(id);
  }
}
