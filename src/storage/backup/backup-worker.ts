/** The backup thread: a BackupService at a port, over the lane at another. Started by backup-host when there is something to do. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { connect, serve } from '../../common/rpc.js';
import { registerFunctions } from '../../functions/sqlite-register.js';
import { DatabaseLayout } from '../files/layout.js';
import type { WriteService } from '../ports.js';
import { BackupService } from './backup-service.js';
import { logLine } from '../../common/log-line.js';

export interface BackupWorkerData {
  /** The database's own directory. */
  readonly directory: string;
  readonly database: string;
  readonly lane: MessagePort;
  readonly service: MessagePort;
  /** Where the log is archived, as it is now. */
  readonly location: string | undefined;
  /** A KeptPlace. */
  readonly place: MessagePort;
}

/** What the thread asks of the main thread. */
export interface KeptPlace {
  keep(request: { readonly location: string | undefined }): Promise<void>;
}

/** From the main thread: end, within that time. */
export interface CloseBackupWorker {
  readonly closeWithinMs: number;
}

const { directory, database, lane: lanePort, service: servicePort, location, place: placePort } = workerData as BackupWorkerData;
const lane = connect<WriteService>(lanePort);
const kept = connect<KeptPlace>(placePort);
let known = location;
const service = new BackupService(
  {
    layout: new DatabaseLayout(directory),
    register: (db, holder) => registerFunctions(db, holder),
    position: async () => await lane.logPosition(undefined),
    retain: async (lsn) => await lane.retainLog({ lsn }),
  },
  database,
  (line) => process.stderr.write(logLine(line)),
  {
    get location() {
      return known;
    },
    keep: async (next) => {
      await kept.keep({ location: next });
      known = next;
    },
  },
);
serve(servicePort, service);
service.resumeArchiving().catch((error: unknown) => {
  const { message } = PgError.deserialize(PgError.serialize(error));
  process.stderr.write(logLine(`the log of database "${database}" cannot be archived and is kept: ${message}`));
});
parentPort?.on('message', ({ closeWithinMs }: CloseBackupWorker) => {
  void service.close(closeWithinMs).finally(() => process.exit(0));
});
