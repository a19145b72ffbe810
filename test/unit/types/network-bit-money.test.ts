import assert from 'node:assert/strict';
import { compareKeys, parse, through, typeNamed } from './support.js';

function check(type: string, cases: readonly (readonly [string, string])[]): void {
  for (const [text, expected] of cases) assert.equal(through(type, text), expected, `${type} ${text}`);
}

describe('network addresses', () => {
  it('are read and written in their shortest form', () => {
    check('inet', [
      ['10.1.2.3', '10.1.2.3'],
      ['10.1/16', '10.1.0.0/16'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
      ['fe80::1/64', 'fe80::1/64'],
      ['10.1', '22P02 invalid input syntax for type inet: "10.1"'],
    ]);
    check('cidr', [
      ['10', '10.0.0.0/8'],
      ['192.168', '192.168.0.0/24'],
      ['10.1.2.3/8', '22P02 invalid cidr value: "10.1.2.3/8" | Value has bits set to right of mask.'],
    ]);
    check('macaddr', [
      ['08002b:010203', '08:00:2b:01:02:03'],
      ['x', '22P02 invalid input syntax for type macaddr: "x"'],
    ]);
  });

  it('order by family, network and prefix', () => {
    const key = (text: string): Uint8Array => typeNamed('inet').key?.(parse('inet', text)) as Uint8Array;
    const ordered = ['9.255.0.0/16', '10.0.0.0/8', '10.0.0.0/16', '10.0.0.1/16', '10.0.0.0', '10.1.0.0/16', '::', '::1'];
    for (let at = 1; at < ordered.length; at++) assert.ok(compareKeys(key(ordered[at - 1] as string), key(ordered[at] as string)) < 0, ordered[at]);
  });
});

describe('bit strings', () => {
  it('are read in binary and hexadecimal and checked against their length', () => {
    check('varbit', [
      ['b0101', '0101'],
      ['x1F', '00011111'],
      ['012', '22P02 "2" is not a valid binary digit'],
    ]);
    assert.equal(through('bit', '10', 3), '22026 bit string length 2 does not match type bit(3)');
    assert.equal(typeNamed('bit').coerceTypmod?.('1010', 3, true), '101');
  });
});

describe('money', () => {
  it('is cents, shown with sign, currency and separators', () => {
    check('money', [
      ['$1,234.56', '$1,234.56'],
      ['($7.5)', '-$7.50'],
      ['1.995', '$2.00'],
      ['92233720368547758.08', '22003 value "92233720368547758.08" is out of range for type money'],
      ['x', '22P02 invalid input syntax for type money: "x"'],
    ]);
    assert.equal(parse('money', '12.34'), 1234n);
  });
});

describe('row addresses and log positions', () => {
  it('keep their form', () => {
    check('tid', [['(0,1)', '(0,1)']]);
    check('pg_lsn', [['16/B374D848', '16/B374D848']]);
  });
});
