/**
 * One statement of the grammar -> our Statement: a dispatcher over the other converters. Called by sql/parser for each statement of a text.
 */
import { notSupported } from '../../common/errors.js';
import type {
  AlterDefaultPrivileges,
  Comment,
  CreatePolicy,
  CreateSchema,
  CreateTableAs,
  Delete,
  Drop,
  Grant,
  GrantRole,
  Insert,
  Merge,
  Rename,
  Select,
  Statement,
  Update,
} from '../ast.js';
import { convertAlterTable } from './alter-table.js';
import { convertColumn } from './constraint.js';
import { namesOf, qualifiedName, unexpected, type Context, type Converters } from './context.js';
import {
  convertObject,
  convertObjectType,
  convertOptions,
  convertRole,
  convertRoleOptions,
  convertRoles,
  convertSequenceOptions,
  rangeNames,
} from './definition.js';
import { convertDelete, convertInsert, convertMerge, convertUpdate } from './dml.js';
import { convertExpressions, convertOptional, convertTypeName } from './expression.js';
import { convertFromItem, convertSelect, convertTable } from './query.js';
import { tagOf, type Raw } from './raw.js';
import {
  convertCall,
  convertCopy,
  convertDeclareCursor,
  convertDo,
  convertFetch,
  convertLock,
  convertReindex,
  convertSet,
  convertSetVariable,
  convertTransaction,
  convertVacuum,
} from './session.js';
import { convertAlterFunction, convertCreateAggregate, convertCreateRule, convertCreateTrigger } from './routine.js';
import {
  convertAlterDomain,
  convertAlterEnum,
  convertCreateDomain,
  convertCreateFunction,
  convertCreateIndex,
  convertCreateTable,
  convertCreateTableAs,
  convertCreateView,
  createTableAs,
  persistenceOf,
} from './table.js';
import type { CommentStmt, CreateSchemaStmt, DefineStmt, DropStmt, GrantRoleStmt, GrantStmt, Node, RenameStmt, SelectStmt } from '@pgsql/types';

/** The way back from expressions and clauses to whole statements, for a Context. */
export const converters: Converters = { select: convertSelect, query: convertQuery, statement: convertStatement };

function convertQuery(node: Raw, context: Context): Select | Insert | Update | Delete | Merge {
  if (node.SelectStmt !== undefined) return convertSelect(node.SelectStmt, context);
  if (node.InsertStmt !== undefined) return convertInsert(node.InsertStmt, context);
  if (node.UpdateStmt !== undefined) return convertUpdate(node.UpdateStmt, context);
  if (node.DeleteStmt !== undefined) return convertDelete(node.DeleteStmt, context);
  if (node.MergeStmt !== undefined) return convertMerge(node.MergeStmt, context);
  throw unexpected(node, 'a query');
}

