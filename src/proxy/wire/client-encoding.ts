/**
 * Client encodings other than UTF-8, both ways. The tables are those of convert() (functions/text/encodings.ts). Called by proxy/connection.ts and wire/output.ts.
 * Source: PostgreSQL 15, chapter 24.3.
 */
import { convertBytes, encodingNamed } from '../../functions/text/encodings.js';
import { PgError } from '../../common/errors.js';

/** Names that differ from the protocol's UTF-8 and are converted. */
export class ClientEncoding {
  constructor(private readonly name: string) {}

  /** 22021 for bytes that are not in the encoding. */
  toUtf8(bytes: Uint8Array): Buffer {
    return viewOf(isAscii(bytes) ? bytes : convertBytes(bytes, this.name, 'UTF8'));
  }

  decode(bytes: Uint8Array): string {
    return this.toUtf8(bytes).toString('utf8');
  }

  /** 22P05 for a character that the encoding lacks. */
  fromUtf8(bytes: Uint8Array): Buffer {
    return viewOf(isAscii(bytes) ? bytes : convertBytes(bytes, 'UTF8', this.name));
  }

  encode(text: string): Buffer {
    return this.fromUtf8(Buffer.from(text, 'utf8'));
  }

  /** For errors and notices, which must arrive: what the encoding lacks becomes a question mark. */
  encodeAnyhow(text: string): Buffer {
    try {
      return this.encode(text);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      return Buffer.concat(Array.from(text, (character) => this.#characterAnyhow(character)));
    }
  }

  #characterAnyhow(character: string): Buffer {
    try {
      return this.encode(character);
    } catch {
      return Buffer.from('?');
    }
  }

  /** DataRow messages with the fields converted for which `isText` holds. */
  dataRows(bytes: Uint8Array, isText: (column: number) => boolean): Buffer {
    if (isAscii(bytes)) return viewOf(bytes);
    const out: Buffer[] = [];
    const source = viewOf(bytes);
    for (let at = 0; at < source.length; ) {
      const end = at + 1 + source.readInt32BE(at + 1);
      const count = source.readInt16BE(at + 5);
      const fields: Buffer[] = [];
      let position = at + 7;
      for (let column = 0; column < count; column++) {
        const length = source.readInt32BE(position);
        position += 4;
        const value = source.subarray(position, position + Math.max(0, length));
        position += value.length;
        const converted = length > 0 && isText(column) ? this.fromUtf8(value) : value;
        const head = Buffer.allocUnsafe(4);
        head.writeInt32BE(length < 0 ? -1 : converted.length);
        fields.push(head, converted);
      }
      out.push(message(source[at] ?? 0, source.subarray(at + 5, at + 7), ...fields));
      at = end;
    }
    return Buffer.concat(out);
  }

  /** CopyData messages of text or csv. */
  copyData(bytes: Uint8Array): Buffer {
    if (isAscii(bytes)) return viewOf(bytes);
    const out: Buffer[] = [];
    const source = viewOf(bytes);
    for (let at = 0; at < source.length; ) {
      const end = at + 1 + source.readInt32BE(at + 1);
      out.push(message(source[at] ?? 0, this.fromUtf8(source.subarray(at + 5, end))));
      at = end;
    }
    return Buffer.concat(out);
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false;
  return true;
}

function message(type: number, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.allocUnsafe(5);
  head[0] = type;
  head.writeInt32BE(
    parts.reduce((sum, part) => sum + part.length, 4),
    1,
  );
  return Buffer.concat([head, ...parts]);
}

const made = new Map<string, ClientEncoding>();

/** The canonical name; undefined for encodings that Shoal does not convert. */
export function clientEncodingName(given: string): string | undefined {
  const encoding = encodingNamed(given);
  return encoding === undefined || (encoding.label === '' && encoding.name !== 'SQL_ASCII') ? undefined : encoding.name;
}

/** undefined: text crosses as it is, which is UTF-8. */
export function clientEncoding(name: string): ClientEncoding | undefined {
  if (name === 'UTF8' || name === 'SQL_ASCII') return undefined;
  let encoding = made.get(name);
  if (encoding === undefined) made.set(name, (encoding = new ClientEncoding(name)));
  return encoding;
}
