/**
 * Carries out what a statement has become by rules: actions one after the other, each seeing what the ones before it have done, in the statement's transaction.
 * Given to the session's core by statement-calls.ts.
 */
import type { Mutation } from '../../../plan/logical.js';
import type { CompiledRules } from '../compile.js';
import { type Delivery, type MutationResult, type Parameters, runMutation } from '../run-query.js';
import type { ShoalSession } from '../shoal-session.js';
import { runCompiled } from './run-statement.js';

export async function runRewritten(
  session: ShoalSession,
  { before, main, after }: CompiledRules,
  kind: Mutation['kind'],
  parameters: Parameters,
  delivery: Delivery,
): Promise<MutationResult> {
  session.core.transaction.isLast = false;
  await session.core.laneTransaction();
  // Without anything that answers for it, a statement has written what the last action of its kind has.
  let count = 0;
  const run = async (parts: CompiledRules['before']): Promise<void> => {
    for (const part of parts) {
      const statement = part.kind === 'utility' ? part.statement : undefined;
      const done = await runCompiled(
        session,
        statement ?? { kind: 'other', tag: kind },
        () => part,
        () => parameters,
      );
      if (part.kind === 'mutation' && part.bound.mutation.kind === kind) count = done.count;
    }
  };
  await run(before);
  const result = main === undefined ? undefined : await runMutation(session.core, main, parameters, delivery);
  await run(after);
  return result ?? { count, returning: [], returningRows: 0 };
}
