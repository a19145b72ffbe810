/**
 * Calls by name: scalar functions, aggregates (placed at the query level that they belong to), window calls, set-returning functions, casts in function form.
 * An aggregate, window or set call is collected in its scope, and a reference to the column that will hold it stands in the expression.
 * Source: ParseFuncOrColumn of PostgreSQL 15's parse_func.c, transformAggregateCall and transformWindowFuncCall of parse_agg.c.
 */
import { notSupported } from '../../common/errors.js';
import type { AggregateFunction, SetFunction, WindowFunction } from '../../functions/function.js';
import { functionsNamed } from '../../functions/registry.js';
import { columnRef, constant, declaredOid, typeRef } from '../../plan/build.js';
import type { AggregateCall, Expression, SetCall, SortKey } from '../../plan/expression.js';
import type { OutputColumn } from '../../plan/logical.js';
import { columnsOf, equalExpressions, equalLists, equalSortKeys, someExpression } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/oid.js';
import type { Binder } from './binder.js';
import { callFunction, noteUse, prepareArguments } from './call.js';
import { clauseRules } from './clause.js';
import { commonType, schemaExists, toCommonType, unknownToText } from './coercion.js';
import { bindCondition, bindExpression, explicitCast, inClause, projectedField } from './expression.js';
import { informationFunction } from './information-functions.js';
import { exactEntries, findFunction, type FunctionCandidate, type FunctionMatch, signatureText } from './resolve.js';
import type { Scope } from './scope.js';
import { bindSortKey, requireEquality } from './sort.js';
import { requireSchemaUsage } from './security.js';
import { collectingCall, foldedCall } from './user-aggregate.js';
import { bindUserCall, definitionOf, functionsCalled } from './user-function.js';
import { bindWindowCall } from './window.js';

/** The schema of the call's name must be one that has functions. */
function checkSchema(binder: Binder, node: ast.FunctionCall): boolean {
  if (node.name.length === 1) return true;
  const schema = node.name[node.name.length - 2] as string;
  if (schema === 'pg_catalog' || schema === 'shoal') return true;
  if (!schemaExists(binder, schema)) throw binder.error('3F000', `schema "${schema}" does not exist`, node.position);
  return false;
}

function wrongKind(binder: Binder, node: ast.FunctionCall, what: string, need: string): never {
  throw binder.error('42809', `${what} specified, but ${node.name.join('.')} is not ${need}`, node.position);
}

/** Aggregate features on a call that is none. */
function refuseAggregateSyntax(binder: Binder, node: ast.FunctionCall): void {
  if (node.star) throw binder.error('42809', `${node.name.join('.')}(*) specified, but ${node.name.join('.')} is not an aggregate function`, node.position);
  if (node.distinct) wrongKind(binder, node, 'DISTINCT', 'an aggregate function');
  if (node.withinGroup) wrongKind(binder, node, 'WITHIN GROUP', 'an aggregate function');
  if (node.orderBy.length > 0) wrongKind(binder, node, 'ORDER BY', 'an aggregate function');
  if (node.filter !== undefined) wrongKind(binder, node, 'FILTER', 'an aggregate function');
  if (node.over !== undefined) wrongKind(binder, node, 'OVER', 'a window function nor an aggregate function');
}

interface BoundArguments {
  readonly actual: readonly Expression[];
  readonly names: readonly (string | undefined)[];
}

function bindArguments(binder: Binder, scope: Scope, nodes: readonly ast.Expression[]): BoundArguments {
  const actual: Expression[] = [];
  const names: (string | undefined)[] = [];
  for (const node of nodes) {
    if (node.kind === 'namedArgument') {
      if (names.includes(node.name)) throw binder.error('42601', `argument name "${node.name}" used more than once`, node.position);
      actual.push(bindExpression(binder, scope, node.argument));
      names.push(node.name);
    } else {
      if (names.some((name) => name !== undefined))
        throw binder.error('42601', 'positional argument cannot follow named argument', binder.positionOf(bindExpression(binder, scope, node)));
      const argument = bindExpression(binder, scope, node);
      // A parameter declared as void is the place of an OUT argument, as JDBC's CallableStatement writes it.
      if (argument.kind === 'param' && argument.type.oid === Oid.void) continue;
      actual.push(argument);
      names.push(undefined);
    }
  }
  return { actual, names };
}

