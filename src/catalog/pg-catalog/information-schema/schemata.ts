/** information_schema.schemata. */
import { securableSchema } from '../../privileges.js';
import { seesObject } from './visible.js';
import { relation } from '../relation.js';

export const schemata = relation(
  'information_schema.schemata',
  function* (environment) {
    const { catalog } = environment;
    for (const schema of catalog.data.schemas) {
      const one = securableSchema(catalog, schema.name);
      if (one === undefined || !seesObject(environment, one, 'create', 'usage')) continue;
      yield { catalog_name: catalog.database.name, schema_name: schema.name, schema_owner: schema.owner };
    }
  },
  'user',
);
