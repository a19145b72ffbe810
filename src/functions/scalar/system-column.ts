/**
 * The values of system columns. A row's `ctid` is its number in its table's file, told as PostgreSQL tells it: so many rows to a page, and each shard's pages behind
 * those of the shard before. It stays as long as the row does, changes included.
 */
import { Oid } from '../../types/registry.js';
import type { ScalarFunction } from '../function.js';

/** As many as a table of one integer column has on a page of PostgreSQL's. */
const rowsPerPage = 226;
const pagesPerShard = 2 ** 25;

export const systemColumnFunctions: readonly ScalarFunction[] = [
  {
    kind: 'scalar',
    name: 'shoal_ctid',
    oid: 9_100_150,
    args: [Oid.int4, Oid.int8],
    argNames: ['shard', 'rowid'],
    result: Oid.tid,
    strict: true,
    volatility: 'immutable',
    kernel: (_context, shard, rowid) => {
      const row = Number(rowid) - 1;
      return `(${String(Number(shard) * pagesPerShard + Math.floor(row / rowsPerPage))},${String((row % rowsPerPage) + 1)})`;
    },
  },
];
