/** The shapes of bound INSERT, UPDATE and DELETE, as plan/logical.ts promises them to the writer. */
import assert from 'node:assert/strict';
import { PgError } from '../../../src/common/errors.js';
import type { Mutation } from '../../../src/plan/logical.js';
import { printExpression, printPlan } from '../../../src/plan/print.js';
import { bindStandaloneExpression, bindStatement } from '../../../src/planner/bind/bind.js';
import { optimise } from '../../../src/planner/logical/optimise.js';
import { initialiseParser, parse, parseExpression } from '../../../src/sql/parser.js';
import type { Table } from '../../../src/catalog/table.js';
import { contextOver, relations } from './sample-catalog.js';
import { validate } from './validate.js';

function mutation(text: string): Mutation {
  const [parsed] = parse(text);
  if (parsed === undefined) throw new Error('no statement');
  const bound = bindStatement(parsed.statement, contextOver());
  if (bound.kind !== 'mutation') throw new Error('not a mutation');
  validate(bound.mutation.source);
  return bound.mutation;
}

function names(list: readonly { readonly name: string }[]): string[] {
  return list.map((column) => column.name);
}

const tableNamed = (name: string): Table => relations.find((relation): relation is Table => relation.kind === 'table' && relation.name === name) as Table;

describe('bound mutations', () => {
  before(() => initialiseParser());

  it('INSERT yields every column in attribute order, defaults and identity filled in', () => {
    const { source, row } = mutation("INSERT INTO item (code) VALUES ('a'), ('b')");
    assert.deepEqual(names(source.columns), ['id', 'code', 'price', 'made', 'doubled']);
    assert.deepEqual(names(row), ['id', 'code', 'price', 'made', 'doubled']);
    assert.equal(printPlan(source), ['Project', '  Output: id, code, price, made, (price * (2)::numeric)', '  ->  Values Scan (2 rows)'].join('\n'));
    const values = source.kind === 'project' ? source.input : source;
    assert.equal(values.kind, 'values');
    if (values.kind !== 'values') return;
    assert.equal(
      values.rows[0]?.map((value) => printExpression(value)).join(', '),
      "(nextval('1500'::regclass))::integer, 'a'::character varying(5), (0)::numeric(10,2), now(), NULL::numeric",
    );
  });

  it('INSERT ... SELECT types its literals by the columns', () => {
    const { source } = mutation("INSERT INTO a (id, d) SELECT 1, '2020-01-02'");
    assert.match(printPlan(source), /Output: 1, '2020-01-02'::date/);
  });

  it('CHECK constraints and RETURNING read the written row', () => {
    const { checks, returning, row } = mutation("INSERT INTO item (code) VALUES ('a') RETURNING price + 1 AS p, doubled");
    assert.deepEqual(
      checks.map((check) => check.failure),
      [{ kind: 'check', name: 'item_price_check' }],
    );
    assert.equal(printExpression(checks[0]?.expression as never, { ids: true }), `(price#${row[2]?.id ?? 0} >= (0)::numeric)`);
    assert.deepEqual(names(returning?.columns ?? []), ['p', 'doubled']);
  });

  it('ON CONFLICT finds its index and assigns over the existing and the proposed row', () => {
    const { onConflict, row } = mutation("INSERT INTO item (code, price) VALUES ('a', 1) ON CONFLICT (code) DO UPDATE SET price = excluded.price + item.price");
    assert.equal(onConflict?.index, 'item_code_key');
    assert.deepEqual(
      onConflict.assignments.map(({ attribute, expression }) => [attribute, printExpression(expression, { ids: true })]),
      [
        [3, `((price#${onConflict.excluded[2]?.id ?? 0} + price#${row[2]?.id ?? 0}))::numeric(10,2)`],
        [5, `(((price#${onConflict.excluded[2]?.id ?? 0} + price#${row[2]?.id ?? 0}))::numeric(10,2) * (2)::numeric)`],
      ],
    );
  });

  it('UPDATE yields shard, _rowid and all new values; generated columns follow', () => {
    const { source, assigned } = mutation('UPDATE item SET price = 2 WHERE id = $1');
    assert.deepEqual(names(source.columns), ['_shard', '_rowid', 'id', 'code', 'price', 'made', 'doubled']);
    assert.deepEqual(assigned, [3, 5]);
  });

  it('UPDATE ... FROM hands further columns to RETURNING', () => {
    const { source, extra, returning } = mutation('UPDATE a SET x = b.v FROM b WHERE b.a_id = a.id RETURNING a.x, b.name');
    assert.deepEqual(names(extra), ['name']);
    assert.deepEqual(source.columns.slice(-1), extra);
    assert.equal(printExpression(returning?.expressions[1] as never, { ids: true }), `name#${extra[0]?.id ?? 0}`);
  });

  it('UPDATE ... FROM of a table with generated columns renames the further columns as well', () => {
    const { source, extra, returning } = mutation('UPDATE item SET price = b.v FROM b WHERE b.id = item.id RETURNING b.name, doubled');
    assert.deepEqual(source.columns.slice(-1), extra);
    assert.equal(printExpression(returning?.expressions[0] as never, { ids: true }), `name#${extra[0]?.id ?? 0}`);
  });

  it('DELETE ... USING yields the old values', () => {
    const { source, kind } = mutation('DELETE FROM a USING b WHERE a.id = b.a_id RETURNING a.*, b.v');
    assert.equal(kind, 'delete');
    assert.deepEqual(names(source.columns), ['_shard', '_rowid', 'id', 'x', 'y', 'z', 'd', 'b', 'f', 'l', 'v']);
  });

  it('writes through a simple view', () => {
    const { table, source } = mutation('UPDATE va SET xx = xx + 1 WHERE id = 3');
    assert.equal(table.name, 'a');
    assert.match(printPlan(source), /Filter: \(id = 3\)\n\s+Filter: b/);
  });

  const refusals: readonly (readonly [text: string, code: string, message: RegExp])[] = [
    ["INSERT INTO item (id, code) VALUES (1, 'a')", '428C9', /cannot insert a non-DEFAULT value into column "id"/],
    ["INSERT INTO item (code, doubled) VALUES ('a', 1)", '428C9', /cannot insert a non-DEFAULT value into column "doubled"/],
    ['UPDATE item SET doubled = 1', '428C9', /column "doubled" can only be updated to DEFAULT/],
    ['UPDATE item SET id = 1', '428C9', /column "id" can only be updated to DEFAULT/],
    ["INSERT INTO item (code) VALUES ('a') ON CONFLICT (price) DO NOTHING", '42P10', /no unique or exclusion constraint/],
  ];
  for (const [text, code, message] of refusals) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => mutation(text),
        (error: unknown) => error instanceof PgError && error.code === code && message.test(error.message),
      );
    });
  }

  it('OVERRIDING SYSTEM VALUE writes an identity column, OVERRIDING USER VALUE keeps its own', () => {
    const value = (text: string): string => {
      const { source } = mutation(text);
      const values = source.kind === 'project' ? source.input : source;
      return values.kind === 'values' ? printExpression(values.rows[0]?.[0] as never) : '';
    };
    assert.equal(value("INSERT INTO item (id, code) OVERRIDING SYSTEM VALUE VALUES (7, 'a')"), '7');
    assert.match(value("INSERT INTO item (id, code) OVERRIDING USER VALUE VALUES (7, 'a')"), /nextval/);
  });
});

