/**
 * Reads a script as psql does: statements that end in `;` (outside quotes, comments and parentheses) or in a meta-command, psql's variables, inline data of
 * COPY. It is a cursor, because only the server knows whether the lines after a COPY are data. Called by run-file.ts.
 */

/** A piece of a statement: text, or a reference to one of psql's variables. */
type Piece = string | { readonly variable: string; readonly quote: 'none' | 'literal' | 'identifier' | 'exists'; readonly source: string };

export type ScriptItem =
  | {
      readonly kind: 'statement';
      readonly line: number;
      readonly pieces: readonly Piece[];
      /** `;`, or the meta-command that sends it: g, gx, gset, gexec, gdesc, crosstabview. */
      readonly sentBy: string;
      readonly arguments: readonly string[];
    }
  | { readonly kind: 'command'; readonly line: number; readonly name: string; readonly arguments: readonly string[]; readonly rest: string };

/** Meta-commands that send the statement before them. */
const senders: ReadonlySet<string> = new Set(['g', 'gx', 'gset', 'gexec', 'gdesc', 'crosstabview']);

const identifierStart = /[A-Za-z_\u0080-\uffff]/;

export class PsqlScript {
  private at = 0;

  constructor(
    private readonly text: string,
    /** psql follows the server's standard_conforming_strings. */
    private readonly backslashesInStrings: () => boolean = () => false,
  ) {}

  /** The next statement or meta-command; undefined at the end. */
  next(): ScriptItem | undefined {
    const text = this.text;
    const pieces: Piece[] = [];
    let start = this.at;
    let line = 0;
    let parentheses = 0;
    /** BEGIN ATOMIC ... END in the body of a function: its semicolons end nothing. */
    let blocks = 0;
    let words: string[] = [];
    const flush = (end: number): void => {
      if (end > start) pieces.push(text.slice(start, end));
      start = end;
    };
    const begun = (): void => {
      if (line === 0) line = this.lineOf(this.at);
    };
    while (this.at < text.length) {
      const char = text[this.at] as string;
      const two = text.slice(this.at, this.at + 2);
      if (/\s/.test(char)) {
        this.at++;
        if (line === 0) start = this.at;
      } else if (two === '--') {
        this.at = endOfLine(text, this.at);
        if (line === 0) start = this.at;
      } else if (two === '/*') {
        this.at = endOfComment(text, this.at);
        if (line === 0) start = this.at;
      } else if (char === "'") {
        begun();
        const prefix = /([A-Za-z_0-9$&]*)$/.exec(text.slice(Math.max(start, this.at - 20), this.at))?.[1] ?? '';
        this.at = endOfString(text, this.at, /^e$/i.test(prefix) || (this.backslashesInStrings() && !/^[bxu]&?$/i.test(prefix)));
      } else if (char === '"') {
        begun();
        this.at = afterClosing(text, this.at + 1, '"');
      } else if (char === '$' && !/[A-Za-z0-9_\u0080-\uffff]/.test(text[this.at - 1] ?? '')) {
        begun();
        const tag = /^\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(text.slice(this.at, this.at + 70))?.[0];
        if (tag === undefined) this.at++;
        else {
          const close = text.indexOf(tag, this.at + tag.length);
          this.at = close < 0 ? text.length : close + tag.length;
        }
      } else if (two === '::' || two === ':=') {
        begun();
        this.at += 2;
      } else if (char === ':') {
        begun();
        const found =
          /^:(?:\{\?([A-Za-z0-9_\u0080-\uffff]+)\}|'([A-Za-z0-9_\u0080-\uffff]+)'|"([A-Za-z0-9_\u0080-\uffff]+)"|([A-Za-z0-9_\u0080-\uffff]+))/.exec(
            text.slice(this.at, this.at + 80),
          );
        if (found === null) this.at++;
        else {
          flush(this.at);
          const quote = found[1] !== undefined ? 'exists' : found[2] !== undefined ? 'literal' : found[3] !== undefined ? 'identifier' : 'none';
          pieces.push({ variable: found[1] ?? found[2] ?? found[3] ?? found[4] ?? '', quote, source: found[0] });
          this.at += found[0].length;
          start = this.at;
        }
      } else if (two === '\\;') {
        // A semicolon that belongs to the query string.
        begun();
        flush(this.at);
        pieces.push(';');
        this.at += 2;
        start = this.at;
      } else if (char === '\\') {
        if (line === 0) {
          const at = this.lineOf(this.at);
          return this.command(at);
        }
        flush(this.at);
        const statementLine = line;
        const command = this.command(statementLine);
        if (command.kind !== 'command') return command;
        if (senders.has(command.name)) return { kind: 'statement', line: statementLine, pieces, sentBy: command.name, arguments: command.arguments };
        if (command.name === 'r' || command.name === 'reset') {
          pieces.length = 0;
          line = 0;
        } else if (['if', 'elif', 'else', 'endif', 'set'].includes(command.name)) {
          // Rare inside a statement; the script's author means it to act, not to end the statement.
          pieces.push(' ');
        }
        start = this.at;
      } else if (char === ';' && parentheses === 0 && blocks === 0) {
        if (line === 0) {
          this.at++;
          start = this.at;
          continue;
        }
        flush(this.at);
        this.at++;
        return { kind: 'statement', line, pieces, sentBy: ';', arguments: [] };
      } else {
        begun();
        if (char === '(') parentheses++;
        else if (char === ')') parentheses = Math.max(0, parentheses - 1);
        if (identifierStart.test(char)) {
          const word = (/^[A-Za-z0-9_$\u0080-\uffff]+/.exec(text.slice(this.at, this.at + 200))?.[0] ?? char).toLowerCase();
          this.at += word.length;
          if (words.length < 4) words = [...words, word];
          const routine = words[0] === 'create' && words.some((other) => other === 'function' || other === 'procedure');
          if (routine && parentheses === 0) {
            if (word === 'begin' || (word === 'case' && blocks > 0)) blocks++;
            else if (word === 'end' && blocks > 0) blocks--;
          }
        } else this.at++;
      }
    }
    flush(this.at);
    // psql does not send what no semicolon ends, but at the end of its input it does.
    return line === 0 ? undefined : { kind: 'statement', line, pieces, sentBy: ';', arguments: [] };
  }

