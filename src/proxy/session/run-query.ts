/**
 * Runs compiled queries and mutations: chooses between the scan threads and the writer connection, sends parameters, hands out streams of finished rows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { notSupported, PgError } from '../../common/errors.js';
import { letGo } from '../../common/rpc.js';
import { bytesPerMegabyte, queryDemand } from '../../cluster/scaler/demand.js';
import type { ExecutionRequest } from '../../executor/execution-request.js';
import type { BatchStream } from '../../executor/merge-streams.js';
import { shardsToVisit } from '../../executor/prune.js';
import { saysLost } from '../../executor/reading-nodes.js';
import { renderParameters, renderText } from '../../executor/render.js';
import { catalogRows, dependenciesOf } from '../../catalog/pg-catalog/registry.js';
import type { StatementNeeds } from '../../planner/bind/bound.js';
import type { Expression } from '../../plan/expression.js';
import { type CatalogLanding, catalogIndexes, type PhysicalPlan } from '../../plan/physical.js';
import type { StepLanding, WrittenColumn, WrittenMutation, WrittenSql } from '../../plan/written-sql.js';
import { shardSchemaName } from '../../catalog/shard-group.js';
import type {
  CopyOutFormat,
  CursorBatch,
  CursorOutput,
  LandingTable,
  MutationTask,
  ReportedConflict,
  RowLockingTask,
  StepsTask,
  WireColumn,
} from '../../storage/ports.js';
import type { SqlValue } from '../../types/value.js';
import { bytesUnderQuery, fragmentsThatRun } from './bytes-under-query.js';
import { compileBound, type CompiledMutation, type CompiledQuery, type CompiledSteps } from './compile.js';
import { collectFileSizes } from './file-sizes.js';
import { collectNodeView } from './node-view.js';
import { readsSameTables } from './same-tables.js';
import type { FormatCode } from './session.js';
import type { SessionCore } from './session-core.js';

/** What rows are turned into. */
export type Delivery =
  /** withPlaces: the columns after the result's, which tell where rows are, too. */
  | { readonly kind: 'wire'; readonly formats: readonly FormatCode[]; readonly withPlaces?: boolean }
  | { readonly kind: 'copy'; readonly format: CopyOutFormat }
  /** `note` is told what the columns are. */
  | { readonly kind: 'rows'; readonly note?: (columns: readonly WrittenColumn[]) => void };

export interface Parameters {
  readonly values: readonly SqlValue[];
  readonly types: readonly number[];
}

export const noParameters: Parameters = { values: [], types: [] };

/** 42501 where the role may not run the statement. */
export function requireAllowed({ bound }: { readonly bound: { readonly needs: StatementNeeds } }): void {
  const { denied } = bound.needs;
  if (denied !== undefined) throw new PgError(denied.code, denied.message, denied.fields);
}

function deliveredColumns(columns: readonly WrittenColumn[], delivery: Delivery, visible: number): Exclude<CursorOutput, { readonly kind: 'partitioned' }> {
  if (delivery.kind === 'rows') {
    delivery.note?.(columns);
    return { kind: 'rows', columns: columns.length };
  }
  if (delivery.kind === 'wire') return { kind: 'wire', columns: wireColumns(columns, delivery.withPlaces === true ? undefined : visible, delivery.formats) };
  const { format } = delivery;
  const formats = columns.map((): FormatCode => (format.format === 'binary' ? 1 : 0));
  return { kind: 'copy', columns: wireColumns(columns, visible, formats), format };
}

/** The first `visible` of the columns (undefined: all), as the client wants them. */
export function wireColumns(columns: readonly WrittenColumn[], visible: number | undefined, formats: readonly FormatCode[]): readonly WireColumn[] {
  return columns.slice(0, visible).map(
    ({ column, scale }, at): WireColumn => ({
      typeOid: column.type.oid,
      typmod: column.type.typmod,
      binary: formats[at] === 1,
      ...(scale === undefined ? {} : { scale }),
    }),
  );
}

/** Rows of an optimistic plan that are held back, in bytes, until it is certain that it does not fail. */
const heldBackBytes = 4 << 20;

/**
 * Opens the query's stream of rows. A plan that computes with scaled integers may find out late that they do not suffice (SH002): its rows are held back to the end,
 * so that the caller can plan anew without the client having seen any.
 */
