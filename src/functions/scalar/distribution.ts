/**
 * Shoal's functions for placing tables, under the names and with the arguments that Citus users know, and for splitting their shards. The session carries them out (proxy/session/session-calls.ts).
 */
import { Oid } from '../../types/registry.js';
import type { KernelValue, ScalarFunction } from '../function.js';

function placing(oid: number, name: string, args: readonly (readonly [name: string, type: number])[], defaults: readonly KernelValue[]): ScalarFunction {
  return {
    kind: 'scalar',
    name,
    oid,
    args: args.map(([, type]) => type),
    argNames: args.map(([argName]) => argName),
    result: Oid.void,
    strict: false,
    volatility: 'volatile',
    bySession: true,
    ...(defaults.length === 0 ? {} : { defaults }),
  };
}

export const distributionFunctions: readonly ScalarFunction[] = [
  placing(
    9_100_101,
    'create_distributed_table',
    [
      ['table_name', Oid.regclass],
      ['distribution_column', Oid.text],
      ['distribution_type', Oid.text],
      ['colocate_with', Oid.text],
      ['shard_count', Oid.int4],
    ],
    ['hash', 'default', null],
  ),
  placing(
    9_100_105,
    'shoal_split_shard',
    [
      ['table_name', Oid.regclass],
      ['shard', Oid.int4],
      ['parts', Oid.int4],
      ['wait', Oid.bool],
    ],
    [2, 1],
  ),
  { ...placing(9_100_106, 'shoal_cancel_split', [['table_name', Oid.regclass]], []), result: Oid.bool },
  placing(9_100_102, 'create_reference_table', [['table_name', Oid.regclass]], []),
  placing(9_100_103, 'undistribute_table', [['table_name', Oid.regclass]], []),
  placing(
    9_100_104,
    'alter_distributed_table',
    [
      ['table_name', Oid.regclass],
      ['distribution_column', Oid.text],
      ['shard_count', Oid.int4],
      ['colocate_with', Oid.text],
    ],
    [null, null, null],
  ),
];
