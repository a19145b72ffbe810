/**
 * Making of call nodes: argument conversion to the declared types, polymorphic results, defaults, variadic arrays, and the notes on what a function needs.
 */
import { isRestrictedFunction, securableFunction } from '../../catalog/privileges.js';
import { bootstrapRoleOid } from '../../catalog/role.js';
import { notSupported } from '../../common/errors.js';
import type { FunctionEntry, KernelValue, OperatorEntry, ScalarFunction } from '../../functions/function.js';
import { isImplemented, isPolymorphic } from '../../functions/registry.js';
import { constant, typeRef } from '../../plan/build.js';
import type { Call, Expression, TypeRef } from '../../plan/expression.js';
import { arrayTypeOf, formatType, Oid } from '../../types/registry.js';
import type { SqlValue } from '../../types/value.js';
import type { Binder } from './binder.js';
import { coerceType, unknownToText } from './coercion.js';
import { resolveSignature } from './polymorphic.js';
import { type FunctionCandidate, requireOperator } from './resolve.js';

/** Notes volatility and where the function must run; 0A000 for a function that nothing carries out. */
export function noteUse(binder: Binder, entry: FunctionEntry, position: number | undefined): void {
  if (entry.kind === 'scalar' || entry.kind === 'set') {
    if (entry.volatility === 'volatile') binder.volatile = true;
    if (entry.kind === 'scalar') {
      if (entry.needsWriter === true) binder.needsWriter = true;
      if (entry.bySession === true) binder.bySession = true;
    }
  }
  useFunction(binder, entry.oid, entry.name, bootstrapRoleOid);
  if (binder.context.acceptUnimplemented !== true && !isImplemented(entry)) {
    throw notSupported(`function ${entry.name}(${entry.args.map((oid) => formatType(oid)).join(', ')})`, position);
  }
}

/** Notes that the statement calls a function that not everybody may call. */
export function useFunction(binder: Binder, oid: number | undefined, name: string, owner: number, kind: 'function' | 'procedure' = 'function'): void {
  const { catalog, isInternal } = binder.context;
  if (oid === undefined || isInternal === true || (!isRestrictedFunction(oid) && catalog.aclOf('function', oid) === undefined)) return;
  binder.access.function(securableFunction({ oid, name, kind }, owner), binder.runsAs);
}

/** An argument as a value of the declared type. */
export function coerceArgument(binder: Binder, expression: Expression, declared: number): Expression {
  if (expression.type.oid === declared || declared === Oid.any) return expression;
  return coerceType(binder, expression, typeRef(declared), 'implicit');
}

/** A call of an operator on operands whose types are settled. */
function callOperator(binder: Binder, entry: OperatorEntry, operands: readonly Expression[], position: number | undefined): Call {
  const declared = entry.left === 0 ? [entry.right] : [entry.left, entry.right];
  let args: readonly number[] = declared;
  let result = entry.result;
  if (declared.some(isPolymorphic)) {
    const types = operands.map((operand) => operand.type.oid);
    // An unknown operand takes the other one's type.
    const [first, second] = types;
    if (types.length === 2 && first === Oid.unknown && second !== undefined && declared[0] === declared[1]) types[0] = second;
    if (types.length === 2 && second === Oid.unknown && first !== undefined && declared[0] === declared[1]) types[1] = first;
    const resolved = resolveSignature(types, declared, entry.result, 'enforce');
    if (resolved !== undefined) ({ args, result } = resolved);
  }
  noteUse(binder, entry.function, position);
  const call: Call = {
    kind: 'call',
    function: entry.function,
    operator: entry,
    args: operands.map((operand, i) => coerceArgument(binder, operand, args[i] as number)),
    type: typeRef(result),
  };
  return binder.at(call, position);
}

/** make_op(): resolves and calls; left undefined: prefix. */
export function makeOperator(binder: Binder, name: string, left: Expression | undefined, right: Expression, position: number | undefined): Call {
  const entry = requireOperator(binder, name, left === undefined ? 0 : left.type.oid, right.type.oid, position);
  return callOperator(binder, entry, left === undefined ? [right] : [left, right], position);
}

