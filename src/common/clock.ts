/**
 * The clocks: the wall clock in microseconds, and the monotonic clock as a port.
 *
 * The wall clock: the system tells milliseconds; what is between them comes from the monotonic clock, so that two times of two threads are in the
 * order in which they were taken whenever the clocks agree to a millisecond, and never further from the system's time than that.
 * Used for now() and for the commit times of the log. Whatever decides who may do what (leases, deadlines, promotion) uses the monotonic clock only.
 */

const epochMillis = 946_684_800_000;
/** (Of this thread, and always the same; asking for it is dearer than asking for the time.) */
const { timeOrigin } = performance;

/** Microseconds since 2000-01-01 UTC. */
export function wallMicros(): number {
  const millis = Date.now();
  const fine = Math.floor((timeOrigin + performance.now() - millis) * 1000);
  return (millis - epochMillis) * 1000 + Math.min(Math.max(fine, 0), 999);
}

/** A timer that has been set and has not gone off. Cancelling it late, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The monotonic clock and its timers as a parameter: the system's in a server, a virtual one in tests and simulations. */
export interface Clock {
  /** Milliseconds that never go back, whatever happens to the wall clock; their zero means nothing. */
  monotonicMs(): number;
  /** Runs `run` once when `delayMs` have passed, never at once. A stopped process runs it late: who acts on time compares monotonicMs() again. */
  after(delayMs: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
};
