/**
 * Cursors of SQL: DECLARE, FETCH, MOVE, CLOSE. They are portals with names, whose snapshot is taken by DECLARE. What has been read is kept for going back.
 * Source: DoPortalRunFetch of PostgreSQL 15's pquery.c.
 */
import { PgError } from '../../common/errors.js';
import { inheritorsOf } from '../../catalog/inheritance.js';
import type { Table } from '../../catalog/table.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import type { BoundQuery } from '../../planner/bind/bound.js';
import type { CursorRow } from '../../planner/bind/context.js';
import type * as ast from '../../sql/ast.js';
import { CursorRows, fieldTexts, firstFields } from './cursor-rows.js';
import type { SessionPortal } from './portal.js';
import { type CursorPlace, type CursorState, SessionStatement } from './portal.js';
import { reformatted } from './row-formats.js';
import type { ExecuteOutput, FormatCode, ResultColumn } from './session.js';
import type { ShoalSession } from './shoal-session.js';
import { nowMicros } from './transaction-state.js';

export async function declareCursor(session: ShoalSession, statement: ast.DeclareCursor): Promise<string> {
  const { core } = session;
  if (core.transaction.kind !== 'explicit' && !statement.hold) throw new PgError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
  const compiled = session.compileCursor(statement.query);
  if (compiled.kind !== 'query') throw new PgError('0A000', 'DECLARE CURSOR must not contain data-modifying statements in WITH');
  const locks = compiled.bound.locking.length > 0;
  if (locks && statement.hold)
    throw new PgError('0A000', 'DECLARE CURSOR WITH HOLD ... FOR UPDATE is not supported', { detail: 'Holdable cursors must be READ ONLY.' });
  if (locks && statement.scroll === true)
    throw new PgError('0A000', 'DECLARE SCROLL CURSOR ... FOR UPDATE is not supported', { detail: 'Scrollable cursors must be READ ONLY.' });
  if (locks && statement.sensitivity === 'insensitive')
    throw new PgError('42P11', 'DECLARE INSENSITIVE CURSOR ... FOR UPDATE is not valid', { detail: 'Insensitive cursors must be READ ONLY.' });
  if (compiled.bound.parameterTypes.length > 0) throw new PgError('42P02', 'there is no parameter $1');
  if (locks) core.requireWritable('SELECT FOR UPDATE');
  const prepared = new SessionStatement('', core.query, statement.query, [], compiled, [], '');
  const format: FormatCode = statement.binary ? 1 : 0;
  const scroll = statement.scroll ?? (!locks && goesBackward(compiled.bound.plan));
  const made = session.declareCursor(
    statement.name,
    prepared,
    (compiled.columns ?? []).map(() => format),
    {
      scroll,
      scrollAsked: statement.scroll === true,
      hold: statement.hold,
      binary: statement.binary,
      declaredMicros: nowMicros(),
      places: placesOf(compiled.bound),
      asked: 0,
      moved: new Map(),
      rows: new CursorRows(),
      kept: scroll || statement.hold,
      forgotten: 0,
      position: 0,
      held: false,
      failure: undefined,
    },
  );
  await session.openCursor(made);
  return 'DECLARE CURSOR';
}

/** Where PostgreSQL's plan could be run backwards, a cursor that does not say SCROLL or NO SCROLL may go back. */
function goesBackward(plan: LogicalNode): boolean {
  switch (plan.kind) {
    case 'values':
      // (Not the one row of a SELECT without FROM.)
      return plan.columns.length > 0;
    case 'scan':
    case 'catalogScan':
    case 'functionScan':
    case 'cteScan':
    case 'landed':
    case 'sort':
      return true;
    case 'filter':
    case 'project':
    case 'limit':
      return goesBackward(plan.input);
    case 'with':
      return goesBackward(plan.body);
    case 'projectSet':
    case 'join':
    case 'aggregate':
    case 'window':
    case 'distinct':
      return false;
    case 'setOperation':
      return plan.type === 'union' && plan.all && goesBackward(plan.left) && goesBackward(plan.right);
  }
}