export async function openQuery(core: SessionCore, given: CompiledQuery, parameters: Parameters, delivery: Delivery): Promise<BatchStream> {
  requireAllowed(given);
  if (given.bound.needs.bySession) return await openResolved(core, await core.calls.query(given, parameters), parameters, delivery);
  if (runsOnWriter(core, given) || !isWholeTransaction(core)) return await openWhole(core, given, parameters, delivery);
  const { services } = core;
  core.mayBeginAgain = true;
  try {
    return await openWhole(core, given, parameters, delivery);
  } catch (error) {
    if (!saysLost(error) || !(await hasNextPrimary(core, services))) throw error;
    throw new PgError('SH001', 'the database has another primary, with a catalog of its own');
  } finally {
    core.mayBeginAgain = false;
  }
}

const primaryLookMs = 5;
const primaryLooksMax = 40;

/**
 * After the primary was lost on which a statement ran that is all of its transaction, and of which the client has seen no row: resolves when the session works with the next
 * one. False: it ends.
 */
async function hasNextPrimary(core: SessionCore, lost: SessionCore['services']): Promise<boolean> {
  for (let look = 0; look < primaryLooksMax && core.services === lost; look++) {
    const interruption = core.interruption?.();
    if (interruption === undefined) await sleep(primaryLookMs);
    else {
      await interruption;
      break;
    }
  }
  return core.services !== lost;
}

/**
 * A query whose calls have been made. They must not be made twice: while others define tables, what is left is planned anew as it is bound, unless its own tables have changed.
 */
export async function openResolved(core: SessionCore, resolved: CompiledQuery, parameters: Parameters, delivery: Delivery): Promise<BatchStream> {
  let query = resolved;
  for (let attempt = 0; ; attempt++) {
    try {
      return await openWhole(core, query, parameters, delivery);
    } catch (error) {
      await replanAfter(core, error, attempt, query.catalog.version, true);
      if (!readsSameTables(query.bound.plan, core.catalog)) throw error;
      query = compileBound(query.bound, { ...core.compileOptions(parameters.types), exactNumeric: true });
    }
  }
}

/** The rows; those of an optimistic plan once all of them are here. */
async function openWhole(core: SessionCore, query: CompiledQuery, parameters: Parameters, delivery: Delivery): Promise<BatchStream> {
  const stream = await openStream(core, query, parameters, delivery);
  if (!query.isOptimistic(runsOnWriter(core, query) ? query.writerPlan() : query.readPlan())) return stream;
  const batches: CursorBatch[] = [];
  let bytes = 0;
  for (;;) {
    const batch = await stream.pull(0);
    batches.push(batch);
    bytes += batch.bytes?.byteLength ?? 0;
    if (batch.done) break;
    if (bytes > heldBackBytes) {
      stream.close();
      throw new PgError('SH002', 'too many rows to hold back');
    }
  }
  let at = 0;
  return {
    async pull() {
      await Promise.resolve();
      return batches[at++] ?? { done: true, rows: 0, bytes: undefined };
    },
    close() {
      at = batches.length;
    },
  };
}

/** The query, so that its rows as values come in order: only messages are merged over shards, values are sorted where all of them are. */
export function readsTogether(core: SessionCore, query: CompiledQuery): CompiledQuery {
  if (runsOnWriter(core, query) || query.readPlan().merge === undefined) return query;
  return { ...query, bound: { ...query.bound, needs: { ...query.bound.needs, needsWriter: true } } };
}

/** Whether the statement is a transaction of its own. */
function isWholeTransaction({ transaction }: SessionCore): boolean {
  return transaction.lane === undefined && transaction.kind === 'implicit' && transaction.isLast;
}

/** Reads of a transaction that has written, of one with a lasting snapshot (which the lane keeps), queries with nextval() and the like, locking reads. */
function runsOnWriter(core: SessionCore, query: CompiledQuery): boolean {
  const lasting = core.transaction.isolation !== 'read committed' && !isWholeTransaction(core);
  return lasting || core.transaction.lane !== undefined || query.bound.needs.needsWriter || query.bound.locking.length > 0;
}

