/** Runs the COPY parsers and formatters on given bytes, for their tests. */
import { PgError } from '../../../../src/common/errors.js';
import { createCopyFormatter } from '../../../../src/proxy/copy/copy-out.js';
import { forcedColumns, readCopyOptions } from '../../../../src/proxy/copy/copy-options.js';
import { createCopyParser } from '../../../../src/proxy/copy/create-copy-parser.js';
import type { Option } from '../../../../src/sql/ast.js';

/** An option as it stands in the AST: text, a list of columns, or `*`. */
export function option(name: string, value: string | readonly string[]): Option {
  if (value === '*') return { name, value: { kind: 'star' } };
  if (typeof value === 'string') return { name, value: { kind: 'string', value } };
  return { name, value: { kind: 'list', items: value.map((item) => ({ kind: 'string' as const, value: item })) } };
}

/** How the option is spelled in SQL. */
export function spell({ name, value }: Option): string {
  if (value?.kind === 'star') return `${name} *`;
  if (value?.kind === 'list') return `${name} (${value.items.map((item) => (item.kind === 'string' ? `"${item.value}"` : '')).join(', ')})`;
  const text = value?.kind === 'string' ? value.value : '';
  return name === 'format' || name === 'header' ? `${name} ${text}` : `${name} '${text.replaceAll("'", "''")}'`;
}

export interface CopyFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly where?: string | undefined;
}

export type CopyOutcome = readonly (readonly (string | null)[])[] | CopyFailure;

/** Parses `data` as COPY FROM does, in chunks of the sizes that `chunkBytes` gives. */
export function parseCopy(table: string, columns: readonly string[], options: readonly Option[], data: Buffer, chunkBytes: () => number): CopyOutcome {
  const rows: (string | null)[][] = [];
  try {
    const read = readCopyOptions(options, 'from');
    const parser = createCopyParser(
      {
        table,
        columns,
        options: read,
        forceNotNull: forcedColumns(read.forceNotNull, 'FORCE_NOT_NULL', columns, columns, table),
        forceNull: forcedColumns(read.forceNull, 'FORCE_NULL', columns, columns, table),
      },
      {
        text: (fields) => rows.push(fields),
        binary: (fields) => rows.push(fields.map((field) => (field === null ? null : Buffer.from(field).toString()))),
      },
    );
    for (let position = 0; position < data.length; ) {
      const size = chunkBytes();
      parser.push(data.subarray(position, position + size));
      position += size;
    }
    parser.end();
    return rows;
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    return { code: error.code, message: error.message, hint: error.fields.hint, where: error.fields.where };
  }
}

/** The data (without message headers) that COPY TO sends. */
export function formatCopy(table: string, columns: readonly string[], options: readonly Option[], rows: readonly (readonly (string | null)[])[]): Buffer {
  const read = readCopyOptions(options, 'to');
  const formatter = createCopyFormatter(read, columns, forcedColumns(read.forceQuote, 'FORCE_QUOTE', columns, columns, table));
  formatter.begin();
  for (const row of rows) formatter.row(row);
  formatter.finish();
  const messages = Buffer.from(formatter.take());
  const bodies: Buffer[] = [];
  for (let position = 0; position < messages.length; ) {
    const end = position + 1 + messages.readInt32BE(position + 1);
    bodies.push(messages.subarray(position + 5, end));
    position = end;
  }
  return Buffer.concat(bodies);
}

/** A small generator with a seed (mulberry32), so that failures can be repeated. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
