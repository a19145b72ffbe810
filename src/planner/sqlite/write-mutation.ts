/**
 * INSERT, UPDATE and DELETE as SQLite statements: the SELECT that yields the rows with their places, and the statements over one row (ON CONFLICT, CHECK, RETURNING).
 * They run on the writer connection, where every shard of the node is attached. Called by the session.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Column, Table } from '../../catalog/table.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import { conflictOutcome, type Follower, type LogicalNode, type Mutation, type OnConflict, type OutputColumn } from '../../plan/logical.js';
import type { CatalogLanding } from '../../plan/physical.js';
import type { WrittenColumn, WrittenFollower, WrittenMutation, WrittenSql } from '../../plan/written-sql.js';
import { numericTextToDecimal } from '../../types/numeric-codec.js';
import { type Block, type Output, outputsOf, selectText, settled, wrap } from './block.js';
import { columnScale } from './column-declaration.js';
import { textDecimal } from './connection-functions.js';
import { clientForm, decimalForm, generalForm, rescaled, seal } from './numeric.js';
import { containsSubquery } from './plan-shape.js';
import type { Scope, WriteOptions } from './scope.js';
import { at, Level, type Spelled } from './spelled.js';
import { mayReplan, newScope, placement } from './write.js';

export interface MutationOptions {
  readonly catalog: CatalogSnapshot;
  /** How scans are spelled; without it a distributed table is the union of its shards. */
  readonly scan?: WriteOptions['scan'];
  readonly exactNumeric?: boolean;
}

/** On the writer connection a distributed table is the union of its shards. */
export function writerOptions(options: MutationOptions): WriteOptions {
  const { catalog } = options;
  return {
    catalog,
    tickMask: () => 1023,
    ...(options.exactNumeric === undefined ? {} : { exactNumeric: options.exactNumeric }),
    scan:
      options.scan ??
      (({ table }) =>
        table.distribution.kind === 'reference'
          ? { kind: 'global' }
          : { kind: 'union', schemas: catalog.shardSchemas(table).map((schema, index) => ({ schema, index })) }),
  };
}

/** A value in the form in which the column stores it. */
function stored(scope: Scope, value: Spelled, column: Column): Spelled {
  const scale = columnScale(column.typeOid, column.typmod);
  if (scale === undefined) return generalForm(value);
  if (value.text === 'NULL') return value;
  if (typeof value.constant === 'string' && value.decimal === undefined) {
    const scaled = numericTextToDecimal(value.constant, scale);
    return { ...value, text: scope.parameters.constant(typeof scaled === 'number' ? BigInt(scaled) : scaled) };
  }
  const decimal = value.decimal === undefined ? undefined : decimalForm(scope, value);
  if (decimal !== undefined && decimal.decimal.scale <= scale && decimal.decimal.digits + scale - decimal.decimal.scale <= 18)
    return seal(rescaled(scope, decimal, scale));
  return { ...value, text: textDecimal(generalForm(value).text, scale), level: Level.atom };
}

/** A written row's value: parameter ?`number` of the statement. */
function rowValue(column: Column, number: number): Spelled {
  const type: TypeRef = { oid: column.typeOid, typmod: column.typmod };
  const scale = columnScale(column.typeOid, column.typmod);
  const text = `?${String(number)}`;
  return {
    text,
    level: Level.atom,
    weight: 0,
    type,
    nullable: true,
    ...(scale === undefined ? {} : { decimal: { scale, digits: 18, nanLeaves: [text], raw: false } }),
  };
}

/** A SELECT that mentions every one of the parameters ?1..?`count`: better-sqlite3 takes a number that is left out for an unnamed parameter. */
function selectOver(count: number, list: readonly string[]): string {
  const text = `SELECT ${list.length === 0 ? '1' : list.join(', ')}`;
  const mentioned = new Set(Array.from(text.matchAll(/\?(\d+)/g), (match) => Number(match[1])));
  const missing: string[] = [];
  for (let number = 1; number <= count; number++) if (!mentioned.has(number)) missing.push(`?${String(number)}`);
  return missing.length === 0 ? text : `${text} FROM (SELECT ${missing.join(', ')})`;
}

