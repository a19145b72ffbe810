/**
 * The coordination store as the cluster sees it: small keys with JSON values, changed by compare-and-swap, watched by prefix, some of them alive only as long as their owner
 * renews a lease. What it is for: who is a member, who leads, who is primary of what, the configuration. Never data.
 *
 * One port (`CoordinationStore`), made by `connectStore` (store-client.ts) over a `StoreBackend` (backend.ts): etcd for clusters (etcd/), a durable file for a single node and
 * memory under a virtual clock for simulations (embedded/). All are held to one contract: test/unit/cluster/coordination/contract.ts; test/faults/etcd.test.ts is about etcd in trouble. Why so: DESIGN.md.
 *
 * What a caller may rely on:
 * - Reads are linearizable: they show every write that was acknowledged before they were asked.
 * - Every write that changes something raises the store's revision by one, a transaction as a whole too; all keys that it changes carry that one revision.
 * - Nothing is retried behind the caller's back, and no call lasts longer than its deadline (1 s by default).
 * - A failed write is either certainly not done ('unavailable' and all other kinds) or perhaps done ('unknown-outcome'); only the second needs a look at what is there.
 */
import { assertNever } from '../../common/errors.js';

/** The store's version counter. Greater is later; the first write of a new store has a revision above 0. */
export type Revision = bigint;

/** Names a lease in the store. Decimal, positive. */
export type LeaseId = string & { readonly brand: 'LeaseId' };

/** A key as it stands at some revision. */
export interface Entry {
  readonly key: string;
  /** UTF-8; by the house's rule JSON. */
  readonly value: string;
  /** Revision of the write that made the key: it names this life of the key, from the put that made it until its deletion. */
  readonly createRevision: Revision;
  /** Revision of the last write to the key: what a compare-and-swap compares. */
  readonly modRevision: Revision;
  /** The lease with which the key ends. */
  readonly lease: LeaseId | undefined;
}

/** What a transaction demands of a key before it does anything. */
export type Compare =
  | { readonly kind: 'mod-revision'; readonly key: string; readonly revision: Revision }
  | { readonly kind: 'create-revision'; readonly key: string; readonly revision: Revision }
  | { readonly kind: 'value'; readonly key: string; readonly value: string }
  | { readonly kind: 'absent'; readonly key: string }
  | { readonly kind: 'present'; readonly key: string };

export type Operation =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'list'; readonly prefix: string }
  /** A put without a lease takes the key off the lease that it had. */
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly lease?: LeaseId | undefined }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'delete-prefix'; readonly prefix: string };

/** If everything in `when` holds, `then` is done, otherwise `otherwise`: all of it in one revision. A key may be written once in a transaction. At most 128 operations. */
export interface Transaction {
  readonly when: readonly Compare[];
  readonly then: readonly Operation[];
  readonly otherwise?: readonly Operation[];
}

/** Of the operation at the same place in `then` or `otherwise`. Entries of a list are in the order of their keys' bytes. */
export type OperationResult =
  | { readonly kind: 'get'; readonly entry: Entry | undefined }
  | { readonly kind: 'list'; readonly entries: readonly Entry[] }
  | { readonly kind: 'put' }
  | { readonly kind: 'delete'; readonly count: number };

export interface TransactionResult {
  /** Which branch was done: true = `then`. */
  readonly succeeded: boolean;
  /** The store's revision after it. */
  readonly revision: Revision;
  readonly results: readonly OperationResult[];
}

export interface Found {
  /** The store's revision at the time of the reading. */
  readonly revision: Revision;
  readonly entry: Entry | undefined;
}

export interface Listed {
  /** The revision at which the list is exact. */
  readonly revision: Revision;
  /** In the order of the keys' bytes. */
  readonly entries: readonly Entry[];
}

export type Change =
  | { readonly kind: 'put'; readonly entry: Entry }
  /** Deleted by somebody, or its lease ended. */
  | { readonly kind: 'delete'; readonly key: string; readonly revision: Revision };

