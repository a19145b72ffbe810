/**
 * A syntax tree as PostgreSQL keeps it after analysis: columns with the name of their relation, stars written out, literals with their types, conversions that were
 * implicit written as casts, BETWEEN and LIKE as operators. The catalog stores the text of such trees; since every name in it is bound, the same text follows when
 * what it names is renamed: it is bound against the catalog before, and written with the names of the catalog after.
 * Used by the session's DDL binder (proxy/session/run-ddl.ts). Source: ruleutils.c of PostgreSQL 15.
 */
import { systemCall } from '../../sql/build.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Relation } from '../../catalog/table.js';
import { notSupported } from '../../common/errors.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import { findCollation, ownCollation } from '../../catalog/collation.js';
import type * as ast from '../../sql/ast.js';
import { deparseExpression } from '../../sql/deparse.js';
import { parseExpression } from '../../sql/parser.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { elementTypeOf, formatType, Oid, typeByOid } from '../../types/registry.js';
import { canonicalContext, type SqlValue, type TypeContext } from '../../types/value.js';
import { columnName } from '../bind/column-name.js';
import { commonTypeOf } from '../bind/coercion.js';
import type { BindingRecord } from '../bind/record.js';

// ---------------------------------------------------------------------------------------------------------------- before binding

function readsColumn(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(readsColumn);
  if (typeof value !== 'object' || value === null) return false;
  return (value as { readonly kind?: string }).kind === 'column' || Object.values(value).some(readsColumn);
}

/** A copy of the tree without sugar, each of whose nodes stands in one place only: so a node has one binding. */
export function withoutSugar<T>(tree: T): T {
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    const plain = plainForm(value as ast.Expression);
    if (plain !== undefined) return copy(plain);
    const made = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copy(part)]));
    // References without a position would share one expression.
    return made['kind'] === 'column' && made['position'] === undefined ? { ...made, position: 1 } : made;
  };
  return copy(tree) as T;
}

/** What a node of syntactic sugar stands for; undefined: it is none. Parts may stand in it twice. */
function plainForm(node: ast.Expression): ast.Expression | undefined {
  switch (node.kind) {
    case 'between': {
      const { argument, low, high, negated, position } = node;
      const compare = (operator: string, right: ast.Expression): ast.Expression => ({ kind: 'binary', operator, left: argument, right, position });
      const inside = (from: ast.Expression, to: ast.Expression): ast.Expression =>
        negated
          ? { kind: 'or', arguments: [compare('<', from), compare('>', to)], position }
          : { kind: 'and', arguments: [compare('>=', from), compare('<=', to)], position };
      if (!node.symmetric) return inside(low, high);
      return { kind: negated ? 'and' : 'or', arguments: [inside(low, high), inside(high, low)], position };
    }
    case 'like': {
      const { argument, negated, escape, position, pattern } = node;
      const escaped = escape === undefined ? [pattern] : [pattern, escape];
      const binary = (operator: string, right: ast.Expression): ast.Expression => ({ kind: 'binary', operator, left: argument, right, position });
      if (node.variant === 'similar') return binary(negated ? '!~' : '~', systemCall('similar_to_escape', escaped, position));
      const operator = `${negated ? '!' : ''}~~${node.variant === 'ilike' ? '*' : ''}`;
      return binary(operator, escape === undefined ? pattern : systemCall('like_escape', escaped, position));
    }
    case 'in': {
      const { argument, list, negated, position } = node;
      const single = (right: ast.Expression): ast.Expression => ({ kind: 'binary', operator: negated ? '<>' : '=', left: argument, right, position });
      const plain = list.filter((item) => !readsColumn(item));
      if (argument.kind !== 'row' && plain.length > 1 && plain.length === list.length) return undefined;
      const together = argument.kind !== 'row' && plain.length > 1;
      const parts: ast.Expression[] = together ? [{ ...node, list: plain }] : [];
      for (const item of list) if (!together || readsColumn(item)) parts.push(single(item));
      return parts.length === 1 ? parts[0] : { kind: negated ? 'and' : 'or', arguments: parts, position };
    }
    case 'binary': {
      const { left, right, operator, position } = node;
      if (left.kind !== 'row' || right.kind !== 'row' || left.fields.length !== right.fields.length || (operator !== '=' && operator !== '<>'))
        return undefined;
      const parts = left.fields.map(
        (field, i): ast.Expression => ({ kind: 'binary', operator, left: field, right: right.fields[i] as ast.Expression, position }),
      );
      return parts.length === 1 ? parts[0] : { kind: operator === '=' ? 'and' : 'or', arguments: parts, position };
    }
    case 'distinctFrom': {
      const { left, right, negated, position } = node;
      if (right.kind === 'null') return { kind: 'nullTest', argument: left, negated: !negated, position };
      return left.kind === 'null' ? { kind: 'nullTest', argument: right, negated: !negated, position } : undefined;
    }
    case 'quantifiedSubquery':
      if (node.operator !== '=' || node.quantifier !== 'any') return undefined;
      return { kind: 'inSubquery', argument: node.argument, query: node.query, negated: false, position: node.position };
    default:
      return undefined;
  }
}

