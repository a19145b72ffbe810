/**
 * SEARCH and CYCLE of recursive common tables: the query is rewritten to one that computes the further columns itself, before it is bound.
 * Source: the checks of analyzeCTE in parse_cte.c, the rewriting of rewriteSearchCycle.c of PostgreSQL 15.
 */
import { plainSelect } from '../../sql/build.js';
import type * as ast from '../../sql/ast.js';
import { quoteIdentifier } from '../../sql/quote.js';
import type { Binder } from './binder.js';
import { commonType } from './coercion.js';
import { bindExpression } from './expression.js';
import { Scope } from './scope.js';

function checkColumns(binder: Binder, names: readonly string[], listed: readonly string[], what: 'search' | 'cycle', position: number | undefined): void {
  listed.forEach((column, n) => {
    if (!names.includes(column)) throw binder.error('42601', `${what} column "${column}" not in WITH query column list`, position);
    if (listed.indexOf(column) < n) throw binder.error('42701', `${what} column "${column}" specified more than once`, position);
  });
}

function check(binder: Binder, node: ast.CommonTableExpression, names: readonly string[]): void {
  const { search, cycle } = node;
  const used = (what: string, name: string, position: number | undefined): void => {
    if (names.includes(name)) throw binder.error('42601', `${what} column name "${name}" already used in WITH query column list`, position);
  };
  if (search !== undefined) {
    checkColumns(binder, names, search.columns, 'search', search.position);
    used('search sequence', search.into, search.position);
  }
  if (cycle !== undefined) {
    const scope = new Scope(undefined);
    commonType(binder, [bindExpression(binder, scope, cycle.markValue), bindExpression(binder, scope, cycle.markDefault)], 'CYCLE');
    checkColumns(binder, names, cycle.columns, 'cycle', cycle.position);
    used('cycle mark', cycle.mark, cycle.position);
    used('cycle path', cycle.using, cycle.position);
    const same = (first: string, second: string, position: number | undefined): Error =>
      binder.error('42601', `${first} column name and ${second} column name are the same`, position);
    if (cycle.mark === cycle.using) throw same('cycle mark', 'cycle path', cycle.position);
    if (search?.into === cycle.mark) throw same('search sequence', 'cycle mark', search.position);
    if (search?.into === cycle.using) throw same('search sequence', 'cycle path', search.position);
  }
}

/** The item of the recursive term's FROM list that reads the table itself. */
function ownItem(items: readonly ast.FromItem[], name: string): ast.TableItem | undefined {
  for (const item of items) {
    if (item.kind === 'table' && item.name.schema === undefined && item.name.name === name) return item;
    if (item.kind !== 'join') continue;
    const found = ownItem([item.left, item.right], name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const target = (expression: ast.Expression, name: string): ast.Target => ({ expression, name });

export interface Searched {
  readonly node: ast.CommonTableExpression;
  readonly query: ast.Select;
  /** Names of the columns that SEARCH and CYCLE add. */
  readonly added: readonly string[];
}

/** The common table without its SEARCH and CYCLE clauses but with their columns; `names`: of the non-recursive term's columns. */
export function withSearchAndCycle(binder: Binder, node: ast.CommonTableExpression, query: ast.Select, names: readonly string[]): Searched {
  const { search, cycle } = node;
  const { body } = query;
  if (body.kind !== 'setOperation') return { node, query, added: [] };
  // (The codes are PostgreSQL's.)
  for (const [side, operand, code] of [
    ['left', body.left, '0A000'],
    ['right', body.right, '42601'],
  ] as const) {
    if (operand.body.kind === 'setOperation') {
      throw binder.error(code, `with a SEARCH or CYCLE clause, the ${side} side of the UNION must be a SELECT`, undefined);
    }
  }
  check(binder, node, names);
  const term = body.right.body;
  const own = term.kind === 'core' ? ownItem(term.from, node.name) : undefined;
  if (term.kind !== 'core' || own === undefined) {
    throw binder.error(
      '0A000',
      `with a SEARCH or CYCLE clause, the recursive reference to WITH query "${node.name}" must be at the top level of its right-hand SELECT`,
      undefined,
    );
  }
  const expression = (text: string): ast.Expression => binder.context.parser.expression(text);
  const previous = '"*TROCRN*"';
  const list = (columns: readonly string[], of: string): string => columns.map((column) => `${of}.${quoteIdentifier(column)}`).join(', ');
  const first: ast.Target[] = names.map((name) => target({ kind: 'column', parts: ['*TLOCRN*', name] }, name));
  const next: ast.Target[] = names.map((name) => target({ kind: 'column', parts: ['*TROCRN*', name] }, name));
  const added: string[] = [];
  const add = (name: string, start: ast.Expression, step: ast.Expression): void => {
    added.push(name);
    first.push(target(start, name));
    next.push(target(step, name));
  };
  if (search !== undefined) {
    const before = `${previous}.${quoteIdentifier(search.into)}`;
    const [start, row] = [list(search.columns, '"*TLOCRN*"'), list(search.columns, previous)];
    if (search.order === 'depth') {
      add(search.into, expression(`ARRAY[ROW(${start})]`), expression(`${before} OPERATOR(pg_catalog.||) ARRAY[ROW(${row})]`));
    } else {
      // The first field of the row so far is the depth.
      const depth = `pg_catalog.split_part(pg_catalog.substr(${before}::pg_catalog.text, 2), ',', 1)::pg_catalog.int8`;
      add(search.into, expression(`ROW(0::pg_catalog.int8, ${start})`), expression(`ROW(${depth} OPERATOR(pg_catalog.+) 1::pg_catalog.int8, ${row})`));
    }
  }
  let where: ast.Expression | undefined;
  if (cycle !== undefined) {
    const path = `${previous}.${quoteIdentifier(cycle.using)}`;
    const [start, row] = [list(cycle.columns, '"*TLOCRN*"'), list(cycle.columns, previous)];
    const mark = (condition: ast.Expression): ast.Expression => ({
      kind: 'case',
      whens: [{ condition, result: cycle.markValue }],
      otherwise: cycle.markDefault,
    });
    add(cycle.mark, mark(expression('false')), mark(expression(`ROW(${row}) OPERATOR(pg_catalog.=) ANY (${path})`)));
    add(cycle.using, expression(`ARRAY[ROW(${start})]`), expression(`${path} OPERATOR(pg_catalog.||) ARRAY[ROW(${row})]`));
    where = { kind: 'binary', operator: '<>', left: { kind: 'column', parts: ['*TROCRN*', cycle.mark] }, right: cycle.markValue };
  }
  const alias = own.alias?.name ?? own.name.name;
  const carried = added.map((name) => target({ kind: 'column', parts: [alias, name] }, name));
  const right: ast.Select = { ...body.right, body: { ...term, targets: [...term.targets, ...carried] } };
  const over = (targets: readonly ast.Target[], inner: ast.Select, name: string, columns: readonly string[], condition?: ast.Expression): ast.Select =>
    plainSelect(targets, [{ kind: 'subquery', query: inner, lateral: false, alias: { name, columns } }], condition);
  const columns = [...names, ...added];
  const rewritten: ast.Select = {
    ...query,
    body: { ...body, left: over(first, body.left, '*TLOCRN*', names), right: over(next, right, '*TROCRN*', columns, where) },
  };
  return { node: { ...node, columns, search: undefined, cycle: undefined, query: rewritten }, query: rewritten, added };
}
