/** WITH and WITH RECURSIVE. */
import { assert, notSupported } from '../../common/errors.js';
import type { CteDefinition, With } from '../../plan/logical.js';
import { isVolatilePlan } from '../logical/analysis.js';
import { Oid, typeByOid } from '../../types/registry.js';
import { type Block, columnName, outputsOf, queryText, selectText, settled, wrap } from './block.js';
import { generalForm } from './numeric.js';
import type { Scope, WrittenCte } from './scope.js';

export function withQuery(scope: Scope, node: With): Block {
  const definitions: string[] = [];
  let recursive = false;
  for (const cte of node.ctes) {
    if (cte.recursive !== undefined) recursive = true;
    definitions.push(cte.recursive === undefined ? plainCte(scope, cte) : recursiveCte(scope, cte, cte.recursive));
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

/**
 * SQLite's recursion is PostgreSQL's, but the table must stand once, directly in the FROM list of the recursive SELECT. Numerics are in general form in both
 * terms, as the scale of the recursive one depends on itself.
 */
function recursiveCte(scope: Scope, cte: CteDefinition, { term, all }: NonNullable<CteDefinition['recursive']>): string {
  const name = scope.name('w');
  const first = settled(scope, scope.block(cte.plan));
  const start = first.limited || first.order.length > 0 ? wrap(scope, first) : first;
  start.order = [];
  const outputs = outputsOf(scope, start).map((output) => ({ ...output, spelled: generalForm(output.spelled) }));
  if (!all) {
    for (const { spelled } of outputs) {
      // Rows that differ in form only (1.0, 1.00) would not be found to be the same.
      const type = typeByOid(spelled.type.oid);
      const element = type?.elementOid === undefined ? undefined : typeByOid(type.elementOid);
      if (
        type?.key !== undefined &&
        (type.category !== 'A' || element?.key !== undefined || type.elementOid === Oid.numeric) &&
        spelled.type.oid !== Oid.bpchar
      )
        throw notSupported(`recursive UNION without ALL over type ${type.displayName}`);
    }
  }
  const written: WrittenCte = {
    name,
    columns: start.columns.map((column, i) => {
      const { spelled } = outputs[i] as (typeof outputs)[number];
      const { range: _, ...rest } = spelled;
      return { name: columnName(column), spelled: { ...rest, nullable: true } };
    }),
    recursion: { references: 0 },
  };
  scope.ctes.set(cte.id, written);
  const startText = selectText(
    start,
    outputs.map(({ spelled, name: column }) => ({ text: spelled.text, name: column })),
  );
  const next = settled(scope, scope.block(term));
  if (next.group !== undefined || next.windowed || next.limited) throw notSupported('a recursive term of this shape');
  next.order = [];
  const direct = next.from.filter((item) => item.text.startsWith(`${name} AS `)).length;
  if (written.recursion?.references !== 1 || direct !== 1) throw notSupported('a recursive reference within a subquery or more than once');
  assert(next.columns.length === start.columns.length, 'both terms have the same columns');
  const nextText = selectText(
    next,
    outputsOf(scope, next).map((output) => ({ text: generalForm(output.spelled).text, name: output.name })),
  );
  delete written.recursion;
  const names = start.columns.map((column) => `"${columnName(column)}"`).join(', ');
  return `${name}(${names}) AS (${startText} UNION ${all ? 'ALL ' : ''}${nextText})`;
}
