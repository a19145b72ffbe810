-- pg_get_expr, pg_get_constraintdef, pg_get_indexdef: what analysis adds.
CREATE TABLE r (
  id int PRIMARY KEY,
  n int DEFAULT -5,
  big bigint DEFAULT 7,
  num numeric(10,2) DEFAULT 1.5,
  t text DEFAULT 'x',
  v varchar(5) DEFAULT 'ab',
  c char(3) DEFAULT 'q',
  b bool DEFAULT true,
  d date DEFAULT '2024-1-5',
  ts timestamp DEFAULT '2024-01-05 10:00',
  tz timestamptz DEFAULT CURRENT_TIMESTAMP,
  i interval DEFAULT '1 day',
  f float8 DEFAULT 2,
  a int[] DEFAULT '{1,2}',
  j jsonb DEFAULT '{"a":1}',
  u uuid
);
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = 'r'::regclass ORDER BY a.attnum;
ALTER TABLE r ALTER n SET DEFAULT 1 + 2, ALTER t SET DEFAULT upper('abc'), ALTER big SET DEFAULT 5000000000, ALTER num SET DEFAULT -1.5, ALTER b SET DEFAULT NULL, ALTER d SET DEFAULT CURRENT_DATE, ALTER a SET DEFAULT ARRAY[1, 2], ALTER v SET DEFAULT 'a' || 'b', ALTER ts SET DEFAULT now(), ALTER f SET DEFAULT 1.5;
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = 'r'::regclass ORDER BY a.attnum;
SELECT column_name, column_default FROM information_schema.columns WHERE table_name = 'r' ORDER BY ordinal_position;
CREATE TABLE g (a int, b text, c varchar(10), g1 int GENERATED ALWAYS AS (a * 2) STORED, g2 numeric GENERATED ALWAYS AS (a * 1.5) STORED, g3 text GENERATED ALWAYS AS (b || '-' || c) STORED, g4 int GENERATED ALWAYS AS (length(c)) STORED, g5 bool GENERATED ALWAYS AS (b LIKE 'q%') STORED);
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = 'g'::regclass ORDER BY a.attnum;
CREATE TABLE k (a int, b varchar(10), n numeric, d date, ts timestamptz, t text, ok bool, arr int[], big bigint, s smallint, f float8, j jsonb);
ALTER TABLE k ADD CONSTRAINT k01 CHECK (b LIKE 'q%');
ALTER TABLE k ADD CONSTRAINT k02 CHECK (a > 0 AND n < 10);
ALTER TABLE k ADD CONSTRAINT k03 CHECK (n > a);
ALTER TABLE k ADD CONSTRAINT k04 CHECK (a BETWEEN 1 AND 10);
ALTER TABLE k ADD CONSTRAINT k05 CHECK (a NOT BETWEEN 100 AND 200);
ALTER TABLE k ADD CONSTRAINT k06 CHECK (b IN ('x', 'y', 'z'));
ALTER TABLE k ADD CONSTRAINT k07 CHECK (t IN ('x', 'y'));
ALTER TABLE k ADD CONSTRAINT k08 CHECK (a NOT IN (5, 6, 7));
ALTER TABLE k ADD CONSTRAINT k09 CHECK (t IN ('x'));
ALTER TABLE k ADD CONSTRAINT k10 CHECK (d > '2020-01-01');
ALTER TABLE k ADD CONSTRAINT k11 CHECK (t IS NOT NULL OR ok IS TRUE);
ALTER TABLE k ADD CONSTRAINT k12 CHECK (NOT (ok AND a = 1));
ALTER TABLE k ADD CONSTRAINT k13 CHECK (a IS DISTINCT FROM 5);
ALTER TABLE k ADD CONSTRAINT k14 CHECK (a IS NOT DISTINCT FROM NULL OR a <> 3);
ALTER TABLE k ADD CONSTRAINT k15 CHECK (CASE WHEN a > 1 THEN t = 'p' ELSE ok END);
ALTER TABLE k ADD CONSTRAINT k16 CHECK (CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' END <> t);
ALTER TABLE k ADD CONSTRAINT k17 CHECK (coalesce(a, 0) < 5 AND nullif(t, 'x') IS NULL AND greatest(a, 1, n) > least(a, 2));
ALTER TABLE k ADD CONSTRAINT k18 CHECK (extract(year from d) > 2000);
ALTER TABLE k ADD CONSTRAINT k19 CHECK (substring(t from 1 for 2) = 'ab' AND position('x' in t) > 0);
ALTER TABLE k ADD CONSTRAINT k20 CHECK (trim(both 'x' from t) = '' OR trim(t) = 'y' OR overlay(t placing 'z' from 2) = 'q');
ALTER TABLE k ADD CONSTRAINT k21 CHECK ((ts AT TIME ZONE 'UTC') > '2020-01-01');
ALTER TABLE k ADD CONSTRAINT k22 CHECK (arr[1] = 5 AND arr[1:2] = ARRAY[1, 2] AND array_length(arr, 1) < 3);
ALTER TABLE k ADD CONSTRAINT k23 CHECK (a = ANY (arr) AND a <> ALL ('{7,8}'));
ALTER TABLE k ADD CONSTRAINT k24 CHECK ((a, b) = (1, 'x'));
ALTER TABLE k ADD CONSTRAINT k25 CHECK (t ILIKE '%z' OR t NOT LIKE 'a\_%' ESCAPE '\' OR t SIMILAR TO '(a|b)%');
ALTER TABLE k ADD CONSTRAINT k26 CHECK (t ~ '^a' AND t !~* 'b$');
ALTER TABLE k ADD CONSTRAINT k27 CHECK (a::numeric(5,1) > 1 AND t::int = a AND a::text = t);
ALTER TABLE k ADD CONSTRAINT k28 CHECK (-a < 5 AND +a > -3 AND abs(a) % 2 = 1);
ALTER TABLE k ADD CONSTRAINT k29 CHECK (big > 5 AND s < 3 AND f > 1 AND f < 2.5);
ALTER TABLE k ADD CONSTRAINT k30 CHECK (j -> 'a' = '1' AND j ? 'b' AND j ->> 'c' = 'x');
ALTER TABLE k ADD CONSTRAINT k31 CHECK (d + 5 > d AND d - interval '1 day' < ts);
ALTER TABLE k ADD CONSTRAINT k32 CHECK (b || 'x' = 'yx' AND b = 'z' AND b < t);
ALTER TABLE k ADD CONSTRAINT k33 CHECK (ok IS NOT FALSE AND (ok IS UNKNOWN OR NOT ok));
ALTER TABLE k ADD CONSTRAINT k34 CHECK ((d, interval '1 day') OVERLAPS (d, interval '2 days'));
ALTER TABLE k ADD CONSTRAINT k35 CHECK (a + big * s - n / 2 > 0);
ALTER TABLE k ADD CONSTRAINT k36 CHECK (t COLLATE "C" > 'x');
ALTER TABLE k ADD CONSTRAINT k37 CHECK (a IN (1, 2.5, 3));
ALTER TABLE k ADD CONSTRAINT k38 CHECK (a IN (1, n, 3));
ALTER TABLE k ADD CONSTRAINT k39 CHECK (a BETWEEN SYMMETRIC 5 AND 2);
ALTER TABLE k ADD CONSTRAINT k40 CHECK (row(a, t) < row(1, 'z'));
ALTER TABLE k ADD CONSTRAINT k41 CHECK (d = date '2020-02-02' OR ts > timestamp '2020-01-01 00:00:00');
ALTER TABLE k ADD CONSTRAINT k42 CHECK (n = 1e3 OR n = -2 OR n = '5' OR n = 12345678901234567890);
ALTER TABLE k ADD CONSTRAINT k43 CHECK (length(b) > 2 AND lower(b) = 'x' AND concat(a, b, 'z') <> '');
ALTER TABLE k ADD CONSTRAINT k44 CHECK (round(n, 2) = n AND round(f) > 1 AND mod(a, 2) = 0);
ALTER TABLE k ADD CONSTRAINT k45 CHECK (ok);
ALTER TABLE k ADD CONSTRAINT k46 CHECK (ok = true AND ok <> 'f');
ALTER TABLE k ADD CONSTRAINT k47 CHECK (b::char(3) = 'abc' OR b::text = 'd');
ALTER TABLE k ADD CONSTRAINT k48 CHECK (d IN ('2020-01-01', '2021-01-01'));
ALTER TABLE k ADD CONSTRAINT k49 CHECK (((a > 1) OR (a < 0 OR a = 0)) AND (ok AND (t = 'x' AND b = 'y')));
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'k'::regclass AND conname <= 'k10' ORDER BY conname;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'k'::regclass AND conname BETWEEN 'k11' AND 'k15' ORDER BY conname;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k16';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k17';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k18';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k19';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k20';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k21';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k22';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k23';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k24';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k25';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k26';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k27';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k28';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k29';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k30';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k31';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k32';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k33';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k34';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k35';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k36';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k37';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k38';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k39';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k40';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k41';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k42';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k43';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k44';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k45';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k46';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k47';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k48';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k49';
SELECT conname, pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'k'::regclass AND conname <= 'k15' ORDER BY conname;
SELECT conname, pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'k'::regclass AND conname BETWEEN 'k20' AND 'k35' ORDER BY conname;
CREATE INDEX k_i1 ON k (lower(b), (a + 1), t DESC) WHERE b = 'x' AND a > 5;
CREATE INDEX k_i2 ON k ((n * 2), (t || 'x'), upper(t)) INCLUDE (d);
CREATE INDEX k_i3 ON k (a) WHERE t IS NOT NULL;
CREATE UNIQUE INDEX k_i4 ON k (coalesce(a, 0), (a::text)) WHERE ok;
SELECT pg_get_indexdef('k_i1'::regclass), pg_get_indexdef('k_i1'::regclass, 1, false), pg_get_indexdef('k_i1'::regclass, 2, true);
SELECT pg_get_indexdef('k_i2'::regclass);
SELECT pg_get_indexdef('k_i3'::regclass);
SELECT pg_get_indexdef('k_i4'::regclass);
SELECT indexdef FROM pg_indexes WHERE tablename = 'k' ORDER BY indexname;
CREATE DOMAIN dm AS text DEFAULT 'a' CHECK (value LIKE 'a%' AND length(value) < 5);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = 'dm'::regtype;
SELECT typdefault FROM pg_type WHERE typname = 'dm';
-- Renaming under expressions.
ALTER TABLE k RENAME COLUMN a TO "A new";
ALTER TABLE k RENAME COLUMN b TO bb;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'k'::regclass AND conname <= 'k08' ORDER BY conname;
SELECT indexdef FROM pg_indexes WHERE tablename = 'k' ORDER BY indexname;
ALTER TABLE g RENAME COLUMN a TO aa;
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = 'g'::regclass ORDER BY a.attnum;
INSERT INTO g (aa, b, c) VALUES (3, 'qq', 'z') RETURNING *;
CREATE TABLE chk (x int CHECK (x > 0), y int, CHECK (x < y));
ALTER TABLE chk RENAME x TO z;
ALTER TABLE chk RENAME TO chk2;
INSERT INTO chk2 VALUES (0, 5);
INSERT INTO chk2 VALUES (6, 5);
INSERT INTO chk2 VALUES (1, 5);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'chk2'::regclass ORDER BY conname;
