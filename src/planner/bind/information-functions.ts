/**
 * The functions of information_schema that clients call (JDBC, PostgREST): each stands for an expression over its arguments, which takes the call's place. Arguments may
 * be whole rows (`a.*`), of which the expression reads columns. Used by function-call.ts. Source: information_schema.sql of PostgreSQL 15.
 */
import type * as ast from '../../sql/ast.js';
import { parseExpression } from '../../sql/parser.js';

interface InformationFunction {
  readonly parameters: readonly string[];
  readonly expression: string;
}

const ofType = ['typid', 'typmod'];

const functions: Readonly<Record<string, InformationFunction>> = {
  _pg_truetypid: { parameters: ['att', 'typ'], expression: "CASE WHEN typ.typtype = 'd' THEN typ.typbasetype ELSE att.atttypid END" },
  _pg_truetypmod: { parameters: ['att', 'typ'], expression: "CASE WHEN typ.typtype = 'd' THEN typ.typtypmod ELSE att.atttypmod END" },
  _pg_char_max_length: {
    parameters: ofType,
    expression: 'CASE WHEN typmod = -1 THEN NULL WHEN typid IN (1042, 1043) THEN typmod - 4 WHEN typid IN (1560, 1562) THEN typmod END',
  },
  _pg_char_octet_length: {
    parameters: ofType,
    expression: 'CASE WHEN typid IN (25, 1042, 1043) THEN CASE WHEN typmod = -1 THEN 1073741824 ELSE (typmod - 4) * 4 END END',
  },
  _pg_numeric_precision: {
    parameters: ofType,
    expression:
      'CASE typid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN typmod <> -1 THEN ((typmod - 4) >> 16) & 65535 END END',
  },
  _pg_numeric_precision_radix: {
    parameters: ofType,
    expression: 'CASE WHEN typid IN (20, 21, 23, 700, 701) THEN 2 WHEN typid = 1700 THEN 10 END',
  },
  _pg_numeric_scale: {
    parameters: ofType,
    expression: 'CASE WHEN typid IN (20, 21, 23) THEN 0 WHEN typid = 1700 AND typmod <> -1 THEN (typmod - 4) & 2047 END',
  },
  _pg_datetime_precision: {
    parameters: ofType,
    expression:
      'CASE WHEN typid = 1082 THEN 0 WHEN typid IN (1083, 1114, 1184, 1266) THEN CASE WHEN typmod < 0 THEN 6 ELSE typmod END ' +
      'WHEN typid = 1186 THEN CASE WHEN typmod < 0 OR typmod & 65535 = 65535 THEN 6 ELSE typmod & 65535 END END',
  },
  _pg_index_position: {
    parameters: ['index', 'attribute'],
    expression:
      '(SELECT k.n::int FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indkey) WITH ORDINALITY k (a, n) WHERE i.indexrelid = "index" AND k.a = attribute)',
  },
};

/** What an argument is called: a column of it is a column of that name. Undefined for other expressions. */
function rowName(argument: ast.Expression): readonly string[] | undefined {
  if (argument.kind === 'star') return argument.qualifier;
  return argument.kind === 'column' ? argument.parts : undefined;
}

/** The expression that a call stands for; undefined for other functions. */
export function informationFunction(node: ast.FunctionCall): ast.Expression | undefined {
  const [schema, name = ''] = node.name;
  const found = node.name.length === 2 && schema === 'information_schema' && Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found?.parameters.length !== node.arguments.length) return undefined;
  const replaced = (tree: unknown): unknown => {
    if (Array.isArray(tree)) return tree.map(replaced);
    if (typeof tree !== 'object' || tree === null) return tree;
    const { kind, parts = [] } = tree as { readonly kind?: string; readonly parts?: readonly string[] };
    const argument = kind === 'column' ? node.arguments[found.parameters.indexOf(parts[0] ?? '')] : undefined;
    if (argument === undefined) return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, replaced(value)]));
    if (parts.length === 1) return argument;
    return { kind: 'column', parts: [...(rowName(argument) ?? []), ...parts.slice(1)] };
  };
  return replaced(parseExpression(found.expression)) as ast.Expression;
}
