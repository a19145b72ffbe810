/**
 * Fires the triggers of a change of data. The new rows come to the front end first: BEFORE ROW triggers change them or leave them out, then they are written at once, and
 * AFTER ROW triggers see them. (PostgreSQL writes each row after its own BEFORE triggers: a trigger that reads its own table sees the earlier rows of the statement there.)
 * Called by statement-calls.ts, conflict-rows.ts and truncate-triggers.ts.
 */
import { rowTypeOffset } from '../../../catalog/user-type.js';
import { firingTriggers, type Trigger, type TriggerEvent } from '../../../catalog/trigger.js';
import { notSupported } from '../../../common/errors.js';
import { columnRef, columnType } from '../../../plan/build.js';
import type { ColumnId, Expression } from '../../../plan/expression.js';
import { type LogicalNode, mergeActions, type Mutation, type OutputColumn } from '../../../plan/logical.js';
import { substituteColumns } from '../../../plan/walk.js';
import type { SqlValue } from '../../../types/value.js';
import type { TriggerCall } from '../plpgsql/run-body.js';
import type { Parameters } from '../run-query.js';
import type { ShoalSession } from '../shoal-session.js';
import { fieldsOf, type RowFields } from './conversion.js';
import { isDeferred } from './deferred-triggers.js';
import { freshColumn, landRows } from './routine-calls.js';
import { planRows, type Row } from './row-set.js';

/** What a statement does to one row. */
export interface Change {
  readonly event: TriggerEvent;
  readonly old: RowFields | undefined;
  readonly new: RowFields | undefined;
}

/** The tables of a statement's changed rows for one event, made when a trigger asks for them. */
type ChangedRows = Partial<Record<'old' | 'new', LogicalNode>>;

function isActive(trigger: Trigger): boolean {
  return trigger.enabled === 'origin' || trigger.enabled === 'always';
}

export class TriggerRun {
  #changes: Change[] = [];
  readonly #changedRows = new Map<TriggerEvent, ChangedRows>();

  constructor(
    private readonly session: ShoalSession,
    private readonly mutation: Mutation,
  ) {}

