import assert from 'node:assert/strict';
import type { NetworkCoordinates } from '../../../../src/cluster/membership/node-record.js';
import { distance, observe, origin } from '../../../../src/cluster/shuffle/vivaldi.js';
import { Random } from '../../../support/random.js';

describe('network coordinates', () => {
  it('find the distances of a network that nobody has told them', () => {
    const random = new Random(4);
    // Three places, and nodes with a way of their own to each.
    const between = [
      [0, 20, 80],
      [20, 0, 50],
      [80, 50, 0],
    ];
    const nodes = Array.from({ length: 18 }, (_, at) => ({ place: at % 3, access: 0.2 + random.next() * 2 }));
    const roundTrip = (a: number, b: number): number => {
      const [from, to] = [nodes[a], nodes[b]];
      return from === undefined || to === undefined ? 0 : (between[from.place]?.[to.place] ?? 0) + from.access + to.access;
    };
    const points: NetworkCoordinates[] = nodes.map(() => origin);
    for (let round = 0; round < 4000; round++) {
      const own = random.int(0, nodes.length - 1);
      const other = (own + random.int(1, nodes.length - 1)) % nodes.length;
      const noisy = roundTrip(own, other) * (0.9 + random.next() * 0.2);
      points[own] = observe(points[own] as NetworkCoordinates, points[other] as NetworkCoordinates, noisy, () => random.next());
    }
    const errors: number[] = [];
    for (let a = 0; a < nodes.length; a++)
      for (let b = 0; b < a; b++) {
        const real = roundTrip(a, b);
        if (real > 10) errors.push(Math.abs(distance(points[a] as NetworkCoordinates, points[b] as NetworkCoordinates) - real) / real);
      }
    errors.sort((x, y) => x - y);
    assert.ok((errors[errors.length >> 1] ?? 1) < 0.1, `median error ${String(errors[errors.length >> 1])}`);
    // What matters: one's own place is nearest.
    for (let own = 0; own < nodes.length; own++) {
      const order = nodes.map((_, at) => at).filter((at) => at !== own);
      order.sort(
        (x, y) =>
          distance(points[own] as NetworkCoordinates, points[x] as NetworkCoordinates) -
          distance(points[own] as NetworkCoordinates, points[y] as NetworkCoordinates),
      );
      assert.deepEqual(new Set(order.slice(0, 5).map((at) => nodes[at]?.place)), new Set([nodes[own]?.place]));
    }
    assert.ok(points.every(({ error }) => error < 0.3));
  });

  it('stay numbers whatever is measured', () => {
    const random = new Random(5);
    let own = origin;
    for (const measured of [0, -1, 1e9, 0.001, 0]) {
      own = observe(own, origin, measured, () => random.next());
      assert.ok([...own.position, own.height, own.error].every(Number.isFinite));
      assert.ok(own.height > 0 && own.error >= 0 && own.error <= 1);
    }
  });
});
