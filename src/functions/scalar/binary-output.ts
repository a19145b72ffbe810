/** The binary output functions (int4send, numeric_send, array_send, ...): what the wire would carry, as bytea. */
import { Oid, requireType } from '../../types/registry.js';
import { functionRows } from '../catalog/function-rows.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { toSql } from '../values.js';

const implementations: Record<string, ScalarImplementation> = {};

for (const line of functionRows.trim().split('\n')) {
  const [, name, , result, args, symbol] = line.split(' ') as [string, string, string, string, string, string];
  if (!name.endsWith('send') || result !== String(Oid.bytea) || args.includes(',')) continue;
  implementations[symbol] = {
    typedKernel: (call) => {
      const type = requireType(call.args[0] as number);
      return (context, value) => type.encodeBinary(toSql(value ?? null), -1, context);
    },
  };
}

export const binaryOutputFunctions: ScalarImplementations = implementations;
