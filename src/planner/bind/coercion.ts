/**
 * Conversion of expressions between types: which casts exist in which context, how a literal becomes a value, and the common type of several expressions.
 * Source: parse_coerce.c of PostgreSQL 15 (can_coerce_type, coerce_type, coerce_to_target_type, select_common_type).
 */
import { readsAny } from '../../plan/walk.js';
import { objectName, requireNamedSchema, resolveObject } from '../../catalog/object-names.js';
import { notSupported, PgError } from '../../common/errors.js';
import type { ScalarFunction } from '../../functions/function.js';
import { castBetween, isPolymorphic } from '../../functions/registry.js';
import { constant, typeRef } from '../../plan/build.js';
import type { Cast, Const, Expression, TypeRef } from '../../plan/expression.js';
import { elementTypeOf, formatType, isArrayType, Oid, typeByOid } from '../../types/registry.js';
import type { ObjectNames, SqlValue } from '../../types/value.js';
import { multirangeType } from '../../types/range-types.js';
import type { Binder } from './binder.js';
import { rowToComposite } from './composite.js';

/** When a conversion is asked for; each allows those before it. */
export type CoercionContext = 'implicit' | 'assignment' | 'explicit';

const ranks: Readonly<Record<CoercionContext, number>> = { implicit: 0, assignment: 1, explicit: 2 };

export type CoercionPath =
  | { readonly method: 'same' | 'binary' | 'io' }
  | { readonly method: 'array'; readonly function?: ScalarFunction }
  | { readonly method: 'function'; readonly function: ScalarFunction };

const binaryPath: CoercionPath = { method: 'binary' };
const ioPath: CoercionPath = { method: 'io' };
const arrayPath: CoercionPath = { method: 'array' };
const samePath: CoercionPath = { method: 'same' };

/** How a value of `source` becomes `target` in that context; undefined: not at all. */
export function coercionPath(source: number, target: number, context: CoercionContext): CoercionPath | undefined {
  if (source === target) return samePath;
  // A value of a domain is one of the type below that has been checked.
  const domain = typeByOid(target);
  if (domain?.kind === 'd') return coercionPath(source, typeRef(target).oid, context);
  const cast = castBetween(source, target) ?? rangeCast(source, target);
  if (cast !== undefined && ranks[context] >= ranks[cast.context]) {
    return cast.method.kind === 'function' ? { method: 'function', function: cast.method.function } : cast.method.kind === 'binary' ? binaryPath : ioPath;
  }
  if (cast !== undefined) return undefined;
  if (isArrayType(source) && isArrayType(target)) {
    const from = elementTypeOf(source);
    const to = elementTypeOf(target);
    if (from === undefined || to === undefined) return undefined;
    const path = coercionPath(typeRef(from.oid).oid, typeRef(to.oid).oid, context);
    if (path === undefined) return undefined;
    // Elements of a domain are checked as they are read.
    if (to.kind !== 'd' && (path.method === 'same' || path.method === 'binary')) return binaryPath;
    return path.method === 'function' ? { method: 'array', function: path.function } : arrayPath;
  }
  // int2vector and oidvector are binary-compatible with the arrays of their elements, and of what those are binary-compatible with (regtype).
  if (isArrayType(target) && (source === Oid.int2vector || source === Oid.oidvector)) {
    const [from, to] = [elementTypeOf(source), elementTypeOf(target)];
    const path = from === undefined || to === undefined ? undefined : coercionPath(from.oid, to.oid, context);
    if (path?.method === 'same' || path?.method === 'binary') return binaryPath;
  }
  return undefined;
}

/** Of a database's own range to its multirange, as a built-in one. */
function rangeCast(source: number, target: number): ReturnType<typeof castBetween> {
  return multirangeType(target)?.rangeOid === source ? castBetween(Oid.numrange, Oid.nummultirange) : undefined;
}

export function canCoerce(source: number, target: number, context: CoercionContext): boolean {
  if (source === target || target === Oid.any || isPolymorphic(target) || source === Oid.unknown) return true;
  if (source === Oid.record && isComposite(target)) return true;
  if (target === Oid.record && (source === Oid.record || isComposite(source))) return true;
  return coercionPath(source, target, context) !== undefined;
}

/** True for composite types and row types of tables. */
function isComposite(oid: number): boolean {
  return typeByOid(oid)?.kind === 'c';
}