  #triggers(timing: Trigger['timing'], level: Trigger['level'], event: TriggerEvent): readonly Trigger[] {
    const { table, assigned, onConflict } = this.mutation;
    return firingTriggers(table, timing, level, event, onConflict === undefined ? assigned : onConflict.assignments.map((one) => one.attribute));
  }

  /** What the statement may do to rows, in the order in which its BEFORE STATEMENT triggers fire. */
  get events(): readonly TriggerEvent[] {
    const { kind, onConflict, actions = [] } = this.mutation;
    if (kind === 'merge') return actions;
    return onConflict?.action === 'update' ? ['insert', 'update'] : [kind];
  }

  /** Whether triggers for an event must see its rows. */
  #seesRows(event: TriggerEvent, timings: readonly Trigger['timing'][] = ['before', 'after']): boolean {
    if (timings.some((timing) => this.#triggers(timing, 'row', event).length > 0)) return true;
    return timings.includes('after') && this.#triggers('after', 'statement', event).some((trigger) => trigger.transitions !== undefined);
  }

  get hasRowTriggers(): boolean {
    return this.events.some((event) => this.#seesRows(event));
  }

  /** Whether rows of an ON CONFLICT must be written one by one, as what becomes of each decides what fires. */
  get goesByRow(): boolean {
    const { onConflict } = this.mutation;
    return onConflict !== undefined && (this.#seesRows('insert', ['after']) || (onConflict.action === 'update' && this.#seesRows('update')));
  }

  /** What would have to fire triggers elsewhere is not carried out. */
  refuse(): void {
    const { table, inheritors = [], followers = [] } = this.mutation;
    const active = (table.triggers ?? []).some(isActive);
    if (inheritors.some((one) => (one.table.triggers ?? []).some(isActive)) || (active && inheritors.length > 0))
      throw notSupported('a statement that writes tables with triggers by inheritance');
    if (followers.some((one) => (one.table.triggers ?? []).some(isActive))) throw notSupported('a referential action on a table with triggers');
  }

  async #fire(trigger: Trigger, change: Change): Promise<RowFields | null | undefined> {
    const { core } = this.session;
    const tables = trigger.transitions === undefined ? undefined : await this.#tables(trigger, change.event);
    const call: TriggerCall = { trigger, table: this.mutation.table, ...change, ...(tables === undefined ? {} : { tables }) };
    core.checkCancel();
    if (isDeferred(core, trigger)) {
      core.transaction.deferredTriggers.push(call);
      return null;
    }
    return core.calls.fire(call);
  }

  /** OLD TABLE and NEW TABLE under their names. */
  async #tables({ transitions = {} }: Trigger, event: TriggerEvent): Promise<ReadonlyMap<string, LogicalNode>> {
    let made = this.#changedRows.get(event);
    if (made === undefined) this.#changedRows.set(event, (made = {}));
    const tables = new Map<string, LogicalNode>();
    for (const which of ['old', 'new'] as const) {
      const name = transitions[which];
      if (name === undefined) continue;
      made[which] ??= await landRows(
        this.session,
        this.mutation.table.columns.map((column) => freshColumn(column.name, columnType(column))),
        this.#changes.flatMap((change) => (change.event === event ? [change[which]?.values ?? []] : [])),
      );
      tables.set(name, made[which]);
    }
    return tables;
  }

  async statement(timing: 'before' | 'after'): Promise<void> {
    for (const event of timing === 'before' ? this.events : this.events.toReversed())
      for (const trigger of this.#triggers(timing, 'statement', event)) await this.#fire(trigger, { event, new: undefined, old: undefined });
  }

  /** The table's values as a row that triggers see. */
  fields(values: Row): RowFields {
    const { table } = this.mutation;
    const known = fieldsOf(table.oid + rowTypeOffset);
    return { names: known?.names ?? table.columns.map((column) => column.name), types: table.columns.map((column) => columnType(column)), values };
  }

  /** Nobody else may change the rows between here and the writing of them. */
  async lockTable(): Promise<void> {
    const { core } = this.session;
    const { oid, name } = this.mutation.table;
    const transaction = await core.laneTransaction();
    await core.services.lane.lockTable({ transaction, tables: [{ oid, name }], mode: 'update', nowait: false, lockTimeoutMs: core.lockTimeoutMs });
  }

  /** The source's rows as what the statement wants to do; `place`: the columns before the table's. */
  async *rows(mutation: Mutation, parameters: Parameters): AsyncGenerator<{ readonly place: Row; readonly change: Change; readonly rest: Row }> {
    const { kind, source, extra, before, table } = mutation;
    const first = kind === 'insert' ? 0 : kind === 'merge' ? 3 : 2;
    const width = table.columns.length;
    const beforeAt = first + width + (before === undefined ? 0 : extra.length - before.length);
    const seen = new Set<string>();
    for (const row of await planRows(this.session.core, source, parameters, true)) {
      if ((kind === 'update' || kind === 'delete') && mutation.insteadOf === undefined) {
        const place = `${String(row[0])}/${String(row[1])}`;
        if (seen.has(place)) continue;
        seen.add(place);
      }
      const event = kind === 'merge' ? (mergeActions[Number(row[0])] ?? 'update') : kind;
      const given = this.fields(row.slice(first, first + width));
      const old = event === 'insert' ? undefined : event === 'delete' ? given : this.fields(row.slice(beforeAt, beforeAt + width));
      yield { place: row.slice(0, first), change: { event, old, new: event === 'delete' ? undefined : given }, rest: row.slice(first + width) };
      this.session.core.checkCancel();
    }
  }

  /** The mutation with the rows that BEFORE ROW triggers leave. */
  async beforeRows(mutation: Mutation, parameters: Parameters): Promise<Mutation> {
    const { kind, source, table } = mutation;
    await this.session.core.laneTransaction();
    if (kind !== 'insert') await this.lockTable();
    const rows: Row[] = [];
    const changed = new Set(mutation.assigned);
    for await (const { place, change, rest } of this.rows(mutation, parameters)) {
      const kept = await this.before(change);
      if (kept === undefined) continue;
      const values = (kept.new ?? kept.old)?.values ?? [];
      if (kept.event === 'update') this.noteAssigned(change, kept, changed);
      rows.push([...place, ...values, ...(kind === 'merge' ? [] : rest)]);
      this.#changes.push(kept);
    }
    const columns = kind === 'merge' ? source.columns.slice(0, 3 + table.columns.length) : source.columns;
    return {
      ...mutation,
      source: await landRows(this.session, columns, rows),
      assigned: [...changed],
      ...(kind === 'merge' ? { extra: [] } : {}),
    };
  }

  /** Attributes that triggers have changed, besides those that the statement assigns. */
  noteAssigned(given: Change, kept: Change, assigned: Set<number>): void {
    kept.new?.values.forEach((value, i) => {
      if (value !== given.new?.values[i]) assigned.add(this.mutation.table.columns[i]?.attribute ?? 0);
    });
  }

  /** The change as the triggers leave it, generated columns computed; undefined: the row is left alone. */
  async before(change: Change): Promise<Change | undefined> {
    const triggers = this.#triggers('before', 'row', change.event);
    if (triggers.length === 0) return change;
    let current = change.new === undefined ? change : { ...change, new: this.#ungenerated(change.new) };
    for (const trigger of triggers) {
      const returned = await this.#fire(trigger, current);
      if (returned === undefined) continue;
      if (returned === null) return undefined;
      if (current.new !== undefined) current = { ...current, new: returned };
    }
    return current.new === undefined ? current : { ...current, new: this.fields(await this.#generated(current.new.values)) };
  }

  /** BEFORE triggers see no generated values. */
  #ungenerated(row: RowFields): RowFields {
    const { generated, table } = this.mutation;
    if (generated === undefined) return row;
    return { ...row, values: row.values.map((value, i) => (table.columns[i]?.generated === undefined ? value : null)) };
  }

  async #generated(values: Row): Promise<Row> {
    const { generated, row, table } = this.mutation;
    if (generated === undefined) return values;
    const input: LogicalNode = {
      kind: 'values',
      columns: row,
      rows: [row.map((column, i): Expression => ({ kind: 'const', value: values[i] ?? null, type: column.type }))],
    };
    const columns = row.map((column) => freshColumn(column.name, column.type));
    const expressions = row.map((column, i) => generated.find((one) => one.attribute === table.columns[i]?.attribute)?.expression ?? columnRef(column));
    const [computed] = await planRows(this.session.core, { kind: 'project', input, columns, expressions }, { values: [], types: [] }, true);
    return computed ?? values;
  }

  /** What INSTEAD OF triggers make of a row of a view; undefined: nothing was done. */
  async instead(change: Change): Promise<Change | undefined> {
    let current = change;
    for (const trigger of this.#triggers('instead', 'row', change.event)) {
      const returned = await this.#fire(trigger, current);
      if (returned === null || returned === undefined) return undefined;
      if (current.new !== undefined) current = { ...current, new: returned };
    }
    return current;
  }

  /** A row has been written otherwise than by `beforeRows`. */
  noteWritten(change: Change): void {
    this.#changes.push(change);
  }

  async afterRows(): Promise<void> {
    for (const change of this.#changes) for (const trigger of this.#triggers('after', 'row', change.event)) await this.#fire(trigger, change);
  }
}

/** An expression over columns with their values in place. */
export function over(columns: readonly OutputColumn[], values: Row, expression: Expression): Expression {
  const constants = new Map<ColumnId, Expression>(
    columns.map((column, i): [ColumnId, Expression] => [column.id, { kind: 'const', value: values[i] ?? (null as SqlValue), type: column.type }]),
  );
  return substituteColumns(expression, constants);
}
