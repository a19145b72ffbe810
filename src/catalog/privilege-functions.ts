/**
 * What has_table_privilege() and its kin, pg_has_role() and row_security_active() answer from a snapshot. Called by SnapshotLookup.
 * Source: acl.c of PostgreSQL 15 (convert_any_priv_string, has_table_privilege_name_name and their kin).
 */
import { toastSchema } from './object-names.js';
import { PgError } from '../common/errors.js';
import type { PrivilegeQuestion } from '../functions/function.js';
import { functionByOid } from '../functions/registry.js';
import { Oid, typeByOid } from '../types/registry.js';
import { type PrivilegeName, privilegeBits } from './acl.js';
import { indexByOid, resolveObject } from './object-names.js';
import {
  languages,
  ownerOid,
  privilegesOn,
  privilegesOnColumn,
  type Securable,
  securableDatabase,
  securableFunction,
  securableLanguage,
  securableRelation,
  securableSchema,
  securableSystemRelation,
  securableType,
} from './privileges.js';
import { systemRelationOf } from './pg-catalog/system-relations.js';
import { bootstrapRoleOid } from './role.js';
import type { CatalogSnapshot } from './snapshot.js';

const table: readonly PrivilegeName[] = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'];
const column: readonly PrivilegeName[] = ['select', 'insert', 'update', 'references'];

const namesOf: Readonly<Record<PrivilegeQuestion['kind'], readonly PrivilegeName[]>> = {
  table,
  column,
  any_column: column,
  sequence: ['usage', 'select', 'update'],
  database: ['create', 'temporary', 'connect'],
  function: ['execute'],
  language: ['usage'],
  schema: ['create', 'usage'],
  tablespace: ['create'],
  type: ['usage'],
  foreign_data_wrapper: ['usage'],
  server: ['usage'],
  parameter: ['set', 'alter system'],
};

interface Asked {
  readonly privileges: number;
  readonly options: number;
}

function parsePrivileges(text: string, allowed: readonly PrivilegeName[]): Asked {
  let privileges = 0;
  let options = 0;
  for (const part of text.split(',')) {
    const chunk = part.trim();
    const lower = chunk.toLowerCase();
    const withOption = lower.endsWith(' with grant option');
    const word = withOption ? lower.slice(0, -' with grant option'.length) : lower;
    if (word === 'rule' && allowed === table) continue;
    const name = (word === 'temp' ? 'temporary' : word) as PrivilegeName;
    if (!allowed.includes(name)) throw new PgError('22023', `unrecognized privilege type: "${chunk}"`);
    if (withOption) options |= privilegeBits[name];
    else privileges |= privilegeBits[name];
  }
  return { privileges, options };
}

function missingRole(name: string): PgError {
  return new PgError('42704', `role "${name}" does not exist`);
}

function roleOid(catalog: CatalogSnapshot, role: string | number, publicToo: boolean): number {
  if (typeof role === 'number') return role;
  if (publicToo && role === 'public') return 0;
  const found = catalog.roles.named(role);
  if (found === undefined) throw missingRole(role);
  return found.oid;
}

/** Any relation of pg_class, indexes and composite types included. */
function anyRelation(catalog: CatalogSnapshot, oid: number): Securable | undefined {
  const own = securableRelation(catalog, oid);
  if (own !== undefined) return own;
  const system = systemRelationOf(oid);
  if (system !== undefined) return securableSystemRelation(system);
  const indexed = indexByOid(catalog, oid);
  if (indexed !== undefined)
    return { object: 'relation', kind: 'table', oid, owner: ownerOid(catalog, indexed.table.owner), name: indexed.index.name, noun: 'index' };
  const type = catalog.data.types?.find((one) => one.kind === 'composite' && one.classOid === oid);
  return type === undefined ? undefined : { object: 'relation', kind: 'table', oid, owner: ownerOid(catalog, type.owner), name: type.name, noun: 'type' };
}

