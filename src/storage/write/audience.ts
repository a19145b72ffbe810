/**
 * What the role that runs a statement may be told of rows by errors of constraints: of a table that it may not read only the columns that it may, or has itself written; under
 * row-level security nothing. Source: ExecBuildSlotValueDescription, BuildIndexValueDescription and ri_ReportViolation of PostgreSQL 15. Used by constraint-errors.ts.
 */
import type { Table } from '../../catalog/table.js';
import type { CatalogLookup } from '../../functions/function.js';
import type { TaskContext } from '../ports.js';

export interface Audience {
  readonly context: TaskContext;
  readonly lookup: CatalogLookup;
  /** Attribute numbers that the statement gives values to. */
  readonly written: readonly number[];
}

function isHidden({ context, lookup }: Audience, table: Table): boolean {
  return lookup.rowSecurityActive(table.oid, context.currentUser) === true;
}

/** (A table that the catalog does not know is the transaction's own.) */
function mayReadAll({ context, lookup }: Audience, table: Table): boolean {
  return lookup.hasPrivilege({ kind: 'table', role: context.currentUser, object: table.oid, privilege: 'SELECT' }) !== false;
}

function mayReadColumn({ context, lookup }: Audience, table: Table, attribute: number): boolean {
  return lookup.hasPrivilege({ kind: 'column', role: context.currentUser, object: table.oid, column: attribute, privilege: 'SELECT' }) === true;
}

/** Whether a key of the table may be shown. An attribute 0 is an expression. */
export function seesKey(audience: Audience, table: Table, attributes: readonly number[]): boolean {
  if (isHidden(audience, table)) return false;
  return mayReadAll(audience, table) || attributes.every((attribute) => attribute !== 0 && mayReadColumn(audience, table, attribute));
}

/** Which columns of a row may be shown; undefined: all. */
export function seenColumns(audience: Audience, table: Table): ReadonlySet<number> | undefined {
  if (isHidden(audience, table)) return new Set();
  if (mayReadAll(audience, table)) return undefined;
  const { written } = audience;
  return new Set(
    table.columns.map(({ attribute }) => attribute).filter((attribute) => written.includes(attribute) || mayReadColumn(audience, table, attribute)),
  );
}
