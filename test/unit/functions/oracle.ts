/**
 * Runs one call of a function or operator on a real PostgreSQL and on Shoal's implementations (kernel, registered SQLite function, native spelling), as texts.
 * Used by oracle.test.ts; the connection is given by SHOAL_TEST_ORACLE (a postgres:// URL of a PostgreSQL 15).
 */
import Database from 'better-sqlite3';
import pg from 'pg';
import { sharedPostgres } from '../../support/postgres.js';
import { PgError } from '../../../src/common/errors.js';
import type { EvaluationContext, FunctionEntry, ScalarFunction } from '../../../src/functions/function.js';
import { callSignature, functionsNamed, isPolymorphic, kernelOf, operatorFor, operatorsNamed, sqliteFunctionName } from '../../../src/functions/registry.js';
import { registerFunctions } from '../../../src/functions/sqlite-register.js';
import { toKernel, toSql } from '../../../src/functions/values.js';
import { requireType, typeByName, typeByOid } from '../../../src/types/registry.js';
import { canonicalContext, type SqlValue, type TypeContext } from '../../../src/types/value.js';

export const zone = 'Europe/Berlin';

export const context: EvaluationContext = {
  ...(canonicalContext satisfies TypeContext as Omit<TypeContext, 'catalog'>),
  timeZone: zone,
  transactionMicros: 0n,
  statementMicros: 0n,
  sessionUser: 'postgres',
  currentUser: 'postgres',
  database: 'postgres',
  applicationName: '',
  backendPid: 1,
  searchPath: ['public'],
  settings: new Map(),
};

/** An answer: text, NULL or an error `code: message`. */
export type Answer = { readonly text: string | null } | { readonly error: string };

/** A session of the PostgreSQL 15 at SHOAL_TEST_ORACLE, else of the tests' own; skips the suite where there is none. */
export async function connect(context: Mocha.Context): Promise<pg.Client> {
  const url = process.env['SHOAL_TEST_ORACLE'];
  const client = new pg.Client(url === undefined ? (await sharedPostgres(context)).connection : { connectionString: url });
  await client.connect();
  await client.query(`SET TimeZone = '${zone}'; SET extra_float_digits = 1; SET lc_messages = 'C'`);
  return client;
}

const literal = (text: string | null, type: string): string => (text === null ? `NULL::${type}` : `'${text.replaceAll("'", "''")}'::${type}`);

export interface Case {
  /** `lower(text)`, `+(int4,int4)`, `-(,int4)`; `substr(text,int4,int4)`. A trailing `->type` gives the result type of a polymorphic one. */
  readonly signature: string;
  readonly args: readonly (string | null)[];
  /** The entry, where the signature leaves a choice. */
  readonly entry?: ScalarFunction;
}

interface Resolved {
  readonly name: string;
  readonly types: readonly string[];
  readonly result: string | undefined;
  readonly isOperator: boolean;
}

