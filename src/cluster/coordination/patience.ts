/** For who cannot go on without the store's answer, and has time: a node that starts, and a person for a moment. Called by cli/connect-cluster, cli/node-place and cli/compose-cluster. */
import type { Clock } from '../../common/clock.js';
import { StoreError } from './store.js';

/** How long a node waits for the store; it may be starting, too. */
export const nodePatienceMs = 60_000;
/** How long a command does whose outcome somebody waits for. */
export const commandPatienceMs = 8_000;
const againMs = 250;

/** What `ask` resolves to; it is called again while the store is away, for so long. It must do no harm when it is done twice. */
export async function patiently<T>(clock: Clock, ask: () => Promise<T>, patienceMs = nodePatienceMs): Promise<T> {
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