export function convertStatement(node: Raw, context: Context): Statement {
  switch (tagOf(node)) {
    case 'SelectStmt':
      return convertTopSelect(node.SelectStmt ?? {}, context);
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt':
      return convertQuery(node, context);
    case 'TransactionStmt':
      return convertTransaction(node.TransactionStmt ?? {});
    case 'VariableSetStmt':
      return convertSet(node.VariableSetStmt ?? {}, context);
    case 'VariableShowStmt':
      return { kind: 'show', name: node.VariableShowStmt?.name ?? '' };
    case 'ConstraintsSetStmt':
      return {
        kind: 'setConstraints',
        constraints: ((node.ConstraintsSetStmt?.constraints ?? []) as readonly Raw[]).map((item) => qualifiedName(item.RangeVar, context)),
        deferred: node.ConstraintsSetStmt?.deferred ?? false,
      };
    case 'ExplainStmt':
      return {
        kind: 'explain',
        options: convertOptions(node.ExplainStmt?.options, context),
        statement: convertStatement(node.ExplainStmt?.query as Raw, context),
      };
    case 'PrepareStmt':
      return {
        kind: 'prepare',
        name: node.PrepareStmt?.name ?? '',
        types: ((node.PrepareStmt?.argtypes ?? []) as readonly Raw[]).map((type) => convertTypeName(type.TypeName ?? {}, context)),
        statement: convertStatement(node.PrepareStmt?.query as Raw, context),
      };
    case 'ExecuteStmt':
      return { kind: 'execute', name: node.ExecuteStmt?.name ?? '', arguments: convertExpressions(node.ExecuteStmt?.params, context) };
    case 'DeallocateStmt':
      return { kind: 'deallocate', name: node.DeallocateStmt?.name };
    case 'DeclareCursorStmt':
      return convertDeclareCursor(node.DeclareCursorStmt ?? {}, context);
    case 'FetchStmt':
      return convertFetch(node.FetchStmt ?? {});
    case 'ClosePortalStmt':
      return { kind: 'closeCursor', name: node.ClosePortalStmt?.portalname };
    case 'CopyStmt':
      return convertCopy(node.CopyStmt ?? {}, context);
    case 'ListenStmt':
      return { kind: 'listen', channel: node.ListenStmt?.conditionname ?? '' };
    case 'UnlistenStmt':
      return { kind: 'unlisten', channel: node.UnlistenStmt?.conditionname };
    case 'NotifyStmt':
      return { kind: 'notify', channel: node.NotifyStmt?.conditionname ?? '', payload: node.NotifyStmt?.payload };
    case 'LockStmt':
      return convertLock(node.LockStmt ?? {}, context);
    case 'VacuumStmt':
      return convertVacuum(node.VacuumStmt ?? {}, context);
    case 'ReindexStmt':
      return convertReindex(node.ReindexStmt ?? {}, context);
    case 'ClusterStmt': {
      const { relation, indexname, params } = node.ClusterStmt ?? {};
      return {
        kind: 'cluster',
        table: relation === undefined ? undefined : qualifiedName(relation, context),
        index: indexname,
        options: convertOptions(params, context),
      };
    }
    case 'CheckPointStmt':
      return { kind: 'checkpoint' };
    case 'DiscardStmt': {
      const target = node.DiscardStmt?.target;
      return {
        kind: 'discard',
        target: target === 'DISCARD_PLANS' ? 'plans' : target === 'DISCARD_SEQUENCES' ? 'sequences' : target === 'DISCARD_TEMP' ? 'temporary' : 'all',
      };
    }
    case 'DoStmt':
      return convertDo(node.DoStmt ?? {});
    case 'CallStmt':
      return convertCall(node.CallStmt ?? {}, context);
    default:
      return convertDefinition(node, context);
  }
}

/** SELECT ... INTO hides in the leftmost SELECT of a chain of set operations. */
function convertTopSelect(select: SelectStmt, context: Context): Select | CreateTableAs {
  let leaf = select;
  while (leaf.larg !== undefined) leaf = leaf.larg;
  const into = leaf.intoClause;
  if (into === undefined) return convertSelect(select, context);
  delete leaf.intoClause;
  return createTableAs(into, convertSelect(select, context), false, false, true, context);
}

