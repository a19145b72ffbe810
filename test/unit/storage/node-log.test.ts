import { deepEqual, equal, throws } from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchBytes, batchHeaderBytes } from '../../../src/storage/log/batch.js';
import { NodeLog, writeLogOrigin } from '../../../src/storage/log/node-log.js';

describe('the node log', () => {
  let directory: string;
  const segmentBytes = 64 * 1024;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-log-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const record = (number: number, bytes = 100): Uint8Array => Buffer.alloc(bytes, number);
  function open(): { readonly log: NodeLog; readonly seen: (readonly [lsn: number, first: number, length: number])[] } {
    const seen: (readonly [number, number, number])[] = [];
    const log = NodeLog.open(directory, { segmentBytes }, (entry) => seen.push([entry.lsn, entry.bytes[0] ?? -1, entry.bytes.length]));
    return { log, seen };
  }
  const segments = (): readonly string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .sort();

  async function write(log: NodeLog, count: number, bytes = 100): Promise<void> {
    for (let number = 0; number < count; number++) {
      log.append([record(number, bytes), record(number + 1, bytes)]);
      await log.sync();
    }
  }

  it('gives back what was appended, over several segments', async () => {
    const { log } = open();
    await write(log, 50, 3000);
    log.close();
    equal(segments().length > 3, true);
    const again = open();
    equal(again.seen.length, 100);
    deepEqual(again.seen[2], [3, 1, 3000]);
    equal(again.log.nextLsn, 101);
    again.log.append([record(7)]);
    again.log.close();
    deepEqual(open().seen.at(-1), [101, 7, 100]);
  });

  it('takes a record larger than a segment', async () => {
    const { log } = open();
    await write(log, 1);
    await write(log, 1, segmentBytes * 2);
    await write(log, 1);
    log.close();
    deepEqual(
      open().seen.map(([, , length]) => length),
      [100, 100, segmentBytes * 2, segmentBytes * 2, 100, 100],
    );
  });

  it('drops a torn last batch, wherever it is torn', async () => {
    const { log } = open();
    await write(log, 5);
    log.close();
    const path = join(directory, segments()[0] as string);
    const whole = readFileSync(path);
    const size = batchBytes([record(0), record(1)]);
    for (let cut = 1; cut < size; cut += 13) {
      const torn = Buffer.from(whole);
      torn.fill(0, 4 * size + cut);
      if (torn.subarray(4 * size).equals(whole.subarray(4 * size))) continue;
      writeFileSync(path, torn);
      const again = open();
      equal(again.seen.length, 8, `torn at ${String(cut)}`);
      equal(again.log.nextLsn, 9);
      again.log.close();
    }
    const { log: last, seen } = open();
    last.append([record(9)]);
    last.close();
    equal(seen.length, 8);
    deepEqual(open().seen.at(-1), [9, 9, 100]);
  });

  it('calls a valid batch behind a damaged one corruption', async () => {
    const { log } = open();
    await write(log, 5);
    log.close();
    const path = join(directory, segments()[0] as string);
    const bytes = readFileSync(path);
    const size = batchBytes([record(0), record(1)]);
    bytes.writeUInt8(bytes.readUInt8(size * 2 + batchHeaderBytes + 50) ^ 1, size * 2 + batchHeaderBytes + 50);
    writeFileSync(path, bytes);
    throws(open, { code: 'XX001' });
  });

  it('calls a missing or cut segment corruption', async () => {
    const { log } = open();
    await write(log, 60, 3000);
    log.close();
    const [, second] = segments();
    const bytes = readFileSync(join(directory, second as string));
    bytes.fill(0, 100);
    writeFileSync(join(directory, second as string), bytes);
    throws(open, { code: 'XX001' });
    rmSync(join(directory, second as string));
    throws(open, { code: 'XX001' });
  });

  it('drops segments whose records are all applied, and writes them again', async () => {
    const { log } = open();
    await write(log, 60, 3000);
    const before = segments();
    log.trim(log.nextLsn);
    equal(segments().length, 1);
    equal(segments()[0], before.at(-1));
    await write(log, 60, 3000);
    log.close();
    const again = open();
    equal(again.log.nextLsn, 241);
    equal(again.seen.at(-1)?.[0], 240);
  });

  it('ends the process when a sync fails, and acknowledges nothing', () => {
    const panics: unknown[] = [];
    const log = NodeLog.open(directory, { segmentBytes, fatal: (error) => panics.push(error) }, () => undefined);
    log.append([record(1)]);
    const inside = log as unknown as { descriptor: number };
    const { descriptor } = inside;
    inside.descriptor = 1_000_000; // not open: EBADF
    throws(() => log.sync(), { code: 'EBADF' });
    equal(panics.length, 1);
    inside.descriptor = descriptor;
    log.close();
  });

  describe('with replicas', () => {
    let other: string;
    beforeEach(() => {
      other = mkdtempSync(join(tmpdir(), 'shoal-log-'));
    });
    afterEach(() => rmSync(other, { recursive: true, force: true }));
    const openOther = (): NodeLog => NodeLog.open(other, { segmentBytes }, () => undefined);

    /** A log of three epochs, over several segments. */
    async function threeEpochs(log: NodeLog): Promise<Buffer[]> {
      const batches: Buffer[] = [];
      for (const epoch of [1, 2, 4]) {
        log.epoch = epoch;
        for (let at = 0; at < 20; at++) batches.push(log.write([record(epoch, 2000), record(at)]).bytes);
        await log.sync();
      }
      return batches;
    }

    it('takes the batches of another node byte for byte, and knows the epochs after a restart', async () => {
      const { log } = open();
      const batches = await threeEpochs(log);
      const copy = openOther();
      for (const bytes of batches) copy.appendBatch(bytes);
      await copy.sync();
      const expected = [
        { epoch: 1, firstLsn: 1 },
        { epoch: 2, firstLsn: 41 },
        { epoch: 4, firstLsn: 81 },
      ];
      deepEqual([copy.epochs, copy.end, copy.base, copy.syncedLsn], [expected, { epoch: 4, lsn: 120 }, { epoch: 0, lsn: 0 }, 120]);
      copy.close();
      const again = openOther();
      deepEqual([again.epochs, again.end, again.base, again.syncedLsn], [expected, { epoch: 4, lsn: 120 }, { epoch: 0, lsn: 0 }, 120]);
      deepEqual(
        readdirSync(other).map((name) => readFileSync(join(other, name)).equals(readFileSync(join(directory, name)))),
        readdirSync(other).map(() => true),
      );
    });

    it('refuses a batch that does not continue it', async () => {
      const { log } = open();
      const [first, second] = await threeEpochs(log);
      const copy = openOther();
      throws(() => copy.appendBatch(second as Buffer), /does not continue/);
      copy.appendBatch(first as Buffer);
      throws(() => copy.appendBatch(first as Buffer), /does not continue/);
    });

    it('removes what was never committed, and goes on behind it', async () => {
      const { log } = open();
      await threeEpochs(log);
      log.truncateAfter(60);
      deepEqual(
        [log.end, log.epochs, log.syncedLsn],
        [
          { epoch: 2, lsn: 60 },
          [
            { epoch: 1, firstLsn: 1 },
            { epoch: 2, firstLsn: 41 },
          ],
          60,
        ],
      );
      log.epoch = 5;
      log.append([record(9)]);
      await log.sync();
      log.close();
      const again = open();
      deepEqual([again.log.end, again.seen.length], [{ epoch: 5, lsn: 61 }, 61]);
    });

    it('removes everything', async () => {
      const { log } = open();
      await threeEpochs(log);
      log.truncateAfter(0);
      deepEqual([log.end, log.nextLsn], [{ epoch: 0, lsn: 0 }, 1]);
      log.append([record(9)]);
      log.close();
      deepEqual(open().seen, [[1, 9, 100]]);
    });

    it('finishes a removal that a crash has cut short', async () => {
      const { log } = open();
      await threeEpochs(log);
      log.close();
      // (What it writes first: batch 31 is the one behind record 60.)
      writeFileSync(join(directory, 'truncation.json'), JSON.stringify({ sequence: 31 }));
      const again = open();
      deepEqual([again.log.end, again.seen.length], [{ epoch: 2, lsn: 60 }, 60]);
      again.log.close();
      deepEqual(open().log.end, { epoch: 2, lsn: 60 });
    });

    it('begins where a copy of the files does', async () => {
      const { log } = open();
      await threeEpochs(log);
      const origin = log.originHere;
      log.epoch = 7;
      const { bytes } = log.write([record(3)]);
      writeLogOrigin(other, origin);
      const empty = openOther();
      equal(empty.isBlank, false);
      deepEqual(
        [empty.base, empty.end],
        [
          { epoch: 4, lsn: 120 },
          { epoch: 4, lsn: 120 },
        ],
      );
      empty.appendBatch(bytes);
      empty.close();
      const again = openOther();
      deepEqual(
        [again.base, again.end],
        [
          { epoch: 4, lsn: 120 },
          { epoch: 7, lsn: 121 },
        ],
      );
    });

    it('knows the epoch before its first batch when older ones are gone', async () => {
      const { log } = open();
      await threeEpochs(log);
      log.trim(90);
      const { base } = log;
      equal(base.lsn > 40 && base.lsn < 90, true);
      log.close();
      deepEqual(open().log.base, base);
    });
  });
});
