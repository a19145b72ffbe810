/** Boolean state functions that users may call. */
import { pure, type ScalarImplementations } from '../implementation.js';

export const booleanFunctions: ScalarImplementations = {
  booland_statefunc: pure((a: boolean, b: boolean) => a && b),
  boolor_statefunc: pure((a: boolean, b: boolean) => a || b),
};