function convertDefinition(node: Raw, context: Context): Statement {
  switch (tagOf(node)) {
    case 'CreateStmt':
      return convertCreateTable(node.CreateStmt ?? {}, context);
    case 'CreateTableAsStmt':
      return convertCreateTableAs(node.CreateTableAsStmt ?? {}, context);
    case 'AlterTableStmt':
      return convertAlterTable(node.AlterTableStmt ?? {}, context);
    case 'IndexStmt':
      return convertCreateIndex(node.IndexStmt ?? {}, context);
    case 'ViewStmt':
      return convertCreateView(node.ViewStmt ?? {}, context);
    case 'RefreshMatViewStmt':
      return {
        kind: 'refreshMaterializedView',
        name: qualifiedName(node.RefreshMatViewStmt?.relation, context),
        concurrently: node.RefreshMatViewStmt?.concurrent ?? false,
        withData: node.RefreshMatViewStmt?.skipData !== true,
      };
    case 'CreateSeqStmt':
      return {
        kind: 'createSequence',
        name: qualifiedName(node.CreateSeqStmt?.sequence, context),
        persistence: persistenceOf(node.CreateSeqStmt?.sequence?.relpersistence),
        ifNotExists: node.CreateSeqStmt?.if_not_exists ?? false,
        options: convertSequenceOptions(node.CreateSeqStmt?.options, context),
      };
    case 'AlterSeqStmt':
      return {
        kind: 'alterSequence',
        name: qualifiedName(node.AlterSeqStmt?.sequence, context),
        ifExists: node.AlterSeqStmt?.missing_ok ?? false,
        options: convertSequenceOptions(node.AlterSeqStmt?.options, context),
      };
    case 'CreateSchemaStmt':
      return createSchema(node.CreateSchemaStmt ?? {}, context);
    case 'CreateEnumStmt':
      return { kind: 'createEnum', name: namesOf(node.CreateEnumStmt?.typeName), labels: namesOf(node.CreateEnumStmt?.vals) };
    case 'AlterEnumStmt':
      return convertAlterEnum(node.AlterEnumStmt ?? {});
    case 'CompositeTypeStmt':
      return {
        kind: 'createCompositeType',
        name: qualifiedName(node.CompositeTypeStmt?.typevar, context),
        attributes: ((node.CompositeTypeStmt?.coldeflist ?? []) as readonly Raw[]).map((column) => convertColumn(column.ColumnDef ?? {}, context)),
      };
    case 'CreateRangeStmt':
      return {
        kind: 'createRangeType',
        name: namesOf(node.CreateRangeStmt?.typeName),
        options: convertOptions(node.CreateRangeStmt?.params, context),
      };
    case 'CreateDomainStmt':
      return convertCreateDomain(node.CreateDomainStmt ?? {}, context);
    case 'AlterDomainStmt':
      return convertAlterDomain(node.AlterDomainStmt ?? {}, context);
    case 'AlterFunctionStmt':
      return convertAlterFunction(node.AlterFunctionStmt ?? {}, context);
    case 'DefineStmt':
      if (node.DefineStmt?.kind === 'OBJECT_AGGREGATE') return convertCreateAggregate(node.DefineStmt, context);
      if (node.DefineStmt?.kind === 'OBJECT_COLLATION')
        return {
          kind: 'createCollation',
          name: namesOf(node.DefineStmt.defnames),
          ifNotExists: node.DefineStmt.if_not_exists ?? false,
          options: convertOptions(node.DefineStmt.definition, context),
        };
      return { kind: 'other', tag: otherTag(node) };
    case 'CreateEventTrigStmt': {
      const { trigname = '', eventname = '', whenclause, funcname } = node.CreateEventTrigStmt ?? {};
      return {
        kind: 'createEventTrigger',
        name: trigname,
        event: eventname,
        filters: ((whenclause ?? []) as readonly Raw[]).map(({ DefElem: element = {} }) => ({
          variable: element.defname ?? '',
          values: namesOf((element.arg as Raw | undefined)?.List?.items),
        })),
        function: namesOf(funcname),
      };
    }
    case 'CreateStatsStmt': {
      const { defnames, stat_types: kinds, exprs, relations, if_not_exists: ifNotExists } = node.CreateStatsStmt ?? {};
      return {
        kind: 'createStatistics',
        name: namesOf(defnames),
        ifNotExists: ifNotExists ?? false,
        kinds: namesOf(kinds),
        elements: ((exprs ?? []) as readonly Raw[]).map(({ StatsElem: element = {} }) => ({
          column: element.name,
          expression: convertOptional(element.expr, context),
        })),
        from: ((relations ?? []) as readonly Raw[]).map((item) => convertFromItem(item, context)),
      };
    }
    case 'AlterStatsStmt': {
      const { defnames, missing_ok: ifExists, stxstattarget: target } = node.AlterStatsStmt ?? {};
      return { kind: 'alterStatistics', name: namesOf(defnames), ifExists: ifExists ?? false, target: target ?? 0 };
    }
    case 'AlterEventTrigStmt': {
      const { trigname = '', tgenabled } = node.AlterEventTrigStmt ?? {};
      return { kind: 'alterEventTrigger', name: trigname, enabled: tgenabled === 'D' || tgenabled === 'R' || tgenabled === 'A' ? tgenabled : 'O' };
    }
    case 'AlterCollationStmt':
      return { kind: 'alterCollation', name: namesOf(node.AlterCollationStmt?.collname) };
    case 'RuleStmt':
      return convertCreateRule(node.RuleStmt ?? {}, context);
    case 'CreateTrigStmt':
      return convertCreateTrigger(node.CreateTrigStmt ?? {}, context);
    case 'CreateFunctionStmt':
      return convertCreateFunction(node.CreateFunctionStmt ?? {}, context);
    case 'CreateExtensionStmt':
      return {
        kind: 'createExtension',
        name: node.CreateExtensionStmt?.extname ?? '',
        ifNotExists: node.CreateExtensionStmt?.if_not_exists ?? false,
        options: convertOptions(node.CreateExtensionStmt?.options, context),
      };
    case 'AlterExtensionStmt':
      return { kind: 'alterExtension', name: node.AlterExtensionStmt?.extname ?? '', options: convertOptions(node.AlterExtensionStmt?.options, context) };
    case 'DropStmt':
      return drop(node.DropStmt ?? {}, context);
    case 'CommentStmt':
      return comment(node.CommentStmt ?? {}, context);
    case 'RenameStmt':
      return rename(node.RenameStmt ?? {}, context);
    case 'AlterOwnerStmt': {
      const { objectType, object, relation, newowner } = node.AlterOwnerStmt ?? {};
      return {
        kind: 'alterOwner',
        object: convertObjectType(objectType),
        target: relation === undefined ? convertObject(object, context) : { name: rangeNames(relation) },
        owner: convertRole(newowner, context),
      };
    }
    case 'AlterObjectSchemaStmt': {
      const { objectType, object, relation, newschema, missing_ok: missingOk } = node.AlterObjectSchemaStmt ?? {};
      return {
        kind: 'alterSchema',
        object: convertObjectType(objectType),
        target: relation === undefined ? convertObject(object, context) : { name: rangeNames(relation) },
        schema: newschema ?? '',
        ifExists: missingOk ?? false,
      };
    }
    case 'TruncateStmt':
      return {
        kind: 'truncate',
        tables: ((node.TruncateStmt?.relations ?? []) as readonly Raw[]).map((item) => convertTable(item.RangeVar ?? {}, context)),
        restartIdentity: node.TruncateStmt?.restart_seqs ?? false,
        cascade: node.TruncateStmt?.behavior === 'DROP_CASCADE',
      };
    default:
      return convertAdministration(node, context);
  }
}

