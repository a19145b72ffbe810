/** Equality and order of values in SQLite text: native where SQLite's own are PostgreSQL's, through keys otherwise. */
import { placeOfTimestamp } from '../../types/numeric-place.js';
import { Oid, requireType, typeByOid } from '../../types/registry.js';
import { hasKeyFunction, keyCall } from './column-declaration.js';
import { comparableNumerics, generalForm, isNumeric, seal } from './numeric.js';
import type { Scope } from './scope.js';
import { at, Level, type LevelValue, type Spelled } from './spelled.js';

/** Types whose physical values compare with one another. */
function family(typeOid: number): string {
  switch (typeOid) {
    case Oid.float4:
    case Oid.float8:
      return 'float';
    case Oid.date:
      return 'date';
    case Oid.time:
      return 'time';
    case Oid.timestamp:
      return 'timestamp';
    case Oid.timestamptz:
      return 'timestamptz';
    case Oid.money:
      return 'money';
    case Oid.text:
    case Oid.varchar:
    case Oid.name:
    case Oid.unknown:
      return 'text';
    default: {
      const type = typeByOid(typeOid);
      return type?.physical === 'integer' && type.key === undefined ? 'integer' : String(typeOid);
    }
  }
}

/** True when values of the two types can be compared as they are, or key with key. */
export function comparable(left: number, right: number): boolean {
  if (left === right || family(left) === family(right)) return true;
  return (left === Oid.date && right === Oid.timestamp) || (left === Oid.timestamp && right === Oid.date);
}

/** True for types that compare by a key (a numeric that is a scaled integer does not). */
export function needsKey(spelled: Spelled): boolean {
  return spelled.decimal === undefined && hasKeyFunction(spelled.type.oid);
}

/** INTEGER, TEXT, REAL or BLOB text whose SQLite order and equality are PostgreSQL's. */
export function keyOf(scope: Scope, spelled: Spelled): Spelled {
  if (spelled.decimal !== undefined) return seal(spelled);
  const { oid } = spelled.type;
  if (!hasKeyFunction(oid) || spelled.text === 'NULL') return spelled;
  const { constant } = spelled;
  if (constant !== undefined) {
    const key = requireType(oid).key?.(constant);
    if (key !== undefined && key !== null) return { ...spelled, text: scope.parameters.constant(typeof key === 'number' ? BigInt(key) : key), weight: 0 };
  }
  return { ...spelled, text: keyCall(oid, spelled.text), level: Level.atom, weight: spelled.weight + (oid === Oid.bpchar ? 1 : 100) };
}

/** Padded to a bpchar column's length, where equality is then that of the texts. */
function padded(scope: Scope, spelled: Spelled, length: number): Spelled | undefined {
  const { constant } = spelled;
  if (typeof constant === 'string') {
    const bare = constant.replace(/ +$/, '');
    const missing = length - Array.from(bare).length;
    return { ...spelled, text: scope.parameters.constant(bare + ' '.repeat(Math.max(0, missing))) };
  }
  if (spelled.parameter !== undefined) return { ...spelled, text: `printf('%-!${String(length)}s', rtrim(${spelled.text}))`, weight: 2 };
  return undefined;
}

const headerSize = 4;

/** A timestamp among dates: the day, or a REAL halfway to the next one; infinities are those of date. */
function dayPlace(scope: Scope, spelled: Spelled): Spelled {
  const { constant } = spelled;
  const text = typeof constant === 'bigint' ? scope.parameters.constant(placeOfTimestamp(constant)) : `shoal_day_place(${spelled.text})`;
  return { ...spelled, text, level: Level.atom, weight: spelled.weight + 1 };
}

/** Operands of a comparison of a date with a timestamp. */
function dateWithTimestamp(scope: Scope, left: Spelled, right: Spelled): readonly [Spelled, Spelled] | undefined {
  if (left.type.oid === Oid.date && right.type.oid === Oid.timestamp) return [left, dayPlace(scope, right)];
  if (left.type.oid === Oid.timestamp && right.type.oid === Oid.date) return [dayPlace(scope, left), right];
  return undefined;
}

/** Operands of an equality (`order` false) or of an ordering, in one comparable form. The first is the one that an index may serve. */
export function comparableForms(scope: Scope, list: readonly Spelled[], order: boolean): readonly Spelled[] {
  const first = list[0];
  if (first === undefined) return list;
  if (list.length === 2) {
    const dates = dateWithTimestamp(scope, first, list[1] as Spelled);
    if (dates !== undefined) return dates;
  }
  if (isNumeric(first)) {
    return (
      comparableNumerics(scope, list) ?? list.map((spelled) => keyOf(scope, spelled.constant === undefined ? generalForm(spelled) : generalConstant(spelled)))
    );
  }
  if (first.type.oid === Oid.bpchar && !order) {
    const lengths = new Set(list.filter((spelled) => spelled.constant === undefined && spelled.parameter === undefined).map((spelled) => spelled.type.typmod));
    const typmod = lengths.size === 1 ? ([...lengths][0] as number) : -1;
    if (typmod >= headerSize) {
      const direct = list.map((spelled) =>
        spelled.constant === undefined && spelled.parameter === undefined ? spelled : padded(scope, spelled, typmod - headerSize),
      );
      if (direct.every((spelled) => spelled !== undefined)) return direct;
    }
  }
  return list.map((spelled) => keyOf(scope, spelled));
}

/** A constant in general form: its key is computed now. */
function generalConstant(spelled: Spelled): Spelled {
  const { decimal: _, ...general } = spelled;
  return general;
}

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** `left op right`, three-valued. */
export function compare(
  scope: Scope,
  operator: Comparison,
  left: Spelled,
  right: Spelled,
): { readonly text: string; readonly level: LevelValue; readonly weight: number } {
  const equality = operator === '=' || operator === '<>';
  const [l, r] = comparableForms(scope, [left, right], !equality) as [Spelled, Spelled];
  const level = equality ? Level.equality : Level.relation;
  return { text: `${at((level + 1) as LevelValue, l)} ${operator} ${at((level + 1) as LevelValue, r)}`, level, weight: l.weight + r.weight + 1 };
}
