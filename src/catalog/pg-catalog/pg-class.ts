/** pg_class: tables, indexes, sequences, views, system relations. A distributed table shows as a plain one, so that dumps restore anywhere. */
import { childrenOf } from '../inheritance.js';
import { boundText, partitioningOf, rootOf } from '../partition.js';
import { listedIndexes } from '../partition-parts.js';
import { aclText, securableSystemRelation, storedAcl } from '../privileges.js';
import type { Relation, RowSecurity, View } from '../table.js';
import { rowTypeOffset } from '../user-type.js';
import { systemRelationsOf } from './objects.js';
import { accessMethods } from './pg-opclass.js';
import { type CatalogEnvironment, type CatalogRow, relation } from './relation.js';
import { roleOid, schemaOid } from './role-oid.js';

function viewOptions(view: View): string | null {
  const all = [...(view.options ?? []), ...(view.checkOption === undefined ? [] : [`check_option=${view.checkOption}`])];
  return all.length === 0 ? null : `{${all.join(',')}}`;
}

interface Class {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  readonly owner: number;
  readonly kind: string;
  readonly columns: number;
  readonly am?: number;
  readonly rows?: number;
  readonly bytes?: number;
  readonly hasIndex?: boolean;
  readonly hasTriggers?: boolean;
  readonly checks?: number;
  readonly persistence?: string;
  readonly options?: string | null;
  readonly hasRules?: boolean;
  readonly hasSubclass?: boolean;
  readonly isPopulated?: boolean;
  /** OID of the type of its rows. */
  readonly rowType?: number;
  /** Of a typed table. */
  readonly ofType?: number;
  /** Of a partition. */
  readonly bound?: string;
  /** Of an index; other partitions have a bound. */
  readonly isPartition?: boolean;
  readonly isSystem?: boolean;
  readonly rowSecurity?: RowSecurity | undefined;
}

const pageBytes = 8192;

const indexKinds: ReadonlySet<string> = new Set(['i', 'I']);

function row({ catalog }: CatalogEnvironment, one: Class): CatalogRow {
  const stored = one.kind === 'r' || one.kind === 'm' || one.kind === 'i' || one.kind === 'S';
  return {
    oid: one.oid,
    relname: one.name,
    relnamespace: schemaOid(catalog, one.schema),
    reltype: one.rowType ?? 0,
    reloftype: one.ofType ?? 0,
    relowner: one.owner,
    relam: one.am ?? 0,
    relfilenode: stored ? one.oid : 0,
    reltablespace: 0,
    relpages: Math.ceil((one.bytes ?? 0) / pageBytes),
    reltuples: one.rows ?? (indexKinds.has(one.kind) ? 0 : -1),
    relallvisible: 0,
    reltoastrelid: 0,
    relhasindex: one.hasIndex ?? false,
    relisshared: false,
    relpersistence: one.persistence ?? 'p',
    relkind: one.kind,
    relnatts: one.columns,
    relchecks: one.checks ?? 0,
    relhasrules: one.hasRules ?? false,
    relhastriggers: one.hasTriggers ?? false,
    relhassubclass: one.hasSubclass ?? false,
    relrowsecurity: one.rowSecurity?.enabled ?? false,
    relforcerowsecurity: one.rowSecurity?.forced ?? false,
    relispopulated: one.isPopulated ?? true,
    relreplident: one.isSystem !== true && 'rpm'.includes(one.kind) ? 'd' : 'n',
    relispartition: one.isPartition ?? one.bound !== undefined,
    relrewrite: 0,
    relfrozenxid: one.kind === 'r' ? 3 : 0,
    relminmxid: one.kind === 'r' ? 1 : 0,
    reloptions: one.options ?? null,
    relpartbound: one.bound ?? null,
    relacl: aclText(catalog, one.isSystem === true ? storedAcl(catalog, securableSystemRelation(one)) : catalog.aclOf('relation', one.oid)?.acl),
  };
}

function persistenceOf(object: Relation): string {
  if (object.kind !== 'table') return object.schema.startsWith('pg_temp_') ? 't' : 'p';
  return object.persistence === 'permanent' ? 'p' : object.persistence === 'unlogged' ? 'u' : 't';
}

