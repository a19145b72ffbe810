/** Aggregates: GROUP BY over keys, grouping sets as a union over a CTE of the input, aggregate calls natively where exact. */
import { neverRepeats } from '../../catalog/table.js';
import { notSupported } from '../../common/errors.js';
import { orderFlag } from '../../functions/aggregate/hypothetical-set.js';
import { callSignature, isImplemented, scalarNamed, sqliteFunctionName } from '../../functions/registry.js';
import { aggregateSqliteName } from '../../functions/sqlite-register.js';
import type { AggregateCall, SortKey, TypeRef } from '../../plan/expression.js';
import type { Aggregate, LogicalNode, OutputColumn } from '../../plan/logical.js';
import { columnsOf, equalExpressions } from '../../plan/walk.js';
import { Oid } from '../../types/registry.js';
import { type Block, blockOver, columnName, columnOf, joinable, outputsOf, selectText, wrap } from './block.js';
import { keyOf, needsKey } from './comparison.js';
import { integerAsDecimal } from './arithmetic.js';
import { decimalForm, type DecimalSpelled, generalForm, seal, unifyNumerics } from './numeric.js';
import { orderTerms, orderText } from './order.js';
import { containsSubquery } from './plan-shape.js';
import { argumentOf } from './record-argument.js';
import type { Scope } from './scope.js';
import { at, isOneCall, Level, quoteText, type Spelled } from './spelled.js';

/** What stands around the arguments of a call. */
export interface CallPlace {
  /** ` OVER (...)` of a window. */
  readonly over: string;
  /** FILTER's condition. */
  readonly filter: string | undefined;
  /** ORDER BY within the call. */
  readonly order: string;
  readonly distinct: boolean;
  /** A window whose frame's start moves. */
  readonly movingFrame?: boolean;
}

function filterText(place: CallPlace): string {
  return place.filter === undefined ? '' : ` FILTER (WHERE ${place.filter})`;
}

/** `name(args)` with everything around it. */
function callText(name: string, args: readonly string[], place: CallPlace): string {
  const order = place.order === '' ? '' : ` ORDER BY ${place.order}`;
  const list = args.length === 0 && name === 'count' ? '*' : args.join(', ');
  return `${name}(${place.distinct ? 'DISTINCT ' : ''}${list}${order})${filterText(place)}${place.over}`;
}

const weightOfAggregate = 1;

/**
 * sum of scaled integers. A REAL among the values (a product beyond 63 bits) or a TEXT (NaN) makes the sum a REAL, for which `seal` looks; only NaN that went
 * into arithmetic needs a look before.
 */
function decimalSum(spelled: DecimalSpelled, type: TypeRef, place: CallPlace): Spelled {
  const text = callText('sum', [withoutNaN(spelled).text], place);
  return {
    text,
    level: Level.atom,
    weight: weightOfAggregate,
    type,
    nullable: true,
    decimal: { scale: spelled.decimal.scale, digits: 19, nanLeaves: [], raw: true },
  };
}

function withoutNaN(spelled: DecimalSpelled): Spelled {
  return spelled.decimal.raw ? seal({ ...spelled, decimal: { ...spelled.decimal, digits: 0 } }) : spelled;
}

