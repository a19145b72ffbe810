/**
 * The text of a statement with its constants taken out, and a hash of that: statements that differ only in constants have the same.
 * Called by the statistics of statements (pg_stat_statements) and by caches that are keyed by the form of a query.
 *
 * It works on the text, in one pass and without the parser, so that it is cheap and also works for statements that do not parse. Keywords and unquoted
 * identifiers are folded, comments go, blanks become one, constants become `?`, and a list of nothing but constants becomes one `?`.
 */
import { tokens } from './tokens.js';

/** The statement's form, e.g. `select a from t where b = ? and c in (?)`. */
export function normaliseStatement(text: string): string {
  const parts: string[] = [];
  for (const token of tokens(text)) {
    // `?, ?` is one: lists of any length have the same form.
    if (token.kind === 'constant' && parts.at(-1) === ',' && parts.at(-2) === '?') parts.pop();
    else parts.push(token.text);
    // So are rows of VALUES.
    if (token.text === ')' && parts.slice(-7).join(' ') === '( ? ) , ( ? )') parts.splice(-4);
  }
  while (parts.at(-1) === ';') parts.pop();
  return parts.join(' ');
}

/** 64 bits of the statement's form in 16 hexadecimal digits (two FNV-1a hashes of 32 bits with different starts). */
export function fingerprint(text: string): string {
  const normalised = normaliseStatement(text);
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let i = 0; i < normalised.length; i++) {
    const code = normalised.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ (code + 0x9e37), 0x01000193);
  }
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');
}
