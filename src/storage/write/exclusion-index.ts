/**
 * An exclusion constraint as the writer lane enforces it: every row that is written is compared with the others by the constraint's operators, as SQLite spells them
 * (Index.exclusion). It stands among a table's unique indexes, with the same interface. There is no index structure for overlaps: unless an operator is `=` on the first
 * key, the comparison reads the table.
 */
import type { Exclusion, Index } from '../../catalog/table.js';
import { Oid } from '../../types/oid.js';
import type { SqlValue } from '../../types/value.js';
import type { RawStatement } from '../files/connection.js';
import { quoteName } from '../files/layout.js';
import { bindings } from '../files/parameters.js';
import { type ColumnSet, encodeKeyPart, type IndexedTable, type KeyedIndex, type RowPlace } from './keyed-index.js';

/** Types whose equal values are written alike. */
const canonical: ReadonlySet<number> = new Set([Oid.bool, Oid.int2, Oid.int4, Oid.int8, Oid.oid, Oid.text, Oid.varchar, Oid.uuid, Oid.date, Oid.timestamp]);

export class ExclusionIndex implements KeyedIndex {
  readonly positions = undefined;
  readonly isLookedUp = true;
  /** Keys that are compared by `=`: rows that differ in one of them do not meet, and need not wait for each other. */
  private readonly equalKeys: readonly number[];
  private readonly decidesShard: boolean;
  private keyStatement: RawStatement | undefined;
  private readonly lookups: (RawStatement | undefined)[] = [];

  constructor(
    readonly index: Index,
    private readonly table: IndexedTable,
    private readonly operators: Exclusion['operators'],
    private readonly sql: NonNullable<Exclusion['sql']>,
  ) {
    const equal = index.keys.flatMap((_, at) => (operators[at]?.name === '=' ? [at] : []));
    const typeOf = (attribute: number): number => table.columns.find((column) => column.attribute === attribute)?.typeOid ?? 0;
    this.equalKeys = equal.filter((at) => canonical.has(index.keys[at]?.typeOid ?? typeOf(index.keys[at]?.attribute ?? 0)));
    const attributes = new Set(equal.map((at) => index.keys[at]?.attribute));
    const { distribution } = table.table;
    this.decidesShard = distribution.kind === 'reference' || distribution.columns.every((attribute) => attributes.has(attribute));
  }

  touches(change: ColumnSet): boolean {
    const isColumns = this.sql.predicate === undefined && this.index.keys.every((key) => key.attribute !== 0);
    return !isColumns || this.index.keys.some((key) => change.members.has(this.table.position(key.attribute)));
  }

  /** Undefined where the row is not in the index, or conflicts with none because of a NULL. */
  keyOf(values: readonly SqlValue[]): readonly SqlValue[] | undefined {
    this.keyStatement ??= this.prepare(
      `SELECT ${this.sql.predicate ?? '1'}, ${this.sql.keys.join(', ')} FROM (SELECT ${this.table.columns.map((column) => `? AS ${quoteName(column.physicalName)}`).join(', ')})`,
    );
    const [inside, ...key] = this.keyStatement.get(...values) as SqlValue[];
    return inside === null || Number(inside) === 0 || key.includes(null) ? undefined : key;
  }

  find(shard: number, key: readonly SqlValue[]): number | undefined {
    const row = this.lookup(shard).get(...bindings(this.sql.condition, key));
    return row === undefined ? undefined : Number(row[0]);
  }

  findAnywhere(shard: number, key: readonly SqlValue[]): RowPlace | undefined {
    return this.other(shard, -1, key);
  }

  other(shard: number, rowid: number, key: readonly SqlValue[]): RowPlace | undefined {
    for (let one = 0; one < this.table.shards; one++) {
      if (one !== shard && this.decidesShard) continue;
      for (const [found] of this.lookup(one).iterate(...bindings(this.sql.condition, key)) as Iterable<SqlValue[]>)
        if (one !== shard || Number(found) !== rowid) return { shard: one, rowid: Number(found) };
    }
    return undefined;
  }

  lockKey(key: readonly SqlValue[]): string {
    return `x${String(this.index.oid)}:${this.equalKeys.map((at) => encodeKeyPart(key[at] ?? null)).join('')}`;
  }

  private lookup(shard: number): RawStatement {
    const { predicate, condition } = this.sql;
    const where = predicate === undefined ? condition : `(${predicate}) AND ${condition}`;
    return (this.lookups[shard] ??= this.prepare(`SELECT _rowid FROM ${this.table.qualifiedName(shard)} WHERE ${where}`));
  }

  private prepare(sql: string): RawStatement {
    return this.table.connection.db.prepare<unknown[], SqlValue[]>(sql).raw(true).safeIntegers(true);
  }
}
