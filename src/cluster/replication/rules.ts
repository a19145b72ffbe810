/**
 * The decisions on which the safety of replication rests, each by itself and pure. Production uses `rules` as they are; the simulation breaks them one by one and must
 * notice every time (test/simulation/replication/mutations.ts), so none of them is here for nothing.
 */
import type { Configuration, NodeId } from './configuration.js';
import { epochAt, type LogShape } from './epochs.js';
import type { LogPoint } from '../../storage/log/node-log.js';
import type { Timing } from './timing.js';

export interface Rules {
  /** Whether a node of epoch `own` listens to the primary of epoch `theirs`. An old primary must find nobody who acknowledges. */
  acceptsEpoch(own: number, theirs: number): boolean;
  /** Whether batches that continue `previous` may be taken over: only then is everything before the same, too. */
  continues(log: LogShape, previous: LogPoint): boolean;
  /** What a replica acknowledges: what it knows to be the primary's, and would still have after a crash. */
  acknowledgedLsn(matchedLsn: number, syncedLsn: number): number;
  /** How far a replica applies: what its primary says is committed may lie beyond what it has of this primary's log. */
  applicableLsn(commitIndex: number, matchedLsn: number | undefined, syncedLsn: number): number;
  /**
   * Who must have a record before it is committed, and has a say in the read lease: everybody who could take over, so those whose addition may have reached the store
   * already, and those whose removal may not have.
   */
  required(configuration: Configuration, pending: Configuration | undefined): readonly NodeId[];
  /** How far everything is committed, given what each of the required ones has. */
  committedLsn(own: number, others: readonly number[]): number;
  /** Whether a replica that has everything up to `syncedLsn` may be counted as in sync from now on: it lacks nothing that is committed, and would not hold up what comes. */
  mayAdmit(syncedLsn: number | undefined, commitIndex: number, recentEndLsn: number): boolean;
  /** Whether a copy that holds something else than it should may be given up: not while a commit may rest on it. */
  mayDiscard(required: readonly NodeId[], node: NodeId): boolean;
  /** Whether a node may take over at all. */
  mayTakeOver(configuration: Configuration, node: NodeId): boolean;
  /**
   * Milliseconds after its last beacon, or its start, before which it must not: another primary may answer reads on the strength of what this node has told it. There is no
   * other where the key names this node: before it was named, every earlier one's lease had ended, and its own has ended with the process that had it.
   */
  takeOverAfterMs(timing: Timing, configuration: Configuration, node: NodeId): number;
  /** Whether a primary that finds itself named in the store after a restart may go on in its epoch. Replicas may have batches of it that it has lost. */
  mayResumeEpoch(): boolean;
  /** Until when the primary may answer reads, given when the beacons were sent that the others have answered last. */
  leaseEnd(timing: Timing, answeredBeacons: readonly number[]): number;
  /** What a change of the key without an answer means: nothing, until the store has said yes or no to another one on the same revision. */
  unknownMeans(): 'unknown' | 'done' | 'not done';
}

export const rules: Rules = {
  acceptsEpoch: (own, theirs) => theirs >= own,
  continues: (log, previous) => epochAt(log, previous.lsn) === previous.epoch,
  acknowledgedLsn: (matchedLsn, syncedLsn) => Math.min(matchedLsn, syncedLsn),
  applicableLsn: (commitIndex, matchedLsn, syncedLsn) => Math.min(commitIndex, matchedLsn ?? 0, syncedLsn),
  required: (configuration, pending) => [...new Set([...configuration.isr, ...(pending?.isr ?? [])])],
  committedLsn: (own, others) => Math.min(own, ...others),
  mayAdmit: (syncedLsn, commitIndex, recentEndLsn) => syncedLsn !== undefined && syncedLsn >= commitIndex && syncedLsn >= recentEndLsn,
  mayDiscard: (required, node) => !required.includes(node),
  mayTakeOver: (configuration, node) => configuration.isr.includes(node),
  takeOverAfterMs: (timing, { isr, primary }, node) => (primary !== node ? timing.takeoverMs : isr.length > 1 ? timing.returnMs : 0),
  mayResumeEpoch: () => false,
  leaseEnd: (timing, answeredBeacons) => Math.min(...answeredBeacons) + timing.leaseMs,
  unknownMeans: () => 'unknown',
};
