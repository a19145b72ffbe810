/**
 * Statements that define tables, indexes, views, sequences, types and functions. Called by statement.ts.
 */
import { PgError } from '../../common/errors.js';
import {
  type AlterDomain,
  type AlterEnum,
  type CreateDomain,
  type CreateFunction,
  type CreateIndex,
  type CreateTable,
  type CreateTableAs,
  type CreateView,
  type Execute,
  type FunctionParameter,
  type LikeClause,
  type LikeOption,
  type OnCommit,
  type PartitionBound,
  type PartitionBy,
  type Persistence,
  type RangeDatum,
  type Select,
  type SetVariable,
  type Statement,
  type TableElement,
} from '../ast.js';
import { convertColumn, convertColumnConstraints, convertConstraint, convertTableConstraint } from './constraint.js';
import { namesOf, qualifiedName, stringOf, unexpected, type Context } from './context.js';
import { convertOptions } from './definition.js';
import { convertIndexElements } from './dml.js';
import { convertExpression, convertExpressions, convertOptional, convertTypeName } from './expression.js';
import { convertSelect } from './query.js';
import { tagOf, type Raw } from './raw.js';
import { convertSetVariable } from './session.js';
import type {
  AlterDomainStmt,
  AlterEnumStmt,
  CreateDomainStmt,
  CreateFunctionStmt,
  CreateStmt,
  CreateTableAsStmt,
  FunctionParameterMode,
  IndexStmt,
  IntoClause,
  Node,
  OnCommitAction,
  PartitionBoundSpec,
  PartitionSpec,
  TableLikeClause,
  ViewStmt,
} from '@pgsql/types';

export function persistenceOf(letter: string | undefined): Persistence {
  return letter === 't' ? 'temporary' : letter === 'u' ? 'unlogged' : 'permanent';
}

function onCommitOf(action: OnCommitAction | undefined): OnCommit | undefined {
  switch (action) {
    case 'ONCOMMIT_PRESERVE_ROWS':
      return 'preserveRows';
    case 'ONCOMMIT_DELETE_ROWS':
      return 'deleteRows';
    case 'ONCOMMIT_DROP':
      return 'drop';
    default:
      return undefined;
  }
}

export function convertCreateTable(statement: CreateStmt, context: Context): CreateTable {
  const elements = ((statement.tableElts ?? []) as readonly Raw[]).map((node): TableElement => {
    if (node.ColumnDef !== undefined) return convertColumn(node.ColumnDef, context);
    if (node.Constraint !== undefined) return { kind: 'constraint', constraint: convertTableConstraint(node.Constraint, context) };
    if (node.TableLikeClause !== undefined) return likeClause(node.TableLikeClause, context);
    throw unexpected(node, 'an element of CREATE TABLE');
  });
  const parents = ((statement.inhRelations ?? []) as readonly Raw[]).map((node) => qualifiedName(node.RangeVar, context));
  const bound = statement.partbound === undefined ? undefined : convertPartitionBound(statement.partbound, context);
  const [parent] = parents;
  return {
    kind: 'createTable',
    name: qualifiedName(statement.relation, context),
    persistence: persistenceOf(statement.relation?.relpersistence),
    ifNotExists: statement.if_not_exists ?? false,
    elements,
    inherits: bound === undefined ? parents : [],
    partitionOf: bound === undefined || parent === undefined ? undefined : { parent, bound },
    partitionBy: statement.partspec === undefined ? undefined : partitionBy(statement.partspec, context),
    ofType: statement.ofTypename === undefined ? undefined : convertTypeName(statement.ofTypename, context),
    accessMethod: statement.accessMethod,
    options: convertOptions(statement.options, context),
    onCommit: onCommitOf(statement.oncommit),
    tablespace: statement.tablespacename,
  };
}

/** In the order of PostgreSQL's CREATE_TABLE_LIKE_* bits. */
const likeOptions: readonly LikeOption[] = ['comments', 'compression', 'constraints', 'defaults', 'generated', 'identity', 'indexes', 'statistics', 'storage'];