// ---------------------------------------------------------------------------------------------------------------- after binding

/** A relation of a FROM list as it is written: under which name its columns are found. */
interface ShownItem {
  readonly name: string;
  /** Of each column. */
  readonly columns: readonly string[];
  /** The relation whose columns these are, under the names that they had. */
  readonly source?: { readonly oid: number; readonly columns: readonly string[] };
}

interface Reference {
  readonly item: ShownItem;
  /** Of the column in the item. */
  readonly at: number;
}

/** The names of one query level. */
interface Level {
  readonly items: readonly { readonly shown: ShownItem; readonly names: readonly string[] }[];
  readonly targets: readonly ast.Target[];
}

export interface RestateOptions {
  readonly record: BindingRecord;
  /** The catalog that the tree was bound against. */
  readonly before: CatalogSnapshot;
  /** The catalog whose names are written. */
  readonly after: CatalogSnapshot;
  readonly searchPath: readonly string[];
  /** For expressions over one table: its OID. */
  readonly tableOid?: number;
  /** Told of every column that the tree reads. */
  readonly onColumn?: (relationOid: number, name: string) => void;
}

const typeNames = new Map<string, ast.TypeName>();

function writtenType(type: TypeRef, catalog: CatalogSnapshot): ast.TypeName {
  const oid = type.domain ?? type.oid;
  const plain = { typmods: [], setOf: false, percentType: false };
  if (oid === Oid.bpchar && type.typmod < 0) return { ...plain, names: ['bpchar'], arrayBounds: [] };
  const element = elementTypeOf(oid);
  const named = catalog.types.named(element?.oid ?? oid);
  if (named !== undefined) return { ...plain, names: [named.schema, named.name], arrayBounds: element === undefined ? [] : [-1] };
  const text = formatType(oid, type.domain === undefined ? type.typmod : -1);
  let known = typeNames.get(text);
  if (known === undefined) {
    const parsed = parseExpression(`NULL::${text}`);
    if (parsed.kind !== 'cast') throw new Error('assertion failed: a cast');
    typeNames.set(text, (known = parsed.type));
  }
  return known;
}

/** Calls in SQL's own syntax show no conversions of their arguments. */
const specialSyntax: ReadonlySet<string> = new Set([
  'extract',
  'overlaps',
  'position',
  'substring',
  'overlay',
  'btrim',
  'ltrim',
  'rtrim',
  'normalize',
  'is_normalized',
  'pg_collation_for',
]);

/** Calls whose arguments are words rather than values: the index of that argument. */
const wordArguments: ReadonlyMap<string, number> = new Map([
  ['extract', 0],
  ['normalize', 1],
  ['is_normalized', 1],
]);

const frameKinds: ReadonlySet<string> = new Set(['unboundedPreceding', 'unboundedFollowing', 'preceding', 'following', 'currentRow', 'index', 'slice']);

/** As at rest, but enums by their labels: the canonical context itself shows their positions. */
const labelContext: TypeContext = { ...canonicalContext };

