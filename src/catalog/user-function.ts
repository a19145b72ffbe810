/**
 * Functions and procedures that CREATE FUNCTION and CREATE PROCEDURE make, as catalog objects: immutable, cloneable, stored and published like relations.
 * `DatabaseFunctions` shows them to overload resolution as entries of the function registry; the binder inlines their bodies where it can
 * (planner/bind/user-function), the session carries out the rest (proxy/session/routines).
 */
import type { AggregateFunction, FunctionEntry, ScalarFunction } from '../functions/function.js';
import type { Statement } from '../sql/ast.js';
import { elementTypeOf, Oid } from '../types/registry.js';
import type { CatalogData } from './snapshot.js';

export interface FunctionArgument {
  /** '' without a name. */
  readonly name: string;
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table';
  /** A domain's own OID. */
  readonly typeOid: number;
  readonly defaultText?: string;
}

export type FunctionBody =
  /** AS '...': names mean what they mean when it is called. */
  | { readonly kind: 'string'; readonly text: string }
  /** RETURN or BEGIN ATOMIC: parsed when it was made, names qualified. */
  | { readonly kind: 'return' | 'atomic'; readonly statements: readonly Statement[] };

/** What CREATE AGGREGATE says: functions by OID. */
export interface AggregateDefinition {
  readonly kind: 'normal' | 'ordered' | 'hypothetical';
  readonly directArguments: number;
  readonly transition: number;
  readonly stateType: number;
  /** Text of the state's first value; absent: NULL. */
  readonly initial?: string;
  readonly final?: number;
  readonly finalExtra: boolean;
  readonly finalModify: 'r' | 's' | 'w';
  readonly combine?: number;
  readonly sortOperator?: number;
  readonly stateSpace: number;
  /** For frames that move; here they are computed as others are. */
  readonly moving?: {
    readonly transition: number;
    readonly inverse: number;
    readonly stateType: number;
    readonly initial?: string;
    readonly final?: number;
    readonly finalExtra: boolean;
    readonly finalModify: 'r' | 's' | 'w';
    readonly stateSpace: number;
  };
}

/** OIDs of the functions that an aggregate is made of. */
export function partsOf({ transition, final, combine, moving }: AggregateDefinition): readonly number[] {
  return [transition, final, combine, moving?.transition, moving?.inverse, moving?.final].filter((oid) => oid !== undefined);
}

export interface UserFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly kind: 'function' | 'procedure' | 'aggregate';
  /** Of an aggregate, which has no body. */
  readonly aggregate?: AggregateDefinition;
  /** sql unless given. */
  readonly language?: 'sql' | 'plpgsql';
  readonly args: readonly FunctionArgument[];
  /** `record` for several OUT parameters and RETURNS TABLE; 0 for a procedure without any. */
  readonly result: number;
  readonly returnsSet: boolean;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly strict: boolean;
  readonly securityDefiner: boolean;
  readonly leakproof: boolean;
  readonly parallel: 'unsafe' | 'restricted' | 'safe';
  readonly cost?: number;
  readonly rows?: number;
  /** SET search_path of the function. */
  readonly searchPath?: readonly string[];
  /** Other settings that hold while it runs, in canonical spelling. */
  readonly settings?: readonly { readonly name: string; readonly value: string }[];
  readonly body: FunctionBody;
  readonly comment?: string;
}

export function inputsOf(definition: UserFunction): readonly FunctionArgument[] {
  return definition.args.filter((argument) => argument.mode === 'in' || argument.mode === 'inout' || argument.mode === 'variadic');
}

/** OUT and INOUT parameters and the columns of RETURNS TABLE. */
export function outputsOf(definition: UserFunction): readonly FunctionArgument[] {
  return definition.args.filter((argument) => argument.mode === 'out' || argument.mode === 'inout' || argument.mode === 'table');
}

