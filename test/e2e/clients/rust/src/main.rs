//! tokio-postgres: types from the catalog, pipelines, portals, binary COPY, transactions, notifications, errors with their fields, cancelling.
use bytes::Bytes;
use futures_util::{future, pin_mut, stream, SinkExt, StreamExt, TryStreamExt};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::types::{FromSql, Kind, ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Error, IsolationLevel, NoTls, SimpleQueryMessage};

fn target() -> String {
    let get = |name| std::env::var(name).unwrap();
    format!("host={} port={} user={} dbname={}", get("PGHOST"), get("PGPORT"), get("PGUSER"), get("PGDATABASE"))
}

async fn connect() -> Client {
    let (client, connection) = tokio_postgres::connect(&target(), NoTls).await.unwrap();
    tokio::spawn(async move { connection.await.ok() });
    client
}

fn failure(label: &str, error: Error) {
    match error.as_db_error() {
        Some(e) => println!("{label} !! {} {} {} {:?} {:?} {:?} {:?} {:?}", e.code().code(), e.severity(), e.message(), e.detail(), e.hint(), e.constraint(), e.column(), e.position()),
        None => println!("{label} !! {error}"),
    }
}

fn shape(t: &Type) -> String {
    match t.kind() {
        Kind::Simple => t.name().to_string(),
        Kind::Enum(labels) => format!("enum {} {:?}", t.name(), labels),
        Kind::Array(of) => format!("array of {}", shape(of)),
        Kind::Range(of) => format!("range {} of {}", t.name(), shape(of)),
        Kind::Domain(of) => format!("domain {} over {}", t.name(), shape(of)),
        Kind::Composite(fields) => format!("composite {} ({})", t.name(), fields.iter().map(|f| format!("{} {}", f.name(), shape(f.type_()))).collect::<Vec<_>>().join(", ")),
        _ => format!("other {}", t.name()),
    }
}

