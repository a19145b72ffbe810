/**
 * Expressions as SQLite text. Booleans are 0, 1 or NULL; every value has its type's physical form, numerics in one of the two representations of numeric.ts.
 */
import { assertNever, notSupported } from '../../common/errors.js';
import { callSignature, isImplemented, scalarNamed, sqliteFunctionName } from '../../functions/registry.js';
import type { ScalarFunction, SpelledArgument } from '../../functions/function.js';
import type { Call, Conditional, Expression, InList, RowConstructor, TypeRef } from '../../plan/expression.js';
import { declaredOid } from '../../plan/build.js';
import { elementTypeOf, formatType, isArrayType, Oid, typeByOid } from '../../types/registry.js';
import { arithmetic } from './arithmetic.js';
import { castOf } from './cast.js';
import { comparable, comparableForms, compare, needsKey, type Comparison } from './comparison.js';
import { arrayElement, arrayOf, arraySlice, compositeOf, nestedArrayOf, raise, recordOf, rowNulls } from './connection-functions.js';
import { booleanOf, constantOf, parameterOf } from './constants.js';
import { decimalAbsolute, generalForm, isNumeric, seal, unifiedDecimal, unifyNumerics } from './numeric.js';
import { argumentOf, whenPresent } from './record-argument.js';
import type { Scope } from './scope.js';
import { anyNullable, at, balanced, isOneCall, Level, type LevelValue, repeatable, type Spelled, totalWeight } from './spelled.js';
import { arrayComparison, subquery } from './subquery.js';

export function writeExpression(scope: Scope, e: Expression): Spelled {
  switch (e.kind) {
    case 'const':
      return constantOf(scope, e.value, e.type);
    case 'param':
      return parameterOf(scope, e.index, e.type);
    case 'column': {
      const binding = scope.binding(e.id);
      return binding.type.oid === e.type.oid ? binding : { ...binding, type: e.type };
    }
    case 'call':
      if (e.routine !== undefined) throw notSupported(`function ${e.function.name} in this place`);
      return callOf(scope, e);
    case 'cast':
      return castOf(scope, e, scope.expression(e.argument), (argument) =>
        e.function === undefined
          ? argument
          : kernelCall(e.function, [argument, ...extraCastArguments(e.function, e.type, e.explicit)], { oid: e.type.oid, typmod: -1 }),
      );
    case 'and':
    case 'or': {
      const args = e.args.map((arg) => scope.expression(arg));
      const level = e.kind === 'and' ? Level.and : Level.or;
      const texts = args.map((arg) => at((level + 1) as LevelValue, arg));
      return booleanOf(balanced(texts, e.kind === 'and' ? ' AND ' : ' OR '), level, totalWeight(args) + args.length, anyNullable(args));
    }
    case 'not':
      return negation(scope.expression(e.argument));
    case 'isNull':
      return nullTest(scope, e.argument, e.negated, e.plain === true);
    case 'isBoolean': {
      const argument = scope.expression(e.argument);
      const value = e.test === 'unknown' ? 'NULL' : e.test === 'true' ? '1' : '0';
      return booleanOf(`${at(Level.relation, argument)} IS${e.negated ? ' NOT' : ''} ${value}`, Level.equality, argument.weight + 1, false);
    }
    case 'isDistinct': {
      const forms = comparableForms(scope, [scope.expression(e.left), scope.expression(e.right)], false) as [Spelled, Spelled];
      const text = `${at(Level.relation, forms[0])} IS ${e.negated ? '' : 'NOT '}${at(Level.relation, forms[1])}`;
      return booleanOf(text, Level.equality, totalWeight(forms) + 1, false);
    }
    case 'case': {
      const whens = e.branches.map((branch) => scope.expression(branch.when));
      const thens = [...e.branches.map((branch) => branch.then), e.otherwise].map((then) => scope.expression(then));
      return caseOf(whens, unifyBranches(scope, thens, false), e.type);
    }
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'nullif':
      return conditional(scope, e, false);
    case 'inList':
      return inList(scope, e);
    case 'arrayComparison':
      return arrayComparison(scope, e);
    case 'subquery':
      return subquery(scope, e, (operator, left, right) => operatorOf(scope, operator, left, right));
    case 'array': {
      const elements = e.elements.map((element) => generalForm(scope.expression(element)));
      const texts = elements.map((element) => element.text);
      const nested = elements.some((element) => isArrayType(element.type.oid));
      const text = nested ? nestedArrayOf(e.type.oid, texts) : arrayOf(elementTypeOf(e.type.oid)?.oid ?? Oid.text, texts);
      return { text, level: Level.atom, weight: totalWeight(elements) + 100, type: e.type, nullable: false };
    }
    case 'subscript': {
      const array = scope.expression(e.array);
      const slice = e.subscripts.some((subscript) => subscript.slice);
      if (!slice) {
        const subscripts = e.subscripts.map((subscript) => scope.expression(subscript.upper ?? (subscript.lower as Expression)));
        const text = arrayElement(
          array.text,
          array.type.oid,
          subscripts.map((subscript) => subscript.text),
        );
        return { text, level: Level.atom, weight: array.weight + totalWeight(subscripts) + 100, type: e.type, nullable: true };
      }
      // A plain subscript among slices means 1:n. A bound that is left out is marked by an empty text, as a NULL bound makes the slice NULL.
      const bound = (expression: Expression | undefined): string => (expression === undefined ? "''" : scope.expression(expression).text);
      const bounds = e.subscripts.flatMap((subscript) =>
        subscript.slice ? [bound(subscript.lower), bound(subscript.upper)] : ['1', bound(subscript.upper ?? subscript.lower)],
      );
      return { text: arraySlice(array.text, array.type.oid, bounds), level: Level.atom, weight: array.weight + 100, type: e.type, nullable: true };
    }
    case 'row': {
      const fields = e.fields.map((field) => generalForm(scope.expression(field)));
      const texts = fields.map((field) => field.text);
      const text =
        e.type.oid === Oid.record
          ? recordOf(
              fields.map((field) => field.type.oid),
              e.names,
              texts,
            )
          : compositeOf(e.type.oid, texts);
      return whenPresent(scope, e, { text, level: Level.atom, weight: totalWeight(fields) + 100, type: e.type, nullable: false });
    }
    default:
      return assertNever(e);
  }
}

