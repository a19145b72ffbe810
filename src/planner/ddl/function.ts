/**
 * CREATE FUNCTION and CREATE PROCEDURE of LANGUAGE sql, DROP, and the ALTER forms that change a name, a schema or an owner. Metadata only: calls are bound into the
 * statements that have them (planner/bind/user-function). Source: functioncmds.c and pg_proc.c of PostgreSQL 15.
 */
import { changeFunctionOwner } from './owner.js';
import { plainSelect } from '../../sql/build.js';
import { type FunctionArgument, type FunctionBody, inputsOf, outputsOf, partsOf, type UserFunction } from '../../catalog/user-function.js';
import type { Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { isPolymorphic } from '../../functions/registry.js';
import type * as ast from '../../sql/ast.js';
import { formatType, isArrayType, Oid } from '../../types/registry.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, noticeCascade, temporarySchemaPrefix, toQualifiedName } from './ddl.js';

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

/** Languages that PostgreSQL has and this does not. */
const otherLanguages: ReadonlyMap<string, string> = new Map([
  ['c', 'language C'],
  ['internal', 'language internal'],
]);

function languageOf(statement: ast.CreateFunction): 'sql' | 'plpgsql' {
  const { language, sqlBody } = statement;
  if (language === undefined && sqlBody === undefined) throw new PgError('42P13', 'no language specified');
  const name = language ?? 'sql';
  if (name === 'plpgsql' && sqlBody !== undefined) throw new PgError('42P13', 'inline SQL function body only valid for language SQL');
  if (name === 'sql' || name === 'plpgsql') return name;
  const known = otherLanguages.get(name);
  if (known === undefined)
    throw new PgError(
      '42704',
      `language "${name}" does not exist`,
      name.startsWith('pl') ? { hint: 'Use CREATE EXTENSION to load the language into the database.' } : {},
    );
  throw notSupported(`CREATE ${statement.object.toUpperCase()} in ${known}`);
}

function typeOid(context: DdlContext, type: ast.TypeName): number {
  const { setOf: _set, ...plain } = type;
  const found = context.binder(context.editor.snapshot).typeName({ ...plain, setOf: false });
  return found.domain ?? found.oid;
}

/** The parameters of a function, procedure or aggregate. */
export function argumentsOf(
  statement: { readonly object: UserFunction['kind']; readonly parameters: readonly ast.FunctionParameter[] },
  context: DdlContext,
): readonly FunctionArgument[] {
  const isProcedure = statement.object === 'procedure';
  const plural = `${statement.object}s`;
  let isDefaulted = false;
  let isVariadic = false;
  const seen = new Map<string, ast.FunctionParameter['mode']>();
  return statement.parameters.map((parameter): FunctionArgument => {
    const { mode, name = '' } = parameter;
    const isInput = mode === 'in' || mode === 'inout' || mode === 'variadic';
    if (parameter.type.setOf) throw new PgError('42P13', `${plural} cannot accept set arguments`);
    if (statement.object === 'aggregate' && !isInput) throw new PgError('42P13', 'aggregates cannot have output arguments');
    const type = typeOid(context, parameter.type);
    if (type === Oid.void || type === Oid.record)
      if (isInput && type === Oid.void) throw new PgError('42P13', 'SQL functions cannot have arguments of type void');
    if (isVariadic && isInput) throw new PgError('42P13', 'VARIADIC parameter must be the last input parameter');
    if (isProcedure && isVariadic && mode === 'out') throw new PgError('42P13', 'VARIADIC parameter must be the last parameter');
    if (mode === 'variadic') {
      isVariadic = true;
      if (!isArrayType(type) && type !== Oid.anyarray && type !== Oid.anycompatiblearray && type !== Oid.any)
        throw new PgError('42P13', 'VARIADIC parameter must be an array');
    }
    if (name !== '') {
      // An input and an output column may share a name only in RETURNS TABLE's own errors: PostgreSQL refuses it, too.
      if (seen.has(name)) throw new PgError('42P13', `parameter name "${name}" used more than once`);
      seen.set(name, mode);
    }
    let defaultText: string | undefined;
    if (parameter.defaultValue !== undefined) {
      if (statement.object === 'aggregate') throw new PgError('42P13', 'aggregate parameters cannot have default values');
      if (!isInput) throw new PgError('42P13', 'only input parameters can have default values');
      isDefaulted = true;
      const target = isPolymorphic(type) ? undefined : { oid: type, typmod: -1 };
      defaultText = context.binder(context.editor.snapshot).expression(parameter.defaultValue, undefined, target, 'default');
    } else if (isInput && isDefaulted) throw new PgError('42P13', 'input parameters after one with a default value must also have defaults');
    return { name, mode, typeOid: type, ...(defaultText === undefined ? {} : { defaultText }) };
  });
}

/** prorettype and proretset. */
function resultOf(
  statement: ast.CreateFunction,
  args: readonly FunctionArgument[],
  context: DdlContext,
): { readonly result: number; readonly returnsSet: boolean } {
  const outputs = args.filter((argument) => argument.mode === 'out' || argument.mode === 'inout');
  const columns = args.filter((argument) => argument.mode === 'table');
  const byOutputs =
    outputs.length === 0 ? undefined : outputs.length === 1 && statement.object === 'function' ? (outputs[0] as FunctionArgument).typeOid : Oid.record;
  if (columns.length > 0) return { result: columns.length === 1 ? (columns[0] as FunctionArgument).typeOid : Oid.record, returnsSet: true };
  if (statement.object === 'procedure') return { result: byOutputs ?? 0, returnsSet: false };
  if (statement.returns === undefined) {
    if (byOutputs === undefined) throw new PgError('42P13', 'function result type must be specified');
    return { result: byOutputs, returnsSet: false };
  }
  const result = typeOid(context, statement.returns);
  if (byOutputs !== undefined && byOutputs !== result)
    throw new PgError('42P13', `function result type must be ${formatType(byOutputs)} because of OUT parameters`);
  if ((result === Oid.trigger || result === Oid.eventTrigger) && (statement.language ?? 'sql') === 'sql')
    throw new PgError('42P13', `SQL functions cannot return type ${formatType(result)}`);
  return { result, returnsSet: statement.returns.setOf };
}

function checkPolymorphic(definition: UserFunction): void {
  const inputs = inputsOf(definition).map((argument) => argument.typeOid);
  const family = (oid: number): boolean => oid === Oid.anycompatible || oid === Oid.anycompatiblearray || oid === Oid.anycompatiblenonarray;
  const results = [definition.result, ...outputsOf(definition).map((argument) => argument.typeOid)].filter((oid) => oid !== Oid.any && isPolymorphic(oid));
  for (const result of results) {
    if (inputs.some((oid) => oid !== Oid.any && isPolymorphic(oid) && family(oid) === family(result))) continue;
    const need = family(result)
      ? 'anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange'
      : 'anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange';
    throw new PgError('42P13', 'cannot determine result data type', {
      detail: `A result of type ${formatType(result)} requires at least one input of type ${need}.`,
    });
  }
}

/** What the function's SET clauses give: the search path, which binding needs, and the rest. */
export function settingsOf(settings: readonly ast.SetVariable[], context: DdlContext): Pick<UserFunction, 'searchPath' | 'settings'> {
  let searchPath: readonly string[] | undefined;
  const others = new Map<string, string>();
  for (const setting of settings) {
    const name = setting.action === 'resetAll' ? '' : setting.name.toLowerCase();
    if (name === 'search_path' && setting.action === 'value')
      searchPath = setting.values.map((value) => (value.kind === 'string' ? value.value : '')).filter((one) => one !== '');
    else if (name === 'search_path' && setting.action === 'fromCurrent') searchPath = context.searchPath;
    else if (setting.action === 'resetAll') throw notSupported('RESET ALL of a function in this form');
    else {
      const kept = context.session.setting(setting);
      if (kept.value !== undefined) others.set(kept.name, kept.value);
    }
  }
  return {
    ...(searchPath === undefined ? {} : { searchPath }),
    ...(others.size === 0 ? {} : { settings: [...others].map(([name, value]) => ({ name, value })) }),
  };
}

export function planCreateFunction(statement: ast.CreateFunction, context: DdlContext): readonly DdlAction[] {
  const language = languageOf(statement);
  if (statement.window) throw notSupported('CREATE FUNCTION ... WINDOW');
  const { editor } = context;
  const name = toQualifiedName(statement.name);
  const schema = creationSchema(context, name);
  const args = argumentsOf(statement, context);
  const { result, returnsSet } = resultOf(statement, args, context);
  let body: FunctionBody;
  const binder = context.binder(editor.snapshot);
  if (statement.sqlBody !== undefined) {
    if (statement.definition.length > 0) throw new PgError('42P13', 'duplicate function body specified');
    const { sqlBody } = statement;
    body =
      sqlBody.kind === 'return'
        ? { kind: 'return', statements: [binder.qualified(returned(sqlBody.expression))] }
        : { kind: 'atomic', statements: sqlBody.statements.map((one) => binder.qualified(one)) };
  } else {
    const [text] = statement.definition;
    if (text === undefined) throw new PgError('42P13', 'no function body specified');
    if (statement.definition.length > 1) throw new PgError('42P13', `only one AS item needed for language "${language}"`);
    body = { kind: 'string', text };
  }
  const old = findSame(context, schema, name.name, args);
  const definition: UserFunction = {
    oid: old?.oid ?? editor.freshOid(),
    schema,
    name: name.name,
    owner: old?.owner ?? context.currentUser,
    kind: statement.object,
    ...(language === 'sql' ? {} : { language }),
    args,
    result,
    returnsSet,
    volatility: statement.volatility,
    strict: statement.strict,
    securityDefiner: statement.securityDefiner,
    leakproof: statement.leakproof,
    parallel: statement.parallel,
    ...(statement.cost === undefined ? {} : { cost: statement.cost }),
    ...(statement.rows === undefined ? {} : { rows: statement.rows }),
    ...settingsOf(statement.settings, context),
    body,
    ...(old?.comment === undefined ? {} : { comment: old.comment }),
  };
  if (statement.rows !== undefined && !returnsSet) throw new PgError('22023', 'ROWS is not applicable when function does not return a set');
  checkPolymorphic(definition);
  if (old !== undefined) checkReplacement(statement.replace, old, definition);
  // The body may call the function itself.
  editor.putFunction(definition);
  context.binder(editor.snapshot).functionBody(definition);
  return finish(context);
}

export function planAlterFunction(statement: ast.AlterFunction, context: DdlContext): readonly DdlAction[] {
  const definition = requireFunction(context, statement.object, statement.target);
  const { changes } = statement;
  if (definition.kind === 'procedure' && (changes.strict !== undefined || changes.volatility !== undefined || changes.cost !== undefined))
    throw new PgError('42P13', 'invalid attribute in procedure definition');
  if (changes.rows !== undefined && !definition.returnsSet) throw new PgError('22023', 'ROWS is not applicable when function does not return a set');
  const kept = (definition.settings ?? []).filter(
    ({ name }) => !statement.settings.some((setting) => setting.action === 'resetAll' || setting.name.toLowerCase() === name.toLowerCase()),
  );
  const resets = statement.settings.some((setting) => setting.action === 'resetAll' || setting.name.toLowerCase() === 'search_path');
  const added = settingsOf(
    statement.settings.filter((setting) => setting.action === 'value' || setting.action === 'fromCurrent'),
    context,
  );
  const { searchPath, settings: _settings, ...plain } = definition;
  const settings = [...kept, ...(added.settings ?? [])];
  const path = added.searchPath ?? (resets ? undefined : searchPath);
  context.editor.putFunction({ ...plain, ...changes, ...(path === undefined ? {} : { searchPath: path }), ...(settings.length === 0 ? {} : { settings }) });
  return finish(context);
}

/** RETURN expression as a query. */
function returned(expression: ast.Expression): ast.Statement {
  return plainSelect([{ expression }]);
}

export function findSame(context: DdlContext, schema: string, name: string, args: readonly FunctionArgument[]): UserFunction | undefined {
  const types = args.filter((one) => one.mode === 'in' || one.mode === 'inout' || one.mode === 'variadic').map((one) => one.typeOid);
  return context.editor.snapshot.functions.named(schema, name).find((other) => {
    const inputs = inputsOf(other);
    return inputs.length === types.length && inputs.every((argument, i) => argument.typeOid === types[i]);
  });
}

export function functionSignatureText(definition: UserFunction): string {
  return `${definition.name}(${inputsOf(definition)
    .map((argument) => formatType(argument.typeOid))
    .join(',')})`;
}

export function checkReplacement(replace: boolean, old: UserFunction, next: UserFunction): void {
  if (!replace) throw new PgError('42723', `function "${old.name}" already exists with same argument types`);
  const spaced = functionSignatureText(old);
  if (old.kind !== next.kind)
    throw new PgError('42809', 'cannot change routine kind', {
      detail: old.kind === 'aggregate' ? `"${old.name}" is an aggregate function.` : `"${old.name}" is a ${old.kind}.`,
    });
  const hint = `Use DROP ${old.kind.toUpperCase()} ${spaced} first.`;
  if (old.result !== next.result || old.returnsSet !== next.returnsSet)
    throw new PgError(
      '42P13',
      old.kind === 'procedure' ? 'cannot change whether a procedure has output parameters' : 'cannot change return type of existing function',
      { hint },
    );
  if (old.result === Oid.record) {
    const rows = (one: UserFunction): string =>
      outputsOf(one)
        .map((argument) => `${argument.name} ${String(argument.typeOid)}`)
        .join(',');
    if (rows(old) !== rows(next))
      throw new PgError('42P13', 'cannot change return type of existing function', { detail: 'Row type defined by OUT parameters is different.', hint });
  }
  const inputs = inputsOf(next);
  inputsOf(old).forEach((argument, i) => {
    const now = inputs[i] as FunctionArgument;
    if (argument.name !== '' && argument.name !== now.name) throw new PgError('42P13', `cannot change name of input parameter "${argument.name}"`, { hint });
    if (argument.defaultText !== undefined && now.defaultText === undefined)
      throw new PgError('42P13', 'cannot remove parameter defaults from existing function', { hint });
  });
}

// ----------------------------------------------------------------------------------------------------------------- looking up

const kindWords: Partial<Record<ast.ObjectType, string>> = { function: 'function', procedure: 'procedure', routine: 'routine', aggregate: 'aggregate' };

/** The function that DROP, ALTER or COMMENT names; undefined when there is none. */
export function findFunctionNamed(context: DdlContext, object: ast.ObjectType, target: ast.ObjectReference): UserFunction | undefined {
  const { functions } = context.editor.snapshot;
  const name = toQualifiedName(target.name);
  const schemaNamed = name.schema === 'pg_temp' ? context.temporarySchema : name.schema;
  if (schemaNamed !== undefined && !context.editor.snapshot.schemaExists(schemaNamed) && schemaNamed !== 'pg_catalog')
    throw new PgError('3F000', `schema "${name.schema ?? ''}" does not exist`);
  const types = target.signature?.arguments?.map((type) => (type === undefined ? 0 : typeOid(context, type)));
  const word = kindWords[object] ?? 'function';
  const path = schemaNamed === undefined ? context.searchPath.filter((schema) => !schema.startsWith(temporarySchemaPrefix)) : [schemaNamed];
  for (const schema of path) {
    const all = functions
      .named(schema, name.name)
      .filter((one) => object === 'routine' || types !== undefined || one.kind === word || (one.kind === 'aggregate' && word === 'function'));
    if (types === undefined && all.length > 1)
      throw new PgError('42725', `${word} name "${name.name}" is not unique`, { hint: `Specify the argument list to select the ${word} unambiguously.` });
    const [found] = types === undefined ? all : all.filter((one) => matches(one, types, object));
    if (found === undefined) continue;
    if (word !== 'routine' && found.kind !== word && !(word === 'function' && found.kind === 'aggregate'))
      throw new PgError(
        '42809',
        `${name.name}(${inputsOf(found)
          .map((one) => formatType(one.typeOid))
          .join(', ')}) is not a ${word}`,
      );
    return found;
  }
  return undefined;
}

/** A procedure may be named with its OUT parameters, too. */
function matches(definition: UserFunction, types: readonly number[], object: ast.ObjectType): boolean {
  const inputs = inputsOf(definition);
  if (inputs.length === types.length && inputs.every((argument, i) => argument.typeOid === types[i])) return true;
  if (definition.kind !== 'procedure' || object === 'function') return false;
  return definition.args.length === types.length && definition.args.every((argument, i) => argument.typeOid === types[i]);
}

function shownTarget(context: DdlContext, target: ast.ObjectReference): string {
  const name = target.name.join('.');
  const types = target.signature?.arguments;
  return types === undefined ? name : `${name}(${types.map((type) => (type === undefined ? '*' : formatType(typeOid(context, type)))).join(', ')})`;
}

function missing(context: DdlContext, object: ast.ObjectType, target: ast.ObjectReference): PgError {
  const word = kindWords[object] ?? 'function';
  if (target.signature?.arguments === undefined) return new PgError('42883', `could not find a ${word} named "${target.name.join('.')}"`);
  return new PgError('42883', `${word} ${shownTarget(context, target)} does not exist`);
}

export function requireFunction(context: DdlContext, object: ast.ObjectType, target: ast.ObjectReference): UserFunction {
  const found = findFunctionNamed(context, object, target);
  if (found === undefined) throw missing(context, object, target);
  return found;
}

// ------------------------------------------------------------------------------------------------------------------ statements

export function planRenameFunction(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const definition = requireFunction(context, statement.object, statement.target);
  if (findSame(context, definition.schema, statement.to, definition.args) !== undefined)
    throw new PgError(
      '42723',
      `function ${functionSignatureText({ ...definition, name: statement.to }).replaceAll(',', ', ')} already exists in schema "${definition.schema}"`,
    );
  refuseUsed(context, definition, 'rename');
  context.editor.putFunction({ ...definition, name: statement.to });
  return finish(context);
}

export function planFunctionSchema(statement: ast.AlterObjectSchema, context: DdlContext): readonly DdlAction[] {
  const definition = requireFunction(context, statement.object, statement.target);
  if (!context.editor.snapshot.schemaExists(statement.schema)) throw new PgError('3F000', `schema "${statement.schema}" does not exist`);
  if (definition.schema !== statement.schema) {
    if (findSame(context, statement.schema, definition.name, definition.args) !== undefined)
      throw new PgError('42723', `function ${functionSignatureText(definition).replaceAll(',', ', ')} already exists in schema "${statement.schema}"`);
    refuseUsed(context, definition, 'move');
  }
  context.editor.putFunction({ ...definition, schema: statement.schema });
  return finish(context);
}

export function planFunctionOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const definition = requireFunction(context, statement.object, statement.target);
  changeFunctionOwner(context, definition, statement.owner);
  return finish(context);
}

