/** The form of a line in the log (stderr) of a process that stays: the time in UTC, then what it says. Used by whatever writes to that log, on any thread. */
export function logLine(text: string): string {
  return `${new Date().toISOString()} ${text}\n`;
}
