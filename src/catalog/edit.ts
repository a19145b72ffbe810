/**
 * Makes a new catalog from an old one. DDL planning (planner/ddl) works on an editor; the result is immutable data again.
 */
import { CatalogSnapshot, type CatalogData } from './snapshot.js';
import { compose, type DatabaseEntry, isServerAcl, type ServerCatalog } from './server-catalog.js';
import type { Role, RoleSettings } from './role.js';
import { type DefaultAcl, defaultAcl, type ObjectAcl, withItem, withNewOwner } from './acl.js';
import { largeObjectClass, withComment } from './comment.js';
import type { Collation } from './collation.js';
import type { EventTrigger } from './event-trigger.js';
import type { Extension } from './extension.js';
import type { Relation, Schema, ShardGroup, Table } from './table.js';
import type { UserFunction } from './user-function.js';
import type { UserType } from './user-type.js';

export class CatalogEditor {
  #data: CatalogData;
  #snapshot: CatalogSnapshot | undefined;
  readonly #serverVersion: number;

  /** Both parts get the next version: whoever commits them knows which of them has changed. */
  constructor(base: CatalogData) {
    this.#data = { ...base, version: base.version + 1 };
    this.#serverVersion = base.server.version + 1;
  }

  get data(): CatalogData {
    return this.#data;
  }

  /** The edited state, for look-ups and binding. */
  get snapshot(): CatalogSnapshot {
    this.#snapshot ??= new CatalogSnapshot(this.#data);
    return this.#snapshot;
  }

