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
  if (definition?.kind !== 'composite') throw new PgError('42804', 'first argument of json_populate_record must be a row type');
  const { fields } = definition;
  const kind = jsonKind(json);
  if (kind !== 'object') throw new PgError('22023', `cannot call populate_composite on ${kind === 'array' ? 'an array' : 'a scalar'}`);
  const members = new Map<string, string>();
  eachMember(json, (key, value) => {
    members.set(key, value);
  });
  const old = base === null ? undefined : compositeValues(base, fields, requireType);
  const values = fields.map((field, n): SqlValue => {
    const given = members.get(field.name);
    if (given === undefined && old !== undefined) return old[n] ?? null;
    return fromJson(field.typeOid, field.typmod, given ?? 'null', context);
  });
  return compositeOf(values, fields, requireType);
}

/** A JSON value as a value of a type. */
export function fromJson(oid: number, typmod: number, json: string, context: TypeContext): SqlValue {
  const type = requireType(oid);
  const { definition } = type;
  if (definition?.kind === 'domain') {
    const value = fromJson(definition.baseOid, definition.baseTypmod, json, context);
    type.check?.(value);
    return value;
  }
  const kind = jsonKind(json);
  if (oid === Oid.json || oid === Oid.jsonb) return kind === 'null' && oid === Oid.jsonb ? null : type.parse(json, typmod, context);
  if (kind === 'null') return null;
  if (definition?.kind === 'composite' && kind !== 'string') return populate(oid, null, json, context);
  if (isArrayType(oid) && kind !== 'string') return arrayFromJson(oid, json, context);
  return type.parse(jsonAsText(json) ?? '', typmod, context);
}

function arrayFromJson(oid: number, json: string, context: TypeContext): string {
  const element = elementTypeOf(oid);
  if (element === undefined) throw new Error('assertion failed: an array type has elements');
  const lengths: number[] = [];
  const values: SqlValue[] = [];
  const expected = (): PgError => new PgError('22P02', 'expected JSON array', { hint: 'See the array element of the value.' });
  const level = (text: string, depth: number): void => {
    if (jsonKind(text) !== 'array') throw expected();
    const items: string[] = [];
    eachItem(text, (item) => {
      items.push(item);
    });
    const known = lengths[depth];
    if (known === undefined) lengths[depth] = items.length;
    else if (known !== items.length)
      throw new PgError('22P02', 'malformed JSON array', { detail: 'Multidimensional arrays must have sub-arrays with matching dimensions.' });
    for (const item of items) {
      if (jsonKind(item) === 'array' && requireType(element.oid).definition?.kind !== 'composite') level(item, depth + 1);
      else values.push(fromJson(element.oid, -1, item, context));
    }
  };
  level(json, 0);
  if (values.length === 0) return '{}';
  return arrayOf({ lengths, lowerBounds: lengths.map(() => 1), elements: values }, element);
}
