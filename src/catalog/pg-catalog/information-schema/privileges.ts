/**
 * The views of privileges: on tables, columns, routines, types and what is used; those of roles. What concerns neither the role that asks nor its members' roles is not shown.
 * Source: information_schema.sql of PostgreSQL 15.
 */
import { type AclItem, defaultAcl, type PrivilegeName, privilegeBits, privilegeNames } from '../../acl.js';
import { allFunctions } from '../../../functions/registry.js';
import { builtInCollations } from '../../collation.js';
import { columnAcl, effectiveAcl, ownerOid, securableFunction, securableRelation, securableSystemRelation, securableType } from '../../privileges.js';
import { databaseOwnerRole } from '../../predefined-roles.js';
import { bootstrapRoleOid } from '../../role.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import { rowTypeOffset } from '../../user-type.js';
import { sequencesOf, systemRelationsOf } from '../objects.js';
import { type CatalogEnvironment, type CatalogRow, relation } from '../relation.js';
import { yesOrNo } from './values.js';

const tablePrivilegeNames: readonly PrivilegeName[] = ['insert', 'select', 'update', 'delete', 'truncate', 'references', 'trigger'];
const columnPrivilegeNames: readonly PrivilegeName[] = ['insert', 'select', 'update', 'references'];

interface Asking {
  readonly catalog: CatalogSnapshot;
  /** pg_has_role(role, 'USAGE'). */
  has(role: number): boolean;
}

function asking({ catalog, user }: CatalogEnvironment): Asking {
  const me = catalog.role(user)?.oid ?? bootstrapRoleOid;
  return { catalog, has: (role) => catalog.roles.hasPrivilegesOf(me, role) };
}

interface Granted {
  readonly grantor: string;
  readonly grantee: string;
  readonly privilege: PrivilegeName;
  readonly isGrantable: boolean;
  /** The role that asks is the grantor or the grantee, not only one of PUBLIC. */
  readonly isOwn: boolean;
}

/** The items of an ACL by single privileges, those that the role may see. */
function* exploded({ catalog, has }: Asking, acl: readonly AclItem[], owner: number, names: readonly PrivilegeName[]): Generator<Granted> {
  for (const item of acl) {
    const grantor = catalog.roles.byOid(item.grantor)?.name;
    const grantee = item.grantee === 0 ? 'PUBLIC' : catalog.roles.byOid(item.grantee)?.name;
    if (grantor === undefined || grantee === undefined) continue;
    const isOwn = has(item.grantor) || (item.grantee !== 0 && has(item.grantee));
    if (!isOwn && item.grantee !== 0) continue;
    const ownsIt = item.grantee !== 0 && catalog.roles.hasPrivilegesOf(item.grantee, owner);
    for (const privilege of privilegeNames)
      if (names.includes(privilege) && (item.privileges & privilegeBits[privilege]) !== 0)
        yield { grantor, grantee, privilege, isGrantable: ownsIt || (item.options & privilegeBits[privilege]) !== 0, isOwn };
  }
}

function shownGrant(one: Granted): CatalogRow {
  return { grantor: one.grantor, grantee: one.grantee, privilege_type: one.privilege.toUpperCase(), is_grantable: yesOrNo(one.isGrantable) };
}

interface Seen {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
  readonly owner: number;
  readonly acl: readonly AclItem[];
  readonly columns: readonly { readonly name: string; readonly attribute: number }[];
}

/** Tables and views, those of the system last. */
function* tablesSeen(catalog: CatalogSnapshot): Generator<Seen> {
  for (const object of catalog.data.relations) {
    const one = object.kind === 'sequence' ? undefined : securableRelation(catalog, object.oid);
    if (object.kind === 'sequence' || one === undefined || (object.kind === 'table' && object.materialized !== undefined)) continue;
    const columns = object.kind === 'view' ? object.columns.map(({ name }, i) => ({ name, attribute: i + 1 })) : object.columns;
    yield { schema: object.schema, name: object.name, oid: object.oid, owner: one.owner, acl: effectiveAcl(catalog, one), columns };
  }
  for (const system of systemRelationsOf(catalog)) {
    const one = securableSystemRelation(system);
    const columns = system.columns.map(({ name }, i) => ({ name, attribute: i + 1 }));
    yield { schema: system.schema, name: system.name, oid: system.oid, owner: one.owner, acl: effectiveAcl(catalog, one), columns };
  }
}

