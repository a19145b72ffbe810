/**
 * Row numbers: per table and shard one above the highest ever given, kept in memory and never taken back, so that the rows of parked transactions cannot collide.
 */
import type { TableRuntime } from './lane-catalog.js';

export class RowidAllocator {
  /** By the table's physical name; next number by the shard's schema, for a shard's number changes when one before it is split. */
  private readonly next = new Map<string, Map<string, number>>();

  /** The first of `count` consecutive numbers. */
  allocate(table: TableRuntime, shard: number, count = 1): number {
    const name = table.table.physicalName;
    let files = this.next.get(name);
    if (files === undefined) {
      files = new Map();
      this.next.set(name, files);
    }
    const schema = table.schema(shard);
    const rowid = files.get(schema) ?? table.highestRowid(shard) + 1;
    files.set(schema, rowid + count);
    return rowid;
  }
}
