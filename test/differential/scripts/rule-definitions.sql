-- pg_get_ruledef and pg_rules: what CREATE RULE was told, as a statement again
create schema rs;
create table rs.t (a int, b text, c varchar(9)); create table rs.log (x int, y text, z char(3)); create table plain (k int, v text); create view rs.vv as select a, b from rs.t;
create rule n1 as on update to rs.t do nothing; create rule n2 as on delete to rs.t do instead nothing; create rule n3 as on insert to rs.t where new.a > 5 do instead nothing;
create rule i1 as on insert to rs.t do insert into rs.log values (new.a, 'hi', 'abc'); create rule i2 as on insert to rs.t do also insert into rs.log (z, x) values (null, new.a + 1);
create rule i3 as on update to rs.t do insert into plain select new.a, new.b; create rule i4 as on delete to rs.t do insert into plain default values;
create rule u1 as on update to rs.vv do instead update rs.t set a = new.a, b = 'z' where a = old.a and b is not null;
create rule u2 as on insert to rs.vv do instead insert into rs.t values (new.a, new.b) returning a, b;
create rule d1 as on delete to rs.vv do instead delete from rs.t where t.a = old.a;
create rule m1 as on update to plain do (insert into rs.log values (1); delete from rs.log where x = 2; notify ch);
create rule no as on delete to plain do notify ch, 'pay'; create rule "Q r" as on insert to plain do update rs.log l set y = 'b' from rs.t where l.x = t.a;
select schemaname, tablename, rulename, definition from pg_rules where schemaname in ('rs', 'public') order by 1, 2, 3;
select rulename, pg_get_ruledef(oid, true) from pg_rewrite where rulename <> '_RETURN' and ev_class > 16000 order by 1;
set search_path = rs, public; select rulename, pg_get_ruledef(oid) from pg_rewrite where rulename in ('i1', 'i3', 'u1') order by 1; reset search_path;
select pg_get_ruledef(1), pg_get_ruledef(null);
insert into rs.log select 1 from generate_series(1, 50); analyze rs.log; select reltuples from pg_class where oid = 'rs.log'::regclass;
