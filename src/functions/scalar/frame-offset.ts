/** The check of window frame offsets that are computed: what the rule for such frames (planner/logical/rules/range-frames) puts around them. */
import { PgError } from '../../common/errors.js';
import { intervalFromText, intervalSpan } from '../../types/interval.js';
import { Oid } from '../../types/registry.js';
import type { OwnScalar } from '../implementation.js';

export const ownFrameFunctions: readonly OwnScalar[] = [
  {
    // shoal_frame_offset(offset, starting or ending, rows, range or groups): the offset.
    name: 'shoal_frame_offset',
    args: [Oid.any, Oid.text, Oid.text],
    result: Oid.anyelement,
    strict: false,
    typedKernel: (call) => (_, offset, side, mode) => {
      if (offset === null || offset === undefined) throw new PgError('22004', `frame ${String(side)} offset must not be null`);
      const negative = call.args[0] === Oid.interval ? intervalSpan(intervalFromText(offset as string)) < 0n : offset === 'NaN' || Number(offset) < 0;
      if (negative)
        throw new PgError(
          '22013',
          mode === 'range' ? 'invalid preceding or following size in window function' : `frame ${String(side)} offset must not be negative`,
        );
      return offset;
    },
  },
];
