/**
 * From the text of a PL/pgSQL body to its tree: recursive descent over tokens, expressions and statements of SQL kept as text. Source: the manual's chapter 43 and what
 * PostgreSQL 15's pl_gram.y refuses. Called by proxy/session/plpgsql when a function is made and when it is first called.
 */
import { PgError } from '../common/errors.js';
import { conditionCodes } from './conditions.js';
import { type Token, tokensOf } from './lexer.js';
import type {
  Block,
  Cursor,
  DiagnosticsItem,
  FetchDirection,
  Handler,
  Into,
  Namespace,
  Program,
  QuerySource,
  RaiseOption,
  Slot,
  Sql,
  Statement,
  Target,
} from './tree.js';

/** What the function around the body is. */
export interface Surroundings {
  readonly name: string;
  /** Slots that exist before the body: parameters by name and $n, FOUND, those of a trigger. */
  readonly slots: readonly { readonly names: readonly string[]; readonly type: string; readonly constant?: boolean }[];
  readonly returns: 'value' | 'void' | 'set' | 'setOfRows' | 'outputs' | 'procedure' | 'trigger';
}

type OpenNamespace = { label: string | undefined; names: Map<string, number>; outer: Namespace | undefined };

interface Enclosing {
  readonly label: string | undefined;
  readonly isLoop: boolean;
}

