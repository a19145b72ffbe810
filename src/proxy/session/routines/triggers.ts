/**
 * Fires the triggers of a change of data. The new rows come to the front end first: BEFORE ROW triggers change them or leave them out, then they are written at once, and
 * AFTER ROW triggers see them. (PostgreSQL writes each row after its own BEFORE triggers: a trigger that reads its own table sees the earlier rows of the statement there.)
 * Called by statement-calls.ts.
 */
import { rowTypeOffset } from '../../../catalog/user-type.js';
import { firingTriggers, type Trigger, type TriggerEvent } from '../../../catalog/trigger.js';
import { notSupported } from '../../../common/errors.js';
import { columnType } from '../../../plan/build.js';
import type { Mutation } from '../../../plan/logical.js';
import type { SqlValue } from '../../../types/value.js';
import type { Parameters } from '../run-query.js';
import type { ShoalSession } from '../shoal-session.js';
import { fieldsOf, type RowFields } from './conversion.js';
import { landRows } from './routine-calls.js';
import { planRows, type Row } from './row-set.js';

interface Change {
  readonly old: RowFields | undefined;
  readonly new: RowFields | undefined;
}

function isActive(trigger: Trigger): boolean {
  return trigger.enabled === 'origin' || trigger.enabled === 'always';
}

export class TriggerRun {
  readonly #event: TriggerEvent;
  #changes: Change[] = [];

  constructor(
    private readonly session: ShoalSession,
    private readonly mutation: Mutation,
  ) {
    this.#event = mutation.kind === 'merge' ? 'update' : mutation.kind;
  }

  #triggers(timing: Trigger['timing'], level: Trigger['level'], event = this.#event): readonly Trigger[] {
    const { table, assigned, onConflict } = this.mutation;
    return firingTriggers(table, timing, level, event, onConflict === undefined ? assigned : onConflict.assignments.map((one) => one.attribute));
  }

  /** What the statement may do to rows, in the order in which its BEFORE STATEMENT triggers fire. */
  #events(): readonly TriggerEvent[] {
    const { kind, onConflict, actions = [] } = this.mutation;
    if (kind === 'merge') return actions;
    return onConflict?.action === 'update' ? ['insert', 'update'] : [kind];
  }

  get hasRowTriggers(): boolean {
    if (this.mutation.kind === 'merge') return false; // (Those that would fire have been refused.)
    return this.#triggers('before', 'row').length > 0 || this.#triggers('after', 'row').length > 0;
  }

  /** What would have to fire triggers elsewhere is not carried out. */
  refuse(): void {
    const { table, kind, onConflict, inheritors = [], followers = [] } = this.mutation;
    const active = (table.triggers ?? []).some(isActive);
    const firing = (timing: Trigger['timing'], event: TriggerEvent): boolean => this.#triggers(timing, 'row', event).length > 0;
    if (kind === 'merge' && this.#events().some((event) => firing('before', event) || firing('after', event)))
      throw notSupported('MERGE into a table with row triggers');
    if (onConflict !== undefined && firing('after', 'insert')) throw notSupported('ON CONFLICT of a table with AFTER row triggers');
    if (onConflict?.action === 'update' && (firing('before', 'update') || firing('after', 'update')))
      throw notSupported('ON CONFLICT DO UPDATE of a table with row triggers for UPDATE');
    if (inheritors.some((one) => (one.table.triggers ?? []).some(isActive)) || (active && inheritors.length > 0))
      throw notSupported('a statement that writes tables with triggers by inheritance');
    if (followers.some((one) => (one.table.triggers ?? []).some(isActive))) throw notSupported('a referential action on a table with triggers');
  }

  async statement(timing: Trigger['timing']): Promise<void> {
    const events = this.#events();
    for (const event of timing === 'before' ? events : events.toReversed())
      for (const trigger of this.#triggers(timing, 'statement', event))
        await this.session.core.calls.fire({ trigger, table: this.mutation.table, event, new: undefined, old: undefined });
  }

  /** The mutation with the rows that BEFORE ROW triggers leave. */
  async beforeRows(mutation: Mutation, parameters: Parameters): Promise<Mutation> {
    const { core } = this.session;
    const { table, kind, source, extra, before } = mutation;
    const transaction = await core.laneTransaction();
    // Nobody else may change the rows between here and the writing of them.
    if (kind !== 'insert')
      await core.services.lane.lockTable({
        transaction,
        tables: [{ oid: table.oid, name: table.name }],
        mode: 'update',
        nowait: false,
        lockTimeoutMs: core.lockTimeoutMs,
      });
    const known = fieldsOf(table.oid + rowTypeOffset);
    const names = known?.names ?? table.columns.map((column) => column.name);
    const types = table.columns.map((column) => columnType(column));
    const first = kind === 'insert' ? 0 : 2;
    const width = table.columns.length;
    const beforeAt = first + width + (before === undefined ? 0 : extra.length - before.length);
    const rows: Row[] = [];
    const seen = new Set<string>();
    const changed = new Set(mutation.assigned);
    for (const row of await planRows(core, source, parameters, true)) {
      if (kind !== 'insert') {
        const place = `${String(row[0])}/${String(row[1])}`;
        if (seen.has(place)) continue;
        seen.add(place);
      }
      const values = row.slice(first, first + width);
      const given: RowFields = { names, types, values };
      const old = kind === 'insert' ? undefined : kind === 'delete' ? given : { names, types, values: row.slice(beforeAt, beforeAt + width) };
      const kept = await this.#before({ old, new: kind === 'delete' ? undefined : given });
      if (kept === undefined) continue;
      const next: SqlValue[] = [...row];
      if (kept.new !== undefined)
        kept.new.values.forEach((value, i) => {
          if (value !== values[i]) changed.add(table.columns[i]?.attribute ?? 0);
          next[first + i] = value;
        });
      rows.push(next);
      this.#changes.push(kept);
      core.checkCancel();
    }
    return { ...mutation, source: await landRows(this.session, source.columns, rows), assigned: kind === 'update' ? [...changed] : mutation.assigned };
  }

  /** The change as the triggers leave it; undefined: the row is left alone. */
  async #before(change: Change): Promise<Change | undefined> {
    let current = change;
    for (const trigger of this.#triggers('before', 'row')) {
      const returned = await this.session.core.calls.fire({ trigger, table: this.mutation.table, event: this.#event, ...current });
      if (returned === undefined) continue;
      if (returned === null) return undefined;
      if (current.new !== undefined) current = { ...current, new: returned };
    }
    return current;
  }

  async afterRows(): Promise<void> {
    const triggers = this.#triggers('after', 'row');
    const changes = this.#changes;
    this.#changes = [];
    if (triggers.length === 0) return;
    for (const change of changes)
      for (const trigger of triggers) {
        await this.session.core.calls.fire({ trigger, table: this.mutation.table, event: this.#event, ...change });
        this.session.core.checkCancel();
      }
  }
}
