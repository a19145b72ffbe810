/**
 * What a statement costs before it runs: parse, bind, plan (optimise, distribute, write the fragments' SQL), and how long a plan that is in the cache takes to find.
 * A point SELECT by primary key and TPC-H Q1..Q22 at scale factor 1's row counts, in three layouts. In this process, one core, no server of ours: what a front-end thread
 * spends. Beside it PostgreSQL's own "Planning Time" (EXPLAIN (SUMMARY)) for the same tables; it counts planning only, without parse analysis.
 *
 *   npm run bench -- plan [--rounds 30] [--layouts reference,colocated,distributed] [--queries]
 */
import { parseArgs } from 'node:util';
import { CatalogSnapshot } from '../src/catalog/snapshot.js';
import type { Relation, ShardGroup, Table } from '../src/catalog/table.js';
import { compileStatement } from '../src/proxy/session/compile.js';
import { StatementCache } from '../src/proxy/session/statement-cache.js';
import { initialiseParser, parse } from '../src/sql/parser.js';
import { typeByOid } from '../src/types/registry.js';
import { contextOver } from '../test/unit/planner/sample-catalog.js';
import { tpchQueries, tpchRelations, tpchRows } from '../test/unit/planner/tpch.js';
import type { Bench } from './main.js';
import { builtServer, median, psql, row, withServers } from './servers.js';

const pointSelect = 'select c_name, c_acctbal from customer where c_custkey = 4711';

/** Of each distributed table. */
const shards = 8;
/** Rounds of each statement that are not counted: a server that has run for a second has compiled its planner. */
const warmUps = 10;

const layouts: Readonly<Record<string, (relation: Table) => Table['distribution']>> = {
  reference: () => ({ kind: 'reference' }),
  colocated: (relation) => relation.distribution,
  distributed: (relation) => ({ kind: 'distributed', columns: [1], group: relation.oid }),
};

interface Cost {
  readonly parse: number;
  readonly bind: number;
  readonly plan: number;
}

/** Milliseconds that `work` takes. */
function timed(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function contextOf(layout: string): ReturnType<typeof contextOver> {
  const place = layouts[layout];
  if (place === undefined) throw new Error(`no layout ${layout}; there are ${Object.keys(layouts).join(', ')}`);
  const tables = tpchRelations.map((relation): Relation => (relation.kind === 'table' ? { ...relation, distribution: place(relation) } : relation));
  const groups = tables.flatMap((table): ShardGroup[] => {
    if (table.kind !== 'table' || table.distribution.kind === 'reference') return [];
    const id = table.distribution.group;
    return [{ id, name: `g${String(id)}`, bounds: Array.from({ length: shards }, (_, at) => (at * 2 ** 32) / shards), family: 'integer' }];
  });
  const context = contextOver(tables);
  const byId = new Map(groups.map((group) => [group.id, group]));
  return { ...context, catalog: new CatalogSnapshot({ ...context.catalog.data, groups: [...byId.values()] }) };
}

/** Medians of the three phases, in milliseconds. */
function measure(text: string, bind: ReturnType<typeof contextOver>, rounds: number): Cost {
  const costs: Cost[] = [];
  for (let round = 0; round < rounds + warmUps; round++) {
    let statement = parse(text)[0]?.statement;
    const parsing = timed(() => {
      statement = parse(text)[0]?.statement;
    });
    if (statement === undefined) throw new Error(`not one statement: ${text}`);
    const parsed = statement;
    let plan: () => unknown = () => undefined;
    const binding = timed(() => {
      const compiled = compileStatement(parsed, { bind, rows: tpchRows, partitions: 2, combines: false });
      if (compiled.kind === 'query') plan = compiled.readPlan;
    });
    const planning = timed(plan);
    if (round >= warmUps) costs.push({ parse: parsing, bind: binding, plan: planning });
  }
  return { parse: median(costs.map((cost) => cost.parse)), bind: median(costs.map((cost) => cost.bind)), plan: median(costs.map((cost) => cost.plan)) };
}

/** Milliseconds to find the plan of a point SELECT in the cache by its text with another literal each time. */
function cached(bind: ReturnType<typeof contextOver>, rounds: number): number {
  const cache = new StatementCache();
  const text = (key: number) => pointSelect.replace('4711', String(key));
  const first = cache.generic(text(1));
  if (first === undefined) throw new Error('the point SELECT has no generic form');
  const { statement, parameterOids } = first.generic;
  const compiled = compileStatement(statement, { bind: { ...bind, parameterOids }, rows: tpchRows, partitions: 2, combines: false });
  cache.keep(statement, 'key', parameterOids, compiled);
  const texts = Array.from({ length: 1000 }, (_, key) => text(key));
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    times.push(
      timed(() => {
        for (const one of texts) {
          const use = cache.generic(one);
          if (use === undefined || cache.compiled(use.generic.statement, 'key', parameterOids) !== compiled) throw new Error('not found in the cache');
        }
      }) / texts.length,
    );
  }
  return median(times);
}

