/** shoal.replicas: the copies of each database, and how far behind they are. Of a node alone: its databases. */
import { databaseName } from './shoal-placements.js';
import { relation } from './relation.js';

const optional = (number: number | undefined): bigint | null => (number === undefined ? null : BigInt(Math.round(number)));

export const shoalReplicas = relation(
  'shoal.replicas',
  function* ({ catalog, replication }) {
    if (replication === undefined) return;
    if (replication.isAlone) {
      for (const { name } of catalog.databases)
        yield { database: name, node: replication.node, role: 'primary', in_sync: true, state: 'writing', lag_bytes: 0n, lag_ms: 0n };
      return;
    }
    for (const replica of replication.replicas) {
      yield {
        database: databaseName(catalog, replica.database, replica.name),
        node: replica.node,
        role: replica.role,
        in_sync: replica.inSync,
        state: replica.state,
        epoch: BigInt(replica.epoch),
        commit_lsn: optional(replica.commitLsn),
        applied_lsn: optional(replica.appliedLsn),
        lag_bytes: optional(replica.lagBytes),
        lag_ms: optional(replica.lagMs),
        checksum: replica.checksum ?? null,
        comparison: replica.comparison ?? null,
        compared_at: optional(replica.comparedMicros),
      };
    }
  },
  'replication',
);
