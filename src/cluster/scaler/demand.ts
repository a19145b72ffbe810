/**
 * How many nodes a query wants: one for so many megabytes under it (the query scale factor, `shoal.qsf`). Used by EXPLAIN, by every query on a front end, and by the scaler.
 */

/** What a megabyte is, everywhere in Shoal. */
export const bytesPerMegabyte = 1_000_000;

/** The query scale factor where nothing else is said: megabytes under query per node. */
export const defaultQueryScaleFactor = 100;

/** 950 MB at 100 MB a node: 10. Never less than one. */
export function nodesWanted(bytesUnderQuery: number, queryScaleFactor: number): number {
  return Math.max(1, Math.ceil(bytesUnderQuery / (queryScaleFactor * bytesPerMegabyte)));
}

/** What one query (or all those of a thread or a node: then the greatest of them) asks for. */
export interface QueryDemand {
  readonly nodes: number;
  readonly bytesUnderQuery: number;
  readonly queryScaleFactor: number;
}

export function queryDemand(bytesUnderQuery: number, queryScaleFactor: number): QueryDemand {
  return { nodes: nodesWanted(bytesUnderQuery, queryScaleFactor), bytesUnderQuery, queryScaleFactor };
}
