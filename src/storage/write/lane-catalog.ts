/**
 * A catalog as the writer lane uses it: per table the physical names, positions of columns, unique indexes as SQLite spells them, foreign keys in both directions
 * and the prepared statements that apply rows. Made anew for every catalog version; parts are found on first use.
 */
import { partSchemaNames, shardOfHash } from '../../catalog/shard-group.js';
import { type CatalogData, CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Column, ForeignKey, Index, Sequence, ShardSplit, Table } from '../../catalog/table.js';
import { assert, PgError } from '../../common/errors.js';
import { decimalToNumericText, isDecimalTypmod } from '../../types/numeric-codec.js';
import { placementHash32 } from '../../types/hash.js';
import { type PgType, typeByOid } from '../../types/registry.js';
import { Oid } from '../../types/oid.js';
import type { SqlValue, TypeContext } from '../../types/value.js';
import type { Connection, RawStatement } from '../files/connection.js';
import { quoteName } from '../files/layout.js';
import { insertNumberedRowsSql, insertRowsSql } from '../files/row-table.js';
import type { ImageTarget } from '../log/records.js';
import { ExclusionIndex } from './exclusion-index.js';
import { type ColumnSet, encodeKeyPart, type KeyedIndex, type RowPlace } from './keyed-index.js';
import { parseIndexSql } from './index-sql.js';

const namedMax = 2000;

export class LaneCatalog {
  readonly snapshot: CatalogSnapshot;
  private readonly tables = new Map<number, TableRuntime>();
  private byPhysicalName: Map<string, Table> | undefined;
  private readonly named = new Map<string, readonly Table[]>();
  private readonly namedOids = new Map<string, ReadonlySet<number>>();
  private children: Map<number, { readonly child: Table; readonly key: ForeignKey }[]> | undefined;

  constructor(
    readonly data: CatalogData,
    private readonly connection: Connection,
  ) {
    this.snapshot = new CatalogSnapshot(data);
  }

  get version(): number {
    return this.data.version;
  }

  table(oid: number): TableRuntime {
    let runtime = this.tables.get(oid);
    if (runtime === undefined) {
      const table = this.snapshot.relationByOid(oid);
      if (table?.kind !== 'table') throw new PgError('42P01', `relation with OID ${String(oid)} does not exist`);
      runtime = new TableRuntime(table, this, this.connection);
      this.tables.set(oid, runtime);
    }
    return runtime;
  }

  sequence(oid: number): Sequence {
    const sequence = this.snapshot.relationByOid(oid);
    if (sequence === undefined) throw new PgError('42P01', `could not open relation with OID ${String(oid)}`);
    if (sequence.kind !== 'sequence') throw new PgError('42809', `"${sequence.name}" is not a sequence`);
    return sequence;
  }

  /** Foreign keys that refer to a table. */
  referencing(oid: number): readonly { readonly child: Table; readonly key: ForeignKey }[] {
    if (this.children === undefined) {
      this.children = new Map();
      for (const child of this.data.relations) {
        if (child.kind !== 'table') continue;
        for (const key of child.foreignKeys) {
          const list = this.children.get(key.targetOid);
          if (list === undefined) this.children.set(key.targetOid, [{ child, key }]);
          else list.push({ child, key });
        }
      }
    }
    return this.children.get(oid) ?? [];
  }

  /** The tables that an SQLite text names. Physical names are unique in the database and need no quotes to be found. */
  tablesNamed(sql: string): readonly Table[] {
    const known = this.named.get(sql);
    if (known !== undefined) return known;
    const tables = this.findNamed(sql);
    if (this.named.size >= namedMax) this.named.clear();
    this.named.set(sql, tables);
    return tables;
  }

  /** Their OIDs. */
  oidsNamed(sql: string): ReadonlySet<number> {
    let oids = this.namedOids.get(sql);
    if (oids === undefined) {
      oids = new Set(this.tablesNamed(sql).map((table) => table.oid));
      if (this.namedOids.size >= namedMax) this.namedOids.clear();
      this.namedOids.set(sql, oids);
    }
    return oids;
  }