describe('standalone expressions', () => {
  before(() => initialiseParser());

  const context = contextOver();
  const item = tableNamed('item');
  const print = (text: string, purpose: Parameters<typeof bindStandaloneExpression>[2]): string =>
    printExpression(bindStandaloneExpression(parseExpression(text), purpose.kind === 'default' ? undefined : item, purpose, context).expression);

  it('convert a default to its column', () => {
    assert.equal(print("'5'", { kind: 'default', column: 'price', type: { oid: 1700, typmod: -1 } }), "'5'::numeric");
    assert.equal(print('1 + 1', { kind: 'default', column: 'price', type: { oid: 1700, typmod: -1 } }), '((1 + 1))::numeric');
  });

  const refusals: readonly (readonly [text: string, purpose: Parameters<typeof bindStandaloneExpression>[2], code: string, message: RegExp])[] = [
    ['price', { kind: 'default', column: 'x', type: { oid: 23, typmod: -1 } }, '0A000', /cannot use column reference in DEFAULT expression/],
    ['(SELECT 1)', { kind: 'check' }, '0A000', /cannot use subquery in check constraint/],
    ['count(*) > 1', { kind: 'check' }, '42803', /aggregate functions are not allowed in check constraints/],
    ['row_number() OVER () > 1', { kind: 'check' }, '42P20', /window functions are not allowed in check constraints/],
    ['price', { kind: 'check' }, '42804', /argument of CHECK must be type boolean, not type numeric/],
    ['now()', { kind: 'index' }, '42P17', /functions in index expression must be marked IMMUTABLE/],
    [
      'doubled + 1',
      { kind: 'generated', column: 'x', type: { oid: 1700, typmod: -1 } },
      '42P17',
      /cannot use generated column "doubled" in column generation expression/,
    ],
    [
      'generate_series(1, 2)',
      { kind: 'default', column: 'x', type: { oid: 23, typmod: -1 } },
      '0A000',
      /set-returning functions are not allowed in DEFAULT expressions/,
    ],
    [
      "'a'::text",
      { kind: 'default', column: 'x', type: { oid: 23, typmod: -1 } },
      '42804',
      /column "x" is of type integer but default expression is of type text/,
    ],
  ];
  for (const [text, purpose, code, message] of refusals) {
    it(`refuse ${text} as ${purpose.kind}`, () => {
      assert.throws(
        () => print(text, purpose),
        (error: unknown) => error instanceof PgError && error.code === code && message.test(error.message),
      );
    });
  }
});

