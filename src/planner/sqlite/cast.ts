/** Changes of type: relabelling, native conversions where they are exact, else the connection's conversion functions. */
import { PgError } from '../../common/errors.js';
import type { Cast, TypeRef } from '../../plan/expression.js';
import { isArrayType, Oid, requireType, typeByOid } from '../../types/registry.js';
import { firstUserOid } from '../../types/user-types.js';
import { isDecimalTypmod } from '../../types/numeric-codec.js';
import { integerAsDecimal } from './arithmetic.js';
import { arrayCast, asRecord, coerced, domainChecked, throughText } from './connection-functions.js';
import { constantOf } from './constants.js';
import { generalForm, seal } from './numeric.js';
import type { Scope } from './scope.js';
import { at, Level, repeatable, type Spelled } from './spelled.js';

const stringHeader = 4;

function isString(oid: number): boolean {
  return oid === Oid.text || oid === Oid.varchar || oid === Oid.unknown || oid === Oid.cstring;
}
function isInteger(oid: number): boolean {
  return oid === Oid.int2 || oid === Oid.int4 || oid === Oid.int8 || oid === Oid.oid;
}

/** A constant with the modifier applied; undefined where that fails, which is for the statement's run to say. */
function coercedConstant(scope: Scope, spelled: Spelled, type: TypeRef, explicit: boolean): Spelled | undefined {
  const { constant } = spelled;
  if (constant === undefined || spelled.decimal !== undefined || spelled.type.oid !== type.oid) return undefined;
  try {
    return constantOf(scope, requireType(type.oid).coerceTypmod?.(constant, type.typmod, explicit) ?? constant, type);
  } catch (error) {
    if (error instanceof PgError) return undefined;
    throw error;
  }
}

/** Applies the target's modifier. */
export function withTypmod(scope: Scope, spelled: Spelled, type: TypeRef, explicit: boolean): Spelled {
  const typed = { ...spelled, type };
  if (type.typmod < 0 || spelled.text === 'NULL') return typed;
  const folded = coercedConstant(scope, spelled, type, explicit);
  if (folded !== undefined) return folded;
  if (type.oid === Oid.numeric) {
    const target = isDecimalTypmod(type.typmod);
    const { decimal } = spelled;
    if (target !== undefined && decimal !== undefined && decimal.scale === target.scale && decimal.digits <= target.precision && !decimal.raw) return typed;
    const general = generalForm(spelled);
    const { constant: _, ...rest } = general;
    return { ...rest, type, text: coerced(general.text, type.oid, type.typmod, explicit), level: Level.atom, weight: general.weight + 100 };
  }
  if (type.oid === Oid.varchar) {
    if (spelled.type.oid === Oid.varchar && spelled.type.typmod >= 0 && spelled.type.typmod <= type.typmod) return typed;
    if (explicit) {
      const { constant: _, parameter: __, ...rest } = typed;
      return { ...rest, text: `substr(${spelled.text}, 1, ${String(type.typmod - stringHeader)})`, level: Level.atom, weight: spelled.weight + 1 };
    }
  }
  if (type.oid === Oid.bpchar && spelled.type.oid === Oid.bpchar && spelled.type.typmod === type.typmod) return typed;
  const { constant: _, parameter: __, range: ___, ...rest } = typed;
  return { ...rest, text: coerced(spelled.text, type.oid, type.typmod, explicit), level: Level.atom, weight: spelled.weight + 100 };
}

/** text -> text by native means; undefined: a connection function does it. */
function nativeIo(argument: Spelled, target: number): string | undefined {
  const source = argument.type.oid;
  if (!isString(target)) return undefined;
  if (isInteger(source)) return `CAST(${argument.text} AS TEXT)`;
  if (isString(source) || source === Oid.name || source === Oid.json || source === Oid.jsonb) return argument.text;
  return undefined;
}

/** Conversions by function that SQLite or the representation makes needless. */
function nativeFunction(scope: Scope, argument: Spelled, target: TypeRef): Spelled | undefined {
  const source = argument.type.oid;
  const { constant: _, parameter: __, ...rest } = argument;
  if (target.oid === Oid.numeric && isInteger(source)) return integerAsDecimal(argument, { oid: Oid.numeric, typmod: -1 });
  if (isInteger(source) && isInteger(target.oid)) {
    const widening = source === Oid.int2 || (source === Oid.int4 && target.oid === Oid.int8) || (source === Oid.oid && target.oid === Oid.int8);
    if (widening) return { ...argument, type: target };
  }
  if (target.oid === Oid.float8 && typeof argument.constant === 'bigint' && isInteger(source)) return constantOf(scope, Number(argument.constant), target);
  if (target.oid === Oid.float8 && (isInteger(source) || source === Oid.float4)) {
    const { range: ___, ...float } = rest;
    if (source === Oid.float4) return { ...argument, type: target };
    return { ...float, type: target, text: `CAST(${argument.text} AS REAL)`, level: Level.atom, weight: argument.weight + 1 };
  }
  if (target.oid === Oid.float8 && source === Oid.numeric && argument.decimal !== undefined && argument.decimal.digits <= 15) {
    const { decimal: ____, ...sealed } = seal(argument);
    const { nanLeaves, scale } = argument.decimal;
    const tests = argument.decimal.raw ? [] : nanLeaves;
    const division = `CAST(${sealed.text} AS REAL) / 1e${String(scale)}`;
    if (tests.length > 0 && !repeatable(argument)) return undefined;
    const text = tests.length === 0 ? division : `CASE WHEN ${sealed.text} = 'NaN' THEN 'NaN' ELSE ${division} END`;
    return { ...sealed, type: target, text, level: tests.length === 0 ? Level.product : Level.atom, weight: sealed.weight * 2 + 2 };
  }
  if (isString(target.oid) && source === Oid.bpchar)
    return { ...rest, type: target, text: `rtrim(${argument.text})`, level: Level.atom, weight: argument.weight + 1 };
  if (source === Oid.bool && target.oid === Oid.int4) return { ...argument, type: target };
  if (source === Oid.int4 && target.oid === Oid.bool)
    return { ...rest, type: target, text: `${at(Level.bits, argument)} <> 0`, level: Level.equality, weight: argument.weight + 1 };
  return undefined;
}

