/** A database's key in the coordination store, as the protocol asks for it: by callbacks, and with the three ends that a change may have. */
import type { CoordinationStore, Entry, StoreError, Watch } from '../../coordination/store.js';
import { type Configuration, formatConfiguration, parseConfiguration } from '../configuration.js';
import type { ChangeAnswer, ConfigurationStore, ReadAnswer, StoredConfiguration } from '../ports.js';

export class ConfigurationKey implements ConfigurationStore {
  constructor(
    private readonly store: CoordinationStore,
    /** ClusterKeys.database. */
    private readonly key: string,
    /** A line for the server's log: the store refuses us. */
    private readonly report: (line: string) => void,
  ) {}

  read(done: (answer: ReadAnswer) => void): void {
    this.store.get(this.key).then(
      ({ entry }) => done(entry === undefined ? { kind: 'missing' } : { kind: 'found', stored: storedOf(entry) }),
      (error: unknown) => {
        this.tell(error);
        done({ kind: 'unavailable' });
      },
    );
  }

  compareAndSet(revision: bigint, configuration: Configuration, done: (answer: ChangeAnswer) => void): void {
    this.store
      .transact({
        when: [{ kind: 'mod-revision', key: this.key, revision }],
        then: [{ kind: 'put', key: this.key, value: formatConfiguration(configuration) }],
      })
      .then(
        (result) => done(result.succeeded ? { kind: 'done', revision: result.revision } : { kind: 'conflict' }),
        (error: unknown) => {
          this.tell(error);
          // (What was certainly not done may be asked for again just as well.)
          done({ kind: 'unknown' });
        },
      );
  }

  watch(changed: (stored: StoredConfiguration) => void): Watch {
    const seen = (entry: Entry): void => {
      if (entry.key === this.key) changed(storedOf(entry));
    };
    return this.store.watch(this.key, {
      state: (entries) => entries.forEach(seen),
      changes: (changes) => {
        for (const change of changes) if (change.kind === 'put') seen(change.entry);
      },
    });
  }

  private tell(error: unknown): void {
    if ((error as Partial<StoreError>).isTransient !== true) this.report(`the coordination store refuses ${this.key}: ${String(error)}`);
  }
}

function storedOf({ value, modRevision }: Entry): StoredConfiguration {
  return { configuration: parseConfiguration(value), revision: modRevision };
}
