/**
 * A node's place in a cluster: its record, the other members, who leads, the live configuration; all over one coordination store. Made by cli/compose.ts (over etcd), which also
 * gives the replication and placement of databases their store and keys from here.
 */
import type { Clock } from '../../common/clock.js';
import type { CoordinationStore } from '../coordination/store.js';
import { ClusterKeys } from './cluster-keys.js';
import { type Leadership, LeaderElection } from './leader-election.js';
import { LiveConfiguration } from './live-configuration.js';
import { Membership, type NodeFacts } from './membership.js';
import type { NodeRecord } from './node-record.js';

export interface ClusterNodeOptions {
  readonly store: CoordinationStore;
  readonly cluster: string;
  readonly node: string;
  readonly clock: Clock;
  readonly nodeLeaseMs?: number;
  readonly leaderLeaseMs?: number;
  readonly log: (message: string) => void;
  readonly configurationChanged?: () => void;
  readonly membersChanged?: () => void;
  readonly elected?: (leadership: Leadership) => void;
  /** Another process has registered under this node's id. */
  readonly replaced?: () => void;
}

export class ClusterNode {
  readonly keys: ClusterKeys;
  readonly store: CoordinationStore;
  readonly #membership: Membership;
  readonly #election: LeaderElection;
  readonly #configuration: LiveConfiguration;

  constructor(private readonly options: ClusterNodeOptions) {
    const { store, cluster, node, clock, log, nodeLeaseMs, leaderLeaseMs, membersChanged, elected, replaced } = options;
    this.keys = new ClusterKeys(cluster);
    this.store = store;
    const { keys } = this;
    this.#membership = new Membership({
      ...{ store, keys, clock, log },
      ...(nodeLeaseMs === undefined ? {} : { leaseMs: nodeLeaseMs }),
      ...(membersChanged === undefined ? {} : { changed: membersChanged }),
      ...(replaced === undefined ? {} : { replaced }),
    });
    this.#election = new LeaderElection({
      ...{ store, clock, log, key: keys.leader, candidate: node },
      ...(leaderLeaseMs === undefined ? {} : { leaseMs: leaderLeaseMs }),
      ...(elected === undefined ? {} : { elected }),
    });
    this.#configuration = new LiveConfiguration({
      ...{ store, keys, node, log },
      changed: () => {
        options.configurationChanged?.();
      },
    });
  }

  get id(): string {
    return this.options.node;
  }

  get members(): readonly NodeRecord[] {
    return this.#membership.members;
  }

  member(id: string): NodeRecord | undefined {
    return this.#membership.member(id);
  }

  /** Of this run of the node; undefined before join(). */
  get incarnation(): number | undefined {
    return this.#membership.incarnation;
  }

  get leader(): string | undefined {
    return this.#election.leader;
  }

  /** While this node leads. */
  get leadership(): Leadership | undefined {
    return this.#election.leadership;
  }

  /** Live settings of this node, by lower-case name. */
  get settings(): ReadonlyMap<string, string> {
    return this.#configuration.settings;
  }

  /** ALTER SYSTEM (see LiveConfiguration.keep). */
  async keepSetting(name: string | undefined, value: string | undefined): Promise<void> {
    await this.#configuration.keep(name, value);
  }

  /** Resolves when the cluster's configuration and members are known: what a node wants before it begins. */
  async known(): Promise<void> {
    await Promise.all([this.#configuration.known(), this.#membership.known()]);
  }

  /** Becomes a member and a candidate for leader. Rejects with StoreError. */
  async join(facts: Omit<NodeFacts, 'id'>): Promise<void> {
    await this.#membership.register({ ...facts, id: this.options.node });
    this.#election.campaign();
  }

  update(changes: Partial<Omit<NodeFacts, 'id'>>): void {
    this.#membership.update(changes);
  }

  /** A candidate for leader again. */
  stand(): void {
    this.#election.campaign();
  }

  /** Another leads, if this one does, and this one does not again until it stands. */
  async resign(): Promise<void> {
    await this.#election.resign();
  }

  /** Leaves: the others hear of it at once. The store stays open. */
  async leave(): Promise<void> {
    this.#configuration.close();
    await this.#election.close();
    await this.#membership.close();
  }
}