async function openStream(core: SessionCore, query: CompiledQuery, parameters: Parameters, delivery: Delivery): Promise<BatchStream> {
  const visible = query.columns.length;
  const output = (columns: readonly WrittenColumn[]): ReturnType<typeof deliveredColumns> => deliveredColumns(columns, delivery, visible);
  if (runsOnWriter(core, query)) return openOnWriter(core, query, parameters, output);
  return openOnReaders(core, query, parameters, delivery);
}

/** On the scan threads, or on this very one: what reads no data that the session's own transaction has written. */
export async function openOnReaders(core: SessionCore, query: CompiledQuery, parameters: Parameters, delivery: Delivery): Promise<BatchStream> {
  const visible = query.columns.length;
  const output = (columns: readonly WrittenColumn[]): ReturnType<typeof deliveredColumns> => deliveredColumns(columns, delivery, visible);
  const plan = query.readPlan();
  await viewNode(core, plan.catalogLandings);
  const request: ExecutionRequest = {
    plan,
    catalog: query.catalog,
    parameters: parameters.values,
    parameterTypes: parameters.types,
    context: core.context(),
    output,
    catalogRows: (relation, columns) => catalogRows(relation, columns, core),
    readsOn: (nodes) => {
      core.readOn = nodes;
    },
    exchanged: (report) => {
      core.exchanged.set(report.id, report);
    },
  };
  core.readOn = undefined;
  core.exchanged.clear();
  const stale = await openOnOwnCopy(core, request);
  if (stale !== undefined) return stale;
  const bytes = bytesUnderLarge(core, query, plan, parameters.values);
  const { executor } = core.services;
  const nodesMax = nodesFor(core, bytes);
  return await underDemand(core, bytes, async () => await executor.open(nodesMax === 1 ? request : { ...request, nodesMax }));
}

/** In a read-only transaction that is content with what was there a while ago: from this node's own copy, if that has it. */
async function openOnOwnCopy(core: SessionCore, request: ExecutionRequest): Promise<BatchStream | undefined> {
  const { maxStalenessMs, transaction, services } = core;
  if (maxStalenessMs === 0 || !transaction.readOnly) return undefined;
  const executor = await services.ownCopy?.();
  if (executor === undefined) return undefined;
  try {
    return await executor.open({ ...request, maxStalenessMs });
  } catch (error) {
    // (Not fresh enough, of another version of the catalog, or gone: the primary knows.)
    if (error instanceof PgError && ['SH001', 'SH005', '57P01', '08006'].includes(error.code)) return undefined;
    throw error;
  }
}

/** The bytes under a query; 0 for those of which nobody wants to know, for all tables together are too small. */
export function bytesUnderLarge(
  { services, queryScaleFactor, parallelNodesSize }: SessionCore,
  { catalog }: CompiledQuery,
  plan: PhysicalPlan,
  parameters: readonly SqlValue[],
): number {
  const least = Math.min(queryScaleFactor * bytesPerMegabyte, services.executor.isSpread ? parallelNodesSize : Infinity);
  if (services.totalBytes <= least) return 0;
  return bytesUnderQuery(fragmentsThatRun(plan, parameters, catalog), parameters, catalog, (tableOid, shard) => services.tableBytes(tableOid, shard));
}

/** On how many nodes a query over so many bytes may run: for few the messages cost more than they bring. */
export function nodesFor({ services, parallelNodesSize, parallelNodesMax }: SessionCore, bytes: number): number {
  return services.executor.isSpread && bytes >= parallelNodesSize ? parallelNodesMax : 1;
}

/**
 * Has the scaler know of the query as long as it runs, if it wants more nodes than one: those who want one change nothing. Never waits.
 * Writes do not ask: they run on the one lane of their database, however many nodes there are.
 */
async function underDemand({ services, queryScaleFactor }: SessionCore, bytes: number, open: () => Promise<BatchStream>): Promise<BatchStream> {
  const demand = queryDemand(bytes, queryScaleFactor);
  if (demand.nodes === 1) return await open();
  const entry = {};
  const ended = (): void => {
    services.demand.set(entry, undefined);
  };
  services.demand.set(entry, demand);
  try {
    const stream = await open();
    return {
      pull: async (maxRows) => {
        try {
          const batch = await stream.pull(maxRows);
          if (batch.done) ended();
          return batch;
        } catch (error) {
          ended();
          throw error;
        }
      },
      close: () => {
        ended();
        stream.close();
      },
    };
  } catch (error) {
    ended();
    throw error;
  }
}

