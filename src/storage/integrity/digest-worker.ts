/** The thread of one round of digests: opens a connection of its own, reads, answers, ends. Started by integrity/digest-run. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert, PgError } from '../../common/errors.js';
import { registerFunctions } from '../../functions/sqlite-register.js';
import { Connection } from '../files/connection.js';
import { DatabaseLayout, globalSchema } from '../files/layout.js';
import { CancelWords } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import type { DigestAnswer, DigestTask } from './digest-run.js';
import { digestFile, type FileDigest } from './table-digest.js';

const { directory, schemas: wanted, restMs } = workerData as DigestTask;
const never = new Int32Array(new SharedArrayBuffer(4));

function digests(): readonly FileDigest[] {
  const layout = new DatabaseLayout(directory);
  const connection = new Connection({
    layout,
    register: (db, holder) => registerFunctions(db, holder),
    cancel: new CancelWords(new SharedArrayBuffer(0)),
  });
  try {
    const there = [globalSchema, ...layout.shardSchemasOnDisk()];
    const schemas = wanted === undefined ? there : there.filter((schema) => wanted.includes(schema));
    return schemas.map((schema) =>
      digestFile(connection, schema, () => {
        if (restMs > 0) Atomics.wait(never, 0, 0, restMs);
      }),
    );
  } finally {
    connection.close();
  }
}

function answer(): DigestAnswer {
  try {
    return { kind: 'done', digests: digests() };
  } catch (error) {
    return { kind: 'failed', error: PgError.serialize(toPgError(error)) };
  }
}

assert(parentPort, 'this file is the entry of a worker thread');
parentPort.postMessage(answer());