/** What a literal says: the blanks or digits that the type's length has added are no part of it. */
function withoutTypmod(text: string, { type, value }: { readonly type: TypeRef; readonly value: SqlValue }): SqlValue {
  if (type.oid === Oid.bpchar) return text;
  return type.oid === Oid.numeric ? (typeByOid(type.oid)?.parse(text, -1, canonicalContext) ?? value) : value;
}

class Restater {
  readonly #references = new Map<number, Reference>();
  readonly #aliases = new Map<ast.FromItem, ast.Alias | undefined>();
  #usedNames: ReadonlySet<string> = new Set();
  #ctes: ReadonlySet<string> = new Set();
  #level: Level = { items: [], targets: [] };

  constructor(readonly options: RestateOptions) {}

  // -------------------------------------------------------------------------------------------------------------- expressions

  /** With the conversions that its surroundings asked for, unless `conversions` is false. */
  expression(node: ast.Expression, conversions = true): ast.Expression {
    const { record } = this.options;
    const bound = record.expressions.get(node);
    if (node.kind === 'string' || node.kind === 'null') {
      const last = bound === undefined ? undefined : record.final(bound);
      if (last?.kind !== 'const' || last.type.oid === Oid.unknown) return node;
      const value = node.kind === 'string' ? withoutTypmod(node.value, last) : last.value;
      return this.constant(value, { ...last.type, typmod: -1 }, node);
    }
    const inner = this.plain(node, bound);
    if (!conversions || bound === undefined) return inner;
    const last = record.final(bound);
    const same = last.type.oid === bound.type.oid && (last.type.domain ?? 0) === (bound.type.domain ?? 0);
    if (same || bound.kind === 'row' || last.type.oid === Oid.any || last.type.oid === Oid.record) return inner;
    return { kind: 'cast', argument: inner, type: writtenType(last.type, this.options.after) };
  }

  private constant(value: SqlValue, type: TypeRef, node: ast.Expression): ast.Expression {
    const definition = typeByOid(type.oid);
    if (definition === undefined) return node;
    if (value === null) return { kind: 'cast', argument: { kind: 'null' }, type: writtenType(type, this.options.after) };
    if (type.oid === Oid.bool) return { kind: 'boolean', value: value === 1 || value === 1n };
    const registered = type.oid === Oid.regclass ? this.options.after.relationByOid(Number(value)) : undefined;
    const text =
      registered !== undefined
        ? `${quoteIdentifier(registered.schema)}.${quoteIdentifier(registered.name)}`
        : definition.format(value, type.typmod, labelContext);
    if (type.oid === Oid.int4 && !text.startsWith('-')) return { kind: 'integer', value: Number(text) };
    if (type.oid === Oid.numeric && type.typmod < 0 && /^\d.*[.eE]/.test(text)) return { kind: 'numeric', text };
    return { kind: 'cast', argument: { kind: 'string', value: text }, type: writtenType(type, this.options.after) };
  }

  private column(node: ast.ColumnReference, bound: Expression | undefined): ast.Expression {
    if (bound?.kind === 'row') return { kind: 'star', qualifier: [this.itemNamed(node.parts.at(-1) as string) ?? (node.parts.at(-1) as string)] };
    if (bound === undefined) return this.unbound(node);
    return this.reference(bound) ?? { kind: 'column', parts: [node.parts.at(-1) as string] };
  }

  private itemNamed(name: string): string | undefined {
    return this.#level.items.find(({ names }) => names[0] === name)?.shown.name;
  }

  /** A name in GROUP BY or ORDER BY that was matched with a column or a target. */
  private unbound(node: ast.ColumnReference): ast.Expression {
    const name = node.parts.at(-1) as string;
    for (const { shown, names } of this.#level.items) {
      const at = names.indexOf(name, 1);
      if (at > 0) return this.refersTo({ item: shown, at: at - 1 });
    }
    return node;
  }

  private reference(bound: Expression): ast.ColumnReference | undefined {
    // The merged column of USING may be converted.
    let inner = bound;
    while (inner.kind === 'cast') inner = inner.argument;
    const found = inner.kind === 'column' ? this.#references.get(inner.id) : undefined;
    return found === undefined ? undefined : this.refersTo(found);
  }

