/**
 * The database of a directory that no server has open, as the source of a backup: it is locked and recovered first. Called by the command `shoal backup --data-dir`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PgError } from '../../common/errors.js';
import type { RegisterFunctions } from '../files/connection.js';
import { DatabaseLayout } from '../files/layout.js';
import { createSharedBuffers } from '../shared.js';
import { WriterLane } from '../write/writer-lane.js';
import { hasArchiveTarget } from './archive-target.js';
import type { BackupSource } from './backup-run.js';

/** 58P01 when there is no such database, F0001 when a server runs in the directory. */
export async function withStoppedDatabase<T>(
  dataDirectory: string,
  database: string,
  register: RegisterFunctions,
  work: (source: BackupSource) => Promise<T>,
): Promise<T> {
  const layout = new DatabaseLayout(join(dataDirectory, database));
  if (!existsSync(layout.manifest)) throw new PgError('58P01', `there is no database "${database}" in "${dataDirectory}"`);
  const lane = WriterLane.open({ layout, database, register, shared: createSharedBuffers(), onCatalog: () => undefined });
  try {
    return await work({
      layout,
      register,
      position: async () => await Promise.resolve(lane.logPosition()),
      retain: async (lsn) => {
        // What is archived continuously stays until the server's own archiving has it.
        if (!hasArchiveTarget(layout)) lane.retainLog({ lsn });
        await Promise.resolve();
      },
    });
  } finally {
    await lane.shutdown();
  }
}
