/**
 * GROUP BY: grouping expressions and sets, and the rule that what is left of a grouped query are group columns and aggregates only (42803).
 * Source: parse_agg.c (parseCheckAggregates, check_ungrouped_columns) and transformGroupClause of PostgreSQL 15.
 */
import { PgError } from '../../common/errors.js';
import { columnRef } from '../../plan/build.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { Aggregate } from '../../plan/logical.js';
import { equalExpressions, mapChildren, mapPlanExpressions, someExpression } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import type { Binder } from './binder.js';
import { unknownToText } from './coercion.js';
import { lookupColumn } from './column-reference.js';
import { bindExpression, inClause } from './expression.js';
import type { Scope } from './scope.js';
import { requireEquality } from './sort.js';

/** An item of a select list as far as it is bound. */
export interface BoundTarget {
  readonly name: string;
  expression: Expression;
  readonly position: number | undefined;
}

export interface Grouping {
  readonly groups: { readonly id: ColumnId; readonly expression: Expression; readonly name: string }[];
  /** Items of the select list that GROUP BY names by position or alias: the group, even where the item is a constant. */
  readonly targets: Map<BoundTarget, number>;
  /** Undefined: one plain set of all groups. */
  sets: number[][] | undefined;
}

const maximumSets = 4096;

class GroupBinder {
  readonly groups: Grouping['groups'] = [];
  readonly named = new Map<BoundTarget, number>();

  constructor(
    readonly binder: Binder,
    readonly scope: Scope,
    readonly targets: readonly BoundTarget[],
  ) {}

  /** Index of the group that the expression is. */
  index(node: ast.Expression): number {
    const resolved = this.#resolve(node);
    if (!('target' in resolved)) return this.#indexOf(resolved);
    const at = this.#indexOf(this.#target(resolved.target));
    this.named.set(resolved.target, at);
    return at;
  }

  #indexOf(expression: Expression): number {
    const known = this.groups.findIndex((group) => equalExpressions(group.expression, expression));
    if (known >= 0) return known;
    requireEquality(this.binder, expression);
    const name = expression.kind === 'column' ? expression.name : 'group';
    const column = this.binder.column(name, expression.type, this.scope);
    this.groups.push({ id: column.id, expression, name });
    return this.groups.length - 1;
  }

  #resolve(node: ast.Expression): Expression | { readonly target: BoundTarget } {
    const { binder, scope } = this;
    if (node.kind === 'integer') {
      const target = this.targets[node.value - 1];
      if (target === undefined) throw binder.error('42P10', `GROUP BY position ${node.value} is not in select list`, node.position);
      return { target };
    }
    if (node.kind === 'string' || node.kind === 'numeric' || node.kind === 'null')
      throw binder.error('42601', 'non-integer constant in GROUP BY', node.position);
    if (node.kind === 'column' && node.parts.length === 1) {
      const name = node.parts[0] as string;
      const column = lookupColumn(binder, scope, name, node.position, true);
      if (column !== undefined) return column;
      const named = this.targets.filter((target) => target.name === name);
      const [first] = named;
      if (first !== undefined) {
        if (named.some((target) => !equalExpressions(target.expression, first.expression)))
          throw binder.error('42702', `GROUP BY "${name}" is ambiguous`, node.position);
        return { target: first };
      }
    }
    return unknownToText(
      binder,
      inClause(scope, 'groupBy', () => bindExpression(binder, scope, node)),
    );
  }

  #target(target: BoundTarget): Expression {
    const { binder, scope } = this;
    someExpression(target.expression, (part) => {
      if (part.kind !== 'column') return false;
      if (scope.aggregates.some((one) => one.id === part.id))
        throw binder.error('42803', 'aggregate functions are not allowed in GROUP BY', binder.positionOf(part));
      if (scope.windows.some((one) => one.id === part.id)) throw binder.error('42P20', 'window functions are not allowed in GROUP BY', binder.positionOf(part));
      return false;
    });
    target.expression = unknownToText(binder, target.expression);
    return target.expression;
  }

  /** A row without the word ROW stands for its fields. */
  item(node: ast.Expression): number[] {
    if (node.kind === 'row' && !node.explicit) return node.fields.flatMap((field) => this.item(field));
    return [this.index(node)];
  }

  /** The sets that an element stands for. */
  element(node: ast.GroupingElement): number[][] {
    switch (node.kind) {
      case 'expression':
        return [this.item(node.expression)];
      case 'empty':
        return [[]];
      case 'rollup': {
        const items = node.items.map((item) => this.item(item));
        return Array.from({ length: items.length + 1 }, (_, i) => items.slice(0, items.length - i).flat());
      }
      case 'cube': {
        const items = node.items.map((item) => this.item(item));
        if (items.length > 12) throw this.binder.error('54011', 'CUBE is limited to 12 elements', node.position);
        const sets: number[][] = [];
        for (let mask = (1 << items.length) - 1; mask >= 0; mask--) sets.push(items.filter((_, i) => (mask & (1 << (items.length - 1 - i))) !== 0).flat());
        return sets;
      }
      case 'sets':
        return node.sets.flatMap((set) => this.element(set));
    }
  }
}