async fn back<T: ToSql + Sync + for<'a> FromSql<'a> + std::fmt::Debug>(c: &Client, t: &str, value: T) {
    match c.query_one(&format!("select $1::{t}"), &[&value]).await {
        Ok(row) => println!("{t} {:?}", row.try_get::<_, T>(0)),
        Err(e) => failure(t, e),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut c = connect().await;
    c.batch_execute("create type mood_r as enum ('sad', 'ok'); create domain small_r as int check (value < 10); create type inner_r as (a small_r, m mood_r[]); create type float_r as range (subtype = float8);
        create type outer_r as (i inner_r, r float_r, d date[]); create table r(id int primary key, name varchar(10) not null, o outer_r, at timestamptz, n numeric, constraint positive check (id > 0))").await.unwrap();
    let st = c.prepare("select $1::outer_r, $2::small_r, $3::mood_r, o, name, null::float_r[], '{}'::int4multirange from r where id = $4").await.unwrap();
    println!("{:?}", st.params().iter().map(shape).collect::<Vec<_>>());
    println!("{:?}", st.columns().iter().map(|k| format!("{} {}", k.name(), shape(k.type_()))).collect::<Vec<_>>());

    back(&c, "bool", true).await; back(&c, "int2", -5i16).await; back(&c, "int4", i32::MIN).await; back(&c, "int8", i64::MAX).await; back(&c, "oid", u32::MAX).await; back(&c, "float4", 1.5f32).await; back(&c, "float8", f64::NEG_INFINITY).await;
    back(&c, "text", "é\u{1F600}".to_string()).await; back(&c, "varchar(3)", "abcdef".to_string()).await; back(&c, "bytea", vec![0u8, 255]).await; back(&c, "char(4)", "a".to_string()).await; back(&c, "name", "n".to_string()).await; back(&c, "\"char\"", 65i8).await;
    back(&c, "int4[]", vec![Some(1), None]).await; back(&c, "text[]", vec!["a\"\\".to_string()]).await; back(&c, "timestamptz", UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456)).await; back(&c, "small_r", 5i32).await; back(&c, "small_r", 50i32).await; back::<Option<i32>>(&c, "int4", None).await; back(&c, "inet", std::net::IpAddr::from([10, 0, 0, 1])).await;
    back(&c, "int4", "wrong type".to_string()).await;

    // Pipelines: many statements are under way at once.
    let insert = c.prepare("insert into r(id, name) values ($1, $2) returning id").await.unwrap();
    let names: Vec<(i32, String)> = (1..=40).map(|i| (i, format!("n{i}"))).collect();
    let done = future::try_join_all(names.iter().map(|(i, n)| { let (c, insert) = (&c, &insert); async move { c.query_one(insert, &[i, n]).await } })).await.unwrap();
    println!("{}", done.iter().map(|r| r.get::<_, i32>(0)).sum::<i32>());
    let (a, b, d) = future::join3(c.query("select 1 / $1::int4", &[&0i32]), c.query("select 2::int4", &[]), c.execute("update r set name = name || 'x' where id > $1", &[&30i32])).await;
    failure("division", a.err().unwrap()); println!("{:?} {:?}", b.unwrap()[0].get::<_, i32>(0), d);
    for (sql, id) in [("insert into r(id, name) values ($1, 'twice')", 1i32), ("insert into r(id, name) values ($1, 'check')", -1), ("insert into r(id) values ($1)", 99), ("select nothing + $1 from r", 1), ("insert into r(id, name) values ($1, 'longer than ten')", 98), ("select * from nothing where $1 = 1", 1), ("selec $1", 1)] {
        match c.execute(sql, &[&id]).await { Ok(n) => println!("{n}"), Err(e) => failure(sql, e) }
    }
    match c.query_one("select id from r", &[]).await { Ok(_) => println!("one"), Err(e) => println!("{e}") }
    println!("{:?}", c.query_opt("select id from r where id = $1", &[&1000i32]).await.unwrap().is_none());

    // Portals of a transaction
    {
        let t = c.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await.unwrap();
        let portal = t.bind("select id from r order by id", &[]).await.unwrap();
        let (x, y) = (t.query_portal(&portal, 15).await.unwrap(), t.query_portal(&portal, 100).await.unwrap());
        println!("{} {} {}", x.len(), y.len(), t.query_portal(&portal, 1).await.unwrap().len());
        match t.execute("delete from r", &[]).await { Ok(_) => println!("deleted"), Err(e) => failure("read only", e) }
        t.rollback().await.unwrap();
        let mut t = c.transaction().await.unwrap();
        { let s = t.savepoint("inner_point").await.unwrap(); s.execute("delete from r", &[]).await.unwrap(); }
        println!("{}", t.query_one("select count(*) from r", &[]).await.unwrap().get::<_, i64>(0));
        t.commit().await.unwrap();
    }
    let rows = c.query_raw("select generate_series(1, $1::int4)", vec![&3000i32 as &(dyn ToSql + Sync)]).await.unwrap();
    println!("{}", rows.try_fold(0i64, |sum, r| future::ok(sum + i64::from(r.get::<_, i32>(0)))).await.unwrap());
    println!("{:?}", c.simple_query("select 1 as a, null as b; insert into r(id, name) values (60, 'q'), (61, 'q'); select 'x' where false").await.unwrap().iter().map(|m| match m { SimpleQueryMessage::Row(r) => format!("{:?} {:?}", r.get("a"), r.get(1)), SimpleQueryMessage::CommandComplete(n) => format!("{n:?}"), _ => "?".to_string() }).collect::<Vec<_>>());

    // COPY
    let sink = c.copy_in("copy r(id, name, at) from stdin (format binary)").await.unwrap();
    let writer = BinaryCopyInWriter::new(sink, &[Type::INT4, Type::VARCHAR, Type::TIMESTAMPTZ]); pin_mut!(writer);
    for i in 200..260i32 { writer.as_mut().write(&[&i, &"bin", &Some(UNIX_EPOCH + Duration::from_secs(i as u64))]).await.unwrap(); }
    println!("{}", writer.finish().await.unwrap());
    let out = c.copy_out("copy (select id, name, at from r where id >= 258 order by id) to stdout (format binary)").await.unwrap();
    let rows: Vec<_> = BinaryCopyOutStream::new(out, &[Type::INT4, Type::VARCHAR, Type::TIMESTAMPTZ]).try_collect().await.unwrap();
    println!("{:?}", rows.iter().map(|r| (r.get::<i32>(0), r.get::<&str>(1), r.get::<SystemTime>(2).duration_since(UNIX_EPOCH).unwrap().as_secs())).collect::<Vec<_>>());
    let sink = c.copy_in("copy r(id, name) from stdin").await.unwrap(); pin_mut!(sink);
    sink.send_all(&mut stream::iter(["300\ta\n", "x\tb\n"].into_iter().map(|s| Ok(Bytes::from_static(s.as_bytes()))))).await.unwrap();
    match sink.as_mut().finish().await { Ok(n) => println!("{n}"), Err(e) => failure("copy", e) }
    { let sink = c.copy_in::<_, Bytes>("copy r(id, name) from stdin").await.unwrap(); drop(sink); }
    println!("{}", c.query_one("select count(*) from r where id >= 300", &[]).await.unwrap().get::<_, i64>(0));

    // DDL under a prepared statement, DISCARD, settings
    let st = c.prepare("select * from r where id = 1").await.unwrap();
    c.batch_execute("alter table r drop column n").await.unwrap();
    match c.query(&st, &[]).await { Ok(r) => println!("{}", r[0].len()), Err(e) => failure("after DDL", e) }
    let st = c.prepare_typed("select $1 || $2", &[Type::TEXT, Type::TEXT]).await.unwrap(); println!("{}", c.query_one(&st, &[&"a", &"b"]).await.unwrap().get::<_, String>(0));
    match c.prepare("select $1").await { Ok(s) => println!("{:?}", s.params()), Err(e) => failure("untyped", e) }

    // Notifications and notices
    let (listener, mut connection) = tokio_postgres::connect(&target(), NoTls).await.unwrap();
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move { let s = stream::poll_fn(move |cx| connection.poll_message(cx)); pin_mut!(s); while let Some(Ok(m)) = s.next().await { if send.send(m).is_err() { break } } });
    listener.batch_execute("listen \"Ch\"; do $$ begin raise notice 'hello' using detail = 'd'; end $$").await.unwrap();
    c.batch_execute("select pg_notify('Ch', 'é'); notify \"Ch\"").await.unwrap();
    for _ in 0..3 { match receive.recv().await.unwrap() { AsyncMessage::Notification(n) => println!("{} {:?}", n.channel(), n.payload()), AsyncMessage::Notice(n) => println!("{} {} {:?}", n.severity(), n.message(), n.detail()), _ => println!("?") } }

    // Cancelling, time limits
    let token = c.cancel_token();
    let (slept, _) = future::join(c.batch_execute("select pg_sleep(30)"), async move { tokio::time::sleep(Duration::from_millis(300)).await; token.cancel_query(NoTls).await.unwrap() }).await;
    failure("cancelled", slept.err().unwrap());
    match c.batch_execute("set statement_timeout = 200; select pg_sleep(30)").await { Ok(()) => println!("slept"), Err(e) => failure("timeout", e) }
    c.batch_execute("drop table r; drop type outer_r, inner_r, mood_r, float_r; drop domain small_r").await.unwrap();
    match tokio_postgres::connect(&target().replace("dbname=", "dbname=no_"), NoTls).await { Ok(_) => println!("connected"), Err(e) => println!("{:?}", e.code().map(|code| code.code().to_string())) }
    println!("done");
}
