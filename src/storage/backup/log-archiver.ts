/**
 * Brings the log into an archive, stretch by stretch, in the order of its records. Used by a backup run and, while a target is configured, continuously.
 */
import { PgError } from '../../common/errors.js';
import { LogReader } from '../log/log-reader.js';
import type { LogPosition } from '../log/node-log.js';
import { type Archive, type ArchiveListing, lastArchivedLsn, type LogPiece } from './archive.js';

const pieceBytesMax = 16 * 1024 * 1024;

export class LogArchiver {
  readonly reader: LogReader;
  /** Everything up to this record is in the archive. */
  archivedLsn = 0;

  constructor(
    private readonly archive: Archive,
    /** The log's directory. */
    directory: string,
  ) {
    this.reader = new LogReader(directory);
  }

  /**
   * Takes up where the archive ends. false: the log no longer reaches back to there, or the archive is empty, and a new base is needed. 55000 when archive and log
   * are not of one course, as after a copy of the directory was put back.
   */
  async resume(listing: ArchiveListing, position: LogPosition): Promise<boolean> {
    const archived = lastArchivedLsn(listing);
    if (archived > position.lsn) throw this.diverged(`the backup reaches until record ${String(archived)}, the database only until ${String(position.lsn)}`);
    const last = listing.pieces.find((piece) => piece.lastLsn === archived);
    if (last === undefined) {
      if (archived !== position.lsn || listing.bases.length === 0) return false;
    } else {
      const own = this.reader.batchEndingWith(archived);
      if (own === undefined) return false;
      const piece = await this.archive.getPiece(last);
      if (!piece.subarray(piece.length - own.length).equals(own)) throw this.diverged(`record ${String(archived)} is not the same in both`);
    }
    this.archivedLsn = archived;
    return true;
  }

  /** Archives what is not archived yet, up to record `to`, which must be durable. */
  async catchUp(to: number, onPiece?: (piece: LogPiece) => void): Promise<void> {
    while (this.archivedLsn < to) {
      const piece = await this.archive.putPiece(this.reader.read(this.archivedLsn + 1, to, pieceBytesMax));
      this.archivedLsn = piece.lastLsn;
      onPiece?.(piece);
    }
  }

  private diverged(detail: string): PgError {
    return new PgError('55000', `the backup in "${this.archive.store.location}" is of another course of this database`, {
      detail,
      hint: 'Back up to another place.',
    });
  }
}