export function bindGroupBy(binder: Binder, scope: Scope, core: ast.SelectCore, targets: readonly BoundTarget[]): Grouping {
  const bound = new GroupBinder(binder, scope, targets);
  if (core.groupBy.every((element) => element.kind === 'expression')) {
    for (const element of core.groupBy) bound.element(element);
    return { groups: bound.groups, targets: bound.named, sets: undefined };
  }
  let sets: number[][] = [[]];
  for (const element of core.groupBy) {
    const own = bound.element(element);
    sets = sets.flatMap((set) => own.map((more) => [...set, ...more]));
    if (sets.length > maximumSets) throw binder.error('54001', `too many grouping sets present (maximum ${maximumSets})`, undefined);
  }
  sets = sets.map((set) => [...new Set(set)].sort((a, b) => a - b));
  if (core.groupDistinct) {
    const seen = new Set<string>();
    sets = sets.filter((set) => {
      const key = set.join(',');
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  }
  return { groups: bound.groups, targets: bound.named, sets };
}

/** Replaces grouping expressions by group columns in what stands above the Aggregate; refuses columns that are neither grouped nor aggregated. */
export class GroupedExpressions {
  readonly #groups: Grouping;
  readonly #allowed = new Set<ColumnId>();

  constructor(
    readonly binder: Binder,
    readonly scope: Scope,
    grouping: Grouping,
  ) {
    this.#groups = grouping;
    for (const list of [scope.aggregates, scope.windows, scope.groupings, grouping.groups]) for (const one of list) this.#allowed.add(one.id);
    for (const set of scope.sets) for (const column of set.columns) this.#allowed.add(column.id);
  }

  replace(expression: Expression): Expression {
    return this.#go(expression, false);
  }

  /** A direct argument of an ordered-set aggregate. */
  replaceDirect(expression: Expression): Expression {
    try {
      return this.replace(expression);
    } catch (error) {
      if (!(error instanceof PgError) || error.code !== '42803') throw error;
      const { position } = error.fields;
      throw this.binder.error(error.code, error.message, position, {
        detail: 'Direct arguments of an ordered-set aggregate must use only grouped columns.',
      });
    }
  }

  /** An item of the select list: a constant that GROUP BY names is null where a grouping set leaves it out. */
  replaceTarget(target: BoundTarget): Expression {
    const at = this.#groups.targets.get(target);
    const group = at === undefined ? undefined : this.#groups.groups[at];
    if (group === undefined || this.#groups.sets === undefined) return this.replace(target.expression);
    return this.binder.at({ kind: 'column', id: group.id, name: group.name, type: group.expression.type }, this.binder.positionOf(target.expression));
  }

  #go(node: Expression, inSubquery: boolean): Expression {
    const group = node.kind === 'const' ? undefined : this.#groups.groups.find((one) => equalExpressions(one.expression, node));
    if (group !== undefined) return this.binder.at({ kind: 'column', id: group.id, name: group.name, type: node.type }, this.binder.positionOf(node));
    if (node.kind === 'column') return this.#column(node.id, node, inSubquery);
    const changed = mapChildren(
      node,
      (child) => this.#go(child, inSubquery),
      (plan) => mapPlanExpressions(plan, (child) => this.#go(child, true)),
    );
    if (changed !== node) this.binder.at(changed, this.binder.positionOf(node));
    return changed;
  }

  #column(id: ColumnId, node: Expression, inSubquery: boolean): Expression {
    const { binder, scope } = this;
    if (binder.ownerOf(id) !== scope || this.#allowed.has(id)) return node;
    if (this.#dependent(id)) {
      // Determined by the grouped primary key: grouped as well, which changes no group.
      const column = binder.column(node.kind === 'column' ? node.name : 'group', node.type, scope);
      this.#allowed.add(column.id);
      this.#groups.groups.push({ id: column.id, expression: node, name: column.name });
      const index = this.#groups.groups.length - 1;
      this.#groups.sets?.forEach((set) => set.push(index));
      return binder.at(columnRef(column), binder.positionOf(node));
    }
    const name = binder.descriptionOf(id) ?? (node.kind === 'column' ? node.name : '?');
    throw binder.error(
      '42803',
      inSubquery
        ? `subquery uses ungrouped column "${name}" from outer query`
        : `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
      binder.positionOf(node),
    );
  }

  /** True when the column's table is grouped (in every grouping set) by its whole primary key. */
  #dependent(id: ColumnId): boolean {
    for (const item of this.scope.range) {
      const { table } = item;
      if (table === undefined) continue;
      const own = item.columns.some((column) => column.expression.kind === 'column' && column.expression.id === id);
      if (!own && !this.binder.presence.isMarker(item, id)) continue;
      const key = table.indexes.find((index) => index.primary && index.deferral === undefined);
      if (key === undefined) return false;
      return key.keys.every((part) => {
        const name = table.columns.find((column) => column.attribute === part.attribute)?.name;
        const at = table.columns.findIndex((column) => column.name === name);
        const expression = item.columns[at]?.expression;
        if (expression === undefined) return false;
        const index = this.#groups.groups.findIndex((group) => equalExpressions(group.expression, expression));
        return index >= 0 && (this.#groups.sets === undefined || this.#groups.sets.every((set) => set.includes(index)));
      });
    }
    return false;
  }

  /** GROUPING(...) arguments as indexes of groups. */
  groupings(): NonNullable<Aggregate['grouping']> {
    return this.scope.groupings.map((grouping) => ({
      id: grouping.id,
      args: grouping.args.map((argument) => {
        const index = this.#groups.groups.findIndex((group) => equalExpressions(group.expression, argument));
        if (index < 0) {
          throw this.binder.error(
            '42803',
            'arguments to GROUPING must be grouping expressions of the associated query level',
            this.binder.positionOf(argument) ?? grouping.position,
          );
        }
        return index;
      }),
    }));
  }
}
