/**
 * Scripts of test/differential/scripts, run by test/conformance's runner: features that a generator of queries does not reach. Here every difference
 * that is not listed is a failure, the words of errors included.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wordOf } from '../conformance/compare.js';
import { runFile } from '../conformance/run-file.js';
import type { Connection } from '../support/connection.js';

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

/** Runs the whole script on both. */
export async function runScript(name: string, oracle: Connection, subject: Connection): Promise<ScriptReport> {
  const side = (connection: Connection): { connection(): Promise<Connection> } => ({ connection: async () => await Promise.resolve(connection) });
  const { statements } = await runFile(join(directory, `${name}.sql`), side(oracle), undefined, side(subject));
  const differences = statements.flatMap(({ sql, kind, detail, remarks }) => {
    const words = remarks.filter((remark) => wordOf(remark) === 'message');
    if (kind !== 'agree' && kind !== 'left out') return [{ statement: sql, detail }];
    return words.length > 0 ? [{ statement: sql, detail: words.join('; ') }] : [];
  });
  return { statements: statements.length, differences };
}
