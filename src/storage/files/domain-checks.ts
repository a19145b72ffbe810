/**
 * Evaluates the CHECK expressions of domains for the type codecs (types/domain), on connections in memory that belong to the thread: wherever a value of a domain
 * comes to be (casts, parameters, COPY, elements of arrays, fields of composites), the same code checks it.
 */
import Database from 'better-sqlite3';
import { hasDomainChecker, useDomainChecker } from '../../types/domain.js';
import type { SqlValue } from '../../types/value.js';
import { toPgError } from '../sqlite-errors.js';
import { bindings } from './parameters.js';
import type { ContextHolder, RegisterFunctions } from './connection.js';

interface Level {
  readonly db: Database.Database;
  readonly statements: Map<string, Database.Statement<unknown[], SqlValue[]>>;
}

const statementsMax = 1000;
let running: ContextHolder | undefined;

/** On a thread that parses values of domains, whether or not it ever reads a file: the context is that of nobody until a task begins. */
export function prepareDomainChecksOfThread(register: RegisterFunctions, holder: ContextHolder): void {
  running ??= holder;
  prepareDomainChecks(register);
}

/** The settings that expressions see from here on. */
export function setDomainContext(holder: ContextHolder): void {
  running = holder;
}

/** Once per thread; later calls do nothing. */
export function prepareDomainChecks(register: RegisterFunctions): void {
  if (hasDomainChecker()) return;
  const levels: Level[] = [];
  // A check may cast to another domain: while a connection evaluates, it cannot be asked again.
  let depth = 0;
  const holder: ContextHolder = {
    get current() {
      if (running === undefined) throw new Error('assertion failed: a task has begun');
      return running.current;
    },
    set current(_context) {
      throw new Error("assertion failed: the context is the task's");
    },
  };
  const open = (): Level => {
    const db = new Database(':memory:');
    register(db, holder);
    return { db, statements: new Map() };
  };
  useDomainChecker((sql, value) => {
    const level = (levels[depth] ??= open());
    let statement = level.statements.get(sql);
    if (statement === undefined) {
      if (level.statements.size >= statementsMax) level.statements.clear();
      statement = level.db.prepare<unknown[], SqlValue[]>(`SELECT ${sql}`).raw(true);
      level.statements.set(sql, statement);
    }
    depth++;
    try {
      const row = statement.get(...bindings(sql, [value]));
      return row?.[0] ?? null;
    } catch (error) {
      throw toPgError(error);
    } finally {
      depth--;
    }
  });
}
