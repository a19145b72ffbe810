/**
 * Domains: the base type's codec, and the domain's constraints on whatever comes in. A domain's physical value is its base type's.
 * CHECK expressions are kept in SQLite's spelling over `?1`; what runs them is given by the thread (`useDomainChecker`), since types know no SQLite.
 */
import { PgError } from '../common/errors.js';
import type { NamedDomain, PgType, TypeCodec } from './pg-type.js';
import { canonicalContext, type SqlValue } from './value.js';

export interface DomainConstraints {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly baseTypmod: number;
  readonly notNull: boolean;
  readonly checks: readonly { readonly name: string; readonly sql: string }[];
}

/** Evaluates an SQLite expression over `?1`. */
export type DomainChecker = (sql: string, value: SqlValue) => SqlValue;

let checker: DomainChecker | undefined;

/** What evaluates CHECK expressions on this thread. */
export function useDomainChecker(evaluate: DomainChecker): void {
  checker = evaluate;
}

export function hasDomainChecker(): boolean {
  return checker !== undefined;
}

export function checkedDomainCodec(baseOf: () => PgType, constraints: DomainConstraints): TypeCodec {
  const { schema, name, baseTypmod, notNull, checks } = constraints;
  // The messages name the domain that is asked for, also where one below it refuses.
  const check = (value: SqlValue, asked: NamedDomain = { schema, name }): void => {
    const base = baseOf();
    base.check?.(value, asked);
    const fields = { schema: asked.schema, dataType: asked.name };
    if (notNull && value === null) throw new PgError('23502', `domain ${asked.name} does not allow null values`, fields);
    for (const one of checks) {
      if (checker === undefined) throw new Error('assertion failed: this thread can check domains');
      const integral = typeof value === 'number' && (base.physical === 'integer' || base.physical === 'boolean');
      const answer = checker(one.sql, integral ? BigInt(value) : value);
      if (answer !== null && Number(answer) === 0)
        throw new PgError('23514', `value for domain ${asked.name} violates check constraint "${one.name}"`, { ...fields, constraint: one.name });
    }
  };
  const checked = (value: SqlValue): SqlValue => {
    check(value);
    return value;
  };
  const modified = (typmod: number): number => (baseTypmod >= 0 ? baseTypmod : typmod);
  const base = baseOf();
  const codec: TypeCodec = {
    physical: base.physical,
    wide: base.wide,
    parse: (text, typmod, context) => {
      const value = baseOf().parse(text, modified(typmod), context);
      return context === canonicalContext ? value : checked(value);
    },
    format: (value, typmod, context) => baseOf().format(value, modified(typmod), context),
    decodeBinary: (bytes, typmod, context) => checked(baseOf().decodeBinary(bytes, modified(typmod), context)),
    encodeBinary: (value, typmod, context) => baseOf().encodeBinary(value, modified(typmod), context),
    acceptNull: () => {
      check(null);
    },
    check,
  };
  // (What the base has not, the domain must not have either.)
  const { key } = base;
  return { ...codec, contextual: true, ...(key === undefined ? {} : { key: (value: SqlValue) => baseOf().key?.(value) ?? null }) };
}
