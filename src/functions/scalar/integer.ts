/**
 * Integer arithmetic, bit operations and the integer casts. PostgreSQL raises 22003 where C would wrap and 22012 for a division by zero; the native spelling
 * covers the common case and leaves the rest (and the errors) to the kernel.
 */
import { byteOfChar, charOfByte } from '../../types/text.js';
import { PgError } from '../../common/errors.js';
import type { Kernel, SpelledArgument } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';

const int8Min = -(2n ** 63n);
const int8Max = 2n ** 63n - 1n;

export function smallintOutOfRange(): PgError {
  return new PgError('22003', 'smallint out of range');
}
export function integerOutOfRange(): PgError {
  return new PgError('22003', 'integer out of range');
}
export function bigintOutOfRange(): PgError {
  return new PgError('22003', 'bigint out of range');
}
export function divisionByZeroError(): PgError {
  return new PgError('22012', 'division by zero');
}

/** A number as int2, or 22003. */
function checkInt2(value: number): number {
  if (value < -32768 || value > 32767) throw smallintOutOfRange();
  return value;
}
function checkInt4(value: number): number {
  if (value < -2147483648 || value > 2147483647) throw integerOutOfRange();
  return value;
}
export function checkInt8(value: bigint): bigint {
  if (value < int8Min || value > int8Max) throw bigintOutOfRange();
  return value;
}

type Width = 2 | 4 | 8;
const widths: readonly Width[] = [2, 4, 8];

/** The result type of mixed arithmetic is the wider one. */
function wider(left: Width, right: Width): Width {
  return left > right ? left : right;
}

const range: Readonly<Record<2 | 4, string>> = { 2: 'BETWEEN -32768 AND 32767', 4: 'BETWEEN -2147483648 AND 2147483647' };

function bothSimple(args: readonly SpelledArgument[]): args is readonly [SpelledArgument, SpelledArgument] {
  return args.length === 2 && args[0]?.simple === true && args[1]?.simple === true;
}

/** `+`, `-` or `*` in SQLite: an int8 result that overflows is a REAL there. */
function spellArithmetic(sign: string, width: Width): ScalarImplementation['sqlite'] {
  return (args, kernel) => {
    if (!bothSimple(args)) return undefined;
    const [left, right] = args;
    const value = `${left.text} ${sign} ${right.text}`;
    const fits = width === 8 ? `typeof(${value}) = 'integer'` : `${value} ${range[width]}`;
    return `(CASE WHEN ${fits} THEN ${value} ELSE ${kernel}(${left.text}, ${right.text}) END)`;
  };
}

/** Division and modulo: the divisors 0 and -1 go to the kernel. */
function spellDivision(sign: string): ScalarImplementation['sqlite'] {
  return (args, kernel) => {
    if (!bothSimple(args)) return undefined;
    const [left, right] = args;
    return `(CASE WHEN ${right.text} NOT IN (0, -1) THEN ${left.text} ${sign} ${right.text} ELSE ${kernel}(${left.text}, ${right.text}) END)`;
  };
}

type Operation = 'pl' | 'mi' | 'mul' | 'div';

function narrow(operation: Operation, width: 2 | 4): (a: number, b: number) => number {
  const check = width === 2 ? checkInt2 : checkInt4;
  switch (operation) {
    case 'pl':
      return (a, b) => check(a + b);
    case 'mi':
      return (a, b) => check(a - b);
    case 'mul':
      return (a, b) => check(a * b + 0);
    case 'div':
      return (a, b) => {
        if (b === 0) throw divisionByZeroError();
        return check(Math.trunc(a / b) + 0);
      };
  }
}

function wide(operation: Operation): (a: bigint, b: bigint) => bigint {
  switch (operation) {
    case 'pl':
      return (a, b) => checkInt8(a + b);
    case 'mi':
      return (a, b) => checkInt8(a - b);
    case 'mul':
      return (a, b) => checkInt8(a * b);
    case 'div':
      return (a, b) => {
        if (b === 0n) throw divisionByZeroError();
        return checkInt8(a / b);
      };
  }
}

