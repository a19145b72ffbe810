/**
 * Composite values and anonymous records.
 *
 * A composite's physical value is a record literal over all attributes that the type ever had, in the order of their numbers, the fields in canonical form:
 * `(1,"a b",)`. A dropped attribute's field is passed over, one that was added later is missing at the end and reads as NULL: so ALTER TYPE rewrites no row, as in
 * PostgreSQL. A record's physical value says its own field types and names before the literal, since nothing else knows them: `r29:[[23,25],["a","b"]](1,x)`.
 */
import { PgError } from '../common/errors.js';
import { incorrectBinary, insufficientData, isSpace, viewOf } from './binary.js';
import { appendKeyOf } from './array.js';
import { Oid } from './oid.js';
import type { PgType, TypeCodec } from './pg-type.js';
import { canonicalContext, type SqlValue, type TypeContext } from './value.js';

/** One live attribute of a composite type. */
export interface CompositeField {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Attribute number, from 1, never used twice. */
  readonly attribute: number;
}

type TypeOf = (oid: number) => PgType;

function malformed(text: string, detail: string): PgError {
  return new PgError('22P02', `malformed record literal: "${text}"`, { detail });
}

/** The fields of a record literal as texts; null for NULL. `expected` words the errors of record_in; without it any number will do. */
function parseRecordText(text: string, expected?: number, fields: (string | null)[] = []): (string | null)[] {
  let at = 0;
  while (isSpace(text.charCodeAt(at))) at++;
  if (text[at] !== '(') throw malformed(text, 'Missing left parenthesis.');
  at++;
  if (expected === 0 || (expected === undefined && text[at] === ')')) {
    while (isSpace(text.charCodeAt(at))) at++;
  } else {
    for (;;) {
      if (text[at] === ',' || text[at] === ')') fields.push(null);
      else {
        let field = '';
        let quoted = false;
        for (;;) {
          const c = text[at];
          if (c === undefined) throw malformed(text, 'Unexpected end of input.');
          if (!quoted && (c === ',' || c === ')')) break;
          at++;
          if (c === '\\') {
            const next = text[at];
            if (next === undefined) throw malformed(text, 'Unexpected end of input.');
            field += next;
            at++;
          } else if (c === '"') {
            if (!quoted) quoted = true;
            else if (text[at] === '"') {
              field += '"';
              at++;
            } else quoted = false;
          } else field += c;
        }
        fields.push(field);
      }
      if (expected !== undefined && fields.length === expected) break;
      if (text[at] === ',') {
        at++;
        continue;
      }
      if (expected !== undefined) throw malformed(text, 'Too few columns.');
      break;
    }
  }
  if (text[at] !== ')') throw malformed(text, 'Too many columns.');
  at++;
  while (isSpace(text.charCodeAt(at))) at++;
  if (at < text.length) throw malformed(text, 'Junk after right parenthesis.');
  return fields;
}