  /** The inline data of COPY FROM STDIN: the lines after the current one up to `\.`, which is dropped. */
  copyData(): string {
    const start = endOfLine(this.text, this.at) + 1;
    let at = start;
    while (at < this.text.length) {
      const end = endOfLine(this.text, at);
      const line = this.text.slice(at, end);
      if (line === '\\.' || line === '\\.\r') {
        this.at = end;
        return this.text.slice(start, at);
      }
      at = end + 1;
    }
    this.at = this.text.length;
    return this.text.slice(start);
  }

  private lineOf(position: number): number {
    let line = 1;
    for (let at = this.text.indexOf('\n'); at >= 0 && at < position; at = this.text.indexOf('\n', at + 1)) line++;
    return line;
  }

  /** Reads `\name arguments`; arguments end at the line's end or at the next backslash. */
  private command(line: number): ScriptItem {
    const name = /^\\([A-Za-z_]+[+S]*|[!?])?/.exec(this.text.slice(this.at, this.at + 40))?.[1] ?? '';
    this.at += 1 + name.length;
    const restStart = this.at;
    const lineEnd = endOfLine(this.text, this.at);
    const whole = ['copy', '!', 'sf', 'sv', 'ef', 'ev', 'h', 'help'].includes(name);
    const list: string[] = [];
    if (whole) this.at = lineEnd;
    while (this.at < lineEnd) {
      const char = this.text[this.at] as string;
      if (/\s/.test(char)) {
        this.at++;
        continue;
      }
      if (char === '\\') {
        if (this.text[this.at + 1] === '\\') this.at += 2; // `\\` ends a command
        break;
      }
      let value = '';
      while (this.at < lineEnd && !/[\s\\]/.test(this.text[this.at] as string)) {
        const here = this.text[this.at] as string;
        const reference = here === ':' ? /^:(?:\{\?\w+\}|'\w+'|"\w+"|\w+)/.exec(this.text.slice(this.at, lineEnd))?.[0] : undefined;
        if (reference !== undefined) {
          // Left as it is: the runner puts each side's own value in.
          value += `\u0001${reference}\u0002`;
          this.at += reference.length;
        } else if (here === "'" || here === '`') {
          const close = here === "'" ? endOfString(this.text, this.at, true) : afterClosing(this.text, this.at + 1, '`');
          const inner = this.text.slice(this.at + 1, Math.min(close, lineEnd + 1) - 1);
          value += here === '`' ? '' : unescape(inner);
          this.at = close;
        } else if (here === '"') {
          const close = afterClosing(this.text, this.at + 1, '"');
          value += this.text.slice(this.at, close);
          this.at = close;
        } else {
          value += here;
          this.at++;
        }
      }
      list.push(value);
    }
    return { kind: 'command', line, name, arguments: list, rest: this.text.slice(restStart, this.at).trim() };
  }
}

