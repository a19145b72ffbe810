/**
 * CREATE, ALTER and DROP DATABASE. A node has one database: its attributes can be changed, another one cannot be made yet.
 * Source: dbcommands.c of PostgreSQL 15.
 */
import type { DatabaseAttributes } from '../../catalog/snapshot.js';
import { notSupported, PgError } from '../../common/errors.js';
import { encodingNamed } from '../../functions/text/encodings.js';
import type * as ast from '../../sql/ast.js';
import { ActionList, type DdlAction, type DdlContext } from './ddl.js';
import { currentRole, denied, isOwner, moveAcl, requireNewOwner, roleOf } from './owner.js';
import { alterSettings } from './role.js';

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

function missing(name: string): PgError {
  return new PgError('3D000', `database "${name}" does not exist`);
}

/** The OID of a database that there is, of which the current role must be the owner. */
function owned(context: DdlContext, name: string): number {
  const oid = context.session.databaseOid(name);
  if (oid === undefined) throw missing(name);
  if (!isOwner(context, context.editor.snapshot.owner)) throw denied(`must be owner of database ${name}`);
  return oid;
}

function requireNoBlock(context: DdlContext, what: string): void {
  if (context.inBlock) throw new PgError('25001', `${what} cannot run inside a transaction block`);
}

/** Options by name, each once, all of them `known`. */
function optionsOf(options: readonly ast.Option[], known: ReadonlySet<string>): ReadonlyMap<string, ast.Option> {
  const found = new Map<string, ast.Option>();
  for (const option of options) {
    if (!known.has(option.name)) throw new PgError('42601', `option "${option.name}" not recognized`).at(option.position);
    if (found.has(option.name)) throw new PgError('42601', 'conflicting or redundant options').at(option.position);
    found.set(option.name, option);
  }
  return found;
}

function textOf({ value }: ast.Option): string | undefined {
  switch (value?.kind) {
    case 'string':
    case 'integer':
    case 'boolean':
      return String(value.value);
    case 'numeric':
      return value.text;
    case 'type':
      return value.type.names[value.type.names.length - 1];
    default:
      return undefined;
  }
}

function booleanOf(option: ast.Option): boolean {
  const text = (textOf(option) ?? 'true').toLowerCase();
  if (['true', 'on', '1'].includes(text)) return true;
  if (['false', 'off', '0'].includes(text)) return false;
  throw new PgError('42601', `${option.name} requires a Boolean value`);
}

function limitOf(option: ast.Option): number {
  const text = textOf(option) ?? '';
  if (!/^-?\d+$/.test(text)) throw new PgError('42601', `${option.name} requires an integer value`);
  if (Number(text) < -1) throw new PgError('22023', `invalid connection limit: ${text}`);
  return Number(text);
}

const creationOptions: ReadonlySet<string> = new Set([
  ...['owner', 'template', 'encoding', 'locale', 'lc_collate', 'lc_ctype', 'icu_locale', 'locale_provider', 'collation_version', 'tablespace'],
  ...['allow_connections', 'connection_limit', 'is_template', 'strategy', 'oid'],
]);

export function planCreateDatabase(statement: ast.CreateDatabase, context: DdlContext): readonly DdlAction[] {
  requireNoBlock(context, 'CREATE DATABASE');
  const options = optionsOf(statement.options, creationOptions);
  const encoding = options.get('encoding');
  const encodingText = encoding === undefined ? undefined : textOf(encoding);
  if (encodingText !== undefined && encodingText !== 'default' && !/^\d+$/.test(encodingText) && encodingNamed(encodingText) === undefined) {
    throw new PgError('42704', `${encodingText} is not a valid encoding name`).at(encoding?.position);
  }
  for (const name of ['allow_connections', 'is_template']) {
    const option = options.get(name);
    if (option !== undefined) booleanOf(option);
  }
  const limit = options.get('connection_limit');
  if (limit !== undefined) limitOf(limit);
  const owner = options.get('owner');
  const ownerName = owner === undefined ? undefined : textOf(owner);
  const me = currentRole(context);
  if (ownerName !== undefined && ownerName !== 'default') {
    const role = context.editor.snapshot.role(ownerName);
    if (role === undefined) throw new PgError('42704', `role "${ownerName}" does not exist`);
    requireNewOwner(context, role, undefined);
  }
  if (!me.superuser && me.createDatabase !== true) throw denied('permission denied to create database');
  if (context.session.databaseOid(statement.name) !== undefined) throw new PgError('42P04', `database "${statement.name}" already exists`);
  throw notSupported('CREATE DATABASE (a second database of a node)');
}

export function planDropDatabase(statement: ast.DropDatabase, context: DdlContext): readonly DdlAction[] {
  requireNoBlock(context, 'DROP DATABASE');
  if (context.session.databaseOid(statement.name) === undefined) {
    if (!statement.ifExists) throw missing(statement.name);
    context.notice({ severity: 'NOTICE', code: '00000', message: `database "${statement.name}" does not exist, skipping` });
    return [];
  }
  owned(context, statement.name);
  if (context.editor.snapshot.databaseAttributes.isTemplate) throw new PgError('42809', 'cannot drop a template database');
  throw new PgError('55006', 'cannot drop the currently open database');
}

const alterationOptions: ReadonlySet<string> = new Set(['allow_connections', 'connection_limit', 'is_template', 'tablespace']);

export function planAlterDatabase(statement: ast.AlterDatabase, context: DdlContext): readonly DdlAction[] {
  const options = optionsOf(statement.options, alterationOptions);
  const [allow, limit, template] = [options.get('allow_connections'), options.get('connection_limit'), options.get('is_template')];
  if (options.has('tablespace')) throw notSupported('ALTER DATABASE ... SET TABLESPACE');
  const changed: Partial<DatabaseAttributes> = {
    ...(allow === undefined ? {} : { allowsConnections: booleanOf(allow) }),
    ...(limit === undefined ? {} : { connectionLimit: limitOf(limit) }),
    ...(template === undefined ? {} : { isTemplate: booleanOf(template) }),
  };
  owned(context, statement.name);
  if (changed.allowsConnections === false) throw new PgError('22023', 'cannot disallow connections for current database');
  context.editor.setDatabaseAttributes({ ...context.editor.snapshot.databaseAttributes, ...changed });
  return finish(context);
}

export function planAlterDatabaseSet(statement: ast.AlterDatabaseSet, context: DdlContext): readonly DdlAction[] {
  alterSettings(context, 0, owned(context, statement.name), statement.setting);
  return finish(context);
}

export function planRenameDatabase(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const name = statement.from ?? statement.target.name[0] ?? '';
  owned(context, name);
  const me = currentRole(context);
  if (!me.superuser && me.createDatabase !== true) throw denied('permission denied to rename database');
  if (context.session.databaseOid(statement.to) !== undefined) throw new PgError('42P04', `database "${statement.to}" already exists`);
  throw new PgError('0A000', 'current database cannot be renamed');
}

export function planDatabaseOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const name = statement.target.name[0] ?? '';
  const oid = context.session.databaseOid(name);
  if (oid === undefined) throw missing(name);
  const owner = roleOf(context, statement.owner);
  const before = editor.snapshot.owner;
  if (before === owner.name) return [];
  owned(context, name);
  requireNewOwner(context, owner, undefined);
  const me = currentRole(context);
  if (!me.superuser && me.createDatabase !== true) throw denied('permission denied to change owner of database');
  moveAcl(context, 'database', oid, before, owner.name);
  editor.setOwner(owner.name);
  return finish(context);
}
