"""asyncpg: introspection of types, cursors, binary COPY, prepared statements, transactions."""
import asyncio, datetime, decimal, os
import asyncpg

async def main():
    a = await asyncpg.connect()
    await a.execute("create type mood_a as enum('a','b'); create type pt_a as (x int, y text[]); create domain dom_a as text check (value <> ''); create table ap(a int, b text, c dom_a)")
    at = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    print(await a.fetch("select $1::int[] as x, $2::jsonb j, $3::timestamptz t, $4::numeric n, $5::interval i", [1, None, 2], '{"a":1}', at, decimal.Decimal("1.5"), datetime.timedelta(1, 2)))
    print(await a.fetchrow("select 'a'::mood_a m, row(1,'{z}')::pt_a p, int4range(1,5) r, array[row(1,null)::pt_a] ps, 'q'::dom_a d, array['b'::mood_a] ms"))
    print(await a.fetchval("select $1::mood_a", "b"), await a.fetchval("select ($1::pt_a).y", (1, ["k"])))
    async with a.transaction():
        print([r["g"] async for r in a.cursor("select generate_series(1,120) g", prefetch=7)][-3:])
    print(await a.copy_records_to_table("ap", records=[(1, "aa", "k"), (2, None, None)], columns=["a", "b", "c"]))
    await a.executemany("insert into ap(a) values ($1)", [(i,) for i in range(10, 20)])
    st = await a.prepare("select $1::text || 'x' as v, a from ap order by a"); print(await st.fetchval("q"), [p.name for p in st.get_parameters()], [(f.name, f.type.name) for f in st.get_attributes()])
    try:
        async with a.transaction():
            await a.execute("insert into ap values (99)")
            async with a.transaction(): await a.execute("select 1/0")
    except asyncpg.DivisionByZeroError as e: print(e.sqlstate)
    print(await a.fetchval("select count(*) from ap"), a.get_server_version()[:1], a.get_settings().server_encoding)
    async with a.transaction(isolation="repeatable_read", readonly=True):
        print(await a.fetchval("show transaction_isolation"))
    got = asyncio.get_event_loop().create_future()
    await a.add_listener("ch", lambda c, pid, channel, payload: got.done() or got.set_result(payload)); await a.execute("notify ch, 'hi'"); print(await asyncio.wait_for(got, 10))
    await a.reset(); await a.close()
    pool = await asyncpg.create_pool(min_size=2, max_size=4)
    print(sorted(await asyncio.gather(*[pool.fetchval("select $1::int * 2", i) for i in range(20)]))[-1]); await pool.close()
asyncio.run(main())
