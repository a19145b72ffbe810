/**
 * A rule as pg_get_ruledef shows it, in the layout of PostgreSQL's ruleutils.c. Used by catalog-lookup.ts.
 *
 * The actions are kept as they were written, with their relations resolved: columns get the name of their table, and literals the type of the column that takes them.
 */
import { notSupported } from '../common/errors.js';
import type { ColumnTarget, Expression, FromItem, Select, Statement, TableItem, Target } from '../sql/ast.js';
import { deparseExpression, deparseSelect } from '../sql/deparse.js';
import { quoteIdentifier, quoteStoredLiteral } from '../sql/quote.js';
import { formatType } from '../types/registry.js';
import type { Rule } from './rule.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Relation, Table, View } from './table.js';

interface Column {
  readonly name: string;
  readonly typeOid: number;
}

/** What an action writes. */
interface TargetTable {
  readonly shown: string;
  readonly alias: string;
  readonly columns: readonly Column[];
}

export function ruleDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], relation: Table | View, rule: Rule, pretty: boolean): string {
  return new RuleWriter(catalog, searchPath, pretty).rule(relation, rule);
}

class RuleWriter {
  constructor(
    private readonly catalog: CatalogSnapshot,
    private readonly searchPath: readonly string[],
    private readonly pretty: boolean,
  ) {}

  rule(relation: Table | View, { name, event, condition, instead, actions }: Rule): string {
    const on = this.pretty ? this.shown(relation) : `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
    const where = condition === undefined ? '' : `\n   WHERE ${this.expression(condition)}`;
    const head = `CREATE RULE ${quoteIdentifier(name)} AS\n    ON ${event.toUpperCase()} TO ${on}${where} DO ${instead ? 'INSTEAD ' : ''}`;
    const [only] = actions;
    if (only === undefined) return `${head}NOTHING;`;
    if (actions.length > 1) return `${head}(${actions.map((action) => `${this.action(action)};\n`).join('')});`;
    const shown = this.action(only);
    // (A line that ends in a blank loses it.)
    return `${shown.startsWith('\n') ? head.trimEnd() : head}${shown};`;
  }

  private shown(relation: Pick<Relation, 'schema' | 'name'>): string {
    const isVisible = this.catalog.find(this.searchPath, relation.name)?.schema === relation.schema;
    return isVisible ? quoteIdentifier(relation.name) : `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
  }

  private expression(expression: Expression): string {
    return deparseExpression(expression, { pretty: this.pretty, canonical: true });
  }

  private action(action: Statement): string {
    switch (action.kind) {
      case 'notify':
        return `\n NOTIFY ${quoteIdentifier(action.channel)}${action.payload === undefined ? '' : `, ${quoteStoredLiteral(action.payload)}`}`;
      case 'select':
        return this.select(action);
      case 'insert': {
        if (action.with !== undefined || action.onConflict !== undefined) throw notSupported('the definition of a rule with WITH or ON CONFLICT');
        const target = this.target(action.table);
        const taken =
          action.columns.length === 0 ? target.columns.slice(0, widthOf(action.source) ?? target.columns.length) : this.named(target, action.columns);
        const columns = action.source === undefined ? '' : ` (${taken.map((column) => quoteIdentifier(column.name)).join(', ')})`;
        const overriding = action.overriding === undefined ? '' : ` OVERRIDING ${action.overriding.toUpperCase()} VALUE`;
        return ` INSERT INTO ${target.shown}${columns}${overriding}${this.source(action.source, taken)}${this.returning(action.returning, target)}`;
      }
      case 'update': {
        if (action.with !== undefined) throw notSupported('the definition of a rule with WITH');
        const target = this.target(action.table);
        const set = action.assignments.map((one) => {
          if (one.kind !== 'single' || one.target.indirection.length > 0) throw notSupported('the definition of a rule that assigns several columns at once');
          const [column] = this.named(target, [one.target]);
          return `${quoteIdentifier(one.target.name)} = ${this.value(qualified(one.value, target), column)}`;
        });
        return ` UPDATE ${target.shown} SET ${set.join(', ')}${this.from('FROM', action.from)}${this.where(action.where, target)}${this.returning(action.returning, target)}`;
      }
      case 'delete': {
        if (action.with !== undefined) throw notSupported('the definition of a rule with WITH');
        const target = this.target(action.table);
        return ` DELETE FROM ${target.shown}${this.from('USING', action.using)}${this.where(action.where, target)}${this.returning(action.returning, target)}`;
      }
      default:
        throw notSupported('the definition of a rule with such an action');
    }
  }

