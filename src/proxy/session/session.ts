/**
 * The port between a client protocol and a session: what the wire's query loop (proxy/connection.ts) calls, and what the session tells it back.
 * A session knows no wire: no messages, no sockets, no framing. It knows statements, portals, transactions, settings. HTTP uses the same port.
 *
 * Rules of the port (the loop keeps them, a session may rely on them):
 * - One call at a time. The loop never calls a method while the promise of an earlier one is pending. The exceptions are `cancel()` (any time) and
 *   `close()` (any time, once, nothing follows it).
 * - Methods may answer at once (a plain value) or later (a promise): short statements that run inline cost no turn of the event loop. A method fails by
 *   throwing or rejecting; a `PgError` is shown to the user as it is, any other error as XX000.
 * - **The session keeps the named statements and portals** (and the unnamed ones, under the name ''). The loop keeps no map; it asks `getStatement` and
 *   `getPortal` anew for each message.
 * - After every failure, whether the session raised it or the loop did (malformed Bind, invalid UTF-8), the loop calls `statementFailed(error)` once: that is
 *   the place where an implicit transaction is rolled back and an explicit one becomes failed ('E'). After a failure in the extended protocol the loop skips
 *   messages up to Sync and then calls `sync()`.
 * - The session refuses statements in a failed transaction itself (25P02), as it alone can tell ROLLBACK from the rest.
 * - Row bytes are protocol bytes ('D' messages) because encoding is done next to the data, in a scan thread; the encoder is the executor's business and the
 *   loop passes the bytes through untouched.
 */
import type { ErrorFields, PgError } from '../../common/errors.js';
import type { EncryptionFacts } from '../auth/client-certificate.js';

/** A value now, or later. */
export type MaybePromise<T> = T | Promise<T>;

/** 0 = text, 1 = binary. */
export type FormatCode = 0 | 1;

/** I = idle (no transaction block), T = in a transaction block, E = in a failed transaction block. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** One column of a result, as in RowDescription. `tableOid` and `columnNumber` are 0 when the column is no plain table column. */
export interface ResultColumn {
  readonly name: string;
  readonly typeOid: number;
  /** -1: none. */
  readonly typmod: number;
  /** pg_type.typlen: bytes, or -1 for variable length, -2 for a C string. */
  readonly typeLength: number;
  readonly tableOid: number;
  readonly columnNumber: number;
}

export interface StatementDescription {
  /** Types of $1..$n, all resolved. */
  readonly parameterOids: readonly number[];
  /** undefined: the statement returns no rows (NoData). */
  readonly columns: readonly ResultColumn[] | undefined;
}

/** A parsed statement. Implementations add what they need; the loop reads only these members. */
export interface PreparedStatement {
  readonly description: StatementDescription;
  /** The text held no statement (''). */
  readonly isEmpty: boolean;
}

/** A bound statement, perhaps half executed. */
export interface Portal {
  /** undefined: no rows (NoData). */
  readonly columns: readonly ResultColumn[] | undefined;
  /** One per column (the session has expanded them with `expandFormats`). */
  readonly resultFormats: readonly FormatCode[];
}

/** What COPY announces to the client before data flows in either direction. */
export interface CopyHeader {
  /** Overall format: 0 for text and csv, 1 for binary. */
  readonly format: FormatCode;
  readonly columnCount: number;
}

/**
 * The data that a client sends for COPY FROM STDIN, joined over messages. Message and row boundaries have nothing to do with each other; a chunk may hold many
 * messages. Ends when the client sends CopyDone. Fails with 57014 "COPY from stdin failed: <reason>" on CopyFail, with 57014 "canceling statement due to user
 * request" after cancel(), with 08006 when the client is gone. A chunk may be kept (it is never overwritten) but not transferred to another thread.
 * When the session stops early (an error), the loop swallows the rest of the client's data.
 */
export type CopyInput = AsyncIterable<Uint8Array>;

