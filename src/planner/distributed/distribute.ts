/**
 * From an optimised logical plan to fragments and exchanges. Bottom-up: each node gets a distribution property; where a parent needs another one than its child
 * has, an exchange is put between them. Every legal query gets a plan: the last resort is to gather pruned columns and finish on one connection.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { assertNever } from '../../common/errors.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type {
  Aggregate,
  CteDefinition,
  CteScan,
  Filter,
  Join,
  Landed,
  Limit,
  LogicalNode,
  OutputColumn,
  Project,
  Scan,
  SetOperation,
  Sort,
  Window,
  With,
} from '../../plan/logical.js';
import type { CatalogLanding, Exchange, Fragment, PhysicalPlan, Place } from '../../plan/physical.js';
import { isVolatilePlan } from '../logical/analysis.js';
import { conjuncts } from '../../plan/build.js';
import { freeColumns, inputsOf, mapChildren, mapInputs, mapNodeExpressions, visitPlan } from '../../plan/walk.js';
import type { WrittenSql } from '../../plan/written-sql.js';
import { columnDeclaration } from '../sqlite/column-declaration.js';
import { writeQuery } from '../sqlite/write.js';
import { selectivity, type TableRows } from './estimate.js';
import { bothPrunings, colocated, type Distributed, type Distribution, equiPairs, hashFamily, renameKeys } from './property.js';
import { isBounded } from './bounded.js';
import { pruningOf } from './pruning.js';
import { paysToDivide, type RangedScan, rangedScan } from './ranged-scan.js';
import { routerTarget, scanKeys, visitSubqueries } from './router.js';
import { canSplit, splitAggregate } from './split-aggregate.js';

export interface DistributeOptions {
  readonly catalog: CatalogSnapshot;
  readonly rows: TableRows;
  /** Partitions of a repartitioning exchange: the number of places that work at once. */
  readonly partitions: number;
  /** Every shard file can be attached to one connection (one node): small correlated reads use unions over shards instead of exchanges. */
  readonly unionScans: boolean;
  /** 'writer': everything in one statement on the writer connection (reads of a transaction that has written). */
  readonly mode: 'read' | 'writer';
  /** No scaled integers: after SH002. */
  readonly exactNumeric?: boolean;
  /** Partial aggregates may be merged where they were made (Exchange.combine): for plans that several nodes may run. */
  readonly combines?: boolean;
}

/** Makes the physical plan of a query. */
export function distribute(plan: LogicalNode, options: DistributeOptions): PhysicalPlan {
  const ranged = options.mode === 'read' ? rangedScan(plan, options.rows, options.partitions) : undefined;
  if (ranged !== undefined) {
    const divided = new Distributor(options, ranged).run(plan);
    if (paysToDivide(divided, ranged, options.rows)) return divided;
  }
  return new Distributor(options).run(plan);
}

const EVERYWHERE: Distribution = { kind: 'everywhere' };
const SINGLE: Distribution = { kind: 'single' };

type Target = 'single' | 'everywhere';

class Distributor {
  readonly #options: DistributeOptions;
  readonly #exchanges: Exchange[] = [];
  readonly #catalogLandings: CatalogLanding[] = [];
  readonly #partitions = new Map<number, number>();
  /** Scans that are spelled as a union over all shards. */
  readonly #unions = new Set<Scan>();
  /** CTEs that every fragment that names them carries along. */
  readonly #inlineCtes = new Map<number, CteDefinition>();
  /** CTEs that were computed into a landing table. */
  readonly #landedCtes = new Map<number, Landed>();
  /** Landing tables that exist on every place, and those on the coordinator only. */
  readonly #broadcast = new Set<string>();
  readonly #openRecursive = new Set<number>();
  #nextId = 0;
  #nextFragment = 1;
  #nextPseudoGroup = -1;

  /** The pseudo-group whose "shards" are the ranges of the one scan that is divided. */
  readonly #rangeGroup: number | undefined;

  constructor(
    options: DistributeOptions,
    private readonly ranged?: RangedScan,
  ) {
    this.#options = options;
    if (ranged !== undefined) this.#rangeGroup = this.#newPartitions(ranged.ranges);
  }

  run(plan: LogicalNode): PhysicalPlan {
    visitPlan(plan, (node) => {
      for (const column of node.columns) this.#nextId = Math.max(this.#nextId, column.id + 1);
      if (node.kind === 'aggregate') for (const group of node.groups) this.#nextId = Math.max(this.#nextId, group.id + 1);
    });
    if (this.#options.mode === 'writer') return this.#writerPlan(plan);
    const router = this.#router(plan);
    const merged = this.#mergedRoot(plan);
    if (merged === undefined) {
      const root = this.#distribute(plan);
      return this.#physical(router, { root: this.#fragment(root.node, root.distribution, root.rows), merge: undefined });
    }
    return this.#physical(router, merged);
  }

  #physical(router: Fragment | undefined, root: Pick<PhysicalPlan, 'root' | 'merge'>): PhysicalPlan {
    const indexes = correlatedColumns([...this.#exchanges.map((exchange) => exchange.producer), root.root]);
    const exchanges = this.#exchanges.map((exchange) => ({
      ...exchange,
      landing: { ...exchange.landing, indexes: [...(indexes.get(exchange.landing.table) ?? [])].map((column) => [column]) },
    }));
    return { exchanges, catalogLandings: this.#catalogLandings, partitions: this.#partitions, router, catalogVersion: this.#options.catalog.version, ...root };
  }

