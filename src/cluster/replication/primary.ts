/**
 * The primary, for one epoch: ships batches, counts acknowledgements, keeps the set of in-sync replicas in the coordination store true, and its read lease. It is made
 * once the store has said that this node is it, and opens the database when its first batch, which says that the epoch has begun, is committed.
 */
import type { Timer } from '../../common/clock.js';
import { type Configuration, inSyncNeeded, type NodeId, promoted, withoutReplica, withReplica } from './configuration.js';
import { epochAt, lastCommonPoint, type LogShape } from './epochs.js';
import type { Status } from './messages.js';
import type { LogPoint } from '../../storage/log/node-log.js';
import { PauseDetector } from './pause-detector.js';
import type { LogBatch, StoredConfiguration } from './ports.js';
import type { PeerFacts, ReplicaContext } from './replica.js';
import { settle } from './settle.js';

/** What the primary knows of another replica. */
interface Peer {
  readonly node: NodeId;
  /** Status.copy, and since when, on this clock, it is known. */
  copy: string | undefined;
  copyAt: number;
  /** Status.damage. */
  isDamaged: boolean;
  /** When something of this epoch came from it. */
  heardAt: number;
  /** It has said that it has everything up to here, durably, as this log has it; undefined: not known. */
  syncedLsn: number | undefined;
  appliedLsn: number;
  /** What was sent last; undefined: first it must say where its log is. */
  sent: LogPoint | undefined;
  /** Sent, and not all of it acknowledged. */
  unansweredBytes: number;
  /** When it had everything, or has acknowledged more. */
  progressAt: number;
  resentAt: number;
  /** When the newest beacon was sent that it has answered. */
  beaconAnswered: number;
  /** Its clock in its last status. */
  statusSentAt: number | undefined;
}

export class Primary {
  private stored: StoredConfiguration;
  private readonly token: string;
  private readonly peers = new Map<NodeId, Peer>();
  /** Copies (Status.copy) that are not what they should be: never in sync again. */
  private readonly quarantined = new Set<string>();
  /** The batch that says that the epoch has begun. */
  private first: LogPoint;
  /** A change of the in-sync replicas that the store may or may not have yet. */
  private pending: { readonly next: Configuration; readonly stop: () => void } | undefined;
  private isOpen = false;
  private openedAt: number | undefined;
  /** Another replica shall take over: one of these, or (undefined) any. */
  private leaving: { readonly heirs: readonly NodeId[] | undefined } | undefined;
  /** When another replica was asked to take over: from then on there is no lease in this epoch any more. */
  private leftAt: number | undefined;
  private stopped = false;
  private timer: Timer | undefined;
  private noticeTimer: Timer | undefined;
  private readonly pauses: PauseDetector;
  /** Nobody is taken for silent before then. */
  private listensUntil = -Infinity;
  private appliedInSync = 0;
  /** Where the log ended at the last look around: who has that keeps up. */
  private endAtTick: number;

  constructor(
    private readonly context: ReplicaContext,
    stored: StoredConfiguration,
  ) {
    const { log, clock } = context;
    this.stored = stored;
    this.token = stored.configuration.token;
    this.pauses = new PauseDetector(clock.monotonicMs(), 3 * context.timing.beaconMs);
    this.first = log.end;
    this.endAtTick = log.end.lsn;
  }

  /** Once replica.ts has it. isNew: nothing has been written in this epoch. */
  begin(isNew: boolean): void {
    const { log, replica } = this.context;
    if (isNew) {
      const batch = log.appendEpochStart(this.stored.configuration.epoch, replica.commitIndex);
      this.first = { epoch: batch.epoch, lsn: batch.lastLsn };
    }
    this.endAtTick = log.end.lsn;
    this.lookAround();
    log.sync(() => this.advance());
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.noticeTimer?.cancel();
    this.pending?.stop();
  }

  isNamedBy(stored: StoredConfiguration): boolean {
    return stored.configuration.token === this.token;
  }

  /** The placement or an operator has changed the key, but for who is primary. */
  configurationChanged(stored: StoredConfiguration): void {
    // (With a change of our own under way its settlement will tell.)
    if (this.pending !== undefined || stored.revision <= this.stored.revision) return;
    this.stored = stored;
    this.advance();
  }

