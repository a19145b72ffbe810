/** pg_attribute: columns of tables, views, indexes. */
import { typeByOid } from '../../types/registry.js';
import type { SqlValue } from '../../types/value.js';
import { relation } from './relation.js';

interface Attribute {
  readonly relation: number;
  readonly name: string;
  readonly number: number;
  readonly typeOid: number;
  readonly typmod: number;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly identity: string;
  readonly generated: string;
}

function attributeRow(attribute: Attribute): readonly SqlValue[] {
  const type = typeByOid(attribute.typeOid);
  const length = type?.length ?? -1;
  return [
    attribute.relation,
    attribute.name,
    attribute.typeOid,
    -1,
    length,
    attribute.number,
    type?.elementOid !== undefined && length === -1 && type.category === 'A' ? 1 : 0,
    -1,
    attribute.typmod,
    length > 0 && length <= 8 ? 1 : 0,
    length > 0 ? 'p' : 'x',
    'i',
    '',
    attribute.notNull ? 1 : 0,
    attribute.hasDefault ? 1 : 0,
    0,
    attribute.identity,
    attribute.generated,
    0,
    1,
    0,
    type?.category === 'S' ? 100 : 0,
    null,
    null,
    null,
    null,
  ];
}

export const pgAttribute = relation(
  'pg_catalog',
  'pg_attribute',
  1249,
  [
    ['attrelid', 26],
    ['attname', 19],
    ['atttypid', 26],
    ['attstattarget', 23],
    ['attlen', 21],
    ['attnum', 21],
    ['attndims', 23],
    ['attcacheoff', 23],
    ['atttypmod', 23],
    ['attbyval', 16],
    ['attstorage', 18],
    ['attalign', 18],
    ['attcompression', 18],
    ['attnotnull', 16],
    ['atthasdef', 16],
    ['atthasmissing', 16],
    ['attidentity', 18],
    ['attgenerated', 18],
    ['attisdropped', 16],
    ['attislocal', 16],
    ['attinhcount', 23],
    ['attcollation', 26],
    ['attacl', 1009],
    ['attoptions', 1009],
    ['attfdwoptions', 1009],
    ['attmissingval', 2277],
  ],
  function* ({ catalog }) {
    const plain = { notNull: false, hasDefault: false, identity: '', generated: '' };
    for (const object of catalog.data.relations) {
      if (object.kind === 'sequence') {
        yield attributeRow({ ...plain, relation: object.oid, name: 'last_value', number: 1, typeOid: 20, typmod: -1 });
        yield attributeRow({ ...plain, relation: object.oid, name: 'log_cnt', number: 2, typeOid: 20, typmod: -1 });
        yield attributeRow({ ...plain, relation: object.oid, name: 'is_called', number: 3, typeOid: 16, typmod: -1 });
      } else if (object.kind === 'view') {
        let number = 0;
        for (const column of object.columns)
          yield attributeRow({ ...plain, relation: object.oid, name: column.name, number: ++number, typeOid: column.typeOid, typmod: column.typmod });
      } else {
        for (const column of object.columns) {
          yield attributeRow({
            relation: object.oid,
            name: column.name,
            number: column.attribute,
            typeOid: column.typeOid,
            typmod: column.typmod,
            notNull: column.notNull,
            hasDefault: column.defaultText !== undefined && column.identity === undefined,
            identity: column.identity === undefined ? '' : column.identity === 'always' ? 'a' : 'd',
            generated: column.generated === undefined ? '' : 's',
          });
        }
        for (const index of object.indexes) {
          let number = 0;
          for (const key of index.keys) {
            const column = object.columns.find((candidate) => candidate.attribute === key.attribute);
            number++;
            yield attributeRow({
              ...plain,
              relation: index.oid,
              name: column?.name ?? 'expr',
              number,
              typeOid: column?.typeOid ?? 25,
              typmod: column?.typmod ?? -1,
            });
          }
        }
      }
    }
  },
);
