/**
 * Calls of functions that CREATE FUNCTION made: their bodies are bound where they are called. A body that is a bare SELECT of expressions becomes these expressions,
 * any other SELECT a subquery over the arguments, in FROM a lateral one, and a set in the select list unnest(ARRAY(SELECT ...)).
 * Source: inline_function and inline_set_returning_function of PostgreSQL 15's clauses.c, check_sql_fn_retval of functions.c.
 */
import { entryOf, inputsOf, outputsOf, type UserFunction } from '../../catalog/user-function.js';
import { notSupported, PgError } from '../../common/errors.js';
import type { FunctionEntry } from '../../functions/function.js';
import { functionsNamed, isPolymorphic } from '../../functions/registry.js';
import { columnRef, constant, disjunction, nullConst, trueConst, typeRef } from '../../plan/build.js';
import type { Expression, SetCall, TypeRef } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import { someExpression } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { arrayTypeOf, formatType, isArrayType, Oid } from '../../types/registry.js';
import { ownerOid } from '../../catalog/privileges.js';
import type { Binder, FunctionFrame } from './binder.js';
import { coerceArgument, type PreparedCall, prepareArguments, useFunction } from './call.js';
import { coerceTo, functionSchemas, schemaMeant, unknownToText } from './coercion.js';
import { allFields, compositeFields } from './composite.js';
import { bindExpression } from './expression.js';
import { bindQueryIn } from './query.js';
import { findFunction, type FunctionCandidate, signatureText } from './resolve.js';
import { rangeConstructors } from './range-constructors.js';
import { routineRows, routineValue } from './routine-call.js';
import { Scope } from './scope.js';
import { sqlFunctions } from './sql-functions.js';
import { readsPlaces, storedExpression, storedStatements } from './stored-text.js';
import { resolveTypeName } from './type-name.js';

/** The functions that a call by that name may mean, those of the registry included; undefined when its schema has none of its own. */
export function functionsCalled(binder: Binder, name: readonly string[]): readonly FunctionEntry[] {
  const own = binder.context.catalog.functions;
  const last = name[name.length - 1] as string;
  const schema = name.length > 1 ? schemaMeant(binder, name[name.length - 2] as string) : undefined;
  if (schema === 'pg_catalog' || schema === 'shoal') return functionsNamed(last);
  const { types } = binder.context.catalog;
  if (schema !== undefined) return [...own.entries(schema, last), ...rangeConstructors(types, schema, last)];
  if (own.isEmpty && !types.hasRanges) return functionsNamed(last);
  const found: FunctionEntry[] = [];
  for (const path of functionSchemas(binder)) {
    if (path === 'pg_catalog') found.push(...functionsNamed(last));
    else {
      for (const entry of [...own.entries(path, last), ...rangeConstructors(types, path, last)])
        if (!found.some((other) => other.args.length === entry.args.length && other.args.every((type, i) => type === entry.args[i]))) found.push(entry);
    }
  }
  return found;
}

/** The definition, when a match is a user's function. */
export function definitionOf(binder: Binder, entry: FunctionEntry): UserFunction | undefined {
  return entry.oid === undefined ? undefined : (sqlFunctions.get(entry.oid) ?? binder.context.catalog.functions.definition(entry));
}

/** A result column as declared. */
export interface Output {
  readonly name: string;
  readonly type: TypeRef;
}

export interface Shape {
  readonly outputs: readonly Output[];
  /** The one value is the result; else the columns are its fields. */
  readonly scalar: boolean;
  readonly type: TypeRef;
}

export interface UserCall {
  readonly definition: UserFunction;
  readonly prepared: PreparedCall;
  readonly args: readonly Expression[];
  readonly shape: Shape;
}

function mismatch(definition: UserFunction, detail: string): PgError {
  return new PgError('42P13', `return type mismatch in function declared to return ${formatType(definition.result)}`, { detail });
}

