/** Kysely: schema builder, introspection, its migrator, typed queries, CTEs, JSON helpers, streams, transactions. */
import { CamelCasePlugin, Kysely, Migrator, PostgresDialect, sql } from 'kysely';
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom, mergeAction } from 'kysely/helpers/postgres';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { fails, show } from './show.mjs';

const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ max: 3 }), cursor: Cursor }) });
const { schema } = db;
await schema.createType('mood').asEnum(['sad', 'happy']).execute();
await schema
  .createTable('person')
  .addColumn('id', 'integer', (c) => c.primaryKey().generatedByDefaultAsIdentity())
  .addColumn('name', 'varchar(60)', (c) => c.notNull().unique())
  .addColumn('mood', sql`mood`, (c) => c.defaultTo('happy'))
  .addColumn('age', 'int2', (c) => c.check(sql`age > 0`))
  .addColumn('salary', 'numeric(10, 2)', (c) => c.defaultTo(sql`1.5 * 2`))
  .addColumn('tags', sql`text[]`, (c) => c.notNull().defaultTo(sql`'{}'`))
  .addColumn('data', 'jsonb')
  .addColumn('born', 'date')
  .addColumn('big', 'bigint')
  .addColumn('photo', 'bytea')
  .addColumn('loud', 'text', (c) => c.generatedAlwaysAs(sql`upper(name)`).stored())
  .addColumn('made', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
  .execute();
await schema
  .createTable('pet')
  .ifNotExists()
  .addColumn('id', 'serial', (c) => c.primaryKey())
  .addColumn('owner', 'integer', (c) => c.references('person.id').onDelete('cascade').notNull())
  .addColumn('name', 'text', (c) => c.notNull())
  .addColumn('weight', 'double precision')
  .addUniqueConstraint('pet_once', ['owner', 'name'], (c) => c.nullsNotDistinct())
  .addCheckConstraint('pet_weight', sql`weight < 1000`)
  .execute();
await schema.createIndex('pet_name').on('pet').expression(sql`lower(name)`).where(sql.ref('weight'), '>', 1).execute();
await schema.createIndex('person_born').on('person').columns(['born desc', 'name']).using('btree').execute();
await schema
  .createView('heavy')
  .as(db.selectFrom('pet').select(['name', 'weight']).where('weight', '>', sql.lit(5)))
  .execute();
await schema
  .alterTable('pet')
  .addColumn('kind', 'varchar(10)', (c) => c.defaultTo('dog'))
  .alterColumn('weight', (c) => c.setNotNull())
  .execute();
await schema
  .alterTable('pet')
  .alterColumn('kind', (c) => c.setDataType('text'))
  .execute();
await schema.alterTable('pet').renameColumn('kind', 'species').execute();
await schema
  .createTable('copied')
  .as(db.selectFrom('person').select(['id', 'name']))
  .temporary()
  .execute();
for (const table of await db.introspection.getTables()) show(table.name, table.isView, table.schema, table.columns);
show(
  'schemas',
  (await db.introspection.getSchemas())
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('pg_toast') && !name.startsWith('pg_temp'))
    .sort(),
);

