import assert from 'node:assert/strict';
import { initialiseParser } from '../../../src/sql/parser.js';
import { bare, core, failure, has, select } from './tree.js';

const column = (...parts: string[]): object => ({ kind: 'column', parts });
const integer = (value: number): object => ({ kind: 'integer', value });

describe('queries', () => {
  before(initialiseParser);

  it('reads targets with and without names', () => {
    assert.deepEqual(bare(core('SELECT a AS x, b "Y", *').targets), [
      { expression: column('a'), name: 'x' },
      { expression: column('b'), name: 'Y' },
      { expression: { kind: 'star' } },
    ]);
    assert.deepEqual(core('SELECT FROM t').targets, []);
  });

  it('tells DISTINCT from DISTINCT ON', () => {
    const plain = core('SELECT DISTINCT a FROM t');
    assert.deepEqual([plain.distinct, plain.distinctOn.length], [true, 0]);
    const on = core('SELECT DISTINCT ON (a, b) a FROM t');
    assert.deepEqual([on.distinct, bare(on.distinctOn)], [true, [column('a'), column('b')]]);
    assert.equal(core('SELECT ALL a FROM t').distinct, false);
  });

  it('reads every clause of one SELECT', () => {
    has('SELECT a FROM t WHERE b GROUP BY DISTINCT a HAVING c WINDOW w AS (ORDER BY a) ORDER BY a DESC NULLS FIRST, b USING > LIMIT 5 OFFSET $1 FOR UPDATE', {
      body: {
        kind: 'core',
        where: column('b'),
        groupBy: [{ kind: 'expression', expression: column('a') }],
        groupDistinct: true,
        having: column('c'),
        windows: [{ name: 'w', orderBy: [{ expression: column('a') }] }],
      },
      orderBy: [
        { expression: column('a'), direction: 'desc', nulls: 'first' },
        { expression: column('b'), direction: 'using', operator: '>' },
      ],
      limit: integer(5),
      offset: { kind: 'parameter', number: 1 },
      locking: [{ strength: 'update', wait: 'block' }],
    });
  });

  it('reads LIMIT ALL, FETCH FIRST and WITH TIES', () => {
    has('SELECT 1 LIMIT ALL', { limit: { kind: 'null' } });
    has('SELECT 1 FETCH FIRST ROW ONLY', { limit: integer(1), withTies: undefined });
    has('SELECT 1 ORDER BY 1 OFFSET 2 ROWS FETCH NEXT 3 ROWS WITH TIES', { limit: integer(3), offset: integer(2), withTies: true });
  });

  it('reads grouping sets', () => {
    assert.deepEqual(bare(core('SELECT FROM t GROUP BY a, (), ROLLUP (a, (b, c)), CUBE (a), GROUPING SETS ((), a, (a, b), ROLLUP (c))').groupBy), [
      { kind: 'expression', expression: column('a') },
      { kind: 'empty' },
      { kind: 'rollup', items: [column('a'), { kind: 'row', fields: [column('b'), column('c')] }] },
      { kind: 'cube', items: [column('a')] },
      {
        kind: 'sets',
        sets: [
          { kind: 'empty' },
          { kind: 'expression', expression: column('a') },
          { kind: 'expression', expression: { kind: 'row', fields: [column('a'), column('b')] } },
          { kind: 'rollup', items: [column('c')] },
        ],
      },
    ]);
  });

  it('reads VALUES with DEFAULT', () => {
    has('VALUES (1, DEFAULT), (2, 3) ORDER BY 1', {
      body: {
        kind: 'values',
        rows: [
          [integer(1), { kind: 'default' }],
          [integer(2), integer(3)],
        ],
      },
      orderBy: [{ expression: integer(1) }],
    });
  });

  it('reads set operations as a tree, with the clauses of operands in parentheses', () => {
    has('SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 3 EXCEPT (SELECT 4 ORDER BY 1 LIMIT 1) ORDER BY 1', {
      body: {
        kind: 'setOperation',
        operation: 'except',
        left: {
          body: { operation: 'union', all: true, right: { body: { operation: 'intersect', left: { body: { kind: 'core' } } } } },
        },
        right: { body: { kind: 'core' }, limit: integer(1), orderBy: [{ expression: integer(1) }] },
      },
      orderBy: [{ expression: integer(1) }],
    });
  });

  it('reads WITH in all its forms', () => {
    has(
      'WITH RECURSIVE r (n) AS MATERIALIZED (SELECT 1 UNION ALL SELECT n FROM r) SEARCH BREADTH FIRST BY n SET o CYCLE n SET c USING p, d AS NOT MATERIALIZED (DELETE FROM t RETURNING *) SELECT * FROM r',
      {
        with: {
          recursive: true,
          tables: [
            {
              name: 'r',
              columns: ['n'],
              materialized: 'always',
              query: { kind: 'select', body: { kind: 'setOperation' } },
              search: { order: 'breadth', columns: ['n'], into: 'o' },
              cycle: { columns: ['n'], mark: 'c', markValue: { kind: 'boolean', value: true }, markDefault: { kind: 'boolean' }, using: 'p' },
            },
            { name: 'd', materialized: 'never', query: { kind: 'delete' } },
          ],
        },
      },
    );
  });

  it('reads tables in FROM', () => {
    assert.deepEqual(bare(core('SELECT FROM s.t, ONLY u AS x (a, b), t TABLESAMPLE bernoulli (5) REPEATABLE (3)').from), [
      { kind: 'table', name: { schema: 's', name: 't' } },
      { kind: 'table', name: { name: 'u' }, only: true, alias: { name: 'x', columns: ['a', 'b'] } },
      { kind: 'table', name: { name: 't' }, sample: { method: ['bernoulli'], arguments: [integer(5)], repeatable: integer(3) } },
    ]);
  });

  it('reads subqueries and functions in FROM', () => {
    has(
      'SELECT FROM LATERAL (SELECT 1) q (x), f(1) WITH ORDINALITY AS g (a, b), ROWS FROM (f(1), g(2) AS (a int, b text COLLATE "C")) WITH ORDINALITY, LATERAL h() AS k (c int), current_date',
      {
        body: {
          from: [
            { kind: 'subquery', lateral: true, alias: { name: 'q', columns: ['x'] } },
            { kind: 'functionScan', functions: [{ call: { kind: 'function', name: ['f'] } }], ordinality: true, alias: { name: 'g', columns: ['a', 'b'] } },
            {
              kind: 'functionScan',
              rowsFrom: true,
              ordinality: true,
              functions: [{ call: { name: ['f'] } }, { call: { name: ['g'] }, columns: [{ name: 'a' }, { name: 'b', collation: ['C'] }] }],
            },
            { kind: 'functionScan', lateral: true, alias: { name: 'k' }, columns: [{ name: 'c', type: { names: ['pg_catalog', 'int4'] } }] },
            { kind: 'functionScan', functions: [{ call: { kind: 'sqlValue' } }] },
          ],
        },
      },
    );
  });

  it('reads joins', () => {
    const join = (text: string): unknown => bare(core(`SELECT FROM ${text}`).from[0]);
    const left = { kind: 'table', name: { name: 'a' } };
    const right = { kind: 'table', name: { name: 'b' } };
    assert.deepEqual(join('a CROSS JOIN b'), { kind: 'join', joinType: 'inner', left, right });
    assert.deepEqual(join('a JOIN b ON x'), { kind: 'join', joinType: 'inner', left, right, on: column('x') });
    assert.deepEqual(join('a LEFT JOIN b USING (x, y)'), { kind: 'join', joinType: 'left', left, right, using: ['x', 'y'] });
    assert.deepEqual(join('a NATURAL RIGHT JOIN b'), { kind: 'join', joinType: 'right', left, right, natural: true });
    assert.deepEqual(join('(a FULL JOIN b USING (x) AS u) AS j (c)'), {
      kind: 'join',
      joinType: 'full',
      left,
      right,
      using: ['x'],
      usingAlias: 'u',
      alias: { name: 'j', columns: ['c'] },
    });
    const nested = core('SELECT FROM a JOIN b ON x JOIN c ON y').from[0];
    assert.equal(nested?.kind === 'join' ? nested.left.kind : '', 'join');
  });

  it('reads locking clauses', () => {
    has('SELECT FROM a, b FOR NO KEY UPDATE OF a, b NOWAIT FOR SHARE SKIP LOCKED FOR KEY SHARE', {
      locking: [
        { strength: 'noKeyUpdate', tables: [{ name: 'a' }, { name: 'b' }], wait: 'nowait' },
        { strength: 'share', wait: 'skip' },
        { strength: 'keyShare', wait: 'block' },
      ],
    });
  });

  it('locks tables by unqualified names only', () => {
    assert.deepEqual(failure('SELECT FROM s.a FOR SHARE OF s.a'), {
      code: '42601',
      message: 'FOR SHARE must specify unqualified relation names',
      position: 30,
    });
  });

  it('turns SELECT ... INTO into CREATE TABLE AS, at the top only', () => {
    has('SELECT a INTO TEMP x FROM t', {
      kind: 'createTableAs',
      object: 'table',
      name: { name: 'x' },
      persistence: 'temporary',
      selectInto: true,
      withData: true,
    });
    has('SELECT a INTO x FROM t UNION SELECT 2', { kind: 'createTableAs', source: { body: { kind: 'setOperation' } } });
    assert.equal(failure('SELECT * FROM (SELECT 1 INTO x) y').code, '42601');
  });

  it('reads TABLE t as SELECT *', () => {
    assert.deepEqual(bare(select('TABLE t').body), {
      kind: 'core',
      targets: [{ expression: { kind: 'star' } }],
      from: [{ kind: 'table', name: { name: 't' } }],
    });
  });
});
