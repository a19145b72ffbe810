/**
 * Keeps what partitions have of their roots' indexes, constraints and triggers (catalog/partition-parts), and plans indexes and unique constraints of one partition
 * alone, ALTER INDEX ... ATTACH PARTITION, and what is done to a partition's index by its name. Source of the rules and messages: tablecmds.c and indexcmds.c of
 * PostgreSQL 15.
 */
import { findIndex, objectName } from '../../catalog/edit.js';
import { allOf, descendantsOf, type Partition, partitionConditions, rootColumn, rootOf } from '../../catalog/partition.js';
import { partOf, type PartitionPart } from '../../catalog/partition-parts.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Index, IndexKey, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, qualified, tableName, undefinedRelation } from './ddl.js';
import { dropIndexSql } from './physical.js';
import { createIndexFiles } from './table-files.js';

/** The names of what an index holds, as PostgreSQL names indexes after them. */
function columnNames(table: Pick<Table, 'columns'>, index: Index): string {
  const nameOf = (attribute: number): string => table.columns.find((column) => column.attribute === attribute)?.name ?? 'expr';
  const keyName = (key: IndexKey): string => (key.attribute !== 0 ? nameOf(key.attribute) : (/^(\w+)\(/.exec(key.expressionText ?? '')?.[1] ?? 'expr'));
  return [...index.keys.map(keyName), ...index.include.map(nameOf)].join('_');
}

/** As PostgreSQL chooses it for the index of a new partition. */
function partName(context: DdlContext, root: Table, partition: Partition, index: Index): string {
  const base = index.primary ? objectName(partition.name, '', 'pkey') : objectName(partition.name, columnNames(root, index), index.constraint ? 'key' : 'idx');
  return context.editor.freeName(partition.schema, base);
}

/** What the root has that each partition has, too. */
function* passedOn(root: Table): Generator<Pick<PartitionPart, 'of' | 'kind' | 'name'> & { readonly index?: Index }> {
  for (const index of root.indexes) if (index.ofPartition === undefined) yield { of: index.oid, kind: 'index', name: index.name, index };
  for (const check of root.checks) if (check.noInherit !== true) yield { of: check.oid, kind: 'check', name: check.name };
  for (const key of root.foreignKeys) yield { of: key.oid, kind: 'foreignKey', name: key.name };
  for (const trigger of root.triggers ?? []) if (trigger.level === 'row') yield { of: trigger.oid, kind: 'trigger', name: trigger.name };
}

function partsFor(context: DdlContext, root: Table, partition: Partition): readonly PartitionPart[] {
  return [...passedOn(root)].flatMap(({ of, kind, name, index }): readonly PartitionPart[] => {
    const known = partOf(partition, of);
    if (known !== undefined) return [index === undefined && known.name !== name ? { ...known, name } : known];
    if (index?.only === true) return [];
    return [{ of, kind, oid: context.editor.freshOid(), name: index === undefined ? name : partName(context, root, partition, index) }];
  });
}

/** After a definition: partitions get parts for what their root has got, and lose those of what has gone. */
export function keepPartitionParts(context: DdlContext, before: CatalogSnapshot): readonly DdlAction[] {
  const { editor } = context;
  const after = editor.snapshot;
  if (after === before) return [];
  const list = new ActionList(editor);
  let changed = false;
  for (const root of after.data.relations) {
    if (root.kind !== 'table' || root.partitioning === undefined) continue;
    const partitions = descendantsOf(after, root.oid);
    const there = new Set(partitions.map(({ oid }) => oid));
    const orphans = root.indexes.filter((index) => index.ofPartition !== undefined && !there.has(index.ofPartition.oid));
    if (orphans.length > 0) {
      for (const index of orphans) list.sqlForTable(root, (schema) => dropIndexSql(schema, index));
      editor.put({ ...root, indexes: root.indexes.filter((index) => !orphans.includes(index)) });
      changed = true;
    }
    if (before.relationByOid(root.oid) === root && partitions.every((one) => before.relationByOid(one.oid) === one)) continue;
    for (const partition of partitions) {
      const parts = partsFor(context, root, partition);
      const old = partition.parts ?? [];
      if (parts.length === old.length && parts.every((part, at) => part === old[at])) continue;
      editor.put({ ...partition, parts });
      changed = true;
    }
  }
  if (!changed) return [];
  list.flush();
  return list.actions;
}

// ------------------------------------------------------------------------------------------------- indexes of one partition alone

/** The partition as a table over which its constraints and indexes are planned: its own names and numbers. */
export function shapeOf(context: DdlContext, partition: Partition): Table {
  const { snapshot } = context.editor;
  const root = rootOf(snapshot, partition);
  const { oid, schema, name, owner, columns, lastAttribute } = partition;
  const own = root.indexes.flatMap((index) => (index.ofPartition?.oid === oid ? [{ ...index, ...index.ofPartition }] : []));
  const parts = (partition.parts ?? []).flatMap((part) => {
    const index = root.indexes.find((one) => one.oid === part.of);
    return index === undefined ? [] : [{ ...index, name: part.name }];
  });
  const { partitioning: _partitioning, ...plain } = root;
  return { ...plain, oid, schema, name, owner, columns, lastAttribute, indexes: [...own, ...parts], checks: partition.checks, foreignKeys: [] };
}

/** Puts an index that was planned over the partition's shape into the root, over the partition's rows. */
export function addPartitionIndex(context: DdlContext, list: ActionList, partition: Partition, planned: Index): void {
  const { editor } = context;
  const root = rootOf(editor.snapshot, partition);
  const inRoot = (attribute: number): number => {
    const column = partition.columns.find((candidate) => candidate.attribute === attribute);
    return column === undefined ? 0 : rootColumn(root, column).attribute;
  };
  const { predicateText, primary, constraint, ...plain } = planned;
  const condition = allOf([...partitionConditions(editor.snapshot, partition), ...(predicateText === undefined ? [] : [predicateText])]);
  const index: Index = {
    ...plain,
    primary: false,
    constraint: false,
    keys: planned.keys.map((key) => ({ ...key, attribute: inRoot(key.attribute) })),
    include: planned.include.map(inRoot),
    predicateText: condition,
    ofPartition: { oid: partition.oid, primary, constraint, ...(predicateText === undefined ? {} : { predicateText }) },
  };
  if (planned.unique) refuseRepeated(list, partition, planned);
  const grown = { ...root, indexes: [...root.indexes, index] };
  editor.put(grown);
  createIndexFiles(context, list, grown, index);
  if (!primary) return;
  const current = editor.snapshot.relationByOid(partition.oid) as Partition;
  const keys = new Set(planned.keys.map((key) => key.attribute));
  for (const column of current.columns) if (keys.has(column.attribute) && !column.notNull) refuseNulls(list, partition, column.name);
  editor.put({ ...current, columns: current.columns.map((column) => (keys.has(column.attribute) ? { ...column, notNull: true } : column)) });
}

function refuseRepeated(list: ActionList, partition: Partition, index: Index): void {
  const columns = index.keys.map(
    (key) => key.expressionText ?? quoteIdentifier(partition.columns.find((column) => column.attribute === key.attribute)?.name ?? ''),
  );
  const conditions = [
    ...(index.predicateText === undefined ? [] : [`(${index.predicateText})`]),
    ...(index.nullsNotDistinct ? [] : columns.map((column) => `(${column}) IS NOT NULL`)),
  ];
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${tableName(partition)}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 LIMIT 1`,
    error: new PgError('23505', `could not create unique index "${index.name}"`, {
      detail: `A key of columns (${columns.join(', ')}) is duplicated.`,
      schema: partition.schema,
      table: partition.name,
      constraint: index.name,
    }),
  });
}

function refuseNulls(list: ActionList, partition: Partition, column: string): void {
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${tableName(partition)} WHERE ${quoteIdentifier(column)} IS NULL LIMIT 1`,
    error: new PgError('23502', `column "${column}" of relation "${partition.name}" contains null values`, {
      schema: partition.schema,
      table: partition.name,
      column,
    }),
  });
}

