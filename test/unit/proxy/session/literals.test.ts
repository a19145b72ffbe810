import assert from 'node:assert/strict';
import { genericParameters } from '../../../../src/proxy/session/generic-literals.js';
import { takeLiterals } from '../../../../src/proxy/session/literals.js';
import { StatementCache } from '../../../../src/proxy/session/statement-cache.js';
import { initialiseParser, parse } from '../../../../src/sql/parser.js';

describe('literals of a statement', () => {
  before(initialiseParser);

  it('are taken out of plain texts', () => {
    assert.deepEqual(takeLiterals("SELECT a FROM t WHERE b = 12 AND c IN (1,-2) AND d = 'it''s';")?.literals, [12, 1, -2, "it's"]);
    assert.deepEqual(takeLiterals('UPDATE t SET a = a + -3012 WHERE b1 = 5')?.literals, [-3012, 5]);
    assert.deepEqual(takeLiterals('SELECT a -3')?.literals, [3]);
    assert.deepEqual(takeLiterals('SELECT 5 - 3')?.literals, [5, 3]);
  });

  it('stay where the text could mislead', () => {
    for (const text of [
      "SELECT E'a'",
      "SELECT N'a'",
      "SELECT U&'a'",
      "SELECT 'a'\n'b'",
      'SELECT 1.5',
      'SELECT .5',
      'SELECT 1e5',
      'SELECT 1::int2',
      'SELECT 1 -- 2',
      'SELECT /* 3 */ 1',
      'SELECT "a 1" + 2',
      'SELECT $$1$$, 2',
      'SELECT $1 + 2',
      'SELECT 2147483648',
      "SELECT 'a\\'",
      'SELECT 1; SELECT 2',
      'SELECT a',
      "SELECT 'open",
    ])
      assert.equal(takeLiterals(text), undefined, text);
  });

  it('tell texts apart that differ in more than literals', () => {
    const key = (text: string): string | undefined => takeLiterals(text)?.key;
    assert.equal(key('SELECT a FROM t WHERE b = 1'), key('SELECT a FROM t WHERE b = 77'));
    assert.notEqual(key('SELECT a FROM t WHERE b = 1'), key("SELECT a FROM t WHERE b = '1'"));
    assert.notEqual(key('SELECT a FROM t WHERE b = 1'), key('SELECT a FROM t WHERE c = 1'));
  });

  it('are parameters only where that is the same', () => {
    const generic = (text: string): readonly number[] => {
      const [parsed] = parse(text);
      assert.ok(parsed !== undefined);
      return [...genericParameters(parsed.statement, (number) => number >= 8)].sort();
    };
    assert.deepEqual(generic('SELECT $1 FROM t WHERE a = $2 AND (b < $3 OR b BETWEEN $4 AND $5) AND $6 = $7 ORDER BY a LIMIT $8'), [2, 3, 4, 5]);
    assert.deepEqual(generic('SELECT count(*) FROM t WHERE a = $1 GROUP BY b'), []);
    assert.deepEqual(generic('SELECT a FROM t WHERE a IN ($1, $2) AND f(a) = $3 AND a = $4::text'), [1, 2]);
    assert.deepEqual(generic('UPDATE t SET a = a + $1, b = $2, c = b || $8, d = f($3) WHERE e = $9'), [1, 2, 9]);
    assert.deepEqual(generic('INSERT INTO t VALUES ($1, $8, f($2)) RETURNING $3'), [1, 8]);
    assert.deepEqual(generic('INSERT INTO t VALUES ($1), ($2)'), []);
    assert.deepEqual(generic('DELETE FROM t WHERE a = $1 AND EXISTS (SELECT 1 FROM u WHERE x = $2)'), [1]);
  });

  it('belong to the statement where they are no parameters', () => {
    const cache = new StatementCache();
    const first = cache.generic('SELECT a FROM t WHERE b = 1 LIMIT 5');
    const second = cache.generic('SELECT a FROM t WHERE b = 2 LIMIT 5');
    const third = cache.generic('SELECT a FROM t WHERE b = 2 LIMIT 6');
    assert.deepEqual(first?.values, [1]);
    assert.deepEqual(second?.values, [2]);
    assert.equal(first.generic.statement, second.generic.statement);
    assert.notEqual(first.generic.statement, third?.generic.statement);
    assert.equal(cache.generic('SELECT 1'), undefined);
    assert.equal(cache.generic('SELEC a WHERE b = 1'), undefined);
  });

  it("like 'now' are never kept bound", () => {
    const cache = new StatementCache();
    const [parsed] = cache.parse("SELECT 'now'::timestamp");
    assert.ok(parsed !== undefined);
    cache.keep(parsed.statement, 'key', [], { kind: 'utility', statement: parsed.statement, columns: [] });
    assert.equal(cache.compiled(parsed.statement, 'key', []), undefined);
  });
});