  /** Everything as one statement; distributed tables as unions, catalog relations as landings. */
  #writerPlan(plan: LogicalNode): PhysicalPlan {
    const landed = this.#landCatalog(plan);
    visitPlan(landed, (node) => {
      if (node.kind === 'scan' && node.table.distribution.kind === 'distributed') this.#unions.add(node);
    });
    const root = this.#fragment(landed, SINGLE, 1);
    return {
      exchanges: [],
      catalogLandings: this.#catalogLandings,
      root,
      merge: undefined,
      partitions: this.#partitions,
      router: undefined,
      catalogVersion: this.#options.catalog.version,
    };
  }

  #landCatalog(node: LogicalNode): LogicalNode {
    const expression = (e: Expression): Expression => mapChildren(e, expression, (plan) => this.#landCatalog(plan));
    const inner = mapNodeExpressions(
      mapInputs(node, (input) => this.#landCatalog(input)),
      expression,
    );
    return inner.kind === 'catalogScan' ? this.#catalogLanding(inner) : inner;
  }

  #catalogLanding(node: Extract<LogicalNode, { kind: 'catalogScan' }>): Landed {
    let landing = this.#catalogLandings.find((other) => other.relation === node.relation);
    if (landing === undefined) {
      landing = { relation: node.relation, table: `catalog_${node.relation.replace('.', '_')}`, columns: [], types: [] };
      this.#catalogLandings.push(landing);
    }
    const columns = [...landing.columns];
    const types = [...landing.types];
    node.source.forEach((name, i) => {
      if (columns.includes(name)) return;
      columns.push(name);
      types.push(declaredType(node.columns[i] as OutputColumn, undefined));
    });
    this.#catalogLandings[this.#catalogLandings.indexOf(landing)] = { ...landing, columns, types };
    return { kind: 'landed', table: landing.table, source: node.source, scales: node.columns.map(() => undefined), columns: node.columns };
  }

  #freshId = (): ColumnId => this.#nextId++ as ColumnId;

  // ---- roots ----

  /** Sort at the top over shards: sorted fragments and a merge of their streams. */
  #mergedRoot(plan: LogicalNode): Pick<PhysicalPlan, 'root' | 'merge'> | undefined {
    const project = plan.kind === 'project' && plan.input.kind === 'sort' ? plan : undefined;
    const sort = plan.kind === 'sort' ? plan : project?.input.kind === 'sort' ? project.input : undefined;
    if (sort === undefined || containsSubquery(sort) || (project !== undefined && containsSubquery(project))) return undefined;
    const input = this.#distribute(sort.input);
    if (input.distribution.kind !== 'hash')
      return { root: this.#fragment(replaceSortInput(plan, input.node), input.distribution, input.rows), merge: undefined };
    const keyColumns: OutputColumn[] = sort.keys.map((key, i) => ({ id: this.#freshId(), name: `key${String(i)}`, type: key.expression.type }));
    const sorted: Sort = { ...sort, input: input.node };
    const node: Project = {
      kind: 'project',
      input: sorted,
      expressions: [
        ...(project === undefined ? sort.columns.map((column): Expression => ({ kind: 'column', ...column })) : project.expressions),
        ...sort.keys.map((key) => key.expression),
      ],
      columns: [...plan.columns, ...keyColumns],
    };
    return {
      root: this.#fragment(node, input.distribution, input.rows, { trailingKeys: keyColumns.length }),
      merge: { keys: sort.keys.map(({ descending, nullsFirst }) => ({ descending, nullsFirst })) },
    };
  }

  /** The whole statement as one fragment, if it may turn out to be on one shard. */
  #router(plan: LogicalNode): Fragment | undefined {
    if (isVolatilePlan(plan)) return undefined;
    const target = routerTarget(plan);
    return target === undefined ? undefined : this.#fragment(plan, { kind: 'hash', ...target, keys: [] }, 1);
  }

  // ---- fragments and exchanges ----

  #fragment(
    node: LogicalNode,
    distribution: Distribution,
    rows: number,
    extra: {
      readonly trailingKeys?: number;
      readonly isProducer?: boolean;
      readonly id?: number;
      readonly partition?: { readonly keys: readonly Expression[]; readonly bounds: readonly number[] };
    } = {},
  ): Fragment {
    const plan = this.#withCtes(node);
    const place: Place =
      distribution.kind === 'hash' ? { kind: 'shards', group: distribution.group } : distribution.kind === 'single' ? { kind: 'single' } : { kind: 'any' };
    const schemas = new Set<string>();
    let dividesTable: string | undefined;
    visitPlan(plan, (part) => {
      if (part.kind !== 'scan') return;
      if (part === this.ranged?.scan) dividesTable = part.table.name;
      if (part.table.distribution.kind === 'reference') schemas.add('global');
      else if (this.#unions.has(part)) for (const schema of this.#options.catalog.shardSchemas(part.table)) schemas.add(schema);
    });
    const sql: WrittenSql = writeQuery(plan, {
      catalog: this.#options.catalog,
      exactNumeric: this.#options.exactNumeric === true,
      scan: (scan) => {
        if (scan === this.ranged?.scan) return { kind: 'range', count: this.ranged.ranges };
        if (scan.table.distribution.kind === 'reference') return { kind: 'global' };
        if (this.#unions.has(scan))
          return { kind: 'union', schemas: this.#options.catalog.shardSchemas(scan.table).map((schema, index) => ({ schema, index })) };
        return { kind: 'shard', group: scan.table.distribution.group };
      },
      tickMask: (scan) => tickMask(this.#options.rows.get(scan.table.oid) ?? 1000),
      // Landing tables take scaled integers alone; the client takes both forms of a numeric.
      final: extra.isProducer !== true,
      ...extra,
    });
    return {
      id: extra.id ?? this.#nextFragment++,
      place,
      pruning: distribution.kind === 'hash' ? distribution.pruning : undefined,
      sql,
      plan,
      schemas: [...schemas],
      ...(dividesTable === undefined ? {} : { dividesTable }),
      isBounded: isBounded(plan, this.#options.rows),
      rows,
    };
  }

  /** Carries along the definitions of the CTEs that the node names. */
  #withCtes(node: LogicalNode): LogicalNode {
    const needed = new Set<number>();
    const collect = (tree: LogicalNode): void => {
      const defined = new Set<number>();
      visitPlan(tree, (part) => {
        if (part.kind === 'with') for (const cte of part.ctes) defined.add(cte.id);
      });
      visitPlan(tree, (part) => {
        if (part.kind !== 'cteScan' || needed.has(part.cte) || defined.has(part.cte)) return;
        const definition = this.#inlineCtes.get(part.cte);
        if (definition === undefined) return;
        needed.add(part.cte);
        collect(definition.plan);
        if (definition.recursive !== undefined) collect(definition.recursive.term);
      });
    };
    collect(node);
    if (needed.size === 0) return node;
    const ctes = [...this.#inlineCtes.values()].filter((definition) => needed.has(definition.id));
    return { kind: 'with', ctes, body: node, columns: node.columns };
  }

  /** Puts an exchange above `input`; the leaf that reads what arrives. */
  #exchange(input: Distributed, target: Target): Landed {
    const kind = target === 'single' ? 'gather' : 'broadcast';
    const producer = this.#fragment(input.node, input.distribution, input.rows, { isProducer: true });
    return this.#land(kind, producer, input.node.columns);
  }

  /** The exchange that has just been made may make fewer rows of many, at any place. */
  #combine(gathered: Landed, node: LogicalNode): void {
    if (this.#options.combines !== true) return;
    const exchange = this.#exchanges.pop();
    if (exchange === undefined) return;
    const combine = this.#fragment(node, SINGLE, exchange.producer.rows, { isProducer: true, id: exchange.producer.id });
    const hasSameForm = combine.sql.columns.every(({ scale }, i) => scale === gathered.scales[i]);
    this.#exchanges.push(hasSameForm ? { ...exchange, combine } : exchange);
  }

  #land(kind: Exchange['kind'], producer: Fragment, columns: readonly OutputColumn[], group?: number): Landed {
    const id = this.#exchanges.length + 1;
    const table = `x${String(id)}`;
    const names = columns.map((column) => `c${String(column.id)}`);
    const offset = kind === 'repartition' ? 1 : 0;
    const scales = columns.map((_, i) => producer.sql.columns[i + offset]?.scale);
    const types = columns.map((column, i) => declaredType(column, scales[i]));
    const exchange: Exchange = { id, kind, producer, landing: { table, columns: names, types, indexes: [] }, ...(group === undefined ? {} : { group }) };
    this.#exchanges.push(exchange);
    if (kind === 'broadcast') this.#broadcast.add(table);
    return {
      kind: 'landed',
      table,
      source: names,
      scales,
      columns,
      ...(group === undefined ? {} : { group }),
    };
  }

  /** The node as something that a fragment at one connection (or at every place) can read. */
  #bring(input: Distributed, target: Target): LogicalNode {
    if (input.distribution.kind === 'everywhere') return input.node;
    if (target === 'single' && input.distribution.kind === 'single') return input.node;
    return this.#exchange(input, target);
  }

  #repartition(input: Distributed, keys: readonly Expression[], group: number): Distributed {
    const bounds = this.#bounds(group);
    const producer = this.#fragment(input.node, input.distribution, input.rows, { isProducer: true, partition: { keys, bounds } });
    const landed = this.#land('repartition', producer, input.node.columns, group);
    const ids = keys.map((key) => (key.kind === 'column' ? key.id : undefined));
    const key = ids.every((id): id is ColumnId => id !== undefined) ? [ids] : [];
    return { node: landed, distribution: { kind: 'hash', group, keys: key, pruning: undefined }, rows: input.rows };
  }

  #bounds(group: number): readonly number[] {
    if (group >= 0) return this.#options.catalog.group(group).bounds;
    const count = this.#partitions.get(group) ?? 1;
    return Array.from({ length: count }, (_, i) => Math.floor((i * 2 ** 32) / count));
  }

  #newPartitions(count = this.#options.partitions): number {
    const group = this.#nextPseudoGroup--;
    this.#partitions.set(group, count);
    return group;
  }

  // ---- what is inside expressions ----

  /** True when the tree reads something that is not at every place: shards, a gathered landing, a catalog relation, volatile values. */
  #needsPlace(node: LogicalNode): boolean {
    let found = false;
    visitPlan(node, (part) => {
      if (part.kind === 'scan' && part.table.distribution.kind === 'distributed' && !this.#unions.has(part)) found = true;
      else if (part.kind === 'landed' && !this.#broadcast.has(part.table)) found = true;
      else if (part.kind === 'catalogScan') found = true;
      else if (part.kind === 'cteScan' && this.#landedCtes.has(part.cte)) found = true;
    });
    return found;
  }

  /** Rewrites a tree that is correlated with its surroundings so that one fragment can hold it whole: what it reads comes by exchange or as a union of shards. */
  #embed(node: LogicalNode, target: Target): LogicalNode {
    if (!this.#needsPlace(node)) return node;
    if (this.#isClosed(node)) {
      if (this.#options.unionScans && isBareScan(node)) {
        visitPlan(node, (part) => {
          if (part.kind === 'scan') this.#unions.add(part);
        });
        return node;
      }
      return this.#bring(this.#distribute(node), target);
    }
    if (node.kind === 'with') {
      // Definitions may be correlated or recursive: keep them in the fragment, embedded one by one.
      for (const cte of node.ctes) if (cte.recursive !== undefined) this.#openRecursive.add(cte.id);
      const opened = mapInputs(node, (input) => this.#embed(input, target));
      for (const cte of node.ctes) this.#openRecursive.delete(cte.id);
      return opened;
    }
    return mapNodeExpressions(
      mapInputs(node, (input) => this.#embed(input, target)),
      (e) => this.#embedExpression(e, target),
    );
  }

  #embedExpression(e: Expression, target: Target): Expression {
    return mapChildren(
      e,
      (operand) => this.#embedExpression(operand, target),
      (plan) => this.#embed(plan, target),
    );
  }

  #isClosed(node: LogicalNode): boolean {
    if (freeColumns(node).size > 0) return false;
    const defined = new Set<number>();
    let open = false;
    visitPlan(node, (part) => {
      if (part.kind === 'with') for (const cte of part.ctes) defined.add(cte.id);
    });
    visitPlan(node, (part) => {
      if (part.kind === 'cteScan' && !defined.has(part.cte) && !this.#landedCtes.has(part.cte) && !this.#inlineCtes.has(part.cte)) open = true;
    });
    return !open;
  }

  /**
   * A node whose inputs are distributed, with its own expressions made local to where it runs. Subqueries that are colocated with the node's shard by their
   * correlation stay whole.
   */
  #withExpressions(node: LogicalNode, distribution: Distribution): { readonly node: LogicalNode; readonly distribution: Distribution } {
    const target: Target = distribution.kind === 'hash' ? 'everywhere' : 'single';
    let usesPlace = false;
    const expression = (e: Expression): Expression =>
      mapChildren(e, expression, (plan) => {
        if (!this.#needsPlace(plan)) return plan;
        if (distribution.kind === 'hash' && this.#colocatedSubquery(plan, distribution)) return plan;
        usesPlace = true;
        return this.#embed(plan, target);
      });
    const local = mapNodeExpressions(node, expression);
    return { node: local, distribution: distribution.kind === 'everywhere' && usesPlace ? SINGLE : distribution };
  }

  /** A correlated subquery whose every distributed scan is bound to the outer row's shard by equality of the keys. */
  #colocatedSubquery(plan: LogicalNode, outer: Extract<Distribution, { kind: 'hash' }>): boolean {
    if (outer.keys.length === 0) return false;
    let all = true;
    const visit = (node: LogicalNode): void => {
      if (node.kind === 'landed' || node.kind === 'catalogScan' || node.kind === 'cteScan')
        all = all && node.kind === 'landed' && this.#broadcast.has(node.table);
      if (node.kind === 'scan' && node.table.distribution.kind === 'distributed') all = false;
      if (node.kind === 'filter' && node.input.kind === 'scan' && node.input.table.distribution.kind === 'distributed') {
        const { distribution } = node.input.table;
        const scan = node.input;
        const terms = conjuncts(node.predicate);
        const bound =
          distribution.group === outer.group &&
          outer.keys.some((key) =>
            scanKeys(scan).some((own) => own.length === key.length && own.every((id, i) => terms.some((term) => equates(term, id, key[i] as ColumnId)))),
          );
        if (!bound) all = false;
        visitSubqueries(node, visit);
        return;
      }
      visitSubqueries(node, visit);
      for (const input of inputsOf(node)) visit(input);
    };
    visit(plan);
    return all;
  }

  // ---- nodes ----

  #distribute(node: LogicalNode): Distributed {
    switch (node.kind) {
      case 'scan':
        return this.#scan(node);
      case 'catalogScan':
        return { node: this.#catalogLanding(node), distribution: SINGLE, rows: 100 };
      case 'landed':
        return { node, distribution: this.#broadcast.has(node.table) ? EVERYWHERE : SINGLE, rows: 1000 };
      case 'values':
      case 'functionScan': {
        const local = this.#withExpressions(node, isVolatilePlan(node) ? SINGLE : EVERYWHERE);
        return { ...local, rows: node.kind === 'values' ? node.rows.length : 100 };
      }
      case 'cteScan':
        return this.#cteScan(node);
      case 'with':
        return this.#with(node);
      case 'filter':
        return this.#filter(node);
      case 'project':
        return this.#project(node);
      case 'projectSet': {
        const input = this.#distribute(node.input);
        const local = this.#withExpressions({ ...node, input: input.node }, volatileHere(node, input.distribution));
        return { ...local, rows: input.rows * 10 };
      }
      case 'join':
        return this.#join(node);
      case 'aggregate':
        return this.#aggregate(node);
      case 'window':
        return this.#window(node);
      case 'sort': {
        const input = this.#distribute(node.input);
        if (input.distribution.kind !== 'hash') return { ...this.#withExpressions({ ...node, input: input.node }, input.distribution), rows: input.rows };
        return { ...this.#withExpressions({ ...node, input: this.#bring(input, 'single') }, SINGLE), rows: input.rows };
      }
      case 'limit':
        return this.#limit(node);
      case 'distinct': {
        const input = this.#distribute(node.input);
        if (input.distribution.kind !== 'hash') return { ...this.#withExpressions({ ...node, input: input.node }, input.distribution), rows: input.rows };
        if (node.on !== undefined || containsSubquery(node))
          return { ...this.#withExpressions({ ...node, input: this.#bring(input, 'single') }, SINGLE), rows: input.rows };
        const local: LogicalNode = { ...node, input: input.node };
        const visible = new Set(node.columns.map((column) => column.id));
        if (input.distribution.keys.some((key) => key.every((id) => visible.has(id))))
          return { node: local, distribution: input.distribution, rows: input.rows };
        const gathered = this.#exchange({ node: local, distribution: input.distribution, rows: input.rows }, 'single');
        this.#combine(gathered, { ...node, input: gathered });
        return { node: { ...node, input: gathered }, distribution: SINGLE, rows: input.rows };
      }
      case 'setOperation':
        return this.#setOperation(node);
      default:
        return assertNever(node);
    }
  }

  #scan(scan: Scan): Distributed {
    const rows = this.#options.rows.get(scan.table.oid) ?? 1000;
    if (scan === this.ranged?.scan && this.#rangeGroup !== undefined)
      return { node: scan, distribution: { kind: 'hash', group: this.#rangeGroup, keys: [], pruning: undefined }, rows };
    if (scan.table.distribution.kind === 'reference') return { node: scan, distribution: EVERYWHERE, rows };
    return { node: scan, distribution: { kind: 'hash', group: scan.table.distribution.group, keys: scanKeys(scan), pruning: undefined }, rows };
  }

  #filter(node: Filter): Distributed {
    const input = this.#distribute(node.input);
    const rows = Math.max(1, input.rows * selectivity(node.predicate));
    let { distribution } = input;
    if (distribution.kind === 'hash') {
      const pruning = pruningOf(node.predicate, distribution.keys);
      if (pruning !== undefined) distribution = { ...distribution, pruning: bothPrunings(distribution.pruning, pruning) };
    }
    return { ...this.#withExpressions({ ...node, input: input.node }, distribution), rows };
  }

  #project(node: Project): Distributed {
    const input = this.#distribute(node.input);
    const local = this.#withExpressions({ ...node, input: input.node }, volatileHere(node, input.distribution));
    let { distribution } = local;
    if (distribution.kind === 'hash') {
      const rename = new Map<ColumnId, ColumnId>();
      node.expressions.forEach((e, i) => {
        const column = node.columns[i];
        if (e.kind === 'column' && column !== undefined) rename.set(e.id, column.id);
      });
      distribution = { ...distribution, keys: renameKeys(distribution.keys, rename) };
    }
    return { node: local.node, distribution, rows: input.rows };
  }

  #join(node: Join): Distributed {
    if (node.lateral && freeColumns(node.right).size > 0) return this.#lateralJoin(node);
    const left = this.#distribute(node.left);
    const right = this.#distribute(node.right);
    const pairs = equiPairs(node.on, node.left, node.right);
    const rows = joinRows(node, left.rows, right.rows, pairs.length > 0);
    const make = (l: LogicalNode, r: LogicalNode, distribution: Distribution): Distributed => ({
      ...this.#withExpressions({ ...node, left: l, right: r }, distribution),
      rows,
    });
    const L = left.distribution;
    const R = right.distribution;
    if (L.kind === 'everywhere' && R.kind === 'everywhere') return make(left.node, right.node, EVERYWHERE);
    const keepsLeft = node.type === 'inner' || node.type === 'left' || node.type === 'semi' || node.type === 'anti';
    const keepsRight = node.type === 'inner' || node.type === 'right';
    if (L.kind === 'hash' && R.kind === 'everywhere' && keepsLeft) return make(left.node, right.node, L);
    if (R.kind === 'hash' && L.kind === 'everywhere' && keepsRight) return make(left.node, right.node, R);
    if (L.kind === 'hash' && R.kind === 'hash' && colocated(L, R, pairs)) return make(left.node, right.node, joinedProperty(node, L, R));

    // An exchange is needed: the cheapest legal one by rows moved.
    const places = this.#options.partitions;
    interface Choice {
      readonly cost: number;
      readonly make: () => Distributed;
    }
    const choices: Choice[] = [
      {
        cost: (L.kind === 'hash' ? left.rows : 0) + (R.kind === 'hash' ? right.rows : 0) + 0.5 * rows,
        make: () => make(this.#bring(left, 'single'), this.#bring(right, 'single'), SINGLE),
      },
    ];
    if (L.kind === 'hash' && keepsLeft) choices.push({ cost: right.rows * places, make: () => make(left.node, this.#bring(right, 'everywhere'), L) });
    if (R.kind === 'hash' && keepsRight) choices.push({ cost: left.rows * places, make: () => make(this.#bring(left, 'everywhere'), right.node, R) });
    if (pairs.length > 0 && (L.kind === 'hash' || R.kind === 'hash') && L.kind !== 'everywhere' && R.kind !== 'everywhere') {
      const toLeft = L.kind === 'hash' ? coveredKey(L, pairs, 'left') : undefined;
      if (L.kind === 'hash' && toLeft !== undefined)
        choices.push({
          cost: right.rows,
          make: () => {
            const moved = this.#repartition(right, toLeft, L.group);
            return make(left.node, moved.node, joinedProperty(node, L, moved.distribution));
          },
        });
      const toRight = R.kind === 'hash' ? coveredKey(R, pairs, 'right') : undefined;
      if (R.kind === 'hash' && toRight !== undefined)
        choices.push({
          cost: left.rows,
          make: () => {
            const moved = this.#repartition(left, toRight, R.group);
            return make(moved.node, right.node, joinedProperty(node, moved.distribution, R));
          },
        });
      const pair = pairs[0];
      if (pair !== undefined)
        choices.push({
          cost: left.rows + right.rows,
          make: () => {
            const group = this.#newPartitions();
            const l = this.#repartition(left, [pair.left], group);
            const r = this.#repartition(right, [pair.right], group);
            return make(l.node, r.node, joinedProperty(node, l.distribution, r.distribution));
          },
        });
    }
    const best = choices.reduce((a, b) => (b.cost < a.cost ? b : a));
    return best.make();
  }

  /** The right side refers to the left's row: it is embedded where the left is. */
  #lateralJoin(node: Join): Distributed {
    const left = this.#distribute(node.left);
    const rows = left.rows * 10;
    if (left.distribution.kind === 'hash' && (node.type === 'inner' || node.type === 'left')) {
      const local = this.#withExpressions({ ...node, left: left.node, right: this.#embed(node.right, 'everywhere') }, left.distribution);
      return { ...local, rows };
    }
    const everywhere = left.distribution.kind === 'everywhere' && !this.#needsPlace(node.right);
    const local = this.#withExpressions(
      { ...node, left: this.#bring(left, 'single'), right: this.#embed(node.right, 'single') },
      everywhere ? EVERYWHERE : SINGLE,
    );
    return { ...local, rows };
  }

  #aggregate(node: Aggregate): Distributed {
    const input = this.#distribute(node.input);
    const rows = node.groups.length === 0 ? 1 : Math.max(1, input.rows / 10);
    const local = this.#withExpressions({ ...node, input: input.node }, input.distribution);
    if (local.distribution.kind !== 'hash') return { ...local, rows };
    const { distribution } = local;
    const aggregate = local.node as Aggregate;
    const rename = new Map<ColumnId, ColumnId>();
    for (const group of node.groups) if (group.expression.kind === 'column') rename.set(group.expression.id, group.id);
    const keys = renameKeys(distribution.keys, rename);
    if (node.sets === undefined && keys.length > 0) return { node: aggregate, distribution: { ...distribution, keys }, rows };
    if (canSplit(node)) {
      const { partial, combine, final } = splitAggregate(aggregate, this.#freshId);
      const gathered = this.#exchange({ node: partial, distribution, rows: rows * 4 }, 'single');
      if (combine !== undefined) this.#combine(gathered, combine(gathered));
      return { node: final(gathered), distribution: SINGLE, rows };
    }
    const groupKeys = node.sets === undefined ? node.groups.map((group) => group.expression).filter((e) => e.kind === 'column') : [];
    if (groupKeys.length > 0 && input.rows > 10_000) {
      const moved = this.#repartition(input, groupKeys, this.#newPartitions());
      const regrouped = this.#withExpressions({ ...node, input: moved.node }, moved.distribution);
      const movedKeys = moved.distribution.kind === 'hash' ? renameKeys(moved.distribution.keys, rename) : [];
      return {
        node: regrouped.node,
        distribution: regrouped.distribution.kind === 'hash' ? { ...regrouped.distribution, keys: movedKeys } : regrouped.distribution,
        rows,
      };
    }
    return { ...this.#withExpressions({ ...node, input: this.#bring(input, 'single') }, SINGLE), rows };
  }

  #window(node: Window): Distributed {
    const input = this.#distribute(node.input);
    if (input.distribution.kind !== 'hash') return { ...this.#withExpressions({ ...node, input: input.node }, input.distribution), rows: input.rows };
    const { distribution } = input;
    const partitioned = (key: readonly ColumnId[]): boolean =>
      node.calls.every(({ call }) => key.every((id) => call.partitionBy.some((e) => e.kind === 'column' && e.id === id)));
    if (distribution.keys.some((key) => key.length > 0 && partitioned(key)))
      return { ...this.#withExpressions({ ...node, input: input.node }, distribution), rows: input.rows };
    const common = node.calls[0]?.call.partitionBy.find((e) => e.kind === 'column' && partitioned([e.id]));
    if (common !== undefined && input.rows > 10_000) {
      const moved = this.#repartition(input, [common], this.#newPartitions());
      return { ...this.#withExpressions({ ...node, input: moved.node }, moved.distribution), rows: input.rows };
    }
    return { ...this.#withExpressions({ ...node, input: this.#bring(input, 'single') }, SINGLE), rows: input.rows };
  }

  #limit(node: Limit): Distributed {
    const sort = node.input.kind === 'sort' ? node.input : undefined;
    const input = this.#distribute(sort === undefined ? node.input : sort.input);
    const over = (inner: LogicalNode): LogicalNode => ({ ...node, input: sort === undefined ? inner : { ...sort, input: inner } });
    const rows = Math.min(input.rows, 1000);
    if (input.distribution.kind !== 'hash') return { ...this.#withExpressions(over(input.node), input.distribution), rows };
    const constant = (e: Expression | undefined): number | undefined => (e?.kind === 'const' && e.value !== null ? Number(e.value) : undefined);
    const count = constant(node.count);
    const offset = node.offset === undefined ? 0 : constant(node.offset);
    const pushable =
      count !== undefined &&
      offset !== undefined &&
      count >= 0 &&
      offset >= 0 &&
      Number.isSafeInteger(count + offset) &&
      (sort === undefined || !containsSubquery(sort));
    if (!pushable) return { ...this.#withExpressions(over(this.#bring(input, 'single')), SINGLE), rows };
    const first: Limit = { ...(over(input.node) as Limit), count: { kind: 'const', value: count + offset, type: { oid: 20, typmod: -1 } }, offset: undefined };
    const gathered = this.#exchange({ node: first, distribution: input.distribution, rows: (count + offset) * 4 }, 'single');
    this.#combine(gathered, { ...first, input: sort === undefined ? gathered : { ...sort, input: gathered } });
    return { node: over(gathered), distribution: SINGLE, rows };
  }

  #setOperation(node: SetOperation): Distributed {
    const left = this.#distribute(node.left);
    const right = this.#distribute(node.right);
    const rows = left.rows + right.rows;
    if (left.distribution.kind === 'everywhere' && right.distribution.kind === 'everywhere')
      return { node: { ...node, left: left.node, right: right.node }, distribution: EVERYWHERE, rows };
    if (left.distribution.kind === 'hash' && right.distribution.kind === 'hash' && left.distribution.group === right.distribution.group) {
      const positions = (input: Distributed): readonly (readonly number[])[] =>
        input.distribution.kind === 'hash'
          ? input.distribution.keys.map((key) => key.map((id) => input.node.columns.findIndex((column) => column.id === id)))
          : [];
      const shared = positions(left).find(
        (l) => l.length > 0 && l.every((p) => p >= 0) && positions(right).some((r) => r.length === l.length && r.every((p, i) => p === l[i])),
      );
      if (node.all || shared !== undefined) {
        const keys = shared === undefined ? [] : [shared.map((position) => (node.columns[position] as OutputColumn).id)];
        if (node.type === 'union' || shared !== undefined)
          return {
            node: { ...node, left: left.node, right: right.node },
            distribution: { kind: 'hash', group: left.distribution.group, keys, pruning: undefined },
            rows,
          };
      }
    }
    return { node: { ...node, left: this.#bring(left, 'single'), right: this.#bring(right, 'single') }, distribution: SINGLE, rows };
  }

  #cteScan(node: CteScan): Distributed {
    const landed = this.#landedCtes.get(node.cte);
    if (landed === undefined) return { node, distribution: EVERYWHERE, rows: 1000 };
    return { node: { ...landed, columns: node.columns }, distribution: this.#broadcast.has(landed.table) ? EVERYWHERE : SINGLE, rows: 1000 };
  }

  #with(node: With): Distributed {
    for (const cte of node.ctes) this.#define(cte);
    return this.#distribute(node.body);
  }

  #define(cte: CteDefinition): void {
    if (cte.recursive === undefined) {
      const plan = this.#distribute(cte.plan);
      if (plan.distribution.kind === 'everywhere' && !isVolatilePlan(plan.node)) this.#inlineCtes.set(cte.id, { ...cte, plan: plan.node });
      else this.#landedCtes.set(cte.id, this.#exchange(plan, 'single'));
      return;
    }
    this.#openRecursive.add(cte.id);
    const placed = this.#needsPlace(cte.plan) || this.#needsPlace(cte.recursive.term) || isVolatilePlan(cte.plan) || isVolatilePlan(cte.recursive.term);
    const definition: CteDefinition = {
      ...cte,
      plan: this.#embed(cte.plan, 'single'),
      recursive: { ...cte.recursive, term: this.#embed(cte.recursive.term, 'single') },
    };
    this.#openRecursive.delete(cte.id);
    if (!placed) {
      this.#inlineCtes.set(cte.id, definition);
      return;
    }
    const columns = cte.plan.columns.map((column) => ({ ...column, id: this.#freshId() }));
    const body: CteScan = { kind: 'cteScan', cte: cte.id, name: cte.name, columns };
    const whole: With = { kind: 'with', ctes: [definition], body, columns };
    this.#landedCtes.set(cte.id, this.#exchange({ node: whole, distribution: SINGLE, rows: 1000 }, 'single'));
  }
}

/**
 * Columns of landing tables that subqueries look up by equality, by table: SQLite would build an automatic index anew for every outer row.
 */
function correlatedColumns(fragments: readonly Fragment[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const visitSubplan = (plan: LogicalNode): void => {
    const columns = new Map<ColumnId, { readonly table: string; readonly column: string }>();
    visitPlan(plan, (node) => {
      if (node.kind === 'landed') node.columns.forEach((column, i) => columns.set(column.id, { table: node.table, column: node.source[i] as string }));
    });
    if (columns.size === 0) return;
    visitPlan(
      plan,
      () => undefined,
      (e) => {
        if (e.kind !== 'call' || e.operator?.comparison !== '=') return;
        for (const arg of e.args) {
          const landed = arg.kind === 'column' ? columns.get(arg.id) : undefined;
          if (landed === undefined) continue;
          const indexed = found.get(landed.table) ?? new Set();
          found.set(landed.table, indexed.add(landed.column));
        }
      },
    );
  };
  for (const fragment of fragments) {
    visitPlan(fragment.plan, (node) => {
      visitSubqueries(node, visitSubplan);
      if (node.kind === 'join' && (node.lateral || node.type === 'semi' || node.type === 'anti')) visitSubplan(node);
    });
  }
  return found;
}

/** The SQLite type of a landing column. */
function declaredType(column: OutputColumn, scale: number | undefined): string {
  return scale === undefined ? columnDeclaration(column.type.oid, -1) : 'INTEGER';
}

function isBareScan(node: LogicalNode): boolean {
  if (node.kind === 'scan') return true;
  return (node.kind === 'filter' || node.kind === 'project') && !containsSubquery(node) && isBareScan(node.input);
}

/** True when an expression of the node itself holds a subquery. */
function containsSubquery(node: LogicalNode): boolean {
  let found = false;
  visitSubqueries(node, () => {
    found = true;
  });
  return found;
}

/** `term` is an equality between the two columns, of one hash family. */
function equates(term: Expression, a: ColumnId, b: ColumnId): boolean {
  if (term.kind !== 'call' || term.operator?.comparison !== '=') return false;
  const [x, y] = term.args;
  if (x?.kind !== 'column' || y?.kind !== 'column' || hashFamily(x.type.oid) !== hashFamily(y.type.oid)) return false;
  return (x.id === a && y.id === b) || (x.id === b && y.id === a);
}

/** Volatile expressions over something that every place could compute are computed once. */
function volatileHere(node: Project | Extract<LogicalNode, { kind: 'projectSet' }>, distribution: Distribution): Distribution {
  if (distribution.kind !== 'everywhere') return distribution;
  return isVolatilePlan({ ...node, input: { kind: 'values', rows: [[]], columns: [] } }) ? SINGLE : distribution;
}

/** The columns of the other side that correspond, by the join's equalities, to one of the side's keys. */
function coveredKey(
  side: Extract<Distribution, { kind: 'hash' }>,
  pairs: ReturnType<typeof equiPairs>,
  which: 'left' | 'right',
): readonly Expression[] | undefined {
  for (const key of side.keys) {
    const others = key.map((id) => pairs.find((pair) => pair[which].id === id)?.[which === 'left' ? 'right' : 'left']);
    if (key.length > 0 && others.every((e) => e !== undefined)) return others;
  }
  return undefined;
}

/** The property of a join whose sides are on the same shards. */
function joinedProperty(node: Join, left: Distribution, right: Distribution): Distribution {
  if (left.kind !== 'hash' || right.kind !== 'hash') return SINGLE;
  const group = left.group;
  switch (node.type) {
    case 'inner':
      return { kind: 'hash', group, keys: [...left.keys, ...right.keys], pruning: bothPrunings(left.pruning, right.pruning) };
    case 'left':
    case 'anti':
      return { kind: 'hash', group, keys: left.keys, pruning: left.pruning };
    case 'semi':
      return { kind: 'hash', group, keys: left.keys, pruning: bothPrunings(left.pruning, right.pruning) };
    case 'right':
      return { kind: 'hash', group, keys: right.keys, pruning: right.pruning };
    case 'full':
      return { kind: 'hash', group, keys: [], pruning: undefined };
    default:
      return assertNever(node.type);
  }
}

function joinRows(node: Join, left: number, right: number, equi: boolean): number {
  switch (node.type) {
    case 'semi':
    case 'anti':
      return Math.max(1, left / 2);
    case 'inner':
    case 'left':
    case 'right':
    case 'full':
      return equi ? Math.max(left, right) : Math.max(1, left * right * selectivity(node.on));
    default:
      return assertNever(node.type);
  }
}

function replaceSortInput(plan: LogicalNode, input: LogicalNode): LogicalNode {
  if (plan.kind === 'sort') return { ...plan, input };
  return mapInputs(plan, (sort) => mapInputs(sort, () => input));
}

/** How often a scan asks for cancellation: about every mask + 1 rows, more often over small tables, whose product may still be large. */
function tickMask(rows: number): number {
  let mask = 4095;
  while (mask > 0 && mask > rows / 4) mask >>= 1;
  return mask;
}
