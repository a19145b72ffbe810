/**
 * SELECT, VALUES, set operations and their clauses -> our queries. Called by statement.ts and, through the context, by expression.ts.
 */
import { notSupported, PgError } from '../../common/errors.js';
import type {
  Alias,
  ColumnDefinitionItem,
  CommonTableExpression,
  FromItem,
  FunctionItem,
  GroupingElement,
  Join,
  Locking,
  Select,
  SelectBody,
  TableItem,
  WindowSpecification,
  With,
} from '../ast.js';
import { namesOf, qualifiedName, unexpected, type Context } from './context.js';
import { convertExpression, convertExpressions, convertOptional, convertSortItems, convertTargets, convertTypeName, convertWindow } from './expression.js';
import type { Raw } from './raw.js';
import type { Alias as RawAlias, CommonTableExpr, JoinExpr, LockClauseStrength, Node, RangeFunction, RangeVar, SelectStmt, WithClause } from '@pgsql/types';

const none: readonly never[] = [];

/** A query without INTO (which is only legal at the top, where statement.ts takes it off). */
export function convertSelect(select: SelectStmt, context: Context): Select {
  context.enter();
  const withClause = select.withClause === undefined ? undefined : convertWith(select.withClause, context);
  const body = convertBody(select, context);
  const result: Select = {
    kind: 'select',
    with: withClause,
    body,
    orderBy: convertSortItems(select.sortClause, context),
    limit: convertOptional(select.limitCount, context),
    offset: convertOptional(select.limitOffset, context),
    withTies: select.limitOption === 'LIMIT_OPTION_WITH_TIES',
    locking: select.lockingClause === undefined ? none : convertLocking(select.lockingClause, context),
    position: body.kind === 'core' ? body.targets[0]?.position : body.kind === 'values' ? body.position : body.left.position,
  };
  context.leave();
  return result;
}

function convertBody(select: SelectStmt, context: Context): SelectBody {
  if (select.larg !== undefined && select.rarg !== undefined) {
    return {
      kind: 'setOperation',
      operation: select.op === 'SETOP_INTERSECT' ? 'intersect' : select.op === 'SETOP_EXCEPT' ? 'except' : 'union',
      all: select.all ?? false,
      left: convertSelect(select.larg, context),
      right: convertSelect(select.rarg, context),
    };
  }
  if (select.valuesLists !== undefined) {
    const rows = (select.valuesLists as readonly Raw[]).map((row) => convertExpressions(row.List?.items, context));
    return { kind: 'values', rows, position: rows[0]?.[0]?.position };
  }
  if (select.intoClause !== undefined) {
    throw new PgError('42601', 'SELECT ... INTO is not allowed here', { position: context.position(select.intoClause.rel?.location) });
  }
  const { distinctClause } = select;
  return {
    kind: 'core',
    targets: convertTargets(select.targetList, context),
    distinct: distinctClause !== undefined,
    distinctOn: distinctClause === undefined || isNull(distinctClause[0]) ? none : convertExpressions(distinctClause, context),
    from: convertFrom(select.fromClause, context),
    where: convertOptional(select.whereClause, context),
    groupBy: convertGroupBy(select.groupClause, context),
    groupDistinct: select.groupDistinct ?? false,
    having: convertOptional(select.havingClause, context),
    windows: convertWindows(select.windowClause, context),
  };
}

/** The grammar writes NULL in a list as `{}`. */
function isNull(node: Node | undefined): boolean {
  if (node === undefined) return true;
  for (const _ in node) return false;
  return true;
}

function convertWindows(nodes: readonly Node[] | undefined, context: Context): readonly WindowSpecification[] {
  return nodes === undefined ? none : (nodes as readonly Raw[]).map((node) => convertWindow(node.WindowDef ?? {}, context));
}

function convertGroupBy(nodes: readonly Node[] | undefined, context: Context): readonly GroupingElement[] {
  return nodes === undefined ? none : nodes.map((node) => groupingElement(node, context));
}

function groupingElement(node: Node, context: Context): GroupingElement {
  const set = (node as Raw).GroupingSet;
  if (set === undefined) return { kind: 'expression', expression: convertExpression(node, context) };
  const position = context.position(set.location);
  switch (set.kind) {
    case 'GROUPING_SET_ROLLUP':
      return { kind: 'rollup', items: convertExpressions(set.content, context), position };
    case 'GROUPING_SET_CUBE':
      return { kind: 'cube', items: convertExpressions(set.content, context), position };
    case 'GROUPING_SET_SETS': {
      context.enter();
      const sets = convertGroupBy(set.content, context);
      context.leave();
      return { kind: 'sets', sets, position };
    }
    default:
      return { kind: 'empty', position };
  }
}

function convertLocking(nodes: readonly Node[], context: Context): readonly Locking[] {
  return (nodes as readonly Raw[]).map(({ LockingClause: clause = {} }) => {
    const strength = lockStrength(clause.strength);
    const tables = ((clause.lockedRels ?? []) as readonly Raw[]).map((table) => qualifiedName(table.RangeVar, context));
    const qualified = tables.find((table) => table.schema !== undefined);
    if (qualified !== undefined) {
      throw new PgError('42601', `${lockWords[strength]} must specify unqualified relation names`, { position: qualified.position });
    }
    return { strength, tables, wait: clause.waitPolicy === 'LockWaitSkip' ? 'skip' : clause.waitPolicy === 'LockWaitError' ? 'nowait' : 'block' };
  });
}

const lockWords: Readonly<Record<Locking['strength'], string>> = {
  keyShare: 'FOR KEY SHARE',
  share: 'FOR SHARE',
  noKeyUpdate: 'FOR NO KEY UPDATE',
  update: 'FOR UPDATE',
};

