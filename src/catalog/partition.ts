/**
 * PostgreSQL's declarative partitioning. The rows of a partitioned table and of all its partitions stand in one physical table, that of the root (which may be
 * distributed over shards); a partition is a relation of its own in the catalog, which reads and writes the root's rows within its bound. So unique keys, row locks,
 * moves between partitions and joins need nothing of their own.
 *
 * Bounds are kept as texts of values in canonical form; this file spells them as SQL conditions over the root's columns. Read by the binder, DDL and pg_catalog.
 */
import { quoteIdentifier } from '../sql/quote.js';
import { formatType, Oid, typeByOid } from '../types/registry.js';
import type { PartitionPart } from './partition-parts.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { CheckConstraint, Column, Table } from './table.js';

export interface PartitionKey {
  /** Attribute number of the root's column, or 0 for an expression. */
  readonly attribute: number;
  readonly expressionText?: string;
  readonly typeOid: number;
  readonly typmod: number;
}

export interface Partitioning {
  readonly strategy: 'list' | 'range' | 'hash';
  readonly keys: readonly PartitionKey[];
}

/** A value is the canonical text of the key's type. */
export type RangeDatum = { readonly kind: 'minValue' } | { readonly kind: 'maxValue' } | { readonly kind: 'value'; readonly text: string };

export type PartitionBound =
  | { readonly kind: 'default' }
  | { readonly kind: 'list'; readonly values: readonly (string | null)[] }
  | { readonly kind: 'range'; readonly lower: readonly RangeDatum[]; readonly upper: readonly RangeDatum[] }
  | { readonly kind: 'hash'; readonly modulus: number; readonly remainder: number };

export interface Partition {
  readonly kind: 'partition';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly rootOid: number;
  /** The partitioned table or partition whose bound's part it is. */
  readonly parentOid: number;
  readonly bound: PartitionBound;
  /** In its own order, with its own defaults and NOT NULLs; `physicalName` tells which of the root's columns each is. */
  readonly columns: readonly Column[];
  readonly lastAttribute: number;
  /** CHECK constraints of this partition alone, over the root's column names. */
  readonly checks: readonly CheckConstraint[];
  readonly partitioning?: Partitioning;
  /** What it has of its root's indexes, constraints and triggers. Absent: none. */
  readonly parts?: readonly PartitionPart[];
  readonly comment?: string;
}

/** The root's column that a partition's column is. */
export function rootColumn(root: Table, column: Column): Column {
  const found = root.columns.find((candidate) => candidate.physicalName === column.physicalName);
  if (found === undefined) throw new Error(`assertion failed: ${root.name} has column ${column.name}`);
  return found;
}

export function rootOf(catalog: CatalogSnapshot, partition: Partition): Table {
  const root = catalog.relationByOid(partition.rootOid);
  if (root?.kind !== 'table') throw new Error(`assertion failed: partition ${partition.name} has a root`);
  return root;
}

/** Partitions of a partitioned table or partition, the default one last. */
export function partitionsOf(catalog: CatalogSnapshot, parentOid: number): readonly Partition[] {
  const found = catalog.data.relations.filter((relation): relation is Partition => relation.kind === 'partition' && relation.parentOid === parentOid);
  return found.sort((a, b) => Number(a.bound.kind === 'default') - Number(b.bound.kind === 'default') || a.oid - b.oid);
}

/** All partitions below, parents before their children. */
export function descendantsOf(catalog: CatalogSnapshot, parentOid: number): readonly Partition[] {
  return partitionsOf(catalog, parentOid).flatMap((partition) => [partition, ...descendantsOf(catalog, partition.oid)]);
}

export function partitioningOf(catalog: CatalogSnapshot, oid: number): Partitioning | undefined {
  const relation = catalog.relationByOid(oid);
  return relation?.kind === 'table' || relation?.kind === 'partition' ? relation.partitioning : undefined;
}

/** The root's column, or the expression in parentheses. */
export function keyText(root: Table, key: PartitionKey): string {
  if (key.expressionText !== undefined) return `(${key.expressionText})`;
  return quoteIdentifier(root.columns.find((column) => column.attribute === key.attribute)?.name ?? '');
}

/** A call stands without parentheses. */
export function shownKey(root: Table, key: PartitionKey): string {
  const text = key.expressionText;
  return text !== undefined && /^\w+\([^()]*\)$/.test(text) ? text : keyText(root, key);
}

