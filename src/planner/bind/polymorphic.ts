/**
 * Polymorphic signatures (anyelement, anyarray, anycompatible, ...): whether actual types fit, and what the declared types then stand for.
 * Source: parse_coerce.c of PostgreSQL 15 (check_generic_type_consistency, enforce_generic_type_consistency).
 */
import { PgError } from '../../common/errors.js';
import { multirangeType, rangeType } from '../../types/range-types.js';
import { typeRef } from '../../plan/build.js';
import { arrayTypeOf, elementTypeOf, formatType, isArrayType, Oid, typeByOid } from '../../types/registry.js';
import { canCoerce, commonTypeOf } from './coercion.js';

export interface ResolvedSignature {
  readonly args: readonly number[];
  readonly result: number;
}

/** One family of pseudo-types (any... or anycompatible...) as far as the actual arguments have determined it. */
interface Determined {
  element: number | undefined;
  range: number | undefined;
  unknowns: boolean;
  used: boolean;
}

const rangeLike: ReadonlySet<number> = new Set([Oid.anyrange, Oid.anymultirange, Oid.anycompatiblerange]);

/**
 * What the declared types stand for, given the actual ones. undefined: the actual types do not fit. In mode 'enforce' misfits and undetermined types are 42804
 * (used after a function has been chosen); in mode 'check' undetermined types are let through.
 */
