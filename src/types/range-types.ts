/**
 * Which range types there are: each with its subtype, its multirange type and, when it is discrete, the step to the next value.
 * Read by the range codecs, the registry and the resolution of anyrange. A database's own are asked of the types in force.
 */
import { Oid } from './oid.js';
import { firstUserOid, userType } from './user-types.js';

export interface RangeTypeRow {
  readonly rangeOid: number;
  readonly subtypeOid: number;
  readonly multirangeOid: number;
  /** int4, int8 and date: a bound is brought to the form [lower,upper). */
  readonly discrete?: { readonly max: bigint; readonly overflow: readonly [code: string, message: string]; readonly infinities?: boolean };
}

const byRange = new Map<number, RangeTypeRow>();
const byMultirange = new Map<number, RangeTypeRow>();

function addRangeType(row: RangeTypeRow): void {
  byRange.set(row.rangeOid, row);
  byMultirange.set(row.multirangeOid, row);
}

addRangeType({
  rangeOid: Oid.int4range,
  subtypeOid: Oid.int4,
  multirangeOid: Oid.int4multirange,
  discrete: { max: 2_147_483_647n, overflow: ['22003', 'integer out of range'] },
});
addRangeType({
  rangeOid: Oid.int8range,
  subtypeOid: Oid.int8,
  multirangeOid: Oid.int8multirange,
  discrete: { max: 9_223_372_036_854_775_807n, overflow: ['22003', 'bigint out of range'] },
});
addRangeType({
  rangeOid: Oid.daterange,
  subtypeOid: Oid.date,
  multirangeOid: Oid.datemultirange,
  // The last day is 5874897-12-31.
  discrete: { max: 2_145_031_948n, overflow: ['22008', 'date out of range'], infinities: true },
});
addRangeType({ rangeOid: Oid.numrange, subtypeOid: Oid.numeric, multirangeOid: Oid.nummultirange });
addRangeType({ rangeOid: Oid.tsrange, subtypeOid: Oid.timestamp, multirangeOid: Oid.tsmultirange });
addRangeType({ rangeOid: Oid.tstzrange, subtypeOid: Oid.timestamptz, multirangeOid: Oid.tstzmultirange });

/** The row of a range type; undefined when the OID is none. */
export function rangeType(rangeOid: number): RangeTypeRow | undefined {
  return byRange.get(rangeOid) ?? ownRow(rangeOid, 'range');
}

function ownRow(oid: number, kind: 'range' | 'multirange'): RangeTypeRow | undefined {
  const definition = oid < firstUserOid ? undefined : userType(oid)?.definition;
  return definition?.kind === kind ? definition : undefined;
}

/** The row of a multirange type; undefined when the OID is none. */
export function multirangeType(multirangeOid: number): RangeTypeRow | undefined {
  return byMultirange.get(multirangeOid) ?? ownRow(multirangeOid, 'multirange');
}

export function allRangeTypes(): readonly RangeTypeRow[] {
  return [...byRange.values()];
}
