/**
 * Calls a function in LANGUAGE plpgsql, and runs DO blocks: reads the body (once), resolves the types of its variables, binds the arguments and hands over to the
 * interpreter. Called by routines/call-routine.ts and routines/do-statement.ts.
 */
import { PgError } from '../../../common/errors.js';
import type { CatalogSnapshot } from '../../../catalog/snapshot.js';
import type { EventTrigger } from '../../../catalog/event-trigger.js';
import { inputsOf, outputsOf, type UserFunction } from '../../../catalog/user-function.js';
import { rowTypeOffset } from '../../../catalog/user-type.js';
import { columnType, typeRef } from '../../../plan/build.js';
import type { TypeRef } from '../../../plan/expression.js';
import type { LogicalNode } from '../../../plan/logical.js';
import { bindTypeName } from '../../../planner/bind/bind.js';
import { lookUp, parsePlpgsql, type Surroundings } from '../../../plpgsql/parser.js';
import type { Program } from '../../../plpgsql/tree.js';
import { parse, parseTypeName } from '../../../sql/parser.js';
import { formatType, Oid } from '../../../types/registry.js';
import { isPolymorphic } from '../../../functions/registry.js';
import { formatArray } from '../../../functions/array-value.js';
import type { Table } from '../../../catalog/table.js';
import { timingText, type Trigger, type TriggerEvent } from '../../../catalog/trigger.js';
import { convert, convertFields, isRowType, type RowFields, rowFields } from '../routines/conversion.js';
import { run as runSql } from './body-sql.js';
import { isVoid, type RoutineRun } from '../routines/routine.js';
import type { Row } from '../routines/row-set.js';
import type { ShoalSession } from '../shoal-session.js';
import { Frame, type SlotType } from './frame.js';
import { Interpreter, withContext } from './interpreter.js';

/** A slot whose type is known without a name. */
function known(type: TypeRef): string {
  return `$oid:${String(type.domain ?? type.oid)}:${String(type.typmod)}`;
}

function returnsOf(definition: UserFunction): Surroundings['returns'] {
  if (definition.result === Oid.trigger) return 'trigger';
  if (definition.result === Oid.eventTrigger) return 'void';
  if (definition.kind === 'procedure') return 'procedure';
  const outputs = outputsOf(definition).length;
  if (definition.returnsSet) return outputs > 0 ? 'setOfRows' : 'set';
  if (definition.result === Oid.void) return 'void';
  return outputs > 0 ? 'outputs' : 'value';
}

/** The variables that a trigger function sees besides. */
const triggerSlots: Surroundings['slots'] = [
  { names: ['new'], type: 'record' },
  { names: ['old'], type: 'record' },
  { names: ['tg_name'], type: 'name' },
  { names: ['tg_when'], type: 'text' },
  { names: ['tg_level'], type: 'text' },
  { names: ['tg_op'], type: 'text' },
  { names: ['tg_relid'], type: 'oid' },
  { names: ['tg_relname'], type: 'name' },
  { names: ['tg_table_name'], type: 'name' },
  { names: ['tg_table_schema'], type: 'name' },
  { names: ['tg_nargs'], type: 'integer' },
  { names: ['tg_argv'], type: 'text[]' },
];

/** Those of an event trigger's function. */
const eventSlots: Surroundings['slots'] = [
  { names: ['tg_event'], type: 'text' },
  { names: ['tg_tag'], type: 'text' },
];

const foundSlot = { names: ['found'], type: 'boolean' };

export function surroundings(definition: UserFunction, types: readonly TypeRef[], outputs: readonly TypeRef[]): Surroundings {
  let input = 0;
  let output = 0;
  const several = outputsOf(definition).length === outputs.length;
  const parameters = definition.args.map((argument, i) => {
    const isOutput = argument.mode === 'out' || argument.mode === 'inout' || argument.mode === 'table';
    const isInput = argument.mode !== 'out' && argument.mode !== 'table';
    const given = isInput ? types[input++] : undefined;
    const result = isOutput ? outputs[several ? output++ : 0] : undefined;
    const type = given ?? (isPolymorphic(argument.typeOid) ? result : undefined) ?? typeRef(argument.typeOid);
    return { names: [argument.name, ...(argument.mode === 'table' ? [] : [`$${String(i + 1)}`])], type: known(type) };
  });
  const isTrigger = definition.result === Oid.trigger;
  return {
    name: definition.name,
    slots: [...parameters, foundSlot, ...(isTrigger ? triggerSlots : definition.result === Oid.eventTrigger ? eventSlots : [])],
    returns: returnsOf(definition),
  };
}

