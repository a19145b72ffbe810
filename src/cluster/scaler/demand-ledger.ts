/**
 * The queries that run now, and the greatest number of nodes that one of them wants. A ledger stands on every front-end thread (entries: queries), and one on the main thread
 * of a node (entries: threads). It tells of every change of the greatest, so that a demand that is gone at once has still been heard of.
 */
import type { QueryDemand } from './demand.js';

export class DemandLedger<Entry> {
  readonly #entries = new Map<Entry, QueryDemand>();
  #greatest: QueryDemand | undefined;

  /** `changed` is called with the new greatest demand; undefined: nothing wants more than what is there. */
  constructor(private readonly changed: (greatest: QueryDemand | undefined) => void) {}

  get greatest(): QueryDemand | undefined {
    return this.#greatest;
  }

  /** demand undefined: the entry is gone. */
  set(entry: Entry, demand: QueryDemand | undefined): void {
    if (demand === undefined) {
      if (!this.#entries.delete(entry)) return;
    } else this.#entries.set(entry, demand);
    let greatest: QueryDemand | undefined;
    for (const one of this.#entries.values()) if (greatest === undefined || one.nodes > greatest.nodes) greatest = one;
    const before = this.#greatest;
    this.#greatest = greatest;
    if (before?.nodes !== greatest?.nodes) this.changed(greatest);
  }
}
