/**
 * The table that INSERT, UPDATE or DELETE writes, directly or through a simple view; and what the three statements share: RETURNING and assignments.
 * Source: rewriteHandler.c of PostgreSQL 15 (view_query_is_auto_updatable) for views.
 */
import { type Partition, partitionConditions, rootColumn, rootOf } from '../../catalog/partition.js';
import type { Column, Table, View } from '../../catalog/table.js';
import { hasInsteadOf } from '../../catalog/trigger.js';
import { columnRef, columnType } from '../../plan/build.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { CheckFailure, Mutation, OutputColumn } from '../../plan/logical.js';
import { collectColumns, substituteColumns } from '../../plan/walk.js';
import { simpleView, targetPlaces } from '../../catalog/view-updatable.js';
import { notSupported } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { walkExpression } from '../../sql/walk.js';
import { privilegeBits } from '../../catalog/acl.js';
import { securableRelation } from '../../catalog/privileges.js';
import type { RelationUse } from './access.js';
import type { Binder } from './binder.js';
import { requireSchemaUsage, viewRole } from './security.js';
import type { ResultOutput } from './bound.js';
import { schemasOf, unknownToText } from './coercion.js';
import { isSystemColumn } from './column-reference.js';
import { bindCondition, bindExpression, bindRowFields, inClause } from './expression.js';
import { missingTable } from './from.js';
import { assignInto } from './indirection.js';
import { type NamespaceEntry, type RangeColumn, type RowPlace, Scope } from './scope.js';
import { bindTargets } from './select.js';
import { partitionChecks, partitionOid } from './partition.js';
import { assign, checksOf, defaultOf } from './standalone.js';
import { bindColumnOfSubquery } from './subquery.js';
import { storedExpression, storedQuery } from './stored-text.js';

/** An expression of a view, over the columns of what it reads. */
interface OverColumns {
  readonly node: ast.Expression;
  readonly alias: string;
  readonly inner: readonly TargetColumn[];
}

/** A column that the statement sees: the table's, or one that a view computes, which can only be read. */
export type TargetColumn =
  | { readonly name: string; readonly column: Column; readonly computed?: undefined }
  | {
      readonly name: string;
      readonly column: undefined;
      /** With the view and the column that compute it. */
      readonly computed: OverColumns & { readonly view: string; readonly column: string };
    };

export interface WriteTarget {
  readonly table: Table;
  /** A view whose INSTEAD OF triggers do the writing: `table` is what it would be as a table. */
  readonly insteadOf?: View;
  /** The table that the statement names: `table`, unless that inherits from it. */
  readonly named: Table;
  /** Rows of tables that inherit from it are written, too. */
  readonly withInheritors: boolean;
  /** The name by which the statement knows the relation. */
  readonly relation: string;
  /** The relations on the way to the table, from the named one inwards: each with the role as which it is judged, and its attributes by the table's. */
  readonly path: readonly { readonly oid: number; readonly role: string; readonly attributes: ReadonlyMap<number, number> }[];
  readonly columns: readonly TargetColumn[];
  /** Conditions of the views on the way. */
  readonly conditions: readonly OverColumns[];
  /** Defaults of the views' columns, in place of the table's. */
  readonly defaults: ReadonlyMap<Column, string>;
  /** What written rows must satisfy: some of the `conditions` (by index), of views with CHECK OPTION and of partitions. */
  readonly checks: readonly { readonly failure: CheckFailure; readonly condition: number }[];
}

type Verb = 'insert into' | 'update' | 'delete from' | 'merge into';

function direct(binder: Binder, table: Table, relation: string): WriteTarget {
  return {
    path: [{ oid: table.oid, role: binder.checkAs, attributes: new Map(table.columns.map((column) => [column.attribute, column.attribute])) }],
    table,
    named: table,
    withInheritors: true,
    relation,
    columns: table.columns.map((column) => ({ name: column.name, column })),
    conditions: [],
    checks: [],
    defaults: new Map(),
  };
}

