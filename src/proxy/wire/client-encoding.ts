/**
 * Client encodings other than UTF-8: names as PostgreSQL knows them, and conversion both ways. Tables come from the platform's decoders (WHATWG encodings), made when an
 * encoding is first used. Called by proxy/connection.ts and wire/output.ts, and by the setting client_encoding for the names. Source: PostgreSQL 15, chapter 24.3.
 */
import { PgError } from '../../common/errors.js';

export interface ClientEncoding {
  /** As SHOW client_encoding has it. */
  readonly name: string;
  /** 22021 for bytes that are not in the encoding. */
  decode(bytes: Uint8Array): string;
  /** 22P05 for a character that the encoding lacks. */
  encode(text: string): Buffer;
}

/** Label of the platform's decoder; C1: bytes 0x80 to 0x9f are the control characters, whatever the decoder believes. */
interface Source {
  readonly label: string;
  readonly controls?: boolean;
  /** Longest sequence, in bytes. */
  readonly bytesMax?: 2 | 3;
}

const iso = (part: number): Source => ({ label: `iso-8859-${String(part)}`, controls: true });
const sources = new Map<string, Source>([
  ['BIG5', { label: 'big5', bytesMax: 2 }],
  ['EUC_CN', { label: 'gbk', bytesMax: 2 }],
  ['EUC_JP', { label: 'euc-jp', bytesMax: 3 }],
  ['EUC_KR', { label: 'euc-kr', bytesMax: 2 }],
  ['GBK', { label: 'gbk', bytesMax: 2 }],
  ['ISO_8859_5', iso(5)],
  ['ISO_8859_6', iso(6)],
  ['ISO_8859_7', iso(7)],
  ['ISO_8859_8', iso(8)],
  ['KOI8R', { label: 'koi8-r' }],
  ['KOI8U', { label: 'koi8-u' }],
  ['LATIN1', iso(1)],
  ['LATIN2', iso(2)],
  ['LATIN3', iso(3)],
  ['LATIN4', iso(4)],
  ['LATIN5', iso(9)],
  ['LATIN6', iso(10)],
  ['LATIN7', iso(13)],
  ['LATIN8', iso(14)],
  ['LATIN9', iso(15)],
  ['LATIN10', iso(16)],
  ['SJIS', { label: 'shift_jis', bytesMax: 2 }],
  ['UHC', { label: 'euc-kr', bytesMax: 2 }],
  ['WIN866', { label: 'ibm866' }],
  ['WIN874', { label: 'windows-874' }],
  ['WIN1250', { label: 'windows-1250' }],
  ['WIN1251', { label: 'windows-1251' }],
  ['WIN1252', { label: 'windows-1252' }],
  ['WIN1253', { label: 'windows-1253' }],
  ['WIN1254', { label: 'windows-1254' }],
  ['WIN1255', { label: 'windows-1255' }],
  ['WIN1256', { label: 'windows-1256' }],
  ['WIN1257', { label: 'windows-1257' }],
  ['WIN1258', { label: 'windows-1258' }],
]);

/** Other spellings, folded. */
const aliases = new Map<string, string>([
  ['UNICODE', 'UTF8'],
  ['ISO88591', 'LATIN1'],
  ['ISO88592', 'LATIN2'],
  ['ISO88593', 'LATIN3'],
  ['ISO88594', 'LATIN4'],
  ['ISO88599', 'LATIN5'],
  ['ISO885910', 'LATIN6'],
  ['ISO885913', 'LATIN7'],
  ['ISO885914', 'LATIN8'],
  ['ISO885915', 'LATIN9'],
  ['ISO885916', 'LATIN10'],
  ['KOI8', 'KOI8R'],
  ['SHIFTJIS', 'SJIS'],
  ['MSKANJI', 'SJIS'],
  ['WIN932', 'SJIS'],
  ['WINDOWS932', 'SJIS'],
  ['WIN936', 'GBK'],
  ['WINDOWS936', 'GBK'],
  ['WIN949', 'UHC'],
  ['WINDOWS949', 'UHC'],
  ['WIN950', 'BIG5'],
  ['WINDOWS950', 'BIG5'],
  ['ALT', 'WIN866'],
  ['WIN', 'WIN1251'],
  ['TCVN', 'WIN1258'],
  ['TCVN5712', 'WIN1258'],
  ['ABC', 'WIN1258'],
  ['VSCII', 'WIN1258'],
  ...['866', '874', '1250', '1251', '1252', '1253', '1254', '1255', '1256', '1257', '1258'].map((page): [string, string] => [`WINDOWS${page}`, `WIN${page}`]),
  ...[...sources.keys(), 'UTF8', 'SQL_ASCII'].map((name): [string, string] => [name.replaceAll('_', ''), name]),
]);

