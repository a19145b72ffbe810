/**
 * Constant folding: immutable functions of constants are computed by their kernels, and AND, OR, NOT, CASE, COALESCE over constants are simplified.
 * What fails when it is computed is left as it is, for it may still turn out not to be needed.
 */
import { PgError } from '../../../common/errors.js';
import type { EvaluationContext } from '../../../functions/function.js';
import { kernelOf, operatorFor } from '../../../functions/registry.js';
import { toKernel, toSql } from '../../../functions/values.js';
import { constant, falseConst, isTrue, nullConst, trueConst, typeRef } from '../../../plan/build.js';
import type { Call, Case, Cast, Const, Expression, Logical } from '../../../plan/expression.js';
import type { LogicalNode } from '../../../plan/logical.js';
import { equalExpressions, mapChildren, mapNodeExpressions, rewritePlan, somePlanExpression } from '../../../plan/walk.js';
import { Oid, typeByOid } from '../../../types/registry.js';
import { canonicalContext, type SqlValue } from '../../../types/value.js';
import { isVolatile } from '../analysis.js';

const { catalog: _none, ...canonical } = canonicalContext;

/** Immutable functions do not look at it, beyond the canonical text forms. */
const context: EvaluationContext = {
  ...canonical,
  transactionMicros: 0n,
  statementMicros: 0n,
  sessionUser: '',
  currentUser: '',
  database: '',
  applicationName: '',
  backendPid: 0,
  searchPath: [],
  settings: new Map(),
};

/** Types whose text form depends on no setting. */
const settingFree: ReadonlySet<number> = new Set<number>([
  Oid.bool,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.oid,
  Oid.numeric,
  Oid.text,
  Oid.varchar,
  Oid.bpchar,
  Oid.name,
  Oid.uuid,
  Oid.json,
  Oid.jsonb,
]);

function isFalse(node: Expression): boolean {
  return node.kind === 'const' && node.value !== null && node.type.oid === Oid.bool && Number(node.value) === 0;
}

function isNullConst(node: Expression): boolean {
  return node.kind === 'const' && node.value === null;
}

/** Throws what the function throws. */
function computeCall(node: Call): Expression {
  const { function: entry, args } = node;
  if (entry.volatility !== 'immutable' || entry.needsWriter === true || entry.bySession === true) return node;
  // PostgreSQL calls age(timestamptz, timestamptz) immutable, but it depends on the session's time zone.
  if (entry.name === 'age' && entry.args[0] === Oid.timestamptz) return node;
  if (entry.strict && args.some(isNullConst) && !args.some(isVolatile)) return nullConst(node.type);
  if (args.length === 0 || !args.every((argument) => argument.kind === 'const') || node.type.oid === Oid.record) return node;
  const kernel = kernelOf(entry, { args: args.map((argument) => argument.type.oid), result: node.type.oid, variadicArray: node.variadicArray === true });
  if (kernel === undefined) return node;
  return constant(toSql(kernel(context, ...args.map((argument) => toKernel(argument.value, argument.type.oid)))), node.type);
}

function isRow(e: Expression): boolean {
  return e.type.oid === Oid.record || typeByOid(e.type.oid)?.kind === 'c';
}

function isUnsigned(oid: number): boolean {
  return oid === Oid.oid || (typeByOid(oid)?.name.startsWith('reg') ?? false);
}