const programs = new WeakMap<UserFunction, Map<string, Program>>();

function programOf(definition: UserFunction, types: readonly TypeRef[], outputs: readonly TypeRef[]): Program {
  const { body } = definition;
  if (body.kind !== 'string') throw new Error('assertion failed: a text');
  let made = programs.get(definition);
  if (made === undefined) programs.set(definition, (made = new Map<string, Program>()));
  const key = [...types, ...outputs].map(known).join();
  let program = made.get(key);
  if (program === undefined) {
    program = parsePlpgsql(body.text, surroundings(definition, types, outputs));
    checkSyntax(program);
    made.set(key, program);
  }
  return program;
}

/** Every piece of SQL is at least grammatical. */
function checkSyntax(program: Program): void {
  for (const piece of program.pieces) {
    try {
      const statements = parse(piece.kind === 'expression' ? `SELECT ${piece.text}` : piece.text);
      if (statements.length !== 1) throw new PgError('42601', `syntax error at or near ";"`);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      const { position: _position, ...fields } = error.fields;
      throw new PgError(error.code, error.message, fields);
    }
  }
}

/** What CREATE FUNCTION checks of a body in PL/pgSQL. */
export function checkPlpgsqlBody(definition: UserFunction): void {
  const { body } = definition;
  if (body.kind !== 'string') return;
  const types = inputsOf(definition).map((argument) => typeRef(argument.typeOid));
  const outputs = outputsOf(definition).map((argument) => typeRef(argument.typeOid));
  if (definition.result === Oid.trigger && definition.args.length > 0)
    throw new PgError('42P13', 'trigger functions cannot have declared arguments', {
      hint: 'The arguments of the trigger can be accessed through TG_NARGS and TG_ARGV instead.',
    });
  if (definition.result === Oid.eventTrigger && definition.args.length > 0)
    throw new PgError('42P13', 'event trigger functions cannot have declared arguments');
  checkSyntax(parsePlpgsql(body.text, surroundings(definition, types, outputs)));
}

interface ResolvedTypes {
  readonly catalog: CatalogSnapshot;
  readonly key: string;
  readonly types: readonly SlotType[];
}

const resolved = new WeakMap<ShoalSession, WeakMap<Program, ResolvedTypes>>();

function slotTypes(session: ShoalSession, program: Program): readonly SlotType[] {
  const { core } = session;
  let kept = resolved.get(session);
  if (kept === undefined) resolved.set(session, (kept = new WeakMap()));
  const found = kept.get(program);
  if (found?.catalog === core.catalog && found.key === core.compileKey) return found.types;
  const types: SlotType[] = [];
  for (const slot of program.slots) types.push(resolveType(session, slot.type, types, program));
  kept.set(program, { catalog: core.catalog, key: core.compileKey, types });
  return types;
}

function asSlot(type: TypeRef): SlotType {
  return isRowType(type.oid) ? { kind: 'row', oid: type.oid } : { kind: 'scalar', type };
}

