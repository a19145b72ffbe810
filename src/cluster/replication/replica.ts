/**
 * One database on one node: follower or primary of it, as the key in the coordination store says. This is the switch between the two (follower.ts, primary.ts) and
 * what outlasts a change of role: the epoch and the commit index. Everything it needs of the world comes in as ports; it is called by the lane's thread
 * (node/) and, with clock, network, disks and store under control, by the simulation.
 */
import type { Clock, Timer } from '../../common/clock.js';
import { assertNever } from '../../common/errors.js';
import type { NodeId } from './configuration.js';
import { promotedUncleanly } from './configuration.js';
import { Follower } from './follower.js';
import type { Message, PrimaryMessage } from './messages.js';
import type { ConfigurationStore, LogBatch, Network, ReplicaHost, ReplicatedLog, StoredConfiguration } from './ports.js';
import { Primary } from './primary.js';
import { type Rules, rules as allRules } from './rules.js';
import { settle } from './settle.js';
import { type Timing, timing as usualTiming } from './timing.js';

export interface ReplicaOptions {
  readonly node: NodeId;
  readonly clock: Clock;
  readonly log: ReplicatedLog;
  readonly network: Network;
  readonly store: ConfigurationStore;
  readonly host: ReplicaHost;
  /** A name that no other primary has or has had, in any life of any node. */
  readonly newToken: () => string;
  readonly timing?: Timing;
  /** For the simulation, which breaks them. */
  readonly rules?: Rules;
}

/** What a role asks of the replica. */
export interface ReplicaContext extends Required<ReplicaOptions> {
  readonly replica: ReplicaState;
}

/** What outlasts roles. */
export interface ReplicaState {
  readonly epoch: number;
  /** Every record up to here is committed. */
  readonly commitIndex: number;
  /** The last look at the key. */
  readonly seen: StoredConfiguration | undefined;
  readonly isInstalling: boolean;
  /** Before this is applied, the files of an installed copy are of different moments. */
  readonly consistentLsn: number;
  /** Raises the commit index. */
  commit(lsn: number): void;
  /** The key as it is now, or was a moment ago. */
  noteConfiguration(stored: StoredConfiguration): void;
  /** There is a primary of a newer epoch. */
  adopt(epoch: number): void;
  becomePrimary(stored: StoredConfiguration): void;
  install(primary: NodeId): void;
  /** Gives up what this node has, for a copy of the primary's. */
  discard(primary: NodeId): void;
  /** See Status.copy. */
  readonly copy: string;
  /** Something was acknowledged under that name: a primary may count on it, and may have told the store so. */
  hasAcknowledged: boolean;
  renameCopy(): void;
}

/** What is told about a replica (shoal.replicas). */
export interface ReplicaFacts {
  readonly role: 'starting' | 'primary' | 'follower';
  readonly epoch: number;
  readonly commitIndex: number;
  readonly appliedLsn: number;
  readonly lsn: number;
  readonly primary: NodeId | undefined;
  /** See Replica.stalenessMs. */
  readonly stalenessMs: number;
  /** It gets a copy of the primary's files. */
  readonly isInstalling: boolean;
  /** Of the primary: what it knows of the others. */
  readonly peers: readonly PeerFacts[];
}

/** What a primary knows of another replica. */
export interface PeerFacts {
  readonly node: NodeId;
  /** It has everything up to here on its disk; undefined: not known. */
  readonly syncedLsn: number | undefined;
  readonly appliedLsn: number;
  /** Of the log, that it has not applied. */
  readonly lagBytes: number;
  /** Since it was heard. */
  readonly silentMs: number;
  readonly isQuarantined: boolean;
}

export class Replica implements ReplicaState {
  epoch = 0;
  commitIndex: number;
  seen: StoredConfiguration | undefined;
  isInstalling = false;
  consistentLsn = 0;
  copy: string;
  hasAcknowledged = false;
  private role: Follower | Primary | undefined;
  private stopped = false;
  /** That a copy is wanted, until one has come. */
  private hasToldInstall = false;
  private readonly context: ReplicaContext;
  private timer: Timer | undefined;
  private startedAt: number;