/** A view with an INSTEAD OF trigger, as if it were a table. */
function throughTriggers(binder: Binder, view: View): WriteTarget {
  const { oid, schema, name, owner, triggers = [] } = view;
  const table: Table = {
    kind: 'table',
    oid,
    schema,
    name,
    owner,
    persistence: 'permanent',
    columns: view.columns.map(({ name: column, typeOid, typmod, defaultText }, i): Column => {
      const shown = { attribute: i + 1, name: column, physicalName: column, typeOid, typmod, notNull: false };
      return defaultText === undefined ? shown : { ...shown, defaultText };
    }),
    lastAttribute: view.columns.length,
    indexes: [],
    checks: [],
    foreignKeys: [],
    triggers,
    distribution: { kind: 'reference' },
    physicalName: '',
  };
  return { ...direct(binder, table, view.name), insteadOf: view };
}

const events = { 'insert into': 'insert', update: 'update', 'delete from': 'delete', 'merge into': undefined } as const;

function refuseView(binder: Binder, view: View, verb: Verb, detail: string): never {
  throw binder.error('55000', `cannot ${verb} view "${view.name}"`, undefined, {
    detail,
    hint: `To enable ${verb === 'insert into' ? 'inserting into' : verb === 'update' ? 'updating' : 'deleting from'} the view, provide an INSTEAD OF ${verb === 'insert into' ? 'INSERT' : verb === 'update' ? 'UPDATE' : 'DELETE'} trigger or an unconditional ON ${verb === 'insert into' ? 'INSERT' : verb === 'update' ? 'UPDATE' : 'DELETE'} DO INSTEAD rule.`,
  });
}

/** A view over one table or view: plain columns can be written, computed ones be read. */
function throughView(binder: Binder, view: View, verb: Verb): WriteTarget {
  const simple = simpleView(storedQuery(binder, view.queryText));
  if (simple.kind === 'readOnly') return refuseView(binder, view, verb, simple.reason);
  const { item, where } = simple;
  const { checkAs } = binder;
  binder.checkAs = viewRole(view, checkAs);
  binder.storedDepth++;
  let below: WriteTarget;
  try {
    below = findTarget(binder, item.name, verb);
  } finally {
    binder.checkAs = checkAs;
    binder.storedDepth--;
  }
  const alias = item.alias?.name ?? item.name.name;
  const inner = below.columns.map((column, i) => ({ ...column, name: item.alias?.columns[i] ?? column.name }));
  const defaults = new Map(below.defaults);
  const columns = targetPlaces(
    simple.targets,
    inner.map((column) => column.name),
  ).map(({ node, at }, i): TargetColumn => {
    const own = view.columns[i];
    const name = own?.name ?? '';
    const found = at === undefined ? undefined : inner[at];
    if (found?.column !== undefined && own?.defaultText !== undefined) defaults.set(found.column, own.defaultText);
    if (found !== undefined) return { ...found, name };
    return { name, column: undefined, computed: { node, alias, inner, view: view.name, column: name } };
  });
  if (verb !== 'delete from' && columns.every((column) => column.column === undefined))
    refuseView(binder, view, verb, 'Views that have no updatable columns are not automatically updatable.');
  const conditions = where === undefined ? below.conditions : [...below.conditions, { node: where, alias, inner }];
  const own = where === undefined ? [] : [conditions.length - 1];
  const checked = view.checkOption === undefined ? [] : view.checkOption === 'cascaded' ? conditions.map((_, i) => i) : own;
  const added = checked.filter((condition) => !below.checks.some((check) => check.condition === condition));
  const checks = [...below.checks, ...added.map((condition) => ({ failure: { kind: 'view' as const, name: view.name }, condition }))];
  const withInheritors = below.withInheritors && !item.only;
  const attributes = new Map(columns.flatMap(({ column }, i) => (column === undefined ? [] : [[column.attribute, i + 1] as const])));
  const path = [{ oid: view.oid, role: checkAs, attributes }, ...below.path];
  const insteadOf = below.insteadOf === undefined ? {} : { insteadOf: below.insteadOf };
  return { path, table: below.table, ...insteadOf, named: below.table, withInheritors, relation: view.name, columns, conditions, checks, defaults };
}

