/**
 * Joins. Inner and left joins lengthen the FROM list of the left block, so that SQLite may reorder and use indexes; semi and anti joins are EXISTS or IN;
 * lateral subqueries that cannot stand in the FROM list travel through a JSON array, since SQLite has no LATERAL.
 */
import type { Expression } from '../../plan/expression.js';
import type { Join, LogicalNode, OutputColumn } from '../../plan/logical.js';
import { conjuncts } from '../../plan/build.js';
import { columnsOf, freeColumns } from '../../plan/walk.js';
import { type Block, type FromItem, joinable, outputsOf, selectText, settled, wrap } from './block.js';
import { comparable, comparableForms } from './comparison.js';
import { containsSubquery } from './plan-shape.js';
import { fromJsonItem, jsonItem } from './json-rows.js';
import type { Scope } from './scope.js';
import { at, Level, type Spelled } from './spelled.js';

function condition(scope: Scope, on: Expression | undefined): string | undefined {
  return on === undefined || (on.kind === 'const' && (on.value === 1 || on.value === 1n)) ? undefined : at(Level.not, scope.expression(on));
}

/** Every column is a column of the block's one FROM item, so that the item can stand on the nullable side of an outer join. */
function isBareItem(scope: Scope, block: Block): boolean {
  const [item] = block.from;
  if (item === undefined || block.from.length > 1 || block.where.some((term) => term.includes('SELECT'))) return false;
  return block.columns.every((column) => {
    const { text } = scope.binding(column.id);
    return text.startsWith(`${item.alias}.`) && /^t\d+\.(?:"(?:[^"]|"")*"|\w+)$/.test(text);
  });
}

/** Marks the columns of a nullable side. */
function makeNullable(scope: Scope, columns: readonly OutputColumn[]): void {
  for (const column of columns) {
    const spelled = scope.binding(column.id);
    if (!spelled.nullable) scope.bind(column.id, { ...spelled, nullable: true });
  }
}

export function join(scope: Scope, node: Join): Block {
  switch (node.type) {
    case 'semi':
    case 'anti':
      return exists(scope, node);
    case 'right':
      return outer(scope, { ...node, type: 'left', left: node.right, right: node.left });
    case 'left':
      return outer(scope, node);
    case 'full':
      return full(scope, node);
    case 'inner':
      return inner(scope, node);
  }
}

/** References to the left side from within a derived table of the right one: SQLite does not resolve them. */
function refersAcross(left: Block, right: Block): boolean {
  return right.from.some((item) => item.derived && left.from.some((other) => item.text.includes(`${other.alias}.`)));
}

function isCorrelated(node: Join): boolean {
  if (!node.lateral) return false;
  const own = new Set(node.left.columns.map((column) => column.id));
  for (const id of freeColumns(node.right)) if (own.has(id)) return true;
  return false;
}

/** Common tables of a lateral right side cannot move before the SELECT whose rows they read. */
function refersFromWith(left: Block, right: Block): boolean {
  return right.with.some((definition) => left.from.some((other) => definition.includes(`${other.alias}.`)));
}

/** The right side's rows as a JSON array, computed by a correlated scalar subquery and spread by json_each. */
function throughJson(scope: Scope, right: Block): FromItem {
  const alias = scope.alias();
  const outputs = outputsOf(scope, right);
  const source = scope.alias();
  const items = outputs.map((output) => jsonItem(`${source}."${output.name ?? ''}"`, output.spelled));
  const text = `json_each((SELECT json_group_array(json_array(${items.join(', ')})) FROM (${selectText(right, outputs)}) AS ${source})) AS ${alias}`;
  for (const [i, column] of right.columns.entries()) scope.bind(column.id, fromJsonItem(alias, i, (outputs[i] as (typeof outputs)[number]).spelled));
  return { join: 'cross', text, alias, derived: false };
}

function inner(scope: Scope, node: Join): Block {
  const left = joinable(scope, scope.block(node.left));
  const lateral = isCorrelated(node);
  const written = scope.block(node.right);
  let right = written.isJoinable ? written : lateral ? undefined : wrap(scope, written);
  if (right?.from.some((item) => item.join === 'full') === true) right = lateral ? undefined : wrap(scope, right);
  left.columns = node.columns;
  left.order = [];
  if (right === undefined || (lateral && (refersAcross(left, right) || refersFromWith(left, right)))) {
    left.from.push(throughJson(scope, written));
  } else {
    const [first, ...rest] = right.from;
    if (first !== undefined) left.from.push({ ...first, join: 'cross' }, ...rest);
    left.where.push(...right.where);
    left.adoptWith(right);
  }
  const on = condition(scope, node.on);
  if (on !== undefined) left.where.push(on);
  return left;
}