const signs: Readonly<Record<Operation, string>> = { pl: '+', mi: '-', mul: '*', div: '/' };

function arithmetic(operation: Operation, left: Width, right: Width): ScalarImplementation {
  const width = wider(left, right);
  const sqlite = operation === 'div' ? spellDivision('/') : spellArithmetic(signs[operation], width);
  let kernel: Kernel;
  if (width !== 8) {
    const compute = narrow(operation, width);
    kernel = (_, a, b) => compute(a as number, b as number);
  } else {
    const compute = wide(operation);
    kernel = (_, a, b) => compute(BigInt(a as bigint | number), BigInt(b as bigint | number));
  }
  return { kernel, ...(sqlite === undefined ? {} : { sqlite }) };
}

const implementations: Record<string, ScalarImplementation> = {};

for (const operation of ['pl', 'mi', 'mul', 'div'] as const) {
  for (const left of widths) {
    for (const right of widths) implementations[`int${left}${left === right ? '' : right}${operation}`] = arithmetic(operation, left, right);
  }
}

/** A bit operation of SQLite over any width. */
function bits(sign: '&' | '|'): ScalarImplementation {
  return {
    kernel: (_, a, b) =>
      typeof a === 'bigint'
        ? sign === '&'
          ? a & (b as bigint)
          : a | (b as bigint)
        : sign === '&'
          ? (a as number) & (b as number)
          : (a as number) | (b as number),
    sqlite: ([left, right]) => (left === undefined || right === undefined ? undefined : `(${left.text} ${sign} ${right.text})`),
  };
}

const extreme: Readonly<Record<Width, string>> = { 2: '-32768', 4: '-2147483648', 8: '-9223372036854775808' };

for (const width of widths) {
  const type = `int${width}`;
  const check = width === 2 ? checkInt2 : checkInt4;
  const least = width === 8 ? '(-9223372036854775807 - 1)' : extreme[width];
  implementations[`${type}um`] = {
    kernel: (_, a) => (typeof a === 'bigint' ? checkInt8(-a) : check(0 - (a as number))),
    sqlite: ([value], kernel) =>
      value?.simple === true ? `(CASE WHEN ${value.text} <> ${least} THEN -${value.text} ELSE ${kernel}(${value.text}) END)` : undefined,
  };
  implementations[`${type}up`] = { kernel: (_, a) => a, sqlite: ([value]) => value?.text };
  implementations[`${type}abs`] = {
    kernel: (_, a) => (typeof a === 'bigint' ? (a < 0n ? checkInt8(-a) : a) : check(Math.abs(a as number))),
    sqlite: ([value], kernel) =>
      value?.simple === true ? `(CASE WHEN ${value.text} <> ${least} THEN abs(${value.text}) ELSE ${kernel}(${value.text}) END)` : undefined,
  };
  implementations[`${type}mod`] = {
    kernel: (_, a, b) => {
      if (typeof a === 'bigint') {
        if (b === 0n) throw divisionByZeroError();
        return a % (b as bigint);
      }
      if (b === 0) throw divisionByZeroError();
      return ((a as number) % (b as number)) + 0;
    },
    sqlite: spellDivision('%') as NonNullable<ScalarImplementation['sqlite']>,
  };
  implementations[`${type}and`] = bits('&');
  implementations[`${type}or`] = bits('|');
  implementations[`${type}xor`] = {
    kernel: (_, a, b) => (typeof a === 'bigint' ? a ^ (b as bigint) : (a as number) ^ (b as number)),
    sqlite: (args) => (bothSimple(args) ? `((${args[0].text} | ${args[1].text}) - (${args[0].text} & ${args[1].text}))` : undefined),
  };
  implementations[`${type}not`] = {
    kernel: (_, a) => (typeof a === 'bigint' ? ~a : ~(a as number)),
    sqlite: ([value]) => (value === undefined ? undefined : `(~${value.text})`),
  };
  implementations[`${type}shl`] = { kernel: (_, a, b) => shiftLeft(width, a as number | bigint, b as number) };
  implementations[`${type}shr`] = { kernel: (_, a, b) => shiftRight(width, a as number | bigint, b as number) };
}

