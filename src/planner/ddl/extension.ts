/**
 * CREATE, ALTER and DROP EXTENSION. Creating one runs its script (catalog/extensions) as definitions in the extension's schema; every object that is there afterwards
 * and was not before is a member. Source: extension.c of PostgreSQL 15.
 */
import { privilegeBits } from '../../catalog/acl.js';
import { type Extension, type ExtensionMember, extensionNamed } from '../../catalog/extension.js';
import { availableExtension } from '../../catalog/extensions/available.js';
import { privilegesOn, securableDatabase } from '../../catalog/privileges.js';
import { bootstrapRoleOid } from '../../catalog/role.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { parse } from '../../sql/parser.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, noticeCascade } from './ddl.js';
import { type FunctionUse, functionSignatureText, functionUses } from './function.js';
import { currentRole, requireOwner } from './owner.js';

/** Plans a statement of a script. */
type Plan = (statement: ast.Statement, context: DdlContext) => readonly DdlAction[];

function membersAmong({ data }: CatalogSnapshot): readonly ExtensionMember[] {
  return [
    ...data.relations.map(({ oid }): ExtensionMember => ({ kind: 'relation', oid })),
    ...(data.types ?? []).map(({ oid }): ExtensionMember => ({ kind: 'type', oid })),
    ...(data.functions ?? []).map(({ oid }): ExtensionMember => ({ kind: 'function', oid })),
  ];
}

function checkName(name: string): void {
  const invalid = (detail: string): PgError => new PgError('22023', `invalid extension name: "${name}"`, { detail });
  if (name === '') throw invalid('Extension names must not be empty.');
  if (name.includes('--')) throw invalid('Extension names must not contain "--".');
  if (name.startsWith('-') || name.endsWith('-')) throw invalid('Extension names must not begin or end with "-".');
  if (name.includes('/')) throw invalid('Extension names must not contain directory separator characters.');
}

function optionText({ value }: ast.Option): string {
  return value?.kind === 'string' ? value.value : '';
}

/** SCHEMA and VERSION; CASCADE would install what an extension requires, and none requires another. */
function readOptions(options: readonly ast.Option[]): { readonly schema?: string; readonly version?: string } {
  const seen = new Map<string, string>();
  for (const option of options) {
    if (seen.has(option.name)) throw new PgError('42601', 'conflicting or redundant options').at(option.position);
    seen.set(option.name, optionText(option));
  }
  const [schema, version] = [seen.get('schema'), seen.get('new_version')];
  return { ...(schema === undefined ? {} : { schema }), ...(version === undefined ? {} : { version }) };
}

export function planCreateExtension(statement: ast.CreateExtension, context: DdlContext, plan: Plan): readonly DdlAction[] {
  const { editor } = context;
  const { name } = statement;
  checkName(name);
  if (extensionNamed(editor.snapshot, name) !== undefined) {
    if (!statement.ifNotExists) throw new PgError('42710', `extension "${name}" already exists`);
    context.notice({ severity: 'NOTICE', code: '42710', message: `extension "${name}" already exists, skipping` });
    return [];
  }
  const options = readOptions(statement.options);
  const available = availableExtension(name);
  if (available === undefined)
    throw new PgError('0A000', `extension "${name}" is not available`, {
      detail: `Could not open extension control file "/usr/share/postgresql/15/extension/${name}.control": No such file or directory.`,
      hint: 'The extension must first be installed on the system where PostgreSQL is running.',
    });
  if (options.version !== undefined && options.version !== available.version)
    throw new PgError('22023', `extension "${name}" has no installation script nor update path for version "${options.version}"`);
  const role = currentRole(context);
  const database = securableDatabase(editor.snapshot);
  if (!role.superuser && privilegesOn(editor.snapshot, role.oid, database, privilegeBits.create) === 0)
    throw new PgError('42501', `permission denied to create extension "${name}"`, {
      hint: 'Must have CREATE privilege on current database to create this extension.',
    });
  if (options.schema !== undefined && !editor.snapshot.schemaExists(options.schema)) throw new PgError('3F000', `schema "${options.schema}" does not exist`);
  const schema = creationSchema({ ...context, isInternal: true }, options);
  const before = new Set(membersAmong(editor.snapshot).map(({ oid }) => oid));
  const oid = editor.freshOid();
  const author = role.superuser ? context.currentUser : (editor.snapshot.roles.byOid(bootstrapRoleOid)?.name ?? context.currentUser);
  const inScript: DdlContext = { ...context, isInternal: true, currentUser: author, searchPath: [schema] };
  const actions = parse(available.script).flatMap((one) => plan(one.statement, inScript));
  const members = membersAmong(editor.snapshot).filter((member) => !before.has(member.oid));
  editor.putExtension({ oid, name, owner: context.currentUser, schema, version: available.version, comment: available.comment, members });
  return [...actions, ...finish(context)];
}

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

function requireExtension(context: DdlContext, name: string): Extension {
  const found = extensionNamed(context.editor.snapshot, name);
  if (found === undefined) throw new PgError('42704', `extension "${name}" does not exist`);
  return found;
}

