/**
 * How columns are declared in SQLite files and how indexes over them are spelled, so that neither affinity nor SQLite's order corrupts a value. Used by catalog/ddl
 * for CREATE TABLE and CREATE INDEX, and by the writer, whose comparisons must be spelled like the index keys to be served by them.
 *
 * Affinities: INTEGER leaves integers and TEXT 'NaN' as they are; TEXT is only given to columns that hold TEXT alone; BLOB converts nothing. Floats are declared
 * `REAL BLOB`, which has BLOB's affinity: that of REAL would store -0 as the integer 0.
 */
import { isDecimalTypmod } from '../../types/numeric-codec.js';
import { Oid, requireType, typeByOid } from '../../types/registry.js';
import { firstUserOid } from '../../types/user-types.js';
import { floatDeclaration } from '../../types/float.js';
import { quoteIdentifier } from './spelled.js';

/** Digits after the point of a column that is stored as a scaled integer; undefined: the type's ordinary physical form. */
export function columnScale(typeOid: number, typmod: number): number | undefined {
  return typeOid === Oid.numeric ? isDecimalTypmod(typmod)?.scale : undefined;
}

/** The declared SQLite type of a column. */
export function columnDeclaration(typeOid: number, typmod: number): string {
  if (columnScale(typeOid, typmod) !== undefined) return 'INTEGER';
  switch (requireType(typeOid).physical) {
    case 'integer':
    case 'boolean':
      return 'INTEGER';
    case 'float':
      return floatDeclaration;
    case 'numeric':
    case 'text':
      return 'TEXT';
    case 'blob':
    case 'none':
      return 'BLOB';
  }
}

/** True where a connection function makes a type's key; false where the value itself is the key. */
export function hasKeyFunction(typeOid: number): boolean {
  return typeByOid(typeOid)?.key !== undefined;
}

/** The call that makes the key of a value of the type; the value itself where that is the key. */
export function keyCall(typeOid: number, value: string): string {
  const type = typeByOid(typeOid);
  if (type?.key === undefined) return value;
  if (typeOid >= firstUserOid) return `shoal_key(${String(typeOid)}, ${value})`;
  return typeOid === Oid.bpchar ? `rtrim(${value})` : `shoal_key_${type.name}(${value})`;
}

/** The key of a column, in CREATE INDEX and in comparisons alike. `column` is already quoted. */
function columnKeySql(column: string, typeOid: number, typmod: number): string {
  return columnScale(typeOid, typmod) === undefined ? keyCall(typeOid, column) : column;
}

/**
 * One key of CREATE INDEX. Equality of two padded bpchar columns is that of their texts, so that a unique index over bpchar needs no expression.
 * SQLite orders NULLs first when ascending; an index cannot say otherwise, and a NULLS LAST scan over it still serves equality and ranges.
 */
export function indexKeySql(column: { readonly physicalName: string; readonly typeOid: number; readonly typmod: number }, descending = false): string {
  const name = quoteIdentifier(column.physicalName);
  const key = column.typeOid === Oid.bpchar && column.typmod >= 0 ? name : columnKeySql(name, column.typeOid, column.typmod);
  return descending ? `${key} DESC` : key;
}
