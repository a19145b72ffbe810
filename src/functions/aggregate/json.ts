/** json_agg, jsonb_agg, json_object_agg and jsonb_object_agg. */
import { PgError } from '../../common/errors.js';
import { formatJson, type JsonEntry, type JsonNode, quoteJson } from '../../types/json.js';
import { elementTypeOf, Oid, typeByOid } from '../../types/registry.js';
import type { Accumulator, KernelValue, ResolvedCall } from '../function.js';
import type { AggregateImplementations } from '../implementation.js';
import { jsonWriter, keyWriter, nodeMaker, objectNode } from '../json/build.js';

/** Collects what `make` makes of each row; NULLs are collected, too. */
function collecting<T>(make: Accumulator['step'], output: (items: readonly T[]) => KernelValue): Accumulator {
  return {
    start: () => [],
    step: (state, context, ...args) => {
      (state as unknown[]).push(make(state, context, ...args));
      return state;
    },
    inverse: (state) => {
      (state as unknown[]).shift();
      return state;
    },
    result: (state) => ((state as T[]).length === 0 ? null : output(state as T[])),
  };
}

function jsonAgg(call: ResolvedCall): Accumulator {
  const oid = call.args[0] as number;
  const write = jsonWriter(oid);
  // Arrays and records begin on a line of their own.
  const separator = oid === Oid.record || typeByOid(oid)?.kind === 'c' || elementTypeOf(oid) !== undefined ? ', \n ' : ', ';
  return collecting<string>(
    (_, context, value) => write(value ?? null, context),
    (items) => `[${items.join(separator)}]`,
  );
}

function jsonbAgg(call: ResolvedCall): Accumulator {
  const make = nodeMaker(call.args[0] as number);
  return collecting<JsonNode>(
    (_, context, value) => make(value ?? null, context),
    (items) => formatJson({ kind: 'array', items }),
  );
}

function objectAgg(call: ResolvedCall): Accumulator {
  const name = keyWriter(call.args[0] as number);
  const write = jsonWriter(call.args[1] as number);
  return collecting<string>(
    (_, context, key, value) => {
      if (key === null || key === undefined) throw new PgError('22023', 'field name must not be null');
      return `${quoteJson(name(key, context))} : ${write(value ?? null, context)}`;
    },
    (items) => `{ ${items.join(', ')} }`,
  );
}

function jsonbObjectAgg(call: ResolvedCall): Accumulator {
  const name = keyWriter(call.args[0] as number);
  const make = nodeMaker(call.args[1] as number);
  return collecting<JsonEntry>(
    (_, context, key, value) => {
      if (key === null || key === undefined) throw new PgError('22023', 'field name must not be null');
      return { key: name(key, context), value: make(value ?? null, context) };
    },
    (entries) => formatJson(objectNode(entries)),
  );
}

export const jsonAggregates: AggregateImplementations = {
  'json_agg(anyelement)': { skipsNull: false, orderSensitive: true, typedAccumulator: jsonAgg },
  'jsonb_agg(anyelement)': { skipsNull: false, orderSensitive: true, typedAccumulator: jsonbAgg },
  'json_object_agg(any,any)': { skipsNull: false, orderSensitive: true, typedAccumulator: objectAgg },
  'jsonb_object_agg(any,any)': { skipsNull: false, orderSensitive: true, typedAccumulator: jsonbObjectAgg },
};
