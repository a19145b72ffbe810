/**
 * Speaks for a lane that is busy: one statement may keep the lane's thread for longer than the other replicas wait for a beacon (UPDATE of a million rows), and nobody shall
 * take over for that. The main thread repeats the lane's last beacons meanwhile. They say nothing new: what was sent when is as it was, so neither a lease nor what is known to
 * be acknowledged is renewed by them, only the patience of the others; and who knows of a newer epoch does not listen to them. Made by node/replica-bridge, on the main thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../../../common/clock.js';
import type { NodeId } from '../configuration.js';
import type { Beacon } from '../messages.js';
import { timing } from '../timing.js';

/** A lane that says nothing for longer is stuck: others shall take over. */
export const busyMsMax = 120_000;

const lateMs = 2 * timing.beaconMs;

export interface LaneStandInOptions {
  readonly clock: Clock;
  /** A stream of the protocol's messages to a node. */
  readonly open: (node: NodeId) => Promise<MessagePort>;
}

export class LaneStandIn {
  private readonly last = new Map<NodeId, { readonly beacon: Beacon; readonly at: number }>();
  private readonly ways = new Map<NodeId, Promise<MessagePort>>();
  private heardAt = -Infinity;
  private timer: Timer | undefined;
  private isClosed = false;

  constructor(private readonly options: LaneStandInOptions) {}

  /** The lane has sent a beacon. */
  heard(to: NodeId, beacon: Beacon): void {
    const { clock } = this.options;
    this.heardAt = clock.monotonicMs();
    this.last.set(to, { beacon, at: this.heardAt });
    if (!this.isClosed) this.timer ??= clock.after(timing.beaconMs, () => this.look());
  }

  /** This node is not primary any more. */
  forget(): void {
    this.last.clear();
  }

  private look(): void {
    const { clock } = this.options;
    this.timer = undefined;
    const silentMs = clock.monotonicMs() - this.heardAt;
    if (this.last.size === 0 || silentMs > busyMsMax) return;
    // (To whom the lane has said nothing with the last ones is no replica any more.)
    if (silentMs > lateMs) for (const [to, { beacon, at }] of this.last) if (this.heardAt - at < lateMs) this.repeat(to, beacon);
    this.timer = clock.after(timing.beaconMs, () => this.look());
  }

  private repeat(to: NodeId, beacon: Beacon): void {
    const way = this.ways.get(to) ?? this.open(to);
    way.then(
      (port) => port.postMessage(beacon),
      () => undefined,
    );
  }

  private open(to: NodeId): Promise<MessagePort> {
    const way = this.options.open(to);
    this.ways.set(to, way);
    way.then(
      (port) => {
        port.on('close', () => this.ways.delete(to));
        if (this.isClosed) port.close();
      },
      () => this.ways.delete(to),
    );
    return way;
  }

  close(): void {
    this.isClosed = true;
    this.forget();
    this.timer?.cancel();
    for (const way of this.ways.values()) {
      way.then(
        (port) => port.close(),
        () => undefined,
      );
    }
  }
}
