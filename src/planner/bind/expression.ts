/**
 * Expressions of the syntax tree to typed expressions: the dispatcher over node kinds, with the kinds that need no file of their own.
 * Source: parse_expr.c of PostgreSQL 15.
 */
import { systemCall } from '../../sql/build.js';
import { assertNever, notSupported, PgError } from '../../common/errors.js';
import { requireCollation } from '../../catalog/collation.js';
import { functionsNamed, scalarNamed } from '../../functions/registry.js';
import { boolType, constant, not, typeRef } from '../../plan/build.js';
import type { Conditional, Expression, TypeRef } from '../../plan/expression.js';
import { someExpression } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { arrayTypeOf, elementTypeOf, formatType, isArrayType, Oid, typeByOid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { callFunction, makeOperator } from './call.js';
import { clauseRules } from './clause.js';
import { canCoerce, coerceTo, coerceToBoolean, commonType, commonTypmod, toCommonType, unknownToText } from './coercion.js';
import { allFields, compositeFields, fieldOf } from './composite.js';
import { attributeCall, bindColumnReference, requireRelation, variableFields, wholeRow } from './column-reference.js';
import { bindBetween, bindComparison, bindDistinct, bindIn, bindLike, bindQuantifiedArray, nullTest } from './comparison.js';
import { bindFunctionCall, bindGrouping } from './function-call.js';
import { findFunction } from './resolve.js';
import { type Scope, starColumns } from './scope.js';
import { bindInSubquery, bindQuantifiedSubquery, bindSubquery } from './subquery.js';
import { resolveTypeName } from './type-name.js';

/** Binds with set-returning calls refused for the time being. */
function withoutSets<T>(scope: Scope, where: string, bind: () => T): T {
  const before = scope.setsForbidden;
  scope.setsForbidden = where;
  try {
    return bind();
  } finally {
    scope.setsForbidden = before;
  }
}

function bindList(binder: Binder, scope: Scope, nodes: readonly ast.Expression[]): Expression[] {
  return nodes.map((node) => bindExpression(binder, scope, node));
}

function integerConstant(binder: Binder, text: string, position: number | undefined): Expression {
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value >= -(1n << 63n) && value < 1n << 63n) return binder.at(constant(value, typeRef(Oid.int8)), position);
  }
  const type = typeByOid(Oid.numeric);
  if (type === undefined) throw new Error('assertion failed: numeric exists');
  return binder.at(constant(type.parse(text, -1, binder.context.context), typeRef(Oid.numeric)), position);
}

function bitString(binder: Binder, node: ast.BitStringConstant): Expression {
  const type = typeByOid(Oid.bit);
  if (type === undefined) throw notSupported('type bit', node.position);
  const digits = node.base === 'binary' ? node.digits : Array.from(node.digits, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
  return binder.at(constant(type.parse(digits, -1, binder.context.context), typeRef(Oid.bit)), node.position);
}

/** CAST(x AS t): ARRAY[...] takes its element type from the target. */
function bindCast(binder: Binder, scope: Scope, node: ast.Cast): Expression {
  const target = resolveTypeName(binder, node.type);
  const argument =
    node.argument.kind === 'array' && isArrayType(target.oid) ? bindArray(binder, scope, node.argument, target) : bindExpression(binder, scope, node.argument);
  return explicitCast(binder, argument, target, node.position ?? node.type.position);
}

/** Gives an error without a position that one. */
function positioned<T>(position: number | undefined, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    throw error instanceof PgError && error.code === '42846' ? error.at(position) : error;
  }
}

/** x::t; 42846 when there is no such cast. */
export function explicitCast(binder: Binder, argument: Expression, target: TypeRef, position: number | undefined): Expression {
  const source = argument.type.oid;
  if (argument.kind === 'row' && target.oid === Oid.record) return argument;
  const result = positioned(position, () => coerceTo(binder, argument, target, 'explicit'));
  if (result === undefined) throw binder.error('42846', `cannot cast type ${formatType(source)} to ${formatType(target.oid)}`, position);
  return result;
}