/** The entry by which overload resolution finds an aggregate. Nothing accumulates by it: calls collect their rows (planner/bind/user-aggregate). */
function aggregateEntryOf(definition: UserFunction, { kind, directArguments }: AggregateDefinition): AggregateFunction {
  const { args: _args, ...scalar } = scalarEntryOf(definition);
  return {
    ...scalar,
    kind: 'aggregate',
    args: inputsOf(definition).map((argument) => argument.typeOid),
    accumulate: { start: () => ({}), step: (state) => state, result: () => null },
    skipsNull: false,
    ...(kind === 'normal' ? {} : { orderedSet: kind, directArgs: directArguments }),
  };
}

/** The entry by which overload resolution finds the function. */
export function entryOf(definition: UserFunction): ScalarFunction | AggregateFunction {
  return definition.aggregate === undefined ? scalarEntryOf(definition) : aggregateEntryOf(definition, definition.aggregate);
}

export function scalarEntryOf(definition: UserFunction): ScalarFunction {
  const inputs = inputsOf(definition);
  const defaults = inputs.filter((argument) => argument.defaultText !== undefined).map(() => null);
  return {
    kind: 'scalar',
    name: definition.name,
    args: inputs.map((argument) => argument.typeOid),
    argNames: inputs.map((argument) => argument.name),
    ...(inputs.some((argument) => argument.mode === 'variadic') ? { variadic: true } : {}),
    ...(defaults.length === 0 ? {} : { defaults }),
    result: definition.result === 0 ? Oid.void : definition.result,
    oid: definition.oid,
    strict: definition.strict,
    volatility: definition.volatility,
  };
}

export class DatabaseFunctions {
  readonly #byName = new Map<string, { readonly definition: UserFunction; readonly entry: ScalarFunction | AggregateFunction }[]>();
  readonly #byEntry = new Map<FunctionEntry, UserFunction>();
  readonly #byOid = new Map<number, UserFunction>();

  constructor(data: CatalogData) {
    for (const definition of data.functions ?? []) {
      const entry = entryOf(definition);
      const key = `${definition.schema}\u0000${definition.name}`;
      const list = this.#byName.get(key);
      if (list === undefined) this.#byName.set(key, [{ definition, entry }]);
      else list.push({ definition, entry });
      this.#byEntry.set(entry, definition);
      this.#byOid.set(definition.oid, definition);
    }
  }

  get isEmpty(): boolean {
    return this.#byOid.size === 0;
  }

  all(): IterableIterator<UserFunction> {
    return this.#byOid.values();
  }

  /** Entries for resolution. */
  entries(schema: string, name: string): readonly (ScalarFunction | AggregateFunction)[] {
    return this.#byName.get(`${schema}\u0000${name}`)?.map((one) => one.entry) ?? [];
  }

  named(schema: string, name: string): readonly UserFunction[] {
    return this.#byName.get(`${schema}\u0000${name}`)?.map((one) => one.definition) ?? [];
  }

  /** The definition that an entry stands for; undefined for those of the registry. */
  definition(entry: FunctionEntry): UserFunction | undefined {
    return this.#byEntry.get(entry);
  }

  byOid(oid: number): UserFunction | undefined {
    return this.#byOid.get(oid);
  }

  entryByOid(oid: number): FunctionEntry | undefined {
    const definition = this.#byOid.get(oid);
    return definition === undefined ? undefined : this.entries(definition.schema, definition.name).find((entry) => entry.oid === oid);
  }

  /** Whether a call by its bare name and those argument types would find it. */
  isVisible(definition: UserFunction, searchPath: readonly string[]): boolean {
    const types = inputsOf(definition).map((argument) => argument.typeOid);
    for (const schema of searchPath) {
      for (const other of this.named(schema, definition.name)) {
        const inputs = inputsOf(other);
        if (inputs.length === types.length && inputs.every((argument, i) => argument.typeOid === types[i])) return other.oid === definition.oid;
      }
    }
    return false;
  }
}

/** The element type of the VARIADIC parameter; 0 when there is none. */
export function variadicElementOf(definition: UserFunction): number {
  const last = definition.args.find((argument) => argument.mode === 'variadic');
  if (last === undefined) return 0;
  if (last.typeOid === Oid.anyarray) return Oid.anyelement;
  if (last.typeOid === Oid.anycompatiblearray) return Oid.anycompatible;
  return elementTypeOf(last.typeOid)?.oid ?? 0;
}
