/**
 * The grammar's expression nodes -> our expressions. Called for every expression of every statement; recursion is bounded by `Context.enter`.
 */
import { notSupported, PgError } from '../../common/errors.js';
import type {
  BooleanTest,
  CaseWhen,
  Expression,
  FrameBound,
  FunctionCall,
  SortItem,
  SqlValueFunctionName,
  SubscriptItem,
  Target,
  TypeName,
  WindowFrame,
  WindowSpecification,
} from '../ast.js';
import { namesOf, stringOf, unexpected, type Context } from './context.js';
import { tagOf, type Raw } from './raw.js';
import type {
  A_Const,
  A_Expr,
  A_Indirection,
  BoolExpr,
  BooleanTest as RawBooleanTest,
  CaseExpr,
  ColumnRef,
  FuncCall,
  Node,
  ParamRef,
  SelectStmt,
  SortBy,
  SQLValueFunction,
  SubLink,
  TypeCast,
  TypeName as RawTypeName,
  WindowDef,
} from '@pgsql/types';

const none: readonly never[] = [];

/** One expression; refuses what has no form in our tree with 0A000. */
export function convertExpression(node: Node, context: Context): Expression {
  context.enter();
  const expression = dispatch(node, context);
  context.leave();
  return expression;
}

export function convertOptional(node: Node | undefined, context: Context): Expression | undefined {
  return node === undefined ? undefined : convertExpression(node, context);
}

export function convertExpressions(nodes: readonly Node[] | undefined, context: Context): readonly Expression[] {
  if (nodes === undefined) return none;
  const list = new Array<Expression>(nodes.length);
  for (let i = 0; i < nodes.length; i++) list[i] = convertExpression(nodes[i] as Node, context);
  return list;
}

function dispatch(node: Raw, context: Context): Expression {
  switch (tagOf(node)) {
    case 'ColumnRef':
      return columnReference(node.ColumnRef as ColumnRef, context);
    case 'A_Const':
      return constant(node.A_Const as A_Const, context);
    case 'A_Expr':
      return operation(node.A_Expr as A_Expr, context);
    case 'BoolExpr':
      return booleanExpression(node.BoolExpr as BoolExpr, context);
    case 'FuncCall':
      return functionCall(node.FuncCall as FuncCall, context);
    case 'TypeCast':
      return cast(node.TypeCast as TypeCast, context);
    case 'ParamRef':
      return parameter(node.ParamRef ?? {}, context);
    case 'SubLink':
      return subLink(node.SubLink as SubLink, context);
    case 'NullTest':
      return {
        kind: 'nullTest',
        argument: convertExpression(node.NullTest?.arg as Node, context),
        negated: node.NullTest?.nulltesttype === 'IS_NOT_NULL',
        position: context.position(node.NullTest?.location),
      };
    case 'BooleanTest':
      return booleanTest(node.BooleanTest as RawBooleanTest, context);
    case 'CaseExpr':
      return caseExpression(node.CaseExpr as CaseExpr, context);
    case 'CoalesceExpr':
      return { kind: 'coalesce', arguments: convertExpressions(node.CoalesceExpr?.args, context), position: context.position(node.CoalesceExpr?.location) };
    case 'MinMaxExpr':
      return {
        kind: 'minMax',
        which: node.MinMaxExpr?.op === 'IS_LEAST' ? 'least' : 'greatest',
        arguments: convertExpressions(node.MinMaxExpr?.args, context),
        position: context.position(node.MinMaxExpr?.location),
      };
    case 'A_ArrayExpr':
      return { kind: 'array', elements: convertExpressions(node.A_ArrayExpr?.elements, context), position: context.position(node.A_ArrayExpr?.location) };
    case 'RowExpr':
      return {
        kind: 'row',
        fields: convertExpressions(node.RowExpr?.args, context),
        explicit: node.RowExpr?.row_format === 'COERCE_EXPLICIT_CALL',
        position: context.position(node.RowExpr?.location),
      };
    case 'A_Indirection':
      return indirection(node.A_Indirection as A_Indirection, context);
    case 'CollateClause':
      return {
        kind: 'collate',
        argument: convertExpression(node.CollateClause?.arg as Node, context),
        collation: namesOf(node.CollateClause?.collname),
        position: context.position(node.CollateClause?.location),
      };
    case 'SQLValueFunction':
      return sqlValue(node.SQLValueFunction as SQLValueFunction, context);
    case 'NamedArgExpr':
      return {
        kind: 'namedArgument',
        name: node.NamedArgExpr?.name ?? '',
        argument: convertExpression(node.NamedArgExpr?.arg as Node, context),
        position: context.position(node.NamedArgExpr?.location),
      };
    case 'GroupingFunc':
      return { kind: 'grouping', arguments: convertExpressions(node.GroupingFunc?.args, context), position: context.position(node.GroupingFunc?.location) };
    case 'SetToDefault':
      return { kind: 'default', position: context.position(node.SetToDefault?.location) };
    case 'CurrentOfExpr':
      return { kind: 'currentOf', cursor: node.CurrentOfExpr?.cursor_name ?? '' };
    case 'XmlExpr':
      throw notSupported('XML', context.position(node.XmlExpr?.location));
    case 'XmlSerialize':
      throw notSupported('XML', context.position(node.XmlSerialize?.location));
    default:
      throw unexpected(node, 'an expression');
  }
}

