/**
 * Aggregates, set functions and helpers on an SQLite connection against the same computation on PostgreSQL. `pg` is the query there, `sqlite` the one here,
 * with {name(types)} for registered names. Skipped without SHOAL_TEST_ORACLE.
 */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import type pg from 'pg';
import { aggregateNamed, callSignature, functionsNamed, splitAggregate, sqliteFunctionName } from '../../../src/functions/registry.js';
import { registerFunctions } from '../../../src/functions/sqlite-register.js';
import { requireType, typeByName } from '../../../src/types/registry.js';
import type { SqlValue } from '../../../src/types/value.js';
import { connect, context } from './oracle.js';

const db = new Database('');
registerFunctions(db, { current: context });

const oidOf = (type: string): number => {
  const found = typeByName(type);
  assert.ok(found, type);
  return found.oid;
};

/** Values of one column, as text literals of a type. */
interface Column {
  readonly type: string;
  readonly values: readonly (string | null)[];
}

const columns: Readonly<Record<string, Column>> = {
  int2: { type: 'int2', values: ['1', '2', '2', null, '-32768', '32767'] },
  int4: { type: 'int4', values: ['1', '2', '2', null, '2147483647', '-5', '2147483647'] },
  int8: { type: 'int8', values: ['1', '9223372036854775807', '9223372036854775807', null, '-3'] },
  numeric: { type: 'numeric', values: ['1.10', '2.345', null, '-3', '1e20', '0.1'] },
  nan: { type: 'numeric', values: ['1.10', 'NaN', '2'] },
  infinite: { type: 'numeric', values: ['1.10', 'Infinity', '2'] },
  float8: { type: 'float8', values: ['0.1', '0.2', '0.3', null, '1e16', '1', '-1e16'] },
  float4: { type: 'float4', values: ['0.1', '0.2', '0.3', null, '16777216', '1'] },
  interval: { type: 'interval', values: ['1 day', '1 mon', null, '-02:00', '31 days'] },
  text: { type: 'text', values: ['b', 'a', null, 'é', '😀', '\ufffd', ''] },
  bool: { type: 'bool', values: ['t', 'f', null] },
  date: { type: 'date', values: ['2024-01-01', null, '0001-01-01 BC', 'infinity'] },
  ints: { type: 'int4[]', values: ['{1,2}', '{1}', '{2}', '{1,NULL}'] },
  empty: { type: 'int4', values: [] },
  nulls: { type: 'int4', values: [null, null] },
};

const aggregates: readonly (readonly [string, readonly string[]])[] = [
  ...['count'].map((name) => [name, Object.keys(columns)] as const),
  ...['sum', 'avg'].map((name) => [name, ['int2', 'int4', 'int8', 'numeric', 'nan', 'infinite', 'float8', 'float4', 'interval', 'empty', 'nulls']] as const),
  ...['variance', 'var_pop', 'stddev', 'stddev_pop'].map(
    (name) => [name, ['int2', 'int4', 'int8', 'numeric', 'nan', 'float8', 'float4', 'empty', 'nulls']] as const,
  ),
  ...['min', 'max'].map((name) => [name, ['int2', 'int8', 'numeric', 'nan', 'float8', 'interval', 'text', 'date', 'ints', 'empty']] as const),
  ...['bool_and', 'bool_or', 'every'].map((name) => [name, ['bool']] as const),
  ...['bit_and', 'bit_or', 'bit_xor'].map((name) => [name, ['int2', 'int4', 'int8']] as const),
  ...['array_agg', 'json_agg', 'jsonb_agg'].map((name) => [name, ['int4', 'numeric', 'text', 'bool', 'interval', 'empty']] as const),
];

const load = (column: Column): void => {
  const type = requireType(oidOf(column.type));
  db.exec('DROP TABLE IF EXISTS t; CREATE TEMP TABLE t (n INTEGER PRIMARY KEY, v)');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  column.values.forEach((text, n) => {
    const value = text === null ? null : type.parse(text, -1, context);
    insert.run(BigInt(n), typeof value === 'number' && type.physical !== 'float' ? BigInt(value) : value);
  });
};

