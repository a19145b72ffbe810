import assert from 'node:assert/strict';
import type { ExpressionKind } from '../../../src/sql/ast.js';
import { initialiseParser } from '../../../src/sql/parser.js';
import { functionCalls, highestParameter, walkStatement } from '../../../src/sql/walk.js';
import { expression, one } from './tree.js';

describe('walkStatement', () => {
  before(initialiseParser);

  it('finds parameters wherever an expression may stand', () => {
    for (const [text, highest] of [
      ['SELECT 1', 0],
      ['SELECT $1 FROM t WHERE a = $2 GROUP BY ROLLUP ($3) HAVING $4 ORDER BY $5 LIMIT $6 OFFSET $7', 7],
      ['SELECT sum($1) FILTER (WHERE $2) OVER (PARTITION BY $3 ORDER BY $4 ROWS $5 PRECEDING)', 5],
      ['SELECT * FROM f($1), LATERAL (SELECT $2) x JOIN y ON $3', 3],
      ['WITH x AS (SELECT $2) SELECT $1 UNION (VALUES ($3))', 3],
      ['SELECT CASE $1 WHEN $2 THEN $3 ELSE $4 END, a[$5:$6], ARRAY[$7], ROW($8), a IN ($9), EXISTS (SELECT $10)', 10],
      ['INSERT INTO t VALUES ($1) ON CONFLICT (a) WHERE $2 DO UPDATE SET a = $3 WHERE $4 RETURNING $5', 5],
      ['UPDATE t SET a = $1, (b, c) = ($2, $3), d[$4] = 1 FROM u WHERE $5 RETURNING $6', 6],
      ['DELETE FROM t USING (SELECT $1) x WHERE $2 RETURNING $3', 3],
      ['MERGE INTO t USING s ON $1 WHEN MATCHED AND $2 THEN UPDATE SET a = $3 WHEN NOT MATCHED THEN INSERT VALUES ($4)', 4],
      ['EXPLAIN SELECT $1', 1],
      ['PREPARE p AS SELECT $2', 2],
      ['CREATE TABLE t AS SELECT $1', 1],
      ['CREATE TABLE t (a int DEFAULT $1 CHECK ($2), CHECK ($3))', 3],
      ['COPY (SELECT $1) TO STDOUT', 1],
      ['CALL p($1)', 1],
      ['EXECUTE p($1)', 1],
    ] as const) {
      assert.equal(highestParameter(one(text)), highest, text);
    }
  });

  it('keeps out of what a visitor does not want', () => {
    const kinds: ExpressionKind[] = [];
    walkStatement(one('SELECT a + (SELECT b + c)'), {
      expression(inner) {
        kinds.push(inner.kind);
        return inner.kind !== 'subquery';
      },
    });
    assert.deepEqual(kinds, ['binary', 'column', 'subquery']);
  });

  it('visits tables and types', () => {
    const tables: string[] = [];
    const types: string[] = [];
    walkStatement(one('SELECT a::int FROM t JOIN u ON true WHERE b IN (SELECT c::text FROM v)'), {
      fromItem(item) {
        if (item.kind === 'table') tables.push(item.name.name);
        return undefined;
      },
      type(type) {
        types.push(type.names.at(-1) ?? '');
      },
    });
    assert.deepEqual(tables, ['t', 'u', 'v']);
    assert.deepEqual(types, ['int4', 'text']);
  });

  it('collects calls', () => {
    assert.deepEqual(
      functionCalls(expression('f(g(1) + h(*))')).map((call) => call.name[0]),
      ['f', 'g', 'h'],
    );
  });
});
