/**
 * The wall clock in microseconds. The system tells milliseconds; what is between them comes from the monotonic clock, so that two times of two threads are in the
 * order in which they were taken whenever the clocks agree to a millisecond, and never further from the system's time than that.
 * Used for now() and for the commit times of the log.
 */

const epochMillis = 946_684_800_000;

/** Microseconds since 2000-01-01 UTC. */
export function wallMicros(): number {
  const millis = Date.now();
  const fine = Math.floor((performance.timeOrigin + performance.now() - millis) * 1000);
  return (millis - epochMillis) * 1000 + Math.min(Math.max(fine, 0), 999);
}
