/** A virtual clock: events in the order of their times, and of their making where those are equal. Nothing in a simulation waits or asks the system for the time. */

interface Event {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class Events {
  /** Milliseconds since the simulation's beginning. */
  now = 0;
  steps = 0;
  private readonly heap: Event[] = [];
  private made = 0;

  /** Answers what cancels it. */
  after(ms: number, run: () => void): () => void {
    const event: Event = { at: this.now + ms, order: this.made++, run };
    this.push(event);
    return () => {
      event.run = undefined;
    };
  }

  /** Runs the next event; false: there is none before `until`. */
  step(until: number): boolean {
    for (;;) {
      const [next] = this.heap;
      if (next === undefined || next.at > until) {
        this.now = Math.max(this.now, until);
        return false;
      }
      this.pop();
      const { run } = next;
      if (run === undefined) continue;
      this.now = next.at;
      this.steps++;
      run();
      return true;
    }
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (before(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Event;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
      const below = heap[child] as Event;
      if (before(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
