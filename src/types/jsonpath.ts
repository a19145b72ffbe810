/**
 * jsonpath: the parsed path, its parser, its text form and the type's codec. The physical value is PostgreSQL's output text. Source: jsonpath_scan.l,
 * jsonpath_gram.y and jsonpath.c of PostgreSQL 15. The evaluation is in functions/json/path.ts.
 */
import { PgError } from '../common/errors.js';
import { decodeText, encodeText, insufficientData } from './binary.js';
import { quoteJson } from './json.js';
import { formatNumeric, negateNumeric, parseNumeric } from './numeric.js';
import type { TypeCodec } from './pg-type.js';

export type PathComparison = '==' | '!=' | '<' | '>' | '<=' | '>=';
export type PathArithmetic = '+' | '-' | '*' | '/' | '%';
export type PathMethod = 'type' | 'size' | 'abs' | 'floor' | 'ceiling' | 'double' | 'keyvalue';

interface Steps {
  /** What is applied to the item, in order. */
  readonly steps: readonly PathStep[];
}

/** An expression: a primary with its accessors. */
export type PathNode = Steps &
  (
    | { readonly kind: 'null' | 'root' | 'current' | 'last' }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'number'; readonly text: string }
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'variable'; readonly name: string }
    | { readonly kind: 'arithmetic'; readonly operator: PathArithmetic; readonly left: PathNode; readonly right: PathNode }
    | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly operand: PathNode }
    | { readonly kind: 'and' | 'or' | 'startsWith'; readonly left: PathNode; readonly right: PathNode }
    | { readonly kind: 'compare'; readonly operator: PathComparison; readonly left: PathNode; readonly right: PathNode }
    | { readonly kind: 'not' | 'isUnknown' | 'exists'; readonly operand: PathNode }
    | { readonly kind: 'likeRegex'; readonly operand: PathNode; readonly pattern: string; readonly flags: string }
  );

/** The deepest level: `last` in `.**{..}`. */
export const lastLevel = 4_294_967_295;

export type PathStep =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'anyKey' | 'anyArray' }
  | { readonly kind: 'index'; readonly ranges: readonly { readonly from: PathNode; readonly to: PathNode | undefined }[] }
  | { readonly kind: 'any'; readonly first: number; readonly last: number }
  | { readonly kind: 'method'; readonly name: PathMethod }
  | { readonly kind: 'datetime'; readonly template: string | undefined }
  | { readonly kind: 'filter'; readonly predicate: PathNode };

export interface JsonPath {
  readonly lax: boolean;
  readonly root: PathNode;
}

type TokenKind = 'end' | 'ident' | 'string' | 'number' | 'integer' | 'variable' | 'keyword' | 'symbol';

interface Token {
  readonly kind: TokenKind;
  /** The value: a keyword in lower case, a symbol, a string's contents. */
  readonly value: string;
  /** As written. */
  readonly text: string;
}

const keywords: ReadonlySet<string> = new Set(
  'is to abs lax flag last size type with floor double exists starts strict ceiling datetime unknown keyvalue like_regex'.split(' '),
);
const exactKeywords: ReadonlySet<string> = new Set(['null', 'true', 'false']);
const methods: ReadonlySet<string> = new Set(['type', 'size', 'abs', 'floor', 'ceiling', 'double', 'keyvalue']);
const special = '?%$.[]{}()|&!=<>@#,*:-+/';
const isBlank = (character: string): boolean => ' \t\n\r\f'.includes(character);
const isOther = (character: string | undefined): boolean =>
  character !== undefined && !special.includes(character) && character !== '\\' && character !== '"' && !isBlank(character);

function syntaxError(message: string, token: string): PgError {
  return new PgError('42601', token === '' ? `${message} at end of jsonpath input` : `${message} at or near "${token}" of jsonpath input`);
}

