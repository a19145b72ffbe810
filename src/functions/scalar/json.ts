/** Functions and operators of json and jsonb (PostgreSQL 15, chapter 9.16), without jsonpath. */
import { PgError } from '../../common/errors.js';
import { compareJsonKeys, formatJson, type JsonEntry, type JsonNode, jsonNull, parseJson, quoteJson, sortedEntries } from '../../types/json.js';
import { compareNumeric, parseNumeric } from '../../types/numeric.js';
import { Oid } from '../../types/oid.js';
import { type ArrayValue, elementsOf, parseArray } from '../array-value.js';
import type { EvaluationContext, Kernel, KernelValue, ResolvedCall } from '../function.js';
import { type OwnScalar, pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';
import { arrayJson, jsonWriter, keyWriter, nodeMaker, objectNode } from '../json/build.js';
import { atPath, eachItem, eachMember, itemCount, itemOf, jsonAsText, jsonKind, memberOf } from '../json/scan.js';
import { numericFunctions } from './numeric.js';

const orNull = (value: string | undefined): string | null => value ?? null;
const asTextOrNull = (value: string | undefined): string | null => (value === undefined ? null : jsonAsText(value));

const field = pure((text: string, key: string) => orNull(memberOf(text, key)));
const fieldText = pure((text: string, key: string) => asTextOrNull(memberOf(text, key)));
const element = pure((text: string, index: number) => orNull(itemOf(text, index)));
const elementText = pure((text: string, index: number) => asTextOrNull(itemOf(text, index)));

/** jsonb holds a scalar as the one item of an array, which shows here. */
function jsonbItem(text: string, index: number): string | undefined {
  const code = text.charCodeAt(0);
  return code === 91 || code === 123 ? itemOf(text, index) : index === 0 || index === -1 ? text : undefined;
}

/** A path argument: a text array. */
const pathOf = (text: string): readonly (string | null)[] => parseArray(text).elements;

const trimmed = (text: string): string => text.trim();
const extract = pure((text: string, path: string) => orNull(atPath(trimmed(text), pathOf(path))));
const extractText = pure((text: string, path: string) => asTextOrNull(atPath(trimmed(text), pathOf(path))));

function arrayLength(scalarMessage: string, objectMessage: string): { readonly kernel: Kernel } {
  return pure((text: string) => {
    const kind = jsonKind(text);
    if (kind === 'array') return itemCount(text);
    throw new PgError('22023', kind === 'object' ? objectMessage : scalarMessage);
  });
}

const isNodeContainer = (node: JsonNode): boolean => node.kind === 'array' || node.kind === 'object';

function sameScalar(a: JsonNode, b: JsonNode): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'number') return compareNumeric(parseNumeric(a.text), parseNumeric((b as typeof a).text)) === 0;
  if (a.kind === 'string' || a.kind === 'boolean') return a.value === (b as typeof a).value;
  return true;
}

