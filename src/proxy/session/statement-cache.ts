/**
 * Parsed and compiled statements of one front-end thread, shared by its sessions. Two ways in: by the exact text (extended protocol, statements without literals,
 * BEGIN and COMMIT), and by the text without its literals, which then become parameters (simple protocol: `WHERE id = 5`). Called by shoal-session.ts.
 *
 * A compiled statement depends on the catalog and some settings: those make the caller's `key`. It also rests on table sizes, so it is made anew from time to time.
 */
import { PgError } from '../../common/errors.js';
import type { Statement } from '../../sql/ast.js';
import { parse, type ParsedStatement } from '../../sql/parser.js';
import { Oid } from '../../types/oid.js';
import type { Compiled } from './compile.js';
import { genericParameters } from './generic-literals.js';
import { type Literal, takeLiterals } from './literals.js';

const textsMax = 500;
const templatesMax = 500;
const plansPerTemplateMax = 16;
const textLengthMax = 8192;
const compiledPerStatementMax = 4;
const compiledMs = 10_000;

/** Types whose input a parameter of unknown type may take over from a literal. */
const plainTypes: ReadonlySet<number> = new Set([
  Oid.text,
  Oid.varchar,
  Oid.bpchar,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.numeric,
  Oid.bool,
  Oid.date,
  Oid.timestamp,
  Oid.timestamptz,
  Oid.uuid,
]);

interface CompiledEntry {
  readonly key: string;
  readonly parameterOids: string;
  readonly compiled: Compiled;
  readonly madeMs: number;
}

/** A statement with some of its literals made parameters. */
export interface GenericStatement {
  readonly statement: Statement;
  /** Declared types: int4 for numbers, unknown (0) for strings. */
  readonly parameterOids: readonly number[];
  /** It has turned out that it had better be compiled with its literals. */
  refused: boolean;
}

interface Template {
  /** Which literals are parameters; the others belong to the statement. */
  readonly isParameter: readonly boolean[];
  /** By the literals that are no parameters. */
  readonly plans: Map<string, GenericStatement | undefined>;
}

/** A statement with its parameters' values as they were written. */
export interface GenericUse {
  readonly generic: GenericStatement;
  readonly values: readonly Literal[];
}

/** A map that forgets what has not been used for longest. */
class RecentlyUsed<T> {
  readonly #entries = new Map<string, T>();

  constructor(readonly size: number) {}

  get(key: string): T | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined && this.#entries.size > this.size / 2) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: T): void {
    if (this.#entries.size >= this.size)
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    this.#entries.set(key, value);
  }
}

/** Literals like 'now' are taken when a statement is bound, so what is bound cannot be used again. */
function isTimeless(text: string): boolean {
  return !text.includes("'") || !/now|today|tomorrow|yesterday/i.test(text);
}

export class StatementCache {
  readonly #texts = new RecentlyUsed<readonly ParsedStatement[]>(textsMax);
  readonly #templates = new RecentlyUsed<Template>(templatesMax);
  readonly #compiled = new WeakMap<Statement, CompiledEntry[]>();

  /** As sql/parser's. */
  parse(text: string): readonly ParsedStatement[] {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const statements = parse(text);
    if (text.length <= textLengthMax) {
      this.#texts.set(text, statements);
      if (isTimeless(text)) for (const { statement } of statements) this.#compiled.set(statement, []);
    }
    return statements;
  }

  /** The compiled form of a statement that came from this cache. */
  compiled(statement: Statement, key: string, parameterOids: readonly number[]): Compiled | undefined {
    const entries = this.#compiled.get(statement);
    if (entries === undefined || entries.length === 0) return undefined;
    const oids = parameterOids.join();
    const entry = entries.find((candidate) => candidate.key === key && candidate.parameterOids === oids);
    return entry === undefined || performance.now() - entry.madeMs > compiledMs ? undefined : entry.compiled;
  }

  keep(statement: Statement, key: string, parameterOids: readonly number[], compiled: Compiled): void {
    const entries = this.#compiled.get(statement);
    if (entries === undefined) return;
    const oids = parameterOids.join();
    const at = entries.findIndex((candidate) => candidate.key === key && candidate.parameterOids === oids);
    if (at >= 0) entries.splice(at, 1);
    else if (entries.length >= compiledPerStatementMax) entries.shift();
    entries.push({ key, parameterOids: oids, compiled, madeMs: performance.now() });
  }

  /** The statement with its plain literals as parameters; undefined when it has none that may be. */
  generic(text: string): GenericUse | undefined {
    const taken = takeLiterals(text);
    if (taken === undefined) return undefined;
    const { key, pieces, literals } = taken;
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = { isParameter: chooseParameters(pieces, literals), plans: new Map() };
      this.#templates.set(key, template);
    }
    const { isParameter, plans } = template;
    let kept = '';
    const values: Literal[] = [];
    for (let at = 0; at < literals.length; at++) {
      if (isParameter[at] === true) values.push(literals[at] as Literal);
      else kept += `${String(literals[at])}\u0000`;
    }
    if (values.length === 0) return undefined;
    let generic = plans.get(kept);
    if (generic === undefined) {
      if (plans.has(kept)) return undefined;
      generic = this.#makeGeneric(pieces, literals, isParameter);
      if (plans.size >= plansPerTemplateMax) plans.clear();
      plans.set(kept, generic);
    }
    return generic === undefined || generic.refused ? undefined : { generic, values };
  }

  #makeGeneric(pieces: readonly string[], literals: readonly Literal[], isParameter: readonly boolean[]): GenericStatement | undefined {
    let text = '';
    const parameterOids: number[] = [];
    for (const [at, literal] of literals.entries()) {
      text += pieces[at] ?? '';
      if (isParameter[at] === true) {
        parameterOids.push(typeof literal === 'number' ? Oid.int4 : 0);
        text += `$${String(parameterOids.length)}`;
      } else {
        text += typeof literal === 'number' ? String(literal) : `'${literal.replaceAll("'", "''")}'`;
      }
    }
    text += pieces[literals.length] ?? '';
    const statement = onlyStatement(text);
    if (statement === undefined || !isTimeless(text)) return undefined;
    this.#compiled.set(statement, []);
    return { statement, parameterOids, refused: false };
  }
}

function onlyStatement(text: string): Statement | undefined {
  try {
    const statements = parse(text);
    return statements.length === 1 ? statements[0]?.statement : undefined;
  } catch (error) {
    if (error instanceof PgError) return undefined;
    throw error;
  }
}

/** Whether each literal may be a parameter; all false when the statement cannot be read so. */
function chooseParameters(pieces: readonly string[], literals: readonly Literal[]): readonly boolean[] {
  const statement = onlyStatement(pieces.map((piece, at) => (at < literals.length ? `${piece}$${String(at + 1)}` : piece)).join(''));
  const chosen = statement === undefined ? new Set<number>() : genericParameters(statement, (number) => typeof literals[number - 1] === 'string');
  return literals.map((_, at) => chosen.has(at + 1));
}

/** Whether the types that the parameters have got are ones that a literal's text converts to in the same way. */
export function arePlain(parameterOids: readonly number[]): boolean {
  return parameterOids.every((oid) => plainTypes.has(oid));
}
