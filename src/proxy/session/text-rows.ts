/**
 * DataRow messages from rows of texts, for the small results of utility statements.
 */

/** One 'D' message a row; null is NULL. */
export function textRows(rows: readonly (readonly (string | null)[])[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const row of rows) {
    const fields = row.map((value) => (value === null ? null : Buffer.from(value)));
    const length = 4 + 2 + fields.reduce((sum, field) => sum + 4 + (field?.length ?? 0), 0);
    const message = Buffer.allocUnsafe(1 + length);
    message[0] = 0x44;
    message.writeInt32BE(length, 1);
    message.writeInt16BE(fields.length, 5);
    let at = 7;
    for (const field of fields) {
      message.writeInt32BE(field === null ? -1 : field.length, at);
      at += 4;
      if (field !== null) at += field.copy(message, at);
    }
    parts.push(message.subarray(0, at));
  }
  return Buffer.concat(parts);
}
