/** Prisma's client over its adapter for node-postgres. (Its migrations need an engine that is downloaded from elsewhere: the schema is made as they would make it.) */
import { PrismaPg } from '@prisma/adapter-pg';
import { show } from '../node/show.mjs';
import { Prisma, PrismaClient } from './generated/client.ts';

const { env } = process;
const prisma = new PrismaClient({ adapter: new PrismaPg({ host: env.PGHOST, port: Number(env.PGPORT), user: env.PGUSER, database: env.PGDATABASE }) });
const fails = async (label, work) => {
  try {
    show(`${label}: no failure`, await work());
  } catch (e) {
    show(label, e.code, e.meta?.code, e.meta?.driverAdapterError?.cause, e.message.split('\n').at(-1));
  }
};
for (const s of [
  `create type "Mood" as enum ('sad','happy')`,
  `create table "Writer"(id serial primary key, name text not null, mood "Mood" not null default 'happy', born date, seen timestamptz(3))`,
  `create unique index "Writer_name_key" on "Writer"(name)`,
  `create table "Book"(id bigserial primary key, title text not null, price decimal(10,2) not null, weight double precision, tags text[], meta jsonb, cover bytea, key uuid, "writerId" int not null references "Writer"(id) on delete cascade on update cascade)`,
  `create unique index "Book_writerId_title_key" on "Book"("writerId", title)`,
  `create table "Label"(name text primary key)`,
  `create table "_BookToLabel"("A" bigint not null references "Book"(id) on delete cascade on update cascade, "B" text not null references "Label"(name) on delete cascade on update cascade, constraint "_BookToLabel_AB_pkey" primary key ("A","B"))`,
  `create index "_BookToLabel_B_index" on "_BookToLabel"("B")`,
])
  await prisma.$executeRawUnsafe(s);
const ann = await prisma.writer.create({
  data: {
    name: 'ann',
    born: new Date('1990-02-28'),
    seen: new Date('2024-01-01T10:00:00.123Z'),
    books: {
      create: [
        {
          title: 'one',
          price: '9.99',
          tags: ['a', 'b,c'],
          meta: { x: [1, null, 'é'] },
          cover: new Uint8Array([0, 255]),
          weight: 0.1,
          key: '00000000-0000-0000-0000-000000000001',
          labels: { create: [{ name: 'red' }, { name: 'blue' }] },
        },
        { title: 'two', price: 5 },
      ],
    },
  },
  include: { books: { include: { labels: { orderBy: { name: 'asc' } } }, orderBy: { id: 'asc' } } },
});
show(
  'ann',
  JSON.stringify(ann, (k, v) => (typeof v === 'bigint' ? `${v}n` : v)),
);
show(
  'many',
  await prisma.writer.createMany({ data: [{ name: 'bob', mood: 'sad' }, { name: 'ann' }], skipDuplicates: true }),
  await prisma.writer.createManyAndReturn({ data: [{ name: 'carl' }], select: { name: true, mood: true } }),
);
await fails('unique', () => prisma.writer.create({ data: { name: 'ann' } }));
await fails('key', () => prisma.book.create({ data: { title: 'x', price: 1, writerId: 999 } }));
await fails('missing', () => prisma.writer.update({ where: { id: 999 }, data: { name: 'x' } }));
show(
  'find',
  await prisma.writer.findMany({
    where: { OR: [{ name: { contains: 'N', mode: 'insensitive' } }, { mood: 'sad' }], NOT: { name: 'zoe' } },
    orderBy: { name: 'asc' },
    select: {
      name: true,
      _count: { select: { books: true } },
      books: { where: { price: { gt: 6 } }, select: { title: true, labels: { orderBy: { name: 'asc' } } } },
    },
  }),
);
show(
  'json',
  await prisma.book.findMany({ where: { meta: { path: ['x', '0'], equals: 1 }, tags: { has: 'a' } }, select: { title: true } }),
  await prisma.book.findMany({ where: { labels: { some: { name: 'red' } } }, select: { title: true } }),
  await prisma.writer.findMany({ where: { books: { none: {} } }, select: { name: true }, orderBy: { name: 'desc' }, take: 1, skip: 1 }),
);
show('cursor', await prisma.writer.findMany({ cursor: { name: 'ann' }, take: 2, skip: 1, orderBy: { name: 'asc' }, select: { name: true } }));
show(
  'aggregate',
  JSON.stringify(await prisma.book.aggregate({ _sum: { price: true }, _avg: { weight: true }, _count: true, _max: { title: true } })),
  JSON.stringify(await prisma.book.groupBy({ by: ['writerId'], _sum: { price: true }, having: { price: { _sum: { gt: 1 } } } })),
);
show('upsert', await prisma.writer.upsert({ where: { name: 'bob' }, create: { name: 'bob' }, update: { mood: 'happy' } }));
show(
  'update',
  JSON.stringify(
    await prisma.book.update({
      where: { writerId_title: { writerId: ann.id, title: 'two' } },
      data: { price: { multiply: 2 }, tags: { push: 'new' }, labels: { connectOrCreate: [{ where: { name: 'green' }, create: { name: 'green' } }] } },
      select: { price: true, tags: true, labels: true },
    }),
  ),
);
show(
  'update many',
  await prisma.book.updateMany({ where: { price: { gte: 9 } }, data: { weight: { increment: 1 } } }),
  await prisma.label.deleteMany({ where: { name: 'blue' } }),
);
show(
  'raw',
  await prisma.$queryRaw`select ${1}::int as a, ${'x'} as b, ${new Date(0)}::timestamptz as c, array[1,2] as d, 1.5::numeric::text as e, 2::int8 as f`,
  await prisma.$executeRaw`update "Writer" set mood = 'sad' where name = ${'carl'}`,
);
show('transaction', await prisma.$transaction([prisma.writer.count(), prisma.book.count()]));
await fails('rolled back', () =>
  prisma.$transaction(
    async (tx) => {
      await tx.writer.deleteMany();
      throw new Error('no');
    },
    { isolationLevel: Prisma.TransactionIsolationLevel.Serializable },
  ),
);
show(
  'left',
  await prisma.writer.count(),
  await prisma.writer.delete({ where: { name: 'ann' }, select: { name: true } }),
  await prisma.book.count(),
  await prisma.writer.findUnique({ where: { name: 'none' } }),
);
await prisma.$disconnect();
