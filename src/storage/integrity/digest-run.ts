/**
 * Digests of a database's files (integrity/table-digest) on a thread that is started for them and ends with them. In two steps, so that copies on several nodes can be looked at as they
 * are at one record: the thread is there, then its snapshot is opened, which takes no time, and then it reads. Called by proxy/node-replicas, which compares copies.
 */
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

/** What the thread says, in this order; it opens when it gets a message. */
export type DigestAnswer =
  | { readonly kind: 'ready' }
  /** The newest record that any of the files has. */
  | { readonly kind: 'open'; readonly lsn: number }
  | { readonly kind: 'done'; readonly digests: readonly FileDigest[] }
  | { readonly kind: 'failed'; readonly error: unknown };

export class DigestRun {
  /** Resolves when the snapshot can be opened. */
  readonly ready: Promise<void>;
  /** Of the snapshot. */
  readonly lsn: Promise<number>;
  readonly digests: Promise<readonly FileDigest[]>;
  private readonly worker: Worker;

  constructor(task: DigestTask) {
    const { url, execArgv } = workerUrl('./digest-worker.js', import.meta.url);
    const worker = new Worker(url, { workerData: task, name: 'digests', execArgv });
    this.worker = worker;
    const fail: ((error: Error) => void)[] = [];
    const answered = async <T>(take: (answer: DigestAnswer) => T | undefined): Promise<T> =>
      await new Promise<T>((resolve, reject) => {
        fail.push(reject);
        worker.on('message', (answer: DigestAnswer) => {
          const found = take(answer);
          if (found !== undefined) resolve(found);
        });
      });
    this.ready = answered((answer) => (answer.kind === 'ready' ? true : undefined)).then(() => undefined);
    this.lsn = answered((answer) => (answer.kind === 'open' ? answer.lsn : undefined));
    this.digests = answered((answer) => (answer.kind === 'done' ? answer.digests : undefined));
    for (const promise of [this.ready, this.lsn, this.digests]) promise.catch(() => undefined);
    const failed = (error: Error): void => {
      for (const reject of fail) reject(error);
    };
    worker.on('message', (answer: DigestAnswer) => {
      if (answer.kind === 'failed') failed(PgError.deserialize(answer.error));
    });
    worker.on('error', failed);
    worker.on('exit', () => {
      failed(new PgError('57P01', 'the digests have ended early'));
    });
  }

  /** Opens the snapshot; what was to be read is read from then on. */
  async open(): Promise<number> {
    this.worker.postMessage('open');
    return await this.lsn;
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}
