/** The views of constraints: table_constraints, check_constraints, referential_constraints, key_column_usage, constraint_column_usage, constraint_table_usage. */
import { expressionText } from '../../definitions.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import type { ForeignKey, Index, ReferentialAction, Table } from '../../table.js';
import { tablesOf } from '../objects.js';
import { type CatalogRow, relation } from '../relation.js';
import { schemaOid } from '../role-oid.js';
import { yesOrNo } from './values.js';

function constraint(catalog: CatalogSnapshot, table: Table, name: string): CatalogRow {
  return { constraint_catalog: catalog.database.name, constraint_schema: table.schema, constraint_name: name };
}

function tableColumns(catalog: CatalogSnapshot, table: Table): CatalogRow {
  return { table_catalog: catalog.database.name, table_schema: table.schema, table_name: table.name };
}

function columnName(table: Table, attribute: number): string {
  return table.columns.find((column) => column.attribute === attribute)?.name ?? '';
}

function notNullName(catalog: CatalogSnapshot, table: Table, attribute: number): string {
  return `${String(schemaOid(catalog, table.schema))}_${String(table.oid)}_${String(attribute)}_not_null`;
}

export const tableConstraints = relation('information_schema.table_constraints', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    const row = (name: string, type: string, deferrable = false, deferred = false): CatalogRow => ({
      ...constraint(catalog, table, name),
      ...tableColumns(catalog, table),
      constraint_type: type,
      is_deferrable: yesOrNo(deferrable),
      initially_deferred: yesOrNo(deferred),
      enforced: 'YES',
    });
    for (const check of table.checks) yield row(check.name, 'CHECK');
    for (const index of table.indexes) {
      if (!index.constraint) continue;
      const deferral = [index.deferral !== undefined, index.deferral === 'initiallyDeferred'] as const;
      yield index.primary
        ? row(index.name, 'PRIMARY KEY', ...deferral)
        : { ...row(index.name, 'UNIQUE', ...deferral), nulls_distinct: yesOrNo(!index.nullsNotDistinct) };
    }
    for (const key of table.foreignKeys) yield row(key.name, 'FOREIGN KEY', key.deferrable, key.initiallyDeferred);
    for (const column of table.columns) if (column.notNull) yield row(notNullName(catalog, table, column.attribute), 'CHECK');
  }
});

export const checkConstraints = relation('information_schema.check_constraints', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    for (const check of table.checks) {
      const text = expressionText(check.expressionText, false, catalog, ['public']);
      yield { ...constraint(catalog, table, check.name), check_clause: `(${text.startsWith('(') ? text : `(${text})`})` };
    }
    for (const column of table.columns) {
      if (column.notNull) yield { ...constraint(catalog, table, notNullName(catalog, table, column.attribute)), check_clause: `${column.name} IS NOT NULL` };
    }
  }
});

/** The table and the unique index that a foreign key refers to. */
function target(catalog: CatalogSnapshot, key: ForeignKey): { readonly table: Table; readonly index: Index | undefined } | undefined {
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

export const referentialConstraints = relation('information_schema.referential_constraints', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    for (const key of table.foreignKeys) {
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
});

export const keyColumnUsage = relation('information_schema.key_column_usage', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    const row = (name: string, attribute: number, at: number): CatalogRow => ({
      ...constraint(catalog, table, name),
      ...tableColumns(catalog, table),
      column_name: columnName(table, attribute),
      ordinal_position: at + 1,
    });
    for (const index of table.indexes) if (index.constraint) for (const [at, key] of index.keys.entries()) yield row(index.name, key.attribute, at);
    for (const key of table.foreignKeys) {
      const parent = target(catalog, key);
      for (const [at, attribute] of key.columns.entries()) {
        const place = parent?.index?.keys.findIndex((part) => part.attribute === key.targetColumns[at]) ?? -1;
        yield { ...row(key.name, attribute, at), position_in_unique_constraint: place < 0 ? null : place + 1 };
      }
    }
  }
});

/** For a foreign key: the columns that it refers to. */
export const constraintColumnUsage = relation('information_schema.constraint_column_usage', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    const row = (owner: Table, attribute: number, name: string): CatalogRow => ({
      ...tableColumns(catalog, owner),
      column_name: columnName(owner, attribute),
      ...constraint(catalog, table, name),
    });
    for (const check of table.checks) {
      for (const column of table.columns) {
        if (new RegExp(`\\b${column.name.replace(/[^\w]/g, '.')}\\b`).test(check.expressionText)) yield row(table, column.attribute, check.name);
      }
    }
    for (const index of table.indexes) if (index.constraint) for (const key of index.keys) yield row(table, key.attribute, index.name);
    for (const key of table.foreignKeys) {
      const parent = target(catalog, key);
      if (parent !== undefined) for (const attribute of key.targetColumns) yield row(parent.table, attribute, key.name);
    }
  }
});

export const constraintTableUsage = relation('information_schema.constraint_table_usage', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    for (const index of table.indexes) if (index.constraint) yield { ...tableColumns(catalog, table), ...constraint(catalog, table, index.name) };
    for (const key of table.foreignKeys) {
      const parent = target(catalog, key);
      if (parent !== undefined) yield { ...tableColumns(catalog, parent.table), ...constraint(catalog, table, key.name) };
    }
  }
});