// ---- rows ----
const people = [
  {
    name: 'ann',
    age: 30,
    tags: ['a', 'b c'],
    data: JSON.stringify({ deep: [1, { x: null }] }),
    born: '2000-02-29',
    big: '9007199254740993',
    photo: Buffer.from([1, 0]),
  },
  { name: 'bob', age: null, tags: [], data: null, born: null, big: null, photo: null },
];
show(
  'inserted',
  await db.insertInto('person').values(people).returning(['id', 'name', 'mood', 'age', 'salary', 'tags', 'data', 'born', 'big', 'photo', 'loud']).execute(),
);
show(
  'counted',
  await db
    .insertInto('pet')
    .values([
      { owner: 1, name: 'rex', weight: 10.5 },
      { owner: 1, name: 'tom', weight: 3, species: 'cat' },
      { owner: 2, name: 'ira', weight: 7 },
    ])
    .execute(),
);
show(
  'from a query',
  await db
    .insertInto('pet')
    .columns(['owner', 'name', 'weight'])
    .expression((e) => e.selectFrom('person').select(['id', sql.lit('fish').as('name'), sql.lit(0.1).as('weight')]))
    .returningAll()
    .execute(),
);
await fails('unique', () => db.insertInto('person').values({ name: 'ann' }).execute());
await fails('check', () => db.insertInto('person').values({ name: 'x', age: 0 }).execute());
await fails('enum', () => db.insertInto('person').values({ name: 'x', mood: 'odd' }).execute());
await fails('key', () => db.insertInto('pet').values({ owner: 99, name: 'x', weight: 1 }).execute());
await fails('generated', () => db.insertInto('person').values({ name: 'x', loud: 'X' }).execute());
show(
  'conflict',
  await db
    .insertInto('person')
    .values({ name: 'ann', age: 31 })
    .onConflict((c) =>
      c
        .column('name')
        .doUpdateSet((e) => ({ age: e.ref('excluded.age') }))
        .where('person.age', '<', 40),
    )
    .returning('age')
    .execute(),
);
show(
  'nothing',
  await db
    .insertInto('person')
    .values({ name: 'ann' })
    .onConflict((c) => c.doNothing())
    .executeTakeFirst(),
);

