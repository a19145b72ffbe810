/**
 * Where a value stands among the coarser values that it is compared with: numerics among the scaled integers of a decimal column, timestamps among dates.
 * Used by the SQLite writer for constants and by its connection functions for everything else.
 */
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

const dayMicros = 86_400_000_000n;
const infinities: ReadonlyMap<bigint, bigint> = new Map([
  [9223372036854775807n, 2147483647n],
  [-9223372036854775808n, -2147483648n],
]);

/** A timestamp among dates, for comparison alone: the day where it is midnight, else a REAL halfway to the next day; the infinities are those of date. */
export function placeOfTimestamp(micros: bigint): bigint | number {
  const infinity = infinities.get(micros);
  if (infinity !== undefined) return infinity;
  const remainder = ((micros % dayMicros) + dayMicros) % dayMicros;
  const day = (micros - remainder) / dayMicros;
  return remainder === 0n ? day : Number(day) + 0.5;
}
