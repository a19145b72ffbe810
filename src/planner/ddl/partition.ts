/**
 * Declarative partitioning: PARTITION BY, PARTITION OF, ATTACH and DETACH PARTITION, and dropping partitions. A partition shares its root's physical table, so making
 * one is metadata, attaching and detaching move rows, dropping deletes them. Source of the rules and messages: tablecmds.c, partbounds.c and parse_utilcmd.c of
 * PostgreSQL 15.
 */
import { formatType } from '../../types/registry.js';
import {
  allOf,
  boundCondition,
  datumsText,
  descendantsOf,
  keyAttributes,
  type Partition,
  type PartitionBound,
  partitionConditions,
  type PartitionKey,
  type Partitioning,
  partitionsOf,
  type RangeDatum,
  rootOf,
  wholeCondition,
} from '../../catalog/partition.js';
import { partOf } from '../../catalog/partition-parts.js';
import type { Column, Index, Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { comparatorOf, toKernel } from '../../functions/values.js';
import type * as ast from '../../sql/ast.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { requireType } from '../../types/registry.js';
import { canonicalContext } from '../../types/value.js';
import { withCheck } from './constraints.js';
import { addPartitionIndex } from './partition-parts.js';
import { putNewTable } from './table-files.js';
import {
  type ActionList,
  creationSchema,
  type DdlAction,
  type DdlContext,
  duplicateRelation,
  findRelation,
  requireTable,
  undefinedRelation,
  tableName,
} from './ddl.js';
import { dropTableSql } from './physical.js';

function columnList(columns: readonly Column[]): string {
  return columns.map((column) => quoteIdentifier(column.name)).join(', ');
}

// ------------------------------------------------------------------------------------------------------------------- PARTITION BY

/** The keys of PARTITION BY over the columns of the table. */
export function partitioningFor(context: DdlContext, table: Table, node: ast.PartitionBy): Partitioning {
  if (node.strategy === 'list' && node.keys.length > 1) throw new PgError('42P17', 'cannot use "list" partition strategy with more than one column');
  if (node.keys.length > 32) throw new PgError('42P16', 'cannot partition using more than 32 columns');
  const keys = node.keys.map((key, at): PartitionKey => {
    if (key.column !== undefined) {
      const column = table.columns.find((candidate) => candidate.name === key.column);
      if (column === undefined) throw new PgError('42703', `column "${key.column}" named in partition key does not exist`).at(key.position);
      if (column.generated !== undefined)
        throw new PgError('42P17', 'cannot use generated column in partition key', { detail: `Column "${column.name}" is a generated column.` }).at(
          key.position,
        );
      return { attribute: column.attribute, typeOid: column.typeOid, typmod: column.typmod };
    }
    if (key.expression === undefined) throw new Error('assertion failed: a partition key is a column or an expression');
    const { text, type, isConstant, collation } = context
      .binder(context.editor.snapshot)
      .partitionKey(key.expression.kind === 'collate' ? key.expression.argument : key.expression, table);
    if (isConstant) throw new PgError('42P17', 'cannot use constant expression as partition key');
    if (collation === undefined)
      throw new PgError('42P16', `no collation was derived for partition key column ${String(at + 1)} with collatable type ${formatType(type.oid)}`, {
        hint: 'Use the COLLATE clause to set the collation explicitly.',
      });
    return { attribute: 0, expressionText: text, typeOid: type.oid, typmod: type.typmod };
  });
  return { strategy: node.strategy, keys };
}

/** Unique keys of a partitioned table hold all partition columns, so that they can be enforced within each partition: PostgreSQL's rule. */
export function refuseForeignUnique(table: Table, index: Index): void {
  const { partitioning } = table;
  if (partitioning === undefined || !index.unique) return;
  const what = index.primary ? 'PRIMARY KEY' : 'UNIQUE';
  if (partitioning.keys.some((key) => key.attribute === 0)) {
    throw new PgError('0A000', `unsupported ${what} constraint with partition key definition`, {
      detail: `${what} constraints cannot be used when partition keys include expressions.`,
    });
  }
  for (const attribute of keyAttributes(partitioning)) {
    if (index.keys.some((key) => key.attribute === attribute)) continue;
    const column = table.columns.find((candidate) => candidate.attribute === attribute);
    throw new PgError('0A000', 'unique constraint on partitioned table must include all partitioning columns', {
      detail: `${what} constraint on table "${table.name}" lacks column "${column?.name ?? ''}" which is part of the partition key.`,
    });
  }
}

// ------------------------------------------------------------------------------------------------------------------------- bounds

function valueOf(context: DdlContext, root: Table, key: PartitionKey, node: ast.Expression): string | null {
  const type = { oid: key.typeOid, typmod: key.typmod };
  const name = root.columns.find((column) => column.attribute === key.attribute)?.name ?? key.expressionText ?? '';
  return context.binder(context.editor.snapshot).constant(node, type, name);
}

function boundOf(context: DdlContext, root: Table, partitioning: Partitioning, node: ast.PartitionBound): PartitionBound {
  const { keys, strategy } = partitioning;
  if (node.kind === 'default') {
    if (strategy === 'hash') throw new PgError('42P16', 'a hash-partitioned table may not have a default partition');
    return { kind: 'default' };
  }
  if (node.kind !== strategy) throw new PgError('42P16', `invalid bound specification for a ${strategy} partition`).at(node.position);
  switch (node.kind) {
    case 'hash':
      if (node.modulus <= 0) throw new PgError('42P16', 'modulus for hash partition must be an integer value greater than zero');
      if (node.remainder < 0) throw new PgError('42P16', 'remainder for hash partition must be an integer value greater than or equal to zero');
      if (node.remainder >= node.modulus) throw new PgError('42P16', 'remainder for hash partition must be less than modulus');
      return { kind: 'hash', modulus: node.modulus, remainder: node.remainder };
    case 'list': {
      const values: (string | null)[] = [];
      for (const value of node.values) {
        const text = valueOf(context, root, keys[0] as PartitionKey, value);
        if (!values.includes(text)) values.push(text);
      }
      return { kind: 'list', values };
    }
    case 'range': {
      if (node.lower.length !== keys.length) throw new PgError('42P16', 'FROM must specify exactly one value per partitioning column');
      if (node.upper.length !== keys.length) throw new PgError('42P16', 'TO must specify exactly one value per partitioning column');
      const datum = (one: ast.RangeDatum, i: number): RangeDatum => {
        if (one.kind !== 'value') return one;
        const text = valueOf(context, root, keys[i] as PartitionKey, one.value);
        if (text === null) throw new PgError('42P16', 'cannot specify NULL in range bound');
        return { kind: 'value', text };
      };
      const side = (data: readonly ast.RangeDatum[]): readonly RangeDatum[] => {
        const result = data.map(datum);
        const infinite = result.findIndex((one) => one.kind !== 'value');
        if (infinite >= 0 && result.slice(infinite).some((one) => one.kind !== result[infinite]?.kind)) {
          throw new PgError(
            '42804',
            `every bound following ${result[infinite]?.kind === 'minValue' ? 'MINVALUE' : 'MAXVALUE'} must also be ${result[infinite]?.kind === 'minValue' ? 'MINVALUE' : 'MAXVALUE'}`,
          );
        }
        return result;
      };
      return { kind: 'range', lower: side(node.lower), upper: side(node.upper) };
    }
  }
}

function compareText(key: PartitionKey, a: string, b: string): number {
  const type = requireType(key.typeOid);
  const parse = (text: string): ReturnType<typeof toKernel> => toKernel(type.parse(text, key.typmod, canonicalContext), key.typeOid);
  return comparatorOf(key.typeOid)(parse(a), parse(b));
}

function compareBounds(keys: readonly PartitionKey[], a: readonly RangeDatum[], b: readonly RangeDatum[]): number {
  for (const [i, key] of keys.entries()) {
    const [left, right] = [a[i] as RangeDatum, b[i] as RangeDatum];
    const rank = (one: RangeDatum): number => (one.kind === 'minValue' ? -1 : one.kind === 'maxValue' ? 1 : 0);
    if (rank(left) !== rank(right)) return rank(left) - rank(right);
    if (left.kind !== 'value' || right.kind !== 'value') return 0;
    const order = compareText(key, left.text, right.text);
    if (order !== 0) return order;
  }
  return 0;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function overlaps(keys: readonly PartitionKey[], a: PartitionBound, b: PartitionBound): boolean {
  if (a.kind === 'list' && b.kind === 'list') {
    const [key] = keys as readonly [PartitionKey];
    return a.values.some((value) => b.values.some((other) => (value === null || other === null ? value === other : compareText(key, value, other) === 0)));
  }
  if (a.kind === 'range' && b.kind === 'range') return compareBounds(keys, a.lower, b.upper) < 0 && compareBounds(keys, b.lower, a.upper) < 0;
  if (a.kind === 'hash' && b.kind === 'hash') return (a.remainder - b.remainder) % greatestCommonDivisor(a.modulus, b.modulus) === 0;
  return false;
}

/** Refuses a bound that does not fit beside the present partitions of the parent. */
function refuseOverlap(context: DdlContext, parent: Table | Partition, partitioning: Partitioning, name: string, bound: PartitionBound): void {
  const siblings = partitionsOf(context.editor.snapshot, parent.oid);
  if (bound.kind === 'default') {
    const other = siblings.find((sibling) => sibling.bound.kind === 'default');
    if (other !== undefined) throw new PgError('42P17', `partition "${name}" conflicts with existing default partition "${other.name}"`);
    return;
  }
  if (bound.kind === 'range' && compareBounds(partitioning.keys, bound.lower, bound.upper) >= 0) {
    throw new PgError('42P17', `empty range bound specified for partition "${name}"`, {
      detail: `Specified lower bound (${datumsText(bound.lower, partitioning.keys)}) is greater than or equal to upper bound (${datumsText(bound.upper, partitioning.keys)}).`,
    });
  }
  if (bound.kind === 'hash') {
    for (const { bound: other, name: otherName } of siblings) {
      if (other.kind !== 'hash') continue;
      const [small, large] = [Math.min(other.modulus, bound.modulus), Math.max(other.modulus, bound.modulus)];
      if (large % small !== 0) {
        throw new PgError('42P16', 'every hash partition modulus must be a factor of the next larger modulus', {
          detail:
            other.modulus > bound.modulus
              ? `The new modulus ${String(bound.modulus)} is not a factor of ${String(other.modulus)}, the modulus of existing partition "${otherName}".`
              : `The new modulus ${String(bound.modulus)} is not divisible by ${String(other.modulus)}, the modulus of existing partition "${otherName}".`,
        });
      }
    }
  }
  const overlapping = siblings.find((sibling) => overlaps(partitioning.keys, sibling.bound, bound));
  if (overlapping !== undefined) throw new PgError('42P17', `partition "${name}" would overlap partition "${overlapping.name}"`);
}

/** Rows in the default partition that the new bound would claim. */
function refuseDefaultRows(
  context: DdlContext,
  list: ActionList,
  parent: Table | Partition,
  root: Table,
  partitioning: Partitioning,
  bound: PartitionBound,
): void {
  const fallback = partitionsOf(context.editor.snapshot, parent.oid).find((sibling) => sibling.bound.kind === 'default');
  if (fallback === undefined || bound.kind === 'default') return;
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${tableName(fallback)} WHERE ${boundCondition(root, partitioning, bound, [])} LIMIT 1`,
    error: new PgError('23514', `updated partition constraint for default partition "${fallback.name}" would be violated by some row`, {
      schema: fallback.schema,
      table: fallback.name,
    }),
  });
}

function requirePartitioned(context: DdlContext, name: ast.QualifiedName): { readonly parent: Table | Partition; readonly partitioning: Partitioning } {
  const parent = findRelation(context, name);
  if (parent === undefined) throw undefinedRelation(name);
  const partitioning = parent.kind === 'table' || parent.kind === 'partition' ? parent.partitioning : undefined;
  if (partitioning === undefined || (parent.kind !== 'table' && parent.kind !== 'partition')) throw new PgError('42P17', `"${parent.name}" is not partitioned`);
  return { parent, partitioning };
}

function rootFor(context: DdlContext, parent: Table | Partition): Table {
  return parent.kind === 'table' ? parent : rootOf(context.editor.snapshot, parent);
}

// ------------------------------------------------------------------------------------------------------------------- PARTITION OF

/** CREATE TABLE ... PARTITION OF. */
export function planPartitionOf(
  statement: ast.CreateTable,
  partitionOf: NonNullable<ast.CreateTable['partitionOf']>,
  context: DdlContext,
  list: ActionList,
): readonly DdlAction[] {
  const { editor } = context;
  const { parent, partitioning } = requirePartitioned(context, partitionOf.parent);
  const root = rootFor(context, parent);
  const schema = root.persistence === 'temporary' ? context.temporarySchema : creationSchema(context, statement.name, statement.persistence);
  const { name } = statement.name;
  if (editor.nameTaken(schema, name)) {
    if (!statement.ifNotExists) throw duplicateRelation(name);
    context.notice({ severity: 'NOTICE', code: '42P07', message: `relation "${name}" already exists, skipping` });
    return [];
  }
  const bound = boundOf(context, root, partitioning, partitionOf.bound);
  refuseOverlap(context, parent, partitioning, name, bound);
  refuseDefaultRows(context, list, parent, root, partitioning, bound);
  // The constraints are planned over a table of the partition's name; what it gathers becomes the partition's own.
  let shape: Table = {
    ...root,
    schema,
    name,
    columns: parent.columns.map((column, i) => ({ ...column, attribute: i + 1 })),
    lastAttribute: parent.columns.length,
    indexes: [],
    checks: [],
    foreignKeys: [],
  };
  const binder = context.binder(editor.snapshot);
  const change = (column: Column): void => {
    shape = { ...shape, columns: shape.columns.map((other) => (other.attribute === column.attribute ? column : other)) };
  };
  for (const element of statement.elements) {
    if (element.kind === 'like') throw notSupported('LIKE in a partition');
    if (element.kind === 'constraint') {
      if (element.constraint.kind !== 'check') throw notSupported('a constraint of one partition other than CHECK and NOT NULL', element.constraint.position);
      shape = withCheck(context, shape, element.constraint).table;
      continue;
    }
    const column = shape.columns.find((candidate) => candidate.name === element.name);
    if (column === undefined) throw new PgError('42703', `column "${element.name}" does not exist`);
    for (const constraint of element.constraints) {
      switch (constraint.kind) {
        case 'notNull':
          change({ ...column, notNull: true });
          break;
        case 'default': {
          const type = { oid: column.typeOid, typmod: column.typmod };
          change({ ...column, defaultText: binder.expression(constraint.expression, undefined, type, 'default') });
          break;
        }
        case 'check':
          shape = withCheck(context, shape, constraint, column.name).table;
          break;
        case 'nullable':
          break;
        default:
          throw notSupported('a constraint of one partition other than CHECK and NOT NULL', constraint.position);
      }
    }
  }
  const own = statement.partitionBy === undefined ? undefined : partitioningFor(context, root, statement.partitionBy);
  editor.put({
    kind: 'partition',
    oid: editor.freshOid(),
    schema,
    name,
    owner: context.currentUser,
    rootOid: root.oid,
    parentOid: parent.oid,
    bound,
    columns: shape.columns,
    lastAttribute: shape.lastAttribute,
    checks: shape.checks,
    ...(own === undefined ? {} : { partitioning: own }),
  });
  list.flush();
  return list.actions;
}

// --------------------------------------------------------------------------------------------------------------- ATTACH and DETACH

export function attachPartition(
  action: Extract<ast.AlterTableAction, { readonly kind: 'attachPartition' }>,
  parentName: ast.QualifiedName,
  context: DdlContext,
  list: ActionList,
): void {
  const { editor } = context;
  const { parent, partitioning } = requirePartitioned(context, parentName);
  const root = rootFor(context, parent);
  const found = findRelation(context, action.partition);
  if (found?.kind === 'partition') throw new PgError('42809', `"${found.name}" is already a partition`);
  const table = requireTable(context, action.partition);
  if (action.bound === undefined) throw notSupported('ATTACH PARTITION of an index');
  if (table.oid === root.oid)
    throw new PgError('42P07', 'circular inheritance not allowed', { detail: `"${root.name}" is already a child of "${table.name}".` });
  if (
    table.foreignKeys.length > 0 ||
    editor.snapshot.data.relations.some((other) => other.kind === 'table' && other.foreignKeys.some((key) => key.targetOid === table.oid))
  )
    throw notSupported('ATTACH PARTITION of a table with foreign keys');
  for (const column of table.columns) {
    if (parent.columns.some((other) => other.name === column.name)) continue;
    throw new PgError('42804', `table "${table.name}" contains column "${column.name}" not found in parent "${parent.name}"`, {
      detail: 'The new partition may contain only the columns present in parent.',
    });
  }
  const ordered = parent.columns.map((column) => {
    const own = table.columns.find((candidate) => candidate.name === column.name);
    if (own === undefined) throw new PgError('42804', `child table is missing column "${column.name}"`);
    if (own.typeOid !== column.typeOid || own.typmod !== column.typmod)
      throw new PgError('42804', `child table "${table.name}" has different type for column "${column.name}"`);
    if (column.notNull && !own.notNull) throw new PgError('42804', `column "${column.name}" in child table must be marked NOT NULL`);
    return own;
  });
  for (const check of root.checks) {
    if (table.checks.some((own) => own.name === check.name)) continue;
    throw new PgError('42804', `child table is missing constraint "${check.name}"`);
  }
  const bound = boundOf(context, root, partitioning, action.bound);
  refuseOverlap(context, parent, partitioning, table.name, bound);
  const siblings = partitionsOf(editor.snapshot, parent.oid).map((sibling) => sibling.bound);
  const above = parent.kind === 'partition' ? partitionConditions(editor.snapshot, parent) : [];
  const condition = allOf([...above, boundCondition(root, partitioning, bound, siblings)]);
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${tableName(table)} WHERE NOT (${condition}) LIMIT 1`,
    error: new PgError('23514', `partition constraint of relation "${table.name}" is violated by some row`, { schema: table.schema, table: table.name }),
  });
  refuseDefaultRows(context, list, parent, root, partitioning, bound);
  const rootOrder = root.columns.map((column) => ordered[parent.columns.findIndex((other) => other.physicalName === column.physicalName)] as Column);
  list.add({ kind: 'moveRows', from: { ...table, columns: rootOrder }, to: root });
  list.sqlForTable(table, (schema) => dropTableSql(schema, table));
  const columns = table.columns.map((column) => ({
    ...column,
    physicalName: parent.columns.find((other) => other.name === column.name)?.physicalName ?? '',
  }));
  editor.put({
    kind: 'partition',
    oid: table.oid,
    schema: table.schema,
    name: table.name,
    owner: table.owner,
    rootOid: root.oid,
    parentOid: parent.oid,
    bound,
    columns,
    lastAttribute: table.lastAttribute,
    checks: table.checks.filter((check) => !root.checks.some((other) => other.name === check.name)),
    ...(table.partitioning === undefined ? {} : { partitioning: inRoot(table.partitioning, table, columns, root) }),
    ...(table.comment === undefined ? {} : { comment: table.comment }),
  });
  for (const below of descendantsOf(editor.snapshot, table.oid)) {
    const moved = below.columns.map((column) => {
      const name = table.columns.find((other) => other.physicalName === column.physicalName)?.name;
      return { ...column, physicalName: columns.find((other) => other.name === name)?.physicalName ?? '' };
    });
    editor.put({ ...below, rootOid: root.oid, columns: moved });
  }
  attachIndexes(context, list, table, root);
}

