/** The program `shoal` with any command, as a user runs it; SHOAL_TEST_PROGRAM as in test/support/shoal.ts. */
import { fileURLToPath } from 'node:url';
import { type Finished, run } from './process.js';

export const shoalProgram = process.env['SHOAL_TEST_PROGRAM'] ?? fileURLToPath(new URL('../../bin/shoal', import.meta.url));

export async function shoalCommand(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Finished> {
  return await run(process.execPath, [shoalProgram, ...args], { env, timeoutMs: 120_000 });
}
