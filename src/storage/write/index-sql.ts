/** Takes the text of a CREATE INDEX (as SQLite keeps it in sqlite_schema) apart into its key expressions and its predicate. Used for unique-key look-ups. */
import { assert } from '../../common/errors.js';

export interface IndexSql {
  /** Expressions as written, without COLLATE, ASC and DESC; a plain column is its quoted name. */
  readonly expressions: readonly string[];
  readonly predicate: string | undefined;
}

/** Index behind the quoted text or comment that begins at `at`; `at` itself when none does. */
function skipQuoted(sql: string, at: number): number {
  const quote = sql[at];
  if (quote !== "'" && quote !== '"' && quote !== '`') return at;
  for (let next = at + 1; next < sql.length; next++) {
    if (sql[next] !== quote) continue;
    if (sql[next + 1] === quote) next++;
    else return next + 1;
  }
  return sql.length;
}

export function parseIndexSql(sql: string): IndexSql {
  const expressions: string[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at < sql.length; ) {
    const behind = skipQuoted(sql, at);
    if (behind !== at) {
      at = behind;
      continue;
    }
    const character = sql[at];
    if (character === '(') {
      if (depth++ === 0) start = at + 1;
    } else if (character === ')' || (character === ',' && depth === 1)) {
      if (character === ')') depth--;
      if (depth <= 1 && start >= 0 && (character === ',' || depth === 0)) {
        expressions.push(strip(sql.slice(start, at)));
        start = at + 1;
        if (depth === 0) {
          const predicate = /^\s*WHERE\s+([\s\S]*)$/i.exec(sql.slice(at + 1))?.[1];
          return { expressions, predicate };
        }
      }
    }
    at++;
  }
  assert(false, `index text is understood: ${sql}`);
}

function strip(text: string): string {
  const expression = text
    .trim()
    .replace(/\s+(ASC|DESC)$/i, '')
    .replace(/\s+COLLATE\s+("[^"]*"|\w+)$/i, '');
  return /^[A-Za-z_]\w*$/.test(expression) ? `"${expression}"` : expression;
}