/** The highest number of a parameter that the protocol can carry. */
const maximumParameter = 65535;

function parameter({ number = 0, location }: ParamRef, context: Context): Expression {
  const position = context.position(location);
  // The grammar's numbers overflow into the negative.
  if (number < 1 || number > maximumParameter) throw new PgError('42P02', `there is no parameter $${number}`, position === undefined ? {} : { position });
  refuseJunk(location, 'parameter', context);
  return { kind: 'parameter', number, position };
}

function refuseJunk(location: number | undefined, what: 'numeric literal' | 'parameter', context: Context): void {
  const junk = context.source.trailingJunk(location);
  if (junk !== undefined) throw new PgError('42601', `trailing junk after ${what} at or near "${junk.text}"`, { position: junk.position });
}

function columnReference(reference: ColumnRef, context: Context): Expression {
  const { fields = [] } = reference;
  const position = context.position(reference.location);
  const parts: string[] = [];
  for (const field of fields as readonly Raw[]) {
    if (field.String === undefined) return { kind: 'star', qualifier: parts, position };
    parts.push(field.String.sval ?? '');
  }
  return { kind: 'column', parts, position };
}

function constant(value: A_Const, context: Context): Expression {
  const position = context.position(value.location);
  if (value.ival !== undefined) {
    refuseJunk(value.location, 'numeric literal', context);
    return { kind: 'integer', value: value.ival.ival ?? 0, position };
  }
  if (value.sval !== undefined) return { kind: 'string', value: value.sval.sval ?? '', position };
  if (value.fval !== undefined) {
    refuseJunk(value.location, 'numeric literal', context);
    const text = value.fval.fval ?? '';
    // The one int4 that the grammar's negation leaves as text.
    return text === '-2147483648' ? { kind: 'integer', value: -2147483648, position } : { kind: 'numeric', text, position };
  }
  if (value.boolval !== undefined) return { kind: 'boolean', value: value.boolval.boolval ?? false, position };
  if (value.bsval !== undefined) {
    const text = value.bsval.bsval ?? 'b';
    return { kind: 'bitString', base: text.startsWith('x') ? 'hexadecimal' : 'binary', digits: text.slice(1), position };
  }
  return { kind: 'null', position };
}

/** The last name is the operator's; the one before it a schema. */
function operatorOf(names: readonly Node[] | undefined): string {
  return names === undefined ? '=' : stringOf(names[names.length - 1]);
}

function operatorSchemaOf(names: readonly Node[] | undefined): string | undefined {
  return names === undefined || names.length < 2 ? undefined : stringOf(names[names.length - 2]);
}

