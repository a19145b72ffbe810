/** Digests of a database's files on a thread that is started for it and ends with it (integrity/table-digest). Called by proxy/node-replicas, which compares copies. */
import { Worker } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { workerUrl } from '../../common/worker-url.js';
import type { FileDigest } from './table-digest.js';

export interface DigestTask {
  /** The database's own directory. */
  readonly directory: string;
  /** Of which files; undefined: of all. */
  readonly schemas: readonly string[] | undefined;
  /** Rest after each thousand rows, so that the disk and the processor are left to others. */
  readonly restMs: number;
}

export type DigestAnswer = { readonly kind: 'done'; readonly digests: readonly FileDigest[] } | { readonly kind: 'failed'; readonly error: unknown };

/** Files that are not there are left out. */
export async function digestDatabase(task: DigestTask): Promise<readonly FileDigest[]> {
  const { url, execArgv } = workerUrl('./digest-worker.js', import.meta.url);
  return await new Promise((resolve, reject) => {
    const worker = new Worker(url, { workerData: task, name: 'digests', execArgv });
    worker.on('message', (answer: DigestAnswer) => {
      if (answer.kind === 'done') resolve(answer.digests);
      else reject(PgError.deserialize(answer.error));
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new PgError('57P01', 'the digests have ended early')));
  });
}
