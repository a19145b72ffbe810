/** The column types that the generator knows, with their literals. Small domains on purpose: values must meet in joins and fall into groups. */
import type { Random } from '../support/random.js';

export type TypeName =
  | 'int'
  | 'bigint'
  | 'smallint'
  | 'numeric'
  | 'float8'
  | 'text'
  | 'varchar'
  | 'bpchar'
  | 'bool'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'time'
  | 'interval'
  | 'uuid'
  | 'jsonb'
  | 'int[]'
  | 'text[]'
  | 'bytea';

/** At which level of complexity a type begins to appear. */
export const typeLevels: Readonly<Record<TypeName, number>> = {
  int: 0,
  text: 0,
  numeric: 0,
  bool: 0,
  date: 0,
  bigint: 1,
  float8: 1,
  timestamp: 1,
  varchar: 1,
  smallint: 2,
  bpchar: 2,
  interval: 2,
  timestamptz: 3,
  time: 3,
  uuid: 3,
  'int[]': 4,
  'text[]': 4,
  jsonb: 4,
  bytea: 4,
};

const words = [
  '',
  'a',
  'b',
  'A',
  'abc',
  'abd',
  'Abc',
  'zebra',
  'x y',
  ' lead',
  'trail ',
  'under_score',
  '100%',
  "o'clock",
  'ä',
  'Ärger',
  '日本',
  '😀',
  'null',
  '42',
  '-7',
  '3.5',
  'back\\slash',
];

/** The text of a value, as one would give it for a parameter. */
export function valueText(type: TypeName, random: Random): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = (): string => `${random.pick([1999, 2000, 2020, 2023, 2024])}-${two(random.int(1, 12))}-${two(random.pick([1, 2, 15, 28]))}`;
  const clock = (): string =>
    `${two(random.pick([0, 6, 12, 23]))}:${two(random.pick([0, 30, 59]))}:${two(random.int(0, 59))}${random.chance(0.3) ? `.${random.int(1, 999_999)}` : ''}`;
  switch (type) {
    case 'int':
      return String(
        random.weighted([
          [6, random.int(-5, 10)],
          [3, random.int(-100, 100)],
          [1, random.int(-40_000, 40_000)],
        ]),
      );
    case 'bigint':
      return random.chance(0.85) ? String(random.int(-20, 50)) : random.pick(['3000000000', '-3000000000', '1234567890123', '9007199254740993']);
    case 'smallint':
      return String(random.chance(0.9) ? random.int(-5, 20) : random.int(-32_768, 32_767));
    case 'numeric':
      return random.weighted([
        [5, (random.int(-2000, 2000) / 100).toFixed(2)],
        [2, String(random.int(-10, 10))],
        [2, (random.int(-99, 99) / 10).toFixed(1)],
        [1, (random.int(-99_999, 99_999) / 1000).toFixed(3)],
      ]);
    case 'float8':
      // Binary fractions: sums are exact in any order.
      return String(random.int(-400, 400) / 4);
    case 'text':
    case 'varchar':
      return random.pick(words);
    case 'bpchar':
      return random.pick(words).slice(0, 4);
    case 'bool':
      return random.pick(['t', 'f']);
    case 'date':
      return day();
    case 'timestamp':
      return `${day()} ${clock()}`;
    case 'timestamptz':
      return `${day()} ${clock()}${random.pick(['+00', '+02', '-05:30'])}`;
    case 'time':
      return clock();
    case 'interval':
      return random.pick([
        '1 day',
        '24:00:00',
        '1 mon',
        '30 days',
        '1 year 2 mons',
        '-3 days',
        '02:30:00',
        '1 day 00:00:01',
        '00:00:00.5',
        '-1 mon +1 day',
        '0',
      ]);
    case 'uuid':
      return `0000000${random.int(0, 9)}-0000-4000-8000-00000000000${random.pick(['a', 'b', '1'])}`;
    case 'jsonb':
      return random.pick([
        '{}',
        '[]',
        '{"a": 1, "b": [1, 2]}',
        '{"b": null, "a": "x"}',
        '[1, "two", null]',
        '1',
        '"x"',
        'null',
        '{"a": {"c": true}}',
        '{"a": 1.0}',
      ]);
    case 'int[]':
      return random.pick(['{}', '{1}', '{1,2,3}', '{3,2}', '{NULL,1}', '{1,2}']);
    case 'text[]':
      return random.pick(['{}', '{a}', '{a,b}', '{"x y",NULL}', '{""}', '{b,a}']);
    case 'bytea':
      return random.pick(['\\x', '\\x00', '\\x0102ff', '\\x61']);
  }
}

/** A literal with its type, as SQL. */
export function literal(type: TypeName, random: Random, nullProbability = 0.08): string {
  if (random.chance(nullProbability)) return `NULL::${type}`;
  const value = valueText(type, random);
  switch (type) {
    case 'int':
      return value.startsWith('-') ? `(${value})` : value;
    case 'numeric':
      return value.includes('.') ? (value.startsWith('-') ? `(${value})` : value) : `${quote(value)}::numeric`;
    case 'bool':
      return value === 't' ? 'true' : 'false';
    case 'text':
      return random.chance(0.5) ? quote(value) : `${quote(value)}::text`;
    case 'date':
    case 'timestamp':
    case 'time':
    case 'interval':
      return `${type} ${quote(value)}`;
    default:
      return `${quote(value)}::${type}`;
  }
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
