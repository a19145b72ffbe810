/**
 * The values of system columns, and what else goes by a row's place: TABLESAMPLE ... REPEATABLE. A row's `ctid` is its number in its table's file, told as PostgreSQL tells it: so many rows to a page, the
 * shards' rows in turn. It stays as long as the row does, changes included. Rows carry no transaction ids: `xmin` is a fingerprint of the row's values, which tells a client that
 * comes back with it (optimistic locking) whether the row has been changed meanwhile, but not by which transaction, nor which of two rows is older.
 */
import { placementHash32 } from '../../types/hash.js';
import { Oid } from '../../types/registry.js';
import type { ScalarFunction } from '../function.js';

/** As many as a table of one integer column has on a page of PostgreSQL's. */
const rowsPerPage = 226;

/** Transaction ids below are PostgreSQL's own. */
const firstNormalXid = 3;

export const systemColumnFunctions: readonly ScalarFunction[] = [
  {
    kind: 'scalar',
    name: 'shoal_row_version',
    oid: 9_100_152,
    args: [Oid.record],
    argNames: ['row'],
    result: Oid.xid,
    strict: true,
    volatility: 'immutable',
    kernel: (_context, row) => firstNormalXid + (placementHash32([row as string], [Oid.text]) % (2 ** 32 - firstNormalXid)),
  },
  {
    kind: 'scalar',
    name: 'shoal_ctid',
    oid: 9_100_150,
    args: [Oid.int4, Oid.int8, Oid.int4],
    argNames: ['shard', 'rowid', 'shards'],
    result: Oid.tid,
    strict: true,
    volatility: 'immutable',
    kernel: (_context, shard, rowid, shards) => {
      const row = (Number(rowid) - 1) * Number(shards) + Number(shard);
      return `(${String(Math.floor(row / rowsPerPage))},${String((row % rowsPerPage) + 1)})`;
    },
  },
  {
    kind: 'scalar',
    name: 'shoal_sample',
    oid: 9_100_151,
    args: [Oid.int4, Oid.int8, Oid.float8],
    argNames: ['shard', 'rowid', 'seed'],
    result: Oid.float8,
    strict: true,
    volatility: 'immutable',
    kernel: (_context, shard, rowid, seed) => placementHash32([shard as number, rowid as number, seed as number], [Oid.int4, Oid.int8, Oid.float8]) / 2 ** 32,
  },
];
