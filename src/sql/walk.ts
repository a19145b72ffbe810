/**
 * Visits every expression, query and FROM item of a tree, parents before children. For whoever collects things: parameters, calls, tables.
 * Called by the binder, the plan cache and the catalog (dependencies of views and defaults).
 */
import { assertNever } from '../common/errors.js';
import type {
  Assignment,
  ColumnConstraint,
  ColumnDefinition,
  Delete,
  Expression,
  FromItem,
  GroupingElement,
  IndexElement,
  Insert,
  Merge,
  Select,
  SelectCore,
  SortItem,
  Statement,
  SubscriptItem,
  TableConstraint,
  Target,
  TypeName,
  Update,
  WindowSpecification,
  With,
} from './ast.js';

/** Each method is optional; one that returns false keeps the walk out of the node's children. */
export interface Visitor {
  expression?(expression: Expression): boolean | undefined;
  select?(select: Select): boolean | undefined;
  fromItem?(item: FromItem): boolean | undefined;
  type?(type: TypeName): void;
}

export function walkExpression(expression: Expression | undefined, visitor: Visitor): void {
  if (expression === undefined || visitor.expression?.(expression) === false) return;
  switch (expression.kind) {
    case 'column':
    case 'star':
    case 'integer':
    case 'numeric':
    case 'string':
    case 'bitString':
    case 'boolean':
    case 'null':
    case 'parameter':
    case 'sqlValue':
    case 'default':
    case 'currentOf':
      return;
    case 'cast':
      walkExpression(expression.argument, visitor);
      walkType(expression.type, visitor);
      return;
    case 'unary':
    case 'not':
    case 'nullTest':
    case 'booleanTest':
    case 'namedArgument':
    case 'field':
    case 'fieldStar':
    case 'collate':
      walkExpression(expression.argument, visitor);
      return;
    case 'binary':
    case 'distinctFrom':
    case 'nullIf':
      walkExpression(expression.left, visitor);
      walkExpression(expression.right, visitor);
      return;
    case 'and':
    case 'or':
    case 'coalesce':
    case 'minMax':
    case 'grouping':
      walkExpressions(expression.arguments, visitor);
      return;
    case 'between':
      walkExpression(expression.argument, visitor);
      walkExpression(expression.low, visitor);
      walkExpression(expression.high, visitor);
      return;
    case 'like':
      walkExpression(expression.argument, visitor);
      walkExpression(expression.pattern, visitor);
      walkExpression(expression.escape, visitor);
      return;
    case 'in':
      walkExpression(expression.argument, visitor);
      walkExpressions(expression.list, visitor);
      return;
    case 'inSubquery':
    case 'quantifiedSubquery':
      walkExpression(expression.argument, visitor);
      walkSelect(expression.query, visitor);
      return;
    case 'quantifiedArray':
      walkExpression(expression.argument, visitor);
      walkExpression(expression.array, visitor);
      return;
    case 'exists':
    case 'subquery':
    case 'arraySubquery':
      walkSelect(expression.query, visitor);
      return;
    case 'array':
      walkExpressions(expression.elements, visitor);
      return;
    case 'row':
      walkExpressions(expression.fields, visitor);
      return;
    case 'case':
      walkExpression(expression.operand, visitor);
      for (const when of expression.whens) {
        walkExpression(when.condition, visitor);
        walkExpression(when.result, visitor);
      }
      walkExpression(expression.otherwise, visitor);
      return;
    case 'function':
      walkExpressions(expression.arguments, visitor);
      walkSort(expression.orderBy, visitor);
      walkExpression(expression.filter, visitor);
      if (expression.over !== undefined) walkWindow(expression.over, visitor);
      return;
    case 'subscript':
      walkExpression(expression.argument, visitor);
      for (const item of expression.subscripts) walkSubscript(item, visitor);
      return;
    case 'atTimeZone':
      walkExpression(expression.argument, visitor);
      walkExpression(expression.zone, visitor);
      return;
    default:
      assertNever(expression);
  }
}

function walkExpressions(list: readonly Expression[], visitor: Visitor): void {
  for (const expression of list) walkExpression(expression, visitor);
}

function walkType(type: TypeName | undefined, visitor: Visitor): void {
  if (type === undefined) return;
  visitor.type?.(type);
  walkExpressions(type.typmods, visitor);
}

function walkSubscript(item: SubscriptItem, visitor: Visitor): void {
  if (item.kind === 'index') walkExpression(item.index, visitor);
  else {
    walkExpression(item.lower, visitor);
    walkExpression(item.upper, visitor);
  }
}

function walkSort(items: readonly SortItem[], visitor: Visitor): void {
  for (const item of items) walkExpression(item.expression, visitor);
}

