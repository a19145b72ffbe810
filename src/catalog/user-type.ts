/**
 * Types that CREATE TYPE and CREATE DOMAIN make, as catalog objects: immutable, cloneable, stored and published like relations. `database-types` turns them into
 * what the type registry answers.
 */

import type { CollationRef } from './collation.js';

interface UserTypeBase {
  readonly oid: number;
  /** The type's array type, and its name: `_name`, or with more underscores when that is taken. */
  readonly arrayOid: number;
  readonly arrayName: string;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly comment?: string;
}

export interface EnumLabel {
  readonly oid: number;
  readonly label: string;
  /** pg_enum.enumsortorder: 1, 2, ...; between two of them for ADD VALUE BEFORE. */
  readonly sortOrder: number;
  /** Added by a transaction that has not committed: it cannot be used yet. */
  readonly fresh?: true;
}

export interface EnumType extends UserTypeBase {
  readonly kind: 'enum';
  /** In order. */
  readonly labels: readonly EnumLabel[];
}

export interface DomainCheck {
  readonly oid: number;
  readonly name: string;
  readonly expressionText: string;
  /** The expression in SQLite's spelling, over the value `?1` in the base type's general form. */
  readonly sql: string;
  readonly validated: boolean;
  readonly comment?: string;
}

export interface DomainType extends UserTypeBase {
  readonly kind: 'domain';
  /** The type that it is over, which may be a domain itself. */
  readonly baseOid: number;
  readonly baseTypmod: number;
  readonly notNull: boolean;
  readonly defaultText?: string;
  readonly collation?: CollationRef;
  readonly checks: readonly DomainCheck[];
}

export interface Attribute {
  readonly attribute: number;
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly collation?: CollationRef;
  readonly comment?: string;
}

export interface CompositeType extends UserTypeBase {
  readonly kind: 'composite';
  /** Its row in pg_class. */
  readonly classOid: number;
  /** Live attributes in order of their numbers. */
  readonly attributes: readonly Attribute[];
  /** Highest attribute number ever given. */
  readonly lastAttribute: number;
}

/** The functions that make values of a range type: they keep their name when the type gets another. */
export interface ConstructorName {
  readonly schema: string;
  readonly name: string;
}

export interface RangeType extends UserTypeBase {
  readonly kind: 'range';
  readonly constructors: ConstructorName;
  /** OID of the collation; 0 for a subtype that has none. */
  readonly rangeCollation: number;
  readonly subtypeOid: number;
  readonly multirangeOid: number;
  /** subtype_diff, which nothing here needs. */
  readonly differenceOid?: number;
}

/** Made and dropped with its range type. */
export interface MultirangeType extends UserTypeBase {
  readonly kind: 'multirange';
  readonly constructors: ConstructorName;
  readonly rangeOid: number;
  readonly subtypeOid: number;
}

export type UserType = EnumType | DomainType | CompositeType | RangeType | MultirangeType;

/** OIDs of the types that a relation's rows have, and of arrays of it: a relation and its types share one catalog object here. */
export const rowTypeOffset = 2_000_000_000;
export const rowArrayTypeOffset = 3_000_000_000;
