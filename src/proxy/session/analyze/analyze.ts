/**
 * ANALYZE: reads a sample of each table's rows and keeps what it tells of the columns (pg_statistic). The planner goes by row counts, which are kept while data is written; what
 * is found here is for those who look into pg_stats. Source: analyze_rel and do_analyze_rel of PostgreSQL 15's analyze.c. Called by utility.ts for ANALYZE and VACUUM.
 */
import { collationOid } from '../../../catalog/collation.js';
import { inheritorsOf } from '../../../catalog/inheritance.js';
import { systemRelationNamed } from '../../../catalog/pg-catalog/system-relations.js';
import { columnStatistics as statisticsTable } from '../../../catalog/system-table.js';
import type { Column, Relation, Table } from '../../../catalog/table.js';
import { type Partition, descendantsOf } from '../../../catalog/partition.js';
import { PgError } from '../../../common/errors.js';
import type { QualifiedName, Vacuum } from '../../../sql/ast.js';
import { formatArrayText } from '../../../types/array.js';
import { Oid, requireType } from '../../../types/registry.js';
import { canonicalContext } from '../../../types/value.js';
import { tableName } from '../../../planner/ddl/ddl.js';
import { quoteIdentifier } from '../../../sql/quote.js';
import type { ShoalSession } from '../shoal-session.js';
import { hasSystemTable, systemRows, writeSystemRows, type Argument } from '../system-rows.js';
import { requireSystemTable } from '../system-tables.js';
import { type ColumnStatistics, columnStatistics } from './column-statistics.js';

/** Rows of a sample for each common value or bin that is wanted. */
const rowsPerTarget = 300;
const slotsMax = 5;

type Analyzed = Table | Partition;

function isAnalyzed(relation: Relation): relation is Analyzed {
  return relation.kind === 'table' || relation.kind === 'partition';
}

/** Whether the role may; a warning otherwise. */
function mayAnalyze({ core }: ShoalSession, relation: Analyzed, verb: string): boolean {
  const { catalog } = core;
  const role = catalog.role(core.user);
  const owns = (name: string): boolean => role === undefined || catalog.roles.hasPrivilegesOf(role.oid, catalog.role(name)?.oid ?? 0);
  if (owns(relation.owner) || owns(catalog.owner)) return true;
  core.warning('01000', `skipping "${relation.name}" --- only table or database owner can ${verb} it`);
  return false;
}

/** Whether it is one of the system's, of which there is nothing to find out; a warning where PostgreSQL would have one. */
function skipsSystemRelation({ core }: ShoalSession, { schema, name }: QualifiedName, verb: string): boolean {
  const system = systemRelationNamed(schema ?? 'pg_catalog', name);
  if (system === undefined) return false;
  if (system.kind === 'v') core.warning('01000', `skipping "${name}" --- cannot ${verb} non-tables or special system tables`);
  else if (core.catalog.role(core.user)?.superuser !== true) core.warning('01000', `skipping "${name}" --- only superuser or database owner can ${verb} it`);
  return true;
}

function columnsNamed(relation: Analyzed, names: readonly string[]): readonly Column[] {
  if (names.length === 0) return relation.columns;
  const chosen = names.map((name) => {
    const column = relation.columns.find((one) => one.name === name);
    if (column === undefined) throw new PgError('42703', `column "${name}" of relation "${relation.name}" does not exist`);
    return column;
  });
  const twice = chosen.find((column, at) => chosen.indexOf(column) !== at);
  if (twice !== undefined) throw new PgError('42701', `column "${twice.name}" of relation "${relation.name}" appears more than once`);
  return chosen;
}

function hasChildren({ core: { catalog } }: ShoalSession, relation: Analyzed): boolean {
  return relation.partitioning !== undefined || (relation.kind === 'table' && inheritorsOf(catalog, relation).length > 1);
}

/** Looks at the rows of a relation, with or without those of its children, and keeps what it finds. */
async function analyzeRows(session: ShoalSession, relation: Analyzed, columns: readonly Column[], inherits: boolean): Promise<void> {
  const { core } = session;
  // (A materialized view that has no rows yet.)
  if (relation.kind === 'table' && relation.materialized?.populated === false) return;
  const defaultTarget = Number(core.settings.get('default_statistics_target') ?? '100');
  const wanted = columns.map((column) => ({ column, target: column.statisticsTarget ?? defaultTarget })).filter(({ target }) => target !== 0);
  if (wanted.length === 0) return;
  const sampleRows = rowsPerTarget * Math.max(...wanted.map(({ target }) => target));
  const from = `${inherits ? '' : 'ONLY '}${tableName(relation)}`;
  const [counted] = await systemRows(core, `SELECT count(*) FROM ${from}`);
  const rows = Number(counted?.[0] ?? 0);
  const sample = rows <= sampleRows ? '' : ` TABLESAMPLE BERNOULLI (${String((100 * sampleRows) / rows)})`;
  const found = await systemRows(core, `SELECT ${wanted.map(({ column }) => quoteIdentifier(column.name)).join(', ')} FROM ${from}${sample}`);
  // (An empty table has nothing to tell; what was known of it stays.)
  if (found.length === 0) return;
  for (const [at, { column, target }] of wanted.entries()) {
    const values = found.map((row) => row[at] ?? null);
    const type = requireType(column.typeOid);
    await keep(session, relation.oid, column, inherits, columnStatistics({ type, values, tableRows: rows, target }));
    core.checkCancel();
  }
}

