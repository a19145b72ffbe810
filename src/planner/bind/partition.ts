/**
 * Partitions in statements: their part of the root's rows, `tableoid`, and the checks that a written row has a partition. Used by FROM, by the targets of writes and
 * by system columns.
 */
import {
  descendantsOf,
  type Partition,
  partitionCondition,
  partitionConditions,
  partitionsOf,
  shownKey,
  rootColumn,
  rootOf,
  wholeCondition,
} from '../../catalog/partition.js';
import type { Table } from '../../catalog/table.js';
import { conjunction, constant, typeRef } from '../../plan/build.js';
import type { Expression } from '../../plan/expression.js';
import type { LogicalNode, Mutation, OutputColumn } from '../../plan/logical.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { Oid } from '../../types/oid.js';
import type { Binder } from './binder.js';
import { coerceToBoolean } from './coercion.js';
import { bindExpression, inClause } from './expression.js';
import { tableScope, withTablePath } from './standalone.js';
import { storedExpression } from './stored-text.js';

/** A condition kept as text, over a row of the root. */
function condition(binder: Binder, root: Table, row: readonly OutputColumn[], text: string): Expression {
  return withTablePath(binder, root, () => {
    const scope = tableScope(root, row);
    return coerceToBoolean(
      binder,
      inClause(scope, 'where', () => bindExpression(binder, scope, storedExpression(binder, text))),
      'WHERE',
    );
  });
}

/** The rows of a partition among those of its root's scan. */
export function partitionRows(binder: Binder, partition: Partition, scan: LogicalNode, row: readonly OutputColumn[]): LogicalNode {
  const { catalog } = binder.context;
  const root = rootOf(catalog, partition);
  const conditions = partitionConditions(catalog, partition).map((text) => condition(binder, root, row, text));
  const predicate = conjunction(conditions);
  return predicate === undefined ? scan : { kind: 'filter', input: scan, predicate, columns: scan.columns };
}

/** The columns of a partition, in its own order, over the root's row. */
export function partitionColumns(root: Table, partition: Partition, row: readonly OutputColumn[]): readonly OutputColumn[] {
  return partition.columns.map((column) => row[root.columns.indexOf(rootColumn(root, column))] as OutputColumn);
}

/** `tableoid` of a row of the root: that of the partition without partitions to which it belongs. */
export function partitionOid(binder: Binder, root: Table, row: readonly OutputColumn[], below: number = root.oid): Expression {
  const { catalog } = binder.context;
  const type = typeRef(Oid.oid);
  const whens = partitionsOf(catalog, below).map((partition) => ({
    when: condition(binder, root, row, partitionCondition(catalog, partition)),
    then: partition.partitioning === undefined ? constant(partition.oid, type) : partitionOid(binder, root, row, partition.oid),
  }));
  return whens.length === 0 ? constant(below, type) : { kind: 'case', branches: whens, otherwise: constant(below, type), type };
}

/** What a row must fulfil to be written: every partitioned relation that takes it has a partition for it, and the partitions' own constraints. */
export function partitionChecks(binder: Binder, root: Table, row: readonly OutputColumn[]): Mutation['checks'] {
  const { catalog } = binder.context;
  if (root.partitioning === undefined) return [];
  const within = (partition: Partition): string => wholeCondition(catalog, partition);
  const checks: Mutation['checks'][number][] = [];
  const route = (oid: number, name: string, inside: string | undefined): void => {
    const partitioning = oid === root.oid ? root.partitioning : descendants.find((one) => one.oid === oid)?.partitioning;
    if (partitioning === undefined) return;
    const parts = partitionsOf(catalog, oid).map((partition) => `(${partitionCondition(catalog, partition)})`);
    const routed = parts.length === 0 ? 'FALSE' : parts.join(' OR ');
    checks.push({
      failure: {
        kind: 'noPartition',
        relation: name,
        keys: partitioning.keys.map((key) => ({ text: shownKey(root, key), attribute: key.attribute })),
      },
      expression: condition(binder, root, row, inside === undefined ? routed : `NOT (${inside}) OR ${routed}`),
    });
  };
  const descendants = descendantsOf(catalog, root.oid);
  route(root.oid, root.name, undefined);
  for (const partition of descendants) {
    if (partition.partitioning !== undefined) route(partition.oid, partition.name, within(partition));
    for (const check of partition.checks) {
      checks.push({
        failure: { kind: 'check', name: check.name, relation: partition.name },
        expression: condition(binder, root, row, `NOT (${within(partition)}) OR (${check.expressionText})`),
      });
    }
    for (const column of partition.columns) {
      if (!column.notNull || rootColumn(root, column).notNull) continue;
      checks.push({
        failure: { kind: 'notNull', column: column.name },
        expression: condition(binder, root, row, `NOT (${within(partition)}) OR ${quoteIdentifier(column.name)} IS NOT NULL`),
      });
    }
  }
  return checks;
}
