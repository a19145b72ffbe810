/**
 * Numerics in SQLite text: scaled integers as long as that is exact, general TEXT with exact kernels otherwise.
 * Whether a scaled integer can hold a result is not provable from typmods alone in the common cases (a product of two numeric(15,2)), but SQLite tells: an integer
 * operation that leaves 63 bits gives a REAL. `seal` looks for that and raises SH002, upon which the statement is planned again with `exactNumeric`.
 */
import { assert } from '../../common/errors.js';
import { numericPlace } from '../../types/numeric-place.js';
import { Oid } from '../../types/registry.js';
import { numericType } from './constants.js';
import { comparisonKey, decimalText, exactInteger, replanExact } from './connection-functions.js';
import type { Scope } from './scope.js';
import { at, type Decimal, Level, repeatable, type Spelled } from './spelled.js';

/** Sums of decimals below this scale leave room for the integer part. */
const maxOptimisticScale = 12;
const safeDigits = 18;

export type DecimalSpelled = Spelled & { readonly decimal: Decimal };

export function isNumeric(spelled: Spelled): boolean {
  return spelled.type.oid === Oid.numeric;
}

function integerConstant(scope: Scope, value: bigint, scale: number): DecimalSpelled {
  const digits = String(value < 0n ? -value : value).length;
  const text = value === 0n || value === 1n ? String(value) : scope.parameters.constant(value);
  return { text, level: Level.atom, weight: 0, type: numericType, nullable: false, decimal: { scale, digits, nanLeaves: [], raw: false } };
}

function constantDigits(text: string): { readonly value: bigint; readonly scale: number } | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const fraction = match[3] ?? '';
  const digits = `${match[2] ?? ''}${fraction}`;
  return digits.replace(/^0+/, '').length <= safeDigits ? { value: BigInt(`${match[1] ?? ''}${digits}`), scale: fraction.length } : undefined;
}

/** As a scaled integer, when it is one or is a constant that fits. */
export function decimalForm(scope: Scope, spelled: Spelled): DecimalSpelled | undefined {
  if (spelled.decimal !== undefined) return spelled as DecimalSpelled;
  if (typeof spelled.constant !== 'string' || !isNumeric(spelled)) return undefined;
  const parsed = constantDigits(spelled.constant);
  return parsed === undefined ? undefined : { ...integerConstant(scope, parsed.value, parsed.scale), constant: spelled.constant };
}

/** A constant without trailing zeros after the point: for comparisons, where the scale does not show. */
function trimmed(scope: Scope, spelled: DecimalSpelled): DecimalSpelled {
  if (typeof spelled.constant !== 'string') return spelled;
  const parsed = constantDigits(spelled.constant);
  if (parsed === undefined) return spelled;
  let { value, scale } = parsed;
  while (scale > 0 && value % 10n === 0n) {
    value /= 10n;
    scale--;
  }
  return { ...integerConstant(scope, value, scale), constant: value === 0n || scale === 0 ? String(value) : spelled.constant };
}

/** At a larger scale. */
export function rescaled(scope: Scope, spelled: DecimalSpelled, scale: number): DecimalSpelled {
  const { decimal } = spelled;
  if (decimal.scale === scale) return spelled;
  assert(decimal.scale < scale, 'a decimal is only scaled up');
  const factor = 10n ** BigInt(scale - decimal.scale);
  if (typeof spelled.constant === 'string') {
    const parsed = constantDigits(spelled.constant);
    if (parsed !== undefined) return { ...integerConstant(scope, parsed.value * 10n ** BigInt(scale - parsed.scale), scale), constant: spelled.constant };
  }
  return {
    ...spelled,
    text: `${at(Level.product, spelled)} * ${String(factor)}`,
    level: Level.product,
    weight: spelled.weight + 1,
    decimal: { ...decimal, scale, digits: decimal.digits + scale - decimal.scale, raw: true, exact: decimal.exact ?? (() => generalForm(spelled)) },
  };
}

/** What must not be true of a raw decimal: an operand was NaN, or the result left 63 bits. */
function failures(spelled: DecimalSpelled): readonly string[] {
  const tests = [...new Set(spelled.decimal.nanLeaves)].map((leaf) => `${leaf} = 'NaN'`);
  if (spelled.decimal.digits > safeDigits) tests.push(`typeof(${spelled.text}) = 'real'`);
  return tests;
}

function guarded(spelled: DecimalSpelled, tests: readonly string[], otherwise: string, text: string): string {
  return tests.length === 0 ? text : `CASE WHEN ${tests.join(' OR ')} THEN ${otherwise} ELSE ${text} END`;
}

function isRaw(spelled: Spelled): spelled is DecimalSpelled {
  return spelled.decimal?.raw === true;
}

