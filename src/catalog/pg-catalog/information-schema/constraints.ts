/**
 * The views of constraints: table_constraints, check_constraints, referential_constraints, key_column_usage, constraint_column_usage, constraint_table_usage.
 * Source of what each shows to whom: information_schema.sql of PostgreSQL 15.
 */
import { expressionText } from '../../definitions.js';
import { rootOf } from '../../partition.js';
import { type IndexOwner, listedIndexes, ownAttributes } from '../../partition-parts.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import type { CheckConstraint, ForeignKey, Index, ReferentialAction } from '../../table.js';
import { type CatalogEnvironment, type CatalogRow, relation } from '../relation.js';
import { schemaOid } from '../role-oid.js';
import { isOwner } from './usage.js';
import { yesOrNo } from './values.js';
import { seesColumn, writesRelation } from './visible.js';

/** A table or a partition with its constraints, columns by its own numbers. */
interface Constrained {
  readonly table: IndexOwner;
  readonly checks: readonly Pick<CheckConstraint, 'name' | 'expressionText'>[];
  readonly keys: readonly Index[];
  readonly foreignKeys: readonly ForeignKey[];
}

const known = new WeakMap<CatalogSnapshot, readonly Constrained[]>();

function constrained(catalog: CatalogSnapshot): readonly Constrained[] {
  let found = known.get(catalog);
  if (found === undefined) known.set(catalog, (found = gather(catalog)));
  return found;
}

function gather(catalog: CatalogSnapshot): readonly Constrained[] {
  const keys = new Map<number, Index[]>();
  for (const { table, index } of listedIndexes(catalog))
    if (index.constraint && index.exclusion === undefined) keys.set(table.oid, [...(keys.get(table.oid) ?? []), index]);
  return catalog.data.relations.flatMap((table): readonly Constrained[] => {
    if (table.kind === 'table') return [{ table, checks: table.checks, keys: keys.get(table.oid) ?? [], foreignKeys: table.foreignKeys }];
    if (table.kind !== 'partition') return [];
    const root = rootOf(catalog, table);
    const parts = new Set((table.parts ?? []).map(({ of }) => of));
    const foreignKeys = root.foreignKeys.filter(({ oid }) => parts.has(oid)).map((key) => ({ ...key, columns: ownAttributes(root, table, key.columns) }));
    return [{ table, checks: [...table.checks, ...root.checks.filter(({ oid }) => parts.has(oid))], keys: keys.get(table.oid) ?? [], foreignKeys }];
  });
}

function constraint(catalog: CatalogSnapshot, table: IndexOwner, name: string): CatalogRow {
  return { constraint_catalog: catalog.database.name, constraint_schema: table.schema, constraint_name: name };
}

function tableColumns(catalog: CatalogSnapshot, table: IndexOwner): CatalogRow {
  return { table_catalog: catalog.database.name, table_schema: table.schema, table_name: table.name };
}

function columnName(table: IndexOwner, attribute: number): string {
  return table.columns.find((column) => column.attribute === attribute)?.name ?? '';
}

function notNullName(catalog: CatalogSnapshot, table: IndexOwner, attribute: number): string {
  return `${String(schemaOid(catalog, table.schema))}_${String(table.oid)}_${String(attribute)}_not_null`;
}

function* tableConstraintRows(environment: CatalogEnvironment): Generator<CatalogRow> {
  const { catalog } = environment;
  for (const { table, checks, keys, foreignKeys } of constrained(catalog)) {
    if (!writesRelation(environment, table.oid)) continue;
    const row = (name: string, type: string, deferrable = false, deferred = false): CatalogRow => ({
      ...constraint(catalog, table, name),
      ...tableColumns(catalog, table),
      constraint_type: type,
      is_deferrable: yesOrNo(deferrable),
      initially_deferred: yesOrNo(deferred),
      enforced: 'YES',
    });
    for (const check of checks) yield row(check.name, 'CHECK');
    for (const index of keys) {
      const deferral = [index.deferral !== undefined, index.deferral === 'initiallyDeferred'] as const;
      yield index.primary
        ? row(index.name, 'PRIMARY KEY', ...deferral)
        : { ...row(index.name, 'UNIQUE', ...deferral), nulls_distinct: yesOrNo(!index.nullsNotDistinct) };
    }
    for (const key of foreignKeys) yield row(key.name, 'FOREIGN KEY', key.deferrable, key.initiallyDeferred);
    for (const column of table.columns) if (column.notNull) yield row(notNullName(catalog, table, column.attribute), 'CHECK');
  }
}

export const tableConstraints = relation('information_schema.table_constraints', tableConstraintRows, 'user');

function clause(catalog: CatalogSnapshot, expression: string): string {
  const text = expressionText(expression, false, catalog, ['public']);
  return `(${text.startsWith('(') ? text : `(${text})`})`;
}