/** TypeCategory(). */
export function categoryOf(oid: number): string {
  return typeByOid(oid)?.category ?? 'U';
}

export function isPreferred(category: string, oid: number): boolean {
  const type = typeByOid(oid);
  return type !== undefined && type.category === category && type.preferred;
}

/** int4 and the types that are OIDs share bits, not values: -1 is 4294967295. */
function changesSign(value: SqlValue): boolean {
  return (typeof value === 'number' || typeof value === 'bigint') && (value < 0 || value > 2147483647);
}

const registered: ReadonlySet<number> = new Set([
  Oid.regclass,
  Oid.regtype,
  Oid.regproc,
  Oid.regprocedure,
  Oid.regoper,
  Oid.regoperator,
  Oid.regnamespace,
  Oid.regrole,
  Oid.regconfig,
  Oid.regdictionary,
  Oid.regcollation,
]);

/** The effective search path: pg_catalog first unless it is listed. */
function effectivePath(binder: Binder): readonly string[] {
  const { searchPath } = binder;
  return searchPath.includes('pg_catalog') ? searchPath : ['pg_catalog', ...searchPath];
}

/** Where a relation is looked for: along the search path, or in the schema that is named; pg_temp is the session's own. */
export function schemasOf(binder: Binder, schema: string | undefined): readonly string[] {
  return schema === undefined ? effectivePath(binder) : [schemaMeant(binder, schema)];
}

/** The schema of that name; pg_temp is the session's own, once it has one. */
export function schemaMeant(binder: Binder, schema: string): string {
  return schema === 'pg_temp' ? (binder.searchPath.find(isTemporary) ?? schema) : schema;
}

/** Where a function is looked for. Without its schema's name never among temporary objects: nobody shadows another's function that way. */
export function functionSchemas(binder: Binder): readonly string[] {
  return effectivePath(binder).filter((schema) => !isTemporary(schema));
}

function isTemporary(schema: string): boolean {
  return schema.startsWith('pg_temp_');
}

function resolveRegistered(binder: Binder, oid: number, text: string): number {
  const { catalog, objectNames } = binder.context;
  if (binder.storedDepth === 0 && binder.context.isInternal !== true) requireNamedSchema(catalog, binder.runsAs, text);
  return objectNames?.resolve(oid, text.trim()) ?? resolveObject(catalog, binder.searchPath, oid, text);
}

export function schemaExists(binder: Binder, schema: string): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema' || binder.context.catalog.schemaExists(schemaMeant(binder, schema));
}

/** The value of a literal of that type, by the type's input function. */
function parseLiteral(binder: Binder, text: string, oid: number, typmod: number): SqlValue {
  if (registered.has(oid)) return resolveRegistered(binder, oid, text);
  const type = typeByOid(oid);
  if (type === undefined) throw new PgError('42704', `type with OID ${oid} does not exist`);
  if (oid === Oid.record) throw notSupported('input of anonymous composite types');
  // (Its input reads names of roles.)
  if (oid === Oid.aclitem || oid === Oid.aclitemArray) return type.parse(text, typmod, { ...binder.context.context, catalog: namesOf(binder) });
  return type.parse(text, typmod, binder.context.context);
}

function namesOf(binder: Binder): ObjectNames {
  return {
    objectName: (type, oid) => objectName(binder.context.catalog, binder.searchPath, type, oid),
    objectOid: (type, text) => resolveRegistered(binder, type, text),
  };
}

function literal(binder: Binder, node: Const, target: TypeRef): Const {
  const position = binder.positionOf(node);
  if (node.value === null) return binder.at(constant(null, typeRef(target.oid)), position);
  try {
    const typmod = target.oid === Oid.interval ? target.typmod : -1;
    return binder.at(constant(parseLiteral(binder, String(node.value), target.oid, typmod), typeRef(target.oid, typmod)), position);
  } catch (error) {
    throw error instanceof PgError ? error.at(position) : error;
  }
}

/** Applies the modifier of `target` to an expression that already has its type. */
function coerceTypmod(binder: Binder, expression: Expression, target: TypeRef, explicit: boolean): Expression {
  const result = withTypmod(binder, expression, target, explicit);
  binder.context.record?.converted(expression, result);
  return result;
}

