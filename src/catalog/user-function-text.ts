/**
 * The texts of pg_get_functiondef, pg_get_function_arguments and pg_get_function_result for functions that CREATE FUNCTION made.
 * Source: pg_get_functiondef, print_function_arguments and print_function_rettype of PostgreSQL 15's ruleutils.c.
 */
import { deparseExpression, deparseSelect } from '../sql/deparse.js';
import { quoteIdentifier, quoteStoredLiteral } from '../sql/quote.js';
import { formatType } from '../types/registry.js';
import type { FunctionArgument, UserFunction } from './user-function.js';

function argumentText(argument: FunctionArgument, isProcedure: boolean, withDefaults: boolean, shown: (text: string) => string): string {
  const modes = { in: isProcedure ? 'IN ' : '', out: 'OUT ', inout: 'INOUT ', variadic: 'VARIADIC ', table: '' } as const;
  const name = argument.name === '' ? '' : `${quoteIdentifier(argument.name)} `;
  const fallback = withDefaults && argument.defaultText !== undefined ? ` DEFAULT ${shown(argument.defaultText)}` : '';
  return `${modes[argument.mode]}${name}${formatType(argument.typeOid)}${fallback}`;
}

export function userFunctionArguments(definition: UserFunction, withDefaults: boolean, shown: (text: string) => string): string {
  return definition.args
    .filter((argument) => argument.mode !== 'table')
    .map((argument) => argumentText(argument, definition.kind === 'procedure', withDefaults, shown))
    .join(', ');
}

export function userFunctionResult(definition: UserFunction): string | null {
  if (definition.kind === 'procedure') return null;
  const columns = definition.args.filter((argument) => argument.mode === 'table');
  if (columns.length > 0) return `TABLE(${columns.map((column) => argumentText(column, false, false, (text) => text)).join(', ')})`;
  return `${definition.returnsSet ? 'SETOF ' : ''}${formatType(definition.result)}`;
}

/** proconfig's text of search_path. */
export function pathSetting(path: readonly string[]): string {
  return path.map((name) => quoteIdentifier(name)).join(', ');
}

/** The body of RETURN and BEGIN ATOMIC as pg_get_function_sqlbody shows it; undefined for one in quotes. */
export function sqlBodyText({ body }: UserFunction): string | undefined {
  if (body.kind === 'string') return undefined;
  if (body.kind === 'return') {
    const [only] = body.statements;
    const target = only?.kind === 'select' && only.body.kind === 'core' ? only.body.targets[0] : undefined;
    return target === undefined ? '' : `RETURN ${deparseExpression(target.expression, { canonical: true })}`;
  }
  const statements = body.statements.map((statement) =>
    statement.kind === 'select' ? `  ${deparseSelect(statement, { canonical: true })};\n` : '  -- (a data-modifying statement)\n',
  );
  return `BEGIN ATOMIC\n${statements.join('')}END`;
}

export function functionDefinition(definition: UserFunction, shown: (text: string) => string): string {
  const { kind, schema, name, body } = definition;
  const result = userFunctionResult(definition);
  const options = [
    ...(definition.volatility === 'volatile' ? [] : [` ${definition.volatility.toUpperCase()}`]),
    ...(definition.parallel === 'unsafe' ? [] : [` PARALLEL ${definition.parallel.toUpperCase()}`]),
    ...(definition.strict ? [' STRICT'] : []),
    ...(definition.securityDefiner ? [' SECURITY DEFINER'] : []),
    ...(definition.leakproof ? [' LEAKPROOF'] : []),
    ...(definition.cost === undefined || definition.cost === 100 ? [] : [` COST ${String(definition.cost)}`]),
    ...(definition.rows === undefined || definition.rows === 1000 ? [] : [` ROWS ${String(definition.rows)}`]),
  ].join('');
  const path = [
    ...(definition.searchPath === undefined ? [] : [` SET search_path TO ${definition.searchPath.map(quoteStoredLiteral).join(', ')}\n`]),
    ...(definition.settings ?? []).map((setting) => ` SET ${quoteIdentifier(setting.name)} TO ${quoteStoredLiteral(setting.value)}\n`),
  ].join('');
  const tag = kind === 'procedure' ? 'procedure' : 'function';
  let mark = tag;
  while (body.kind === 'string' && body.text.includes(`$${mark}$`)) mark += 'x';
  const text = body.kind === 'string' ? `AS $${mark}$${body.text}$${mark}$` : (sqlBodyText(definition) ?? '');
  return (
    `CREATE OR REPLACE ${kind.toUpperCase()} ${quoteIdentifier(schema)}.${quoteIdentifier(name)}(${userFunctionArguments(definition, true, shown)})\n` +
    `${result === null ? '' : ` RETURNS ${result}\n`} LANGUAGE ${definition.language ?? 'sql'}\n${options === '' ? '' : `${options}\n`}${path}${text}\n`
  );
}
