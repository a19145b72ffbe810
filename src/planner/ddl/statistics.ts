/**
 * CREATE, ALTER, DROP and COMMENT ON STATISTICS: parts of tables (catalog/extended-statistics).
 * Source: statscmds.c of PostgreSQL 15 (CreateStatistics, ChooseExtendedStatisticName, AlterStatistics).
 */
import { objectName } from '../../catalog/edit.js';
import { type ExtendedStatistics, extendedStatisticsOf, type StatisticsOfTable, statisticsKinds } from '../../catalog/extended-statistics.js';
import { systemRelationNamed } from '../../catalog/pg-catalog/system-relations.js';
import type { Column, Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { operatorFor } from '../../functions/registry.js';
import type * as ast from '../../sql/ast.js';
import { formatType, Oid, typeByOid } from '../../types/registry.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, findRelation, qualified, toQualifiedName, undefinedRelation } from './ddl.js';
import { requireNewOwner, requireOwner, requireRelationOwner, roleOf } from './owner.js';

const columnsMax = 8;
const targetMax = 10_000;

function finish({ editor }: DdlContext): readonly DdlAction[] {
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}

function named(context: DdlContext, schema: string, name: string): StatisticsOfTable | undefined {
  for (const one of extendedStatisticsOf(context.editor.snapshot)) if (one.statistics.schema === schema && one.statistics.name === name) return one;
  return undefined;
}

function find(context: DdlContext, parts: readonly string[]): StatisticsOfTable | undefined {
  const { schema, name } = toQualifiedName(parts);
  for (const one of schema === undefined ? context.searchPath : [schema]) {
    const found = named(context, one, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function missing(parts: readonly string[]): PgError {
  return new PgError('42704', `statistics object "${qualified(toQualifiedName(parts))}" does not exist`);
}

function requireOwn(context: DdlContext, parts: readonly string[]): StatisticsOfTable {
  const found = find(context, parts);
  if (found === undefined) throw missing(parts);
  requireOwner(context, found.statistics.owner, 'statistics object', found.statistics.name);
  return found;
}

/** Puts the object in the place of the one with its OID; undefined: takes it away. */
function replace({ editor }: DdlContext, { table, statistics }: StatisticsOfTable, changed: ExtendedStatistics | undefined): void {
  const others = (table.statistics ?? []).filter((one) => one.oid !== statistics.oid);
  const { statistics: _old, ...plain } = table;
  const all = changed === undefined ? others : [...others, changed];
  editor.put(all.length === 0 ? plain : { ...plain, statistics: all });
}

/** Whether values of the type can be sorted. */
function isOrdered(oid: number): boolean {
  const type = typeByOid(oid);
  if (type === undefined || type.category === 'G') return false;
  return ['A', 'E', 'R'].includes(type.category) || type.kind === 'c' || oid === Oid.varchar || operatorFor('<', oid, oid) !== undefined;
}

function unordered(what: string, oid: number): PgError {
  return new PgError('0A000', `${what} because its type ${formatType(oid)} has no default btree operator class`);
}

function tableOf(context: DdlContext, statement: ast.CreateStatistics): Table {
  const [item, ...others] = statement.from;
  if (item?.kind !== 'table' || others.length > 0) throw new PgError('0A000', 'only a single relation is allowed in CREATE STATISTICS');
  const relation = findRelation(context, item.name);
  if (relation === undefined && systemRelationNamed(item.name.schema ?? 'pg_catalog', item.name.name)?.kind === 'r')
    throw new PgError('42501', `permission denied: "${item.name.name}" is a system catalog`);
  if (relation === undefined) throw undefinedRelation(item.name);
  if (relation.kind === 'partition') throw notSupported('CREATE STATISTICS on a partition');
  if (relation.kind !== 'table')
    throw new PgError('42809', `cannot define statistics for relation "${relation.name}"`, {
      detail: `This operation is not supported for ${relation.kind}s.`,
    });
  requireRelationOwner(context, relation);
  return relation;
}

function columnOf(table: Table, name: string): Column {
  if (['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'].includes(name)) throw new PgError('0A000', 'statistics creation on system columns is not supported');
  const column = table.columns.find((one) => one.name === name);
  if (column === undefined) throw new PgError('42703', `column "${name}" does not exist`);
  if (!isOrdered(column.typeOid)) throw unordered(`column "${name}" cannot be used in statistics`, column.typeOid);
  return column;
}

/** `{table}_{columns}_stat`, with numbers where that is taken. */
function chosenName(context: DdlContext, schema: string, table: Table, columns: readonly string[]): string {
  for (let n = 0; ; n++) {
    const name = objectName(table.name, columns.join('_').slice(0, 63), n === 0 ? 'stat' : `stat${String(n)}`);
    if (named(context, schema, name) === undefined) return name;
  }
}

export function planCreateStatistics(statement: ast.CreateStatistics, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const table = tableOf(context, statement);
  const target = statement.name.length === 0 ? undefined : toQualifiedName(statement.name);
  const schema = target === undefined ? table.schema : creationSchema(context, target);
  const labels = statement.elements.map((one) => one.column ?? 'expr');
  const name = target?.name ?? chosenName(context, schema, table, labels);
  if (named(context, schema, name) !== undefined) {
    if (!statement.ifNotExists) throw new PgError('42710', `statistics object "${name}" already exists`);
    context.notice({ severity: 'NOTICE', code: '42710', message: `statistics object "${name}" already exists, skipping` });
    return [];
  }
  if (statement.elements.length > columnsMax) throw new PgError('54011', `cannot have more than ${String(columnsMax)} columns in statistics`);
  const columns: number[] = [];
  const expressions: string[] = [];
  for (const { column, expression } of statement.elements) {
    if (column !== undefined) columns.push(columnOf(table, column).attribute);
    if (expression === undefined) continue;
    const { text, type } = context.binder(editor.snapshot).indexKey(expression, table);
    if (statement.elements.length > 1 && !isOrdered(type.oid)) throw unordered('expression cannot be used in multivariate statistics', type.oid);
    expressions.push(text);
  }
  let kinds = '';
  for (const kind of statement.kinds) {
    const letter = statisticsKinds.get(kind);
    if (letter === undefined) throw new PgError('42601', `unrecognized statistics kind "${kind}"`);
    kinds += letter;
  }
  const isSingle = expressions.length === 1 && columns.length === 0;
  if (isSingle && kinds !== '') throw new PgError('0A000', 'when building statistics on a single expression, statistics kinds may not be specified');
  if (columns.length + expressions.length < 2 && !isSingle) throw new PgError('42P17', 'extended statistics require at least 2 columns');
  if (new Set(columns).size < columns.length) throw new PgError('42701', 'duplicate column name in statistics definition');
  if (new Set(expressions).size < expressions.length) throw new PgError('42701', 'duplicate expression in statistics definition');
  const all = [...statisticsKinds.values()].filter((letter) => !isSingle && (kinds === '' || kinds.includes(letter))).join('');
  const made: ExtendedStatistics = {
    oid: editor.freshOid(),
    schema,
    name,
    owner: context.currentUser,
    kinds: `${all}${expressions.length === 0 ? '' : 'e'}`,
    columns: columns.sort((a, b) => a - b),
    expressions,
    target: -1,
  };
  editor.put({ ...table, statistics: [...(table.statistics ?? []), made] });
  return finish(context);
}

export function planAlterStatistics(statement: ast.AlterStatistics, context: DdlContext): readonly DdlAction[] {
  if (find(context, statement.name) === undefined && statement.ifExists) {
    context.notice({
      severity: 'NOTICE',
      code: '00000',
      message: `statistics object "${qualified(toQualifiedName(statement.name))}" does not exist, skipping`,
    });
    return [];
  }
  if (statement.target < -1) throw new PgError('22023', `statistics target ${String(statement.target)} is too low`);
  if (statement.target > targetMax) context.notice({ severity: 'WARNING', code: '22023', message: `lowering statistics target to ${String(targetMax)}` });
  const found = requireOwn(context, statement.name);
  replace(context, found, { ...found.statistics, target: Math.min(statement.target, targetMax) });
  return finish(context);
}

export function planDropStatistics(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  for (const { name } of statement.objects) {
    if (find(context, name) === undefined && statement.ifExists) {
      context.notice({ severity: 'NOTICE', code: '00000', message: `statistics object "${qualified(toQualifiedName(name))}" does not exist, skipping` });
      continue;
    }
    replace(context, requireOwn(context, name), undefined);
  }
  return finish(context);
}

function refuseTaken(context: DdlContext, schema: string, name: string): void {
  if (named(context, schema, name) !== undefined) throw new PgError('42710', `statistics object "${name}" already exists in schema "${schema}"`);
}

export function planRenameStatistics(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const found = requireOwn(context, statement.target.name);
  refuseTaken(context, found.statistics.schema, statement.to);
  replace(context, found, { ...found.statistics, name: statement.to });
  return finish(context);
}

export function planStatisticsSchema(statement: ast.AlterObjectSchema, context: DdlContext): readonly DdlAction[] {
  const found = requireOwn(context, statement.target.name);
  const schema = creationSchema(context, { schema: statement.schema });
  if (schema !== found.statistics.schema) refuseTaken(context, schema, found.statistics.name);
  replace(context, found, { ...found.statistics, schema });
  return finish(context);
}

export function planStatisticsOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const owner = roleOf(context, statement.owner);
  const found = requireOwn(context, statement.target.name);
  requireNewOwner(context, owner, found.statistics.schema);
  replace(context, found, { ...found.statistics, owner: owner.name });
  return finish(context);
}

export function commentStatistics(statement: ast.Comment, context: DdlContext): void {
  const found = requireOwn(context, statement.target.name);
  const { comment: _old, ...plain } = found.statistics;
  replace(context, found, statement.comment === undefined || statement.comment === '' ? plain : { ...plain, comment: statement.comment });
}

/** The table without the statistics that a column which goes away is part of. */
export function withoutStatisticsOn(table: Table, column: Column): Table {
  if (table.statistics === undefined) return table;
  const reads = (text: string): boolean => new RegExp(`\\b${column.name.replaceAll(/\W/g, '\\$&')}\\b`).test(text);
  const kept = table.statistics.filter((one) => !one.columns.includes(column.attribute) && !one.expressions.some(reads));
  const { statistics: _old, ...plain } = table;
  return kept.length === 0 ? plain : { ...plain, statistics: kept };
}
