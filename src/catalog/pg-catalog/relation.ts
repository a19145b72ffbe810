/**
 * A relation of pg_catalog or information_schema: its columns, and how its rows follow from the catalog. One file a relation beside this one.
 */
import type { CatalogSnapshot } from '../snapshot.js';
import type { SqlValue } from '../../types/value.js';

/** What rows may depend on besides the catalog. */
export interface CatalogEnvironment {
  readonly catalog: CatalogSnapshot;
  readonly user: string;
  readonly settings: { get(name: string): string | undefined };
}

export interface CatalogColumn {
  readonly name: string;
  readonly typeOid: number;
}

export interface CatalogRelation {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
  readonly columns: readonly CatalogColumn[];
  /** Physical values in the order of `columns`. */
  readonly rows: (environment: CatalogEnvironment) => Iterable<readonly SqlValue[]>;
}

/** `name type, ...` with type names of pg_type. */
export function relation(
  schema: string,
  name: string,
  oid: number,
  columns: readonly (readonly [name: string, typeOid: number])[],
  rows: CatalogRelation['rows'],
): CatalogRelation {
  return { schema, name, oid, columns: columns.map(([columnName, typeOid]) => ({ name: columnName, typeOid })), rows };
}
