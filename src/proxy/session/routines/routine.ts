/** What the body of a function is run with, for every language. Called by this folder. */
import { inputsOf, type UserFunction } from '../../../catalog/user-function.js';
import type { TypeRef } from '../../../plan/expression.js';
import { Oid } from '../../../types/oid.js';
import type { SqlValue } from '../../../types/value.js';

export interface ArgumentValue {
  readonly value: SqlValue;
  readonly type: TypeRef;
}

/** What a body is run for. */
export interface RoutineRun {
  readonly definition: UserFunction;
  readonly args: readonly ArgumentValue[];
  /** Types of the result: one value (perhaps a composite), or columns. */
  readonly outputs: readonly TypeRef[];
  readonly whole: boolean;
}

export function argumentNames(definition: UserFunction): readonly string[] {
  return inputsOf(definition).map((argument) => argument.name);
}

export const isVoid = (run: RoutineRun): boolean => run.definition.result === Oid.void || run.definition.result === 0;
