/**
 * The catalog that functions ask on a reader's connection. It is read from global.sqlite when a statement first asks, over a connection of its own: SQLite functions
 * cannot run statements on the connection that calls them. So they see the newest committed catalog, as PostgreSQL's pg_get_indexdef() and the like do.
 */
import Database from 'better-sqlite3';
import { CatalogSnapshot } from '../../catalog/snapshot.js';
import { requirePageGuard } from '../integrity/page-guard.js';
import { loadCatalog } from './catalog-store.js';

/** By path of global.sqlite: all connections of a thread share it. */
const kept = new Map<string, CatalogSnapshot>();

/** file: path of global.sqlite. */
export function storedCatalog(file: string): CatalogSnapshot {
  requirePageGuard();
  const db = new Database(':memory:');
  try {
    db.exec(`ATTACH '${file.replaceAll("'", "''")}' AS global; BEGIN`);
    const version = db.pragma('global.user_version', { simple: true });
    const known = kept.get(file);
    if (known !== undefined && known.version === version) return known;
    const loaded = new CatalogSnapshot(loadCatalog(db));
    kept.set(file, loaded);
    return loaded;
  } finally {
    db.close();
  }
}