/** Looks at what goes on in the node, and at its files, when the statement reads of it. */
async function viewNode(core: SessionCore, landings: readonly CatalogLanding[]): Promise<void> {
  if (landings.length === 0) return;
  const dependencies = dependenciesOf(landings.map((landing) => landing.relation));
  if (dependencies.has('node')) core.nodeView = await collectNodeView(core.services);
  if (dependencies.has('replication')) {
    const [replication] = await Promise.all([core.services.node.replication(undefined as never), core.services.refreshStatistics()]);
    core.replication = replication;
  }
  if (dependencies.has('files')) core.fileSizes = await collectFileSizes(core);
}

async function landCatalog(core: SessionCore, transaction: number, landings: readonly CatalogLanding[]): Promise<void> {
  await viewNode(core, landings);
  for (const landing of landings) {
    await core.services.lane.createLanding({
      transaction,
      table: { name: landing.table, columns: landing.columns, types: landing.types, indexes: catalogIndexes(landing) },
    });
    await core.services.lane.land({ transaction, table: landing.table, bytes: catalogRows(landing.relation, landing.columns, core) });
  }
}

async function openOnWriter(
  core: SessionCore,
  query: CompiledQuery,
  parameters: Parameters,
  output: (columns: readonly WrittenColumn[]) => CursorOutput,
): Promise<BatchStream> {
  const { lane } = core.services;
  const isLocking = query.bound.locking.length > 0;
  const plan = isLocking ? query.lockingPlan() : query.writerPlan();
  const context = core.context();
  if (isLocking) core.requireWritable('SELECT FOR UPDATE');
  const transaction = await core.laneTransaction();
  await landCatalog(core, transaction, plan.catalogLandings);
  const { sql } = plan.root;
  const params = renderParameters(sql, parameters.values, parameters.types, 0);
  const text = renderText(sql, '');
  const { cursor, batch } = await lane.open({
    transaction,
    ...(isLocking ? { locking: rowLocking(query, parameters, sql), lockTimeoutMs: core.lockTimeoutMs } : {}),
    context,
    catalogVersion: query.catalog.version,
    cursor: { sql: text, params, output: output(sql.columns) },
    maxRows: 0,
  });
  let first: CursorBatch | undefined = batch;
  let open = !batch.done;
  return {
    async pull(maxRows) {
      if (first !== undefined) {
        const ready = first;
        first = undefined;
        return ready;
      }
      if (!open) return { done: true, rows: 0, bytes: undefined };
      const next = await lane.pull({ cursor, maxRows });
      if (next.done) open = false;
      return next;
    },
    close() {
      if (open) letGo(lane.close({ cursor }));
      open = false;
    },
  };
}

/** Which rows a locking read locks, and how many it wants. */
function rowLocking(query: CompiledQuery, parameters: Parameters, sql: WrittenSql): RowLockingTask {
  const position = (id: number | undefined): number => sql.columns.findIndex(({ column }) => column.id === id);
  const locks = query.bound.locking.flatMap(({ table, row, strength, wait }) =>
    row === undefined
      ? []
      : [
          {
            tableOid: table.oid,
            ...(row.table === undefined ? {} : { tableColumn: position(row.table.id) }),
            shardColumn: position(row.shard.id),
            rowidColumn: position(row.rowid.id),
            mode: strength,
            wait: wait === 'block' ? ('wait' as const) : wait,
          },
        ],
  );
  const { count, offset } = query.limit;
  return { locks, count: limitValue(count, parameters, 'LIMIT'), offset: limitValue(offset, parameters, 'OFFSET') ?? 0 };
}

/** The value of LIMIT or OFFSET in a locking read. */
function limitValue(e: Expression | undefined, parameters: Parameters, what: string): number | undefined {
  if (e === undefined) return undefined;
  const inner = e.kind === 'cast' && e.method !== 'io' ? e.argument : e;
  if (inner.kind !== 'const' && inner.kind !== 'param') throw notSupported(`${what} with an expression in a locking read`);
  const value = inner.kind === 'const' ? inner.value : (parameters.values[inner.index - 1] ?? null);
  if (value === null) return undefined;
  if (Number(value) < 0) throw new PgError(what === 'LIMIT' ? '2201W' : '2201X', `${what} must not be negative`);
  return Number(value);
}

