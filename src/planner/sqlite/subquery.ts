/** Subqueries and arrays in expressions: scalar (with the check for a second row), EXISTS, ARRAY(...), ANY and ALL with three-valued logic. */
import { neverRepeats } from '../../catalog/table.js';
import { assertNever } from '../../common/errors.js';
import type { OperatorEntry } from '../../functions/function.js';
import type { ArrayComparison, Subquery } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import { callSignature, functionsNamed, sqliteFunctionName } from '../../functions/registry.js';
import { elementTypeOf, isArrayType, Oid } from '../../types/registry.js';
import { aggregateText } from './aggregate.js';
import { type Block, columnName, columnOf, queryText, selectText, wrap } from './block.js';
import { comparable, comparableForms } from './comparison.js';
import { comparedWithArray, raise } from './connection-functions.js';
import { booleanOf } from './constants.js';
import { generalForm } from './numeric.js';
import { orderText } from './order.js';
import type { Scope } from './scope.js';
import { at, Level, type Spelled, totalWeight } from './spelled.js';

type WriteOperator = (operator: OperatorEntry, left: Spelled, right: Spelled) => Spelled;

const subqueryWeight = 100;

/** True when the plan gives at most one row, by its shape. */
function isSingleRow(node: LogicalNode): boolean {
  switch (node.kind) {
    case 'aggregate':
      return node.groups.length === 0 && node.sets === undefined;
    case 'values':
      return node.rows.length <= 1;
    case 'limit':
      return (node.count?.kind === 'const' && !node.withTies && Number(node.count.value ?? 2) <= 1) || isSingleRow(node.input);
    case 'filter':
    case 'project':
    case 'sort':
    case 'window':
    case 'distinct':
      return isSingleRow(node.input) || (node.kind === 'filter' && isUniqueLookup(node));
    case 'join':
      return (
        (node.type === 'inner' || node.type === 'left' || node.type === 'right' || node.type === 'semi' || node.type === 'anti') &&
        isSingleRow(node.left) &&
        (node.type === 'semi' || node.type === 'anti' || isSingleRow(node.right))
      );
    case 'with':
      return isSingleRow(node.body);
    default:
      return false;
  }
}

/** A filter that fixes every column of a unique index of a table. */
export function isUniqueLookup(node: Extract<LogicalNode, { kind: 'filter' }>): boolean {
  const scan = node.input;
  if (scan.kind !== 'scan') return false;
  const own = new Map(scan.columns.map((column, i) => [column.id, scan.source[i]]));
  const fixed = new Set<number>();
  const terms = node.predicate.kind === 'and' ? node.predicate.args : [node.predicate];
  for (const term of terms) {
    if (term.kind !== 'call' || term.operator?.comparison !== '=') continue;
    const [left, right] = term.args;
    if (left === undefined || right === undefined) continue;
    for (const [column, other] of [
      [left, right],
      [right, left],
    ] as const) {
      if (column.kind !== 'column') continue;
      const attribute = own.get(column.id);
      const constant = other.kind === 'const' || other.kind === 'param' || (other.kind === 'column' && !own.has(other.id));
      if (attribute !== undefined && constant) fixed.add(attribute);
    }
  }
  return scan.table.indexes.some((index) => neverRepeats(index) && index.keys.every((key) => key.attribute > 0 && fixed.has(key.attribute)));
}

export function subquery(scope: Scope, e: Subquery, operator: WriteOperator): Spelled {
  const block = scope.block(e.plan);
  switch (e.mode) {
    case 'exists': {
      const source = block.distinct && block.limited ? wrap(scope, block) : block;
      source.distinct = false;
      return booleanOf(`EXISTS (${selectText(source, [{ text: '1', name: undefined }], source.limited)})`, Level.atom, subqueryWeight, false);
    }
    case 'scalar':
      return scalar(scope, e, block);
    case 'array': {
      const source = wrap(scope, block);
      const element = generalForm(scope.binding((source.columns[0] as OutputColumn).id));
      const collect = functionsNamed('array_agg').find(
        (entry) => entry.kind === 'aggregate' && entry.args[0] === (isArrayType(element.type.oid) ? Oid.anyarray : Oid.anynonarray),
      );
      if (collect?.kind !== 'aggregate') throw new Error('assertion failed: array_agg is registered');
      const place = { over: '', filter: undefined, order: orderText(source.order), distinct: false };
      source.order = [];
      const text = `coalesce(${aggregateText(scope, { function: collect, type: e.type }, [element], place).text}, '{}')`;
      return { text: `(${selectText(source, [{ text, name: undefined }])})`, level: Level.atom, weight: subqueryWeight, type: e.type, nullable: false };
    }
    case 'any':
    case 'all':
      return quantified(scope, e, block, operator);
    default:
      return assertNever(e.mode);
  }
}

function scalar(scope: Scope, e: Subquery, block: Block): Spelled {
  const [column] = block.columns;
  if (column === undefined) throw new Error('assertion failed: a scalar subquery has a column');
  if (isSingleRow(e.plan)) {
    const { text, outputs } = queryText(scope, block);
    return {
      ...columnOf('', '', outputs[0] as Spelled),
      text: `(${text})`,
      level: Level.atom,
      weight: subqueryWeight,
      nullable: true,
      ...nanOf(outputs[0] as Spelled, `(${text})`),
    };
  }
  if (!block.limited) block.limit = '2';
  const { text, outputs } = queryText(scope, block);
  const alias = scope.alias();
  const value = columnOf(alias, columnName(column), outputs[0] as Spelled);
  const failure = raise('21000', 'more than one row returned by a subquery used as an expression');
  const checked = `(SELECT CASE WHEN count(*) > 1 THEN ${failure} ELSE max(${value.text}) END FROM (${text}) AS ${alias})`;
  return { ...value, text: checked, level: Level.atom, weight: subqueryWeight, nullable: true, ...nanOf(outputs[0] as Spelled, checked) };
}

