/**
 * How many nodes are wanted, over time: what each source wants now, and the greatest number of the last cooldown. Part of the scaler's machine; knows no clock of its own.
 */
import type { DemandReport } from './demand-reporter.js';

interface Standing {
  readonly nodes: number;
  readonly until: number;
}

export class DemandBook {
  readonly #standing = new Map<string, Standing>();
  /** The last moment at which so many were wanted: numbers fall, moments rise. */
  #marks: { readonly nodes: number; readonly at: number }[] = [];

  constructor(private readonly cooldownMs: number) {}

  /** Takes a report in; the number that it wants at its greatest. */
  enter({ source, nodes, peak, lifetimeMs }: DemandReport, now: number): number {
    this.#expire(now);
    const before = this.#standing.get(source);
    if (before !== undefined) this.#mark(before.nodes, now);
    if (nodes > 0) this.#standing.set(source, { nodes, until: now + lifetimeMs });
    else this.#standing.delete(source);
    const most = Math.max(nodes, peak);
    if (most > 0) this.#mark(most, now);
    return most;
  }

  /** So many are to be kept for a cooldown, whoever wants them. */
  hold(nodes: number, now: number): void {
    this.#mark(nodes, now);
  }

  /** What is wanted now; 0: nothing is. */
  current(now: number): number {
    this.#expire(now);
    return Math.max(0, ...Array.from(this.#standing.values(), ({ nodes }) => nodes));
  }

  /** The greatest number that was wanted within the last cooldown, now included. */
  recent(now: number): number {
    const current = this.current(now);
    this.#marks = this.#marks.filter(({ at }) => at + this.cooldownMs > now);
    return Math.max(current, this.#marks[0]?.nodes ?? 0);
  }

  /** When `recent` may fall next. */
  nextFall(now: number): number | undefined {
    const falls = [...Array.from(this.#standing.values(), ({ until }) => until), ...this.#marks.map(({ at }) => at + this.cooldownMs)].filter((at) => at > now);
    return falls.length === 0 ? undefined : Math.min(...falls);
  }

  /** What each source wants, for people. */
  get standing(): ReadonlyMap<string, Standing> {
    return this.#standing;
  }

  #expire(now: number): void {
    for (const [source, { nodes, until }] of this.#standing) {
      if (until > now) continue;
      this.#standing.delete(source);
      this.#mark(nodes, until);
    }
  }

  #mark(nodes: number, at: number): void {
    const newest = this.#marks.reduce((latest, mark) => (mark.nodes >= nodes ? Math.max(latest, mark.at) : latest), -Infinity);
    if (newest >= at) return;
    this.#marks = [...this.#marks.filter((mark) => mark.nodes > nodes || mark.at > at), { nodes, at }].sort((a, b) => b.nodes - a.nodes);
  }
}
