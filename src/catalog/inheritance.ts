/**
 * Table inheritance: a table may have parents, whose columns it has, too; its rows are rows of its parents wherever those are read or written without ONLY. Each table
 * keeps its rows in files of its own, wherever its own distribution puts them. Read by the binder (FROM and the targets of writes), DDL and pg_catalog.
 */
import type { CatalogSnapshot } from './snapshot.js';
import type { Column, Table } from './table.js';

const childrenByCatalog = new WeakMap<CatalogSnapshot, ReadonlyMap<number, readonly Table[]>>();

/** The tables that name the relation as a parent, by OID as PostgreSQL locks and scans them. */
export function childrenOf(catalog: CatalogSnapshot, oid: number): readonly Table[] {
  let children = childrenByCatalog.get(catalog);
  if (children === undefined) {
    const made = new Map<number, Table[]>();
    for (const relation of catalog.data.relations) {
      if (relation.kind !== 'table') continue;
      for (const parent of relation.parents ?? []) made.set(parent, [...(made.get(parent) ?? []), relation]);
    }
    for (const list of made.values()) list.sort((a, b) => a.oid - b.oid);
    childrenByCatalog.set(catalog, (children = made));
  }
  return children.get(oid) ?? [];
}

/** The table itself, its children, theirs, and so on, each once. */
export function inheritorsOf(catalog: CatalogSnapshot, table: Table): readonly Table[] {
  const found: Table[] = [table];
  for (const one of found) for (const child of childrenOf(catalog, one.oid)) if (!found.some((other) => other.oid === child.oid)) found.push(child);
  return found;
}

/** The column of an inheritor that stands for a column of its ancestor. */
export function inheritedColumn(inheritor: Table, column: Column): Column {
  const found = inheritor.columns.find((candidate) => candidate.name === column.name);
  if (found === undefined) throw new Error(`assertion failed: ${inheritor.name} has column ${column.name}`);
  return found;
}