function nanOf(output: Spelled, text: string): Pick<Spelled, 'decimal'> {
  return output.decimal === undefined ? {} : { decimal: { ...output.decimal, nanLeaves: output.decimal.nanLeaves.length > 0 ? [text] : [], raw: false } };
}

/** True, false or NULL over the rows' answers (column `b` of `rows`): ANY is their OR, ALL their AND. */
function overRows(rows: string, quantifier: 'any' | 'all'): string {
  const decided = quantifier === 'any' ? 'WHEN max(b) THEN 1' : 'WHEN min(b) = 0 THEN 0';
  return `(SELECT CASE ${decided} WHEN count(*) > count(b) THEN NULL ELSE ${quantifier === 'any' ? '0' : '1'} END FROM (${rows}))`;
}

function quantified(scope: Scope, e: Subquery, block: Block, operator: WriteOperator): Spelled {
  const role = e.mode === 'any' ? '=' : '<>';
  const lefts = e.tests.map((test) => scope.expression(test.left));
  const native =
    e.tests.every((test, i) => test.operator.comparison === role && comparable((lefts[i] as Spelled).type.oid, test.column.type.oid)) &&
    (e.mode === 'any' || e.tests.length === 1);
  const source = block.volatile || (block.distinct && block.limited) ? wrap(scope, block) : block;
  if (native) {
    const pairs = e.tests.map((test, i) => {
      const right = scope.binding(test.column.id);
      return comparableForms(scope, [{ ...right }, lefts[i] as Spelled], false) as [Spelled, Spelled];
    });
    // DISTINCT does not matter to IN, but a key in place of the value would be a column that DISTINCT does not show.
    source.distinct = false;
    const rights = pairs.map(([right], i) => ({ text: right.text, name: `v${String(i)}` }));
    const left = pairs.length === 1 ? at(Level.relation, (pairs[0] as [Spelled, Spelled])[1]) : `(${pairs.map((pair) => pair[1].text).join(', ')})`;
    return booleanOf(
      `${left} ${e.mode === 'any' ? 'IN' : 'NOT IN'} (${selectText(source, rights, source.limited)})`,
      Level.equality,
      totalWeight(lefts) + subqueryWeight,
      true,
    );
  }
  const rows = source.group !== undefined || source.windowed || source.distinct || source.limited ? wrap(scope, source) : source;
  const tests = e.tests.map((test, i) => operator(test.operator, lefts[i] as Spelled, scope.binding(test.column.id)));
  const test = tests.map((each) => at(Level.not, each)).join(' AND ');
  return booleanOf(
    overRows(selectText(rows, [{ text: test, name: 'b' }], false), e.mode === 'any' ? 'any' : 'all'),
    Level.atom,
    totalWeight(lefts) + subqueryWeight,
    true,
  );
}

/** `left op ANY|ALL (array)`. */
export function arrayComparison(scope: Scope, e: ArrayComparison): Spelled {
  const left = scope.expression(e.left);
  const array = scope.expression(e.array);
  const arrayOid = array.type.oid;
  const elementOid = elementTypeOf(arrayOid)?.oid ?? e.operator.right;
  const weight = left.weight + array.weight + subqueryWeight;
  if (e.operator.comparison !== (e.quantifier === 'any' ? '=' : '<>') || !comparable(left.type.oid, elementOid)) {
    const text = comparedWithArray(e.quantifier, generalForm(left).text, array.text, e.operator.oid ?? 0, left.type.oid, arrayOid);
    return booleanOf(text, Level.atom, weight, true);
  }
  const alias = scope.alias();
  const element: Spelled = { text: `${alias}."c1"`, level: Level.atom, weight: 0, type: { oid: elementOid, typmod: -1 }, nullable: true };
  const [l, r] = comparableForms(scope, [left, element], false) as [Spelled, Spelled];
  // The elements of a NULL array are one NULL, so that the answer is NULL; without CASE, so that an index on the left side serves.
  const nullArray = array.nullable ? ` UNION ALL SELECT NULL WHERE ${at(Level.relation, array)} IS NULL` : '';
  const rows = `SELECT ${r.text} FROM ${elementsOfArray(array.text, arrayOid, elementOid)} AS ${alias}${nullArray}`;
  return booleanOf(`${at(Level.relation, l)} ${e.quantifier === 'any' ? 'IN' : 'NOT IN'} (${rows})`, Level.equality, weight, true);
}

/** unnest(array) as a table-valued function with the column c1. */
function elementsOfArray(array: string, arrayOid: number, elementOid: number): string {
  const unnest = functionsNamed('unnest').find((entry) => entry.kind === 'set' && entry.args[0] === Oid.anyarray);
  if (unnest === undefined) throw new Error('assertion failed: unnest is registered');
  const signature = unnest.typed === true ? `'${callSignature({ args: [arrayOid], result: elementOid, variadicArray: false })}', ` : '';
  return `${sqliteFunctionName(unnest)}(${signature}${array})`;
}
