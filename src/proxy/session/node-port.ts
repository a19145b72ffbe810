/**
 * What a session needs of the other sessions of the node, whichever front-end thread they are on: who they are, cancel and terminate, notifications, the node's
 * configuration. `NodePort` is what front-end threads ask of the main thread (proxy/node-exchange.ts), `ThreadPort` what the main thread asks of them
 * (session/thread-sessions.ts). Both cross threads through common/rpc.
 */
import type { QueryDemand } from '../../cluster/scaler/demand.js';
import type { EncryptionFacts } from '../auth/client-certificate.js';

/** What pg_stat_activity, pg_stat_ssl and connection limits know of a session. Times in microseconds since 2000-01-01 UTC. */
export interface SessionActivity {
  readonly processId: number;
  readonly database: string;
  readonly user: string;
  readonly applicationName: string;
  readonly clientAddress: string | undefined;
  readonly clientPort: number | undefined;
  readonly encryption: EncryptionFacts | undefined;
  readonly startedMicros: number;
  /** undefined: outside a transaction. */
  readonly transactionMicros: number | undefined;
  /** undefined: it has run nothing yet. */
  readonly queryMicros: number | undefined;
  readonly stateMicros: number;
  readonly state: 'active' | 'idle' | 'idle in transaction' | 'idle in transaction (aborted)';
  readonly query: string;
  /** The lane's transaction, if it has written or locked. */
  readonly laneTransaction: number | undefined;
  /** LOCK TABLE of its transaction: the mode as PostgreSQL names it. */
  readonly tableLocks: readonly { readonly oid: number; readonly mode: string }[];
}

export interface Notification {
  readonly channel: string;
  readonly payload: string;
}

/** The notifications of one transaction, in their order. */
export interface Notifications {
  readonly database: string;
  readonly processId: number;
  readonly notifications: readonly Notification[];
}

export type SessionSignal = 'cancel' | 'terminate';

export interface NodePort {
  /** What the queries of a front-end thread want of the scaler has changed; undefined: no more than is there. */
  demand(request: { readonly thread: number; readonly demand: QueryDemand | undefined }): Promise<void>;
  /** Of all sessions. */
  activity(): Promise<readonly SessionActivity[]>;
  /** False when there is no such session. */
  signal(request: { readonly processId: number; readonly signal: SessionSignal }): Promise<boolean>;
  /** Resolves when every session that listens has been told. Transactions reach all sessions in the same order. */
  notify(request: Notifications): Promise<void>;
  /** Reads the configuration again (SIGHUP). */
  reload(): Promise<void>;
  /** ALTER SYSTEM: keeps a setting in the data directory, for the next reload or start. value undefined: not any more; name undefined: none of them. */
  alterSystem(request: { readonly name: string | undefined; readonly value: string | undefined }): Promise<void>;
}

export interface ThreadPort {
  activity(): Promise<readonly SessionActivity[]>;
  signal(request: { readonly processId: number; readonly signal: SessionSignal }): Promise<boolean>;
  notify(request: Notifications): Promise<void>;
}