/** PostgreSQL's planning times in milliseconds, medians, the point SELECT first. */
async function postgresTimes(rounds: number): Promise<readonly number[]> {
  let times: readonly number[] = [];
  await withServers(builtServer, ([postgres]) => {
    const tables = tpchRelations.flatMap((relation) => (relation.kind === 'table' ? [definition(relation)] : []));
    if (psql(postgres.port, tables.join(';')) === undefined) throw new Error('PostgreSQL cannot make the tables');
    times = [pointSelect, ...tpchQueries].map((text) => {
      const out = psql(postgres.port, Array.from({ length: rounds }, () => `explain (summary, costs off) ${text};`).join('\n')) ?? '';
      return median([...out.matchAll(/Planning Time: ([\d.]+) ms/g)].map((match) => Number(match[1])));
    });
  });
  return times;
}

function definition(table: Table): string {
  const columns = table.columns.map((column) => `${column.name} ${typeByOid(column.typeOid)?.name ?? 'text'}${column.notNull ? ' not null' : ''}`);
  const keys = table.indexes
    .filter(({ primary }) => primary)
    .map(({ keys: of }) => of.map((key) => table.columns.find((column) => column.attribute === key.attribute)?.name));
  return `create table ${table.name} (${[...columns, ...keys.map((names) => `primary key (${names.join(', ')})`)].join(', ')})`;
}

export const bench: Bench = {
  name: 'plan',
  description: 'parse, bind and plan of a point SELECT and of TPC-H; a plan found in the cache',
  async run(args) {
    const text = (value: string) => ({ type: 'string', default: value }) as const;
    const { values } = parseArgs({
      args: [...args],
      options: { rounds: text('30'), layouts: text(Object.keys(layouts).join(',')), queries: { type: 'boolean', default: false } },
    });
    const rounds = Number(values.rounds);
    await initialiseParser();
    const postgres = await postgresTimes(rounds);
    row(['medians in ms', 'parse', 'bind', 'plan', 'all', 'PG plan', 'PG / all']);
    for (const layout of values.layouts.split(',')) {
      const bind = contextOf(layout);
      const costs = [pointSelect, ...tpchQueries].map((query) => measure(query, bind, rounds));
      const sums = costs.map(({ parse: parsing, bind: binding, plan }) => parsing + binding + plan);
      const line = (name: string, at: number) => {
        const { parse: parsing, bind: binding, plan } = costs[at] as Cost;
        const [sum, theirs] = [sums[at] as number, postgres[at] as number];
        row([`${layout} ${name}`, parsing, binding, plan, sum, theirs, theirs / sum]);
      };
      line('point SELECT', 0);
      const slowest = sums.indexOf(Math.max(...sums.slice(1)), 1);
      if (values.queries) for (let at = 1; at < costs.length; at++) line(`Q${String(at)}`, at);
      else line(`Q${String(slowest)}, the slowest`, slowest);
      row([`${layout} cached, in us`, '', '', '', cached(bind, rounds) * 1000, '', '']);
    }
  },
};
