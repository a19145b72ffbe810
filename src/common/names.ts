/** How long names may be: 63 bytes of UTF-8 (NAMEDATALEN - 1 of PostgreSQL). Used where texts become names: the parser's words, the type name, settings, object names. */

/** A text of no more UTF-16 units is short enough, whatever it is made of. */
export const nameUnitsSurelyShort = 21;
const nameBytesMax = 63;

/** The name as it is used: cut between characters. */
export function clipName(text: string): string {
  if (text.length <= nameUnitsSurelyShort) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= nameBytesMax) return text;
  let end = nameBytesMax;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
