/** TypeORM: synchronize and its introspection, migrations, entities with relations, query builder, streams, transactions. */
import 'reflect-metadata';
import {
  Brackets,
  DataSource,
  EntitySchema,
  In,
  IsNull,
  LessThan,
  Like,
  ArrayContains,
  ILike,
  MoreThan,
  Not,
  Raw,
  Table,
  TableCheck,
  TableColumn,
  TableForeignKey,
  TableIndex,
  TableUnique,
} from 'typeorm';
import { fails, server, show } from './show.mjs';

const Author = new EntitySchema({
  name: 'Author',
  columns: {
    id: { type: 'int', primary: true, generated: 'increment' },
    name: { type: 'varchar', length: 80, unique: true },
    born: { type: 'date', nullable: true },
    mood: { type: 'enum', enum: ['sad', 'happy'], default: 'happy' },
    rating: { type: 'numeric', precision: 6, scale: 2, default: 0 },
    aliases: { type: 'text', array: true, default: '{}' },
    profile: { type: 'jsonb', nullable: true },
    photo: { type: 'bytea', nullable: true },
    followers: { type: 'bigint', default: 0 },
    key: { type: 'uuid', generated: 'uuid' },
    created: { type: 'timestamptz', createDate: true },
    changed: { type: 'timestamptz', updateDate: true },
    deleted: { type: 'timestamptz', deleteDate: true, nullable: true },
    version: { type: 'int', version: true },
  },
  relations: { books: { type: 'one-to-many', target: 'Book', inverseSide: 'author', cascade: true } },
  checks: [{ name: 'rating_is_sane', expression: '"rating" >= 0 AND "rating" <= 100' }],
  indices: [
    { name: 'author_born', columns: ['born', 'rating'] },
    { name: 'author_happy', columns: ['name'], where: "mood = 'happy'" },
  ],
});
const Book = new EntitySchema({
  name: 'Book',
  columns: {
    id: { type: 'int', primary: true, generated: 'identity', generatedIdentity: 'ALWAYS' },
    title: { type: 'text' },
    price: { type: 'double precision', default: 1.5 },
    pages: { type: 'smallint', nullable: true, comment: 'how thick it is' },
    lent: { type: 'boolean', default: false },
    span: { type: 'int4range', nullable: true },
    lasts: { type: 'interval', nullable: true },
    upper: { type: 'text', generatedType: 'STORED', asExpression: 'upper(title)', nullable: true, insert: false, update: false },
  },
  relations: {
    author: { type: 'many-to-one', target: 'Author', inverseSide: 'books', onDelete: 'CASCADE', nullable: true, joinColumn: { name: 'author_id' } },
    tags: { type: 'many-to-many', target: 'Tag', joinTable: true, cascade: true },
  },
  uniques: [{ name: 'book_once', columns: ['title', 'author'] }],
});
const Tag = new EntitySchema({ name: 'Tag', columns: { label: { type: 'varchar', primary: true } } });
const Folder = new EntitySchema({
  name: 'Folder',
  columns: { id: { type: 'int', primary: true, generated: 'increment' }, name: { type: 'varchar' } },
  trees: undefined,
  relations: {
    parent: { type: 'many-to-one', target: 'Folder', treeParent: true, nullable: true },
    children: { type: 'one-to-many', target: 'Folder', inverseSide: 'parent', treeChildren: true },
  },
});
Folder.options.tree = undefined;
class One1700000000001 {
  name = 'One1700000000001';
  async up(runner) {
    await runner.createTable(
      new Table({
        name: 'ledger',
        columns: [
          { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
          { name: 'amount', type: 'numeric', precision: 10, scale: 2, default: '0' },
          { name: 'author', type: 'int', isNullable: true },
        ],
        foreignKeys: [{ name: 'ledger_author', columnNames: ['author'], referencedTableName: 'author', referencedColumnNames: ['id'], onDelete: 'SET NULL' }],
      }),
      true,
    );
    await runner.createIndex('ledger', new TableIndex({ name: 'ledger_amount', columnNames: ['amount'] }));
  }
  async down(runner) {
    await runner.dropTable('ledger');
  }
}
class Two1700000000002 {
  name = 'Two1700000000002';
  async up(runner) {
    await runner.addColumn('ledger', new TableColumn({ name: 'note', type: 'varchar', length: '20', default: "'none'" }));
    await runner.renameColumn('ledger', 'note', 'remark');
    await runner.changeColumn('ledger', 'remark', new TableColumn({ name: 'remark', type: 'text', isNullable: true }));
    await runner.createCheckConstraint('ledger', new TableCheck({ name: 'ledger_positive', expression: 'amount >= 0' }));
    await runner.createUniqueConstraint('ledger', new TableUnique({ name: 'ledger_unique', columnNames: ['amount', 'author'] }));
  }
  async down(runner) {
    await runner.dropUniqueConstraint('ledger', 'ledger_unique');
    await runner.dropCheckConstraint('ledger', 'ledger_positive');
    await runner.dropColumn('ledger', 'remark');
  }
}
class Bad1700000000003 {
  name = 'Bad1700000000003';
  async up(runner) {
    await runner.query('create table never(a int)');
    await runner.query('select 1/0');
  }
  async down() {}
}

const source = new DataSource({
  type: 'postgres',
  host: server.host,
  port: server.port,
  username: server.user,
  database: server.database,
  entities: [Author, Book, Tag, Folder],
  migrations: [One1700000000001, Two1700000000002],
  uuidExtension: 'pgcrypto',
  installExtensions: false,
});
await source.initialize();
await source.synchronize(true);
const again = await source.driver.createSchemaBuilder().log();
show(
  'nothing left to do',
  again.upQueries.map(({ query }) => query),
);

// ---- introspection ----
const runner = source.createQueryRunner();
for (const name of ['author', 'book', 'book_tags_tag', 'folder']) {
  const table = await runner.getTable(name);
  for (const c of table.columns)
    show(`${name}.${c.name}`, [
      c.type,
      c.length,
      c.precision,
      c.scale,
      c.default,
      c.isNullable,
      c.isGenerated,
      c.generationStrategy,
      c.isPrimary,
      c.isUnique,
      c.isArray,
      c.enum,
      c.comment,
      c.generatedType,
      c.asExpression,
      c.generatedIdentity,
    ]);
  show(
    `${name} keys`,
    table.indices.map((i) => [i.name, i.columnNames, i.isUnique, i.where]).sort(),
    table.foreignKeys.map((k) => [k.columnNames, k.referencedTableName, k.referencedColumnNames, k.onDelete]).sort(),
    table.uniques.map((u) => [u.name, u.columnNames.sort()]).sort(),
    table.checks.map((c) => [c.name, c.expression]),
  );
}
show(
  'has',
  await runner.hasTable('book'),
  await runner.hasTable('nothing'),
  await runner.hasColumn('book', 'title'),
  await runner.hasSchema('public'),
  await runner.getCurrentSchema(),
);
const wider = new EntitySchema({
  ...Tag.options,
  columns: { ...Tag.options.columns, weight: { type: 'int', default: 3 }, mood: { type: 'enum', enum: ['a', 'b'], nullable: true } },
});
const altered = new DataSource({ ...source.options, entities: [Author, Book, wider, Folder] });
await altered.initialize();
show(
  'to do',
  (await altered.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query),
);
await altered.synchronize();
show('done', (await altered.driver.createSchemaBuilder().log()).upQueries.length);
await altered.destroy();
await source.synchronize();

// ---- rows ----
const [authors, books, tags] = [source.getRepository('Author'), source.getRepository('Book'), source.getRepository('Tag')];
const plain = ({ key, created, changed, ...rest }) => ({ ...rest, key: typeof key, created: created instanceof Date, changed: changed instanceof Date });
const ann = await authors.save({
  name: 'ann',
  born: '1990-01-31',
  rating: '12.345',
  aliases: ['a', 'b,"c"'],
  profile: { deep: { list: [1, null, 'x'] } },
  photo: Buffer.from([0, 255]),
  followers: '9007199254740993',
  books: [
    { title: 'one', pages: 100, tags: [{ label: 'red' }, { label: 'blue' }], span: '[1,5)', lasts: '1 day 02:00:00' },
    { title: 'two', price: 9.5 },
  ],
});
show('saved', plain(await authors.findOneByOrFail({ id: ann.id })));
await authors.insert([
  { name: 'bob', mood: 'sad' },
  { name: 'carl', profile: [1, 2] },
]);
show(
  'with books',
  (await authors.find({ relations: { books: { tags: true } }, order: { name: 'ASC', books: { title: 'ASC', tags: { label: 'ASC' } } } })).map((a) => [
    a.name,
    a.books,
  ]),
);
await fails('unique', () => authors.insert({ name: 'ann' }));
await fails('enum', () => authors.insert({ name: 'x', mood: 'angry' }));
await fails('check', () => authors.insert({ name: 'x', rating: 101 }));
await fails('null', () => books.insert({ title: null }));
await fails('key', () => source.query('insert into book(title, author_id) values ($1, $2)', ['x', 999]));
await fails('generated', () => source.query("insert into book(id, title) values (1, 'x')"));
show(
  'upsert',
  (
    await authors.upsert(
      [
        { name: 'bob', rating: 5 },
        { name: 'dora', rating: 6 },
      ],
      { conflictPaths: ['name'], skipUpdateIfNoValuesChanged: true },
    )
  ).raw.length,
);

// ---- finding ----
const found = async (where, more = {}) => (await authors.find({ where, order: { name: 'ASC' }, ...more })).map(({ name }) => name);
show(
  'operators',
  await found({ name: In(['ann', 'bob']) }),
  await found({ name: Like('%o%') }),
  await found({ name: ILike('A%') }),
  await found({ rating: MoreThan(5) }),
  await found({ born: IsNull() }),
  await found({ name: Not('ann'), rating: LessThan(6) }),
);
show(
  'more',
  await found({ aliases: ArrayContains(['a']) }),
  await found({ name: Raw((column) => `length(${column}) = :n`, { n: 4 }) }),
  await found([{ name: 'ann' }, { mood: 'sad' }]),
  await found({ books: { title: 'one' } }),
  await found({}, { take: 2, skip: 1 }),
);
show(
  'count',
  await authors.count(),
  await authors.countBy({ mood: 'sad' }),
  await authors.sum('rating'),
  await authors.maximum('rating'),
  await authors.average('rating'),
  await authors.existsBy({ name: 'zoe' }),
  (await authors.findAndCount({ take: 1, order: { id: 'ASC' } }))[1],
);
show(
  'page with joins',
  (await authors.find({ relations: { books: true }, take: 2, order: { name: 'DESC' } })).map((a) => [a.name, a.books.length]),
);

// ---- query builder ----
show(
  'grouped',
  await books
    .createQueryBuilder('b')
    .leftJoin('b.author', 'a')
    .select('a.name', 'name')
    .addSelect('count(*)', 'n')
    .addSelect('sum(b.price)', 'total')
    .groupBy('a.name')
    .having('count(*) > :n', { n: 0 })
    .orderBy('a.name', 'ASC', 'NULLS LAST')
    .getRawMany(),
);
show(
  'brackets',
  await books
    .createQueryBuilder('b')
    .where('b.price > :low', { low: 1 })
    .andWhere(new Brackets((q) => q.where('b.title = :t', { t: 'one' }).orWhere('b.pages is null')))
    .orderBy('b.id')
    .getMany(),
);
show(
  'subquery',
  await authors
    .createQueryBuilder('a')
    .where((q) => `a.id in ${q.subQuery().select('b.author_id').from('Book', 'b').where('b.price > 5').getQuery()}`)
    .getCount(),
);
show(
  'cte',
  await source
    .createQueryBuilder()
    .addCommonTableExpression(books.createQueryBuilder('b').select('b.title', 'title'), 'titles')
    .select('t.title', 'title')
    .from('titles', 't')
    .orderBy('t.title')
    .getRawMany(),
);
show('distinct on', await books.createQueryBuilder('b').distinctOn(['b.author_id']).orderBy('b.author_id').addOrderBy('b.price', 'DESC').getMany());
show(
  'updated',
  (
    await books
      .createQueryBuilder()
      .update()
      .set({ price: () => 'price * 2' })
      .where('title = :t', { t: 'one' })
      .returning(['title', 'price', 'upper'])
      .execute()
  ).raw,
);
show(
  'inserted',
  (
    await source
      .createQueryBuilder()
      .insert()
      .into('Tag')
      .values([{ label: 'green' }, { label: 'red' }])
      .orIgnore()
      .returning('*')
      .execute()
  ).raw,
);
show(
  'or update',
  (
    await source
      .createQueryBuilder()
      .insert()
      .into('Author')
      .values({ name: 'carl', rating: 7 })
      .orUpdate(['rating'], ['name'])
      .returning(['name', 'rating'])
      .execute()
  ).raw.map(({ name, rating }) => [name, rating]),
);
show(
  'relation',
  (await source
    .createQueryBuilder()
    .relation('Book', 'tags')
    .of({ id: 2 })
    .add([{ label: 'green' }]),
  await source.createQueryBuilder().relation('Book', 'tags').of({ id: 2 }).loadMany()),
);
show(
  'deleted',
  (await source.createQueryBuilder().delete().from('Tag').where('label = :l', { l: 'nothing' }).execute()).affected,
  (await authors.delete({ name: 'dora' })).affected,
);
await authors.softDelete({ name: 'bob' });
show('soft', await authors.count(), (await authors.find({ withDeleted: true })).length, (await authors.restore({ name: 'bob' })).affected);
const version = await authors.findOneByOrFail({ name: 'ann' });
await authors.save({ ...version, profile: { a: 1 } });
show('version', (await authors.findOneByOrFail({ name: 'ann' })).version, (await authors.increment({ name: 'ann' }, 'rating', 1)).affected);
const stream = await books.createQueryBuilder('b').orderBy('b.id').stream();
const titles = [];
for await (const row of stream) titles.push(row.b_title);
show('streamed', titles);
await fails('bad query', () => source.query('select nonsense'));
show('raw', await source.query('select $1::int as a, $2::timestamptz as b', [1, new Date(Date.UTC(2024, 0, 1))]));

// ---- transactions ----
await fails('rolled back', () =>
  source.transaction(async (manager) => {
    await manager.save('Author', { name: 'gone' });
    throw Object.assign(new Error('no'), { code: 'mine' });
  }),
);
show(
  'nested',
  await source.transaction('SERIALIZABLE', async (manager) => {
    await manager.save('Tag', { label: 'x' });
    await manager
      .transaction(async (inner) => {
        await inner.insert('Tag', { label: 'x' });
      })
      .catch((error) => show('inner', error.driverError.code === '23505'));
    show('level', await manager.query('show transaction_isolation'));
    show(
      'locked',
      (await manager.find('Author', { where: { name: 'ann' }, lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' } })).length,
      (await manager.find('Author', { where: { name: 'ann' }, lock: { mode: 'for_key_share' } })).length,
    );
    return await manager.count('Tag');
  }),
);

// ---- migrations ----
show('pending', await source.showMigrations());
show(
  'ran',
  (await source.runMigrations({ transaction: 'each' })).map((m) => m.name),
  await source.showMigrations(),
);
const ledger = await runner.getTable('ledger');
show(
  'ledger',
  ledger.columns.map((c) => [c.name, c.type, c.default, c.isNullable]),
  ledger.uniques.map((u) => u.name),
  ledger.checks.map((c) => [c.name, c.expression]),
);
await runner.createForeignKey(
  'ledger',
  new TableForeignKey({ columnNames: ['id'], referencedTableName: 'author', referencedColumnNames: ['id'], name: 'second_key' }),
);
await runner.dropForeignKey('ledger', 'second_key');
await runner.renameTable('ledger', 'journal');
show(
  'renamed',
  (await runner.getTable('journal')).columns.length,
  (await runner.getTable('journal')).primaryColumns.map((c) => c.default),
);
await runner.renameTable('journal', 'ledger');
await source.undoLastMigration();
await source.undoLastMigration();
show('undone', await runner.hasTable('ledger'), await source.query('select name from migrations'));
const bad = new DataSource({ ...source.options, migrations: [One1700000000001, Bad1700000000003] });
await bad.initialize();
await fails('bad migration', () => bad.runMigrations({ transaction: 'all' }));
show('nothing stays', await runner.hasTable('never'), await runner.hasTable('ledger'));
await bad.destroy();
await tags.clear().catch((error) => show('clear', error.driverError?.code ?? error.code));
await runner.clearDatabase();
show(
  'cleared',
  await source.query("select table_name from information_schema.tables where table_schema = 'public' order by 1"),
  await source.query("select typname from pg_type where typname like '%enum' and typnamespace = 'public'::regnamespace"),
);
await runner.release();
await source.destroy();