function operation(expression: A_Expr, context: Context): Expression {
  const position = context.position(expression.location);
  const { name } = expression;
  const right = expression.rexpr as Node;
  switch (expression.kind) {
    case 'AEXPR_OP': {
      const operator = operatorOf(name);
      const operatorSchema = operatorSchemaOf(name);
      if (expression.lexpr === undefined) return { kind: 'unary', operator, operatorSchema, argument: convertExpression(right, context), position };
      const left = convertExpression(expression.lexpr, context);
      return { kind: 'binary', operator, operatorSchema, left, right: convertExpression(right, context), position };
    }
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      return {
        kind: 'quantifiedArray',
        quantifier: expression.kind === 'AEXPR_OP_ANY' ? 'any' : 'all',
        operator: operatorOf(name),
        operatorSchema: operatorSchemaOf(name),
        argument: convertExpression(expression.lexpr as Node, context),
        array: convertExpression(right, context),
        position,
      };
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return {
        kind: 'distinctFrom',
        left: convertExpression(expression.lexpr as Node, context),
        right: convertExpression(right, context),
        negated: expression.kind === 'AEXPR_NOT_DISTINCT',
        position,
      };
    case 'AEXPR_NULLIF':
      return { kind: 'nullIf', left: convertExpression(expression.lexpr as Node, context), right: convertExpression(right, context), position };
    case 'AEXPR_IN':
      return {
        kind: 'in',
        argument: convertExpression(expression.lexpr as Node, context),
        list: convertExpressions((right as Raw).List?.items, context),
        negated: operatorOf(name) === '<>',
        position,
      };
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
    case 'AEXPR_SIMILAR':
      return like(expression, position, context);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM': {
      const bounds = (right as Raw).List?.items ?? [];
      return {
        kind: 'between',
        argument: convertExpression(expression.lexpr as Node, context),
        low: convertExpression(bounds[0] as Node, context),
        high: convertExpression(bounds[1] as Node, context),
        symmetric: expression.kind === 'AEXPR_BETWEEN_SYM' || expression.kind === 'AEXPR_NOT_BETWEEN_SYM',
        negated: expression.kind === 'AEXPR_NOT_BETWEEN' || expression.kind === 'AEXPR_NOT_BETWEEN_SYM',
        position,
      };
    }
    default:
      throw notSupported(`the operator form ${String(expression.kind)}`, position);
  }
}

/** The grammar wraps the pattern of ESCAPE (and every pattern of SIMILAR TO) in a call of its own making. */
function like(expression: A_Expr, position: number | undefined, context: Context): Expression {
  const operator = operatorOf(expression.name);
  let pattern = expression.rexpr as Node;
  let escape: Node | undefined;
  const call = (pattern as Raw).FuncCall;
  // A call of its own making stands at the operator, one that the user wrote behind it.
  if (call !== undefined && call.location === expression.location && call.funcname?.length === 2) {
    const name = stringOf(call.funcname[1]);
    if (name === 'like_escape' || name === 'similar_to_escape') {
      pattern = call.args?.[0] as Node;
      escape = call.args?.[1];
    }
  }
  return {
    kind: 'like',
    variant: expression.kind === 'AEXPR_LIKE' ? 'like' : expression.kind === 'AEXPR_ILIKE' ? 'ilike' : 'similar',
    argument: convertExpression(expression.lexpr as Node, context),
    pattern: convertExpression(pattern, context),
    escape: convertOptional(escape, context),
    negated: operator.startsWith('!'),
    position,
  };
}

function booleanExpression(expression: BoolExpr, context: Context): Expression {
  const position = context.position(expression.location);
  if (expression.boolop === 'AND_EXPR') return { kind: 'and', arguments: convertExpressions(expression.args, context), position };
  if (expression.boolop === 'OR_EXPR') return { kind: 'or', arguments: convertExpressions(expression.args, context), position };
  const inner = expression.args?.[0] as Raw;
  const link = inner.SubLink;
  // `a NOT IN (SELECT ...)` comes as NOT over IN, both at the same place.
  if (link?.subLinkType === 'ANY_SUBLINK' && link.operName === undefined && link.location === expression.location) {
    return {
      kind: 'inSubquery',
      argument: convertExpression(link.testexpr as Node, context),
      query: context.convert.select(selectOf(link.subselect), context),
      negated: true,
      position,
    };
  }
  return { kind: 'not', argument: convertExpression(inner as Node, context), position };
}