// ---------------------------------------------------------------------------------------------------- indexes of partitions by name

interface FoundPart {
  readonly partition: Partition;
  readonly part: PartitionPart;
}

function findPart(context: DdlContext, name: ast.QualifiedName): FoundPart | undefined {
  for (const schema of name.schema === undefined ? context.searchPath : [name.schema])
    for (const relation of context.editor.snapshot.data.relations) {
      if (relation.kind !== 'partition' || relation.schema !== schema) continue;
      const part = relation.parts?.find((one) => one.kind === 'index' && one.name === name.name);
      if (part !== undefined) return { partition: relation, part };
    }
  return undefined;
}

/** Changes the part of that name, when there is one. */
export function changePart(context: DdlContext, name: ast.QualifiedName, change: (part: PartitionPart) => PartitionPart): boolean {
  const found = findPart(context, name);
  if (found === undefined) return false;
  const { partition, part } = found;
  context.editor.put({ ...partition, parts: (partition.parts ?? []).map((one) => (one === part ? change(part) : one)) });
  return true;
}

/** DROP INDEX of a partition's part of its root's index. */
export function refuseDropOfPart(context: DdlContext, name: ast.QualifiedName): void {
  const found = findPart(context, name);
  if (found === undefined) return;
  const { partition, part } = found;
  const { snapshot } = context.editor;
  const root = rootOf(snapshot, partition);
  const parent = snapshot.relationByOid(partition.parentOid);
  const above = parent?.kind === 'partition' ? partOf(parent, part.of)?.name : root.indexes.find((index) => index.oid === part.of)?.name;
  throw new PgError('2BP01', `cannot drop index ${part.name} because index ${above ?? ''} requires it`, { hint: `You can drop index ${above ?? ''} instead.` });
}

