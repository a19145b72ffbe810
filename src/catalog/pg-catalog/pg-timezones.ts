/** pg_timezone_names and pg_timezone_abbrevs: the zones that a TimeZone setting may name, and the abbreviations that times may end with. */
import { findTimeZone } from '../../types/time-zone.js';
import { zoneAbbreviations, zoneNames } from '../../types/zone-names.js';
import { type CatalogRow, relation } from './relation.js';

/** An interval as it is stored: months, days, microseconds. */
const interval = (seconds: number): string => `0 0 ${String(seconds * 1_000_000)}`;

const halfYear = 182 * 86_400;

/** A zone as it is now. Daylight saving time is what is ahead of the same zone's time half a year from now. */
function present(name: string): { readonly offset: number; readonly isDst: boolean; readonly abbreviation: string } | undefined {
  const zone = findTimeZone(name);
  const now = Math.floor(Date.now() / 1000);
  if (zone === undefined) return undefined;
  const offset = zone.offsetAt(now);
  return { offset, isDst: offset > zone.offsetAt(now + halfYear), abbreviation: zone.abbreviationAt(now) };
}

export const pgTimezoneNames = relation(
  'pg_catalog.pg_timezone_names',
  function* (): Generator<CatalogRow> {
    for (const { name } of zoneNames.values()) {
      const zone = present(name);
      if (zone !== undefined) yield { name, abbrev: zone.abbreviation, utc_offset: interval(zone.offset), is_dst: zone.isDst };
    }
  },
  'session',
);

export const pgTimezoneAbbrevs = relation(
  'pg_catalog.pg_timezone_abbrevs',
  function* (): Generator<CatalogRow> {
    for (const abbreviation of [...zoneAbbreviations.values()].sort((left, right) => (left.name < right.name ? -1 : 1))) {
      const at = abbreviation.kind === 'fixed' ? { offset: abbreviation.offsetSeconds, isDst: abbreviation.isDst } : present(abbreviation.zone);
      if (at !== undefined) yield { abbrev: abbreviation.name.toUpperCase(), utc_offset: interval(at.offset), is_dst: at.isDst };
    }
  },
  'session',
);
