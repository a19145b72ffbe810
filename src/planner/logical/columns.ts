/** Column lists of operators after a change below, and fresh column ids. Shared by the rules. */
import type { ColumnId, TypeRef } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import { columnRef } from '../../plan/build.js';
import { forEachNode } from '../../plan/walk.js';

/** Operators that pass their input's columns on list those that the input now has. */
export function refreshed(node: LogicalNode): LogicalNode {
  const columns = passedOn(node);
  if (columns === undefined || sameColumns(columns, node.columns)) return node;
  return { ...node, columns };
}

function sameColumns(a: readonly OutputColumn[], b: readonly OutputColumn[]): boolean {
  return a === b || (a.length === b.length && a.every((column, i) => column.id === b[i]?.id));
}

function passedOn(node: LogicalNode): readonly OutputColumn[] | undefined {
  switch (node.kind) {
    case 'filter':
    case 'sort':
    case 'limit':
    case 'distinct':
      return node.input.columns;
    case 'with':
      return node.body.columns;
    case 'join':
      return node.type === 'semi' || node.type === 'anti' ? node.left.columns : [...node.left.columns, ...node.right.columns];
    case 'window': {
      const own = new Set(node.calls.map((call) => call.id));
      return [...node.input.columns, ...node.columns.filter((column) => own.has(column.id))];
    }
    case 'projectSet': {
      const own = new Set(node.calls.flatMap((call) => call.ids ?? [call.id]));
      return [...node.input.columns, ...node.columns.filter((column) => own.has(column.id))];
    }
    default:
      return undefined;
  }
}

/** The node with exactly these columns, by a projection if it has others. */
export function withColumns(node: LogicalNode, columns: readonly OutputColumn[]): LogicalNode {
  if (sameColumns(node.columns, columns)) return node;
  return { kind: 'project', input: node, columns, expressions: columns.map((column) => columnRef(column)) };
}

/** Makes columns with ids that the plan does not use yet. */
export class FreshColumns {
  #next = 1;

  constructor(plan: LogicalNode) {
    forEachNode(plan, (node) => {
      for (const column of node.columns) if (column.id >= this.#next) this.#next = column.id + 1;
      if (node.kind === 'aggregate') for (const group of node.groups) if (group.id >= this.#next) this.#next = group.id + 1;
      if (node.kind === 'with') for (const cte of node.ctes) for (const column of cte.plan.columns) if (column.id >= this.#next) this.#next = column.id + 1;
    });
  }

  column(name: string, type: TypeRef): OutputColumn {
    return { id: this.id(), name, type };
  }

  id(): ColumnId {
    return this.#next++ as ColumnId;
  }
}
