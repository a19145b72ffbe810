/**
 * CREATE AGGREGATE: what it names is looked up, and kept by OID. DROP, ALTER and COMMENT are those of functions. Called by plan-ddl.ts.
 * Source: aggregatecmds.c and pg_aggregate.c of PostgreSQL 15.
 */
import type { AggregateDefinition, FunctionArgument, UserFunction } from '../../catalog/user-function.js';
import { notSupported, PgError } from '../../common/errors.js';
import { functionsNamed, isPolymorphic } from '../../functions/registry.js';
import type * as ast from '../../sql/ast.js';
import { formatType, Oid, requireType, typeByOid } from '../../types/registry.js';
import { canonicalContext } from '../../types/value.js';
import { canCoerce, coercionPath } from '../bind/coercion.js';
import { resolveSignature } from '../bind/polymorphic.js';
import { findFunction, findOperator, signatureText } from '../bind/resolve.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, toQualifiedName } from './ddl.js';
import { optionNames } from './option-names.js';
import { argumentsOf, checkReplacement, findSame } from './function.js';

const knownOptions: ReadonlySet<string> = new Set([
  ...['sfunc', 'sfunc1', 'stype', 'stype1', 'finalfunc', 'finalfunc_extra', 'finalfunc_modify', 'combinefunc', 'serialfunc', 'deserialfunc', 'sspace'],
  ...['initcond', 'initcond1', 'sortop', 'basetype', 'hypothetical', 'parallel'],
  ...['msfunc', 'minvfunc', 'mstype', 'msspace', 'mfinalfunc', 'mfinalfunc_extra', 'mfinalfunc_modify', 'minitcond'],
]);

/** The options of the statement by their new names. */
class Options {
  readonly #values = new Map<string, ast.Option>();

  constructor(options: readonly ast.Option[], context: DdlContext) {
    for (const option of options) {
      if (!knownOptions.has(option.name)) {
        context.notice({ severity: 'WARNING', code: '42601', message: `aggregate attribute "${option.name}" not recognized` });
        continue;
      }
      this.#values.set(option.name.replace(/1$/, ''), option);
    }
  }

  names(name: string): readonly string[] | undefined {
    const option = this.#values.get(name);
    if (option?.value === undefined) return undefined;
    const names = optionNames(option);
    if (names === undefined) throw new PgError('42601', `argument of ${name} must be a name`);
    return names;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.value;
    if (value?.kind === 'integer') return String(value.value);
    if (value?.kind === 'numeric') return value.text;
    return this.names(name)?.join('.');
  }

  number(name: string): number {
    const value = this.#values.get(name)?.value;
    return value?.kind === 'integer' ? value.value : 0;
  }

  flag(name: string): boolean {
    const option = this.#values.get(name);
    if (option === undefined) return false;
    const { value } = option;
    if (value === undefined) return true;
    if (value.kind === 'boolean') return value.value;
    return /^(true|on|1)$/i.test(this.text(name) ?? '');
  }

