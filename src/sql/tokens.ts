/** The tokens of SQL text in one pass and without the parser, so also of texts that do not parse. Used by long-names. */

const digit = /[0-9]/;
const identifierStart = /[A-Za-z_\u0080-\uffff]/;
const identifierPart = /[A-Za-z0-9_$\u0080-\uffff]/;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const operatorCharacter = /[-+*/<>=~!@#%^&|`?:]/;

export interface Token {
  readonly kind: 'constant' | 'word' | 'quoted' | 'parameter' | 'symbol';
  /** Words in lower case, quoted names as written, constants as `?`. */
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly start: number;
}

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
  dollarTag.lastIndex = start;
  const tag = dollarTag.exec(text)?.[0];
  if (tag === undefined) return undefined;
  const end = text.indexOf(tag, start + tag.length);
  return end < 0 ? text.length : end + tag.length;
}

/** The tokens of a text, which need not be valid; comments and blanks are left out. */
export function* tokens(text: string): Generator<Token> {
  let i = 0;
  while (i < text.length) {
    const character = text[i] ?? '';
    const start = i;
    if (/\s/.test(character)) {
      i++;
    } else if (text.startsWith('--', i)) {
      const end = text.indexOf('\n', i);
      i = end < 0 ? text.length : end;
    } else if (text.startsWith('/*', i)) {
      i = endOfComment(text, i);
    } else if (character === "'") {
      i = endOfQuoted(text, i, false);
      yield { kind: 'constant', text: '?', start };
    } else if (character === '"') {
      const end = endOfQuoted(text, i, false);
      yield { kind: 'quoted', text: text.slice(i, end), start };
      i = end;
    } else if (character === '$') {
      const end = endOfDollarQuoted(text, i);
      if (end !== undefined) {
        yield { kind: 'constant', text: '?', start };
        i = end;
      } else {
        i++;
        while (i < text.length && digit.test(text[i] ?? '')) i++;
        yield { kind: 'parameter', text: text.slice(start, i), start };
      }
    } else if (digit.test(character) || (character === '.' && digit.test(text[i + 1] ?? ''))) {
      i += /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/.exec(text.slice(i, i + 400))?.[0].length ?? 1;
      yield { kind: 'constant', text: '?', start };
    } else if (identifierStart.test(character)) {
      const next = text[i + 1];
      if (next === "'" && /[eEbBxXnN]/.test(character)) {
        i = endOfQuoted(text, i + 1, character === 'e' || character === 'E');
        yield { kind: 'constant', text: '?', start };
      } else if (/^[uU]&['"]/.test(text.slice(i, i + 3))) {
        const end = endOfQuoted(text, i + 2, false);
        yield text[i + 2] === "'" ? { kind: 'constant', text: '?', start } : { kind: 'quoted', text: text.slice(i, end), start };
        i = end;
      } else {
        i++;
        while (i < text.length && identifierPart.test(text[i] ?? '')) i++;
        yield { kind: 'word', text: text.slice(start, i).toLowerCase(), start };
      }
    } else if (operatorCharacter.test(character)) {
      i++;
      // A comment may begin inside of a run of operator characters.
      while (i < text.length && operatorCharacter.test(text[i] ?? '') && !text.startsWith('--', i) && !text.startsWith('/*', i)) i++;
      yield { kind: 'symbol', text: text.slice(start, i), start };
    } else {
      yield { kind: 'symbol', text: character, start };
      i++;
    }
  }
}
