/**
 * Cancel words over nodes. A statement's word is a number in the shared memory of its own node; each node that works for it has words of its own, and the front end has a range
 * of them (cluster/remote/database-service). Requests carry the other node's number; setting a word is a message beside the streams on which statements run, so it arrives while a
 * thread is busy with one. But it comes in no order with them: a word that was set is not used for the next statement; the slot gets a fresh one. On a front-end thread,
 * called by cluster/remote/remote-database.
 */
import { PgError } from '../../common/errors.js';
import { derivationOf, derived } from '../../common/rpc-parts.js';
import type { TaskContext } from '../../storage/ports.js';
import type { AttachmentFacts } from './database-service.js';

/** Parts of requests that name a cancel word. */
interface Cancellable {
  readonly context?: TaskContext;
  readonly cancelSlot?: number;
}

export class RemoteCancel {
  /** The other node's slots by those of this one. */
  private readonly slots = new Map<number, number>();
  private readonly free: number[] = [];
  /** Slots of this node whose word over there is set. */
  private readonly set = new Set<number>();
  /** Constant parts of contexts with the other node's number in them. */
  private readonly constants = new WeakMap<object, { readonly slot: number; readonly constant: object }>();

  constructor(
    { firstCancelSlot, cancelSlots }: AttachmentFacts,
    private readonly setWord: (slot: number, value: number) => Promise<unknown>,
  ) {
    for (let slot = firstCancelSlot + cancelSlots - 1; slot >= firstCancelSlot; slot--) this.free.push(slot);
  }

  /** The front end has set the word of a slot of its own: 0 as each statement begins, 1 or 2 to stop it. */
  changed(slot: number, value: number): void {
    if (value !== 0) {
      this.set.add(slot);
      this.setWord(this.slotFor(slot), value).catch(() => undefined);
      return;
    }
    if (!this.set.delete(slot)) return;
    const used = this.slots.get(slot);
    this.slots.delete(slot);
    if (used === undefined) return;
    this.setWord(used, 0).then(
      () => this.free.push(used),
      () => undefined,
    );
  }

  /** The request as the other node understands it. */
  translate<R>(request: R): R {
    if (typeof request !== 'object' || request === null) return request;
    const { context, cancelSlot } = request as Cancellable;
    if (context === undefined && cancelSlot === undefined) return request;
    return {
      ...request,
      ...(context === undefined ? {} : { context: this.context(context) }),
      ...(cancelSlot === undefined ? {} : { cancelSlot: this.slotFor(cancelSlot) }),
    };
  }

  private slotFor(slot: number): number {
    if (slot < 0) return slot;
    let found = this.slots.get(slot);
    if (found === undefined) {
      found = this.free.pop();
      if (found === undefined) throw new PgError('53300', 'too many statements run on another node');
      this.slots.set(slot, found);
    }
    return found;
  }

  private context(context: TaskContext): TaskContext {
    const cancelSlot = this.slotFor(context.cancelSlot);
    const whole = { ...context, cancelSlot };
    const derivation = derivationOf(context);
    return derivation === undefined ? whole : derived(whole, this.constant(derivation.constant, cancelSlot), derivation.own);
  }

  /** The same object as long as nothing changes, so that it crosses the port once. */
  private constant(constant: object, slot: number): object {
    const known = this.constants.get(constant);
    if (known?.slot === slot) return known.constant;
    const changed = { ...constant, cancelSlot: slot };
    this.constants.set(constant, { slot, constant: changed });
    return changed;
  }
}
