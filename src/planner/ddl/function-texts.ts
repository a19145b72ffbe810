/** Functions in stored texts (defaults, checks, views, bodies): calls of the database's own functions are written out with their schema when the text is stored. */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { functionsNamed } from '../../functions/registry.js';

/** The tree with the schema before the name of every function that only the database itself has. */
export function qualifyFunctions<T>(tree: T, catalog: CatalogSnapshot, searchPath: readonly string[]): T {
  const { functions, types } = catalog;
  if (functions.isEmpty && !types.hasRanges) return tree;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
    const { kind, name } = value as { readonly kind?: string; readonly name?: readonly string[] };
    if (kind !== 'function' || !Array.isArray(name) || name.length !== 1) return copy;
    const [own] = name as [string];
    if (functionsNamed(own).length > 0) return copy;
    const schema = searchPath.find((path) => functions.named(path, own).length > 0 || types.constructed(path, own) !== undefined);
    return schema === undefined ? copy : { ...copy, name: [schema, own] };
  };
  return visit(tree) as T;
}

/** The tree with the schema before the name of every table that is no WITH query. */
export function qualifyTables<T>(tree: T, catalog: CatalogSnapshot, searchPath: readonly string[]): T {
  const visit = (value: unknown, ctes: ReadonlySet<string>): unknown => {
    if (Array.isArray(value)) return value.map((item) => visit(item, ctes));
    if (typeof value !== 'object' || value === null) return value;
    const node = value as {
      readonly kind?: string;
      readonly name?: { readonly schema?: string; readonly name: string };
      readonly with?: { readonly tables: readonly { readonly name: string }[] };
    };
    const inner = node.with === undefined ? ctes : new Set([...ctes, ...node.with.tables.map((table) => table.name)]);
    const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part, inner)]));
    if (node.kind === 'table' && typeof node.name === 'object' && node.name.schema === undefined && !inner.has(node.name.name)) {
      const relation = catalog.find(searchPath, node.name.name);
      if (relation !== undefined) return { ...copy, name: { ...node.name, schema: relation.schema } };
    }
    return copy;
  };
  return visit(tree, new Set()) as T;
}
