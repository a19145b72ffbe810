/** Compares what two servers answered to one query string, and says of what kind a difference is. Called by run-file.ts. */
import type { SortItem } from '../../src/sql/ast.js';
import { parse } from '../../src/sql/parser.js';
import { differenceOfResults, general } from '../differential/compare.js';
import { differenceOfRows } from '../support/rows.js';
import type { Answer, Report, Result } from './wire-session.js';

/** `agree` and `left out` are not differences. */
export type Kind =
  | 'agree'
  /** 0A000 where PostgreSQL answers, or fails otherwise. */
  | 'refused'
  /** Another error where PostgreSQL answers. */
  | 'error'
  /** Both fail, with different SQLSTATEs. */
  | 'wrong code'
  /** An answer where PostgreSQL fails. */
  | 'no error'
  | 'wrong rows'
  | 'wrong columns'
  | 'wrong tag'
  | 'crash'
  | 'timeout'
  /** PostgreSQL itself does not answer twice alike, or answers what is its own business. */
  | 'left out';

export interface Comparison {
  readonly kind: Kind;
  /** Differences of one group most likely have one cause. */
  readonly group: string;
  readonly detail: string;
  /** Lesser differences of statements that agree: message, DETAIL, HINT, position, notices, an order that cannot be checked. */
  readonly remarks: readonly string[];
}

const agreement: Comparison = { kind: 'agree', group: '', detail: '', remarks: [] };

/** EXPLAIN shows the server's own plans. */
const ownBusiness = /^\s*(--[^\n]*\n\s*)*explain\b/i;

/** `again` is a second PostgreSQL's answer to the same script. */
export function compareAnswers(sql: string, expected: Answer, again: Answer | undefined, got: Answer): Comparison {
  if (got.lost !== undefined)
    return { kind: got.lost, group: got.lost, detail: got.lost === 'crash' ? 'the connection broke' : 'no answer in time', remarks: [] };
  if (expected.lost !== undefined || ownBusiness.test(sql)) return { ...agreement, kind: 'left out' };
  const difference = differenceOfAnswers(sql, expected, got);
  if (difference.kind === 'agree' && difference.remarks.length === 0) return difference;
  if (again !== undefined) {
    const unstable = differenceOfAnswers(sql, expected, again);
    if (unstable.kind !== 'agree') return { ...agreement, kind: 'left out' };
    if (difference.kind === 'agree')
      return { ...difference, remarks: difference.remarks.filter((remark) => !unstable.remarks.some((other) => wordOf(other) === wordOf(remark))) };
  }
  return difference;
}

function differenceOfAnswers(sql: string, expected: Answer, got: Answer): Comparison {
  if (got.error !== undefined && (expected.error === undefined || got.error.code !== expected.error.code)) {
    const { code, message } = got.error;
    const wanted = expected.error === undefined ? '' : `, expected ${expected.error.code} ${expected.error.message}`;
    return {
      kind: code === '0A000' ? 'refused' : expected.error === undefined ? 'error' : 'wrong code',
      group: `${code} ${general(message)}${expected.error === undefined ? '' : `, expected ${expected.error.code}`}`,
      detail: `${code} ${message}${wanted}`,
      remarks: [],
    };
  }
  const remarks: string[] = [];
  for (let index = 0; index < Math.max(expected.results.length, got.results.length); index++) {
    const [left, right] = [expected.results[index], got.results[index]];
    if (left === undefined || right === undefined) break; // the error decides
    const { difference, remark } = differenceBetween(sql, left, right, expected.results.length === 1);
    if (difference !== undefined) return difference;
    if (remark !== undefined) remarks.push(remark);
  }
  if (expected.error !== undefined && got.error === undefined) {
    const { code, message } = expected.error;
    return { kind: 'no error', group: `expected ${code} ${general(message)}`, detail: `expected ${code} ${message}`, remarks: [] };
  }
  if (expected.results.length !== got.results.length)
    return { kind: 'wrong rows', group: 'number of results', detail: `expected ${expected.results.length} results, got ${got.results.length}`, remarks: [] };
  return { ...agreement, remarks: [...remarks, ...remarksOfErrors(expected.error, got.error), ...remarksOfNotices(expected.notices, got.notices)] };
}

