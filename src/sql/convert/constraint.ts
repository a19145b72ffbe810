/**
 * Columns and constraints of CREATE TABLE, ALTER TABLE, CREATE DOMAIN and CREATE TYPE. The grammar gives DEFERRABLE and its like as constraints of their own;
 * here they become attributes of the constraint before them, with PostgreSQL's checks (transformConstraintAttrs in parse_utilcmd.c).
 */
import { notSupported, PgError } from '../../common/errors.js';
import type { ColumnConstraint, ColumnDefinition, ReferentialAction, TableConstraint } from '../ast.js';
import { namesOf, qualifiedName, type Context } from './context.js';
import { convertOptions, convertSequenceOptions } from './definition.js';
import { convertIndexElement } from './dml.js';
import { convertExpression, convertOptional, convertTypeName } from './expression.js';
import type { Raw } from './raw.js';
import type { ColumnDef, Constraint, Node } from '@pgsql/types';

type AnyConstraint = ColumnConstraint | TableConstraint;

export function convertColumn(column: ColumnDef, context: Context): ColumnDefinition {
  if (column.fdwoptions !== undefined) throw notSupported('OPTIONS of a column', context.position(column.location));
  return {
    kind: 'column',
    name: column.colname ?? '',
    type: column.typeName === undefined ? undefined : convertTypeName(column.typeName, context),
    collation: column.collClause === undefined ? undefined : namesOf(column.collClause.collname),
    storage: column.storage,
    compression: column.compression,
    constraints: convertColumnConstraints(column.constraints, context),
    position: context.position(column.location),
  };
}

export function convertColumnConstraints(nodes: readonly Node[] | undefined, context: Context): readonly ColumnConstraint[] {
  const result: ColumnConstraint[] = [];
  let seenDeferrable = false;
  let seenInitially = false;
  for (const { Constraint: constraint = {} } of (nodes ?? []) as readonly Raw[]) {
    const last = result[result.length - 1];
    const fail = (message: string): PgError => new PgError('42601', message, { position: context.position(constraint.location) });
    const takesAttributes = last?.kind === 'unique' || last?.kind === 'primaryKey' || last?.kind === 'foreignKey';
    switch (constraint.contype) {
      case 'CONSTR_ATTR_DEFERRABLE':
        if (!takesAttributes) throw fail('misplaced DEFERRABLE clause');
        if (seenDeferrable) throw fail('multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed');
        seenDeferrable = true;
        result[result.length - 1] = { ...last, deferrable: true };
        break;
      case 'CONSTR_ATTR_NOT_DEFERRABLE':
        if (!takesAttributes) throw fail('misplaced NOT DEFERRABLE clause');
        if (seenDeferrable) throw fail('multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed');
        seenDeferrable = true;
        if (seenInitially && last.initiallyDeferred) throw fail('constraint declared INITIALLY DEFERRED must be DEFERRABLE');
        result[result.length - 1] = { ...last, deferrable: false };
        break;
      case 'CONSTR_ATTR_DEFERRED':
        if (!takesAttributes) throw fail('misplaced INITIALLY DEFERRED clause');
        if (seenInitially) throw fail('multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed');
        seenInitially = true;
        if (seenDeferrable && !last.deferrable) throw fail('constraint declared INITIALLY DEFERRED must be DEFERRABLE');
        result[result.length - 1] = { ...last, deferrable: true, initiallyDeferred: true };
        break;
      case 'CONSTR_ATTR_IMMEDIATE':
        if (!takesAttributes) throw fail('misplaced INITIALLY IMMEDIATE clause');
        if (seenInitially) throw fail('multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed');
        seenInitially = true;
        break;
      default: {
        seenDeferrable = false;
        seenInitially = false;
        const converted = convertConstraint(constraint, context);
        if (converted.kind === 'exclusion') throw fail('syntax error at or near "EXCLUDE"');
        result.push(converted);
      }
    }
  }
  return result;
}

