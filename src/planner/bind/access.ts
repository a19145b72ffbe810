/**
 * What a statement may do with the relations and functions that it names: collected while it is bound, judged when all is bound, told when it is executed (a statement
 * may be prepared, or kept as a view, by a role that may not run it). Each relation is judged as a role of its own: that of the statement, or the owner of the view that
 * names it. Which columns are read is noted where references are resolved.
 * Source: ExecCheckRTPerms() of PostgreSQL 15's execMain.c, checkAsUser of rewriteHandler.c.
 */
import { allPrivileges, privilegeBits } from '../../catalog/acl.js';
import { deniedText, privilegesOn, privilegesOnColumn, type Securable } from '../../catalog/privileges.js';
import type { Role } from '../../catalog/role.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import { collectColumns } from '../../plan/walk.js';

/** One relation of the statement. */
export class RelationUse {
  /** Attribute number by the columns that stand for it. */
  readonly #attributes = new Map<ColumnId, number>();
  readonly #selected = new Set<number>();
  readonly #inserted = new Set<number>();
  readonly #updated = new Set<number>();

  constructor(
    readonly securable: Securable,
    /** Name of the role as which it is judged. */
    readonly role: string,
    public privileges: number,
  ) {}

  columns(ids: readonly ColumnId[], attributes: readonly number[]): void {
    for (let i = 0; i < ids.length; i++) this.#attributes.set(ids[i] as ColumnId, attributes[i] as number);
  }

  require(privileges: number, attributes: readonly number[] = []): void {
    this.privileges |= privileges;
    for (const attribute of attributes) {
      if ((privileges & privilegeBits.select) !== 0) this.#selected.add(attribute);
      if ((privileges & privilegeBits.insert) !== 0) this.#inserted.add(attribute);
      if ((privileges & privilegeBits.update) !== 0) this.#updated.add(attribute);
    }
  }

  /** Whether some column is read so far. */
  isRead(reads: ReadonlySet<ColumnId>): boolean {
    if (this.#selected.size > 0) return true;
    for (const id of this.#attributes.keys()) if (reads.has(id)) return true;
    return false;
  }

  isAllowed(catalog: CatalogSnapshot, role: Role, reads: ReadonlySet<ColumnId>): boolean {
    for (const [id, attribute] of this.#attributes) if (reads.has(id)) this.require(privilegeBits.select, [attribute]);
    const { oid } = role;
    const missing = this.privileges & ~privilegesOn(catalog, oid, this.securable, this.privileges);
    if (missing === 0) return true;
    if ((missing & ~allPrivileges.column) !== 0) return false;
    const byColumns = (bit: number, attributes: ReadonlySet<number>): boolean => {
      if ((missing & bit) === 0) return true;
      const columns = attributes.size > 0 ? [...attributes] : undefined;
      const may = (attribute: number): boolean => privilegesOnColumn(catalog, oid, this.securable, attribute, bit) !== 0;
      return columns === undefined
        ? (catalog.aclOf('relation', this.securable.oid)?.columns ?? []).some((column) => may(column.attribute))
        : columns.every(may);
    };
    return (
      (missing & privilegeBits.references) === 0 &&
      byColumns(privilegeBits.select, this.#selected) &&
      byColumns(privilegeBits.insert, this.#inserted) &&
      byColumns(privilegeBits.update, this.#updated)
    );
  }
}

interface FunctionUse {
  readonly securable: Securable;
  readonly role: string;
}

export class Access {
  readonly #relations: RelationUse[] = [];
  readonly #functions: FunctionUse[] = [];
  /** Columns that expressions of the statement have read so far. */
  readonly reads = new Set<ColumnId>();
  #quiet = 0;

  relation(securable: Securable, role: string, privileges: number): RelationUse {
    const use = new RelationUse(securable, role, privileges);
    this.#relations.push(use);
    return use;
  }

  function(securable: Securable, role: string): void {
    this.#functions.push({ securable, role });
  }

  read(expression: Expression): void {
    if (this.#quiet > 0) return;
    if (expression.kind === 'column') this.reads.add(expression.id);
    else collectColumns(expression, this.reads);
  }

  /** Binds what belongs to the table, not to the statement (defaults, checks, policies): the columns that it reads need no privilege. */
  quietly<T>(bind: () => T): T {
    this.#quiet++;
    try {
      return bind();
    } finally {
      this.#quiet--;
    }
  }

  /** Subqueries in there read for themselves. */
  aloud<T>(bind: () => T): T {
    const before = this.#quiet;
    this.#quiet = 0;
    try {
      return bind();
    } finally {
      this.#quiet = before;
    }
  }

  /** The error of running the statement, if it may not be. */
  denied(catalog: CatalogSnapshot): PgError | undefined {
    let name: string | undefined;
    let role: Role | undefined;
    const roleOf = (wanted: string): Role | undefined => {
      if (wanted !== name) {
        name = wanted;
        role = catalog.role(wanted);
      }
      return role;
    };
    for (const use of this.#relations) {
      const judged = roleOf(use.role);
      if (judged?.superuser === true) continue;
      if (judged === undefined || !use.isAllowed(catalog, judged, this.reads)) return new PgError('42501', deniedText(use.securable));
    }
    for (const { securable, role: wanted } of this.#functions) {
      const judged = roleOf(wanted);
      if (judged?.superuser === true) continue;
      if (judged === undefined || privilegesOn(catalog, judged.oid, securable, privilegeBits.execute) === 0) return new PgError('42501', deniedText(securable));
    }
    return undefined;
  }
}
