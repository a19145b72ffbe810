/**
 * A replicated database on one node, below the protocol (cluster/replication): its log as the protocol sees it, its files, which follow what is committed, and, while this
 * node is primary, its writer lane. It goes back and forth between the two without anybody closing the directory. Lives on the lane's thread.
 *
 * As a follower it replays what is committed as recovery does, inside the publisher's seqlock, so that this node's readers see it as they see the lane's commits.
 */
import type { CopyDamage, LogBatch, ReplicatedLog } from '../../cluster/replication/ports.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import { assert } from '../../common/errors.js';
import { dropFiles, isDropped, orphansAmong } from '../files/bootstrap.js';
import { loadCatalog } from '../files/catalog-store.js';
import { Connection } from '../files/connection.js';
import { type DatabaseLayout, globalSchema } from '../files/layout.js';
import type { SpaceReserve } from '../files/space-reserve.js';
import { damageOf } from '../integrity/damage.js';
import { type Batch, decodeBatch } from '../log/batch.js';
import { batchesOf, lastOf, LogReader } from '../log/log-reader.js';
import type { EpochStart, LogOrigin, LogPoint, LogPosition, NodeLog } from '../log/node-log.js';
import { RecordWriter } from '../log/records.js';
import { recover, Replay } from '../log/recovery.js';
import { panic } from '../panic.js';
import { PositionHolds } from './position-holds.js';
import { CancelWords, CommitPublisher } from '../shared.js';
import { isDamage, toPgError } from '../sqlite-errors.js';
import { Checkpointer } from '../write/checkpoint.js';
import type { CommitGate } from '../write/group-commit.js';
import { WriterLane, type WriterLaneOptions } from '../write/writer-lane.js';

/** What is kept in memory to be sent, or applied, without reading it back from the disk. */
const recentBytesMax = 8 * 1024 * 1024;
/** Applied at a time, before others have their turn on the thread. */
const stretchBytesMax = 1024 * 1024;
/** A record that nobody asks for. */
const nowhere = -1;
const defaultCheckpointLogBytes = 64 * 1024 * 1024;

/** The protocol, as its storage calls it (cluster/replication/replica). */
export interface ReplicaProtocol {
  readonly commitIndex: number;
  appended(batch: LogBatch): void;
  synced(): void;
  applied(): void;
}

interface Files {
  readonly connection: Connection;
  readonly replay: Replay;
  readonly checkpointer: Checkpointer;
}

export class ReplicaStorage implements ReplicatedLog, CommitGate {
  private protocol: ReplicaProtocol | undefined;
  private files: Files | undefined;
  private lane: WriterLane | undefined;
  private readonly publisher: CommitPublisher;
  private reader: LogReader;
  /** The end of the log: everything that is not applied, and more. */
  private recent: LogBatch[] = [];
  private recentBytes = 0;
  private target: number;
  private isApplying = false;
  /** The lane waits for its last batch. */
  private commit: { readonly lsn: number; readonly done: () => void } | undefined;
  /** By all replicas that are in sync, as far as this node, as primary, has heard. */
  private appliedEverywhere = 0;
  private unapplied: { readonly lsn: number; readonly applied: () => void }[] = [];
  private isClosed = false;
  /** Statements that read on several nodes. */
  readonly position = new PositionHolds(
    () => this.appliedLsn,
    () => this.resume(),
  );
  private currentCatalog: CatalogData;
  /** What is known of damage in the files. */
  damage: CopyDamage | undefined;
  /** What was met in the files that were in these ones' place. */
  private readonly earlierDamage: ReadonlySet<string>;