  get peerFacts(): readonly PeerFacts[] {
    const { log, clock } = this.context;
    const now = clock.monotonicMs();
    return [...this.peers.values()].map((peer) => {
      const { node, syncedLsn, appliedLsn, heardAt } = peer;
      return { node, syncedLsn, appliedLsn, lagBytes: log.bytesAfter(appliedLsn), silentMs: now - heardAt, isQuarantined: this.isQuarantined(peer) };
    });
  }

  // ---- copies that are not what they should be ----

  /** Answers whether it is known which copy is meant. */
  quarantine(node: NodeId, reason: string): boolean {
    const peer = this.peers.get(node);
    if (peer?.copy === undefined) return false;
    if (!this.isQuarantined(peer)) this.context.host.report(`the copy of ${node} is replaced: ${reason}`);
    this.quarantined.add(peer.copy);
    this.correctInSync(this.context.clock.monotonicMs());
    return true;
  }

  /** A copy that cannot be read is replaced, unless this one is no better. */
  private noteDamage(peer: Peer, damage: string | undefined): void {
    peer.isDamaged = damage !== undefined;
    if (damage !== undefined && !this.isQuarantined(peer) && this.context.host.damage === undefined) this.quarantine(peer.node, damage);
  }

  private isQuarantined({ copy }: Peer): boolean {
    return copy !== undefined && this.quarantined.has(copy);
  }

  /** Once nobody counts on it. */
  private discard(peer: Peer): void {
    const { rules, network } = this.context;
    if (peer.copy === undefined || !this.isQuarantined(peer)) return;
    const required = this.others().map(({ node }) => node);
    if (rules.mayDiscard(required, peer.node)) network.send(peer.node, { kind: 'discard', ...this.head(), copy: peer.copy });
  }

  // ---- reads ----

  get leaseEnd(): number {
    const { rules, timing } = this.context;
    if (!this.isOpen || this.leftAt !== undefined) return -Infinity;
    return rules.leaseEnd(
      timing,
      this.others().map((peer) => peer.beaconAnswered),
    );
  }

  get mayRead(): boolean {
    return this.context.clock.monotonicMs() < this.leaseEnd;
  }

  // ---- writes ----

  /** A batch is in the log: it goes to everybody who keeps up, while it is being synced here. */
  appended(batch: LogBatch): void {
    const { windowBytes } = this.context.timing;
    for (const peer of this.peers.values()) if (peer.sent?.lsn === batch.firstLsn - 1 && peer.unansweredBytes < windowBytes) this.ship(peer, [batch]);
  }

  /** Looks how far everything is committed. */
  advance(): void {
    const { log, host, replica, rules } = this.context;
    if (this.stopped) return;
    const { configuration } = this.stored;
    const committed = rules.committedLsn(
      log.syncedLsn,
      this.others().map((peer) => peer.syncedLsn ?? 0),
    );
    if (committed > replica.commitIndex && committed >= this.first.lsn && configuration.isr.length >= inSyncNeeded(configuration)) {
      replica.commit(committed);
      this.notice();
    }
    if (!this.isOpen && replica.commitIndex >= this.first.lsn && host.appliedLsn >= this.first.lsn && this.leftAt === undefined) {
      this.isOpen = true;
      this.openedAt = this.context.clock.monotonicMs();
      host.report(`is primary in epoch ${String(this.first.epoch)} from record ${String(this.first.lsn)} on`);
      host.opened(this.first.epoch);
    }
    this.noteApplied();
    this.leave();
  }

  onApplied(): void {
    this.advance();
  }

  /** The replicas shall hear of the commit index soon: at once when there is nothing else to send. */
  private notice(): void {
    this.noticeTimer ??= this.context.clock.after(1, () => {
      this.noticeTimer = undefined;
      this.beacons();
    });
  }

  private noteApplied(): void {
    const { host } = this.context;
    const applied = Math.min(host.appliedLsn, ...this.others().map((peer) => peer.appliedLsn));
    if (applied <= this.appliedInSync) return;
    this.appliedInSync = applied;
    host.appliedInSync(applied);
  }

  // ---- the others ----

  /** Everybody else who must have a record before it is committed. */
  private others(): readonly Peer[] {
    const { rules, node } = this.context;
    return rules
      .required(this.stored.configuration, this.pending?.next)
      .filter((member) => member !== node)
      .map((member) => this.peer(member));
  }

