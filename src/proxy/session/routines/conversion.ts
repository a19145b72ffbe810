/**
 * Values from one type to another, as by assignment: results of functions, variables of PL/pgSQL. Called by this folder.
 */
import { PgError } from '../../../common/errors.js';
import { constant } from '../../../plan/build.js';
import type { Expression, TypeRef } from '../../../plan/expression.js';
import { replaceExpressions } from '../../../plan/walk.js';
import { bindConversion } from '../../../planner/bind/bind.js';
import { foldExpression } from '../../../planner/logical/rules/fold-constants.js';
import { compositeOf, compositeValues, recordOf, recordValue } from '../../../types/composite.js';
import { Oid, requireType, typeByOid } from '../../../types/registry.js';
import type { SqlValue } from '../../../types/value.js';
import { noParameters } from '../run-query.js';
import type { ShoalSession } from '../shoal-session.js';
import { CallResolver } from './routine-calls.js';
import type { Row } from './row-set.js';

/** Conversions bound so far, over parameter $1. */
const conversions = new WeakMap<ShoalSession, { key: string; known: Map<string, Expression | undefined> }>();

function conversion(session: ShoalSession, from: TypeRef, to: TypeRef): Expression | undefined {
  const { core } = session;
  let cache = conversions.get(session);
  if (cache?.key !== core.compileKey) conversions.set(session, (cache = { key: core.compileKey, known: new Map() }));
  const name = [from.oid, from.typmod, from.domain ?? 0, to.oid, to.typmod, to.domain ?? 0].join();
  if (!cache.known.has(name)) cache.known.set(name, bindConversion(from, to, core.bindContext([])));
  return cache.known.get(name);
}

/** Whether a value of the one type is one of the other as it is. */
function isSameType(from: TypeRef, to: TypeRef): boolean {
  return from.oid === to.oid && (to.typmod < 0 || to.typmod === from.typmod) && (to.domain === undefined || to.domain === from.domain);
}

/** A value converted as by assignment, or through its text where there is no such cast. */
export async function convert(session: ShoalSession, value: SqlValue, from: TypeRef, to: TypeRef): Promise<SqlValue> {
  if (isSameType(from, to) || (value === null && to.domain === undefined)) return value;
  if (isRowType(from.oid) && isRowType(to.oid)) return value === null ? null : convertRow(session, value, from.oid, to);
  const cast = conversion(session, from, to);
  if (cast === undefined) {
    const source = requireType(from.oid);
    const target = requireType(to.oid);
    const context = session.core.context();
    if (value === null) return null;
    const parsed = target.parse(source.format(value, from.typmod, context), to.typmod, context);
    return to.typmod >= 0 && target.coerceTypmod !== undefined ? target.coerceTypmod(parsed, to.typmod, false) : parsed;
  }
  const over = replaceExpressions(cast, (part) => (part.kind === 'param' ? constant(value, part.type) : undefined));
  const folded = foldExpression(over);
  return folded.kind === 'const' ? folded.value : new CallResolver(session, noParameters).value(folded);
}

export function isRowType(oid: number): boolean {
  return oid === Oid.record || typeByOid(oid)?.kind === 'c';
}

/** A row's fields with their types. */
export interface RowFields {
  readonly names: readonly string[];
  readonly types: readonly TypeRef[];
  readonly values: Row;
}

/** The fields that a type of rows has by itself; undefined for record and for what is no row. */
export function fieldsOf(oid: number): { readonly names: readonly string[]; readonly types: readonly TypeRef[] } | undefined {
  const definition = typeByOid(oid)?.definition;
  if (definition?.kind !== 'composite') return undefined;
  return {
    names: definition.fields.map((field) => field.name),
    types: definition.fields.map((field) => ({ oid: field.typeOid, typmod: field.typmod })),
  };
}

/** The fields of a composite's or record's value. */
export function rowFields(value: SqlValue, oid: number): RowFields {
  if (oid === Oid.record) {
    const { names, typeOids, values } = recordValue(value, requireType);
    return { names, types: typeOids.map((type) => ({ oid: type, typmod: -1 })), values };
  }
  const definition = typeByOid(oid)?.definition;
  if (definition?.kind !== 'composite') throw new Error('assertion failed: a row');
  const known = fieldsOf(oid);
  return { names: known?.names ?? [], types: known?.types ?? [], values: compositeValues(value, definition.fields, requireType) };
}

/** The value of a composite or record with these fields, which have the composite's types. */
export function rowOf(oid: number, fields: RowFields): SqlValue {
  if (oid === Oid.record)
    return recordOf(
      fields.types.map((type) => type.domain ?? type.oid),
      fields.names,
      fields.values,
      requireType,
    );
  const definition = typeByOid(oid)?.definition;
  if (definition?.kind !== 'composite') throw new Error('assertion failed: a row');
  return compositeOf(fields.values, definition.fields, requireType);
}

async function convertRow(session: ShoalSession, value: SqlValue, from: number, to: TypeRef): Promise<SqlValue> {
  const fields = rowFields(value, from);
  const target = fieldsOf(to.oid);
  if (target === undefined) return rowOf(to.oid, fields);
  return rowOf(to.oid, { ...target, values: await convertFields(session, fields, target.types) });
}

/** Fields converted to others one by one; missing ones are NULL. */
export async function convertFields(session: ShoalSession, fields: Pick<RowFields, 'types' | 'values'>, types: readonly TypeRef[]): Promise<Row> {
  const values: SqlValue[] = [];
  for (const [i, type] of types.entries()) {
    const from = fields.types[i];
    values.push(from === undefined ? null : await convert(session, fields.values[i] ?? null, from, type));
  }
  return values;
}

/** A row of columns as a function's result: one value (perhaps a composite of them), or several. */
export async function convertResult(session: ShoalSession, row: RowFields, outputs: readonly TypeRef[], whole: boolean): Promise<Row | null> {
  const [only] = row.types;
  const single = row.types.length === 1 && only !== undefined;
  if (!whole) {
    if (single && isRowType(only.oid) && (outputs.length !== 1 || !isRowType(outputs[0]?.oid ?? 0))) {
      const value = row.values[0] ?? null;
      return value === null ? null : convertFields(session, rowFields(value, only.oid), outputs);
    }
    if (row.types.length !== outputs.length)
      throw new PgError('42804', 'structure of query does not match function result type', {
        detail: `Number of returned columns (${String(row.types.length)}) does not match expected column count (${String(outputs.length)}).`,
      });
    return convertFields(session, row, outputs);
  }
  const target = outputs[0] as TypeRef;
  if (isRowType(target.oid) && !(single && isRowType(only.oid))) {
    const known = fieldsOf(target.oid);
    if (known === undefined) return [rowOf(target.oid, row)];
    return [rowOf(target.oid, { ...known, values: await convertFields(session, row, known.types) })];
  }
  return [await convert(session, row.values[0] ?? null, only ?? target, target)];
}
