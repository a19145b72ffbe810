/** Constants and parameters of the statement as SQLite text. */
import type { TypeRef } from '../../plan/expression.js';
import { Oid, typeByOid } from '../../types/registry.js';
import type { SqlValue } from '../../types/value.js';
import { bindable } from './parameters.js';
import type { Scope } from './scope.js';
import { Level, type Spelled } from './spelled.js';

/** Bound as a parameter; NULL, booleans, 0 and 1 are written out, which SQLite's planner can use. */
export function constantOf(scope: Scope, value: SqlValue, type: TypeRef): Spelled {
  if (value === null) return { text: 'NULL', level: Level.atom, weight: 0, type, nullable: true };
  const bound = bindable(value, type.oid) as Exclude<SqlValue, null>;
  const text = bound === 0n || bound === 1n ? String(bound) : scope.parameters.constant(bound);
  const spelled: Spelled = { text, level: Level.atom, weight: 0, type, nullable: false, constant: bound };
  return typeof bound === 'bigint' ? { ...spelled, range: [bound, bound] } : spelled;
}

export function parameterOf(scope: Scope, index: number, type: TypeRef): Spelled {
  const physical = typeByOid(type.oid)?.physical;
  const text = scope.parameters.parameter(index, physical === 'integer' || physical === 'boolean');
  return { text, level: Level.atom, weight: 0, type, nullable: true, parameter: index };
}

const booleanType: TypeRef = { oid: Oid.bool, typmod: -1 };
export const numericType: TypeRef = { oid: Oid.numeric, typmod: -1 };

/** A piece of boolean text. */
export function booleanOf(text: string, level: Spelled['level'], weight: number, nullable: boolean): Spelled {
  return { text, level, weight, type: booleanType, nullable };
}
