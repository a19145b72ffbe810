/**
 * The end of the process when only recovery can go on: the log could not be made durable, or SQLite cannot follow what the log has. After a failed fsync nobody knows
 * what the disk holds, and asking again may be answered with a lie, so nothing more may be acknowledged, checkpointed or trimmed. Called on storage threads.
 */
import { writeSync } from 'node:fs';

/** Says why on stderr and kills the process, from any thread (process.abort() is for the main thread only, and process.stderr of a worker is not written at once). */
export function panic(what: string, error: unknown, hint: string): never {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = `PANIC:  ${what}: ${reason}\nHINT:  ${hint}\n`;
  try {
    writeSync(2, message);
  } catch {
    // Nobody reads it.
  }
  process.kill(process.pid, 'SIGABRT');
  // The signal ends the process while this thread waits.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}
