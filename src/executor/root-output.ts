/** What the rows of a statement's last fragment are turned into. Used by executor/execute and execution. */
import type { Fragment } from '../plan/physical.js';
import type { CursorOutput } from '../storage/ports.js';
import type { ExecutionRequest } from './execution-request.js';

/** The output of the root (or router) fragment: trailing sort keys are no columns of the result. */
export function rootOutput(request: ExecutionRequest, fragment: Fragment): CursorOutput {
  const keys = fragment === request.plan.root ? (request.plan.merge?.keys.length ?? 0) : 0;
  const { columns } = fragment.sql;
  const output = request.output(keys === 0 ? columns : columns.slice(0, columns.length - keys));
  return keys === 0 || output.kind === 'rows' ? output : { ...output, keys };
}
