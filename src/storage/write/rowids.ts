/**
 * Row numbers: per table and shard one above the highest ever given, kept in memory and never taken back, so that the rows of parked transactions cannot collide.
 */
import type { TableRuntime } from './lane-catalog.js';

export class RowidAllocator {
  /** By the table's physical name; next number by shard. */
  private readonly next = new Map<string, (number | undefined)[]>();

  /** The first of `count` consecutive numbers. */
  allocate(table: TableRuntime, shard: number, count = 1): number {
    const name = table.table.physicalName;
    let shards = this.next.get(name);
    if (shards === undefined) {
      shards = [];
      this.next.set(name, shards);
    }
    const rowid = shards[shard] ?? this.highest(table, shard) + 1;
    shards[shard] = rowid + count;
    return rowid;
  }

  private highest(table: TableRuntime, shard: number): number {
    const row = table.connection.prepare(`SELECT max(_rowid) FROM ${table.qualifiedName(shard)}`, false).get();
    return Number(row?.[0] ?? 0);
  }
}