/** Stored texts name the function: it may not change its name under them. */
function refuseUsed(context: DdlContext, definition: UserFunction, what: string): void {
  const [first] = functionUses(context, definition);
  if (first !== undefined) throw new PgError('0A000', `cannot ${what} function ${definition.name} because ${first.text} uses it`);
}

export interface FunctionUse {
  readonly kind: 'view' | 'default' | 'column' | 'check' | 'index' | 'function' | 'trigger' | 'eventTrigger';
  readonly oid: number;
  /** Attribute number of a default or a generated column, OID of a check or index. */
  readonly part: number;
  readonly text: string;
}

/** What names a function in its stored text. */
export function functionUses(context: DdlContext, definition: UserFunction): readonly FunctionUse[] {
  const overloaded = context.editor.snapshot.functions.named(definition.schema, definition.name).length > 1;
  const binder = context.binder(context.editor.snapshot);
  const isUsed = (text: string | undefined, table: Table | undefined, kind: 'query' | 'expression' = 'expression'): boolean =>
    text !== undefined && mentions(text, definition) && (!overloaded || binder.functionsUsed(text, kind, table).has(definition.oid));
  const found: FunctionUse[] = [];
  for (const relation of context.editor.snapshot.data.relations) {
    const { oid } = relation;
    if (relation.kind === 'view' && isUsed(relation.queryText, undefined, 'query')) found.push({ kind: 'view', oid, part: 0, text: `view ${relation.name}` });
    if (relation.kind === 'table' || relation.kind === 'view')
      for (const trigger of relation.triggers ?? [])
        if (trigger.functionOid === definition.oid)
          found.push({ kind: 'trigger', oid, part: trigger.oid, text: `trigger ${trigger.name} on ${relation.kind} ${relation.name}` });
    if (relation.kind !== 'table') continue;
    if (isUsed(relation.materialized?.queryText, undefined, 'query')) found.push({ kind: 'view', oid, part: 0, text: `materialized view ${relation.name}` });
    for (const column of relation.columns)
      if (isUsed(column.defaultText, column.generated === undefined ? undefined : relation))
        found.push({
          kind: column.generated === undefined ? 'default' : 'column',
          oid,
          part: column.attribute,
          text: `${column.generated === undefined ? 'default value for column' : 'column'} ${column.name} of table ${relation.name}`,
        });
    for (const check of relation.checks)
      if (isUsed(check.expressionText, relation))
        found.push({ kind: 'check', oid, part: check.oid, text: `constraint ${check.name} on table ${relation.name}` });
    for (const index of relation.indexes)
      if (isUsed(index.predicateText, relation) || index.keys.some((key) => isUsed(key.expressionText, relation)))
        found.push({ kind: 'index', oid, part: index.oid, text: `index ${index.name}` });
  }
  for (const other of context.editor.snapshot.functions.all())
    if (
      other.oid !== definition.oid &&
      ((other.body.kind !== 'string' && calls(other.body.statements, definition)) ||
        (other.aggregate !== undefined && partsOf(other.aggregate).includes(definition.oid)))
    )
      found.push({ kind: 'function', oid: other.oid, part: 0, text: `function ${functionSignatureText(other)}` });
  for (const trigger of context.editor.snapshot.data.eventTriggers ?? [])
    if (trigger.functionOid === definition.oid) found.push({ kind: 'eventTrigger', oid: trigger.oid, part: 0, text: `event trigger ${trigger.name}` });
  return found;
}

