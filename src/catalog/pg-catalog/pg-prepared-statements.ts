/** pg_prepared_statements and pg_cursors: what the session that reads has prepared and declared. */
import { formatArrayText, oneDimensional } from '../../types/array.js';
import { relation } from './relation.js';

export const pgPreparedStatements = relation(
  'pg_catalog.pg_prepared_statements',
  function* ({ objects }) {
    for (const { name, text, preparedMicros, parameterOids, fromSql, genericPlans, customPlans } of objects?.preparedStatements() ?? []) {
      yield {
        name,
        statement: text,
        prepare_time: preparedMicros,
        parameter_types: formatArrayText(oneDimensional(parameterOids.map(String))),
        from_sql: fromSql,
        generic_plans: genericPlans,
        custom_plans: customPlans,
      };
    }
  },
  'session',
);

export const pgCursors = relation(
  'pg_catalog.pg_cursors',
  function* ({ objects }) {
    for (const { name, text, isHoldable, isBinary, isScrollable, createdMicros } of objects?.cursors() ?? []) {
      yield { name, statement: text, is_holdable: isHoldable, is_binary: isBinary, is_scrollable: isScrollable, creation_time: createdMicros };
    }
  },
  'session',
);
