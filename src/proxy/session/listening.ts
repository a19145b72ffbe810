/**
 * LISTEN, UNLISTEN and NOTIFY of one session: which channels it listens on, and what its transaction will change about that and tell others when it commits.
 * Source: PostgreSQL 15, async.c (whose messages the errors have).
 */
import { PgError } from '../../common/errors.js';
import type { Notification } from './node-port.js';

const channelBytesMax = 63;
const payloadBytesMax = 7999;

type Change = { readonly kind: 'listen' | 'unlisten'; readonly channel: string } | { readonly kind: 'unlistenAll' };

/** What a transaction or one of its savepoints has asked for. */
interface Level {
  readonly changes: Change[];
  readonly notifications: Notification[];
  /** Both texts of each notification: the same one twice is told once. */
  readonly told: Set<string>;
}

function level(): Level {
  return { changes: [], notifications: [], told: new Set() };
}

export class Listening {
  readonly #channels = new Set<string>();
  /** Transaction, then savepoints; empty until something has been asked for. */
  #levels: Level[] = [];
  #committed: Notification[] = [];

  /** Channels, as committed. */
  get channels(): readonly string[] {
    return [...this.#channels];
  }

  has(channel: string): boolean {
    return this.#channels.has(channel);
  }

  get hasCommitted(): boolean {
    return this.#committed.length > 0;
  }

  /** The level of so many savepoints. */
  #at(savepoints: number): Level {
    while (this.#levels.length <= savepoints) this.#levels.push(level());
    return this.#levels[savepoints] as Level;
  }

  change(change: Change, savepoints: number): void {
    this.#at(savepoints).changes.push(change);
  }

  /** 22023 for what cannot be told. */
  notify(channel: string, payload: string, savepoints: number): void {
    if (channel === '') throw new PgError('22023', 'channel name cannot be empty');
    if (Buffer.byteLength(channel) > channelBytesMax) throw new PgError('22023', 'channel name too long');
    if (Buffer.byteLength(payload) > payloadBytesMax) throw new PgError('22023', 'payload string too long');
    this.#add(this.#at(savepoints), { channel, payload });
  }

  #add(to: Level, notification: Notification): void {
    const key = `${notification.channel}\0${notification.payload}`;
    if (this.#levels.some((one) => one.told.has(key))) return;
    to.told.add(key);
    to.notifications.push(notification);
  }

  /** RELEASE: `savepoints` are left, and what the others had asked for is asked for by the last of them. */
  release(savepoints: number): void {
    const released = this.#levels.splice(savepoints + 1);
    for (const { changes, notifications } of released) {
      const to = this.#at(savepoints);
      to.changes.push(...changes);
      for (const notification of notifications) this.#add(to, notification);
    }
  }

  /** ROLLBACK TO: forgets what was asked for since. */
  rollBackTo(savepoints: number): void {
    this.#levels.length = Math.min(this.#levels.length, savepoints);
  }

  /** The transaction is over. Notifications of a committed one wait for `takeCommitted`. True when the channels are others now. */
  end(committed: boolean): boolean {
    if (this.#levels.length === 0) return false;
    let isChanged = false;
    if (committed) {
      this.release(0);
      const [whole] = this.#levels;
      for (const change of whole?.changes ?? []) {
        isChanged = true;
        if (change.kind === 'listen') this.#channels.add(change.channel);
        else if (change.kind === 'unlisten') this.#channels.delete(change.channel);
        else this.#channels.clear();
      }
      this.#committed.push(...(whole?.notifications ?? []));
    }
    this.#levels = [];
    return isChanged;
  }

  takeCommitted(): readonly Notification[] {
    const taken = this.#committed;
    this.#committed = [];
    return taken;
  }
}
