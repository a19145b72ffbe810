/**
 * What users and the server's log are told about damaged files: XX001 with the file, the page, and what to do. Called by storage/sqlite-errors for errors of statements
 * and by the verification (integrity/verify).
 */
import { existsSync, realpathSync } from 'node:fs';
import { PgError } from '../../common/errors.js';
import { type DatabaseLayout, globalSchema } from '../files/layout.js';
import { serverLog } from '../server-log.js';
import { allDamage, type DamageKind, type PageDamage, takeDamage } from './page-guard.js';

const walSuffix = '-wal';

/** What is to be done about any damage. */
export const damageHint = 'Run `shoal check` to list the damage, and bring the data back from a backup with `shoal restore`.';

const reasons: Readonly<Record<DamageKind, string>> = {
  checksum: 'its content does not match its checksum',
  zeroed: 'it is filled with zeros',
  missing: 'it lies behind the end of the file',
  unreadable: 'it cannot be read',
};

/** What is wrong with a page, as a sentence about it. */
export function describeFault(kind: DamageKind): string {
  return reasons[kind];
}

/** `file "…", page 7: its content does not match its checksum`. */
function describeDamage({ kind, page, path }: PageDamage): string {
  return path.endsWith(walSuffix) ? `file "${path}", frame ${String(page)}: ${reasons[kind]}` : `file "${path}", page ${String(page)}: ${reasons[kind]}`;
}

/** A WAL is healed by recovery from the log, as long as the log has it. */
function hintFor(damage: PageDamage): string {
  if (!damage.path.endsWith(walSuffix)) return damageHint;
  return 'Restart the server: it recovers the file from its log. If it cannot, bring the data back from a backup with `shoal restore`.';
}

/** Damaged pages that this process has met, each once. */
export function knownDamage(): readonly { readonly file: string; readonly page: number; readonly detail: string }[] {
  return allDamage().map(({ path, page, kind }) => ({ file: path, page, detail: reasons[kind] }));
}

/** What of that is in a database's files, as sentences. */
export function damageOf(layout: DatabaseLayout): readonly string[] {
  const all = allDamage();
  if (all.length === 0) return [];
  const files = new Set([globalSchema, ...layout.shardSchemasOnDisk()].map((schema) => realPathOf(layout.file(schema))));
  return all.filter(({ path }) => files.has(realPathOf(path.endsWith(walSuffix) ? path.slice(0, -walSuffix.length) : path))).map(describeDamage);
}

/** (SQLite knows files by the names behind symbolic links.) */
function realPathOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

const logged = new Set<string>();

/** The error for a statement that met damage; the server's log gets a line once a page and thread. */
export function damageError(): PgError {
  const damage = takeDamage();
  if (damage === undefined) return new PgError('XX001', 'a database file is damaged', { hint: damageHint });
  const error = new PgError('XX001', `a database file is damaged: ${describeDamage(damage)}`, { hint: hintFor(damage) });
  logDamage(damage);
  return error;
}

/** One line on stderr, once a page. */
export function logDamage(damage: PageDamage): void {
  const key = `${String(damage.page)} ${damage.path}`;
  if (logged.has(key)) return;
  logged.add(key);
  serverLog('WARNING', `damage: ${describeDamage(damage)}`, hintFor(damage));
}
