/** How information_schema spells types and truth. Source: information_schema.sql of PostgreSQL 15. */
import { firstUserOid } from '../../../types/user-types.js';
import { isArrayType, Oid, formatType, typeByOid } from '../../../types/registry.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import type { CatalogRow } from '../relation.js';

export function yesOrNo(value: boolean): string {
  return value ? 'YES' : 'NO';
}

const integerDigits: ReadonlyMap<number, number> = new Map([
  [Oid.int2, 16],
  [Oid.int4, 32],
  [Oid.int8, 64],
]);
const floatDigits: ReadonlyMap<number, number> = new Map([
  [Oid.float4, 24],
  [Oid.float8, 53],
]);
const timeTypes: ReadonlySet<number> = new Set([Oid.time, Oid.timetz, Oid.timestamp, Oid.timestamptz]);

/** data_type: ARRAY for arrays, no modifier. */
export function dataType(typeOid: number): string {
  return isArrayType(typeOid) ? 'ARRAY' : typeOid >= firstUserOid ? 'USER-DEFINED' : formatType(typeOid);
}

function numericColumns(typeOid: number, typmod: number): CatalogRow {
  const integer = integerDigits.get(typeOid);
  if (integer !== undefined) return { numeric_precision: integer, numeric_precision_radix: 2, numeric_scale: 0 };
  const float = floatDigits.get(typeOid);
  if (float !== undefined) return { numeric_precision: float, numeric_precision_radix: 2 };
  if (typeOid !== Oid.numeric) return {};
  if (typmod < 4) return { numeric_precision_radix: 10 };
  return { numeric_precision: ((typmod - 4) >> 16) & 0xffff, numeric_precision_radix: 10, numeric_scale: (typmod - 4) & 0x7ff };
}

const octetsOfUnlimited = 1_073_741_824;
const bytesPerCharacter = 4;

function lengthColumns(typeOid: number, typmod: number): CatalogRow {
  if (typeOid === Oid.varchar || typeOid === Oid.bpchar) {
    return typmod < 4
      ? { character_octet_length: octetsOfUnlimited }
      : { character_maximum_length: typmod - 4, character_octet_length: (typmod - 4) * bytesPerCharacter };
  }
  if (typeOid === Oid.text) return { character_octet_length: octetsOfUnlimited };
  if (typeOid === Oid.bit || typeOid === Oid.varbit) return typmod < 0 ? {} : { character_maximum_length: typmod };
  return {};
}

function timeColumns(typeOid: number, typmod: number): CatalogRow {
  if (typeOid === Oid.date) return { datetime_precision: 0 };
  if (timeTypes.has(typeOid)) return { datetime_precision: typmod < 0 ? 6 : typmod };
  if (typeOid === Oid.interval) return { datetime_precision: typmod < 0 || (typmod & 0xffff) === 0xffff ? 6 : typmod & 0xffff };
  return {};
}

/** The columns that describe a type, but for data_type. */
export function typeColumns({ database, types }: CatalogSnapshot, typeOid: number, typmod: number): CatalogRow {
  const own = types.named(typeOid);
  return {
    ...lengthColumns(typeOid, typmod),
    ...numericColumns(typeOid, typmod),
    ...timeColumns(typeOid, typmod),
    udt_catalog: database.name,
    udt_schema: own?.schema ?? 'pg_catalog',
    udt_name: typeByOid(typeOid)?.name ?? '',
  };
}
