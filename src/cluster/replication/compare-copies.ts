/**
 * What a comparison of copies says: which of them hold something else than the others, or cannot be read. Pure; the digests (storage/integrity/table-digest) were taken on their nodes. Called by
 * proxy/node-replicas on the primary's node.
 */
import { createHash } from 'node:crypto';
import type { CopyDifference, FileDigest } from '../../storage/integrity/table-digest.js';

/** A copy that was looked at. */
export interface ComparedCopy {
  readonly node: string;
  /** Over all its files, at the records at which they were looked at; undefined: none could be read. */
  readonly checksum: string | undefined;
  /**
   * same: as most, or as the primary's. different: it is wrong. damaged: its files cannot be read. unknown: some of its files were never at the record at which the primary's were,
   * it did not answer, or there is nothing to compare it with.
   */
  readonly result: 'same' | 'different' | 'damaged' | 'unknown';
  /** What is wrong with a copy that is different or damaged. */
  readonly reason: string | undefined;
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
  /** Why its files cannot be read. */
  readonly damage: string | undefined;
}

/** The primary's own copy. */
export interface OwnFindings {
  readonly node: string;
  readonly files: readonly FileDigest[];
  readonly damage: string | undefined;
}

/**
 * The primary's copy is taken for right, unless two others at least agree with each other about a table and not with it: then it is the one that is wrong there.
 */
export function judgeCopies(primary: OwnFindings, others: readonly CopyFindings[]): readonly ComparedCopy[] {
  const isOwnWrong = (difference: CopyDifference): boolean => {
    const judges = others.filter((other) => !other.pending.includes(difference.schema));
    const sameAsThat = judges.filter((other) =>
      other.differences.some(
        (each) => each.schema === difference.schema && each.table === difference.table && each.theirs?.digest === difference.theirs?.digest,
      ),
    );
    return sameAsThat.length >= 2 && sameAsThat.length > judges.length - sameAsThat.length + 1;
  };
  /** There is nothing to compare the others with. */
  const isBlind = primary.damage !== undefined;
  const wrongHere = others.flatMap(({ differences }) => differences.filter(isOwnWrong));
  const own: ComparedCopy = {
    node: primary.node,
    checksum: checksumOf(primary.files),
    ...judged(wrongHere, primary.damage, false),
    pending: [],
  };
  return [
    own,
    ...others.map(({ node, files, differences, pending, damage }): ComparedCopy => {
      const wrong = differences.filter((difference) => !isOwnWrong(difference));
      return { node, checksum: checksumOf(files), ...judged(wrong, damage, isBlind || pending.length > 0 || files.length === 0), pending };
    }),
  ];
}

function judged(
  differences: readonly CopyDifference[],
  damage: string | undefined,
  isUnknown: boolean,
): Pick<ComparedCopy, 'result' | 'reason' | 'differences'> {
  if (damage !== undefined) return { result: 'damaged', reason: damage, differences };
  if (differences.length === 0) return { result: isUnknown ? 'unknown' : 'same', reason: undefined, differences };
  const tables = differences.map(({ schema, table, lsn }) => `${schema}.${table} at record ${String(lsn)}`);
  return { result: 'different', reason: `it holds something else than it should: ${tables.join(', ')}`, differences };
}

/** Sixteen hexadecimal digits: for people to see that two are the same. */
function checksumOf(files: readonly FileDigest[]): string | undefined {
  if (files.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const { schema, tables } of [...files].sort((a, b) => (a.schema < b.schema ? -1 : 1)))
    for (const { table, digest } of tables) hash.update(`${schema}.${table} ${digest}\n`);
  return hash.digest('hex').slice(0, 16);
}
