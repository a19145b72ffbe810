/**
 * Logical plans as indented text in the manner of PostgreSQL's EXPLAIN: used by EXPLAIN and by golden tests of rules.
 */
import { assertNever } from '../common/errors.js';
import { formatType, Oid, typeByOid } from '../types/registry.js';
import { canonicalContext } from '../types/value.js';
import type { AggregateCall, ColumnId, Const, Expression, FrameBound, SetCall, SortKey, WindowCall } from './expression.js';
import type { LogicalNode, OutputColumn } from './logical.js';

export interface PrintOptions {
  /** Columns as name#id: for tests, where two columns may have one name. */
  readonly ids?: boolean;
  /** Every operator lists its output columns. */
  readonly verbose?: boolean;
}

const plainTypes: ReadonlySet<number> = new Set<number>([Oid.int4, Oid.bool, Oid.unknown]);

function constantText(node: Const): string {
  if (node.value === null) return node.type.oid === Oid.unknown ? 'NULL' : `NULL::${formatType(node.type.oid, node.type.typmod)}`;
  if (node.type.oid === Oid.bool) return Number(node.value) === 0 ? 'false' : 'true';
  const text = typeByOid(node.type.oid)?.format(node.value, node.type.typmod, canonicalContext) ?? String(node.value);
  if (node.type.oid === Oid.int4 || (node.type.oid === Oid.numeric && node.type.typmod < 0 && text.includes('.'))) return text;
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return plainTypes.has(node.type.oid) ? quoted : `${quoted}::${formatType(node.type.oid, node.type.typmod)}`;
}

/** Subplans that the expressions of one operator hold, in order. */
type Subplans = { readonly plans: LogicalNode[]; readonly numbers: Map<LogicalNode, number> };

class Printer {
  readonly lines: string[] = [];
  #subplans = 0;

  constructor(readonly options: PrintOptions) {}