function likeClause(clause: TableLikeClause, context: Context): LikeClause {
  const bits = clause.options ?? 0;
  return { kind: 'like', table: qualifiedName(clause.relation, context), including: likeOptions.filter((_, i) => (bits & (1 << i)) !== 0) };
}

function partitionBy(specification: PartitionSpec, context: Context): PartitionBy {
  const position = context.position(specification.location);
  const strategy = specification.strategy?.toLowerCase();
  if (strategy !== 'list' && strategy !== 'range' && strategy !== 'hash') {
    throw new PgError('22023', `unrecognized partitioning strategy "${specification.strategy ?? ''}"`);
  }
  return {
    strategy,
    keys: ((specification.partParams ?? []) as readonly Raw[]).map(({ PartitionElem: element = {} }) => ({
      column: element.name,
      expression: convertOptional(element.expr, context),
      collation: element.collation === undefined ? undefined : namesOf(element.collation),
      operatorClass: element.opclass === undefined ? undefined : namesOf(element.opclass),
      position: context.position(element.location),
    })),
    position,
  };
}

export function convertPartitionBound(bound: PartitionBoundSpec, context: Context): PartitionBound {
  const position = context.position(bound.location);
  if (bound.is_default === true) return { kind: 'default', position };
  switch (bound.strategy) {
    case 'l':
      return { kind: 'list', values: convertExpressions(bound.listdatums, context), position };
    case 'r':
      return { kind: 'range', lower: rangeData(bound.lowerdatums, context), upper: rangeData(bound.upperdatums, context), position };
    default:
      return { kind: 'hash', modulus: bound.modulus ?? 0, remainder: bound.remainder ?? 0, position };
  }
}

/** MINVALUE and MAXVALUE come as column names. */
function rangeData(nodes: readonly Node[] | undefined, context: Context): readonly RangeDatum[] {
  return (nodes ?? []).map((node): RangeDatum => {
    const fields = (node as Raw).ColumnRef?.fields;
    const name = fields?.length === 1 ? stringOf(fields[0]) : undefined;
    if (name === 'minvalue') return { kind: 'minValue' };
    if (name === 'maxvalue') return { kind: 'maxValue' };
    return { kind: 'value', value: convertExpression(node, context) };
  });
}

export function convertCreateTableAs(statement: CreateTableAsStmt, context: Context): CreateTableAs {
  const query = statement.query as Raw;
  const source = query.ExecuteStmt === undefined ? convertSelect(query.SelectStmt ?? {}, context) : (context.convert.statement(query, context) as Execute);
  return createTableAs(statement.into ?? {}, source, statement.objtype === 'OBJECT_MATVIEW', statement.if_not_exists ?? false, false, context);
}

/** Also the form of SELECT ... INTO. */
export function createTableAs(
  into: IntoClause,
  source: Select | Execute,
  materializedView: boolean,
  ifNotExists: boolean,
  selectInto: boolean,
  context: Context,
): CreateTableAs {
  return {
    kind: 'createTableAs',
    object: materializedView ? 'materializedView' : 'table',
    name: qualifiedName(into.rel, context),
    columns: namesOf(into.colNames),
    persistence: persistenceOf(into.rel?.relpersistence),
    ifNotExists,
    source,
    withData: into.skipData !== true,
    selectInto,
    accessMethod: into.accessMethod,
    options: convertOptions(into.options, context),
    onCommit: onCommitOf(into.onCommit),
    tablespace: into.tableSpaceName,
  };
}

