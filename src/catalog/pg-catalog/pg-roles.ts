/** pg_authid, pg_roles, pg_user, pg_shadow: the roles, each in the form of one of PostgreSQL's relations. Verifiers are not shown. */
import type { CatalogSnapshot } from '../snapshot.js';
import type { Role } from '../table.js';
import { type CatalogRow, relation } from './relation.js';
import { databaseOwnerRole } from './role-oid.js';

function* rolesOf(catalog: CatalogSnapshot): Generator<Role> {
  yield* catalog.data.roles;
  if (catalog.role(databaseOwnerRole.name) === undefined) yield { ...databaseOwnerRole, superuser: false, login: false };
}

function attributes(role: Role): CatalogRow {
  const all = role.superuser;
  return {
    oid: role.oid,
    rolname: role.name,
    rolsuper: all,
    rolinherit: true,
    rolcreaterole: all,
    rolcreatedb: all,
    rolcanlogin: role.login,
    rolreplication: all,
    rolbypassrls: all,
    rolconnlimit: -1,
  };
}

export const pgAuthid = relation('pg_catalog.pg_authid', function* ({ catalog }) {
  for (const role of rolesOf(catalog)) yield attributes(role);
});

export const pgRoles = relation('pg_catalog.pg_roles', function* ({ catalog }) {
  for (const role of rolesOf(catalog)) yield { ...attributes(role), rolpassword: '********' };
});

function userRow(role: Role): CatalogRow {
  return {
    usename: role.name,
    usesysid: role.oid,
    usecreatedb: role.superuser,
    usesuper: role.superuser,
    userepl: role.superuser,
    usebypassrls: role.superuser,
    passwd: '********',
  };
}

export const pgUser = relation('pg_catalog.pg_user', function* ({ catalog }) {
  for (const role of rolesOf(catalog)) if (role.login) yield userRow(role);
});

export const pgShadow = relation('pg_catalog.pg_shadow', function* ({ catalog }) {
  for (const role of rolesOf(catalog)) if (role.login) yield { ...userRow(role), passwd: null };
});