// ---- queries ----
show(
  'joins',
  await db
    .selectFrom('person as p')
    .innerJoin('pet', (j) => j.onRef('pet.owner', '=', 'p.id').on('weight', '>', 1))
    .select(['p.name as owner', 'pet.name'])
    .orderBy('pet.name')
    .execute(),
);
show(
  'lateral',
  await db
    .selectFrom('person as p')
    .leftJoinLateral(
      (e) => e.selectFrom('pet').select('name as heaviest').whereRef('owner', '=', 'p.id').orderBy('weight', 'desc').limit(1).as('h'),
      (j) => j.onTrue(),
    )
    .select(['p.name', 'heaviest'])
    .orderBy('p.name')
    .execute(),
);
show(
  'json arrays',
  await db
    .selectFrom('person')
    .select((e) => [
      'name',
      jsonArrayFrom(e.selectFrom('pet').select(['pet.name', 'weight']).whereRef('owner', '=', 'person.id').orderBy('pet.name')).as('pets'),
    ])
    .orderBy('name')
    .execute(),
);
show(
  'json object',
  await db
    .selectFrom('pet')
    .select((e) => [
      'name',
      jsonObjectFrom(e.selectFrom('person').select(['name', 'born']).whereRef('person.id', '=', 'pet.owner')).as('keeper'),
      jsonBuildObject({ a: e.ref('weight'), b: sql`${'x'}::text` }).as('built'),
    ])
    .orderBy('name')
    .execute(),
);
show(
  'json paths',
  await db
    .selectFrom('person')
    .select((e) => [e.ref('data', '->').key('deep').at(0).as('first'), e.ref('data', '->>').key('deep').as('text')])
    .where('name', '=', 'ann')
    .execute(),
);
show(
  'with',
  await db
    .with('heavies', (d) => d.selectFrom('pet').selectAll().where('weight', '>=', 7))
    .with('n', (d) => d.selectFrom('heavies').select((e) => e.fn.countAll().as('count')))
    .selectFrom('n')
    .selectAll()
    .execute(),
);
show(
  'changing with',
  await db
    .with('gone', (d) => d.deleteFrom('pet').where('name', '=', 'fish').returning(['owner', 'name']))
    .selectFrom('gone')
    .innerJoin('person', 'person.id', 'gone.owner')
    .select(['person.name', 'gone.name as pet'])
    .orderBy('person.name')
    .execute(),
);
show(
  'recursive',
  await db
    .withRecursive('t(n)', (d) => d.selectNoFrom(sql.lit(1).as('n')).unionAll(d.selectFrom('t').select(sql`n + 1`.as('n')).where('n', '<', 5)))
    .selectFrom('t')
    .select((e) => e.fn.sum('n').as('sum'))
    .execute()
    .catch((error) => error.message),
);
show(
  'groups',
  await db
    .selectFrom('pet')
    .select((e) => [
      'owner',
      e.fn.count('id').distinct().as('n'),
      e.fn.max('weight').filterWhere('species', '=', 'dog').as('dog'),
      e.fn.agg('array_agg', ['name']).orderBy('name').as('names'),
    ])
    .groupBy('owner')
    .having((e) => e.fn.countAll(), '>', 0)
    .orderBy('owner')
    .execute(),
);
show(
  'windows',
  await db
    .selectFrom('pet')
    .select((e) => [
      'name',
      e.fn
        .agg('row_number')
        .over((o) => o.partitionBy('owner').orderBy('weight'))
        .as('place'),
      e.fn
        .avg('weight')
        .over((o) => o.partitionBy('owner'))
        .as('mean'),
    ])
    .orderBy('name')
    .execute(),
);
show(
  'case',
  await db
    .selectFrom('pet')
    .select((e) => ['name', e.case().when('weight', '>', 5).then('heavy').else('light').end().as('class')])
    .orderBy('name')
    .execute(),
);
show(
  'where',
  await db
    .selectFrom('person')
    .select('name')
    .where((e) =>
      e.or([e('name', 'in', ['ann', 'zoe']), e.and([e('age', 'is', null), e.not(e.exists(e.selectFrom('pet').select('id').where('weight', '>', 100)))])]),
    )
    .where('tags', '@>', sql`array['a']`)
    .execute(),
);
show(
  'any',
  await db
    .selectFrom('person')
    .select('name')
    .where((e) => e('name', '=', e.fn.any(e.val(['ann', 'bob']))))
    .orderBy('name')
    .execute(),
  await db
    .selectFrom('person')
    .select('name')
    .where(({ eb, refTuple, tuple }) => eb(refTuple('name', 'age'), 'in', [tuple('ann', 31)]))
    .execute(),
);
show(
  'distinct',
  await db.selectFrom('pet').distinctOn('owner').select(['owner', 'name']).orderBy('owner').orderBy('weight', 'desc').execute(),
  await db
    .selectFrom('pet')
    .select('species')
    .distinct()
    .orderBy('species', (o) => o.desc().nullsLast())
    .execute(),
);
show(
  'sets',
  await db
    .selectFrom('person')
    .select('name')
    .union(db.selectFrom('pet').select('name'))
    .except(db.selectNoFrom(sql`'tom'::text`.as('name')))
    .orderBy('name')
    .limit(3)
    .offset(1)
    .execute(),
);
show(
  'values',
  await sql`select v.a, v.b from (values ${sql.join([sql`(1::int, ${'x'})`, sql`(${2}, ${'y'})`])}) as v(a, b) order by a`.execute(db).then((r) => r.rows),
);
show(
  'locks',
  (await db.selectFrom('person').selectAll().forUpdate('person').skipLocked().execute()).length,
  (await db.selectFrom('person').select('id').forKeyShare().noWait().execute()).length,
);
show('explain', (await db.selectFrom('person').selectAll().explain()).length > 0);

