/**
 * `shoal scaler`: as many nodes as the running queries want. Options, the choice of the driver, signals. What it does is in cluster/scaler; docs/scaling.md is the manual.
 * Called by cli/main.ts.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesPerMegabyte, defaultQueryScaleFactor, nodesWanted } from '../cluster/scaler/demand.js';
import type { ScalingDriver } from '../cluster/scaler/driver.js';
import { KubernetesDriver } from '../cluster/scaler/drivers/kubernetes.js';
import { LocalDriver } from '../cluster/scaler/drivers/local.js';
import { MarathonDriver } from '../cluster/scaler/drivers/marathon.js';
import type { HttpCredentials } from '../cluster/scaler/http-client.js';
import { type Leadership, SoleLeadership } from '../cluster/scaler/leadership.js';
import { defaultScalerSettings, type ScalerSettings } from '../cluster/scaler/machine.js';
import { HttpNodeDrainer } from '../cluster/scaler/node-drainer.js';
import { followStoreDemand } from '../cluster/scaler/store-demand.js';
import { StoreLeadership } from '../cluster/scaler/store-leadership.js';
import { ClusterKeys } from '../cluster/membership/cluster-keys.js';
import { systemClock } from '../common/clock.js';
import { Scaler } from '../cluster/scaler/scaler.js';
import { type ScalerHttp, type ScalerHttpOptions, startScalerHttp } from '../cluster/scaler/scaler-http.js';
import { formatAddress, isLoopback, parseAddress } from './address.js';
import { CliError } from './cli-error.js';
import { clusterOptions, clusterOptionsHelp, readClusterOptions } from './cluster-options.js';
import { parseCommand } from './command-line.js';
import { readUrl } from './start.js';
import { logLine } from '../common/log-line.js';

const help = `Usage: shoal scaler [options] [-- options of shoal start]

Keeps as many nodes as the running queries want: one for each QSF megabytes under the greatest of them. docs/scaling.md says how.

Options:
  --driver NAME           marathon, kubernetes, or local: processes of this machine   (local)
  --min N, --max N        nodes that there are at least and at most                   (1, 10)
  --cooldown SECONDS      nodes that nobody has wanted for so long go                 (300)
  --http HOST:PORT        where nodes report demand, and /health, /state, /metrics    (127.0.0.1:8433)
  --drain-limit SECONDS   a node that is not drained after so long goes all the same  (600)
  --stuck SECONDS         a deployment without progress for so long is broken off     (600)
  --demand MB             as if a query over so many megabytes ran
  --qsf MB                megabytes per node, for --demand                            (100)
  --once                  end as soon as there are as many nodes as are wanted
  --dry-run               tell what would be done, and only look
  --help                  print this text

Marathon:
  --marathon URL          its address (chooses the driver); may be repeated: several of one cluster
  --app ID                the nodes' application                                      (/shoal/node)
  --http-port-index N     which of its ports is HTTP                                  (1)

Kubernetes:
  --kubernetes URL        the API server (chooses the driver; default: that of the pod)
  --namespace NAME        (the pod's, or default)
  --workload KIND/NAME    statefulset/NAME or deployment/NAME                         (statefulset/shoal)
  --http-port N           the nodes' HTTP port                                        (8432)

Both:
  --tls-ca FILE           authorities (PEM) that are believed
  --token-file FILE       a bearer token; SHOAL_SCALER_USER and SHOAL_SCALER_PASSWORD: basic authentication

Local:
  --dir DIR               where the nodes live                                        (./shoal-nodes)
  --listen HOST:PORT      of the first node, the others take the next ports           (127.0.0.1:5432; port 0 = any free ones)
  --node-http HOST:PORT   the same for HTTP                                           (the port of --listen + 3000)
  --stop                  end all nodes of the directory

Of a cluster, demand comes through its coordination store, and one of several scalers leads:
${clusterOptionsHelp}
Environment: SHOAL_SCALER_TOKEN, wanted of nodes that report demand; SHOAL_HTTP_TOKEN, what the nodes want of who drains them.
`;

interface Values {
  readonly [name: string]: string | boolean | (string | boolean)[] | undefined;
}

function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function texts(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function count(values: Values, name: string, fallback: number, min: number, max: number): number {
  const given = text(values, name);
  if (given === undefined) return fallback;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < min || value > max)
    throw new CliError(`--${name} wants a number from ${String(min)} to ${String(max)}, not "${given}"`, undefined, 2);
  return value;
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read "${path}": ${(error as Error).message}`);
  }
}

function settingsOf(values: Values): ScalerSettings {
  const minNodes = count(values, 'min', defaultScalerSettings.minNodes, 0, 10_000);
  const maxNodes = count(values, 'max', Math.max(minNodes, defaultScalerSettings.maxNodes), 1, 10_000);
  if (maxNodes < minNodes) throw new CliError(`--max (${String(maxNodes)}) must not be less than --min (${String(minNodes)})`, undefined, 2);
  return {
    ...defaultScalerSettings,
    minNodes,
    maxNodes,
    cooldownMs: count(values, 'cooldown', defaultScalerSettings.cooldownMs / 1000, 0, 1_000_000) * 1000,
    drainLimitMs: count(values, 'drain-limit', defaultScalerSettings.drainLimitMs / 1000, 0, 1_000_000) * 1000,
    stuckMs: count(values, 'stuck', defaultScalerSettings.stuckMs / 1000, 1, 1_000_000) * 1000,
  };
}

function credentialsOf(values: Values): HttpCredentials {
  const path = text(values, 'token-file');
  if (path !== undefined) {
    fileText(path);
    return { kind: 'tokenFile', path };
  }
  const { SHOAL_SCALER_USER: user, SHOAL_SCALER_PASSWORD: password } = process.env;
  return user === undefined ? { kind: 'none' } : { kind: 'basic', user, password: password ?? '' };
}

function marathonDriver(values: Values): ScalingDriver {
  const urls = texts(values, 'marathon').map((url) => readUrl(url, '--marathon'));
  if (urls.length === 0) throw new CliError('the driver marathon wants its address', 'say --marathon http://HOST:8080', 2);
  const ca = text(values, 'tls-ca');
  return new MarathonDriver({
    urls,
    app: text(values, 'app') ?? '/shoal/node',
    httpPortIndex: count(values, 'http-port-index', 1, 0, 100),
    credentials: credentialsOf(values),
    certificateAuthority: ca === undefined ? undefined : fileText(ca),
  });
}

/** Where Kubernetes puts what a pod needs to speak to its API server. */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

