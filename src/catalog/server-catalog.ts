/**
 * What all databases of a server share: roles, memberships, settings of roles and databases, the list of databases with their privileges and comments. It is the catalog of
 * a small database of its own, the server's; a session's catalog shows it together with the objects of its own database (`compose`).
 */
import { type ObjectAcl, privilegeBits } from './acl.js';
import { bootstrapRoleOid, type Role, type RoleSettings } from './role.js';
import type { CatalogData } from './snapshot.js';

/** The server's own database, which nobody connects to; also what stands for "all databases" in settings. */
export const serverDatabaseOid = 0;
const template1Oid = 1;
const template0Oid = 4;
/** The database that clients connect to when they name none. */
export const postgresOid = 5;

/** PostgreSQL's first OID for users' objects. */
export const firstUserOid = 16384;

/** Of the first role or database that is made: databases number their own objects from 16384 on, and clients join catalogs by OID alone. */
const firstSharedOid = 900_000_000;

/** What ALTER DATABASE changes: datistemplate, datallowconn, datconnlimit. */
export interface DatabaseAttributes {
  readonly isTemplate: boolean;
  readonly allowsConnections: boolean;
  /** -1: none. */
  readonly connectionLimit: number;
}

/** A database in the server's list. */
export interface DatabaseEntry extends DatabaseAttributes {
  readonly oid: number;
  readonly name: string;
  /** Its directory in the data directory: never changes, whatever it is renamed to. */
  readonly directory: string;
  /** Name of the role that owns it. */
  readonly owner: string;
  /** COMMENT ON DATABASE. */
  readonly comment?: string;
  /** The last of its transactions with changes to the server's catalog that has arrived there (`Outbox.sequence`). */
  readonly delivered?: number;
}

/** A role has got another name. Databases keep the names of owners as they were when their catalog was last written (`CatalogData.rolesAsOf`). */
export interface RoleRename {
  readonly from: string;
  readonly to: string;
  /** The server's version that made it. */
  readonly version: number;
}

export interface ServerCatalog {
  /** Rises with every committed change; the version of the server's database. */
  readonly version: number;
  /** For roles and databases. */
  readonly nextOid: number;
  /** Those that CREATE ROLE made and the first superuser; a predefined role only where it differs from what it always is. */
  readonly roles: readonly Role[];
  /** ALTER ROLE ... SET and ALTER DATABASE ... SET. */
  readonly roleSettings: readonly RoleSettings[];
  readonly databases: readonly DatabaseEntry[];
  /** Privileges on databases and parameters that GRANT or REVOKE has touched. */
  readonly acls: readonly ObjectAcl[];
  readonly renames: readonly RoleRename[];
}

/** Rows of the server's catalog as they are at rest (storage/files/catalog-store). */
export interface ServerChange {
  readonly upserts: readonly { readonly key: number; readonly kind: string; readonly json: string }[];
  readonly deletes: readonly number[];
}

/**
 * A transaction that changes a database and the server's catalog commits with the record of its database, which carries the other change as an outbox; the server's
 * database takes it from there, once (docs/adr/0007).
 */
export interface Outbox {
  /** The server's version that the change is to make. */
  readonly sequence: number;
  readonly change: ServerChange;
}

const firstRole: Role = {
  oid: bootstrapRoleOid,
  name: 'postgres',
  superuser: true,
  login: true,
  createRole: true,
  createDatabase: true,
  replication: true,
  bypassRowSecurity: true,
};

function entry(oid: number, name: string, attributes: Partial<DatabaseEntry> = {}): DatabaseEntry {
  return { oid, name, directory: name, owner: firstRole.name, isTemplate: false, allowsConnections: true, connectionLimit: -1, ...attributes };
}

/** A template's comment as initdb makes it. */
export const initialDatabases: readonly DatabaseEntry[] = [
  entry(template1Oid, 'template1', { isTemplate: true, comment: 'default template for new databases' }),
  entry(template0Oid, 'template0', { isTemplate: true, allowsConnections: false, comment: 'unmodifiable empty database' }),
  entry(postgresOid, 'postgres', { comment: 'default administrative connection database' }),
];

/** What initdb grants: the templates are not for everybody to create temporary tables in. */
const templateAcl = [
  { grantee: 0, grantor: bootstrapRoleOid, privileges: privilegeBits.connect, options: 0 },
  { grantee: bootstrapRoleOid, grantor: bootstrapRoleOid, privileges: privilegeBits.create | privilegeBits.temporary | privilegeBits.connect, options: 0 },
];

export const initialServerCatalog: ServerCatalog = {
  version: 1,
  nextOid: firstSharedOid,
  roles: [firstRole],
  roleSettings: [],
  databases: initialDatabases,
  acls: [template1Oid, template0Oid].map((oid) => ({ kind: 'database', oid, acl: templateAcl })),
  renames: [],
};

/** A database's own catalog as its sessions see it: together with the server's. Owners have their present names. */
export function compose(own: CatalogData, server: ServerCatalog): CatalogData {
  const asOf = own.rolesAsOf ?? 0;
  const renames = server.renames.filter((rename) => rename.version > asOf);
  return { ...(renames.length === 0 ? own : withRenamedOwners(own, renames)), server };
}

function withRenamedOwners(data: CatalogData, renames: readonly RoleRename[]): CatalogData {
  const current = (name: string): string => renames.reduce((known, { from, to }) => (known === from ? to : known), name);
  const owned = <T extends { readonly owner: string }>(objects: readonly T[]): readonly T[] =>
    objects.map((object) => (current(object.owner) === object.owner ? object : { ...object, owner: current(object.owner) }));
  return {
    ...data,
    schemas: owned(data.schemas),
    relations: owned(data.relations),
    ...(data.types === undefined ? {} : { types: owned(data.types) }),
    ...(data.functions === undefined ? {} : { functions: owned(data.functions) }),
    ...(data.collations === undefined ? {} : { collations: owned(data.collations) }),
    ...(data.eventTriggers === undefined ? {} : { eventTriggers: owned(data.eventTriggers) }),
    ...(data.extensions === undefined ? {} : { extensions: owned(data.extensions) }),
  };
}

/** Whether privileges on such objects are the server's. */
export function isServerAcl(kind: ObjectAcl['kind']): boolean {
  return kind === 'database' || kind === 'parameter';
}

/** Whether a database's own part differs. */
export function ownPartDiffers(before: CatalogData, after: CatalogData): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)] as (keyof CatalogData)[]);
  for (const key of keys) if (key !== 'version' && key !== 'rolesAsOf' && key !== 'server' && before[key] !== after[key]) return true;
  return false;
}

/** The catalog of the server's own database: nothing but what all share. */
export function serverCatalogData(server: ServerCatalog): CatalogData {
  return { version: server.version, databaseOid: serverDatabaseOid, nextOid: server.nextOid, schemas: [], relations: [], groups: [], server };
}