/** The keys of a partitioned table by the numbers of the root that it now belongs to. */
function inRoot(partitioning: Partitioning, table: Table, columns: readonly Column[], root: Table): Partitioning {
  const keys = partitioning.keys.map((key) => {
    const own = table.columns.find((column) => column.attribute === key.attribute);
    const physicalName = columns.find((column) => column.name === own?.name)?.physicalName;
    const attribute = root.columns.find((column) => column.physicalName === physicalName)?.attribute;
    return own === undefined || attribute === undefined ? key : { ...key, attribute };
  });
  return { ...partitioning, keys };
}

/** Indexes of a table that has become a partition: parts of the root's that say the same, else its own. */
function attachIndexes(context: DdlContext, list: ActionList, table: Table, root: Table): void {
  const { editor } = context;
  for (const index of table.indexes) {
    if (index.ofPartition !== undefined) continue;
    const partition = editor.snapshot.relationByOid(table.oid) as Partition;
    const like = root.indexes.find((one) => {
      const keys = one.keys.map((key) => own(root, partition, [key.attribute])[0] ?? 0);
      const sameKeys = keys.length === index.keys.length && keys.every((attribute, at) => attribute === index.keys[at]?.attribute && attribute !== 0);
      const sameKind = one.unique === index.unique && one.constraint === index.constraint && one.method === index.method;
      return sameKeys && sameKind && one.predicateText === undefined && index.predicateText === undefined && partOf(partition, one.oid) === undefined;
    });
    if (like === undefined) addPartitionIndex(context, list, partition, index);
    else editor.put({ ...partition, parts: [...(partition.parts ?? []), { of: like.oid, kind: 'index', oid: index.oid, name: index.name }] });
  }
}

