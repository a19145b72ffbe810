/**
 * The parts of a shard that is being split, as the lane fills them while everybody goes on reading and writing the shard.
 *
 * Table by table the rows are copied in the order of their numbers, a portion at a time, and keep them. So a part always holds exactly the shard's rows up to the highest number that any of
 * the parts has: `follow` carries out on the parts what a transaction does to rows up to there, in the same record of the log; what is written behind it is copied later. How far the copy is, can
 * thus be read from the parts themselves, at any time, by whoever goes on with it: after a crash, or at the next primary. DDL that touches a table takes it out of the parts (`restart`).
 *
 * The portions go to the log as the rows that they are: replicas and recovery bring each file up by itself, and must not look into another one.
 * Used by write/shard-splitter (portions), write/group-commit (follow) and write/writer-lane (restart).
 */
import { partSchemaNames } from '../../catalog/shard-group.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import type { ShardGroup, ShardSplit, Table } from '../../catalog/table.js';
import { assert } from '../../common/errors.js';
import { type Connection, internalContext } from '../files/connection.js';
import { quoteName } from '../files/layout.js';
import { placementSql } from '../files/placement-sql.js';
import type { DdlStep } from '../ports.js';
import { RowSink, sinkSql } from '../read/row-sink.js';
import type { SinkLayout } from '../read/sink-layout.js';
import type { RowEffect } from './history.js';
import type { LaneCatalog, TableRuntime } from './lane-catalog.js';
import { type Effect, insertsOf, type LaneTransaction } from './transaction.js';

/** About, of rows that are too wide for native/row-sink.c. */
const wideRowBytes = 1024;

export interface SplittingGroup extends ShardGroup {
  readonly split: ShardSplit;
}

function isSplitting(group: ShardGroup): group is SplittingGroup {
  return group.split !== undefined;
}

/** The group one of whose shards is being split: there is one at a time. */
export function splittingGroup({ groups }: CatalogData): SplittingGroup | undefined {
  return groups.find(isSplitting);
}

export function isOfGroup({ distribution }: Table, { id }: ShardGroup): boolean {
  return distribution.kind === 'distributed' && distribution.group === id;
}

export function tablesOfGroup(catalog: LaneCatalog, group: ShardGroup): readonly TableRuntime[] {
  return catalog.data.relations.flatMap((relation) => (relation.kind === 'table' && isOfGroup(relation, group) ? [catalog.table(relation.oid)] : []));
}

/** Takes a table out of the parts, from which DDL would otherwise let it differ: it is copied anew. */
export function restart(group: SplittingGroup, { physicalName }: Table): readonly DdlStep[] {
  return partSchemaNames(group).map((schema) => ({ kind: 'sql', sql: `DROP TABLE IF EXISTS ${quoteName(schema)}.${quoteName(physicalName)}` }));
}

export class SplitParts {
  constructor(private readonly connection: Connection) {}

  /** Carries out on the parts what the resident transaction, which is about to commit, has done to the shard. `apply` has SQLite do an effect. */
  follow(transaction: LaneTransaction, catalog: LaneCatalog, apply: (effect: Effect) => void): void {
    const group = splittingGroup(catalog.data);
    if (group === undefined) return;
    const copied = new Map<TableRuntime, number>();
    const carryOut = (effect: RowEffect): void => {
      apply(effect);
      transaction.add(effect);
    };
    for (const effect of [...transaction.effects]) {
      if (effect.kind === 'ddl' || effect.kind === 'copied' || effect.shard !== group.split.shard || !isOfGroup(effect.table.table, group)) continue;
      // (The transaction's own DDL may have dropped the table, or moved it elsewhere.)
      const relation = catalog.snapshot.relationByOid(effect.table.oid);
      if (relation?.kind !== 'table' || !isOfGroup(relation, group)) continue;
      const table = catalog.table(relation.oid);
      let upTo = copied.get(table);
      if (upTo === undefined) copied.set(table, (upTo = this.copiedUpTo(table)));
      if (effect.rowid > upTo) continue;
      if (effect.kind !== 'rows') this.followRow(table, group, effect, carryOut);
      else for (const insert of insertsOf(effect)) if (insert.rowid <= upTo) this.followRow(table, group, insert, carryOut);
    }
  }

