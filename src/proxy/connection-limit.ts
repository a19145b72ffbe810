/**
 * How many clients the node serves at once (max_connections), counted in shared memory because every front-end thread lets clients in.
 * Made by cli/compose.ts on the main thread; used by proxy/front-end.ts.
 */
export class ConnectionLimit {
  readonly #count: Int32Array;

  constructor(
    /** Four bytes, zero at the start, the same on every thread. */
    readonly memory: SharedArrayBuffer,
    readonly connectionsMax: number,
    /** The last so many places are for superusers (superuser_reserved_connections). */
    readonly reserved = 0,
  ) {
    this.#count = new Int32Array(memory);
  }

  static create(connectionsMax: number, reserved = 0): ConnectionLimit {
    return new ConnectionLimit(new SharedArrayBuffer(4), connectionsMax, reserved);
  }

  /** Takes a place; false when all are taken. */
  tryAcquire(): boolean {
    if (Atomics.add(this.#count, 0, 1) < this.connectionsMax) return true;
    Atomics.sub(this.#count, 0, 1);
    return false;
  }

  /** Whether so many places are taken (one's own included) that only superusers may have the rest. */
  get reachesReserve(): boolean {
    return this.reserved > 0 && this.connectionsMax - this.count < this.reserved;
  }

  release(): void {
    Atomics.sub(this.#count, 0, 1);
  }

  get count(): number {
    return Atomics.load(this.#count, 0);
  }
}
