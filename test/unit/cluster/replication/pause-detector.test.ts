/** A process that was stopped is told from one that is slow. */
import { deepEqual } from 'node:assert/strict';
import { PauseDetector } from '../../../../src/cluster/replication/pause-detector.js';

describe('the pause detector of a replica', () => {
  const looks = (...at: readonly number[]): readonly boolean[] => {
    const pauses = new PauseDetector(0, 750);
    return at.map((now) => pauses.wasPaused(now));
  };

  it('notices a look that comes far too late', () => {
    deepEqual(looks(250, 500, 20_500, 20_750), [false, false, true, false]);
  });

  it('takes a process whose looks are late one after the other for slow: or it would never judge anybody silent', () => {
    deepEqual(looks(250, 1250, 2250, 3250, 3500, 5500), [false, true, false, false, false, true]);
  });
});
