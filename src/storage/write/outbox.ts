/**
 * Takes to the server's database what a transaction of another one has made of its catalog, when the process has ended between both commits (docs/adr/0007). Called when a
 * database is opened, before anybody connects to it.
 */
import { serverCatalogData } from '../../catalog/server-catalog.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import { withServerChange } from '../files/catalog-store.js';
import { internalContext } from '../files/connection.js';
import type { WriteService } from '../ports.js';

/** Answers the version of the server's catalog that it makes; undefined: there is nothing to deliver. SH001 when the catalog is another one meanwhile. */
export async function deliverOutbox(
  { databaseOid, outbox }: Pick<CatalogData, 'databaseOid' | 'outbox'>,
  server: Pick<WriteService, 'begin' | 'ddl' | 'commit' | 'rollback'> & { readonly catalog: CatalogData },
): Promise<number | undefined> {
  if (outbox === undefined) return undefined;
  const isDelivered = (): boolean => {
    const entry = server.catalog.server.databases.find((one) => one.oid === databaseOid);
    return entry === undefined || (entry.delivered ?? 0) >= outbox.sequence;
  };
  if (isDelivered()) return undefined;
  const { transaction } = await server.begin({ isolation: 'read committed', readOnly: false, context: internalContext });
  try {
    const before = server.catalog.server;
    const changed = withServerChange(before, outbox.change);
    const version = before.version + 1;
    const catalog = serverCatalogData({
      ...changed,
      version,
      databases: changed.databases.map((entry) => (entry.oid === databaseOid ? { ...entry, delivered: outbox.sequence } : entry)),
    });
    await server.ddl({ transaction, context: internalContext, baseVersion: before.version, catalog, steps: [], lockTimeoutMs: 0 });
    await server.commit({ transaction, synchronousCommit: true });
    return version;
  } catch (error) {
    await server.rollback({ transaction });
    throw error;
  }
}
