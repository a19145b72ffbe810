/**
 * INSERT, UPDATE, DELETE, MERGE -> our statements. Called by statement.ts, and through it for data-modifying WITH.
 */
import type { Assignment, ColumnTarget, Delete, IndexElement, Insert, Merge, MergeAction, OnConflict, Update } from '../ast.js';
import { namesOf, unexpected, type Context } from './context.js';
import { convertOptions } from './definition.js';
import { convertExpression, convertExpressions, convertOptional, convertSubscript, convertTargets } from './expression.js';
import { convertFrom, convertFromItem, convertSelect, convertTable, convertWith } from './query.js';
import type { Raw } from './raw.js';
import type {
  DeleteStmt,
  IndexElem,
  InsertStmt,
  MergeStmt,
  MergeWhenClause,
  Node,
  OnConflictClause,
  OverridingKind,
  ResTarget,
  UpdateStmt,
} from '@pgsql/types';

const none: readonly never[] = [];

export function convertInsert(insert: InsertStmt, context: Context): Insert {
  const table = convertTable(insert.relation ?? {}, context);
  return {
    kind: 'insert',
    with: insert.withClause === undefined ? undefined : convertWith(insert.withClause, context),
    table,
    columns: columnTargets(insert.cols, context),
    source: insert.selectStmt === undefined ? undefined : convertSelect((insert.selectStmt as Raw).SelectStmt ?? {}, context),
    overriding: overriding(insert.override),
    onConflict: insert.onConflictClause === undefined ? undefined : onConflict(insert.onConflictClause, context),
    returning: convertTargets(insert.returningList, context),
    position: table.position,
  };
}

export function convertUpdate(update: UpdateStmt, context: Context): Update {
  const table = convertTable(update.relation ?? {}, context);
  return {
    kind: 'update',
    with: update.withClause === undefined ? undefined : convertWith(update.withClause, context),
    table,
    assignments: assignments(update.targetList, context),
    from: convertFrom(update.fromClause, context),
    where: convertOptional(update.whereClause, context),
    returning: convertTargets(update.returningList, context),
    position: table.position,
  };
}

export function convertDelete(statement: DeleteStmt, context: Context): Delete {
  const table = convertTable(statement.relation ?? {}, context);
  return {
    kind: 'delete',
    with: statement.withClause === undefined ? undefined : convertWith(statement.withClause, context),
    table,
    using: convertFrom(statement.usingClause, context),
    where: convertOptional(statement.whereClause, context),
    returning: convertTargets(statement.returningList, context),
    position: table.position,
  };
}

export function convertMerge(merge: MergeStmt, context: Context): Merge {
  const table = convertTable(merge.relation ?? {}, context);
  return {
    kind: 'merge',
    with: merge.withClause === undefined ? undefined : convertWith(merge.withClause, context),
    table,
    source: convertFromItem(merge.sourceRelation as Raw, context),
    on: convertExpression(merge.joinCondition as Node, context),
    whens: ((merge.mergeWhenClauses ?? []) as readonly Raw[]).map(({ MergeWhenClause: when = {} }) => ({
      matched: when.matched ?? false,
      condition: convertOptional(when.condition, context),
      action: mergeAction(when, context),
    })),
    position: table.position,
  };
}

function mergeAction(when: MergeWhenClause, context: Context): MergeAction {
  switch (when.commandType) {
    case 'CMD_UPDATE':
      return { kind: 'update', assignments: assignments(when.targetList, context) };
    case 'CMD_DELETE':
      return { kind: 'delete' };
    case 'CMD_INSERT':
      return {
        kind: 'insert',
        columns: columnTargets(when.targetList, context),
        values: convertExpressions(when.values, context),
        overriding: overriding(when.override),
      };
    default:
      return { kind: 'nothing' };
  }
}

function overriding(kind: OverridingKind | undefined): 'user' | 'system' | undefined {
  return kind === 'OVERRIDING_USER_VALUE' ? 'user' : kind === 'OVERRIDING_SYSTEM_VALUE' ? 'system' : undefined;
}

function columnTargets(nodes: readonly Node[] | undefined, context: Context): readonly ColumnTarget[] {
  return nodes === undefined ? none : (nodes as readonly Raw[]).map((node) => columnTarget(node.ResTarget ?? {}, context));
}

function columnTarget(target: ResTarget, context: Context): ColumnTarget {
  return {
    name: target.name ?? '',
    indirection:
      target.indirection === undefined
        ? none
        : (target.indirection as readonly Raw[]).map((step) => {
            if (step.A_Indices !== undefined) return convertSubscript(step.A_Indices, context);
            if (step.String !== undefined) return { kind: 'field' as const, field: step.String.sval ?? '' };
            throw unexpected(step, 'a part of a column to be set');
          }),
    position: context.position(target.location),
  };
}

/** The list of SET. `(a, b) = source` comes as one item a column, each with the whole source; they are one assignment here. */
function assignments(nodes: readonly Node[] | undefined, context: Context): readonly Assignment[] {
  if (nodes === undefined) return none;
  const result: Assignment[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const target = (nodes[i] as Raw).ResTarget ?? {};
    const position = context.position(target.location);
    const multiple = (target.val as Raw).MultiAssignRef;
    if (multiple === undefined) {
      result.push({ kind: 'single', target: columnTarget(target, context), value: convertExpression(target.val as Node, context), position });
      continue;
    }
    const count = multiple.ncolumns ?? 1;
    const targets = (nodes.slice(i, i + count) as readonly Raw[]).map((node) => columnTarget(node.ResTarget ?? {}, context));
    result.push({ kind: 'multiple', targets, source: convertExpression(multiple.source as Node, context), position });
    i += count - 1;
  }
  return result;
}

function onConflict(clause: OnConflictClause, context: Context): OnConflict {
  const { infer } = clause;
  const position = context.position(infer?.location);
  return {
    action: clause.action === 'ONCONFLICT_UPDATE' ? 'update' : 'nothing',
    target:
      infer === undefined
        ? undefined
        : infer.conname === undefined
          ? { kind: 'columns', elements: convertIndexElements(infer.indexElems, context), where: convertOptional(infer.whereClause, context), position }
          : { kind: 'constraint', name: infer.conname, position },
    assignments: assignments(clause.targetList, context),
    where: convertOptional(clause.whereClause, context),
    position: context.position(clause.location),
  };
}

export function convertIndexElements(nodes: readonly Node[] | undefined, context: Context): readonly IndexElement[] {
  return nodes === undefined ? none : (nodes as readonly Raw[]).map((node) => convertIndexElement(node.IndexElem ?? {}, context));
}

export function convertIndexElement(element: IndexElem, context: Context): IndexElement {
  return {
    column: element.name,
    expression: convertOptional(element.expr, context),
    collation: element.collation === undefined ? undefined : namesOf(element.collation),
    operatorClass: element.opclass === undefined ? undefined : namesOf(element.opclass),
    operatorClassOptions: convertOptions(element.opclassopts, context),
    direction: element.ordering === 'SORTBY_DESC' ? 'desc' : element.ordering === 'SORTBY_ASC' ? 'asc' : 'default',
    nulls: element.nulls_ordering === 'SORTBY_NULLS_FIRST' ? 'first' : element.nulls_ordering === 'SORTBY_NULLS_LAST' ? 'last' : 'default',
  };
}
