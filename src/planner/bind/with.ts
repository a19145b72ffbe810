/**
 * WITH: common table expressions, recursive ones typed from their non-recursive term.
 * Source: transformWithClause and analyzeCTE of PostgreSQL 15's parse_cte.c.
 */
import type { CteDefinition, OutputColumn } from '../../plan/logical.js';
import type * as ast from '../../sql/ast.js';
import { formatType } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { typeRef } from '../../plan/build.js';
import { Oid } from '../../types/registry.js';
import { type BoundQueryPart, bindQueryIn, combine, convertColumns } from './query.js';
import { rewriteByRules } from './rewrite-rules.js';
import { notSupported } from '../../common/errors.js';
import { bindInsertIn } from './insert.js';
import { type CommonTable, type Origin, Scope } from './scope.js';
import { type Searched, withSearchAndCycle } from './search-cycle.js';
import { bindDeleteIn, bindUpdateIn } from './update.js';

function columnsOf(binder: Binder, node: ast.CommonTableExpression, bound: BoundQueryPart): CommonTable['columns'] {
  return namedColumns(binder, node, bound.columns, bound.origins);
}

function namedColumns(
  binder: Binder,
  node: ast.CommonTableExpression,
  columns: readonly OutputColumn[],
  origins: readonly (Origin | undefined)[],
): CommonTable['columns'] {
  if (node.columns.length > columns.length) {
    throw binder.error(
      '42P10',
      `WITH query "${node.name}" has ${columns.length} columns available but ${node.columns.length} columns specified`,
      node.position,
    );
  }
  return columns.map((column, i) => ({ name: node.columns[i] ?? column.name, type: column.type, origin: origins[i] }));
}

/** Literals that are still of type unknown become text. */
function settled(binder: Binder, scope: Scope, bound: BoundQueryPart): BoundQueryPart {
  if (bound.columns.every((column) => column.type.oid !== Oid.unknown)) return bound;
  const types = bound.columns.map((column) => (column.type.oid === Oid.unknown ? typeRef(Oid.text) : column.type));
  return { ...bound, ...convertColumns(binder, scope, bound.plan, bound.columns, types) };
}

