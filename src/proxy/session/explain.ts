/**
 * EXPLAIN: the logical plan, its exchanges and fragments with their SQLite text, and the shards that are touched.
 */
import { shardFileName } from '../../catalog/shard-group.js';
import { assertNever, notSupported, PgError } from '../../common/errors.js';
import { shardsToVisit } from '../../executor/prune.js';
import { queryDemand } from '../../cluster/scaler/demand.js';
import { firingTriggers, type TriggerEvent } from '../../catalog/trigger.js';
import type { Expression } from '../../plan/expression.js';
import type { LogicalNode, Mutation } from '../../plan/logical.js';
import type { ExchangeReport } from '../../executor/execution-request.js';
import type { Exchange, Fragment, PhysicalPlan } from '../../plan/physical.js';
import { printPlan } from '../../plan/print.js';
import { visitExpression, visitPlan } from '../../plan/walk.js';
import type { WrittenSql } from '../../plan/written-sql.js';
import { explainSql } from '../../planner/sqlite/explain-sql.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/registry.js';
import { nodesFor } from './run-query.js';
import { bytesUnderQuery, bytesUnderWrite, fragmentsThatRun, partsRead, shardsVisited } from './bytes-under-query.js';
import type { Compiled } from './compile.js';
import type { SessionPortal } from './portal.js';
import { expandedExecute, expandedTableAs } from './prepared.js';
import { noParameters, openQuery, replanAfter, runMutation, runSteps } from './run-query.js';
import { isSessionCall } from './routines/routine-calls.js';
import type { ExecuteOutput, ResultColumn } from './session.js';
import { parseBoolean } from './settings.js';
import type { ShoalSession } from './shoal-session.js';
import { textRows } from './text-rows.js';

interface ExplainOptions {
  readonly analyze: boolean;
  readonly verbose: boolean;
  readonly format: 'text' | 'json' | 'xml' | 'yaml';
}

function explainOptions(options: readonly ast.Option[]): ExplainOptions {
  let analyze = false;
  let verbose = false;
  let format: ExplainOptions['format'] = 'text';
  for (const option of options) {
    const text =
      option.value === undefined
        ? 'true'
        : option.value.kind === 'string'
          ? option.value.value
          : option.value.kind === 'boolean' || option.value.kind === 'integer'
            ? String(option.value.value)
            : '';
    switch (option.name.toLowerCase()) {
      case 'analyze':
        analyze = parseBoolean(text) ?? true;
        break;
      case 'verbose':
        verbose = parseBoolean(text) ?? true;
        break;
      case 'costs':
      case 'settings':
      case 'buffers':
      case 'wal':
      case 'timing':
      case 'summary':
        break;
      case 'format':
        if (text !== 'text' && text !== 'json' && text !== 'xml' && text !== 'yaml') {
          throw new PgError('22023', `unrecognized value for EXPLAIN option "format": "${text}"`).at(option.position);
        }
        format = text;
        break;
      default:
        throw new PgError('42601', `unrecognized EXPLAIN option "${option.name}"`).at(option.position);
    }
  }
  return { analyze, verbose, format };
}

export function explainColumns(statement: ast.Explain): readonly ResultColumn[] {
  const { format } = explainOptions(statement.options);
  const typeOid = format === 'json' ? Oid.json : format === 'xml' ? Oid.xml : Oid.text;
  return [{ name: 'QUERY PLAN', typeOid, typmod: -1, typeLength: -1, tableOid: 0, columnNumber: 0 }];
}

/** What EXPLAIN tells of a fragment. */
interface FragmentReport {
  readonly fragment: number;
  readonly place: string;
  readonly shards: string;
  readonly shardsTouched: number;
  readonly shardsPruned: number;
  readonly bytesUnderQuery: number;
  readonly worstShard: string | undefined;
  readonly rowsEstimated: number;
  readonly sqlite: string;
}

