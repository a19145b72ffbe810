-- Functions in pg_temp are found by their schema's name only; what object-relational mappers write when they make tables.
create function pg_temp.x1() returns int language sql as 'select 1';
select pg_temp.x1();
select x1();
create function pg_temp.lower(text) returns text language sql as 'select ''another''';
select lower('A'), pg_temp.lower('A');
drop function x1();
drop function pg_temp.x1();
select pg_temp.x1();
create type pg_temp.pair as (a int, b text);
select (row(1, 'x')::pg_temp.pair).b, row(1, 'x')::pair;
create table people (id serial, boss int references people (id), primary key (id), twin int, foreign key (twin) references people, tags text[] default array[]::text[], price numeric(10, 2) default '0', weight numeric(5, 1) default '1.50');
insert into people (boss) values (1) returning tags, price, weight;
select column_name, column_default from information_schema.columns where table_name = 'people' order by ordinal_position;
alter table people alter column tags set default array[]::text[], alter column price set default '7';
alter table people alter column tags type text[], alter column price type numeric(12, 3);
select column_name, column_default from information_schema.columns where table_name = 'people' order by ordinal_position;
create view nothing as select array[]::int[] as a, coalesce(array[]::text[], array['x']) as b;
select pg_get_viewdef('nothing'::regclass);
-- Rows before a failure.
create table divisors (n int);
insert into divisors values (1), (2), (3), (4);
begin;
declare c cursor for select 10 / (3 - n) from divisors;
fetch 2 from c;
fetch 1 from c;
rollback;
-- A failure at the commit of a statement.
create table later (a int primary key, b int references later deferrable initially deferred);
insert into later values (1, 9);
select * from later;
drop view nothing;
drop table people, divisors, later;