function bindArray(binder: Binder, scope: Scope, node: ast.ArrayConstructor, target: TypeRef | undefined): Expression {
  const bound = bindArrayNode(binder, scope, node, target);
  binder.context.record?.expressions.set(node, bound);
  return bound;
}

function bindArrayNode(binder: Binder, scope: Scope, node: ast.ArrayConstructor, target: TypeRef | undefined): Expression {
  const elementTarget = target === undefined ? undefined : elementTypeOf(target.oid);
  const elements = node.elements.map((element) =>
    element.kind === 'array' ? bindArray(binder, scope, element, target) : bindExpression(binder, scope, element),
  );
  const nested = node.elements.some((element) => element.kind === 'array');
  if (target !== undefined && elementTarget !== undefined) {
    const wanted = nested ? target : typeRef(elementTarget.oid, target.typmod);
    const converted = elements.map((element) => {
      // An element that is itself an array makes another dimension.
      const type = isArrayType(element.type.oid) ? target : wanted;
      const result = coerceTo(binder, element, type, 'explicit');
      if (result === undefined)
        throw binder.error('42846', `cannot cast type ${formatType(element.type.oid)} to ${formatType(type.oid)}`, binder.positionOf(element));
      return result;
    });
    return binder.at({ kind: 'array', elements: converted, type: typeRef(target.oid, target.typmod) }, node.position);
  }
  if (elements.length === 0) {
    throw binder.error('42P18', 'cannot determine type of empty array', node.position, {
      hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
    });
  }
  const common = commonType(binder, elements, 'ARRAY');
  const converted = elements.map((element) => toCommonType(binder, element, common, 'ARRAY'));
  const [first] = converted;
  const domain = converted.every((element) => element.type.domain === first?.type.domain) ? first?.type.domain : undefined;
  const oid = isArrayType(common) ? common : arrayTypeOf(domain ?? common)?.oid;
  if (oid === undefined) throw binder.error('42704', `could not find array type for data type ${formatType(common)}`, node.position);
  return binder.at({ kind: 'array', elements: converted, type: typeRef(oid, commonTypmod(converted, common).typmod) }, node.position);
}

/** The operand for each comparison: computed once where it is volatile. */
function caseOperand(binder: Binder, operand: Expression, comparisons: number): (comparison: number) => Expression {
  const isVolatile = someExpression(operand, (part) => part.kind === 'call' && part.function.volatility === 'volatile');
  // Column ids are unique in a plan: a subquery is copied for each comparison.
  if (!isVolatile || comparisons === 1) return (i) => (i === 0 ? operand : binder.copy(operand));
  const slot = constant(BigInt(binder.slot()), typeRef(Oid.int4));
  const call = (name: string, types: readonly number[], args: readonly Expression[]): Expression =>
    binder.at({ kind: 'call', function: scalarNamed(name, types), args, type: operand.type }, binder.positionOf(operand));
  return (i) => (i === 0 ? call('shoal_remember', [Oid.int4, Oid.any], [slot, operand]) : call('shoal_recall', [Oid.int4], [slot]));
}

function bindCase(binder: Binder, scope: Scope, node: ast.Case): Expression {
  return withoutSets(scope, 'CASE', () => {
    const operandNode = node.operand;
    const whens = node.whens.map((when) => when.condition);
    const conditions: Expression[] = [];
    if (operandNode === undefined) {
      for (const when of whens) conditions.push(coerceToBoolean(binder, bindExpression(binder, scope, when), 'CASE/WHEN'));
    } else {
      const operand = caseOperand(binder, unknownToText(binder, bindExpression(binder, scope, operandNode)), whens.length);
      whens.forEach((when, i) => {
        const value = bindExpression(binder, scope, when);
        conditions.push(coerceToBoolean(binder, makeOperator(binder, '=', operand(i), value, node.whens[i]?.position), 'CASE/WHEN'));
      });
    }
    const results = bindList(
      binder,
      scope,
      node.whens.map((when) => when.result),
    );
    const otherwise = node.otherwise === undefined ? constant(null, typeRef(Oid.unknown)) : bindExpression(binder, scope, node.otherwise);
    const common = commonType(binder, [otherwise, ...results], 'CASE');
    const finalOtherwise = toCommonType(binder, otherwise, common, 'CASE/ELSE');
    const finalResults = results.map((result) => toCommonType(binder, result, common, 'CASE/WHEN'));
    return binder.at(
      {
        kind: 'case',
        branches: finalResults.map((then, i) => ({ when: conditions[i] as Expression, then })),
        otherwise: finalOtherwise,
        type: commonTypmod([finalOtherwise, ...finalResults], common),
      },
      node.position,
    );
  });
}

