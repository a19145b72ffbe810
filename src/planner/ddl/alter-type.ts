/**
 * DROP TYPE and DROP DOMAIN, and what ALTER TYPE and ALTER DOMAIN do to a type as a whole: RENAME TO, SET SCHEMA, OWNER TO, RENAME ATTRIBUTE.
 */
import { changeTypeOwner } from './owner.js';
import type { UserType } from '../../catalog/user-type.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { typeByName } from '../../types/registry.js';
import { ActionList, type DdlAction, type DdlContext, noticeCascade } from './ddl.js';
import { dropAll } from './drop.js';
import { dependentsOfType, type TypeDependent, usesArray } from './type-dependencies.js';
import { describeDependent, dropTypeDependent } from './type-dependents.js';
import { findNamed, freeArrayName, nameText, refuseTakenName, requireComposite, requireDomain, requireUserType, shown, undefinedType } from './type-names.js';
import { requireCascade } from './typed-table.js';
import { renameColumn } from './rename-column.js';
import { rewriteTypeName } from './type-texts.js';

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

function namesOf(object: ast.ObjectReference): readonly string[] {
  return object.types?.[0]?.names ?? object.name;
}

export function planDropTypes(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  const targets: UserType[] = [];
  for (const object of statement.objects) {
    const parts = namesOf(object);
    const bounds = object.types?.[0]?.arrayBounds.length ?? 0;
    const found = findNamed(context, parts);
    if (found === undefined) {
      const builtIn = parts.length === 1 || parts[0] === 'pg_catalog' ? typeByName(parts[parts.length - 1] ?? '') : undefined;
      if (builtIn !== undefined) {
        if (statement.object === 'domain') throw new PgError('42809', `"${nameText(parts)}" is not a domain`);
        throw new PgError('2BP01', `cannot drop type ${builtIn.displayName} because it is required by the database system`);
      }
      if (parts.length > 1 && !context.editor.snapshot.schemaExists(parts[0] ?? '')) {
        if (!statement.ifExists) throw new PgError('3F000', `schema "${parts[0] ?? ''}" does not exist`);
        context.notice({ severity: 'NOTICE', code: '00000', message: `schema "${parts[0] ?? ''}" does not exist, skipping` });
        continue;
      }
      if (!statement.ifExists) throw undefinedType(parts);
      context.notice({ severity: 'NOTICE', code: '00000', message: `type "${nameText(parts)}" does not exist, skipping` });
      continue;
    }
    const { named } = found;
    const name = shown(context, named);
    if (found.isArray || bounds > 0)
      throw new PgError('2BP01', `cannot drop type ${name}[] because type ${name} requires it`, { hint: `You can drop type ${name} instead.` });
    if (named.type === undefined) {
      const kind = named.relation?.kind ?? 'table';
      throw new PgError('2BP01', `cannot drop type ${name} because ${kind} ${name} requires it`, { hint: `You can drop ${kind} ${name} instead.` });
    }
    if (statement.object === 'domain') requireDomain(context, parts);
    if (named.type.kind === 'multirange') {
      const range = context.editor.snapshot.types.definition(named.type.rangeOid);
      const owner = range === undefined ? '' : shown(context, range);
      throw new PgError('2BP01', `cannot drop type ${name} because type ${owner} requires it`, { hint: `You can drop type ${owner} instead.` });
    }
    targets.push(named.type);
  }
  const list = new ActionList(context.editor);
  dropTypes(context, list, targets, statement.cascade);
  list.flush();
  return list.actions;
}