function entryOf(node: JsonNode & { readonly kind: 'object' }, key: string): JsonEntry | undefined {
  let low = 0;
  let high = node.entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = node.entries[middle] as JsonEntry;
    const order = compareJsonKeys(entry.key, key);
    if (order === 0) return entry;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** jsonb @>. A scalar is contained in an array at the top level only. */
function containsNode(outer: JsonNode, inner: JsonNode, top: boolean): boolean {
  if (outer.kind === 'object' && inner.kind === 'object') {
    return inner.entries.every((wanted) => {
      const entry = entryOf(outer, wanted.key);
      return entry !== undefined && containsNode(entry.value, wanted.value, false);
    });
  }
  if (outer.kind === 'array') {
    if (inner.kind === 'array')
      return inner.items.every((wanted) =>
        outer.items.some((item) => (isNodeContainer(wanted) ? containsNode(item, wanted, false) : sameScalar(item, wanted))),
      );
    return top && !isNodeContainer(inner) && outer.items.some((item) => sameScalar(item, inner));
  }
  return !isNodeContainer(outer) && sameScalar(outer, inner);
}

function existsKey(node: JsonNode, key: string): boolean {
  switch (node.kind) {
    case 'object':
      return entryOf(node, key) !== undefined;
    case 'array':
      return node.items.some((item) => item.kind === 'string' && item.value === key);
    case 'string':
      return node.value === key;
    default:
      return false;
  }
}

function concatNodes(a: JsonNode, b: JsonNode): JsonNode {
  if (a.kind === 'object' && b.kind === 'object') return objectNode([...a.entries, ...b.entries]);
  const items = (node: JsonNode): readonly JsonNode[] => (node.kind === 'array' ? node.items : [node]);
  return { kind: 'array', items: [...items(a), ...items(b)] };
}

function deleteKeys(node: JsonNode, keys: ReadonlySet<string>): JsonNode {
  if (node.kind === 'object') return { kind: 'object', entries: node.entries.filter((entry) => !keys.has(entry.key)) };
  if (node.kind === 'array') return { kind: 'array', items: node.items.filter((item) => !(item.kind === 'string' && keys.has(item.value))) };
  throw new PgError('22023', 'cannot delete from scalar');
}

function deleteIndex(node: JsonNode, index: number): JsonNode {
  if (node.kind === 'object') throw new PgError('22023', 'cannot delete from object using integer index');
  if (node.kind !== 'array') throw new PgError('22023', 'cannot delete from scalar');
  const at = index < 0 ? node.items.length + index : index;
  return at < 0 || at >= node.items.length ? node : { kind: 'array', items: node.items.filter((_, n) => n !== at) };
}

type PathEdit = 'set' | 'create' | 'delete' | 'insertBefore' | 'insertAfter';

/** jsonb_set, jsonb_insert and #- by one walk. */
function editPath(node: JsonNode, path: readonly (string | null)[], level: number, value: JsonNode | undefined, edit: PathEdit): JsonNode {
  const step = path[level];
  if (step === null || step === undefined) throw new PgError('22004', `path element at position ${level + 1} is null`);
  const last = level === path.length - 1;
  if (node.kind === 'object') {
    const present = entryOf(node, step);
    if (last && edit === 'delete') return { kind: 'object', entries: node.entries.filter((entry) => entry.key !== step) };
    if (present === undefined) {
      if (!last || edit === 'set' || edit === 'delete' || value === undefined) return node;
      return { kind: 'object', entries: sortedEntries([...node.entries, { key: step, value }]) };
    }
    if (last && (edit === 'insertBefore' || edit === 'insertAfter')) {
      throw new PgError('22023', 'cannot replace existing key', { hint: 'Try using the function jsonb_set to replace key value.' });
    }
    const replaced = last ? (value as JsonNode) : editPath(present.value, path, level + 1, value, edit);
    return { kind: 'object', entries: node.entries.map((entry) => (entry.key === step ? { key: step, value: replaced } : entry)) };
  }
  if (node.kind !== 'array') return node;
  if (!/^\s*[+-]?\d+$/.test(step) || Math.abs(Number(step)) > 2147483647) {
    throw new PgError('22P02', `path element at position ${level + 1} is not an integer: "${step}"`);
  }
  const count = node.items.length;
  let at = Number(step);
  if (at < 0) at = -at > count ? -1 : count + at;
  const items = [...node.items];
  if (at < 0 || at >= count) {
    if (!last || edit === 'set' || edit === 'delete' || value === undefined) return node;
    if (at < 0) items.unshift(value);
    else items.push(value);
    return { kind: 'array', items };
  }
  if (!last) items[at] = editPath(items[at] as JsonNode, path, level + 1, value, edit);
  else if (edit === 'delete') items.splice(at, 1);
  else if (edit === 'insertBefore') items.splice(at, 0, value as JsonNode);
  else if (edit === 'insertAfter') items.splice(at + 1, 0, value as JsonNode);
  else items[at] = value as JsonNode;
  return { kind: 'array', items };
}

function editJsonb(text: string, pathText: string, value: JsonNode | undefined, edit: PathEdit): string {
  const array = parseArray(pathText);
  if (array.dimensions.length > 1) throw new PgError('2202E', 'wrong number of array subscripts');
  const node = parseJson(text);
  if (!isNodeContainer(node)) throw new PgError('22023', edit === 'delete' ? 'cannot delete path in scalar' : 'cannot set path in scalar');
  const empty = node.kind === 'array' ? node.items.length === 0 : node.kind === 'object' && node.entries.length === 0;
  if (array.elements.length === 0 || (empty && (edit === 'set' || edit === 'delete'))) return text;
  return formatJson(editPath(node, array.elements, 0, value, edit));
}

/** What a path makes where nothing is: arrays (filled with null up to the place) for numbers, objects for other steps. */
function newPath(path: readonly string[], level: number, value: JsonNode): JsonNode {
  const step = path[level];
  if (step === undefined) return value;
  const inner = newPath(path, level + 1, value);
  if (!isPathNumber(step)) return { kind: 'object', entries: [{ key: step, value: inner }] };
  return { kind: 'array', items: [...nulls(Number(step)), inner] };
}

const isPathNumber = (step: string): boolean => /^\s*[+-]?\d+$/.test(step) && Math.abs(Number(step)) <= 2147483647;
const nulls = (count: number): readonly JsonNode[] => new Array<JsonNode>(Math.max(count, 0)).fill(jsonNull);

/** jsonb[a][b] := value (jsonb_set_element of PostgreSQL 15): makes what is missing on the way. */
function assignPath(node: JsonNode, path: readonly string[], level: number, value: JsonNode): JsonNode {
  const step = path[level];
  if (step === undefined) return value;
  if (node.kind === 'object') {
    const present = entryOf(node, step);
    if (present === undefined) return { kind: 'object', entries: sortedEntries([...node.entries, { key: step, value: newPath(path, level + 1, value) }]) };
    const replaced = assignPath(present.value, path, level + 1, value);
    return { kind: 'object', entries: node.entries.map((entry) => (entry === present ? { key: step, value: replaced } : entry)) };
  }
  if (node.kind !== 'array') {
    throw new PgError('22023', 'cannot replace existing key', { detail: 'The path assumes key is a composite object, but it is a scalar value.' });
  }
  if (!isPathNumber(step)) throw new PgError('22P02', `path element at position ${level + 1} is not an integer: "${step}"`);
  const count = node.items.length;
  const asked = Number(step);
  if (asked < -count) throw new PgError('22023', `path element at position ${level + 1} is out of range: ${asked}`);
  const at = asked < 0 ? count + asked : asked;
  const present = node.items[at];
  if (present === undefined) return { kind: 'array', items: [...node.items, ...nulls(at - count), newPath(path, level + 1, value)] };
  return { kind: 'array', items: node.items.with(at, assignPath(present, path, level + 1, value)) };
}

/** What the binder makes of SET j['a'][1] = ... */
export const ownJsonFunctions: readonly OwnScalar[] = [
  {
    // shoal_with_path(jsonb or NULL, path text[], whether its first step is a number, jsonb or NULL)
    name: 'shoal_with_path',
    args: [Oid.jsonb, Oid.textArray, Oid.bool, Oid.jsonb],
    result: Oid.jsonb,
    strict: false,
    kernel: (_, text, pathText, toArray, given) => {
      const path = pathOf(pathText as string).map((step) => {
        if (step === null) throw new PgError('22004', 'jsonb subscript in assignment must not be null');
        return step;
      });
      const empty: JsonNode = toArray === true || toArray === 1 ? { kind: 'array', items: [] } : { kind: 'object', entries: [] };
      const node = text === null || text === undefined ? empty : parseJson(text as string);
      return formatJson(assignPath(node, path, 0, given === null || given === undefined ? jsonNull : parseJson(given as string)));
    },
  },
];

function stripNulls(node: JsonNode): JsonNode {
  if (node.kind === 'object')
    return { kind: 'object', entries: node.entries.filter(({ value }) => value.kind !== 'null').map(({ key, value }) => ({ key, value: stripNulls(value) })) };
  if (node.kind === 'array') return { kind: 'array', items: node.items.map(stripNulls) };
  return node;
}

/** json_strip_nulls keeps numbers and the order of keys as written, without blanks. */
function stripJsonNulls(text: string): string {
  const value = trimmed(text);
  const kind = jsonKind(value);
  if (kind === 'object') {
    const parts: string[] = [];
    eachMember(value, (key, member) => {
      if (member !== 'null') parts.push(`${quoteJson(key)}:${stripJsonNulls(member)}`);
    });
    return `{${parts.join(',')}}`;
  }
  if (kind === 'array') {
    const parts: string[] = [];
    eachItem(value, (item) => {
      parts.push(stripJsonNulls(item));
    });
    return `[${parts.join(',')}]`;
  }
  return kind === 'string' ? quoteJson(jsonAsText(value) as string) : value;
}

function pretty(node: JsonNode, indent: string): string {
  const inner = `${indent}    `;
  if (node.kind === 'object') {
    if (node.entries.length === 0) return `{\n${indent}}`;
    return `{\n${node.entries.map(({ key, value }) => `${inner}${quoteJson(key)}: ${pretty(value, inner)}`).join(',\n')}\n${indent}}`;
  }
  if (node.kind === 'array') {
    if (node.items.length === 0) return `[\n${indent}]`;
    return `[\n${node.items.map((item) => inner + pretty(item, inner)).join(',\n')}\n${indent}]`;
  }
  return formatJson(node);
}

/** Arguments of a building function with their types: given one by one or as VARIADIC array. */
function buildArguments(
  call: ResolvedCall,
): (args: readonly KernelValue[]) => { readonly values: readonly KernelValue[]; readonly types: (n: number) => number } | null {
  if (!call.variadicArray) return (args) => ({ values: args, types: (n) => call.args[n] as number });
  const codec = elementsOf(call.args[0] as number);
  return (args) => {
    const array = args[0];
    if (array === null || array === undefined) return null;
    return { values: parseArray(array as string, codec.delimiter).elements.map((text) => codec.value(text)), types: () => codec.oid };
  };
}

function oddArguments(): PgError {
  return new PgError('22023', 'argument list must have even number of elements', {
    hint: 'The arguments of json_build_object() must consist of alternating keys and values.',
  });
}

function buildObject(call: ResolvedCall, binary: boolean): Kernel {
  const read = buildArguments(call);
  return (context, ...args) => {
    const given = read(args);
    if (given === null) return null;
    const { values, types } = given;
    if (values.length % 2 !== 0) {
      if (!binary) throw oddArguments();
      throw new PgError('22023', 'argument list must have even number of elements', {
        hint: 'The arguments of jsonb_build_object() must consist of alternating keys and values.',
      });
    }
    const texts: string[] = [];
    const entries: JsonEntry[] = [];
    for (let n = 0; n < values.length; n += 2) {
      const key = values[n];
      if (key === null || key === undefined) {
        throw binary
          ? new PgError('22023', `argument ${n + 1}: key must not be null`)
          : new PgError('22023', `argument ${n + 1} cannot be null`, { hint: 'Object keys should be text.' });
      }
      const name = keyWriter(types(n))(key, context);
      const value = values[n + 1] as KernelValue;
      if (binary) entries.push({ key: name, value: nodeMaker(types(n + 1))(value, context) });
      else texts.push(`${quoteJson(name)} : ${jsonWriter(types(n + 1))(value, context)}`);
    }
    return binary ? formatJson(objectNode(entries)) : `{${texts.join(', ')}}`;
  };
}

function buildArrayOf(call: ResolvedCall, binary: boolean): Kernel {
  const read = buildArguments(call);
  return (context, ...args) => {
    const given = read(args);
    if (given === null) return null;
    const { values, types } = given;
    if (binary) return formatJson({ kind: 'array', items: values.map((value, n) => nodeMaker(types(n))(value, context)) });
    return `[${values.map((value, n) => jsonWriter(types(n))(value, context)).join(', ')}]`;
  };
}

/** The pairs of json_object(text[]). */
function objectPairs(array: ArrayValue): { key: string | null; value: string | null }[] {
  const { dimensions, elements } = array;
  if (dimensions.length === 0) return [];
  if (dimensions.length === 1) {
    if (elements.length % 2 !== 0) throw new PgError('2202E', 'array must have even number of elements');
  } else if (dimensions.length === 2) {
    if (dimensions[1] !== 2) throw new PgError('2202E', 'array must have two columns');
  } else {
    throw new PgError('2202E', 'wrong number of array subscripts');
  }
  const pairs: { key: string | null; value: string | null }[] = [];
  for (let n = 0; n < elements.length; n += 2) pairs.push({ key: elements[n] as string | null, value: elements[n + 1] as string | null });
  return pairs;
}

function twoArrays(keysText: string, valuesText: string): { key: string | null; value: string | null }[] {
  const keys = parseArray(keysText);
  const values = parseArray(valuesText);
  if (keys.dimensions.length > 1 || keys.dimensions.length !== values.dimensions.length) throw new PgError('2202E', 'wrong number of array subscripts');
  if (keys.elements.length !== values.elements.length) throw new PgError('2202E', 'mismatched array dimensions');
  return keys.elements.map((key, n) => ({ key, value: values.elements[n] as string | null }));
}

function pairsToJson(pairs: readonly { readonly key: string | null; readonly value: string | null }[], binary: boolean): string {
  const entries = pairs.map(({ key, value }) => {
    if (key === null) throw new PgError('22004', 'null value not allowed for object key');
    return { key, value };
  });
  if (binary) return formatJson(objectNode(entries.map(({ key, value }) => ({ key, value: value === null ? jsonNull : { kind: 'string', value } }))));
  return `{${entries.map(({ key, value }) => `${quoteJson(key)} : ${value === null ? 'null' : quoteJson(value)}`).join(', ')}}`;
}

const typeNames: Readonly<Record<JsonNode['kind'], string>> = {
  null: 'null',
  string: 'string',
  number: 'numeric',
  boolean: 'boolean',
  array: 'array',
  object: 'object',
};

/** A cast of a jsonb scalar. */
function fromJsonb(typeName: string, kind: 'number' | 'boolean', convert: (context: EvaluationContext, node: JsonNode) => KernelValue): ScalarImplementation {
  return {
    kernel: (context, text) => {
      const node = parseJson(text as string);
      if (node.kind !== kind) {
        throw new PgError('22023', `cannot cast jsonb ${isNodeContainer(node) ? typeNames[node.kind] : typeNames[node.kind]} to type ${typeName}`);
      }
      return convert(context, node);
    },
  };
}

function jsonbNumber(typeName: string, symbol: string | undefined): ScalarImplementation {
  const kernel = symbol === undefined ? undefined : numericFunctions[symbol]?.kernel;
  return fromJsonb(typeName, 'number', (context, node) => {
    const { text } = node as JsonNode & { readonly kind: 'number' };
    return kernel === undefined ? text : kernel(context, text);
  });
}

const kindName: Readonly<Record<ReturnType<typeof jsonKind>, string>> = {
  object: 'object',
  array: 'array',
  string: 'string',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

export const jsonFunctions: ScalarImplementations = {
  json_object_field: field,
  jsonb_object_field: field,
  json_object_field_text: fieldText,
  jsonb_object_field_text: fieldText,
  json_array_element: element,
  jsonb_array_element: pure((text: string, index: number) => orNull(jsonbItem(text, index))),
  json_array_element_text: elementText,
  jsonb_array_element_text: pure((text: string, index: number) => asTextOrNull(jsonbItem(text, index))),
  json_extract_path: extract,
  jsonb_extract_path: extract,
  json_extract_path_text: extractText,
  jsonb_extract_path_text: extractText,
  json_array_length: arrayLength('cannot get array length of a scalar', 'cannot get array length of a non-array'),
  jsonb_array_length: arrayLength('cannot get array length of a scalar', 'cannot get array length of a non-array'),
  json_typeof: pure((text: string) => kindName[jsonKind(text)]),
  jsonb_typeof: pure((text: string) => kindName[jsonKind(text)]),
  jsonb_contains: pure((a: string, b: string) => containsJsonb(a, b)),
  jsonb_contained: pure((a: string, b: string) => containsJsonb(b, a)),
  jsonb_exists: pure((text: string, key: string) => existsKey(parseJson(text), key)),
  jsonb_exists_any: pure((text: string, keys: string) => {
    const node = parseJson(text);
    return pathOf(keys).some((key) => key !== null && existsKey(node, key));
  }),
  jsonb_exists_all: pure((text: string, keys: string) => {
    const node = parseJson(text);
    return pathOf(keys).every((key) => key === null || existsKey(node, key));
  }),
  jsonb_concat: pure((a: string, b: string) => formatJson(concatNodes(parseJson(a), parseJson(b)))),
  jsonb_delete: pure((text: string, key: string) => formatJson(deleteKeys(parseJson(text), new Set([key])))),
  jsonb_delete_idx: pure((text: string, index: number) => formatJson(deleteIndex(parseJson(text), index))),
  jsonb_delete_array: pure((text: string, keys: string) => formatJson(deleteKeys(parseJson(text), new Set(pathOf(keys).filter((key) => key !== null))))),
  jsonb_delete_path: pure((text: string, path: string) => editJsonb(text, path, undefined, 'delete')),
  jsonb_set: pure((text: string, path: string, value: string, create: boolean) => editJsonb(text, path, parseJson(value), create ? 'create' : 'set')),
  jsonb_set_lax: {
    kernel: (_, text, path, value, create, treatment) => {
      if (text === null || path === null || create === null) return null;
      const edit = create === true ? 'create' : 'set';
      if (treatment === null) throw new PgError('22023', 'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"');
      if (value !== null) return editJsonb(text as string, path as string, parseJson(value as string), edit);
      switch (treatment) {
        case 'raise_exception':
          throw new PgError('22004', 'JSON value must not be null', {
            detail: 'Exception was raised because null_value_treatment is "raise_exception".',
            hint: 'To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.',
          });
        case 'use_json_null':
          return editJsonb(text as string, path as string, jsonNull, edit);
        case 'delete_key':
          return editJsonb(text as string, path as string, undefined, 'delete');
        case 'return_target':
          return text;
        default:
          throw new PgError('22023', 'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"');
      }
    },
  },
  jsonb_insert: pure((text: string, path: string, value: string, after: boolean) =>
    editJsonb(text, path, parseJson(value), after ? 'insertAfter' : 'insertBefore'),
  ),
  json_strip_nulls: pure(stripJsonNulls),
  jsonb_strip_nulls: pure((text: string) => formatJson(stripNulls(parseJson(text)))),
  jsonb_pretty: pure((text: string) => pretty(parseJson(text), '')),
  row_to_json: { kernel: (context, row) => rowObject(row as string, false, context) },
  row_to_json_pretty: { kernel: (context, row, feed) => rowObject(row as string, feed === true, context) },
  to_json: {
    typedKernel: (call) => {
      const write = jsonWriter(call.args[0] as number);
      return (context, value) => write(value, context);
    },
  },
  to_jsonb: {
    typedKernel: (call) => {
      const make = nodeMaker(call.args[0] as number);
      return (context, value) => formatJson(make(value, context));
    },
  },
  array_to_json: { typedKernel: (call) => arrayToJson(call, false) },
  array_to_json_pretty: { typedKernel: (call) => arrayToJson(call, true) },
  json_build_array: { typedKernel: (call) => buildArrayOf(call, false) },
  json_build_array_noargs: pure(() => '[]'),
  json_build_object: { typedKernel: (call) => buildObject(call, false) },
  json_build_object_noargs: pure(() => '{}'),
  jsonb_build_array: { typedKernel: (call) => buildArrayOf(call, true) },
  jsonb_build_array_noargs: pure(() => '[]'),
  jsonb_build_object: { typedKernel: (call) => buildObject(call, true) },
  jsonb_build_object_noargs: pure(() => '{}'),
  json_object: pure((text: string) => pairsToJson(objectPairs(parseArray(text)), false)),
  jsonb_object: pure((text: string) => pairsToJson(objectPairs(parseArray(text)), true)),
  json_object_two_arg: pure((keys: string, values: string) => pairsToJson(twoArrays(keys, values), false)),
  jsonb_object_two_arg: pure((keys: string, values: string) => pairsToJson(twoArrays(keys, values), true)),
  jsonb_bool: fromJsonb('boolean', 'boolean', (_, node) => (node as JsonNode & { readonly kind: 'boolean' }).value),
  jsonb_numeric: jsonbNumber('numeric', undefined),
  jsonb_int2: jsonbNumber('smallint', 'numeric_int2'),
  jsonb_int4: jsonbNumber('integer', 'numeric_int4'),
  jsonb_int8: jsonbNumber('bigint', 'numeric_int8'),
  jsonb_float4: jsonbNumber('real', 'numeric_float4'),
  jsonb_float8: jsonbNumber('double precision', 'numeric_float8'),
};

/** A record is given as the JSON object of it (shoal_row_json). */
function rowObject(row: string, feed: boolean, context: EvaluationContext): string {
  if (!row.startsWith('{')) return rowObject(jsonWriter(2249)(row, context), feed, context);
  if (!feed) return row;
  const parts: string[] = [];
  eachMember(row, (key, value) => {
    parts.push(`${quoteJson(key)}:${value}`);
  });
  return `{${parts.join(',\n ')}}`;
}

function containsJsonb(outer: string, inner: string): boolean {
  const a = parseJson(outer);
  const b = parseJson(inner);
  return (a.kind === 'object') === (b.kind === 'object') && containsNode(a, b, true);
}

function arrayToJson(call: ResolvedCall, withFlag: boolean): Kernel {
  const codec = elementsOf(call.args[0] as number);
  const write = jsonWriter(codec.oid);
  return (context, array, feed) =>
    arrayJson(parseArray(array as string, codec.delimiter), (text) => write(codec.value(text), context), withFlag && feed === true ? '\n ' : '');
}