export interface WatchHandler {
  /**
   * Everything under the prefix, exact at `revision`: forget what was known before. Called once at the start, and again whenever the watch was interrupted (the connection or
   * the endpoint was lost, the history compacted): changes in between that a later one undid are then not seen one by one.
   */
  state(entries: readonly Entry[], revision: Revision): void;
  /** All changes of one revision, or of several successive ones, in their order; nothing is left out between a `state` and the `changes` that follow it. */
  changes(changes: readonly Change[], revision: Revision): void;
}

export interface WatchOptions {
  /** Begin with the changes after this revision instead of with a `state`, for who knows the state at it. If the history is no longer there, a `state` comes after all. */
  readonly after?: Revision;
}

export interface Watch {
  /**
   * How long ago, in milliseconds, the store was last heard to be alive and in touch with its majority; Infinity before the first `state`. What the watch has shown may be
   * outdated by this much, and by as much as the store's member lags behind its leader: for reports and for giving up, not for proofs. Who must know reads.
   */
  staleMs(): number;
  /** Nothing is called after it. */
  cancel(): void;
}

/** Why a lease counts as lost. */
export type LeaseLoss =
  /** The store said that it is gone. Its keys are too. */
  | 'expired'
  /** No renewal was acknowledged for the lease's whole time: the keys may be gone. */
  | 'overdue'
  /** revoke() was called here. */
  | 'revoked';

/**
 * A lease, renewed in the background until it is lost or revoked. Its deadline is counted on the monotonic clock from when the last acknowledged renewal was *sent*, so
 * `remainingMs() > 0` means that the store still holds the lease, whatever the wall clocks do. A process that was stopped learns it from remainingMs() before any event.
 */
export interface Lease {
  readonly id: LeaseId;
  readonly ttlMs: number;
  /** Milliseconds for which the lease is certainly held; 0 when it is lost or may be. */
  remainingMs(): number;
  /** Resolves once. A lost lease is not renewed any more: get another one. */
  readonly lost: Promise<LeaseLoss>;
  /** Ends the lease and deletes its keys. If the store cannot be reached, they end with the lease's time. */
  revoke(): Promise<void>;
  /** Stops renewing and says nothing to the store: what a crash does. */
  abandon(): void;
}

export interface CoordinationStore {
  get(key: string): Promise<Found>;
  /** All keys that begin with `prefix`. */
  list(prefix: string): Promise<Listed>;
  /** Resolves to the revision that the write made. */
  put(key: string, value: string, lease?: LeaseId): Promise<Revision>;
  /** Whether it was there. */
  delete(key: string): Promise<boolean>;
  transact(transaction: Transaction): Promise<TransactionResult>;
  /** `ttlMs` is rounded up to whole seconds by etcd, and to its minimum (2 s): see `ttlMs` of the lease. */
  grantLease(ttlMs: number): Promise<Lease>;
  /** Keeps at it through all failures until it is cancelled (it logs when it loses and finds the store). The handler is not called before this returns. */
  watch(prefix: string, handler: WatchHandler, options?: WatchOptions): Watch;
  /** Cancels the watches, abandons the leases, lets go of the connections. */
  close(): Promise<void>;
}

export type StoreErrorKind =
  /** The store cannot be reached or has no majority. Nothing was done. */
  | 'unavailable'
  /** The store could not be heard to the end: a write may have been done or not, and may even be done later. Another compare-and-swap on the same key settles it. */
  | 'unknown-outcome'
  /** The history before some revision is no longer there. Of a backend's watch only: `CoordinationStore` begins again with a `state`. */
  | 'compacted'
  /** The store does not let us in, or not at this key. Nothing was done. */
  | 'unauthenticated'
  /** The lease of a put is not there (any more). Nothing was done. */
  | 'lease-not-found'
  /** The store will not do that: too large, too many operations, no space left, the same key written twice. Nothing was done. */
  | 'refused';

export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly kind: StoreErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** It may help to ask again. */
  get isTransient(): boolean {
    switch (this.kind) {
      case 'unavailable':
      case 'unknown-outcome':
        return true;
      case 'compacted':
      case 'unauthenticated':
      case 'lease-not-found':
      case 'refused':
        return false;
      default:
        return assertNever(this.kind);
    }
  }
}
