/** Relational operators as blocks of SQLite text: dispatch, and the operators that are one clause. */
import { assertNever } from '../../common/errors.js';
import type { Expression } from '../../plan/expression.js';
import type { Filter, LogicalNode, Project } from '../../plan/logical.js';
import { isVolatile } from '../logical/analysis.js';
import { aggregate } from './aggregate.js';
import { type Block, inOrder, settled, wrap } from './block.js';
import { join } from './join.js';
import { distinct, limit, sort } from './limit.js';
import { containsSubquery } from './plan-shape.js';
import { catalogScan, cteScan, functionScan, landed, projectSet, scan, values } from './scan.js';
import type { Scope } from './scope.js';
import { setOperation } from './set-operation.js';
import { at, Level, type Spelled } from './spelled.js';
import { isUniqueLookup } from './subquery.js';
import { window } from './window.js';
import { withQuery } from './with.js';

export function writeRelation(scope: Scope, node: LogicalNode): Block {
  switch (node.kind) {
    case 'scan':
      return scan(scope, node);
    case 'catalogScan':
      return catalogScan(scope, node);
    case 'landed':
      return landed(scope, node);
    case 'cteScan':
      return cteScan(scope, node);
    case 'values':
      return values(scope, node);
    case 'functionScan':
      return functionScan(scope, node);
    case 'filter':
      return filter(scope, node);
    case 'project':
      return project(scope, node);
    case 'projectSet':
      return projectSet(scope, node);
    case 'join':
      return join(scope, node);
    case 'aggregate':
      return aggregate(scope, node);
    case 'window':
      return window(scope, node);
    case 'sort':
      return sort(scope, node);
    case 'limit':
      return limit(scope, node);
    case 'distinct':
      return distinct(scope, node);
    case 'setOperation':
      return setOperation(scope, node);
    case 'with':
      return withQuery(scope, node);
    default:
      return assertNever(node);
  }
}

/** Aggregates and window functions must not be named from within a subquery of the same SELECT. */
function readableBySubqueries(scope: Scope, block: Block, expressions: readonly Expression[]): Block {
  return (block.group !== undefined || block.windowed || block.volatile) && expressions.some(containsSubquery) ? wrap(scope, block) : block;
}

function filter(scope: Scope, node: Filter): Block {
  if (node.input.kind === 'scan' && isUniqueLookup(node)) scope.lookups.add(node.input);
  const input = settled(scope, scope.block(node.input));
  const moved = input.limited || input.windowed || (input.distinct && input.group !== undefined) ? wrap(scope, input) : input;
  const block = readableBySubqueries(scope, moved, [node.predicate]);
  const terms = node.predicate.kind === 'and' ? node.predicate.args : [node.predicate];
  const target = block.group === undefined ? block.where : block.having;
  for (const term of terms) target.push(at(Level.not, scope.expression(term)));
  return block;
}

function project(scope: Scope, node: Project): Block {
  const below = scope.block(node.input);
  const input = node.expressions.some(isVolatile) ? inOrder(scope, below) : below;
  // DISTINCT is over the columns below: only a change of their order or number of mentions is harmless.
  const narrowed = input.distinct && !isRenaming(node, input) ? wrap(scope, input) : input;
  const ready = input.volatile && node.expressions.some((e) => e.kind !== 'column') ? wrap(scope, narrowed) : narrowed;
  const block = readableBySubqueries(scope, ready, node.expressions);
  // A subquery with something volatile in it counts as volatile, too.
  const written = node.expressions.map((e): Spelled => (isVolatile(e) ? { ...scope.expression(e), weight: Infinity } : scope.expression(e)));
  for (const [i, column] of node.columns.entries()) {
    const spelled = written[i] as Spelled;
    scope.bind(column.id, spelled.type.oid === column.type.oid ? spelled : { ...spelled, type: column.type });
    if (spelled.weight === Infinity) block.volatile = true;
  }
  block.columns = node.columns;
  return block;
}

/** Every column of the input is shown once, and nothing else. */
function isRenaming(node: Project, input: Block): boolean {
  const ids = new Set(node.expressions.map((e) => (e.kind === 'column' ? e.id : -1)));
  return node.expressions.length === input.columns.length && input.columns.every((column) => ids.has(column.id));
}
