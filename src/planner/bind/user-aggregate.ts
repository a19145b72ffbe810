/**
 * Calls of aggregates that CREATE AGGREGATE made. Their rows are collected by array_agg over rows of the arguments, so that FILTER, DISTINCT, ORDER BY, frames of windows
 * and the distribution of tables are what they are for any aggregate; the session folds the array by the aggregate's functions (proxy/session/routines/fold-aggregate).
 */
import { inputsOf, scalarEntryOf, type UserFunction } from '../../catalog/user-function.js';
import { notSupported } from '../../common/errors.js';
import type { AggregateFunction, ScalarFunction } from '../../functions/function.js';
import { aggregateNamed } from '../../functions/registry.js';
import { constant, nullConst, typeRef } from '../../plan/build.js';
import type { AggregateCall, Expression, SortKey, WindowCall } from '../../plan/expression.js';
import { arrayTypeOf, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { type PreparedCall, useFunction } from './call.js';
import { ownerOid } from '../../catalog/privileges.js';

function rowOf(args: readonly Expression[]): Expression {
  return { kind: 'row', fields: args.length === 0 ? [nullConst(typeRef(Oid.text))] : args, type: typeRef(Oid.record) };
}

function collector(): Pick<AggregateCall, 'function' | 'type'> {
  return { function: aggregateNamed('array_agg', [Oid.anynonarray]), type: typeRef(arrayTypeOf(Oid.record)?.oid ?? Oid.record) };
}

/** ORDER BY of distinct rows: they are sorted as whole rows. */
function distinctOrder(row: Expression, args: readonly Expression[], orderBy: readonly SortKey[]): readonly SortKey[] {
  const [first] = orderBy;
  const descending = first?.descending ?? false;
  const nullsFirst = first?.nullsFirst ?? false;
  const asRows = orderBy.every((key, i) => key.expression === args[i] && key.descending === descending && key.nullsFirst === nullsFirst);
  if (!asRows || descending !== nullsFirst) throw notSupported('DISTINCT with such an ORDER BY in an aggregate of the database');
  return [{ expression: row, descending, nullsFirst }];
}

/** The call that collects the rows of an aggregate's arguments. */
export function collectingCall(call: AggregateCall): AggregateCall {
  const args = call.withinGroup ? call.orderBy.map((key) => key.expression) : call.args;
  const row = rowOf(args);
  // An ordered set's own functions sort: they get the rows as they come.
  const orderBy = call.withinGroup ? [] : call.distinct ? distinctOrder(row, args, call.orderBy) : call.orderBy;
  return { ...call, ...collector(), args: [row], orderBy, withinGroup: false };
}

/** The same for a window. */
export function collectingWindow(call: WindowCall): WindowCall {
  return { ...call, ...collector(), args: [rowOf(call.args)] };
}

const folding = new WeakMap<AggregateFunction, ScalarFunction>();

/** The aggregate's result over the array of its rows. */
export function foldedCall(
  binder: Binder,
  definition: UserFunction,
  entry: AggregateFunction,
  prepared: PreparedCall,
  rows: Expression,
  direct: readonly Expression[],
): Expression {
  const { aggregate } = definition;
  if (aggregate === undefined) throw new Error('assertion failed: an aggregate');
  binder.bySession = true;
  binder.usedFunctions?.add(definition.oid);
  useFunction(binder, definition.oid, definition.name, ownerOid(binder.context.catalog, definition.owner));
  let scalar = folding.get(entry);
  if (scalar === undefined) folding.set(entry, (scalar = { ...scalarEntryOf(definition), bySession: true }));
  const stateType = constant(prepared.resolve(aggregate.stateType), typeRef(Oid.int4));
  const types = inputsOf(definition).map((argument) => constant(prepared.resolve(argument.typeOid), typeRef(Oid.int4)));
  const call: Expression = {
    kind: 'call',
    function: scalar,
    args: [stateType, rows, ...direct, ...types.slice(aggregate.directArguments)],
    type: prepared.result,
    routine: { oid: definition.oid, site: binder.cteId(), outputs: [prepared.result], whole: true },
  };
  return binder.at(call, binder.positionOf(rows));
}