function walkTargets(targets: readonly Target[], visitor: Visitor): void {
  for (const target of targets) walkExpression(target.expression, visitor);
}

function walkWindow(window: WindowSpecification, visitor: Visitor): void {
  walkExpressions(window.partitionBy, visitor);
  walkSort(window.orderBy, visitor);
  for (const bound of [window.frame?.start, window.frame?.end]) {
    if (bound?.kind === 'preceding' || bound?.kind === 'following') walkExpression(bound.offset, visitor);
  }
}

function walkSelect(select: Select, visitor: Visitor): void {
  if (visitor.select?.(select) === false) return;
  walkWith(select.with, visitor);
  const { body } = select;
  switch (body.kind) {
    case 'core':
      walkCore(body, visitor);
      break;
    case 'setOperation':
      walkSelect(body.left, visitor);
      walkSelect(body.right, visitor);
      break;
    case 'values':
      for (const row of body.rows) walkExpressions(row, visitor);
      break;
    default:
      assertNever(body);
  }
  walkSort(select.orderBy, visitor);
  walkExpression(select.limit, visitor);
  walkExpression(select.offset, visitor);
}

function walkWith(clause: With | undefined, visitor: Visitor): void {
  for (const table of clause?.tables ?? []) {
    walkStatement(table.query, visitor);
    walkExpression(table.cycle?.markValue, visitor);
    walkExpression(table.cycle?.markDefault, visitor);
  }
}

function walkCore(core: SelectCore, visitor: Visitor): void {
  walkExpressions(core.distinctOn, visitor);
  walkTargets(core.targets, visitor);
  for (const item of core.from) walkFromItem(item, visitor);
  walkExpression(core.where, visitor);
  for (const element of core.groupBy) walkGrouping(element, visitor);
  walkExpression(core.having, visitor);
  for (const window of core.windows) walkWindow(window, visitor);
}

function walkGrouping(element: GroupingElement, visitor: Visitor): void {
  switch (element.kind) {
    case 'expression':
      walkExpression(element.expression, visitor);
      return;
    case 'empty':
      return;
    case 'rollup':
    case 'cube':
      walkExpressions(element.items, visitor);
      return;
    case 'sets':
      for (const set of element.sets) walkGrouping(set, visitor);
      return;
    default:
      assertNever(element);
  }
}

function walkFromItem(item: FromItem, visitor: Visitor): void {
  if (visitor.fromItem?.(item) === false) return;
  switch (item.kind) {
    case 'table':
      walkExpressions(item.sample?.arguments ?? [], visitor);
      walkExpression(item.sample?.repeatable, visitor);
      return;
    case 'subquery':
      walkSelect(item.query, visitor);
      return;
    case 'functionScan':
      for (const { call, columns } of item.functions) {
        walkExpression(call, visitor);
        for (const column of columns) walkType(column.type, visitor);
      }
      for (const column of item.columns) walkType(column.type, visitor);
      return;
    case 'join':
      walkFromItem(item.left, visitor);
      walkFromItem(item.right, visitor);
      walkExpression(item.on, visitor);
      return;
    default:
      assertNever(item);
  }
}

function walkAssignments(assignments: readonly Assignment[], visitor: Visitor): void {
  for (const assignment of assignments) {
    const targets = assignment.kind === 'single' ? [assignment.target] : assignment.targets;
    for (const target of targets) {
      for (const step of target.indirection) if (step.kind !== 'field') walkSubscript(step, visitor);
    }
    walkExpression(assignment.kind === 'single' ? assignment.value : assignment.source, visitor);
  }
}

function walkIndexElement(element: IndexElement, visitor: Visitor): void {
  walkExpression(element.expression, visitor);
}

function walkInsert(insert: Insert, visitor: Visitor): void {
  walkWith(insert.with, visitor);
  walkFromItem(insert.table, visitor);
  if (insert.source !== undefined) walkSelect(insert.source, visitor);
  const { onConflict } = insert;
  if (onConflict?.target?.kind === 'columns') {
    for (const element of onConflict.target.elements) walkIndexElement(element, visitor);
    walkExpression(onConflict.target.where, visitor);
  }
  walkAssignments(onConflict?.assignments ?? [], visitor);
  walkExpression(onConflict?.where, visitor);
  walkTargets(insert.returning, visitor);
}

function walkUpdate(update: Update, visitor: Visitor): void {
  walkWith(update.with, visitor);
  walkFromItem(update.table, visitor);
  walkAssignments(update.assignments, visitor);
  for (const item of update.from) walkFromItem(item, visitor);
  walkExpression(update.where, visitor);
  walkTargets(update.returning, visitor);
}

function walkDelete(statement: Delete, visitor: Visitor): void {
  walkWith(statement.with, visitor);
  walkFromItem(statement.table, visitor);
  for (const item of statement.using) walkFromItem(item, visitor);
  walkExpression(statement.where, visitor);
  walkTargets(statement.returning, visitor);
}

