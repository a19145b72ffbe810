/**
 * A node of a fixed cluster, for tests: the compiled server with a view of the cluster that its argument tells (JSON: NodeArguments). Prints its addresses as JSON once it is
 * ready, and stops when its standard input closes.
 */
import type { ChannelAddress } from '../../../src/cluster/channel/channel.js';
import type * as Compose from '../../../src/cli/compose.js';

export interface NodeArguments {
  readonly name: string;
  readonly number: number;
  readonly dataDirectory: string;
  readonly channelPort: number;
  /** The node that hosts the database. */
  readonly primary: string;
  readonly others: readonly { readonly name: string; readonly number: number; readonly address: ChannelAddress }[];
  readonly port?: number;
}

export interface NodeAddresses {
  readonly port: number;
}

const { startServer } = (await import(new URL('../../../dist/cli/compose.js', import.meta.url).href)) as typeof Compose;
const { name, number, dataDirectory, channelPort, primary, others, port } = JSON.parse(process.argv[2] as string) as NodeArguments;
const server = await startServer({
  dataDirectory,
  listen: { host: '127.0.0.1', port: port ?? 0 },
  http: { host: '127.0.0.1', port: 0 },
  frontEnds: 2,
  scanThreads: 2,
  connectionsMax: 100,
  rules: [],
  rulesFile: undefined,
  settings: new Map(),
  firstPassword: undefined,
  checkpointLogBytes: undefined,
  verifyIntervalMs: 0,
  demo: false,
  socketDirectory: undefined,
  scalers: [],
  log: (line) => process.stderr.write(`${name}: ${line}\n`),
  place: { cluster: undefined, node: name, advertise: undefined, quotaBytes: undefined },
  channel: {
    name: 'test',
    node: name,
    number,
    listen: { host: '127.0.0.1', port: channelPort },
    credentials: { kind: 'secret', secret: 'the secret of the test cluster' },
    view: { nodes: () => others, primaryOf: () => primary, copiesOf: () => [] },
  },
});
process.stdout.write(`${JSON.stringify({ port: server.postgres.port } satisfies NodeAddresses)}\n`);
process.stdin.on('end', () => void server.stop().then(() => process.exit(0))).resume();
