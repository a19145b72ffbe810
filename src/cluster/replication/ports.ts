/**
 * What replication needs of the world: a clock, a log, a network, the key in the coordination store, and somebody who applies what is committed. Everything is
 * called and answered on one thread, by callbacks, so that a simulation decides the order of all events. Production's are in `node/`, the simulation's in test/simulation.
 */
import type { Configuration, NodeId } from './configuration.js';
import type { EpochStart, LogPoint } from '../../storage/log/node-log.js';
import type { Message } from './messages.js';

/** A batch of the log, as it is on disk everywhere. */
export interface LogBatch {
  readonly epoch: number;
  readonly firstLsn: number;
  readonly lastLsn: number;
  readonly bytes: Uint8Array;
}

export interface ReplicatedLog {
  /** Of the last batch. Negative: this node has no copy yet, or no more. */
  readonly end: LogPoint;
  /** The point before the first batch that the log has. */
  readonly base: LogPoint;
  /** Everything up to here survives a crash. Goes back by truncation only. */
  readonly syncedLsn: number;
  /** The epochs of the batches that the log has, ascending. */
  readonly epochs: readonly EpochStart[];
  /** Writes a batch that another node made; it continues the log's end. */
  append(batch: LogBatch): void;
  /** Writes the first batch of an epoch, which says nothing but that. */
  appendEpochStart(epoch: number, commitIndex: number): LogBatch;
  /** Makes everything appended so far durable, then calls back. Never fails: a process whose log cannot be synced ends. */
  sync(done: () => void): void;
  /** Batches from the one behind `lsn` on, of so many bytes at most, but one at least if there is one. `lsn` is a batch's end at or behind the base. */
  read(lsn: number, bytesMax: number): readonly LogBatch[];
  /** Removes the batches behind `lsn`, durably, on return. */
  truncateAfter(lsn: number): void;
  /** About how many bytes the batches behind `lsn` have, for those who look. */
  bytesAfter(lsn: number): number;
  /** Batches behind `lsn` are to be kept for others. */
  retainAfter(lsn: number): void;
  /** As the primary: up to where the log is archived (storage/backup), by this node; undefined: it is not. */
  readonly archivedLsn: number | undefined;
  /** As a follower: the primary's `archivedLsn`. What comes behind is kept, so that whoever is primary next can go on archiving. */
  keepForArchive(lsn: number | undefined): void;
}

/** Messages may be lost, delayed, doubled and reordered, but not changed. */
export interface Network {
  send(to: NodeId, message: Message): void;
}

/** A configuration as it stood at one revision of its key. */
export interface StoredConfiguration {
  readonly configuration: Configuration;
  /** Rises with each change of the key. */
  readonly revision: bigint;
}

export type ReadAnswer = { readonly kind: 'found'; readonly stored: StoredConfiguration } | { readonly kind: 'missing' } | { readonly kind: 'unavailable' };
export type ChangeAnswer = { readonly kind: 'done'; readonly revision: bigint } | { readonly kind: 'conflict' } | { readonly kind: 'unknown' };

/** The key of one database in the coordination store. */
export interface ConfigurationStore {
  /** A linearizable read. `missing`: there is no such database (any more). */
  read(done: (answer: ReadAnswer) => void): void;
  /** Changes the key if it still is at `revision`. `unknown`: it may have been done, may not, or may be done later. */
  compareAndSet(revision: bigint, configuration: Configuration, done: (answer: ChangeAnswer) => void): void;
}

export type SnapshotOutcome =
  /** The log is empty and begins where replaying must; its files, copied one after another, are of one moment from `consistentLsn` on. */
  { readonly kind: 'installed'; readonly consistentLsn: number } | { readonly kind: 'failed' };

/** Files that cannot be read. */
export interface CopyDamage {
  readonly reason: string;
  /** Not only some of what they hold: they cannot be opened, or cannot follow the log. Such a copy never leads. */
  readonly isTotal: boolean;
}

/** Who serves the database on this node: the lane's thread. */
export interface ReplicaHost {
  /** Every record up to `appliedLsn` is in the files. */
  readonly appliedLsn: number;
  /** What is known of damage in the files; undefined: none is. */
  readonly damage: CopyDamage | undefined;
  /** Records up to `lsn` are committed. As a follower (and until `opened`) bring them into the files, now or in pieces, and call Replica.applied. */
  committed(lsn: number): void;
  /** Every in-sync replica has applied the records up to `lsn`. */
  appliedInSync(lsn: number): void;
  /** This node is the primary of `epoch` and has applied everything before: it may write. */
  opened(epoch: number): void;
  /** It is about to hand over: nothing that it has is shown from now on. The heir is told, and `closed` follows in the same turn of the event loop. */
  leaving(): void;
  /** As the primary: whether everything that was acknowledged is in the log. What nobody waits for is gathered for a moment (synchronous_commit = off); then it is brought there now. */
  flush(): boolean;
  /** It no longer is: everything that waits for a commit fails, what is open is rolled back, before the call returns. */
  closed(): void;
  /** The log of `primary` no longer reaches back to this one's end: replace files and log by a copy of the primary's, then call back. */
  installSnapshot(primary: NodeId, done: (outcome: SnapshotOutcome) => void): void;
  /** What this node has is not what it should be: its files and log count for nothing from now on, after a restart, too, and `installSnapshot` follows. */
  discard(): void;
  /** What must never be, is: the process ends. */
  panic(message: string): never;
  /** For the server's log. */
  report(line: string): void;
}
