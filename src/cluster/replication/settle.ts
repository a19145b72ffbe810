/**
 * Carries a change of a database's key through to a certain end. A compare-and-swap without an answer may still be on its way to the store, so reading the old value
 * proves nothing: only another one on the same revision settles it, by succeeding or by finding the revision gone. Used for promotions and for in-sync replicas.
 */
import type { Clock, Timer } from '../../common/clock.js';
import { assertNever } from '../../common/errors.js';
import type { Configuration } from './configuration.js';
import type { ConfigurationStore, StoredConfiguration } from './ports.js';
import type { Rules } from './rules.js';
import type { Timing } from './timing.js';

interface SettleParts {
  readonly clock: Clock;
  readonly store: ConfigurationStore;
  readonly timing: Timing;
  readonly rules: Rules;
}

/**
 * Replaces `from` by `next` unless somebody else has changed the key. Calls back once with what is in the store afterwards: `next`, or what the other one has made of
 * it (perhaps out of `next`); undefined when the key is gone. Answers what stops it (the change may happen nevertheless).
 */
export function settle(
  { clock, store, timing, rules }: SettleParts,
  from: StoredConfiguration,
  next: Configuration,
  done: (stored: StoredConfiguration | undefined) => void,
): () => void {
  let stopped = false;
  let timer: Timer | undefined;
  const later = (run: () => void): void => {
    timer = clock.after(timing.storeRetryMs, run);
  };
  const change = (): void => {
    store.compareAndSet(from.revision, next, (answer) => {
      if (stopped) return;
      switch (answer.kind) {
        case 'done':
          done({ configuration: next, revision: answer.revision });
          break;
        case 'conflict':
          look();
          break;
        case 'unknown':
          switch (rules.unknownMeans()) {
            case 'unknown':
              later(change);
              break;
            case 'done':
              done({ configuration: next, revision: from.revision });
              break;
            case 'not done':
              done(from);
              break;
          }
          break;
        default:
          assertNever(answer);
      }
    });
  };
  const look = (): void => {
    store.read((answer) => {
      if (stopped) return;
      if (answer.kind === 'unavailable') later(look);
      else done(answer.kind === 'found' ? answer.stored : undefined);
    });
  };
  change();
  return () => {
    stopped = true;
    timer?.cancel();
  };
}
