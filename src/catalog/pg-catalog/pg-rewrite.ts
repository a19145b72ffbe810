/** pg_rewrite: the rule of each view, materialized ones included, which pg_depend's rows about views refer to. */
import { tablesOf, viewsOf } from './objects.js';
import { relation } from './relation.js';

/** Rules have no objects of their own here: their OIDs follow from the views'. */
export const ruleOffset = 1_500_000_000;

export const pgRewrite = relation('pg_catalog.pg_rewrite', function* ({ catalog }) {
  const materialized = [...tablesOf(catalog)].flatMap(({ oid, materialized: view }) => (view === undefined ? [] : [{ oid, queryText: view.queryText }]));
  for (const view of [...viewsOf(catalog), ...materialized]) {
    yield {
      oid: view.oid + ruleOffset,
      rulename: '_RETURN',
      ev_class: view.oid,
      ev_type: '1',
      ev_enabled: 'O',
      is_instead: true,
      ev_qual: '<>',
      ev_action: view.queryText,
    };
  }
});
