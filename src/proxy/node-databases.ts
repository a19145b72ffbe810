/**
 * The main thread's end of what front-end threads ask about databases: ports to them, and a database that nobody is in while it is copied, renamed or dropped. Made by
 * cli/compose.ts over the databases that are open (storage/database-hosts) and the front-end threads.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import type { DatabaseEntry } from '../catalog/server-catalog.js';
import type { CatalogData } from '../catalog/snapshot.js';
import { assert, PgError } from '../common/errors.js';
import { type Client, Transfer } from '../common/rpc.js';
import { type FrontEndPorts, portsToTransfer } from '../storage/database-host.js';
import type { HostedDatabases } from '../storage/database-hosts.js';
import { type RemoteCopyPorts, remoteCopyPortsToTransfer, type RemotePorts, remotePortsToTransfer } from '../cluster/remote/open-remote.js';
import type { Finding } from '../storage/integrity/finding.js';
import { filesBytes } from '../storage/files/files-bytes.js';
import { Verification, type VerificationKind } from '../storage/integrity/verification.js';
import { deliverTo, methodsOf, type OpenedServer, withServerOver } from './outbox-delivery.js';
import { forgetUnlisted, type UnlistedDatabasesOptions } from './unlisted-databases.js';
import type { DatabaseManagement, OtherNodes } from './other-nodes.js';
import type { DatabasesPort, NodePort, ThreadDatabasesPort, ThreadPort } from './session/node-port.js';

/** As PostgreSQL: who is leaving is given so much time. */
const leaveMs = 5000;
const lookEveryMs = 50;

/** Databases that other nodes have (cli/compose-channel.ts). */
export interface DatabasesElsewhere {
  /** Whether this node is the one to write the database; undefined: the server's own. */
  isHere(entry: DatabaseEntry | undefined): boolean;
  /** Ports to the node that writes it. */
  open(entry: DatabaseEntry | undefined): Promise<RemotePorts>;
  /** The nodes that have copies in sync, but for the one that writes it. */
  copiesOf(oid: number): readonly string[];
  /** Ports to the copy of one of them; undefined: it is this node. */
  openCopy(entry: DatabaseEntry, node: string): Promise<RemoteCopyPorts | undefined>;
  readonly nodes: OtherNodes;
}

export class NodeDatabases implements DatabaseManagement {
  constructor(
    /** undefined: this node hosts none. */
    private readonly hosts: HostedDatabases | undefined,
    private readonly threads: () => readonly Client<ThreadPort>[],
    private readonly signal: NodePort['signal'],
    /** undefined: this node is alone. */
    private readonly elsewhere: DatabasesElsewhere | undefined,
    /** undefined: this node is alone. */
    private readonly unlisted: UnlistedDatabasesOptions | undefined,
  ) {
    elsewhere?.nodes.provide('databases', this);
    elsewhere?.nodes.provide('threads', new NodeThreads(threads));
  }

  async attachDatabase({ entry }: { readonly entry: DatabaseEntry }): Promise<Transfer<Awaited<ReturnType<DatabasesPort['attachDatabase']>>>> {
    if (this.elsewhere?.isHere(entry) === false) {
      const ports = await this.elsewhere.open(entry);
      return new Transfer({ ports, isFirst: ports.facts.isFirst }, remotePortsToTransfer(ports));
    }
    const answer = await this.own.attach(entry);
    return new Transfer(answer, portsToTransfer(answer.ports));
  }

  async attachServer(): Promise<Transfer<FrontEndPorts | RemotePorts>> {
    if (this.elsewhere?.isHere(undefined) === false) {
      const ports = await this.elsewhere.open(undefined);
      return new Transfer<FrontEndPorts | RemotePorts>(ports, remotePortsToTransfer(ports));
    }
    const ports = this.own.attachServer();
    return new Transfer<FrontEndPorts | RemotePorts>(ports, portsToTransfer(ports));
  }

  async copiesOf({ oid }: { readonly oid: number }): Promise<readonly string[]> {
    return await Promise.resolve(this.elsewhere?.copiesOf(oid) ?? []);
  }

  async attachCopy({ entry, node }: { readonly entry: DatabaseEntry; readonly node: string }): Promise<Transfer<FrontEndPorts | RemoteCopyPorts>> {
    const elsewhere = await this.elsewhere?.openCopy(entry, node);
    if (elsewhere !== undefined) return new Transfer<FrontEndPorts | RemoteCopyPorts>(elsewhere, remoteCopyPortsToTransfer(elsewhere));
    const ports = this.own.copyOf(entry).attachFrontEnd();
    return new Transfer<FrontEndPorts | RemoteCopyPorts>(ports, portsToTransfer(ports));
  }

  async databaseReady({ oid }: { readonly oid: number }): Promise<void> {
    this.hosts?.setReady(oid);
    await Promise.resolve();
  }

  async releaseDatabase({ oid }: { readonly oid: number }): Promise<void> {
    this.hosts?.release(oid);
    await Promise.resolve();
  }

  async holdDatabase(request: Parameters<DatabasesPort['holdDatabase']>[0]): Promise<number> {
    const manager = await this.elsewhere?.nodes.hub('databases');
    if (manager !== undefined) return await manager.holdDatabase(request);
    const { oid, processId, force } = request;
    const endsMs = performance.now() + leaveMs;
    const told = new Set<number>();
    for (;;) {
      const users = await this.everywhere(async (threads) => await threads.holdDatabase({ oid }));
      const others = users.flat().filter((user) => user !== processId);
      if (others.length === 0 || performance.now() > endsMs) return others.length;
      for (const other of force ? others : []) if (!told.has(other) && (await this.signal({ processId: other, signal: 'terminate' }))) told.add(other);
      await sleep(lookEveryMs);
    }
  }

