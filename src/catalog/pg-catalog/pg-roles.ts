/** pg_roles. */
import { relation } from './relation.js';

export const pgRoles = relation(
  'pg_catalog',
  'pg_roles',
  12009,
  [
    ['rolname', 19],
    ['rolsuper', 16],
    ['rolinherit', 16],
    ['rolcreaterole', 16],
    ['rolcreatedb', 16],
    ['rolcanlogin', 16],
    ['rolreplication', 16],
    ['rolconnlimit', 23],
    ['rolpassword', 25],
    ['rolvaliduntil', 1184],
    ['rolbypassrls', 16],
    ['rolconfig', 1009],
    ['oid', 26],
  ],
  function* ({ catalog }) {
    for (const role of catalog.data.roles) {
      const all = role.superuser ? 1 : 0;
      yield [role.name, all, 1, all, all, role.login ? 1 : 0, all, -1, '********', null, all, null, role.oid];
    }
  },
);