/** A partition: the root's rows within its bound, with its own defaults. */
function throughPartition(binder: Binder, partition: Partition): WriteTarget {
  const { catalog } = binder.context;
  const root = rootOf(catalog, partition);
  const table: Table = {
    ...root,
    name: partition.name,
    schema: partition.schema,
    columns: root.columns.map((column): Column => {
      const own = partition.columns.find((candidate) => candidate.physicalName === column.physicalName);
      if (own === undefined || own.defaultText === column.defaultText) return column;
      const { defaultText: _root, ...plain } = column;
      return own.defaultText === undefined ? plain : { ...plain, defaultText: own.defaultText };
    }),
  };
  const inner = table.columns.map((column) => ({ name: column.name, column }));
  const conditions = partitionConditions(catalog, partition).map((text) => ({ node: storedExpression(binder, text), alias: root.name, inner }));
  return {
    path: [
      {
        oid: partition.oid,
        role: binder.checkAs,
        attributes: new Map(partition.columns.map((column) => [rootColumn(table, column).attribute, column.attribute])),
      },
    ],
    table,
    named: table,
    withInheritors: false,
    relation: partition.name,
    columns: partition.columns.map((column) => ({ name: column.name, column: rootColumn(table, column) })),
    conditions,
    checks: conditions.map((_, condition) => ({ failure: { kind: 'partition', relation: partition.name }, condition })),
    defaults: new Map(),
  };
}

/** The columns in terms of another table with the same columns. */
export function overOtherTable(columns: readonly TargetColumn[], other: (column: Column) => Column): readonly TargetColumn[] {
  return columns.map((one) =>
    one.column === undefined
      ? { ...one, computed: { ...one.computed, inner: overOtherTable(one.computed.inner, other) } }
      : { name: one.name, column: other(one.column) },
  );
}

function findTarget(binder: Binder, name: ast.QualifiedName, verb: Verb): WriteTarget {
  const { catalog, catalogRelations, isInternal } = binder.context;
  if (name.schema !== undefined) requireSchemaUsage(binder, name.schema);
  for (const schema of schemasOf(binder, name.schema)) {
    const relation = catalog.relation(schema, name.name);
    if (relation?.kind === 'table') {
      if (relation.materialized !== undefined) throw binder.error('42809', `cannot change materialized view "${relation.name}"`, undefined);
      return direct(binder, relation, relation.name);
    }
    if (relation?.kind === 'view' && verb === 'merge into') {
      throw binder.error('0A000', `cannot execute MERGE on relation "${relation.name}"`, undefined, { detail: 'This operation is not supported for views.' });
    }
    if (relation?.kind === 'view') {
      const event = events[verb];
      return event !== undefined && hasInsteadOf(relation, event) ? throughTriggers(binder, relation) : throughView(binder, relation, verb);
    }
    if (relation?.kind === 'partition') return throughPartition(binder, relation);
    if (relation !== undefined) throw binder.error('42809', `cannot change sequence "${name.name}"`, undefined);
    const system = catalogRelations.find(schema, name.name);
    if (system === undefined) continue;
    const own = isInternal === true && system.oid !== undefined ? catalog.relationByOid(system.oid) : undefined;
    if (own?.kind === 'table') return direct(binder, own, own.name);
    throw binder.error('42501', `permission denied for table ${name.name}`, undefined);
  }
  throw missingTable(binder, name, name.position);
}

