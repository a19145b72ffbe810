/**
 * A store engine as the backend of one client. Simulations make one for every node, over that node's clock, and put their faults around it.
 */
import type { Clock, Timer } from '../../../common/clock.js';
import type { BackendWatch, BackendWatchSink, LeaseGrant, StoreBackend } from '../backend.js';
import type { StoreError } from '../store.js';
import { type LeaseId, type Listed, type Revision, type Transaction, type TransactionResult } from '../store.js';
import type { EngineWatch, StoreEngine } from './store-engine.js';

const aliveEveryMs = 500;

export class EngineBackend implements StoreBackend {
  readonly #cancels = new Set<() => void>();

  constructor(
    private readonly engine: StoreEngine,
    private readonly clock: Clock,
    readonly description = 'the coordination store in memory',
    /** Runs at close(): what stands behind the engine. */
    private readonly onClose: () => void = () => undefined,
  ) {}

  async list(range: { readonly key: string } | { readonly prefix: string }): Promise<Listed> {
    return await Promise.resolve().then(() => this.engine.list(range));
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    return await Promise.resolve().then(() => this.engine.transact(transaction));
  }

  async grantLease(ttlMs: number): Promise<LeaseGrant> {
    return await Promise.resolve().then(() => this.engine.grantLease(ttlMs));
  }

  async renewLease(id: LeaseId): Promise<number> {
    return await Promise.resolve().then(() => this.engine.renewLease(id));
  }

  async revokeLease(id: LeaseId): Promise<void> {
    await Promise.resolve().then(() => {
      this.engine.revokeLease(id);
    });
  }

  watch(prefix: string, from: Revision, sink: BackendWatchSink): BackendWatch {
    let isCancelled = false;
    let timer: Timer | undefined;
    // Changes are told after the call that made them, in their order.
    const later = (tell: () => void): void => {
      queueMicrotask(() => {
        if (!isCancelled) tell();
      });
    };
    const watch: EngineWatch = {
      prefix,
      deliver: ({ changes, revision }) => {
        later(() => {
          sink.changes(changes, revision);
        });
      },
    };
    const alive = (): void => {
      sink.alive(this.clock.monotonicMs());
      timer = this.clock.after(aliveEveryMs, alive);
    };
    try {
      this.engine.watch(watch, from);
      later(alive);
    } catch (error) {
      later(() => {
        sink.ended(error as StoreError);
      });
    }
    const cancel = (): void => {
      isCancelled = true;
      timer?.cancel();
      this.engine.unwatch(watch);
      this.#cancels.delete(cancel);
    };
    this.#cancels.add(cancel);
    return { cancel };
  }

  async close(): Promise<void> {
    await Promise.resolve();
    for (const cancel of this.#cancels) cancel();
    this.onClose();
  }
}
