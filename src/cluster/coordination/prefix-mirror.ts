/**
 * What stands under a prefix of the coordination store, kept up to date in memory by a watch. Used by membership, elections and live configuration, and by whoever else wants the
 * present state and a call when it changes. While the store cannot be reached, the last state stays (staleMs).
 */
import type { Change, CoordinationStore, Entry, Revision, Watch } from './store.js';

export class PrefixMirror {
  readonly #entries = new Map<string, Entry>();
  readonly #watch: Watch;
  #revision: Revision = 0n;
  #isKnown = false;
  #waiting: { readonly revision: Revision; readonly resolve: () => void }[] = [];

  constructor(
    store: CoordinationStore,
    private readonly prefix: string,
    /** After every change, with the mirror up to date. */
    changed: () => void,
  ) {
    this.#watch = store.watch(prefix, {
      state: (entries, revision) => {
        this.#entries.clear();
        for (const entry of entries) this.#entries.set(this.#name(entry.key), entry);
        this.#reached(revision);
        changed();
      },
      changes: (changes, revision) => {
        for (const change of changes) this.#apply(change);
        this.#reached(revision);
        changed();
      },
    });
  }

  /** By what follows the prefix in their keys. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** It has had its first state. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Of the last state or change that was seen; 0 before the first. */
  get revision(): Revision {
    return this.#revision;
  }

  staleMs(): number {
    return this.#watch.staleMs();
  }

  /** Resolves when it has its first state. */
  async known(): Promise<void> {
    await this.reaches(0n);
  }

  /** Resolves when the mirror shows the write under the prefix that made this revision. */
  async reaches(revision: Revision): Promise<void> {
    if (this.#isKnown && this.#revision >= revision) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ revision, resolve });
    });
  }

  close(): void {
    this.#watch.cancel();
  }

  #name(key: string): string {
    return key.slice(this.prefix.length);
  }

  #apply(change: Change): void {
    if (change.kind === 'put') this.#entries.set(this.#name(change.entry.key), change.entry);
    else this.#entries.delete(this.#name(change.key));
  }

  #reached(revision: Revision): void {
    this.#revision = revision;
    this.#isKnown = true;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((waiter) => waiter.revision > revision);
    for (const waiter of waiting) if (waiter.revision <= revision) waiter.resolve();
  }
}
