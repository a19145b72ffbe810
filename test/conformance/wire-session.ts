/**
 * One session of the simple query protocol that keeps everything the server says: every result of a query string, column types with their modifiers,
 * command tags, all fields of errors, notices, COPY in both directions. Drivers hide half of that. Called by run-file.ts.
 */
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { serialize } from 'pg-protocol';
import type { Connection } from '../support/connection.js';
import type { Row } from '../support/rows.js';

export interface Column {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
}

/** What one statement of a query string gave: rows, a tag, or both; COPY TO STDOUT gives lines. */
export interface Result {
  readonly columns: readonly Column[] | undefined;
  readonly rows: readonly Row[];
  readonly copied: readonly string[] | undefined;
  readonly tag: string;
}

/** ErrorResponse or NoticeResponse. */
export interface Report {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: string | undefined;
}

export type TransactionStatus = 'I' | 'T' | 'E';

export interface Answer {
  readonly results: readonly Result[];
  readonly error: Report | undefined;
  readonly notices: readonly Report[];
  /** Why there is no complete answer. */
  readonly lost: 'timeout' | 'crash' | undefined;
  /** undefined when the session is lost. */
  readonly status: TransactionStatus | undefined;
}

export class WireSession {
  private buffer: Buffer = Buffer.alloc(0);
  private ended = false;
  private wake: () => void = () => undefined;
  readonly parameters = new Map<string, string>();

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
      this.wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
    }
  }

  static async open(connection: Connection): Promise<WireSession> {
    const socket = connectSocket(connection.port, connection.host);
    await once(socket, 'connect');
    const session = new WireSession(socket);
    socket.write(serialize.startup({ user: connection.user, database: connection.database, client_encoding: 'UTF8' }));
    const { error, lost } = await session.collect(20_000, undefined);
    if (error !== undefined) throw new Error(`${error.code} ${error.message}`);
    if (lost !== undefined) throw new Error(`no session: ${lost}`);
    return session;
  }

  /** Sends a query string; `copyData` is asked for the data of COPY FROM STDIN when the server wants it. */
  async query(sql: string, timeoutMs: number, copyData?: () => string): Promise<Answer> {
    if (this.ended) return { results: [], error: undefined, notices: [], lost: 'crash', status: undefined };
    this.socket.write(serialize.query(sql));
    return await this.collect(timeoutMs, copyData);
  }

  close(): void {
    if (!this.ended) this.socket.write(serialize.end());
    this.socket.destroy();
  }

  private async collect(timeoutMs: number, copyData: (() => string) | undefined): Promise<Answer> {
    const results: Result[] = [];
    const notices: Report[] = [];
    let error: Report | undefined;
    let columns: Column[] | undefined;
    let rows: Row[] = [];
    let copied: string[] | undefined;
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const message = await this.next(deadline);
      if (message === undefined) return { results, error, notices, lost: this.ended ? 'crash' : 'timeout', status: undefined };
      const body = message.body;
      switch (message.type) {
        case 'T':
          columns = readColumns(body);
          break;
        case 'D':
          rows.push(readRow(body));
          break;
        case 'C':
          results.push({ columns, rows, copied, tag: body.toString('utf8', 0, body.length - 1) });
          [columns, rows, copied] = [undefined, [], undefined];
          break;
        case 'E':
          error ??= readReport(body);
          break;
        case 'N':
          notices.push(readReport(body));
          break;
        case 'G':
          if (copyData === undefined) this.socket.write(serialize.copyFail('no data'));
          else {
            this.socket.write(serialize.copyData(Buffer.from(copyData())));
            this.socket.write(serialize.copyDone());
          }
          break;
        case 'H':
          copied = [];
          break;
        case 'd':
          copied?.push(body.toString('utf8'));
          break;
        case 'S': {
          const [name = '', value = ''] = body.toString('utf8').split('\0');
          this.parameters.set(name, value);
          break;
        }
        case 'Z':
          return { results, error, notices, lost: undefined, status: String.fromCharCode(body[0] as number) as TransactionStatus };
        default:
          break;
      }
    }
  }

  /** The next message; undefined when the connection is closed or `deadline` has passed. */
  private async next(deadline: number): Promise<{ type: string; body: Buffer } | undefined> {
    for (;;) {
      const length = this.buffer.length >= 5 ? this.buffer.readInt32BE(1) : undefined;
      if (length !== undefined && this.buffer.length > length) {
        const message = { type: String.fromCharCode(this.buffer[0] as number), body: this.buffer.subarray(5, length + 1) };
        this.buffer = this.buffer.subarray(length + 1);
        return message;
      }
      const left = deadline - Date.now();
      if (this.ended || left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function readColumns(body: Buffer): Column[] {
  const columns: Column[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const end = body.indexOf(0, at);
    columns.push({ name: body.toString('utf8', at, end), typeOid: body.readUInt32BE(end + 7), typeModifier: body.readInt32BE(end + 13) });
    at = end + 19;
  }
  return columns;
}

function readRow(body: Buffer): Row {
  const row: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    row.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(length, 0);
  }
  return row;
}

function readReport(body: Buffer): Report {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field[0], field.slice(1)]),
  );
  return {
    severity: fields.get('V') ?? fields.get('S') ?? '',
    code: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
    detail: fields.get('D'),
    hint: fields.get('H'),
    position: fields.get('P'),
  };
}
