/** Databases for storage tests: a lane and a reader in this thread, tables made through the lane's own DDL. */
import { equal } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shardSchemaName } from '../../../src/catalog/shard-group.js';
import type { CatalogData } from '../../../src/catalog/snapshot.js';
import type { Column, ForeignKey, Index, Relation, ShardGroup, Table } from '../../../src/catalog/table.js';
import { registerFunctions } from '../../../src/functions/sqlite-register.js';
import { internalContext, type RegisterFunctions } from '../../../src/storage/files/connection.js';
import { DatabaseLayout, quoteName } from '../../../src/storage/files/layout.js';
import type { DdlStep, IsolationLevel, MutationTask, TaskContext } from '../../../src/storage/ports.js';
import { Reader } from '../../../src/storage/read/reader.js';
import { createSharedBuffers, type SharedBuffers } from '../../../src/storage/shared.js';
import { WriterLane, type WriterLaneOptions } from '../../../src/storage/write/writer-lane.js';
import { RowReader } from '../../../src/types/row-codec.js';
import { Oid } from '../../../src/types/oid.js';
import type { SqlValue } from '../../../src/types/value.js';

export const register: RegisterFunctions = (db, holder) => registerFunctions(db, holder);
export const context: TaskContext = internalContext;

export interface ColumnSpec {
  readonly name: string;
  readonly type?: number;
  readonly typmod?: number;
  readonly notNull?: boolean;
}

export interface TableSpec {
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  readonly primaryKey?: readonly string[];
  readonly unique?: readonly string[];
  readonly foreignKeys?: readonly (Partial<ForeignKey> & { readonly from: readonly string[]; readonly to: string; readonly toColumns: readonly string[] })[];
  readonly shards?: number;
}

function declared(type: number): string {
  return type === Oid.text || type === Oid.varchar ? 'TEXT' : type === Oid.float8 ? 'REAL' : 'INTEGER';
}

/** Definitions, writes and reads of a database, wherever its lane is. */
export abstract class LaneClient {
  abstract readonly lane: WriterLane;
  abstract readonly reader: Reader;

  table(name: string): Table {
    const table = this.lane.catalog.relations.find((relation) => relation.name === name);
    if (table?.kind !== 'table') throw new Error(`no table ${name}`);
    return table;
  }

  schema(table: Table, shard: number): string {
    if (table.distribution.kind === 'reference') return 'global';
    const { group } = table.distribution;
    const found = this.lane.catalog.groups.find((candidate) => candidate.id === group) as ShardGroup;
    return shardSchemaName(found, shard);
  }

  /** Plans a table as catalog/ddl would. */
  plan(base: CatalogData, spec: TableSpec): { readonly catalog: CatalogData; readonly steps: readonly DdlStep[] } {
    let oid = base.nextOid;
    const columns = spec.columns.map(
      (column, at): Column => ({
        attribute: at + 1,
        name: column.name,
        physicalName: column.name,
        typeOid: column.type ?? Oid.int4,
        typmod: column.typmod ?? -1,
        notNull: column.notNull === true || spec.primaryKey?.includes(column.name) === true,
      }),
    );
    const attribute = (name: string): number => (columns.find((column) => column.name === name) as Column).attribute;
    const index = (name: string, names: readonly string[], primary: boolean): Index => ({
      oid: oid++,
      name,
      unique: true,
      primary,
      nullsNotDistinct: false,
      keys: names.map((column) => ({ attribute: attribute(column), descending: false, nullsFirst: false })),
      include: [],
      constraint: true,
      method: 'btree',
    });
    const tableOid = oid++;
    const indexes: Index[] = [];
    if (spec.primaryKey !== undefined) indexes.push(index(`${spec.name}_pkey`, spec.primaryKey, true));
    for (const column of spec.unique ?? []) indexes.push(index(`${spec.name}_${column}_key`, [column], false));
    const steps: DdlStep[] = [];
    const groups = [...base.groups];
    let group: ShardGroup | undefined;
    if (spec.shards !== undefined) {
      const shards = spec.shards;
      group = groups.find((candidate) => candidate.bounds.length === shards);
      if (group === undefined) {
        const id = groups.length + 1;
        group = { id, name: `g${String(id)}`, bounds: Array.from({ length: shards }, (_, at) => Math.floor((2 ** 32 / shards) * at)), family: 'number' };
        groups.push(group);
        steps.push({ kind: 'createShards', group: group.name, first: 0, count: shards });
      }
    }
    const physicalName = `t${String(tableOid)}_${spec.name}`;
    const schemas = group === undefined ? ['global'] : group.bounds.map((_, shard) => `${group.name}_${String(shard).padStart(4, '0')}`);
    for (const schema of schemas) {
      const list = columns.map((column) => `, ${quoteName(column.physicalName)} ${declared(column.typeOid)}`).join('');
      steps.push({ kind: 'sql', sql: `CREATE TABLE "${schema}"."${physicalName}" (_rowid INTEGER PRIMARY KEY${list})` });
      for (const { oid: indexOid, keys } of indexes) {
        const names = keys.map((key) => quoteName((columns[key.attribute - 1] as Column).physicalName)).join(', ');
        steps.push({ kind: 'sql', sql: `CREATE UNIQUE INDEX "${schema}"."i${String(indexOid)}" ON "${physicalName}" (${names})` });
      }
    }
    const foreignKeys = (spec.foreignKeys ?? []).map((key): ForeignKey => {
      const target = key.to === spec.name ? undefined : base.relations.find((relation) => relation.name === key.to);
      const targetColumns = target?.kind === 'table' ? target.columns : columns;
      return {
        oid: oid++,
        name: `${spec.name}_${key.from.join('_')}_fkey`,
        columns: key.from.map(attribute),
        targetOid: target?.oid ?? tableOid,
        targetColumns: key.toColumns.map((name) => (targetColumns.find((column) => column.name === name) as Column).attribute),
        onDelete: key.onDelete ?? 'noAction',
        onUpdate: key.onUpdate ?? 'noAction',
        matchFull: false,
        deferrable: key.initiallyDeferred === true,
        initiallyDeferred: key.initiallyDeferred === true,
      };
    });
    const table: Table = {
      kind: 'table',
      oid: tableOid,
      schema: 'public',
      name: spec.name,
      owner: 'postgres',
      persistence: 'permanent',
      columns,
      lastAttribute: columns.length,
      indexes,
      checks: [],
      foreignKeys,
      distribution: group === undefined ? { kind: 'reference' } : { kind: 'distributed', columns: [1], group: group.id },
      physicalName,
    };
    const relations: Relation[] = [...base.relations, table];
    return { catalog: { ...base, version: base.version + 1, nextOid: oid, relations, groups }, steps };
  }

