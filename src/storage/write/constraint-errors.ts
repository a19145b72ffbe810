/** Errors of constraints in PostgreSQL's words (src/backend/executor/execMain.c, nbtinsert.c, ri_triggers.c of PostgreSQL 15 for the texts). */
import { typeByOid } from '../../types/registry.js';
import type { Index } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type { CheckFailure } from '../../plan/logical.js';
import type { SqlValue } from '../../types/value.js';
import { type Audience, seenColumns, seesKey } from './audience.js';
import type { KeyedIndex, RowPlace } from './keyed-index.js';
import type { ForeignKeyRuntime, TableRuntime } from './lane-catalog.js';

/** Longest text of a column in "Failing row contains", in bytes. */
const failingFieldBytesMax = 64;

function clip(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= failingFieldBytesMax) return text;
  let end = failingFieldBytesMax;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}...`;
}

/** undefined: nothing may be told. */
function failingRow(table: TableRuntime, values: readonly SqlValue[], audience: Audience): string | undefined {
  const seen = seenColumns(audience, table.table);
  const shown = table.columns.flatMap((column, at) =>
    seen === undefined || seen.has(column.attribute) ? [{ name: column.name, text: clip(table.format(at, values[at] as SqlValue, audience.context)) }] : [],
  );
  if (shown.length === 0 && seen !== undefined) return undefined;
  const names = seen === undefined ? '' : `(${shown.map(({ name }) => name).join(', ')}) = `;
  return `Failing row contains ${names}(${shown.map(({ text }) => text).join(', ')}).`;
}

export function notNullViolation(table: TableRuntime, position: number, values: readonly SqlValue[], audience: Audience): PgError {
  const { schema, name } = table.table;
  const column = table.columns[position]?.name ?? '';
  return new PgError('23502', `null value in column "${column}" of relation "${name}" violates not-null constraint`, {
    detail: failingRow(table, values, audience),
    schema,
    table: name,
    column,
  });
}

export function checkViolation(table: TableRuntime, failure: CheckFailure, values: readonly SqlValue[], audience: Audience): PgError {
  const { schema, name } = table.table;
  const detail = failingRow(table, values, audience);
  switch (failure.kind) {
    case 'check':
      return new PgError('23514', `new row for relation "${failure.relation ?? name}" violates check constraint "${failure.name}"`, {
        detail,
        schema,
        table: failure.relation ?? name,
        constraint: failure.name,
      });
    case 'notNull':
      return notNullViolation(
        table,
        table.columns.findIndex((column) => column.name === failure.column),
        values,
        audience,
      );
    case 'policy':
      return new PgError(
        '42501',
        `new row violates row-level security policy ${failure.policy === undefined ? '' : `"${failure.policy}" `}for table "${failure.relation}"`,
      );
    case 'view':
      return new PgError('44000', `new row violates check option for view "${failure.name}"`, { detail });
    case 'partition':
      return new PgError('23514', `new row for relation "${failure.relation}" violates partition constraint`, { detail, schema, table: failure.relation });
    case 'noPartition': {
      const shown = failure.keys.map((key) =>
        key.attribute === 0 ? '...' : table.format(table.position(key.attribute), values[table.position(key.attribute)] as SqlValue, audience.context),
      );
      const seen = seesKey(
        audience,
        table.table,
        failure.keys.map((key) => key.attribute),
      );
      return new PgError('23514', `no partition of relation "${failure.relation}" found for row`, {
        detail: seen ? `Partition key of the failing row contains (${failure.keys.map((key) => key.text).join(', ')}) = (${shown.join(', ')}).` : undefined,
        schema,
        table: failure.relation,
      });
    }
  }
}

/** `Key (a, b)=(1, x)`, or just `Key`. */
function keyText(table: TableRuntime, positions: readonly number[], values: readonly SqlValue[], audience: Audience): string {
  const { context } = audience;
  const seen = seesKey(
    audience,
    table.table,
    positions.map((at) => table.columns[at]?.attribute ?? 0),
  );
  if (!seen) return 'Key';
  const names = positions.map((at) => table.columns[at]?.name ?? '').join(', ');
  return `Key (${names})=(${positions.map((at) => table.format(at, values[at] as SqlValue, context)).join(', ')})`;
}

/** A row that a unique index or an exclusion constraint does not let stand beside `other`. */
export function keyViolation(
  table: TableRuntime,
  unique: KeyedIndex,
  values: readonly SqlValue[],
  key: readonly SqlValue[],
  other: RowPlace,
  audience: Audience,
): PgError {
  const { index } = unique;
  if (index.exclusion === undefined) return duplicateKey(table, index, values, key, audience);
  const { schema, name } = table.table;
  const attributes = index.keys.map((part) => part.attribute);
  const shown = (row: readonly SqlValue[]): string => {
    const own = unique.keyOf(row) ?? [];
    const names = index.keys.map((part) => (part.attribute === 0 ? (part.expressionText ?? '') : (table.columns[table.position(part.attribute)]?.name ?? '')));
    const texts = index.keys.map((part, at) => {
      if (part.attribute !== 0) return table.format(table.position(part.attribute), row[table.position(part.attribute)] ?? null, audience.context);
      const value = own[at] ?? null;
      return value === null ? 'null' : (typeByOid(part.typeOid ?? 0)?.format(value, -1, audience.context) ?? String(value));
    });
    return `(${names.join(', ')})=(${texts.join(', ')})`;
  };
  const existing = table.read(other.shard, other.rowid);
  const detail =
    existing === undefined || !seesKey(audience, table.table, attributes)
      ? 'Key conflicts with existing key.'
      : `Key ${shown(values)} conflicts with existing key ${shown(existing)}.`;
  return new PgError('23P01', `conflicting key value violates exclusion constraint "${index.name}"`, { detail, schema, table: name, constraint: index.name });
}

/** `key`: the index's key values of the row, for keys that are expressions. */
export function duplicateKey(table: TableRuntime, index: Index, values: readonly SqlValue[], key: readonly SqlValue[], audience: Audience): PgError {
  const { schema, name } = table.table;
  const names = index.keys.map((part) => (part.attribute === 0 ? (part.expressionText ?? '') : (table.columns[table.position(part.attribute)]?.name ?? '')));
  const texts = index.keys.map((part, at) => {
    if (part.attribute === 0) return String(key[at] ?? 'null');
    const position = table.position(part.attribute);
    return table.format(position, values[position] as SqlValue, audience.context);
  });
  const seen = seesKey(
    audience,
    table.table,
    index.keys.map((part) => part.attribute),
  );
  const detail = !seen ? undefined : `Key (${names.join(', ')})=(${texts.join(', ')}) already exists.`;
  return new PgError('23505', `duplicate key value violates unique constraint "${index.name}"`, { detail, schema, table: name, constraint: index.name });
}

export function missingParent(foreign: ForeignKeyRuntime, values: readonly SqlValue[], audience: Audience): PgError {
  const { schema, name } = foreign.child.table;
  return new PgError('23503', `insert or update on table "${name}" violates foreign key constraint "${foreign.key.name}"`, {
    detail: `${keyText(foreign.child, foreign.childPositions, values, audience)} is not present in table "${foreign.parent.table.name}".`,
    schema,
    table: name,
    constraint: foreign.key.name,
  });
}

export function mixedNulls(foreign: ForeignKeyRuntime): PgError {
  const { schema, name } = foreign.child.table;
  return new PgError('23503', `insert or update on table "${name}" violates foreign key constraint "${foreign.key.name}"`, {
    detail: 'MATCH FULL does not allow mixing of null and nonnull key values.',
    schema,
    table: name,
    constraint: foreign.key.name,
  });
}

export function stillReferenced(foreign: ForeignKeyRuntime, parentValues: readonly SqlValue[], audience: Audience): PgError {
  const { schema, name } = foreign.child.table;
  return new PgError(
    '23503',
    `update or delete on table "${foreign.parent.table.name}" violates foreign key constraint "${foreign.key.name}" on table "${name}"`,
    {
      detail: `${keyText(foreign.parent, foreign.parentPositions, parentValues, audience)} is still referenced from table "${name}".`,
      schema,
      table: name,
      constraint: foreign.key.name,
    },
  );
}
