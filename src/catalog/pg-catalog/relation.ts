/**
 * A relation of pg_catalog, information_schema or shoal: its columns (system-relations.ts), and how its rows follow from the catalog. One file a relation beside this one.
 */
import type { SqlValue } from '../../types/value.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { FileSizes, NodeView, SessionObjects } from './node-view.js';
import type { ReplicationView } from './replication-view.js';
import { type SystemColumn, systemRelationNamed } from './system-relations.js';

/** What rows may depend on besides the catalog: the session that reads. */
export interface CatalogEnvironment {
  readonly catalog: CatalogSnapshot;
  readonly user: string;
  readonly settings: {
    get(name: string): string | undefined;
    /** Where the value comes from, and what RESET makes of it. */
    origin?(name: string): { readonly source: string; readonly reset: string };
  };
  readonly startup?: { readonly processId: number; readonly database: string };
  /** For relations that depend on the node. */
  readonly nodeView?: NodeView | undefined;
  /** For relations that depend on the copies of databases. */
  readonly replication?: ReplicationView | undefined;
  /** For relations that depend on the files. */
  readonly fileSizes?: FileSizes | undefined;
  readonly objects?: SessionObjects | undefined;
  readonly services?: {
    readonly tableRows: ReadonlyMap<number, number>;
    tableBytes(tableOid: number, shard: number): number;
    shardRows(tableOid: number, shard: number): number;
    damage(): readonly { readonly file: string; readonly page: number; readonly detail: string }[];
  };
}

/** Values by column name; columns that are not there are NULL. */
export type CatalogRow = Readonly<Record<string, SqlValue | boolean | undefined>>;

export interface CatalogRelation {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
  readonly columns: readonly SystemColumn[];
  readonly rows: (environment: CatalogEnvironment) => Iterable<CatalogRow>;
  /**
   * What the rows follow from: the catalog alone, also the role that reads, also the tables' statistics, the session, what goes on in the node (`nodeView`),
   * the copies on the nodes of the cluster (`replication`), or the sizes of files (`fileSizes`).
   */
  readonly dependsOn: DependsOn;
}

export type DependsOn = 'catalog' | 'user' | 'statistics' | 'session' | 'node' | 'replication' | 'files';

/** A relation by its qualified name, which system-relations.ts has the columns of. */
export function relation(qualified: string, rows: CatalogRelation['rows'], dependsOn: DependsOn = 'catalog'): CatalogRelation {
  const [schema, name] = qualified.split('.') as [string, string];
  const found = systemRelationNamed(schema, name);
  if (found === undefined) throw new Error(`assertion failed: ${qualified} is a system relation`);
  return { schema, name, oid: found.oid, columns: found.columns, rows, dependsOn };
}

/** A relation whose rows are always the same: made once. */
export function fixedRelation(qualified: string, make: () => readonly CatalogRow[]): CatalogRelation {
  let rows: readonly CatalogRow[] | undefined;
  return relation(qualified, () => (rows ??= make()));
}