function shapeOf(
  binder: Binder,
  definition: UserFunction,
  result: number,
  resolve: (type: number) => number,
  definitions: readonly ast.ColumnDefinitionItem[],
): Shape | undefined {
  const outputs = outputsOf(definition);
  const type = typeRef(result);
  if (outputs.length > 1 || (outputs.length === 1 && result === Oid.record))
    return {
      outputs: outputs.map((one, i) => ({ name: one.name === '' ? `column${String(i + 1)}` : one.name, type: typeRef(resolve(one.typeOid)) })),
      scalar: false,
      type,
    };
  const fields = compositeFields(result);
  if (fields !== undefined) return { outputs: fields.map((field) => ({ name: field.name, type: typeRef(field.typeOid, field.typmod) })), scalar: false, type };
  if (result === Oid.record) {
    if (definitions.length === 0) return undefined;
    return { outputs: definitions.map((one) => ({ name: one.name, type: resolveTypeName(binder, one.type) })), scalar: false, type };
  }
  const [only] = outputs;
  return { outputs: [{ name: only === undefined || only.name === '' ? definition.name : only.name, type }], scalar: true, type };
}

/** Arguments in order, defaults filled in. */
function prepare(
  binder: Binder,
  definition: UserFunction,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  position: number | undefined,
): { readonly prepared: PreparedCall; readonly args: readonly Expression[] } {
  const prepared = prepareArguments(binder, candidate, actual, position);
  const inputs = inputsOf(definition);
  const args = prepared.args.map((argument, i) => {
    const given = candidate.order === undefined ? candidate.defaultsUsed === 0 || i < actual.length : (candidate.order[i] ?? -1) >= 0;
    const text = inputs[i]?.defaultText;
    if (given || text === undefined) return argument;
    const path = binder.searchPath;
    binder.searchPath = [definition.schema];
    try {
      return coerceArgument(binder, bindExpression(binder, new Scope(undefined), storedExpression(binder, text)), inputs[i]?.typeOid ?? Oid.text);
    } finally {
      binder.searchPath = path;
    }
  });
  return { prepared, args };
}

function isVolatile(expression: Expression): boolean {
  return someExpression(expression, (part) => (part.kind === 'call' || part.kind === 'cast') && part.function?.volatility === 'volatile');
}

/** Binds something in the body: its own names, parameters instead of the statement's, errors without positions (they would be the body's). */
function within<T>(binder: Binder, definition: UserFunction, frame: FunctionFrame, bind: () => T): T {
  const { frame: outerFrame, searchPath, checkAs, runsAs, storedDepth } = binder;
  binder.frame = frame;
  if (definition.securityDefiner) binder.runsAs = definition.owner;
  binder.checkAs = binder.runsAs;
  binder.storedDepth = definition.body.kind === 'string' ? 0 : 1;
  binder.searchPath = definition.body.kind === 'string' ? (definition.searchPath ?? binder.context.searchPath) : [definition.schema];
  binder.inlined.push(definition.oid);
  try {
    return binder.access.aloud(bind);
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    const { position: _position, ...fields } = error.fields;
    throw new PgError(error.code, error.message, fields);
  } finally {
    binder.inlined.pop();
    binder.frame = outerFrame;
    binder.searchPath = searchPath;
    binder.checkAs = checkAs;
    binder.runsAs = runsAs;
    binder.storedDepth = storedDepth;
  }
}

/** The statements of a body. */
function bodyStatements(binder: Binder, definition: UserFunction): readonly ast.Statement[] {
  const statements = definition.body.kind === 'string' ? storedStatements(binder, definition.body.text) : definition.body.statements;
  binder.readsPlaces ||= statements.some(readsPlaces);
  return statements;
}

/** The body's one SELECT; undefined when it has other statements. */
function inlinedQuery(statements: readonly ast.Statement[]): ast.Select | undefined {
  const [only] = statements;
  if (statements.length !== 1 || only?.kind !== 'select' || only.locking.length > 0) return undefined;
  return only.with?.tables.some((table) => table.query.kind !== 'select') === true ? undefined : only;
}

