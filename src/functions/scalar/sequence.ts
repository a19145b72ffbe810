/**
 * Sequence functions. They run where the sequences are: the writer lane registers its own code for them on its connection (storage/write/sequence-functions);
 * the kernels here only say so.
 */
import { Oid } from '../../types/oid.js';
import type { Kernel, ScalarFunction } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';

const onTheLaneOnly: Kernel = () => {
  throw new Error('assertion failed: sequence functions run on the writer lane');
};

const onTheLane: ScalarImplementation = { needsWriter: true, kernel: onTheLaneOnly };

/** What a sequence read as a table shows; the binder calls it. */
export const sequenceState: ScalarFunction = {
  kind: 'scalar',
  name: 'shoal_sequence_state',
  oid: 9_100_303,
  strict: true,
  volatility: 'volatile',
  args: [Oid.regclass, Oid.int4],
  result: Oid.int8,
  needsWriter: true,
  kernel: onTheLaneOnly,
};

export const sequenceFunctions: ScalarImplementations = {
  nextval_oid: onTheLane,
  currval_oid: onTheLane,
  setval_oid: onTheLane,
  setval3_oid: onTheLane,
  lastval: onTheLane,
  pg_sequence_last_value: onTheLane,
};
