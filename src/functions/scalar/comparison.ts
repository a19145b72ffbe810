/**
 * Comparison functions of every type that has a default B-tree order, and of the cross-type pairs of integers and floats.
 * Types whose SQLite order is PostgreSQL's are spelled natively; the others are compared through their keys, which the writer spells.
 * Date against timestamp is in datetime-comparison.ts.
 */
import { Oid } from '../../types/registry.js';
import type { Kernel, ResolvedCall, SpelledArgument } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { comparatorOf, compareFloats, compareText, type Comparator } from '../values.js';

export type ComparisonName = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';
export const comparisonNames: readonly ComparisonName[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

const signs: Readonly<Record<ComparisonName, string>> = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' };

/** A comparison kernel over an order. */
export function comparisonKernel(name: ComparisonName, compare: Comparator): Kernel {
  switch (name) {
    case 'eq':
      return (_, a, b) => compare(a, b) === 0;
    case 'ne':
      return (_, a, b) => compare(a, b) !== 0;
    case 'lt':
      return (_, a, b) => compare(a, b) < 0;
    case 'le':
      return (_, a, b) => compare(a, b) <= 0;
    case 'gt':
      return (_, a, b) => compare(a, b) > 0;
    case 'ge':
      return (_, a, b) => compare(a, b) >= 0;
  }
}

function native(name: ComparisonName): (args: readonly SpelledArgument[]) => string | undefined {
  const sign = signs[name];
  return ([left, right]) => (left === undefined || right === undefined ? undefined : `(${left.text} ${sign} ${right.text})`);
}

const compareNative: Comparator = (a, b) => {
  const left = a as number;
  const right = b as number;
  return left < right ? -1 : left > right ? 1 : 0;
};

const implementations: Record<string, ScalarImplementation> = {};

/** Registers the six comparisons under prefix + separator + name, and the B-tree support function. */
function family(prefix: string, separator: string, compare: Comparator, isNative: boolean): void {
  for (const name of comparisonNames) {
    implementations[prefix + separator + name] = { kernel: comparisonKernel(name, compare), ...(isNative ? { sqlite: native(name) } : {}) };
  }
}

for (const pair of ['int2', 'int4', 'int8', 'int24', 'int42', 'int28', 'int82', 'int48', 'int84', 'oid', 'bool']) family(pair, '', compareNative, true);
for (const pair of ['float4', 'float8', 'float48', 'float84']) family(pair, '', (a, b) => compareFloats(a as number, b as number), true);
for (const prefix of ['date', 'time', 'timestamp']) family(prefix, '_', compareNative, true);

const texts: Comparator = (a, b) => compareText(a as string, b as string);
family('text', '', texts, true);
family('text', '_', texts, true);
family('name', '', texts, true);
family('char', '', texts, true);
family('text_pattern', '_', texts, true);
for (const name of comparisonNames) {
  implementations[`name${name}text`] = { kernel: comparisonKernel(name, texts), sqlite: native(name) };
  implementations[`text${name}name`] = { kernel: comparisonKernel(name, texts), sqlite: native(name) };
}
family('bytea', '', comparatorOf(Oid.bytea), true);
family('uuid', '_', comparatorOf(Oid.uuid), true);
family('bpchar', '', lazyComparator(Oid.bpchar), false);
family('bpchar_pattern', '_', lazyComparator(Oid.bpchar), false);
family('numeric', '_', lazyComparator(Oid.numeric), false);
family('interval', '_', lazyComparator(Oid.interval), false);
family('timetz', '_', lazyComparator(Oid.timetz), false);
family('jsonb', '_', lazyComparator(Oid.jsonb), false);
family('oidvector', '', lazyComparator(Oid.oidvector), false);
family('network', '_', lazyComparator(Oid.inet), false);
family('tid', '', lazyComparator(Oid.tid), false);
family('pg_lsn', '_', lazyComparator(Oid.pgLsn), false);
for (const prefix of ['macaddr', 'macaddr8', 'cash']) family(prefix, '_', prefix === 'cash' ? compareNative : texts, true);
family('bit', '', texts, true);
family('xid8', '', compareNative, true);
for (const name of ['eq', 'neq'] as const) {
  const kernel = comparisonKernel(name === 'eq' ? 'eq' : 'ne', compareNative);
  implementations[`xid${name}`] = { kernel, sqlite: native(name === 'eq' ? 'eq' : 'ne') };
  implementations[`xid${name}int4`] = { kernel, sqlite: native(name === 'eq' ? 'eq' : 'ne') };
}

/** The comparator of a type that may not be complete while modules load. */
function lazyComparator(oid: number): Comparator {
  let comparator: Comparator | undefined;
  return (a, b) => (comparator ??= comparatorOf(oid))(a, b);
}

for (const name of comparisonNames) {
  implementations[`array_${name}`] = { typedKernel: (call: ResolvedCall) => comparisonKernel(name, comparatorOf(call.args[0] as number)) };
}

/** B-tree support functions: -1, 0, 1. */
const supports: readonly (readonly [string, Comparator])[] = [
  ...['btint2cmp', 'btint4cmp', 'btint8cmp', 'btint24cmp', 'btint42cmp', 'btint28cmp', 'btint82cmp', 'btint48cmp', 'btint84cmp', 'btoidcmp', 'btboolcmp'].map(
    (name) => [name, compareNative] as const,
  ),
  ...['date_cmp', 'time_cmp', 'timestamp_cmp'].map((name) => [name, compareNative] as const),
  ['bttextcmp', texts],
  ['btnamecmp', texts],
  ['byteacmp', comparatorOf(Oid.bytea)],
  ['uuid_cmp', comparatorOf(Oid.uuid)],
  ['bpcharcmp', lazyComparator(Oid.bpchar)],
  ['numeric_cmp', lazyComparator(Oid.numeric)],
  ['interval_cmp', lazyComparator(Oid.interval)],
  ['jsonb_cmp', lazyComparator(Oid.jsonb)],
  ['timetz_cmp', lazyComparator(Oid.timetz)],
  ['network_cmp', lazyComparator(Oid.inet)],
  ['macaddr_cmp', texts],
  ['macaddr8_cmp', texts],
  ['cash_cmp', compareNative],
  ['bitcmp', texts],
  ['xid8cmp', compareNative],
  ['bttidcmp', lazyComparator(Oid.tid)],
  ['pg_lsn_cmp', lazyComparator(Oid.pgLsn)],
  ['btcharcmp', texts],
  ['btnametextcmp', texts],
  ['bttextnamecmp', texts],
  ['bttext_pattern_cmp', texts],
  ['btbpchar_pattern_cmp', lazyComparator(Oid.bpchar)],
  ['btoidvectorcmp', lazyComparator(Oid.oidvector)],
  ...['btfloat4cmp', 'btfloat8cmp', 'btfloat48cmp', 'btfloat84cmp'].map((name): readonly [string, Comparator] => [
    name,
    (a, b) => compareFloats(a as number, b as number),
  ]),
];
for (const [name, compare] of supports) implementations[name] = { kernel: (_, a, b) => compare(a, b) };

implementations['btarraycmp'] = {
  typedKernel: (call: ResolvedCall) => {
    const compare = comparatorOf(call.args[0] as number);
    return (_, a, b) => compare(a ?? null, b ?? null);
  },
};

/** The functions behind max and min; of equal values the second one, but for bpchar. */
const choices: readonly (readonly [string, Comparator, keepFirst?: boolean])[] = [
  ...['int2', 'int4', 'int8', 'oid', 'date_', 'time_', 'timestamp_', 'cash', 'xid8_'].map((prefix) => [prefix, compareNative] as const),
  ...['float4', 'float8'].map((prefix): readonly [string, Comparator] => [prefix, (a, b) => compareFloats(a as number, b as number)]),
  ['timetz_', lazyComparator(Oid.timetz)],
  ['interval_', lazyComparator(Oid.interval)],
  ['network_', lazyComparator(Oid.inet)],
  ['tid', lazyComparator(Oid.tid)],
  ['pg_lsn_', lazyComparator(Oid.pgLsn)],
  ['bpchar_', lazyComparator(Oid.bpchar), true],
];
for (const [prefix, compare, keepFirst] of choices) {
  implementations[`${prefix}larger`] = {
    kernel: (_, a, b) => {
      const order = compare(a ?? null, b ?? null);
      return (order > 0 || (keepFirst === true && order === 0) ? a : b) ?? null;
    },
  };
  implementations[`${prefix}smaller`] = {
    kernel: (_, a, b) => {
      const order = compare(a ?? null, b ?? null);
      return (order < 0 || (keepFirst === true && order === 0) ? a : b) ?? null;
    },
  };
}

export const comparisonFunctions: ScalarImplementations = implementations;
