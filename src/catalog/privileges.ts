/**
 * Who may do what with which object: the privileges of every object of a snapshot, its own or those that it has by default, and whether a role holds them. The binder,
 * DDL planning, has_table_privilege() and its kin and the acl columns of pg_catalog ask it.
 * Source: aclchk.c of PostgreSQL 15 (pg_class_aclmask and its kin); the privileges of system objects are those that initdb gives.
 */
import { type AclItem, type AclKind, type AclObject, allPrivileges, defaultAcl, heldPrivileges, privilegeBits } from './acl.js';
import { formatAclItem } from '../types/aclitem.js';
import { readAllDataOid, writeAllDataOid } from './predefined-roles.js';
import type { DatabaseEntry } from './server-catalog.js';
import { bootstrapRoleOid } from './role.js';
import type { CatalogSnapshot } from './snapshot.js';

/** An object as privileges see it. */
export interface Securable {
  readonly object: AclObject;
  readonly kind: AclKind;
  readonly oid: number;
  /** OID of its owner. */
  readonly owner: number;
  /** Without schema, for messages. */
  readonly name: string;
  /** What people call it, for messages: 'table', 'materialized view', ... */
  readonly noun: string;
  /** A relation of pg_catalog or information_schema. */
  readonly isSystem?: boolean;
}

const firstUserOid = 16384;
const bits = privilegeBits;

/** Relations of pg_catalog that nobody but superusers reads. */
const secretRelations: ReadonlySet<string> = new Set([
  'pg_statistic',
  'pg_authid',
  'pg_shadow',
  'pg_statistic_ext_data',
  'pg_file_settings',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_config',
  'pg_user_mapping',
  'pg_replication_origin_status',
  'pg_subscription',
  'pg_largeobject',
  'large_objects',
  'large_object_pages',
  'column_statistics',
]);
/** Relations of information_schema that nobody has been granted anything on. */
const ungrantedRelations: ReadonlySet<string> = new Set([
  '_pg_foreign_data_wrappers',
  '_pg_foreign_servers',
  '_pg_foreign_table_columns',
  '_pg_foreign_tables',
  '_pg_user_mappings',
  'sql_parts',
  'transforms',
]);
const readAllStats = 3375;
const monitor = 3373;
const statsRelations: ReadonlySet<string> = new Set(['pg_backend_memory_contexts', 'pg_shmem_allocations']);

/** Built-in functions that not everybody may call. */
export const restrictedFunctions: ReadonlySet<number> = new Set([
  764, 765, 767, 2172, 2274, 2282, 2307, 2621, 2622, 2623, 2624, 2625, 2739, 2848, 3071, 3072, 3098, 3293, 3295, 3297, 3307, 3329, 3353, 3354, 3400, 3401, 3436,
  3775, 3776, 3777, 3800, 3801, 3826, 3827, 3828, 4543, 5029, 5030, 5031, 5052, 6003, 6004, 6005, 6006, 6007, 6008, 6009, 6010, 6011, 6012, 6013, 6014, 6170,
  6230, 6232, 6250, 6270, 6271, 6272,
]);
const monitorFunctions: ReadonlySet<number> = new Set([3353, 3354, 5029, 5030, 5031, 6270, 6271, 6272]);
const statsFunctions: ReadonlySet<number> = new Set([2282, 5052]);

export function isRestrictedFunction(oid: number): boolean {
  return restrictedFunctions.has(oid);
}

function item(grantee: number, privileges: number, grantor = bootstrapRoleOid): AclItem {
  return { grantee, grantor, privileges, options: 0 };
}

