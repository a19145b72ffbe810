/**
 * Collations: those of pg_catalog, and those that CREATE COLLATION made. All of them order by code point, so a collation is a name that columns and expressions carry;
 * which one an expression has is derived by planner/bind/collation.
 */
import { PgError } from '../common/errors.js';
import { quoteIdentifier } from '../sql/quote.js';
import { typeByOid } from '../types/registry.js';
import type { CatalogSnapshot } from './snapshot.js';

/** What CREATE COLLATION made. */
export interface Collation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  /** The locale's names. */
  readonly collate: string;
  readonly ctype: string;
  /** As pg_encoding_to_char() reads it; -1: of any. */
  readonly encoding: number;
  readonly comment?: string;
}

/** How columns, domains and index keys keep one: the name of one of pg_catalog, or the OID of one of the database's own. */
export type CollationRef = string | number;

export const defaultCollation = 100;
export const cCollation = 950;

export interface BuiltInCollation {
  readonly oid: number;
  readonly name: string;
  readonly locale?: string;
  readonly encoding: number;
}

/** Those of pg_catalog, in order of their OIDs. */
export const builtInCollations: readonly BuiltInCollation[] = [
  { oid: defaultCollation, name: 'default', encoding: -1 },
  { oid: cCollation, name: 'C', locale: 'C', encoding: -1 },
  { oid: 951, name: 'POSIX', locale: 'POSIX', encoding: -1 },
  { oid: 12340, name: 'ucs_basic', locale: 'C', encoding: 6 },
  { oid: 12341, name: 'C.utf8', locale: 'C.utf8', encoding: 6 },
];

const byName: ReadonlyMap<string, number> = new Map([...builtInCollations.map(({ name, oid }) => [name, oid] as const), ['C.UTF-8', 12341]]);

/** OID of a collation as it is kept; that of the type where nothing is. */
export function collationOid(ref: CollationRef | undefined, typeOid: number): number {
  if (typeof ref === 'number') return ref;
  return (ref === undefined ? undefined : byName.get(ref)) ?? typeByOid(typeOid)?.collationOid ?? 0;
}

/** As it is kept: undefined for the one that the type has anyway. */
export function collationRef(oid: number, typeOid: number): CollationRef | undefined {
  if (oid === 0 || oid === (typeByOid(typeOid)?.collationOid ?? 0)) return undefined;
  return builtInCollations.find((one) => one.oid === oid)?.name ?? oid;
}

export function ownCollation(catalog: CatalogSnapshot, oid: number): Collation | undefined {
  return catalog.data.collations?.find((one) => one.oid === oid);
}

export function isCollation(catalog: CatalogSnapshot, oid: number): boolean {
  return builtInCollations.some((one) => one.oid === oid) || ownCollation(catalog, oid) !== undefined;
}

/** The name alone, for messages. */
export function collationName(catalog: CatalogSnapshot, oid: number): string {
  return builtInCollations.find((one) => one.oid === oid)?.name ?? ownCollation(catalog, oid)?.name ?? String(oid);
}

function along(catalog: CatalogSnapshot, searchPath: readonly string[], name: string): number | undefined {
  const path = searchPath.includes('pg_catalog') ? searchPath : ['pg_catalog', ...searchPath];
  for (const schema of path) {
    const found = inSchema(catalog, schema, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inSchema(catalog: CatalogSnapshot, schema: string, name: string): number | undefined {
  if (schema === 'pg_catalog') return byName.get(name);
  return catalog.data.collations?.find((one) => one.schema === schema && one.name === name)?.oid;
}

/** OID of the collation that a possibly qualified name means. */
export function findCollation(catalog: CatalogSnapshot, searchPath: readonly string[], parts: readonly string[]): number | undefined {
  const name = parts.at(-1) ?? '';
  const schema = parts.at(-2);
  return schema === undefined ? along(catalog, searchPath, name) : inSchema(catalog, schema, name);
}

export function unknownCollation(parts: readonly string[]): PgError {
  return new PgError('42704', `collation "${parts.join('.')}" for encoding "UTF8" does not exist`);
}

/** The OID, or 42704 (3F000 where the schema is missing). */
export function requireCollation(catalog: CatalogSnapshot, searchPath: readonly string[], parts: readonly string[]): number {
  const found = findCollation(catalog, searchPath, parts);
  if (found !== undefined) return found;
  const schema = parts.at(-2);
  if (schema !== undefined && schema !== 'pg_catalog' && schema !== 'information_schema' && !catalog.schemaExists(schema))
    throw new PgError('3F000', `schema "${schema}" does not exist`);
  throw unknownCollation(parts);
}

/** Whether the name alone finds it; undefined: there is none of that OID. */
export function isCollationVisible(catalog: CatalogSnapshot, searchPath: readonly string[], oid: number): boolean | undefined {
  return isCollation(catalog, oid) ? along(catalog, searchPath, collationName(catalog, oid)) === oid : undefined;
}

/** Quoted, and qualified where the search path does not find it: as COLLATE is followed by. */
export function shownCollation(catalog: CatalogSnapshot, searchPath: readonly string[], oid: number): string {
  const name = collationName(catalog, oid);
  const own = ownCollation(catalog, oid);
  const shown = quoteIdentifier(name);
  return own === undefined || along(catalog, searchPath, name) === oid ? shown : `${quoteIdentifier(own.schema)}.${shown}`;
}
