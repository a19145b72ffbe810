/**
 * The texts of pg_get_function_arguments, pg_get_function_identity_arguments and pg_get_function_result.
 * Source: print_function_arguments of PostgreSQL 15's ruleutils.c.
 */
import type { FunctionEntry, KernelValue } from '../functions/function.js';
import { quoteIdentifier, quoteStoredLiteral } from '../sql/quote.js';
import { formatType, Oid } from '../types/registry.js';

function defaultText(value: KernelValue, typeOid: number): string {
  if (value === null) return `NULL::${formatType(typeOid)}`;
  if (typeof value === 'string') return `${quoteStoredLiteral(value)}::${formatType(typeOid)}`;
  if (typeOid === Oid.bool) return value === true || value === 1 ? 'true' : 'false';
  if (typeOid === Oid.float8 && Number.isInteger(value)) return `${String(value)}.0`;
  return String(value);
}

function outputs(entry: FunctionEntry): readonly { readonly name: string; readonly type: number }[] {
  return entry.kind === 'set' && entry.columns.length > 1 ? entry.columns : [];
}

export function functionArguments(entry: FunctionEntry, withDefaults: boolean): string {
  const firstDefault = entry.args.length - (entry.defaults?.length ?? 0);
  const direct = entry.kind === 'aggregate' && entry.orderedSet !== undefined ? (entry.directArgs ?? 0) : -1;
  const parts = entry.args.map((type, i) => {
    const mode = entry.variadic === true && i === entry.args.length - 1 ? 'VARIADIC ' : '';
    const name = entry.argNames?.[i];
    const named = name === undefined || name === '' ? '' : `${quoteIdentifier(name)} `;
    const fallback = withDefaults && i >= firstDefault ? ` DEFAULT ${defaultText(entry.defaults?.[i - firstDefault] ?? null, type)}` : '';
    return `${mode}${named}${formatType(type)}${fallback}`;
  });
  const all = [...parts, ...outputs(entry).map((column) => `OUT ${quoteIdentifier(column.name)} ${formatType(column.type)}`)];
  if (direct < 0) return all.join(', ');
  const before = all.slice(0, direct).join(', ');
  return `${before}${before === '' ? '' : ' '}ORDER BY ${all.slice(direct).join(', ')}`;
}

export function functionResult(entry: FunctionEntry): string {
  return `${entry.kind === 'set' ? 'SETOF ' : ''}${formatType(entry.result)}`;
}
