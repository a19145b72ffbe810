/**
 * Where Shoal's SQLite extensions lie: the sources in native/, compiled beside better-sqlite3's binding by scripts/build-sqlite. The version stands in the file's name, so that
 * a program never loads the library of another one. Used by whatever brings one into a connection.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PgError } from '../../common/errors.js';

const suffixes = new Map<string, string>([
  ['darwin', '.dylib'],
  ['win32', '.dll'],
]);

const found = new Map<string, string>();

/** The file to load. name: as in scripts/build-sqlite; version: what the source defines. */
export function nativeLibrary(name: string, version: number): string {
  const known = found.get(name);
  if (known !== undefined) return known;
  const directory = dirname(createRequire(import.meta.url).resolve('better-sqlite3/package.json'));
  const file = join(directory, 'build', 'Release', `${name}${String(version)}${suffixes.get(process.platform) ?? '.so'}`);
  if (!existsSync(file)) throw new PgError('58P01', `Shoal's SQLite extensions are not compiled: "${file}" is missing`, { hint: 'Run `npm run build`.' });
  found.set(name, file);
  return file;
}
