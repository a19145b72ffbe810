/** What a database takes on the disk: behind pg_database_size(). Called by proxy/session/file-sizes and, for other nodes, proxy/node-databases. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A database's files with data, open or not. */
export function filesBytes(directory: string): number {
  if (!existsSync(directory)) return 0;
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && /\.sqlite(-wal)?$/.test(entry.name)) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
