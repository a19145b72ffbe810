/** What CREATE STATISTICS makes: a part of its table. It is kept and shown; the planner does not use it. Written by planner/ddl/statistics. */
import { columnTextOf, expressionKeyText, relationText } from './definitions.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Table } from './table.js';
import { quoteIdentifier } from '../sql/quote.js';

export interface ExtendedStatistics {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  /** Letters of pg_statistic_ext.stxkind: d, f and m, and e where there are expressions. */
  readonly kinds: string;
  /** Attribute numbers, ascending. */
  readonly columns: readonly number[];
  readonly expressions: readonly string[];
  /** -1: that of the columns. */
  readonly target: number;
  readonly comment?: string;
}

export interface StatisticsOfTable {
  readonly table: Table;
  readonly statistics: ExtendedStatistics;
}

export function* extendedStatisticsOf(catalog: CatalogSnapshot): Generator<StatisticsOfTable> {
  for (const table of catalog.data.relations) if (table.kind === 'table') for (const statistics of table.statistics ?? []) yield { table, statistics };
}

const kindNames = [
  ['d', 'ndistinct'],
  ['f', 'dependencies'],
  ['m', 'mcv'],
] as const;

export const statisticsKinds: ReadonlyMap<string, string> = new Map(kindNames.map(([letter, name]) => [name, letter]));

export function statisticsExpressions(catalog: CatalogSnapshot, searchPath: readonly string[], { table, statistics }: StatisticsOfTable): readonly string[] {
  return statistics.expressions.map((text) => expressionKeyText(table, text, catalog, searchPath));
}

/** pg_get_statisticsobjdef_columns: columns and expressions. */
export function statisticsColumns(catalog: CatalogSnapshot, searchPath: readonly string[], found: StatisticsOfTable): string {
  const { table, statistics } = found;
  return [...statistics.columns.map((attribute) => columnTextOf(table, attribute)), ...statisticsExpressions(catalog, searchPath, found)].join(', ');
}

/** pg_get_statisticsobjdef. Source: pg_get_statisticsobj_worker of PostgreSQL 15. */
export function statisticsDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], found: StatisticsOfTable): string {
  const { table, statistics } = found;
  const chosen = kindNames.filter(([letter]) => statistics.kinds.includes(letter)).map(([, name]) => name);
  const several = statistics.columns.length + statistics.expressions.length > 1;
  const kinds = several && chosen.length < kindNames.length ? ` (${chosen.join(', ')})` : '';
  const name = `${quoteIdentifier(statistics.schema)}.${quoteIdentifier(statistics.name)}`;
  return `CREATE STATISTICS ${name}${kinds} ON ${statisticsColumns(catalog, searchPath, found)} FROM ${relationText(catalog, searchPath, table, false)}`;
}
