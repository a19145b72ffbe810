/**
 * Runs one statement inside of another: a statement of a function's body, in the calling session's transaction. Its rows come back as values. Plans are kept for each
 * session as long as catalog and settings stay what they are.
 */
import { notSupported, PgError } from '../../../common/errors.js';
import type { BindContext } from '../../../planner/bind/context.js';
import type { Statement } from '../../../sql/ast.js';
import { type Compiled, compileStatement } from '../compile.js';
import { SessionPortal, SessionStatement } from '../portal.js';
import { noParameters, type Parameters, replanAfter } from '../run-query.js';
import type { ExecuteOutput } from '../session.js';
import type { ShoalSession } from '../shoal-session.js';
import { mutationRows, queryRows, type RowSet } from './row-set.js';

export interface StatementResult extends RowSet {
  readonly kind: 'query' | 'mutation' | 'utility';
  /** Rows returned or written. */
  readonly count: number;
  readonly tag: string;
}

interface KeptPlan {
  readonly key: string;
  readonly catalog: unknown;
  readonly compiled: Compiled;
}

/** What a statement is bound with beyond the session's own context. */
export type BodyContext = Pick<BindContext, 'routineArguments' | 'variables'> & { readonly searchPath?: readonly string[] };

const nowhere: ExecuteOutput = {
  rows: () => undefined,
  copyIn: () => {
    throw notSupported('COPY FROM STDIN in a function');
  },
  copyOut: () => {
    throw new PgError('0A000', 'cannot COPY to/from client in PL/pgSQL');
  },
  copyData: () => undefined,
};

const keptPlans = new WeakMap<ShoalSession, WeakMap<Statement, KeptPlan[]>>();

function plansOf(session: ShoalSession, statement: Statement): KeptPlan[] {
  let plans = keptPlans.get(session);
  if (plans === undefined) keptPlans.set(session, (plans = new WeakMap()));
  let list = plans.get(statement);
  if (list === undefined) plans.set(statement, (list = []));
  return list;
}

/** The compiled statement. `key`: what its binding depends on besides the session. */
function compileBody(session: ShoalSession, statement: Statement, context: BodyContext, key: string, exactNumeric = false): Compiled {
  const { core } = session;
  switch (statement.kind) {
    case 'select':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      break;
    default:
      return { kind: 'utility', statement, columns: undefined };
  }
  const list = plansOf(session, statement);
  const whole = `${core.compileKey}\u0000${key}`;
  const known = exactNumeric ? undefined : list.find((kept) => kept.key === whole && kept.catalog === core.catalog);
  if (known !== undefined) return known.compiled;
  const options = core.compileOptions([]);
  const compiled = compileStatement(statement, { ...options, bind: { ...options.bind, ...context }, exactNumeric });
  if (list.length >= 8) list.shift();
  if (!exactNumeric) list.push({ key: whole, catalog: core.catalog, compiled });
  return compiled;
}

/** Runs the statement; `most`: no more rows are wanted (0: all). */
export async function runStatement(
  session: ShoalSession,
  statement: Statement,
  context: BodyContext,
  key: string,
  parameters: () => Parameters,
  most = 0,
): Promise<StatementResult> {
  return runCompiled(session, statement, (exact) => compileBody(session, statement, context, key, exact), parameters, most);
}

/** Runs what `compile` makes of the statement, anew when the catalog has changed under it. */
export async function runCompiled(
  session: ShoalSession,
  statement: Statement,
  compile: (exactNumeric: boolean) => Compiled,
  parameters: () => Parameters,
  most = 0,
): Promise<StatementResult> {
  const { core } = session;
  core.transaction.isLast = false;
  core.transaction.used = true;
  let exact = false;
  for (let attempt = 0; ; attempt++) {
    const compiled = compile(exact);
    try {
      switch (compiled.kind) {
        case 'query': {
          const found = await queryRows(core, compiled, parameters(), most);
          return { kind: 'query', ...found, count: found.rows.length, tag: 'SELECT' };
        }
        case 'mutation':
        case 'steps': {
          const written = await mutationRows(core, compiled, parameters());
          const kind = compiled.bound.kind === 'query' ? 'query' : 'mutation';
          return { kind, ...written, count: kind === 'query' ? written.rows.length : written.count, tag: statement.kind.toUpperCase() };
        }
        case 'utility': {
          const portal = new SessionPortal('', new SessionStatement('', '', statement, [], compiled, [], ''), compiled, noParameters, [], false);
          const result = await session.utility(statement, nowhere, portal);
          const tag = typeof result === 'string' ? result : result.kind === 'complete' ? result.tag : '';
          return { kind: 'utility', columns: [], rows: [], count: Number(/\d+$/.exec(tag)?.[0] ?? 0), tag };
        }
      }
    } catch (error) {
      if (compiled.kind === 'utility') throw error;
      exact = await replanAfter(core, error, attempt, compiled.catalog.version, exact);
    }
  }
}
