/**
 * ALTER TABLE and its relatives (INDEX, VIEW, SEQUENCE, MATERIALIZED VIEW, composite TYPE): every sub-command its own kind. Called by statement.ts.
 */
import type { AlterTable, AlterTableAction, ColumnDefinition } from '../ast.js';
import { convertColumn, convertTableConstraint } from './constraint.js';
import { namesOf, qualifiedName, stringOf, type Context } from './context.js';
import { convertOptions, convertRole, convertSequenceOptions } from './definition.js';
import { convertExpression, convertOptional, convertTypeName } from './expression.js';
import type { Raw } from './raw.js';
import { convertPartitionBound } from './table.js';
import type { AlterTableCmd, AlterTableStmt, Node, ObjectType } from '@pgsql/types';

export function convertAlterTable(statement: AlterTableStmt, context: Context): AlterTable {
  const object = relationKind(statement.objtype);
  return {
    kind: 'alterTable',
    object,
    name: qualifiedName(statement.relation, context),
    // The name of a composite type never has ONLY.
    only: object !== 'type' && statement.relation?.inh !== true,
    ifExists: statement.missing_ok ?? false,
    actions: ((statement.cmds ?? []) as readonly Raw[]).map(({ AlterTableCmd: command = {} }) => action(command, object === 'type', context)),
  };
}

function relationKind(type: ObjectType | undefined): AlterTable['object'] {
  switch (type) {
    case 'OBJECT_INDEX':
      return 'index';
    case 'OBJECT_SEQUENCE':
      return 'sequence';
    case 'OBJECT_VIEW':
      return 'view';
    case 'OBJECT_MATVIEW':
      return 'materializedView';
    case 'OBJECT_FOREIGN_TABLE':
      return 'foreignTable';
    case 'OBJECT_TYPE':
      return 'type';
    default:
      return 'table';
  }
}