  private target({ name, alias }: TableItem, as = 'AS '): TargetTable {
    const relation = name.schema === undefined ? this.catalog.find(this.searchPath, name.name) : this.catalog.relation(name.schema, name.name);
    const columns = relation?.kind === 'table' || relation?.kind === 'view' || relation?.kind === 'partition' ? relation.columns : [];
    const table = relation === undefined ? quoteIdentifier(name.name) : this.shown(relation);
    return { shown: alias === undefined ? table : `${table} ${as}${quoteIdentifier(alias.name)}`, alias: alias?.name ?? name.name, columns };
  }

  private named(target: TargetTable, columns: readonly ColumnTarget[]): readonly Column[] {
    return columns.map(({ name }) => target.columns.find((column) => column.name === name) ?? { name, typeOid: 0 });
  }

  /** A value for a column: a literal with its type, as it is stored. */
  private value(value: Expression, column: Column | undefined): string {
    const text = this.expression(value);
    const isLiteral = value.kind === 'string' || value.kind === 'null';
    return isLiteral && column !== undefined && column.typeOid !== 0 ? `${text}::${formatType(column.typeOid, -1)}` : text;
  }

  /** Behind the columns. */
  private source(source: Select | undefined, columns: readonly Column[]): string {
    if (source === undefined) return ' DEFAULT VALUES';
    const { body } = source;
    if (body.kind !== 'values' || body.rows.length !== 1) return ` ${this.select(source).replaceAll(/\n(?= )/g, '\n        ')}`;
    const values = (body.rows[0] ?? []).map((value, at) => this.value(value, columns[at]));
    return `\n  VALUES (${values.join(', ')})`;
  }

  private select(select: Select): string {
    return deparseSelect(select, { pretty: this.pretty, canonical: true });
  }

  private from(word: string, items: readonly FromItem[]): string {
    if (items.length === 0) return '';
    const tables = items.map((item) => {
      if (item.kind !== 'table') throw notSupported('the definition of a rule that reads anything but tables');
      return this.target(item, '').shown;
    });
    return `\n   ${word} ${tables.join(',\n    ')}`;
  }

  private where(condition: Expression | undefined, target: TargetTable): string {
    return condition === undefined ? '' : `\n  WHERE ${this.expression(qualified(condition, target))}`;
  }

  private returning(targets: readonly Target[], target: TargetTable): string {
    if (targets.length === 0) return '';
    const shown = targets.flatMap(({ expression, name }) => {
      if (expression.kind === 'star') return target.columns.map((column) => `${quoteIdentifier(target.alias)}.${quoteIdentifier(column.name)}`);
      return [`${this.expression(qualified(expression, target))}${name === undefined ? '' : ` AS ${quoteIdentifier(name)}`}`];
    });
    return `\n  RETURNING ${shown.join(',\n    ')}`;
  }
}

function widthOf(source: Select | undefined): number | undefined {
  return source?.body.kind === 'values' ? source.body.rows[0]?.length : undefined;
}

/** The tree with the target's name before its columns, subqueries as they are. */
function qualified<T>(node: T, target: TargetTable): T {
  if (Array.isArray(node)) return node.map((one: unknown) => qualified(one, target)) as T;
  if (node === null || typeof node !== 'object') return node;
  if ('kind' in node && node.kind === 'select') return node;
  if ('kind' in node && node.kind === 'column' && 'parts' in node && Array.isArray(node.parts) && node.parts.length === 1)
    return target.columns.some(({ name }) => name === (node.parts as readonly unknown[])[0])
      ? { ...node, parts: [target.alias, ...(node.parts as readonly string[])] }
      : node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, qualified(value as unknown, target)])) as T;
}
