/**
 * The query phase of one client: reads messages, calls the session, writes what it answers. Simple and extended protocol, pipelining, recovery up to Sync, COPY
 * in both directions, notices at the right moment. Source: PostgreSQL 15, chapter 55.2 and the main loop of tcop/postgres.c.
 *
 * One statement runs at a time. While the session's promise is pending the connection is busy: messages wait (bounded: `ClientInput`), a CancelRequest reaches
 * `cancel()`, and a client that leaves cancels what it was waiting for. All that can be answered at once is answered without a turn of the event loop.
 * Made by proxy/front-end.ts when a client has been let in.
 */
import type { Socket } from 'node:net';
import { PgError } from '../common/errors.js';
import { release } from '../common/release.js';
import { CopyInputReader, inUtf8 } from './connection-copy.js';
import {
  formatAt,
  type CopyHeader,
  type CopyInput,
  type ExecuteOutput,
  type ExecuteResult,
  type FormatCode,
  type MaybePromise,
  type Notice,
  type ResultColumn,
  type Session,
  type SessionEvents,
  type SimpleQueryOutput,
  type StatementDescription,
} from './session/session.js';
import * as backend from './wire/backend-messages.js';
import { type ClientEncoding, clientEncoding } from './wire/client-encoding.js';
import type { ClientInput, InputListener } from './wire/client-input.js';
import { FieldReader } from './wire/field-reader.js';
import { connectionLost, type Output } from './wire/output.js';

const code = (letter: string): number => letter.charCodeAt(0);
const messages = {
  bind: code('B'),
  close: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  describe: code('D'),
  execute: code('E'),
  flush: code('H'),
  functionCall: code('F'),
  parse: code('P'),
  query: code('Q'),
  sync: code('S'),
  terminate: code('X'),
} as const;
const portalKind = code('P');
const statementKind = code('S');

/** Bodies are read without interruption, so one reader serves every connection of the thread. */
const fields = new FieldReader();

function chain<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Any failure as the error that the user sees. */
function asPgError(error: unknown, log: (line: string) => void): PgError {
  if (error instanceof PgError) return error;
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new PgError('54001', 'stack depth limit exceeded');
  }
  log(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new PgError('XX000', error instanceof Error ? error.message : String(error));
}

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly input: ClientInput;
  readonly output: Output;
  readonly log: (line: string) => void;
  /** Called once, when the session has been closed. */
  readonly closed: () => void;
}

/** Types whose binary form is text, too: "char", name, text, unknown, bpchar, varchar, json, jsonb, xml, cstring, their kin. */
const textTypes: ReadonlySet<number> = new Set([18, 19, 25, 114, 142, 705, 1042, 1043, 2275, 3802]);

const syncType = 'S'.charCodeAt(0);

export class Connection implements InputListener, SessionEvents {
  readonly #socket: Socket;
  readonly #input: ClientInput;
  readonly #output: Output;
  readonly #log: (line: string) => void;
  readonly #closed: () => void;
  #session: Session | undefined;
  /** A call into the session is pending, or the pump is on the stack. */
  #busy = false;
  /** The busy call is a promise: what it writes must be flushed before it ends. */
  #waiting = false;
  #flushScheduled = false;
  /** After an error in the extended protocol: everything up to Sync is skipped. */
  #skipping = false;
  #finished = false;
  /** The client has closed its end and wants nothing more. */
  #clientGone = false;
  /** The connection shall end with this error. */
  #fatal: PgError | undefined;
  #copyInput: CopyInputReader | undefined;
  #copyingOut = false;
  #copiesText = true;
  /** The client's; undefined: UTF-8. */
  #encoding: ClientEncoding | undefined;
  /** What the rows that are delivered look like; only kept for another encoding. */
  #rows: { readonly columns: readonly ResultColumn[]; readonly formats: readonly FormatCode[] } = { columns: [], formats: [] };
  #changedParameters: Map<string, string> | undefined;
  /** What the client believes of the parameters that it is told of. */
  #toldParameters = new Map<string, string>();
  #notifications: { readonly processId: number; readonly channel: string; readonly payload: string }[] | undefined;

  constructor(options: ConnectionOptions) {
    this.#socket = options.socket;
    this.#input = options.input;
    this.#output = options.output;
    this.#log = options.log;
    this.#closed = options.closed;
  }

