/**
 * Programs in other languages (test/e2e/clients) that use a server by a client library and print what they see. They find the server by libpq's environment
 * variables; what they print has to be the same beside a Shoal and a PostgreSQL.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { type Connection, libpqEnvironment } from './connection.js';
import { run } from './process.js';

export interface ClientProgram {
  /** The file in test/e2e/clients. */
  readonly file: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** A command that succeeds where the client library is installed. */
  readonly probe: readonly [program: string, ...args: string[]];
  /** Debian's package of the library, for the sentence that tells of a skipped test. */
  readonly debian: string;
  readonly env?: NodeJS.ProcessEnv;
  /** How long it may take: 180 s unless it is built first. */
  readonly timeoutMs?: number;
}

const folder = fileURLToPath(new URL('../e2e/clients/', import.meta.url));

async function succeeds([program, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    return (await run(program, args, { env, timeoutMs: 60_000 })).status === 0;
  } catch {
    return false;
  }
}

/** Skips the calling test, aloud, where the client is not installed. */
export async function requireProgram(context: Mocha.Context, { probe, debian, file, env }: ClientProgram): Promise<void> {
  if (await succeeds(probe, { ...process.env, ...env })) return;
  console.log(`      skipped: ${file} needs the Debian package ${debian}, which is not installed`);
  context.skip();
}

/** What the program prints. OIDs differ from server to server: numbers from 16000 to 99999 are `OID`. Databases have no names that mean anything else, so theirs becomes `postgres`. */
export async function printed({ command, file, env, timeoutMs = 180_000 }: ClientProgram, connection: Connection): Promise<string> {
  const [program, ...args] = command;
  const environment = { ...libpqEnvironment(connection, process.env), TZ: 'UTC', ...env };
  const { status, stdout, stderr } = await run(program, [...args, `${folder}${file}`], { env: environment, timeoutMs });
  assert.equal(status, 0, `${file} ends with ${String(status)}:\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return stdout.replaceAll(connection.database, 'postgres').replaceAll(/(?<!\d)(?:1[6-9]|[2-9]\d)\d{3}(?!\d)/g, 'OID');
}
