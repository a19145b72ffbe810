/** The key of the database in a coordination store that loses requests and answers, is late, or is away. What it does do is linearizable. */
import type { Configuration } from '../../../src/cluster/replication/configuration.js';
import type { ChangeAnswer, ConfigurationStore, ReadAnswer, StoredConfiguration } from '../../../src/cluster/replication/ports.js';
import type { Random } from '../../support/random.js';
import type { Events } from '../events.js';

const deadlineMs = 1000;

export class SimulatedStore {
  private stored: StoredConfiguration;
  isAway = false;
  /** Probability that a request, or its answer, goes astray. */
  unreliability = 0;
  readonly watchers: ((stored: StoredConfiguration) => void)[] = [];

  constructor(
    private readonly events: Events,
    private readonly random: Random,
    configuration: Configuration,
    private readonly onChange: (configuration: Configuration) => void,
  ) {
    this.stored = { configuration, revision: 1n };
    onChange(configuration);
  }

  get configuration(): Configuration {
    return this.stored.configuration;
  }

  /** By an operator, who is never unlucky. */
  change(next: (configuration: Configuration) => Configuration): void {
    this.set(next(this.stored.configuration));
  }

  /** As one node sees it. reaches: whether its network does; deliver: calls back on the node, if it still lives. */
  client(reaches: () => boolean, deliver: (run: () => void) => void): ConfigurationStore {
    const request = <T>(perform: () => T, answer: (value: T) => void, failure: () => void): void => {
      const { events, random } = this;
      let answered = false;
      events.after(deadlineMs, () => {
        if (answered) return;
        answered = true;
        deliver(failure);
      });
      const isLost = random.chance(this.unreliability);
      const isLate = random.chance(this.unreliability);
      if (isLost || !reaches()) return;
      events.after(random.int(1, 4) + (isLate ? random.int(0, 3000) : 0), () => {
        if (this.isAway) return;
        const value = perform();
        if (random.chance(this.unreliability)) return;
        events.after(random.int(1, 4), () => {
          if (answered || !reaches()) return;
          answered = true;
          deliver(() => answer(value));
        });
      });
    };
    return {
      read: (done) =>
        request<ReadAnswer>(
          () => ({ kind: 'found', stored: this.stored }),
          done,
          () => done({ kind: 'unavailable' }),
        ),
      compareAndSet: (revision, configuration, done) =>
        request<ChangeAnswer>(
          () => this.compareAndSet(revision, configuration),
          done,
          () => done({ kind: 'unknown' }),
        ),
    };
  }

  private compareAndSet(revision: bigint, configuration: Configuration): ChangeAnswer {
    if (this.stored.revision !== revision) return { kind: 'conflict' };
    this.set(configuration);
    return { kind: 'done', revision: this.stored.revision };
  }

  private set(configuration: Configuration): void {
    this.stored = { configuration, revision: this.stored.revision + 1n };
    this.onChange(configuration);
    // (A watch that was interrupted tells the state of then, once it has found the store again.)
    const allLate = this.random.chance(this.unreliability);
    for (const watcher of this.watchers) {
      const delay = allLate || this.random.chance(0.2) ? this.random.int(500, 8000) : this.random.int(1, 50);
      this.events.after(delay, () => watcher(this.stored));
    }
  }
}
