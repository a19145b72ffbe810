/**
 * The protocol's times in milliseconds. What must hold: a lease, on the slowest clock, ends before a replica takes over on the fastest (`leaseMs` < `takeoverMs`, with
 * room for clocks that run a tenth apart). Safety of writes rests on none of them.
 */
export interface Timing {
  /** Between two beacons; also how often replicas look around. */
  readonly beaconMs: number;
  /** For so long from sending a beacon its answers let the primary answer reads. */
  readonly leaseMs: number;
  /** So long after the last beacon an in-sync replica may take over. */
  readonly takeoverMs: number;
  /** So long after its start a primary that has restarted lets the others go first: whoever keeps failing shall not keep the database. Safety does not rest on it. */
  readonly returnMs: number;
  /** The second in line waits so much longer, the third twice that. */
  readonly rankDelayMs: number;
  /** A replica with damaged files waits so much longer: sooner or later it is better than nobody. */
  readonly damagedDelayMs: number;
  /** A replica that says nothing, or makes no progress, for so long is no longer waited for. */
  readonly silenceMs: number;
  /** So long a primary stays before it hands over to the one that the placement would rather have. */
  readonly preferenceMs: number;
  /** So long the log is kept for a replica that has gone silent; later it gets a copy of the files if need be. */
  readonly retainMs: number;
  /** Before the store is asked again. */
  readonly storeRetryMs: number;
  /** Sent but unanswered batches are sent again after this. */
  readonly resendMs: number;
  /** Bytes sent to a replica that it has not answered yet. */
  readonly windowBytes: number;
}

export const timing: Timing = {
  beaconMs: 250,
  leaseMs: 2000,
  takeoverMs: 2600,
  returnMs: 1000,
  rankDelayMs: 400,
  damagedDelayMs: 10_000,
  silenceMs: 1500,
  preferenceMs: 5000,
  retainMs: 60_000,
  storeRetryMs: 250,
  resendMs: 500,
  windowBytes: 4 * 1024 * 1024,
};
