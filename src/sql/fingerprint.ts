/**
 * The text of a statement with its constants taken out, and a hash of that: statements that differ only in constants have the same.
 * Called by the statistics of statements (pg_stat_statements) and by caches that are keyed by the form of a query.
 *
 * It works on the text, in one pass and without the parser, so that it is cheap and also works for statements that do not parse. Keywords and unquoted
 * identifiers are folded, comments go, blanks become one, constants become `?`, and a list of nothing but constants becomes one `?`.
 */

const digit = /[0-9]/;
const identifierStart = /[A-Za-z_\u0080-\uffff]/;
const identifierPart = /[A-Za-z0-9_$\u0080-\uffff]/;
const operatorCharacter = /[-+*/<>=~!@#%^&|`?:]/;

type Token = { readonly kind: 'constant' | 'word' | 'quoted' | 'parameter' | 'symbol'; readonly text: string };

/** The end of a quoted string or identifier that begins at `start`; doubled quotes are part of it, and backslashes escape if `escapes`. */
function endOfQuoted(text: string, start: number, escapes: boolean): number {
  const quote = text[start];
  for (let i = start + 1; i < text.length; i++) {
    if (escapes && text[i] === '\\') i++;
    else if (text[i] === quote) {
      if (text[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return text.length;
}

/** Comments nest in PostgreSQL. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text.startsWith('/*', i)) {
      depth++;
      i++;
    } else if (text.startsWith('*/', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

function endOfDollarQuoted(text: string, start: number): number | undefined {
  const tag = /^\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(text.slice(start, start + 66))?.[0];
  if (tag === undefined) return undefined;
  const end = text.indexOf(tag, start + tag.length);
  return end < 0 ? text.length : end + tag.length;
}

function* tokens(text: string): Generator<Token> {
  let i = 0;
  while (i < text.length) {
    const character = text[i] ?? '';
    if (/\s/.test(character)) {
      i++;
    } else if (text.startsWith('--', i)) {
      const end = text.indexOf('\n', i);
      i = end < 0 ? text.length : end;
    } else if (text.startsWith('/*', i)) {
      i = endOfComment(text, i);
    } else if (character === "'") {
      i = endOfQuoted(text, i, false);
      yield { kind: 'constant', text: '?' };
    } else if (character === '"') {
      const end = endOfQuoted(text, i, false);
      yield { kind: 'quoted', text: text.slice(i, end) };
      i = end;
    } else if (character === '$') {
      const end = endOfDollarQuoted(text, i);
      if (end !== undefined) {
        yield { kind: 'constant', text: '?' };
        i = end;
      } else {
        const start = i++;
        while (i < text.length && digit.test(text[i] ?? '')) i++;
        yield { kind: 'parameter', text: text.slice(start, i) };
      }
    } else if (digit.test(character) || (character === '.' && digit.test(text[i + 1] ?? ''))) {
      i += /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/.exec(text.slice(i, i + 400))?.[0].length ?? 1;
      yield { kind: 'constant', text: '?' };
    } else if (identifierStart.test(character)) {
      const next = text[i + 1];
      if (next === "'" && /[eEbBxXnN]/.test(character)) {
        i = endOfQuoted(text, i + 1, character === 'e' || character === 'E');
        yield { kind: 'constant', text: '?' };
      } else if (/^[uU]&['"]/.test(text.slice(i, i + 3))) {
        const end = endOfQuoted(text, i + 2, false);
        yield text[i + 2] === "'" ? { kind: 'constant', text: '?' } : { kind: 'quoted', text: text.slice(i, end) };
        i = end;
      } else {
        const start = i++;
        while (i < text.length && identifierPart.test(text[i] ?? '')) i++;
        yield { kind: 'word', text: text.slice(start, i).toLowerCase() };
      }
    } else if (operatorCharacter.test(character)) {
      const start = i++;
      // A comment may begin inside of a run of operator characters.
      while (i < text.length && operatorCharacter.test(text[i] ?? '') && !text.startsWith('--', i) && !text.startsWith('/*', i)) i++;
      yield { kind: 'symbol', text: text.slice(start, i) };
    } else {
      yield { kind: 'symbol', text: character };
      i++;
    }
  }
}

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
