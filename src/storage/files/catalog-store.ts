/**
 * The catalog at rest: one JSON row per object in `_shoal_object` of global.sqlite, the version as its `PRAGMA user_version`.
 * The lane stores the difference of two catalogs at commit; recovery replays the same change from the log.
 */
import type { Database } from 'better-sqlite3';
import {
  type DatabaseAttributes,
  type DatabaseEntry,
  initialDatabases,
  initialServerCatalog,
  isServerAcl,
  type Outbox,
  postgresOid,
  type RoleRename,
  type ServerCatalog,
  type ServerChange,
  serverCatalogData,
  serverDatabaseOid,
} from '../../catalog/server-catalog.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import type { DefaultAcl, ObjectAcl } from '../../catalog/acl.js';
import { commentedClasses, type StoredComments } from '../../catalog/comment.js';
import type { Collation } from '../../catalog/collation.js';
import type { EventTrigger } from '../../catalog/event-trigger.js';
import type { Extension } from '../../catalog/extension.js';
import type { Role, RoleSettings } from '../../catalog/role.js';
import type { Relation, Schema, ShardGroup } from '../../catalog/table.js';
import type { UserFunction } from '../../catalog/user-function.js';
import type { UserType } from '../../catalog/user-type.js';
import { assert } from '../../common/errors.js';
import { fromCatalogJson, toCatalogJson } from './catalog-json.js';
import type { Connection } from './connection.js';

/** What a committed DDL statement changes in `_shoal_object`. */
export interface CatalogChange extends ServerChange {
  readonly version: number;
  readonly upserts: readonly CatalogRow[];
}

interface CatalogRow {
  readonly key: number;
  readonly kind: ObjectKind;
  readonly json: string;
}

/** `server`: the row of the server's own database, instead of `database`; `entry`: a database of its list. */
type ObjectKind =
  | 'database'
  | 'schema'
  | 'relation'
  | 'type'
  | 'function'
  | 'group'
  | 'acl'
  | 'defaultAcl'
  | 'extension'
  | 'eventTrigger'
  | 'collation'
  | 'comments'
  | 'server'
  | 'entry'
  | 'role'
  | 'roleSettings';

/** The row of the database itself. */
const databaseKey = 0;
interface DatabaseObject {
  readonly nextOid: number;
  readonly nextGroup?: number;
  readonly rolesAsOf?: number;
  readonly outbox?: Outbox;
  readonly systemTables?: readonly number[];
}

/** What the row of a database had before there were several: the server's list of databases has it now. */
interface SingleDatabase extends Partial<Pick<DatabaseEntry, 'owner' | 'comment'>> {
  readonly database?: string;
  readonly attributes?: DatabaseAttributes;
}

interface ServerObject {
  readonly nextOid: number;
  readonly renames: readonly RoleRename[];
}

type Optional = Pick<DatabaseObject, 'nextGroup' | 'rolesAsOf' | 'outbox' | 'systemTables'>;

const optional = ({ nextGroup, rolesAsOf, outbox, systemTables }: Optional): Optional => ({
  ...(nextGroup === undefined ? {} : { nextGroup }),
  ...(rolesAsOf === undefined ? {} : { rolesAsOf }),
  ...(outbox === undefined ? {} : { outbox }),
  ...(systemTables === undefined ? {} : { systemTables }),
});

/** Records about objects that have records of their own: their keys lie beyond all OIDs. */
const beyondOids = 2 ** 32;
const aclKinds: readonly ObjectAcl['kind'][] = ['relation', 'function', 'type', 'schema', 'database', 'language', 'parameter', 'largeObject'];
const aclKey = ({ kind, oid }: ObjectAcl): number => beyondOids * (1 + aclKinds.indexOf(kind)) + oid;
/** One row for all settings in a database: a pair of OIDs is no safe integer. */
const settingsKey = (database: number): number => beyondOids * 60 + database;
const commentsKey = ({ classOid, oid }: StoredComments): number => beyondOids * (100 + commentedClasses.indexOf(classOid)) + oid;
const entryKey = ({ oid }: DatabaseEntry): number => beyondOids * 50 + oid;

