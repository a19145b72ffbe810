/**
 * The protocol with one rule broken, each as a careless hand might do it. The simulation must find every one: a rule whose breach it does not notice is either not tested or
 * not needed.
 */
import { type Rules, rules } from '../../../src/cluster/replication/rules.js';

export const mutations: Readonly<Record<string, Partial<Rules>>> = {
  'replicas listen to primaries of older epochs': { acceptsEpoch: () => true },
  'replicas compare the number of the last record only, not its epoch': {
    continues: (log, previous) => previous.lsn >= log.base.lsn && previous.lsn <= log.end.lsn,
  },
  'replicas acknowledge what is not yet synced': { acknowledgedLsn: (matchedLsn) => matchedLsn },
  'replicas apply whatever the primary says is committed, whether or not their log is its': {
    applicableLsn: (commitIndex, _matchedLsn, syncedLsn) => Math.min(commitIndex, syncedLsn),
  },
  'a replica counts as in sync only once the store has said so': { required: (configuration) => configuration.isr },
  'a replica that is silent no longer counts once its removal is asked for': { required: (configuration, pending) => (pending ?? configuration).isr },
  'one other replica is enough for a commit': { committedLsn: (own, others) => Math.min(own, ...(others.length === 0 ? [] : [Math.max(...others)])) },
  'the primary commits what the others have, before its own disk does': { committedLsn: (own, others) => (others.length === 0 ? own : Math.min(...others)) },
  'a replica is admitted while it still lacks something': { mayAdmit: (syncedLsn) => syncedLsn !== undefined },
  'a copy is given up while commits rest on it': { mayDiscard: () => true },
  'any replica takes over, in sync or not': { mayTakeOver: ({ replicas }, node) => replicas.includes(node) },
  'a replica takes over at once': { takeOverAfterMs: () => 0 },
  'any replica takes over as soon as a primary that has restarted': {
    takeOverAfterMs: (timing, configuration, node) => rules.takeOverAfterMs(timing, { ...configuration, primary: node }, node),
  },
  'a restarted primary goes on in its epoch': { mayResumeEpoch: () => true },
  'the lease does not end': { leaseEnd: (_timing, answered) => (Math.min(...answered) > -Infinity ? Infinity : -Infinity) },
  'the lease rests on one replica': { leaseEnd: (timing, answered) => (answered.length === 0 ? Infinity : Math.max(...answered)) + timing.leaseMs },
  'a change of the key without an answer counts as done': { unknownMeans: () => 'done' },
  'a change of the key without an answer counts as not done': { unknownMeans: () => 'not done' },
};

export function broken(mutation: string): Rules {
  const change = mutations[mutation];
  if (change === undefined) throw new Error(`there is no mutation "${mutation}"`);
  return { ...rules, ...change };
}
