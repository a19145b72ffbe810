/**
 * Golden plans: for each rule, queries with the plan before and after it (goldens/<rule>.txt), and the optimised plans of TPC-H (goldens/tpch.txt).
 * After a wanted change: `GOLDEN=refresh`. Every plan on the way is checked to hang together.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PgError } from '../../../src/common/errors.js';
import type { LogicalNode } from '../../../src/plan/logical.js';
import { printPlan } from '../../../src/plan/print.js';
import { bindStatement } from '../../../src/planner/bind/bind.js';
import { optimise, rules, type Statistics } from '../../../src/planner/logical/optimise.js';
import { initialiseParser, parse } from '../../../src/sql/parser.js';
import { contextOver } from './sample-catalog.js';
import { expressions, statements } from './statements.js';
import { tpchQueries, tpchRelations, tpchRows } from './tpch.js';
import { validate } from './validate.js';

const refresh = process.env['GOLDEN'] === 'refresh';

function bound(text: string): LogicalNode {
  const [parsed] = parse(text);
  if (parsed === undefined) throw new Error('no statement');
  const result = bindStatement(parsed.statement, contextOver(tpchRelations));
  return result.kind === 'query' ? result.plan : result.mutation.source;
}

function golden(name: string, text: string): void {
  const file = new URL(`goldens/${name.replaceAll(' ', '-')}.txt`, import.meta.url);
  if (refresh || !existsSync(file)) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

/** The plan just before the first run of the rule, and after it. */
function aroundRule(text: string, name: string, statistics: Statistics): { readonly before: string; readonly after: string } {
  let plan = bound(text);
  for (const rule of rules) {
    const next = rule.apply(plan, statistics);
    validate(next);
    if (rule.name === name) return { before: printPlan(plan), after: printPlan(next) };
    plan = next;
  }
  throw new Error(`no rule ${name}`);
}

