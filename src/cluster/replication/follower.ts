/**
 * A replica that is not primary, for one epoch: takes the primary's batches, acknowledges what is durable, hands on what is committed, and takes over when the primary
 * falls silent. Made anew by replica.ts for every epoch.
 */
import type { Timer } from '../../common/clock.js';
import { assertNever } from '../../common/errors.js';
import { type NodeId, promoted } from './configuration.js';
import { epochAt } from './epochs.js';
import type { Append, Beacon, Discard, OfferSnapshot, PrimaryMessage, Status } from './messages.js';
import type { StoredConfiguration } from './ports.js';
import type { ReplicaContext } from './replica.js';
import { PauseDetector } from './pause-detector.js';
import { settle } from './settle.js';

export class Follower {
  primary: NodeId | undefined;
  /** The log is the primary's up to here. */
  private matchedLsn: number | undefined;
  /** The newest that the primary has said. */
  private announcedCommit = 0;
  /** Everything that was acknowledged anywhere at `at` (this clock) is at or before `lsn`. */
  private fresh: { readonly at: number; readonly lsn: number } | undefined;
  /** A beacon of this one has come last. Of a leased one, and applied as far: `fresh`. */
  private freshNext: { readonly at: number; readonly lsn: number } | undefined;
  private beaconSentAt = -Infinity;
  private candidacy: { readonly token: string; readonly stop: () => void } | undefined;
  private isReading = false;
  private stopped = false;
  private timer: Timer;
  private readonly pauses: PauseDetector;

  constructor(
    private readonly context: ReplicaContext,
    /** When this node has last promised a primary to wait; at a start: then. */
    private promisedAt: number,
  ) {
    const { clock, timing } = context;
    this.pauses = new PauseDetector(clock.monotonicMs(), 3 * timing.beaconMs);
    this.timer = clock.after(timing.beaconMs, () => this.tick());
  }

  stop(): void {
    this.stopped = true;
    this.timer.cancel();
    this.candidacy?.stop();
  }

  /** See Replica.stalenessMs. */
  get stalenessMs(): number {
    this.freshen();
    return this.fresh === undefined ? Infinity : this.context.clock.monotonicMs() - this.fresh.at;
  }

  isCandidateIn(stored: StoredConfiguration): boolean {
    return this.candidacy?.token === stored.configuration.token;
  }

  // ---- messages ----

  onMessage(message: PrimaryMessage): void {
    this.primary = message.from;
    switch (message.kind) {
      case 'beacon':
        this.onBeacon(message);
        break;
      case 'append':
        this.onAppend(message);
        break;
      case 'snapshot':
        this.onSnapshot(message);
        break;
      case 'discard':
        this.onDiscard(message);
        break;
      case 'hand-over':
        this.takeOver(true);
        break;
      default:
        assertNever(message);
    }
  }

  private onBeacon(message: Beacon): void {
    const { clock, log } = this.context;
    log.keepForArchive(message.archivedLsn);
    this.beaconSentAt = Math.max(this.beaconSentAt, message.sentAt);
    if (this.promises) this.promisedAt = clock.monotonicMs();
    if (message.freshAt !== undefined && (this.freshNext === undefined || message.freshAt > this.freshNext.at)) {
      this.freshen();
      this.freshNext = { at: message.freshAt, lsn: message.commitIndex };
    }
    this.announced(message.commitIndex);
    this.answer();
  }

  /** Who has asked the store to be primary may be it already: then nobody else may count on its patience. */
  private get promises(): boolean {
    return this.candidacy === undefined;
  }

  private onAppend(message: Append): void {
    const { log, rules, replica, host } = this.context;
    if (replica.isInstalling) return;
    if (!rules.continues(log, message.previous)) {
      this.answer(true);
      return;
    }
    let appended = false;
    for (const batch of message.batches) {
      if (batch.lastLsn <= log.end.lsn && epochAt(log, batch.lastLsn) === batch.epoch) continue;
      if (batch.firstLsn <= log.base.lsn) continue;
      if (batch.firstLsn <= log.end.lsn) {
        const last = batch.firstLsn - 1;
        if (last < replica.commitIndex) {
          host.panic(
            `the log of epoch ${String(message.epoch)} contradicts record ${String(batch.firstLsn)}, which is committed (up to ${String(replica.commitIndex)})`,
          );
        }
        host.report(`drops the log behind record ${String(last)} (up to ${String(log.end.lsn)}), which was never committed`);
        log.truncateAfter(last);
      }
      log.append(batch);
      appended = true;
    }
    this.matchedLsn = Math.max(this.matchedLsn ?? 0, message.batches.at(-1)?.lastLsn ?? message.previous.lsn);
    this.announced(message.commitIndex);
    if (!appended) {
      this.answer();
      return;
    }
    log.sync(() => {
      if (this.stopped) return;
      this.announced(0);
      this.answer();
    });
  }

  private onSnapshot(message: OfferSnapshot): void {
    const { replica, log, host } = this.context;
    if (replica.isInstalling || message.copy !== replica.copy) return;
    // What somebody counts on is not given up. Under another name it is offered again, if it must be, by a primary that knows that.
    if (replica.hasAcknowledged) {
      replica.renameCopy();
      this.matchedLsn = undefined;
      this.answer();
      return;
    }
    // (Only an unclean promotion may have left behind what this copy has committed.)
    if (message.commonLsn !== undefined && message.commonLsn < replica.commitIndex && message.uncleanEpoch <= log.end.epoch)
      host.panic(`the primary of epoch ${String(message.epoch)} does not have record ${String(replica.commitIndex)}, which is committed`);
    this.forget();
    replica.install(message.from);
  }

