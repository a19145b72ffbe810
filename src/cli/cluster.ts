/** `shoal cluster status|up|down`: what a cluster looks like, and a cluster on this machine. Called by cli/main.ts. */
import { ClusterKeys } from '../cluster/membership/cluster-keys.js';
import { type NodeRecord, readNodeRecord } from '../cluster/membership/node-record.js';
import type { ClusterReport } from '../http/node-control.js';
import { formatAddress } from './address.js';
import { CliError } from './cli-error.js';
import { clusterOptions, clusterOptionsHelp, readClusterOptions } from './cluster-options.js';
import { parseCommand } from './command-line.js';
import { type LocalCluster, startLocalCluster, stopLocalCluster } from './local-cluster.js';
import { formatTable } from './table.js';

const help = `Usage: shoal cluster <command> [options]

  status                  members of a cluster, and who leads
  up                      start a cluster on this machine: an etcd and nodes as processes; what runs already is left alone
  down                    stop the cluster on this machine

Options of status:
${clusterOptionsHelp}  --json                  for programs

Options of up and down:
  --dir DIR               where data, logs, ports and process ids of the local cluster are kept (./shoal-cluster)
  --nodes N               how many nodes (3)
  --etcd FILE             the etcd program (etcd, from the PATH)
  -- ARGS                 further options of each \`shoal start\`
  --purge                 down: remove the directory with all its data
`;

async function report(options: ReturnType<typeof readClusterOptions>): Promise<ClusterReport> {
  if (options === undefined) throw new CliError('which cluster?', 'say --cluster etcd://HOST:2379, or --join with the HTTP address of a member', 2);
  const { askMember, connectCluster } = await import('./connect-cluster.js');
  if (options.location.kind === 'member') return await askMember(options.location.address);
  const { store, cluster, url } = await connectCluster(options, (line) => process.stderr.write(`${line}\n`));
  try {
    const keys = new ClusterKeys(cluster);
    const [{ entries }, leader] = await Promise.all([store.list(keys.nodes), store.get(keys.leader)]);
    return {
      node: '',
      cluster,
      store: url,
      leader: leader.entry === undefined ? undefined : (JSON.parse(leader.entry.value) as { readonly node: string }).node,
      members: entries.map(({ value }) => readNodeRecord(value)),
    };
  } finally {
    await store.close();
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

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

function print({ cluster, store, leader, members }: ClusterReport): void {
  process.stdout.write(cluster === undefined ? 'one node, in no cluster\n' : `cluster ${cluster}, coordinated by ${store ?? ''}\n`);
  const header = ['node', 'state', '', 'postgres', 'http', 'cores', 'memory', 'stored', 'quota', 'version'];
  process.stdout.write(
    formatTable(
      header,
      members.map((record) => row(record, leader)),
    ),
  );
  if (leader === undefined && members.length > 0) process.stdout.write('nobody leads at present\n');
}

function printLocal({ directory, nodes, store }: LocalCluster): void {
  process.stdout.write(`${directory}: etcd at ${store}\n`);
  for (const { id, postgres, pid, started } of nodes) {
    process.stdout.write(`  ${id} ${started ? 'started' : 'runs already'} (process ${pid}): psql -h 127.0.0.1 -p ${postgres} -U postgres postgres\n`);
  }
  process.stdout.write(`see it with: shoal cluster status --cluster ${store}\n`);
}

export async function cluster(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommand('cluster', args, {
    ...clusterOptions,
    json: { type: 'boolean' },
    dir: { type: 'string' },
    nodes: { type: 'string' },
    etcd: { type: 'string' },
    purge: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  const [command, ...further] = positionals;
  if (values.help === true || command === undefined) {
    process.stdout.write(help);
    return;
  }
  const directory = values.dir ?? './shoal-cluster';
  switch (command) {
    case 'status': {
      const found = await report(readClusterOptions(values));
      if (values.json === true) process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
      else print(found);
      return;
    }
    case 'up': {
      const size = Number(values.nodes ?? 3);
      if (!Number.isInteger(size) || size < 1 || size > 100)
        throw new CliError(`--nodes wants a number from 1 to 100, not "${values.nodes ?? ''}"`, undefined, 2);
      printLocal(await startLocalCluster({ directory, size, etcd: values.etcd ?? 'etcd', startArguments: further }));
      return;
    }
    case 'down':
      for (const line of await stopLocalCluster(directory, values.purge === true)) process.stdout.write(`${line}\n`);
      return;
    default:
      throw new CliError(`unknown command "cluster ${command}"`, 'try `shoal cluster --help`', 2);
  }
}
