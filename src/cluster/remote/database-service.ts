/**
 * The databases that this node hosts, for the front ends of other nodes: one control stream for each front end and database, and beside it a stream to every thread that
 * hosts the database, which serves it as it serves a front end of its own node. Provided on the main thread by cli/compose.ts; cluster/remote/open-remote is the other end.
 */
import type { MessagePort } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { serve } from '../../common/rpc.js';
import type { DatabaseEntry } from '../../catalog/server-catalog.js';
import type { DatabasePart } from '../../storage/database-host.js';
import type { Channel } from '../channel/channel.js';

export const databaseService = 'database';

/** What a stream of that service is for. database: undefined = the server's own. attachment: a name that the front end's node has given to all streams of one front end and database. */
export type DatabaseStream =
  | { readonly kind: 'control'; readonly attachment: string; readonly database: DatabaseEntry | undefined; readonly purpose: AttachmentPurpose }
  | { readonly kind: 'part'; readonly attachment: string; readonly part: DatabasePart };

/** What a front end wants of the database: all that sessions need, where it is written; or the scan threads of a copy. */
export type AttachmentPurpose = 'sessions' | 'reading';

/** The answer to a control stream. */
export interface AttachmentFacts {
  readonly scanThreads: number;
  /** As with DatabasesPort.attachDatabase: to be answered with RemoteControl.ready. */
  readonly isFirst: boolean;
  /** The epoch of the database in which the node writes it, and up to whose end the attachment lasts; 0: there is only one. */
  readonly epoch: number;
  /** Cancel words of this node that the front end's statements use. */
  readonly firstCancelSlot: number;
  readonly cancelSlots: number;
}

/** What a front end calls at the control stream. */
export interface RemoteControl {
  /** Sets a cancel word: 0 run, 1 user's cancel, 2 statement timeout. */
  setCancel(request: { readonly slot: number; readonly value: number }): void;
  /** The database is ready for sessions. */
  ready(): void;
}

/** A database that this node hosts (storage/database-host). */
export interface ServedDatabase {
  readonly scanThreads: number;
  serve(part: DatabasePart, port: MessagePort): void;
}

export interface ServedAttachment {
  readonly host: ServedDatabase;
  /** See AttachmentFacts. */
  readonly epoch: number;
  /** Nobody was there before: the front end makes the database ready for sessions, and calls `ready`. */
  readonly isFirst: boolean;
  readonly ready: () => void;
  readonly release: () => void;
}

export interface DatabaseServiceOptions {
  /** Opens a database that is hosted here until `release`; throws when it is not. */
  readonly attach: (database: DatabaseEntry | undefined, purpose: AttachmentPurpose) => Promise<ServedAttachment>;
  /** The node's cancel words, and those of them that are for other nodes' front ends. */
  readonly cancel: SharedArrayBuffer;
  readonly firstCancelSlot: number;
}

/** For one front end of another node: as many as it has sessions at most. */
export const cancelSlotsPerAttachment = 4096;

interface Attachment {
  readonly node: string;
  readonly host: ServedDatabase;
}

/** Ranges of cancel words. */
class CancelRanges {
  private readonly words: Int32Array;
  private readonly free: number[] = [];

  constructor({ cancel, firstCancelSlot }: DatabaseServiceOptions) {
    this.words = new Int32Array(cancel);
    for (let first = firstCancelSlot; first + cancelSlotsPerAttachment <= this.words.length; first += cancelSlotsPerAttachment) this.free.push(first);
    this.free.reverse();
  }

  take(): number {
    const first = this.free.pop();
    if (first === undefined) throw new PgError('53300', 'too many front ends of other nodes');
    return first;
  }

  give(first: number): void {
    this.words.fill(0, first, first + cancelSlotsPerAttachment);
    this.free.push(first);
  }

  set(slot: number, value: number): void {
    Atomics.store(this.words, slot, value);
  }
}

/** Other nodes' front ends may come from now on. */
export function provideDatabases(channel: Channel, options: DatabaseServiceOptions): void {
  const ranges = new CancelRanges(options);
  const attachments = new Map<string, Attachment>();

  const control = async (
    { attachment: name, database, purpose }: Extract<DatabaseStream, { readonly kind: 'control' }>,
    node: string,
    port: MessagePort,
  ): Promise<AttachmentFacts> => {
    if (attachments.has(name)) throw new PgError('08P01', `there is an attachment "${name}"`);
    const { host, epoch, isFirst, ready, release } = await options.attach(database, purpose);
    let firstCancelSlot: number;
    try {
      firstCancelSlot = ranges.take();
    } catch (error) {
      release();
      throw error;
    }
    attachments.set(name, { node, host });
    port.on('close', () => {
      attachments.delete(name);
      ranges.give(firstCancelSlot);
      release();
    });
    serve(port, {
      setCancel: ({ slot, value }) => {
        if (slot >= firstCancelSlot && slot < firstCancelSlot + cancelSlotsPerAttachment) ranges.set(slot, value);
      },
      ready,
    } satisfies RemoteControl);
    return { scanThreads: host.scanThreads, isFirst, epoch, firstCancelSlot, cancelSlots: cancelSlotsPerAttachment };
  };

  channel.provide(databaseService, async ({ argument, node, port }) => {
    const stream = argument as DatabaseStream;
    if (stream.kind === 'control') return await control(stream, node, port);
    const attachment = attachments.get(stream.attachment);
    if (attachment?.node !== node) throw new PgError('08006', 'the database is not attached');
    attachment.host.serve(stream.part, port);
    return undefined;
  });
}