export function convertCreateIndex(statement: IndexStmt, context: Context): CreateIndex {
  return {
    kind: 'createIndex',
    name: statement.idxname,
    table: qualifiedName(statement.relation, context),
    only: statement.relation?.inh !== true,
    unique: statement.unique ?? false,
    nullsNotDistinct: statement.nulls_not_distinct ?? false,
    concurrently: statement.concurrent ?? false,
    ifNotExists: statement.if_not_exists ?? false,
    accessMethod: statement.accessMethod ?? 'btree',
    elements: convertIndexElements(statement.indexParams, context),
    including: ((statement.indexIncludingParams ?? []) as readonly Raw[]).map(({ IndexElem: element = {} }) => {
      if (element.name === undefined) throw new PgError('0A000', 'expressions are not supported in included columns');
      return element.name;
    }),
    where: convertOptional(statement.whereClause, context),
    options: convertOptions(statement.options, context),
    tablespace: statement.tableSpace,
  };
}

export function convertCreateView(statement: ViewStmt, context: Context): CreateView {
  const { withCheckOption } = statement;
  return {
    kind: 'createView',
    name: qualifiedName(statement.view, context),
    columns: namesOf(statement.aliases),
    query: convertSelect((statement.query as Raw).SelectStmt ?? {}, context),
    replace: statement.replace ?? false,
    persistence: persistenceOf(statement.view?.relpersistence),
    options: convertOptions(statement.options, context),
    checkOption: withCheckOption === 'LOCAL_CHECK_OPTION' ? 'local' : withCheckOption === 'CASCADED_CHECK_OPTION' ? 'cascaded' : undefined,
  };
}

export function convertCreateDomain(statement: CreateDomainStmt, context: Context): CreateDomain {
  return {
    kind: 'createDomain',
    name: namesOf(statement.domainname),
    type: convertTypeName(statement.typeName ?? {}, context),
    collation: statement.collClause === undefined ? undefined : namesOf(statement.collClause.collname),
    constraints: convertColumnConstraints(statement.constraints, context),
  };
}

export function convertAlterDomain(statement: AlterDomainStmt, context: Context): AlterDomain {
  return { kind: 'alterDomain', name: namesOf(statement.typeName), action: domainAction(statement, context) };
}

function domainAction(statement: AlterDomainStmt, context: Context): AlterDomain['action'] {
  const name = statement.name ?? '';
  switch (statement.subtype) {
    case 'T':
      return statement.def === undefined ? { kind: 'dropDefault' } : { kind: 'setDefault', expression: convertExpression(statement.def, context) };
    case 'N':
      return { kind: 'dropNotNull' };
    case 'O':
      return { kind: 'setNotNull' };
    case 'C': {
      const constraint = convertConstraint((statement.def as Raw).Constraint ?? {}, context);
      if (constraint.kind === 'exclusion') throw unexpected(statement.def as Raw, 'a constraint of a domain');
      return { kind: 'addConstraint', constraint };
    }
    case 'X':
      return { kind: 'dropConstraint', name, ifExists: statement.missing_ok ?? false, cascade: statement.behavior === 'DROP_CASCADE' };
    case 'V':
      return { kind: 'validateConstraint', name };
    default:
      throw unexpected({}, `ALTER DOMAIN action ${String(statement.subtype)}`);
  }
}

export function convertAlterEnum(statement: AlterEnumStmt): AlterEnum {
  const label = statement.newVal ?? '';
  return {
    kind: 'alterEnum',
    name: namesOf(statement.typeName),
    action:
      statement.oldVal === undefined
        ? {
            kind: 'addValue',
            label,
            ifNotExists: statement.skipIfNewValExists ?? false,
            neighbour: statement.newValNeighbor === undefined ? undefined : { label: statement.newValNeighbor, before: statement.newValIsAfter !== true },
          }
        : { kind: 'renameValue', from: statement.oldVal, to: label },
  };
}

function parameterMode(mode: FunctionParameterMode | undefined): FunctionParameter['mode'] {
  switch (mode) {
    case 'FUNC_PARAM_OUT':
      return 'out';
    case 'FUNC_PARAM_INOUT':
      return 'inout';
    case 'FUNC_PARAM_VARIADIC':
      return 'variadic';
    case 'FUNC_PARAM_TABLE':
      return 'table';
    default:
      return 'in';
  }
}

