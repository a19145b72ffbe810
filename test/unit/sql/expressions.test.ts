import assert from 'node:assert/strict';
import { initialiseParser } from '../../../src/sql/parser.js';
import { bare, expression } from './tree.js';

const a = { kind: 'column', parts: ['a'] };
const b = { kind: 'column', parts: ['b'] };
const integer = (value: number): object => ({ kind: 'integer', value });
const string = (value: string): object => ({ kind: 'string', value });
const binary = (operator: string, left: object, right: object): object => ({ kind: 'binary', operator, left, right });
const type = (...names: string[]): object => ({ names });

const cases: readonly (readonly [string, object])[] = [
  ['a', a],
  ['s."T".a', { kind: 'column', parts: ['s', 'T', 'a'] }],
  ['*', { kind: 'star' }],
  ['t.*', { kind: 'star', qualifier: ['t'] }],
  ['1', integer(1)],
  ['0', integer(0)],
  ['-5', integer(-5)],
  ['- (-5)', integer(5)],
  ['-2147483648', integer(-2147483648)],
  ['2147483648', { kind: 'numeric', text: '2147483648' }],
  ['1.50', { kind: 'numeric', text: '1.50' }],
  ['-1e10', { kind: 'numeric', text: '-1e10' }],
  ["'it''s'", string("it's")],
  ["'a\\nb'", string('a\\nb')],
  ["E'a\\nb'", string('a\nb')],
  ["''", string('')],
  ['$tag$x$tag$', string('x')],
  ["U&'d\\0061t'", string('dat')],
  ["B'101'", { kind: 'bitString', base: 'binary', digits: '101' }],
  ["X'1f'", { kind: 'bitString', base: 'hexadecimal', digits: '1f' }],
  ['true', { kind: 'boolean', value: true }],
  ['NULL', { kind: 'null' }],
  ['$3', { kind: 'parameter', number: 3 }],
  ['a::int', { kind: 'cast', argument: a, type: type('pg_catalog', 'int4') }],
  ['CAST(a AS my.type)', { kind: 'cast', argument: a, type: type('my', 'type') }],
  ["date '2020-01-01'", { kind: 'cast', argument: string('2020-01-01'), type: type('date') }],
  ["interval '1' year", { kind: 'cast', argument: string('1'), type: { names: ['pg_catalog', 'interval'], typmods: [integer(4)] } }],
  ['a::varchar(3)[][2]', { kind: 'cast', argument: a, type: { names: ['pg_catalog', 'varchar'], typmods: [integer(3)], arrayBounds: [-1, 2] } }],
  ['-a', { kind: 'unary', operator: '-', argument: a }],
  ['a + b', binary('+', a, b)],
  ['a != b', binary('<>', a, b)],
  ['a OPERATOR(pg_catalog.+) b', { kind: 'binary', operator: '+', operatorSchema: 'pg_catalog', left: a, right: b }],
  [
    'a = 1 OR b = 2 AND a = 3',
    { kind: 'or', arguments: [binary('=', a, integer(1)), { kind: 'and', arguments: [binary('=', b, integer(2)), binary('=', a, integer(3))] }] },
  ],
  ['a AND b AND a', { kind: 'and', arguments: [a, b, a] }],
  ['NOT a = b', { kind: 'not', argument: binary('=', a, b) }],
  ['a || b LIKE b', { kind: 'like', variant: 'like', argument: binary('||', a, b), pattern: b }],
  ['- a ^ b', binary('^', { kind: 'unary', operator: '-', argument: a }, b)],
  ['a - b - a', binary('-', binary('-', a, b), a)],
  ['a IS NULL', { kind: 'nullTest', argument: a }],
  ['a NOTNULL', { kind: 'nullTest', argument: a, negated: true }],
  ['a IS TRUE', { kind: 'booleanTest', argument: a, test: 'true' }],
  ['a IS NOT FALSE', { kind: 'booleanTest', argument: a, test: 'false', negated: true }],
  ['a IS UNKNOWN', { kind: 'booleanTest', argument: a, test: 'unknown' }],
  ['a IS DISTINCT FROM b', { kind: 'distinctFrom', left: a, right: b }],
  ['a IS NOT DISTINCT FROM b', { kind: 'distinctFrom', left: a, right: b, negated: true }],
  ['a BETWEEN 1 AND b', { kind: 'between', argument: a, low: integer(1), high: b }],
  ['a NOT BETWEEN SYMMETRIC b AND 0', { kind: 'between', argument: a, low: b, high: integer(0), symmetric: true, negated: true }],
  ["a LIKE 'x' ESCAPE '!'", { kind: 'like', variant: 'like', argument: a, pattern: string('x'), escape: string('!') }],
  ['a NOT ILIKE b', { kind: 'like', variant: 'ilike', argument: a, pattern: b, negated: true }],
  ['a SIMILAR TO b', { kind: 'like', variant: 'similar', argument: a, pattern: b }],
  ["a NOT SIMILAR TO b ESCAPE '!'", { kind: 'like', variant: 'similar', argument: a, pattern: b, escape: string('!'), negated: true }],
  ['a ~~ b', binary('~~', a, b)],
  [
    'a LIKE pg_catalog.like_escape(a, b)',
    { kind: 'like', variant: 'like', argument: a, pattern: { kind: 'function', name: ['pg_catalog', 'like_escape'], arguments: [a, b] } },
  ],
  ['a IN (1, b)', { kind: 'in', argument: a, list: [integer(1), b] }],
  ['a NOT IN (1)', { kind: 'in', argument: a, list: [integer(1)], negated: true }],
  ['a = ANY (b)', { kind: 'quantifiedArray', quantifier: 'any', operator: '=', argument: a, array: b }],
  ['a <> ALL (b)', { kind: 'quantifiedArray', quantifier: 'all', operator: '<>', argument: a, array: b }],
  ['a LIKE SOME (b)', { kind: 'quantifiedArray', quantifier: 'any', operator: '~~', argument: a, array: b }],
  ['ARRAY[1, b]', { kind: 'array', elements: [integer(1), b] }],
  [
    'ARRAY[[1], [2]]',
    {
      kind: 'array',
      elements: [
        { kind: 'array', elements: [integer(1)] },
        { kind: 'array', elements: [integer(2)] },
      ],
    },
  ],
  ['ROW(a)', { kind: 'row', fields: [a], explicit: true }],
  ['ROW()', { kind: 'row', explicit: true }],
  ['(a, b)', { kind: 'row', fields: [a, b] }],
  ['CASE WHEN a THEN 1 ELSE 2 END', { kind: 'case', whens: [{ condition: a, result: integer(1) }], otherwise: integer(2) }],
  ['CASE a WHEN b THEN 1 END', { kind: 'case', operand: a, whens: [{ condition: b, result: integer(1) }] }],
  ['COALESCE(a, b)', { kind: 'coalesce', arguments: [a, b] }],
  ['NULLIF(a, b)', { kind: 'nullIf', left: a, right: b }],
  ['GREATEST(a, b)', { kind: 'minMax', which: 'greatest', arguments: [a, b] }],
  ['LEAST(a, b)', { kind: 'minMax', which: 'least', arguments: [a, b] }],
  ['f()', { kind: 'function', name: ['f'] }],
  ['count(*)', { kind: 'function', name: ['count'], star: true }],
  ['s.f(a, n => b)', { kind: 'function', name: ['s', 'f'], arguments: [a, { kind: 'namedArgument', name: 'n', argument: b }] }],
  ['f(a, VARIADIC b)', { kind: 'function', name: ['f'], arguments: [a, b], variadic: true }],
  [
    'agg(DISTINCT a ORDER BY b DESC NULLS LAST) FILTER (WHERE a)',
    {
      kind: 'function',
      name: ['agg'],
      arguments: [a],
      distinct: true,
      orderBy: [{ expression: b, direction: 'desc', nulls: 'last' }],
      filter: a,
    },
  ],
  [
    'percentile_cont(0.5) WITHIN GROUP (ORDER BY a USING <)',
    {
      kind: 'function',
      name: ['percentile_cont'],
      arguments: [{ kind: 'numeric', text: '0.5' }],
      orderBy: [{ expression: a, direction: 'using', nulls: 'default', operator: '<' }],
      withinGroup: true,
    },
  ],
  ['sum(a) OVER w', { kind: 'function', name: ['sum'], arguments: [a], over: { name: 'w' } }],
  ['sum(a) OVER (w PARTITION BY b)', { kind: 'function', name: ['sum'], arguments: [a], over: { base: 'w', partitionBy: [b] } }],
  [
    'sum(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES)',
    {
      kind: 'function',
      name: ['sum'],
      arguments: [a],
      over: {
        orderBy: [{ expression: b, direction: 'default', nulls: 'default' }],
        frame: { mode: 'rows', start: { kind: 'preceding', offset: integer(1) }, end: { kind: 'unboundedFollowing' }, exclude: 'ties' },
      },
    },
  ],
  [
    'f() OVER (RANGE UNBOUNDED PRECEDING)',
    {
      kind: 'function',
      name: ['f'],
      over: { frame: { mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' }, exclude: 'noOthers', short: true } },
    },
  ],
  [
    'f() OVER (GROUPS BETWEEN CURRENT ROW AND 2 FOLLOWING EXCLUDE GROUP)',
    {
      kind: 'function',
      name: ['f'],
      over: { frame: { mode: 'groups', start: { kind: 'currentRow' }, end: { kind: 'following', offset: integer(2) }, exclude: 'group' } },
    },
  ],
  ['a[1]', { kind: 'subscript', argument: a, subscripts: [{ kind: 'index', index: integer(1) }] }],
  [
    'a[1][2:b]',
    {
      kind: 'subscript',
      argument: a,
      subscripts: [
        { kind: 'index', index: integer(1) },
        { kind: 'slice', lower: integer(2), upper: b },
      ],
    },
  ],
  ['a[:]', { kind: 'subscript', argument: a, subscripts: [{ kind: 'slice' }] }],
  ['(a).f.g', { kind: 'field', argument: { kind: 'field', argument: a, field: 'f' }, field: 'g' }],
  ['(a).f[1]', { kind: 'subscript', argument: { kind: 'field', argument: a, field: 'f' }, subscripts: [{ kind: 'index', index: integer(1) }] }],
  ['(f()).*', { kind: 'fieldStar', argument: { kind: 'function', name: ['f'] } }],
  ['a COLLATE "C"', { kind: 'collate', argument: a, collation: ['C'] }],
  ["a AT TIME ZONE 'UTC'", { kind: 'atTimeZone', argument: a, zone: string('UTC') }],
  ['extract(year FROM a)', { kind: 'function', name: ['pg_catalog', 'extract'], arguments: [string('year'), a], sqlSyntax: true }],
  ['position(a IN b)', { kind: 'function', name: ['pg_catalog', 'position'], arguments: [b, a], sqlSyntax: true }],
  ['(a, b) OVERLAPS (b, a)', { kind: 'function', name: ['pg_catalog', 'overlaps'], arguments: [a, b, b, a], sqlSyntax: true }],
  ['current_date', { kind: 'sqlValue', function: 'current_date' }],
  ['current_timestamp(3)', { kind: 'sqlValue', function: 'current_timestamp', precision: 3 }],
  ['localtime(0)', { kind: 'sqlValue', function: 'localtime', precision: 0 }],
  ['localtimestamp', { kind: 'sqlValue', function: 'localtimestamp' }],
  ['session_user', { kind: 'sqlValue', function: 'session_user' }],
  ['user', { kind: 'sqlValue', function: 'user' }],
  ['current_schema', { kind: 'sqlValue', function: 'current_schema' }],
  ['GROUPING(a, b)', { kind: 'grouping', arguments: [a, b] }],
];

describe('expressions', () => {
  before(initialiseParser);

  for (const [text, expected] of cases) {
    it(`reads ${text}`, () => assert.deepEqual(bare(expression(text)), expected));
  }

  it('reads subqueries in every place', () => {
    const kindOf = (text: string): readonly [string, boolean?] => {
      const parsed = expression(text);
      return parsed.kind === 'inSubquery' ? [parsed.kind, parsed.negated] : [parsed.kind];
    };
    assert.deepEqual(kindOf('(SELECT 1)'), ['subquery']);
    assert.deepEqual(kindOf('EXISTS (SELECT 1)'), ['exists']);
    assert.deepEqual(kindOf('ARRAY(SELECT 1)'), ['arraySubquery']);
    assert.deepEqual(kindOf('a IN (SELECT 1)'), ['inSubquery', false]);
    assert.deepEqual(kindOf('(a, b) IN (SELECT 1, 2)'), ['inSubquery', false]);
    assert.deepEqual(kindOf('a NOT IN (SELECT 1)'), ['inSubquery', true]);
    assert.deepEqual(kindOf('NOT a IN (SELECT 1)'), ['not']);
    assert.deepEqual(kindOf('a < ALL (SELECT 1)'), ['quantifiedSubquery']);
    assert.deepEqual(kindOf('a = ANY (SELECT 1)'), ['quantifiedSubquery']);
  });

  it('folds identifiers but not quoted ones, and cuts none in silence below 63 bytes', () => {
    assert.deepEqual(bare(expression('FoO."BaR"')), { kind: 'column', parts: ['foo', 'BaR'] });
    const long = 'x'.repeat(63);
    assert.deepEqual(bare(expression(long)), { kind: 'column', parts: [long] });
  });
});