function booleanTest(test: RawBooleanTest, context: Context): BooleanTest {
  const type = test.booltesttype ?? 'IS_TRUE';
  return {
    kind: 'booleanTest',
    argument: convertExpression(test.arg as Node, context),
    test: type.endsWith('TRUE') ? 'true' : type.endsWith('FALSE') ? 'false' : 'unknown',
    negated: type.startsWith('IS_NOT'),
    position: context.position(test.location),
  };
}

function selectOf(node: Node | undefined): SelectStmt {
  return (node as Raw | undefined)?.SelectStmt ?? {};
}

function subLink(link: SubLink, context: Context): Expression {
  const position = context.position(link.location);
  const query = context.convert.select(selectOf(link.subselect), context);
  switch (link.subLinkType) {
    case 'EXISTS_SUBLINK':
      return { kind: 'exists', query, position };
    case 'ARRAY_SUBLINK':
      return { kind: 'arraySubquery', query, position };
    case 'EXPR_SUBLINK':
      return { kind: 'subquery', query, position };
    case 'ANY_SUBLINK':
    case 'ALL_SUBLINK': {
      const argument = convertExpression(link.testexpr as Node, context);
      if (link.operName === undefined) return { kind: 'inSubquery', argument, query, negated: false, position };
      return {
        kind: 'quantifiedSubquery',
        quantifier: link.subLinkType === 'ANY_SUBLINK' ? 'any' : 'all',
        operator: operatorOf(link.operName),
        operatorSchema: operatorSchemaOf(link.operName),
        argument,
        query,
        position,
      };
    }
    default:
      throw notSupported(`the subquery form ${String(link.subLinkType)}`, position);
  }
}

function caseExpression(expression: CaseExpr, context: Context): Expression {
  const whens: CaseWhen[] = [];
  for (const item of (expression.args ?? []) as readonly Raw[]) {
    whens.push({
      condition: convertExpression(item.CaseWhen?.expr as Node, context),
      result: convertExpression(item.CaseWhen?.result as Node, context),
      position: context.position(item.CaseWhen?.location),
    });
  }
  return {
    kind: 'case',
    operand: convertOptional(expression.arg, context),
    whens,
    otherwise: convertOptional(expression.defresult, context),
    position: context.position(expression.location),
  };
}

export function functionCall(call: FuncCall, context: Context): Expression {
  const sqlSyntax = call.funcformat === 'COERCE_SQL_SYNTAX';
  const position = context.position(call.location);
  if (sqlSyntax && call.args?.length === 2 && stringOf(call.funcname?.[1]) === 'timezone') {
    const zone = convertExpression(call.args[0] as Node, context);
    return { kind: 'atTimeZone', argument: convertExpression(call.args[1] as Node, context), zone, position };
  }
  if (sqlSyntax && stringOf(call.funcname?.[1]) === 'xmlexists') throw notSupported('XML', position);
  return {
    kind: 'function',
    name: namesOf(call.funcname),
    arguments: convertExpressions(call.args, context),
    star: call.agg_star ?? false,
    distinct: call.agg_distinct ?? false,
    variadic: call.func_variadic ?? false,
    orderBy: convertSortItems(call.agg_order, context),
    withinGroup: call.agg_within_group ?? false,
    filter: convertOptional(call.agg_filter, context),
    over: call.over === undefined ? undefined : convertWindow(call.over, context),
    sqlSyntax,
    position,
  } satisfies FunctionCall;
}