function bindConditional(binder: Binder, scope: Scope, kind: Conditional['kind'], nodes: readonly ast.Expression[], position: number | undefined): Expression {
  const construct = kind.toUpperCase();
  const bind = (): Expression => {
    const args = bindList(binder, scope, nodes);
    const common = commonType(binder, args, construct);
    const converted = args.map((argument) => toCommonType(binder, argument, common, construct));
    return binder.at({ kind, args: converted, type: commonTypmod(converted, common) }, position);
  };
  return kind === 'coalesce' ? withoutSets(scope, 'COALESCE', bind) : bind();
}

function bindNullIf(binder: Binder, scope: Scope, node: ast.NullIf): Expression {
  const left = bindExpression(binder, scope, node.left);
  const right = bindExpression(binder, scope, node.right);
  const call = makeOperator(binder, '=', left, right, node.position);
  if (call.type.oid !== Oid.bool) throw binder.error('42804', 'NULLIF requires = operator to yield boolean', node.position);
  const [first] = call.args;
  if (first === undefined || call.operator === undefined) throw new Error('assertion failed: = has operands');
  return binder.at({ kind: 'nullif', args: call.args, operator: call.operator, type: typeOfNullIf(left, first) }, node.position);
}

/** The type of the first operand as the operator takes it: a row stays what it is, a domain does not. */
function typeOfNullIf(given: Expression, taken: Expression): TypeRef {
  if (compositeFields(given.type.oid) !== undefined) return given.type;
  return taken.type.domain === undefined ? taken.type : { oid: taken.type.oid, typmod: taken.type.typmod };
}

function callNamed(binder: Binder, name: string, position: number | undefined): Expression {
  const entry = functionsNamed(name).find((one) => one.kind === 'scalar' && one.args.length === 0);
  if (entry?.kind !== 'scalar') throw notSupported(name, position);
  return binder.at({ kind: 'call', function: entry, args: [], type: typeRef(entry.result) }, position);
}

function bindSqlValue(binder: Binder, node: ast.SqlValueFunction): Expression {
  const { position } = node;
  const clock = (oid: number): Expression => {
    const now = callNamed(binder, 'now', position);
    const typmod = node.precision === undefined ? -1 : Math.min(node.precision, 6);
    return binder.at(explicitCast(binder, now, typeRef(oid, typmod), position), position);
  };
  switch (node.function) {
    case 'current_timestamp':
      return clock(Oid.timestamptz);
    case 'current_date':
      return clock(Oid.date);
    case 'current_time':
      return clock(Oid.timetz);
    case 'localtime':
      return clock(Oid.time);
    case 'localtimestamp':
      return clock(Oid.timestamp);
    case 'current_role':
    case 'current_user':
    case 'user':
      return callNamed(binder, 'current_user', position);
    case 'session_user':
      return callNamed(binder, 'session_user', position);
    case 'current_catalog':
      return callNamed(binder, 'current_database', position);
    case 'current_schema':
      return callNamed(binder, 'current_schema', position);
    default:
      return assertNever(node.function);
  }
}