function mentions(text: string, { schema, name }: UserFunction): boolean {
  const quoted = (part: string): string => (/^[a-z_][a-z0-9_$]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`);
  return text.includes(`${quoted(schema)}.${quoted(name)}(`);
}

function calls(tree: unknown, definition: UserFunction): boolean {
  if (Array.isArray(tree)) return tree.some((item) => calls(item, definition));
  if (typeof tree !== 'object' || tree === null) return false;
  const { kind, name } = tree as { readonly kind?: string; readonly name?: readonly string[] };
  if (kind === 'function' && Array.isArray(name) && name.at(-1) === definition.name && name.at(-2) === definition.schema) return true;
  return Object.values(tree).some((part) => calls(part, definition));
}

export function planDropFunctions(
  statement: ast.Drop,
  context: DdlContext,
  dropUses: (context: DdlContext, list: ActionList, uses: readonly FunctionUse[]) => void,
): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  for (const object of statement.objects) {
    let found: UserFunction | undefined;
    try {
      found = findFunctionNamed(context, statement.object, object);
    } catch (error) {
      if (!statement.ifExists || !(error instanceof PgError) || (error.code !== '42704' && error.code !== '3F000')) throw error;
      context.notice({ severity: 'NOTICE', code: '00000', message: `${error.message.replace(/ does not exist$/, '')} does not exist, skipping` });
      continue;
    }
    if (found === undefined) {
      if (!statement.ifExists) throw missing(context, statement.object, object);
      const types = object.signature?.arguments?.map((type) => (type === undefined ? '*' : formatType(typeOid(context, type)))).join(',');
      const word = kindWords[statement.object] ?? 'function';
      context.notice({ severity: 'NOTICE', code: '00000', message: `${word} ${object.name.join('.')}(${types ?? ''}) does not exist, skipping` });
      continue;
    }
    if (found.kind === 'aggregate' && statement.object === 'function')
      throw new PgError('42809', `"${found.name}" is an aggregate function`, { hint: 'Use DROP AGGREGATE to drop aggregate functions.' });
    const uses = functionUses(context, found);
    if (uses.length > 0) {
      if (!statement.cascade)
        throw new PgError('2BP01', `cannot drop ${found.kind} ${functionSignatureText(found)} because other objects depend on it`, {
          detail: uses.map((use) => `${use.text} depends on ${found.kind} ${functionSignatureText(found)}`).join('\n'),
          hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
        });
      noticeCascade(
        context,
        uses.map((use) => use.text),
      );
      dropUses(context, list, uses);
    }
    context.editor.removeFunction(found.oid);
  }
  list.flush();
  return list.actions;
}