export function detachPartition(
  action: Extract<ast.AlterTableAction, { readonly kind: 'detachPartition' }>,
  parentName: ast.QualifiedName,
  context: DdlContext,
  list: ActionList,
): void {
  const { editor } = context;
  const { parent } = requirePartitioned(context, parentName);
  const root = rootFor(context, parent);
  const partition = findRelation(context, action.partition);
  if (partition === undefined) throw undefinedRelation(action.partition);
  if (partition.kind !== 'partition' || partition.parentOid !== parent.oid)
    throw new PgError('42P01', `relation "${partition.name}" is not a partition of relation "${parent.name}"`);
  if (partition.partitioning !== undefined) throw notSupported('DETACH PARTITION of a partition that is itself partitioned');
  const condition = wholeCondition(editor.snapshot, partition);
  const table: Table = {
    kind: 'table',
    oid: partition.oid,
    schema: partition.schema,
    name: partition.name,
    owner: partition.owner,
    persistence: root.persistence,
    columns: partition.columns,
    lastAttribute: partition.lastAttribute,
    indexes: root.indexes
      .filter((index) => index.keys.every((key) => key.attribute !== 0) && index.predicateText === undefined)
      .map((index) => ownIndex(context, root, partition, index)),
    checks: [...root.checks, ...partition.checks].map((check) => ({ ...check, oid: editor.freshOid() })),
    foreignKeys: [],
    distribution:
      root.distribution.kind === 'reference' ? root.distribution : { ...root.distribution, columns: own(root, partition, root.distribution.columns) },
    physicalName: editor.physicalTableName(partition.schema, partition.name, editor.freshOid()),
    ...(partition.comment === undefined ? {} : { comment: partition.comment }),
  };
  editor.remove(partition.oid);
  putNewTable(context, list, table);
  const names = columnList(partition.columns);
  list.add({
    kind: 'run',
    sql: `INSERT INTO ${tableName(table)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM ${tableName(root)} WHERE ${condition}`,
  });
  list.add({ kind: 'run', sql: `DELETE FROM ${tableName(root)} WHERE ${condition}` });
}

