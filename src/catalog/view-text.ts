/**
 * A view's query as pg_get_viewdef shows it: columns with the name of their table, stars written out, tables without a schema that the search path implies.
 * Used by definitions.ts; the stored text itself stays as it is.
 *
 * Columns of a level that reads anything but tables and views stay as they were written.
 */
import type { Collate, ColumnReference, Expression, FromItem, QualifiedName, Select, SelectCore, SetOperation, TableItem, Target, Values } from '../sql/ast.js';
import { isParserReady, parse } from '../sql/parser.js';
import { findCollation } from './collation.js';
import { isClassVisible } from './object-names.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { View } from './table.js';

interface Item {
  readonly name: string;
  readonly oid: number;
  readonly columns: readonly string[];
}

/** The items of one query level; undefined: not all are known. */
type Level = readonly Item[] | undefined;

/** Told of every column of a relation that a query reads, as far as its items are known. */
export type ColumnRead = (relationOid: number, column: string) => void;

class Shower {
  constructor(
    private readonly catalog: CatalogSnapshot,
    private readonly searchPath: readonly string[],
    private readonly onColumn: ColumnRead = () => undefined,
  ) {}

  select(select: Select, outer: readonly Level[], ctes: ReadonlySet<string>): Select {
    const inner = select.with === undefined ? ctes : new Set([...ctes, ...select.with.tables.map((table) => table.name)]);
    const levels: readonly Level[] = select.body.kind === 'core' ? [this.level(select.body, inner), ...outer] : [undefined, ...outer];
    const outputs = new Set(select.body.kind === 'core' ? select.body.targets.map((target) => target.name ?? '') : []);
    const withPart = select.with === undefined ? {} : { with: this.walk(select.with, outer, inner) };
    return {
      ...select,
      ...withPart,
      body: this.body(select.body, levels, outer, inner),
      orderBy: select.orderBy.map((item) => (this.isOutput(item.expression, outputs, select.body) ? item : this.walk(item, levels, inner))),
      limit: this.walk(select.limit, levels, inner),
      offset: this.walk(select.offset, levels, inner),
    };
  }

  /** ORDER BY of an output's name or number. */
  private isOutput(expression: Expression, outputs: ReadonlySet<string>, body: Select['body']): boolean {
    return body.kind !== 'core' || (expression.kind === 'column' && expression.parts.length === 1 && outputs.has(expression.parts[0] as string));
  }

  private body(
    body: SelectCore | SetOperation | Values,
    levels: readonly Level[],
    outer: readonly Level[],
    ctes: ReadonlySet<string>,
  ): SelectCore | SetOperation | Values {
    if (body.kind !== 'core') return this.walk(body, outer, ctes);
    const targets = body.targets.flatMap((target): readonly Target[] => this.target(target, levels[0]) ?? [this.walk(target, levels, ctes)]);
    const { targets: _, kind, ...rest } = body;
    return { kind, ...this.walk(rest, levels, ctes), targets };
  }

  /** A star as the columns that it stands for. */
  private target(target: Target, level: Level): readonly Target[] | undefined {
    const { expression } = target;
    if (expression.kind !== 'star' || level === undefined) return undefined;
    const items = expression.qualifier.length === 0 ? level : level.filter((item) => item.name === expression.qualifier.at(-1));
    for (const item of items) for (const column of item.columns) this.onColumn(item.oid, column);
    return items.flatMap((item) => item.columns.map((column): Target => ({ expression: { kind: 'column', parts: [item.name, column] } })));
  }

  private level(core: SelectCore, ctes: ReadonlySet<string>): Level {
    const items: Item[] = [];
    const add = (item: FromItem): boolean => {
      switch (item.kind) {
        case 'table': {
          const found =
            item.name.schema === undefined && ctes.has(item.name.name) ? undefined : this.catalog.relation(item.name.schema ?? 'public', item.name.name);
          if (found === undefined || found.kind === 'sequence' || (item.alias?.columns.length ?? 0) > 0) return false;
          items.push({ name: item.alias?.name ?? item.name.name, oid: found.oid, columns: found.columns.map((column) => column.name) });
          return true;
        }
        case 'join':
          return item.alias === undefined && !item.natural && item.using.length === 0 && add(item.left) && add(item.right);
        default:
          return false;
      }
    };
    return core.from.every(add) ? items : undefined;
  }

  private column(node: ColumnReference, levels: readonly Level[]): ColumnReference {
    const [name] = node.parts;
    if (node.parts.length === 2) {
      for (const level of levels) {
        const item = level?.find((one) => one.name === name);
        if (item === undefined) continue;
        this.onColumn(item.oid, node.parts[1] as string);
        break;
      }
    }
    if (node.parts.length !== 1 || name === undefined) return node;
    for (const level of levels) {
      if (level === undefined) return node;
      const owners = level.filter((item) => item.columns.includes(name));
      if (owners.length === 1) this.onColumn((owners[0] as Item).oid, name);
      if (owners.length === 1) return { ...node, parts: [(owners[0] as Item).name, name] };
      if (owners.length > 1) return node;
    }
    return node;
  }