export interface MutationResult {
  readonly count: number;
  readonly returning: readonly Uint8Array[];
  readonly returningRows: number;
  readonly moved?: { readonly shard: number; readonly rowid: number };
  readonly conflict?: ReportedConflict;
}

/** Writes a statement's SQL with the parameters' values. */
type Rendering = (sql: WrittenSql) => { readonly sql: string; readonly params: readonly SqlValue[] };

function rendering({ values, types }: Parameters, schema = '', shard = 0): Rendering {
  return (sql) => ({ sql: renderText(sql, schema), params: renderParameters(sql, values, types, shard) });
}

/** The lane's task for a compiled mutation with its parameters. */
function mutationTask(compiled: CompiledMutation, parameters: Parameters, delivery: Delivery): MutationTask {
  const { mutation, routed } = compiled.written();
  const task = taskOf(mutation, rendering(parameters), delivery);
  if (routed === undefined) return task;
  const shards = shardsToVisit(routed.target.group, routed.target.pruning, parameters.values, compiled.catalog);
  const shard = shards[0] ?? 0;
  if (shards.length > 1) return task;
  return { ...task, source: rendering(parameters, shardSchemaName(compiled.catalog.group(routed.target.group), shard), shard)(routed.source) };
}

function taskOf(mutation: WrittenMutation, text: Rendering, delivery: Delivery): MutationTask {
  const { onConflict, check, returning, inheritors, followers } = mutation;
  return {
    kind: mutation.kind,
    tableOid: mutation.tableOid,
    assigned: mutation.assigned,
    source: text(mutation.source),
    ...(mutation.many === true ? { many: true as const } : {}),
    ...(onConflict === undefined
      ? {}
      : {
          onConflict: {
            index: onConflict.index,
            action: onConflict.action,
            ...(onConflict.update === undefined ? {} : { update: { ...text(onConflict.update.sql), assigned: onConflict.update.assigned } }),
          },
        }),
    ...(inheritors === undefined ? {} : { inheritors: inheritors.map((one) => taskOf(one, text, delivery)) }),
    ...(mutation.returningFirst === true ? { returningFirst: true as const } : {}),
    ...(followers === undefined
      ? {}
      : {
          followers: followers.map(({ tableOid, check, generated, defaults }) => ({
            tableOid,
            ...(check === undefined ? {} : { check: { ...text(check.sql), failures: check.failures } }),
            ...(generated === undefined ? {} : { generated: text(generated) }),
            ...(defaults === undefined ? {} : { defaults: text(defaults) }),
          })),
        }),
    ...(check === undefined ? {} : { check: { ...text(check.sql), failures: check.failures } }),
    ...(returning === undefined ? {} : { returning: { ...text(returning), output: deliveredColumns(returning.columns, delivery, returning.columns.length) } }),
  };
}

/** Runs an INSERT, UPDATE or DELETE inside the session's transaction. */
export async function runMutation(core: SessionCore, mutation: CompiledMutation, parameters: Parameters, delivery: Delivery): Promise<MutationResult> {
  if (mutation.rules !== undefined) return core.calls.rewritten(mutation.rules, mutation.bound.mutation.kind, parameters, delivery);
  requireAllowed(mutation);
  if (mutation.bound.needs.bySession) return core.calls.mutation(mutation, parameters, delivery);
  core.requireWritable(mutation.bound.mutation.kind.toUpperCase());
  const state = core.transaction;
  const landings = mutation.written().catalogLandings;
  if (landings.length > 0) await landCatalog(core, await core.laneTransaction(), landings);
  // (Above READ COMMITTED a statement takes part in what its level promises, even alone: 40001 and the locks of SERIALIZABLE.)
  // (And tables with ON COMMIT are seen to before the commit.)
  const isWhole = isWholeTransaction(core) && state.isolation === 'read committed' && core.tablesOfTransactions.length === 0;
  const result = await core.services.lane.execute({
    transaction: state.lane,
    ...(state.lane !== undefined || isWhole ? {} : { begin: { isolation: state.isolation, readOnly: state.readOnly } }),
    context: core.context(),
    catalogVersion: mutation.catalog.version,
    task: mutationTask(mutation, parameters, delivery),
    lockTimeoutMs: core.lockTimeoutMs,
    synchronousCommit: core.synchronousCommit,
    untilApplied: core.untilApplied,
  });
  state.lane ??= result.transaction;
  return result;
}

