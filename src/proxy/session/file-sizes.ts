/**
 * What the parts of the database's files take, read from the files themselves: behind pg_relation_size() and its kin. Some 2 us a page, on a scan thread.
 * A transaction's own uncommitted rows do not count. Called by session/node-view.ts when a statement reads shoal.relation_sizes or shoal.database_sizes.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileSizes } from '../../catalog/pg-catalog/node-view.js';
import { shardSchemaName } from '../../catalog/snapshot.js';
import { notSupported } from '../../common/errors.js';
import type { Client } from '../../common/rpc.js';
import type { ReadService, TaskContext } from '../../storage/ports.js';
import { RowReader } from '../../types/row-codec.js';
import type { SessionCore } from './session-core.js';

/** Of every table and index of a file (?1), in bytes; a table that has never had a row counts for nothing. */
const sizesSql =
  "SELECT name, CASE WHEN payload = 0 AND pageno = 1 AND name NOT GLOB 'i[0-9]*' THEN 0 ELSE pgsize END FROM dbstat(?1, 1) WHERE name NOT GLOB '_shoal*'";

export async function collectFileSizes(core: SessionCore): Promise<FileSizes> {
  const { catalog, executor } = core.services;
  const { places } = executor.home;
  const schemas = ['global', ...catalog.data.groups.flatMap((group) => group.bounds.map((_, shard) => shardSchemaName(group, shard)))];
  const parts = new Map<string, ReadonlyMap<string, number>>();
  await Promise.all(
    places.map(async (place, at) => {
      for (let index = at; index < schemas.length; index += places.length) {
        const schema = schemas[index] as string;
        parts.set(schema, await sizesOf(place, schema, core.context(), catalog.version));
      }
    }),
  );
  const own = core.services.directory;
  return {
    bytes: (schema, name) => parts.get(schema)?.get(name) ?? 0,
    databaseBytes: (directory) => {
      if (own === undefined) throw notSupported('the size of a database at a node that does not host it');
      return databaseBytes(join(dirname(own), directory));
    },
  };
}

/** A database's files with data, open or not. */
function databaseBytes(directory: string): number {
  if (!existsSync(directory)) return 0;
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && /\.sqlite(-wal)?$/.test(entry.name)) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
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
