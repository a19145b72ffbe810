/**
 * pg_depend: which object needs which (keys and their columns and indexes, foreign keys and what they refer to, relations and their schemas, ...), and
 * pg_shdepend: which roles they need. Clients read from it who owns a sequence (`i` for identity, `a` for serial), what belongs to an extension (`e`) and to a
 * constraint; pg_dump, in which order things have to be made.
 */
import { indexConstraintOffset } from '../definitions.js';
import { extensionsOf } from '../extension.js';
import { nameParts } from '../object-names.js';
import type { AclItem, ObjectAcl } from '../acl.js';
import { type Partition, type Partitioning, rootOf } from '../partition.js';
import { listedIndexes, parentPart } from '../partition-parts.js';
import { bootstrapRoleOid } from '../role.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { Column, ForeignKey, Sequence, Table } from '../table.js';
import { internalTriggers } from '../internal-trigger.js';
import type { Trigger } from '../trigger.js';
import { columnsRead } from '../view-text.js';
import { sequencesOf, tablesOf, viewsOf } from './objects.js';
import { plpgsqlFunctions, plpgsqlLanguage } from './pg-language.js';
import { ruleOffset } from './pg-rewrite.js';
import { type CatalogRow, relation } from './relation.js';
import { roleOid, schemaOid } from './role-oid.js';

/** OIDs below are the system's own. */
const firstOwnOid = 16384;

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
  trigger: 2620,
  policy: 3256,
  statisticExt: 3381,
  defaultAcl: 826,
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

/** As pg_attrdef numbers them. */
function attrdefOid(owner: number, { attribute }: Column): number {
  return owner * 2048 + attribute;
}