/** Where a running statement puts what it produces. */
export interface ExecuteOutput {
  /**
   * Finished DataRow messages ('D', int32 length, ...), whole messages only, `count` of them.
   * `bytes` belongs to the loop until the call has returned undefined or its promise is resolved; then it may be reused (pass-through buffers, slots of shared
   * memory). Await the promise: it resolves when the client has taken enough; a session that goes on without waiting fills the memory.
   * Rejects with 08006 when the client is gone.
   */
  rows(bytes: Uint8Array, count: number): MaybePromise<void>;
  /** Starts COPY FROM STDIN. The input must be read to its end before the statement completes. At most once per statement. */
  copyIn(header: CopyHeader): CopyInput;
  /** Starts COPY TO STDOUT; then `copyData` for the data. The loop writes CopyDone when the statement completes. */
  copyOut(header: CopyHeader): void;
  /**
   * Finished CopyData messages ('d', int32 length, ...), whole messages only, one per row (copy/copy-out.ts makes them). Same ownership and back-pressure as
   * `rows`.
   */
  copyData(bytes: Uint8Array): MaybePromise<void>;
  /** What `rows` or `copyData` have taken is not needed any more by the statement. An output that keeps rows has no such method. */
  release?(bytes: Uint8Array): void;
}

/** Output of a simple query, which may hold several statements: for each one [rowDescription, rows*] complete, or copy..., complete; or one `empty`. */
export interface SimpleQueryOutput extends ExecuteOutput {
  /** Before the rows of a statement that returns rows. `formats` defaults to all text (FETCH from a binary cursor has others). */
  rowDescription(columns: readonly ResultColumn[], formats?: readonly FormatCode[]): void;
  /** The end of one statement, with its command tag: 'SELECT 3', 'INSERT 0 1', 'COPY 5', 'BEGIN'. */
  complete(tag: string): void;
  /** The whole text held no statement. */
  empty(): void;
}

/** How an Execute ended. 'suspended': `maxRows` rows were delivered and the portal can be executed again for more. */
export type ExecuteResult = { readonly kind: 'complete'; readonly tag: string } | { readonly kind: 'suspended' } | { readonly kind: 'empty' };

export interface Session {
  /** While the session waits for its database's next primary: nothing is to be asked of it before this resolves. */
  readonly interruption?: Promise<void> | undefined;

  // ---- simple protocol ----

  /**
   * Runs every statement of the text, in one implicit transaction unless the text itself begins one. Stops at the first failure (throws). The implicit
   * transaction is committed before the promise resolves; a failed one is rolled back in `statementFailed`.
   */
  simpleQuery(text: string, output: SimpleQueryOutput): MaybePromise<void>;

  // ---- extended protocol ----

  /**
   * Parses and analyses one statement and keeps it under `name`. '' replaces the unnamed one; a name in use is 42P05. Several statements: 42601 "cannot insert
   * multiple commands into a prepared statement". `parameterOids` may be shorter than the parameter list, 0 = unspecified.
   */
  parse(name: string, text: string, parameterOids: readonly number[]): MaybePromise<void>;
  /** Throws 26000 `prepared statement "x" does not exist` / `unnamed prepared statement does not exist`. */
  getStatement(name: string): PreparedStatement;
  /**
   * The description anew: a session may replan after DDL, or refuse (0A000 "cached plan must not change result type", 25P02 in a failed transaction).
   */
  describeStatement(statement: PreparedStatement): MaybePromise<StatementDescription>;
  /**
   * Binds values and keeps the portal under `portalName` ('' replaces the unnamed one; a name in use is 42P03). The loop has checked the counts: formats are of
   * length 0, 1 or n as in the message (see `formatAt`). Text parameters are bytes whose UTF-8 has NOT been checked: decode them with `decodeText` of proxy/wire/text.js (22021).
   * Parameter bytes may be kept (never overwritten), though that keeps the whole input chunk in memory.
   */
  bind(
    portalName: string,
    statement: PreparedStatement,
    parameters: readonly (Uint8Array | null)[],
    parameterFormats: readonly FormatCode[],
    resultFormats: readonly FormatCode[],
  ): MaybePromise<void>;
  /** Throws 34000 `portal "x" does not exist`. */
  getPortal(name: string): Portal;
  /** The columns of the portal, or the refusal to describe it (25P02). */
  describePortal(portal: Portal): MaybePromise<readonly ResultColumn[] | undefined>;
  /**
   * Runs the portal on. `maxRows` 0 = no limit. Starts the implicit transaction if there is none. A finished SELECT portal answers 'SELECT 0' again.
   * `isLast`: Sync is known to follow, so that an implicit transaction may be committed together with the statement.
   */
  execute(portal: Portal, maxRows: number, output: ExecuteOutput, isLast?: boolean): MaybePromise<ExecuteResult>;
  /** No failure when there is none of that name. */
  closeStatement(name: string): MaybePromise<void>;
  /** No failure when there is none of that name. */
  closePortal(name: string): MaybePromise<void>;
  /** Sync: commits the implicit transaction (and drops its portals). May fail (a deferred constraint, a serialization failure). Must be cheap when idle. */
  sync(): MaybePromise<void>;

