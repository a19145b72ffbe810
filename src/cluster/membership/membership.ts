/**
 * Who is there: this node's record in the coordination store under a lease, written again whenever it was lost, and the records of all. Made by cluster-node.ts.
 *
 * A record says that its node's process was alive within the lease's time, nothing more: it makes nothing safe (see coordination/DESIGN.md).
 */
import type { Clock, Timer } from '../../common/clock.js';
import { PrefixMirror } from '../coordination/prefix-mirror.js';
import { type CoordinationStore, type Lease, type Revision, StoreError } from '../coordination/store.js';
import { messageOf } from '../coordination/store-client.js';
import type { ClusterKeys } from './cluster-keys.js';
import { type NodeRecord, readNodeRecord, writeNodeRecord } from './node-record.js';

export interface MembershipOptions {
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  readonly clock: Clock;
  /** How long a node that has died stays a member. Default 10,000. */
  readonly leaseMs?: number;
  /** One line. */
  readonly log: (message: string) => void;
  /** The members have changed. */
  readonly changed?: () => void;
  /** Another process has registered under this node's id: this one has to go. Called once. */
  readonly replaced?: () => void;
}

/** What a node knows of itself when it registers; its incarnation comes of registering. */
export type NodeFacts = Omit<NodeRecord, 'incarnation'>;

const leaseMsDefault = 10_000;
const againMs = 500;

export class Membership {
  readonly #mirror: PrefixMirror;
  #members: readonly NodeRecord[] = [];
  #facts: NodeFacts | undefined;
  #incarnation: number | undefined;
  #lease: Lease | undefined;
  /** What the store has of us, as far as we know. */
  #published: string | undefined;
  #publishedAt: Revision = 0n;
  #publishing: Promise<void> | undefined;
  #again: Timer | undefined;
  #isClosed = false;
  readonly #unreadable = new Set<string>();

