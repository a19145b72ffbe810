/**
 * Statements of our own for `bench/parsers`: what clients of PostgreSQL send, written for this purpose. Also literals with the value that PostgreSQL
 * gives them, and the operators whose pairs are tried.
 */

export interface CorpusGroup {
  readonly name: string;
  readonly statements: readonly string[];
}

export const corpus: readonly CorpusGroup[] = [
  {
    name: 'catalog queries, as tools ask them',
    statements: [
      `SELECT n.nspname, c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END AS kind, pg_catalog.pg_get_userbyid(c.relowner)
       FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'v', '') AND n.nspname !~ '^pg_toast' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1, 2`,
      `SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(t)$' COLLATE pg_catalog.default`,
      `SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
         (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef)
       FROM pg_catalog.pg_attribute a WHERE a.attrelid = '16384' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      `SELECT conname, pg_catalog.pg_get_constraintdef(r.oid, true) FROM pg_catalog.pg_constraint r WHERE r.conrelid = 't'::regclass AND r.contype = 'f'`,
      `SELECT i.indexrelid::regclass::text, ix.indisunique, (information_schema._pg_expandarray(ix.indkey)).n FROM pg_index ix JOIN pg_index i USING (indexrelid)`,
      `SELECT current_schema(), session_user, array_to_string(current_schemas(false), ',')`,
      `SELECT t.oid, t.typname FROM pg_type t WHERE t.typtype IN ('b', 'p', 'r', 'e') AND NOT EXISTS (SELECT 1 FROM pg_type el WHERE el.typelem = t.oid AND el.oid <> t.typarray)`,
      `SELECT * FROM pg_catalog.generate_series(1, 3) WITH ORDINALITY AS g(v, n)`,
    ],
  },
  {
    name: 'sessions, as drivers hold them',
    statements: [
      'SET extra_float_digits = 3',
      "SET application_name = 'my app'",
      'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED',
      'BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE',
      'START TRANSACTION READ WRITE',
      'SAVEPOINT s',
      'ROLLBACK TO SAVEPOINT s',
      'COMMIT AND CHAIN',
      'SHOW TRANSACTION ISOLATION LEVEL',
      'DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT 1',
      'FETCH FORWARD 100 FROM c',
      'CLOSE c',
      'DISCARD ALL',
      'DEALLOCATE ALL',
      'PREPARE p (int, text) AS SELECT $1, $2',
      "COPY t (a, b) FROM STDIN WITH (FORMAT csv, HEADER true, NULL '')",
      'LISTEN channel',
      'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT 1',
    ],
  },
  {
    name: 'applications',
    statements: [
      'SELECT "user"."id", "user"."name" AS "userName" FROM "user" WHERE "user"."id" = $1 LIMIT 1',
      'INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b, n = t.n + 1 WHERE t.b IS DISTINCT FROM excluded.b RETURNING *',
      'UPDATE t SET (a, b) = (SELECT x, y FROM u WHERE u.id = t.id) FROM v WHERE v.id = t.id RETURNING t.a',
      'DELETE FROM t USING u WHERE t.id = u.id AND u.d < now() - interval $1',
      'SELECT id FROM jobs WHERE state = $1 ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 10',
      'WITH moved AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM moved',
      "SELECT data ->> 'name', data #> '{a,b}', data @> '{\"x\": 1}'::jsonb, data ? 'k' FROM docs",
      'SELECT * FROM t WHERE a = ANY ($1::int[]) AND b <> ALL (ARRAY[1, 2])',
      'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.a)',
      "SELECT count(*) FILTER (WHERE a > 0), string_agg(DISTINCT b, ',' ORDER BY b DESC) FROM t",
      'SELECT a[1], a[2:3], (r).f, (f(x)).* FROM t',
      "SELECT $$it's$$, E'\\n', U&'\\0061', B'101'",
    ],
  },
  {
    name: 'analysis',
    statements: [
      `SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)), count(*)
       FROM lineitem WHERE l_shipdate <= date '1998-12-01' - interval '90' day GROUP BY l_returnflag, l_linestatus ORDER BY 1, 2`,
      'SELECT a, b, sum(c) FROM t GROUP BY GROUPING SETS ((a, b), ROLLUP (a), ()) HAVING grouping(a) = 0',
      'SELECT sum(a) OVER w, rank() OVER (PARTITION BY b ORDER BY c DESC NULLS LAST ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t WINDOW w AS (PARTITION BY b)',
      'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a), mode() WITHIN GROUP (ORDER BY b) FROM t',
      'WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT * FROM r',
      'SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b DESC',
      'SELECT t.a, x.b FROM t CROSS JOIN LATERAL (SELECT b FROM u WHERE u.a = t.a ORDER BY b LIMIT 1) x',
      'SELECT extract(year FROM d), date_trunc($1, d) AT TIME ZONE $2, overlay(a PLACING b FROM 2) FROM t',
      '(SELECT 1 ORDER BY 1 LIMIT 1) UNION ALL SELECT 2 INTERSECT SELECT 3',
      'SELECT * FROM t TABLESAMPLE bernoulli (1) REPEATABLE (42)',
      'VALUES (1, $1), (2, $2)',
    ],
  },
  {
    name: 'definitions',
    statements: [
      `CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a numeric(10, 2) NOT NULL DEFAULT 0 CHECK (a >= 0),
       b text COLLATE "C" UNIQUE, c int REFERENCES u ON DELETE SET NULL DEFERRABLE, d int GENERATED ALWAYS AS (c + 1) STORED)`,
      'CREATE UNLOGGED TABLE IF NOT EXISTS s.t (LIKE u INCLUDING ALL) WITH (fillfactor = 70)',
      'CREATE TABLE t (a int, b date) PARTITION BY RANGE (b)',
      "CREATE TABLE p PARTITION OF t FOR VALUES FROM ('2020-01-01') TO (MAXVALUE)",
      'CREATE UNIQUE INDEX CONCURRENTLY i ON t USING btree (lower(a) text_pattern_ops DESC NULLS LAST) INCLUDE (b) WHERE c IS NOT NULL',
      'ALTER TABLE t ADD COLUMN IF NOT EXISTS x int, DROP CONSTRAINT IF EXISTS k CASCADE, ALTER COLUMN a TYPE bigint USING a::bigint',
      'CREATE MATERIALIZED VIEW m AS SELECT 1 WITH NO DATA',
      'REFRESH MATERIALIZED VIEW CONCURRENTLY m',
      "CREATE TYPE mood AS ENUM ('sad', 'ok')",
      "ALTER TYPE mood ADD VALUE 'happy' AFTER 'ok'",
      'CREATE DOMAIN positive AS int CHECK (value > 0)',
      "CREATE FUNCTION f(a int DEFAULT 1) RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT * FROM t WHERE id = a'",
      'GRANT SELECT (a, b), UPDATE ON t TO r WITH GRANT OPTION',
      "COMMENT ON COLUMN s.t.a IS 'it'",
      'ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO r',
      'TRUNCATE a, b RESTART IDENTITY CASCADE',
      'CREATE SEQUENCE s AS int INCREMENT BY 2 OWNED BY t.a',
      'DROP INDEX CONCURRENTLY IF EXISTS i',
    ],
  },
];

/** A literal and the text of the value that PostgreSQL has for it. */
export const literals: readonly (readonly [string, string])[] = [
  ["'a\\nb'", 'a\\nb'],
  ["E'a\\nb'", 'a\nb'],
  ["'it''s'", "it's"],
  ["'back\\'", 'back\\'],
  ['$$x$$', 'x'],
  ['$t$a$$b$t$', 'a$$b'],
  ["U&'d\\0061t'", 'dat'],
  ['9007199254740993', '9007199254740993'],
  ['12345678901234567890.123456789', '12345678901234567890.123456789'],
  ['1.10', '1.10'],
  ['1e400', '1e400'],
];

/** PostgreSQL's binary operators with their precedence (chapter 4.1.6 of its manual); comparisons do not associate, the others do from the left. */
export const operators: readonly (readonly [string, number])[] = [
  ['OR', 1],
  ['AND', 2],
  ['=', 5],
  ['<', 5],
  ['<>', 5],
  ['LIKE', 6],
  ['||', 7],
  ['->>', 7],
  ['@>', 7],
  ['~', 7],
  ['&', 7],
  ['|', 7],
  ['<<', 7],
  ['+', 8],
  ['-', 8],
  ['*', 9],
  ['/', 9],
  ['%', 9],
  ['^', 10],
];

/** Operators of these precedences do not associate: `a = b = c` is an error. */
export const nonAssociative: ReadonlySet<number> = new Set([5, 6]);

/** Trees that are not of the form `a op b op c`, with all parentheses written. */
export const shapes: readonly (readonly [string, string])[] = [
  ['a = 1 OR b = 2 AND c = 3', '((a = 1) OR ((b = 2) AND (c = 3)))'],
  ['NOT a = 1', '(NOT (a = 1))'],
  ['NOT a = 1 AND b = 2', '((NOT (a = 1)) AND (b = 2))'],
  ['a = 1 OR NOT b = 2 AND c = 3', '((a = 1) OR ((NOT (b = 2)) AND (c = 3)))'],
  ['a OR b AND c OR d', '((a OR (b AND c)) OR d)'],
  ['a AND b OR c AND d', '((a AND b) OR (c AND d))'],
];

export const pointQuery = 'SELECT a, b FROM t WHERE id = $1';
