/** DO: runs an anonymous block. */
import { notSupported, PgError } from '../../../common/errors.js';
import type * as ast from '../../../sql/ast.js';
import type { ShoalSession } from '../shoal-session.js';

export async function runDo(_session: ShoalSession, statement: ast.Do): Promise<string> {
  const language = statement.language ?? 'plpgsql';
  if (language !== 'plpgsql')
    throw new PgError(
      language === 'sql' ? '0A000' : '42704',
      language === 'sql' ? 'language "sql" does not support inline code execution' : `language "${language}" does not exist`,
    );
  await Promise.resolve();
  throw notSupported('DO');
}