/** Where the tables that the cursor locks, or the only one that it reads, have their rows' places among the plan's columns. */
export function placesOf({ plan, locking, place }: BoundQuery): readonly CursorPlace[] {
  const places = place === undefined ? locking : [place];
  const position = (column: OutputColumn): number => plan.columns.findIndex((one) => one.id === column.id);
  return places.flatMap(({ table, row }) =>
    row === undefined
      ? []
      : [{ table, shard: position(row.shard), rowid: position(row.rowid), tableOid: row.table === undefined ? undefined : position(row.table) }],
  );
}

/** A row that WHERE CURRENT OF has found is at another place since. */
export function noteMoved(session: ShoalSession, name: string, moved: { readonly shard: number; readonly rowid: number }): void {
  const state = session.names.portals.get(name)?.cursorState;
  if (state !== undefined) state.moved.set(state.asked, [...(state.moved.get(state.asked) ?? []), moved]);
}

/** Where the row on which a cursor stands is or has been (a savepoint may have brought it back), for a write to the table. Source: execCurrentOf of PostgreSQL 15's execCurrent.c. */
export function cursorRow(session: ShoalSession, name: string, table: Table): readonly CursorRow[] {
  const portal = cursor(session, name);
  const { cursorState: state, compiled } = portal;
  const refuse = (message: string): never => {
    throw new PgError('24000', `cursor "${name}" ${message}`);
  };
  if (state === undefined || compiled?.kind !== 'query') return refuse('is not a SELECT query');
  if (state.held) refuse('is held from a previous transaction');
  const found = state.places.filter(
    (place) =>
      place.table.oid === table.oid || (place.tableOid !== undefined && inheritorsOf(session.core.catalog, place.table).some((one) => one.oid === table.oid)),
  );
  const [place] = found;
  const locks = compiled.bound.locking.length > 0;
  if (place === undefined)
    return refuse(locks ? `does not have a FOR UPDATE/SHARE reference to table "${table.name}"` : `is not a simply updatable scan of table "${table.name}"`);
  if (found.length > 1) refuse(`has multiple FOR UPDATE/SHARE references to table "${table.name}"`);
  if (state.position < 1 || state.position > known(state)) refuse('is not positioned on a row');
  const fields = fieldTexts(state.rows.row(state.position - 1 - state.forgotten));
  const rowid = fields[place.rowid];
  if (rowid === undefined || rowid === null) return [];
  const tableOid = place.tableOid === undefined ? place.table.oid : Number(fields[place.tableOid]);
  state.asked = state.position;
  return [
    { tableOid, shard: Number(fields[place.shard]), rowid: Number(rowid) },
    ...(state.moved.get(state.position) ?? []).map((one) => ({ tableOid, ...one })),
  ];
}

/** undefined, too, when there is no such cursor, of which FETCH tells when it runs. */
export function cursorColumns(session: ShoalSession, name: string): readonly ResultColumn[] | undefined {
  return session.names.portals.get(name)?.columns;
}

function cursor(session: ShoalSession, name: string): SessionPortal {
  const portal = session.names.portals.get(name);
  if (portal === undefined) throw new PgError('34000', `cursor "${name}" does not exist`);
  return portal;
}

function forwardOnly(): PgError {
  return new PgError('55000', 'cursor can only scan forward', { hint: 'Declare it with SCROLL option to enable backward scan.' });
}

/** Moves over a cursor's rows: position 0 is before the first, `count + 1` after the last. */
class Walk {
  moved = 0;

  constructor(
    private readonly session: ShoalSession,
    private readonly portal: SessionPortal,
    private readonly state: CursorState,
    /** undefined for MOVE. */
    private readonly output: ExecuteOutput | undefined,
    /** Of the columns, as whoever fetches wants them. */
    private readonly formats: readonly FormatCode[],
  ) {}

