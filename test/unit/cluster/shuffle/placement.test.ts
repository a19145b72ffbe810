import assert from 'node:assert/strict';
import { bestNode, type CacheNode, placeIds, score } from '../../../../src/cluster/shuffle/placement.js';
import { origin } from '../../../../src/cluster/shuffle/vivaldi.js';

const nodes: readonly CacheNode[] = [
  { name: 'b', cores: 1, freeBytes: 100 },
  { name: 'a', cores: 2, freeBytes: 300 },
  { name: 'c', cores: 5, freeBytes: 0 },
];
const ids = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `id-${String(at)}` }));
const counts = (placed: ReadonlyMap<string, string>): Record<string, number> => {
  const result: Record<string, number> = {};
  for (const node of placed.values()) result[node] = (result[node] ?? 0) + 1;
  return result;
};

describe('placement in the distributed cache', () => {
  it('goes round the nodes, and is never off by more than one', () => {
    for (let count = 1; count < 40; count++) {
      const given = counts(placeIds(ids(count), 'uniform_nodes', nodes));
      for (const { name } of nodes) assert.ok(Math.abs((given[name] ?? 0) - count / 3) < 1);
    }
  });

  it('goes by cores and by free memory', () => {
    assert.deepEqual(counts(placeIds(ids(80), 'uniform_cpu', nodes)), { a: 20, b: 10, c: 50 });
    assert.deepEqual(counts(placeIds(ids(40), 'uniform_memory', nodes)), { a: 30, b: 10 });
  });

  it('answers the same whatever the order of the nodes, and keeps groups together', () => {
    const pairs = Array.from({ length: 12 }, (_, at) => ({ id: `${at % 2 === 0 ? 'L' : 'R'}/${String(at >> 1)}`, group: String(at >> 1) }));
    const placed = placeIds(pairs, 'uniform_nodes', nodes);
    assert.deepEqual(placed, placeIds(pairs, 'uniform_nodes', [...nodes].reverse()));
    for (let at = 0; at < 6; at++) assert.equal(placed.get(`L/${String(at)}`), placed.get(`R/${String(at)}`));
    assert.deepEqual(counts(placed), { a: 4, b: 4, c: 4 });
  });

  it('scores data by its distance, and prefers the holder until that has too much to do', () => {
    const at = (x: number) => ({ ...origin, position: [x, 0, 0] });
    const coordinates = new Map([
      ['a', at(0)],
      ['b', at(10)],
      ['c', at(50)],
    ]);
    assert.equal(score('a', ['a', 'c'], coordinates), 0);
    assert.ok(Math.abs(score('b', ['a', 'c'], coordinates) - 10) < 0.1);
    assert.equal(score('b', [], coordinates), Infinity);
    const names = ['a', 'b', 'c'];
    assert.equal(bestNode(names, ['c'], coordinates, new Map()), 'c');
    assert.equal(bestNode(names, ['c'], coordinates, new Map([['c', 45]])), 'b');
    assert.equal(bestNode([], ['c'], coordinates, new Map()), undefined);
  });
});
