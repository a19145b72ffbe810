CREATE TABLE x (id int PRIMARY KEY, t text, v varchar(5), c char(5), n name);
INSERT INTO x VALUES (1, 'abc', 'abc', 'abc', 'abc'), (2, '', '', '', ''), (3, 'Ünïcödé ☃', 'Ünï', 'Ü', 'n'), (4, NULL, NULL, NULL, NULL);
INSERT INTO x (id, v) VALUES (5, 'toolong');
INSERT INTO x (id, c) VALUES (5, 'toolong');
INSERT INTO x (id, v, c) VALUES (5, 'abcde   ', 'abcde   ') RETURNING v, c;
SELECT t || v, c || '|', length(t), length(c), octet_length(t), char_length(c), bit_length('abc') FROM x ORDER BY id;
SELECT t = c, v = c, c = 'abc  ', c LIKE 'abc', c::text LIKE 'abc' FROM x WHERE id = 1;
SELECT 'abcdefgh'::varchar(3), 'abc'::char(5) || 'x', 'abcdef'::char, 'a'::"char", 'longer than any name of sixty-three bytes can possibly be, is it not'::name;
SELECT 'a' < 'B', 'a' < 'b', 'Z' < 'a', 'é' > 'z', '10' < '9', 'a ' = 'a';
SELECT t FROM x WHERE t > 'a' ORDER BY t;
SELECT 'foo' || 1, 1 || 'foo', 'a' || NULL, 'a' || ARRAY['b'];
SELECT 1 || 2;
SELECT concat('a', NULL, 1, true, 1.50), concat_ws('-', 'a', NULL, 2), format('%s %I %L %2$s %%', 'a b', 'C d', 'it''s');
SELECT max(t), min(c), count(DISTINCT v) FROM x;
SELECT 'abc' ~ '^a.c$', 'ABC' ~* 'b', 'abc' !~ 'x', 'abc' LIKE 'a%', 'a%c' LIKE 'a\%c', 'abc' ILIKE 'A_C', 'abc' SIMILAR TO '(a|b)%', 'a_c' LIKE 'a$_c' ESCAPE '$';
SELECT 'text' 'continued';
SELECT 'text'
  ' continued', E'\t\x41\u00e9\101', U&'d\0061t\+000061', U&'d!0061' UESCAPE '!';
SELECT 'a'::text COLLATE "C" < 'b', 'x' COLLATE "nope";
