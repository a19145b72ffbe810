/**
 * Window frames RANGE BETWEEN ... with offsets that SQLite cannot count in: months, days of a time zone, intervals, numerics without scale, infinities, and offsets
 * that are no constants. Such a call becomes a correlated aggregate over the rows of its partition that lie in the frame; the bounds of each row's frame are computed
 * once, by the types' own operators. What is in a frame follows in_range() of PostgreSQL 15 (date.c, timestamp.c, float.c, numeric.c).
 */
import { notSupported, PgError } from '../../../common/errors.js';
import { castBetween, functionsNamed, operatorFor, scalarNamed } from '../../../functions/registry.js';
import { boolType, columnRef, conjunction, constant, disjunction, falseConst, not, trueConst, typeRef } from '../../../plan/build.js';
import type { ColumnId, Expression, FrameBound, SortKey, WindowCall } from '../../../plan/expression.js';
import type { CteDefinition, LogicalNode, OutputColumn, Window } from '../../../plan/logical.js';
import { forEachNode, freshPlan, rewritePlan, substituteColumns } from '../../../plan/walk.js';
import { intervalFromText, intervalSpan } from '../../../types/interval.js';
import { isDecimalTypmod } from '../../../types/numeric-codec.js';
import { Oid } from '../../../types/registry.js';
import { FreshColumns } from '../columns.js';

/** Window functions that look at the frame; all others see the whole partition. */
const frameFunctions: ReadonlySet<string> = new Set(['first_value', 'last_value', 'nth_value']);

/** Aggregates whose result shows the order of the rows. */
const ordered = /_agg$/;

function offsetsOf(call: WindowCall): readonly Expression[] {
  return [call.frame.start.offset, call.frame.end.offset].filter((offset) => offset !== undefined);
}

function sizeError(): PgError {
  return new PgError('22013', 'invalid preceding or following size in window function');
}

function refuseNegative(offset: Expression): void {
  if (offset.kind !== 'const' || offset.value === null) return;
  const { value } = offset;
  if (offset.type.oid === Oid.interval) {
    if (intervalSpan(intervalFromText(String(value))) < 0n) throw sizeError();
  } else if (value === 'NaN' || Number(value) < 0) throw sizeError();
}

/** SQLite counts in the key's own physical values. */
function isNative(call: WindowCall): boolean {
  const offsets = offsetsOf(call);
  const key = call.orderBy[0]?.expression;
  if (call.frame.mode !== 'range') return offsets.every((offset) => offset.kind === 'const' || offset.kind === 'param');
  if (offsets.length === 0 || key === undefined) return true;
  return offsets.every((offset) => {
    if (offset.kind === 'const' && offset.value === null) return true;
    switch (key.type.oid) {
      case Oid.int2:
      case Oid.int4:
      case Oid.int8:
        return offset.kind === 'const' || offset.kind === 'param';
      case Oid.float4:
      case Oid.float8:
        return offset.kind === 'const' && Number.isFinite(Number(offset.value));
      case Oid.numeric:
        return key.kind === 'column' && isDecimalTypmod(key.type.typmod) !== undefined && offset.kind === 'const' && Number.isFinite(Number(offset.value));
      case Oid.date:
      case Oid.timestamp:
      case Oid.timestamptz: {
        if (offset.kind !== 'const') return false;
        const { months, days } = intervalFromText(String(offset.value));
        return months === 0 && (key.type.oid !== Oid.timestamptz || days === 0);
      }
      default:
        return false;
    }
  });
}

function operator(name: string, left: Expression, right: Expression): Expression {
  const entry = operatorFor(name, left.type.oid, right.type.oid);
  if (entry === undefined) throw new Error(`assertion failed: operator ${name} of types ${String(left.type.oid)} and ${String(right.type.oid)}`);
  return { kind: 'call', function: entry.function, operator: entry, args: [left, right], type: typeRef(entry.result) };
}

function converted(expression: Expression, oid: number): Expression {
  if (expression.type.oid === oid) return expression;
  const cast = castBetween(expression.type.oid, oid);
  if (cast === undefined) throw new Error(`assertion failed: a cast to type ${String(oid)}`);
  const type = typeRef(oid);
  const method = cast.method.kind;
  return {
    kind: 'cast',
    method,
    ...(cast.method.kind === 'function' ? { function: cast.method.function } : {}),
    argument: expression,
    explicit: false,
    type,
  };
}