function withTypmod(binder: Binder, expression: Expression, target: TypeRef, explicit: boolean): Expression {
  if (target.typmod < 0 || target.typmod === expression.type.typmod) return expression;
  const type = typeByOid(isArrayType(target.oid) ? (elementTypeOf(target.oid)?.oid ?? target.oid) : target.oid);
  if (type?.coerceTypmod === undefined) return expression;
  const position = binder.positionOf(expression);
  if (expression.kind === 'const' && type.oid === target.oid) {
    try {
      return binder.at(constant(type.coerceTypmod(expression.value, target.typmod, explicit), target), position);
    } catch (error) {
      // Too long or out of range: it fails when it is evaluated, as in PostgreSQL.
      if (!(error instanceof PgError)) throw error;
    }
  }
  if (expression.kind === 'cast' && expression.method !== 'typmod' && expression.collation === undefined && expression.type.typmod < 0)
    return binder.at({ ...expression, type: target, explicit }, position);
  return binder.at({ kind: 'cast', method: 'typmod', argument: expression, type: target, explicit }, position);
}

/** coerce_type(): the expression as a value of the type, without its modifier. The conversion is known to exist. */
export function coerceType(binder: Binder, expression: Expression, target: TypeRef, context: CoercionContext): Expression {
  const result = withType(binder, expression, target, context);
  binder.context.record?.converted(expression, result);
  return result;
}

function withType(binder: Binder, expression: Expression, target: TypeRef, context: CoercionContext): Expression {
  const source = expression.type.oid;
  const oid = target.oid;
  if (target.domain !== undefined && target.domain !== expression.type.domain) return coerceToDomain(binder, expression, target, context) ?? expression;
  if (source === oid) return expression;
  if (expression.kind === 'cast' && expression.collation !== undefined) {
    // The conversion goes below COLLATE, which is gone where the type has no collations.
    const argument = coerceType(binder, expression.argument, target, context);
    return (typeByOid(oid)?.collationOid ?? 0) === 0 ? argument : binder.at({ ...expression, argument, type: argument.type }, binder.positionOf(expression));
  }
  if (expression.kind === 'row' && (source === Oid.record || isComposite(source))) {
    if (oid === Oid.record) return binder.at({ ...expression, type: typeRef(oid) }, binder.positionOf(expression));
    if (isComposite(oid)) return rowToComposite(binder, expression, oid, context);
  }
  if (oid === Oid.record && isComposite(source))
    return binder.at({ kind: 'cast', method: 'binary', argument: expression, type: typeRef(oid), explicit: false }, binder.positionOf(expression));
  if (source === Oid.record && isComposite(oid)) throw binder.error('42846', `cannot cast type record to ${formatType(oid)}`, binder.positionOf(expression));
  if (oid === Oid.any || isPolymorphic(oid)) return expression;
  if (source === Oid.unknown) {
    if (expression.kind === 'const') return literal(binder, expression, target);
    if (expression.kind === 'param') return binder.typeParameter(expression, oid);
    return binder.at({ kind: 'cast', method: 'io', argument: expression, type: typeRef(oid), explicit: context === 'explicit' }, binder.positionOf(expression));
  }
  const path = coercionPath(source, oid, context);
  if (path === undefined) throw new Error(`assertion failed: cast from ${source} to ${oid} exists`);
  const position = binder.positionOf(expression);
  const base = { kind: 'cast', argument: expression, type: typeRef(oid), explicit: context === 'explicit' } as const;
  if (expression.kind === 'const' && ((path.method === 'binary' && !changesSign(expression.value)) || expression.value === null))
    return binder.at(constant(expression.value, typeRef(oid)), position);
  const cast: Cast =
    path.method === 'function' || (path.method === 'array' && path.function !== undefined)
      ? { ...base, method: path.method, function: path.function as ScalarFunction }
      : { ...base, method: path.method as 'binary' | 'io' | 'array' };
  if (path.method === 'function' && path.function.volatility === 'volatile') binder.volatile = true;
  return binder.at(cast, position);
}

/** coerce_to_domain(): a value of the type below, which is then checked. */
function coerceToDomain(binder: Binder, expression: Expression, target: TypeRef, context: CoercionContext): Expression | undefined {
  if (expression.type.domain === target.domain) return expression;
  // (A parameter is of the domain itself: its value is checked when it is read.)
  if (expression.kind === 'param' && expression.type.oid === Oid.unknown && target.domain !== undefined) return binder.typeParameter(expression, target.domain);
  const value = coerceTo(binder, expression, { oid: target.oid, typmod: target.typmod }, context);
  if (value === undefined) return undefined;
  const checked: Expression = { kind: 'cast', method: 'domain', argument: value, type: target, explicit: context === 'explicit' };
  binder.context.record?.converted(value, checked);
  return binder.at(checked, binder.positionOf(expression));
}