/** The statement with a side's variables in it. */
export function render(pieces: readonly Piece[], variables: ReadonlyMap<string, string>): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      const value = variables.get(piece.variable);
      if (piece.quote === 'exists') return value === undefined ? 'FALSE' : 'TRUE';
      if (value === undefined) return piece.source;
      return piece.quote === 'literal' ? quoteLiteral(value) : piece.quote === 'identifier' ? `"${value.replaceAll('"', '""')}"` : value;
    })
    .join('')
    .trim();
}

/** An argument of a meta-command with a side's variables in it. */
export function renderArgument(argument: string, variables: ReadonlyMap<string, string>): string {
  return argument.replaceAll(
    /\u0001:(?:\{\?(\w+)\}|'(\w+)'|"(\w+)"|(\w+))\u0002/g,
    (source, exists?: string, literal?: string, quoted?: string, plain?: string) => {
      const name = exists ?? literal ?? quoted ?? plain ?? '';
      const value = variables.get(name);
      if (exists !== undefined) return value === undefined ? 'FALSE' : 'TRUE';
      if (value === undefined) return source.slice(1, -1);
      return literal !== undefined ? quoteLiteral(value) : quoted !== undefined ? `"${value}"` : value;
    },
  );
}

function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return value.includes('\\') ? ` E${quoted}` : quoted;
}

function unescape(text: string): string {
  const known = new Map([
    ['n', '\n'],
    ['t', '\t'],
    ['b', '\b'],
    ['r', '\r'],
    ['f', '\f'],
  ]);
  return text.replaceAll("''", "'").replaceAll(/\\(.)/g, (_, char: string) => known.get(char) ?? char);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function endOfComment(text: string, at: number): number {
  let depth = 0;
  for (let position = at; position < text.length; ) {
    const two = text.slice(position, position + 2);
    if (two === '/*') depth++;
    else if (two === '*/') depth--;
    else {
      position++;
      continue;
    }
    position += 2;
    if (depth === 0) return position;
  }
  return text.length;
}

function endOfString(text: string, at: number, backslashes: boolean): number {
  for (let position = at + 1; position < text.length; position++) {
    const char = text[position];
    if (char === '\\' && backslashes) position++;
    else if (char === "'") {
      if (text[position + 1] !== "'") return position + 1;
      position++;
    }
  }
  return text.length;
}

function afterClosing(text: string, at: number, quote: string): number {
  const close = text.indexOf(quote, at);
  return close < 0 ? text.length : close + 1;
}
