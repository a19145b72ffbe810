/** What the replicas of a database say to each other. Every message carries the sender's epoch; what comes from an older one is refused. */
import type { NodeId } from './configuration.js';
import type { EpochStart, LogPoint } from '../../storage/log/node-log.js';
import type { LogBatch } from './ports.js';

interface FromPrimary {
  readonly from: NodeId;
  readonly epoch: number;
  /** Configuration.uncleanEpoch. */
  readonly uncleanEpoch: number;
  readonly commitIndex: number;
}

/** Every 250 ms, and at the start of an epoch: the primary is there. */
export interface Beacon extends FromPrimary {
  readonly kind: 'beacon';
  /** The primary's clock; the answer carries it back, and with it the read lease. */
  readonly sentAt: number;
  /** The receiver's clock in the last status that the primary has had of it, if the primary has its lease: commitIndex had everything acknowledged by then. */
  readonly freshAt: number | undefined;
  /** ReplicatedLog.archivedLsn. */
  readonly archivedLsn: number | undefined;
}

/** Batches that continue `previous`. None: is the replica there? */
export interface Append extends FromPrimary {
  readonly kind: 'append';
  readonly previous: LogPoint;
  readonly batches: readonly LogBatch[];
}

/** The primary cannot bring the replica up by its log. */
export interface OfferSnapshot extends FromPrimary {
  readonly kind: 'snapshot';
  /** Status.copy: of which nothing is counted on. */
  readonly copy: string;
  /** The last record that both logs have, if they have one. */
  readonly commonLsn: number | undefined;
}

/** The receiver's copy holds something else than the log has made (integrity/table-digest), or cannot be read, and is not counted on any more: it is given up for one of the primary's files. */
export interface Discard extends FromPrimary {
  readonly kind: 'discard';
  /** Status.copy. */
  readonly copy: string;
}

/** The primary has stopped and given up its lease: the receiver, in sync, shall take over. */
export interface HandOver extends FromPrimary {
  readonly kind: 'hand-over';
}

/** A replica's answer to everything. */
export interface Status {
  readonly kind: 'status';
  readonly from: NodeId;
  readonly epoch: number;
  /**
   * Names what the replica has, in this life of its process and until it gives it up for a copy of the primary's files: acknowledgements under an earlier name count for
   * nothing any more.
   */
  readonly copy: string;
  /** The replica's clock. */
  readonly sentAt: number;
  /** Beacon.sentAt of the newest that the replica has heard in this epoch. */
  readonly beaconSentAt: number;
  /** The replica will not take over for the time of a lease from that beacon on. */
  readonly promises: boolean;
  /** The log is the primary's up to here, durably. undefined: not known in this epoch, see `position`. */
  readonly matchedLsn: number | undefined;
  readonly appliedLsn: number;
  readonly commitIndex: number;
  /** The copy's files cannot be read: why. */
  readonly damage: string | undefined;
  /** Where the replica's log is: sent until it is known to match, and when an `append` did not continue it. */
  readonly position: { readonly base: LogPoint; readonly end: LogPoint; readonly epochs: readonly EpochStart[] } | undefined;
}

/** There is a newer epoch than the one of the message that this answers. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly from: NodeId;
  readonly epoch: number;
}

export type PrimaryMessage = Beacon | Append | OfferSnapshot | Discard | HandOver;
export type Message = PrimaryMessage | Status | Refusal;
