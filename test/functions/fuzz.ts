/**
 * Calls of built-in functions and operators with values made by seed, on PostgreSQL 15 and on Shoal's implementations (kernel, registered SQLite function,
 * native spelling): `npm run fuzz:functions -- --seed 1 --count 20 --only range`. SHOAL_TEST_ORACLE is the URL of the PostgreSQL.
 */
import pg from 'pg';
import type { ScalarFunction } from '../../src/functions/function.js';
import { allFunctions, allOperators, isPolymorphic } from '../../src/functions/registry.js';
import { arrayTypeOf, Oid, requireType } from '../../src/types/registry.js';
import { rangeType } from '../../src/types/range-types.js';
import { askShoal, type Case, parseSignature, zone } from '../unit/functions/oracle.js';
import { randomOf, valueOf, type Random } from './values.js';

const option = (name: string, standard: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? standard : (process.argv[at + 1] as string);
};

const rangeOids: readonly number[] = [Oid.int4range, Oid.numrange, Oid.daterange, Oid.tstzrange];
const plainOids: readonly number[] = [Oid.int4, Oid.text, Oid.numeric, Oid.date];

/** What depends on the clock, on chance, on the session or on the catalog; or sends PostgreSQL to sleep. */
const excluded =
  /^(pg_(?!lsn|size_|typeof)|random|setseed|now|clock_|statement_|transaction_|current|timeofday|gen_random|txid|version|inet_(client|server)|nextval|currval|setval|lastval|lo_|shoal|has_|to_reg|col_desc|obj_desc|shobj|format_type|row_security|set_config|query_to|table_to|schema_to|cursor_to|database_to|convert|xml|hash|repeat|lpad|rpad|.*send$|.*cmp$|array_fill|regclass|getdatabase|amval|timestamp_izone|age$|.*_hash.*)/;

interface Call {
  readonly signature: string;
  readonly types: readonly string[];
  readonly entry: ScalarFunction;
}

/** The concrete signatures of an entry: polymorphic types stand for several. */
function concrete(args: readonly number[], result: number): readonly { readonly args: readonly number[]; readonly result: number }[] {
  if (!args.some(isPolymorphic) && !isPolymorphic(result)) return [{ args, result }];
  if (args.includes(Oid.any)) return [];
  const isRange = [...args, result].some((oid) => ([Oid.anyrange, Oid.anymultirange] as number[]).includes(oid));
  const choices = isRange ? rangeOids : plainOids;
  return choices.map((choice) => {
    const range = isRange ? rangeType(choice) : undefined;
    const element = range?.subtypeOid ?? choice;
    const stand = (oid: number): number => {
      switch (oid) {
        case Oid.anyelement:
        case Oid.anynonarray:
        case Oid.anycompatible:
        case Oid.anycompatiblenonarray:
          return element;
        case Oid.anyarray:
        case Oid.anycompatiblearray:
          return arrayTypeOf(element)?.oid as number;
        case Oid.anyrange:
        case Oid.anycompatiblerange:
          return range?.rangeOid ?? oid;
        case Oid.anymultirange:
          return range?.multirangeOid ?? oid;
        default:
          return oid;
      }
    };
    return { args: args.map(stand), result: stand(result) };
  });
}

function calls(only: RegExp): readonly Call[] {
  const list: Call[] = [];
  const supported = (entry: ScalarFunction): boolean =>
    entry.bySession !== true && (entry.kernel !== undefined || entry.typedKernel !== undefined || entry.sqlite !== undefined);
  const add = (entry: ScalarFunction, name: string, args: readonly number[], result: number, prefix: boolean): void => {
    for (const form of concrete(args, result)) {
      const types = form.args.map((oid) => requireType(oid).name);
      if (isPolymorphic(form.result)) continue;
      const declared = `${name}(${prefix ? ',' : ''}${types.join(',')})`;
      list.push({ entry, signature: `${declared}->${requireType(form.result).name}`, types });
    }
  };
  for (const entry of allFunctions()) {
    if (entry.kind !== 'scalar' || entry.hidden === true || !supported(entry) || excluded.test(entry.name) || entry.oid === undefined || entry.oid >= 9_000_000)
      continue;
    if (entry.variadic === true || !/^[a-z_0-9]+$/.test(entry.name)) continue;
    if (only.test(entry.name) || entry.args.some((oid) => only.test(requireType(oid).name))) add(entry, entry.name, entry.args, entry.result, false);
  }
  for (const entry of allOperators()) {
    if (!supported(entry.function)) continue;
    const args = entry.left === 0 ? [entry.right] : [entry.left, entry.right];
    if (only.test(entry.name) || args.some((oid) => only.test(requireType(oid).name))) add(entry.function, entry.name, args, entry.result, entry.left === 0);
  }
  return list;
}

