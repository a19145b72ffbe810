import { equal } from 'node:assert/strict';
import { type FieldReader, fieldReader, RawText } from '../../../../src/proxy/copy/field-readers.js';
import { numericTextToDecimal } from '../../../../src/types/numeric-codec.js';
import { Oid } from '../../../../src/types/oid.js';
import { requireType } from '../../../../src/types/registry.js';
import { canonicalContext } from '../../../../src/types/value.js';
import { Random } from '../../../support/random.js';

/** numeric(10,2) */
const numericTypmod = ((10 << 16) | 2) + 4;

function read(reader: FieldReader, text: string): ReturnType<FieldReader> {
  const bytes = Buffer.from(`<${text}>`);
  return reader(bytes, 1, bytes.length - 1);
}

describe("COPY's short cuts", () => {
  const fields: readonly (readonly [name: string, oid: number, typmod: number, alphabet: string, samples: readonly string[]])[] = [
    ['int2', Oid.int2, -1, '-0123456789+ ', ['32767', '32768', '-32768', '-32769', '', '-', '007', '-0', '1e3', ' 1']],
    ['int4', Oid.int4, -1, '-0123456789+ ', ['2147483647', '2147483648', '-2147483648', '-2147483649', '0x10', '1_000']],
    ['int8', Oid.int8, -1, '-0123456789', ['9223372036854775807', '999999999999999', '-999999999999999', '1000000000000000']],
    [
      'numeric(10,2)',
      Oid.numeric,
      numericTypmod,
      '-0123456789.',
      ['1', '1.5', '.5', '5.', '-0.00', '99999999.99', '100000000', '1.005', '1e2', 'NaN', '-.5', '.', '1.2.3', '-1.10'],
    ],
    ['bool', Oid.bool, -1, 'tfyn01', ['t', 'f', 'true', 'T', '1', '']],
    [
      'date',
      Oid.date,
      -1,
      '0123-',
      ['2024-02-29', '2023-02-29', '2000-01-01', '1999-12-31', '0001-01-01', '0000-01-01', '2024-1-1', '2024-13-01', '9999-12-31', 'infinity', '2024-04-31'],
    ],
    [
      'timestamp',
      Oid.timestamp,
      -1,
      '0123: -',
      [
        '2024-02-29 12:34:56',
        '2024-02-29 12:34:56.7',
        '2024-02-29 12:34:56.789012',
        '2024-02-29 12:34:60',
        '2024-02-29 24:00:00',
        '1969-12-31 23:59:59.999999',
        '2024-02-29T12:34:56',
        '2024-02-29 12:34:56.',
      ],
    ],
    ['varchar(4)', Oid.varchar, 8, 'abé ', ['', 'abcd', 'abcde', 'éé', 'ééé', 'abcd ']],
    ['char(4)', Oid.bpchar, 8, 'abé ', ['', 'abcd', 'abcde', 'éé', 'ab  ', 'abcd  ']],
    ['text', Oid.text, -1, 'abé ', ['', 'x', 'é'.repeat(100)]],
  ];
  for (const [name, oid, typmod, alphabet, samples] of fields) {
    it(`read ${name} as the type's input does, or not at all`, () => {
      const reader = fieldReader(oid, typmod);
      if (reader === undefined) throw new Error('no reader');
      const type = requireType(oid);
      const random = new Random(7);
      const generated = Array.from({ length: 500 }, () =>
        Array.from({ length: random.int(0, 13) }, () => alphabet.charAt(random.int(0, alphabet.length - 1))).join(''),
      );
      let taken = 0;
      for (const text of [...samples, ...generated]) {
        const value = read(reader, text);
        if (value === undefined) continue;
        taken++;
        const parsed = type.parse(text, typmod, canonicalContext);
        const expected = oid === Oid.numeric ? numericTextToDecimal(String(parsed), 2) : parsed;
        equal(value instanceof RawText ? text.padEnd(value.width) : String(value), String(expected), text);
      }
      equal(taken > 1, true);
    });
  }
});
