-- Sizes are those of this moment.
create table sized (a int primary key, b text);
insert into sized select g, 'x' from generate_series(1, 1000) g;
select pg_relation_size('sized') > 0, pg_total_relation_size('sized'::regclass) > 0, pg_table_size('sized') > 0, pg_indexes_size('sized') >= 0;
select pg_database_size(current_database()) > 0, pg_database_size((select oid from pg_database where datname = current_database())) > 0;
select relname, pg_size_pretty(pg_total_relation_size(oid)) is not null from pg_class where relname = 'sized';
select pg_relation_size(0), pg_table_size(null);
select pg_relation_size('nope');
select pg_blocking_pids(pg_backend_pid()), pg_blocking_pids(0);
drop table sized;