  private findNamed(sql: string): readonly Table[] {
    if (this.byPhysicalName === undefined) {
      this.byPhysicalName = new Map();
      for (const relation of [...this.data.relations, ...this.snapshot.systemTables])
        if (relation.kind === 'table') this.byPhysicalName.set(relation.physicalName, relation);
    }
    const found = new Set<Table>();
    for (const [, quoted, word] of sql.matchAll(/"((?:[^"]|"")*)"|([\p{L}_][\p{L}\p{N}_$]*)/gu)) {
      const table = this.byPhysicalName.get(quoted?.replaceAll('""', '"') ?? (word as string));
      if (table !== undefined) found.add(table);
    }
    return [...found];
  }
}

/** A foreign key with the positions of its columns in the rows of both tables. */
export interface ForeignKeyRuntime {
  readonly key: ForeignKey;
  readonly child: TableRuntime;
  readonly parent: TableRuntime;
  readonly childPositions: readonly number[];
  readonly parentPositions: readonly number[];
}

export class TableRuntime {
  readonly columns: readonly Column[];
  readonly types: readonly (PgType | undefined)[];
  /** Attached schema of each shard. */
  readonly schemas: readonly string[];
  /** Of the parts of a shard that is being split: what the lane writes there has their numbers, behind those of all shards (write/split-parts). */
  readonly partSchemas: readonly string[];
  readonly notNull: readonly number[];
  /** Stored generated columns: an UPDATE changes them whatever it assigns. */
  readonly generated: readonly number[];
  /** Whether writing a row evaluates expressions of indexes, which may fail. */
  readonly hasComputedIndex: boolean;
  private readonly positions = new Map<number, number>();
  private readonly targets: (ImageTarget | undefined)[] = [];
  private readonly inserts: (RawStatement | undefined)[] = [];
  private readonly bulkInserts: (RawStatement | undefined)[] = [];
  private readonly numberedInserts: (RawStatement | undefined)[] = [];
  private nulls: RawStatement | undefined;
  private readonly deletes: (RawStatement | undefined)[] = [];
  private readonly selects: (RawStatement | undefined)[] = [];
  private readonly existences: (RawStatement | undefined)[] = [];
  private readonly updates: (Map<string, RawStatement> | undefined)[] = [];
  private readonly assigned = new Map<string, ColumnSet>();
  private indexes: readonly KeyedIndex[] | undefined;
  private parents: readonly ForeignKeyRuntime[] | undefined;
  private referrers: readonly ForeignKeyRuntime[] | undefined;

  constructor(
    readonly table: Table,
    readonly catalog: LaneCatalog,
    readonly connection: Connection,
  ) {
    this.columns = table.columns;
    this.types = table.columns.map((column) => typeByOid(column.typeOid));
    this.schemas = catalog.snapshot.shardSchemas(table);
    this.partSchemas = table.distribution.kind === 'reference' ? [] : partSchemaNames(catalog.snapshot.group(table.distribution.group));
    this.notNull = this.columns.flatMap((column, at) => (column.notNull ? [at] : []));
    this.generated = this.columns.flatMap((column, at) => (column.generated === undefined ? [] : [at]));
    this.hasComputedIndex = table.indexes.some((index) => index.predicateText !== undefined || index.keys.some((key) => key.expressionText !== undefined));
    for (const [at, column] of this.columns.entries()) this.positions.set(column.attribute, at);
  }

  get oid(): number {
    return this.table.oid;
  }

  /** Number of shards that hold the table. */
  get shards(): number {
    return this.schemas.length;
  }

  position(attribute: number): number {
    const position = this.positions.get(attribute);
    assert(position !== undefined, `table ${this.table.name} has attribute ${String(attribute)}`);
    return position;
  }

  schema(shard: number): string {
    const schema = this.schemas[shard] ?? this.partSchemas[shard - this.shards];
    assert(schema !== undefined, `table ${this.table.name} has shard ${String(shard)}`);
    return schema;
  }

  /** `"g1_0003"."t16385_orders"` */
  qualifiedName(shard: number): string {
    return `${quoteName(this.schema(shard))}.${quoteName(this.table.physicalName)}`;
  }

  target(shard: number): ImageTarget {
    return (this.targets[shard] ??= { schema: this.schema(shard), table: this.table.physicalName, columns: this.columns.map((column) => column.physicalName) });
  }

  get columnList(): string {
    return this.columns.map((column) => quoteName(column.physicalName)).join(', ');
  }

