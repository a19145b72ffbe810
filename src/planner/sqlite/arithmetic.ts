/**
 * + - * / % of PostgreSQL's integers as SQLite operators where that gives PostgreSQL's answers and errors: 22003 out of range, 22012 division by zero.
 * undefined: the call is left to its kernel.
 */
import type { Call, TypeRef } from '../../plan/expression.js';
import { Oid } from '../../types/registry.js';
import { checkedInteger, raise } from './connection-functions.js';
import { decimalArithmetic, decimalNegation } from './numeric.js';
import type { Scope } from './scope.js';
import { at, Level, type LevelValue, repeatable, type Spelled } from './spelled.js';

interface IntegerType {
  readonly name: 'int2' | 'int4' | 'int8';
  readonly low: bigint;
  readonly high: bigint;
  readonly message: string;
}
const integers: ReadonlyMap<number, IntegerType> = new Map<number, IntegerType>([
  [Oid.int2, { name: 'int2', low: -32768n, high: 32767n, message: 'smallint out of range' }],
  [Oid.int4, { name: 'int4', low: -2147483648n, high: 2147483647n, message: 'integer out of range' }],
  [Oid.int8, { name: 'int8', low: -9223372036854775808n, high: 9223372036854775807n, message: 'bigint out of range' }],
]);
const int64 = integers.get(Oid.int8) as IntegerType;

/** Bounds of an integer; undefined for other types. */
function integerRange(spelled: Spelled): readonly [bigint, bigint] | undefined {
  if (spelled.range !== undefined) return spelled.range;
  const type = integers.get(spelled.type.oid);
  return type === undefined ? undefined : [type.low, type.high];
}

const divisionByZero = raise('22012', 'division by zero');

function within(low: bigint, high: bigint, type: IntegerType): boolean {
  return low >= type.low && high <= type.high;
}

/** The result of an integer operation with the range check of its type, unless its bounds make it needless. */
function checked(text: string, level: LevelValue, operands: readonly Spelled[], low: bigint, high: bigint, type: TypeRef): Spelled {
  const integer = integers.get(type.oid) as IntegerType;
  const nullable = operands.some((operand) => operand.nullable);
  const weight = operands.reduce((sum, operand) => sum + operand.weight, 1);
  if (within(low, high, integer)) return { text, level, weight, type, nullable, range: [low, high] };
  const range: [bigint, bigint] = [low < integer.low ? integer.low : low, high > integer.high ? integer.high : high];
  if (!repeatable(...operands)) return { text: checkedInteger(integer.name, text), level: Level.atom, weight: weight + 100, type, nullable, range };
  const failure = raise('22003', integer.message);
  const inside = level > Level.relation ? text : `(${text})`;
  const test =
    integer === int64
      ? `typeof(${text}) = 'real'`
      : low >= integer.low
        ? `${inside} > ${String(integer.high)}`
        : high <= integer.high
          ? `${inside} < ${String(integer.low)}`
          : `${inside} NOT BETWEEN ${String(integer.low)} AND ${String(integer.high)}`;
  // A value beyond 63 bits is a REAL of that size, so that the comparisons hold for it, too.
  return { text: `CASE WHEN ${test} THEN ${failure} ELSE ${text} END`, level: Level.atom, weight: 2 * weight + 1, type, nullable, range };
}

function minimum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (b < a ? b : a));
}
function maximum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (b > a ? b : a));
}

