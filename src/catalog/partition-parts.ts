/**
 * What partitions have of the indexes, constraints and triggers of their roots. The rows stand in the root's table, and so do the indexes that are over them and what
 * the constraints demand; yet each partition has relations and constraints of its own for them, with names and OIDs that clients see and dumps restore.
 *
 * An index of one partition alone is a partial index of the root (`Index.ofPartition`) until it is attached to an index of the root's.
 * Read by pg_catalog, names and definitions; kept by planner/ddl/partition-parts.
 */
import { type Partition, partitionsOf, rootOf } from './partition.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Index, Table } from './table.js';

/** A partition's own object for one of its root's. */
export interface PartitionPart {
  /** OID of the root's index, constraint or trigger. */
  readonly of: number;
  readonly kind: 'index' | 'check' | 'foreignKey' | 'trigger';
  readonly oid: number;
  readonly name: string;
  readonly comment?: string;
  /** Of the constraint that an index belongs to. */
  readonly constraintComment?: string;
}

/** A table or a partition, as what its indexes are over. */
export type IndexOwner = Pick<Table, 'oid' | 'schema' | 'name' | 'owner' | 'columns'>;

/** An index as pg_class has it. */
export interface ListedIndex {
  readonly table: IndexOwner;
  /** Its keys by the numbers of the owner's columns. */
  readonly index: Index;
  /** OID of the index of the partitioned table above, which it is a partition of. */
  readonly parentOid?: number;
  /** Its table is partitioned: it holds nothing itself. */
  readonly isPartitioned: boolean;
  readonly isValid: boolean;
  readonly root: Table;
}

export function partOf(partition: Partition, rootObject: number): PartitionPart | undefined {
  return partition.parts?.find((part) => part.of === rootObject);
}

/** OID of the object of the partitioned table above that a partition's object belongs to. */
export function parentPart(catalog: CatalogSnapshot, partition: Partition, rootObject: number): number | undefined {
  const parent = catalog.relationByOid(partition.parentOid);
  return parent?.kind === 'partition' ? partOf(parent, rootObject)?.oid : rootObject;
}

/** The root's column numbers as the partition's. */
export function ownAttributes(root: Table, partition: Partition, attributes: readonly number[]): readonly number[] {
  return attributes.map((attribute) => {
    const column = root.columns.find((candidate) => candidate.attribute === attribute);
    return partition.columns.find((candidate) => candidate.physicalName === column?.physicalName)?.attribute ?? 0;
  });
}

function overPartition(root: Table, partition: Partition, index: Index): Index {
  const { comment: _comment, constraintComment: _constraintComment, ...plain } = index;
  const keys = index.keys.map((key) => (key.attribute === 0 ? key : { ...key, attribute: ownAttributes(root, partition, [key.attribute])[0] ?? 0 }));
  return { ...plain, keys, include: ownAttributes(root, partition, index.include) };
}

function shownPart(root: Table, partition: Partition, index: Index, part: PartitionPart): Index {
  const { oid, name, comment, constraintComment } = part;
  const comments = { ...(comment === undefined ? {} : { comment }), ...(constraintComment === undefined ? {} : { constraintComment }) };
  return { ...overPartition(root, partition, index), oid, name, ...comments };
}

/** The index of one partition alone, without what makes it an index of the root. */
function shownAlone(root: Table, partition: Partition, index: Index): Index {
  const { ofPartition, predicateText: _condition, ...plain } = overPartition(root, partition, index);
  const { primary = false, constraint = false, predicateText } = ofPartition ?? {};
  const { comment, constraintComment } = index;
  const comments = { ...(comment === undefined ? {} : { comment }), ...(constraintComment === undefined ? {} : { constraintComment }) };
  return { ...plain, ...comments, primary, constraint, ...(predicateText === undefined ? {} : { predicateText }) };
}

/** Every index of tables and partitions. */
export function* listedIndexes(catalog: CatalogSnapshot): Generator<ListedIndex> {
  for (const relation of catalog.data.relations) {
    if (relation.kind === 'table') {
      for (const index of relation.indexes) {
        const partition = index.ofPartition === undefined ? undefined : catalog.relationByOid(index.ofPartition.oid);
        if (partition?.kind === 'partition')
          yield {
            table: partition,
            index: shownAlone(relation, partition, index),
            isPartitioned: partition.partitioning !== undefined,
            isValid: true,
            root: relation,
            ...(index.ofPartition?.parentOid === undefined ? {} : { parentOid: index.ofPartition.parentOid }),
          };
        else {
          const isValid = index.only !== true || partitionsOf(catalog, relation.oid).every((one) => partOf(one, index.oid) !== undefined);
          yield { table: relation, index, isPartitioned: relation.partitioning !== undefined, isValid, root: relation };
        }
      }
    } else if (relation.kind === 'partition' && relation.parts !== undefined) {
      const root = rootOf(catalog, relation);
      for (const part of relation.parts) {
        const index = root.indexes.find((one) => one.oid === part.of);
        if (index === undefined) continue;
        const parentOid = parentPart(catalog, relation, part.of);
        const shown = shownPart(root, relation, index, part);
        yield {
          table: relation,
          index: shown,
          isPartitioned: relation.partitioning !== undefined,
          isValid: true,
          root,
          ...(parentOid === undefined ? {} : { parentOid }),
        };
      }
    }
  }
}
