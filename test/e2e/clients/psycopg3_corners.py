"""psycopg 3 in its corners: pipelines and their errors, COPY in all forms, server cursors, preparation, notifications, adapters, two-phase commit, row factories."""
import warnings; warnings.simplefilter("ignore")
import datetime as dt, decimal, ipaddress, json, uuid
import psycopg
from psycopg import sql, pq
from psycopg.rows import dict_row, namedtuple_row, tuple_row
from psycopg.types.json import Json, Jsonb, set_json_loads
from psycopg.types.range import Range, Int4Range, TimestamptzRange, RangeInfo, register_range
from psycopg.types.multirange import Multirange, Int4Multirange, MultirangeInfo, register_multirange
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types import TypeInfo

p = psycopg.connect("options='-c timezone=UTC'", autocommit=True)

def fails(label, work):
    try: print(label, "->", work())
    except psycopg.Error as e: print(label, "!!", type(e).__name__, e.sqlstate, str(e).split("\n")[0], e.diag.severity, e.diag.constraint_name, e.diag.table_name, e.diag.column_name, e.diag.statement_position)
    except Exception as e: print(label, "!!", type(e).__name__, str(e)[:80])

p.execute("create type mood_c as enum ('sad', 'it''s', 'ok'); create type inner_c as (a int, b text); create type outer_c as (i inner_c, l inner_c[], m mood_c, d date)")
p.execute("create type float_c as range (subtype = float8, multirange_type_name = float_c_multi); create domain small_c as int check (value < 10); create table pc(id int primary key, v text unique, n small_c, constraint named_c check (id > 0))")

# pipelines
with p.pipeline() as pipe:
    cursors = [p.execute("select %s::int * 2", [i]) for i in range(30)]
    pipe.sync()
    print(sum(c.fetchone()[0] for c in cursors))
def broken():
    with p.pipeline() as pipe:
        p.execute("insert into pc(id) values (1)")
        p.execute("insert into pc(id) values (1)")
        p.execute("insert into pc(id) values (2)")
fails("pipeline, autocommit", broken)
print(p.execute("select count(*) from pc").fetchone(), p.info.transaction_status.name)
def separated():
    with p.pipeline() as pipe:
        p.execute("insert into pc(id) values (3)"); pipe.sync()
        c = p.execute("insert into pc(id) values (-3)"); p.execute("select 1"); p.execute("insert into pc(id) values (4)")
fails("pipeline with a sync", separated)
print(p.execute("select array_agg(id order by id) from pc").fetchone())
with p.pipeline():
    with p.transaction():
        c = p.cursor(); c.executemany("insert into pc(id, v) values (%s, %s) returning id", [(i, str(i)) for i in range(100, 140)], returning=True)
        got = []
        while True:
            got.append(c.fetchone()[0])
            if not c.nextset(): break
print(len(got), got[-1], c.rowcount)
fails("executemany rowcount", lambda: (c.executemany("update pc set v = v || 'x' where id >= %s", [(130,), (135,)]), c.rowcount)[1])

# transactions
try:
    with p.transaction() as outer:
        p.execute("insert into pc(id) values (7)")
        with p.transaction(savepoint_name="inner"):
            p.execute("insert into pc(id) values (8)"); raise psycopg.Rollback()
        with p.transaction(force_rollback=True): p.execute("insert into pc(id) values (9)")
        raise psycopg.Rollback(outer)
finally: print(p.execute("select count(*) from pc where id between 7 and 9").fetchone())
p.autocommit = False
p.isolation_level = psycopg.IsolationLevel.SERIALIZABLE; p.read_only = True; p.deferrable = True
print(p.execute("select current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable')").fetchone())
fails("read only", lambda: p.execute("insert into pc(id) values (10)"))
p.rollback(); p.isolation_level = None; p.read_only = None; p.deferrable = None
fails("two-phase", lambda: (p.tpc_begin(p.xid(1, "gtrid", "bqual")), p.execute("select 1"), p.tpc_prepare()))
p.close(); p = psycopg.connect("options='-c timezone=UTC'", autocommit=True)
fails("tpc_recover", lambda: p.tpc_recover())

