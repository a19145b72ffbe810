/**
 * The main thread's end of what sessions of several front-end threads have to do with each other (session/node-port.ts): asks every thread, forwards to one, sends to all.
 * Made by cli/compose.ts.
 */
import type { Client } from '../common/rpc.js';
import type { MemberFacts } from '../catalog/pg-catalog/node-view.js';
import type { QueryDemand } from '../cluster/scaler/demand.js';
import { DemandLedger } from '../cluster/scaler/demand-ledger.js';
import { frontEndThreadsMax } from './cancel-registry.js';
import type { DatabasesPort, NodePort, Notifications, SessionActivity, SessionSignal, ThreadPort } from './session/node-port.js';

/** Its part of NodePort: what is not about databases (proxy/node-databases.ts). */
export class NodeExchange implements Omit<NodePort, keyof DatabasesPort> {
  readonly #threads: Client<ThreadPort>[] = [];

  /** The greatest demand of all threads. */
  readonly #demand: DemandLedger<number>;

  constructor(
    private readonly node: Pick<NodePort, 'reload' | 'alterSystem' | 'members'>,
    /** What the node's queries want of the scaler has changed. */
    demandChanged: (greatest: QueryDemand | undefined) => void,
  ) {
    this.#demand = new DemandLedger(demandChanged);
  }

  async demand({ thread, demand }: { readonly thread: number; readonly demand: QueryDemand | undefined }): Promise<void> {
    await Promise.resolve();
    this.#demand.set(thread, demand);
  }

  get threads(): readonly Client<ThreadPort>[] {
    return this.#threads;
  }

  /** In the order of the threads. */
  add(thread: Client<ThreadPort>): void {
    this.#threads.push(thread);
  }

  async activity(): Promise<readonly SessionActivity[]> {
    const all = await Promise.all(this.#threads.map(async (thread) => await thread.activity(undefined as never)));
    return all.flat();
  }

  async signal(request: { readonly processId: number; readonly signal: SessionSignal }): Promise<boolean> {
    return (await this.#threads[request.processId % frontEndThreadsMax]?.signal(request)) ?? false;
  }

  async notify(request: Notifications): Promise<void> {
    // (Every thread's port keeps the order of the calls.)
    await Promise.all(this.#threads.map(async (thread) => await thread.notify(request)));
  }

  async members(): Promise<readonly MemberFacts[]> {
    return await this.node.members();
  }

  async reload(): Promise<void> {
    await this.node.reload();
  }

  async alterSystem(request: { readonly name: string | undefined; readonly value: string | undefined }): Promise<void> {
    await this.node.alterSystem(request);
  }
}
