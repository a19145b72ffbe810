/** Finished DataRow messages in other formats than they were made in: FETCH may ask for text what a cursor keeps in binary, and the other way round. Used by cursor.ts. */
import { requireType } from '../../types/registry.js';
import type { TypeContext } from '../../types/value.js';
import { fieldsOf } from './cursor-rows.js';
import { formatAt, type FormatCode, type ResultColumn } from './session.js';
import { fieldRows } from './text-rows.js';

/** The messages, whose columns are in the formats `kept`, as they are `wanted`. */
export function reformatted(
  messages: Uint8Array,
  columns: readonly ResultColumn[],
  kept: readonly FormatCode[],
  wanted: readonly FormatCode[],
  context: TypeContext,
): Uint8Array {
  if (columns.every((_, at) => formatAt(kept, at) === formatAt(wanted, at))) return messages;
  const field = (bytes: Uint8Array | null, at: number): Uint8Array | null => {
    const column = columns[at];
    if (bytes === null || column === undefined || formatAt(kept, at) === formatAt(wanted, at)) return bytes;
    const type = requireType(column.typeOid);
    return formatAt(kept, at) === 0
      ? type.encodeBinary(type.parse(Buffer.from(bytes).toString(), -1, context), column.typmod, context)
      : Buffer.from(type.format(type.decodeBinary(bytes, -1, context), column.typmod, context));
  };
  const rows: (readonly (Uint8Array | null)[])[] = [];
  const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  for (let at = 0; at < messages.byteLength; ) {
    const end = at + 1 + view.getInt32(at + 1);
    rows.push(fieldsOf(messages.subarray(at, end)).map(field));
    at = end;
  }
  return fieldRows(rows);
}
