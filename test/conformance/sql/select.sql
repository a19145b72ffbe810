-- plain queries, and psql's own syntax
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(8,2));
COPY t FROM stdin;
1	10	one	1.50
2	20	two	\N
3	\N	three	3.25
4	20	fo;ur	-4
\.
SELECT * FROM t ORDER BY id;
SELECT id, b FROM t WHERE a = 20 ORDER BY b DESC;
SELECT a, count(*) FROM t GROUP BY a ORDER BY a NULLS FIRST;
SELECT id AS x, a + 1 AS "y z" FROM t ORDER BY x LIMIT 2 OFFSET 1;
SELECT DISTINCT a FROM t;
SELECT * FROM t WHERE b LIKE '%;%';
SELECT t.* FROM t WHERE NOT (a IS NULL) AND c IS NOT NULL ORDER BY c;
\set low 2
\set word 'tw' 'o'
SELECT * FROM t WHERE id >= :low AND b = :'word';
SELECT :low::text AS ":low";
SELECT id AS found, b AS "named" FROM t WHERE id = 3 \gset my_
SELECT :my_found + 1, :'my_named';
SELECT format('SELECT %s AS generated', id) FROM t ORDER BY id \gexec
SELECT 1 \; SELECT 2, 'b' \; SELECT 3;
SELECT $$a;b$$ || $q$ 'c' $q$, E'it\'s; fine', 'a''b;' /* a ; in /* nested */ comment */;
\d t
\pset null '(null)'
COPY (SELECT id, b FROM t ORDER BY id) TO stdout;
COPY t (id, b) TO STDOUT WITH (FORMAT csv, HEADER);
\if true
SELECT 'shown';
\else
SELECT 'hidden' FROM nowhere;
\endif
SELECT now() IS NOT NULL, random() < 1;
SELECT now(), pg_backend_pid();
SELECT 't'::regclass::oid;
SELECT nope FROM t;
SELECT * FROM nowhere;
SELECT 1 +;
SELECT 1/0;
EXPLAIN SELECT * FROM t;
BEGIN;
INSERT INTO t VALUES (1, 1, 'duplicate', 1);
SELECT 1;
ROLLBACK;
\c -
SELECT count(*) FROM t;
SELECT (SELECT 1
UNION SELECT 2);
SELECT 'no semicolon at the end'