function reportFragment(session: ShoalSession, fragment: Fragment, plan: PhysicalPlan): FragmentReport {
  const { catalog, services } = session.core;
  const { place } = fragment;
  const group = place.kind === 'shards' && place.group >= 0 ? catalog.group(place.group) : undefined;
  const all = group !== undefined ? group.bounds.length : place.kind === 'shards' ? (plan.partitions.get(place.group) ?? 1) : 1;
  const touched = group !== undefined ? shardsVisited(fragment, group.id, undefined, catalog) : Array.from({ length: all }, (_, i) => i);
  let bytes = 0;
  const byShard = new Map(touched.map((shard) => [shard, 0]));
  for (const { tableOid, shard, spread } of partsRead(fragment, undefined, catalog)) {
    const size = services.tableBytes(tableOid, shard);
    bytes += size;
    if (spread === 'shards') byShard.set(shard, (byShard.get(shard) ?? 0) + size);
  }
  const [worst] = [...byShard].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return {
    fragment: fragment.id,
    place:
      group !== undefined
        ? `shards of ${group.name}`
        : place.kind === 'shards'
          ? fragment.dividesTable === undefined
            ? 'partitions'
            : `${String(all)} ranges of ${fragment.dividesTable}`
          : place.kind === 'any'
            ? 'one thread (reference tables)'
            : 'coordinator',
    shards: group === undefined ? '' : touched.length === all ? 'all' : touched.join(','),
    shardsTouched: touched.length,
    shardsPruned: all - touched.length,
    bytesUnderQuery: bytes,
    worstShard: group === undefined || worst === undefined ? undefined : shardFileName(group, worst[0]),
    rowsEstimated: Math.round(fragment.rows),
    sqlite: explainSql(fragment.sql),
  };
}

function fragmentLines(report: FragmentReport): string[] {
  const shards =
    report.shards === ''
      ? ''
      : `, ${String(report.shardsTouched)} of ${String(report.shardsTouched + report.shardsPruned)} shards (${report.shards}; ${String(report.shardsPruned)} pruned)`;
  const lines = [`  Fragment ${String(report.fragment)} on ${report.place}${shards}, about ${String(report.rowsEstimated)} rows`];
  if (report.worstShard !== undefined) lines.push(`    Worst shard: ${report.worstShard}`);
  lines.push(`    SQLite: ${report.sqlite}`);
  return lines;
}

/** What EXPLAIN tells of an exchange. */
interface ExchangeLine {
  readonly id: number;
  readonly kind: Exchange['kind'];
  readonly producer: number;
  readonly table: string;
  /** How the rows go, where there are several nodes, or when they have gone. */
  readonly route?: ExchangeReport['route'];
  /** Of ANALYZE. */
  readonly rows?: number;
  readonly bytes?: number;
  readonly bytesBetweenNodes?: number;
}

function exchangeLine(
  { id, kind, producer, landing }: Exchange,
  nodes: readonly string[],
  reports: ReadonlyMap<number, ExchangeReport> | undefined,
): ExchangeLine {
  const line: ExchangeLine = { id, kind, producer: producer.id, table: landing.table };
  const report = reports?.get(id);
  if (report === undefined) return nodes.length > 1 ? { ...line, route: 'shipped' } : line;
  return { ...line, ...report };
}

const routeTexts: Readonly<Record<ExchangeReport['route'], string>> = { relayed: 'through the front end', shipped: 'node to node' };

function exchangeText({ id, kind, producer, table, route, rows, bytes, bytesBetweenNodes }: ExchangeLine): string {
  const moved = `${String(rows)} rows, ${String(bytes)} bytes`;
  const between = route === 'shipped' ? `, ${String(bytesBetweenNodes)} of them between nodes` : '';
  const way = route === undefined ? '' : `, ${routeTexts[route]}${rows === undefined ? '' : ` (${moved}${between})`}`;
  return `  Exchange ${String(id)}: ${kind} of fragment ${String(producer)} into ${table}${way}`;
}

type Tree = string | number | undefined | readonly Tree[] | { readonly [name: string]: Tree };