  /** Reads on until row number `position` is here; the number of rows if there are fewer. */
  private async reach(position: number): Promise<number> {
    const { portal, state } = this;
    if (state.failure !== undefined) throw state.failure;
    while (!state.held && portal.state !== 'done' && known(state) < position) {
      const wanted = position - known(state);
      const taken = (bytes: Uint8Array, count: number): undefined => {
        state.rows.add(bytes, count);
      };
      const sink: ExecuteOutput = { rows: taken, copyIn: notHere, copyOut: notHere, copyData: notHere };
      await this.session.run(portal, Number.isFinite(wanted) ? Math.min(wanted, 1000) : 1000, sink);
      // A cursor that nobody has asked to go back keeps what is cheap to keep.
      if (state.rows.isLarge && !state.scrollAsked && !state.hold) state.kept = false;
      if (!state.kept && Number.isFinite(position) === false) break;
    }
    return Math.min(known(state), position);
  }

  /** Forward over `count` rows. */
  async forward(count: number): Promise<void> {
    const { state } = this;
    let left = count;
    while (left > 0) {
      // (In portions, so that rows leave before all are here.)
      const step = Math.min(left, 1000);
      const from = state.position;
      const end = await this.reach(from + step);
      const got = Math.max(0, end - from);
      for (let row = from; row < end; row++) await this.show(row);
      this.moved += got;
      left -= step;
      if (got < step) {
        state.position = known(state) + 1;
        return;
      }
      state.position = end;
      this.forget();
    }
  }

  /** What lies behind and cannot be asked for again. */
  private forget(): void {
    const { state } = this;
    if (state.kept || state.rows.count < 1000 || state.position > known(state)) return;
    const last = state.position > 0 ? state.rows.row(state.position - 1 - state.forgotten) : undefined;
    if (state.position < known(state)) return;
    state.rows.close();
    state.forgotten = state.position - (last === undefined ? 0 : 1);
    state.rows = new CursorRows();
    if (last !== undefined) state.rows.add(last, 1);
  }

  private requireScroll(): void {
    if (!this.state.scroll || this.state.forgotten > 0) throw forwardOnly();
  }

  async backward(count: number): Promise<void> {
    const { state } = this;
    this.requireScroll();
    for (let left = count; left > 0 && state.position > 0; left--) {
      state.position--;
      if (state.position === 0) return;
      await this.show(state.position - 1);
      this.moved++;
    }
  }

  /** The row that the cursor stands on. */
  async again(): Promise<void> {
    const { state, output } = this;
    if (state.position < 1 || state.position > known(state)) return;
    if (output !== undefined && !state.scroll) throw forwardOnly();
    await this.show(state.position - 1);
    this.moved = 1;
  }

  async absolute(count: number): Promise<void> {
    const { state } = this;
    let wanted = count;
    if (count < 0) {
      await this.reach(Infinity);
      wanted = Math.max(0, known(state) + 1 + count);
    }
    if (wanted < state.position || (wanted === state.position && count !== 0)) this.requireScroll();
    if (wanted === 0) {
      if (state.position > 0) this.requireScroll();
      state.position = 0;
      return;
    }
    await this.goTo(wanted);
  }

  async relative(count: number): Promise<void> {
    const { state } = this;
    if (count === 0) {
      await this.again();
      return;
    }
    if (count < 0) this.requireScroll();
    const wanted = state.position + count;
    if (wanted < 1) {
      state.position = 0;
      return;
    }
    await this.goTo(wanted);
  }

  /** To the row of that number, counted from 1, or behind the last. */
  private async goTo(wanted: number): Promise<void> {
    const { state } = this;
    const reached = await this.reach(wanted);
    if (reached < wanted) {
      state.position = known(state) + 1;
      return;
    }
    state.position = wanted;
    await this.show(wanted - 1);
    this.moved = 1;
  }

  private async show(row: number): Promise<void> {
    if (this.output === undefined) return;
    const { columns } = this.portal;
    const bytes = this.state.rows.row(row - this.state.forgotten);
    const shown = this.state.places.length === 0 ? bytes : firstFields(bytes, columns?.length ?? 0);
    const context = this.session.core.context();
    const written = this.output.rows(reformatted(shown, columns ?? [], [cursorFormat(this.state)], this.formats, context), 1);
    if (written !== undefined) await written;
  }
}

