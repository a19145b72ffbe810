import assert from 'node:assert/strict';
import { divideInterval, formatInterval, intervalFromText, intervalText, justifyInterval, multiplyInterval } from '../../../src/types/interval.js';
import { canonicalContext, type TypeContext } from '../../../src/types/value.js';
import { compareKeys, parse, through, typeNamed } from './support.js';

const of = (text: string): ReturnType<typeof intervalFromText> => intervalFromText(parse('interval', text) as string);

describe('interval', () => {
  it('holds months, days and microseconds apart', () => {
    assert.equal(parse('interval', '1 year 2 mons 3 days 04:05:06.7'), '14 3 14706700000');
  });

  it('reads the traditional, the standard and the ISO form', () => {
    const cases = [
      ['1 day', '1 day'],
      ['@ 1 minute', '00:01:00'],
      ['4 days ago', '-4 days'],
      ['1-2 3 4:05:06', '1 year 2 mons 3 days 04:05:06'],
      ['-1 +02:03', '-1 days +02:03:00'],
      ['P1Y2M3DT4H5M6S', '1 year 2 mons 3 days 04:05:06'],
      ['P0001-02-03T04:05:06', '1 year 2 mons 3 days 04:05:06'],
      ['1.5 months', '1 mon 15 days'],
      ['1.5 weeks', '10 days 12:00:00'],
      ['1 century 1 year', '101 years'],
      ['5.5 us', '00:00:00.000005'],
      ['100:00', '100:00:00'],
      ['1 x', '22007 invalid input syntax for type interval: "1 x"'],
      ['1:60', '22015 interval field value out of range: "1:60"'],
      ['2147483648 days', '22015 interval field value out of range: "2147483648 days"'],
      ['178956971 years', '22008 interval out of range'],
    ] as const;
    for (const [text, expected] of cases) assert.equal(through('interval', text), expected, text);
  });

  it('writes four styles', () => {
    const styled = (intervalStyle: TypeContext['intervalStyle'], text: string): string => through('interval', text, -1, { ...canonicalContext, intervalStyle });
    assert.equal(styled('postgres', '-1 year -2 mons +3 days -04:05:06'), '-1 years -2 mons +3 days -04:05:06');
    assert.equal(styled('postgres_verbose', '-1 year -2 mons +3 days -04:05:06'), '@ 1 year 2 mons -3 days 4 hours 5 mins 6 secs ago');
    assert.equal(styled('sql_standard', '1 year 2 mons 3 days 04:05:06'), '+1-2 +3 +4:05:06');
    assert.equal(styled('iso_8601', '-1 year -2 mons +3 days -04:05:06'), 'P-1Y-2M3DT-4H-5M-6S');
    assert.equal(styled('iso_8601', '0'), 'PT0S');
    assert.equal(styled('sql_standard', '-1 2:03'), '-1 2:03:00');
  });

  it('is cut to its fields and rounded to its precision', () => {
    const { typmodIn, typmodOut } = typeNamed('interval');
    const yearToMonth = typmodIn?.([6]) as number;
    assert.equal(typmodOut?.(yearToMonth), ' year to month');
    assert.equal(through('interval', '1 year 2 mons 3 days', yearToMonth), '1 year 2 mons');
    assert.equal(through('interval', '5', typmodIn?.([8]) as number), '5 days');
    assert.equal(through('interval', '1.2345 sec', typmodIn?.([0x7fff, 2]) as number), '00:00:01.23');
  });

  it('multiplies and divides with fractions going down to days and time', () => {
    assert.equal(formatInterval(multiplyInterval(of('1 mon'), 1.5), 'postgres'), '1 mon 15 days');
    assert.equal(formatInterval(divideInterval(of('1 day'), 3), 'postgres'), '08:00:00');
    assert.equal(formatInterval(justifyInterval(of('1 mon -1 hour')), 'postgres'), '29 days 23:00:00');
    assert.throws(() => divideInterval(of('1 day'), 0), { code: '22012' });
  });

  it('compares months as 30 days and days as 24 hours', () => {
    const key = (text: string): Uint8Array => typeNamed('interval').key?.(parse('interval', text)) as Uint8Array;
    assert.deepEqual(key('1 mon'), key('30 days'));
    assert.deepEqual(key('1 day'), key('24 hours'));
    const ordered = ['-1000000 years', '-1 mon', '-1 sec', '0', '1 us', '1 day', '1 mon', '1000000 years'];
    for (let at = 1; at < ordered.length; at++) assert.ok(compareKeys(key(ordered[at - 1] as string), key(ordered[at] as string)) < 0);
    assert.equal(intervalText(of('1 day')), '0 1 0');
  });
});
