/**
 * An immutable state of one database's catalog together with the server's, with the look-ups that binding needs. Made by planner/ddl, published to every thread by the lane.
 */
import { DatabaseTypes } from './database-types.js';
import type { AclObject, DefaultAcl, ObjectAcl } from './acl.js';
import type { Collation } from './collation.js';
import type { StoredComments } from './comment.js';
import type { EventTrigger } from './event-trigger.js';
import type { Extension } from './extension.js';
import { type Role, Roles } from './role.js';
import { type DatabaseEntry, isServerAcl, type Outbox, type ServerCatalog } from './server-catalog.js';
import { shardSchemaName } from './shard-group.js';
import { systemTableOf } from './system-table.js';
import type { Relation, Schema, ShardGroup, Table } from './table.js';
import { DatabaseFunctions, type UserFunction } from './user-function.js';
import type { UserType } from './user-type.js';

/** The cloneable data of a snapshot. */
export interface CatalogData {
  /** Rises with every committed DDL; equals `PRAGMA user_version` of global.sqlite. */
  readonly version: number;
  /** Of the database. */
  readonly databaseOid: number;
  readonly nextOid: number;
  /** Ids of shard groups are never used twice: connections may still have files of a dropped group attached. Absent: one more than the highest. */
  readonly nextGroup?: number;
  readonly schemas: readonly Schema[];
  readonly relations: readonly Relation[];
  /** Types that CREATE TYPE and CREATE DOMAIN made. Absent: none. */
  readonly types?: readonly UserType[];
  /** Functions and procedures that CREATE FUNCTION and CREATE PROCEDURE made. Absent: none. */
  readonly functions?: readonly UserFunction[];
  readonly groups: readonly ShardGroup[];
  /** COMMENT ON what keeps no comment itself. Absent: none. */
  readonly comments?: readonly StoredComments[];
  /** OIDs of the system's own tables that the database has (catalog/system-table). Absent: none. */
  readonly systemTables?: readonly number[];
  /** Privileges of objects that GRANT or REVOKE has touched. Absent: none. */
  readonly acls?: readonly ObjectAcl[];
  /** What CREATE COLLATION made. Absent: none. */
  readonly collations?: readonly Collation[];
  /** What CREATE EVENT TRIGGER made. Absent: none. */
  readonly eventTriggers?: readonly EventTrigger[];
  /** What CREATE EXTENSION installed. Absent: none. */
  readonly extensions?: readonly Extension[];
  /** ALTER DEFAULT PRIVILEGES. Absent: none. */
  readonly defaultAcls?: readonly DefaultAcl[];
  /** The server's version by which the owners' names are right. Absent: they are right by the first. */
  readonly rolesAsOf?: number;
  /** The last transaction that changed the server's catalog, too. */
  readonly outbox?: Outbox;
  /** What all databases share. Not stored with a database, but with the server's own. */
  readonly server: ServerCatalog;
}

/** Of a database that is not in the list: in tests, and in the server's own. */
const unlisted: Omit<DatabaseEntry, 'oid'> = {
  name: 'postgres',
  directory: 'postgres',
  owner: 'postgres',
  isTemplate: false,
  allowsConnections: true,
  connectionLimit: -1,
};

export class CatalogSnapshot {
  readonly #byName = new Map<string, Relation>();
  readonly #byOid = new Map<number, Relation>();
  readonly #groups = new Map<number, ShardGroup>();
  #types: DatabaseTypes | undefined;
  #roles: Roles | undefined;
  #acls: ReadonlyMap<string, ObjectAcl> | undefined;
  #functions: DatabaseFunctions | undefined;

  constructor(readonly data: CatalogData) {
    for (const relation of data.relations) {
      this.#byName.set(`${relation.schema}\u0000${relation.name}`, relation);
      this.#byOid.set(relation.oid, relation);
    }
    for (const table of this.systemTables) this.#byOid.set(table.oid, table);
    for (const group of data.groups) this.#groups.set(group.id, group);
  }

  get version(): number {
    return this.data.version;
  }

  /** The database's own types, row types of relations included. */
  get types(): DatabaseTypes {
    return (this.#types ??= new DatabaseTypes(this.data));
  }

  /** The database's own functions. */
  get functions(): DatabaseFunctions {
    return (this.#functions ??= new DatabaseFunctions(this.data));
  }

  /** The system's own tables that the database has: found by OID, not by name. */
  get systemTables(): readonly Table[] {
    return (this.data.systemTables ?? []).flatMap((oid) => systemTableOf(oid) ?? []);
  }

  schemaExists(name: string): boolean {
    return this.data.schemas.some((schema) => schema.name === name);
  }

  relation(schema: string, name: string): Relation | undefined {
    return this.#byName.get(`${schema}\u0000${name}`);
  }

  relationByOid(oid: number): Relation | undefined {
    return this.#byOid.get(oid);
  }

  /** First relation of that name along the search path. */
  find(searchPath: readonly string[], name: string): Relation | undefined {
    for (const schema of searchPath) {
      const relation = this.relation(schema, name);
      if (relation !== undefined) return relation;
    }
    return undefined;
  }

  group(id: number): ShardGroup {
    const group = this.#groups.get(id);
    if (group === undefined) throw new Error(`assertion failed: shard group ${String(id)} exists`);
    return group;
  }

  /** Names under which a table's files are attached to connections: ['global'], or one per shard. */
  shardSchemas(table: Table): readonly string[] {
    if (table.distribution.kind === 'reference') return ['global'];
    const group = this.group(table.distribution.group);
    return group.bounds.map((_, index) => shardSchemaName(group, index));
  }

  /** All roles, predefined ones included. */
  get roles(): Roles {
    return (this.#roles ??= new Roles(this.data.server.roles, this.owner));
  }

  /** The database itself, as the server lists it. */
  get database(): DatabaseEntry {
    return this.databaseByOid(this.data.databaseOid) ?? { ...unlisted, oid: this.data.databaseOid };
  }

  get databases(): readonly DatabaseEntry[] {
    return this.data.server.databases;
  }

  databaseByOid(oid: number): DatabaseEntry | undefined {
    return this.databases.find((one) => one.oid === oid);
  }

  databaseNamed(name: string): DatabaseEntry | undefined {
    return this.databases.find((one) => one.name === name);
  }

  /** Name of the role that owns the database. */
  get owner(): string {
    return this.database.owner;
  }

  /** The privileges of an object that GRANT or REVOKE has touched. */
  aclOf(object: AclObject, oid: number): ObjectAcl | undefined {
    if (isServerAcl(object)) return this.data.server.acls.find((acl) => acl.kind === object && acl.oid === oid);
    const { acls } = this.data;
    if (acls === undefined || acls.length === 0) return undefined;
    this.#acls ??= new Map(acls.map((acl) => [`${acl.kind} ${String(acl.oid)}`, acl]));
    return this.#acls.get(`${object} ${String(oid)}`);
  }

  role(name: string): Role | undefined {
    return this.roles.named(name);
  }
}
