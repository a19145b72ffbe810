"""asyncpg in its corners: introspection of nested types, codecs, COPY, cursors, listeners, plans after DDL, errors with their fields, timeouts, pools."""
import asyncio, datetime as dt, decimal, io, ipaddress, json, re, uuid
import asyncpg
from asyncpg import Range

async def fails(label, awaitable):
    try: print(label, "->", re.sub(" at 0x[0-9a-f]+", "", str(await awaitable)))
    except asyncpg.PostgresError as e: print(label, "!!", type(e).__name__, e.sqlstate, e.message, e.as_dict().get("detail"), e.as_dict().get("hint"), e.as_dict().get("constraint_name"), e.as_dict().get("column_name"), e.as_dict().get("position"))
    except Exception as e: print(label, "!!", type(e).__name__, str(e)[:100])

async def main():
    c = await asyncpg.connect(statement_cache_size=50, server_settings={"timezone": "UTC"})
    await c.execute("""create type mood_k as enum ('sad', 'ok'); create domain small_k as int check (value < 10); create domain names_k as text[];
        create type inner_k as (a small_k, b text[], m mood_k); create type outer_k as (i inner_k, l inner_k[], r int4range, j jsonb);
        create type float_k as range (subtype = float8); create domain inners_k as inner_k; create schema s_k; create type s_k.mood_k as enum ('x')""")
    await c.execute("create table k(id int primary key, v text not null, m mood_k, o outer_k, constraint id_k check (id > 0)); create unique index v_k on k(v)")
    # types
    for text in ["select row(row(1, '{a,b}', 'ok')::inner_k, array[row(2, null, 'sad')::inner_k, null], '[1,5)', '{\"a\": 1}')::outer_k", "select '[1.5,)'::float_k, array['[1,2)'::float_k]", "select '{a,b}'::names_k, 5::small_k, array[1::small_k]",
        "select 'x'::s_k.mood_k, array['x']::s_k.mood_k[], array['ok']::mood_k[]", "select '{[1,3),[5,9)}'::int4multirange, '{}'::nummultirange", "select row(1, 'a', null)", "select array[row(1, 'a')]", "select row(1, '{}', 'ok')::inner_k::inners_k",
        "select k from (select 1 as a, 'x' as b) k", "select '{{1,2},{3,null}}'::int[], '[2:3]={a,b}'::text[]", "select 1::\"char\", 'n'::name, '(1,2)'::tid, '1'::xid, 5::oid, 'pg_class'::regclass, 'now'::regproc, '0/16'::pg_lsn", "select point(1,2), box(point(0,0), point(1,1)), circle(point(1,1), 2), '[(0,0),(1,1)]'::path, lseg(point(0,0), point(1,1)), polygon '((0,0),(1,1),(1,0))', line(point(0,0), point(1,1))",
        "select 'a b'::tsvector, 'a & b'::tsquery, '10.0.0.1/8'::inet, '10.0.0.0/8'::cidr, '08:00:2b:01:02:03'::macaddr, '08:00:2b:01:02:03:04:05'::macaddr8, '12.34'::money, '101'::bit(3), '1'::varbit, '<a/>'::text",
        "select 'infinity'::timestamp, '-infinity'::date, 'infinity'::timestamptz, '0001-01-01'::date", "select '4713-01-01 BC'::date", "select interval '1 mon 2 days 3.5 s', time '24:00', timetz '01:02:03+05:30'", "select 1e-20::numeric, 'NaN'::numeric, 12345678901234567890.123::numeric, '-Infinity'::float4", "select null, null::int[], ''::text, ''::bytea, '\\x00'::bytea",
        "select jsonb '{\"b\": [1, {\"c\": null}]}', json ' [1 , 2]', jsonpath '$.a[*] ? (@ > 1)'", "select '550e8400-e29b-41d4-a716-446655440000'::uuid, true, 'x'::char(5), 'é'::varchar"]:
        await fails(text[:60], c.fetchrow(text))
    v = await c.fetchval("select row(row(1, '{a}', 'ok')::inner_k, null, 'empty', 'null')::outer_k")
    await fails("back", c.fetchval("select $1::outer_k = $2::outer_k", v, ((1, ["a"], "ok"), None, Range(empty=True), "null")))
    await fails("insert", c.execute("insert into k values ($1, $2, $3, $4)", 1, "one", "ok", (None, [(1, [], None)], Range(1, 2), "{}")))
    await fails("array", c.fetchval("select $1::inner_k[]", [(1, ["é", None], "sad"), None]))
    await fails("bad enum", c.fetchval("select $1::mood_k", "nope")); await fails("bad domain", c.fetchval("select $1::small_k", 50)); await fails("bad int", c.fetchval("select $1::int", "x")); await fails("too large", c.fetchval("select $1::int2", 70000))
    for name, value in [("int8", 2**62), ("numeric", decimal.Decimal("-1.50E+10")), ("date", dt.date(2020, 2, 29)), ("date", dt.date.max), ("timestamp", dt.datetime(2020, 1, 1, 1, 2, 3, 4)), ("timestamptz", dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)), ("time", dt.time(1, 2, 3)), ("timetz", dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=-3)))), ("interval", dt.timedelta(-3, 5, 7)), ("uuid", uuid.UUID(int=7)), ("inet", ipaddress.ip_interface("10.1.2.3/8")),
        ("cidr", ipaddress.ip_network("::/64")), ("bytea", b"\0\1"), ("bool[]", [True, None]), ("text[]", [["a", "b"], [None, "d"]]), ("int4range", Range(1, 5, upper_inc=True)), ("numrange[]", [Range(decimal.Decimal(1), None), Range(empty=True)]), ("tstzrange", Range(None, dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc))), ("bit(4)", asyncpg.BitString("1010")), ("point", asyncpg.Point(1, 2.5)), ("box", asyncpg.Box(asyncpg.Point(3, 4), asyncpg.Point(1, 2))), ("path", asyncpg.Path(asyncpg.Point(0, 0), asyncpg.Point(1, 1), is_closed=True)), ("money", "$1.50"), ("oid", 4000000000), ("float4", 1.1), ("int4multirange", [Range(1, 3), Range(5, 7)]), ("char(3)", "a"), ("\"char\"", b"z"), ("name", "n"), ("macaddr", "08:00:2b:01:02:03"), ("pg_lsn", 255), ("tid", (1, 2)), ("txid_snapshot", (1, 5, (2, 3))), ("pg_snapshot", (1, 5, (2, 3))), ("jsonpath", "$.a"), ("regclass", "pg_class"), ("record", (1, "a"))]:
        await fails(name, c.fetchval(f"select $1::{name}", value))
    await c.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"); await c.set_type_codec("float8", encoder=repr, decoder=lambda t: "f" + t, schema="pg_catalog", format="text")
    await fails("codecs", c.fetchrow("select $1::jsonb, 1.5::float8, array[1.5::float8]", {"x": [1]})); await c.reset_type_codec("float8", schema="pg_catalog"); await c.reset_type_codec("jsonb", schema="pg_catalog")
    st = await c.prepare("select $1::inner_k, $2::small_k, $3::mood_k[], o, v as name from k")
    print([(p.name, p.kind, p.schema) for p in st.get_parameters()], [(a.name, a.type.name, a.type.kind) for a in st.get_attributes()], st.get_query()[:10], st.get_statusmsg())
    # COPY
    rows = [(i, f"v{i}", None if i % 3 else "ok", ((i % 9, [str(i)], "sad"), None, Range(i, i + 2), None)) for i in range(10, 60)]
    await fails("copy records", c.copy_records_to_table("k", records=rows)); await fails("copy duplicate", c.copy_records_to_table("k", records=[(10, "zz", None, None)])); await fails("copy null", c.copy_records_to_table("k", records=[(500, None)], columns=["id", "v"])); await fails("copy schema", c.copy_records_to_table("nothing", records=[(1,)], schema_name="public"))
    async def generated():
        for i in range(100, 130): yield (i, "g%d" % i)
    await fails("copy async", c.copy_records_to_table("k", records=generated(), columns=["id", "v"]))
    out = io.BytesIO(); print(await c.copy_from_query("select id, v, m from k where id < $1 order by id", 13, output=out, format="csv", header=True), out.getvalue())
    out = io.BytesIO(); print(await c.copy_from_table("k", output=out, columns=["id"], format="binary"), len(out.getvalue()))
    print(await c.copy_to_table("k", source=io.BytesIO(b"300;x\n301;'y;z'\n"), columns=["id", "v"], format="csv", delimiter=";", quote="'")); await fails("copy bad", c.copy_to_table("k", source=io.BytesIO(b"a\tb\n"), columns=["id", "v"]))
    # cursors
    await fails("no transaction", c.cursor("select 1"))
    async with c.transaction():
        cur = await c.cursor("select g from generate_series(1, $1::int) g", 100); print(len(await cur.fetch(10)), await cur.forward(20), await cur.fetchrow(), len(await cur.fetch(1000)), await cur.fetchrow(), cur.exhausted if hasattr(cur, "exhausted") else None)
        print(sum([r["g"] async for r in c.cursor("select generate_series(1, 250) g", prefetch=50)]))
        await c.execute("declare dc cursor for select id, v from k order by id"); print(await c.fetch("fetch 2 from dc"), await c.execute("move 5 in dc"))
        st = await c.prepare("select id from k order by id"); a, b = await st.cursor(), await st.cursor(); print(await a.fetchrow(), await b.fetch(2), await a.fetchrow())
    async with c.transaction(isolation="serializable", readonly=True, deferrable=True): print(await c.fetchrow("select current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable')"))
    # plans after DDL
    q = "select * from k where id = $1"; await c.fetchrow(q, 1); await c.fetchrow(q, 1)
    d = await asyncpg.connect(); await d.execute("alter table k add column extra int default 7")
    await fails("after DDL", c.fetchval(q, 1, column=4))
    async def inside():
        async with c.transaction(): await c.fetchrow(q, 1); return len(await c.fetchrow(q, 1))
    await fails("in a transaction", inside())
    await c.execute("alter type inner_k add attribute z int"); await fails("changed type", c.fetchval("select row(1, null, null, 5)::inner_k")); await c.reload_schema_state(); await fails("reloaded", c.fetchval("select row(1, null, null, 5)::inner_k"))
    await c.execute("alter type mood_k add value 'new'"); await fails("new label", c.fetchval("select $1::mood_k", "new")); await c.execute("drop type float_k; create type float_k as range (subtype = float8)"); await fails("recreated", c.fetchval("select '[1,2)'::float_k"))
    # errors
    for text, args in [("insert into k(id, v) values (1, 'q')", ()), ("insert into k(id, v) values (-1, 'q')", ()), ("insert into k(id) values (5)", ()), ("select * from nothing", ()), ("select nothing from k", ()), ("selec", ()), ("select $1::int / 0", (1,)), ("select 1; select 2", (1,)), ("select $2::int", (1,)), ("select 'a' + 1", ()), ("select nofunc(1)", ()), ("insert into k(id, v, m) values (5, '5', 'zz')", ()), ("set nothing = 1", ()), ("do $$ begin raise exception 'mine' using errcode = 'XY123', detail = 'd', hint = 'h', column = 'c', constraint = 'n'; end $$", ()), ("do $$ begin raise sqlstate '40001'; end $$", ()), ("lock table k", ())]: await fails(text[:40], c.fetch(text, *args))
    await fails("timeout", c.fetch("select pg_sleep(30)", timeout=0.3)); print(await c.fetchval("select 1")); await fails("executemany", c.executemany("insert into k(id, v) values ($1, $2)", [(600, "a"), (601, "b"), (600, "c")])); print(await c.fetchval("select count(*) from k where id >= 600"))
    await fails("fetchmany", c.executemany("insert into k(id, v) values ($1, $2)", [(i, str(i)) for i in range(700, 1200)])); print(await c.execute("update k set v = v || '!' where id >= 700"), await c.execute("select 1; delete from k where id > 1190; select 3"))
    # listeners, logs
    heard = asyncio.Queue(); hear = lambda con, pid, channel, payload: heard.put_nowait((channel, payload, pid == d.get_server_pid())); await c.add_listener("Odd Channel", hear); await c.add_listener("plain", hear)
    for payload in ("1", "é", ""): await d.execute("select pg_notify('Odd Channel', $1)" .replace("$1", "'%s'" % payload))
    await d.execute("notify plain"); print([await asyncio.wait_for(heard.get(), 10) for _ in range(4)]); await c.remove_listener("plain", hear)
    notes = []; c.add_log_listener(lambda con, m: notes.append((m.severity, m.sqlstate, m.message))); await c.execute("do $$ begin raise notice 'hi'; raise warning 'w'; end $$; drop table if exists nothing"); await asyncio.sleep(0); print(notes)
    async with c.transaction():
        try:
            async with c.transaction(): await c.execute("select 1/0")
        except asyncpg.DivisionByZeroError: print("rolled back to the savepoint", await c.fetchval("select 1"))
    print(c.is_in_transaction(), c.get_server_version()[:2], c.get_settings().application_name if hasattr(c.get_settings(), "application_name") else None)
    await c.reset(); await fails("after reset", c.fetchval("select count(*) from pg_listening_channels()"))
    async with asyncpg.create_pool(min_size=1, max_size=3, server_settings={"application_name": "pool", "search_path": "s_k, public"}) as pool:
        print(await pool.fetchrow("select current_setting('application_name'), current_setting('search_path'), 'x'::mood_k"), sum(await asyncio.gather(*[pool.fetchval("select $1::int", i) for i in range(30)])))
    await fails("no database", asyncpg.connect(database="nothing_here")); await fails("no role", asyncpg.connect(user="nobody_here")); await fails("bad setting", asyncpg.connect(server_settings={"nothing": "1"})); await d.close(); await c.close()

asyncio.run(main())
