/**
 * From a parsed statement to something that can be executed: bound, optimised, and planned lazily for where it will run. Plans hold for one catalog version.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Statement } from '../../sql/ast.js';
import type { RuleEvent } from '../../catalog/rule.js';
import type { Table, View } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import type { LogicalNode } from '../../plan/logical.js';
import type { PhysicalPlan } from '../../plan/physical.js';
import type { WrittenMutation, WrittenSql } from '../../plan/written-sql.js';
import type { BoundMutation, BoundQuery, ResultOutput } from '../../planner/bind/bound.js';
import { bindStatement } from '../../planner/bind/bind.js';
import type { BindContext } from '../../planner/bind/context.js';
import { type RewrittenStatement, rewriteByRules } from '../../planner/bind/rewrite-rules.js';
import { distribute } from '../../planner/distributed/distribute.js';
import { type PlannedSteps, planSteps } from '../../planner/distributed/statement-steps.js';
import { type RouterTarget, routerTarget } from '../../planner/distributed/router.js';
import { optimise, optimiseMutation } from '../../planner/logical/optimise.js';
import type { WriteOptions } from '../../planner/sqlite/scope.js';
import { writeMutation } from '../../planner/sqlite/write-mutation.js';
import { typeByOid } from '../../types/registry.js';
import type { ResultColumn } from './session.js';

export interface CompiledQuery {
  readonly kind: 'query';
  readonly bound: BoundQuery;
  readonly catalog: CatalogSnapshot;
  readonly columns: readonly ResultColumn[];
  /** For the scan threads. */
  readonly readPlan: () => PhysicalPlan;
  /** For the writer connection. */
  readonly writerPlan: () => PhysicalPlan;
  /** For locking reads: the same without the outermost LIMIT, which counts locked rows. */
  readonly lockingPlan: () => PhysicalPlan;
  readonly limit: { readonly count: Expression | undefined; readonly offset: Expression | undefined };
  /** Computes with scaled integers that may prove too small (SH002). */
  readonly isOptimistic: (plan: PhysicalPlan) => boolean;
}

/** What a statement on a relation with rules has become. */
export interface CompiledRules {
  readonly before: readonly Compiled[];
  /** What answers for the statement; undefined: nothing, and its count is that of the last action of its kind. */
  readonly main: CompiledMutation | undefined;
  readonly after: readonly Compiled[];
}

export interface CompiledMutation {
  readonly kind: 'mutation';
  readonly rules?: CompiledRules;
  readonly bound: BoundMutation;
  readonly catalog: CatalogSnapshot;
  readonly columns: readonly ResultColumn[] | undefined;
  /** Distributed tables read as unions over their shards; `routed` is for when the parameters leave one shard. */
  readonly written: () => {
    readonly mutation: WrittenMutation;
    readonly catalogLandings: PhysicalPlan['catalogLandings'];
    readonly routed: { readonly target: RouterTarget; readonly source: WrittenSql } | undefined;
  };
}

/** A statement some of whose WITH queries change data. */
export interface CompiledSteps {
  readonly kind: 'steps';
  readonly bound: BoundQuery | BoundMutation;
  readonly catalog: CatalogSnapshot;
  readonly columns: readonly ResultColumn[] | undefined;
  readonly planned: () => PlannedSteps;
}

export interface CompiledUtility {
  readonly kind: 'utility';
  readonly statement: Statement;
  /** Types of its parameters (CALL, and what holds a query), or what the client has declared. */
  readonly parameterOids?: readonly number[];
  readonly columns: readonly ResultColumn[] | undefined;
}

export type Compiled = CompiledQuery | CompiledMutation | CompiledSteps | CompiledUtility;

export interface CompileOptions {
  readonly bind: BindContext;
  readonly rows: ReadonlyMap<number, number>;
  /** Number of scan threads, of all nodes that may take part. */
  readonly partitions: number;
  /** Several nodes may take part. */
  readonly combines: boolean;
  /** Plan without scaled integers, after an SH002. */
  readonly exactNumeric?: boolean;
  /** COPY writes the relation itself. */
  readonly ignoresRules?: boolean;
  /** Relations and events whose rules are being applied. */
  readonly rewriting?: readonly string[];
}

