/**
 * The ports of storage: what a front-end thread (executor, session) may ask of the scan threads (`ReadService`) and of the writer lane (`WriteService`).
 * Everything here is structured-cloneable and crosses threads through common/rpc. SQL is SQLite text made by planner/sqlite over attached schemas
 * (`global`, `<group>_<nnnn>`, TEMP landing tables under schema `temp`).
 *
 * How JavaScript values are bound to SQLite parameters: number = REAL, bigint = INTEGER, string = TEXT, Uint8Array = BLOB. So a parameter of an integer type is passed
 * as bigint (a number would make `?1 / 2` a float division). Where a value meets a column with a declared type (table columns, landing columns with `types`), SQLite's
 * column affinity settles it; therefore DDL declares every column INTEGER, REAL, TEXT or BLOB after its physical form.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CheckFailure } from '../plan/logical.js';
import type { LockFacts } from '../catalog/pg-catalog/node-view.js';
import type { ServerCatalog } from '../catalog/server-catalog.js';
import type { CatalogData } from '../catalog/snapshot.js';
import type { SqlValue } from '../types/value.js';

/** Settings that kernels see; cloneable form of functions' EvaluationContext. */
export interface TaskContext {
  readonly timeZone: string;
  readonly dateStyle: 'ISO' | 'SQL' | 'Postgres' | 'German';
  readonly dateOrder: 'MDY' | 'DMY' | 'YMD';
  readonly intervalStyle: 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';
  readonly extraFloatDigits: number;
  readonly byteaOutput: 'hex' | 'escape';
  readonly nowMicros: bigint;
  readonly transactionMicros: bigint;
  readonly statementMicros: bigint;
  readonly sessionUser: string;
  readonly currentUser: string;
  readonly database: string;
  readonly applicationName: string;
  readonly backendPid: number;
  readonly searchPath: readonly string[];
  readonly settings: ReadonlyMap<string, string>;
  /** Index of the statement's word in the shared cancel array: 0 = run, 1 = cancel (57014 user request), 2 = statement timeout. */
  readonly cancelSlot: number;
}

/** How a column of a cursor's rows becomes wire bytes. */
export interface WireColumn {
  readonly typeOid: number;
  readonly typmod: number;
  /** Scaled-integer numerics: digits after the point; undefined for the type's ordinary physical form. */
  readonly scale?: number;
  readonly binary: boolean;
}

/** Finished DataRow messages. keys: that many trailing columns of the statement are no output but sort keys, shipped in `CursorBatch.keys` for a merging gather. */
export interface WireOutput {
  readonly kind: 'wire';
  readonly columns: readonly WireColumn[];
  readonly keys?: number;
}

/** What a cursor's rows are turned into. */
export type CursorOutput =
  | WireOutput
  /** COPY OUT data: finished CopyData messages in text, csv or binary; options as parsed by the session. */
  | { readonly kind: 'copy'; readonly columns: readonly WireColumn[]; readonly format: CopyOutFormat; readonly keys?: number }
  /** types/row-codec bytes of all columns. columns: how many these are, if it is known: long results are encoded faster then. narrow: no integer of the result exceeds 2^53, so that rows can be read without bigints. */
  | { readonly kind: 'rows'; readonly columns?: number; readonly narrow?: boolean }
  /** types/row-codec bytes, one buffer a partition; the statement's first column is the partition number, is not shipped and not one of the `columns`. */
  | { readonly kind: 'partitioned'; readonly partitions: number; readonly columns?: number; readonly narrow?: boolean };

export interface CopyOutFormat {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly nullText: string;
  readonly quote: string;
  readonly escape: string;
  readonly forceQuote: readonly boolean[];
}

export interface OpenCursor {
  readonly sql: string;
  /** Bound by position ?1..: bigint = INTEGER, number = REAL (better-sqlite3 binds every JS number as REAL). */
  readonly params: readonly SqlValue[];
  readonly output: CursorOutput;
}