function bindRecursive(binder: Binder, scope: Scope, { node, query, added }: Searched): void {
  const { body } = query;
  const hidden: CommonTable = {
    name: node.name,
    id: -1,
    columns: [],
    recursive: { uses: 0, forbidden: 'its non-recursive term' },
  };
  const id = binder.cteId();
  const materialized = node.materialized === 'default' ? undefined : node.materialized === 'always';
  if (body.kind !== 'setOperation' || body.operation !== 'union') {
    // Legal as long as it does not refer to itself.
    scope.commonTables.set(node.name, {
      ...hidden,
      recursive: { uses: 0, forbidden: 'a query that does not have the form non-recursive-term UNION [ALL] recursive-term' },
    });
    let bound: BoundQueryPart;
    try {
      bound = bindQueryIn(binder, new Scope(scope), query);
    } catch (error) {
      if (error instanceof Error && error.message.includes('does not have the form')) {
        throw binder.error('42P19', `recursive query "${node.name}" does not have the form non-recursive-term UNION [ALL] recursive-term`, node.position);
      }
      throw error;
    }
    scope.commonTables.set(node.name, { name: node.name, id, columns: columnsOf(binder, node, bound) });
    scope.definitions.push({ id, name: node.name, plan: bound.plan, materialized });
    return;
  }
  const inner = new Scope(scope);
  inner.commonTables.set(node.name, hidden);
  const left = settled(binder, inner, bindQueryIn(binder, new Scope(inner), body.left, { keepUnknown: true }));
  const common: CommonTable & { recursive: { uses: number; forbidden: string | undefined } } = {
    name: node.name,
    id,
    columns: columnsOf(binder, node, left),
    recursive: { uses: 0, forbidden: undefined },
    ...(added.length === 0 ? {} : { hidden: added }),
  };
  inner.commonTables.set(node.name, common);
  const right = bindQueryIn(binder, new Scope(inner), body.right, { keepUnknown: true });
  if (common.recursive.uses === 0) {
    // It does not refer to itself after all: an ordinary common table.
    inner.commonTables.delete(node.name);
    const bound = bindQueryIn(binder, new Scope(scope), query);
    scope.commonTables.set(node.name, { name: node.name, id, columns: columnsOf(binder, node, bound) });
    scope.definitions.push({ id, name: node.name, plan: bound.plan, materialized });
    return;
  }
  if (query.orderBy.length > 0) throw binder.error('0A000', 'ORDER BY in a recursive query is not implemented', query.orderBy[0]?.position);
  if (query.limit !== undefined) throw binder.error('0A000', 'LIMIT in a recursive query is not implemented', query.limit.position);
  if (query.offset !== undefined) throw binder.error('0A000', 'OFFSET in a recursive query is not implemented', query.offset.position);
  if (query.locking.length > 0) throw binder.error('0A000', 'FOR UPDATE/SHARE in a recursive query is not implemented', undefined);
  // The common types over both terms must be those of the non-recursive one.
  const combined = combine(binder, inner, body, left, right);
  combined.columns.forEach((column, i) => {
    const declared = left.columns[i];
    if (declared === undefined || (declared.type.oid === column.type.oid && declared.type.typmod === column.type.typmod)) return;
    const [first, overall] = [formatType(declared.type.oid, declared.type.typmod), formatType(column.type.oid, column.type.typmod)];
    throw binder.error(
      '42804',
      `recursive query "${node.name}" column ${i + 1} has type ${first} in non-recursive term but type ${overall} overall`,
      left.positions[i],
      { hint: 'Cast the output of the non-recursive term to the correct type.' },
    );
  });
  if (combined.plan.kind !== 'setOperation') throw new Error('assertion failed: a union');
  const definition: CteDefinition = {
    id,
    name: node.name,
    plan: combined.plan.left,
    recursive: { term: combined.plan.right, all: body.all },
    materialized,
  };
  scope.commonTables.set(node.name, {
    name: node.name,
    id,
    columns: columnsOf(binder, node, left).map((column, i) => ({ ...column, type: combined.columns[i]?.type ?? column.type })),
  });
  scope.definitions.push(definition);
}

/** SEARCH and CYCLE become columns of the query. */
function searched(binder: Binder, scope: Scope, node: ast.CommonTableExpression, query: ast.Select): Searched {
  if (node.search === undefined && node.cycle === undefined) return { node, query, added: [] };
  if (!refersToItself(node)) throw binder.error('42601', 'WITH query is not recursive', node.position);
  if (query.body.kind !== 'setOperation' || query.body.operation !== 'union') return { node, query, added: [] };
  const left = bindQueryIn(binder, new Scope(scope), query.body.left, { keepUnknown: true });
  const names = namedColumns(binder, node, left.columns, left.origins).map((column) => column.name);
  return withSearchAndCycle(binder, node, query, names);
}

