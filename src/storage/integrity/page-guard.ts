/**
 * Page checksums: brings native/page-guard.c into the process, an SQLite VFS that gives every page of our files a checksum and verifies it whenever the page is read.
 * Called by whoever opens database files, before it opens them; a page that does not match becomes SQLITE_IOERR_DATA, which storage/sqlite-errors turns into XX001
 * with what this module knows about it.
 */
import Database from 'better-sqlite3';
import { nativeLibrary } from '../files/native-library.js';

/** The page size of all our files: what `PRAGMA page_guard` answers for a guarded one. */
export const pageBytes = 4096;

/** missing: behind the end of the file. zeroed: all zeros. unreadable: the disk refuses. */
export type DamageKind = 'checksum' | 'zeroed' | 'missing' | 'unreadable';

/** A page (of a database file) or a frame (of a `-wal`), numbered from 1. */
export interface PageDamage {
  readonly kind: DamageKind;
  readonly page: number;
  readonly path: string;
}

/** GUARD_VERSION of native/page-guard.c. */
const guardVersion = 3;

/** One a thread, held open: the library must not be unloaded, and it answers about damage. */
let guard: Database.Database | undefined;

/** Gives a connection the functions `page_guard_*`; the VFS is the default of connections that are opened from then on. */
function load(db: Database.Database): void {
  db.loadExtension(nativeLibrary('pageguard', guardVersion));
}

/** Makes checksums the rule for every database file that this thread opens from now on. Cheap after the first time. */
export function requirePageGuard(): Database.Database {
  if (guard?.open === true) return guard;
  const db = new Database(':memory:');
  load(db);
  guard = db;
  return db;
}

/** Opens a database file that is to be made, so that its pages will have checksums. */
export function openGuardedFile(path: string): Database.Database {
  requirePageGuard();
  const db = new Database(path);
  try {
    load(db);
    db.pragma(`page_size = ${String(pageBytes)}`);
    db.prepare(`SELECT page_guard_reserve('main')`).get();
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** A copy of a file of ours with another application_id in its header. */
export function stampFirstPage(file: Uint8Array, applicationId: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeInt32BE(applicationId, 68);
  copy.set(pageSum(copy.subarray(0, pageBytes - 8), 1), pageBytes - 8);
  return copy;
}

/** The checksum that stands in the last 8 bytes of a page, over what is before them. */
export function pageSum(content: Uint8Array, page: number): Uint8Array {
  return (requirePageGuard().prepare('SELECT page_guard_sum(?, ?) AS sum').get(content, BigInt(page)) as { readonly sum: Uint8Array }).sum;
}

/** Verifies pages of the file that is attached as `schema`, in portions, within the caller's read transaction; answers what is damaged. */
export function* verifyPages(db: Database.Database, schema: string, pages: number, portion: number): Generator<readonly Omit<PageDamage, 'path'>[]> {
  const statement = db.prepare<[string, bigint, bigint], { found: string }>('SELECT page_guard_verify(?, ?, ?) AS found');
  for (let first = 1; first <= pages; first += portion) {
    yield lines((statement.get(schema, BigInt(first), BigInt(portion)) as { found: string }).found);
  }
}

/** Verifies pages in memory, the first of which is number `first`: of a file that nobody has open. */
export function verifyBytes(pages: Uint8Array, first: number): readonly Omit<PageDamage, 'path'>[] {
  const statement = requirePageGuard().prepare<[Uint8Array, bigint], { found: string }>('SELECT page_guard_verify_bytes(?, ?) AS found');
  return lines((statement.get(pages, BigInt(first)) as { found: string }).found);
}

/** Verifies the frames of the WAL of the file that is attached as `schema`. */
export function verifyWal(db: Database.Database, schema: string): readonly Omit<PageDamage, 'path'>[] {
  return lines((db.prepare('SELECT page_guard_verify_wal(?) AS found').get(schema) as { found: string }).found);
}

/** A connection on which `verifyPages` and `verifyWal` can run. */
export function prepareVerification(db: Database.Database): void {
  requirePageGuard();
  load(db);
}

/** Whether a file that is attached has page checksums of our kind. */
export function isGuarded(db: Database.Database, quotedSchema: string): boolean {
  return Number(db.pragma(`${quotedSchema}.page_guard`, { simple: true })) === pageBytes;
}

/** The application_id that stands in the file itself, whatever its WAL says. */
export function identityInFile(db: Database.Database, quotedSchema: string): number {
  return Number(db.pragma(`${quotedSchema}.page_guard_identity`, { simple: true }));
}

/** The damage behind the last SQLITE_IOERR_DATA of this thread. */
export function takeDamage(): PageDamage | undefined {
  const found = requirePageGuard().prepare('SELECT page_guard_damage() AS found').get() as { readonly found: string | null };
  return found.found === null ? undefined : line(found.found);
}

/** All damage that this process has met, each page once. */
export function allDamage(): readonly PageDamage[] {
  return lines((requirePageGuard().prepare('SELECT page_guard_all_damage() AS found').get() as { readonly found: string }).found);
}

function lines(text: string): readonly PageDamage[] {
  return text === '' ? [] : text.trimEnd().split('\n').map(line);
}

function line(text: string): PageDamage {
  const [kind = '', page = ''] = text.split(' ', 2);
  return { kind: kind as DamageKind, page: Number(page), path: text.slice(kind.length + page.length + 2) };
}
