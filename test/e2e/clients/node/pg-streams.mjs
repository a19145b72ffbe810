/** node-postgres: types, prepared statements, pools, notices, notifications, cancellation; pg-cursor, pg-query-stream, pg-copy-streams. */
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { fails, show } from './show.mjs';

const client = new pg.Client();
const notices = [];
client.on('notice', (notice) => notices.push([notice.severity, notice.code, notice.message]));
await client.connect();

// ---- types, both ways ----
const { rows: everything, fields } =
  await client.query(`select 1::int2 as a, 2 as b, 3::int8 as c, 1.50::numeric as d, 1.5::float4 as e, 2.25::float8 as f, true as g, 'x'::text as h,
  'y '::char(3) as i, 'z'::varchar(9) as j, '\\x00ff'::bytea as k, date '2024-02-29' as l, timestamp '2024-02-29 12:34:56.789' as m, timestamptz '2024-02-29 12:34:56.789+02' as n,
  time '01:02:03' as o, interval '1 year 2 mons 3 days 04:05:06.7' as p, '{"a": [1, null]}'::jsonb as q, '[1,  2]'::json as r, '{1,NULL,3}'::int[] as s, '{a,"b c",NULL}'::text[] as t,
  '{{1,2},{3,4}}'::int8[] as u, '(1,2)'::point as v, '<(1,2),3>'::circle as w, '00000000-0000-0000-0000-000000000007'::uuid as x, '10.0.0.0/8'::cidr as y, null as z`);
show('types', everything);
for (const { name, dataTypeID, dataTypeSize, dataTypeModifier, format, tableID, columnID } of fields)
  show('field', [name, dataTypeID, dataTypeSize, dataTypeModifier, format, tableID, columnID]);
const given = [
  1,
  12345678901234n,
  1.5,
  true,
  'text',
  null,
  new Date(Date.UTC(2024, 1, 29, 12)),
  Buffer.from([0, 1, 255]),
  { a: { b: [1] } },
  [1, 2, null],
  ['a,b', 'c"d', null, ''],
];
const { rows: taken } = await client.query(
  'select $1::int, $2::int8 as b, $3::float8 as c, $4::bool as d, $5::text as e, $6::text as f, $7::timestamptz as g, $8::bytea as h, $9::jsonb as i, $10::int[] as j, $11::text[] as k',
  given,
);
show('parameters', taken);
show('array rows', (await client.query({ text: 'select 1 as a, 2 as a', rowMode: 'array' })).rows);
show('binary', (await client.query({ text: "select 7::int4, 8::int8, true, 'x'::text, 2.5::float8", binary: true, rowMode: 'array' })).rows);
show(
  'several',
  (await client.query('select 1; create temp table one(a int); insert into one values (1), (2); select * from one; drop table one')).map((r) => [
    r.command,
    r.rowCount,
    r.rows,
  ]),
);
show('nothing', (await client.query('')).rows, (await client.query('-- just a comment')).command);

// ---- statements by name ----
for (const n of [1, 2, 3]) show('named', (await client.query({ name: 'plus', text: 'select $1::int + 1 as n', values: [n] })).rows);
await fails('named otherwise', () => client.query({ name: 'plus', text: 'select 2' }));
show('prepared', (await client.query('select name, statement, parameter_types, from_sql from pg_prepared_statements order by 1')).rows);
await client.query('create table changing(a int)');
await client.query('insert into changing values (1)');
const changing = { name: 'changing', text: 'select * from changing' };
show('before', (await client.query(changing)).rows);
await client.query("alter table changing add b text default 'new'");
await fails('after', () => client.query(changing));
await client.query('drop table changing');

// ---- failures ----
await fails('syntax', () => client.query('selec 1'));
await fails('division', () => client.query('select 1/$1::int', [0]));
await fails('type', () => client.query('select $1::int', ['x']));
await fails('count', () => client.query('select $1::int', [1, 2]));
await fails('table', () => client.query('select * from nowhere'));
await fails('one of several', () => client.query('select 1; select 1/0; select 2'));
await client.query("do $$ begin raise notice 'hello %', 1; raise warning 'careful'; end $$");
show('notices', notices);

// ---- tables ----
await client.query(`create table accounts(id serial primary key, owner text not null unique, balance numeric(12,2) not null default 0 check (balance >= 0), tags text[] default '{}', data jsonb,
  opened timestamptz default timestamptz '2024-01-01 00:00+00')`);
show(
  'inserted',
  (
    await client.query("insert into accounts(owner, balance, tags, data) values ($1, $2, $3, $4), ('bob', 5, default, null) returning *", [
      'ann',
      '10.50',
      ['x', 'y z'],
      { k: 1 },
    ])
  ).rows,
);
await fails('unique', () => client.query("insert into accounts(owner) values ('ann')"));
await fails('check', () => client.query('update accounts set balance = -1 where owner = $1', ['bob']));
await fails('not null', () => client.query('insert into accounts(owner) values (null)'));
await client.query('begin');
await client.query('update accounts set balance = balance + 1');
await fails('in a transaction', () => client.query('select nonsense'));
await fails('afterwards', () => client.query('select 1'));
show('rolled back', (await client.query('commit')).command, (await client.query('select sum(balance) from accounts')).rows);
await client.query('begin');
await client.query('savepoint a');
await fails('inside', () => client.query('select 1/0'));
await client.query('rollback to a');
show('rowCount', (await client.query('update accounts set balance = balance + 1')).rowCount, (await client.query('delete from accounts where false')).rowCount);
await client.query('commit');
show('any', (await client.query('select owner from accounts where owner = any($1) order by 1', [['ann', 'bob', 'zoe']])).rows);
show('json', (await client.query("select data->>'k' as k, data @> $1 as has from accounts order by id", [{ k: 1 }])).rows);

