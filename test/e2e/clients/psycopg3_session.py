"""psycopg 3: binary parameters and results, pipelines, binary COPY, server cursors, types of the database, prepared statements."""
import psycopg
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo
from psycopg.types.range import Range

p = psycopg.connect("")
p.execute("create table p3(a int, b text)")
with p.cursor() as k:
    k.execute("select %s::int, %s::text, %b::int8", (1, "a", 5)); print(k.fetchall())
    k.executemany("insert into p3(a,b) values (%s,%s) returning a", [(1, "p"), (2, "q")], returning=True); print(k.fetchall(), k.nextset(), k.fetchall())
    with k.copy("copy p3(a,b) from stdin") as cp: cp.write_row((3, "z")); cp.write_row((None, "\t\\"))
    with k.copy("copy p3(a,b) from stdin (format binary)") as cp: cp.set_types(["int4", "text"]); cp.write_row((4, "bin"))
    with k.copy("copy (select a,b from p3 order by a) to stdout (format binary)") as cp: cp.set_types(["int4", "text"]); print(list(cp.rows()))
with p.pipeline():
    a = p.execute("select 1"); b = p.execute("select 2"); print(a.fetchone(), b.fetchone())
try:
    with p.transaction():
        with p.pipeline(): p.execute("select 1"); p.execute("select 1/0"); p.execute("select 3")
except psycopg.Error as e: print(e.sqlstate)
with p.cursor(binary=True) as k:
    k.execute("select 1::int2, 2::int8, 1.5::float8, 12.50::numeric, 'x'::text, '\\x01'::bytea, true, date '2024-01-02', timestamp '2024-01-02 03:04:05.6', interval '1 day 2 s', '{1,null}'::int[], '{\"a\": [1]}'::jsonb, '[1,5)'::int4range, '00000000-0000-0000-0000-000000000001'::uuid, time '10:11', '10.0.0.1'::inet")
    print(k.fetchone())
with psycopg.ServerCursor(p, "srv", scrollable=True) as s:
    s.execute("select generate_series(1,5)"); print(s.fetchmany(2), s.fetchall()); s.scroll(-5); print(s.fetchone())
print(psycopg.types.TypeInfo.fetch(p, "hstore"), psycopg.types.TypeInfo.fetch(p, "jsonb"))
p.execute("create type mood3 as enum('a','b'); create type pt3 as (x int, y text); create domain positive3 as int check (value > 0)")
print(EnumInfo.fetch(p, "mood3").labels)
info = CompositeInfo.fetch(p, "pt3"); print(info.field_names, info.field_types)
register_composite(info, p); print(p.execute("select row(1,'q')::pt3, array[row(2,null)::pt3]").fetchone()[0])
for _ in range(8): r = p.execute("select %s::int + 1, %s::positive3", (4, 5)).fetchone()
print(r, p.execute("select count(*) > 0 from pg_prepared_statements").fetchone())
print(p.execute("select %s", (Range(1, 5),)).fetchone(), p.info.transaction_status.name, p.info.parameter_status("TimeZone") is not None)
p.commit()
with p.cursor() as k:
    k.execute("select 1 as a; select 2 as b, 3 as c"); print(k.fetchall(), k.nextset(), k.fetchall(), [d.name for d in k.description])
for n in p.execute("notify x").statusmessage, p.execute("select").statusmessage: print(n)
with p.cursor().copy("copy (select 1 where false) to stdout (format binary)") as cp: print(b"".join(cp)[-2:])
