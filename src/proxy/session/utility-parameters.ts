/**
 * Parameters of the extended protocol in statements that hold a query and are not planned as one: DECLARE CURSOR, CREATE TABLE AS, EXPLAIN. What types they have is asked of the
 * query; when the statement runs, their values stand in their places as casts of literals.
 */
import { PgError } from '../../common/errors.js';
import { declaredOid } from '../../plan/build.js';
import type * as ast from '../../sql/ast.js';
import { parseExpression } from '../../sql/parser.js';
import { highestParameter } from '../../sql/walk.js';
import { formatType, Oid, typeByOid } from '../../types/registry.js';
import type { Parameters } from './run-query.js';
import type { ShoalSession } from './shoal-session.js';

/** The query inside whose parameters are the statement's own; undefined: it has none. */
function parameterised(statement: ast.Statement): ast.Statement | undefined {
  let query: ast.Statement | undefined;
  if (statement.kind === 'declareCursor') query = statement.query;
  else if (statement.kind === 'createTableAs') query = statement.source;
  else if (statement.kind === 'explain') query = parameterised(statement.statement) ?? statement.statement;
  return query === undefined || query.kind === 'execute' || highestParameter(query) === 0 ? undefined : query;
}

/** Types of the statement's parameters, as its query has them; undefined: it has none. `declared`: by the client, 0 where it leaves that open. */
export function utilityParameters(session: ShoalSession, statement: ast.Statement, declared: readonly number[]): readonly number[] | undefined {
  const query = parameterised(statement);
  if (query === undefined) return undefined;
  if (statement.kind === 'createTableAs' && statement.object === 'materializedView')
    throw new PgError('0A000', 'materialized views may not be defined using bound parameters');
  const compiled = session.compile(query, declared);
  return compiled.kind === 'utility' ? undefined : compiled.bound.parameterTypes.map(declaredOid);
}

/** The statement with its parameters' values in their places. 42P02 for parameters elsewhere, whatever the client has given. */
export function withValues(session: ShoalSession, statement: ast.Statement, { values, types }: Parameters): ast.Statement {
  // (PREPARE and functions in SQL have parameters of their own, CALL evaluates its arguments.)
  if (statement.kind === 'prepare' || statement.kind === 'call') return statement;
  if (values.length === 0 || parameterised(statement) === undefined) {
    refuseParameters(statement.kind === 'createFunction' ? statement.parameters : statement);
    return statement;
  }
  const context = session.core.context();
  const literals = values.map((value, i): ast.Expression => {
    const oid = types[i] ?? Oid.text;
    const type = typeByOid(oid);
    const literal: ast.Expression = value === null || type === undefined ? { kind: 'null' } : { kind: 'string', value: type.format(value, -1, context) };
    return castTo(literal, oid);
  });
  return withParameters(statement, literals);
}

function refuseParameters(part: unknown): void {
  if (Array.isArray(part)) {
    for (const one of part) refuseParameters(one);
    return;
  }
  if (typeof part !== 'object' || part === null) return;
  const { kind, number, position } = part as { readonly kind?: unknown; readonly number?: unknown; readonly position?: unknown };
  if (kind === 'parameter' && typeof number === 'number')
    throw new PgError('42P02', `there is no parameter $${String(number)}`).at(typeof position === 'number' ? position : undefined);
  for (const inner of Object.values(part)) refuseParameters(inner);
}

/** A tree with expressions in the places of its parameters. */
export function withParameters<T>(tree: T, expressions: readonly ast.Expression[]): T {
  const replace = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(replace);
    if (typeof part !== 'object' || part === null) return part;
    const { kind, number } = part as { readonly kind?: unknown; readonly number?: unknown };
    if (kind === 'parameter' && typeof number === 'number') return expressions[number - 1] ?? part;
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, replace(inner)]));
  };
  return replace(tree) as T;
}

export function castTo(argument: ast.Expression, oid: number): ast.Expression {
  const cast = parseExpression(`NULL::${formatType(oid)}`);
  return cast.kind === 'cast' ? { ...cast, argument } : argument;
}