/** Throws what the cast throws. */
function computeCast(node: Cast): Expression {
  const { argument, type } = node;
  if (argument.kind !== 'const' || node.method === 'domain' || type.oid === Oid.record) return node;
  if (argument.value === null) return nullConst(type);
  const target = typeByOid(type.oid);
  const source = typeByOid(argument.type.oid);
  if (target === undefined || source === undefined) return node;
  let value: SqlValue = argument.value;
  switch (node.method) {
    case 'binary':
    case 'typmod':
      break;
    case 'io':
      if (!settingFree.has(source.oid) || !settingFree.has(target.oid)) return node;
      value = target.parse(source.format(argument.value, argument.type.typmod, canonicalContext), -1, canonicalContext);
      break;
    case 'function': {
      const entry = node.function;
      if (entry?.volatility !== 'immutable' || entry.args.length !== 1) return node;
      const kernel = kernelOf(entry, { args: [argument.type.oid], result: type.oid, variadicArray: false });
      if (kernel === undefined) return node;
      value = toSql(kernel(context, toKernel(value, argument.type.oid)));
      break;
    }
    case 'array':
      return node;
  }
  // Between int4 and the types that are OIDs the sign changes with the cast.
  if (typeof value !== 'string' && typeof value !== 'object' && (value < 0 || value > 2147483647)) {
    if (isUnsigned(type.oid) !== isUnsigned(argument.type.oid) && type.oid !== Oid.int8) return node;
  }
  if (type.typmod >= 0) {
    if (target.elementOid !== undefined && target.category === 'A') return node;
    if (target.coerceTypmod !== undefined) value = target.coerceTypmod(value, type.typmod, node.explicit);
  }
  return constant(value, type);
}

function unlessFailing<T extends Expression>(node: T, compute: (node: T) => Expression): Expression {
  try {
    return compute(node);
  } catch {
    return node;
  }
}

const microsPerDay = 86_400_000_000n;
const mirrored: ReadonlyMap<string, string> = new Map([
  ['<', '>'],
  ['<=', '>='],
  ['>', '<'],
  ['>=', '<='],
  ['=', '='],
  ['<>', '<>'],
]);

/** date against a constant timestamp as date against date: an index or the least and greatest values of a shard can then be used. */
function dateComparison(node: Call): Expression {
  const comparison = node.operator?.comparison;
  const [a, b] = node.args;
  if (comparison === undefined || a === undefined || b === undefined) return node;
  const swapped = a.kind === 'const' && a.type.oid === Oid.timestamp && b.type.oid === Oid.date;
  if (!swapped && !(b.kind === 'const' && b.type.oid === Oid.timestamp && a.type.oid === Oid.date)) return node;
  const [date, moment] = (swapped ? [b, a] : [a, b]) as [Expression, Const];
  let name = swapped ? (mirrored.get(comparison) as string) : comparison;
  const micros = moment.value === null ? undefined : BigInt(moment.value as number | bigint);
  // Infinities and far years are left alone.
  if (micros === undefined || micros > 250_000_000_000_000_000n || micros < -200_000_000_000_000_000n) return node;
  const remainder = ((micros % microsPerDay) + microsPerDay) % microsPerDay;
  const days = (micros - remainder) / microsPerDay;
  if (remainder !== 0n) {
    // Within a day: before it is up to that day, from it on is after that day.
    if (name === '<') name = '<=';
    else if (name === '>=') name = '>';
    else if (name === '=' || name === '<>') return node;
  }
  const operator = operatorFor(name, Oid.date, Oid.date);
  if (operator === undefined) return node;
  return { ...node, function: operator.function, operator, args: [date, constant(Number(days), typeRef(Oid.date))] };
}

/** AND and OR: flat, without neutral constants and duplicates; decided by an absorbing one. */
function foldLogical(node: Logical): Expression {
  const and = node.kind === 'and';
  const absorbing = and ? isFalse : isTrue;
  const neutral = and ? isTrue : isFalse;
  const args: Expression[] = [];
  let changed = false;
  // Comparing each with each would not end for generated lists of thousands.
  const deduplicate = node.args.length <= 100;
  for (const argument of node.args) {
    if (argument.kind === node.kind) {
      args.push(...argument.args);
      changed = true;
    } else if (absorbing(argument)) return and ? falseConst : trueConst;
    else if (neutral(argument) || (deduplicate && !isVolatile(argument) && args.some((other) => equalExpressions(other, argument)))) changed = true;
    else args.push(argument);
  }
  const [first] = args;
  if (first === undefined) return and ? trueConst : falseConst;
  if (args.length === 1) return first;
  return changed ? { ...node, args } : node;
}