/** One pull: at least one row unless done; buffers are transferred. rows = rows in `bytes` (wire, rows) or per partition. */
export interface CursorBatch {
  readonly done: boolean;
  readonly rows: number;
  readonly bytes: Uint8Array | undefined;
  readonly partitions?: readonly (Uint8Array | undefined)[];
  /** Row-codec bytes of the key columns, one row per row of `bytes`, when the output asks for keys. */
  readonly keys?: Uint8Array;
}

/** A landing table of an exchange: a TEMP table on the snapshot's connection. */
export interface LandingTable {
  readonly name: string;
  /** SQLite column names. */
  readonly columns: readonly string[];
  /** Declared SQLite type of each column ('INTEGER', floatDeclaration, 'TEXT', 'BLOB'): integral numbers become INTEGER or REAL by it, whatever the row codec carried. */
  readonly types: readonly string[];
  /** Columns to index once the table is full (each list one index). */
  readonly indexes: readonly (readonly string[])[];
}

/** An id of the distributed cache (cluster/shuffle) at the node that has it. */
export interface CacheSpot {
  readonly node: string;
  readonly id: string;
}

/** Where the rows of an exchange go: each partition to one spot, or all of them to every spot. */
export type ShipmentTarget =
  | { readonly kind: 'partitions'; readonly spots: readonly CacheSpot[] }
  | { readonly kind: 'all'; readonly spots: readonly CacheSpot[] };

/** What a fragment has sent from node to node. */
export interface ShipmentReport {
  readonly rows: number;
  /** Those of every copy that was sent. */
  readonly bytesSent: number;
  /** Of them to other nodes than the one that made the rows. */
  readonly bytesAway: number;
  /** Nodes that could not be reached: what was for them is not there. */
  readonly lost: readonly string[];
}

/**
 * One node's part of the distributed cache, for the threads of all nodes: what exchanges between nodes go through. A query is there as long as somebody holds it; when the last
 * one lets go of it (or his port closes), its ids go, and what comes later is refused (02000). Served by cluster/shuffle/cache-server.
 */
export interface CacheService {
  /** The id is there, empty; the caller holds the query and will read the id once. */
  init(request: { readonly query: string; readonly id: string }): void;
  /** Each portion whole or not at all, once for each number of its writer. */
  append(request: {
    readonly query: string;
    readonly writer: string;
    readonly portions: readonly { readonly id: string; readonly sequence: number; readonly bytes: Uint8Array }[];
  }): void;
  /** Some portions from number `from` on, but those of `except`; `next`: where to go on, undefined at the end. */
  read(request: { readonly query: string; readonly id: string; readonly except: readonly string[]; readonly from: number }): {
    readonly portions: readonly Uint8Array[];
    readonly next: number | undefined;
  };
  /** The caller has read the id: when all have who wanted to, it goes. */
  finish(request: { readonly query: string; readonly id: string }): void;
  /** The caller holds the query no longer. */
  letGo(request: { readonly query: string }): void;
}

/** Where the rows of a landing table come in. */
export interface Inbox extends CacheSpot {
  readonly query: string;
}

/** Has a storage thread reach the cache of any node, its own among them. Served by the main thread (cluster/shuffle/node-caches). */
export interface CacheDirectory {
  /** A port at which that node's CacheService is. 08001, 08006. */
  connect(request: { readonly node: string }): Promise<{ readonly port: MessagePort }>;
}

/**
 * Reads on one thread. A snapshot is one connection with the named files attached, inside a read transaction that has touched each of them.
 * Everything about one snapshot happens in the order of the calls; several snapshots interleave. Errors: PgError; a plan made for another catalog version: 'SH001' (retry);
 * to front ends of other nodes, when the lane has acknowledged commits that a snapshot would not show: 'SH003' (WriteService.flushed, then again).
 */
