/**
 * Scripts of test/differential/scripts, statement by statement on PostgreSQL and on a subject: features that a generator of queries does not reach.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { connect, textQuery } from '../support/subject.js';
import type { Connection } from '../support/connection.js';
import { differenceOf, type Outcome } from './compare.js';

const directory = fileURLToPath(new URL('scripts', import.meta.url));

export const scriptNames: readonly string[] = readdirSync(directory)
  .filter((name) => name.endsWith('.sql'))
  .map((name) => name.replace('.sql', ''))
  .sort();

const knownFile = join(directory, 'known-differences.json');

function known(): Record<string, readonly string[]> {
  return JSON.parse(readFileSync(knownFile, 'utf8')) as Record<string, readonly string[]>;
}

/** Statements of a script that are known to be answered otherwise than by PostgreSQL. */
export function knownDifferences(name: string): readonly string[] {
  return known()[name] ?? [];
}

export function writeKnownDifferences(differences: Readonly<Record<string, readonly string[]>>): void {
  writeFileSync(knownFile, `${JSON.stringify(differences, undefined, 2)}\n`);
}

export interface ScriptDifference {
  readonly statement: string;
  readonly detail: string;
}

export interface ScriptReport {
  readonly statements: number;
  readonly differences: readonly ScriptDifference[];
}

/** Runs the whole script on both; `rewrite` changes what the subject gets. */
export async function runScript(name: string, oracle: Connection, subject: Connection, rewrite: (sql: string) => string = (sql) => sql): Promise<ScriptReport> {
  const statements = readFileSync(join(directory, `${name}.sql`), 'utf8')
    .split(/;\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const left = await connect(oracle);
  let right = await connect(subject, 20_000);
  const differences: ScriptDifference[] = [];
  for (const statement of statements) {
    const expected = await outcome(left, statement);
    const got = await outcome(right, rewrite(statement));
    const ordered = /\bORDER BY\b[^()]*$/i.test(statement);
    const difference = differenceOf(expected, got, ordered)?.detail ?? differenceOfMessages(expected, got);
    if (difference !== undefined) differences.push({ statement, detail: difference });
    if (got.kind === 'broken' || got.kind === 'timeout') {
      void right.end().catch(() => undefined);
      right = await connect(subject, 20_000);
    }
  }
  await left.end();
  await right.end();
  return { statements: statements.length, differences };
}

async function outcome(client: pg.Client, sql: string): Promise<Outcome> {
  try {
    return { kind: 'result', result: await textQuery(client, sql), after: undefined };
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined && error.severity !== 'FATAL')
      return { kind: 'error', code: error.code, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    return { kind: message.includes('timeout') ? 'timeout' : 'broken', message };
  }
}

function differenceOfMessages(expected: Outcome, got: Outcome): string | undefined {
  return expected.kind === 'error' && got.kind === 'error' && expected.message !== got.message
    ? `expected the words: ${expected.message}; got: ${got.message}`
    : undefined;
}
