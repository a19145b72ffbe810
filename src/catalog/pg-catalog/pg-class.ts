/** pg_class: tables, indexes, sequences, views. A distributed table shows as a plain one, so that dumps restore anywhere. */
import type { SqlValue } from '../../types/value.js';
import type { Relation, Table } from '../table.js';
import { relation, type CatalogEnvironment } from './relation.js';
import { roleOid, schemaOid } from './role-oid.js';

function row(
  environment: CatalogEnvironment,
  owner: string,
  schema: string,
  values: {
    readonly oid: number;
    readonly name: string;
    readonly kind: string;
    readonly columns: number;
    readonly hasIndex: boolean;
    readonly checks: number;
    readonly persistence: string;
    readonly am: number;
  },
): readonly SqlValue[] {
  return [
    values.oid,
    values.name,
    schemaOid(environment.catalog, schema),
    0,
    0,
    roleOid(environment.catalog, owner),
    values.am,
    values.oid,
    0,
    0,
    -1,
    0,
    0,
    values.hasIndex ? 1 : 0,
    0,
    values.persistence,
    values.kind,
    values.columns,
    values.checks,
    0,
    0,
    0,
    0,
    0,
    1,
    'd',
    0,
    0,
    null,
    null,
    null,
  ];
}

function persistence(table: Relation): string {
  if (table.kind !== 'table') return 'p';
  return table.persistence === 'permanent' ? 'p' : table.persistence === 'unlogged' ? 'u' : 't';
}

const kinds: Readonly<Record<Relation['kind'], string>> = { table: 'r', view: 'v', sequence: 'S' };

export const pgClass = relation(
  'pg_catalog',
  'pg_class',
  1259,
  [
    ['oid', 26],
    ['relname', 19],
    ['relnamespace', 26],
    ['reltype', 26],
    ['reloftype', 26],
    ['relowner', 26],
    ['relam', 26],
    ['relfilenode', 26],
    ['reltablespace', 26],
    ['relpages', 23],
    ['reltuples', 700],
    ['relallvisible', 23],
    ['reltoastrelid', 26],
    ['relhasindex', 16],
    ['relisshared', 16],
    ['relpersistence', 18],
    ['relkind', 18],
    ['relnatts', 21],
    ['relchecks', 21],
    ['relhasrules', 16],
    ['relhastriggers', 16],
    ['relhassubclass', 16],
    ['relrowsecurity', 16],
    ['relforcerowsecurity', 16],
    ['relispopulated', 16],
    ['relreplident', 18],
    ['relispartition', 16],
    ['relrewrite', 26],
    ['relacl', 1009],
    ['reloptions', 1009],
    ['relpartbound', 25],
  ],
  function* (environment) {
    for (const object of environment.catalog.data.relations) {
      const table: Table | undefined = object.kind === 'table' ? object : undefined;
      yield row(environment, object.owner, object.schema, {
        oid: object.oid,
        name: object.name,
        kind: kinds[object.kind],
        columns: object.kind === 'sequence' ? 3 : object.kind === 'table' ? object.lastAttribute : object.columns.length,
        hasIndex: table !== undefined && table.indexes.length > 0,
        checks: table?.checks.length ?? 0,
        persistence: persistence(object),
        am: object.kind === 'table' ? 2 : 0,
      });
      for (const index of table?.indexes ?? []) {
        yield row(environment, object.owner, object.schema, {
          oid: index.oid,
          name: index.name,
          kind: 'i',
          columns: index.keys.length,
          hasIndex: false,
          checks: 0,
          persistence: persistence(object),
          am: 403,
        });
      }
    }
  },
);
