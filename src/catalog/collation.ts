/**
 * The collations that there are: names for the one order that Shoal has, that of the bytes. For everything that takes COLLATE, for regcollation and pg_collation.
 */

export interface Collation {
  readonly oid: number;
  readonly name: string;
  /** As in pg_collation: the database's own, or the C library's. */
  readonly provider: 'd' | 'c';
  /** Number of the only encoding that it is for. */
  readonly encoding?: number;
  readonly locale?: string;
}

const utf8 = 6;

/** OIDs as in PostgreSQL 15; those behind ucs_basic are the locales of the operating system. */
export const collations: readonly Collation[] = [
  { oid: 100, name: 'default', provider: 'd' },
  { oid: 950, name: 'C', provider: 'c', locale: 'C' },
  { oid: 951, name: 'POSIX', provider: 'c', locale: 'POSIX' },
  { oid: 12340, name: 'ucs_basic', provider: 'c', encoding: utf8, locale: 'C' },
  { oid: 12341, name: 'C.utf8', provider: 'c', encoding: utf8, locale: 'C.utf8' },
];

export const collationOids: ReadonlyMap<string, number> = new Map(collations.map(({ name, oid }) => [name, oid]));

/** The name of a collation that is not the database's own. */
export function ownCollationName(oid: number): string | undefined {
  return collations.find((one) => one.oid === oid && one.provider !== 'd')?.name;
}
