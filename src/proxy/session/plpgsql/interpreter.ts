/**
 * Carries out the statements of a PL/pgSQL body over the variables of one call. Source: pl_exec.c of PostgreSQL 15.
 */
import { assertNever, type ErrorFields, PgError } from '../../../common/errors.js';
import { elementsOf as elementCodecOf, formatArray, parseArray } from '../../../functions/array-value.js';
import { typeRef } from '../../../plan/build.js';
import type { Expression, TypeRef } from '../../../plan/expression.js';
import { bindPartAssignment } from '../../../planner/bind/bind.js';
import { conditionCodes, matchesCondition } from '../../../plpgsql/conditions.js';
import { lookUp } from '../../../plpgsql/parser.js';
import type { Block, Into, QuerySource, Sql, Statement, Target } from '../../../plpgsql/tree.js';
import { parseExpression } from '../../../sql/parser.js';
import type * as ast from '../../../sql/ast.js';
import { elementTypeOf, formatType, isArrayType, Oid, requireType } from '../../../types/registry.js';
import type { SqlValue } from '../../../types/value.js';
import { callProcedure } from '../routines/call-statement.js';
import { convert, convertFields, fieldsOf, isRowType, type RowFields, rowFields, rowOf } from '../routines/conversion.js';
import { CallResolver } from '../routines/routine-calls.js';
import type { Row } from '../routines/row-set.js';
import { runCompiled, type StatementResult } from '../routines/run-statement.js';
import type { ShoalSession } from '../shoal-session.js';
import { evaluate, run, statementOf } from './body-sql.js';
import { CursorControl } from './cursors.js';
import { type Frame, Names, parametersOf, type Typed } from './frame.js';
import { Subtransaction } from './subtransaction.js';

/** How a statement ends, if not by going on to the next one. */
type Outcome =
  | { readonly kind: 'exit' | 'continue'; readonly label: string | undefined }
  | { readonly kind: 'return'; readonly value: Typed | undefined }
  | undefined;

export interface Surrounding {
  /** For CONTEXT: `f(integer)`, or `inline_code_block`. */
  readonly shown: string;
  /** Types of a set's rows, for RETURN QUERY and RETURN NEXT. */
  readonly outputs: readonly TypeRef[];
  readonly whole: boolean;
  /** Slots of OUT parameters, whose values RETURN NEXT takes. */
  readonly outSlots: readonly number[];
  readonly foundSlot: number;
}

interface Caught {
  readonly error: PgError;
}

/** What a statement is called in CONTEXT. */
function nameOf(statement: Statement): string {
  switch (statement.kind) {
    case 'block':
      return 'statement block';
    case 'assign':
      return 'assignment';
    case 'if':
      return 'IF';
    case 'case':
      return 'CASE';
    case 'loop':
      return 'LOOP';
    case 'while':
      return 'WHILE';
    case 'forInteger':
      return 'FOR with integer loop variable';
    case 'forRows':
      return statement.source.kind === 'dynamic' ? 'FOR over EXECUTE statement' : 'FOR over SELECT rows';
    case 'forCursor':
      return 'FOR over cursor';
    case 'foreach':
      return 'FOREACH over array';
    case 'exit':
      return 'EXIT';
    case 'continue':
      return 'CONTINUE';
    case 'return':
      return 'RETURN';
    case 'returnNext':
      return 'RETURN NEXT';
    case 'returnQuery':
      return 'RETURN QUERY';
    case 'raise':
      return 'RAISE';
    case 'assert':
      return 'ASSERT';
    case 'sql':
      return statement.verb === 'call' ? 'CALL' : 'SQL statement';
    case 'perform':
      return 'PERFORM';
    case 'execute':
      return 'EXECUTE';
    case 'diagnostics':
      return statement.stacked ? 'GET STACKED DIAGNOSTICS' : 'GET DIAGNOSTICS';
    case 'open':
      return 'OPEN';
    case 'fetch':
      return statement.move ? 'MOVE' : 'FETCH';
    case 'close':
      return 'CLOSE';
    case 'null':
      return 'NULL';
    case 'commit':
      return 'COMMIT';
    case 'rollback':
      return 'ROLLBACK';
  }
}

/** The error with a line more of CONTEXT; positions are those of some text inside. */
export function withContext(error: PgError, line: string): PgError {
  const { position: _position, where, ...fields } = error.fields;
  return new PgError(error.code, error.message, { ...fields, where: where === undefined || where === '' ? line : `${where}\n${line}` });
}

function isTrue(value: SqlValue): boolean {
  return value !== null && Number(value) !== 0;
}

const noDestination = 'query has no destination for result data';