function walkMerge(merge: Merge, visitor: Visitor): void {
  walkWith(merge.with, visitor);
  walkFromItem(merge.table, visitor);
  walkFromItem(merge.source, visitor);
  walkExpression(merge.on, visitor);
  for (const { condition, action } of merge.whens) {
    walkExpression(condition, visitor);
    if (action.kind === 'update') walkAssignments(action.assignments, visitor);
    else if (action.kind === 'insert') walkExpressions(action.values, visitor);
  }
}

function walkConstraint(constraint: ColumnConstraint | TableConstraint, visitor: Visitor): void {
  switch (constraint.kind) {
    case 'default':
    case 'generated':
    case 'check':
      walkExpression(constraint.expression, visitor);
      return;
    case 'exclusion':
      for (const { element } of constraint.elements) walkIndexElement(element, visitor);
      walkExpression(constraint.where, visitor);
      return;
    default:
      return;
  }
}

function walkColumn(column: ColumnDefinition, visitor: Visitor): void {
  walkType(column.type, visitor);
  for (const constraint of column.constraints) walkConstraint(constraint, visitor);
}

/** Statements without expressions or queries have nothing to visit. */
export function walkStatement(statement: Statement, visitor: Visitor): void {
  switch (statement.kind) {
    case 'select':
      walkSelect(statement, visitor);
      return;
    case 'insert':
      walkInsert(statement, visitor);
      return;
    case 'update':
      walkUpdate(statement, visitor);
      return;
    case 'delete':
      walkDelete(statement, visitor);
      return;
    case 'merge':
      walkMerge(statement, visitor);
      return;
    case 'explain':
    case 'prepare':
      walkStatement(statement.statement, visitor);
      return;
    case 'execute':
      walkExpressions(statement.arguments, visitor);
      return;
    case 'call':
      walkExpression(statement.call, visitor);
      return;
    case 'createView':
    case 'declareCursor':
      walkSelect(statement.query, visitor);
      return;
    case 'createTableAs':
      walkStatement(statement.source, visitor);
      return;
    case 'copy':
      if (statement.source.kind === 'query') walkStatement(statement.source.query, visitor);
      walkExpression(statement.where, visitor);
      return;
    case 'createTable':
      for (const element of statement.elements) {
        if (element.kind === 'column') walkColumn(element, visitor);
        else if (element.kind === 'constraint') walkConstraint(element.constraint, visitor);
      }
      for (const key of statement.partitionBy?.keys ?? []) walkExpression(key.expression, visitor);
      return;
    case 'createIndex':
      for (const element of statement.elements) walkIndexElement(element, visitor);
      walkExpression(statement.where, visitor);
      return;
    case 'alterTable':
      for (const action of statement.actions) {
        if (action.kind === 'addColumn' || action.kind === 'addAttribute') walkColumn(action.column, visitor);
        else if (action.kind === 'addConstraint') walkConstraint(action.constraint, visitor);
        else if (action.kind === 'setDefault') walkExpression(action.expression, visitor);
        else if (action.kind === 'alterColumnType') {
          walkType(action.type, visitor);
          walkExpression(action.using, visitor);
        }
      }
      return;
    case 'createDomain':
      walkType(statement.type, visitor);
      for (const constraint of statement.constraints) walkConstraint(constraint, visitor);
      return;
    case 'createAggregate':
      for (const { type } of statement.parameters ?? []) walkType(type, visitor);
      return;
    case 'createFunction':
      for (const parameter of statement.parameters) {
        walkType(parameter.type, visitor);
        walkExpression(parameter.defaultValue, visitor);
      }
      walkType(statement.returns, visitor);
      if (statement.sqlBody?.kind === 'return') walkExpression(statement.sqlBody.expression, visitor);
      else for (const inner of statement.sqlBody?.statements ?? []) walkStatement(inner, visitor);
      return;
    case 'createSchema':
      for (const element of statement.elements) walkStatement(element, visitor);
      return;
    default:
      return;
  }
}

/** The highest number of a parameter, 0 if there is none. */
export function highestParameter(statement: Statement): number {
  let highest = 0;
  walkStatement(statement, {
    expression(expression) {
      if (expression.kind === 'parameter') highest = Math.max(highest, expression.number);
      return undefined;
    },
  });
  return highest;
}

/** Every call of a function, aggregate or window function. */
export function functionCalls(expression: Expression): readonly Extract<Expression, { kind: 'function' }>[] {
  const calls: Extract<Expression, { kind: 'function' }>[] = [];
  walkExpression(expression, {
    expression(inner) {
      if (inner.kind === 'function') calls.push(inner);
      return undefined;
    },
  });
  return calls;
}
