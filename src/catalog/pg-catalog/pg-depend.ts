/**
 * pg_depend: what tools follow. Sequences and the columns that own them (`i` for identity, `a` for serial), defaults, keys with their columns and indexes, foreign keys
 * with the columns and the index that they refer to, views and what they read, relations and their schemas.
 */
import { indexConstraintOffset } from '../definitions.js';
import type { ForeignKey, Table } from '../table.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { relationsRead } from '../view-text.js';
import { indexesOf, ownedSequence, sequencesOf, tablesOf, viewsOf } from './objects.js';
import { ruleOffset } from './pg-rewrite.js';
import { type CatalogRow, relation } from './relation.js';

const pgClass = 1259;
const pgConstraint = 2606;
const pgAttrdef = 2604;
const pgNamespace = 2615;
const pgRewrite = 2618;

type Address = readonly [catalog: number, oid: number, column?: number];

/** a: goes with it; i: is a part of it; n: is in the way of its removal. */
function dependency(type: 'a' | 'i' | 'n', [classid, objid, objsubid = 0]: Address, [refclassid, refobjid, refobjsubid = 0]: Address): CatalogRow {
  return { classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype: type };
}

export const pgDepend = relation('pg_catalog.pg_depend', function* ({ catalog }) {
  const schemas = new Map(catalog.data.schemas.map(({ oid, name }) => [name, oid]));
  const inSchema = (schema: string, oid: number): readonly CatalogRow[] => {
    const namespace = schemas.get(schema);
    return namespace === undefined ? [] : [dependency('n', [pgClass, oid], [pgNamespace, namespace])];
  };
  for (const table of tablesOf(catalog)) {
    yield* inSchema(table.schema, table.oid);
    yield* ofColumns(catalog, table);
    for (const key of table.foreignKeys) yield* ofForeignKey(catalog, table, key);
  }
  for (const { schema, oid } of sequencesOf(catalog)) yield* inSchema(schema, oid);
  for (const view of viewsOf(catalog)) {
    yield* inSchema(view.schema, view.oid);
    const rule: Address = [pgRewrite, view.oid + ruleOffset];
    yield dependency('i', rule, [pgClass, view.oid]);
    for (const oid of relationsRead(catalog, view)) yield dependency('n', rule, [pgClass, oid]);
  }
  for (const { table, index } of indexesOf(catalog)) {
    const columns = index.keys.flatMap(({ attribute }) => (attribute > 0 ? [attribute] : []));
    const constraint: Address = [pgConstraint, index.oid + indexConstraintOffset];
    if (index.constraint) yield dependency('i', [pgClass, index.oid], constraint);
    for (const column of columns) yield dependency('a', index.constraint ? constraint : [pgClass, index.oid], [pgClass, table.oid, column]);
  }
});

function* ofColumns(catalog: CatalogSnapshot, table: Table): Generator<CatalogRow> {
  for (const { attribute, sequenceOid, identity, defaultText } of table.columns) {
    const column: Address = [pgClass, table.oid, attribute];
    const sequence = ownedSequence(catalog, sequenceOid);
    if (sequence !== undefined) yield dependency(identity === undefined ? 'a' : 'i', [pgClass, sequence.oid], column);
    if (defaultText === undefined || identity !== undefined) continue;
    const value: Address = [pgAttrdef, table.oid * 2048 + attribute];
    yield dependency('a', value, column);
    // The default that draws from the column's sequence: dumps make the sequence in between.
    if (sequence !== undefined) yield dependency('n', value, [pgClass, sequence.oid]);
  }
}

function* ofForeignKey(catalog: CatalogSnapshot, table: Table, key: ForeignKey): Generator<CatalogRow> {
  const constraint: Address = [pgConstraint, key.oid];
  for (const column of key.columns) yield dependency('a', constraint, [pgClass, table.oid, column]);
  for (const column of key.targetColumns) yield dependency('n', constraint, [pgClass, key.targetOid, column]);
  const target = catalog.relationByOid(key.targetOid);
  if (target?.kind !== 'table') return;
  const referred = target.indexes.find(
    (index) => index.unique && index.keys.length === key.targetColumns.length && index.keys.every(({ attribute }) => key.targetColumns.includes(attribute)),
  );
  if (referred !== undefined) yield dependency('n', constraint, [pgClass, referred.oid]);
}