function outer(scope: Scope, node: Join): Block {
  const left = joinable(scope, scope.block(node.left));
  const lateral = isCorrelated(node);
  const written = scope.block(node.right);
  left.order = [];
  let item: FromItem;
  const terms: string[] = [];
  if (written.isJoinable && isBareItem(scope, written) && !(lateral && (refersAcross(left, written) || refersFromWith(left, written)))) {
    item = written.from[0] as FromItem;
    terms.push(...written.where);
    left.adoptWith(written);
  } else if (lateral) {
    item = throughJson(scope, written);
  } else {
    const right = wrap(scope, written);
    item = right.from[0] as FromItem;
    left.adoptWith(right);
  }
  const on = condition(scope, node.on);
  if (on !== undefined) terms.push(on);
  makeNullable(scope, node.right.columns);
  left.columns = node.columns;
  if (left.from.length === 0) left.from.push({ join: 'cross', text: '(SELECT 1)', alias: '', derived: true });
  left.from.push({ ...item, join: 'left', on: terms.length === 0 ? '1' : terms.join(' AND ') });
  return left;
}

function full(scope: Scope, node: Join): Block {
  const bare = (block: Block): Block => (block.isJoinable && block.where.length === 0 && isBareItem(scope, block) ? block : wrap(scope, block));
  const left = bare(scope.block(node.left));
  const right = bare(scope.block(node.right));
  left.order = [];
  const on = condition(scope, node.on) ?? '1';
  makeNullable(scope, [...node.left.columns, ...node.right.columns]);
  left.columns = node.columns;
  left.adoptWith(right);
  left.from.push({ ...(right.from[0] as FromItem), join: 'full', on });
  return left;
}

/** An index of the right side's table begins with one of these columns: a probe per left row is then cheaper than a list of all keys. */
function hasIndexOn(node: LogicalNode, used: ReadonlySet<number>): boolean {
  switch (node.kind) {
    case 'filter':
    case 'project':
      return hasIndexOn(node.input, used);
    case 'scan': {
      const attributes = new Set(node.columns.flatMap((column, i) => (used.has(column.id) ? [node.source[i]] : [])));
      return node.table.indexes.some((index) => attributes.has(index.keys[0]?.attribute));
    }
    default:
      return false;
  }
}

/** Equalities between the sides, if the condition has nothing else that spans both. */
function equalities(node: Join): { readonly pairs: readonly (readonly [Expression, Expression])[]; readonly rest: readonly Expression[] } | undefined {
  const leftIds = new Set(node.left.columns.map((column) => column.id));
  const rightIds = new Set(node.right.columns.map((column) => column.id));
  const pairs: (readonly [Expression, Expression])[] = [];
  const rest: Expression[] = [];
  for (const term of conjuncts(node.on)) {
    const used = columnsOf(term);
    const usesLeft = [...used].some((id) => leftIds.has(id));
    if (!usesLeft) {
      rest.push(term);
      continue;
    }
    if (term.kind !== 'call' || term.operator?.comparison !== '=' || containsSubquery(term)) return undefined;
    const [a, b] = term.args as [Expression, Expression];
    if (!comparable(a.type.oid, b.type.oid)) return undefined;
    const side = (e: Expression): 'left' | 'right' | undefined => {
      const ids = [...columnsOf(e)];
      return ids.every((id) => leftIds.has(id)) ? 'left' : ids.every((id) => rightIds.has(id)) ? 'right' : undefined;
    };
    if (side(a) === 'left' && side(b) === 'right') pairs.push([a, b]);
    else if (side(a) === 'right' && side(b) === 'left') pairs.push([b, a]);
    else return undefined;
  }
  return pairs.length === 0 ? undefined : { pairs, rest };
}

function exists(scope: Scope, node: Join): Block {
  const anti = node.type === 'anti';
  const written = settled(scope, scope.block(node.left));
  const left = written.group !== undefined || written.windowed || written.distinct || written.limited ? wrap(scope, written) : written;
  left.columns = node.columns;
  const right = joinable(scope, scope.block(node.right));
  right.order = [];
  const equal = freeColumns(node.right).size === 0 ? equalities(node) : undefined;
  if (equal !== undefined && !hasIndexOn(node.right, new Set(equal.pairs.flatMap(([, r]) => [...columnsOf(r)])))) {
    const forms = equal.pairs.map(([l, r]) => comparableForms(scope, [scope.expression(r), scope.expression(l)], false) as [Spelled, Spelled]);
    for (const term of equal.rest) right.where.push(at(Level.not, scope.expression(term)));
    if (anti) for (const [r] of forms) if (r.nullable) right.where.push(`${at(Level.relation, r)} IS NOT NULL`);
    const tuple = forms.length === 1 ? at(Level.relation, (forms[0] as [Spelled, Spelled])[1]) : `(${forms.map(([, l]) => l.text).join(', ')})`;
    const list = selectText(
      right,
      forms.map(([r], i) => ({ text: r.text, name: `v${String(i)}` })),
    );
    left.where.push(anti ? `(${tuple} IN (${list})) IS NOT 1` : `${tuple} IN (${list})`);
    return left;
  }
  const on = condition(scope, node.on);
  if (on !== undefined) right.where.push(on);
  left.where.push(`${anti ? 'NOT ' : ''}EXISTS (${selectText(right, [{ text: '1', name: undefined }])})`);
  return left;
}
