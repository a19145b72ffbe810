/** Keeps a stream of events open: reads it to its end or failure, waits longer and longer, opens it again. Used by the drivers' `watch`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverWatch } from '../driver.js';

export interface EventLoopOptions {
  /** Reads one stream until it ends; throws when it fails. `opened` is called once events come. */
  readonly read: (signal: AbortSignal, opened: () => void) => Promise<void>;
  /** Whether there is no use in opening it again: the other side has no such thing. */
  readonly isFinal: (error: unknown) => boolean;
  readonly log: (line: string) => void;
  readonly firstPauseMs?: number;
  readonly pauseMaxMs?: number;
}

export function keepReading({ read, isFinal, log, firstPauseMs = 500, pauseMaxMs = 30_000 }: EventLoopOptions): DriverWatch {
  const stop = new AbortController();
  const { signal } = stop;
  const loop = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    let isTold = false;
    while (!signal.aborted) {
      try {
        await read(signal, () => {
          if (isTold) log('events come again');
          isTold = false;
          pauseMs = firstPauseMs;
        });
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        if (isFinal(error)) {
          log(`no events (${reason}): looking from time to time`);
          return;
        }
        if (!isTold) log(`events are interrupted (${reason}): looking from time to time meanwhile`);
        isTold = true;
      }
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      pauseMs = Math.min(pauseMaxMs, pauseMs * 2);
    }
  };
  const running = loop();
  return {
    close: async () => {
      stop.abort();
      await running;
    },
  };
}
