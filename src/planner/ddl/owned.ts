/**
 * What belongs to roles: REASSIGN OWNED, DROP OWNED, and what keeps a role from being dropped.
 * Source: pg_shdepend.c of PostgreSQL 15.
 */
import { type AclItem, type DefaultAcl, defaultAcl, sameAcl } from '../../catalog/acl.js';
import { CatalogEditor } from '../../catalog/edit.js';
import { languages, ownerOid } from '../../catalog/privileges.js';
import type { Role } from '../../catalog/role.js';
import { firstUserOid } from '../../catalog/server-catalog.js';
import type { Relation } from '../../catalog/table.js';
import type { UserFunction } from '../../catalog/user-function.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { ActionList, type DdlAction, type DdlContext } from './ddl.js';
import { dropAll } from './drop.js';
import { dropLargeObjects, largeObjectsOf, reassignLargeObjects } from './large-object.js';
import { functionSignatureText } from './function.js';
import { currentRole, giveRelation, moveAcl, relationNoun, roleOf } from './owner.js';

// --------------------------------------------------------------------------------------------------------- what depends on a role

interface Dependency {
  readonly oid: number;
  readonly part: number;
  readonly text: string;
}

function shown(context: DdlContext, object: { readonly schema: string; readonly name: string }): string {
  const visible = context.searchPath.includes(object.schema);
  return visible ? quoteIdentifier(object.name) : `${quoteIdentifier(object.schema)}.${quoteIdentifier(object.name)}`;
}

function relationText(context: DdlContext, relation: Relation): string {
  return `${relationNoun(relation)} ${shown(context, relation)}`;
}

const objectsOfDefaults: Readonly<Record<DefaultAcl['kind'], string>> = {
  table: 'relations',
  sequence: 'sequences',
  function: 'functions',
  type: 'types',
  schema: 'schemas',
};

function defaultAclText(context: DdlContext, one: DefaultAcl): string {
  const { snapshot } = context.editor;
  const schema = snapshot.data.schemas.find((candidate) => candidate.oid === one.schema);
  const role = snapshot.roles.byOid(one.role)?.name ?? String(one.role);
  return `default privileges on new ${objectsOfDefaults[one.kind]} belonging to role ${role}${schema === undefined ? '' : ` in schema ${schema.name}`}`;
}

/** (Procedures are called functions here.) */
function functionText(context: DdlContext, definition: UserFunction): string {
  const prefix = context.searchPath.includes(definition.schema) ? '' : `${quoteIdentifier(definition.schema)}.`;
  return `function ${prefix}${functionSignatureText(definition)}`;
}

function mentions(acl: readonly AclItem[] | undefined, role: number, owner: number): boolean {
  return role !== owner && acl?.some((item) => item.grantee === role || item.grantor === role) === true;
}

/** Lines for the DETAIL of DROP ROLE: what depends on the role in this database and among what all share, and how much in others. */
export function dependenciesOfRole(context: DdlContext, role: Role): readonly string[] {
  const { snapshot } = context.editor;
  const elsewhere = context.session.otherCatalogs().flatMap((catalog) => {
    const { length } = dependenciesIn({ ...context, editor: new CatalogEditor(catalog.data) }, role);
    return length === 0 ? [] : [`${String(length)} ${length === 1 ? 'object' : 'objects'} in database ${catalog.database.name}`];
  });
  const shared: Dependency[] = [];
  for (const entry of snapshot.databases) {
    if (entry.owner === role.name) shared.push({ oid: entry.oid, part: 0, text: `owner of database ${entry.name}` });
    if (mentions(snapshot.aclOf('database', entry.oid)?.acl, role.oid, ownerOid(snapshot, entry.owner)))
      shared.push({ oid: entry.oid, part: 1, text: `privileges for database ${entry.name}` });
  }
  for (const oid of largeObjectsOf(context, role.oid)) shared.push({ oid, part: 0, text: `owner of large object ${String(oid)}` });
  return [...[...dependenciesIn(context, role), ...shared].sort((a, b) => a.oid - b.oid || a.part - b.part).map((one) => one.text), ...elsewhere];
}

