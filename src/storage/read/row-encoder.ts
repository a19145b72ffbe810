/**
 * What a cursor's rows are turned into, by its output kind: DataRow messages, CopyData messages, row-codec bytes, or row-codec bytes by partition.
 * Used by read cursors, by cursors of the writer lane and by RETURNING.
 */
import { assert } from '../../common/errors.js';
import { RowWriter } from '../../types/row-codec.js';
import type { SqlValue, TypeContext } from '../../types/value.js';
import type { CursorBatch, CursorOutput, WireColumn, WireOutput } from '../ports.js';
import { ByteWriter } from './byte-writer.js';
import { type ColumnEncoder, binaryEncoder, isWide, textEncoder } from './column-encoder.js';
import { copyEncoder } from './copy-encoder.js';

export interface RowEncoder {
  readonly rows: number;
  readonly byteLength: number;
  add(row: readonly SqlValue[]): void;
  /** The rows so far as a batch; the encoder is empty again. */
  take(done: boolean): CursorBatch;
}

const dataRow = 68;

export function createRowEncoder(output: CursorOutput, context: TypeContext): RowEncoder {
  switch (output.kind) {
    case 'wire':
      return new MessageEncoder(dataRowWriter(output.columns), context, output.columns.length, output.keys ?? 0);
    case 'copy':
      return new MessageEncoder(copyEncoder(output, context), context, output.columns.length, output.keys ?? 0);
    case 'rows':
      return new CodecEncoder();
    case 'partitioned':
      return new PartitionEncoder(output.partitions);
  }
}

/** Whether rows must be read with bigints, lest integers lose digits. */
export function needsBigints(output: CursorOutput): boolean {
  switch (output.kind) {
    case 'wire':
    case 'copy':
      return (output.keys ?? 0) > 0 || output.columns.some(isWide);
    case 'rows':
    case 'partitioned':
      return output.narrow !== true;
  }
}

type MessageWriter = (row: readonly SqlValue[], writer: ByteWriter, context: TypeContext) => void;

function dataRowWriter(columns: readonly WireColumn[]): MessageWriter {
  const encoders: readonly ColumnEncoder[] = columns.map((column) => (column.binary ? binaryEncoder(column) : textEncoder(column)));
  const count = columns.length;
  return (row, writer, context) => {
    const start = writer.length;
    writer.reserve(7);
    writer.buffer[start] = dataRow;
    writer.length = start + 5;
    writer.int16(count);
    for (let at = 0; at < count; at++) {
      const value = row[at] as SqlValue;
      if (value === null) {
        writer.int32(-1);
        continue;
      }
      writer.reserve(4);
      const from = (writer.length += 4);
      (encoders[at] as ColumnEncoder)(value, writer, context);
      writer.setInt32(from - 4, writer.length - from);
    }
    writer.setInt32(start + 1, writer.length - start - 1);
  };
}

/** How the rows of an output that is used again and again become messages: compiled once, by whoever uses it first. */
export interface WireRows {
  readonly needsBigints: boolean;
  readonly write: MessageWriter;
}

const wireRows = new WeakMap<WireOutput, WireRows>();

export function wireRowsOf(output: WireOutput): WireRows {
  let known = wireRows.get(output);
  if (known === undefined) wireRows.set(output, (known = { needsBigints: needsBigints(output), write: dataRowWriter(output.columns) }));
  return known;
}

class MessageEncoder implements RowEncoder {
  rows = 0;
  private readonly writer = new ByteWriter();
  private readonly keyWriter: RowWriter | undefined;

  /** keys: trailing columns of the statement, behind the `columns` of the output, that a merging gather sorts by. */
  constructor(
    private readonly write: MessageWriter,
    private readonly context: TypeContext,
    private readonly columns: number,
    private readonly keys: number,
  ) {
    this.keyWriter = keys === 0 ? undefined : new RowWriter(4096);
  }

  get byteLength(): number {
    return this.writer.length;
  }

  add(row: readonly SqlValue[]): void {
    const start = this.writer.length;
    try {
      this.write(row, this.writer, this.context);
    } catch (error) {
      this.writer.length = start;
      throw error;
    }
    this.rows++;
    const { keyWriter, columns, keys } = this;
    if (keyWriter === undefined) return;
    keyWriter.beginRow(keys);
    for (let at = columns; at < columns + keys; at++) keyWriter.value(row[at] as SqlValue);
  }

  take(done: boolean): CursorBatch {
    const { rows, keyWriter } = this;
    this.rows = 0;
    const batch = { done, rows, bytes: rows === 0 ? undefined : this.writer.take() };
    if (done) this.writer.release();
    return keyWriter === undefined || rows === 0 ? batch : { ...batch, keys: keyWriter.finish() };
  }
}

class CodecEncoder implements RowEncoder {
  private readonly writer = new RowWriter(32_768);

  get rows(): number {
    return this.writer.rowCount;
  }

  get byteLength(): number {
    return this.writer.byteLength;
  }

  add(row: readonly SqlValue[]): void {
    this.writer.row(row);
  }

  take(done: boolean): CursorBatch {
    const { rows } = this;
    return { done, rows, bytes: rows === 0 ? undefined : this.writer.finish() };
  }
}

class PartitionEncoder implements RowEncoder {
  rows = 0;
  byteLength = 0;
  private readonly writers: RowWriter[];

  constructor(partitions: number) {
    this.writers = Array.from({ length: partitions }, () => new RowWriter(4096));
  }

  add(row: readonly SqlValue[]): void {
    const writer = this.writers[Number(row[0])];
    assert(writer !== undefined, `partition ${String(row[0])} exists`);
    const before = writer.byteLength;
    writer.beginRow(row.length - 1);
    for (let at = 1; at < row.length; at++) writer.value(row[at] as SqlValue);
    this.byteLength += writer.byteLength - before;
    this.rows++;
  }

  take(done: boolean): CursorBatch {
    const { rows } = this;
    this.rows = 0;
    this.byteLength = 0;
    return { done, rows, bytes: undefined, partitions: this.writers.map((writer) => (writer.rowCount === 0 ? undefined : writer.finish())) };
  }
}