function quotedField(text: string): string {
  if (text !== '' && !/[\s(),"\\]/.test(text)) return text;
  return `"${text.replace(/(["\\])/g, '$1$1')}"`;
}

/** The record literal of fields' texts. */
function formatRecordText(fields: readonly (string | null)[]): string {
  let text = '(';
  for (let n = 0; n < fields.length; n++) {
    if (n > 0) text += ',';
    const field = fields[n] as string | null;
    if (field !== null) text += quotedField(field);
  }
  return `${text})`;
}

/** The live fields of a composite's physical value, as physical values. */
export function compositeValues(value: SqlValue, fields: readonly CompositeField[], typeOf: TypeOf): SqlValue[] {
  const texts = parseRecordText(String(value));
  return fields.map((field) => {
    const text = texts[field.attribute - 1] ?? null;
    return text === null ? null : typeOf(field.typeOid).parse(text, -1, canonicalContext);
  });
}

/** The physical value of a composite of these physical values of its live fields. */
export function compositeOf(values: readonly SqlValue[], fields: readonly CompositeField[], typeOf: TypeOf): string {
  const texts: (string | null)[] = [];
  fields.forEach((field, n) => {
    while (texts.length < field.attribute - 1) texts.push(null);
    const value = values[n] ?? null;
    texts.push(value === null ? null : typeOf(field.typeOid).format(value, -1, canonicalContext));
  });
  return formatRecordText(texts);
}

/**
 * In record_cmp's order. NULL fields at the end are left out, and the end is greater than any value, as NULL is: so the key of a stored value, and with it every
 * index, stays what it was when the type gets another attribute.
 */
function fieldsKey(values: readonly SqlValue[], types: readonly PgType[]): Uint8Array {
  const bytes: number[] = [];
  let count = values.length;
  while (count > 0 && values[count - 1] === null) count--;
  for (let n = 0; n < count; n++) appendKeyOf(bytes, values[n] as SqlValue, types[n] as PgType);
  bytes.push(3);
  return Uint8Array.from(bytes);
}

function encodeFields(values: readonly SqlValue[], types: readonly PgType[], context: TypeContext): Uint8Array {
  const encoded = values.map((value, n) => (value === null ? null : (types[n] as PgType).encodeBinary(value, -1, context)));
  let size = 4;
  for (const item of encoded) size += 8 + (item?.byteLength ?? 0);
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  view.setInt32(0, values.length);
  let at = 4;
  encoded.forEach((item, n) => {
    const type = types[n] as PgType;
    view.setUint32(at, type.oid === Oid.unknown ? Oid.text : type.oid);
    view.setInt32(at + 4, item === null ? -1 : item.byteLength);
    at += 8;
    if (item === null) return;
    bytes.set(item, at);
    at += item.byteLength;
  });
  return bytes;
}

/** The codec of a composite type. */
export function compositeCodec(fields: readonly CompositeField[], typeOf: TypeOf): TypeCodec {
  const types = (): PgType[] => fields.map((field) => typeOf(field.typeOid));
  return {
    physical: 'text',
    wide: false,
    contextual: true,
    parse(text, _typmod, context) {
      if (context === canonicalContext) return text;
      const read = (texts: readonly (string | null)[]): SqlValue[] =>
        fields.slice(0, texts.length).map((field, n) => {
          const item = texts[n] ?? null;
          const type = typeOf(field.typeOid);
          if (item === null) {
            type.acceptNull?.();
            return null;
          }
          return type.parse(item, field.typmod, context);
        });
      const texts: (string | null)[] = [];
      try {
        parseRecordText(text, fields.length, texts);
      } catch (error) {
        // Fields are converted as they are read: what is wrong with an earlier one is said first.
        read(texts);
        throw error;
      }
      return compositeOf(read(texts), fields, typeOf);
    },
    format(value, _typmod, context) {
      if (context === canonicalContext) return String(value);
      const values = compositeValues(value, fields, typeOf);
      return formatRecordText(
        values.map((item, n) => {
          const field = fields[n] as CompositeField;
          return item === null ? null : typeOf(field.typeOid).format(item, field.typmod, context);
        }),
      );
    },
    decodeBinary(bytes, _typmod, context) {
      if (bytes.byteLength < 4) throw insufficientData();
      const view = viewOf(bytes);
      const count = view.getInt32(0);
      if (count !== fields.length) throw new PgError('42804', `wrong number of columns: ${String(count)}, expected ${String(fields.length)}`);
      let at = 4;
      const values = fields.map((field, n) => {
        if (bytes.byteLength - at < 8) throw insufficientData();
        const oid = view.getUint32(at);
        const length = view.getInt32(at + 4);
        at += 8;
        const type = typeOf(field.typeOid);
        if (oid !== type.oid)
          throw new PgError(
            '42804',
            `binary data has type ${String(oid)} instead of expected ${String(type.oid)} (${type.displayName}) in record column ${String(n + 1)}`,
          );
        if (length === -1) {
          type.acceptNull?.();
          return null;
        }
        if (length < 0 || bytes.byteLength - at < length) throw insufficientData();
        const value = type.decodeBinary(bytes.subarray(at, at + length), field.typmod, context);
        at += length;
        return value;
      });
      if (at !== bytes.byteLength) throw incorrectBinary();
      return compositeOf(values, fields, typeOf);
    },
    encodeBinary: (value, _typmod, context) => encodeFields(compositeValues(value, fields, typeOf), types(), context),
    key: (value) => (value === null ? null : fieldsKey(compositeValues(value, fields, typeOf), types())),
  };
}

// ------------------------------------------------------------------------------------------------------------- anonymous records

export interface RecordValue {
  readonly typeOids: readonly number[];
  readonly names: readonly string[];
  readonly values: readonly SqlValue[];
}

interface RecordHeader {
  readonly typeOids: readonly number[];
  readonly names: readonly string[];
}

const headers = new Map<string, RecordHeader>();

function headerOf(text: string): RecordHeader {
  let header = headers.get(text);
  if (header === undefined) {
    const [typeOids, names] = JSON.parse(text) as [number[], string[]];
    if (headers.size > 1000) headers.clear();
    headers.set(text, (header = { typeOids, names }));
  }
  return header;
}

/** The physical value of a record. */
export function recordOf(typeOids: readonly number[], names: readonly string[] | undefined, values: readonly SqlValue[], typeOf: TypeOf): string {
  const header = JSON.stringify([typeOids, names ?? typeOids.map((_, n) => `f${String(n + 1)}`)]);
  const fields = values.map((value, n) => (value === null ? null : typeOf(typeOids[n] as number).format(value, -1, canonicalContext)));
  return `r${String(header.length)}:${header}${formatRecordText(fields)}`;
}

/** The fields of a record's physical value. */
export function recordValue(value: SqlValue, typeOf: TypeOf): RecordValue {
  const text = String(value);
  const colon = text.indexOf(':');
  const end = colon + 1 + Number(text.slice(1, colon));
  const { typeOids, names } = headerOf(text.slice(colon + 1, end));
  const fields = typeOids.length === 0 ? [] : parseRecordText(text.slice(end), typeOids.length);
  return { typeOids, names, values: fields.map((field, n) => (field === null ? null : typeOf(typeOids[n] as number).parse(field, -1, canonicalContext))) };
}

/** The codec of the pseudo-type record. */
export function recordCodec(typeOf: TypeOf): TypeCodec {
  const typesOf = (record: RecordValue): PgType[] => record.typeOids.map(typeOf);
  return {
    physical: 'text',
    wide: false,
    contextual: true,
    parse(text, _typmod, context) {
      if (context === canonicalContext) return text;
      throw new PgError('0A000', 'input of anonymous composite types is not implemented');
    },
    format(value, _typmod, context) {
      if (context === canonicalContext) return String(value);
      const { typeOids, values } = recordValue(value, typeOf);
      return formatRecordText(values.map((item, n) => (item === null ? null : typeOf(typeOids[n] as number).format(item, -1, context))));
    },
    decodeBinary() {
      throw new PgError('0A000', 'input of anonymous composite types is not implemented');
    },
    encodeBinary(value, _typmod, context) {
      const record = recordValue(value, typeOf);
      return encodeFields(record.values, typesOf(record), context);
    },
    key(value) {
      if (value === null) return null;
      const record = recordValue(value, typeOf);
      return fieldsKey(record.values, typesOf(record));
    },
  };
}