/** With the checks that arithmetic left out: SH002 where they fail. */
export function seal(spelled: Spelled): Spelled {
  if (!isRaw(spelled)) return spelled;
  const { decimal } = spelled;
  const sealed: Decimal = { scale: decimal.scale, digits: Math.min(decimal.digits, safeDigits + 1), nanLeaves: [], raw: false };
  const cannotRepeat = decimal.digits > safeDigits && !repeatable(spelled);
  const tests = failures(cannotRepeat ? { ...spelled, decimal: { ...decimal, digits: 0 } } : spelled);
  const value = cannotRepeat ? exactInteger(spelled.text) : spelled.text;
  if (tests.length === 0 && !cannotRepeat) return { ...spelled, decimal: sealed };
  const weight = cannotRepeat ? spelled.weight + 100 : 2 * spelled.weight + tests.length;
  return { ...spelled, text: guarded(spelled, tests, replanExact, value), level: Level.atom, weight, decimal: sealed };
}

/** As the client gets it: a scaled integer, or general TEXT where that does not hold the value. */
export function clientForm(spelled: Spelled): Spelled {
  if (!isRaw(spelled) || spelled.decimal.exact === undefined) return seal(spelled);
  const tests = failures(spelled);
  if (tests.length > 0 && !repeatable(spelled)) return spelled.decimal.exact();
  const { exact: _, ...decimal } = spelled.decimal;
  return { ...spelled, text: guarded(spelled, tests, spelled.decimal.exact().text, spelled.text), level: Level.atom, decimal: { ...decimal, raw: false } };
}

/** As general TEXT: what kernels and other types' conversions take. */
export function generalForm(spelled: Spelled): Spelled {
  if (spelled.decimal === undefined) return spelled;
  const toText = (text: string): string => {
    const { scale, digits } = spelled.decimal as Decimal;
    return scale === 0 && digits <= safeDigits ? `CAST(${text} AS TEXT)` : decimalText(text, scale);
  };
  const { decimal: _, ...rest } = spelled;
  if (isRaw(spelled) && spelled.decimal.exact !== undefined) {
    const tests = failures(spelled);
    const exact = spelled.decimal.exact();
    if (tests.length === 0) return { ...rest, text: toText(spelled.text), level: Level.atom, weight: rest.weight + 100 };
    if (!repeatable(spelled)) return exact;
    return { ...rest, text: guarded(spelled, tests, exact.text, toText(spelled.text)), level: Level.atom, weight: 2 * rest.weight + 100 };
  }
  const sealed = seal(spelled);
  return { ...rest, text: toText(sealed.text), level: Level.atom, weight: sealed.weight + 100 };
}

/** Exact mode takes no chances: only results that are sure to be integers. */
function fits(scope: Scope, { digits, scale, nanLeaves }: Decimal): boolean {
  return scope.exactNumeric ? digits <= safeDigits && nanLeaves.length === 0 : digits <= safeDigits || scale <= maxOptimisticScale;
}

function exactOf(spelled: DecimalSpelled): Spelled {
  return spelled.decimal.exact?.() ?? generalForm(spelled);
}

/** A result of two decimals; `kernel` computes the same over general numerics. */
function combine(
  left: DecimalSpelled,
  right: DecimalSpelled,
  text: string,
  level: Spelled['level'],
  decimal: Pick<Decimal, 'scale' | 'digits'> & { readonly exact: () => Spelled },
): DecimalSpelled {
  return {
    text,
    level,
    weight: left.weight + right.weight + 1,
    type: numericType,
    nullable: left.nullable || right.nullable,
    decimal: { ...decimal, nanLeaves: [...left.decimal.nanLeaves, ...right.decimal.nanLeaves], raw: true },
  };
}

/** + - * of scaled integers; undefined where they could not hold the result. */
export function decimalArithmetic(scope: Scope, operator: '+' | '-' | '*', leftSpelled: Spelled, rightSpelled: Spelled): Spelled | undefined {
  const left = decimalForm(scope, leftSpelled);
  const right = decimalForm(scope, rightSpelled);
  if (left === undefined || right === undefined) return undefined;
  if (operator === '*') {
    const product = combine(left, right, `${at(Level.product, left)} * ${at(Level.concat, right)}`, Level.product, {
      scale: left.decimal.scale + right.decimal.scale,
      digits: left.decimal.digits + right.decimal.digits,
      exact: () => scope.numericCall('numeric_mul', [exactOf(left), exactOf(right)]),
    });
    // A sum has few rows and may be large: the exact kernel costs less than planning again. (It has one digit more than is safe; products of a row's columns have many more.)
    const isSum = ({ decimal }: DecimalSpelled): boolean => decimal.digits === safeDigits + 1;
    const isLarge = product.decimal.digits > 24 && (isSum(left) || isSum(right));
    return fits(scope, product.decimal) && !isLarge ? product : undefined;
  }
  const scale = Math.max(left.decimal.scale, right.decimal.scale);
  const l = rescaled(scope, left, scale);
  const r = rescaled(scope, right, scale);
  const sum = combine(l, r, `${at(Level.sum, l)} ${operator} ${at(Level.product, r)}`, Level.sum, {
    scale,
    digits: Math.max(l.decimal.digits, r.decimal.digits) + 1,
    exact: () => scope.numericCall(operator === '+' ? 'numeric_add' : 'numeric_sub', [exactOf(left), exactOf(right)]),
  });
  return fits(scope, sum.decimal) ? sum : undefined;
}