function unresolved(binder: Binder, node: ast.FunctionCall, match: FunctionMatch, args: BoundArguments, types: readonly number[]): never {
  const signature = signatureText(node.name, types, args.names);
  if (match.kind === 'ambiguous') {
    throw binder.error('42725', `function ${signature} is not unique`, node.position, {
      hint: 'Could not choose a best candidate function. You might need to add explicit type casts.',
    });
  }
  if (node.star && types.length === 0) refuseUnlessAggregate(binder, node);
  const ordered = node.orderBy.length > 0 && !node.withinGroup;
  throw binder.error('42883', `function ${signature} does not exist`, node.position, {
    hint: ordered
      ? 'No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate.'
      : 'No function matches the given name and argument types. You might need to add explicit type casts.',
  });
}

function refuseUnlessAggregate(binder: Binder, node: ast.FunctionCall): void {
  const named = functionsNamed(node.name[node.name.length - 1] as string);
  if (named.length > 0 && named.every((entry) => entry.kind !== 'aggregate') && named.some((entry) => entry.args.length === 0))
    refuseAggregateSyntax(binder, node);
}

/** information_schema._pg_expandarray(a): rows of each element and its number, as two sets side by side (the JDBC driver asks for it). */
function expandArray(binder: Binder, scope: Scope, node: ast.FunctionCall): Expression {
  const call = (name: string, args: readonly ast.Expression[]): ast.FunctionCall => ({ ...node, name: ['pg_catalog', name], arguments: args });
  const length = call('array_length', [...node.arguments, { kind: 'integer', value: 1 }]);
  const fields = [
    bindFunctionCall(binder, scope, call('unnest', node.arguments)),
    bindFunctionCall(binder, scope, call('generate_series', [{ kind: 'integer', value: 1 }, length])),
  ];
  return binder.at({ kind: 'row', fields, names: ['x', 'n'], type: typeRef(Oid.record) }, node.position);
}

export function bindFunctionCall(binder: Binder, scope: Scope, node: ast.FunctionCall): Expression {
  const { position } = node;
  if (node.name.length === 2 && node.name[0] === 'information_schema' && node.name[1] === '_pg_expandarray' && node.arguments.length === 1)
    return expandArray(binder, scope, node);
  const information = informationFunction(node);
  if (information !== undefined) return bindExpression(binder, scope, information);
  const name = node.name[node.name.length - 1] as string;
  if (node.name.length > 1) requireSchemaUsage(binder, node.name[node.name.length - 2] as string);
  if (node.arguments.length > 100) throw binder.error('54023', 'cannot pass more than 100 arguments to a function', position);
  const entries = functionsCalled(binder, node.name);
  const known = entries.length > 0 || checkSchema(binder, node);
  const aggregateNamed = entries.some((entry) => entry.kind === 'aggregate');
  if (known && aggregateNamed && node.over === undefined && !node.withinGroup) return bindAggregateCall(binder, scope, node, name);
  if (known && node.withinGroup) return bindOrderedSet(binder, scope, node, name);
  const setsBefore = totalSets(scope);
  const args = bindArguments(binder, scope, node.arguments);
  const types = args.actual.map((expression) => expression.type.oid);
  const match = known ? findFunction(name, types, args.names, node.variadic, undefined, exactEntries(entries, args.actual)) : ({ kind: 'none' } as const);
  if (match.kind === 'coercion') {
    refuseAggregateSyntax(binder, node);
    return explicitCast(binder, args.actual[0] as Expression, typeRef(match.target), position);
  }
  if (match.kind !== 'function') {
    const [only] = args.actual;
    const bare = args.actual.length === 1 && node.name.length === 1 && node.over === undefined && node.filter === undefined && node.orderBy.length === 0;
    const field = bare && only !== undefined && !node.distinct && !node.variadic ? projectedField(binder, only, name, position) : undefined;
    return field ?? unresolved(binder, node, match, args, types);
  }
  const { candidate } = match;
  const { entry } = candidate;
  switch (entry.kind) {
    case 'scalar': {
      refuseAggregateSyntax(binder, node);
      const own = userCall(binder, scope, node, candidate, args.actual, setsBefore);
      if (own !== undefined) return own;
      if (entry.name === 'pg_typeof' && args.actual.length === 1)
        return binder.at(constant(declaredOid((args.actual[0] as Expression).type), typeRef(Oid.regtype)), position);
      if (entry.name === 'pg_collation_for') binder.collates = true;
      return callFunction(binder, candidate, args.actual, position, node.variadic);
    }
    case 'set':
      refuseAggregateSyntax(binder, node);
      return bindSetCall(binder, scope, node, candidate, args.actual, scope.sets.slice(setsBefore));
    case 'window':
    case 'aggregate': {
      if (node.over === undefined) {
        if (entry.kind === 'window') throw binder.error('42809', `window function ${node.name.join('.')} requires an OVER clause`, position);
        return bindAggregateCall(binder, scope, node, name);
      }
      return bindWindowCall(binder, scope, node, candidate as FunctionCandidate & { entry: WindowFunction | AggregateFunction }, args.actual);
    }
  }
}

