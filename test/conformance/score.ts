/** Scores of scripts and the groups of their differences, as text. Called by main.ts. */
import { type Kind, wordOf } from './compare.js';
import type { FileReport, StatementReport } from './run-file.js';

export interface Score {
  readonly compared: number;
  readonly agreed: number;
  readonly leftOut: number;
  readonly byKind: ReadonlyMap<Kind, number>;
  /** Differences that only follow from others. */
  readonly followUps: number;
  /** Statements that agree, but not in words, notices or a checkable order. */
  readonly byRemark: ReadonlyMap<string, number>;
}

export function scoreOf(statements: readonly StatementReport[]): Score {
  const byKind = new Map<Kind, number>();
  const byRemark = new Map<string, number>();
  for (const { kind, remarks } of statements) {
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
    for (const word of new Set(remarks.map(wordOf))) byRemark.set(word, (byRemark.get(word) ?? 0) + 1);
  }
  const leftOut = byKind.get('left out') ?? 0;
  return {
    compared: statements.length - leftOut,
    agreed: byKind.get('agree') ?? 0,
    leftOut,
    byKind,
    followUps: statements.filter(({ followsFrom }) => followsFrom !== undefined).length,
    byRemark,
  };
}

/** `name  agreed / compared  percent  percent without follow-ups  kinds`. */
export function formatScore(name: string, score: Score): string {
  const kinds = [...score.byKind]
    .filter(([kind]) => kind !== 'agree' && kind !== 'left out')
    .sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${kind} ${count}`);
  const parts = [
    ...kinds,
    ...(score.followUps > 0 ? [`of these follow-ups ${score.followUps}`] : []),
    ...(score.leftOut > 0 ? [`left out ${score.leftOut}`] : []),
  ];
  return `${name.padEnd(24)} ${String(score.agreed).padStart(6)} / ${String(score.compared).padEnd(6)} ${percent(score.agreed, score.compared)} (${percent(score.agreed, score.compared - score.followUps)} without follow-ups)  ${parts.join(', ')}`;
}

export function formatTotal(score: Score): string {
  const wrong = score.byKind.get('wrong rows') ?? 0;
  const remarks = [...score.byRemark].sort((a, b) => b[1] - a[1]).map(([word, count]) => `${word} ${count}`);
  return [
    formatScore('total', score),
    `wrong rows: ${percent(wrong, score.compared)} of all compared; agreeing statements that differ in ${remarks.join(', ') || 'nothing else'}`,
  ].join('\n');
}

/** Differences by cause: counts without and with follow-ups, and the first example of each. */
export function formatGroups(files: readonly { readonly name: string; readonly report: FileReport }[], limit: number): string {
  const groups = new Map<string, { count: number; followUps: number; example: string }>();
  for (const { name, report } of files) {
    for (const { kind, group, detail, sql, line, followsFrom } of report.statements) {
      if (kind === 'agree' || kind === 'left out') continue;
      const cause = followsFrom === undefined ? undefined : report.statements[followsFrom];
      const key = cause === undefined ? `${kind}: ${group}` : `${cause.kind}: ${cause.group}`;
      const entry = groups.get(key) ?? { count: 0, followUps: 0, example: '' };
      if (followsFrom === undefined) {
        entry.count++;
        if (entry.example === '') entry.example = `${name}:${line}: ${shorten(sql)}\n          -> ${shorten(detail)}`;
      } else entry.followUps++;
      groups.set(key, entry);
    }
  }
  const lines = [...groups]
    .sort((a, b) => b[1].count + b[1].followUps - (a[1].count + a[1].followUps))
    .map(
      ([key, { count, followUps, example }]) => `${String(count).padStart(5)}${followUps > 0 ? ` (+${followUps} after them)` : ''} ${key}\n        ${example}`,
    );
  return [...lines.slice(0, limit), ...(lines.length > limit ? [`... and ${lines.length - limit} groups more`] : [])].join('\n');
}

export function formatDifference(name: string, { line, sql, kind, detail, followsFrom }: StatementReport): string {
  return `${name}:${line}: ${kind}${followsFrom === undefined ? '' : ' (follow-up)'}\n${sql}\n  -> ${detail}`;
}

function shorten(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ');
  return flat.length > 220 ? `${flat.slice(0, 220)}...` : flat;
}

function percent(part: number, whole: number): string {
  return `${whole <= 0 ? '100.0' : ((100 * part) / whole).toFixed(1)} %`;
}
