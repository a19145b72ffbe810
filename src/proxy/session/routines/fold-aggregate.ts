/**
 * Folds the rows that an aggregate of the database has collected (planner/bind/user-aggregate): its transition function over each, then its final function.
 * Called by call-routine.ts. Source: advance_transition_function and finalize_aggregate of PostgreSQL 15's nodeAgg.c.
 */
import type { UserFunction } from '../../../catalog/user-function.js';
import { functionByOid } from '../../../functions/registry.js';
import { parseArray } from '../../../functions/array-value.js';
import { constant, typeRef } from '../../../plan/build.js';
import type { Expression, TypeRef } from '../../../plan/expression.js';
import { replaceExpressions } from '../../../plan/walk.js';
import { bindCallOver } from '../../../planner/bind/bind.js';
import { foldExpression } from '../../../planner/logical/rules/fold-constants.js';
import { Oid, requireType } from '../../../types/registry.js';
import { canonicalContext, type SqlValue } from '../../../types/value.js';
import { noParameters } from '../run-query.js';
import type { ShoalSession } from '../shoal-session.js';
import { convert, rowFields } from './conversion.js';
import { CallResolver } from './routine-calls.js';
import type { ArgumentValue } from './routine.js';
import type { Row } from './row-set.js';

/** A function bound once, called with many values. */
class BoundFunction {
  readonly strict: boolean;
  readonly #call: Expression;

  constructor(
    private readonly session: ShoalSession,
    oid: number,
    types: readonly number[],
  ) {
    const own = session.core.catalog.functions.byOid(oid);
    const entry = own ?? functionByOid(oid);
    if (entry === undefined) throw new Error(`assertion failed: function ${String(oid)} exists`);
    this.strict = 'strict' in entry && entry.strict;
    const variadic = own?.args.at(-1)?.mode === 'variadic';
    this.#call = bindCallOver([own?.schema ?? 'pg_catalog', entry.name], types, variadic, session.core.bindContext([...types]));
  }

  get type(): TypeRef {
    return this.#call.type;
  }

  async call(values: Row): Promise<SqlValue> {
    const over = replaceExpressions(this.#call, (part) => (part.kind === 'param' ? constant(values[part.index - 1] ?? null, part.type) : undefined));
    const folded = foldExpression(over);
    return folded.kind === 'const' ? folded.value : new CallResolver(this.session, noParameters).value(folded);
  }
}

/** `args`: the state's type, the array of rows, the direct arguments, the types of the aggregated ones. */
export async function foldAggregate(session: ShoalSession, definition: UserFunction, args: readonly ArgumentValue[], result: TypeRef): Promise<SqlValue> {
  const { aggregate } = definition;
  if (aggregate === undefined) throw new Error('assertion failed: an aggregate');
  const [stateOid, collected, ...rest] = args;
  const direct = rest.slice(0, aggregate.directArguments);
  const types = rest.slice(aggregate.directArguments).map((one) => Number(one.value));
  const stateType = Number(stateOid?.value ?? Oid.text);
  const transition = new BoundFunction(session, aggregate.transition, [stateType, ...types]);
  const { initial } = aggregate;
  let state: SqlValue = initial === undefined ? null : requireType(stateType).parse(initial, -1, canonicalContext);
  let isFirst = initial === undefined;
  const rows = (collected?.value ?? null) === null ? [] : parseArray(String(collected?.value)).elements;
  for (const text of rows) {
    const { values } = rowFields(text, Oid.record);
    const inputs = types.map((_, i) => values[i] ?? null);
    session.core.checkCancel();
    if (transition.strict) {
      if (inputs.includes(null)) continue;
      if (isFirst) {
        state = await convert(session, inputs[0] ?? null, typeRef(types[0] ?? stateType), typeRef(stateType));
        isFirst = false;
        continue;
      }
      if (state === null) continue;
    }
    isFirst = false;
    state = await transition.call([state, ...inputs]);
  }
  if (aggregate.final === undefined) return convert(session, state, typeRef(stateType), result);
  const extra = aggregate.finalExtra ? types : [];
  const final = new BoundFunction(session, aggregate.final, [stateType, ...direct.map((one) => one.type.oid), ...extra]);
  const values = [state, ...direct.map((one) => one.value), ...extra.map(() => null)];
  if (final.strict && values.includes(null)) return null;
  return convert(session, await final.call(values), final.type, result);
}
