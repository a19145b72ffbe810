import assert from 'node:assert/strict';
import type { Option } from '../../../../src/sql/ast.js';
import { type CopyOutcome, formatCopy, option, parseCopy } from './copy-fixture.js';

const columns = ['a', 'b', 'c'];
const csv = option('format', 'csv');

/** What PostgreSQL 15 answers to the same COPY t FROM STDIN. */
const cases: readonly (readonly [what: string, options: readonly Option[], data: string | Buffer, outcome: CopyOutcome])[] = [
  [
    'rows',
    [],
    'a\tb\tc\n1\t2\t3\n',
    [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
    ],
  ],
  ['a last line without its end', [], 'a\tb\tc', [['a', 'b', 'c']]],
  ['nothing', [], '', []],
  [
    'carriage returns',
    [],
    'a\tb\tc\r1\t2\t3\r',
    [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
    ],
  ],
  [
    'carriage returns and newlines',
    [],
    'a\tb\tc\r\n1\t2\t3\r\n',
    [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
    ],
  ],
  [
    'nulls and escapes',
    [],
    'a\tb\t\\N\n\\N\t\\x41\\101\\x\\q\t\\\\N\n',
    [
      ['a', 'b', null],
      [null, 'AAxq', '\\N'],
    ],
  ],
  ['bytes by escapes', [], 'a\tb\t\\xc3\\xa9\n', [['a', 'b', 'é']]],
  ['escaped line ends and delimiters', [], 'a\tb\\\nc\td\\\te\n', [['a', 'b\nc', 'd\te']]],
  ['the end marker', [], 'a\tb\tc\n\\.\nxxx\n', [['a', 'b', 'c']]],
  ['a header', [option('header', 'true')], 'x\n1\t2\t3\n', [['1', '2', '3']]],
  ['another delimiter and null', [option('delimiter', '|'), option('null', '-')], '-|é|\n', [[null, 'é', '']]],
  ['too few fields', [], 'a\tb\n', { code: '22P04', message: 'missing data for column "c"', where: 'COPY t, line 1: "a\tb"' }],
  ['too many fields', [], 'a\tb\tc\td\n', { code: '22P04', message: 'extra data after last expected column', where: 'COPY t, line 1: "a\tb\tc\td"' }],
  ['an empty line', [], '\n', { code: '22P04', message: 'missing data for column "b"', where: 'COPY t, line 1: ""' }],
  [
    'a newline among carriage returns',
    [],
    'a\tb\tc\r\n1\t2\t3\n',
    { code: '22P04', message: 'literal newline found in data', hint: 'Use "\\n" to represent newline.', where: 'COPY t, line 2' },
  ],
  [
    'a carriage return in data',
    [],
    'a\tb\tc\n1\t2\rx\t3\n',
    { code: '22P04', message: 'literal carriage return found in data', hint: 'Use "\\r" to represent carriage return.', where: 'COPY t, line 2' },
  ],
  ['a corrupt end marker', [], 'a\tb\tc\n\\.x\n', { code: '22P04', message: 'end-of-copy marker corrupt', where: 'COPY t, line 2' }],
  [
    'an end marker of another style',
    [],
    'a\tb\tc\r\n\\.\n',
    { code: '22P04', message: 'end-of-copy marker does not match previous newline style', where: 'COPY t, line 2' },
  ],
  [
    'bytes that are no text',
    [],
    Buffer.from('a\tb\tc\n1\t\xff\t3\n', 'latin1'),
    { code: '22021', message: 'invalid byte sequence for encoding "UTF8": 0xff', where: 'COPY t, line 2' },
  ],
  [
    'escapes that make no text',
    [],
    'a\tb\t\\xff\n',
    { code: '22021', message: 'invalid byte sequence for encoding "UTF8": 0xff', where: 'COPY t, line 1: "a\tb\t\\xff"' },
  ],

  [
    'csv with quotes',
    [csv],
    'a,"b,""x""\ny",\n1,"",c\n',
    [
      ['a', 'b,"x"\ny', null],
      ['1', '', 'c'],
    ],
  ],
  ['csv with quotes inside a field', [csv], '1,x"y"z,"q"w\n', [['1', 'xyz', 'qw']]],
  [
    'csv with another quote, escape and delimiter',
    [csv, option('quote', "'"), option('escape', '\\'), option('delimiter', ';')],
    "'it\\'s';'a;b';c\n",
    [["it's", 'a;b', 'c']],
  ],
  [
    'csv with line ends in quotes',
    [csv],
    'a,"b\r\nx",c\r\n1,"2\n",3\r\n',
    [
      ['a', 'b\r\nx', 'c'],
      ['1', '2\n', '3'],
    ],
  ],
  ['csv with the end marker', [csv], 'a,b,c\n\\.\n1,2,3\n', [['a', 'b', 'c']]],
  [
    'csv with the end marker as data',
    [csv],
    'a,b,"\n\\.\n"\n\\.x,y,z\n',
    [
      ['a', 'b', '\n\\.\n'],
      ['\\.x', 'y', 'z'],
    ],
  ],
  ['csv with FORCE_NULL', [csv, option('force_null', ['a'])], '"","",\n', [[null, '', null]]],
  ['csv with FORCE_NOT_NULL', [csv, option('force_not_null', ['c'])], ',,\n', [[null, null, '']]],
  ['csv with a header over two lines', [csv, option('header', 'true')], 'a,"b\nx",c\n1,2,3\n', [['1', '2', '3']]],
  ['csv with a header that matches', [csv, option('header', 'match')], 'a,b,c\n1,2,3\n', [['1', '2', '3']]],
  [
    'csv with a header that does not match',
    [csv, option('header', 'match')],
    'a,x,c\n',
    { code: '22P04', message: 'column name mismatch in header line field 2: got "x", expected "b"', where: 'COPY t, line 1: "a,x,c"' },
  ],
  [
    'csv with a header that is too short',
    [csv, option('header', 'match')],
    'a,b\n',
    { code: '22P04', message: 'wrong number of fields in header line: got 2, expected 3', where: 'COPY t, line 1: "a,b"' },
  ],
  ['csv with a quote that is never closed', [csv], 'a,"b\nc', { code: '22P04', message: 'unterminated CSV quoted field', where: 'COPY t, line 1: "a,"b\nc"' }],
  [
    'csv with a stray carriage return',
    [csv],
    'a,b,c\n1,2\r,3\n',
    {
      code: '22P04',
      message: 'unquoted carriage return found in data',
      hint: 'Use quoted CSV field to represent carriage return.',
      where: 'COPY t, line 2',
    },
  ],
];