/** Attribute numbers of the root as the partition's. */
function own(root: Table, partition: Partition, attributes: readonly number[]): readonly number[] {
  return attributes.map((attribute) => {
    const column = root.columns.find((candidate) => candidate.attribute === attribute);
    return partition.columns.find((candidate) => candidate.physicalName === column?.physicalName)?.attribute ?? 0;
  });
}

function ownIndex(context: DdlContext, root: Table, partition: Partition, index: Index): Index {
  return {
    ...index,
    oid: context.editor.freshOid(),
    name: context.editor.freeName(
      partition.schema,
      index.name.startsWith(root.name) ? partition.name + index.name.slice(root.name.length) : `${partition.name}_${index.name}`,
    ),
    keys: index.keys.map((key) => ({ ...key, attribute: own(root, partition, [key.attribute])[0] ?? 0 })),
    include: own(root, partition, index.include),
  };
}

// ------------------------------------------------------------------------------------------------------------ dropping, truncating

/** The rows of a partition go with it. */
export function dropPartition(context: DdlContext, list: ActionList, partition: Partition): void {
  const { editor } = context;
  if (editor.snapshot.relationByOid(partition.oid) === undefined) return;
  emptyPartition(context, list, partition);
  for (const below of descendantsOf(editor.snapshot, partition.oid)) editor.remove(below.oid);
  editor.remove(partition.oid);
}