export function resultColumns(columns: readonly ResultOutput[]): readonly ResultColumn[] {
  return columns.map((column) => ({
    name: column.name,
    typeOid: column.type.oid,
    typmod: column.type.typmod,
    typeLength: typeByOid(column.type.oid)?.length ?? -1,
    tableOid: column.origin?.tableOid ?? 0,
    columnNumber: column.origin?.attribute ?? 0,
  }));
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The plan without its outermost LIMIT and OFFSET, and what they were. */
function withoutLimit(plan: LogicalNode): { readonly plan: LogicalNode; readonly count: Expression | undefined; readonly offset: Expression | undefined } {
  // Which rows tie is known before they are locked.
  if (plan.kind === 'limit' && plan.withTies) return { plan, count: undefined, offset: undefined };
  if (plan.kind === 'limit') return { plan: plan.input, count: plan.count, offset: plan.offset };
  if (plan.kind !== 'project') return { plan, count: undefined, offset: undefined };
  const inner = withoutLimit(plan.input);
  return { ...inner, plan: { ...plan, input: inner.plan } };
}

/** Compiles SELECT, VALUES, INSERT, UPDATE, DELETE. */
export function compileStatement(statement: Statement, options: CompileOptions): CompiledQuery | CompiledMutation | CompiledSteps {
  const rewritten = options.ignoresRules === true ? undefined : rewriteByRules(statement, options.bind);
  return rewritten === undefined ? compilePlain(statement, options) : compileRewritten(rewritten, options);
}

function compileRewritten(rewritten: RewrittenStatement, options: CompileOptions): CompiledMutation {
  const { relation, event } = rewritten;
  const { rewriting = [] } = options;
  const key = `${event} ${String(relation.oid)}`;
  if (rewriting.includes(key)) throw new PgError('42P17', `infinite recursion detected in rules for relation "${relation.name}"`);
  const inner = { ...options, rewriting: [...rewriting, key] };
  const actions = (statements: readonly Statement[]): readonly Compiled[] =>
    statements.map((one) => (one.kind === 'notify' ? { kind: 'utility', statement: one, columns: undefined } : compileStatement(one, inner)));
  const before = actions(rewritten.before);
  const after = actions(rewritten.after);
  const compiled =
    rewritten.main === undefined ? undefined : rewritten.isOriginal ? compilePlain(rewritten.main, options) : compileStatement(rewritten.main, inner);
  if (compiled !== undefined && compiled.kind !== 'mutation') throw notSupported('WITH in an action of a rule');
  const main = compiled ?? nothingWritten(relation, event, options);
  const parts = [...before, main, ...after];
  const types = parts.flatMap((part) => (part.kind === 'utility' ? [] : [part.bound.parameterTypes]));
  const parameterTypes = types.reduce<readonly TypeRef[]>((longest, one) => (one.length > longest.length ? one : longest), []);
  const { bound } = main;
  const mutation = compiled === undefined ? bound.mutation : { ...bound.mutation, kind: event };
  return {
    ...main,
    bound: { ...bound, mutation, parameterTypes, needs: { ...bound.needs, volatile: true } },
    rules: { before, main: compiled, after },
  };
}

/** What stands for a statement that a rule has taken the place of. */
function nothingWritten(relation: Table | View, kind: RuleEvent, options: CompileOptions): CompiledMutation {
  const table: Table =
    relation.kind === 'table'
      ? relation
      : {
          ...relation,
          kind: 'table',
          columns: [],
          persistence: 'permanent',
          lastAttribute: 0,
          indexes: [],
          checks: [],
          foreignKeys: [],
          distribution: { kind: 'reference' },
          physicalName: '',
          options: [],
        };
  const mutation = { kind, table, source: { kind: 'values' as const, columns: [], rows: [] }, assigned: [], row: [], extra: [], checks: [] };
  return compileMutation(
    { kind: 'mutation', mutation, columns: undefined, parameterTypes: [], needs: { volatile: true, needsWriter: false, bySession: false } },
    options,
  );
}

function compilePlain(statement: Statement, options: CompileOptions): CompiledQuery | CompiledMutation | CompiledSteps {
  const bound = bindStatement(statement, options.bind);
  const { steps } = bound;
  if (steps !== undefined) {
    const { catalog } = options.bind;
    const planned = lazily(() => planSteps(bound, steps, { catalog, rows: options.rows, exactNumeric: options.exactNumeric === true }));
    return { kind: 'steps', bound, catalog, columns: bound.columns === undefined ? undefined : resultColumns(bound.columns), planned };
  }
  if (bound.kind === 'query') return compileBound(bound, options);
  return compileMutation(bound, options);
}

export function compileMutation(bound: BoundMutation, options: CompileOptions): CompiledMutation {
  const { catalog } = options.bind;
  return {
    kind: 'mutation',
    bound,
    catalog,
    columns: bound.columns === undefined ? undefined : resultColumns(bound.columns),
    written: lazily(() => {
      const mutation = optimiseMutation(bound.mutation, options.rows);
      const exactNumeric = options.exactNumeric === true;
      const target = mutation.inheritors === undefined ? routerTarget(mutation.source) : undefined;
      const scan: WriteOptions['scan'] = ({ table }) =>
        table.distribution.kind === 'reference' ? { kind: 'global' } : { kind: 'shard', group: table.distribution.group };
      return {
        ...writeMutation(mutation, { catalog, exactNumeric }),
        routed: target === undefined ? undefined : { target, source: writeMutation(mutation, { catalog, scan, exactNumeric }).mutation.source },
      };
    }),
  };
}

export function compileBound(bound: BoundQuery, options: CompileOptions): CompiledQuery {
  const { catalog } = options.bind;
  const plan = lazily(() => optimise(bound.plan, options.rows));
  const unlimited = withoutLimit(bound.plan);
  const { rows, partitions, combines } = options;
  const planning = { catalog, rows, partitions, combines, unionScans: true, exactNumeric: options.exactNumeric === true };
  return {
    kind: 'query',
    bound,
    catalog,
    columns: resultColumns(bound.columns),
    readPlan: lazily(() => distribute(plan(), { ...planning, mode: 'read' })),
    writerPlan: lazily(() => distribute(plan(), { ...planning, mode: 'writer' })),
    lockingPlan: lazily(() => distribute(optimise(unlimited.plan, options.rows), { ...planning, mode: 'writer' })),
    limit: unlimited,
    isOptimistic: (physical) => options.exactNumeric !== true && mayReplan(physical),
  };
}

/** Some statement of the plan may raise SH002 after its first rows. */
function mayReplan(plan: PhysicalPlan): boolean {
  return plan.root.sql.mayReplan || plan.router?.sql.mayReplan === true || plan.exchanges.some((exchange) => exchange.producer.sql.mayReplan);
}
