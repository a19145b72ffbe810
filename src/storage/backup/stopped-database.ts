/**
 * A database of a directory that no server has open, together with the server's own, as sources of a backup: they are locked and recovered first. Called by the command
 * `shoal backup --data-dir`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ServerCatalog, serverDatabaseOid } from '../../catalog/server-catalog.js';
import { PgError } from '../../common/errors.js';
import type { RegisterFunctions } from '../files/connection.js';
import { DatabaseLayout, serverDirectory } from '../files/layout.js';
import { createSharedBuffers } from '../shared.js';
import { deliverOutbox } from '../write/outbox.js';
import { WriterLane } from '../write/writer-lane.js';
import { hasArchiveTarget } from './archive-target.js';
import type { BackupSource } from './backup-run.js';

interface StoppedSources {
  readonly database: BackupSource;
  /** undefined: a directory of a version that had one database only. */
  readonly server: BackupSource | undefined;
}

/** 58P01 when there is no such database, F0001 when a server runs in the directory. */
export async function withStoppedDatabase<T>(
  dataDirectory: string,
  database: string,
  register: RegisterFunctions,
  work: (sources: StoppedSources) => Promise<T>,
): Promise<T> {
  const serverLayout = new DatabaseLayout(join(dataDirectory, serverDirectory), serverDatabaseOid);
  if (!existsSync(serverLayout.manifest)) {
    return await withLane(new DatabaseLayout(join(dataDirectory, database)), database, register, undefined, async (lane, layout) => {
      return await work({ database: sourceOf(lane, layout, register), server: undefined });
    });
  }
  return await withLane(serverLayout, serverDirectory, register, undefined, async (server) => {
    const entry = server.catalog.server.databases.find((one) => one.name === database);
    if (entry === undefined) throw missing(database, dataDirectory);
    const layout = new DatabaseLayout(join(dataDirectory, entry.directory), entry.oid, serverLayout);
    return await withLane(
      layout,
      database,
      register,
      () => server.catalog.server,
      async (lane) => {
        await deliverOutbox(lane.catalog, server);
        return await work({ database: sourceOf(lane, layout, register), server: sourceOf(server, serverLayout, register) });
      },
    );
  });
}

function missing(database: string, dataDirectory: string): PgError {
  return new PgError('58P01', `there is no database "${database}" in "${dataDirectory}"`);
}

async function withLane<T>(
  layout: DatabaseLayout,
  name: string,
  register: RegisterFunctions,
  serverCatalog: (() => ServerCatalog) | undefined,
  work: (lane: WriterLane, layout: DatabaseLayout) => Promise<T>,
): Promise<T> {
  if (!existsSync(layout.manifest)) throw missing(name, join(layout.directory, '..'));
  const lane = WriterLane.open({
    layout,
    database: name,
    register,
    shared: createSharedBuffers(),
    onCatalog: () => undefined,
    ...(serverCatalog === undefined ? {} : { serverCatalog }),
  });
  try {
    return await work(lane, layout);
  } finally {
    await lane.shutdown();
  }
}

function sourceOf(lane: WriterLane, layout: DatabaseLayout, register: RegisterFunctions): BackupSource {
  return {
    layout,
    register,
    position: async () => await Promise.resolve(lane.logPosition()),
    retain: async (lsn) => {
      // What is archived continuously stays until the server's own archiving has it.
      if (!hasArchiveTarget(layout)) lane.retainLog({ lsn });
      await Promise.resolve();
    },
  };
}