export interface ReadService {
  /**
   * Opens a snapshot over `schemas`. `commitSequence`: the shared publish counter as seen once all files were touched (odd or moved while opening: opened again inside);
   * `lsn`: the last record of the database's log that it shows, the same on every node. `pinned`: the caller knows what it wants to see, however old (SH004 from a copy that
   * has something else). `maxStalenessMs`: SH005 from a copy that may lack what was acknowledged so long ago.
   */
  openSnapshot(request: {
    readonly schemas: readonly string[];
    readonly context: TaskContext;
    readonly catalogVersion: number;
    readonly pinned?: number;
    readonly maxStalenessMs?: number;
  }): Promise<{ readonly snapshot: number; readonly commitSequence: number; readonly lsn: number }>;
  closeSnapshot(request: { readonly snapshot: number }): void;
  /** Opens a cursor and makes the first pull. Without `snapshot`: a private one over `schemas` is opened and closed with the cursor (router queries in one round trip). */
  open(request: {
    readonly snapshot?: number;
    readonly schemas?: readonly string[];
    /** As with openSnapshot, where there is none. */
    readonly maxStalenessMs?: number;
    readonly context: TaskContext;
    readonly catalogVersion: number;
    readonly cursor: OpenCursor;
    readonly maxRows: number;
  }): Promise<{ readonly cursor: number; readonly batch: CursorBatch }>;
  /** At most maxRows rows (0 = no limit but the batch size of about 256 KB). */
  pull(request: { readonly cursor: number; readonly maxRows: number }): Promise<CursorBatch>;
  close(request: { readonly cursor: number }): void;
  /** `receives`: its rows will come to that id of this node's cache (`ship`, `take`); the node is the one that the caller knows this one as. */
  createLanding(request: { readonly snapshot: number; readonly table: LandingTable; readonly receives?: Inbox }): Promise<void>;
  /** Appends row-codec rows. */
  land(request: { readonly snapshot: number; readonly table: string; readonly bytes: Uint8Array }): void;
  /** Appends the rows of a statement of the same snapshot: none of them leaves the thread. */
  fill(request: {
    readonly snapshot: number;
    readonly table: string;
    readonly context: TaskContext;
    readonly sql: string;
    readonly params: readonly SqlValue[];
  }): void;
  /**
   * Sends the rows of a statement of the snapshot to nodes' caches, at the pace at which they take them; resolves when all are there. `writer`: a name that nobody else uses
   * in the query. 02000 when a query is gone at its node: the statement is over.
   */
  ship(request: {
    readonly snapshot: number;
    readonly context: TaskContext;
    readonly cursor: OpenCursor;
    readonly query: string;
    readonly writer: string;
    /** The node of this thread, as its spots have it. */
    readonly node: string;
    readonly to: ShipmentTarget;
  }): Promise<ShipmentReport>;
  /** Appends what has come to the landing table's inbox, but for the rows of the writers of `except`, and makes the table's indexes. */
  take(request: {
    readonly snapshot: number;
    readonly context: TaskContext;
    readonly table: string;
    readonly from: Inbox;
    readonly except: readonly string[];
  }): Promise<void>;
  /** Makes the indexes of the landing table. */
  finishLanding(request: { readonly snapshot: number; readonly table: string }): void;
}

/** A statement that is short for certain, all of whose rows come at once. */
export interface ShortRead {
  /** The files that it reads. */
  readonly schemas: readonly string[];
  readonly context: TaskContext;
  readonly catalogVersion: number;
  readonly sql: string;
  readonly params: readonly SqlValue[];
  /** The same object for every run: how its rows become messages is compiled once. */
  readonly output: WireOutput;
}

/** Reads on the thread that asks (storage/read/short-reads). */
export interface ShortReadService {
  /** The rows as they are committed at this moment; undefined: the statement has to be opened by a ReadService. Throws what the statement throws. */
  read(request: ShortRead): CursorBatch | undefined;
}

/**
 * Where the files of one node's copy stand in the database's log. So a statement that reads on several nodes sees one cut: the copies stop, the primary's snapshot says where,
 * they go on to exactly there. Served at the lane's port of every node that has a copy. Holds end by themselves after a moment, and with the port.
 */
