/**
 * Comparison of row sets in text form with PostgreSQL's answers. Everything compares as text, numerics too; floats with a relative tolerance
 * of 1e-12, because the order of a sum over shards is not fixed.
 */

export type Row = readonly (string | null)[];

export interface ComparisonOptions {
  /** false: as multisets. */
  readonly ordered: boolean;
  /** Which columns are float4 / float8. */
  readonly floatColumns?: ReadonlySet<number>;
}

/** The first difference in words, or undefined when the sets are equal. */
export function differenceOfRows(expected: readonly Row[], got: readonly Row[], options: ComparisonOptions): string | undefined {
  if (expected.length !== got.length) return `expected ${expected.length} rows, got ${got.length}${sampleOfSurplus(expected, got)}`;
  const floats = options.floatColumns ?? new Set<number>();
  const [left, right] = options.ordered ? [expected, got] : [sorted(expected, floats), sorted(got, floats)];
  for (const [index, row] of left.entries()) {
    const other = right[index] as Row;
    if (!sameRow(row, other, floats)) return `row ${index + 1}: expected ${show(row)}, got ${show(other)}`;
  }
  return undefined;
}

function sampleOfSurplus(expected: readonly Row[], got: readonly Row[]): string {
  const [name, more, fewer] = expected.length > got.length ? (['missing', expected, got] as const) : (['extra', got, expected] as const);
  const counts = new Map<string, number>();
  for (const row of fewer) counts.set(show(row), (counts.get(show(row)) ?? 0) + 1);
  for (const row of more) {
    const left = counts.get(show(row)) ?? 0;
    if (left === 0) return `; ${name}, for example: ${show(row)}`;
    counts.set(show(row), left - 1);
  }
  return '';
}

function sameRow(expected: Row, got: Row, floats: ReadonlySet<number>): boolean {
  return (
    expected.length === got.length && expected.every((value, column) => value === got[column] || (floats.has(column) && sameFloat(value, got[column] ?? null)))
  );
}

function sameFloat(expected: string | null, got: string | null): boolean {
  if (expected === null || got === null) return false;
  const [a, b] = [Number(expected), Number(got)];
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b), 1e-12);
}

function sorted(rows: readonly Row[], floats: ReadonlySet<number>): readonly Row[] {
  // Floats that differ in their last digits must not change the order.
  const key = (row: Row): string => JSON.stringify(row.map((value, column) => (value !== null && floats.has(column) ? Number(value).toPrecision(9) : value)));
  return rows
    .map((row) => ({ row, key: key(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}

function show(row: Row): string {
  const text = `(${row.map((value) => (value === null ? 'NULL' : `'${value}'`)).join(', ')})`;
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}

/** Reads psql's --csv output: an unquoted empty field is NULL. */
export function parseCsv(text: string): { columns: string[]; rows: Row[] } {
  const records: (string | null)[][] = [];
  let record: (string | null)[] = [];
  let position = 0;
  while (position < text.length) {
    let value: string | null;
    if (text[position] === '"') {
      let end = position + 1;
      while (text[end] !== '"' || text[end + 1] === '"') end += text[end] === '"' ? 2 : 1;
      value = text.slice(position + 1, end).replaceAll('""', '"');
      position = end + 1;
    } else {
      const end = /[,\n]/g;
      end.lastIndex = position;
      const stopAt = end.exec(text)?.index ?? text.length;
      value = text.slice(position, stopAt) || null;
      position = stopAt;
    }
    record.push(value);
    if (text[position] !== ',') {
      records.push(record);
      record = [];
    } else if (position + 1 === text.length || text[position + 1] === '\n') {
      record.push(null);
      records.push(record);
      record = [];
      position++;
    }
    position++;
  }
  const [columns = [], ...rows] = records;
  return { columns: columns.map((column) => column ?? ''), rows };
}
