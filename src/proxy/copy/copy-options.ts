/**
 * The options of a COPY statement, checked. Called by the session when it plans COPY; the result drives the parsers and formatters of this folder.
 * Source: PostgreSQL 15, ProcessCopyOptions in commands/copy.c (order of checks, codes and texts).
 */
import { PgError, notSupported } from '../../common/errors.js';
import type { Option, OptionValue } from '../../sql/ast.js';

export type CopyFormat = 'text' | 'csv' | 'binary';

export interface CopyOptions {
  readonly format: CopyFormat;
  /** One one-byte character. */
  readonly delimiter: string;
  readonly nullString: string;
  /** match: the header line must name the columns (COPY FROM only). */
  readonly header: 'none' | 'present' | 'match';
  /** CSV: one one-byte character each. */
  readonly quote: string;
  readonly escape: string;
  /** CSV, COPY TO: columns whose values are always quoted. */
  readonly forceQuote: 'all' | readonly string[];
  /** CSV, COPY FROM: columns whose unquoted null string is text. */
  readonly forceNotNull: readonly string[];
  /** CSV, COPY FROM: columns whose quoted null string is NULL. */
  readonly forceNull: readonly string[];
  readonly freeze: boolean;
}

const syntaxError = '42601';
const featureNotSupported = '0A000';
const invalidParameter = '22023';

/** PostgreSQL's names of its UTF-8 and of the encodings that are the same for ASCII data; others are not supported. */
const utf8Names = new Set(['utf8', 'unicode', 'sqlascii']);
const knownEncodings =
  /^(abc|alt|big5|cp\d+|euc(cn|jis2004|jp|kr|tw)|gb18030|gbk|iso8859\d+|johab|koi8[ru]?|latin\d+|muleinternal|mskanji|shift(jis|jis2004)|sjis|tcvn\d*|uhc|vscii|win\d+|windows\d+)$/;

function at(option: Option): { readonly position?: number } {
  return option.position === undefined ? {} : { position: option.position };
}

/** The text of a value as defGetString gives it; undefined when there is none. */
function textOf(value: OptionValue | undefined): string | undefined {
  switch (value?.kind) {
    case undefined:
      return undefined;
    case 'string':
      return value.value;
    case 'integer':
      return String(value.value);
    case 'boolean':
      return String(value.value);
    case 'numeric':
      return value.text;
    case 'star':
      return '*';
    case 'list':
      return value.items.map((item) => textOf(item) ?? '').join(', ');
    case 'type':
      return String(value.type.names.at(-1) ?? '');
  }
}

function requiredText(option: Option): string {
  const text = textOf(option.value);
  if (text === undefined) throw new PgError(syntaxError, `${option.name} requires a parameter`);
  return text;
}

/** undefined: no Boolean. */
function booleanOf(value: OptionValue | undefined): boolean | undefined {
  const text = textOf(value)?.toLowerCase();
  if (text === undefined || text === 'true' || text === 'on' || text === '1') return true;
  if (text === 'false' || text === 'off' || text === '0') return false;
  return undefined;
}

function headerOf(option: Option, direction: 'from' | 'to'): CopyOptions['header'] {
  const value = booleanOf(option.value);
  if (value !== undefined) return value ? 'present' : 'none';
  if (textOf(option.value)?.toLowerCase() !== 'match') throw new PgError(syntaxError, `${option.name} requires a Boolean value or "match"`);
  if (direction === 'to') throw new PgError(featureNotSupported, `cannot use "match" with HEADER in COPY TO`);
  return 'match';
}

function columnNames(option: Option): readonly string[] {
  if (option.value?.kind !== 'list') throw new PgError(invalidParameter, `argument to option "${option.name}" must be a list of column names`, at(option));
  return option.value.items.map((item) => textOf(item) ?? '');
}

function checkEncoding(option: Option): void {
  const name = (textOf(option.value) ?? '').toLowerCase().replace(/[^a-z0-9]/g, '');
  if (utf8Names.has(name)) return;
  if (!knownEncodings.test(name)) {
    throw new PgError(invalidParameter, `argument to option "${option.name}" must be a valid encoding name`, at(option));
  }
  throw notSupported(`COPY with encoding "${textOf(option.value) ?? ''}"`, option.position);
}

/** Values as given; undefined = not given. */
interface Given {
  format?: CopyFormat;
  delimiter?: string;
  nullString?: string;
  header?: CopyOptions['header'];
  quote?: string;
  escape?: string;
  forceQuote?: CopyOptions['forceQuote'];
  forceNotNull?: readonly string[];
  forceNull?: readonly string[];
  freeze?: boolean;
}

