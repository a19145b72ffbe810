/**
 * Whether what is left of a statement, once functions have been called for it, still fits the catalog: calls must not be made twice, so such a statement is not bound anew.
 * Called by run-query and routines/statement-calls.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Table } from '../../catalog/table.js';
import type { LogicalNode } from '../../plan/logical.js';
import { forEachNode } from '../../plan/walk.js';

export function isUnchanged(table: Table, catalog: CatalogSnapshot): boolean {
  const now = catalog.relationByOid(table.oid);
  return now === table || (now !== undefined && JSON.stringify(now) === JSON.stringify(table));
}

/** Whether the tables that a bound plan reads are in the catalog as they were. */
export function readsSameTables(plan: LogicalNode, catalog: CatalogSnapshot): boolean {
  let same = true;
  forEachNode(plan, (node) => {
    if (node.kind === 'scan') same &&= isUnchanged(node.table, catalog);
  });
  return same;
}
