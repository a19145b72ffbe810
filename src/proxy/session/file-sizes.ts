/**
 * What the parts of the database's files take, read from the files themselves: behind pg_relation_size() and its kin. Some 2 us a page, on a scan thread.
 * A transaction's own uncommitted rows do not count. Called by session/node-view.ts when a statement reads shoal.relation_sizes or shoal.database_sizes.
 */
import { dirname, join } from 'node:path';
import type { FileSizes } from '../../catalog/pg-catalog/node-view.js';
import { groupSchemaNames } from '../../catalog/shard-group.js';
import type { Client } from '../../common/rpc.js';
import { filesBytes } from '../../storage/files/files-bytes.js';
import type { ReadService, TaskContext } from '../../storage/ports.js';
import { RowReader } from '../../types/row-codec.js';
import type { SessionCore } from './session-core.js';
import { untilPrimary } from './thread-databases.js';

/** Of every table and index of a file (?1), in bytes; a table that has never had a row counts for nothing. */
const sizesSql =
  "SELECT name, CASE WHEN payload = 0 AND pageno = 1 AND name NOT GLOB 'i[0-9]*' THEN 0 ELSE pgsize END FROM dbstat(?1, 1) WHERE name NOT GLOB '_shoal*'";

export async function collectFileSizes(core: SessionCore): Promise<FileSizes> {
  const { catalog, executor } = core.services;
  const { places } = executor.home;
  const schemas = ['global', ...catalog.data.groups.flatMap(groupSchemaNames)];
  const parts = new Map<string, ReadonlyMap<string, number>>();
  await Promise.all(
    places.map(async (place, at) => {
      for (let index = at; index < schemas.length; index += places.length) {
        const schema = schemas[index] as string;
        parts.set(schema, await sizesOf(place, schema, core.context(), catalog.version));
      }
    }),
  );
  const { directory: own, isReplicated, node } = core.services;
  // (Where all databases are of this node, only those that are asked for are looked at.)
  const isWhole = own !== undefined && !isReplicated;
  const elsewhere = new Map<string, number>();
  if (!isWhole)
    await Promise.all(
      core.catalog.databases.map(async (entry) => elsewhere.set(entry.directory, await untilPrimary(async () => await node.databaseBytes({ entry })))),
    );
  return {
    bytes: (schema, name) => parts.get(schema)?.get(name) ?? 0,
    databaseBytes: (directory) => (isWhole ? filesBytes(join(dirname(own), directory)) : (elsewhere.get(directory) ?? 0)),
  };
}

async function sizesOf(place: Client<ReadService>, schema: string, context: TaskContext, catalogVersion: number): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  const opened = await place.open({
    schemas: [schema],
    context,
    catalogVersion,
    cursor: { sql: sizesSql, params: [schema], output: { kind: 'rows' } },
    maxRows: 0,
  });
  let { batch } = opened;
  for (;;) {
    if (batch.bytes !== undefined) for (const [name, bytes] of new RowReader(batch.bytes)) sizes.set(name as string, Number(bytes));
    if (batch.done) return sizes;
    batch = await place.pull({ cursor: opened.cursor, maxRows: 0 });
  }
}
