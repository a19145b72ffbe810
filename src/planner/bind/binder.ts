/**
 * The state of one binding: column ids, parameter types, positions of expressions in the text, and what the statement turned out to need.
 * Made by bind.ts for each statement and handed to every function of this folder.
 */
import { PgError } from '../../common/errors.js';
import { constant, typeRef } from '../../plan/build.js';
import type { ColumnId, Const, Expression, Param, TypeRef } from '../../plan/expression.js';
import type { CteDefinition, OutputColumn } from '../../plan/logical.js';
import { forEachChild, freshCopy } from '../../plan/walk.js';
import { formatType, Oid, typeByOid } from '../../types/registry.js';
import { useTypes } from '../../types/user-types.js';
import type { BindContext } from './context.js';
import type { BoundQuery, BoundStep, RowLocking } from './bound.js';
import { Access } from './access.js';
import { Presence } from './presence.js';
import type { Origin, Scope } from './scope.js';

/** What parameters mean while the body of a function is bound. */
export interface FunctionFrame {
  readonly name: string;
  /** '' for parameters without a name. */
  readonly names: readonly string[];
  readonly values: readonly Expression[];
  /** How often each parameter has been read so far. */
  readonly uses: number[];
}

export class Binder {
  #nextColumn = 1;
  #nextCte = 1;
  #nextSlot = 1;
  readonly #positions = new Map<Expression, number>();
  /** OID by index - 1; 705 while unknown. */
  readonly #parameters: number[];
  readonly #owners = new Map<ColumnId, Scope>();
  readonly #origins = new Map<ColumnId, Origin>();
  readonly locking: RowLocking[] = [];
  readonly presence = new Presence();
  /** References to recursive tables so far, and the last one's name: joins see by it what they hold. */
  recursiveUses = 0;
  recursiveName = '';
  recursivePosition: number | undefined;
  /** Views being expanded, to refuse endless recursion. */
  readonly views: number[] = [];
  /** The present search path: empty while a view's text is bound. */
  searchPath: readonly string[];
  readonly #names = new Map<ColumnId, string>();
  /** WITH queries that change data: after how many of `definitions` each stands. */
  modifying:
    | { readonly definitions: readonly CteDefinition[]; readonly writes: { readonly after: number; readonly step: Extract<BoundStep, { kind: 'write' }> }[] }
    | undefined;
  /** Tables are scanned with the places of their rows, because the statement reads system columns. */
  readsPlaces = false;
  /** Where the rows of a query's only table are, when a cursor asks for it. */
  place: BoundQuery['place'];
  frame: FunctionFrame | undefined;
  /** A text of the catalog is being bound (a check, a default): names in it mean no variables, and who may look into schemas is no question. */
  storedDepth = 0;
  /** Collects the database's own functions that are called, where that is asked for. */
  usedFunctions: Set<number> | undefined;
  /** Functions whose bodies are being bound, to refuse endless recursion. */
  readonly inlined: number[] = [];
  /** Columns of set-returning calls of select lists. */
  readonly setColumns = new Set<ColumnId>();
  readonly access = new Access();
  /** The role as which relations are judged: the statement's, or the owner of the view that is being bound. */
  checkAs: string;
  /** The role as which functions run: the statement's, or the owner of the SECURITY DEFINER function whose body is being bound. */
  runsAs: string;
  /** Tables whose policies are being bound, to refuse endless recursion. */
  readonly policies: number[] = [];
  /** COLLATE is written, or a column is read that has a collation of its own: collations are derived (collation.ts). */
  collates = false;
  volatile = false;
  needsWriter = false;
  bySession = false;

  constructor(readonly context: BindContext) {
    useTypes(context.catalog.types, context.searchPath);
    this.searchPath = context.searchPath;
    const own = context.routineArguments;
    if (own !== undefined) {
      const values = own.types.map((type, i): Expression => ({ kind: 'param', index: i + 1, type }));
      this.frame = { name: own.name, names: own.names, values, uses: values.map(() => 0) };
    }
    this.checkAs = this.runsAs = context.currentUser;
    this.#parameters = context.parameterOids.map((oid) => (oid === 0 ? Oid.unknown : oid));
  }

  /** A fresh column that belongs to `owner`. */
  column(name: string, type: TypeRef, owner: Scope, origin?: Origin): OutputColumn {
    const id = this.#nextColumn++ as ColumnId;
    this.#owners.set(id, owner);
    if (origin !== undefined) this.#origins.set(id, origin);
    return { id, name, type };
  }

