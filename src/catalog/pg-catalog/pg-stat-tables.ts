/**
 * The statistics views about tables, indexes and sequences: live rows as far as known. Shoal keeps no count of scans and blocks; they are 0, as in PostgreSQL when nothing
 * has been counted.
 */
import { indexesOf, sequencesOf, tablesOf } from './objects.js';
import { type CatalogEnvironment, type CatalogRelation, type CatalogRow, relation } from './relation.js';
import { systemRelationNamed } from './system-relations.js';

/** 0 for each count (int8, float8) of a relation's columns. */
export function zeros(schema: string, name: string): CatalogRow {
  const columns = systemRelationNamed(schema, name)?.columns ?? [];
  return Object.fromEntries(columns.filter(({ typeOid }) => typeOid === 20 || typeOid === 701).map((column) => [column.name, 0]));
}

type Rows = (environment: CatalogEnvironment) => Iterable<CatalogRow>;

function* tables({ catalog, services }: CatalogEnvironment): Generator<CatalogRow> {
  for (const table of tablesOf(catalog))
    yield { relid: table.oid, schemaname: table.schema, relname: table.name, n_live_tup: services?.tableRows.get(table.oid) ?? 0 };
}

function* indexes({ catalog }: CatalogEnvironment): Generator<CatalogRow> {
  for (const { table, index } of indexesOf(catalog))
    yield { relid: table.oid, indexrelid: index.oid, schemaname: table.schema, relname: table.name, indexrelname: index.name };
}

function* sequences({ catalog }: CatalogEnvironment): Generator<CatalogRow> {
  for (const { oid, schema, name } of sequencesOf(catalog)) yield { relid: oid, schemaname: schema, relname: name };
}

const none: Rows = () => [];

function view(name: string, rows: Rows): CatalogRelation {
  const counts = zeros('pg_catalog', name);
  return relation(
    `pg_catalog.${name}`,
    function* (environment) {
      for (const row of rows(environment)) yield { ...counts, ...row };
    },
    'statistics',
  );
}

/** System relations are images made for each statement: nothing is counted for them. */
export const statisticsViews: readonly CatalogRelation[] = (
  [
    ['tables', tables],
    ['indexes', indexes],
    ['sequences', sequences],
  ] as const
).flatMap(([objects, rows]) =>
  (['stat', 'stat_xact', 'statio'] as const).flatMap((kind) =>
    (['all', 'user', 'sys'] as const).flatMap((which) => {
      const name = kind === 'stat_xact' ? `pg_stat_xact_${which}_${objects}` : `pg_${kind}_${which}_${objects}`;
      return systemRelationNamed('pg_catalog', name) === undefined ? [] : [view(name, which === 'sys' ? none : rows)];
    }),
  ),
);
