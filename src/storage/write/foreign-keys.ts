/**
 * Referential integrity over any shards, by prepared look-ups: children are checked against their parents, changes of parents act on their children.
 * When they run is write/constraint-checks' to say.
 */
import type { Column } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { decimalToNumericText, isDecimalTypmod, numericKey, numericTextToDecimal } from '../../types/numeric-codec.js';
import { firstUserOid } from '../../types/user-types.js';
import { Oid } from '../../types/oid.js';
import { canonicalContext, type SqlValue } from '../../types/value.js';
import { formatType } from '../../types/registry.js';
import { quoteName } from '../files/layout.js';
import { bindings } from '../files/parameters.js';
import type { FollowerTask } from '../ports.js';
import type { CheckFailure } from '../../plan/logical.js';
import { checkViolation, missingParent, mixedNulls, stillReferenced } from './constraint-errors.js';
import { encodeKeyPart, type KeyedIndex } from './keyed-index.js';
import { type ForeignKeyRuntime, type TableRuntime } from './lane-catalog.js';
import { rowLockKey } from './lock-table.js';
import type { StatementRun } from './statement-run.js';

export type ForeignKeyEvent =
  /** A row that refers to a parent was written. */
  | {
      readonly kind: 'child';
      readonly foreign: ForeignKeyRuntime;
      readonly shard: number;
      readonly rowid: number;
      readonly values: readonly SqlValue[];
      /** Rewrites that the statement had done before. */
      readonly rewrites: number;
    }
  /** A referenced key was deleted or changed. */
  | { readonly kind: 'parent'; readonly foreign: ForeignKeyRuntime; readonly before: readonly SqlValue[]; readonly after: readonly SqlValue[] | undefined };

/** A child's row refers to a parent that is there. reread: the row may have changed since the event. */
export function checkChild(run: StatementRun, event: Extract<ForeignKeyEvent, { kind: 'child' }>, reread: boolean): void {
  const { foreign } = event;
  let { values } = event;
  const keys = foreign.childPositions.map((at) => values[at] as SqlValue);
  if (keys.includes(null)) {
    if (foreign.key.matchFull && keys.some((value) => value !== null)) throw mixedNulls(foreign);
    return;
  }
  if (reread || run.rewrites !== event.rewrites) {
    // The row may have gone or changed since; a change has raised an event of its own.
    const current = foreign.child.read(event.shard, event.rowid);
    if (current === undefined || foreign.childPositions.some((at) => encodeKeyPart(current[at] as SqlValue) !== encodeKeyPart(values[at] as SqlValue))) return;
    values = current;
  }
  const known = run.rewrites === 0 && !reread ? `${String(foreign.key.oid)}:${keys.map(encodeKeyPart).join('')}` : undefined;
  if (known !== undefined && run.knownParents.has(known)) return;
  const parent = findParent(
    foreign,
    foreign.childPositions.map((at, part) => convert(foreign.child, at, foreign.parent, foreign.parentPositions[part] as number, values[at] as SqlValue)),
  );
  if (parent === undefined) throw missingParent(foreign, values, run.audience);
  run.lock(rowLockKey(foreign.parent.oid, parent.shard, parent.rowid), 'keyShare');
  if (known !== undefined) run.knownParents.add(known);
}

/** The parent's row with a key, on whichever shard. */
function findParent(foreign: ForeignKeyRuntime, key: readonly SqlValue[]): { readonly shard: number; readonly rowid: number } | undefined {
  const { parent, parentPositions } = foreign;
  const row = new Array<SqlValue>(parent.columns.length).fill(null);
  for (const [part, at] of parentPositions.entries()) row[at] = key[part] as SqlValue;
  const index = parentIndex(foreign);
  const indexKey = index.keyOf(row);
  if (indexKey === undefined) return undefined;
  const owner = parent.shardOf(row, new Set(parentPositions));
  if (owner !== undefined) {
    const rowid = index.find(owner, indexKey);
    return rowid === undefined ? undefined : { shard: owner, rowid };
  }
  for (let shard = 0; shard < parent.schemas.length; shard++) {
    const rowid = index.find(shard, indexKey);
    if (rowid !== undefined) return { shard, rowid };
  }
  return undefined;
}

