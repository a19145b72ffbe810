/**
 * The copies of one database that a front-end thread reads on beside the primary's: which there are is asked again and again, in the background, while statements want
 * several nodes; each is attached when it is first heard of and let go when it is lost or no longer in sync. Made by cli/compose-front-end.
 */
import type { Clock } from '../../common/clock.js';
import type { Copies, ReadingNode } from '../../executor/reading-nodes.js';
import type { AttachedCopy } from './remote-copy.js';

/** How long what is known of the copies is believed. */
const knownMs = 1000;
/** A statement waits so long for the first look. */
const firstLookMsMax = 2000;
/** One that could not follow is left out for so long. */
const pauseMs = 3000;

export interface FollowedCopiesOptions {
  /** The nodes with copies in sync, but for the one that writes. */
  readonly list: () => Promise<readonly string[]>;
  readonly attach: (node: string) => Promise<AttachedCopy>;
  readonly clock: Clock;
}

export class FollowedCopies implements Copies {
  readonly #copies = new Map<string, AttachedCopy>();
  readonly #pausedUntil = new Map<string, number>();
  #lookedAt = -Infinity;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(private readonly options: FollowedCopiesOptions) {}

  get nodes(): readonly ReadingNode[] {
    void this.#look();
    const now = this.options.clock.monotonicMs();
    return [...this.#copies].flatMap(([name, { node }]) => ((this.#pausedUntil.get(name) ?? -Infinity) > now ? [] : [node]));
  }

  get isPossible(): boolean {
    return this.nodes.length > 0 || this.#lookedAt === -Infinity;
  }

  async attached(): Promise<void> {
    const looking = this.#look();
    if (looking !== undefined && this.#lookedAt === -Infinity)
      await Promise.race([looking, new Promise((resolve) => setTimeout(resolve, firstLookMsMax).unref())]);
  }

  failed({ name }: ReadingNode): void {
    this.#pausedUntil.set(name, this.options.clock.monotonicMs() + pauseMs);
  }

  cancelChanged(slot: number, value: number): void {
    for (const copy of this.#copies.values()) copy.cancelChanged(slot, value);
  }

  close(): void {
    this.#isClosed = true;
    for (const copy of this.#copies.values()) copy.close();
    this.#copies.clear();
  }

  #look(): Promise<void> | undefined {
    if (this.#looking !== undefined) return this.#looking;
    if (this.#isClosed || this.options.clock.monotonicMs() - this.#lookedAt < knownMs) return undefined;
    this.#looking = this.#refresh()
      .catch(() => undefined)
      .finally(() => {
        this.#looking = undefined;
        this.#lookedAt = this.options.clock.monotonicMs();
      });
    return this.#looking;
  }

  async #refresh(): Promise<void> {
    const listed = new Set(await this.options.list());
    for (const [name, copy] of this.#copies) {
      if (listed.has(name)) continue;
      this.#copies.delete(name);
      // (What reads on it runs elsewhere.)
      copy.close();
    }
    await Promise.all([...listed].filter((name) => !this.#copies.has(name)).map(async (name) => await this.#attach(name)));
  }

  async #attach(name: string): Promise<void> {
    const copy = await this.options.attach(name).catch(() => undefined);
    if (copy === undefined) return;
    if (this.#isClosed) {
      copy.close();
      return;
    }
    this.#copies.set(name, copy);
    void copy.lost.then(() => {
      if (this.#copies.get(name) === copy) this.#copies.delete(name);
    });
  }
}
