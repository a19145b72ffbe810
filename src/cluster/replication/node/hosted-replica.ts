/**
 * A database that this node hosts with others: the protocol (replica.ts) over this node's storage, the channel's streams and the coordination store. On the lane's thread.
 * A node that has no copy yet begins with none and is given one by the primary.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogData } from '../../../catalog/snapshot.js';
import { systemClock } from '../../../common/clock.js';
import { assert } from '../../../common/errors.js';
import { isDiskFull } from '../../../storage/disk-errors.js';
import { bootstrap } from '../../../storage/files/bootstrap.js';
import { DirectoryLock } from '../../../storage/files/directory-lock.js';
import { SpaceReserve } from '../../../storage/files/space-reserve.js';
import type { EpochStart, LogOrigin, LogPoint } from '../../../storage/log/node-log.js';
import { panic } from '../../../storage/panic.js';
import { isDamage, toPgError } from '../../../storage/sqlite-errors.js';
import { beginIncoming, isDiscarded, markDiscarded, settleIncoming, takeIncoming } from '../../../storage/replica/incoming-copy.js';
import { ReplicaStorage } from '../../../storage/replica/replica-storage.js';
import type { FilePosition } from '../../../storage/ports.js';
import { ValidityWord } from '../../../storage/shared.js';
import type { WriterLane, WriterLaneOptions } from '../../../storage/write/writer-lane.js';
import type { NodeId } from '../configuration.js';
import type { Message } from '../messages.js';
import type { ConfigurationStore, CopyDamage, LogBatch, Network, ReplicaHost, ReplicatedLog, SnapshotOutcome } from '../ports.js';
import { Replica, type ReplicaFacts } from '../replica.js';
import type { Timing } from '../timing.js';
import { type CopySource, removeOutgoing } from './copy-transfer.js';

export interface HostedReplicaOptions {
  readonly node: NodeId;
  readonly storage: WriterLaneOptions;
  readonly network: Network;
  readonly store: ConfigurationStore;
  /** Gets a copy of the primary's files into an empty directory (copy-transfer). */
  readonly fetchCopy: (primary: NodeId, directory: string) => Promise<{ readonly consistentLsn: number }>;
  /** This node makes the database if it does not have it: who creates it does, the others get copies. */
  readonly creates: boolean;
  /** A writer lane serves now, or (undefined) none does. */
  readonly onLane: (lane: WriterLane | undefined) => void;
  /** The files have been replaced: whoever has them open must open them anew. */
  readonly onReplaced: () => void;
  readonly report: (line: string) => void;
  readonly timing?: Timing;
}

const tellEveryMs = 60_000;
const leaveMsMax = 2000;
const leavePollMs = 10;
/** Before the first copy has come: a log that agrees with none. */
const nowhere: LogPoint = { epoch: -1, lsn: -1 };
/** Replicas are read as long as they are not older than this. */
const stalenessMsMax = 5000;
/** Readers are told anew for how long what they find may be shown. */
const showEveryMs = 100;
const lookForDamageEveryMs = 500;
/** After a copy that has not come. */
const copyRetryMs = 1000;
/** How long after a copy was sent the log from its beginning on is kept for the replica to come for it. */
const keepAfterCopyMs = 60_000;

export class HostedReplica implements ReplicatedLog, ReplicaHost {
  readonly replica: Replica;
  private readonly lock: DirectoryLock;
  private readonly reserve: SpaceReserve;
  private storage: ReplicaStorage | undefined;
  private readonly validity: ValidityWord;
  /** Why there is no `storage` though there are files. */
  private openDamage: CopyDamage | undefined;
  private toldDamage: string | undefined;
  private damageLook: NodeJS.Timeout | undefined;
  private toldFailure: { readonly text: string; readonly at: number } | undefined;
  /** What `storage` has counts for nothing any more. */
  private isDiscarded = false;
  private isClosed = false;
  private copiesUnderWay = 0;
  private forgetCopies: NodeJS.Timeout | undefined;
  private toldFullDiskAt = -Infinity;
  private shown: NodeJS.Timeout | undefined;

  constructor(private readonly options: HostedReplicaOptions) {
    const { storage, creates } = options;
    const { layout } = storage;
    this.validity = new ValidityWord(storage.shared.control);
    this.validity.validForMs = 0;
    this.validity.staleForMs = Infinity;
    mkdirSync(layout.directory, { recursive: true });
    this.lock = DirectoryLock.acquire(layout);
    try {
      settleIncoming(layout);
      removeOutgoing(layout);
      this.reserve = storage.reserve ?? new SpaceReserve(layout.reserve);
      if (!isDiscarded(layout) && (existsSync(layout.manifest) || creates)) this.openOrTell();
    } catch (error) {
      this.lock.release();
      throw error;
    }
    const { node, network, store, timing } = options;
    this.replica = new Replica({
      node,
      network,
      store,
      clock: systemClock,
      log: this,
      host: this,
      newToken: () => `${node}.${randomUUID()}`,
      ...(timing === undefined ? {} : { timing }),
    });
    this.storage?.bind(this.replica);
  }