  private peer(node: NodeId): Peer {
    let peer = this.peers.get(node);
    if (peer === undefined) {
      const now = this.context.clock.monotonicMs();
      peer = {
        node,
        copy: undefined,
        copyAt: -Infinity,
        isDamaged: false,
        heardAt: now,
        syncedLsn: undefined,
        appliedLsn: 0,
        sent: undefined,
        unansweredBytes: 0,
        progressAt: now,
        resentAt: now,
        beaconAnswered: -Infinity,
        statusSentAt: undefined,
      };
      this.peers.set(node, peer);
    }
    return peer;
  }

  onStatus(status: Status): void {
    const peer = this.peers.get(status.from);
    if (peer === undefined) return;
    const { clock, log, timing } = this.context;
    const now = clock.monotonicMs();
    if (peer.copy !== status.copy) {
      // (What was said under an earlier name may come late. It was said before the present one was known, so it knows no beacon of since then.)
      if (peer.copy !== undefined && status.beaconSentAt <= peer.copyAt) return;
      peer.copy = status.copy;
      peer.copyAt = now;
      peer.syncedLsn = undefined;
      peer.sent = undefined;
    }
    peer.heardAt = now;
    this.noteDamage(peer, status.damage);
    peer.statusSentAt = Math.max(peer.statusSentAt ?? -Infinity, status.sentAt);
    peer.appliedLsn = status.appliedLsn;
    if (status.promises) peer.beaconAnswered = Math.max(peer.beaconAnswered, status.beaconSentAt);
    if (status.matchedLsn !== undefined) {
      if (status.matchedLsn > (peer.syncedLsn ?? -1)) {
        peer.progressAt = now;
        peer.syncedLsn = status.matchedLsn;
      }
      if (peer.syncedLsn === log.end.lsn) peer.progressAt = now;
    }
    if (peer.sent !== undefined && peer.sent.lsn <= (peer.syncedLsn ?? -1)) peer.unansweredBytes = 0;
    this.advance();
    if (this.stopped) return;
    if (status.position !== undefined) this.place(peer, status, status.position);
    else if (peer.sent === undefined) this.shipFromSynced(peer);
    // What it has to catch up with goes stretch by stretch; `appended` sees to the rest.
    else if (peer.sent.lsn < log.end.lsn && peer.unansweredBytes === 0) {
      if (peer.sent.lsn >= log.base.lsn) this.ship(peer, log.read(peer.sent.lsn, timing.windowBytes));
      else this.offerSnapshot(peer, peer.sent.lsn);
    }
  }

  /** Finds where the replica's log and this one part, and goes on from there. */
  private place(peer: Peer, { commitIndex }: Status, theirs: LogShape): void {
    const { log, clock, timing } = this.context;
    const now = clock.monotonicMs();
    // (Batches may have overtaken each other on their way: sending them again at each complaint would make it worse.)
    if (peer.sent !== undefined && now - peer.resentAt < timing.beaconMs / 2) return;
    const common = lastCommonPoint(log, theirs);
    if (common === undefined || common.lsn < commitIndex) {
      this.offerSnapshot(peer, common?.lsn);
      return;
    }
    this.shipFrom(peer, common, now);
  }

  /** The log does not reach back to what the replica has. */
  private offerSnapshot(peer: Peer, commonLsn: number | undefined): void {
    peer.sent = undefined;
    // (Who is counted on has everything that is committed, and that is kept for it.)
    if (peer.copy === undefined || this.others().includes(peer)) return;
    this.context.network.send(peer.node, { kind: 'snapshot', ...this.head(), copy: peer.copy, commonLsn });
  }

  /** What was sent behind that may be lost. */
  private shipFromSynced(peer: Peer): void {
    const { log, clock } = this.context;
    if (peer.syncedLsn === undefined) return;
    const epoch = epochAt(log, peer.syncedLsn);
    if (epoch === undefined) this.offerSnapshot(peer, peer.syncedLsn);
    else this.shipFrom(peer, { epoch, lsn: peer.syncedLsn }, clock.monotonicMs());
  }

  private shipFrom(peer: Peer, point: LogPoint, now: number): void {
    const { log, timing } = this.context;
    peer.sent = point;
    peer.unansweredBytes = 0;
    peer.resentAt = now;
    this.ship(peer, log.read(point.lsn, timing.windowBytes));
  }

