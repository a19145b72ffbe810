/**
 * The databases of one front-end thread: services for each that a session of the thread is in, made when the first one comes, closed some time after the last has gone.
 * Used by the session factory (cli/compose-front-end.ts), asked by the main thread (proxy/node-databases.ts) when nobody may be in a database.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseEntry } from '../../catalog/server-catalog.js';
import { PgError } from '../../common/errors.js';
import type { Client } from '../../common/rpc.js';
import type { RemotePorts } from '../../cluster/remote/open-remote.js';
import type { FrontEndPorts } from '../../storage/database-host.js';
import type { NodePort, ThreadDatabasesPort } from './node-port.js';
import type { FrontEndServices } from './services.js';
import type { ServerState } from './server-state.js';

/** A database of the thread. */
export interface AttachedDatabase {
  readonly services: FrontEndServices;
  /** The epoch of the database in which it was attached; another primary begins another one. */
  readonly epoch: number;
  /** Resolves when the database cannot be worked with over these ports any more. */
  readonly lost: Promise<void>;
  /** Another node writes it now: nothing is asked over these ports any more, and they are closed when everything is answered. */
  leave(): void;
  /** Closes its ports and files. */
  close(): void;
}

/** What makes services over the ports that the main thread has given. isFirst: the database is to be made ready for sessions. */
export type ComposeDatabase = (ports: FrontEndPorts | RemotePorts, isFirst: boolean, entry: DatabaseEntry) => Promise<AttachedDatabase>;

interface Place {
  attached: Promise<AttachedDatabase> | undefined;
  /** Process ids of sessions that are in, or on their way in or out. */
  readonly users: Set<number>;
  /** While newcomers must wait. */
  held: { readonly ended: Promise<void>; readonly end: () => void } | undefined;
  timer: NodeJS.Timeout | undefined;
}

const idleMs = 10_000;
/** How long newcomers wait for a database whose primary is changing, or cannot be reached. */
const primaryMsMax = 10_000;
const primaryAgainMs = 50;

/** Calls until it succeeds, or the primary of what it is about has been missing for too long. */
export async function untilPrimary<T>(attempt: () => Promise<T>): Promise<T> {
  const endsMs = performance.now() + primaryMsMax;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const mayCome = error instanceof PgError && (error.code === '57P03' || error.code.startsWith('08'));
      if (!mayCome || performance.now() > endsMs) throw error;
    }
    await sleep(primaryAgainMs);
  }
}

export class ThreadDatabases implements ThreadDatabasesPort {
  readonly #places = new Map<number, Place>();

  constructor(
    private readonly server: ServerState,
    private readonly node: Client<NodePort>,
    private readonly compose: ComposeDatabase,
  ) {}

  /** Services of a database for one more session, which calls `leave` when it has ended. 3D000 when there is none of that name. */
  async enter(name: string, processId: number): Promise<{ readonly services: FrontEndServices; readonly leave: () => void }> {
    for (;;) {
      const entry = this.#entry(name);
      const place = this.#place(entry.oid);
      if (place.held !== undefined) {
        await place.held.ended;
        continue;
      }
      clearTimeout(place.timer);
      place.users.add(processId);
      const leave = (): void => {
        place.users.delete(processId);
        this.#closeWhenIdle(entry.oid, place);
      };
      try {
        const { services } = await (place.attached ??= this.#attached(entry, place));
        return { services, leave };
      } catch (error) {
        leave();
        throw error;
      }
    }
  }

  #entry(name: string): DatabaseEntry {
    this.server.refresh();
    const entry = this.server.catalog.databases.find((one) => one.name === name);
    if (entry === undefined) throw new PgError('3D000', `database "${name}" does not exist`, { severity: 'FATAL' });
    return entry;
  }

