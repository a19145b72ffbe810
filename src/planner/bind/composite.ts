/**
 * Composite values in expressions: fields, `.*`, rows converted to composite types, and columns of which only a field is assigned.
 * Source: parse_func.c (ParseComplexProjection), parse_coerce.c (coerce_record_to_complex) and parse_target.c (transformAssignmentIndirection) of PostgreSQL 15.
 */
import { scalarNamed } from '../../functions/registry.js';
import { constant, typeRef } from '../../plan/build.js';
import type { Expression, RowConstructor, TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import type { CompositeField } from '../../types/composite.js';
import { formatType, Oid, typeByOid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { coerceTo, type CoercionContext } from './coercion.js';

/** The fields of a composite type; undefined for other types. */
export function compositeFields(oid: number): readonly CompositeField[] | undefined {
  const definition = typeByOid(oid)?.definition;
  return definition?.kind === 'composite' ? definition.fields : undefined;
}

function fieldType(field: CompositeField): TypeRef {
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
    expression: fieldOf(binder, n === 0 ? composite : binder.copy(composite), field, position),
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
  return binder.at({ kind: 'row', fields: converted, names: fields.map((field) => field.name), type: typeRef(target) }, position);
}

/** The field that an assignment names; 42804 and 42703 when the column is no composite or has none of that name. */
function assignedField(binder: Binder, column: string, oid: number, name: string, position: number | undefined): CompositeField {
  const fields = compositeFields(oid);
  if (fields === undefined) {
    throw binder.error('42804', `cannot assign to field "${name}" of column "${column}" because its type ${formatType(oid)} is not a composite type`, position);
  }
  const field = fields.find((one) => one.name === name);
  if (field === undefined) {
    throw binder.error(
      '42703',
      `cannot assign to field "${name}" of column "${column}" because there is no such column in data type ${formatType(oid)}`,
      position,
    );
  }
  return field;
}

/** The column's value with another one in a field (or a field of a field). `old`: the value so far, undefined where there is none. */
export function withField(
  binder: Binder,
  column: string,
  old: Expression | undefined,
  type: TypeRef,
  path: ast.ColumnTarget['indirection'],
  value: Expression,
  position: number | undefined,
): Expression {
  const [step, ...rest] = path;
  if (step === undefined) {
    const result = coerceTo(binder, value, type, 'assignment');
    if (result !== undefined) return result;
    throw binder.error(
      '42804',
      `subfield "${column}" is of type ${formatType(type.oid)} but expression is of type ${formatType(value.type.oid)}`,
      binder.positionOf(value) ?? position,
      { hint: 'You will need to rewrite or cast the expression.' },
    );
  }
  if (step.kind !== 'field') throw binder.error('0A000', 'assignment to an element of an array is not supported', position);
  const field = assignedField(binder, column, type.oid, step.field, position);
  const before = old ?? constant(null, { oid: type.oid, typmod: type.typmod });
  const inner = rest.length === 0 ? undefined : fieldOf(binder, binder.copy(before), field, position);
  const assigned = withField(binder, step.field, inner, fieldType(field), rest, value, position);
  const changed: Expression = {
    kind: 'call',
    function: scalarNamed('shoal_with_field', [Oid.any, Oid.int4, Oid.any]),
    args: [before, constant(BigInt(field.attribute), typeRef(Oid.int4)), assigned],
    type: { oid: type.oid, typmod: -1 },
  };
  return binder.at(changed, position);
}
