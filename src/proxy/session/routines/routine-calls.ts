/**
 * Calls that the session carries out for a query: functions of the session itself (set_config, advisory locks, ...) and functions of the database whose bodies cannot
 * stand in the statement. Before the query runs, each call is made, in the order of the plan, and replaced by its result. Where a call depends on the rows of the plan
 * below it, these rows come to the front end, the call is made for each, and rows and results are landed again for the rest of the plan.
 *
 * CASE, COALESCE, AND and OR make only the calls that they come to, as PostgreSQL does. Called by shoal-session.ts for what was bound with `needs.bySession`.
 */
import { notSupported } from '../../../common/errors.js';
import { columnRef, conjunction, conjuncts, constant, falseConst, nullConst, trueConst } from '../../../plan/build.js';
import type { Call, ColumnId, Const, Expression, SetCall, TypeRef } from '../../../plan/expression.js';
import type { CteDefinition, FunctionScan, Join, LogicalNode, OutputColumn, ProjectSet, Values } from '../../../plan/logical.js';
import {
  columnsOf,
  forEachChild,
  forEachNodeExpression,
  freeColumns,
  inputsOf,
  mapChildren,
  mapInputs,
  mapNodeExpressions,
  mapPlanExpressions,
  replaceExpressions,
  substituteColumns,
} from '../../../plan/walk.js';
import { optimise } from '../../../planner/logical/optimise.js';
import { foldExpression } from '../../../planner/logical/rules/fold-constants.js';
import { columnDeclaration } from '../../../planner/sqlite/column-declaration.js';
import { RowWriter } from '../../../types/row-codec.js';
import { Oid } from '../../../types/oid.js';
import type { SqlValue } from '../../../types/value.js';
import type { Parameters } from '../run-query.js';
import { carrierOf } from '../session-calls.js';
import type { ShoalSession } from '../shoal-session.js';
import { planRows, type Row } from './row-set.js';

/** More values than this are landed as a temporary table rather than written as VALUES. */
const valuesMax = 2000;

const known = new WeakMap<object, boolean>();

export function isSessionCall(e: Expression): e is Call {
  return e.kind === 'call' && e.function.bySession === true && (e.routine !== undefined || carrierOf(e.function.name) !== undefined);
}

/** Whether the session has something to do in an expression, its subqueries included. */
export function hasCalls(e: Expression): boolean {
  let found = known.get(e);
  if (found === undefined) {
    found = isSessionCall(e) || (e.kind === 'subquery' && planHasCalls(e.plan));
    if (!found)
      forEachChild(e, (child) => {
        found ||= hasCalls(child);
      });
    known.set(e, (found ??= false));
  }
  return found;
}

function setsOf(node: LogicalNode): readonly SetCall[] {
  return node.kind === 'functionScan' ? node.calls : node.kind === 'projectSet' ? node.calls.map(({ call }) => call) : [];
}

function nodeHasCalls(node: LogicalNode): boolean {
  let found = setsOf(node).some((call) => call.routine !== undefined);
  forEachNodeExpression(node, (e) => {
    found ||= hasCalls(e);
  });
  return found;
}

function planHasCalls(plan: LogicalNode): boolean {
  let found = known.get(plan);
  if (found === undefined) known.set(plan, (found = nodeHasCalls(plan) || inputsOf(plan).some(planHasCalls)));
  return found;
}

/** Columns made here stand next to any part of any plan: their ids are beyond those that the binder gives. */
let columns = 0;

export function freshColumn(name: string, type: TypeRef): OutputColumn {
  columns = (columns + 1) % 500_000_000;
  return { id: (1_000_000_000 + columns) as ColumnId, name, type };
}

/** Counts the landing tables of calls, whose names must differ within a transaction. */
let landings = 0;

const unit: Values = { kind: 'values', columns: [], rows: [[]] };

function isTruth(value: SqlValue): boolean {
  return value !== null && Number(value) !== 0;
}

function constants(columns: readonly OutputColumn[], row: Row): ReadonlyMap<ColumnId, Expression> {
  return new Map(columns.map((column, i) => [column.id, constant(row[i] ?? null, column.type)]));
}

/** Makes the calls of one statement, or (a fresh one each) of one row of it. */
export class CallResolver {
  /** Results of calls made so far, by site: a call that several nodes show is made once. */
  readonly #made = new Map<number, Promise<Row | null>>();
  /** Some rows were landed on the lane, where the query must run then. */
  needsWriter = false;