function lockStrength(strength: LockClauseStrength | undefined): Locking['strength'] {
  switch (strength) {
    case 'LCS_FORKEYSHARE':
      return 'keyShare';
    case 'LCS_FORSHARE':
      return 'share';
    case 'LCS_FORNOKEYUPDATE':
      return 'noKeyUpdate';
    default:
      return 'update';
  }
}

export function convertWith(clause: WithClause, context: Context): With {
  return {
    recursive: clause.recursive ?? false,
    tables: ((clause.ctes ?? []) as readonly Raw[]).map((node) => commonTable(node.CommonTableExpr ?? {}, context)),
    position: context.position(clause.location),
  };
}

function commonTable(table: CommonTableExpr, context: Context): CommonTableExpression {
  const { search_clause: search, cycle_clause: cycle } = table;
  return {
    name: table.ctename ?? '',
    columns: namesOf(table.aliascolnames),
    materialized: table.ctematerialized === 'CTEMaterializeAlways' ? 'always' : table.ctematerialized === 'CTEMaterializeNever' ? 'never' : 'default',
    query: context.convert.query(table.ctequery as Raw, context),
    search:
      search === undefined
        ? undefined
        : {
            order: search.search_breadth_first === true ? 'breadth' : 'depth',
            columns: namesOf(search.search_col_list),
            into: search.search_seq_column ?? '',
            position: context.position(search.location),
          },
    cycle:
      cycle === undefined
        ? undefined
        : {
            columns: namesOf(cycle.cycle_col_list),
            mark: cycle.cycle_mark_column ?? '',
            markValue: convertExpression(cycle.cycle_mark_value as Node, context),
            markDefault: convertExpression(cycle.cycle_mark_default as Node, context),
            using: cycle.cycle_path_column ?? '',
            position: context.position(cycle.location),
          },
    position: context.position(table.location),
  };
}

function convertAlias(alias: RawAlias | undefined): Alias | undefined {
  return alias === undefined ? undefined : { name: alias.aliasname ?? '', columns: namesOf(alias.colnames) };
}

export function convertTable(range: RangeVar, context: Context): TableItem {
  const name = qualifiedName(range, context);
  return { kind: 'table', name, only: range.inh !== true, alias: convertAlias(range.alias), position: name.position };
}

export function convertFrom(nodes: readonly Node[] | undefined, context: Context): readonly FromItem[] {
  if (nodes === undefined) return none;
  const items = new Array<FromItem>(nodes.length);
  for (let i = 0; i < nodes.length; i++) items[i] = convertFromItem(nodes[i] as Raw, context);
  return items;
}

export function convertFromItem(node: Raw, context: Context): FromItem {
  if (node.RangeVar !== undefined) return convertTable(node.RangeVar, context);
  if (node.JoinExpr !== undefined) return convertJoin(node.JoinExpr, context);
  if (node.RangeSubselect !== undefined) {
    const { subquery, lateral, alias } = node.RangeSubselect;
    const query = convertSelect((subquery as Raw).SelectStmt ?? {}, context);
    return { kind: 'subquery', query, lateral: lateral ?? false, alias: convertAlias(alias), position: query.position };
  }
  if (node.RangeFunction !== undefined) return convertFunctionItem(node.RangeFunction, context);
  if (node.RangeTableSample !== undefined) {
    const { relation, method, args, repeatable, location } = node.RangeTableSample;
    const table = convertFromItem(relation as Raw, context) as TableItem;
    return {
      ...table,
      sample: {
        method: namesOf(method),
        arguments: convertExpressions(args, context),
        repeatable: convertOptional(repeatable, context),
        position: context.position(location),
      },
    };
  }
  if (node.RangeTableFunc !== undefined) throw notSupported('XMLTABLE', context.position(node.RangeTableFunc.location));
  throw unexpected(node, 'an item of FROM');
}

function convertJoin(join: JoinExpr, context: Context): Join {
  context.enter();
  const left = convertFromItem(join.larg as Raw, context);
  const right = convertFromItem(join.rarg as Raw, context);
  const result: Join = {
    kind: 'join',
    joinType: join.jointype === 'JOIN_LEFT' ? 'left' : join.jointype === 'JOIN_RIGHT' ? 'right' : join.jointype === 'JOIN_FULL' ? 'full' : 'inner',
    left,
    right,
    natural: join.isNatural ?? false,
    using: namesOf(join.usingClause),
    usingAlias: join.join_using_alias?.aliasname,
    on: convertOptional(join.quals, context),
    alias: convertAlias(join.alias),
    position: left.position,
  };
  context.leave();
  return result;
}

function convertFunctionItem(range: RangeFunction, context: Context): FunctionItem {
  const functions = ((range.functions ?? []) as readonly Raw[]).map((item) => {
    const [call, columns] = item.List?.items ?? [];
    return { call: convertExpression(call as Node, context), columns: columnDefinitions((columns as Raw | undefined)?.List?.items, context) };
  });
  return {
    kind: 'functionScan',
    functions,
    rowsFrom: range.is_rowsfrom ?? false,
    ordinality: range.ordinality ?? false,
    lateral: range.lateral ?? false,
    alias: convertAlias(range.alias),
    columns: columnDefinitions(range.coldeflist, context),
    position: functions[0]?.call.position,
  };
}

function columnDefinitions(nodes: readonly Node[] | undefined, context: Context): readonly ColumnDefinitionItem[] {
  if (nodes === undefined) return none;
  return (nodes as readonly Raw[]).map(({ ColumnDef: column = {} }) => ({
    name: column.colname ?? '',
    type: convertTypeName(column.typeName ?? {}, context),
    collation: column.collClause === undefined ? undefined : namesOf(column.collClause.collname),
    position: context.position(column.location),
  }));
}