function foldCase(node: Case): Expression {
  const branches: Case['branches'][number][] = [];
  let { otherwise } = node;
  for (const branch of node.branches) {
    if (isFalse(branch.when) || isNullConst(branch.when)) continue;
    if (isTrue(branch.when)) {
      otherwise = branch.then;
      break;
    }
    branches.push(branch);
  }
  if (branches.length === 0) return otherwise;
  return branches.length === node.branches.length ? node : { ...node, branches, otherwise };
}

/** One node whose parts are folded already. */
function foldNode(node: Expression): Expression {
  switch (node.kind) {
    case 'call': {
      const folded = unlessFailing(node, computeCall);
      return folded.kind === 'call' ? dateComparison(folded) : folded;
    }
    case 'cast':
      return unlessFailing(node, computeCast);
    case 'and':
    case 'or':
      return foldLogical(node);
    case 'not': {
      const { argument } = node;
      if (isTrue(argument)) return falseConst;
      if (isFalse(argument)) return trueConst;
      if (isNullConst(argument)) return nullConst(node.type);
      if (argument.kind === 'not') return argument.argument;
      // (Of a row neither IS NULL nor IS NOT NULL may hold.)
      if (argument.kind === 'isNull' && isRow(argument.argument) && argument.plain !== true) return node;
      if (argument.kind === 'isNull' || argument.kind === 'isBoolean' || argument.kind === 'isDistinct') return { ...argument, negated: !argument.negated };
      return node;
    }
    case 'isNull':
      if (isRow(node.argument) && node.plain !== true) return node;
      return node.argument.kind === 'const' ? ((node.argument.value === null) !== node.negated ? trueConst : falseConst) : node;
    case 'isBoolean': {
      if (node.argument.kind !== 'const') return node;
      const is = node.test === 'true' ? isTrue(node.argument) : node.test === 'false' ? isFalse(node.argument) : isNullConst(node.argument);
      return is !== node.negated ? trueConst : falseConst;
    }
    case 'case':
      return foldCase(node);
    case 'coalesce': {
      const args: Expression[] = [];
      for (const argument of node.args) {
        if (isNullConst(argument)) continue;
        args.push(argument);
        if (argument.kind === 'const') break;
      }
      const [first] = args;
      if (first === undefined) return nullConst(node.type);
      if (args.length === 1) return first;
      return args.length === node.args.length ? node : { ...node, args };
    }
    default:
      return node;
  }
}

/** Folds an expression, its subqueries' plans included. */
export function foldExpression(expression: Expression): Expression {
  return foldNode(mapChildren(expression, foldExpression, foldConstants));
}

export function foldConstants(plan: LogicalNode): LogicalNode {
  const folded = rewritePlan(plan, (node) => mapNodeExpressions(node, foldShallow));
  return folded;
}

/** rewritePlan has been in the subqueries already. */
function foldShallow(expression: Expression): Expression {
  return foldNode(mapChildren(expression, foldShallow));
}

/**
 * Raises the error of a constant expression that cannot be computed (1 / 0), as PostgreSQL's planner does whether or not a row comes to it. Called when the rules have
 * taken away what is not needed.
 */
export function refuseFailingConstants(plan: LogicalNode): void {
  somePlanExpression(plan, (node) => {
    try {
      if (node.kind === 'cast') computeCast(node);
      else if (node.kind === 'call' && node.args.length > 0 && node.args.every((argument) => argument.kind === 'const')) computeCall(node);
    } catch (error) {
      // Anything else is left to the execution.
      if (error instanceof PgError && error.code.startsWith('22')) throw error;
    }
    return false;
  });
}
