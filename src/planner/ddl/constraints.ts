/**
 * Constraints and indexes as parts of a table: shared by CREATE TABLE, ALTER TABLE and CREATE INDEX.
 */
import { findIndex, objectName } from '../../catalog/edit.js';
import type { CheckConstraint, Column, ForeignKey, Index, IndexKey, Table } from '../../catalog/table.js';
import { operatorClassNamed, operatorClassOf } from '../../catalog/pg-catalog/pg-opclass.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { parseExpression } from '../../sql/parser.js';
import { walkExpression } from '../../sql/walk.js';
import { formatType } from '../../types/registry.js';
import { findOperator } from '../bind/resolve.js';
import { requireTablespace, storageOptions } from './storage-parameters.js';
import { type DdlContext, duplicateRelation, findRelation, qualified } from './ddl.js';

/** Every table has them, under these names. */
export const systemColumns: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/** `verb`: what is to be done with it, which system columns do not take. */
export function columnNamed(table: Pick<Table, 'columns' | 'name'>, name: string, verb = 'alter'): Column {
  if (systemColumns.has(name)) throw new PgError('0A000', `cannot ${verb} system column "${name}"`);
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new PgError('42703', `column "${name}" of relation "${table.name}" does not exist`);
  return column;
}

/** Whether a stored expression (a check, a generation expression, a part of an index) reads a column. */
export function readsColumn(text: string, column: Column): boolean {
  let found = false;
  walkExpression(parseExpression(text), {
    expression: (node) => {
      if (node.kind === 'column' && node.parts.includes(column.name)) found = true;
      return !found;
    },
  });
  return found;
}

/** Names of all constraints of a table. */
export function constraintNames(table: Table): readonly string[] {
  return [
    ...table.checks.map((check) => check.name),
    ...table.foreignKeys.map((key) => key.name),
    ...table.indexes.filter((index) => index.constraint).map((index) => index.name),
  ];
}

export function freeConstraintName(context: DdlContext, table: Table, wanted: string | undefined, base: string, isRelation: boolean): string {
  const names = new Set(constraintNames(table));
  if (wanted !== undefined) {
    if (isRelation && context.editor.nameTaken(table.schema, wanted)) throw duplicateRelation(wanted);
    if (names.has(wanted)) throw new PgError('42710', `constraint "${wanted}" for relation "${table.name}" already exists`);
    return wanted;
  }
  for (let n = 0; ; n++) {
    const name = n === 0 ? base : `${base}${String(n)}`;
    if (!names.has(name) && !(isRelation && (context.editor.nameTaken(table.schema, name) || table.indexes.some((index) => index.name === name)))) return name;
  }
}

export function withCheck(
  context: DdlContext,
  table: Table,
  constraint: ast.CheckConstraint,
  column?: string,
): { readonly table: Table; readonly check: CheckConstraint } {
  const expressionText = context.binder(context.editor.snapshot).expression(constraint.expression, table, { oid: 16, typmod: -1 }, 'check');
  const name = freeConstraintName(context, table, constraint.name, objectName(table.name, column ?? soleColumn(constraint.expression, table), 'check'), false);
  const check: CheckConstraint = { oid: context.editor.freshOid(), name, expressionText, ...(constraint.noInherit ? { noInherit: true } : {}) };
  return { table: { ...table, checks: [...table.checks, check] }, check };
}

/** The column that a table-level CHECK is named after: the only one that it mentions. */
function soleColumn(expression: ast.Expression, table: Table): string {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === 'object' && value !== null) {
      const node = value as { kind?: string; parts?: readonly string[] };
      if (node.kind === 'column' && node.parts !== undefined) {
        const name = node.parts[node.parts.length - 1];
        if (name !== undefined && table.columns.some((column) => column.name === name)) found.add(name);
      }
      for (const part of Object.values(value)) visit(part);
    }
  };
  visit(expression);
  return found.size === 1 ? ([...found][0] as string) : '';
}

