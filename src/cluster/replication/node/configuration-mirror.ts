/**
 * The keys of all databases as this node knows them, kept up to date by one watch: who is primary of what, and which nodes shall have copies. Made by cli/compose-cluster.ts
 * for the front ends' way to a database (cluster/remote/cluster-view) and for the copies of this node (replicated-databases).
 */
import type { CoordinationStore } from '../../coordination/store.js';
import { messageOf } from '../../coordination/store-client.js';
import { PrefixMirror } from '../../coordination/prefix-mirror.js';
import type { ClusterKeys } from '../../membership/cluster-keys.js';
import { type Configuration, parseConfiguration } from '../configuration.js';

export class ConfigurationMirror {
  readonly #mirror: PrefixMirror;
  #configurations: ReadonlyMap<number, Configuration> = new Map();
  readonly #unreadable = new Set<string>();
  readonly #listeners: (() => void)[] = [];

  constructor(
    store: CoordinationStore,
    keys: ClusterKeys,
    private readonly log: (line: string) => void,
  ) {
    this.#mirror = new PrefixMirror(store, keys.databases, () => {
      this.#read();
    });
  }

  /** By OID. */
  get all(): ReadonlyMap<number, Configuration> {
    return this.#configurations;
  }

  get(oid: number): Configuration | undefined {
    return this.#configurations.get(oid);
  }

  /** Resolves when there is a first state. */
  async known(): Promise<void> {
    await this.#mirror.known();
  }

  /** Calls `listener` after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#mirror.close();
  }

  #read(): void {
    const found = new Map<number, Configuration>();
    for (const [name, { value }] of this.#mirror.entries) {
      try {
        found.set(Number(name), parseConfiguration(value));
        this.#unreadable.delete(name);
      } catch (error) {
        // (What is not understood stays as it was known: a database is not given up for it.)
        const known = this.#configurations.get(Number(name));
        if (known !== undefined) found.set(Number(name), known);
        if (!this.#unreadable.has(name)) this.log(`the key of database ${name} is not understood: ${messageOf(error)}`);
        this.#unreadable.add(name);
      }
    }
    this.#configurations = found;
    for (const listener of this.#listeners) listener();
  }
}

/** Whether `node` has something to do with the database: it shall have a copy, or has one that others count on. */
export function names({ primary, isr, replicas }: Configuration, node: string): boolean {
  return primary === node || isr.includes(node) || replicas.includes(node);
}
