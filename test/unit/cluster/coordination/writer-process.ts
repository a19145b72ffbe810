/** Writes into the store in the file that is named until it is killed, and tells each revision that was acknowledged. Started by file.test.ts. */
import { openFileStore } from '../../../../src/cluster/coordination/embedded/file-journal.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { systemClock } from '../../../../src/common/clock.js';

const store = connectStore(openFileStore(process.argv[2] ?? '', systemClock), { clock: systemClock, log: () => undefined });
for (let { revision } = await store.list('/n'); ; ) {
  revision = await store.put('/n', String(revision));
  process.send?.(String(revision));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