function kubernetesDriver(values: Values): ScalingDriver {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  const given = text(values, 'kubernetes');
  if (given === undefined && host === undefined)
    throw new CliError('the driver kubernetes wants the address of the API server', 'say --kubernetes https://HOST:6443, or run it in a pod', 2);
  const isInside = given === undefined;
  const [, kind, name] = /^(statefulset|deployment)\/([a-z0-9.-]+)$/.exec(text(values, 'workload') ?? 'statefulset/shoal') ?? [];
  if ((kind !== 'statefulset' && kind !== 'deployment') || name === undefined)
    throw new CliError('--workload wants statefulset/NAME or deployment/NAME', undefined, 2);
  const ca = text(values, 'tls-ca') ?? (isInside ? join(serviceAccount, 'ca.crt') : undefined);
  const ownCredentials = credentialsOf(values);
  return new KubernetesDriver({
    urls: [given === undefined ? `https://${(host ?? '').includes(':') ? `[${host ?? ''}]` : (host ?? '')}:${port}` : readUrl(given, '--kubernetes')],
    namespace: text(values, 'namespace') ?? (isInside ? fileText(join(serviceAccount, 'namespace')).trim() : 'default'),
    workload: { kind, name },
    httpPort: count(values, 'http-port', 8432, 1, 65_535),
    credentials: ownCredentials.kind === 'none' && isInside ? { kind: 'tokenFile', path: join(serviceAccount, 'token') } : ownCredentials,
    certificateAuthority: ca === undefined ? undefined : fileText(ca),
  });
}

function localDriver(values: Values, startArguments: readonly string[], log: (line: string) => void): LocalDriver {
  const listen = parseAddress(text(values, 'listen') ?? '127.0.0.1:5432', '--listen');
  const http = parseAddress(text(values, 'node-http') ?? `${listen.host}:${String(listen.port === 0 ? 0 : listen.port + 3000)}`, '--node-http');
  return new LocalDriver({
    directory: resolve(text(values, 'dir') ?? './shoal-nodes'),
    program: [process.execPath, fileURLToPath(new URL('../../bin/shoal', import.meta.url))],
    startArguments,
    host: listen.host,
    firstPort: listen.port,
    firstHttpPort: http.port,
    log,
  });
}

function driverName(values: Values): string {
  return text(values, 'driver') ?? (texts(values, 'marathon').length > 0 ? 'marathon' : text(values, 'kubernetes') !== undefined ? 'kubernetes' : 'local');
}

async function listen(options: ScalerHttpOptions, scaling: Scaler): Promise<ScalerHttp> {
  try {
    return await startScalerHttp(options, scaling);
  } catch (error) {
    throw new CliError(`cannot listen on ${formatAddress(options)}: ${(error as Error).message}`, 'choose another with --http HOST:PORT');
  }
}