type CatalogRows = ReadonlyMap<number, Omit<CatalogRow, 'key'>>;

/** Rows by key. Shard groups are numbered apart from OIDs, so they have negative keys. What all databases share is in the server's own only. */
function objectsOf(data: CatalogData): CatalogRows {
  const rows = new Map<number, Omit<CatalogRow, 'key'>>();
  const add = (key: number, kind: ObjectKind, object: unknown): void => {
    assert(!rows.has(key), `catalog key ${String(key)} is unique`);
    rows.set(key, { kind, json: toCatalogJson(object) });
  };
  if (data.databaseOid === serverDatabaseOid) {
    const { nextOid, renames, roles, roleSettings, databases, acls } = data.server;
    add(databaseKey, 'server', { nextOid, renames } satisfies ServerObject);
    for (const role of roles) add(role.oid, 'role', role);
    for (const database of new Set(roleSettings.map((settings) => settings.database)))
      add(
        settingsKey(database),
        'roleSettings',
        roleSettings.filter((settings) => settings.database === database),
      );
    for (const entry of databases) add(entryKey(entry), 'entry', entry);
    for (const acl of acls) add(aclKey(acl), 'acl', acl);
    return rows;
  }
  add(databaseKey, 'database', { nextOid: data.nextOid, ...optional(data) } satisfies DatabaseObject);
  for (const schema of data.schemas) add(schema.oid, 'schema', schema);
  for (const relation of data.relations) add(relation.oid, 'relation', relation);
  for (const type of data.types ?? []) add(type.oid, 'type', type);
  for (const definition of data.functions ?? []) add(definition.oid, 'function', definition);
  for (const acl of data.acls ?? []) add(aclKey(acl), 'acl', acl);
  for (const acl of data.defaultAcls ?? []) add(acl.oid, 'defaultAcl', acl);
  for (const comments of data.comments ?? []) add(commentsKey(comments), 'comments', comments);
  for (const collation of data.collations ?? []) add(collation.oid, 'collation', collation);
  for (const trigger of data.eventTriggers ?? []) add(trigger.oid, 'eventTrigger', trigger);
  for (const extension of data.extensions ?? []) add(extension.oid, 'extension', extension);
  for (const group of data.groups) add(-group.id - 1, 'group', group);
  return rows;
}

/** The rows that differ. `before` undefined: everything is new. */
export function catalogChange(before: CatalogData | undefined, after: CatalogData): CatalogChange {
  const old: CatalogRows = before === undefined ? new Map() : objectsOf(before);
  const rows = objectsOf(after);
  const upserts = [...rows].filter(([key, row]) => old.get(key)?.json !== row.json).map(([key, row]) => ({ key, ...row }));
  const deletes = [...old.keys()].filter((key) => !rows.has(key));
  return { version: after.version, upserts, deletes };
}

/** Writes a change; inside the transaction that carries its lsn. */
export function storeCatalogChange(connection: Connection, change: CatalogChange): void {
  const upsert = connection.prepare(
    'INSERT INTO global._shoal_object(oid, kind, json) VALUES (?, ?, ?) ON CONFLICT(oid) DO UPDATE SET kind = excluded.kind, json = excluded.json',
    false,
  );
  const remove = connection.prepare('DELETE FROM global._shoal_object WHERE oid = ?', false);
  for (const { key, kind, json } of change.upserts) upsert.run(BigInt(key), kind, json);
  for (const key of change.deletes) remove.run(BigInt(key));
  connection.db.exec(`PRAGMA global.user_version = ${String(change.version)}`);
}

/** The server's catalog with a change that a database carries in its outbox. */
export function withServerChange(server: ServerCatalog, { upserts, deletes }: ServerChange): ServerCatalog {
  const rows = new Map(objectsOf(serverCatalogData(server)));
  for (const key of deletes) rows.delete(key);
  for (const { key, kind, json } of upserts) rows.set(key, { kind: kind as ObjectKind, json });
  return catalogOf(server.version, rows.values(), serverDatabaseOid).server;
}

