/**
 * The main thread's end of what front-end threads ask about databases: ports to them, and a database that nobody is in while it is copied, renamed or dropped. Made by
 * cli/compose.ts over the databases that are open (storage/database-hosts) and the front-end threads.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseEntry } from '../catalog/server-catalog.js';
import { PgError } from '../common/errors.js';
import { type Client, Transfer } from '../common/rpc.js';
import { type FrontEndPorts, portsToTransfer } from '../storage/database-host.js';
import type { DatabaseHosts } from '../storage/database-hosts.js';
import type { DatabasesPort, NodePort, ThreadPort } from './session/node-port.js';

/** As PostgreSQL: who is leaving is given so much time. */
const leaveMs = 5000;
const lookEveryMs = 50;

export class NodeDatabases {
  constructor(
    private readonly hosts: DatabaseHosts,
    private readonly threads: () => readonly Client<ThreadPort>[],
    private readonly signal: NodePort['signal'],
  ) {}

  async attachDatabase({ entry }: { readonly entry: DatabaseEntry }): Promise<Transfer<{ readonly ports: FrontEndPorts; readonly isFirst: boolean }>> {
    const answer = await this.hosts.attach(entry);
    return new Transfer(answer, portsToTransfer(answer.ports));
  }

  async databaseReady({ oid }: { readonly oid: number }): Promise<void> {
    this.hosts.setReady(oid);
    await Promise.resolve();
  }

  async releaseDatabase({ oid }: { readonly oid: number }): Promise<void> {
    this.hosts.release(oid);
    await Promise.resolve();
  }

  async holdDatabase({ oid, processId, force }: Parameters<DatabasesPort['holdDatabase']>[0]): Promise<number> {
    const endsMs = performance.now() + leaveMs;
    const told = new Set<number>();
    for (;;) {
      const users = await Promise.all(this.threads().map(async (thread) => await thread.holdDatabase({ oid })));
      const others = users.flat().filter((user) => user !== processId);
      if (others.length === 0 || performance.now() > endsMs) return others.length;
      for (const other of force ? others : []) if (!told.has(other) && (await this.signal({ processId: other, signal: 'terminate' }))) told.add(other);
      await sleep(lookEveryMs);
    }
  }

  async freeDatabase({ oid }: { readonly oid: number }): Promise<void> {
    await Promise.all(this.threads().map(async (thread) => await thread.freeDatabase({ oid })));
  }

  async closeDatabase({ oid }: { readonly oid: number }): Promise<void> {
    if (!(await this.detach(oid))) throw new PgError('55006', 'the database is in use');
    await this.hosts.closeNow(oid);
  }

  async copyDatabase({ template, entry }: { readonly template: DatabaseEntry; readonly entry: DatabaseEntry }): Promise<void> {
    // Closed, all of it is in its files, sequences to the last value. (The session that asks may be in the template itself.)
    if (await this.detach(template.oid)) await this.hosts.closeNow(template.oid);
    await this.hosts.copy(template, entry);
  }

  async removeDatabase({ entry }: { readonly entry: DatabaseEntry }): Promise<void> {
    await this.hosts.remove(entry);
  }

  private async detach(oid: number): Promise<boolean> {
    const detached = await Promise.all(this.threads().map(async (thread) => await thread.detachDatabase({ oid })));
    return detached.every((one) => one);
  }
}
