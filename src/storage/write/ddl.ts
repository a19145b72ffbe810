/**
 * DDL steps on the writer connection: applied in the transaction, re-applied when a parked transaction goes on, undone when it is rolled back.
 * Also finds out which tables two catalogs have different, for DDL's locks.
 */
import type { CatalogData } from '../../catalog/snapshot.js';
import type { Column, Index, Relation, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { typeByOid } from '../../types/registry.js';
import type { SqlValue } from '../../types/value.js';
import { createShardFiles } from '../files/bootstrap.js';
import { toCatalogJson } from '../files/catalog-json.js';
import type { Connection } from '../files/connection.js';
import { type DatabaseLayout, globalSchema, quoteName } from '../files/layout.js';
import type { DdlStep } from '../ports.js';
import { toPgError, uniqueViolation } from '../sqlite-errors.js';
import { parseIndexSql } from './index-sql.js';
import type { Effect } from './transaction.js';

/** The file that a step writes to: the first schema that its text names. A step writes to one file. */
export function stepSchema(step: DdlStep, attached: ReadonlySet<string>): string {
  if (step.kind !== 'sql') return globalSchema;
  for (const [, quoted, word] of step.sql.matchAll(/(?:"((?:[^"]|"")*)"|([A-Za-z_][\w$]*))\s*\./g)) {
    const name = quoted?.replaceAll('""', '"') ?? word ?? '';
    if (attached.has(name)) return name;
  }
  throw new Error(`assertion failed: a DDL step names its file: ${step.sql}`);
}

/** What a step does to files. Sequences and the removal of files wait for the commit (or are done once, by the lane). */
export function applyStep(connection: Connection, layout: DatabaseLayout, effect: Extract<Effect, { kind: 'ddl' }>): void {
  const { step } = effect;
  switch (step.kind) {
    case 'sql': {
      const { holder } = connection;
      const before = holder.current;
      holder.current = effect.context;
      try {
        connection.db.exec(step.sql);
      } finally {
        holder.current = before;
      }
      break;
    }
    case 'createShards':
      for (const schema of createShardFiles(layout, step.group, step.first, step.count)) connection.attach(schema);
      break;
    case 'dropShards':
    case 'dropGroup':
    case 'setSequence':
    case 'dropSequence':
      break;
  }
}

/** The error of a step: a unique index over rows that are not unique is the user's mistake. */
export function stepError(connection: Connection, step: DdlStep, catalog: CatalogData, error: unknown): Error {
  if (step.kind !== 'sql' || uniqueViolation(error) === undefined) return toPgError(error);
  const oid = Number(/^CREATE UNIQUE INDEX .*?\bi(\d+)"? ON /i.exec(step.sql)?.[1]);
  for (const relation of catalog.relations) {
    const index = relation.kind === 'table' ? relation.indexes.find((candidate) => candidate.oid === oid) : undefined;
    if (relation.kind !== 'table' || index === undefined) continue;
    return new PgError('23505', `could not create unique index "${index.name}"`, {
      detail: duplicateDetail(connection, step.sql, relation, index),
      schema: relation.schema,
      table: relation.name,
      constraint: index.name,
    });
  }
  return toPgError(error);
}

/** `Key (a)=(1) is duplicated.` of one of the keys. */
function duplicateDetail(connection: Connection, sql: string, table: Table, index: Index): string | undefined {
  const columns = index.keys.map((key) => table.columns.find((column) => column.attribute === key.attribute));
  if (columns.includes(undefined)) return undefined;
  const schema = stepSchema({ kind: 'sql', sql }, connection.schemas);
  const { expressions } = parseIndexSql(sql.slice(sql.indexOf(' ON ')));
  const names = (columns as Column[]).map((column) => quoteName(column.physicalName));
  const nonNull = names.map((name) => `${name} IS NOT NULL`).join(' AND ');
  const row = connection
    .prepare(
      `SELECT ${names.join(', ')} FROM ${quoteName(schema)}.${quoteName(table.physicalName)} WHERE ${nonNull} GROUP BY ${expressions.join(', ')} HAVING count(*) > 1 LIMIT 1`,
      true,
    )
    .get();
  if (row === undefined) return undefined;
  const texts = (columns as Column[]).map(
    (column, at) => typeByOid(column.typeOid)?.format(row[at] as SqlValue, column.typmod, connection.holder.current) ?? String(row[at]),
  );
  return `Key (${(columns as Column[]).map((column) => column.name).join(', ')})=(${texts.join(', ')}) is duplicated.`;
}

/** OIDs of tables that are gone or different in the new catalog: a transaction that has used them must end first. */
export function changedTables(before: CatalogData, after: CatalogData): readonly number[] {
  const fresh = new Map<number, Relation>(after.relations.map((relation) => [relation.oid, relation]));
  return before.relations.flatMap((relation) => {
    if (relation.kind !== 'table') return [];
    const now = fresh.get(relation.oid);
    return now === relation || (now !== undefined && toCatalogJson(now) === toCatalogJson(relation)) ? [] : [relation.oid];
  });
}