/** Notes what a statement does with the relations of its target; `columns`: the table's, as the statement reads them. */
export function useTarget(
  binder: Binder,
  target: WriteTarget,
  privileges: number,
  columns: readonly (readonly OutputColumn[])[],
  written: readonly { readonly privilege: number; readonly columns: readonly Column[] }[] = [],
): TargetUse {
  const { catalog, isInternal } = binder.context;
  const uses =
    isInternal === true
      ? []
      : target.path.map(({ oid, role, attributes }, at): RelationUse | undefined => {
          const securable = securableRelation(catalog, oid);
          if (securable === undefined) return undefined;
          const use = binder.access.relation(securable, role, privileges);
          for (const one of written)
            use.require(
              one.privilege,
              one.columns.flatMap((column) => attributes.get(column.attribute) ?? []),
            );
          if (at > 0)
            use.require(
              privilegeBits.select,
              [...(target.path[at - 1]?.attributes.keys() ?? [])].flatMap((attribute) => attributes.get(attribute) ?? []),
            );
          else
            for (const row of columns) {
              const seen = row.flatMap((column, i) => {
                const attribute = attributes.get(target.table.columns[i]?.attribute ?? 0);
                return attribute === undefined ? [] : [{ id: column.id, attribute }];
              });
              use.columns(
                seen.map(({ id }) => id),
                seen.map(({ attribute }) => attribute),
              );
            }
          return use;
        });
  // Through a view the table is always read.
  return { reads: () => uses.length !== 1 || uses[0]?.isRead(binder.access.reads) === true, role: target.path[target.path.length - 1]?.role ?? binder.checkAs };
}

export interface TargetUse {
  /** The statement reads columns of the target. */
  readonly reads: () => boolean;
  /** As whom the table itself is judged. */
  readonly role: string;
}

export function targetOf(binder: Binder, scope: Scope, item: ast.TableItem, verb: Verb): WriteTarget {
  if (item.name.schema === undefined && scope.commonTables.has(item.name.name)) {
    throw binder.error('42P01', `relation "${item.name.name}" cannot be the target of a modifying statement`, item.position);
  }
  return findTarget(binder, { ...item.name, position: item.name.position ?? item.position }, verb);
}

/** What the statement sees of the target, over the table's columns `row` (in attribute order). */
export function visibleColumns(binder: Binder, target: WriteTarget, row: readonly OutputColumn[]): readonly RangeColumn[] {
  return seen(binder, target.table, target.columns, row);
}

function seen(binder: Binder, table: Table, columns: readonly TargetColumn[], row: readonly OutputColumn[]): readonly RangeColumn[] {
  return columns.map(({ name, column, computed }) => {
    if (column !== undefined) return { name, expression: columnRef(row[table.columns.indexOf(column)] as OutputColumn) };
    if (readsTables(computed.node)) throw notSupported(`writing through a view that computes column "${computed.column}" with a subquery`);
    const scope = scopeOver(binder, table, computed, row);
    return { name, expression: binder.access.quietly(() => inClause(scope, 'select', () => bindExpression(binder, scope, computed.node))) };
  });
}

function scopeOver(binder: Binder, table: Table, { alias, inner }: OverColumns, row: readonly OutputColumn[]): Scope {
  const scope = new Scope(undefined);
  scope.add({ name: alias, schema: undefined, columns: seen(binder, table, inner, row) });
  return scope;
}

function readsTables(node: ast.Expression): boolean {
  let found = false;
  walkExpression(node, {
    expression: (one) => {
      if (one.kind === 'subquery') found = true;
      return !found;
    },
  });
  return found;
}

/** The views' conditions over the table's columns. */
export function viewConditions(binder: Binder, target: WriteTarget, row: readonly OutputColumn[]): readonly Expression[] {
  return binder.access.quietly(() =>
    target.conditions.map((condition) => bindCondition(binder, scopeOver(binder, target.table, condition, row), condition.node, 'where', 'WHERE')),
  );
}

/** The table's column behind a column to be written; 0A000 for one that a view computes. */
export function writtenColumn(binder: Binder, one: TargetColumn, verb: 'insert into' | 'update'): Column {
  if (one.column !== undefined) return one.column;
  const { view, column, node } = one.computed;
  throw binder.error('0A000', `cannot ${verb} column "${column}" of view "${view}"`, undefined, {
    detail:
      node.kind === 'column' && systemColumnNames.has(node.parts[node.parts.length - 1] ?? '')
        ? 'View columns that refer to system columns are not updatable.'
        : 'View columns that are not columns of their base relation are not updatable.',
  });
}

const systemColumnNames: ReadonlySet<string> = new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']);

