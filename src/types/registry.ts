/**
 * The built-in types by OID and by name. The catalog adds a database's own types (enums, domains, composites) above it.
 */
import { arrayCodec, vectorCodec } from './array.js';
import { codecs } from './codecs.js';
import { recordCodec } from './composite.js';
import { Oid } from './oid.js';
import type { PgType, TypeCodec, TypeRow } from './pg-type.js';
import { multirangeCodec, rangeCodec, RangeSupport } from './range.js';
import { allRangeTypes, multirangeType, type RangeTypeRow, rangeType } from './range-types.js';
import { textCodec, unsupportedCodec } from './text.js';
import { typeRows } from './type-rows.js';
import { firstUserOid, userType } from './user-types.js';

export { Oid } from './oid.js';
export type { PgType, PhysicalKind, TypeCodec, TypeRow } from './pg-type.js';

const byOid = new Map<number, PgType>();
const byName = new Map<string, PgType>();

function add(type: PgType): void {
  byOid.set(type.oid, type);
  byName.set(type.name, type);
}

/** The row of the array type over an element type. */
export function arrayRowOf(element: TypeRow, arrayOid: number): TypeRow {
  return {
    oid: arrayOid,
    name: `_${element.name}`,
    displayName: `${element.displayName}[]`,
    length: -1,
    kind: element.kind === 'p' ? 'p' : 'b',
    category: element.kind === 'p' && element.oid !== Oid.cstring ? 'P' : 'A',
    preferred: false,
    elementOid: element.oid,
    align: element.align === 'd' ? 'd' : 'i',
    byValue: false,
    storage: 'x',
    collationOid: element.collationOid,
    delimiter: element.delimiter,
  };
}

const rangeSupports = new Map<number, RangeSupport>();
const rangeCodecs = new Map<number, TypeCodec>();
for (const row of allRangeTypes()) {
  const support = new RangeSupport(row, () => requireType(row.subtypeOid));
  rangeSupports.set(row.rangeOid, support).set(row.multirangeOid, support);
  rangeCodecs.set(row.rangeOid, rangeCodec(support)).set(row.multirangeOid, multirangeCodec(support));
}

/** The code of a range type or of the ranges of a multirange type. */
export function rangeSupportOf(oid: number): RangeSupport {
  const support = rangeSupports.get(oid);
  if (support !== undefined) return support;
  const row = rangeType(oid) ?? multirangeType(oid);
  if (row === undefined) throw new Error(`type OID ${oid} is no range`);
  return rangeSupportFor(row);
}

const ownSupports = new Map<string, RangeSupport>();

/** The same for a range type that a database has defined. */
export function rangeSupportFor(row: RangeTypeRow): RangeSupport {
  const key = `${String(row.rangeOid)}:${String(row.subtypeOid)}`;
  let support = ownSupports.get(key);
  if (support === undefined) ownSupports.set(key, (support = new RangeSupport(row, () => requireType(row.subtypeOid))));
  return support;
}

for (const row of typeRows) {
  if (row.oid === Oid.recordArray) continue;
  const vectorElement = row.oid === Oid.int2vector ? Oid.int2 : row.oid === Oid.oidvector ? Oid.oid : undefined;
  const codec =
    codecs.get(row.oid) ??
    (row.oid === Oid.record ? recordCodec(requireType) : undefined) ??
    rangeCodecs.get(row.oid) ??
    (vectorElement !== undefined ? vectorCodec(row.name, () => requireType(vectorElement)) : row.kind === 'p' ? textCodec : unsupportedCodec(row.displayName));
  const type: PgType = { ...row, ...codec };
  add(type);
  if (row.arrayOid !== undefined) add({ ...arrayRowOf(row, row.arrayOid), ...arrayCodec(() => type) });
}

