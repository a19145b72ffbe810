/**
 * A database as the lane's thread hosts it: with a writer lane always, or, if it is replicated, only while this node is its primary. Storage knows of replication no more
 * than this; cluster/replication/node/lane-worker brings `OpenReplica`.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CatalogData } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import type { FilePosition } from '../ports.js';
import type { WriterLane, WriterLaneOptions } from '../write/writer-lane.js';

export interface LaneDatabase {
  /** As this node has it. */
  readonly catalog: CatalogData;
  /** undefined: another node is primary, or none. */
  readonly writer: WriterLane | undefined;
  /** undefined: the database has no copies elsewhere, or none here yet. */
  readonly position?: FilePosition | undefined;
  shutdown(): Promise<void>;
}

/** What a node is to a replicated database (cloneable). */
export interface ReplicaTask {
  readonly node: string;
  /** This node makes the database if it does not have it; the others get copies. */
  readonly creates: boolean;
  /** To the main thread, where channel and coordination store are (cluster/replication/node/replica-bridge). */
  readonly bridge: MessagePort;
}

/** Resolves once this node has the database's files. closed: the writer is gone; whoever worked with it has been told so, or will be in this turn of the event loop. */
export type OpenReplica = (options: WriterLaneOptions, task: ReplicaTask, closed: () => void) => Promise<LaneDatabase>;

export function noWriter(): PgError {
  return new PgError('57P03', 'this node is not the primary of the database', { hint: 'Try again: the primary may just be changing.' });
}
