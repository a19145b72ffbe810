/**
 * Tokens of a PL/pgSQL body. SQL inside of it is handed on as text, so tokens know where they stand. Source: the scanner of PostgreSQL 15 (scan.l), as far as it decides
 * where a token ends.
 */
import { PgError } from '../common/errors.js';

export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'operator' | 'end';
  /** Words in lower case, quoted names and strings by what they mean, all else as written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const operators = [':=', '<<', '>>', '..', '::', '=>', '<=', '>=', '<>', '!='];

function isWordStart(c: string): boolean {
  return /[A-Za-z_\u0080-\uffff]/.test(c);
}

class Lexer {
  #at = 0;

  constructor(private readonly text: string) {}

  #skip(): void {
    const { text } = this;
    for (;;) {
      const c = text[this.#at];
      if (c !== undefined && /\s/.test(c)) this.#at++;
      else if (text.startsWith('--', this.#at)) {
        const end = text.indexOf('\n', this.#at);
        this.#at = end < 0 ? text.length : end;
      } else if (text.startsWith('/*', this.#at)) {
        let depth = 0;
        do {
          if (text.startsWith('/*', this.#at)) {
            depth++;
            this.#at += 2;
          } else if (text.startsWith('*/', this.#at)) {
            depth--;
            this.#at += 2;
          } else this.#at++;
        } while (depth > 0 && this.#at < text.length);
        if (depth > 0) throw new PgError('42601', 'unterminated /* comment');
      } else return;
    }
  }

  /** A string from its opening quote; the meaning of backslashes is the SQL parser's business but for E'...'. */
  #quoted(quote: string, escapes: boolean): string {
    const { text } = this;
    let value = '';
    this.#at++;
    for (;;) {
      const c = text[this.#at];
      if (c === undefined) throw new PgError('42601', quote === '"' ? 'unterminated quoted identifier' : 'unterminated quoted string');
      this.#at++;
      if (c === quote) {
        if (text[this.#at] !== quote) return value;
        this.#at++;
        value += quote;
      } else if (c === '\\' && escapes) {
        const next = text[this.#at] ?? '';
        this.#at++;
        const plain: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };
        value += plain[next] ?? next;
      } else value += c;
    }
  }

  next(): Token {
    this.#skip();
    const { text } = this;
    const start = this.#at;
    const made = (kind: Token['kind'], value: string): Token => ({ kind, value, start, end: this.#at });
    const c = text[start];
    if (c === undefined) return made('end', '');
    if (/[eE]/.test(c) && text[start + 1] === "'") {
      this.#at++;
      return made('string', this.#quoted("'", true));
    }
    if (/[bBxXnN]/.test(c) && text[start + 1] === "'") {
      this.#at++;
      this.#quoted("'", false);
      return made('number', text.slice(start, this.#at));
    }
    if (isWordStart(c)) {
      while (/[A-Za-z0-9_$\u0080-\uffff]/.test(text[this.#at] ?? ' ')) this.#at++;
      return made('word', text.slice(start, this.#at).toLowerCase());
    }
    if (c === '"') return made('quoted', this.#quoted('"', false));
    if (c === "'") return made('string', this.#quoted("'", false));
    if (c === '$') {
      const parameter = /^\$\d+/.exec(text.slice(start, start + 12));
      if (parameter !== null) {
        this.#at += parameter[0].length;
        return made('parameter', parameter[0].slice(1));
      }
      const tag = /^\$([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(text.slice(start, start + 80));
      if (tag !== null) {
        const end = text.indexOf(tag[0], start + tag[0].length);
        if (end < 0) throw new PgError('42601', 'unterminated dollar-quoted string');
        this.#at = end + tag[0].length;
        return made('string', text.slice(start + tag[0].length, end));
      }
    }
    const number = /^(\d+(\.(?!\.)\d*)?|\.\d+)([eE][+-]?\d+)?/.exec(text.slice(start, start + 400));
    if (number !== null) {
      this.#at += number[0].length;
      return made('number', number[0]);
    }
    const operator = operators.find((one) => text.startsWith(one, start));
    this.#at += operator?.length ?? 1;
    return made('operator', text.slice(start, this.#at));
  }
}

export function tokensOf(text: string): readonly Token[] {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  for (;;) {
    const token = lexer.next();
    tokens.push(token);
    if (token.kind === 'end') return tokens;
  }
}
