import assert from 'node:assert/strict';
import { differenceOfRows, parseCsv } from '../../support/rows.js';

describe('differenceOfRows', () => {
  it('compares multisets regardless of order, and counts duplicates', () => {
    assert.equal(differenceOfRows([['1'], ['2'], ['2']], [['2'], ['1'], ['2']], { ordered: false }), undefined);
    assert.match(differenceOfRows([['1'], ['2'], ['2']], [['2'], ['1'], ['1']], { ordered: false }) ?? '', /expected \('2'\), got \('1'\)/);
    assert.match(differenceOfRows([['1'], ['2']], [['2']], { ordered: false }) ?? '', /missing, for example: \('1'\)/);
  });

  it('respects order where the statement fixes it', () => {
    assert.match(differenceOfRows([['1'], ['2']], [['2'], ['1']], { ordered: true }) ?? '', /row 1/);
  });

  it('takes numerics as text and floats with a tolerance', () => {
    assert.notEqual(differenceOfRows([['1.10']], [['1.1']], { ordered: true }), undefined);
    assert.equal(differenceOfRows([['0.30000000000000004']], [['0.3']], { ordered: true, floatColumns: new Set([0]) }), undefined);
    assert.notEqual(differenceOfRows([['0.3']], [['0.31']], { ordered: true, floatColumns: new Set([0]) }), undefined);
  });

  it('tells NULL from the empty string', () => {
    assert.notEqual(differenceOfRows([[null]], [['']], { ordered: false }), undefined);
  });
});

describe('parseCsv', () => {
  it('reads quotes, line breaks, NULLs and empty strings', () => {
    const { columns, rows } = parseCsv('a,b\n"x,""y""\nz",\n,""\n1,2\n');
    assert.deepEqual(columns, ['a', 'b']);
    assert.deepEqual(rows, [
      ['x,"y"\nz', null],
      [null, ''],
      ['1', '2'],
    ]);
  });
});