/** The canonical name; undefined for encodings that Shoal does not convert. */
export function encodingName(given: string): string | undefined {
  return aliases.get(given.replace(/[^A-Za-z0-9]/g, '').toUpperCase());
}

function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
}

class TableEncoding implements ClientEncoding {
  readonly #sequences = new Map<string, readonly number[]>();
  readonly #decoder: InstanceType<typeof TextDecoder>;

  constructor(
    readonly name: string,
    private readonly source: Source,
  ) {
    this.#decoder = new TextDecoder(source.label, { fatal: true, ignoreBOM: true });
    const add = (...bytes: number[]): void => {
      const text = this.#one(bytes);
      if (text !== undefined && !this.#sequences.has(text)) this.#sequences.set(text, bytes);
    };
    for (let first = 0x80; first < 0x100; first++) add(first);
    if (source.bytesMax === undefined) return;
    for (let first = 0x81; first < 0xff; first++) for (let second = 0x30; second < 0xff; second++) add(first, second);
    if (source.bytesMax === 3) for (let second = 0xa1; second < 0xff; second++) for (let third = 0xa1; third < 0xff; third++) add(0x8f, second, third);
  }

  /** The character of a sequence; undefined if it is none. */
  #one(bytes: readonly number[]): string | undefined {
    const [first = 0] = bytes;
    if (this.source.controls === true && bytes.length === 1 && first >= 0x80 && first < 0xa0) return String.fromCharCode(first);
    try {
      const text = this.#decoder.decode(Uint8Array.from(bytes));
      return Array.from(text).length === 1 ? text : undefined;
    } catch {
      return undefined;
    }
  }

  decode(bytes: Uint8Array): string {
    const { source } = this;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (source.label === 'iso-8859-1') return buffer.toString('latin1');
    if (source.bytesMax === undefined) {
      let text = '';
      for (const byte of bytes) {
        const character = byte < 0x80 ? String.fromCharCode(byte) : this.#one([byte]);
        if (character === undefined) throw this.#invalid([byte]);
        text += character;
      }
      return text;
    }
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw this.#invalid(bytes.subarray(bytes.findIndex((byte) => byte >= 0x80)).subarray(0, 2));
    }
  }

  #invalid(bytes: Iterable<number>): PgError {
    return new PgError('22021', `invalid byte sequence for encoding "${this.name}": ${hex(bytes)}`);
  }

  encode(text: string): Buffer {
    if (/^[\u0000-\u007f]*$/.test(text)) return Buffer.from(text, 'latin1');
    const out: number[] = [];
    for (const character of text) {
      const code = character.charCodeAt(0);
      if (code < 0x80) {
        out.push(code);
        continue;
      }
      const bytes = this.source.label === 'iso-8859-1' ? (code < 0x100 && character.length === 1 ? [code] : undefined) : this.#sequences.get(character);
      if (bytes === undefined) {
        throw new PgError(
          '22P05',
          `character with byte sequence ${hex(Buffer.from(character))} in encoding "UTF8" has no equivalent in encoding "${this.name}"`,
        );
      }
      out.push(...bytes);
    }
    return Buffer.from(out);
  }
}

const made = new Map<string, ClientEncoding>();

/** undefined: text crosses as it is, which is UTF-8. */
export function clientEncoding(name: string): ClientEncoding | undefined {
  const source = sources.get(name);
  if (source === undefined) return undefined;
  let encoding = made.get(name);
  if (encoding === undefined) made.set(name, (encoding = new TableEncoding(name, source)));
  return encoding;
}