  /** undefined: the files are damaged. As long as the others count on them, this node is one whose copy is to be replaced. */
  private openOrTell(): ReplicaStorage | undefined {
    const { storage } = this.options;
    try {
      bootstrap(storage.layout, storage.database, storage.initialCatalog);
      this.openDamage = undefined;
      this.storage = ReplicaStorage.open(storage, this.reserve);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.openDamage = { reason: toPgError(error).message, isTotal: true };
    }
    return this.storage;
  }

  start(): void {
    this.replica.start();
    this.shown = setInterval(() => this.showValidity(), showEveryMs);
    this.lookForDamage();
    this.damageLook = setInterval(() => this.lookForDamage(), lookForDamageEveryMs);
  }

  message(message: Message): void {
    try {
      this.replica.message(message);
    } catch (error) {
      // What there was no space for is not acknowledged, and comes again.
      if (!isDiskFull(error)) throw error;
      this.tellFullDisk();
    }
    this.showValidity();
  }

  private tellFullDisk(): void {
    const now = systemClock.monotonicMs();
    if (now - this.toldFullDiskAt < tellEveryMs) return;
    this.toldFullDiskAt = now;
    this.report('has no disk space to follow its primary');
  }

  /** Before an orderly stop, or because somebody asks for it: brings what is acknowledged into the log and lets another node take over, if there is one that can. Waits for a moment at most. */
  async leave(heirs?: readonly NodeId[]): Promise<void> {
    const { lane, replica } = this;
    if (lane === undefined) return;
    const deadline = systemClock.monotonicMs() + leaveMsMax;
    await Promise.race([lane.flushed().catch(() => undefined), sleep(leaveMsMax)]);
    if (replica.seen?.configuration.isr.length === 1) return;
    replica.handOver(heirs);
    while (replica.primary !== undefined && systemClock.monotonicMs() < deadline) await sleep(leavePollMs);
  }

  /** Tells this node's readers for how long what they find may be shown. */
  private showValidity(): void {
    const { replica, damage } = this;
    // (What can be read of a primary's copy is right. Readers of another one's have better to go to.)
    if (damage?.isTotal === true || (damage !== undefined && replica.primary === undefined)) {
      this.validity.validForMs = 0;
      this.validity.staleForMs = Infinity;
      return;
    }
    const { stalenessMs } = replica;
    this.validity.validForMs = replica.primary === undefined ? stalenessMsMax - stalenessMs : replica.leaseEnd - systemClock.monotonicMs();
    this.validity.staleForMs = stalenessMs;
  }

  private lookForDamage(): void {
    this.storage?.lookForDamage();
    const reason = this.damage?.reason;
    if (reason === this.toldDamage) return;
    this.toldDamage = reason;
    if (reason !== undefined) this.report(`its files on this node are damaged, and wait to be replaced by a copy of another node's: ${reason}`);
    this.showValidity();
  }

  get facts(): ReplicaFacts {
    return this.replica.facts;
  }

  get hasFiles(): boolean {
    return this.storage !== undefined;
  }

  /** As the files of this node have it. */
  get catalog(): CatalogData {
    return this.log.catalog;
  }

  get lane(): WriterLane | undefined {
    return this.storage?.writer;
  }

