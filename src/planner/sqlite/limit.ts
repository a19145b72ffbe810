/** ORDER BY, LIMIT, DISTINCT and DISTINCT ON. */
import { PgError } from '../../common/errors.js';
import { columnsOf } from '../../plan/walk.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { Distinct, Limit, OutputColumn, Sort } from '../../plan/logical.js';
import { Oid } from '../../types/registry.js';
import { type Block, joinable, settled, wrap } from './block.js';
import { keyOf, needsKey } from './comparison.js';
import { raise } from './connection-functions.js';
import { seal } from './numeric.js';
import { orderTerms, orderText } from './order.js';
import { containsSubquery } from './plan-shape.js';
import type { Scope } from './scope.js';
import { at, Level, type Spelled } from './spelled.js';

export function sort(scope: Scope, node: Sort): Block {
  let block = settled(scope, scope.block(node.input));
  const hasSubquery = node.keys.some((key) => containsSubquery(key.expression));
  // The keys of a SELECT DISTINCT must be among its columns.
  if (block.limited || block.distinct || (hasSubquery && (block.group !== undefined || block.windowed))) block = wrap(scope, block);
  const terms = orderTerms(scope, node.keys);
  // A stable order: keys of an earlier sort follow.
  block.order = [...terms, ...block.order.filter((term) => !terms.some((other) => other.text === term.text))];
  return block;
}

/** The text of a LIMIT or OFFSET count; undefined: none. NULL means no limit. */
function countText(scope: Scope, e: Expression | undefined, name: 'LIMIT' | 'OFFSET'): string | undefined {
  if (e === undefined) return undefined;
  const code = name === 'LIMIT' ? '2201W' : '2201X';
  const message = `${name} must not be negative`;
  const none = name === 'LIMIT' ? '-1' : '0';
  const spelled = scope.expression(e);
  if (spelled.text === 'NULL') return undefined;
  if (typeof spelled.constant === 'bigint') {
    if (spelled.constant < 0n) throw new PgError(code, message);
    return String(spelled.constant);
  }
  const text = at(Level.relation, spelled);
  return `CASE WHEN ${text} IS NULL THEN ${none} WHEN ${text} < 0 THEN ${raise(code, message)} ELSE ${spelled.text} END`;
}

export function limit(scope: Scope, node: Limit): Block {
  const input = scope.block(node.input);
  const block = input.limited ? wrap(scope, input) : input;
  const count = countText(scope, node.count, 'LIMIT');
  const offset = countText(scope, node.offset, 'OFFSET');
  if (node.withTies && count !== undefined) return withTies(scope, block, count, offset);
  if ([node.count, node.offset].some((e) => e !== undefined && columnsOf(e).size > 0)) return byNumber(scope, block, count, offset);
  if (count !== undefined) block.limit = count;
  if (offset !== undefined && offset !== '0') block.offset = offset;
  return block;
}

const integerType = { oid: Oid.int8, typmod: -1 } as const;

/** Binds a further column of the block: a window function's text. */
function addColumn(scope: Scope, block: Block, id: ColumnId, text: string): void {
  const spelled: Spelled = { text, level: Level.atom, weight: 50, type: integerType, nullable: false };
  scope.bind(id, spelled);
  block.columns = [...block.columns, { id, name: '', type: integerType }];
  block.windowed = true;
}

/** LIMIT and OFFSET that depend on a row of an enclosing query, which SQLite does not know: rows by their number. */
function byNumber(scope: Scope, input: Block, count: string | undefined, offset: string | undefined): Block {
  const block = input.group !== undefined || input.windowed || input.distinct ? wrap(scope, input) : input;
  const { columns } = block;
  const number = scope.freshColumn();
  addColumn(scope, block, number, `row_number() OVER (${block.order.length === 0 ? '' : `ORDER BY ${orderText(block.order)}`})`);
  const outer = wrap(scope, block);
  outer.columns = columns;
  const { text } = scope.binding(number);
  if (offset !== undefined) outer.where.push(`${text} > ${offset}`);
  if (count !== undefined) outer.where.push(`((${count}) < 0 OR ${text} - ${offset ?? '0'} <= (${count}))`);
  return outer;
}

/** FETCH FIRST n ROWS WITH TIES: rows whose rank is within, after the offset. */
function withTies(scope: Scope, input: Block, count: string, offset: string | undefined): Block {
  const block = input.group !== undefined || input.windowed || input.distinct ? wrap(scope, input) : input;
  const { columns } = block;
  const over = ` OVER (${block.order.length === 0 ? '' : `ORDER BY ${orderText(block.order)}`})`;
  const rank = scope.freshColumn();
  const number = scope.freshColumn();
  addColumn(scope, block, rank, `rank()${over}`);
  if (offset !== undefined) addColumn(scope, block, number, `row_number()${over}`);
  const outer = wrap(scope, block);
  outer.columns = columns;
  outer.where.push(`${scope.binding(rank).text} <= ${offset === undefined ? count : `(${count}) + (${offset})`}`);
  if (offset !== undefined) outer.where.push(`${scope.binding(number).text} > ${offset}`);
  return outer;
}

export function distinct(scope: Scope, node: Distinct): Block {
  const input = settled(scope, scope.block(node.input));
  if (node.on !== undefined) return distinctOn(scope, input, node.on);
  const block = input.limited ? wrap(scope, input) : input;
  const keyed = block.columns.some((column) => needsKey(scope.binding(column.id)));
  // With an ORDER BY below, rows are made distinct by grouping, too, as DISTINCT could not carry the order.
  if (!keyed && block.order.length === 0) {
    block.distinct = true;
    block.columns = node.columns;
    return block;
  }
  const source = joinable(scope, block);
  source.order = [];
  source.group = groupKeys(scope, source.columns);
  source.columns = node.columns;
  for (const column of source.columns) {
    const { constant: _, parameter: __, ...spelled } = seal(scope.binding(column.id));
    scope.bind(column.id, spelled);
  }
  return source;
}

function groupKeys(scope: Scope, columns: readonly OutputColumn[]): readonly string[] {
  const keys = columns.map((column) => keyOf(scope, scope.binding(column.id)).text).filter((text) => !/^-?\d+$/.test(text) && text !== 'NULL');
  return keys.length === 0 ? [scope.parameters.constant('')] : keys;
}

/** The first row of each group in the order of the sort below. */
function distinctOn(scope: Scope, input: Block, on: readonly Expression[]): Block {
  const block = joinable(scope, input);
  const { columns } = block;
  const partition = on
    .map((e) => keyOf(scope, scope.looseNumeric(e)))
    .filter((key) => key.constant === undefined && key.parameter === undefined)
    .map((key) => key.text);
  const clauses = [
    ...(partition.length === 0 ? [] : [`PARTITION BY ${partition.join(', ')}`]),
    ...(block.order.length === 0 ? [] : [`ORDER BY ${orderText(block.order)}`]),
  ];
  const number = scope.freshColumn();
  addColumn(scope, block, number, `row_number() OVER (${clauses.join(' ')})`);
  const outer = wrap(scope, block);
  outer.columns = columns;
  outer.where.push(`${scope.binding(number).text} = 1`);
  return outer;
}