function* tableRows(environment: CatalogEnvironment, onlyOwn: boolean): Generator<CatalogRow> {
  const { catalog } = environment;
  const who = asking(environment);
  for (const table of tablesSeen(catalog))
    for (const one of exploded(who, table.acl, table.owner, tablePrivilegeNames))
      if (one.isOwn || !onlyOwn)
        yield {
          ...shownGrant(one),
          table_catalog: catalog.database.name,
          table_schema: table.schema,
          table_name: table.name,
          with_hierarchy: yesOrNo(one.privilege === 'select'),
        };
}

function* columnRows(environment: CatalogEnvironment, onlyOwn: boolean): Generator<CatalogRow> {
  const { catalog } = environment;
  const who = asking(environment);
  for (const table of tablesSeen(catalog)) {
    const whole = [...exploded(who, table.acl, table.owner, columnPrivilegeNames)];
    for (const column of table.columns) {
      const own = columnAcl(catalog, table.oid, column.attribute);
      const shown = new Map<string, CatalogRow>();
      for (const one of [...whole, ...(own.length === 0 ? [] : exploded(who, own, table.owner, columnPrivilegeNames))])
        if (one.isOwn || !onlyOwn)
          shown.set(JSON.stringify([one.grantor, one.grantee, one.privilege, one.isGrantable]), {
            ...shownGrant(one),
            table_catalog: catalog.database.name,
            table_schema: table.schema,
            table_name: table.name,
            column_name: column.name,
          });
      yield* shown.values();
    }
  }
}

function* routineRows(environment: CatalogEnvironment, onlyOwn: boolean): Generator<CatalogRow> {
  const { catalog } = environment;
  const who = asking(environment);
  const rows = function* (schema: string, entry: { readonly oid: number; readonly name: string; readonly kind: string }, owner: number): Generator<CatalogRow> {
    for (const one of exploded(who, effectiveAcl(catalog, securableFunction(entry, owner)), owner, ['execute']))
      if (one.isOwn || !onlyOwn)
        yield {
          ...shownGrant(one),
          specific_catalog: catalog.database.name,
          specific_schema: schema,
          specific_name: `${entry.name}_${String(entry.oid)}`,
          routine_catalog: catalog.database.name,
          routine_schema: schema,
          routine_name: entry.name,
        };
  };
  for (const definition of catalog.functions.all()) yield* rows(definition.schema, definition, ownerOid(catalog, definition.owner));
  for (const { oid, name, kind, hidden } of allFunctions())
    if (oid !== undefined && hidden !== true) yield* rows('pg_catalog', { oid, name, kind }, bootstrapRoleOid);
}

/** Types of rows, those of tables too. */
function* udtRows(environment: CatalogEnvironment, onlyOwn: boolean): Generator<CatalogRow> {
  const { catalog } = environment;
  const who = asking(environment);
  const types = [
    ...catalog.data.relations.flatMap((one) => (one.kind === 'sequence' ? [] : [{ ...one, oid: one.oid + rowTypeOffset }])),
    ...(catalog.data.types ?? []).filter((type) => type.kind === 'composite'),
  ];
  for (const type of types) {
    const owner = ownerOid(catalog, type.owner);
    for (const one of exploded(who, effectiveAcl(catalog, securableType(type.oid, type.name, owner)), owner, ['usage']))
      if (one.isOwn || !onlyOwn)
        yield { ...shownGrant(one), privilege_type: 'TYPE USAGE', udt_catalog: catalog.database.name, udt_schema: type.schema, udt_name: type.name };
  }
}

