/** pg_rewrite: the rule of each view, materialized ones included, which pg_depend's rows about views refer to, and those of CREATE RULE. */
import { tablesOf, viewsOf } from './objects.js';
import { relation } from './relation.js';

/** Rules have no objects of their own here: their OIDs follow from the views'. */
export const ruleOffset = 1_500_000_000;

/** pg_rewrite.ev_type. */
const eventTypes = { update: '2', insert: '3', delete: '4' } as const;

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
  for (const relation of catalog.data.relations) {
    if (relation.kind !== 'table' && relation.kind !== 'view') continue;
    for (const rule of relation.rules ?? [])
      yield {
        oid: rule.oid,
        rulename: rule.name,
        ev_class: relation.oid,
        ev_type: eventTypes[rule.event],
        ev_enabled: rule.disabled === true ? 'D' : 'O',
        is_instead: rule.instead,
        ev_qual: '<>',
        ev_action: '<>',
      };
  }
});
