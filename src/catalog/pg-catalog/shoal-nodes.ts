/** shoal.nodes: the members of the cluster as this node knows them; of a node alone: itself. What they say of themselves is written at least every half minute. */
import { textArray } from './objects.js';
import type { MemberFacts } from './node-view.js';
import { relation } from './relation.js';

function endpoint(address: MemberFacts['channel']): string | null {
  return address === undefined ? null : `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

export const shoalNodes = relation(
  'shoal.nodes',
  function* ({ nodeView }) {
    for (const member of nodeView?.members ?? []) {
      yield {
        node: member.id,
        state: member.state,
        is_leader: member.isLeader,
        is_self: member.isSelf,
        host: member.postgres.host,
        port: member.postgres.port,
        http: endpoint(member.http),
        channel: endpoint(member.channel),
        roles: textArray(member.roles),
        cores: member.cores,
        memory_bytes: member.memoryBytes,
        stored_bytes: member.storedBytes,
        quota_bytes: member.quotaBytes,
        coordinates: member.coordinates ?? null,
        version: member.version,
        incarnation: member.incarnation,
        started_at: member.startedMicros === undefined ? null : BigInt(member.startedMicros),
      };
    }
  },
  'node',
);
