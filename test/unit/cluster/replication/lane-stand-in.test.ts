/** Who speaks for a lane that is busy: a virtual clock, and a port for what would go to the other node. */
import { deepEqual, equal } from 'node:assert/strict';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { busyMsMax, LaneStandIn } from '../../../../src/cluster/replication/node/lane-stand-in.js';
import type { Beacon } from '../../../../src/cluster/replication/messages.js';
import { timing } from '../../../../src/cluster/replication/timing.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

describe('the stand-in of a busy lane', () => {
  let clock: VirtualClock;
  let ports: Map<string, MessagePort>;
  let standIn: LaneStandIn;
  const beacon = (sentAt: number): Beacon => ({
    kind: 'beacon',
    from: 'a',
    epoch: 3,
    uncleanEpoch: 0,
    commitIndex: 7,
    sentAt,
    freshAt: undefined,
    archivedLsn: undefined,
  });
  const taken = (node: string): readonly unknown[] => {
    const port = ports.get(node);
    const messages: unknown[] = [];
    for (let next = port && receiveMessageOnPort(port); next !== undefined; next = port && receiveMessageOnPort(port)) messages.push(next.message);
    return messages;
  };

  beforeEach(() => {
    clock = new VirtualClock();
    ports = new Map();
    standIn = new LaneStandIn({
      clock,
      open: async (node) => {
        const { port1, port2 } = new MessageChannel();
        ports.set(node, port2);
        return await Promise.resolve(port1);
      },
    });
  });

  afterEach(() => standIn.close());

  it('says nothing while the lane does', async () => {
    for (let at = 0; at < 20; at++) {
      standIn.heard('b', beacon(at));
      await clock.advance(timing.beaconMs);
    }
    equal(ports.size, 0);
  });

  it('repeats its last beacon, as it was, before the others lose patience', async () => {
    standIn.heard('b', beacon(1));
    await clock.advance(timing.beaconMs);
    standIn.heard('b', beacon(2));
    await clock.advance(timing.takeoverMs - 2 * timing.beaconMs);
    const repeated = taken('b');
    deepEqual(repeated[0], beacon(2));
    await clock.advance(10 * timing.takeoverMs);
    equal(taken('b').length, (10 * timing.takeoverMs) / timing.beaconMs);
  });

  it('gives up a lane that is stuck', async () => {
    standIn.heard('b', beacon(1));
    await clock.advance(busyMsMax + timing.beaconMs);
    taken('b');
    await clock.advance(busyMsMax);
    deepEqual(taken('b'), []);
  });

  it('does not speak for who is not primary any more', async () => {
    standIn.heard('b', beacon(1));
    standIn.forget();
    await clock.advance(2 * timing.takeoverMs);
    equal(ports.size, 0);
  });

  it('does not speak to who is no replica any more', async () => {
    standIn.heard('b', beacon(1));
    standIn.heard('c', beacon(1));
    await clock.advance(timing.takeoverMs);
    standIn.heard('b', beacon(2));
    taken('b');
    taken('c');
    await clock.advance(timing.takeoverMs);
    equal(taken('b').length > 0, true);
    deepEqual(taken('c'), []);
  });
});
