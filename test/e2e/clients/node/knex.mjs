/** Knex: schema builder, migrations, introspection, queries of all kinds, transactions, streams. */
import knexOf from 'knex';
import { fails, show } from './show.mjs';

const knex = knexOf({ client: 'pg', connection: {}, pool: { min: 0, max: 4 }, searchPath: ['public'] });

// ---- schema ----
await knex.schema.createTable('authors', (table) => {
  table.increments('id');
  table.string('name', 100).notNullable().unique();
  table.text('bio').comment('who it is');
  table.timestamps(true, true);
  table.enum('kind', ['poet', 'novelist']).defaultTo('poet');
  table.comment('people who write');
});
await knex.schema.createTable('books', (table) => {
  table.bigIncrements('id');
  table.integer('author_id').unsigned().references('id').inTable('authors').onDelete('CASCADE').index();
  table.string('title').notNullable();
  table.decimal('price', 10, 2).defaultTo(0);
  table.specificType('tags', 'text[]');
  table.jsonb('meta');
  table.date('published');
  table.binary('cover');
  table.uuid('code').defaultTo(knex.raw('gen_random_uuid()'));
  table.boolean('lent').notNullable().defaultTo(false);
  table.double('weight');
  table.unique(['author_id', 'title'], { indexName: 'books_author_title' });
  table.check('?? >= 0', ['price'], 'price_is_no_debt');
});
await knex.schema.createTable('book_readers', (table) => {
  table.bigInteger('book_id').references('books.id');
  table.string('reader');
  table.primary(['book_id', 'reader']);
});
show(
  'has table',
  await knex.schema.hasTable('books'),
  await knex.schema.hasTable('nowhere'),
  await knex.schema.hasColumn('books', 'meta'),
  await knex.schema.hasColumn('books', 'nothing'),
);
show('column info', await knex('books').columnInfo());
show('one column', await knex('authors').columnInfo('name'));
await knex.schema.alterTable('authors', (table) => {
  table.integer('age').checkPositive();
  table.renameColumn('bio', 'biography');
  table.string('name', 200).notNullable().alter();
  table.index(['age', 'name'], 'authors_age_name', { indexType: 'btree' });
});
await knex.schema
  .alterTable('authors', (table) => {
    table.setNullable('created_at');
    table.dropNullable('age');
  })
  .catch((error) => show('alter', error.message));
await knex.schema.alterTable('authors', (table) => table.setNullable('age'));
await knex.schema.raw('create view titles as select title from books');
await knex.schema.createView('priced', (view) => {
  view.columns(['title', 'price']);
  view.as(knex('books').select('title', 'price').where('price', '>', 5));
});
await knex.schema.createViewOrReplace('priced', (view) => {
  view.columns(['title', 'price']);
  view.as(knex('books').select('title', 'price').where('price', '>', 6));
});

// ---- rows ----
show('returning', await knex('authors').insert([{ name: 'ann', age: 30 }, { name: 'bob' }], ['id', 'name', 'kind']));
const books = [
  { author_id: 1, title: 'one', price: '9.99', tags: ['a', 'b c'], meta: { pages: 10 }, published: '2024-01-31', cover: Buffer.from([0, 255]), weight: 0.1 },
  { author_id: 1, title: 'two', price: 5, tags: [], meta: JSON.stringify([1, 2]), weight: 1e300 },
  { author_id: 2, title: 'three', price: 7.5, meta: null },
];
show('books', await knex('books').insert(books).returning(['id', 'title', 'price', 'tags', 'meta', 'published', 'cover', 'weight', 'lent']));
await knex.batchInsert(
  'book_readers',
  Array.from({ length: 95 }, (_, n) => ({ book_id: (n % 3) + 1, reader: `reader ${n}` })),
  20,
);
await fails('unique', () => knex('authors').insert({ name: 'ann' }));
await fails('foreign key', () => knex('books').insert({ author_id: 99, title: 'x' }));
await fails('check', () => knex('books').insert({ author_id: 1, title: 'x', price: -1 }));
await fails('enum', () => knex('authors').insert({ name: 'carl', kind: 'critic' }));
await fails('not null', () => knex('books').insert({ author_id: 1 }));
show('merge', await knex('authors').insert({ name: 'ann', age: 41 }).onConflict('name').merge(['age']).returning(['id', 'age']));
show('ignore', await knex('authors').insert({ name: 'ann', age: 42 }).onConflict('name').ignore().returning('id'));
show('merge where', await knex('authors').insert({ name: 'ann', age: 43 }).onConflict('name').merge().where('authors.age', '<', 10).returning('id'));