/** count, sum, avg, min and max where SQLite's own aggregates are exact. */
function nativeAggregate(scope: Scope, name: string, first: Spelled | undefined, type: TypeRef, place: CallPlace): Spelled | undefined {
  const plain = { ...place, order: '' };
  const spell = (text: string, extra: Partial<Spelled> = {}): Spelled => ({
    text,
    level: Level.atom,
    weight: weightOfAggregate,
    type,
    nullable: true,
    ...extra,
  });
  if (name === 'count')
    return spell(callText('count', first === undefined ? [] : [place.distinct ? keyOf(scope, first).text : seal(first).text], plain), { nullable: false });
  if (first === undefined) return undefined;
  const isSum = name === 'sum' || name === 'avg';
  if (!isSum && name !== 'min' && name !== 'max') return undefined;
  const undistinct = { ...plain, distinct: false };
  let decimal = decimalForm(scope, first);
  if (decimal === undefined && isSum && type.oid === Oid.numeric) decimal = integerAsDecimal(first, { oid: Oid.numeric, typmod: -1 }) as typeof decimal;
  if (decimal === undefined) {
    if (isSum && type.oid === Oid.int8) return spell(callText('sum', [first.text], plain));
    return isSum || needsKey(first) ? undefined : spell(callText(name, [first.text], undistinct));
  }
  if (isSum) {
    if (scope.exactNumeric) return undefined;
    const sum = decimalSum(decimal, type, plain);
    if (name === 'sum') return sum;
    const count = callText('count', [withoutNaN(decimal).text], plain);
    const divide = sqliteFunctionName(scalarNamed('numeric_div', [Oid.numeric, Oid.numeric]));
    return spell(`${divide}(${generalForm(sum).text}, CAST(nullif(${count}, 0) AS TEXT))`, { weight: 100 });
  }
  const value = seal(decimal);
  const text = callText(name, [value.text], undistinct);
  const form = value.decimal as NonNullable<Spelled['decimal']>;
  return spell(text, { decimal: { ...form, nanLeaves: form.nanLeaves.length === 0 ? [] : [text] } });
}

/** The text of a call over written arguments; `args` are the direct arguments, then those of WITHIN GROUP. */
export function aggregateText(scope: Scope, call: Pick<AggregateCall, 'function' | 'type'>, args: readonly Spelled[], place: CallPlace): Spelled {
  const { function: entry, type } = call;
  const spell = (text: string): Spelled => ({ text, level: Level.atom, weight: weightOfAggregate, type, nullable: true });
  if (entry.hidden !== true && args.length <= 1) {
    const native = nativeAggregate(scope, entry.name, args[0], type, place);
    if (native !== undefined) return native;
  }
  const general = args.map(generalForm);
  if (entry.sqlite !== undefined && !place.distinct) {
    const native = entry.sqlite(general.map((arg) => ({ text: at(Level.atom, arg), typeOid: arg.type.oid, simple: arg.weight === 0 })));
    const parts = native === undefined || !isOneCall(native) ? null : /^([A-Za-z_]\w*)\(([^]*)\)$/.exec(native);
    if (parts !== null)
      return spell(callText(parts[1] as string, parts[2] === '' ? [] : [parts[2] as string], entry.orderSensitive === true ? place : { ...place, order: '' }));
  }
  if (!isImplemented(entry)) throw notSupported(`aggregate function ${entry.name}`);
  const texts = general.map((arg) => arg.text);
  if (entry.typed === true) texts.unshift(`'${callSignature({ args: general.map((arg) => arg.type.oid), result: type.oid, variadicArray: false })}'`);
  const name = aggregateSqliteName(entry, { distinct: place.distinct, movingFrame: place.movingFrame === true });
  return spell(callText(name, texts, { ...place, distinct: false }));
}

function argumentsOf(scope: Scope, call: AggregateCall): readonly Spelled[] {
  const isSum = call.function.name === 'sum' || call.function.name === 'avg';
  const args = call.args.map((arg) => (isSum ? scope.looseNumeric(arg) : argumentOf(scope, call.function, arg)));
  if (!call.withinGroup) return args;
  const all = [...args, ...call.orderBy.map((key) => scope.expression(key.expression))];
  if (call.function.orderedSet !== 'hypothetical') return all;
  const flags = quoteText(call.orderBy.map(orderFlag).join(''));
  return [...all, { text: flags, level: Level.atom, weight: 0, type: { oid: Oid.text, typmod: -1 }, nullable: false }];
}

function constantKey(scope: Scope, text: string): string {
  // A bare number in GROUP BY would be the position of a column.
  return /^-?\d+$/.test(text) ? scope.parameters.constant(BigInt(text)) : text === 'NULL' ? 'coalesce(NULL, NULL)' : text;
}

const columnText = /^(t\d+)\."((?:[^"]|"")*)"$/;