/** SQL's spellings of type names, as format_type() and the grammar write them. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['integer', 'int4'],
  ['int', 'int4'],
  ['smallint', 'int2'],
  ['bigint', 'int8'],
  ['real', 'float4'],
  ['float', 'float8'],
  ['double precision', 'float8'],
  ['decimal', 'numeric'],
  ['dec', 'numeric'],
  ['boolean', 'bool'],
  ['character varying', 'varchar'],
  ['char varying', 'varchar'],
  ['national character varying', 'varchar'],
  ['national char varying', 'varchar'],
  ['nchar varying', 'varchar'],
  ['character', 'bpchar'],
  ['national character', 'bpchar'],
  ['national char', 'bpchar'],
  ['nchar', 'bpchar'],
  ['bit varying', 'varbit'],
  ['time without time zone', 'time'],
  ['time with time zone', 'timetz'],
  ['timestamp without time zone', 'timestamp'],
  ['timestamp with time zone', 'timestamptz'],
  ['"char"', 'char'],
  ['"any"', 'any'],
]);

export function typeByOid(oid: number): PgType | undefined {
  return byOid.get(oid) ?? (oid >= firstUserOid ? userType(oid) : undefined);
}

/** The type of an OID that must be known. */
export function requireType(oid: number): PgType {
  const type = typeByOid(oid);
  if (type === undefined) throw new Error(`unknown type OID ${oid}`);
  return type;
}

/**
 * A built-in type by pg_type.typname or SQL spelling, already folded to lower case, without a modifier; `name[]` and `_name` are arrays.
 * `char` is the one-byte type "char", as in pg_type: the grammar spells CHAR as bpchar.
 */
export function typeByName(name: string): PgType | undefined {
  if (name.endsWith('[]')) {
    const element = typeByName(name.slice(0, name.indexOf('[')).trimEnd());
    return element?.arrayOid === undefined ? undefined : byOid.get(element.arrayOid);
  }
  const found = byName.get(name);
  if (found !== undefined) return found;
  const plain = spellings.get(name);
  return plain === undefined ? undefined : byName.get(plain);
}

/** Every built-in type, arrays included. */
export function allTypes(): IterableIterator<PgType> {
  return byOid.values();
}

export function arrayTypeOf(oid: number): PgType | undefined {
  const arrayOid = typeByOid(oid)?.arrayOid;
  return arrayOid === undefined ? undefined : typeByOid(arrayOid);
}

/** True for array types proper, false for int2vector and oidvector (which have elements, too). */
export function isArrayType(oid: number): boolean {
  const type = typeByOid(oid);
  return type?.elementOid !== undefined && (type.name.startsWith('_') || oid >= firstUserOid);
}

/** The element type of an array, int2vector or oidvector. */
export function elementTypeOf(oid: number): PgType | undefined {
  const type = typeByOid(oid);
  if (type?.elementOid === undefined || (type.category !== 'A' && !isArrayType(oid))) return undefined;
  return typeByOid(type.elementOid);
}

/** format_type(oid, typmod); no typmod is format_type's NULL, which differs from -1 for bpchar and bit. */
export function formatType(oid: number, typmod?: number): string {
  const type = typeByOid(oid);
  if (type === undefined) return oid === 0 ? '-' : '???';
  if (isArrayType(oid)) return `${formatType(type.elementOid as number, typmod)}[]`;
  if (typmod === -1 && oid === Oid.bpchar) return 'bpchar';
  if (typmod === -1 && oid === Oid.bit) return '"bit"';
  if (typmod === undefined || typmod < 0 || type.typmodOut === undefined) return type.displayName;
  const modifier = type.typmodOut(typmod);
  // time(3) without time zone: the modifier stands after the first word.
  if (oid === Oid.time || oid === Oid.timetz || oid === Oid.timestamp || oid === Oid.timestamptz) {
    const blank = type.displayName.indexOf(' ');
    return type.displayName.slice(0, blank) + modifier + type.displayName.slice(blank);
  }
  return type.displayName + modifier;
}
