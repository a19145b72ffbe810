/**
 * The state of one statement that is being written: parameters, column bindings, aliases. Shared by the expression and the relation writers, which call each other
 * through it.
 */
import { assert } from '../../common/errors.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Table } from '../../catalog/table.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { CatalogLanding } from '../../plan/physical.js';
import type { LogicalNode, Scan } from '../../plan/logical.js';
import type { Block } from './block.js';
import { Parameters } from './parameters.js';
import type { Spelled } from './spelled.js';

export type ScanSpelling =
  /** The fragment's own shard: a hole in the text. */
  | { readonly kind: 'shard'; readonly group: number }
  /** UNION ALL over these shards of the node. */
  | { readonly kind: 'union'; readonly schemas: readonly { readonly schema: string; readonly index: number }[] }
  | { readonly kind: 'global' }
  /** A reference table's rows of one of so many ranges: that of the fragment's index. */
  | { readonly kind: 'range'; readonly count: number };

export interface WriteOptions {
  readonly catalog: CatalogSnapshot;
  /** How the scan of a table is spelled. */
  scan(scan: Scan): ScanSpelling;
  /** The cancel test of a scan: every (mask + 1)th row; undefined: none. */
  tickMask?(scan: Scan): number | undefined;
  /** Numeric arithmetic by exact kernels alone: for planning again after SH002 or SQLite's 'integer overflow'. */
  readonly exactNumeric?: boolean;
}

/** A CTE as its readers see it. */
export interface WrittenCte {
  readonly name: string;
  /** Per column: how it reads behind an alias. */
  readonly columns: readonly { readonly name: string; readonly spelled: Spelled }[];
  /** Set while the recursive term is written: where the reference must stand in its FROM. */
  recursion?: { references: number };
  /** Set while the recursive term of a loop is written: what json_each reads the working table from, and a condition on its items (`item` is their alias). */
  working?: { readonly rows: string; readonly condition: ((item: string) => string) | undefined };
}

export class Scope {
  readonly parameters = new Parameters();
  readonly ctes = new Map<number, WrittenCte>();
  /** Scans that read one row: they need no cancel test. */
  readonly lookups = new Set<Scan>();
  /** Tables by the alias of their scan. */
  readonly scanned = new Map<string, Table>();
  readonly #bindings = new Map<ColumnId, Spelled>();
  #aliases = 0;
  #names = 0;
  /** Set by write.ts. */
  expression!: (e: Expression) => Spelled;
  /** Writes a numeric so that its scale may differ from PostgreSQL's by trailing zeros: for sums and comparisons. */
  looseNumeric!: (e: Expression) => Spelled;
  block!: (node: LogicalNode) => Block;
  /** A call of a numeric kernel (numeric_add, ...) over values in any representation. */
  numericCall!: (name: string, args: readonly Spelled[]) => Spelled;

  constructor(
    readonly options: WriteOptions,
    /** Catalog relations that must be landed before the statement runs, by name. */
    readonly catalogLandings: Map<string, CatalogLanding>,
  ) {}

  get exactNumeric(): boolean {
    return this.options.exactNumeric === true;
  }

  alias(): string {
    return `t${String(++this.#aliases)}`;
  }

  /** A name for a CTE, unique in the statement. */
  name(prefix: string): string {
    return `${prefix}${String(++this.#names)}`;
  }

  /** An id for a column that only the writer knows. */
  freshColumn(): ColumnId {
    return (-1 - ++this.#names) as ColumnId;
  }

  bind(id: ColumnId, spelled: Spelled): void {
    this.#bindings.set(id, spelled);
  }

  binding(id: ColumnId): Spelled {
    const spelled = this.#bindings.get(id);
    assert(spelled !== undefined, `column ${String(id)} is bound`);
    return spelled;
  }

  isBound(id: ColumnId): boolean {
    return this.#bindings.has(id);
  }
}
