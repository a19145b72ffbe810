/** Sequelize: sync and alter, the query interface's introspection, models with associations, all operators, transactions, hooks of errors. */
import { createRequire } from 'node:module';
import { fails, server, show } from './show.mjs';

const { DataTypes, Op, Sequelize, QueryTypes, Transaction } = createRequire(import.meta.url)('sequelize');
const sequelize = new Sequelize(server.database, server.user, '', {
  host: server.host,
  port: server.port,
  dialect: 'postgres',
  logging: false,
  pool: { max: 3 },
});
await sequelize.authenticate();
show('version', (await sequelize.databaseVersion()).startsWith('15.'));

const Person = sequelize.define(
  'Person',
  {
    name: { type: DataTypes.STRING(50), allowNull: false, unique: true },
    born: DataTypes.DATEONLY,
    height: DataTypes.DOUBLE,
    salary: DataTypes.DECIMAL(12, 2),
    big: DataTypes.BIGINT,
    mood: { type: DataTypes.ENUM('sad', 'ok', 'happy'), defaultValue: 'ok' },
    tags: { type: DataTypes.ARRAY(DataTypes.TEXT), defaultValue: [] },
    scores: DataTypes.ARRAY(DataTypes.INTEGER),
    data: DataTypes.JSONB,
    plain: DataTypes.JSON,
    photo: DataTypes.BLOB,
    uuid: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4 },
    active: { type: DataTypes.BOOLEAN, defaultValue: true },
    years: DataTypes.RANGE(DataTypes.INTEGER),
    seen: DataTypes.DATE(6),
    wakes: DataTypes.TIME,
    host: DataTypes.INET,
  },
  {
    tableName: 'people',
    indexes: [
      { fields: ['born', { name: 'height', order: 'DESC' }] },
      { fields: ['data'], using: 'gin' },
      { fields: ['salary'], unique: false, where: { active: true }, name: 'active_salaries' },
    ],
    comment: 'who is here',
  },
);
const Task = sequelize.define(
  'Task',
  { title: DataTypes.STRING, done: { type: DataTypes.BOOLEAN, defaultValue: false }, weight: { type: DataTypes.INTEGER, validate: { min: 0 } } },
  { paranoid: true, timestamps: true, version: true },
);
const Tag = sequelize.define('Tag', { label: { type: DataTypes.STRING, primaryKey: true } }, { timestamps: false });
Person.hasMany(Task, { foreignKey: 'ownerId', onDelete: 'CASCADE', as: 'tasks' });
Task.belongsTo(Person, { foreignKey: 'ownerId', as: 'owner' });
Task.belongsToMany(Tag, { through: 'TaskTags', timestamps: false });
Tag.belongsToMany(Task, { through: 'TaskTags', timestamps: false });
Person.hasOne(Person, { foreignKey: 'bossId', as: 'report' });
Person.belongsTo(Person, { foreignKey: 'bossId', as: 'boss' });
await sequelize.sync({ force: true });
await sequelize.sync();
await sequelize.sync({ alter: true });

// ---- introspection ----
const queries = sequelize.getQueryInterface();
show('tables', (await queries.showAllTables()).sort());
show('schemas', (await queries.showAllSchemas()).sort());
for (const [name, column] of Object.entries(await queries.describeTable('people'))) show(`people.${name}`, { ...column, special: column.special.sort() });
show('tasks', await queries.describeTable('Tasks'));
show(
  'indexes',
  (await queries.showIndex('people'))
    .map(({ name, unique, primary, fields, definition }) => [name, unique, primary, fields.map((f) => [f.attribute, f.order]), definition])
    .sort(),
);
show(
  'foreign keys',
  (await queries.getForeignKeyReferencesForTable('Tasks')).map((key) => ({ ...key, tableCatalog: '', referencedTableCatalog: '', constraintCatalog: '' })),
);
show('foreign keys of several', await queries.getForeignKeysForTables(['TaskTags', 'Tasks']));
show(
  'constraints',
  (await queries.showConstraint('people')).map(({ constraintName, constraintType, isDeferrable }) => [constraintName, constraintType, isDeferrable]).sort(),
);
show('exists', await queries.tableExists('people'), await queries.tableExists('nowhere'));

