/**
 * COPY from and to a file of the server: the place of the client's COPY messages is taken by the file. Source of the messages: BeginCopyFrom and BeginCopyTo of
 * PostgreSQL 15 (copyfrom.c, copyto.c). Called by copy.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { PgError } from '../../common/errors.js';
import type { CopyInput, ExecuteOutput } from './session.js';

const chunkBytes = 256 * 1024;

/** The error of a file of the server. */
export function fileError(error: unknown, what: string, hint?: string): PgError {
  const { code } = error as NodeJS.ErrnoException;
  const reasons = new Map([
    ['ENOENT', ['58P01', 'No such file or directory']],
    ['EACCES', ['42501', 'Permission denied']],
    ['EPERM', ['42501', 'Operation not permitted']],
    ['EISDIR', ['42809', 'Is a directory']],
    ['ENOTDIR', ['58P01', 'Not a directory']],
    ['ENOSPC', ['53100', 'No space left on device']],
    ['EROFS', ['42501', 'Read-only file system']],
  ]);
  const [state, reason] = reasons.get(code ?? '') ?? ['58030', code ?? String(error)];
  return new PgError(state as string, `could not ${what}: ${reason as string}`, hint === undefined ? {} : { hint });
}

/** What CopyData messages ('d', int32 length, data) hold. */
function unframed(messages: Uint8Array): Uint8Array {
  const view = Buffer.from(messages.buffer, messages.byteOffset, messages.byteLength);
  const data = Buffer.allocUnsafe(view.length);
  let size = 0;
  for (let at = 0; at < view.length; ) {
    const end = at + 1 + view.readInt32BE(at + 1);
    size += view.copy(data, size, at + 5, end);
    at = end;
  }
  return data.subarray(0, size);
}

/** The output of a COPY whose data come from, or go to, a file; `close` it in any case. */
export class FileOutput {
  readonly #descriptor: number;

  private constructor(
    private readonly path: string,
    descriptor: number,
  ) {
    this.#descriptor = descriptor;
  }

  static open(path: string, direction: 'from' | 'to'): FileOutput {
    const hint = `COPY ${direction.toUpperCase()} instructs the PostgreSQL server process to ${direction === 'from' ? 'read' : 'write'} a file. You may want a client-side facility such as psql's \\copy.`;
    if (direction === 'to' && !isAbsolute(path)) throw new PgError('42602', 'relative path not allowed for COPY to file');
    let descriptor: number;
    try {
      descriptor = openSync(path, direction === 'from' ? 'r' : 'w', 0o644);
    } catch (error) {
      throw fileError(error, `open file "${path}" for ${direction === 'from' ? 'reading' : 'writing'}`, hint);
    }
    if (fstatSync(descriptor).isDirectory()) {
      closeSync(descriptor);
      throw new PgError('42809', `"${path}" is a directory`);
    }
    return new FileOutput(path, descriptor);
  }

  /** `output` with the client's COPY messages replaced. */
  over(output: ExecuteOutput): ExecuteOutput {
    return {
      rows: (bytes, count) => output.rows(bytes, count),
      copyIn: () => this.#chunks() as CopyInput,
      copyOut: () => undefined,
      copyData: (bytes) => {
        try {
          const data = unframed(bytes);
          for (let done = 0; done < data.byteLength; ) done += writeSync(this.#descriptor, data, done);
        } catch (error) {
          throw fileError(error, `write to COPY file "${this.path}"`);
        }
      },
    };
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const buffer = Buffer.allocUnsafe(chunkBytes);
      let bytes: number;
      try {
        bytes = readSync(this.#descriptor, buffer);
      } catch (error) {
        throw fileError(error, `read from COPY file "${this.path}"`);
      }
      if (bytes === 0) return;
      yield buffer.subarray(0, bytes);
      // Other sessions of the thread get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