  #column(name: string, id: ColumnId): string {
    return this.options.ids === true ? `${name}#${id}` : name;
  }

  #outputs(columns: readonly OutputColumn[]): string {
    return columns.map((column) => this.#column(column.name, column.id)).join(', ');
  }

  #subplan(plan: LogicalNode, subplans: Subplans): string {
    let number = subplans.numbers.get(plan);
    if (number === undefined) {
      number = ++this.#subplans;
      subplans.numbers.set(plan, number);
      subplans.plans.push(plan);
    }
    return `SubPlan ${number}`;
  }

  #list(expressions: readonly Expression[], subplans: Subplans): string {
    return expressions.map((expression) => this.expression(expression, subplans)).join(', ');
  }

  /** Inside another operator: compound expressions in parentheses, which they bring themselves. */
  expression(node: Expression, subplans: Subplans): string {
    const print = (child: Expression): string => this.expression(child, subplans);
    switch (node.kind) {
      case 'const':
        return constantText(node);
      case 'param':
        return `$${node.index}`;
      case 'column':
        return this.#column(node.name, node.id);
      case 'call': {
        const { operator } = node;
        const [first, second] = node.args;
        if (operator !== undefined && first !== undefined)
          return second === undefined ? `(${operator.name} ${print(first)})` : `(${print(first)} ${operator.name} ${print(second)})`;
        return `${node.function.name}(${this.#list(node.args, subplans)})`;
      }
      case 'cast':
        return node.method === 'binary' && !node.explicit ? print(node.argument) : `(${print(node.argument)})::${formatType(node.type.oid, node.type.typmod)}`;
      case 'and':
      case 'or':
        return `(${node.args.map(print).join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
      case 'not':
        return `(NOT ${print(node.argument)})`;
      case 'isNull':
        return `(${print(node.argument)} IS ${node.negated ? 'NOT ' : ''}NULL)`;
      case 'isBoolean':
        return `(${print(node.argument)} IS ${node.negated ? 'NOT ' : ''}${node.test.toUpperCase()})`;
      case 'isDistinct':
        return `(${print(node.left)} IS ${node.negated ? 'NOT ' : ''}DISTINCT FROM ${print(node.right)})`;
      case 'case':
        return `CASE ${node.branches.map((branch) => `WHEN ${print(branch.when)} THEN ${print(branch.then)}`).join(' ')} ELSE ${print(node.otherwise)} END`;
      case 'coalesce':
      case 'greatest':
      case 'least':
      case 'nullif':
        return `${node.kind.toUpperCase()}(${this.#list(node.args, subplans)})`;
      case 'inList':
        return `(${print(node.left)} ${node.operator.name} ${node.quantifier.toUpperCase()} (${this.#list(node.list, subplans)}))`;
      case 'arrayComparison':
        return `(${print(node.left)} ${node.operator.name} ${node.quantifier.toUpperCase()} (${print(node.array)}))`;
      case 'subquery': {
        const name = this.#subplan(node.plan, subplans);
        switch (node.mode) {
          case 'scalar':
            return `(${name})`;
          case 'exists':
            return `EXISTS(${name})`;
          case 'array':
            return `ARRAY(${name})`;
          case 'any':
          case 'all':
            return `(${node.tests.map((test) => `${print(test.left)} ${test.operator.name} ${test.column.name}`).join(' AND ')} ${node.mode.toUpperCase()} (${name}))`;
          default:
            return assertNever(node.mode);
        }
      }
      case 'array':
        return `ARRAY[${this.#list(node.elements, subplans)}]`;
      case 'subscript':
        return `(${print(node.array)})${node.subscripts
          .map((one) =>
            one.slice
              ? `[${one.lower === undefined ? '' : print(one.lower)}:${one.upper === undefined ? '' : print(one.upper)}]`
              : `[${one.upper === undefined ? '' : print(one.upper)}]`,
          )
          .join('')}`;
      case 'row':
        return `ROW(${this.#list(node.fields, subplans)})`;
      default:
        return assertNever(node);
    }
  }

  #keys(keys: readonly SortKey[], subplans: Subplans): string {
    return keys
      .map(
        (key) =>
          `${this.expression(key.expression, subplans)}${key.descending ? ' DESC' : ''}${key.nullsFirst === key.descending ? '' : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'}`,
      )
      .join(', ');
  }

  #aggregate(call: AggregateCall, subplans: Subplans): string {
    const order = call.orderBy.length === 0 ? '' : `ORDER BY ${this.#keys(call.orderBy, subplans)}`;
    const args = call.args.length === 0 && !call.withinGroup ? '*' : this.#list(call.args, subplans);
    const inside = `${call.distinct ? 'DISTINCT ' : ''}${args}${call.withinGroup || order === '' ? '' : ` ${order}`}`;
    const within = call.withinGroup ? ` WITHIN GROUP (${order})` : '';
    const filter = call.filter === undefined ? '' : ` FILTER (WHERE ${this.expression(call.filter, subplans)})`;
    return `${call.function.name}(${inside})${within}${filter}`;
  }

  #bound(bound: FrameBound, subplans: Subplans): string {
    switch (bound.kind) {
      case 'unboundedPreceding':
        return 'UNBOUNDED PRECEDING';
      case 'unboundedFollowing':
        return 'UNBOUNDED FOLLOWING';
      case 'currentRow':
        return 'CURRENT ROW';
      case 'preceding':
      case 'following':
        return `${bound.offset === undefined ? '' : this.expression(bound.offset, subplans)} ${bound.kind.toUpperCase()}`;
      default:
        return assertNever(bound.kind);
    }
  }

  #window(call: WindowCall, subplans: Subplans): string {
    const parts: string[] = [];
    if (call.partitionBy.length > 0) parts.push(`PARTITION BY ${this.#list(call.partitionBy, subplans)}`);
    if (call.orderBy.length > 0) parts.push(`ORDER BY ${this.#keys(call.orderBy, subplans)}`);
    const { frame } = call;
    if (frame.mode !== 'range' || frame.start.kind !== 'unboundedPreceding' || frame.end.kind !== 'currentRow' || frame.exclude !== 'none') {
      parts.push(
        `${frame.mode.toUpperCase()} BETWEEN ${this.#bound(frame.start, subplans)} AND ${this.#bound(frame.end, subplans)}${frame.exclude === 'none' ? '' : ` EXCLUDE ${frame.exclude}`}`,
      );
    }
    const filter = call.filter === undefined ? '' : ` FILTER (WHERE ${this.expression(call.filter, subplans)})`;
    const args = call.args.length === 0 && call.function.kind === 'aggregate' ? '*' : this.#list(call.args, subplans);
    return `${call.function.name}(${args})${filter} OVER (${parts.join(' ')})`;
  }

  #set(call: SetCall, subplans: Subplans): string {
    return `${call.function.name}(${this.#list(call.args, subplans)})`;
  }

  /** The operator's title and properties; filters on the way down are properties of the operator below. */
  node(plan: LogicalNode, depth: number, label?: string): void {
    const subplans: Subplans = { plans: [], numbers: new Map() };
    const filters: string[] = [];
    let node = plan;
    while (node.kind === 'filter') {
      filters.push(this.expression(node.predicate, subplans));
      node = node.input;
    }
    if (node.kind === 'with') {
      const pad = depth === 0 ? '' : ' '.repeat(depth * 6 - 4);
      for (const cte of node.ctes) {
        this.lines.push(`${pad}CTE ${cte.name}`);
        if (cte.recursive === undefined) this.node(cte.plan, depth + 1);
        else {
          this.lines.push(`${pad}  ->  Recursive Union${cte.recursive.all ? ' All' : ''}`);
          this.node(cte.plan, depth + 2);
          this.node(cte.recursive.term, depth + 2);
        }
      }
      if (filters.length === 0) {
        this.node(node.body, depth, label);
        return;
      }
    }
    const pad = depth === 0 ? '' : `${' '.repeat(depth * 6 - 4)}->  `;
    const inner = ' '.repeat(depth * 6 + 2);
    const properties: string[] = [];
    const title = this.#title(node, properties, subplans);
    this.lines.push(`${pad}${label ?? ''}${title}`);
    if (this.options.verbose === true && node.kind !== 'project') properties.unshift(`Output: ${this.#outputs(node.columns)}`);
    for (const property of properties) this.lines.push(`${inner}${property}`);
    for (const filter of filters) this.lines.push(`${inner}Filter: ${filter}`);
    const inputs =
      node.kind === 'with' ? [node.body] : node.kind === 'join' || node.kind === 'setOperation' ? [node.left, node.right] : 'input' in node ? [node.input] : [];
    for (const input of inputs) this.node(input, depth + 1);
    for (const subplan of subplans.plans) {
      this.lines.push(`${inner}SubPlan ${subplans.numbers.get(subplan) ?? 0}`);
      this.node(subplan, depth + 1);
    }
  }

  #title(node: LogicalNode, properties: string[], subplans: Subplans): string {
    switch (node.kind) {
      case 'scan':
        return `Seq Scan on ${node.table.name}${node.alias === node.table.name ? '' : ` ${node.alias}`}`;
      case 'catalogScan':
        return `Catalog Scan on ${node.relation}${node.relation.endsWith(`.${node.alias}`) ? '' : ` ${node.alias}`}`;
      case 'values':
        if (node.rows.length === 1) {
          if (node.columns.length > 0) properties.push(`Output: ${this.#list(node.rows[0] ?? [], subplans)}`);
          return 'Result';
        }
        return `Values Scan (${node.rows.length} rows)`;
      case 'functionScan':
        return `Function Scan on ${node.calls.map((call) => this.#set(call, subplans)).join(', ')}${node.ordinality ? ' WITH ORDINALITY' : ''}`;
      case 'filter':
      case 'with':
        return 'Filter';
      case 'project': {
        const outputs = node.columns.map((column, i) => {
          const expression = node.expressions[i] as Expression;
          const text = this.expression(expression, subplans);
          return this.options.ids === true ? `${text} AS ${this.#column(column.name, column.id)}` : text;
        });
        properties.push(`Output: ${outputs.join(', ')}`);
        return 'Project';
      }
      case 'projectSet':
        properties.push(`Sets: ${node.calls.map(({ call }) => this.#set(call, subplans)).join(', ')}`);
        return 'ProjectSet';
      case 'join': {
        if (node.on !== undefined) properties.push(`Join Filter: ${this.expression(node.on, subplans)}`);
        const kinds: Readonly<Record<typeof node.type, string>> = {
          inner: node.on === undefined ? 'Cross Join' : 'Inner Join',
          left: 'Left Join',
          right: 'Right Join',
          full: 'Full Join',
          semi: 'Semi Join',
          anti: 'Anti Join',
        };
        return `${kinds[node.type]}${node.lateral ? ' (lateral)' : ''}`;
      }
      case 'aggregate': {
        if (node.groups.length > 0)
          properties.push(
            `Group Key: ${this.#list(
              node.groups.map((group) => group.expression),
              subplans,
            )}`,
          );
        if (node.sets !== undefined) properties.push(`Grouping Sets: ${node.sets.map((set) => `(${set.map((index) => index + 1).join(', ')})`).join(', ')}`);
        if (node.aggregates.length > 0) properties.push(`Aggregates: ${node.aggregates.map(({ call }) => this.#aggregate(call, subplans)).join(', ')}`);
        return node.groups.length > 0 || node.sets !== undefined ? 'GroupAggregate' : 'Aggregate';
      }
      case 'window':
        properties.push(`Calls: ${node.calls.map(({ call }) => this.#window(call, subplans)).join(', ')}`);
        return 'WindowAgg';
      case 'sort':
        properties.push(`Sort Key: ${this.#keys(node.keys, subplans)}`);
        return 'Sort';
      case 'limit': {
        if (node.count !== undefined) properties.push(`Count: ${this.expression(node.count, subplans)}${node.withTies ? ' WITH TIES' : ''}`);
        if (node.offset !== undefined) properties.push(`Offset: ${this.expression(node.offset, subplans)}`);
        return 'Limit';
      }
      case 'distinct':
        if (node.on !== undefined) properties.push(`On: ${this.#list(node.on, subplans)}`);
        return 'Unique';
      case 'setOperation':
        return node.type === 'union' && node.all
          ? 'Append'
          : `${{ union: 'Union', intersect: 'Intersect', except: 'Except' }[node.type]}${node.all ? ' All' : ''}`;
      case 'cteScan':
        return `CTE Scan on ${node.name}`;
      case 'landed':
        return `Landed ${node.table}`;
      default:
        return assertNever(node);
    }
  }
}

export function printPlan(plan: LogicalNode, options: PrintOptions = {}): string {
  const printer = new Printer(options);
  printer.node(plan, 0);
  return printer.lines.join('\n');
}

/** One expression, e.g. for messages about filters; subqueries are numbered. */
export function printExpression(expression: Expression, options: PrintOptions = {}): string {
  return new Printer(options).expression(expression, { plans: [], numbers: new Map() });
}
