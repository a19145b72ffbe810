/**
 * The distributed plan: fragments (one SQLite statement each, run once per shard or once in all) and the exchanges between them. Data only: made by
 * planner/distributed, run by executor/, printed by EXPLAIN.
 */
import type { Expression } from './expression.js';
import type { LogicalNode } from './logical.js';
import type { WrittenSql } from './written-sql.js';

/**
 * Where a fragment runs: `single`: once, on the coordinating connection; `any`: once, anywhere (it reads only reference tables); `shards`: once for each shard of
 * a colocation group, for each partition of a repartitioning exchange, or for each range of a reference table's rows (groups with negative ids).
 */
export type Place = { readonly kind: 'single' } | { readonly kind: 'any' } | { readonly kind: 'shards'; readonly group: number };

/** Shards that can hold rows: those of the given key values. Each alternative is one restriction, all of them hold (intersection). */
export interface Pruning {
  /** One per restriction: a list of key tuples (IN lists have several), each as constants or parameters in the order of the distribution columns. */
  readonly restrictions: readonly (readonly (readonly Expression[])[])[];
  /** Of several scans that need not have rows in the same shard: the shards of all of them are visited. `restrictions` are then those of all. */
  readonly each?: readonly Pruning[];
}

export interface Fragment {
  readonly id: number;
  readonly place: Place;
  readonly pruning: Pruning | undefined;
  readonly sql: WrittenSql;
  readonly plan: LogicalNode;
  /** The reference table that it reads in ranges of rows: its place's "shards" (of a group with a negative id) are these. */
  readonly dividesTable?: string;
  /** Schemas of other files that the statement reads as a whole (reference tables: 'global'; unions over shards). */
  readonly schemas: readonly string[];
  /** Proven short: looks up unique keys or reads small tables, so that it may run on the thread that owns the connection. */
  readonly isBounded: boolean;
  /** Estimated output rows, all shards together. */
  readonly rows: number;
}

/** Moves a fragment's rows into landing tables where other fragments read them. */
export interface Exchange {
  readonly id: number;
  readonly kind: 'gather' | 'broadcast' | 'repartition';
  readonly producer: Fragment;
  /**
   * gather of partial aggregates: makes of the rows in a landing table of that name those that stand for all of them, in the same form. So they become fewer where they were
   * made, before they go to another node. Absent where the plan was made for one node.
   */
  readonly combine?: Fragment;
  readonly landing: {
    readonly table: string;
    readonly columns: readonly string[];
    readonly types: readonly string[];
    readonly indexes: readonly (readonly string[])[];
  };
  /** repartition: the group whose shards (or pseudo-group whose partitions) receive the rows. */
  readonly group?: number;
}

/** Rows of a catalog relation, computed by the front end from its snapshot and landed where needed. */
export interface CatalogLanding {
  readonly relation: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly types: readonly string[];
}

/** Columns by which a landed catalog relation is looked into row by row: those of the subqueries that obj_description() and its kin stand for. */
export function catalogIndexes({ relation, columns }: CatalogLanding): readonly (readonly string[])[] {
  return relation === 'pg_catalog.pg_description' && columns.includes('objoid') ? [['objoid']] : [];
}

/** Sort keys that a merging gather compares: trailing columns of the fragment's rows, values in key form. */
export interface MergeKeys {
  readonly keys: readonly { readonly descending: boolean; readonly nullsFirst: boolean }[];
}

export interface PhysicalPlan {
  readonly catalogLandings: readonly CatalogLanding[];
  /** In the order in which they must run: a producer reads only earlier landings. */
  readonly exchanges: readonly Exchange[];
  readonly root: Fragment;
  /** The root runs on several shards and its rows must be merged in order; else they are concatenated. */
  readonly merge: MergeKeys | undefined;
  /** Partitions of each pseudo-group (negative ids). */
  readonly partitions: ReadonlyMap<number, number>;
  /** The whole statement on one shard, when pruning leaves one (router query). */
  readonly router: Fragment | undefined;
  readonly catalogVersion: number;
}
