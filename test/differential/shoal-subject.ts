/** A Shoal server as a subject of the differential run, started again when it has crashed or hangs. */
import { Shoal } from '../support/shoal.js';
import type { SubjectUnderTest } from './differential.js';

export async function shoalSubject(distributed: boolean): Promise<SubjectUnderTest & { stop(): Promise<void> }> {
  let shoal = await Shoal.start();
  return {
    name: distributed ? 'distributed' : 'reference',
    distributed,
    connection: async () => await Promise.resolve(shoal.connection),
    restart: async () => {
      await shoal.kill('SIGKILL');
      await shoal.stop();
      shoal = await Shoal.start();
    },
    stop: async () => await shoal.stop(),
  };
}