/** coerce_to_target_type(): with modifier; undefined when there is no such conversion. */
export function coerceTo(binder: Binder, expression: Expression, target: TypeRef, context: CoercionContext): Expression | undefined {
  if (target.domain !== undefined) return coerceToDomain(binder, expression, target, context);
  if (!canCoerce(expression.type.oid, target.oid, context)) return undefined;
  return coerceTypmod(binder, coerceType(binder, expression, target, context), target, context === 'explicit');
}

/** coerce_to_boolean(): 42804 otherwise. */
export function coerceToBoolean(binder: Binder, expression: Expression, construct: string): Expression {
  const result = coerceTo(binder, expression, typeRef(Oid.bool), 'assignment');
  if (result === undefined) {
    throw binder.error('42804', `argument of ${construct} must be type boolean, not type ${formatType(expression.type.oid)}`, binder.positionOf(expression));
  }
  if (binder.setColumns.size > 0 && readsAny(result, binder.setColumns))
    throw binder.error('42804', `argument of ${construct} must not return a set`, binder.positionOf(expression));
  return result;
}

/** Literals and parameters of unknown type become text, as at the end of a select list. */
export function unknownToText(binder: Binder, expression: Expression): Expression {
  if (expression.kind === 'row' && expression.fields.some((field) => field.type.oid === Oid.unknown)) {
    return binder.at({ ...expression, fields: expression.fields.map((field) => unknownToText(binder, field)) }, binder.positionOf(expression));
  }
  return expression.type.oid === Oid.unknown ? coerceType(binder, expression, typeRef(Oid.text), 'implicit') : expression;
}

/** select_common_type() over type OIDs; undefined when they cannot be matched. `conflict` gets the two types that clash. */
export function commonTypeOf(oids: readonly number[], onConflict?: (first: number, second: number, index: number) => never): number | undefined {
  let chosen = oids[0] as number;
  if (chosen !== Oid.unknown && oids.every((oid) => oid === chosen)) return chosen;
  let category = categoryOf(chosen);
  let preferred = isPreferred(category, chosen);
  for (let index = 1; index < oids.length; index++) {
    const next = oids[index] as number;
    if (next === Oid.unknown || next === chosen) continue;
    if (chosen === Oid.unknown) {
      chosen = next;
      category = categoryOf(next);
      preferred = isPreferred(category, next);
    } else if (categoryOf(next) !== category) {
      if (onConflict !== undefined) onConflict(chosen, next, index);
      return undefined;
    } else if (!preferred && canCoerce(chosen, next, 'implicit') && !canCoerce(next, chosen, 'implicit')) {
      chosen = next;
      category = categoryOf(next);
      preferred = isPreferred(category, next);
    }
  }
  return chosen === Oid.unknown ? Oid.text : chosen;
}

/** The common type of expressions; 42804 `CASE types integer and text cannot be matched`. */
export function commonType(binder: Binder, expressions: readonly Expression[], construct: string): number {
  return commonTypeOf(
    expressions.map((expression) => expression.type.oid),
    (first, second, index) => {
      throw binder.error(
        '42804',
        `${construct} types ${formatType(first)} and ${formatType(second)} cannot be matched`,
        binder.positionOf(expressions[index] as Expression),
      );
    },
  ) as number;
}

/** coerce_to_common_type(). */
export function toCommonType(binder: Binder, expression: Expression, oid: number, construct: string): Expression {
  if (expression.type.oid === oid) return expression;
  if (!canCoerce(expression.type.oid, oid, 'implicit')) {
    throw binder.error('42846', `${construct} could not convert type ${formatType(expression.type.oid)} to ${formatType(oid)}`, binder.positionOf(expression));
  }
  return coerceType(binder, expression, typeRef(oid), 'implicit');
}

/** The type with the modifier (and the domain) that all expressions (already of that type) share, or none. */
export function commonTypmod(expressions: readonly Expression[], oid: number): TypeRef {
  const first = expressions[0]?.type;
  const typmod = first?.typmod ?? -1;
  if (!expressions.every(({ type }) => type.typmod === typmod && type.oid === oid)) return typeRef(oid);
  return first?.domain !== undefined && expressions.every(({ type }) => type.domain === first.domain) ? first : typeRef(oid, typmod);
}