  private refersTo({ item, at }: Reference): ast.ColumnReference {
    const { source } = item;
    if (source !== undefined) this.options.onColumn?.(source.oid, source.columns[at] as string);
    const column = item.columns[at] as string;
    return { kind: 'column', parts: item.name === '' ? [column] : [item.name, column] };
  }

  /** The node with its children restated. */
  private plain(node: ast.Expression, bound: Expression | undefined): ast.Expression {
    const call = this.options.record.calls.get(node);
    if (call !== undefined) return this.expression(call, false);
    switch (node.kind) {
      case 'column':
        return this.column(node, bound);
      case 'integer':
      case 'numeric':
        return bound?.kind === 'const' ? this.constant(bound.value, bound.type, node) : node;
      case 'bitString':
        return bound?.kind === 'const' ? this.constant(bound.value, bound.type, node) : node;
      case 'boolean':
        return node;
      case 'star':
        return node.qualifier.length === 0
          ? node
          : { ...node, qualifier: [this.itemNamed(node.qualifier.at(-1) as string) ?? (node.qualifier.at(-1) as string)] };
      case 'cast':
        return this.cast(node, bound);
      case 'collate':
        return { ...this.parts(node), collation: this.collation(node.collation) };
      case 'case': {
        const type = bound?.type;
        const operand = node.operand === undefined ? {} : { operand: this.expression(node.operand, false) };
        const otherwise = node.otherwise === undefined ? (type === undefined ? undefined : this.constant(null, type, node)) : this.expression(node.otherwise);
        const whens = node.whens.map((when) => ({
          condition: this.expression(when.condition, node.operand !== undefined),
          result: this.expression(when.result),
        }));
        return { kind: 'case', ...operand, whens, ...(otherwise === undefined ? {} : { otherwise }) };
      }
      case 'in': {
        const { record } = this.options;
        const types = [node.argument, ...node.list].map((item) => record.expressions.get(item)?.type.oid);
        const common = types.includes(undefined) ? undefined : commonTypeOf(types as number[]);
        const list = node.list.map((item) => {
          const own = record.expressions.get(item);
          if (own === undefined || common === undefined) return this.expression(item);
          if (own.kind === 'const' && item.kind === 'string') {
            const last = record.final(own);
            return last.kind === 'const' ? this.constant(last.value, { oid: common, typmod: -1 }, item) : this.expression(item);
          }
          const shown = this.expression(item, false);
          // An array that was converted as a whole: its items stay, see canonicalForm() of sql/deparse.ts.
          const together = common === Oid.text && own.type.oid === Oid.varchar && item.kind === 'cast' && node.argument.kind === 'cast';
          return own.type.oid === common || item.kind === 'null' || together
            ? shown
            : ({ kind: 'cast', argument: shown, type: writtenType({ oid: common, typmod: -1 }, this.options.after) } as const);
        });
        return { ...node, argument: this.expression(node.argument), list };
      }
      case 'function': {
        const { name } = node;
        const word = node.sqlSyntax ? wordArguments.get(name[1] ?? '') : undefined;
        const made = this.parts(node);
        if (node.sqlSyntax && specialSyntax.has(name[1] ?? ''))
          return { ...made, arguments: node.arguments.map((argument, i) => (i === word ? argument : this.expression(argument, false))) };
        return word === undefined
          ? made
          : { ...made, arguments: made.arguments.map((argument, i) => (i === word ? (node.arguments[i] as ast.Expression) : argument)) };
      }
      default:
        return this.parts(node);
    }
  }

  /** A collation of the database's own by its name after the change. */
  private collation(parts: readonly string[]): readonly string[] {
    const oid = findCollation(this.options.before, this.options.searchPath, parts);
    const own = oid === undefined ? undefined : ownCollation(this.options.after, oid);
    return own === undefined ? parts : [own.schema, own.name];
  }

