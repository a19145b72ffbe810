/**
 * References to columns and whole rows: search through the scopes, outwards, with PostgreSQL's errors and hints.
 * Source: parse_relation.c and parse_expr.c of PostgreSQL 15 (colNameToVar, refnameNamespaceItem, errorMissingColumn, errorMissingRTE).
 */
import { notSupported, PgError } from '../../common/errors.js';
import type { Table } from '../../catalog/table.js';
import { inheritorsOf } from '../../catalog/inheritance.js';
import { rowTypeOffset } from '../../catalog/user-type.js';
import { functionsNamed } from '../../functions/registry.js';
import { columnRef, constant, typeRef } from '../../plan/build.js';
import type { Expression, RowConstructor } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import { systemCall } from '../../sql/build.js';
import { Oid } from '../../types/oid.js';
import type { Binder } from './binder.js';
import { bindExpression } from './expression.js';
import type { NamespaceEntry, RangeItem, Scope } from './scope.js';

/** More than a database may have. */
const shardsMax = 128;

const systemColumns: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

export function isSystemColumn(name: string): boolean {
  return systemColumns.has(name);
}

function checkLateral(binder: Binder, level: Scope, entry: NamespaceEntry, position: number | undefined): void {
  if (entry.lateralOnly) level.lateralUses++;
  if (entry.lateralOnly && !entry.lateralAllowed) {
    throw binder.error('42P10', `invalid reference to FROM-clause entry for table "${entry.item.name ?? ''}"`, position, {
      detail: 'The combining JOIN type must be INNER or LEFT for a LATERAL reference.',
    });
  }
}

/** A fresh node for each reference, so that each has its own position. */
function reference(binder: Binder, expression: Expression, position: number | undefined): Expression {
  binder.access.read(expression);
  return position === undefined ? expression : binder.at({ ...expression }, position);
}

function systemColumn(binder: Binder, item: RangeItem, name: string, position: number | undefined): Expression | undefined {
  const oid = item.table?.oid ?? item.catalogOid;
  if (oid === undefined || !systemColumns.has(name)) return undefined;
  if (name === 'tableoid' && item.tableOid !== undefined) return binder.at({ ...item.tableOid() }, position);
  if (name === 'tableoid') return binder.at(constant(oid, typeRef(Oid.oid)), position);
  // Rows of the catalog look as if they were frozen.
  if (name === 'xmin' && item.catalogOid !== undefined) return binder.at(constant(2, typeRef(Oid.xid)), position);
  if (name === 'ctid' && item.row !== undefined) {
    const entry = functionsNamed('shoal_ctid')[0];
    if (entry?.kind !== 'scalar') throw new Error('assertion failed: shoal_ctid exists');
    return binder.at(
      { kind: 'call', function: entry, args: [columnRef(item.row.shard), columnRef(item.row.rowid), spread(binder, item)], type: typeRef(Oid.tid) },
      position,
    );
  }
  if (item.table !== undefined && item.withoutTransactions !== 'all') {
    if (name === 'xmin') return binder.at(rowVersion(binder, item, position), position);
    if (name === 'xmax' && item.withoutTransactions === undefined) return binder.at(constant(0, typeRef(Oid.xid)), position);
  }
  throw notSupported(`system column "${name}"`, position);
}

/** xmin: rows do not carry the transactions that wrote them, so it is a fingerprint of what the row holds. NULL where an outer join has no row. */
function rowVersion(binder: Binder, item: RangeItem, position: number | undefined): Expression {
  const entry = functionsNamed('shoal_row_version')[0];
  if (entry?.kind !== 'scalar') throw new Error('assertion failed: shoal_row_version exists');
  return { kind: 'call', function: entry, args: [wholeRow(binder, item, position)], type: typeRef(Oid.xid) };
}

/** How many shards' rows are told apart: one for a table that has none. */
function spread(binder: Binder, { table }: RangeItem): Expression {
  const tables = table === undefined ? [] : inheritorsOf(binder.context.catalog, table);
  return constant(tables.some((one) => one.distribution.kind === 'distributed') ? shardsMax : 1, typeRef(Oid.int4));
}

/** The column of that name of one item; 42702 when it has two. */
function columnOfItem(binder: Binder, item: RangeItem, name: string, position: number | undefined): Expression | undefined {
  let found: Expression | undefined;
  for (const column of item.columns) {
    if (column.name !== name) continue;
    if (found !== undefined) throw binder.error('42702', `column reference "${name}" is ambiguous`, position);
    found = column.expression;
  }
  return found === undefined ? systemColumn(binder, item, name, position) : reference(binder, found, position);
}

