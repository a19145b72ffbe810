import assert from 'node:assert/strict';
import * as numeric from '../../../src/types/numeric.js';
import { decimalToNumericText, isDecimalTypmod, numericKey, numericTextToDecimal, numericTypmodOf } from '../../../src/types/numeric-codec.js';
import { expNumeric, lnNumeric, logNumeric, powerNumeric, sqrtNumeric } from '../../../src/types/numeric-transcendental.js';
import { canonicalContext } from '../../../src/types/value.js';
import { attempt, compareKeys, hex, through, typeNamed } from './support.js';

type Binary = (left: numeric.Numeric, right: numeric.Numeric) => numeric.Numeric;
const n = numeric.parseNumeric;

function binary(operation: Binary, left: string, right: string): string {
  return attempt(() => numeric.formatNumeric(operation(n(left), n(right))));
}

describe('numeric', () => {
  it('reads and writes every form', () => {
    const cases = [
      ['1.10', '1.10'],
      [' +00012.50 ', '12.50'],
      ['.5', '0.5'],
      ['1.', '1'],
      ['-0', '0'],
      ['-0.0', '0.0'],
      ['1.5e3', '1500'],
      ['1e-5', '0.00001'],
      ['NaN', 'NaN'],
      ['-inf', '-Infinity'],
      ['', '22P02 invalid input syntax for type numeric: ""'],
      ['1 2', '22P02 invalid input syntax for type numeric: "1 2"'],
      ['0x1', '22P02 invalid input syntax for type numeric: "0x1"'],
      ['1e400000', '22003 value overflows numeric format'],
    ] as const;
    for (const [text, expected] of cases) assert.equal(through('numeric', text), expected, text);
  });

  it('adds, subtracts, multiplies and takes remainders exactly', () => {
    assert.equal(binary(numeric.addNumeric, '0.1', '0.20'), '0.30');
    assert.equal(binary(numeric.subtractNumeric, '1', '1.000'), '0.000');
    assert.equal(binary(numeric.multiplyNumeric, '99999999999999999999', '1.50'), '149999999999999999998.50');
    assert.equal(binary(numeric.moduloNumeric, '-7.5', '2'), '-1.5');
    assert.equal(binary(numeric.addNumeric, 'Infinity', '-Infinity'), 'NaN');
    assert.equal(binary(numeric.multiplyNumeric, 'Infinity', '0'), 'NaN');
    assert.equal(binary(numeric.moduloNumeric, '1', '0'), '22012 division by zero');
  });

  it('divides to the scale that PostgreSQL selects', () => {
    assert.equal(binary(numeric.divideNumeric, '1', '3'), '0.33333333333333333333');
    assert.equal(binary(numeric.divideNumeric, '10000', '3'), '3333.3333333333333333');
    assert.equal(binary(numeric.divideNumeric, '2', '3.000000000000000000000000'), '0.666666666666666666666667');
    assert.equal(binary(numeric.divideNumeric, '1', '0'), '22012 division by zero');
    assert.equal(binary(numeric.divideNumeric, '5', 'Infinity'), '0');
    assert.equal(binary(numeric.divideNumeric, 'NaN', '0'), 'NaN');
    assert.equal(binary(numeric.divideTruncNumeric, '-7', '2'), '-3');
  });

  it('computes roots, exponentials, logarithms and powers to the last digit', () => {
    const format = numeric.formatNumeric;
    assert.equal(format(sqrtNumeric(n('2'))), '1.414213562373095');
    assert.equal(format(expNumeric(n('1'))), '2.7182818284590452');
    assert.equal(format(lnNumeric(n('2'))), '0.6931471805599453');
    assert.equal(format(logNumeric(n('10'), n('1000'))), '3.0000000000000000');
    assert.equal(format(powerNumeric(n('2'), n('10'))), '1024.0000000000000000');
    assert.equal(format(powerNumeric(n('2'), n('0.5'))), '1.4142135623730950');
    assert.equal(
      attempt(() => format(sqrtNumeric(n('-1')))),
      '2201F cannot take square root of a negative number',
    );
    assert.equal(
      attempt(() => format(lnNumeric(n('0')))),
      '2201E cannot take logarithm of zero',
    );
    assert.equal(
      attempt(() => format(powerNumeric(n('0'), n('-1')))),
      '2201F zero raised to a negative power is undefined',
    );
    assert.equal(
      attempt(() => format(powerNumeric(n('-8'), n('0.5')))),
      '2201F a negative number raised to a non-integer power yields a complex result',
    );
  });

  it('rounds half away from zero, also before the point', () => {
    const format = numeric.formatNumeric;
    assert.equal(format(numeric.roundNumeric(n('2.5'))), '3');
    assert.equal(format(numeric.roundNumeric(n('-2.5'))), '-3');
    assert.equal(format(numeric.roundNumeric(n('1250'), -2)), '1300');
    assert.equal(format(numeric.truncNumeric(n('-1.29'), 1)), '-1.2');
    assert.equal(format(numeric.ceilNumeric(n('-1.5'))), '-1');
    assert.equal(format(numeric.floorNumeric(n('-1.5'))), '-2');
  });

  it('applies its modifier with the detail of an overflow', () => {
    const typmod = numericTypmodOf(4, 2);
    assert.equal(through('numeric', '12.345', typmod), '12.35');
    assert.equal(
      through('numeric', '99.999', typmod),
      '22003 numeric field overflow | A field with precision 4, scale 2 must round to an absolute value less than 10^2.',
    );
    assert.equal(through('numeric', 'inf', typmod), '22003 numeric field overflow | A field with precision 4, scale 2 cannot hold an infinite value.');
    assert.equal(
      through('numeric', '1', numericTypmodOf(2, 2)),
      '22003 numeric field overflow | A field with precision 2, scale 2 must round to an absolute value less than 1.',
    );
    assert.equal(through('numeric', '12345', numericTypmodOf(3, -2)), '12300');
  });

  it('has a decimal representation for columns of up to 18 digits', () => {
    assert.deepEqual(isDecimalTypmod(numericTypmodOf(18, 4)), { precision: 18, scale: 4 });
    assert.equal(isDecimalTypmod(numericTypmodOf(19, 0)), undefined);
    assert.equal(isDecimalTypmod(-1), undefined);
    assert.equal(decimalToNumericText(-5, 2), '-0.05');
    assert.equal(decimalToNumericText(12345n, 2), '123.45');
    assert.equal(numericTextToDecimal('123.45', 2), 12345);
    assert.equal(numericTextToDecimal('99999999999999.9999', 4), 999999999999999999n);
    assert.equal(numericTextToDecimal('NaN', 2), 'NaN');
    assert.equal(typeNamed('numeric').format(12345, numericTypmodOf(10, 2), canonicalContext), '123.45');
  });

  it('has keys in numeric order that ignore the scale', () => {
    const ordered = [
      '-Infinity',
      '-1e50',
      '-100',
      '-99.5',
      '-1.5',
      '-1.05',
      '-1',
      '-0.001',
      '-1e-70',
      '0',
      '1e-70',
      '0.01',
      '0.1',
      '1',
      '1.01',
      '2',
      '10',
      '99',
      '100',
      '1e30',
      '1e300',
      'Infinity',
      'NaN',
    ];
    for (let at = 1; at < ordered.length; at++) {
      assert.ok(compareKeys(numericKey(ordered[at - 1] as string), numericKey(ordered[at] as string)) < 0, `${ordered[at - 1]} < ${ordered[at]}`);
    }
    assert.deepEqual(numericKey('1.10'), numericKey('1.1'));
    assert.deepEqual(numericKey('-0.0'), numericKey(0));
  });

  it('converts floats by 15 digits', () => {
    assert.equal(numeric.formatNumeric(numeric.numberToNumeric(0.1)), '0.1');
    assert.equal(numeric.formatNumeric(numeric.numberToNumeric(5206105105105105)), '5206105105105100');
    assert.equal(numeric.formatNumeric(numeric.numberToNumeric(1e-7)), '0.0000001');
    assert.equal(numeric.numericToNumber(n('1.5e-10')), 1.5e-10);
  });

  it('has the binary form of numeric_send', () => {
    const type = typeNamed('numeric');
    const cases = [
      ['12345.678', '0003000100000003000109291a7c'],
      ['-0.00010', '0001ffff400000050001'],
      ['0.00', '0000000000000002'],
      ['NaN', '00000000c0000000'],
    ] as const;
    for (const [text, bytes] of cases) {
      assert.equal(hex(type.encodeBinary(text, -1, canonicalContext)), bytes);
      assert.equal(type.decodeBinary(Buffer.from(bytes, 'hex'), -1, canonicalContext), text);
    }
  });
});
