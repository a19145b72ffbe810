/**
 * Rows of one table, by shard and row number: what a statement has changed already. A set of numbers, for it is asked for every row of an UPDATE. Used by write/mutation and
 * write/statement-run.
 */

/** More than a table has shards; row numbers stay below 2^43. */
const shardsMax = 1024;

export class RowSet {
  private readonly rows = new Set<number>();

  /** False when the row is in the set already. */
  add(shard: number, rowid: number): boolean {
    const { size } = this.rows;
    return this.rows.add(rowid * shardsMax + shard).size > size;
  }

  has(shard: number, rowid: number): boolean {
    return this.rows.has(rowid * shardsMax + shard);
  }
}