const values = (column: Column): string =>
  column.values.length === 0
    ? `(SELECT NULL::int AS n, NULL::${column.type} AS v WHERE false) t`
    : `(VALUES ${column.values.map((text, n) => `(${n}, ${text === null ? 'NULL' : `'${text}'`}::${column.type})`).join(', ')}) t(n, v)`;

const ask = (sql: string, oid: number): string | null => {
  const value = db.prepare<unknown[], SqlValue>(sql).safeIntegers().pluck().get() as SqlValue;
  return value === null ? null : requireType(oid).format(value, -1, context);
};

const raw = { getTypeParser: () => (value: unknown) => value } as never;

describe('aggregates against PostgreSQL', function () {
  this.timeout(60_000);
  let client: pg.Client | undefined;
  before(async function () {
    client = await connect(this);
  });
  after(async () => {
    await client?.end();
  });

  const postgres = async (sql: string): Promise<(string | null)[]> => {
    const { rows } = await (client as pg.Client).query({ text: sql, rowMode: 'array', types: raw });
    return rows.map((row: unknown[]) => row[0] as string | null);
  };

  for (const [name, names] of aggregates) {
    for (const columnName of names) {
      it(`${name} of ${columnName}: whole, distinct, in moving frames and split`, async () => {
        const column = columns[columnName] as Column;
        const oid = oidOf(column.type);
        load(column);
        const entry = aggregateNamed(name, [name === 'count' ? 2276 : oid]);
        const resultType = (await postgres(`SELECT pg_typeof(${name}(v)) FROM ${values(column)}`))[0] as string;
        const result = oidOf(resultType);
        const signature = entry.typed === true ? `'${callSignature({ args: [oid], result, variadicArray: false })}', ` : '';
        const registered = sqliteFunctionName(entry);

        const expected = (await postgres(`SELECT ${name}(v ORDER BY n) FROM ${values(column)}`))[0];
        assert.equal(ask(`SELECT ${registered}(${signature}v ORDER BY n) FROM t`, result), expected, 'whole');
        const native = entry.sqlite?.([{ text: 'v', typeOid: oid, simple: true }]);
        if (native !== undefined) assert.equal(ask(`SELECT ${native} FROM t`, result), expected, 'native');

        // count is over "any": the writer counts keys.
        if (name !== 'count' && column.type !== 'float8' && column.type !== 'float4' && column.type !== 'int4[]') {
          const key = requireType(oid).key === undefined ? 'v' : `shoal_key_${requireType(oid).name}(v)`;
          const distinct = (await postgres(`SELECT ${name}(DISTINCT v) FROM ${values(column)}`))[0];
          assert.equal(ask(`SELECT ${registered}_distinct(${signature}v ORDER BY ${key} NULLS LAST) FROM t`, result), distinct, 'distinct');
        }

        const frame = 'OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)';
        const moving = await postgres(`SELECT ${name}(v) ${frame} FROM ${values(column)}`);
        const frameName = entry.typed === true || entry.accumulate.inverse === undefined ? `${registered}_frame` : registered;
        const ours = db.prepare<unknown[], SqlValue>(`SELECT ${frameName}(${signature}v) ${frame} FROM t`).safeIntegers().pluck().all();
        assert.deepEqual(
          ours.map((value) => (value === null ? null : requireType(result).format(value, -1, context))),
          moving,
          'moving frame',
        );

        const split = splitAggregate(entry, [oid], result);
        if (split !== undefined && column.type !== 'float8' && column.type !== 'float4') {
          const merged = split.partial.map((part, n) => {
            const merge = split.merge[n];
            assert.ok(merge);
            const partSignature = part.function.typed === true ? signature : '';
            const mergeSignature = merge.typed === true ? `'${callSignature({ args: [part.type], result: part.type, variadicArray: false })}', ` : '';
            return `(SELECT ${sqliteFunctionName(merge)}(${mergeSignature}x) FROM (SELECT ${sqliteFunctionName(part.function)}(${partSignature}v) AS x FROM t WHERE n % 2 = 0 UNION ALL SELECT ${sqliteFunctionName(part.function)}(${partSignature}v) FROM t WHERE n % 2 = 1))`;
          });
          const final = split.final === undefined ? merged[0] : `${sqliteFunctionName(split.final)}(${merged.join(', ')})`;
          assert.equal(ask(`SELECT ${final as string}`, result), expected, 'split');
        }
      });
    }
  }

  const pairs: readonly string[] = [
    'corr',
    'covar_pop',
    'covar_samp',
    'regr_avgx',
    'regr_avgy',
    'regr_count',
    'regr_intercept',
    'regr_r2',
    'regr_slope',
    'regr_sxx',
    'regr_sxy',
    'regr_syy',
  ];
  for (const name of pairs) {
    it(`${name} skips rows with a NULL on either side`, async () => {
      const rows = '(VALUES (1.5::float8, 2::float8), (2.5, 3), (NULL, 1), (1, NULL), (7, 7.5))';
      const [expected] = await postgres(`SELECT ${name}(y, x) FROM ${rows} t(y, x)`);
      const entry = aggregateNamed(name, [701, 701]);
      assert.equal(
        ask(`SELECT ${sqliteFunctionName(entry)}(column1, column2) FROM (VALUES (1.5, 2.0), (2.5, 3.0), (NULL, 1.0), (1.0, NULL), (7.0, 7.5))`, entry.result),
        expected,
      );
    });
  }

  it('ordered sets take rows in the order of WITHIN GROUP', async () => {
    const rows = '(VALUES (1::float8), (2.5), (NULL), (4), (4))';
    for (const fraction of ['0', '0.3', '0.5', '1']) {
      const cont = aggregateNamed('percentile_cont', [701, 701]);
      const [expected] = await postgres(`SELECT percentile_cont(${fraction}) WITHIN GROUP (ORDER BY v) FROM ${rows} t(v)`);
      assert.equal(
        ask(
          `SELECT ${sqliteFunctionName(cont)}(${Number(fraction).toFixed(2)}, column1 ORDER BY column1) FROM (VALUES (1.0), (2.5), (NULL), (4.0), (4.0))`,
          701,
        ),
        expected,
      );
      const disc = aggregateNamed('percentile_disc', [701, 701]);
      const [second] = await postgres(`SELECT percentile_disc(${fraction}) WITHIN GROUP (ORDER BY v DESC) FROM ${rows} t(v)`);
      assert.equal(
        ask(
          `SELECT ${sqliteFunctionName(disc)}('701,701>701', ${Number(fraction).toFixed(2)}, column1 ORDER BY column1 DESC) FROM (VALUES (1.0), (2.5), (NULL), (4.0), (4.0))`,
          701,
        ),
        second,
      );
    }
    const mode = aggregateNamed('mode', [701]);
    assert.equal(ask(`SELECT ${sqliteFunctionName(mode)}('701>701', column1 ORDER BY column1) FROM (VALUES (1.0), (2.5), (NULL), (4.0), (4.0))`, 701), '4');
  });

  const sets: readonly (readonly [pgCall: string, name: string, types: readonly string[], args: string, result: string])[] = [
    ['generate_series(1, 5, 2)', 'generate_series', ['int4', 'int4', 'int4'], '1, 5, 2', 'int4'],
    ['generate_series(5, 1)', 'generate_series', ['int4', 'int4'], '5, 1', 'int4'],
    ['generate_series(2147483646, 2147483647)', 'generate_series', ['int4', 'int4'], '2147483646, 2147483647', 'int4'],
    ['generate_series(1.0, 2.5, 0.5)', 'generate_series', ['numeric', 'numeric', 'numeric'], "'1.0', '2.5', '0.5'", 'numeric'],
    [
      "generate_series(timestamptz '2024-03-30 00:00+01', '2024-04-02 00:00+02', '1 day')",
      'generate_series',
      ['timestamptz', 'timestamptz', 'interval'],
      "765068400000000, 765324000000000, '0 1 0'",
      'timestamptz',
    ],
    ["unnest('{1,NULL,3}'::int4[])", 'unnest', ['int4[]'], "'1007>23', '{1,NULL,3}'", 'int4'],
    ["generate_subscripts('[0:2]={1,2,3}'::int4[], 1)", 'generate_subscripts', ['int4[]', 'int4'], "'1007,23>23', '[0:2]={1,2,3}', 1", 'int4'],
    ["regexp_split_to_table('a,b', ',')", 'regexp_split_to_table', ['text', 'text'], "'a,b', ','", 'text'],
    ["regexp_matches('a1b2', '([a-z])([0-9])', 'g')", 'regexp_matches', ['text', 'text', 'text'], "'a1b2', '([a-z])([0-9])', 'g'", 'text[]'],
    ["string_to_table('a,b', ',')", 'string_to_table', ['text', 'text'], "'a,b', ','", 'text'],
    ["string_to_table('ab', NULL)", 'string_to_table', ['text', 'text'], "'ab', x'004e554c4c'", 'text'],
    [`json_array_elements('[1, {"a": 2}, null]')`, 'json_array_elements', ['json'], `'[1, {"a": 2}, null]'`, 'json'],
    [`jsonb_array_elements_text('["x", null, 1.5]')`, 'jsonb_array_elements_text', ['jsonb'], `'["x", null, 1.5]'`, 'text'],
    [`jsonb_object_keys('{"b": 1, "a": 2}')`, 'jsonb_object_keys', ['jsonb'], `'{"a": 2, "b": 1}'`, 'text'],
  ];
  for (const [pgCall, name, types, args, result] of sets) {
    it(`${pgCall} as a table`, async () => {
      const oids = types.map(oidOf);
      const entry = functionsNamed(name).find(
        (candidate) =>
          candidate.kind === 'set' &&
          candidate.args.length === oids.length &&
          candidate.args.every((oid, n) => oid === oids[n] || (oid === 2277 && requireType(oids[n] as number).category === 'A')),
      );
      assert.ok(entry);
      const expected = await postgres(`SELECT * FROM ${pgCall}`);
      const rows = db
        .prepare<unknown[], SqlValue>(`SELECT c1 FROM ${sqliteFunctionName(entry)}(${args})`)
        .safeIntegers()
        .pluck()
        .all();
      assert.deepEqual(
        rows.map((value) => (value === null ? null : requireType(oidOf(result)).format(value, -1, context))),
        expected,
      );
    });
  }
});