# COPY
with p.cursor() as k:
    with k.copy("copy pc(id, v, n) from stdin") as cp:
        for i in range(200, 260): cp.write_row((i, "a\tb\\n\n%d" % i, i % 10))
    print(k.rowcount)
    def bad():
        with k.copy("copy pc(id) from stdin") as cp: cp.write("300\n"); cp.write("x\n")
    fails("copy nonsense", bad)
    def stopped():
        with k.copy("copy pc(id) from stdin") as cp: cp.write("300\n"); raise ValueError("changed my mind")
    fails("copy stopped", stopped)
    def violates():
        with k.copy("copy pc(id, n) from stdin") as cp: cp.write("301\t3\n302\t30\n")
    fails("copy domain", violates)
    def binary(types, rows):
        with k.copy("copy pc(id, v, n) from stdin (format binary)") as cp:
            if types: cp.set_types(types)
            for r in rows: cp.write_row(r)
        return k.rowcount
    fails("binary", lambda: binary(["int4", "text", "int4"], [(400, "b", 1), (401, None, None)]))
    fails("binary int2", lambda: binary(["int2", "text", "int4"], [(402, "b", 1)]))
    fails("binary untyped", lambda: binary(None, [(403, "b", 1)]))
    with k.copy("copy (select id, v, n::int4 from pc where id in (200, 400, 401) order by id) to stdout (format binary)") as cp:
        cp.set_types(["int4", "text", "int4"]); print(list(cp.rows()))
    with k.copy("copy (select id, v from pc where id < 202 and id > 137 order by id) to stdout (format csv, header, force_quote *)") as cp: print(b"".join(cp))
    with k.copy(sql.SQL("copy {} ({}) to stdout").format(sql.Identifier("pc"), sql.SQL(", ").join(map(sql.Identifier, ["id", "v"])))) as cp:
        cp.set_types(["int4", "text"]); print(len([r for r in cp.rows()]))
    with k.copy("copy (select 1, null, 'x') to stdout") as cp: print(bytes(cp.read()), bytes(cp.read()))
p.close(); p = psycopg.connect("options='-c timezone=UTC'")

# cursors
with psycopg.ServerCursor(p, "named", scrollable=True, withhold=True) as s:
    s.itersize = 7
    s.execute("select g, repeat('x', g) from generate_series(1, %s) g", [50]); print(s.fetchone(), [d.name for d in s.description])
    p.commit()
    print(len(s.fetchmany(10)), s.rownumber); s.scroll(0, mode="absolute"); print(s.fetchone()); s.scroll(20); print(s.fetchone()); s.scroll(-5); print(s.fetchone())
    print(sum(1 for _ in s)); fails("far", lambda: s.scroll(-1000)); fails("after", s.fetchone)
with p.cursor("unscrollable", scrollable=False) as s:
    s.execute("select generate_series(1, 5)"); print(s.fetchmany(2)); fails("back", lambda: s.scroll(-1))
p.rollback()
with p.cursor("binary", binary=True) as s: s.execute("select 1::int8, 'x'::text, now() is not null"); print(s.fetchall())
print([r for r in p.cursor().stream("select generate_series(1, 4)")])
def streaming():
    return [r for r in p.cursor().stream("select 1 / (3 - g) from generate_series(1, 4) g")]
fails("stream fails", streaming); p.rollback()
for factory in (dict_row, namedtuple_row, tuple_row): print(p.cursor(row_factory=factory).execute("select 1 as a, 'x' as b").fetchone())

