/** Reads and runs sqllogictest files (the format is described in test/slt/README.md). */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { textQuery } from './subject.js';

type SortMode = 'nosort' | 'rowsort' | 'valuesort';

export type SltRecord =
  | {
      readonly kind: 'statement';
      readonly line: number;
      readonly sql: string /** undefined: must succeed; '' : any error */;
      readonly error: string | undefined;
    }
  | {
      readonly kind: 'query';
      readonly line: number;
      readonly sql: string;
      readonly types: string;
      readonly sort: SortMode;
      readonly expected: readonly string[];
    };

export function parseSlt(text: string): SltRecord[] {
  const records: SltRecord[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const words = (lines[at] as string).trim().split(/\s+/);
    if (words[0] !== 'statement' && words[0] !== 'query') {
      if (words[0] !== '' && !words[0]?.startsWith('#')) throw new Error(`line ${at + 1}: unknown record ${words[0]}`);
      continue;
    }
    const line = at + 1;
    const sql: string[] = [];
    for (at++; at < lines.length && lines[at] !== '' && lines[at] !== '----'; at++) sql.push(lines[at] as string);
    if (words[0] === 'statement') {
      records.push({ kind: 'statement', line, sql: sql.join('\n'), error: words[1] === 'error' ? (words[2] ?? '') : undefined });
      continue;
    }
    const expected: string[] = [];
    for (at++; at < lines.length && lines[at] !== ''; at++) expected.push(lines[at] as string);
    records.push({ kind: 'query', line, sql: sql.join('\n'), types: words[1] ?? '', sort: (words[2] as SortMode | undefined) ?? 'nosort', expected });
  }
  return records;
}

export interface SltFailure {
  readonly line: number;
  readonly sql: string;
  readonly problem: string;
}

/** Runs the records in order; `rewrite` changes statements before they are sent. Returns the records that failed. */
export async function runSlt(client: pg.Client, records: readonly SltRecord[], rewrite: (sql: string) => string = (sql) => sql): Promise<SltFailure[]> {
  const failures: SltFailure[] = [];
  for (const record of records) {
    const sql = rewrite(record.sql);
    const problem = await problemOf(client, record, sql);
    if (problem !== undefined) failures.push({ line: record.line, sql, problem });
  }
  return failures;
}

async function problemOf(client: pg.Client, record: SltRecord, sql: string): Promise<string | undefined> {
  let rows: readonly (readonly (string | null)[])[];
  try {
    ({ rows } = await textQuery(client, sql));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    if (record.kind === 'statement' && record.error !== undefined) {
      return record.error === '' || record.error === error.code ? undefined : `expected error ${record.error}, got ${error.code} ${error.message}`;
    }
    return `${error.code} ${error.message}`;
  }
  if (record.kind === 'statement') return record.error === undefined ? undefined : `expected an error ${record.error}, got none`;
  const shown = rows.map((row) => row.map((value, column) => show(value, record.types[column] ?? 'T')));
  const got = sorted(shown, record.sort);
  const hashing = /^(\d+) values hashing to ([0-9a-f]{32})$/.exec(record.expected[0] ?? '');
  if (hashing !== null) {
    const digest = createHash('md5')
      .update(got.map((value) => `${value}\n`).join(''))
      .digest('hex');
    return got.length === Number(hashing[1]) && digest === hashing[2]
      ? undefined
      : `expected ${record.expected[0]}, got ${got.length} values hashing to ${digest}`;
  }
  const same = got.length === record.expected.length && got.every((value, index) => value === record.expected[index]);
  return same ? undefined : `expected ${record.expected.slice(0, 20).join(' | ')}, got ${got.slice(0, 20).join(' | ')}`;
}

function show(value: string | null, type: string): string {
  if (value === null) return 'NULL';
  if (type === 'I') return /^-?\d+$/.test(value) ? value : String(Math.trunc(Number(value)));
  if (type === 'R') return Number(value).toFixed(3);
  return value === '' ? '(empty)' : value;
}

function sorted(rows: readonly (readonly string[])[], mode: SortMode): string[] {
  if (mode === 'valuesort') return rows.flat().sort();
  if (mode === 'nosort') return rows.flat();
  return [...rows].sort((a, b) => compareRows(a, b)).flat();
}

function compareRows(a: readonly string[], b: readonly string[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] as string;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}
