/** Calls that are compared with PostgreSQL: edge values of each function, written as text literals. */
import type { Case } from './oracle.js';

type Arguments = readonly (string | null)[];

const of = (signature: string, ...lists: readonly Arguments[]): Case[] => lists.map((args) => ({ signature, args }));

/** Every combination of the values of each argument. */
function cross(signature: string, ...values: readonly Arguments[]): Case[] {
  let lists: (string | null)[][] = [[]];
  for (const choices of values) lists = lists.flatMap((list) => choices.map((choice) => [...list, choice]));
  return lists.map((args) => ({ signature, args }));
}

const edges: ReadonlyMap<string, Arguments> = new Map<string, Arguments>([
  ['int2', ['-32768', '-1', '0', '1', '7', '32767', null]],
  ['int4', ['-2147483648', '-1', '0', '1', '7', '2147483647', null]],
  ['int8', ['-9223372036854775808', '-1', '0', '1', '7', '4611686018427387904', '9223372036854775807', null]],
  ['float4', ['-3.4028235e38', '-1.5', '0', '1e-45', '2.5', 'Infinity', 'NaN', null]],
  ['float8', ['-1.7976931348623157e308', '-1.5', '-0.5', '0', '5e-324', '0.5', '2', '1e200', 'Infinity', '-Infinity', 'NaN', null]],
  ['numeric', ['-12345678901234567890.123', '-1.5', '0', '0.00', '0.5', '1.10', '2', '1e30', 'Infinity', '-Infinity', 'NaN', null]],
  ['text', ['', 'a', 'A', 'ab', 'é', '日本', '😀', '\ufffd', ' a ', null]],
  ['bpchar', ['', 'a', 'a  ', 'b', null]],
  ['bool', ['t', 'f', null]],
  ['bytea', ['\\x', '\\x00', '\\x61', '\\xff', null]],
  ['date', ['-infinity', '4713-01-01 BC', '0001-12-31 BC', '1999-12-31', '2000-02-29', '2024-03-31', 'infinity', null]],
  ['time', ['00:00', '12:34:56.789', '23:59:59.999999', '24:00', null]],
  ['timetz', ['00:00+02', '12:34:56.789-05:30', '24:00+00', null]],
  [
    'timestamp',
    [
      '-infinity',
      '4713-01-01 BC',
      '0044-03-15 12:00 BC',
      '1999-12-31 23:59:59.999999',
      '2000-01-01',
      '2024-02-29 12:34:56.789',
      '2024-03-31 02:30',
      'infinity',
      null,
    ],
  ],
  [
    'timestamptz',
    [
      '-infinity',
      '0044-03-15 12:00+00 BC',
      '1999-12-31 23:59:59.999999+00',
      '2024-03-31 00:30+00',
      '2024-03-31 02:30+02',
      '2024-10-27 01:30+00',
      'infinity',
      null,
    ],
  ],
  ['interval', ['0', '1 day', '-1 day 02:03:04.5', '1 mon', '1 year 2 mons -3 days', '30 days', '24:00:00', '-00:00:00.000001', null]],
  ['uuid', ['00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', null]],
  ['oid', ['0', '1', '4294967295', null]],
]);

const edge = (type: string): Arguments => edges.get(type) as Arguments;
const all = (name: string, ...types: readonly string[]): Case[] => cross(`${name}(${types.join(',')})`, ...types.map(edge));

function comparisons(): Case[] {
  const pairs = [...edges.keys()].map((type) => [type, type] as const);
  const crossPairs = [
    ['int2', 'int4'],
    ['int4', 'int8'],
    ['int8', 'int2'],
    ['float4', 'float8'],
    ['date', 'timestamp'],
    ['timestamp', 'date'],
    ['date', 'timestamptz'],
    ['timestamptz', 'timestamp'],
    ['timestamp', 'timestamptz'],
  ] as const;
  return [...pairs, ...crossPairs].flatMap(([left, right]) => ['=', '<', '>='].flatMap((sign) => all(sign, left, right)));
}