/** PostgreSQL's three structured formats. */
function structured(format: 'json' | 'xml' | 'yaml', plan: Tree): string {
  switch (format) {
    case 'json':
      return JSON.stringify([plan], null, 2);
    case 'yaml':
      return yamlLines([plan], '').join('\n');
    case 'xml':
      return ['<explain xmlns="http://www.postgresql.org/2009/explain">', ...xmlLines('Query', plan, '  '), '</explain>'].join('\n');
    default:
      return assertNever(format);
  }
}

function entriesOf(tree: object): readonly (readonly [string, Tree])[] {
  return Object.entries(tree as Readonly<Record<string, Tree>>).filter(([, value]) => value !== undefined);
}

function yamlLines(tree: Tree, indent: string): string[] {
  if (Array.isArray(tree)) {
    return (tree as readonly Tree[]).flatMap((item) => {
      const [first = '', ...rest] = yamlLines(item, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  if (typeof tree === 'object') {
    return entriesOf(tree).flatMap(([name, value]) =>
      typeof value === 'object' ? [`${indent}${name}: `, ...yamlLines(value, `${indent}  `)] : [`${indent}${name}: ${JSON.stringify(value)}`],
    );
  }
  return [`${indent}${JSON.stringify(tree ?? null)}`];
}

function xmlLines(name: string, tree: Tree, indent: string): string[] {
  const tag = name.replaceAll(' ', '-');
  if (Array.isArray(tree))
    return [`${indent}<${tag}>`, ...(tree as readonly Tree[]).flatMap((item) => xmlLines('Item', item, `${indent}  `)), `${indent}</${tag}>`];
  if (typeof tree === 'object')
    return [`${indent}<${tag}>`, ...entriesOf(tree).flatMap(([one, value]) => xmlLines(one, value, `${indent}  `)), `${indent}</${tag}>`];
  const text = String(tree ?? '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return [`${indent}<${tag}>${text}</${tag}>`];
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

/** What is written where, from which rows. */
function mutationText(mutation: Mutation): string {
  const own = `${mutation.kind.toUpperCase()} on ${mutation.table.name}\n${indented(printPlan(mutation.source))}`;
  return [own, ...(mutation.inheritors ?? []).map(mutationText)].join('\n');
}

/** The functions of a statement that the session calls before it runs the rest: what is run then depends on their results. */
function calledBySession(inner: Exclude<Compiled, { readonly kind: 'utility' }>): readonly string[] {
  const names = new Set<string>();
  const expression = (e: Expression): void => {
    if (isSessionCall(e)) names.add(e.function.name);
  };
  const node = (one: LogicalNode): void => {
    const sets = one.kind === 'functionScan' ? one.calls : one.kind === 'projectSet' ? one.calls.map(({ call }) => call) : [];
    for (const call of sets) if (call.routine !== undefined) names.add(call.function.name);
  };
  const mutation = ({ source, returning, checks, onConflict, inheritors = [] }: Mutation): void => {
    visitPlan(source, node, expression);
    const others = [
      ...(returning?.expressions ?? []),
      ...checks.map((check) => check.expression),
      ...(onConflict?.assignments ?? []).map((one) => one.expression),
    ];
    for (const e of others) visitExpression(e, expression, node);
    inheritors.forEach(mutation);
  };
  const { bound } = inner;
  if (!bound.needs.bySession) return [];
  if (bound.kind === 'query') visitPlan(bound.plan, node, expression);
  else mutation(bound.mutation);
  return [...names];
}

/** The triggers that a change fires. */
function triggerLines({ table, kind, assigned }: Mutation): readonly string[] {
  const events: readonly TriggerEvent[] = kind === 'merge' ? ['insert', 'update', 'delete'] : [kind];
  const names = new Set<string>();
  for (const event of events)
    for (const timing of ['before', 'after'] as const)
      for (const level of ['statement', 'row'] as const)
        for (const { name } of firingTriggers(table, timing, level, event, kind === 'update' ? assigned : undefined)) names.add(name);
  return [...names].map((name) => `  Trigger ${name}: fired by the session`);
}

/** A part of a writing statement: it runs on the writer connection. */
function writerReport(fragment: number, sql: WrittenSql): FragmentReport {
  return {
    fragment,
    place: 'writer',
    shards: '',
    shardsTouched: 1,
    shardsPruned: 0,
    bytesUnderQuery: 0,
    worstShard: undefined,
    rowsEstimated: 1,
    sqlite: explainSql(sql),
  };
}

/** ANALYZE: runs the statement and leaves its rows. */
async function executeInner(
  { core }: ShoalSession,
  inner: Exclude<Compiled, { readonly kind: 'utility' }>,
): Promise<{ readonly rows: number; readonly ms: number }> {
  const started = performance.now();
  if (inner.kind !== 'query') {
    const run = inner.kind === 'steps' ? runSteps(core, inner, noParameters, { kind: 'rows' }) : runMutation(core, inner, noParameters, { kind: 'rows' });
    const { count } = await run;
    return { rows: count, ms: performance.now() - started };
  }
  // (Messages, as for a client: only they are merged in order over shards.)
  const stream = await openQuery(core, inner, noParameters, { kind: 'wire', formats: [] });
  let rows = 0;
  for (;;) {
    const batch = await stream.pull(0);
    rows += batch.rows;
    if (batch.done) break;
  }
  return { rows, ms: performance.now() - started };
}

export async function explain(session: ShoalSession, statement: ast.Explain, output: ExecuteOutput, _portal: SessionPortal): Promise<string> {
  const { core } = session;
  const options = explainOptions(statement.options);
  const explained = statement.statement.kind === 'execute' ? expandedExecute(session, statement.statement) : statement.statement;
  const source =
    explained.kind === 'createTableAs' && !options.analyze
      ? expandedTableAs(session, explained).source
      : explained.kind === 'declareCursor'
        ? explained.query
        : explained;
  let inner = session.compile(source, []);
  let executed: { readonly rows: number; readonly ms: number } | undefined;
  let exact = false;
  for (let attempt = 0; options.analyze && inner.kind !== 'utility' && executed === undefined; attempt++) {
    try {
      executed = await executeInner(session, inner);
    } catch (error) {
      exact = await replanAfter(core, error, attempt, inner.catalog.version, exact);
      inner = session.compile(source, [], exact);
    }
  }
  if (inner.kind === 'utility') {
    if (explained.kind !== 'createTableAs') throw new PgError('42601', 'EXPLAIN wants a query or a data-changing statement');
    throw notSupported('EXPLAIN of this kind of statement');
  }
  // (A look at the figures of this moment: after a start there are none yet.)
  await core.services.refreshStatistics();
  let logical: string;
  let reports: readonly FragmentReport[];
  let exchanges: readonly ExchangeLine[];
  let rootNote: string;
  let bytes = 0;
  let nodes: readonly string[] = [];
  const called = calledBySession(inner);
  const sessionLines = [
    ...called.map((name) => `  Function ${name}: called by the session before the rest is planned`),
    ...(inner.bound.kind === 'mutation' ? triggerLines(inner.bound.mutation) : []),
  ];
  if (called.length > 0) {
    logical = inner.bound.kind === 'query' ? printPlan(inner.bound.plan) : mutationText(inner.bound.mutation);
    reports = [];
    exchanges = [];
    rootNote = 'by the session';
  } else if (inner.kind === 'query') {
    const onWriter = core.transaction.lane !== undefined || inner.bound.needs.needsWriter;
    const plan = onWriter ? inner.writerPlan() : inner.readPlan();
    logical = printPlan(plan.root.plan);
    const fragments = fragmentsThatRun(plan, undefined, core.catalog);
    const [routed] = fragments[0] === plan.router ? fragments : [];
    bytes = bytesUnderQuery(fragments, undefined, core.catalog, (tableOid, shard) => core.services.tableBytes(tableOid, shard));
    if (routed !== undefined) logical = printPlan(routed.plan);
    reports = fragments.map((fragment) => reportFragment(session, fragment, plan));
    const { executor } = core.services;
    const isSpread = executor.isSpread && !onWriter && routed === undefined && (plan.exchanges.length > 0 || plan.root.place.kind === 'shards');
    if (isSpread) nodes = (executed === undefined ? undefined : core.readOn) ?? executor.nodeNames(nodesFor(core, bytes));
    exchanges =
      routed === undefined ? plan.exchanges.map((exchange) => exchangeLine(exchange, nodes, executed === undefined ? undefined : core.exchanged)) : [];
    rootNote =
      routed !== undefined
        ? 'router: one shard'
        : onWriter
          ? 'writer connection'
          : plan.merge !== undefined
            ? 'gather (merge sort)'
            : plan.root.place.kind === 'shards'
              ? 'gather'
              : 'single';
  } else if (inner.kind === 'steps') {
    const { steps, main, mainAfter } = inner.planned();
    const sources = steps.map((step) => (step.kind === 'read' ? step.sql : step.mutation.source));
    const parts = (inner.bound.steps ?? []).map((step) =>
      step.kind === 'read' ? `CTE ${step.definition.name}\n${indented(printPlan(step.definition.plan))}` : mutationText(step.mutation),
    );
    logical = [...parts, inner.bound.kind === 'query' ? printPlan(inner.bound.plan) : mutationText(inner.bound.mutation)].join('\n');
    reports = sources.toSpliced(mainAfter, 0, main.kind === 'query' ? main.sql : main.mutation.source).map((sql, at) => writerReport(at + 1, sql));
    exchanges = [];
    rootNote = 'writer connection, step by step';
  } else {
    const { mutation, routed } = inner.written();
    logical = mutationText(inner.bound.mutation);
    const shardsOf = (group: number): Iterable<number> =>
      routed?.target.group === group ? shardsToVisit(group, routed.target.pruning, [], core.catalog) : core.catalog.group(group).bounds.keys();
    bytes = bytesUnderWrite(inner.bound.mutation.source, shardsOf, (tableOid, shard) => core.services.tableBytes(tableOid, shard));
    reports = [routed?.source ?? mutation.source, ...(mutation.inheritors ?? []).map((one) => one.source)].map((sql, at) => writerReport(at + 1, sql));
    exchanges = [];
    rootNote = routed === undefined ? 'writer connection' : 'writer connection, router';
  }
  // (A write runs on its database's one lane, however many nodes there are.)
  const demand = { ...queryDemand(bytes, core.queryScaleFactor), ...(inner.kind === 'query' ? {} : { nodes: 1 }) };
  if (options.format !== 'text') {
    const plan: Tree = {
      Plan: { Node: rootNote, Logical: logical.split('\n') },
      Exchanges: exchanges.map((exchange) => ({ ...exchange })),
      Fragments: reports.map((report) => ({ ...report })),
      ...(sessionLines.length === 0 ? {} : { 'By The Session': sessionLines.map((line) => line.trim()) }),
      'Bytes Under Query': demand.bytesUnderQuery,
      'Nodes Wanted': demand.nodes,
      ...(nodes.length === 0 ? {} : { Nodes: nodes }),
      ...(executed === undefined ? {} : { 'Actual Rows': executed.rows, 'Execution Time': executed.ms }),
    };
    await output.rows(textRows([[structured(options.format, plan)]]), 1);
    return 'EXPLAIN';
  }
  const lines = [...logical.split('\n').filter((line) => line !== ''), `Execution: ${rootNote}`, ...sessionLines];
  lines.push(...exchanges.map(exchangeText));
  for (const report of reports) lines.push(...fragmentLines(report));
  lines.push(`Bytes under query: ${String(demand.bytesUnderQuery)} (nodes wanted at ${String(demand.queryScaleFactor)} MB a node: ${String(demand.nodes)})`);
  if (nodes.length > 0) lines.push(`Nodes: ${nodes.join(', ')}`);
  if (executed !== undefined) lines.push(`Execution Time: ${executed.ms.toFixed(3)} ms, ${String(executed.rows)} rows`);
  await output.rows(textRows(lines.map((line) => [line])), lines.length);
  return 'EXPLAIN';
}
