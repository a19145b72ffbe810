-- Floats at rest: -0, NaN and infinities, and that every way of writing leaves floats, not integers.
CREATE TABLE fl (id int PRIMARY KEY, a float4, b float8);
INSERT INTO fl VALUES (1, '-0', '-0'), (2, '0', '0'), (3, -0.0, '-0'::float8), (4, 'NaN', '-Infinity'), (5, 3, 3), (6, 3::int2, 7::bigint);
INSERT INTO fl SELECT g, g, g FROM generate_series(7, 9) g;
INSERT INTO fl SELECT 10, count(*), sum(id) FROM fl;
INSERT INTO fl SELECT 11, max(id), CASE WHEN true THEN 5 ELSE 2 END FROM fl;
INSERT INTO fl SELECT 12, id, coalesce(NULL, id) FROM fl WHERE id = 2;
COPY fl FROM stdin;
13	-0	-0
14	9	11
\.
SELECT * FROM fl ORDER BY id;
SELECT id, a / 2, b / 2, -a, -b, b * -1, abs(b) FROM fl ORDER BY id;
SELECT id FROM fl WHERE b = 0 ORDER BY id;
SELECT id FROM fl WHERE b = 3 OR a = 9 ORDER BY id;
SELECT id, b::text, b::numeric, b::float4, a::float8 FROM fl WHERE id < 4 ORDER BY id;
SELECT sum(b), max(b), min(b), array_agg(b ORDER BY id), avg(b) FROM fl WHERE id IN (1);
SELECT count(DISTINCT b), count(DISTINCT a) FROM fl;
UPDATE fl SET b = id WHERE id > 4;
UPDATE fl SET a = b, b = -b WHERE id = 2;
SELECT id, a / 4, b / 4 FROM fl ORDER BY id;
ALTER TABLE fl ADD COLUMN c float8 DEFAULT 3, ADD COLUMN d float8 DEFAULT '-0', ADD COLUMN e int DEFAULT 7;
SELECT id, c / 2, d FROM fl WHERE id < 3 ORDER BY id;
ALTER TABLE fl ALTER COLUMN e TYPE float8;
SELECT id, e / 2 FROM fl WHERE id < 3 ORDER BY id;
CREATE INDEX ON fl (b);
SELECT id, b FROM fl WHERE b = '-0' ORDER BY id;
SELECT id, b FROM fl WHERE b BETWEEN -1 AND 4 ORDER BY b, id;
SELECT x.id, y.id FROM fl x JOIN fl y ON x.b = y.b ORDER BY 1, 2;
SELECT b, count(*) FROM fl GROUP BY b ORDER BY b;
CREATE TABLE fk (k float8 UNIQUE, v int);
INSERT INTO fk VALUES ('-0', 1);
INSERT INTO fk VALUES (0, 2);
INSERT INTO fk VALUES (0, 3) ON CONFLICT (k) DO UPDATE SET v = excluded.v, k = excluded.k;
SELECT * FROM fk;
CREATE TABLE fl2 AS SELECT * FROM fl;
SELECT id, c / 2, d, e / 2, b / 2 FROM fl2 ORDER BY id;
SELECT '-0'::float8, -'0'::float8, ARRAY['-0'::float8], ROW('-0'::float4), '-0'::float4 = 0, round('-0.4'::float8), '-0'::float8::numeric;
