/**
 * DataRow messages from rows of fields, for the small results of utility statements and rows that are made anew.
 */

/** One 'D' message a row; null is NULL. */
export function textRows(rows: readonly (readonly (string | null)[])[]): Uint8Array {
  return fieldRows(rows.map((row) => row.map((value) => (value === null ? null : Buffer.from(value)))));
}

/** One 'D' message a row of finished fields. */
export function fieldRows(rows: readonly (readonly (Uint8Array | null)[])[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const fields of rows) {
    const length = 4 + 2 + fields.reduce((sum, field) => sum + 4 + (field?.length ?? 0), 0);
    const message = Buffer.allocUnsafe(1 + length);
    message[0] = 0x44;
    message.writeInt32BE(length, 1);
    message.writeInt16BE(fields.length, 5);
    let at = 7;
    for (const field of fields) {
      message.writeInt32BE(field === null ? -1 : field.length, at);
      at += 4;
      if (field === null) continue;
      message.set(field, at);
      at += field.length;
    }
    parts.push(message.subarray(0, at));
  }
  return Buffer.concat(parts);
}