function bindSubscript(binder: Binder, scope: Scope, node: ast.Subscript): Expression {
  const array = bindExpression(binder, scope, node.argument);
  const source = array.type.oid;
  if (source === Oid.jsonb) return jsonbSubscript(binder, scope, node, array);
  if (source === Oid.name) return nameSubscript(binder, scope, node, array);
  const part = partTypeOf(source);
  if (part !== undefined) return partSubscript(binder, scope, node, array, part);
  const element = elementTypeOf(source);
  if (element === undefined) {
    throw binder.error('42804', `cannot subscript type ${formatType(source)} because it does not support subscripting`, binder.positionOf(array));
  }
  const index = (subscript: ast.Expression): Expression => partIndex(binder, scope, subscript);
  const isSlice = node.subscripts.some((subscript) => subscript.kind === 'slice');
  const subscripts = node.subscripts.map((subscript) =>
    subscript.kind === 'index'
      ? { lower: undefined, upper: index(subscript.index), slice: false }
      : {
          lower: subscript.lower === undefined ? undefined : index(subscript.lower),
          upper: subscript.upper === undefined ? undefined : index(subscript.upper),
          slice: true,
        },
  );
  const type = isSlice ? (isArrayType(source) ? array.type : typeRef(source)) : typeRef(element.oid, array.type.typmod);
  return binder.at({ kind: 'subscript', array, subscripts, type }, node.position);
}

/** The type of what a geometric type's subscripts give; undefined for those without. */
export function partTypeOf(oid: number): number | undefined {
  const type = typeByOid(oid);
  return type?.category === 'G' ? type.elementOid : undefined;
}

/** point[i] and its like: one subscript, counted from 0; NULL beyond the parts. */
function partSubscript(binder: Binder, scope: Scope, node: ast.Subscript, shape: Expression, part: number): Expression {
  if (node.subscripts.some((subscript) => subscript.kind === 'slice')) throw notSupported('slices of fixed-length arrays', node.position);
  const indexes = node.subscripts.map((subscript) => partIndex(binder, scope, (subscript as Extract<ast.SubscriptItem, { kind: 'index' }>).index));
  const [index] = indexes as [Expression];
  if (indexes.length > 1) return constant(null, typeRef(part));
  return binder.at({ kind: 'call', function: scalarNamed('shoal_part', [Oid.any, Oid.int4]), args: [shape, index], type: typeRef(part) }, node.position);
}

/** A subscript as an integer. */
export function partIndex(binder: Binder, scope: Scope, subscript: ast.Expression): Expression {
  const bound = bindExpression(binder, scope, subscript);
  const result = coerceTo(binder, bound, typeRef(Oid.int4), 'assignment');
  if (result === undefined) throw binder.error('42804', 'array subscript must have type integer', binder.positionOf(bound));
  return result;
}

/** name[i]: its i-th byte, counted from 0 (pg_dump asks for typname[0]). */
function nameSubscript(binder: Binder, scope: Scope, node: ast.Subscript, name: Expression): Expression {
  const [subscript] = node.subscripts;
  if (node.subscripts.length !== 1 || subscript?.kind !== 'index') throw notSupported('slices of type name', node.position);
  const index = makeOperator(binder, '+', bindExpression(binder, scope, subscript.index), constant(1, typeRef(Oid.int4)), node.position);
  const match = findFunction('substr', [Oid.text, Oid.int4, Oid.int4]);
  if (match.kind !== 'function') throw new Error('assertion failed: substr exists');
  const text = explicitCast(binder, name, typeRef(Oid.text), node.position);
  return explicitCast(
    binder,
    callFunction(binder, match.candidate, [text, index, constant(1, typeRef(Oid.int4))], node.position),
    typeRef(Oid.char),
    node.position,
  );
}

/** jsonb subscripts are the operator #> with a path of keys and positions. */
function jsonbSubscript(binder: Binder, scope: Scope, node: ast.Subscript, base: Expression): Expression {
  const elements = node.subscripts.map((subscript) => {
    if (subscript.kind === 'slice') {
      const bound = subscript.lower ?? subscript.upper;
      throw binder.error('42804', 'jsonb subscript does not support slices', bound?.position ?? binder.positionOf(base));
    }
    return jsonbStep(binder, bindExpression(binder, scope, subscript.index));
  });
  return makeOperator(binder, '#>', base, { kind: 'array', elements, type: typeRef(Oid.textArray) }, node.position);
}