/** Texts of group columns that follow from a unique key of the same table among them: rows need not be compared by these. */
function determinedColumns(scope: Scope, groups: readonly Spelled[]): ReadonlySet<string> {
  const byAlias = new Map<string, Map<string, string>>();
  for (const { text } of groups) {
    const match = columnText.exec(text);
    if (match === null) continue;
    const columns = byAlias.get(match[1] as string) ?? new Map<string, string>();
    columns.set((match[2] as string).replaceAll('""', '"'), text);
    byAlias.set(match[1] as string, columns);
  }
  const determined = new Set<string>();
  for (const [alias, columns] of byAlias) {
    const table = scope.scanned.get(alias);
    if (table === undefined || columns.size < 2) continue;
    const physical = new Map(table.columns.map((column) => [column.attribute, column]));
    const key = table.indexes.find(
      (index) =>
        neverRepeats(index) &&
        index.keys.every(({ attribute }) => {
          const column = physical.get(attribute);
          return column?.notNull === true && columns.has(column.physicalName);
        }),
    );
    if (key === undefined) continue;
    const own = new Set(key.keys.map(({ attribute }) => physical.get(attribute)?.physicalName));
    for (const [name, text] of columns) if (!own.has(name)) determined.add(text);
  }
  return determined;
}

/** Groups the block by the chosen columns and binds the groups and the aggregate calls. */
function addAggregates(scope: Scope, input: Block, node: Aggregate, chosen: readonly number[]): void {
  const groups = node.groups.map((group) => seal(scope.expression(group.expression)));
  const determined = determinedColumns(
    scope,
    chosen.map((i) => groups[i] as Spelled),
  );
  input.group = chosen.flatMap((i) => (determined.has((groups[i] as Spelled).text) ? [] : [constantKey(scope, keyOf(scope, groups[i] as Spelled).text)]));
  const inputOrder = orderText(input.order);
  input.order = [];
  const bound: [OutputColumn['id'], Spelled][] = [];
  for (const { id, call } of node.aggregates) {
    const args = argumentsOf(scope, call);
    let order = orderText(orderTerms(scope, call.distinct && call.function.orderSensitive === true ? distinctOrder(call) : call.orderBy));
    if (order === '' && call.function.orderSensitive === true && !call.distinct) order = inputOrder;
    const filter = call.filter === undefined ? undefined : scope.expression(call.filter).text;
    const spelled = aggregateText(scope, call, args, { over: '', filter, order, distinct: call.distinct });
    bound.push([id, spelled]);
    input.aggregates.push(spelled.text);
  }
  for (const [i, group] of node.groups.entries()) {
    const { constant: _, parameter: __, ...spelled } = groups[i] as Spelled;
    if (chosen.includes(i)) bound.push([group.id, spelled]);
    else {
      const { decimal } = spelled;
      bound.push([
        group.id,
        {
          text: 'NULL',
          level: Level.atom,
          weight: 0,
          type: spelled.type,
          nullable: true,
          ...(decimal === undefined ? {} : { decimal: { ...decimal, nanLeaves: [] } }),
        },
      ]);
    }
  }
  for (const { id, args } of node.grouping ?? []) {
    let mask = 0n;
    for (const arg of args) mask = (mask << 1n) | (chosen.includes(arg) ? 0n : 1n);
    bound.push([id, { text: String(mask), level: Level.atom, weight: 0, type: { oid: Oid.int4, typmod: -1 }, nullable: false }]);
  }
  for (const [id, spelled] of bound) scope.bind(id, spelled);
}

export function aggregate(scope: Scope, node: Aggregate): Block {
  const input = joinable(scope, scope.block(node.input));
  if (node.sets !== undefined) return groupingSets(scope, node, input, node.sets);
  // A group that is a subquery would be computed once for the key and once for the value.
  if (node.groups.some((group) => containsSubquery(group.expression))) return overProjectedGroups(scope, node, input);
  if (node.aggregates.some(({ call }) => isOverOuterColumns(call, node.input))) return overProjectedArguments(scope, node, input);
  addAggregates(
    scope,
    input,
    node,
    node.groups.map((_, i) => i),
  );
  input.columns = node.columns;
  return input;
}

/** SQLite takes an aggregate for one of the outer query when its arguments name columns of that one only; PostgreSQL looks at FILTER, too, and before it simplifies. */
function isOverOuterColumns(call: AggregateCall, input: LogicalNode): boolean {
  const own = new Set(input.columns.map((column) => column.id));
  const read = call.args.flatMap((arg) => [...columnsOf(arg)]);
  return read.length > 0 && read.every((id) => !own.has(id));
}

