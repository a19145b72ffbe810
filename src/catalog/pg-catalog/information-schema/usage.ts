/** The views of what uses what: view_table_usage, view_column_usage, column_column_usage, column_udt_usage. Shown to the owners of what is used. */
import { ownerOid } from '../../privileges.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import { columnsRead } from '../../view-text.js';
import { tablesOf, viewsOf } from '../objects.js';
import { type CatalogEnvironment, type CatalogRow, relation } from '../relation.js';
import { systemRelationOf } from '../system-relations.js';
import { typeColumns } from './values.js';
import { roleOfEnvironment } from './visible.js';

/** pg_has_role(owner, 'USAGE') */
export function isOwner(environment: CatalogEnvironment, owner: string): boolean {
  const { catalog } = environment;
  return catalog.roles.hasPrivilegesOf(roleOfEnvironment(environment), ownerOid(catalog, owner));
}

interface Used {
  readonly view: { readonly schema: string; readonly name: string };
  readonly table: { readonly schema: string; readonly name: string; readonly owner: string };
  readonly columns: readonly string[];
}

function* usedByViews(environment: CatalogEnvironment): Generator<Used> {
  const { catalog } = environment;
  for (const view of viewsOf(catalog)) {
    for (const { oid, columns } of columnsRead(catalog, view)) {
      const relation = catalog.relationByOid(oid);
      const system = relation === undefined ? systemRelationOf(oid) : undefined;
      const table = relation ?? (system === undefined ? undefined : { ...system, owner: catalog.owner });
      if (table !== undefined && isOwner(environment, table.owner)) yield { view, table, columns };
    }
  }
}

function names({ database }: CatalogSnapshot, { view, table }: Used): CatalogRow {
  return {
    view_catalog: database.name,
    view_schema: view.schema,
    view_name: view.name,
    table_catalog: database.name,
    table_schema: table.schema,
    table_name: table.name,
  };
}

export const usageViews = [
  relation(
    'information_schema.view_table_usage',
    function* (environment) {
      for (const used of usedByViews(environment)) yield names(environment.catalog, used);
    },
    'user',
  ),
  relation(
    'information_schema.view_column_usage',
    function* (environment) {
      for (const used of usedByViews(environment)) for (const column of used.columns) yield { ...names(environment.catalog, used), column_name: column };
    },
    'user',
  ),
  relation(
    'information_schema.column_column_usage',
    function* (environment) {
      const { catalog } = environment;
      for (const table of tablesOf(catalog)) {
        if (!isOwner(environment, table.owner)) continue;
        for (const column of table.columns) {
          if (column.generated === undefined) continue;
          for (const read of table.columns) {
            if (!new RegExp(`\\b${read.name.replace(/[^\w]/g, '.')}\\b`).test(column.defaultText ?? '')) continue;
            const { schema, name } = table;
            yield { table_catalog: catalog.database.name, table_schema: schema, table_name: name, column_name: read.name, dependent_column: column.name };
          }
        }
      }
    },
    'user',
  ),
  relation(
    'information_schema.column_udt_usage',
    function* (environment) {
      const { catalog } = environment;
      for (const object of catalog.data.relations) {
        if (object.kind === 'sequence' || (object.kind === 'table' && object.materialized !== undefined)) continue;
        for (const column of object.columns) {
          const type = typeColumns(catalog, column.typeOid, column.typmod);
          const owner = catalog.types.named(column.typeOid)?.owner ?? catalog.owner;
          if (!isOwner(environment, owner)) continue;
          yield {
            udt_catalog: type['udt_catalog'],
            udt_schema: type['udt_schema'],
            udt_name: type['udt_name'],
            table_catalog: catalog.database.name,
            table_schema: object.schema,
            table_name: object.name,
            column_name: column.name,
          };
        }
      }
    },
    'user',
  ),
];