export function withUnique(context: DdlContext, table: Table, constraint: ast.UniqueConstraint): { readonly table: Table; readonly index: Index } {
  const primary = constraint.kind === 'primaryKey';
  if (primary && table.indexes.some((index) => index.primary))
    throw new PgError('42P16', `multiple primary keys for table "${table.name}" are not allowed`).at(constraint.position);
  requireTablespace(constraint.tablespace);
  const seen = new Set<string>();
  const keys = constraint.columns.map((name): IndexKey => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new PgError('42703', `column "${name}" named in key does not exist`).at(constraint.position);
    if (seen.has(name))
      throw new PgError('42701', `column "${name}" appears twice in ${primary ? 'primary key' : 'unique'} constraint`).at(constraint.position);
    seen.add(name);
    requireOrdered(column);
    return { attribute: column.attribute, descending: false, nullsFirst: false };
  });
  const name = freeConstraintName(
    context,
    table,
    constraint.name,
    primary ? objectName(table.name, '', 'pkey') : objectName(table.name, constraint.columns.join('_'), 'key'),
    true,
  );
  const index: Index = {
    oid: context.editor.freshOid(),
    name,
    unique: true,
    primary,
    nullsNotDistinct: constraint.nullsNotDistinct,
    keys,
    include: constraint.including.map((include) => columnNamed(table, include).attribute),
    constraint: true,
    method: 'btree',
    ...storageOptions('btree', constraint.options),
    ...deferralOf(constraint),
  };
  const attributes = new Set(keys.map((key) => key.attribute));
  const columns = primary ? table.columns.map((column) => (attributes.has(column.attribute) ? { ...column, notNull: true } : column)) : table.columns;
  return { table: { ...table, columns, indexes: [...table.indexes, index] }, index };
}

/** What DEFERRABLE says, as an index keeps it. */
export function deferralOf({ deferrable, initiallyDeferred }: ast.UniqueConstraint | ast.ExclusionConstraint): Pick<Index, 'deferral'> {
  if (!deferrable) return {};
  return { deferral: initiallyDeferred ? 'initiallyDeferred' : 'deferrable' };
}

/** ADD CONSTRAINT ... USING INDEX: a unique index of the table becomes a constraint's. */
export function withIndexAsConstraint(
  context: DdlContext,
  table: Table,
  constraint: ast.UniqueConstraint,
  name: string,
): { readonly table: Table; readonly index: Index; readonly before: Index } {
  const primary = constraint.kind === 'primaryKey';
  if (primary && table.indexes.some((index) => index.primary))
    throw new PgError('42P16', `multiple primary keys for table "${table.name}" are not allowed`).at(constraint.position);
  const before = table.indexes.find((index) => index.name === name);
  if (before === undefined) {
    if (findIndex(context.editor.snapshot, [table.schema], name) !== undefined)
      throw new PgError('55000', `index "${name}" does not belong to table "${table.name}"`).at(constraint.position);
    throw new PgError('42704', `index "${name}" does not exist`).at(constraint.position);
  }
  const fail = (code: string, message: string): PgError =>
    new PgError(code, message, { detail: 'Cannot create a primary key or unique constraint using such an index.' }).at(constraint.position);
  if (before.constraint) throw new PgError('55000', `index "${name}" is already associated with a constraint`).at(constraint.position);
  if (!before.unique) throw fail('42809', `"${name}" is not a unique index`);
  if (before.keys.some((key) => key.attribute === 0)) throw fail('42809', `index "${name}" contains expressions`);
  if (before.predicateText !== undefined) throw fail('42809', `"${name}" is a partial index`);
  if (before.deferral !== undefined && !constraint.deferrable)
    throw new PgError('55000', `"${name}" is a deferrable index`, { detail: 'Cannot create a non-deferrable constraint using a deferrable index.' });
  const unusual = before.keys.findIndex((key) => key.descending || key.nullsFirst);
  if (unusual >= 0) throw fail('42809', `index "${name}" column number ${String(unusual + 1)} does not have default sorting behavior`);
  if (constraint.name !== undefined && constraint.name !== name) {
    freeConstraintName(context, table, constraint.name, name, true);
    context.notice({
      severity: 'NOTICE',
      code: '00000',
      message: `ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index "${name}" to "${constraint.name}"`,
    });
  }
  const index: Index = { ...before, name: constraint.name ?? name, primary, constraint: true, ...deferralOf(constraint) };
  const attributes = new Set(index.keys.map((key) => key.attribute));
  const columns = primary ? table.columns.map((column) => (attributes.has(column.attribute) ? { ...column, notNull: true } : column)) : table.columns;
  return { table: { ...table, columns, indexes: table.indexes.map((other) => (other === before ? index : other)) }, index, before };
}

/** The operator class of an index key: the one named, else the type's default one, must be there. */
export function requireOperatorClass(method: string, typeOid: number, named: readonly string[] | undefined): void {
  const name = named?.at(-1);
  if (name === undefined) {
    if (operatorClassOf(typeOid, method) !== undefined) return;
    throw new PgError('42704', `data type ${formatType(typeOid, -1)} has no default operator class for access method "${method}"`, {
      hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
    });
  }
  const found = operatorClassNamed(name, method, typeOid);
  if (found === undefined) throw new PgError('42704', `operator class "${named?.join('.') ?? ''}" does not exist for access method "${method}"`);
  if (!found.fits) throw new PgError('42804', `operator class "${name}" does not accept data type ${formatType(typeOid, -1)}`);
}

