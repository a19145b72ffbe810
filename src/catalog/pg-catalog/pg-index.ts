/** pg_index. */
import { relation } from './relation.js';

export const pgIndex = relation(
  'pg_catalog',
  'pg_index',
  2610,
  [
    ['indexrelid', 26],
    ['indrelid', 26],
    ['indnatts', 21],
    ['indnkeyatts', 21],
    ['indisunique', 16],
    ['indnullsnotdistinct', 16],
    ['indisprimary', 16],
    ['indisexclusion', 16],
    ['indimmediate', 16],
    ['indisclustered', 16],
    ['indisvalid', 16],
    ['indcheckxmin', 16],
    ['indisready', 16],
    ['indislive', 16],
    ['indisreplident', 16],
    ['indkey', 22],
    ['indexprs', 25],
    ['indpred', 25],
  ],
  function* ({ catalog }) {
    for (const table of catalog.data.relations) {
      if (table.kind !== 'table') continue;
      for (const index of table.indexes) {
        const keys = [...index.keys.map((key) => key.attribute), ...index.include];
        const expressions = index.keys.flatMap((key) => (key.expressionText === undefined ? [] : [key.expressionText]));
        yield [
          index.oid,
          table.oid,
          keys.length,
          index.keys.length,
          index.unique ? 1 : 0,
          index.nullsNotDistinct ? 1 : 0,
          index.primary ? 1 : 0,
          0,
          1,
          0,
          1,
          0,
          1,
          1,
          0,
          keys.join(' '),
          expressions.length === 0 ? null : expressions.join(', '),
          index.predicateText ?? null,
        ];
      }
    }
  },
);