/** A column's default, as the views on the way or the table have it. */
export function targetDefault(binder: Binder, target: WriteTarget, column: Column): Expression {
  const text = target.defaults.get(column);
  if (text === undefined) return defaultOf(binder, target.table, column);
  const { identity: _identity, sequenceOid: _sequence, generated: _generated, ...plain } = column;
  return defaultOf(binder, target.table, { ...plain, defaultText: text });
}

/** Everything that a written row must fulfil: the table's CHECK constraints, its partitions, and what lies on the way to it. */
export function rowChecks(binder: Binder, target: WriteTarget, row: readonly OutputColumn[], policies: Mutation['checks'] = []): Mutation['checks'] {
  const conditions = target.checks.length === 0 ? [] : viewConditions(binder, target, row);
  return [
    ...policies,
    ...checksOf(binder, target.table, row),
    ...partitionChecks(binder, target.table, row),
    ...target.checks.map(({ failure, condition }) => ({ failure, expression: conditions[condition] as Expression })),
  ];
}

// ------------------------------------------------------------------------------------------------------------------ assignments

export interface AssignedValue {
  readonly column: Column;
  readonly expression: Expression;
}

function writable(binder: Binder, target: WriteTarget, node: ast.ColumnTarget): Column {
  const found = target.columns.find((one) => one.name === node.name);
  if (found === undefined && isSystemColumn(node.name)) throw binder.error('0A000', `cannot assign to system column "${node.name}"`, node.position);
  if (found === undefined) throw binder.error('42703', `column "${node.name}" of relation "${target.relation}" does not exist`, node.position);
  return writtenColumn(binder, found, 'update');
}

function checkAssignable(binder: Binder, column: Column, isDefault: boolean): void {
  if (isDefault) return;
  const detail =
    column.generated !== undefined
      ? `Column "${column.name}" is a generated column.`
      : column.identity === 'always'
        ? `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`
        : undefined;
  if (detail !== undefined) throw binder.error('428C9', `column "${column.name}" can only be updated to DEFAULT`, undefined, { detail });
}

/** SET a = 1, (b, c) = (2, 3), (d, e) = (SELECT ...). */
export function bindAssignments(binder: Binder, scope: Scope, target: WriteTarget, assignments: readonly ast.Assignment[]): readonly AssignedValue[] {
  const result: AssignedValue[] = [];
  const add = (node: ast.ColumnTarget, bind: (column: Column) => Expression, isDefault: boolean): void => {
    const column = writable(binder, target, node);
    const before = result.findIndex((one) => one.column === column);
    if (node.indirection.length > 0) {
      // Parts of one column, one after the other.
      if (isDefault)
        throw binder.error(
          '0A000',
          node.indirection[0]?.kind === 'field' ? 'cannot set a subfield to DEFAULT' : 'cannot set an array element to DEFAULT',
          node.position,
        );
      const own = scope.namespace[0]?.item.columns.find((one) => one.name === node.name)?.expression;
      const old = result[before]?.expression ?? own;
      const into = { name: node.name, type: columnType(column), old, position: node.position };
      const expression = assignInto(binder, scope, into, node.indirection, bind(column));
      checkAssignable(binder, column, false);
      if (before >= 0) result[before] = { column, expression };
      else result.push({ column, expression });
      return;
    }
    if (before >= 0) throw binder.error('42601', `multiple assignments to same column "${column.name}"`, undefined);
    const expression = isDefault ? targetDefault(binder, target, column) : assign(binder, bind(column), column, node.position);
    checkAssignable(binder, column, isDefault);
    result.push({ column, expression });
  };
  inClause(scope, 'update', () => {
    for (const assignment of assignments) {
      if (assignment.kind === 'single') {
        const { value } = assignment;
        add(assignment.target, () => bindExpression(binder, scope, value), value.kind === 'default');
        continue;
      }
      const { source, targets } = assignment;
      if (source.kind === 'row' && source.fields.some((field) => field.kind === 'star' || field.kind === 'fieldStar')) {
        const fields = bindRowFields(binder, scope, source);
        if (fields.length !== targets.length)
          throw binder.error('42601', 'number of columns does not match number of values', source.position ?? assignment.position);
        targets.forEach((node, i) => {
          add(node, () => fields[i] as Expression, false);
        });
      } else if (source.kind === 'row') {
        if (source.fields.length !== targets.length)
          throw binder.error('42601', 'number of columns does not match number of values', source.position ?? assignment.position);
        targets.forEach((node, i) => {
          const field = source.fields[i] as ast.Expression;
          add(node, () => bindExpression(binder, scope, field), field.kind === 'default');
        });
      } else if (source.kind === 'subquery') {
        targets.forEach((node, i) => {
          add(
            node,
            () => {
              try {
                return bindColumnOfSubquery(binder, scope, source.query, i, targets.length, source.position);
              } catch (error) {
                if (error instanceof Error && error.message.startsWith('subquery has too')) {
                  throw binder.error('42601', 'number of columns does not match number of values', source.position);
                }
                throw error;
              }
            },
            false,
          );
        });
      } else if (targets.length === 1) {
        add(targets[0] as ast.ColumnTarget, () => bindExpression(binder, scope, source), source.kind === 'default');
      } else throw binder.error('0A000', 'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression', source.position);
    }
  });
  return result;
}