  constructor(private readonly options: MembershipOptions) {
    this.#mirror = new PrefixMirror(options.store, options.keys.nodes, () => {
      this.#read();
    });
  }

  /** In the order of their ids. The last that was known when the store cannot be reached. */
  get members(): readonly NodeRecord[] {
    return this.#members;
  }

  member(id: string): NodeRecord | undefined {
    return this.#members.find((record) => record.id === id);
  }

  /** Of this run of the node; undefined before it has registered. */
  get incarnation(): number | undefined {
    return this.#incarnation;
  }

  /** How old the knowledge of the members is. */
  staleMs(): number {
    return this.#mirror.staleMs();
  }

  /** Resolves when the members are known. */
  async known(): Promise<void> {
    await this.#mirror.known();
  }

  /** Registers this node; from now on its record is kept there. Rejects (StoreError) when the first time fails. */
  async register(facts: NodeFacts): Promise<void> {
    this.#facts = facts;
    const first = this.#publish();
    this.#publishing = first
      .catch(() => undefined)
      .then(() => {
        this.#publishing = undefined;
      });
    await first;
    if (this.#isBehind()) this.#publishSoon();
    this.options.log(`this is node ${facts.id} of cluster ${this.options.keys.cluster}, incarnation ${this.#incarnation ?? ''}`);
  }

  /** Changes what the record says, as soon as the store takes it. */
  update(changes: Partial<NodeFacts>): void {
    if (this.#facts === undefined) return;
    this.#facts = { ...this.#facts, ...changes };
    this.#publishSoon();
  }

  /** Ends the membership at once: the record goes with its lease. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#again?.cancel();
    this.#mirror.close();
    await this.#publishing?.catch(() => undefined);
    await this.#lease?.revoke().catch((error: unknown) => {
      this.options.log(`the node's record stays until its lease ends: ${messageOf(error)}`);
    });
  }

  /** Keeps at it until the store has what #facts says. */
  #publishSoon(): void {
    if (this.#isClosed || this.#publishing !== undefined) return;
    this.#again?.cancel();
    this.#publishing = this.#publish()
      .catch((error: unknown) => {
        if (error instanceof StoreError && error.kind === 'lease-not-found') this.#dropLease();
        if (!this.#isClosed) this.options.log(`the node's record could not be written: ${messageOf(error)}`);
        return againMs;
      })
      .then((delayMs) => {
        this.#publishing = undefined;
        if (this.#isClosed) return;
        if (typeof delayMs === 'number') {
          this.#again = this.options.clock.after(delayMs, () => {
            this.#publishSoon();
          });
        } else if (this.#isBehind()) this.#publishSoon();
      });
  }

  #isBehind(): boolean {
    return this.#facts !== undefined && (this.#published !== this.#text() || this.#lease === undefined);
  }

  #text(): string {
    return this.#facts === undefined ? '' : writeNodeRecord({ ...this.#facts, incarnation: this.#incarnation ?? 0 });
  }

  async #publish(): Promise<void> {
    const { store, keys, leaseMs = leaseMsDefault } = this.options;
    const { id } = this.#facts as NodeFacts;
    const key = keys.node(id);
    const lease = this.#lease ?? (await store.grantLease(leaseMs));
    if (this.#lease === undefined) this.#hold(lease);
    const { entry, revision } = await store.get(key);
    // The store's revision is greater than at any registration before, so it serves as the incarnation.
    const before = this.#incarnation;
    this.#incarnation ??= Number(revision);
    const there = entry === undefined ? undefined : incarnationIn(entry.value);
    if (before !== undefined && there !== undefined && there > before) {
      this.#replaced();
      return;
    }
    const text = this.#text();
    const { succeeded, revision: written } = await store.transact({
      when: [{ kind: 'mod-revision', key, revision: entry?.modRevision ?? 0n }],
      then: [{ kind: 'put', key, value: text, lease: lease.id }],
    });
    if (!succeeded) {
      if (before === undefined) this.#incarnation = undefined;
      throw new StoreError('unavailable', 'the record was changed by somebody else at the same time');
    }
    this.#published = text;
    this.#publishedAt = written;
  }

  #hold(lease: Lease): void {
    this.#lease = lease;
    void lease.lost.then((loss) => {
      if (loss === 'revoked' || this.#lease !== lease) return;
      this.#lease = undefined;
      this.#published = undefined;
      this.options.log('the node is registered anew, since its lease was lost');
      this.#publishSoon();
    });
  }

  #dropLease(): void {
    this.#lease?.abandon();
    this.#lease = undefined;
  }

  #replaced(): void {
    if (this.#isClosed) return;
    this.options.log(`another process has registered as node ${this.#facts?.id ?? ''}: this one is not a member any more`);
    this.#isClosed = true;
    this.#again?.cancel();
    this.#mirror.close();
    this.#dropLease();
    this.options.replaced?.();
  }

  #read(): void {
    const members: NodeRecord[] = [];
    for (const [name, { value }] of this.#mirror.entries) {
      try {
        members.push(readNodeRecord(value));
        this.#unreadable.delete(name);
      } catch (error) {
        if (!this.#unreadable.has(name)) this.options.log(`the record of node ${name} is not understood and left out: ${messageOf(error)}`);
        this.#unreadable.add(name);
      }
    }
    members.sort((left, right) => (left.id < right.id ? -1 : 1));
    this.#tellDifference(members);
    this.#members = members;
    this.options.changed?.();
    this.#checkOwn();
  }

  #tellDifference(members: readonly NodeRecord[]): void {
    const before = new Map(this.#members.map((record) => [record.id, record]));
    for (const record of members) {
      const known = before.get(record.id);
      before.delete(record.id);
      if (record.id === this.#facts?.id) continue;
      if (known?.incarnation !== record.incarnation) {
        this.options.log(`node ${record.id} is here: ${record.postgres.host}:${record.postgres.port}${known === undefined ? '' : ' (started anew)'}`);
      } else if (known.state !== record.state) this.options.log(`node ${record.id} is ${record.state}`);
    }
    for (const id of before.keys()) if (id !== this.#facts?.id) this.options.log(`node ${id} is gone`);
  }

  /** Our record may be deleted by an operator, or overwritten by our double. */
  #checkOwn(): void {
    if (this.#facts === undefined || this.#incarnation === undefined || this.#published === undefined || this.#publishing !== undefined) return;
    if (this.#mirror.revision < this.#publishedAt) return;
    const own = this.#mirror.entries.get(this.#facts.id);
    if (own !== undefined && incarnationIn(own.value) === this.#incarnation) return;
    this.#published = undefined;
    this.#publishSoon();
  }
}

function incarnationIn(value: string): number | undefined {
  try {
    return readNodeRecord(value).incarnation;
  } catch {
    return undefined;
  }
}