/** C's shift on the type's register: the count is taken modulo 32 or 64, and the result cut to the width. */
function shiftLeft(width: Width, value: number | bigint, count: number): number | bigint {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value << BigInt(count & 63));
  const shifted = value << (count & 31);
  return width === 2 ? (shifted << 16) >> 16 : shifted;
}

function shiftRight(_width: Width, value: number | bigint, count: number): number | bigint {
  return typeof value === 'bigint' ? value >> BigInt(count & 63) : value >> (count & 31);
}

function gcdOf(a: bigint, b: bigint): bigint {
  let left = a < 0n ? -a : a;
  let right = b < 0n ? -b : b;
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

function lcmOf(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n;
  const value = (a / gcdOf(a, b)) * b;
  return value < 0n ? -value : value;
}

const identity: NonNullable<ScalarImplementation['sqlite']> = ([value]) => value?.text;

function narrowing(width: 2 | 4): ScalarImplementation {
  const check = width === 2 ? checkInt2 : checkInt4;
  return {
    kernel: (_, a) => check(Number(a)),
    sqlite: ([value], kernel) =>
      value?.simple === true ? `(CASE WHEN ${value.text} ${range[width]} THEN ${value.text} ELSE ${kernel}(${value.text}) END)` : undefined,
  };
}

export const integerFunctions: ScalarImplementations = {
  ...implementations,
  int4gcd: pure((a: number, b: number) => checkInt4(Number(gcdOf(BigInt(a), BigInt(b))))),
  int8gcd: pure((a: bigint, b: bigint) => checkInt8(gcdOf(a, b))),
  int4lcm: pure((a: number, b: number) => checkInt4(Number(lcmOf(BigInt(a), BigInt(b))))),
  int8lcm: pure((a: bigint, b: bigint) => checkInt8(lcmOf(a, b))),
  int4inc: pure((a: number) => checkInt4(a + 1)),
  int8inc: pure((a: bigint) => checkInt8(a + 1n)),
  int8inc_any: pure((a: bigint) => checkInt8(a + 1n)),
  int8dec_any: pure((a: bigint) => checkInt8(a - 1n)),
  int8inc_float8_float8: pure((a: bigint) => checkInt8(a + 1n)),
  int8dec: pure((a: bigint) => checkInt8(a - 1n)),
  i2toi4: { kernel: (_, a) => a, sqlite: identity },
  i4toi2: narrowing(2),
  int28: { kernel: (_, a) => BigInt(a as number), sqlite: identity },
  int48: { kernel: (_, a) => BigInt(a as number), sqlite: identity },
  int82: narrowing(2),
  int84: narrowing(4),
  oidtoi8: { kernel: (_, a) => BigInt(a as number), sqlite: identity },
  i8tooid: {
    kernel: (_, a) => {
      const value = a as bigint;
      if (value < 0n || value > 4294967295n) throw new PgError('22003', 'OID out of range');
      return Number(value);
    },
  },
  to_hex32: pure((a: number) => (a >>> 0).toString(16)),
  to_hex64: pure((a: bigint) => BigInt.asUintN(64, a).toString(16)),
  int4_bool: { kernel: (_, a) => a !== 0, sqlite: ([value]) => (value === undefined ? undefined : `(${value.text} <> 0)`) },
  bool_int4: { kernel: (_, a) => (a === true ? 1 : 0), sqlite: identity },
  chartoi4: pure((a: string) => (byteOfChar(a) << 24) >> 24),
  i4tochar: pure((a: number) => {
    if (a < -128 || a > 127) throw new PgError('22003', '"char" out of range');
    return charOfByte(a & 255);
  }),
};
