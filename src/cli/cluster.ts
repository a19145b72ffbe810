/** `shoal cluster`: what a cluster looks like, what an operator wants of it, and a cluster on this machine. Called by cli/main.ts. */
import { ClusterKeys } from '../cluster/membership/cluster-keys.js';
import { readLeader } from '../cluster/membership/leader-election.js';
import type { NodeRecord } from '../cluster/membership/node-record.js';
import { type DatabaseReport, type Placement, reportDatabases } from '../cluster/placement/placement-report.js';
import type { ReplicaRow } from '../catalog/pg-catalog/replication-view.js';
import type { ClusterReport } from '../http/node-control.js';
import { formatAddress } from './address.js';
import { CliError } from './cli-error.js';
import { clusterOptions, clusterOptionsHelp, readClusterOptions } from './cluster-options.js';
import { parseCommand } from './command-line.js';
import { type LocalCluster, startLocalCluster, stopLocalCluster } from './local-cluster.js';
import { formatTable } from './table.js';
import { commandPatienceMs } from '../cluster/coordination/patience.js';

const help = `Usage: shoal cluster <command> [options]

  status                  members of a cluster, who leads, and where the databases are
  drain NODE              the node gives up its databases and its clients; then it may be taken away
  move DATABASE --from NODE --to NODE
                          one copy of a database goes from a node to another
  move DATABASE --primary NODE
                          the node's copy takes the writes
  rebalance               copies are spread over the nodes by what these may store
  split DATABASE TABLE SHARD
                          a shard of the table's colocation group (shoal.shards) becomes several, while everybody reads and writes it
  up                      start a cluster on this machine: an etcd and nodes as processes; what runs already is left alone
  down                    stop the cluster on this machine

Options of status, drain, move, rebalance and split:
${clusterOptionsHelp}  --json                  status: for programs
  --wait                  drain, move, rebalance, split: tell what happens until it is done. (It is done without this, too.)
  --undo                  drain, move, rebalance, split: it is not wanted any more
  --dry-run               rebalance: only say what would be done
  --parts N               split: into how many (2)
  --user NAME             split: who owns the table; PGPASSWORD is the password (postgres)

Options of up and down:
  --dir DIR               where data, logs, ports and process ids of the local cluster are kept (./shoal-cluster)
  --nodes N               how many nodes (3)
  --etcd FILE             the etcd program (etcd, from the PATH)
  -- ARGS                 further options of each \`shoal start\`
  --purge                 down: remove the directory with all its data
`;

function whichCluster(): never {
  throw new CliError('which cluster?', 'say --cluster etcd://HOST:2379, or --join with the HTTP address of a member', 2);
}