  #change(change: Partial<CatalogData>): void {
    this.#data = { ...this.#data, rolesAsOf: this.#data.server.version, ...change };
    this.#snapshot = undefined;
  }

  /** Changes what all databases share. */
  #changeServer(change: Partial<ServerCatalog>): void {
    this.#data = { ...this.#data, server: { ...this.#data.server, version: this.#serverVersion, ...change } };
    this.#snapshot = undefined;
  }

  freshOid(): number {
    const oid = this.#data.nextOid;
    this.#change({ nextOid: oid + 1 });
    return oid;
  }

  /** For a role or a database. */
  freshServerOid(): number {
    const { nextOid } = this.#data.server;
    this.#changeServer({ nextOid: nextOid + 1 });
    return nextOid;
  }

  /** Adds a relation, or replaces the one with its OID. */
  put(relation: Relation): void {
    this.#beginAcl('relation', relation.kind === 'sequence' ? 'sequence' : 'table', relation);
    const others = this.#data.relations.filter((other) => other.oid !== relation.oid);
    this.#change({ relations: [...others, relation] });
  }

  remove(oid: number): void {
    this.#forgetAcl('relation', oid);
    this.#change({ relations: this.#data.relations.filter((other) => other.oid !== oid) });
  }

  /** Adds a type, or replaces the one with its OID. */
  putType(type: UserType): void {
    this.#beginAcl('type', 'type', type);
    this.#change({ types: [...(this.#data.types ?? []).filter((other) => other.oid !== type.oid), type] });
  }

  removeType(oid: number): void {
    this.#forgetAcl('type', oid);
    this.#change({ types: (this.#data.types ?? []).filter((other) => other.oid !== oid) });
  }

  /** Adds a function, or replaces the one with its OID. */
  putFunction(definition: UserFunction): void {
    this.#beginAcl('function', 'function', definition);
    this.#change({ functions: [...(this.#data.functions ?? []).filter((other) => other.oid !== definition.oid), definition] });
  }

  removeFunction(oid: number): void {
    this.#forgetAcl('function', oid);
    this.#change({ functions: (this.#data.functions ?? []).filter((other) => other.oid !== oid) });
  }

  /** Adds a collation, or replaces the one with its OID. */
  putCollation(collation: Collation): void {
    this.#change({ collations: [...(this.#data.collations ?? []).filter((other) => other.oid !== collation.oid), collation] });
  }

  removeCollation(oid: number): void {
    this.#change({ collations: (this.#data.collations ?? []).filter((other) => other.oid !== oid) });
  }

  /** Adds an event trigger, or replaces the one with its OID. */
  putEventTrigger(trigger: EventTrigger): void {
    this.#change({ eventTriggers: [...(this.#data.eventTriggers ?? []).filter((other) => other.oid !== trigger.oid), trigger] });
  }

  removeEventTrigger(oid: number): void {
    this.#change({ eventTriggers: (this.#data.eventTriggers ?? []).filter((other) => other.oid !== oid) });
  }

  /** Adds an extension, or replaces the one with its OID. */
  putExtension(extension: Extension): void {
    this.#change({ extensions: [...(this.#data.extensions ?? []).filter((other) => other.oid !== extension.oid), extension] });
  }

  removeExtension(oid: number): void {
    this.#change({ extensions: (this.#data.extensions ?? []).filter((other) => other.oid !== oid) });
  }

  putSchema(schema: Schema): void {
    this.#beginAcl('schema', 'schema', schema);
    this.#change({ schemas: [...this.#data.schemas.filter((other) => other.oid !== schema.oid), schema] });
  }

  removeSchema(name: string): void {
    const schema = this.#data.schemas.find((one) => one.name === name);
    if (schema !== undefined) {
      this.#forgetAcl('schema', schema.oid);
      if (this.#data.defaultAcls?.some((acl) => acl.schema === schema.oid) === true)
        this.#change({ defaultAcls: this.#data.defaultAcls.filter((acl) => acl.schema !== schema.oid) });
    }
    this.#change({ schemas: this.#data.schemas.filter((schema) => schema.name !== name) });
  }

  /** Adds a database to the server's list, or replaces the one with its OID. */
  putDatabase(entry: DatabaseEntry): void {
    this.#changeServer({ databases: [...this.#data.server.databases.filter((other) => other.oid !== entry.oid), entry] });
  }

  /** Takes a database off the server's list, with its privileges and settings. */
  removeDatabase(oid: number): void {
    const { databases, acls, roleSettings } = this.#data.server;
    this.#changeServer({
      databases: databases.filter((other) => other.oid !== oid),
      acls: acls.filter((acl) => acl.kind !== 'database' || acl.oid !== oid),
      roleSettings: roleSettings.filter((settings) => settings.database !== oid),
    });
  }

  putRole(role: Role): void {
    this.#changeServer({ roles: [...this.#data.server.roles.filter((other) => other.oid !== role.oid), role] });
  }

  removeRole(oid: number): void {
    this.#changeServer({ roles: this.#data.server.roles.filter((role) => role.oid !== oid) });
  }

  /** Another name for a role: databases that know it by the old one take the new one for it. */
  renameRole(role: Role, to: string): void {
    const from = role.name;
    const { renames, databases } = this.#data.server;
    this.putRole({ ...role, name: to });
    this.#changeServer({
      databases: databases.map((entry) => (entry.owner === from ? { ...entry, owner: to } : entry)),
      renames: [...renames, { from, to, version: this.#serverVersion }],
    });
    this.#data = compose(this.#data, this.#data.server);
    this.#snapshot = undefined;
  }

  /** Replaces what is set for a role in a database; without values nothing is. */
  putRoleSettings(settings: RoleSettings): void {
    const others = this.#data.server.roleSettings.filter((other) => other.role !== settings.role || other.database !== settings.database);
    this.#changeServer({ roleSettings: settings.values.length === 0 ? others : [...others, settings] });
  }

  /** Replaces the privileges of an object; one that says nothing is taken away. */
  putAcl(acl: ObjectAcl): void {
    const isServers = isServerAcl(acl.kind);
    const others = (isServers ? this.#data.server.acls : (this.#data.acls ?? [])).filter((other) => other.oid !== acl.oid || other.kind !== acl.kind);
    const acls = acl.acl === undefined && (acl.columns ?? []).length === 0 ? others : [...others, acl];
    if (isServers) this.#changeServer({ acls });
    else this.#change({ acls });
  }

  /** A new object has the privileges that ALTER DEFAULT PRIVILEGES says for its owner and schema. Source: get_user_default_acl(). */
  #beginAcl(
    object: ObjectAcl['kind'],
    kind: DefaultAcl['kind'],
    { oid, owner, schema: schemaName }: { readonly oid: number; readonly owner: string; readonly schema?: string },
  ): void {
    const { defaultAcls, relations, types, functions, schemas } = this.#data;
    if (defaultAcls === undefined || defaultAcls.length === 0) return;
    const existing = { relation: relations, type: types, function: functions, schema: schemas }[object as 'relation'] as
      | readonly { readonly oid: number }[]
      | undefined;
    if (existing?.some((one) => one.oid === oid) === true) return;
    const role = this.snapshot.role(owner)?.oid;
    const schema = schemas.find((one) => one.name === schemaName)?.oid ?? -1;
    const said = (where: number): DefaultAcl | undefined => defaultAcls.find((one) => one.role === role && one.kind === kind && one.schema === where);
    const everywhere = said(0);
    const here = said(schema);
    if (role === undefined || (everywhere === undefined && here === undefined)) return;
    let acl = everywhere?.acl ?? defaultAcl(kind, role);
    for (const item of here?.acl ?? []) acl = withItem(acl, item);
    this.putAcl({ kind: object, oid, acl });
  }

  #forgetAcl(kind: ObjectAcl['kind'], oid: number): void {
    const { acls } = this.#data;
    if (acls?.some((acl) => acl.kind === kind && acl.oid === oid) === true) this.#change({ acls: acls.filter((acl) => acl.kind !== kind || acl.oid !== oid) });
  }

  /** Replaces the default privileges with that OID; `undefined` acl: takes them away. */
  putDefaultAcl(acl: Omit<DefaultAcl, 'acl'> & { readonly acl: DefaultAcl['acl'] | undefined }): void {
    const others = (this.#data.defaultAcls ?? []).filter((other) => other.oid !== acl.oid);
    this.#change({ defaultAcls: acl.acl === undefined ? others : [...others, { ...acl, acl: acl.acl }] });
  }

  freshGroup(): number {
    const id = this.#data.groups.reduce((next, group) => Math.max(next, group.id + 1), this.#data.nextGroup ?? 1);
    this.#change({ nextGroup: id + 1 });
    return id;
  }

  /** What the catalog says of a large object that is gone. */
  forgetLargeObject(oid: number): void {
    this.#forgetAcl('largeObject', oid);
    if (this.#data.comments?.some((one) => one.classOid === largeObjectClass && one.oid === oid) === true) this.putComment(largeObjectClass, oid, 0, undefined);
  }

  /** The privileges of a large object follow its owner. */
  moveLargeObjectAcl(oid: number, from: number, to: number): void {
    const stored = this.#data.acls?.find((one) => one.kind === 'largeObject' && one.oid === oid);
    if (stored?.acl !== undefined) this.putAcl({ ...stored, acl: withNewOwner(stored.acl, from, to) });
  }

  /** The comment of what keeps none itself; `undefined`: takes it away. */
  putComment(classOid: number, oid: number, part: number, text: string | undefined): void {
    this.#change({ comments: withComment(this.#data.comments ?? [], classOid, oid, part, text) });
  }

  /** From here on the database has the system's own table. */
  addSystemTable(table: Table): void {
    this.#change({ systemTables: [...(this.#data.systemTables ?? []), table.oid] });
  }

  addGroup(group: ShardGroup): void {
    this.#change({ groups: [...this.#data.groups, group] });
  }

  removeGroup(id: number): void {
    this.#change({ groups: this.#data.groups.filter((group) => group.id !== id) });
  }

  /** A name for the table's SQLite tables: the user's where it is free, so that the files stay readable. SQLite folds case. */
  physicalTableName(schema: string, name: string, oid: number): string {
    const wanted = schema === 'public' ? name : `${schema}.${name}`;
    const folded = wanted.toLowerCase();
    const taken = this.#data.relations.some((relation) => relation.kind === 'table' && relation.physicalName.toLowerCase() === folded);
    const reserved = folded.startsWith('sqlite_') || folded.startsWith('_') || wanted.includes('\u0000');
    return taken || reserved ? `${wanted.replace(/^(sqlite)?_/i, '')}_${String(oid)}` : wanted;
  }

  /** A name for a relation, constraint or index that no relation of the schema has: `base`, base1, base2, ... as PostgreSQL chooses. */
  freeName(schema: string, base: string, alsoTaken: (name: string) => boolean = () => false): string {
    for (let n = 0; ; n++) {
      const name = n === 0 ? base : `${base}${String(n)}`;
      if (this.nameTaken(schema, name) || alsoTaken(name)) continue;
      return name;
    }
  }

  /** True when a table, view, sequence or index of the schema has the name. */
  nameTaken(schema: string, name: string): boolean {
    return this.#data.relations.some(
      (relation) =>
        relation.schema === schema &&
        (relation.name === name ||
          (relation.kind === 'table' && relation.indexes.some((index) => index.name === name)) ||
          (relation.kind === 'partition' && relation.parts?.some((part) => part.kind === 'index' && part.name === name) === true)),
    );
  }
}

