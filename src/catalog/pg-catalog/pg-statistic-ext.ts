/** pg_statistic_ext, and the texts that pg_get_statisticsobjdef and its kin answer (planner/bind/sql-functions). */
import { conditionText } from '../definitions.js';
import { type ExtendedStatistics, extendedStatisticsOf, statisticsColumns, statisticsDefinition } from '../extended-statistics.js';
import { ownerOid, securableSchema } from '../privileges.js';
import { textArray } from './objects.js';
import { relation } from './relation.js';

/** Images of catalog relations are shared by sessions: names are shown as under the built-in search path. */
const userPath = ['public'];

function kindArray({ kinds }: ExtendedStatistics): string {
  return `{${Array.from(kinds).join(',')}}`;
}

export const pgStatisticExt = relation('pg_catalog.pg_statistic_ext', function* ({ catalog }) {
  for (const { table, statistics } of extendedStatisticsOf(catalog))
    yield {
      oid: statistics.oid,
      stxrelid: table.oid,
      stxname: statistics.name,
      stxnamespace: securableSchema(catalog, statistics.schema)?.oid ?? 0,
      stxowner: ownerOid(catalog, statistics.owner),
      stxstattarget: statistics.target,
      stxkeys: statistics.columns.join(' '),
      stxkind: kindArray(statistics),
      stxexprs: statistics.expressions.length === 0 ? null : statistics.expressions.join(', '),
    };
});

export const shoalStatisticsDefinitions = relation('shoal.statistics_definitions', function* ({ catalog }) {
  for (const found of extendedStatisticsOf(catalog)) {
    const expressions = found.statistics.expressions.map((text) => conditionText(catalog, text, false, userPath));
    yield {
      oid: found.statistics.oid,
      definition: statisticsDefinition(catalog, userPath, found),
      columns: statisticsColumns(catalog, userPath, found),
      expressions: expressions.length === 0 ? null : textArray(expressions),
    };
  }
});