/** The call of a function that CREATE FUNCTION made; undefined for those of the registry. */
function userCall(
  binder: Binder,
  scope: Scope,
  node: ast.FunctionCall,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  setsBefore: number,
): Expression | undefined {
  const definition = definitionOf(binder, candidate.entry);
  if (definition === undefined) return undefined;
  // The columns of a set of rows advance together: those already collected are no arguments of the later ones.
  const inner = scope.sets.slice(setsBefore);
  return bindUserCall(binder, scope, definition, candidate, actual, node.position, {
    ofArray: (unnest, argument) => bindSetCall(binder, scope, { ...node, variadic: false }, unnest, [argument], inner),
    ofCall: (call) => collectSet(binder, scope, call, node.position, inner),
  });
}

// ------------------------------------------------------------------------------------------------------------------- aggregates

/** The query level that an aggregate belongs to: the innermost one whose columns its arguments read. */
function levelOf(binder: Binder, scope: Scope, expressions: readonly Expression[]): Scope {
  let level: Scope | undefined;
  for (const expression of expressions) {
    for (const id of columnsOf(expression)) {
      const owner = binder.ownerOf(id);
      // Columns made inside a subquery of the arguments are no concern of this level.
      if (owner === undefined || !isAncestor(owner, scope)) continue;
      if (level === undefined || owner.depth > level.depth) level = owner;
    }
  }
  return level ?? scope;
}

function isAncestor(candidate: Scope, scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) if (at === candidate) return true;
  return false;
}

function checkAggregateParts(binder: Binder, level: Scope, parts: readonly Expression[]): void {
  for (const part of parts) {
    someExpression(part, (expression) => {
      if (expression.kind !== 'column') return false;
      if (level.aggregates.some((one) => one.id === expression.id) || level.groupings.some((one) => one.id === expression.id))
        throw binder.error('42803', 'aggregate function calls cannot be nested', binder.positionOf(expression));
      if (level.windows.some((one) => one.id === expression.id)) {
        throw binder.error('42803', 'aggregate function calls cannot contain window function calls', binder.positionOf(expression));
      }
      if (level.sets.some((set) => set.columns.some((column) => column.id === expression.id))) {
        throw binder.error('0A000', 'aggregate function calls cannot contain set-returning function calls', binder.positionOf(expression), {
          hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
        });
      }
      return false;
    });
  }
}

