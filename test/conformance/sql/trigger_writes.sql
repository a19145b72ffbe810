create table t (id int primary key, a int, b text);
create table log (n serial, what text);
create function tr() returns trigger language plpgsql as $$
begin
  insert into log (what) values (tg_when || ' ' || tg_level || ' ' || tg_op || coalesce(' ' || tg_argv[0], ''));
  if tg_level = 'ROW' then
    if tg_op = 'INSERT' then insert into log(what) values ('new ' || new.id || ' ' || coalesce(new.a::text, '-'));
    elsif tg_op = 'UPDATE' then insert into log(what) values ('old ' || old.a || ' new ' || new.a);
    else insert into log(what) values ('old ' || old.id); return old; end if;
    if tg_when = 'BEFORE' then
      if new.a < 0 then return null; end if;
      new.b := upper(new.b);
    end if;
  end if;
  return new;
end $$;
create trigger b_st before insert or update or delete on t for each statement execute function tr();
create trigger a_st after insert or update or delete on t for each statement execute function tr();
create trigger b_row before insert on t for each row execute function tr();
create trigger a_row after insert on t for each row execute function tr();
-- COPY
copy t from stdin;
1	10	one
2	-20	two
3	30	three
\.
select * from t order by id;
select what from log order by n;
truncate log;
copy t (id, b) from stdin with (format csv);
4,four
5,"five, too"
\.
copy t from stdin where a > 50;
6	60	six
7	7	seven
\.
copy t from stdin;
\.
copy t from stdin;
1	1	again
\.
copy t from stdin;
8	8
\.
select * from t order by id;
select what from log order by n;
truncate log;
begin;
copy t from stdin;
20	1	x
\.
rollback;
select count(*) from t;
alter table t disable trigger all;
copy t from stdin;
21	-1	as it is
\.
alter table t enable trigger all;
select * from t where id = 21;
select what from log order by n;
truncate log;
create function boom() returns trigger language plpgsql as $$ begin if new.a = 13 then raise exception 'no 13' using errcode = '22023'; end if; return new; end $$;
create trigger c_boom before insert on t for each row execute function boom();
copy t from stdin;
30	12	ok
31	13	not
\.
select * from t where id >= 30;
drop trigger c_boom on t;
truncate log;
-- ON CONFLICT
drop trigger a_row on t;
insert into t values (1, 11, 'one'), (40, 40, 'forty'), (41, -1, 'no') on conflict do nothing;
insert into t values (1, 12, 'uno'), (42, 42, 'x') on conflict (id) do update set a = excluded.a, b = excluded.b || '?' returning *;
insert into t values (1, 99, 'uno') on conflict (id) do update set a = excluded.a where t.a = 0;
select * from t order by id;
select what from log order by n;
truncate log;
create trigger u_of before update of b on t for each statement execute function tr('of b');
insert into t values (1, 13, 'x') on conflict (id) do update set a = excluded.a;
insert into t values (1, 13, 'x') on conflict (id) do update set b = excluded.b;
select what from log order by n;
truncate log;
-- MERGE
drop trigger b_row on t;
merge into t using (values (1, 5), (50, 50)) s (id, a) on t.id = s.id when matched then update set a = s.a when not matched then insert values (s.id, s.a, 'merged');
merge into t using (values (50, 5)) s (id, a) on t.id = s.id when matched and t.a = 50 then delete when matched then do nothing;
merge into t using (values (1, 5)) s (id, a) on t.id = s.id when matched then do nothing;
merge into t using (values (60, 60)) s (id, a) on t.id = s.id when matched and s.a < 0 then delete when matched then update set b = 'z' when not matched then insert (id) values (s.id);
select * from t order by id;
select what from log order by n;
drop function tr() cascade;
