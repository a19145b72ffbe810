/**
 * The catalog at rest: one JSON row per object in `_shoal_object` of global.sqlite, the version as its `PRAGMA user_version`.
 * The lane stores the difference of two catalogs at commit; recovery replays the same change from the log.
 */
import type { Database } from 'better-sqlite3';
import type { CatalogData, DatabaseAttributes } from '../../catalog/snapshot.js';
import type { DefaultAcl, ObjectAcl } from '../../catalog/acl.js';
import type { Extension } from '../../catalog/extension.js';
import type { Role, RoleSettings } from '../../catalog/role.js';
import type { Relation, Schema, ShardGroup } from '../../catalog/table.js';
import type { UserFunction } from '../../catalog/user-function.js';
import type { UserType } from '../../catalog/user-type.js';
import { assert } from '../../common/errors.js';
import { fromCatalogJson, toCatalogJson } from './catalog-json.js';
import type { Connection } from './connection.js';

/** What a committed DDL statement changes in `_shoal_object`. */
export interface CatalogChange {
  readonly version: number;
  readonly upserts: readonly { readonly key: number; readonly kind: ObjectKind; readonly json: string }[];
  readonly deletes: readonly number[];
}

type ObjectKind = 'database' | 'schema' | 'relation' | 'type' | 'function' | 'group' | 'role' | 'roleSettings' | 'acl' | 'defaultAcl' | 'extension';

/** The row of the database itself. */
const databaseKey = 0;
interface DatabaseObject {
  readonly database: string;
  readonly nextOid: number;
  readonly nextGroup?: number;
  readonly comment?: string;
  readonly owner?: string;
  readonly attributes?: DatabaseAttributes;
}

type Optional = Pick<DatabaseObject, 'nextGroup' | 'comment' | 'owner' | 'attributes'>;

const optional = ({ nextGroup, comment, owner, attributes }: Optional): Optional => ({
  ...(nextGroup === undefined ? {} : { nextGroup }),
  ...(comment === undefined ? {} : { comment }),
  ...(owner === undefined ? {} : { owner }),
  ...(attributes === undefined ? {} : { attributes }),
});

/** Records about objects that have records of their own: their keys lie beyond all OIDs. */
const beyondOids = 2 ** 32;
const aclKinds: readonly ObjectAcl['kind'][] = ['relation', 'function', 'type', 'schema', 'database', 'language', 'parameter'];
const aclKey = ({ kind, oid }: ObjectAcl): number => beyondOids * (1 + aclKinds.indexOf(kind)) + oid;
/** (OIDs of roles and databases stay far below 2^24.) */
const settingsKey = ({ role, database }: RoleSettings): number => beyondOids * (100 + database) + role;

/** Rows by key. Shard groups are numbered apart from OIDs, so they have negative keys. */
function objectsOf(data: CatalogData): Map<number, { readonly kind: ObjectKind; readonly json: string }> {
  const rows = new Map<number, { readonly kind: ObjectKind; readonly json: string }>();
  const add = (key: number, kind: ObjectKind, object: unknown): void => {
    assert(!rows.has(key), `catalog key ${String(key)} is unique`);
    rows.set(key, { kind, json: toCatalogJson(object) });
  };
  add(databaseKey, 'database', { database: data.database, nextOid: data.nextOid, ...optional(data) } satisfies DatabaseObject);
  for (const schema of data.schemas) add(schema.oid, 'schema', schema);
  for (const relation of data.relations) add(relation.oid, 'relation', relation);
  for (const type of data.types ?? []) add(type.oid, 'type', type);
  for (const definition of data.functions ?? []) add(definition.oid, 'function', definition);
  for (const role of data.roles) add(role.oid, 'role', role);
  for (const settings of data.roleSettings ?? []) add(settingsKey(settings), 'roleSettings', settings);
  for (const acl of data.acls ?? []) add(aclKey(acl), 'acl', acl);
  for (const acl of data.defaultAcls ?? []) add(acl.oid, 'defaultAcl', acl);
  for (const extension of data.extensions ?? []) add(extension.oid, 'extension', extension);
  for (const group of data.groups) add(-group.id - 1, 'group', group);
  return rows;
}

/** The rows that differ. `before` undefined: everything is new. */
export function catalogChange(before: CatalogData | undefined, after: CatalogData): CatalogChange {
  const old = before === undefined ? new Map<number, { readonly kind: ObjectKind; readonly json: string }>() : objectsOf(before);
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

/** Of the file that is attached as `global`. */
export function loadCatalog(db: Database): CatalogData {
  const version = db.pragma('global.user_version', { simple: true }) as number;
  let database: DatabaseObject | undefined;
  const schemas: Schema[] = [];
  const relations: Relation[] = [];
  const types: UserType[] = [];
  const functions: UserFunction[] = [];
  const groups: ShardGroup[] = [];
  const roles: Role[] = [];
  const roleSettings: RoleSettings[] = [];
  const acls: ObjectAcl[] = [];
  const defaultAcls: DefaultAcl[] = [];
  const extensions: Extension[] = [];
  for (const row of db.prepare<[], { kind: ObjectKind; json: string }>('SELECT kind, json FROM global._shoal_object ORDER BY abs(oid)').all()) {
    const object = fromCatalogJson(row.json);
    switch (row.kind) {
      case 'database':
        database = object as DatabaseObject;
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
        roleSettings.push(object as RoleSettings);
        break;
      case 'acl':
        acls.push(object as ObjectAcl);
        break;
      case 'defaultAcl':
        defaultAcls.push(object as DefaultAcl);
        break;
      case 'extension':
        extensions.push(object as Extension);
        break;
    }
  }
  assert(database !== undefined, 'global.sqlite holds the database object');
  return {
    version,
    database: database.database,
    nextOid: database.nextOid,
    ...optional(database),
    schemas,
    relations,
    types,
    functions,
    groups,
    roles,
    roleSettings,
    acls,
    defaultAcls,
    extensions,
  };
}
