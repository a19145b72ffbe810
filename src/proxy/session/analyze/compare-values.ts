/** The order of physical values as SQLite has it: NULL apart, numbers, text by its bytes, bytes. With the keys of a type (PgType.key) it is the type's order. Called by column-statistics. */
import type { SqlValue } from '../../../types/value.js';

function rank(value: SqlValue): number {
  return typeof value === 'string' ? 1 : value instanceof Uint8Array ? 2 : 0;
}

export function compareValues(a: SqlValue, b: SqlValue): number {
  const kinds = rank(a) - rank(b);
  if (kinds !== 0) return kinds;
  if (typeof a === 'string') {
    if (a === b) return 0;
    return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  }
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array);
  const [left, right] = [a ?? 0, (b as number | bigint | null) ?? 0];
  return left < right ? -1 : left > right ? 1 : 0;
}
