/**
 * The sessions of one front-end thread, by process id, whatever their database: what the other threads may ask of them. Filled by the session factory (cli/compose-front-end.ts), served to the main
 * thread's proxy/node-exchange.ts.
 */
import { PgError } from '../../common/errors.js';
import type { FrontEndServices } from './services.js';
import type { Notifications, SessionActivity, SessionSignal } from './node-port.js';

export interface ListedSession {
  readonly processId: number;
  readonly database: string;
  /** What it works with. */
  readonly services: unknown;
  activity(): SessionActivity;
  interrupt(): void;
  terminate(error: PgError): void;
  /** Whether it has nothing that ends with the database's primary: no transaction, no temporary tables, no locks, no cursor. */
  readonly outlastsPrimary: boolean;
  /** Works with these services from now on; until they are there it waits. lost: ends it if there are none. */
  follow(next: Promise<FrontEndServices>, lost: () => PgError): void;
  notified(notifications: Notifications): void;
  /** The node's configuration is another one; `before` are the values that a session without settings of its own had. */
  reconfigured(before: ReadonlyMap<string, string>): void;
}

export class ThreadSessions {
  readonly #sessions = new Map<number, ListedSession>();

  add(session: ListedSession): void {
    this.#sessions.set(session.processId, session);
  }

  remove(processId: number): void {
    this.#sessions.delete(processId);
  }

  get all(): Iterable<ListedSession> {
    return this.#sessions.values();
  }

  /** Those that work with `services`. */
  of(services: unknown): readonly ListedSession[] {
    return [...this.#sessions.values()].filter((session) => session.services === services);
  }

  // ---- ThreadPort ----

  activity(): readonly SessionActivity[] {
    return Array.from(this.#sessions.values(), (session) => session.activity());
  }

  signal({ processId, signal }: { readonly processId: number; readonly signal: SessionSignal }): boolean {
    const session = this.#sessions.get(processId);
    if (session === undefined) return false;
    if (signal === 'cancel') session.interrupt();
    else session.terminate(new PgError('57P01', 'terminating connection due to administrator command', { severity: 'FATAL' }));
    return true;
  }

  notify(request: Notifications): void {
    for (const session of this.#sessions.values()) if (session.database === request.database) session.notified(request);
  }
}
