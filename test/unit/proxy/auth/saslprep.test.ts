import assert from 'node:assert/strict';
import { saslPrepare } from '../../../../src/proxy/auth/saslprep.js';

describe('SASLprep', () => {
  it('maps, normalises, and leaves what it may not prepare', () => {
    for (const [password, prepared] of [
      ['plain \u0007', 'plain \u0007'],
      ['I\u00adX', 'IX'],
      ['\u00aa', 'a'],
      ['\u2168', 'IX'],
      ['a\u00a0b', 'a b'],
      ['é\u0007', 'é\u0007'],
      ['\u00ad', '\u00ad'],
      ['\u0627\u0031', '\u0627\u0031'],
      ['\u0627a\u0628', '\u0627a\u0628'],
      ['\ufb01\u0301', 'f\u00ed'],
      ['x\ue000\u2168', 'x\ue000\u2168'],
    ] as const) {
      assert.equal(saslPrepare(password), prepared);
    }
  });
});