export function decimalNegation(scope: Scope, operand: Spelled): Spelled | undefined {
  const decimal = decimalForm(scope, operand);
  if (decimal === undefined || !fits(scope, decimal.decimal)) return undefined;
  const exact = (): Spelled => scope.numericCall('numeric_uminus', [exactOf(decimal)]);
  const { constant: _, parameter: __, ...rest } = decimal;
  return { ...rest, text: `-${at(Level.atom, decimal)}`, level: Level.unary, weight: decimal.weight + 1, decimal: { ...decimal.decimal, raw: true, exact } };
}

/** abs() of a scaled integer. */
export function decimalAbsolute(scope: Scope, operand: Spelled): Spelled | undefined {
  const { decimal } = operand;
  if (decimal === undefined || !fits(scope, decimal)) return undefined;
  const exact = (): Spelled => scope.numericCall('numeric_abs', [exactOf(operand as DecimalSpelled)]);
  const { constant: _, parameter: __, ...rest } = operand;
  return { ...rest, text: `abs(${operand.text})`, level: Level.atom, weight: operand.weight + 1, decimal: { ...decimal, raw: true, exact } };
}

/**
 * Numerics of one list (operands of a comparison, branches of a CASE, rows of a set operation) in one representation: all scaled by the same power, or all general.
 * `loose`: values may show more trailing zeros than PostgreSQL's; else scales must be equal already.
 */
export function unifyNumerics(scope: Scope, list: readonly Spelled[], loose: boolean): readonly Spelled[] {
  const forms: DecimalSpelled[] = [];
  let scale = 0;
  for (const spelled of list) {
    let form = decimalForm(scope, spelled);
    if (form !== undefined && loose) form = trimmed(scope, form);
    // A bare NULL goes with any representation.
    if (form === undefined && spelled.text === 'NULL') form = { ...spelled, decimal: { scale: 0, digits: 0, nanLeaves: [], raw: false } };
    if (form === undefined) return list.map(generalForm);
    forms.push(form);
    scale = Math.max(scale, form.decimal.scale);
  }
  const isNull = (form: DecimalSpelled): boolean => form.text === 'NULL';
  if (!loose && forms.some((form) => !isNull(form) && form.decimal.scale !== scale)) return list.map(generalForm);
  if (scale > safeDigits && forms.some((form) => form.decimal.scale !== scale)) return list.map(generalForm);
  const unified = forms.map((form) => (isNull(form) ? { ...form, decimal: { ...form.decimal, scale } } : rescaled(scope, form, scale)));
  if (scope.exactNumeric && unified.some((form) => form.decimal.raw && !fits(scope, form.decimal))) return list.map(generalForm);
  return unified.map(seal);
}

/** Numerics to compare, as soon as one is a scaled integer: the others as their places among integers of its scale; undefined otherwise. */
export function comparableNumerics(scope: Scope, list: readonly Spelled[]): readonly Spelled[] | undefined {
  // The largest scale to which every scaled integer can be brought within 63 bits.
  let scale = -1;
  let limit = Infinity;
  for (const { decimal, constant } of list) {
    if (decimal === undefined || constant !== undefined) continue;
    scale = Math.max(scale, decimal.scale);
    limit = Math.min(limit, decimal.scale + Math.max(0, safeDigits - decimal.digits));
  }
  if (scale < 0) return undefined;
  scale = Math.min(scale, limit);
  const forms: Spelled[] = [];
  for (const spelled of list) {
    const { decimal, constant } = spelled;
    if (spelled.text === 'NULL') forms.push(spelled);
    else if (typeof constant === 'string') {
      const value = numericPlace(constant, scale);
      if (value === undefined) return undefined;
      forms.push({
        ...spelled,
        text: scope.parameters.constant(value),
        level: Level.atom,
        weight: 0,
        decimal: { scale, digits: safeDigits, nanLeaves: [], raw: false },
      });
    } else if (decimal !== undefined && decimal.scale <= scale && (!scope.exactNumeric || decimal.scale === scale)) {
      forms.push(seal(rescaled(scope, spelled as DecimalSpelled, scale)));
    } else if (scope.exactNumeric) return undefined;
    else {
      const text = comparisonKey(generalForm(spelled).text, scale);
      forms.push({ ...spelled, text, level: Level.atom, weight: spelled.weight + 1, decimal: { scale, digits: safeDigits, nanLeaves: [], raw: false } });
    }
  }
  return forms;
}

/** Of values in one representation (unifyNumerics): the representation of any of them. */
export function unifiedDecimal(list: readonly Spelled[]): Decimal | undefined {
  const first = list[0]?.decimal;
  if (first === undefined) return undefined;
  let digits = 0;
  const leaves: string[] = [];
  for (const { decimal } of list) {
    digits = Math.max(digits, decimal?.digits ?? 0);
    if (decimal !== undefined) leaves.push(...decimal.nanLeaves);
  }
  return { scale: first.scale, digits, nanLeaves: leaves, raw: false };
}
