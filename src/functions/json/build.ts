/** Values as JSON: to_json, to_jsonb and what the building functions and aggregates make of their arguments. */
import { PgError } from '../../common/errors.js';
import { jsonNull, type JsonNode, parseJson, quoteJson, sortedEntries } from '../../types/json.js';
import { formatNumeric, parseNumeric } from '../../types/numeric.js';
import { compositeValues, recordValue } from '../../types/composite.js';
import { elementTypeOf, isArrayType, Oid, requireType, typeByOid } from '../../types/registry.js';
import { type ArrayValue, elementsOf, parseArray } from '../array-value.js';
import type { EvaluationContext, KernelValue } from '../function.js';
import type { SqlValue } from '../../types/value.js';
import { formatValue, toKernel } from '../values.js';

export type JsonWriter = (value: KernelValue, context: EvaluationContext) => string;

const dateTimes: ReadonlySet<number> = new Set([Oid.date, Oid.timestamp, Oid.timestamptz]);

/** A moment in ISO 8601, whatever DateStyle says. */
function isoText(value: Exclude<KernelValue, null>, oid: number, context: EvaluationContext): string {
  const text = formatValue(value, oid, { ...context, dateStyle: 'ISO' });
  const iso = oid === Oid.date ? text : text.replace(' ', 'T');
  // ISO zones show minutes: +01 becomes +01:00.
  return oid === Oid.timestamptz ? iso.replace(/([+-]\d\d)(?=$| BC$)/, '$1:00') : iso;
}

/** A writer of a type's values as JSON text; json values stay as they are. */
export function jsonWriter(oid: number): JsonWriter {
  if (dateTimes.has(oid)) return (value, context) => (value === null ? 'null' : `"${isoText(value, oid, context)}"`);
  switch (oid) {
    case Oid.bool:
      return (value) => (value === null ? 'null' : value === true ? 'true' : 'false');
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
      return (value) => (value === null ? 'null' : String(value));
    case Oid.float4:
    case Oid.float8:
    case Oid.numeric:
      return (value, context) => {
        if (value === null) return 'null';
        const text = formatValue(value, oid, context);
        return /^-?\d/.test(text) ? text : `"${text}"`;
      };
    case Oid.json:
    case Oid.jsonb:
      return (value) => (value === null ? 'null' : (value as string));
    case Oid.record:
      // A record comes as the JSON object that shoal_row_json made of it; its plain text has lost the names and types of its fields.
      return (value, context) => {
        if (value === null) return 'null';
        if ((value as string).startsWith('{')) return value as string;
        const { names, typeOids, values } = recordValue(value as string, requireType);
        return rowJson(names, typeOids, values, context);
      };
    default:
      break;
  }
  const type = typeByOid(oid);
  if (type?.kind === 'c') {
    return (value, context) => {
      if (value === null) return 'null';
      // A row that is written out comes as JSON already (shoal_row_json).
      if ((value as string).startsWith('{')) return value as string;
      const definition = requireType(oid).definition;
      if (definition?.kind !== 'composite') throw new Error('assertion failed: a composite type has fields');
      const { fields } = definition;
      return rowJson(
        fields.map((field) => field.name),
        fields.map((field) => field.typeOid),
        compositeValues(value as string, fields, requireType),
        context,
      );
    };
  }
  if (type?.definition?.kind === 'domain') return jsonWriter(type.definition.baseOid);
  if (type !== undefined && (isArrayType(oid) || type.category === 'A')) {
    const element = elementsOf(oid);
    const write = jsonWriter(element.oid);
    return (value, context) => {
      if (value === null) return 'null';
      return arrayJson(parseArray(value as string, element.delimiter), (text) => write(element.value(text), context), '');
    };
  }
  return (value, context) => (value === null ? 'null' : quoteJson(formatValue(value, oid, context)));
}

/** The JSON object of a row: physical values by their types, under the fields' names. */
export function rowJson(names: readonly string[], oids: readonly number[], values: readonly SqlValue[], context: EvaluationContext): string {
  let text = '{';
  for (let n = 0; n < values.length; n++) {
    const oid = oids[n] as number;
    const value = values[n] as SqlValue;
    text += `${n === 0 ? '' : ','}${quoteJson(names[n] as string)}:${jsonWriter(oid)(value === null ? null : toKernel(value, oid), context)}`;
  }
  return `${text}}`;
}

/** The nested JSON array of an array value. `feed` separates rows of the outermost dimension when pretty. */
export function arrayJson(array: ArrayValue, write: (element: string | null) => string, feed: string): string {
  const { dimensions, elements } = array;
  if (elements.length === 0) return '[]';
  let next = 0;
  const level = (depth: number): string => {
    const parts: string[] = [];
    for (let n = 0; n < (dimensions[depth] as number); n++)
      parts.push(depth === dimensions.length - 1 ? write(elements[next++] as string | null) : level(depth + 1));
    return `[${parts.join(depth === 0 ? `,${feed}` : ',')}]`;
  };
  return level(0);
}

export type NodeMaker = (value: KernelValue, context: EvaluationContext) => JsonNode;

/** A maker of jsonb trees of a type's values. */
export function nodeMaker(oid: number): NodeMaker {
  const write = jsonWriter(oid);
  switch (oid) {
    case Oid.bool:
      return (value) => (value === null ? jsonNull : { kind: 'boolean', value: value === true });
    case Oid.text:
    case Oid.varchar:
      return (value) => (value === null ? jsonNull : { kind: 'string', value: value as string });
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
      return (value) => (value === null ? jsonNull : { kind: 'number', text: String(value) });
    case Oid.numeric:
      return (value) => {
        if (value === null) return jsonNull;
        const text = value as string;
        return /^-?\d/.test(text) ? { kind: 'number', text: formatNumeric(parseNumeric(text)) } : { kind: 'string', value: text };
      };
    default:
      return (value, context) => parseJson(write(value, context));
  }
}

/** A key of an object that is being built: the argument's text; only scalars. */
export function keyWriter(oid: number): (value: Exclude<KernelValue, null>, context: EvaluationContext) => string {
  if (oid === Oid.json || oid === Oid.jsonb || oid === Oid.record || typeByOid(oid)?.kind === 'c' || elementTypeOf(oid) !== undefined) {
    return () => {
      throw new PgError('22023', 'key value must be scalar, not array, composite, or json');
    };
  }
  if (oid === Oid.bool) return (value) => (value === true ? 'true' : 'false');
  if (dateTimes.has(oid)) return (value, context) => isoText(value, oid, context);
  return (value, context) => formatValue(value, oid, context);
}

export function objectNode(entries: readonly { readonly key: string; readonly value: JsonNode }[]): JsonNode {
  return { kind: 'object', entries: sortedEntries(entries) };
}
