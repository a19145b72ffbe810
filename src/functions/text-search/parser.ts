/**
 * The default text search parser: a document's tokens with their types. PostgreSQL's is a state machine (wparser_def.c); this one tries, at each place, the
 * kinds of token from the most special to the plainest. Used by documents.ts.
 */

export type TokenType =
  | 'asciiword'
  | 'word'
  | 'numword'
  | 'email'
  | 'url'
  | 'host'
  | 'sfloat'
  | 'version'
  | 'hword_numpart'
  | 'hword_part'
  | 'hword_asciipart'
  | 'blank'
  | 'tag'
  | 'protocol'
  | 'numhword'
  | 'asciihword'
  | 'hword'
  | 'url_path'
  | 'file'
  | 'float'
  | 'int'
  | 'uint'
  | 'entity';

/** In the order of their numbers, from 1. */
export const tokenTypes: readonly (readonly [name: TokenType, description: string])[] = [
  ['asciiword', 'Word, all ASCII'],
  ['word', 'Word, all letters'],
  ['numword', 'Word, letters and digits'],
  ['email', 'Email address'],
  ['url', 'URL'],
  ['host', 'Host'],
  ['sfloat', 'Scientific notation'],
  ['version', 'Version number'],
  ['hword_numpart', 'Hyphenated word part, letters and digits'],
  ['hword_part', 'Hyphenated word part, all letters'],
  ['hword_asciipart', 'Hyphenated word part, all ASCII'],
  ['blank', 'Space symbols'],
  ['tag', 'XML tag'],
  ['protocol', 'Protocol head'],
  ['numhword', 'Hyphenated word, letters and digits'],
  ['asciihword', 'Hyphenated word, all ASCII'],
  ['hword', 'Hyphenated word, all letters'],
  ['url_path', 'URL path'],
  ['file', 'File or path name'],
  ['float', 'Decimal notation'],
  ['int', 'Signed integer'],
  ['uint', 'Unsigned integer'],
  ['entity', 'XML entity'],
];

export interface Token {
  readonly type: TokenType;
  readonly text: string;
}

const letters = String.raw`[\p{L}\p{M}\p{Nl}]`;
const lettersAndDigits = String.raw`[\p{L}\p{M}\p{N}]`;
const sticky = (source: string): RegExp => new RegExp(source, 'uy');

const tag = sticky(String.raw`<(?:/?[A-Za-z][^<>]*|!--[^]*?--|[!?][A-Za-z][^<>]*)>`);
const entity = sticky('&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z_:][A-Za-z0-9_:.]*);');
const protocol = sticky(String.raw`[A-Za-z]+://(?=[^\s])`);
const email = sticky(String.raw`[A-Za-z0-9][A-Za-z0-9_.-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}`);
const host = sticky(String.raw`(?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?\.)+\p{L}{2,}(?::\d+)?(?![\p{L}\p{N}_]|[.-][\p{L}\p{N}])`);
const urlPath = sticky(String.raw`[/?][^\s"'<>()\[\]{}^\x60|]*`);
const version = sticky(String.raw`\d+(?:\.\d+){2,}(?![\p{L}\p{N}])`);
const scientific = sticky(String.raw`[+-]?\d+(?:\.\d+)?[eE][+-]?\d+(?![\p{L}\p{N}])`);
const decimal = sticky(String.raw`[+-]?\d+\.\d+(?![\p{L}\p{N}])`);
const signed = sticky(String.raw`[+-]\d+(?![\p{L}\p{N}])`);
const unsigned = sticky(String.raw`\d+(?![\p{L}\p{N}])`);
const file = sticky(String.raw`(?:~?/|\.{1,2}/)?[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:[./]+[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*`);
const hyphenated = sticky(`${lettersAndDigits}+(?:-${lettersAndDigits}+)+`);
const plainWord = sticky(`${lettersAndDigits}+`);
const allAscii = /^[A-Za-z]+$/;
const allLetters = new RegExp(`^${letters}+$`, 'u');

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const wordType = (text: string): 'asciiword' | 'word' | 'numword' => (allAscii.test(text) ? 'asciiword' : allLetters.test(text) ? 'word' : 'numword');
const partTypes = { asciiword: 'hword_asciipart', word: 'hword_part', numword: 'hword_numpart' } as const;
const compoundTypes = { asciiword: 'asciihword', word: 'hword', numword: 'numhword' } as const;

/** The tokens, blanks included. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let blank = '';
  let at = 0;
  const push = (type: TokenType, token: string): void => {
    if (blank !== '') tokens.push({ type: 'blank', text: blank });
    blank = '';
    tokens.push({ type, text: token });
  };
  const url = (from: number): number => {
    const name = matchAt(host, text, from);
    if (name === undefined) return 0;
    const path = matchAt(urlPath, text, from + name.length);
    if (path !== undefined && path.length > 1) {
      push('url', name + path);
      push('host', name);
      push('url_path', path);
      return name.length + path.length;
    }
    push('host', name);
    return name.length;
  };
  while (at < text.length) {
    const found = special(text, at);
    if (found !== undefined) {
      push(...found);
      at += found[1].length;
      if (found[0] === 'protocol') at += url(at);
      continue;
    }
    const length = url(at);
    if (length > 0) {
      at += length;
      continue;
    }
    const number = numberAt(text, at);
    if (number !== undefined) {
      push(...number);
      at += number[1].length;
      continue;
    }
    const path = matchAt(file, text, at);
    if (path !== undefined && (/^[~./]/.test(path) || (/[A-Za-z0-9_][./]/.test(path) && /[A-Za-z]/.test(path)))) {
      const trimmed = path.replace(/(?<=[A-Za-z0-9_])\.+$/, '');
      if (/[./]/.test(trimmed)) {
        push('file', trimmed);
        at += trimmed.length;
        continue;
      }
    }
    const compound = matchAt(hyphenated, text, at);
    if (compound !== undefined && /^\p{L}/u.test(compound)) {
      const parts = compound.split('-').map((part) => ({ part, type: wordType(part) }));
      const kind = parts.every(({ type }) => type === 'asciiword') ? 'asciiword' : parts.some(({ type }) => type === 'numword') ? 'numword' : 'word';
      push(compoundTypes[kind], compound);
      parts.forEach(({ part, type }, n) => {
        if (n > 0) blank = '-';
        push(partTypes[type], part);
      });
      at += compound.length;
      continue;
    }
    const word = matchAt(plainWord, text, at);
    if (word !== undefined) {
      push(wordType(word), word);
      at += word.length;
      continue;
    }
    const character = String.fromCodePoint(text.codePointAt(at) as number);
    blank += character;
    at += character.length;
  }
  if (blank !== '') tokens.push({ type: 'blank', text: blank });
  return tokens;
}

function special(text: string, at: number): readonly [TokenType, string] | undefined {
  for (const [type, pattern] of [
    ['tag', tag],
    ['entity', entity],
    ['protocol', protocol],
    ['email', email],
  ] as const) {
    const token = matchAt(pattern, text, at);
    if (token !== undefined) return [type, token];
  }
  return undefined;
}

function numberAt(text: string, at: number): readonly [TokenType, string] | undefined {
  for (const [type, pattern] of [
    ['version', version],
    ['sfloat', scientific],
    ['float', decimal],
    ['int', signed],
    ['uint', unsigned],
  ] as const) {
    const token = matchAt(pattern, text, at);
    if (token !== undefined) return [type, token];
  }
  return undefined;
}
