/**
 * ALTER TABLE. Sub-commands are applied in order; what must touch rows is left to statements that the session runs in the same transaction.
 */
import { type Partition, rootOf } from '../../catalog/partition.js';
import { attachPartition, detachPartition, followRoot, refuseForeignUnique, refuseKeyColumn, refusePartitionAlter } from './partition.js';
import { addPartitionIndex, attachIndex, shapeOf } from './partition-parts.js';
import { CatalogSnapshot } from '../../catalog/snapshot.js';
import { objectName } from '../../catalog/edit.js';
import type { Column, Index, Relation, Table, View } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type { TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import { parseExpression } from '../../sql/parser.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { typeRef } from '../../plan/build.js';
import { withoutViewOptions, withViewOptions } from './create-view.js';
import { formatType, Oid, requireType } from '../../types/registry.js';
import { withoutStatisticsOn } from './statistics.js';
import { columnNamed, constraintNames, readsColumn, withCheck, withForeignKey, withIndexAsConstraint, withUnique } from './constraints.js';
import { applyColumnConstraints, applyForeignKeys, declaredCollation, defineColumn, distributionOptions } from './create-table.js';
import { createIndexFiles, refuseExcluded, refuseDuplicates } from './table-files.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, noticeCascade, ownRows, requireIndex, requireTable, withDefault } from './ddl.js';
import {
  addParent,
  children,
  columnForChild,
  dropParent,
  goesWithParent,
  inheritCheck,
  parentsReached,
  type Reach,
  reached,
  refuseOnly,
  sameType,
  withoutParent,
  withParent,
  requireSameCollation,
} from './inheritance.js';
import { withExclusion } from './exclusion.js';
import { addColumnSql, dropColumnSql, dropIndexSql, isKeptBySqlite, physicalColumnName } from './physical.js';
import { dropAll } from './drop.js';
import { alteredOptions, requireTableMethod, requireTablespace } from './storage-parameters.js';
import { changeRelationOwner } from './owner.js';
import { policiesReading, withRowSecurity } from './policy.js';
import { nextvalText, ownedSequence, sequenceFrom } from './sequence.js';
import { refuseTypedAlter, typeOfTable, withoutType, withType } from './typed-table.js';
import { withRuleSwitched } from './rule.js';
import { withTriggersSwitched } from './trigger.js';
import { dependentsOfType, rowTypeOids } from './type-dependencies.js';
import { dependentViews, viewsReading } from './view-dependencies.js';

export function planAlterTable(statement: ast.AlterTable, context: DdlContext): readonly DdlAction[] {
  const relation = findRelation(context, statement.name);
  if (relation === undefined && statement.ifExists) {
    context.notice({ severity: 'NOTICE', code: '42P01', message: `relation "${statement.name.name}" does not exist, skipping` });
    return [];
  }
  if (relation === undefined && statement.object === 'index') return alterIndex(statement, context);
  if (relation?.kind === 'partition') return alterPartition(statement, relation, context);
  if (statement.object === 'view' && relation !== undefined && relation.kind !== 'view') throw new PgError('42809', `"${relation.name}" is not a view`);
  if (relation?.kind === 'view') return planAlterView(statement, relation, context);
  if (relation !== undefined && relation.kind !== 'table') {
    const list = new ActionList(context.editor);
    for (const action of statement.actions) {
      const name = tableActions.get(action.kind);
      if (name !== undefined) throw onlyForTables(name, relation);
      if (action.kind !== 'ownerTo') throw notSupported(`this form of ALTER ${relation.kind.toUpperCase()}`);
      changeRelationOwner(context, relation, action.owner);
    }
    list.flush();
    return list.actions;
  }
  let table = requireTable(context, statement.name);
  const list = new ActionList(context.editor);
  for (const action of statement.actions) {
    refuseTypedAlter(table, action);
    alter(action, table, context, list, { recurse: !statement.only, inherited: false });
    followRoot(context, table);
    table = context.editor.snapshot.relationByOid(table.oid) as Table;
  }
  list.flush();
  return list.actions;
}

/** ALTER INDEX: its storage, and the indexes of partitions that belong to it. */
function alterIndex(statement: ast.AlterTable, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const list = new ActionList(editor);
  for (const action of statement.actions) {
    if (action.kind === 'attachPartition') {
      attachIndex(context, list, statement.name, action.partition);
      continue;
    }
    const { table, index } = requireIndex(context, statement.name);
    if (action.kind === 'setOptions' || action.kind === 'resetOptions') {
      const altered = alteredOptions(index, index.method, action.options, action.kind === 'resetOptions');
      editor.put({ ...table, indexes: table.indexes.map((other) => (other === index ? altered : other)) });
    } else if (action.kind === 'setTablespace') requireTablespace(action.tablespace);
    else if (action.kind === 'clusterOn' || action.kind === 'setStatistics') continue;
    else throw notSupported('this form of ALTER INDEX');
  }
  list.flush();
  return list.actions;
}

function planAlterView(statement: ast.AlterTable, named: View, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  for (const action of statement.actions) {
    const view = editor.snapshot.relationByOid(named.oid);
    if (view?.kind !== 'view') continue;
    const ofColumn = (name: string, change: (column: View['columns'][number]) => View['columns'][number]): void => {
      if (!view.columns.some((column) => column.name === name)) throw new PgError('42703', `column "${name}" of relation "${view.name}" does not exist`);
      editor.put({ ...view, columns: view.columns.map((column) => (column.name === name ? change(column) : column)) });
    };
    switch (action.kind) {
      case 'ownerTo':
        changeRelationOwner(context, view, action.owner);
        break;
      case 'setDefault':
        ofColumn(action.column, (column) => ({
          ...column,
          defaultText: context.binder(editor.snapshot).expression(action.expression, undefined, typeRef(column.typeOid, column.typmod), 'default'),
        }));
        break;
      case 'dropDefault':
        ofColumn(action.column, ({ defaultText: _text, ...column }) => column);
        break;
      case 'setOptions':
        editor.put(withViewOptions(context, view, action.options));
        break;
      case 'resetOptions':
        editor.put(withoutViewOptions(view, action.options));
        break;
      default: {
        const name = tableActions.get(action.kind);
        if (name !== undefined) throw onlyForTables(name, view);
        throw notSupported('this form of ALTER VIEW');
      }
    }
  }
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}

/** Sub-commands that views and sequences do not know, as PostgreSQL names them. */
const tableActions: ReadonlyMap<ast.AlterTableAction['kind'], string> = new Map([
  ['addColumn', 'ADD COLUMN'],
  ['dropColumn', 'DROP COLUMN'],
  ['alterColumnType', 'ALTER COLUMN ... SET DATA TYPE'],
  ['setNotNull', 'ALTER COLUMN ... SET NOT NULL'],
  ['dropNotNull', 'ALTER COLUMN ... DROP NOT NULL'],
  ['addConstraint', 'ADD CONSTRAINT'],
  ['dropConstraint', 'DROP CONSTRAINT'],
  ['validateConstraint', 'VALIDATE CONSTRAINT'],
  ['inherit', 'INHERIT'],
  ['noInherit', 'NO INHERIT'],
  ['attachPartition', 'ATTACH PARTITION'],
  ['detachPartition', 'DETACH PARTITION'],
]);

function onlyForTables(action: string, relation: Exclude<Relation, Table>): PgError {
  const detail = relation.kind === 'view' || relation.kind === 'sequence' ? { detail: `This operation is not supported for ${relation.kind}s.` } : {};
  return new PgError('42809', `ALTER action ${action} cannot be performed on relation "${relation.name}"`, detail);
}

/** A CHECK of a partition alone, over the names of its root's columns. */
function addPartitionCheck(partition: Partition, constraint: ast.CheckConstraint, context: DdlContext, list: ActionList): void {
  const { name, schema } = partition;
  const root = rootOf(context.editor.snapshot, partition);
  const { check } = withCheck(context, { ...root, name, schema, checks: [...root.checks, ...partition.checks] }, constraint);
  if (!constraint.notValid)
    list.add({
      kind: 'refuseIfAny',
      sql: `SELECT 1 FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)} WHERE NOT (${check.expressionText}) LIMIT 1`,
      error: new PgError('23514', `check constraint "${check.name}" of relation "${name}" is violated by some row`, {
        schema,
        table: name,
        constraint: check.name,
      }),
    });
  context.editor.put({ ...partition, checks: [...partition.checks, constraint.notValid ? { ...check, notValid: true } : check] });
}

/** What a partition has of its own; its columns are its root's. */
function alterPartition(statement: ast.AlterTable, partition: Partition, context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  for (const action of statement.actions) {
    if (action.kind === 'ownerTo') changeRelationOwner(context, partition, action.owner);
    else if (action.kind === 'attachPartition') attachPartition(action, statement.name, context, list);
    else if (action.kind === 'detachPartition') detachPartition(action, statement.name, context, list);
    else if (action.kind === 'addConstraint' && action.constraint.kind === 'check') addPartitionCheck(partition, action.constraint, context, list);
    else if (action.kind === 'dropConstraint' && partition.checks.some((check) => check.name === action.name))
      context.editor.put({ ...partition, checks: partition.checks.filter((check) => check.name !== action.name) });
    else if (
      action.kind === 'addConstraint' &&
      (action.constraint.kind === 'primaryKey' || action.constraint.kind === 'unique') &&
      action.constraint.usingIndex === undefined
    )
      addPartitionIndex(context, list, partition, withUnique(context, shapeOf(context, partition), action.constraint).index);
    else refusePartitionAlter(context, partition, action);
  }
  list.flush();
  return list.actions;
}

function replaceColumn(table: Table, column: Column): Table {
  return { ...table, columns: table.columns.map((other) => (other.attribute === column.attribute ? column : other)) };
}

/** Generated columns whose values come from a column. */
function generatedFrom(table: Table, column: Column): readonly Column[] {
  return table.columns.filter((other) => other.generated !== undefined && other.defaultText !== undefined && readsColumn(other.defaultText, column));
}

/** What ALTER TYPE ... CASCADE does to the tables of the type. */
export function alterTypedTable(action: ast.AlterTableAction, table: Table, context: DdlContext, list: ActionList): void {
  alter(action, table, context, list, { recurse: true, inherited: false });
}

function alter(action: ast.AlterTableAction, table: Table, context: DdlContext, list: ActionList, reach: Reach): void {
  const { editor } = context;
  switch (action.kind) {
    case 'attachPartition':
      attachPartition(action, { schema: table.schema, name: table.name }, context, list);
      return;
    case 'detachPartition':
      detachPartition(action, { schema: table.schema, name: table.name }, context, list);
      return;
    case 'addColumn':
      addColumn(action, table, context, list, reach);
      return;
    case 'dropColumn':
      dropColumn(action, table, context, list, reach);
      return;
    case 'alterColumnType':
      refuseRowTypeUse(context, table);
      alterTypes(action, table, context, list, reach);
      return;
    case 'setDefault': {
      const column = columnNamed(table, action.column);
      if (column.identity !== undefined) throw new PgError('42601', `column "${column.name}" of relation "${table.name}" is an identity column`);
      if (column.generated !== undefined) throw new PgError('42601', `column "${column.name}" of relation "${table.name}" is a generated column`);
      const defaultText = context.binder(editor.snapshot).expression(action.expression, undefined, { oid: column.typeOid, typmod: column.typmod }, 'default');
      for (const one of reached(context, table, reach)) editor.put(replaceColumn(one, withDefault(columnNamed(one, action.column), defaultText)));
      return;
    }
    case 'dropDefault': {
      const { defaultText: _text, ...column } = columnNamed(table, action.column);
      if (column.identity !== undefined)
        throw new PgError('42601', `column "${column.name}" of relation "${table.name}" is an identity column`, {
          hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.',
        });
      editor.put(replaceColumn(table, column));
      for (const one of reached(context, table, reach).slice(1)) {
        const { defaultText: _old, ...own } = columnNamed(one, action.column);
        editor.put(replaceColumn(one, own));
      }
      return;
    }
    case 'setNotNull': {
      columnNamed(table, action.column);
      for (const one of reached(context, table, reach)) {
        const column = columnNamed(one, action.column);
        refuseNulls(one, column, list);
        editor.put(replaceColumn(one, { ...column, notNull: true }));
      }
      return;
    }
    case 'dropNotNull': {
      const column = columnNamed(table, action.column);
      if (table.indexes.some((index) => index.primary && index.keys.some((key) => key.attribute === column.attribute)))
        throw new PgError('42P16', `column "${column.name}" is in a primary key`);
      if (column.identity !== undefined) throw new PgError('42601', `column "${column.name}" of relation "${table.name}" is an identity column`);
      for (const one of reached(context, table, reach)) editor.put(replaceColumn(one, { ...columnNamed(one, action.column), notNull: false }));
      return;
    }
    case 'addIdentity': {
      const column = columnNamed(table, action.column);
      if (column.typeOid !== Oid.int2 && column.typeOid !== Oid.int4 && column.typeOid !== Oid.int8)
        throw new PgError('22023', 'identity column type must be smallint, integer, or bigint');
      if (!column.notNull)
        throw new PgError('55000', `column "${column.name}" of relation "${table.name}" must be declared NOT NULL before identity can be added`);
      if (column.identity !== undefined) throw new PgError('55000', `column "${column.name}" of relation "${table.name}" is already an identity column`);
      if (column.defaultText !== undefined) throw new PgError('55000', `column "${column.name}" of relation "${table.name}" already has a default value`);
      const sequence = ownedSequence(context, list, table, column, action.sequence, editor.freeName(table.schema, objectName(table.name, column.name, 'seq')));
      editor.put(
        replaceColumn(table, { ...column, identity: action.always ? 'always' : 'default', sequenceOid: sequence.oid, defaultText: nextvalText(sequence) }),
      );
      return;
    }
    case 'setIdentity': {
      const column = columnNamed(table, action.column);
      const sequence = column.sequenceOid === undefined ? undefined : editor.snapshot.relationByOid(column.sequenceOid);
      if (column.identity === undefined || sequence?.kind !== 'sequence')
        throw new PgError('55000', `column "${column.name}" of relation "${table.name}" is not an identity column`);
      const changed = sequenceFrom(context, sequence, action.sequence, sequence.typeOid, sequence);
      editor.put(changed);
      if (action.sequence.restart !== undefined)
        list.step({
          kind: 'setSequence',
          oid: sequence.oid,
          lastValue: action.sequence.restart === 'start' ? changed.start : action.sequence.restart,
          isCalled: false,
        });
      if (action.always !== undefined) editor.put(replaceColumn(table, { ...column, identity: action.always ? 'always' : 'default' }));
      return;
    }
    case 'dropIdentity': {
      const column = columnNamed(table, action.column);
      if (column.identity === undefined) {
        if (!action.ifExists) throw new PgError('55000', `column "${column.name}" of relation "${table.name}" is not an identity column`);
        context.notice({
          severity: 'NOTICE',
          code: '00000',
          message: `column "${column.name}" of relation "${table.name}" is not an identity column, skipping`,
        });
        return;
      }
      const { identity: _identity, defaultText: _text, sequenceOid, ...plain } = column;
      editor.put(replaceColumn(table, plain));
      if (sequenceOid !== undefined) {
        editor.remove(sequenceOid);
        list.step({ kind: 'dropSequence', oid: sequenceOid });
      }
      return;
    }
    case 'dropExpression': {
      const column = columnNamed(table, action.column);
      if (column.generated === undefined) {
        if (!action.ifExists) throw new PgError('55000', `column "${column.name}" of relation "${table.name}" is not a stored generated column`);
        context.notice({
          severity: 'NOTICE',
          code: '00000',
          message: `column "${column.name}" of relation "${table.name}" is not a stored generated column, skipping`,
        });
        return;
      }
      refuseOnly(context, table, reach, 'ALTER TABLE / DROP EXPRESSION must be applied to child tables too');
      if ((column.inheritCount ?? 0) > 0) throw new PgError('42P16', 'cannot drop generation expression from inherited column');
      for (const one of reached(context, table, reach)) {
        const { generated: _generated, defaultText: _text, ...plain } = columnNamed(one, action.column);
        editor.put(replaceColumn(one, plain));
      }
      return;
    }
    case 'triggers':
      context.editor.put(withTriggersSwitched(table, action));
      return;
    case 'rules':
      context.editor.put(withRuleSwitched(table, action.rule, action.action));
      return;
    case 'addConstraint':
      addConstraint(action.constraint, table, context, list, reach);
      return;
    case 'validateConstraint': {
      const check = table.checks.find((one) => one.name === action.name);
      const key = table.foreignKeys.find((one) => one.name === action.name);
      if (check !== undefined) {
        if (check.notValid !== true) return;
        if (check.noInherit !== true) refuseOnly(context, table, reach, 'constraint must be validated on child tables too');
        for (const one of check.noInherit === true ? [table] : reached(context, table, reach)) {
          const own = one.checks.find((candidate) => candidate.name === check.name);
          if (own === undefined) continue;
          refuseUnchecked(one, own, list);
          const { notValid: _, ...valid } = own;
          editor.put({ ...one, checks: one.checks.map((candidate) => (candidate === own ? valid : candidate)) });
        }
      } else if (key !== undefined) {
        if (key.notValid !== true) return;
        refuseOrphans(table, key, context, list);
        const { notValid: _, ...valid } = key;
        editor.put({ ...table, foreignKeys: table.foreignKeys.map((one) => (one === key ? valid : one)) });
      } else if (table.indexes.some((index) => index.constraint && index.name === action.name))
        throw new PgError('42809', `constraint "${action.name}" of relation "${table.name}" is not a foreign key or check constraint`);
      else throw new PgError('42704', `constraint "${action.name}" of relation "${table.name}" does not exist`);
      return;
    }
    case 'dropConstraint':
      dropConstraint(action, table, context, list, reach);
      return;
    case 'alterConstraint': {
      if (constraintNames(table).includes(action.name) && !table.foreignKeys.some((key) => key.name === action.name))
        throw new PgError('42809', `constraint "${action.name}" of relation "${table.name}" is not a foreign key constraint`);
      if (!table.foreignKeys.some((key) => key.name === action.name))
        throw new PgError('42704', `constraint "${action.name}" of relation "${table.name}" does not exist`);
      editor.put({
        ...table,
        foreignKeys: table.foreignKeys.map((key) =>
          key.name === action.name ? { ...key, deferrable: action.deferrable, initiallyDeferred: action.initiallyDeferred } : key,
        ),
      });
      return;
    }
    case 'inherit':
      addParent(context, table, action.parent);
      return;
    case 'noInherit':
      dropParent(context, table, action.parent);
      return;
    case 'ofType':
      editor.put(withType(context, table, typeOfTable(context, action.type)));
      return;
    case 'notOf':
      editor.put(withoutType(table));
      return;
    case 'ownerTo':
      changeRelationOwner(context, table, action.owner);
      return;
    case 'setPersistence':
      editor.put({ ...table, persistence: action.persistence });
      return;
    case 'setOptions':
      distributionOptions(action.options);
      editor.put(alteredOptions(table, 'heap', action.options, false));
      return;
    case 'resetOptions':
      editor.put(alteredOptions(table, 'heap', action.options, true));
      return;
    case 'clusterOn':
      if (!table.indexes.some((index) => index.name === action.index))
        throw new PgError('42704', `index "${action.index}" for table "${table.name}" does not exist`);
      return;
    case 'setStatistics':
      editor.put(withStatisticsTarget(context, table, action.column ?? '', action.target));
      return;
    // What only steers PostgreSQL's own storage has no effect here.
    case 'setStorage':
    case 'setCompression':
    case 'setColumnOptions':
    case 'resetColumnOptions':
    case 'setWithoutCluster':
    case 'setWithoutOids':
    case 'replicaIdentity':
      return;
    case 'rowSecurity':
      editor.put(withRowSecurity(table, action.action));
      return;
    case 'setTablespace':
      requireTablespace(action.tablespace);
      return;
    case 'setAccessMethod':
      requireTableMethod(action.accessMethod);
      return;
    case 'addAttribute':
    case 'dropAttribute':
    case 'alterAttributeType':
      throw notSupported(`ALTER TABLE ... ${action.kind.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()}`);
    case 'other':
      throw notSupported(`ALTER TABLE ... ${action.tag}`);
  }
}

function refuseNulls(table: Table, column: Column, list: ActionList): void {
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${ownRows(table)} WHERE ${quoteIdentifier(column.name)} IS NULL LIMIT 1`,
    error: new PgError('23502', `column "${column.name}" of relation "${table.name}" contains null values`, {
      schema: table.schema,
      table: table.name,
      column: column.name,
    }),
  });
}

type AddColumn = Extract<ast.AlterTableAction, { kind: 'addColumn' }>;

/** Rows of the table stand in columns elsewhere, where nobody would rewrite them. Source: find_composite_type_dependencies of PostgreSQL 15's tablecmds.c. */
function refuseRowTypeUse(context: DdlContext, table: Table): void {
  for (const dependent of dependentsOfType(context, rowTypeOids(table)))
    if (dependent.kind === 'column')
      throw new PgError('0A000', `cannot alter table "${table.name}" because column "${dependent.table.name}.${dependent.name}" uses its row type`);
}

function addColumn(action: AddColumn, table: Table, context: DdlContext, list: ActionList, reach: Reach): void {
  const { editor } = context;
  if (table.columns.some((column) => column.name === action.column.name)) {
    if (!action.ifNotExists) throw new PgError('42701', `column "${action.column.name}" of relation "${table.name}" already exists`);
    context.notice({ severity: 'NOTICE', code: '42701', message: `column "${action.column.name}" of relation "${table.name}" already exists, skipping` });
    return;
  }
  const below = children(context, table);
  if (below.length > 0 && reach.recurse && action.column.constraints.some((constraint) => constraint.kind === 'identity'))
    throw new PgError('42P16', 'cannot recursively add identity column to table that has child tables');
  refuseOnly(context, table, reach, 'column must be added to child tables too');
  if (action.column.constraints.some(({ kind }) => kind === 'default' || kind === 'identity' || kind === 'generated')) refuseRowTypeUse(context, table);
  const defined = defineColumn(
    context,
    list,
    table,
    action.column,
    table.columns.map((column) => column.physicalName),
  );
  const constrained = applyForeignKeys(context, applyColumnConstraints(context, defined.table, action.column), action.column);
  const column = constrained.columns.find((candidate) => candidate.attribute === defined.column.attribute) as Column;
  fillColumn({ ...constrained, indexes: table.indexes, checks: table.checks, foreignKeys: table.foreignKeys }, column, context, list);
  for (const index of constrained.indexes.slice(table.indexes.length)) refuseDuplicates(list, constrained, index);
  editor.put(constrained);
  for (const child of below) inheritColumn(column, child.oid, context, list);
  for (const index of constrained.indexes.slice(table.indexes.length)) createIndexFiles(context, list, constrained, index);
  for (const check of constrained.checks.slice(table.checks.length)) {
    refuseUnchecked(constrained, check, list);
    if (check.noInherit !== true) for (const child of below) passOnCheck(check, child.oid, context, list);
  }
  for (const key of constrained.foreignKeys.slice(table.foreignKeys.length)) refuseOrphans(constrained, key, context, list);
}

/** The new column of a table that already has it in its list: in the files, and with its default in the rows. */
function fillColumn(table: Table, column: Column, context: DdlContext, list: ActionList): void {
  // First the bare column, so that existing rows can be filled before anything is demanded of it.
  const bare = replaceColumn(table, { ...column, notNull: false });
  context.editor.put(bare);
  list.sqlForTable(bare, (schema) => addColumnSql(schema, bare, column));
  // (A domain may have a default of its own, and may refuse NULL.)
  if (column.defaultText !== undefined || column.domainOid !== undefined)
    list.add({ kind: 'run', sql: `UPDATE ${ownRows(table)} SET ${quoteIdentifier(column.name)} = DEFAULT` });
  if (column.notNull) refuseNulls(bare, column, list);
}

/** A column that a parent got: the child's own of that name is the same one, or an error. */
function inheritColumn(column: Column, oid: number, context: DdlContext, list: ActionList): void {
  const { editor } = context;
  const child = editor.snapshot.relationByOid(oid) as Table;
  const known = child.columns.find((own) => own.name === column.name);
  if (known !== undefined) {
    if (!sameType(known, column)) throw new PgError('42804', `child table "${child.name}" has different type for column "${column.name}"`);
    requireSameCollation(context, known, column, `child table "${child.name}" has different collation for column "${column.name}"`);
    context.notice({ severity: 'NOTICE', code: '00000', message: `merging definition of column "${column.name}" for child "${child.name}"` });
    editor.put(replaceColumn(child, withParent(known)));
    return;
  }
  const fresh = columnForChild(column, child);
  const grown: Table = { ...child, columns: [...child.columns, fresh], lastAttribute: fresh.attribute };
  fillColumn(grown, fresh, context, list);
  editor.put(grown);
  for (const below of children(context, grown)) inheritColumn(fresh, below.oid, context, list);
}

/** A CHECK that a parent got, for a child and those below it. */
function passOnCheck(check: Table['checks'][number], oid: number, context: DdlContext, list: ActionList): void {
  const child = context.editor.snapshot.relationByOid(oid) as Table;
  if (!inheritCheck(context, child, check)) return;
  if (check.notValid !== true) refuseUnchecked(child, check, list);
  for (const below of children(context, child)) passOnCheck(check, below.oid, context, list);
}

/** Whether a column is part of an index, by itself or within an expression or the predicate. */
function indexReads(index: Index, column: Column): boolean {
  return (
    index.keys.some((key) => key.attribute === column.attribute || (key.expressionText !== undefined && readsColumn(key.expressionText, column))) ||
    (index.predicateText !== undefined && readsColumn(index.predicateText, column))
  );
}

function dropColumn(action: Extract<ast.AlterTableAction, { kind: 'dropColumn' }>, table: Table, context: DdlContext, list: ActionList, reach: Reach): void {
  const { editor } = context;
  if (action.ifExists && !table.columns.some((column) => column.name === action.column)) {
    context.notice({ severity: 'NOTICE', code: '00000', message: `column "${action.column}" of relation "${table.name}" does not exist, skipping` });
    return;
  }
  const column = columnNamed(table, action.column, 'drop');
  if (!reach.inherited && (column.inheritCount ?? 0) > 0) throw new PgError('42P16', `cannot drop inherited column "${column.name}"`);
  const uses = (attributes: readonly number[]): boolean => attributes.includes(column.attribute);
  if (table.distribution.kind === 'distributed' && uses(table.distribution.columns)) throw new PgError('0A000', 'cannot drop a distribution column');
  refuseKeyColumn(context, table, column, 'drop');
  const generated = generatedFrom(table, column);
  const policies = policiesReading(table, column.name);
  if (policies.length > 0 && !action.cascade)
    throw new PgError('2BP01', `cannot drop column ${column.name} of table ${table.name} because other objects depend on it`, {
      detail: policies.map((policy) => `policy ${policy.name} on table ${table.name} depends on column ${column.name} of table ${table.name}`).join('\n'),
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  if (policies.length > 0 && table.rowSecurity !== undefined) {
    for (const policy of policies)
      context.notice({ severity: 'NOTICE', code: '00000', message: `drop cascades to policy ${policy.name} on table ${table.name}` });
    const kept = table.rowSecurity.policies.filter((policy) => !policies.includes(policy));
    editor.put({ ...table, rowSecurity: { ...table.rowSecurity, policies: kept } });
  }
  const views = viewsReading(context, table, column.name);
  if (!action.cascade && generated.length + views.length > 0) {
    const dependents = [...generated.map((other) => `column ${other.name} of table ${table.name}`), ...views.map((view) => `view ${view.name}`)];
    throw new PgError('2BP01', `cannot drop column ${column.name} of table ${table.name} because other objects depend on it`, {
      detail: dependents.map((dependent) => `${dependent} depends on column ${column.name} of table ${table.name}`).join('\n'),
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  }
  for (const other of generated) {
    context.notice({ severity: 'NOTICE', code: '00000', message: `drop cascades to column ${other.name} of table ${table.name}` });
    dropColumn(
      { kind: 'dropColumn', column: other.name, ifExists: true, cascade: true },
      editor.snapshot.relationByOid(table.oid) as Table,
      context,
      list,
      reach,
    );
  }
  if (views.length > 0) {
    noticeCascade(
      context,
      views.map((view) => `view ${view.name}`),
    );
    dropAll(context, list, views, true);
  }
  const referencing = editor.snapshot.data.relations.filter(
    (other): other is Table => other.kind === 'table' && other.foreignKeys.some((key) => key.targetOid === table.oid && uses(key.targetColumns)),
  );
  if (referencing.length > 0 && !action.cascade)
    throw new PgError('2BP01', `cannot drop column ${column.name} of table ${table.name} because other objects depend on it`, {
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  for (const other of referencing)
    editor.put({ ...other, foreignKeys: other.foreignKeys.filter((key) => !(key.targetOid === table.oid && uses(key.targetColumns))) });
  for (const { oid } of children(context, table)) {
    const child = editor.snapshot.relationByOid(oid) as Table;
    const own = columnNamed(child, column.name);
    if (reach.recurse && goesWithParent(own)) dropColumn({ ...action, ifExists: false }, child, context, list, { recurse: true, inherited: true });
    else editor.put(replaceColumn(child, withoutParent(own, !reach.recurse)));
  }
  const current = editor.snapshot.relationByOid(table.oid) as Table;
  const indexes = current.indexes.filter((index) => indexReads(index, column) || uses(index.include));
  for (const index of indexes) list.sqlForTable(table, (schema) => dropIndexSql(schema, index));
  editor.put({
    ...withoutStatisticsOn(current, column),
    columns: current.columns.filter((other) => other !== column && other.attribute !== column.attribute),
    indexes: current.indexes.filter((index) => !indexes.includes(index)),
    checks: current.checks.filter((check) => !readsColumn(check.expressionText, column)),
    foreignKeys: current.foreignKeys.filter((key) => !uses(key.columns)),
  });
  if (column.sequenceOid !== undefined) {
    editor.remove(column.sequenceOid);
    list.step({ kind: 'dropSequence', oid: column.sequenceOid });
  }
  list.sqlForTable(table, (schema) => dropColumnSql(schema, table, column));
}

/** ALTER COLUMN TYPE of a table and of all that inherit from it. */
function alterTypes(
  action: Extract<ast.AlterTableAction, { kind: 'alterColumnType' }>,
  table: Table,
  context: DdlContext,
  list: ActionList,
  reach: Reach,
): void {
  const column = columnNamed(table, action.column);
  if ((column.inheritCount ?? 0) > 0) throw new PgError('42P16', `cannot alter inherited column "${column.name}"`);
  refuseOnly(context, table, reach, `type of inherited column "${column.name}" must be changed in child tables too`);
  const tables = reached(context, table, reach);
  for (const one of tables)
    if ((columnNamed(one, column.name).inheritCount ?? 0) > parentsReached(context, table, one))
      throw new PgError('42P16', `cannot alter inherited column "${column.name}" of relation "${one.name}"`);
  for (const { oid } of tables) alterType(action, context.editor.snapshot.relationByOid(oid) as Table, context, list);
}

/** A new physical column is filled from the old one, then takes its place. */
function alterType(action: Extract<ast.AlterTableAction, { kind: 'alterColumnType' }>, table: Table, context: DdlContext, list: ActionList): void {
  const { editor } = context;
  const column = columnNamed(table, action.column);
  if (column.generated !== undefined && action.using !== undefined)
    throw new PgError('42611', 'cannot specify USING when altering type of generated column', { detail: `Column "${column.name}" is a generated column.` });
  if (table.distribution.kind === 'distributed' && table.distribution.columns.includes(column.attribute))
    throw new PgError('0A000', 'cannot alter the type of a distribution column');
  const binder = context.binder(editor.snapshot);
  const type = binder.typeName(action.type);
  if (action.collation !== undefined && requireType(type.oid).collationOid === 0)
    throw new PgError('42804', `collations are not supported by type ${formatType(type.oid)}`);
  const [generated] = generatedFrom(table, column);
  if (generated !== undefined)
    throw new PgError('0A000', 'cannot alter type of a column used by a generated column', {
      detail: `Column "${column.name}" is used by generated column "${generated.name}".`,
    });
  const [reader] = viewsReading(context, table, column.name);
  if (reader !== undefined)
    throw new PgError('0A000', 'cannot alter type of a column used by a view or rule', {
      detail: `rule _RETURN on view ${reader.name} depends on column "${column.name}"`,
    });
  const using = action.using ?? { kind: 'column', parts: [column.name] };
  let text: string;
  try {
    text = binder.expression(using, table, type, 'using');
  } catch (error) {
    if (!(error instanceof PgError) || error.code !== '42804') throw error;
    throw action.using === undefined
      ? new PgError('42804', `column "${column.name}" cannot be cast automatically to type ${formatType(type.oid, type.typmod)}`, {
          hint:
            column.generated !== undefined
              ? undefined
              : `You might need to specify "USING ${quoteIdentifier(column.name)}::${formatType(type.oid, type.typmod)}".`,
        })
      : new PgError('42804', `result of USING clause for column "${column.name}" cannot be cast automatically to type ${formatType(type.oid, type.typmod)}`, {
          hint: 'You might need to add an explicit cast.',
        });
  }
  const { defaultText, domainOid: _domain, collation: _collation, ...bare } = column;
  const collation = declaredCollation(context, action.collation, type.domain ?? type.oid);
  const domain = type.domain === undefined ? {} : { domainOid: type.domain };
  let newDefault = defaultText;
  if (defaultText !== undefined && column.identity === undefined) {
    try {
      newDefault =
        column.generated === undefined
          ? binder.expression(parseExpression(defaultText), undefined, type, 'default')
          : binder.expression(parseExpression(defaultText), table, type, 'generated');
    } catch (error) {
      if (!(error instanceof PgError) || error.code !== '42804') throw error;
      const what = column.generated === undefined ? 'default' : 'generation expression';
      throw new PgError('42804', `${what} for column "${column.name}" cannot be cast automatically to type ${formatType(type.oid, type.typmod)}`);
    }
  }
  const attribute = table.lastAttribute + 1;
  const physicalName = physicalColumnName(
    `${column.name}`,
    attribute,
    table.columns.map((other) => other.physicalName),
  );
  const temporary: Column = {
    attribute,
    name: `${column.name} as ${formatType(type.oid, type.typmod)}`,
    physicalName,
    typeOid: type.oid,
    typmod: type.typmod,
    ...domain,
    notNull: false,
  };
  const widened: Table = { ...table, columns: [...table.columns, temporary], lastAttribute: attribute };
  editor.put(widened);
  list.sqlForTable(table, (schema) => addColumnSql(schema, table, temporary));
  list.add({ kind: 'run', sql: `UPDATE ${ownRows(table)} SET ${quoteIdentifier(temporary.name)} = ${text}` });
  const changed: Column = {
    ...bare,
    typeOid: type.oid,
    typmod: type.typmod,
    ...domain,
    ...collation,
    physicalName,
    ...(newDefault === undefined ? {} : { defaultText: newDefault }),
  };
  const retyped: Table = { ...replaceColumn(table, changed), lastAttribute: attribute };
  // What the constraints and indexes say is read anew over the new type, as PostgreSQL does: it may mean other operators, or nothing.
  const again = (text: string, target: TypeRef | undefined, clause: 'check' | 'index' | 'predicate'): string => {
    try {
      return binder.expression(parseExpression(text), retyped, target, clause);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      throw new PgError(error.code, error.message, { ...error.fields, position: undefined });
    }
  };
  const bool: TypeRef = { oid: 16, typmod: -1 };
  const final: Table = {
    ...retyped,
    checks: retyped.checks.map((check) =>
      readsColumn(check.expressionText, column) ? { ...check, expressionText: again(check.expressionText, bool, 'check') } : check,
    ),
    indexes: retyped.indexes.map((index) => ({
      ...index,
      keys: index.keys.map((key) =>
        key.expressionText !== undefined && readsColumn(key.expressionText, column)
          ? { ...key, expressionText: again(key.expressionText, undefined, 'index') }
          : key,
      ),
      ...(index.predicateText !== undefined && readsColumn(index.predicateText, column)
        ? { predicateText: again(index.predicateText, bool, 'predicate') }
        : {}),
    })),
  };
  const indexes = table.indexes.filter((index) => indexReads(index, column));
  for (const index of indexes) list.sqlForTable(table, (schema) => dropIndexSql(schema, index));
  list.sqlForTable(table, (schema) => dropColumnSql(schema, table, column));
  editor.put(final);
  for (const index of final.indexes) {
    if (!indexReads(index, column)) continue;
    refuseDuplicates(list, final, index);
    createIndexFiles(context, list, final, index);
  }
  for (const check of final.checks) if (!table.checks.includes(check)) refuseUnchecked(final, check, list);
}

function addConstraint(constraint: ast.TableConstraint, table: Table, context: DdlContext, list: ActionList, reach: Reach): void {
  const { editor } = context;
  switch (constraint.kind) {
    case 'check': {
      const added = withCheck(context, table, constraint);
      if (!constraint.noInherit) refuseOnly(context, table, reach, 'constraint must be added to child tables too');
      if (!constraint.notValid) refuseUnchecked(table, added.check, list);
      const check: Table['checks'][number] = constraint.notValid ? { ...added.check, notValid: true } : added.check;
      editor.put({ ...added.table, checks: added.table.checks.map((one) => (one === added.check ? check : one)) });
      if (!constraint.noInherit) for (const child of children(context, added.table)) passOnCheck(check, child.oid, context, list);
      return;
    }
    case 'unique':
    case 'primaryKey': {
      if (constraint.usingIndex !== undefined) {
        const added = withIndexAsConstraint(context, table, constraint, constraint.usingIndex);
        if (constraint.kind === 'primaryKey')
          for (const key of added.index.keys) refuseNulls(table, table.columns.find((column) => column.attribute === key.attribute) as Column, list);
        editor.put(added.table);
        if (isKeptBySqlite(added.index) !== isKeptBySqlite(added.before)) {
          list.sqlForTable(table, (schema) => dropIndexSql(schema, added.before));
          createIndexFiles(context, list, added.table, added.index);
        }
        return;
      }
      const unique = withUnique(context, table, constraint);
      const added = table.partitioning !== undefined && !reach.recurse ? withOnly(unique) : unique;
      refuseForeignUnique(added.table, added.index);
      if (constraint.kind === 'primaryKey')
        for (const key of added.index.keys) refuseNulls(table, table.columns.find((column) => column.attribute === key.attribute) as Column, list);
      refuseDuplicates(list, table, added.index);
      editor.put(added.table);
      createIndexFiles(context, list, added.table, added.index);
      return;
    }
    case 'foreignKey': {
      const added = withForeignKey(context, table, constraint, constraint.columns);
      if (!constraint.notValid) refuseOrphans(table, added.key, context, list);
      const { key } = added;
      editor.put(
        constraint.notValid
          ? { ...added.table, foreignKeys: added.table.foreignKeys.map((one) => (one === key ? { ...one, notValid: true } : one)) }
          : added.table,
      );
      return;
    }
    case 'exclusion': {
      const added = withExclusion(context, table, constraint);
      refuseExcluded(list, table, added.index);
      editor.put(added.table);
      createIndexFiles(context, list, added.table, added.index);
      return;
    }
  }
}

/** ADD CONSTRAINT of a partitioned table with ONLY: those of its partitions are attached later. */
function withOnly({ table, index }: { readonly table: Table; readonly index: Index }): { readonly table: Table; readonly index: Index } {
  const only: Index = { ...index, only: true };
  return { table: { ...table, indexes: table.indexes.map((one) => (one === index ? only : one)) }, index: only };
}

function refuseUnchecked(table: Table, check: Table['checks'][number], list: ActionList): void {
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${ownRows(table)} WHERE NOT (${check.expressionText}) LIMIT 1`,
    error: new PgError('23514', `check constraint "${check.name}" of relation "${table.name}" is violated by some row`, {
      schema: table.schema,
      table: table.name,
      constraint: check.name,
    }),
  });
}

