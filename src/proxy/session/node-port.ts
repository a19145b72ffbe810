/**
 * What a session needs of the other sessions of the node, whichever front-end thread they are on: who they are, cancel and terminate, notifications, the node's
 * configuration. `NodePort` is what front-end threads ask of the main thread (proxy/node-exchange.ts), `ThreadPort` what the main thread asks of them
 * (session/thread-sessions.ts). Both cross threads through common/rpc.
 */
import type { MemberFacts } from '../../catalog/pg-catalog/node-view.js';
import type { ReplicationView } from '../../catalog/pg-catalog/replication-view.js';
import type { Comparison } from '../node-replicas.js';
import type { QueryDemand } from '../../cluster/scaler/demand.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import type { DatabaseEntry } from '../../catalog/server-catalog.js';
import type { RemoteCopyPorts, RemotePorts } from '../../cluster/remote/open-remote.js';
import type { FrontEndPorts } from '../../storage/database-host.js';
import type { Finding } from '../../storage/integrity/finding.js';
import type { VerificationKind } from '../../storage/integrity/verification.js';
import type { EncryptionFacts } from '../auth/client-certificate.js';

/** What pg_stat_activity, pg_stat_ssl and connection limits know of a session. Times in microseconds since 2000-01-01 UTC. */
export interface SessionActivity {
  readonly processId: number;
  readonly database: string;
  readonly databaseOid: number;
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

/** What front-end threads ask of the main thread about databases (proxy/node-databases.ts). */
export interface DatabasesPort {
  /** Ports to a database, which is opened if need be. isFirst: nobody was there before; make it ready, and say so with `databaseReady`. */
  attachDatabase(request: { readonly entry: DatabaseEntry }): Promise<{ readonly ports: FrontEndPorts | RemotePorts; readonly isFirst: boolean }>;
  /** Ports to the server's own database. */
  attachServer(): Promise<FrontEndPorts | RemotePorts>;
  /** The nodes that have copies of the database in sync, but for the one that writes it. */
  copiesOf(request: { readonly oid: number }): Promise<readonly string[]>;
  /** Ports to the copy of such a node, perhaps this one. */
  attachCopy(request: { readonly entry: DatabaseEntry; readonly node: string }): Promise<FrontEndPorts | RemoteCopyPorts>;
  databaseReady(request: { readonly oid: number }): Promise<void>;
  /** The thread has closed its ports. */
  releaseDatabase(request: { readonly oid: number }): Promise<void>;
  /** Keeps newcomers waiting until `freeDatabase`, and waits a while for those to go who are there, but for `processId`; force: sends them away. Answers how many are left. */
  holdDatabase(request: { readonly oid: number; readonly processId: number; readonly force: boolean }): Promise<number>;
  freeDatabase(request: { readonly oid: number }): Promise<void>;
  /** Closes one that is held, and that no session is in. */
  closeDatabase(request: { readonly oid: number }): Promise<void>;
  /** Makes the files of a new database; the template is held. Answers what names them, in a cluster. */
  copyDatabase(request: { readonly template: DatabaseEntry; readonly entry: DatabaseEntry }): Promise<string | undefined>;
  /** Removes the files of one that is closed; made: only what `copyDatabase` has answered this for. */
  removeDatabase(request: { readonly entry: DatabaseEntry; readonly made?: string | undefined }): Promise<void>;
  /** In a cluster: removes what a CREATE or DROP DATABASE that was cut off has left. */
  forgetUnlisted(): Promise<void>;
  /** A database's own catalog as committed last. */
  committedCatalog(request: { readonly entry: DatabaseEntry }): Promise<CatalogData>;
  /** What a database's files take, open or not. */
  databaseBytes(request: { readonly entry: DatabaseEntry }): Promise<number>;
  /** Looks at a database's files on the node that writes it. */
  lookForDamage(request: { readonly entry: DatabaseEntry; readonly kind: VerificationKind }): Promise<readonly Finding[]>;
  /** Whether the database's log is archived continuously, by whichever node writes it. */
  isArchived(request: { readonly entry: DatabaseEntry }): Promise<boolean>;
  /** Brings to the server's database what a transaction of this one has made of its catalog, if that is not there yet. Answers the server's version that has it. */
  deliverOutbox(request: { readonly entry: DatabaseEntry }): Promise<number | undefined>;
}

export interface NodePort extends DatabasesPort {
  /** What the queries of a front-end thread want of the scaler has changed; undefined: no more than is there. */
  demand(request: { readonly thread: number; readonly demand: QueryDemand | undefined }): Promise<void>;
  /** The nodes of the cluster, as far as this node knows, in the order of their ids; a node alone: itself. */
  members(): Promise<readonly MemberFacts[]>;
  /** The copies of databases on the nodes of the cluster. */
  replication(): Promise<ReplicationView>;
  /** Compares the copies of a database (proxy/node-replicas). */
  compareCopies(request: { readonly database: number }): Promise<Comparison>;
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

/** What the main thread asks of front-end threads about databases (session/thread-databases.ts). */
export interface ThreadDatabasesPort {
  /** Newcomers to the database wait. Answers the process ids of those who are there, or on their way in or out. */
  holdDatabase(request: { readonly oid: number }): Promise<readonly number[]>;
  freeDatabase(request: { readonly oid: number }): Promise<void>;
  /** Closes the ports to a database that is held, if no session is in it. Answers whether none are open any more. */
  detachDatabase(request: { readonly oid: number }): Promise<boolean>;
}

export interface ThreadPort extends ThreadDatabasesPort {
  /** A database (0: the server's own) has another primary since this epoch began. */
  databaseMoved(request: { readonly oid: number; readonly epoch: number }): Promise<void>;
  activity(): Promise<readonly SessionActivity[]>;
  signal(request: { readonly processId: number; readonly signal: SessionSignal }): Promise<boolean>;
  notify(request: Notifications): Promise<void>;
}