function arithmetic(): Case[] {
  const cases: Case[] = [];
  for (const type of ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']) {
    for (const sign of ['+', '-', '*', '/']) cases.push(...all(sign, type, type));
    cases.push(...cross(`-(,${type})`, edge(type)));
  }
  for (const type of ['int2', 'int4', 'int8', 'numeric']) cases.push(...all('%', type, type));
  for (const type of ['int2', 'int4', 'int8']) {
    for (const sign of ['&', '|', '#']) cases.push(...all(sign, type, type));
    for (const sign of ['<<', '>>']) cases.push(...cross(`${sign}(${type},int4)`, edge(type), ['0', '1', '31', '33', '-1', '63']));
    cases.push(...cross(`~(,${type})`, edge(type)), ...cross(`abs(${type})`, edge(type)));
  }
  for (const [left, right] of [
    ['int2', 'int4'],
    ['int4', 'int2'],
    ['int8', 'int4'],
    ['int2', 'int8'],
    ['float4', 'float8'],
  ] as const) {
    for (const sign of ['+', '-', '*', '/']) cases.push(...all(sign, left, right));
  }
  return cases;
}

function mathematics(): Case[] {
  const cases: Case[] = [];
  for (const name of ['abs', 'ceil', 'floor', 'sign', 'sqrt', 'exp', 'ln', 'log', 'round', 'trunc'])
    cases.push(...all(name, 'float8'), ...all(name, 'numeric'));
  for (const name of ['degrees', 'radians', 'sin', 'cos', 'atan', 'asin', 'acos', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh']) {
    cases.push(...cross(`${name}(float8)`, ['0', '1', '-1', '2', 'Infinity', 'NaN', null]));
  }
  for (const name of ['sind', 'cosd', 'tand', 'cotd'])
    cases.push(...cross(`${name}(float8)`, ['0', '30', '45', '60', '90', '120', '135', '180', '270', '-30', '750', 'NaN', 'Infinity']));
  for (const name of ['asind', 'acosd', 'atand']) cases.push(...cross(`${name}(float8)`, ['0', '0.5', '1', '-0.5', '-1', 'NaN']));
  cases.push(
    ...all('power', 'float8', 'float8'),
    ...cross(
      'power(numeric,numeric)',
      ['0', '1', '2', '-2', '0.5', '1.5', '10', 'NaN', 'Infinity'],
      ['0', '1', '2', '-2', '0.5', '3.3', 'NaN', 'Infinity', null],
    ),
  );
  cases.push(...cross('log(numeric,numeric)', ['2', '10', '0.5', '0', '-1', '1'], ['2', '10', '100', '0.01', '0']));
  cases.push(...cross('round(numeric,int4)', ['1.2345', '-1.5', '2.5', '1234.5', 'NaN'], ['0', '2', '-2', '5', null]));
  cases.push(...cross('trunc(numeric,int4)', ['1.2345', '-1.5', '1299.5', 'NaN'], ['0', '2', '-2', '5']));
  cases.push(...all('gcd', 'int4', 'int4'), ...all('lcm', 'int8', 'int8'), ...all('gcd', 'numeric', 'numeric'), ...all('lcm', 'numeric', 'numeric'));
  cases.push(
    ...cross('factorial(int8)', ['-1', '0', '1', '5', '25']),
    ...all('scale', 'numeric'),
    ...all('min_scale', 'numeric'),
    ...all('trim_scale', 'numeric'),
    ...all('div', 'numeric', 'numeric'),
  );
  cases.push(
    ...cross('width_bucket(float8,float8,float8,int4)', ['0', '3.3', '10', '11', '-5', 'NaN', 'Infinity'], ['0', '10'], ['10', '0', 'NaN'], ['5', '0']),
  );
  cases.push(
    ...cross('width_bucket(numeric,numeric,numeric,int4)', ['0', '3.3', '10', '11', '-5', 'NaN', 'Infinity'], ['0', '10'], ['10', '0', 'NaN'], ['5', '0']),
  );
  cases.push(...cross('to_hex(int4)', ['255', '-1', '0']), ...cross('to_hex(int8)', ['255', '-1', '0']));
  cases.push(...cross('cbrt(float8)', ['0', '1', 'Infinity', 'NaN', null]));
  for (const name of ['|/', '@']) cases.push(...cross(`${name}(,float8)`, edge('float8')));
  cases.push(...all('^', 'float8', 'float8'));
  return cases;
}

function casts(): Case[] {
  const cases: Case[] = [];
  for (const target of ['int2', 'int4', 'int8', 'float4', 'float8'])
    for (const source of ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']) if (source !== target) cases.push(...all(target, source));
  for (const source of ['int2', 'int4', 'int8', 'float4', 'float8']) cases.push(...all('numeric', source));
  cases.push(
    ...cross('int4(float8)', ['0.5', '1.5', '2.5', '-0.5', '-1.5', '2147483647.4', '2147483647.5']),
    ...cross('int4(numeric)', ['0.5', '1.5', '2.5', '-0.5', '2147483647.5']),
  );
  cases.push(
    ...cross('float4(int8)', ['16777217', '9007199254740993', '9223372036854775807']),
    ...cross('numeric(float8)', ['0.1', '123456789.123456789', '1e20', '1e-20']),
  );
  cases.push(...all('text', 'bool'), ...all('text', 'bpchar'), ...all('int4', 'bool'), ...all('bool', 'int4'));
  cases.push(
    ...all('date', 'timestamp'),
    ...all('date', 'timestamptz'),
    ...all('timestamp', 'date'),
    ...all('timestamptz', 'date'),
    ...all('timestamp', 'timestamptz'),
    ...all('timestamptz', 'timestamp'),
  );
  cases.push(
    ...all('time', 'timestamp'),
    ...all('time', 'timestamptz'),
    ...all('timetz', 'timestamptz'),
    ...all('interval', 'time'),
    ...all('time', 'interval'),
    ...all('time', 'timetz'),
  );
  return cases;
}

function strings(): Case[] {
  const cases: Case[] = [];
  for (const name of [
    'length',
    'lower',
    'upper',
    'initcap',
    'reverse',
    'ascii',
    'md5',
    'quote_ident',
    'quote_literal',
    'octet_length',
    'bit_length',
    'btrim',
    'ltrim',
    'rtrim',
  ]) {
    cases.push(...cross(`${name}(text)`, [...edge('text'), 'hello WORLD foo-bar', "it's", 'back\\slash', 'ÄÖÜß', 'İ', 'ΑΣ', 'select', 'Foo', 'foo_1', '1foo']));
  }
  cases.push(
    ...cross('substr(text,int4,int4)', ['abcdef', 'é日😀x', ''], ['-2', '0', '1', '3', '10', '2147483647'], ['0', '1', '3', '-1', '2147483647', null]),
  );
  cases.push(...cross('substr(text,int4)', ['abcdef', 'é日😀x'], ['-2', '0', '1', '3', '10', null]));
  cases.push(
    ...cross('overlay(text,text,int4,int4)', ['abcdef', 'é日😀x'], ['XY', ''], ['0', '1', '3', '10'], ['0', '2', '-1']),
    ...cross('overlay(text,text,int4)', ['abcdef'], ['XY'], ['1', '6', '9']),
  );
  cases.push(...cross('position(text,text)', ['abcabc', 'é日😀x', ''], ['', 'c', '😀', 'x', 'zz']), ...cross('strpos(text,text)', ['abcabc'], ['ca', null]));
  cases.push(
    ...cross('left(text,int4)', ['abc', 'é日😀x'], ['-5', '-1', '0', '2', '9']),
    ...cross('right(text,int4)', ['abc', 'é日😀x'], ['-5', '-1', '0', '2', '9']),
  );
  for (const name of ['lpad', 'rpad'])
    cases.push(
      ...cross(`${name}(text,int4,text)`, ['abc', '日', ''], ['-1', '0', '2', '7'], ['', 'x', 'xy', '😀']),
      ...cross(`${name}(text,int4)`, ['abc'], ['2', '5']),
    );
  for (const name of ['btrim', 'ltrim', 'rtrim']) cases.push(...cross(`${name}(text,text)`, ['xxabcxx', 'yxabcxy', '日a日', ''], ['x', 'xy', '日', '']));
  cases.push(
    ...cross('translate(text,text,text)', ['12345', 'ééa'], ['143', 'é', ''], ['ax', 'e', '']),
    ...cross('replace(text,text,text)', ['abcabc', ''], ['b', '', 'abc'], ['X', '', '$&']),
  );
  cases.push(
    ...cross('repeat(text,int4)', ['ab', ''], ['-1', '0', '3']),
    ...cross('split_part(text,text,int4)', ['a,b,c', '', 'abc'], [',', '', 'x'], ['1', '2', '-1', '-3', '4', '0']),
  );
  cases.push(...cross('chr(int4)', ['65', '233', '128512', '0', '-1', '1114112', '55296']), ...cross('starts_with(text,text)', ['abc', ''], ['ab', '', 'b']));
  cases.push(
    ...cross('||(text,text)', ['a', ''], ['b', null]),
    ...cross('||(text,int4)', ['a'], ['1', null]),
    ...cross('||(bool,text)', ['t'], ['x']),
    ...cross('||(bpchar,text)', ['x  '], ['y']),
  );
  for (const sign of ['~~', '!~~', '~~*']) {
    cases.push(
      ...cross(
        `${sign}(text,text)`,
        ['', 'abc', 'aXbc', 'ABC', 'a%c', 'é日😀', 'a\nb', 'a\\b', 'aab'],
        ['', '%', '_', '___', 'a%', '%c', '%b%', 'a_c', 'a\\%c', '%_%', '_日_', 'a\\\\b', 'a%%b', '%ab', 'abc%', 'a_b'],
      ),
    );
  }
  cases.push(
    ...cross('~~(bytea,bytea)', ['\\x616263', '\\xff00'], ['\\x6125', '\\x5f00']),
    ...cross('like_escape(text,text)', ['a!%b', 'a\\b', 'a!!b'], ['!', '', '\\', 'xx']),
  );
  cases.push(
    ...cross('similar_to_escape(text)', ['a%', 'a_(b|c)*', 'a[%_]b', 'a.b', 'x^y$', 'a\\%']),
    ...cross('similar_to_escape(text,text)', ['a#"b%#"c', 'a#%'], ['#']),
  );
  cases.push(...cross('substring(text,text,text)', ['foobar', 'aaabbbccc'], ['%#"o_b#"%', '#"_#"%', '%#"b+#"%', 'nomatch'], ['#']));
  const subjects = ['foobar', 'FooBar', 'aaa', 'a1b22c333', 'x\ny', 'é日😀', '', 'The quick brown fox', 'foo.bar', 'XY1234Z'];
  const patterns = [
    'o',
    '^f',
    'r$',
    'a+',
    'a+?',
    '[0-9]+',
    '(o+)(b)',
    'foo|foobar',
    '\\d{2,}',
    '[[:alpha:]]+',
    '\\mquick\\M',
    '.',
    'x.y',
    '(?i)FOO',
    '日',
    '\\w+',
    '[^a-z]',
    '()',
    'Y*?([0-9]{1,3})',
    'Y*([0-9]{1,3})',
    '(?:a|ab)(?:c|bcd)*',
    '\\.',
    '***=foo.bar',
    '[]a]',
    'b*',
  ];
  for (const sign of ['~', '!~*']) cases.push(...cross(`${sign}(text,text)`, subjects, patterns));
  cases.push(...cross('~(text,text)', ['a'], ['(', ')', '[', '*', 'a**', '\\', 'a{2,1}', '[[:foo:]]', 'a{', '\\q', '[b-a]', '(?=a)a', 'x{300}', '\\1']));
  cases.push(
    ...cross('substring(text,text)', subjects, patterns),
    ...cross('regexp_match(text,text)', subjects, patterns),
    ...cross('regexp_match(text,text,text)', ['FooBar', 'x\ny'], ['foo', '^y', 'x.y'], ['i', 'n', 'g', 'in', 'q']),
  );
  cases.push(
    ...cross('regexp_replace(text,text,text)', subjects, patterns, ['<\\&>', '\\1']),
    ...cross('regexp_replace(text,text,text,text)', subjects, patterns, ['<\\&>'], ['g', 'gi', '']),
  );
  cases.push(...cross('regexp_replace(text,text,text,int4,int4,text)', ['foobarbaz'], ['[aeiou]'], ['X'], ['1', '3', '20'], ['0', '1', '2'], ['', 'i']));
  cases.push(
    ...cross('regexp_split_to_array(text,text)', subjects, ['', 'o', ' ', '\\s+', 'x*', '[0-9]']),
    ...cross('regexp_count(text,text)', subjects, ['o', '', '[0-9]']),
    ...cross('regexp_like(text,text,text)', ['FooBar'], ['foo'], ['i', '', 'z']),
  );
  cases.push(
    ...cross('regexp_substr(text,text,int4,int4,text,int4)', ['a1b22c333'], ['([a-z])([0-9]+)'], ['1', '3'], ['1', '2', '5'], ['', 'i'], ['0', '1', '2', '3']),
  );
  cases.push(
    ...cross(
      'regexp_instr(text,text,int4,int4,int4,text,int4)',
      ['a1b22c333'],
      ['([a-z])([0-9]+)'],
      ['1', '3'],
      ['1', '2', '5'],
      ['0', '1'],
      [''],
      ['0', '1', '2', '3'],
    ),
  );
  cases.push(
    ...cross('string_to_array(text,text)', ['a,b,c', '', 'abc', null], [',', '', null]),
    ...cross('string_to_array(text,text,text)', ['a,b,', 'x'], [',', null], ['', 'b', null]),
  );
  cases.push(
    ...cross('concat(text,int4,bool)', ['a', null], ['1', null], ['t', null]),
    ...cross('concat_ws(text,text,int4,bool)', [',', null], ['a', null], ['1', null], ['t']),
  );
  cases.push(
    ...of(
      'format(text,text,int4)',
      ['%s-%s', 'a', '1'],
      ['%2$s %1$s', 'a', '1'],
      ['%I %L', 'Foo', '3'],
      ['%I %L', null, null],
      ['%s %L', null, null],
      ['%10s|%-5s|', 'a', '1'],
      ['%*s|', 'a', '1'],
      ['%%', 'a', '1'],
      ['%s %s %s', 'a', '1'],
      ['%x', 'a', '1'],
      ['%', 'a', '1'],
      ['%3$s', 'a', '1'],
      ['%0$s', 'a', '1'],
      [null, 'a', '1'],
    ),
    ...of('format(text,int4,text)', ['%*s|', '5', 'a'], ['%*s|', '-5', 'a'], ['%2$*1$s|', '5', 'a'], ['%-*s|', null, 'a']),
    ...of('format(text)', ['hello'], ['%%'], ['%s']),
  );
  cases.push(
    ...cross('quote_nullable(text)', ['a', null]),
    ...cross('quote_literal(int4)', ['1']),
    ...cross('encode(bytea,text)', ['\\x', '\\x00ff41', '\\x5c80'], ['hex', 'base64', 'escape', 'foo']),
  );
  cases.push(
    ...cross('decode(text,text)', ['', '00ff', 'AP9B', 'a\\000b', 'zz', 'abc', 'QQ==', 'Q='], ['hex', 'base64', 'escape']),
    ...all('md5', 'bytea'),
    ...all('sha256', 'bytea'),
    ...all('sha512', 'bytea'),
    ...all('length', 'bytea'),
  );
  cases.push(
    ...cross('substr(bytea,int4,int4)', ['\\x0102030405'], ['-1', '1', '3'], ['0', '2', '-1']),
    ...cross('get_byte(bytea,int4)', ['\\x0102'], ['0', '1', '2', '-1']),
    ...cross('set_byte(bytea,int4,int4)', ['\\x0102'], ['0', '2'], ['255', '256']),
  );
  cases.push(
    ...cross('get_bit(bytea,int8)', ['\\x0102'], ['0', '9', '16']),
    ...cross('set_bit(bytea,int8,int4)', ['\\x0102'], ['1', '16'], ['0', '1', '2']),
    ...cross('position(bytea,bytea)', ['\\x010203'], ['\\x02', '\\x', '\\x09']),
    ...cross('btrim(bytea,bytea)', ['\\x010201'], ['\\x01', '\\x']),
  );
  cases.push(
    ...cross('overlay(bytea,bytea,int4,int4)', ['\\x010203'], ['\\xff'], ['1', '3', '0'], ['0', '1']),
    ...cross('||(bytea,bytea)', ['\\x01'], ['\\x02', null]),
    ...cross('bit_count(bytea)', ['\\x0103ff']),
  );
  cases.push(
    ...cross('parse_ident(text,bool)', ['a.b', '"A".b', 'Foo.Bar', 'a.', '.a', '1a', '', ' a . b ', '"x""y"', 'a b', '"un'], ['t', 'f']),
    ...cross('unistr(text)', ['a', 'd\\0061t', '\\u0041', '\\+01F600', '\\', '\\d83d\\de00', '\\zz']),
  );
  cases.push(
    ...cross('normalize(text,text)', ['e\u0301', 'é'], ['NFC', 'NFD', 'foo']),
    ...cross('convert_to(text,name)', ['é'], ['UTF8']),
    ...cross('convert_from(bytea,name)', ['\\xc3a9'], ['UTF8']),
  );
  cases.push(...cross('length(bpchar)', edge('bpchar')), ...cross('name(text)', ['a', 'x'.repeat(70), 'é'.repeat(40)]));
  return cases;
}

function dates(): Case[] {
  const cases: Case[] = [];
  cases.push(
    ...all('-', 'date', 'date'),
    ...cross('+(date,int4)', edge('date'), ['0', '1', '-1', '2147483647']),
    ...all('+', 'date', 'interval'),
    ...all('-', 'date', 'interval'),
    ...all('+', 'date', 'time'),
  );
  cases.push(
    ...all('+', 'timestamp', 'interval'),
    ...all('-', 'timestamp', 'interval'),
    ...all('-', 'timestamp', 'timestamp'),
    ...all('+', 'timestamptz', 'interval'),
    ...all('-', 'timestamptz', 'interval'),
    ...all('-', 'timestamptz', 'timestamptz'),
  );
  cases.push(
    ...all('+', 'time', 'interval'),
    ...all('-', 'time', 'interval'),
    ...all('-', 'time', 'time'),
    ...all('+', 'timetz', 'interval'),
    ...all('+', 'interval', 'interval'),
    ...all('-', 'interval', 'interval'),
    ...cross('-(,interval)', edge('interval')),
  );
  cases.push(
    ...cross('*(interval,float8)', edge('interval'), ['0', '1.5', '-2', '0.3333', 'NaN', 'Infinity']),
    ...cross('/(interval,float8)', edge('interval'), ['0', '1.5', '-2', '7', 'NaN']),
    ...cross('+(date,timetz)', ['2024-01-01', 'infinity'], ['12:00+02']),
  );
  for (const name of ['justify_hours', 'justify_days', 'justify_interval'])
    cases.push(...cross(`${name}(interval)`, [...(edge('interval') as string[]), '35 days 50:00:00', '-35 days', '1 mon -1 hour']));
  const trunc = [
    'microseconds',
    'millisecond',
    'second',
    'minute',
    'hour',
    'day',
    'week',
    'month',
    'quarter',
    'year',
    'decade',
    'century',
    'millennium',
    'foo',
    'epoch',
    'timezone',
    'YEAR',
  ];
  cases.push(
    ...cross('date_trunc(text,timestamp)', trunc, edge('timestamp')),
    ...cross('date_trunc(text,timestamptz)', trunc, edge('timestamptz')),
    ...cross('date_trunc(text,interval)', trunc, [...(edge('interval') as string[]), '1234 years 7 mons 8 days 01:02:03.456789']),
  );
  cases.push(...cross('date_trunc(text,timestamptz,text)', ['day', 'hour', 'month'], edge('timestamptz'), ['America/New_York', 'UTC', 'nowhere']));
  const units = [...trunc, 'dow', 'isodow', 'doy', 'isoyear', 'julian', 'timezone_hour', 'timezone_minute', 'usec'];
  for (const name of ['extract', 'date_part']) {
    for (const type of ['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval']) cases.push(...cross(`${name}(text,${type})`, units, edge(type)));
  }
  cases.push(
    ...cross(
      'date_bin(interval,timestamp,timestamp)',
      ['15 min', '1 day', '1 mon', '0', '-1 day'],
      ['2020-02-11 15:44:17.71323', '1999-01-01'],
      ['2001-01-01', '2001-01-01 00:02:30'],
    ),
  );
  cases.push(
    ...all('age', 'timestamp', 'timestamp'),
    ...all('age', 'timestamptz', 'timestamptz'),
    ...cross('isfinite(date)', edge('date')),
    ...cross('isfinite(timestamp)', edge('timestamp')),
  );
  cases.push(
    ...cross('make_date(int4,int4,int4)', ['2024', '-44', '0', '6000000'], ['2', '13'], ['29', '30', '0']),
    ...cross('make_time(int4,int4,float8)', ['0', '23', '24', '25'], ['0', '59'], ['0', '59.5', '60', '61']),
  );
  cases.push(
    ...cross('make_timestamp(int4,int4,int4,int4,int4,float8)', ['2024', '-44'], ['2'], ['29', '30'], ['1', '25'], ['2'], ['3.5']),
    ...cross('make_timestamptz(int4,int4,int4,int4,int4,float8)', ['2024'], ['3'], ['31'], ['2'], ['30'], ['0']),
  );
  cases.push(
    ...cross(
      'make_timestamptz(int4,int4,int4,int4,int4,float8,text)',
      ['2024'],
      ['3'],
      ['31'],
      ['2'],
      ['30'],
      ['0'],
      ['UTC', '+2', '-05:30', 'America/New_York', 'foo', '5'],
    ),
  );
  cases.push(...cross('make_interval(int4,int4,int4,int4,int4,int4,float8)', ['1', '0'], ['2'], ['3'], ['4'], ['5'], ['6'], ['7.5', 'Infinity']));
  cases.push(...cross('to_timestamp(float8)', ['0', '1284352323.5', '-1e9', 'Infinity', '-Infinity', 'NaN', '1e20']));
  for (const type of ['timestamp', 'timestamptz', 'timetz'])
    cases.push(
      ...cross(`timezone(text,${type})`, ['UTC', 'America/New_York', 'Asia/Kathmandu', 'foo', '+3'], edge(type)),
      ...cross(`timezone(interval,${type})`, ['2 hours', '-05:30', '1 day'], edge(type)),
    );
  cases.push(
    ...cross(
      'overlaps(timestamp,timestamp,timestamp,timestamp)',
      ['2020-01-01', null],
      ['2020-02-01', '2019-01-01', null],
      ['2020-01-15', '2020-02-01', null],
      ['2020-03-01', '2020-01-20', null],
    ),
  );
  cases.push(...cross('overlaps(timestamp,interval,timestamp,interval)', ['2020-01-01', null], ['1 mon', '-1 mon', null], ['2020-01-15'], ['1 day', null]));
  return cases;
}

export const cases: readonly Case[] = [...comparisons(), ...arithmetic(), ...mathematics(), ...casts(), ...strings(), ...dates()];
