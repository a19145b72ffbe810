/**
 * SQLite's errors as PgErrors, in one place. PgErrors thrown by registered functions pass through unchanged (better-sqlite3 rethrows the JavaScript error).
 * Constraint failures are told apart by write/constraint-errors, which knows the tables; here they are only recognised.
 */
import { PgError } from '../common/errors.js';
import { damageError, damageHint } from './integrity/damage.js';
import { diskFull, fromSystemError, isDiskFull } from './disk-errors.js';

interface SqliteErrorForm {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

export function isSqliteError(error: unknown): error is SqliteErrorForm {
  const form = error as { readonly name?: unknown; readonly code?: unknown } | null;
  return typeof form === 'object' && form !== null && form.name === 'SqliteError' && typeof form.code === 'string';
}

/** Whether an error says that a file is damaged. */
export function isDamage(error: unknown): boolean {
  if (error instanceof PgError) return error.code === 'XX001';
  return isSqliteError(error) && (error.code === 'SQLITE_IOERR_DATA' || error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB');
}

/** The index of a violated unique constraint: its name (expression index) or table and columns as SQLite lists them. */
export function uniqueViolation(error: unknown): { readonly index: string } | { readonly columns: readonly string[] } | undefined {
  if (!isSqliteError(error) || (error.code !== 'SQLITE_CONSTRAINT_UNIQUE' && error.code !== 'SQLITE_CONSTRAINT_PRIMARYKEY')) return undefined;
  const index = /^UNIQUE constraint failed: index '(.*)'$/s.exec(error.message)?.[1];
  if (index !== undefined) return { index };
  const list = error.message.replace(/^UNIQUE constraint failed: /, '');
  return { columns: list.split(', ').map((name) => name.slice(name.indexOf('.') + 1)) };
}

/** What the user sees of an error that SQLite or a registered function threw. */
export function toPgError(error: unknown): Error {
  if (error instanceof PgError) return error;
  if (!isSqliteError(error)) return fromSystemError(error) ?? (error instanceof Error ? error : new Error(String(error)));
  const { code, message } = error;
  if (isDiskFull(error)) return diskFull();
  if (code === 'SQLITE_IOERR_DATA') return damageError();
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return new PgError('XX001', `a database file is damaged: ${message}`, { hint: damageHint });
  if (code === 'SQLITE_IOERR_NOMEM' || code === 'SQLITE_NOMEM') return new PgError('53200', 'out of memory');
  if (code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_CANTOPEN'))
    return new PgError('58030', `could not access a database file: ${message} (${code})`, { hint: 'Check the disk and the system log.' });
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return new PgError('55P03', `a database file is locked: ${message}`);
  if (code === 'SQLITE_TOOBIG') return new PgError('54000', 'a value or statement exceeds the size limit');
  if (code === 'SQLITE_INTERRUPT') return new PgError('57014', 'canceling statement due to user request');
  if (code === 'SQLITE_READONLY' || code.startsWith('SQLITE_READONLY_')) return new PgError('25006', 'cannot write to a read-only database file');
  const frame = /^frame (starting|ending) offset must be a non-negative/.exec(message)?.[1];
  if (frame !== undefined) return new PgError('22013', `frame ${frame} offset must not be negative`);
  if (message === 'argument of ntile must be a positive integer') return new PgError('22014', 'argument of ntile must be greater than zero');
  if (message === 'second argument to nth_value must be a positive integer') return new PgError('22016', 'argument of nth_value must be greater than zero');
  // Only sum() over scaled integers says so: the plan is made anew with exact numerics.
  if (message === 'integer overflow') return new PgError('SH002', 'sum of scaled integers out of range');
  if (message.startsWith('parser stack overflow') || message.startsWith('Expression tree is too large')) return new PgError('54001', 'statement too complex');
  if (message.startsWith('too many')) return new PgError('54000', `a limit of the storage engine is exceeded: ${message}`);
  return new PgError('XX000', `storage engine: ${message}`);
}