/** What initdb grants; undefined: the default. */
export function initialAcl(one: Securable): readonly AclItem[] | undefined {
  if (one.object === 'relation' && one.isSystem === true) {
    const own = item(bootstrapRoleOid, allPrivileges.table);
    if (ungrantedRelations.has(one.name)) return undefined;
    if (secretRelations.has(one.name)) return [own];
    if (statsRelations.has(one.name)) return [own, item(readAllStats, bits.select)];
    return [own, item(0, one.name === 'pg_settings' ? bits.select | bits.update : bits.select)];
  }
  if (one.object === 'function' && restrictedFunctions.has(one.oid)) {
    const own = item(bootstrapRoleOid, bits.execute);
    return monitorFunctions.has(one.oid) ? [own, item(monitor, bits.execute)] : statsFunctions.has(one.oid) ? [own, item(readAllStats, bits.execute)] : [own];
  }
  if (one.object === 'schema' && one.oid < firstUserOid) return [item(one.owner, bits.usage | bits.create, one.owner), item(0, bits.usage, one.owner)];
  return undefined;
}

/** An object's ACL as it is stored (or as initdb stored it); undefined: it has its default privileges. */
export function storedAcl(catalog: CatalogSnapshot, one: Securable): readonly AclItem[] | undefined {
  return catalog.aclOf(one.object, one.oid)?.acl ?? initialAcl(one);
}

export function effectiveAcl(catalog: CatalogSnapshot, one: Securable): readonly AclItem[] {
  return storedAcl(catalog, one) ?? defaultAcl(one.kind, one.owner);
}

export function columnAcl(catalog: CatalogSnapshot, relation: number, attribute: number): readonly AclItem[] {
  return catalog.aclOf('relation', relation)?.columns?.find((column) => column.attribute === attribute)?.acl ?? [];
}

/** Which of the wanted privileges (or grant options on them) a role holds on an object as a whole. */
export function privilegesOn(catalog: CatalogSnapshot, role: number, one: Securable, wanted: number, options = false): number {
  const { roles } = catalog;
  let asked = wanted;
  if (roles.isSuperuser(role)) return asked;
  if (one.isSystem === true && one.noun !== 'view') asked &= ~(bits.insert | bits.update | bits.delete | bits.truncate | bits.usage);
  const has = (other: number): boolean => roles.hasPrivilegesOf(role, other);
  let held = heldPrivileges(effectiveAcl(catalog, one), one.owner, asked, options, has);
  if (options || held === asked) return held;
  if (one.object === 'relation') {
    if ((asked & ~held & bits.select) !== 0 && has(readAllDataOid)) held |= bits.select;
    const writes = asked & ~held & (bits.insert | bits.update | bits.delete);
    if (writes !== 0 && has(writeAllDataOid)) held |= writes;
  }
  if (one.object === 'schema' && (asked & ~held & bits.usage) !== 0 && (has(readAllDataOid) || has(writeAllDataOid))) held |= bits.usage;
  return held;
}

/** The same of one column, by its own privileges alone. */
export function privilegesOnColumn(catalog: CatalogSnapshot, role: number, one: Securable, attribute: number, wanted: number, options = false): number {
  const { roles } = catalog;
  if (roles.isSuperuser(role)) return wanted;
  const acl = columnAcl(catalog, one.oid, attribute);
  return acl.length === 0 ? 0 : heldPrivileges(acl, one.owner, wanted, options, (other) => roles.hasPrivilegesOf(role, other));
}

/** pg_class_ownercheck() and its kin. */
export function ownsObject(catalog: CatalogSnapshot, role: number, owner: number): boolean {
  return catalog.roles.hasPrivilegesOf(role, owner);
}

/** aclitemout(). */
function aclItemText({ roles }: CatalogSnapshot, { grantee, grantor, privileges, options }: AclItem): string {
  const name = (oid: number): string => (oid === 0 ? '' : (roles.byOid(oid)?.name ?? String(oid)));
  return formatAclItem({ grantee: name(grantee), grantor: name(grantor), privileges, options });
}

/** An aclitem[] as text; null for undefined. */
export function aclText(catalog: CatalogSnapshot, acl: readonly AclItem[] | undefined): string | null {
  if (acl === undefined) return null;
  const texts = acl.map((one) => {
    const text = aclItemText(catalog, one);
    return text.includes('"') ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : text;
  });
  return `{${texts.join(',')}}`;
}

