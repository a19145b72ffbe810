/** Reads everything that is in a backup and holds it against its checksums: `shoal backup --verify`. */
import { createHash } from 'node:crypto';
import { PgError } from '../../common/errors.js';
import type { Archive } from './archive.js';
import { chooseBase } from './restorable.js';
import { damaged } from './sealed-json.js';

/** One line a damaged or missing object; empty when the backup is whole. */
export async function verifyBackup(archive: Archive, report: (line: string) => void): Promise<readonly string[]> {
  const problems: string[] = [];
  const check = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      problems.push(error.fields.detail === undefined ? error.message : `${error.message}: ${error.fields.detail}`);
    }
  };
  let listing;
  try {
    listing = await archive.list();
  } catch (error) {
    if (error instanceof PgError && error.code === 'XX001') return [error.message];
    throw error;
  }
  for (const id of listing.bases) {
    await check(async () => {
      const base = await archive.base(id);
      for (const file of base.files) {
        await check(async () => {
          const name = `base/${id}/${file.key}`;
          const hash = createHash('sha256');
          for await (const chunk of archive.store.read(archive.key(name))) hash.update(chunk);
          if (hash.digest('hex') !== file.sha256) throw damaged(archive.nameOf(name), 'its content does not match its checksum');
        });
      }
      report(`read the full copy ${id}, ${String(base.files.length)} files`);
    });
  }
  for (const piece of listing.pieces) await check(async () => await archive.getPiece(piece));
  report(`read the log, ${String(listing.pieces.length)} pieces`);
  for (const point of listing.points) await check(async () => await archive.checkPoint(point));
  if (problems.length === 0) await check(async () => await chooseBase(archive, listing, { kind: 'latest' }));
  return problems;
}
