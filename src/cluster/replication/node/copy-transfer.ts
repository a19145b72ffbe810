/**
 * A copy of a database's files from its primary to a replica that has none, or whose log is too far behind, over one stream between nodes. The copy is that of a backup
 * (storage/backup/base-copy): every file as of a moment of its own, made one after the other; the log from before the first on makes them one.
 */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { PgError } from '../../../common/errors.js';
import type { ObjectBody, ObjectStore } from '../../../object-store/object-store.js';
import { copyBase } from '../../../storage/backup/base-copy.js';
import type { RegisterFunctions } from '../../../storage/files/connection.js';
import { DatabaseLayout } from '../../../storage/files/layout.js';
import { type LogOrigin, writeLogOrigin } from '../../../storage/log/node-log.js';
import { toPgError } from '../../../storage/sqlite-errors.js';

type CopyMessage =
  | { readonly kind: 'manifest'; readonly text: string }
  | { readonly kind: 'chunk'; readonly file: string; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly file: string; readonly sha256: string }
  | { readonly kind: 'end'; readonly origin: LogOrigin; readonly consistentLsn: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** From the receiver: so many chunks have been written. */
type CopyAnswer = 'more';

const chunksAhead = 8;

export interface CopySource {
  readonly layout: DatabaseLayout;
  readonly register: RegisterFunctions;
  /** Where the log of the copy begins; it must be kept from there on until the replica reads it. */
  readonly begin: () => LogOrigin;
  /** Everything that the files have now. */
  readonly appliedLsn: () => number | Promise<number>;
}

/** Where the copies of files are that are on their way, a directory for each: several replicas may want one at once. */
const outgoing = 'outgoing';

/** What a process that has ended was sending. */
export function removeOutgoing(layout: DatabaseLayout): void {
  rmSync(join(layout.directory, outgoing), { recursive: true, force: true });
}

/** Sends a copy, and closes the port. */
export async function sendCopy(port: MessagePort, source: CopySource): Promise<void> {
  let credit = chunksAhead;
  let wake = (): void => undefined;
  let isClosed = false;
  port.on('message', (_answer: CopyAnswer) => {
    credit++;
    wake();
  });
  port.on('close', () => {
    isClosed = true;
    wake();
  });
  const send = (message: CopyMessage): void => port.postMessage(message);
  const checkCancelled = (): void => {
    if (isClosed) throw new PgError('08006', 'the replica that wanted a copy is gone');
  };
  const put = async (file: string, body: ObjectBody): Promise<void> => {
    const hash = createHash('sha256');
    for await (const bytes of body instanceof Uint8Array ? [body] : body.chunks()) {
      while (credit === 0) {
        checkCancelled();
        await new Promise<void>((resolve) => (wake = resolve));
      }
      checkCancelled();
      credit--;
      hash.update(bytes);
      send({ kind: 'chunk', file, bytes });
    }
    send({ kind: 'file', file, sha256: hash.digest('hex') });
  };
  try {
    const origin = source.begin();
    send({ kind: 'manifest', text: readFileSync(source.layout.manifest, 'utf8') });
    await copyBase({
      layout: source.layout,
      register: source.register,
      store: sendingStore(put),
      key: (name) => name,
      onFile: () => undefined,
      checkCancelled,
      directory: join(outgoing, randomUUID()),
    });
    send({ kind: 'end', origin, consistentLsn: await source.appliedLsn() });
  } catch (error) {
    if (!isClosed) send({ kind: 'failed', error: PgError.serialize(toPgError(error)) });
  }
}

/** Writes a copy that comes at `port` into an empty directory. */
export async function receiveCopy(port: MessagePort, directory: string): Promise<{ readonly consistentLsn: number }> {
  let open: { readonly file: string; readonly descriptor: number; readonly hash: Hash } | undefined;
  const target = new DatabaseLayout(directory);
  try {
    return await new Promise((resolve, reject) => {
      port.on('close', () => reject(new PgError('08006', 'the primary has gone while it sent a copy')));
      port.on('message', (message: CopyMessage) => {
        try {
          switch (message.kind) {
            case 'manifest':
              writeFileSync(target.manifest, message.text);
              break;
            case 'chunk': {
              if (open === undefined) {
                const path = join(directory, message.file);
                mkdirSync(dirname(path), { recursive: true });
                open = { file: message.file, descriptor: openSync(path, 'wx'), hash: createHash('sha256') };
              }
              for (let done = 0; done < message.bytes.length; ) done += writeSync(open.descriptor, message.bytes, done);
              open.hash.update(message.bytes);
              port.postMessage('more' satisfies CopyAnswer);
              break;
            }
            case 'file':
              if (open?.hash.digest('hex') !== message.sha256) throw new PgError('XX001', `the copy of ${message.file} was damaged on its way`);
              closeSync(open.descriptor);
              open = undefined;
              break;
            case 'end':
              writeLogOrigin(target.log, message.origin);
              resolve({ consistentLsn: message.consistentLsn });
              break;
            case 'failed':
              throw PgError.deserialize(message.error);
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  } finally {
    if (open !== undefined) closeSync((open as { readonly descriptor: number }).descriptor);
    port.close();
  }
}

/** An object store that passes on what is put into it. */
function sendingStore(put: (key: string, body: ObjectBody) => Promise<void>): Pick<ObjectStore, 'put'> {
  return { put: async (key, body) => await put(key, body) };
}