export function emptyPartition(context: DdlContext, list: ActionList, partition: Partition): void {
  const root = rootOf(context.editor.snapshot, partition);
  const condition = wholeCondition(context.editor.snapshot, partition);
  list.add({ kind: 'run', sql: `DELETE FROM ${tableName(root)} WHERE ${condition}` });
}

/** Makes the partitions' columns follow a change of their root: new ones are added, dropped ones go, changed properties are taken over. */
export function followRoot(context: DdlContext, before: Table): void {
  const after = context.editor.snapshot.relationByOid(before.oid);
  if (after?.kind !== 'table' || after === before || after.partitioning === undefined) return;
  for (const partition of descendantsOf(context.editor.snapshot, after.oid)) {
    const kept = partition.columns.flatMap((column): readonly Column[] => {
      const old = before.columns.find((candidate) => candidate.physicalName === column.physicalName);
      const now = after.columns.find((candidate) => candidate.attribute === old?.attribute);
      if (old === undefined || now === undefined) return [];
      if (old === now) return [column];
      const { defaultText, ...plain } = column;
      const text = old.defaultText === now.defaultText ? defaultText : now.defaultText;
      return [
        {
          ...plain,
          name: now.name,
          physicalName: now.physicalName,
          typeOid: now.typeOid,
          typmod: now.typmod,
          notNull: old.notNull === now.notNull ? column.notNull : now.notNull,
          ...(text === undefined ? {} : { defaultText: text }),
        },
      ];
    });
    let { lastAttribute } = partition;
    const added = after.columns
      .filter((column) => !before.columns.some((candidate) => candidate.attribute === column.attribute))
      .map((column) => ({ ...column, attribute: ++lastAttribute }));
    context.editor.put({ ...partition, columns: [...kept, ...added], lastAttribute });
  }
}

