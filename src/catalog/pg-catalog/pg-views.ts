/** pg_views. */
import { relation } from './relation.js';

export const pgViews = relation(
  'pg_catalog',
  'pg_views',
  12014,
  [
    ['schemaname', 19],
    ['viewname', 19],
    ['viewowner', 19],
    ['definition', 25],
  ],
  function* ({ catalog }) {
    for (const view of catalog.data.relations) if (view.kind === 'view') yield [view.schema, view.name, view.owner, `${view.queryText};`];
  },
);
