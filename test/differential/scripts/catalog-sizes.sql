-- Sizes are those of this moment.
create table sized (a int primary key, b text);
insert into sized select g, 'x' from generate_series(1, 1000) g;
select pg_relation_size('sized') > 0, pg_total_relation_size('sized'::regclass) > 0, pg_table_size('sized') > 0, pg_indexes_size('sized') >= 0;
select pg_database_size(current_database()) > 0, pg_database_size((select oid from pg_database where datname = current_database())) > 0;
select relname, pg_size_pretty(pg_total_relation_size(oid)) is not null from pg_class where relname = 'sized';
select pg_relation_size(0), pg_table_size(null);
select pg_relation_size('nope');
select pg_blocking_pids(pg_backend_pid()), pg_blocking_pids(0);
create table long_rows (a int primary key, b text);
select pg_relation_size('long_rows'), pg_relation_size('long_rows_pkey') > 0;
insert into long_rows select g, repeat('x', 100) from generate_series(1, 10000) g;
select pg_relation_size('long_rows') between 1000000 and 2000000, pg_total_relation_size('long_rows') > pg_table_size('long_rows'),
  pg_indexes_size('long_rows') > 100000, pg_relation_size('long_rows_pkey') = pg_indexes_size('long_rows');
begin;
create table made_now (a int);
select pg_relation_size('long_rows') > 0;
commit;
drop table sized, long_rows, made_now;