/** Columns of partition keys can be neither dropped nor changed. */
export function refuseKeyColumn(context: DdlContext, table: Table, column: Column, verb: 'drop' | 'alter'): void {
  for (const relation of [table, ...descendantsOf(context.editor.snapshot, table.oid)]) {
    const keys = relation.partitioning?.keys ?? [];
    if (!keys.some((key) => key.attribute === column.attribute)) continue;
    throw new PgError('42P16', `cannot ${verb} column "${column.name}" because it is part of the partition key of relation "${relation.name}"`);
  }
}

/** What ALTER TABLE of a partition may not do, as its rows stand among its root's. */
export function refusePartitionAlter(context: DdlContext, partition: Partition, action: ast.AlterTableAction): never {
  const { name } = rootOf(context.editor.snapshot, partition);
  if (action.kind === 'addColumn') throw new PgError('42809', 'cannot add column to a partition');
  if (action.kind === 'inherit') throw new PgError('42809', 'cannot change inheritance of a partition');
  if (action.kind === 'dropColumn' || action.kind === 'alterColumnType') {
    const verb = action.kind === 'dropColumn' ? 'drop' : 'alter';
    throw new PgError('42P16', `cannot ${verb} inherited column "${action.column}"`);
  }
  throw notSupported(`this change of one partition alone (alter "${name}" instead, or detach "${partition.name}" first)`);
}
