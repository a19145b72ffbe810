-- Whole rows in the conditions of triggers, and in trigger functions.
create table changed (a int, b text);
create function tell() returns trigger language plpgsql as $$ begin raise notice 'changed % to %', old, new; return new; end $$;
create trigger before_change before update on changed for each row when (old.* is distinct from new.*) execute function tell();
insert into changed values (1, 'x'), (2, null);
update changed set a = a;
update changed set a = a + 1 where a = 2;
update changed set b = null where b = 'x';
create function look() returns trigger language plpgsql as $$
begin
  if old.* is distinct from new.* then raise notice 'all columns'; end if;
  if row(old.*) is distinct from row(new.*) then raise notice 'a row of them'; end if;
  if old is distinct from new then raise notice 'the record'; end if;
  if old.* = new.* then raise notice 'the same'; end if;
  return new;
end $$;
create trigger look before update on changed for each row execute function look();
update changed set a = a where a = 3;
update changed set a = a + 1 where a = 3;
create table computed (a int, b int generated always as (a + 1) stored);
create trigger before_change before update on computed for each row when (new.* is distinct from old.*) execute function tell();
create trigger before_change before update on computed for each row when (new is distinct from old) execute function tell();
create trigger after_change after update on computed for each row when (new.* is distinct from old.*) execute function tell();
create trigger wrong before update on changed for each statement when (new.* is distinct from old.*) execute function tell();
create trigger wrong before insert on changed for each row when (new.* is distinct from old.*) execute function tell();
create trigger wrong before delete on changed for each row when (new.* is distinct from old.*) execute function tell();
insert into computed values (1), (2);
update computed set a = a;
update computed set a = a + 1 where a = 1;