# prepared statements
p.commit(); p.prepare_threshold = 2; p.autocommit = True
for i in range(6): r = p.execute("select %s::int + %s", (i, 1)).fetchone()
print(r, p.execute("select count(*) from pg_prepared_statements where statement like 'select $1::int +%'", prepare=False).fetchone())
for i in range(4): p.execute("select * from pc where id = %s", (200,)).fetchone()
p.execute("alter table pc add column extra int default 5")
fails("after DDL", lambda: len(p.execute("select * from pc where id = %s", (200,)).fetchone()))
fails("after DDL again", lambda: len(p.execute("select * from pc where id = %s", (200,)).fetchone()))
fails("deallocated", lambda: (p.execute("deallocate all", prepare=False), p.execute("select %s::int + %s", (1, 1)).fetchone()))
p.close(); p = psycopg.connect("options='-c timezone=UTC'", autocommit=True)
p.prepared_max = 2
for n in range(5):
    for _ in range(3): p.execute("select %%s::int + %d" % n, (1,), prepare=True)
print(p.execute("select count(*) <= 3 from pg_prepared_statements", prepare=False).fetchone())

# notifications
with psycopg.connect("options='-c timezone=UTC'", autocommit=True) as q:
    q.execute("listen chan_c"); q.execute('listen "Chan Quoted"')
    for i in range(3): p.execute("select pg_notify('chan_c', %s)", (str(i),))
    p.execute("notify \"Chan Quoted\", 'é'")
    heard = []
    for n in q.notifies():
        heard.append((n.channel, n.payload, n.pid == p.info.backend_pid))
        if len(heard) == 4: break
    print(heard)
    notices = []; p.add_notice_handler(lambda d: notices.append((d.severity, d.sqlstate, d.message_primary, d.message_hint)))
    p.execute("do $$ begin raise notice 'n %', 1 using hint = 'h'; raise warning 'w'; raise info 'i'; end $$"); p.execute("drop table if exists nothing_c"); print(notices)

# adapters
back = lambda v, t="": p.execute("select %s" + t + ", %b" + t + ", pg_typeof(%s" + t + ")::text", (v, v, v)).fetchone()
inet = ipaddress.ip_interface
for v, t in [(1, ""), (40000, ""), (3000000000, ""), (2**70, ""), (True, ""), (1.5, ""), (float("nan"), ""), (float("-inf"), ""), (decimal.Decimal("1e-10"), ""), (decimal.Decimal("NaN"), ""), (decimal.Decimal("Infinity"), "::numeric"),
    (decimal.Decimal("-12345678901234567890.0987654321"), ""), (decimal.Decimal("1E+20"), ""), (decimal.Decimal("0.00"), ""), ("text", "::text"), ("é\U0001f600", "::text"), (b"\x00\xff", ""), (uuid.UUID(int=5), ""), (None, "::int"),
    (dt.date(1, 1, 1), ""), (dt.date(9999, 12, 31), ""), (dt.time(23, 59, 59, 999999), ""), (dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))), ""), (dt.datetime(2020, 2, 29, 1, 2, 3, 4), ""),
    (dt.datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=dt.timezone.utc), ""), (dt.timedelta(days=-1, seconds=5, microseconds=7), ""), (dt.timedelta(days=999999), ""), (inet("10.1.2.3/8"), ""), (ipaddress.ip_address("::1"), ""), (ipaddress.ip_network("10.0.0.0/8"), ""),
    ([1, None, 3], ""), ([[1, 2], [3, 4]], ""), (["a", None, 'q"\\,{}', ""], "::text[]"), ([], "::int[]"), ([decimal.Decimal("1.10")], ""), ([dt.date(2020, 1, 1)], ""), ([b"a"], ""), ([True], ""), ([Json({"a": 1})], "::json[]"),
    (Json({"a": [1, None, "é"]}), ""), (Jsonb({"b": {"c": 1.5}}), ""), (Int4Range(1, 5), ""), (Range(1, 5, "(]"), "::int8range"), (Range(empty=True), "::numrange"), (Range(None, decimal.Decimal("1.5"), "()"), "::numrange"),
    (TimestamptzRange(dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), None), ""), (Range(dt.date(2020, 1, 1), dt.date(2021, 1, 1)), "::daterange"), (Int4Multirange([Range(1, 3), Range(5, None)]), ""), (Multirange([]), "::datemultirange"), ([Int4Range(1, 2), Int4Range(empty=True)], "")]:
    fails("back %r%s" % (v, t), lambda: back(v, t))