function dependenciesIn(context: DdlContext, role: Role): readonly Dependency[] {
  const { snapshot } = context.editor;
  const { data } = snapshot;
  const found: Dependency[] = [];
  const add = (oid: number, text: string, part = 0): void => {
    found.push({ oid, part, text });
  };
  const owned = (object: { readonly oid: number; readonly owner: string }, text: () => string): void => {
    if (object.owner === role.name) add(object.oid, `owner of ${text()}`);
  };
  for (const relation of data.relations) {
    owned(relation, () => relationText(context, relation));
    if (relation.kind === 'table')
      for (const policy of relation.rowSecurity?.policies ?? [])
        if (policy.roles.includes(role.oid)) add(policy.oid, `target of policy ${policy.name} on ${relationText(context, relation)}`);
  }
  for (const type of data.types ?? []) owned(type, () => `type ${shown(context, type)}`);
  for (const definition of data.functions ?? []) owned(definition, () => functionText(context, definition));
  for (const one of data.collations ?? []) owned(one, () => `collation ${shown(context, one)}`);
  for (const schema of data.schemas) owned(schema, () => `schema ${schema.name}`);
  for (const one of data.acls ?? []) {
    const object = aclObject(context, one.kind, one.oid);
    if (object === undefined) continue;
    if (mentions(one.acl, role.oid, object.owner)) add(one.oid, `privileges for ${object.text}`);
    for (const column of one.columns ?? []) {
      const relation = snapshot.relationByOid(one.oid);
      if (relation === undefined || relation.kind === 'sequence' || !mentions(column.acl, role.oid, object.owner)) continue;
      const name = columnName(relation, column.attribute);
      if (name !== undefined) add(one.oid, `privileges for column ${name} of ${object.text}`, column.attribute);
    }
  }
  for (const one of data.defaultAcls ?? []) {
    if (one.role === role.oid) add(one.oid, `owner of ${defaultAclText(context, one)}`);
    else if (mentions(one.acl, role.oid, one.role)) add(one.oid, `privileges for ${defaultAclText(context, one)}`);
  }
  return found;
}

function columnName(relation: Exclude<Relation, { readonly kind: 'sequence' }>, attribute: number): string | undefined {
  return relation.kind === 'view' ? relation.columns[attribute - 1]?.name : relation.columns.find((column) => column.attribute === attribute)?.name;
}

function aclObject(context: DdlContext, kind: string, oid: number): { readonly text: string; readonly owner: number } | undefined {
  const { snapshot } = context.editor;
  const owner = (name: string): number => ownerOid(snapshot, name);
  switch (kind) {
    case 'relation': {
      const relation = snapshot.relationByOid(oid);
      return relation === undefined ? { text: `table ${String(oid)}`, owner: 10 } : { text: relationText(context, relation), owner: owner(relation.owner) };
    }
    case 'function': {
      const definition = snapshot.functions.byOid(oid);
      return definition === undefined
        ? { text: `function ${String(oid)}`, owner: 10 }
        : { text: functionText(context, definition), owner: owner(definition.owner) };
    }
    case 'type': {
      const type = snapshot.types.definition(oid);
      return type === undefined ? { text: `type ${String(oid)}`, owner: 10 } : { text: `type ${shown(context, type)}`, owner: owner(type.owner) };
    }
    case 'schema': {
      const schema = snapshot.data.schemas.find((one) => one.oid === oid);
      return schema === undefined ? undefined : { text: `schema ${schema.name}`, owner: owner(schema.owner) };
    }
    case 'database': {
      const entry = snapshot.databaseByOid(oid);
      return entry === undefined ? undefined : { text: `database ${entry.name}`, owner: owner(entry.owner) };
    }
    case 'language':
      return { text: `language ${languages.find((one) => one.oid === oid)?.name ?? String(oid)}`, owner: 10 };
    case 'largeObject':
      return { text: `large object ${String(oid)}`, owner: -1 };
    default:
      return { text: `${kind} ${String(oid)}`, owner: 10 };
  }
}

/** DROP ROLE: the role with its memberships and settings; nothing else depends on it. */
export function forgetRole(context: DdlContext, role: Role): void {
  const { editor } = context;
  for (const other of editor.snapshot.roles.all()) {
    const memberOf = (other.memberOf ?? []).filter((membership) => membership.role !== role.oid);
    if (memberOf.length !== (other.memberOf ?? []).length) editor.putRole({ ...other, memberOf });
  }
  for (const settings of editor.snapshot.data.server.roleSettings) if (settings.role === role.oid) editor.putRoleSettings({ ...settings, values: [] });
  editor.removeRole(role.oid);
}

// ------------------------------------------------------------------------------------------------- REASSIGN OWNED, DROP OWNED

function requireUnpinned(role: Role, what: string): void {
  if (role.oid < firstUserOid) throw new PgError('2BP01', `cannot ${what} objects owned by role ${role.name} because they are required by the database system`);
}

