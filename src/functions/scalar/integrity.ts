/** Shoal's functions that look for damage in the files. The session carries them out (proxy/session/integrity-calls.ts). */
import { Oid } from '../../types/registry.js';
import type { ScalarFunction } from '../function.js';

const common = { kind: 'scalar', strict: true, volatility: 'volatile', bySession: true, args: [], result: Oid.json } as const;

/** The first two answer a JSON array of objects {file, page, object, detail}, for json_to_recordset(); the last one of {node, result, reason, checksum, differences, pending} (cluster/replication/compare-copies). */
export const integrityFunctions: readonly ScalarFunction[] = [
  { ...common, name: 'shoal_verify', oid: 9_100_301 },
  { ...common, name: 'shoal_check', oid: 9_100_302 },
  { ...common, name: 'shoal_compare_copies', oid: 9_100_303 },
];