  type(name: string, context: DdlContext): number | undefined {
    const value = this.#values.get(name)?.value;
    if (value === undefined) return undefined;
    const written: ast.TypeName =
      value.kind === 'type' ? value.type : { names: this.names(name) ?? [], typmods: [], arrayBounds: [], setOf: false, percentType: false };
    const found = context.binder(context.editor.snapshot).typeName(written);
    return found.domain ?? found.oid;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  modify(name: string): 'r' | 's' | 'w' {
    const text = this.text(name);
    switch (text) {
      case undefined:
        return 'r';
      case 'read_only':
        return 'r';
      case 'shareable':
        return 's';
      case 'read_write':
        return 'w';
      default:
        throw new PgError('42601', `parameter "${name}" must be READ_ONLY, SHAREABLE, or READ_WRITE`);
    }
  }
}

interface FoundFunction {
  readonly oid: number;
  readonly strict: boolean;
  readonly result: number;
  readonly shown: string;
}

/** lookup_agg_function(): a function over these types, which must take them as they are. */
function lookUp(context: DdlContext, names: readonly string[], types: readonly number[]): FoundFunction {
  const { functions } = context.editor.snapshot;
  const name = names.at(-1) ?? '';
  const schema = names.at(-2);
  const shown = signatureText(names, types);
  const path = schema === undefined ? ['pg_catalog', ...context.searchPath] : [schema];
  const entries = path.flatMap((one) => (one === 'pg_catalog' ? functionsNamed(name) : functions.entries(one, name)));
  const match = findFunction(
    name,
    types.map((type) => (isPolymorphic(type) ? Oid.anyelement : type)),
    [],
    false,
    (entry) => entry.kind === 'scalar',
    entries,
  );
  const exact = entries.find((entry) => entry.args.length === types.length && entry.args.every((arg, i) => arg === types[i]));
  const entry = exact ?? (match.kind === 'function' ? match.candidate.entry : undefined);
  if (entry?.oid === undefined || entry.kind !== 'scalar') throw new PgError('42883', `function ${shown} does not exist`);
  if (functions.byOid(entry.oid)?.returnsSet === true) throw new PgError('42804', `function ${shown} returns a set`);
  entry.args.forEach((wanted, i) => {
    const given = types[i];
    if (given === undefined || given === wanted || isPolymorphic(wanted) || isPolymorphic(given)) return;
    if (coercionPath(given, wanted, 'implicit')?.method !== 'binary') throw new PgError('42804', `function ${shown} requires run-time type coercion`);
  });
  const { result } = types.some(isPolymorphic) ? entry : (resolveSignature(types, entry.args, entry.result, 'enforce') ?? entry);
  return { oid: entry.oid, strict: entry.strict, result, shown: names.join('.') };
}

/** A result that must be of a type; polymorphic ones are settled by each call. */
function requireResult(found: FoundFunction, wanted: number, what: string): void {
  if (found.result === wanted || isPolymorphic(found.result) || isPolymorphic(wanted)) return;
  throw new PgError('42804', `return type of ${what} function ${found.shown} is not ${formatType(wanted)}`);
}

/** A type of states. */
function requireStateType(type: number): void {
  if (typeByOid(type)?.kind !== 'p' || isPolymorphic(type)) return;
  if (type === Oid.internal) throw notSupported('an aggregate whose state is of type internal');
  throw new PgError('42P13', `aggregate transition data type cannot be ${formatType(type)}`);
}

interface Transition {
  readonly transition: number;
  readonly strict: boolean;
  readonly stateType: number;
  readonly initial?: string;
}

/** SFUNC, STYPE and INITCOND, or those of the moving form. */
function transitionOf(context: DdlContext, names: readonly string[], stateType: number, inputs: readonly number[], initial: string | undefined): Transition {
  const found = lookUp(context, names, [stateType, ...inputs]);
  requireResult(found, stateType, 'transition');
  const [first] = inputs;
  if (found.strict && initial === undefined && (first === undefined || !(first === stateType || canCoerce(first, stateType, 'implicit'))))
    throw new PgError('42P13', 'must not omit initial value when transition function is strict and transition type is not compatible with input type');
  if (initial !== undefined && !isPolymorphic(stateType)) requireType(stateType).parse(initial, -1, canonicalContext);
  return { transition: found.oid, strict: found.strict, stateType, ...(initial === undefined ? {} : { initial }) };
}

function refusePolymorphicState(stateType: number, inputs: readonly number[]): void {
  if (!isPolymorphic(stateType) || inputs.some(isPolymorphic)) return;
  throw new PgError('42P13', 'cannot determine transition data type', {
    detail: `A result of type ${formatType(stateType)} requires at least one input of type anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange.`,
  });
}

/** The parameters, those of the form with BASETYPE too. */
function parametersOf(statement: ast.CreateAggregate, options: Options, context: DdlContext): readonly FunctionArgument[] {
  if (statement.parameters !== undefined) {
    if (options.has('basetype')) throw new PgError('42P13', 'basetype is redundant with aggregate input type specification');
    return argumentsOf({ object: 'aggregate', parameters: statement.parameters }, context);
  }
  const names = options.names('basetype');
  if (names === undefined) throw new PgError('42P13', 'aggregate input type must be specified');
  if (names.length === 1 && /^any$/i.test(names[0] ?? '')) return [];
  return [{ name: '', mode: 'in', typeOid: options.type('basetype', context) ?? 0 }];
}

export function planCreateAggregate(statement: ast.CreateAggregate, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const name = toQualifiedName(statement.name);
  const schema = creationSchema(context, name);
  const options = new Options(statement.options, context);
  const stateType = options.type('stype', context);
  const transitionName = options.names('sfunc');
  if (stateType === undefined) throw new PgError('42P13', 'aggregate stype must be specified');
  if (transitionName === undefined) throw new PgError('42P13', 'aggregate sfunc must be specified');
  const movingType = options.type('mstype', context);
  if (movingType !== undefined) {
    if (!options.has('msfunc')) throw new PgError('42P13', 'aggregate msfunc must be specified when mstype is specified');
    if (!options.has('minvfunc')) throw new PgError('42P13', 'aggregate minvfunc must be specified when mstype is specified');
  } else
    for (const other of ['msfunc', 'minvfunc', 'mfinalfunc', 'msspace', 'minitcond'])
      if (options.has(other)) throw new PgError('42P13', `aggregate ${other} must not be specified without mstype`);
  const args = parametersOf(statement, options, context);
  const inputs = args.map((argument) => argument.typeOid);
  requireStateType(stateType);
  const parallel = options.text('parallel') ?? 'unsafe';
  if (parallel !== 'safe' && parallel !== 'restricted' && parallel !== 'unsafe')
    throw new PgError('42601', 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE');
  if (options.has('serialfunc') !== options.has('deserialfunc'))
    throw new PgError('42P13', 'must specify both or neither of serialization and deserialization functions');
  if (options.has('serialfunc'))
    throw new PgError('42P13', `serialization functions may be specified only when the aggregate transition data type is internal`);
  refusePolymorphicState(stateType, inputs);

  const { directArguments } = statement;
  const kind = directArguments === undefined ? 'normal' : options.flag('hypothetical') ? 'hypothetical' : 'ordered';
  if (kind === 'normal' && options.flag('hypothetical')) throw new PgError('42P13', 'only ordered-set aggregates can be hypothetical');
  if (kind === 'hypothetical') throw notSupported('CREATE AGGREGATE ... HYPOTHETICAL');
  const aggregated = inputs.slice(directArguments ?? 0);
  const state = transitionOf(context, transitionName, stateType, aggregated, options.text('initcond'));
  const finalOf = (prefix: string, type: number): { readonly final?: number; readonly result: number } => {
    const names = options.names(`${prefix}finalfunc`);
    if (names === undefined) return { result: type };
    const direct = inputs.slice(0, directArguments ?? 0);
    const extra = options.flag(`${prefix}finalfunc_extra`);
    const found = lookUp(context, names, [type, ...(kind === 'normal' ? (extra ? inputs : []) : extra ? inputs : direct)]);
    if (extra && found.strict) throw new PgError('42P13', 'final function with extra arguments must not be declared STRICT');
    return { final: found.oid, result: found.result };
  };
  const final = finalOf('', stateType);
  const combineName = options.names('combinefunc');
  const combine = combineName === undefined ? undefined : lookUp(context, combineName, [stateType, stateType]);
  if (combine !== undefined) requireResult(combine, stateType, 'combine');
  if (isPolymorphic(final.result) && !inputs.some(isPolymorphic))
    throw new PgError('42P13', 'cannot determine result data type', {
      detail: `A result of type ${formatType(final.result)} requires at least one input of type anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange.`,
    });

  let moving: AggregateDefinition['moving'];
  if (movingType !== undefined) {
    requireStateType(movingType);
    const forward = transitionOf(context, options.names('msfunc') ?? [], movingType, aggregated, options.text('minitcond'));
    const inverse = lookUp(context, options.names('minvfunc') ?? [], [movingType, ...aggregated]);
    requireResult(inverse, movingType, 'inverse transition');
    if (inverse.strict !== forward.strict) throw new PgError('42P13', "strictness of aggregate's forward and inverse transition functions must match");
    const end = finalOf('m', movingType);
    if (end.result !== final.result)
      throw new PgError(
        '42P13',
        `moving-aggregate implementation returns type ${formatType(end.result)}, but plain implementation returns type ${formatType(final.result)}`,
      );
    moving = {
      transition: forward.transition,
      inverse: inverse.oid,
      stateType: movingType,
      ...(forward.initial === undefined ? {} : { initial: forward.initial }),
      ...(end.final === undefined ? {} : { final: end.final }),
      finalExtra: options.flag('mfinalfunc_extra'),
      finalModify: options.modify('mfinalfunc_modify'),
      stateSpace: options.number('msspace'),
    };
  }

  const sortName = options.names('sortop');
  if (sortName !== undefined && inputs.length !== 1) throw new PgError('42P13', 'sort operator can only be specified for single-argument aggregates');
  const sortOperator = sortName === undefined ? undefined : findOperator(sortName.at(-1) ?? '', inputs[0] ?? 0, inputs[0] ?? 0);
  if (sortName !== undefined && sortOperator === undefined)
    throw new PgError('42883', `operator does not exist: ${formatType(inputs[0] ?? 0)} ${sortName.join('.')} ${formatType(inputs[0] ?? 0)}`);
  const aggregate: AggregateDefinition = {
    kind,
    directArguments: directArguments ?? 0,
    transition: state.transition,
    stateType,
    ...(state.initial === undefined ? {} : { initial: state.initial }),
    ...(final.final === undefined ? {} : { final: final.final }),
    finalExtra: options.flag('finalfunc_extra'),
    finalModify: options.modify('finalfunc_modify'),
    ...(combine === undefined ? {} : { combine: combine.oid }),
    ...(sortOperator?.oid === undefined ? {} : { sortOperator: sortOperator.oid }),
    stateSpace: options.number('sspace'),
    ...(moving === undefined ? {} : { moving }),
  };
  const old = findSame(context, schema, name.name, args);
  const definition: UserFunction = {
    oid: old?.oid ?? editor.freshOid(),
    schema,
    name: name.name,
    owner: old?.owner ?? context.currentUser,
    kind: 'aggregate',
    aggregate,
    args,
    result: final.result,
    returnsSet: false,
    volatility: 'immutable',
    strict: false,
    securityDefiner: false,
    leakproof: false,
    parallel,
    cost: 1,
    body: { kind: 'string', text: 'aggregate_dummy' },
    ...(old?.comment === undefined ? {} : { comment: old.comment }),
  };
  if (old !== undefined) checkReplacement(statement.replace, old, definition);
  editor.putFunction(definition);
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}
