/** The thread of one round of digests: opens a connection of its own, takes a snapshot when it is told to, reads, answers, ends. Started by integrity/digest-run. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, PgError } from '../../common/errors.js';
import { registerFunctions } from '../../functions/sqlite-register.js';
import { Connection } from '../files/connection.js';
import { DatabaseLayout, globalSchema } from '../files/layout.js';
import { CancelWords } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import type { DigestAnswer, DigestTask } from './digest-run.js';
import { digestTables, openForDigests } from './table-digest.js';

const { directory, schemas: wanted, restMs } = workerData as DigestTask;
const never = new Int32Array(new SharedArrayBuffer(4));

assert(parentPort, 'this file is the entry of a worker thread');
const port = parentPort;
const say = (answer: DigestAnswer): void => {
  port.postMessage(answer);
};

const layout = new DatabaseLayout(directory);
const connection = new Connection({ layout, register: (db, holder) => registerFunctions(db, holder), cancel: new CancelWords(new SharedArrayBuffer(0)) });
try {
  const there = [globalSchema, ...layout.shardSchemasOnDisk()];
  const schemas = wanted === undefined ? there : there.filter((schema) => wanted.includes(schema));
  for (const schema of schemas) connection.attach(schema);
  say({ kind: 'ready' });
  await once(port, 'message');
  const files = openForDigests(connection, schemas);
  say({ kind: 'open', lsn: Math.max(0, ...files.values()) });
  const pause = (): void => {
    if (restMs > 0) Atomics.wait(never, 0, 0, restMs);
  };
  const digests = [...files].map(([schema, lsn]) => ({ schema, lsn, tables: digestTables(connection, schema, pause) }));
  say({ kind: 'done', digests });
} catch (error) {
  say({ kind: 'failed', error: PgError.serialize(toPgError(error)) });
} finally {
  connection.close();
  port.close();
}
