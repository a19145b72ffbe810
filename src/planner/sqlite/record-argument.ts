/** Arguments that are rows, of functions that make JSON of them: the row goes as a JSON object, since a record's text has no names and types. */
import type { FunctionEntry } from '../../functions/function.js';
import { takesRecordsAsJson } from '../../functions/registry.js';
import type { Expression, RowConstructor } from '../../plan/expression.js';
import { recordAsJson } from './connection-functions.js';
import { generalForm } from './numeric.js';
import type { Scope } from './scope.js';
import { Level, type Spelled, totalWeight } from './spelled.js';

/** A row that may be missing in an outer join is NULL there. */
export function whenPresent(scope: Scope, row: RowConstructor, written: Spelled): Spelled {
  if (row.present === undefined || row.present.kind === 'const') return written;
  return { ...written, text: `CASE WHEN ${scope.expression(row.present).text} IS NOT NULL THEN ${written.text} END`, nullable: true };
}

export function argumentOf(scope: Scope, entry: FunctionEntry, argument: Expression): Spelled {
  if (argument.kind !== 'row' || !takesRecordsAsJson(entry)) return scope.expression(argument);
  const fields = argument.fields.map((field) => generalForm(field.kind === 'row' ? argumentOf(scope, entry, field) : scope.expression(field)));
  const names = argument.names ?? fields.map((_, n) => `f${n + 1}`);
  const text = recordAsJson(
    fields.map((field) => field.type.oid),
    names,
    fields.map((field) => field.text),
  );
  return whenPresent(scope, argument, { text, level: Level.atom, weight: totalWeight(fields) + 100, type: argument.type, nullable: false });
}
