/** pg_constraint: primary keys, unique constraints, checks, foreign keys. */
import { operatorFor } from '../../functions/registry.js';
import { indexConstraintOffset } from '../definitions.js';
import { type Partition, rootOf } from '../partition.js';
import { listedIndexes, ownAttributes, parentPart } from '../partition-parts.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { CheckConstraint, ForeignKey, ReferentialAction, Table } from '../table.js';
import { numberArray, tablesOf } from './objects.js';
import { type CatalogRow, relation } from './relation.js';
import { schemaOid } from './role-oid.js';

const actions: Readonly<Record<ReferentialAction, string>> = { noAction: 'a', restrict: 'r', cascade: 'c', setNull: 'n', setDefault: 'd' };

function typeOf(table: Table, attribute: number): number {
  return table.columns.find((column) => column.attribute === attribute)?.typeOid ?? 0;
}

function equality(left: number, right: number): number {
  return operatorFor('=', left, right)?.oid ?? operatorFor('=', 25, 25)?.oid ?? 0;
}

/** The unique index of the target that the key refers to. */
export function targetIndex(target: Table, key: ForeignKey): number {
  const wanted = [...key.targetColumns].sort((a, b) => a - b).join();
  const found = target.indexes.find(
    (index) =>
      index.unique &&
      index.keys
        .map((part) => part.attribute)
        .sort((a, b) => a - b)
        .join() === wanted,
  );
  return found?.oid ?? 0;
}

function foreignKeyRow(catalog: CatalogSnapshot, table: Table, key: ForeignKey): CatalogRow {
  const target = catalog.relationByOid(key.targetOid);
  const parent = target?.kind === 'table' ? target : undefined;
  const pairs = key.columns.map((attribute, i) => [parent === undefined ? 0 : typeOf(parent, key.targetColumns[i] ?? 0), typeOf(table, attribute)] as const);
  return {
    conindid: parent === undefined ? 0 : targetIndex(parent, key),
    confrelid: key.targetOid,
    confupdtype: actions[key.onUpdate],
    confdeltype: actions[key.onDelete],
    confmatchtype: key.matchFull ? 'f' : 's',
    convalidated: key.notValid !== true,
    ...(key.onDeleteColumns === undefined ? {} : { confdelsetcols: numberArray(key.onDeleteColumns) }),
    connoinherit: true,
    conkey: numberArray(key.columns),
    confkey: numberArray(key.targetColumns),
    conpfeqop: numberArray(pairs.map(([left, right]) => equality(left, right))),
    conppeqop: numberArray(pairs.map(([left]) => equality(left, left))),
    conffeqop: numberArray(pairs.map(([, right]) => equality(right, right))),
  };
}

/** What all kinds of constraints share. */
function constraintRow(catalog: CatalogSnapshot, oid: number, name: string, schema: string, type: string): CatalogRow {
  return {
    oid,
    conname: name,
    connamespace: schemaOid(catalog, schema),
    contype: type,
    condeferrable: false,
    condeferred: false,
    convalidated: true,
    conrelid: 0,
    contypid: 0,
    conindid: 0,
    conparentid: 0,
    confrelid: 0,
    confupdtype: ' ',
    confdeltype: ' ',
    confmatchtype: ' ',
    conislocal: true,
    coninhcount: 0,
    connoinherit: false,
  };
}

function checkRow(columns: Table['columns'], check: CheckConstraint): CatalogRow {
  const used = columns
    .map(({ name, attribute }) => ({ attribute, at: check.expressionText.search(new RegExp(`\\b${name.replace(/[^\w]/g, '.')}\\b`)) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ attribute }) => attribute);
  return {
    convalidated: check.notValid !== true,
    conkey: numberArray(used),
    conbin: check.expressionText,
    conislocal: check.isLocal ?? true,
    coninhcount: check.inheritCount ?? 0,
    connoinherit: check.noInherit ?? false,
  };
}

/** Checks and foreign keys of a partition: its own, and those that it has of its root. */
function* ofPartition(catalog: CatalogSnapshot, partition: Partition): Generator<CatalogRow> {
  const root = rootOf(catalog, partition);
  const common = (oid: number, name: string, type: string): CatalogRow => ({
    ...constraintRow(catalog, oid, name, partition.schema, type),
    conrelid: partition.oid,
  });
  for (const check of partition.checks) yield { ...common(check.oid, check.name, 'c'), ...checkRow(partition.columns, check) };
  for (const part of partition.parts ?? []) {
    const check = root.checks.find((one) => one.oid === part.of);
    if (check !== undefined) yield { ...common(part.oid, part.name, 'c'), ...checkRow(partition.columns, check), conislocal: false, coninhcount: 1 };
    const key = root.foreignKeys.find((one) => one.oid === part.of);
    if (key === undefined) continue;
    yield {
      ...common(part.oid, part.name, 'f'),
      condeferrable: key.deferrable,
      condeferred: key.initiallyDeferred,
      ...foreignKeyRow(catalog, root, key),
      conkey: numberArray(ownAttributes(root, partition, key.columns)),
      conparentid: parentPart(catalog, partition, part.of) ?? 0,
      conislocal: false,
      coninhcount: 1,
      connoinherit: false,
    };
  }
}

export const pgConstraint = relation('pg_catalog.pg_constraint', function* ({ catalog }) {
  for (const domain of catalog.data.types ?? []) {
    if (domain.kind !== 'domain') continue;
    for (const check of domain.checks) {
      const row = constraintRow(catalog, check.oid, check.name, domain.schema, 'c');
      yield { ...row, convalidated: check.validated, contypid: domain.oid, conbin: check.expressionText };
    }
  }
  for (const { table, index, parentOid } of listedIndexes(catalog)) {
    if (!index.constraint) continue;
    yield {
      ...constraintRow(catalog, index.oid + indexConstraintOffset, index.name, table.schema, index.primary ? 'p' : index.exclusion === undefined ? 'u' : 'x'),
      conrelid: table.oid,
      condeferrable: index.deferral !== undefined,
      condeferred: index.deferral === 'initiallyDeferred',
      conindid: index.oid,
      connoinherit: parentOid === undefined,
      conkey: numberArray(index.keys.map((key) => key.attribute)),
      ...(index.exclusion === undefined ? {} : { conexclop: numberArray(index.exclusion.operators.map(({ oid }) => oid)) }),
      ...(parentOid === undefined ? {} : { conparentid: parentOid + indexConstraintOffset, conislocal: false, coninhcount: 1 }),
    };
  }
  for (const partition of catalog.data.relations) if (partition.kind === 'partition') yield* ofPartition(catalog, partition);
  for (const table of tablesOf(catalog)) {
    const common = (oid: number, name: string, type: string): CatalogRow => ({
      ...constraintRow(catalog, oid, name, table.schema, type),
      conrelid: table.oid,
    });
    for (const check of table.checks) yield { ...common(check.oid, check.name, 'c'), ...checkRow(table.columns, check) };
    for (const { oid, name, constraint } of table.triggers ?? [])
      if (constraint !== undefined)
        yield { ...common(oid, name, 't'), condeferrable: constraint.deferrable, condeferred: constraint.initiallyDeferred, connoinherit: true };
    for (const key of table.foreignKeys) {
      yield { ...common(key.oid, key.name, 'f'), condeferrable: key.deferrable, condeferred: key.initiallyDeferred, ...foreignKeyRow(catalog, table, key) };
    }
  }
});