  // ---- both ----

  /**
   * Calls a function by its OID (FunctionCall), in a transaction of its own unless there is one. The answer is in `resultFormat`; null: NULL. 42883 for an OID of none.
   * The loop calls `sync` afterwards.
   */
  callFunction(
    oid: number,
    parameters: readonly (Uint8Array | null)[],
    parameterFormats: readonly FormatCode[],
    resultFormat: FormatCode,
  ): MaybePromise<Uint8Array | null>;

  /** Called once after every failure, before ReadyForQuery. Must not fail. */
  statementFailed(error: PgError): MaybePromise<void>;
  /** For ReadyForQuery; outside a statement only. */
  transactionStatus(): TransactionStatus;
  /** Parameters to report at the start (ParameterStatus), in this order. Later changes go through `SessionEvents.parameterStatus`. */
  readonly reportedParameters: ReadonlyMap<string, string>;
  /** The running statement, if any, shall fail soon with 57014 "canceling statement due to user request". Nothing happens when none runs. */
  cancel(): void;
  /** The client has gone or is being sent away: roll back, release locks and temporary tables. Never rejects. A running call is cancelled first. */
  close(): Promise<void>;
}

/** A notice or warning: severity NOTICE, WARNING, INFO, LOG or DEBUG; `code` '00000' when there is no better. */
export interface Notice {
  readonly severity: 'NOTICE' | 'WARNING' | 'INFO' | 'LOG' | 'DEBUG';
  readonly code: string;
  readonly message: string;
  readonly fields?: Omit<ErrorFields, 'severity'>;
}

/** What a session tells its client unasked. May be called at any time, also between statements; never after close() has been called. */
export interface SessionEvents {
  /** Sent at once, in order with the output of the running statement. The session applies client_min_messages. */
  notice(notice: Notice): void;
  /** A reported setting has changed. Sent before the next ReadyForQuery (as PostgreSQL 14+); the last value wins. */
  parameterStatus(name: string, value: string): void;
  /** NOTIFY. The loop holds it back until the connection is idle outside a transaction. */
  notification(processId: number, channel: string, payload: string): void;
  /** As a CancelRequest of the client's: pg_cancel_backend. */
  interrupt(): void;
  /** End this connection with a FATAL error: pg_terminate_backend (57P01), idle timeouts (57P05, 25P03). A running statement is cancelled. */
  terminate(error: PgError): void;
}

/** What start-up and authentication have found out. */
export interface SessionStartup {
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  /** Settings from the start-up packet and its `options` (-c name=value), names in lower case, without user, database, options, replication. */
  readonly settings: ReadonlyMap<string, string>;
  /** For pg_backend_pid() and pg_stat_activity: unique over all threads of the node. */
  readonly processId: number;
  /** undefined on a Unix socket. */
  readonly clientAddress: string | undefined;
  readonly clientPort: number | undefined;
  /** The address that the client has connected to. */
  readonly serverAddress?: string | undefined;
  readonly serverPort?: number | undefined;
  /** undefined: plain text. */
  readonly encryption: EncryptionFacts | undefined;
}

/** Makes the session of a connection that is authenticated. May refuse with a PgError (3D000, 42501, 22023 for a bad setting), which is sent as FATAL. */
export type SessionFactory = (startup: SessionStartup, events: SessionEvents) => MaybePromise<Session>;

/** The format of item `index` when a message gives 0 (all text), 1 (for all) or n codes. */
export function formatAt(formats: readonly FormatCode[], index: number): FormatCode {
  return formats.length === 0 ? 0 : ((formats.length === 1 ? formats[0] : formats[index]) ?? 0);
}

/** One code for each of `count` items. */
export function expandFormats(formats: readonly FormatCode[], count: number): readonly FormatCode[] {
  if (formats.length === count) return formats;
  return Array.from({ length: count }, (_unused, index) => formatAt(formats, index));
}
