/**
 * WITH that changes data: the statement becomes steps, which the lane takes one after another within one statement. All of them see the tables as they were before
 * it (PostgreSQL: one snapshot); what a step hands to later ones are the rows of its RETURNING. So every WITH query of the statement is landed once, and what a step
 * reads of a table that an earlier step has changed is landed before the first change. Called by the session's compile.ts.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Expression } from '../../plan/expression.js';
import type { CteDefinition, Landed, LogicalNode, Mutation, OutputColumn } from '../../plan/logical.js';
import type { CatalogLanding, PhysicalPlan } from '../../plan/physical.js';
import { freeColumns, inputsOf, mapChildren, mapInputs, mapNodeExpressions, visitPlan } from '../../plan/walk.js';
import type { StepLanding, WrittenMutation, WrittenStep, WrittenSql } from '../../plan/written-sql.js';
import type { BoundMutation, BoundQuery, BoundStep } from '../bind/bound.js';
import { optimise, optimiseMutation } from '../logical/optimise.js';
import { columnDeclaration } from '../sqlite/column-declaration.js';
import { writeMutation } from '../sqlite/write-mutation.js';
import { distribute } from './distribute.js';
import type { TableRows } from './estimate.js';

export interface StepOptions {
  readonly catalog: CatalogSnapshot;
  readonly rows: TableRows;
  readonly exactNumeric: boolean;
}

export interface PlannedSteps {
  readonly steps: readonly WrittenStep[];
  /** How many of the steps come before the main part. */
  readonly mainAfter: number;
  readonly main: { readonly kind: 'query'; readonly sql: WrittenSql } | { readonly kind: 'mutation'; readonly mutation: WrittenMutation };
  readonly catalogLandings: readonly CatalogLanding[];
}

export function planSteps(bound: BoundQuery | BoundMutation, with_: readonly BoundStep[], options: StepOptions): PlannedSteps {
  return new StepPlanner(with_, options).run(bound);
}

function idOf(step: BoundStep): number {
  return step.kind === 'read' ? step.definition.id : step.id;
}

type PlanChange = (plan: LogicalNode) => LogicalNode;

/** Applies a change to the plans that an expression holds. */
function inExpression(change: PlanChange): (e: Expression) => Expression {
  const expression = (e: Expression): Expression => mapChildren(e, expression, change);
  return expression;
}

/** A mutation with its plans changed, those inside of its expressions, too. */
function mapPlans(mutation: Mutation, change: PlanChange): Mutation {
  const expression = inExpression(change);
  const { returning, onConflict, inheritors } = mutation;
  return {
    ...mutation,
    source: change(mutation.source),
    ...(inheritors === undefined ? {} : { inheritors: inheritors.map((one) => mapPlans(one, change)) }),
    ...(returning === undefined ? {} : { returning: { ...returning, expressions: returning.expressions.map(expression) } }),
    ...(onConflict === undefined
      ? {}
      : {
          onConflict: {
            ...onConflict,
            assignments: onConflict.assignments.map((one) => ({ ...one, expression: expression(one.expression) })),
            ...(onConflict.where === undefined ? {} : { where: expression(onConflict.where) }),
            ...(onConflict.stays === undefined ? {} : { stays: expression(onConflict.stays) }),
          },
        }),
  };
}

class StepPlanner {
  /** What is read before the first change. */
  readonly #early: WrittenStep[] = [];
  readonly #steps: WrittenStep[] = [];
  readonly #catalogLandings = new Map<string, CatalogLanding>();
  readonly #landed = new Map<number, Omit<Landed, 'columns'>>();
  /** OIDs of tables that the steps so far have changed. */
  readonly #changed = new Set<number>();
  #nextEarly = 1;

  constructor(
    private readonly with_: readonly BoundStep[],
    private readonly options: StepOptions,
  ) {}

