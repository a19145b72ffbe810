/** What the session asks of the executor (executor/execute), and what it is told about how that went. */
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { PhysicalPlan } from '../plan/physical.js';
import type { WrittenColumn } from '../plan/written-sql.js';
import type { CursorOutput, TaskContext, WireOutput } from '../storage/ports.js';
import type { ParameterValues } from './prune.js';

/** Computes the rows of a catalog relation (row-codec bytes of the named columns). */
export type CatalogRows = (relation: string, columns: readonly string[]) => Uint8Array;

/** What an exchange has moved. */
export interface ExchangeReport {
  readonly id: number;
  /** `relayed`: its rows came to the front end's thread, which passed them on; `shipped`: they went to the nodes that want them, through the distributed cache. */
  readonly route: 'relayed' | 'shipped';
  readonly rows: number;
  readonly bytes: number;
  /** Shipped from one node to another. */
  readonly bytesBetweenNodes: number;
}

export interface ExecutionRequest {
  readonly plan: PhysicalPlan;
  readonly catalog: CatalogSnapshot;
  readonly parameters: ParameterValues;
  readonly parameterTypes: readonly number[];
  readonly context: TaskContext;
  /** Output of the root, given its visible columns. */
  readonly output: (columns: readonly WrittenColumn[]) => Exclude<CursorOutput, { readonly kind: 'partitioned' }>;
  readonly catalogRows: CatalogRows;
  /** On how many nodes it may run; absent: on one. */
  readonly nodesMax?: number;
  /** On the node's own copy, if that has everything that was acknowledged so long ago; SH005 otherwise. */
  readonly maxStalenessMs?: number;
  /** Told which nodes take part, once that is known, of a statement over several. */
  readonly readsOn?: (nodes: readonly string[]) => void;
  /** Told of each exchange that is done. */
  readonly exchanged?: (report: ExchangeReport) => void;
}

/** A statement that may be answered at once (QueryExecutor.readNow). */
export interface ShortRequest extends Pick<ExecutionRequest, 'plan' | 'catalog' | 'parameters' | 'parameterTypes' | 'context'> {
  /** The same object for the same columns, run after run. */
  readonly output: (columns: readonly WrittenColumn[]) => WireOutput;
}
