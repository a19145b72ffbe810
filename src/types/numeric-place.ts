/** Where a numeric stands among the scaled integers of a decimal column. Used by the SQLite writer for constants and by its connection function for parameters. */
import { parseNumeric, powerOfTen } from './numeric.js';

/**
 * A numeric among integers of a scale, for comparison alone: itself where it is one of them, else a REAL halfway to the next, infinities as REAL infinities, NaN as TEXT.
 * undefined: no REAL has its place (beyond 2^52).
 */
export function numericPlace(text: string, scale: number): bigint | number | string | undefined {
  const value = parseNumeric(text);
  switch (value.kind) {
    case 'nan':
      return 'NaN';
    case 'inf':
      return Infinity;
    case '-inf':
      return -Infinity;
    case 'finite': {
      const shift = scale - value.scale;
      if (shift >= 0) {
        const scaled = value.coefficient * powerOfTen(shift);
        return BigInt.asIntN(64, scaled) === scaled ? scaled : scaled > 0n ? Infinity : -Infinity;
      }
      const divisor = powerOfTen(-shift);
      const quotient = value.coefficient / divisor;
      if (quotient * divisor === value.coefficient) return BigInt.asIntN(64, quotient) === quotient ? quotient : quotient > 0n ? Infinity : -Infinity;
      const floor = value.coefficient < 0n ? quotient - 1n : quotient;
      return floor > 2n ** 52n || floor < -(2n ** 52n) ? undefined : Number(floor) + 0.5;
    }
    default:
      return undefined;
  }
}
