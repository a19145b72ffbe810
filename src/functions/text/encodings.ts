/**
 * Character sets: their names and numbers as PostgreSQL has them, and conversion between each of them and UTF-8 by the runtime's tables. Used by convert, convert_from,
 * convert_to, length(bytea, name) and the pg_encoding functions. The database itself is UTF-8.
 */
import { notSupported, PgError } from '../../common/errors.js';
import { decodeText, encodeText } from '../../types/binary.js';

export interface Encoding {
  readonly number: number;
  readonly name: string;
  /** Bytes of the longest character. */
  readonly widest: number;
  /** The runtime's name of the table; '' where it has none. */
  readonly label: string;
}

const rows = `SQL_ASCII 1 -,EUC_JP 3 euc-jp,EUC_CN 3 gbk,EUC_KR 3 euc-kr,EUC_TW 4 -,EUC_JIS_2004 3 -,UTF8 4 utf-8,MULE_INTERNAL 4 -,LATIN1 1 latin1,LATIN2 1 iso-8859-2,\
LATIN3 1 iso-8859-3,LATIN4 1 iso-8859-4,LATIN5 1 latin5,LATIN6 1 iso-8859-10,LATIN7 1 iso-8859-13,LATIN8 1 iso-8859-14,LATIN9 1 iso-8859-15,LATIN10 1 latin10,\
WIN1256 1 windows-1256,WIN1258 1 windows-1258,WIN866 1 ibm866,WIN874 1 windows-874,KOI8R 1 koi8-r,WIN1251 1 windows-1251,WIN1252 1 cp1252,ISO_8859_5 1 iso-8859-5,\
ISO_8859_6 1 iso-8859-6,ISO_8859_7 1 iso-8859-7,ISO_8859_8 1 iso-8859-8,WIN1250 1 windows-1250,WIN1253 1 windows-1253,WIN1254 1 windows-1254,WIN1255 1 windows-1255,\
WIN1257 1 windows-1257,KOI8U 1 koi8-u,SJIS 2 shift_jis,BIG5 2 big5,GBK 2 gbk,UHC 2 euc-kr,GB18030 4 -,JOHAB 3 -,SHIFT_JIS_2004 2 -`;

export const encodings: readonly Encoding[] = rows.split(',').map((row, number) => {
  const [name, widest, label] = row.split(' ') as [string, string, string];
  return { number, name, widest: Number(widest), label: label === '-' ? '' : label };
});

const cleaned = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

const byName = new Map<string, Encoding>(encodings.map((encoding) => [cleaned(encoding.name), encoding]));
const aliases =
  'abc=win1258 alt=win866 iso88591=latin1 iso88592=latin2 iso88593=latin3 iso88594=latin4 iso88599=latin5 iso885910=latin6 iso885913=latin7 iso885914=latin8 ' +
  'iso885915=latin9 iso885916=latin10 koi8=koi8r mskanji=sjis shiftjis=sjis tcvn=win1258 tcvn5712=win1258 vscii=win1258 unicode=utf8 win=win1251 win932=sjis win936=gbk ' +
  'win949=uhc win950=big5 windows1250=win1250 windows1251=win1251 windows1252=win1252 windows1253=win1253 windows1254=win1254 windows1255=win1255 windows1256=win1256 ' +
  'windows1257=win1257 windows1258=win1258 windows866=win866 windows874=win874 windows932=sjis windows936=gbk windows949=uhc windows950=big5';
for (const alias of aliases.split(' ')) {
  const [name, of] = alias.split('=') as [string, string];
  byName.set(name, byName.get(of) as Encoding);
}

