/**
 * From written SQL to what a thread runs: the text with the shard's name in its holes, and the values of its parameters.
 */
import { PgError } from '../common/errors.js';
import type { WrittenSql } from '../plan/written-sql.js';
import { numericTextToDecimal } from '../types/numeric-codec.js';
import { Oid } from '../types/oid.js';
import type { SqlValue } from '../types/value.js';
import type { ParameterValues } from './prune.js';

/** The SQL text for one shard (or partition), whose schema name is `schema`. */
export function renderText(sql: WrittenSql, schema: string): string {
  return sql.pieces.length === 1 ? (sql.pieces[0] as string) : sql.pieces.join(schema);
}

/** As better-sqlite3 must get it: INTEGER as bigint, REAL as number. */
export function bindable(value: SqlValue, typeOid: number): SqlValue {
  if (typeof value !== 'number') return value;
  return typeOid === Oid.float4 || typeOid === Oid.float8 ? value : BigInt(value);
}

/** The values of ?1, ?2, ...; `types` are the OIDs of the statement's parameters. */
export function renderParameters(sql: WrittenSql, parameters: ParameterValues, types: readonly number[], shardIndex: number): SqlValue[] {
  return sql.parameters.map((source): SqlValue => {
    switch (source.kind) {
      case 'const':
        return source.value;
      case 'shardIndex':
        return BigInt(shardIndex);
      case 'param': {
        const value = parameters[source.index - 1] ?? null;
        if (value === null) return null;
        if (source.scale !== undefined) return scaledInteger(String(value), source.scale);
        return source.integer === true && typeof value === 'number' ? BigInt(value) : bindable(value, types[source.index - 1] ?? 0);
      }
    }
  });
}

/** The value times 10^scale; SH002 when that is no integer of 18 digits, so that the plan is made anew without scaled integers. */
function scaledInteger(text: string, scale: number): SqlValue {
  const match = /^-?(\d+)(?:\.(\d+?)0*)?$/.exec(text);
  const fraction = match?.[2] ?? '';
  const tooFine = (fraction === '0' ? 0 : fraction.length) > scale;
  if (match === null || tooFine || (match[1] as string).length + scale > 18) throw new PgError('SH002', 'a numeric parameter is no scaled integer');
  const decimal = numericTextToDecimal(text, scale);
  return typeof decimal === 'number' ? BigInt(decimal) : decimal;
}