function* usageRows(environment: CatalogEnvironment, onlyOwn: boolean): Generator<CatalogRow> {
  const { catalog } = environment;
  const who = asking(environment);
  const rows = function* (
    kind: string,
    object: { readonly schema: string; readonly name: string },
    acl: readonly AclItem[],
    owner: number,
  ): Generator<CatalogRow> {
    for (const one of exploded(who, acl, owner, ['usage']))
      if (one.isOwn || !onlyOwn)
        yield {
          ...shownGrant(one),
          object_catalog: catalog.database.name,
          object_schema: object.schema,
          object_name: object.name,
          object_type: kind,
        };
  };
  const everybody = defaultAcl('type', bootstrapRoleOid).filter((item) => item.grantee === 0);
  for (const { name } of builtInCollations) yield* rows('COLLATION', { schema: 'pg_catalog', name }, everybody, bootstrapRoleOid);
  for (const one of catalog.data.collations ?? []) {
    const owner = ownerOid(catalog, one.owner);
    yield* rows(
      'COLLATION',
      one,
      defaultAcl('type', owner).filter((item) => item.grantee === 0),
      owner,
    );
  }
  for (const type of catalog.data.types ?? []) {
    const owner = ownerOid(catalog, type.owner);
    if (type.kind === 'domain') yield* rows('DOMAIN', type, effectiveAcl(catalog, securableType(type.oid, type.name, owner)), owner);
  }
  // Sequences that belong to columns are not shown.
  const identities = new Set([...sequencesOf(catalog)].flatMap(({ oid, ownedBy }) => (ownedBy === undefined ? [] : [oid])));
  for (const object of catalog.data.relations) {
    const one = object.kind === 'sequence' && !identities.has(object.oid) ? securableRelation(catalog, object.oid) : undefined;
    if (one !== undefined) yield* rows('SEQUENCE', object, effectiveAcl(catalog, one), one.owner);
  }
}

function* memberships(environment: CatalogEnvironment): Generator<{ readonly grantee: string; readonly role_name: string; readonly is_grantable: string }> {
  const { catalog } = environment;
  const who = asking(environment);
  for (const role of catalog.roles.all()) {
    if (!who.has(role.oid)) continue;
    for (const { role: oid, admin } of role.memberOf ?? []) {
      const of = catalog.roles.byOid(oid);
      if (of !== undefined) yield { grantee: role.name, role_name: of.name, is_grantable: yesOrNo(admin) };
    }
    if (role.name === catalog.owner) yield { grantee: role.name, role_name: databaseOwnerRole.name, is_grantable: 'NO' };
  }
}

export const privilegeViews = [
  relation('information_schema.table_privileges', (environment) => tableRows(environment, false), 'user'),
  relation('information_schema.role_table_grants', (environment) => tableRows(environment, true), 'user'),
  relation('information_schema.column_privileges', (environment) => columnRows(environment, false), 'user'),
  relation('information_schema.role_column_grants', (environment) => columnRows(environment, true), 'user'),
  relation('information_schema.routine_privileges', (environment) => routineRows(environment, false), 'user'),
  relation('information_schema.role_routine_grants', (environment) => routineRows(environment, true), 'user'),
  relation('information_schema.udt_privileges', (environment) => udtRows(environment, false), 'user'),
  relation('information_schema.role_udt_grants', (environment) => udtRows(environment, true), 'user'),
  relation('information_schema.usage_privileges', (environment) => usageRows(environment, false), 'user'),
  relation('information_schema.role_usage_grants', (environment) => usageRows(environment, true), 'user'),
  relation(
    'information_schema.enabled_roles',
    function* (environment) {
      const who = asking(environment);
      for (const role of environment.catalog.roles.all()) if (who.has(role.oid)) yield { role_name: role.name };
    },
    'user',
  ),
  relation('information_schema.applicable_roles', memberships, 'user'),
  relation(
    'information_schema.administrable_role_authorizations',
    function* (environment) {
      for (const one of memberships(environment)) if (one.is_grantable === 'YES') yield one;
    },
    'user',
  ),
];