export const pgClass = relation(
  'pg_catalog.pg_class',
  function* (environment) {
    const { catalog, services } = environment;
    const referenced = new Set(catalog.data.relations.flatMap((object) => (object.kind === 'table' ? object.foreignKeys.map((key) => key.targetOid) : [])));
    for (const object of catalog.data.relations) {
      const owner = roleOid(catalog, object.owner);
      const { oid, name, schema } = object;
      switch (object.kind) {
        case 'sequence':
          yield row(environment, { oid, name, schema, owner, kind: 'S', columns: 3, rows: 1, bytes: pageBytes });
          break;
        case 'view':
          yield row(environment, {
            oid,
            name,
            schema,
            owner,
            kind: 'v',
            rowType: oid + rowTypeOffset,
            columns: object.columns.length,
            persistence: persistenceOf(object),
            hasRules: true,
            hasTriggers: (object.triggers ?? []).length > 0,
            options: viewOptions(object),
          });
          break;
        case 'partition': {
          const partitioned = object.partitioning !== undefined;
          const root = rootOf(catalog, object);
          const keys = partitioningOf(catalog, object.parentOid)?.keys ?? [];
          yield row(environment, {
            oid,
            name,
            schema,
            owner,
            kind: partitioned ? 'p' : 'r',
            rowType: oid + rowTypeOffset,
            hasIndex:
              root.indexes.some((index) => index.ofPartition?.oid === oid) ||
              (object.parts ?? []).some((part) => root.indexes.some((index) => index.oid === part.of)),
            columns: object.lastAttribute,
            am: partitioned ? 0 : 2,
            checks: root.checks.length + object.checks.length,
            persistence: persistenceOf(root),
            bound: boundText(object.bound, keys),
            hasSubclass: partitioned,
            hasTriggers: (root.triggers ?? []).length > 0 || root.foreignKeys.length > 0,
          });
          break;
        }
        case 'table': {
          const rows = services?.tableRows.get(oid);
          const persistence = persistenceOf(object);
          yield row(environment, {
            oid,
            name,
            schema,
            owner,
            kind: object.materialized !== undefined ? 'm' : object.partitioning === undefined ? 'r' : 'p',
            hasRules: object.materialized !== undefined || (object.rules ?? []).length > 0,
            ...(object.materialized?.populated === false ? { isPopulated: false } : {}),
            rowType: oid + rowTypeOffset,
            ...(object.ofType === undefined ? {} : { ofType: object.ofType }),
            columns: object.lastAttribute,
            am: object.partitioning === undefined ? 2 : 0,
            hasSubclass: object.partitioning !== undefined || childrenOf(catalog, oid).length > 0,
            hasIndex: object.indexes.some((index) => index.ofPartition === undefined),
            hasTriggers: (object.triggers ?? []).length > 0 || object.foreignKeys.length > 0 || referenced.has(oid),
            checks: object.checks.length,
            persistence,
            rowSecurity: object.rowSecurity,
            options: object.options === undefined ? null : `{${object.options.join(',')}}`,
            ...(rows === undefined ? {} : { rows }),
          });
          break;
        }
      }
    }
    for (const { table, index, isPartitioned, parentOid, root } of listedIndexes(catalog)) {
      const rows = table.oid === root.oid && !isPartitioned ? services?.tableRows.get(root.oid) : undefined;
      yield row(environment, {
        oid: index.oid,
        name: index.name,
        schema: table.schema,
        owner: roleOid(catalog, table.owner),
        kind: isPartitioned ? 'I' : 'i',
        columns: index.keys.length + index.include.length,
        am: accessMethods.get(index.method) ?? 403,
        options: index.options === undefined ? null : `{${index.options.join(',')}}`,
        bytes: isPartitioned ? 0 : pageBytes,
        persistence: persistenceOf(root),
        hasSubclass: isPartitioned && index.only !== true,
        isPartition: parentOid !== undefined,
        ...(rows === undefined ? {} : { rows }),
      });
    }
    for (const type of catalog.data.types ?? []) {
      if (type.kind !== 'composite') continue;
      const { classOid, name, schema, attributes, oid } = type;
      yield row(environment, { oid: classOid, name, schema, owner: roleOid(catalog, type.owner), kind: 'c', columns: attributes.length, rowType: oid });
    }
    for (const system of systemRelationsOf(catalog)) {
      yield row(environment, {
        oid: system.oid,
        name: system.name,
        schema: system.schema,
        owner: 10,
        kind: system.kind,
        isSystem: true,
        columns: system.columns.length,
        am: system.kind === 'r' ? 2 : 0,
        hasRules: system.kind === 'v',
      });
    }
  },
  'statistics',
);
