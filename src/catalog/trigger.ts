/**
 * Triggers of tables as catalog objects, and the text of pg_get_triggerdef. Fired by the session (proxy/session/routines/triggers).
 */
import { quoteIdentifier, quoteStoredLiteral } from '../sql/quote.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Table } from './table.js';

export type TriggerEvent = 'insert' | 'update' | 'delete';

export interface Trigger {
  readonly oid: number;
  readonly name: string;
  readonly functionOid: number;
  readonly timing: 'before' | 'after';
  readonly level: 'row' | 'statement';
  readonly events: readonly TriggerEvent[];
  /** UPDATE OF: attribute numbers; none: any. */
  readonly columns: readonly number[];
  /** WHEN, over NEW and OLD. */
  readonly whenText?: string;
  readonly args: readonly string[];
  readonly enabled: 'origin' | 'disabled' | 'replica' | 'always';
  readonly comment?: string;
}

/** pg_trigger.tgtype. */
export function triggerType({ timing, level, events }: Trigger): number {
  const bits = { insert: 4, delete: 8, update: 16 } as const;
  return (level === 'row' ? 1 : 0) + (timing === 'before' ? 2 : 0) + events.reduce((sum, event) => sum + bits[event], 0);
}

function isActive({ enabled }: Trigger): boolean {
  return enabled === 'origin' || enabled === 'always';
}

/** Whether changes of the table may fire triggers. */
export function hasActiveTriggers(table: Table): boolean {
  return (table.triggers ?? []).some(isActive);
}

/** The triggers that fire for an event, by name. */
export function firingTriggers(
  table: Table,
  timing: Trigger['timing'],
  level: Trigger['level'],
  event: TriggerEvent,
  assigned?: readonly number[],
): readonly Trigger[] {
  return (table.triggers ?? [])
    .filter(
      (trigger) =>
        trigger.timing === timing &&
        trigger.level === level &&
        trigger.events.includes(event) &&
        isActive(trigger) &&
        (event !== 'update' || trigger.columns.length === 0 || assigned === undefined || trigger.columns.some((column) => assigned.includes(column))),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function triggerDefinition(catalog: CatalogSnapshot, table: Table, trigger: Trigger, pretty: boolean): string {
  const events = (['insert', 'delete', 'update'] as const)
    .filter((event) => trigger.events.includes(event))
    .map((event) => {
      if (event !== 'update' || trigger.columns.length === 0) return event.toUpperCase();
      const names = trigger.columns.map((attribute) => quoteIdentifier(table.columns.find((column) => column.attribute === attribute)?.name ?? ''));
      return `UPDATE OF ${names.join(', ')}`;
    });
  const definition = catalog.functions.byOid(trigger.functionOid);
  const qualified = (schema: string, name: string): string =>
    pretty && schema === 'public' ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  const called =
    definition === undefined ? '' : definition.schema === 'public' ? quoteIdentifier(definition.name) : qualified(definition.schema, definition.name);
  return [
    `CREATE TRIGGER ${quoteIdentifier(trigger.name)} ${trigger.timing.toUpperCase()} ${events.join(' OR ')} ON ${qualified(table.schema, table.name)}`,
    `FOR EACH ${trigger.level.toUpperCase()}`,
    ...(trigger.whenText === undefined ? [] : [`WHEN (${trigger.whenText})`]),
    `EXECUTE FUNCTION ${called}(${trigger.args.map(quoteStoredLiteral).join(', ')})`,
  ].join(' ');
}
