/** The view pg_views. */
import { viewDefinition } from '../definitions.js';
import { viewsOf } from './objects.js';
import { relation } from './relation.js';

/** Images of catalog relations are shared by sessions: names are shown as under the built-in search path. */
const userPath = ['public'];

export const pgViews = relation('pg_catalog.pg_views', function* ({ catalog }) {
  for (const view of viewsOf(catalog))
    yield { schemaname: view.schema, viewname: view.name, viewowner: view.owner, definition: viewDefinition(catalog, userPath, view, false) };
});
