/**
 * The coordination store over any backend: what takes persistence. Leases are renewed and counted on the monotonic clock; a watch that ends is begun again by listing anew, so
 * that its handler never misses a change without being told the whole state; trouble and recovery go to the log. `connectStore` is called by cli and by simulations.
 */
import type { Clock, Timer } from '../../common/clock.js';
import type { BackendWatch, StoreBackend } from './backend.js';
import {
  type CoordinationStore,
  type Found,
  type Lease,
  type LeaseId,
  type LeaseLoss,
  type Listed,
  type Revision,
  StoreError,
  type Transaction,
  type TransactionResult,
  type Watch,
  type WatchHandler,
  type WatchOptions,
} from './store.js';

export interface StoreClientOptions {
  readonly clock: Clock;
  /** One line. */
  readonly log: (message: string) => void;
}

export function connectStore(backend: StoreBackend, options: StoreClientOptions): CoordinationStore {
  return new StoreClient(backend, options);
}

const watchAgainMsMin = 100;
const watchAgainMsMax = 1000;
/** Between attempts to renew a lease after a failed one. */
const renewAgainMs = 300;

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class StoreClient implements CoordinationStore {
  readonly #leases = new Set<RenewedLease>();
  readonly #watches = new Set<PersistentWatch>();

  constructor(
    private readonly backend: StoreBackend,
    private readonly options: StoreClientOptions,
  ) {}

  async get(key: string): Promise<Found> {
    const { revision, entries } = await this.backend.list({ key });
    return { revision, entry: entries[0] };
  }

  async list(prefix: string): Promise<Listed> {
    return await this.backend.list({ prefix });
  }

  async put(key: string, value: string, lease?: LeaseId): Promise<Revision> {
    return (await this.backend.transact({ when: [], then: [{ kind: 'put', key, value, lease }] })).revision;
  }

  async delete(key: string): Promise<boolean> {
    const { results } = await this.backend.transact({ when: [], then: [{ kind: 'delete', key }] });
    return results[0]?.kind === 'delete' && results[0].count > 0;
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    return await this.backend.transact(transaction);
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    const sentMs = this.options.clock.monotonicMs();
    const grant = await this.backend.grantLease(ttlMs);
    const lease = new RenewedLease(grant.id, grant.ttlMs, sentMs, this.backend, this.options);
    this.#leases.add(lease);
    void lease.lost.then(() => this.#leases.delete(lease));
    return lease;
  }

  watch(prefix: string, handler: WatchHandler, { after }: WatchOptions = {}): Watch {
    const watch = new PersistentWatch(prefix, handler, this.backend, this.options, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    watch.begin(after);
    return watch;
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.cancel();
    for (const lease of this.#leases) lease.abandon();
    await this.backend.close();
  }
}

class RenewedLease implements Lease {
  readonly lost: Promise<LeaseLoss>;
  #resolveLost: (loss: LeaseLoss) => void = () => undefined;
  #isOver = false;
  #deadlineMs: number;
  #renewal: Timer | undefined;
  #deadline: Timer | undefined;
  #troubled = false;

  constructor(
    readonly id: LeaseId,
    readonly ttlMs: number,
    sentMs: number,
    private readonly backend: StoreBackend,
    private readonly options: StoreClientOptions,
  ) {
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    this.#deadlineMs = sentMs + ttlMs;
    this.#renewAfter(ttlMs / 3);
    this.#watchDeadline();
  }

  remainingMs(): number {
    return this.#isOver ? 0 : Math.max(0, this.#deadlineMs - this.options.clock.monotonicMs());
  }

  async revoke(): Promise<void> {
    this.#end('revoked');
    await this.backend.revokeLease(this.id);
  }

  abandon(): void {
    this.#isOver = true;
    this.#renewal?.cancel();
    this.#deadline?.cancel();
  }

  #renewAfter(delayMs: number): void {
    this.#renewal = this.options.clock.after(delayMs, () => {
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const sentMs = this.options.clock.monotonicMs();
    try {
      const ttlMs = await this.backend.renewLease(this.id);
      if (this.#isOver) return;
      // An answer that comes too late does not bring a lease back: its owner may have been told.
      if (this.remainingMs() === 0) {
        this.#end('overdue');
        return;
      }
      this.#deadlineMs = Math.max(this.#deadlineMs, sentMs + ttlMs);
      if (this.#troubled) this.options.log(`the lease ${this.id} is renewed again`);
      this.#troubled = false;
      this.#renewAfter(ttlMs / 3);
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof StoreError && error.kind === 'lease-not-found') {
        this.#end('expired');
        return;
      }
      if (!this.#troubled) this.options.log(`the lease ${this.id} cannot be renewed (${Math.round(this.remainingMs())} ms are left): ${messageOf(error)}`);
      this.#troubled = true;
      this.#renewAfter(Math.min(renewAgainMs, this.ttlMs / 6));
    }
  }

  #watchDeadline(): void {
    this.#deadline = this.options.clock.after(Math.max(this.remainingMs(), 1), () => {
      if (this.remainingMs() > 0) this.#watchDeadline();
      else this.#end('overdue');
    });
  }

  #end(loss: LeaseLoss): void {
    if (this.#isOver) return;
    this.abandon();
    if (loss !== 'revoked') this.options.log(`the lease ${this.id} is lost: ${loss === 'expired' ? 'it has ended' : 'it could not be renewed in its time'}`);
    this.#resolveLost(loss);
  }
}

class PersistentWatch implements Watch {
  #isCancelled = false;
  #current: BackendWatch | undefined;
  #again: Timer | undefined;
  #againMs = watchAgainMsMin;
  #heardMs = Number.NEGATIVE_INFINITY;
  #troubled = false;

  constructor(
    private readonly prefix: string,
    private readonly handler: WatchHandler,
    private readonly backend: StoreBackend,
    private readonly options: StoreClientOptions,
    private readonly onCancel: () => void,
  ) {}

  staleMs(): number {
    return Math.max(0, this.options.clock.monotonicMs() - this.#heardMs);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#again?.cancel();
    this.#current?.cancel();
    this.onCancel();
  }

  begin(after: Revision | undefined): void {
    if (after === undefined) void this.#list();
    else this.#follow(after);
  }

  async #list(): Promise<void> {
    const sentMs = this.options.clock.monotonicMs();
    let listed: Listed;
    try {
      listed = await this.backend.list({ prefix: this.prefix });
    } catch (error) {
      if (!this.#isCancelled) this.#interrupted(error);
      return;
    }
    if (this.#isCancelled) return;
    this.#heardMs = sentMs;
    if (this.#troubled) this.options.log(`watching "${this.prefix}" again, from revision ${listed.revision}`);
    this.#troubled = false;
    // Changes follow the state without a gap: the watch begins at the next revision, which is in the history until somebody compacts.
    this.handler.state(listed.entries, listed.revision);
    if (!this.#isCancelled) this.#follow(listed.revision);
  }

  #follow(after: Revision): void {
    let reached = after;
    this.#current = this.backend.watch(this.prefix, after + 1n, {
      changes: (changes, revision) => {
        if (revision <= reached) return;
        reached = revision;
        this.handler.changes(changes, revision);
      },
      alive: (asOfMs) => {
        this.#heardMs = Math.max(this.#heardMs, asOfMs);
        this.#againMs = watchAgainMsMin;
      },
      ended: (error) => {
        this.#current = undefined;
        if (this.#isCancelled) return;
        this.#interrupted(error);
      },
    });
  }

  #interrupted(error: unknown): void {
    if (!this.#troubled) this.options.log(`the watch of "${this.prefix}" was interrupted, its keys will be listed anew: ${messageOf(error)}`);
    this.#troubled = true;
    this.#again = this.options.clock.after(this.#againMs, () => {
      void this.#list();
    });
    this.#againMs = Math.min(this.#againMs * 2, watchAgainMsMax);
  }
}