// ---- rows ----
const values = (row) => {
  const { id: _id, createdAt, updatedAt, uuid, ...rest } = row.get({ plain: true });
  return { ...rest, created: createdAt instanceof Date, updated: updatedAt instanceof Date, uuid: typeof uuid };
};
const ann = await Person.create({
  name: 'ann',
  born: '1990-02-28',
  height: 1.75,
  salary: '1234.50',
  big: '9007199254740993',
  mood: 'happy',
  tags: ['a', 'b "c"', 'd,e'],
  scores: [1, 2, null],
  data: { a: { b: [1, 'x'] }, n: 1.5 },
  plain: [1],
  photo: Buffer.from([0, 1, 255]),
  years: [1, 10],
  seen: new Date(Date.UTC(2024, 0, 2, 3, 4, 5, 678)),
  wakes: '06:30:00',
  host: '10.0.0.1',
});
show('ann', values(await ann.reload()));
const [bob, carl] = await Person.bulkCreate(
  [
    { name: 'bob', bossId: ann.id, height: null },
    { name: 'carl', bossId: ann.id, tags: [], salary: 10 },
  ],
  { returning: true },
);
show('bob', values(await bob.reload()));
await fails('unique', () => Person.create({ name: 'ann' }));
await fails('null', () => Person.create({}).catch((error) => Promise.reject(Object.assign(new Error(error.message), { code: error.name }))));
await fails('enum', () => Person.create({ name: 'dora', mood: 'angry' }));
await fails('too long', () => Person.create({ name: 'x'.repeat(51) }));
await fails('foreign key', () => Task.create({ title: 'x', ownerId: 999 }));
show('upsert', (await Person.upsert({ name: 'ann', height: 1.8 }, { returning: true }))[0].height);
show(
  'bulk upsert',
  (await Person.bulkCreate([{ name: 'bob', mood: 'sad' }, { name: 'eve' }], { updateOnDuplicate: ['mood'], returning: true })).map(({ name, mood }) => [
    name,
    mood,
  ]),
);
show(
  'find or create',
  (await Person.findOrCreate({ where: { name: 'fay' }, defaults: { height: 1.6 } })).map((x) => (x === true ? x : x.name)),
  (await Person.findOrCreate({ where: { name: 'fay' } }))[1],
);
const tasks = await Task.bulkCreate([
  { title: 'one', ownerId: ann.id, weight: 1 },
  { title: 'two', ownerId: ann.id, weight: 2, done: true },
  { title: 'three', ownerId: bob.id, weight: 3 },
  { title: 'four', ownerId: null, weight: 4 },
]);
await Tag.bulkCreate([{ label: 'red' }, { label: 'blue' }]);
await tasks[0].addTags(['red', 'blue']);
await tasks[1].setTags(['red']);
show(
  'tags',
  (await tasks[0].getTags({ order: ['label'] })).map(({ label }) => label),
  await tasks[0].countTags(),
  await tasks[1].hasTag('blue'),
);
await tasks[0].removeTag('blue');