  async create(spec: TableSpec): Promise<Table> {
    const base = this.lane.catalog;
    const { catalog, steps } = this.plan(base, spec);
    const { transaction } = await this.lane.begin({ isolation: 'read committed', readOnly: false, context });
    await this.lane.ddl({ transaction, context, baseVersion: base.version, catalog, steps, lockTimeoutMs: 0 });
    await this.lane.commit({ transaction, synchronousCommit: true });
    return this.table(spec.name);
  }

  async begin(isolation: IsolationLevel = 'read committed'): Promise<number> {
    return (await this.lane.begin({ isolation, readOnly: false, context })).transaction;
  }

  async commit(transaction: number): Promise<void> {
    await this.lane.commit({ transaction, synchronousCommit: true });
  }

  async execute(task: MutationTask, transaction?: number, lockTimeoutMs = 0, taskContext = context): Promise<number> {
    const result = await this.lane.execute({
      transaction,
      context: taskContext,
      catalogVersion: this.lane.catalog.version,
      task,
      lockTimeoutMs,
      synchronousCommit: true,
    });
    return result.count;
  }

  /** INSERT of rows, the shard given by `row[0] % shards` unless the table is a reference table. */
  async insert(name: string, rows: readonly (readonly SqlValue[])[], transaction?: number, extra: Partial<MutationTask> = {}): Promise<number> {
    return await this.execute(this.insertTask(name, rows, extra), transaction);
  }

  insertTask(name: string, rows: readonly (readonly SqlValue[])[], extra: Partial<MutationTask> = {}): MutationTask {
    const table = this.table(name);
    const params: SqlValue[] = [];
    const values = rows.map(
      (row) =>
        `(${[BigInt(this.shardOf(table, row)), ...row].map((value) => `?${String(params.push(typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value))}`).join(', ')})`,
    );
    return { kind: 'insert', tableOid: table.oid, source: { sql: `VALUES ${values.join(', ')}`, params }, assigned: [], ...extra };
  }

  shardOf(table: Table, row: readonly SqlValue[]): number {
    if (table.distribution.kind === 'reference') return 0;
    const { group } = table.distribution;
    const { bounds } = this.lane.catalog.groups.find((candidate) => candidate.id === group) as ShardGroup;
    return Number(row[0]) % bounds.length;
  }

  /** UPDATE ... SET column = expression WHERE condition, over all shards. */
  updateTask(name: string, column: string, expression: string, where: string): MutationTask {
    const table = this.table(name);
    const list = table.columns.map((each) => (each.name === column ? `${expression} AS "${column}"` : quoteName(each.physicalName))).join(', ');
    const sql = this.schemas(table)
      .map((schema, shard) => `SELECT ${String(shard)}, _rowid, ${String(shard)}, ${list} FROM "${schema}"."${table.physicalName}" WHERE ${where}`)
      .join(' UNION ALL ');
    return {
      kind: 'update',
      tableOid: table.oid,
      source: { sql, params: [] },
      assigned: [(table.columns.find((each) => each.name === column) as Column).attribute],
    };
  }