  async freeDatabase({ oid }: { readonly oid: number }): Promise<void> {
    const manager = await this.elsewhere?.nodes.hub('databases');
    if (manager !== undefined) return await manager.freeDatabase({ oid });
    await this.everywhere(async (threads) => {
      await threads.freeDatabase({ oid });
    });
  }

  async closeDatabase({ oid }: { readonly oid: number }): Promise<void> {
    const manager = await this.elsewhere?.nodes.hub('databases');
    if (manager !== undefined) return await manager.closeDatabase({ oid });
    if (!(await this.detach(oid))) throw new PgError('55006', 'the database is in use');
    await this.own.closeNow(oid);
  }

  async copyDatabase({ template, entry }: { readonly template: DatabaseEntry; readonly entry: DatabaseEntry }): Promise<string | undefined> {
    const manager = await this.elsewhere?.nodes.primary('databases', template.oid);
    if (manager !== undefined) return await manager.copyDatabase({ template, entry });
    // Closed, all of it is in its files, sequences to the last value. (The session that asks may be in the template itself.)
    if (await this.detach(template.oid)) await this.own.closeNow(template.oid);
    return await this.own.copy(template, entry);
  }

  async removeDatabase({ entry, made }: { readonly entry: DatabaseEntry; readonly made?: string | undefined }): Promise<void> {
    const manager = await this.elsewhere?.nodes.hub('databases');
    if (manager !== undefined) return await manager.removeDatabase({ entry, made });
    await this.own.remove(entry, made);
  }

  async forgetUnlisted(): Promise<void> {
    const manager = await this.elsewhere?.nodes.hub('databases');
    if (manager !== undefined) return await manager.forgetUnlisted(undefined);
    const { unlisted } = this;
    if (unlisted === undefined) return;
    await forgetUnlisted(
      unlisted,
      async (work) =>
        await withServerOver(
          async () => await this.serverPorts(),
          async (lane, { server }) => await work({ lane: methodsOf(lane), list: server }),
        ),
    );
  }

  private async serverPorts(): Promise<OpenedServer> {
    const { value: ports, buffers } = await this.attachServer();
    return { ports, closing: buffers as readonly MessagePort[] };
  }

  async committedCatalog({ entry }: { readonly entry: DatabaseEntry }): Promise<CatalogData> {
    const writer = await this.elsewhere?.nodes.primary('databases', entry.oid);
    return await (writer === undefined ? this.own.committedCatalog(entry) : writer.committedCatalog({ entry }));
  }

  async databaseBytes({ entry }: { readonly entry: DatabaseEntry }): Promise<number> {
    const writer = await this.elsewhere?.nodes.primary('databases', entry.oid);
    return writer === undefined ? filesBytes(this.own.directoryOf(entry)) : await writer.databaseBytes({ entry });
  }

  async lookForDamage({ entry, kind }: { readonly entry: DatabaseEntry; readonly kind: VerificationKind }): Promise<readonly Finding[]> {
    const writer = await this.elsewhere?.nodes.primary('databases', entry.oid);
    return await (writer === undefined ? new Verification(this.own.directoryOf(entry), kind).findings : writer.lookForDamage({ entry, kind }));
  }

  async isArchived({ entry }: { readonly entry: DatabaseEntry }): Promise<boolean> {
    const writer = await this.elsewhere?.nodes.primary('databases', entry.oid);
    return writer === undefined ? this.own.isArchived(entry) : await writer.isArchived({ entry });
  }

  async deliverOutbox({ entry }: { readonly entry: DatabaseEntry }): Promise<number | undefined> {
    const writer = await this.elsewhere?.nodes.primary('databases', entry.oid);
    if (writer !== undefined) return await writer.deliverOutbox({ entry });
    const own = await this.own.committedCatalog(entry);
    return await deliverTo(async () => await this.serverPorts(), own);
  }

  /** Another node is primary of a database since this epoch began. */
  async moved(oid: number, epoch: number): Promise<void> {
    await Promise.all(this.threads().map(async (thread) => await thread.databaseMoved({ oid, epoch })));
  }

  private async detach(oid: number): Promise<boolean> {
    const detached = await this.everywhere(async (threads) => await threads.detachDatabase({ oid }));
    return detached.every((one) => one);
  }

  private get own(): HostedDatabases {
    assert(this.hosts !== undefined, 'this node hosts databases');
    return this.hosts;
  }

  /** On the threads of this node and of all others. */
  private async everywhere<T>(call: (threads: Client<ThreadDatabasesPort>) => Promise<T>): Promise<readonly T[]> {
    const [own, others] = await Promise.all([Promise.all(this.threads().map(call)), this.elsewhere?.nodes.each('threads', call) ?? []]);
    return [...own, ...others];
  }
}

/** All threads of this node as one, for other nodes. */
class NodeThreads implements ThreadDatabasesPort {
  constructor(private readonly threads: () => readonly Client<ThreadPort>[]) {}

  async holdDatabase(request: { readonly oid: number }): Promise<readonly number[]> {
    return (await Promise.all(this.threads().map(async (thread) => await thread.holdDatabase(request)))).flat();
  }

  async freeDatabase(request: { readonly oid: number }): Promise<void> {
    await Promise.all(this.threads().map(async (thread) => await thread.freeDatabase(request)));
  }

  async detachDatabase(request: { readonly oid: number }): Promise<boolean> {
    return (await Promise.all(this.threads().map(async (thread) => await thread.detachDatabase(request)))).every((one) => one);
  }
}