export class Interpreter {
  readonly rows: (Row | null)[] = [];
  readonly #cursors: CursorControl;
  /** The error that the innermost handler is about. */
  #caught: Caught | undefined;
  #rowCount = 0;
  /** Errors that have this call's line of CONTEXT. */
  readonly #located = new WeakSet<PgError>();

  constructor(
    private readonly session: ShoalSession,
    private readonly frame: Frame,
    private readonly around: Surrounding,
  ) {
    this.#cursors = new CursorControl(session, frame);
  }

  // ---- values ----

  async #value(sql: Sql): Promise<Typed> {
    return evaluate(this.session, this.frame, sql);
  }

  async #valueAs(sql: Sql, type: TypeRef): Promise<SqlValue> {
    const { value, type: from } = await this.#value(sql);
    return convert(this.session, value, from, type);
  }

  async #isTrue(sql: Sql): Promise<boolean> {
    const { value, type } = await this.#value(sql);
    return isTrue(type.oid === Oid.bool ? value : await convert(this.session, value, type, typeRef(Oid.bool)));
  }

  async #text(sql: Sql): Promise<string | null> {
    const typed = await this.#value(sql);
    return this.#shown(typed);
  }

  #shown({ value, type }: Typed): string | null {
    return value === null ? null : requireType(type.oid).format(value, type.typmod, this.session.core.context());
  }

  #found(found: boolean): void {
    this.frame.set(this.around.foundSlot, found ? 1 : 0);
  }

  /** Puts a value into a variable as a whole. */
  async assign(slot: number, typed: Typed): Promise<void> {
    const variable = this.frame.variable(slot);
    const declared = this.frame.program.slots[slot];
    if (variable.kind === 'scalar') {
      const value = await convert(this.session, typed.value, typed.type, variable.type);
      if (value === null && declared?.notNull === true)
        throw new PgError('22004', `null value cannot be assigned to variable "${declared.name}" declared NOT NULL`);
      variable.value = value;
      return;
    }
    if (typed.value === null) {
      if (declared?.notNull === true) throw new PgError('22004', `null value cannot be assigned to variable "${declared.name}" declared NOT NULL`);
      const known = isRowType(typed.type.oid) ? fieldsOf(typed.type.oid) : undefined;
      variable.fields = variable.oid === Oid.record && known !== undefined ? { ...known, values: known.types.map(() => null) } : null;
      return;
    }
    if (!isRowType(typed.type.oid)) throw new PgError('42804', 'cannot assign non-composite value to a record variable');
    await this.#assignRow(slot, rowFields(typed.value, typed.type.oid));
  }

  async #assignRow(slot: number, row: RowFields): Promise<void> {
    const variable = this.frame.variable(slot);
    if (variable.kind !== 'row') return;
    const known = fieldsOf(variable.oid);
    variable.fields = known === undefined ? row : { ...known, values: await convertFields(this.session, row, known.types) };
  }

  async #assignTarget(target: Target, typed: Typed): Promise<void> {
    const { slot, fields, indirect } = target;
    if (!indirect && fields.length === 0) return this.assign(slot, typed);
    const variable = this.frame.variable(slot);
    const [field] = fields;
    if (!indirect && fields.length === 1 && field !== undefined && variable.kind === 'row') {
      const at = this.#fieldIndex(slot, field);
      const shape = this.frame.shape(slot);
      const type = shape?.types[at] as TypeRef;
      const value = await convert(this.session, typed.value, typed.type, type);
      const values = [...(variable.fields?.values ?? (shape?.types ?? []).map(() => null))];
      values[at] = value;
      variable.fields = { names: shape?.names ?? [], types: shape?.types ?? [], values };
      return;
    }
    await this.#assignPart(target, { kind: 'parameter', number: 1 }, typed);
  }

  #fieldIndex(slot: number, field: string): number {
    const { name } = this.frame.program.slots[slot] as { readonly name: string };
    const shape = this.frame.shape(slot);
    if (shape === undefined)
      throw new PgError('55000', `record "${name}" is not assigned yet`, { detail: 'The tuple structure of a not-yet-assigned record is indeterminate.' });
    const at = shape.names.indexOf(field);
    if (at < 0) throw new PgError('42703', `record "${name}" has no field "${field}"`);
    return at;
  }

  /** Assigns to an element or a field of a part: the whole gets its new value. */
  async #assignPart(target: Target, value: ast.Expression, given: Typed | undefined): Promise<void> {
    const { core } = this.session;
    const path: ast.ColumnTarget['indirection'][number][] = [];
    let node = parseExpression(target.text);
    const steps: (typeof path)[number][] = [];
    while (node.kind === 'subscript' || node.kind === 'field') {
      if (node.kind === 'field') {
        steps.unshift({ kind: 'field', field: node.field });
        node = node.argument;
      } else {
        steps.unshift(...node.subscripts);
        node = node.argument;
      }
    }
    path.push(...steps);
    // A field of a row variable is a variable of its own here.
    const variable = this.frame.variable(target.slot);
    const names = new Names(this.frame, target.namespace);
    const [field] = target.fields;
    const parts = node.kind === 'column' ? node.parts : [target.text];
    const old = node.kind === 'parameter' ? names.parameter(node.number) : names.resolve(parts);
    if (old === undefined) throw new PgError('42601', `"${target.text}" is not a known variable`);
    const offset = 1000;
    const context = core.bindContext([]);
    const scope = {
      conflict: names.conflict,
      has: (one: readonly string[]) => names.has(one),
      resolve: (one: readonly string[]) => names.resolve(one),
      parameter: (index: number): Expression | undefined =>
        given !== undefined && index === 1 ? { kind: 'param', index: offset, type: given.type } : names.parameter(index),
    };
    const bound = bindPartAssignment(target.text, old, path, value, { ...context, variables: scope });
    const { values, types } = parametersOf(this.frame, names.references);
    const all = [...values];
    if (given !== undefined) all[offset - 1] = given.value;
    const result = await new CallResolver(this.session, { values: all, types }).value(bound);
    const typed = { value: result, type: old.type };
    if (variable.kind === 'row' && field !== undefined) await this.#assignTarget({ ...target, fields: [field], indirect: false }, typed);
    else await this.assign(target.slot, typed);
  }

  /** Puts a row into INTO's targets: into one row variable, or value by value. */
  async #assignInto(targets: readonly Target[], columns: StatementResult['columns'], row: Row | undefined): Promise<void> {
    const [only] = targets;
    const types = columns.map((column) => column.type);
    if (targets.length === 1 && only !== undefined && !only.indirect && only.fields.length === 0 && this.frame.variable(only.slot).kind === 'row') {
      const [first] = types;
      if (columns.length === 1 && first !== undefined && isRowType(first.oid) && row !== undefined) {
        await this.assign(only.slot, { value: row[0] ?? null, type: first });
        return;
      }
      const variable = this.frame.variable(only.slot);
      if (row === undefined && variable.kind === 'row' && variable.oid !== Oid.record) variable.fields = null;
      else await this.#assignRow(only.slot, { names: columns.map((column) => column.name), types, values: row ?? columns.map(() => null) });
      return;
    }
    for (const [i, target] of targets.entries()) {
      const type = types[i];
      await this.#assignTarget(target, type === undefined ? { value: null, type: typeRef(Oid.unknown) } : { value: row?.[i] ?? null, type });
    }
  }

  // ---- blocks ----

  async statements(list: readonly Statement[]): Promise<Outcome> {
    const { core } = this.session;
    const pause = core.breathe();
    if (pause !== undefined) await pause;
    core.checkCancel();
    for (const statement of list) {
      core.checkCancel();
      let outcome: Outcome;
      try {
        outcome = await this.#statement(statement);
      } catch (error) {
        throw this.#at(error, statement.line, nameOf(statement));
      }
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  /** The error with this function's line of CONTEXT, once. */
  #at(error: unknown, line: number, what: string): unknown {
    if (!(error instanceof PgError) || this.#located.has(error)) return error;
    const placed = withContext(error, `PL/pgSQL function ${this.around.shown} line ${String(line)} ${what.startsWith('during') ? '' : 'at '}${what}`);
    this.#located.add(placed);
    return placed;
  }

  async block(block: Block): Promise<Outcome> {
    await this.#initialise(block);
    const outcome = block.handlers.length === 0 ? await this.statements(block.body) : await this.#guarded(block);
    if (outcome?.kind === 'exit' && outcome.label !== undefined && outcome.label === block.label) return undefined;
    return outcome;
  }

  async #initialise(block: Block): Promise<void> {
    const { program } = this.frame;
    for (const slot of block.slots) {
      const declared = program.slots[slot];
      if (declared === undefined) continue;
      try {
        const variable = this.frame.variable(slot);
        if (variable.kind === 'row') variable.fields = variable.oid === Oid.record ? undefined : null;
        else variable.value = declared.cursor === undefined ? null : declared.name;
        if (declared.initial !== undefined) await this.assign(slot, await this.#value(declared.initial));
        else if (variable.kind === 'scalar' && variable.type.domain !== undefined) await this.assign(slot, { value: null, type: typeRef(Oid.unknown) });
      } catch (error) {
        throw this.#at(error, declared.line, 'during statement block local variable initialization');
      }
    }
  }

  async #guarded(block: Block): Promise<Outcome> {
    const { core } = this.session;
    const around = core.mayEndTransaction;
    const subtransaction = await Subtransaction.begin(this.session);
    core.mayEndTransaction = false;
    try {
      const outcome = await this.statements(block.body);
      await subtransaction.release();
      return outcome;
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      await subtransaction.rollback();
      const handler = block.handlers.find((one) => one.conditions.some((condition) => matchesCondition(error.code, condition)));
      if (handler === undefined) throw error;
      const before = this.#caught;
      this.#caught = { error };
      if (block.errorSlots !== undefined) {
        this.frame.set(block.errorSlots.sqlstate, error.code);
        this.frame.set(block.errorSlots.sqlerrm, error.message);
      }
      try {
        return await this.statements(handler.body);
      } finally {
        this.#caught = before;
      }
    } finally {
      core.mayEndTransaction = around;
    }
  }

  // ---- statements ----

  async #statement(statement: Statement): Promise<Outcome> {
    switch (statement.kind) {
      case 'block':
        return this.block(statement);
      case 'assign':
        if (statement.target.indirect || statement.target.fields.length > 1) {
          const value = statementOf(statement.value);
          const target = value.kind === 'select' && value.body.kind === 'core' ? value.body.targets[0] : undefined;
          if (target === undefined) throw new PgError('42601', 'syntax error in assignment');
          await this.#assignPart(statement.target, target.expression, undefined);
        } else await this.#assignTarget(statement.target, await this.#value(statement.value));
        return undefined;
      case 'if':
        for (const branch of statement.branches) if (await this.#isTrue(branch.condition)) return this.statements(branch.body);
        return this.statements(statement.otherwise);
      case 'case':
        return this.#case(statement);
      case 'loop':
      case 'while':
        return this.#loop(statement.label, async (body) => {
          for (;;) {
            if (statement.kind === 'while' && !(await this.#isTrue(statement.condition))) return undefined;
            const outcome = await body(statement.body);
            if (outcome !== 'next') return outcome;
          }
        });
      case 'forInteger':
        return this.#forInteger(statement);
      case 'forRows':
        return this.#forRows(statement.label, statement.targets, statement.body, await this.#rowsOf(statement.source));
      case 'forCursor': {
        const opened = await this.#cursors.openBound(statement.cursor, statement.args, (slot, typed) => this.assign(slot, typed));
        const target: Target = {
          text: '',
          namespace: { label: undefined, names: new Map(), outer: undefined },
          slot: statement.slot,
          fields: [],
          indirect: false,
        };
        try {
          const { columns, rows } = await this.#cursors.fetch(opened, { direction: 'forward', count: 'all', move: false });
          return await this.#forRows(statement.label, [target], statement.body, { columns, rows });
        } finally {
          this.#cursors.closeIfOpen(opened);
        }
      }
      case 'foreach':
        return this.#foreach(statement);
      case 'exit':
      case 'continue':
        if (statement.condition !== undefined && !(await this.#isTrue(statement.condition))) return undefined;
        return { kind: statement.kind, label: statement.label };
      case 'return':
        return { kind: 'return', value: statement.value === undefined ? undefined : await this.#value(statement.value) };
      case 'returnNext':
        await this.#returnNext(statement.value);
        return undefined;
      case 'returnQuery':
        await this.#returnQuery(statement.source);
        return undefined;
      case 'raise':
        await this.#raise(statement);
        return undefined;
      case 'assert':
        if (this.session.core.settings.get('plpgsql.check_asserts') === 'off') return undefined;
        if (await this.#isTrue(statement.condition)) return undefined;
        throw new PgError('P0004', (statement.message === undefined ? null : await this.#text(statement.message)) ?? 'assertion failed');
      case 'sql':
        await this.#sql(statement);
        return undefined;
      case 'perform': {
        const result = await this.#runSql(statement.statement);
        this.#rowCount = result.count;
        this.#found(result.count > 0);
        return undefined;
      }
      case 'execute':
        await this.#execute(statement);
        return undefined;
      case 'diagnostics':
        await this.#diagnostics(statement);
        return undefined;
      case 'open':
        if (statement.source === undefined) await this.#cursors.openBound(statement.slot, statement.args, (slot, typed) => this.assign(slot, typed));
        else if (statement.source.kind === 'static') await this.#cursors.open(statement.slot, statement.source.query, statement.scroll);
        else {
          const { text, params } = await this.#dynamic(statement.source.text, statement.source.using);
          await this.#cursors.openText(statement.slot, text, params, statement.scroll);
        }
        return undefined;
      case 'fetch': {
        const { count } = statement.direction;
        const wanted = count === 'all' || typeof count === 'number' ? count : Number((await this.#valueAs(count, typeRef(Oid.int4))) ?? 0);
        const name = this.#cursors.nameOf(statement.slot);
        const { columns, rows, moved } = await this.#cursors.fetch(name, { direction: statement.direction.direction, count: wanted, move: statement.move });
        if (!statement.move) await this.#assignInto(statement.targets, columns, rows[0]);
        this.#rowCount = statement.move ? moved : rows.length;
        this.#found(this.#rowCount > 0);
        return undefined;
      }
      case 'close':
        this.#cursors.close(statement.slot);
        return undefined;
      case 'null':
        return undefined;
      case 'commit':
      case 'rollback':
        await this.#endTransaction(statement.kind === 'commit');
        return undefined;
      default:
        return assertNever(statement);
    }
  }

  async #case(statement: Extract<Statement, { kind: 'case' }>): Promise<Outcome> {
    if (statement.subject !== undefined) {
      const { value, type } = await this.#value(statement.subject);
      this.frame.variables[statement.slot] = { kind: 'scalar', type: type.oid === Oid.unknown ? typeRef(Oid.text) : type, value };
    }
    for (const branch of statement.branches) if (await this.#isTrue(branch.condition)) return this.statements(branch.body);
    if (statement.otherwise === undefined) throw new PgError('20000', 'case not found', { hint: 'CASE statement is missing ELSE part.' });
    return this.statements(statement.otherwise);
  }

  // ---- loops ----

  /** Runs a loop; `body` runs the statements of one round and says whether the next one comes. */
  async #loop(label: string | undefined, rounds: (body: (list: readonly Statement[]) => Promise<Outcome | 'next'>) => Promise<Outcome>): Promise<Outcome> {
    let isLeft = false;
    const isOwn = (outcome: { readonly label: string | undefined }): boolean => outcome.label === undefined || outcome.label === label;
    const outcome = await rounds(async (list) => {
      const result = await this.statements(list);
      if (result === undefined || (result.kind === 'continue' && isOwn(result))) return 'next';
      if (result.kind === 'exit' && isOwn(result)) {
        isLeft = true;
        return undefined;
      }
      return result;
    });
    return isLeft ? undefined : outcome;
  }

  async #forInteger(statement: Extract<Statement, { kind: 'forInteger' }>): Promise<Outcome> {
    const bound = async (sql: Sql, what: string): Promise<number> => {
      const value = await this.#valueAs(sql, typeRef(Oid.int4));
      if (value === null) throw new PgError('22004', `${what} of FOR loop cannot be null`);
      return Number(value);
    };
    const lower = await bound(statement.lower, 'lower bound');
    const upper = await bound(statement.upper, 'upper bound');
    const step = statement.step === undefined ? 1 : await bound(statement.step, 'BY value');
    if (step <= 0) throw new PgError('22023', 'BY value of FOR loop must be greater than zero');
    let found = false;
    const outcome = await this.#loop(statement.label, async (body) => {
      for (let i = lower; statement.reverse ? i >= upper : i <= upper; i += statement.reverse ? -step : step) {
        if (i > 2147483647 || i < -2147483648) return undefined;
        found = true;
        this.frame.set(statement.slot, i);
        const result = await body(statement.body);
        if (result !== 'next') return result;
      }
      return undefined;
    });
    this.#found(found);
    return outcome;
  }

  async #forRows(
    label: string | undefined,
    targets: readonly Target[],
    list: readonly Statement[],
    { columns, rows }: Pick<StatementResult, 'columns' | 'rows'>,
  ): Promise<Outcome> {
    if (rows.length === 0) await this.#assignInto(targets, columns, undefined);
    const outcome = await this.#loop(label, async (body) => {
      for (const row of rows) {
        await this.#assignInto(targets, columns, row);
        const result = await body(list);
        if (result !== 'next') return result;
      }
      return undefined;
    });
    this.#found(rows.length > 0);
    return outcome;
  }

  async #foreach(statement: Extract<Statement, { kind: 'foreach' }>): Promise<Outcome> {
    const { value, type } = await this.#value(statement.array);
    if (value === null) throw new PgError('22004', 'FOREACH expression must not be null');
    if (!isArrayType(type.oid)) throw new PgError('42804', `FOREACH expression must yield an array, not type ${formatType(type.oid)}`);
    const array = parseArray(String(value), elementCodecOf(type.oid).delimiter);
    const { slice } = statement;
    const depth = array.dimensions.length;
    if (slice < 0 || slice > depth) throw new PgError('2202E', `slice dimension (${String(slice)}) is out of the valid range 0..${String(depth)}`);
    const element = typeRef(elementTypeOf(type.oid)?.oid ?? Oid.text);
    const { core } = this.session;
    const items: Typed[] = [];
    if (slice === 0) {
      const codec = requireType(element.oid);
      for (const text of array.elements) items.push({ value: text === null ? null : codec.parse(text, -1, core.context()), type: element });
    } else {
      const dimensions = array.dimensions.slice(depth - slice);
      const size = dimensions.reduce((product, length) => product * length, 1);
      for (let at = 0; at < array.elements.length; at += size)
        items.push({
          value: formatArray(
            { dimensions, lowerBounds: array.lowerBounds.slice(depth - slice), elements: array.elements.slice(at, at + size) },
            elementCodecOf(type.oid).delimiter,
          ),
          type: typeRef(type.oid),
        });
    }
    const outcome = await this.#loop(statement.label, async (body) => {
      for (const item of items) {
        const [target] = statement.targets;
        if (target !== undefined && statement.targets.length === 1) await this.#assignTarget(target, item);
        else if (item.value !== null) {
          const fields = rowFields(item.value, item.type.oid);
          await this.#assignInto(
            statement.targets,
            fields.names.map((name, i) => ({ name, type: fields.types[i] as TypeRef })),
            fields.values,
          );
        }
        const result = await body(statement.body);
        if (result !== 'next') return result;
      }
      return undefined;
    });
    this.#found(items.length > 0);
    return outcome;
  }

  // ---- results ----

  async #returnNext(sql: Sql | undefined): Promise<void> {
    const { outputs, whole, outSlots } = this.around;
    if (sql === undefined) {
      const values = outSlots.map((slot) => this.frame.whole(slot));
      this.rows.push(await convertFields(this.session, { types: values.map((one) => one.type), values: values.map((one) => one.value) }, outputs));
      return;
    }
    const { value, type } = await this.#value(sql);
    const [first] = outputs;
    if (whole || (outputs.length === 1 && first !== undefined && !isRowType(type.oid))) {
      this.rows.push([await convert(this.session, value, type, first as TypeRef)]);
      return;
    }
    if (!isRowType(type.oid)) throw new PgError('42804', 'cannot return non-composite value from function returning composite type');
    if (value === null) this.rows.push(outputs.map(() => null));
    else this.rows.push(await this.rowAs(rowFields(value, type.oid)));
  }

  /** A record as a row of the function's columns. */
  async rowAs(fields: RowFields): Promise<Row> {
    const { outputs } = this.around;
    if (fields.types.length !== outputs.length)
      throw new PgError('42804', 'returned record type does not match expected record type', {
        detail: `Number of returned columns (${String(fields.types.length)}) does not match expected column count (${String(outputs.length)}).`,
      });
    for (const [i, output] of outputs.entries()) {
      const type = fields.types[i] as TypeRef;
      if (type.oid !== output.oid && type.oid !== Oid.unknown)
        throw new PgError('42804', 'returned record type does not match expected record type', {
          detail: `Returned type ${formatType(type.oid)} does not match expected type ${formatType(output.oid)} in column ${String(i + 1)}.`,
        });
    }
    return convertFields(this.session, fields, outputs);
  }

  async #returnQuery(source: QuerySource): Promise<void> {
    const { columns, rows } = await this.#rowsOf(source);
    const { outputs, whole } = this.around;
    const [single] = outputs;
    const fields = whole && single !== undefined ? fieldsOf(single.oid) : undefined;
    const expected = fields === undefined ? outputs : fields.types;
    const mismatch = (detail: string): PgError => new PgError('42804', 'structure of query does not match function result type', { detail });
    if (columns.length !== expected.length)
      throw mismatch(`Number of returned columns (${String(columns.length)}) does not match expected column count (${String(expected.length)}).`);
    for (const [i, type] of expected.entries()) {
      const actual = columns[i]?.type as TypeRef;
      if (actual.oid !== type.oid)
        throw mismatch(
          `Returned type ${formatType(actual.domain ?? actual.oid)} does not match expected type ${formatType(type.domain ?? type.oid)} in column ${String(i + 1)}.`,
        );
    }
    for (const row of rows) {
      const values = await convertFields(this.session, { types: columns.map((column) => column.type), values: row }, expected);
      if (fields === undefined || single === undefined) this.rows.push(values);
      else {
        this.rows.push([rowOf(single.oid, { ...fields, values })]);
      }
    }
    this.#rowCount = rows.length;
    this.#found(rows.length > 0);
  }

  // ---- SQL ----

  async #inSql<T>(text: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof PgError && !this.#located.has(error) ? withContext(error, `SQL statement "${text}"`) : error;
    }
  }

  async #runSql(sql: Sql, most = 0): Promise<StatementResult> {
    return this.#inSql(sql.text, () => run(this.session, this.frame, sql, most));
  }

  async #rowsOf(source: QuerySource): Promise<StatementResult> {
    let result: StatementResult;
    if (source.kind === 'static') result = await this.#runSql(source.query);
    else {
      const { text, params } = await this.#dynamic(source.text, source.using);
      result = await this.#runText(text, params);
    }
    if (result.columns.length === 0 && result.kind !== 'query') throw new PgError('42601', 'cannot open non-SELECT query as cursor');
    return result;
  }

  async #dynamic(sql: Sql, using: readonly Sql[]): Promise<{ readonly text: string; readonly params: readonly Typed[] }> {
    const text = await this.#text(sql);
    if (text === null) throw new PgError('22004', 'query string argument of EXECUTE is null');
    const params: Typed[] = [];
    for (const one of using) {
      const typed = await this.#value(one);
      params.push(typed.type.oid === Oid.unknown ? { value: typed.value, type: typeRef(Oid.text) } : typed);
    }
    return { text, params };
  }

  /** Runs the statements of a text; the last one's result. */
  async #runText(text: string, params: readonly Typed[], most = 0): Promise<StatementResult> {
    const { session } = this;
    return this.#inSql(text, async () => {
      const oids = params.map((param) => param.type.domain ?? param.type.oid);
      const parameters = { values: params.map((param) => param.value), types: params.map((param) => param.type.oid) };
      let result: StatementResult | undefined;
      for (const { statement } of session.core.parse(text)) {
        if (statement.kind === 'transaction') throw new PgError('0A000', 'EXECUTE of transaction commands is not implemented');
        if (statement.kind === 'call') {
          const { outputs, row } = await callProcedure(session, statement.call, session.core.bindContext(oids), () => parameters);
          result = { kind: 'utility', columns: outputs, rows: row === undefined ? [] : [row], count: row === undefined ? 0 : 1, tag: 'CALL' };
        } else
          result = await runCompiled(
            session,
            statement,
            (exact) => session.compile(statement, oids, exact),
            () => parameters,
            most,
          );
      }
      return result ?? { kind: 'utility', columns: [], rows: [], count: 0, tag: '' };
    });
  }

  /** What INTO asks of a result. */
  async #takeInto(into: Into, result: StatementResult, isQuery: boolean): Promise<void> {
    const [row] = result.rows;
    if (row === undefined && into.strict) throw new PgError('P0002', 'query returned no rows');
    if (result.rows.length > 1 && (into.strict || !isQuery))
      throw new PgError('P0003', 'query returned more than one row', { hint: 'Make sure the query returns a single row, or use LIMIT 1.' });
    await this.#assignInto(into.targets, result.columns, row);
  }

  async #sql(statement: Extract<Statement, { kind: 'sql' }>): Promise<void> {
    const { into } = statement;
    const node = statementOf(statement.statement);
    if (node.kind === 'call') {
      await this.#call(node, statement.statement);
      return;
    }
    if (node.kind === 'transaction') throw new PgError('0A000', 'unsupported transaction command in PL/pgSQL');
    const isQuery = node.kind === 'select';
    const result = await this.#runSql(statement.statement, into !== undefined && isQuery ? 2 : 0);
    this.#rowCount = into !== undefined && isQuery ? Math.min(result.count, into.strict ? result.count : 1) : result.count;
    if (result.kind !== 'utility') this.#found(result.count > 0);
    if (into !== undefined) {
      if (result.kind === 'utility' || (result.kind === 'mutation' && result.columns.length === 0))
        throw new PgError('42601', 'INTO used with a command that cannot return data');
      await this.#takeInto(into, result, isQuery);
    } else if (result.kind === 'query')
      throw new PgError('42601', noDestination, { hint: 'If you want to discard the results of a SELECT, use PERFORM instead.' });
    else if (result.columns.length > 0) throw new PgError('42601', noDestination);
  }

  async #call(node: ast.Call, sql: Sql): Promise<void> {
    const names = new Names(this.frame, sql.namespace);
    const { outputs, row } = await this.#inSql(sql.text, () =>
      callProcedure(this.session, node.call, { ...this.session.core.bindContext([]), variables: names }, () => parametersOf(this.frame, names.references)),
    );
    if (row === undefined) return;
    for (const [i, output] of outputs.entries()) {
      const argument = output.argument === undefined ? undefined : node.call.arguments[output.argument];
      const given = argument?.kind === 'namedArgument' ? argument.argument : argument;
      const parts = given?.kind === 'column' ? given.parts : given?.kind === 'parameter' ? [`$${String(given.number)}`] : undefined;
      if (parts === undefined)
        throw new PgError('42601', `procedure parameter "${output.name}" is an output parameter but corresponding argument is not writable`);
      const found = lookUp(sql.namespace, parts);
      if (found === undefined)
        throw new PgError('42601', `procedure parameter "${output.name}" is an output parameter but corresponding argument is not writable`);
      await this.#assignTarget(
        { text: parts.join('.'), namespace: sql.namespace, slot: found.slot, fields: parts.slice(found.used), indirect: false },
        { value: row[i] ?? null, type: output.type },
      );
    }
  }

  async #execute(statement: Extract<Statement, { kind: 'execute' }>): Promise<void> {
    const { into } = statement;
    const { text, params } = await this.#dynamic(statement.text, statement.using);
    const result = await this.#runText(text, params);
    this.#rowCount = result.count;
    if (into === undefined) return;
    if (result.kind === 'utility' && result.columns.length === 0) throw new PgError('42601', 'INTO used with a command that cannot return data');
    await this.#takeInto(into, result, result.kind === 'query');
  }

  // ---- messages ----

  async #raise(statement: Extract<Statement, { kind: 'raise' }>): Promise<void> {
    const { level, condition, format, args, options } = statement;
    const isBare = condition === undefined && format === undefined && options.length === 0;
    if (isBare) {
      if (this.#caught === undefined) throw new PgError('0Z002', 'RAISE without parameters cannot be used outside an exception handler');
      throw this.#caught.error;
    }
    let code = condition === undefined ? undefined : (conditionCodes.get(condition) ?? condition);
    let message: string | undefined = condition;
    if (format !== undefined) {
      const shown: string[] = [];
      for (const argument of args) shown.push((await this.#text(argument)) ?? '<NULL>');
      let at = 0;
      message = format.replace(/%%|%/g, (mark) => (mark === '%%' ? '%' : (shown[at++] ?? '')));
    }
    const fields: { -readonly [K in keyof ErrorFields]: ErrorFields[K] } = {};
    const given = new Set<string>();
    for (const option of options) {
      const value = await this.#text(option.value);
      if (value === null) throw new PgError('22004', 'RAISE statement option cannot be null');
      if (given.has(option.name) || (option.name === 'errcode' && condition !== undefined) || (option.name === 'message' && format !== undefined))
        throw new PgError('42601', `RAISE option already specified: ${option.name.toUpperCase()}`);
      given.add(option.name);
      switch (option.name) {
        case 'errcode':
          code = conditionCodes.get(value) ?? value;
          if (!/^[0-9A-Z]{5}$/.test(code)) throw new PgError('42704', `unrecognized exception condition "${value}"`);
          break;
        case 'message':
          message = value;
          break;
        case 'detail':
          fields.detail = value;
          break;
        case 'hint':
          fields.hint = value;
          break;
        case 'column':
          fields.column = value;
          break;
        case 'constraint':
          fields.constraint = value;
          break;
        case 'datatype':
          fields.dataType = value;
          break;
        case 'table':
          fields.table = value;
          break;
        case 'schema':
          fields.schema = value;
          break;
      }
    }
    if (level === 'exception') throw new PgError(code ?? 'P0001', message ?? code ?? 'P0001', fields);
    const severity = level.toUpperCase() as 'NOTICE';
    const fallback = level === 'warning' ? '01000' : '00000';
    this.session.core.notice({ severity, code: code ?? fallback, message: message ?? code ?? fallback, fields });
  }

  async #diagnostics(statement: Extract<Statement, { kind: 'diagnostics' }>): Promise<void> {
    if (statement.stacked && this.#caught === undefined) throw new PgError('0Z002', 'GET STACKED DIAGNOSTICS cannot be used outside an exception handler');
    const error = this.#caught?.error;
    for (const { target, item } of statement.items) {
      const text = (value: string | undefined): Typed => ({ value: value ?? '', type: typeRef(Oid.text) });
      const values: Readonly<Record<string, () => Typed>> = {
        row_count: () => ({ value: this.#rowCount, type: typeRef(Oid.int8) }),
        result_oid: () => ({ value: 0, type: typeRef(Oid.oid) }),
        pg_context: () =>
          text(`PL/pgSQL function ${this.around.shown} line ${String(statement.line)} at GET ${statement.stacked ? 'STACKED ' : ''}DIAGNOSTICS`),
        returned_sqlstate: () => text(error?.code),
        message_text: () => text(error?.message),
        pg_exception_detail: () => text(error?.fields.detail),
        pg_exception_hint: () => text(error?.fields.hint),
        pg_exception_context: () => text(error?.fields.where),
        column_name: () => text(error?.fields.column),
        constraint_name: () => text(error?.fields.constraint),
        pg_datatype_name: () => text(error?.fields.dataType),
        table_name: () => text(error?.fields.table),
        schema_name: () => text(error?.fields.schema),
      };
      const value = values[item];
      if (value !== undefined) await this.#assignTarget(target, value());
    }
  }

  async #endTransaction(commit: boolean): Promise<void> {
    const { core } = this.session;
    if (!core.mayEndTransaction) throw new PgError('2D000', 'invalid transaction termination');
    await this.session.endTransaction(commit);
    core.transaction.kind = 'implicit';
    core.beginTransactionDefaults();
  }
}