function cast(expression: TypeCast, context: Context): Expression {
  const type = convertTypeName(expression.typeName ?? {}, context);
  return {
    kind: 'cast',
    argument: convertExpression(expression.arg as Node, context),
    type,
    position: context.position(expression.location) ?? type.position,
  };
}

export function convertTypeName(type: RawTypeName, context: Context): TypeName {
  return {
    names: namesOf(type.names),
    typmods: convertExpressions(type.typmods, context),
    arrayBounds: type.arrayBounds === undefined ? none : (type.arrayBounds as readonly Raw[]).map((bound) => bound.Integer?.ival ?? 0),
    setOf: type.setof ?? false,
    percentType: type.pct_type ?? false,
    position: context.position(type.location),
  };
}

export function convertSubscript(indices: NonNullable<Raw['A_Indices']>, context: Context): SubscriptItem {
  if (indices.is_slice !== true) return { kind: 'index', index: convertExpression(indices.uidx as Node, context) };
  return { kind: 'slice', lower: convertOptional(indices.lidx, context), upper: convertOptional(indices.uidx, context) };
}

/** `arg[1][2].field.*`: a chain, from the inside out. */
function indirection(node: A_Indirection, context: Context): Expression {
  let result = convertExpression(node.arg as Node, context);
  const { position } = result;
  let subscripts: SubscriptItem[] | undefined;
  // Each step nests the result one deeper.
  const steps = (node.indirection ?? []) as readonly Raw[];
  for (const step of steps) {
    context.enter();
    if (step.A_Indices !== undefined) {
      const item = convertSubscript(step.A_Indices, context);
      if (subscripts === undefined) {
        subscripts = [item];
        result = { kind: 'subscript', argument: result, subscripts, position };
      } else subscripts.push(item);
      continue;
    }
    subscripts = undefined;
    result =
      step.String === undefined
        ? { kind: 'fieldStar', argument: result, position }
        : { kind: 'field', argument: result, field: step.String.sval ?? '', position };
  }
  for (let i = 0; i < steps.length; i++) context.leave();
  return result;
}

const sqlValueFunctions = new Map<string, SqlValueFunctionName>([
  ['SVFOP_CURRENT_DATE', 'current_date'],
  ['SVFOP_CURRENT_TIME', 'current_time'],
  ['SVFOP_CURRENT_TIME_N', 'current_time'],
  ['SVFOP_CURRENT_TIMESTAMP', 'current_timestamp'],
  ['SVFOP_CURRENT_TIMESTAMP_N', 'current_timestamp'],
  ['SVFOP_LOCALTIME', 'localtime'],
  ['SVFOP_LOCALTIME_N', 'localtime'],
  ['SVFOP_LOCALTIMESTAMP', 'localtimestamp'],
  ['SVFOP_LOCALTIMESTAMP_N', 'localtimestamp'],
  ['SVFOP_CURRENT_ROLE', 'current_role'],
  ['SVFOP_CURRENT_USER', 'current_user'],
  ['SVFOP_USER', 'user'],
  ['SVFOP_SESSION_USER', 'session_user'],
  ['SVFOP_CURRENT_CATALOG', 'current_catalog'],
  ['SVFOP_CURRENT_SCHEMA', 'current_schema'],
]);

function sqlValue(value: SQLValueFunction, context: Context): Expression {
  const name = sqlValueFunctions.get(value.op ?? '');
  const position = context.position(value.location);
  if (name === undefined) throw notSupported(`the function ${value.op ?? ''}`, position);
  const typmod = value.typmod ?? 0;
  return { kind: 'sqlValue', function: name, precision: value.op?.endsWith('_N') === true && typmod >= 0 ? typmod : undefined, position };
}

export function convertSortItems(nodes: readonly Node[] | undefined, context: Context): readonly SortItem[] {
  if (nodes === undefined) return none;
  return (nodes as readonly Raw[]).map((node) => sortItem(node.SortBy ?? {}, context));
}