function sameAggregate(a: AggregateCall, b: AggregateCall): boolean {
  return (
    a.function === b.function &&
    a.distinct === b.distinct &&
    a.withinGroup === b.withinGroup &&
    equalLists(a.args, b.args) &&
    equalSortKeys(a.orderBy, b.orderBy) &&
    (a.filter === undefined ? b.filter === undefined : b.filter !== undefined && equalExpressions(a.filter, b.filter))
  );
}

/** Puts the aggregate at its level, once for equal calls. */
function placeAggregate(binder: Binder, scope: Scope, call: AggregateCall, position: number | undefined): Expression {
  const parts = [...call.args, ...call.orderBy.map((key) => key.expression), ...(call.filter === undefined ? [] : [call.filter])];
  const level = levelOf(binder, scope, parts);
  checkAggregateParts(binder, level, parts);
  const refused = clauseRules(level.clause).aggregates;
  if (refused !== undefined) throw binder.error('42803', `aggregate functions are not allowed in ${refused}`, position);
  const equal = level.aggregates.find((one) => sameAggregate(one.call, call));
  if (equal !== undefined) return binder.at({ kind: 'column', id: equal.id, name: call.function.name, type: call.type }, position);
  const column = binder.column(call.function.name, call.type, level);
  level.aggregates.push({ id: column.id, call, position });
  return binder.at(columnRef(column), position);
}

function bindFilter(binder: Binder, scope: Scope, node: ast.FunctionCall): { readonly filter?: Expression } {
  return node.filter === undefined ? {} : { filter: bindCondition(binder, scope, node.filter, 'filter', 'FILTER') };
}

/** The aggregate that the call means, or the error; scalar functions of the same name are candidates, too. */
function bindAggregateCall(binder: Binder, scope: Scope, node: ast.FunctionCall, name: string): Expression {
  const { position } = node;
  const args = bindArguments(binder, scope, node.arguments);
  const types = args.actual.map((expression) => expression.type.oid);
  const setsBefore = totalSets(scope);
  const match = findFunction(name, types, args.names, node.variadic, undefined, functionsCalled(binder, node.name));
  if (match.kind === 'coercion') return explicitCast(binder, args.actual[0] as Expression, typeRef(match.target), position);
  if (match.kind !== 'function') return unresolved(binder, node, match, args, types);
  const { candidate } = match;
  const { entry } = candidate;
  if (entry.kind === 'scalar') {
    refuseAggregateSyntax(binder, node);
    const own = userCall(binder, scope, node, candidate, args.actual, setsBefore);
    if (own !== undefined) return own;
    return callFunction(binder, candidate, args.actual, position, node.variadic);
  }
  if (entry.kind === 'window') throw binder.error('42809', `window function ${node.name.join('.')} requires an OVER clause`, position);
  if (entry.kind !== 'aggregate') throw notSupported(`${name} as an aggregate`, position);
  if (entry.orderedSet !== undefined) throw binder.error('42809', `WITHIN GROUP is required for ordered-set aggregate ${name}`, position);
  if (args.actual.length === 0 && !node.star && entry.args.length === 0)
    throw binder.error('42809', `${name}(*) must be used to call a parameterless aggregate function`, position);
  const own = definitionOf(binder, entry);
  const prepared = prepareArguments(binder, candidate, args.actual, position);
  if (own === undefined) noteUse(binder, entry, position);
  const orderBy = inClause(scope, 'select', () => node.orderBy.map((item) => aggregateSortKey(binder, scope, item, prepared.args)));
  if (node.distinct) for (const argument of prepared.args) requireEquality(binder, argument);
  if (node.distinct && orderBy.some((key) => !prepared.args.some((argument) => equalExpressions(argument, key.expression)))) {
    const stray = orderBy.find((key) => !prepared.args.some((argument) => equalExpressions(argument, key.expression)));
    throw binder.error(
      '42P10',
      'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
      stray === undefined ? position : binder.positionOf(stray.expression),
    );
  }
  const call: AggregateCall = {
    function: entry,
    args: prepared.args,
    distinct: node.distinct,
    orderBy,
    withinGroup: false,
    type: prepared.result,
    ...bindFilter(binder, scope, node),
  };
  if (own !== undefined) return foldedCall(binder, own, entry, prepared, placeAggregate(binder, scope, collectingCall(call), position), []);
  return placeAggregate(binder, scope, call, position);
}

