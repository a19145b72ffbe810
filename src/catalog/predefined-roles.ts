/** The roles that every database has from the beginning, beside the first superuser. Source: pg_authid.dat of PostgreSQL 15. */

interface PredefinedRole {
  readonly oid: number;
  readonly name: string;
  readonly superuser: false;
  readonly login: false;
  readonly memberOf?: readonly { readonly role: number; readonly grantor: number; readonly admin: boolean }[];
}

function predefined(oid: number, name: string, ...memberOf: readonly number[]): PredefinedRole {
  const plain = { oid, name, superuser: false, login: false } as const;
  return memberOf.length === 0 ? plain : { ...plain, memberOf: memberOf.map((role) => ({ role, grantor: 10, admin: false })) };
}

/** Whose one member is the database's owner; it owns schema public. */
export const databaseOwnerRole = predefined(6171, 'pg_database_owner');
export const readAllDataOid = 6181;
export const writeAllDataOid = 6182;
const readServerFilesOid = 4569;
const writeServerFilesOid = 4570;
const executeServerProgramOid = 4571;
const readAllSettingsOid = 3374;
const readAllStatsOid = 3375;
const signalBackendOid = 4200;
const checkpointOid = 4544;

export const predefinedRoles: readonly PredefinedRole[] = [
  predefined(3373, 'pg_monitor', readAllSettingsOid, readAllStatsOid, 3377),
  predefined(readAllSettingsOid, 'pg_read_all_settings'),
  predefined(readAllStatsOid, 'pg_read_all_stats'),
  predefined(3377, 'pg_stat_scan_tables'),
  predefined(signalBackendOid, 'pg_signal_backend'),
  predefined(checkpointOid, 'pg_checkpoint'),
  predefined(readServerFilesOid, 'pg_read_server_files'),
  predefined(writeServerFilesOid, 'pg_write_server_files'),
  predefined(executeServerProgramOid, 'pg_execute_server_program'),
  databaseOwnerRole,
  predefined(readAllDataOid, 'pg_read_all_data'),
  predefined(writeAllDataOid, 'pg_write_all_data'),
];
