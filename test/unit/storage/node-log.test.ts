import { deepEqual, equal, throws } from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchBytes, batchHeaderBytes } from '../../../src/storage/log/batch.js';
import { NodeLog } from '../../../src/storage/log/node-log.js';

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
});
