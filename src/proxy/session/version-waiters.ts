/** Who waits for a version of a catalog to arrive on this thread: the database's (services.ts) and the server's (server-state.ts). */

export class VersionWaiters {
  #waiters: { readonly version: number; readonly resolve: () => void }[] = [];

  /** That version is here. */
  arrived(version: number): void {
    const ready = this.#waiters.filter((waiter) => waiter.version <= version);
    this.#waiters = this.#waiters.filter((waiter) => waiter.version > version);
    for (const waiter of ready) waiter.resolve();
  }

  /** Resolves once at least that version is here, or after a while. */
  async reached(version: number, timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiters.push({
        version,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  }
}
