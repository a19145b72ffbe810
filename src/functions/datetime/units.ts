/** The names of date and time fields, as date_trunc, extract and date_part read them. Only the first ten characters count. */

export type Unit =
  | 'microseconds'
  | 'milliseconds'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium'
  | 'timezone'
  | 'timezone_hour'
  | 'timezone_minute'
  | 'dow'
  | 'isodow'
  | 'doy'
  | 'isoyear'
  | 'julian'
  | 'epoch';

const names: readonly (readonly [unit: Unit, ...names: readonly string[]])[] = [
  ['microseconds', 'microsecon', 'us', 'usec', 'usecs', 'usecond', 'useconds'],
  ['milliseconds', 'millisecon', 'ms', 'msec', 'msecs', 'mseconds', 'msecond'],
  ['second', 's', 'sec', 'second', 'seconds', 'secs'],
  ['minute', 'm', 'min', 'mins', 'minute', 'minutes'],
  ['hour', 'h', 'hour', 'hours', 'hr', 'hrs'],
  ['day', 'd', 'day', 'days'],
  ['week', 'w', 'week', 'weeks'],
  ['month', 'mon', 'mons', 'month', 'months'],
  ['quarter', 'qtr', 'quarter'],
  ['year', 'y', 'year', 'years', 'yr', 'yrs'],
  ['decade', 'dec', 'decade', 'decades', 'decs'],
  ['century', 'c', 'cent', 'centuries', 'century'],
  ['millennium', 'mil', 'millennia', 'millennium', 'mils'],
  ['timezone', 'timezone'],
  ['timezone_hour', 'timezone_h'],
  ['timezone_minute', 'timezone_m'],
];

const specialNames: readonly (readonly [unit: Unit, ...names: readonly string[]])[] = [
  ['dow', 'dow'],
  ['isodow', 'isodow'],
  ['doy', 'doy'],
  ['isoyear', 'isoyear'],
  ['julian', 'j', 'jd', 'julian'],
  ['epoch', 'epoch'],
];

function table(rows: readonly (readonly [Unit, ...(readonly string[])])[]): ReadonlyMap<string, Unit> {
  return new Map(rows.flatMap(([unit, ...words]) => words.map((word) => [word, unit] as const)));
}

const plain = table(names);
const special = table(specialNames);

/** A field that date_trunc knows (whether or not it can truncate to it). */
export function truncationUnit(name: string): Unit | undefined {
  return plain.get(name.toLowerCase().slice(0, 10));
}

/** A field that extract knows. */
export function extractionUnit(name: string): Unit | undefined {
  const word = name.toLowerCase().slice(0, 10);
  return plain.get(word) ?? special.get(word);
}
