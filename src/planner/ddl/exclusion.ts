/** Exclusion constraints: their place in a table. Rows are compared by the lane (storage/write/exclusion-index). Used by CREATE TABLE and ALTER TABLE. */
import { objectName } from '../../catalog/edit.js';
import { isOfFamily } from '../../catalog/pg-catalog/pg-amop.js';
import { accessMethods, familyName, operatorClassNamed, operatorClassOf } from '../../catalog/pg-catalog/pg-opclass.js';
import type { Index, IndexKey, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { formatType } from '../../types/registry.js';
import { indexColumnName } from '../bind/column-name.js';
import { columnNamed, deferralOf, freeConstraintName, systemColumns } from './constraints.js';
import type { DdlContext } from './ddl.js';
import { indexKey } from './index-key.js';
import { requireTablespace, storageOptions } from './storage-parameters.js';

const exclusionUnsupported: ReadonlySet<string> = new Set(['gin', 'brin']);

/** EXCLUDE. Source: DefineIndex and ComputeIndexAttrs of PostgreSQL 15's indexcmds.c. */
export function withExclusion(context: DdlContext, table: Table, constraint: ast.ExclusionConstraint): { readonly table: Table; readonly index: Index } {
  const { accessMethod: method } = constraint;
  if (table.partitioning !== undefined) throw new PgError('0A000', 'exclusion constraints are not supported on partitioned tables').at(constraint.position);
  requireTablespace(constraint.tablespace);
  if (!accessMethods.has(method)) throw new PgError('42704', `access method "${method}" does not exist`);
  if (exclusionUnsupported.has(method)) throw new PgError('0A000', `access method "${method}" does not support exclusion constraints`);
  if (method === 'hash' && constraint.elements.length > 1) throw new PgError('0A000', 'access method "hash" does not support multicolumn indexes');
  const binder = context.binder(context.editor.snapshot);
  const operators: { readonly name: string; readonly oid: number }[] = [];
  const keys = constraint.elements.map(({ element, operator }): IndexKey => {
    if (element.column !== undefined && !systemColumns.has(element.column) && !table.columns.some((one) => one.name === element.column))
      throw new PgError('42703', `column "${element.column}" named in key does not exist`).at(constraint.position);
    const key = indexKey(context, table, element, method);
    const column = table.columns.find((one) => one.attribute === key.attribute);
    const typeOid = key.typeOid ?? column?.typeOid ?? 0;
    const { oid, isCommutative } = binder.exclusionOperator(operator, { oid: typeOid, typmod: -1 });
    const name = operator.at(-1) ?? '';
    const shown = `${name}(${formatType(typeOid)},${formatType(typeOid)})`;
    if (!isCommutative)
      throw new PgError('42809', `operator ${shown} is not commutative`, { detail: 'Only commutative operators can be used in exclusion constraints.' });
    const named = key.operatorClass === undefined ? undefined : operatorClassNamed(key.operatorClass, method, typeOid);
    const family = (named ?? operatorClassOf(typeOid, method))?.family ?? 0;
    if (!isOfFamily(family, oid))
      throw new PgError('42809', `operator ${shown} is not a member of operator family "${familyName(family)}"`, {
        detail: 'The exclusion operator must be related to the index operator class for the constraint.',
      });
    operators.push({ name, oid });
    return key;
  });
  const names = constraint.elements.map(({ element }) => element.column ?? (element.expression === undefined ? 'expr' : indexColumnName(element.expression)));
  const index: Index = {
    oid: context.editor.freshOid(),
    name: freeConstraintName(context, table, constraint.name, objectName(table.name, [...names, ...constraint.including].join('_'), 'excl'), true),
    unique: false,
    primary: false,
    nullsNotDistinct: false,
    keys,
    include: constraint.including.map((include) => columnNamed(table, include).attribute),
    constraint: true,
    method,
    exclusion: { operators },
    ...storageOptions(method, constraint.options),
    ...deferralOf(constraint),
    ...(constraint.where === undefined ? {} : { predicateText: binder.expression(constraint.where, table, { oid: 16, typmod: -1 }, 'predicate') }),
  };
  return { table: { ...table, indexes: [...table.indexes, index] }, index };
}