fails("infinity", lambda: p.execute("select 'infinity'::date").fetchone()); fails("bc", lambda: p.execute("select '0044-03-15 BC'::timestamp").fetchone()); fails("far", lambda: p.cursor(binary=True).execute("select '20000-01-01'::timestamptz").fetchone())
fails("24", lambda: p.execute("select time '24:00'").fetchone()); fails("months", lambda: p.execute("select interval '1 year 2 mons 3 days 04:05:06.7'").fetchone())
fails("nul", lambda: p.execute("select %s::text", ("a\0b",)).fetchone())

# types of the database
mood = EnumInfo.fetch(p, "mood_c"); register_enum(mood, p); print(mood.labels, p.execute("select 'it''s'::mood_c, array['ok', null]::mood_c[]").fetchone(), back(mood.enum.sad))
for name in ("inner_c", "outer_c"): register_composite(CompositeInfo.fetch(p, name), p)
value = p.execute("select row(row(1, 'x, \"y\"'), array[row(2, null), row(null, '')]::inner_c[], 'ok', '2020-01-01')::outer_c").fetchone()[0]
print(value, p.execute("select %s::inner_c = %t::inner_c, %t::inner_c[]", (value.i, value.i, [value.i])).fetchone())
print(p.cursor(binary=True).execute("select row(row(1, 'x'), '{}', 'sad', null)::outer_c").fetchone())
info = RangeInfo.fetch(p, "float_c"); register_range(info, p); print(info.name, info.subtype_oid, p.execute("select '[1.5,)'::float_c, %s", (Range(1.5, 2.5),)).fetchone())
minfo = MultirangeInfo.fetch(p, "float_c_multi"); register_multirange(minfo, p); print(minfo.name, p.execute("select '{[1,2),[3,4]}'::float_c_multi").fetchone())
for n in ("small_c", "pg_catalog.int4", "nowhere.int4", "nothing", "small_c[]", "pc"): fails(n, lambda: (lambda t: t and t.name)(TypeInfo.fetch(p, n)))
print([(d.name, d.type_code if d.type_code < 10000 else "own", d.internal_size, d.precision, d.scale, d.display_size) for d in p.execute("select 1::int2, 1.5::numeric(6,2), 'x'::varchar(7), 'y'::char(3), now()::timestamptz(2), null::bit(5), '1'::small_c").description])
fails("too few", lambda: p.execute("select %s, %s", (1,))); fails("ambiguous", lambda: p.execute("select %s + %s", ("1", "2")).fetchone()); fails("many commands", lambda: p.execute("select 1; select %s", (1,)))
print(p.info.server_version // 10000, p.info.encoding, p.info.parameter_status("integer_datetimes"), p.info.parameter_status("server_encoding"), p.info.parameter_status("nothing"), p.info.backend_pid > 0, p.pgconn.protocol_version)
import threading
def cancelled():
    timer = threading.Timer(0.3, p.cancel); timer.start()
    try: p.execute("select pg_sleep(30)")
    finally: timer.join()
fails("cancel", cancelled); print(p.execute("select 1").fetchone())
fails("duplicate", lambda: p.execute("insert into pc(id) values (1)") and p.execute("insert into pc(id) values (1)")); fails("check", lambda: p.execute("insert into pc(id) values (-1)")); fails("not null", lambda: p.execute("insert into pc(v) values ('n')"))
p.execute("set client_encoding to latin1"); print(p.info.encoding, p.execute("select %s::text, 'é'", ("ü",)).fetchone()); fails("not latin", lambda: p.execute("select chr(8364)").fetchone()); p.execute("set client_encoding to utf8")
