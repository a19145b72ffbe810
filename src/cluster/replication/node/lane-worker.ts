/** The lane's thread of a node in a cluster: storage's, with replicated databases. Started by storage/storage-threads (`laneEntry`, from cli). */
import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { PgError } from '../../../common/errors.js';
import { connect, serve } from '../../../common/rpc.js';
import type { LaneDatabase, OpenReplica } from '../../../storage/replica/lane-database.js';
import { ReplacementWord } from '../../../storage/shared.js';
import { runStorage, type StorageTask } from '../../../storage/worker-entry.js';
import type { NodeId } from '../configuration.js';
import type { ConfigurationStore } from '../ports.js';
import { timing } from '../timing.js';
import { HostedReplica } from './hosted-replica.js';
import type { LaneSide, MainSide } from './replica-bridge.js';
import { acceptReplicaStream, ReplicaStreams } from './replica-streams.js';

export default async function run(task: StorageTask): Promise<void> {
  await runStorage(task, openReplica);
}

const openReplica: OpenReplica = async (options, { node, creates, bridge }, writerClosed): Promise<LaneDatabase> => {
  const [{ calls }] = (await once(bridge, 'message')) as [{ readonly calls: MessagePort }];
  const main = connect<MainSide>(bridge);
  const toldAt = new Map<NodeId, number>();
  const streams = new ReplicaStreams(
    String(options.layout.oid),
    async (to, stream) => await main.open({ node: to, stream }),
    (to, beacon) => {
      // (Commits bring many; the stand-in needs but a recent one.)
      if (beacon.sentAt - (toldAt.get(to) ?? -Infinity) < timing.beaconMs / 2) return;
      toldAt.set(to, beacon.sentAt);
      void main.beacon({ to, beacon }).catch(() => undefined);
    },
  );
  const store: ConfigurationStore = {
    read: (done) => void main.read(null).then(done, () => done({ kind: 'unavailable' })),
    compareAndSet: (revision, configuration, done) => void main.compareAndSet({ revision, configuration }).then(done, () => done({ kind: 'unknown' })),
  };
  const replacements = new ReplacementWord(options.shared.control);
  let here: { readonly resolve: () => void; readonly reject: (error: PgError) => void } | undefined;
  let isForgotten = false;
  /** Streams that other nodes have opened. */
  const accepted = new Set<MessagePort>();
  const hosted: HostedReplica = new HostedReplica({
    node,
    storage: options,
    network: streams,
    store,
    fetchCopy: async (primary, directory) => await streams.fetchCopy(primary, directory),
    creates,
    onLane: (lane) => {
      if (lane === undefined) writerClosed();
      void main.writes({ epoch: lane === undefined ? undefined : hosted.facts.epoch }).catch(() => undefined);
    },
    onReplaced: () => {
      replacements.raise();
      if (here === undefined) options.onCatalog({ kind: 'catalog', catalog: hosted.catalog });
      else here.resolve();
    },
    report: (line) => void main.report({ line: `database ${options.database}: ${line}` }).catch(() => undefined),
  });
  const service: LaneSide = {
    configured: ({ stored }) => hosted.replica.configurationChanged(stored),
    accept: ({ stream, port }) => {
      accepted.add(port);
      port.on('close', () => accepted.delete(port));
      acceptReplicaStream(hosted, stream, port);
    },
    facts: () => hosted.facts,
    quarantine: ({ node: other, reason }) => hosted.replica.quarantine(other, reason),
    handOver: async ({ heirs }) => await hosted.leave(heirs),
    forget: () => {
      isForgotten = true;
      here?.reject(new PgError('08006', `database "${options.database}" is not to be on this node any more`));
    },
    promoteUncleanly: async () => await new Promise<boolean>((resolve) => hosted.replica.promoteUncleanly(resolve)),
  };
  serve(calls, service);
  const isHere = hosted.hasFiles ? undefined : new Promise<void>((resolve, reject) => (here = { resolve, reject }));
  const close = (): void => {
    streams.close();
    // (Who sends to a copy that is given up must open a stream to the next one.)
    for (const port of accepted) port.close();
    hosted.close();
    calls.close();
    bridge.close();
  };
  hosted.start();
  try {
    await isHere;
  } catch (error) {
    close();
    throw error;
  }
  here = undefined;
  return {
    get catalog() {
      return hosted.catalog;
    },
    get writer() {
      return hosted.lane;
    },
    get position() {
      return hosted.position;
    },
    shutdown: async () => {
      if (!isForgotten) await hosted.leave();
      close();
    },
  };
};
