/**
 * Settings that tell of the server's machine: superusers and members of pg_read_all_settings see them, others do not (GUC_SUPERUSER_ONLY of PostgreSQL 15's guc.c).
 * Asked by SHOW, current_setting() and pg_settings.
 */
import { PgError } from '../../common/errors.js';

export const settingsOfFew: ReadonlySet<string> = new Set([
  'config_file',
  'data_directory',
  'dynamic_library_path',
  'external_pid_file',
  'hba_file',
  'ident_file',
  'krb_server_keyfile',
  'log_directory',
  'log_filename',
  'session_preload_libraries',
  'shared_preload_libraries',
  'unix_socket_directories',
]);

/** A fact in the contexts of sessions that may see them: see SessionCore's facts. */
export const seesAllSettings = '#sees_all_settings';

export function mayNotExamine(name: string): PgError {
  return new PgError('42501', `must be superuser or have privileges of pg_read_all_settings to examine "${name}"`);
}
