/** The cancel words of one front-end thread: each of its sessions has one, whatever its database. Made by cli/compose-front-end.ts, given out by session/services.ts. */
import { PgError } from '../../common/errors.js';

export class CancelSlots {
  readonly #words: Int32Array;
  readonly #free: number[] = [];

  /** The words from `first` on of an array that all threads share. */
  constructor(words: SharedArrayBuffer, first: number, count: number) {
    this.#words = new Int32Array(words);
    for (let slot = first + count - 1; slot >= first; slot--) this.#free.push(slot);
  }

  take(): number {
    const slot = this.#free.pop();
    if (slot === undefined) throw new PgError('53300', 'too many sessions on this front-end thread');
    Atomics.store(this.#words, slot, 0);
    return slot;
  }

  give(slot: number): void {
    Atomics.store(this.#words, slot, 0);
    this.#free.push(slot);
  }

  /** 0 = run, 1 = the user cancels, 2 = statement timeout. */
  set(slot: number, value: 0 | 1 | 2): void {
    Atomics.store(this.#words, slot, value);
  }

  state(slot: number): number {
    return Atomics.load(this.#words, slot);
  }
}