/** ORDER BY inside an aggregate: an expression equal to an argument before conversion takes the converted argument's place. */
function aggregateSortKey(binder: Binder, scope: Scope, item: ast.SortItem, args: readonly Expression[]): SortKey {
  const bound = unknownToText(binder, bindExpression(binder, scope, item.expression));
  const argument =
    args.find((one) => equalExpressions(one, bound)) ?? args.find((one) => one.kind === 'cast' && !one.explicit && equalExpressions(one.argument, bound));
  return bindSortKey(binder, item, argument ?? bound);
}

function bindOrderedSet(binder: Binder, scope: Scope, node: ast.FunctionCall, name: string): Expression {
  const { position } = node;
  if (node.distinct) throw binder.error('42601', 'cannot use DISTINCT with WITHIN GROUP', position);
  if (node.over !== undefined) throw binder.error('0A000', `OVER is not supported for ordered-set aggregate ${name}`, position);
  const direct = bindArguments(binder, scope, node.arguments);
  let ordered = node.orderBy.map((item) => bindExpression(binder, scope, item.expression));
  let actual = [...direct.actual, ...ordered];
  let types = actual.map((expression) => expression.type.oid);
  const match = findFunction(name, types, [], node.variadic, undefined, functionsCalled(binder, node.name));
  if (match.kind !== 'function') return unresolved(binder, node, match, { actual, names: [] }, types);
  const { entry } = match.candidate;
  if (entry.kind !== 'aggregate' || entry.orderedSet === undefined) {
    if (entry.kind === 'aggregate') throw binder.error('42809', `${name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`, position);
    return wrongKind(binder, node, 'WITHIN GROUP', 'an aggregate function');
  }
  if (entry.orderedSet === 'hypothetical') {
    if (direct.actual.length !== ordered.length) {
      throw binder.error('42883', `function ${signatureText(node.name, types)} does not exist`, position, {
        hint: `To use the hypothetical-set aggregate ${name}, the number of hypothetical direct arguments (here ${direct.actual.length}) must match the number of ordering columns (here ${ordered.length}).`,
      });
    }
    const pairs = direct.actual.map((argument, i) => {
      const key = ordered[i] as Expression;
      const common = commonType(binder, [key, argument], 'WITHIN GROUP');
      return [toCommonType(binder, argument, common, 'WITHIN GROUP'), toCommonType(binder, key, common, 'WITHIN GROUP')] as const;
    });
    actual = [...pairs.map(([argument]) => argument), ...pairs.map(([, key]) => key)];
    types = actual.map((expression) => expression.type.oid);
  }
  const own = definitionOf(binder, entry);
  const prepared = prepareArguments(binder, match.candidate, actual, position);
  if (own === undefined) noteUse(binder, entry, position);
  const directCount = direct.actual.length;
  const args = prepared.args.slice(0, directCount);
  ordered = prepared.args.slice(directCount).map((expression) => unknownToText(binder, expression));
  const orderBy = node.orderBy.map((item, i) => bindSortKey(binder, item, ordered[i] as Expression));
  const call: AggregateCall = { function: entry, args, distinct: false, orderBy, withinGroup: true, type: prepared.result, ...bindFilter(binder, scope, node) };
  if (own !== undefined) return foldedCall(binder, own, entry, prepared, placeAggregate(binder, scope, collectingCall(call), position), args);
  return placeAggregate(binder, scope, call, position);
}

// ------------------------------------------------------------------------------------------------------------------------- sets

function totalSets(scope: Scope): number {
  return scope.sets.length;
}

