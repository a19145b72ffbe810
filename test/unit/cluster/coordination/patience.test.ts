/** Asking a store that may be away. */
import { equal, rejects } from 'node:assert/strict';
import { patiently } from '../../../../src/cluster/coordination/patience.js';
import { StoreError, type StoreErrorKind } from '../../../../src/cluster/coordination/store.js';
import type { Clock } from '../../../../src/common/clock.js';

/** Every wait is over at once. */
class HastyClock {
  now = 0;
  monotonicMs(): number {
    return this.now;
  }
  after(milliseconds: number, done: () => void): { cancel(): void } {
    this.now += milliseconds;
    queueMicrotask(done);
    return { cancel: () => undefined };
  }
}

describe('patience with the coordination store', () => {
  let asked: number;
  const fails =
    (times: number, kind: StoreErrorKind): (() => Promise<string>) =>
    async () => {
      if (++asked <= times) throw new StoreError(kind, 'no answer within the deadline');
      return await Promise.resolve('the answer');
    };
  beforeEach(() => {
    asked = 0;
  });

  it('asks again while the store is away', async () => {
    equal(await patiently(new HastyClock() as unknown as Clock, fails(5, 'unavailable')), 'the answer');
    equal(asked, 6);
  });

  it('takes a refusal for what it is, and gives up after a minute', async () => {
    await rejects(patiently(new HastyClock() as unknown as Clock, fails(1, 'refused')), /no answer/);
    equal(asked, 1);
    const clock = new HastyClock();
    await rejects(patiently(clock as unknown as Clock, fails(Infinity, 'unknown-outcome')), /no answer/);
    equal(clock.now > 60_000 && clock.now < 61_000, true);
  });
});
