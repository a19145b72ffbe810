/**
 * CREATE, ALTER, DROP and COMMENT ON COLLATION. Texts are ordered by code point whatever their collation, so only locales that order in that way are known: C, POSIX
 * and C.UTF-8. Source: collationcmds.c of PostgreSQL 15.
 */
import {
  builtInCollations,
  type Collation,
  collationOid,
  type CollationRef,
  findCollation,
  ownCollation,
  requireCollation,
  unknownCollation,
} from '../../catalog/collation.js';
import type { Relation, Table, View } from '../../catalog/table.js';
import type { CompositeType, DomainType } from '../../catalog/user-type.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { quoteIdentifier, quoteQualified } from '../../sql/quote.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, noticeCascade, toQualifiedName } from './ddl.js';
import { renameAndFollow } from './follow-names.js';
import { optionNames } from './option-names.js';
import { requireNewOwner, requireOwner, roleOf } from './owner.js';
import { dropIndexSql } from './physical.js';
import type { TypeDependent } from './type-dependencies.js';
import { describeDependent, dropTypeDependent } from './type-dependents.js';

const knownLocale = /^(?:C|POSIX|C\.utf-?8)$/i;
const utf8 = 6;

const optionKinds: ReadonlySet<string> = new Set(['from', 'locale', 'lc_collate', 'lc_ctype', 'provider', 'deterministic', 'version']);

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

function redundant(position: number | undefined, detail?: string): PgError {
  return new PgError('42601', 'conflicting or redundant options', detail === undefined ? {} : { detail }).at(position);
}

function textOf(option: ast.Option | undefined): string | undefined {
  if (option === undefined) return undefined;
  const { value } = option;
  if (value?.kind === 'boolean') return value.value ? 'true' : 'false';
  if (value?.kind === 'integer') return String(value.value);
  return optionNames(option)?.at(-1) ?? '';
}

/** The locale's names and the encoding that the options say. */
function described(statement: ast.CreateCollation, context: DdlContext): Pick<Collation, 'collate' | 'ctype' | 'encoding'> {
  const options = new Map<string, ast.Option>();
  for (const option of statement.options) {
    const name = option.name.toLowerCase();
    if (!optionKinds.has(name)) throw new PgError('42601', `collation attribute "${option.name}" not recognized`).at(option.position);
    if (options.has(name)) throw redundant(option.position);
    options.set(name, option);
  }
  const locale = textOf(options.get('locale'));
  if (locale !== undefined && (options.has('lc_collate') || options.has('lc_ctype')))
    throw redundant(undefined, 'LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.');
  const from = options.get('from');
  if (from !== undefined) {
    if (options.size > 1) throw redundant(undefined, 'FROM cannot be specified together with any other options.');
    return copied(context, optionNames(from) ?? []);
  }
  const provider = textOf(options.get('provider'))?.toLowerCase();
  if (provider === 'icu') throw notSupported('a collation of provider icu');
  if (provider !== undefined && provider !== 'libc') throw new PgError('42P17', `unrecognized collation provider: ${provider}`);
  const [collate, ctype] = [textOf(options.get('lc_collate')) ?? locale, textOf(options.get('lc_ctype')) ?? locale];
  if (collate === undefined) throw new PgError('42P17', 'parameter "lc_collate" must be specified');
  if (ctype === undefined) throw new PgError('42P17', 'parameter "lc_ctype" must be specified');
  const deterministic = textOf(options.get('deterministic'))?.toLowerCase() ?? 'true';
  if (!/^(?:true|false|on|off|0|1)$/.test(deterministic)) throw new PgError('42601', 'deterministic requires a Boolean value');
  if (/^(?:false|off|0)$/.test(deterministic)) throw new PgError('0A000', 'nondeterministic collations not supported with this provider');
  for (const name of [collate, ctype])
    if (!knownLocale.test(name))
      throw new PgError('22023', `could not create locale "${name}": No such file or directory`, {
        detail: `The operating system could not find any locale data for the locale name "${name}".`,
      });
  return { collate, ctype, encoding: utf8 };
}

function copied(context: DdlContext, name: readonly string[]): Pick<Collation, 'collate' | 'ctype' | 'encoding'> {
  const { snapshot } = context.editor;
  const oid = requireCollation(snapshot, context.searchPath, name);
  const own = ownCollation(snapshot, oid);
  if (own !== undefined) return { collate: own.collate, ctype: own.ctype, encoding: own.encoding };
  const builtIn = builtInCollations.find((one) => one.oid === oid);
  if (builtIn?.locale === undefined) throw new PgError('42P17', 'collation "default" cannot be copied');
  return { collate: builtIn.locale, ctype: builtIn.locale, encoding: builtIn.encoding };
}

