/**
 * shoal.shards: the files of each colocation group, the hash range of each, about how many bytes its tables have in it, the nodes with a copy that is in sync, and of a shard that is being split
 * how much of it its parts have.
 */
import { shardFileName } from '../shard-group.js';
import type { ShardGroup, Table } from '../table.js';
import { textArray } from './objects.js';
import { type CatalogEnvironment, relation } from './relation.js';

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
        (one): one is Table => one.kind === 'table' && one.distribution.kind === 'distributed' && one.distribution.group === group.id,
      );
      for (let i = 0; i < group.bounds.length; i++) {
        yield {
          colocation_group: group.name,
          shard: i,
          file: shardFileName(group, i),
          hash_from: group.bounds[i] ?? 0,
          hash_to: (group.bounds[i + 1] ?? 2 ** 32) - 1,
          bytes: services === undefined ? null : BigInt(Math.round(tables.reduce((bytes, table) => bytes + services.tableBytes(table.oid, i), 0))),
          nodes: textArray(nodes),
          split_percent: services === undefined || group.split?.shard !== i ? null : splitPercent(group, tables, services),
        };
      }
    }
  },
  'replication',
);

function splitPercent(group: ShardGroup, tables: readonly Table[], services: NonNullable<CatalogEnvironment['services']>): number {
  const { bounds, split } = group;
  let [all, copied] = [0, 0];
  for (const { oid } of tables) {
    all += services.shardRows(oid, split?.shard ?? 0);
    for (const part of split?.files.keys() ?? []) copied += services.shardRows(oid, bounds.length + part);
  }
  return all === 0 ? 0 : Math.min(100, Math.round((1000 * copied) / all) / 10);
}
