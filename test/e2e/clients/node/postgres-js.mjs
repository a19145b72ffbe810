/** postgres.js: its type fetching, tagged templates, dynamic helpers, pipelines, transactions and savepoints, cursors, COPY, listen, errors. */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { fails, server, show } from './show.mjs';

const notices = [];
const parameters = [];
const sql = postgres({
  ...server,
  max: 3,
  types: { bigint: postgres.BigInt },
  onnotice: ({ severity, code, message }) => notices.push([severity, code, message]),
  onparameter: (name) => parameters.push(name),
  connection: { application_name: 'postgres-js', search_path: 'public,pg_catalog' },
});

show(
  'types',
  ...(await sql`select 1::int2 as a, 2::int4 as b, 9007199254740993::int8 as c, 1.50::numeric as d, 1.5::float8 as e, true as f, 'x'::text as g, '\\x00ff'::bytea as h,
  date '2024-02-29' as i, timestamp '2024-02-29 12:00' as j, timestamptz '2024-02-29 12:00+02' as k, interval '1 day' as l, '{"a": 1}'::jsonb as m, '[1]'::json as n, '{1,2,NULL}'::int[] as o,
  '{a,"b,c",NULL}'::text[] as p, '{{1,2},{3,4}}'::int[] as q, '{2024-01-01}'::date[] as r, '{t,f}'::bool[] as s, '00000000-0000-0000-0000-000000000001'::uuid as t, null as u, '{"{\\"a\\": 1}"}'::jsonb[] as v`),
);
show(
  'parameters',
  ...(await sql`select ${1} + 1 as a, ${'x'}::text as b, ${true}::bool as c, ${null}::text as d, ${new Date(Date.UTC(2024, 0, 1))}::timestamptz as e, ${Buffer.from('é')}::bytea as f,
  ${sql.json({ a: [1, null] })}::jsonb as g, ${[1, 2, 3]}::int[] as h, ${['a', 'b"c', 'd\\e', '']}::text[] as i, ${9007199254740993n}::int8 as j, ${sql.array([1n, 2n], 1016)} as k`),
);
const described = await sql`select 1 as a, 'x'::varchar(5) as b, now() as c`.describe();
show(
  'described',
  described.types,
  described.columns.map(({ name, type, table, number }) => [name, type, table, number]),
);
show(
  'columns',
  (await sql`select 1 as a, null::numeric(5,2) as b`).columns.map(({ name, type }) => [name, type]),
);
show('values', await sql`select 1, 'two'`.values(), await sql`select 1, 'two'`.raw());
show(
  'simple',
  (await sql`select 1 as a; select 2 as b`.simple()).map((rows) => [...rows]),
);

await sql`create table users(id serial primary key, name text not null unique, age int, tags text[] not null default '{}', profile jsonb, born date, big bigint, secret bytea)`;
await sql`create table if not exists users(id int)`;
show('notices', notices);
const people = [
  { name: 'ann', age: 30, tags: ['a', 'b'], profile: { likes: ['tea'] }, born: '1990-01-01', big: 9223372036854775807n, secret: Buffer.from([1, 2]) },
  { name: 'bob', age: null, tags: [], profile: null, born: null, big: null, secret: null },
];
const inserted = await sql`insert into users ${sql(people)} returning *`;
show('inserted', inserted.count, inserted.command, ...inserted);
show('one column', await sql`insert into users ${sql({ name: 'carl' }, 'name')} returning id, name`);
show('updated', await sql`update users set ${sql({ age: 31, name: 'Ann' }, 'age', 'name')} where id = ${1} returning age, name`);
show('in', await sql`select name from users where name in ${sql(['Ann', 'bob', 'zoe'])} order by name`);
show('identifiers', await sql`select ${sql(['name', 'age'])} from ${sql('public.users')} where ${sql('users.id')} = 1`);
const orderBy = (column) => sql`order by ${sql(column)} desc`;
show('fragments', await sql`select name from users ${true ? sql`where age is null` : sql``} ${orderBy('name')}`);
show(
  'values list',
  await sql`select * from (values ${sql([
    [1, 'a'],
    [2, 'b'],
  ])}) as v(n, t)`,
);
show(
  'update from',
  (
    await sql`update users set age = (v.age)::int from (values ${sql([
      ['1', '40'],
      ['2', '50'],
    ])}) as v(id, age) where users.id = (v.id)::int returning users.name, users.age`
  )
    .map((r) => [r.name, r.age])
    .sort(),
);
show('jsonb', await sql`select profile->'likes'->>0 as like from users where profile @> ${sql.json({ likes: ['tea'] })}`);
show('unsafe', await sql.unsafe('select $1::int + $2 as sum', [1, 2]));