/** Turns the text into tokens. */
class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  next(): Token {
    this.skip();
    const { text } = this;
    const from = this.at;
    const character = text[from];
    if (character === undefined) return { kind: 'end', value: '', text: '' };
    const rest = text.slice(from, from + 2);
    if (rest === '&&' || rest === '||' || rest === '**' || rest === '<=' || rest === '>=' || rest === '==' || rest === '!=' || rest === '<>') {
      this.at += 2;
      return { kind: 'symbol', value: rest === '<>' ? '!=' : rest, text: rest };
    }
    const number = /^(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][-+]?[0-9]+)?/.exec(text.slice(from, from + 400_000));
    if (number !== null) return this.number(number[0]);
    if (character === '"') return { kind: 'string', ...this.quoted(from, from + 1) };
    if (character === '$') {
      if (text[from + 1] === '"') return { kind: 'variable', ...this.quoted(from, from + 2) };
      if (isOther(text[from + 1])) {
        this.at++;
        while (isOther(text[this.at])) this.at++;
        return { kind: 'variable', value: text.slice(from + 1, this.at), text: text.slice(from, this.at) };
      }
    }
    if (special.includes(character)) {
      this.at++;
      return { kind: 'symbol', value: character, text: character };
    }
    const { value, escaped } = this.unquoted();
    // PostgreSQL's scanner has gone on to what ends the word, and shows that in errors.
    const written = (/^(?:[ \t\n\r\f]+|\/\*)/.exec(text.slice(this.at)) ?? [''])[0];
    const lower = value.toLowerCase();
    if (!escaped && (exactKeywords.has(value) || keywords.has(lower))) return { kind: 'keyword', value: lower, text: written };
    return { kind: 'ident', value, text: written };
  }

  private skip(): void {
    for (;;) {
      const character = this.text[this.at];
      if (character !== undefined && isBlank(character)) this.at++;
      else if (character === '/' && this.text[this.at + 1] === '*') {
        const end = this.text.indexOf('*/', this.at + 2);
        if (end < 0) {
          this.at = this.text.length;
          throw syntaxError('unexpected end of comment', '');
        }
        this.at = end + 2;
      } else return;
    }
  }

  private number(digits: string): Token {
    const after = this.text[this.at + digits.length];
    if (/[Ee]$/.test(after ?? '') && /^[-+]/.test(this.text[this.at + digits.length + 1] ?? '')) {
      throw syntaxError('invalid numeric literal', this.text.slice(this.at, this.at + digits.length + 2));
    }
    if (isOther(after))
      throw syntaxError('trailing junk after numeric literal', digits + String.fromCodePoint(this.text.codePointAt(this.at + digits.length) ?? 0));
    this.at += digits.length;
    return { kind: /^[0-9]+$/.test(digits) ? 'integer' : 'number', value: digits, text: digits };
  }

  private quoted(from: number, contents: number): { value: string; text: string } {
    this.at = contents;
    let value = '';
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) throw syntaxError('unexpected end of quoted string', '');
      if (character === '"') {
        this.at++;
        return { value: joined(value), text: this.text.slice(from, this.at) };
      }
      if (character === '\\') value += this.escape();
      else {
        value += character;
        this.at++;
      }
    }
  }

  private unquoted(): { value: string; escaped: boolean } {
    let value = '';
    let escaped = false;
    for (;;) {
      const character = this.text[this.at];
      if (character === '\\') {
        escaped = true;
        value += this.escape();
      } else if (isOther(character)) {
        value += character;
        this.at++;
      } else return { value: joined(value), escaped };
    }
  }

  private escape(): string {
    const { text } = this;
    const letter = text[this.at + 1];
    if (letter === undefined) throw syntaxError('unexpected end after backslash', '');
    const simple = 'bfnrtv'.indexOf(letter);
    if (simple >= 0) {
      this.at += 2;
      return '\b\f\n\r\t\v'[simple] as string;
    }
    if (letter === 'x') {
      const hex = /^[0-9a-fA-F]{2}/.exec(text.slice(this.at + 2, this.at + 4));
      if (hex === null) throw syntaxError('invalid hex character sequence', (/^\\x[0-9a-fA-F]?/.exec(text.slice(this.at)) ?? [''])[0]);
      this.at += 4;
      return codePoint(Number.parseInt(hex[0], 16));
    }
    if (letter === 'u') {
      const hex = /^(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})/.exec(text.slice(this.at + 2, this.at + 10));
      if (hex === null) throw syntaxError('invalid unicode sequence', (/^\\u(?:\{[0-9a-fA-F]{0,6}|[0-9a-fA-F]{0,3})/.exec(text.slice(this.at)) ?? [''])[0]);
      this.at += 2 + hex[0].length;
      return codePoint(Number.parseInt(hex[1] ?? (hex[2] as string), 16));
    }
    this.at += 2;
    return letter;
  }
}

