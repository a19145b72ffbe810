/** The inventory kept up to date by a watch: the last that was known while the store cannot be reached. Of every node (cli/node-place.ts), and of `shoal cluster ... --wait`. */
import { PrefixMirror } from '../coordination/prefix-mirror.js';
import type { CoordinationStore } from '../coordination/store.js';
import type { ClusterKeys } from '../membership/cluster-keys.js';
import { type Inventory, readInventory } from './inventory.js';

export class LiveInventory {
  readonly #mirror: PrefixMirror;
  #read: { readonly revision: bigint; readonly inventory: Inventory } | undefined;

  constructor(
    store: CoordinationStore,
    private readonly keys: ClusterKeys,
    /** After every change; not before this is constructed. */
    changed: () => void,
  ) {
    this.#mirror = new PrefixMirror(store, keys.root, changed);
  }

  /** Resolves when there is a first one. */
  async known(): Promise<void> {
    await this.#mirror.known();
  }

  get isKnown(): boolean {
    return this.#mirror.isKnown;
  }

  get current(): Inventory {
    const { revision, entries } = this.#mirror;
    if (this.#read?.revision !== revision) this.#read = { revision, inventory: readInventory(this.keys, entries) };
    return this.#read.inventory;
  }

  close(): void {
    this.#mirror.close();
  }
}
