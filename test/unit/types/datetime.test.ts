import assert from 'node:assert/strict';
import { dateOf, dayOfWeek, daysOf, isoWeek } from '../../../src/types/calendar.js';
import { fromLocal, toLocal } from '../../../src/types/datetime.js';
import { timeZoneOf } from '../../../src/types/time-zone.js';
import { canonicalContext, type TypeContext } from '../../../src/types/value.js';
import { compareKeys, hex, parse, through, typeNamed } from './support.js';

const newYork: TypeContext = { ...canonicalContext, timeZone: 'America/New_York' };

function check(type: string, cases: readonly (readonly [string, string])[], context: TypeContext = canonicalContext): void {
  for (const [text, expected] of cases) assert.equal(through(type, text, -1, context), expected, `${type} ${text}`);
}

describe('the calendar', () => {
  it('goes from dates to days and back over leap years and the year zero', () => {
    assert.equal(daysOf(2000, 1, 1), 0);
    assert.equal(daysOf(1970, 1, 1), -10_957);
    for (let days = -800_000; days < 800_000; days += 997) {
      const { year, month, day } = dateOf(days);
      assert.equal(daysOf(year, month, day), days);
    }
    assert.equal(dayOfWeek(daysOf(2024, 2, 29)), 4);
    assert.deepEqual(isoWeek(daysOf(2021, 1, 3)), { year: 2020, week: 53 });
  });
});

describe('date', () => {
  it('reads every order and spelling', () => {
    check('date', [
      ['1999-01-08', '1999-01-08'],
      ['January 8, 1999', '1999-01-08'],
      ['1/8/1999', '1999-01-08'],
      ['08-Jan-99', '1999-01-08'],
      ['19990108', '1999-01-08'],
      ['990108', '1999-01-08'],
      ['1999.008', '1999-01-08'],
      ['J2451187', '1999-01-08'],
      ['January 8, 99 BC', '0099-01-08 BC'],
      ['1/1/69', '2069-01-01'],
      ['1/1/70', '1970-01-01'],
      ['infinity', 'infinity'],
      ['epoch', '1970-01-01'],
      ['5874897-12-31', '5874897-12-31'],
    ]);
    check('date', [['1/8/1999', '1999-08-01']], { ...canonicalContext, dateOrder: 'DMY' });
    check('date', [['99/1/8', '1999-01-08']], { ...canonicalContext, dateOrder: 'YMD' });
  });

  it('refuses what is no date', () => {
    check('date', [
      ['foo', '22007 invalid input syntax for type date: "foo"'],
      ['2000-13-01', '22008 date/time field value out of range: "2000-13-01"'],
      ['1900-02-29', '22008 date/time field value out of range: "1900-02-29"'],
      ['0000-01-01', '22008 date/time field value out of range: "0000-01-01"'],
      ['5874898-01-01', '22008 date out of range: "5874898-01-01"'],
    ]);
  });
});

describe('timestamp', () => {
  it('is microseconds since 2000 as bigint', () => {
    assert.equal(parse('timestamp', '2000-01-01 00:00:00.000001'), 1n);
    assert.equal(parse('timestamp', '-infinity'), -(2n ** 63n));
    assert.equal(hex(typeNamed('timestamp').encodeBinary(1n, -1, canonicalContext)), '0000000000000001');
  });

  it('reads clock times in all their forms', () => {
    check('timestamp', [
      ['2000-01-01 12:30 AM', '2000-01-01 00:30:00'],
      ['20011227T040506.789', '2001-12-27 04:05:06.789'],
      ['2000-01-01 24:00:00', '2000-01-02 00:00:00'],
      ['1997-01-02 03:04:05 BC', '1997-01-02 03:04:05 BC'],
      ['Mon Feb 10 17:32:01.4 1997 PST', '1997-02-10 17:32:01.4'],
      ['2000-01-01 12:34:56.7894567', '2000-01-01 12:34:56.789457'],
      ['2000-01-01 13:00 PM', '22008 date/time field value out of range: "2000-01-01 13:00 PM"'],
      ['294277-01-01', '22008 timestamp out of range: "294277-01-01"'],
    ]);
  });

  it('rounds to its precision', () => {
    assert.equal(through('timestamp', '2000-01-01 12:34:56.789', 0), '2000-01-01 12:34:57');
    assert.equal(through('timestamp', '2000-01-01 12:34:56.789', 2), '2000-01-01 12:34:56.79');
  });

  it('knows now, today, tomorrow and yesterday by the clock of the context', () => {
    const context: TypeContext = { ...newYork, nowMicros: (parse('timestamptz', '2024-03-01 02:00:00+00') as bigint) + 5n };
    check('timestamptz', [['now', '2024-02-29 21:00:00.000005-05']], context);
    check(
      'date',
      [
        ['today', '2024-02-29'],
        ['tomorrow', '2024-03-01'],
        ['yesterday', '2024-02-28'],
      ],
      context,
    );
  });
});

