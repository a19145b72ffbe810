import assert from 'node:assert/strict';
import { RowReader, RowWriter } from '../../../src/types/row-codec.js';
import type { SqlValue } from '../../../src/types/value.js';

function roundTrip(rows: readonly (readonly SqlValue[])[]): SqlValue[][] {
  const writer = new RowWriter(8);
  for (const row of rows) writer.row(row);
  assert.equal(writer.rowCount, rows.length);
  return [...new RowReader(writer.finish())];
}

describe('the row codec', () => {
  it('gives back every kind of value', () => {
    const rows: SqlValue[][] = [
      [null, 0, -16, 143, 144, -17, 127, -128, 128, -129, 32767, -32768, 32768, 2147483647, -2147483648, 2147483648, -2147483649],
      [2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n, 1.5, -0, Infinity, -Infinity, 1e300, 5e-324],
      ['', 'abc', 'x'.repeat(63), 'x'.repeat(64), 'größe', '😀'.repeat(100), 'y'.repeat(100_000), 'NaN'],
      [new Uint8Array(0), Uint8Array.of(1, 2, 3)],
      [],
    ];
    assert.deepEqual(roundTrip(rows), rows);
  });

  it('gives small integers as numbers, whatever they were', () => {
    assert.deepEqual(roundTrip([[5n, -(2n ** 52n)]]), [[5, -(2 ** 52)]]);
  });

  it('finishes into an ArrayBuffer of its own and starts anew', () => {
    const writer = new RowWriter();
    writer.row(['a']);
    const bytes = writer.finish();
    assert.equal(bytes.byteLength, bytes.buffer.byteLength);
    assert.equal(writer.byteLength, 0);
    assert.equal(writer.rowCount, 0);
  });

  it('takes texts from bytes, with blanks up to a width', () => {
    const writer = new RowWriter(8);
    const bytes = Buffer.from('<größe>');
    const widths = [0, 3, 20, 100];
    for (const width of widths) {
      writer.beginRow(3);
      writer.utf8(bytes, 1, bytes.length - 1, width);
      writer.utf8(bytes, 1, 3, width);
      writer.utf8(bytes, 1, 1, width);
    }
    const texts = (width: number): string[] => [`größe${' '.repeat(Math.max(0, width - 7))}`, 'gr'.padEnd(width), ' '.repeat(width)];
    assert.deepEqual([...new RowReader(writer.finish())], widths.map(texts));
  });

  it('reads row by row into one array', () => {
    const writer = new RowWriter();
    for (let n = 0; n < 100; n++) writer.row([n, `row ${n}`]);
    const reader = new RowReader(writer.finish());
    let count = 0;
    while (reader.next()) {
      assert.deepEqual(reader.values, [count, `row ${count}`]);
      count++;
    }
    assert.equal(count, 100);
  });

  it('notices damaged bytes', () => {
    assert.throws(() => new RowReader(Uint8Array.of(1, 9)).next(), /damaged/);
    assert.throws(() => new RowReader(Uint8Array.of(255)).next(), /end inside a row/);
  });
});