function numbers(values: readonly number[]): string | null {
  const float4 = requireType(Oid.float4);
  if (values.length === 0) return null;
  return formatArrayText({
    lengths: [values.length],
    lowerBounds: [1],
    elements: values.map((value) => float4.format(Math.fround(value), -1, canonicalContext)),
  });
}

async function keep({ core }: ShoalSession, relation: number, column: Column, inherits: boolean, found: ColumnStatistics): Promise<void> {
  const collation = collationOid(column.collation, column.typeOid);
  const slots = Array.from({ length: slotsMax }, (_, at) => found.slots[at]);
  const values: readonly Argument[] = [
    { value: relation, type: Oid.oid },
    { value: column.attribute, type: Oid.int2 },
    { value: inherits ? 1 : 0, type: Oid.bool },
    { value: Math.fround(found.nullFraction), type: Oid.float4 },
    { value: Math.trunc(found.width), type: Oid.int4 },
    { value: Math.fround(found.distinct), type: Oid.float4 },
    ...slots.map((slot) => ({ value: slot?.kind ?? 0, type: Oid.int2 })),
    ...slots.map((slot) => ({ value: slot?.operator ?? 0, type: Oid.oid })),
    ...slots.map((slot) => ({ value: slot === undefined ? 0 : collation, type: Oid.oid })),
    ...slots.map((slot) => ({ value: slot === undefined ? null : numbers(slot.numbers), type: 1021 })),
    ...slots.map((slot) => ({ value: slot?.values ?? null, type: Oid.text })),
  ];
  const key = values.slice(0, 3);
  await writeSystemRows(core, 'DELETE FROM shoal.column_statistics WHERE starelid = $1 AND staattnum = $2 AND stainherit = $3', key);
  await writeSystemRows(core, `INSERT INTO shoal.column_statistics VALUES (${values.map((_, at) => `$${String(at + 1)}`).join(', ')})`, values);
}

/** Of relations that are gone nothing is shown any more; all of them are forgotten when everything is looked at. */
async function forgetDropped({ core }: ShoalSession): Promise<void> {
  await writeSystemRows(core, 'DELETE FROM shoal.column_statistics WHERE starelid NOT IN (SELECT oid FROM pg_catalog.pg_class)');
}

export async function analyze(session: ShoalSession, statement: Vacuum): Promise<void> {
  const { core } = session;
  const { catalog, searchPath } = core;
  const isWanted = !statement.vacuum || statement.options.some(({ name }) => name === 'analyze');
  const verb = statement.vacuum ? 'vacuum' : 'analyze';
  const named = statement.tables.flatMap(({ name, columns }) => {
    const relation = name.schema === undefined ? catalog.find(searchPath, name.name) : catalog.relation(name.schema, name.name);
    if (relation === undefined && skipsSystemRelation(session, name, verb)) return [];
    if (relation === undefined) throw new PgError('42P01', `relation "${name.schema === undefined ? '' : `${name.schema}.`}${name.name}" does not exist`);
    if (!isAnalyzed(relation)) core.warning('01000', `skipping "${relation.name}" --- cannot ${verb} non-tables or special system tables`);
    return [{ relation, columns }];
  });
  const all = statement.tables.length === 0 ? catalog.data.relations.map((relation) => ({ relation, columns: [] })) : named;
  // A partitioned table's partitions are looked at, too.
  const below = named.flatMap(({ relation, columns }) =>
    isAnalyzed(relation) && relation.partitioning !== undefined ? descendantsOf(catalog, relation.oid).map((one) => ({ relation: one, columns })) : [],
  );
  const chosen = [...all, ...below].flatMap(({ relation, columns }) =>
    isAnalyzed(relation) && mayAnalyze(session, relation, verb) ? [{ relation, columns }] : [],
  );
  if (!isWanted || core.transaction.readOnly || chosen.length === 0) return;
  await requireSystemTable(session, statisticsTable);
  for (const { relation, columns } of chosen) {
    const looked = columnsNamed(relation, columns);
    if (relation.partitioning === undefined) await analyzeRows(session, relation, looked, false);
    if (hasChildren(session, relation)) await analyzeRows(session, relation, looked, true);
  }
  if (statement.tables.length === 0 && hasSystemTable(core, statisticsTable)) await forgetDropped(session);
}
