/**
 * From written SQL to what a thread runs: the text with the shard's name in its holes, and the values of its parameters.
 */
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
        if (source.scale === undefined || value === null) return bindable(value, types[source.index - 1] ?? 0);
        const decimal = numericTextToDecimal(String(value), source.scale);
        return typeof decimal === 'number' ? BigInt(decimal) : decimal;
      }
    }
  });
}
