/**
 * CREATE and ALTER SEQUENCE, and the sequences behind serial and identity columns.
 */
import type { Sequence, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { formatType, Oid } from '../../types/registry.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, duplicateRelation, findRelation, requireSequence } from './ddl.js';

const ranges = new Map<number, readonly [bigint, bigint]>([
  [Oid.int2, [-32768n, 32767n]],
  [Oid.int4, [-2147483648n, 2147483647n]],
  [Oid.int8, [-9223372036854775808n, 9223372036854775807n]],
]);

/** A sequence's parameters from its options, over the ones that it had. */
export function sequenceFrom(
  context: DdlContext,
  base: { readonly oid: number; readonly schema: string; readonly name: string; readonly owner: string },
  options: ast.SequenceOptions,
  typeOid: number,
  old?: Sequence,
): Sequence {
  let type = old?.typeOid ?? typeOid;
  if (options.dataType !== undefined) type = context.binder(context.editor.snapshot).typeName(options.dataType).oid;
  const range = ranges.get(type);
  if (range === undefined) throw new PgError('22023', 'sequence type must be smallint, integer, or bigint');
  const increment = options.increment ?? old?.increment ?? 1n;
  if (increment === 0n) throw new PgError('22023', 'INCREMENT must not be zero');
  const up = increment > 0n;
  const defaultMin = up ? 1n : range[0];
  const defaultMax = up ? range[1] : -1n;
  const kept = old !== undefined && old.typeOid === type ? old : undefined;
  const minValue = options.minValue === undefined ? (kept?.minValue ?? defaultMin) : (options.minValue ?? defaultMin);
  const maxValue = options.maxValue === undefined ? (kept?.maxValue ?? defaultMax) : (options.maxValue ?? defaultMax);
  if (minValue < range[0] || minValue > range[1])
    throw new PgError('22023', `MINVALUE (${String(minValue)}) is out of range for sequence data type ${formatType(type, -1)}`);
  if (maxValue < range[0] || maxValue > range[1])
    throw new PgError('22023', `MAXVALUE (${String(maxValue)}) is out of range for sequence data type ${formatType(type, -1)}`);
  if (minValue >= maxValue) throw new PgError('22023', `MINVALUE (${String(minValue)}) must be less than MAXVALUE (${String(maxValue)})`);
  const start = options.start ?? old?.start ?? (up ? minValue : maxValue);
  if (start < minValue) throw new PgError('22023', `START value (${String(start)}) cannot be less than MINVALUE (${String(minValue)})`);
  if (start > maxValue) throw new PgError('22023', `START value (${String(start)}) cannot be greater than MAXVALUE (${String(maxValue)})`);
  const cache = options.cache ?? old?.cache ?? 1n;
  if (cache < 1n) throw new PgError('22023', `CACHE (${String(cache)}) must be greater than zero`);
  let ownedBy = old?.ownedBy;
  if (options.ownedBy !== undefined) ownedBy = owner(context, base, options.ownedBy);
  return {
    kind: 'sequence',
    ...base,
    typeOid: type,
    start,
    increment,
    minValue,
    maxValue,
    cache,
    cycle: options.cycle ?? old?.cycle ?? false,
    ...(ownedBy === undefined ? {} : { ownedBy }),
  };
}

function owner(context: DdlContext, base: Pick<Sequence, 'schema' | 'owner'>, parts: readonly string[]): Sequence['ownedBy'] {
  if (parts.length === 0 || (parts.length === 1 && parts[0]?.toLowerCase() === 'none')) return undefined;
  if (parts.length === 1) throw new PgError('42601', 'invalid OWNED BY option', { hint: 'Specify OWNED BY table.column or OWNED BY NONE.' });
  const column = parts[parts.length - 1] ?? '';
  const relation = findRelation(context, { name: parts[parts.length - 2] ?? '', schema: parts[parts.length - 3] });
  if (relation === undefined) throw new PgError('42P01', `relation "${parts.slice(0, -1).join('.')}" does not exist`);
  if (relation.kind !== 'table' && relation.kind !== 'view' && relation.kind !== 'partition')
    throw new PgError('42809', `sequence cannot be owned by relation "${relation.name}"`, { detail: 'This operation is not supported for sequences.' });
  if (relation.owner !== base.owner) throw new PgError('55000', 'sequence must have same owner as table it is linked to');
  if (relation.schema !== base.schema) throw new PgError('55000', 'sequence must be in same schema as table it is linked to');
  const found = relation.kind === 'table' ? relation.columns.find((candidate) => candidate.name === column) : undefined;
  if (found === undefined) throw new PgError('42703', `column "${column}" of relation "${relation.name}" does not exist`);
  return { tableOid: relation.oid, attribute: found.attribute };
}

/** Puts a new sequence into the catalog, with its state. */
function addSequence(context: DdlContext, list: ActionList, sequence: Sequence): void {
  context.editor.put(sequence);
  list.step({ kind: 'setSequence', oid: sequence.oid, lastValue: sequence.start, isCalled: false });
}

/** The default of a serial or identity column. */
export function nextvalText(sequence: { readonly schema: string; readonly name: string }): string {
  const name = `${quoteIdentifier(sequence.schema)}.${quoteIdentifier(sequence.name)}`;
  return `nextval('${name.replaceAll("'", "''")}'::regclass)`;
}

/** The sequence of a serial or identity column: `{table}_{column}_seq`. */
export function ownedSequence(
  context: DdlContext,
  list: ActionList,
  table: Pick<Table, 'oid' | 'schema' | 'name' | 'owner'>,
  column: { readonly name: string; readonly attribute: number; readonly typeOid: number },
  options: ast.SequenceOptions,
  name: string,
): Sequence {
  const oid = context.editor.freshOid();
  const base = sequenceFrom(context, { oid, schema: table.schema, name: options.name?.name ?? name, owner: table.owner }, options, column.typeOid);
  const sequence: Sequence = { ...base, ownedBy: { tableOid: table.oid, attribute: column.attribute } };
  addSequence(context, list, sequence);
  return sequence;
}

export function planCreateSequence(statement: ast.CreateSequence, context: DdlContext): readonly DdlAction[] {
  const schema = creationSchema(context, statement.name, statement.persistence);
  if (context.editor.nameTaken(schema, statement.name.name)) {
    if (!statement.ifNotExists) throw duplicateRelation(statement.name.name);
    context.notice({ severity: 'NOTICE', code: '42P07', message: `relation "${statement.name.name}" already exists, skipping` });
    return [];
  }
  const list = new ActionList(context.editor);
  const oid = context.editor.freshOid();
  addSequence(context, list, sequenceFrom(context, { oid, schema, name: statement.name.name, owner: context.currentUser }, statement.options, Oid.int8));
  list.flush();
  return list.actions;
}

function tableOf(context: DdlContext, { ownedBy }: Sequence): Table | undefined {
  const table = ownedBy === undefined ? undefined : context.editor.snapshot.relationByOid(ownedBy.tableOid);
  return table?.kind === 'table' ? table : undefined;
}

/** Whether the sequence belongs to an identity column. */
function isIdentity(context: DdlContext, sequence: Sequence): boolean {
  return tableOf(context, sequence)?.columns.some((column) => column.sequenceOid === sequence.oid && column.identity !== undefined) === true;
}

export function planAlterSequence(statement: ast.AlterSequence, context: DdlContext): readonly DdlAction[] {
  if (statement.ifExists && findRelation(context, statement.name) === undefined) {
    context.notice({ severity: 'NOTICE', code: '42P01', message: `relation "${statement.name.name}" does not exist, skipping` });
    return [];
  }
  const old = requireSequence(context, statement.name);
  const list = new ActionList(context.editor);
  if (statement.options.ownedBy !== undefined && isIdentity(context, old))
    throw new PgError('0A000', 'cannot change ownership of identity sequence', {
      detail: `Sequence "${old.name}" is linked to table "${tableOf(context, old)?.name ?? ''}".`,
    });
  const sequence = sequenceFrom(context, { oid: old.oid, schema: old.schema, name: old.name, owner: old.owner }, statement.options, old.typeOid, old);
  context.editor.put(sequence);
  if (statement.options.restart !== undefined) {
    const value = statement.options.restart === 'start' ? sequence.start : statement.options.restart;
    if (value < sequence.minValue) throw new PgError('22023', `RESTART value (${String(value)}) cannot be less than MINVALUE (${String(sequence.minValue)})`);
    if (value > sequence.maxValue)
      throw new PgError('22023', `RESTART value (${String(value)}) cannot be greater than MAXVALUE (${String(sequence.maxValue)})`);
    list.step({ kind: 'setSequence', oid: old.oid, lastValue: value, isCalled: false });
  }
  list.flush();
  return list.actions;
}