function codePoint(code: number): string {
  if (code === 0) throw new PgError('22P05', 'unsupported Unicode escape sequence', { detail: '\\u0000 cannot be converted to text.' });
  if (code > 0x10ffff) throw new PgError('22P02', 'invalid input syntax for type jsonpath', { detail: 'Unicode escape values cannot be greater than 10FFFF.' });
  return code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
}

/** Surrogates given by escapes must come in pairs. */
function joined(value: string): string {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 0xd800 || code > 0xdfff) continue;
    const low = value.charCodeAt(at + 1);
    if (code <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) {
      at++;
      continue;
    }
    throw new PgError('22P02', 'invalid input syntax for type jsonpath', {
      detail: code <= 0xdbff ? 'Unicode low surrogate must follow a high surrogate.' : 'Unicode low surrogate must follow a high surrogate.',
    });
  }
  return value;
}

/** Checks the expression of like_regex; set by the module that knows regular expressions. */
let checkRegex: (pattern: string, flags: string) => void = () => undefined;
export function setRegexCheck(check: (pattern: string, flags: string) => void): void {
  checkRegex = check;
}

/** A parsed part with what it is: predicates stand only where the grammar has them. */
interface Part {
  readonly node: PathNode;
  readonly predicate: boolean;
}

const maxDepth = 2000;

class Parser {
  private readonly scanner: Scanner;
  private token: Token;
  private depth = 0;

  constructor(text: string) {
    this.scanner = new Scanner(text);
    this.token = this.scanner.next();
  }

  parse(): JsonPath {
    let lax = true;
    if (this.isKeyword('strict') || this.isKeyword('lax')) {
      lax = this.token.value === 'lax';
      this.advance();
    }
    const { node } = this.disjunction();
    if (this.token.kind !== 'end') throw this.error();
    return { lax, root: node };
  }

  private advance(): void {
    this.token = this.scanner.next();
  }

  private error(): PgError {
    return syntaxError('syntax error', this.token.text);
  }

  private isSymbol(value: string): boolean {
    return this.token.kind === 'symbol' && this.token.value === value;
  }

  private isKeyword(value: string): boolean {
    return this.token.kind === 'keyword' && this.token.value === value;
  }

  private take(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.advance();
    return true;
  }

  private expect(symbol: string): void {
    if (!this.take(symbol)) throw this.error();
  }

  private expectKeyword(word: string): void {
    if (!this.isKeyword(word)) throw this.error();
    this.advance();
  }

  private disjunction(): Part {
    if (++this.depth > maxDepth) throw new PgError('54001', 'stack depth limit exceeded');
    let left = this.conjunction();
    while (this.isSymbol('||')) {
      if (!left.predicate) throw this.error();
      this.advance();
      const right = this.conjunction();
      if (!right.predicate) throw this.error();
      left = { node: { kind: 'or', left: left.node, right: right.node, steps: [] }, predicate: true };
    }
    this.depth--;
    return left;
  }

  private conjunction(): Part {
    let left = this.unit();
    while (this.isSymbol('&&')) {
      if (!left.predicate) throw this.error();
      this.advance();
      const right = this.unit();
      if (!right.predicate) throw this.error();
      left = { node: { kind: 'and', left: left.node, right: right.node, steps: [] }, predicate: true };
    }
    return left;
  }

  private unit(): Part {
    if (this.take('!')) {
      const operand = this.delimitedPredicate();
      return { node: { kind: 'not', operand, steps: [] }, predicate: true };
    }
    if (this.isKeyword('exists')) return { node: this.exists(), predicate: true };
    const left = this.additive();
    if (left.predicate) return left;
    const { token } = this;
    if (token.kind === 'symbol' && /^(?:==|!=|<|>|<=|>=)$/.test(token.value)) {
      this.advance();
      const right = this.expression();
      return { node: { kind: 'compare', operator: token.value as PathComparison, left: left.node, right, steps: [] }, predicate: true };
    }
    if (this.isKeyword('starts')) {
      this.advance();
      this.expectKeyword('with');
      const { kind, value } = this.token;
      if (kind !== 'string' && kind !== 'variable') throw this.error();
      this.advance();
      const right: PathNode = kind === 'string' ? { kind, value, steps: [] } : { kind, name: value, steps: [] };
      return { node: { kind: 'startsWith', left: left.node, right, steps: [] }, predicate: true };
    }
    if (this.isKeyword('like_regex')) {
      this.advance();
      const pattern = this.string();
      let flags = '';
      if (this.isKeyword('flag')) {
        this.advance();
        flags = this.string();
      }
      return { node: { kind: 'likeRegex', operand: left.node, pattern, flags: regexFlags(pattern, flags), steps: [] }, predicate: true };
    }
    return left;
  }

