/** Tables whose triggers the session fires: it carries their statements out itself. Called where INSERT, UPDATE, DELETE and MERGE are bound. */
import type { Table } from '../../catalog/table.js';
import { hasActiveTriggers } from '../../catalog/trigger.js';
import type { Binder } from './binder.js';

export function noteTriggers(binder: Binder, table: Table): boolean {
  if (!hasActiveTriggers(table)) return false;
  binder.bySession = true;
  return true;
}
