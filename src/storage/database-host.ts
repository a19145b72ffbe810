/**
 * One open database on the storage threads, as the main thread has it: its shared words, its backups, and the ports that a front end gets. Opened when somebody wants
 * the database, closed when nobody has wanted it for a while (storage/database-hosts).
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { CatalogData } from '../catalog/snapshot.js';
import { serve } from '../common/rpc.js';
import { BackupHost } from './backup/backup-host.js';
import { serverDatabaseOid } from '../catalog/server-catalog.js';
import { serverArchive } from './backup/archive.js';
import { type ArchivePlace, DirectoryArchivePlace } from './backup/archive-place.js';
import { DatabaseLayout } from './files/layout.js';
import type { ReplicaTask } from './replica/lane-database.js';
import { createControlWords, type SharedBuffers } from './shared.js';
import type { StorageThreads } from './storage-threads.js';

/** Which database, and where it lies. */
export interface DatabaseLocation {
  /** Its OID. */
  readonly id: number;
  readonly name: string;
  /** Its own directory. */
  readonly directory: string;
  /** That of the server's database; undefined: it is the server's own. */
  readonly serverDirectory: string | undefined;
  /** Its files are to be made unless they are there. */
  readonly isNew?: boolean;
  /** For a new one, unless it is that of an empty database. */
  readonly initialCatalog?: CatalogData;
}

/** What of a database a front end of another node is served. */
export type DatabasePart =
  /** A WriteService. */
  | { readonly kind: 'lane' }
  /** A ReadService. */
  | { readonly kind: 'scan'; readonly thread: number }
  /** CatalogPublications, and CatalogReceipts back. */
  | { readonly kind: 'catalog' }
  /** A BackupControl. */
  | { readonly kind: 'backup' };

/** What a front-end thread gets of a database (all of it is transferable): a ReadService at each scan port, a WriteService at the lane's. */
export interface FrontEndPorts {
  readonly kind: 'local';
  /** The epoch in which this node writes the database, up to whose end the ports last; 0: there is only one. */
  readonly epoch: number;
  readonly scan: readonly MessagePort[];
  readonly lane: MessagePort;
  /** A BackupControl. */
  readonly backup: MessagePort;
  /** Brings CatalogPublications, the present one first; `shared.control` tells the version of the newest. */
  readonly catalog: MessagePort;
  readonly shared: SharedBuffers;
  /** For a Reader of the front end's own. */
  readonly location: Pick<DatabaseLocation, 'id' | 'directory' | 'serverDirectory'>;
}

/** The ports of a front end, which are moved to it. */
export function portsToTransfer({ scan, lane, backup, catalog }: FrontEndPorts): readonly MessagePort[] {
  return [...scan, lane, backup, catalog];
}

export class DatabaseHost {
  private constructor(
    readonly location: DatabaseLocation,
    private readonly threads: StorageThreads,
    private readonly control: SharedArrayBuffer,
    /** The catalog as recovery has left it. */
    readonly catalog: CatalogData,
    private readonly backups: BackupHost,
  ) {}

  /** Recovers the database on the lane. replica: it has copies on other nodes; resolves when this one has its copy. `place`: where its log is archived then. */
  static async open(
    threads: StorageThreads,
    location: DatabaseLocation,
    replica?: ReplicaTask,
    place: ArchivePlace = new DirectoryArchivePlace(new DatabaseLayout(location.directory)),
  ): Promise<DatabaseHost> {
    const control = createControlWords();
    const catalog = await threads.open({ ...location, control, ...(replica === undefined ? {} : { replica }) });
    const archived = location.id === serverDatabaseOid ? serverArchive : location.name;
    const backups = new BackupHost(location.directory, archived, () => threads.attachLane(location.id), place);
    if (replica === undefined) backups.resume();
    return new DatabaseHost(location, threads, control, catalog, backups);
  }

  /** Whether a database must be open although nobody is connected: its log is archived continuously. */
  static wantsOpen({ directory }: DatabaseLocation): boolean {
    return new DirectoryArchivePlace(new DatabaseLayout(directory)).isSet;
  }

  /** Of a database with copies on other nodes: this node writes it now, or does not any more. The log is archived by who does. */
  set isPrimary(isPrimary: boolean) {
    if (isPrimary) {
      this.backups.resume();
      this.backups.releaseUnless();
    } else this.backups.suspend();
  }

  get isWanted(): boolean {
    return this.backups.isRunning;
  }

  /** Ports for one more front-end thread. */
  attachFrontEnd(epoch = 0): FrontEndPorts {
    const backup = new MessageChannel();
    serve(backup.port1, this.backups);
    backup.port1.unref();
    return {
      kind: 'local',
      epoch,
      ...this.threads.attach(this.location.id),
      backup: backup.port2,
      shared: { control: this.control, cancel: this.threads.cancel },
      location: { id: this.location.id, directory: this.location.directory, serverDirectory: this.location.serverDirectory },
    };
  }

  get scanThreads(): number {
    return this.threads.scanThreads;
  }

  /** For a front end of another node. */
  serve(part: DatabasePart, port: MessagePort): void {
    const { id } = this.location;
    switch (part.kind) {
      case 'lane':
        this.threads.serveLane(id, port, true);
        return;
      case 'scan':
        this.threads.serveScan(id, part.thread, port, true);
        return;
      case 'catalog':
        this.threads.serveCatalog(id, port, true);
        return;
      case 'backup':
        serve(port, this.backups);
        port.unref();
        return;
    }
  }

  /** The backup thread first, then the readers, then the lane, which checkpoints. */
  async close(): Promise<void> {
    await this.backups.shutdown();
    await this.threads.close(this.location.id);
  }
}