/** Queries that show what each rule does, and what it must not do. */
const cases: Readonly<Record<string, readonly string[]>> = {
  'fold constants': [
    "SELECT 1 + 2 * 3, 'a' || 'b', x + (1 + 1), 1 / 0, lower('ABC') FROM a WHERE true AND x = 2 + 2",
    'SELECT CASE WHEN false THEN 1 WHEN true THEN x ELSE 2 END, coalesce(NULL, x, 3), coalesce(NULL, 5), NULL + x, NOT (x IS NULL) FROM a',
    "SELECT x FROM a WHERE d >= date '2020-01-01' AND d < date '2020-01-01' + interval '1 month' AND timestamp '2021-01-01 12:00' > d",
    "SELECT '12'::varchar(1), 1.256::numeric(4,2), '5'::text::int, now() + interval '1 day' FROM a",
    'SELECT x FROM a WHERE x = 1 OR false OR (x = 2 OR x = 3)',
  ],
  'postpone volatile': [
    'SELECT random(), y FROM a ORDER BY y DESC',
    'SELECT y, random() + x FROM a ORDER BY y LIMIT 2',
    'SELECT random() AS r, y FROM a ORDER BY r',
  ],
  'inline CTEs': [
    'WITH t AS (SELECT x, y FROM a) SELECT x FROM t WHERE y = $1',
    'WITH t AS (SELECT x FROM a) SELECT * FROM t t1, t t2',
    'WITH t AS MATERIALIZED (SELECT x FROM a) SELECT * FROM t',
    'WITH t AS (SELECT random() AS r FROM a) SELECT * FROM t',
    'WITH t AS (SELECT x FROM a), u AS (SELECT x + 1 AS z FROM t), unused AS (SELECT * FROM b) SELECT * FROM u',
  ],
  'remove projections': [
    'SELECT p + 1 FROM (SELECT x AS p, y AS q FROM a) s WHERE q IS NOT NULL',
    'SELECT s.p, s.p FROM (SELECT x + 1 AS p FROM a) s',
    'SELECT xx FROM va JOIN b ON va.id = b.a_id',
    'SELECT p FROM (SELECT x AS p FROM a) s UNION ALL SELECT q FROM (SELECT v AS q FROM b) t',
    'SELECT s.r, s.r + 1 FROM (SELECT random() AS r FROM a) s',
  ],
  'extract common factors': [
    'SELECT * FROM a, b WHERE (a.id = b.a_id AND x = 1) OR (a.id = b.a_id AND v = 2)',
    'SELECT x FROM a WHERE (x = 1 AND l = 2) OR x = 1',
  ],
  'push filters': [
    'SELECT * FROM a, b WHERE a.id = b.a_id AND a.x > 1 AND b.v = 3',
    'SELECT * FROM a LEFT JOIN b ON a.id = b.a_id WHERE a.x > 1 AND b.v IS NULL',
    'SELECT * FROM a LEFT JOIN b ON a.id = b.a_id AND b.v = 2 AND a.x = 1 WHERE b.name LIKE $1',
    'SELECT * FROM a FULL JOIN b ON a.id = b.a_id WHERE a.x = 1',
    'SELECT * FROM a RIGHT JOIN b ON a.id = b.a_id WHERE b.v = 1',
    'SELECT * FROM (SELECT x, count(*) AS c FROM a GROUP BY x) s WHERE x = 1 AND c > 2',
    'SELECT * FROM (SELECT x, row_number() OVER (PARTITION BY x ORDER BY y) AS r FROM a) s WHERE x = 1 AND r = 1',
    'SELECT * FROM (SELECT x FROM a UNION SELECT v FROM b) s WHERE x = 1',
    'SELECT * FROM (SELECT DISTINCT ON (x) x, y FROM a ORDER BY x, y) s WHERE x = 1 AND y = $1',
    'SELECT * FROM (SELECT x FROM a ORDER BY y LIMIT 3) s WHERE x = 1',
    'SELECT * FROM a, b WHERE a.id = b.a_id AND b.a_id = 5',
    'SELECT * FROM a, b WHERE random() < 0.5 AND a.x = 1',
    'SELECT * FROM (SELECT x, generate_series(1, 3) AS g FROM a) s WHERE x = 1 AND g = 2',
    'SELECT * FROM a, LATERAL (SELECT v FROM b WHERE b.a_id = a.id) s WHERE a.x = 1 AND s.v = 2',
    "SELECT * FROM nation n1, nation n2 WHERE (n1.n_name = 'A' AND n2.n_name = 'B') OR (n1.n_name = 'B' AND n2.n_name = 'A')",
    'SELECT * FROM a LEFT JOIN b ON a.id = b.a_id WHERE coalesce(b.v, 1) = 1',
  ],
  'unnest subqueries': [
    'SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id AND b.v > 1)',
    'SELECT * FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id)',
    'SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b)',
    'SELECT * FROM a WHERE x IN (SELECT v FROM b)',
    'SELECT * FROM a WHERE (id, x) IN (SELECT a_id, v FROM b WHERE b.name = a.y)',
    'SELECT * FROM a WHERE id NOT IN (SELECT v FROM b)',
    'SELECT * FROM a WHERE id NOT IN (SELECT a_id FROM b)',
    'SELECT * FROM a WHERE x NOT IN (SELECT v FROM b)',
    'SELECT * FROM a WHERE x IN (SELECT v FROM b ORDER BY v LIMIT 3)',
    'SELECT * FROM a WHERE x IN (SELECT max(v) FROM b GROUP BY a_id)',
    'SELECT x, (SELECT max(v) FROM b WHERE b.a_id = a.id) FROM a',
    'SELECT x, (SELECT count(*) + 1 FROM b WHERE b.a_id = a.id) FROM a',
    'SELECT x, (SELECT count(*) FROM b WHERE b.id = a.id) FROM a',
    'SELECT o_orderkey, (SELECT count(*) FROM lineitem WHERE l_orderkey = o_orderkey) FROM orders',
    'SELECT l_linenumber, (SELECT o_clerk FROM orders WHERE o_orderkey = l_orderkey) FROM lineitem',
    'SELECT x FROM a WHERE l > (SELECT avg(v) FROM b WHERE b.a_id < a.id)',
    'SELECT x FROM a WHERE x > (SELECT sum(v) FROM b WHERE b.a_id = a.id AND b.name = a.y)',
    'SELECT x FROM a WHERE x = 1 OR EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id)',
    'SELECT x, CASE WHEN x > 1 THEN (SELECT max(v) FROM b WHERE b.a_id = a.id) END FROM a',
  ],
  'range frames': [
    "SELECT x, sum(l) OVER (PARTITION BY y ORDER BY d RANGE BETWEEN '1 month' PRECEDING AND CURRENT ROW) FROM a",
    "SELECT x, first_value(y) OVER (ORDER BY d DESC RANGE BETWEEN UNBOUNDED PRECEDING AND '2 days 1 month' FOLLOWING EXCLUDE TIES) FROM a",
    "SELECT sum(l) OVER (ORDER BY d RANGE '2 days' PRECEDING) FROM a",
  ],
  'order joins': [
    'SELECT count(*) FROM lineitem, region, nation, customer, orders WHERE l_orderkey = o_orderkey AND o_custkey = c_custkey AND c_nationkey = n_nationkey AND n_regionkey = r_regionkey',
    'SELECT count(*) FROM a, b, nokey WHERE a.id = b.a_id AND b.v = p',
  ],
  'simplify sorts': ['SELECT 1 AS one, x FROM a ORDER BY one, x', "SELECT 'a' AS s FROM a ORDER BY s"],
  'push limits': [
    'SELECT x + 1 FROM a LIMIT 3',
    'SELECT x FROM a UNION ALL SELECT v FROM b LIMIT 3 OFFSET 2',
    'SELECT x FROM a UNION SELECT v FROM b LIMIT 3',
    'SELECT random() FROM a LIMIT 1',
    'SELECT x FROM a ORDER BY y LIMIT $1',
  ],
  'prune columns': [
    'SELECT x FROM a WHERE y = $1',
    'SELECT count(*) FROM a',
    'SELECT a.x FROM a JOIN b ON a.id = b.a_id ORDER BY b.v',
    'SELECT x FROM (SELECT x, count(*), sum(l) FROM a GROUP BY x) s',
    'SELECT x FROM (SELECT x, rank() OVER (ORDER BY y) FROM a) s',
    'SELECT p FROM (SELECT x AS p, y FROM a UNION ALL SELECT v, name FROM b) s',
    'SELECT p FROM (SELECT x AS p, y FROM a UNION SELECT v, name FROM b) s',
    'SELECT x FROM a WHERE EXISTS (SELECT * FROM b WHERE a_id < a.id OR v = a.x)',
    'SELECT s.c FROM a, LATERAL (SELECT a.x + b.v AS c, name FROM b) s',
    'WITH t AS MATERIALIZED (SELECT x, y, z FROM a) SELECT x FROM t',
  ],
};

describe('rules over logical plans', () => {
  before(() => initialiseParser());

  for (const [name, queries] of Object.entries(cases)) {
    it(`${name}: golden plans`, () => {
      const text = queries.map((query) => {
        const { before, after } = aroundRule(query, name, tpchRows);
        return `${query}\n--- before\n${before}\n--- after\n${after}\n`;
      });
      golden(name, text.join('\n'));
    });
  }

  it('has goldens for every rule', () => {
    for (const rule of rules) assert.ok(cases[rule.name] !== undefined, rule.name);
  });

  it('TPC-H: golden plans', () => {
    golden('tpch', tpchQueries.map((query, i) => `Q${i + 1}\n${printPlan(optimise(bound(query), tpchRows))}\n`).join('\n'));
  });

  it('keeps every plan in one piece', () => {
    for (const text of [...expressions.map((expression) => `SELECT ${expression} FROM a, b`), ...statements, ...tpchQueries]) {
      let plan: LogicalNode;
      try {
        plan = bound(text);
      } catch (error) {
        if (error instanceof PgError) continue;
        throw error;
      }
      validate(plan);
      for (const rule of rules) {
        plan = rule.apply(plan, tpchRows);
        validate(plan);
      }
    }
  });
});
