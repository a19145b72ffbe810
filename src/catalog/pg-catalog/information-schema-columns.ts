/** information_schema.columns. */
import { formatType, typeByOid } from '../../types/registry.js';
import { relation } from './relation.js';

export const informationSchemaColumns = relation(
  'information_schema',
  'columns',
  13201,
  [
    ['table_catalog', 19],
    ['table_schema', 19],
    ['table_name', 19],
    ['column_name', 19],
    ['ordinal_position', 23],
    ['column_default', 1043],
    ['is_nullable', 1043],
    ['data_type', 1043],
    ['character_maximum_length', 23],
    ['numeric_precision', 23],
    ['numeric_scale', 23],
    ['udt_schema', 19],
    ['udt_name', 19],
    ['is_identity', 1043],
    ['is_generated', 1043],
    ['is_updatable', 1043],
  ],
  function* ({ catalog }) {
    for (const object of catalog.data.relations) {
      if (object.kind === 'sequence') continue;
      let position = 0;
      for (const column of object.columns) {
        position++;
        const table = 'attribute' in column ? column : undefined;
        const type = typeByOid(column.typeOid);
        const isCharacter = column.typeOid === 1043 || column.typeOid === 1042;
        const isNumeric = column.typeOid === 1700 && column.typmod >= 4;
        yield [
          catalog.data.database,
          object.schema,
          object.name,
          column.name,
          table?.attribute ?? position,
          table?.generated === undefined && table?.identity === undefined ? (table?.defaultText ?? null) : null,
          table?.notNull === true ? 'NO' : 'YES',
          type?.category === 'A' ? 'ARRAY' : formatType(column.typeOid, -1),
          isCharacter && column.typmod >= 4 ? column.typmod - 4 : null,
          isNumeric ? (column.typmod - 4) >> 16 : column.typeOid === 23 ? 32 : column.typeOid === 20 ? 64 : column.typeOid === 21 ? 16 : null,
          isNumeric ? (column.typmod - 4) & 0x7ff : column.typeOid === 23 || column.typeOid === 20 || column.typeOid === 21 ? 0 : null,
          'pg_catalog',
          type?.name ?? '',
          table?.identity === undefined ? 'NO' : 'YES',
          table?.generated === undefined ? 'NEVER' : 'ALWAYS',
          object.kind === 'table' ? 'YES' : 'NO',
        ];
      }
    }
  },
);