  /** Begins the query phase: the session is there and the client has been told so. Sends the first ReadyForQuery. */
  start(session: Session): void {
    this.#session = session;
    this.#toldParameters = new Map(session.reportedParameters);
    this.#encodeAs(session.reportedParameters.get('client_encoding') ?? 'UTF8');
    this.#input.listen(this);
    this.#ready();
    this.#output.flush();
    if (this.#input.hasEnded) this.ended();
    if (this.#fatal !== undefined) this.#endWith(this.#fatal);
    this.arrived();
  }

  /** A CancelRequest with this connection's key. */
  cancel(): void {
    if (!this.#waiting) return;
    this.#session?.cancel();
    this.#copyInput?.fail(new PgError('57014', 'canceling statement due to user request'));
  }

  get #activeSession(): Session {
    if (this.#session === undefined) throw new Error('the connection has no session yet');
    return this.#session;
  }

  #encodeAs(name: string): void {
    this.#encoding = clientEncoding(name);
    this.#output.encoding = this.#encoding;
  }

  // ---- input ----

  arrived(): void {
    if (this.#copyInput !== undefined) this.#copyInput.arrived();
    else this.#pump();
  }

  ended(): void {
    if (this.#finished) return;
    if (this.#waiting) {
      // A client that said goodbye (Terminate) may leave before its last statements are done; they are done nevertheless, as by PostgreSQL.
      if (this.#input.saidGoodbye && this.#copyInput === undefined) return;
      this.#clientGone = true;
      this.#session?.cancel();
      this.#copyInput?.fail(new PgError('08006', 'unexpected EOF on client connection with an open transaction', { severity: 'FATAL' }));
      this.#input.frames.clear();
      return;
    }
    this.#finish();
  }

  /** Works through the messages that are there, until one has to be waited for. */
  #pump(): void {
    if (this.#busy || this.#session === undefined) return;
    this.#busy = true;
    const frames = this.#input.frames;
    try {
      while (!this.#finished) {
        if (this.#output.isCongested) {
          this.#waitFor(this.#output.whenDrained());
          return;
        }
        const { interruption } = this.#session;
        if (interruption !== undefined) {
          this.#waitFor(interruption);
          return;
        }
        if (!frames.next()) break;
        const pending = this.#handle(frames.type);
        if (pending instanceof Promise) {
          this.#waitFor(pending);
          return;
        }
        if (this.#fatal !== undefined) break;
      }
    } catch (error) {
      // Only the frame walker throws here: the stream of messages is lost.
      this.#fatal ??= asPgError(error, this.#log);
    }
    this.#busy = false;
    if (this.#finished) return;
    if (this.#fatal !== undefined) {
      this.#endWith(this.#fatal);
      return;
    }
    this.#output.flush();
    if (this.#input.hasEnded) this.#finish();
    else this.#input.wantMore();
  }

  #waitFor(pending: Promise<void>): void {
    this.#waiting = true;
    const proceed = (): void => {
      this.#waiting = false;
      this.#busy = false;
      if (this.#clientGone) this.#finish();
      else if (this.#fatal !== undefined) this.#endWith(this.#fatal);
      else this.#pump();
    };
    pending.then(proceed, (error: unknown) => {
      // The failure has been dealt with in #handle; what arrives here is a connection that is lost.
      this.#clientGone ||= error instanceof PgError && error.code.startsWith('08');
      if (!this.#clientGone) this.#fatal ??= asPgError(error, this.#log);
      proceed();
    });
  }

  // ---- messages ----

  #handle(type: number): MaybePromise<void> {
    if (type === messages.terminate) {
      this.#output.flush();
      this.#finish();
      return undefined;
    }
    if (type === messages.sync) {
      this.#skipping = false;
      fields.open(this.#input.frames, this.#encoding);
      return this.#guard(() => {
        fields.finish();
        return chain(this.#activeSession.sync(), () => this.#ready());
      }, true);
    }
    if (this.#skipping) return undefined;
    fields.open(this.#input.frames, this.#encoding);
    switch (type) {
      case messages.query:
        return this.#guard(() => this.#query(), true);
      case messages.functionCall:
        return this.#guard(() => this.#functionCall(), true);
      case messages.parse:
        return this.#guard(() => this.#parse(), false);
      case messages.bind:
        return this.#guard(() => this.#bind(), false);
      case messages.describe:
        return this.#guard(() => this.#describe(), false);
      case messages.execute:
        return this.#guard(() => this.#execute(), false);
      case messages.close:
        return this.#guard(() => this.#close(), false);
      case messages.flush:
        this.#output.flush();
        return undefined;
      case messages.copyData:
      case messages.copyDone:
      case messages.copyFail:
        // The rest of a COPY that has failed.
        return undefined;
      default:
        this.#fatal = new PgError('08P01', `invalid frontend message type ${type}`, { severity: 'FATAL' });
        return undefined;
    }
  }

  /** Runs one message's work; a failure is reported, the session told, and what follows skipped (extended) or ReadyForQuery sent (simple, Sync). */
  #guard(work: () => MaybePromise<void>, endsWithReady: boolean): MaybePromise<void> {
    try {
      const pending = work();
      if (pending instanceof Promise) return pending.catch((error: unknown) => this.#failed(error, endsWithReady));
      return undefined;
    } catch (error) {
      return this.#failed(error, endsWithReady);
    }
  }

  #failed(error: unknown, endsWithReady: boolean): MaybePromise<void> {
    const failure = asPgError(error, this.#log);
    const copyInput = this.#copyInput;
    this.#copyInput = undefined;
    this.#copyingOut = false;
    return chain(this.#activeSession.statementFailed(failure), () => {
      if (this.#clientGone || this.#finished) return;
      if (this.#fatal !== undefined) {
        // Whether the statement has been committed is not known, and the client must not take it for certain that it was not.
        if (failure.code.startsWith('08')) this.#fatal = new PgError(failure.code, failure.message, { ...failure.fields, severity: 'FATAL' });
        return;
      }
      if (failure.fields.severity === 'FATAL' || failure.fields.severity === 'PANIC') {
        this.#fatal = failure;
        return;
      }
      if (copyInput?.isOutOfStep === true) {
        backend.errorResponse(this.#output, failure);
        this.#fatal = new PgError('08P01', 'terminating connection because protocol synchronization was lost', { severity: 'FATAL' });
        return;
      }
      backend.errorResponse(this.#output, failure);
      if (endsWithReady) this.#ready();
      else this.#skipping = true;
    });
  }

  #ready(): void {
    if (this.#changedParameters !== undefined) {
      for (const [name, value] of [...this.#changedParameters].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))) {
        if (this.#toldParameters.get(name) === value) continue;
        this.#toldParameters.set(name, value);
        backend.parameterStatus(this.#output, name, value);
      }
      this.#changedParameters = undefined;
    }
    const status = this.#activeSession.transactionStatus();
    if (status === 'I') this.#sendNotifications();
    backend.readyForQuery(this.#output, status);
  }

  #sendNotifications(): void {
    if (this.#notifications === undefined) return;
    for (const { processId, channel, payload } of this.#notifications) backend.notificationResponse(this.#output, processId, channel, payload);
    this.#notifications = undefined;
  }

  #query(): MaybePromise<void> {
    const text = fields.text();
    fields.finish();
    return chain(this.#activeSession.simpleQuery(text, this.#statementOutput), () => this.#ready());
  }

  #parse(): MaybePromise<void> {
    const name = fields.text();
    const text = fields.text();
    const count = fields.count16();
    const oids: number[] = [];
    for (let index = 0; index < count; index++) oids.push(fields.uint32());
    fields.finish();
    return chain(this.#activeSession.parse(name, text, oids), () => backend.parseComplete(this.#output));
  }

  #formats(): FormatCode[] {
    const count = fields.count16();
    const formats: FormatCode[] = [];
    for (let index = 0; index < count; index++) {
      const format = fields.int16();
      if (format !== 0 && format !== 1) throw new PgError('22023', `unsupported format code: ${format}`);
      formats.push(format);
    }
    return formats;
  }

  #bind(): MaybePromise<void> {
    const session = this.#activeSession;
    const portalName = fields.text();
    const statementName = fields.text();
    const statement = session.getStatement(statementName);
    const { parameterOids, columns } = statement.description;
    const parameterFormats = this.#formats();
    const count = fields.count16();
    if (parameterFormats.length > 1 && parameterFormats.length !== count) {
      throw new PgError('08P01', `bind message has ${parameterFormats.length} parameter formats but ${count} parameters`);
    }
    if (count !== parameterOids.length) {
      throw new PgError('08P01', `bind message supplies ${count} parameters, but prepared statement "${statementName}" requires ${parameterOids.length}`);
    }
    const parameters: (Uint8Array | null)[] = [];
    for (let index = 0; index < count; index++) {
      const length = fields.int32();
      if (length < -1) throw new PgError('08P01', 'insufficient data left in message');
      parameters.push(length === -1 ? null : this.#parameter(fields.bytes(length), formatAt(parameterFormats, index), parameterOids[index] ?? 0));
    }
    const resultFormats = this.#formats();
    fields.finish();
    const columnCount = columns?.length ?? 0;
    if (resultFormats.length > 1 && columns !== undefined && resultFormats.length !== columnCount) {
      throw new PgError('08P01', `bind message has ${resultFormats.length} result formats but query has ${columnCount} columns`);
    }
    return chain(session.bind(portalName, statement, parameters, parameterFormats, resultFormats), () => backend.bindComplete(this.#output));
  }

  /** A parameter's text in UTF-8. */
  #parameter(bytes: Uint8Array, format: FormatCode, typeOid: number): Uint8Array {
    const encoding = this.#encoding;
    return encoding === undefined || (format === 1 && !textTypes.has(typeOid)) ? bytes : encoding.toUtf8(bytes);
  }

  #functionCall(): MaybePromise<void> {
    const session = this.#activeSession;
    const oid = fields.uint32();
    const formats = this.#formats();
    const count = fields.count16();
    if (formats.length > 1 && formats.length !== count) {
      throw new PgError('08P01', `function call message contains ${formats.length} argument formats but ${count} arguments`);
    }
    const parameters: (Uint8Array | null)[] = [];
    for (let index = 0; index < count; index++) {
      const length = fields.int32();
      if (length < -1) throw new PgError('08P01', `invalid argument size ${length} in function call message`);
      parameters.push(length === -1 ? null : this.#parameter(fields.bytes(length), formatAt(formats, index), 0));
    }
    const resultFormat = fields.int16();
    fields.finish();
    if (resultFormat !== 0 && resultFormat !== 1) throw new PgError('22023', `unsupported format code: ${resultFormat}`);
    return chain(session.callFunction(oid, parameters, formats, resultFormat), (value) => {
      const answer = value === null || resultFormat === 1 || this.#encoding === undefined ? value : this.#encoding.fromUtf8(value);
      return chain(session.sync(), () => {
        backend.functionCallResponse(this.#output, answer);
        this.#ready();
      });
    });
  }

  #describe(): MaybePromise<void> {
    const session = this.#activeSession;
    const kind = fields.byte();
    const name = fields.text();
    fields.finish();
    if (kind === statementKind) {
      return chain(session.describeStatement(session.getStatement(name)), (description: StatementDescription) => {
        backend.parameterDescription(this.#output, description.parameterOids);
        this.#describeColumns(description.columns, []);
      });
    }
    if (kind !== portalKind) throw new PgError('08P01', `invalid DESCRIBE message subtype ${kind}`);
    const portal = session.getPortal(name);
    return chain(session.describePortal(portal), (columns) => {
      this.#describeColumns(columns, portal.resultFormats);
    });
  }

  #describeColumns(columns: readonly ResultColumn[] | undefined, formats: readonly FormatCode[]): void {
    if (columns === undefined) backend.noData(this.#output);
    else backend.rowDescription(this.#output, columns, formats);
  }

  #execute(): MaybePromise<void> {
    const session = this.#activeSession;
    const name = fields.text();
    const rowCountMax = Math.max(0, fields.int32());
    fields.finish();
    const portal = session.getPortal(name);
    if (this.#encoding !== undefined) this.#rows = { columns: portal.columns ?? [], formats: portal.resultFormats };
    return chain(session.execute(portal, rowCountMax, this.#statementOutput, this.#input.frames.peekType() === syncType), (result: ExecuteResult) => {
      switch (result.kind) {
        case 'complete':
          this.#complete(result.tag);
          return;
        case 'suspended':
          backend.portalSuspended(this.#output);
          return;
        case 'empty':
          backend.emptyQueryResponse(this.#output);
      }
    });
  }

  #close(): MaybePromise<void> {
    const session = this.#activeSession;
    const kind = fields.byte();
    const name = fields.text();
    fields.finish();
    if (kind !== statementKind && kind !== portalKind) throw new PgError('08P01', `invalid CLOSE message subtype ${kind}`);
    const closing = kind === statementKind ? session.closeStatement(name) : session.closePortal(name);
    return chain(closing, () => backend.closeComplete(this.#output));
  }

  // ---- what a statement puts out ----

  #complete(tag: string): void {
    if (this.#copyInput !== undefined) {
      if (!this.#copyInput.isDone) throw new Error('a COPY completed without reading its input to the end');
      this.#copyInput = undefined;
    }
    if (this.#copyingOut) {
      this.#copyingOut = false;
      backend.copyDone(this.#output);
    }
    backend.commandComplete(this.#output, tag);
    this.#scheduleFlush();
  }

  #finishedMessages(bytes: Uint8Array): MaybePromise<void> {
    if (this.#clientGone) throw connectionLost();
    const pending = this.#output.finished(this.#encoding === undefined ? bytes : this.#encoded(this.#encoding, bytes));
    this.#scheduleFlush();
    return pending;
  }

  /** Finished messages of rows or of COPY in the client's encoding. */
  #encoded(encoding: ClientEncoding, bytes: Uint8Array): Uint8Array {
    if (this.#copyingOut) return this.#copiesText ? encoding.copyData(bytes) : bytes;
    const { columns, formats } = this.#rows;
    return encoding.dataRows(bytes, (column) => formatAt(formats, column) === 0 || textTypes.has(columns[column]?.typeOid ?? 0));
  }

  #copyIn(header: CopyHeader): CopyInput {
    backend.copyInResponse(this.#output, header);
    this.#output.flush();
    const reader = new CopyInputReader(this.#input);
    this.#copyInput = reader;
    if (this.#fatal !== undefined) reader.fail(this.#fatal);
    else if (this.#input.hasEnded && this.#clientGone) reader.fail(connectionLost());
    return this.#encoding === undefined || header.format === 1 ? reader : inUtf8(reader, this.#encoding);
  }

  readonly #statementOutput: SimpleQueryOutput & ExecuteOutput = {
    rowDescription: (columns, formats) => {
      this.#rows = { columns, formats: formats ?? [] };
      backend.rowDescription(this.#output, columns, formats ?? []);
    },
    rows: (bytes) => this.#finishedMessages(bytes),
    complete: (tag) => {
      this.#complete(tag);
    },
    empty: () => {
      backend.emptyQueryResponse(this.#output);
    },
    copyIn: (header) => this.#copyIn(header),
    copyOut: (header) => {
      backend.copyOutResponse(this.#output, header);
      this.#copyingOut = true;
      this.#copiesText = header.format === 0;
    },
    copyData: (bytes) => this.#finishedMessages(bytes),
    release,
  };

  /** What a statement that takes its time has put out reaches the client while it runs: progressive answers, notices, first rows. */
  #scheduleFlush(): void {
    if (!this.#waiting || this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      if (this.#waiting) this.#output.flush();
    });
  }

  // ---- what the session says unasked ----

  notice(notice: Notice): void {
    if (this.#finished || this.#clientGone) return;
    backend.noticeResponse(this.#output, notice);
    if (this.#busy) this.#scheduleFlush();
    else if (this.#session !== undefined) this.#output.flush();
  }

  parameterStatus(name: string, value: string): void {
    if (name === 'client_encoding') this.#encodeAs(value);
    (this.#changedParameters ??= new Map<string, string>()).set(name, value);
  }

  notification(processId: number, channel: string, payload: string): void {
    if (this.#finished || this.#clientGone) return;
    (this.#notifications ??= []).push({ processId, channel, payload });
    if (this.#busy || this.#session === undefined || this.#session.transactionStatus() !== 'I') return;
    this.#sendNotifications();
    this.#output.flush();
  }

  interrupt(): void {
    this.cancel();
  }

  terminate(error: PgError): void {
    if (this.#finished || this.#fatal !== undefined) return;
    const fatal = new PgError(error.code, error.message, { ...error.fields, severity: 'FATAL' });
    this.#fatal = fatal;
    if (this.#session === undefined) return;
    if (!this.#busy) {
      this.#endWith(fatal);
      return;
    }
    this.#session.cancel();
    this.#copyInput?.fail(fatal);
  }

  // ---- the end ----

  #endWith(error: PgError): void {
    if (this.#finished) return;
    backend.errorResponse(this.#output, error);
    this.#output.flush();
    this.#finish();
  }

  /** Ends the connection: what is written still reaches the client, the session is closed. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#input.frames.clear();
    this.#socket.end();
    // The client's end may stay open for long; what it sends is not read any more.
    this.#socket.resume();
    const lingering = setTimeout(() => this.#socket.destroy(), 5000);
    lingering.unref();
    this.#socket.once('close', () => {
      clearTimeout(lingering);
    });
    const closing = this.#session?.close() ?? Promise.resolve();
    closing
      .catch((error: unknown) => {
        asPgError(error, this.#log);
      })
      .finally(this.#closed)
      .catch(() => undefined);
  }
}
