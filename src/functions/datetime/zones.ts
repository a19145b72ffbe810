/** The zone that AT TIME ZONE and timezone() name: an abbreviation, a tz database name, or a POSIX offset. */
import { findTimeZone, timeZoneOf } from '../../types/time-zone.js';
import { fixedZone, type TimeZone } from '../../types/zone.js';
import { zoneAbbreviations } from '../../types/zone-names.js';

/** 22023 when there is none. In POSIX forms, an offset counts westward: `+3` is three hours behind Greenwich. */
export function zoneNamed(name: string): TimeZone {
  const abbreviation = zoneAbbreviations.get(name.toLowerCase());
  if (abbreviation?.kind === 'fixed') return fixedZone(abbreviation.name, abbreviation.offsetSeconds, abbreviation.name);
  if (abbreviation !== undefined) return timeZoneOf(abbreviation.zone);
  const found = findTimeZone(name);
  if (found !== undefined) return found;
  const posix = /^([+-])(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(name);
  if (posix === null) return timeZoneOf(name);
  const west = Number(posix[2]) * 3600 + Number(posix[3] ?? 0) * 60 + Number(posix[4] ?? 0);
  return fixedZone(name, posix[1] === '-' ? west : -west);
}
