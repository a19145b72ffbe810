/**
 * CREATE, ALTER and DROP DATABASE: entries of the server's list of databases. What happens to files and to those who are connected, the session does (DatabaseAction).
 * Source: dbcommands.c of PostgreSQL 15.
 */
import { type DatabaseAttributes, type DatabaseEntry, firstUserOid } from '../../catalog/server-catalog.js';
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

/** A database that there is, of which the current role must be the owner. */
function owned(context: DdlContext, name: string): DatabaseEntry {
  const entry = context.editor.snapshot.databaseNamed(name);
  if (entry === undefined) throw missing(name);
  if (!isOwner(context, entry.owner)) throw denied(`must be owner of database ${name}`);
  return entry;
}

/** The database that the session is connected to. */
function isCurrent(context: DdlContext, entry: DatabaseEntry): boolean {
  return entry.oid === context.editor.data.databaseOid;
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

/** The text of an option; undefined where it is not given, or DEFAULT. */
function given(options: ReadonlyMap<string, ast.Option>, name: string): string | undefined {
  const option = options.get(name);
  return option?.value === undefined ? undefined : textOf(option);
}

const utf8 = 6;
const pgDefault = 'pg_default';
/** Encodings that PostgreSQL has for clients only: their numbers begin here. */
const clientEncodings = 35;
const collations: ReadonlySet<string> = new Set(['C', 'POSIX']);
const characterClasses: ReadonlySet<string> = new Set(['C.UTF-8', 'C.utf8']);

function requireEncoding(options: ReadonlyMap<string, ast.Option>): void {
  const option = options.get('encoding');
  const text = given(options, 'encoding');
  if (option === undefined || text === undefined) return;
  const isNumber = option.value?.kind === 'integer';
  const found = isNumber ? Number(text) : encodingNamed(text)?.number;
  if (found === undefined || found < 0 || found >= clientEncodings)
    throw new PgError('42704', isNumber ? `${text} is not a valid encoding code` : `${text} is not a valid encoding name`).at(option.position);
  if (found !== utf8) throw notSupported(`the server encoding ${text}`, option.position);
}

/** Collation C with the character classes of C.UTF-8 is what databases have. */
function requireLocale(options: ReadonlyMap<string, ast.Option>): void {
  const locale = options.get('locale');
  for (const name of ['lc_collate', 'lc_ctype'])
    if (locale !== undefined && options.has(name))
      throw new PgError('42601', 'conflicting or redundant options', { detail: 'LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.' });
  const provider = given(options, 'locale_provider');
  if (provider !== undefined && provider.toLowerCase() === 'icu') {
    if (given(options, 'icu_locale') === undefined) throw new PgError('22023', 'ICU locale must be specified');
    throw notSupported('the locale provider icu', options.get('locale_provider')?.position);
  }
  if (provider !== undefined && provider.toLowerCase() !== 'libc') throw new PgError('42P17', `unrecognized locale provider: ${provider}`);
  if (given(options, 'icu_locale') !== undefined) throw new PgError('42P17', 'ICU locale cannot be specified unless locale provider is ICU');
  for (const [name, known] of [
    ['lc_collate', new Set([...collations, ...characterClasses])],
    ['lc_ctype', new Set([...collations, ...characterClasses])],
    ['locale', new Set([...collations, ...characterClasses])],
  ] as const) {
    const text = given(options, name);
    if (text === undefined || known.has(text)) continue;
    if (!/^[a-z]{2,3}(_[A-Z]{2})?(\.[\w-]+)?(@\w+)?$/.test(text)) throw new PgError('42809', `invalid locale name: "${text}"`);
    throw notSupported(`the locale ${text}`, options.get(name)?.position);
  }
}

export function planCreateDatabase(statement: ast.CreateDatabase, context: DdlContext): readonly DdlAction[] {
  context.requireAlone('CREATE DATABASE');
  const { editor } = context;
  const { snapshot } = editor;
  const options = optionsOf(statement.options, creationOptions);
  const flag = (name: string, absent: boolean): boolean => {
    const option = options.get(name);
    return option?.value === undefined ? absent : booleanOf(option);
  };
  const wantedOid = given(options, 'oid');
  if (wantedOid !== undefined && Number(wantedOid) < firstUserOid)
    throw new PgError('22023', `OIDs less than ${String(firstUserOid)} are reserved for system objects`);
  requireEncoding(options);
  const attributes: DatabaseAttributes = {
    isTemplate: flag('is_template', false),
    allowsConnections: flag('allow_connections', true),
    connectionLimit: options.get('connection_limit')?.value === undefined ? -1 : limitOf(options.get('connection_limit') as ast.Option),
  };
  const ownerName = given(options, 'owner');
  const me = currentRole(context);
  const owner = ownerName === undefined ? me : snapshot.role(ownerName);
  if (owner === undefined) throw new PgError('42704', `role "${ownerName ?? ''}" does not exist`);
  if (!me.superuser && me.createDatabase !== true) throw denied('permission denied to create database');
  requireNewOwner(context, owner, undefined);
  const templateName = given(options, 'template') ?? 'template1';
  const template = snapshot.databaseNamed(templateName);
  if (template === undefined) throw new PgError('3D000', `template database "${templateName}" does not exist`);
  if (!template.isTemplate && !isOwner(context, template.owner)) throw denied(`permission denied to copy database "${templateName}"`);
  const strategy = given(options, 'strategy');
  if (strategy !== undefined && !['wal_log', 'file_copy'].includes(strategy.toLowerCase()))
    throw new PgError('22023', `invalid create database strategy "${strategy}"`, { hint: 'Valid strategies are "wal_log" and "file_copy".' });
  requireLocale(options);
  const tablespace = given(options, 'tablespace');
  if (tablespace === 'pg_global') throw new PgError('22023', 'pg_global cannot be used as default tablespace');
  if (tablespace !== undefined && tablespace !== pgDefault) throw new PgError('42704', `tablespace "${tablespace}" does not exist`);
  if (snapshot.databaseNamed(statement.name) !== undefined) throw new PgError('42P04', `database "${statement.name}" already exists`);
  const taken = wantedOid === undefined ? undefined : snapshot.databaseByOid(Number(wantedOid));
  if (taken !== undefined) throw new PgError('22023', `database OID ${String(wantedOid)} is already in use by database "${taken.name}"`);
  const oid = wantedOid === undefined ? freeOid(context) : Number(wantedOid);
  const delivered = template.delivered === undefined ? {} : { delivered: template.delivered };
  const entry: DatabaseEntry = { oid, name: statement.name, directory: String(oid), owner: owner.name, ...attributes, ...delivered };
  editor.putDatabase(entry);
  return [{ kind: 'createDatabase', template, entry, catalog: editor.data }];
}

function freeOid({ editor }: DdlContext): number {
  for (;;) {
    const oid = editor.freshServerOid();
    if (editor.snapshot.databaseByOid(oid) === undefined) return oid;
  }
}

export function planDropDatabase(statement: ast.DropDatabase, context: DdlContext): readonly DdlAction[] {
  context.requireAlone('DROP DATABASE');
  const { editor } = context;
  if (editor.snapshot.databaseNamed(statement.name) === undefined) {
    if (!statement.ifExists) throw missing(statement.name);
    context.notice({ severity: 'NOTICE', code: '00000', message: `database "${statement.name}" does not exist, skipping` });
    return [];
  }
  const entry = owned(context, statement.name);
  if (entry.isTemplate) throw new PgError('42809', 'cannot drop a template database');
  if (isCurrent(context, entry)) throw new PgError('55006', 'cannot drop the currently open database');
  editor.removeDatabase(entry.oid);
  return [{ kind: 'dropDatabase', entry, force: statement.force, catalog: editor.data }];
}

const alterationOptions: ReadonlySet<string> = new Set(['allow_connections', 'connection_limit', 'is_template', 'tablespace']);

export function planAlterDatabase(statement: ast.AlterDatabase, context: DdlContext): readonly DdlAction[] {
  const options = optionsOf(statement.options, alterationOptions);
  const [allow, limit, template, tablespace] = ['allow_connections', 'connection_limit', 'is_template', 'tablespace'].map((name) => options.get(name));
  if (tablespace !== undefined) {
    if (options.size > 1) throw new PgError('0A000', 'option "tablespace" cannot be specified with other options').at(tablespace.position);
    context.requireAlone('ALTER DATABASE SET TABLESPACE');
    owned(context, statement.name);
    const name = textOf(tablespace) ?? '';
    if (name !== pgDefault)
      throw name === 'pg_global'
        ? new PgError('22023', 'pg_global cannot be used as default tablespace')
        : new PgError('42704', `tablespace "${name}" does not exist`);
    return [];
  }
  const changed: Partial<DatabaseAttributes> = {
    ...(allow === undefined ? {} : { allowsConnections: booleanOf(allow) }),
    ...(limit === undefined ? {} : { connectionLimit: limitOf(limit) }),
    ...(template === undefined ? {} : { isTemplate: booleanOf(template) }),
  };
  const entry = owned(context, statement.name);
  if (changed.allowsConnections === false && isCurrent(context, entry)) throw new PgError('22023', 'cannot disallow connections for current database');
  context.editor.putDatabase({ ...entry, ...changed });
  return finish(context);
}

export function planAlterDatabaseSet(statement: ast.AlterDatabaseSet, context: DdlContext): readonly DdlAction[] {
  alterSettings(context, 0, owned(context, statement.name).oid, statement.setting);
  return finish(context);
}

/** Its locale has no version that could change. */
export function planRefreshDatabaseCollation(statement: ast.RefreshDatabaseCollation, context: DdlContext): readonly DdlAction[] {
  owned(context, statement.name);
  context.notice({ severity: 'NOTICE', code: '00000', message: 'version has not changed' });
  return [];
}

export function planRenameDatabase(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const entry = owned(context, statement.from ?? statement.target.name[0] ?? '');
  const me = currentRole(context);
  if (!me.superuser && me.createDatabase !== true) throw denied('permission denied to rename database');
  if (context.editor.snapshot.databaseNamed(statement.to) !== undefined) throw new PgError('42P04', `database "${statement.to}" already exists`);
  if (isCurrent(context, entry)) throw new PgError('0A000', 'current database cannot be renamed');
  context.editor.putDatabase({ ...entry, name: statement.to });
  return [{ kind: 'renameDatabase', entry, catalog: context.editor.data }];
}

export function planDatabaseOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const name = statement.target.name[0] ?? '';
  if (editor.snapshot.databaseNamed(name) === undefined) throw missing(name);
  const owner = roleOf(context, statement.owner);
  const before = editor.snapshot.databaseNamed(name)?.owner;
  if (before === owner.name) return [];
  const entry = owned(context, name);
  requireNewOwner(context, owner, undefined);
  const me = currentRole(context);
  if (!me.superuser && me.createDatabase !== true) throw denied('permission denied to change owner of database');
  moveAcl(context, 'database', entry.oid, entry.owner, owner.name);
  editor.putDatabase({ ...entry, owner: owner.name });
  return finish(context);
}
