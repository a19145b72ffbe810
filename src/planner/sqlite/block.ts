/**
 * One SELECT under construction. Operators are added to it as long as SQL's order of clauses allows; then it is wrapped: it becomes a derived table of a new block,
 * and its columns are bound to that table's. What a column reads as is kept in the scope's bindings.
 */
import type { OutputColumn } from '../../plan/logical.js';
import { generalForm, seal } from './numeric.js';
import type { Scope } from './scope.js';
import { Level, quoteIdentifier, type Spelled } from './spelled.js';

export interface FromItem {
  /** How it is joined to the items before it; of the first one it does not matter. */
  readonly join: 'cross' | 'left' | 'full';
  /** With its alias. */
  readonly text: string;
  readonly alias: string;
  /** A SELECT in parentheses: it cannot refer to its siblings. */
  readonly derived: boolean;
  readonly on?: string;
}

export interface OrderTerm {
  /** The key's text. */
  readonly text: string;
  /** Direction and place of NULLs, with a leading blank. */
  readonly suffix: string;
}

export class Block {
  /** CTE definitions before the SELECT. */
  readonly with: string[] = [];
  recursive = false;
  readonly from: FromItem[] = [];
  /** Terms joined by AND, each binding at least as tightly as NOT. */
  readonly where: string[] = [];
  /** Key texts of GROUP BY; [] aggregates over everything, undefined does not aggregate. */
  group: readonly string[] | undefined;
  /** Texts of aggregate calls: one of them must stand in a SELECT that has no GROUP BY. */
  readonly aggregates: string[] = [];
  readonly having: string[] = [];
  windowed = false;
  distinct = false;
  /** Some column's text gives another value each time: it must not be repeated or moved. */
  volatile = false;
  order: readonly OrderTerm[] = [];
  limit: string | undefined;
  offset: string | undefined;

  constructor(public columns: readonly OutputColumn[]) {}

  get limited(): boolean {
    return this.limit !== undefined || this.offset !== undefined;
  }

  /** Nothing but FROM and WHERE (an ORDER BY that nobody will see may be dropped). */
  get isJoinable(): boolean {
    return this.group === undefined && !this.windowed && !this.distinct && !this.limited && !this.volatile;
  }

  /** Takes over another block's WITH clause. */
  adoptWith(other: Block): void {
    this.with.push(...other.with);
    if (other.recursive) this.recursive = true;
  }
}

/** A block over one FROM item. */
export function blockOver(columns: readonly OutputColumn[], item: Omit<FromItem, 'join'>): Block {
  const block = new Block(columns);
  block.from.push({ join: 'cross', ...item });
  return block;
}

export interface Output {
  readonly text: string;
  readonly name: string | undefined;
}

function fromText(items: readonly FromItem[]): string {
  let text = '';
  for (const [i, item] of items.entries()) {
    if (i > 0) text += item.join === 'cross' ? (item.on === undefined ? ' CROSS JOIN ' : ' JOIN ') : item.join === 'left' ? ' LEFT JOIN ' : ' FULL JOIN ';
    text += item.text;
    if (i > 0 && (item.on !== undefined || item.join !== 'cross')) text += ` ON ${item.on ?? '1'}`;
  }
  // SQLite takes CROSS JOIN as an order to join from left to right; a comma leaves the order to it.
  return text.replaceAll(' CROSS JOIN ', ', ');
}

function withText(block: Block): string {
  return block.with.length === 0 ? '' : `WITH ${block.recursive ? 'RECURSIVE ' : ''}${block.with.join(', ')} `;
}

/** FROM to HAVING. */
function bodyText(block: Block): string {
  let text = '';
  if (block.from.length > 0) text += ` FROM ${fromText(block.from)}`;
  if (block.where.length > 0) text += ` WHERE ${block.where.join(' AND ')}`;
  if (block.group !== undefined && block.group.length > 0) text += ` GROUP BY ${block.group.join(', ')}`;
  if (block.having.length > 0) text += ` HAVING ${block.having.join(' AND ')}`;
  return text;
}

/** `[WITH ...] SELECT outputs FROM ... ` of the block. */
export function selectText(block: Block, outputs: readonly Output[], withOrder = true): string {
  const list = outputs.map(({ text, name }) => (name === undefined ? text : `${text} AS ${quoteIdentifier(name)}`)).join(', ');
  const select = `SELECT ${block.distinct ? 'DISTINCT ' : ''}${list === '' ? '1' : list}`;
  // SQLite takes a SELECT without GROUP BY for an aggregate only if one stands in its list.
  const hidden = block.group?.length === 0 && !outputs.some((output) => block.aggregates.some((aggregate) => output.text.includes(aggregate)));
  let text = withText(block) + (hidden ? `${select} FROM (SELECT count(*)${bodyText(block)})` : select + bodyText(block));
  if (withOrder && !hidden && block.order.length > 0) text += ` ORDER BY ${block.order.map((term) => term.text + term.suffix).join(', ')}`;
  if (block.limited) text += ` LIMIT ${block.limit ?? '-1'}`;
  if (block.offset !== undefined) text += ` OFFSET ${block.offset}`;
  return text;
}