function convertAdministration(node: Raw, context: Context): Statement {
  switch (tagOf(node)) {
    case 'CreatedbStmt':
      return { kind: 'createDatabase', name: node.CreatedbStmt?.dbname ?? '', options: convertOptions(node.CreatedbStmt?.options, context) };
    case 'AlterDatabaseStmt':
      return { kind: 'alterDatabase', name: node.AlterDatabaseStmt?.dbname ?? '', options: convertOptions(node.AlterDatabaseStmt?.options, context) };
    case 'AlterDatabaseSetStmt':
      return {
        kind: 'alterDatabaseSet',
        name: node.AlterDatabaseSetStmt?.dbname ?? '',
        setting: convertSetVariable(node.AlterDatabaseSetStmt?.setstmt ?? {}, context),
      };
    case 'AlterDatabaseRefreshCollStmt':
      return { kind: 'refreshDatabaseCollation', name: node.AlterDatabaseRefreshCollStmt?.dbname ?? '' };
    case 'SecLabelStmt':
      return { kind: 'securityLabel', ...(node.SecLabelStmt?.provider === undefined ? {} : { provider: node.SecLabelStmt.provider }) };
    case 'AlterSystemStmt':
      return { kind: 'alterSystem', setting: convertSetVariable(node.AlterSystemStmt?.setstmt ?? {}, context) };
    case 'DropdbStmt':
      return {
        kind: 'dropDatabase',
        name: node.DropdbStmt?.dbname ?? '',
        ifExists: node.DropdbStmt?.missing_ok ?? false,
        force: ((node.DropdbStmt?.options ?? []) as readonly Raw[]).some((option) => option.DefElem?.defname === 'force'),
      };
    case 'CreateRoleStmt': {
      const { stmt_type: type, role, options } = node.CreateRoleStmt ?? {};
      return {
        kind: 'createRole',
        statement: type === 'ROLESTMT_USER' ? 'user' : type === 'ROLESTMT_GROUP' ? 'group' : 'role',
        name: role ?? '',
        options: convertRoleOptions(options, context),
      };
    }
    case 'AlterRoleStmt': {
      const { role, options, action } = node.AlterRoleStmt ?? {};
      const members = ((options ?? []) as readonly Raw[]).some((option) => option.DefElem?.defname === 'rolemembers');
      return {
        kind: 'alterRole',
        role: convertRole(role, context),
        options: convertRoleOptions(options, context),
        action: !members ? 'set' : (action ?? 0) < 0 ? 'drop' : 'add',
      };
    }
    case 'AlterRoleSetStmt': {
      const { role, database, setstmt } = node.AlterRoleSetStmt ?? {};
      return {
        kind: 'alterRoleSet',
        role: role === undefined ? undefined : convertRole(role, context),
        database,
        setting: convertSetVariable(setstmt ?? {}, context),
      };
    }
    case 'DropRoleStmt':
      return { kind: 'dropRole', roles: convertRoles(node.DropRoleStmt?.roles, context), ifExists: node.DropRoleStmt?.missing_ok ?? false };
    case 'GrantStmt':
      return grant(node.GrantStmt ?? {}, context);
    case 'GrantRoleStmt':
      return grantRole(node.GrantRoleStmt ?? {}, context);
    case 'AlterDefaultPrivilegesStmt': {
      const options = (node.AlterDefaultPrivilegesStmt?.options ?? []) as readonly Raw[];
      const list = (name: string): readonly Node[] | undefined => {
        const found = options.find((option) => option.DefElem?.defname === name)?.DefElem?.arg as Raw | undefined;
        return found?.List?.items;
      };
      return {
        kind: 'alterDefaultPrivileges',
        roles: convertRoles(list('roles'), context),
        schemas: namesOf(list('schemas')),
        grant: grant(node.AlterDefaultPrivilegesStmt?.action ?? {}, context),
      } satisfies AlterDefaultPrivileges;
    }
    case 'CreatePolicyStmt': {
      const { policy_name: name, table, cmd_name: command, permissive, roles, qual, with_check: check } = node.CreatePolicyStmt ?? {};
      return {
        kind: 'createPolicy',
        name: name ?? '',
        table: qualifiedName(table, context),
        command: (command ?? 'all') as CreatePolicy['command'],
        permissive: permissive ?? false,
        roles: convertRoles(roles, context),
        using: convertOptional(qual, context),
        check: convertOptional(check, context),
      };
    }
    case 'AlterPolicyStmt': {
      const { policy_name: name, table, roles, qual, with_check: check } = node.AlterPolicyStmt ?? {};
      return {
        kind: 'alterPolicy',
        name: name ?? '',
        table: qualifiedName(table, context),
        roles: convertRoles(roles, context),
        using: convertOptional(qual, context),
        check: convertOptional(check, context),
      };
    }
    case 'ReassignOwnedStmt':
      return {
        kind: 'reassignOwned',
        roles: convertRoles(node.ReassignOwnedStmt?.roles, context),
        to: convertRole(node.ReassignOwnedStmt?.newrole, context),
      };
    case 'DropOwnedStmt':
      return {
        kind: 'dropOwned',
        roles: convertRoles(node.DropOwnedStmt?.roles, context),
        cascade: node.DropOwnedStmt?.behavior === 'DROP_CASCADE',
      };
    default:
      return { kind: 'other', tag: otherTag(node) };
  }
}

