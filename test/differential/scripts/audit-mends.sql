-- Assignments from ROW(a.*), ordering operators of other types, modifying queries that read themselves.
CREATE TABLE pairs (a int PRIMARY KEY, b int, c int);
INSERT INTO pairs VALUES (1, 10, 7), (2, 20, 8), (3, NULL, 9);
UPDATE pairs SET (b, c) = ROW(v.*) FROM (VALUES (21, 100)) AS v(i, j) WHERE a = 1 RETURNING pairs.*;
UPDATE pairs SET (b, c) = (v.*) FROM (VALUES (22, 101)) AS v(i, j) WHERE a = 1;
UPDATE pairs SET (b, c) = ROW(v.*, 1) FROM (VALUES (22, 101)) AS v(i, j) WHERE a = 1;
UPDATE pairs SET (b, c) = ROW(1, 2, 3);
SELECT a FROM pairs ORDER BY b USING ~>~;
SELECT a FROM pairs ORDER BY b USING +;
SELECT a FROM pairs ORDER BY a::numeric USING !!!;
WITH RECURSIVE t AS (INSERT INTO pairs SELECT * FROM t) SELECT 1;
WITH RECURSIVE pairs AS (INSERT INTO pairs VALUES (9, 9, 9) RETURNING a) SELECT * FROM pairs;
SELECT * FROM pairs ORDER BY a;
CREATE TEMP TABLE shadow (x text);
INSERT INTO pg_temp.shadow VALUES ('temp');
SELECT * FROM pg_temp.shadow;
SELECT * FROM pg_temp.nosuch;