export async function scaler(args: readonly string[]): Promise<void> {
  const option = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const several = { type: 'string', multiple: true } as const;
  const end = args.indexOf('--');
  const { values, positionals } = parseCommand('scaler', end < 0 ? args : args.slice(0, end), {
    ...{ driver: option, min: option, max: option, cooldown: option, http: option, 'drain-limit': option, stuck: option, demand: option, qsf: option },
    ...{ once: flag, 'dry-run': flag, stop: flag, help: { type: 'boolean', short: 'h' } },
    ...{ marathon: several, app: option, 'http-port-index': option, kubernetes: option, namespace: option, workload: option, 'http-port': option },
    ...clusterOptions,
    ...{ 'tls-ca': option, 'token-file': option, dir: option, listen: option, 'node-http': option },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  const [unexpected] = positionals;
  if (unexpected !== undefined) throw new CliError(`unexpected argument "${unexpected}"`, 'options of the nodes come after --', 2);
  const log = (line: string): void => {
    process.stderr.write(logLine(line));
  };
  const settings = settingsOf(values);
  const { SHOAL_SCALER_TOKEN: token, SHOAL_HTTP_TOKEN: nodeToken } = process.env;
  const httpAddress = parseAddress(text(values, 'http') ?? '127.0.0.1:8433', '--http');
  if (!isLoopback(httpAddress.host) && token === undefined)
    log('warning: whoever reaches the scaler can ask for nodes: SHOAL_SCALER_TOKEN wants a token of them');

  const name = driverName(values);
  const nodeArguments = end < 0 ? [] : args.slice(end + 1);
  const reportTo = formatAddress({ ...httpAddress, host: httpAddress.host === '0.0.0.0' ? '127.0.0.1' : httpAddress.host });
  if (values.stop === true) {
    if (name !== 'local') throw new CliError('--stop is for the driver local', undefined, 2);
    log(`${String(await localDriver(values, [], log).stopAll())} nodes were stopped`);
    return;
  }
  const clusterAt = readClusterOptions(values);
  const connected = clusterAt === undefined ? undefined : await (await import('./connect-cluster.js')).connectCluster(clusterAt, log);
  const nodesReport = connected === undefined ? ['--scaler', `http://${reportTo}`] : ['--cluster', connected.url, '--cluster-name', connected.cluster];
  const local = name === 'local' ? localDriver(values, [...nodesReport, ...nodeArguments], log) : undefined;
  if (local === undefined && nodeArguments.length > 0)
    throw new CliError('options of the nodes are for the driver local', 'the others have them in their definition of the node', 2);
  if (local !== undefined && connected === undefined && httpAddress.port === 0)
    throw new CliError('the driver local wants a port with --http: the nodes are told of it before it is open', undefined, 2);
  const driver = local ?? (name === 'marathon' ? marathonDriver(values) : name === 'kubernetes' ? kubernetesDriver(values) : undefined);
  if (driver === undefined) throw new CliError(`there is no driver "${name}"`, 'there are marathon, kubernetes and local', 2);

  const isOnce = values.once === true;
  const keys = connected === undefined ? undefined : new ClusterKeys(connected.cluster);
  const leadership: Leadership =
    connected === undefined || keys === undefined
      ? new SoleLeadership()
      : new StoreLeadership({ store: connected.store, keys, candidate: `${hostname()}:${String(process.pid)}`, clock: systemClock, log });
  const scaling = new Scaler({ driver, drainer: new HttpNodeDrainer(nodeToken), leadership, settings, log, dryRun: values['dry-run'] === true });
  const megabytes = text(values, 'demand') === undefined ? undefined : count(values, 'demand', 0, 0, 1e9);
  const pretended = megabytes === undefined ? 0 : nodesWanted(megabytes * bytesPerMegabyte, count(values, 'qsf', defaultQueryScaleFactor, 1, 1_000_000));
  const pretend = (): void => {
    if (pretended > 0) scaling.report({ source: `${hostname()}: --demand`, nodes: pretended, peak: pretended, lifetimeMs: 10_000 });
  };
  pretend();
  const unfollow =
    connected === undefined || keys === undefined
      ? undefined
      : followStoreDemand(connected.store, keys, (report) => {
          scaling.report(report);
        });
  const pretending = setInterval(pretend, 3000);
  const http = isOnce ? undefined : await listen({ ...httpAddress, token }, scaling);
  scaling.start();

  const stop = async (): Promise<void> => {
    clearInterval(pretending);
    await http?.close();
    unfollow?.();
    await scaling.close();
    await connected?.store.close();
  };
  if (isOnce) {
    const isDry = values['dry-run'] === true;
    await scaling.until(({ observation, target, counts }) => {
      if (observation === undefined) return false;
      const { instances, tasks } = observation;
      return isDry
        ? instances === target || (counts['notice_command'] ?? 0) > 0
        : instances === target && tasks.filter(({ state }) => state === 'healthy').length === target;
    });
    const { observation, target } = scaling.status;
    log(`${String(target)} nodes are wanted, ${String(observation?.instances ?? 0)} are there or on their way`);
    for (const address of local?.addresses() ?? []) process.stdout.write(`${address}\n`);
    await stop();
    return;
  }
  process.stdout.write(`ready: ${http === undefined ? '' : `http://${formatAddress(http)}`}\n`);
  await new Promise<void>((resolveStop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log(`${signal}: stopping${local === undefined ? '' : '; the nodes go on (shoal scaler --stop ends them)'}`);
        resolveStop();
      });
    }
  });
  await stop();
}
