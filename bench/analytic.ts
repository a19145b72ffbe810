/**
 * Questions over a million rows, PostgreSQL 15 and Shoal side by side: the elapsed time of each, and the CPU time that the servers spent on it (medians).
 *
 *   npm run bench -- analytic [--rows 1000000] [--rounds 3] [--distributed] [--only name,name] [--server path/to/main.js]
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from './main.js';
import { builtServer, compareCosts, costColumns, psql, row, type Server, withServers } from './servers.js';

/** Sales of customers: as many as rows are asked for, of a hundredth as many customers. */
function schema(rows: number): readonly string[] {
  const customers = Math.max(1, Math.floor(rows / 100));
  return [
    'CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, segment text NOT NULL, joined date NOT NULL)',
    `CREATE TABLE sale (id int PRIMARY KEY, customer int NOT NULL, day date NOT NULL, quantity int NOT NULL, price numeric(12,2) NOT NULL, discount numeric(4,2) NOT NULL,
       weight float8 NOT NULL, state text NOT NULL, comment text)`,
    `INSERT INTO customer SELECT i, 'Customer#' || i, (ARRAY['AUTO','HOME','FOOD','TOYS','BOOKS'])[1 + i % 5], date '2015-01-01' + i % 1000 FROM generate_series(1, ${customers}) i`,
    `INSERT INTO sale SELECT i, 1 + (i * 7919::bigint) % ${customers}, date '2020-01-01' + i % 1500, 1 + i % 50, (100 + (i * 31::bigint) % 900000) / 100.0, (i % 11) / 100.0, i * 0.37,
       (ARRAY['open','paid','sent','back'])[1 + i % 4], 'sale number ' || i FROM generate_series(1, ${rows}) i`,
    'CREATE INDEX ON sale(customer)',
    'CREATE INDEX ON sale(day)',
    'ANALYZE',
  ];
}

const questions: readonly (readonly [string, string])[] = [
  ['count', 'SELECT count(*) FROM sale'],
  ['sums', 'SELECT sum(quantity), avg(price), min(day), max(weight) FROM sale'],
  [
    'filter',
    "SELECT count(*), sum(price) FROM sale WHERE day >= date '2021-01-01' AND day < date '2021-07-01' AND quantity < 24 AND discount BETWEEN 0.02 AND 0.06",
  ],
  ['revenue', 'SELECT sum(price * discount), sum(price * (1 - discount)) FROM sale WHERE quantity < 24'],
  [
    'group',
    `SELECT state, quantity % 3, sum(quantity), sum(price), sum(price * (1 - discount)), avg(discount), count(*) FROM sale
       WHERE day <= date '2023-09-02' GROUP BY 1, 2 ORDER BY 1, 2`,
  ],
  ['group many', 'SELECT customer, count(*), sum(price) FROM sale GROUP BY customer ORDER BY 3 DESC LIMIT 10'],
  ['group date', "SELECT date_trunc('month', day), sum(price) FROM sale GROUP BY 1 ORDER BY 1"],
  ['join', 'SELECT c.segment, sum(s.price) FROM sale s JOIN customer c ON c.id = s.customer GROUP BY c.segment ORDER BY 1'],
  ['join few', "SELECT c.name, sum(s.price) FROM customer c JOIN sale s ON s.customer = c.id WHERE c.name = 'Customer#77' GROUP BY c.name"],
  ['exists', "SELECT count(*) FROM customer c WHERE EXISTS (SELECT FROM sale s WHERE s.customer = c.id AND s.quantity > 45 AND s.state = 'back')"],
  ['text', "SELECT count(*) FROM sale WHERE comment LIKE '%99%' AND upper(state) = 'PAID' AND length(comment) > 10"],
  ['floats', 'SELECT sum(weight * 1.5), avg(weight / quantity), count(*) FILTER (WHERE weight > 1000) FROM sale'],
  ['distinct', 'SELECT count(DISTINCT customer), count(DISTINCT day) FROM sale'],
  ['top', 'SELECT id, price FROM sale ORDER BY price DESC, id LIMIT 10'],
  ['window', 'SELECT max(r) FROM (SELECT rank() OVER (PARTITION BY customer ORDER BY price DESC) AS r FROM sale) x'],
  ['case', "SELECT sum(CASE WHEN state = 'paid' THEN price ELSE 0 END), sum(CASE WHEN extract(year FROM day) = 2021 THEN 1 ELSE 0 END) FROM sale"],
];

export const bench: Bench = {
  name: 'analytic',
  description: 'aggregates, joins and sorts of a million rows side by side with PostgreSQL 15',
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rows: { type: 'string', default: '1000000' },
        rounds: { type: 'string', default: '3' },
        distributed: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        server: { type: 'string', default: builtServer },
      },
    });
    const only = values.only === '' ? undefined : new Set(values.only.split(','));
    await withServers(resolve(values.server), (servers) => {
      for (const server of servers) prepare(server, Number(values.rows), values.distributed);
      row(['question', ...costColumns]);
      for (const [name, sql] of questions) if (only?.has(name) !== false) ask(name, sql, servers, Number(values.rounds));
    });
  },
};

function prepare(server: Server, rows: number, distributed: boolean): void {
  const isShoal = server.name === 'Shoal';
  for (const sql of schema(rows)) {
    const placed =
      isShoal && distributed && sql.startsWith('CREATE TABLE')
        ? `${sql} PARTITION BY HASH (${sql.includes('sale') ? 'customer' : 'id'}) WITH (shards = 8)`
        : sql;
    if (psql(server.port, placed) === undefined) throw new Error(`${server.name} cannot run ${placed}`);
  }
  if (!isShoal) psql(server.port, 'VACUUM ANALYZE');
}

function ask(name: string, sql: string, servers: readonly [Server, Server], rounds: number): void {
  const answers = new Set<string>();
  compareCosts(name, servers, rounds, (server) => {
    const start = performance.now();
    answers.add(psql(server.port, sql) ?? 'no answer');
    return (performance.now() - start) / 1000;
  });
  if (answers.size > 1) console.log(`  different answers: ${[...answers].map((answer) => answer.slice(0, 100).trim().replaceAll('\n', ' / ')).join(' <> ')}`);
}