  constructor(
    readonly session: ShoalSession,
    readonly parameters: Parameters,
    /** WITH queries around the part that is worked on. */
    readonly definitions: readonly CteDefinition[] = [],
  ) {}

  #inner(definitions = this.definitions): CallResolver {
    return new CallResolver(this.session, this.parameters, definitions);
  }

  // ---- expressions ----

  #withParameters(e: Expression): Expression {
    const { values } = this.parameters;
    return values.length === 0 ? e : replaceExpressions(e, (part) => (part.kind === 'param' ? constant(values[part.index - 1] ?? null, part.type) : undefined));
  }

  /** The value of an expression without columns. */
  async value(e: Expression): Promise<SqlValue> {
    if (e.kind === 'const') return e.value;
    const resolved = foldExpression(await this.#resolved(this.#withParameters(e)));
    if (resolved.kind === 'const') return resolved.value;
    const column = freshColumn('value', e.type);
    const plan = this.#whole({ kind: 'project', input: unit, columns: [column], expressions: [resolved] });
    const [row] = await planRows(this.session.core, plan, this.parameters, this.needsWriter);
    return row?.[0] ?? null;
  }

  /** The part of a plan with the WITH queries that it reads. */
  #whole(plan: LogicalNode): LogicalNode {
    return this.definitions.length === 0 ? plan : { kind: 'with', ctes: this.definitions, body: plan, columns: plan.columns };
  }

  /** The expression with its calls made. */
  async #resolved(e: Expression): Promise<Expression> {
    if (!hasCalls(e)) return e;
    switch (e.kind) {
      case 'call':
        if (isSessionCall(e)) return constant(await this.#call(e), e.type);
        break;
      case 'case':
        for (const branch of e.branches) if (isTruth(await this.value(branch.when))) return this.#resolved(branch.then);
        return this.#resolved(e.otherwise);
      case 'coalesce':
        for (const argument of e.args) {
          const value = await this.value(argument);
          if (value !== null) return constant(value, e.type);
        }
        return nullConst(e.type);
      case 'and':
      case 'or': {
        let isUnknown = false;
        for (const argument of e.args) {
          const value = await this.value(argument);
          if (value === null) isUnknown = true;
          else if (isTruth(value) === (e.kind === 'or')) return e.kind === 'or' ? trueConst : falseConst;
        }
        return isUnknown ? nullConst(e.type) : e.kind === 'or' ? falseConst : trueConst;
      }
      default:
        break;
    }
    const children: Expression[] = [];
    forEachChild(e, (child) => children.push(child));
    const results = new Map<Expression, Expression>();
    for (const child of children) if (!results.has(child)) results.set(child, await this.#resolved(child));
    const plan = e.kind === 'subquery' ? await this.plan(e.plan) : undefined;
    return mapChildren(
      e,
      (child) => results.get(child) ?? child,
      (old) => plan ?? old,
    );
  }

  async #call(call: Call): Promise<SqlValue> {
    const { routine } = call;
    if (routine === undefined) {
      const args: SqlValue[] = [];
      for (const argument of call.args) args.push(await this.value(argument));
      return this.#carried(call, args);
    }
    let made = this.#made.get(routine.site);
    if (made === undefined) {
      made = this.#routine(call);
      this.#made.set(routine.site, made);
    }
    const row = await made;
    if (routine.output === 'present') return row === null ? 0 : 1;
    return row?.[routine.output ?? 0] ?? null;
  }

  async #carried(call: Call, args: readonly SqlValue[]): Promise<SqlValue> {
    const { function: entry } = call;
    const carry = carrierOf(entry.name);
    if (carry === undefined) throw notSupported(`function ${entry.name}()`);
    const value = entry.strict && args.includes(null) ? null : await carry(this.session, args, call);
    return call.type.oid === Oid.void && value === null ? '' : value;
  }

  async #routine(call: Call): Promise<Row | null> {
    const { routine, args } = call;
    if (routine === undefined) throw new Error('assertion failed: a routine');
    const values: { value: SqlValue; type: TypeRef }[] = [];
    for (const argument of args) values.push({ value: await this.value(argument), type: argument.type });
    const rows = await this.session.core.calls.routine(routine.oid, values, routine.outputs, routine.whole);
    return rows[0] ?? null;
  }

  // ---- plans ----

  /** The plan with its calls made. */
  async plan(node: LogicalNode): Promise<LogicalNode> {
    if (!planHasCalls(node)) return node;
    switch (node.kind) {
      case 'values': {
        const rows: Expression[][] = [];
        for (const row of node.rows) {
          const resolver = this.#inner();
          const values: Expression[] = [];
          for (const e of row) values.push(hasCalls(e) ? constant(await resolver.#own(e), e.type) : e);
          rows.push(values);
        }
        return { ...node, rows };
      }
      case 'functionScan':
        return this.#functionScan(node);
      case 'with': {
        const ctes: CteDefinition[] = [];
        for (const cte of node.ctes) {
          if (cte.recursive !== undefined && (planHasCalls(cte.recursive.term) || planHasCalls(cte.plan)))
            throw notSupported('a function that is carried out for each row of a recursive query');
          const inner = this.#inner([...this.definitions, ...ctes]);
          ctes.push({ ...cte, plan: await inner.plan(cte.plan) });
          this.needsWriter ||= inner.needsWriter;
        }
        const inner = this.#inner([...this.definitions, ...ctes]);
        const body = await inner.plan(node.body);
        this.needsWriter ||= inner.needsWriter;
        return { ...node, ctes, body, columns: body.columns };
      }
      case 'join':
        return this.#join(node);
      case 'setOperation': {
        const left = await this.plan(node.left);
        return { ...node, left, right: await this.plan(node.right) };
      }
      case 'sort': {
        const later = postponed(node);
        return later.kind === 'sort' ? this.#overRows(later) : this.plan(later);
      }
      case 'limit': {
        const later = postponed(node);
        if (later.kind !== 'limit') return this.plan(later);
        const input = await this.plan(node.input);
        const count = node.count === undefined ? undefined : constant(await this.#own(node.count), node.count.type);
        const offset = node.offset === undefined ? undefined : constant(await this.#own(node.offset), node.offset.type);
        return { ...node, input, count, offset };
      }
      default:
        return this.#overRows(node);
    }
  }

  /** The value of an expression that must not read a column any more. */
  async #own(e: Expression): Promise<SqlValue> {
    refuseColumns({ ...unit, rows: [[e]] });
    return this.value(e);
  }

  async #rows(plan: LogicalNode): Promise<readonly Row[]> {
    refuseColumns(plan);
    return planRows(this.session.core, this.#whole(plan), this.parameters, this.needsWriter);
  }

  /** Rows as a part of a plan. */
  async #landed(columns: readonly OutputColumn[], rows: readonly Row[]): Promise<LogicalNode> {
    const plan = await landRows(this.session, columns, rows);
    this.needsWriter ||= plan.kind === 'landed';
    return plan;
  }

  /** An operator over the rows of its input, whose calls are made for each row. */
  async #overRows(node: LogicalNode): Promise<LogicalNode> {
    const [first] = inputsOf(node);
    if (first === undefined) throw new Error(`assertion failed: ${node.kind} has an input`);
    const input = await this.plan(first);
    if (!nodeHasCalls(node)) return mapInputs(node, () => input);
    if (node.kind === 'projectSet') return this.#projectSet(node, input);
    if (node.kind === 'filter') return this.#filter(node.predicate, node.columns, input);
    const added = new Map<Expression, OutputColumn>();
    const replaced = mapNodeExpressions(node, (e) => {
      if (!hasCalls(e)) return e;
      const column = freshColumn('call', e.type);
      added.set(e, column);
      return columnRef(column);
    });
    const rows: Row[] = [];
    for (const row of await this.#rows(input)) {
      const values: SqlValue[] = [...row];
      const over = constants(input.columns, row);
      const resolver = this.#inner();
      for (const e of added.keys()) values.push(await resolver.#own(substituteColumns(e, over)));
      rows.push(values);
      this.session.core.checkCancel();
    }
    const landed = await this.#landed([...input.columns, ...added.values()], rows);
    const result = mapInputs(replaced, () => landed);
    // What passes its input's columns on passes the results on, too: they are taken away again.
    if (result.kind === 'sort' || result.kind === 'distinct')
      return {
        kind: 'project',
        input: { ...result, columns: landed.columns },
        columns: node.columns,
        expressions: node.columns.map((column) => columnRef(column)),
      };
    if (result.kind === 'window')
      return { ...result, columns: [...landed.columns, ...result.columns.filter((column) => !landed.columns.some((one) => one.id === column.id))] };
    return result;
  }

  async #filter(predicate: Expression, columns: readonly OutputColumn[], input: LogicalNode): Promise<LogicalNode> {
    const parts = conjuncts(predicate);
    const plain = conjunction(parts.filter((part) => !hasCalls(part)));
    const calling = parts.filter(hasCalls);
    const below: LogicalNode = plain === undefined ? input : { kind: 'filter', input, predicate: plain, columns: input.columns };
    const kept: Row[] = [];
    for (const row of await this.#rows(below)) {
      const over = constants(below.columns, row);
      const resolver = this.#inner();
      let isKept = true;
      for (const part of calling) isKept &&= isTruth(await resolver.#own(substituteColumns(part, over)));
      if (isKept) kept.push(columns.map((column) => row[below.columns.findIndex((one) => one.id === column.id)] ?? null));
      this.session.core.checkCancel();
    }
    return this.#landed(columns, kept);
  }

  /** The rows of a set-returning call whose arguments read no column. */
  async #set(call: SetCall, types: readonly TypeRef[]): Promise<readonly Row[]> {
    const args: Const[] = [];
    for (const argument of call.args) args.push(constant(await this.#own(argument), argument.type));
    const { routine } = call;
    if (routine !== undefined) {
      const rows = await this.session.core.calls.routine(routine.oid, args, routine.outputs, routine.whole);
      return rows.map((row) => row ?? routine.outputs.map(() => null));
    }
    const scan: FunctionScan = {
      kind: 'functionScan',
      calls: [{ ...call, args }],
      ordinality: false,
      columns: types.map((type, i) => freshColumn(`c${String(i)}`, type)),
    };
    return this.#rows(scan);
  }

  async #functionScan(node: FunctionScan): Promise<LogicalNode> {
    const parts: (readonly Row[])[] = [];
    const widths: number[] = [];
    let at = 0;
    for (const call of node.calls) {
      const width = call.function.columns.length;
      parts.push(
        await this.#set(
          call,
          node.columns.slice(at, at + width).map((column) => column.type),
        ),
      );
      widths.push(width);
      at += width;
    }
    const rows = zipped(parts, widths).map((row, i) => (node.ordinality ? [...row, i + 1] : row));
    return this.#landed(node.columns, rows);
  }

  async #projectSet(node: ProjectSet, input: LogicalNode): Promise<LogicalNode> {
    const types = new Map(node.columns.map((column) => [column.id, column.type]));
    const ids = node.calls.map((call) => call.ids ?? [call.id]);
    const rows: Row[] = [];
    for (const row of await this.#rows(input)) {
      const over = constants(input.columns, row);
      const resolver = this.#inner();
      const parts: (readonly Row[])[] = [];
      for (const [i, { call }] of node.calls.entries()) {
        const args = call.args.map((argument) => substituteColumns(argument, over));
        parts.push(
          await resolver.#set(
            { ...call, args },
            (ids[i] ?? []).map((id, n) => types.get(id) ?? call.columnTypes?.[n] ?? { oid: call.function.result, typmod: -1 }),
          ),
        );
      }
      for (const set of zipped(
        parts,
        ids.map((list) => list.length),
      ))
        rows.push([...row, ...set]);
      this.session.core.checkCancel();
    }
    const all = [...input.columns.map((column) => column.id), ...ids.flat()];
    return this.#landed(
      node.columns,
      rows.map((row) => node.columns.map((column) => row[all.indexOf(column.id)] ?? null)),
    );
  }

  async #join(node: Join): Promise<LogicalNode> {
    const isLateral = node.lateral && planHasCalls(node.right);
    if (!isLateral) {
      const left = await this.plan(node.left);
      const right = await this.plan(node.right);
      if (node.on === undefined || !hasCalls(node.on)) return { ...node, left, right };
      if (node.type !== 'inner') throw notSupported('a function that is carried out for each row in the condition of an outer join');
      const crossed: Join = { ...node, left, right, on: undefined, columns: [...left.columns, ...right.columns] };
      return this.#filter(node.on, node.columns, crossed);
    }
    if (node.type !== 'inner' && node.type !== 'left') throw notSupported('a function that is carried out for each row of such a join');
    const left = await this.plan(node.left);
    const rows: Row[] = [];
    const rightColumns = node.right.columns;
    const all = [...left.columns, ...rightColumns].map((column) => column.id);
    for (const row of await this.#rows(left)) {
      const over = constants(left.columns, row);
      const substitute = (e: Expression): Expression => substituteColumns(e, over);
      let right = mapPlanExpressions(node.right, substitute);
      if (node.on !== undefined) right = { kind: 'filter', input: right, predicate: substitute(node.on), columns: right.columns };
      const resolver = this.#inner();
      const found = await resolver.#rows(await resolver.plan(right));
      for (const other of found) rows.push([...row, ...other]);
      if (found.length === 0 && node.type === 'left') rows.push([...row, ...rightColumns.map(() => null)]);
      this.session.core.checkCancel();
    }
    return this.#landed(
      node.columns,
      rows.map((row) => node.columns.map((column) => row[all.indexOf(column.id)] ?? null)),
    );
  }
}