function securable(catalog: CatalogSnapshot, searchPath: readonly string[], kind: PrivilegeQuestion['kind'], object: string | number): Securable | undefined {
  const resolve = (type: number): number => (typeof object === 'number' ? object : resolveObject(catalog, searchPath, type, object));
  switch (kind) {
    case 'table':
    case 'column':
    case 'any_column':
      return anyRelation(catalog, resolve(Oid.regclass));
    case 'sequence': {
      const found = anyRelation(catalog, resolve(Oid.regclass));
      if (found !== undefined && found.kind !== 'sequence') throw new PgError('42809', `"${found.name}" is not a sequence`);
      return found;
    }
    case 'schema': {
      if (object === toastSchema.name || object === toastSchema.oid)
        return { object: 'schema', kind: 'schema', oid: toastSchema.oid, owner: bootstrapRoleOid, name: toastSchema.name, noun: 'schema' };
      const found = catalog.data.schemas.find((schema) => schema.name === object || schema.oid === object);
      if (found === undefined && typeof object === 'string') throw new PgError('3F000', `schema "${object}" does not exist`);
      return found === undefined ? undefined : securableSchema(catalog, found.name);
    }
    case 'database': {
      const found = catalog.databases.find((one) => one.name === object || one.oid === object);
      if (found !== undefined) return securableDatabase(catalog, found);
      if (typeof object === 'string') throw new PgError('3D000', `database "${object}" does not exist`);
      return undefined;
    }
    case 'function': {
      const oid = resolve(Oid.regprocedure);
      const own = catalog.functions.byOid(oid);
      if (own !== undefined) return securableFunction(own, ownerOid(catalog, own.owner));
      const entry = functionByOid(oid);
      return entry === undefined ? undefined : securableFunction({ oid, name: entry.name, kind: entry.kind }, bootstrapRoleOid);
    }
    case 'type': {
      const oid = resolve(Oid.regtype);
      const named = catalog.types.named(oid);
      if (named !== undefined) return securableType(named.oid, named.name, ownerOid(catalog, named.owner));
      const builtIn = typeByOid(oid);
      return builtIn === undefined ? undefined : securableType(oid, builtIn.name, bootstrapRoleOid);
    }
    case 'language': {
      const found = languages.find((one) => one.name === object || one.oid === object);
      if (found === undefined && typeof object === 'string') throw new PgError('42704', `language "${object}" does not exist`);
      return found === undefined ? undefined : securableLanguage(found.name);
    }
    case 'tablespace': {
      const found = tablespaces.find((one) => one.name === object || one.oid === object);
      if (found === undefined && typeof object === 'string') throw new PgError('42704', `tablespace "${object}" does not exist`);
      // (Nothing but ownership counts: nothing is granted on tablespaces.)
      return found === undefined
        ? undefined
        : { object: 'parameter', kind: 'parameter', oid: 0, owner: bootstrapRoleOid, name: found.name, noun: 'tablespace' };
    }
    case 'foreign_data_wrapper':
      if (typeof object === 'string') throw new PgError('42704', `foreign-data wrapper "${object}" does not exist`);
      return undefined;
    case 'server':
      if (typeof object === 'string') throw new PgError('42704', `server "${object}" does not exist`);
      return undefined;
    case 'parameter':
      return { object: 'parameter', kind: 'parameter', oid: 0, owner: bootstrapRoleOid, name: String(object), noun: 'parameter' };
  }
}

const tablespaces = [
  { oid: 1663, name: 'pg_default' },
  { oid: 1664, name: 'pg_global' },
] as const;

/** null: there is no such object. */
export function answerPrivilege(catalog: CatalogSnapshot, searchPath: readonly string[], question: PrivilegeQuestion): boolean | null {
  const role = roleOid(catalog, question.role, true);
  const one = securable(catalog, searchPath, question.kind, question.object);
  const attribute = question.column === undefined || one === undefined ? undefined : attributeOf(catalog, one, question.column);
  const { privileges, options } = parsePrivileges(question.privilege, namesOf[question.kind]);
  if (one === undefined || attribute === null) return null;
  const held = (option: boolean, wanted: number, of?: number): boolean =>
    wanted !== 0 && (of === undefined ? privilegesOn(catalog, role, one, wanted, option) : privilegesOnColumn(catalog, role, one, of, wanted, option)) !== 0;
  const holds = (of?: number): boolean => held(false, privileges, of) || held(true, options, of);
  if (holds()) return true;
  if (attribute !== undefined) return holds(attribute);
  if (question.kind !== 'any_column') return false;
  return (catalog.aclOf('relation', one.oid)?.columns ?? []).some((of) => holds(of.attribute));
}

/** The columns that every table has. */
const systemAttributes = ['ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid'].map((name, at) => ({ name, attribute: -1 - at }));

/** null: a number that no column has. */
function attributeOf(catalog: CatalogSnapshot, one: Securable, wanted: string | number): number | null {
  const relation = catalog.relationByOid(one.oid);
  const columns: readonly { readonly name: string; readonly attribute: number }[] =
    relation === undefined
      ? (systemRelationOf(one.oid)?.columns.map(({ name }, i) => ({ name, attribute: i + 1 })) ?? [])
      : relation.kind === 'sequence'
        ? ['last_value', 'log_cnt', 'is_called'].map((name, i) => ({ name, attribute: i + 1 }))
        : relation.kind === 'view'
          ? relation.columns.map(({ name }, i) => ({ name, attribute: i + 1 }))
          : relation.columns;
  const found = [...columns, ...systemAttributes].find((candidate) => candidate.name === wanted || candidate.attribute === wanted);
  if (found === undefined && typeof wanted === 'string') throw new PgError('42703', `column "${wanted}" of relation "${one.name}" does not exist`);
  return found?.attribute ?? null;
}

export function answerRole(catalog: CatalogSnapshot, member: string | number, role: string | number, privilege: string): boolean {
  const { roles } = catalog;
  const memberOid = roleOid(catalog, member, false);
  const oid = roleOid(catalog, role, false);
  return privilege.split(',').reduce((held, part) => {
    const word = part.trim().toLowerCase();
    const kind = /^(usage|member)( with (?:grant|admin) option)?$/.exec(word);
    if (kind === null) throw new PgError('22023', `unrecognized privilege type: "${part.trim()}"`);
    const has =
      kind[2] !== undefined ? roles.isAdminOf(memberOid, oid) : kind[1] === 'usage' ? roles.hasPrivilegesOf(memberOid, oid) : roles.isMemberOf(memberOid, oid);
    return held || has;
  }, false);
}
