import assert from 'node:assert/strict';
import { canonicalContext } from '../../../src/types/value.js';
import { hex, parse, through, typeNamed } from './support.js';

/** [type, input, PostgreSQL 15's output or error] */
type Case = readonly [string, string, string];

function check(cases: readonly Case[]): void {
  for (const [type, text, expected] of cases) assert.equal(through(type, text), expected, `${type} ${JSON.stringify(text)}`);
}

describe('integers', () => {
  it('are read with signs and blanks around and refuse what is not a number', () => {
    check([
      ['int4', ' +12 ', '12'],
      ['int2', '-32768', '-32768'],
      ['int8', '9223372036854775807', '9223372036854775807'],
      ['int4', '000000000000000000000000000042', '42'],
      ['int4', 'x', '22P02 invalid input syntax for type integer: "x"'],
      ['int4', '', '22P02 invalid input syntax for type integer: ""'],
      ['int4', '1.0', '22P02 invalid input syntax for type integer: "1.0"'],
      ['int2', '32768', '22003 value "32768" is out of range for type smallint'],
      ['int4', '2147483648', '22003 value "2147483648" is out of range for type integer'],
      ['int8', '9223372036854775808', '22003 value "9223372036854775808" is out of range for type bigint'],
      ['oid', '-1', '4294967295'],
      ['oid', '4294967296', '22003 value "4294967296" is out of range for type oid'],
    ]);
  });

  it('are numbers, and bigints where 2^53 may be exceeded', () => {
    assert.equal(typeof parse('int4', '5'), 'number');
    assert.equal(typeof parse('int8', '5'), 'bigint');
    assert.equal(typeNamed('int8').format(5, -1, canonicalContext), '5');
  });

  it('have the binary forms of their width', () => {
    const binary = (type: string, value: number | bigint): string => hex(typeNamed(type).encodeBinary(value, -1, canonicalContext));
    assert.equal(binary('int2', -2), 'fffe');
    assert.equal(binary('int4', 258), '00000102');
    assert.equal(binary('int8', -1n), 'ffffffffffffffff');
    assert.equal(typeNamed('int8').decodeBinary(Buffer.from('8000000000000000', 'hex'), -1, canonicalContext), -(2n ** 63n));
    assert.throws(() => typeNamed('int4').decodeBinary(Buffer.from('00', 'hex'), -1, canonicalContext), { code: '08P01' });
  });
});

describe('booleans', () => {
  it('are read from unique prefixes of their words', () => {
    check([
      ['bool', 'tr', 't'],
      ['bool', ' YES ', 't'],
      ['bool', 'of', 'f'],
      ['bool', '0', 'f'],
      ['bool', 'o', '22P02 invalid input syntax for type boolean: "o"'],
      ['bool', '', '22P02 invalid input syntax for type boolean: ""'],
    ]);
    assert.equal(parse('bool', 'on'), 1);
  });
});

describe('floats', () => {
  it('are written with the fewest digits that read back', () => {
    check([
      ['float8', '0.1', '0.1'],
      ['float8', '1e23', '9.999999999999999e+22'],
      ['float8', '123456789012345678', '1.2345678901234568e+17'],
      ['float8', '1e15', '1e+15'],
      ['float8', '123456789012345', '123456789012345'],
      ['float8', '0.00001', '1e-05'],
      ['float8', '0.0001', '0.0001'],
      ['float8', '5e-324', '5e-324'],
      ['float8', '-0', '-0'],
      ['float4', '0.1', '0.1'],
      ['float4', '1e6', '1e+06'],
      ['float4', '2117135.25', '2.1171352e+06'],
      ['float4', '1.262177448e-29', '1.2621775e-29'],
      ['float4', '16777216', '1.6777216e+07'],
      ['float8', ' inf ', 'Infinity'],
      ['float8', '-infinity', '-Infinity'],
      ['float8', 'nan', 'NaN'],
    ]);
  });

  it('refuse junk and values beyond their range', () => {
    check([
      ['float8', '1e', '22P02 invalid input syntax for type double precision: "1e"'],
      ['float8', '1e400', '22003 "1e400" is out of range for type double precision'],
      ['float8', '1e-400', '22003 "1e-400" is out of range for type double precision'],
      ['float4', '1e39', '22003 "1e39" is out of range for type real'],
      ['float4', 'x', '22P02 invalid input syntax for type real: "x"'],
    ]);
  });

  it('follow extra_float_digits when it is not positive', () => {
    const digits = (extraFloatDigits: number, type: string, text: string): string => through(type, text, -1, { ...canonicalContext, extraFloatDigits });
    assert.equal(digits(0, 'float8', '0.1'), '0.1');
    assert.equal(digits(0, 'float8', '3.141592653589793'), '3.14159265358979');
    assert.equal(digits(-3, 'float8', '3.141592653589793'), '3.14159265359');
    assert.equal(digits(0, 'float4', '3.1415927'), '3.14159');
    assert.equal(digits(0, 'float8', '5206105105105105'), '5.2061051051051e+15');
  });

  it('hold NaN as text, since SQLite has none', () => {
    assert.equal(parse('float8', 'NaN'), 'NaN');
    assert.equal(hex(typeNamed('float8').encodeBinary('NaN', -1, canonicalContext)), '7ff8000000000000');
    assert.equal(typeNamed('float8').decodeBinary(Buffer.from('7ff8000000000000', 'hex'), -1, canonicalContext), 'NaN');
  });
});

describe('character types', () => {
  it('count characters, not code units, against their length', () => {
    assert.equal(through('varchar', 'é€😀', 3 + 4), 'é€😀');
    assert.equal(through('varchar', 'abcd', 3 + 4), '22001 value too long for type character varying(3)');
    assert.equal(through('varchar', 'abc   ', 3 + 4), 'abc');
    assert.equal(through('bpchar', 'é', 3 + 4), 'é  ');
    assert.equal(through('bpchar', 'abcd', 3 + 4), '22001 value too long for type character(3)');
  });

  it('are cut by an explicit cast', () => {
    assert.equal(typeNamed('varchar').coerceTypmod?.('abcdef', 7, true), 'abc');
    assert.equal(typeNamed('bpchar').coerceTypmod?.('a', 7, true), 'a  ');
  });

  it('compare bpchar without its trailing blanks', () => {
    assert.equal(typeNamed('bpchar').key?.('ab  '), 'ab');
  });

  it('cut names at 63 bytes between characters', () => {
    assert.equal(parse('name', 'é'.repeat(40)), 'é'.repeat(31));
  });
});

describe('bytea and uuid', () => {
  it('are read and written as PostgreSQL does', () => {
    check([
      ['bytea', '\\xDEadbeef', '\\xdeadbeef'],
      ['bytea', '\\x de ad', '\\xdead'],
      ['bytea', 'a\\\\b\\001', '\\x615c6201'],
      ['bytea', '\\x0', '22023 invalid hexadecimal data: odd number of digits'],
      ['bytea', '\\xgg', '22023 invalid hexadecimal digit: "g"'],
      ['bytea', '\\9', '22P02 invalid input syntax for type bytea'],
      ['uuid', '{A0EEBC99-9c0b4ef8-bb6d6bb9-bd380a11}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
      ['uuid', 'a0eebc99', '22P02 invalid input syntax for type uuid: "a0eebc99"'],
    ]);
    assert.equal(through('bytea', '\\x00ff5c41', -1, { ...canonicalContext, byteaOutput: 'escape' }), '\\000\\377\\\\A');
  });
});