export function parseSignature(signature: string): Resolved {
  const match = /^(.+?)\(([^()]*)\)(?:->(.+))?$/.exec(signature) as RegExpExecArray;
  const name = match[1] as string;
  return { name, types: match[2] === '' ? [] : (match[2] as string).split(','), result: match[3], isOperator: !/^[a-z"]/.test(name) };
}

export async function askPostgres(client: pg.Client, { signature, args }: Case): Promise<Answer> {
  const { name, types, isOperator } = parseSignature(signature);
  const spelled = args.map((arg, n) => literal(arg, types[types[0] === '' ? n + 1 : n] as string));
  const call = isOperator
    ? types[0] === ''
      ? `OPERATOR(pg_catalog.${name}) ${spelled[0]}`
      : `${spelled[0]} OPERATOR(pg_catalog.${name}) ${spelled[1]}`
    : `pg_catalog."${name}"(${spelled.join(', ')})`;
  try {
    const { rows } = await client.query<[string | null]>({
      text: `SELECT format('%s', x) IS NULL, x FROM (SELECT ${call} AS x) q`,
      rowMode: 'array',
      types: { getTypeParser: () => (value: unknown) => value },
    });
    return { text: (rows[0] as unknown as [unknown, string | null])[1] };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { error: `${code}: ${message}` };
  }
}

function typeOid(name: string): number {
  const type = typeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type.oid;
}

const matches = (entry: FunctionEntry, oids: readonly number[]): boolean => {
  if (entry.args.length === oids.length && entry.args.every((oid, n) => oid === oids[n])) return true;
  const last = entry.args[entry.args.length - 1];
  if (entry.variadic === true && last === 2276 && oids.length >= entry.args.length) return entry.args.slice(0, -1).every((oid, n) => oid === oids[n]);
  return entry.args.length === oids.length && entry.args.every((oid, n) => fits(oid, oids[n] as number));
};

/** True when a declared operand type takes an actual one. */
const fits = (declared: number, actual: number): boolean =>
  declared === actual || (isPolymorphic(declared) && (![2277, 5078].includes(declared) || typeByOid(actual)?.category === 'A'));

export function resolve(signature: string, given?: ScalarFunction): { entry: ScalarFunction; oids: number[]; result: number } {
  const { name, types, result, isOperator } = parseSignature(signature);
  const oids = types.filter((type) => type !== '').map(typeOid);
  let entry: FunctionEntry | undefined = given;
  if (entry !== undefined) {
    // As given.
  } else if (isOperator) {
    const left = types[0] === '' ? 0 : (oids[0] as number);
    const right = (types[0] === '' ? oids[0] : oids[1]) as number;
    entry = (operatorFor(name, left, right) ?? operatorsNamed(name).find((operator) => fits(operator.left, left) && fits(operator.right, right)))?.function;
  } else {
    const exact = functionsNamed(name).filter((candidate) => matches(candidate, oids));
    entry = exact.find((candidate) => candidate.args.every((oid, n) => oid === oids[n])) ?? exact[0];
  }
  if (entry?.kind !== 'scalar') throw new Error(`no function ${signature}`);
  const resultOid = result !== undefined ? typeOid(result) : entry.result;
  if (isPolymorphic(resultOid)) throw new Error(`${signature}: give the result type`);
  return { entry, oids, result: resultOid };
}

function answer(compute: () => string | null): Answer {
  try {
    return { text: compute() };
  } catch (error) {
    if (error instanceof PgError) return { error: `${error.code}: ${error.message}` };
    return { error: String(error) };
  }
}

const db = new Database('');
registerFunctions(db, { current: context });

const format = (value: SqlValue, oid: number): string | null => (value === null ? null : requireType(oid).format(value, -1, context));

/** The answers by way of computing them. */
export function askShoal(testCase: Case): Map<string, Answer> {
  const { entry, oids, result } = resolve(testCase.signature, testCase.entry);
  const call = { args: oids, result, variadicArray: false };
  let values: SqlValue[] = [];
  const parsed = answer(() => {
    values = testCase.args.map((arg, n) => (arg === null ? null : requireType(oids[n] as number).parse(arg, -1, context)));
    return null;
  });
  if ('error' in parsed) return new Map([['parse', parsed]]);
  const answers = new Map<string, Answer>();
  const kernel = kernelOf(entry, call);
  if (kernel !== undefined) {
    answers.set(
      'kernel',
      answer(() => {
        if (entry.strict && values.includes(null)) return null;
        return format(toSql(kernel(context, ...values.map((value, n) => toKernel(value, oids[n] as number))) ?? null), result);
      }),
    );
    const parameters = bindable(values, oids);
    const holes = parameters.map(() => '?');
    const signature = entry.typed === true ? [`'${callSignature(call)}'`] : [];
    answers.set(
      'sqlite',
      answer(() =>
        format(
          db
            .prepare<unknown[], SqlValue>(`SELECT ${sqliteFunctionName(entry)}(${[...signature, ...holes].join(', ')})`)
            .safeIntegers()
            .pluck()
            .get(...parameters) as SqlValue,
          result,
        ),
      ),
    );
  }
  if (entry.sqlite !== undefined) {
    const parameters = bindable(values, oids);
    const spelled = entry.sqlite(oids.map((oid, n) => ({ text: `@p${n + 1}`, typeOid: oid, simple: true })));
    if (spelled !== undefined) {
      answers.set(
        'native',
        answer(() =>
          format(
            db
              .prepare<unknown[], SqlValue>(`SELECT ${spelled}`)
              .safeIntegers()
              .pluck()
              .get(Object.fromEntries(parameters.map((value, n) => [`p${n + 1}`, value]))) as SqlValue,
            result,
          ),
        ),
      );
    }
  }
  if (answers.size === 0) answers.set('none', { error: 'not implemented' });
  return answers;
}

/** Integers must be bound as bigint: a JavaScript number is REAL to SQLite. */
function bindable(values: readonly SqlValue[], oids: readonly number[]): SqlValue[] {
  return values.map((value, n) => {
    const { physical } = requireType(oids[n] as number);
    return typeof value === 'number' && (physical === 'integer' || physical === 'boolean') ? BigInt(value) : value;
  });
}
