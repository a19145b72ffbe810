/**
 * JSON to SQL values: json(b)_populate_record(set) and the fields of json(b)_to_record(set). Objects become composites, arrays become arrays, everything else goes
 * through its text.
 * Source: jsonfuncs.c of PostgreSQL 15 (populate_record_field and what it calls).
 */
import { PgError } from '../../common/errors.js';
import { arrayOf } from '../../types/array.js';
import { compositeOf, compositeValues } from '../../types/composite.js';
import { elementTypeOf, isArrayType, Oid, requireType } from '../../types/registry.js';
import type { SqlValue, TypeContext } from '../../types/value.js';
import { eachItem, eachMember, jsonAsText, jsonKind } from './scan.js';

/** An object as a value of a composite type; fields that it does not have are those of `base`. */
export function populate(oid: number, base: SqlValue, json: string, context: TypeContext): string {
  const definition = requireType(oid).definition;
  if (definition?.kind !== 'composite') throw new Error(`assertion failed: type OID ${String(oid)} is a composite`);
  const { fields } = definition;
  requireObject(json);
  const members = new Map<string, string>();
  eachMember(json, (key, value) => {
    members.set(key, value);
  });
  const old = base === null ? undefined : compositeValues(base, fields, requireType);
  const values = fields.map((field, n): SqlValue => {
    const given = members.get(field.name);
    if (given === undefined && old !== undefined) return old[n] ?? null;
    return fromJson(field.typeOid, field.typmod, given ?? 'null', context, field.name);
  });
  return compositeOf(values, fields, requireType);
}

/** Fields are read from objects only. */
export function requireObject(json: string): void {
  const kind = jsonKind(json);
  if (kind !== 'object') throw new PgError('22023', `cannot call populate_composite on ${kind === 'array' ? 'an array' : 'a scalar'}`);
}

/** The argument of a function whose name ends in "set". */
export function requireArray(json: string, caller: string): void {
  const kind = jsonKind(json);
  if (kind === 'array') return;
  const given = caller.startsWith('jsonb') ? 'a non-array' : kind === 'object' ? 'an object' : 'a scalar';
  throw new PgError('22023', `cannot call ${caller} on ${given}`);
}

/** An item of that argument. */
export function requireObjectItem(json: string, caller: string): void {
  if (jsonKind(json) !== 'object') throw new PgError('22023', `argument of ${caller} must be an array of objects`);
}

export function requireRowType(oid: number, caller: string): void {
  if (requireType(oid).definition?.kind !== 'composite') throw new PgError('42804', `first argument of ${caller} must be a row type`);
}

/** A JSON value as a value of a type; `key` is the field that errors name. */
export function fromJson(oid: number, typmod: number, json: string, context: TypeContext, key?: string): SqlValue {
  const type = requireType(oid);
  const { definition } = type;
  if (definition?.kind === 'domain') {
    const value = fromJson(definition.baseOid, definition.baseTypmod, json, context, key);
    type.check?.(value);
    return value;
  }
  const kind = jsonKind(json);
  if (oid === Oid.json || oid === Oid.jsonb) return kind === 'null' && oid === Oid.jsonb ? null : type.parse(json, typmod, context);
  if (kind === 'null') return null;
  if (definition?.kind === 'composite' && kind !== 'string') return populate(oid, null, json, context);
  if (isArrayType(oid) && kind !== 'string') return arrayFromJson(oid, typmod, json, context, key);
  return type.parse(jsonAsText(json) ?? '', typmod, context);
}

function arrayFromJson(oid: number, typmod: number, json: string, context: TypeContext, key: string | undefined): string {
  const element = elementTypeOf(oid);
  if (element === undefined) throw new Error('assertion failed: an array type has elements');
  const lengths: number[] = [];
  const values: SqlValue[] = [];
  /** How many dimensions the array has: as deep as its first element that is no array, or that is empty. */
  let depth: number | undefined;
  const expected = (indexes: readonly number[]): PgError => {
    const of = key === undefined ? '' : ` of key "${key}"`;
    const place = indexes.length > 0 ? `array element ${indexes.map((index) => `[${String(index)}]`).join('')}${of}` : key === undefined ? '' : `value${of}`;
    return new PgError('22P02', 'expected JSON array', place === '' ? {} : { hint: `See the ${place}.` });
  };
  const level = (text: string, indexes: readonly number[]): void => {
    if (jsonKind(text) !== 'array') throw expected(indexes);
    const items: string[] = [];
    eachItem(text, (item) => {
      items.push(item);
    });
    const dimension = indexes.length + 1;
    items.forEach((item, index) => {
      const inner = depth === undefined ? jsonKind(item) === 'array' : dimension < depth;
      if (inner) level(item, [...indexes, index]);
      else {
        depth ??= dimension;
        values.push(fromJson(element.oid, typmod, item, context, key));
      }
    });
    depth ??= dimension;
    const known = lengths[dimension - 1];
    if (known === undefined) lengths[dimension - 1] = items.length;
    else if (known !== items.length)
      throw new PgError('22P02', 'malformed JSON array', { detail: 'Multidimensional arrays must have sub-arrays with matching dimensions.' });
  };
  level(json, []);
  if (values.length === 0) return '{}';
  return arrayOf({ lengths, lowerBounds: lengths.map(() => 1), elements: values }, element);
}