export function encodingNamed(name: string): Encoding | undefined {
  return byName.get(cleaned(name));
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');

function invalid(encoding: Encoding, bytes: Uint8Array): PgError {
  return new PgError('22021', `invalid byte sequence for encoding "${encoding.name}": ${hex(bytes)}`);
}

function untranslatable(from: Encoding, to: Encoding, bytes: Uint8Array): PgError {
  return new PgError('22P05', `character with byte sequence ${hex(bytes)} in encoding "${from.name}" has no equivalent in encoding "${to.name}"`);
}

/** Between a character set's bytes and characters. A number stands for one or two bytes. */
interface Table {
  readonly characters: ReadonlyMap<number, string>;
  readonly codes: ReadonlyMap<string, number>;
}

const tables = new Map<string, Table>();
/** Tables that the runtime lacks or has wrong, by what they have otherwise than Latin-1; '' is nothing. */
const besideLatin: Readonly<Record<string, string>> = {
  latin1: '',
  latin5: 'd0Ğ ddİ deŞ f0ğ fdı feş',
  latin10:
    'a1Ą a2ą a3Ł a4€ a5„ a6Š a8š aaȘ acŹ aeź afŻ b2Č b3ł b4Ž b5” b8ž b9č baș bcŒ bdœ beŸ bfż c3Ă c5Ć d0Đ d1Ń d5Ő d7Ś d8Ű ddĘ deȚ e3ă e5ć f0đ f1ń f5ő f7ś f8ű fdę feț',
  cp1252: '80€ 81 82‚ 83ƒ 84„ 85… 86† 87‡ 88ˆ 89‰ 8aŠ 8b‹ 8cŒ 8d 8eŽ 8f 90 91‘ 92’ 93“ 94” 95• 96– 97— 98˜ 99™ 9aš 9b› 9cœ 9d 9ež 9fŸ',
};

function tableOf(encoding: Encoding): Table {
  const { label } = encoding;
  if (label === '') throw notSupported(`encoding "${encoding.name}"`);
  let table = tables.get(encoding.name);
  if (table !== undefined) return table;
  const characters = new Map<number, string>();
  const codes = new Map<string, number>();
  const add = (code: number, character: string): void => {
    characters.set(code, character);
    if (!codes.has(character)) codes.set(character, code);
  };
  for (let byte = 0; byte < 128; byte++) add(byte, String.fromCharCode(byte));
  const differing = besideLatin[label];
  if (differing !== undefined) {
    const others = new Map(differing.split(' ').map((item) => [parseInt(item.slice(0, 2), 16), item.slice(2)]));
    for (let byte = 128; byte < 256; byte++) {
      const character = others.get(byte) ?? String.fromCharCode(byte);
      if (character !== '') add(byte, character);
    }
  } else {
    const decoder = new TextDecoder(label, { fatal: true });
    const isWindows = label.startsWith('windows');
    const decode = (...bytes: number[]): string | undefined => {
      try {
        return decoder.decode(Uint8Array.from(bytes));
      } catch {
        return undefined;
      }
    };
    for (let byte = 128; byte < 256; byte++) {
      const single = decode(byte);
      // The runtime fills the gaps of Windows' tables with control characters.
      if (single !== undefined && !(isWindows && single.charCodeAt(0) < 0xa0)) add(byte, single);
      if (encoding.widest === 1) continue;
      for (let second = 0x40; second < 256; second++) {
        const both = decode(byte, second);
        if (both !== undefined && Array.from(both).length === 1) add(byte * 256 + second, both);
      }
    }
  }
  tables.set(encoding.name, (table = { characters, codes }));
  return table;
}

const isUtf8 = (encoding: Encoding): boolean => encoding.name === 'UTF8';
const isAscii = (encoding: Encoding): boolean => encoding.name === 'SQL_ASCII';

/** The characters of bytes in a character set, each with its bytes; 22021 for bytes that are none. */
function* charactersOf(bytes: Uint8Array, encoding: Encoding): Generator<{ readonly character: string | undefined; readonly bytes: Uint8Array }> {
  const { characters } = tableOf(encoding);
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number;
    if (first === 0) throw invalid(encoding, bytes.subarray(at, at + 1));
    const wide = encoding.widest > 1 && first >= 128 && !characters.has(first);
    if (wide && at + 1 >= bytes.length) throw invalid(encoding, bytes.subarray(at));
    const code = wide ? first * 256 + (bytes[at + 1] as number) : first;
    yield { character: characters.get(code), bytes: bytes.subarray(at, at + (wide ? 2 : 1)) };
    at += wide ? 2 : 1;
  }
}

function toUtf8(bytes: Uint8Array, from: Encoding): Uint8Array {
  let text = '';
  for (const { character, bytes: own } of charactersOf(bytes, from)) {
    if (character === undefined) throw untranslatable(from, encodings[6] as Encoding, own);
    text += character;
  }
  return encodeText(text);
}

function fromUtf8(bytes: Uint8Array, to: Encoding): Uint8Array {
  const { codes } = tableOf(to);
  const output: number[] = [];
  for (const character of decodeText(bytes)) {
    const code = codes.get(character);
    if (code === undefined) throw untranslatable(encodings[6] as Encoding, to, encodeText(character));
    if (code > 255) output.push(code >> 8);
    output.push(code & 255);
  }
  return Uint8Array.from(output);
}

function verify(bytes: Uint8Array, encoding: Encoding): void {
  if (isUtf8(encoding)) decodeText(bytes);
  else if (isAscii(encoding)) {
    const zero = bytes.indexOf(0);
    if (zero >= 0) throw invalid(encoding, bytes.subarray(zero, zero + 1));
  } else for (const _ of charactersOf(bytes, encoding));
}

/** convert(bytea, name, name). */
export function convertBytes(bytes: Uint8Array, fromName: string, toName: string): Uint8Array {
  const from = encodingNamed(fromName);
  const to = encodingNamed(toName);
  if (from === undefined) throw new PgError('22023', `invalid source encoding name "${fromName}"`);
  if (to === undefined) throw new PgError('22023', `invalid destination encoding name "${toName}"`);
  verify(bytes, from);
  if (from === to || isAscii(to)) return bytes;
  if (isAscii(from)) {
    verify(bytes, to);
    return bytes;
  }
  if ((!isUtf8(from) && !isUtf8(to)) || from.name === 'MULE_INTERNAL' || to.name === 'MULE_INTERNAL')
    throw new PgError('42883', `default conversion function for encoding "${from.name}" to "${to.name}" does not exist`);
  return isUtf8(from) ? fromUtf8(bytes, to) : toUtf8(bytes, from);
}

/** How many characters the bytes are. */
export function lengthIn(bytes: Uint8Array, name: string): number {
  const encoding = encodingNamed(name);
  if (encoding === undefined) throw new PgError('22023', `invalid encoding name "${name}"`);
  if (isUtf8(encoding)) return Array.from(decodeText(bytes)).length;
  verify(bytes, encoding);
  return encoding.widest === 1 ? bytes.length : [...charactersOf(bytes, encoding)].length;
}