// ---- queries ----
const names = async (where, more = {}) => (await Person.findAll({ where, order: ['name'], ...more })).map(({ name }) => name);
show(
  'operators',
  await names({ height: { [Op.gt]: 1.7 } }),
  await names({ name: { [Op.in]: ['ann', 'bob'] } }),
  await names({ name: { [Op.notIn]: ['ann'] } }),
  await names({ name: { [Op.like]: 'a%' } }),
  await names({ name: { [Op.iLike]: 'B%' } }),
);
show(
  'more',
  await names({ [Op.or]: [{ name: 'ann' }, { mood: 'sad' }] }),
  await names({ born: { [Op.between]: ['1990-01-01', '1990-12-31'] } }),
  await names({ salary: null }),
  await names({ [Op.not]: { mood: 'ok' } }),
  await names({ name: { [Op.regexp]: '^[ab]' } }),
);
show(
  'arrays',
  await names({ tags: { [Op.contains]: ['a'] } }),
  await names({ tags: { [Op.overlap]: ['d,e', 'z'] } }),
  await names({ scores: { [Op.contained]: [1, 2, 3] } }),
  await names({ name: { [Op.like]: { [Op.any]: ['a%', 'b%'] } } }),
  await names({ name: { [Op.eq]: { [Op.any]: ['ann', 'eve'] } } }),
);
show(
  'json',
  await names({ 'data.a.b[1]': 'x' }).catch((e) => e.message),
  await names({ data: { a: { b: [1, 'x'] } } }).catch((e) => e.message),
  await names({ data: { n: { [Op.gt]: 1 } } }),
  await names({ data: { [Op.contains]: { n: 1.5 } } }),
);
show(
  'ranges',
  await names({ years: { [Op.contains]: 5 } }),
  await names({ years: { [Op.overlap]: [8, 20] } }),
  await names({ years: { [Op.strictRight]: [-5, 1] } }),
);
show(
  'functions',
  await Person.findAll({
    attributes: ['mood', [sequelize.fn('count', sequelize.col('id')), 'n'], [sequelize.fn('max', sequelize.col('height')), 'tallest']],
    group: 'mood',
    order: [['mood', 'ASC']],
    having: sequelize.literal('count(id) > 0'),
    raw: true,
  }),
);
show(
  'include',
  (
    await Person.findAll({
      include: [
        { model: Task, as: 'tasks', include: [{ model: Tag, through: { attributes: [] } }] },
        { model: Person, as: 'boss', attributes: ['name'] },
      ],
      order: ['name', [{ model: Task, as: 'tasks' }, 'title', 'ASC']],
    })
  ).map((p) => [p.name, p.boss?.name, p.tasks.map((t) => [t.title, t.Tags.map((tag) => tag.label)])]),
);
show(
  'required',
  (await Task.findAll({ include: { model: Person, as: 'owner', required: true, where: { mood: 'happy' } }, order: ['id'] })).map((t) => t.title),
);
show(
  'separate',
  (await Person.findAll({ include: { model: Task, as: 'tasks', separate: true, order: ['title'] }, where: { name: ['ann', 'bob'] }, order: ['name'] })).map(
    (p) => p.tasks.map((t) => t.title),
  ),
);
show('subquery page', (await Person.findAndCountAll({ include: { model: Task, as: 'tasks' }, limit: 2, offset: 0, order: ['name'], distinct: true })).count);
show(
  'nested where',
  (await Person.findAll({ where: { '$tasks.weight$': { [Op.gte]: 2 } }, include: { model: Task, as: 'tasks' }, order: ['name'] })).map((p) => [
    p.name,
    p.tasks.length,
  ]),
);
show(
  'aggregates',
  await Task.sum('weight'),
  await Task.max('title'),
  await Task.min('weight'),
  await Task.count({ where: { done: false } }),
  await Person.count({ distinct: true, col: 'mood' }),
  await Person.aggregate('height', 'avg', { dataType: 'float' }),
);
show(
  'page',
  (await Person.findAndCountAll({ limit: 2, offset: 1, order: [['name', 'DESC NULLS LAST']], attributes: ['name'] })).rows.map((p) => p.name),
);
show(
  'case',
  await Task.findAll({ attributes: ['title', [sequelize.literal("case when weight > 2 then 'heavy' else 'light' end"), 'class']], order: ['id'], raw: true }),
);
show(
  'raw',
  await sequelize
    .query('select $1::int as a, $name::text as b', { bind: { 1: 1, name: 'x' } })
    .then(([rows]) => rows)
    .catch((e) => e.message),
  await sequelize.query('select :a as a, :b as b', { replacements: { a: 1, b: ["it's"] }, type: QueryTypes.SELECT }),
);
show(
  'cast',
  await Person.findOne({
    attributes: [
      [sequelize.cast(sequelize.col('big'), 'text'), 'big'],
      [sequelize.json('data.a.b'), 'b'],
    ],
    where: { name: 'ann' },
    raw: true,
  }),
);

