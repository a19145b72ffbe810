/**
 * Names of objects and their OIDs, both ways: what regclass and its kin read and show, to_regclass, pg_table_is_visible. Used by the binder for literals and by
 * catalog-lookup for values.
 * Source: regproc.c and namespace.c of PostgreSQL 15.
 */
import { PgError } from '../common/errors.js';
import { clipName } from '../common/names.js';
import { textSearchConfigurations, textSearchDictionaries } from '../types/text-search.js';
import type { FunctionEntry } from '../functions/function.js';
import { allOperators, functionByOid, functionsNamed, operatorsNamed } from '../functions/registry.js';
import { quoteIdentifier } from '../sql/quote.js';
import { formatType, Oid, typeByName, typeByOid } from '../types/registry.js';
import { privilegeBits } from './acl.js';
import { isCollation, requireCollation, shownCollation } from './collation.js';
import { deniedText, privilegesOn, securableSchema } from './privileges.js';
import { type ListedIndex, listedIndexes } from './partition-parts.js';
import { systemRelationNamed, systemRelationOf } from './pg-catalog/system-relations.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Relation } from './table.js';

/** Folded parts of a possibly quoted, dotted name. */
export function nameParts(text: string): readonly string[] {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === ' ') at++;
    let part = '';
    if (text[at] === '"') {
      at++;
      for (; at < text.length; at++) {
        if (text[at] !== '"') part += text[at];
        else if (text[at + 1] === '"') {
          part += '"';
          at++;
        } else break;
      }
      at++;
    } else {
      while (at < text.length && text[at] !== '.' && text[at] !== ' ') part += text[at++];
      part = part.toLowerCase();
    }
    parts.push(clipName(part));
    while (text[at] === ' ') at++;
    if (text[at] !== '.') return parts;
    at++;
  }
}

/** The path with pg_catalog first unless it is listed. */
export function withSystemSchema(searchPath: readonly string[]): readonly string[] {
  return searchPath.includes('pg_catalog') ? searchPath : ['pg_catalog', ...searchPath];
}

const indexesBySnapshot = new WeakMap<CatalogSnapshot, { readonly byOid: Map<number, ListedIndex>; readonly byName: Map<string, ListedIndex> }>();

function indexesOf(catalog: CatalogSnapshot): { readonly byOid: Map<number, ListedIndex>; readonly byName: Map<string, ListedIndex> } {
  let found = indexesBySnapshot.get(catalog);
  if (found === undefined) {
    found = { byOid: new Map(), byName: new Map() };
    for (const listed of listedIndexes(catalog)) {
      found.byOid.set(listed.index.oid, listed);
      found.byName.set(`${listed.table.schema}\u0000${listed.index.name}`, listed);
    }
    indexesBySnapshot.set(catalog, found);
  }
  return found;
}

export function indexByOid(catalog: CatalogSnapshot, oid: number): ListedIndex | undefined {
  return indexesOf(catalog).byOid.get(oid);
}

/** What pg_class has under a schema and name. */
function classOid(catalog: CatalogSnapshot, schema: string, name: string): number | undefined {
  const composite = catalog.types.compositeClass(schema, name);
  if (composite !== undefined) return composite;
  return catalog.relation(schema, name)?.oid ?? indexesOf(catalog).byName.get(`${schema}\u0000${name}`)?.index.oid ?? systemRelationNamed(schema, name)?.oid;
}

/** Schema and name of what pg_class has under an OID. */
export function classNamed(catalog: CatalogSnapshot, oid: number): { readonly schema: string; readonly name: string } | undefined {
  const relation: Relation | undefined = catalog.relationByOid(oid);
  if (relation !== undefined) return relation;
  const composite = catalog.types.classNamed(oid);
  if (composite !== undefined) return composite;
  const owned = indexByOid(catalog, oid);
  if (owned !== undefined) return { schema: owned.table.schema, name: owned.index.name };
  return systemRelationOf(oid);
}