function caseOf(branches: readonly (readonly [Expression, Expression])[], otherwise: Expression): Expression {
  return { kind: 'case', branches: branches.map(([when, then]) => ({ when, then })), otherwise, type: otherwise.type };
}

const isNull = (argument: Expression): Expression => ({ kind: 'isNull', argument, negated: false, type: boolType });

/** The key in the type in which its bounds are computed. Hours of a day do not wrap; integers do not overflow. */
function comparable(key: Expression): Expression {
  switch (key.type.oid) {
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
      return converted(key, Oid.numeric);
    case Oid.float4:
      return converted(key, Oid.float8);
    case Oid.time:
      return converted(key, Oid.interval);
    default:
      return key;
  }
}

/** An offset that only the execution knows must be neither NULL nor negative. */
function checkedOffset(offset: Expression, side: 'starting' | 'ending', mode: WindowCall['frame']['mode']): Expression {
  if (offset.kind === 'const') return offset;
  const text = (value: string): Expression => constant(value, typeRef(Oid.text));
  const entry = scalarNamed('shoal_frame_offset', [Oid.any, Oid.text, Oid.text]);
  return { kind: 'call', function: entry, args: [offset, text(side), text(mode)], type: offset.type };
}

/** The least (or greatest) key in the frame of a row; NULL when every key is. */
function limitOf(key: Expression, bound: FrameBound, side: 'starting' | 'ending', mode: WindowCall['frame']['mode'], descending: boolean): Expression {
  const base = comparable(key);
  if (bound.offset === undefined) return base;
  const checked = checkedOffset(bound.offset, side, mode);
  const offset = base.type.oid === Oid.numeric ? converted(checked, Oid.numeric) : checked;
  const limit = operator((bound.kind === 'preceding') === descending ? '+' : '-', base, offset);
  if (limit.type.oid !== Oid.float8 && limit.type.oid !== Oid.numeric) return limit;
  // An infinite key less an infinite distance: the frame has no limit on that side.
  const nan = constant('NaN', limit.type);
  return caseOf([[conjunction([operator('=', limit, nan), operator('<>', base, nan)]) as Expression, { kind: 'const', value: null, type: limit.type }]], limit);
}

interface Sides {
  /** Of the row whose frame it is, and of the row that may be in it. */
  readonly own: (column: OutputColumn) => Expression;
  readonly other: (column: OutputColumn) => Expression;
}

/** Whether the other row's key is on the right side of a bound. */
function within(bound: FrameBound, side: 'start' | 'end', key: OutputColumn, limit: OutputColumn, order: SortKey, { own, other }: Sides): Expression {
  if (bound.kind === 'unboundedPreceding' || bound.kind === 'unboundedFollowing') return trueConst;
  const nullsBeyond = side === 'start' ? !order.nullsFirst : order.nullsFirst;
  const name = (side === 'start') === order.descending ? '<=' : '>=';
  const value = comparable(other(key));
  const comparison = operator(name, value, own(limit));
  // Not-a-number is above every limit, even where there is none.
  const hasNan = value.type.oid === Oid.float8 || value.type.oid === Oid.numeric;
  const unlimited = name === '<=' && hasNan ? operator('<>', value, constant('NaN', value.type)) : trueConst;
  return caseOf(
    [
      [isNull(own(key)), nullsBeyond ? isNull(other(key)) : trueConst],
      [isNull(other(key)), nullsBeyond ? trueConst : falseConst],
      [isNull(own(limit)), unlimited],
    ],
    comparison,
  );
}

function exclusion(call: WindowCall, key: OutputColumn, row: OutputColumn, { own, other }: Sides): readonly Expression[] {
  const same = operator('=', other(row), own(row));
  const peers: Expression = { kind: 'isDistinct', left: other(key), right: own(key), negated: true, type: boolType };
  switch (call.frame.exclude) {
    case 'none':
      return [];
    case 'currentRow':
      return [not(same)];
    case 'group':
      return [not(peers)];
    case 'ties':
      return [disjunction([not(peers), same])];
  }
}

class Rewriter {
  readonly #fresh: FreshColumns;
  #cte = 1;

  constructor(plan: LogicalNode) {
    this.#fresh = new FreshColumns(plan);
    forEachNode(plan, (node) => {
      if (node.kind === 'with') for (const cte of node.ctes) this.#cte = Math.max(this.#cte, cte.id + 1);
      if (node.kind === 'cteScan') this.#cte = Math.max(this.#cte, node.cte + 1);
    });
  }