// ---- changes ----
show('increment', (await tasks[2].increment({ weight: 5 }, { returning: true })).weight ?? (await tasks[2].reload()).weight);
show('update', (await Task.update({ done: true }, { where: { weight: { [Op.gt]: 3 } }, returning: true }))[1].map(({ title, done }) => [title, done]).sort());
ann.set('data.a.b', [2]);
ann.changed('data', true);
await ann.save();
show('json saved', (await Person.findByPk(ann.id)).data);
await tasks[3].destroy();
show('paranoid', await Task.count(), await Task.count({ paranoid: false }), (await tasks[3].restore(), await Task.count()));
await fails('stale', async () => {
  const [a, b] = [await Task.findByPk(tasks[0].id), await Task.findByPk(tasks[0].id)];
  await a.update({ title: 'uno' });
  await b.update({ title: 'eins' }).catch((error) => Promise.reject(Object.assign(new Error(error.message), { code: error.name })));
});
show('cascade', await Person.destroy({ where: { name: 'bob' } }), await Task.count());

// ---- transactions ----
await fails('rolled back', () =>
  sequelize.transaction(async (transaction) => {
    await Person.create({ name: 'gone' }, { transaction });
    throw Object.assign(new Error('no'), { code: 'mine' });
  }),
);
show('gone', await Person.count({ where: { name: 'gone' } }));
await sequelize.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE }, async (transaction) => {
  show('level', await sequelize.query('show transaction_isolation', { transaction, type: QueryTypes.SELECT }));
  show('locked', (await Person.findAll({ where: { name: 'ann' }, lock: transaction.LOCK.UPDATE, skipLocked: true, transaction })).length);
  await sequelize.transaction({ transaction }, async (inner) => Person.create({ name: 'inner' }, { transaction: inner }));
  transaction.afterCommit(() => show('committed'));
});

// ---- migrations ----
await queries.addColumn('people', 'nick', { type: DataTypes.STRING, defaultValue: 'none', allowNull: false });
await queries.changeColumn('people', 'nick', { type: DataTypes.TEXT, allowNull: true });
await queries.renameColumn('people', 'nick', 'nickname');
await queries.addIndex('people', ['nickname'], { name: 'people_nick', unique: false });
await queries.addConstraint('people', { type: 'check', fields: ['height'], where: { height: { [Op.lt]: 3 } }, name: 'people_are_small' });
await fails('check', () => Person.create({ name: 'giant', height: 4 }));
await queries.removeConstraint('people', 'people_are_small');
await queries.removeIndex('people', 'people_nick');
await queries.removeColumn('people', 'nickname');
await queries.addColumn('Tags', 'kind', { type: DataTypes.ENUM('x', 'y') });
await sequelize.query(`alter type "enum_Tags_kind" add value 'z'`);
await queries.bulkInsert('Tags', [{ label: 'green', kind: 'z' }]);
show(
  'enum values',
  await sequelize.query("select enumlabel from pg_enum e join pg_type t on t.oid = e.enumtypid where typname = 'enum_Tags_kind' order by enumsortorder", {
    type: QueryTypes.SELECT,
  }),
);
show('bulk delete', await queries.bulkDelete('Tags', { kind: 'z' }));
await queries.renameTable('TaskTags', 'tagged');
await queries.createSchema('other');
const Elsewhere = sequelize.define('Elsewhere', { n: DataTypes.INTEGER }, { schema: 'other', timestamps: false });
await Elsewhere.sync();
show('elsewhere', (await Elsewhere.create({ n: 5 })).id, await Elsewhere.count());
await queries.dropTable('tagged');
await queries.createFunction(
  'add_up',
  [
    { type: 'integer', name: 'a' },
    { type: 'integer', name: 'b' },
  ],
  'integer',
  'plpgsql',
  'return a + b;',
);
show('function', await sequelize.query('select add_up(1, 2)', { type: QueryTypes.SELECT }));
await queries.dropFunction('add_up', [
  { type: 'integer', name: 'a' },
  { type: 'integer', name: 'b' },
]);
await sequelize.dropSchema('other');
await Task.truncate({ cascade: true, restartIdentity: true });
await sequelize.drop({});
show('left', await queries.showAllTables());
void carl;
await sequelize.close();
