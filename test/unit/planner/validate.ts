/** Checks that a logical plan hangs together: every column read is made below (or by an enclosing query), column lists fit, positional inputs have the right width. */
import { strict as assert } from 'node:assert';
import type { ColumnId, Expression } from '../../../src/plan/expression.js';
import type { LogicalNode } from '../../../src/plan/logical.js';
import { forEachChild, forEachNodeExpression } from '../../../src/plan/walk.js';
import { printPlan } from '../../../src/plan/print.js';

type Ids = ReadonlySet<ColumnId>;

function checkExpression(expression: Expression, available: Ids, ctes: ReadonlyMap<number, number>, where: string): void {
  if (expression.kind === 'column') assert.ok(available.has(expression.id), `${where}: column ${expression.name}#${expression.id} is not there`);
  if (expression.kind === 'subquery') {
    check(expression.plan, available, ctes);
    const own = new Set(expression.plan.columns.map((column) => column.id));
    for (const test of expression.tests) assert.ok(own.has(test.column.id), `${where}: test column ${test.column.name}#${test.column.id}`);
    if (expression.mode === 'scalar' || expression.mode === 'array') assert.equal(expression.plan.columns.length, 1, `${where}: width of a subquery`);
  }
  forEachChild(expression, (child) => {
    checkExpression(child, available, ctes, where);
  });
}

function union(...sets: Ids[]): Ids {
  return new Set(sets.flatMap((set) => [...set]));
}

function ids(node: LogicalNode): Ids {
  return new Set(node.columns.map((column) => column.id));
}

function check(node: LogicalNode, outer: Ids, ctes: ReadonlyMap<number, number>): void {
  const listed = node.columns.map((column) => column.id);
  assert.equal(new Set(listed).size, listed.length, `${node.kind}: a column is listed twice`);
  let inputs: Ids = new Set();
  let expected: readonly ColumnId[] | undefined;
  switch (node.kind) {
    case 'filter':
    case 'sort':
    case 'limit':
    case 'distinct':
      check(node.input, outer, ctes);
      inputs = ids(node.input);
      expected = [...inputs];
      break;
    case 'project':
      check(node.input, outer, ctes);
      inputs = ids(node.input);
      assert.equal(node.columns.length, node.expressions.length, 'project: width');
      node.expressions.forEach((expression, i) => {
        assert.equal(node.columns[i]?.type.oid, expression.type.oid, `project: type of ${node.columns[i]?.name ?? ''}`);
      });
      break;
    case 'projectSet':
      check(node.input, outer, ctes);
      inputs = ids(node.input);
      expected = [...inputs, ...node.calls.flatMap((call) => call.ids ?? [call.id])];
      break;
    case 'window':
      check(node.input, outer, ctes);
      inputs = ids(node.input);
      expected = [...inputs, ...node.calls.map((call) => call.id)];
      break;
    case 'aggregate': {
      check(node.input, outer, ctes);
      inputs = ids(node.input);
      const made = new Set([...node.groups.map((group) => group.id), ...node.aggregates.map((one) => one.id), ...(node.grouping ?? []).map((one) => one.id)]);
      for (const id of listed) assert.ok(made.has(id), `aggregate: column ${id} is not made`);
      break;
    }
    case 'join': {
      check(node.left, outer, ctes);
      check(node.right, node.lateral ? union(outer, ids(node.left)) : outer, ctes);
      inputs = union(ids(node.left), ids(node.right));
      expected = node.type === 'semi' || node.type === 'anti' ? [...ids(node.left)] : [...ids(node.left), ...ids(node.right)];
      if (node.type !== 'inner') assert.ok(node.on !== undefined, `${node.type} join without condition`);
      break;
    }
    case 'setOperation':
      check(node.left, outer, ctes);
      check(node.right, outer, ctes);
      for (const side of [node.left, node.right]) {
        assert.equal(side.columns.length, node.columns.length, 'set operation: width');
        side.columns.forEach((column, i) => {
          assert.equal(column.type.oid, node.columns[i]?.type.oid, 'set operation: types');
        });
      }
      break;
    case 'with': {
      const known = new Map(ctes);
      for (const cte of node.ctes) {
        if (cte.recursive !== undefined) known.set(cte.id, cte.plan.columns.length);
        check(cte.plan, outer, known);
        if (cte.recursive !== undefined) {
          check(cte.recursive.term, outer, known);
          assert.equal(cte.recursive.term.columns.length, cte.plan.columns.length, 'recursive term: width');
        }
        known.set(cte.id, cte.plan.columns.length);
      }
      check(node.body, outer, known);
      expected = [...ids(node.body)];
      break;
    }
    case 'cteScan':
      assert.equal(ctes.get(node.cte), node.columns.length, `CTE scan on ${node.name}: width`);
      break;
    case 'values':
      for (const row of node.rows) {
        assert.equal(row.length, node.columns.length, 'values: width');
        row.forEach((value, i) => {
          assert.equal(value.type.oid, node.columns[i]?.type.oid, 'values: types');
        });
      }
      break;
    case 'scan':
    case 'catalogScan':
    case 'landed':
      assert.equal(node.source.length, node.columns.length, `${node.kind}: width`);
      break;
    case 'functionScan':
      break;
  }
  if (expected !== undefined) assert.deepEqual(listed, expected, `${node.kind}: columns`);
  const available = union(outer, inputs);
  forEachNodeExpression(node, (expression) => {
    checkExpression(expression, available, ctes, node.kind);
  });
}

/** Fails when the plan does not hang together. */
export function validate(plan: LogicalNode): void {
  try {
    check(plan, new Set(), new Map());
  } catch (error) {
    if (error instanceof assert.AssertionError) error.message += `\n${printPlan(plan, { ids: true, verbose: true })}`;
    throw error;
  }
}
