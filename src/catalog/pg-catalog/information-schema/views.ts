/** information_schema.views. */
import { viewDefinition } from '../../definitions.js';
import { isUpdatable } from '../../view-updatable.js';
import { viewsOf } from '../objects.js';
import { relation } from '../relation.js';
import { isOwner } from './usage.js';
import { yesOrNo } from './values.js';
import { seesRelation } from './visible.js';

export const views = relation(
  'information_schema.views',
  function* (environment) {
    const { catalog } = environment;
    for (const view of viewsOf(catalog)) {
      if (!seesRelation(environment, view.oid)) continue;
      yield {
        table_catalog: catalog.database.name,
        table_schema: view.schema,
        table_name: view.name,
        view_definition: isOwner(environment, view.owner) ? viewDefinition(catalog, ['public'], view, false) : null,
        check_option: view.checkOption === undefined ? 'NONE' : view.checkOption.toUpperCase(),
        is_updatable: yesOrNo(isUpdatable(catalog, view)),
        is_insertable_into: yesOrNo(isUpdatable(catalog, view)),
        is_trigger_updatable: 'NO',
        is_trigger_deletable: 'NO',
        is_trigger_insertable_into: 'NO',
      };
    }
  },
  'user',
);
