/**
 * Empties a node of its clients before it is taken away: /health says no at once, so that load balancers send new clients elsewhere; after a while those who are between two
 * transactions are sent away (57P01), until nobody is left. Made by cli/compose.ts for the HTTP side (http/server.ts).
 */
import type { SessionActivity } from './session/node-port.js';

export interface NodeDrainOptions {
  readonly sessions: () => Promise<readonly SessionActivity[]>;
  /** Sends a client away. */
  readonly terminate: (processId: number) => Promise<unknown>;
  /** What else must end before the node may go. */
  readonly isBusy?: () => boolean;
  /** How long load balancers may take to notice. */
  readonly noticeMs?: number;
  readonly sweepMs?: number;
}

export class NodeDrain {
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: NodeDrainOptions) {}

  get active(): boolean {
    return this.#since !== undefined;
  }

  get #noticed(): boolean {
    return this.#since !== undefined && performance.now() - this.#since >= (this.options.noticeMs ?? 5000);
  }

  begin(): void {
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    this.#timer = setInterval(() => {
      if (this.#noticed) this.#sweep().catch(() => undefined); // The next sweep tries again.
    }, this.options.sweepMs ?? 500);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = this.#since = undefined;
  }

  async status(): Promise<{ readonly state: 'serving' | 'draining' | 'drained'; readonly sessions: number }> {
    const sessions = (await this.options.sessions()).length;
    if (!this.active) return { state: 'serving', sessions };
    return { state: this.#noticed && sessions === 0 && this.options.isBusy?.() !== true ? 'drained' : 'draining', sessions };
  }

  async #sweep(): Promise<void> {
    for (const { state, processId } of await this.options.sessions()) if (state === 'idle' && this.active) await this.options.terminate(processId);
  }
}
