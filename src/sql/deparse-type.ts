/**
 * A type name of the tree -> the text that PostgreSQL's format_type gives. Called by deparse and by messages about casts and columns.
 */
import type { Expression, TypeName } from './ast.js';
import { quoteQualified } from './quote.js';

/** Internal names of pg_catalog to the SQL names; %s is the place of the modifiers. */
const sqlNames = new Map<string, string>([
  ['bit', 'bit%s'],
  ['bool', 'boolean%s'],
  ['bpchar', 'character%s'],
  ['float4', 'real%s'],
  ['float8', 'double precision%s'],
  ['int2', 'smallint%s'],
  ['int4', 'integer%s'],
  ['int8', 'bigint%s'],
  ['interval', 'interval%s'],
  ['numeric', 'numeric%s'],
  ['time', 'time%s without time zone'],
  ['timetz', 'time%s with time zone'],
  ['timestamp', 'timestamp%s without time zone'],
  ['timestamptz', 'timestamp%s with time zone'],
  ['varbit', 'bit varying%s'],
  ['varchar', 'character varying%s'],
]);

/** PostgreSQL's INTERVAL_MASK combinations. */
const intervalFields = new Map<number, string>([
  [4, ' year'],
  [2, ' month'],
  [8, ' day'],
  [1024, ' hour'],
  [2048, ' minute'],
  [4096, ' second'],
  [6, ' year to month'],
  [1032, ' day to hour'],
  [3080, ' day to minute'],
  [7176, ' day to second'],
  [3072, ' hour to minute'],
  [7168, ' hour to second'],
  [6144, ' minute to second'],
]);

/** `expression` writes a modifier, which is nearly always an integer. */
export function deparseTypeName(type: TypeName, expression: (modifier: Expression) => string): string {
  const [first = '', second] = type.names;
  let text: string;
  const builtIn = type.names.length === 2 && first === 'pg_catalog' && second !== undefined ? sqlNames.get(second) : undefined;
  if (builtIn === undefined) {
    text = quoteQualified(type.names) + (type.percentType ? '%TYPE' : modifiers(type.typmods, expression));
  } else if (second === 'interval') text = interval(type.typmods, expression);
  // Without a length: `bpchar` is blank-trimmed text of any length, `character` one character. Likewise for bit.
  else if (type.typmods.length === 0 && second === 'bpchar') text = 'bpchar';
  else text = builtIn.replace('%s', modifiers(type.typmods, expression));
  for (const bound of type.arrayBounds) text += bound < 0 ? '[]' : `[${bound}]`;
  return type.setOf ? `SETOF ${text}` : text;
}

function modifiers(list: readonly Expression[], expression: (modifier: Expression) => string): string {
  return list.length === 0 ? '' : `(${list.map(expression).join(',')})`;
}

function interval(list: readonly Expression[], expression: (modifier: Expression) => string): string {
  const [mask, precision] = list;
  const fields = mask?.kind === 'integer' ? (intervalFields.get(mask.value) ?? '') : '';
  return `interval${fields}${precision === undefined ? '' : `(${expression(precision)})`}`;
}