/** A kernel's value as the physical value of its type. */
function physicalDefault(value: KernelValue): SqlValue {
  return typeof value === 'boolean' ? Number(value) : value;
}

export interface PreparedCall {
  readonly args: readonly Expression[];
  readonly result: TypeRef;
  /** Declared types with polymorphic ones replaced, for column types of set functions. */
  readonly resolve: (type: number) => number;
}

const elementTypes: ReadonlySet<number> = new Set([Oid.anyelement, Oid.anynonarray]);

/** A result that is one of its arguments, or an array of them, is of their domain when they all are. */
function withDomain({ entry, args }: FunctionCandidate, actual: readonly Expression[], result: TypeRef): TypeRef {
  if (!elementTypes.has(entry.result) && entry.result !== Oid.anyarray) return result;
  const given = actual.filter((_, i) => isPolymorphic(args[i] ?? 0));
  const domain = given[0]?.type.domain;
  if (domain === undefined || !given.every((one, i) => one.type.domain === domain && elementTypes.has(args[i] ?? 0))) return result;
  if (entry.result !== Oid.anyarray) return { ...result, domain };
  const array = arrayTypeOf(domain);
  return array === undefined ? result : typeRef(array.oid);
}

/** Arguments in the order of the parameters, converted, defaults filled in; the result's type. */
export function prepareArguments(binder: Binder, candidate: FunctionCandidate, actual: readonly Expression[], position: number | undefined): PreparedCall {
  const { entry } = candidate;
  const types = actual.map((expression) => expression.type.oid);
  let declared = candidate.args;
  let { result } = entry;
  const resolve = (type: number): number => {
    if (!isPolymorphic(type) || type === Oid.any) return type;
    return resolveSignature(types, candidate.args, type, 'enforce')?.result ?? type;
  };
  if (declared.some(isPolymorphic)) {
    const resolved = resolveSignature(types, declared, result, 'enforce');
    if (resolved !== undefined) ({ args: declared, result } = resolved);
  }
  const converted = actual.map((expression, i) =>
    coerceArgument(binder, expression.kind === 'row' ? unknownToText(binder, expression) : expression, declared[i] as number),
  );
  let args: Expression[];
  if (candidate.order !== undefined) args = candidate.order.map((index) => (index < 0 ? undefined : converted[index])) as Expression[];
  else if (candidate.variadicCount > 0 && entry.args[entry.args.length - 1] !== Oid.any) {
    const fixed = converted.length - candidate.variadicCount;
    const element = declared[fixed] as number;
    const array = arrayTypeOf(element);
    if (array === undefined) throw binder.error('42704', `could not find array type for data type ${formatType(element)}`, position);
    args = [...converted.slice(0, fixed), { kind: 'array', elements: converted.slice(fixed), type: typeRef(array.oid) }];
  } else args = [...converted];
  if (candidate.defaultsUsed > 0 && (entry.kind === 'scalar' || entry.kind === 'set')) {
    const defaults = entry.defaults ?? [];
    const firstDefault = entry.args.length - defaults.length;
    for (let i = firstDefault; i < entry.args.length; i++) {
      if (args[i] === undefined) args[i] = constant(physicalDefault(defaults[i - firstDefault] as KernelValue), typeRef(entry.args[i] as number));
    }
  }
  return { args, result: withDomain(candidate, actual, typeRef(result)), resolve };
}

/** A call of a scalar function chosen by resolution. */
export function callFunction(
  binder: Binder,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  position: number | undefined,
  variadicCall = false,
): Call {
  const entry = candidate.entry as ScalarFunction;
  const { args, result } = prepareArguments(binder, candidate, actual, position);
  noteUse(binder, entry, position);
  const call: Call = {
    kind: 'call',
    function: entry,
    args,
    type: result,
    ...(variadicCall && entry.args.at(-1) === Oid.any ? { variadicArray: true as const } : {}),
  };
  return binder.at(call, position);
}