/** A subscript of jsonb as text: what can become either an integer or text by itself. */
function jsonbStep(binder: Binder, subscript: Expression): Expression {
  const { oid } = subscript.type;
  if (oid === Oid.unknown) return unknownToText(binder, subscript);
  const targets = [Oid.int4, Oid.text].filter((target) => canCoerce(oid, target, 'implicit'));
  const [target] = targets;
  if (target === undefined || targets.length > 1) {
    const what = target === undefined ? 'either integer or text' : 'only one type, integer or text';
    throw binder.error('42804', `subscript type ${formatType(oid)} is not supported`, binder.positionOf(subscript), {
      hint: `jsonb subscript must be coercible to ${what}.`,
    });
  }
  return coerceTo(binder, coerceTo(binder, subscript, typeRef(target), 'implicit') as Expression, typeRef(Oid.text), 'explicit') as Expression;
}

function bindField(binder: Binder, scope: Scope, node: ast.FieldSelection): Expression {
  const argument = bindExpression(binder, scope, node.argument);
  const called =
    projectedField(binder, argument, node.field, node.position) === undefined ? attributeCall(binder, scope, node, node.argument, node.field) : undefined;
  return called ?? fieldSelection(binder, argument, node);
}

/** f(row) where no function fits: the field of that name, if there is one. */
export function projectedField(binder: Binder, argument: Expression, name: string, position: number | undefined): Expression | undefined {
  if (argument.kind === 'row') return argument.fields[argument.names?.indexOf(name) ?? -1];
  const field = compositeFields(argument.type.oid)?.find((one) => one.name === name);
  return field === undefined ? undefined : fieldOf(binder, argument, field, position);
}

function fieldSelection(binder: Binder, argument: Expression, node: ast.FieldSelection): Expression {
  if (argument.kind === 'row') {
    const at = argument.names === undefined ? (/^f\d+$/.test(node.field) ? Number(node.field.slice(1)) - 1 : -1) : argument.names.indexOf(node.field);
    const field = argument.fields[at];
    if (field !== undefined) return field;
    const { argument: inner } = node;
    if (inner.kind === 'column') throw binder.error('42703', `column ${inner.parts.join('.')}.${node.field} does not exist`, node.position);
    throw binder.error('42703', `could not identify column "${node.field}" in record data type`, node.position);
  }
  if (argument.type.oid === Oid.record) throw binder.error('42703', `could not identify column "${node.field}" in record data type`, node.position);
  const fields = compositeFields(argument.type.oid);
  if (fields !== undefined) {
    const field = fields.find((one) => one.name === node.field);
    if (field !== undefined) return fieldOf(binder, argument, field, node.position);
    throw binder.error('42703', `column "${node.field}" not found in data type ${formatType(argument.type.oid)}`, node.position);
  }
  throw binder.error('42809', `column notation .${node.field} applied to type ${formatType(argument.type.oid)}, which is not a composite type`, node.position);
}

/** The fields of ROW(...), where `a.*` stands for several. */
export function bindRowFields(binder: Binder, scope: Scope, node: ast.RowConstructor): Expression[] {
  return node.fields.flatMap((field): Expression[] => {
    if (field.kind === 'star') {
      const own = variableFields(binder, scope, field);
      if (own !== undefined) return own.map((one) => bindExpression(binder, scope, one));
      const items =
        field.qualifier.length === 0
          ? scope.namespace.filter((entry) => entry.columnsVisible).map((entry) => entry.item)
          : [requireRelation(binder, scope, field.qualifier, field.position)];
      return items.flatMap((item) => starColumns(item).map((column) => column.expression));
    }
    if (field.kind === 'fieldStar') {
      const row = bindExpression(binder, scope, field.argument);
      if (row.kind === 'row') return [...row.fields];
      const all = allFields(binder, row, field.position);
      if (all !== undefined) return all.map((one) => one.expression);
      throw binder.error('42809', 'row expansion via "*" is not supported here', field.position);
    }
    return [bindExpression(binder, scope, field)];
  });
}

