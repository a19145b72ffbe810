/** DO: runs an anonymous block. */
import { PgError } from '../../../common/errors.js';
import type * as ast from '../../../sql/ast.js';
import { runBlock } from '../plpgsql/run-body.js';
import type { ShoalSession } from '../shoal-session.js';
import { deeper } from './call-routine.js';

export async function runDo(session: ShoalSession, statement: ast.Do): Promise<string> {
  const { core } = session;
  const language = statement.language ?? 'plpgsql';
  if (language === 'sql') throw new PgError('0A000', 'language "sql" does not support inline code execution');
  if (language !== 'plpgsql') throw new PgError('42704', `language "${language}" does not exist`);
  const before = core.mayEndTransaction;
  core.transaction.isLast = false;
  core.transaction.used = true;
  core.mayEndTransaction = core.routineDepth === 0 ? core.transaction.kind !== 'explicit' : before;
  try {
    await deeper(session, () => runBlock(session, statement.body));
  } finally {
    core.mayEndTransaction = before;
  }
  return 'DO';
}