function queryOf(binder: Binder, definition: UserFunction): ast.Select {
  const query = inlinedQuery(bodyStatements(binder, definition));
  if (query === undefined) throw notSupported(`function ${definition.name} within a query, as its body is not a single SELECT`);
  return query;
}

/** The expressions of a SELECT that has nothing else. */
function bareTargets(query: ast.Select): readonly ast.Expression[] | undefined {
  const { body } = query;
  if (body.kind !== 'core' || query.with !== undefined || query.orderBy.length > 0 || query.limit !== undefined || query.offset !== undefined) return undefined;
  if (body.from.length > 0 || body.where !== undefined || body.having !== undefined || body.groupBy.length > 0 || body.distinct || body.distinctOn.length > 0)
    return undefined;
  if (body.windows.length > 0 || body.targets.some((target) => target.expression.kind === 'star' || target.expression.kind === 'fieldStar')) return undefined;
  return body.targets.map((target) => target.expression);
}

function frameOf(definition: UserFunction, values: readonly Expression[]): FunctionFrame {
  return { name: definition.name, names: inputsOf(definition).map((argument) => argument.name), values, uses: values.map(() => 0) };
}

function converted(binder: Binder, call: UserCall, expressions: readonly Expression[]): readonly Expression[] {
  const { definition, shape } = call;
  const { outputs } = shape;
  if (shape.scalar && expressions.length !== 1) throw mismatch(definition, 'Final statement must return exactly one column.');
  if (expressions.length < outputs.length) throw mismatch(definition, 'Final statement returns too few columns.');
  if (expressions.length > outputs.length) throw mismatch(definition, 'Final statement returns too many columns.');
  return expressions.map((expression, i) => {
    const { type } = outputs[i] as Output;
    const result = coerceTo(binder, expression, type, 'assignment');
    if (result !== undefined) return result;
    const actual = formatType(expression.type.domain ?? expression.type.oid);
    throw mismatch(
      definition,
      shape.scalar
        ? `Actual return type is ${actual}.`
        : `Final statement returns ${actual} instead of ${formatType(type.domain ?? type.oid)} at column ${String(i + 1)}.`,
    );
  });
}

/** Several values of which one is the whole row: its fields. */
function spread(binder: Binder, call: UserCall, expressions: readonly Expression[]): readonly Expression[] {
  const [only] = expressions;
  if (call.shape.scalar || expressions.length !== 1 || only === undefined) return expressions;
  if (only.kind === 'row' && (call.shape.outputs.length > 1 || only.type.oid === call.shape.type.oid)) return only.fields;
  if (only.type.oid !== call.shape.type.oid) return expressions;
  return allFields(binder, only, undefined)?.map((field) => field.expression) ?? expressions;
}

/** A function's result has no modifier but that of its declared row. */
function plainType(type: TypeRef, declared: TypeRef): TypeRef {
  return type.typmod === declared.typmod ? type : { ...type, typmod: declared.typmod };
}

function isNull(argument: Expression): Expression {
  return { kind: 'isNull', argument, negated: false, type: typeRef(Oid.bool) };
}

/** Arguments of a strict function that may be NULL. */
function nullable(call: UserCall): readonly Expression[] {
  return call.definition.strict ? call.args.filter((argument) => argument.kind !== 'const' || argument.value === null) : [];
}