/** The table and index of an index name along the search path. */
export function findIndex(
  catalog: CatalogSnapshot,
  searchPath: readonly string[],
  name: string,
): { readonly table: Table; readonly index: Table['indexes'][number] } | undefined {
  for (const schema of searchPath) {
    for (const relation of catalog.data.relations) {
      if (relation.kind !== 'table' || relation.schema !== schema) continue;
      const index = relation.indexes.find((candidate) => candidate.name === name);
      if (index !== undefined) return { table: relation, index };
    }
  }
  return undefined;
}

/** `{table}_{columns}_{suffix}`, shortened to 63 bytes as PostgreSQL's makeObjectName does. */
export function objectName(table: string, columns: string, suffix: string): string {
  const overhead = (columns === '' ? 0 : 1) + (suffix === '' ? 0 : suffix.length + 1);
  let first = Buffer.byteLength(table);
  let second = Buffer.byteLength(columns);
  while (first + second > 63 - overhead) {
    if (first > second) first--;
    else second--;
  }
  const clip = (text: string, bytes: number): string =>
    Buffer.from(text)
      .subarray(0, bytes)
      .toString()
      .replace(/\uFFFD+$/, '');
  return [clip(table, first), clip(columns, second), suffix].filter((part) => part !== '').join('_');
}
