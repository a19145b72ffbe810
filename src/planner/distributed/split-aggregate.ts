/**
 * Splits an Aggregate into a partial one per shard and a final one over the gathered partial rows, as its functions' registry entries say.
 */
import { assert } from '../../common/errors.js';
import { isPolymorphic, splitAggregate as splitOf } from '../../functions/registry.js';
import type { AggregateCall, ColumnId, ColumnRef, Expression, TypeRef } from '../../plan/expression.js';
import type { Aggregate, LogicalNode, OutputColumn } from '../../plan/logical.js';

/** True when every aggregate of the node can be computed from per-shard partial values. */
export function canSplit(node: Aggregate): boolean {
  return (
    node.sets === undefined &&
    node.aggregates.every(({ call }) => call.function.split !== undefined && !call.distinct && call.orderBy.length === 0 && !call.withinGroup)
  );
}

function reference(column: OutputColumn): ColumnRef {
  return { kind: 'column', id: column.id, name: column.name, type: column.type };
}

export interface SplitAggregate {
  /** Runs in each shard. */
  readonly partial: Aggregate;
  /** Builds, over a node with the partial's output columns, one whose rows have the same columns and stand for all of them; undefined: merging changes a type. */
  readonly combine: ((gathered: LogicalNode) => Aggregate) | undefined;
  /** Builds the final part over a node with the partial's output columns. */
  readonly final: (gathered: LogicalNode) => LogicalNode;
}

/** `freshId` makes new column ids. The final node has the original's output columns. */
export function splitAggregate(node: Aggregate, freshId: () => ColumnId): SplitAggregate {
  const groupColumns: OutputColumn[] = node.groups.map((group, i) => ({
    id: freshId(),
    name: node.columns[i]?.name ?? `group${String(i)}`,
    type: group.expression.type,
  }));
  const partials: { readonly id: ColumnId; readonly call: AggregateCall }[] = [];
  const partialColumns: OutputColumn[] = [];
  const merges: { readonly id: ColumnId; readonly call: AggregateCall }[] = [];
  const mergeColumns: OutputColumn[] = [];
  const finals: Expression[] = [];
  for (const { call } of node.aggregates) {
    const split = splitOf(
      call.function,
      call.args.map((arg) => arg.type.oid),
      call.type.oid,
    );
    assert(split, 'a splittable aggregate');
    const merged: Expression[] = [];
    split.partial.forEach((part, index) => {
      const type: TypeRef = part.type === call.type.oid ? call.type : { oid: part.type, typmod: -1 };
      const column: OutputColumn = { id: freshId(), name: part.function.name, type };
      partials.push({ id: column.id, call: { ...call, function: part.function, args: part.function.args.length === 0 ? [] : call.args, type } });
      partialColumns.push(column);
      const merge = split.merge[index];
      assert(merge, 'one merge per partial');
      const mergeType: TypeRef = isPolymorphic(merge.result) || merge.result === type.oid ? type : { oid: merge.result, typmod: -1 };
      const mergeColumn: OutputColumn = { id: freshId(), name: merge.name, type: mergeType };
      merges.push({
        id: mergeColumn.id,
        call: { function: merge, args: [reference(column)], distinct: false, orderBy: [], withinGroup: false, type: mergeType },
      });
      mergeColumns.push(mergeColumn);
      merged.push(reference(mergeColumn));
    });
    if (split.final === undefined) {
      const only = merged[0];
      assert(only, 'an aggregate without final step has one partial');
      finals.push(only.type.oid === call.type.oid ? only : { kind: 'cast', method: 'binary', argument: only, explicit: false, type: call.type });
    } else finals.push({ kind: 'call', function: split.final, args: merged, type: call.type });
  }
  const input = node.input;
  const partial: Aggregate = {
    kind: 'aggregate',
    input,
    groups: node.groups.map((group, i) => ({ id: (groupColumns[i] as OutputColumn).id, expression: group.expression })),
    aggregates: partials,
    columns: [...groupColumns, ...partialColumns],
  };
  const merge = (gathered: LogicalNode): Aggregate => {
    const mergedGroups: OutputColumn[] = groupColumns.map((column) => ({ ...column, id: freshId() }));
    return {
      kind: 'aggregate',
      input: gathered,
      groups: mergedGroups.map((column, i) => ({ id: column.id, expression: reference(groupColumns[i] as OutputColumn) })),
      aggregates: merges,
      columns: [...mergedGroups, ...mergeColumns],
    };
  };
  const final = (gathered: LogicalNode): LogicalNode => {
    const merged = merge(gathered);
    const mergedGroups = merged.columns.slice(0, groupColumns.length);
    return { kind: 'project', input: merged, expressions: [...mergedGroups.map(reference), ...finals], columns: node.columns };
  };
  const keepsTypes = mergeColumns.every(({ type }, i) => type.oid === partialColumns[i]?.type.oid);
  return { partial, combine: keepsTypes ? merge : undefined, final };
}