/** The body's expressions in place of the call; undefined when it has to be a subquery. */
function inlineExpressions(binder: Binder, call: UserCall): readonly Expression[] | undefined {
  const { definition } = call;
  const targets = bareTargets(queryOf(binder, definition));
  if (targets === undefined) return undefined;
  const frame = frameOf(definition, call.args);
  const values = within(binder, definition, frame, () => {
    const scope = new Scope(undefined);
    const bound = targets.map((target) => unknownToText(binder, bindExpression(binder, scope, target)));
    if (scope.aggregates.length > 0 || scope.windows.length > 0 || scope.sets.length > 0 || scope.groupings.length > 0) return undefined;
    return converted(binder, call, spread(binder, call, bound));
  });
  if (values === undefined) return undefined;
  const nulls = nullable(call);
  const manifold = (argument: Expression, i: number): boolean => isVolatile(argument) && ((frame.uses[i] ?? 0) > 1 || nulls.includes(argument));
  if (call.args.some(manifold)) return undefined;
  if (nulls.length === 0) return values;
  const when = disjunction(nulls.map((argument) => isNull(binder.copy(argument))));
  return values.map((value): Expression => ({ kind: 'case', branches: [{ when, then: nullConst(value.type) }], otherwise: value, type: value.type }));
}

/** The rows of a call: one column for each output. */
function bodyPlan(binder: Binder, scope: Scope, call: UserCall): { readonly plan: LogicalNode; readonly columns: readonly OutputColumn[] } {
  const { definition, shape } = call;
  // What must be computed once comes first, as a row of its own.
  const kept = call.args.some(isVolatile) ? call.args.map((argument, i) => binder.column(`a${String(i)}`, argument.type, scope)) : undefined;
  const values = kept?.map((column) => columnRef(column)) ?? call.args;
  const query = queryOf(binder, definition);
  const body = within(binder, definition, frameOf(definition, values), () => {
    const inner = new Scope(undefined);
    const bound = bindQueryIn(binder, inner, query, { keepRows: true, silentPositions: true });
    const row = bound.rows.find((one) => one.index === 0);
    const given: readonly Expression[] =
      bound.columns.length === 1 && row !== undefined && !shape.scalar
        ? row.columns.map((column) => columnRef(column))
        : bound.columns.map((column) => columnRef(column));
    const expressions = converted(binder, call, spread(binder, call, given));
    const columns = shape.outputs.map((output, i) => binder.column(output.name, plainType((expressions[i] as Expression).type, output.type), scope));
    const plan: LogicalNode = { kind: 'project', input: bound.plan, columns, expressions };
    return { plan, columns };
  });
  let plan: LogicalNode = body.plan;
  const nulls = nullable({ ...call, args: values });
  if (nulls.length > 0) {
    const present = disjunction(nulls.map((argument) => isNull(binder.copy(argument))));
    plan = { kind: 'filter', input: plan, predicate: { kind: 'not', argument: present, type: typeRef(Oid.bool) }, columns: plan.columns };
  }
  if (!definition.returnsSet)
    plan = { kind: 'limit', input: plan, count: constant(1n, typeRef(Oid.int8)), offset: undefined, withTies: false, columns: plan.columns };
  if (kept !== undefined) {
    const row: LogicalNode = { kind: 'project', input: { kind: 'values', columns: [], rows: [[]] }, columns: kept, expressions: call.args };
    plan = { kind: 'join', type: 'inner', left: row, right: plan, on: undefined, lateral: true, columns: [...row.columns, ...plan.columns] };
  }
  return { plan, columns: body.columns };
}

/** The n-th output of the call as a subquery. */
function subqueryOf(binder: Binder, scope: Scope, call: UserCall, at: number, mode: 'scalar' | 'array'): Expression {
  const { plan, columns } = bodyPlan(binder, scope, at === 0 ? call : { ...call, args: call.args.map((argument) => binder.copy(argument)) });
  const column = columns[at] as OutputColumn;
  const output = binder.column(column.name, column.type, scope);
  const single: LogicalNode = { kind: 'project', input: plan, columns: [output], expressions: [columnRef(column)] };
  if (mode === 'scalar') return { kind: 'subquery', mode, plan: single, tests: [], type: column.type };
  const array = arrayTypeOf(column.type.oid);
  if (array === undefined || isArrayType(column.type.oid))
    throw notSupported(`a set of ${formatType(column.type.oid)} of function ${call.definition.name} in the select list`);
  return { kind: 'subquery', mode, plan: single, tests: [], type: typeRef(array.oid) };
}

