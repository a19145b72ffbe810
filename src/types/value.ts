/**
 * The values that every layer passes on, and the session settings that their text forms depend on.
 * Values are the physical ones of docs/architecture.md: what SQLite stores is what the planner, the executor and the wire see.
 */

/** A physical value. A bigint where 2^53 may be exceeded; integers may come as number or bigint, every consumer takes both. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** Names of catalog objects, for the OID alias types (regclass and its kin). */
export interface ObjectNames {
  /** The text that the alias type shows for an OID; undefined when there is no such object. */
  readonly objectName: (typeOid: number, oid: number) => string | undefined;
  /** The OID of a name; PgError when there is no such object. */
  readonly objectOid: (typeOid: number, text: string) => number;
}

/** What the text form of a value depends on, apart from its type: the session's settings and the statement's clock. */
export interface TypeContext {
  /** IANA name, fixed offset or abbreviation, as `SET TimeZone` holds it. */
  readonly timeZone: string;
  readonly dateStyle: 'ISO' | 'SQL' | 'Postgres' | 'German';
  readonly dateOrder: 'MDY' | 'DMY' | 'YMD';
  readonly intervalStyle: 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';
  readonly extraFloatDigits: number;
  readonly byteaOutput: 'hex' | 'escape';
  /** The transaction's clock in microseconds since 2000-01-01 UTC: what the inputs 'now', 'today', 'tomorrow' and 'yesterday' mean. */
  readonly nowMicros: bigint;
  /** Where a catalog is at hand. Without it OID alias types show numbers. */
  readonly catalog?: ObjectNames;
}

/** The settings under which values are stored and compared as text (array elements at rest, keys). */
export const canonicalContext: TypeContext = {
  timeZone: 'UTC',
  dateStyle: 'ISO',
  dateOrder: 'MDY',
  intervalStyle: 'postgres',
  extraFloatDigits: 1,
  byteaOutput: 'hex',
  nowMicros: 0n,
};
