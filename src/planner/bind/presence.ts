/**
 * Whole rows of FROM items that an outer join may extend with NULLs: `t` is then NULL, not a row of NULLs. Such a reference reads a further column of the item, constant
 * beneath the join, that says whether the row is there. Plans get the column only where it is read. Filled by from.ts, read by column-reference.ts, applied by select.ts
 * and bind.ts.
 */
import { columnRef, constant, typeRef } from '../../plan/build.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import { mapInputs } from '../../plan/walk.js';
import { Oid } from '../../types/oid.js';
import { refreshed } from '../logical/columns.js';
import type { NamespaceEntry, RangeItem, Scope } from './scope.js';

interface Source {
  readonly plan: LogicalNode;
  readonly scope: Scope;
  /** It stands on a side of an outer join that may be extended. */
  extended: boolean;
  marker?: OutputColumn;
}

export class Presence {
  readonly #sources = new Map<RangeItem, Source>();
  /** Columns that plans still have to get. */
  readonly #pending = new Map<LogicalNode, OutputColumn>();

  /** The item's rows come from this plan. Joins are not remembered: their rows are made anew above them. */
  remember(item: RangeItem, plan: LogicalNode, scope: Scope): void {
    this.#sources.set(item, { plan, scope, extended: false });
  }

  /** These items are on a side that an outer join extends. */
  extend(entries: readonly NamespaceEntry[]): void {
    for (const { item } of entries) {
      const source = this.#sources.get(item);
      if (source !== undefined) source.extended = true;
    }
  }

  /** What is NULL where the item's row is not there; undefined when it always is. */
  of(item: RangeItem, column: (owner: Scope) => OutputColumn): Expression | undefined {
    const source = this.#sources.get(item);
    if (source?.extended !== true) return undefined;
    if (source.marker === undefined) {
      source.marker = column(source.scope);
      this.#pending.set(source.plan, source.marker);
    }
    return columnRef(source.marker);
  }

  /** True when the column says whether the item's row is there. */
  isMarker(item: RangeItem, id: ColumnId): boolean {
    return this.#sources.get(item)?.marker?.id === id;
  }

  /** The plan of a query level, all of whose references are bound, with the columns that are read. */
  applied(plan: LogicalNode): LogicalNode {
    if (this.#pending.size === 0) return plan;
    const go = (node: LogicalNode): LogicalNode => {
      const changed = refreshed(mapInputs(node, go));
      const marker = this.#pending.get(node);
      if (marker === undefined) return changed;
      this.#pending.delete(node);
      const there = constant(1, typeRef(Oid.bool));
      const columns = [...changed.columns, marker];
      // No projection over another that passes its columns on under their own ids: the lower one could not be removed.
      if (changed.kind === 'project') return { ...changed, columns, expressions: [...changed.expressions, there] };
      const expressions: readonly Expression[] = changed.columns.map((column) => columnRef(column));
      return { kind: 'project', input: changed, columns, expressions: [...expressions, there] };
    };
    return go(plan);
  }
}