/** How a set-returning call is collected in the select list. */
interface SetCollector {
  readonly ofArray: (unnest: FunctionCandidate, array: Expression) => Expression;
  readonly ofCall: (make: () => SetCall) => readonly OutputColumn[];
}

/** Whether the session has to carry the function out, as its body cannot stand in the calling statement. */
function isRoutine(binder: Binder, definition: UserFunction): boolean {
  if (definition.language === 'plpgsql' || definition.securityDefiner || (definition.settings?.length ?? 0) > 0) return true;
  if (binder.inlined.includes(definition.oid)) return true;
  const query = inlinedQuery(bodyStatements(binder, definition));
  return query === undefined || definition.result === Oid.void;
}

/** A call in an expression. */
export function bindUserCall(
  binder: Binder,
  scope: Scope,
  definition: UserFunction,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  position: number | undefined,
  sets: SetCollector,
): Expression {
  binder.usedFunctions?.add(definition.oid);
  useFunction(binder, definition.oid, definition.name, ownerOid(binder.context.catalog, definition.owner));
  if (definition.kind === 'procedure') throw procedureCalled(binder, definition, position);
  const { prepared, args } = prepare(binder, definition, candidate, actual, position);
  if (definition.result === Oid.trigger || definition.result === Oid.eventTrigger) throw triggerCalled(binder, position);
  const isWhole = definition.result === Oid.record && outputsOf(definition).length < 2;
  const shape = shapeOf(binder, definition, prepared.result.domain ?? prepared.result.oid, prepared.resolve, []);
  const isManifold = shape !== undefined && (shape.scalar ? definition.returnsSet && isArrayType(shape.type.oid) : args.some(isVolatile));
  const routine = isRoutine(binder, definition) || (shape === undefined && isWhole) || isManifold;
  if (definition.language === 'plpgsql' && definition.returnsSet && shape === undefined)
    throw new PgError('0A000', 'materialize mode required, but it is not allowed in this context');
  if (routine) {
    const known = shape ?? { outputs: [{ name: definition.name, type: prepared.result }], scalar: true, type: prepared.result };
    const made: UserCall = { definition, prepared, args, shape: known };
    if (!definition.returnsSet) return binder.at(routineValue(binder, candidate, made), position);
    const columns = sets.ofCall(() => routineRows(binder, candidate, made));
    const fields = columns.map((column) => columnRef(column));
    return binder.at(
      known.scalar ? (fields[0] as Expression) : { kind: 'row', fields, names: known.outputs.map((output) => output.name), type: known.type },
      position,
    );
  }
  if (shape === undefined) throw notSupported(`function ${definition.name}, which returns record, outside FROM`, position);
  const call: UserCall = { definition, prepared, args, shape };
  const whole = (fields: readonly Expression[]): Expression =>
    binder.at(
      shape.scalar ? (fields[0] as Expression) : { kind: 'row', fields, names: shape.outputs.map((output) => output.name), type: shape.type },
      position,
    );
  if (definition.returnsSet) {
    return whole(
      shape.outputs.map((_, i) => {
        const array = subqueryOf(binder, scope, call, i, 'array');
        const unnest = findFunction('unnest', [array.type.oid]);
        if (unnest.kind !== 'function') throw new Error('assertion failed: unnest exists');
        return sets.ofArray(unnest.candidate, array);
      }),
    );
  }
  const inlined = inlineExpressions(binder, call);
  if (inlined !== undefined) return whole(inlined);
  return whole(shape.outputs.map((_, i) => subqueryOf(binder, scope, call, i, 'scalar')));
}

function procedureCalled(binder: Binder, definition: UserFunction, position: number | undefined): PgError {
  const types = inputsOf(definition).map((argument) => formatType(argument.typeOid));
  return binder.error('42809', `${definition.name}(${types.join(', ')}) is a procedure`, position, { hint: 'To call a procedure, use CALL.' });
}

function triggerCalled(binder: Binder, position: number | undefined): PgError {
  return binder.error('0A000', 'trigger functions can only be called as triggers', position);
}

