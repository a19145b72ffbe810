/**
 * Triggers of tables as catalog objects, and the text of pg_get_triggerdef. Fired by the session (proxy/session/routines/triggers).
 */
import { quoteIdentifier, quoteStoredLiteral } from '../sql/quote.js';
import { expressionText } from './definitions.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Column, Table, View } from './table.js';

export type TriggerEvent = 'insert' | 'update' | 'delete' | 'truncate';

/** Names of the tables of changed rows. */
export interface Transitions {
  readonly old?: string;
  readonly new?: string;
}

export interface Trigger {
  readonly oid: number;
  readonly name: string;
  readonly functionOid: number;
  readonly timing: 'before' | 'after' | 'instead';
  readonly level: 'row' | 'statement';
  readonly events: readonly TriggerEvent[];
  /** UPDATE OF: attribute numbers; none: any. */
  readonly columns: readonly number[];
  /** WHEN, over NEW and OLD. */
  readonly whenText?: string;
  readonly args: readonly string[];
  /** REFERENCING. */
  readonly transitions?: Transitions;
  /** CREATE CONSTRAINT TRIGGER. `referencedOid`: FROM. */
  readonly constraint?: { readonly deferrable: boolean; readonly initiallyDeferred: boolean; readonly referencedOid?: number };
  readonly enabled: 'origin' | 'disabled' | 'replica' | 'always';
  readonly comment?: string;
}

/** pg_trigger.tgtype. */
export function triggerType({ timing, level, events }: Pick<Trigger, 'timing' | 'level' | 'events'>): number {
  const bits = { insert: 4, delete: 8, update: 16, truncate: 32 } as const;
  const timings = { before: 2, after: 0, instead: 64 } as const;
  return (level === 'row' ? 1 : 0) + timings[timing] + events.reduce((sum, event) => sum + bits[event], 0);
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

function columnNamed(relation: Table | View, attribute: number): string {
  if (relation.kind === 'view') return relation.columns[attribute - 1]?.name ?? '';
  return relation.columns.find((column: Column) => column.attribute === attribute)?.name ?? '';
}

/** Whether a view has an INSTEAD OF trigger for an event. */
export function hasInsteadOf(view: View, event: TriggerEvent): boolean {
  return (view.triggers ?? []).some((trigger) => trigger.timing === 'instead' && trigger.events.includes(event));
}

const shownTiming = { before: 'BEFORE', after: 'AFTER', instead: 'INSTEAD OF' } as const;

/** TG_WHEN. */
export function timingText({ timing }: Trigger): string {
  return shownTiming[timing];
}

/** The function with the trigger's arguments, as it is called. */
export function triggerCall(catalog: CatalogSnapshot, searchPath: readonly string[], trigger: Trigger): string {
  const definition = catalog.functions.byOid(trigger.functionOid);
  const isShort = definition === undefined || catalog.functions.isVisible(definition, searchPath);
  const schema = isShort ? '' : `${quoteIdentifier(definition.schema)}.`;
  return `${schema}${quoteIdentifier(definition?.name ?? '')}(${trigger.args.map(quoteStoredLiteral).join(', ')})`;
}

/** The place of a trigger among those that fire for the event at the same time: 1, 2, ... */
export function firingOrder(table: Pick<Table, 'triggers'>, { name, timing, level }: Trigger, event: TriggerEvent): number {
  return (table.triggers ?? []).filter((one) => one.timing === timing && one.level === level && one.events.includes(event) && one.name <= name).length;
}

export function triggerDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], table: Table | View, trigger: Trigger, pretty: boolean): string {
  const events = (['insert', 'delete', 'update', 'truncate'] as const)
    .filter((event) => trigger.events.includes(event))
    .map((event) => {
      if (event !== 'update' || trigger.columns.length === 0) return event.toUpperCase();
      const names = trigger.columns.map((attribute) => quoteIdentifier(columnNamed(table, attribute)));
      return `UPDATE OF ${names.join(', ')}`;
    });
  const isVisible = (relation: Pick<Table, 'schema' | 'name'>): boolean => catalog.find(searchPath, relation.name)?.schema === relation.schema;
  const shown = (relation: Pick<Table, 'schema' | 'name'>, short: boolean): string =>
    short && isVisible(relation) ? quoteIdentifier(relation.name) : `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
  const { constraint, transitions = {} } = trigger;
  const referenced = constraint?.referencedOid === undefined ? undefined : catalog.relationByOid(constraint.referencedOid);
  const tables = [
    ...(transitions.old === undefined ? [] : [`OLD TABLE AS ${quoteIdentifier(transitions.old)}`]),
    ...(transitions.new === undefined ? [] : [`NEW TABLE AS ${quoteIdentifier(transitions.new)}`]),
  ];
  return [
    `CREATE ${constraint === undefined ? '' : 'CONSTRAINT '}TRIGGER ${quoteIdentifier(trigger.name)} ${timingText(trigger)} ${events.join(' OR ')} ON ${shown(table, pretty)}`,
    ...(referenced === undefined ? [] : [`FROM ${shown(referenced, true)}`]),
    ...(constraint === undefined
      ? []
      : [`${constraint.deferrable ? '' : 'NOT '}DEFERRABLE INITIALLY ${constraint.initiallyDeferred ? 'DEFERRED' : 'IMMEDIATE'}`]),
    ...(tables.length === 0 ? [] : [`REFERENCING ${tables.join(' ')}`]),
    `FOR EACH ${trigger.level.toUpperCase()}`,
    ...(trigger.whenText === undefined ? [] : [`WHEN (${expressionText(trigger.whenText, pretty, catalog, searchPath)})`]),
    `EXECUTE FUNCTION ${triggerCall(catalog, searchPath, trigger)}`,
  ].join(' ');
}
