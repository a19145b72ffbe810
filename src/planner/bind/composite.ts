/**
 * Composite values in expressions: fields, `.*`, and rows converted to composite types.
 * Source: parse_func.c (ParseComplexProjection) and parse_coerce.c (coerce_record_to_complex) of PostgreSQL 15.
 */
import { scalarNamed } from '../../functions/registry.js';
import { constant, typeRef } from '../../plan/build.js';
import type { Expression, RowConstructor, TypeRef } from '../../plan/expression.js';
import type { CompositeField } from '../../types/composite.js';
import { formatType, Oid, typeByOid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { coerceTo, type CoercionContext } from './coercion.js';
import { madeForItself } from './routine-call.js';

/** The fields of a composite type; undefined for other types. */
export function compositeFields(oid: number): readonly CompositeField[] | undefined {
  const definition = typeByOid(oid)?.definition;
  return definition?.kind === 'composite' ? definition.fields : undefined;
}

export function fieldType(field: CompositeField): TypeRef {
  return typeRef(field.typeOid, field.typmod);
}

/** (composite).field */
export function fieldOf(binder: Binder, composite: Expression, field: CompositeField, position: number | undefined): Expression {
  if (composite.kind === 'row') {
    const fields = compositeFields(composite.type.oid) ?? [];
    const found = composite.fields[fields.findIndex((one) => one.attribute === field.attribute)];
    if (found !== undefined) return found;
  }
  const type = fieldType(field);
  return binder.at(
    {
      kind: 'call',
      function: scalarNamed('shoal_field', [Oid.any, Oid.int4]),
      args: [composite, constant(BigInt(field.attribute), typeRef(Oid.int4))],
      type,
    },
    position,
  );
}

/** Every field with its name: what (composite).* stands for. The composite is evaluated once for each. */
export function allFields(
  binder: Binder,
  composite: Expression,
  position: number | undefined,
): readonly { readonly name: string; readonly expression: Expression }[] | undefined {
  return compositeFields(composite.type.oid)?.map((field, n) => ({
    name: field.name,
    expression: fieldOf(binder, n === 0 ? composite : madeForItself(binder, binder.copy(composite)), field, position),
  }));
}

/** ROW(...) or a whole row as a value of a composite type; 42846 when the fields do not fit. */
export function rowToComposite(binder: Binder, row: RowConstructor, target: number, context: CoercionContext): Expression {
  const fields = compositeFields(target) ?? [];
  const position = binder.positionOf(row);
  const refuse = (detail: string): never => {
    throw binder.error('42846', `cannot cast type ${formatType(row.type.oid)} to ${formatType(target)}`, context === 'explicit' ? undefined : position, {
      detail,
    });
  };
  if (row.fields.length < fields.length) refuse('Input has too few columns.');
  if (row.fields.length > fields.length) refuse('Input has too many columns.');
  const converted = fields.map((field, n): Expression => {
    const given = row.fields[n] as Expression;
    const result = coerceTo(binder, given, fieldType(field), context);
    return result ?? refuse(`Cannot cast type ${formatType(given.type.oid)} to ${formatType(field.typeOid)} in column ${String(n + 1)}.`);
  });
  return binder.at(
    {
      kind: 'row',
      fields: converted,
      names: fields.map((field) => field.name),
      type: typeRef(target),
      ...(row.present === undefined ? {} : { present: row.present }),
    },
    position,
  );
}