  run(bound: BoundQuery | BoundMutation): PlannedSteps {
    const readBy = new Map(this.with_.map((step) => [idOf(step), this.#tablesReadBy(step)]));
    const readByMain = this.#tablesReadBy(bound);
    const ordered: BoundStep[] = [];
    const add = (id: number): void => {
      const step = this.with_.find((one) => idOf(one) === id);
      if (step === undefined || ordered.includes(step)) return;
      for (const other of readBy.get(id) ?? []) if (other !== id) add(other);
      ordered.push(step);
    };
    // As PostgreSQL does: changes that nothing reads come after the main part, the last one first.
    for (const step of this.with_) if (readByMain.has(idOf(step)) || (bound.kind === 'query' && step.kind === 'write')) add(idOf(step));
    const before = ordered.length;
    for (const step of this.with_.toReversed()) if (step.kind === 'write') add(idOf(step));
    const used = new Set([...readByMain, ...ordered.flatMap((step) => [...(readBy.get(idOf(step)) ?? [])])]);
    const plan = (step: BoundStep): void => (step.kind === 'read' ? this.#read(step.definition) : this.#write(step, used.has(step.id)));
    ordered.slice(0, before).forEach(plan);
    let main: PlannedSteps['main'];
    if (bound.kind === 'query') main = { kind: 'query', sql: this.#query(this.#prepared(bound.plan)).root.sql };
    else {
      main = { kind: 'mutation', mutation: this.#mutation(bound.mutation) };
      this.#noteWritten(bound.mutation);
    }
    ordered.slice(before).forEach(plan);
    return { steps: [...this.#early, ...this.#steps], mainAfter: this.#early.length + before, main, catalogLandings: [...this.#catalogLandings.values()] };
  }

  /** WITH queries of the statement that a part of it reads itself. */
  #tablesReadBy(part: BoundStep | BoundQuery | BoundMutation): ReadonlySet<number> {
    const own = new Set(this.with_.map(idOf));
    const read = new Set<number>();
    const visit: PlanChange = (plan) => {
      visitPlan(plan, (node) => {
        if (node.kind === 'cteScan' && own.has(node.cte)) read.add(node.cte);
      });
      return plan;
    };
    if (part.kind === 'read') {
      visit(part.definition.plan);
      if (part.definition.recursive !== undefined) visit(part.definition.recursive.term);
    } else if (part.kind === 'write') mapPlans(part.mutation, visit);
    else if (part.kind === 'query') visit(this.#withoutSteps(part.plan));
    else mapPlans(part.mutation, (plan) => visit(this.#withoutSteps(plan)));
    return read;
  }

  #read(definition: CteDefinition): void {
    const { columns } = definition.plan;
    const whole: LogicalNode =
      definition.recursive === undefined
        ? definition.plan
        : { kind: 'with', ctes: [definition], body: { kind: 'cteScan', cte: definition.id, name: definition.name, columns }, columns };
    const step = this.#land(`with_${String(definition.id)}`, this.#prepared(whole));
    this.#steps.push(step.step);
    this.#landed.set(definition.id, step.landed);
  }

  #write(step: Extract<BoundStep, { kind: 'write' }>, isRead: boolean): void {
    const mutation = this.#mutation(step.mutation);
    const { returning } = mutation;
    let landing: StepLanding | undefined;
    if (isRead && returning !== undefined) {
      landing = landingOf(
        `with_${String(step.id)}`,
        returning.columns.map(({ column }) => column),
        returning.columns.map(({ scale }) => scale),
      );
      this.#landed.set(step.id, { kind: 'landed', table: landing.table, source: landing.columns, scales: returning.columns.map(({ scale }) => scale) });
    }
    this.#steps.push({ kind: 'write', mutation, landing });
    this.#noteWritten(step.mutation);
  }

  #noteWritten(mutation: Mutation): void {
    this.#noteChanged(mutation.table.oid);
    for (const one of mutation.inheritors ?? []) this.#noteWritten(one);
  }

  /** The table, and those to which referential actions may lead. */
  #noteChanged(oid: number): void {
    if (this.#changed.has(oid)) return;
    this.#changed.add(oid);
    for (const relation of this.options.catalog.data.relations)
      if (relation.kind === 'table' && relation.foreignKeys.some((key) => key.targetOid === oid)) this.#noteChanged(relation.oid);
  }

  #mutation(mutation: Mutation): WrittenMutation {
    const { catalog, rows, exactNumeric } = this.options;
    const replaced = mapPlans(mutation, (plan) => this.#withoutSteps(plan));
    const stable = mapPlans(optimiseMutation(replaced, rows), (plan) => this.#asBefore(plan));
    const written = writeMutation(stable, { catalog, exactNumeric });
    this.#noteLandings(written.catalogLandings);
    return written.mutation;
  }

  #prepared(plan: LogicalNode): LogicalNode {
    return this.#asBefore(optimise(this.#withoutSteps(plan), this.options.rows));
  }

  #query(plan: LogicalNode): PhysicalPlan {
    const { catalog, rows, exactNumeric } = this.options;
    const physical = distribute(plan, { catalog, rows, partitions: 1, unionScans: true, mode: 'writer', exactNumeric });
    this.#noteLandings(physical.catalogLandings);
    return physical;
  }

  #land(table: string, plan: LogicalNode): { readonly step: WrittenStep; readonly landed: Omit<Landed, 'columns'> } {
    const { sql } = this.#query(plan).root;
    const scales = plan.columns.map((_, i) => sql.columns[i]?.scale);
    const landing = landingOf(table, plan.columns, scales);
    return { step: { kind: 'read', sql, landing }, landed: { kind: 'landed', table, source: landing.columns, scales } };
  }

  #noteLandings(landings: readonly CatalogLanding[]): void {
    for (const landing of landings) {
      const known = this.#catalogLandings.get(landing.relation);
      if (known === undefined) {
        this.#catalogLandings.set(landing.relation, landing);
        continue;
      }
      const fresh = landing.columns.flatMap((column, i) => (known.columns.includes(column) ? [] : [i]));
      this.#catalogLandings.set(landing.relation, {
        ...known,
        columns: [...known.columns, ...fresh.map((i) => landing.columns[i] as string)],
        types: [...known.types, ...fresh.map((i) => landing.types[i] as string)],
      });
    }
  }

  /** WITH queries of the statement become reads of their landing tables. */
  #withoutSteps(node: LogicalNode): LogicalNode {
    const change: PlanChange = (plan) => this.#withoutSteps(plan);
    const inner = mapNodeExpressions(mapInputs(node, change), inExpression(change));
    if (inner.kind === 'cteScan') {
      const landed = this.#landed.get(inner.cte);
      return landed === undefined ? inner : { ...landed, columns: inner.columns };
    }
    if (inner.kind !== 'with') return inner;
    const ctes = inner.ctes.filter((cte) => !this.with_.some((step) => step.kind === 'read' && step.definition.id === cte.id));
    // (A recursive query's own step keeps its definition.)
    if (ctes.length === inner.ctes.length || (inner.ctes.length === 1 && inner.body.kind === 'cteScan' && inner.body.cte === inner.ctes[0]?.id)) return inner;
    return ctes.length === 0 ? inner.body : { ...inner, ctes };
  }

  /** The largest parts that can be computed beforehand and read a changed table are: they show it as it was. */
  #asBefore(node: LogicalNode): LogicalNode {
    if (this.#changed.size === 0 || !this.#readsChanged(node)) return node;
    if (isIndependent(node)) {
      const { step, landed } = this.#land(`before_${String(this.#nextEarly++)}`, node);
      this.#early.push(step);
      return { ...landed, columns: node.columns };
    }
    const change: PlanChange = (plan) => this.#asBefore(plan);
    return mapNodeExpressions(mapInputs(node, change), inExpression(change));
  }

  #readsChanged(node: LogicalNode): boolean {
    let found = false;
    visitPlan(node, (part) => {
      if (part.kind === 'scan' && this.#changed.has(part.table.oid)) found = true;
    });
    return found;
  }
}

/** Needs no row of an enclosing query, of a WITH query outside of it or of another step. */
function isIndependent(node: LogicalNode): boolean {
  if (freeColumns(node).size > 0) return false;
  const defined = new Set<number>();
  const read = new Set<number>();
  let landed = false;
  visitPlan(node, (part) => {
    if (part.kind === 'with') for (const cte of part.ctes) defined.add(cte.id);
    else if (part.kind === 'cteScan') read.add(part.cte);
    else if (part.kind === 'landed') landed = true;
  });
  return !landed && [...read].every((id) => defined.has(id)) && inputsOf(node).every((input) => input.kind !== 'landed');
}

function landingOf(table: string, columns: readonly OutputColumn[], scales: readonly (number | undefined)[]): StepLanding {
  return {
    table,
    columns: columns.map((_, i) => `c${String(i)}`),
    types: columns.map((column, i) => (scales[i] === undefined ? columnDeclaration(column.type.oid, -1) : 'INTEGER')),
  };
}