const parentIndexes = new WeakMap<ForeignKeyRuntime, KeyedIndex>();

function parentIndex(foreign: ForeignKeyRuntime): KeyedIndex {
  let index = parentIndexes.get(foreign);
  if (index === undefined) {
    const wanted = [...foreign.key.targetColumns].sort((left, right) => left - right).join();
    index = foreign.parent.uniqueIndexes.find(
      (candidate) =>
        candidate.index.unique &&
        candidate.index.predicateText === undefined &&
        candidate.index.keys
          .map((part) => part.attribute)
          .sort((left, right) => left - right)
          .join() === wanted,
    );
    if (index === undefined) throw notSupported(`a foreign key without a unique index on the referenced columns (${foreign.key.name})`);
    parentIndexes.set(foreign, index);
  }
  return index;
}

interface ChildRow {
  readonly shard: number;
  readonly rowid: number;
  readonly values: readonly SqlValue[];
}

/** The beginning of the call under which indexes hold a column whose own order is not PostgreSQL's; padded bpchar and scaled integers are compared as they are. */
function keyCall(table: TableRuntime, position: number): string | undefined {
  const type = table.types[position];
  const { typmod } = table.columns[position] as Column;
  if (type?.key === undefined) return undefined;
  if (type.oid === Oid.bpchar) return typmod >= 0 ? undefined : 'rtrim(';
  if (type.oid >= firstUserOid) return `shoal_key(${String(type.oid)}, `;
  return type.oid === Oid.numeric && isDecimalTypmod(typmod) !== undefined ? undefined : `shoal_key_${type.name}(`;
}

/** Rows that refer to a parent's old key. */
function findChildren(foreign: ForeignKeyRuntime, parentValues: readonly SqlValue[], limit: string): readonly ChildRow[] {
  const { child, childPositions, parent, parentPositions } = foreign;
  const key = childPositions.map((at, part) =>
    convert(parent, parentPositions[part] as number, child, at, parentValues[parentPositions[part] as number] as SqlValue),
  );
  const row = new Array<SqlValue>(child.columns.length).fill(null);
  for (const [part, at] of childPositions.entries()) row[at] = key[part] as SqlValue;
  const tests = childPositions.map((at) => {
    const name = quoteName((child.columns[at] as Column).physicalName);
    const key = keyCall(child, at);
    return key === undefined ? `${name} = ?` : `${key}${name}) = ${key}?)`;
  });
  const owner = child.shardOf(row, new Set(childPositions));
  const found: ChildRow[] = [];
  for (const shard of owner === undefined ? child.schemas.keys() : [owner]) {
    const statement = child.connection.prepare(
      `SELECT _rowid, ${child.columnList} FROM ${child.qualifiedName(shard)} WHERE ${tests.join(' AND ')}${limit}`,
      true,
    );
    for (const [rowid, ...values] of statement.all(...key)) found.push({ shard, rowid: Number(rowid), values });
    if (limit !== '' && found.length > 0) break;
  }
  return found;
}

/** NO ACTION and RESTRICT: nobody may refer to the old key, unless a parent has it again. */
export function checkUnreferenced(run: StatementRun, event: Extract<ForeignKeyEvent, { kind: 'parent' }>): void {
  const { foreign, before } = event;
  if (
    findParent(
      foreign,
      foreign.parentPositions.map((at) => before[at] as SqlValue),
    ) !== undefined
  )
    return;
  if (findChildren(foreign, before, ' LIMIT 1').length > 0) throw stillReferenced(foreign, before, run.audience);
}