// ---- changes ----
show(
  'update',
  await db
    .updateTable('pet')
    .set((e) => ({ weight: e('weight', '+', 1) }))
    .where('name', '=', 'rex')
    .returning(['name', 'weight'])
    .execute(),
);
show(
  'update from',
  await db
    .updateTable('pet')
    .from('person')
    .set((e) => ({ name: e.fn('concat', [e.ref('pet.name'), sql.lit('/'), e.ref('person.name')]) }))
    .whereRef('person.id', '=', 'pet.owner')
    .where('person.name', '=', 'bob')
    .returning('pet.name')
    .execute(),
);
show(
  'counts',
  await db.updateTable('pet').set({ species: null }).where('weight', '>', 1e9).executeTakeFirst(),
  await db.deleteFrom('pet').using('person').whereRef('pet.owner', '=', 'person.id').where('person.name', '=', 'bob').executeTakeFirst(),
);
show(
  'merge',
  await db
    .mergeInto('person')
    .using('pet', 'pet.owner', 'person.id')
    .whenMatchedAnd('pet.name', '=', 'rex')
    .thenUpdateSet({ age: 77 })
    .whenMatched()
    .thenDoNothing()
    .executeTakeFirst(),
  (await db.selectFrom('person').select('age').where('name', '=', 'ann').execute())[0],
  typeof mergeAction,
);
show('camel', await db.withPlugin(new CamelCasePlugin()).selectFrom('person').select(['name as firstName']).orderBy('firstName').execute());
await fails('no rows', () => db.selectFrom('person').selectAll().where('id', '=', -1).executeTakeFirstOrThrow());
const streamed = [];
for await (const { n } of db.selectFrom(sql`generate_series(1, 25)`.as('n')).select('n').stream(10)) streamed.push(n);
show('streamed', streamed.length);

// ---- transactions ----
await fails('rolled back', () =>
  db.transaction().execute(async (t) => {
    await t.insertInto('person').values({ name: 'gone' }).execute();
    throw Object.assign(new Error('no'), { code: 'mine' });
  }),
);
show(
  'level',
  await db
    .transaction()
    .setIsolationLevel('serializable')
    .setAccessMode('read only')
    .execute(async (t) => (await sql`show transaction_isolation`.execute(t)).rows),
);
const controlled = await db.startTransaction().execute();
await controlled.insertInto('person').values({ name: 'kept' }).execute();
const saved = await controlled.savepoint('one').execute();
await saved
  .insertInto('person')
  .values({ name: 'kept' })
  .execute()
  .catch(() => undefined);
const back = await saved.rollbackToSavepoint('one').execute();
await back.insertInto('person').values({ name: 'after' }).execute();
await controlled.commit().execute();
show('kept', await db.selectFrom('person').select('name').orderBy('name').execute());

// ---- migrations ----
const provider = (more) => ({
  getMigrations: () =>
    Promise.resolve({
      one: { up: (d) => d.schema.createTable('one').addColumn('id', 'serial').execute(), down: (d) => d.schema.dropTable('one').execute() },
      two: { up: (d) => d.schema.alterTable('one').addColumn('x', 'text').execute(), down: (d) => d.schema.alterTable('one').dropColumn('x').execute() },
      ...more,
    }),
});
const migrator = new Migrator({ db, provider: provider({}) });
show(
  'up',
  (await migrator.migrateToLatest()).results,
  (await migrator.getMigrations()).map(({ name, executedAt }) => [name, executedAt !== undefined]),
);
const bad = new Migrator({
  db,
  provider: provider({
    zbad: {
      up: async (d) => {
        await d.schema.createTable('never').addColumn('a', 'integer').execute();
        await sql`select 1/0`.execute(d);
      },
    },
  }),
});
const { error, results } = await bad.migrateToLatest();
show(
  'bad',
  error.message,
  results,
  (await db.introspection.getTables()).some(({ name }) => name === 'never'),
);
show('down', (await migrator.migrateDown()).results, (await migrator.migrateTo('one')).results);

await schema.dropView('heavy').execute();
await fails('drop', () => schema.dropTable('person').execute());
await schema.createSchema('s').execute();
await db.withSchema('s').schema.createTable('t').addColumn('a', 'integer').execute();
show('in a schema', await db.withSchema('s').insertInto('t').values({ a: 1 }).returningAll().execute());
await schema.dropSchema('s').cascade().execute();
for (const table of ['pet', 'person', 'one', 'kysely_migration', 'kysely_migration_lock']) await schema.dropTable(table).ifExists().cascade().execute();
await schema.dropType('mood').execute();
await db.destroy();
