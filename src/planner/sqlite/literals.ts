/** SQLite literals, for the places where a parameter will not do: lists of many thousand constants. */
import type { SqlValue } from '../../types/value.js';
import { quoteText } from './spelled.js';

/** The literal of a physical value. Floats keep every bit. */
export function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  switch (typeof value) {
    case 'bigint':
      return value < 0n ? `(${String(value)})` : String(value);
    case 'number': {
      if (value === Infinity) return '9e999';
      if (value === -Infinity) return '(-9e999)';
      const text = Object.is(value, -0) ? '-0.0' : String(value);
      const real = /[.e]/.test(text) ? text : `${text}.0`;
      return value < 0 || real.startsWith('-') ? `(${real})` : real;
    }
    case 'string':
      return quoteText(value);
    default:
      return `X'${Buffer.from(value).toString('hex')}'`;
  }
}
