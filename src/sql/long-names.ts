/**
 * Names in a text that are longer than names are, of which PostgreSQL's scanner tells (42622) as it cuts them. The grammar library cuts them in silence, so the text is looked
 * through once more, if it has anything as long at all. Called by the session for every text that it parses.
 */
import { clipName, nameUnitsSurelyShort } from '../common/names.js';
import { tokens } from './tokens.js';

export interface LongName {
  /** Folded, as the notice shows it. */
  readonly name: string;
  readonly cut: string;
}

const possiblyLong = new RegExp(`[\\w$\\u0080-\\uffff]{${String(nameUnitsSurelyShort + 1)}}|"[^"]{${String(nameUnitsSurelyShort + 1)}}`);

/** Those that begin before `end` (UTF-16 units; all by default), in their order. */
export function longNames(text: string, end = text.length): readonly LongName[] {
  if (!possiblyLong.test(text)) return [];
  const found: LongName[] = [];
  for (const token of tokens(text)) {
    if (token.start >= end) break;
    if (token.kind !== 'word' && token.kind !== 'quoted') continue;
    const name = token.kind === 'word' ? token.text : unquoted(token.text);
    const cut = clipName(name);
    if (cut !== name) found.push({ name, cut });
  }
  return found;
}

function unquoted(text: string): string {
  if (text.startsWith('"')) return text.slice(1, -1).replaceAll('""', '"');
  const plain = text.slice(3, -1).replaceAll('""', '"');
  return plain.replaceAll(/\\(?:\\|\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))/g, (_, six: string | undefined, four: string | undefined) =>
    six === undefined && four === undefined ? '\\' : String.fromCodePoint(Number.parseInt(six ?? four ?? '', 16)),
  );
}