  /** (Under this name the copy is never counted on again in this epoch, and an older one's messages do not come so far.) */
  private onDiscard(message: Discard): void {
    const { replica } = this.context;
    if (replica.isInstalling || message.copy !== replica.copy) return;
    this.forget();
    replica.discard(message.from);
  }

  private forget(): void {
    this.matchedLsn = undefined;
    this.fresh = undefined;
    this.freshNext = undefined;
  }

  onInstalled(): void {
    this.freshNext = undefined;
    this.answer();
  }

  onApplied(): void {
    const { host, replica } = this.context;
    if (host.appliedLsn === replica.commitIndex) this.answer();
  }

  /** What the primary says is committed; 0: look again whether it can be applied now. */
  private announced(commitIndex: number): void {
    const { log, replica, rules } = this.context;
    this.announcedCommit = Math.max(this.announcedCommit, commitIndex);
    replica.commit(rules.applicableLsn(this.announcedCommit, this.matchedLsn, log.syncedLsn));
  }

  private freshen(): void {
    const { freshNext } = this;
    if (freshNext === undefined || this.context.host.appliedLsn < Math.max(freshNext.lsn, this.context.replica.consistentLsn)) return;
    this.fresh = freshNext;
  }

  private answer(mismatch = false): void {
    const { clock, log, network, node, replica, rules, host } = this.context;
    if (this.primary === undefined) return;
    const { matchedLsn } = this;
    if (matchedLsn !== undefined) replica.hasAcknowledged = true;
    const wantsPlace = (mismatch || matchedLsn === undefined) && !replica.isInstalling;
    const status: Status = {
      kind: 'status',
      from: node,
      epoch: replica.epoch,
      copy: replica.copy,
      sentAt: clock.monotonicMs(),
      beaconSentAt: this.beaconSentAt,
      promises: this.promises,
      matchedLsn: matchedLsn === undefined ? undefined : rules.acknowledgedLsn(matchedLsn, log.syncedLsn),
      appliedLsn: host.appliedLsn,
      commitIndex: replica.commitIndex,
      damage: host.damage?.reason,
      position: wantsPlace ? { base: log.base, end: log.end, epochs: log.epochs } : undefined,
    };
    network.send(this.primary, status);
  }

  // ---- taking over ----

  private tick(): void {
    const { clock, timing } = this.context;
    const now = clock.monotonicMs();
    // A process that was stopped itself first hears what has come meanwhile.
    if (this.pauses.wasPaused(now)) this.promisedAt = Math.max(this.promisedAt, now - timing.takeoverMs + 2 * timing.beaconMs);
    this.timer = clock.after(timing.beaconMs, () => this.tick());
    this.takeOver(false);
  }

  /** Takes over if the primary is silent, or asks for it. */
  private takeOver(isWanted: boolean): void {
    const { store, clock, timing, rules, node, replica, host, log } = this.context;
    const { damage } = host;
    // (Whoever has lost its disk is named by the key nevertheless.)
    if (log.end.lsn < 0) return;
    if (this.candidacy !== undefined || this.isReading || replica.isInstalling || damage?.isTotal === true) return;
    const isAsked = isWanted && damage === undefined;
    const silentMs = (): number => clock.monotonicMs() - this.promisedAt;
    const known = replica.seen?.configuration;
    if (!isAsked && silentMs() < (known === undefined ? timing.takeoverMs : rules.takeOverAfterMs(timing, known, node))) return;
    // (Writes wait for who is asked. If the key is another one by now, it does not change, and the primary asks again.)
    if (isAsked && replica.seen !== undefined && known?.epoch === replica.epoch && rules.mayTakeOver(known, node)) {
      this.stand(replica.seen);
      return;
    }
    this.isReading = true;
    store.read((answer) => {
      this.isReading = false;
      if (this.stopped || answer.kind !== 'found') return;
      replica.noteConfiguration(answer.stored);
      const { configuration } = answer.stored;
      // (Noting it may have begun a new epoch, which another follower is for.)
      if (this.isOver() || configuration.epoch !== replica.epoch) return;
      if (!rules.mayTakeOver(configuration, node)) return;
      const delayMs = rankOf(node, configuration) * timing.rankDelayMs + (damage === undefined ? 0 : timing.damagedDelayMs);
      const waitMs = rules.takeOverAfterMs(timing, configuration, node) + delayMs;
      if (isAsked || silentMs() >= waitMs) this.stand(answer.stored);
    });
  }

  private isOver(): boolean {
    return this.stopped;
  }

  private stand(from: StoredConfiguration): void {
    const { newToken, node, replica } = this.context;
    const token = newToken();
    let settled = false;
    const stop = settle(this.context, from, promoted(from.configuration, node, token), (stored) => {
      settled = true;
      this.candidacy = undefined;
      if (stored === undefined) return;
      if (stored.configuration.token === token) replica.becomePrimary(stored);
      else replica.noteConfiguration(stored);
    });
    if (!settled) this.candidacy = { token, stop };
  }
}

/** Who waits longer: those that the placement still wants come first, in the order of the in-sync replicas. The primary that the key names comes first of all. */
function rankOf(node: NodeId, { isr, replicas, primary }: StoredConfiguration['configuration']): number {
  if (node === primary) return 0;
  const candidates = isr.filter((member) => member !== primary);
  return [...candidates.filter((member) => replicas.includes(member)), ...candidates.filter((member) => !replicas.includes(member))].indexOf(node);
}
