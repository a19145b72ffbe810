/** When writes came back after a fault: per node, by the acknowledgements of transfers that were begun after it. In monotonic time. Called by cluster-torture.ts. */

interface Waiter {
  readonly isMet: () => boolean;
  readonly go: () => void;
}

export class Recovery {
  /** By node: when the newest acknowledged transfer was begun, and when its acknowledgement came; and the first since `since`. */
  readonly #firsts = new Map<string, number>();
  #sinceMs = 0;
  #waiters: Waiter[] = [];

  /** A transfer through `node` was acknowledged now that was begun at `begunMs`. */
  acknowledged(node: string, begunMs: number): void {
    if (begunMs < this.#sinceMs || this.#firsts.has(node)) return;
    this.#firsts.set(node, performance.now());
    this.check();
  }

  /** From now on it counts what is begun now or later. */
  begin(): void {
    this.#sinceMs = performance.now();
    this.#firsts.clear();
  }

  /** After how many milliseconds a transfer through that node was back; undefined: not yet. */
  backMs(node: string): number | undefined {
    const at = this.#firsts.get(node);
    return at === undefined ? undefined : at - this.#sinceMs;
  }

  get firstMs(): number | undefined {
    return this.#firsts.size === 0 ? undefined : Math.min(...this.#firsts.values()) - this.#sinceMs;
  }

  /** Resolves to whether transfers through any node (or: through all of these nodes) have come back before so long has passed since `begin`. */
  async back(nodes: readonly string[] | 'any', withinMs: number): Promise<boolean> {
    const isMet = (): boolean => (nodes === 'any' ? this.#firsts.size > 0 : nodes.every((node) => this.#firsts.has(node)));
    if (isMet()) return true;
    return await new Promise((resolve) => {
      const waiter: Waiter = {
        isMet,
        go: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      this.#waiters.push(waiter);
      const timer = setTimeout(
        () => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          resolve(false);
        },
        Math.max(0, withinMs - (performance.now() - this.#sinceMs)),
      );
    });
  }

  private check(): void {
    const met = this.#waiters.filter(({ isMet }) => isMet());
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { go } of met) go();
  }
}
