/**
 * Rows that travel as a JSON array of arrays, because SQLite lets nothing but a value pass: out of correlated subqueries (LATERAL) and from one round of a loop to the
 * next (WITH RECURSIVE). Blobs travel as hexadecimal text.
 */
import { typeByOid } from '../../types/registry.js';
import { columnOf } from './block.js';
import type { Spelled } from './spelled.js';

const isBlob = (spelled: Spelled): boolean => spelled.decimal === undefined && typeByOid(spelled.type.oid)?.physical === 'blob';

/** A value, under its text in the row's source, as an element of its row. */
export function jsonItem(text: string, spelled: Spelled): string {
  return isBlob(spelled) ? `iif(${text} IS NULL, NULL, hex(${text}))` : text;
}

/** Element `index` of a row that json_each yields as `alias`. `spelled`: what was put in. */
export function fromJsonItem(alias: string, index: number, spelled: Spelled): Spelled {
  const extracted = `json_extract(${alias}.value, '$[${String(index)}]')`;
  const text = isBlob(spelled) ? `unhex(${extracted})` : extracted;
  const bound = columnOf('', '', spelled);
  return {
    ...bound,
    text,
    weight: 2,
    ...(bound.decimal === undefined ? {} : { decimal: { ...bound.decimal, nanLeaves: bound.decimal.nanLeaves.length > 0 ? [text] : [] } }),
  };
}