async function report(options: ReturnType<typeof readClusterOptions>): Promise<ClusterReport> {
  if (options === undefined) return whichCluster();
  const { askMember, connectCluster } = await import('./connect-cluster.js');
  if (options.location.kind === 'member') return await askMember(options.location.address);
  const { takeInventory } = await import('./cluster-placement.js');
  const { store, cluster, url } = await connectCluster(options, (line) => process.stderr.write(`${line}\n`), commandPatienceMs);
  try {
    const keys = new ClusterKeys(cluster);
    const [inventory, leader] = await Promise.all([takeInventory({ store, cluster, url }), store.get(keys.leader)]);
    return {
      node: '',
      cluster,
      store: url,
      leader: leader.entry === undefined ? undefined : readLeader(leader.entry)?.node,
      members: [...inventory.nodes.values()],
      databases: reportDatabases(inventory),
    };
  } finally {
    await store.close();
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function sizeText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : megabytes(bytes);
}

/** Less is not worth telling: a copy hears of its primary four times a second. */
const lagMsMin = 1000;

function row(record: NodeRecord, leader: string | undefined): readonly string[] {
  const { id, state, postgres, http, cores, memoryBytes, storedBytes, quotaBytes, version } = record;
  const mark = id === leader ? 'leader' : '';
  return [
    id,
    state,
    mark,
    formatAddress(postgres),
    formatAddress(http),
    String(cores),
    megabytes(memoryBytes),
    megabytes(storedBytes),
    megabytes(quotaBytes),
    version,
  ];
}

/** What is not as it shall be stands behind the node's name, and how far the copy is behind. */
function placementText({ node, state }: Placement, copy: ReplicaRow | undefined): string {
  const { lagBytes = 0, lagMs = 0 } = copy ?? {};
  const said = [
    ...(state === 'in place' ? [] : [state]),
    ...(lagBytes > 0 ? [`${sizeText(lagBytes)} behind`] : []),
    ...(lagMs > lagMsMin ? [`${(lagMs / 1000).toFixed(1)} s old`] : []),
  ];
  return said.length === 0 ? node : `${node} (${said.join(', ')})`;
}

function databaseRow({ id, name, bytes, epoch, replicationFactor, placements }: DatabaseReport, copies: readonly ReplicaRow[]): readonly string[] {
  const inSync = placements.filter(({ is }) => is !== 'none').length;
  return [
    name,
    bytes === undefined ? '' : sizeText(bytes),
    placements.find(({ is }) => is === 'primary')?.node ?? '',
    placements
      .map((placement) =>
        placementText(
          placement,
          copies.find(({ database, node }) => database === id && node === placement.node),
        ),
      )
      .join(', '),
    `${String(inSync)} of ${replicationFactor === undefined ? 'all' : String(replicationFactor)}`,
    String(epoch),
  ];
}

function print({ cluster, store, leader, members, databases }: ClusterReport, copies: readonly ReplicaRow[]): void {
  process.stdout.write(cluster === undefined ? 'one node, in no cluster\n' : `cluster ${cluster}, coordinated by ${store ?? ''}\n`);
  const header = ['node', 'state', '', 'postgres', 'http', 'cores', 'memory', 'stored', 'quota', 'version'];
  process.stdout.write(
    formatTable(
      header,
      members.map((record) => row(record, leader)),
    ),
  );
  if (databases.length > 0)
    process.stdout.write(
      `\n${formatTable(
        ['database', 'size', 'primary', 'copies', 'in sync', 'epoch'],
        databases.map((database) => databaseRow(database, copies)),
      )}`,
    );
  for (const reason of new Set(
    databases.flatMap(({ name, placements }) => placements.flatMap(({ node, reason }) => (reason === undefined ? [] : [`${name} on ${node}: ${reason}`]))),
  ))
    process.stdout.write(`${reason}\n`);
  if (cluster !== undefined && members.length === 0) process.stdout.write('no node is in it\n');
  if (leader === undefined && members.length > 0) process.stdout.write('nobody leads at present\n');
}

function printLocal({ directory, nodes, store }: LocalCluster): void {
  process.stdout.write(`${directory}: etcd at ${store}\n`);
  for (const { id, postgres, pid, started } of nodes) {
    process.stdout.write(`  ${id} ${started ? 'started' : 'runs already'} (process ${pid}): psql -h 127.0.0.1 -p ${postgres} -U postgres postgres\n`);
  }
  process.stdout.write(`see it with: shoal cluster status --cluster ${store}\n`);
}

type ClusterValues = NonNullable<Parameters<typeof readClusterOptions>[0]>;

interface PlacementValues extends ClusterValues {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly primary?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly undo?: boolean | undefined;
  readonly 'dry-run'?: boolean | undefined;
}

/** What an operator wants of the placement. */
async function place(command: 'drain' | 'move' | 'rebalance', [name, ...more]: readonly string[], values: PlacementValues): Promise<void> {
  const options = readClusterOptions(values) ?? whichCluster();
  refuseArguments(more);
  const { connectCluster } = await import('./connect-cluster.js');
  const { drainNode, moveDatabase, rebalance } = await import('./cluster-placement.js');
  const connected = await connectCluster(options, (line) => process.stderr.write(`${line}\n`), commandPatienceMs);
  const request = { wait: values.wait === true, undo: values.undo === true, print: (line: string) => process.stdout.write(`${line}\n`) };
  try {
    switch (command) {
      case 'drain':
        if (name === undefined) throw new CliError('which node?', 'shoal cluster drain NODE', 2);
        await drainNode(connected, name, request);
        return;
      case 'move':
        if (name === undefined) throw new CliError('which database?', 'shoal cluster move DATABASE --from NODE --to NODE, or --primary NODE', 2);
        await moveDatabase(connected, name, { from: values.from, to: values.to, primary: values.primary }, request);
        return;
      case 'rebalance':
        refuseArguments(name === undefined ? [] : [name]);
        await rebalance(connected, { isDryRun: values['dry-run'] === true }, request);
        return;
    }
  } finally {
    await connected.store.close();
  }
}

interface SplitValues extends ClusterValues {
  readonly wait?: boolean | undefined;
  readonly undo?: boolean | undefined;
  readonly parts?: string | undefined;
  readonly user?: string | undefined;
}

async function split([database, table, shard, ...more]: readonly string[], values: SplitValues): Promise<void> {
  const undo = values.undo === true;
  if (database === undefined || table === undefined || (shard === undefined && !undo))
    throw new CliError('which shard?', 'shoal cluster split DATABASE TABLE SHARD, or DATABASE TABLE --undo', 2);
  refuseArguments(more);
  const count = (text: string, least: number, what: string): number => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < least) throw new CliError(`${what} is a number from ${String(least)} on, not "${text}"`, undefined, 2);
    return number;
  };
  const wanted = { shard: count(shard ?? '0', 0, 'a shard'), parts: count(values.parts ?? '2', 2, '--parts') };
  const { members } = await report(readClusterOptions(values));
  const { splitShard } = await import('./cluster-split.js');
  await splitShard(
    members.filter(({ state }) => state === 'serving'),
    { database, table, ...wanted, user: values.user ?? 'postgres', wait: values.wait === true, undo, print: (line) => process.stdout.write(`${line}\n`) },
  );
}

