/**
 * The copies of a database that other nodes follow, as a front-end thread composes them: those that a statement may read on beside the primary, and this node's own for sessions
 * that are content with what was there a while ago. Made by cli/compose-front-end for a database that has copies.
 */
import type { DatabaseEntry } from '../catalog/server-catalog.js';
import { FollowedCopies } from '../cluster/remote/followed-copies.js';
import { type AttachedCopy, openRemoteCopy } from '../cluster/remote/remote-copy.js';
import { systemClock } from '../common/clock.js';
import type { Client } from '../common/rpc.js';
import { QueryExecutor } from '../executor/execute.js';
import type { NodePort } from '../proxy/session/node-port.js';
import { openOwnCopy, type OwnCopy } from './opened-database.js';

/** How long nobody asks again after the own copy could not be opened. */
const againMs = 3000;

export class DatabaseCopies {
  readonly followed: FollowedCopies;
  #own: { readonly opening: Promise<OwnCopy | undefined>; executor?: QueryExecutor } | undefined;
  #askedAt = -Infinity;
  #isClosed = false;

  constructor(
    private readonly nodePort: Client<NodePort>,
    private readonly entry: DatabaseEntry,
    private readonly nodeName: string,
  ) {
    this.followed = new FollowedCopies({
      list: async () => await nodePort.copiesOf({ oid: entry.oid }),
      attach: async (node) => await this.#attach(node),
      clock: systemClock,
    });
  }

  /** Runs statements on this node's own copy; undefined: there is none. */
  readonly own = async (): Promise<QueryExecutor | undefined> => {
    const now = systemClock.monotonicMs();
    if (this.#own === undefined) {
      if (this.#isClosed || now - this.#askedAt < againMs) return undefined;
      this.#askedAt = now;
      this.#own = { opening: this.#openOwn() };
    }
    const own = this.#own;
    const copy = await own.opening;
    if (copy === undefined) return undefined;
    own.executor ??= new QueryExecutor(copy.node, copy.inline, () => undefined);
    return own.executor;
  };

  cancelChanged(slot: number, value: number): void {
    this.followed.cancelChanged(slot, value);
  }

  close(): void {
    this.#isClosed = true;
    this.followed.close();
    this.#own?.opening.then((copy) => copy?.close()).catch(() => undefined);
    this.#own = undefined;
  }

  async #attach(node: string): Promise<AttachedCopy> {
    const ports = await this.nodePort.attachCopy({ entry: this.entry, node });
    return ports.kind === 'local' ? openOwnCopy(ports, this.nodeName) : openRemoteCopy(ports);
  }

  async #openOwn(): Promise<OwnCopy | undefined> {
    const forget = (): void => {
      this.#own = undefined;
    };
    try {
      const ports = await this.nodePort.attachCopy({ entry: this.entry, node: this.nodeName });
      if (ports.kind !== 'local') throw new Error("assertion failed: this node's copy is here");
      const copy = openOwnCopy(ports, this.nodeName);
      copy.lost.then(forget, forget);
      return copy;
    } catch {
      // (Not in sync yet, or not for this node: the primary serves.)
      forget();
      return undefined;
    }
  }
}