// ---------------------------------------------------------------------------------------------------------------------- objects

/** Any relation that pg_class lists and that may have privileges: tables, views, sequences, system relations. */
export function securableRelation(catalog: CatalogSnapshot, oid: number): Securable | undefined {
  const relation = catalog.relationByOid(oid);
  if (relation === undefined) return undefined;
  const owner = ownerOid(catalog, relation.owner);
  const { name } = relation;
  if (relation.kind === 'sequence') return { object: 'relation', kind: 'sequence', oid, owner, name, noun: 'sequence' };
  const noun = relation.kind === 'view' ? 'view' : relation.kind === 'table' && relation.materialized !== undefined ? 'materialized view' : 'table';
  return { object: 'relation', kind: 'table', oid, owner, name, noun };
}

export function securableSystemRelation(system: { readonly oid: number; readonly name: string; readonly kind: string }): Securable {
  return {
    object: 'relation',
    kind: 'table',
    oid: system.oid,
    owner: bootstrapRoleOid,
    name: system.name,
    noun: system.kind === 'v' ? 'view' : 'table',
    isSystem: true,
  };
}

export function securableSchema(catalog: CatalogSnapshot, name: string): Securable | undefined {
  const schema = catalog.data.schemas.find((one) => one.name === name);
  if (schema === undefined) return undefined;
  return { object: 'schema', kind: 'schema', oid: schema.oid, owner: ownerOid(catalog, schema.owner), name, noun: 'schema' };
}

export function securableFunction(one: { readonly oid: number; readonly name: string; readonly kind: string }, owner: number): Securable {
  const noun = one.kind === 'procedure' || one.kind === 'aggregate' ? one.kind : 'function';
  return { object: 'function', kind: 'function', oid: one.oid, owner, name: one.name, noun };
}

export function securableType(oid: number, name: string, owner: number): Securable {
  return { object: 'type', kind: 'type', oid, owner, name, noun: 'type' };
}

export function securableDatabase(catalog: CatalogSnapshot, { oid, name, owner }: DatabaseEntry = catalog.database): Securable {
  return { object: 'database', kind: 'database', oid, owner: ownerOid(catalog, owner), name, noun: 'database' };
}

export const languages: readonly { readonly oid: number; readonly name: string; readonly trusted: boolean }[] = [
  { oid: 12, name: 'internal', trusted: false },
  { oid: 13, name: 'c', trusted: false },
  { oid: 14, name: 'sql', trusted: true },
  { oid: 13773, name: 'plpgsql', trusted: true },
];

/** (They have their owners with their bytes, not in the catalog.) */
export function securableLargeObject(oid: number, owner: number): Securable {
  return { object: 'largeObject', kind: 'largeObject', oid, owner, name: `large object ${String(oid)}`, noun: 'large object' };
}

export function securableLanguage(name: string): Securable | undefined {
  const found = languages.find((one) => one.name === name);
  if (found === undefined) return undefined;
  return { object: 'language', kind: 'language', oid: found.oid, owner: bootstrapRoleOid, name, noun: 'language' };
}

export function ownerOid(catalog: CatalogSnapshot, name: string): number {
  return catalog.role(name)?.oid ?? bootstrapRoleOid;
}

/** "permission denied for table x", for the message of 42501. */
export function deniedText(one: Securable): string {
  return `permission denied for ${one.noun} ${one.name}`;
}

/** "must be owner of table x". */
export function notOwnerText(noun: string, name: string): string {
  return `must be owner of ${noun} ${name}`;
}

/** Whether the role sees the settings that are for few (settings-of-few.ts). */
export function seesSettings(catalog: CatalogSnapshot, user: string): boolean {
  const role = catalog.role(user);
  const readers = catalog.roles.named('pg_read_all_settings');
  return role?.superuser === true || (role !== undefined && readers !== undefined && catalog.roles.hasPrivilegesOf(role.oid, readers.oid));
}