/**
 * What a projection below ORDER BY and LIMIT calls comes after them, where it does not decide about them: calls are made in the order of the result, and for its rows
 * only. Source: make_sort_input_target of PostgreSQL 15's planner.c.
 */
function postponed(node: LogicalNode): LogicalNode {
  if (node.kind !== 'sort' && node.kind !== 'limit') return node;
  const below = postponed(node.input);
  if (below.kind !== 'project' || !below.expressions.some(hasCalls)) return node;
  const { input } = below;
  const isCalled = (i: number): boolean => hasCalls(below.expressions[i] as Expression);
  const called = new Set(below.columns.filter((_, i) => isCalled(i)).map((column) => column.id));
  if (node.kind === 'sort' && node.keys.some((key) => hasCalls(key.expression) || [...columnsOf(key.expression)].some((id) => called.has(id)))) return node;
  const known = new Set(input.columns.map((column) => column.id));
  const plain = below.columns
    .map((column, i) => ({ column, expression: below.expressions[i] as Expression }))
    .filter(({ column }) => !called.has(column.id) && !known.has(column.id));
  const inner: LogicalNode = {
    kind: 'project',
    input,
    columns: [...input.columns, ...plain.map(({ column }) => column)],
    expressions: [...input.columns.map((column) => columnRef(column)), ...plain.map(({ expression }) => expression)],
  };
  const between: LogicalNode = { ...node, input: inner, columns: inner.columns };
  return { ...below, input: between, expressions: below.expressions.map((e, i) => (isCalled(i) ? e : columnRef(below.columns[i] as OutputColumn))) };
}

