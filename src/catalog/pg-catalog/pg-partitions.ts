/** pg_inherits and pg_partitioned_table: partitions and what they are partitions of, and tables that inherit from others. */
import type { Partition, Partitioning } from '../partition.js';
import { partitionsOf, rootOf } from '../partition.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { Table } from '../table.js';
import { listedIndexes } from '../partition-parts.js';
import { typeByOid } from '../../types/registry.js';
import { operatorClassOf } from './pg-opclass.js';
import { relation } from './relation.js';

export const pgInherits = relation('pg_catalog.pg_inherits', function* ({ catalog }) {
  for (const { index, parentOid } of listedIndexes(catalog))
    if (parentOid !== undefined) yield { inhrelid: index.oid, inhparent: parentOid, inhseqno: 1, inhdetachpending: false };
  for (const object of catalog.data.relations) {
    if (object.kind === 'partition') yield { inhrelid: object.oid, inhparent: object.parentOid, inhseqno: 1, inhdetachpending: false };
    if (object.kind !== 'table') continue;
    for (const [at, parent] of (object.parents ?? []).entries()) yield { inhrelid: object.oid, inhparent: parent, inhseqno: at + 1, inhdetachpending: false };
  }
});

function* partitioned(catalog: CatalogSnapshot): Generator<{ readonly object: Table | Partition; readonly partitioning: Partitioning; readonly root: Table }> {
  for (const object of catalog.data.relations) {
    if ((object.kind !== 'table' && object.kind !== 'partition') || object.partitioning === undefined) continue;
    yield { object, partitioning: object.partitioning, root: object.kind === 'table' ? object : rootOf(catalog, object) };
  }
}

export const pgPartitionedTable = relation('pg_catalog.pg_partitioned_table', function* ({ catalog }) {
  for (const { object, partitioning, root } of partitioned(catalog)) {
    const attributes = partitioning.keys.map((key) => {
      const physicalName = root.columns.find((column) => column.attribute === key.attribute)?.physicalName;
      return object.columns.find((column) => column.physicalName === physicalName)?.attribute ?? 0;
    });
    yield {
      partrelid: object.oid,
      partstrat: partitioning.strategy.charAt(0),
      partnatts: partitioning.keys.length,
      partdefid: partitionsOf(catalog, object.oid).find((one) => one.bound.kind === 'default')?.oid ?? 0,
      partattrs: attributes.join(' '),
      partclass: partitioning.keys.map((key) => operatorClassOf(key.typeOid, partitioning.strategy === 'hash' ? 'hash' : 'btree')?.oid ?? 0).join(' '),
      partcollation: partitioning.keys.map((key) => typeByOid(key.typeOid)?.collationOid ?? 0).join(' '),
      partexprs: partitioning.keys.some((key) => key.attribute === 0) ? partitioning.keys.flatMap((key) => key.expressionText ?? []).join(', ') : null,
    };
  }
});
