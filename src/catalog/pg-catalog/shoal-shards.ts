/** shoal.shards: the files of each colocation group, the hash range of each, about how many bytes its tables have in it, and the nodes with a copy that is in sync. */
import { textArray } from './objects.js';
import { relation } from './relation.js';

export const shoalShards = relation(
  'shoal.shards',
  function* ({ catalog, replication, services, startup }) {
    const oid = catalog.databases.find(({ name }) => name === startup?.database)?.oid;
    const nodes =
      replication?.isAlone === true
        ? [replication.node]
        : (replication?.replicas ?? []).flatMap((copy) => (copy.database === oid && copy.inSync ? [copy.node] : []));
    for (const group of catalog.data.groups) {
      const tables = catalog.data.relations.filter(
        (one) => one.kind === 'table' && one.distribution.kind === 'distributed' && one.distribution.group === group.id,
      );
      for (let i = 0; i < group.bounds.length; i++) {
        yield {
          colocation_group: group.name,
          shard: i,
          file: `${group.name}/${String(i).padStart(4, '0')}.sqlite`,
          hash_from: group.bounds[i] ?? 0,
          hash_to: (group.bounds[i + 1] ?? 2 ** 32) - 1,
          bytes: services === undefined ? null : BigInt(Math.round(tables.reduce((bytes, table) => bytes + services.tableBytes(table.oid, i), 0))),
          nodes: textArray(nodes),
        };
      }
    }
  },
  'replication',
);