export interface FilePosition {
  /** The files stay where they are until `releasePosition`, but for `advancePosition`. Answers the last record that they have. SH004: there are no files that follow a log. */
  holdPosition(request: null): Promise<{ readonly hold: number; readonly lsn: number }>;
  /** Resolves once the files have every record up to `lsn` and none behind it. SH004 when they are beyond it, or the hold has ended. */
  advancePosition(request: { readonly hold: number; readonly lsn: number }): Promise<void>;
  releasePosition(request: { readonly hold: number }): void;
}

/** What the lane's port of every node that has a copy tells of positions in the log. */
export interface PositionService extends FilePosition {
  /**
   * At the primary: whether nothing has changed these tables (by their physical names) since that record, so that what a copy shows of them that has gone on from there is the
   * same. Never wrong when it says so; what happened before it was primary it does not know.
   */
  areTablesAsAt(request: { readonly lsn: number; readonly tables: readonly string[] }): Promise<boolean>;
}

/** What is computed and looked at when a referential action changes a row of a table; statements over ?1..?n (the changed row), then `params`. */
export interface FollowerTask {
  readonly tableOid: number;
  /** As that of a MutationTask. */
  readonly check?: { readonly sql: string; readonly params: readonly SqlValue[]; readonly failures: readonly CheckFailure[] };
  /** SELECT of the whole row with its generated columns. */
  readonly generated?: { readonly sql: string; readonly params: readonly SqlValue[] };
  /** SELECT of a value for each column: its default where SET DEFAULT sets it. */
  readonly defaults?: { readonly sql: string; readonly params: readonly SqlValue[] };
}

/** Where a row was written (no `values`), or which row is in its way. Values in the columns' own form. */
export interface ReportedConflict {
  readonly shard: number;
  readonly rowid: number;
  readonly values?: readonly SqlValue[];
}

export interface MutationTask {
  readonly kind: 'insert' | 'update' | 'delete' | 'merge';
  readonly tableOid: number;
  /**
   * SQLite SELECT (over any attached schemas and landing tables) that yields the rows. insert: [shard index, column values..., extra...];
   * update: [shard index, _rowid, new shard index, new column values..., extra...]; delete: [shard index, _rowid, old column values..., extra...];
   * merge: [index in plan/logical's mergeActions, shard index, _rowid, new shard index, column values...].
   * The shard index is 0 for reference tables. Values are physical values of the columns (decimal representation where the column has it).
   */
  readonly source: { readonly sql: string; readonly params: readonly SqlValue[] };
  /** Of an insert: its rows come from a query, not from a short list. */
  readonly many?: true;
  readonly onConflict?: {
    readonly index: string | undefined;
    readonly action: 'nothing' | 'update' | 'report';
    /**
     * SELECT of what is done (`conflictOutcome` of plan/logical) and the full new row, from parameters ?1..?n (existing row), ?n+1..?2n (excluded row), then `params`.
     */
    readonly update?: { readonly sql: string; readonly params: readonly SqlValue[]; readonly assigned: readonly number[] };
  };
  /** SELECT of one integer from parameters ?1..?n (written row): 0 = fine, else 1-based number of the failure. */
  readonly check?: { readonly sql: string; readonly params: readonly SqlValue[]; readonly failures: readonly CheckFailure[] };
  /** SELECT of the output row from parameters ?1..?n (written row) and ?n+1.. (extra source values), then `params`. */
  readonly returning?: { readonly sql: string; readonly params: readonly SqlValue[]; readonly output: CursorOutput };
  /** RETURNING reads tables: as they were before the statement, so it is computed before any row is written. */
  readonly returningFirst?: true;
  readonly assigned: readonly number[];
  /** Tables whose rows referential actions may change on the way. */
  readonly followers?: readonly FollowerTask[];
  /** The same statement's part in tables that inherit from this one: all sources are read before a row is written, and all answer together. */
  readonly inheritors?: readonly MutationTask[];
}

/**
 * A statement with WITH that changes data: its steps in order, the main part among them, all within one statement. A row that a step has changed is left alone by later ones.
 */