function createSchema(statement: CreateSchemaStmt, context: Context): CreateSchema {
  return {
    kind: 'createSchema',
    name: statement.schemaname,
    authorization: statement.authrole === undefined ? undefined : convertRole(statement.authrole, context),
    ifNotExists: statement.if_not_exists ?? false,
    elements: ((statement.schemaElts ?? []) as readonly Raw[]).map((element) => convertStatement(element, context)),
  };
}

function drop(statement: DropStmt, context: Context): Drop {
  return {
    kind: 'drop',
    object: convertObjectType(statement.removeType),
    objects: ((statement.objects ?? []) as readonly Raw[]).map((object) => convertObject(object, context)),
    ifExists: statement.missing_ok ?? false,
    cascade: statement.behavior === 'DROP_CASCADE',
    concurrently: statement.concurrent ?? false,
  };
}

function comment(statement: CommentStmt, context: Context): Comment {
  return {
    kind: 'comment',
    object: convertObjectType(statement.objtype),
    target: convertObject(statement.object, context),
    comment: statement.comment,
  };
}

function rename(statement: RenameStmt, context: Context): Rename {
  const object = convertObjectType(statement.renameType);
  const { relation, subname } = statement;
  // Schemas, roles, databases belong to nothing, yet have their own name in `subname`.
  const own = relation === undefined && statement.object === undefined && subname !== undefined;
  const relationType = object === 'column' || object === 'attribute' ? convertObjectType(statement.relationType) : undefined;
  return {
    kind: 'rename',
    object,
    target: own ? { name: [subname] } : relation === undefined ? convertObject(statement.object, context) : { name: rangeNames(relation) },
    relationType,
    from: own ? undefined : subname,
    to: statement.newname ?? '',
    ifExists: statement.missing_ok ?? false,
    only: relation !== undefined && relation.inh !== true,
    cascade: statement.behavior === 'DROP_CASCADE',
  };
}

