/** The jsonpath functions and operators (PostgreSQL 15, chapter 9.16.2); jsonb_path_query is in set/json.ts. */
import type { EvaluationContext, Kernel, KernelValue } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { itemsArray, itemText, type PathCall, pathExists, pathItems, pathMatch } from '../json/path.js';

type Answer = (call: PathCall) => KernelValue;

const kernelOf =
  (answer: Answer, zoned: boolean): Kernel =>
  (context: EvaluationContext, json, path, variables, silent) =>
    answer({
      json: json as string,
      path: path as string,
      variables: (variables ?? '{}') as string,
      // The operators have two arguments and are silent.
      silent: variables === undefined || silent === true,
      zone: zoned ? context.timeZone : undefined,
    });

const first: Answer = (call) => {
  const [item] = pathItems(call);
  return item === undefined ? null : itemText(item);
};
const array: Answer = (call) => itemsArray(pathItems(call));

const implementations: Record<string, ScalarImplementation> = {
  jsonb_path_exists_opr: { kernel: kernelOf(pathExists, false) },
  jsonb_path_match_opr: { kernel: kernelOf(pathMatch, false) },
};
for (const [name, answer] of [
  ['exists', pathExists],
  ['match', pathMatch],
  ['query_array', array],
  ['query_first', first],
] as const) {
  implementations[`jsonb_path_${name}`] = { kernel: kernelOf(answer, false) };
  implementations[`jsonb_path_${name}_tz`] = { kernel: kernelOf(answer, true) };
}

export const jsonPathFunctions: ScalarImplementations = implementations;