  private ship(peer: Peer, batches: readonly LogBatch[]): void {
    const { network } = this.context;
    if (peer.sent === undefined) return;
    network.send(peer.node, { kind: 'append', ...this.head(), previous: peer.sent, batches });
    for (const batch of batches) {
      peer.sent = { epoch: batch.epoch, lsn: batch.lastLsn };
      peer.unansweredBytes += batch.bytes.byteLength;
    }
  }

  private head(): { readonly from: NodeId; readonly epoch: number; readonly uncleanEpoch: number; readonly commitIndex: number } {
    const { node, replica } = this.context;
    return { from: node, epoch: this.first.epoch, uncleanEpoch: this.stored.configuration.uncleanEpoch, commitIndex: replica.commitIndex };
  }

  private beacons(): void {
    const { network, clock, log } = this.context;
    const sentAt = clock.monotonicMs();
    const { mayRead } = this;
    const { archivedLsn } = log;
    for (const peer of this.peers.values())
      network.send(peer.node, { kind: 'beacon', ...this.head(), sentAt, freshAt: mayRead ? peer.statusSentAt : undefined, archivedLsn });
  }

  // ---- looking around ----

  private lookAround(): void {
    const { clock, timing, node, log } = this.context;
    const now = clock.monotonicMs();
    const { configuration } = this.stored;
    const wanted = new Set([...configuration.replicas, ...configuration.isr, ...(this.pending?.next.isr ?? [])].filter((member) => member !== node));
    for (const member of wanted) this.peer(member);
    for (const member of this.peers.keys()) if (!wanted.has(member)) this.peers.delete(member);
    // A process that was stopped itself first hears what has come meanwhile.
    if (this.pauses.wasPaused(now)) this.listensUntil = now + 2 * timing.beaconMs;
    this.beacons();
    for (const peer of this.peers.values()) {
      this.resend(peer, now);
      this.discard(peer);
    }
    this.retain(now);
    this.correctInSync(now);
    this.leaveIfDamaged();
    this.leave();
    if (this.leftAt !== undefined && now - this.leftAt > timing.leaseMs) this.comeBack();
    this.endAtTick = log.end.lsn;
    this.timer = clock.after(timing.beaconMs, () => this.lookAround());
  }

  /** Keeps the log for who is in sync, and for who may catch up by it yet. */
  private retain(now: number): void {
    const { log, timing } = this.context;
    const required = new Set(this.others());
    const readers = [...this.peers.values()].filter((peer) => required.has(peer) || now - peer.heardAt < timing.retainMs);
    log.retainAfter(Math.min(log.syncedLsn, ...readers.flatMap(({ syncedLsn }) => syncedLsn ?? [])));
  }

  private resend(peer: Peer, now: number): void {
    const { log, timing } = this.context;
    if (peer.syncedLsn === log.end.lsn) peer.progressAt = now;
    else if (now - peer.progressAt >= timing.resendMs && now - peer.resentAt >= timing.resendMs) this.shipFromSynced(peer);
  }

  /** Leaves out who is silent, takes in who has caught up; one change at a time. */
  private correctInSync(now: number): void {
    if (this.pending !== undefined || this.leftAt !== undefined) return;
    const { timing, node, rules, replica, log } = this.context;
    const { configuration } = this.stored;
    const { isr, replicas } = configuration;
    const isSilent = (peer: Peer): boolean => now >= this.listensUntil && now - Math.min(peer.heardAt, peer.progressAt) > timing.silenceMs;
    for (const member of isr) {
      if (member === node) continue;
      // (Commits rather wait than rest on a copy that is not one.)
      if (this.isQuarantined(this.peer(member))) {
        this.change(withoutReplica(configuration, member));
        return;
      }
      const leaves = isSilent(this.peer(member)) || !replicas.includes(member);
      if (leaves && isr.length > inSyncNeeded(configuration)) {
        this.change(withoutReplica(configuration, member));
        return;
      }
    }
    // (Who has everything has the start of this epoch, too, once that is durable here.)
    for (const member of replicas) {
      if (isr.includes(member) || log.syncedLsn < this.first.lsn) continue;
      const peer = this.peer(member);
      const { syncedLsn, heardAt } = peer;
      if (this.isQuarantined(peer)) continue;
      if (now - heardAt < 2 * timing.beaconMs && rules.mayAdmit(syncedLsn, replica.commitIndex, this.endAtTick)) {
        this.change(withReplica(configuration, member));
        return;
      }
    }
    this.preferAnother(now);
  }

