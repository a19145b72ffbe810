/**
 * Data-definition statements by kind: what plans each, and its command tag.
 */
import type * as ast from '../../sql/ast.js';
import { planAlterTable } from './alter-table.js';
import { planDropTypes } from './alter-type.js';
import { planAlterCollation, planCreateCollation } from './collation.js';
import { planComment } from './comment.js';
import { planAlterComposite, planCreateComposite } from './composite-type.js';
import { planCreateRange } from './range-type.js';
import { planCreateIndex } from './create-index.js';
import { planCreateTable } from './create-table.js';
import { planCreateTableAs, planCreateView, planRefresh } from './create-view.js';
import type { DdlAction, DdlContext } from './ddl.js';
import {
  planAlterDatabase,
  planAlterDatabaseSet,
  planCreateDatabase,
  planDatabaseOwner,
  planDropDatabase,
  planRefreshDatabaseCollation,
  planRenameDatabase,
} from './database.js';
import { planAlterDomain, planCreateDomain } from './domain-type.js';
import { planDrop } from './drop.js';
import { planAlterEventTrigger, planCreateEventTrigger } from './event-trigger.js';
import { planAlterEnum, planCreateEnum } from './enum-type.js';
import { planCreateAggregate } from './aggregate.js';
import { planCreateRule } from './rule.js';
import { planAlterFunction, planCreateFunction } from './function.js';
import { keepMembers, planAlterExtension, planCreateExtension } from './extension.js';
import { planAlterObjectSchema, planAlterOwner, planRename } from './rename.js';
import { planLargeObjectOwner } from './large-object.js';
import { planAlterDefaultPrivileges, planGrant } from './grant.js';
import { planDropOwned, planReassignOwned } from './owned.js';
import { planAlterRole, planAlterRoleSet, planCreateRole, planDropRole, planGrantRole, planRenameRole } from './role.js';
import { keepPartitionParts } from './partition-parts.js';
import { planAlterPolicy, planCreatePolicy } from './policy.js';
import { requireRights } from './rights.js';
import { planCreateSchema, planTruncate } from './schema.js';
import { planAlterStatistics, planCreateStatistics } from './statistics.js';
import { planCreateTrigger } from './trigger.js';
import { planAlterSequence, planCreateSequence } from './sequence.js';

export type DdlStatement =
  | ast.CreateStatistics
  | ast.AlterStatistics
  | ast.CreateTable
  | ast.CreateTableAs
  | ast.AlterTable
  | ast.CreateIndex
  | ast.CreateView
  | ast.RefreshMaterializedView
  | ast.CreateSequence
  | ast.AlterSequence
  | ast.CreateSchema
  | ast.CreateEnum
  | ast.AlterEnum
  | ast.CreateDomain
  | ast.AlterDomain
  | ast.CreateCompositeType
  | ast.CreateAggregate
  | ast.CreateRule
  | ast.CreateFunction
  | ast.AlterFunction
  | ast.CreateTrigger
  | ast.Drop
  | ast.Rename
  | ast.AlterObjectSchema
  | ast.AlterOwner
  | ast.Comment
  | ast.Truncate
  | ast.CreateRole
  | ast.AlterRole
  | ast.AlterRoleSet
  | ast.DropRole
  | ast.GrantRole
  | ast.Grant
  | ast.AlterDefaultPrivileges
  | ast.ReassignOwned
  | ast.DropOwned
  | ast.CreateRangeType
  | ast.CreateDatabase
  | ast.AlterDatabase
  | ast.AlterDatabaseSet
  | ast.RefreshDatabaseCollation
  | ast.DropDatabase
  | ast.CreatePolicy
  | ast.AlterPolicy
  | ast.CreateExtension
  | ast.AlterExtension
  | ast.CreateCollation
  | ast.AlterCollation
  | ast.CreateEventTrigger
  | ast.AlterEventTrigger;

type Planners = {
  readonly [Kind in DdlStatement['kind']]: (statement: Extract<DdlStatement, { readonly kind: Kind }>, context: DdlContext) => readonly DdlAction[];
};

const planners: Planners = {
  createTable: planCreateTable,
  createTableAs: planCreateTableAs,
  alterTable: (statement, context) => (statement.object === 'type' ? planAlterComposite(statement, context) : planAlterTable(statement, context)),
  createIndex: planCreateIndex,
  createView: planCreateView,
  refreshMaterializedView: planRefresh,
  createSequence: planCreateSequence,
  alterSequence: planAlterSequence,
  createSchema: planCreateSchema,
  createEnum: planCreateEnum,
  alterEnum: planAlterEnum,
  createDomain: planCreateDomain,
  alterDomain: planAlterDomain,
  createCompositeType: planCreateComposite,
  createRangeType: planCreateRange,
  createAggregate: planCreateAggregate,
  createRule: planCreateRule,
  createFunction: planCreateFunction,
  alterFunction: planAlterFunction,
  createTrigger: planCreateTrigger,
  drop: (statement, context) =>
    statement.object === 'type' || statement.object === 'domain' ? planDropTypes(statement, context) : planDrop(statement, context),
  rename: (statement, context) =>
    statement.object === 'role'
      ? planRenameRole(statement, context)
      : statement.object === 'database'
        ? planRenameDatabase(statement, context)
        : planRename(statement, context),
  alterSchema: planAlterObjectSchema,
  alterOwner: (statement, context) => {
    if (statement.object === 'largeObject') return planLargeObjectOwner(statement, context);
    return statement.object === 'database' ? planDatabaseOwner(statement, context) : planAlterOwner(statement, context);
  },
  comment: planComment,
  truncate: planTruncate,
  createRole: planCreateRole,
  alterRole: planAlterRole,
  alterRoleSet: planAlterRoleSet,
  dropRole: planDropRole,
  grantRole: planGrantRole,
  grant: planGrant,
  alterDefaultPrivileges: planAlterDefaultPrivileges,
  reassignOwned: planReassignOwned,
  dropOwned: planDropOwned,
  createDatabase: planCreateDatabase,
  alterDatabase: planAlterDatabase,
  alterDatabaseSet: planAlterDatabaseSet,
  refreshDatabaseCollation: planRefreshDatabaseCollation,
  dropDatabase: planDropDatabase,
  createPolicy: planCreatePolicy,
  alterPolicy: planAlterPolicy,
  createExtension: (statement, context) =>
    planCreateExtension(statement, context, (one, inScript) => {
      if (!isDdl(one)) throw new Error(`assertion failed: scripts of extensions have definitions only, not ${one.kind}`);
      return planDdl(one, inScript);
    }),
  alterExtension: planAlterExtension,
  createStatistics: planCreateStatistics,
  alterStatistics: planAlterStatistics,
  createCollation: planCreateCollation,
  alterCollation: planAlterCollation,
  createEventTrigger: planCreateEventTrigger,
  alterEventTrigger: planAlterEventTrigger,
};