/** Of the file that is attached as `global`. oid: of the database, unless it is the server's own. */
export function loadCatalog(db: Database, oid: number = postgresOid): CatalogData {
  const version = db.pragma('global.user_version', { simple: true }) as number;
  return catalogOf(version, db.prepare<[], { kind: ObjectKind; json: string }>('SELECT kind, json FROM global._shoal_object ORDER BY abs(oid)').all(), oid);
}

function catalogOf(version: number, rows: Iterable<Omit<CatalogRow, 'key'>>, oid: number): CatalogData {
  let database: (DatabaseObject & SingleDatabase) | undefined;
  let server: ServerObject | undefined;
  const schemas: Schema[] = [];
  const relations: Relation[] = [];
  const types: UserType[] = [];
  const functions: UserFunction[] = [];
  const groups: ShardGroup[] = [];
  const roles: Role[] = [];
  const roleSettings: RoleSettings[] = [];
  const databases: DatabaseEntry[] = [];
  const acls: ObjectAcl[] = [];
  const defaultAcls: DefaultAcl[] = [];
  const collations: Collation[] = [];
  const comments: StoredComments[] = [];
  const eventTriggers: EventTrigger[] = [];
  const extensions: Extension[] = [];
  for (const row of rows) {
    const object = fromCatalogJson(row.json);
    switch (row.kind) {
      case 'database':
        database = object as DatabaseObject;
        break;
      case 'server':
        server = object as ServerObject;
        break;
      case 'entry':
        databases.push(object as DatabaseEntry);
        break;
      case 'schema':
        schemas.push(object as Schema);
        break;
      case 'relation':
        relations.push(object as Relation);
        break;
      case 'type':
        types.push(object as UserType);
        break;
      case 'function':
        functions.push(object as UserFunction);
        break;
      case 'group':
        groups.push(object as ShardGroup);
        break;
      case 'role':
        roles.push(object as Role);
        break;
      case 'roleSettings':
        // (A row for each role, when a server had one database.)
        roleSettings.push(...(Array.isArray(object) ? (object as RoleSettings[]) : [object as RoleSettings]));
        break;
      case 'acl':
        acls.push(object as ObjectAcl);
        break;
      case 'defaultAcl':
        defaultAcls.push(object as DefaultAcl);
        break;
      case 'collation':
        collations.push(object as Collation);
        break;
      case 'comments':
        comments.push(object as StoredComments);
        break;
      case 'eventTrigger':
        eventTriggers.push(object as EventTrigger);
        break;
      case 'extension':
        extensions.push(object as Extension);
        break;
    }
  }
  const serverAcls = acls.filter(({ kind }) => isServerAcl(kind));
  if (server !== undefined) return serverCatalogData({ version, ...server, roles, roleSettings, databases, acls: serverAcls });
  assert(database !== undefined, 'global.sqlite holds the database object');
  return {
    version,
    databaseOid: oid,
    nextOid: database.nextOid,
    ...optional(database),
    schemas,
    relations,
    types,
    functions,
    groups,
    acls: acls.filter(({ kind }) => !isServerAcl(kind)),
    defaultAcls,
    collations,
    comments,
    eventTriggers,
    extensions,
    server: roles.length === 0 ? initialServerCatalog : serverOfSingle(database, { roles, roleSettings, acls: serverAcls }),
  };
}

/** What a database of before there were several says about roles and itself. */
function serverOfSingle({ owner, comment, attributes }: SingleDatabase, found: Pick<ServerCatalog, 'roles' | 'roleSettings' | 'acls'>): ServerCatalog {
  const own = (entry: DatabaseEntry): DatabaseEntry => ({
    ...entry,
    ...attributes,
    ...(owner === undefined ? {} : { owner }),
    ...(comment === undefined ? {} : { comment }),
  });
  const databases = initialDatabases.map((entry) => (entry.oid === postgresOid ? own(entry) : entry));
  return { ...initialServerCatalog, ...found, acls: [...initialServerCatalog.acls, ...found.acls], databases };
}