export interface UserFunctionRows {
  readonly plan?: LogicalNode;
  /** Of a function that the session carries out. */
  readonly call?: SetCall;
  readonly names: readonly string[];
  readonly types: readonly TypeRef[];
  readonly scalar: boolean;
}

/** A call in FROM as rows; undefined when the call is one plain value, which stands there as an expression. */
export function bindUserRows(
  binder: Binder,
  scope: Scope,
  definition: UserFunction,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  definitions: readonly ast.ColumnDefinitionItem[],
  position: number | undefined,
): UserFunctionRows | undefined {
  binder.usedFunctions?.add(definition.oid);
  useFunction(binder, definition.oid, definition.name, ownerOid(binder.context.catalog, definition.owner));
  if (definition.kind === 'aggregate') throw binder.error('42803', 'aggregate functions are not allowed in functions in FROM', position);
  if (definition.kind === 'procedure') throw procedureCalled(binder, definition, position);
  const isRecord = definition.result === Oid.record && outputsOf(definition).length === 0;
  if (definitions.length > 0 && !isRecord) {
    if (outputsOf(definition).length > 0)
      throw binder.error('42601', 'a column definition list is redundant for a function with OUT parameters', definitions[0]?.position);
    throw binder.error(
      '42601',
      compositeFields(definition.result) === undefined
        ? 'a column definition list is only allowed for functions returning "record"'
        : 'a column definition list is redundant for a function returning a named composite type',
      definitions[0]?.position,
    );
  }
  if (isRecord && definitions.length === 0) throw binder.error('42601', 'a column definition list is required for functions returning "record"', position);
  if (definition.result === Oid.trigger || definition.result === Oid.eventTrigger) throw triggerCalled(binder, position);
  const { prepared, args } = prepare(binder, definition, candidate, actual, position);
  const shape = shapeOf(binder, definition, prepared.result.domain ?? prepared.result.oid, prepared.resolve, definitions);
  if (shape !== undefined && isRoutine(binder, definition)) {
    const call = routineRows(binder, candidate, { definition, prepared, args, shape });
    return { call, names: shape.outputs.map((output) => output.name), types: shape.outputs.map((output) => output.type), scalar: shape.scalar };
  }
  if (shape === undefined || (shape.scalar && !definition.returnsSet && outputsOf(definition).length === 0)) return undefined;
  const { plan, columns } = bodyPlan(binder, scope, { definition, prepared, args, shape });
  const names = shape.outputs.map((output) => output.name);
  const types = columns.map((column) => column.type);
  const own = columns.map((column) => binder.column(column.name, column.type, scope));
  const rows: LogicalNode = definition.returnsSet
    ? plan
    : { kind: 'join', type: 'left', left: { kind: 'values', columns: [], rows: [[]] }, right: plan, on: trueConst, lateral: false, columns: plan.columns };
  return { plan: { kind: 'project', input: rows, columns: own, expressions: columns.map((column) => columnRef(column)) }, names, types, scalar: shape.scalar };
}

export interface BoundCall {
  readonly definition: UserFunction;
  /** Of the input parameters. */
  readonly args: readonly Expression[];
  /** OUT and INOUT parameters: the row that CALL yields, and which of the call's arguments each is. */
  readonly outputs: readonly { readonly name: string; readonly type: TypeRef; readonly argument: number | undefined }[];
}

