-- Defaults of enums and of other types, as stored texts show and use them
CREATE TYPE mood AS ENUM ('sad','ok','happy');
CREATE TABLE d1 (p int, mo mood DEFAULT 'ok');
INSERT INTO d1 (p) VALUES (1) RETURNING *;
SELECT * FROM d1 ORDER BY p;
CREATE DOMAIN short AS varchar(3) NOT NULL DEFAULT 'abc';
CREATE TABLE d2 (p int, s short, mo mood DEFAULT 'ok');
INSERT INTO d2 (p) VALUES (1) RETURNING *;
CREATE TABLE d3 (p int, s short, mo mood);
INSERT INTO d3 (p, mo) VALUES (1, 'ok') RETURNING *;
CREATE TABLE d4 (p int, d date DEFAULT '2020-01-01', b bool default true, i interval default '1 day', j jsonb default '{"a":1}', a int[] default '{1}');
INSERT INTO d4 (p) VALUES (1) RETURNING *;
