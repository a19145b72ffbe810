/**
 * The catalog of a connection's snapshot, for functions that ask it: read from global.sqlite when first asked for, then kept until the version changes.
 */
import { CatalogSnapshot } from '../../catalog/snapshot.js';
import { loadCatalog } from './catalog-store.js';
import type { Connection } from './connection.js';
import { globalSchema } from './layout.js';

/** By path of global.sqlite: all connections of a thread share it. */
const kept = new Map<string, CatalogSnapshot>();

export function storedCatalog(connection: Connection): CatalogSnapshot {
  const file = connection.fileOf(globalSchema);
  const version = connection.prepare('PRAGMA global.user_version', false).get()?.[0];
  const known = kept.get(file);
  if (known !== undefined && known.version === version) return known;
  const loaded = new CatalogSnapshot(loadCatalog(connection));
  kept.set(file, loaded);
  return loaded;
}
