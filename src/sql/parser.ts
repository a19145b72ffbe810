/**
 * Text -> statements: the entry of sql/. Called by the session for every Query and Parse message, and by the catalog to read stored definitions back.
 *
 *   await initialiseParser();            // once a thread
 *   parse('SELECT 1; SELECT 2');         // synchronous, tens of microseconds
 *
 * Errors are PgErrors with PostgreSQL's words and positions: 42601 for syntax, 54001 for nesting that is too deep, 54000 for a text that is too long,
 * 0A000 for what the tree has no form for.
 */
import { PgError } from '../common/errors.js';
import type { Expression, ParsedStatement, Statement, TypeName } from './ast.js';
import { Context, tooComplex } from './convert/context.js';
import type { RawStatement } from './convert/raw.js';
import { Source } from './convert/source.js';
import { convertStatement, converters } from './convert/statement.js';
import { Grammar } from './grammar.js';

export type { ParsedStatement } from './ast.js';

/** The longest text that is parsed, in bytes: its tree takes some 30 times as much memory for a moment. */
export const maximumTextLength = 16 << 20;

let grammar: Grammar | undefined;
let loading: Promise<void> | undefined;

/** Loads the grammar into this thread; idempotent. */
export function initialiseParser(): Promise<void> {
  loading ??= Grammar.load().then((loaded) => {
    grammar = loaded;
  });
  return loading;
}

/** True once the grammar is loaded in this thread. */
export function isParserReady(): boolean {
  return grammar !== undefined;
}

/** Parses a text of any number of statements; an empty one (or only comments) has none. Needs `initialiseParser` before. */
export function parse(text: string): readonly ParsedStatement[] {
  if (grammar === undefined) throw new Error('initialiseParser() has not been awaited in this thread');
  // The grammar reads to the first zero byte, which would drop the rest in silence.
  if (text.includes('\0')) throw new PgError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
  const byteLength = Buffer.byteLength(text);
  // The library fails on an empty string.
  if (byteLength === 0) return [];
  if (byteLength > maximumTextLength) throw new PgError('54000', `statement is too long (${byteLength} bytes, at most ${maximumTextLength})`);
  const result = grammar.parse(text, byteLength);
  switch (result.kind) {
    case 'exhausted':
      throw tooComplex();
    case 'error':
      throw syntaxError(result.message, result.position);
    case 'tree': {
      const source = new Source(text, byteLength);
      return result.statements.map((statement) => convert(statement, source));
    }
  }
}

function convert(raw: RawStatement, source: Source): ParsedStatement {
  const start = source.unit(raw.stmt_location ?? 0);
  const length = raw.stmt_len ?? 0;
  const slice = source.text.slice(start, length === 0 ? undefined : source.unit((raw.stmt_location ?? 0) + length));
  const statement: Statement = convertStatement(raw.stmt, new Context(source, converters));
  return { statement, text: slice.trim(), start: start + (slice.length - slice.trimStart().length) };
}

/** The grammar reports only its words; the codes are those of ereport in PostgreSQL's scanner and grammar. */
function syntaxError(message: string, position: number): PgError {
  if (message.startsWith('memory exhausted')) return tooComplex();
  return new PgError(codeOf(message), message, position > 0 ? { position } : {});
}

/** What the grammar refuses with ERRCODE_FEATURE_NOT_SUPPORTED. */
const featureMessages =
  /cannot be marked (NOT )?(DEFERRABLE|VALID|NO INHERIT)|^a column list with SET |^CREATE SCHEMA IF NOT EXISTS cannot include|^WITH CHECK OPTION not supported on recursive views|^current database cannot be changed|^CREATE EXTENSION \.\.\. FROM is no longer supported|^CREATE OR REPLACE CONSTRAINT TRIGGER is not supported|^aggregates cannot have output arguments/;

function codeOf(message: string): string {
  if (message === 'invalid Unicode escape') return '22025';
  if (message.startsWith('invalid Unicode') || message.startsWith('invalid byte sequence')) return message.startsWith('invalid byte') ? '22021' : '42601';
  if (message.startsWith('unsafe use of \\')) return '22P06';
  if (/^role name ".*" is reserved$|cannot be used as a role name here$/.test(message)) return '42939';
  if (message.endsWith('not yet implemented') || message.endsWith('not implemented')) return '0A000';
  if (featureMessages.test(message)) return '0A000';
  if (/^precision for type float must be /.test(message)) return '22023';
  if (/^frame (start|end|starting) /.test(message)) return '42P20';
  return '42601';
}

/** Parses an expression on its own, as catalogs store it (defaults, CHECK, generated columns). Positions are those in `text`. */
export function parseExpression(text: string): Expression {
  const prefix = 'SELECT ';
  const [parsed] = parse(prefix + text);
  const body = parsed?.statement.kind === 'select' ? parsed.statement.body : undefined;
  const target = body?.kind === 'core' && body.targets.length === 1 ? body.targets[0] : undefined;
  if (target === undefined || target.name !== undefined) throw new PgError('42601', 'invalid expression');
  return target.expression;
}

/** Parses the name of a type on its own, e.g. for `regtype` and format_type's inverse. */
export function parseTypeName(text: string): TypeName {
  const [parsed] = parse(`SELECT CAST(NULL AS ${text})`);
  const body = parsed?.statement.kind === 'select' ? parsed.statement.body : undefined;
  const expression = body?.kind === 'core' && body.targets.length === 1 ? body.targets[0]?.expression : undefined;
  if (expression?.kind !== 'cast' || expression.argument.kind !== 'null') throw new PgError('42601', `invalid type name "${text}"`);
  return expression.type;
}
