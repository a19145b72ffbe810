/** pg_index. */
import { indexColumns } from './index-columns.js';
import { listedIndexes } from '../partition-parts.js';
import { relation } from './relation.js';

const descendingBit = 1;
const nullsFirstBit = 2;

export const pgIndex = relation('pg_catalog.pg_index', function* ({ catalog }) {
  for (const { table, index, isValid } of listedIndexes(catalog)) {
    const columns = indexColumns(catalog, table, index);
    const keys = columns.slice(0, index.keys.length);
    const expressions = index.keys.flatMap((key) => (key.expressionText === undefined ? [] : [key.expressionText]));
    yield {
      indexrelid: index.oid,
      indrelid: table.oid,
      indnatts: columns.length,
      indnkeyatts: index.keys.length,
      indisunique: index.unique,
      indnullsnotdistinct: index.nullsNotDistinct,
      indisprimary: index.primary,
      indisexclusion: index.exclusion !== undefined,
      indimmediate: index.deferral === undefined,
      indisclustered: false,
      indisvalid: isValid,
      indcheckxmin: false,
      indisready: true,
      indislive: true,
      indisreplident: false,
      indkey: columns.map(({ attribute }) => attribute).join(' '),
      indcollation: keys.map(({ collation }) => collation).join(' '),
      indclass: keys.map(({ operatorClass }) => operatorClass).join(' '),
      indoption: index.keys.map((key) => (key.descending ? descendingBit : 0) | (key.nullsFirst ? nullsFirstBit : 0)).join(' '),
      indexprs: expressions.length === 0 ? null : expressions.join(', '),
      indpred: index.predicateText ?? null,
    };
  }
});
