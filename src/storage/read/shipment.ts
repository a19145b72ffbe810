/**
 * Rows on their way from node to node, through the distributed cache: what a fragment sends to the caches of those who want them, and what a landing table takes from the
 * cache of its own node. Used by storage/read/reader.
 */
import { PgError } from '../../common/errors.js';
import { release } from '../../common/release.js';
import type { CacheService, CursorBatch, Inbox, ReadService, ShipmentReport } from '../ports.js';
import type { Caches } from './caches.js';

/** So much may be on its way; one batch always may. */
const windowBytes = 2 * 1024 * 1024;
/** How often whoever waits for another node looks whether the statement is to stop. */
const lookMs = 20;

/** Throws what a statement shall stop with. */
export type Interruption = () => void;

type Portions = Parameters<CacheService['append']>[0]['portions'];

export class Shipment {
  /** Of each spot, by its number. */
  readonly #sequences: number[];
  readonly #lost = new Set<string>();
  readonly #pending = new Set<Promise<void>>();
  #failure: Error | undefined;
  #bytesOnWay = 0;
  #rows = 0;
  #bytesSent = 0;
  #bytesAway = 0;

  constructor(
    private readonly caches: Caches,
    private readonly request: Pick<Parameters<ReadService['ship']>[0], 'query' | 'writer' | 'node' | 'to'>,
    private readonly interruption: Interruption,
  ) {
    this.#sequences = request.to.spots.map(() => 0);
  }

  /** Resolves when there is room for the next batch. */
  async add(batch: CursorBatch): Promise<void> {
    this.#rows += batch.rows;
    const parts = this.request.to.kind === 'all' ? this.request.to.spots.map(() => batch.bytes) : (batch.partitions ?? []);
    const portions = new Map<string, Portions[number][]>();
    for (const [number, { node, id }] of this.request.to.spots.entries()) {
      const bytes = parts[number];
      if (bytes === undefined || bytes.length === 0 || this.#lost.has(node)) continue;
      const sequence = (this.#sequences[number] ?? 0) + 1;
      this.#sequences[number] = sequence;
      let ofNode = portions.get(node);
      if (ofNode === undefined) portions.set(node, (ofNode = []));
      ofNode.push({ id, sequence, bytes });
      this.#bytesSent += bytes.length;
      if (node !== this.request.node) this.#bytesAway += bytes.length;
    }
    for (const [node, ofNode] of portions) this.#send(node, ofNode);
    await this.#until(() => this.#bytesOnWay <= windowBytes);
  }

  /** Resolves when everything is where it shall be, but for what was for lost nodes. */
  async finish(): Promise<ShipmentReport> {
    await this.#until(() => this.#pending.size === 0);
    return { rows: this.#rows, bytesSent: this.#bytesSent, bytesAway: this.#bytesAway, lost: [...this.#lost] };
  }

  #send(node: string, portions: Portions): void {
    const bytes = portions.reduce((sum, portion) => sum + portion.bytes.length, 0);
    this.#bytesOnWay += bytes;
    const sending = this.#append(node, portions).then(() => {
      this.#bytesOnWay -= bytes;
      this.#pending.delete(sending);
    });
    this.#pending.add(sending);
  }

  /** Never rejects. */
  async #append(node: string, portions: Portions): Promise<void> {
    const { query, writer, to } = this.request;
    try {
      const cache = await this.caches.at(node);
      // (What goes to several nodes is copied.)
      const isShared = to.kind === 'all' && to.spots.length > 1;
      const transfer = isShared ? undefined : portions.map(({ bytes }) => bytes.buffer as ArrayBuffer);
      await cache.append({ query, writer, portions }, transfer);
    } catch (error) {
      if (error instanceof PgError && (error.code === '08001' || error.code === '08006')) this.#lost.add(node);
      else this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && this.#failure === undefined) await interruptibly(Promise.race(this.#pending), this.interruption);
    this.interruption();
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Gives what has come to an inbox, portion by portion, the next ones being on their way meanwhile. */
export async function* received(caches: Caches, { node, query, id }: Inbox, except: readonly string[], interruption: Interruption): AsyncGenerator<Uint8Array> {
  const cache = await caches.at(node);
  const read = (from: number): ReturnType<typeof cache.read> => {
    const reading = cache.read({ query, id, except, from });
    reading.catch(() => undefined); // Reported when it is awaited.
    return reading;
  };
  let reading: ReturnType<typeof cache.read> | undefined = read(0);
  while (reading !== undefined) {
    const { portions, next }: Awaited<typeof reading> = await interruptibly(reading, interruption);
    reading = next === undefined ? undefined : read(next);
    for (const portion of portions) {
      interruption();
      yield portion;
      release(portion);
    }
  }
  await cache.finish({ query, id });
}

/** As `work`, unless the statement is to stop before. */
async function interruptibly<T>(work: Promise<T>, interruption: Interruption): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      try {
        interruption();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    }, lookMs);
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    clearInterval(timer);
  }
}
