/** information_schema.tables. */
import { relation } from './relation.js';

export const informationSchemaTables = relation(
  'information_schema',
  'tables',
  13200,
  [
    ['table_catalog', 19],
    ['table_schema', 19],
    ['table_name', 19],
    ['table_type', 1043],
    ['is_insertable_into', 1043],
    ['is_typed', 1043],
  ],
  function* ({ catalog }) {
    for (const object of catalog.data.relations) {
      if (object.kind === 'sequence') continue;
      yield [
        catalog.data.database,
        object.schema,
        object.name,
        object.kind === 'view' ? 'VIEW' : object.persistence === 'temporary' ? 'LOCAL TEMPORARY' : 'BASE TABLE',
        object.kind === 'view' ? 'NO' : 'YES',
        'NO',
      ];
    }
  },
);
