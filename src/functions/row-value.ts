/** The text of a row value, as record_out writes it. Used by shoal_row and by ROW() in the coordinator. */
import { requireType } from '../types/registry.js';
import type { SqlValue, TypeContext } from '../types/value.js';

/** `(1,"a b",)`: physical values by their types; NULL is empty. */
export function formatRow(values: readonly SqlValue[], oids: readonly number[], context: TypeContext): string {
  let text = '(';
  for (let n = 0; n < values.length; n++) {
    if (n > 0) text += ',';
    const value = values[n] as SqlValue;
    if (value !== null) text += quotedField(requireType(oids[n] as number).format(value, -1, context));
  }
  return `${text})`;
}

function quotedField(text: string): string {
  if (text !== '' && !/[\s(),"\\]/.test(text)) return text;
  return `"${text.replace(/(["\\])/g, '$1$1')}"`;
}
