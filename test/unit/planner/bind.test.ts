import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PgError } from '../../../src/common/errors.js';
import { bindStatement } from '../../../src/planner/bind/bind.js';
import { initialiseParser, parse } from '../../../src/sql/parser.js';
import { differences } from './known-differences.js';
import { contextOver } from './sample-catalog.js';

interface Answer {
  readonly columns?: readonly (readonly [string, number, number])[];
  readonly parameters?: readonly number[];
  readonly error?: { readonly code: string; readonly message: string; readonly position?: number; readonly hint?: string; readonly detail?: string };
}

function answer(text: string): Answer {
  try {
    const [parsed] = parse(text);
    if (parsed === undefined) throw new Error('no statement');
    const bound = bindStatement(parsed.statement, contextOver());
    return {
      parameters: bound.parameterTypes.map((type) => type.oid),
      ...(bound.columns === undefined ? {} : { columns: bound.columns.map((column) => [column.name, column.type.oid, column.type.typmod] as const) }),
    };
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    const { position, hint, detail } = error.fields;
    return {
      error: {
        code: error.code,
        message: error.message,
        ...(position === undefined ? {} : { position }),
        ...(hint === undefined ? {} : { hint }),
        ...(detail === undefined ? {} : { detail }),
      },
    };
  }
}

describe('bind, against the answers of PostgreSQL 15', () => {
  const answers = new Map(Object.entries(JSON.parse(readFileSync(new URL('postgres-answers.json', import.meta.url), 'utf8')) as Record<string, Answer>));

  before(() => initialiseParser());

  for (const [text, expected] of answers) {
    const difference = differences.get(text);
    it(`${text}${difference === undefined ? '' : ` (differs: ${difference})`}`, () => {
      const actual = answer(text);
      if (difference === undefined) assert.deepEqual(actual, expected);
      else assert.notDeepEqual(actual, expected, 'the difference is gone: remove it from known-differences.ts');
    });
  }
});