/** Runs a statement some of whose WITH queries change data. */
export async function runSteps(core: SessionCore, compiled: CompiledSteps, parameters: Parameters, delivery: Delivery): Promise<MutationResult> {
  requireAllowed(compiled);
  if (compiled.bound.needs.bySession) throw notSupported('a function that is carried out for itself in a statement whose WITH queries change data');
  core.requireWritable(compiled.bound.kind === 'query' ? 'SELECT' : compiled.bound.mutation.kind.toUpperCase());
  const state = core.transaction;
  const { steps, mainAfter, main, catalogLandings } = compiled.planned();
  const transaction = await core.laneTransaction();
  await landCatalog(core, transaction, catalogLandings);
  const text = rendering(parameters);
  const landing = ({ table, columns, types }: StepLanding): LandingTable => ({ name: table, columns, types, indexes: [] });
  const task: StepsTask = {
    kind: 'steps',
    steps: steps.map((step) =>
      step.kind === 'read'
        ? { kind: 'read', source: text(step.sql), into: landing(step.landing) }
        : { kind: 'write', task: taskOf(step.mutation, text, { kind: 'rows' }), ...(step.landing === undefined ? {} : { into: landing(step.landing) }) },
    ),
    mainAfter,
    main:
      main.kind === 'mutation'
        ? taskOf(main.mutation, text, delivery)
        : { kind: 'query', ...text(main.sql), output: deliveredColumns(main.sql.columns, delivery, compiled.columns?.length ?? 0) },
  };
  return await core.services.lane.execute({
    transaction: state.lane,
    context: core.context(),
    catalogVersion: compiled.catalog.version,
    task,
    lockTimeoutMs: core.lockTimeoutMs,
    synchronousCommit: core.synchronousCommit,
    untilApplied: core.untilApplied,
  });
}

/** A stream over batches that are all here. */
export function arrayStream(batches: readonly Uint8Array[], rows: number): BatchStream {
  let sent = false;
  return {
    async pull() {
      await Promise.resolve();
      if (sent || rows === 0) return { done: true, rows: 0, bytes: undefined };
      sent = true;
      return { done: true, rows, bytes: batches.length === 1 ? batches[0] : Buffer.concat(batches) };
    },
    close() {
      sent = true;
    },
  };
}

/** Scaled integers did not suffice. */
function needsExactNumeric(error: unknown): boolean {
  return error instanceof PgError && error.code === 'SH002';
}

/** An error of a plan that is older than the data's catalog. */
function isStale(error: unknown): boolean {
  return error instanceof PgError && error.code === 'SH001';
}

/** How often a statement is planned anew while others define tables. */
const replansMax = 20;
/** The newer catalog comes at once, but where its commit waits for other nodes' copies. */
const catalogSoonMs = 100;
const catalogLateMs = 1000;
const replansSoon = 5;

/**
 * After a failed attempt (the first is 0) of a statement that was planned for an older catalog: how long to wait for the newer one, in milliseconds. Throws the error if it is
 * another, and 40001 when there have been too many.
 */
export function replanWaitMs(error: unknown, attempt: number): number {
  if (!isStale(error)) throw error;
  if (attempt >= replansMax) throw definitionsChange();
  return attempt < replansSoon ? catalogSoonMs : catalogLateMs;
}

/** Others define tables, so that a statement cannot be carried out for now. */
export function definitionsChange(): PgError {
  return new PgError('40001', 'could not serialize access due to concurrent changes of definitions');
}

/** See replanWaitMs. */
export async function awaitNewerCatalog({ services }: SessionCore, error: unknown, attempt: number, version: number): Promise<void> {
  await services.catalogReached(version + 1, replanWaitMs(error, attempt));
}

/**
 * After a failed attempt (the first is 0): throws the error unless another plan helps, for which it waits for the newer catalog. Answers whether the next plan must count with exact
 * numerics.
 */
export async function replanAfter(core: SessionCore, error: unknown, attempt: number, version: number, exact: boolean): Promise<boolean> {
  if (needsExactNumeric(error)) {
    if (exact) throw new PgError('22003', 'numeric value out of range');
    return true;
  }
  await awaitNewerCatalog(core, error, attempt, version);
  return exact;
}
