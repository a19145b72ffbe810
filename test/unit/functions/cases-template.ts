/** Templates that are compared with PostgreSQL: to_char, to_date, to_timestamp, to_number, and the size functions. */
import type { Case } from './oracle.js';

type Arguments = readonly (string | null)[];

function cross(signature: string, ...values: readonly Arguments[]): Case[] {
  let lists: (string | null)[][] = [[]];
  for (const choices of values) lists = lists.flatMap((list) => choices.map((choice) => [...list, choice]));
  return lists.map((args) => ({ signature, args }));
}

const moments: Arguments = ['2024-02-09 13:04:05.067891', '1999-12-31 00:00:00', '0044-03-15 12:00 BC', '2021-01-03 23:59:59.9', 'infinity', '12345-06-07 08:09:10'];
const templates: Arguments = [
  'YYYY-MM-DD HH24:MI:SS', 'YYYY-MM-DD"T"HH24:MI:SS.MS', 'Day, DD Mon YYYY', 'FMDay, FMDD FMMonth YYYY', 'DAY DY Dy dy day', 'MONTH Month month MON Mon mon', 'HH HH12 HH24 AM PM a.m. p.m.', 'MS US FF1 FF3 FF6 SSSS SSSSS',
  'Y,YYY YYYY YYY YY Y', 'IYYY IYY IY I IW ID IDDD', 'DDD DD D WW W Q CC J', 'RM rm FMRM', 'AD BC a.d. b.c.', 'DDth DDTH FMDDth MIth', 'TZ tz TZH TZM OF', 'FMHH:FMMI FMSS', '"quoted \\" YYYY" \\"x\\"', 'hh:mi:ss pm', 'TMMonth TMDay', '', 'FXYYYY', 'yyyymmddhh24miss', 'CCth SP DDSP é',
];

export const cases: readonly Case[] = [
  ...cross('to_char(timestamp,text)', moments, templates),
  ...cross('to_char(timestamptz,text)', ['2024-02-09 13:04:05.067891+00', '2024-07-31 00:00:00+05:30', '1800-01-01 00:00+00'], templates),
  ...cross('to_char(interval,text)', ['1 year 2 mons 3 days 04:05:06.789', '-1 day -02:03:04.5', '100:00:00', '0'], ['HH24:MI:SS', 'HH12:MI', 'YYYY-MM-DD', 'DDD DD', 'MS US', 'Mon', 'CC', 'Q', 'SSSS', 'TZ', 'AM', 'Y,YYY YY', 'RM']),
  ...cross('to_char(numeric,text)', ['0', '1', '-1', '12.34', '-12.345', '0.1', '1234567.891', '-0.5', '1e10', 'NaN', 'Infinity', '485', '99.999'], [
    '999', '999.99', '000.00', 'FM999.99', 'FM000.009', '9,999,999.99', '9G999D99', 'S999', '999S', 'MI999', '999MI', 'PL999', 'SG999', '999PR', 'FM999PR', 'RN', 'rn', 'FMRN', '999th', 'V99', '99V99', '9.99EEEE', 'L999', 'B999', '0999', '0,000', 'FM9,999,990.00', '"a"999"b"', '999.', '.99', '9.9.9', 'S9S', '99PR9', 'FM0.99', 'FM9.9', '0.0', '990.9', 'SG099', 'FM0999', '',
  ]),
  ...cross('to_char(int4,text)', ['0', '1', '-125', '485', '1234567'], ['999', '999.99', 'FM999', '000', '9999999', 'RN', '9,999', '999th', 'SG999', '99V9', '9.9EEEE', 'S999']),
  ...cross('to_char(int8,text)', ['9223372036854775807', '-1'], ['999', '9999999999999999999', 'FM9G999G999G999G999G999G999']),
  ...cross('to_char(float8,text)', ['0', '1.5', '-1234.5678', '1e20', '0.1', 'NaN', 'Infinity', '2.5', '123456789012345678'], ['999', '999.99', '9999.999', 'FM9999.999', '9.99EEEE', '999999999999999999999.9', '0.000']),
  ...cross('to_char(float4,text)', ['0', '1.5', '-1234.5678', '1e10', '0.1'], ['999', '9999.999', 'FM9999.99999', '9.99EEEE']),
  ...cross('to_number(text,text)', ['123', '-123.45', '1,234.56', '$1,234', '<12>', '12-', '+5', '  7', 'abc', '', '0012'], ['999', '999.99', '9,999.99', 'L9,999', '99PR', '99MI', 'S99', '99V9', '9999', 'FM999']),
  ...cross('to_date(text,text)', ['2024-02-09', '20240209', '09 Feb 2024', 'Friday, 9 February 2024', '2024-13-01', '24-2-9', '2024 040', '2024-W06-5', '2024-02-30', '', '44-03-15 BC', '1,234', '2460350', 'abc'], [
    'YYYY-MM-DD', 'YYYYMMDD', 'DD Mon YYYY', 'Day, DD Month YYYY', 'YY-MM-DD', 'YYYY DDD', 'IYYY-"W"IW-ID', 'YYYY-MM-DD BC', 'Y,YYY', 'J', 'DD/MM/YYYY', 'FXYYYY-MM-DD', 'MM', 'CC', 'YYYY-Q', 'FMDD',
  ]),
  ...cross('to_timestamp(text,text)', ['2024-02-09 13:04:05', '2024-02-09 01:04:05 PM', '2024-02-09 13:04:05.678', '20240209130405', '2024-02-09 13:04:05+05', '2024-02-09  13:04', '2024-02-09 25:00:00', '2024-02-09 13:60:00', '2024-07-09 12:00:00 am', '1 2 3', '46805'], [
    'YYYY-MM-DD HH24:MI:SS', 'YYYY-MM-DD HH12:MI:SS PM', 'YYYY-MM-DD HH:MI:SS AM', 'YYYY-MM-DD HH24:MI:SS.MS', 'YYYY-MM-DD HH24:MI:SS.US', 'YYYYMMDDHH24MISS', 'YYYY-MM-DD HH24:MI:SSTZH', 'YYYY-MM-DD HH24:MI', 'SSSSS', 'YYYY-MM-DD HH24:MI:SS.FF3', 'YYYY-MM-DD HH24:MI:SS TZ', 'DD MM Y',
  ]),
  ...cross('pg_size_pretty(int8)', ['0', '1', '10239', '10240', '-10240', '20971520', '1073741824', '10995116277760', '9223372036854775807', '-9223372036854775808', '1048575', '10485247']),
  ...cross('pg_size_pretty(numeric)', ['0', '10239.9', '10240', '20971520', '1e20', '-10240', '10485247']),
  ...cross('pg_size_bytes(text)', ['1', '1 kB', '1.5MB', '-2 GB', '1 foo', '', '1e3', '3 TB', 'x', '1bytes', '2 B']),
  ...cross('format_type(oid,int4)', ['23', '1043', '1700', '1184', '1007', '99999', '0', '1042'], ['-1', '14', '655366', null]),
];