// ---- pg-cursor ----
const cursor = client.query(new Cursor('select n, n * n as square from generate_series(1, $1::int) n', [10]));
show('cursor', await cursor.read(3), await cursor.read(3), (await cursor.read(100)).length, await cursor.read(5));
await cursor.close();
const early = client.query(new Cursor('select * from generate_series(1, 1000000)'));
show('early', (await early.read(2)).length);
await early.close();
await client.query('begin');
const [one, two] = [
  client.query(new Cursor('select 1 as a from generate_series(1, 3)', [])),
  client.query(new Cursor("select 'b' as b from generate_series(1, 3)", [])),
];
show('first', await one.read(10));
await one.close();
show('second', await two.read(10));
await two.close();
await client.query('commit');
const wrong = client.query(new Cursor('select 10 / (3 - n) as q from generate_series(1, 5) n'));
show('good rows', await wrong.read(2));
await fails('bad row', () => wrong.read(2));
show('goes on', (await client.query('select 1 as one')).rows);

// ---- pg-query-stream ----
let [count, sum] = [0, 0];
for await (const row of client.query(new QueryStream('select n from generate_series(1, $1::int) n', [2500], { batchSize: 100 }))) {
  count++;
  sum += row.n;
}
show('stream', count, sum);
const stopped = client.query(new QueryStream('select n from generate_series(1, 1000000) n', [], { highWaterMark: 10 }));
for await (const { n } of stopped) if (n === 25) break;
show('stopped', (await client.query('select 2 as two')).rows);
await fails('stream fails', async () => {
  for await (const row of client.query(new QueryStream('select 1 / (50 - n) from generate_series(1, 100) n', [], { batchSize: 10 }))) count += row.n ? 1 : 0;
});

// ---- pg-copy-streams ----
await client.query('create table copied(a int primary key, b text, c timestamptz)');
const lines = Array.from({ length: 5000 }, (_, n) => `${n}\tline ${n}\\n\t2024-01-01 00:00:${String(n % 60).padStart(2, '0')}+00\n`);
const into = client.query(copyFrom('copy copied from stdin'));
await pipeline(Readable.from(lines), into);
show('copied in', into.rowCount, (await client.query('select count(*), sum(a), min(c), max(length(b)) from copied')).rows);
const chunks = [];
const outOf = client.query(copyTo('copy (select a, b from copied where a < 3 order by a) to stdout with (format csv, header, force_quote *)'));
await pipeline(outOf, new Writable({ write: (chunk, _, done) => (chunks.push(chunk), done()) }));
show('copied out', Buffer.concat(chunks).toString(), outOf.rowCount);
const binary = [];
await pipeline(
  client.query(copyTo("copy (select 1::int, 'x'::text, null::int) to stdout binary")),
  new Writable({ write: (chunk, _, done) => (binary.push(chunk), done()) }),
);
show('binary copy', Buffer.concat(binary));
await fails('copy of nonsense', () => pipeline(Readable.from(['9999\tx\t2024-01-01\nnonsense\tx\t\\N\n']), client.query(copyFrom('copy copied from stdin'))));
await fails('copy of a key that is there', () => pipeline(Readable.from(['1\tx\t\\N\n']), client.query(copyFrom('copy copied from stdin'))));
await fails('copy that the client gives up', () =>
  pipeline(
    Readable.from(
      (function* () {
        yield '7000\tx\t\\N\n';
        throw new Error('given up');
      })(),
    ),
    client.query(copyFrom('copy copied from stdin')),
  ),
);
show('still', (await client.query('select count(*) from copied')).rows);

// ---- notifications, cancellation, pools ----
const other = new pg.Client({ application_name: 'other' });
await other.connect();
await client.query('listen "News"');
const heard = once(client, 'notification');
await other.query('notify "News", \'payload é\'');
const [{ channel, payload, processId }] = await heard;
show('heard', channel, payload, processId === other.processID);
const {
  rows: [{ pid }],
} = await client.query('select pg_backend_pid() as pid');
const sleeping = fails('cancelled', () => client.query('select pg_sleep(60)'));
while ((await other.query("select 1 from pg_stat_activity where pid = $1 and query like '%pg_sleep%' and state = 'active'", [pid])).rowCount === 0);
await other.query('select pg_cancel_backend($1)', [pid]);
await sleeping;
await client.query("set statement_timeout = '50ms'");
await fails('timeout', () => client.query('select pg_sleep(60)'));
await client.query('reset statement_timeout');
other.on('error', (error) => show('other ends', error.code, error.message));
const gone = new Promise((resolve) => other.once('end', resolve));
await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'other'");
await gone;
const pool = new pg.Pool({ max: 4 });
const numbers = await Promise.all(Array.from({ length: 40 }, async (_, n) => (await pool.query('select $1::int as n, pg_sleep(0.001)', [n])).rows[0].n));
show('pool', numbers.length, new Set(numbers).size, pool.totalCount);
const held = await pool.connect();
await held.query("begin; insert into accounts(owner) values ('carl')");
show('unseen', (await pool.query("select count(*) from accounts where owner = 'carl'")).rows);
await held.query('rollback');
held.release();
await pool.end();
const configured = new pg.Client({
  statement_timeout: 1234,
  lock_timeout: 99,
  idle_in_transaction_session_timeout: 5000,
  options: '-c search_path=pg_catalog -c work_mem=5MB',
});
await configured.connect();
for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'search_path', 'work_mem'])
  show(name, (await configured.query(`show ${name}`)).rows[0]);
await configured.end();
await fails('nowhere', () => new pg.Client({ database: 'nowhere' }).connect());
await fails('nobody', () => new pg.Client({ user: 'nobody' }).connect());
await client.query('drop table accounts, copied');
await client.end();
