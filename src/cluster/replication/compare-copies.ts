/**
 * What a comparison of copies says: which of them hold something else than the others. Pure; the digests (storage/integrity/table-digest) were taken on their nodes. Called by
 * proxy/node-replicas on the primary's node.
 */
import { createHash } from 'node:crypto';
import type { CopyDifference, FileDigest } from '../../storage/integrity/table-digest.js';

/** A copy that was looked at. */
export interface ComparedCopy {
  readonly node: string;
  /** Over all its files, at the records at which they were looked at. */
  readonly checksum: string;
  /** same: as most, or as the primary's. different: it is wrong. unknown: some of its files were never at the record at which the primary's were, or it did not answer. */
  readonly result: 'same' | 'different' | 'unknown';
  /** Tables in which it differs from the primary's copy. */
  readonly differences: readonly CopyDifference[];
  /** Files that could not be compared. */
  readonly pending: readonly string[];
}

/** What one follower's copy has in common with the primary's, and what not. */
export interface CopyFindings {
  readonly node: string;
  readonly files: readonly FileDigest[];
  readonly differences: readonly CopyDifference[];
  readonly pending: readonly string[];
}

/**
 * The primary's copy is taken for right, unless two others at least agree with each other about a table and not with it: then it is the one that is wrong there.
 */
export function judgeCopies(primary: string, ownFiles: readonly FileDigest[], others: readonly CopyFindings[]): readonly ComparedCopy[] {
  const isOwnWrong = (difference: CopyDifference): boolean => {
    const judges = others.filter((other) => !other.pending.includes(difference.schema));
    const sameAsThat = judges.filter((other) =>
      other.differences.some(
        (each) => each.schema === difference.schema && each.table === difference.table && each.theirs?.digest === difference.theirs?.digest,
      ),
    );
    return sameAsThat.length >= 2 && sameAsThat.length > judges.length - sameAsThat.length + 1;
  };
  const wrongHere = others.flatMap(({ differences }) => differences.filter(isOwnWrong));
  const own: ComparedCopy = {
    node: primary,
    checksum: checksumOf(ownFiles),
    result: wrongHere.length > 0 ? 'different' : 'same',
    differences: wrongHere,
    pending: [],
  };
  return [
    own,
    ...others.map(({ node, files, differences, pending }): ComparedCopy => {
      const wrong = differences.filter((difference) => !isOwnWrong(difference));
      const result = wrong.length > 0 ? 'different' : pending.length > 0 || files.length === 0 ? 'unknown' : 'same';
      return { node, checksum: checksumOf(files), result, differences: wrong, pending };
    }),
  ];
}

/** Sixteen hexadecimal digits: for people to see that two are the same. */
function checksumOf(files: readonly FileDigest[]): string {
  const hash = createHash('sha256');
  for (const { schema, tables } of [...files].sort((a, b) => (a.schema < b.schema ? -1 : 1)))
    for (const { table, digest } of tables) hash.update(`${schema}.${table} ${digest}\n`);
  return hash.digest('hex').slice(0, 16);
}