  constructor(options: ReplicaOptions) {
    this.context = { timing: usualTiming, rules: allRules, ...options, replica: this };
    this.commitIndex = options.host.appliedLsn;
    this.startedAt = options.clock.monotonicMs();
    this.copy = options.newToken();
  }

  /** A node answers nothing before it has read the key: it does not know what it has promised in its last life. */
  start(): void {
    this.startedAt = this.context.clock.monotonicMs();
    this.lookUp();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.role?.stop();
  }

  get facts(): ReplicaFacts {
    const { log, host, node } = this.context;
    const role = this.role === undefined ? 'starting' : this.role instanceof Primary ? 'primary' : 'follower';
    const primary = this.role instanceof Primary ? node : this.role?.primary;
    const { epoch, commitIndex, stalenessMs, isInstalling } = this;
    const peers = this.role instanceof Primary ? this.role.peerFacts : [];
    return { role, epoch, commitIndex, appliedLsn: host.appliedLsn, lsn: log.end.lsn, primary, stalenessMs, isInstalling, peers };
  }

  /** The primary's role, if this node has it. */
  get primary(): Primary | undefined {
    return this.role instanceof Primary ? this.role : undefined;
  }

  /** How old what this node shows may be, in milliseconds: 0 for the primary that knows to be the only one; Infinity when nothing is known. */
  get stalenessMs(): number {
    if (this.isInstalling) return Infinity;
    if (this.role instanceof Primary) return this.role.mayRead ? 0 : Infinity;
    return this.role?.stalenessMs ?? Infinity;
  }

  /** Until when, on the clock of this node, the primary may answer reads without asking anybody; -Infinity for all others. */
  get leaseEnd(): number {
    return this.role instanceof Primary ? this.role.leaseEnd : -Infinity;
  }

  // ---- events ----

  message(message: Message): void {
    if (this.stopped || this.role === undefined) return;
    switch (message.kind) {
      case 'status':
        if (message.epoch > this.epoch) this.adopt(message.epoch);
        else if (message.epoch === this.epoch && this.role instanceof Primary) this.role.onStatus(message);
        break;
      case 'refusal':
        if (message.epoch > this.epoch) this.adopt(message.epoch);
        break;
      case 'beacon':
      case 'append':
      case 'snapshot':
      case 'discard':
      case 'hand-over':
        this.fromPrimary(message);
        break;
      default:
        assertNever(message);
    }
  }

  private fromPrimary(message: PrimaryMessage): void {
    const { network, node, rules, host } = this.context;
    if (!rules.acceptsEpoch(this.epoch, message.epoch)) {
      network.send(message.from, { kind: 'refusal', from: node, epoch: this.epoch });
      return;
    }
    if (message.epoch > this.epoch) this.adopt(message.epoch);
    if (this.role instanceof Primary) host.panic(`${message.from} and ${node} are both primary in epoch ${String(this.epoch)}`);
    else this.role?.onMessage(message);
  }

  /** The host has applied more. */
  applied(): void {
    if (!this.stopped) this.role?.onApplied();
  }

  /** The key has changed (a watch). May come late, or not at all. */
  configurationChanged(stored: StoredConfiguration): void {
    if (!this.stopped && this.role !== undefined) this.noteConfiguration(stored);
  }

  // ---- for the primary's host ----

  /** A batch of this epoch is in the log, not yet synced. */
  appended(batch: LogBatch): void {
    this.primary?.appended(batch);
  }

  /** Everything appended is durable here. */
  synced(): void {
    this.primary?.advance();
  }

  /** Another node's copy was found to be not what it should be: it leaves the in-sync replicas, and gets a copy of this one's files. False: this is not the primary. */
  quarantine(node: NodeId, reason: string): boolean {
    return this.primary?.quarantine(node, reason) ?? false;
  }

  /** Lets an in-sync replica take over (one of `heirs`, if they are given), without waiting for it to notice anything. */
  handOver(heirs?: readonly NodeId[]): void {
    this.primary?.handOver(heirs);
  }

