/**
 * Empties nodes before they are taken away, by their own HTTP side (http/server.ts: /drain), and asks how far they are. A node that does not answer is 'unknown'.
 */
import { bearer } from './http-client.js';
import { objectOf } from './json.js';
import type { ObservedTask } from './machine.js';
import type { DriverTask } from './driver.js';

export interface NodeDrainer {
  status(task: DriverTask): Promise<ObservedTask['drain']>;
  /** Whether the node has said yes. */
  begin(task: DriverTask): Promise<boolean>;
  end(task: DriverTask): Promise<boolean>;
}

const timeoutMs = 3000;

export class HttpNodeDrainer implements NodeDrainer {
  /** token: that of the nodes, SHOAL_HTTP_TOKEN. */
  constructor(private readonly token: string | undefined) {}

  async #ask(task: DriverTask, method: string): Promise<ObservedTask['drain']> {
    if (task.url === undefined) return 'unknown';
    try {
      const headers = this.token === undefined ? {} : bearer(this.token);
      const response = await fetch(`${task.url}/drain`, { method, headers, signal: AbortSignal.timeout(timeoutMs) });
      const state = objectOf(await response.json())?.['state'];
      return state === 'serving' || state === 'draining' || state === 'drained' ? state : 'unknown';
    } catch {
      return 'unknown';
    }
  }

  async status(task: DriverTask): Promise<ObservedTask['drain']> {
    return await this.#ask(task, 'GET');
  }

  async begin(task: DriverTask): Promise<boolean> {
    const state = await this.#ask(task, 'POST');
    return state === 'draining' || state === 'drained';
  }

  async end(task: DriverTask): Promise<boolean> {
    return (await this.#ask(task, 'DELETE')) === 'serving';
  }
}
