/**
 * Tables with parents: what CREATE TABLE ... INHERITS takes over from them, ALTER TABLE ... INHERIT and NO INHERIT, and how changes of a parent reach its children.
 * Source: MergeAttributes, ATExecAddInherit and RemoveInheritance of PostgreSQL 15's tablecmds.c, MergeWithExistingConstraint of its heap.c.
 */
import { collationName } from '../../catalog/collation.js';
import { collationOf } from '../../catalog/pg-catalog/index-columns.js';
import { childrenOf, inheritorsOf } from '../../catalog/inheritance.js';
import type { CheckConstraint, Column, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { formatType } from '../../types/registry.js';
import { columnNamed, withCheck } from './constraints.js';
import { type DdlContext, findRelation, undefinedRelation } from './ddl.js';
import { physicalColumnName } from './physical.js';

/** How a sub-command of ALTER TABLE reaches the tables that inherit from the one it names. */
export interface Reach {
  /** False: ONLY was written. */
  readonly recurse: boolean;
  /** The table is reached through a parent. */
  readonly inherited: boolean;
}

export function children(context: DdlContext, table: Table): readonly Table[] {
  return childrenOf(context.editor.snapshot, table.oid);
}

/** The table and, unless ONLY was written, all that inherit from it. */
export function reached(context: DdlContext, table: Table, { recurse }: Pick<Reach, 'recurse'>): readonly Table[] {
  return recurse ? inheritorsOf(context.editor.snapshot, table) : [table];
}

/** 42P16 for ONLY where children must follow. */
export function refuseOnly(context: DdlContext, table: Table, { recurse, inherited }: Reach, message: string): void {
  if (!recurse && !inherited && children(context, table).length > 0) throw new PgError('42P16', message);
}

/** How many of the tables that a change of `table` reaches are parents of `inheritor`: a column that has more parents cannot change with this one. */
export function parentsReached(context: DdlContext, table: Table, inheritor: Table): number {
  const all = new Set(inheritorsOf(context.editor.snapshot, table).map((one) => one.oid));
  return (inheritor.parents ?? []).filter((oid) => all.has(oid)).length;
}

type Inherited = Pick<Column & CheckConstraint, 'inheritCount' | 'isLocal'>;

function plain<T extends Inherited>(item: T): Omit<T, keyof Inherited> {
  const { inheritCount: _count, isLocal: _local, ...rest } = item;
  return rest;
}

/** One more parent has it. */
export function withParent<T extends Inherited>(item: T): T {
  return { ...item, inheritCount: (item.inheritCount ?? 0) + 1 };
}

/** One parent less has it; what no parent has is the table's own. */
export function withoutParent<T extends Inherited>(item: T, becomesLocal = false): T {
  const count = (item.inheritCount ?? 0) - 1;
  const { isLocal } = item;
  return { ...plain(item), ...(count > 0 ? { inheritCount: count, ...(isLocal === false && !becomesLocal ? { isLocal } : {}) } : {}) } as T;
}

/** Only this parent has it, and the table itself has not declared it. */
export function goesWithParent(item: Inherited): boolean {
  return item.inheritCount === 1 && item.isLocal === false;
}

/** A column of a parent as a child gets it: identity and the ownership of a sequence stay with the parent. */
export function columnForChild(column: Column, child: Table): Column {
  const { identity, sequenceOid: _sequence, defaultText, comment: _comment, ...rest } = column;
  const attribute = child.lastAttribute + 1;
  return {
    ...plain(rest),
    ...(defaultText === undefined || identity !== undefined ? {} : { defaultText }),
    attribute,
    physicalName: physicalColumnName(
      column.name,
      attribute,
      child.columns.map((other) => other.physicalName),
    ),
    inheritCount: 1,
    isLocal: false,
  };
}

/** A declared type, a domain by its name. */
function typeText(column: Column): string {
  return column.domainOid === undefined ? formatType(column.typeOid, column.typmod) : formatType(column.domainOid, -1);
}

/** 42P21 */
export function requireSameCollation(context: DdlContext, a: Column, b: Column, message: string, isDetailed = true): void {
  const { snapshot } = context.editor;
  const [one, other] = [collationOf(snapshot, a), collationOf(snapshot, b)];
  if (one === other) return;
  throw new PgError('42P21', message, isDetailed ? { detail: `"${collationName(snapshot, one)}" versus "${collationName(snapshot, other)}"` } : {});
}

export function sameType(a: Column, b: Column): boolean {
  return a.typeOid === b.typeOid && a.typmod === b.typmod && a.domainOid === b.domainOid;
}

function notice(context: DdlContext, message: string, detail?: string): void {
  context.notice({ severity: 'NOTICE', code: '00000', message, ...(detail === undefined ? {} : { detail }) });
}

// ------------------------------------------------------------------------------------------------------------------ CREATE TABLE

/** A table that may be inherited from. */
function requireParent(context: DdlContext, name: ast.QualifiedName, persistence: Table['persistence']): Table {
  const relation = findRelation(context, name);
  if (relation === undefined) throw undefinedRelation({ ...name, position: undefined });
  if (relation.kind === 'partition') throw new PgError('42809', `cannot inherit from partition "${relation.name}"`);
  if (relation.kind !== 'table' || relation.materialized !== undefined)
    throw new PgError('42809', `inherited relation "${relation.name}" is not a table or foreign table`);
  if (relation.partitioning !== undefined) throw new PgError('42809', `cannot inherit from partitioned table "${relation.name}"`);
  if (relation.persistence === 'temporary' && persistence !== 'temporary')
    throw new PgError('42809', `cannot inherit from temporary relation "${relation.name}"`);
  return relation;
}

/** What a table to be made has from its parents. */
export interface Inheritance {
  readonly parents: readonly Table[];
  readonly table: Table;
  /** Columns whose parents disagree about the default: the table's own declaration must give one. */
  readonly undecided: ReadonlyMap<string, 'default' | 'generated'>;
}

export function inheritParts(context: DdlContext, table: Table, names: readonly ast.QualifiedName[]): Inheritance {
  const parents: Table[] = [];
  const undecided = new Map<string, 'default' | 'generated'>();
  let result = table;
  for (const name of names) {
    const parent = requireParent(context, name, table.persistence);
    if (parents.includes(parent)) throw new PgError('42P07', `relation "${parent.name}" would be inherited from more than once`);
    parents.push(parent);
    for (const column of parent.columns) {
      const known = result.columns.find((other) => other.name === column.name);
      const fresh = columnForChild(column, result);
      if (known === undefined) {
        result = { ...result, columns: [...result.columns, fresh], lastAttribute: fresh.attribute };
        continue;
      }
      notice(context, `merging multiple inherited definitions of column "${column.name}"`);
      if (!sameType(known, column))
        throw new PgError('42804', `inherited column "${column.name}" has a type conflict`, { detail: `${typeText(known)} versus ${typeText(column)}` });
      requireSameCollation(context, known, column, `inherited column "${column.name}" has a collation conflict`);
      if (known.generated !== column.generated) throw new PgError('42611', `inherited column "${column.name}" has a generation conflict`);
      if (fresh.defaultText !== undefined && known.defaultText !== undefined && fresh.defaultText !== known.defaultText)
        undecided.set(column.name, known.generated === undefined ? 'default' : 'generated');
      const merged: Column = {
        ...withParent(known),
        notNull: known.notNull || column.notNull,
        ...(known.defaultText === undefined && fresh.defaultText !== undefined ? { defaultText: fresh.defaultText } : {}),
      };
      result = { ...result, columns: result.columns.map((other) => (other === known ? merged : other)) };
    }
    for (const check of parent.checks) {
      if (check.noInherit === true) continue;
      const known = result.checks.find((other) => other.name === check.name);
      if (known !== undefined && known.expressionText !== check.expressionText)
        throw new PgError('42710', `check constraint name "${check.name}" appears multiple times but with different expressions`);
      const { comment: _comment, ...bare } = check;
      const checks =
        known === undefined
          ? [...result.checks, { ...plain(bare), oid: context.editor.freshOid(), inheritCount: 1, isLocal: false as const }]
          : result.checks.map((other) => (other === known ? withParent(known) : other));
      result = { ...result, checks };
    }
  }
  return { parents, table: result, undecided };
}

/** A column that is declared although a parent has it. `place`: which of the declared columns it is, from 1. */
export function mergeDeclared(context: DdlContext, inherited: Column, declared: Column, definition: ast.ColumnDefinition, place: number): Column {
  const { name } = inherited;
  if (inherited.attribute === place) notice(context, `merging column "${name}" with inherited definition`);
  else notice(context, `moving and merging column "${name}" with inherited definition`, 'User-specified column moved to the position of the inherited column.');
  if (!sameType(inherited, declared))
    throw new PgError('42804', `column "${name}" has a type conflict`, { detail: `${typeText(inherited)} versus ${typeText(declared)}` });
  requireSameCollation(context, inherited, declared, `column "${name}" has a collation conflict`);
  if (inherited.generated !== undefined) {
    const has = (kind: ast.ColumnDefinition['constraints'][number]['kind']): boolean => definition.constraints.some((constraint) => constraint.kind === kind);
    if (has('generated'))
      throw new PgError('42611', `child column "${name}" specifies generation expression`, {
        hint: 'Omit the generation expression in the definition of the child table column to inherit the generation expression from the parent table.',
      });
    if (has('default')) throw new PgError('42611', `column "${name}" inherits from generated column but specifies default`);
    if (has('identity')) throw new PgError('42611', `column "${name}" inherits from generated column but specifies identity`);
  }
  const { isLocal: _local, defaultText, ...rest } = inherited;
  const own = declared.defaultText ?? defaultText;
  return {
    ...rest,
    notNull: inherited.notNull || declared.notNull,
    ...(own === undefined ? {} : { defaultText: own }),
    ...(declared.identity === undefined ? {} : { identity: declared.identity }),
    ...(declared.sequenceOid === undefined ? {} : { sequenceOid: declared.sequenceOid }),
    ...(declared.collation === undefined ? {} : { collation: declared.collation }),
  };
}

/** 42611 for columns about whose default nothing decides. */
export function refuseUndecided(undecided: Inheritance['undecided'], definitions: readonly ast.ColumnDefinition[]): void {
  for (const [name, what] of undecided) {
    const definition = definitions.find((candidate) => candidate.name === name);
    if (definition?.constraints.some((constraint) => constraint.kind === 'default' || constraint.kind === 'generated') === true) continue;
    throw what === 'default'
      ? new PgError('42611', `column "${name}" inherits conflicting default values`, { hint: 'To resolve the conflict, specify a default explicitly.' })
      : new PgError('42611', `column "${name}" inherits conflicting generation expressions`, {
          hint: 'To resolve the conflict, specify a generation expression explicitly.',
        });
  }
}

/** A CHECK of a table being made: one of an inherited constraint's name is the same constraint, or an error. */
export function declareCheck(context: DdlContext, table: Table, constraint: ast.CheckConstraint, column?: string): Table {
  const known = constraint.name === undefined ? undefined : table.checks.find((check) => check.name === constraint.name && check.inheritCount !== undefined);
  if (known === undefined) return withCheck(context, table, constraint, column).table;
  const { check } = withCheck(context, { ...table, checks: table.checks.filter((other) => other !== known) }, constraint, column);
  if (check.noInherit === true) throw new PgError('42P17', `constraint "${known.name}" conflicts with inherited constraint on relation "${table.name}"`);
  if (check.expressionText !== known.expressionText) throw new PgError('42710', `constraint "${known.name}" for relation "${table.name}" already exists`);
  notice(context, `merging constraint "${known.name}" with inherited definition`);
  const { isLocal: _local, ...local } = known;
  return { ...table, checks: table.checks.map((other) => (other === known ? local : other)) };
}

// ------------------------------------------------------------------------------------------------------------------- ALTER TABLE

/** A CHECK that a parent gets: the child's own of that name is the same constraint, or an error. Answers whether it is new to the child. */
export function inheritCheck(context: DdlContext, child: Table, check: CheckConstraint): boolean {
  const { editor } = context;
  const known = child.checks.find((other) => other.name === check.name);
  if (known === undefined) {
    editor.put({ ...child, checks: [...child.checks, { ...plain(check), oid: editor.freshOid(), inheritCount: 1, isLocal: false }] });
    return true;
  }
  if (known.expressionText !== check.expressionText) throw new PgError('42710', `constraint "${check.name}" for relation "${child.name}" already exists`);
  if (known.noInherit === true) throw new PgError('42P17', `constraint "${check.name}" conflicts with non-inherited constraint on relation "${child.name}"`);
  notice(context, `merging constraint "${check.name}" with inherited definition`);
  editor.put({ ...child, checks: child.checks.map((other) => (other === known ? withParent(known) : other)) });
  return false;
}

/** ALTER TABLE ... INHERIT. */
export function addParent(context: DdlContext, child: Table, name: ast.QualifiedName): void {
  const { editor } = context;
  if (child.partitioning !== undefined) throw new PgError('42809', 'cannot change inheritance of partitioned table');
  const parent = requireParent(context, name, child.persistence);
  if (child.parents?.includes(parent.oid) === true) throw new PgError('42P07', `relation "${parent.name}" would be inherited from more than once`);
  if (inheritorsOf(editor.snapshot, child).some((one) => one.oid === parent.oid))
    throw new PgError('42P07', 'circular inheritance not allowed', { detail: `"${parent.name}" is already a child of "${child.name}".` });
  const columns = new Map(child.columns.map((column) => [column.name, column]));
  for (const column of parent.columns) {
    const own = columns.get(column.name);
    if (own === undefined) throw new PgError('42804', `child table is missing column "${column.name}"`);
    if (!sameType(own, column)) throw new PgError('42804', `child table "${child.name}" has different type for column "${column.name}"`);
    requireSameCollation(context, own, column, `child table "${child.name}" has different collation for column "${column.name}"`, false);
    if (column.notNull && !own.notNull) throw new PgError('42804', `column "${column.name}" in child table must be marked NOT NULL`);
    if (column.generated !== undefined && own.generated === undefined)
      throw new PgError('42804', `column "${column.name}" in child table must be a generated column`);
    columns.set(column.name, withParent(own));
  }
  const checks = new Map(child.checks.map((check) => [check.name, check]));
  for (const check of parent.checks) {
    if (check.noInherit === true) continue;
    const own = checks.get(check.name);
    if (own === undefined) throw new PgError('42804', `child table is missing constraint "${check.name}"`);
    if (own.expressionText !== check.expressionText)
      throw new PgError('42804', `child table "${child.name}" has different definition for check constraint "${check.name}"`);
    if (own.noInherit === true) throw new PgError('42P17', `constraint "${check.name}" conflicts with non-inherited constraint on child table "${child.name}"`);
    checks.set(check.name, withParent(own));
  }
  editor.put({
    ...child,
    columns: child.columns.map((column) => columns.get(column.name) ?? column),
    checks: child.checks.map((check) => checks.get(check.name) ?? check),
    parents: [...(child.parents ?? []), parent.oid],
  });
}

/** ALTER TABLE ... NO INHERIT. */
export function dropParent(context: DdlContext, child: Table, name: ast.QualifiedName): void {
  const parent = findRelation(context, name);
  if (parent === undefined) throw undefinedRelation({ ...name, position: undefined });
  if (parent.kind !== 'table' || child.parents?.includes(parent.oid) !== true)
    throw new PgError('42P01', `relation "${parent.name}" is not a parent of relation "${child.name}"`);
  const leave = <T extends Inherited & { readonly name: string }>(own: readonly T[], theirs: readonly { readonly name: string }[]): readonly T[] =>
    own.map((item) => (item.inheritCount !== undefined && theirs.some((other) => other.name === item.name) ? withoutParent(item) : item));
  const { parents: _parents, ...rest } = child;
  const parents = child.parents.filter((oid) => oid !== parent.oid);
  context.editor.put({
    ...rest,
    columns: leave(child.columns, parent.columns),
    checks: leave(
      child.checks,
      parent.checks.filter((check) => check.noInherit !== true),
    ),
    ...(parents.length === 0 ? {} : { parents }),
  });
}

/** RENAME COLUMN of a table: its inheritors' columns go along. Answers the tables whose column gets the name. */
export function renamedColumns(context: DdlContext, table: Table, from: string, to: string, only: boolean): readonly Table[] {
  if (only && children(context, table).length > 0) throw new PgError('42P16', `inherited column "${from}" must be renamed in child tables too`);
  const tables = reached(context, table, { recurse: !only });
  for (const one of tables) {
    if ((columnNamed(one, from).inheritCount ?? 0) > parentsReached(context, table, one))
      throw new PgError('42P16', `cannot rename inherited column "${from}"`);
    if (one.columns.some((other) => other.name === to)) throw new PgError('42701', `column "${to}" of relation "${one.name}" already exists`);
  }
  return tables;
}