export function planReassignOwned(statement: ast.ReassignOwned, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const me = currentRole(context);
  const from = statement.roles.map((role) => roleOf(context, role));
  for (const role of from) if (!editor.snapshot.roles.hasPrivilegesOf(me.oid, role.oid)) throw new PgError('42501', 'permission denied to reassign objects');
  const to = roleOf(context, statement.to);
  if (!editor.snapshot.roles.hasPrivilegesOf(me.oid, to.oid)) throw new PgError('42501', 'permission denied to reassign objects');
  for (const role of from) {
    requireUnpinned(role, 'reassign ownership of');
    const { data } = editor.snapshot;
    for (const relation of data.relations) if (relation.owner === role.name) giveRelation(context, relation.oid, to.name);
    for (const type of data.types ?? [])
      if (type.owner === role.name) {
        editor.putType({ ...type, owner: to.name });
        moveAcl(context, 'type', type.oid, role.name, to.name);
      }
    for (const definition of data.functions ?? [])
      if (definition.owner === role.name) {
        editor.putFunction({ ...definition, owner: to.name });
        moveAcl(context, 'function', definition.oid, role.name, to.name);
      }
    for (const one of data.collations ?? []) if (one.owner === role.name) editor.putCollation({ ...one, owner: to.name });
    for (const schema of data.schemas)
      if (schema.owner === role.name) {
        editor.putSchema({ ...schema, owner: to.name });
        moveAcl(context, 'schema', schema.oid, role.name, to.name);
      }
    for (const entry of data.server.databases)
      if (entry.owner === role.name) {
        editor.putDatabase({ ...entry, owner: to.name });
        moveAcl(context, 'database', entry.oid, role.name, to.name);
      }
  }
  const list = new ActionList(editor);
  for (const role of from) reassignLargeObjects(context, list, role.oid, to.oid);
  list.flush();
  return list.actions;
}

/** What is left of privileges without a role's part in them. */
function without(acl: readonly AclItem[], role: number): readonly AclItem[] {
  return acl.filter((item) => item.grantee !== role && item.grantor !== role);
}

export function planDropOwned(statement: ast.DropOwned, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const me = currentRole(context);
  const roles = statement.roles.map((role) => roleOf(context, role));
  for (const role of roles) if (!editor.snapshot.roles.hasPrivilegesOf(me.oid, role.oid)) throw new PgError('42501', 'permission denied to drop objects');
  for (const role of roles) requireUnpinned(role, 'drop');
  const isOwned = (object: { readonly owner: string }): boolean => roles.some((role) => role.name === object.owner);
  const list = new ActionList(editor);
  for (const role of roles) {
    for (const one of [...(editor.snapshot.data.acls ?? []), ...editor.snapshot.data.server.acls]) {
      const object = aclObject(context, one.kind, one.oid);
      if (object === undefined || object.owner === role.oid) continue;
      const columns = one.columns?.map((column) => ({ ...column, acl: without(column.acl, role.oid) })).filter((column) => column.acl.length > 0);
      editor.putAcl({
        kind: one.kind,
        oid: one.oid,
        ...(one.acl === undefined ? {} : { acl: without(one.acl, role.oid) }),
        ...(columns === undefined || columns.length === 0 ? {} : { columns }),
      });
    }
    for (const one of editor.snapshot.data.defaultAcls ?? []) {
      if (one.role === role.oid) editor.putDefaultAcl({ ...one, acl: undefined });
      else if (mentions(one.acl, role.oid, one.role)) {
        const acl = without(one.acl, role.oid);
        editor.putDefaultAcl({ ...one, acl: sameAcl(acl, one.schema === 0 ? defaultAcl(one.kind, one.role) : []) ? undefined : acl });
      }
    }
    for (const relation of editor.snapshot.data.relations) {
      if (relation.kind !== 'table' || relation.rowSecurity === undefined) continue;
      if (!relation.rowSecurity.policies.some((policy) => policy.roles.includes(role.oid))) continue;
      const policies = relation.rowSecurity.policies
        .map((policy) => ({ ...policy, roles: policy.roles.filter((oid) => oid !== role.oid) }))
        .filter((policy) => policy.roles.length > 0);
      editor.put({ ...relation, rowSecurity: { ...relation.rowSecurity, policies } });
    }
  }
  for (const role of roles) dropLargeObjects(context, list, role.oid);
  const { data } = editor.snapshot;
  const linked = (relation: Relation): boolean => {
    if (relation.kind !== 'sequence' || relation.ownedBy === undefined) return false;
    const table = editor.snapshot.relationByOid(relation.ownedBy.tableOid);
    return table !== undefined && isOwned(table);
  };
  dropAll(
    context,
    list,
    data.relations.filter((relation) => isOwned(relation) && !linked(relation)),
    statement.cascade,
  );
  list.flush();
  const { cascade } = statement;
  const drop = (object: ast.ObjectType, target: ast.ObjectReference): void => {
    list.actions.push({ kind: 'runStatement', statement: { kind: 'drop', object, objects: [target], ifExists: true, cascade, concurrently: false } });
  };
  for (const definition of data.functions ?? []) if (isOwned(definition)) editor.removeFunction(definition.oid);
  list.flush();
  for (const type of data.types ?? [])
    if (isOwned(type) && type.kind !== 'multirange') drop(type.kind === 'domain' ? 'domain' : 'type', { name: [type.schema, type.name] });
  for (const one of data.collations ?? []) if (isOwned(one)) drop('collation', { name: [one.schema, one.name] });
  for (const schema of data.schemas) if (isOwned(schema)) drop('schema', { name: [schema.name] });
  return list.actions;
}
