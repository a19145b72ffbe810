/**
 * Tables whose rows referential actions change when a statement deletes or updates rows that they refer to: what such a row must fulfil, and what of it is computed
 * (generated columns, defaults of SET DEFAULT). Tables for which nothing is computed or checked are left out. Called by UPDATE, DELETE, MERGE and ON CONFLICT.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { ForeignKey, Table } from '../../catalog/table.js';
import type { Follower } from '../../plan/logical.js';
import type { Binder } from './binder.js';
import { partitionChecks } from './partition.js';
import type { Scope } from './scope.js';
import { checksOf, defaultOf, generatedValue, rowColumns } from './standalone.js';

interface Reference {
  readonly child: Table;
  readonly key: ForeignKey;
}

const known = new WeakMap<CatalogSnapshot, ReadonlyMap<number, readonly Reference[]>>();

function references(catalog: CatalogSnapshot): ReadonlyMap<number, readonly Reference[]> {
  let all = known.get(catalog);
  if (all === undefined) {
    const map = new Map<number, Reference[]>();
    for (const child of catalog.data.relations) {
      if (child.kind !== 'table') continue;
      for (const key of child.foreignKeys) map.set(key.targetOid, [...(map.get(key.targetOid) ?? []), { child, key }]);
    }
    known.set(catalog, (all = map));
  }
  return all;
}

type Change = 'delete' | 'update';

export function followersOf(binder: Binder, scope: Scope, table: Table, changes: readonly Change[]): readonly Follower[] {
  const all = references(binder.context.catalog);
  if (!all.has(table.oid)) return [];
  /** The columns that SET DEFAULT sets, by table. */
  const updated = new Map<Table, Set<number>>();
  const seen = new Set<string>();
  const visit = (oid: number, change: Change): void => {
    if (seen.has(`${change} ${String(oid)}`)) return;
    seen.add(`${change} ${String(oid)}`);
    for (const { child, key } of all.get(oid) ?? []) {
      const action = change === 'delete' ? key.onDelete : key.onUpdate;
      if (action === 'noAction' || action === 'restrict') continue;
      if (action === 'cascade' && change === 'delete') {
        visit(child.oid, 'delete');
        continue;
      }
      const defaults = updated.get(child) ?? new Set<number>();
      updated.set(child, defaults);
      if (action === 'setDefault') for (const attribute of (change === 'delete' ? key.onDeleteColumns : undefined) ?? key.columns) defaults.add(attribute);
      visit(child.oid, 'update');
    }
  };
  for (const change of changes) visit(table.oid, change);
  return [...updated].flatMap(([child, defaults]): readonly Follower[] => {
    const isComputed = child.columns.some((column) => column.generated !== undefined);
    if (child.checks.length === 0 && child.partitioning === undefined && !isComputed && defaults.size === 0) return [];
    const row = rowColumns(binder, child, scope);
    return [
      {
        table: child,
        row,
        checks: [...checksOf(binder, child, row), ...partitionChecks(binder, child, row)],
        generated: child.columns.flatMap((column) =>
          column.generated === undefined ? [] : [{ attribute: column.attribute, expression: generatedValue(binder, child, column, row) }],
        ),
        defaults: child.columns.flatMap((column) =>
          defaults.has(column.attribute) ? [{ attribute: column.attribute, expression: defaultOf(binder, child, column) }] : [],
        ),
      },
    ];
  });
}

export function followersField(followers: readonly Follower[]): { readonly followers?: readonly Follower[] } {
  return followers.length === 0 ? {} : { followers };
}
