/** pg_type: the types that the registry truly has. */
import { allTypes } from '../../types/registry.js';
import { relation } from './relation.js';

export const pgType = relation(
  'pg_catalog',
  'pg_type',
  1247,
  [
    ['oid', 26],
    ['typname', 19],
    ['typnamespace', 26],
    ['typowner', 26],
    ['typlen', 21],
    ['typbyval', 16],
    ['typtype', 18],
    ['typcategory', 18],
    ['typispreferred', 16],
    ['typisdefined', 16],
    ['typdelim', 18],
    ['typrelid', 26],
    ['typelem', 26],
    ['typarray', 26],
    ['typalign', 18],
    ['typstorage', 18],
    ['typnotnull', 16],
    ['typbasetype', 26],
    ['typtypmod', 23],
    ['typndims', 23],
    ['typcollation', 26],
    ['typdefault', 25],
  ],
  function* () {
    for (const type of allTypes()) {
      const byValue = type.length > 0 && type.length <= 8;
      yield [
        type.oid,
        type.name,
        11,
        10,
        type.length,
        byValue ? 1 : 0,
        type.category === 'P' ? 'p' : 'b',
        type.category,
        type.preferred ? 1 : 0,
        1,
        ',',
        0,
        type.elementOid ?? 0,
        type.arrayOid ?? 0,
        'i',
        type.length > 0 ? 'p' : 'x',
        0,
        0,
        -1,
        0,
        type.category === 'S' ? 100 : 0,
        null,
      ];
    }
  },
);
