/**
 * Rows of long results without a call into SQLite and JavaScript values for each: the statement hands its columns to native/row-sink.c, which encodes them, and yields a
 * row of its own only when the batch is full. Used by read/cursor.
 *
 *   WITH shoal_rows(c1, c2) AS (SELECT * FROM (<statement>) LIMIT -1) SELECT 1 FROM shoal_rows WHERE shoal_sink('<layout>', c1, shoal_encode(1, c2))
 *
 * LIMIT keeps SQLite from moving the function into the statement, where it would see rows before they are sorted, counted or made distinct; it does not cost anything:
 * the statement becomes a co-routine.
 */
import type { Connection } from '../files/connection.js';
import { nativeLibrary } from '../files/native-library.js';
import type { CursorBatch } from '../ports.js';
import type { SqlValue } from '../../types/value.js';
import { ByteWriter } from './byte-writer.js';
import type { EncodedColumn, SinkLayout } from './sink-layout.js';

/** ROW_SINK_VERSION of native/row-sink.c. */
const version = 2;

/** SQLITE_MAX_FUNCTION_ARG is 127, and the layout is one. */
const columnsMax = 120;

/** The sink of one connection: what it holds between `start` and `take` is one cursor's. */
export class RowSink {
  private static readonly sinks = new WeakMap<Connection, RowSink>();

  private encoded: readonly (EncodedColumn | undefined)[] = [];
  private readonly writer = new ByteWriter();

  private constructor(private readonly connection: Connection) {
    const { db } = connection;
    db.loadExtension(nativeLibrary('rowsink', version));
    for (const wide of [false, true]) db.function(encodeFunction(wide), { safeIntegers: wide, directOnly: true }, this.encode);
  }

  static on(connection: Connection): RowSink {
    let sink = this.sinks.get(connection);
    if (sink === undefined) {
      sink = new RowSink(connection);
      this.sinks.set(connection, sink);
    }
    return sink;
  }

  static isFor({ columns }: SinkLayout): boolean {
    return columns > 0 && columns <= columnsMax;
  }

  /** Empties it for a batch of at most so many rows (0: any number) or about so many bytes. */
  start({ encoded }: SinkLayout, rows: number, bytes: number): void {
    this.encoded = encoded;
    this.connection.prepare('SELECT shoal_sink_start(?, ?)', false).get(BigInt(rows), BigInt(bytes));
  }

  /** Rows since `start`. */
  get rows(): number {
    return this.connection.prepare('SELECT shoal_sink_rows()', false).get()?.[0] as number;
  }

  /** What has been gathered since `start`, as read/row-encoder gives it. partitioned: the parts are partitions. */
  take({ parts }: SinkLayout, partitioned: boolean, done: boolean): CursorBatch {
    const { rows } = this;
    if (partitioned) return { done, rows, bytes: undefined, partitions: Array.from({ length: parts }, (_, part) => this.bytes(part)) };
    const batch = { done, rows, bytes: this.bytes(0) };
    return parts === 1 || rows === 0 ? batch : { ...batch, keys: this.bytes(1) as Uint8Array };
  }

  /** Of partitioned rows since `start`: the partition of each, in their order. */
  takeOrder(): Uint32Array {
    const bytes = this.bytes(-1);
    return bytes === undefined ? new Uint32Array(0) : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }

  /** A buffer's content in an ArrayBuffer of its own. */
  private bytes(part: number): Uint8Array | undefined {
    return (this.connection.prepare('SELECT shoal_sink_take(?)', false).get(BigInt(part))?.[0] as Uint8Array | null) ?? undefined;
  }

  private readonly encode = (column: number | bigint, value: SqlValue): Uint8Array | null => {
    if (value === null) return null;
    const { writer } = this;
    writer.length = 0;
    // (Bytes of a buffer that is not there would be NULL.)
    writer.reserve(1);
    (this.encoded[Number(column)] as EncodedColumn).encode(value, writer);
    return writer.buffer.subarray(0, writer.length);
  };
}

function encodeFunction(wide: boolean): string {
  return wide ? 'shoal_encode_wide' : 'shoal_encode';
}

/** The statement that gives the rows of `sql` to the sink. */
export function sinkSql(sql: string, { columns, encoded, text }: SinkLayout): string {
  const names = Array.from({ length: columns }, (_, at) => `c${String(at + 1)}`);
  const values = names.map((name, at) => {
    const column = encoded[at];
    return column === undefined ? name : `${encodeFunction(column.wide)}(${String(at)}, ${name})`;
  });
  const layout = `'${text.replaceAll("'", "''")}'`;
  return `WITH shoal_rows(${names.join(', ')}) AS (SELECT * FROM (${sql}) LIMIT -1) SELECT 1 FROM shoal_rows WHERE shoal_sink(${[layout, ...values].join(', ')})`;
}