function inSchema(context: DdlContext, schema: string, name: string): Collation | undefined {
  return context.editor.snapshot.data.collations?.find((one) => one.schema === schema && one.name === name);
}

function named({ name, encoding }: Pick<Collation, 'name' | 'encoding'>): string {
  return encoding === -1 ? `collation "${name}"` : `collation "${name}" for encoding "UTF8"`;
}

export function planCreateCollation(statement: ast.CreateCollation, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const { name, ...target } = toQualifiedName(statement.name);
  const schema = creationSchema(context, target);
  const locale = described(statement, context);
  const old = inSchema(context, schema, name);
  if (old !== undefined) {
    const message = `${named({ name, encoding: old.encoding === -1 ? -1 : locale.encoding })} already exists`;
    if (!statement.ifNotExists) throw new PgError('42710', message);
    context.notice({ severity: 'NOTICE', code: '42710', message: `${message}, skipping` });
    return [];
  }
  editor.putCollation({ oid: editor.freshOid(), schema, name, owner: context.currentUser, ...locale });
  return finish(context);
}

function requireOwn(context: DdlContext, parts: readonly string[]): Collation {
  const oid = requireCollation(context.editor.snapshot, context.searchPath, parts);
  const own = ownCollation(context.editor.snapshot, oid);
  if (own === undefined) throw notSupported(`changing collation ${quoteQualified(parts)}`);
  requireOwner(context, own.owner, 'collation', own.name);
  return own;
}

/** ALTER COLLATION ... REFRESH VERSION: such locales have none. */
export function planAlterCollation(statement: ast.AlterCollation, context: DdlContext): readonly DdlAction[] {
  const oid = requireCollation(context.editor.snapshot, context.searchPath, statement.name);
  const own = ownCollation(context.editor.snapshot, oid);
  if (own !== undefined) requireOwner(context, own.owner, 'collation', own.name);
  if (builtInCollations.find((one) => one.oid === oid)?.name === 'default')
    throw new PgError('55000', 'cannot refresh version of default collation', { hint: 'Use ALTER DATABASE ... REFRESH COLLATION VERSION instead.' });
  context.notice({ severity: 'NOTICE', code: '00000', message: 'version has not changed' });
  return [];
}

function refuseTaken(context: DdlContext, collation: Collation, schema: string, name: string): void {
  const other = inSchema(context, schema, name);
  if (other !== undefined) throw new PgError('42710', `${named({ name, encoding: other.encoding })} already exists in schema "${schema}"`);
  if (collation.schema === 'pg_catalog') throw notSupported('changing a collation of the system');
}

export function planRenameCollation(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const own = requireOwn(context, statement.target.name);
  refuseTaken(context, own, own.schema, statement.to);
  renameAndFollow(context, own.name, () => {
    context.editor.putCollation({ ...own, name: statement.to });
  });
  return finish(context);
}

export function planCollationSchema(statement: ast.AlterObjectSchema, context: DdlContext): readonly DdlAction[] {
  const own = requireOwn(context, statement.target.name);
  if (!context.editor.snapshot.schemaExists(statement.schema)) throw new PgError('3F000', `schema "${statement.schema}" does not exist`);
  if (own.schema === statement.schema) return [];
  refuseTaken(context, own, statement.schema, own.name);
  renameAndFollow(context, own.name, () => {
    context.editor.putCollation({ ...own, schema: statement.schema });
  });
  return finish(context);
}

export function planCollationOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const own = requireOwn(context, statement.target.name);
  const owner = roleOf(context, statement.owner);
  if (owner.name === own.owner) return [];
  requireNewOwner(context, owner, own.schema);
  context.editor.putCollation({ ...own, owner: owner.name });
  return finish(context);
}

export function commentCollation(statement: ast.Comment, context: DdlContext): void {
  const { comment: _old, ...plain } = requireOwn(context, statement.target.name);
  context.editor.putCollation(statement.comment === undefined || statement.comment === '' ? plain : { ...plain, comment: statement.comment });
}

// ------------------------------------------------------------------------------------------------------------------------------- DROP

type Dependent =
  | Extract<TypeDependent, { readonly kind: 'column' | 'default' | 'check' | 'attribute' | 'domain' | 'view' }>
  | { readonly kind: 'index'; readonly table: Table; readonly oid: number; readonly name: string };