export const checkConstraints = relation(
  'information_schema.check_constraints',
  function* (environment) {
    const { catalog } = environment;
    // Constraints that children have of their parents are one, as they have one name.
    const shown = new Set<string>();
    for (const { table, checks } of constrained(catalog)) {
      if (!isOwner(environment, table.owner)) continue;
      for (const check of checks) {
        const key = JSON.stringify([table.schema, check.name, check.expressionText]);
        if (shown.has(key)) continue;
        shown.add(key);
        yield { ...constraint(catalog, table, check.name), check_clause: clause(catalog, check.expressionText) };
      }
      for (const column of table.columns)
        if (column.notNull) yield { ...constraint(catalog, table, notNullName(catalog, table, column.attribute)), check_clause: `${column.name} IS NOT NULL` };
    }
    for (const domain of catalog.data.types ?? []) {
      if (domain.kind !== 'domain' || !isOwner(environment, domain.owner)) continue;
      for (const check of domain.checks) {
        const text = clause(catalog, check.expressionText).replaceAll(/\bvalue\b/g, 'VALUE');
        yield { constraint_catalog: catalog.database.name, constraint_schema: domain.schema, constraint_name: check.name, check_clause: text };
      }
    }
  },
  'user',
);

/** The table and the unique index that a foreign key refers to. */
function target(catalog: CatalogSnapshot, key: ForeignKey): { readonly table: IndexOwner; readonly index: Index | undefined } | undefined {
  const table = catalog.relationByOid(key.targetOid);
  if (table?.kind !== 'table') return undefined;
  const wanted = [...key.targetColumns].sort((a, b) => a - b).join();
  return {
    table,
    index: table.indexes.find(
      (one) =>
        one.unique &&
        one.keys
          .map((part) => part.attribute)
          .sort((a, b) => a - b)
          .join() === wanted,
    ),
  };
}

const rules: Readonly<Record<ReferentialAction, string>> = {
  noAction: 'NO ACTION',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  setNull: 'SET NULL',
  setDefault: 'SET DEFAULT',
};

export const referentialConstraints = relation(
  'information_schema.referential_constraints',
  function* (environment) {
    const { catalog } = environment;
    for (const { table, foreignKeys } of constrained(catalog)) {
      if (!writesRelation(environment, table.oid)) continue;
      for (const key of foreignKeys) {
        const parent = target(catalog, key);
        yield {
          ...constraint(catalog, table, key.name),
          unique_constraint_catalog: parent?.index?.constraint === true ? catalog.database.name : null,
          unique_constraint_schema: parent?.index?.constraint === true ? parent.table.schema : null,
          unique_constraint_name: parent?.index?.constraint === true ? parent.index.name : null,
          match_option: key.matchFull ? 'FULL' : 'NONE',
          update_rule: rules[key.onUpdate],
          delete_rule: rules[key.onDelete],
        };
      }
    }
  },
  'user',
);

function* keyColumnRows(environment: CatalogEnvironment): Generator<CatalogRow> {
  const { catalog } = environment;
  for (const { table, keys, foreignKeys } of constrained(catalog)) {
    const row = (name: string, attribute: number, at: number): CatalogRow => ({
      ...constraint(catalog, table, name),
      ...tableColumns(catalog, table),
      column_name: columnName(table, attribute),
      ordinal_position: at + 1,
    });
    const seen = (attribute: number): boolean => seesColumn(environment, table.oid, attribute);
    for (const index of keys) for (const [at, key] of index.keys.entries()) if (seen(key.attribute)) yield row(index.name, key.attribute, at);
    for (const key of foreignKeys) {
      const parent = target(catalog, key);
      for (const [at, attribute] of key.columns.entries()) {
        if (!seen(attribute)) continue;
        const place = parent?.index?.keys.findIndex((part) => part.attribute === key.targetColumns[at]) ?? -1;
        yield { ...row(key.name, attribute, at), position_in_unique_constraint: place < 0 ? null : place + 1 };
      }
    }
  }
}

export const keyColumnUsage = relation('information_schema.key_column_usage', keyColumnRows, 'user');

/** For a foreign key: the columns that it refers to. */
export const constraintColumnUsage = relation(
  'information_schema.constraint_column_usage',
  function* (environment) {
    const { catalog } = environment;
    for (const { table, checks, keys, foreignKeys } of constrained(catalog)) {
      const row = (owner: IndexOwner, attribute: number, name: string): CatalogRow => ({
        ...tableColumns(catalog, owner),
        column_name: columnName(owner, attribute),
        ...constraint(catalog, table, name),
      });
      if (isOwner(environment, table.owner)) {
        for (const check of checks) {
          for (const column of table.columns)
            if (new RegExp(`\\b${column.name.replace(/[^\w]/g, '.')}\\b`).test(check.expressionText)) yield row(table, column.attribute, check.name);
        }
        for (const index of keys) for (const key of index.keys) yield row(table, key.attribute, index.name);
      }
      for (const key of foreignKeys) {
        const parent = target(catalog, key);
        if (parent === undefined || !isOwner(environment, parent.table.owner)) continue;
        for (const attribute of key.targetColumns) yield row(parent.table, attribute, key.name);
      }
    }
  },
  'user',
);

export const constraintTableUsage = relation(
  'information_schema.constraint_table_usage',
  function* (environment) {
    const { catalog } = environment;
    for (const { table, keys, foreignKeys } of constrained(catalog)) {
      if (isOwner(environment, table.owner)) for (const index of keys) yield { ...tableColumns(catalog, table), ...constraint(catalog, table, index.name) };
      for (const key of foreignKeys) {
        const parent = target(catalog, key);
        if (parent !== undefined && isOwner(environment, parent.table.owner))
          yield { ...tableColumns(catalog, parent.table), ...constraint(catalog, table, key.name) };
      }
    }
  },
  'user',
);