  private string(): string {
    const { kind, value } = this.token;
    if (kind !== 'string') throw this.error();
    this.advance();
    return value;
  }

  private exists(): PathNode {
    this.advance();
    this.expect('(');
    const operand = this.expression();
    this.expect(')');
    return { kind: 'exists', operand, steps: [] };
  }

  private delimitedPredicate(): PathNode {
    if (this.isKeyword('exists')) return this.exists();
    this.expect('(');
    const inner = this.disjunction();
    if (!inner.predicate) throw this.error();
    this.expect(')');
    return inner.node;
  }

  /** An expression that is no predicate. */
  private expression(): PathNode {
    if (++this.depth > maxDepth) throw new PgError('54001', 'stack depth limit exceeded');
    const part = this.additive();
    if (part.predicate) throw this.error();
    this.depth--;
    return part.node;
  }

  private additive(): Part {
    let left = this.multiplicative();
    while (!left.predicate && (this.isSymbol('+') || this.isSymbol('-'))) {
      const operator = this.token.value as PathArithmetic;
      this.advance();
      const right = this.multiplicative();
      if (right.predicate) throw this.error();
      left = { node: { kind: 'arithmetic', operator, left: left.node, right: right.node, steps: [] }, predicate: false };
    }
    return left;
  }

  private multiplicative(): Part {
    let left = this.signed();
    while (!left.predicate && (this.isSymbol('*') || this.isSymbol('/') || this.isSymbol('%'))) {
      const operator = this.token.value as PathArithmetic;
      this.advance();
      const right = this.signed();
      if (right.predicate) throw this.error();
      left = { node: { kind: 'arithmetic', operator, left: left.node, right: right.node, steps: [] }, predicate: false };
    }
    return left;
  }

  private signed(): Part {
    if (!this.isSymbol('+') && !this.isSymbol('-')) return this.accessed();
    const operator = this.token.value as '+' | '-';
    this.advance();
    if (++this.depth > maxDepth) throw new PgError('54001', 'stack depth limit exceeded');
    const { node: operand, predicate } = this.signed();
    this.depth--;
    if (predicate) throw this.error();
    if (operand.kind === 'number' && operand.steps.length === 0) {
      const text = operator === '+' ? operand.text : formatNumeric(negateNumeric(parseNumeric(operand.text)));
      return { node: { kind: 'number', text, steps: [] }, predicate: false };
    }
    return { node: { kind: 'sign', operator, operand, steps: [] }, predicate: false };
  }

  private accessed(): Part {
    let primary: Part;
    if (this.take('(')) {
      primary = this.disjunction();
      this.expect(')');
      if (primary.predicate) {
        if (this.isKeyword('is')) {
          this.advance();
          this.expectKeyword('unknown');
          return { node: { kind: 'isUnknown', operand: primary.node, steps: [] }, predicate: true };
        }
        if (!this.startsStep()) return primary;
      }
    } else {
      primary = { node: this.primary(), predicate: false };
    }
    const steps: PathStep[] = [...primary.node.steps];
    while (this.startsStep()) steps.push(this.step());
    return { node: steps.length === 0 ? primary.node : { ...primary.node, steps }, predicate: false };
  }

  private startsStep(): boolean {
    return this.isSymbol('.') || this.isSymbol('[') || this.isSymbol('?');
  }

