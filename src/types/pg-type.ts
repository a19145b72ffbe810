/**
 * What a PostgreSQL type is to Shoal: its catalog row and its codec between text, binary and physical values.
 * The binder reads the catalog part, the wire and COPY the codec, the SQLite writer `physical` and `key`.
 */
import type { CompositeField } from './composite.js';
import type { EnumMember } from './enum.js';
import type { SqlValue, TypeContext } from './value.js';

/**
 * The form of a type's physical values:
 * `integer` INTEGER; `boolean` INTEGER 0/1; `float` REAL (or TEXT 'NaN'); `numeric` TEXT (general) or INTEGER (decimal column);
 * `text` TEXT; `blob` BLOB; `none` a pseudo-type without values.
 */
export type PhysicalKind = 'integer' | 'boolean' | 'float' | 'numeric' | 'text' | 'blob' | 'none';

/** pg_type's part that needs no code. */
export interface TypeRow {
  readonly oid: number;
  /** pg_type.typname, e.g. `int4`. */
  readonly name: string;
  /** What format_type() shows without a modifier, e.g. `integer`. */
  readonly displayName: string;
  /** pg_type.typlen: bytes of a fixed-width type, -1 variable, -2 C string. */
  readonly length: number;
  /** pg_type.typtype: b(ase), p(seudo), r(ange), m(ultirange), e(num), d(omain), c(omposite). */
  readonly kind: 'b' | 'p' | 'r' | 'm' | 'e' | 'd' | 'c';
  /** pg_type.typcategory. */
  readonly category: string;
  readonly preferred: boolean;
  /** The element of an array (or of int2vector, oidvector, name, point: pg_type.typelem). */
  readonly elementOid?: number;
  readonly arrayOid?: number;
  /** pg_type.typalign. */
  readonly align: 'c' | 's' | 'i' | 'd';
  readonly byValue: boolean;
  /** pg_type.typstorage. */
  readonly storage: 'p' | 'x' | 'm' | 'e';
  /** pg_type.typcollation: 0 not collatable, 100 default, 950 C. */
  readonly collationOid: number;
  /** pg_type.typdelim. */
  readonly delimiter: string;
}

/** The code of a type. Errors are PgErrors with PostgreSQL's words. `typmod` is pg_attribute.atttypmod: -1 for none. */
export interface TypeCodec {
  readonly physical: PhysicalKind;
  /** Values may exceed 2^53, so that they must be read as bigint. */
  readonly wide: boolean;
  /** The text form differs between canonicalContext (what arrays and composites hold) and a session's. */
  readonly contextual?: boolean;
  /** Text input (typinput). The typmod is applied as typinput does: an over-long varchar is 22001, a numeric is rounded. */
  parse(text: string, typmod: number, context: TypeContext): SqlValue;
  /** Text output (typoutput) of a value that is not null. */
  format(value: SqlValue, typmod: number, context: TypeContext): string;
  /** Binary input (typreceive). */
  decodeBinary(bytes: Uint8Array, typmod: number, context: TypeContext): SqlValue;
  /** Binary output (typsend) of a value that is not null. */
  encodeBinary(value: SqlValue, typmod: number, context: TypeContext): Uint8Array;
  /** INTEGER, TEXT or BLOB whose SQLite order and equality are PostgreSQL's; absent where the physical value's own are. Null stays null. */
  key?(value: SqlValue): SqlValue;
  /** Of domains: throws 23502 or 23514 when the value may not be one of the domain. */
  check?(value: SqlValue, asked?: NamedDomain): void;
  /** Of domains: throws 23502 when there must be a value. */
  acceptNull?(): void;
  /** Modifier from the parenthesised arguments, e.g. numeric(10,2). */
  typmodIn?(args: readonly number[]): number;
  /** Modifier as format_type() shows it, e.g. `(10,2)`; '' for none. */
  typmodOut?(typmod: number): string;
  /** Length or scale coercion: an explicit cast truncates, an assignment fails with 22001 or 22003. Null stays null. */
  coerceTypmod?(value: SqlValue, typmod: number, explicit: boolean): SqlValue;
}

/** A domain as messages name it. */
export interface NamedDomain {
  readonly schema: string;
  readonly name: string;
}

/** What a user-defined type is, beyond its row and codec. */
export type TypeDefinition =
  | { readonly kind: 'enum'; readonly members: readonly EnumMember[] }
  | { readonly kind: 'domain'; readonly baseOid: number; readonly baseTypmod: number }
  | { readonly kind: 'composite'; readonly fields: readonly CompositeField[] }
  | { readonly kind: 'range' | 'multirange'; readonly rangeOid: number; readonly subtypeOid: number; readonly multirangeOid: number };

export interface PgType extends TypeRow, TypeCodec {
  readonly definition?: TypeDefinition;
}
