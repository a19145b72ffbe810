/**
 * What the HTTP side asks of the node that it belongs to. Implemented in cli/compose.ts; the scaler's view of the answers is cluster/scaler/node-drainer.ts.
 */
import type { ReplicaRow } from '../catalog/pg-catalog/replication-view.js';
import type { DatabaseReport } from '../cluster/placement/placement-report.js';
import type { NodeRecord } from '../cluster/membership/node-record.js';

/** Why a node takes queries or does not. */
export type NodeHealth = 'ok' | 'starting' | 'draining' | 'stopping';

export interface DrainStatus {
  /** draining: new clients are sent elsewhere, those who are here finish. drained: nobody is left, the node may go. */
  readonly state: 'serving' | 'draining' | 'drained';
  /** Clients that are connected. */
  readonly sessions: number;
}

/** What GET /cluster answers: how to join, and who is there. */
export interface ClusterReport {
  /** The node that answers. */
  readonly node: string;
  /** The cluster's name; absent: the node is alone. */
  readonly cluster: string | undefined;
  /** Where the coordination store is: etcd://HOST:PORT,... */
  readonly store: string | undefined;
  readonly leader: string | undefined;
  readonly members: readonly NodeRecord[];
  /** Where the databases of the cluster are, and shall be; none: the node is alone. */
  readonly databases: readonly DatabaseReport[];
}

export interface NodeControl {
  cluster(): ClusterReport;
  /** The copies of all databases, asked of their nodes; none: the node is alone. */
  replicas(): Promise<readonly ReplicaRow[]>;
  health(): NodeHealth;
  drainStatus(): Promise<DrainStatus>;
  /** Takes effect at once; asking twice changes nothing. */
  drain(): void;
  /** The node serves again. */
  endDrain(): void;
}
