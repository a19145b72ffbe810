/** Window functions: SQLite has PostgreSQL's, frames and exclusion included. */
import { PgError, notSupported } from '../../common/errors.js';
import type { Expression, FrameBound, WindowCall } from '../../plan/expression.js';
import type { Window } from '../../plan/logical.js';
import { numericPlace } from '../../types/numeric-place.js';
import { Oid } from '../../types/registry.js';
import { aggregateText } from './aggregate.js';
import { type Block, joinable } from './block.js';
import { keyOf } from './comparison.js';
import { raise, raisingFor } from './connection-functions.js';
import { generalForm, isNumeric, seal } from './numeric.js';
import { orderTerms, orderText } from './order.js';
import type { Scope } from './scope.js';
import { Level, type Spelled } from './spelled.js';

type Frame = WindowCall['frame'];

function isDefaultFrame(frame: Frame): boolean {
  return frame.mode === 'range' && frame.start.kind === 'unboundedPreceding' && frame.end.kind === 'currentRow' && frame.exclude === 'none';
}

function negativeSize(): PgError {
  return new PgError('22013', 'invalid preceding or following size in window function');
}

/** An offset: a number of rows or groups, or a distance of the order key. */
function offsetText(scope: Scope, call: WindowCall, offset: Expression, which: 'starting' | 'ending'): string {
  const message = `frame ${which} offset must not be `;
  const spelled = scope.expression(offset);
  const { constant } = spelled;
  if (spelled.text === 'NULL') throw new PgError('22004', `${message}null`);
  if (call.frame.mode !== 'range') {
    if (typeof constant === 'bigint' && constant < 0n) throw new PgError('22013', `${message}negative`);
    if (constant === undefined && spelled.parameter === undefined) throw notSupported('a frame offset that is no constant');
    return constant === undefined ? `coalesce(${spelled.text}, ${raisingFor(raise('22004', `${message}null`), spelled.text)})` : spelled.text;
  }
  const key = call.orderBy[0]?.expression;
  if (key === undefined || (constant === undefined && spelled.parameter === undefined)) throw notSupported('RANGE with an offset that is no constant');
  if (offset.type.oid === Oid.interval) {
    if (typeof constant !== 'string') throw notSupported('RANGE with an interval offset that is no constant');
    return intervalDistance(constant, key.type.oid);
  }
  const written = scope.looseNumeric(key);
  if (isNumeric(written)) {
    if (written.decimal === undefined || constant === undefined) throw notSupported('RANGE with offset over numeric without scale');
    const place = numericPlace(String(constant), written.decimal.scale);
    if (typeof place === 'bigint' && place >= 0n) return String(place);
    // A finer distance reaches no further than the last whole step.
    if (typeof place === 'number' && Number.isFinite(place) && place >= 0) return String(Math.floor(place));
    throw negativeSize();
  }
  if (constant !== undefined && Number(constant) < 0) throw negativeSize();
  return spelled.text;
}

const dayMicros = 86_400_000_000n;

/** An interval as a distance of the key's physical values. A day of a timestamptz, and a month of anything, has no fixed length. */
function intervalDistance(value: string, keyOid: number): string {
  const [months = 0n, days = 0n, micros = 0n] = value.split(' ').map(BigInt);
  const fixed = keyOid === Oid.date || keyOid === Oid.timestamp || keyOid === Oid.time || (keyOid === Oid.timestamptz && days === 0n);
  if (months !== 0n || !fixed) throw notSupported('RANGE with this interval offset');
  const distance = (keyOid === Oid.time ? 0n : days * dayMicros) + micros;
  if (distance < 0n) throw negativeSize();
  return String(keyOid === Oid.date ? distance / dayMicros : distance);
}

function boundText(scope: Scope, call: WindowCall, bound: FrameBound, which: 'starting' | 'ending'): string {
  switch (bound.kind) {
    case 'unboundedPreceding':
      return 'UNBOUNDED PRECEDING';
    case 'unboundedFollowing':
      return 'UNBOUNDED FOLLOWING';
    case 'currentRow':
      return 'CURRENT ROW';
    case 'preceding':
    case 'following':
      return `${offsetText(scope, call, bound.offset as Expression, which)} ${bound.kind === 'preceding' ? 'PRECEDING' : 'FOLLOWING'}`;
  }
}

const exclusions = { none: '', currentRow: ' EXCLUDE CURRENT ROW', group: ' EXCLUDE GROUP', ties: ' EXCLUDE TIES' } as const;

/** Functions that see the order of rows without peers: where OVER says none, it is that of the input, as PostgreSQL takes the rows as they come. */
const takesInputOrder: ReadonlySet<string> = new Set(['row_number', 'lag', 'lead', 'ntile']);

function overText(scope: Scope, call: WindowCall, inputOrder = ''): string {
  const clauses: string[] = [];
  if (call.partitionBy.length > 0) {
    const keys = call.partitionBy.map((e) => keyOf(scope, scope.looseNumeric(e))).filter((key) => key.constant === undefined && key.parameter === undefined);
    if (keys.length > 0) clauses.push(`PARTITION BY ${keys.map((key) => key.text).join(', ')}`);
  }
  const order = orderTerms(scope, call.orderBy);
  if (order.length > 0) clauses.push(`ORDER BY ${orderText(order)}`);
  else if (inputOrder !== '' && call.orderBy.length === 0 && takesInputOrder.has(call.function.name)) clauses.push(`ORDER BY ${inputOrder}`);
  const { frame } = call;
  if (!isDefaultFrame(frame)) {
    const mode = { rows: 'ROWS', range: 'RANGE', groups: 'GROUPS' }[frame.mode];
    // SQLite wants an ORDER BY for RANGE and GROUPS with offsets; without one all rows are peers, so that a constant will do.
    if (order.length === 0 && frame.mode === 'groups') clauses.push('ORDER BY NULL');
    clauses.push(
      `${mode} BETWEEN ${boundText(scope, call, frame.start, 'starting')} AND ${boundText(scope, call, frame.end, 'ending')}${exclusions[frame.exclude]}`,
    );
  }
  return ` OVER (${clauses.join(' ')})`;
}