describe('timestamptz', () => {
  it('reads zones by offset, abbreviation and name', () => {
    check('timestamptz', [
      ['2000-01-01 10:00:00+05:30', '2000-01-01 04:30:00+00'],
      ['2000-01-01 10:00 EST', '2000-01-01 15:00:00+00'],
      ['2000-06-01 10:00 America/New_York', '2000-06-01 14:00:00+00'],
      ['2000-01-01T10:10:10Z', '2000-01-01 10:10:10+00'],
      ['2000-01-01 10:00:00+16', '22009 time zone displacement out of range: "2000-01-01 10:00:00+16"'],
      ['2000-01-01 foo/bar', '22023 time zone "foo/bar" not recognized'],
    ]);
  });

  it('takes the time before a gap and after an overlap, as PostgreSQL does', () => {
    check(
      'timestamptz',
      [
        ['2000-04-02 02:30', '2000-04-02 03:30:00-04'],
        ['2000-10-29 01:30', '2000-10-29 01:30:00-05'],
        ['1880-01-01 00:00', '1880-01-01 00:00:00-04:56:02'],
        ['2600-07-01 00:00', '2600-07-01 00:00:00-04'],
      ],
      newYork,
    );
  });

  it('writes the four date styles', () => {
    const styled = (dateStyle: TypeContext['dateStyle'], dateOrder: TypeContext['dateOrder']): string =>
      through('timestamptz', '1997-12-17 07:37:16.5-08', -1, { ...canonicalContext, timeZone: 'America/Los_Angeles', dateStyle, dateOrder });
    assert.equal(styled('ISO', 'MDY'), '1997-12-17 07:37:16.5-08');
    assert.equal(styled('SQL', 'MDY'), '12/17/1997 07:37:16.5 PST');
    assert.equal(styled('SQL', 'DMY'), '17/12/1997 07:37:16.5 PST');
    assert.equal(styled('Postgres', 'MDY'), 'Wed Dec 17 07:37:16.5 1997 PST');
    assert.equal(styled('Postgres', 'DMY'), 'Wed 17 Dec 07:37:16.5 1997 PST');
    assert.equal(styled('German', 'DMY'), '17.12.1997 07:37:16.5 PST');
  });
});

describe('time and timetz', () => {
  it('read times without a date', () => {
    check('time', [
      ['04:05:06.789', '04:05:06.789'],
      ['040506', '04:05:06'],
      ['04:05 PM', '16:05:00'],
      ['24:00:00', '24:00:00'],
      ['24:00:01', '22008 date/time field value out of range: "24:00:01"'],
      ['10:00 Asia/Tokyo', '22007 invalid input syntax for type time: "10:00 Asia/Tokyo"'],
    ]);
    check('timetz', [
      ['04:05:06 PST', '04:05:06-08'],
      ['2024-07-01 10:00 Europe/London', '10:00:00+01'],
    ]);
  });

  it('order timetz by the instant, then by the zone', () => {
    const key = (text: string): unknown => typeNamed('timetz').key?.(parse('timetz', text));
    const ordered = ['10:00+03', '10:00+02', '08:00+00', '08:30+00'];
    for (let at = 1; at < ordered.length; at++) assert.ok(compareKeys(key(ordered[at - 1] as string) as bigint, key(ordered[at] as string) as bigint) < 0);
    assert.equal(parse('timetz', '10:00+02'), '36000000000 -7200');
  });
});

describe('time zones', () => {
  it('convert between instants and wall clocks', () => {
    const zone = timeZoneOf('Europe/Berlin');
    const instant = parse('timestamptz', '2024-07-01 12:00+00') as bigint;
    const local = toLocal(instant, zone);
    assert.equal(through('timestamp', typeNamed('timestamp').format(local, -1, canonicalContext)), '2024-07-01 14:00:00');
    assert.equal(fromLocal(local, zone), instant);
  });

  it('are found in any case and by POSIX offset', () => {
    assert.equal(timeZoneOf('america/new_york').name, 'America/New_York');
    assert.equal(timeZoneOf('<+03>-3').offsetAt(0), 10_800);
    assert.throws(() => timeZoneOf('Mars/Olympus'), { code: '22023' });
  });
});