/** A numeric whose scale may differ by trailing zeros: CASE and its kin may then mix constants with columns and stay scaled integers. */
export function writeLooseNumeric(scope: Scope, e: Expression): Spelled {
  if (e.type.oid === Oid.numeric) {
    if (e.kind === 'case') {
      const whens = e.branches.map((branch) => scope.expression(branch.when));
      const thens = [...e.branches.map((branch) => branch.then), e.otherwise].map((then) => scope.looseNumeric(then));
      return caseOf(whens, unifyBranches(scope, thens, true), e.type);
    }
    if (e.kind === 'coalesce') return conditional(scope, e, true);
  }
  return scope.expression(e);
}

function negation(argument: Spelled): Spelled {
  return booleanOf(`NOT ${at(Level.equality, argument)}`, Level.not, argument.weight + 1, argument.nullable);
}

function nullTest(scope: Scope, e: Expression, negated: boolean, plain = false): Spelled {
  if (e.kind === 'row' && plain && e.present !== undefined) return nullTest(scope, e.present, negated);
  if (e.kind === 'row' && plain) return booleanOf(negated ? '1' : '0', Level.atom, 0, false);
  if (e.kind === 'row') {
    const tests = e.fields.map((field) => nullTest(scope, field, negated, true));
    return tests.length === 0
      ? booleanOf('1', Level.atom, 0, false)
      : booleanOf(tests.map((test) => at(Level.not, test)).join(' AND '), Level.and, totalWeight(tests) + 1, false);
  }
  if (!plain && (e.type.oid === Oid.record || typeByOid(e.type.oid)?.kind === 'c')) {
    const row = scope.expression(e);
    const state = rowNulls(row.text, e.type.oid);
    return booleanOf(`${state} ${negated ? 'IN (0, 3)' : '>= 2'}`, Level.equality, row.weight + 100, false);
  }
  const argument = seal(scope.expression(e));
  return booleanOf(`${at(Level.relation, argument)} IS ${negated ? 'NOT ' : ''}NULL`, Level.equality, argument.weight + 1, false);
}

/** Branch values in one representation. */
function unifyBranches(scope: Scope, branches: readonly Spelled[], loose: boolean): readonly Spelled[] {
  return branches.some(isNumeric) ? unifyNumerics(scope, branches, loose) : branches;
}

function numericResult(branches: readonly Spelled[], text: string): Pick<Spelled, 'decimal'> {
  const decimal = unifiedDecimal(branches);
  if (decimal === undefined) return {};
  return { decimal: { ...decimal, nanLeaves: decimal.nanLeaves.length === 0 ? [] : [text] } };
}