function spelled({ signature, args }: Case): string {
  const { name, types, isOperator } = parseSignature(signature);
  const literals = args.map((arg, n) => {
    const type = types[types[0] === '' ? n + 1 : n] as string;
    const quoted = type === 'char' || type === 'bit' ? `"${type}"` : type;
    return arg === null ? `NULL::${quoted}` : `'${arg.replaceAll("'", "''")}'::${quoted}`;
  });
  if (isOperator) return types[0] === '' ? `OPERATOR(pg_catalog.${name}) ${literals[0]}` : `${literals[0]} OPERATOR(pg_catalog.${name}) ${literals[1]}`;
  return `pg_catalog."${name}"(${literals.join(', ')})`;
}

const shown = (answer: { readonly text: string | null } | { readonly error: string }): string =>
  'error' in answer ? `E${answer.error}` : answer.text === null ? 'NULL' : `V${answer.text}`;

/** Texts of floats agree when they are the same but for the last digits. */
function near(a: string, b: string): boolean {
  const left = Number(a.slice(1));
  const right = Number(b.slice(1));
  return a.startsWith('V') && b.startsWith('V') && Math.abs(left - right) <= 1e-12 * Math.abs(left);
}

const only = new RegExp(option('only', '.'));
const count = Number(option('count', '20'));
const random: Random = randomOf(Number(option('seed', '1')));
const client = new pg.Client({ connectionString: process.env['SHOAL_TEST_ORACLE'] ?? 'postgres://postgres@localhost:5432/postgres' });
await client.connect();
await client.query(`SET TimeZone = '${zone}'; SET extra_float_digits = 1; SET lc_messages = 'C'; SET statement_timeout = '20s'`);
await client.query(`CREATE FUNCTION pg_temp.attempt(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
  EXECUTE 'SELECT CASE WHEN x IS NULL THEN ''NULL'' ELSE ''V'' || format(''%s'', x) END FROM (SELECT ' || expression || ' AS x) q' INTO answer;
  RETURN answer;
EXCEPTION WHEN others THEN
  RETURN 'E' || SQLSTATE || ': ' || SQLERRM;
END $$`);

let compared = 0;
let different = 0;
for (const call of calls(only)) {
  if (process.argv.includes('--verbose')) console.error(call.signature);
  const cases: Case[] = [];
  for (let n = 0; n < count; n++) {
    const args = call.types.map((type) => (random() < 0.03 ? null : valueOf(type, random)));
    if (args.includes(undefined)) break;
    cases.push({ entry: call.entry, signature: call.signature, args: args as (string | null)[] });
  }
  if (cases.length === 0) continue;
  const { rows } = await client.query<{ answer: string }>('SELECT pg_temp.attempt(e) AS answer FROM unnest($1::text[]) WITH ORDINALITY AS u(e, n) ORDER BY n', [
    cases.map(spelled),
  ]);
  let printed = 0;
  cases.forEach((testCase, n) => {
    const expected = rows[n]?.answer as string;
    let answers: Iterable<readonly [string, Parameters<typeof shown>[0]]>;
    try {
      answers = askShoal(testCase);
    } catch (error) {
      answers = [['thrown', { error: String(error) }]];
    }
    for (const [way, answer] of answers) {
      compared++;
      const got = shown(answer);
      if (got === expected || near(got, expected)) continue;
      different++;
      if (printed++ < 3) console.log(`${spelled(testCase)}\n    expected ${expected}\n    ${way}: ${got}`);
    }
  });
}
console.log(`${compared} answers compared, ${different} different`);
await client.end();
