/**
 * Expressions that belong to a table and are kept as text: defaults, generated columns, checks, index expressions and predicates.
 * Used by INSERT and UPDATE, and by catalog/ddl through bind.ts to check what the user writes.
 */
import type { Column, Index, Table } from '../../catalog/table.js';
import { functionsNamed } from '../../functions/registry.js';
import { columnRef, columnType, constant, nullConst, typeRef } from '../../plan/build.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { Mutation, OutputColumn } from '../../plan/logical.js';
import { someExpression, substituteColumns } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { formatType, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import type { Clause } from './clause.js';
import { canCoerce, coerceTo, coerceToBoolean, unknownToText } from './coercion.js';
import { bindExpression, inClause } from './expression.js';
import { Scope } from './scope.js';
import { storedExpression } from './stored-text.js';

/** Binds with the names of the schema where the table is, not the session's. */
export function withTablePath<T>(binder: Binder, table: Table, bind: () => T): T {
  const before = binder.searchPath;
  binder.searchPath = [table.schema];
  binder.storedDepth++;
  try {
    return binder.access.quietly(bind);
  } finally {
    binder.searchPath = before;
    binder.storedDepth--;
  }
}

/** A scope that sees one table under its name, whose columns are the given ones. */
export function tableScope(table: Table, columns: readonly OutputColumn[], alias = table.name): Scope {
  const scope = new Scope(undefined);
  scope.add({
    name: alias,
    schema: table.schema,
    table,
    withoutTransactions: 'all',
    columns: columns.map((column, i) => ({ name: table.columns[i]?.name ?? column.name, expression: columnRef(column) })),
  });
  return scope;
}

/** Fresh columns for a row of the table. */
export function rowColumns(binder: Binder, table: Table, owner: Scope): readonly OutputColumn[] {
  return table.columns.map((column) => binder.column(column.name, columnType(column), owner, { tableOid: table.oid, attribute: column.attribute }));
}

/** An expression assigned to a column: 42804 when there is no assignment cast. */
export function assign(binder: Binder, expression: Expression, column: Column, position: number | undefined): Expression {
  const target = columnType(column);
  const result = coerceTo(binder, expression, target, 'assignment');
  if (result !== undefined) return result;
  throw binder.error(
    '42804',
    `column "${column.name}" is of type ${formatType(column.domainOid ?? column.typeOid)} but expression is of type ${formatType(expression.type.oid)}`,
    binder.positionOf(expression) ?? position,
    {
      hint: 'You will need to rewrite or cast the expression.',
    },
  );
}

/** What a column gets when nothing is given: its default, the next value of its identity, else NULL. Generated columns are NULL here. */
export function defaultOf(binder: Binder, table: Table, column: Column): Expression {
  const target = columnType(column);
  if (column.generated !== undefined) return nullConst(target);
  if (column.identity !== undefined && column.sequenceOid !== undefined) {
    const nextval = functionsNamed('nextval')[0];
    if (nextval?.kind !== 'scalar') throw new Error('assertion failed: nextval exists');
    binder.volatile = true;
    binder.needsWriter = true;
    const call: Expression = { kind: 'call', function: nextval, args: [constant(column.sequenceOid, typeRef(Oid.regclass))], type: typeRef(nextval.result) };
    return assign(binder, call, column, undefined);
  }
  const domain = column.domainOid === undefined ? undefined : binder.context.catalog.types.definition(column.domainOid);
  const text = column.defaultText ?? (domain?.kind === 'domain' ? domain.defaultText : undefined);
  if (text === undefined) return domain === undefined ? nullConst(target) : assign(binder, nullConst(typeRef(Oid.unknown)), column, undefined);
  return withTablePath(binder, table, () => {
    const scope = new Scope(undefined);
    const bound = inClause(scope, 'default', () => bindExpression(binder, scope, storedExpression(binder, text)));
    return assign(binder, bound, column, undefined);
  });
}

/** The expression of a generated column over the given values of the other columns (by attribute order). */
export function generatedValue(binder: Binder, table: Table, column: Column, row: readonly OutputColumn[]): Expression {
  const text = column.defaultText;
  if (text === undefined) throw new Error('assertion failed: a generated column has an expression');
  return withTablePath(binder, table, () => {
    const scope = tableScope(table, row);
    const bound = inClause(scope, 'generated', () => bindExpression(binder, scope, storedExpression(binder, text)));
    return assign(binder, bound, column, undefined);
  });
}

/** The CHECK constraints of the table over a row. */
export function checksOf(binder: Binder, table: Table, row: readonly OutputColumn[]): Mutation['checks'] {
  return withTablePath(binder, table, () =>
    // (By name: which of several that fail is told.)
    [...table.checks]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((check) => {
        const scope = tableScope(table, row);
        const bound = inClause(scope, 'check', () => bindExpression(binder, scope, storedExpression(binder, check.expressionText)));
        return { failure: { kind: 'check', name: check.name }, expression: coerceToBoolean(binder, bound, 'CHECK') };
      }),
  );
}

/** The keys of an index (columns included) and its predicate over a row of the table. */
export function indexExpressions(
  binder: Binder,
  table: Table,
  index: Index,
  row: readonly OutputColumn[],
): { readonly keys: readonly Expression[]; readonly predicate: Expression | undefined } {
  const stored = (text: string, kind: 'index' | 'indexPredicate'): Expression =>
    withTablePath(binder, table, () => bindStandalone(binder, storedExpression(binder, text), table, row, { kind }));
  return {
    keys: index.keys.map((key) =>
      key.expressionText === undefined
        ? columnRef(row[table.columns.findIndex((column) => column.attribute === key.attribute)] as OutputColumn)
        : stored(key.expressionText, 'index'),
    ),
    predicate: index.predicateText === undefined ? undefined : stored(index.predicateText, 'indexPredicate'),
  };
}

export type StandalonePurpose =
  /** DEFAULT of a column: converted to `type` by assignment rules. */
  | { readonly kind: 'default'; readonly column: string; readonly type: { readonly oid: number; readonly typmod: number } }
  | { readonly kind: 'generated'; readonly column: string; readonly type: { readonly oid: number; readonly typmod: number } }
  /** USING of ALTER COLUMN TYPE. */
  | { readonly kind: 'transform'; readonly column: string; readonly type: { readonly oid: number; readonly typmod: number } }
  /** A value in FOR VALUES: converted to the type of the partition key `column`. */
  | { readonly kind: 'partitionBound'; readonly column: string; readonly type: { readonly oid: number; readonly typmod: number } }
  | { readonly kind: 'partitionKey' }
  | { readonly kind: 'check' }
  | { readonly kind: 'policy' }
  | { readonly kind: 'index' }
  | { readonly kind: 'indexPredicate' }
  /** COPY ... WHERE, and anything else over a table's row. */
  | { readonly kind: 'where' };

const immutableOnly: ReadonlyMap<StandalonePurpose['kind'], string> = new Map([
  ['generated', 'generation expression is not immutable'],
  ['index', 'functions in index expression must be marked IMMUTABLE'],
  ['indexPredicate', 'functions in index predicate must be marked IMMUTABLE'],
  ['partitionKey', 'functions in partition key expression must be marked IMMUTABLE'],
]);

/** Binds an expression over a table's columns for a purpose, with its restrictions. `table` undefined: no columns. */
export function bindStandalone(
  binder: Binder,
  node: ast.Expression,
  table: Table | undefined,
  columns: readonly OutputColumn[],
  purpose: StandalonePurpose,
): Expression {
  const scope = table === undefined ? new Scope(undefined) : tableScope(table, columns);
  const clause: Clause = purpose.kind;
  let expression = inClause(scope, clause, () => bindExpression(binder, scope, node));
  switch (purpose.kind) {
    case 'default':
    case 'generated':
    case 'transform': {
      const target = typeRef(purpose.type.oid, purpose.type.typmod);
      if (!canCoerce(expression.type.oid, target.oid, 'assignment')) {
        const source = formatType(expression.type.oid);
        const position = purpose.kind === 'default' ? undefined : binder.positionOf(expression);
        if (purpose.kind === 'transform') {
          throw binder.error(
            '42804',
            `result of USING clause for column "${purpose.column}" cannot be cast automatically to type ${formatType(target.oid)}`,
            undefined,
            {
              hint: 'You might need to add an explicit cast.',
            },
          );
        }
        throw binder.error(
          '42804',
          `column "${purpose.column}" is of type ${formatType(target.oid)} but ${purpose.kind === 'default' ? 'default ' : ''}expression is of type ${source}`,
          position,
          {
            hint: 'You will need to rewrite or cast the expression.',
          },
        );
      }
      expression = coerceTo(binder, expression, target, 'assignment') ?? expression;
      break;
    }
    case 'partitionBound': {
      const converted = coerceTo(binder, expression, typeRef(purpose.type.oid, purpose.type.typmod), 'assignment');
      if (converted === undefined) {
        throw binder.error(
          '42804',
          `specified value cannot be cast to type ${formatType(purpose.type.oid)} for column "${purpose.column}"`,
          binder.positionOf(expression),
        );
      }
      expression = converted;
      break;
    }
    case 'check':
      expression = coerceToBoolean(binder, expression, 'CHECK');
      break;
    case 'policy':
      expression = coerceToBoolean(binder, expression, 'POLICY');
      break;
    case 'indexPredicate':
    case 'where':
      expression = coerceToBoolean(binder, expression, 'WHERE');
      break;
    case 'index':
    case 'partitionKey':
      expression = unknownToText(binder, expression);
      break;
  }
  const refusal = immutableOnly.get(purpose.kind);
  if (refusal !== undefined && someExpression(expression, isMutable)) throw binder.error('42P17', refusal, undefined);
  if (purpose.kind === 'generated' && table !== undefined) {
    someExpression(expression, (part) => {
      if (part.kind !== 'column') return false;
      const index = columns.findIndex((column) => column.id === part.id);
      const other = table.columns[index];
      if (other?.generated !== undefined) {
        throw binder.error('42P17', `cannot use generated column "${other.name}" in column generation expression`, binder.positionOf(part), {
          detail:
            other.name === purpose.column
              ? 'This would cause the generated column to depend on its own value.'
              : 'A generated column cannot reference another generated column.',
        });
      }
      return false;
    });
  }
  return expression;
}

function isMutable(part: Expression): boolean {
  return (part.kind === 'call' || part.kind === 'cast') && part.function !== undefined && part.function.volatility !== 'immutable';
}

/** Replaces the row's columns by other expressions. */
export function overRow(expression: Expression, row: readonly OutputColumn[], values: readonly Expression[]): Expression {
  return substituteColumns(expression, new Map<ColumnId, Expression>(row.map((column, i) => [column.id, values[i] as Expression])));
}
