/**
 * A typed logical plan as one SQLite statement. Called by planner/distributed for each fragment, by the session for statements of the writer lane, and by
 * `mutation.ts` for the parts of a write.
 */
import type { Expression, TypeRef } from '../../plan/expression.js';
import type { LogicalNode } from '../../plan/logical.js';
import type { CatalogLanding } from '../../plan/physical.js';
import type { WrittenColumn, WrittenSql } from '../../plan/written-sql.js';
import { Oid } from '../../types/registry.js';
import { type Output, outputsOf, selectText, wrap } from './block.js';
import { keyOf } from './comparison.js';
import { replanExact, shardOf } from './connection-functions.js';
import { numericFunction, writeExpression, writeLooseNumeric } from './expression.js';
import { clientForm, generalForm } from './numeric.js';
import { writeRelation } from './relation.js';
import { Scope, type WriteOptions } from './scope.js';
import type { Spelled } from './spelled.js';

export type { ScanSpelling, WriteOptions } from './scope.js';

export interface QueryOptions extends WriteOptions {
  /** Expressions over the plan's columns that come before them. */
  readonly leading?: readonly Expression[];
  /** A first column: the index of the partition, among those that begin at `bounds`, to which the row's keys belong. */
  readonly partition?: { readonly keys: readonly Expression[]; readonly bounds: readonly number[] };
  /** The last so many columns in key form: what a merging gather compares. */
  readonly trailingKeys?: number;
  /**
   * The rows go to the client: a numeric in a column with a scale may then be general TEXT, too (where a scaled integer cannot hold it), so that arithmetic in the
   * select list never needs a second plan.
   */
  readonly final?: boolean;
}

export function newScope(options: WriteOptions, landings: Map<string, CatalogLanding> = new Map()): Scope {
  const scope = new Scope(options, landings);
  scope.expression = (e) => writeExpression(scope, e);
  scope.looseNumeric = (e) => writeLooseNumeric(scope, e);
  scope.block = (node) => writeRelation(scope, node);
  scope.numericCall = numericFunction;
  return scope;
}

const integerType: TypeRef = { oid: Oid.int4, typmod: -1 };

/** The shard index of a row by its key. */
export function placement(keys: readonly Spelled[], bounds: readonly number[]): string {
  const general = keys.map(generalForm);
  return shardOf(
    bounds,
    general.map((key) => key.type.oid),
    general.map((key) => key.text),
  );
}

/** True when the text may raise SH002. */
export function mayReplan(pieces: readonly string[]): boolean {
  return pieces.some((piece) => piece.includes(replanExact) || piece.includes('shoal_exact('));
}

export function writeQuery(plan: LogicalNode, options: QueryOptions): WrittenSql {
  const scope = newScope(options);
  let block = scope.block(plan);
  const firstKey = block.columns.length - (options.trailingKeys ?? 0);
  const extends_ = options.leading !== undefined || options.partition !== undefined || options.trailingKeys !== undefined;
  // Further columns would change what DISTINCT means, and would compute volatile columns again.
  if (extends_ && (block.distinct || block.volatile)) block = wrap(scope, block);
  const outputs: Output[] = [];
  const columns: WrittenColumn[] = [];
  const lead = (text: string, type: TypeRef, scale: number | undefined): void => {
    columns.push({ column: { id: -1 as WrittenColumn['column']['id'], name: '', type }, scale });
    outputs.push({ text, name: `p${String(outputs.length)}` });
  };
  if (options.partition !== undefined) {
    const { keys, bounds } = options.partition;
    lead(
      bounds.length <= 1
        ? '0'
        : placement(
            keys.map((key) => scope.expression(key)),
            bounds,
          ),
      integerType,
      undefined,
    );
  }
  for (const e of options.leading ?? []) {
    const spelled = scope.expression(e);
    lead(spelled.text, e.type, spelled.decimal?.scale);
  }
  for (const [i, output] of outputsOf(scope, block).entries()) {
    const column = block.columns[i];
    if (column === undefined) continue;
    const spelled = i >= firstKey ? keyOf(scope, output.spelled) : options.final === true ? clientForm(scope.binding(column.id)) : output.spelled;
    outputs.push({ text: spelled.text, name: output.name });
    columns.push({ column, scale: spelled.decimal?.scale });
  }
  const { pieces, holes, parameters } = scope.parameters.finish(selectText(block, outputs));
  return { pieces, holes, parameters, columns, mayReplan: mayReplan(pieces) };
}