/** `RANGE (a, lower(b))` */
export function partitionKeyText(root: Table, partitioning: Partitioning): string {
  return `${partitioning.strategy.toUpperCase()} (${partitioning.keys.map((key) => shownKey(root, key)).join(', ')})`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Canonical texts of enums are their places. */
function labelOf({ typeOid }: PartitionKey, text: string): string {
  const definition = typeByOid(typeOid)?.definition;
  return definition?.kind === 'enum' ? (definition.members.find((member) => member.position === Number(text))?.label ?? text) : text;
}

function valueText(key: PartitionKey, canonical: string): string {
  const text = labelOf(key, canonical);
  if (key.typeOid === Oid.int4 && /^\d+$/.test(text)) return text;
  return `${quoted(text)}::${formatType(key.typeOid, key.typmod)}`;
}

/** The key vector from `at` on is at or above (`inclusive`) or above the bound; 'TRUE' and 'FALSE' where the infinities decide. */
function atLeast(root: Table, keys: readonly PartitionKey[], bound: readonly RangeDatum[], at: number): string {
  const key = keys[at];
  const datum = bound[at];
  if (key === undefined || datum === undefined || datum.kind === 'minValue') return 'TRUE';
  if (datum.kind === 'maxValue') return 'FALSE';
  const [name, value] = [keyText(root, key), valueText(key, datum.text)];
  if (at === keys.length - 1) return `${name} >= ${value}`;
  const rest = atLeast(root, keys, bound, at + 1);
  return rest === 'TRUE' ? `${name} >= ${value}` : rest === 'FALSE' ? `${name} > ${value}` : `(${name} > ${value} OR (${name} = ${value} AND ${rest}))`;
}

function below(root: Table, keys: readonly PartitionKey[], bound: readonly RangeDatum[], at: number): string {
  const key = keys[at];
  const datum = bound[at];
  if (key === undefined || datum === undefined || datum.kind === 'minValue') return 'FALSE';
  if (datum.kind === 'maxValue') return 'TRUE';
  const [name, value] = [keyText(root, key), valueText(key, datum.text)];
  const rest = below(root, keys, bound, at + 1);
  return rest === 'TRUE' ? `${name} <= ${value}` : rest === 'FALSE' ? `${name} < ${value}` : `(${name} < ${value} OR (${name} = ${value} AND ${rest}))`;
}

/** The condition of a bound among its siblings, over the root's columns; never NULL. */
export function boundCondition(root: Table, partitioning: Partitioning, bound: PartitionBound, siblings: readonly PartitionBound[]): string {
  const { keys } = partitioning;
  switch (bound.kind) {
    case 'default': {
      const others = siblings.filter((other) => other.kind !== 'default').map((other) => `(${boundCondition(root, partitioning, other, [])})`);
      return others.length === 0 ? 'TRUE' : `NOT (${others.join(' OR ')})`;
    }
    case 'list': {
      const [key] = keys as readonly [PartitionKey];
      const name = keyText(root, key);
      const values = bound.values.filter((value) => value !== null).map((value) => valueText(key, value));
      const listed = values.length === 0 ? undefined : `${name} IN (${values.join(', ')})`;
      if (!bound.values.includes(null)) return `${name} IS NOT NULL AND ${listed ?? 'FALSE'}`;
      return listed === undefined ? `${name} IS NULL` : `(${name} IS NULL OR ${listed})`;
    }
    case 'range': {
      const present = keys.map((key) => `${keyText(root, key)} IS NOT NULL`);
      const limits = [atLeast(root, keys, bound.lower, 0), below(root, keys, bound.upper, 0)].filter((text) => text !== 'TRUE');
      return [...present, ...limits].join(' AND ');
    }
    case 'hash': {
      const names = keys.map((key) => keyText(root, key));
      return `pg_catalog.satisfies_hash_partition(${String(root.oid)}::oid, ${String(bound.modulus)}, ${String(bound.remainder)}, ${names.join(', ')})`;
    }
  }
}

/** The condition of a partition within its parent. */
export function partitionCondition(catalog: CatalogSnapshot, partition: Partition): string {
  const root = rootOf(catalog, partition);
  const partitioning = partitioningOf(catalog, partition.parentOid);
  if (partitioning === undefined) throw new Error(`assertion failed: the parent of ${partition.name} is partitioned`);
  const siblings = partitionsOf(catalog, partition.parentOid)
    .filter((other) => other.oid !== partition.oid)
    .map((other) => other.bound);
  return boundCondition(root, partitioning, partition.bound, siblings);
}

/** The conditions of a partition and of those above it, outermost first: together they hold for its rows alone. */
export function partitionConditions(catalog: CatalogSnapshot, partition: Partition): readonly string[] {
  const parent = catalog.relationByOid(partition.parentOid);
  return [...(parent?.kind === 'partition' ? partitionConditions(catalog, parent) : []), partitionCondition(catalog, partition)];
}

/** All of a partition's conditions as one. */
export function wholeCondition(catalog: CatalogSnapshot, partition: Partition): string {
  return allOf(partitionConditions(catalog, partition));
}

export function allOf(conditions: readonly string[]): string {
  return conditions.map((text) => `(${text})`).join(' AND ');
}

/** Attribute numbers of the root's columns among the keys; expressions are left out. */
export function keyAttributes(partitioning: Partitioning): readonly number[] {
  return partitioning.keys.flatMap((key) => (key.attribute === 0 ? [] : [key.attribute]));
}

/** A value of a bound as pg_get_expr shows it: numbers stand bare unless they are negative. */
function boundValue(key: PartitionKey | undefined, text: string): string {
  return key !== undefined && numberTypes.has(key.typeOid) && /^\d+(\.\d+)?$/.test(text) ? text : quoted(key === undefined ? text : labelOf(key, text));
}

/** `1, MAXVALUE` */
export function datumsText(datums: readonly RangeDatum[], keys: readonly PartitionKey[]): string {
  const shown = datums.map((datum, i) => (datum.kind === 'value' ? boundValue(keys[i], datum.text) : datum.kind === 'minValue' ? 'MINVALUE' : 'MAXVALUE'));
  return shown.join(', ');
}

/** `FOR VALUES FROM (1) TO (10)` */
export function boundText(bound: PartitionBound, keys: readonly PartitionKey[]): string {
  switch (bound.kind) {
    case 'default':
      return 'DEFAULT';
    case 'list':
      return `FOR VALUES IN (${bound.values.map((value) => (value === null ? 'NULL' : boundValue(keys[0], value))).join(', ')})`;
    case 'range':
      return `FOR VALUES FROM (${datumsText(bound.lower, keys)}) TO (${datumsText(bound.upper, keys)})`;
    case 'hash':
      return `FOR VALUES WITH (modulus ${String(bound.modulus)}, remainder ${String(bound.remainder)})`;
  }
}

/** int2, int4, int8, float4, float8, numeric, oid. */
const numberTypes: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);
