/**
 * Settings that live in the coordination store and apply without restart: of all nodes at `config/settings/<name>`, of one node (which go first) at
 * `config/nodes/<id>/settings/<name>`; values are JSON strings, numbers or booleans. ALTER SYSTEM in a cluster writes here, and so may `etcdctl put`.
 * Made by cluster-node.ts; cli/compose.ts applies the settings like those of ALTER SYSTEM and --set.
 */
import { PrefixMirror } from '../coordination/prefix-mirror.js';
import type { CoordinationStore, Entry } from '../coordination/store.js';
import type { ClusterKeys } from './cluster-keys.js';

export interface LiveConfigurationOptions {
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  readonly node: string;
  readonly log: (message: string) => void;
  /** The settings of this node have changed. */
  readonly changed: () => void;
}

export class LiveConfiguration {
  readonly #mirror: PrefixMirror;
  #settings: ReadonlyMap<string, string> = new Map();

  constructor(private readonly options: LiveConfigurationOptions) {
    this.#mirror = new PrefixMirror(options.store, options.keys.configuration, () => {
      this.#read();
    });
  }

  /** Of this node, by lower-case name. */
  get settings(): ReadonlyMap<string, string> {
    return this.#settings;
  }

  /** Resolves when they are known. */
  async known(): Promise<void> {
    await this.#mirror.known();
  }

  /** Of all nodes. Resolves when this node has heard of it. name undefined: none of them is set any more; value undefined: this one is not. Rejects with StoreError. */
  async keep(name: string | undefined, value: string | undefined): Promise<void> {
    const { store, keys } = this.options;
    const operation =
      name === undefined
        ? ({ kind: 'delete-prefix', prefix: keys.settings } as const)
        : value === undefined
          ? ({ kind: 'delete', key: keys.setting(name.toLowerCase()) } as const)
          : ({ kind: 'put', key: keys.setting(name.toLowerCase()), value: JSON.stringify(value) } as const);
    const { revision, results } = await store.transact({ when: [], then: [operation] });
    const [result] = results;
    if (result?.kind === 'put' || (result?.kind === 'delete' && result.count > 0)) await this.#mirror.reaches(revision);
  }

  close(): void {
    this.#mirror.close();
  }

  #read(): void {
    const { keys, node } = this.options;
    const settings = new Map<string, string>();
    for (const prefix of [keys.settings, keys.nodeSettings(node)]) {
      const under = prefix.slice(keys.configuration.length);
      for (const [name, entry] of this.#mirror.entries) {
        if (!name.startsWith(under)) continue;
        const value = this.#valueOf(entry);
        if (value !== undefined) settings.set(name.slice(under.length).toLowerCase(), value);
      }
    }
    const isSame = settings.size === this.#settings.size && [...settings].every(([name, value]) => this.#settings.get(name) === value);
    this.#settings = settings;
    if (!isSame) this.options.changed();
  }

  #valueOf({ key, value: text }: Entry): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    if (typeof value === 'boolean') return value ? 'on' : 'off';
    this.options.log(`"${key}" is left out: ${text} is no JSON string, number or boolean (for example '"64MB"')`);
    return undefined;
  }
}
