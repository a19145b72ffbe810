/** Sends a copy of a database's files from a thread of its own (copy-worker), while the lane goes on. Called by node/replica-streams on the lane's thread. */
import { type MessagePort, Worker } from 'node:worker_threads';
import { workerUrl } from '../../../common/worker-url.js';
import type { LogOrigin } from '../../../storage/log/node-log.js';
import type { CopySource } from './copy-transfer.js';

export interface CopyTask {
  readonly directory: string;
  readonly oid: number;
  readonly serverDirectory: string | undefined;
  readonly origin: LogOrigin;
  readonly port: MessagePort;
}

/** From the copy's thread; the answer is the number. */
export type CopyQuestion = 'applied lsn';

/** Resolves when the stream has ended, well or not: the receiver knows. */
export async function sendCopyFromThread(port: MessagePort, { layout, begin, appliedLsn }: CopySource): Promise<void> {
  const { url, execArgv } = workerUrl('./copy-worker.js', import.meta.url);
  const task: CopyTask = { directory: layout.directory, oid: layout.oid, serverDirectory: layout.server?.directory, origin: begin(), port };
  const worker = new Worker(url, { workerData: task, transferList: [port], name: 'copy', execArgv });
  worker.on('message', (_question: CopyQuestion) => {
    void Promise.resolve(appliedLsn()).then((lsn) => worker.postMessage(lsn));
  });
  await new Promise<void>((resolve) => {
    worker.on('error', () => resolve());
    worker.on('exit', () => resolve());
  });
}