export function isDdl(statement: ast.Statement): statement is DdlStatement {
  return Object.hasOwn(planners, statement.kind);
}

export function planDdl(statement: DdlStatement, context: DdlContext): readonly DdlAction[] {
  const plan = planners[statement.kind] as (statement: DdlStatement, context: DdlContext) => readonly DdlAction[];
  requireRights(statement, context);
  const before = context.editor.snapshot;
  const actions = plan(statement, context);
  const kept = keepPartitionParts(context, before);
  return [...actions, ...kept, ...(statement.kind === 'drop' ? keepMembers(context, before) : [])];
}

function spaced(object: ast.ObjectType): string {
  return object.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
}

/** CREATE TABLE, DROP VIEW, ... */
export function ddlTag(statement: DdlStatement): string {
  switch (statement.kind) {
    case 'createDatabase':
      return 'CREATE DATABASE';
    case 'alterDatabase':
    case 'alterDatabaseSet':
    case 'refreshDatabaseCollation':
      return 'ALTER DATABASE';
    case 'dropDatabase':
      return 'DROP DATABASE';
    case 'createTable':
      return 'CREATE TABLE';
    case 'createTableAs':
      return 'SELECT';
    case 'alterTable':
      return `ALTER ${spaced(statement.object)}`;
    case 'createIndex':
      return 'CREATE INDEX';
    case 'createView':
      return 'CREATE VIEW';
    case 'refreshMaterializedView':
      return 'REFRESH MATERIALIZED VIEW';
    case 'createSequence':
      return 'CREATE SEQUENCE';
    case 'alterSequence':
      return 'ALTER SEQUENCE';
    case 'createSchema':
      return 'CREATE SCHEMA';
    case 'createEnum':
    case 'createCompositeType':
    case 'createRangeType':
      return 'CREATE TYPE';
    case 'createRule':
      return 'CREATE RULE';
    case 'createAggregate':
      return 'CREATE AGGREGATE';
    case 'createFunction':
      return `CREATE ${spaced(statement.object)}`;
    case 'alterFunction':
      return `ALTER ${spaced(statement.object)}`;
    case 'createTrigger':
      return 'CREATE TRIGGER';
    case 'alterEnum':
      return 'ALTER TYPE';
    case 'createDomain':
      return 'CREATE DOMAIN';
    case 'alterDomain':
      return 'ALTER DOMAIN';
    case 'drop':
      return `DROP ${spaced(statement.object)}`;
    case 'rename':
      if (statement.object === 'attribute') return 'ALTER TYPE';
      if (statement.object === 'domainConstraint') return 'ALTER DOMAIN';
      return `ALTER ${spaced(statement.object === 'column' || statement.object === 'tableConstraint' ? (statement.relationType ?? 'table') : statement.object)}`;
    case 'alterSchema':
    case 'alterOwner':
      return `ALTER ${spaced(statement.object)}`;
    case 'comment':
      return 'COMMENT';
    case 'truncate':
      return 'TRUNCATE TABLE';
    case 'createRole':
      return 'CREATE ROLE';
    case 'alterRole':
    case 'alterRoleSet':
      return 'ALTER ROLE';
    case 'dropRole':
      return 'DROP ROLE';
    case 'grantRole':
      return statement.isGrant ? 'GRANT ROLE' : 'REVOKE ROLE';
    case 'grant':
      return statement.isGrant ? 'GRANT' : 'REVOKE';
    case 'alterDefaultPrivileges':
      return 'ALTER DEFAULT PRIVILEGES';
    case 'reassignOwned':
      return 'REASSIGN OWNED';
    case 'dropOwned':
      return 'DROP OWNED';
    case 'createPolicy':
      return 'CREATE POLICY';
    case 'alterPolicy':
      return 'ALTER POLICY';
    case 'createExtension':
      return 'CREATE EXTENSION';
    case 'alterExtension':
      return 'ALTER EXTENSION';
    case 'createStatistics':
      return 'CREATE STATISTICS';
    case 'alterStatistics':
      return 'ALTER STATISTICS';
    case 'createCollation':
      return 'CREATE COLLATION';
    case 'alterCollation':
      return 'ALTER COLLATION';
    case 'createEventTrigger':
      return 'CREATE EVENT TRIGGER';
    case 'alterEventTrigger':
      return 'ALTER EVENT TRIGGER';
  }
}
