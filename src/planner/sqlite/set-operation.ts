/** UNION, INTERSECT, EXCEPT with and without ALL: SQLite's compounds where rows compare as they are, grouping by keys otherwise. */
import type { OutputColumn, SetOperation } from '../../plan/logical.js';
import { Oid } from '../../types/registry.js';
import { type Block, blockOver, columnName, columnOf, outputsOf, selectText, settled, wrap } from './block.js';
import { keyOf, needsKey } from './comparison.js';
import { unifiedDecimal, unifyNumerics } from './numeric.js';
import type { Scope } from './scope.js';
import { Level, quoteIdentifier, type Spelled } from './spelled.js';

/** The operands' rows in one representation per column, and how a row of the result reads under `name`. */
interface Operands {
  readonly left: readonly Spelled[];
  readonly right: readonly Spelled[];
  readonly shape: readonly Spelled[];
}

function unify(scope: Scope, columns: readonly OutputColumn[], left: readonly Spelled[], right: readonly Spelled[]): Operands {
  const ls: Spelled[] = [];
  const rs: Spelled[] = [];
  const shape: Spelled[] = [];
  for (const [i, column] of columns.entries()) {
    const pair = [left[i] as Spelled, right[i] as Spelled];
    const [l, r] = (column.type.oid === Oid.numeric ? unifyNumerics(scope, pair, false) : pair) as [Spelled, Spelled];
    ls.push(l);
    rs.push(r);
    const decimal = unifiedDecimal([l, r]);
    shape.push({
      text: '',
      level: Level.atom,
      weight: 0,
      type: column.type,
      nullable: l.nullable || r.nullable,
      ...(decimal === undefined ? {} : { decimal }),
    });
  }
  return { left: ls, right: rs, shape };
}

/** An operand of a compound: a SELECT without ORDER BY and LIMIT of its own. */
function operand(scope: Scope, block: Block): Block {
  return block.limited ? wrap(scope, block) : settled(scope, block);
}

function named(columns: readonly OutputColumn[], values: readonly Spelled[]): { text: string; name: string }[] {
  return columns.map((column, i) => ({ text: (values[i] as Spelled).text, name: columnName(column) }));
}

/** A block over a derived table whose columns are named after the operation's. */
function over(scope: Scope, columns: readonly OutputColumn[], text: string, shape: readonly Spelled[]): Block {
  const alias = scope.alias();
  const block = blockOver(columns, { text: `(${text}) AS ${alias}`, alias, derived: true });
  for (const [i, column] of columns.entries()) scope.bind(column.id, columnOf(alias, columnName(column), shape[i] as Spelled));
  return block;
}

export function setOperation(scope: Scope, node: SetOperation): Block {
  const left = operand(scope, scope.block(node.left));
  const leftValues = outputsOf(scope, left).map((output) => output.spelled);
  const right = operand(scope, scope.block(node.right));
  const rightValues = outputsOf(scope, right).map((output) => output.spelled);
  const operands = unify(scope, node.columns, leftValues, rightValues);
  const keyed = operands.shape.some(needsKey);
  const withClauses = [...left.with, ...right.with];
  const recursive = left.recursive || right.recursive;
  left.with.length = 0;
  right.with.length = 0;
  const block = compound(scope, node, left, right, operands, keyed);
  block.with.unshift(...withClauses);
  block.recursive = recursive;
  return block;
}

function compound(scope: Scope, node: SetOperation, left: Block, right: Block, operands: Operands, keyed: boolean): Block {
  const { columns } = node;
  const l = selectText(left, named(columns, operands.left), false);
  const r = selectText(right, named(columns, operands.right), false);
  if (node.type === 'union') {
    if (node.all || !keyed) return over(scope, columns, `${l} UNION ${node.all ? 'ALL ' : ''}${r}`, operands.shape);
    const block = over(scope, columns, `${l} UNION ALL ${r}`, operands.shape);
    block.group = columns.map((column) => keyOf(scope, scope.binding(column.id)).text);
    return wrap(scope, block);
  }
  if (!node.all && !keyed) return over(scope, columns, `${l} ${node.type === 'intersect' ? 'INTERSECT' : 'EXCEPT'} ${r}`, operands.shape);
  return bySides(scope, node, left, right, operands);
}

/** Rows of both sides are grouped by their keys (for ALL, together with the number of the occurrence); the groups say on which sides a row was. */
function bySides(scope: Scope, node: SetOperation, left: Block, right: Block, operands: Operands): Block {
  const { columns } = node;
  const side = (block: Block, values: readonly Spelled[], number: 0 | 1): string => {
    const inner = selectText(block, named(columns, values), false);
    const alias = scope.alias();
    const read = columns.map((column, i) => columnOf(alias, columnName(column), { ...(operands.shape[i] as Spelled) }));
    const outputs = columns.map((column, i) => `${(read[i] as Spelled).text} AS ${quoteIdentifier(columnName(column))}`);
    const occurrence = node.all ? `, row_number() OVER (PARTITION BY ${read.map((value) => keyOf(scope, value).text).join(', ')}) AS occurrence` : '';
    return `SELECT ${[...outputs, `${String(number)} AS side`].join(', ')}${occurrence} FROM (${inner}) AS ${alias}`;
  };
  const block = over(scope, columns, `${side(left, operands.left, 0)} UNION ALL ${side(right, operands.right, 1)}`, operands.shape);
  const alias = (block.from[0] as (typeof block.from)[number]).alias;
  block.group = [...columns.map((column) => keyOf(scope, scope.binding(column.id)).text), ...(node.all ? [`${alias}.occurrence`] : [])];
  block.having.push(node.type === 'intersect' ? `min(${alias}.side) = 0` : `max(${alias}.side) = 0`);
  if (node.type === 'intersect') block.having.push(`max(${alias}.side) = 1`);
  return wrap(scope, block);
}
