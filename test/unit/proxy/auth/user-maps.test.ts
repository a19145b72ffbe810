/** Maps from the names of certificates to roles. */
import assert from 'node:assert/strict';
import { isMapped, parseUserMaps } from '../../../../src/proxy/auth/user-maps.js';

describe('maps of user names', () => {
  const { mappings, errors } = parseUserMaps(`
# a comment
staff   ann@example.org   ann     # another
staff   "bob smith"       bob
staff   /^(.*)@example\\.com$   \\1
staff   /^admin   postgres
other   ann   carl
`);

  it('are read from lines as in pg_ident.conf', () => {
    assert.deepEqual(errors, []);
    assert.deepEqual(
      mappings.map(({ line, map, role }) => [line, map, role]),
      [
        [3, 'staff', 'ann'],
        [4, 'staff', 'bob'],
        [5, 'staff', '\\1'],
        [6, 'staff', 'postgres'],
        [7, 'other', 'carl'],
      ],
    );
  });

  it('say which names may be which roles', () => {
    const cases: readonly (readonly [string | undefined, string, string, boolean])[] = [
      [undefined, 'ann', 'ann', true],
      [undefined, 'ann', 'bob', false],
      ['staff', 'ann@example.org', 'ann', true],
      ['staff', 'ann', 'ann', false],
      ['staff', 'bob smith', 'bob', true],
      ['staff', 'zoe@example.com', 'zoe', true],
      ['staff', 'zoe@example.com', 'ann', false],
      ['staff', 'zoe@example.community', 'zoe', false],
      ['staff', 'administrator', 'postgres', true],
      ['staff', 'the administrator', 'postgres', false],
      ['other', 'ann', 'carl', true],
      ['nowhere', 'ann', 'ann', false],
    ];
    for (const [map, name, role, expected] of cases) assert.equal(isMapped(mappings, map, name, role), expected, `${String(map)}: ${name} as ${role}`);
  });

  it('refuse lines that are none', () => {
    assert.deepEqual(
      parseUserMaps('a b\nc /( d\ne f,g h').errors.map(({ line, error }) => [line, error.replace(/:.*/, '')]),
      [
        [1, 'missing entry at end of line'],
        [2, 'invalid regular expression "("'],
        [3, 'multiple values in ident field'],
      ],
    );
  });
});