export function convertTableConstraint(constraint: Constraint, context: Context): TableConstraint {
  const converted = convertConstraint(constraint, context);
  switch (converted.kind) {
    case 'check':
    case 'unique':
    case 'primaryKey':
    case 'foreignKey':
    case 'exclusion':
      return converted;
    default:
      throw notSupported(`the table constraint ${converted.kind}`, converted.position);
  }
}

export function convertConstraint(constraint: Constraint, context: Context): AnyConstraint {
  const base = {
    name: constraint.conname,
    deferrable: constraint.deferrable ?? false,
    initiallyDeferred: constraint.initdeferred ?? false,
    position: context.position(constraint.location),
  };
  switch (constraint.contype) {
    case 'CONSTR_NOTNULL':
      return { kind: 'notNull', ...base };
    case 'CONSTR_NULL':
      return { kind: 'nullable', ...base };
    case 'CONSTR_DEFAULT':
      return { kind: 'default', ...base, expression: convertExpression(constraint.raw_expr as Node, context) };
    case 'CONSTR_IDENTITY':
      return { kind: 'identity', ...base, always: constraint.generated_when === 'a', sequence: convertSequenceOptions(constraint.options, context) };
    case 'CONSTR_GENERATED':
      // The grammar takes BY DEFAULT here too, PostgreSQL refuses it later.
      if (constraint.generated_when !== 'a') {
        throw new PgError('42601', 'for a generated column, GENERATED ALWAYS must be specified', { position: base.position });
      }
      return { kind: 'generated', ...base, expression: convertExpression(constraint.raw_expr as Node, context) };
    case 'CONSTR_CHECK':
      return {
        kind: 'check',
        ...base,
        expression: convertExpression(constraint.raw_expr as Node, context),
        noInherit: constraint.is_no_inherit ?? false,
        notValid: constraint.skip_validation ?? false,
      };
    case 'CONSTR_PRIMARY':
    case 'CONSTR_UNIQUE':
      return {
        kind: constraint.contype === 'CONSTR_PRIMARY' ? 'primaryKey' : 'unique',
        ...base,
        columns: namesOf(constraint.keys),
        including: namesOf(constraint.including),
        nullsNotDistinct: constraint.nulls_not_distinct ?? false,
        options: convertOptions(constraint.options, context),
        tablespace: constraint.indexspace,
        usingIndex: constraint.indexname,
      };
    case 'CONSTR_FOREIGN':
      return {
        kind: 'foreignKey',
        ...base,
        columns: namesOf(constraint.fk_attrs),
        table: qualifiedName(constraint.pktable, context),
        referencedColumns: namesOf(constraint.pk_attrs),
        match: constraint.fk_matchtype === 'f' ? 'full' : constraint.fk_matchtype === 'p' ? 'partial' : 'simple',
        onUpdate: referentialAction(constraint.fk_upd_action),
        onDelete: referentialAction(constraint.fk_del_action),
        onDeleteColumns: namesOf(constraint.fk_del_set_cols),
        notValid: constraint.skip_validation ?? false,
      };
    case 'CONSTR_EXCLUSION':
      return {
        kind: 'exclusion',
        ...base,
        accessMethod: constraint.access_method ?? 'btree',
        elements: ((constraint.exclusions ?? []) as readonly Raw[]).map((item) => {
          const [element, operator] = (item.List?.items ?? []) as readonly Raw[];
          return { element: convertIndexElement(element?.IndexElem ?? {}, context), operator: namesOf(operator?.List?.items) };
        }),
        including: namesOf(constraint.including),
        where: convertOptional(constraint.where_clause, context),
        options: convertOptions(constraint.options, context),
        tablespace: constraint.indexspace,
      };
    default:
      throw notSupported(`the constraint ${String(constraint.contype)}`, base.position);
  }
}

function referentialAction(letter: string | undefined): ReferentialAction {
  switch (letter) {
    case 'r':
      return 'restrict';
    case 'c':
      return 'cascade';
    case 'n':
      return 'setNull';
    case 'd':
      return 'setDefault';
    default:
      return 'noAction';
  }
}