function bindRow(binder: Binder, scope: Scope, node: ast.RowConstructor): Expression {
  const fields = bindRowFields(binder, scope, node);
  return binder.at({ kind: 'row', fields, type: typeRef(Oid.record) }, node.position);
}

function bindCollate(binder: Binder, scope: Scope, node: ast.Collate): Expression {
  const argument = bindExpression(binder, scope, node.argument);
  const { oid } = argument.type;
  if (oid !== Oid.unknown && typeByOid(oid)?.collationOid === 0) {
    throw binder.error('42804', `collations are not supported by type ${formatType(oid)}`, node.position);
  }
  binder.collates = true;
  try {
    const collation = requireCollation(binder.context.catalog, binder.searchPath, node.collation);
    return binder.at({ kind: 'cast', method: 'binary', argument, type: argument.type, explicit: true, collation }, binder.positionOf(argument));
  } catch (error) {
    throw error instanceof PgError ? error.at(node.position) : error;
  }
}

/** The expression as it stands; literals may still have type unknown. */
export function bindExpression(binder: Binder, scope: Scope, node: ast.Expression): Expression {
  const bound = bindNode(binder, scope, node);
  binder.context.record?.expressions.set(node, bound);
  return bound;
}

function bindNode(binder: Binder, scope: Scope, node: ast.Expression): Expression {
  const { position } = node;
  switch (node.kind) {
    case 'column':
      return bindColumnReference(binder, scope, node);
    case 'star':
      if (node.qualifier.length === 0) throw binder.error('42601', 'improper use of "*"', position);
      if (variableFields(binder, scope, node) !== undefined) return bindColumnReference(binder, scope, { kind: 'column', parts: node.qualifier, position });
      return wholeRow(binder, requireRelation(binder, scope, node.qualifier, position), position);
    case 'integer':
      return binder.at(constant(node.value, typeRef(Oid.int4)), position);
    case 'numeric':
      return integerConstant(binder, node.text, position);
    case 'string':
      return binder.at(constant(node.value, typeRef(Oid.unknown)), position);
    case 'bitString':
      return bitString(binder, node);
    case 'boolean':
      return binder.at(constant(node.value ? 1 : 0, boolType), position);
    case 'null':
      return binder.at(constant(null, typeRef(Oid.unknown)), position);
    case 'parameter':
      return binder.parameter(node.number, position);
    case 'cast':
      return bindCast(binder, scope, node);
    case 'unary':
      return makeOperator(binder, node.operator, undefined, bindExpression(binder, scope, node.argument), position);
    case 'binary':
      return bindComparison(binder, scope, node);
    case 'and':
    case 'or': {
      const construct = node.kind === 'and' ? 'AND' : 'OR';
      return binder.at(
        {
          kind: node.kind,
          args: node.arguments.map((argument) => coerceToBoolean(binder, bindExpression(binder, scope, argument), construct)),
          type: boolType,
        },
        position,
      );
    }
    case 'not':
      return binder.at(not(coerceToBoolean(binder, bindExpression(binder, scope, node.argument), 'NOT')), position);
    case 'nullTest':
      return nullTest(binder, bindExpression(binder, scope, node.argument), node.negated, position);
    case 'booleanTest': {
      const construct = `IS ${node.negated ? 'NOT ' : ''}${node.test.toUpperCase()}`;
      const argument = coerceToBoolean(binder, bindExpression(binder, scope, node.argument), construct);
      return binder.at({ kind: 'isBoolean', argument, test: node.test, negated: node.negated, type: boolType }, position);
    }
    case 'distinctFrom':
      return bindDistinct(binder, scope, node);
    case 'between':
      return bindBetween(binder, scope, node);
    case 'like':
      return bindLike(binder, scope, node);
    case 'in':
      return bindIn(binder, scope, node);
    case 'inSubquery':
      return bindInSubquery(binder, scope, node);
    case 'quantifiedArray':
      return bindQuantifiedArray(binder, scope, node);
    case 'quantifiedSubquery':
      return bindQuantifiedSubquery(binder, scope, node);
    case 'exists':
    case 'subquery':
    case 'arraySubquery':
      return bindSubquery(binder, scope, node);
    case 'array':
      return bindArray(binder, scope, node, undefined);
    case 'row':
      return bindRow(binder, scope, node);
    case 'case':
      return bindCase(binder, scope, node);
    case 'coalesce':
      return bindConditional(binder, scope, 'coalesce', node.arguments, position);
    case 'nullIf':
      return bindNullIf(binder, scope, node);
    case 'minMax':
      return bindConditional(binder, scope, node.which, node.arguments, position);
    case 'function':
      return bindFunctionCall(binder, scope, node);
    case 'namedArgument':
      throw binder.error('42601', 'named arguments are allowed in function calls only', position);
    case 'subscript':
      return bindSubscript(binder, scope, node);
    case 'field':
      return bindField(binder, scope, node);
    case 'fieldStar':
      throw binder.error('0A000', 'row expansion via "*" is not supported here', position);
    case 'collate':
      return bindCollate(binder, scope, node);
    case 'atTimeZone':
      return bindFunctionCall(binder, scope, systemCall('timezone', [node.zone, node.argument], position));
    case 'sqlValue':
      return bindSqlValue(binder, node);
    case 'grouping':
      return bindGrouping(binder, scope, node);
    case 'default':
      throw binder.error('42601', 'DEFAULT is not allowed in this context', position);
    case 'currentOf':
      throw notSupported('WHERE CURRENT OF', position);
    default:
      return assertNever(node);
  }
}

