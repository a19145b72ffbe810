/** UNION, INTERSECT, EXCEPT with and without ALL: SQLite's compounds where rows compare as they are, grouping by keys otherwise. */
import type { LogicalNode, OutputColumn, SetOperation } from '../../plan/logical.js';
import { Oid } from '../../types/registry.js';
import { type Block, blockOver, columnName, columnOf, outputsOf, selectText, settled, wrap } from './block.js';
import { keyOf, needsKey } from './comparison.js';
import { unifiedDecimal, unifyNumerics } from './numeric.js';
import type { Scope } from './scope.js';
import { Level, quoteIdentifier, type Spelled } from './spelled.js';

/** The operands' rows in one representation per column, and how a row of the result reads. */
interface Operands {
  /** Per operand, per column. */
  readonly rows: readonly (readonly Spelled[])[];
  readonly shape: readonly Spelled[];
}

function unify(scope: Scope, columns: readonly OutputColumn[], operands: readonly (readonly Spelled[])[]): Operands {
  const rows: Spelled[][] = operands.map(() => []);
  const shape = columns.map((column, i): Spelled => {
    const values = operands.map((operand) => operand[i] as Spelled);
    const unified = column.type.oid === Oid.numeric ? unifyNumerics(scope, values, false) : values;
    for (const [o, value] of unified.entries()) rows[o]?.push(value);
    const decimal = unifiedDecimal(unified);
    return {
      text: '',
      level: Level.atom,
      weight: 0,
      type: column.type,
      nullable: unified.some((value) => value.nullable),
      ...(decimal === undefined ? {} : { decimal }),
    };
  });
  return { rows, shape };
}

/** The operands of a chain of the same UNION, which is one compound. */
function operandsOf(node: SetOperation): readonly LogicalNode[] {
  if (node.type !== 'union') return [node.left, node.right];
  const found: LogicalNode[] = [];
  const pending: LogicalNode[] = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.kind === 'setOperation' && next.type === 'union' && next.all === node.all) pending.push(next.right, next.left);
    else found.push(next);
  }
  return found;
}

/** SQLite allows 500 SELECTs in one compound. */
const maxTerms = 400;

function compoundText(texts: readonly string[], operator: string): string {
  if (texts.length <= maxTerms) return texts.join(operator);
  const chunks: string[] = [];
  for (let i = 0; i < texts.length; i += maxTerms) chunks.push(`SELECT * FROM (${texts.slice(i, i + maxTerms).join(operator)})`);
  return compoundText(chunks, operator);
}

/** An operand of a compound: a SELECT without ORDER BY and LIMIT of its own. */
function operand(scope: Scope, block: Block): Block {
  return block.limited ? wrap(scope, block) : settled(scope, unflattened(scope, block));
}

/**
 * SQLite 3.53 loses WHERE terms of the other operands of a UNION ALL when it flattens one with a RIGHT or FULL JOIN into the query around. A LIMIT keeps it from that.
 */
function unflattened(scope: Scope, block: Block): Block {
  if (!block.from.some((item) => item.join === 'full')) return block;
  if (!block.limited) block.limit = '-1';
  return wrap(scope, block);
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
  const withClauses: string[] = [];
  let recursive = false;
  const blocks: Block[] = [];
  const values = operandsOf(node).map((input) => {
    const block = operand(scope, scope.block(input));
    withClauses.push(...block.with.splice(0));
    recursive ||= block.recursive;
    blocks.push(block);
    return outputsOf(scope, block).map((output) => output.spelled);
  });
  const result = compound(scope, node, blocks, unify(scope, node.columns, values));
  result.with.unshift(...withClauses);
  result.recursive = recursive;
  return result;
}

function compound(scope: Scope, node: SetOperation, blocks: readonly Block[], operands: Operands): Block {
  const { columns } = node;
  const texts = blocks.map((block, o) => selectText(block, named(columns, operands.rows[o] as readonly Spelled[]), false));
  const keyed = operands.shape.some(needsKey);
  if (node.type === 'union') {
    if (node.all || !keyed) return over(scope, columns, compoundText(texts, node.all ? ' UNION ALL ' : ' UNION '), operands.shape);
    const block = over(scope, columns, compoundText(texts, ' UNION ALL '), operands.shape);
    block.group = columns.map((column) => keyOf(scope, scope.binding(column.id)).text);
    return wrap(scope, block);
  }
  if (!node.all && !keyed) return over(scope, columns, texts.join(node.type === 'intersect' ? ' INTERSECT ' : ' EXCEPT '), operands.shape);
  return bySides(scope, node, blocks, operands);
}

/** Rows of both sides are grouped by their keys (for ALL, together with the number of the occurrence); the groups say on which sides a row was. */
function bySides(scope: Scope, node: SetOperation, blocks: readonly Block[], operands: Operands): Block {
  const { columns } = node;
  const side = (number: 0 | 1): string => {
    const inner = selectText(blocks[number] as Block, named(columns, operands.rows[number] as readonly Spelled[]), false);
    const alias = scope.alias();
    const read = columns.map((column, i) => columnOf(alias, columnName(column), { ...(operands.shape[i] as Spelled) }));
    const outputs = columns.map((column, i) => `${(read[i] as Spelled).text} AS ${quoteIdentifier(columnName(column))}`);
    const occurrence = node.all ? `, row_number() OVER (PARTITION BY ${read.map((value) => keyOf(scope, value).text).join(', ')}) AS occurrence` : '';
    return `SELECT ${[...outputs, `${String(number)} AS side`].join(', ')}${occurrence} FROM (${inner}) AS ${alias}`;
  };
  const block = over(scope, columns, `${side(0)} UNION ALL ${side(1)}`, operands.shape);
  const alias = (block.from[0] as (typeof block.from)[number]).alias;
  block.group = [...columns.map((column) => keyOf(scope, scope.binding(column.id)).text), ...(node.all ? [`${alias}.occurrence`] : [])];
  block.having.push(node.type === 'intersect' ? `min(${alias}.side) = 0` : `max(${alias}.side) = 0`);
  if (node.type === 'intersect') block.having.push(`max(${alias}.side) = 1`);
  return wrap(scope, block);
}