export function convertParameters(parameters: readonly Raw[], context: Context): readonly FunctionParameter[] {
  return parameters.map(({ FunctionParameter: parameter = {} }) => ({
    name: parameter.name,
    type: convertTypeName(parameter.argType ?? {}, context),
    mode: parameterMode(parameter.mode),
    defaultValue: convertOptional(parameter.defexpr, context),
  }));
}

export function convertCreateFunction(statement: CreateFunctionStmt, context: Context): CreateFunction {
  const result: { -readonly [K in keyof CreateFunction]: CreateFunction[K] } = {
    kind: 'createFunction',
    object: statement.is_procedure === true ? 'procedure' : 'function',
    name: namesOf(statement.funcname),
    replace: statement.replace ?? false,
    parameters: convertParameters(statement.parameters ?? [], context),
    returns: statement.returnType === undefined ? undefined : convertTypeName(statement.returnType, context),
    definition: [],
    sqlBody: statement.sql_body === undefined ? undefined : sqlBody(statement.sql_body, context),
    volatility: 'volatile',
    strict: false,
    securityDefiner: false,
    leakproof: false,
    window: false,
    parallel: 'unsafe',
    settings: [],
  };
  const settings: SetVariable[] = [];
  const seen = new Set<string>();
  for (const { DefElem: element = {} } of (statement.options ?? []) as readonly Raw[]) {
    const name = element.defname ?? '';
    const position = context.position(element.location);
    if (name !== 'set' && seen.has(name)) throw new PgError('42601', 'conflicting or redundant options', { position });
    seen.add(name);
    applyFunctionOption(result, settings, name, element.arg, position, context);
  }
  result.settings = settings;
  return result;
}

function applyFunctionOption(
  result: { -readonly [K in keyof CreateFunction]: CreateFunction[K] },
  settings: SetVariable[],
  name: string,
  argument: Raw | undefined,
  position: number | undefined,
  context: Context,
): void {
  const text = argument?.String?.sval ?? '';
  const flag = argument?.Boolean?.boolval ?? false;
  const number = argument?.Integer !== undefined ? (argument.Integer.ival ?? 0) : Number(argument?.Float?.fval ?? 0);
  switch (name) {
    case 'language':
      result.language = text;
      break;
    case 'as':
      result.definition = namesOf(argument?.List?.items);
      break;
    case 'volatility':
      result.volatility = text === 'immutable' ? 'immutable' : text === 'stable' ? 'stable' : 'volatile';
      break;
    case 'strict':
      result.strict = flag;
      break;
    case 'security':
      result.securityDefiner = flag;
      break;
    case 'leakproof':
      result.leakproof = flag;
      break;
    case 'window':
      result.window = flag;
      break;
    case 'parallel':
      if (text !== 'safe' && text !== 'restricted' && text !== 'unsafe') {
        throw new PgError('42601', 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE');
      }
      result.parallel = text;
      break;
    case 'cost':
      result.cost = number;
      break;
    case 'rows':
      result.rows = number;
      break;
    case 'set':
      settings.push(convertSetVariable(argument?.VariableSetStmt ?? {}, context));
      break;
    default:
      throw new PgError('0A000', `${name.toUpperCase()} of a function is not supported`, { position });
  }
}

function sqlBody(node: Raw, context: Context): CreateFunction['sqlBody'] {
  if (node.ReturnStmt !== undefined) return { kind: 'return', expression: convertExpression(node.ReturnStmt.returnval as Node, context) };
  const statements: Statement[] = [];
  for (const group of (node.List?.items ?? []) as readonly Raw[]) {
    for (const item of (group.List?.items ?? []) as readonly Raw[]) if (tagOf(item) !== undefined) statements.push(context.convert.statement(item, context));
  }
  return { kind: 'atomic', statements };
}
