/** pg_index. */
import { operatorClassOf } from './pg-opclass.js';
import { indexesOf } from './objects.js';
import { relation } from './relation.js';

const descendingBit = 1;
const nullsFirstBit = 2;

export const pgIndex = relation('pg_catalog.pg_index', function* ({ catalog }) {
  for (const { table, index } of indexesOf(catalog)) {
    const attributes = [...index.keys.map((key) => key.attribute), ...index.include];
    const expressions = index.keys.flatMap((key) => (key.expressionText === undefined ? [] : [key.expressionText]));
    const types = index.keys.map((key) => table.columns.find((column) => column.attribute === key.attribute));
    yield {
      indexrelid: index.oid,
      indrelid: table.oid,
      indnatts: attributes.length,
      indnkeyatts: index.keys.length,
      indisunique: index.unique,
      indnullsnotdistinct: index.nullsNotDistinct,
      indisprimary: index.primary,
      indisexclusion: false,
      indimmediate: index.deferral === undefined,
      indisclustered: false,
      indisvalid: true,
      indcheckxmin: false,
      indisready: true,
      indislive: true,
      indisreplident: false,
      indkey: attributes.join(' '),
      indcollation: types.map((column) => (column === undefined || operatorClassOf(column.typeOid)?.isCollatable === true ? 100 : 0)).join(' '),
      indclass: types.map((column) => operatorClassOf(column?.typeOid ?? 25, index.method)?.oid ?? 0).join(' '),
      indoption: index.keys.map((key) => (key.descending ? descendingBit : 0) | (key.nullsFirst ? nullsFirstBit : 0)).join(' '),
      indexprs: expressions.length === 0 ? null : expressions.join(', '),
      indpred: index.predicateText ?? null,
    };
  }
});
