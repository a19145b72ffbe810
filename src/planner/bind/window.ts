/**
 * Window calls: OVER with named and inline windows, frames, and what PostgreSQL refuses (42P20).
 * Source: transformWindowFuncCall, transformWindowDefinitions and transformFrameOffset of PostgreSQL 15.
 */
import type { AggregateFunction, WindowFunction } from '../../functions/function.js';
import { typeRef } from '../../plan/build.js';
import type { Expression, FrameBound, SortKey, TypeRef, WindowCall } from '../../plan/expression.js';
import { equalExpressions, equalLists, equalSortKeys, someExpression } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { formatType, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { noteUse, prepareArguments } from './call.js';
import type { Clause } from './clause.js';
import { clauseRules } from './clause.js';
import { coerceTo, unknownToText } from './coercion.js';
import { bindCondition, bindExpression, forbidVariables, inClause } from './expression.js';
import type { FunctionCandidate } from './resolve.js';
import type { Scope } from './scope.js';
import { bindSortKey } from './sort.js';
import { collectingWindow, foldedCall } from './user-aggregate.js';
import { definitionOf } from './user-function.js';

interface WindowDefinition {
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly SortKey[];
  readonly frame: WindowCall['frame'];
  readonly hasFrame: boolean;
}

const defaultFrame: WindowCall['frame'] = { mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' }, exclude: 'none' };

function namedWindow(binder: Binder, scope: Scope, name: string, position: number | undefined): ast.WindowSpecification {
  const found = scope.namedWindows.get(name);
  if (found === undefined) throw binder.error('42704', `window "${name}" does not exist`, position);
  return found;
}

/** Type of the offset of RANGE n PRECEDING over a sort column of that type. */
function rangeOffsetType(sort: number, offset: number): number | undefined {
  switch (sort) {
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
      return offset === Oid.unknown || offset === Oid.int2 || offset === Oid.int4 || offset === Oid.int8 ? (offset === Oid.unknown ? sort : offset) : Oid.int8;
    case Oid.float4:
    case Oid.float8:
      return Oid.float8;
    case Oid.numeric:
      return Oid.numeric;
    case Oid.date:
    case Oid.time:
    case Oid.timetz:
    case Oid.timestamp:
    case Oid.timestamptz:
    case Oid.interval:
      return Oid.interval;
    default:
      return undefined;
  }
}

function frameBound(binder: Binder, scope: Scope, bound: ast.FrameBound, mode: 'rows' | 'range' | 'groups', orderBy: readonly SortKey[]): FrameBound {
  if (bound.kind !== 'preceding' && bound.kind !== 'following') return { kind: bound.kind };
  const clause: Clause = mode === 'rows' ? 'windowRows' : mode === 'range' ? 'windowRange' : 'windowGroups';
  const construct = mode.toUpperCase();
  return inClause(scope, clause, () => {
    const value = bindExpression(binder, scope, bound.offset);
    let target: TypeRef = typeRef(Oid.int8);
    if (mode === 'range') {
      const sort = (orderBy[0] as SortKey).expression.type.oid;
      const oid = rangeOffsetType(sort, value.type.oid);
      if (oid === undefined) {
        throw binder.error('0A000', `RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${formatType(sort)}`, binder.positionOf(value));
      }
      target = typeRef(oid);
      const converted = coerceTo(binder, value, target, 'implicit');
      if (converted === undefined) {
        throw binder.error(
          '0A000',
          `RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${formatType(sort)} and offset type ${formatType(value.type.oid)}`,
          binder.positionOf(value),
          {
            hint: 'Cast the offset value to an appropriate type.',
          },
        );
      }
      forbidVariables(binder, scope, converted, construct);
      return { kind: bound.kind, offset: converted };
    }
    const converted = coerceTo(binder, value, target, 'assignment');
    if (converted === undefined) {
      throw binder.error('42804', `argument of ${construct} must be type bigint, not type ${formatType(value.type.oid)}`, binder.positionOf(value));
    }
    forbidVariables(binder, scope, converted, construct);
    return { kind: bound.kind, offset: converted };
  });
}

function refuseNestedWindows(binder: Binder, scope: Scope, expressions: readonly Expression[]): void {
  for (const expression of expressions) {
    someExpression(expression, (part) => {
      if (part.kind === 'column' && scope.windows.some((one) => one.id === part.id)) {
        throw binder.error('42P20', 'window functions are not allowed in window definitions', binder.positionOf(part));
      }
      return false;
    });
  }
}

function define(binder: Binder, scope: Scope, specification: ast.WindowSpecification, seen: readonly string[] = []): WindowDefinition {
  const { position } = specification;
  let base: WindowDefinition | undefined;
  if (specification.base !== undefined) {
    if (seen.includes(specification.base)) throw binder.error('42704', `window "${specification.base}" does not exist`, position);
    base = define(binder, scope, namedWindow(binder, scope, specification.base, position), [...seen, specification.base]);
    if (specification.partitionBy.length > 0) throw binder.error('42P20', `cannot override PARTITION BY clause of window "${specification.base}"`, position);
    if (specification.orderBy.length > 0 && base.orderBy.length > 0)
      throw binder.error('42P20', `cannot override ORDER BY clause of window "${specification.base}"`, position);
    if (base.hasFrame) {
      const bare = specification.name === undefined && specification.orderBy.length === 0 && specification.frame === undefined;
      throw binder.error(
        '42P20',
        `cannot copy window "${specification.base}" because it has a frame clause`,
        position,
        bare ? { hint: 'Omit the parentheses in this OVER clause.' } : {},
      );
    }
  }
  const partitionBy =
    base?.partitionBy ??
    inClause(scope, 'windowPartition', () => specification.partitionBy.map((node) => unknownToText(binder, bindExpression(binder, scope, node))));
  const orderBy =
    base !== undefined && base.orderBy.length > 0
      ? base.orderBy
      : inClause(scope, 'windowOrder', () =>
          specification.orderBy.map((item) => bindSortKey(binder, item, unknownToText(binder, bindExpression(binder, scope, item.expression)))),
        );
  refuseNestedWindows(binder, scope, [...partitionBy, ...orderBy.map((key) => key.expression)]);
  const { frame } = specification;
  if (frame === undefined) return { partitionBy, orderBy, frame: defaultFrame, hasFrame: false };
  const offsets = [frame.start.kind, frame.end.kind].some((kind) => kind === 'preceding' || kind === 'following');
  if (frame.mode === 'range' && offsets && orderBy.length !== 1) {
    throw binder.error('42P20', 'RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column', position);
  }
  if (frame.mode === 'groups' && orderBy.length === 0) throw binder.error('42P20', 'GROUPS mode requires an ORDER BY clause', position);
  return {
    partitionBy,
    orderBy,
    frame: {
      mode: frame.mode,
      start: frameBound(binder, scope, frame.start, frame.mode, orderBy),
      end: frameBound(binder, scope, frame.end, frame.mode, orderBy),
      exclude: frame.exclude === 'noOthers' ? 'none' : frame.exclude,
    },
    hasFrame: true,
  };
}

/** The WINDOW clause: names are checked, definitions are bound where they are used. */
export function declareWindows(binder: Binder, scope: Scope, windows: readonly ast.WindowSpecification[]): void {
  for (const window of windows) {
    const name = window.name as string;
    if (scope.namedWindows.has(name)) throw binder.error('42P20', `window "${name}" is already defined`, window.position);
    scope.namedWindows.set(name, window);
  }
}

/** Windows that no call uses are checked, too. */
export function checkWindows(binder: Binder, scope: Scope, windows: readonly ast.WindowSpecification[]): void {
  const declared = new Set<string>();
  for (const window of windows) {
    if (window.base !== undefined && !declared.has(window.base)) throw binder.error('42704', `window "${window.base}" does not exist`, window.position);
    define(binder, scope, window);
    declared.add(window.name as string);
  }
}

function sameWindow(a: WindowCall, b: WindowCall): boolean {
  const sameBound = (x: FrameBound, y: FrameBound): boolean =>
    x.kind === y.kind && (x.offset === undefined ? y.offset === undefined : y.offset !== undefined && equalExpressions(x.offset, y.offset));
  return (
    a.function === b.function &&
    equalLists(a.args, b.args) &&
    equalLists(a.partitionBy, b.partitionBy) &&
    equalSortKeys(a.orderBy, b.orderBy) &&
    a.frame.mode === b.frame.mode &&
    a.frame.exclude === b.frame.exclude &&
    sameBound(a.frame.start, b.frame.start) &&
    sameBound(a.frame.end, b.frame.end) &&
    (a.filter === undefined ? b.filter === undefined : b.filter !== undefined && equalExpressions(a.filter, b.filter))
  );
}

export function bindWindowCall(
  binder: Binder,
  scope: Scope,
  node: ast.FunctionCall,
  candidate: FunctionCandidate & { readonly entry: WindowFunction | AggregateFunction },
  actual: readonly Expression[],
): Expression {
  const { position } = node;
  const { entry } = candidate;
  const name = node.name.join('.');
  if (entry.kind === 'aggregate' && entry.orderedSet !== undefined)
    throw binder.error('42809', `WITHIN GROUP is required for ordered-set aggregate ${name}`, position);
  if (entry.kind === 'aggregate' && entry.args.length === 0 && !node.star)
    throw binder.error('42809', `${name}(*) must be used to call a parameterless aggregate function`, position);
  if (node.distinct) throw binder.error('0A000', 'DISTINCT is not implemented for window functions', position);
  if (node.orderBy.length > 0) throw binder.error('0A000', 'aggregate ORDER BY is not implemented for window functions', position);
  if (node.filter !== undefined && entry.kind === 'window')
    throw binder.error('0A000', 'FILTER is not implemented for non-aggregate window functions', position);
  const refused = clauseRules(scope.clause).windows;
  if (refused !== undefined) throw binder.error('42P20', `window functions are not allowed in ${refused}`, position);
  const prepared = prepareArguments(binder, candidate, actual, position);
  const own = entry.kind === 'aggregate' ? definitionOf(binder, entry) : undefined;
  if (own === undefined) noteUse(binder, entry, position);
  for (const argument of prepared.args) {
    someExpression(argument, (part) => {
      if (part.kind === 'column' && scope.windows.some((one) => one.id === part.id))
        throw binder.error('42P20', 'window function calls cannot be nested', binder.positionOf(part));
      if (part.kind === 'column' && scope.sets.some((set) => set.columns.some((column) => column.id === part.id))) {
        throw binder.error('0A000', 'window function calls cannot contain set-returning function calls', binder.positionOf(part), {
          hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
        });
      }
      return false;
    });
  }
  const filter = node.filter === undefined ? {} : { filter: bindCondition(binder, scope, node.filter, 'filter', 'FILTER') };
  const over = node.over as ast.WindowSpecification;
  const definition = define(binder, scope, over.name === undefined ? over : namedWindow(binder, scope, over.name, over.position ?? position));
  const plain: WindowCall = {
    function: entry,
    args: prepared.args,
    ...filter,
    partitionBy: definition.partitionBy,
    orderBy: definition.orderBy,
    frame: definition.frame,
    type: prepared.result,
  };
  const call = own === undefined ? plain : collectingWindow(plain);
  const equal = scope.windows.find((one) => sameWindow(one.call, call));
  const column = equal ?? binder.column(entry.name, call.type, scope);
  if (equal === undefined) scope.windows.push({ id: column.id, call });
  const result = binder.at({ kind: 'column' as const, id: column.id, name: entry.name, type: call.type }, position);
  return own === undefined || entry.kind !== 'aggregate' ? result : foldedCall(binder, own, entry, prepared, result, []);
}
