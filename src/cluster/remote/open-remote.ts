/**
 * Attaches a front end of this node to a database that another node hosts: opens the streams that cluster/remote/database-service serves. On the main thread, where the
 * channel is; the front-end thread gets the ports and makes of them what it has of a local database (cluster/remote/remote-database).
 */
import { randomUUID } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import type { DatabaseEntry } from '../../catalog/server-catalog.js';
import type { DatabasePart } from '../../storage/database-host.js';
import type { Channel } from '../channel/channel.js';
import { type AttachmentFacts, type AttachmentPurpose, databaseService, type DatabaseStream } from './database-service.js';

/** What a front-end thread gets (its ports are to be moved there: remotePortsToTransfer). */
export interface RemotePorts {
  readonly kind: 'remote';
  /** The node that hosts the database. */
  readonly node: string;
  readonly facts: AttachmentFacts;
  /** A RemoteControl. */
  readonly control: MessagePort;
  readonly lane: MessagePort;
  readonly scan: readonly MessagePort[];
  readonly catalog: MessagePort;
  readonly backup: MessagePort;
}

/** A copy that follows another node's: for reading. */
export interface RemoteCopyPorts extends Pick<RemotePorts, 'node' | 'facts' | 'control' | 'scan'> {
  readonly kind: 'remote copy';
  /** A PositionService. */
  readonly lane: MessagePort;
}

export function remoteCopyPortsToTransfer({ control, lane, scan }: RemoteCopyPorts): readonly MessagePort[] {
  return [control, lane, ...scan];
}

export function remotePortsToTransfer({ control, lane, scan, catalog, backup }: RemotePorts): readonly MessagePort[] {
  return [control, lane, ...scan, catalog, backup];
}

/** database: undefined = the server's own. Rejects with what the channel or the other node says, with nothing left open. */
export async function openRemote(channel: Channel, node: string, database: DatabaseEntry | undefined): Promise<RemotePorts> {
  const parts: readonly DatabasePart[] = [{ kind: 'lane' }, { kind: 'catalog' }, { kind: 'backup' }];
  const { facts, control, ports, scan } = await openAttachment(channel, node, database, 'sessions', parts);
  const [lane, catalog, backup] = ports as [MessagePort, MessagePort, MessagePort];
  return { kind: 'remote', node, facts, control, lane, scan, catalog, backup };
}

/** As `openRemote`, of a node whose copy follows the database's primary. */
export async function openRemoteCopy(channel: Channel, node: string, database: DatabaseEntry): Promise<RemoteCopyPorts> {
  const { facts, control, ports, scan } = await openAttachment(channel, node, database, 'reading', [{ kind: 'lane' }]);
  return { kind: 'remote copy', node, facts, control, lane: ports[0] as MessagePort, scan };
}

interface OpenAttachment {
  readonly facts: AttachmentFacts;
  readonly control: MessagePort;
  /** One for each part that was asked for. */
  readonly ports: readonly MessagePort[];
  readonly scan: readonly MessagePort[];
}

async function openAttachment(
  channel: Channel,
  node: string,
  database: DatabaseEntry | undefined,
  purpose: AttachmentPurpose,
  parts: readonly DatabasePart[],
): Promise<OpenAttachment> {
  const attachment = randomUUID();
  const open = async (part: DatabasePart): Promise<MessagePort> =>
    await channel.open(node, databaseService, { kind: 'part', attachment, part } satisfies DatabaseStream);
  const { port: control, answer } = await channel.request(node, databaseService, { kind: 'control', attachment, database, purpose } satisfies DatabaseStream);
  const facts = answer as AttachmentFacts;
  const scans = Array.from({ length: facts.scanThreads }, (_, thread): DatabasePart => ({ kind: 'scan', thread }));
  const opened = await Promise.allSettled([...parts, ...scans].map(open));
  const ports = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (ports.length < opened.length) {
    for (const port of [control, ...ports]) port.close();
    throw opened.find((result) => result.status === 'rejected')?.reason;
  }
  return { facts, control, ports: ports.slice(0, parts.length), scan: ports.slice(parts.length) };
}
