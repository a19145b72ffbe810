/** Values of each type as text literals, for the fuzzing of functions: edges, and made at random by seed. */
export type Random = () => number;

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const whole = (random: Random, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
export const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const repeat = (random: Random, least: number, most: number, make: () => string): string => Array.from({ length: whole(random, least, most) }, make).join('');

type Maker = (random: Random) => string;

const digits = (random: Random, most: number): string => repeat(random, 1, most, () => String(whole(random, 0, 9)));
const letters = Array.from('aAbBcéxyzß日 _-%.,1290\\\'"(){}[]|*+?^$/:😀');
const text: Maker = (random) =>
  random() < 0.5
    ? pick(random, [
        '',
        'a',
        'abc',
        'Hello World',
        'foo bar baz',
        'aaa',
        'xyzzy',
        ' trim me ',
        'UPPER',
        '12',
        '3.14',
        'a,b,,c',
        'été',
        '日本語',
        'a%b_c',
        'tEsT123',
      ])
    : repeat(random, 0, 8, () => pick(random, letters));
const pad = (value: number, width: number): string => String(value).padStart(width, '0');
const dateText: Maker = (random) => {
  if (random() < 0.06) return pick(random, ['infinity', '-infinity', '0044-03-15 BC', '4713-01-01 BC']);
  const year = random() < 0.8 ? whole(random, 1900, 2100) : whole(random, 1, 9999);
  return `${pad(year, 4)}-${pad(whole(random, 1, 12), 2)}-${pad(whole(random, 1, 28), 2)}`;
};
const timeText: Maker = (random) =>
  `${pad(whole(random, 0, 23), 2)}:${pad(whole(random, 0, 59), 2)}:${pad(whole(random, 0, 59), 2)}${pick(random, ['', '', '.5', '.123456', '.000001', '.999999'])}`;
const timestampText: Maker = (random) => {
  const date = dateText(random);
  if (date.includes('inf')) return date;
  return date.endsWith(' BC') ? `${date.slice(0, -3)} ${timeText(random)} BC` : `${date} ${timeText(random)}`;
};
const zoned: Maker = (random) => {
  const moment = timestampText(random);
  return moment.includes('inf')
    ? moment
    : moment.endsWith(' BC')
      ? `${moment.slice(0, -3)}+00 BC`
      : `${moment}${pick(random, ['+00', '+02', '-05:30', '+05:45'])}`;
};
const intervalText: Maker = (random) =>
  [
    random() < 0.4 ? `${whole(random, -30, 30)} mons` : '',
    random() < 0.4 ? `${whole(random, -60, 60)} days` : '',
    random() < 0.5 ? `${pick(random, ['', '-'])}${timeText(random)}` : '',
  ]
    .join(' ')
    .trim() || '0';
const numericText: Maker = (random) => {
  const roll = random();
  if (roll < 0.1) return pick(random, ['0', '0.00', 'NaN', 'Infinity', '-Infinity', '1e20', '-1e-10', '1', '-1']);
  if (roll < 0.3) return `${pick(random, ['', '-'])}${digits(random, 25)}${pick(random, ['', `.${digits(random, 15)}`])}`;
  return `${pick(random, ['', '-'])}${digits(random, 4)}${pick(random, ['', `.${digits(random, 4)}`])}`;
};
const floatText: Maker = (random) =>
  random() < 0.25
    ? pick(random, ['0', '1', '-1', '0.5', '-0.5', 'NaN', 'Infinity', '-Infinity', '1e-7', '1e15', '1e16', '0.1', '1e300', '2'])
    : random() < 0.5
      ? String(whole(random, -1000, 1000) / 8)
      : ((random() - 0.5) * 10 ** whole(random, -3, 12)).toPrecision(whole(random, 1, 17));
const bits: Maker = (random) => repeat(random, 0, 20, () => pick(random, ['0', '1']));
const hex: Maker = (random) => pad(whole(random, 0, 255), 0) && whole(random, 0, 255).toString(16).padStart(2, '0');
const inetText: Maker = (random) => {
  if (random() < 0.3)
    return pick(random, ['::1', '::', 'fe80::1/64', '2001:db8::/32', '::ffff:1.2.3.4', '2001:4f8:3:ba:2e0:81ff:fe22:d1f1', '2001:db8::8/126']);
  const address = Array.from({ length: 4 }, () => (random() < 0.5 ? whole(random, 0, 255) : pick(random, [0, 10, 192, 255]))).join('.');
  return random() < 0.5 ? address : `${address}/${whole(random, 0, 32)}`;
};
const cidrText: Maker = (random) =>
  pick(random, [
    '10.0.0.0/8',
    '192.168.0.0/16',
    '192.168.1.0/24',
    '0.0.0.0/0',
    '10.1.2.3/32',
    '2001:db8::/32',
    '::/0',
    '172.16.0.0/12',
    '192.168.1.128/25',
    '::1/128',
  ]);
const jsonText = (random: Random, depth = 3): string => {
  const roll = random();
  if (depth > 0 && roll < 0.25) return `[${Array.from({ length: whole(random, 0, 3) }, () => jsonText(random, depth - 1)).join(', ')}]`;
  if (depth > 0 && roll < 0.55)
    return `{${Array.from({ length: whole(random, 0, 3) }, () => `"${pick(random, ['a', 'b', 'c', 'key', ''])}": ${jsonText(random, depth - 1)}`).join(', ')}}`;
  return pick(random, ['1', '-2.50', '1e3', '"a"', '"abc"', '""', '"é\\u0041"', 'true', 'false', 'null', '0', '"12"', '100', '"2020-01-02"', '"12:34:56"']);
};
const bound = (random: Random, make: Maker): string => (random() < 0.15 ? '' : `"${make(random)}"`);
const orderedPair = (random: Random, make: (value: number) => string, from: number, to: number): string => {
  if (random() < 0.08) return 'empty';
  const low = whole(random, from, to);
  const high = low + whole(random, 0, 12);
  return `${pick(random, ['[', '('])}${bound(random, () => make(low))},${bound(random, () => make(high))}${pick(random, [']', ')'])}`;
};
const day = (value: number): string => `2020-01-${pad(1 + (value % 28), 2)}`;
const subtypes: ReadonlyMap<string, (random: Random) => string> = new Map([
  ['int4', (random: Random) => orderedPair(random, String, -10, 20)],
  ['int8', (random: Random) => orderedPair(random, String, -10, 20)],
  ['num', (random: Random) => orderedPair(random, (value) => (value / 4).toFixed(2), -10, 20)],
  ['date', (random: Random) => orderedPair(random, day, 0, 12)],
  ['ts', (random: Random) => orderedPair(random, (value) => `${day(value)} 10:00`, 0, 12)],
  ['tstz', (random: Random) => orderedPair(random, (value) => `${day(value)} 10:00+00`, 0, 12)],
]);
const word: Maker = (random) =>
  pick(random, ['cat', 'dogs', 'running', 'the', 'quick', 'foxes', 'jumped', 'lazy', "it's", 'Über', 'a', 'of', 'happily', '42', 'well-known']);
const lexeme: Maker = (random) => pick(random, ['cat', 'dog', 'run', 'fox', 'jump', 'a b', "it's", 'quick']);
const tsquery = (random: Random, depth = 2): string => {
  if (depth === 0 || random() < 0.3) return `'${lexeme(random).replaceAll("'", "''")}'${pick(random, ['', '', ':A', ':*', ':AB*'])}`;
  if (random() < 0.2) return `!${tsquery(random, 0)}`;
  return `(${tsquery(random, depth - 1)} ${pick(random, ['&', '|', '<->', '<2>'])} ${tsquery(random, depth - 1)})`;
};
const tsvector: Maker = (random) =>
  Array.from(
    { length: whole(random, 0, 6) },
    () =>
      `'${lexeme(random).replaceAll("'", "''")}'${random() < 0.7 ? `:${Array.from({ length: whole(random, 1, 3) }, () => `${whole(random, 1, 9)}${pick(random, ['', 'A', 'B', 'C', 'D'])}`).join(',')}` : ''}`,
  ).join(' ');
const money: Maker = (random) => `${pick(random, ['', '-'])}$${digits(random, 5)}.${pad(whole(random, 0, 99), 2)}`;
const pathStep: Maker = (random) =>
  pick(random, [
    '.a',
    '.b',
    '.key',
    '.*',
    '[*]',
    '[0]',
    '[last]',
    '[0 to 1]',
    '.**',
    '.**{1}',
    '.type()',
    '.size()',
    '.double()',
    '.abs()',
    '.floor()',
    '.ceiling()',
    '.keyvalue()',
    ' ? (@ > 1)',
    ' ? (@.a == 1)',
    ' ? (exists(@.b))',
    ' ? (@ starts with "a")',
    ' ? (@ like_regex "^a" flag "i")',
    '.datetime()',
  ]);

const makers: Readonly<Record<string, Maker>> = {
  bool: (random) => pick(random, ['t', 'f']),
  int2: (random) => (random() < 0.15 ? pick(random, ['-32768', '32767']) : String(whole(random, -20, 20))),
  int4: (random) => (random() < 0.15 ? pick(random, ['-2147483648', '2147483647', '65536']) : String(whole(random, -20, 40))),
  int8: (random) => (random() < 0.2 ? pick(random, ['-9223372036854775808', '9223372036854775807', '4294967296']) : String(whole(random, -100, 100000))),
  oid: (random) => String(whole(random, 0, 30)),
  xid: (random) => String(whole(random, 0, 30)),
  xid8: (random) => String(whole(random, 0, 30)),
  cid: (random) => String(whole(random, 0, 30)),
  tid: (random) => `(${whole(random, 0, 3)},${whole(random, 0, 5)})`,
  numeric: numericText,
  float4: (random) => pick(random, ['0', '1.5', '-2.25', 'NaN', 'Infinity', '1e10', '0.1', '3', '100']),
  float8: floatText,
  text,
  varchar: text,
  bpchar: text,
  name: (random) => text(random).slice(0, 20),
  char: (random) => pick(random, ['a', 'b', 'Z', '', '1', ' ']),
  bytea: (random) => `\\x${repeat(random, 0, 8, () => hex(random))}`,
  date: dateText,
  time: timeText,
  timetz: (random) => `${timeText(random)}${pick(random, ['+00', '+02', '-05:30'])}`,
  timestamp: timestampText,
  timestamptz: zoned,
  interval: intervalText,
  uuid: (random) => Array.from({ length: 16 }, () => hex(random)).join(''),
  json: jsonText,
  jsonb: jsonText,
  jsonpath: (random) => `${pick(random, ['', 'strict ', 'lax '])}$${repeat(random, 0, 4, () => pathStep(random))}`,
  bit: bits,
  varbit: bits,
  inet: inetText,
  cidr: cidrText,
  macaddr: (random) => Array.from({ length: 6 }, () => hex(random)).join(':'),
  macaddr8: (random) => Array.from({ length: 8 }, () => hex(random)).join(':'),
  money,
  pg_lsn: (random) => `${whole(random, 0, 20).toString(16)}/${whole(random, 0, 1e6).toString(16)}`,
  tsvector,
  tsquery,
  regconfig: (random) => pick(random, ['simple', 'english']),
  regdictionary: (random) => pick(random, ['simple', 'english_stem']),
};

/** A value of the type as text; undefined: values of the type cannot be made. */
export function valueOf(typeName: string, random: Random): string | undefined {
  if (typeName.startsWith('_')) {
    const element = typeName.slice(1);
    if (valueOf(element, random) === undefined) return undefined;
    const list = Array.from({ length: whole(random, 0, 4) }, () =>
      random() < 0.15 ? 'NULL' : `"${(valueOf(element, random) as string).replace(/["\\]/g, '\\$&')}"`,
    );
    return `{${list.join(',')}}`;
  }
  const range = /^(int4|int8|num|date|ts|tstz)(multi)?range$/.exec(typeName);
  if (range !== null) {
    const make = subtypes.get(range[1] as string) as Maker;
    return range[2] === undefined ? make(random) : `{${Array.from({ length: whole(random, 0, 4) }, () => make(random)).join(',')}}`;
  }
  return makers[typeName]?.(random);
}

export const words = (random: Random, count: number): string => Array.from({ length: count }, () => word(random)).join(' ');