describe('registration', () => {
  it('answers array and row helpers', () => {
    const one = (sql: string): unknown => db.prepare(`SELECT ${sql}`).pluck().get();
    assert.equal(one("shoal_array(25, 'a', NULL, 'b c')"), '{a,NULL,"b c"}');
    assert.equal(one("shoal_array_nested(1007, '{1,2}', '{3,4}')"), '{{1,2},{3,4}}');
    assert.equal(one("shoal_subscript('{{1,2},{3,4}}', 1007, 2, 1)"), 3);
    assert.equal(one("shoal_subscript('{1,2}', 1007, 3)"), null);
    assert.equal(one("shoal_slice('{1,2,3,4}', 1007, 2, '')"), '{2,3,4}');
    assert.equal(one("shoal_slice('{1,2,3,4}', 1007, NULL, 2)"), null);
    assert.equal(one("shoal_any(2, '{1,NULL,2}', 96, 23, 1007)"), 1);
    assert.equal(one("shoal_any(3, '{1,NULL,2}', 96, 23, 1007)"), null);
    assert.equal(one("shoal_all(3, '{1,2}', 521, 23, 1007)"), 1);
    assert.equal(one("shoal_io(shoal_row('23,25,16', NULL, 1, 'a b', 1), 2249, 25, -1)"), '(1,"a b",t)');
    assert.equal(one("shoal_array_cast('{1,2}', 1007, 1009, 0, -1, 0)"), '{1,2}');
    assert.equal(one("shoal_array_cast('{1.5,2.5}', 1231, 1007, 1744, -1, 0)"), '{2,3}');
    assert.equal(one("shoal_io('12', 25, 23, -1)"), 12);
    assert.throws(() => one("shoal_io('x', 25, 23, -1)"), { code: '22P02', message: 'invalid input syntax for type integer: "x"' });
    assert.throws(() => one("shoal_typmod('abcd', 1043, 7, 0)"), { code: '22001' });
    assert.equal(one("shoal_typmod('abcd', 1043, 7, 1)"), 'abc');
  });
});
