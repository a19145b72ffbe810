/**
 * Prepared statements and portals of a session.
 */
import type { EventChanges, SessionObjects } from '../../catalog/pg-catalog/node-view.js';
import { PgError } from '../../common/errors.js';
import type { Table } from '../../catalog/table.js';
import type { Statement } from '../../sql/ast.js';
import type { Compiled } from './compile.js';
import type { CursorRows } from './cursor-rows.js';
import { nowMicros } from './transaction-state.js';
import type { RowSlicer } from './row-slicer.js';
import type { Parameters } from './run-query.js';
import type { FormatCode, Portal, PreparedStatement, ResultColumn, StatementDescription } from './session.js';

const customPlansFirst = 5;

export class SessionStatement implements PreparedStatement {
  constructor(
    readonly name: string,
    readonly text: string,
    /** undefined: the text was empty. */
    readonly statement: Statement | undefined,
    /** As declared by Parse or PREPARE: types may be missing. */
    readonly declaredOids: readonly number[],
    public compiled: Compiled | undefined,
    readonly parameterOids: readonly number[],
    /** Catalog version and search path that `compiled` was made for. */
    public compiledFor: string,
    /** Made by PREPARE. */
    readonly fromSql = false,
  ) {
    this.preparedMicros = name === '' ? 0n : nowMicros();
  }

  /** (Only named ones are shown.) */
  readonly preparedMicros: bigint;
  genericPlans = 0;
  customPlans = 0;

  /** One execution more, counted as PostgreSQL's plan cache would choose a plan: the first five with their parameters, then one for all. */
  count(mode: string): void {
    const generic = mode === 'force_generic_plan' || (mode === 'auto' && (this.parameterOids.length === 0 || this.customPlans >= customPlansFirst));
    if (generic || this.parameterOids.length === 0) this.genericPlans++;
    else this.customPlans++;
  }

  get isEmpty(): boolean {
    return this.statement === undefined;
  }

  get description(): StatementDescription {
    return { parameterOids: this.parameterOids, columns: this.compiled?.columns };
  }
}

/** A table whose rows a cursor's rows are, and the columns that tell which. */
export interface CursorPlace {
  readonly table: Table;
  readonly shard: number;
  readonly rowid: number;
  /** The OID of the row's table. */
  readonly tableOid: number | undefined;
}

/** What a portal that DECLARE has made has besides. */
export interface CursorState {
  /** May go back. */
  readonly scroll: boolean;
  readonly scrollAsked: boolean;
  readonly hold: boolean;
  readonly binary: boolean;
  readonly declaredMicros: bigint;
  /** Where the rows' places stand among the columns that come. */
  readonly places: readonly CursorPlace[];
  /** The position at which WHERE CURRENT OF has asked last, and by position where rows have gone since. */
  asked: number;
  readonly moved: Map<number, readonly { readonly shard: number; readonly rowid: number }[]>;
  /** Rows read, but for the first `forgotten`. */
  rows: CursorRows;
  /** Rows are kept for going back. */
  kept: boolean;
  forgotten: number;
  /** 0: before the first row. */
  position: number;
  /** Outlives its transaction. */
  held: boolean;
  /** Why DECLARE could not begin: FETCH tells. */
  failure: Error | undefined;
}

export class SessionPortal implements Portal {
  /** When it was made, among the portals of the session. */
  serial = 0;
  readonly createdMicros = nowMicros();
  /** Rows on their way, once executed. */
  slicer: RowSlicer | undefined;
  state: 'ready' | 'running' | 'done' = 'ready';
  tag = '';

  constructor(
    readonly name: string,
    readonly source: SessionStatement,
    public compiled: Compiled | undefined,
    readonly parameters: Parameters,
    readonly resultFormats: readonly FormatCode[],
    /** Made by DECLARE: lives to the end of the transaction, or of the session (WITH HOLD). */
    readonly cursor: boolean,
    readonly cursorState?: CursorState,
  ) {}

  get columns(): readonly ResultColumn[] | undefined {
    return this.compiled?.columns;
  }

  close(): void {
    this.detach();
    this.cursorState?.rows.close();
  }

  /** Gives up the rows that have not been read. */
  detach(): void {
    this.slicer?.close();
    this.slicer = undefined;
    this.state = 'done';
  }
}

/** The statements and portals by name; '' is the unnamed one. */
export class NamedObjects {
  readonly statements = new Map<string, SessionStatement>();
  readonly portals = new Map<string, SessionPortal>();
  #serial = 0;
  /** What the event trigger that fires is told. */
  eventChanges: EventChanges | undefined;

  /** For pg_prepared_statements and pg_cursors. */
  readonly objects: SessionObjects = {
    eventChanges: () => this.eventChanges,
    preparedStatements: () =>
      [...this.statements.values()].flatMap(({ name, text, preparedMicros, parameterOids, fromSql, genericPlans, customPlans }) =>
        name === '' ? [] : [{ name, text, preparedMicros, parameterOids, fromSql, genericPlans, customPlans }],
      ),
    cursors: () =>
      Array.from(this.portals.values(), ({ name, source, cursorState, createdMicros }) => ({
        name,
        text: source.text,
        isHoldable: cursorState?.hold === true,
        isBinary: cursorState?.binary === true,
        isScrollable: cursorState?.scroll === true,
        createdMicros: cursorState?.declaredMicros ?? createdMicros,
      })),
  };

  /** The number of the newest portal. */
  get serial(): number {
    return this.#serial;
  }

  putStatement(statement: SessionStatement): void {
    if (statement.name !== '' && this.statements.has(statement.name)) throw new PgError('42P05', `prepared statement "${statement.name}" already exists`);
    this.statements.set(statement.name, statement);
  }

  statement(name: string): SessionStatement {
    const statement = this.statements.get(name);
    if (statement === undefined)
      throw new PgError('26000', name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`);
    return statement;
  }

  putPortal(portal: SessionPortal): void {
    const old = this.portals.get(portal.name);
    if (old !== undefined) {
      if (portal.name !== '') throw new PgError('42P03', `cursor "${portal.name}" already exists`);
      old.close();
    }
    portal.serial = ++this.#serial;
    this.portals.set(portal.name, portal);
  }

  portal(name: string): SessionPortal {
    const portal = this.portals.get(name);
    if (portal === undefined) throw new PgError('34000', `portal "${name}" does not exist`);
    return portal;
  }

  closePortal(name: string): boolean {
    const portal = this.portals.get(name);
    portal?.close();
    return this.portals.delete(name);
  }

  /** Portals do not outlive their transaction, but for held cursors. */
  endTransaction(): void {
    for (const [name, portal] of this.portals) if (portal.cursorState?.held !== true) this.closePortal(name);
  }

  /** ROLLBACK TO closes what was made after the savepoint. */
  closeMadeAfter(serial: number): void {
    for (const [name, portal] of this.portals) if (portal.serial > serial) this.closePortal(name);
  }

  closePortals(): void {
    for (const portal of this.portals.values()) portal.close();
    this.portals.clear();
  }
}
