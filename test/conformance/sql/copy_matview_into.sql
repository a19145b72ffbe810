-- copy
create table ct (a int, b text default 'dflt', c numeric(5,2), d bool);
copy ct from stdin;
1	one	1.5	t
2	\N	\N	f
3	tab\there	3.25	true
\.
copy ct (a, b) from stdin with (format csv);
4,"quoted, comma"
5,"multi
line"
6,
7,""
\.
copy ct from stdin with (format csv, header);
a,b,c,d
8,h,1,1
\.
copy ct from stdin with (format csv, header match);
a,b,c,x
9,h,1,1
\.
copy ct (a, c) from stdin delimiter '|' null 'NIL';
10|NIL
11|2.5
\.
copy ct to stdout;
copy ct to stdout with (format csv, header, force_quote *);
copy ct (a, d) to stdout with (format csv, delimiter ';', null 'null');
copy (select a, b from ct where a < 3 order by a) to stdout;
copy (select 1, 'x,y', null, E'a"b') to stdout with csv;
copy (select 1, 'x,y', null, E'a"b') to stdout with csv quote '''' escape '\';
copy (values (1, E'a\\b\tc\nd')) to stdout;
copy (insert into ct (a) values (99) returning a, b) to stdout;
copy (delete from ct where a = 99) to stdout;
copy (delete from ct where a = 99 returning *) to stdout;
copy ct from stdin;
x	y	1	t
\.
copy ct from stdin;
1	y
\.
copy ct from stdin;
1	y	1	t	extra
\.
copy ct from stdin;
1	y	1000000	t
\.
copy ct (a, a) from stdin;
\.
copy ct (nosuch) from stdin;
\.
copy nosuch from stdin;
\.
copy nosuch to stdout;
copy ct from stdin (format nosuch);
copy ct from stdin (delimiter 'ab');
copy ct from stdin (delimiter 'a');
copy ct from stdin (format csv, quote 'xx');
copy ct from stdin (quote 'x');
copy ct from stdin (nosuch);
copy ct from stdin (format csv, format text);
copy ct from stdin (header, header);
copy ct to stdout (force_null (a));
copy ct from stdin (force_quote (a));
copy ct to stdout where a = 1;
copy ct from stdin (encoding 'nosuch');
copy ct from stdin (format binary, delimiter ',');
copy ct from stdin where a > 20;
20	w	1	t
21	w	1	t
\.
copy ct from stdin where nosuch > 20;
\.
copy ct from stdin where a > (select 1);
\.
copy ct from stdin (format csv, force_null (b), force_not_null (c));
30,"",1,t
\.
copy ct from stdin (format csv, null 'x', force_null (b));
31,"x",1,t
\.
copy ct (b) from stdin;
\\x41\x41\101\b\f
\.
select * from ct order by a, b;
create view cvw as select * from ct;
copy cvw to stdout;
copy cvw from stdin;
1	2	3	t
\.
create table cchk (a int check (a > 0), b int not null, g int generated always as (a * 2) stored, i int generated always as identity);
copy cchk (a, b) from stdin;
1	1
\.
copy cchk (a, b) from stdin;
-1	1
\.
copy cchk (a) from stdin;
1
\.
copy cchk (a, b, g) from stdin;
1	1	1
\.
copy cchk (a, b, i) from stdin;
1	1	50
\.
copy cchk to stdout;
copy cchk (a, g) to stdout;
select * from cchk order by 1, 2, 4;
copy (select * from ct) from stdin;
copy (select 1; select 2) to stdout;
copy (select * into x from ct) to stdout;
copy ct to '/nonexistent/file';
copy ct from '/nonexistent/file';
copy ct from program 'echo 1';
copy (with x as (select 1 as a) select * from x union all select 2 order by 1) to stdout;
create temp table ctt (a int, b int);
begin;
copy ctt from stdin freeze;
1	2
\.
commit;
copy ctt from stdin;
3	4
\.
select * from ctt order by 1;
-- matview
create table mvt (id int primary key, type text, amt numeric);
insert into mvt values (1, 'x', 2), (2, 'x', 3), (3, 'y', 5), (4, 'y', 7), (5, 'z', 11);
create materialized view mv1 as select type, sum(amt) as totamt from mvt group by type with no data;
select * from mv1 order by type;
select relispopulated from pg_class where oid = 'mv1'::regclass;
refresh materialized view mv1;
select * from mv1 order by type;
create unique index mv1_t on mv1 (type);
insert into mvt values (6, 'z', 13);
refresh materialized view concurrently mv1;
select * from mv1 order by type;
refresh materialized view mv1 with no data;
refresh materialized view concurrently mv1;
refresh materialized view concurrently mv1 with no data;
refresh materialized view mv1;
create materialized view mv2 as select * from mv1 where totamt > 5;
refresh materialized view concurrently mv2;
insert into mv1 values ('q', 1);
update mv1 set type = 'q';
delete from mv1;
truncate mv1;
create materialized view mv1 as select 1;
create materialized view if not exists mv1 as select 1;
drop table mvt;
drop view mv1;
drop table mv1;
drop materialized view mvt;
drop materialized view mv1;
alter materialized view mv2 rename to mv3;
alter materialized view mv3 rename column totamt to t;
alter table mv3 rename to mv2;
select * from mv2 order by 1;
\d mv2
select matviewname, ispopulated, definition from pg_matviews order by 1;
create materialized view mvcols (a, b) as select 1, 2;
create materialized view mvcols2 (a, b, c) as select 1, 2;
create materialized view mvbad as select $1;
create materialized view mvbad as select * from nosuch;
create temp table mvtmp (a int);
create materialized view mvbad as select * from mvtmp;
refresh materialized view nosuch;
refresh materialized view mvt;
create materialized view mvg as select generate_series(1, 3) as g with data;
select count(*) from mvg;
alter materialized view mvg set schema nosuch;
drop materialized view mv1 cascade;
select * from mv2;
-- select into / ctas
select 1 as a, 'x' as b into si1;
select * from si1;
select * into temp si2 from si1;
select * into si1 from si1;
create table ctas1 as select a, b from si1 with no data;
select * from ctas1;
create table ctas2 (x, y) as select a, b from si1;
create table ctas3 (x, y, z) as select a, b from si1;
create table ctas3 (x) as select a, b from si1;
create table if not exists ctas2 as select 1;
create table ctas4 as values (1, 'a'), (2, 'b');
select column1, column2 from ctas4 order by 1;
create table ctas5 as table ctas4;
create table ctas6 as execute nosuch;
prepare pp as select $1::int as v;
create table ctas6 as execute pp(5);
select * from ctas6;
create table ctas7 as select 1 as a, 2 as a;
create table ctas7 as select;
create table ctas8 as select null as n, 'lit' as l, array[1] as arr, row(1,2) as r;
create table ctas8 as select null as n, 'lit' as l, array[1] as arr;
\d ctas8
select into si3 from si1;
with w as (select * into si4 from si1) select 1;
insert into si1 select * into si5 from si1;
create table ctas9 as insert into si1 values (1, 'q') returning *;
create temp table ctas10 on commit drop as select 1;
create unlogged table ctas11 with (fillfactor = 50) as select 1 as a;
explain (costs off) create table ctas12 as select 1;