  private cast(node: ast.Cast, bound: Expression | undefined): ast.Expression {
    const { record, after } = this.options;
    if (bound === undefined) return this.parts(node);
    const argument = record.expressions.get(node.argument);
    // (Without its cast an empty array would have no type.)
    const isEmptyArray = node.argument.kind === 'array' && node.argument.elements.length === 0;
    if (bound === argument && node.argument.kind !== 'collate' && !isEmptyArray) return this.expression(node.argument, false);
    const { typmod } = bound.type;
    if (bound.kind === 'const' && (node.argument.kind === 'string' || node.argument.kind === 'null')) {
      const shown = this.constant(bound.value, bound.type.oid === Oid.regclass ? { ...bound.type, typmod: -1 } : bound.type, node);
      return shown;
    }
    // A literal with a modifier is shown once, as the type with it.
    const inner = node.argument.kind === 'string' ? node.argument : this.expression(node.argument, false);
    const literal =
      inner.kind === 'cast' && node.argument.kind !== 'cast' && inner.argument.kind === 'string' && argument?.type.oid === bound.type.oid && typmod >= 0;
    return { kind: 'cast', argument: literal ? inner.argument : inner, type: writtenType(bound.type, after) };
  }

  /** The same node over restated children. */
  private parts<T extends object>(node: T): T {
    const visit = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(visit);
      if (typeof value !== 'object' || value === null) return value;
      if ('direction' in value && 'nulls' in value) return this.sortItem(value as ast.SortItem);
      if ('arrayBounds' in value) return value;
      const { kind } = value as { readonly kind?: string };
      if (kind === 'select') return this.select(value as ast.Select, undefined, false);
      // Offsets are numbers of the frame's own type: nobody writes their conversion.
      if (kind === 'preceding' || kind === 'following') {
        const bound = value as Extract<ast.FrameBound, { readonly offset: ast.Expression }>;
        return { ...bound, offset: this.expression(bound.offset, false) };
      }
      if (kind !== undefined && !frameKinds.has(kind)) return this.expression(value as ast.Expression);
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
    };
    return Object.fromEntries(Object.entries(node).map(([key, part]) => [key, visit(part)])) as T;
  }

  /** A key of ORDER BY, GROUP BY, DISTINCT ON: by name or number it is the expression of that target. */
  private key(node: ast.Expression): ast.Expression {
    if (this.options.record.expressions.has(node) && node.kind !== 'integer') return this.expression(node);
    const { targets } = this.#level;
    if (node.kind === 'integer') return targets[node.value - 1]?.expression ?? node;
    if (node.kind === 'column' && node.parts.length === 1) {
      const named = targets.find((target) => (target.name ?? columnName(target.expression)) === node.parts[0]);
      return named?.expression ?? this.unbound(node);
    }
    return this.expression(node);
  }

  private groupKey(node: ast.Expression): ast.Expression {
    if (node.kind === 'row' && !node.explicit) return { ...node, fields: node.fields.map((field) => this.groupKey(field)) };
    if (node.kind === 'column' && node.parts.length === 1 && !this.options.record.expressions.has(node)) {
      const column = this.unbound(node);
      if (column !== node) return column;
    }
    return this.key(node);
  }

  private sortItem(item: ast.SortItem, key: (node: ast.Expression) => ast.Expression = (node) => this.expression(node)): ast.SortItem {
    const direction = item.direction === 'asc' ? 'default' : item.direction;
    const usual = direction === 'desc' ? 'first' : 'last';
    return { ...item, expression: key(item.expression), direction, nulls: item.nulls === usual ? 'default' : item.nulls };
  }

  // -------------------------------------------------------------------------------------------------------------- queries

  /** `names`: of the result columns, where they are given from outside (a view's); `visible`: something can name them. */
  select(select: ast.Select, names: readonly string[] | undefined, visible = true): ast.Select {
    const before = { used: this.#usedNames, ctes: this.#ctes, level: this.#level };
    try {
      // Names of this level are taken before WITH is written, as in PostgreSQL.
      if (select.body.kind === 'core') this.declare(select.body);
      else this.#level = { items: [], targets: [] };
      const own = this.#level;
      let written: ast.With | undefined;
      if (select.with !== undefined) {
        const all = new Set([...before.ctes, ...select.with.tables.map((table) => table.name)]);
        if (select.with.recursive) this.#ctes = all;
        const tables = select.with.tables.map((table) => {
          if (table.query.kind !== 'select') throw notSupported(`writing ${table.query.kind.toUpperCase()} inside WITH`, table.position);
          const made = { ...table, query: this.select(table.query, undefined) };
          this.#ctes = new Set([...this.#ctes, table.name]);
          return made;
        });
        written = { ...select.with, tables };
        this.#ctes = all;
        // Relations under the name of a WITH query are found anew.
        if (select.body.kind === 'core') this.declare(select.body, before.used);
        else this.#level = own;
      }
      return { ...this.body(select, names, visible), ...(written === undefined ? {} : { with: written }) };
    } finally {
      this.#usedNames = before.used;
      this.#ctes = before.ctes;
      this.#level = before.level;
    }
  }

  private body(select: ast.Select, names: readonly string[] | undefined, visible: boolean): ast.Select {
    const { body } = select;
    const rest = {
      ...(select.limit === undefined ? {} : { limit: this.count(select.limit) }),
      ...(select.offset === undefined ? {} : { offset: this.count(select.offset) }),
    };
    switch (body.kind) {
      case 'values':
        return { ...select, ...rest, body: { ...body, rows: body.rows.map((row) => row.map((value) => this.expression(value))) } };
      case 'setOperation': {
        const outputs = this.options.record.outputs.get(select)?.map((column) => column.name);
        const orderBy = select.orderBy.map((item) =>
          this.sortItem(item, (node) => {
            const at = node.kind === 'column' ? (outputs ?? []).indexOf(node.parts.at(-1) as string) : -1;
            return at < 0 ? node : { kind: 'integer', value: at + 1 };
          }),
        );
        return { ...select, ...rest, orderBy, body: { ...body, left: this.select(body.left, names, visible), right: this.select(body.right, names, false) } };
      }
      default: {
        const targets = this.targets(body, names);
        this.#level = { ...this.#level, targets };
        const core: ast.SelectCore = {
          ...body,
          targets: targets.map((target) => this.named(target, visible)),
          distinctOn: body.distinctOn.map((node) => this.key(node)),
          from: body.from.map((item) => this.fromItem(item)),
          ...(body.where === undefined ? {} : { where: this.expression(body.where, false) }),
          groupBy: body.groupBy.map((element) => this.grouping(element)),
          ...(body.having === undefined ? {} : { having: this.expression(body.having, false) }),
          windows: this.parts({ list: body.windows }).list,
        };
        return { ...select, ...rest, orderBy: this.distinctKeys(select.orderBy.map((item) => this.sortItem(item, (node) => this.key(node)))), body: core };
      }
    }
  }

  /** A key that stands in ORDER BY twice is kept once. */
  private distinctKeys(items: readonly ast.SortItem[]): readonly ast.SortItem[] {
    const seen = new Set<string>();
    return items.filter((item) => {
      const text = deparseExpression(item.expression);
      if (seen.has(text)) return false;
      seen.add(text);
      return true;
    });
  }

  private count(node: ast.Expression): ast.Expression {
    return node.kind === 'null' ? node : this.expression(node, node.kind === 'integer' || node.kind === 'numeric' ? false : true);
  }

  private grouping(element: ast.GroupingElement): ast.GroupingElement {
    switch (element.kind) {
      case 'expression':
        return { kind: 'expression', expression: this.groupKey(element.expression) };
      case 'rollup':
      case 'cube':
        return { ...element, items: element.items.map((item) => this.groupKey(item)) };
      case 'sets':
        return { ...element, sets: element.sets.map((set) => this.grouping(set)) };
      case 'empty':
        return element;
    }
  }

  /** The select list with stars written out and every result column's name. */
  private targets(core: ast.SelectCore, names: readonly string[] | undefined): readonly ast.Target[] {
    const { record } = this.options;
    const all = core.targets.flatMap((target): readonly { readonly name: string; readonly expression: ast.Expression }[] => {
      const { expression } = target;
      const columns = record.stars.get(expression);
      if (columns === undefined) {
        const restated = this.expression(expression);
        // A whole row as a result is one column: a star would be many.
        const single: ast.Expression = restated.kind === 'star' ? { kind: 'column', parts: restated.qualifier } : restated;
        return [{ name: target.name ?? columnName(expression), expression: single }];
      }
      if (expression.kind === 'fieldStar') {
        const argument = this.expression(expression.argument, false);
        return columns.map(({ name }) => ({ name, expression: { kind: 'field', argument, field: name } }));
      }
      return columns.map((column) => ({ name: column.name, expression: this.reference(column.expression) ?? { kind: 'column', parts: [column.name] } }));
    });
    return all.map(({ name, expression }, i) => ({ expression, name: names?.[i] ?? name }));
  }

  /** AS is written unless the name is the column's own. */
  private named({ expression, name }: ast.Target, visible: boolean): ast.Target {
    return (expression.kind === 'column' && expression.parts.at(-1) === name) || (name === '?column?' && !visible) || name === undefined
      ? { expression }
      : { expression, name };
  }

  // -------------------------------------------------------------------------------------------------------------- FROM

  private relation(name: ast.QualifiedName): Relation | undefined {
    const { before, searchPath } = this.options;
    if (name.schema !== undefined) return before.relation(name.schema, name.name);
    return this.#ctes.has(name.name) ? undefined : before.find(searchPath, name.name);
  }

  /** Gives the relations of a level the names under which they are written. */
  private declare(core: ast.SelectCore, outer: ReadonlySet<string> = this.#usedNames): void {
    const { record, after } = this.options;
    const used = new Set(outer);
    const items: { readonly shown: ShownItem; readonly names: readonly string[] }[] = [];
    const fresh = (name: string): string => {
      let free = name;
      for (let i = 1; used.has(free); i++) free = `${name}_${String(i)}`;
      used.add(free);
      return free;
    };
    const add = (item: ast.FromItem): void => {
      const columns = record.items.get(item) ?? [];
      if (item.kind === 'join') {
        add(item.left);
        add(item.right);
        if (item.alias === undefined) return;
        const shown: ShownItem = { name: fresh(item.alias.name), columns: columns.map((column) => column.name) };
        items.push({ shown, names: [item.alias.name, ...shown.columns] });
        this.refer(columns, shown);
        return;
      }
      const relation = item.kind === 'table' ? this.relation(item.name) : undefined;
      const renamed = relation === undefined ? undefined : after.relationByOid(relation.oid);
      const own = item.kind === 'table' ? (renamed?.name ?? item.name.name) : item.kind === 'functionScan' ? functionName(item) : '*VALUES*';
      const original = item.alias?.name ?? (item.kind === 'table' ? item.name.name : own);
      // An alias that only tells the relation from another of its name follows.
      const telling = item.kind === 'table' && item.alias?.columns.length === 0 && used.has(own) && isNumbered(item.alias.name, item.name.name);
      const name = fresh(telling ? own : (item.alias?.name ?? own));
      const written = columns.map((column, i) => {
        if (item.alias?.columns[i] !== undefined || relation === undefined) return column.name;
        return currentName(relation, renamed, i) ?? column.name;
      });
      const source =
        relation === undefined ? {} : { source: { oid: relation.oid, columns: columns.map((column, i) => originalName(relation, i) ?? column.name) } };
      const shown: ShownItem = { name, columns: written, ...source };
      items.push({ shown, names: [original, ...columns.map((column) => column.name)] });
      this.refer(columns, shown);
      const list =
        item.kind === 'functionScan' && item.columns.length === 0 && item.functions.every((part) => part.columns.length === 0)
          ? written
          : (item.alias?.columns ?? []);
      const needed = item.kind === 'functionScan' || item.alias !== undefined || name !== own;
      // A function with a list of column definitions has its names there.
      this.#aliases.set(item, needed ? { name, columns: list } : undefined);
    };
    for (const item of core.from) add(item);
    this.#usedNames = used;
    this.#level = { items, targets: [] };
  }

  private refer(columns: readonly { readonly expression: Expression }[], shown: ShownItem): void {
    columns.forEach(({ expression }, i) => {
      if (expression.kind === 'column') this.#references.set(expression.id, { item: shown, at: i });
    });
  }

  private fromItem(item: ast.FromItem): ast.FromItem {
    switch (item.kind) {
      case 'table': {
        const { after } = this.options;
        const found = this.relation(item.name);
        const relation = found === undefined ? undefined : after.relationByOid(found.oid);
        const { alias: _, ...bare } = item;
        const name = relation === undefined ? item.name : { schema: relation.schema, name: relation.name };
        const alias = this.#aliases.get(item);
        const sample =
          item.sample === undefined
            ? {}
            : {
                sample: {
                  ...item.sample,
                  arguments: item.sample.arguments.map((argument) => this.expression(argument, false)),
                  ...(item.sample.repeatable === undefined ? {} : { repeatable: this.expression(item.sample.repeatable, false) }),
                },
              };
        return { ...bare, name, ...sample, ...(alias === undefined ? {} : { alias }) };
      }
      case 'subquery': {
        const alias = this.#aliases.get(item);
        return { ...item, query: this.select(item.query, undefined), ...(alias === undefined ? {} : { alias }) };
      }
      case 'functionScan': {
        const alias = this.#aliases.get(item);
        const functions = item.functions.map((part) => ({ ...part, call: this.expression(part.call) }));
        return { ...item, functions, ...(alias === undefined ? {} : { alias }) };
      }
      case 'join': {
        const using = this.options.record.merged.get(item) ?? [];
        const on = item.on === undefined ? {} : { on: this.expression(item.on, false) };
        this.requireNames(item, using);
        return { ...item, left: this.fromItem(item.left), right: this.fromItem(item.right), ...on, natural: false, using };
      }
    }
  }

  /** The columns that USING merges must still have one name. */
  private requireNames(join: ast.Join, using: readonly string[]): void {
    for (const side of [join.left, join.right])
      for (const column of this.options.record.items.get(side) ?? [])
        if (using.includes(column.name)) {
          const now = this.reference(column.expression)?.parts.at(-1);
          if (now !== undefined && now !== column.name) throw notSupported('renaming a column that a view joins by USING');
        }
  }

  /** Columns of the table that an expression belongs to stand without its name. */
  overTable(columns: readonly { readonly id: number; readonly name: string }[]): void {
    const { before, after, tableOid } = this.options;
    const table = tableOid === undefined ? undefined : before.relationByOid(tableOid);
    const renamed = tableOid === undefined ? undefined : after.relationByOid(tableOid);
    const names = columns.map((column) => column.name);
    const written = columns.map((column, i) => (table === undefined ? undefined : currentName(table, renamed, i)) ?? column.name);
    const item: ShownItem = { name: '', columns: written, ...(tableOid === undefined ? {} : { source: { oid: tableOid, columns: names } }) };
    columns.forEach((column, at) => this.#references.set(column.id, { item, at }));
  }
}

function functionName(item: ast.FunctionItem): string {
  const [only] = item.functions;
  return only === undefined ? '' : only.call.kind === 'function' ? (only.call.name.at(-1) as string) : columnName(only.call);
}

/** `t_1` of `t`. */
function isNumbered(alias: string, name: string): boolean {
  return alias.startsWith(`${name}_`) && /^\d+$/.test(alias.slice(name.length + 1));
}

function originalName(relation: Relation, at: number): string | undefined {
  return relation.kind === 'sequence' ? undefined : relation.columns[at]?.name;
}

/** What the column at that place of the relation is called in the other catalog. */
function currentName(relation: Relation, renamed: Relation | undefined, at: number): string | undefined {
  if (renamed === undefined || relation.kind === 'sequence' || renamed.kind === 'sequence') return undefined;
  if (relation.kind === 'view') return renamed.kind === 'view' ? renamed.columns[at]?.name : undefined;
  const attribute = relation.columns[at]?.attribute;
  return renamed.kind === 'view' ? undefined : renamed.columns.find((column) => column.attribute === attribute)?.name;
}

/** The bound query as the catalog keeps it; `names`: those of the view's columns. */
export function restateQuery(query: ast.Select, names: readonly string[] | undefined, options: RestateOptions): ast.Select {
  return new Restater(options).select(query, names);
}

/** The bound expression over a table's columns (none: over nothing) as the catalog keeps it. */
export function restateExpression(
  expression: ast.Expression,
  columns: readonly { readonly id: number; readonly name: string }[],
  options: RestateOptions,
): ast.Expression {
  const restater = new Restater(options);
  restater.overTable(columns);
  return restater.expression(expression, false);
}