const ownOptions = {
  parts: { type: 'string' },
  user: { type: 'string' },
  json: { type: 'boolean' },
  dir: { type: 'string' },
  nodes: { type: 'string' },
  etcd: { type: 'string' },
  purge: { type: 'boolean' },
  from: { type: 'string' },
  to: { type: 'string' },
  primary: { type: 'string' },
  wait: { type: 'boolean' },
  undo: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const;

type OwnOption = keyof typeof ownOptions;

/** The options that each command has, beside those that name the cluster; what is none of them is refused, for `drain --dry-run` would drain. */
const optionsOf: Readonly<Record<string, { readonly namesCluster: boolean; readonly options: readonly OwnOption[] }>> = {
  status: { namesCluster: true, options: ['json'] },
  drain: { namesCluster: true, options: ['wait', 'undo'] },
  move: { namesCluster: true, options: ['from', 'to', 'primary', 'wait', 'undo'] },
  rebalance: { namesCluster: true, options: ['wait', 'undo', 'dry-run'] },
  split: { namesCluster: true, options: ['parts', 'user', 'wait', 'undo'] },
  up: { namesCluster: false, options: ['dir', 'nodes', 'etcd'] },
  down: { namesCluster: false, options: ['dir', 'purge'] },
};

function refuseForeignOptions(command: string, given: readonly string[]): void {
  const known = optionsOf[command];
  if (known === undefined) throw new CliError(`unknown command "cluster ${command}"`, 'try `shoal cluster --help`', 2);
  const names = new Set<string>([...known.options, ...(known.namesCluster ? Object.keys(clusterOptions) : [])]);
  const foreign = given.find((name) => !names.has(name));
  if (foreign !== undefined) throw new CliError(`"cluster ${command}" has no option --${foreign}`, 'try `shoal cluster --help`', 2);
}

function refuseArguments([first]: readonly string[]): void {
  if (first !== undefined) throw new CliError(`what is "${first}"?`, 'try `shoal cluster --help`', 2);
}

export async function cluster(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommand('cluster', args, { ...clusterOptions, ...ownOptions, help: { type: 'boolean', short: 'h' } });
  const [command, ...further] = positionals;
  if (values.help === true || command === undefined) {
    process.stdout.write(help);
    return;
  }
  refuseForeignOptions(command, Object.keys(values));
  const directory = values.dir ?? './shoal-cluster';
  switch (command) {
    case 'status': {
      refuseArguments(further);
      const found = await report(readClusterOptions(values));
      const { askReplicas } = await import('./connect-cluster.js');
      const replicas = found.databases.length === 0 ? [] : await askReplicas(found.members);
      if (values.json === true) process.stdout.write(`${JSON.stringify({ ...found, replicas }, undefined, 2)}\n`);
      else print(found, replicas);
      return;
    }
    case 'drain':
    case 'move':
    case 'rebalance':
      await place(command, further, values);
      return;
    case 'split':
      await split(further, values);
      return;
    case 'up': {
      const size = Number(values.nodes ?? 3);
      if (!Number.isInteger(size) || size < 1 || size > 100)
        throw new CliError(`--nodes wants a number from 1 to 100, not "${values.nodes ?? ''}"`, undefined, 2);
      printLocal(await startLocalCluster({ directory, size, etcd: values.etcd ?? 'etcd', startArguments: further }));
      return;
    }
    case 'down':
      refuseArguments(further);
      for (const line of await stopLocalCluster(directory, values.purge === true)) process.stdout.write(`${line}\n`);
      return;
  }
}