/** Rows as a part of a plan: VALUES, or (many) a temporary relation on the lane, where the rest must run then. */
export async function landRows(session: ShoalSession, columns: readonly OutputColumn[], rows: readonly Row[]): Promise<LogicalNode> {
  if (columns.length === 0 || rows.length * columns.length <= valuesMax)
    return { kind: 'values', columns, rows: rows.map((row) => columns.map((column, i): Const => constant(row[i] ?? null, column.type))) };
  const { core } = session;
  const { lane } = core.services;
  const transaction = await core.laneTransaction();
  const table = `calls_${String(++landings)}`;
  const source = columns.map((_, i) => `c${String(i)}`);
  await lane.createLanding({
    transaction,
    table: { name: table, columns: source, types: columns.map((column) => columnDeclaration(column.type.oid, -1)), indexes: [] },
  });
  const writer = new RowWriter();
  for (const row of rows) writer.row(row);
  await lane.land({ transaction, table, bytes: writer.finish() });
  return { kind: 'landed', table, source, scales: columns.map(() => undefined), columns };
}

/** Sets side by side, the shorter ones padded with NULL. */
function zipped(parts: readonly (readonly Row[])[], widths: readonly number[]): readonly Row[] {
  const longest = parts.reduce((most, rows) => Math.max(most, rows.length), 0);
  return Array.from({ length: longest }, (_, at) => parts.flatMap((rows, i): SqlValue[] => [...(rows[at] ?? new Array<SqlValue>(widths[i] ?? 0).fill(null))]));
}

/** A part whose columns come from outside of it would need a call for each row of the enclosing query. */
function refuseColumns(plan: LogicalNode): void {
  if (freeColumns(plan).size > 0) throw notSupported('a function that is carried out for each row of an enclosing query');
}

/** The plan with all its calls made, and whether what is left must run on the writer. */
export async function resolveCalls(
  session: ShoalSession,
  plan: LogicalNode,
  parameters: Parameters,
): Promise<{ readonly plan: LogicalNode; readonly needsWriter: boolean }> {
  const resolver = new CallResolver(session, parameters);
  const resolved = await resolver.plan(optimise(plan, session.core.services.tableRows));
  return { plan: resolved, needsWriter: resolver.needsWriter };
}
