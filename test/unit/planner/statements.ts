/** Statements that are bound here and described by PostgreSQL 15: result types, parameter types, or the error must be the same (postgres-answers.json). */

/** The tables of sample-catalog.ts for PostgreSQL. */
export const schema = `
CREATE TABLE a (id int4 PRIMARY KEY, x int4, y text, z numeric, d date, b bool, f float8, l int8);
CREATE TABLE b (id int4 PRIMARY KEY, a_id int4, name varchar, ts timestamptz, j jsonb, arr int4[], v int4 NOT NULL);
CREATE TABLE nokey (p int4, q text);
CREATE TABLE item (id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(5) NOT NULL UNIQUE, price numeric(10,2) DEFAULT 0 CHECK (price >= 0), made timestamptz DEFAULT now(), doubled numeric GENERATED ALWAYS AS (price * 2) STORED);
CREATE VIEW va AS SELECT a.id, a.x AS xx FROM a WHERE a.b;
`;

/** Expressions, each selected FROM a CROSS JOIN b (columns of both; id is ambiguous). */
export const expressions: readonly string[] = `
1
2147483647
2147483648
9223372036854775808
1.5
1e10
'abc'
NULL
true
B'101'
X'1F'
1 + 1
1 + 1.5
x + l
x * z
x / f
f / z
z % x
l % 2
-x
- 1.5
+ 'a'
x + '1'
x + 'a'
'1' + '2'
'a' || 'b'
y || 1
1 || y
y || NULL
x || x
x + y
y + 1
x = '1'
y = 1
x = l
z = f
d = '2020-01-01'
d = 'bad date'
d + 1
d - d
d - 1
d + interval '1 day'
ts - ts
ts + interval '1 hour'
ts - '1 hour'
d > ts
now() - d
current_date
current_timestamp
current_timestamp(2)
localtimestamp
localtime(0)
current_time
current_user
session_user
user
current_catalog
current_schema
x::text
x::varchar(3)
'abc'::varchar(2)
'abc'::char(2)
'abc'::char
y::int
b::int
x::bool
b::bool
x::date
d::int
y::date
z::numeric(5,2)
1.234::numeric(5,2)
1.234::numeric(5)
'1 day'::interval day
'12:00'::time(3)
now()::timestamp(0)
'{1,2}'::int[]
'{1,2}'::int4[]
'{a}'::text[]
arr::text
arr::text[]
arr::bigint[]
arr[1]
arr[1:2]
arr[1][2]
x[1]
ARRAY[1,2]
ARRAY[1,2.5]
ARRAY[1,'2']
ARRAY['a','b']
ARRAY[x, l, z]
ARRAY[1,'a']
ARRAY[[1,2],[3,4]]
ARRAY[arr, arr]
ARRAY[]
ARRAY[]::int[]
ARRAY[NULL]
array[1,true]
arr || 1
1 || arr
arr || arr
arr || '{1}'
arr || 'a'
arr || NULL
arr = '{1}'
arr @> ARRAY[1]
arr && '{1,2}'
x = ANY(arr)
x = ANY('{1,2}')
x = ANY('{a}')
y = ANY(arr)
x = ANY(1)
x <> ALL(ARRAY[1,2])
x IN (1,2,3)
x IN (1,'2')
x IN (1,'a')
x IN (1, 2.5)
x NOT IN (1, l)
y IN ('a','b')
y IN ('a', 1)
x IN (1)
x IN (l, 2, 3)
(x, y) IN ((1,'a'),(2,'b'))
(x, y) = (1, 'a')
(x, y) = (1, 'a', 2)
(x, y) < (l, y)
ROW(1,2)
ROW(x, 'a')
ROW(1,2) = ROW(1,'2')
ROW(1,2) IS NULL
x BETWEEN 1 AND 2
x BETWEEN '1' AND '2'
x NOT BETWEEN SYMMETRIC 3 AND l
y BETWEEN 1 AND 2
y LIKE 'a%'
x LIKE 'a%'
y NOT LIKE 'a%' ESCAPE '!'
y ILIKE 'A%'
y SIMILAR TO 'a|b'
name LIKE 'x'
y ~ 'a'
y ~* 'a'
y !~ 'a'
x IS NULL
x IS NOT NULL
b IS TRUE
x IS TRUE
b IS NOT UNKNOWN
x IS DISTINCT FROM 1
x IS NOT DISTINCT FROM NULL
x IS DISTINCT FROM 'a'
NOT b
NOT x
b AND x
b OR true
CASE WHEN b THEN 1 ELSE 2 END
CASE WHEN b THEN 1 ELSE 2.5 END
CASE WHEN b THEN 1 ELSE 'a' END
CASE WHEN b THEN 'a' END
CASE WHEN b THEN x WHEN NOT b THEN l END
CASE x WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END
CASE x WHEN 'a' THEN 1 END
CASE WHEN x THEN 1 END
CASE WHEN b THEN y ELSE d END
coalesce(x, l)
coalesce(x, 'a')
coalesce(NULL, NULL)
coalesce(y, 'a')
coalesce(x, y)
nullif(x, 1)
nullif(1, 2.5)
nullif('a', 'b')
greatest(1, 2.5, x)
least(d, ts)
greatest('a', 'b')
greatest(x, y)
abs(x)
abs(-1.5)
abs('1')
abs(y)
round(z)
round(f)
round(z, 2)
round(f, 2)
round(1.5)
ceil(x)
floor(x)
sqrt(x)
sqrt(z)
power(2, 3)
power(x, z)
power(2.0, 3)
mod(x, l)
exp(1)
ln(2)
log(10)
length(y)
length('a')
length(x)
lower(y)
lower('A')
lower(x)
upper(name)
substr(y, 1, 2)
substring(y, 1)
substring(y from 1 for 2)
substring(y from 'a')
position('a' in y)
trim(y)
trim(both 'a' from y)
ltrim(y, 'a')
overlay(y placing 'b' from 1)
extract(year from ts)
extract(year from d)
extract('year' from interval '1 year')
extract(epoch from x)
date_part('year', ts)
date_trunc('day', ts)
date_trunc('day', d)
age(ts)
age(ts, ts)
to_char(ts, 'YYYY')
to_char(x, '999')
to_char(z, '999')
to_date('2020', 'YYYY')
to_timestamp(1)
to_timestamp('2020', 'YYYY')
make_date(1,2,3)
make_interval(days => 1)
make_interval(1, days => 2)
make_interval(bad => 1)
concat('a', 1, true)
concat_ws(',', 'a', x)
concat(x)
format('%s', x)
format('%s %s', VARIADIC ARRAY['a','b'])
concat(VARIADIC arr)
string_to_array('a,b', ',')
array_to_string(arr, ',')
array_length(arr, 1)
array_length(x, 1)
array_append(arr, 1)
array_append(arr, 1.5)
array_append(NULL, 1)
array_cat(arr, '{1}')
array_position(arr, 1)
array_remove(arr, 1)
array_to_json(arr)
cardinality(arr)
unnest(arr)
unnest(NULL)
unnest('{1}')
generate_series(1, 3)
generate_series(1, 3.5)
generate_series(1, l)
generate_series('2020-01-01'::date, '2020-02-01', '1 day')
generate_series(ts, ts, '1 day')
generate_series('a', 'b')
regexp_matches(y, 'a')
regexp_split_to_table(y, 'a')
j -> 'a'
j ->> 'a'
j -> 0
j #> '{a,b}'
j @> '{"a":1}'
j ? 'a'
j || '{}'
j - 'a'
j - 1
j['a']
j['a']['b']
jsonb_build_object('a', 1)
json_build_object('a', x)
to_jsonb(x)
to_json(y)
to_json('a')
jsonb_array_elements(j)
jsonb_array_length(j)
jsonb_set(j, '{a}', '1')
jsonb_set(j, '{a}', '1', true)
jsonb_typeof(j)
row_to_json(a)
row_to_json(row(1,2))
jsonb_object_keys(j)
md5(y)
md5('a')
random()
pi()
version()
pg_typeof(x)
pg_typeof('a')
pg_typeof(1.5)
current_schemas(true)
current_setting('x')
current_setting('x', true)
quote_ident('a')
quote_literal(x)
repeat('a', 3)
replace('a','b','c')
split_part('a','b',1)
translate('a','b','c')
left('a', 1)
lpad('a', 1)
initcap('a')
ascii('a')
chr(65)
strpos('a','b')
starts_with('a','b')
reverse('a')
encode('a','hex')
decode('a','hex')
sha256('a')
get_bit('a', 1)
bit_length('a')
octet_length(y)
char_length(name)
date '2020-01-01'
timestamp '2020-01-01 00:00'
interval '1 day'
interval '1' day
time '12:00'
timestamptz '2020-01-01'
int '1'
int 'a'
bool 'maybe'
numeric '1.5'
json '{}'
json '{'
uuid 'a'
date '2020-13-01'
int4 '99999999999'
int2 '40000'
40000::int2
ts AT TIME ZONE 'UTC'
d AT TIME ZONE 'UTC'
ts::timestamp AT TIME ZONE 'UTC'
nosuch(1)
nosuch()
x.y
nosuchcol
a.nosuch
nosuchtable.x
a.idd
id
a.id
a.*
a
b.name
public.a.x
other.a.x
x @@ y
x <=> y
@ x
|/ 4
x ! 
x & 3
x | l
x # 1
x << 2
~ x
true < false
'a' < 'b'
'a' = 'b'
NULL = NULL
NULL + 1
NULL || 'a'
count(*)
count(x)
count(DISTINCT x)
count()
sum(x)
sum(l)
sum(z)
sum(f)
sum(y)
sum(*)
avg(x)
avg(f)
avg(z)
min(y)
min(d)
min(b)
max('a')
max(arr)
bool_and(b)
every(b)
string_agg(y, ',')
string_agg(x, ',')
string_agg(y, ',' ORDER BY y)
string_agg(DISTINCT y, ',' ORDER BY x)
array_agg(x)
array_agg(arr)
array_agg(y ORDER BY x)
json_agg(x)
json_agg(a)
jsonb_agg(x)
json_object_agg(y, x)
jsonb_object_agg(y, x)
stddev(x)
stddev(f)
variance(x)
var_pop(f)
corr(f, f)
corr(x, l)
percentile_cont(0.5) WITHIN GROUP (ORDER BY x)
percentile_cont(0.5) WITHIN GROUP (ORDER BY z)
percentile_cont(ARRAY[0.5]) WITHIN GROUP (ORDER BY f)
percentile_disc(0.5) WITHIN GROUP (ORDER BY x)
percentile_disc(0.5) WITHIN GROUP (ORDER BY y)
percentile_cont(0.5)
mode() WITHIN GROUP (ORDER BY y)
rank(1) WITHIN GROUP (ORDER BY x)
rank(1, 2) WITHIN GROUP (ORDER BY x)
count(*) FILTER (WHERE b)
count(*) FILTER (WHERE x)
sum(sum(x))
sum(x) + x
sum(x) + 1
abs(x) FILTER (WHERE b)
abs(DISTINCT x)
abs(*)
abs(x ORDER BY x)
abs(x) OVER ()
row_number() OVER ()
row_number()
rank() OVER (ORDER BY x)
rank() OVER (PARTITION BY y ORDER BY x)
sum(x) OVER ()
sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)
sum(x) OVER (ORDER BY d RANGE BETWEEN '1 day' PRECEDING AND CURRENT ROW)
sum(x) OVER (ORDER BY y RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)
sum(x) OVER (RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)
sum(x) OVER (GROUPS 1 PRECEDING)
sum(x) OVER (ROWS x PRECEDING)
sum(x) OVER (ROWS 'a' PRECEDING)
sum(x) OVER w
sum(DISTINCT x) OVER ()
lag(x) OVER (ORDER BY x)
lag(x, 1, 0) OVER (ORDER BY x)
lag(x, 1, 0.5) OVER (ORDER BY x)
lag(y, 1, 'a') OVER (ORDER BY x)
lead(x, 2) OVER ()
first_value(y) OVER ()
nth_value(y, 2) OVER ()
ntile(4) OVER ()
cume_dist() OVER ()
percent_rank() OVER (ORDER BY x)
sum(rank() OVER ()) OVER ()
sum(row_number() OVER ())
row_number() FILTER (WHERE b) OVER ()
(SELECT 1)
(SELECT 1, 2)
(SELECT 'a')
(SELECT x)
(SELECT sum(x))
(SELECT sum(a.x) FROM nokey)
(SELECT sum(p) FROM nokey)
(SELECT p + x FROM nokey)
EXISTS (SELECT 1)
EXISTS (SELECT * FROM nokey WHERE p = x)
x IN (SELECT p FROM nokey)
x IN (SELECT q FROM nokey)
x IN (SELECT p, q FROM nokey)
(x, y) IN (SELECT p, q FROM nokey)
x = ANY (SELECT p FROM nokey)
x > ALL (SELECT l FROM nokey)
x NOT IN (SELECT 1.5)
y IN (SELECT 'a')
ARRAY(SELECT p FROM nokey)
ARRAY(SELECT 'a')
(x, y) = (SELECT p, q FROM nokey)
(a).x
(a).nosuch
(x).foo
(ROW(1,2)).f1
x COLLATE "C"
y COLLATE "C"
y COLLATE "nosuch"
'a' COLLATE "C"
$1
$1 + 1
x + $1
$1 || 'a'
$1 = x
$1::date
y LIKE $1
x IN ($1, $2)
coalesce($1, 1)
$1 = $2
lower($1)
abs($1)
$1 IS NULL
d + $1
ts - $1
x = ANY($1)
CASE WHEN $1 THEN 1 END
interval '1 day' * $1
concat($1)
'pg_class'::regclass
'a'::regclass
'nosuch'::regclass
'int4'::regtype
'integer'::regtype
'nosuch'::regtype
'a'::regclass::oid
nextval('item_id_seq')
nextval('item_id_seq'::regclass)
nextval('nosuch')
currval('item_id_seq')
x::nosuch
x::public.nosuch
x::int4(3)
CAST(x AS text)
CAST('a' AS int)
text(x)
int4('1')
int4(z)
varchar(y)
date('2020-01-01')
date(ts)
float8(x)
timestamp(ts)
name(y)
a.tableoid
a.xmin IS NULL
OVERLAPS
(d, d) OVERLAPS (d, d)
(ts, interval '1 day') OVERLAPS (ts, ts)
GROUPING(x)
to_tsvector('a')
inet '1.2.3.4'
'[1,2)'::int4range
int4range(1,2)
lower(int4range(1,2))
x <@ int4range(1,2)
'a'::"char"
'a'::name
name || 'a'
'1'::oid
1::oid
x::oid
x::regclass
1::regclass
pg_get_expr('a', 1)
has_table_privilege('a', 'select')
pg_table_is_visible(1)
format_type(23, NULL)
obj_description(1)
obj_description(1, 'pg_class')
pg_relation_size('a')
txid_current()
pg_backend_pid()
generate_subscripts(arr, 1)
width_bucket(1.0, 0, 10, 5)
width_bucket(x, arr)
trunc(z)
trunc(f)
trunc(1.5, 1)
div(7, 2)
div(x, 2)
gcd(x, 2)
factorial(5)
sign(-1)
sign(x)
degrees(1)
cbrt(x)
isfinite(d)
isfinite('infinity')
justify_days('30 days')
clock_timestamp()
timeofday()
date_bin('1 day', ts, ts)
make_timestamp(2020,1,1,0,0,0)
num_nulls(1, NULL)
num_nonnulls(x, y)
bool(x)
bool('t')
int8(x)
numeric(x)
`
  .trim()
  .split('\n');

