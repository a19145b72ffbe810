/** json(b)_array_elements(_text), json(b)_each(_text) and json(b)_object_keys. */
import { PgError } from '../../common/errors.js';
import type { KernelValue } from '../function.js';
import type { SetImplementation, SetImplementations } from '../implementation.js';
import { populate, requireArray, requireObjectItem, requireRowType } from '../json/populate.js';
import { itemText, pathItems } from '../json/path.js';
import { eachItem, eachMember, jsonAsText, jsonKind, requireReadable } from '../json/scan.js';

type Convert = (value: string) => KernelValue;
const same: Convert = (value) => value;
const readableText: Convert = (value) => {
  requireReadable(value);
  return jsonAsText(value);
};

function wrong(message: string): PgError {
  return new PgError('22023', message);
}

function elements(convert: Convert, onObject: string, onScalar: string): SetImplementation {
  return {
    columnName: 'value',
    rows: (_, text) => {
      const kind = jsonKind(text as string);
      if (kind !== 'array') throw wrong(kind === 'object' ? onObject : onScalar);
      const rows: KernelValue[][] = [];
      eachItem(text as string, (value) => {
        rows.push([convert(value)]);
      });
      return rows;
    },
  };
}

function members(row: (key: string, value: string) => KernelValue[], onArray: string, onScalar: string): SetImplementation {
  return {
    rows: (_, text) => {
      const kind = jsonKind(text as string);
      if (kind !== 'object') throw wrong(kind === 'array' ? onArray : onScalar);
      const rows: KernelValue[][] = [];
      eachMember(text as string, (key, value) => {
        rows.push(row(key, value));
      });
      return rows;
    },
  };
}

const notObject = (name: string): readonly [string, string] => [`cannot call ${name} on a non-object`, `cannot call ${name} on a non-object`];

/** jsonb_path_query: the items of a path. */
const pathQuery = (zoned: boolean): SetImplementation => ({
  rows: (context, json, path, variables, silent) => {
    const call = { json: json as string, path: path as string, variables: variables as string, silent: silent === true };
    return pathItems({ ...call, zone: zoned ? context.timeZone : undefined }).map((item) => [itemText(item)]);
  },
});

/** One composite for each object of an array. */
const populateSet = (name: string): SetImplementation => ({
  typedRows: (call) => {
    requireRowType(call.result, name);
    return (context, base, json) => {
      const rows: KernelValue[][] = [];
      if (json === null || json === undefined) return rows;
      requireArray(json as string, name);
      eachItem(json as string, (item) => {
        requireObjectItem(item, name);
        rows.push([populate(call.result, base as string | null, item, context)]);
      });
      return rows;
    };
  },
});

export const jsonSets: SetImplementations = {
  json_populate_recordset: populateSet('json_populate_recordset'),
  jsonb_populate_recordset: populateSet('jsonb_populate_recordset'),
  jsonb_path_query: pathQuery(false),
  jsonb_path_query_tz: pathQuery(true),
  json_array_elements: elements(same, 'cannot call json_array_elements on a non-array', 'cannot call json_array_elements on a scalar'),
  json_array_elements_text: elements(readableText, 'cannot call json_array_elements_text on a non-array', 'cannot call json_array_elements_text on a scalar'),
  jsonb_array_elements: elements(same, 'cannot extract elements from an object', 'cannot extract elements from a scalar'),
  jsonb_array_elements_text: elements(jsonAsText, 'cannot extract elements from an object', 'cannot extract elements from a scalar'),
  json_each: members((key, value) => [key, value], 'cannot deconstruct an array as an object', 'cannot deconstruct a scalar'),
  json_each_text: members((key, value) => [key, jsonAsText(value)], 'cannot deconstruct an array as an object', 'cannot deconstruct a scalar'),
  jsonb_each: members((key, value) => [key, value], ...notObject('jsonb_each')),
  jsonb_each_text: members((key, value) => [key, jsonAsText(value)], ...notObject('jsonb_each_text')),
  json_object_keys: members((key) => [key], 'cannot call json_object_keys on an array', 'cannot call json_object_keys on a scalar'),
  jsonb_object_keys: members((key) => [key], 'cannot call jsonb_object_keys on an array', 'cannot call jsonb_object_keys on a scalar'),
};