  #place(oid: number): Place {
    let place = this.#places.get(oid);
    if (place === undefined) this.#places.set(oid, (place = { attached: undefined, users: new Set(), held: undefined, timer: undefined }));
    return place;
  }

  /** For sessions that go on although the primary that they have worked with is gone, and `left` with it. */
  async again(left: FrontEndServices): Promise<FrontEndServices> {
    const entry = this.server.catalog.databases.find((one) => one.oid === left.databaseOid);
    if (entry === undefined) throw new PgError('3D000', 'the database does not exist any more', { severity: 'FATAL' });
    const place = this.#place(entry.oid);
    for (;;) {
      const attaching = (place.attached ??= this.#attached(entry, place));
      const { services } = await attaching;
      if (services !== left) return services;
      if (place.attached === attaching) place.attached = undefined;
    }
  }

  /** The next session attaches anew when it is lost; those that are there are ended by who has composed it. */
  #attached(entry: DatabaseEntry, place: Place): Promise<AttachedDatabase> {
    const attaching = untilPrimary(async () => await this.#attach(entry));
    const forget = (): void => {
      if (place.attached === attaching) place.attached = undefined;
    };
    attaching.then(
      (attached) => void attached.lost.then(forget),
      () => forget(),
    );
    return attaching;
  }

  async #attach(entry: DatabaseEntry): Promise<AttachedDatabase> {
    const { ports, isFirst } = await this.node.attachDatabase({ entry });
    try {
      return await this.compose(ports, isFirst, entry);
    } catch (error) {
      await this.node.releaseDatabase({ oid: entry.oid });
      throw error;
    } finally {
      if (isFirst) await this.node.databaseReady({ oid: entry.oid });
    }
  }

  #closeWhenIdle(oid: number, place: Place): void {
    if (place.users.size > 0 || place.attached === undefined) return;
    clearTimeout(place.timer);
    place.timer = setTimeout(() => void this.#close(oid, place), idleMs);
    place.timer.unref();
  }

  async #close(oid: number, place: Place): Promise<void> {
    const { attached } = place;
    if (attached === undefined || place.users.size > 0) return;
    place.attached = undefined;
    if (place.held === undefined) this.#places.delete(oid);
    (await attached.catch(() => undefined))?.close();
    await this.node.releaseDatabase({ oid });
  }

  /** Services of all databases that are open here. */
  async *all(): AsyncIterable<FrontEndServices> {
    for (const { attached } of this.#places.values()) {
      const found = await attached?.catch(() => undefined);
      if (found !== undefined) yield found.services;
    }
  }

  /** The thread ends. */
  async close(): Promise<void> {
    for (const place of this.#places.values()) {
      clearTimeout(place.timer);
      (await place.attached?.catch(() => undefined))?.close();
    }
    this.#places.clear();
  }

  /** The database has another primary since `epoch` began: what was attached before is of no use any more. */
  async moved({ oid, epoch }: { readonly oid: number; readonly epoch: number }): Promise<void> {
    const attached = await this.#places.get(oid)?.attached?.catch(() => undefined);
    if (attached !== undefined && attached.epoch < epoch) attached.leave();
  }

  // ---- ThreadDatabasesPort ----

  async holdDatabase({ oid }: { readonly oid: number }): Promise<readonly number[]> {
    const place = this.#place(oid);
    if (place.held === undefined) {
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      place.held = { ended, end };
    }
    await Promise.resolve();
    return [...place.users];
  }

  async freeDatabase({ oid }: { readonly oid: number }): Promise<void> {
    const place = this.#places.get(oid);
    const held = place?.held;
    if (place === undefined || held === undefined) return;
    place.held = undefined;
    if (place.attached === undefined && place.users.size === 0) this.#places.delete(oid);
    held.end();
    await Promise.resolve();
  }

  async detachDatabase({ oid }: { readonly oid: number }): Promise<boolean> {
    const place = this.#places.get(oid);
    if (place === undefined) return true;
    if (place.users.size > 0) return false;
    clearTimeout(place.timer);
    await this.#close(oid, place);
    return true;
  }
}
