/** pg_authid, pg_roles, pg_user, pg_shadow, pg_group: the roles, each in the form of one of PostgreSQL's relations; pg_auth_members; pg_db_role_setting. */
import { formatArrayText, oneDimensional } from '../../types/array.js';
import { bootstrapRoleOid, type Role, type RoleSettings } from '../role.js';
import { type CatalogEnvironment, type CatalogRow, relation } from './relation.js';

function attributes(role: Role): CatalogRow {
  // (The first superuser of a database of an early version has no more than that in its record.)
  const all = role.oid === bootstrapRoleOid;
  return {
    oid: role.oid,
    rolname: role.name,
    rolsuper: role.superuser,
    rolinherit: role.inherit ?? true,
    rolcreaterole: role.createRole ?? all,
    rolcreatedb: role.createDatabase ?? all,
    rolcanlogin: role.login,
    rolreplication: role.replication ?? all,
    rolbypassrls: role.bypassRowSecurity ?? all,
    rolconnlimit: role.connectionLimit ?? -1,
    rolvaliduntil: role.validUntil,
  };
}

function settingsText(settings: RoleSettings | undefined): string | null {
  return settings === undefined ? null : formatArrayText(oneDimensional(settings.values.map(({ name, value }) => `${name}=${value}`)));
}

function everywhere({ catalog }: CatalogEnvironment, role: Role): string | null {
  return settingsText(catalog.data.server.roleSettings.find((one) => one.role === role.oid && one.database === 0));
}

export const pgAuthid = relation('pg_catalog.pg_authid', function* ({ catalog }) {
  for (const role of catalog.roles.all()) yield { ...attributes(role), rolpassword: role.verifier };
});

export const pgRoles = relation('pg_catalog.pg_roles', function* (environment) {
  for (const role of environment.catalog.roles.all()) yield { ...attributes(role), rolpassword: '********', rolconfig: everywhere(environment, role) };
});

function userRow(environment: CatalogEnvironment, role: Role): CatalogRow {
  const { rolcreatedb, rolsuper, rolreplication, rolbypassrls } = attributes(role);
  return {
    usename: role.name,
    usesysid: role.oid,
    usecreatedb: rolcreatedb,
    usesuper: rolsuper,
    userepl: rolreplication,
    usebypassrls: rolbypassrls,
    valuntil: role.validUntil,
    useconfig: everywhere(environment, role),
  };
}

export const pgUser = relation('pg_catalog.pg_user', function* (environment) {
  for (const role of environment.catalog.roles.all()) if (role.login) yield { ...userRow(environment, role), passwd: '********' };
});

export const pgShadow = relation('pg_catalog.pg_shadow', function* (environment) {
  for (const role of environment.catalog.roles.all()) if (role.login) yield { ...userRow(environment, role), passwd: role.verifier };
});

export const pgGroup = relation('pg_catalog.pg_group', function* ({ catalog }) {
  const roles = catalog.roles.all();
  for (const role of roles) {
    if (role.login) continue;
    const members = roles.filter((other) => other.memberOf?.some((membership) => membership.role === role.oid));
    yield { groname: role.name, grosysid: role.oid, grolist: `{${members.map((member) => String(member.oid)).join(',')}}` };
  }
});

export const pgAuthMembers = relation('pg_catalog.pg_auth_members', function* ({ catalog }) {
  for (const role of catalog.roles.all())
    for (const membership of role.memberOf ?? [])
      yield { roleid: membership.role, member: role.oid, grantor: membership.grantor, admin_option: membership.admin };
});

export const pgDbRoleSetting = relation('pg_catalog.pg_db_role_setting', function* ({ catalog }) {
  for (const settings of catalog.data.server.roleSettings) yield { setdatabase: settings.database, setrole: settings.role, setconfig: settingsText(settings) };
});
