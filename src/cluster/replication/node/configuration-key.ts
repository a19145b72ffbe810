/** A database's key in the coordination store, as the protocol asks for it: by callbacks, and with the three ends that a change may have. */
import type { CoordinationStore, Entry, StoreError, Watch } from '../../coordination/store.js';
import { type Configuration, formatConfiguration, parseConfiguration } from '../configuration.js';
import type { ChangeAnswer, ConfigurationStore, ReadAnswer, StoredConfiguration } from '../ports.js';

export class ConfigurationKey implements ConfigurationStore {
  /** The last value that was told of as not understood. */
  private toldRevision: bigint | undefined;

  constructor(
    private readonly store: CoordinationStore,
    /** ClusterKeys.database. */
    private readonly key: string,
    /** A line for the server's log: the store refuses us. */
    private readonly report: (line: string) => void,
  ) {}

  read(done: (answer: ReadAnswer) => void): void {
    this.store.get(this.key).then(
      ({ entry }) => {
        if (entry === undefined) {
          done({ kind: 'missing' });
          return;
        }
        const stored = this.storedOf(entry);
        done(stored === undefined ? { kind: 'unavailable' } : { kind: 'found', stored });
      },
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
      if (entry.key !== this.key) return;
      const stored = this.storedOf(entry);
      if (stored !== undefined) changed(stored);
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

  /** undefined: somebody has written what is no configuration. It counts as an answer that has not come: what was known goes on to hold. */
  private storedOf({ value, modRevision }: Entry): StoredConfiguration | undefined {
    try {
      return { configuration: parseConfiguration(value), revision: modRevision };
    } catch (error) {
      if (this.toldRevision !== modRevision) this.report(`the key ${this.key} is not understood: ${error instanceof Error ? error.message : String(error)}`);
      this.toldRevision = modRevision;
      return undefined;
    }
  }
}