  /** A copy of an expression that may stand in the plan next to the original. */
  copy(expression: Expression): Expression {
    const copied = freshCopy(expression, (kind) => (kind === 'cte' ? this.#nextCte++ : this.#nextColumn++));
    return copied === expression ? expression : this.at(copied, this.positionOf(expression));
  }

  /** A place for a value that an expression computes once and reads again (functions/scalar/remembered). */
  slot(): number {
    return this.#nextSlot++;
  }

  cteId(): number {
    return this.#nextCte++;
  }

  ownerOf(id: ColumnId): Scope | undefined {
    return this.#owners.get(id);
  }

  originOf(expression: Expression): Origin | undefined {
    return expression.kind === 'column' ? this.#origins.get(expression.id) : undefined;
  }

  /** `alias.column`, for messages. */
  describe(id: ColumnId, text: string): void {
    this.#names.set(id, text);
  }

  descriptionOf(id: ColumnId): string | undefined {
    return this.#names.get(id);
  }

  /** Notes where an expression stands; answers the expression. */
  at<E extends Expression>(expression: E, position: number | undefined): E {
    if (position !== undefined) this.#positions.set(expression, position);
    return expression;
  }

  /** The leftmost known position of an expression, as exprLocation() answers it. */
  positionOf(expression: Expression): number | undefined {
    let least = this.#positions.get(expression);
    forEachChild(expression, (child) => {
      const position = this.positionOf(child);
      if (position !== undefined && (least === undefined || position < least)) least = position;
    });
    return least;
  }

  error(code: string, message: string, position: number | undefined, fields: { readonly hint?: string; readonly detail?: string } = {}): PgError {
    return new PgError(code, message, position === undefined ? fields : { ...fields, position });
  }

  /** A parameter of the function whose body is being bound. */
  argument({ values, uses }: FunctionFrame, at: number): Expression {
    uses[at] = (uses[at] ?? 0) + 1;
    const value = this.copy(values[at] as Expression);
    const isCollatable = ({ type }: Expression): boolean => (typeByOid(type.oid)?.collationOid ?? 0) !== 0;
    if (!this.collates || value.kind === 'const' || value.kind === 'param' || values.filter(isCollatable).length < 2 || !isCollatable(value)) return value;
    // Within a function, its parameters do not disagree about collations.
    return this.at({ kind: 'cast', method: 'binary', argument: value, type: value.type, explicit: false, collation: 0 }, this.positionOf(value));
  }

  parameter(index: number, position: number | undefined): Expression {
    if (this.frame !== undefined) {
      if (index > this.frame.values.length) throw this.error('42P02', `there is no parameter $${index}`, position);
      return this.argument(this.frame, index - 1);
    }
    const { variables } = this.context;
    if (variables !== undefined) {
      const variable = variables.parameter(index);
      if (variable === undefined) throw this.error('42P02', `there is no parameter $${index}`, position);
      return this.at(variable, position);
    }
    if (index > 65_535) throw this.error('42P02', `there is no parameter $${index}`, position);
    while (this.#parameters.length < index) this.#parameters.push(Oid.unknown);
    return this.at({ kind: 'param', index, type: typeRef(this.#parameters[index - 1] as number) }, position);
  }

  /** A parameter of unknown type gets one; 42P08 when it already has another. */
  typeParameter(parameter: Param, oid: number): Param {
    const known = this.#parameters[parameter.index - 1] as number;
    const position = this.positionOf(parameter);
    if (known !== Oid.unknown && known !== oid) {
      throw this.error('42P08', `inconsistent types deduced for parameter $${parameter.index}`, position, {
        detail: `${formatType(known)} versus ${formatType(oid)}`,
      });
    }
    this.#parameters[parameter.index - 1] = oid;
    return this.at({ kind: 'param', index: parameter.index, type: typeRef(oid) }, position);
  }

  /** Types of $1..$n at the end of binding; 42P18 for one that nothing has determined. */
  parameterTypes(): readonly TypeRef[] {
    return this.#parameters.map((oid, index) => {
      if (oid === Oid.unknown) throw new PgError('42P18', `could not determine data type of parameter $${index + 1}`);
      return typeRef(oid);
    });
  }

  text(value: string): Const {
    return constant(value, typeRef(Oid.text));
  }
}
