create table t (id int primary key, a int default 7, b text default 'dd', n numeric(6,2));
insert into t values (1, 2, 'x', 1.005), (2, default, default, default);
insert into t default values;
insert into t (id) values (3);
insert into t (id, b) select 4, 'sel';
insert into t (b, id) values ('ord', 5) returning id, b, a + 1 as a1, t;
insert into t values (6, 1, 'x', 12345.678);
insert into t values (6, 1, 'x', 'NaN');
insert into t values (1);
insert into t (id, id) values (7, 7);
insert into t (nosuch) values (7);
insert into t values (1,2,3,4,5);
insert into t (id, a) values (7);
insert into t (id) values (7, 8);
insert into t (id) values ('abc');
insert into t (id) values (null);
insert into t (id, a) values (8, 'x'::text);
insert into t values (9, (select 99), (select b from t where id = 1), 1 + 1);
insert into t select * from t where id = 100;
insert into t select id + 100, a, b, n from t;
select * from t order by id;
insert into t values (10, 1) on conflict do nothing;
insert into t values (10, 2) on conflict do nothing returning *;
insert into t values (10, 3) on conflict (id) do update set a = excluded.a + t.a returning *;
insert into t values (10, 3) on conflict (id) do update set a = excluded.a where t.a > 100 returning *;
insert into t values (10, 3) on conflict (a) do nothing;
insert into t values (10, 3) on conflict on constraint t_pkey do update set b = excluded.b || 'u', (a, n) = (1, 2) returning *;
insert into t values (10, 3) on conflict on constraint nosuch do nothing;
insert into t values (10, 3), (10, 4) on conflict (id) do update set a = excluded.a;
insert into t values (11, 3), (11, 4) on conflict (id) do nothing returning *;
insert into t values (10, 3) on conflict do update set a = 1;
insert into t as tt values (10, 3) on conflict (id) do update set a = tt.a + 1 returning tt.*;
insert into t as tt values (10, 3) on conflict (id) do update set a = t.a + 1;
insert into t values (10, 3) on conflict (id) do update set id = 1;
insert into t values (10, 3) on conflict (id) do update set a = default, b = (select 'sub' from t limit 1) returning *;
insert into t values (10, 3) on conflict (id) where id > 5 do update set a = 5 returning *;
insert into t values (10, 3) on conflict (nosuch) do nothing;
insert into t values (10, 3) on conflict (id) do update set nosuch = 1;
insert into t values (10, 3) on conflict (id) do update set a = excluded.nosuch;
create unique index tl on t (lower(b)) where a > 1000;
insert into t values (12, 1001, 'AA') on conflict (lower(b)) where a > 1000 do nothing;
insert into t values (13, 1001, 'aa') on conflict (lower(b)) where a > 1000 do update set b = excluded.b || t.b returning *;
insert into t values (14, 1001, 'aaaa') on conflict (lower(b)) do nothing;
with ins as (insert into t values (20, 1), (21, 2) returning *) select count(*), sum(id) from ins;
with ins as (insert into t values (22, 1) on conflict do nothing returning id) select * from ins union all select id from t where id = 20;
update t set a = a + 1 where id = 1 returning *;
update t set a = 5, a = 6;
update t set nosuch = 6;
update t set (a, b) = (1, 'm') where id = 2 returning *;
update t set (a, b) = row(3, 'mm') where id = 2 returning *;
update t set (a, b) = (select 4, 'sub') where id = 2 returning *;
update t set (a, b) = (select 4, 'sub' where false) where id = 2 returning *;
update t set (a, b) = (select 4) where id = 2;
update t set (a, b) = (1, default) where id = 2 returning *;
update t x set a = y.a from t y where y.id = x.id + 1 and x.id < 4 returning x.id, x.a, y.id;
update t set a = s.v from (values (1, 100), (2, 200)) s(k, v) where s.k = t.id returning t.id, t.a, s.v;
update t set a = t2.a from t t2 where false;
update t set a = sum(a);
update t set a = (select max(a) from t) where id = 3 returning a;
update t set id = id + 1 where id > 100;
update t set id = 1 where id = 2;
update t set id = id where true returning count(*);
update only t set a = 0 where id = 5 returning t.*;
update t as q set q.a = 1;
update t as q set a = 1 where t.id = 1;
update nosuch set a = 1;
update t set a = 'x';
update t set b = 5 where id = 5 returning b;
update t set a = default, b = default where id = 5 returning *;
delete from t where id > 100 returning id;
delete from t using (values (20), (21)) v(k) where v.k = t.id returning t.id, v.k;
delete from t x where x.id = 22 returning x, x.id as gone;
delete from t where nosuch = 1;
delete from t as x where t.id = 1;
delete from t using t where id = 1;
delete from t using nosuch;
with d as (delete from t where id = 12 returning *), i as (insert into t select id + 50, a, b, n from d returning *) select * from i;
with u as (update t set a = a * 10 where id in (1,2) returning id, a) select t.id, t.a, u.a from t join u using (id) order by 1;
with recursive r(i) as (select 1 union all select i + 1 from r where i < 3) insert into t (id) select i + 300 from r returning id;
with r as (select 1 as k) delete from t using r where t.id = r.k returning *;
select * from t order by id;
merge into t using (values (3, 'mg'), (400, 'new')) s(k, v) on t.id = s.k when matched then update set b = s.v when not matched then insert (id, b) values (s.k, s.v);
merge into t using (values (3), (400)) s(k) on t.id = s.k when matched and t.id = 3 then delete when matched then do nothing;
merge into t using (values (4), (4)) s(k) on t.id = s.k when matched then update set a = 1;
select * from t order by id;
create view tv as select id, a, b from t where a < 50;
insert into tv values (500, 1, 'v');
insert into tv values (501, 100, 'v');
update tv set a = 2 where id = 500 returning *;
update tv set a = 1000 where id = 500;
select * from tv where id >= 500;
delete from tv where id = 501;
delete from tv where a = 2 returning id;
create view tvc as select id, a from t where a < 50 with check option;
insert into tvc values (600, 60);
insert into tvc values (600, 6);
update tvc set a = 60 where id = 600;
create view tvr as select id, a + 1 as a1 from t;
update tvr set a1 = 3;
update tvr set id = 601 where id = 600;
create view tvg as select count(*) from t;
insert into tvg values (1);
delete from tvg;
create or replace view tv as select id, a from t;
create or replace view tv as select id, a, b, n from t where a < 50;
create or replace view tv as select id as k, a, b, n from t;
drop view tv, tvc, tvr, tvg;
truncate t;
select * from t;
truncate nosuch;
truncate t restart identity;
create table sq (id serial primary key, v text);
insert into sq (v) values ('a'), ('b');
truncate sq restart identity;
insert into sq (v) values ('c') returning *;
truncate sq continue identity;
insert into sq (v) values ('c') returning *;
copy sq from stdin;
10	x
11	\N
\.
copy sq (v, id) from stdin with (format csv, header);
v,id
"q,w",12
,13
\.
copy sq to stdout;
copy sq (v) to stdout with csv header;
copy (select v, id from sq where id > 10 order by id) to stdout with (format csv, null 'NUL', force_quote *);
copy (select 1, null, 'a	b', E'x\ny', '\.') to stdout;
copy (select 1, null, 'a,b', '"q"', '') to stdout csv;
copy sq from stdin;
a	b
\.
copy sq from stdin;
14
\.
copy sq from stdin;
14	b	c
\.
copy sq from stdin;
1	b
1	c
\.
copy sq (nosuch) to stdout;
copy nosuch to stdout;
copy sq to stdout with (format nosuch);
copy sq to stdout with (delimiter 'ab');
copy sq to stdout with (delimiter '|', null '~');
copy sq to stdout (header, format text);
copy sq from stdin where id > 20;
20	skip
21	take
\.
select * from sq order by id;
copy (delete from sq where id = 21 returning *) to stdout;
copy (values (1,'a'),(2,'b')) to stdout (delimiter ';', format csv, quote '''', escape '\');
create table lim (i int, j int);
insert into lim select i, i / 3 from generate_series(1, 12) i;
select * from lim order by i limit 3 offset 2;
select * from lim order by j fetch first 2 rows with ties;
select j from lim order by j offset 1 rows fetch next row with ties;
select * from lim fetch first 2 rows with ties;
select * from lim order by i limit null offset null;
select * from lim order by i limit all offset 10;
select * from lim order by i limit -1;
select * from lim order by i offset -1;
select * from lim order by i limit 1 + 1 offset (select 3);
select * from lim order by i limit i;
select * from lim order by i limit 1.7;
select * from lim order by i limit '2';
select * from lim order by i limit 'x';
select * from lim order by i fetch first 1.5 rows only;
select * from lim order by i fetch first (1 + 1) rows only;
select * from lim order by i limit (select count(*) from lim where j = 1);
select sum(i) from (select i from lim order by i desc limit 3) s;
(select * from lim order by i limit 2) union all (select * from lim order by i desc limit 1) order by 1;
select * from lim order by i for update limit 1;
select * from lim order by i limit 1 for update skip locked;
select i from lim order by j desc, i limit 4;
select i from lim limit 0;
select * from lim order by nosuch;
select i as x from lim order by x + 1;
select i as x, j as x from lim order by x;
select i from lim order by 2;
select i from lim order by -i limit 1;
select i from lim order by i using > limit 2;
select i from lim order by i using nosuch limit 2;
select distinct j from lim order by i;
select distinct on (j) j, i from lim order by j, i desc;
select distinct on (j) j, i from lim order by i;
select distinct on (1) j, i from lim order by 1, 2;
select distinct on (nosuch) j from lim;
select distinct on (j, i % 2) j, i % 2 m, i from lim order by j, i % 2, i;
select distinct j, j is null from lim order by 1;
select count(*) from (select distinct j from lim) s;
select distinct on (j) i from lim order by j, i limit 2;