  /** Parameters: _rowid, values. */
  insertStatement(shard: number): RawStatement {
    return (this.inserts[shard] ??= this.prepare(
      `INSERT INTO ${this.qualifiedName(shard)}(_rowid${this.columns.map((column) => `, ${quoteName(column.physicalName)}`).join('')}) VALUES (?${', ?'.repeat(this.columns.length)})`,
    ));
  }

  /** Parameters: _rowid of the first row, row-codec rows of all columns. */
  insertRowsStatement(shard: number): RawStatement {
    return (this.bulkInserts[shard] ??= this.prepare(
      insertRowsSql(
        this.qualifiedName(shard),
        this.columns.map((column) => quoteName(column.physicalName)),
        this.types.map((type) => type?.physical === 'float'),
      ),
    ));
  }

  /** Parameter: row-codec rows of _rowid and all columns. */
  insertNumberedRowsStatement(shard: number): RawStatement {
    return (this.numberedInserts[shard] ??= this.prepare(
      insertNumberedRowsSql(
        this.qualifiedName(shard),
        this.columns.map((column) => quoteName(column.physicalName)),
        this.types.map((type) => type?.physical === 'float'),
      ),
    ));
  }

  /** Row-codec rows of all columns: the first that has NULL where none may be. Parameter: the rows. */
  get nullsStatement(): RawStatement {
    return (this.nulls ??= this.prepare(`SELECT 1 FROM shoal_rows(?) WHERE ${this.notNull.map((at) => `c${String(at)} IS NULL`).join(' OR ')} LIMIT 1`));
  }

  /** Decoded values in the form in which statements bind them: the codec does not tell INTEGER 2 from REAL 2.0. */
  bound(values: readonly SqlValue[]): SqlValue[] {
    return values.map((value, at) => (typeof value === 'number' && Number.isInteger(value) && this.types[at]?.physical !== 'float' ? BigInt(value) : value));
  }

  /** Parameters: values of the positions, _rowid. */
  updateStatement(shard: number, change: ColumnSet): RawStatement {
    const statements = (this.updates[shard] ??= new Map<string, RawStatement>());
    let statement = statements.get(change.key);
    if (statement === undefined) {
      const list = change.positions.map((at) => `${quoteName((this.columns[at] as Column).physicalName)} = ?`).join(', ');
      statement = this.prepare(`UPDATE ${this.qualifiedName(shard)} SET ${list} WHERE _rowid = ?`);
      statements.set(change.key, statement);
    }
    return statement;
  }

  deleteStatement(shard: number): RawStatement {
    return (this.deletes[shard] ??= this.prepare(`DELETE FROM ${this.qualifiedName(shard)} WHERE _rowid = ?`));
  }

  /** The row's values, or undefined when it is gone. */
  read(shard: number, rowid: number): SqlValue[] | undefined {
    const statement = (this.selects[shard] ??= this.prepare(
      `SELECT ${this.columns.length === 0 ? 'NULL' : this.columnList} FROM ${this.qualifiedName(shard)} WHERE _rowid = ?`,
    ));
    return statement.get(rowid);
  }

  has(shard: number, rowid: number): boolean {
    const statement = (this.existences[shard] ??= this.prepare(`SELECT 1 FROM ${this.qualifiedName(shard)} WHERE _rowid = ?`));
    return statement.get(rowid) !== undefined;
  }

  /** 0: there is no row. */
  highestRowid(shard: number): number {
    const row = this.connection.prepare(`SELECT max(_rowid) FROM ${this.qualifiedName(shard)}`, false).get();
    return Number(row?.[0] ?? 0);
  }

  private prepare(sql: string): RawStatement {
    const statement = this.connection.db.prepare<unknown[], SqlValue[]>(sql);
    if (statement.reader) statement.raw(true);
    return statement.safeIntegers(true);
  }