function resolveType(session: ShoalSession, written: string, before: readonly SlotType[], program: Program): SlotType {
  if (written === '') return { kind: 'scalar', type: typeRef(Oid.text) };
  if (written.startsWith('$oid:')) {
    const [, oid, typmod] = written.split(':');
    return asSlot(typeRef(Number(oid), Number(typmod)));
  }
  const text = written.trim();
  if (/^record$/i.test(text)) return { kind: 'row', oid: Oid.record };
  const reference = /^(.*?)\s*%\s*(type|rowtype)\s*(\[\s*\]|array)?$/is.exec(text);
  if (reference !== null) return referredType(session, reference[1] as string, (reference[2] as string).toLowerCase(), before, program);
  const context = session.core.bindContext([]);
  const type = bindTypeName(parseTypeName(text), context);
  if (isPolymorphic(type.oid)) throw new PgError('0A000', `variable has pseudo-type ${formatType(type.oid)}`);
  return asSlot(type);
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"]|"")*)"|([^.\s"]+)/g)].map((match) =>
    match[1] === undefined ? (match[2] as string).toLowerCase() : match[1].replaceAll('""', '"'),
  );
}

/** x%TYPE and t%ROWTYPE. */
function referredType(session: ShoalSession, text: string, kind: string, before: readonly SlotType[], program: Program): SlotType {
  const { core } = session;
  const names = namesIn(text);
  const relationOf = (parts: readonly string[]): ReturnType<CatalogSnapshot['find']> =>
    parts.length === 1 ? core.catalog.find(core.searchPath, parts[0] as string) : core.catalog.relation(parts.at(-2) as string, parts.at(-1) as string);
  const missing = (parts: readonly string[]): PgError => new PgError('42P01', `relation "${parts.join('.')}" does not exist`);
  if (kind === 'rowtype') {
    const relation = relationOf(names);
    if (relation === undefined) {
      const type = bindTypeName(parseTypeName(text), core.bindContext([]));
      if (!isRowType(type.oid)) throw missing(names);
      return { kind: 'row', oid: type.oid };
    }
    return { kind: 'row', oid: relation.oid + rowTypeOffset };
  }
  if (names.length === 1) {
    const at = program.slots.findLastIndex((slot, i) => i < before.length && slot.name === names[0]);
    const variable = at < 0 ? lookUp(program.parameters, names)?.slot : at;
    const type = variable === undefined ? undefined : before[variable];
    if (type === undefined) throw new PgError('42601', `syntax error at or near "%"`);
    return type;
  }
  const relation = relationOf(names.slice(0, -1));
  if (relation === undefined) throw missing(names.slice(0, -1));
  const columns = relation.kind === 'table' || relation.kind === 'view' ? relation.columns : [];
  const column = columns.find((one) => one.name === names.at(-1));
  if (column === undefined) throw new PgError('42703', `column "${names.at(-1) ?? ''}" of relation "${relation.name}" does not exist`);
  return asSlot(columnType(column));
}

function signature(definition: UserFunction): string {
  return `${definition.name}(${inputsOf(definition)
    .map((argument) => formatType(argument.typeOid))
    .join(',')})`;
}

export async function runPlpgsqlBody(session: ShoalSession, run: RoutineRun): Promise<readonly (Row | null)[]> {
  const { definition, args, outputs, whole } = run;
  const program = programOf(
    definition,
    args.map((argument) => argument.type),
    outputs,
  );
  const frame = new Frame(program, slotTypes(session, program));
  const outSlots: number[] = [];
  definition.args.forEach((argument, i) => {
    if (argument.mode === 'out' || argument.mode === 'inout' || argument.mode === 'table') outSlots.push(i);
  });
  const shown = signature(definition);
  const interpreter = new Interpreter(session, frame, { shown, outputs, whole, outSlots, foundSlot: definition.args.length });
  frame.set(definition.args.length, 0);
  let input = 0;
  for (const [i, argument] of definition.args.entries()) {
    if (argument.mode === 'out' || argument.mode === 'table') continue;
    const given = args[input++];
    if (given !== undefined) await interpreter.assign(i, given);
  }
  const outcome = await interpreter.block(program.block);
  if (outcome?.kind === 'exit' || outcome?.kind === 'continue') throw new PgError('2F005', 'control reached end of function without RETURN');
  if (definition.returnsSet) return interpreter.rows;
  if (outSlots.length > 0) {
    const values = outSlots.map((slot) => frame.whole(slot));
    const row: (typeof values)[number]['value'][] = [];
    for (const [i, value] of values.entries()) row.push(await convert(session, value.value, value.type, outputs[i] ?? value.type));
    return [row];
  }
  if (isVoid(run)) return [['']];
  const returned = outcome?.kind === 'return' ? outcome.value : undefined;
  const atExit = (error: PgError): PgError => withContext(error, `PL/pgSQL function ${shown}`);
  if (outcome === undefined) throw atExit(new PgError('2F005', 'control reached end of function without RETURN'));
  if (returned === undefined) return [null];
  try {
    if (whole) {
      const [type] = outputs;
      if (type === undefined) return [null];
      if (isRowType(type.oid) && !isRowType(returned.type.oid) && returned.value !== null)
        throw new PgError('42804', 'cannot return non-composite value from function returning composite type');
      return returned.value === null && isRowType(type.oid) ? [null] : [[await convert(session, returned.value, returned.type, type)]];
    }
    if (returned.value === null) return [null];
    if (!isRowType(returned.type.oid)) {
      if (outputs.length === 1) return [[await convert(session, returned.value, returned.type, outputs[0] as TypeRef)]];
      throw new PgError('42804', 'cannot return non-composite value from function returning composite type');
    }
    return [await interpreter.rowAs(rowFields(returned.value, returned.type.oid))];
  } catch (error) {
    throw error instanceof PgError ? withContext(error, `PL/pgSQL function ${shown} while casting return value to function's return type`) : error;
  }
}

/** What fires a trigger. */
export interface TriggerCall {
  readonly trigger: Trigger;
  /** (Of a view: as a table.) */
  readonly table: Table;
  readonly event: TriggerEvent;
  readonly new: RowFields | undefined;
  readonly old: RowFields | undefined;
  /** OLD TABLE and NEW TABLE, by name. */
  readonly tables?: ReadonlyMap<string, LogicalNode>;
}

const whenPrograms = new Map<string, Program>();

/** A trigger's WHEN. */
async function holds(session: ShoalSession, call: TriggerCall): Promise<boolean> {
  const { whenText } = call.trigger;
  if (whenText === undefined) return true;
  let program = whenPrograms.get(whenText);
  if (program === undefined) {
    if (whenPrograms.size > 500) whenPrograms.clear();
    program = parsePlpgsql(`BEGIN PERFORM ${whenText}; END`, { name: '', slots: triggerSlots.slice(0, 2), returns: 'void' });
    whenPrograms.set(whenText, program);
  }
  const frame = new Frame(program, [
    { kind: 'row', oid: Oid.record },
    { kind: 'row', oid: Oid.record },
  ]);
  frame.setRow(0, call.new);
  frame.setRow(1, call.old);
  const [piece] = program.pieces;
  if (piece === undefined) throw new Error('assertion failed: a condition');
  const { rows } = await runSql(session, frame, piece);
  const value = rows[0]?.[0] ?? null;
  return value !== null && Number(value) !== 0;
}

/** Calls an event trigger's function. */
export async function fireEventTrigger(session: ShoalSession, trigger: EventTrigger, event: string, tag: string): Promise<void> {
  const definition = session.core.catalog.functions.byOid(trigger.functionOid);
  if (definition === undefined) throw new PgError('42883', `function with OID ${String(trigger.functionOid)} does not exist`);
  const program = programOf(definition, [], []);
  const frame = new Frame(program, slotTypes(session, program));
  const interpreter = new Interpreter(session, frame, { shown: signature(definition), outputs: [], whole: false, outSlots: [], foundSlot: 0 });
  frame.set(0, 0);
  frame.set(1, event);
  frame.set(2, tag);
  await interpreter.block(program.block);
}

/** Fires a trigger: the row that the function returns, null for none; undefined when WHEN does not hold. */
export async function fireTrigger(session: ShoalSession, call: TriggerCall): Promise<RowFields | null | undefined> {
  if (!(await holds(session, call))) return undefined;
  const { trigger, table, event } = call;
  const definition = session.core.catalog.functions.byOid(trigger.functionOid);
  if (definition === undefined) throw new PgError('42883', `function with OID ${String(trigger.functionOid)} does not exist`);
  const program = programOf(definition, [], []);
  const frame = new Frame(program, slotTypes(session, program));
  const shown = signature(definition);
  const interpreter = new Interpreter(session, frame, { shown, outputs: [], whole: false, outSlots: [], foundSlot: 0 });
  frame.set(0, 0);
  frame.setRow(1, call.new);
  frame.setRow(2, call.old);
  frame.tables = call.tables;
  const argv = trigger.args.length === 0 ? null : formatArray({ dimensions: [trigger.args.length], lowerBounds: [0], elements: [...trigger.args] });
  const values = [
    trigger.name,
    timingText(trigger),
    trigger.level.toUpperCase(),
    event.toUpperCase(),
    table.oid,
    table.name,
    table.name,
    table.schema,
    trigger.args.length,
    argv,
  ];
  for (const [i, value] of values.entries()) frame.set(3 + i, value);
  const outcome = await interpreter.block(program.block);
  if (outcome?.kind !== 'return')
    throw withContext(new PgError('2F005', 'control reached end of trigger procedure without RETURN'), `PL/pgSQL function ${shown}`);
  const returned = outcome.value;
  if (returned === undefined || returned.value === null || trigger.level === 'statement' || trigger.timing === 'after') return null;
  if (!isRowType(returned.type.oid)) throw new PgError('42804', 'cannot return non-composite value from function returning composite type');
  const row = rowFields(returned.value, returned.type.oid);
  const wanted = call.new ?? call.old;
  if (wanted === undefined) return row;
  if (row.types.length !== wanted.types.length)
    throw new PgError('42804', 'returned row structure does not match the structure of the triggering table', {
      detail: `Number of returned columns (${String(row.types.length)}) does not match expected column count (${String(wanted.types.length)}).`,
    });
  return { ...wanted, values: await convertFields(session, row, wanted.types) };
}

/** DO. */
export async function runBlock(session: ShoalSession, text: string): Promise<void> {
  const program = parsePlpgsql(text, { name: '', slots: [foundSlot], returns: 'void' });
  checkSyntax(program);
  const frame = new Frame(program, slotTypes(session, program));
  frame.set(0, 0);
  const interpreter = new Interpreter(session, frame, { shown: 'inline_code_block', outputs: [], whole: false, outSlots: [], foundSlot: 0 });
  await interpreter.block(program.block);
}