export function act(run: StatementRun, event: Extract<ForeignKeyEvent, { kind: 'parent' }>, action: 'cascade' | 'setNull' | 'setDefault'): void {
  const { foreign, before, after } = event;
  const { child, childPositions } = foreign;
  for (const row of findChildren(foreign, before, '')) {
    if (action === 'cascade' && after === undefined) {
      run.delete(child, row.shard, row.rowid, row.values);
      continue;
    }
    const task = run.followers.get(child.oid);
    let values = [...row.values];
    const { onDeleteColumns } = foreign.key;
    const set = after === undefined && onDeleteColumns !== undefined ? onDeleteColumns.map((attribute) => child.position(attribute)) : childPositions;
    const defaults = action === 'setDefault' ? computed(child, task?.defaults, row.values) : undefined;
    for (const at of set) {
      const parentAt = foreign.parentPositions[childPositions.indexOf(at)] as number;
      if (action === 'cascade') values[at] = cascaded(foreign, parentAt, at, (after as readonly SqlValue[])[parentAt] as SqlValue);
      else values[at] = defaults?.[at] ?? null;
    }
    values = computed(child, task?.generated, values) ?? values;
    run.checkNotNull(child, values);
    if (task?.check !== undefined) {
      const [failed] = computed(child, task.check, values) ?? [];
      if (Number(failed ?? 0) !== 0) throw checkViolation(child, task.check.failures[Number(failed) - 1] as CheckFailure, values, run.audience);
    }
    const changed = child.columnSet([...set, ...child.generated]);
    run.update(child, row.shard, row.rowid, row.values, values, changed, child.shardOf(values) ?? row.shard);
  }
}

/** A statement over a row's values. */
function computed(table: TableRuntime, statement: FollowerTask['generated'], values: readonly SqlValue[]): SqlValue[] | undefined {
  if (statement === undefined) return undefined;
  return table.connection.prepare(statement.sql, true).get(...bindings(statement.sql, [...values, ...statement.params]));
}

/** The parent's new value in the child's column, which must hold it. */
function cascaded(foreign: ForeignKeyRuntime, parentAt: number, at: number, value: SqlValue): SqlValue {
  const bytes = integerBytes.get((foreign.child.columns[at] as Column).typeOid);
  const fits = typeof value !== 'bigint' || bytes === undefined || BigInt.asIntN(bytes * 8, value) === value;
  const converted = fits ? convert(foreign.parent, parentAt, foreign.child, at, value) : null;
  if (converted === null && value !== null) {
    const { typeOid } = foreign.child.columns[at] as Column;
    throw new PgError('22003', integerBytes.has(typeOid) ? `${formatType(typeOid, -1)} out of range` : 'numeric field overflow');
  }
  return converted;
}

const integerBytes: ReadonlyMap<number, number> = new Map([
  [Oid.int2, 2],
  [Oid.int4, 4],
  [Oid.int8, 8],
]);

/** A number's text as an integer of that many bytes; null when none is equal to it. */
function integerOf(text: string, bytes: number): SqlValue {
  const whole = /^(-?\d+)(?:\.0*)?$/.exec(text)?.[1] ?? (/e/.test(text) && Number.isInteger(Number(text)) ? BigInt(Number(text)).toString() : undefined);
  if (whole === undefined) return null;
  const integer = BigInt(whole);
  return BigInt.asIntN(bytes * 8, integer) === integer ? integer : null;
}

/** A value of one column in the physical form of another of a comparable type. */
function convert(from: TableRuntime, fromPosition: number, to: TableRuntime, toPosition: number, value: SqlValue): SqlValue {
  if (value === null) return null;
  const source = from.columns[fromPosition] as Column;
  const target = to.columns[toPosition] as Column;
  if (source.typeOid === target.typeOid && source.typmod === target.typmod) return value;
  const sourceType = from.types[fromPosition];
  const targetType = to.types[toPosition];
  if (sourceType === undefined || targetType === undefined || (sourceType.physical === targetType.physical && sourceType.physical !== 'numeric')) return value;
  const text = sourceType.format(value, source.typmod, canonicalContext);
  if (integerBytes.has(target.typeOid)) return integerOf(text, integerBytes.get(target.typeOid) as number);
  const decimal = target.typeOid === Oid.numeric ? isDecimalTypmod(target.typmod) : undefined;
  if (decimal === undefined) return targetType.parse(text, target.typeOid === Oid.bpchar ? target.typmod : -1, canonicalContext);
  const scaled = numericTextToDecimal(text, decimal.scale);
  // More digits than the column holds: no row can be equal.
  return encodeKeyPart(numericKey(text)) === encodeKeyPart(numericKey(decimalToNumericText(scaled, decimal.scale))) ? scaled : null;
}
