/**
 * What a node must know of its cluster to send work to other nodes. In production it follows the coordination store; tests have fixed ones. Given to cli/compose.ts.
 */
import type { ChannelAddress } from '../channel/channel.js';

export interface OtherNode {
  readonly name: string;
  /** From 0 on, unique in the cluster: part of process ids (proxy/cancel-registry). */
  readonly number: number;
  /** Where its channel listens. */
  readonly address: ChannelAddress;
}

export interface ClusterView {
  /** The other nodes that are alive, as far as is known. */
  nodes(): readonly OtherNode[];
  /** The node that writes a database, by its OID, perhaps this one; undefined: none is known. */
  primaryOf(database: number): string | undefined;
  /** The nodes whose copies of a database are in sync, but for its primary; this one may be among them. */
  copiesOf(database: number): readonly string[];
}