function grant(statement: GrantStmt, context: Context): Grant {
  return {
    kind: 'grant',
    isGrant: statement.is_grant ?? false,
    privileges: ((statement.privileges ?? []) as readonly Raw[]).map(({ AccessPriv: privilege = {} }) => ({
      name: privilege.priv_name?.toLowerCase(),
      columns: namesOf(privilege.cols),
    })),
    object: convertObjectType(statement.objtype),
    objects: ((statement.objects ?? []) as readonly Raw[]).map((object) => convertObject(object, context)),
    allInSchema: statement.targtype === 'ACL_TARGET_ALL_IN_SCHEMA',
    grantees: convertRoles(statement.grantees, context),
    grantOption: statement.grant_option ?? false,
    grantedBy: statement.grantor === undefined ? undefined : convertRole(statement.grantor, context),
    cascade: statement.behavior === 'DROP_CASCADE',
  };
}

function grantRole(statement: GrantRoleStmt, context: Context): GrantRole {
  return {
    kind: 'grantRole',
    isGrant: statement.is_grant ?? false,
    roles: ((statement.granted_roles ?? []) as readonly Raw[]).map((role) => {
      if (role.AccessPriv?.cols !== undefined) throw notSupported('a column list of a role');
      return role.AccessPriv?.priv_name ?? '';
    }),
    grantees: convertRoles(statement.grantee_roles, context),
    adminOption: statement.admin_opt ?? false,
    grantedBy: statement.grantor === undefined ? undefined : convertRole(statement.grantor, context),
    cascade: statement.behavior === 'DROP_CASCADE',
  };
}