export interface StepsTask {
  readonly kind: 'steps';
  readonly steps: readonly (
    | { readonly kind: 'read'; readonly source: { readonly sql: string; readonly params: readonly SqlValue[] }; readonly into: LandingTable }
    /** `into` takes the rows of RETURNING. */
    | { readonly kind: 'write'; readonly task: MutationTask; readonly into?: LandingTable }
  )[];
  /** How many of the steps come before the main part. */
  readonly mainAfter: number;
  readonly main: MutationTask | { readonly kind: 'query'; readonly sql: string; readonly params: readonly SqlValue[]; readonly output: CursorOutput };
}

/**
 * SELECT ... FOR UPDATE / SHARE: the cursor's statement has no LIMIT; rows that cannot be locked are waited for, refused (55P03) or left out, and only then are
 * OFFSET and LIMIT counted, as in PostgreSQL.
 */
export interface RowLockingTask {
  readonly locks: readonly {
    readonly tableOid: number;
    /** Positions (from 0) of the row's shard and _rowid among the statement's columns; a NULL _rowid (outer join) is not locked. */
    readonly shardColumn: number;
    /** Position of the OID of the row's table, where that may be one that inherits from `tableOid`. */
    readonly tableColumn?: number;
    readonly rowidColumn: number;
    readonly mode: 'update' | 'noKeyUpdate' | 'share' | 'keyShare';
    readonly wait: 'wait' | 'nowait' | 'skip';
  }[];
  readonly offset: number;
  /** undefined: all. */
  readonly count: number | undefined;
}

export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

/** As txid_status has it; undefined: too old to be known. */
export type TransactionStatus = 'in progress' | 'committed' | 'aborted' | undefined;

/** A physical step of a DDL statement, applied in order inside the transaction. */
export type DdlStep =
  /** SQLite DDL text with `schema` names spelled out. */
  | { readonly kind: 'sql'; readonly sql: string }
  /** Creates (empty) shard files of a group, numbered from `first` on: those of a new group from 0, or the parts of a shard that is to be split. */
  | { readonly kind: 'createShards'; readonly group: string; readonly first: number; readonly count: number }
  /** Files that no shard has any more. */
  | { readonly kind: 'dropShards'; readonly group: string; readonly files: readonly number[] }
  | { readonly kind: 'dropGroup'; readonly group: string }
  | { readonly kind: 'setSequence'; readonly oid: number; readonly lastValue: bigint; readonly isCalled: boolean }
  | { readonly kind: 'dropSequence'; readonly oid: number };

/**
 * Writes and reads-your-writes on the lane. A transaction id is chosen by the lane at the first call. All errors leave the transaction as it was before the statement
 * (statement savepoint); the session decides about 25P02.
 */
/** Rows of a COPY for one shard. */
export interface CopyPortion {
  readonly shard: number;
  readonly count: number;
  /** Row-codec rows of the table's columns, in stored form. */
  readonly bytes: Uint8Array;
  /** Each row's place among all rows of the shipment, ascending; absent when the shipment has this portion only. */
  readonly numbers?: Uint32Array;
}