  window(given: Window): LogicalNode {
    const { node, modes } = this.#counted({
      ...given,
      calls: given.calls.map(({ id, call }) => ({ id, call: ignoresFrame(call) ? { ...call, frame: wholePartition } : call })),
    });
    const seen = node.calls.map(({ id, call }) => ({ id, call, mode: modes.get(id) ?? call.frame.mode }));
    const general = seen.filter(({ call }) => !isNative(call));
    if (general.length === 0) return seen.every(({ call }, i) => call === given.calls[i]?.call) ? given : node;
    for (const { call } of general) for (const offset of offsetsOf(call)) refuseNegative(offset);
    const native = seen.filter(({ call }) => isNative(call));

    // The rows, numbered, with the bounds of each call's frame.
    const row = this.#fresh.column('row_number', typeRef(Oid.int8));
    const rowNumber = functionsNamed('row_number')[0];
    if (rowNumber?.kind !== 'window') throw new Error('assertion failed: row_number exists');
    const numbering: WindowCall = { function: rowNumber, args: [], partitionBy: [], orderBy: [], frame: wholePartition, type: row.type };
    const ownColumns = node.columns.filter((column) => native.some(({ id }) => id === column.id));
    const numbered: Window = {
      kind: 'window',
      input: node.input,
      calls: [...native, { id: row.id, call: numbering }],
      columns: [...node.input.columns, ...ownColumns, row],
    };
    const extra: { readonly column: OutputColumn; readonly expression: Expression }[] = [];
    const computed = (name: string, expression: Expression): OutputColumn => {
      const column = this.#fresh.column(name, expression.type);
      extra.push({ column, expression });
      return column;
    };
    const frames = general.map(({ id, call, mode }) => {
      const order = call.orderBy[0] as SortKey;
      return {
        id,
        call,
        order,
        key: computed('key', order.expression),
        start: computed('start', limitOf(order.expression, call.frame.start, 'starting', mode, order.descending)),
        end: computed('end', limitOf(order.expression, call.frame.end, 'ending', mode, order.descending)),
        partition: call.partitionBy.map((part) => computed('partition', part)),
      };
    });
    const inner = [...numbered.columns, ...extra.map(({ column }) => column)];
    const rows: LogicalNode = {
      kind: 'project',
      input: numbered,
      columns: inner,
      expressions: [...numbered.columns.map((column) => columnRef(column)), ...extra.map(({ expression }) => expression)],
    };
    // The columns of the window keep their ids above; those that the common table makes have others.
    const { plan } = freshPlan(rows, (kind) => (kind === 'cte' ? this.#cte++ : this.#fresh.id()));
    const definition: CteDefinition = { id: this.#cte++, name: 'frames', plan, materialized: true };
    const scan = (): { readonly plan: LogicalNode; readonly of: (column: OutputColumn) => OutputColumn } => {
      const columns = inner.map((column) => this.#fresh.column(column.name, column.type));
      return {
        plan: { kind: 'cteScan', cte: definition.id, name: definition.name, columns },
        of: (column) => columns[inner.findIndex((one) => one.id === column.id)] as OutputColumn,
      };
    };

    const own = scan();
    const values = new Map<ColumnId, Expression>();
    for (const column of [...node.input.columns, ...ownColumns]) values.set(column.id, columnRef(own.of(column)));
    for (const { id, call, order, key, start, end, partition } of frames) {
      const others = scan();
      const sides: Sides = { own: (column) => columnRef(own.of(column)), other: (column) => columnRef(others.of(column)) };
      const predicate = conjunction([
        ...partition.map((part): Expression => ({ kind: 'isDistinct', left: sides.other(part), right: sides.own(part), negated: true, type: boolType })),
        within(call.frame.start, 'start', key, start, order, sides),
        within(call.frame.end, 'end', key, end, order, sides),
        ...exclusion(call, key, row, sides),
      ]) as Expression;
      const frame: LogicalNode = { kind: 'filter', input: others.plan, predicate, columns: others.plan.columns };
      const moved = new Map<ColumnId, Expression>(inner.map((column) => [column.id, columnRef(others.of(column))]));
      const inFrame = (expression: Expression): Expression => substituteColumns(expression, moved);
      const keys: readonly SortKey[] = [
        { ...order, expression: sides.other(key) },
        { expression: sides.other(row), descending: false, nullsFirst: false },
      ];
      values.set(id, { kind: 'subquery', mode: 'scalar', plan: this.#overFrame(call, frame, keys, inFrame), tests: [], type: call.type });
    }
    const expressions = node.columns.map((column) => values.get(column.id) as Expression);
    return {
      kind: 'with',
      ctes: [definition],
      body: { kind: 'project', input: own.plan, columns: node.columns, expressions },
      columns: node.columns,
    };
  }

  /** Frames of ROWS and GROUPS whose offsets are no constants become frames RANGE over the numbers of the rows or groups. */
  #counted(node: Window): { readonly node: Window; readonly modes: ReadonlyMap<ColumnId, WindowCall['frame']['mode']> } {
    const modes = new Map<ColumnId, WindowCall['frame']['mode']>();
    const numbers: { readonly id: ColumnId; readonly call: WindowCall }[] = [];
    const added: OutputColumn[] = [];
    const calls = node.calls.map(({ id, call }) => {
      const { mode, exclude } = call.frame;
      if (mode === 'range' || isNative(call)) return { id, call };
      if (mode === 'rows' && (exclude === 'ties' || exclude === 'group')) throw notSupported('EXCLUDE in a frame ROWS with an offset that is no constant');
      modes.set(id, mode);
      const entry = functionsNamed(mode === 'rows' ? 'row_number' : 'dense_rank').find((one) => one.kind === 'window');
      if (entry?.kind !== 'window') throw new Error('assertion failed: row_number and dense_rank exist');
      const number = this.#fresh.column(entry.name, typeRef(Oid.int8));
      added.push(number);
      numbers.push({
        id: number.id,
        call: { function: entry, args: [], partitionBy: call.partitionBy, orderBy: call.orderBy, frame: wholePartition, type: number.type },
      });
      const orderBy: readonly SortKey[] = [{ expression: columnRef(number), descending: false, nullsFirst: false }];
      return { id, call: { ...call, orderBy, frame: { ...call.frame, mode: 'range' as const } } };
    });
    if (numbers.length === 0) return { node, modes };
    const input: LogicalNode = { kind: 'window', input: node.input, calls: numbers, columns: [...node.input.columns, ...added] };
    return { node: { ...node, input, calls }, modes };
  }

  /** One row: the call over the rows of a frame. */
  #overFrame(call: WindowCall, frame: LogicalNode, keys: readonly SortKey[], inFrame: (expression: Expression) => Expression): LogicalNode {
    const column = this.#fresh.column(call.function.name, call.type);
    if (call.function.kind === 'aggregate') {
      return {
        kind: 'aggregate',
        input: frame,
        groups: [],
        aggregates: [
          {
            id: column.id,
            call: {
              function: call.function,
              args: call.args.map(inFrame),
              distinct: false,
              ...(call.filter === undefined ? {} : { filter: inFrame(call.filter) }),
              orderBy: ordered.test(call.function.name) ? keys : [],
              withinGroup: false,
              type: call.type,
            },
          },
        ],
        columns: [column],
      };
    }
    const last = call.function.name === 'last_value';
    const sorted: LogicalNode = {
      kind: 'sort',
      input: frame,
      keys: last ? keys.map((key) => ({ ...key, descending: !key.descending, nullsFirst: !key.nullsFirst })) : keys,
      columns: frame.columns,
    };
    const [value, nth] = call.args;
    const one = constant(1n, typeRef(Oid.int8));
    const offset = nth === undefined ? undefined : operator('-', converted(nth, Oid.int8), one);
    const first: LogicalNode = { kind: 'limit', input: sorted, count: one, offset, withTies: false, columns: sorted.columns };
    return { kind: 'project', input: first, columns: [column], expressions: [inFrame(value as Expression)] };
  }
}

const wholePartition: WindowCall['frame'] = { mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' }, exclude: 'none' };

function ignoresFrame(call: WindowCall): boolean {
  return (
    call.function.kind === 'window' && !frameFunctions.has(call.function.name) && offsetsOf(call).length > 0 && (call.frame.mode === 'range' || !isNative(call))
  );
}

/** Whether the plan has a window with a frame that this rule changes. */
function needed(plan: LogicalNode): boolean {
  let found = false;
  forEachNode(plan, (node) => {
    if (node.kind === 'window' && node.calls.some(({ call }) => !isNative(call) || ignoresFrame(call))) found = true;
  });
  return found;
}

export function rangeFrames(plan: LogicalNode): LogicalNode {
  if (!needed(plan)) return plan;
  const rewriter = new Rewriter(plan);
  return rewritePlan(plan, (node) => (node.kind === 'window' ? rewriter.window(node) : node));
}
