/** PostgreSQL's own clients (psql, pgbench) against any server. */
import { peerBinary, peerEnvironment } from '../../scripts/peers.mjs';
import { type Connection, libpqEnvironment } from './connection.js';
import { type Finished, run } from './process.js';

/** Runs psql with `input` as its script; stops at the first error. */
export async function psql(connection: Connection, input: string, args: readonly string[] = ['-qAt']): Promise<Finished> {
  return await client('psql', connection, ['-X', '-v', 'ON_ERROR_STOP=1', ...args], input);
}

/** Like `psql`, and an error is the test's failure. */
export async function psqlOk(connection: Connection, input: string, args?: readonly string[]): Promise<string> {
  const result = await psql(connection, input, args);
  if (result.status !== 0) throw new Error(`psql ended with ${result.status}: ${result.stderr.trim()}\n${input.slice(0, 500)}`);
  return result.stdout;
}

export async function pgbench(connection: Connection, args: readonly string[]): Promise<Finished> {
  return await client('pgbench', connection, args, '');
}

async function client(program: string, connection: Connection, args: readonly string[], input: string): Promise<Finished> {
  const binary = peerBinary(program);
  if (binary === undefined) throw new Error(`${program} is not available`);
  return await run(binary, args, { input, env: libpqEnvironment(connection, peerEnvironment(binary)) });
}

/** Skips the calling test or suite when a client program is not available. */
export function requireClient(context: Mocha.Context, program: 'psql' | 'pgbench'): void {
  if (peerBinary(program) !== undefined) return;
  console.log(`      skipped: ${program} is not installed and could not be fetched`);
  context.skip();
}
