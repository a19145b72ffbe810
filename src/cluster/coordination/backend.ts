/**
 * What a coordination store must be able to do by itself: single calls, and a watch that ends at its first trouble. Everything that takes persistence (renewing leases, beginning
 * watches again) is the client's (store-client.ts), once for all backends. Simulations put their faults between the two: a backend that delays, drops and forgets.
 *
 * Every call fails with a StoreError, and within the backend's deadline.
 */
import type { Change, Listed, LeaseId, Revision, StoreError, Transaction, TransactionResult } from './store.js';

export interface LeaseGrant {
  readonly id: LeaseId;
  /** What was granted, which may be more than was asked for. */
  readonly ttlMs: number;
}

export interface BackendWatchSink {
  /** In the order of revisions; every change of a revision is in the same call. `revision` = of the last change. */
  changes(changes: readonly Change[], revision: Revision): void;
  /** The store was alive at `asOfMs` of the monotonic clock, and in touch with its majority as far as it knew. At least once a second. */
  alive(asOfMs: number): void;
  /** Nothing comes any more. 'compacted': the changes from the asked revision on are not there any more. */
  ended(error: StoreError): void;
}

export interface BackendWatch {
  /** The sink is not called any more. */
  cancel(): void;
}

export interface StoreBackend {
  /** For the log: 'etcd at http://10.0.0.1:2379'. */
  readonly description: string;
  /** Linearizable. */
  list(range: { readonly key: string } | { readonly prefix: string }): Promise<Listed>;
  transact(transaction: Transaction): Promise<TransactionResult>;
  grantLease(ttlMs: number): Promise<LeaseGrant>;
  /** The time that it has from now on; 'lease-not-found' when it has ended. */
  renewLease(id: LeaseId): Promise<number>;
  /** Of a lease that is not there: nothing happens. */
  revokeLease(id: LeaseId): Promise<void>;
  /** Every change under the prefix from `from` (inclusive) on. The sink is not called before this returns. */
  watch(prefix: string, from: Revision, sink: BackendWatchSink): BackendWatch;
  close(): Promise<void>;
}
