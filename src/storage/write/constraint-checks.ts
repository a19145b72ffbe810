/**
 * What a statement's changes leave to be looked at: foreign keys, and the keys of deferrable unique and exclusion constraints. At the statement's end for
 * immediate constraints, at commit or SET CONSTRAINTS for deferred ones. Called by the statement (write/statement-run) and the lane.
 */
import { act, checkChild, checkUnreferenced, type ForeignKeyEvent } from './foreign-keys.js';
import type { SqlValue } from '../../types/value.js';
import { keyViolation } from './constraint-errors.js';
import { encodeKeyPart, type KeyedIndex } from './keyed-index.js';
import { type TableRuntime } from './lane-catalog.js';
import type { StatementRun } from './statement-run.js';

/** A row was written whose key a deferrable constraint is about. */
export interface KeyEvent {
  readonly kind: 'key';
  readonly table: TableRuntime;
  readonly unique: KeyedIndex;
  readonly shard: number;
  readonly rowid: number;
  readonly key: readonly SqlValue[];
}

export type ConstraintEvent = ForeignKeyEvent | KeyEvent;

/** Whether a constraint waits for the commit. */
function isDeferred(run: StatementRun, event: ConstraintEvent): boolean {
  const { all, named } = run.transaction.deferral;
  if (event.kind === 'key') {
    const { index } = event.unique;
    return named.get(index.oid) ?? all ?? index.deferral === 'initiallyDeferred';
  }
  const { key } = event.foreign;
  if (!key.deferrable && !key.initiallyDeferred) return false;
  return named.get(key.oid) ?? all ?? key.initiallyDeferred;
}

/** Checks what was put off of constraints that SET CONSTRAINTS has made immediate. */
export function checkNoLongerDeferred(run: StatementRun): void {
  const { deferred } = run.transaction;
  const due = deferred.filter((event) => !isDeferred(run, event));
  if (due.length === 0) return;
  checkConstraints(run, due, true);
  run.transaction.deferred = deferred.filter((event) => !due.includes(event));
}

/** Works off events and those that the actions raise; NO ACTION looks last, when all else has happened. deferredNow: at commit. */
export function checkConstraints(run: StatementRun, first: readonly ConstraintEvent[], deferredNow: boolean): void {
  const queue = [...first];
  const last: Extract<ForeignKeyEvent, { kind: 'parent' }>[] = [];
  for (let next = 0; next < queue.length; next++) {
    const event = queue[next] as ConstraintEvent;
    const waits = !deferredNow && isDeferred(run, event);
    switch (event.kind) {
      case 'key':
        if (waits) run.transaction.deferred.push(event);
        else checkKey(run, event);
        break;
      case 'child':
        if (waits) run.transaction.deferred.push(event);
        else checkChild(run, event, deferredNow);
        break;
      case 'parent': {
        const { key } = event.foreign;
        const action = event.after === undefined ? key.onDelete : key.onUpdate;
        if (action === 'noAction') {
          if (waits) run.transaction.deferred.push(event);
          else last.push(event);
        } else if (action === 'restrict') checkUnreferenced(run, event);
        else act(run, event, action);
      }
    }
    queue.push(...run.events.splice(0));
  }
  for (const event of last) checkUnreferenced(run, event);
}

/** The row may have gone or changed since; a change has raised an event of its own. */
function checkKey(run: StatementRun, { table, unique, shard, rowid, key }: KeyEvent): void {
  const current = table.read(shard, rowid);
  const now = current === undefined ? undefined : unique.keyOf(current);
  if (current === undefined || now === undefined || now.some((part, at) => encodeKeyPart(part) !== encodeKeyPart(key[at] as SqlValue))) return;
  const other = unique.other(shard, rowid, key);
  if (other !== undefined) throw keyViolation(table, unique, current, key, other, run.audience);
}