/** Between int4 and the unsigned oid types, whose bits are the same. */
function signChange(argument: Spelled, target: number): Spelled | undefined {
  const source = argument.type.oid;
  const isOid = (oid: number): boolean => oid === Oid.oid || (typeByOid(oid)?.name.startsWith('reg') ?? false);
  const { constant: _, parameter: __, range: ___, ...rest } = argument;
  if ((source === Oid.int4 || source === Oid.int2) && isOid(target)) {
    if (argument.range !== undefined && argument.range[0] >= 0n) return undefined;
    return { ...rest, text: `${at(Level.bits, argument)} & 4294967295`, level: Level.bits, weight: argument.weight + 1 };
  }
  if (isOid(source) && target === Oid.int4) {
    if (argument.range !== undefined && argument.range[1] <= 2147483647n) return undefined;
    const text = `(${at(Level.sum, argument)} + 2147483648 & 4294967295) - 2147483648`;
    return { ...rest, text, level: Level.sum, weight: argument.weight + 3 };
  }
  return undefined;
}

/** int2vector and oidvector count from 0: `1 2` is the array `[0:1]={1,2}`. */
function vectorAsArray(text: string): string {
  return `CASE ${text} WHEN '' THEN '{}' ELSE '[0:' || (length(${text}) - length(replace(${text}, ' ', ''))) || ']={' || replace(${text}, ' ', ',') || '}' END`;
}

/** A cast; `call` spells a call of the cast's function with one argument. */
export function castOf(scope: Scope, cast: Cast, argument: Spelled, call: (argument: Spelled) => Spelled): Spelled {
  const { type } = cast;
  const source = argument.type.oid;
  const plain: TypeRef = { oid: type.oid, typmod: -1 };
  if (cast.method === 'domain') {
    const { constant: _, parameter: __, range: ___, ...rest } = generalForm(argument);
    return { ...rest, type, text: domainChecked(rest.text, type.domain as number), level: Level.atom, weight: argument.weight + 200, nullable: true };
  }
  if (argument.text === 'NULL') return { ...argument, type };
  switch (cast.method) {
    case 'binary': {
      if (type.oid === Oid.record && source !== Oid.record && source >= firstUserOid) {
        const { constant: _, parameter: __, ...rest } = argument;
        return { ...rest, type, text: asRecord(argument.text, source), level: Level.atom, weight: argument.weight + 100 };
      }
      if ((source === Oid.int2vector || source === Oid.oidvector) && isArrayType(type.oid)) {
        const { constant: _, parameter: __, ...rest } = argument;
        return { ...rest, type, text: vectorAsArray(argument.text), level: Level.atom };
      }
      const unsigned = signChange(argument, type.oid);
      if (unsigned !== undefined) return { ...unsigned, type };
      const kept: Spelled = { ...argument, type: source === type.oid ? argument.type : plain };
      return withTypmod(scope, kept, type, cast.explicit);
    }
    case 'typmod':
      return withTypmod(scope, argument, type, cast.explicit);
    case 'function': {
      const unsigned = source === Oid.int2 ? signChange(argument, type.oid) : undefined;
      if (unsigned !== undefined) return { ...unsigned, type };
      const native = nativeFunction(scope, argument, plain);
      const converted = native ?? call(argument);
      return withTypmod(scope, converted, type, cast.explicit);
    }
    case 'io': {
      const general = generalForm(argument);
      const native = nativeIo(general, type.oid);
      const { constant: _, parameter: __, range: ___, ...rest } = general;
      if (native !== undefined) {
        const same = native === general.text;
        return withTypmod(
          scope,
          { ...(same ? general : rest), type: plain, text: native, level: same ? general.level : Level.atom, weight: general.weight + (same ? 0 : 1) },
          type,
          cast.explicit,
        );
      }
      // The modifier comes afterwards: an explicit cast cuts what the input function would refuse.
      const read: Spelled = { ...rest, type: plain, text: throughText(general.text, source, type.oid, -1), level: Level.atom, weight: general.weight + 100 };
      return withTypmod(scope, read, type, cast.explicit);
    }
    case 'array': {
      const { constant: _, parameter: __, ...rest } = argument;
      return {
        ...rest,
        type,
        text: arrayCast(argument.text, source, type.oid, cast.function?.oid ?? 0, type.typmod, cast.explicit),
        level: Level.atom,
        weight: argument.weight + 100,
      };
    }
  }
}
