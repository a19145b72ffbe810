/**
 * Helpers of the sql tests: trees without positions and without absent parts, so that expectations stay short.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { PgError } from '../../../src/common/errors.js';
import type { Expression, Select, SelectCore, Statement, StatementKind } from '../../../src/sql/ast.js';
import { parse } from '../../../src/sql/parser.js';

/** The value without `position`, `undefined`, `false` and empty lists. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'position' || inner === undefined || inner === false || (Array.isArray(inner) && inner.length === 0)) continue;
    result[key] = bare(inner);
  }
  return result;
}

export function one(text: string): Statement {
  const statements = parse(text);
  assert.equal(statements.length, 1, text);
  return (statements[0] as { statement: Statement }).statement;
}

export function statement<K extends StatementKind>(text: string, kind: K): Extract<Statement, { kind: K }> {
  const parsed = one(text);
  assert.equal(parsed.kind, kind, text);
  return parsed as Extract<Statement, { kind: K }>;
}

export function select(text: string): Select {
  return statement(text, 'select');
}

export function core(text: string): SelectCore {
  const { body } = select(text);
  assert.equal(body.kind, 'core');
  return body;
}

/** The first expression of `SELECT text`. */
export function expression(text: string): Expression {
  return (core(`SELECT ${text}`).targets[0] as { expression: Expression }).expression;
}

/** Checks that every part of `expected` is in the statement. */
export function has(text: string, expected: object): void {
  contains(bare(one(text)), expected, text);
}

function contains(actual: unknown, expected: unknown, path: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), `${path} is a list`);
    assert.equal(actual.length, expected.length, `${path} has ${expected.length} entries: ${inspect(actual)}`);
    expected.forEach((item, i) => contains(actual[i], item, `${path}[${i}]`));
  } else if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, `${path} is an object, not ${String(actual)}`);
    for (const [key, value] of Object.entries(expected)) contains((actual as Record<string, unknown>)[key], value, `${path}.${key}`);
  } else assert.deepEqual(actual, expected, path);
}

/** The error of parsing `text`, as code, message and position. */
export function failure(text: string): { readonly code: string; readonly message: string; readonly position: number | undefined } {
  try {
    parse(text);
  } catch (error) {
    const { code, message, fields } = error as PgError;
    return { code, message, position: fields.position };
  }
  return assert.fail(`${text} parses`);
}
