/** information_schema.schemata. */
import { relation } from '../relation.js';

export const schemata = relation('information_schema.schemata', function* ({ catalog }) {
  for (const schema of catalog.data.schemas) yield { catalog_name: catalog.data.database, schema_name: schema.name, schema_owner: schema.owner };
});