// -------------------------------------------------------------------------------------------------------------------- RETURNING

export interface BoundReturning {
  readonly returning: NonNullable<Mutation['returning']>;
  readonly columns: readonly ResultOutput[];
}

/** RETURNING over the written row and, where there are FROM items, their columns. */
export function bindReturning(
  binder: Binder,
  target: WriteTarget,
  alias: string,
  schema: string | undefined,
  row: readonly OutputColumn[],
  others: readonly NamespaceEntry[],
  commonTables: Scope['commonTables'],
  nodes: readonly ast.Target[],
  place?: RowPlace,
  mayHaveUpdated = false,
): BoundReturning | undefined {
  if (nodes.length === 0) return undefined;
  const scope = new Scope(undefined);
  for (const [name, table] of commonTables) scope.commonTables.set(name, table);
  scope.add({
    name: alias,
    schema,
    table: target.named,
    columns: visibleColumns(binder, target, row),
    tableOid: () => partitionOid(binder, target.table, row),
    ...(mayHaveUpdated ? { withoutTransactions: 'xmax' } : {}),
    ...(place === undefined ? {} : { row: place }),
  });
  for (const entry of others) {
    scope.range.push(entry.item);
    scope.namespace.push(entry);
  }
  const targets = bindTargets(binder, scope, nodes, 'returning');
  const expressions = targets.map((one) => unknownToText(binder, one.expression));
  const columns = targets.map((one, i) => {
    const expression = expressions[i] as Expression;
    const origin = binder.originOf(expression);
    return { ...binder.column(one.name, expression.type, scope, origin), origin };
  });
  return { returning: { columns: columns.map(({ id, name, type }) => ({ id, name, type })), expressions }, columns };
}

/** Columns of FROM items that RETURNING reads: further columns of the source, under ids of their own. */
export function extraColumns(
  binder: Binder,
  scope: Scope,
  returning: BoundReturning | undefined,
  row: readonly OutputColumn[],
  available: readonly OutputColumn[],
): { readonly returning: BoundReturning | undefined; readonly extra: readonly OutputColumn[]; readonly sources: readonly Expression[] } {
  if (returning === undefined) return { returning, extra: [], sources: [] };
  const read = new Set<ColumnId>();
  for (const expression of returning.returning.expressions) collectColumns(expression, read);
  for (const column of row) read.delete(column.id);
  const sources = available.filter((column) => read.has(column.id));
  if (sources.length === 0) return { returning, extra: [], sources: [] };
  const extra = sources.map((column) => binder.column(column.name, column.type, scope));
  const renamed = new Map<ColumnId, Expression>(sources.map((column, i) => [column.id, columnRef(extra[i] as OutputColumn)]));
  const expressions = returning.returning.expressions.map((expression) => substituteColumns(expression, renamed));
  return { returning: { ...returning, returning: { ...returning.returning, expressions } }, extra, sources: sources.map((column) => columnRef(column)) };
}
