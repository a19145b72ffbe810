/**
 * Which collation each expression has: PostgreSQL's derivation (parse_collate.c of PostgreSQL 15), as one pass over a bound plan. Two explicit collations that differ are
 * an error at once, two implicit ones are where a sort, a group or a set operation needs one (42P21); a function that needs one fails when it is computed (42P22).
 *
 * The order of texts is the same under all collations, so the pass finds mistakes and answers what columns of results have; it leaves no trace in the plan but calls
 * that fail. Run by bind.ts when a statement names a collation or reads a column that has one of its own.
 */
import { cCollation, collationName, collationOid, defaultCollation, shownCollation } from '../../catalog/collation.js';
import { collationOf } from '../../catalog/pg-catalog/index-columns.js';
import type { PgError } from '../../common/errors.js';
import type { AggregateFunction, OperatorEntry, WindowFunction } from '../../functions/function.js';
import { scalarNamed } from '../../functions/registry.js';
import { undeterminedCollation } from '../../functions/scalar/collation.js';
import { columnRef, constant, typeRef } from '../../plan/build.js';
import type { ColumnId, Expression, SortKey, TypeRef } from '../../plan/expression.js';
import type { Table } from '../../catalog/table.js';
import type { CteDefinition, LogicalNode, Mutation, OutputColumn } from '../../plan/logical.js';
import { mapChildren, mapInputs, mapNodeExpressions } from '../../plan/walk.js';
import { isArrayType, Oid, typeByOid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import type { BoundStep } from './bound.js';

/** In PostgreSQL's order of strength: none, implicit, conflict, explicit. */
export type CollationState =
  | { readonly kind: 'none' }
  | { readonly kind: 'implicit' | 'explicit'; readonly oid: number; readonly position: number | undefined }
  | { readonly kind: 'conflict'; readonly first: number; readonly second: number; readonly position: number | undefined };

const none: CollationState = { kind: 'none' };
const strengths = { none: 0, implicit: 1, conflict: 2, explicit: 3 } as const;

/** Functions that look at their texts by a collation, and for what. */
const purposes: ReadonlyMap<string, string> = new Map([
  ...['upper', 'lower', 'initcap'].map((name) => [name, `${name}() function`] as const),
  ...['count', 'instr', 'like', 'match', 'matches', 'replace', 'split_to_array', 'split_to_table', 'substr'].map(
    (name) => [`regexp_${name}`, 'regular expression'] as const,
  ),
  ...[
    ...['array_position', 'array_positions', 'array_remove', 'array_replace', 'array_larger', 'array_smaller', 'btarraycmp', 'width_bucket'],
    ...['bttextcmp', 'btnamecmp', 'bpcharcmp', 'bpchar_larger', 'bpchar_smaller', 'text_larger', 'text_smaller'],
    ...['position', 'strpos', 'replace', 'split_part', 'starts_with', 'string_to_array', 'string_to_table', 'min', 'max'],
  ].map((name) => [name, 'string comparison'] as const),
  ...['hashtext', 'hashbpchar', 'hash_array'].map((name) => [name, 'string hashing'] as const),
]);

const comparisons: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=', '^@']);
const arrayOperators: ReadonlySet<string> = new Set(['&&', '@>', '<@']);
const matches: ReadonlySet<string> = new Set(['~', '!~', '~*', '!~*']);
const caseless: ReadonlySet<string> = new Set(['~~*', '!~~*']);

function isCollatable(type: TypeRef): boolean {
  return (typeByOid(type.domain ?? type.oid)?.collationOid ?? 0) !== 0;
}

function purposeOfOperator(name: string, args: readonly Expression[]): string | undefined {
  if (comparisons.has(name)) return 'string comparison';
  if (matches.has(name)) return 'regular expression';
  if (caseless.has(name)) return 'ILIKE';
  return arrayOperators.has(name) && args.some((argument) => isArrayType(argument.type.oid)) ? 'string comparison' : undefined;
}

/** An expression with its collation. */
interface Derived {
  readonly expression: Expression;
  readonly state: CollationState;
}

export class CollationPass {
  /** What columns have within the query level that makes them. */
  readonly #columns = new Map<ColumnId, CollationState>();
  /** Columns of the level itself (groups, aggregates, window calls): their expressions stand where they are read. */
  readonly #inner = new Set<ColumnId>();
  readonly #common = new Map<number, readonly CollationState[]>();

  constructor(readonly binder: Binder) {}

  /** The collation of an output column: what reading it from outside gives. undefined: none could be derived. 0: its type has none. */
  outputOf(column: { readonly id: ColumnId; readonly type: TypeRef }): number | undefined {
    const state = this.#column(column.id, column.type);
    if (!isCollatable(column.type)) return 0;
    return state.kind === 'implicit' || state.kind === 'explicit' ? state.oid : undefined;
  }

  /** Of a derived expression; as `outputOf`. */
  collationOf(expression: Expression): number | undefined {
    const { state } = this.#derive(expression);
    if (!isCollatable(expression.type)) return 0;
    return state.kind === 'implicit' || state.kind === 'explicit' ? state.oid : undefined;
  }

  expression(expression: Expression): Expression {
    return this.#derive(expression).expression;
  }

  plan(node: LogicalNode): LogicalNode {
    switch (node.kind) {
      case 'with': {
        const ctes = node.ctes.map((cte) => this.#definition(cte));
        const body = this.plan(node.body);
        return { ...node, ctes, body };
      }
      default: {
        const below = mapInputs(node, (input) => this.plan(input));
        return this.#own(below);
      }
    }
  }

  #definition(cte: CteDefinition): CteDefinition {
    const plan = this.plan(cte.plan);
    const states = plan.columns.map((column) => this.#read(column.id, column.type));
    this.#common.set(cte.id, states);
    if (cte.recursive === undefined) return { ...cte, plan };
    const term = this.plan(cte.recursive.term);
    states.forEach((state, i) => {
      const other = term.columns[i];
      if (other !== undefined) this.#requireSame(cte.name, i, state, this.#merge([state, this.#column(other.id, other.type)]));
    });
    return { ...cte, plan, recursive: { ...cte.recursive, term } };
  }

  /** A mutation: its source, and the expressions over the written row. */
  mutation(mutation: Mutation): Mutation {
    for (const columns of [mutation.row, mutation.onConflict?.excluded ?? []]) this.row(mutation.table, columns);
    const change = (expression: Expression): Expression => this.expression(expression);
    const { returning, onConflict } = mutation;
    return {
      ...mutation,
      source: this.plan(mutation.source),
      ...(returning === undefined ? {} : { returning: { ...returning, expressions: returning.expressions.map(change) } }),
      ...(onConflict === undefined
        ? {}
        : {
            onConflict: {
              ...onConflict,
              assignments: onConflict.assignments.map((one) => ({ ...one, expression: change(one.expression) })),
              ...(onConflict.where === undefined ? {} : { where: change(onConflict.where) }),
            },
          }),
      checks: mutation.checks.map((check) => ({ ...check, expression: change(check.expression) })),
      ...(mutation.inheritors === undefined ? {} : { inheritors: mutation.inheritors.map((one) => this.mutation(one)) }),
    };
  }

  /** Columns that stand for the table's. */
  row(table: Table, columns: readonly OutputColumn[]): void {
    columns.forEach((column, i) => {
      const own = table.columns[i];
      if (own !== undefined) this.#put(column.id, column.type, this.#implicit(collationOf(this.binder.context.catalog, own)));
    });
  }

  /** A WITH query that is carried out by itself. */
  step(step: BoundStep): BoundStep {
    if (step.kind === 'write') {
      const mutation = this.mutation(step.mutation);
      const columns = mutation.returning?.columns ?? [];
      this.#common.set(
        step.id,
        columns.map((column, i) => {
          const state = this.#derive(mutation.returning?.expressions[i] ?? columnRef(column)).state;
          return state.kind === 'conflict' ? none : state.kind === 'explicit' ? { ...state, kind: 'implicit' } : state;
        }),
      );
      return { ...step, mutation };
    }
    return { ...step, definition: this.#definition(step.definition) };
  }

  // ----------------------------------------------------------------------------------------------------------------- operators

  /** The operator over inputs that are done. */
  #own(node: LogicalNode): LogicalNode {
    const { catalog } = this.binder.context;
    switch (node.kind) {
      case 'scan':
        node.columns.forEach((column, i) => {
          const own = node.table.columns.find((one) => one.attribute === node.source[i]);
          if (own !== undefined) this.#put(column.id, column.type, this.#implicit(collationOf(catalog, own)));
        });
        return node;
      case 'catalogScan':
        // (Texts of the catalog are of collation C in PostgreSQL, too.)
        for (const column of node.columns) this.#put(column.id, column.type, this.#implicit(cCollation));
        return node;
      case 'cteScan': {
        const states = this.#common.get(node.cte);
        node.columns.forEach((column, i) => {
          this.#put(column.id, column.type, states?.[i] ?? none);
        });
        return node;
      }
      case 'values': {
        const rows = node.rows.map((row) => row.map((value) => this.#derive(value)));
        node.columns.forEach((column, i) => {
          this.#put(column.id, column.type, this.#merge(rows.map((row) => row[i]?.state ?? none)));
        });
        return { ...node, rows: rows.map((row) => row.map((one) => one.expression)) };
      }
      case 'project': {
        const derived = node.expressions.map((expression) => this.#derive(expression));
        node.columns.forEach((column, i) => {
          this.#columns.set(column.id, derived[i]?.state ?? none);
        });
        return { ...node, expressions: derived.map((one) => one.expression) };
      }
      case 'functionScan':
      case 'projectSet': {
        const changed = mapNodeExpressions(node, (expression) => this.#derive(expression).expression);
        if (node.kind === 'projectSet') for (const { id, ids } of node.calls) for (const one of ids ?? [id]) this.#inner.add(one);
        return changed;
      }
      case 'aggregate': {
        for (const { id, expression } of node.groups) {
          this.#columns.set(id, this.#needed(expression));
          this.#inner.add(id);
        }
        const aggregates = node.aggregates.map((one) => {
          const { call } = one;
          for (const key of call.orderBy) this.#needed(key.expression);
          if (call.distinct) for (const argument of call.args) this.#needed(argument);
          const args = this.#arguments(call.withinGroup ? [] : call.args, purposeOf(call.function));
          this.#put(one.id, call.type, args.state);
          this.#inner.add(one.id);
          const all = call.withinGroup ? call.args.map((argument) => this.expression(argument)) : args.expressions;
          return {
            ...one,
            call: {
              ...call,
              args: all,
              orderBy: this.#keys(call.orderBy),
              ...(call.filter === undefined ? {} : { filter: this.expression(call.filter) }),
            },
          };
        });
        return { ...node, groups: node.groups.map((group) => ({ ...group, expression: this.expression(group.expression) })), aggregates };
      }
      case 'window': {
        const calls = node.calls.map((one) => {
          const { call } = one;
          for (const expression of call.partitionBy) this.#needed(expression);
          for (const key of call.orderBy) this.#needed(key.expression);
          const args = this.#arguments(call.args, purposeOf(call.function));
          this.#put(one.id, call.type, args.state);
          this.#inner.add(one.id);
          return {
            ...one,
            call: {
              ...call,
              args: args.expressions,
              partitionBy: call.partitionBy.map((expression) => this.expression(expression)),
              orderBy: this.#keys(call.orderBy),
              ...(call.filter === undefined ? {} : { filter: this.expression(call.filter) }),
            },
          };
        });
        return { ...node, calls };
      }
      case 'sort':
        for (const key of node.keys) this.#needed(key.expression);
        return { ...node, keys: this.#keys(node.keys) };
      case 'distinct':
        if (node.on === undefined) for (const column of node.columns) this.#neededColumn(column.id, column.type, column.name);
        else for (const expression of node.on) this.#needed(expression);
        return node.on === undefined ? node : { ...node, on: node.on.map((expression) => this.expression(expression)) };
      case 'setOperation':
        node.columns.forEach((column, i) => {
          const sides = [node.left, node.right].map((side) => side.columns[i]);
          const state = this.#merge(sides.map((side) => (side === undefined ? none : this.#column(side.id, side.type))));
          if (state.kind === 'conflict' && !(node.all && node.type === 'union')) throw this.#mismatch('implicit', state.first, state.second, state.position);
          this.#put(column.id, column.type, state.kind === 'conflict' ? none : state);
        });
        return node;
      default:
        return mapNodeExpressions(node, (expression) => this.#derive(expression).expression);
    }
  }

  #keys(keys: readonly SortKey[]): readonly SortKey[] {
    return keys.map((key) => ({ ...key, expression: this.expression(key.expression) }));
  }

  /** Of what rows are sorted or grouped by: 42P21 where it has no one collation. */
  #needed(expression: Expression): CollationState {
    if (expression.kind === 'column') return this.#neededColumn(expression.id, expression.type, expression.name, expression);
    const { state } = this.#derive(expression);
    if (state.kind === 'conflict') throw this.#mismatch('implicit', state.first, state.second, state.position);
    return state;
  }

  #neededColumn(id: ColumnId, type: TypeRef, _name: string, expression?: Expression): CollationState {
    const state = this.#column(id, type);
    const at = expression === undefined ? undefined : this.binder.positionOf(expression);
    if (state.kind === 'conflict') throw this.#mismatch('implicit', state.first, state.second, state.position ?? at);
    if (state.kind === 'none' && isCollatable(type)) throw undeterminedCollation('string comparison');
    return state;
  }

  // --------------------------------------------------------------------------------------------------------------------- states

  #implicit(oid: number): CollationState {
    return oid === 0 ? none : { kind: 'implicit', oid, position: undefined };
  }

  #put(id: ColumnId, type: TypeRef, state: CollationState): void {
    this.#columns.set(id, isCollatable(type) ? state : none);
  }

  /** A column as its own level has it. */
  #column(id: ColumnId, type: TypeRef): CollationState {
    return this.#columns.get(id) ?? this.#implicit(this.#ofType(type));
  }

  /** A column as one that reads it has it. */
  #read(id: ColumnId, type: TypeRef, position?: number): CollationState {
    const state = this.#column(id, type);
    if (this.#inner.has(id)) return state;
    if (state.kind === 'conflict') return none;
    return state.kind === 'none' ? none : { kind: 'implicit', oid: state.oid, position };
  }

  #ofType({ oid, domain }: TypeRef): number {
    const definition = domain === undefined ? undefined : this.binder.context.catalog.types.definition(domain);
    if (definition?.kind === 'domain' && definition.collation !== undefined) return collationOid(definition.collation, oid);
    return typeByOid(oid)?.collationOid ?? 0;
  }

  #mismatch(kind: 'explicit' | 'implicit', first: number, second: number, position: number | undefined): PgError {
    const { catalog } = this.binder.context;
    return this.binder.error(
      '42P21',
      `collation mismatch between ${kind} collations "${collationName(catalog, first)}" and "${collationName(catalog, second)}"`,
      position,
      kind === 'explicit' ? {} : { hint: 'You can choose the collation by applying the COLLATE clause to one or both expressions.' },
    );
  }

  /** merge_collation_state() */
  #merge(states: readonly CollationState[]): CollationState {
    let merged: CollationState = none;
    for (const state of states) {
      const [a, b] = [strengths[merged.kind], strengths[state.kind]];
      if (b > a) merged = state;
      else if (
        a === b &&
        merged.kind !== 'none' &&
        merged.kind !== 'conflict' &&
        state.kind !== 'none' &&
        state.kind !== 'conflict' &&
        merged.oid !== state.oid
      ) {
        if (merged.kind === 'explicit') throw this.#mismatch('explicit', merged.oid, state.oid, state.position);
        if (merged.oid === defaultCollation) merged = state;
        else if (state.oid !== defaultCollation) merged = { kind: 'conflict', first: merged.oid, second: state.oid, position: state.position };
      }
    }
    return merged;
  }

  #requireSame(name: string, at: number, own: CollationState, overall: CollationState): void {
    if (overall.kind === 'conflict') throw this.#mismatch('implicit', overall.first, overall.second, overall.position);
    if (own.kind === 'none' || own.kind === 'conflict' || overall.kind === 'none' || own.oid === overall.oid) return;
    const { catalog } = this.binder.context;
    throw this.binder.error(
      '42P21',
      `recursive query "${name}" column ${String(at + 1)} has collation "${collationName(catalog, own.oid)}" in non-recursive term but collation "${collationName(catalog, overall.oid)}" overall`,
      own.position,
      { hint: 'Use the COLLATE clause to set the collation of the non-recursive term.' },
    );
  }

  // ---------------------------------------------------------------------------------------------------------------- expressions

  /** Arguments of a call, of which the first fails where the call needs a collation and there is none. */
  #arguments(args: readonly Expression[], purpose: string | undefined): { readonly expressions: readonly Expression[]; readonly state: CollationState } {
    const derived = args.map((argument) => this.#derive(argument));
    const state = this.#merge(derived.map((one) => one.state));
    return { expressions: this.#guarded(derived, state, purpose), state };
  }

  #guarded(derived: readonly Derived[], state: CollationState, purpose: string | undefined): readonly Expression[] {
    const expressions = derived.map((one) => one.expression);
    if (purpose === undefined || state.kind === 'implicit' || state.kind === 'explicit') return expressions;
    const collatable = expressions.filter((one) => isCollatable(one.type));
    const [first, second = first] = collatable;
    if (first === undefined || second === undefined) return expressions;
    const call: Expression = {
      kind: 'call',
      function: scalarNamed('shoal_no_collation', [Oid.text, Oid.any, Oid.any]),
      args: [constant(purpose, typeRef(Oid.text)), first, this.binder.copy(second)],
      type: first.type,
    };
    return expressions.map((one) => (one === first ? call : one));
  }

  /** The collation of a node by those of its parts. */
  #result(expression: Expression, state: CollationState): CollationState {
    if (!isCollatable(expression.type)) return none;
    return state.kind === 'none' ? { kind: 'implicit', oid: this.#ofType(expression.type), position: this.binder.positionOf(expression) } : state;
  }

  #derive(node: Expression): Derived {
    const states: CollationState[] = [];
    const visit = (child: Expression): Expression => {
      const derived = this.#derive(child);
      states.push(derived.state);
      return derived.expression;
    };
    const general = (): Derived => {
      const expression = this.#kept(node, mapChildren(node, visit));
      return { expression, state: this.#result(node, this.#merge(states)) };
    };
    switch (node.kind) {
      case 'column':
        return { expression: node, state: isCollatable(node.type) ? this.#read(node.id, node.type, this.binder.positionOf(node)) : none };
      case 'const':
      case 'param':
        return { expression: node, state: this.#result(node, none) };
      case 'call': {
        if (node.function.name === 'pg_collation_for') return this.#collationFor(node);
        const { expressions, state } = this.#arguments(
          node.args,
          node.operator === undefined ? purposeOf(node.function, node.args) : purposeOfOperator(node.operator.name, node.args),
        );
        const changed = expressions.every((one, i) => one === node.args[i]) ? node : this.#kept(node, { ...node, args: expressions });
        return { expression: changed, state: this.#result(node, state) };
      }
      case 'cast': {
        if (node.collation !== undefined) {
          const { expression, state } = this.#derive(node.argument);
          if (node.collation === 0) return { expression, state: state.kind === 'conflict' ? state : this.#implicit(defaultCollation) };
          return { expression, state: { kind: 'explicit', oid: node.collation, position: this.binder.positionOf(node) } };
        }
        const own = node.method === 'domain' ? this.#ofType(node.type) : defaultCollation;
        const derived = general();
        return own === defaultCollation || own === 0 ? derived : { ...derived, state: { kind: 'implicit', oid: own, position: this.binder.positionOf(node) } };
      }
      case 'case': {
        const branches = node.branches.map(({ when, then }) => ({ when: this.#derive(when).expression, then: this.#derive(then) }));
        const otherwise = this.#derive(node.otherwise);
        const state = this.#merge([...branches.map(({ then }) => then.state), otherwise.state]);
        const expression = this.#kept(node, {
          ...node,
          branches: branches.map(({ when, then }) => ({ when, then: then.expression })),
          otherwise: otherwise.expression,
        });
        return { expression, state: this.#result(node, state) };
      }
      case 'greatest':
      case 'least':
      case 'nullif': {
        const { expressions, state } = this.#arguments(node.args, node.args.length > 1 ? 'string comparison' : undefined);
        return { expression: this.#kept(node, { ...node, args: expressions }), state: this.#result(node, state) };
      }
      case 'isDistinct': {
        const [left, right] = this.#arguments([node.left, node.right], 'string comparison').expressions;
        return { expression: this.#kept(node, { ...node, left: left ?? node.left, right: right ?? node.right }), state: none };
      }
      case 'inList':
        return this.#inList(node);
      case 'arrayComparison': {
        const [left, array] = this.#arguments([node.left, node.array], purposeOfOperator(node.operator.name, [node.left])).expressions;
        return { expression: this.#kept(node, { ...node, left: left ?? node.left, array: array ?? node.array }), state: none };
      }
      case 'subquery': {
        const plan = this.plan(node.plan);
        const tests = node.tests.map((test) => ({ ...test, left: this.#tested(test.left, test.operator, test.column) }));
        const [column] = plan.columns;
        const state =
          (node.mode === 'scalar' || node.mode === 'array') && column !== undefined ? this.#read(column.id, column.type, this.binder.positionOf(node)) : none;
        return { expression: this.#kept(node, { ...node, plan, tests }), state: isCollatable(node.type) ? state : none };
      }
      case 'subscript': {
        let array: CollationState = none;
        const expression = mapChildren(node, (child) => {
          const derived = this.#derive(child);
          if (child === node.array) array = derived.state;
          return derived.expression;
        });
        return { expression: this.#kept(node, expression), state: this.#result(node, array) };
      }
      case 'row':
        return {
          expression: this.#kept(
            node,
            mapChildren(node, (child) => this.#derive(child).expression),
          ),
          state: none,
        };
      default:
        return general();
    }
  }

  /** The changed node where the old one stood. */
  #kept(node: Expression, changed: Expression): Expression {
    return changed === node ? node : this.binder.at(changed, this.binder.positionOf(node));
  }

  /** The left side is compared with each element. */
  #inList(node: Extract<Expression, { readonly kind: 'inList' }>): Derived {
    const left = this.#derive(node.left);
    const list = node.list.map((element) => this.#derive(element));
    const purpose = purposeOfOperator(node.operator.name, [node.left]);
    const guarded = list
      .map((element) => this.#guarded([left, element], this.#merge([left.state, element.state]), purpose)[0] as Expression)
      .find((expression) => expression !== left.expression);
    return { expression: this.#kept(node, { ...node, left: guarded ?? left.expression, list: list.map((one) => one.expression) }), state: none };
  }

  #tested(left: Expression, operator: OperatorEntry, column: Extract<Expression, { readonly kind: 'column' }>): Expression {
    const derived = this.#derive(left);
    const state = this.#merge([derived.state, this.#read(column.id, column.type)]);
    // (PostgreSQL looks for equal rows in a hash table.)
    const purpose = operator.name === '=' ? 'string hashing' : purposeOfOperator(operator.name, [left]);
    return this.#guarded([derived], state, purpose)[0] ?? derived.expression;
  }

  #collationFor(node: Extract<Expression, { readonly kind: 'call' }>): Derived {
    const [argument] = node.args;
    const { state } = argument === undefined ? { state: none } : this.#derive(argument);
    const { catalog } = this.binder.context;
    if (argument === undefined || !(isCollatable(argument.type) || argument.type.oid === Oid.unknown))
      return { expression: node, state: this.#implicit(defaultCollation) };
    const text = state.kind === 'implicit' || state.kind === 'explicit' ? shownCollation(catalog, this.binder.searchPath, state.oid) : null;
    return { expression: this.#kept(node, constant(text, typeRef(Oid.text))), state: this.#implicit(defaultCollation) };
  }
}

function purposeOf({ name }: { readonly name: string } | AggregateFunction | WindowFunction, args: readonly Expression[] = []): string | undefined {
  // (substring with a pattern; the other forms count characters.)
  if (name === 'substring' && args.length === 2 && args[1]?.type.oid === Oid.text) return 'regular expression';
  return purposes.get(name);
}