function schemaKnown(catalog: CatalogSnapshot, schema: string): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema' || catalog.schemaExists(schema);
}

/** 42501 where the name has a schema that the role may not look into. */
export function requireNamedSchema(catalog: CatalogSnapshot, user: string, text: string): void {
  const open = text.indexOf('(');
  const schema = /\./.test(text) ? nameParts((open < 0 ? text : text.slice(0, open)).trim()).at(-2) : undefined;
  const role = schema === undefined || schema.startsWith('pg_') || schema === 'information_schema' ? undefined : catalog.role(user);
  const one = role === undefined || role.superuser || schema === undefined ? undefined : securableSchema(catalog, schema);
  if (role !== undefined && one !== undefined && privilegesOn(catalog, role.oid, one, privilegeBits.usage) === 0) throw new PgError('42501', deniedText(one));
}

/** The OID of the named object; errors as PostgreSQL's when there is none. `typeOid` is regclass or one of its kin. */
export function resolveObject(catalog: CatalogSnapshot, searchPath: readonly string[], typeOid: number, text: string): number {
  const trimmed = text.trim();
  if (trimmed === '-') return 0;
  if (/^\d+$/.test(trimmed)) return Number(trimmed);
  const parts = nameParts(trimmed);
  const name = parts[parts.length - 1] as string;
  const schema = parts.length > 1 ? parts[parts.length - 2] : undefined;
  switch (typeOid) {
    case Oid.regclass: {
      if (parts.length > 3) throw new PgError('42601', `improper relation name (too many dotted names): ${parts.join('.')}`);
      for (const path of schema === undefined ? withSystemSchema(searchPath) : [schema]) {
        const oid = classOid(catalog, path, name);
        if (oid !== undefined) return oid;
      }
      if (schema !== undefined && !schemaKnown(catalog, schema)) throw new PgError('3F000', `schema "${schema}" does not exist`);
      throw new PgError('42P01', `relation "${parts.join('.')}" does not exist`);
    }
    case Oid.regtype: {
      const plain = schema === undefined ? trimmed.toLowerCase().replace(/\s*\(.*\)/, '') : name;
      const type = typeByName(plain) ?? (schema === undefined && trimmed.startsWith('"') ? typeByName(name) : undefined);
      if (type !== undefined && (schema === undefined || schema === 'pg_catalog')) return type.oid;
      const isArray = /\[\s*\d*\s*\]$/.test(trimmed);
      const plainName = isArray ? name.replace(/\s*\[.*$/, '') : name;
      const own = schema === undefined ? catalog.types.find(searchPath, plainName) : catalog.types.oidOf(schema, plainName);
      if (own === undefined && schema !== undefined && !schemaKnown(catalog, schema)) throw new PgError('3F000', `schema "${schema}" does not exist`);
      if (own === undefined) throw new PgError('42704', `type "${parts.join('.')}" does not exist`);
      return isArray ? (catalog.types.named(own)?.arrayOid ?? own) : own;
    }
    case Oid.regproc: {
      const found = functionsCalled(catalog, searchPath, schema, name);
      if (found.length > 1) throw new PgError('42725', `more than one function named "${trimmed}"`);
      const [only] = found;
      if (only?.oid === undefined) throw new PgError('42883', `function "${trimmed}" does not exist`);
      return only.oid;
    }
    case Oid.regprocedure: {
      const open = trimmed.indexOf('(');
      if (open < 0) throw new PgError('22P02', 'expected a left parenthesis');
      const functionParts = nameParts(trimmed.slice(0, open));
      const args = typeList(trimmed.slice(open + 1, trimmed.lastIndexOf(')')), catalog, searchPath);
      const match = functionsCalled(catalog, searchPath, functionParts.at(-2), functionParts.at(-1) as string).find(
        (entry) => entry.args.length === args.length && entry.args.every((arg, i) => arg === args[i]),
      );
      if (match?.oid === undefined) throw new PgError('42883', `function "${trimmed}" does not exist`);
      return match.oid;
    }
    case Oid.regoper: {
      const found = operatorsNamed(operatorName(trimmed));
      if (found.length > 1) throw new PgError('42725', `more than one operator named ${trimmed}`);
      const [only] = found;
      if (only?.oid === undefined) throw new PgError('42883', `operator does not exist: ${trimmed}`);
      return only.oid;
    }
    case Oid.regoperator: {
      const open = trimmed.indexOf('(');
      if (open < 0) throw new PgError('22P02', 'expected a left parenthesis');
      const args = typeList(trimmed.slice(open + 1, trimmed.lastIndexOf(')')));
      const match = operatorsNamed(operatorName(trimmed.slice(0, open))).find((entry) => entry.left === (args[0] ?? 0) && entry.right === (args[1] ?? 0));
      if (match?.oid === undefined) throw new PgError('42883', `operator does not exist: ${trimmed}`);
      return match.oid;
    }
    case Oid.regnamespace: {
      const oid = schemaOidOf(catalog, name);
      if (oid === undefined) throw new PgError('3F000', `schema "${name}" does not exist`);
      return oid;
    }
    case Oid.regrole: {
      const role = catalog.role(name);
      if (role === undefined) throw new PgError('42704', `role "${name}" does not exist`);
      return role.oid;
    }
    case Oid.regcollation: {
      return requireCollation(catalog, searchPath, parts);
    }
    case Oid.regconfig:
    case Oid.regdictionary: {
      const oid = schema === undefined || schema === 'pg_catalog' ? textSearchObjects[typeOid].get(name) : undefined;
      if (oid === undefined) {
        const kind = typeOid === Oid.regconfig ? 'configuration' : 'dictionary';
        throw new PgError('42704', `text search ${kind} "${parts.join('.')}" does not exist`);
      }
      return oid;
    }
    default:
      if (schema !== undefined && !schemaKnown(catalog, schema)) throw new PgError('3F000', `schema "${schema}" does not exist`);
      throw new PgError('42704', `${formatType(typeOid)} "${trimmed}" does not exist`);
  }
}

const textSearchObjects = { [Oid.regconfig]: textSearchConfigurations, [Oid.regdictionary]: textSearchDictionaries } as const;

function operatorName(text: string): string {
  const dot = text.lastIndexOf('.');
  return (dot < 0 ? text : text.slice(dot + 1)).trim();
}

/** Functions of that name: of the registry, and the database's own along the path. */
function functionsCalled(catalog: CatalogSnapshot, searchPath: readonly string[], schema: string | undefined, name: string): readonly FunctionEntry[] {
  if (schema !== undefined) return schema === 'pg_catalog' ? functionsNamed(name) : catalog.functions.entries(schema, name);
  const own = searchPath.flatMap((path) => (path === 'pg_catalog' ? [] : catalog.functions.entries(path, name)));
  return own.length === 0 ? functionsNamed(name) : [...functionsNamed(name), ...own];
}

/** OIDs of a list of type names; -1 for one that is unknown. */
function typeOidOf(text: string, catalog: CatalogSnapshot | undefined, searchPath: readonly string[]): number {
  const known = typeByName(text.toLowerCase())?.oid;
  if (known !== undefined || catalog === undefined) return known ?? -1;
  try {
    return resolveObject(catalog, searchPath, Oid.regtype, text);
  } catch (error) {
    if (error instanceof PgError) return -1;
    throw error;
  }
}

function typeList(inside: string, catalog?: CatalogSnapshot, searchPath: readonly string[] = []): readonly number[] {
  return inside.trim() === '' ? [] : inside.split(',').map((part) => (part.trim().toLowerCase() === 'none' ? 0 : typeOidOf(part.trim(), catalog, searchPath)));
}

export function schemaOidOf(catalog: CatalogSnapshot, name: string): number | undefined {
  return (
    catalog.data.schemas.find((schema) => schema.name === name)?.oid ?? (name === 'pg_catalog' ? 11 : name === toastSchema.name ? toastSchema.oid : undefined)
  );
}

/** Where PostgreSQL keeps what rows are too long for: always there, and empty here. */
export const toastSchema = { oid: 99, name: 'pg_toast' } as const;

/** Whether an unqualified name of the relation would find it. */
export function isClassVisible(catalog: CatalogSnapshot, searchPath: readonly string[], oid: number): boolean | undefined {
  const named = classNamed(catalog, oid);
  if (named === undefined) return undefined;
  for (const path of withSystemSchema(searchPath)) {
    const found = classOid(catalog, path, named.name);
    if (found !== undefined) return found === oid;
  }
  return false;
}

/** What the OID alias type shows for an OID; undefined when there is no such object. */
export function objectName(catalog: CatalogSnapshot, searchPath: readonly string[], typeOid: number, oid: number): string | undefined {
  switch (typeOid) {
    case Oid.regclass: {
      const named = classNamed(catalog, oid);
      if (named === undefined) return undefined;
      const name = quoteIdentifier(named.name);
      return isClassVisible(catalog, searchPath, oid) === true ? name : `${quoteIdentifier(named.schema)}.${name}`;
    }
    case Oid.regtype:
      return typeByOid(oid) === undefined ? undefined : formatType(oid);
    case Oid.regproc: {
      const own = catalog.functions.byOid(oid);
      if (own !== undefined) {
        const alone = functionsCalled(catalog, searchPath, undefined, own.name).length === 1 && catalog.functions.isVisible(own, searchPath);
        return alone ? quoteIdentifier(own.name) : `${quoteIdentifier(own.schema)}.${quoteIdentifier(own.name)}`;
      }
      const entry = functionByOid(oid);
      if (entry === undefined) return undefined;
      const name = quoteIdentifier(entry.name);
      return functionsNamed(entry.name).length === 1 ? name : `pg_catalog.${name}`;
    }
    case Oid.regprocedure: {
      const own = catalog.functions.byOid(oid);
      const entry = own === undefined ? functionByOid(oid) : catalog.functions.entryByOid(oid);
      if (own !== undefined && !catalog.functions.isVisible(own, searchPath))
        return `${quoteIdentifier(own.schema)}.${quoteIdentifier(own.name)}(${(entry?.args ?? []).map((arg) => formatType(arg)).join(',')})`;
      return entry === undefined ? undefined : `${quoteIdentifier(entry.name)}(${entry.args.map((arg) => formatType(arg)).join(',')})`;
    }
    case Oid.regoper: {
      const entry = operatorByOid(oid);
      if (entry === undefined) return undefined;
      return operatorsNamed(entry.name).length === 1 ? entry.name : `pg_catalog.${entry.name}`;
    }
    case Oid.regoperator: {
      const entry = operatorByOid(oid);
      return entry === undefined ? undefined : `${entry.name}(${entry.left === 0 ? 'NONE' : formatType(entry.left)},${formatType(entry.right)})`;
    }
    case Oid.regnamespace: {
      const schema =
        catalog.data.schemas.find((candidate) => candidate.oid === oid)?.name ??
        (oid === 11 ? 'pg_catalog' : oid === toastSchema.oid ? toastSchema.name : undefined);
      return schema === undefined ? undefined : quoteIdentifier(schema);
    }
    case Oid.regrole: {
      const role = roleByOid(catalog, oid);
      return role === undefined ? undefined : quoteIdentifier(role);
    }
    case Oid.regcollation:
      return isCollation(catalog, oid) ? shownCollation(catalog, searchPath, oid) : undefined;
    default:
      return undefined;
  }
}

export function roleByOid(catalog: CatalogSnapshot, oid: number): string | undefined {
  return catalog.roles.byOid(oid)?.name;
}

let operators: Map<number, ReturnType<typeof allOperators>[number]> | undefined;

function operatorByOid(oid: number): ReturnType<typeof allOperators>[number] | undefined {
  operators ??= new Map(allOperators().flatMap((entry) => (entry.oid === undefined ? [] : [[entry.oid, entry] as const])));
  return operators.get(oid);
}
