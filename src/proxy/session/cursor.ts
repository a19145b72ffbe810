/**
 * DECLARE, FETCH, MOVE, CLOSE: forward-only cursors over portals.
 */
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import type { SessionPortal } from './portal.js';
import { SessionStatement } from './portal.js';
import type { ExecuteOutput, FormatCode, ResultColumn } from './session.js';
import type { ShoalSession } from './shoal-session.js';

export function declareCursor(session: ShoalSession, statement: ast.DeclareCursor): string {
  if (statement.hold) throw notSupported('DECLARE ... WITH HOLD');
  if (session.core.transaction.kind !== 'explicit') throw new PgError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
  const compiled = session.compile(statement.query, []);
  if (compiled.kind === 'steps') throw new PgError('0A000', 'DECLARE CURSOR must not contain data-modifying statements in WITH');
  const prepared = new SessionStatement('', '', statement.query, [], compiled, [], '');
  const format: FormatCode = statement.binary ? 1 : 0;
  session.declareCursor(
    statement.name,
    prepared,
    (compiled.columns ?? []).map(() => format),
  );
  return 'DECLARE CURSOR';
}

export function cursorColumns(session: ShoalSession, name: string): readonly ResultColumn[] | undefined {
  return cursor(session, name).columns;
}

function cursor(session: ShoalSession, name: string): SessionPortal {
  const portal = session.names.portals.get(name);
  if (portal === undefined) throw new PgError('34000', `cursor "${name}" does not exist`);
  return portal;
}

export async function fetchCursor(session: ShoalSession, statement: ast.Fetch, output: ExecuteOutput): Promise<string> {
  const portal = cursor(session, statement.cursor);
  const { count } = statement;
  if (statement.direction !== 'forward' && !(statement.direction === 'relative' && count === 1)) {
    throw new PgError('55000', 'cursor can only scan forward', { hint: 'Declare it with SCROLL option to enable backward scan.' });
  }
  if (count === 0) return statement.move ? 'MOVE 0' : 'FETCH 0';
  if (count !== 'all' && count < 0)
    throw new PgError('55000', 'cursor can only scan forward', { hint: 'Declare it with SCROLL option to enable backward scan.' });
  let rows = 0;
  const counting: ExecuteOutput = {
    ...output,
    rows: (bytes, n) => {
      rows += n;
      return statement.move ? undefined : output.rows(bytes, n);
    },
    copyIn: (header) => output.copyIn(header),
    copyOut: (header) => output.copyOut(header),
    copyData: (bytes) => output.copyData(bytes),
  };
  if (portal.state !== 'done') await session.run(portal, count === 'all' ? 0 : count, counting);
  return `${statement.move ? 'MOVE' : 'FETCH'} ${String(rows)}`;
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
