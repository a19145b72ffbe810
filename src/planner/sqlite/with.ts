/** WITH and WITH RECURSIVE. */
import type { CteDefinition, LogicalNode, With } from '../../plan/logical.js';
import { isVolatilePlan } from '../logical/analysis.js';
import { Oid, typeByOid } from '../../types/registry.js';
import { type Block, columnName, columnOf, type Output, outputsOf, queryText, selectText, settled, wrap } from './block.js';
import { keyOf } from './comparison.js';
import { fromJsonItem, jsonItem } from './json-rows.js';
import { generalForm } from './numeric.js';
import type { Scope, WrittenCte } from './scope.js';
import type { Spelled } from './spelled.js';

export function withQuery(scope: Scope, node: With): Block {
  const definitions: string[] = [];
  let recursive = false;
  for (const cte of node.ctes) {
    if (cte.recursive !== undefined) recursive = true;
    definitions.push(...(cte.recursive === undefined ? [plainCte(scope, cte)] : recursiveCte(scope, cte, cte.recursive)));
  }
  const block = scope.block(node.body);
  block.with.unshift(...definitions);
  if (recursive) block.recursive = true;
  return block;
}

function plainCte(scope: Scope, cte: CteDefinition): string {
  const name = scope.name('w');
  const block = scope.block(cte.plan);
  const { text, outputs } = queryText(scope, block);
  scope.ctes.set(cte.id, { name, columns: block.columns.map((column, i) => ({ name: columnName(column), spelled: outputs[i] as (typeof outputs)[number] })) });
  const mode = cte.materialized === true || isVolatilePlan(cte.plan) ? ' MATERIALIZED' : cte.materialized === false ? ' NOT MATERIALIZED' : '';
  return `${name} AS${mode} (${text})`;
}

/** Equal values may differ in form (1.0, 1.00), so that SQLite itself cannot tell which rows are equal. */
function hasForms(spelled: Spelled): boolean {
  const type = typeByOid(spelled.type.oid);
  const element = type?.elementOid === undefined ? undefined : typeByOid(type.elementOid);
  return type?.key !== undefined && (type.category !== 'A' || element?.key !== undefined || type.elementOid === Oid.numeric) && spelled.type.oid !== Oid.bpchar;
}

type Outputs = readonly (Output & { readonly spelled: Spelled })[];

/** Numerics are in general form in both terms, as the scale of the recursive one depends on itself. */
function generalOutputs(scope: Scope, block: Block): Outputs {
  return outputsOf(scope, block).map((output) => {
    const spelled = generalForm(output.spelled);
    return { ...output, text: spelled.text, spelled };
  });
}

/**
 * SQLite's recursion is PostgreSQL's where the table stands once, directly in the FROM list of a recursive SELECT without grouping, windows and LIMIT, and rows are
 * equal as SQLite sees it. It goes row by row and so is lazy. Everything else is a loop.
 */
function recursiveCte(scope: Scope, cte: CteDefinition, { term, all }: NonNullable<CteDefinition['recursive']>): readonly string[] {
  const name = scope.name('w');
  const first = settled(scope, scope.block(cte.plan));
  const start = first.limited || first.order.length > 0 ? wrap(scope, first) : first;
  start.order = [];
  const outputs = generalOutputs(scope, start);
  const columns = start.columns.map((column, i) => {
    const { range: _range, ...spelled } = columnOf('', '', (outputs[i] as Outputs[number]).spelled);
    return { name: columnName(column), spelled: { ...spelled, nullable: true } };
  });
  const startText = selectText(start, outputs);
  if (all || !outputs.some(({ spelled }) => hasForms(spelled))) {
    const written: WrittenCte = { name, columns, recursion: { references: 0 } };
    scope.ctes.set(cte.id, written);
    const next = settled(scope, scope.block(term));
    const direct = next.from.filter((item) => item.text.startsWith(`${name} AS `)).length;
    if (next.group === undefined && !next.windowed && !next.limited && written.recursion?.references === 1 && direct === 1) {
      next.order = [];
      const nextText = selectText(next, generalOutputs(scope, next));
      delete written.recursion;
      return [`${columnList(name, columns)} AS (${startText} UNION ${all ? 'ALL ' : ''}${nextText})`];
    }
  }
  return loop(scope, cte, { name, columns, startText, term, all });
}

