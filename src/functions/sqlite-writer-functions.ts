/**
 * Functions of a connection that only the SQLite writer's own spellings need: range checks of arithmetic that was written natively, and the placement of rows.
 * Registered by sqlite-register.
 */
import type { Database } from 'better-sqlite3';
import { PgError } from '../common/errors.js';
import { placementHash32 } from '../types/hash.js';
import { numericPlace, placeOfTimestamp } from '../types/numeric-place.js';
import type { SqlValue } from '../types/value.js';

interface Bounds {
  readonly low: bigint;
  readonly high: bigint;
  readonly message: string;
}

const integers: readonly (Bounds & { readonly name: string })[] = [
  { name: 'shoal_int2', low: -32768n, high: 32767n, message: 'smallint out of range' },
  { name: 'shoal_int4', low: -2147483648n, high: 2147483647n, message: 'integer out of range' },
  { name: 'shoal_int8', low: -9223372036854775808n, high: 9223372036854775807n, message: 'bigint out of range' },
];

const numberLists = new Map<string, readonly number[]>();

function numberList(text: string): readonly number[] {
  let list = numberLists.get(text);
  if (list === undefined) {
    if (numberLists.size > 1000) numberLists.clear();
    numberLists.set(text, (list = text.split(',').map(Number)));
  }
  return list;
}

/** Index of the last bound that is not above the hash. */
function indexOfHash(bounds: readonly number[], hash32: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((bounds[middle] as number) <= hash32) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Registers them. */
export function registerWriterFunctions(db: Database): void {
  const define = (name: string, varargs: boolean, callback: (...params: never[]) => SqlValue): void => {
    db.function(name, { deterministic: true, safeIntegers: true, varargs }, callback as unknown as (...params: unknown[]) => unknown);
  };
  for (const { name, low, high, message } of integers) {
    define(name, false, (value: SqlValue) => {
      if (value === null || (typeof value === 'bigint' && value >= low && value <= high)) return value;
      throw new PgError('22003', message);
    });
  }
  // Not deterministic: SQLite would compute it before the first row.
  db.function('shoal_replan', { deterministic: false }, () => {
    throw new PgError('SH002', 'numeric out of range of scaled integers');
  });
  // An integer operation that leaves 63 bits gives a REAL in SQLite: the statement must be planned again with exact numerics.
  define('shoal_exact', false, (value: SqlValue) => {
    if (typeof value === 'number') throw new PgError('SH002', 'numeric out of range of scaled integers');
    return value;
  });
  define('shoal_decimal_place', false, (value: SqlValue, scale: bigint) => {
    if (value === null) return null;
    const place = numericPlace(String(value), Number(scale));
    if (place === undefined) throw new PgError('SH002', 'numeric finer than scaled integers');
    return place;
  });
  define('shoal_day_place', false, (value: SqlValue) => (value === null ? null : placeOfTimestamp(BigInt(value as bigint))));
  // shoal_shard(bounds, key types, key values...): the index of the shard that owns the key.
  define('shoal_shard', true, (bounds: string, oids: string, ...values: SqlValue[]) =>
    BigInt(indexOfHash(numberList(bounds), placementHash32(values, numberList(oids)))),
  );
  // A table-valued function: 1, 2, ... count.
  db.table('shoal_series', {
    columns: ['n'],
    parameters: ['count'],
    safeIntegers: true,
    rows: function* (count: bigint | null) {
      for (let n = 1n; count !== null && n <= count; n++) yield [n];
    },
  } as unknown as Parameters<Database['table']>[1]);
}
