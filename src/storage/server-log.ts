/** Lines for the server's log (stderr) from storage threads, in PostgreSQL's form. Written at once: a worker's process.stderr goes through the main thread. */
import { writeSync } from 'node:fs';
import { logLine } from '../common/log-line.js';

export function serverLog(severity: 'LOG' | 'WARNING', message: string, hint?: string): void {
  try {
    writeSync(2, `${logLine(`${severity}:  ${message}`)}${hint === undefined ? '' : logLine(`HINT:  ${hint}`)}`);
  } catch {
    // Nobody reads it, or its disk is full too.
  }
}