function collect(options: readonly Option[], direction: 'from' | 'to'): Given {
  const given: Given = {};
  const seen = new Set<string>();
  for (const option of options) {
    if (seen.has(option.name)) throw new PgError(syntaxError, 'conflicting or redundant options', at(option));
    seen.add(option.name);
    switch (option.name) {
      case 'format': {
        const format = requiredText(option);
        if (format !== 'text' && format !== 'csv' && format !== 'binary') {
          throw new PgError(invalidParameter, `COPY format "${format}" not recognized`, at(option));
        }
        given.format = format;
        break;
      }
      case 'freeze': {
        const freeze = booleanOf(option.value);
        if (freeze === undefined) throw new PgError(syntaxError, `${option.name} requires a Boolean value`);
        given.freeze = freeze;
        break;
      }
      case 'delimiter':
        given.delimiter = requiredText(option);
        break;
      case 'null':
        given.nullString = requiredText(option);
        break;
      case 'header':
        given.header = headerOf(option, direction);
        break;
      case 'quote':
        given.quote = requiredText(option);
        break;
      case 'escape':
        given.escape = requiredText(option);
        break;
      case 'force_quote':
        given.forceQuote = option.value?.kind === 'star' ? 'all' : columnNames(option);
        break;
      case 'force_not_null':
        given.forceNotNull = columnNames(option);
        break;
      case 'force_null':
        given.forceNull = columnNames(option);
        break;
      case 'encoding':
        checkEncoding(option);
        break;
      default:
        throw new PgError(syntaxError, `option "${option.name}" not recognized`, at(option));
    }
  }
  return given;
}

function isOneByte(text: string): boolean {
  return text.length === 1 && text.charCodeAt(0) < 128;
}

/** Checks the options of a COPY statement (`Copy.options` of the AST). */
export function readCopyOptions(options: readonly Option[], direction: 'from' | 'to'): CopyOptions {
  const given = collect(options, direction);
  const format = given.format ?? 'text';
  const isCsv = format === 'csv';
  const refuse = (code: string, message: string): never => {
    throw new PgError(code, message);
  };

  if (format === 'binary') {
    if (given.delimiter !== undefined) refuse(syntaxError, 'cannot specify DELIMITER in BINARY mode');
    if (given.nullString !== undefined) refuse(syntaxError, 'cannot specify NULL in BINARY mode');
  }
  const delimiter = given.delimiter ?? (isCsv ? ',' : '\t');
  const nullString = given.nullString ?? (isCsv ? '' : '\\N');
  const quote = given.quote ?? '"';
  const escape = given.escape ?? quote;
  const header = given.header ?? 'none';

  if (!isOneByte(delimiter)) refuse(featureNotSupported, 'COPY delimiter must be a single one-byte character');
  if (delimiter === '\r' || delimiter === '\n') refuse(invalidParameter, 'COPY delimiter cannot be newline or carriage return');
  if (/[\r\n]/.test(nullString)) refuse(invalidParameter, 'COPY null representation cannot use newline or carriage return');
  if (!isCsv && '\\.abcdefghijklmnopqrstuvwxyz0123456789'.includes(delimiter)) refuse(invalidParameter, `COPY delimiter cannot be "${delimiter}"`);
  if (format === 'binary' && header !== 'none') refuse(featureNotSupported, 'cannot specify HEADER in BINARY mode');
  if (!isCsv && given.quote !== undefined) refuse(featureNotSupported, 'COPY quote available only in CSV mode');
  if (isCsv && !isOneByte(quote)) refuse(featureNotSupported, 'COPY quote must be a single one-byte character');
  if (isCsv && delimiter === quote) refuse(invalidParameter, 'COPY delimiter and quote must be different');
  if (!isCsv && given.escape !== undefined) refuse(featureNotSupported, 'COPY escape available only in CSV mode');
  if (isCsv && !isOneByte(escape)) refuse(featureNotSupported, 'COPY escape must be a single one-byte character');
  const forced: readonly [unknown, string, 'from' | 'to'][] = [
    [given.forceQuote, 'quote', 'to'],
    [given.forceNotNull, 'not null', 'from'],
    [given.forceNull, 'null', 'from'],
  ];
  for (const [columns, what, only] of forced) {
    if (columns === undefined) continue;
    if (!isCsv) refuse(featureNotSupported, `COPY force ${what} available only in CSV mode`);
    if (direction !== only) refuse(featureNotSupported, `COPY force ${what} only available using COPY ${only.toUpperCase()}`);
  }
  if (nullString.includes(delimiter)) refuse(featureNotSupported, 'COPY delimiter must not appear in the NULL specification');
  if (isCsv && nullString.includes(quote)) refuse(featureNotSupported, 'CSV quote character must not appear in the NULL specification');

  return {
    format,
    delimiter,
    nullString,
    header,
    quote,
    escape,
    forceQuote: given.forceQuote ?? [],
    forceNotNull: given.forceNotNull ?? [],
    forceNull: given.forceNull ?? [],
    freeze: given.freeze ?? false,
  };
}

/**
 * Which of the COPY's columns an option names. 42P10 when it names another column of the table, 42703 when the table has no such column.
 * `tableColumns` are all columns of the table; `table` its name.
 */
export function forcedColumns(
  names: readonly string[] | 'all',
  option: 'FORCE_QUOTE' | 'FORCE_NOT_NULL' | 'FORCE_NULL',
  columns: readonly string[],
  tableColumns: readonly string[],
  table: string,
): readonly boolean[] {
  if (names === 'all') return columns.map(() => true);
  for (const name of names) {
    if (columns.includes(name)) continue;
    if (!tableColumns.includes(name)) throw new PgError('42703', `column "${name}" of relation "${table}" does not exist`);
    throw new PgError('42P10', `${option} column "${name}" not referenced by COPY`);
  }
  return columns.map((column) => names.includes(column));
}
