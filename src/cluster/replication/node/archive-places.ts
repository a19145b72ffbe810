/**
 * Where the logs of databases are archived continuously, for the whole cluster: keys of the coordination store, which the node reads that writes a database, whichever that is
 * (storage/backup/archive-place). Made by replicated-databases.
 */
import { PgError } from '../../../common/errors.js';
import type { ArchivePlace } from '../../../storage/backup/archive-place.js';
import { PrefixMirror } from '../../coordination/prefix-mirror.js';
import { type CoordinationStore, StoreError } from '../../coordination/store.js';
import type { ClusterKeys } from '../../membership/cluster-keys.js';

export class ArchivePlaces {
  readonly #mirror: PrefixMirror;

  constructor(
    private readonly store: CoordinationStore,
    private readonly keys: ClusterKeys,
    /** Some place is another one, or known for the first time. */
    changed: () => void,
  ) {
    this.#mirror = new PrefixMirror(store, keys.archives, changed);
  }

  /** Of a database, by its OID. */
  of(oid: number): ArchivePlace {
    const entry = (): string | undefined => this.#mirror.entries.get(String(oid))?.value;
    return {
      get isSet() {
        return entry() !== undefined;
      },
      get location() {
        const text = entry();
        return text === undefined ? undefined : readPlace(text);
      },
      keep: async (location) => await this.#keep(oid, location),
    };
  }

  close(): void {
    this.#mirror.close();
  }

  async #keep(oid: number, location: string | undefined): Promise<void> {
    const key = this.keys.archive(oid);
    try {
      const { revision } = await this.store.transact({
        when: [],
        then: [location === undefined ? { kind: 'delete', key } : { kind: 'put', key, value: JSON.stringify({ location }) }],
      });
      if (location !== undefined) await this.#mirror.reaches(revision);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new PgError('58000', `the cluster's coordination store has not taken the place of the archive: ${error.message}`, { hint: 'Say it again.' });
    }
  }
}

function readPlace(text: string): string {
  try {
    const { location } = JSON.parse(text) as { readonly location?: unknown };
    if (typeof location === 'string') return location;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new PgError('XX001', `the place of the archive is not understood: ${text}`, { hint: 'Set the place anew with `shoal backup --continuous`.' });
}