  /** For statements that read on several nodes; undefined: there are no files. */
  get position(): FilePosition | undefined {
    return this.storage?.position;
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.forgetCopies);
    clearInterval(this.shown);
    clearInterval(this.damageLook);
    this.replica.stop();
    this.storage?.close();
    this.lock.release();
  }

  // ---- for replicas without a copy ----

  /** What `sendCopy` sends; undefined: this node has nothing to send. done: call it when the copy has been sent, or not. */
  copySource(): { readonly source: CopySource; readonly done: () => void } | undefined {
    const { storage } = this;
    if (storage === undefined || this.replica.primary === undefined) return undefined;
    this.copiesUnderWay++;
    clearTimeout(this.forgetCopies);
    let isDone = false;
    return {
      source: {
        layout: this.options.storage.layout,
        register: this.options.storage.register,
        begin: (): LogOrigin => {
          const origin = storage.originHere;
          // (Several at a time: the oldest beginning is kept.)
          if (this.copiesUnderWay === 1) storage.keepForCopies(origin);
          return origin;
        },
        appliedLsn: () => storage.appliedLsn,
      },
      done: () => {
        if (isDone) return;
        isDone = true;
        if (--this.copiesUnderWay > 0) return;
        this.forgetCopies = setTimeout(() => storage.keepForCopies(undefined), keepAfterCopyMs);
        this.forgetCopies.unref();
      },
    };
  }

  // ---- ReplicaHost ----

  get appliedLsn(): number {
    return this.counted?.appliedLsn ?? nowhere.lsn;
  }

  get damage(): CopyDamage | undefined {
    return this.isDiscarded ? undefined : (this.openDamage ?? this.storage?.damage);
  }

  committed(lsn: number): void {
    this.counted?.committed(lsn);
  }

  discard(): void {
    const { layout } = this.options.storage;
    this.validity.validForMs = 0;
    markDiscarded(layout);
    // (What reads the catalog meanwhile reads the old one.)
    this.isDiscarded = true;
  }

  appliedInSync(lsn: number): void {
    this.storage?.appliedInSync(lsn);
  }

  opened(): void {
    this.storage?.opened();
    this.showValidity();
    this.options.onLane(this.lane);
  }

  leaving(): void {
    this.validity.validForMs = 0;
  }

  flush(): boolean {
    return this.storage?.flush() ?? true;
  }

  closed(): void {
    this.validity.validForMs = 0;
    this.options.onLane(undefined);
    this.storage?.closed();
  }

  installSnapshot(primary: NodeId, done: (outcome: SnapshotOutcome) => void): void {
    const { layout } = this.options.storage;
    this.options.fetchCopy(primary, beginIncoming(layout)).then(
      ({ consistentLsn }) => {
        if (this.isClosed) return;
        this.storage?.close();
        this.storage = undefined;
        this.isDiscarded = false;
        takeIncoming(layout);
        const storage = this.openOrTell();
        if (storage === undefined) {
          done({ kind: 'failed' });
          return;
        }
        storage.bind(this.replica);
        this.options.onReplaced();
        done({ kind: 'installed', consistentLsn });
      },
      (error: unknown) => {
        if (this.isClosed) return;
        this.tellFailure(`could not get a copy from ${primary}: ${error instanceof Error ? error.message : String(error)}`);
        // (It is offered anew as soon as this one says that it has failed.)
        setTimeout(() => {
          if (!this.isClosed) done({ kind: 'failed' });
        }, copyRetryMs).unref();
      },
    );
  }

  panic(message: string): never {
    panic(`database "${this.options.storage.database}": ${message}`, new Error(message), 'This node and its primary disagree about what is committed.');
  }

  /** What goes on failing in the same way is told from time to time. */
  private tellFailure(text: string): void {
    const at = systemClock.monotonicMs();
    if (this.toldFailure?.text === text && at - this.toldFailure.at < tellEveryMs) return;
    this.toldFailure = { text, at };
    this.report(text);
  }

  report(line: string): void {
    this.options.report(line);
  }

  // ---- ReplicatedLog ----

  private get log(): ReplicaStorage {
    assert(this.storage !== undefined, 'a replica without a copy has no log');
    return this.storage;
  }

  /** What the protocol knows of. */
  private get counted(): ReplicaStorage | undefined {
    return this.isDiscarded ? undefined : this.storage;
  }

  bytesAfter(lsn: number): number {
    return this.counted?.bytesAfter(lsn) ?? 0;
  }

  get end(): LogPoint {
    return this.counted?.end ?? nowhere;
  }

  get base(): LogPoint {
    return this.counted?.base ?? nowhere;
  }

  get syncedLsn(): number {
    return this.counted?.syncedLsn ?? nowhere.lsn;
  }

  get epochs(): readonly EpochStart[] {
    return this.counted?.epochs ?? [];
  }

  append(batch: LogBatch): void {
    this.log.append(batch);
  }

  appendEpochStart(epoch: number, commitIndex: number): LogBatch {
    return this.log.appendEpochStart(epoch, commitIndex);
  }

  sync(done: () => void): void {
    this.log.sync(done);
  }

  read(lsn: number, bytesMax: number): readonly LogBatch[] {
    return this.log.read(lsn, bytesMax);
  }

  truncateAfter(lsn: number): void {
    this.log.truncateAfter(lsn);
  }

  get archivedLsn(): number | undefined {
    return this.counted?.archivedLsn;
  }

  keepForArchive(lsn: number | undefined): void {
    this.counted?.keepForArchive(lsn);
  }

  retainAfter(lsn: number): void {
    this.counted?.retainAfter(lsn);
  }
}
