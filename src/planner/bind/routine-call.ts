/**
 * Calls of functions that the session carries out (proxy/session/routines): nodes which say so, for an expression or for rows. Made by user-function.ts when a body
 * cannot stand in the calling statement.
 */
import type { FunctionEntry, ScalarFunction, SetFunction } from '../../functions/function.js';
import { typeRef } from '../../plan/build.js';
import type { Expression, RoutineUse, SetCall } from '../../plan/expression.js';
import { Oid } from '../../types/oid.js';
import type { Binder } from './binder.js';
import type { FunctionCandidate } from './resolve.js';
import type { UserCall } from './user-function.js';

const scalars = new WeakMap<FunctionEntry, ScalarFunction>();

function scalarOf(candidate: FunctionCandidate): ScalarFunction {
  const { entry } = candidate;
  if (entry.kind !== 'scalar') throw new Error('assertion failed: a function of the database is entered as a scalar one');
  let made = scalars.get(entry);
  if (made === undefined) scalars.set(entry, (made = { ...entry, bySession: true }));
  return made;
}

function noted(binder: Binder, { definition }: UserCall): void {
  binder.bySession = true;
  if (definition.volatility === 'volatile') binder.volatile = true;
}

/** The call as a value: one node, or a row of several that show one call. */
export function routineValue(binder: Binder, candidate: FunctionCandidate, call: UserCall): Expression {
  noted(binder, call);
  const { shape, prepared, args } = call;
  const entry = scalarOf(candidate);
  const isWhole = shape.scalar || shape.type.oid !== Oid.record;
  const routine: RoutineUse = {
    oid: call.definition.oid,
    site: binder.cteId(),
    outputs: isWhole ? [prepared.result] : shape.outputs.map((output) => output.type),
    whole: isWhole,
  };
  if (isWhole) return { kind: 'call', function: entry, args, type: prepared.result, routine };
  return {
    kind: 'row',
    fields: shape.outputs.map((output, i): Expression => ({ kind: 'call', function: entry, args, type: output.type, routine: { ...routine, output: i } })),
    names: shape.outputs.map((output) => output.name),
    present: { kind: 'call', function: entry, args, type: typeRef(Oid.bool), routine: { ...routine, output: 'present' } },
    type: shape.type,
  };
}

/** The same call as one that is made for itself: `(f(x)).*` calls for each field, as in PostgreSQL. */
export function madeForItself(binder: Binder, e: Expression): Expression {
  return e.kind === 'call' && e.routine !== undefined ? { ...e, routine: { ...e.routine, site: binder.cteId() } } : e;
}

/** The call as rows of its outputs. */
export function routineRows(binder: Binder, candidate: FunctionCandidate, call: UserCall): SetCall {
  noted(binder, call);
  const { shape, args, definition } = call;
  const { name, args: declared, result, oid, strict, volatility } = scalarOf(candidate);
  const types = shape.outputs.map((output) => output.type);
  const entry: SetFunction = {
    kind: 'set',
    name,
    args: declared,
    result,
    strict,
    volatility,
    ...(oid === undefined ? {} : { oid }),
    columns: shape.outputs.map((output) => ({ name: output.name, type: output.type.oid })),
    rows: () => [],
  };
  return { function: entry, args, columnTypes: types, routine: { oid: definition.oid, site: binder.cteId(), outputs: types, whole: shape.scalar } };
}
