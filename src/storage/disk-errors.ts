/**
 * Which failures of the operating system and of SQLite mean what: a full disk (53100, goes on when there is space), a failed sync (the process must end), and the rest
 * (58030). Also the one form in which users see them.
 */
import { PgError } from '../common/errors.js';

interface ErrorForm {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
}

const form = (error: unknown): ErrorForm => (typeof error === 'object' && error !== null ? error : {});

/** 53100 as PostgreSQL words it. */
export function diskFull(): PgError {
  return new PgError('53100', 'could not extend file: No space left on device', {
    hint: 'Check free disk space, of the data directory and of the directory for temporary files.',
  });
}

/** SQLITE_IOERR_SHMSIZE: the WAL's index could not grow, for which there is no other common cause. */
export function isDiskFull(error: unknown): boolean {
  const { code } = form(error);
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || code === '53100';
}

/** After which the page cache is in an unknown state. */
export function isSyncFailure(error: unknown): boolean {
  const { code, syscall } = form(error);
  return code === 'SQLITE_IOERR_FSYNC' || code === 'SQLITE_IOERR_DIR_FSYNC' || syscall === 'fsync' || syscall === 'fdatasync';
}

/** An error of node:fs as the user sees it; undefined: it is none. */
export function fromSystemError(error: unknown): PgError | undefined {
  const { code, syscall, message } = form(error);
  if (typeof code !== 'string' || typeof syscall !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return undefined;
  if (isDiskFull(error)) return diskFull();
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new PgError('42501', `could not access a file: ${String(message)}`, { hint: 'The data directory must belong to the user who runs the server.' });
    case 'EROFS':
      return new PgError('58030', `could not access a file: ${String(message)}`, { hint: 'The file system of the data directory is mounted read-only.' });
    case 'EMFILE':
    case 'ENFILE':
      return new PgError('53000', `could not open a file: ${String(message)}`, { hint: 'Raise the limit of open files (ulimit -n).' });
    case 'ENOENT':
      return new PgError('58P01', `could not access a file: ${String(message)}`, { hint: 'The data directory has been changed from outside.' });
    default:
      return new PgError('58030', `could not access a file: ${String(message)}`);
  }
}
