/**
 * Choosing (or making) the colocation group of a distributed table. Both spellings of the DDL come here: PARTITION BY HASH ... WITH (shards = n) and
 * create_distributed_table().
 */
import type { Column, Distribution, ShardGroup, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { formatType } from '../../types/registry.js';
import { shardsOf, shardsPerDatabaseMax } from '../../catalog/shard-group.js';
import { hashFamily } from '../distributed/property.js';
import type { ActionList, DdlContext } from './ddl.js';

export interface DistributionRequest {
  readonly columns: readonly string[];
  readonly shards: number | undefined;
  /** Name of a distributed table, 'none', or undefined: any group of the same shape made by default. */
  readonly colocateWith: string | undefined;
}

/** The distribution of `table` that the request asks for; makes the group's files when there is none to join. */
export function chooseDistribution(context: DdlContext, list: ActionList, table: Table, request: DistributionRequest): Distribution {
  const columns = request.columns.map((name): Column => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new PgError('42703', `column "${name}" of relation "${table.name}" does not exist`);
    if (column.generated !== undefined)
      throw new PgError('0A000', `cannot distribute relation: ${table.name}`, { detail: 'Distribution column must not use GENERATED ALWAYS AS (...) STORED.' });
    return column;
  });
  const family = columns.map((column) => hashFamily(column.typeOid)).join(',');
  const attributes = columns.map((column) => column.attribute);
  const catalog = context.editor.snapshot;
  if (request.colocateWith !== undefined && request.colocateWith !== 'none' && request.colocateWith !== 'default') {
    const parts = request.colocateWith.split('.');
    const name = parts[parts.length - 1] ?? '';
    const other = parts.length > 1 ? catalog.relation(parts[0] ?? '', name) : catalog.find(context.searchPath, name);
    if (other?.kind !== 'table') throw new PgError('42P01', `relation "${request.colocateWith}" does not exist`);
    if (other.distribution.kind !== 'distributed') throw new PgError('42809', `relation ${other.name} is not distributed`);
    const group = catalog.group(other.distribution.group);
    if (group.family !== family)
      throw new PgError('42804', `cannot colocate tables ${other.name} and ${table.name}`, {
        detail: `Distribution column types don't match for ${other.name} and ${table.name}: ${columns.map((column) => formatType(column.typeOid, -1)).join(', ')}.`,
      });
    if (request.shards !== undefined && request.shards !== group.bounds.length)
      throw new PgError('22023', `cannot colocate tables ${other.name} and ${table.name}`, {
        detail: `Shard counts don't match: ${String(group.bounds.length)} and ${String(request.shards)}.`,
      });
    return { kind: 'distributed', columns: attributes, group: group.id };
  }
  const shards = request.shards ?? context.shardCount;
  if (!Number.isInteger(shards) || shards < 1) throw new PgError('22023', 'the number of shards must be at least 1');
  if (request.colocateWith !== 'none' && request.shards === undefined) {
    const shared = catalog.data.groups.find((group) => group.family === family && group.bounds.length === shards);
    if (shared !== undefined) return { kind: 'distributed', columns: attributes, group: shared.id };
  }
  const total = shardsOf(catalog) + shards;
  if (total > shardsPerDatabaseMax)
    throw new PgError('54000', `a database can have at most ${String(shardsPerDatabaseMax)} shards`, {
      detail: `This table would bring it to ${String(total)}.`,
      hint: 'Ask for fewer shards, or colocate the table with another one.',
    });
  const id = context.editor.freshGroup();
  const group: ShardGroup = { id, name: `g${String(id)}`, bounds: Array.from({ length: shards }, (_, i) => Math.floor((i * 2 ** 32) / shards)), family };
  context.editor.addGroup(group);
  list.step({ kind: 'createShards', group: group.name, first: 0, count: shards });
  return { kind: 'distributed', columns: attributes, group: id };
}

/** Drops the group's files when no table of the catalog uses it any more. */
export function dropGroupIfUnused(context: DdlContext, list: ActionList, distribution: Distribution): void {
  if (distribution.kind !== 'distributed') return;
  const used = context.editor.snapshot.data.relations.some(
    (relation) => relation.kind === 'table' && relation.distribution.kind === 'distributed' && relation.distribution.group === distribution.group,
  );
  if (used) return;
  const { name } = context.editor.snapshot.group(distribution.group);
  context.editor.removeGroup(distribution.group);
  list.step({ kind: 'dropGroup', group: name });
}
