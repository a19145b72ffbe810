/**
 * The relations of pg_catalog, information_schema and shoal by name. The binder asks for columns, the executor for rows.
 */
import { RowWriter } from '../../types/row-codec.js';
import type { SqlValue } from '../../types/value.js';
import { emptyRelations } from './empty-relations.js';
import { informationSchemaColumns } from './information-schema-columns.js';
import { informationSchemaTables } from './information-schema-tables.js';
import { pgAm } from './pg-am.js';
import { pgAttrdef } from './pg-attrdef.js';
import { pgAttribute } from './pg-attribute.js';
import { pgClass } from './pg-class.js';
import { pgCollation } from './pg-collation.js';
import { pgConstraint } from './pg-constraint.js';
import { pgDatabase } from './pg-database.js';
import { pgIndex } from './pg-index.js';
import { pgNamespace } from './pg-namespace.js';
import { pgRoles } from './pg-roles.js';
import { pgSequence } from './pg-sequence.js';
import { pgSettings } from './pg-settings.js';
import { pgTables } from './pg-tables.js';
import { pgType } from './pg-type.js';
import { pgViews } from './pg-views.js';
import type { CatalogEnvironment, CatalogRelation } from './relation.js';
import { shoalShards } from './shoal-shards.js';
import { shoalTables } from './shoal-tables.js';

const relations: readonly CatalogRelation[] = [
  pgAm,
  pgAttrdef,
  pgAttribute,
  pgClass,
  pgCollation,
  pgConstraint,
  pgDatabase,
  pgIndex,
  pgNamespace,
  pgRoles,
  pgSequence,
  pgSettings,
  pgTables,
  pgType,
  pgViews,
  ...emptyRelations,
  informationSchemaTables,
  informationSchemaColumns,
  shoalTables,
  shoalShards,
];

const byName = new Map(relations.map((one) => [`${one.schema}.${one.name}`, one]));

/** The relation of that schema and name, for the binder. */
export function find(schema: string, name: string): CatalogRelation | undefined {
  return byName.get(`${schema}.${name}`);
}

/** Row-codec bytes of the named columns of a relation (`schema.name`). */
export function catalogRows(relation: string, columns: readonly string[], environment: CatalogEnvironment): Uint8Array {
  const found = byName.get(relation);
  if (found === undefined) throw new Error(`assertion failed: catalog relation ${relation} exists`);
  const positions = columns.map((name) => found.columns.findIndex((column) => column.name === name));
  const writer = new RowWriter();
  for (const row of found.rows(environment)) writer.row(positions.map((position): SqlValue => row[position] ?? null));
  return writer.finish();
}
