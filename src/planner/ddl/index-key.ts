/** A key of an index as CREATE INDEX and EXCLUDE write it. Source: ComputeIndexAttrs of PostgreSQL 15's indexcmds.c. */
import { collationRef, requireCollation } from '../../catalog/collation.js';
import { collationOf } from '../../catalog/pg-catalog/index-columns.js';
import { operatorClassOf } from '../../catalog/pg-catalog/pg-opclass.js';
import type { IndexKey, Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { undeterminedCollation } from '../../functions/scalar/collation.js';
import type * as ast from '../../sql/ast.js';
import { formatType, requireType } from '../../types/registry.js';
import { requireOperatorClass, systemColumns } from './constraints.js';
import type { DdlContext } from './ddl.js';

/** What the key says of collation and operator class beyond what its column and type have by themselves. */
function keyClass(context: DdlContext, element: ast.IndexElement, method: string, typeOid: number, own: number): Pick<IndexKey, 'collation' | 'operatorClass'> {
  if (element.collation !== undefined && requireType(typeOid).collationOid === 0)
    throw new PgError('42804', `collations are not supported by type ${formatType(typeOid)}`);
  const declared = element.collation === undefined ? own : requireCollation(context.editor.snapshot, context.searchPath, element.collation);
  const collation = declared === own ? undefined : (collationRef(declared, typeOid) ?? 'default');
  const operatorClass = element.operatorClass?.at(-1);
  return {
    ...(collation === undefined ? {} : { collation }),
    ...(operatorClass === undefined || operatorClass === operatorClassOf(typeOid, method)?.name ? {} : { operatorClass }),
  };
}

export function indexKey(context: DdlContext, table: Table, element: ast.IndexElement, method: string): IndexKey {
  const { snapshot } = context.editor;
  const descending = element.direction === 'desc';
  const order = { descending, nullsFirst: element.nulls === 'default' ? descending : element.nulls === 'first' };
  if (element.column !== undefined) {
    if (systemColumns.has(element.column)) throw new PgError('0A000', 'index creation on system columns is not supported');
    const column = table.columns.find((candidate) => candidate.name === element.column);
    if (column === undefined) throw new PgError('42703', `column "${element.column}" does not exist`);
    requireOperatorClass(method, column.typeOid, element.operatorClass);
    return { attribute: column.attribute, ...order, ...keyClass(context, element, method, column.typeOid, collationOf(snapshot, column)) };
  }
  if (element.expression === undefined) throw notSupported('an index element without column or expression');
  const { text, type, collation } = context.binder(snapshot).indexKey(element.expression, table);
  if (collation === undefined && element.collation === undefined) throw undeterminedCollation('index expression');
  requireOperatorClass(method, type.oid, element.operatorClass);
  const own = collationRef(collation ?? 0, type.oid);
  return {
    attribute: 0,
    expressionText: text,
    typeOid: type.oid,
    ...(own === undefined ? {} : { expressionCollation: own }),
    ...order,
    ...keyClass(context, element, method, type.oid, collation ?? 0),
  };
}