/** An unqualified column name, searched from the scope outwards (or in this level alone). */
export function lookupColumn(binder: Binder, scope: Scope, name: string, position: number | undefined, thisLevelOnly = false): Expression | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = thisLevelOnly ? undefined : level.parent) {
    let found: Expression | undefined;
    for (const entry of level.namespace) {
      if (!entry.columnsVisible || (entry.lateralOnly && !level.lateralActive)) continue;
      const column = columnOfItem(binder, entry.item, name, position);
      if (column === undefined) continue;
      if (found !== undefined) throw binder.error('42702', `column reference "${name}" is ambiguous`, position);
      checkLateral(binder, level, entry, position);
      found = column;
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The FROM item of that name, from the scope outwards. */
function lookupRelation(binder: Binder, scope: Scope, schema: string | undefined, name: string, position: number | undefined): RangeItem | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    let found: RangeItem | undefined;
    for (const entry of level.namespace) {
      if (!entry.relationVisible || entry.item.name !== name || (entry.lateralOnly && !level.lateralActive)) continue;
      if (schema !== undefined && entry.item.schema !== schema) continue;
      if (found !== undefined) throw binder.error('42P09', `table reference "${name}" is ambiguous`, position);
      checkLateral(binder, level, entry, position);
      found = entry.item;
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Not a view through which the table is written: its rows are of another type. */
function showsAll(item: RangeItem, table: Table): boolean {
  return item.columns.length === table.columns.length;
}

/** A row value of all the item's columns. */
export function wholeRow(binder: Binder, item: RangeItem, position: number | undefined): Expression {
  const [only] = item.columns;
  // A function that returns a plain value is its own row.
  if (item.isFunctionScalar === true && item.columns.length === 1 && only !== undefined) return reference(binder, only.expression, position);
  for (const column of item.columns) binder.access.read(column.expression);
  const present = binder.presence.of(item, (owner) => binder.column(item.name ?? 'row', typeRef(Oid.bool), owner));
  const row: RowConstructor = {
    kind: 'row',
    fields: item.columns.map((column) => column.expression),
    names: item.columns.map((column) => column.name),
    ...(present === undefined ? {} : { present }),
    type: typeRef(item.table === undefined || !showsAll(item, item.table) ? Oid.record : item.table.oid + rowTypeOffset),
  };
  return binder.at(row, position);
}

/** Edit distance, given up beyond `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      current.push(Math.min((previous[j] as number) + 1, (current[j - 1] as number) + 1, (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

const maximumDistance = 3;

function missingColumn(binder: Binder, scope: Scope, relation: string | undefined, name: string, position: number | undefined): PgError {
  let best = maximumDistance + 1;
  let candidates: { readonly item: RangeItem; readonly column: string }[] = [];
  let exact: RangeItem | undefined;
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    for (const item of level.range) {
      if (item.name === undefined) continue;
      const base = relation === undefined ? 0 : distance(relation, item.name, maximumDistance);
      for (const column of item.columns) {
        if (column.name === name && base === 0) exact ??= item;
        const apart = distance(name, column.name, maximumDistance);
        if (apart > name.length / 2) continue;
        const total = base + apart;
        if (total < best) {
          best = total;
          candidates = [{ item, column: column.name }];
        } else if (total === best && total <= maximumDistance) candidates.push({ item, column: column.name });
      }
    }
  }
  const message = relation === undefined ? `column "${name}" does not exist` : `column ${relation}.${name} does not exist`;
  if (exact !== undefined) {
    return binder.error('42703', message, position, {
      hint: `There is a column named "${name}" in table "${exact.name ?? ''}", but it cannot be referenced from this part of the query.`,
    });
  }
  const [first, second] = candidates;
  if (first === undefined || best > maximumDistance || candidates.length > 2) return binder.error('42703', message, position);
  const firstText = `"${first.item.name ?? ''}.${first.column}"`;
  const hint =
    second === undefined
      ? `Perhaps you meant to reference the column ${firstText}.`
      : `Perhaps you meant to reference the column ${firstText} or the column "${second.item.name ?? ''}.${second.column}".`;
  return binder.error('42703', message, position, { hint });
}

/** 42P01 for a relation that is not in FROM. */
function missingRelation(binder: Binder, scope: Scope, name: string, position: number | undefined): PgError {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    for (const item of level.range) {
      if (item.name === name) {
        return binder.error('42P01', `invalid reference to FROM-clause entry for table "${name}"`, position, {
          hint: `There is an entry for table "${name}", but it cannot be referenced from this part of the query.`,
        });
      }
    }
    for (const item of level.range) {
      if (item.table?.name === name && item.name !== undefined) {
        return binder.error('42P01', `invalid reference to FROM-clause entry for table "${name}"`, position, {
          hint: `Perhaps you meant to reference the table alias "${item.name}".`,
        });
      }
    }
  }
  return binder.error('42P01', `missing FROM-clause entry for table "${name}"`, position);
}

/** `r.*` of a row variable, where no FROM item has that name: its fields as names. */
export function variableFields(binder: Binder, scope: Scope, node: ast.Star): readonly ast.ColumnReference[] | undefined {
  const { variables } = binder.context;
  if (variables === undefined || node.qualifier.length === 0 || !variables.has(node.qualifier)) return undefined;
  const name = node.qualifier[node.qualifier.length - 1] as string;
  const schema = node.qualifier.length > 1 ? node.qualifier[node.qualifier.length - 2] : undefined;
  if (lookupRelation(binder, scope, schema, name, node.position) !== undefined) return undefined;
  const row = variables.resolve(node.qualifier);
  if (row?.kind !== 'row') return undefined;
  return (row.names ?? []).map((field) => ({ kind: 'column', parts: [...node.qualifier, field], position: node.position }));
}

/** The item that `t.*` or `s.t.*` names. */
export function requireRelation(binder: Binder, scope: Scope, qualifier: readonly string[], position: number | undefined): RangeItem {
  const name = qualifier[qualifier.length - 1] as string;
  const schema = qualifier.length > 1 ? qualifier[qualifier.length - 2] : undefined;
  const found = lookupRelation(binder, scope, schema, name, position);
  if (found === undefined) throw missingRelation(binder, scope, name, position);
  return found;
}

/** `x` or `f.x` as a parameter of the function whose body is bound. */
function frameArgument({ frame }: Binder, parts: readonly string[]): number {
  if (frame === undefined) return -1;
  const [first, second] = parts;
  if (parts.length === 1 && first !== undefined && first !== '') return frame.names.indexOf(first);
  return parts.length === 2 && first === frame.name && second !== undefined && second !== '' ? frame.names.indexOf(second) : -1;
}

/** A name that may be a column or a variable of a procedural language. Source: plpgsql_post_column_ref of PostgreSQL 15's pl_comp.c. */
export function bindColumnReference(binder: Binder, scope: Scope, node: ast.ColumnReference): Expression {
  const { variables } = binder.context;
  const { parts, position } = node;
  if (variables === undefined || binder.frame !== undefined || binder.views.length > 0 || binder.storedDepth > 0) return bindColumnOf(binder, scope, node);
  if (variables.conflict === 'variable' && variables.has(parts)) return binder.at(variables.resolve(parts) as Expression, position);
  let column: Expression;
  try {
    column = bindColumnOf(binder, scope, node);
  } catch (error) {
    const isMissing = error instanceof PgError && (error.code === '42703' || error.code === '42P01' || error.code === '42601');
    const variable = isMissing ? variables.resolve(parts) : undefined;
    if (variable === undefined) throw error;
    return binder.at(variable, position);
  }
  if (variables.conflict === 'column' || !variables.has(parts)) return column;
  throw binder.error('42702', `column reference "${parts.join('.')}" is ambiguous`, position, {
    detail: 'It could refer to either a PL/pgSQL variable or a table column.',
  });
}

function bindColumnOf(binder: Binder, scope: Scope, node: ast.ColumnReference): Expression {
  const { parts, position } = node;
  if (scope.clause === 'partitionBound') throw binder.error('0A000', 'cannot use column reference in partition bound expression', position);
  if (scope.clause === 'default') throw binder.error('0A000', 'cannot use column reference in DEFAULT expression', position);
  const name = parts[parts.length - 1] as string;
  if (parts.length === 1) {
    const column = lookupColumn(binder, scope, name, position);
    if (column !== undefined) return column;
    const item = lookupRelation(binder, scope, undefined, name, position);
    if (item !== undefined) return wholeRow(binder, item, position);
    const argument = frameArgument(binder, parts);
    if (argument >= 0 && binder.frame !== undefined) return binder.argument(binder.frame, argument);
    throw missingColumn(binder, scope, undefined, name, position);
  }
  if (parts.length === 4 && parts[0] !== binder.context.catalog.database.name) {
    throw binder.error('0A000', `cross-database references are not implemented: ${parts.join('.')}`, position);
  }
  if (parts.length > 4) throw binder.error('42601', `improper qualified name (too many dotted names): ${parts.join('.')}`, position);
  const relation = parts[parts.length - 2] as string;
  const schema = parts.length > 2 ? parts[parts.length - 3] : undefined;
  const item = lookupRelation(binder, scope, schema, relation, position);
  const argument = item === undefined ? frameArgument(binder, parts) : -1;
  if (argument >= 0 && binder.frame !== undefined) return binder.argument(binder.frame, argument);
  if (item === undefined) {
    // A field of a parameter of composite type.
    const composite = parts.length === 2 ? frameArgument(binder, [relation]) : -1;
    if (composite >= 0) return bindExpression(binder, scope, { kind: 'field', argument: { kind: 'parameter', number: composite + 1 }, field: name, position });
    throw missingRelation(binder, scope, relation, position);
  }
  const column = columnOfItem(binder, item, name, position);
  if (column !== undefined) return column;
  const called = attributeCall(binder, scope, node, { kind: 'column', parts: parts.slice(0, -1), position }, name);
  if (called === undefined) throw missingColumn(binder, scope, relation, name, position);
  return called;
}

/** row.function: the call of a function of one argument, written like a column. Undefined when none takes the row. Source: ParseFuncOrColumn of PostgreSQL 15. */
export function attributeCall(
  binder: Binder,
  scope: Scope,
  node: ast.ColumnReference | ast.FieldSelection,
  argument: ast.Expression,
  name: string,
): Expression | undefined {
  const call: ast.FunctionCall = { ...systemCall(name, [argument], node.position), name: [name], sqlSyntax: false };
  try {
    const bound = bindExpression(binder, scope, call);
    binder.context.record?.calls.set(node, call);
    return bound;
  } catch (error) {
    if (error instanceof PgError && error.code === '42883') return undefined;
    throw error;
  }
}
