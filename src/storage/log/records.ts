/**
 * What a log record says: the effects of one committed transaction, in order, in row-codec rows. A row that begins with a text opens a section or is a step of
 * its own; a row that begins with a number is a row image of the section's table. Written by the lane, read by recovery.
 */
import { assert } from '../../common/errors.js';
import { RowReader, RowWriter } from '../../types/row-codec.js';
import type { SqlValue } from '../../types/value.js';
import { fromCatalogJson, toCatalogJson } from '../files/catalog-json.js';
import type { CatalogChange } from '../files/catalog-store.js';
import type { TaskContext } from '../ports.js';

/** Operation of a row image. */
export const imageDelete = 0;
export const imageInsert = 1;
export const imageUpdate = 2;

/** Where a section's images belong. */
export interface ImageTarget {
  readonly schema: string;
  readonly table: string;
  /** Physical column names, in the order of the images' values. */
  readonly columns: readonly string[];
}

/** Receives a record's parts in order. */
export interface RecordVisitor {
  /** New rows under consecutive numbers; bytes: row-codec rows of the target's columns. */
  rows(target: ImageTarget, rowid: number | bigint, bytes: Uint8Array): void;
  /** values: the row's columns; empty for a deletion. The array may be reused. */
  image(target: ImageTarget, operation: number, rowid: number | bigint, values: readonly SqlValue[]): void;
  sql(schema: string, sql: string, context: TaskContext): void;
  /** Rows that bring their numbers along; bytes: row-codec rows of _rowid and the target's columns. */
  numberedRows(target: ImageTarget, bytes: Uint8Array): void;
  createShards(group: string, first: number, count: number): void;
  dropShards(group: string, files: readonly number[]): void;
  dropGroup(group: string): void;
  sequence(oid: number, lastValue: bigint, isCalled: boolean): void;
  dropSequence(oid: number): void;
  catalog(change: CatalogChange): void;
  /** The log of a new primary begins (cluster/replication); nothing changes. */
  epoch(epoch: number): void;
}

const sectionRows = 'r';
const stepRows = 'b';
const stepNumberedRows = 'n';
const stepSql = 'q';
const stepCreateShards = 'g+';
const stepDropShards = 'f-';
const stepDropGroup = 'g-';
const stepSequence = 's';
const stepDropSequence = 's-';
const stepCatalog = 'c';
const stepEpoch = 'e';

/** Builds one record. Reusable. */
export class RecordWriter {
  private readonly rows = new RowWriter();
  private section: ImageTarget | undefined;

  image(target: ImageTarget, operation: number, rowid: number | bigint, values: readonly SqlValue[] | undefined): void {
    if (this.section !== target) {
      this.section = target;
      this.rows.row([sectionRows, target.schema, target.table, ...target.columns]);
    }
    const { rows } = this;
    const count = values?.length ?? 0;
    rows.beginRow(count + 2);
    rows.value(rowid);
    rows.value(operation);
    for (let at = 0; at < count; at++) rows.value((values as readonly SqlValue[])[at] as SqlValue);
  }

  /** Rows as they were shipped, in one value. */
  bulk(target: ImageTarget, rowid: number | bigint, bytes: Uint8Array): void {
    this.step([stepRows, target.schema, target.table, rowid, bytes, ...target.columns]);
  }

  /** Rows with their numbers, in one value. */
  numbered(target: ImageTarget, bytes: Uint8Array): void {
    this.step([stepNumberedRows, target.schema, target.table, bytes, ...target.columns]);
  }

  sql(schema: string, sql: string, context: TaskContext): void {
    this.step([stepSql, schema, sql, toCatalogJson(context)]);
  }

  createShards(group: string, first: number, count: number): void {
    this.step([stepCreateShards, group, count, first]);
  }

  dropShards(group: string, files: readonly number[]): void {
    this.step([stepDropShards, group, ...files]);
  }

  dropGroup(group: string): void {
    this.step([stepDropGroup, group]);
  }

  sequence(oid: number, lastValue: bigint, isCalled: boolean): void {
    this.step([stepSequence, oid, lastValue, isCalled ? 1 : 0]);
  }

  dropSequence(oid: number): void {
    this.step([stepDropSequence, oid]);
  }

  catalog(change: CatalogChange): void {
    this.step([stepCatalog, toCatalogJson(change)]);
  }

  epoch(epoch: number): void {
    this.step([stepEpoch, epoch]);
  }

  get byteLength(): number {
    return this.rows.byteLength;
  }

  finish(): Uint8Array {
    this.section = undefined;
    return this.rows.finish();
  }

  private step(row: readonly SqlValue[]): void {
    this.section = undefined;
    this.rows.row(row);
  }
}

export function readRecord(bytes: Uint8Array, visitor: RecordVisitor): void {
  const reader = new RowReader(bytes);
  let target: ImageTarget | undefined;
  while (reader.next()) {
    const { values } = reader;
    const [head] = values;
    if (typeof head !== 'string') {
      assert(target !== undefined, 'an image follows its section');
      visitor.image(target, values[1] as number, head as number | bigint, values.slice(2));
      continue;
    }
    target = undefined;
    switch (head) {
      case sectionRows:
        target = { schema: values[1] as string, table: values[2] as string, columns: values.slice(3) as string[] };
        break;
      case stepRows:
        visitor.rows(
          { schema: values[1] as string, table: values[2] as string, columns: values.slice(5) as string[] },
          values[3] as number | bigint,
          values[4] as Uint8Array,
        );
        break;
      case stepSql:
        visitor.sql(values[1] as string, values[2] as string, fromCatalogJson(values[3] as string) as TaskContext);
        break;
      case stepNumberedRows:
        visitor.numberedRows({ schema: values[1] as string, table: values[2] as string, columns: values.slice(4) as string[] }, values[3] as Uint8Array);
        break;
      case stepCreateShards:
        // (Logs of the time before shards could be split have no first number.)
        visitor.createShards(values[1] as string, (values[3] ?? 0) as number, values[2] as number);
        break;
      case stepDropShards:
        visitor.dropShards(values[1] as string, values.slice(2) as number[]);
        break;
      case stepDropGroup:
        visitor.dropGroup(values[1] as string);
        break;
      case stepSequence:
        visitor.sequence(values[1] as number, BigInt(values[2] as number | bigint), values[3] === 1);
        break;
      case stepDropSequence:
        visitor.dropSequence(values[1] as number);
        break;
      case stepCatalog:
        visitor.catalog(fromCatalogJson(values[1] as string) as CatalogChange);
        break;
      case stepEpoch:
        visitor.epoch(values[1] as number);
        break;
      default:
        assert(false, `log record step ${head} is known`);
    }
  }
}
