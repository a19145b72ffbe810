/**
 * The names that a query level sees: its range of FROM items, its common table expressions, and what has been collected for it so far
 * (aggregates, window calls, set-returning calls). Scopes form a chain; a reference that is found in an outer one is correlated.
 */
import type { AggregateCall, ColumnId, Expression, SetCall, TypeRef, WindowCall } from '../../plan/expression.js';
import type { Table } from '../../catalog/table.js';
import type { CteDefinition, OutputColumn } from '../../plan/logical.js';
import type * as ast from '../../sql/ast.js';
import type { Clause } from './clause.js';

/** A column of a FROM item: what a reference to it stands for (a column, or COALESCE of both sides of a FULL JOIN USING). */
export interface RangeColumn {
  readonly name: string;
  readonly expression: Expression;
}

/** Where a table's row is: its shard, its _rowid, and the OID of its table where that may be one that inherits from the named one. */
export interface RowPlace {
  readonly shard: OutputColumn;
  readonly rowid: OutputColumn;
  readonly table?: OutputColumn;
}

/** A FROM item under its name. */
export interface RangeItem {
  /** Undefined for an unnamed join or a subquery of VALUES without alias. */
  readonly name: string | undefined;
  /** Schema of a table that is not renamed, so that `s.t.c` finds it. */
  readonly schema: string | undefined;
  readonly columns: readonly RangeColumn[];
  /** For system columns and functional dependency. */
  readonly table?: Table;
  /** `tableoid` where it differs from row to row. */
  readonly tableOid?: () => Expression;
  /** System columns of transactions that its rows cannot tell: those of a row on its own have none, one that INSERT ... ON CONFLICT DO UPDATE answers no xmax. */
  readonly withoutTransactions?: 'all' | 'xmax';
  /** OID of a relation of pg_catalog, for its system columns. */
  readonly catalogOid?: number;
  readonly isFunctionScalar?: boolean;
  /** Columns that `*` leaves out: those of SEARCH and CYCLE within the recursive term. */
  readonly hidden?: readonly string[];
  /** Shard number and _rowid of a table's rows, when the statement writes or locks them. */
  readonly row?: RowPlace;
}

/** What `*` stands for. */
export function starColumns({ columns, hidden }: RangeItem): readonly RangeColumn[] {
  return hidden === undefined ? columns : columns.filter((column) => !hidden.includes(column.name));
}

/** An item with its present visibility. */
export interface NamespaceEntry {
  readonly item: RangeItem;
  /** `name.column` and the whole row can be written. */
  relationVisible: boolean;
  /** Columns can be written without qualification. */
  columnsVisible: boolean;
  /** Only LATERAL items may see it (it stands to the left in the same FROM). */
  lateralOnly: boolean;
  /** False inside the right side of a RIGHT or FULL join. */
  lateralAllowed: boolean;
}

export interface CommonTable {
  readonly name: string;
  readonly id: number;
  readonly columns: readonly { readonly name: string; readonly type: TypeRef; readonly origin: Origin | undefined }[];
  /** A data-changing query without RETURNING has nothing to be read. */
  readonly silent?: true;
  readonly hidden?: readonly string[];
  /** Set while the recursive term is bound. */
  readonly recursive?: { uses: number; forbidden: string | undefined };
}

/** The table column that an output column shows, for RowDescription. */
export interface Origin {
  readonly tableOid: number;
  readonly attribute: number;
}

export interface CollectedAggregate {
  readonly id: ColumnId;
  readonly call: AggregateCall;
  readonly position: number | undefined;
}
export interface CollectedWindow {
  readonly id: ColumnId;
  readonly call: WindowCall;
}
export interface CollectedSet {
  readonly columns: readonly OutputColumn[];
  readonly call: SetCall;
  /** 0: its arguments hold no other set. */
  readonly level: number;
}
export interface CollectedGrouping {
  readonly id: ColumnId;
  readonly args: readonly Expression[];
  readonly position: number | undefined;
}

export class Scope {
  readonly namespace: NamespaceEntry[] = [];
  /** Every item of this level's FROM, visible or not, for hints. */
  readonly range: RangeItem[] = [];
  readonly commonTables = new Map<string, CommonTable>();
  /** WITH items of this level that cannot be read yet. */
  readonly futureTables = new Set<string>();
  readonly definitions: CteDefinition[] = [];
  readonly aggregates: CollectedAggregate[] = [];
  readonly windows: CollectedWindow[] = [];
  readonly sets: CollectedSet[] = [];
  readonly groupings: CollectedGrouping[] = [];
  readonly namedWindows = new Map<string, ast.WindowSpecification>();
  readonly depth: number;
  clause: Clause = 'select';
  lateralActive = false;
  /** How many references went to items that stand to the left in the same FROM. */
  lateralUses = 0;
  /** The level is a subquery of an expression. */
  inExpression = false;
  /** The recursive table that this level reads. */
  recursive: string | undefined;
  /** Tables of this level are scanned with shard number and _rowid (FOR UPDATE). */
  wantsRows = false;
  /** Why set-returning calls cannot stand here, e.g. 'CASE'. */
  setsForbidden: string | undefined;

  /** The level is a data-changing WITH query. */
  inWith = false;

  constructor(readonly parent: Scope | undefined) {
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  add(item: RangeItem): NamespaceEntry {
    const entry: NamespaceEntry = { item, relationVisible: item.name !== undefined, columnsVisible: true, lateralOnly: false, lateralAllowed: true };
    this.range.push(item);
    this.namespace.push(entry);
    return entry;
  }
}