/** A WITH query that changes data: a step of the statement, before its main part. */
function bindModifying(binder: Binder, scope: Scope, node: ast.CommonTableExpression, query: Exclude<ast.CommonTableExpression['query'], ast.Select>): void {
  if (query.kind === 'merge') throw binder.error('0A000', 'MERGE not supported in WITH query', node.position);
  if (scope.parent !== undefined || scope.inWith || binder.views.length > 0) {
    throw binder.error('0A000', 'WITH clause containing a data-modifying statement must be at the top level', node.position);
  }
  if (rewriteByRules(query, binder.context) !== undefined) throw notSupported('a statement on a relation with rules in WITH', node.position);
  const inner = new Scope(undefined);
  inner.inWith = true;
  for (const [name, common] of scope.commonTables) inner.commonTables.set(name, common);
  for (const name of scope.futureTables) inner.futureTables.add(name);
  const bound =
    query.kind === 'insert'
      ? bindInsertIn(binder, query, inner)
      : query.kind === 'update'
        ? bindUpdateIn(binder, query, inner)
        : bindDeleteIn(binder, query, inner);
  const id = binder.cteId();
  binder.modifying ??= { definitions: scope.definitions, writes: [] };
  binder.modifying.writes.push({ after: scope.definitions.length, step: { kind: 'write', id, mutation: bound.mutation } });
  const outputs = bound.columns;
  scope.commonTables.set(node.name, {
    name: node.name,
    id,
    columns:
      outputs === undefined
        ? []
        : namedColumns(
            binder,
            node,
            outputs,
            outputs.map((column) => column.origin),
          ),
    ...(outputs === undefined ? { silent: true } : {}),
  });
}

/** Names of relations without schema that a syntax tree reads. */
function namesRead(tree: unknown, into: Set<string>): void {
  if (Array.isArray(tree)) for (const part of tree) namesRead(part, into);
  else if (typeof tree === 'object' && tree !== null) {
    const { kind, name } = tree as { readonly kind?: unknown; readonly name?: Partial<ast.QualifiedName> };
    if (kind === 'table' && typeof name === 'object' && name.schema === undefined && name.name !== undefined) into.add(name.name);
    for (const part of Object.values(tree)) namesRead(part, into);
  }
}

function refersToItself({ name, query }: ast.CommonTableExpression): boolean {
  const read = new Set<string>();
  namesRead(query, read);
  return read.has(name);
}

/** Under RECURSIVE an item may read those behind it: each comes after what it reads. */
function inOrderOfReading(binder: Binder, tables: readonly ast.CommonTableExpression[]): readonly ast.CommonTableExpression[] {
  const ordered: ast.CommonTableExpression[] = [];
  const open = new Set<ast.CommonTableExpression>();
  const visit = (table: ast.CommonTableExpression): void => {
    if (ordered.includes(table)) return;
    if (open.has(table)) throw binder.error('0A000', 'mutual recursion between WITH items is not implemented', table.position);
    open.add(table);
    const read = new Set<string>();
    namesRead(table.query, read);
    for (const other of tables) if (other !== table && read.has(other.name)) visit(other);
    open.delete(table);
    ordered.push(table);
  };
  for (const table of tables) visit(table);
  return ordered;
}

export function bindWith(binder: Binder, scope: Scope, node: ast.With): void {
  const names = new Set<string>();
  for (const table of node.tables) {
    if (names.has(table.name)) throw binder.error('42712', `WITH query name "${table.name}" specified more than once`, table.position);
    names.add(table.name);
    scope.futureTables.add(table.name);
  }
  for (const table of node.recursive ? inOrderOfReading(binder, node.tables) : node.tables) {
    const { query } = table;
    if (query.kind !== 'select') {
      if (node.recursive && refersToItself(table)) {
        throw binder.error('42P19', `recursive query "${table.name}" must not contain data-modifying statements`, table.position);
      }
      bindModifying(binder, scope, table, query);
      scope.futureTables.delete(table.name);
      continue;
    }
    if (node.recursive) {
      bindRecursive(binder, scope, searched(binder, scope, table, query));
      scope.futureTables.delete(table.name);
      continue;
    }
    if (table.search !== undefined || table.cycle !== undefined) throw binder.error('42601', 'WITH query is not recursive', table.position);
    const bound = bindQueryIn(binder, new Scope(scope), query);
    const id = binder.cteId();
    scope.futureTables.delete(table.name);
    scope.commonTables.set(table.name, { name: table.name, id, columns: columnsOf(binder, table, bound) });
    scope.definitions.push({
      id,
      name: table.name,
      plan: bound.plan,
      materialized: table.materialized === 'default' ? undefined : table.materialized === 'always',
    });
  }
}