// ---- queries ----
show(
  'join',
  await knex('books as b')
    .join('authors as a', 'a.id', 'b.author_id')
    .leftJoin('book_readers as r', 'r.book_id', 'b.id')
    .groupBy('a.name', 'b.title')
    .orderBy('b.title')
    .select('a.name', 'b.title')
    .count('r.reader as readers')
    .sum('b.price as total'),
);
show('having', await knex('books').select('author_id').avg('price as average').groupBy('author_id').having(knex.raw('count(*)'), '>', 1));
show('where', await knex('books').where({ author_id: 1 }).andWhere('price', '>', 5).orWhereIn('title', ['three']).orderBy('id').pluck('title'));
show(
  'where more',
  await knex('books')
    .whereNotNull('meta')
    .whereBetween('price', [1, 10])
    .whereILike('title', 'O%')
    .orWhereRaw('title ~ ?', ['^t[wx]'])
    .orderBy('title')
    .select('title'),
);
show(
  'exists',
  await knex('authors')
    .whereExists(knex('books').whereRaw('books.author_id = authors.id').where('price', '>', 9))
    .select('name'),
);
show('subquery', await knex.select('name', knex('books').count('*').whereRaw('books.author_id = authors.id').as('books')).from('authors').orderBy('name'));
show(
  'with',
  await knex
    .with('dear', knex('books').where('price', '>', 6))
    .select('title')
    .from('dear')
    .orderBy('title'),
);
show(
  'recursive',
  await knex
    .withRecursive('n', ['v'], (q) =>
      q
        .select(knex.raw('1'))
        .from('authors')
        .where('id', 1)
        .unionAll((r) => r.select(knex.raw('v + 1')).from('n').where('v', '<', 5)),
    )
    .sum('v')
    .from('n'),
);
show('materialized', await knex.withMaterialized('m', knex('books').select('id')).count('*').from('m'));
show(
  'union',
  await knex('authors')
    .select('name')
    .union([knex('books').select('title')])
    .orderBy('name'),
);
show(
  'intersect',
  await knex('books')
    .select('author_id as v')
    .intersect([knex('authors').select('id')])
    .orderBy('v'),
);
show('window', await knex('books').select('title').rowNumber('place', 'price', 'author_id').rank('by_price', 'price').orderBy('title'));
show(
  'distinct on',
  await knex('books')
    .distinctOn('author_id')
    .select('author_id', 'title')
    .orderBy([{ column: 'author_id' }, { column: 'price', order: 'desc' }]),
);
show(
  'json',
  await knex('books').jsonExtract('meta', '$.pages', 'pages').whereJsonPath('meta', '$.pages', '=', 10),
  await knex('books').whereJsonSupersetOf('meta', { pages: 10 }).select('title'),
);
show(
  'json set',
  await knex('books')
    .where('title', 'one')
    .select(knex.jsonSet('meta', '$.pages', '11', 'set'), knex.jsonInsert('meta', '$.extra', '"x"', 'inserted'), knex.jsonRemove('meta', '$.pages', 'removed')),
);
show(
  'arrays',
  await knex('books')
    .whereRaw('tags @> ?', [['a']])
    .select('title', 'tags'),
  await knex('books')
    .where('title', '=', knex.raw('any(?)', [['one', 'two']]))
    .count(),
);
show('nulls', await knex('authors').orderBy('age', 'desc', 'last').select('name', 'age'), await knex('authors').orderBy('age', 'asc', 'first').first('name'));
show('page', await knex('book_readers').orderBy('reader').limit(3).offset(10), await knex('priced').orderBy('title'));
show('aggregates', await knex('books').min('price as low').max('price as high').countDistinct('author_id as authors').first());
show(
  'bindings',
  (await knex.raw('select :a::int + :b as sum, :column: as q from authors where :column: = :name', { column: 'name', a: 1, b: 2, name: 'ann' })).rows,
);
show('raw', (await knex.raw('select ?::int as a, ? as b, ?::timestamptz as c', [1, 'x', new Date(Date.UTC(2024, 0, 1))])).rows);
show('for update', await knex.transaction((trx) => trx('authors').where('id', 1).forUpdate().skipLocked().select('name')));
show(
  'clear',
  knex('books')
    .where({ author_id: null, title: undefined ?? 'x' })
    .toSQL()
    .toNative(),
);

