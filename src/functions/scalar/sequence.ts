/**
 * Sequence functions. They run where the sequences are: the writer lane registers its own code for them on its connection (storage/write/sequence-functions);
 * the kernels here only say so.
 */
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';

const onTheLane: ScalarImplementation = {
  needsWriter: true,
  kernel: () => {
    throw new Error('assertion failed: sequence functions run on the writer lane');
  },
};

export const sequenceFunctions: ScalarImplementations = {
  nextval_oid: onTheLane,
  currval_oid: onTheLane,
  setval_oid: onTheLane,
  setval3_oid: onTheLane,
  lastval: onTheLane,
  pg_sequence_last_value: onTheLane,
};