await fails('unique', () => sql`insert into users(name) values ('bob')`);
await fails('syntax', () => sql`selec`);
await fails('column', () => sql`select nonsense from users`);
await fails('type', () => sql`select ${'x'}::int`);
await fails('overflow', () => sql`select 2147483647 + ${1}::int`);

show(
  'committed',
  await sql.begin(async (tx) => {
    await tx`insert into users(name) values ('dora')`;
    await tx
      .savepoint(async (save) => {
        await save`insert into users(name) values ('dora')`;
      })
      .catch((error) => show('savepoint', error.code === '23505', error.constraint_name, error.detail, error.table_name, error.schema_name));
    return await tx`select count(*)::int from users`;
  }),
);
await fails('rolled back', () =>
  sql.begin(async (tx) => {
    await tx`delete from users`;
    throw Object.assign(new Error('no'), { code: 'mine' });
  }),
);
show('level', await sql.begin('isolation level repeatable read read only', (tx) => tx`show transaction_isolation`));
await fails('read only', () => sql.begin('read only', (tx) => tx`delete from users`));
show(
  'all at once',
  (await sql.begin((tx) => [tx`select 1 as a`, tx`select 2 as a`, tx`select count(*)::int as a from users`])).map(([row]) => row.a),
);
show(
  'many at once',
  (await Promise.all(Array.from({ length: 50 }, (_, n) => sql`select ${n}::int as n`))).reduce((sum, [{ n }]) => sum + n, 0),
);

const seen = [];
await sql`select n from generate_series(1, 25) n`.cursor(10, (rows) => {
  seen.push(rows.length);
});
show('cursor', seen);
for await (const [row] of sql`select n from generate_series(1, 5) n`.cursor()) if (row.n === 3) break;
let total = 0;
await sql`select n from generate_series(1, 1000) n`.forEach((row) => {
  total += row.n;
});
show('forEach', total);
await fails('cursor fails', () => sql`select 1 / (15 - n) from generate_series(1, 30) n`.cursor(10, () => undefined));

await pipeline(Readable.from(['eve\t20\n', 'fay\t\\N\n']), await sql`copy users(name, age) from stdin`.writable());
const out = [];
await pipeline(
  await sql`copy (select name, age from users order by name collate "C") to stdout csv header`.readable(),
  new Writable({ write: (chunk, _, done) => (out.push(chunk), done()) }),
);
show('copy', Buffer.concat(out).toString());

const heard = new Promise((resolve) => {
  sql.listen('news', resolve, () => sql.notify('news', 'hello'));
});
show('heard', await heard);
const query = sql`select pg_sleep(60)`;
const cancelled = fails('cancelled', () => query);
setTimeout(() => query.cancel(), 200);
await cancelled;
const reserved = await sql.reserve();
await reserved`set application_name = 'reserved'`;
show('reserved', await reserved`show application_name`, parameters.includes('application_name'), parameters.includes('server_version'));
reserved.release();
const transformed = postgres({ ...server, max: 1, transform: { ...postgres.camel, undefined: null }, prepare: false });
show('camel', await transformed`select 1 as snake_case, ${undefined}::int as not_there`, await transformed`select ${'x'}::text || ${'y'}::text as joined_text`);
await transformed.end();
await sql`create type mood as enum ('sad', 'happy')`;
await sql`create table moods(a mood, b mood[], c int4range)`;
const fresh = postgres({ ...server, max: 1 });
show('enum', await fresh`insert into moods values (${'happy'}, ${['sad', 'happy']}, ${'[1,5)'}) returning *`);
await fails('enum of nonsense', () => fresh`insert into moods(a) values (${'angry'})`);
show('arrays', await fresh`select array_agg(a) as a, array_agg(c) as c from moods`);
await fresh.end();
await sql`drop table users, moods; drop type mood`.simple();
await sql.end();
