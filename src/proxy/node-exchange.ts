/**
 * The main thread's end of what sessions of several front-end threads have to do with each other (session/node-port.ts): asks every thread, forwards to one, sends to all;
 * and so with the other nodes of a cluster (proxy/other-nodes.ts). Made by cli/compose.ts.
 */
import type { Client } from '../common/rpc.js';
import type { ReplicationView } from '../catalog/pg-catalog/replication-view.js';
import type { Comparison } from './node-replicas.js';
import type { MemberFacts } from '../catalog/pg-catalog/node-view.js';
import type { QueryDemand } from '../cluster/scaler/demand.js';
import { DemandLedger } from '../cluster/scaler/demand-ledger.js';
import { type CancelKey, threadOf } from './cancel-registry.js';
import type { NodeSessions, OtherNodes } from './other-nodes.js';
import type { DatabasesPort, NodePort, Notifications, SessionActivity, SessionSignal, ThreadPort } from './session/node-port.js';

/** Its part of NodePort: what is not about databases (proxy/node-databases.ts). */
export class NodeExchange implements Omit<NodePort, keyof DatabasesPort>, NodeSessions {
  readonly #threads: Client<ThreadPort>[] = [];

  /** The greatest demand of all threads. */
  readonly #demand: DemandLedger<number>;

  constructor(
    private readonly node: Pick<NodePort, 'reload' | 'alterSystem' | 'members' | 'replication' | 'compareCopies'>,
    /** What the node's queries want of the scaler has changed. */
    demandChanged: (greatest: QueryDemand | undefined) => void,
    /** Hands a cancel request to a thread of this node. */
    private readonly cancelThread: (key: CancelKey, thread: number) => void,
    /** undefined: this node is alone. */
    private readonly otherNodes: OtherNodes | undefined,
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
    const [own, others] = await Promise.all([
      this.localActivity(),
      this.otherNodes?.each('sessions', async (node) => await node.localActivity(undefined as never)) ?? [],
    ]);
    return [...own, ...others.flat()];
  }

  async signal(request: { readonly processId: number; readonly signal: SessionSignal }): Promise<boolean> {
    const node = await this.otherNodes?.ofSession(request.processId);
    return node === undefined ? await this.localSignal(request) : await node.localSignal(request);
  }

  async notify(request: Notifications): Promise<void> {
    const hub = await this.otherNodes?.hub('sessions');
    await (hub === undefined ? this.publish(request) : hub.publish(request));
  }

  /** A CancelRequest for a session of another thread or node. */
  cancelElsewhere(key: CancelKey): void {
    this.otherNodes
      ?.ofSession(key.processId)
      .then(async (node) => {
        if (node === undefined) this.cancel(key);
        else await node.cancel(key);
      })
      .catch(() => undefined);
    if (this.otherNodes === undefined) this.cancel(key);
  }

  // ---- NodeSessions ----

  async localActivity(): Promise<readonly SessionActivity[]> {
    const all = await Promise.all(this.#threads.map(async (thread) => await thread.activity(undefined as never)));
    return all.flat();
  }

  async localSignal(request: { readonly processId: number; readonly signal: SessionSignal }): Promise<boolean> {
    return (await this.#threads[threadOf(request.processId)]?.signal(request)) ?? false;
  }

  async deliver(request: Notifications): Promise<void> {
    // (Every thread's port keeps the order of the calls.)
    await Promise.all(this.#threads.map(async (thread) => await thread.notify(request)));
  }

  async publish(request: Notifications): Promise<void> {
    await Promise.all([this.deliver(request), this.otherNodes?.each('sessions', async (node) => await node.deliver(request))]);
  }

  cancel(key: CancelKey): void {
    this.cancelThread(key, threadOf(key.processId));
  }

  async members(): Promise<readonly MemberFacts[]> {
    return await this.node.members();
  }

  async replication(): Promise<ReplicationView> {
    return await this.node.replication();
  }

  async compareCopies(request: { readonly database: number }): Promise<Comparison> {
    return await this.node.compareCopies(request);
  }

  async reload(): Promise<void> {
    await this.node.reload();
  }

  async alterSystem(request: { readonly name: string | undefined; readonly value: string | undefined }): Promise<void> {
    await this.node.alterSystem(request);
  }
}
