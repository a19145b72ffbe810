/** Statements run by an executor alone, over nodes that a bench makes up. Used by bench/spread and bench/exchange. */
import { readFileSync } from 'node:fs';
import type { CatalogSnapshot } from '../src/catalog/snapshot.js';
import type { Client } from '../src/common/rpc.js';
import { QueryExecutor } from '../src/executor/execute.js';
import type { ExecutionRequest } from '../src/executor/execution-request.js';
import type { Copies, ReadingNode } from '../src/executor/reading-nodes.js';
import { compileStatement } from '../src/proxy/session/compile.js';
import { parse } from '../src/sql/parser.js';
import type { PositionService } from '../src/storage/ports.js';
import { contextOver } from '../test/unit/planner/sample-catalog.js';
import { context } from '../test/unit/storage/support.js';

/** Milliseconds for which this thread has had a core (Linux). */
export function cpuMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

export const position: Client<PositionService> = {
  areTablesAsAt: async () => await Promise.resolve(true),
  holdPosition: async () => await Promise.resolve({ hold: 1, lsn: 1 }),
  advancePosition: async () => {
    await Promise.resolve();
  },
  releasePosition: async () => {
    await Promise.resolve();
  },
};

function fixedCopies(nodes: readonly ReadingNode[]): Copies {
  return {
    nodes,
    isPossible: nodes.length > 0,
    attached: async () => {
      await Promise.resolve();
    },
    failed: ({ name }) => {
      throw new Error(`node ${name} could not do what it should`);
    },
  };
}

export function executorOver([home, ...others]: readonly ReadingNode[]): QueryExecutor {
  if (home === undefined) throw new Error('no nodes');
  return new QueryExecutor(home, undefined, () => undefined, fixedCopies(others));
}

/** `rows`: of every table, as the planner shall think. */
export function requestOf(query: string, catalog: CatalogSnapshot, rows: number, partitions = 8): ExecutionRequest {
  const statement = parse(query)[0]?.statement;
  if (statement === undefined) throw new Error('not one statement');
  const bind = { ...contextOver(), catalog };
  const compiled = compileStatement(statement, { bind, rows: new Map(catalog.data.relations.map(({ oid }) => [oid, rows])), partitions, combines: true });
  if (compiled.kind !== 'query') throw new Error('not a query');
  return {
    ...{ plan: compiled.readPlan(), catalog, parameters: [], parameterTypes: [], context, nodesMax: 1000 },
    output: (columns) => ({ kind: 'wire', columns: columns.map(({ column }) => ({ typeOid: column.type.oid, typmod: -1, binary: false })) }),
    catalogRows: () => new Uint8Array(),
  };
}

export async function runOnce(executor: QueryExecutor, request: ExecutionRequest): Promise<void> {
  const stream = await executor.open(request);
  while (!(await stream.pull(0)).done);
}
