/**
 * Whether all copies of each database have the same rows in the same files: their digests (storage/integrity/table-digest), read in the files of running nodes.
 * Called by cluster-torture.ts when there is no load.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../../../src/storage/files/connection.js';
import { DatabaseLayout, globalSchema } from '../../../src/storage/files/layout.js';
import { readManifest } from '../../../src/storage/files/manifest.js';
import { compareDigests, digestTables, type FileDigest, openForDigests } from '../../../src/storage/integrity/table-digest.js';
import { CancelWords, createSharedBuffers } from '../../../src/storage/shared.js';
import { Violation } from '../bank-record.js';

export interface CopyPlace {
  readonly node: string;
  readonly dataDirectory: string;
}

/** Of one database on one node. */
interface Copy {
  readonly node: string;
  readonly layout: DatabaseLayout;
}

const pollMs = 200;

/** By the database's own id, which all its copies have. */
function findCopies(places: readonly CopyPlace[]): ReadonlyMap<string, readonly Copy[]> {
  const copies = new Map<string, Copy[]>();
  for (const { node, dataDirectory } of places) {
    for (const { name } of readdirSync(dataDirectory, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      const layout = new DatabaseLayout(join(dataDirectory, name));
      if (!existsSync(layout.manifest)) continue;
      const { id, database } = readManifest(layout);
      const key = `${database} (${id})`;
      copies.set(key, [...(copies.get(key) ?? []), { node, layout }]);
    }
  }
  return copies;
}

function digest(layout: DatabaseLayout): readonly FileDigest[] {
  const connection = new Connection({ layout, register: () => undefined, cancel: new CancelWords(createSharedBuffers(8).cancel) });
  try {
    const schemas = [globalSchema, ...layout.shardSchemasOnDisk()];
    for (const schema of schemas) connection.attach(schema);
    return [...openForDigests(connection, schemas)].map(([schema, lsn]) => ({ schema, lsn, tables: digestTables(connection, schema, () => undefined) }));
  } finally {
    connection.close();
  }
}

/** Throws a Violation when copies differ, or when they have not come to the same point in time; answers how many copies of how many databases there are. */
export async function compareCopies(
  places: readonly CopyPlace[],
  timeoutMs: number,
): Promise<{ readonly databases: number; readonly copies: number; readonly tables: number }> {
  let found = { databases: 0, copies: 0, tables: 0 };
  for (const startMs = performance.now(); ; await sleep(pollMs)) {
    const pending: string[] = [];
    found = { databases: 0, copies: 0, tables: 0 };
    for (const [database, copies] of findCopies(places)) {
      found = { ...found, databases: found.databases + 1 };
      let first: readonly FileDigest[] | undefined;
      for (const { node, layout } of copies) {
        const digests = digest(layout);
        first ??= digests;
        found = { ...found, copies: found.copies + 1, tables: found.tables + digests.reduce((sum, { tables }) => sum + tables.length, 0) };
        const schemas = (of: readonly FileDigest[]): string => of.map(({ schema }) => schema).join(', ');
        const { differences, pending: behind } = compareDigests(first, digests);
        if (schemas(first) !== schemas(digests)) pending.push(`${database} at ${node} has the files ${schemas(digests)}, others ${schemas(first)}`);
        if (behind.length > 0) pending.push(`${database} at ${node} stands elsewhere in ${behind.join(', ')}`);
        const [difference] = differences;
        if (difference !== undefined) throw new Violation(`the copy of ${database} at ${node} differs: ${JSON.stringify(difference)}`);
      }
    }
    if (pending.length === 0) return found;
    if (performance.now() - startMs > timeoutMs) throw new Violation(`copies have not come to the same point: ${pending.join('; ')}`);
  }
}
