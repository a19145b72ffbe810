import assert from 'node:assert/strict';
import { PgError } from '../../../../src/common/errors.js';
import { copyContext } from '../../../../src/proxy/copy/copy-context.js';
import { forcedColumns, readCopyOptions } from '../../../../src/proxy/copy/copy-options.js';
import type { Option } from '../../../../src/sql/ast.js';
import { option } from './copy-fixture.js';

const csv = option('format', 'csv');

describe('COPY options', () => {
  it('have the defaults of their format', () => {
    const text = readCopyOptions([], 'from');
    assert.deepEqual([text.format, text.delimiter, text.nullString, text.header], ['text', '\t', '\\N', 'none']);
    const { delimiter, nullString, quote, escape } = readCopyOptions([csv, option('quote', "'")], 'from');
    assert.deepEqual([delimiter, nullString, quote, escape], [',', '', "'", "'"]);
  });

  const refused: readonly (readonly [readonly Option[], 'from' | 'to', string, string])[] = [
    [[option('format', 'foo')], 'from', '22023', 'COPY format "foo" not recognized'],
    [[csv, option('delimiter', ','), option('delimiter', ';')], 'from', '42601', 'conflicting or redundant options'],
    [[option('header', 'match2')], 'from', '42601', 'header requires a Boolean value or "match"'],
    [[option('header', 'match')], 'to', '0A000', 'cannot use "match" with HEADER in COPY TO'],
    [[option('bla', '1')], 'from', '42601', 'option "bla" not recognized'],
    [[option('encoding', 'foo')], 'from', '22023', 'argument to option "encoding" must be a valid encoding name'],
    [[option('encoding', 'latin1')], 'from', '0A000', 'COPY with encoding "latin1" is not supported'],
    [[option('delimiter', 'a')], 'from', '22023', 'COPY delimiter cannot be "a"'],
    [[option('delimiter', '')], 'from', '0A000', 'COPY delimiter must be a single one-byte character'],
    [[option('delimiter', '\n')], 'from', '22023', 'COPY delimiter cannot be newline or carriage return'],
    [[{ name: 'delimiter' }], 'from', '42601', 'delimiter requires a parameter'],
    [[option('null', '\r')], 'from', '22023', 'COPY null representation cannot use newline or carriage return'],
    [[option('null', 'a\tb')], 'from', '0A000', 'COPY delimiter must not appear in the NULL specification'],
    [[csv, option('null', '"')], 'from', '0A000', 'CSV quote character must not appear in the NULL specification'],
    [[option('quote', '"')], 'from', '0A000', 'COPY quote available only in CSV mode'],
    [[csv, option('quote', 'é')], 'from', '0A000', 'COPY quote must be a single one-byte character'],
    [[csv, option('quote', ',')], 'from', '22023', 'COPY delimiter and quote must be different'],
    [[option('escape', '"')], 'from', '0A000', 'COPY escape available only in CSV mode'],
    [[option('force_quote', '*')], 'to', '0A000', 'COPY force quote available only in CSV mode'],
    [[csv, option('force_quote', '*')], 'from', '0A000', 'COPY force quote only available using COPY TO'],
    [[csv, option('force_null', ['a'])], 'to', '0A000', 'COPY force null only available using COPY FROM'],
    [[csv, option('force_not_null', 'a')], 'from', '22023', 'argument to option "force_not_null" must be a list of column names'],
    [[option('format', 'binary'), option('delimiter', ',')], 'from', '42601', 'cannot specify DELIMITER in BINARY mode'],
    [[option('format', 'binary'), option('null', '')], 'from', '42601', 'cannot specify NULL in BINARY mode'],
    [[option('format', 'binary'), option('header', 'true')], 'from', '0A000', 'cannot specify HEADER in BINARY mode'],
    [[option('freeze', 'x')], 'from', '42601', 'freeze requires a Boolean value'],
  ];
  for (const [options, direction, code, message] of refused) {
    it(`are refused: ${message}`, () => {
      assert.throws(
        () => readCopyOptions(options, direction),
        (error: Error) => {
          assert.ok(error instanceof PgError);
          assert.deepEqual([error.code, error.message], [code, message]);
          return true;
        },
      );
    });
  }

  it('name columns of the COPY', () => {
    assert.deepEqual(forcedColumns(['b'], 'FORCE_NULL', ['a', 'b'], ['a', 'b', 'c'], 't'), [false, true]);
    assert.throws(() => forcedColumns(['c'], 'FORCE_NULL', ['a'], ['a', 'c'], 't'), /^PgError: FORCE_NULL column "c" not referenced by COPY$/);
    assert.throws(() => forcedColumns(['z'], 'FORCE_NULL', ['a'], ['a', 'c'], 't'), /^PgError: column "z" of relation "t" does not exist$/);
  });
});

describe('the context of COPY errors', () => {
  it('names line, column and value, cut at 100 bytes', () => {
    assert.equal(copyContext({ table: 't', line: 3, column: 'b', value: 'x' }), 'COPY t, line 3, column b: "x"');
    assert.equal(copyContext({ table: 't', line: 3, column: 'b', value: null }), 'COPY t, line 3, column b: null input');
    assert.equal(copyContext({ table: 't', line: 3, lineText: `${'x'.repeat(99)}é` }), `COPY t, line 3: "${'x'.repeat(99)}..."`);
    assert.equal(copyContext({ table: 't', line: 3 }), 'COPY t, line 3');
  });
});
