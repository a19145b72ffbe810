/**
 * Where a database's log is archived continuously: a node that is alone keeps it in the database's directory (archive-target), a cluster in its coordination store, so that whichever
 * node writes the database goes on there. Given to storage/backup/backup-host, on the main thread.
 */
import type { DatabaseLayout } from '../files/layout.js';
import { hasArchiveTarget, readArchiveTarget, writeArchiveTarget } from './archive-target.js';

export interface ArchivePlace {
  /** Whether there is one. */
  readonly isSet: boolean;
  /** Location of the object store; undefined: there is none. PgError when what is kept is damaged. */
  readonly location: string | undefined;
  /** undefined: nowhere any more. */
  keep(location: string | undefined): Promise<void>;
}

export class DirectoryArchivePlace implements ArchivePlace {
  constructor(private readonly layout: DatabaseLayout) {}

  get isSet(): boolean {
    return hasArchiveTarget(this.layout);
  }

  get location(): string | undefined {
    return readArchiveTarget(this.layout);
  }

  async keep(location: string | undefined): Promise<void> {
    writeArchiveTarget(this.layout, location);
    await Promise.resolve();
  }
}
