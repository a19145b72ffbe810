/**
 * The shards of a colocation group, their files, and what a split does to them. A split leaves the files of other shards alone: the parts get files with new numbers, are filled beside
 * the shard (storage/write/shard-splitter), and take its place in one change of the catalog.
 */
import { PgError } from '../common/errors.js';
import type { ShardGroup, ShardSplit } from './table.js';

/** SQLite attaches at most 125 files; some are kept for global.sqlite and for the parts of a shard that is being split. */
export const shardsPerDatabaseMax = 120;

/** Beyond the last hash value. */
const hashEnd = 2 ** 32;

/** `g1_0003`: the schema name of a shard's file on every connection. */
export function shardSchemaName(group: ShardGroup, index: number): string {
  return fileSchemaName(group, fileOf(group, index));
}

function fileSchemaName(group: ShardGroup, file: number): string {
  return `${group.name}_${fileNumber(file)}`;
}

function fileNumber(file: number): string {
  return String(file).padStart(4, '0');
}

/** Number of a shard's file. */
export function fileOf(group: ShardGroup, index: number): number {
  return group.files?.[index] ?? index;
}

/** A shard's file in the database's directory: `g1/0003.sqlite`. */
export function shardFileName(group: ShardGroup, index: number): string {
  return `${group.name}/${fileNumber(fileOf(group, index))}.sqlite`;
}

/** Schema names of the parts of the shard that is being split. */
export function partSchemaNames(group: ShardGroup): readonly string[] {
  return group.split?.files.map((file) => fileSchemaName(group, file)) ?? [];
}

/** Schema names of all files that the group has: its shards', and those of parts that are being filled. */
export function groupSchemaNames(group: ShardGroup): readonly string[] {
  return [...group.bounds.map((_, index) => shardSchemaName(group, index)), ...partSchemaNames(group)];
}

/** How many shards a database has; one that is being split counts as the parts that it will be. */
export function shardsOf({ data }: { readonly data: { readonly groups: readonly ShardGroup[] } }): number {
  return data.groups.reduce((sum, { bounds, split }) => sum + bounds.length + (split === undefined ? 0 : split.files.length - 1), 0);
}

/** Index of the shard that owns the top 32 bits of a placement hash. */
export function shardOfHash({ bounds }: Pick<ShardGroup, 'bounds'>, hash32: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((bounds[middle] as number) <= hash32) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The group with one of its shards being split into parts of like size. 22023 when the shard is not there, or owns too few hash values. */
export function withSplit(group: ShardGroup, shard: number, parts: number): ShardGroup & { readonly split: ShardSplit } {
  const from = group.bounds[shard];
  if (from === undefined)
    throw new PgError('22023', `shard ${String(shard)} of colocation group "${group.name}" does not exist`, {
      detail: `Its shards have the numbers 0 to ${String(group.bounds.length - 1)}.`,
    });
  if (!Number.isInteger(parts) || parts < 2) throw new PgError('22023', 'a shard is split into at least 2 parts');
  const size = (group.bounds[shard + 1] ?? hashEnd) - from;
  if (size < parts)
    throw new PgError('22023', `shard ${String(shard)} of colocation group "${group.name}" cannot be split`, {
      detail: `It owns ${String(size)} hash ${size === 1 ? 'value' : 'values'} only.`,
    });
  const nextFile = group.nextFile ?? group.bounds.length;
  const split = {
    shard,
    bounds: Array.from({ length: parts }, (_, part) => from + Math.floor((part * size) / parts)),
    files: Array.from({ length: parts }, (_, part) => nextFile + part),
  };
  return { ...group, nextFile: nextFile + parts, split };
}

/** The group with the parts in the shard's place; what comes behind it gets higher numbers. */
export function afterSplit(group: ShardGroup): ShardGroup {
  const { split, ...rest } = group;
  if (split === undefined) return group;
  const { shard } = split;
  const put = (list: readonly number[], parts: readonly number[]): readonly number[] => [...list.slice(0, shard), ...parts, ...list.slice(shard + 1)];
  const files = group.bounds.map((_, index) => fileOf(group, index));
  return { ...rest, bounds: put(group.bounds, split.bounds), files: put(files, split.files) };
}

/** The group as it was before the split began; the parts' numbers are not used again. */
export function withoutSplit(group: ShardGroup): ShardGroup {
  const { split: _, ...rest } = group;
  return rest;
}