  private primary(): PathNode {
    const { kind, value } = this.token;
    let node: PathNode | undefined;
    if (kind === 'string') node = { kind, value, steps: [] };
    else if (kind === 'number' || kind === 'integer') node = { kind: 'number', text: formatNumeric(parseNumeric(value)), steps: [] };
    else if (kind === 'variable') node = { kind, name: value, steps: [] };
    else if (kind === 'symbol' && value === '$') node = { kind: 'root', steps: [] };
    else if (kind === 'symbol' && value === '@') node = { kind: 'current', steps: [] };
    else if (kind === 'keyword') {
      if (value === 'null' || value === 'last') node = { kind: value, steps: [] };
      else if (value === 'true' || value === 'false') node = { kind: 'boolean', value: value === 'true', steps: [] };
    }
    if (node === undefined) throw this.error();
    this.advance();
    return node;
  }

  private step(): PathStep {
    if (this.take('?')) {
      this.expect('(');
      const { node, predicate } = this.disjunction();
      if (!predicate) throw this.error();
      this.expect(')');
      return { kind: 'filter', predicate: node };
    }
    if (this.take('[')) {
      if (this.take('*')) {
        this.expect(']');
        return { kind: 'anyArray' };
      }
      const ranges: { from: PathNode; to: PathNode | undefined }[] = [];
      do {
        const from = this.expression();
        let to: PathNode | undefined;
        if (this.isKeyword('to')) {
          this.advance();
          to = this.expression();
        }
        ranges.push({ from, to });
      } while (this.take(','));
      this.expect(']');
      return { kind: 'index', ranges };
    }
    this.expect('.');
    if (this.take('*')) return { kind: 'anyKey' };
    if (this.take('**')) return this.levels();
    const { kind, value } = this.token;
    if (kind !== 'ident' && kind !== 'string' && kind !== 'keyword') throw this.error();
    this.advance();
    if (kind === 'keyword' && this.isSymbol('(')) {
      if (methods.has(value)) {
        this.advance();
        this.expect(')');
        return { kind: 'method', name: value as PathMethod };
      }
      if (value === 'datetime') {
        this.advance();
        let template: string | undefined;
        if (this.token.kind === 'string') template = this.string();
        this.expect(')');
        return { kind: 'datetime', template };
      }
    }
    return { kind: 'key', name: value };
  }

  private levels(): PathStep {
    if (!this.take('{')) return { kind: 'any', first: 0, last: lastLevel };
    const first = this.level();
    let last = first;
    if (this.isKeyword('to')) {
      this.advance();
      last = this.level();
    }
    this.expect('}');
    return { kind: 'any', first, last };
  }

  private level(): number {
    const { kind, value } = this.token;
    if (kind === 'integer') {
      this.advance();
      if (Number(value) > 2_147_483_647) throw new PgError('22003', `value "${value}" is out of range for type integer`);
      return Number(value);
    }
    this.expectKeyword('last');
    return lastLevel;
  }
}

/** The flags in their order of printing. */
function regexFlags(pattern: string, given: string): string {
  for (const flag of given) {
    if (!'ismxq'.includes(flag)) {
      throw new PgError('42601', 'invalid input syntax for type jsonpath', { detail: `Unrecognized flag character "${flag}" in LIKE_REGEX predicate.` });
    }
  }
  const flags = Array.from('ismxq')
    .filter((flag) => given.includes(flag))
    .join('');
  if (flags.includes('x') && !flags.includes('q')) {
    throw new PgError('0A000', 'XQuery "x" flag (expanded regular expressions) is not implemented');
  }
  checkRegex(pattern, flags);
  return flags;
}

/** @ only in filters, last only in subscripts. */
function check(node: PathNode, inFilter: boolean, inSubscript: boolean): void {
  switch (node.kind) {
    case 'current':
      if (!inFilter) throw new PgError('42601', '@ is not allowed in root expressions');
      break;
    case 'last':
      if (!inSubscript) throw new PgError('42601', 'LAST is allowed only in array subscripts');
      break;
    case 'arithmetic':
    case 'and':
    case 'or':
    case 'startsWith':
    case 'compare':
      check(node.left, inFilter, inSubscript);
      check(node.right, inFilter, inSubscript);
      break;
    case 'sign':
    case 'not':
    case 'isUnknown':
    case 'exists':
    case 'likeRegex':
      check(node.operand, inFilter, inSubscript);
      break;
    default:
      break;
  }
  for (const step of node.steps) {
    if (step.kind === 'filter') check(step.predicate, true, inSubscript);
    else if (step.kind === 'index') {
      for (const { from, to } of step.ranges) {
        check(from, inFilter, true);
        if (to !== undefined) check(to, inFilter, true);
      }
    }
  }
}