function differenceBetween(sql: string, expected: Result, got: Result, single: boolean): { difference?: Comparison; remark?: string } {
  const answer = (kind: Kind, group: string, detail: string): { difference: Comparison } => ({ difference: { kind, group, detail, remarks: [] } });
  if ((expected.columns === undefined) !== (got.columns === undefined) || (expected.copied === undefined) !== (got.copied === undefined))
    return answer('wrong rows', 'rows or none', `expected ${shape(expected)}, got ${shape(got)}`);
  if (expected.copied !== undefined && got.copied !== undefined && expected.copied.join('') !== got.copied.join('')) {
    const ordered = isOrdered(sql, single);
    if (ordered || [...expected.copied].sort().join('') !== [...got.copied].sort().join('')) {
      const at = expected.copied.findIndex((line, index) => line !== got.copied?.[index]);
      const [left, right] = [expected.copied[at], got.copied[at]];
      return answer('wrong rows', 'copied lines', `line ${at + 1}: expected ${left?.trimEnd() ?? 'none'}, got ${right?.trimEnd() ?? 'none'}`);
    }
  }
  const texts = [expected, got].map((result) => ({ columns: result.columns ?? [], rows: result.rows, command: result.tag, rowCount: null }));
  const [left, right] = texts as [(typeof texts)[0], (typeof texts)[0]];
  const difference = differenceOfResults(
    '',
    left,
    right,
    false,
    sql.replaceAll(/\b(group by|distinct|union|intersect|except|order by)\b/gi, (word) => word.toUpperCase()),
  );
  if (difference !== undefined) {
    const kind = difference.signature.startsWith('column') ? 'wrong columns' : difference.signature === 'command tag' ? 'wrong tag' : 'wrong rows';
    return answer(kind, kind === 'wrong tag' ? difference.detail : difference.signature, difference.detail);
  }
  const modifiers = (result: Result): string => (result.columns ?? []).map(({ typeModifier }) => typeModifier).join(', ');
  if (modifiers(expected) !== modifiers(got))
    return answer('wrong columns', 'type modifiers', `expected type modifiers ${modifiers(expected)}, got ${modifiers(got)}`);
  return single && isOrdered(sql, single) ? differenceOfOrder(sql, expected, got) : {};
}

function shape(result: Result): string {
  return result.copied !== undefined ? 'COPY data' : result.columns !== undefined ? 'rows' : `no rows (${result.tag})`;
}

/** Rows that are equal as a multiset: is their order what ORDER BY says? Ties may come as they like. */
function differenceOfOrder(sql: string, expected: Result, got: Result): { difference?: Comparison; remark?: string } {
  const floatColumns = new Set((expected.columns ?? []).flatMap(({ typeOid }, index) => (typeOid === 700 || typeOid === 701 ? [index] : [])));
  const whole = differenceOfRows(expected.rows, got.rows, { ordered: true, floatColumns });
  if (whole === undefined) return {};
  const keys = (orderOf(sql) ?? []).map((item) => columnOf(item, expected));
  for (const key of keys) {
    if (key === undefined) return { remark: `order: cannot be checked (${whole})` };
    const values = (result: Result): (string | null)[][] => result.rows.map((row) => [row[key] ?? null]);
    const difference = differenceOfRows(values(expected), values(got), { ordered: true, floatColumns: floatColumns.has(key) ? new Set([0]) : new Set() });
    if (difference !== undefined) return { difference: { kind: 'wrong rows', group: 'order', detail: `order: ${difference}`, remarks: [] } };
  }
  return {};
}

function isOrdered(sql: string, single: boolean): boolean {
  return single && /\border\s+by\b/i.test(sql) && (orderOf(sql)?.length ?? 0) > 0;
}

function orderOf(sql: string): readonly SortItem[] | undefined {
  try {
    const statement = parse(sql)[0]?.statement;
    return statement?.kind === 'select' ? statement.orderBy : undefined;
  } catch {
    return undefined; // the converter has no form for it
  }
}

function columnOf({ expression }: SortItem, result: Result): number | undefined {
  if (expression.kind === 'integer') return expression.value - 1;
  const name = expression.kind === 'column' ? expression.parts.at(-1) : undefined;
  const at = name === undefined ? -1 : (result.columns ?? []).findIndex((column) => column.name === name);
  return at < 0 ? undefined : at;
}

function remarksOfErrors(expected: Report | undefined, got: Report | undefined): string[] {
  if (expected === undefined || got === undefined) return [];
  const remarks: string[] = [];
  for (const field of ['message', 'detail', 'hint', 'position'] as const)
    if (expected[field] !== got[field]) remarks.push(`${field}: expected ${expected[field] ?? 'none'}, got ${got[field] ?? 'none'}`);
  return remarks;
}

function remarksOfNotices(expected: readonly Report[], got: readonly Report[]): string[] {
  const texts = (reports: readonly Report[]): string => reports.map(({ severity, message }) => `${severity} ${message}`).join(' / ');
  return texts(expected) === texts(got) ? [] : [`notices: expected ${texts(expected) || 'none'}, got ${texts(got) || 'none'}`];
}

/** What a remark is about: its first word. */
export function wordOf(remark: string): string {
  return remark.slice(0, remark.indexOf(':'));
}