/** ALTER EXTENSION ... UPDATE: there is one version of each. */
export function planAlterExtension(statement: ast.AlterExtension, context: DdlContext): readonly DdlAction[] {
  const extension = requireExtension(context, statement.name);
  requireOwner(context, extension.owner, 'extension', extension.name);
  const { version } = readOptions(statement.options);
  if (version !== undefined && version !== extension.version)
    throw new PgError('22023', `extension "${extension.name}" has no update path from version "${extension.version}" to version "${version}"`);
  context.notice({ severity: 'NOTICE', code: '00000', message: `version "${extension.version}" of extension "${extension.name}" is already installed` });
  return [];
}

/** ALTER EXTENSION ... SET SCHEMA. */
export function planExtensionSchema(statement: ast.AlterObjectSchema, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const extension = requireExtension(context, statement.target.name[0] ?? '');
  requireOwner(context, extension.owner, 'extension', extension.name);
  if (!editor.snapshot.schemaExists(statement.schema)) throw new PgError('3F000', `schema "${statement.schema}" does not exist`);
  if (availableExtension(extension.name)?.relocatable !== true) throw new PgError('0A000', `extension "${extension.name}" does not support SET SCHEMA`);
  if (extension.schema === statement.schema) return [];
  for (const { oid } of extension.members) {
    const definition = editor.snapshot.functions.byOid(oid);
    if (definition === undefined) continue;
    const [use] = functionUses(context, definition);
    // Stored texts name the function.
    if (use !== undefined) throw notSupported(`moving function ${definition.name}, which ${use.text} uses`);
    editor.putFunction({ ...definition, schema: statement.schema });
  }
  editor.putExtension({ ...extension, schema: statement.schema });
  return finish(context);
}

export function planDropExtensions(
  statement: ast.Drop,
  context: DdlContext,
  dropUses: (context: DdlContext, list: ActionList, uses: readonly FunctionUse[]) => void,
): readonly DdlAction[] {
  const { editor } = context;
  const list = new ActionList(editor);
  const targets: Extension[] = [];
  for (const { name } of statement.objects) {
    const found = extensionNamed(editor.snapshot, name[0] ?? '');
    if (found === undefined) {
      if (!statement.ifExists) throw new PgError('42704', `extension "${name[0] ?? ''}" does not exist`);
      context.notice({ severity: 'NOTICE', code: '00000', message: `extension "${name[0] ?? ''}" does not exist, skipping` });
      continue;
    }
    requireOwner(context, found.owner, 'extension', found.name);
    if (found.name === 'plpgsql') throw notSupported('DROP EXTENSION plpgsql');
    targets.push(found);
  }
  const members = targets.flatMap((target) => target.members.flatMap(({ oid }) => editor.snapshot.functions.byOid(oid) ?? []));
  const found = members.flatMap((member) =>
    functionUses(context, member)
      .filter((use) => !members.some((other) => other.oid === use.oid))
      .map((use) => ({ use, text: `${use.text} depends on function ${functionSignatureText(member)}` })),
  );
  if (found.length > 0 && !statement.cascade) {
    const [only] = targets;
    throw new PgError(
      '2BP01',
      targets.length === 1 && only !== undefined
        ? `cannot drop extension ${only.name} because other objects depend on it`
        : 'cannot drop desired object(s) because other objects depend on them',
      { detail: found.map(({ text }) => text).join('\n'), hint: 'Use DROP ... CASCADE to drop the dependent objects too.' },
    );
  }
  const uses = found.map(({ use }) => use);
  noticeCascade(
    context,
    uses.map((use) => use.text),
  );
  dropUses(context, list, uses);
  for (const target of targets) {
    for (const { oid } of target.members) editor.removeFunction(oid);
    editor.removeExtension(target.oid);
  }
  list.flush();
  return list.actions;
}

/** What a DROP of anything but the extension itself may take along: with its schema the whole extension, else no member (2BP01). Called after the DROP is planned. */
export function keepMembers(context: DdlContext, before: CatalogSnapshot): readonly DdlAction[] {
  const { editor } = context;
  const stored = editor.snapshot.data.extensions ?? [];
  if (stored.length === 0) return [];
  let changed = false;
  const there = new Set(membersAmong(editor.snapshot).map(({ oid }) => oid));
  for (const extension of stored) {
    if (!editor.snapshot.schemaExists(extension.schema)) {
      editor.removeExtension(extension.oid);
      changed = true;
      continue;
    }
    const gone = extension.members.find(({ oid }) => !there.has(oid));
    if (gone === undefined) continue;
    const definition = before.functions.byOid(gone.oid);
    const text = definition === undefined ? `${gone.kind} ${String(gone.oid)}` : `function ${functionSignatureText(definition)}`;
    throw new PgError('2BP01', `cannot drop ${text} because extension ${extension.name} requires it`, {
      hint: `You can drop extension ${extension.name} instead.`,
    });
  }
  return changed ? finish(context) : [];
}

export function commentExtension(context: DdlContext, name: string, comment: string | undefined): void {
  const { comment: _old, ...plain } = requireExtension(context, name);
  context.editor.putExtension(comment === undefined || comment === '' ? plain : { ...plain, comment });
}
