/** information_schema.triggers and triggered_update_columns. */
import { expressionText } from '../../definitions.js';
import type { Table } from '../../table.js';
import { firingOrder, type Trigger, triggerCall } from '../../trigger.js';
import { tablesOf } from '../objects.js';
import { type CatalogEnvironment, type CatalogRow, relation } from '../relation.js';
import { isOwner } from './usage.js';
import { writesRelation } from './visible.js';

function names({ catalog }: CatalogEnvironment, table: Table, trigger: Trigger): CatalogRow {
  const database = catalog.database.name;
  return {
    trigger_catalog: database,
    trigger_schema: table.schema,
    trigger_name: trigger.name,
    event_object_catalog: database,
    event_object_schema: table.schema,
    event_object_table: table.name,
  };
}

/** One row for each event of each trigger. */
function* triggerRows(environment: CatalogEnvironment): Generator<CatalogRow> {
  const { catalog } = environment;
  for (const table of tablesOf(catalog)) {
    if (!writesRelation(environment, table.oid)) continue;
    for (const trigger of table.triggers ?? []) {
      for (const event of trigger.events) {
        yield {
          ...names(environment, table, trigger),
          event_manipulation: event.toUpperCase(),
          action_order: firingOrder(table, trigger, event),
          action_condition:
            trigger.whenText === undefined || !isOwner(environment, table.owner) ? null : expressionText(trigger.whenText, false, catalog, ['public']),
          action_statement: `EXECUTE FUNCTION ${triggerCall(catalog, ['public'], trigger)}`,
          action_orientation: trigger.level.toUpperCase(),
          action_timing: trigger.timing.toUpperCase(),
        };
      }
    }
  }
}

export const triggerViews = [
  relation('information_schema.triggers', triggerRows, 'user'),
  relation(
    'information_schema.triggered_update_columns',
    function* (environment) {
      for (const table of tablesOf(environment.catalog)) {
        if (!writesRelation(environment, table.oid)) continue;
        for (const trigger of table.triggers ?? [])
          for (const attribute of trigger.columns)
            yield {
              ...names(environment, table, trigger),
              event_object_column: table.columns.find((column) => column.attribute === attribute)?.name,
            };
      }
    },
    'user',
  ),
];
