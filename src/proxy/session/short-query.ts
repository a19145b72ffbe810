/**
 * Queries that are answered at once, on the thread that has the socket: one short look-up in files of this node, by a statement that is all of its transaction, or in a
 * transaction that has not written and shows each statement what is committed. Called by shoal-session.ts before it goes the long way.
 */
import { queryDemand } from '../../cluster/scaler/demand.js';
import { PgError } from '../../common/errors.js';
import { shortFragment } from '../../executor/short-plan.js';
import type { WrittenColumn } from '../../plan/written-sql.js';
import type { CursorBatch, WireOutput } from '../../storage/ports.js';
import type { CompiledQuery } from './compile.js';
import { bytesUnderLarge, type Parameters, wireColumns } from './run-query.js';
import type { FormatCode } from './session.js';
import type { SessionCore } from './session-core.js';

/** What a query's runs share. */
interface ShortQuery {
  /** Asks for nothing but the rows of a short look-up. */
  readonly isShort: boolean;
  /** Of the formats that were asked for last. */
  output: WireOutput | undefined;
  formats: readonly FormatCode[];
}

const known = new WeakMap<CompiledQuery, ShortQuery>();

function shortQuery(query: CompiledQuery): ShortQuery {
  let short = known.get(query);
  if (short === undefined) {
    const { locking, needs } = query.bound;
    const isPlain = locking.length === 0 && !needs.bySession && !needs.needsWriter && needs.denied === undefined;
    known.set(query, (short = { isShort: isPlain && shortFragment(query.readPlan()) !== undefined, output: undefined, formats: [] }));
  }
  return short;
}

/** All rows of the query; undefined: it has to be opened (run-query). Throws what the statement throws. */
export function readNow(core: SessionCore, query: CompiledQuery, parameters: Parameters, formats: readonly FormatCode[]): CursorBatch | undefined {
  const short = shortQuery(query);
  const { services, maxStalenessMs } = core;
  if (!short.isShort || maxStalenessMs !== 0 || services.commitsDeferred) return undefined;
  const output = (columns: readonly WrittenColumn[]): WireOutput => {
    if (short.output === undefined || !areSame(short.formats, formats)) {
      short.output = { kind: 'wire', columns: wireColumns(columns, query.columns.length, formats) };
      short.formats = formats;
    }
    return short.output;
  };
  const plan = query.readPlan();
  try {
    const bytes = bytesUnderLarge(core, query, plan, parameters.values);
    // (Not what the scaler should hear of.)
    if (bytes > 0 && queryDemand(bytes, core.queryScaleFactor).nodes !== 1) return undefined;
    const { values, types } = parameters;
    return services.executor.readNow({ plan, catalog: query.catalog, parameters: values, parameterTypes: types, context: core.context(), output });
  } catch (error) {
    // (Another catalog, numerics that are no scaled integers: the long way plans anew.)
    if (error instanceof PgError && error.code.startsWith('SH')) return undefined;
    throw error;
  }
}

function areSame(one: readonly FormatCode[], other: readonly FormatCode[]): boolean {
  return one === other || (one.length === other.length && one.every((format, at) => format === other[at]));
}
