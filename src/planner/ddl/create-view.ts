/**
 * CREATE VIEW and CREATE TABLE AS.
 */
import { type CollationRef, collationName, collationOid, collationRef } from '../../catalog/collation.js';
import { undeterminedCollation } from '../../functions/scalar/collation.js';
import type { Table, View } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { isUpdatable, simpleView } from '../../catalog/view-updatable.js';
import type { TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import { parse } from '../../sql/parser.js';
import { formatType, Oid } from '../../types/registry.js';
import { putNewTable } from './table-files.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, duplicateRelation, onCommitOf, findRelation, undefinedRelation } from './ddl.js';
import { chooseDistribution } from './distribution.js';
import { physicalColumnName } from './physical.js';
import { optionText, storageOf } from './storage-parameters.js';

/** The collation of a column that is made from a query's. */
function columnCollation(
  name: string,
  { type, collation }: { readonly type: TypeRef; readonly collation: number | undefined },
  what: string,
): { readonly collation?: CollationRef } {
  if (collation === undefined && what === 'CREATE VIEW') throw undeterminedCollation(`view column "${name}"`);
  if (collation === undefined)
    throw new PgError('42P22', `no collation was derived for column "${name}" with collatable type ${formatType(type.oid)}`, {
      hint: 'Use the COLLATE clause to set the collation explicitly.',
    });
  const kept = collationRef(collation, type.domain ?? type.oid);
  return kept === undefined ? {} : { collation: kept };
}

function namedColumns(
  columns: readonly { readonly name: string; readonly type: TypeRef; readonly collation: number | undefined }[],
  names: readonly string[],
  what: string,
): readonly { readonly name: string; readonly typeOid: number; readonly typmod: number; readonly domainOid?: number; readonly collation?: CollationRef }[] {
  if (names.length > columns.length) throw new PgError('42601', `${what} specifies too many column names`);
  const named = columns.map((column, i) => ({
    name: names[i] ?? column.name,
    typeOid: column.type.oid === Oid.unknown ? Oid.text : column.type.oid,
    typmod: column.type.typmod,
    ...(column.type.domain === undefined ? {} : { domainOid: column.type.domain }),
    ...columnCollation(names[i] ?? column.name, column, what),
  }));
  const seen = new Set<string>();
  for (const column of named) {
    if (column.typeOid === Oid.record) throw new PgError('42P16', `column "${column.name}" has pseudo-type record`);
    if (seen.has(column.name)) throw new PgError('42701', `column "${column.name}" specified more than once`);
    seen.add(column.name);
  }
  return named;
}

/** WITH (...) and WITH CHECK OPTION. */
function viewOptions({ options, checkOption }: Pick<ast.CreateView, 'options' | 'checkOption'>): Pick<View, 'checkOption' | 'options'> {
  let check = checkOption;
  const others: string[] = [];
  for (const option of options) {
    const { name } = option;
    const text = optionText(option);
    if (name === 'check_option') {
      if (text !== 'local' && text !== 'cascaded')
        throw new PgError('22023', 'invalid value for enum option "check_option": ' + text, { detail: 'Valid values are "local" and "cascaded".' });
      if (checkOption !== undefined) throw new PgError('42601', 'parameter "check_option" specified more than once');
      check = text;
    } else if (name === 'security_barrier' || name === 'security_invoker') {
      if (!/^(?:true|false|on|off|yes|no|1|0)$/i.test(text)) throw new PgError('22023', `invalid value for boolean option "${name}": ${text}`);
      others.push(`${name}=${text}`);
    } else throw new PgError('22023', `unrecognized parameter "${name}"`);
  }
  return { ...(check === undefined ? {} : { checkOption: check }), ...(others.length === 0 ? {} : { options: others }) };
}

/** A view over temporary tables is a temporary view, too. */
function viewSchema(context: DdlContext, statement: ast.CreateView): { readonly schema: string; readonly isImplied: boolean } {
  const { temporarySchema, editor } = context;
  if (statement.persistence !== 'temporary' && statement.name.schema === undefined && editor.snapshot.schemaExists(temporarySchema)) {
    const { text } = context.binder(editor.snapshot).query(statement.query, statement.columns);
    if (text.includes(`${temporarySchema}.`)) return { schema: creationSchema(context, statement.name, 'temporary'), isImplied: true };
  }
  return { schema: creationSchema(context, statement.name, statement.persistence), isImplied: false };
}

function refuseCheckOption(context: DdlContext, view: View): void {
  if (view.checkOption === undefined) return;
  const [only] = parse(view.queryText);
  const simple = only?.statement.kind === 'select' ? simpleView(only.statement) : undefined;
  if (simple?.kind === 'readOnly') throw new PgError('0A000', 'WITH CHECK OPTION is supported only on automatically updatable views', { hint: simple.reason });
  if (!isUpdatable(context.editor.snapshot, view)) throw new PgError('0A000', 'WITH CHECK OPTION is supported only on automatically updatable views');
}

/** ALTER VIEW ... SET (...) */
export function withViewOptions(context: DdlContext, view: View, options: readonly ast.Option[]): View {
  const { checkOption, options: others = [] } = viewOptions({ options, checkOption: undefined });
  const names = new Set(others.map((text) => text.split('=')[0]));
  const kept = (view.options ?? []).filter((text) => !names.has(text.split('=')[0]));
  const changed: View = {
    ...view,
    ...(checkOption === undefined ? {} : { checkOption }),
    ...(kept.length + others.length === 0 ? {} : { options: [...kept, ...others] }),
  };
  if (checkOption !== undefined) refuseCheckOption(context, changed);
  return changed;
}

/** ALTER VIEW ... RESET (...) */
export function withoutViewOptions(view: View, options: readonly ast.Option[]): View {
  const names = new Set(options.map((option) => option.name));
  const { checkOption, options: old = [], ...rest } = view;
  const kept = old.filter((text) => !names.has(text.split('=')[0] ?? ''));
  return { ...rest, ...(checkOption === undefined || names.has('check_option') ? {} : { checkOption }), ...(kept.length === 0 ? {} : { options: kept }) };
}

export function planCreateView(statement: ast.CreateView, context: DdlContext): readonly DdlAction[] {
  const { schema, isImplied } = viewSchema(context, statement);
  const { name } = statement.name;
  const old = context.editor.snapshot.relation(schema, name);
  if (context.editor.nameTaken(schema, name)) {
    if (!statement.replace) throw duplicateRelation(name);
    if (old?.kind !== 'view') throw new PgError('42809', `"${name}" is not a view`);
  }
  if (statement.query.with?.tables.some((table) => table.query.kind !== 'select') === true)
    throw new PgError('0A000', 'views must not contain data-modifying statements in WITH');
  const query = context.binder(context.editor.snapshot).query(statement.query, statement.columns);
  const columns = namedColumns(query.columns, statement.columns, 'CREATE VIEW').map(({ name: column, typeOid, typmod, domainOid, collation }) => ({
    name: column,
    ...(collation === undefined ? {} : { collation }),
    typeOid: domainOid ?? typeOid,
    typmod: domainOid === undefined ? typmod : -1,
  }));
  if (old?.kind === 'view') {
    if (columns.length < old.columns.length) throw new PgError('42P16', 'cannot drop columns from view');
    old.columns.forEach((column, i) => {
      const next = columns[i] as (typeof columns)[number];
      if (next.name !== column.name)
        throw new PgError('42P16', `cannot change name of view column "${column.name}" to "${next.name}"`, {
          hint: 'Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
        });
      if (next.typeOid !== column.typeOid || next.typmod !== column.typmod)
        throw new PgError(
          '42P16',
          `cannot change data type of view column "${column.name}" from ${formatType(column.typeOid, column.typmod)} to ${formatType(next.typeOid, next.typmod)}`,
        );
      const [before, after] = [column, next].map((one) => collationOid(one.collation, one.typeOid)) as [number, number];
      if (before !== after) {
        const { snapshot } = context.editor;
        throw new PgError(
          '42P16',
          `cannot change collation of view column "${column.name}" from "${collationName(snapshot, before)}" to "${collationName(snapshot, after)}"`,
        );
      }
    });
  }
  refuseParameters(query.parameters);
  const view: View = {
    kind: 'view',
    oid: old?.oid ?? context.editor.freshOid(),
    schema,
    name,
    owner: context.currentUser,
    columns: columns.map((column, i) => {
      const defaultText = old?.kind === 'view' ? old.columns[i]?.defaultText : undefined;
      return defaultText === undefined ? column : { ...column, defaultText };
    }),
    queryText: query.text,
    ...(old?.kind === 'view' && old.triggers !== undefined ? { triggers: old.triggers } : {}),
    ...(old?.kind === 'view' && old.rules !== undefined ? { rules: old.rules } : {}),
    ...viewOptions(statement),
  };
  refuseCheckOption(context, view);
  if (isImplied) context.notice({ severity: 'NOTICE', code: '00000', message: `view "${name}" will be a temporary view` });
  const list = new ActionList(context.editor);
  context.editor.put(view);
  list.flush();
  return list.actions;
}

/** What is kept has no parameters. */
function refuseParameters(count: number): void {
  if (count > 0) throw new PgError('42P02', 'there is no parameter $1');
}

/** CREATE TABLE AS and SELECT INTO: the table, then INSERT ... SELECT. */
export function planCreateTableAs(statement: ast.CreateTableAs, context: DdlContext): readonly DdlAction[] {
  const onCommit = onCommitOf(statement);
  if (statement.source.kind === 'execute') throw notSupported('CREATE TABLE AS EXECUTE');
  const schema = creationSchema(context, statement.name, statement.persistence);
  const { name } = statement.name;
  if (context.editor.nameTaken(schema, name)) {
    if (!statement.ifNotExists) throw duplicateRelation(name);
    context.notice({ severity: 'NOTICE', code: '42P07', message: `relation "${name}" already exists, skipping` });
    return [];
  }
  const query = context.binder(context.editor.snapshot).query(statement.source, statement.columns);
  if (statement.object === 'materializedView') refuseParameters(query.parameters);
  const columns = namedColumns(query.columns, statement.columns, 'CREATE TABLE AS');
  const oid = context.editor.freshOid();
  const physical: string[] = [];
  const list = new ActionList(context.editor);
  const table: Table = {
    kind: 'table',
    oid,
    schema,
    name,
    owner: context.currentUser,
    persistence: statement.persistence,
    ...storageOf(statement),
    ...onCommit,
    columns: columns.map((column, i) => {
      const physicalName = physicalColumnName(column.name, i + 1, physical);
      physical.push(physicalName);
      const { name: columnName, ...type } = column;
      return { attribute: i + 1, name: columnName, physicalName, ...type, notNull: false };
    }),
    lastAttribute: columns.length,
    indexes: [],
    checks: [],
    foreignKeys: [],
    distribution: { kind: 'reference' },
    physicalName: context.editor.physicalTableName(schema, name, oid),
  };
  const shards = statement.options.find((option) => option.name === 'shards');
  const key = statement.options.find((option) => option.name === 'distribution_column');
  const placed =
    shards?.value?.kind === 'integer' && key?.value?.kind === 'string'
      ? {
          ...table,
          distribution: chooseDistribution(context, list, table, { columns: [key.value.value], shards: shards.value.value, colocateWith: undefined }),
        }
      : table;
  putNewTable(context, list, placed);
  if (statement.withData) {
    const target: ast.TableItem = { kind: 'table', name: { schema, name }, only: false };
    list.add({ kind: 'runStatement', statement: { kind: 'insert', table: target, columns: [], source: statement.source, returning: [] } });
  } else list.flush();
  if (statement.object === 'materializedView') {
    // Filled while it is a table like any other.
    const current = context.editor.snapshot.relationByOid(oid) as Table;
    context.editor.put({ ...current, materialized: { queryText: query.text, populated: statement.withData } });
    list.flush();
  }
  return list.actions;
}

/** REFRESH MATERIALIZED VIEW: emptied and filled anew in one transaction, so that readers see the old rows until then (CONCURRENTLY or not). */
export function planRefresh(statement: ast.RefreshMaterializedView, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const view = findRelation(context, statement.name);
  if (view === undefined) throw undefinedRelation(statement.name);
  if (view.kind !== 'table' || view.materialized === undefined) throw new PgError('0A000', `"${view.name}" is not a materialized view`);
  const { materialized, ...table } = view;
  if (statement.concurrently) {
    if (!statement.withData) throw new PgError('42601', 'REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together');
    if (!materialized.populated) throw new PgError('0A000', 'CONCURRENTLY cannot be used when the materialized view is not populated');
    if (!view.indexes.some((index) => index.unique && index.predicateText === undefined && index.keys.every((key) => key.expressionText === undefined))) {
      throw new PgError('55000', `cannot refresh materialized view "${view.schema}.${view.name}" concurrently`, {
        hint: 'Create a unique index with no WHERE clause on one or more columns of the materialized view.',
      });
    }
  }
  const [parsed] = parse(materialized.queryText);
  if (parsed?.statement.kind !== 'select') throw new Error('assertion failed: a query');
  const target: ast.TableItem = { kind: 'table', name: { schema: view.schema, name: view.name }, only: false };
  const list = new ActionList(editor);
  editor.put(table);
  list.add({ kind: 'runStatement', statement: { kind: 'delete', table: target, using: [], returning: [] } });
  if (statement.withData)
    list.add({ kind: 'runStatement', statement: { kind: 'insert', table: target, columns: [], source: parsed.statement, returning: [] } });
  editor.put({ ...table, materialized: { ...materialized, populated: statement.withData } });
  list.flush();
  return list.actions;
}