function refuseOrphans(table: Table, key: Table['foreignKeys'][number], context: DdlContext, list: ActionList): void {
  const target = context.editor.snapshot.relationByOid(key.targetOid);
  if (target?.kind !== 'table') throw new Error(`assertion failed: foreign key ${key.name} has a target`);
  const own = key.columns.map((attribute) => `c.${quoteIdentifier((table.columns.find((column) => column.attribute === attribute) as Column).name)}`);
  const other = key.targetColumns.map((attribute) => `p.${quoteIdentifier((target.columns.find((column) => column.attribute === attribute) as Column).name)}`);
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${ownRows(table)} AS c WHERE ${own.map((column) => `${column} IS NOT NULL`).join(' AND ')} AND NOT EXISTS (SELECT 1 FROM ${ownRows(target)} AS p WHERE ${own.map((column, i) => `${other[i] ?? ''} = ${column}`).join(' AND ')}) LIMIT 1`,
    error: new PgError('23503', `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`, {
      detail: `A row of "${table.name}" has a key that is not present in table "${target.name}".`,
      schema: table.schema,
      table: table.name,
      constraint: key.name,
    }),
  });
}

/** Views whose GROUP BY needs the primary key: without it their columns would not be grouped. */
function viewsGroupedBy(context: DdlContext, table: Table, index: Index): readonly Relation[] {
  const { snapshot } = context.editor;
  const views = dependentViews(snapshot, table).filter((view) => view.queryText.includes('GROUP BY'));
  if (views.length === 0) return [];
  const without: Table = { ...table, indexes: table.indexes.filter((other) => other !== index) };
  const after = new CatalogSnapshot({
    ...snapshot.data,
    relations: snapshot.data.relations.map((relation) => (relation.oid === table.oid ? without : relation)),
  });
  return views.filter((view) => {
    try {
      context.binder(after).restateQuery(
        view.queryText,
        view.columns.map((column) => column.name),
        after,
      );
      return false;
    } catch (error) {
      if (error instanceof PgError && error.code === '42803') return true;
      throw error;
    }
  });
}

function dropConstraint(
  action: Extract<ast.AlterTableAction, { kind: 'dropConstraint' }>,
  table: Table,
  context: DdlContext,
  list: ActionList,
  reach: Reach,
): void {
  const { editor } = context;
  const index = table.indexes.find((candidate): candidate is Index => candidate.constraint && candidate.name === action.name);
  const known = index !== undefined || table.checks.some((check) => check.name === action.name) || table.foreignKeys.some((key) => key.name === action.name);
  if (!known) {
    if (!action.ifExists) throw new PgError('42704', `constraint "${action.name}" of relation "${table.name}" does not exist`);
    context.notice({ severity: 'NOTICE', code: '00000', message: `constraint "${action.name}" of relation "${table.name}" does not exist, skipping` });
    return;
  }
  const check = table.checks.find((one) => one.name === action.name);
  if (!reach.inherited && (check?.inheritCount ?? 0) > 0)
    throw new PgError('42P16', `cannot drop inherited constraint "${action.name}" of relation "${table.name}"`);
  if (check !== undefined && check.noInherit !== true) {
    for (const { oid } of children(context, table)) {
      const child = editor.snapshot.relationByOid(oid) as Table;
      const own = child.checks.find((one) => one.name === action.name);
      if (own === undefined) continue;
      if (reach.recurse && goesWithParent(own)) dropConstraint({ ...action, ifExists: false }, child, context, list, { recurse: true, inherited: true });
      else editor.put({ ...child, checks: child.checks.map((one) => (one === own ? withoutParent(own, !reach.recurse) : one)) });
    }
  }
  if (index !== undefined) {
    const attributes = new Set(index.keys.map((key) => key.attribute));
    const referencing = editor.snapshot.data.relations.flatMap((other) =>
      other.kind === 'table'
        ? other.foreignKeys
            .filter(
              (key) =>
                key.targetOid === table.oid &&
                key.targetColumns.length === attributes.size &&
                key.targetColumns.every((attribute) => attributes.has(attribute)),
            )
            .map((key) => ({ other, key }))
        : [],
    );
    const views = index.primary ? viewsGroupedBy(context, table, index) : [];
    if (referencing.length + views.length > 0 && !action.cascade)
      throw new PgError('2BP01', `cannot drop constraint ${action.name} on table ${table.name} because other objects depend on it`, {
        detail: [
          ...referencing.map(({ other, key }) => `constraint ${key.name} on table ${other.name} depends on index ${index.name}`),
          ...views.map(
            (view) => `${view.kind === 'view' ? 'view' : 'materialized view'} ${view.name} depends on constraint ${index.name} on table ${table.name}`,
          ),
        ].join('\n'),
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      });
    for (const view of views)
      context.notice({ severity: 'NOTICE', code: '00000', message: `drop cascades to ${view.kind === 'view' ? 'view' : 'materialized view'} ${view.name}` });
    if (views.length > 0) dropAll(context, list, views, true);
    for (const { other, key } of referencing) {
      const current = editor.snapshot.relationByOid(other.oid) as Table;
      editor.put({ ...current, foreignKeys: current.foreignKeys.filter((candidate) => candidate.oid !== key.oid) });
    }
    list.sqlForTable(table, (schema) => dropIndexSql(schema, index));
  }
  const current = editor.snapshot.relationByOid(table.oid) as Table;
  editor.put({
    ...current,
    indexes: current.indexes.filter((candidate) => candidate !== index && candidate.oid !== index?.oid),
    checks: current.checks.filter((check) => check.name !== action.name),
    foreignKeys: current.foreignKeys.filter((key) => key.name !== action.name),
  });
}

const statisticsTargetMax = 10_000;

/** ALTER COLUMN ... SET STATISTICS. Source: ATExecSetStatistics of PostgreSQL 15. */
function withStatisticsTarget(context: DdlContext, table: Table, name: string, wanted: number): Table {
  const column = columnNamed(table, name);
  if (wanted < -1) throw new PgError('22023', `statistics target ${String(wanted)} is too low`);
  if (wanted > statisticsTargetMax)
    context.notice({ severity: 'WARNING', code: '22023', message: `lowering statistics target to ${String(statisticsTargetMax)}` });
  const { statisticsTarget: _old, ...plain } = column;
  const changed = wanted === -1 ? plain : { ...plain, statisticsTarget: Math.min(wanted, statisticsTargetMax) };
  return { ...table, columns: table.columns.map((one) => (one === column ? changed : one)) };
}