/** Whole statements. */
export const statements: readonly string[] = [
  'SELECT * FROM a',
  'SELECT a.* FROM a',
  'SELECT b.*, x FROM a, b',
  'SELECT * FROM nosuch',
  'SELECT * FROM public.a',
  'SELECT * FROM other.a',
  'SELECT * FROM a AS t(i, j)',
  'SELECT t.i, j, d FROM a AS t(i, j)',
  'SELECT * FROM a AS t(a1,a2,a3,a4,a5,a6,a7,a8,a9)',
  'SELECT a.x FROM a AS t',
  'SELECT * FROM a, a',
  'SELECT * FROM a, b AS a',
  'SELECT * FROM a JOIN b ON a.id = b.a_id',
  'SELECT * FROM a JOIN b USING (id)',
  'SELECT id FROM a JOIN b USING (id)',
  'SELECT id FROM a FULL JOIN b USING (id)',
  'SELECT * FROM a NATURAL JOIN b',
  'SELECT * FROM a NATURAL LEFT JOIN nokey',
  'SELECT * FROM a JOIN b USING (nosuch)',
  'SELECT * FROM a JOIN b USING (x)',
  'SELECT * FROM a JOIN b ON a.id',
  'SELECT * FROM a JOIN b ON c.id = 1',
  'SELECT * FROM a JOIN b ON count(*) > 1',
  'SELECT * FROM (a JOIN b ON true) AS j',
  'SELECT a.x FROM (a JOIN b ON true) AS j',
  'SELECT j.x FROM (a JOIN b USING (id)) AS j',
  'SELECT t.id FROM a JOIN b USING (id) AS t',
  'SELECT * FROM a, LATERAL (SELECT a.x + 1 AS x1) s',
  'SELECT * FROM a, (SELECT a.x + 1 AS x1) s',
  'SELECT * FROM a, generate_series(1, a.x) g',
  'SELECT * FROM a LEFT JOIN LATERAL (SELECT * FROM b WHERE b.a_id = a.id) s ON true',
  'SELECT * FROM a RIGHT JOIN LATERAL (SELECT a.x) s ON true',
  'SELECT * FROM generate_series(1,3)',
  'SELECT * FROM generate_series(1,3) AS g',
  'SELECT g FROM generate_series(1,3) AS g',
  'SELECT g.g FROM generate_series(1,3) AS g',
  'SELECT * FROM generate_series(1,3) WITH ORDINALITY',
  'SELECT * FROM generate_series(1,3) WITH ORDINALITY AS t(a, b)',
  "SELECT * FROM unnest(ARRAY[1,2], ARRAY['a'])",
  'SELECT * FROM ROWS FROM (generate_series(1,3), generate_series(1,4)) AS t(a,b)',
  "SELECT * FROM json_each('{}')",
  "SELECT * FROM jsonb_each_text('{}') AS t(k, v)",
  "SELECT * FROM json_to_record('{}') AS t(a int, b text)",
  "SELECT * FROM jsonb_to_recordset('[]') AS t(a int, b text, c jsonb)",
  "SELECT * FROM json_to_record('{}')",
  'SELECT * FROM now()',
  'SELECT * FROM abs(-1) AS t',
  'SELECT * FROM current_date',
  'SELECT * FROM count(*)',
  'SELECT * FROM nosuch(1)',
  "SELECT * FROM json_array_elements('[]')",
  "SELECT value FROM json_array_elements_text('[]')",
  "SELECT * FROM regexp_matches('a', 'b') AS m",
  'SELECT * FROM va',
  'SELECT xx FROM va WHERE id = $1',
  'SELECT * FROM va AS v(p, q)',
  'SELECT x FROM va',
  'SELECT DISTINCT x, y FROM a',
  'SELECT DISTINCT x FROM a ORDER BY y',
  'SELECT DISTINCT x FROM a ORDER BY x',
  'SELECT DISTINCT j FROM b',
  'SELECT DISTINCT j::json FROM b',
  'SELECT DISTINCT ON (x) x, y FROM a ORDER BY x, y',
  'SELECT DISTINCT ON (x) y FROM a ORDER BY x DESC',
  'SELECT DISTINCT ON (x) y FROM a ORDER BY y',
  'SELECT DISTINCT ON (x, y) y FROM a ORDER BY y, x',
  'SELECT DISTINCT ON (1) y FROM a',
  'SELECT DISTINCT ON (3) y FROM a',
  'SELECT x FROM a ORDER BY 1',
  'SELECT x FROM a ORDER BY 2',
  'SELECT x AS y, y AS x FROM a ORDER BY x',
  'SELECT x AS y, y FROM a ORDER BY y',
  "SELECT x FROM a ORDER BY 'a'",
  'SELECT x FROM a ORDER BY NULL',
  'SELECT x FROM a ORDER BY nosuch',
  'SELECT x FROM a ORDER BY x + 1, y DESC NULLS LAST',
  'SELECT x FROM a ORDER BY x USING >',
  'SELECT x FROM a ORDER BY x USING =',
  "SELECT '{}'::json ORDER BY 1",
  'SELECT x + 1 AS s FROM a ORDER BY s + 1',
  'SELECT x FROM a LIMIT 1 OFFSET 2',
  'SELECT x FROM a LIMIT $1 OFFSET $2',
  "SELECT x FROM a LIMIT '1'",
  "SELECT x FROM a LIMIT 'a'",
  'SELECT x FROM a LIMIT x',
  'SELECT x FROM a LIMIT 1.5',
  'SELECT x FROM a LIMIT count(*)',
  'SELECT x FROM a LIMIT true',
  'SELECT x FROM a LIMIT NULL',
  'SELECT x FROM a ORDER BY x FETCH FIRST 3 ROWS WITH TIES',
  'SELECT x FROM a WHERE x',
  "SELECT x FROM a WHERE 't'",
  'SELECT x FROM a WHERE count(*) > 1',
  'SELECT x FROM a WHERE row_number() OVER () = 1',
  'SELECT x FROM a WHERE generate_series(1,2) = 1',
  'SELECT x FROM a WHERE b AND nosuch',
  'SELECT x FROM a GROUP BY x',
  'SELECT y FROM a GROUP BY x',
  'SELECT a.y FROM a GROUP BY a.x',
  'SELECT y, count(*) FROM a GROUP BY 1',
  'SELECT y, count(*) FROM a GROUP BY 2',
  'SELECT y, count(*) FROM a GROUP BY 3',
  'SELECT x + 1 AS s, count(*) FROM a GROUP BY s',
  'SELECT x + 1, count(*) FROM a GROUP BY x + 1',
  'SELECT x + 2, count(*) FROM a GROUP BY x + 1',
  'SELECT (x + 1) * 2, count(*) FROM a GROUP BY x + 1',
  'SELECT y FROM a GROUP BY id',
  'SELECT a.y, b.name FROM a JOIN b ON a.id = b.a_id GROUP BY a.id',
  'SELECT a.y, b.name FROM a JOIN b ON a.id = b.a_id GROUP BY a.id, b.id',
  'SELECT q FROM nokey GROUP BY p',
  'SELECT * FROM a GROUP BY id',
  'SELECT * FROM a GROUP BY x',
  'SELECT count(*) FROM a GROUP BY count(*)',
  'SELECT row_number() OVER () FROM a GROUP BY 1',
  "SELECT x FROM a GROUP BY 'a'",
  'SELECT x FROM a GROUP BY ()',
  'SELECT count(*) FROM a HAVING count(*) > 1',
  'SELECT x FROM a HAVING count(*) > 1',
  'SELECT 1 FROM a HAVING true',
  'SELECT 1 FROM a HAVING x > 1',
  'SELECT count(*) FROM a HAVING 1',
  'SELECT x FROM a GROUP BY x HAVING y = 1',
  "SELECT x FROM a GROUP BY x HAVING sum(l) > 'a'",
  'SELECT x, (SELECT y) FROM a GROUP BY x',
  'SELECT x, (SELECT count(*) FROM b WHERE b.a_id = a.x) FROM a GROUP BY x',
  'SELECT x, (SELECT count(*) FROM b WHERE b.a_id = a.id) FROM a GROUP BY x',
  'SELECT x FROM a GROUP BY x ORDER BY y',
  'SELECT x FROM a GROUP BY x ORDER BY count(*)',
  'SELECT x, y, count(*) FROM a GROUP BY ROLLUP (x, y)',
  'SELECT x, y, grouping(x, y) FROM a GROUP BY CUBE (x, y)',
  'SELECT x, y, grouping(z) FROM a GROUP BY CUBE (x, y)',
  'SELECT x, y FROM a GROUP BY GROUPING SETS ((x), (y), ())',
  'SELECT x, z FROM a GROUP BY GROUPING SETS ((x), (y), ())',
  'SELECT y FROM a GROUP BY GROUPING SETS ((id), (id, x))',
  'SELECT y FROM a GROUP BY GROUPING SETS ((id), (x))',
  'SELECT sum(x) OVER (PARTITION BY y) FROM a GROUP BY x, y',
  'SELECT sum(z) OVER (PARTITION BY y) FROM a GROUP BY x, y',
  'SELECT sum(sum(z)) OVER (ORDER BY x) FROM a GROUP BY x',
  'SELECT sum(x) OVER w FROM a WINDOW w AS (ORDER BY y)',
  'SELECT sum(x) OVER (w PARTITION BY y) FROM a WINDOW w AS (ORDER BY y)',
  'SELECT sum(x) OVER (w ORDER BY y) FROM a WINDOW w AS (PARTITION BY y)',
  'SELECT sum(x) OVER (w ORDER BY y) FROM a WINDOW w AS (ORDER BY y)',
  'SELECT sum(x) OVER (w) FROM a WINDOW w AS (ROWS UNBOUNDED PRECEDING)',
  'SELECT 1 FROM a WINDOW w AS (ORDER BY x), w AS (ORDER BY y)',
  'SELECT 1 FROM a WINDOW w AS (ORDER BY nosuch)',
  'SELECT rank() OVER (ORDER BY rank() OVER ()) FROM a',
  'SELECT 1 UNION SELECT 2',
  "SELECT 1 UNION SELECT '2'",
  "SELECT 1 UNION SELECT 'a'",
  "SELECT '1' UNION SELECT 'a'",
  'SELECT 1 UNION ALL SELECT 2.5',
  'SELECT x FROM a UNION SELECT y FROM a',
  'SELECT x FROM a UNION SELECT x, y FROM a',
  'SELECT x AS r FROM a INTERSECT SELECT l FROM a ORDER BY r',
  'SELECT x AS r FROM a EXCEPT SELECT l FROM a ORDER BY r + 1',
  'SELECT x FROM a UNION SELECT l FROM a ORDER BY nosuch',
  'SELECT x FROM a UNION SELECT l FROM a ORDER BY 1 LIMIT 3',
  'SELECT NULL UNION SELECT NULL UNION SELECT 1',
  'SELECT NULL UNION SELECT 1 UNION SELECT NULL',
  '(SELECT x FROM a ORDER BY x LIMIT 1) UNION ALL (SELECT l FROM a)',
  'SELECT 1 UNION SELECT 2 EXCEPT SELECT 3.5',
  "SELECT '{}'::json UNION SELECT '{}'::json",
  "SELECT '{}'::json UNION ALL SELECT '{}'::json",
  'SELECT $1 UNION SELECT 1',
  'SELECT name FROM b UNION SELECT y FROM a',
  'SELECT code FROM item UNION ALL SELECT code FROM item',
  "VALUES (1, 'a'), (2, 'b')",
  'VALUES (1), (2.5)',
  "VALUES (1), ('a')",
  'VALUES (1, 2), (3)',
  'VALUES (1) ORDER BY 1',
  'VALUES (1), (2) ORDER BY column1 DESC LIMIT 1',
  "SELECT * FROM (VALUES (1, 'a')) AS t(i, s)",
  'SELECT column1 FROM (VALUES (1)) AS t',
  'WITH t AS (SELECT x FROM a) SELECT * FROM t',
  'WITH t(c) AS (SELECT x FROM a) SELECT c FROM t',
  'WITH t(c, d) AS (SELECT x FROM a) SELECT c FROM t',
  "WITH t AS (SELECT 'a' AS s) SELECT s FROM t",
  'WITH t AS (SELECT 1), t AS (SELECT 2) SELECT * FROM t',
  'WITH t AS (SELECT 1 AS i), u AS (SELECT i + 1 AS j FROM t) SELECT * FROM u, t',
  'WITH t AS MATERIALIZED (SELECT 1) SELECT * FROM t',
  'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT * FROM t',
  'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1.5 FROM t WHERE n < 10) SELECT * FROM t',
  "WITH RECURSIVE t AS (SELECT 1 AS n, 'a' AS s UNION SELECT n + 1, s || 'b' FROM t) SELECT * FROM t",
  'WITH RECURSIVE t(n) AS (SELECT n FROM t UNION ALL SELECT 1) SELECT * FROM t',
  'WITH RECURSIVE t(n) AS (SELECT n FROM t) SELECT * FROM t',
  'WITH RECURSIVE t(n) AS (SELECT 1) SELECT * FROM t',
  'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT a.n FROM t a, t b) SELECT * FROM t',
  'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT 2) SELECT * FROM t',
  'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t ORDER BY 1) SELECT * FROM t',
  'WITH t AS (SELECT * FROM t) SELECT * FROM t',
  'SELECT * FROM a WHERE id IN (WITH w AS (SELECT 1 AS i) SELECT i FROM w)',
  'SELECT x FROM a FOR UPDATE',
  'SELECT x FROM a FOR UPDATE OF a NOWAIT',
  'SELECT x FROM a FOR UPDATE OF b',
  'SELECT count(*) FROM a FOR UPDATE',
  'SELECT x FROM a GROUP BY x FOR SHARE',
  'SELECT DISTINCT x FROM a FOR UPDATE',
  'SELECT 1 UNION SELECT 2 FOR UPDATE',
  'SELECT x, generate_series(1, x) FROM a ORDER BY 2',
  'SELECT generate_series(1, generate_series(1, 3))',
  'SELECT CASE WHEN true THEN generate_series(1,2) END',
  'SELECT coalesce(generate_series(1,2), 1)',
  'SELECT sum(generate_series(1,2))',
  "SELECT (json_each('{}')).*",
  "SELECT (json_each('{}')).key",
  'SELECT *',
  'SELECT * WHERE true',
  'SELECT FROM a',
  'SELECT a FROM a',
  'SELECT a.* FROM b',
  'SELECT count(a.*) FROM a',
  'SELECT count(a) FROM a',
  'SELECT a IS NULL FROM a',
  'SELECT a = a FROM a',
  'SELECT t.x FROM (SELECT x FROM a) t',
  'SELECT t.y FROM (SELECT x FROM a) t',
  'SELECT x FROM (SELECT x, x FROM a) t',
  "SELECT sub.s FROM (SELECT 'a' AS s) sub WHERE s = 1",
  'SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id AND b.nosuch)',
  'SELECT (SELECT a.x FROM b LIMIT 1) FROM a',
  'SELECT (SELECT b.x FROM b LIMIT 1) FROM a',
  'SELECT (SELECT x FROM b LIMIT 1) FROM a',
  'SELECT (SELECT max(a.x) FROM b) FROM a',
  'SELECT (SELECT max(a.x) FROM b), y FROM a',
  'SELECT * FROM a WHERE (SELECT max(a.x) FROM b) > 1',
  'SELECT * FROM a, LATERAL (SELECT max(a.x)) s',
  'SELECT upper(lower(y)), x::text, x::int8 AS big, (x), y COLLATE "C", arr[1] FROM a, b',
  "SELECT CASE WHEN b THEN x END, CASE WHEN b THEN 1 ELSE x END, (SELECT x), (SELECT x AS q), EXISTS (SELECT 1), ARRAY(SELECT 1), array[1], row(1), nullif(1,2), true, interval '1 day', date '2020-01-01', 1::int FROM a",
  "SELECT current_date, current_user, user, now(), extract(year from now()), trim(' a'), substring('abc', 1), position('a' in 'b'), ts at time zone 'UTC', x is null, -x, x between 1 and 2, greatest(1,2), grouping(x) FROM a, b GROUP BY x, ts",
  // INSERT
  'INSERT INTO a VALUES (1)',
  "INSERT INTO a VALUES (1, 2, 'c', 1.5, '2020-01-01', true, 1.5, 3)",
  'INSERT INTO a VALUES (1, 2, 3, 4, 5)',
  'INSERT INTO a VALUES (1,2,3,4,null,6,7,8,9)',
  'INSERT INTO a (id, x) VALUES (1)',
  'INSERT INTO a (id) VALUES (1, 2)',
  'INSERT INTO a (id, nosuch) VALUES (1, 2)',
  'INSERT INTO a (id, id) VALUES (1, 2)',
  "INSERT INTO a (id, x) VALUES (1, 'a')",
  "INSERT INTO a (id, x) VALUES (1, 'a'::text)",
  'INSERT INTO a (id, x) VALUES (1, 2.7)',
  'INSERT INTO a (id, y) VALUES (1, 2)',
  'INSERT INTO a (id, b) VALUES (1, 2)',
  'INSERT INTO a (id, d) VALUES (1, now())',
  'INSERT INTO a (id, x) VALUES ($1, $2)',
  'INSERT INTO a (id, x) VALUES ($1, $2), ($3, $4) RETURNING id, x + 1',
  'INSERT INTO a (id, x) SELECT $1, $2',
  "INSERT INTO a (id, x, y) SELECT 1, '2', 'x'",
  'INSERT INTO a (id, x) SELECT 1, y FROM a',
  'INSERT INTO a SELECT * FROM a',
  'INSERT INTO a SELECT * FROM b',
  'INSERT INTO a (id, x) SELECT 1',
  'INSERT INTO a (id) SELECT 1, 2',
  'INSERT INTO a DEFAULT VALUES',
  'INSERT INTO a (id, x) VALUES (1, DEFAULT)',
  'INSERT INTO nosuch VALUES (1)',
  'INSERT INTO a VALUES (nosuch)',
  'INSERT INTO a VALUES (count(*))',
  'INSERT INTO a (id) VALUES (generate_series(1, 3))',
  'INSERT INTO a AS t (id) VALUES (1) RETURNING t.id, t.*',
  'INSERT INTO a AS t (id) VALUES (1) RETURNING a.id',
  'INSERT INTO a (id) VALUES (1) RETURNING *',
  'INSERT INTO a (id) VALUES (1) RETURNING nosuch',
  'INSERT INTO a (id) VALUES (1) RETURNING count(*)',
  'INSERT INTO a (id) VALUES (1) ON CONFLICT DO NOTHING',
  'INSERT INTO a (id) VALUES (1) ON CONFLICT (id) DO NOTHING',
  'INSERT INTO a (id) VALUES (1) ON CONFLICT (nosuch) DO NOTHING',
  'INSERT INTO a (id, x) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET x = excluded.x',
  'INSERT INTO a (id, x) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET x = x + 1',
  'INSERT INTO a (id, x) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET x = a.x + excluded.x WHERE a.x > 1 RETURNING x',
  'INSERT INTO a (id, x) VALUES (1, 2) ON CONFLICT DO UPDATE SET x = 1',
  'INSERT INTO a (id, x) VALUES (1, 2) ON CONFLICT ON CONSTRAINT a_pkey DO NOTHING',
  'INSERT INTO a (id, x) VALUES (1, 2) ON CONFLICT ON CONSTRAINT nosuch DO NOTHING',
  "INSERT INTO item (code) VALUES ('a') RETURNING id, doubled",
  'INSERT INTO item (code, price) VALUES ($1, $2) RETURNING *',
  'WITH t AS (SELECT 1 AS i) INSERT INTO a (id) SELECT i FROM t',
  'INSERT INTO va (id, xx) VALUES (1, 2)',
  // UPDATE
  'UPDATE a SET x = 1',
  'UPDATE a SET x = x + 1, y = $1 WHERE id = $2',
  'UPDATE a SET nosuch = 1',
  'UPDATE a SET x = nosuch',
  "UPDATE a SET x = 'a'",
  'UPDATE a SET x = y',
  'UPDATE a SET x = 1.5',
  'UPDATE a SET x = 1, x = 2',
  'UPDATE a SET x = DEFAULT',
  "UPDATE a SET (x, y) = (1, 'a')",
  'UPDATE a SET (x, y) = (1, 2, 3)',
  'UPDATE a SET (x, y) = (SELECT p, q FROM nokey)',
  'UPDATE a SET (x, y) = (SELECT p FROM nokey)',
  'UPDATE a SET x = b.v FROM b WHERE b.a_id = a.id RETURNING a.x, b.name',
  'UPDATE a SET x = b.v FROM a WHERE true',
  'UPDATE a AS t SET x = t.x + 1 RETURNING t.*',
  'UPDATE a AS t SET x = a.x + 1',
  'UPDATE a SET a.x = 1',
  'UPDATE a SET x = count(*)',
  'UPDATE a SET x = sum(x) OVER ()',
  'UPDATE a SET x = generate_series(1,2)',
  'UPDATE a SET x = 1 WHERE count(*) > 1',
  'UPDATE a SET x = (SELECT max(v) FROM b WHERE b.a_id = a.id)',
  'UPDATE nosuch SET x = 1',
  'UPDATE va SET xx = 1 WHERE id = 2 RETURNING *',
  // DELETE
  'DELETE FROM a',
  'DELETE FROM a WHERE id = $1 RETURNING *',
  'DELETE FROM a USING b WHERE a.id = b.a_id RETURNING a.id, b.name',
  'DELETE FROM a WHERE nosuch = 1',
  'DELETE FROM a AS t WHERE t.id = 1',
  'DELETE FROM a AS t WHERE a.id = 1',
  'DELETE FROM nosuch',
  'DELETE FROM va WHERE xx = 1',
];
