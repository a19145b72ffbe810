import assert from 'node:assert/strict';
import { arrayOf, arrayValues, oneDimensional } from '../../../src/types/array.js';
import { canonicalContext } from '../../../src/types/value.js';
import { compareKeys, hex, parse, through, typeNamed } from './support.js';

const bad = (text: string, detail: string): string => `22P02 malformed array literal: "${text}" | ${detail}`;

describe('arrays', () => {
  it('are read with NULLs, quotes, escapes, dimensions and bounds', () => {
    const cases = [
      ['int4[]', ' { 1 , NULL,3 } ', '{1,NULL,3}'],
      ['int4[]', '{{1,2},{3,4}}', '{{1,2},{3,4}}'],
      ['int4[]', '[0:1]={1,2}', '[0:1]={1,2}'],
      ['int4[]', '[1:2]={1,2}', '{1,2}'],
      ['text[]', '{a b, "c,d" ,"",null,"null",x\\"y}', '{"a b","c,d","",NULL,"null","x\\"y"}'],
      ['int4[]', '{}', '{}'],
      ['bool[]', '{true,no}', '{t,f}'],
      ['int2vector', ' 1  2 3', '1 2 3'],
    ] as const;
    for (const [type, text, expected] of cases) assert.equal(through(type, text), expected, text);
  });

  it('say what is wrong with a literal', () => {
    const cases = [
      ['1', 'Array value must start with "{" or dimension information.'],
      ['{1', 'Unexpected end of input.'],
      ['{1,}', 'Unexpected "}" character.'],
      ['{1}x', 'Junk after closing right brace.'],
      ['{{1,2},{3}}', 'Multidimensional arrays must have sub-arrays with matching dimensions.'],
      ['{1,{2}}', 'Unexpected "{" character.'],
      ['{"1"2}', 'Unexpected array element.'],
      ['[1:2]={1}', 'Specified array dimensions do not match array contents.'],
    ] as const;
    for (const [text, detail] of cases) assert.equal(through('int4[]', text), bad(text, detail));
    assert.equal(through('int4[]', '{1,x}'), '22P02 invalid input syntax for type integer: "x"');
    assert.equal(through('int4[]', '[2:1]={1}'), '2202E upper bound cannot be less than lower bound');
  });

  it('hold their elements in canonical form and show them in the session form', () => {
    const context = { ...canonicalContext, timeZone: 'America/New_York', dateStyle: 'SQL' } as const;
    const value = parse('timestamptz[]', '{2024-01-01 00:00}', -1, context);
    assert.equal(value, '{"2024-01-01 05:00:00+00"}');
    assert.equal(typeNamed('timestamptz[]').format(value, -1, context), '{"01/01/2024 00:00:00 EST"}');
  });

  it('give and take their elements as physical values', () => {
    const int4 = typeNamed('int4');
    assert.deepEqual(arrayValues('[2:3]={7,NULL}', int4), { lengths: [2], lowerBounds: [2], elements: [7, null] });
    assert.equal(arrayOf(oneDimensional([1, null, 2]), int4), '{1,NULL,2}');
    assert.deepEqual(arrayValues('1 2', typeNamed('int2')), { lengths: [2], lowerBounds: [0], elements: [1, 2] });
  });

  it('have the binary form of array_send', () => {
    const type = typeNamed('int4[]');
    const bytes = '00000001000000010000001700000002000000010000000400000001ffffffff';
    assert.equal(hex(type.encodeBinary('{1,NULL}', -1, canonicalContext)), bytes);
    assert.equal(type.decodeBinary(Buffer.from(bytes, 'hex'), -1, canonicalContext), '{1,NULL}');
  });

  it('have keys in the order of array_cmp', () => {
    const ordered = ['{}', '{-5}', '{1}', '{1,1}', '{1,2}', '{{1,2}}', '{2}', '{NULL}'];
    const key = (text: string): Uint8Array => typeNamed('int4[]').key?.(text) as Uint8Array;
    for (let at = 1; at < ordered.length; at++)
      assert.ok(compareKeys(key(ordered[at - 1] as string), key(ordered[at] as string)) < 0, `${ordered[at - 1]} < ${ordered[at]}`);
    const numericKey = (text: string): Uint8Array => typeNamed('numeric[]').key?.(text) as Uint8Array;
    assert.deepEqual(numericKey('{1.0}'), numericKey('{1}'));
  });

  it('apply the element modifier', () => {
    assert.equal(through('varchar[]', '{abcd}', 7), '22001 value too long for type character varying(3)');
    assert.equal(typeNamed('varchar[]').coerceTypmod?.('{abcd,NULL}', 7, true), '{abc,NULL}');
  });
});