export function resolveSignature(
  actual: readonly number[],
  declared: readonly number[],
  result: number,
  mode: 'check' | 'enforce',
): ResolvedSignature | undefined {
  const misfit = (message: string, detail?: string): undefined => {
    if (mode === 'enforce') throw new PgError('42804', message, detail === undefined ? {} : { detail });
    return undefined;
  };
  const any: Determined = { element: undefined, range: undefined, unknowns: false, used: false };
  let array: number | undefined;
  let multirange: number | undefined;
  let nonArray = false;
  let compatibleUsed = false;
  let compatibleNonArray = false;
  const compatible: number[] = [];
  let compatibleRange: number | undefined;
  for (let i = 0; i < declared.length; i++) {
    const type = actual[i] as number;
    const wanted = declared[i] as number;
    switch (wanted) {
      case Oid.anyelement:
      case Oid.anynonarray:
      case Oid.anyenum:
        any.used = true;
        if (wanted === Oid.anynonarray) nonArray = true;
        if (type === Oid.unknown) any.unknowns = true;
        else if (wanted === Oid.anyenum && typeByOid(type)?.kind !== 'e') return misfit(`type ${formatType(type)} is not an enum type`);
        else if (any.element !== undefined && any.element !== type)
          return misfit('arguments declared "anyelement" are not all alike', `${formatType(any.element)} versus ${formatType(type)}`);
        else any.element = type;
        break;
      case Oid.anyarray:
        any.used = true;
        if (type === Oid.unknown) any.unknowns = true;
        else if (array !== undefined && array !== type)
          return misfit('arguments declared "anyarray" are not all alike', `${formatType(array)} versus ${formatType(type)}`);
        else array = type;
        break;
      case Oid.anyrange:
        any.used = true;
        if (type === Oid.unknown) any.unknowns = true;
        else if (any.range !== undefined && any.range !== type)
          return misfit('arguments declared "anyrange" are not all alike', `${formatType(any.range)} versus ${formatType(type)}`);
        else any.range = type;
        break;
      case Oid.anymultirange:
        any.used = true;
        if (type === Oid.unknown) any.unknowns = true;
        else if (multirange !== undefined && multirange !== type)
          return misfit('arguments declared "anymultirange" are not all alike', `${formatType(multirange)} versus ${formatType(type)}`);
        else multirange = type;
        break;
      case Oid.anycompatible:
      case Oid.anycompatiblenonarray:
        compatibleUsed = true;
        if (wanted === Oid.anycompatiblenonarray) compatibleNonArray = true;
        if (type !== Oid.unknown) compatible.push(type);
        break;
      case Oid.anycompatiblearray: {
        compatibleUsed = true;
        if (type === Oid.unknown) break;
        const element = elementTypeOf(type);
        if (element === undefined) return misfit(`argument declared ${formatType(wanted)} is not an array but type ${formatType(type)}`);
        compatible.push(typeRef(element.oid).oid);
        break;
      }
      case Oid.anycompatiblerange: {
        compatibleUsed = true;
        if (type === Oid.unknown) break;
        const subtype = rangeType(type)?.subtypeOid;
        if (subtype === undefined) return misfit(`argument declared ${formatType(wanted)} is not a range type but type ${formatType(type)}`);
        compatibleRange = type;
        compatible.push(subtype);
        break;
      }
      default:
        break;
    }
  }
  if (multirange !== undefined) {
    const range = multirangeType(multirange)?.rangeOid;
    if (range === undefined) return misfit(`argument declared anymultirange is not a multirange type but type ${formatType(multirange)}`);
    if (any.range !== undefined && any.range !== range) return misfit('argument declared anymultirange is not consistent with argument declared anyrange');
    any.range = range;
  }
  if (any.range !== undefined) {
    const subtype = rangeType(any.range)?.subtypeOid;
    if (subtype === undefined) return misfit(`argument declared anyrange is not a range type but type ${formatType(any.range)}`);
    if (any.element !== undefined && any.element !== subtype) {
      return misfit(
        'argument declared anyrange is not consistent with argument declared anyelement',
        `${formatType(any.range)} versus ${formatType(any.element)}`,
      );
    }
    any.element = subtype;
  }
  if (array !== undefined && array !== Oid.anyarray) {
    const element = elementTypeOf(array);
    if (element === undefined) return misfit(`argument declared anyarray is not an array but type ${formatType(array)}`);
    const elementOid = typeRef(element.oid).oid;
    if (any.element !== undefined && any.element !== elementOid) {
      return misfit('argument declared anyarray is not consistent with argument declared anyelement', `${formatType(array)} versus ${formatType(any.element)}`);
    }
    any.element = elementOid;
  }
  if (any.used && any.element === undefined && mode === 'enforce') return misfit('could not determine polymorphic type because input has type unknown');
  if (nonArray && any.element !== undefined && isArrayType(any.element))
    return misfit(`type matched to anynonarray is an array type: ${formatType(any.element)}`);

  let common: number | undefined;
  if (compatibleUsed) {
    common = compatible.length === 0 ? Oid.text : commonTypeOf(compatible);
    if (common === undefined || compatible.some((type) => !canCoerce(type, common as number, 'implicit'))) {
      const [first, ...rest] = compatible;
      const other = rest.find((type) => type !== first);
      return misfit(
        `arguments of anycompatible family cannot be cast to a common type`,
        first === undefined || other === undefined ? undefined : `${formatType(first)} versus ${formatType(other)}`,
      );
    }
    if (compatibleRange !== undefined && rangeType(compatibleRange)?.subtypeOid !== common)
      return misfit(`range type does not match common type ${formatType(common)}`);
    if (compatibleNonArray && isArrayType(common)) return misfit(`type matched to anycompatiblenonarray is an array type: ${formatType(common)}`);
  }
  const arrayOver = (element: number | undefined, name: string): number | undefined => {
    if (element === undefined) return undefined;
    const found = arrayTypeOf(element);
    if (found === undefined) {
      if (mode === 'enforce') throw new PgError('42704', `could not find array type for data type ${formatType(element)}`);
      return undefined;
    }
    void name;
    return found.oid;
  };
  let failed = false;
  const stands = (wanted: number, given: number): number => {
    let type: number | undefined;
    switch (wanted) {
      case Oid.anyelement:
      case Oid.anynonarray:
      case Oid.anyenum:
        type = any.element;
        break;
      case Oid.anyarray:
        type = array ?? arrayOver(any.element, 'anyarray');
        break;
      case Oid.anyrange:
        type = any.range;
        break;
      case Oid.anymultirange:
        type = multirange ?? (any.range === undefined ? undefined : rangeType(any.range)?.multirangeOid);
        break;
      case Oid.anycompatible:
      case Oid.anycompatiblenonarray:
        type = common;
        break;
      case Oid.anycompatiblearray:
        type = arrayOver(common, 'anycompatiblearray');
        break;
      case Oid.anycompatiblerange:
        type = compatibleRange;
        break;
      case Oid.any:
        return given;
      default:
        return wanted;
    }
    if (type === undefined) {
      // A literal that is to be a range of we do not know what: it is a candidate, but cannot be called.
      if (given === Oid.unknown && rangeLike.has(wanted)) {
        if (mode === 'enforce') throw new PgError('42804', `could not determine polymorphic type ${formatType(wanted)} because input has type unknown`);
        return given;
      }
      if (mode === 'check' && given !== 0) failed ||= any.element !== undefined || common !== undefined;
      return given;
    }
    return type;
  };
  const args = declared.map((wanted, i) => stands(wanted, actual[i] as number));
  return failed ? undefined : { args, result: result === Oid.any ? result : stands(result, 0) };
}
