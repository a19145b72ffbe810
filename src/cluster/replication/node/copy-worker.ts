/** The thread of one copy that is sent to a replica: reading and packing a database's files would hold up the lane. Started by node/copy-sender. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../common/errors.js';
import { DatabaseLayout } from '../../../storage/files/layout.js';
import { register } from '../../../storage/worker-entry.js';
import type { CopyQuestion, CopyTask } from './copy-sender.js';
import { sendCopy } from './copy-transfer.js';

const { directory, oid, serverDirectory, origin, port } = workerData as CopyTask;
const parent = parentPort;
assert(parent, 'this file is the entry of a worker thread');

await sendCopy(port, {
  layout: new DatabaseLayout(directory, oid, serverDirectory === undefined ? undefined : new DatabaseLayout(serverDirectory)),
  register,
  begin: () => origin,
  appliedLsn: async () => {
    parent.postMessage('applied lsn' satisfies CopyQuestion);
    const [lsn] = (await once(parent, 'message')) as [number];
    return lsn;
  },
});
// The receiver closes the stream when it has everything.
await once(port, 'close');
