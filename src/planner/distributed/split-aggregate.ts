/**
 * Splits an Aggregate into a partial one per shard and a final one over the gathered partial rows, as its functions' registry entries say.
 */
import { assert } from '../../common/errors.js';
import type { AggregateFunction, ScalarFunction } from '../../functions/function.js';
import { aggregateNamed, functionsNamed } from '../../functions/registry.js';
import type { AggregateCall, ColumnId, ColumnRef, Expression, TypeRef } from '../../plan/expression.js';
import type { Aggregate, LogicalNode, OutputColumn } from '../../plan/logical.js';

/** True when every aggregate of the node can be computed from per-shard partial values. */
export function canSplit(node: Aggregate): boolean {
  return node.sets === undefined && node.aggregates.every(({ call }) => call.function.split !== undefined && !call.distinct && call.orderBy.length === 0 && !call.withinGroup);
}

const POLYMORPHIC = new Set([2283, 2277, 2776, 3500, 5077, 5078, 5079]);

function partialType(declared: number, call: AggregateCall): TypeRef {
  if (POLYMORPHIC.has(declared)) return call.type;
  return { oid: declared, typmod: -1 };
}

function find(name: string, args: readonly number[]): AggregateFunction {
  const entry = aggregateNamed(name, args);
  assert(entry, `aggregate ${name}(${args.join(',')}) exists`);
  return entry;
}

function reference(column: OutputColumn): ColumnRef {
  return { kind: 'column', id: column.id, name: column.name, type: column.type };
}

export interface SplitAggregate {
  /** Runs in each shard. */
  readonly partial: Aggregate;
  /** Builds the final part over a node with the partial's output columns. */
  readonly final: (gathered: LogicalNode) => LogicalNode;
}

/** `freshId` makes new column ids. The final node has the original's output columns. */
export function splitAggregate(node: Aggregate, freshId: () => ColumnId): SplitAggregate {
  const groupColumns: OutputColumn[] = node.groups.map((group, i) => ({ id: freshId(), name: node.columns[i]?.name ?? `group${String(i)}`, type: group.expression.type }));
  const partials: { readonly id: ColumnId; readonly call: AggregateCall }[] = [];
  const partialColumns: OutputColumn[] = [];
  const merges: { readonly id: ColumnId; readonly call: AggregateCall }[] = [];
  const mergeColumns: OutputColumn[] = [];
  const finals: Expression[] = [];
  for (const { call } of node.aggregates) {
    const split = call.function.split;
    assert(split, 'a splittable aggregate');
    const merged: Expression[] = [];
    split.partial.forEach((part, index) => {
      const type = partialType(part.type, call);
      const column: OutputColumn = { id: freshId(), name: part.aggregate, type };
      const entry =
        part.aggregate === call.function.name
          ? call.function
          : find(
              part.aggregate,
              call.args.map((arg) => arg.type.oid),
            );
      partials.push({ id: column.id, call: { ...call, function: entry, args: entry.args.length === 0 ? [] : call.args, type } });
      partialColumns.push(column);
      const mergeName = split.merge[index];
      assert(mergeName, 'one merge per partial');
      const mergeEntry = find(mergeName, [type.oid]);
      const mergeType = POLYMORPHIC.has(mergeEntry.result) ? type : { oid: mergeEntry.result, typmod: -1 };
      const mergeColumn: OutputColumn = { id: freshId(), name: mergeName, type: mergeType };
      merges.push({ id: mergeColumn.id, call: { function: mergeEntry, args: [reference(column)], distinct: false, orderBy: [], withinGroup: false, type: mergeType } });
      mergeColumns.push(mergeColumn);
      merged.push(reference(mergeColumn));
    });
    if (split.final === undefined) {
      const only = merged[0];
      assert(only, 'an aggregate without final step has one partial');
      finals.push(only.type.oid === call.type.oid ? only : { kind: 'cast', method: 'binary', argument: only, explicit: false, type: call.type });
    } else {
      const kernel = functionsNamed(split.final).find((entry): entry is ScalarFunction => entry.kind === 'scalar');
      assert(kernel, `final function ${split.final} exists`);
      finals.push({ kind: 'call', function: kernel, args: merged, type: call.type });
    }
  }
  const input = node.input;
  const partial: Aggregate = {
    kind: 'aggregate',
    input,
    groups: node.groups.map((group, i) => ({ id: (groupColumns[i] as OutputColumn).id, expression: group.expression })),
    aggregates: partials,
    columns: [...groupColumns, ...partialColumns],
  };
  const final = (gathered: LogicalNode): LogicalNode => {
    const mergedGroups: OutputColumn[] = groupColumns.map((column) => ({ ...column, id: freshId() }));
    const aggregate: Aggregate = {
      kind: 'aggregate',
      input: gathered,
      groups: mergedGroups.map((column, i) => ({ id: column.id, expression: reference(groupColumns[i] as OutputColumn) })),
      aggregates: merges,
      columns: [...mergedGroups, ...mergeColumns],
    };
    return { kind: 'project', input: aggregate, expressions: [...mergedGroups.map(reference), ...finals], columns: node.columns };
  };
  return { partial, final };
}
