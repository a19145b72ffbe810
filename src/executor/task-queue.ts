/**
 * The shards of a fragment, pulled by the places that are free: first those that the place should have (so that its cache serves them again the next time), then those of
 * the place that has most left. What a lost place had under way comes back. Used by executor/execute.
 */
export class TaskQueue {
  /** What is left, by the place that should have it; each list in the order in which its place takes it. */
  readonly #shares: number[][];

  /** `shareOf`: the place that should have a shard, from 0 to `places` - 1. */
  constructor(
    shards: readonly number[],
    places: number,
    shareOf: (shard: number) => number,
    /** Shards must run where they belong. */
    private readonly fixed: boolean,
  ) {
    this.#shares = Array.from({ length: places }, () => []);
    for (const shard of shards) this.#shares[shareOf(shard)]?.push(shard);
  }

  /** The next shard for a place; undefined: there is none for it. */
  take(place: number): number | undefined {
    const own = this.#shares[place]?.shift();
    if (own !== undefined || this.fixed) return own;
    let most: number[] | undefined;
    for (const share of this.#shares) if (share.length > (most?.length ?? 0)) most = share;
    // (From the end: its own place comes there last.)
    return most?.pop();
  }

  /** Not done: somebody else shall. */
  giveBack(shards: readonly number[]): void {
    this.#shares[0]?.push(...shards);
  }

  get isEmpty(): boolean {
    return this.#shares.every((share) => share.length === 0);
  }
}
