/** pg_description and pg_shdescription: the comments that objects keep, and PostgreSQL's of built-in objects and schemas. */
import { descriptionRows } from '../../functions/catalog/description-rows.js';
import { indexConstraintOffset } from '../definitions.js';
import { extensionsOf } from '../extension.js';
import { listedIndexes } from '../partition-parts.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { plpgsqlLanguage } from './pg-language.js';
import { type CatalogRow, relation } from './relation.js';

const classes = {
  class: 1259,
  type: 1247,
  proc: 1255,
  constraint: 2606,
  namespace: 2615,
  role: 1260,
  database: 1262,
  extension: 3079,
  collation: 3456,
  eventTrigger: 3466,
  language: 2612,
  trigger: 2620,
  policy: 3256,
  statisticExt: 3381,
  rule: 2618,
} as const;

function* comments(catalog: CatalogSnapshot): Generator<CatalogRow> {
  const one = (objoid: number, classoid: number, description: string | undefined, objsubid = 0): readonly CatalogRow[] =>
    description === undefined || description === '' ? [] : [{ objoid, classoid, objsubid, description }];
  for (const object of catalog.data.relations) {
    yield* one(object.oid, classes.class, object.comment);
    if (object.kind === 'view') for (const [at, column] of object.columns.entries()) yield* one(object.oid, classes.class, column.comment, at + 1);
    if (object.kind === 'table' || object.kind === 'partition')
      for (const column of object.columns) yield* one(object.oid, classes.class, column.comment, column.attribute);
    if (object.kind === 'table' || object.kind === 'view') for (const rule of object.rules ?? []) yield* one(rule.oid, classes.rule, rule.comment);
    if (object.kind !== 'table') continue;
    for (const check of object.checks) yield* one(check.oid, classes.constraint, check.comment);
    for (const key of object.foreignKeys) yield* one(key.oid, classes.constraint, key.comment);
    for (const trigger of object.triggers ?? []) yield* one(trigger.oid, classes.trigger, trigger.comment);
    for (const statistics of object.statistics ?? []) yield* one(statistics.oid, classes.statisticExt, statistics.comment);
    for (const policy of object.rowSecurity?.policies ?? []) yield* one(policy.oid, classes.policy, policy.comment);
  }
  for (const { index } of listedIndexes(catalog)) {
    yield* one(index.oid, classes.class, index.comment);
    yield* one(index.oid + indexConstraintOffset, classes.constraint, index.constraintComment);
  }
  for (const type of catalog.data.types ?? []) {
    yield* one(type.oid, classes.type, type.comment);
    if (type.kind === 'domain') for (const check of type.checks) yield* one(check.oid, classes.constraint, check.comment);
    if (type.kind === 'composite') for (const attribute of type.attributes) yield* one(type.classOid, classes.class, attribute.comment, attribute.attribute);
  }
  for (const definition of catalog.functions.all()) yield* one(definition.oid, classes.proc, definition.comment);
  for (const collation of catalog.data.collations ?? []) yield* one(collation.oid, classes.collation, collation.comment);
  for (const trigger of catalog.data.eventTriggers ?? []) yield* one(trigger.oid, classes.eventTrigger, trigger.comment);
  for (const extension of extensionsOf(catalog)) yield* one(extension.oid, classes.extension, extension.comment);
  yield* one(11, classes.namespace, 'system catalog schema');
  yield* one(plpgsqlLanguage, classes.language, 'PL/pgSQL procedural language');
  for (const schema of catalog.data.schemas)
    yield* one(schema.oid, classes.namespace, schema.comment ?? (schema.name === 'public' ? 'standard public schema' : undefined));
}

/** Those of the built-in objects. */
function builtInComments(): readonly CatalogRow[] {
  let classoid = 0;
  const rows: CatalogRow[] = [];
  for (const line of descriptionRows.trim().split('\n')) {
    const blank = line.indexOf(' ');
    if (line.startsWith('class ')) classoid = Number(line.slice(blank));
    else rows.push({ objoid: Number(line.slice(0, blank)), classoid, objsubid: 0, description: line.slice(blank + 1) });
  }
  return rows;
}

let builtIn: readonly CatalogRow[] | undefined;

export const pgDescription = relation('pg_catalog.pg_description', function* ({ catalog }) {
  const stored = catalog.data.comments ?? [];
  const key = (classOid: unknown, oid: unknown, part: unknown): string => `${String(classOid)} ${String(oid)} ${String(part)}`;
  const replaced = new Set(stored.flatMap(({ classOid, oid, comments: all }) => all.map(({ part }) => key(classOid, oid, part))));
  const others = [...(builtIn ??= builtInComments()), ...comments(catalog)];
  yield* replaced.size === 0 ? others : others.filter((one) => !replaced.has(key(one['classoid'], one['objoid'], one['objsubid'])));
  for (const { classOid, oid, comments: all } of stored)
    for (const { part, text } of all) if (text !== '') yield { objoid: oid, classoid: classOid, objsubid: part, description: text };
});

export const pgShdescription = relation('pg_catalog.pg_shdescription', function* ({ catalog }) {
  for (const { oid, comment } of catalog.databases) if (comment !== undefined) yield { objoid: oid, classoid: classes.database, description: comment };
  for (const { oid, comment } of catalog.data.server.roles) if (comment !== undefined) yield { objoid: oid, classoid: classes.role, description: comment };
});
