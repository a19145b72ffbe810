/**
 * pg_depend: which object needs which (keys and their columns and indexes, foreign keys and what they refer to, relations and their schemas, ...). Clients read from it who owns a sequence (`i` for identity, `a` for serial), what belongs to an extension (`e`) and to a
 * constraint; pg_dump, in which order things have to be made.
 */
import { indexConstraintOffset } from '../definitions.js';
import { extensionsOf } from '../extension.js';
import { nameParts } from '../object-names.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { Column, ForeignKey, Sequence, Table } from '../table.js';
import { relationsRead } from '../view-text.js';
import { indexesOf, sequencesOf, tablesOf, viewsOf } from './objects.js';
import { plpgsqlLanguage } from './pg-language.js';
import { ruleOffset } from './pg-rewrite.js';
import { type CatalogRow, relation } from './relation.js';
import { schemaOid } from './role-oid.js';

const classes = {
  class: 1259,
  type: 1247,
  proc: 1255,
  constraint: 2606,
  attrdef: 2604,
  rewrite: 2618,
  language: 2612,
  namespace: 2615,
  extension: 3079,
} as const;
type Class = keyof typeof classes;

function row(from: Class, objid: number, objsubid: number, to: Class, refobjid: number, refobjsubid: number, deptype: string): CatalogRow {
  return { classid: classes[from], objid, objsubid, refclassid: classes[to], refobjid, refobjsubid, deptype };
}

const nextvalCall = /nextval\('((?:[^']|'')*)'(?:::regclass)?\)/g;

/** The sequences that a default draws from. */
function sequencesDrawn(catalog: CatalogSnapshot, text: string): readonly Sequence[] {
  return Array.from(text.matchAll(nextvalCall)).flatMap((match) => {
    const parts = nameParts((match[1] ?? '').replaceAll("''", "'"));
    const found = catalog.relation(parts.length > 1 ? (parts.at(-2) ?? '') : 'public', parts.at(-1) ?? '');
    return found?.kind === 'sequence' ? [found] : [];
  });
}

/** The database's own type that a type or array is. */
function* ofType(catalog: CatalogSnapshot, from: Class, objid: number, objsubid: number, oids: Iterable<number>): Generator<CatalogRow> {
  const seen = new Set<number>();
  for (const oid of oids) {
    const named = catalog.types.named(oid);
    if (named === undefined || seen.has(oid)) continue;
    seen.add(oid);
    yield row(from, objid, objsubid, 'type', oid, 0, 'n');
  }
}

function* defaultOf(catalog: CatalogSnapshot, owner: number, column: Column): Generator<CatalogRow> {
  if (column.defaultText === undefined || column.identity !== undefined) return;
  const oid = owner * 2048 + column.attribute;
  yield row('attrdef', oid, 0, 'class', owner, column.attribute, 'a');
  // Dumps make the sequence in between.
  for (const sequence of sequencesDrawn(catalog, column.defaultText)) yield row('attrdef', oid, 0, 'class', sequence.oid, 0, 'n');
}

function* ofForeignKey(catalog: CatalogSnapshot, table: Table, key: ForeignKey): Generator<CatalogRow> {
  for (const column of key.columns) yield row('constraint', key.oid, 0, 'class', table.oid, column, 'a');
  for (const column of key.targetColumns) yield row('constraint', key.oid, 0, 'class', key.targetOid, column, 'n');
  const target = catalog.relationByOid(key.targetOid);
  if (target?.kind !== 'table') return;
  const referred = target.indexes.find(
    (index) => index.unique && index.keys.length === key.targetColumns.length && index.keys.every(({ attribute }) => key.targetColumns.includes(attribute)),
  );
  if (referred !== undefined) yield row('constraint', key.oid, 0, 'class', referred.oid, 0, 'n');
}

function* dependencies(catalog: CatalogSnapshot): Generator<CatalogRow> {
  for (const { oid, schema } of catalog.data.relations) {
    const namespace = schemaOid(catalog, schema);
    if (namespace !== 0) yield row('class', oid, 0, 'namespace', namespace, 0, 'n');
  }
  for (const { oid, ownedBy } of sequencesOf(catalog)) {
    if (ownedBy === undefined) continue;
    const table = catalog.relationByOid(ownedBy.tableOid);
    const column = table?.kind === 'table' ? table.columns.find((one) => one.attribute === ownedBy.attribute) : undefined;
    const isIdentity = column?.identity !== undefined && column.sequenceOid === oid;
    yield row('class', oid, 0, 'class', ownedBy.tableOid, ownedBy.attribute, isIdentity ? 'i' : 'a');
  }
  for (const table of tablesOf(catalog)) {
    for (const column of table.columns) {
      yield* defaultOf(catalog, table.oid, column);
      yield* ofType(catalog, 'class', table.oid, column.attribute, [column.domainOid ?? column.typeOid]);
    }
    for (const parent of table.parents ?? []) yield row('class', table.oid, 0, 'class', parent, 0, 'n');
    for (const key of table.foreignKeys) yield* ofForeignKey(catalog, table, key);
  }
  for (const object of catalog.data.relations) {
    if (object.kind !== 'partition') continue;
    yield row('class', object.oid, 0, 'class', object.parentOid, 0, 'a');
    for (const column of object.columns) yield* defaultOf(catalog, object.oid, column);
  }
  for (const view of viewsOf(catalog)) {
    yield row('rewrite', view.oid + ruleOffset, 0, 'class', view.oid, 0, 'i');
    for (const oid of relationsRead(catalog, view)) yield row('rewrite', view.oid + ruleOffset, 0, 'class', oid, 0, 'n');
  }
  for (const { table, index } of indexesOf(catalog)) {
    const constraint = index.oid + indexConstraintOffset;
    if (index.constraint) yield row('class', index.oid, 0, 'constraint', constraint, 0, 'i');
    for (const { attribute } of index.keys)
      if (attribute > 0)
        yield index.constraint
          ? row('constraint', constraint, 0, 'class', table.oid, attribute, 'a')
          : row('class', index.oid, 0, 'class', table.oid, attribute, 'a');
  }
  for (const type of catalog.data.types ?? []) {
    if (type.kind === 'domain') yield* ofType(catalog, 'type', type.oid, 0, [type.baseOid]);
    if (type.kind === 'composite') for (const one of type.attributes) yield* ofType(catalog, 'class', type.classOid, one.attribute, [one.typeOid]);
  }
  for (const one of catalog.functions.all()) yield* ofType(catalog, 'proc', one.oid, 0, [one.result, ...one.args.map((argument) => argument.typeOid)]);
  for (const extension of extensionsOf(catalog)) {
    if (extension.name === 'plpgsql') yield row('language', plpgsqlLanguage, 0, 'extension', extension.oid, 0, 'e');
    else yield row('extension', extension.oid, 0, 'namespace', schemaOid(catalog, extension.schema), 0, 'n');
    for (const { kind, oid } of extension.members)
      yield row(kind === 'relation' ? 'class' : kind === 'type' ? 'type' : 'proc', oid, 0, 'extension', extension.oid, 0, 'e');
  }
}

export const pgDepend = relation('pg_catalog.pg_depend', ({ catalog }) => dependencies(catalog));
