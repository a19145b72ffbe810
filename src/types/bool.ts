/** The codec of boolean: 0 or 1. */
import { exactView, invalidInput, trimSpace } from './binary.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue } from './value.js';

/** The boolean that a text means, or undefined: unique prefixes of true, false, yes, no, on, off, and 1, 0. */
function parseBool(text: string): 0 | 1 | undefined {
  if (text === 't') return 1;
  if (text === 'f') return 0;
  const word = trimSpace(text).toLowerCase();
  if (word === '') return undefined;
  if (word === '1' || word === 'on' || 'true'.startsWith(word) || 'yes'.startsWith(word)) return 1;
  if (word === '0' || word === 'of' || word === 'off' || 'false'.startsWith(word) || 'no'.startsWith(word)) return 0;
  return undefined;
}

export const boolCodec: TypeCodec = {
  physical: 'boolean',
  wide: false,
  parse(text) {
    const value = parseBool(text);
    if (value === undefined) throw invalidInput('boolean', text);
    return value;
  },
  format: (value: SqlValue) => (Number(value) === 0 ? 'f' : 't'),
  decodeBinary: (bytes) => (exactView(bytes, 1).getUint8(0) === 0 ? 0 : 1),
  encodeBinary: (value) => Uint8Array.of(Number(value) === 0 ? 0 : 1),
};
