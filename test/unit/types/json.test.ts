import assert from 'node:assert/strict';
import { PgError } from '../../../src/common/errors.js';
import { formatJson, jsonbKey, parseJson } from '../../../src/types/json.js';
import { compareKeys, through } from './support.js';

describe('json', () => {
  it('keeps the text as given', () => {
    assert.equal(through('json', ' {"b":1, "a":  1.50}'), ' {"b":1, "a":  1.50}');
  });

  it('says what was expected where', () => {
    const cases = [
      ['', 'The input string ended unexpectedly.'],
      ['{"a":1,}', 'Expected string, but found "}".'],
      ['[1 2]', 'Expected "," or "]", but found "2".'],
      ['{"a" 1}', 'Expected ":", but found "1".'],
      ['1 2', 'Expected end of input, but found "2".'],
      ['tru', 'Token "tru" is invalid.'],
      ['01', 'Token "01" is invalid.'],
      ['"a\nb"', 'Character with value 0x0a must be escaped.'],
      ['"\\q"', 'Escape sequence "\\q" is invalid.'],
      ['"\\u12g4"', '"\\u" must be followed by four hexadecimal digits.'],
    ] as const;
    for (const [text, detail] of cases) assert.equal(through('json', text), `22P02 invalid input syntax for type json | ${detail}`);
    assert.throws(
      () => parseJson('{"a":1 "b":2}'),
      (error: unknown) => error instanceof PgError && error.fields.where === 'JSON data, line 1: {"a":1 "b"...',
    );
  });
});

describe('jsonb', () => {
  it('sorts keys by length, then bytes, and keeps the last of equal ones', () => {
    assert.equal(through('jsonb', '{"bb":1,"a":2,"c":3,"a":4}'), '{"a": 4, "c": 3, "bb": 1}');
  });

  it('keeps numbers exact', () => {
    assert.equal(through('jsonb', '[1.50, 1e3, -0, 123456789012345678901234567890]'), '[1.50, 1000, 0, 123456789012345678901234567890]');
  });

  it('unescapes and escapes strings again', () => {
    assert.equal(through('jsonb', '"\\u0041\\ud83d\\ude00\\/\\n\\u0001"'), '"A😀/\\n\\u0001"');
    assert.equal(through('jsonb', '"\\u0000"'), '22P05 unsupported Unicode escape sequence | \\u0000 cannot be converted to text.');
    assert.equal(through('jsonb', '"\\ud83d"'), '22P02 invalid input syntax for type json | Unicode low surrogate must follow a high surrogate.');
  });

  it('has keys in the order of its btree', () => {
    const ordered = [
      '[]',
      'null',
      '""',
      '"a"',
      '-1',
      '1',
      '1.5',
      'false',
      'true',
      '[null]',
      '[1]',
      '[[]]',
      '[1, 2]',
      '{}',
      '{"a": 1}',
      '{"a": 2}',
      '{"b": 1}',
      '{"a": 1, "b": 0}',
    ];
    for (let at = 1; at < ordered.length; at++) {
      assert.ok(
        compareKeys(jsonbKey(parseJson(ordered[at - 1] as string)), jsonbKey(parseJson(ordered[at] as string))) < 0,
        `${ordered[at - 1]} < ${ordered[at]}`,
      );
    }
    assert.deepEqual(jsonbKey(parseJson('{"a":1.0}')), jsonbKey(parseJson('{"a":1}')));
  });

  it('refuses to nest without end', () => {
    assert.throws(() => parseJson('['.repeat(1_000_000)), { code: '54001' });
    assert.equal(formatJson(parseJson('[[[]]]')), '[[[]]]');
  });
});