export function columnName(column: OutputColumn): string {
  return `c${String(column.id)}`;
}

/** The block's columns as they stand, each in a finished representation. */
export function outputsOf(scope: Scope, block: Block): readonly (Output & { readonly spelled: Spelled })[] {
  return block.columns.map((column) => {
    const spelled = seal(scope.binding(column.id));
    return { text: spelled.text, name: columnName(column), spelled };
  });
}

/** How a value reads once it is column `name` of the table `alias`. */
export function columnOf(alias: string, name: string, spelled: Spelled): Spelled {
  const text = `${alias}.${quoteIdentifier(name)}`;
  const { decimal, range, type, nullable } = spelled;
  return {
    text,
    level: Level.atom,
    weight: 0,
    type,
    nullable,
    ...(range === undefined ? {} : { range }),
    ...(decimal === undefined
      ? {}
      : { decimal: { scale: decimal.scale, digits: decimal.digits, nanLeaves: decimal.nanLeaves.length > 0 ? [text] : [], raw: false } }),
  };
}

/** The block as a derived table of a new one. An ORDER BY without LIMIT moves outwards, as SQLite need not keep it within. */
export function wrap(scope: Scope, block: Block): Block {
  const alias = scope.alias();
  const outputs: Output[] = [];
  const bound = outputsOf(scope, block);
  outputs.push(...bound);
  const order = block.order.map((term, i): OrderTerm => {
    const known = bound.find((output) => output.text === term.text);
    const name = known?.name ?? `o${String(i)}`;
    if (known === undefined) outputs.push({ text: term.text, name });
    return { text: `${alias}.${quoteIdentifier(name)}`, suffix: term.suffix };
  });
  // SELECT DISTINCT takes no further columns; its order was made of its own.
  const canCarry = !block.distinct || outputs.length === bound.length;
  const shown = canCarry ? outputs : bound;
  const inner = selectText(block, shown, block.limited || !canCarry);
  let item: Omit<FromItem, 'join'>;
  const outer = new Block(block.columns);
  if (block.volatile) {
    const name = scope.name('m');
    outer.with.push(`${name} AS MATERIALIZED (${inner})`);
    item = { text: `${name} AS ${alias}`, alias, derived: true };
  } else {
    item = { text: `(${inner}) AS ${alias}`, alias, derived: true };
  }
  outer.from.push({ join: 'cross', ...item });
  if (canCarry) outer.order = order;
  for (const [i, column] of block.columns.entries()) {
    const output = bound[i];
    if (output !== undefined) scope.bind(column.id, columnOf(alias, columnName(column), output.spelled));
  }
  return outer;
}

/** The rows of an ordered block as they come, so that what is computed over them is computed in their order. */
export function inOrder(scope: Scope, block: Block): Block {
  if (block.order.length === 0) return block;
  const alias = scope.alias();
  const name = scope.name('m');
  const bound = outputsOf(scope, block);
  const outer = new Block(block.columns);
  outer.with.push(`${name} AS MATERIALIZED (${selectText(block, bound)}${block.limited ? '' : ' LIMIT -1'})`);
  outer.from.push({ join: 'cross', text: `${name} AS ${alias}`, alias, derived: true });
  for (const [i, column] of block.columns.entries()) scope.bind(column.id, columnOf(alias, columnName(column), (bound[i] as (typeof bound)[number]).spelled));
  return outer;
}

/** A block whose volatile columns are fixed. */
export function settled(scope: Scope, block: Block): Block {
  return block.volatile ? wrap(scope, block) : block;
}

/** A block to which FROM items and WHERE terms can be added. */
export function joinable(scope: Scope, block: Block): Block {
  return block.isJoinable ? block : wrap(scope, block);
}

/** The whole block as a query in one line; columns in general representation where `general` says so. */
export function queryText(scope: Scope, block: Block, general = false): { readonly text: string; readonly outputs: readonly Spelled[] } {
  const outputs = outputsOf(scope, block).map((output) => {
    if (!general || output.spelled.decimal === undefined) return output;
    const spelled = generalForm(output.spelled);
    return { ...output, text: spelled.text, spelled };
  });
  return { text: selectText(block, outputs), outputs: outputs.map((output) => output.spelled) };
}
