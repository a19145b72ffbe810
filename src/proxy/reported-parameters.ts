/**
 * The settings that a PostgreSQL 15 server reports to its client (ParameterStatus) when a session begins, with their default values.
 * For the session's author: a starting point of `Session.reportedParameters`; the session owns the settings and puts its own values in.
 */
import type { SessionStartup } from './session/session.js';

/** The PostgreSQL release whose behaviour Shoal follows. */
export const postgresVersion = '15.20';

/** In the order in which PostgreSQL sends them. */
export function defaultReportedParameters(startup: SessionStartup, isSuperuser: boolean): Map<string, string> {
  const setting = (name: string, fallback: string): string => startup.settings.get(name) ?? fallback;
  return new Map([
    ['application_name', startup.applicationName],
    ['client_encoding', 'UTF8'],
    ['DateStyle', setting('datestyle', 'ISO, MDY')],
    ['default_transaction_read_only', setting('default_transaction_read_only', 'off')],
    ['in_hot_standby', 'off'],
    ['integer_datetimes', 'on'],
    ['IntervalStyle', setting('intervalstyle', 'postgres')],
    ['is_superuser', isSuperuser ? 'on' : 'off'],
    ['server_encoding', 'UTF8'],
    ['server_version', postgresVersion],
    ['session_authorization', startup.user],
    ['standard_conforming_strings', setting('standard_conforming_strings', 'on')],
    ['TimeZone', setting('timezone', 'UTC')],
  ]);
}