describe('row locking', () => {
  before(() => initialiseParser());

  function locked(text: string): { readonly columns: string[]; readonly rows: (readonly [string, string, string | undefined])[] } {
    const [parsed] = parse(text);
    if (parsed === undefined) throw new Error('no statement');
    const bound = bindStatement(parsed.statement, contextOver());
    if (bound.kind !== 'query') throw new Error('not a query');
    const plan = optimise(bound.plan, new Map());
    validate(plan);
    const place = (id: number | undefined): string | undefined => {
      const at = plan.columns.findIndex((column) => column.id === id);
      return at < 0 ? undefined : String(at);
    };
    return { columns: names(plan.columns), rows: bound.locking.map((one) => [one.alias, one.strength, place(one.row?.rowid.id)] as const) };
  }

  it('adds shard and _rowid of each table after the result', () => {
    assert.deepEqual(locked('SELECT id FROM a WHERE x = 1 ORDER BY y LIMIT 1 FOR UPDATE SKIP LOCKED'), {
      columns: ['id', '_shard', '_rowid'],
      rows: [['a', 'update', '2']],
    });
    assert.deepEqual(locked('SELECT a.x FROM a JOIN b ON a.id = b.a_id FOR SHARE'), {
      columns: ['x', '_shard', '_rowid', '_shard', '_rowid'],
      rows: [
        ['a', 'share', '2'],
        ['b', 'share', '4'],
      ],
    });
    assert.deepEqual(locked('SELECT t.x FROM a t LEFT JOIN b ON t.id = b.a_id ORDER BY t.y FOR UPDATE OF t'), {
      columns: ['x', '_shard', '_rowid'],
      rows: [['t', 'update', '2']],
    });
  });

  it('names tables of subqueries without their rows', () => {
    assert.deepEqual(locked('SELECT * FROM (SELECT id FROM a FOR UPDATE) s'), { columns: ['id'], rows: [['a', 'update', undefined]] });
  });
});
