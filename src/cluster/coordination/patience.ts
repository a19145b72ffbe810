/** For who cannot go on without the store's answer, and has time: a node that starts. Called by cli/connect-cluster, cli/node-place and cli/compose-cluster. */
import type { Clock } from '../../common/clock.js';
import { StoreError } from './store.js';

const patienceMs = 60_000;
const againMs = 250;

/** What `ask` resolves to; it is called again while the store is away, for a minute. It must do no harm when it is done twice. */
export async function patiently<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  const startMs = clock.monotonicMs();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreError && error.isTransient) || clock.monotonicMs() - startMs > patienceMs) throw error;
    }
    await new Promise<void>((resolve) => {
      clock.after(againMs, resolve);
    });
  }
}
