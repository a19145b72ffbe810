/**
 * The variables of one call of a PL/pgSQL function, and what their names mean to the binder: parameters of the statement, one for each variable or field that it reads.
 */
import { PgError } from '../../../common/errors.js';
import { typeRef } from '../../../plan/build.js';
import type { Expression, TypeRef } from '../../../plan/expression.js';
import type { LogicalNode } from '../../../plan/logical.js';
import type { VariableScope } from '../../../planner/bind/context.js';
import { lookUp } from '../../../plpgsql/parser.js';
import type { Namespace, Program } from '../../../plpgsql/tree.js';
import { Oid } from '../../../types/oid.js';
import type { SqlValue } from '../../../types/value.js';
import { fieldsOf, type RowFields, rowOf } from '../routines/conversion.js';
import type { Parameters } from '../run-query.js';

export type SlotType = { readonly kind: 'scalar'; readonly type: TypeRef } | { readonly kind: 'row'; readonly oid: number };

export interface Typed {
  readonly value: SqlValue;
  readonly type: TypeRef;
}

/** The value of a variable; a record's fields are undefined while nothing was assigned to it, null while it is NULL. */
export type Variable =
  | { readonly kind: 'scalar'; readonly type: TypeRef; value: SqlValue }
  | { readonly kind: 'row'; readonly oid: number; fields: RowFields | null | undefined };

export class Frame {
  readonly variables: Variable[];
  /** Of a trigger: the tables of changed rows that its statements see. */
  tables: ReadonlyMap<string, LogicalNode> | undefined;

  constructor(
    readonly program: Program,
    types: readonly SlotType[],
  ) {
    this.variables = types.map(
      (type): Variable =>
        type.kind === 'scalar'
          ? { kind: 'scalar', type: type.type, value: null }
          : { kind: 'row', oid: type.oid, fields: type.oid === Oid.record ? undefined : null },
    );
  }

  variable(slot: number): Variable {
    const variable = this.variables[slot];
    if (variable === undefined) throw new Error('assertion failed: a slot');
    return variable;
  }

  set(slot: number, value: SqlValue): void {
    const variable = this.variable(slot);
    if (variable.kind === 'scalar') variable.value = value;
  }

  setRow(slot: number, fields: RowFields | undefined): void {
    const variable = this.variable(slot);
    if (variable.kind === 'row') variable.fields = fields;
  }

  /** Names and types of a row variable's fields; undefined for a record without any. */
  shape(slot: number): { readonly names: readonly string[]; readonly types: readonly TypeRef[] } | undefined {
    const variable = this.variable(slot);
    if (variable.kind !== 'row') return undefined;
    return fieldsOf(variable.oid) ?? variable.fields ?? undefined;
  }

  /** What the plan of a statement that reads the row depends on. */
  shapeKey(slot: number): string {
    const shape = this.shape(slot);
    return shape === undefined ? '' : shape.names.map((name, i) => `${name}:${String(shape.types[i]?.oid)}:${String(shape.types[i]?.typmod)}`).join();
  }

  /** The whole of a variable. */
  whole(slot: number): Typed {
    const variable = this.variable(slot);
    if (variable.kind === 'scalar') return { value: variable.value, type: variable.type };
    const { fields, oid } = variable;
    return { value: fields === null || fields === undefined ? null : rowOf(oid, fields), type: typeRef(oid) };
  }
}

interface Reference {
  readonly slot: number;
  readonly field?: number | 'present';
}

function notAssigned(name: string): PgError {
  return new PgError('55000', `record "${name}" is not assigned yet`, { detail: 'The tuple structure of a not-yet-assigned record is indeterminate.' });
}

/** The names that one piece of SQL sees; collects what it reads. */
export class Names implements VariableScope {
  readonly references: Reference[] = [];
  readonly rows = new Set<number>();

  constructor(
    readonly frame: Frame,
    readonly namespace: Namespace,
  ) {}

  get conflict(): VariableScope['conflict'] {
    return this.frame.program.conflict;
  }

  #parameter(reference: Reference, type: TypeRef): Expression {
    let at = this.references.findIndex((one) => one.slot === reference.slot && one.field === reference.field);
    if (at < 0) at = this.references.push(reference) - 1;
    return { kind: 'param', index: at + 1, type };
  }

  #find(parts: readonly string[]): { readonly slot: number; readonly rest: readonly string[] } | undefined {
    const found = lookUp(this.namespace, parts);
    return found === undefined ? undefined : { slot: found.slot, rest: parts.slice(found.used) };
  }

  has(parts: readonly string[]): boolean {
    const found = this.#find(parts);
    if (found === undefined || found.rest.length > 1) return false;
    const [field] = found.rest;
    if (field === undefined) return true;
    return this.frame.shape(found.slot)?.names.includes(field) === true;
  }

  resolve(parts: readonly string[]): Expression | undefined {
    const found = this.#find(parts);
    if (found === undefined || found.rest.length > 1) return undefined;
    const { slot } = found;
    const variable = this.frame.variable(slot);
    const [field] = found.rest;
    if (variable.kind === 'scalar') return field === undefined ? this.#parameter({ slot }, variable.type) : undefined;
    this.rows.add(slot);
    const { name } = this.frame.program.slots[slot] as { readonly name: string };
    const shape = this.frame.shape(slot);
    if (shape === undefined) {
      if (field !== undefined) throw notAssigned(name);
      return { kind: 'const', value: null, type: typeRef(variable.oid) };
    }
    const { names, types } = shape;
    if (field !== undefined) {
      const at = names.indexOf(field);
      if (at < 0) throw new PgError('42703', `record "${name}" has no field "${field}"`);
      return this.#parameter({ slot, field: at }, types[at] as TypeRef);
    }
    return {
      kind: 'row',
      fields: types.map((type, at) => this.#parameter({ slot, field: at }, type)),
      names,
      present: this.#parameter({ slot, field: 'present' }, typeRef(Oid.bool)),
      type: typeRef(variable.oid),
    };
  }

  parameter(index: number): Expression | undefined {
    const slot = this.frame.program.parameters.names.get(`$${String(index)}`);
    return slot === undefined ? undefined : this.resolve([`$${String(index)}`]);
  }
}

/** The values of what a statement reads. */
export function parametersOf(frame: Frame, references: readonly Reference[]): Parameters {
  const values: SqlValue[] = [];
  const types: number[] = [];
  for (const { slot, field } of references) {
    const variable = frame.variable(slot);
    if (variable.kind === 'scalar') {
      values.push(variable.value);
      types.push(variable.type.oid);
    } else if (field === 'present') {
      values.push(variable.fields === null || variable.fields === undefined ? 0 : 1);
      types.push(Oid.bool);
    } else {
      values.push(variable.fields?.values[field ?? 0] ?? null);
      types.push(frame.shape(slot)?.types[field ?? 0]?.oid ?? Oid.text);
    }
  }
  return { values, types };
}

export type { Reference };
