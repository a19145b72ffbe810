/** Tables whose triggers the session fires: it carries their statements out itself. Called where INSERT, UPDATE, DELETE and MERGE are bound. */
import type { Table } from '../../catalog/table.js';
import type { Binder } from './binder.js';

export function noteTriggers(binder: Binder, table: Table): boolean {
  if ((table.triggers ?? []).every((trigger) => trigger.enabled === 'disabled' || trigger.enabled === 'replica')) return false;
  binder.bySession = true;
  return true;
}
