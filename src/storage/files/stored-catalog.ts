/**
 * The catalog that functions ask on a reader's connection. It is read from global.sqlite, and the server's, when a statement first asks, over a connection of its own:
 * SQLite functions cannot run statements on the connection that calls them. So they see the newest committed catalog, as PostgreSQL's pg_get_indexdef() and the like do.
 */
import Database from 'better-sqlite3';
import { compose } from '../../catalog/server-catalog.js';
import { type CatalogData, CatalogSnapshot } from '../../catalog/snapshot.js';
import { requirePageGuard } from '../integrity/page-guard.js';
import { loadCatalog } from './catalog-store.js';
import { type DatabaseLayout, globalSchema } from './layout.js';

/** By path of global.sqlite: all connections of a thread share it. */
const kept = new Map<string, CatalogData>();
const composed = new Map<string, { readonly own: CatalogData; readonly server: CatalogData; readonly snapshot: CatalogSnapshot }>();

function stored(layout: DatabaseLayout): CatalogData {
  requirePageGuard();
  const file = layout.file(globalSchema);
  const db = new Database(':memory:');
  try {
    db.exec(`ATTACH '${file.replaceAll("'", "''")}' AS global; BEGIN`);
    const version = db.pragma('global.user_version', { simple: true });
    const known = kept.get(file);
    if (known !== undefined && known.version === version && known.databaseOid === layout.oid) return known;
    const loaded = loadCatalog(db, layout.oid);
    kept.set(file, loaded);
    return loaded;
  } finally {
    db.close();
  }
}

export function storedCatalog(layout: DatabaseLayout): CatalogSnapshot {
  const own = stored(layout);
  const server = layout.server === undefined ? own : stored(layout.server);
  const known = composed.get(layout.directory);
  if (known?.own === own && known.server === server) return known.snapshot;
  const snapshot = new CatalogSnapshot(server === own ? own : compose(own, server.server));
  composed.set(layout.directory, { own, server, snapshot });
  return snapshot;
}

/** A database's files are gone, or others lie in their place. */
export function forgetStoredCatalog(layout: DatabaseLayout): void {
  kept.delete(layout.file(globalSchema));
  composed.delete(layout.directory);
}
