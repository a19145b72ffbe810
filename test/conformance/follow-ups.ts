/**
 * Which differences are only the consequence of an earlier one: a table that could not be made, a transaction that an error has ended. A statement that
 * differs and mentions what an earlier differing statement should have made or changed follows from it. Called by run-file.ts.
 */
import type { Comparison } from './compare.js';

const kinds =
  'table|materialized\\s+view|view|index|sequence|type|domain|function|procedure|aggregate|operator\\s+class|operator\\s+family|operator|schema|role|user|group|' +
  'trigger|rule|cast|collation|policy|statistics|foreign\\s+table|extension|language|publication|conversion';
const name = '("[^"]+"|[a-z_][\\w$]*)(?:\\s*\\.\\s*("[^"]+"|[a-z_][\\w$]*))?';
const patterns: readonly RegExp[] = [
  new RegExp(
    `\\b(?:create|alter|drop)\\s+(?:or\\s+replace\\s+)?(?:global\\s+|local\\s+)?(?:temp\\s+|temporary\\s+|unlogged\\s+|unique\\s+|recursive\\s+|constraint\\s+|trusted\\s+)*(?:${kinds})\\s+(?:concurrently\\s+)?(?:if\\s+(?:not\\s+)?exists\\s+)?(?:only\\s+)?${name}`,
    'gi',
  ),
  new RegExp(`\\b(?:insert|merge|into)\\s+into\\s+(?:only\\s+)?${name}`, 'gi'),
  new RegExp(`\\binto\\s+(?:temp\\s+|temporary\\s+|unlogged\\s+|table\\s+)*${name}`, 'gi'),
  new RegExp(
    `\\b(?:update|delete\\s+from|copy|truncate(?:\\s+table)?|refresh\\s+materialized\\s+view(?:\\s+concurrently)?|prepare|declare)\\s+(?:only\\s+)?${name}`,
    'gi',
  ),
];
/** Where a trigger, rule or policy belongs. */
const on = new RegExp(`\\bon\\s+(?:only\\s+)?${name}`, 'gi');

export class FollowUps {
  /** Names of what differs, and the number of the first statement that is to blame. */
  private readonly tainted = new Map<string, number>();
  private abortedBy: number | undefined;

  /** The number of the statement whose difference explains this one's; takes note of what this one makes or mends. */
  judge(index: number, sql: string, comparison: Comparison, subjectAborted: boolean, expectedAborted: boolean): number | undefined {
    const text = withoutLiterals(sql);
    const changed = this.namesChangedBy(text);
    if (comparison.kind === 'agree' || comparison.kind === 'left out') {
      if (/^\s*(create|drop)\b/i.test(text)) for (const each of changed) this.tainted.delete(each);
      if (!subjectAborted) this.abortedBy = undefined;
      return undefined;
    }
    const cause = this.causeOf(text, comparison);
    for (const each of changed) if (!this.tainted.has(each)) this.tainted.set(each, cause ?? index);
    if (subjectAborted && !expectedAborted) this.abortedBy ??= cause ?? index;
    else if (!subjectAborted) this.abortedBy = undefined;
    return cause;
  }

  private causeOf(text: string, comparison: Comparison): number | undefined {
    if (this.abortedBy !== undefined && (comparison.detail.startsWith('25P02') || /^\s*(commit|end|rollback|release|savepoint)\b/i.test(text)))
      return this.abortedBy;
    for (const [word] of text.matchAll(/"[^"]+"|[a-z_][\w$]*/gi)) {
      const cause = this.tainted.get(folded(word));
      if (cause !== undefined) return cause;
    }
    return undefined;
  }

  private namesChangedBy(text: string): string[] {
    const all = patterns.flatMap((pattern) => [...text.matchAll(pattern)]);
    const definesOn = /\b(create|alter|drop)\s+(or\s+replace\s+)?(unique\s+|constraint\s+)*(trigger|rule|policy|index|statistics)\b/i.test(text);
    if (definesOn) all.push(...text.matchAll(on));
    return [...new Set(all.map((match) => folded(match[2] ?? match[1] ?? '')))].filter((each) => each.length > 1 || /create|table/i.test(text));
  }
}

function folded(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1) : word.toLowerCase();
}

function withoutLiterals(sql: string): string {
  return sql
    .replaceAll(/--[^\n]*/g, ' ')
    .replaceAll(/\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/'(?:[^']|'')*'/g, "''");
}
