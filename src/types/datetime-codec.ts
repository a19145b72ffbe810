/** The codecs of date, time, timetz, timestamp, timestamptz and interval. */
import { PgError } from '../common/errors.js';
import { exactView, int32Bytes, int64Bytes, viewOf } from './binary.js';
import { unixEpochDays } from './calendar.js';
import { formatDate, formatTime, formatTimestamp, formatZoneOffset } from './datetime-format.js';
import { inputError, type ParsedDateTime, parseDateTime, parseTime } from './datetime-parse.js';
import {
  dateInfinity,
  dateNegativeInfinity,
  isFiniteDate,
  isFiniteTimestamp,
  isValidDate,
  isValidTimestamp,
  joinTimestamp,
  microsPerDay,
  roundToPrecision,
  timestampInfinity,
  timestampNegativeInfinity,
  timestampOutOfRange,
  unixEpochMicros,
} from './datetime.js';
import { applyIntervalTypmod, formatInterval, intervalFromText, intervalKey, intervalText, intervalTypmodIn, intervalTypmodOut } from './interval.js';
import { parseInterval } from './interval-parse.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue, TypeContext } from './value.js';

/** time(p) and timestamp(p): the typmod is the precision. */
function precisionIn(typeName: string, suffix: string): (args: readonly number[]) => number {
  return (args) => {
    const [precision] = args;
    if (precision === undefined || args.length !== 1) throw new PgError('22023', 'invalid type modifier');
    if (precision < 0) throw new PgError('22023', `${typeName}(${precision})${suffix} precision must not be negative`);
    return Math.min(precision, 6);
  };
}

const precisionOut = (typmod: number): string => (typmod >= 0 ? `(${typmod})` : '');

function parseDate(text: string, context: TypeContext): number {
  let parsed: ParsedDateTime;
  try {
    parsed = parseDateTime(text, context, false);
  } catch (error) {
    throw inputError(error, 'date', text);
  }
  switch (parsed.special) {
    case 'epoch':
      return -unixEpochDays;
    case 'late':
      return dateInfinity;
    case 'early':
      return dateNegativeInfinity;
    case undefined:
      if (!isValidDate(parsed.days)) throw new PgError('22008', `date out of range: "${text}"`);
      return parsed.days;
  }
}

export const dateCodec: TypeCodec = {
  physical: 'integer',
  wide: false,
  parse: (text, _typmod, context) => parseDate(text, context),
  format: (value, _typmod, context) => formatDate(Number(value), context),
  decodeBinary(bytes) {
    const days = exactView(bytes, 4).getInt32(0);
    if (isFiniteDate(days) && !isValidDate(days)) throw new PgError('22008', 'date out of range');
    return days;
  },
  encodeBinary: (value) => int32Bytes(Number(value)),
};

function parseTimestamp(text: string, typmod: number, zoned: boolean, context: TypeContext): bigint {
  let parsed: ParsedDateTime;
  try {
    parsed = parseDateTime(text, context, zoned);
  } catch (error) {
    throw inputError(error, zoned ? 'timestamp with time zone' : 'timestamp', text);
  }
  switch (parsed.special) {
    case 'epoch':
      return unixEpochMicros;
    case 'late':
      return timestampInfinity;
    case 'early':
      return timestampNegativeInfinity;
    case undefined: {
      const micros = joinTimestamp(parsed.days, zoned ? parsed.time - parsed.zoneOffset * 1_000_000 : parsed.time);
      if (!isValidTimestamp(micros)) throw timestampOutOfRange(text);
      return roundToPrecision(micros, typmod);
    }
  }
}

function coerceTimestamp(value: SqlValue, typmod: number): SqlValue {
  if (value === null) return null;
  const micros = BigInt(value as number | bigint);
  return typmod < 0 || typmod >= 6 || !isFiniteTimestamp(micros) ? micros : roundToPrecision(micros, typmod);
}

function timestampCodecOf(zoned: boolean): TypeCodec {
  return {
    physical: 'integer',
    wide: true,
    parse: (text, typmod, context) => parseTimestamp(text, typmod, zoned, context),
    format: (value, _typmod, context) => formatTimestamp(value as bigint | number, zoned, context),
    decodeBinary(bytes, typmod) {
      const micros = exactView(bytes, 8).getBigInt64(0);
      if (isFiniteTimestamp(micros) && !isValidTimestamp(micros)) throw timestampOutOfRange();
      return coerceTimestamp(micros, typmod);
    },
    encodeBinary: (value) => int64Bytes(BigInt(value as number | bigint)),
    typmodIn: precisionIn('TIMESTAMP', zoned ? ' WITH TIME ZONE' : ''),
    typmodOut: precisionOut,
    coerceTypmod: coerceTimestamp,
  };
}