/** Drops types and, with cascade, what depends on them; else refuses with 2BP01. */
function dropTypes(context: DdlContext, list: ActionList, targets: readonly UserType[], cascade: boolean): void {
  const dropping = new Map(targets.map((type) => [type.oid, type]));
  const found: { readonly dependent: TypeDependent; readonly text: string }[] = [];
  const seen = new Set<string>();
  const visit = (type: UserType): void => {
    for (const dependent of dependentsOfType(context, type, type)) {
      if ((dependent.kind === 'domain' || dependent.kind === 'range') && dropping.has(dependent.type.oid)) continue;
      if (dependent.kind === 'attribute' && dropping.has(dependent.type.oid)) continue;
      const what = describeDependent(context, dependent);
      if (seen.has(what)) continue;
      seen.add(what);
      const array = usesArray(dependent, type) ? '[]' : '';
      found.push({ dependent, text: `${what} depends on type ${shown(context, type)}${array}` });
      if (dependent.kind !== 'domain' && dependent.kind !== 'range') continue;
      dropping.set(dependent.type.oid, dependent.type);
      visit(dependent.type);
      visitMultirange(dependent.type);
    }
  };
  // A multirange type goes with its range type.
  const visitMultirange = (type: UserType): void => {
    const multirange = type.kind === 'range' ? context.editor.snapshot.types.definition(type.multirangeOid) : undefined;
    if (multirange === undefined) return;
    dropping.set(multirange.oid, multirange);
    visit(multirange);
  };
  for (const type of targets) {
    visit(type);
    visitMultirange(type);
  }
  if (found.length > 0 && !cascade) {
    const [first] = targets;
    throw new PgError(
      '2BP01',
      targets.length === 1 && first !== undefined
        ? `cannot drop type ${shown(context, first)} because other objects depend on it`
        : 'cannot drop desired object(s) because other objects depend on them',
      { detail: found.map(({ text }) => text).join('\n'), hint: 'Use DROP ... CASCADE to drop the dependent objects too.' },
    );
  }
  noticeCascade(
    context,
    found.map(({ dependent }) => describeDependent(context, dependent)),
  );
  for (const { dependent } of found)
    dropTypeDependent(context, list, dependent, (view) => {
      dropAll(context, list, [view], true);
    });
  for (const oid of dropping.keys()) context.editor.removeType(oid);
}

export function planRenameType(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const parts = namesOf(statement.target);
  const type = statement.object === 'domain' ? requireDomain(context, parts) : requireUserType(context, parts, 'type');
  refuseTakenName(context, type.schema, statement.to);
  if (type.kind === 'composite' && context.editor.nameTaken(type.schema, statement.to)) throw new PgError('42P07', `relation "${statement.to}" already exists`);
  rewriteTypeName(context, type, { schema: type.schema, name: statement.to });
  const arrayName = freeArrayName(context, type.schema, statement.to);
  context.editor.putType({ ...type, name: statement.to, arrayName });
  return finish(context);
}

export function planRenameAttribute(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const type = requireComposite(context, namesOf(statement.target));
  const from = statement.from ?? '';
  if (!type.attributes.some((attribute) => attribute.name === from)) throw new PgError('42703', `column "${from}" does not exist`);
  if (type.attributes.some((attribute) => attribute.name === statement.to))
    throw new PgError('42701', `column "${statement.to}" of relation "${type.name}" already exists`);
  for (const table of requireCascade(context, type, statement.cascade)) renameColumn(context, table, from, statement.to, [table]);
  context.editor.putType({
    ...type,
    attributes: type.attributes.map((attribute) => (attribute.name === from ? { ...attribute, name: statement.to } : attribute)),
  });
  return finish(context);
}

export function planTypeSchema(statement: ast.AlterObjectSchema, context: DdlContext): readonly DdlAction[] {
  const parts = namesOf(statement.target);
  const type = statement.object === 'domain' ? requireDomain(context, parts) : requireUserType(context, parts, 'type');
  if (!context.editor.snapshot.schemaExists(statement.schema)) throw new PgError('3F000', `schema "${statement.schema}" does not exist`);
  if (type.schema === statement.schema) return [];
  if (context.editor.snapshot.types.oidOf(statement.schema, type.name) !== undefined)
    throw new PgError('42710', `type "${type.name}" already exists in schema "${statement.schema}"`);
  rewriteTypeName(context, type, { schema: statement.schema, name: type.name });
  context.editor.putType({ ...type, schema: statement.schema, arrayName: freeArrayName(context, statement.schema, type.name) });
  return finish(context);
}

export function planTypeOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const parts = namesOf(statement.target);
  const type = statement.object === 'domain' ? requireDomain(context, parts) : requireUserType(context, parts, 'type');
  changeTypeOwner(context, type, statement.owner);
  return finish(context);
}

export function planTypeComment(statement: ast.Comment, context: DdlContext): readonly DdlAction[] {
  const parts = namesOf(statement.target);
  const type = statement.object === 'domain' ? requireDomain(context, parts) : requireUserType(context, parts, 'type');
  const { comment: _old, ...plain } = type;
  context.editor.putType(statement.comment === undefined ? plain : { ...plain, comment: statement.comment });
  return finish(context);
}
