/**
 * A failure of the command line that the user can do something about: one line that says what is wrong, perhaps one that says what to do. No stack trace.
 * Thrown by the commands, printed by cli/main.ts.
 */
import { PgError } from '../common/errors.js';

export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    message: string,
    readonly hint?: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}

/** The lines to print for any failure. */
export function describeFailure(error: unknown): readonly string[] {
  const hintLine = (hint: string | undefined): string[] => (hint === undefined ? [] : [`hint: ${hint}`]);
  if (error instanceof CliError) return [`shoal: ${error.message}`, ...hintLine(error.hint)];
  if (error instanceof PgError) {
    return [`shoal: ${error.message}`, ...(error.fields.detail === undefined ? [] : [`detail: ${error.fields.detail}`]), ...hintLine(error.fields.hint)];
  }
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === 'ERR_DLOPEN_FAILED' || (message ?? '').includes('Could not locate the bindings file')) {
    return ['shoal: the SQLite binding is missing or was built for another Node.js', 'hint: run `npm run build`'];
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return [`shoal: a part of the program is missing: ${(message ?? '').split('\n')[0] ?? ''}`, 'hint: run `npm ci && npm run build`'];
  }
  return [`shoal: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
}
