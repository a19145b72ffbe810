/**
 * Keys of databases that are in no list: a CREATE or DROP DATABASE was cut off between the key and the list. Nodes follow keys, so each would keep copies of it for ever. Called on the
 * node that writes the list: when it begins to, from time to time, and before a database is made (proxy/node-databases, cli/compose-cluster).
 *
 * Who makes a database has the lock of the list from before the key until the list is committed. So whatever has a key but no place in the list, while this has the lock, belongs to nobody;
 * and the lock is this node's as long as the key of the server's database is as it was before: deletions are bound to that.
 */
import { type ServerCatalog, serverCatalogData, serverDatabaseOid } from '../catalog/server-catalog.js';
import type { CoordinationStore, Entry } from '../cluster/coordination/store.js';
import type { ClusterKeys } from '../cluster/membership/cluster-keys.js';
import { parseConfiguration } from '../cluster/replication/configuration.js';
import { internalContext } from '../storage/files/connection.js';
import type { WriteService } from '../storage/ports.js';

export interface UnlistedDatabasesOptions {
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  /** This node. */
  readonly node: string;
  readonly log: (line: string) => void;
}

/** The lane of the server's database on this node, and the list as committed last. */
export interface ListWriter {
  readonly lane: {
    readonly [K in 'begin' | 'ddl' | 'rollback']: (request: Parameters<WriteService[K]>[0]) => Promise<Awaited<ReturnType<WriteService[K]>>>;
  };
  readonly list: ServerCatalog;
}

/** Whoever makes or drops a database now has the lock, and is not waited for long. */
const lockTimeoutMs = 1000;

/** Everything that is kept of a database beside its key. */
export function keysOfDatabase(keys: ClusterKeys, oid: number): readonly string[] {
  return [keys.database(oid), keys.databaseFacts(oid), keys.wish(oid), keys.archive(oid)];
}

/** Answers how many keys are gone. withWriter: runs `work` if this node writes the list. 55P03 while the list is being changed, SH001 when it just was. */
export async function forgetUnlisted(
  { store, keys, node, log }: UnlistedDatabasesOptions,
  withWriter: <T>(work: (writer: ListWriter) => Promise<T>) => Promise<T>,
): Promise<number> {
  const { entry: fence } = await store.get(keys.database(serverDatabaseOid));
  if (fence === undefined || parseConfiguration(fence.value).primary !== node) return 0;
  return await withWriter(async ({ lane, list }) => {
    if ((await unlisted(store, keys, list)).length === 0) return 0;
    const { transaction } = await lane.begin({ isolation: 'read committed', readOnly: false, context: internalContext });
    try {
      const catalog = serverCatalogData({ ...list, version: list.version + 1 });
      await lane.ddl({ transaction, context: internalContext, baseVersion: list.version, catalog, steps: [], lockTimeoutMs });
      let count = 0;
      for (const { oid, entry } of await unlisted(store, keys, list)) {
        const { succeeded } = await store.transact({
          when: [
            { kind: 'mod-revision', key: fence.key, revision: fence.modRevision },
            { kind: 'mod-revision', key: entry.key, revision: entry.modRevision },
          ],
          then: keysOfDatabase(keys, oid).map((key) => ({ kind: 'delete', key })),
        });
        if (!succeeded) continue;
        count++;
        log(`the key of database ${String(oid)} is gone: a CREATE or DROP DATABASE that was cut off had left it`);
      }
      return count;
    } finally {
      await lane.rollback({ transaction });
    }
  });
}

async function unlisted(
  store: CoordinationStore,
  keys: ClusterKeys,
  { databases }: ServerCatalog,
): Promise<readonly { readonly oid: number; readonly entry: Entry }[]> {
  const listed = new Set([serverDatabaseOid, ...databases.map(({ oid }) => oid)]);
  const { entries } = await store.list(keys.databases);
  return entries
    .map((entry) => ({ oid: Number(entry.key.slice(keys.databases.length)), entry }))
    .filter(({ oid }) => Number.isInteger(oid) && !listed.has(oid));
}