// ---- changes ----
show(
  'update',
  await knex('books')
    .where('title', 'two')
    .update({ price: knex.raw('price * 2'), meta: { a: [1] } }, ['title', 'price', 'meta']),
);
show('increment', await knex('books').where('title', 'one').increment({ weight: 2, price: 1 }).returning(['weight', 'price']));
show(
  'update from',
  await knex('books')
    .updateFrom('authors')
    .where('books.author_id', '=', knex.ref('authors.id'))
    .where('authors.name', 'bob')
    .update({ title: 'drei' })
    .returning('title')
    .catch((error) => error.message),
);
show('deleted', await knex('book_readers').where('reader', 'like', '%1').del(), await knex('book_readers').where('reader', 'reader 2').del('reader'));

// ---- transactions ----
await fails('rolled back', () =>
  knex.transaction(async (trx) => {
    await trx('authors').insert({ name: 'zoe' });
    throw Object.assign(new Error('no'), { code: 'mine' });
  }),
);
show(
  'nested',
  await knex.transaction(async (trx) => {
    await trx('authors').insert({ name: 'dora' });
    await trx
      .transaction(async (inner) => {
        await inner('authors').insert({ name: 'dora' });
      })
      .catch((error) => show('inner', error.code === '23505'));
    await trx.savepoint(async (inner) => inner('authors').insert({ name: 'eve' }));
    return await trx('authors').count('*');
  }),
);
const level = await knex.transaction({ isolationLevel: 'serializable' });
show('level', (await level.raw('show transaction_isolation')).rows);
await level.commit();
await knex.transaction(async (trx) => show('read only', (await trx.raw('show transaction_read_only')).rows), { readOnly: true });

// ---- streams ----
let streamed = 0;
for await (const row of knex('book_readers').select('*').stream({ highWaterMark: 5 })) streamed += row.reader.length > 0 ? 1 : 0;
show('streamed', streamed);
await fails('timeout', () =>
  knex
    .raw('select pg_sleep(10)')
    .timeout(100, { cancel: true })
    .catch((error) => Promise.reject(Object.assign(error, { message: error.message.split('\n')[0] }))),
);

// ---- migrations ----
const source = {
  getMigrations: () => Promise.resolve(['1_one', '2_two', '3_bad']),
  getMigrationName: (name) => name,
  getMigration: (name) =>
    Promise.resolve(
      {
        '1_one': { up: (k) => k.schema.createTable('one', (t) => t.increments()), down: (k) => k.schema.dropTable('one') },
        '2_two': { up: (k) => k.schema.alterTable('one', (t) => t.string('x')), down: (k) => k.schema.alterTable('one', (t) => t.dropColumn('x')) },
        '3_bad': {
          up: async (k) => {
            await k.schema.createTable('three', (t) => t.increments());
            await k.raw('select 1/0');
          },
          down: () => undefined,
        },
      }[name],
    ),
};
const migrations = { migrationSource: source };
show('up', await knex.migrate.up(migrations), await knex.migrate.up(migrations));
await knex.migrate.up(migrations).catch((error) => show('bad migration', error.message));
show(
  'three',
  await knex.schema.hasTable('three'),
  await knex.migrate.currentVersion(migrations),
  (await knex.migrate.list(migrations)).map((list) => list.map((m) => m.name ?? m)),
);
show('down', await knex.migrate.rollback(migrations, true), await knex.schema.hasTable('one'));

// ---- the schema again ----
await knex.schema.createSchema('shelf');
await knex.schema.withSchema('shelf').createTable('things', (table) => {
  table.uuid('id').primary().defaultTo(knex.fn.uuid());
  table.integer('n').notNullable().defaultTo(5);
});
await knex.withSchema('shelf').table('things').insert({ n: 1 });
show(
  'shelf',
  await knex.withSchema('shelf').from('things').select('n'),
  await knex.schema.withSchema('shelf').hasTable('things'),
  await knex.schema.hasTable('things'),
);
await knex.schema.alterTable('books', (table) => {
  table.dropUnique(['author_id', 'title'], 'books_author_title');
  table.dropChecks(['price_is_no_debt']);
  table.dropForeign('author_id');
  table.dropColumn('weight');
});
await knex.schema.renameTable('book_readers', 'readers');
await knex.schema.dropView('titles').dropView('priced');
await fails('drop', () => knex.schema.dropTable('books'));
await knex('readers').truncate();
await knex.schema.dropTable('readers').dropTable('books').dropTableIfExists('nothing').dropTable('authors');
await knex.schema.dropSchema('shelf', true);
await knex.schema.dropTable('knex_migrations').dropTable('knex_migrations_lock');
await knex.destroy();