/** `thens` has one value more than `whens`: ELSE. */
function caseOf(whens: readonly Spelled[], thens: readonly Spelled[], type: TypeRef): Spelled {
  const otherwise = thens.at(-1) as Spelled;
  const text = `CASE ${whens.map((when, i) => `WHEN ${when.text} THEN ${(thens[i] as Spelled).text}`).join(' ')} ELSE ${otherwise.text} END`;
  return { text, level: Level.atom, weight: totalWeight(whens) + totalWeight(thens) + 1, type, nullable: anyNullable(thens), ...numericResult(thens, text) };
}

function conditional(scope: Scope, e: Conditional, loose: boolean): Spelled {
  const written = e.args.map((arg) => (loose ? scope.looseNumeric(arg) : scope.expression(arg)));
  switch (e.kind) {
    case 'coalesce': {
      const args = unifyBranches(scope, written, loose);
      const first = args[0] as Spelled;
      if (args.length === 1 || !first.nullable) return { ...first, type: e.type };
      const text = `coalesce(${args.map((arg) => arg.text).join(', ')})`;
      return {
        text,
        level: Level.atom,
        weight: totalWeight(args) + 1,
        type: e.type,
        nullable: args.every((arg) => arg.nullable),
        ...numericResult(args, text),
      };
    }
    case 'nullif': {
      const [left, right] = written as [Spelled, Spelled];
      const value = seal(left);
      const equal =
        e.operator === undefined ? booleanOf(compare(scope, '=', left, right).text, Level.equality, 0, true) : operatorOf(scope, e.operator, left, right);
      const { constant: _, range: __, parameter: ___, ...rest } = value;
      const text = `CASE WHEN ${equal.text} THEN NULL ELSE ${value.text} END`;
      return { ...rest, type: e.type, text, level: Level.atom, weight: 2 * left.weight + right.weight + 2, nullable: true, ...numericResult([value], text) };
    }
    case 'greatest':
    case 'least':
      return extreme(scope, unifyBranches(scope, written, false), e.kind, e.type);
  }
}

/** greatest and least leave NULLs out. */
function extreme(scope: Scope, args: readonly Spelled[], kind: 'greatest' | 'least', type: TypeRef): Spelled {
  const [first] = args;
  if (first === undefined || args.length === 1) return { ...(first as Spelled), type };
  const nullable = args.every((arg) => arg.nullable);
  if (!args.some(needsKey) && comparableAll(args)) {
    const name = kind === 'greatest' ? 'max' : 'min';
    const texts = args.map((arg, i) =>
      arg.nullable ? `coalesce(${[...args.slice(i), ...args.slice(0, i)].map((other) => other.text).join(', ')})` : arg.text,
    );
    const weight = totalWeight(args) * (anyNullable(args) ? args.length : 1) + args.length;
    const text = `${name}(${texts.join(', ')})`;
    return { text, level: Level.atom, weight, type, nullable, ...numericResult(args, text) };
  }
  const last = args.at(-1) as Spelled;
  const rest = extreme(scope, args.slice(0, -1), kind, type);
  const better = compare(scope, kind === 'greatest' ? '>=' : '<=', rest, last);
  const text = `CASE WHEN ${at(Level.relation, rest)} IS NULL THEN ${last.text} WHEN ${at(Level.relation, last)} IS NULL OR ${better.text} THEN ${rest.text} ELSE ${last.text} END`;
  return { text, level: Level.atom, weight: 3 * (rest.weight + last.weight) + 3, type, nullable };
}

function comparableAll(args: readonly Spelled[]): boolean {
  return args.every((arg) => comparable((args[0] as Spelled).type.oid, arg.type.oid));
}

