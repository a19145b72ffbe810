"""psycopg2: adaptation of values, named cursors, COPY, errors, isolation levels."""
import datetime, decimal, io, uuid
import psycopg2, psycopg2.extras

c = psycopg2.connect("")
psycopg2.extras.register_uuid()
cur = c.cursor()
cur.execute("create table p2(id serial primary key, a int, b text, c numeric(10,2), d date, e timestamptz, f jsonb, g uuid, h int[], i bytea, j interval, k bool)")
values = (1, "x'y", decimal.Decimal("1.50"), datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
          psycopg2.extras.Json({"a": 1}), uuid.UUID(int=7), [1, 2, None], b"\x00\xff", datetime.timedelta(days=1, seconds=5), True)
cur.execute("insert into p2(a,b,c,d,e,f,g,h,i,j,k) values (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s) returning id", values)
print(cur.fetchone())
cur.execute("select * from p2")
row = cur.fetchone()
print(row[:9], bytes(row[9]), row[10:])
print([(d.name, d.type_code, d.internal_size, d.precision, d.scale) for d in cur.description])
c.commit()
named = c.cursor("nm")
named.itersize = 2
named.execute("select generate_series(1,7)")
print([r[0] for r in named])
named.close()
scrolling = c.cursor("sc", scrollable=True, withhold=True)
scrolling.execute("select generate_series(1,7)")
scrolling.scroll(5); print(scrolling.fetchone()); scrolling.scroll(-3); print(scrolling.fetchone())
c.commit(); print(scrolling.fetchone()); scrolling.close()
psycopg2.extras.execute_values(cur, "insert into p2(a,b) values %s", [(i, str(i)) for i in range(100)])
print(cur.rowcount)
cur.copy_expert("copy p2(a,b) from stdin", io.StringIO("7\tseven\n")); print(cur.rowcount)
out = io.StringIO()
cur.copy_expert("copy (select a,b from p2 order by id limit 2) to stdout csv header", out); print(out.getvalue())
for mistake in ["select 1/0", "select nope", "insert into p2(id) values (1)", "select", "insert into p2(a) values ('x')"]:
    cur.execute("savepoint s")
    try: cur.execute(mistake)
    except psycopg2.Error as e: print(type(e).__name__, e.pgcode, e.diag.message_primary, e.diag.constraint_name, e.diag.table_name, e.diag.statement_position)
    cur.execute("rollback to s")
c.commit()
c.set_session(isolation_level="serializable", readonly=True)
cur.execute("show transaction_isolation"); print(cur.fetchone())
try: cur.execute("insert into p2(a) values (1)")
except psycopg2.Error as e: print(e.pgcode)
c.rollback()
print(c.server_version, c.encoding, c.get_parameter_status("standard_conforming_strings"), c.notices)
d = psycopg2.connect("", cursor_factory=psycopg2.extras.RealDictCursor)
d.autocommit = True
with d.cursor() as k:
    k.execute("listen ch; notify ch, 'hello'"); d.poll(); print([(n.channel, n.payload) for n in d.notifies])
    k.execute("select 1 as a, '2'::text as b"); print(dict(k.fetchone()))