export const timestampCodec = timestampCodecOf(false);
export const timestamptzCodec = timestampCodecOf(true);

function timeOutOfRange(): PgError {
  return new PgError('22008', 'time out of range');
}

function parseTimeText(text: string, zoned: boolean, context: TypeContext): ParsedDateTime {
  try {
    return parseTime(text, context, zoned);
  } catch (error) {
    throw inputError(error, zoned ? 'time with time zone' : 'time', text);
  }
}

function coerceTime(value: SqlValue, typmod: number): SqlValue {
  return value === null ? null : roundToPrecision(BigInt(value as number | bigint), typmod);
}

export const timeCodec: TypeCodec = {
  physical: 'integer',
  wide: true,
  parse: (text, typmod, context) => roundToPrecision(BigInt(parseTimeText(text, false, context).time), typmod),
  format: (value) => formatTime(Number(value)),
  decodeBinary(bytes, typmod) {
    const micros = exactView(bytes, 8).getBigInt64(0);
    if (micros < 0n || micros > BigInt(microsPerDay)) throw timeOutOfRange();
    return roundToPrecision(micros, typmod);
  },
  encodeBinary: (value) => int64Bytes(BigInt(value as number | bigint)),
  typmodIn: precisionIn('TIME', ''),
  typmodOut: precisionOut,
  coerceTypmod: coerceTime,
};

/** A timetz: microseconds of the day and the zone in seconds west of Greenwich. */
export interface ZonedTime {
  readonly micros: number;
  readonly zone: number;
}

export function zonedTimeFromText(text: string): ZonedTime {
  const blank = text.indexOf(' ');
  return { micros: Number(text.slice(0, blank)), zone: Number(text.slice(blank + 1)) };
}

export function zonedTimeText(time: ZonedTime): string {
  return `${time.micros} ${time.zone + 0}`;
}

function roundedZonedTime(micros: number, zone: number, typmod: number): string {
  return zonedTimeText({ micros: Number(roundToPrecision(BigInt(micros), typmod)), zone });
}

export const timetzCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse(text, typmod, context) {
    const { time, zoneOffset } = parseTimeText(text, true, context);
    return roundedZonedTime(time, 0 - zoneOffset, typmod);
  },
  format(value) {
    const { micros, zone } = zonedTimeFromText(String(value));
    return formatTime(micros) + formatZoneOffset(0 - zone);
  },
  decodeBinary(bytes, typmod) {
    const view = exactView(bytes, 12);
    const micros = view.getBigInt64(0);
    const zone = view.getInt32(8);
    if (micros < 0n || micros > BigInt(microsPerDay)) throw timeOutOfRange();
    if (Math.abs(zone) >= 16 * 3600) throw new PgError('22009', 'time zone displacement out of range');
    return roundedZonedTime(Number(micros), zone, typmod);
  },
  encodeBinary(value) {
    const { micros, zone } = zonedTimeFromText(String(value));
    const bytes = new Uint8Array(12);
    const view = viewOf(bytes);
    view.setBigInt64(0, BigInt(micros));
    view.setInt32(8, zone);
    return bytes;
  },
  /** By the instant, then by the zone. */
  key(value) {
    if (value === null) return null;
    const { micros, zone } = zonedTimeFromText(String(value));
    return BigInt(micros + zone * 1_000_000) * 262_144n + BigInt(zone);
  },
  typmodIn: precisionIn('TIME', ' WITH TIME ZONE'),
  typmodOut: precisionOut,
  coerceTypmod(value, typmod) {
    if (value === null) return null;
    const { micros, zone } = zonedTimeFromText(String(value));
    return roundedZonedTime(micros, zone, typmod);
  },
};

export const intervalCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse: (text, typmod, context) => intervalText(parseInterval(text, typmod, context)),
  format: (value, _typmod, context) => formatInterval(intervalFromText(String(value)), context.intervalStyle),
  decodeBinary(bytes, typmod) {
    const view = exactView(bytes, 16);
    return intervalText(applyIntervalTypmod({ micros: view.getBigInt64(0), days: view.getInt32(8), months: view.getInt32(12) }, typmod));
  },
  encodeBinary(value) {
    const { months, days, micros } = intervalFromText(String(value));
    const bytes = new Uint8Array(16);
    const view = viewOf(bytes);
    view.setBigInt64(0, micros);
    view.setInt32(8, days);
    view.setInt32(12, months);
    return bytes;
  },
  key: (value) => (value === null ? null : intervalKey(String(value))),
  typmodIn: intervalTypmodIn,
  typmodOut: intervalTypmodOut,
  coerceTypmod: (value, typmod) => (value === null ? null : intervalText(applyIntervalTypmod(intervalFromText(String(value)), typmod))),
};
