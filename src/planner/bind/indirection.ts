/**
 * Assignment to a part of a column: a field, an array's element or slice, a path in jsonb, and parts of parts. The column gets its whole value with another part.
 * Source: parse_target.c (transformAssignmentIndirection), arraysubs.c and jsonbsubs.c of PostgreSQL 15.
 */
import { notSupported } from '../../common/errors.js';
import { scalarNamed } from '../../functions/registry.js';
import { constant, typeRef } from '../../plan/build.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import type { CompositeField } from '../../types/composite.js';
import { elementTypeOf, formatType, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { canCoerce, coerceTo, unknownToText } from './coercion.js';
import { compositeFields, fieldOf, fieldType } from './composite.js';
import { bindExpression, partIndex, partTypeOf } from './expression.js';
import type { Scope } from './scope.js';

/** What an assignment writes into: the column (or part) by name, its type, and its value so far (undefined where there is none, as in INSERT). */
interface Container {
  readonly name: string;
  readonly type: TypeRef;
  readonly old: Expression | undefined;
  readonly position: number | undefined;
}

type Path = ast.ColumnTarget['indirection'];

/** The field that an assignment names; 42804 and 42703 when the column is no composite or has none of that name. */
function assignedField(binder: Binder, into: Container, name: string): CompositeField {
  const { oid } = into.type;
  const fields = compositeFields(oid);
  if (fields === undefined) {
    throw binder.error(
      '42804',
      `cannot assign to field "${name}" of column "${into.name}" because its type ${formatType(oid)} is not a composite type`,
      into.position,
    );
  }
  const field = fields.find((one) => one.name === name);
  if (field === undefined) {
    throw binder.error(
      '42703',
      `cannot assign to field "${name}" of column "${into.name}" because there is no such column in data type ${formatType(oid)}`,
      into.position,
    );
  }
  return field;
}

function converted(binder: Binder, into: Container, value: Expression, subscripted: boolean): Expression {
  const result = coerceTo(binder, value, into.type, 'assignment');
  if (result !== undefined) return result;
  const what = subscripted ? `subscripted assignment to "${into.name}" requires type` : `subfield "${into.name}" is of type`;
  throw binder.error(
    '42804',
    `${what} ${formatType(into.type.oid)} but expression is of type ${formatType(value.type.oid)}`,
    subscripted ? into.position : (binder.positionOf(value) ?? into.position),
    { hint: 'You will need to rewrite or cast the expression.' },
  );
}

const nullOf = (type: TypeRef): Expression => constant(null, { oid: type.oid, typmod: type.typmod });

/** The container's value with `value` at the end of the path. */
export function assignInto(binder: Binder, scope: Scope, into: Container, path: Path, value: Expression): Expression {
  const changed = assigned(binder, scope, into, path, value, false);
  return into.type.domain === undefined ? changed : (coerceTo(binder, changed, into.type, 'assignment') ?? changed);
}

function assigned(binder: Binder, scope: Scope, into: Container, path: Path, value: Expression, subscripted: boolean): Expression {
  const [step] = path;
  if (step === undefined) return converted(binder, into, value, subscripted);
  const before = into.old ?? nullOf(into.type);
  if (step.kind === 'field') {
    const field = assignedField(binder, into, step.field);
    const rest = path.slice(1);
    const part: Container = {
      ...into,
      name: step.field,
      type: fieldType(field),
      old: rest.length === 0 ? undefined : fieldOf(binder, binder.copy(before), field, into.position),
    };
    const call: Expression = {
      kind: 'call',
      function: scalarNamed('shoal_with_field', [Oid.any, Oid.int4, Oid.any]),
      args: [before, constant(BigInt(field.attribute), typeRef(Oid.int4)), assignInto(binder, scope, part, rest, value)],
      type: { oid: into.type.oid, typmod: -1 },
    };
    return binder.at(call, into.position);
  }
  const end = path.findIndex((one) => one.kind === 'field');
  const subscripts = path.slice(0, end < 0 ? path.length : end).filter((one) => one.kind !== 'field');
  const rest = path.slice(subscripts.length);
  return into.type.oid === Oid.jsonb
    ? assignedJsonb(binder, scope, into, before, subscripts, rest, value)
    : assignedElement(binder, scope, into, before, subscripts, rest, value);
}

function assignedElement(
  binder: Binder,
  scope: Scope,
  into: Container,
  before: Expression,
  subscripts: readonly ast.SubscriptItem[],
  rest: Path,
  value: Expression,
): Expression {
  const part = partTypeOf(into.type.oid);
  if (part !== undefined) {
    const [subscript] = subscripts;
    if (subscript?.kind !== 'index') throw notSupported('slices of fixed-length arrays', into.position);
    if (subscripts.length > 1) throw binder.error('2202E', 'wrong number of array subscripts', into.position);
    const index = partIndex(binder, scope, subscript.index);
    const type = typeRef(part);
    const old =
      rest.length === 0 ? undefined : binder.copy({ kind: 'call', function: scalarNamed('shoal_part', [Oid.any, Oid.int4]), args: [before, index], type });
    const call: Expression = {
      kind: 'call',
      function: scalarNamed('shoal_with_part', [Oid.any, Oid.int4, Oid.any]),
      args: [before, index, assigned(binder, scope, { ...into, type, old }, rest, value, true)],
      type: { oid: into.type.oid, typmod: -1 },
    };
    return binder.at(call, into.position);
  }
  const element = elementTypeOf(into.type.oid);
  if (element === undefined) {
    throw binder.error('42804', `cannot subscript type ${formatType(into.type.oid)} because it does not support subscripting`, into.position);
  }
  const numbers: Expression[] = [];
  const number = (node: ast.Expression): Expression => {
    const bound = bindExpression(binder, scope, node);
    const result = coerceTo(binder, bound, typeRef(Oid.int4), 'assignment');
    if (result === undefined) throw binder.error('42804', 'array subscript must have type integer', binder.positionOf(bound));
    numbers.push(result);
    return result;
  };
  const sliced = subscripts.some((one) => one.kind === 'slice');
  const spelled = subscripts.map((one) => {
    if (one.kind === 'index') {
      const index = number(one.index);
      return sliced
        ? { letter: 'i', part: { lower: constant(1, typeRef(Oid.int4)), upper: index, slice: true } }
        : { letter: 'i', part: { upper: index, slice: false } };
    }
    const lower = one.lower === undefined ? undefined : number(one.lower);
    const upper = one.upper === undefined ? undefined : number(one.upper);
    const letter = lower === undefined ? (upper === undefined ? 'n' : 'u') : upper === undefined ? 'l' : 's';
    return { letter, part: { lower, upper, slice: true } };
  });
  const type: TypeRef = sliced ? { oid: into.type.oid, typmod: into.type.typmod } : typeRef(element.oid, into.type.typmod);
  const old = rest.length === 0 ? undefined : binder.copy({ kind: 'subscript', array: before, subscripts: spelled.map(({ part }) => part), type });
  const call: Expression = {
    kind: 'call',
    function: scalarNamed('shoal_with_element', [Oid.any, Oid.int4Array, Oid.text, Oid.any]),
    args: [
      before,
      { kind: 'array', elements: numbers, type: typeRef(Oid.int4Array) },
      constant(spelled.map(({ letter }) => letter).join(''), typeRef(Oid.text)),
      rest.length === 0 ? assigned(binder, scope, { ...into, type, old }, rest, value, true) : assignInto(binder, scope, { ...into, type, old }, rest, value),
    ],
    type: { oid: into.type.oid, typmod: -1 },
  };
  return binder.at(call, into.position);
}

function assignedJsonb(
  binder: Binder,
  scope: Scope,
  into: Container,
  before: Expression,
  subscripts: readonly ast.SubscriptItem[],
  rest: Path,
  value: Expression,
): Expression {
  let first: Expression | undefined;
  const steps = subscripts.map((one) => {
    if (one.kind === 'slice') throw binder.error('42804', 'jsonb subscript does not support slices', into.position);
    const bound = unknownToText(binder, bindExpression(binder, scope, one.index));
    const { oid } = bound.type;
    const number = canCoerce(oid, Oid.int4, 'implicit');
    if (!number && !canCoerce(oid, Oid.text, 'implicit')) {
      throw binder.error('42804', `subscript type ${formatType(oid)} is not supported`, binder.positionOf(bound), {
        hint: 'jsonb subscript must be coercible to either integer or text.',
      });
    }
    const step = coerceTo(binder, bound, typeRef(number ? Oid.int4 : Oid.text), 'implicit') as Expression;
    first ??= step;
    return number ? (coerceTo(binder, step, typeRef(Oid.text), 'explicit') as Expression) : step;
  });
  if (rest[0]?.kind === 'field') assignedField(binder, into, rest[0].field);
  const call: Expression = {
    kind: 'call',
    function: scalarNamed('shoal_with_path', [Oid.jsonb, Oid.textArray, Oid.bool, Oid.jsonb]),
    args: [
      before,
      { kind: 'array', elements: steps, type: typeRef(Oid.textArray) },
      constant(first?.type.oid === Oid.int4 ? 1 : 0, typeRef(Oid.bool)),
      converted(binder, into, value, true),
    ],
    type: typeRef(Oid.jsonb),
  };
  return binder.at(call, into.position);
}