  /**
   * An operator gives up what the in-sync replicas have and this one perhaps lacks. The old primary must be known to be dead: its lease is not waited for.
   */
  promoteUncleanly(done: (promoted: boolean) => void): void {
    const { store, newToken, node } = this.context;
    store.read((answer) => {
      if (this.stopped || answer.kind !== 'found' || this.primary !== undefined) {
        done(false);
        return;
      }
      const token = newToken();
      settle(this.context, answer.stored, promotedUncleanly(answer.stored.configuration, node, token), (stored) => {
        const isPromoted = !this.stopped && stored?.configuration.token === token;
        if (isPromoted) this.becomePrimary(stored);
        done(isPromoted);
      });
    });
  }

  // ---- roles ----

  private lookUp(): void {
    const { store, clock, timing } = this.context;
    store.read((answer) => {
      if (this.stopped || this.role !== undefined) return;
      if (answer.kind !== 'found') {
        this.timer = clock.after(timing.storeRetryMs, () => this.lookUp());
        return;
      }
      const { stored } = answer;
      this.epoch = stored.configuration.epoch;
      this.seen = stored;
      if (this.context.rules.mayResumeEpoch() && stored.configuration.primary === this.context.node) {
        const primary = new Primary(this.context, stored);
        this.role = primary;
        primary.begin(false);
        return;
      }
      this.role = new Follower(this.context, this.startedAt);
    });
  }

  noteConfiguration(stored: StoredConfiguration): void {
    if (this.seen !== undefined && stored.revision <= this.seen.revision) return;
    this.seen = stored;
    if (this.role instanceof Primary) {
      if (this.role.isNamedBy(stored)) this.role.configurationChanged(stored);
      else this.adopt(stored.configuration.epoch);
    } else if (stored.configuration.epoch > this.epoch) {
      if (this.role?.isCandidateIn(stored) === true) this.becomePrimary(stored);
      else this.adopt(stored.configuration.epoch);
    }
  }

  adopt(epoch: number): void {
    const { host, clock } = this.context;
    const { role } = this;
    this.epoch = Math.max(epoch, this.epoch);
    role?.stop();
    this.role = new Follower(this.context, clock.monotonicMs());
    if (role instanceof Primary) {
      host.report(`is no longer primary: epoch ${String(epoch)} has begun`);
      host.closed();
    }
  }

  becomePrimary(stored: StoredConfiguration): void {
    const { host } = this.context;
    const { role } = this;
    // (A newer epoch may have come to be known while the answer was on its way.)
    if (stored.configuration.epoch <= this.epoch) return;
    role?.stop();
    if (role instanceof Primary) host.closed();
    this.epoch = stored.configuration.epoch;
    this.seen = stored;
    host.report(`takes over as primary in epoch ${String(this.epoch)}, in sync: ${stored.configuration.isr.join(', ')}`);
    const primary = new Primary(this.context, stored);
    this.role = primary;
    primary.begin(true);
  }

  commit(lsn: number): void {
    if (lsn <= this.commitIndex) return;
    this.commitIndex = lsn;
    this.context.host.committed(lsn);
  }

  renameCopy(): void {
    this.copy = this.context.newToken();
    this.hasAcknowledged = false;
  }

  discard(primary: NodeId): void {
    const { host, log } = this.context;
    host.report('gives up its copy, which is not what it should be');
    host.discard();
    this.commitIndex = log.end.lsn;
    this.consistentLsn = 0;
    this.install(primary);
  }

  install(primary: NodeId): void {
    const { host, log } = this.context;
    if (this.isInstalling) return;
    this.isInstalling = true;
    if (!this.hasToldInstall) host.report(`is too far behind, or of another course: gets a copy of the files from ${primary}`);
    this.hasToldInstall = true;
    host.installSnapshot(primary, (outcome) => {
      if (this.stopped) return;
      this.isInstalling = false;
      this.renameCopy();
      if (outcome.kind === 'installed') {
        this.hasToldInstall = false;
        this.commitIndex = log.base.lsn;
        this.consistentLsn = outcome.consistentLsn;
      }
      if (this.role instanceof Follower) this.role.onInstalled();
    });
  }
}