function nativeArguments(scope: Scope, call: WindowCall): { readonly name: string; readonly texts: readonly string[]; readonly result: Spelled | undefined } {
  let name = call.function.kind === 'window' ? call.function.sqliteName : call.function.name;
  const args = call.args.map((arg) => seal(scope.expression(arg)));
  const value = args[0];
  switch (name) {
    case 'lag':
    case 'lead': {
      const offset = args[1];
      const texts = [value?.text ?? 'NULL'];
      let fallback = args[2];
      let result = value;
      if (offset !== undefined) {
        const { constant } = offset;
        if (typeof constant === 'bigint' && constant < 0n) {
          name = name === 'lag' ? 'lead' : 'lag';
          texts.push(String(-constant));
        } else texts.push(offset.text);
      }
      if (fallback !== undefined && value !== undefined && isNumeric(value) && value.decimal?.scale !== fallback.decimal?.scale && fallback.text !== 'NULL') {
        result = generalForm(value);
        fallback = generalForm(fallback);
        texts[0] = result.text;
      }
      // A NULL offset answers NULL, not the default.
      if (fallback !== undefined && offset?.text === 'NULL') texts.push('NULL');
      else if (fallback !== undefined) texts.push(offset?.nullable === true ? `CASE WHEN ${offset.text} IS NOT NULL THEN ${fallback.text} END` : fallback.text);
      return { name, texts, result };
    }
    case 'first_value':
    case 'last_value':
      return { name, texts: [value?.text ?? 'NULL'], result: value };
    case 'nth_value': {
      const n = args[1] as Spelled;
      if (typeof n.constant === 'bigint' && n.constant <= 0n) throw new PgError('22016', 'argument of nth_value must be greater than zero');
      // The frame has no row of that number: NULL, as for a NULL number.
      const text = n.nullable ? `coalesce(${n.text}, ${String(2n ** 31n - 1n)})` : n.text;
      return { name, texts: [value?.text ?? 'NULL', text], result: value };
    }
    case 'ntile': {
      if (typeof value?.constant === 'bigint' && value.constant <= 0n) throw new PgError('22014', 'argument of ntile must be greater than zero');
      // SQLite reads the argument of a partition's first row only, as PostgreSQL does unless it is NULL.
      return { name, texts: [value?.nullable === true ? `coalesce(${value.text}, 1)` : (value?.text ?? 'NULL')], result: undefined };
    }
    default:
      return { name, texts: args.map((arg) => arg.text), result: undefined };
  }
}

/** ntile(NULL) is NULL; a partition that begins with NULL and goes on with a number is refused. */
function ntileOf(scope: Scope, call: WindowCall, text: string): string {
  const buckets = seal(scope.expression(call.args[0] as Expression));
  if (!buckets.nullable) return text;
  if (buckets.text === 'NULL') return `CASE WHEN ${text} < 0 THEN 0 END`;
  const over = overText(scope, {
    ...call,
    frame: { mode: 'rows', start: { kind: 'unboundedPreceding' }, end: { kind: 'unboundedFollowing' }, exclude: 'none' },
  });
  const later = `CASE WHEN max(${buckets.text})${over} IS NOT NULL THEN ${raise('0A000', 'ntile of an argument that is NULL in the first row is not supported')} END`;
  return `CASE WHEN first_value(${buckets.text})${over} IS NOT NULL THEN ${text} ELSE ${later} END`;
}

function callOf(scope: Scope, call: WindowCall, inputOrder: string): Spelled {
  const over = overText(scope, call, inputOrder);
  const base: Spelled = { text: '', level: Level.atom, weight: 50, type: call.type, nullable: true };
  if (call.function.kind === 'aggregate') {
    const isSum = call.function.name === 'sum' || call.function.name === 'avg';
    const args = call.args.map((arg) => (isSum ? scope.looseNumeric(arg) : scope.expression(arg)));
    const filter = call.filter === undefined ? undefined : scope.expression(call.filter).text;
    const { start, exclude } = call.frame;
    return {
      ...aggregateText(scope, call as WindowCall & { function: typeof call.function }, args, {
        over,
        filter,
        order: '',
        distinct: false,
        movingFrame: start.kind !== 'unboundedPreceding' || exclude !== 'none',
      }),
      weight: 50,
    };
  }
  const { name, texts, result } = nativeArguments(scope, call);
  const plain = `${name}(${texts.join(', ')})${over}`;
  const text = name === 'ntile' ? ntileOf(scope, call, plain) : plain;
  const decimal = result?.decimal;
  const counts = name === 'row_number' || name === 'rank' || name === 'dense_rank' || name === 'ntile';
  return {
    ...base,
    text,
    nullable: !counts || name === 'ntile',
    ...(decimal === undefined ? {} : { decimal: { ...decimal, nanLeaves: decimal.nanLeaves.length > 0 ? [text] : [] } }),
  };
}

export function window(scope: Scope, node: Window): Block {
  const block = joinable(scope, scope.block(node.input));
  const inputOrder = orderText(block.order);
  const bound = node.calls.map(({ id, call }) => [id, callOf(scope, call, inputOrder)] as const);
  for (const [id, spelled] of bound) scope.bind(id, spelled);
  block.windowed = true;
  block.columns = node.columns;
  return block;
}
