import assert from 'node:assert/strict';
import { longNames } from '../../../src/sql/long-names.js';

describe('names that are too long', () => {
  const long = 'n'.repeat(64);
  const names = (text: string, end?: number): readonly string[] => longNames(text, end).map(({ name }) => name);

  it('are found in their order, folded, quoted or not', () => {
    assert.deepEqual(names(`SELECT ${long.toUpperCase()}, "${'Q""'.repeat(40)}" FROM u.${long}2`), [long, 'Q"'.repeat(40), `${long}2`]);
    assert.deepEqual(names(`SELECT U&"${'u'.repeat(63)}\\0061\\+000062\\\\"`), [`${'u'.repeat(63)}ab\\`]);
    assert.deepEqual(names('n'.repeat(63)), []);
  });

  it('are cut between characters', () => {
    assert.deepEqual(longNames(`SELECT ${'é'.repeat(32)}`), [{ name: 'é'.repeat(32), cut: 'é'.repeat(31) }]);
    assert.deepEqual(longNames(`SELECT "${'🐟'.repeat(16)}"`), [{ name: '🐟'.repeat(16), cut: '🐟'.repeat(15) }]);
  });

  it('are not looked for in strings, comments and beyond an error', () => {
    assert.deepEqual(names(`SELECT '${long}', E'\\'${long}', $$${long}$$, $${long}$x$${long}$ /* ${long} /* */ ${long} */ -- ${long}`), []);
    assert.deepEqual(names(`SELECT ${long} ${long}`, 20), [long]);
  });
});