const rowTypes = /%\s*rowtype\s*$/i;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  readonly slots: Slot[] = [];
  readonly pieces: Sql[] = [];
  #namespace: OpenNamespace;
  readonly #enclosing: Enclosing[] = [];
  conflict: Program['conflict'] = 'error';

  constructor(
    private readonly text: string,
    private readonly around: Surroundings,
  ) {
    this.#tokens = tokensOf(text);
    this.#namespace = { label: around.name, names: new Map(), outer: undefined };
    for (const slot of around.slots) {
      const index = this.#slot({ name: slot.names[0] ?? '', type: slot.type, constant: slot.constant === true, notNull: false, initial: undefined, line: 0 });
      for (const name of slot.names) if (name !== '' && !this.#namespace.names.has(name)) this.#namespace.names.set(name, index);
    }
  }

  // ---- tokens ----

  get #token(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as Token;
  }

  #peek(distance: number): Token {
    return this.#tokens[Math.min(this.#at + distance, this.#tokens.length - 1)] as Token;
  }

  #next(): Token {
    const token = this.#token;
    this.#at++;
    return token;
  }

  #isWord(word: string, token = this.#token): boolean {
    return token.kind === 'word' && token.value === word;
  }

  #isOperator(operator: string, token = this.#token): boolean {
    return token.kind === 'operator' && token.value === operator;
  }

  #takes(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#at++;
    return true;
  }

  #takesOperator(operator: string): boolean {
    if (!this.#isOperator(operator)) return false;
    this.#at++;
    return true;
  }

  #expect(word: string): void {
    if (!this.#takes(word)) throw this.#syntaxError();
  }

  #expectOperator(operator: string): void {
    if (!this.#takesOperator(operator)) throw this.#syntaxError();
  }

  #syntaxError(message = 'syntax error', token = this.#token): PgError {
    if (token.kind === 'end') return new PgError('42601', `${message} at end of input`);
    return new PgError('42601', `${message} at or near "${this.text.slice(token.start, token.end)}"`);
  }

  #lineOf(token: Token): number {
    let line = 1;
    for (let at = this.text.indexOf('\n'); at >= 0 && at < token.start; at = this.text.indexOf('\n', at + 1)) line++;
    return line;
  }

  #name(): string {
    const token = this.#token;
    if (token.kind !== 'word' && token.kind !== 'quoted') throw this.#syntaxError();
    this.#at++;
    return token.value;
  }

  // ---- SQL ----

  /** Tokens up to one of the words or operators outside of parentheses, which is not taken. */
  #until(...ends: readonly string[]): { readonly from: number; readonly to: number; readonly text: string } {
    const from = this.#at;
    let depth = 0;
    for (;;) {
      const token = this.#token;
      if (token.kind === 'end') throw depth > 0 ? new PgError('42601', 'mismatched parentheses') : this.#syntaxError();
      if (depth === 0 && (token.kind === 'word' || token.kind === 'operator') && ends.includes(token.value)) break;
      if (this.#isOperator(';')) throw depth > 0 ? this.#syntaxError('mismatched parentheses') : this.#syntaxError();
      if (this.#isOperator('(') || this.#isOperator('[')) depth++;
      else if (this.#isOperator(')') || this.#isOperator(']')) depth--;
      if (depth < 0) throw this.#syntaxError('mismatched parentheses');
      this.#at++;
    }
    const to = this.#at;
    const first = this.#tokens[from] as Token;
    const last = this.#tokens[Math.max(from, to - 1)] as Token;
    return { from, to, text: from === to ? '' : this.text.slice(first.start, last.end) };
  }

  #piece(kind: Sql['kind'], text: string): Sql {
    const piece: Sql = { kind, text, namespace: this.#namespace };
    this.pieces.push(piece);
    return piece;
  }

  #expression(...ends: readonly string[]): Sql {
    const { text } = this.#until(...ends);
    if (text === '') throw this.#syntaxError('missing expression');
    return this.#piece('expression', text);
  }

  // ---- names ----

  #slot(slot: Slot): number {
    this.slots.push(slot);
    return this.slots.length - 1;
  }

  #declare(slot: Slot): number {
    if (this.#namespace.names.has(slot.name)) throw new PgError('42601', `duplicate declaration at or near "${slot.name}"`);
    const index = this.#slot(slot);
    this.#namespace.names.set(slot.name, index);
    return index;
  }

  #within<T>(label: string | undefined, parse: () => T): T {
    const outer = this.#namespace;
    this.#namespace = { label, names: new Map(), outer };
    try {
      return parse();
    } finally {
      this.#namespace = outer;
    }
  }

  /** The slot of a possibly qualified name, and how many parts of the name it took. */
  #lookup(parts: readonly string[]): { readonly slot: number; readonly used: number } | undefined {
    return lookUp(this.#namespace, parts);
  }

  /** A variable, or a part of one, that is written to. */
  #target(): Target {
    const start = this.#at;
    const parts: string[] = [];
    if (this.#token.kind === 'parameter') parts.push(`$${this.#next().value}`);
    else parts.push(this.#name());
    let indirect = false;
    for (;;) {
      if (this.#isOperator('.') && !indirect) {
        this.#at++;
        parts.push(this.#name());
      } else if (this.#isOperator('.')) {
        this.#at++;
        this.#name();
      } else if (this.#isOperator('[')) {
        indirect = true;
        this.#at++;
        this.#until(']');
        this.#expectOperator(']');
      } else break;
    }
    const first = this.#tokens[start] as Token;
    const text = this.text.slice(first.start, (this.#tokens[this.#at - 1] as Token).end);
    const found = this.#lookup(parts);
    if (found === undefined) throw new PgError('42601', `"${parts.join('.')}" is not a known variable`);
    const slot = this.slots[found.slot] as Slot;
    if (slot.constant) throw new PgError('22005', `variable "${slot.name}" is declared CONSTANT`);
    return { text, namespace: this.#namespace, slot: found.slot, fields: parts.slice(found.used), indirect };
  }

  #targets(): readonly Target[] {
    const targets = [this.#target()];
    while (this.#takesOperator(',')) targets.push(this.#target());
    return targets;
  }

  // ---- blocks ----

  program(): Program {
    const parameters = this.#namespace;
    while (this.#isOperator('#')) this.#option();
    const block = this.#within(undefined, () => this.#block(this.#label()));
    this.#takesOperator(';');
    if (this.#token.kind !== 'end') throw this.#syntaxError();
    return { block, slots: this.slots, parameters, conflict: this.conflict, pieces: this.pieces };
  }

  #option(): void {
    this.#at++;
    const name = this.#name();
    const value = this.#name();
    if (name === 'variable_conflict' && value === 'error') this.conflict = 'error';
    else if (name === 'variable_conflict' && value === 'use_variable') this.conflict = 'variable';
    else if (name === 'variable_conflict' && value === 'use_column') this.conflict = 'column';
    else if (name !== 'option' && name !== 'print_strict_params') throw this.#syntaxError('syntax error', this.#peek(-1));
  }

  #label(): string | undefined {
    if (!this.#takesOperator('<<')) return undefined;
    const label = this.#name();
    this.#expectOperator('>>');
    return label;
  }

  #endLabel(label: string | undefined): void {
    if (this.#isOperator(';') || this.#token.kind === 'end') return;
    const token = this.#token;
    const end = this.#name();
    if (label === undefined) throw new PgError('42601', `end label "${end}" specified for unlabeled block`);
    if (end !== label) throw new PgError('42601', `end label "${end}" differs from block's label "${label}"`);
    if (token.kind === 'end') throw this.#syntaxError();
  }

  #block(label: string | undefined): Block {
    return this.#within(label, () => {
      const slots: number[] = [];
      const line = this.#lineOf(this.#token);
      let isDeclaring = false;
      while (this.#takes('declare')) {
        isDeclaring = true;
        while (!this.#isWord('begin') && !this.#isWord('declare')) {
          if (this.#token.kind === 'end') throw this.#syntaxError();
          const declared = this.#declaration();
          if (declared !== undefined) slots.push(declared);
        }
      }
      const beginLine = isDeclaring ? this.#lineOf(this.#token) : line;
      this.#expect('begin');
      this.#enclosing.push({ label, isLoop: false });
      const body = this.#statements('end', 'exception');
      let handlers: readonly Handler[] = [];
      let errorSlots: Block['errorSlots'];
      if (this.#takes('exception')) {
        const sqlstate = this.#slot({ name: 'sqlstate', type: 'text', constant: true, notNull: false, initial: undefined, line: beginLine });
        const sqlerrm = this.#slot({ name: 'sqlerrm', type: 'text', constant: true, notNull: false, initial: undefined, line: beginLine });
        errorSlots = { sqlstate, sqlerrm };
        handlers = this.#within(undefined, () => {
          this.#namespace.names.set('sqlstate', sqlstate);
          this.#namespace.names.set('sqlerrm', sqlerrm);
          const list: Handler[] = [];
          while (this.#isWord('when')) list.push(this.#handler());
          if (list.length === 0) throw this.#syntaxError();
          return list;
        });
      }
      this.#expect('end');
      this.#enclosing.pop();
      this.#endLabel(label);
      return { kind: 'block', line: beginLine, label, slots, body, handlers, errorSlots };
    });
  }

  #handler(): Handler {
    const line = this.#lineOf(this.#token);
    this.#expect('when');
    const conditions: string[] = [];
    do {
      if (this.#takes('sqlstate')) {
        const code = this.#next();
        if (code.kind !== 'string' || !/^[0-9A-Z]{5}$/.test(code.value)) throw new PgError('42601', 'invalid SQLSTATE code');
        conditions.push(code.value);
      } else {
        const name = this.#name();
        if (name !== 'others' && !conditionCodes.has(name)) throw new PgError('42704', `unrecognized exception condition "${name}"`);
        conditions.push(name);
      }
    } while (this.#takes('or'));
    this.#expect('then');
    return { conditions, body: this.#statements('end', 'when'), line };
  }

  #declaration(): number | undefined {
    const line = this.#lineOf(this.#token);
    const name = this.#name();
    if (this.#isWord('alias') && this.#isWord('for', this.#peek(1))) {
      this.#at += 2;
      const parts = this.#token.kind === 'parameter' ? [`$${this.#next().value}`] : [this.#name()];
      while (this.#takesOperator('.')) parts.push(this.#name());
      const found = this.#lookup(parts);
      if (found === undefined) throw new PgError('42704', `variable "${parts.join('.')}" does not exist`);
      if (this.#namespace.names.has(name)) throw new PgError('42601', `duplicate declaration at or near "${name}"`);
      this.#namespace.names.set(name, found.slot);
      this.#expectOperator(';');
      return undefined;
    }
    const scroll = this.#cursorScroll();
    if (this.#isWord('cursor')) {
      this.#at++;
      return this.#cursorDeclaration(name, line, scroll);
    }
    const constant = this.#takes('constant');
    const type = this.#typeText();
    if (this.#takes('collate')) {
      this.#name();
      while (this.#takesOperator('.')) this.#name();
    }
    let notNull = false;
    if (this.#isWord('not') && this.#isWord('null', this.#peek(1))) {
      this.#at += 2;
      notNull = true;
    }
    let initial: Sql | undefined;
    if (this.#takesOperator(':=') || this.#takesOperator('=') || this.#takes('default')) initial = this.#expression(';');
    this.#expectOperator(';');
    if (notNull && initial === undefined) throw new PgError('22004', `variable "${name}" must have a default value, since it's declared NOT NULL`);
    return this.#declare({ name, type, constant, notNull, initial, line });
  }

  #cursorScroll(): boolean | undefined {
    if (this.#isWord('no') && this.#isWord('scroll', this.#peek(1)) && this.#isWord('cursor', this.#peek(2))) {
      this.#at += 2;
      return false;
    }
    if (this.#isWord('scroll') && this.#isWord('cursor', this.#peek(1))) {
      this.#at++;
      return true;
    }
    return undefined;
  }

  #cursorDeclaration(name: string, line: number, scroll: boolean | undefined): number {
    const args: number[] = [];
    let cursor: Cursor | undefined;
    this.#within(undefined, () => {
      if (this.#takesOperator('(')) {
        do {
          const argument = this.#name();
          const { text } = this.#until(',', ')');
          args.push(this.#declare({ name: argument, type: text, constant: false, notNull: false, initial: undefined, line }));
        } while (this.#takesOperator(','));
        this.#expectOperator(')');
      }
      if (!this.#takes('for')) this.#expect('is');
      const { text } = this.#until(';');
      cursor = { query: this.#piece('statement', text), args, scroll };
    });
    this.#expectOperator(';');
    if (cursor === undefined) throw new Error('assertion failed: a cursor');
    return this.#declare({ name, type: 'refcursor', constant: false, notNull: false, initial: undefined, cursor, line });
  }

  #typeText(): string {
    const from = this.#at;
    let depth = 0;
    while (this.#token.kind !== 'end') {
      if (depth === 0 && (this.#isOperator(';') || this.#isOperator(':=') || this.#isOperator('=') || this.#isOperator(',') || this.#isOperator(')'))) break;
      if (depth === 0 && (this.#isWord('default') || this.#isWord('not') || this.#isWord('collate'))) break;
      if (this.#isOperator('(') || this.#isOperator('[')) depth++;
      else if (this.#isOperator(')') || this.#isOperator(']')) depth--;
      this.#at++;
    }
    if (this.#at === from) throw this.#syntaxError('missing data type declaration');
    return this.text.slice((this.#tokens[from] as Token).start, (this.#tokens[this.#at - 1] as Token).end);
  }

  // ---- statements ----

  #statements(...ends: readonly string[]): readonly Statement[] {
    const statements: Statement[] = [];
    while (!(this.#token.kind === 'word' && ends.includes(this.#token.value))) {
      if (this.#token.kind === 'end') throw this.#syntaxError();
      statements.push(this.#statement());
    }
    return statements;
  }

  #statement(): Statement {
    const label = this.#label();
    const token = this.#token;
    const line = this.#lineOf(token);
    if (this.#isWord('declare') || (this.#isWord('begin') && !this.#isOperator(':=', this.#peek(1)))) {
      const block = this.#block(label);
      this.#expectOperator(';');
      return block;
    }
    if (this.#isWord('loop') || this.#isWord('while') || this.#isWord('for') || this.#isWord('foreach')) return this.#loop(label, line);
    if (label !== undefined) throw this.#syntaxError();
    if (this.#isAssignment()) {
      const target = this.#target();
      if (!this.#takesOperator(':=')) this.#expectOperator('=');
      const value = this.#expression(';');
      this.#expectOperator(';');
      return { kind: 'assign', line, target, value };
    }
    if (token.kind !== 'word') throw this.#syntaxError();
    switch (token.value) {
      case 'if':
        return this.#if(line);
      case 'case':
        return this.#case(line);
      case 'exit':
      case 'continue':
        return this.#exit(token.value, line);
      case 'return':
        return this.#return(line);
      case 'raise':
        return this.#raise(line);
      case 'assert': {
        this.#at++;
        const condition = this.#expression(',', ';');
        const message = this.#takesOperator(',') ? this.#expression(';') : undefined;
        this.#expectOperator(';');
        return { kind: 'assert', line, condition, message };
      }
      case 'perform': {
        this.#at++;
        const { text } = this.#until(';');
        this.#expectOperator(';');
        return { kind: 'perform', line, statement: this.#piece('statement', `SELECT ${text}`) };
      }
      case 'execute':
        return this.#execute(line);
      case 'get':
        return this.#diagnostics(line);
      case 'open':
        return this.#open(line);
      case 'fetch':
      case 'move':
        return this.#fetch(line, token.value === 'move');
      case 'close': {
        this.#at++;
        const { slot } = this.#cursorVariable();
        this.#expectOperator(';');
        return { kind: 'close', line, slot };
      }
      case 'null':
        this.#at++;
        this.#expectOperator(';');
        return { kind: 'null', line };
      case 'commit':
      case 'rollback': {
        this.#at++;
        let chain = false;
        if (this.#takes('and')) {
          chain = !this.#takes('no');
          this.#expect('chain');
        }
        this.#expectOperator(';');
        return { kind: token.value, line, chain };
      }
      default:
        return this.#sql(line);
    }
  }

  #isAssignment(): boolean {
    const token = this.#token;
    if (token.kind === 'parameter') return true;
    if (token.kind !== 'word' && token.kind !== 'quoted') return false;
    const next = this.#peek(1);
    if (next.kind !== 'operator') return false;
    return next.value === ':=' || next.value === '=' || next.value === '.' || next.value === '[';
  }

  #if(line: number): Statement {
    const branches: { condition: Sql; body: readonly Statement[] }[] = [];
    let otherwise: readonly Statement[] = [];
    do {
      this.#at++;
      const condition = this.#expression('then');
      this.#expect('then');
      branches.push({ condition, body: this.#statements('elsif', 'elseif', 'else', 'end') });
    } while (this.#isWord('elsif') || this.#isWord('elseif'));
    if (this.#takes('else')) otherwise = this.#statements('end');
    this.#expect('end');
    this.#expect('if');
    this.#expectOperator(';');
    return { kind: 'if', line, branches, otherwise };
  }

  #case(line: number): Statement {
    this.#at++;
    const subject = this.#isWord('when') ? undefined : this.#expression('when');
    const name = `__Case__Variable_${String(this.slots.length)}__`;
    const slot = this.#slot({ name, type: '', constant: false, notNull: false, initial: undefined, line });
    if (subject !== undefined) this.#namespace.names.set(name, slot);
    const branches: { condition: Sql; body: readonly Statement[] }[] = [];
    while (this.#takes('when')) {
      const { text } = this.#until('then');
      if (text === '') throw this.#syntaxError('missing expression');
      this.#expect('then');
      const condition = this.#piece('expression', subject === undefined ? text : `"${name}" IN (${text})`);
      branches.push({ condition, body: this.#statements('when', 'else', 'end') });
    }
    if (branches.length === 0) throw this.#syntaxError();
    const otherwise = this.#takes('else') ? this.#statements('end') : undefined;
    this.#expect('end');
    this.#expect('case');
    this.#expectOperator(';');
    return { kind: 'case', line, subject, slot, branches, otherwise };
  }

  #loopBody(label: string | undefined): readonly Statement[] {
    this.#expect('loop');
    this.#enclosing.push({ label, isLoop: true });
    const body = this.#statements('end');
    this.#enclosing.pop();
    this.#expect('end');
    this.#expect('loop');
    this.#endLabel(label);
    this.#expectOperator(';');
    return body;
  }

  #loop(label: string | undefined, line: number): Statement {
    return this.#within(label, (): Statement => {
      if (this.#isWord('loop')) return { kind: 'loop', line, label, body: this.#loopBody(label) };
      if (this.#takes('while')) {
        const condition = this.#expression('loop');
        return { kind: 'while', line, label, condition, body: this.#loopBody(label) };
      }
      if (this.#takes('foreach')) {
        const targets = this.#targets();
        let slice = 0;
        if (this.#takes('slice')) slice = Number(this.#next().value);
        this.#expect('in');
        this.#expect('array');
        const array = this.#expression('loop');
        return { kind: 'foreach', line, label, targets, slice, array, body: this.#loopBody(label) };
      }
      this.#expect('for');
      return this.#for(label, line);
    });
  }

  #for(label: string | undefined, line: number): Statement {
    const names: Token[] = [this.#token];
    const start = this.#at;
    this.#until('in');
    const isSingle = this.#at - start === 1;
    const inAt = this.#at;
    this.#at++;
    const reverse = this.#takes('reverse');
    // FOR i IN a .. b
    const from = this.#at;
    if (this.#rangeAhead()) {
      const name = (names[0] as Token).value;
      if (!isSingle) throw new PgError('42601', 'integer FOR loop must have only one target variable');
      const lower = this.#expression('..');
      this.#expectOperator('..');
      const upper = this.#expression('loop', 'by');
      const step = this.#takes('by') ? this.#expression('loop') : undefined;
      const slot = this.#declare({ name, type: 'integer', constant: false, notNull: false, initial: undefined, line });
      return { kind: 'forInteger', line, label, slot, lower, upper, step, reverse, body: this.#loopBody(label) };
    }
    if (reverse) throw new PgError('42601', 'cannot specify REVERSE in query FOR loop');
    if (this.#takes('execute')) {
      const text = this.#expression('loop', 'using');
      const using = this.#using('loop');
      const source: QuerySource = { kind: 'dynamic', text, using };
      const targets = this.#targetsBetween(start, inAt);
      return { kind: 'forRows', line, label, targets, source, body: this.#loopBody(label) };
    }
    const cursor = isSingle ? this.#boundCursor() : undefined;
    if (cursor !== undefined) {
      const args = this.#cursorArguments(cursor);
      const slot = this.#declare({ name: (names[0] as Token).value, type: 'record', constant: false, notNull: false, initial: undefined, line });
      return { kind: 'forCursor', line, label, slot, cursor, args, body: this.#loopBody(label) };
    }
    this.#at = from;
    const { text } = this.#until('loop');
    const query = this.#piece('statement', text);
    const targets = this.#targetsBetween(start, inAt);
    return { kind: 'forRows', line, label, targets, source: { kind: 'static', query }, body: this.#loopBody(label) };
  }

  /** The targets written between two tokens. */
  #targetsBetween(start: number, end: number): readonly Target[] {
    const at = this.#at;
    this.#at = start;
    try {
      const targets = this.#targets();
      if (this.#at !== end) throw this.#syntaxError();
      const [only] = targets;
      if (targets.length === 1 && only !== undefined && this.#isPlain(only))
        throw new PgError('42601', 'loop variable of loop over rows must be a record variable or list of scalar variables');
      return targets;
    } catch (error) {
      if (error instanceof PgError && error.message.endsWith('is not a known variable'))
        throw new PgError('42601', 'loop variable of loop over rows must be a record variable or list of scalar variables');
      throw error;
    } finally {
      this.#at = at;
    }
  }

  /** Known to be no row from its declaration alone: such a loop variable stands for a list of one. */
  #isPlain(_target: Target): boolean {
    return false;
  }

  #rangeAhead(): boolean {
    let depth = 0;
    for (let at = this.#at; ; at++) {
      const token = this.#tokens[at] as Token;
      if (token.kind === 'end' || (depth === 0 && (this.#isWord('loop', token) || this.#isOperator(';', token)))) return false;
      if (this.#isOperator('(', token) || this.#isOperator('[', token)) depth++;
      else if (this.#isOperator(')', token) || this.#isOperator(']', token)) depth--;
      else if (depth === 0 && this.#isOperator('..', token)) return true;
    }
  }

  /** A cursor variable with a query, followed by its arguments or LOOP. */
  #boundCursor(): number | undefined {
    const token = this.#token;
    if (token.kind !== 'word' && token.kind !== 'quoted') return undefined;
    const next = this.#peek(1);
    if (!this.#isWord('loop', next) && !this.#isOperator('(', next)) return undefined;
    const found = this.#lookup([token.value]);
    if (found === undefined) return undefined;
    if ((this.slots[found.slot] as Slot).cursor === undefined) {
      if ((this.slots[found.slot] as Slot).type.toLowerCase() === 'refcursor') throw new PgError('42601', 'cursor FOR loop must use a bound cursor variable');
      return undefined;
    }
    this.#at++;
    return found.slot;
  }

  /** The arguments of a cursor as one row, put into the order of its parameters. */
  #cursorArguments(slot: number): Sql | undefined {
    const variable = this.slots[slot] as Slot;
    const parameters = variable.cursor?.args ?? [];
    if (!this.#takesOperator('(')) {
      if (parameters.length > 0) throw new PgError('42601', `cursor "${variable.name}" has arguments`);
      return undefined;
    }
    if (parameters.length === 0) throw new PgError('42601', `cursor "${variable.name}" has no arguments`);
    const given = new Map<number, string>();
    let at = 0;
    do {
      let position = at++;
      if ((this.#token.kind === 'word' || this.#token.kind === 'quoted') && (this.#isOperator(':=', this.#peek(1)) || this.#isOperator('=>', this.#peek(1)))) {
        const name = this.#name();
        this.#at++;
        position = parameters.findIndex((parameter) => this.slots[parameter]?.name === name);
        if (position < 0) throw new PgError('42601', `cursor "${variable.name}" has no argument named "${name}"`);
      }
      if (given.has(position))
        throw new PgError(
          '42601',
          `value for parameter "${this.slots[parameters[position] ?? 0]?.name ?? ''}" of cursor "${variable.name}" specified more than once`,
        );
      if (position >= parameters.length) throw new PgError('42601', `too many arguments for cursor "${variable.name}"`);
      given.set(position, this.#until(',', ')').text);
    } while (this.#takesOperator(','));
    this.#expectOperator(')');
    if (given.size < parameters.length) throw new PgError('42601', `not enough arguments for cursor "${variable.name}"`);
    return this.#piece('statement', `SELECT ${parameters.map((_, i) => given.get(i) ?? 'NULL').join(', ')}`);
  }

  #exit(kind: 'exit' | 'continue', line: number): Statement {
    this.#at++;
    const label = this.#isOperator(';') || this.#isWord('when') ? undefined : this.#name();
    const condition = this.#takes('when') ? this.#expression(';') : undefined;
    this.#expectOperator(';');
    const verb = kind.toUpperCase();
    if (label === undefined) {
      if (!this.#enclosing.some((one) => one.isLoop))
        throw new PgError('42601', kind === 'exit' ? 'EXIT cannot be used outside a loop, unless it has a label' : 'CONTINUE cannot be used outside a loop');
    } else {
      const found = this.#enclosing.findLast((one) => one.label === label);
      if (found === undefined && label !== this.around.name)
        throw new PgError('42601', `there is no label "${label}" attached to any block or loop enclosing this statement`);
      if (kind === 'continue' && found?.isLoop !== true) throw new PgError('42601', `block label "${label}" cannot be used in ${verb}`);
    }
    return { kind, line, label, condition };
  }

  #return(line: number): Statement {
    this.#at++;
    const { returns } = this.around;
    const isSet = returns === 'set' || returns === 'setOfRows';
    if (this.#takes('next')) {
      if (!isSet) throw new PgError('42804', 'cannot use RETURN NEXT in a non-SETOF function');
      let value: Sql | undefined;
      if (!this.#isOperator(';')) {
        if (returns === 'setOfRows') throw new PgError('42804', 'RETURN NEXT cannot have a parameter in function with OUT parameters');
        value = this.#expression(';');
      } else if (returns === 'set') throw this.#syntaxError('missing expression');
      this.#expectOperator(';');
      return { kind: 'returnNext', line, value };
    }
    if (this.#takes('query')) {
      if (!isSet) throw new PgError('42804', 'cannot use RETURN QUERY in a non-SETOF function');
      if (this.#takes('execute')) {
        const text = this.#expression(';', 'using');
        const using = this.#using(';');
        this.#expectOperator(';');
        return { kind: 'returnQuery', line, source: { kind: 'dynamic', text, using } };
      }
      const { text } = this.#until(';');
      this.#expectOperator(';');
      return { kind: 'returnQuery', line, source: { kind: 'static', query: this.#piece('statement', text) } };
    }
    let value: Sql | undefined;
    if (this.#isOperator(';')) {
      if (returns === 'value' || returns === 'trigger') throw this.#syntaxError('missing expression');
    } else {
      if (isSet) throw new PgError('42804', 'RETURN cannot have a parameter in function returning set', { hint: 'Use RETURN NEXT or RETURN QUERY.' });
      if (returns === 'outputs') throw new PgError('42804', 'RETURN cannot have a parameter in function with OUT parameters');
      if (returns === 'void') throw new PgError('42804', 'RETURN cannot have a parameter in function returning void');
      if (returns === 'procedure') throw new PgError('42601', 'RETURN cannot have a parameter in a procedure');
      value = this.#expression(';');
    }
    this.#expectOperator(';');
    return { kind: 'return', line, value };
  }

  #raise(line: number): Statement {
    this.#at++;
    const levels = ['debug', 'log', 'info', 'notice', 'warning', 'exception'] as const;
    const found = this.#token.kind === 'word' ? levels.find((one) => one === this.#token.value) : undefined;
    if (found !== undefined) this.#at++;
    const level = found ?? 'exception';
    let condition: string | undefined;
    let format: string | undefined;
    const args: Sql[] = [];
    const options: RaiseOption[] = [];
    const isBare = this.#isOperator(';') && found === undefined;
    if (!isBare) {
      if (this.#token.kind === 'string') {
        format = this.#next().value;
        while (this.#takesOperator(',')) args.push(this.#expression(',', ';', 'using'));
        const wanted = format.replaceAll('%%', '').split('%').length - 1;
        if (args.length > wanted) throw new PgError('42601', 'too many parameters specified for RAISE');
        if (args.length < wanted) throw new PgError('42601', 'too few parameters specified for RAISE');
      } else if (!this.#isWord('using')) {
        if (this.#takes('sqlstate')) {
          const code = this.#next();
          if (code.kind !== 'string' || !/^[0-9A-Z]{5}$/.test(code.value)) throw new PgError('42601', 'invalid SQLSTATE code');
          condition = code.value;
        } else {
          if (this.#token.kind !== 'word' && this.#token.kind !== 'quoted') throw this.#syntaxError();
          condition = this.#name();
          if (!conditionCodes.has(condition)) throw new PgError('42704', `unrecognized exception condition "${condition}"`);
        }
      }
      if (this.#takes('using')) {
        do {
          const name = this.#name();
          if (!['message', 'detail', 'hint', 'errcode', 'column', 'constraint', 'datatype', 'table', 'schema'].includes(name))
            throw new PgError('42601', `unrecognized RAISE statement option at or near "${name}"`);
          if (!this.#takesOperator('=')) this.#expectOperator(':=');
          options.push({ name, value: this.#expression(',', ';') });
        } while (this.#takesOperator(','));
      }
    }
    this.#expectOperator(';');
    return { kind: 'raise', line, level, condition, format, args, options };
  }

  #using(end: string): readonly Sql[] {
    const using: Sql[] = [];
    if (!this.#takes('using')) return using;
    do using.push(this.#expression(',', end, 'into'));
    while (this.#takesOperator(','));
    return using;
  }

  #into(): Into {
    const strict = this.#takes('strict');
    return { targets: this.#targets(), strict };
  }

  #execute(line: number): Statement {
    this.#at++;
    const text = this.#expression('into', 'using', ';');
    let into: Into | undefined;
    let using: readonly Sql[] = [];
    for (;;) {
      if (this.#isWord('into')) {
        if (into !== undefined) throw this.#syntaxError();
        this.#at++;
        into = this.#into();
      } else if (this.#isWord('using')) {
        if (using.length > 0) throw this.#syntaxError();
        using = this.#using(';');
      } else break;
    }
    this.#expectOperator(';');
    return { kind: 'execute', line, text, using, into };
  }

  #diagnostics(line: number): Statement {
    this.#at++;
    const stacked = this.#takes('stacked');
    if (!stacked) this.#takes('current');
    this.#expect('diagnostics');
    const items: DiagnosticsItem[] = [];
    const current = ['row_count', 'pg_context', 'result_oid'];
    do {
      const target = this.#target();
      if (!this.#takesOperator(':=')) this.#expectOperator('=');
      const token = this.#token;
      const item = this.#name();
      const ofStacked = ['returned_sqlstate', 'message_text', 'pg_exception_detail', 'pg_exception_hint', 'pg_exception_context'];
      const named = ['column_name', 'constraint_name', 'pg_datatype_name', 'table_name', 'schema_name'];
      if (![...current, ...ofStacked, ...named].includes(item)) throw this.#syntaxError('unrecognized GET DIAGNOSTICS item', token);
      if (stacked ? current.includes(item) && item !== 'pg_context' : !current.includes(item))
        throw new PgError('42601', `diagnostics item ${item.toUpperCase()} is not allowed in GET ${stacked ? 'STACKED' : 'CURRENT'} DIAGNOSTICS`);
      items.push({ target, item });
    } while (this.#takesOperator(','));
    this.#expectOperator(';');
    return { kind: 'diagnostics', line, stacked, items };
  }

  #cursorVariable(): { readonly slot: number } {
    const token = this.#token;
    const name = token.kind === 'parameter' ? `$${this.#next().value}` : this.#name();
    const found = this.#lookup([name]);
    if (found === undefined) throw new PgError('42601', `"${name}" is not a known variable`);
    const slot = this.slots[found.slot] as Slot;
    if (!/^"?refcursor"?$|^pg_catalog\.refcursor$|^\$oid:1790:/i.test(slot.type))
      throw new PgError('42804', `variable "${name}" must be of type cursor or refcursor`);
    if (token.kind === 'end') throw this.#syntaxError();
    return found;
  }

  #open(line: number): Statement {
    this.#at++;
    const { slot } = this.#cursorVariable();
    const variable = this.slots[slot] as Slot;
    if (variable.cursor !== undefined) {
      const args = this.#cursorArguments(slot);
      this.#expectOperator(';');
      return { kind: 'open', line, slot, source: undefined, scroll: variable.cursor.scroll, args };
    }
    let scroll: boolean | undefined;
    if (this.#takes('no')) {
      this.#expect('scroll');
      scroll = false;
    } else if (this.#takes('scroll')) scroll = true;
    this.#expect('for');
    let source: QuerySource;
    if (this.#takes('execute')) {
      const text = this.#expression('using', ';');
      source = { kind: 'dynamic', text, using: this.#using(';') };
    } else source = { kind: 'static', query: this.#piece('statement', this.#until(';').text) };
    this.#expectOperator(';');
    return { kind: 'open', line, slot, source, scroll, args: undefined };
  }

  #fetch(line: number, move: boolean): Statement {
    this.#at++;
    const direction = this.#direction();
    const { slot } = this.#cursorVariable();
    let targets: readonly Target[] = [];
    if (!move) {
      this.#expect('into');
      targets = this.#targets();
      const many =
        direction.count === 'all' ||
        (typeof direction.count === 'number' && direction.count !== 1 && direction.direction !== 'absolute' && direction.direction !== 'relative');
      if (many) throw new PgError('0A000', 'FETCH statement cannot return multiple rows');
    }
    this.#expectOperator(';');
    return { kind: 'fetch', line, move, slot, direction, targets };
  }

  #direction(): FetchDirection {
    const isEnd = (): boolean => this.#isWord('from') || this.#isWord('in');
    const counted = (direction: FetchDirection['direction']): FetchDirection => {
      if (this.#takes('all')) return this.#ended({ direction, count: 'all' });
      if (isEnd() || this.#isOperator(';', this.#peek(1)) || this.#isWord('into', this.#peek(1))) return this.#ended({ direction, count: 1 });
      return this.#ended({ direction, count: this.#expression('from', 'in') });
    };
    if (this.#takes('next')) return this.#ended({ direction: 'forward', count: 1 });
    if (this.#takes('prior')) return this.#ended({ direction: 'backward', count: 1 });
    if (this.#takes('first')) return this.#ended({ direction: 'absolute', count: 1 });
    if (this.#takes('last')) return this.#ended({ direction: 'absolute', count: -1 });
    if (this.#takes('all')) return this.#ended({ direction: 'forward', count: 'all' });
    for (const direction of ['absolute', 'relative'] as const)
      if (this.#takes(direction)) return this.#ended({ direction, count: this.#expression('from', 'in') });
    if (this.#takes('forward')) return counted('forward');
    if (this.#takes('backward')) return counted('backward');
    if (isEnd()) return this.#ended({ direction: 'forward', count: 1 });
    if (this.#token.kind === 'number' || this.#isOperator('-')) return this.#ended({ direction: 'forward', count: this.#expression('from', 'in') });
    return { direction: 'forward', count: 1 };
  }

  #ended(direction: FetchDirection): FetchDirection {
    if (!this.#takes('from')) this.#takes('in');
    return direction;
  }

  /** Any other statement: SQL, out of which INTO is taken. */
  #sql(line: number): Statement {
    const first = this.#token;
    const verb = first.value;
    const from = this.#at;
    let depth = 0;
    let into: Into | undefined;
    let cut: { readonly from: number; readonly to: number } | undefined;
    let previous = first;
    // In CREATE FUNCTION ... BEGIN ATOMIC semicolons belong to the statement; there is no INTO.
    while (!(this.#isOperator(';') && depth <= 0)) {
      const token = this.#token;
      if (token.kind === 'end') throw this.#syntaxError();
      if (this.#isOperator('(')) depth++;
      else if (this.#isOperator(')')) depth--;
      const isInto =
        depth === 0 &&
        this.#isWord('into') &&
        this.#at > from &&
        !['insert', 'merge'].includes(previous.value) &&
        ['select', 'insert', 'update', 'delete', 'with', 'values', 'table', 'merge'].includes(verb);
      if (isInto) {
        if (into !== undefined) throw new PgError('42601', 'INTO specified more than once');
        const start = token.start;
        this.#at++;
        into = this.#into();
        cut = { from: start, to: (this.#tokens[this.#at - 1] as Token).end };
        previous = this.#tokens[this.#at - 1] as Token;
        continue;
      }
      previous = token;
      this.#at++;
    }
    if (this.#at === from) throw this.#syntaxError();
    const end = (this.#tokens[this.#at - 1] as Token).end;
    const text = cut === undefined ? this.text.slice(first.start, end) : `${this.text.slice(first.start, cut.from)} ${this.text.slice(cut.to, end)}`;
    this.#expectOperator(';');
    return { kind: 'sql', line, statement: this.#piece('statement', text.trim()), verb, into };
  }
}

/** The slot of a possibly qualified name, and how many parts of the name it took. Source: plpgsql_ns_lookup. */
export function lookUp(namespace: Namespace, parts: readonly string[]): { readonly slot: number; readonly used: number } | undefined {
  const [first, second] = parts as [string, string | undefined];
  for (let level: Namespace | undefined = namespace; level !== undefined; level = level.outer) {
    const own = level.names.get(first);
    if (own !== undefined) return { slot: own, used: 1 };
    if (level.label === first && second !== undefined) {
      const qualified = level.names.get(second);
      if (qualified !== undefined) return { slot: qualified, used: 2 };
    }
  }
  return undefined;
}

export function isRowType(type: string): boolean {
  return rowTypes.test(type) || /^record$/i.test(type.trim());
}

export function parsePlpgsql(text: string, around: Surroundings): Program {
  return new Parser(text, around).program();
}