function bindRow(scope: Scope, table: Table, row: readonly OutputColumn[], first: number): void {
  for (const [i, column] of table.columns.entries()) {
    const output = row[i];
    if (output !== undefined) scope.bind(output.id, rowValue(column, first + i));
  }
}

function finished(scope: Scope, text: string, first: number, columns: readonly WrittenColumn[] = []): WrittenSql {
  const written = scope.parameters.finish(text, first);
  return { ...written, columns, mayReplan: mayReplan(written.pieces) };
}

function shardIndexOf(scope: Scope, table: Table, values: readonly Spelled[]): string {
  const { distribution } = table;
  if (distribution.kind === 'reference') return '0';
  const { bounds } = scope.options.catalog.group(distribution.group);
  const keys = distribution.columns.map((attribute) => values[table.columns.findIndex((column) => column.attribute === attribute)] as Spelled);
  return bounds.length <= 1 ? '0' : placement(keys, bounds);
}

function writeSource(scope: Scope, mutation: Mutation): WrittenSql {
  const { table, kind } = mutation;
  const isInsert = kind === 'insert';
  let block: Block = scope.block(mutation.source);
  const distributed = table.distribution.kind === 'distributed';
  if (block.distinct) block = wrap(scope, block);
  // The placement reads the key once more.
  if (distributed && kind !== 'delete') block = settled(scope, block);
  const written = outputsOf(scope, block).map((output) => output.spelled);
  const isMerge = kind === 'merge';
  const firstValue = isInsert ? 0 : isMerge ? 3 : 2;
  const values = written.slice(firstValue, firstValue + table.columns.length);
  const extra = written.slice(firstValue + table.columns.length).map(generalForm);
  const outputs: string[] = [];
  if (isInsert) outputs.push(shardIndexOf(scope, table, values));
  else if (isMerge)
    outputs.push(
      (written[0] as Spelled).text,
      distributed ? (written[1] as Spelled).text : '0',
      (written[2] as Spelled).text,
      shardIndexOf(scope, table, values),
    );
  else outputs.push(distributed ? (written[0] as Spelled).text : '0', (written[1] as Spelled).text);
  if (kind === 'update') {
    const moves = table.distribution.kind === 'distributed' && table.distribution.columns.some((attribute) => mutation.assigned.includes(attribute));
    outputs.push(moves ? shardIndexOf(scope, table, values) : (outputs[0] as string));
  }
  for (const [i, column] of table.columns.entries()) outputs.push(stored(scope, values[i] as Spelled, column).text);
  for (const value of extra) outputs.push(value.text);
  return finished(
    scope,
    selectText(
      block,
      outputs.map((text): Output => ({ text, name: undefined })),
    ),
    1,
  );
}

function writeConflictUpdate(scope: Scope, mutation: Mutation, conflict: OnConflict): { readonly sql: WrittenSql; readonly assigned: readonly number[] } {
  const { table } = mutation;
  const width = table.columns.length;
  bindRow(scope, table, mutation.row, 1);
  bindRow(scope, table, conflict.excluded, width + 1);
  const holds = (expression: Expression | undefined): string => (expression === undefined ? '1' : `${at(Level.relation, scope.expression(expression))} IS 1`);
  const condition = `CASE WHEN NOT (${holds(conflict.where)}) THEN ${String(conflictOutcome.leave)} WHEN ${holds(conflict.stays)} THEN ${String(conflictOutcome.update)} ELSE ${String(conflictOutcome.refuse)} END`;
  const assigned = new Map(conflict.assignments.map(({ attribute, expression }) => [attribute, expression]));
  const values = table.columns.map((column, i) => {
    const expression = assigned.get(column.attribute);
    return expression === undefined ? `?${String(i + 1)}` : stored(scope, scope.expression(expression), column).text;
  });
  return { sql: finished(scope, selectOver(2 * width, [condition, ...values]), 2 * width + 1), assigned: [...assigned.keys()] };
}

function writeChecks(scope: Scope, mutation: Pick<Mutation, 'table' | 'row' | 'checks'>): NonNullable<WrittenMutation['check']> {
  bindRow(scope, mutation.table, mutation.row, 1);
  const branches = mutation.checks.map(({ failure, expression }, i) => {
    const test = at(Level.relation, scope.expression(expression));
    return `WHEN ${test} IS ${failure.kind === 'view' ? 'NOT 1' : '0'} THEN ${String(i + 1)}`;
  });
  return {
    sql: finished(scope, selectOver(mutation.table.columns.length, [`CASE ${branches.join(' ')} ELSE 0 END`]), mutation.table.columns.length + 1),
    failures: mutation.checks.map((check) => check.failure),
  };
}