describe('COPY FROM', () => {
  for (const [what, options, data, expected] of cases) {
    it(`reads ${what}, however the bytes are cut`, () => {
      const bytes = Buffer.from(data);
      for (const size of [bytes.length + 1, 1, 2, 3, 5]) {
        const outcome = parseCopy('t', columns, options, bytes, () => size);
        assert.deepEqual(outcome, 'code' in expected ? { hint: undefined, ...expected } : expected, `in chunks of ${size}`);
      }
    });
  }

  it('joins a field of many chunks without scanning it again and again', () => {
    const field = 'x\n'.repeat(4_000_000);
    const data = Buffer.from(`1,"${field}",3\n`);
    const start = process.hrtime.bigint();
    const outcome = parseCopy('t', columns, [csv], data, () => 65536) as readonly (readonly (string | null)[])[];
    assert.equal(outcome[0]?.[1]?.length, field.length);
    assert.ok(process.hrtime.bigint() - start < 5_000_000_000n);
  });

  describe('binary', () => {
    const binary = [option('format', 'binary')];
    const rows = [
      ['1', null, 'é'],
      ['', 'x'.repeat(100_000), '\0'],
    ];
    const data = formatCopy('t', columns, binary, rows);

    it('reads what COPY TO writes, however the bytes are cut', () => {
      for (const size of [data.length, 1, 7, 4096])
        assert.deepEqual(
          parseCopy('t', columns, binary, data, () => size),
          rows,
        );
    });

    for (const [what, bytes, message, where] of [
      ['another signature', Buffer.from('PGCOPX\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1'), 'COPY file signature not recognized', undefined],
      ['nothing', Buffer.alloc(0), 'COPY file signature not recognized', undefined],
      [
        'critical flags',
        Buffer.concat([data.subarray(0, 11), Buffer.from([0x40, 0, 0, 0, 0, 0, 0, 0])]),
        'unrecognized critical flags in COPY file header',
        undefined,
      ],
      ['OIDs', Buffer.concat([data.subarray(0, 11), Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])]), 'invalid COPY file header (WITH OIDS)', undefined],
      ['a row of two fields', Buffer.concat([data.subarray(0, 19), Buffer.from([0, 2])]), 'row field count is 2, expected 3', 'COPY t, line 1'],
      ['a negative size', Buffer.concat([data.subarray(0, 19), Buffer.from([0, 3, 255, 255, 255, 254])]), 'invalid field size', 'COPY t, line 1, column a'],
      ['a cut row', data.subarray(0, 40), 'unexpected EOF in COPY data', 'COPY t, line 2'],
      ['data behind the trailer', Buffer.concat([data, Buffer.from([0])]), 'received copy data after EOF marker', 'COPY t, line 3'],
    ] as const) {
      it(`refuses ${what}`, () => {
        for (const size of [bytes.length + 1, 1]) {
          assert.deepEqual(
            parseCopy('t', columns, binary, bytes, () => size),
            { code: '22P04', message, hint: undefined, where },
            `in chunks of ${size}`,
          );
        }
      });
    }
  });
});

describe('COPY TO', () => {
  const rows = [
    ['a\tb', 'c\\d', 'e\nf'],
    [null, '', '\\N'],
    ['x,y', 'say "hi"', '\\.'],
  ];

  it('writes text', () => {
    assert.equal(formatCopy('t', columns, [], rows).toString(), 'a\\tb\tc\\\\d\te\\nf\n\\N\t\t\\\\N\nx,y\tsay "hi"\t\\\\.\n');
    assert.equal(
      formatCopy('t', columns, [option('header', 'true'), option('delimiter', '|'), option('null', '-')], [['a|b', null, 'é']]).toString(),
      'a|b|c\na\\|b|-|é\n',
    );
  });

  it('writes csv', () => {
    assert.equal(formatCopy('t', columns, [csv], rows).toString(), 'a\tb,c\\d,"e\nf"\n,"",\\N\n"x,y","say ""hi""",\\.\n');
    assert.equal(formatCopy('t', ['a'], [csv], [['\\.'], [''], [null]]).toString(), '"\\."\n""\n\n');
    assert.equal(
      formatCopy('t', columns, [csv, option('header', 'true'), option('force_quote', ['b']), option('escape', '\\')], [['1', '2"', null]]).toString(),
      'a,b,c\n1,"2\\"",\n',
    );
    assert.equal(formatCopy('t', columns, [csv, option('force_quote', '*')], [['1', null, 'x']]).toString(), '"1",,"x"\n');
  });
});
