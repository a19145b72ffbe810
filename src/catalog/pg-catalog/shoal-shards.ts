/** shoal.shards: the files of each colocation group and the hash range of each. */
import { relation } from './relation.js';

export const shoalShards = relation('shoal.shards', function* ({ catalog }) {
  for (const group of catalog.data.groups) {
    for (let i = 0; i < group.bounds.length; i++) {
      yield {
        colocation_group: group.name,
        shard: i,
        file: `${group.name}/${String(i).padStart(4, '0')}.sqlite`,
        hash_from: group.bounds[i] ?? 0,
        hash_to: (group.bounds[i + 1] ?? 2 ** 32) - 1,
      };
    }
  }
});
