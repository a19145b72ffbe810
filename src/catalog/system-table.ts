/**
 * Tables in which the system itself keeps rows: large objects, what ANALYZE has found. They are reference tables with fixed OIDs, written by statements as users' tables are,
 * so that log, recovery, copies and backups have nothing to know of them. They are no relations of the catalog: nobody lists, alters or drops them; users see them through
 * relations of pg_catalog (pg-catalog/system-views). A database has each from when it is first needed on (`CatalogData.systemTables`).
 */
import { Oid } from '../types/oid.js';
import { systemRelationNamed } from './pg-catalog/system-relations.js';
import type { Column, Index, Table } from './table.js';

interface Declaration {
  readonly name: string;
  /** Of the unique index. */
  readonly indexOid: number;
  /** Columns of the unique key. */
  readonly key: readonly string[];
}

function systemTable({ name, indexOid, key }: Declaration): Table {
  const relation = systemRelationNamed('shoal', name);
  if (relation === undefined) throw new Error(`assertion failed: shoal.${name} is a system relation`);
  const columns = relation.columns.map(
    (column, i): Column => ({
      attribute: i + 1,
      name: column.name,
      physicalName: column.name === 'oid' ? 'oid_1' : column.name,
      // (Values of any array type, in the form of text.)
      typeOid: column.typeOid === Oid.anyarray ? Oid.text : column.typeOid,
      typmod: -1,
      notNull: column.notNull === true,
    }),
  );
  const index: Index = {
    oid: indexOid,
    name: `${name}_key`,
    unique: true,
    primary: true,
    nullsNotDistinct: false,
    keys: key.map((column) => ({ attribute: columns.findIndex((one) => one.name === column) + 1, descending: false, nullsFirst: false })),
    include: [],
    constraint: true,
    method: 'btree',
  };
  return {
    kind: 'table',
    oid: relation.oid,
    schema: 'shoal',
    name,
    owner: '',
    persistence: 'permanent',
    columns,
    lastAttribute: columns.length,
    indexes: [index],
    checks: [],
    foreignKeys: [],
    distribution: { kind: 'reference' },
    physicalName: `_shoal_${name}`,
  };
}

export const largeObjects = systemTable({ name: 'large_objects', indexOid: 9_100_040, key: ['oid'] });
export const largeObjectPages = systemTable({ name: 'large_object_pages', indexOid: 9_100_041, key: ['loid', 'pageno'] });
export const columnStatistics = systemTable({ name: 'column_statistics', indexOid: 9_100_042, key: ['starelid', 'staattnum', 'stainherit'] });

const all = new Map([largeObjects, largeObjectPages, columnStatistics].map((table) => [table.oid, table]));

export function systemTableOf(oid: number): Table | undefined {
  return all.get(oid);
}
