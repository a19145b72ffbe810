/** pg_attribute: columns of tables, views, sequences, indexes and system relations. */
import { isArrayType, Oid, typeByOid } from '../../types/registry.js';
import { aclText } from '../privileges.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { systemRelationsOf } from './objects.js';
import { collationOids } from './pg-collation.js';
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
}

function attributeRow(attribute: Attribute): CatalogRow {
  const type = typeByOid(attribute.typeOid);
  return {
    attrelid: attribute.relation,
    attname: attribute.name,
    atttypid: attribute.typeOid,
    attstattarget: -1,
    attlen: type?.length ?? -1,
    attnum: attribute.number,
    attndims: isArrayType(attribute.typeOid) ? 1 : 0,
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

export const pgAttribute = relation('pg_catalog.pg_attribute', function* ({ catalog }) {
  for (const row of attributeRows(catalog)) {
    const columns = catalog.aclOf('relation', row['attrelid'] as number)?.columns;
    const acl = columns?.find((column) => column.attribute === row['attnum'])?.acl;
    yield acl === undefined ? row : { ...row, attacl: aclText(catalog, acl) };
  }
});

function* attributeRows(catalog: CatalogSnapshot): Generator<CatalogRow> {
  for (const object of catalog.data.relations) {
    if (object.kind === 'sequence') {
      for (const [at, [name, typeOid]] of sequenceColumns.entries()) yield attributeRow({ relation: object.oid, name, number: at + 1, typeOid, notNull: true });
    } else if (object.kind === 'view') {
      for (const [at, column] of object.columns.entries())
        yield attributeRow({ relation: object.oid, name: column.name, number: at + 1, typeOid: column.typeOid, typmod: column.typmod });
    } else {
      for (const column of object.columns) {
        const collation = column.collation === undefined ? undefined : collationOids.get(column.collation);
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
          ...(collation === undefined ? {} : { collation }),
          ...(object.kind === 'partition' ? { isLocal: false, inheritCount: 1 } : { isLocal: column.isLocal ?? true, inheritCount: column.inheritCount ?? 0 }),
        });
      }
      for (const index of object.kind === 'table' ? object.indexes : []) {
        let expressions = 0;
        const attributes = [...index.keys.map((key) => key.attribute), ...index.include];
        for (const [at, attribute] of attributes.entries()) {
          const column = object.columns.find((candidate) => candidate.attribute === attribute);
          let name = column?.name;
          if (name === undefined) {
            // As PostgreSQL names them: a call after its function.
            const called = /^(\w+)\(/.exec(index.keys[at]?.expressionText ?? '')?.[1];
            name = called ?? `expr${expressions === 0 ? '' : String(expressions)}`;
            if (called === undefined) expressions++;
          }
          const isKey = at < index.keys.length;
          yield attributeRow({
            relation: index.oid,
            name,
            number: at + 1,
            typeOid: column?.typeOid ?? Oid.text,
            typmod: column?.typmod ?? -1,
            ...(isKey ? {} : { collation: 0 }),
          });
        }
      }
    }
  }
  for (const type of catalog.data.types ?? []) {
    if (type.kind !== 'composite') continue;
    for (const { attribute, name, typeOid, typmod } of type.attributes)
      yield attributeRow({ relation: type.classOid, name, number: attribute, typeOid, typmod });
  }
  for (const system of systemRelationsOf(catalog)) {
    for (const [at, column] of system.columns.entries())
      yield attributeRow({ relation: system.oid, name: column.name, number: at + 1, typeOid: column.typeOid, notNull: column.notNull });
  }
}