/** Command tags of the statements that have no kind of their own. */
const otherTags = new Map<string, string>([
  ['AlterExtensionContentsStmt', 'ALTER EXTENSION'],
  ['AlterFdwStmt', 'ALTER FOREIGN DATA WRAPPER'],
  ['AlterForeignServerStmt', 'ALTER SERVER'],
  ['AlterObjectDependsStmt', 'ALTER DEPENDS ON EXTENSION'],
  ['AlterOpFamilyStmt', 'ALTER OPERATOR FAMILY'],
  ['AlterOperatorStmt', 'ALTER OPERATOR'],
  ['AlterPublicationStmt', 'ALTER PUBLICATION'],
  ['AlterSubscriptionStmt', 'ALTER SUBSCRIPTION'],
  ['AlterTableMoveAllStmt', 'ALTER TABLE ALL IN TABLESPACE'],
  ['AlterTableSpaceOptionsStmt', 'ALTER TABLESPACE'],
  ['AlterTSConfigurationStmt', 'ALTER TEXT SEARCH CONFIGURATION'],
  ['AlterTSDictionaryStmt', 'ALTER TEXT SEARCH DICTIONARY'],
  ['AlterTypeStmt', 'ALTER TYPE'],
  ['AlterUserMappingStmt', 'ALTER USER MAPPING'],
  ['CreateAmStmt', 'CREATE ACCESS METHOD'],
  ['CreateCastStmt', 'CREATE CAST'],
  ['CreateConversionStmt', 'CREATE CONVERSION'],
  ['CreateFdwStmt', 'CREATE FOREIGN DATA WRAPPER'],
  ['CreateForeignServerStmt', 'CREATE SERVER'],
  ['CreateForeignTableStmt', 'CREATE FOREIGN TABLE'],
  ['CreateOpClassStmt', 'CREATE OPERATOR CLASS'],
  ['CreateOpFamilyStmt', 'CREATE OPERATOR FAMILY'],
  ['CreatePLangStmt', 'CREATE LANGUAGE'],
  ['CreatePublicationStmt', 'CREATE PUBLICATION'],
  ['CreateSubscriptionStmt', 'CREATE SUBSCRIPTION'],
  ['CreateTableSpaceStmt', 'CREATE TABLESPACE'],
  ['CreateTransformStmt', 'CREATE TRANSFORM'],
  ['CreateUserMappingStmt', 'CREATE USER MAPPING'],
  ['DropSubscriptionStmt', 'DROP SUBSCRIPTION'],
  ['DropTableSpaceStmt', 'DROP TABLESPACE'],
  ['DropUserMappingStmt', 'DROP USER MAPPING'],
  ['ImportForeignSchemaStmt', 'IMPORT FOREIGN SCHEMA'],
  ['LoadStmt', 'LOAD'],
]);

const defineTags = new Map<DefineStmt['kind'], string>([
  ['OBJECT_OPERATOR', 'CREATE OPERATOR'],
  ['OBJECT_TSCONFIGURATION', 'CREATE TEXT SEARCH CONFIGURATION'],
  ['OBJECT_TSDICTIONARY', 'CREATE TEXT SEARCH DICTIONARY'],
  ['OBJECT_TSPARSER', 'CREATE TEXT SEARCH PARSER'],
  ['OBJECT_TSTEMPLATE', 'CREATE TEXT SEARCH TEMPLATE'],
  ['OBJECT_TYPE', 'CREATE TYPE'],
]);

function otherTag(node: Raw): string {
  if (node.DefineStmt !== undefined) return defineTags.get(node.DefineStmt.kind) ?? 'CREATE';
  const tag = tagOf(node) ?? '';
  return otherTags.get(tag) ?? tag.replace(/Stmt$/, '');
}
