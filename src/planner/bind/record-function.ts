/**
 * Functions that return `record` and need a column definition list: json_to_record(x) AS t(a int, b text) and its kin, spelled out as reads of the fields.
 */
import { columnRef, constant, typeRef } from '../../plan/build.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import type { LogicalNode } from '../../plan/logical.js';
import type { FunctionEntry } from '../../functions/function.js';
import type * as ast from '../../sql/ast.js';
import { scalarNamed } from '../../functions/registry.js';
import { Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { coerceArgument } from './call.js';
import { coerceTo } from './coercion.js';
import { oneRow } from './from.js';
import { setCall } from './function-call.js';
import { findFunction, type FunctionCandidate } from './resolve.js';
import type { Scope } from './scope.js';
import { resolveTypeName } from './type-name.js';

const elementsOf: ReadonlyMap<string, string | undefined> = new Map([
  ['json_to_record', undefined],
  ['jsonb_to_record', undefined],
  ['json_to_recordset', 'json_array_elements'],
  ['jsonb_to_recordset', 'jsonb_array_elements'],
]);

/** The rows of such a function as a plan; undefined when the function is another one. */
export function expandRecordFunction(
  binder: Binder,
  scope: Scope,
  entry: FunctionEntry,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  definitions: readonly ast.ColumnDefinitionItem[],
  position: number | undefined,
): LogicalNode | undefined {
  if (!elementsOf.has(entry.name)) return undefined;
  if (definitions.length === 0) throw binder.error('42601', 'a column definition list is required for functions returning "record"', position);
  const argument = coerceArgument(binder, actual[0] as Expression, candidate.args[0] as number);
  const element = elementsOf.get(entry.name);
  let input = oneRow;
  let value = argument;
  if (element !== undefined) {
    const match = findFunction(element, [argument.type.oid]);
    if (match.kind !== 'function') throw new Error(`assertion failed: ${element} exists`);
    const array = ownCall('shoal_json_array', [Oid.any, Oid.text], [argument, binder.text(entry.name)], typeRef(argument.type.oid));
    const call = setCall(binder, match.candidate, [array], position, false);
    const column = binder.column('value', typeRef(argument.type.oid), scope);
    input = { kind: 'functionScan', calls: [call], ordinality: false, columns: [column] };
    value = columnRef(column);
  }
  const columns = definitions.map((definition) => binder.column(definition.name, resolveTypeName(binder, definition.type), scope));
  const expressions = columns.map((column): Expression => {
    const { oid, typmod } = column.type;
    const modifier = constant(BigInt(typmod), typeRef(Oid.int4));
    const args = [value, binder.text(column.name), modifier, binder.text(entry.name)];
    const field = ownCall('shoal_json_field', [Oid.any, Oid.text, Oid.int4, Oid.text], args, { oid, typmod });
    return coerceTo(binder, field, column.type, 'explicit') ?? field;
  });
  return { kind: 'project', input, columns, expressions };
}

function ownCall(name: string, types: readonly number[], args: readonly Expression[], type: TypeRef): Expression {
  return { kind: 'call', function: scalarNamed(name, types), args, type };
}