  /** The placement wants the primary elsewhere. */
  private preferAnother(now: number): void {
    const { timing, node } = this.context;
    const { isr, replicas } = this.stored.configuration;
    const [wanted] = replicas;
    if (wanted === undefined || wanted === node || this.openedAt === undefined) return;
    if (!replicas.includes(node)) {
      if (isr.some((member) => member !== node && replicas.includes(member))) this.handOver();
    } else if (isr.includes(wanted) && now - this.openedAt > timing.preferenceMs) this.handOver();
  }

  private change(next: Configuration): void {
    let settled = false;
    const stop = settle(this.context, this.stored, next, (stored) => {
      settled = true;
      this.pending = undefined;
      this.settled(stored);
    });
    if (!settled) this.pending = { next, stop };
  }

  private settled(stored: StoredConfiguration | undefined): void {
    const { replica, host } = this.context;
    if (stored === undefined) return;
    const before = this.stored.configuration.isr;
    if (this.isNamedBy(stored)) {
      this.stored = stored;
      const { isr } = stored.configuration;
      if (isr.join() !== before.join()) host.report(`in sync are now ${isr.join(', ')}`);
      this.advance();
    }
    replica.noteConfiguration(stored);
  }

  // ---- leaving ----

  /** Lets an in-sync replica take over as soon as nothing is under way. */
  handOver(heirs?: readonly NodeId[]): void {
    this.leaving = { heirs };
    this.leave();
  }

  /** Another one writes then, and replaces this copy. */
  private leaveIfDamaged(): void {
    const { host, node } = this.context;
    if (host.damage === undefined || this.leaving !== undefined) return;
    const isLast = this.stored.configuration.isr.every((member) => member === node);
    host.report(
      `is primary of a copy that is damaged (${host.damage.reason}): ${isLast ? 'no other is in sync that could take over' : 'another is to take over'}`,
    );
    this.handOver();
  }

  private leave(): void {
    const { leaving } = this;
    if (leaving === undefined) return;
    const { log, replica, host, clock, network } = this.context;
    if (this.stopped || replica.commitIndex !== log.end.lsn || host.appliedLsn !== log.end.lsn || this.pending !== undefined) return;
    const { replicas } = this.stored.configuration;
    const heirs = this.others().filter(
      (peer) =>
        peer.syncedLsn === log.end.lsn && !peer.isDamaged && !this.isQuarantined(peer) && (leaving.heirs === undefined || leaving.heirs.includes(peer.node)),
    );
    const heir = heirs.find((peer) => peer.node === replicas[0]) ?? heirs.find((peer) => replicas.includes(peer.node)) ?? heirs[0];
    if (heir === undefined) return;
    // (Once it is committed this is asked again.)
    if (this.leftAt === undefined && !host.flush()) return;
    if (this.leftAt === undefined) {
      this.leftAt = clock.monotonicMs();
      host.report(`hands over to ${heir.node}`);
      if (this.isOpen) host.leaving();
    }
    network.send(heir.node, { kind: 'hand-over', ...this.head() });
    if (!this.isOpen) return;
    // (Files are closed while the heir asks the store.)
    this.isOpen = false;
    host.closed();
  }

  /** The heir has not taken over. What it was told may still reach it, so this node goes on in an epoch in which that counts for nothing. */
  private comeBack(): void {
    const { node, newToken, replica } = this.context;
    if (this.pending !== undefined) return;
    this.leaving = undefined;
    const token = newToken();
    const next = promoted(this.stored.configuration, node, token);
    const stop = settle(this.context, this.stored, next, (stored) => {
      this.pending = undefined;
      if (stored === undefined) return;
      // (The replica may have heard of it from the watch while this was under way.)
      if (this.isNamedBy(stored)) this.stored = stored;
      if (stored.configuration.token === token) replica.becomePrimary(stored);
      else replica.noteConfiguration(stored);
    });
    this.pending = { next, stop };
  }
}
