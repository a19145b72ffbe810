/**
 * What relations about the running server (pg_stat_activity, pg_locks, pg_hba_file_rules, ...) know of it: collected by the session before the statement runs
 * (proxy/session/node-view.ts), because their rows are computed without waiting.
 */

/** A session of the node. Times in microseconds since 2000-01-01 UTC. */
export interface SessionFacts {
  readonly processId: number;
  readonly database: string;
  readonly databaseOid: number;
  readonly user: string;
  readonly applicationName: string;
  readonly clientAddress: string | undefined;
  readonly clientPort: number | undefined;
  readonly encryption:
    | {
        readonly version: string;
        readonly cipher: string;
        readonly bits: number;
        readonly certificate: { readonly subject: string; readonly issuer: string; readonly serial: string } | undefined;
      }
    | undefined;
  readonly startedMicros: number;
  readonly transactionMicros: number | undefined;
  readonly queryMicros: number | undefined;
  readonly stateMicros: number;
  readonly state: string;
  readonly query: string;
  readonly laneTransaction: number | undefined;
  /** LOCK TABLE of its transaction: the mode as PostgreSQL names it. */
  readonly tableLocks: readonly { readonly oid: number; readonly mode: string }[];
}

/** A lock that a session or its transaction holds or waits for. */
export interface LockFacts {
  readonly session: number;
  /** The lane's number of the owner. */
  readonly owner: number;
  readonly granted: boolean;
  readonly target:
    | { readonly kind: 'table'; readonly oid: number }
    | { readonly kind: 'advisory'; readonly key: bigint; readonly pair: boolean }
    /** Waits for the end of a transaction that holds a row, a key or the catalog. */
    | { readonly kind: 'transaction'; readonly owner: number };
  /** As PostgreSQL names it. */
  readonly mode: string;
}

export interface RuleFacts {
  readonly line: number;
  readonly type: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  readonly address: string | undefined;
  readonly netmask: string | undefined;
  readonly method: string;
  readonly options: readonly string[];
}

/** A node of the cluster, or the node that stands alone. */
export interface MemberFacts {
  readonly id: string;
  readonly isLeader: boolean;
  /** The node that is asked. */
  readonly isSelf: boolean;
  readonly state: string;
  readonly roles: readonly string[];
  readonly postgres: { readonly host: string; readonly port: number };
  readonly http: { readonly host: string; readonly port: number };
  readonly channel: { readonly host: string; readonly port: number } | undefined;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly storedBytes: number;
  readonly quotaBytes: number;
  /** JSON. */
  readonly coordinates: string | undefined;
  readonly version: string;
  readonly incarnation: number;
  /** Since 2000-01-01 UTC. */
  readonly startedMicros: number | undefined;
}

export interface NodeView {
  /** In the order of their ids. */
  readonly members: readonly MemberFacts[];
  readonly sessions: readonly SessionFacts[];
  readonly locks: readonly LockFacts[];
  /** Who keeps a session waiting, by the waiting session's process id. */
  readonly blocked: ReadonlyMap<number, readonly number[]>;
  readonly rules: readonly RuleFacts[];
}

/** What tables and indexes take of the database's files, in bytes. */
export interface FileSizes {
  /** Of a SQLite table or index in the file that is attached as `schema`. */
  bytes(schema: string, name: string): number;
  /** Of all files of a database, by its directory in the data directory. */
  databaseBytes(directory: string): number;
}

/** What the session that reads has prepared and declared. */
/** An object that the statement around an event trigger has made or changed. */
export interface EventCommand {
  readonly classOid: number;
  readonly oid: number;
  readonly tag: string;
  readonly type: string;
  readonly schema: string | null;
  readonly identity: string;
}

/** One that it has dropped. */
export interface DroppedObject {
  readonly classOid: number;
  readonly oid: number;
  readonly attribute: number;
  readonly type: string;
  readonly schema: string | null;
  readonly name: string | null;
  readonly identity: string;
  readonly address: readonly string[];
  readonly isOriginal: boolean;
  readonly isNormal: boolean;
}

export interface EventChanges {
  readonly event: string;
  readonly commands: readonly EventCommand[];
  readonly dropped: readonly DroppedObject[];
}

export interface SessionObjects {
  /** While an event trigger fires. */
  eventChanges(): EventChanges | undefined;
  preparedStatements(): Iterable<{
    readonly name: string;
    readonly text: string;
    readonly preparedMicros: bigint;
    readonly parameterOids: readonly number[];
    readonly fromSql: boolean;
    readonly genericPlans: number;
    readonly customPlans: number;
  }>;
  cursors(): Iterable<{
    readonly name: string;
    readonly text: string;
    readonly isHoldable: boolean;
    readonly isBinary: boolean;
    readonly isScrollable: boolean;
    readonly createdMicros: bigint;
  }>;
}