/** A kernel or native spelling by entry, over general physical values. */
function kernelCall(entry: ScalarFunction, args: readonly Spelled[], type: TypeRef, variadicArray = false): Spelled {
  const general = args.map(generalForm);
  const weight = totalWeight(general) + (entry.volatility === 'volatile' ? Infinity : 100);
  const spell = entry.sqlite as ((args: readonly SpelledArgument[], kernel: string) => string | undefined) | undefined;
  const native = spell?.(
    general.map((arg) => ({ text: at(Level.atom, arg), typeOid: arg.type.oid, simple: repeatable(arg) })),
    sqliteFunctionName(entry),
  );
  if (native !== undefined)
    return { text: /^\w*\(/.test(native) && isOneCall(native) ? native : `(${native})`, level: Level.atom, weight: weight - 90, type, nullable: true };
  if (!isImplemented(entry)) throw notSupported(`function ${entry.name}`);
  const texts = general.map((arg) => arg.text);
  if (entry.typed === true) texts.unshift(`'${callSignature({ args: general.map((arg) => arg.type.oid), result: type.oid, variadicArray })}'`);
  return { text: `${sqliteFunctionName(entry)}(${texts.join(', ')})`, level: Level.atom, weight, type, nullable: true };
}

/** Cast functions that take the modifier (and whether the cast is explicit) besides the value. */
function extraCastArguments(entry: ScalarFunction, type: TypeRef, explicit: boolean): readonly Spelled[] {
  const integer = (value: string, oid: number): Spelled => ({ text: value, level: Level.atom, weight: 0, type: { oid, typmod: -1 }, nullable: false });
  const extra: Spelled[] = [];
  if (entry.args.length > 1) extra.push(integer(String(type.typmod), Oid.int4));
  if (entry.args.length > 2) extra.push(integer(explicit ? '1' : '0', Oid.bool));
  return extra;
}

function callOf(scope: Scope, e: Call): Spelled {
  if (e.operator !== undefined && e.args.length === 2) {
    const [left, right] = e.args as [Expression, Expression];
    if (e.operator.comparison !== undefined) {
      if (left.kind === 'row' && right.kind === 'row' && (e.operator.comparison === '=' || e.operator.comparison === '<>'))
        return rowEquality(scope, e.operator.comparison, left, right);
      const written = comparison(scope, e.operator.comparison, left, right);
      if (written !== undefined) return written;
    }
  }
  const args = e.args.map((arg) => argumentOf(scope, e.function, arg));
  return arithmetic(scope, e, args) ?? nativeCall(scope, e, args) ?? kernelCall(e.function, args, e.type, e.variadicArray === true);
}

/** A few functions that the representations make simpler than their entries could know. */
function nativeCall(scope: Scope, e: Call, args: readonly Spelled[]): Spelled | undefined {
  const [first] = args;
  const like = likeCall(scope, e, args);
  if (like !== undefined) return like;
  return e.function.name === 'abs' && first !== undefined ? decimalAbsolute(scope, first) : undefined;
}

const likeNames: ReadonlyMap<string, boolean> = new Map([
  ['textlike', false],
  ['textnlike', true],
  ['bpcharlike', false],
  ['bpcharnlike', true],
]);

/** LIKE with a constant pattern as GLOB, which minds the case and may use an index. undefined: an escape that GLOB does not have. */
function globPattern(pattern: string): string | undefined {
  let glob = '';
  for (let i = 0; i < pattern.length; i++) {
    let c = pattern.charAt(i);
    if (c === '%') glob += '*';
    else if (c === '_') glob += '?';
    else {
      if (c === '\\') {
        if (++i >= pattern.length) return undefined;
        c = pattern.charAt(i);
      }
      glob += c === '*' || c === '?' || c === '[' ? `[${c}]` : c;
    }
  }
  return glob;
}

function likeCall(scope: Scope, e: Call, args: readonly Spelled[]): Spelled | undefined {
  const negated = likeNames.get(e.function.name);
  const [value, pattern] = args;
  if (negated === undefined || value === undefined || typeof pattern?.constant !== 'string') return undefined;
  const glob = globPattern(pattern.constant);
  if (glob === undefined) return undefined;
  return booleanOf(
    `${at(Level.relation, value)} ${negated ? 'NOT GLOB' : 'GLOB'} ${scope.parameters.constant(glob)}`,
    Level.equality,
    value.weight + 1,
    value.nullable,
  );
}

function comparison(scope: Scope, operator: Comparison, left: Expression, right: Expression): Spelled | undefined {
  if (!comparable(left.type.oid, right.type.oid)) return undefined;
  const l = scope.looseNumeric(left);
  const r = scope.looseNumeric(right);
  const { text, level, weight } = compare(scope, operator, l, r);
  return booleanOf(text, level, weight, l.nullable || r.nullable);
}

/** Why two rows cannot be compared from that field on, which is found out when all fields before are equal. */
function dissimilar(left: RowConstructor, right: RowConstructor): { readonly from: number; readonly message: string } | undefined {
  const width = Math.min(left.fields.length, right.fields.length);
  for (let i = 0; i < width; i++) {
    const [a, b] = [declaredOid((left.fields[i] as Expression).type), declaredOid((right.fields[i] as Expression).type)];
    if (a === b) continue;
    return { from: i, message: `cannot compare dissimilar column types ${formatType(a)} and ${formatType(b)} at record column ${String(i + 1)}` };
  }
  if (left.fields.length === right.fields.length) return undefined;
  return { from: width, message: 'cannot compare record types with different numbers of columns' };
}

/** record_eq(): NULL equals NULL within a row; a row that is missing in an outer join makes NULL. */
function rowEquality(scope: Scope, operator: '=' | '<>', left: RowConstructor, right: RowConstructor): Spelled {
  const refused = dissimilar(left, right);
  const tests = left.fields.slice(0, refused?.from).map((field, i) => {
    const [a, b] = comparableForms(scope, [scope.expression(field), scope.expression(right.fields[i] as Expression)], false) as [Spelled, Spelled];
    return booleanOf(`${at(Level.relation, a)} IS ${at(Level.relation, b)}`, Level.equality, a.weight + b.weight + 1, false);
  });
  const weight = totalWeight(tests) + tests.length;
  const all = booleanOf(tests.map((test) => at(Level.not, test)).join(' AND ') || '1', tests.length > 1 ? Level.and : Level.equality, weight, false);
  const decided = operator === '=' ? all : negation(all);
  const refusing = refused === undefined ? '' : `CASE WHEN ${all.text} THEN ${raise('42804', refused.message)} ELSE ${operator === '=' ? '0' : '1'} END`;
  const result = refused === undefined ? decided : booleanOf(refusing, Level.atom, weight + 1, false);
  const present = [left, right].flatMap((row) => (row.present === undefined || row.present.kind === 'const' ? [] : [row.present]));
  if (present.length === 0) return result;
  const there = present.map((one) => `${at(Level.relation, scope.expression(one))} IS NOT NULL`).join(' AND ');
  return booleanOf(`CASE WHEN ${there} THEN ${result.text} END`, Level.atom, weight + 2, true);
}

/** An operator over written operands. */
export function operatorOf(scope: Scope, operator: Call['operator'] & object, left: Spelled, right: Spelled): Spelled {
  if (operator.comparison !== undefined && comparable(left.type.oid, right.type.oid)) {
    const { text, level, weight } = compare(scope, operator.comparison, left, right);
    return booleanOf(text, level, weight, left.nullable || right.nullable);
  }
  return kernelCall(operator.function, [left, right], { oid: operator.result, typmod: -1 });
}

function inList(scope: Scope, e: InList): Spelled {
  const left = scope.looseNumeric(e.left);
  const items = e.list.map((item) => scope.looseNumeric(item));
  const { comparison: role } = e.operator;
  const isIn = e.quantifier === 'any' && role === '=';
  const isNotIn = e.quantifier === 'all' && role === '<>';
  if ((isIn || isNotIn) && items.every((item) => comparable(left.type.oid, item.type.oid))) {
    const [l, ...list] = comparableForms(scope, [left, ...items], false) as [Spelled, ...Spelled[]];
    const only = list[0] as Spelled;
    const nullable = left.nullable || anyNullable(items);
    if (list.length === 1)
      return booleanOf(`${at(Level.relation, l)} ${isIn ? '=' : '<>'} ${at(Level.relation, only)}`, Level.equality, l.weight + only.weight + 1, nullable);
    const text = `${at(Level.relation, l)} ${isIn ? 'IN' : 'NOT IN'} (${list.map((item) => item.text).join(', ')})`;
    return booleanOf(text, Level.equality, totalWeight([l, ...list]) + 1, nullable);
  }
  const tests = items.map((item) => operatorOf(scope, e.operator, left, item));
  const level = e.quantifier === 'any' ? Level.or : Level.and;
  const text = balanced(
    tests.map((test) => at((level + 1) as LevelValue, test)),
    e.quantifier === 'any' ? ' OR ' : ' AND ',
  );
  return booleanOf(text, tests.length === 1 ? Level.or : level, totalWeight(tests) + 1, true);
}

/** numeric_div and the like by name, for the writer's own arithmetic. */
export function numericFunction(name: string, args: readonly Spelled[]): Spelled {
  return kernelCall(
    scalarNamed(
      name,
      args.map(() => Oid.numeric),
    ),
    args,
    { oid: Oid.numeric, typmod: -1 },
  );
}
