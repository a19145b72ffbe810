import assert from 'node:assert/strict';
import { type CopyFindings, judgeCopies } from '../../../../src/cluster/replication/compare-copies.js';
import { compareDigests, type FileDigest } from '../../../../src/storage/integrity/table-digest.js';

const file = (digest: string, lsn = 7): FileDigest => ({ schema: 'g1_0000', lsn, tables: [{ table: 't1', rows: 3, digest }] });

function found(node: string, primary: FileDigest, theirs: FileDigest): CopyFindings {
  return { node, files: [theirs], damage: undefined, ...compareDigests([primary], [theirs]) };
}

const results = (primary: FileDigest, ...others: readonly FileDigest[]): readonly string[] =>
  judgeCopies(
    { node: 'p', files: [primary], damage: undefined },
    others.map((other, at) => found(`f${String(at)}`, primary, other)),
  ).map(({ result }) => result);

describe('a comparison of copies', () => {
  it('finds copies of one content the same', () => {
    assert.deepEqual(results(file('a'), file('a'), file('a')), ['same', 'same', 'same']);
    const [own, other] = judgeCopies({ node: 'p', files: [file('a')], damage: undefined }, [found('f', file('a'), file('a'))]);
    assert.equal(own?.checksum, other?.checksum);
  });

  it('takes the primary for right where nobody else can tell', () => {
    assert.deepEqual(results(file('a'), file('b')), ['same', 'different']);
    assert.deepEqual(results(file('a'), file('b'), file('c')), ['same', 'different', 'different']);
    assert.deepEqual(results(file('a'), file('b'), file('a')), ['same', 'different', 'same']);
  });

  it('finds the primary wrong that stands alone against two who agree', () => {
    assert.deepEqual(results(file('a'), file('b'), file('b')), ['different', 'same', 'same']);
  });

  it("names copies that cannot be read, the primary's own among them", () => {
    const damaged = { node: 'f', files: [], differences: [], pending: ['g1_0000'], damage: 'page 7' };
    const here = { node: 'p', files: [file('a')], damage: undefined };
    assert.deepEqual(
      judgeCopies(here, [damaged, found('g', file('a'), file('a'))]).map(({ result, reason }) => [result, reason]),
      [
        ['same', undefined],
        ['damaged', 'page 7'],
        ['same', undefined],
      ],
    );
    const sound = { node: 'f', files: [file('a')], differences: [], pending: [], damage: undefined };
    assert.deepEqual(
      judgeCopies({ node: 'p', files: [], damage: 'page 1' }, [sound]).map(({ result }) => result),
      ['damaged', 'unknown'],
    );
  });

  it('says nothing about copies at other records', () => {
    assert.deepEqual(results(file('a'), file('b', 8)), ['same', 'unknown']);
  });
});