/** Parses a path; errors as PostgreSQL words them. */
export function parseJsonPath(text: string): JsonPath {
  if (/^[ \t\n\r\f]*$/.test(text)) throw new PgError('22P02', `invalid input syntax for type jsonpath: "${text}"`);
  const path = new Parser(text).parse();
  check(path.root, false, false);
  return path;
}

function priority(node: PathNode): number {
  switch (node.kind) {
    case 'or':
      return 0;
    case 'and':
      return 1;
    case 'compare':
    case 'startsWith':
      return 2;
    case 'arithmetic':
      return node.operator === '+' || node.operator === '-' ? 3 : 4;
    case 'sign':
      return 5;
    default:
      return 6;
  }
}

const infixes: Readonly<Record<'and' | 'or' | 'startsWith', string>> = { and: '&&', or: '||', startsWith: 'starts with' };

function printNode(node: PathNode, brackets: boolean): string {
  return printPrimary(node, brackets) + node.steps.map(printStep).join('');
}

function printPrimary(node: PathNode, brackets: boolean): string {
  const wrap = (text: string): string => (brackets ? `(${text})` : text);
  const operand = (inner: PathNode): string => printNode(inner, priority(inner) <= priority(node));
  switch (node.kind) {
    case 'null':
    case 'last':
      return node.kind;
    case 'root':
      return '$';
    case 'current':
      return '@';
    case 'boolean':
      return node.value ? 'true' : 'false';
    case 'number':
      return node.steps.length === 0 ? node.text : `(${node.text})`;
    case 'string':
      return quoteJson(node.value);
    case 'variable':
      return `$${quoteJson(node.name)}`;
    case 'arithmetic':
    case 'compare':
      return wrap(`${operand(node.left)} ${node.operator} ${operand(node.right)}`);
    case 'and':
    case 'or':
    case 'startsWith':
      return wrap(`${operand(node.left)} ${infixes[node.kind]} ${operand(node.right)}`);
    case 'sign':
      return wrap(node.operator + operand(node.operand));
    case 'not':
      return `!(${printNode(node.operand, false)})`;
    case 'isUnknown':
      return `(${printNode(node.operand, false)}) is unknown`;
    case 'exists':
      return `exists (${printNode(node.operand, false)})`;
    case 'likeRegex':
      return wrap(`${operand(node.operand)} like_regex ${quoteJson(node.pattern)}${node.flags === '' ? '' : ` flag "${node.flags}"`}`);
  }
}

function printStep(step: PathStep): string {
  switch (step.kind) {
    case 'key':
      return `.${quoteJson(step.name)}`;
    case 'anyKey':
      return '.*';
    case 'anyArray':
      return '[*]';
    case 'index':
      return `[${step.ranges.map(({ from, to }) => printNode(from, false) + (to === undefined ? '' : ` to ${printNode(to, false)}`)).join(',')}]`;
    case 'any':
      return printLevels(step.first, step.last);
    case 'method':
      return `.${step.name}()`;
    case 'datetime':
      return `.datetime(${step.template === undefined ? '' : quoteJson(step.template)})`;
    case 'filter':
      return `?(${printNode(step.predicate, false)})`;
  }
}

function printLevels(first: number, last: number): string {
  const shown = (level: number): string => (level === lastLevel ? 'last' : String(level));
  if (first === 0 && last === lastLevel) return '.**';
  return first === last ? `.**{${shown(first)}}` : `.**{${shown(first)} to ${shown(last)}}`;
}

function formatJsonPath(path: JsonPath): string {
  return `${path.lax ? '' : 'strict '}${printNode(path.root, true)}`;
}

const version = 1;

/** TEXT: PostgreSQL's output text. In binary: a version byte and the text. */
export const jsonPathCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse: (text) => formatJsonPath(parseJsonPath(text)),
  format: (value) => String(value),
  decodeBinary(bytes) {
    if (bytes.byteLength < 1) throw insufficientData();
    if (bytes[0] !== version) throw new PgError('XX000', `unsupported jsonpath version number: ${bytes[0]}`);
    return formatJsonPath(parseJsonPath(decodeText(bytes.subarray(1))));
  },
  encodeBinary: (value) => Uint8Array.from([version, ...encodeText(String(value))]),
};
