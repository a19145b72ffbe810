/** Drizzle: tables in its DSL, its migrator, relational queries, typed columns of all kinds, prepared statements, transactions, over node-postgres and postgres.js. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  and,
  arrayContains,
  arrayOverlaps,
  asc,
  avg,
  between,
  count,
  countDistinct,
  desc,
  eq,
  exists,
  gt,
  ilike,
  inArray,
  isNull,
  like,
  lt,
  max,
  ne,
  not,
  notInArray,
  or,
  relations,
  sql,
  sum,
} from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { drizzle as drizzleOverPostgresJs } from 'drizzle-orm/postgres-js';
import * as c from 'drizzle-orm/pg-core';
import pg from 'pg';
import postgres from 'postgres';
import { fails, server, show } from './show.mjs';

const mood = c.pgEnum('mood', ['sad', 'happy']);
const users = c.pgTable(
  'users',
  {
    id: c.serial('id').primaryKey(),
    name: c.varchar('name', { length: 40 }).notNull().unique(),
    mood: mood('mood').default('happy'),
    small: c.smallint('small'),
    big: c.bigint('big', { mode: 'bigint' }),
    safe: c.bigint('safe', { mode: 'number' }),
    price: c.numeric('price', { precision: 10, scale: 2 }),
    real: c.real('real'),
    double: c.doublePrecision('double'),
    active: c.boolean('active').notNull().default(true),
    letter: c.char('letter', { length: 3 }),
    tags: c.text('tags').array().notNull().default(sql`'{}'`),
    grid: c.integer('grid').array().array(),
    data: c.jsonb('data'),
    plain: c.json('plain'),
    day: c.date('day'),
    dayObject: c.date('day_object', { mode: 'date' }),
    clock: c.time('clock'),
    local: c.timestamp('local', { precision: 3 }),
    at: c.timestamp('at', { withTimezone: true, mode: 'string' }),
    span: c.interval('span'),
    key: c.uuid('key').defaultRandom(),
    address: c.inet('address'),
    network: c.cidr('network'),
    mac: c.macaddr('mac'),
    point: c.point('point'),
    line: c.line('line'),
    bytes: c.customType({ dataType: () => 'bytea' })('bytes'),
    loud: c.text('loud').generatedAlwaysAs(sql`upper(name)`),
    inviter: c.integer('inviter').references(() => users.id),
  },
  (t) => [c.index('users_day').on(t.day.desc(), t.name), c.check('users_price', sql`${t.price} >= 0`)],
);
const posts = c.pgTable('posts', {
  id: c.integer('id').primaryKey().generatedAlwaysAsIdentity(),
  title: c.text('title').notNull(),
  author: c.integer('author').references(() => users.id, { onDelete: 'cascade' }),
  score: c.integer('score').default(0),
});
const tags = c.pgTable('post_tags', { post: c.integer('post').references(() => posts.id), tag: c.text('tag') }, (t) => [
  c.primaryKey({ columns: [t.post, t.tag] }),
]);
const userRelations = relations(users, ({ many, one }) => ({
  posts: many(posts),
  inviter: one(users, { fields: [users.inviter], references: [users.id], relationName: 'invited' }),
  guests: many(users, { relationName: 'invited' }),
}));
const postRelations = relations(posts, ({ many, one }) => ({ author: one(users, { fields: [posts.author], references: [users.id] }), tags: many(tags) }));
const tagRelations = relations(tags, ({ one }) => ({ post: one(posts, { fields: [tags.post], references: [posts.id] }) }));
const popular = c.pgView('popular', { title: c.text('title'), n: c.integer('n') }).as(sql`select title, score as n from posts where score > 5`);
const schema = { users, posts, tags, userRelations, postRelations, tagRelations };
const pool = new pg.Pool({ max: 3 });
const db = drizzle(pool, { schema });

// ---- migrations, in the form that drizzle-kit writes them ----
const folder = mkdtempSync(join(tmpdir(), 'shoal-drizzle-'));
const steps = {
  '0000_first': `CREATE TYPE "public"."mood" AS ENUM('sad', 'happy');--> statement-breakpoint
CREATE TABLE "users" ("id" serial PRIMARY KEY NOT NULL, "name" varchar(40) NOT NULL, "mood" "mood" DEFAULT 'happy', "small" smallint, "big" bigint, "safe" bigint, "price" numeric(10, 2), "real" real, "double" double precision,
  "active" boolean DEFAULT true NOT NULL, "letter" char(3), "tags" text[] DEFAULT '{}' NOT NULL, "grid" integer[][], "data" jsonb, "plain" json, "day" date, "day_object" date, "clock" time, "local" timestamp(3), "at" timestamp with time zone,
  "span" interval, "key" uuid DEFAULT gen_random_uuid(), "address" "inet", "network" "cidr", "mac" "macaddr", "point" "point", "line" "line", "bytes" "bytea", "loud" text GENERATED ALWAYS AS (upper(name)) STORED, "inviter" integer,
  CONSTRAINT "users_name_unique" UNIQUE("name"), CONSTRAINT "users_price" CHECK ("users"."price" >= 0));--> statement-breakpoint
CREATE TABLE "posts" ("id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "posts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1), "title" text NOT NULL, "author" integer, "score" integer DEFAULT 0);--> statement-breakpoint
CREATE TABLE "post_tags" ("post" integer, "tag" text, CONSTRAINT "post_tags_post_tag_pk" PRIMARY KEY("post","tag"));--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_inviter_users_id_fk" FOREIGN KEY ("inviter") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "posts" ADD CONSTRAINT "posts_author_users_id_fk" FOREIGN KEY ("author") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "post_tags" ADD CONSTRAINT "post_tags_post_posts_id_fk" FOREIGN KEY ("post") REFERENCES "posts"("id") ON DELETE no action ON UPDATE no action;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
CREATE INDEX "users_day" ON "users" USING btree ("day" DESC NULLS LAST,"name");`,
  '0001_second': `ALTER TABLE "posts" ALTER COLUMN "score" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "posts" ALTER COLUMN "score" SET DATA TYPE integer;--> statement-breakpoint
CREATE VIEW "public"."popular" AS (select title, score as n from posts where score > 5);`,
};
mkdirSync(join(folder, 'meta'));
for (const [tag, text] of Object.entries(steps)) writeFileSync(join(folder, `${tag}.sql`), text);
writeFileSync(
  join(folder, 'meta', '_journal.json'),
  JSON.stringify({
    version: '7',
    dialect: 'postgresql',
    entries: Object.keys(steps).map((tag, idx) => ({ idx, version: '7', when: 1700000000000 + idx, tag, breakpoints: true })),
  }),
);
await migrate(db, { migrationsFolder: folder });
await migrate(db, { migrationsFolder: folder });
show('migrations', (await db.execute(sql`select id, created_at from drizzle.__drizzle_migrations order by id`)).rows);
rmSync(folder, { recursive: true });

// ---- rows ----
const ann = {
  name: 'ann',
  small: 1,
  big: 9223372036854775807n,
  safe: 9007199254740991,
  price: '10.50',
  real: 1.5,
  double: 1e-300,
  letter: 'ab',
  tags: ['a', 'b,c', '"d"', '', 'e\\f'],
  grid: [
    [1, 2],
    [3, 4],
  ],
  data: { a: [1, null, { b: 'é' }] },
  plain: [1, 'x'],
  day: '2024-02-29',
  dayObject: new Date(Date.UTC(2024, 1, 29)),
  clock: '12:34:56.7',
  local: new Date(Date.UTC(2024, 0, 1, 2, 3, 4, 567)),
  at: '2024-01-01 12:00:00+02',
  span: '1 day 02:03:04',
  key: '00000000-0000-0000-0000-000000000001',
  address: '10.0.0.1/8',
  network: '10.0.0.0/8',
  mac: '08:00:2b:01:02:03',
  point: [1.5, -2],
  line: [1, -1, 0],
  bytes: Buffer.from([0, 255]),
};
show('ann', await db.insert(users).values(ann).returning());
show(
  'others',
  await db
    .insert(users)
    .values([
      { name: 'bob', mood: 'sad', inviter: 1, key: null },
      { name: 'carl', inviter: 1, active: false, key: null },
    ])
    .returning({ id: users.id, name: users.name, loud: users.loud }),
);
await db
  .insert(posts)
  .values([{ title: 'one', author: 1, score: 10 }, { title: 'two', author: 1, score: 3 }, { title: 'three', author: 2, score: 7 }, { title: 'four' }]);
await db.insert(tags).values([
  { post: 1, tag: 'x' },
  { post: 1, tag: 'y' },
  { post: 3, tag: 'x' },
]);
await fails('unique', () => db.insert(users).values({ name: 'ann' }));
await fails('check', () => db.insert(users).values({ name: 'x', price: '-1' }));
await fails('enum', () => db.execute(sql`insert into users(name, mood) values ('x', ${'odd'})`));
await fails('key', () => db.insert(posts).values({ title: 'x', author: 99 }));
await fails('null', () => db.insert(posts).values({ title: sql`null` }));
await fails('long', () => db.insert(users).values({ name: 'x'.repeat(41) }));
await fails('identity', () => db.execute(sql`insert into posts(id, title) values (1, 'x')`));
show('identity overridden', (await db.insert(posts).overridingSystemValue().values({ id: 100, title: 'hundred' }).returning()).length);
show(
  'upsert',
  await db
    .insert(users)
    .values({ name: 'bob', small: 5 })
    .onConflictDoUpdate({ target: users.name, set: { small: sql`excluded.small` }, setWhere: sql`users.small is null` })
    .returning({ small: users.small }),
);
show('nothing', await db.insert(users).values({ name: 'bob' }).onConflictDoNothing().returning());
show(
  'insert select',
  await db
    .insert(posts)
    .select(db.select({ id: sql`1000 + ${users.id}`.as('id'), title: users.name, author: users.id, score: sql`1`.as('score') }).from(users))
    .returning()
    .catch((e) => (e.cause ?? e).message),
);

// ---- queries ----
const named = async (where) => (await db.select({ name: users.name }).from(users).where(where).orderBy(asc(users.name))).map(({ name }) => name);
show(
  'conditions',
  await named(eq(users.name, 'ann')),
  await named(ne(users.name, 'ann')),
  await named(inArray(users.name, ['ann', 'bob'])),
  await named(notInArray(users.id, [1])),
  await named(isNull(users.price)),
  await named(between(users.price, '1', '20')),
  await named(like(users.name, '%a%')),
  await named(ilike(users.name, 'B%')),
);
show(
  'more',
  await named(and(gt(users.id, 1), lt(users.id, 3))),
  await named(or(eq(users.mood, 'sad'), not(users.active))),
  await named(arrayContains(users.tags, ['a'])),
  await named(arrayOverlaps(users.tags, ['z', ''])),
  await named(exists(db.select().from(posts).where(eq(posts.author, users.id)))),
  await named(eq(users.big, 9223372036854775807n)),
  await named(sql`${users.data} @> ${{ a: [1] }}`),
);
show(
  'joins',
  await db.select({ user: users.name, post: posts.title }).from(users).leftJoin(posts, eq(posts.author, users.id)).orderBy(users.name, posts.title),
  (await db.select().from(posts).fullJoin(tags, eq(tags.post, posts.id)).orderBy(posts.id, tags.tag)).length,
);
const guests = c.alias(users, 'guests');
show('alias', await db.select({ a: users.name, b: guests.name }).from(users).innerJoin(guests, eq(guests.inviter, users.id)).orderBy(guests.name));
show(
  'aggregates',
  await db
    .select({ author: posts.author, n: count(), sum: sum(posts.score), avg: avg(posts.score), max: max(posts.score), tags: countDistinct(tags.tag) })
    .from(posts)
    .leftJoin(tags, eq(tags.post, posts.id))
    .groupBy(posts.author)
    .having(({ n }) => gt(n, 0))
    .orderBy(sql`${posts.author} nulls first`),
);
show(
  'count',
  await db.$count(posts),
  await db.$count(posts, gt(posts.score, 5)),
  await db
    .select({ name: users.name, n: db.$count(posts, eq(posts.author, users.id)) })
    .from(users)
    .orderBy(users.id),
);
const best = db.$with('best').as(
  db
    .select({ author: posts.author, top: max(posts.score).as('top') })
    .from(posts)
    .groupBy(posts.author),
);
show('with', await db.with(best).select({ name: users.name, top: best.top }).from(best).innerJoin(users, eq(users.id, best.author)).orderBy(users.name));
const sub = db
  .select({ id: posts.id, place: sql`row_number() over (partition by ${posts.author} order by ${posts.score} desc)`.mapWith(Number).as('place') })
  .from(posts)
  .as('sub');
show(
  'subquery',
  await db.select({ title: posts.title, place: sub.place }).from(posts).innerJoin(sub, eq(sub.id, posts.id)).where(eq(sub.place, 1)).orderBy(posts.title),
);
const lateral = db.select({ title: posts.title }).from(posts).where(eq(posts.author, users.id)).orderBy(desc(posts.score)).limit(1).as('lateral');
show('lateral', await db.select({ name: users.name, title: lateral.title }).from(users).leftJoinLateral(lateral, sql`true`).orderBy(users.name));
show(
  'sets',
  await c
    .union(db.select({ x: users.name }).from(users), db.select({ x: posts.title }).from(posts))
    .orderBy(sql`1`)
    .limit(3),
  await c.exceptAll(db.select({ x: users.id }).from(users), db.select({ x: posts.author }).from(posts)).orderBy(sql`1`),
);
show(
  'distinct',
  await db.selectDistinctOn([posts.author], { author: posts.author, title: posts.title }).from(posts).orderBy(posts.author, desc(posts.score)),
  await db.selectDistinct({ mood: users.mood }).from(users).orderBy(users.mood),
);
show('view', await db.select().from(popular).orderBy(popular.title));
show(
  'page',
  await db.select({ title: posts.title }).from(posts).orderBy(desc(posts.score)).limit(2).offset(1),
  (await db.select().from(users).for('update', { skipLocked: true })).length,
);

// ---- relational queries (lateral joins and JSON) ----
show(
  'relations',
  await db.query.users.findMany({
    columns: { name: true },
    with: {
      posts: { columns: { title: true, score: true }, with: { tags: { columns: { tag: true }, orderBy: (t) => t.tag } }, orderBy: (p) => desc(p.score) },
      inviter: { columns: { name: true } },
      guests: { columns: { name: true }, orderBy: (g) => g.name },
    },
    orderBy: (u) => u.name,
  }),
);
show(
  'first',
  await db.query.posts.findFirst({
    where: (p, { eq: is }) => is(p.title, 'three'),
    with: { author: { columns: { name: true, data: true, day: true, price: true, tags: true } } },
    extras: { length: sql`length(${posts.title})`.as('length') },
  }),
);
show(
  'limited',
  await db.query.users.findMany({
    columns: { id: true },
    limit: 2,
    offset: 0,
    orderBy: users.id,
    with: { posts: { limit: 1, orderBy: posts.id, columns: { id: true } } },
  }),
);
show('typed relation', await db.query.posts.findFirst({ where: eq(posts.id, 1), with: { author: true } }));
const prepared = db
  .select({ title: posts.title })
  .from(posts)
  .where(eq(posts.id, sql.placeholder('id')))
  .prepare('by_id');
show('prepared', await prepared.execute({ id: 1 }), await prepared.execute({ id: 3 }), await prepared.execute({ id: -1 }));

// ---- changes, transactions ----
show(
  'update',
  await db
    .update(posts)
    .set({ score: sql`${posts.score} + 1` })
    .where(eq(posts.author, 1))
    .returning({ title: posts.title, score: posts.score })
    .then((rows) => rows.sort((a, b) => a.score - b.score)),
);
show(
  'update from',
  await db
    .update(posts)
    .set({ title: sql`${posts.title} || '/' || ${users.name}` })
    .from(users)
    .where(and(eq(users.id, posts.author), eq(posts.id, 3)))
    .returning({ title: posts.title }),
);
show('delete', (await db.delete(tags).where(eq(tags.tag, 'y'))).rowCount, await db.delete(tags).returning());
await fails('rolled back', () =>
  db
    .transaction(async (t) => {
      await t.delete(posts);
      t.rollback();
    })
    .catch((error) => Promise.reject(Object.assign(error, { code: 'rollback', severity: '' }))),
);
show(
  'nested',
  await db.transaction(
    async (t) => {
      await t.insert(posts).values({ title: 'outer' });
      await t
        .transaction(async (inner) => {
          await inner.insert(posts).values({ title: 'inner', author: 99 });
        })
        .catch((error) => show('inner', (error.cause ?? error).code === '23503'));
      return await t.$count(posts);
    },
    { isolationLevel: 'repeatable read', accessMode: 'read write', deferrable: false },
  ),
);
await fails('read only', () => db.transaction((t) => t.delete(posts), { accessMode: 'read only' }));
show('execute', (await db.execute(sql`select ${sql.identifier('name')}, ${1}::int + ${2} as sum from ${users} where ${users.id} = ${1}`)).rows);
const client = postgres({ ...server, max: 1 });
const other = drizzleOverPostgresJs(client, { schema });
show(
  'over postgres.js',
  await other
    .select({ name: users.name, data: users.data, tags: users.tags, at: users.at, day: users.day, big: users.big, price: users.price })
    .from(users)
    .where(eq(users.id, 1)),
  await other.query.posts.findMany({ columns: { title: true }, with: { author: { columns: { name: true } } }, orderBy: posts.id, limit: 2 }),
);
show(
  'also changes',
  await other
    .update(users)
    .set({ data: { again: [1] }, tags: ['new'] })
    .where(eq(users.id, 2))
    .returning({ data: users.data, tags: users.tags }),
);
await client.end();
await db.execute(sql`drop view popular; drop table post_tags, posts, users; drop type mood; drop schema drizzle cascade`);
await pool.end();
