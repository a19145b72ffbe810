import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { RowSink, sinkSql } from '../../../src/storage/read/row-sink.js';
import type { Connection } from '../../../src/storage/files/connection.js';

/** Statements whose rows must come in the order and number in which they come without the sink. */
const statements = [
  'SELECT a, b FROM t',
  'SELECT a, b FROM t ORDER BY b',
  'SELECT a, b FROM t ORDER BY b DESC, a LIMIT 100',
  'SELECT b, b, a FROM t WHERE b < 500 ORDER BY b + 0 LIMIT 10 OFFSET 7',
  'SELECT a % 10, count(*) FROM t GROUP BY a % 10 ORDER BY 2 DESC, 1',
  'SELECT a FROM t UNION ALL SELECT b FROM t WHERE b < 100',
  'SELECT a % 7 FROM t UNION SELECT b FROM t WHERE b < 100 ORDER BY 1 DESC',
  'SELECT DISTINCT a % 7 FROM t ORDER BY 1 DESC',
  'WITH x AS (SELECT b FROM t WHERE b < 300 ORDER BY b DESC) SELECT x.b, t.a FROM x JOIN t ON t.a = x.b ORDER BY x.b DESC',
  'VALUES (1, 2), (3, 4)',
  'SELECT sum(a) OVER (ORDER BY b), b FROM t WHERE b < 200 ORDER BY b DESC',
  'SELECT a, b FROM t ORDER BY abs(b - 250), a',
  'SELECT a FROM t WHERE a < ?1 ORDER BY -a',
  "SELECT NULL, 1.5, x'00ff', 'text', 9007199254740993 FROM t WHERE a <= 3",
];

describe('the row sink', () => {
  const db = new Database('');
  db.exec('CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER)');
  db.exec('WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 1000) INSERT INTO t SELECT i, (i * 7919) % 1000 FROM g');
  const sink = RowSink.on({ db } as Connection);

  for (const sql of statements) {
    for (const wide of [false, true]) {
      it(`gets the rows of ${sql}${wide ? ', wide' : ''}`, () => {
        const plain = db.prepare<unknown[], unknown[]>(sql).raw(true).safeIntegers(wide);
        const parameters = sql.includes('?1') ? [{ 1: 50 }] : [];
        const rows: unknown[] = [];
        sink.take = (row) => {
          rows.push(row);
          return rows.length % 16 === 0;
        };
        let yields = 0;
        for (const _ of db.prepare<unknown[], unknown[]>(sinkSql(sql, plain.columns().length, wide)).iterate(...parameters)) yields++;
        assert.deepEqual(rows, plain.all(...parameters));
        assert.equal(yields, Math.floor(rows.length / 16));
      });
    }
  }
});