  deleteTask(name: string, where: string): MutationTask {
    const table = this.table(name);
    const list = table.columns.map((each) => quoteName(each.physicalName)).join(', ');
    const sql = this.schemas(table)
      .map((schema, shard) => `SELECT ${String(shard)}, _rowid, ${list} FROM "${schema}"."${table.physicalName}" WHERE ${where}`)
      .join(' UNION ALL ');
    return { kind: 'delete', tableOid: table.oid, source: { sql, params: [] }, assigned: [] };
  }

  schemas(table: Table): readonly string[] {
    if (table.distribution.kind === 'reference') return ['global'];
    const { group } = table.distribution;
    const found = this.lane.catalog.groups.find((candidate) => candidate.id === group) as ShardGroup;
    return found.bounds.map((_, shard) => this.schema(table, shard));
  }

  selectSql(name: string): string {
    const table = this.table(name);
    const list = table.columns.map((each) => quoteName(each.physicalName)).join(', ');
    return `${this.schemas(table)
      .map((schema) => `SELECT ${list} FROM "${schema}"."${table.physicalName}"`)
      .join(' UNION ALL ')} ORDER BY 1`;
  }

  /** All rows as a reader sees them. */
  async rows(name: string): Promise<SqlValue[][]> {
    const table = this.table(name);
    const { cursor, batch } = await this.reader.open({
      schemas: this.schemas(table),
      context,
      catalogVersion: this.lane.catalog.version,
      cursor: { sql: this.selectSql(name), params: [], output: { kind: 'rows' } },
      maxRows: 0,
    });
    const rows: SqlValue[][] = [];
    for (let next = batch; ; next = await this.reader.pull({ cursor, maxRows: 0 })) {
      if (next.bytes !== undefined) rows.push(...new RowReader(next.bytes));
      if (next.done) return rows;
    }
  }

  /** All rows as a transaction on the lane sees them. */
  async rowsIn(transaction: number, name: string): Promise<SqlValue[][]> {
    const { cursor, batch } = await this.lane.open({
      transaction,
      context,
      catalogVersion: this.lane.catalog.version,
      cursor: { sql: this.selectSql(name), params: [], output: { kind: 'rows' } },
      maxRows: 0,
    });
    const rows: SqlValue[][] = [];
    for (let next = batch; ; next = await this.lane.pull({ cursor, maxRows: 0 })) {
      if (next.bytes !== undefined) rows.push(...new RowReader(next.bytes));
      if (next.done) return rows;
    }
  }
}

/** A database of its own. */
export class TestDatabase extends LaneClient {
  readonly layout: DatabaseLayout;
  readonly shared: SharedBuffers = createSharedBuffers(64);
  lane: WriterLane;
  readonly reader: Reader;
  published: CatalogData[] = [];

  constructor(
    readonly directory = mkdtempSync(join(tmpdir(), 'shoal-storage-')),
    options: Partial<WriterLaneOptions> = {},
  ) {
    super();
    this.layout = new DatabaseLayout(join(directory, 'postgres'));
    this.lane = this.openLane(options);
    this.reader = new Reader({ layout: this.layout, register, shared: this.shared });
  }

  openLane(options: Partial<WriterLaneOptions> = {}): WriterLane {
    return WriterLane.open({
      layout: this.layout,
      database: 'postgres',
      register,
      shared: this.shared,
      onCatalog: ({ catalog }) => this.published.push(catalog),
      ...options,
    });
  }

  async restart(): Promise<void> {
    this.reader.shutdown();
    await this.lane.shutdown();
    this.lane = this.openLane();
  }

  async close(): Promise<void> {
    this.reader.shutdown();
    await this.lane.shutdown();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The columns of DataRow messages as text; undefined for NULL. */
export function dataRows(bytes: Uint8Array): (string | undefined)[][] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: (string | undefined)[][] = [];
  for (let at = 0; at < buffer.length; ) {
    equal(buffer[at], 68);
    const end = at + 1 + buffer.readInt32BE(at + 1);
    const count = buffer.readInt16BE(at + 5);
    at += 7;
    const row: (string | undefined)[] = [];
    for (let column = 0; column < count; column++) {
      const length = buffer.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? undefined : buffer.toString('utf8', at, at + length));
      if (length > 0) at += length;
    }
    equal(at, end);
    rows.push(row);
  }
  return rows;
}

export async function failure(promise: Promise<unknown>): Promise<{
  readonly code: string;
  readonly message: string;
  readonly fields: { readonly detail?: string; readonly constraint?: string; readonly portionRow?: number };
}> {
  try {
    await promise;
  } catch (error) {
    return error as { readonly code: string; readonly message: string; readonly fields: { readonly detail?: string } };
  }
  throw new Error('it did not fail');
}
