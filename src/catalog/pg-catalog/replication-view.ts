/**
 * What shoal.replicas, shoal.placements and shoal.shards know of the copies of databases on the nodes of the cluster: collected before the statement runs (proxy/node-replicas.ts),
 * because rows are computed without waiting.
 */

/** One copy of a database. */
export interface ReplicaRow {
  /** OID. */
  readonly database: number;
  /** As its primary has told it. */
  readonly name: string;
  readonly node: string;
  readonly role: 'primary' | 'follower';
  readonly inSync: boolean;
  readonly state: 'writing' | 'taking over' | 'following' | 'catching up' | 'copying' | 'quarantined' | 'starting' | 'unreachable';
  readonly epoch: number;
  /** undefined: not known. */
  readonly commitLsn: number | undefined;
  readonly appliedLsn: number | undefined;
  /** Of the log, that it has not applied. */
  readonly lagBytes: number | undefined;
  /** How old what it shows may be. */
  readonly lagMs: number | undefined;
  /** Of its content, at the last comparison. */
  readonly checksum: string | undefined;
  readonly comparison: 'same' | 'different' | 'damaged' | 'unknown' | undefined;
  /** Since 2000-01-01 UTC. */
  readonly comparedMicros: number | undefined;
}

/** Where a copy is, and shall be (cluster/placement/placement-report). */
export interface PlacementFacts {
  /** OID. */
  readonly database: number;
  readonly name: string;
  readonly node: string;
  readonly is: 'primary' | 'copy' | 'none';
  readonly wanted: 'primary' | 'copy' | 'none';
  readonly state: string;
  readonly reason: string | undefined;
  readonly bytes: number | undefined;
}

export interface ReplicationView {
  /** Not in a cluster: the node has everything. */
  readonly isAlone: boolean;
  /** The node that is asked. */
  readonly node: string;
  readonly replicas: readonly ReplicaRow[];
  readonly placements: readonly PlacementFacts[];
}
