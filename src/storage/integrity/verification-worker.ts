/** The thread of one verification: opens connections of its own, looks, answers, ends. Started by integrity/verification. */
import { parentPort, workerData } from 'node:worker_threads';
import { CatalogSnapshot } from '../../catalog/snapshot.js';
import { assert, PgError } from '../../common/errors.js';
import { registerFunctions } from '../../functions/sqlite-register.js';
import { loadCatalog } from '../files/catalog-store.js';
import { Connection } from '../files/connection.js';
import { DatabaseLayout, globalSchema } from '../files/layout.js';
import { CancelWords } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { checkFiles, type CheckParts, verifyFiles } from './check-files.js';
import type { Finding } from './finding.js';
import type { VerificationAnswer, VerificationTask } from './verification.js';

const { directory, kind, restMs, stop } = workerData as VerificationTask;
const stopWord = new Int32Array(stop);

function pause(): void {
  if (restMs > 0) Atomics.wait(stopWord, 0, 0, restMs);
  if (Atomics.load(stopWord, 0) !== 0) throw new PgError('57014', 'canceling statement due to user request');
}

function look(): readonly Finding[] {
  const layout = new DatabaseLayout(directory);
  const register: ConstructorParameters<typeof Connection>[0]['register'] = (db, holder) => registerFunctions(db, holder);
  const connection = new Connection({ layout, register, cancel: new CancelWords(new SharedArrayBuffer(0)) });
  try {
    connection.attach(globalSchema);
    const parts: CheckParts = { connection, layout, catalog: new CatalogSnapshot(loadCatalog(connection.db, layout.oid)), pause };
    return kind === 'verify' ? verifyFiles(parts) : checkFiles(parts);
  } finally {
    connection.close();
  }
}

function answer(): VerificationAnswer {
  try {
    return { kind: 'done', findings: look() };
  } catch (error) {
    return { kind: 'failed', error: PgError.serialize(toPgError(error)) };
  }
}

assert(parentPort, 'this file is the entry of a worker thread');
parentPort.postMessage(answer());
