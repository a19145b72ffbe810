/**
 * Functions over the types that a database defines: enums (pg_proc's enum_*), composites and records (record_*), and the writer's access to fields.
 */
import { PgError } from '../../common/errors.js';
import { compositeOf, compositeValues, type CompositeField, recordValue } from '../../types/composite.js';
import type { EnumMember } from '../../types/enum.js';
import { formatType, Oid, requireType } from '../../types/registry.js';
import type { SqlValue } from '../../types/value.js';
import { buildArray } from '../array-value.js';
import type { KernelValue, ResolvedCall } from '../function.js';
import { fromJson, populate, requireArray, requireObject, requireObjectItem, requireRowType } from '../json/populate.js';
import { memberOf } from '../json/scan.js';
import type { OwnScalar, ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { comparatorOf, toKernel, toSql } from '../values.js';
import { comparisonKernel, comparisonNames, type ComparisonName } from './comparison.js';
import { compareRecordImages } from './record-image.js';

const signs: Readonly<Record<ComparisonName, string>> = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' };

const implementations: Record<string, ScalarImplementation> = {};

for (const name of comparisonNames) {
  const sign = signs[name];
  implementations[`enum_${name}`] = {
    typedKernel: () => comparisonKernel(name, (a, b) => Number(a) - Number(b)),
    sqlite: ([left, right]) => (left === undefined || right === undefined ? undefined : `(${left.text} ${sign} ${right.text})`),
  };
  implementations[`record_${name}`] = { kernel: comparisonKernel(name, (a, b) => comparatorOf(Oid.record)(a, b)) };
  implementations[`record_image_${name}`] = { kernel: comparisonKernel(name, compareRecordImages) };
}
implementations['enum_cmp'] = { typedKernel: () => (_, a, b) => Math.sign(Number(a) - Number(b)) };
implementations['enum_larger'] = { typedKernel: () => (_, a, b) => (Number(a) >= Number(b) ? a : b) };
implementations['enum_smaller'] = { typedKernel: () => (_, a, b) => (Number(a) <= Number(b) ? a : b) };
implementations['btrecordimagecmp'] = { kernel: (_, a, b) => compareRecordImages(a ?? null, b ?? null) };
implementations['btrecordcmp'] = { kernel: (_, a, b) => comparatorOf(Oid.record)(a, b) };

function membersOf(oid: number): readonly EnumMember[] {
  const definition = requireType(oid).definition;
  if (definition?.kind !== 'enum') throw new PgError('42804', `type ${formatType(oid)} is not an enum type`);
  return definition.members;
}

implementations['enum_first'] = {
  typedKernel: (call) => {
    const oid = call.args[0] as number;
    return () => {
      const first = membersOf(oid)[0];
      if (first === undefined) throw new PgError('55000', `enum ${formatType(oid)} contains no values`);
      return first.position;
    };
  },
};
implementations['enum_last'] = {
  typedKernel: (call) => {
    const oid = call.args[0] as number;
    return () => {
      const last = membersOf(oid).at(-1);
      if (last === undefined) throw new PgError('55000', `enum ${formatType(oid)} contains no values`);
      return last.position;
    };
  },
};

function range(oid: number, lower: KernelValue, upper: KernelValue): string {
  const positions = membersOf(oid)
    .map((member) => member.position)
    .filter((position) => (lower === null || position >= Number(lower)) && (upper === null || position <= Number(upper)));
  return buildArray(oid, positions);
}
implementations['enum_range_all'] = { typedKernel: (call) => () => range(call.args[0] as number, null, null) };
implementations['enum_range_bounds'] = { typedKernel: (call) => (_, lower, upper) => range(call.args[0] as number, lower ?? null, upper ?? null) };

const populateRecord = (name: string): ScalarImplementation => ({
  typedKernel: (call) => {
    requireRowType(call.result, name);
    return (context, base, json) =>
      json === null || json === undefined ? (base ?? null) : populate(call.result, base as string | null, json as string, context);
  },
});
for (const name of ['json_populate_record', 'jsonb_populate_record']) implementations[name] = populateRecord(name);

export const userTypeFunctions: ScalarImplementations = implementations;

function fieldsOf(oid: number): readonly CompositeField[] {
  const definition = requireType(oid).definition;
  if (definition?.kind !== 'composite') throw new Error(`assertion failed: type OID ${String(oid)} is a composite`);
  return definition.fields;
}

/** What the binder makes of (x).field and of SET x.field = ... */
export const ownUserTypeFunctions: readonly OwnScalar[] = [
  {
    // shoal_json_field(json or jsonb, key, modifier, function): a field of json_to_record(set) as a value of its type.
    name: 'shoal_json_field',
    args: [Oid.any, Oid.text, Oid.int4, Oid.text],
    result: Oid.anyelement,
    strict: true,
    typedKernel: (call: ResolvedCall) => (context, json, key, typmod, caller) => {
      if ((caller as string).endsWith('set')) requireObjectItem(json as string, caller as string);
      else requireObject(json as string);
      const value = memberOf(json as string, key as string) ?? 'null';
      return toKernel(fromJson(call.result, Number(typmod), value, context, key as string), call.result);
    },
  },
  {
    // shoal_json_array(json or jsonb, function): the array itself, checked for json_to_recordset.
    name: 'shoal_json_array',
    args: [Oid.any, Oid.text],
    result: Oid.anyelement,
    strict: true,
    typedKernel: () => (_, json, caller) => {
      requireArray(json as string, caller as string);
      return json;
    },
  },
  {
    // shoal_field(composite or record, attribute number (of a record: position)): the field's value.
    name: 'shoal_field',
    args: [Oid.any, Oid.int4],
    result: Oid.anyelement,
    strict: true,
    typedKernel: (call: ResolvedCall) => {
      const oid = call.args[0] as number;
      return (_, value, attribute) => {
        if (oid === Oid.record) {
          const record = recordValue(value as string, requireType);
          const at = Number(attribute) - 1;
          return toKernel(record.values[at] ?? null, record.typeOids[at] ?? Oid.text);
        }
        const field = fieldsOf(oid).find((candidate) => candidate.attribute === Number(attribute));
        if (field === undefined) return null;
        const [found] = compositeValues(value as string, [field], requireType);
        return toKernel(found ?? null, field.typeOid);
      };
    },
  },
  {
    // shoal_with_field(composite or NULL, attribute number, value): the composite with another value in the field.
    name: 'shoal_with_field',
    args: [Oid.any, Oid.int4, Oid.any],
    result: Oid.anyelement,
    strict: false,
    typedKernel: (call: ResolvedCall) => {
      const oid = call.args[0] as number;
      return (_, value, attribute, given) => {
        const fields = fieldsOf(oid);
        const old: readonly SqlValue[] = value === null ? fields.map(() => null) : compositeValues(value as string, fields, requireType);
        return compositeOf(
          fields.map((field, n) => (field.attribute === Number(attribute) ? toSql(given ?? null) : (old[n] ?? null))),
          fields,
          requireType,
        );
      };
    },
  },
];
