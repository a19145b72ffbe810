/** Holds on the position of a copy's files: where they stop, where they go on to, and that statements which come one upon another do not hold them for ever. */
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { PositionHolds } from '../../../src/storage/replica/position-holds.js';

/** A copy whose files go to `target` as far as they may. */
class Copy {
  lsn = 0;
  target = 0;
  readonly position = new PositionHolds(
    () => this.lsn,
    () => this.move(),
  );

  commit(lsn: number): void {
    this.target = lsn;
    this.move();
  }

  private move(): void {
    const next = Math.min(this.target, this.position.limit);
    if (next <= this.lsn) return;
    this.lsn = next;
    this.position.applied();
  }
}

describe('holds on the position of a copy', () => {
  it('keep the files where they are, take them to one record and let them go', async () => {
    const copy = new Copy();
    copy.commit(5);
    const { hold, lsn } = await copy.position.holdPosition(null);
    equal(lsn, 5);
    copy.commit(9);
    equal(copy.lsn, 5);
    await copy.position.advancePosition({ hold, lsn: 7 });
    equal(copy.lsn, 7);
    copy.position.releasePosition({ hold });
    equal(copy.lsn, 9);
  });

  it('wait for what has not come yet', async () => {
    const copy = new Copy();
    const { hold } = await copy.position.holdPosition(null);
    let reached = false;
    const reaching = copy.position.advancePosition({ hold, lsn: 3 }).then(() => (reached = true));
    await turn();
    equal(reached, false);
    copy.commit(8);
    await reaching;
    equal(copy.lsn, 3);
  });

  it('refuse a record that the files are beyond', async () => {
    const copy = new Copy();
    copy.commit(5);
    const { hold } = await copy.position.holdPosition(null);
    await rejects(copy.position.advancePosition({ hold, lsn: 4 }), { code: 'SH004' });
    copy.commit(6);
    equal(copy.lsn, 6);
  });

  it('let nobody in while one that knows its record waits for another that does not, and all of them in the end', async () => {
    const copy = new Copy();
    copy.commit(1);
    const first = await copy.position.holdPosition(null);
    const second = await copy.position.holdPosition(null);
    copy.commit(10);
    const order: string[] = [];
    const advanced = copy.position.advancePosition({ hold: first.hold, lsn: 6 }).then(() => order.push('first'));
    const third = copy.position.holdPosition(null).then((answer) => {
      order.push('third');
      return answer;
    });
    await turn();
    deepEqual(order, []);
    await copy.position.advancePosition({ hold: second.hold, lsn: 4 });
    equal(copy.lsn, 4);
    copy.position.releasePosition(second);
    await Promise.all([advanced, third]);
    deepEqual(order, ['first', 'third']);
    equal((await third).lsn, 6);
    copy.position.releasePosition(first);
    equal(copy.lsn, 6);
    copy.position.releasePosition(await third);
    equal(copy.lsn, 10);
  });

  it('end with the copy', async () => {
    const copy = new Copy();
    const { hold } = await copy.position.holdPosition(null);
    const waiting = rejects(copy.position.advancePosition({ hold, lsn: 3 }), { code: 'SH004' });
    copy.position.close();
    await waiting;
    await rejects(copy.position.holdPosition(null), { code: 'SH004' });
  });
});
