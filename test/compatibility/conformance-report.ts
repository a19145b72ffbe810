/** The part of docs/compatibility.md that follows from the conformance runner's results: scores by area and what is refused. */
import type { FileReport, StatementReport } from '../conformance/run-file.js';
import { scoreOf } from '../conformance/score.js';

export type Results = readonly { readonly name: string; readonly report: FileReport }[];

const statementsOf = (results: Results): readonly StatementReport[] => results.flatMap(({ report }) => report.statements);

function percentage(agreed: number, compared: number): string {
  return compared === 0 ? '-' : `${((100 * agreed) / compared).toFixed(1)} %`;
}

function cells(statements: readonly StatementReport[]): string {
  const { agreed, compared, byKind } = scoreOf(statements);
  return `${percentage(agreed, compared)} | ${String(byKind.get('refused') ?? 0)} | ${String(byKind.get('wrong rows') ?? 0)}`;
}

/** Messages of refusals with their numbers, the most frequent first. What only follows from another difference does not count. */
function refusals(statements: readonly StatementReport[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { kind, detail, followsFrom } of statements) {
    if (kind !== 'refused' || followsFrom !== undefined) continue;
    const feature = detail
      .replace(/^0A000 /, '')
      .replace(/, expected .*$/s, '')
      .replace(/ is not supported$/, '');
    counts.set(feature, (counts.get(feature) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([feature, count]) => `- ${feature}${count > 1 ? ` (${String(count)})` : ''}`);
}

export function conformanceReport(reference: Results, distributed: Results): string {
  const others = new Map(distributed.map(({ name, report }) => [name, report.statements]));
  const rows = reference.map(
    ({ name, report }) => `| ${name} | ${String(scoreOf(report.statements).compared)} | ${cells(report.statements)} | ${cells(others.get(name) ?? [])} |`,
  );
  const all = statementsOf(reference);
  const allDistributed = statementsOf(distributed);
  const known = new Set(refusals(all));
  const only = refusals(allDistributed).filter((line) => !known.has(line));
  return [
    'The scripts of `test/conformance/sql`, statement by statement against PostgreSQL 15: how many agree in rows, columns, types, tags and SQLSTATEs; how many are refused;',
    'how many give other rows. A statement that fails because an earlier one did counts as not agreeing.',
    '',
    '| Area | Statements | Reference tables: agree | refused | other rows | Distributed tables: agree | refused | other rows |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    `| all | ${String(scoreOf(all).compared)} | ${cells(all)} | ${cells(allDistributed)} |`,
    '',
    '### What is refused',
    '',
    ...refusals(all),
    ...(only.length === 0 ? [] : ['', 'On distributed tables only:', '', ...only]),
  ].join('\n');
}
