/** Arithmetic of pg_lsn with numeric, xid8 as xid, and what a pg_snapshot shows. A position is held as the signed 64 bits of it. */
import { PgError } from '../../common/errors.js';
import { bigintToNumeric, addNumeric, numericToBigInt, parseNumeric, roundNumeric, subtractNumeric } from '../../types/numeric.js';
import { parseSnapshot } from '../../types/system-type.js';
import type { ScalarImplementations } from '../implementation.js';
import { pure } from '../implementation.js';

function move(position: bigint, text: string, forward: boolean): bigint {
  const by = parseNumeric(text);
  if (by.kind === 'nan') throw new PgError('0A000', forward ? 'cannot add NaN to pg_lsn' : 'cannot subtract NaN from pg_lsn');
  const from = bigintToNumeric(BigInt.asUintN(64, position));
  const sum = forward ? addNumeric(from, by) : subtractNumeric(from, by);
  if (sum.kind !== 'finite') throw new PgError('0A000', 'cannot convert infinity to pg_lsn');
  const moved = numericToBigInt(roundNumeric(sum, 0));
  if (moved === undefined || BigInt.asUintN(64, moved) !== moved) throw new PgError('22023', 'pg_lsn out of range');
  return BigInt.asIntN(64, moved);
}

export const logPositionFunctions: ScalarImplementations = {
  pg_lsn_pli: pure((position: bigint, by: string) => move(position, by, true)),
  numeric_pl_pg_lsn_5023: pure((by: string, position: bigint) => move(position, by, true)),
  pg_lsn_mii: pure((position: bigint, by: string) => move(position, by, false)),
  pg_lsn_mi: pure((a: bigint, b: bigint) => (BigInt.asUintN(64, a) - BigInt.asUintN(64, b)).toString()),
  numeric_pg_lsn: pure((text: string) => {
    const { kind } = parseNumeric(text);
    if (kind !== 'finite') throw new PgError('0A000', `cannot convert ${kind === 'nan' ? 'NaN' : 'infinity'} to pg_lsn`);
    return move(0n, text, true);
  }),
  pg_snapshot_xmin: pure((text: string) => parseSnapshot(text).xmin),
  pg_snapshot_xmax: pure((text: string) => parseSnapshot(text).xmax),
  pg_visible_in_snapshot: pure((id: bigint, text: string) => {
    const { xmin, xmax, running } = parseSnapshot(text);
    const own = BigInt.asUintN(64, id);
    return own < xmin || (own < xmax && !running.includes(own));
  }),
  pg_wal_lsn_diff: pure((a: bigint, b: bigint) => (BigInt.asUintN(64, a) - BigInt.asUintN(64, b)).toString()),
  xid8toxid: pure((id: bigint) => Number(BigInt.asUintN(32, id))),
};