/** Types of a set function's output columns for this call. */
export function setCall(
  binder: Binder,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  position: number | undefined,
  variadicCall: boolean,
): SetCall {
  const entry = candidate.entry as SetFunction;
  const prepared = prepareArguments(binder, candidate, actual, position);
  noteUse(binder, entry, position);
  return {
    function: entry,
    args: prepared.args,
    columnTypes: entry.columns.map((column) => typeRef(prepared.resolve(column.type))),
    ...(variadicCall && entry.args.at(-1) === Oid.any ? { variadicArray: true as const } : {}),
  };
}

function bindSetCall(
  binder: Binder,
  scope: Scope,
  node: ast.FunctionCall,
  candidate: FunctionCandidate,
  actual: readonly Expression[],
  inner: Scope['sets'],
): Expression {
  const { position } = node;
  const columns = collectSet(binder, scope, () => setCall(binder, candidate, actual, position, node.variadic), position, inner);
  const [only] = columns;
  if (columns.length === 1 && only !== undefined && candidate.entry.result !== Oid.record) return binder.at(columnRef(only), position);
  return binder.at(
    { kind: 'row', fields: columns.map((column) => columnRef(column)), names: columns.map((column) => column.name), type: typeRef(Oid.record) },
    position,
  );
}

/** Puts a set-returning call where its level collects them; the columns that will hold its rows. */
function collectSet(binder: Binder, scope: Scope, make: () => SetCall, position: number | undefined, inner: Scope['sets']): readonly OutputColumn[] {
  if (scope.setsForbidden !== undefined) {
    throw binder.error('0A000', `set-returning functions are not allowed in ${scope.setsForbidden}`, position, {
      hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
    });
  }
  const refused = clauseRules(scope.clause).sets;
  if (refused !== undefined) throw binder.error('0A000', `set-returning functions are not allowed in ${refused}`, position);
  if (scope.clause === 'fromFunction' || scope.clause === 'from')
    throw binder.error('0A000', 'set-returning functions must appear at top level of FROM', position);
  const call = make();
  const level = inner.length === 0 ? 0 : Math.max(...inner.map((set) => set.level)) + 1;
  let collected = scope.sets.find((set) => set.call.function === call.function && set.level === level && equalLists(set.call.args, call.args));
  if (collected === undefined) {
    const columns: OutputColumn[] = call.function.columns.map((column, i) =>
      binder.column(column.name, (call.columnTypes ?? [])[i] ?? typeRef(column.type), scope),
    );
    for (const column of columns) binder.setColumns.add(column.id);
    collected = { columns, call, level };
    scope.sets.push(collected);
  }
  return collected.columns;
}

/** GROUPING(a, b): the arguments are matched with the grouping expressions when these are known. */
export function bindGrouping(binder: Binder, inner: Scope, node: ast.Grouping): Expression {
  if (node.arguments.length > 31) throw binder.error('54023', 'GROUPING must have fewer than 32 arguments', node.position);
  const args = node.arguments.map((argument) => bindExpression(binder, inner, argument));
  // Arguments of an outer query make it that query's, as for aggregates.
  const owners = new Set(args.flatMap((argument) => [...columnsOf(argument)]).map((id) => binder.ownerOf(id)));
  const [owner] = owners;
  const scope = owners.size === 1 && owner !== undefined ? owner : inner;
  const refused = clauseRules(scope.clause).aggregates;
  if (refused !== undefined) throw binder.error('42803', `grouping operations are not allowed in ${refused}`, node.position);
  const equal = scope.groupings.find((one) => equalLists(one.args, args));
  const column = equal === undefined ? binder.column('grouping', typeRef(Oid.int4), scope) : undefined;
  if (column !== undefined) scope.groupings.push({ id: column.id, args, position: node.position });
  const id = equal?.id ?? column?.id;
  if (id === undefined) throw new Error('assertion failed: grouping has a column');
  return binder.at({ kind: 'column', id, name: 'grouping', type: typeRef(Oid.int4) }, node.position);
}