function columnList(name: string, columns: WrittenCte['columns']): string {
  return `${name}(${columns.map((column) => `"${column.name}"`).join(', ')})`;
}

interface Loop {
  readonly name: string;
  readonly columns: WrittenCte['columns'];
  readonly startText: string;
  readonly term: LogicalNode;
  readonly all: boolean;
}

/**
 * A round a row: the working table is a JSON value, from which the term, whatever it is, makes the next one. With UNION the value has all rows so far, each with its
 * key as last item, and says which of them are new.
 */
function loop(scope: Scope, cte: CteDefinition, { name, columns, startText, term, all }: Loop): readonly string[] {
  const rounds = scope.name('w');
  const written: WrittenCte = {
    name,
    columns,
    working: { rows: `${rounds}.rows`, condition: all ? undefined : (item) => `${item}.key >= ${rounds}.known` },
  };
  scope.ctes.set(cte.id, written);
  const next = settled(scope, scope.block(term));
  const nextText = selectText(next, generalOutputs(scope, next));
  const nextNames = next.columns.map(columnName);
  delete written.working;
  const item = scope.alias();
  const values = columns.map((column, i) => fromJsonItem(item, i, column.spelled).text);
  const result = (condition: string): string =>
    `${columnList(name, columns)} AS (SELECT ${values.length === 0 ? '1' : values.join(', ')} FROM ${rounds}, json_each(${rounds}.rows) AS ${item}${condition})`;
  /** The rows of a query as items; of UNION's, one of each key that is not known. */
  const items = (text: string, names: readonly string[], known: string | undefined): string => {
    const source = scope.alias();
    const read = columns.map(({ spelled }, i): Spelled => ({ ...spelled, text: `${source}."${names[i] as string}"` }));
    const list = read.map((spelled) => jsonItem(spelled.text, spelled));
    if (all) return `SELECT json_array(${list.join(', ')}) AS item FROM (${text}) AS ${source}`;
    const key = read.length === 0 ? `''` : read.map((spelled) => `quote(${keyOf(scope, spelled).text})`).join(` || ',' || `);
    const seen = scope.alias();
    const fresh =
      known === undefined ? '' : ` WHERE ${key} NOT IN (SELECT json_extract(${seen}.value, '$[${String(list.length)}]') FROM json_each(${known}) AS ${seen})`;
    return `SELECT json_array(${[...list, key].join(', ')}) AS item FROM (${text}) AS ${source}${fresh} GROUP BY ${key}`;
  };
  const startNames = columns.map((column) => column.name);
  const whole = (text: string): string => `(SELECT json_group_array(json(item)) FROM (${text}))`;
  if (all) {
    return [
      `${rounds}(rows) AS (SELECT ${whole(items(startText, startNames, undefined))} UNION ALL ` +
        `SELECT ${whole(items(nextText, nextNames, undefined))} FROM ${rounds} WHERE ${rounds}.rows <> '[]')`,
      result(''),
    ];
  }
  const length = `json_array_length(${rounds}.rows)`;
  const before = `SELECT value AS item FROM json_each(${rounds}.rows)`;
  return [
    `${rounds}(rows, known) AS (SELECT ${whole(items(startText, startNames, undefined))}, 0 UNION ALL ` +
      `SELECT ${whole(`${before} UNION ALL ${items(nextText, nextNames, `${rounds}.rows`)}`)}, ${length} FROM ${rounds} WHERE ${rounds}.known < ${length})`,
    result(` WHERE ${rounds}.known = ${length}`),
  ];
}