function sameKeys(a: Index, b: Index): boolean {
  const text = (index: Index): string =>
    JSON.stringify([index.keys.map((key) => [key.attribute, key.expressionText, key.collation, key.operatorClass]), index.include.length, index.method]);
  return text(a) === text(b);
}

/** ALTER INDEX ... ATTACH PARTITION: the index of one partition becomes its part of the root's index, or waits for that of the partition above to become one. */
export function attachIndex(context: DdlContext, list: ActionList, parent: ast.QualifiedName, child: ast.QualifiedName): void {
  const { editor } = context;
  const { snapshot } = editor;
  const path = (name: ast.QualifiedName): readonly string[] => (name.schema === undefined ? context.searchPath : [name.schema]);
  const part = findPart(context, parent);
  const found = part === undefined ? findIndex(snapshot, path(parent), parent.name) : undefined;
  const rootIndex = part?.part.of ?? (found?.index.ofPartition === undefined ? found?.index.oid : undefined);
  const above = part?.partition ?? (found?.index.ofPartition === undefined ? found?.table : snapshot.relationByOid(found.index.ofPartition.oid));
  if (above === undefined) throw undefinedRelation(parent);
  const attached = findPart(context, child);
  if (attached !== undefined) {
    if (attached.part.of === rootIndex) return;
    throw cannotAttach(child, parent, `Index "${child.name}" is already attached to another index.`);
  }
  const own = findIndex(snapshot, path(child), child.name);
  if (own === undefined)
    throw findRelation(context, child) === undefined ? undefinedRelation(child) : new PgError('42809', `"${qualified(child)}" is not an index`);
  const partition = own.index.ofPartition === undefined ? undefined : snapshot.relationByOid(own.index.ofPartition.oid);
  if (partition?.kind !== 'partition' || partition.parentOid !== above.oid)
    throw cannotAttach(child, parent, `Index "${child.name}" is not an index on any partition of table "${above.name}".`);
  const whole = rootIndex === undefined ? found?.index : own.table.indexes.find((index) => index.oid === rootIndex);
  if (whole === undefined) throw undefinedRelation(parent);
  if (rootIndex !== undefined && partOf(partition, rootIndex) !== undefined)
    throw cannotAttach(child, parent, `Another index is already attached for partition "${partition.name}".`);
  if (!sameKeys(whole, own.index)) throw cannotAttach(child, parent, 'The index definitions do not match.');
  if ((whole.ofPartition ?? whole).constraint && own.index.ofPartition?.constraint !== true)
    throw cannotAttach(
      child,
      parent,
      `The index "${parent.name}" belongs to a constraint in table "${above.name}" but no constraint exists for index "${child.name}".`,
    );
  if (rootIndex !== undefined) becomePart(context, list, own.index.oid, partition.rootOid, rootIndex);
  else {
    const waiting = (index: Index): Index =>
      index.oid === own.index.oid && index.ofPartition !== undefined ? { ...index, ofPartition: { ...index.ofPartition, parentOid: whole.oid } } : index;
    editor.put({ ...own.table, indexes: own.table.indexes.map(waiting) });
  }
}

/** The index of one partition, and those of the partitions below that are attached to it, become parts of the root's index, which says what they say. */
function becomePart(context: DdlContext, list: ActionList, oid: number, rootOid: number, of: number): void {
  const { editor } = context;
  const root = editor.snapshot.relationByOid(rootOid);
  if (root?.kind !== 'table') return;
  const index = root.indexes.find((one) => one.oid === oid);
  const partition = index?.ofPartition === undefined ? undefined : editor.snapshot.relationByOid(index.ofPartition.oid);
  if (index === undefined || partition?.kind !== 'partition') return;
  const { comment, constraintComment, name } = index;
  const comments = { ...(comment === undefined ? {} : { comment }), ...(constraintComment === undefined ? {} : { constraintComment }) };
  editor.put({ ...root, indexes: root.indexes.filter((one) => one !== index) });
  list.sqlForTable(root, (schema) => dropIndexSql(schema, index));
  editor.put({ ...partition, parts: [...(partition.parts ?? []), { of, kind: 'index', oid, name, ...comments }] });
  for (const below of root.indexes) if (below.ofPartition?.parentOid === oid) becomePart(context, list, below.oid, rootOid, of);
}

function cannotAttach(child: ast.QualifiedName, parent: ast.QualifiedName, detail: string): PgError {
  return new PgError('42P17', `cannot attach index "${child.name}" as a partition of index "${parent.name}"`, { detail });
}