function* defaultOf(catalog: CatalogSnapshot, owner: number, column: Column): Generator<CatalogRow> {
  if (column.defaultText === undefined || column.identity !== undefined) return;
  const oid = attrdefOid(owner, column);
  yield row('attrdef', oid, 0, 'class', owner, column.attribute, column.generated === undefined ? 'a' : 'i');
  if (column.defaultText.includes('::')) yield* ofType(catalog, 'attrdef', oid, 0, [column.domainOid ?? column.typeOid]);
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

/** Columns of a table that a stored expression names. */
function columnsNamed(table: Pick<Table, 'columns'>, text: string): readonly number[] {
  return table.columns.filter(({ name }) => new RegExp(`(?<![\\w.])"?${name.replace(/[^\w]/g, '.')}"?(?!\\w)`).test(text)).map(({ attribute }) => attribute);
}

/** Columns of the rows that a trigger's condition looks at. */
function triggerReads(table: Table, { whenText = '' }: Trigger): readonly number[] {
  return table.columns
    .filter(({ name }) => new RegExp(`\\b(?:new|old)\\."?${name.replace(/[^\w]/g, '.')}"?(?!\\w)`).test(whenText))
    .map(({ attribute }) => attribute);
}

/** A partitioned table cannot be without the columns of its key. */
function* ofPartitionKey(oid: number, partitioning: Partitioning | undefined): Generator<CatalogRow> {
  for (const { attribute } of partitioning?.keys ?? []) if (attribute > 0) yield row('class', oid, attribute, 'class', oid, 0, 'i');
}

function* ofTable(catalog: CatalogSnapshot, table: Table): Generator<CatalogRow> {
  for (const column of table.columns) {
    yield* defaultOf(catalog, table.oid, column);
    if (column.generated !== undefined)
      for (const read of columnsNamed(table, column.defaultText ?? '')) yield row('attrdef', attrdefOid(table.oid, column), 0, 'class', table.oid, read, 'n');
    yield* ofType(catalog, 'class', table.oid, column.attribute, [column.domainOid ?? column.typeOid]);
  }
  yield* ofPartitionKey(table.oid, table.partitioning);
  for (const parent of table.parents ?? []) yield row('class', table.oid, 0, 'class', parent, 0, 'n');
  for (const check of table.checks) yield* ofCheck(table, check.oid, check.expressionText);
  for (const key of table.foreignKeys) {
    yield* ofForeignKey(catalog, table, key);
    for (const { oid } of internalTriggers(key)) yield row('trigger', oid, 0, 'constraint', key.oid, 0, 'i');
  }
  for (const trigger of table.triggers ?? []) {
    yield row('trigger', trigger.oid, 0, 'class', table.oid, 0, 'a');
    yield row('trigger', trigger.oid, 0, 'proc', trigger.functionOid, 0, 'n');
    for (const attribute of [...trigger.columns, ...triggerReads(table, trigger)]) yield row('trigger', trigger.oid, 0, 'class', table.oid, attribute, 'n');
  }
  for (const statistics of table.statistics ?? []) {
    const attributes = new Set([...statistics.columns, ...columnsNamed(table, statistics.expressions.join(' '))]);
    for (const attribute of attributes) yield row('statisticExt', statistics.oid, 0, 'class', table.oid, attribute, 'a');
    if (attributes.size === 0) yield row('statisticExt', statistics.oid, 0, 'class', table.oid, 0, 'a');
  }
  for (const policy of table.rowSecurity?.policies ?? []) {
    yield row('policy', policy.oid, 0, 'class', table.oid, 0, 'a');
    for (const attribute of columnsNamed(table, `${policy.usingText ?? ''} ${policy.checkText ?? ''}`))
      yield row('policy', policy.oid, 0, 'class', table.oid, attribute, 'n');
  }
}

function* ofCheck(table: Pick<Table, 'oid' | 'columns'>, oid: number, text: string): Generator<CatalogRow> {
  const used = columnsNamed(table, text);
  if (used.length === 0) yield row('constraint', oid, 0, 'class', table.oid, 0, 'a');
  for (const attribute of used) {
    yield row('constraint', oid, 0, 'class', table.oid, attribute, 'a');
    yield row('constraint', oid, 0, 'class', table.oid, attribute, 'n');
  }
}

function* ofPartition(catalog: CatalogSnapshot, partition: Partition): Generator<CatalogRow> {
  yield row('class', partition.oid, 0, 'class', partition.parentOid, 0, 'a');
  for (const column of partition.columns) {
    yield* defaultOf(catalog, partition.oid, column);
    yield* ofType(catalog, 'class', partition.oid, column.attribute, [column.domainOid ?? column.typeOid]);
  }
  for (const check of partition.checks) yield* ofCheck(partition, check.oid, check.expressionText);
  yield* ofPartitionKey(partition.oid, partition.partitioning);
  const root = rootOf(catalog, partition);
  for (const part of partition.parts ?? []) {
    const parent = parentPart(catalog, partition, part.of) ?? 0;
    const check = root.checks.find(({ oid }) => oid === part.of);
    if (check !== undefined) yield* ofCheck(partition, part.oid, check.expressionText);
    const key = root.foreignKeys.find(({ oid }) => oid === part.of);
    if (key !== undefined) for (const { oid } of internalTriggers(key, part.oid)) yield row('trigger', oid, 0, 'constraint', part.oid, 0, 'i');
    if (part.kind !== 'foreignKey' && part.kind !== 'trigger') continue;
    const from = part.kind === 'trigger' ? 'trigger' : 'constraint';
    yield row(from, part.oid, 0, from, parent, 0, 'P');
    yield row(from, part.oid, 0, 'class', partition.oid, 0, 'S');
  }
}

function* ofIndexes(catalog: CatalogSnapshot): Generator<CatalogRow> {
  for (const { table, index, parentOid } of listedIndexes(catalog)) {
    const constraint = index.oid + indexConstraintOffset;
    if (index.constraint) yield row('class', index.oid, 0, 'constraint', constraint, 0, 'i');
    if (parentOid !== undefined) {
      yield row('class', index.oid, 0, 'class', parentOid, 0, 'P');
      yield row('class', index.oid, 0, 'class', table.oid, 0, 'S');
      if (index.constraint) {
        yield row('constraint', constraint, 0, 'constraint', parentOid + indexConstraintOffset, 0, 'P');
        yield row('constraint', constraint, 0, 'class', table.oid, 0, 'S');
      }
    }
    const texts = [...index.keys.map((key) => key.expressionText ?? ''), index.predicateText ?? ''].join(' ');
    const attributes = new Set([...index.keys.map((key) => key.attribute), ...index.include, ...columnsNamed(table, texts)]);
    for (const attribute of attributes)
      if (attribute > 0)
        yield index.constraint
          ? row('constraint', constraint, 0, 'class', table.oid, attribute, 'a')
          : row('class', index.oid, 0, 'class', table.oid, attribute, 'a');
  }
}

/** The rule of a view, materialized or not: the columns that it reads. */
function* ofView(catalog: CatalogSnapshot, view: { readonly oid: number; readonly queryText: string }): Generator<CatalogRow> {
  const rule = view.oid + ruleOffset;
  yield row('rewrite', rule, 0, 'class', view.oid, 0, 'i');
  yield row('rewrite', rule, 0, 'class', view.oid, 0, 'n');
  for (const { oid, columns } of columnsRead(catalog, view)) {
    const relation = catalog.relationByOid(oid);
    const numbers = columns.map((name) => {
      if (relation?.kind === 'view') return relation.columns.findIndex((column) => column.name === name) + 1;
      return relation?.kind === 'sequence' ? 0 : (relation?.columns.find((column) => column.name === name)?.attribute ?? 0);
    });
    if (numbers.length === 0) yield row('rewrite', rule, 0, 'class', oid, 0, 'n');
    for (const number of numbers) yield row('rewrite', rule, 0, 'class', oid, number, 'n');
  }
}

function* ofTypes(catalog: CatalogSnapshot): Generator<CatalogRow> {
  for (const named of catalog.types.all()) {
    yield row('type', named.arrayOid, 0, 'type', named.oid, 0, 'i');
    if (named.relation !== undefined) yield row('type', named.oid, 0, 'class', named.relation.oid, 0, 'i');
    else yield row('type', named.oid, 0, 'namespace', schemaOid(catalog, named.schema), 0, 'n');
  }
  for (const type of catalog.data.types ?? []) {
    if (type.kind === 'multirange') yield row('type', type.oid, 0, 'type', type.rangeOid, 0, 'i');
    if (type.kind === 'range') yield* ofType(catalog, 'type', type.oid, 0, [type.subtypeOid]);
    if (type.kind === 'domain') {
      yield* ofType(catalog, 'type', type.oid, 0, [type.baseOid]);
      for (const check of type.checks) yield row('constraint', check.oid, 0, 'type', type.oid, 0, 'a');
    }
    if (type.kind !== 'composite') continue;
    yield row('class', type.classOid, 0, 'type', type.oid, 0, 'i');
    for (const one of type.attributes) yield* ofType(catalog, 'class', type.classOid, one.attribute, [one.typeOid]);
  }
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
  for (const table of tablesOf(catalog)) yield* ofTable(catalog, table);
  for (const object of catalog.data.relations) if (object.kind === 'partition') yield* ofPartition(catalog, object);
  for (const view of viewsOf(catalog)) yield* ofView(catalog, view);
  for (const { oid, materialized } of tablesOf(catalog)) if (materialized !== undefined) yield* ofView(catalog, { oid, queryText: materialized.queryText });
  yield* ofIndexes(catalog);
  yield* ofTypes(catalog);
  for (const one of catalog.functions.all()) {
    yield row('proc', one.oid, 0, 'namespace', schemaOid(catalog, one.schema), 0, 'n');
    if (one.language === 'plpgsql') yield row('proc', one.oid, 0, 'language', plpgsqlLanguage, 0, 'n');
    yield* ofType(catalog, 'proc', one.oid, 0, [one.result, ...one.args.map((argument) => argument.typeOid)]);
  }
  for (const acl of catalog.data.defaultAcls ?? []) if (acl.schema !== 0) yield row('defaultAcl', acl.oid, 0, 'namespace', acl.schema, 0, 'a');
  for (const extension of extensionsOf(catalog)) {
    if (extension.name === 'plpgsql') {
      yield row('language', plpgsqlLanguage, 0, 'extension', extension.oid, 0, 'e');
      for (const oid of plpgsqlFunctions) yield row('proc', oid, 0, 'extension', extension.oid, 0, 'e');
    } else yield row('extension', extension.oid, 0, 'namespace', schemaOid(catalog, extension.schema), 0, 'n');
    for (const { kind, oid } of extension.members)
      yield row(kind === 'relation' ? 'class' : kind === 'type' ? 'type' : 'proc', oid, 0, 'extension', extension.oid, 0, 'e');
  }
}

export const pgDepend = relation('pg_catalog.pg_depend', ({ catalog }) => dependencies(catalog));

const roleClass = 1260;

/** pg_shdepend: owners, and roles that privileges and policies name. The first superuser, without whom nothing is, is left out. */
function* roleDependencies(catalog: CatalogSnapshot): Generator<CatalogRow> {
  const one = function* (from: Class, objid: number, objsubid: number, role: number, deptype: string): Generator<CatalogRow> {
    if (role !== bootstrapRoleOid && role >= firstOwnOid)
      yield { dbid: catalog.data.databaseOid, classid: classes[from], objid, objsubid, refclassid: roleClass, refobjid: role, deptype };
  };
  const owned = function* (from: Class, oid: number, owner: string): Generator<CatalogRow> {
    yield* one(from, oid, 0, roleOid(catalog, owner), 'o');
  };
  for (const { oid, owner } of catalog.data.relations) yield* owned('class', oid, owner);
  for (const type of catalog.data.types ?? [])
    yield* type.kind === 'composite' ? owned('class', type.classOid, type.owner) : owned('type', type.oid, type.owner);
  for (const { oid, owner } of catalog.functions.all()) yield* owned('proc', oid, owner);
  for (const { oid, owner } of catalog.data.schemas) yield* owned('namespace', oid, owner);
  for (const acl of catalog.data.acls ?? []) {
    const from = aclClasses[acl.kind];
    if (from === undefined) continue;
    const owner = ownerOfAcl(catalog, acl);
    const grantees = (items: readonly AclItem[]): ReadonlySet<number> =>
      new Set(items.flatMap(({ grantee, grantor }) => [grantee, grantor]).filter((role) => role !== owner));
    for (const role of grantees(acl.acl ?? [])) yield* one(from, acl.oid, 0, role, 'a');
    for (const column of acl.columns ?? []) for (const role of grantees(column.acl)) yield* one(from, acl.oid, column.attribute, role, 'a');
  }
  for (const acl of catalog.data.defaultAcls ?? []) {
    yield* one('defaultAcl', acl.oid, 0, acl.role, 'o');
    for (const role of new Set(acl.acl.map(({ grantee }) => grantee))) if (role !== acl.role) yield* one('defaultAcl', acl.oid, 0, role, 'a');
  }
  for (const table of tablesOf(catalog))
    for (const policy of table.rowSecurity?.policies ?? []) for (const role of policy.roles) yield* one('policy', policy.oid, 0, role, 'r');
}

const aclClasses: Partial<Record<ObjectAcl['kind'], Class>> = { relation: 'class', function: 'proc', type: 'type', schema: 'namespace' };

function ownerOfAcl(catalog: CatalogSnapshot, { kind, oid }: ObjectAcl): number | undefined {
  const name =
    kind === 'relation'
      ? catalog.relationByOid(oid)?.owner
      : kind === 'function'
        ? catalog.functions.byOid(oid)?.owner
        : kind === 'type'
          ? catalog.types.named(oid)?.owner
          : catalog.data.schemas.find((schema) => schema.oid === oid)?.owner;
  return name === undefined ? undefined : roleOid(catalog, name);
}

export const pgShdepend = relation('pg_catalog.pg_shdepend', ({ catalog }) => roleDependencies(catalog));