export interface WriteService {
  /** Above READ COMMITTED it has a snapshot that lasts, of now or that of the exported name. */
  begin(request: {
    readonly isolation: IsolationLevel;
    readonly readOnly: boolean;
    readonly context: TaskContext;
    /** Of an exported snapshot. 22023, 0A000. */
    readonly snapshot?: string;
  }): Promise<{ readonly transaction: number }>;
  /** pg_export_snapshot: a name under which other transactions may take the transaction's snapshot, until it ends. 25001 in a subtransaction. */
  exportSnapshot(request: { readonly transaction: number }): Promise<{ readonly name: string }>;
  /** The transaction's 64-bit id; undefined: it has none yet, and needs none (`wanted` is false, and it has written nothing). */
  transactionId(request: { readonly transaction: number; readonly wanted: boolean }): Promise<{ readonly id: number | undefined }>;
  /** pg_current_snapshot: which ids of transactions have ended in what the transaction (undefined: one that begins now) sees. */
  visibleTransactions(request: { readonly transaction: number | undefined }): Promise<{ readonly snapshot: string }>;
  /** txid_status. 22023: in the future. */
  transactionStatus(request: { readonly id: bigint }): Promise<{ readonly status: TransactionStatus }>;
  /** transaction undefined: autocommit in one round trip (begin, execute, commit), or with `begin` the first statement of a transaction, which ends if it fails. */
  execute(request: {
    readonly transaction: number | undefined;
    readonly begin?: { readonly isolation: IsolationLevel; readonly readOnly: boolean };
    readonly context: TaskContext;
    readonly catalogVersion: number;
    readonly task: MutationTask | StepsTask;
    readonly lockTimeoutMs: number;
    readonly synchronousCommit: boolean;
    /** Replicas that are in sync show it, too, on return (remote_apply). */
    readonly untilApplied?: boolean;
  }): Promise<{
    readonly count: number;
    readonly returning: readonly Uint8Array[] /* batches in the task's output form */;
    readonly returningRows: number;
    readonly transaction?: number;
  }>;
  /** A SELECT inside the transaction on the writer connection (sees its own writes). `locking`: FOR UPDATE and its like; rows are locked in the order in which they come. */
  open(request: {
    readonly transaction: number;
    readonly locking?: RowLockingTask;
    readonly lockTimeoutMs?: number;
    readonly context: TaskContext;
    readonly catalogVersion: number;
    readonly cursor: OpenCursor;
    readonly maxRows: number;
  }): Promise<{ readonly cursor: number; readonly batch: CursorBatch }>;
  pull(request: { readonly cursor: number; readonly maxRows: number }): Promise<CursorBatch>;
  close(request: { readonly cursor: number }): void;
  /** Bulk insert (COPY) into a table without CHECK constraints and generated columns. */
  copyRows(request: {
    readonly transaction: number;
    readonly context: TaskContext;
    readonly catalogVersion: number;
    readonly tableOid: number;
    readonly portions: readonly CopyPortion[];
    readonly lockTimeoutMs?: number;
  }): Promise<{ readonly count: number }>;
  /** DDL: applies the steps and makes `catalog` the transaction's catalog; published to every front-end thread at commit. Takes the catalog lock until the end. */
  ddl(request: {
    readonly transaction: number;
    readonly context: TaskContext;
    readonly baseVersion: number;
    readonly catalog: CatalogData;
    readonly steps: readonly DdlStep[];
    readonly lockTimeoutMs: number;
  }): Promise<void>;
  /**
   * Splits a shard of the table's colocation group, while others read and write it. `waits`: answers when it is done, or when the split of that shard which was under way is, and who cancels his
   * waiting cancels the split; else it has begun. 42P01, 22023, 54000, 55006 (another one is being split), 55000 (its tables were dropped meanwhile), 53100, 57014.
   */
  splitShard(request: {
    readonly tableOid: number;
    /** First hash value of the shard. */
    readonly from: number;
    readonly parts: number;
    readonly waits: boolean;
    readonly context: TaskContext;
    /** For the catalog's lock, to begin with. */
    readonly lockTimeoutMs: number;
  }): Promise<{ readonly catalogVersion: number }>;
  /** Takes back the split that is under way in the group, for all who wait for it. False: there is none. */
  cancelSplit(request: { readonly group: number }): Promise<{ readonly cancelled: boolean }>;
  /**
   * DDL on what all databases share: takes the catalog lock as DDL does, before anybody asks for that of the server's database (so that no two wait for each other), and has
   * functions of this transaction see the server's catalog as it will be. A transaction that has changes of its own, too, commits them together with this one in its Outbox.
   */
  changeServer(request: { readonly transaction: number; readonly server: ServerCatalog; readonly lockTimeoutMs: number }): Promise<void>;
  /** Landing tables on the writer connection, for exchanges that end in a write transaction. */
  createLanding(request: { readonly transaction: number; readonly table: LandingTable }): Promise<void>;
  land(request: { readonly transaction: number; readonly table: string; readonly bytes: Uint8Array }): Promise<void>;
  /** LOCK TABLE: `keyShare` keeps DDL off, `noKeyUpdate` its like, `update` also writers. nowait: 55P03 instead of waiting. */
  lockTable(request: {
    readonly transaction: number;
    readonly tables: readonly { readonly oid: number; readonly name: string }[];
    readonly mode: 'keyShare' | 'noKeyUpdate' | 'update';
    readonly nowait: boolean;
    readonly lockTimeoutMs: number;
  }): Promise<void>;
  savepoint(request: { readonly transaction: number; readonly name: string }): Promise<void>;
  rollbackTo(request: { readonly transaction: number; readonly name: string }): Promise<void>;
  release(request: { readonly transaction: number; readonly name: string }): Promise<void>;
  /** SET CONSTRAINTS: of the given OIDs, or (undefined) of all; what was put off and is due now is checked. */
  setConstraints(request: { readonly transaction: number; readonly constraints: readonly number[] | undefined; readonly deferred: boolean }): Promise<void>;
  /** Durable on return unless synchronousCommit is false. Deferred constraints are checked first. */
  commit(request: {
    readonly transaction: number;
    readonly synchronousCommit: boolean;
    /** Replicas that are in sync show it, too, on return (remote_apply). */
    readonly untilApplied?: boolean;
  }): Promise<{ readonly catalogVersion: number /** The server's catalog must follow, too. */; readonly hasOutbox?: boolean }>;
  rollback(request: { readonly transaction: number }): Promise<void>;
  nextval(request: { readonly transaction: number | undefined; readonly oid: number; readonly count: number }): Promise<{ readonly first: bigint }>;
  setval(request: { readonly oid: number; readonly value: bigint; readonly isCalled: boolean }): Promise<void>;
  /** last_value, is_called of a sequence. */
  sequenceState(request: { readonly oid: number }): Promise<{ readonly lastValue: bigint; readonly isCalled: boolean }>;
  /** DISCARD SEQUENCES: what nextval() has given to the session is forgotten. */
  forgetSequences(request: { readonly session: number }): Promise<void>;
  /** Live rows and bytes by table OID, per shard: planner statistics. isPart: of a part of the shard that is being split; their numbers follow those of the shards. */
  statistics(): Promise<
    readonly { readonly tableOid: number; readonly shard: number; readonly isPart: boolean; readonly rows: number; readonly bytes: number }[]
  >;
  /** Advisory locks: session locks carry transaction 0. */
  advisory(request: {
    readonly session: number;
    readonly transaction: number | undefined;
    readonly key: bigint;
    /** Made of two int4: another space of keys than that of int8. */
    readonly pair?: boolean;
    readonly shared: boolean;
    readonly action: 'lock' | 'try' | 'unlock' | 'unlockAll';
    /** The statement's word in the cancel array, and lock_timeout: what may end a wait. */
    readonly cancelSlot?: number;
    readonly lockTimeoutMs?: number;
  }): Promise<{ readonly granted: boolean }>;
  /** Locks on tables, advisory keys and transactions, held or waited for; and who keeps whom waiting, by process id. */
  lockFacts(): Promise<{ readonly locks: readonly LockFacts[]; readonly blocked: ReadonlyMap<number, readonly number[]> }>;
  /** Where the durable log ends: everything acknowledged before the call is at or before it. */
  logPosition(): Promise<{ readonly lsn: number; readonly hlc: number }>;
  /** Answers once everything that is acknowledged is durable and in what new snapshots show. */
  flushed(): Promise<void>;
  /** The log keeps its records from `lsn` on, whatever checkpoints there are, until another call. Infinity: it need not. */
  retainLog(request: { readonly lsn: number }): void;
  /** Stops taking work, checkpoints every file, closes. */
  shutdown(): Promise<void>;
}

/** Published by the lane to every front-end thread, before the reply to the commit that caused it. */
export interface CatalogPublication {
  readonly kind: 'catalog';
  readonly catalog: CatalogData;
}

/** The answer of a front end of another node: it uses that catalog, or a newer one, for every statement that begins from now on. */
export interface CatalogReceipt {
  readonly version: number;
}
