/** Where the lane's thread of a node in a cluster begins (lane-worker), for StorageThreadsOptions.laneEntry. Loads none of it. */
import { workerUrl, type WorkerEntry } from '../../../common/worker-url.js';

export const replicatingLane: WorkerEntry = workerUrl('./lane-worker.js', import.meta.url);
