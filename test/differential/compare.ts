/** Runs one statement on PostgreSQL and on a subject and says where they differ. */
import pg from 'pg';
import { differenceOfRows, type Row } from '../support/rows.js';
import { type TextResult, textQuery } from '../support/subject.js';
import type { Rendered } from './node.js';

export type Outcome =
  | { readonly kind: 'result'; readonly result: TextResult /** The changed table's rows after a modification. */; readonly after: TextResult | undefined }
  | { readonly kind: 'error'; readonly code: string; readonly message: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'broken'; readonly message: string };

export interface Difference {
  /** Differences of the same signature most likely have the same cause. */
  readonly signature: string;
  readonly detail: string;
}

/** Runs a statement; a modification inside a transaction that is rolled back, after a look at the table. */
export async function outcomeOf(client: pg.Client, statement: Rendered, changedTable: string | undefined): Promise<Outcome> {
  const parameters = statement.parameters.length > 0 ? statement.parameters : undefined;
  try {
    if (changedTable === undefined) return { kind: 'result', result: await textQuery(client, statement.sql, parameters), after: undefined };
    await client.query('BEGIN');
    const result = await textQuery(client, statement.sql, parameters);
    const after = await textQuery(client, `SELECT * FROM ${changedTable}`);
    return { kind: 'result', result, after };
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined) {
      if (error.code === '57014') return { kind: 'timeout' };
      return error.severity === 'FATAL'
        ? { kind: 'broken', message: `${error.code} ${error.message}` }
        : { kind: 'error', code: error.code, message: error.message };
    }
    const message = error instanceof Error ? error.message : String(error);
    return message.includes('timeout') ? { kind: 'timeout' } : { kind: 'broken', message };
  } finally {
    if (changedTable !== undefined) await client.query('ROLLBACK').catch(() => undefined);
  }
}

const floatTypes = new Set([700, 701]);

/** Where PostgreSQL is free to show any of several equal values (1.0 and 1.00, 24:00:00 and 1 day). */
const choosesAmongEquals = /\b(GROUP BY|DISTINCT|UNION|INTERSECT|EXCEPT|ORDER BY|min|max|greatest|least|nullif)\b/;

/** The first difference from PostgreSQL's outcome, or undefined. */
export function differenceOf(expected: Outcome, got: Outcome, ordered: boolean, sql = ''): Difference | undefined {
  if (got.kind === 'broken') return { signature: `connection broken`, detail: `the connection broke: ${got.message}` };
  if (got.kind === 'timeout') return { signature: 'timeout', detail: 'no answer in time' };
  if (expected.kind === 'error') {
    if (got.kind === 'result')
      return {
        signature: `no error, expected ${expected.code} ${general(expected.message)}`,
        detail: `expected ${expected.code} ${expected.message}, got ${got.result.rows.length} rows`,
      };
    if (got.code !== expected.code)
      return {
        signature: `${got.code} ${general(got.message)}, expected ${expected.code}`,
        detail: `expected ${expected.code} ${expected.message}, got ${got.code} ${got.message}`,
      };
    return undefined;
  }
  if (expected.kind !== 'result') return undefined;
  if (got.kind === 'error') return { signature: `${got.code} ${general(got.message)}`, detail: `got ${got.code} ${got.message}` };
  return (
    differenceOfResults('', expected.result, got.result, ordered, sql) ??
    (expected.after && got.after ? differenceOfResults('table afterwards: ', expected.after, got.after, false, sql) : undefined)
  );
}

/** The first difference between two results: names, rows, types, tag. */
export function differenceOfResults(where: string, expected: TextResult, got: TextResult, ordered: boolean, sql: string): Difference | undefined {
  const names = (result: TextResult): string => result.columns.map(({ name }) => name).join(', ');
  if (names(expected) !== names(got)) return { signature: `${where}column names`, detail: `${where}expected columns ${names(expected)}, got ${names(got)}` };
  // Types that statements have made get whatever OID is next.
  const types = (result: TextResult): string => result.columns.map(({ typeOid }) => (typeOid >= 16_384 ? 'user-defined' : typeOid)).join(', ');
  const typesDiffer = types(expected) !== types(got);
  const floatColumns = new Set(expected.columns.flatMap(({ typeOid }, index) => (floatTypes.has(typeOid) ? [index] : [])));
  const rows = differenceOfRows(expected.rows, got.rows, { ordered, floatColumns });
  const isForm = (): boolean => choosesAmongEquals.test(sql) && differenceOfRows(canonical(expected), canonical(got), { ordered, floatColumns }) === undefined;
  if (rows !== undefined && !isForm())
    return {
      signature: `${where}${/^expected \d+ rows/.test(rows) ? 'number of rows' : 'values'} (${expected.columns.map(({ typeOid }) => typeOid).join(',')})`,
      detail: `${where}${rows}`,
    };
  if (typesDiffer) return { signature: `${where}column types`, detail: `${where}expected types ${types(expected)}, got ${types(got)}` };
  if (expected.command !== got.command || expected.rowCount !== got.rowCount) {
    return { signature: `${where}command tag`, detail: `${where}expected ${expected.command} ${expected.rowCount}, got ${got.command} ${got.rowCount}` };
  }
  return undefined;
}

/** Rows whose equal values are the same text: which of them a GROUP BY, a DISTINCT or a min() shows is nobody's promise. */
function canonical(result: TextResult): readonly Row[] {
  const forms = result.columns.map(({ typeOid }) => canonicalForms.get(typeOid));
  return result.rows.map((row) => row.map((value, column) => (value === null ? null : (forms[column]?.(value) ?? value))));
}

const canonicalForms: ReadonlyMap<number, (value: string) => string> = new Map([
  [1700, (value: string) => (value.includes('.') ? value.replace(/\.?0+$/, '') : value)],
  [1042, (value: string) => value.trimEnd()],
  [1186, (value: string) => String(intervalMicroseconds(value))],
]);

/** PostgreSQL's order of intervals: a month is 30 days, a day 24 hours. */
function intervalMicroseconds(text: string): number {
  const days = [...text.matchAll(/(-?\+?\d+) (year|mon|day)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unit === 'year' ? 360 : unit === 'mon' ? 30 : 1),
    0,
  );
  const clock = /(-?)(\d+):(\d+):([\d.]+)/.exec(text);
  const seconds = clock === null ? 0 : (clock[1] === '-' ? -1 : 1) * (Number(clock[2]) * 3600 + Number(clock[3]) * 60 + Number(clock[4]));
  return Math.round((days * 86_400 + seconds) * 1e6);
}

/** A message without what differs from statement to statement: names and numbers. */
export function general(message: string): string {
  return message
    .replace(/"[^"]*"/g, '"..."')
    .replace(/\b[act]\d+\b/g, '_')
    .replace(/\bcte\d+\b/g, '_')
    .replace(/-?\d+(\.\d+)?/g, 'N')
    .slice(0, 120);
}