/** Computes the first argument of such aggregates in an inner block first. */
function overProjectedArguments(scope: Scope, node: Aggregate, input: Block): Block {
  const projected: OutputColumn[] = [];
  const aggregates = node.aggregates.map((aggregate): Aggregate['aggregates'][number] => {
    const { id, call } = aggregate;
    const [first, ...rest] = call.args;
    if (first === undefined || !isOverOuterColumns(call, node.input)) return aggregate;
    projected.push({ id, name: '', type: first.type });
    scope.bind(id, seal(scope.expression(first)));
    return { id, call: { ...call, args: [{ kind: 'column', id, name: '', type: first.type }, ...rest] } };
  });
  input.columns = [...input.columns, ...projected];
  const outer = wrap(scope, input);
  addAggregates(
    scope,
    outer,
    { ...node, aggregates },
    node.groups.map((_, i) => i),
  );
  outer.columns = node.columns;
  return outer;
}

/** Computes the group expressions in an inner block first. */
function overProjectedGroups(scope: Scope, node: Aggregate, input: Block): Block {
  const groupColumns = node.groups.map((group): OutputColumn => ({ id: group.id, name: '', type: group.expression.type }));
  for (const group of node.groups) scope.bind(group.id, seal(scope.expression(group.expression)));
  input.columns = [...input.columns, ...groupColumns];
  const outer = wrap(scope, input);
  const groups = node.groups.map((group) => ({ id: group.id, expression: { kind: 'column', id: group.id, name: '', type: group.expression.type } as const }));
  addAggregates(
    scope,
    outer,
    { ...node, groups },
    groups.map((_, i) => i),
  );
  outer.columns = node.columns;
  return outer;
}

/** One SELECT for each set over a CTE of the input. */
function groupingSets(scope: Scope, node: Aggregate, input: Block, sets: readonly (readonly number[])[]): Block {
  const name = scope.name('g');
  const bound = outputsOf(scope, input);
  input.order = [];
  const definition = `${name} AS MATERIALIZED (${selectText(input, bound)})`;
  const branches = sets.map((set) => {
    const alias = scope.alias();
    const block = blockOver(input.columns, { text: `${name} AS ${alias}`, alias, derived: false });
    for (const [i, column] of input.columns.entries()) scope.bind(column.id, columnOf(alias, columnName(column), (bound[i] as (typeof bound)[number]).spelled));
    addAggregates(scope, block, node, set);
    return { block, values: node.columns.map((column) => seal(scope.binding(column.id))) };
  });
  const unified = node.columns.map((column, i) => {
    const values = branches.map((branch) => branch.values[i] as Spelled);
    return column.type.oid === Oid.numeric ? unifyNumerics(scope, values, false) : values;
  });
  const texts = branches.map(({ block }, b) =>
    selectText(
      block,
      node.columns.map((column, i) => ({ text: (unified[i]?.[b] as Spelled).text, name: columnName(column) })),
    ),
  );
  const alias = scope.alias();
  const block = blockOver(node.columns, { text: `(${texts.join(' UNION ALL ')}) AS ${alias}`, alias, derived: true });
  block.with.push(definition);
  for (const [i, column] of node.columns.entries()) {
    const values = unified[i] as readonly Spelled[];
    const first = values.find((value) => value.text !== 'NULL') ?? values[0];
    if (first === undefined) continue;
    const { range: _, ...rest } = first;
    scope.bind(column.id, columnOf(alias, columnName(column), { ...rest, nullable: values.some((value) => value.nullable) }));
  }
  return block;
}

/** DISTINCT sorts by its ORDER BY and then by the other arguments. */
function distinctOrder(call: AggregateCall): readonly SortKey[] {
  const others = call.args.filter((argument) => argument.kind !== 'const' && !call.orderBy.some((key) => equalExpressions(key.expression, argument)));
  return [...call.orderBy, ...others.map((expression) => ({ expression, descending: false, nullsFirst: false }))];
}