function writeFollower(scoped: () => Scope, follower: Follower): WrittenFollower {
  const { table, generated, defaults } = follower;
  const width = table.columns.length;
  const values = (computed: Follower['generated'], otherwise: (i: number) => string): WrittenSql => {
    const scope = scoped();
    bindRow(scope, table, follower.row, 1);
    const list = table.columns.map((column, i) => {
      const found = computed.find((one) => one.attribute === column.attribute);
      return found === undefined ? otherwise(i) : stored(scope, scope.expression(found.expression), column).text;
    });
    return finished(scope, selectOver(width, list), width + 1);
  };
  return {
    tableOid: table.oid,
    ...(follower.checks.length === 0 ? {} : { check: writeChecks(scoped(), follower) }),
    ...(generated.length === 0 ? {} : { generated: values(generated, (i) => `?${String(i + 1)}`) }),
    ...(defaults.length === 0 ? {} : { defaults: values(defaults, () => 'NULL') }),
  };
}

function writeReturning(scope: Scope, mutation: Mutation, returning: NonNullable<Mutation['returning']>): WrittenSql {
  const width = mutation.table.columns.length;
  bindRow(scope, mutation.table, mutation.row, 1);
  for (const [i, column] of mutation.extra.entries()) {
    scope.bind(column.id, { text: `?${String(width + i + 1)}`, level: Level.atom, weight: 0, type: column.type, nullable: true });
  }
  const values = returning.expressions.map((e) => clientForm(scope.expression(e)));
  const columns = returning.columns.map((column, i): WrittenColumn => ({ column, scale: (values[i] as Spelled).decimal?.scale }));
  return finished(
    scope,
    selectOver(
      width + mutation.extra.length,
      values.map((value) => value.text),
    ),
    width + mutation.extra.length + 1,
    columns,
  );
}

/** Rows of VALUES up to this number are not worth what it takes to write many at once. */
const shortListMax = 100;

function isShortList(source: LogicalNode): boolean {
  if (source.kind === 'values') return source.rows.length <= shortListMax;
  return (source.kind === 'project' || source.kind === 'filter') && isShortList(source.input);
}

/** The statement, and the catalog relations that must be landed for it. */
export function writeMutation(
  mutation: Mutation,
  options: MutationOptions,
  landings = new Map<string, CatalogLanding>(),
): { readonly mutation: WrittenMutation; readonly catalogLandings: readonly CatalogLanding[] } {
  const scoped = (): Scope => newScope(writerOptions(options), landings);
  const { onConflict } = mutation;
  const inheritors = mutation.inheritors?.map((one) => writeMutation(one, options, landings));
  const update = onConflict?.action === 'update' ? writeConflictUpdate(scoped(), mutation, onConflict) : undefined;
  const written: WrittenMutation = {
    kind: mutation.kind,
    tableOid: mutation.table.oid,
    source: writeSource(scoped(), mutation),
    ...(mutation.kind === 'insert' && !isShortList(mutation.source) ? { many: true as const } : {}),
    ...(onConflict === undefined ? {} : { onConflict: { index: onConflict.index, action: onConflict.action, ...(update === undefined ? {} : { update }) } }),
    ...(mutation.checks.length === 0 ? {} : { check: writeChecks(scoped(), mutation) }),
    ...(mutation.returning === undefined ? {} : { returning: writeReturning(scoped(), mutation, mutation.returning) }),
    ...(mutation.returning?.expressions.some(containsSubquery) === true && onConflict === undefined ? { returningFirst: true as const } : {}),
    assigned: mutation.assigned,
    ...(mutation.followers === undefined ? {} : { followers: mutation.followers.map((one) => writeFollower(scoped, one)) }),
    ...(inheritors === undefined ? {} : { inheritors: inheritors.map((one) => one.mutation) }),
  };
  return { mutation: written, catalogLandings: [...landings.values()] };
}
