/**
 * Collects what relations about the running server show (catalog/pg-catalog/node-view.ts): asks the other sessions' threads and the lane, before the statement that reads
 * them runs. Called by session/run-query.ts.
 */
import type { NodeView, RuleFacts } from '../../catalog/pg-catalog/node-view.js';
import { type HostRule, showNamed } from '../auth/host-rules.js';
import type { FrontEndServices } from './services.js';

function ruleFacts({ line, type, databases, users, address, method, options }: HostRule): RuleFacts {
  return {
    line,
    type,
    databases: databases.map(showNamed),
    users: users.map(showNamed),
    address: address === undefined ? undefined : address.kind === 'network' ? address.shown : address.kind === 'host' ? address.name : address.kind,
    netmask: address?.kind === 'network' ? address.shownMask : undefined,
    method,
    options,
  };
}

export async function collectNodeView({ node, lane, configuration }: FrontEndServices): Promise<NodeView> {
  const [members, sessions, { locks, blocked }] = await Promise.all([
    node.members(undefined as never),
    node.activity(undefined),
    lane.lockFacts(undefined as never),
  ]);
  return {
    members,
    sessions: [...sessions].sort((a, b) => a.startedMicros - b.startedMicros),
    locks,
    blocked,
    rules: configuration.hostRules.rules.map(ruleFacts),
  };
}