  /** Over a directory that the caller has locked and that has a database in it. */
  static open(options: WriterLaneOptions, reserve: SpaceReserve): ReplicaStorage {
    const { layout, register, shared } = options;
    const connection = new Connection({ layout, register, cancel: new CancelWords(shared.cancel) });
    try {
      const { log, appliedLsn } = recover(layout, connection, options.log, 'known to be committed');
      const catalog = loadCatalog(connection.db, layout.oid);
      // (Files of a copy may be ahead of its catalog, until the log has come.)
      if (!log.isBlank) removeOrphans(connection, layout, catalog);
      const storage = new ReplicaStorage(options, reserve, log, appliedLsn, catalog);
      storage.follow(connection);
      return storage;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(
    private readonly options: WriterLaneOptions,
    private readonly reserve: SpaceReserve,
    private readonly log: NodeLog,
    /** Every record up to here is in the files. */
    public appliedLsn: number,
    catalog: CatalogData,
  ) {
    this.target = appliedLsn;
    this.earlierDamage = new Set(damageOf(options.layout));
    this.currentCatalog = catalog;
    this.publisher = new CommitPublisher(options.shared.control);
    this.publisher.shown = appliedLsn;
    this.reader = new LogReader(options.layout.log);
    for (const { bytes, batch } of this.stored(appliedLsn, Infinity)) this.remember(batchOf(bytes, batch));
  }

  /** Once, before the protocol starts. */
  bind(protocol: ReplicaProtocol): void {
    this.protocol = protocol;
  }

  /** The writer lane, while this node is primary. */
  get writer(): WriterLane | undefined {
    return this.lane;
  }

  get catalog(): CatalogData {
    return this.lane?.catalog ?? this.currentCatalog;
  }

  // ---- the log, as the protocol sees it ----

  get end(): LogPoint {
    return this.log.end;
  }

  get base(): LogPoint {
    return this.log.base;
  }

  get syncedLsn(): number {
    return this.log.syncedLsn;
  }

  get epochs(): readonly EpochStart[] {
    return this.log.epochs;
  }

  /** Where the log of a copy of the files begins that is made from now on. */
  get originHere(): LogOrigin {
    const { appliedLsn, archivedLsn } = this;
    // (A node that becomes primary must have the log back to where the archive ends.)
    const archived = archivedLsn === undefined || archivedLsn > appliedLsn ? undefined : this.reader.batchEndingWith(archivedLsn);
    const last = archived === undefined ? undefined : decodeBatch(archived, 0);
    if (last !== undefined) return { epoch: last.previousEpoch, lsn: last.firstLsn - 1, sequence: last.sequence, hlc: last.hlc - 1 };
    if (appliedLsn === this.log.end.lsn) return this.log.originHere;
    const next = this.recent.find(({ firstLsn }) => firstLsn === appliedLsn + 1);
    const batch = next === undefined ? undefined : decodeBatch(Buffer.from(next.bytes), 0);
    assert(batch !== undefined, 'what is not applied is in memory');
    return { epoch: batch.previousEpoch, lsn: appliedLsn, sequence: batch.sequence, hlc: batch.hlc - 1 };
  }

  append(batch: LogBatch): void;
  append(records: readonly Uint8Array[]): number;
  append(what: LogBatch | readonly Uint8Array[]): number | undefined {
    if ('bytes' in what) {
      this.log.appendBatch(Buffer.from(what.bytes.buffer, what.bytes.byteOffset, what.bytes.byteLength));
      this.remember(what);
      return undefined;
    }
    const batch = this.write(what);
    this.protocol?.appended(batch);
    return batch.firstLsn;
  }

  appendEpochStart(epoch: number, commitIndex: number): LogBatch {
    this.log.epoch = epoch;
    this.log.commitIndex = commitIndex;
    const writer = new RecordWriter();
    writer.epoch(epoch);
    return this.write([writer.finish()]);
  }

  private write(records: readonly Uint8Array[]): LogBatch {
    this.log.commitIndex = this.protocol?.commitIndex ?? 0;
    const batch = { epoch: this.log.epoch, ...this.log.write(records) };
    this.remember(batch);
    return batch;
  }

  sync(done: () => void): void {
    const pending = this.log.sync();
    if (pending === undefined) done();
    // (A failed sync has ended the process.)
    else void pending.then(done);
  }

  read(lsn: number, bytesMax: number): readonly LogBatch[] {
    const [oldest] = this.recent;
    if (lsn >= this.log.end.lsn) return [];
    if (oldest === undefined || oldest.firstLsn > lsn + 1) return [...this.stored(lsn, bytesMax)].map(({ bytes, batch }) => batchOf(bytes, batch));
    const found: LogBatch[] = [];
    let bytes = 0;
    for (const batch of this.recent) {
      if (batch.firstLsn <= lsn) continue;
      if (bytes > 0 && bytes + batch.bytes.byteLength > bytesMax) break;
      found.push(batch);
      bytes += batch.bytes.byteLength;
    }
    return found;
  }

  /** (Of what is no longer in memory: as much a record as of what is.) */
  bytesAfter(lsn: number): number {
    const missing = this.log.end.lsn - lsn;
    const [oldest] = this.recent;
    if (missing <= 0 || oldest === undefined) return 0;
    const within = this.recent.reduce((sum, batch) => sum + (batch.lastLsn > lsn ? batch.bytes.byteLength : 0), 0);
    const before = Math.max(0, oldest.firstLsn - 1 - lsn);
    return Math.round(within + (before * this.recentBytes) / (this.log.end.lsn - oldest.firstLsn + 1));
  }

  truncateAfter(lsn: number): void {
    this.log.truncateAfter(lsn);
    this.recent = this.recent.filter((batch) => batch.lastLsn <= lsn);
    this.recentBytes = this.recent.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    this.reader = new LogReader(this.options.layout.log);
  }

  retainAfter(lsn: number): void {
    this.log.retainFrom(lsn + 1, 'replicas');
  }

  /** As the primary: everything up to here is archived, what is behind it is kept until it is; undefined: nothing is archived. As a follower: what the primary has said. */
  get archivedLsn(): number | undefined {
    const lsn = this.log.retainedFrom('backup');
    return lsn === Infinity ? undefined : lsn;
  }

  keepForArchive(lsn: number | undefined): void {
    this.log.retainFrom(lsn ?? Infinity, 'backup');
  }

  /** A copy of the files is made from now on: the log from here on is kept until `keepForCopies(undefined)`. */
  keepForCopies(origin: LogOrigin | undefined): void {
    this.log.retainFrom(origin === undefined ? Infinity : origin.lsn + 1, 'copies');
  }

  private *stored(lsn: number, bytesMax: number): Iterable<{ readonly batch: Batch; readonly bytes: Buffer }> {
    const { lsn: last } = this.log.end;
    if (lsn >= last) return;
    const stretch = this.reader.read(lsn + 1, last, bytesMax).bytes;
    for (const { batch, offset } of batchesOf(stretch, undefined)) yield { batch, bytes: stretch.subarray(offset, batch.end) };
  }

  private remember(batch: LogBatch): void {
    this.recent.push(batch);
    this.recentBytes += batch.bytes.byteLength;
    let drop = 0;
    for (; this.recentBytes > recentBytesMax; drop++) {
      const oldest = this.recent[drop];
      if (oldest === undefined || oldest.lastLsn > this.appliedLsn) break;
      this.recentBytes -= oldest.bytes.byteLength;
    }
    if (drop > 0) this.recent.splice(0, drop);
  }

  // ---- what is committed ----

  /** The lane's: calls back inside `committed`. */
  settle(done: () => void): void {
    this.commit = { lsn: this.log.end.lsn, done };
    this.sync(() => this.protocol?.synced());
  }

  /** The lane's: others may not have what comes behind, and whoever writes after this node may have something else there. */
  committedPosition(): LogPosition {
    const committed = this.protocol?.commitIndex ?? 0;
    if (committed >= this.log.end.lsn) return this.log.position();
    const next = this.recent.find(({ firstLsn }) => firstLsn > committed);
    assert(next !== undefined, 'what is not committed is in memory');
    return { lsn: committed, hlc: decoded(next).hlc - 1 };
  }

  /** The lane's: calls back inside `appliedInSync`. */
  whenApplied(lsn: number, applied: () => void): void {
    if (lsn <= this.appliedEverywhere) applied();
    else this.unapplied.push({ lsn, applied });
  }

  /** All replicas that are in sync have applied the records up to `lsn`. */
  appliedInSync(lsn: number): void {
    this.appliedEverywhere = lsn;
    const waiting = this.unapplied;
    this.unapplied = waiting.filter((waiter) => waiter.lsn > lsn);
    for (const waiter of waiting) if (waiter.lsn <= lsn) waiter.applied();
  }

  /** Everything up to `lsn` is committed. */
  committed(lsn: number): void {
    this.target = Math.max(this.target, lsn);
    if (this.lane === undefined) this.apply();
    else this.commitOfLane();
  }

  /** The lane's last batch, if it is committed and nobody holds the files where they are. */
  private commitOfLane(): void {
    const { commit } = this;
    if (commit === undefined || this.target < commit.lsn || this.position.limit < commit.lsn) return;
    this.commit = undefined;
    this.appliedLsn = commit.lsn;
    commit.done();
    this.position.applied();
  }

  /** The files may go further, perhaps. */
  private resume(): void {
    if (this.isClosed) return;
    if (this.lane === undefined) this.apply();
    else this.commitOfLane();
  }

  /** Brings the files up to `target`, a stretch at a time. */
  private apply(): void {
    const { files } = this;
    const target = Math.min(this.target, this.position.limit);
    if (files === undefined || this.isApplying || this.isClosed || this.appliedLsn >= target) return;
    const stretch: LogBatch[] = [];
    let bytes = 0;
    for (const batch of this.recent) {
      if (batch.firstLsn <= this.appliedLsn) continue;
      if (batch.lastLsn > target || bytes > stretchBytesMax) break;
      stretch.push(batch);
      bytes += batch.bytes.byteLength;
    }
    const last = stretch.at(-1);
    if (last === undefined) return;
    const { replay, checkpointer, connection } = files;
    try {
      this.publisher.publish(last.lastLsn, () => {
        for (const batch of stretch) for (const entry of decoded(batch).entries) replay.entry(entry);
        replay.settle();
      });
    } catch (error) {
      if (!isDamage(error))
        panic('the database cannot follow its log', error, 'Check the disk and the system log, then start the server again: its log has everything.');
      this.give(error);
      return;
    }
    this.appliedLsn = last.lastLsn;
    for (const schema of connection.schemas) checkpointer.written(schema);
    if (replay.changedCatalog) this.publishCatalog(files);
    this.tidy(files);
    this.protocol?.applied();
    this.position.applied();
    if (this.appliedLsn >= Math.min(this.target, this.position.limit)) return;
    this.isApplying = true;
    setImmediate(() => {
      this.isApplying = false;
      this.apply();
    });
  }

  private publishCatalog({ replay, connection }: Files): void {
    replay.changedCatalog = false;
    this.currentCatalog = loadCatalog(connection.db, this.options.layout.oid);
    this.options.onCatalog({ kind: 'catalog', catalog: this.currentCatalog });
  }

  /** Follows the primary's rhythm: its segments are this log's, too. */
  private tidy({ checkpointer }: Files): void {
    if (this.log.bytes < (this.options.checkpointLogBytes ?? defaultCheckpointLogBytes) || !checkpointer.healthy) return;
    checkpointer.run();
    if (checkpointer.healthy) this.log.trim(this.appliedLsn + 1);
  }

  // ---- damage ----

  /** Whether anybody on this node has met damage in these files, that is not known yet. */
  lookForDamage(): void {
    if (this.damage !== undefined) return;
    const found = damageOf(this.options.layout).find((line) => !this.earlierDamage.has(line));
    if (found !== undefined) this.damage = { reason: found, isTotal: false };
  }

  /** The files cannot be used any more: they stay as they are. Throws anything that is not about damage. */
  private give(error: unknown): void {
    if (!isDamage(error)) throw error;
    this.files?.replay.abandon();
    this.endFollowing();
    this.damage = { reason: toPgError(error).message, isTotal: true };
  }

  // ---- roles ----

  /** This node is primary, and has applied everything: a writer lane takes the files over. */
  opened(): void {
    this.endFollowing();
    const { log } = this;
    try {
      this.lane = WriterLane.take({ ...this.options, replica: { log, gate: this } }, this.reserve);
    } catch (error) {
      this.give(error);
    }
  }

  /** See ReplicaHost. */
  flush(): boolean {
    const { lane } = this;
    if (lane === undefined || !lane.isDeferring) return true;
    lane.flushed().catch(() => undefined);
    return false;
  }

  /** It no longer is. */
  closed(): void {
    const { lane, options } = this;
    if (lane === undefined) return;
    this.currentCatalog = lane.catalog;
    this.lane = undefined;
    this.commit = undefined;
    this.unapplied = [];
    this.appliedEverywhere = 0;
    lane.abandon();
    if (this.isClosed) return;
    const connection = new Connection({ layout: options.layout, register: options.register, cancel: new CancelWords(options.shared.cancel) });
    try {
      connection.attach(globalSchema);
      for (const schema of options.layout.shardSchemasOnDisk()) connection.attach(schema);
      this.currentCatalog = loadCatalog(connection.db, options.layout.oid);
      removeOrphans(connection, options.layout, this.currentCatalog);
    } catch (error) {
      connection.close();
      this.give(error);
      return;
    }
    this.follow(connection);
    this.apply();
  }

  private follow(connection: Connection): void {
    const { layout } = this.options;
    const storage = this;
    const applied = {
      // (What is not committed may go again: the next start must not miss it.)
      get lastLsn() {
        return storage.appliedLsn;
      },
    };
    const checkpointer = new Checkpointer(connection, layout, applied, this.publisher);
    this.files = { connection, checkpointer, replay: new Replay(layout, connection) };
  }

  private endFollowing(): void {
    this.files?.connection.close();
    this.files = undefined;
  }

  /** Lets go of everything; the protocol has stopped. */
  close(): void {
    this.isClosed = true;
    this.position.close();
    // (Other files may take the place of these: until somebody knows their record, they are at none.)
    this.publisher.shown = nowhere;
    this.closed();
    this.files?.checkpointer.run();
    this.endFollowing();
    this.log.close();
  }
}

function batchOf(bytes: Buffer, batch: Batch): LogBatch {
  return { epoch: batch.epoch, firstLsn: batch.firstLsn, lastLsn: lastOf(batch), bytes };
}

function decoded({ bytes, firstLsn }: LogBatch): Batch {
  const batch = decodeBatch(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  assert(batch !== undefined, `batch ${String(firstLsn)} is whole`);
  return batch;
}

/** Of a definition that the lane had under way. Should it be committed after all, replaying it makes its files anew. */
function removeOrphans(connection: Connection, layout: DatabaseLayout, catalog: CatalogData): void {
  for (const orphan of orphansAmong(connection.schemas, catalog)) {
    for (const schema of [...connection.schemas]) if (isDropped(schema, orphan)) connection.detach(schema);
    dropFiles(layout, orphan);
  }
}
