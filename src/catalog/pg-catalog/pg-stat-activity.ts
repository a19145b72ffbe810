/** pg_stat_activity: the session that asks. Other sessions are not listed. */
import { relation } from './relation.js';
import { roleOid } from './role-oid.js';

export const pgStatActivity = relation(
  'pg_catalog.pg_stat_activity',
  function* ({ catalog, user, settings, startup }) {
    if (startup === undefined) return;
    yield {
      datid: 5,
      datname: startup.database,
      pid: startup.processId,
      usesysid: roleOid(catalog, user),
      usename: user,
      application_name: settings.get('application_name') ?? '',
      state: 'active',
      backend_type: 'client backend',
    };
  },
  'session',
);
