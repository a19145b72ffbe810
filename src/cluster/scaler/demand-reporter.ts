/**
 * Where a node's demand goes. `report` never waits and never fails: a query does not depend on the scaler. Implementations: http-demand-reporter.ts, and for nodes of a
 * cluster store-demand.ts.
 */
import type { QueryDemand } from './demand.js';

export interface DemandReporter {
  /** The node's greatest demand is another one now; undefined: none. */
  report(demand: QueryDemand | undefined): void;
  /** Takes the demand back as far as it can. */
  close(): Promise<void>;
}

/** One node's demand as the scaler hears of it. */
export interface DemandReport {
  /** Who tells: a node's name, the same in all its reports. */
  readonly source: string;
  /** Nodes wanted by what runs now; 0: nothing wants any. */
  readonly nodes: number;
  /** The greatest number since the last report: queries may come and go between two. */
  readonly peak: number;
  /** Without another report the demand is forgotten after so long. */
  readonly lifetimeMs: number;
  readonly bytesUnderQuery?: number;
  readonly queryScaleFactor?: number;
}