function cursorFormat({ binary }: CursorState): FormatCode {
  return binary ? 1 : 0;
}

/** In what format the simple protocol sends a statement's columns: binary for FETCH of a cursor that was declared so. */
export function simpleFormats(session: ShoalSession, statement: ast.Statement): readonly FormatCode[] {
  const state = statement.kind === 'fetch' ? session.names.portals.get(statement.cursor)?.cursorState : undefined;
  return state === undefined ? [] : [cursorFormat(state)];
}

/** Rows read so far. */
function known(state: CursorState): number {
  return state.forgotten + state.rows.count;
}

function notHere(): never {
  throw new Error('assertion failed: a cursor reads a query');
}

/** `formats`: of the columns, all text by default. */
export async function fetchCursor(session: ShoalSession, statement: ast.Fetch, output: ExecuteOutput, formats: readonly FormatCode[] = []): Promise<string> {
  const portal = cursor(session, statement.cursor);
  const verb = statement.move ? 'MOVE' : 'FETCH';
  const { cursorState: state } = portal;
  if (state === undefined) return `${verb} ${String(await fetchPortal(session, portal, statement, output, formats))}`;
  const walk = new Walk(session, portal, state, statement.move ? undefined : output, formats);
  const count = statement.count === 'all' ? Infinity : statement.count;
  switch (statement.direction) {
    case 'forward':
      if (count === 0) await walk.again();
      else if (count > 0) await walk.forward(count);
      else await walk.backward(-count);
      break;
    case 'backward':
      if (count === 0) await walk.again();
      else if (count > 0) await walk.backward(count);
      else await walk.forward(-count);
      break;
    case 'absolute':
      await walk.absolute(count);
      break;
    case 'relative':
      await walk.relative(count);
      break;
  }
  return `${verb} ${String(walk.moved)}`;
}

/** FETCH and MOVE of a portal that Bind has made, which goes forward only and shares its place with Execute: how many rows there were. */
async function fetchPortal(
  session: ShoalSession,
  portal: SessionPortal,
  { direction, count, move }: ast.Fetch,
  output: ExecuteOutput,
  formats: readonly FormatCode[],
): Promise<number> {
  const { columns } = portal;
  if (columns === undefined) throw new PgError('55000', `portal "${portal.name}" cannot be run`);
  if (direction !== 'forward' || (count !== 'all' && count < 1)) throw forwardOnly();
  const context = session.core.context();
  const wanted = count === 'all' ? Infinity : count;
  let moved = 0;
  const rows: ExecuteOutput['rows'] = (bytes, count) => {
    moved += count;
    return move ? undefined : output.rows(reformatted(bytes, columns, portal.resultFormats, formats, context), count);
  };
  while (portal.state !== 'done' && moved < wanted)
    await session.run(portal, wanted === Infinity ? 0 : wanted - moved, { rows, copyIn: notHere, copyOut: notHere, copyData: notHere });
  return moved;
}

/** WITH HOLD: what is left of the rows is read before the transaction ends. */
export async function holdCursor(session: ShoalSession, portal: SessionPortal): Promise<void> {
  const { cursorState: state } = portal;
  if (state === undefined || state.held) return;
  if (state.failure !== undefined) throw state.failure;
  const taken = (bytes: Uint8Array, count: number): undefined => {
    state.rows.add(bytes, count);
  };
  if (portal.state !== 'done') await session.run(portal, 0, { rows: taken, copyIn: notHere, copyOut: notHere, copyData: notHere });
  portal.detach();
  state.held = true;
}

export function closeCursor(session: ShoalSession, statement: ast.CloseCursor): string {
  if (statement.name === undefined) {
    for (const [name, portal] of session.names.portals) if (portal.cursor) session.names.closePortal(name);
    return 'CLOSE CURSOR ALL';
  }
  cursor(session, statement.name);
  session.names.closePortal(statement.name);
  return 'CLOSE CURSOR';
}