function integerOperation(operator: '+' | '-' | '*' | '/' | '%', left: Spelled, right: Spelled, type: TypeRef): Spelled | undefined {
  const a = integerRange(left);
  const b = integerRange(right);
  if (a === undefined || b === undefined) return undefined;
  const nullable = left.nullable || right.nullable;
  switch (operator) {
    case '+':
      return checked(`${at(Level.sum, left)} + ${at(Level.product, right)}`, Level.sum, [left, right], a[0] + b[0], a[1] + b[1], type);
    case '-':
      return checked(`${at(Level.sum, left)} - ${at(Level.product, right)}`, Level.sum, [left, right], a[0] - b[1], a[1] - b[0], type);
    case '*': {
      const corners = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]];
      return checked(`${at(Level.product, left)} * ${at(Level.concat, right)}`, Level.product, [left, right], minimum(corners), maximum(corners), type);
    }
    case '/':
    case '%': {
      const low = integers.get(type.oid)?.low;
      if (low === undefined) return undefined;
      const plain = `${at(Level.product, left)} ${operator} ${at(Level.concat, right)}`;
      const mayOverflow = operator === '/' && a[0] <= low && b[0] <= -1n && b[1] >= -1n;
      // SQLite's % of the smallest int8 by -1 is 0, as PostgreSQL's.
      const mayBeZero = b[0] <= 0n && b[1] >= 0n;
      const bound = maximum([-a[0], a[1], a[0], -a[1]]);
      const range: [bigint, bigint] = operator === '/' ? [-bound, bound] : [a[0] < 0n ? a[0] : 0n, a[1] > 0n ? a[1] : 0n];
      const clipped: { readonly range?: [bigint, bigint] } = within(range[0], range[1], integers.get(type.oid) as IntegerType) ? { range } : {};
      const weight = left.weight + right.weight + 1;
      if (!mayOverflow && !mayBeZero) return { text: plain, level: Level.product, weight, type, nullable, ...clipped };
      if (!repeatable(left, right)) return undefined;
      const zero = left.nullable ? `${at(Level.relation, right)} = 0 AND ${at(Level.relation, left)} IS NOT NULL` : `${at(Level.relation, right)} = 0`;
      const branches = `${mayBeZero ? `WHEN ${zero} THEN ${divisionByZero} ` : ''}${
        mayOverflow
          ? `WHEN ${at(Level.relation, right)} = -1 AND ${at(Level.relation, left)} = ${String(low)} THEN ${raise('22003', (integers.get(type.oid) as IntegerType).message)} `
          : ''
      }`;
      return { text: `CASE ${branches}ELSE ${plain} END`, level: Level.atom, weight: 2 * weight + 2, type, nullable, ...clipped };
    }
  }
}

const integerName = /^int(?:2|4|8|24|42|28|82|48|84)(pl|mi|mul|div|mod)$/;
const symbols: ReadonlyMap<string, '+' | '-' | '*' | '/' | '%'> = new Map([
  ['pl', '+'],
  ['mi', '-'],
  ['mul', '*'],
  ['div', '/'],
  ['mod', '%'],
]);
const numericSymbols: ReadonlyMap<string, '+' | '-' | '*'> = new Map([
  ['numeric_add', '+'],
  ['numeric_sub', '-'],
  ['numeric_mul', '*'],
]);

/** The call as native arithmetic of integers and scaled integers; floats are spelled by their entries. */
export function arithmetic(scope: Scope, call: Call, args: readonly Spelled[]): Spelled | undefined {
  const { name } = call.function;
  const [left, right] = args;
  if (left === undefined) return undefined;
  if (right === undefined) {
    switch (name) {
      case 'int2um':
      case 'int4um':
      case 'int8um': {
        const range = integerRange(left);
        return range === undefined ? undefined : checked(`-${at(Level.atom, left)}`, Level.unary, [left], -range[1], -range[0], call.type);
      }
      case 'int2up':
      case 'int4up':
      case 'int8up':
      case 'float8up':
      case 'numeric_uplus':
        return left;
      case 'numeric_uminus':
        return decimalNegation(scope, left);
      default:
        return undefined;
    }
  }
  const numeric = numericSymbols.get(name);
  if (numeric !== undefined) return decimalArithmetic(scope, numeric, left, right);
  const integer = integerName.exec(name) ?? (name === 'mod' ? ['mod', 'mod'] : null);
  return integer === null ? undefined : integerOperation(symbols.get(integer[1]) as '+', left, right, call.type);
}

/** numeric(x) of an integer: a scaled integer of scale 0. */
export function integerAsDecimal(spelled: Spelled, type: TypeRef): Spelled | undefined {
  const range = integerRange(spelled);
  if (range === undefined) return undefined;
  const bound = maximum([-range[0], range[1]]);
  const { range: _, constant, ...rest } = spelled;
  const digits = String(bound < 0n ? 0n : bound).length;
  return { ...rest, type, decimal: { scale: 0, digits, nanLeaves: [], raw: false }, ...(constant === undefined ? {} : { constant: String(constant) }) };
}
