/** information_schema.tables. */
import { isUpdatable } from '../../view-updatable.js';
import { systemRelationsOf } from '../objects.js';
import { relation } from '../relation.js';
import { yesOrNo } from './values.js';
import { seesRelation } from './visible.js';

export const tables = relation(
  'information_schema.tables',
  function* (environment) {
    const { catalog } = environment;
    const row = (schema: string, name: string, type: string, insertable: boolean): Readonly<Record<string, string>> => ({
      table_catalog: catalog.database.name,
      table_schema: schema,
      table_name: name,
      table_type: type,
      is_insertable_into: yesOrNo(insertable),
      is_typed: 'NO',
    });
    for (const object of catalog.data.relations) {
      if (!seesRelation(environment, object.oid)) continue;
      if (object.kind === 'view') yield row(object.schema, object.name, 'VIEW', isUpdatable(catalog, object));
      else if (object.kind === 'table' && object.materialized === undefined) {
        const isTemporary = object.persistence === 'temporary';
        yield { ...row(object.schema, object.name, isTemporary ? 'LOCAL TEMPORARY' : 'BASE TABLE', true), commit_action: isTemporary ? 'PRESERVE' : null };
      }
    }
    for (const partition of catalog.data.relations)
      if (partition.kind === 'partition' && seesRelation(environment, partition.oid)) yield row(partition.schema, partition.name, 'BASE TABLE', true);
    for (const system of systemRelationsOf(catalog))
      if (seesRelation(environment, system.oid)) yield row(system.schema, system.name, system.kind === 'v' ? 'VIEW' : 'BASE TABLE', false);
  },
  'user',
);