function action(command: AlterTableCmd, ofType: boolean, context: Context): AlterTableAction {
  const name = command.name ?? '';
  const definition = (command.def ?? {}) as Raw;
  const ifExists = command.missing_ok ?? false;
  const cascade = command.behavior === 'DROP_CASCADE';
  const options = definition.List?.items;
  switch (command.subtype) {
    case 'AT_AddColumn': {
      const column: ColumnDefinition = convertColumn(definition.ColumnDef ?? {}, context);
      return ofType ? { kind: 'addAttribute', column, cascade } : { kind: 'addColumn', column, ifNotExists: ifExists };
    }
    case 'AT_DropColumn':
      return { kind: ofType ? 'dropAttribute' : 'dropColumn', column: name, ifExists, cascade };
    case 'AT_AlterColumnType': {
      const column = definition.ColumnDef ?? {};
      const type = convertTypeName(column.typeName ?? {}, context);
      const collation = column.collClause === undefined ? undefined : namesOf(column.collClause.collname);
      if (ofType) return { kind: 'alterAttributeType', column: name, type, collation, cascade };
      return {
        kind: 'alterColumnType',
        column: name,
        type,
        collation,
        using: convertOptional(column.raw_default, context),
        position: context.position(column.location),
      };
    }
    case 'AT_ColumnDefault':
      return command.def === undefined
        ? { kind: 'dropDefault', column: name }
        : { kind: 'setDefault', column: name, expression: convertExpression(command.def, context) };
    case 'AT_SetNotNull':
      return { kind: 'setNotNull', column: name };
    case 'AT_DropNotNull':
      return { kind: 'dropNotNull', column: name };
    case 'AT_DropExpression':
      return { kind: 'dropExpression', column: name, ifExists };
    case 'AT_SetStatistics':
      return { kind: 'setStatistics', column: command.name, columnNumber: command.num, target: definition.Integer?.ival ?? 0 };
    case 'AT_SetStorage':
      return { kind: 'setStorage', column: name, storage: stringOf(definition as Node) };
    case 'AT_SetCompression':
      return { kind: 'setCompression', column: name, method: stringOf(definition as Node) };
    case 'AT_SetOptions':
      return { kind: 'setColumnOptions', column: name, options: convertOptions(options, context) };
    case 'AT_ResetOptions':
      return { kind: 'resetColumnOptions', column: name, options: convertOptions(options, context) };
    case 'AT_AddIdentity':
      return {
        kind: 'addIdentity',
        column: name,
        always: definition.Constraint?.generated_when === 'a',
        sequence: convertSequenceOptions(definition.Constraint?.options, context),
      };
    case 'AT_SetIdentity': {
      const generated = ((options ?? []) as readonly Raw[]).find((option) => option.DefElem?.defname === 'generated')?.DefElem?.arg as Raw | undefined;
      return {
        kind: 'setIdentity',
        column: name,
        // The letter's code: 'a' or 'd'.
        always: generated === undefined ? undefined : generated.Integer?.ival === 0x61,
        sequence: convertSequenceOptions(options, context),
      };
    }
    case 'AT_DropIdentity':
      return { kind: 'dropIdentity', column: name, ifExists };
    case 'AT_AddConstraint':
      return { kind: 'addConstraint', constraint: convertTableConstraint(definition.Constraint ?? {}, context) };
    case 'AT_AlterConstraint':
      return {
        kind: 'alterConstraint',
        name: definition.Constraint?.conname ?? '',
        deferrable: definition.Constraint?.deferrable ?? false,
        initiallyDeferred: definition.Constraint?.initdeferred ?? false,
      };
    case 'AT_ValidateConstraint':
      return { kind: 'validateConstraint', name };
    case 'AT_DropConstraint':
      return { kind: 'dropConstraint', name, ifExists, cascade };
    case 'AT_SetRelOptions':
      return { kind: 'setOptions', options: convertOptions(options, context) };
    case 'AT_ResetRelOptions':
      return { kind: 'resetOptions', options: convertOptions(options, context) };
    case 'AT_SetTableSpace':
      return { kind: 'setTablespace', tablespace: name };
    case 'AT_SetAccessMethod':
      return { kind: 'setAccessMethod', accessMethod: name };
    case 'AT_SetLogged':
      return { kind: 'setPersistence', persistence: 'permanent' };
    case 'AT_SetUnLogged':
      return { kind: 'setPersistence', persistence: 'unlogged' };
    case 'AT_ChangeOwner':
      return { kind: 'ownerTo', owner: convertRole(command.newowner, context) };
    case 'AT_ClusterOn':
      return { kind: 'clusterOn', index: name };
    case 'AT_DropCluster':
      return { kind: 'setWithoutCluster' };
    case 'AT_DropOids':
      return { kind: 'setWithoutOids' };
    case 'AT_EnableTrig':
      return { kind: 'triggers', action: 'enable', which: { kind: 'name', name } };
    case 'AT_EnableAlwaysTrig':
      return { kind: 'triggers', action: 'enableAlways', which: { kind: 'name', name } };
    case 'AT_EnableReplicaTrig':
      return { kind: 'triggers', action: 'enableReplica', which: { kind: 'name', name } };
    case 'AT_DisableTrig':
      return { kind: 'triggers', action: 'disable', which: { kind: 'name', name } };
    case 'AT_EnableTrigAll':
      return { kind: 'triggers', action: 'enable', which: { kind: 'all' } };
    case 'AT_DisableTrigAll':
      return { kind: 'triggers', action: 'disable', which: { kind: 'all' } };
    case 'AT_EnableTrigUser':
      return { kind: 'triggers', action: 'enable', which: { kind: 'user' } };
    case 'AT_DisableTrigUser':
      return { kind: 'triggers', action: 'disable', which: { kind: 'user' } };
    case 'AT_EnableRule':
      return { kind: 'rules', action: 'enable', rule: name };
    case 'AT_EnableAlwaysRule':
      return { kind: 'rules', action: 'enableAlways', rule: name };
    case 'AT_EnableReplicaRule':
      return { kind: 'rules', action: 'enableReplica', rule: name };
    case 'AT_DisableRule':
      return { kind: 'rules', action: 'disable', rule: name };
    case 'AT_AddInherit':
      return { kind: 'inherit', parent: qualifiedName(definition.RangeVar, context) };
    case 'AT_DropInherit':
      return { kind: 'noInherit', parent: qualifiedName(definition.RangeVar, context) };
    case 'AT_AddOf':
      return { kind: 'ofType', type: convertTypeName(definition.TypeName ?? {}, context) };
    case 'AT_DropOf':
      return { kind: 'notOf' };
    case 'AT_ReplicaIdentity':
      return replicaIdentity(definition);
    case 'AT_EnableRowSecurity':
      return { kind: 'rowSecurity', action: 'enable' };
    case 'AT_DisableRowSecurity':
      return { kind: 'rowSecurity', action: 'disable' };
    case 'AT_ForceRowSecurity':
      return { kind: 'rowSecurity', action: 'force' };
    case 'AT_NoForceRowSecurity':
      return { kind: 'rowSecurity', action: 'noForce' };
    case 'AT_AttachPartition': {
      const partition = definition.PartitionCmd;
      return {
        kind: 'attachPartition',
        partition: qualifiedName(partition?.name, context),
        bound: partition?.bound === undefined ? undefined : convertPartitionBound(partition.bound, context),
      };
    }
    case 'AT_DetachPartition':
    case 'AT_DetachPartitionFinalize':
      return {
        kind: 'detachPartition',
        partition: qualifiedName(definition.PartitionCmd?.name, context),
        mode: command.subtype === 'AT_DetachPartitionFinalize' ? 'finalize' : definition.PartitionCmd?.concurrent === true ? 'concurrently' : 'default',
      };
    default:
      return { kind: 'other', tag: command.subtype ?? '' };
  }
}

function replicaIdentity(definition: Raw): AlterTableAction {
  const { identity_type: type, name } = definition.ReplicaIdentityStmt ?? {};
  return {
    kind: 'replicaIdentity',
    identity: type === 'f' ? 'full' : type === 'n' ? 'nothing' : type === 'i' ? 'index' : 'default',
    index: name,
  };
}