  /** Unique indexes and exclusion constraints. */
  get uniqueIndexes(): readonly KeyedIndex[] {
    if (this.indexes === undefined) {
      const unique = this.table.indexes.filter((index) => index.unique);
      const texts = new Map<string, string>();
      if (unique.length > 0) {
        const rows = this.connection.db
          .prepare<unknown[], { name: string; sql: string }>(
            `SELECT name, sql FROM ${quoteName(this.schema(0))}.sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
          )
          .all(this.table.physicalName);
        for (const row of rows) texts.set(row.name, row.sql);
      }
      // One that the catalog has and the files have not yet is made by a later step of the same DDL, over the rows written until then.
      const made = unique.flatMap((index): readonly KeyedIndex[] => {
        const sql = texts.get(`i${String(index.oid)}`);
        return sql === undefined ? [] : [new UniqueIndex(index, this, sql)];
      });
      const exclusions = this.table.indexes.flatMap((index): readonly KeyedIndex[] =>
        index.exclusion?.sql === undefined ? [] : [new ExclusionIndex(index, this, index.exclusion.operators, index.exclusion.sql)],
      );
      this.indexes = [...made, ...exclusions];
    }
    return this.indexes;
  }

  get foreignKeys(): readonly ForeignKeyRuntime[] {
    return (this.parents ??= this.table.foreignKeys.map((key) => this.foreignKey(this, this.catalog.table(key.targetOid), key)));
  }

  get referencedBy(): readonly ForeignKeyRuntime[] {
    return (this.referrers ??= this.catalog.referencing(this.oid).map(({ child, key }) => this.foreignKey(this.catalog.table(child.oid), this, key)));
  }

  private foreignKey(child: TableRuntime, parent: TableRuntime, key: ForeignKey): ForeignKeyRuntime {
    return {
      key,
      child,
      parent,
      childPositions: key.columns.map((attribute) => child.position(attribute)),
      parentPositions: key.targetColumns.map((attribute) => parent.position(attribute)),
    };
  }

  /** The columns that an assignment to these attributes changes. */
  assignedColumns(attributes: readonly number[]): ColumnSet {
    const key = attributes.join();
    let columns = this.assigned.get(key);
    if (columns === undefined) {
      columns = this.columnSet([...attributes.map((attribute) => this.position(attribute)), ...this.generated]);
      this.assigned.set(key, columns);
    }
    return columns;
  }

  columnSet(positions: Iterable<number>): ColumnSet {
    const sorted = [...new Set(positions)].sort((left, right) => left - right);
    return { positions: sorted, key: sorted.join(), members: new Set(sorted) };
  }

  /** The shard that owns a row, given its values; undefined when `known` (positions with values) leaves it open. */
  shardOf(values: readonly SqlValue[], known?: ReadonlySet<number>): number | undefined {
    const { distribution } = this.table;
    if (distribution.kind === 'reference') return 0;
    const positions = distribution.columns.map((attribute) => this.position(attribute));
    if (known !== undefined && positions.some((at) => !known.has(at))) return undefined;
    return shardOfHash(this.catalog.snapshot.group(distribution.group), this.placement(positions, values));
  }

  /** The part that owns a row of the shard that is being split. */
  partOf(split: ShardSplit, values: readonly SqlValue[]): number {
    const positions = this.distributionColumns.map(({ attribute }) => this.position(attribute));
    return shardOfHash(split, this.placement(positions, values));
  }

  private placement(positions: readonly number[], values: readonly SqlValue[]): number {
    return placementHash32(
      positions.map((at) => this.generalValue(at, values[at] as SqlValue)),
      positions.map((at) => (this.columns[at] as Column).typeOid),
    );
  }

  /** Of a distributed table, in the order of the key. */
  get distributionColumns(): readonly Column[] {
    const { distribution } = this.table;
    return distribution.kind === 'reference' ? [] : distribution.columns.map((attribute) => this.columns[this.position(attribute)] as Column);
  }

  /** A column's value in its type's ordinary physical form (scaled integers become numeric text). */
  generalValue(position: number, value: SqlValue): SqlValue {
    const column = this.columns[position] as Column;
    if (value === null || column.typeOid !== Oid.numeric || typeof value === 'object') return value;
    const decimal = isDecimalTypmod(column.typmod);
    return decimal === undefined ? value : decimalToNumericText(value, decimal.scale);
  }

  /** A value as PostgreSQL shows it in messages. */
  format(position: number, value: SqlValue, context: TypeContext): string {
    if (value === null) return 'null';
    const column = this.columns[position] as Column;
    return this.types[position]?.format(value, column.typmod, context) ?? String(value);
  }
}

/** A unique index as it stands in the SQLite files. */
class UniqueIndex implements KeyedIndex {
  /** Positions of the columns when the index has columns only. */
  readonly positions: readonly number[] | undefined;
  /** Columns that the index reads, by name: all, when it has expressions or a predicate. */
  private readonly expressions: readonly string[];
  private readonly predicate: string | undefined;
  private keyStatement: RawStatement | undefined;
  private readonly lookups: (RawStatement | undefined)[] = [];

  constructor(
    readonly index: Index,
    private readonly table: TableRuntime,
    sql: string,
  ) {
    const parsed = parseIndexSql(sql);
    this.expressions = parsed.expressions;
    this.predicate = parsed.predicate;
    const byName = new Map(table.columns.map((column, at) => [quoteName(column.physicalName), at] as const));
    const positions = parsed.expressions.map((text) => byName.get(text));
    this.positions = parsed.predicate === undefined && positions.every((at) => at !== undefined) ? positions : undefined;
  }

  /** Whether a change of these columns can change the key. */
  touches(change: ColumnSet): boolean {
    return this.positions === undefined ? true : this.positions.some((at) => change.members.has(at));
  }

  /** Key of a row; undefined where the row is not in the index or, by a NULL, equal to none. */
  keyOf(values: readonly SqlValue[]): readonly SqlValue[] | undefined {
    let key: readonly SqlValue[];
    if (this.positions !== undefined) {
      key = this.positions.map((at) => values[at] as SqlValue);
    } else {
      this.keyStatement ??= this.table.connection.db
        .prepare<unknown[], SqlValue[]>(
          `SELECT ${this.predicate ?? '1'}, ${this.expressions.join(', ')} FROM (SELECT ${this.table.columns.map((column) => `? AS ${quoteName(column.physicalName)}`).join(', ')})`,
        )
        .raw(true)
        .safeIntegers(true);
      const [inside, ...parts] = this.keyStatement.get(...values) as SqlValue[];
      if (inside === null || Number(inside) === 0) return undefined;
      key = parts;
    }
    if (!this.index.nullsNotDistinct && key.includes(null)) return undefined;
    return key;
  }

  /** SQLite's own index does not enforce it: NULLs are to be alike, or the key does not hold the distribution columns, so that its rows may be on any shard. */
  get isLookedUp(): boolean {
    return this.index.nullsNotDistinct || !this.decidesShard;
  }

  /** Rows with one key are all on one shard. */
  private get decidesShard(): boolean {
    const { distribution } = this.table.table;
    return distribution.kind === 'reference' || distribution.columns.every((attribute) => this.index.keys.some((key) => key.attribute === attribute));
  }

  /** The row with a key: on its own shard, or wherever it may be. */
  findAnywhere(shard: number, key: readonly SqlValue[]): RowPlace | undefined {
    const here = this.find(shard, key);
    if (here !== undefined) return { shard, rowid: here };
    if (this.decidesShard) return undefined;
    for (let other = 0; other < this.table.shards; other++) {
      if (other === shard) continue;
      const rowid = this.find(other, key);
      if (rowid !== undefined) return { shard: other, rowid };
    }
    return undefined;
  }

  other(shard: number, rowid: number, key: readonly SqlValue[]): RowPlace | undefined {
    for (let one = 0; one < this.table.shards; one++) {
      if (one !== shard && this.decidesShard) continue;
      for (const [found] of this.lookup(one).iterate(...key) as Iterable<SqlValue[]>)
        if (one !== shard || Number(found) !== rowid) return { shard: one, rowid: Number(found) };
    }
    return undefined;
  }

  private lookup(shard: number): RawStatement {
    return (this.lookups[shard] ??= this.prepareLookup(shard));
  }

  /** _rowid of the row with a key on a shard. */
  find(shard: number, key: readonly SqlValue[]): number | undefined {
    const row = this.lookup(shard).get(...key);
    return row === undefined ? undefined : Number(row[0]);
  }

  private prepareLookup(shard: number): RawStatement {
    const operator = this.index.nullsNotDistinct ? 'IS' : '=';
    const tests = this.expressions.map((text) => `${text} ${operator} ?`);
    if (this.predicate !== undefined) tests.push(`(${this.predicate})`);
    return this.table.connection.db
      .prepare<unknown[], SqlValue[]>(`SELECT _rowid FROM ${this.table.qualifiedName(shard)} WHERE ${tests.join(' AND ')}`)
      .raw(true)
      .safeIntegers(true);
  }

  lockKey(key: readonly SqlValue[]): string {
    let text = `u${String(this.index.oid)}:`;
    for (const value of key) text += encodeKeyPart(value);
    return text;
  }
}