/** CALL: arguments for OUT parameters are written, but not evaluated. Source: transformCallStmt of PostgreSQL 15's analyze.c. */
export function bindProcedureCall(binder: Binder, node: ast.FunctionCall): BoundCall {
  const { position } = node;
  const name = node.name[node.name.length - 1] as string;
  const named = node.arguments.map((argument) => (argument.kind === 'namedArgument' ? argument.name : undefined));
  const actual = node.arguments.map((argument) =>
    bindExpression(binder, new Scope(undefined), argument.kind === 'namedArgument' ? argument.argument : argument),
  );
  const types = actual.map((expression) => expression.type.oid);
  const pseudo = new Map<FunctionEntry, UserFunction>();
  const entries = functionsCalled(binder, node.name).map((entry) => {
    const definition = definitionOf(binder, entry);
    if (definition?.kind !== 'procedure') return entry;
    const whole = { ...definition, args: definition.args.map((one) => (one.mode === 'out' ? { ...one, mode: 'in' as const } : one)) };
    const made = entryOf(whole);
    pseudo.set(made, definition);
    return made;
  });
  const match = findFunction(name, types, named, node.variadic, undefined, entries);
  if (match.kind === 'ambiguous')
    throw binder.error('42725', `procedure ${signatureText(node.name, types, named)} is not unique`, position, {
      hint: 'Could not choose a best candidate procedure. You might need to add explicit type casts.',
    });
  if (match.kind !== 'function')
    throw binder.error('42883', `procedure ${signatureText(node.name, types, named)} does not exist`, position, {
      hint: 'No procedure matches the given name and argument types. You might need to add explicit type casts.',
    });
  const { candidate } = match;
  const definition = pseudo.get(candidate.entry);
  if (definition === undefined)
    throw binder.error('42809', `${signatureText(node.name, candidate.entry.args, [])} is not a procedure`, position, {
      hint: 'To call a function, use SELECT.',
    });
  useFunction(binder, definition.oid, definition.name, ownerOid(binder.context.catalog, definition.owner), 'procedure');
  const whole = { ...definition, args: definition.args.map((one) => (one.mode === 'out' ? { ...one, mode: 'in' as const } : one)) };
  const { prepared, args } = prepare(binder, whole, candidate, actual, position);
  const at = (i: number): number | undefined => {
    const from = candidate.order === undefined ? i : (candidate.order[i] ?? -1);
    return from >= 0 && from < actual.length ? from : undefined;
  };
  return {
    definition,
    args: args.filter((_, i) => definition.args[i]?.mode !== 'out'),
    outputs: definition.args.flatMap((argument, i) => {
      if (argument.mode !== 'out' && argument.mode !== 'inout') return [];
      return [{ name: argument.name === '' ? `column${String(i + 1)}` : argument.name, type: typeRef(prepared.resolve(argument.typeOid)), argument: at(i) }];
    }),
  };
}

/** What CREATE FUNCTION checks: the body binds over parameters of these types, and yields what is declared. Returns nothing, or throws. */
export function checkUserFunction(
  binder: Binder,
  definition: UserFunction,
  bindOther: (statement: ast.Statement, frame: Binder) => readonly Expression[] | undefined,
): void {
  if (definition.args.some((argument) => isPolymorphic(argument.typeOid))) {
    bodyStatements(binder, definition);
    return;
  }
  const inputs = inputsOf(definition);
  const args = inputs.map((argument, i): Expression => ({ kind: 'param', index: i + 1, type: typeRef(argument.typeOid) }));
  const statements = bodyStatements(binder, definition);
  const last = statements[statements.length - 1];
  const result = definition.result;
  const isSilent = result === Oid.void || definition.kind === 'procedure';
  const shape = isSilent ? undefined : shapeOf(binder, definition, result, (type) => type, []);
  within(binder, definition, frameOf(definition, args), () => {
    for (const statement of statements) {
      let values: readonly Expression[] | undefined;
      if (statement.kind === 'select')
        values = bindQueryIn(binder, new Scope(undefined), statement, { outermost: true, silentPositions: true }).columns.map((column) => columnRef(column));
      else values = bindOther(statement, binder);
      if (statement !== last || isSilent) continue;
      if (values === undefined) throw mismatch(definition, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
      if (shape === undefined) continue;
      const call: UserCall = { definition, prepared: { args, result: typeRef(result), resolve: (type) => type }, args, shape };
      converted(binder, call, spread(binder, call, values));
    }
    if (last === undefined && !isSilent) throw mismatch(definition, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
  });
}