  private followRow(table: TableRuntime, { split }: SplittingGroup, effect: RowEffect, carryOut: (effect: RowEffect) => void): void {
    const { rowid } = effect;
    const target = effect.kind === 'delete' ? undefined : table.shards + table.partOf(split, effect.values);
    const there = effect.kind === 'insert' ? undefined : table.partSchemas.map((_, part) => table.shards + part).find((shard) => table.has(shard, rowid));
    assert(effect.kind === 'insert' || there !== undefined, 'the parts have every row up to the last one copied');
    if (there !== undefined && there !== target) carryOut({ kind: 'delete', table, shard: there, rowid, before: undefined });
    if (effect.kind === 'delete' || target === undefined) return;
    if (effect.kind === 'update' && there === target) carryOut({ ...effect, table, shard: target, before: undefined });
    else carryOut({ kind: 'insert', table, shard: target, rowid, values: effect.values });
  }

  /** The next thing to copy, rows of about so many bytes, as effects that SQLite has yet to do; nothing: the parts have all that the shard has. */
  next(catalog: LaneCatalog, group: SplittingGroup, bytes: number): readonly Effect[] {
    for (const table of tablesOfGroup(catalog, group)) {
      const effects = this.isBegun(table) ? this.rows(table, group, this.copiedUpTo(table), bytes) : this.definitions(table, group);
      if (effects.length > 0) return effects;
    }
    return [];
  }

  /** Every part has the table, or none. */
  private isBegun(table: TableRuntime): boolean {
    const [first] = table.partSchemas;
    assert(first !== undefined, 'a shard is split into parts');
    return (
      this.connection.prepare(`SELECT 1 FROM ${quoteName(first)}.sqlite_schema WHERE type = 'table' AND name = ?`, false).get(table.table.physicalName) !==
      undefined
    );
  }

  /** The parts have the shard's rows up to this number, and none behind. */
  private copiedUpTo(table: TableRuntime): number {
    if (!this.isBegun(table)) return 0;
    const highest = table.partSchemas.map((_, part) => table.highestRowid(table.shards + part));
    return Math.max(...highest);
  }

  /** The table with its indexes, as the shard has them: made before there are rows, for to make them afterwards would hold the lane for as long as that takes. */
  private definitions(table: TableRuntime, { split }: SplittingGroup): readonly Effect[] {
    const texts = this.connection
      .prepare(
        `SELECT sql FROM ${quoteName(table.schema(split.shard))}.sqlite_schema WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC, rowid`,
        false,
      )
      .all(table.table.physicalName)
      .map(([sql]) => sql as string);
    return table.partSchemas.flatMap((schema) =>
      texts.map((text): Effect => {
        const sql = text.replace(/^CREATE (TABLE|INDEX|UNIQUE INDEX) /, (head) => `${head}${quoteName(schema)}.`);
        return { kind: 'ddl', step: { kind: 'sql', sql }, schema, context: internalContext };
      }),
    );
  }

  private rows(table: TableRuntime, group: SplittingGroup, after: number, portionBytes: number): readonly Effect[] {
    const layout: SinkLayout = { text: 'P---', columns: table.columns.length + 2, encoded: [], parts: table.partSchemas.length };
    const from = table.qualifiedName(group.split.shard);
    const columns = table.columns.map((column) => `, ${quoteName(column.physicalName)}`).join('');
    const where = `FROM ${from} WHERE _rowid > ${String(after)} ORDER BY _rowid`;
    if (!RowSink.isFor(layout)) return this.wideRows(table, group, `SELECT _rowid${columns} ${where} LIMIT ${String(Math.ceil(portionBytes / wideRowBytes))}`);
    const sink = RowSink.on(this.connection);
    const sql = sinkSql(`SELECT ${placementSql(group.split.bounds, table.distributionColumns)}, _rowid${columns} ${where}`, layout);
    sink.start(layout, 0, portionBytes);
    const statement = this.connection.prepare(sql, false).iterate();
    statement.next();
    statement.return?.();
    const counts = new Array<number>(layout.parts).fill(0);
    for (const part of sink.takeOrder()) counts[part] = (counts[part] as number) + 1;
    const { partitions = [] } = sink.take(layout, true, false);
    return partitions.flatMap((bytes, part): readonly Effect[] =>
      bytes === undefined ? [] : [{ kind: 'copied', table, shard: table.shards + part, count: counts[part] as number, bytes }],
    );
  }

  private wideRows(table: TableRuntime, { split }: SplittingGroup, sql: string): readonly Effect[] {
    return this.connection
      .prepare(sql, true)
      .all()
      .map(([rowid, ...values]): Effect => ({ kind: 'insert', table, shard: table.shards + table.partOf(split, values), rowid: Number(rowid), values }));
  }
}