function sortItem(sort: SortBy, context: Context): SortItem {
  const expression = convertExpression(sort.node as Node, context);
  const direction =
    sort.sortby_dir === 'SORTBY_DESC' ? 'desc' : sort.sortby_dir === 'SORTBY_ASC' ? 'asc' : sort.sortby_dir === 'SORTBY_USING' ? 'using' : 'default';
  return {
    expression,
    direction,
    nulls: sort.sortby_nulls === 'SORTBY_NULLS_FIRST' ? 'first' : sort.sortby_nulls === 'SORTBY_NULLS_LAST' ? 'last' : 'default',
    operator: direction === 'using' ? operatorOf(sort.useOp) : undefined,
    operatorSchema: direction === 'using' ? operatorSchemaOf(sort.useOp) : undefined,
    position: (direction === 'using' ? context.position(sort.location) : undefined) ?? expression.position,
  };
}

export function convertTargets(nodes: readonly Node[] | undefined, context: Context): readonly Target[] {
  if (nodes === undefined) return none;
  const targets = new Array<Target>(nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    const target = (nodes[i] as Raw).ResTarget ?? {};
    targets[i] = { expression: convertExpression(target.val as Node, context), name: target.name, position: context.position(target.location) };
  }
  return targets;
}

export function convertWindow(window: WindowDef, context: Context): WindowSpecification {
  return {
    name: window.name,
    base: window.refname,
    partitionBy: convertExpressions(window.partitionClause, context),
    orderBy: convertSortItems(window.orderClause, context),
    frame: frame(window, context),
    position: context.position(window.location),
  };
}

/** PostgreSQL's FRAMEOPTION_* bits (nodes/parsenodes.h). */
const frameBit = {
  nonDefault: 0x1,
  rows: 0x4,
  groups: 0x8,
  between: 0x10,
  startUnboundedPreceding: 0x20,
  endUnboundedPreceding: 0x40,
  startUnboundedFollowing: 0x80,
  endUnboundedFollowing: 0x100,
  startCurrentRow: 0x200,
  endCurrentRow: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  startFollowing: 0x2000,
  endFollowing: 0x4000,
  excludeCurrentRow: 0x8000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const;

function frame(window: WindowDef, context: Context): WindowFrame | undefined {
  const bits = window.frameOptions ?? 0;
  if ((bits & frameBit.nonDefault) === 0) return undefined;
  let start: FrameBound = { kind: 'currentRow' };
  if ((bits & frameBit.startUnboundedPreceding) !== 0) start = { kind: 'unboundedPreceding' };
  else if ((bits & frameBit.startUnboundedFollowing) !== 0) start = { kind: 'unboundedFollowing' };
  else if ((bits & frameBit.startPreceding) !== 0) start = { kind: 'preceding', offset: convertExpression(window.startOffset as Node, context) };
  else if ((bits & frameBit.startFollowing) !== 0) start = { kind: 'following', offset: convertExpression(window.startOffset as Node, context) };
  let end: FrameBound = { kind: 'currentRow' };
  if ((bits & frameBit.endUnboundedPreceding) !== 0) end = { kind: 'unboundedPreceding' };
  else if ((bits & frameBit.endUnboundedFollowing) !== 0) end = { kind: 'unboundedFollowing' };
  else if ((bits & frameBit.endPreceding) !== 0) end = { kind: 'preceding', offset: convertExpression(window.endOffset as Node, context) };
  else if ((bits & frameBit.endFollowing) !== 0) end = { kind: 'following', offset: convertExpression(window.endOffset as Node, context) };
  return {
    mode: (bits & frameBit.rows) !== 0 ? 'rows' : (bits & frameBit.groups) !== 0 ? 'groups' : 'range',
    start,
    end,
    ...((bits & frameBit.between) === 0 ? { short: true as const } : {}),
    exclude:
      (bits & frameBit.excludeCurrentRow) !== 0
        ? 'currentRow'
        : (bits & frameBit.excludeGroup) !== 0
          ? 'group'
          : (bits & frameBit.excludeTies) !== 0
            ? 'ties'
            : 'noOthers',
  };
}
