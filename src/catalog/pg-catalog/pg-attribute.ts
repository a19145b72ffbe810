/** pg_attribute: columns of tables, views, sequences, indexes and system relations. */
import { isArrayType, Oid, typeByOid } from '../../types/registry.js';
import { listedIndexes } from '../partition-parts.js';
import { aclText } from '../privileges.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { Column, Index, Table } from '../table.js';
import { systemRelationsOf } from './objects.js';
import { type CollationRef, collationOid } from '../collation.js';
import { collationOf, indexColumns } from './index-columns.js';
import { type CatalogRow, relation } from './relation.js';

interface Attribute {
  readonly relation: number;
  readonly name: string;
  readonly number: number;
  readonly typeOid: number;
  readonly typmod?: number;
  readonly notNull?: boolean;
  readonly hasDefault?: boolean;
  readonly identity?: string;
  readonly generated?: string;
  readonly collation?: number;
  readonly isLocal?: boolean;
  readonly inheritCount?: number;
  readonly dimensions?: number;
  readonly statisticsTarget?: number;
}

function attributeRow(attribute: Attribute): CatalogRow {
  const type = typeByOid(attribute.typeOid);
  return {
    attrelid: attribute.relation,
    attname: attribute.name,
    atttypid: attribute.typeOid,
    attstattarget: attribute.statisticsTarget ?? -1,
    attlen: type?.length ?? -1,
    attnum: attribute.number,
    attndims: attribute.dimensions ?? (isArrayType(attribute.typeOid) ? 1 : 0),
    attcacheoff: -1,
    atttypmod: attribute.typmod ?? -1,
    attbyval: type?.byValue ?? false,
    attalign: type?.align ?? 'i',
    attstorage: type?.storage ?? 'x',
    attcompression: '',
    attnotnull: attribute.notNull ?? false,
    atthasdef: attribute.hasDefault ?? false,
    atthasmissing: false,
    attidentity: attribute.identity ?? '',
    attgenerated: attribute.generated ?? '',
    attisdropped: false,
    attislocal: attribute.isLocal ?? true,
    attinhcount: attribute.inheritCount ?? 0,
    attcollation: attribute.collation ?? type?.collationOid ?? 0,
  };
}

const sequenceColumns: readonly (readonly [string, number])[] = [
  ['last_value', Oid.int8],
  ['log_cnt', Oid.int8],
  ['is_called', Oid.bool],
];

/** The collation, where the type does not say it. */
function own({ collation, typeOid }: { readonly collation?: CollationRef; readonly typeOid: number }): { readonly collation?: number } {
  return collation === undefined ? {} : { collation: collationOid(collation, typeOid) };
}

export const pgAttribute = relation('pg_catalog.pg_attribute', function* ({ catalog }) {
  for (const row of attributeRows(catalog)) {
    const columns = catalog.aclOf('relation', row['attrelid'] as number)?.columns;
    const acl = columns?.find((column) => column.attribute === row['attnum'])?.acl;
    yield acl === undefined ? row : { ...row, attacl: aclText(catalog, acl) };
  }
});

/** The columns that every stored row has besides its own. */
const systemColumns: readonly (readonly [string, number])[] = [
  ['ctid', Oid.tid],
  ['xmin', Oid.xid],
  ['cmin', Oid.cid],
  ['xmax', Oid.xid],
  ['cmax', Oid.cid],
  ['tableoid', Oid.oid],
];

function* systemColumnsOf(oid: number): Generator<CatalogRow> {
  for (const [at, [name, typeOid]] of systemColumns.entries())
    yield { ...attributeRow({ relation: oid, name, number: -1 - at, typeOid, notNull: true }), attstattarget: 0 };
}

/** Numbers of columns that are gone stay taken. */
function* droppedColumns(relation: number, last: number, live: readonly Column[]): Generator<CatalogRow> {
  if (live.length === last) return;
  const numbers = new Set(live.map((column) => column.attribute));
  for (let number = 1; number <= last; number++) {
    if (numbers.has(number)) continue;
    const row = attributeRow({ relation, name: `........pg.dropped.${String(number)}........`, number, typeOid: 0, collation: 0 });
    yield { ...row, attstattarget: 0, attisdropped: true };
  }
}

function* indexRows(catalog: CatalogSnapshot, table: Pick<Table, 'columns'>, index: Index): Generator<CatalogRow> {
  for (const [at, { name, typeOid, typmod, collation }] of indexColumns(catalog, table, index).entries())
    yield attributeRow({ relation: index.oid, name, number: at + 1, typeOid, typmod, collation });
}

function* attributeRows(catalog: CatalogSnapshot): Generator<CatalogRow> {
  for (const object of catalog.data.relations) {
    if (object.kind !== 'view') yield* systemColumnsOf(object.oid);
    if (object.kind === 'sequence') {
      for (const [at, [name, typeOid]] of sequenceColumns.entries()) yield attributeRow({ relation: object.oid, name, number: at + 1, typeOid, notNull: true });
    } else if (object.kind === 'view') {
      for (const [at, column] of object.columns.entries())
        yield attributeRow({ relation: object.oid, name: column.name, number: at + 1, typeOid: column.typeOid, typmod: column.typmod, ...own(column) });
    } else {
      for (const column of object.columns) {
        yield attributeRow({
          relation: object.oid,
          name: column.name,
          number: column.attribute,
          typeOid: column.domainOid ?? column.typeOid,
          typmod: column.domainOid === undefined ? column.typmod : -1,
          notNull: column.notNull,
          hasDefault: column.defaultText !== undefined && column.identity === undefined,
          identity: column.identity === undefined ? '' : column.identity === 'always' ? 'a' : 'd',
          generated: column.generated === undefined ? '' : 's',
          collation: collationOf(catalog, column),
          ...(column.dimensions === undefined ? {} : { dimensions: column.dimensions }),
          ...(column.statisticsTarget === undefined ? {} : { statisticsTarget: column.statisticsTarget }),
          ...(object.kind === 'partition' ? { isLocal: false, inheritCount: 1 } : { isLocal: column.isLocal ?? true, inheritCount: column.inheritCount ?? 0 }),
        });
      }
      yield* droppedColumns(object.oid, object.lastAttribute, object.columns);
    }
  }
  for (const { table, index } of listedIndexes(catalog)) yield* indexRows(catalog, table, index);
  for (const type of catalog.data.types ?? []) {
    if (type.kind !== 'composite') continue;
    for (const one of type.attributes)
      yield attributeRow({ relation: type.classOid, name: one.name, number: one.attribute, typeOid: one.typeOid, typmod: one.typmod, ...own(one) });
  }
  for (const system of systemRelationsOf(catalog)) {
    if (system.kind === 'r') yield* systemColumnsOf(system.oid);
    for (const [at, column] of system.columns.entries())
      yield attributeRow({ relation: system.oid, name: column.name, number: at + 1, typeOid: column.typeOid, notNull: column.notNull });
  }
}
