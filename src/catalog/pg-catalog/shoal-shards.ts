/** shoal.shards: the files of each colocation group and the hash range of each. */
import { relation } from './relation.js';

export const shoalShards = relation(
  'shoal',
  'shards',
  9100002,
  [
    ['colocation_group', 25],
    ['shard', 23],
    ['file', 25],
    ['hash_from', 20],
    ['hash_to', 20],
  ],
  function* ({ catalog }) {
    for (const group of catalog.data.groups) {
      for (let i = 0; i < group.bounds.length; i++) {
        yield [group.name, i, `${group.name}/${String(i).padStart(4, '0')}.sqlite`, group.bounds[i] ?? 0, (group.bounds[i + 1] ?? 2 ** 32) - 1];
      }
    }
  },
);