/** Binds in a clause: what it forbids is refused. */
export function inClause<T>(scope: Scope, clause: Scope['clause'], bind: () => T): T {
  const before = scope.clause;
  scope.clause = clause;
  try {
    return bind();
  } finally {
    scope.clause = before;
  }
}

/** A condition: WHERE, HAVING, ON, FILTER. */
export function bindCondition(binder: Binder, scope: Scope, node: ast.Expression, clause: Scope['clause'], construct: string): Expression {
  return inClause(scope, clause, () => coerceToBoolean(binder, bindExpression(binder, scope, node), construct));
}

/** LIMIT, OFFSET and frame offsets: a value of the type, without columns of this level (42P10). */
export function bindCount(binder: Binder, scope: Scope, node: ast.Expression, clause: Scope['clause'], construct: string, type: TypeRef): Expression {
  return inClause(scope, clause, () => {
    const bound = bindExpression(binder, scope, node);
    const result = coerceTo(binder, bound, type, 'assignment');
    if (result === undefined) {
      throw binder.error(
        '42804',
        `argument of ${construct} must be type ${formatType(type.oid)}, not type ${formatType(bound.type.oid)}`,
        binder.positionOf(bound),
      );
    }
    forbidVariables(binder, scope, result, construct);
    return result;
  });
}

/** 42P10 when the expression reads a column of this level. */
export function forbidVariables(binder: Binder, scope: Scope, expression: Expression, construct: string): void {
  someExpression(expression, (part) => {
    if (part.kind === 'column' && binder.ownerOf(part.id) === scope) {
      throw binder.error('42P10', `argument of ${construct} must not contain variables`, binder.positionOf(part));
    }
    return false;
  });
}

/** Refuses a subquery where the clause has none. */
export function checkSubqueryAllowed(binder: Binder, scope: Scope, position: number | undefined): void {
  const { subqueries } = clauseRules(scope.clause);
  if (subqueries !== undefined) throw binder.error('0A000', `cannot use subquery in ${subqueries}`, position);
}