/** A type without B-tree order cannot be an index key. */
function requireOrdered(column: Column): void {
  if (findOperator('<', column.typeOid, column.typeOid) === undefined) {
    throw new PgError('42704', `data type ${formatType(column.typeOid, -1)} has no default operator class for access method "btree"`, {
      hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
    });
  }
}

export function withForeignKey(
  context: DdlContext,
  table: Table,
  constraint: ast.ForeignKeyConstraint,
  columns: readonly string[],
): { readonly table: Table; readonly key: ForeignKey } {
  if (constraint.match === 'partial') throw new PgError('0A000', 'MATCH PARTIAL not yet implemented').at(constraint.position);
  const self = constraint.table.name === table.name && (constraint.table.schema ?? table.schema) === table.schema;
  const target = self ? table : findRelation(context, constraint.table);
  if (target === undefined) throw new PgError('42P01', `relation "${qualified(constraint.table)}" does not exist`);
  if (target.kind !== 'table') throw new PgError('42809', `referenced relation "${constraint.table.name}" is not a table`);
  const [isTemporary, toTemporary] = [table.persistence === 'temporary', target.persistence === 'temporary'];
  if (isTemporary !== toTemporary)
    throw isTemporary
      ? new PgError('42P16', 'constraints on temporary tables may reference only temporary tables')
      : new PgError('42P16', 'constraints on permanent tables may reference only permanent tables');
  if (table.persistence === 'permanent' && target.persistence === 'unlogged')
    throw new PgError('42P16', 'constraints on permanent tables may reference only permanent tables');
  const own = columns.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new PgError('42703', `column "${name}" referenced in foreign key constraint does not exist`);
    return column;
  });
  let targetColumns: readonly Column[];
  if (constraint.referencedColumns.length === 0) {
    const primary = target.indexes.find((index) => index.primary);
    if (primary === undefined) throw new PgError('42704', `there is no primary key for referenced table "${target.name}"`);
    targetColumns = primary.keys.map((key) => target.columns.find((column) => column.attribute === key.attribute) as Column);
  } else {
    targetColumns = constraint.referencedColumns.map((name) => {
      const column = target.columns.find((candidate) => candidate.name === name);
      if (column === undefined) throw new PgError('42703', `column "${name}" referenced in foreign key constraint does not exist`);
      return column;
    });
  }
  if (targetColumns.length !== own.length) throw new PgError('42830', 'number of referencing and referenced columns for foreign key disagree');
  const wanted = new Set(targetColumns.map((column) => column.attribute));
  const candidates = target.indexes.filter(
    (index) => index.unique && index.predicateText === undefined && index.keys.length === wanted.size && index.keys.every((key) => wanted.has(key.attribute)),
  );
  if (candidates.length === 0) throw new PgError('42830', `there is no unique constraint matching given keys for referenced table "${target.name}"`);
  if (candidates.every((index) => index.deferral !== undefined))
    throw new PgError('55000', `cannot use a deferrable unique constraint for referenced table "${target.name}"`);
  const onDeleteColumns = constraint.onDeleteColumns.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new PgError('42703', `column "${name}" referenced in foreign key constraint does not exist`);
    if (!own.includes(column)) throw new PgError('42P10', `column "${name}" referenced in ON DELETE SET action must be part of foreign key`);
    return column.attribute;
  });
  const name = freeConstraintName(context, table, constraint.name, objectName(table.name, columns.join('_'), 'fkey'), false);
  own.forEach((column, i) => {
    const other = targetColumns[i] as Column;
    if (findOperator('=', other.typeOid, column.typeOid) === undefined)
      throw new PgError('42804', `foreign key constraint "${name}" cannot be implemented`, {
        detail: `Key columns "${column.name}" and "${other.name}" are of incompatible types: ${formatType(column.typeOid, -1)} and ${formatType(other.typeOid, -1)}.`,
      });
  });
  const key: ForeignKey = {
    oid: context.editor.freshOid(),
    name,
    columns: own.map((column) => column.attribute),
    targetOid: target.oid,
    targetColumns: targetColumns.map((column) => column.attribute),
    onDelete: constraint.onDelete,
    onUpdate: constraint.onUpdate,
    matchFull: constraint.match === 'full',
    deferrable: constraint.deferrable,
    initiallyDeferred: constraint.initiallyDeferred,
    ...(onDeleteColumns.length === 0 ? {} : { onDeleteColumns }),
  };
  return { table: { ...table, foreignKeys: [...table.foreignKeys, key] }, key };
}