  private table(node: TableItem, ctes: ReadonlySet<string>): TableItem {
    const { schema, name } = node.name;
    const relation = schema === undefined ? undefined : this.catalog.relation(schema, name);
    if (relation === undefined || ctes.has(name) || isClassVisible(this.catalog, this.searchPath, relation.oid) !== true) return node;
    return { ...node, name: { name } };
  }

  /** Every node below, by kind. */
  private walk<T>(tree: T, levels: readonly Level[], ctes: ReadonlySet<string>): T {
    const visit = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(visit);
      if (typeof value !== 'object' || value === null) return value;
      const { kind } = value as { readonly kind?: string };
      if (kind === 'select') return this.select(value as Select, levels, ctes);
      if (kind === 'column') return this.column(value as ColumnReference, levels);
      if (kind === 'core') return this.select({ kind: 'select', body: value as SelectCore, orderBy: [], withTies: false, locking: [] }, levels, ctes).body;
      const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
      return kind === 'table' ? this.table(copy as unknown as TableItem, ctes) : copy;
    };
    return visit(tree) as T;
  }
}

/** Functions and types of the database without a schema that the search path implies. */
export function shortNames<T>(tree: T, catalog: CatalogSnapshot, searchPath: readonly string[]): T {
  const collations = catalog.data.collations ?? [];
  if (catalog.functions.isEmpty && (catalog.data.types ?? []).length === 0 && collations.length === 0) return tree;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
    const { kind, name, names } = copy as { readonly kind?: string; readonly name?: unknown; readonly names?: unknown };
    if (kind === 'collate' && collations.length > 0) {
      const { collation } = copy as unknown as Collate;
      const oid = findCollation(catalog, [], collation);
      const [, own] = collation;
      return oid !== undefined && own !== undefined && findCollation(catalog, searchPath, [own]) === oid ? { ...copy, collation: [own] } : copy;
    }
    if (kind === 'function' && Array.isArray(name) && name.length === 2) {
      const [schema, own] = name as [string, string];
      const found = catalog.functions.named(schema, own);
      // (A range type has constructors of its name.)
      const type = catalog.types.oidOf(schema, own);
      const isShort =
        found.length > 0
          ? found.every((one) => catalog.functions.isVisible(one, searchPath))
          : type !== undefined && catalog.types.find(searchPath, own) === type;
      if (isShort) return { ...copy, name: [own] };
    } else if (kind === undefined && Array.isArray(names) && names.length === 2 && 'typmods' in copy) {
      const [schema, own] = names as [string, string];
      const oid = catalog.types.oidOf(schema, own);
      if (oid !== undefined && catalog.types.find(searchPath, own) === oid) return { ...copy, names: [own] };
    }
    return copy;
  };
  return visit(tree) as T;
}

/** columns: how many the view has; a star may stand for more by now. */
export function shownQuery(catalog: CatalogSnapshot, searchPath: readonly string[], query: Select, columns: number): Select {
  const shown = shortNames(new Shower(catalog, searchPath).select(query, [], new Set()), catalog, searchPath);
  const { body } = shown;
  return body.kind === 'core' && body.targets.length > columns ? { ...shown, body: { ...body, targets: body.targets.slice(0, columns) } } : shown;
}

/** OIDs of the relations that a view's query names. */
function relationsRead(catalog: CatalogSnapshot, view: Pick<View, 'queryText'>): ReadonlySet<number> {
  const found = new Set<number>();
  if (!isParserReady()) return found;
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { kind, name } = value as { readonly kind?: string; readonly name?: QualifiedName };
    const oid = kind === 'table' && typeof name === 'object' && name.schema !== undefined ? catalog.relation(name.schema, name.name)?.oid : undefined;
    if (oid !== undefined) found.add(oid);
    Object.values(value).forEach(visit);
  };
  visit(parse(view.queryText));
  return found;
}

const columnsBySnapshot = new WeakMap<CatalogSnapshot, Map<number, readonly ReadColumns[]>>();

export interface ReadColumns {
  readonly oid: number;
  readonly columns: readonly string[];
}

/** The relations that a view reads, each with the columns that the query names. Asked for by pg_depend and the views of usage, again and again. */
export function columnsRead(catalog: CatalogSnapshot, view: Pick<View, 'oid' | 'queryText'>): readonly ReadColumns[] {
  let known = columnsBySnapshot.get(catalog);
  if (known === undefined) columnsBySnapshot.set(catalog, (known = new Map<number, readonly ReadColumns[]>()));
  let found = known.get(view.oid);
  if (found === undefined) known.set(view.oid, (found = readColumns(catalog, view)));
  return found;
}

function readColumns(catalog: CatalogSnapshot, view: Pick<View, 'queryText'>): readonly ReadColumns[] {
  const columns = new Map<number, Set<string>>([...relationsRead(catalog, view)].map((oid) => [oid, new Set<string>()]));
  if (isParserReady()) {
    const [only] = parse(view.queryText);
    const shower = new Shower(catalog, ['public'], (oid, column) => columns.get(oid)?.add(column));
    if (only?.statement.kind === 'select') shower.select(only.statement, [], new Set());
  }
  return [...columns].map(([oid, names]) => ({ oid, columns: [...names] }));
}