/** What is of the collation, or names it. */
function dependentsOf(context: DdlContext, { oid, schema, name }: Collation): readonly Dependent[] {
  const { data } = context.editor.snapshot;
  const is = (ref: CollationRef | undefined): boolean => ref !== undefined && collationOid(ref, 0) === oid;
  const spelled = [`COLLATE ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`, `COLLATE ${quoteIdentifier(name)}`];
  const mentions = (text: string | undefined): boolean => text !== undefined && spelled.some((one) => text.includes(one));
  const ofTable = (table: Table): readonly Dependent[] => [
    ...table.columns.flatMap(({ attribute, name: column, collation, defaultText }): readonly Dependent[] => {
      if (is(collation)) return [{ kind: 'column', table, attribute, name: column }];
      return mentions(defaultText) ? [{ kind: 'default', table, attribute, name: column }] : [];
    }),
    ...table.checks.flatMap((check): readonly Dependent[] =>
      mentions(check.expressionText) ? [{ kind: 'check', table, oid: check.oid, name: check.name }] : [],
    ),
    ...table.indexes.flatMap((index): readonly Dependent[] =>
      mentions(index.predicateText) || index.keys.some((key) => is(key.collation) || is(key.expressionCollation) || mentions(key.expressionText))
        ? [{ kind: 'index', table, oid: index.oid, name: index.name }]
        : [],
    ),
  ];
  const ofView = (view: View): readonly Dependent[] =>
    mentions(view.queryText) || view.columns.some((column) => is(column.collation)) ? [{ kind: 'view', view }] : [];
  return [
    ...data.relations.flatMap((relation): readonly Dependent[] =>
      relation.kind === 'table' ? ofTable(relation) : relation.kind === 'view' ? ofView(relation) : [],
    ),
    ...(data.types ?? []).flatMap((type): readonly Dependent[] => {
      if (type.kind === 'domain') return is(type.collation) ? [{ kind: 'domain', type: type satisfies DomainType }] : [];
      if (type.kind !== 'composite') return [];
      return type.attributes
        .filter((attribute) => is(attribute.collation))
        .map(({ attribute, name: own }): Dependent => ({ kind: 'attribute', type: type satisfies CompositeType, attribute, name: own }));
    }),
  ];
}

function describe(context: DdlContext, dependent: Dependent): string {
  return dependent.kind === 'index' ? `index ${dependent.name}` : describeDependent(context, dependent);
}

function dropDependent(context: DdlContext, list: ActionList, dependent: Dependent, dropRelation: (relation: Relation) => void): void {
  switch (dependent.kind) {
    case 'index': {
      const table = context.editor.snapshot.relationByOid(dependent.table.oid);
      const index = table?.kind === 'table' ? table.indexes.find((one) => one.oid === dependent.oid) : undefined;
      if (table?.kind !== 'table' || index === undefined) return;
      list.sqlForTable(table, (schema) => dropIndexSql(schema, index));
      context.editor.put({ ...table, indexes: table.indexes.filter((one) => one !== index) });
      return;
    }
    case 'domain':
      list.add({
        kind: 'runStatement',
        statement: {
          kind: 'drop',
          object: 'domain',
          objects: [{ name: [dependent.type.schema, dependent.type.name] }],
          ifExists: true,
          cascade: true,
          concurrently: false,
        },
      });
      return;
    default:
      dropTypeDependent(context, list, dependent, dropRelation);
  }
}

export function planDropCollations(
  statement: ast.Drop,
  context: DdlContext,
  dropRelation: (context: DdlContext, list: ActionList, relation: Relation) => void,
): readonly DdlAction[] {
  const { editor } = context;
  const list = new ActionList(editor);
  for (const { name } of statement.objects) {
    const oid = findCollation(editor.snapshot, context.searchPath, name);
    const text = quoteQualified(name);
    if (oid === undefined) {
      const schema = name.at(-2);
      const isSchemaMissing = schema !== undefined && schema !== 'pg_catalog' && !editor.snapshot.schemaExists(schema);
      if (!statement.ifExists) throw isSchemaMissing ? new PgError('3F000', `schema "${schema}" does not exist`) : unknownCollation(name);
      const what = isSchemaMissing ? `schema "${schema}"` : `collation "${name.join('.')}"`;
      context.notice({ severity: 'NOTICE', code: '00000', message: `${what} does not exist, skipping` });
      continue;
    }
    const own = ownCollation(editor.snapshot, oid);
    if (own === undefined) throw new PgError('2BP01', `cannot drop collation ${text} because it is required by the database system`);
    requireOwner(context, own.owner, 'collation', own.name);
    const dependents = dependentsOf(context, own);
    if (dependents.length > 0 && !statement.cascade)
      throw new PgError('2BP01', `cannot drop collation ${text} because other objects depend on it`, {
        detail: dependents.map((dependent) => `${describe(context, dependent)} depends on collation ${text}`).join('\n'),
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      });
    noticeCascade(
      context,
      dependents.map((dependent) => describe(context, dependent)),
    );
    for (const dependent of dependents)
      dropDependent(context, list, dependent, (relation) => {
        dropRelation({ ...context, notice: () => undefined }, list, relation);
      });
    editor.removeCollation(oid);
  }
  list.flush();
  return list.actions;
}
