/** What the tests of types share: reading and writing a text by type name, and errors as one line. */
import { PgError } from '../../../src/common/errors.js';
import { type PgType, typeByName } from '../../../src/types/registry.js';
import { canonicalContext, type SqlValue, type TypeContext } from '../../../src/types/value.js';

export function typeNamed(name: string): PgType {
  const type = typeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

export function parse(typeName: string, text: string, typmod = -1, context: TypeContext = canonicalContext): SqlValue {
  return typeNamed(typeName).parse(text, typmod, context);
}

/** Text in, text out; an error as `SQLSTATE message`, with its detail after a bar. */
export function through(typeName: string, text: string, typmod = -1, context: TypeContext = canonicalContext): string {
  return attempt(() => {
    const type = typeNamed(typeName);
    return type.format(type.parse(text, typmod, context), typmod, context);
  });
}

export function attempt(run: () => string): string {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    return `${error.code} ${error.message}${error.fields.detail === undefined ? '' : ` | ${error.fields.detail}`}`;
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Order of two keys as SQLite compares them: INTEGER, TEXT, BLOB, each by value or bytes. */
export function compareKeys(left: SqlValue, right: SqlValue): number {
  const rank = (value: SqlValue): number => (typeof value === 'string' ? 1 : typeof value === 'object' ? 2 : 0);
  if (rank(left) !== rank(right)) return rank(left) - rank(right);
  if (typeof left === 'object' || typeof left === 'string') return Buffer.compare(Buffer.from(left as string), Buffer.from(right as string));
  return left < (right as number) ? -1 : left > (right as number) ? 1 : 0;
}
