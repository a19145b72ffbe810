/**
 * `shoal start`: options, the server's life, signals. The only line on stdout is `ready: ...`, once clients are welcome; everything else goes to stderr.
 * Called by cli/main.ts.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { frontEndThreadsMax } from '../proxy/cancel-registry.js';
import { formatAddress, isLoopback, parseAddress } from './address.js';
import { CliError } from './cli-error.js';
import { clusterOptions, clusterOptionsHelp, readClusterOptions } from './cluster-options.js';
import { startServer, type ServerOptions } from './compose.js';
import { logLine } from '../common/log-line.js';

const help = `Usage: shoal start [options]

Options:
  --data-dir DIR          where the database is kept           (./shoal-data)
  --listen HOST:PORT      where PostgreSQL clients connect     (127.0.0.1:5432; port 0 = any free one)
  --socket-dir DIR        a Unix socket there, too: psql -h DIR (mode: --set unix_socket_permissions=0700)
  --http HOST:PORT        where HTTP clients connect           (127.0.0.1:8432; port 0 = any free one)
  --front-ends N          threads that serve clients           (1)
  --scan-threads N        threads that read data               (one per core)
  --max-connections N     clients served at once               (200)
  --checkpoint-log-kb N   log between two checkpoints           (65536)
  --temp-dir DIR          where queries put what does not fit into memory (the system's: TMPDIR)
  --verify-hours N        hours between verifications of all pages in the background (24; 0 = never)
  --auth RULE             who may come in, as a line of pg_hba.conf ('hostssl all all 10.0.0.0/8 scram-sha-256') or just a method; may be repeated
  --auth-file FILE        rules as in pg_hba.conf, after those of --auth
  --tls-cert FILE         certificate (PEM): offers TLS
  --tls-key FILE          its private key (PEM)
  --tls-ca FILE           authorities (PEM) whose client certificates are believed
  --qsf MB                query scale factor: megabytes under a query per node (100; short for --set shoal.qsf=MB)
  --scaler URL            a scaler that hears how many nodes the queries want; may be repeated (shoal scaler --help)
  --dns HOST:PORT         answers DNS for the healthy nodes: <service>.service.<domain>, <database>.<service>.service.<domain>
  --skydns                in a cluster: the same names as keys in etcd, for CoreDNS's etcd plugin
  --dns-domain DOMAIN     that domain (shoal.internal); --dns-service NAME: that service (shoal)
  --set NAME=VALUE        a setting for all sessions; may be repeated
${clusterOptionsHelp}  --node-id NAME          this node's name in the cluster, for good (one is made up and kept in the data directory)
  --advertise HOST        the host under which other nodes and clients reach this one (that of --listen)
  --channel HOST:PORT     where other nodes of the cluster come in (that host, any free port)
  --quota-mb N            megabytes that this node may store (what the file system has room for)
  --demo                  fill an empty database with sample data
  --help                  print this text

Without rules, clients of a loopback address are trusted, and other addresses are not listened on unless the environment variable SHOAL_PASSWORD is set: the password of
the role postgres until ALTER ROLE ... PASSWORD gives it another. Clients then need one (SCRAM). SIGHUP reads rules, certificates and ALTER SYSTEM's settings again.
`;

const stopDeadlineMs = 60_000;

function readCount(text: string | undefined, option: string, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > max) throw new CliError(`${option} wants a number from 1 to ${max}, not "${text}"`, undefined, 2);
  return count;
}

/** An http or https address. */
export function readUrl(text: string, option: string): string {
  if (!/^https?:\/\/./.test(text) || !URL.canParse(text)) throw new CliError(`${option} wants an http:// or https:// address, not "${text}"`, undefined, 2);
  return text;
}

/** Settings by lower-case name: of --set, and of the options that are short for settings. */
function readSettings(values: {
  readonly set?: string[] | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'tls-ca'?: string | undefined;
  readonly qsf?: string | undefined;
}): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const text of values.set ?? []) {
    const match = /^([\w.]+)=(.*)$/s.exec(text);
    if (match === null) throw new CliError(`--set wants NAME=VALUE, not "${text}"`, undefined, 2);
    settings.set((match[1] ?? '').toLowerCase(), match[2] ?? '');
  }
  if (values.qsf !== undefined) settings.set('shoal.qsf', values.qsf);
  const { 'tls-cert': cert, 'tls-key': key, 'tls-ca': ca } = values;
  if (cert === undefined && key === undefined && ca === undefined) return settings;
  if (cert === undefined || key === undefined) throw new CliError('--tls-cert and --tls-key go together', undefined, 2);
  settings.set('ssl', 'on');
  settings.set('ssl_cert_file', resolve(cert));
  settings.set('ssl_key_file', resolve(key));
  if (ca !== undefined) settings.set('ssl_ca_file', resolve(ca));
  return settings;
}

/** For SQLite, which reads the environment when it is loaded, and for our own files. */
function useTemporaryDirectory(directory: string): void {
  try {
    if (!statSync(directory).isDirectory()) throw new Error('not a directory');
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CliError(`cannot use the directory for temporary files "${directory}": ${(error as Error).message}`, 'choose another with --temp-dir');
  }
  process.env['SQLITE_TMPDIR'] = directory;
  process.env['TMPDIR'] = directory;
}

/** undefined: --help was asked for. */
export function readStartOptions(args: readonly string[]): ServerOptions | undefined {
  const option = { type: 'string' } as const;
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        'data-dir': option,
        listen: option,
        'socket-dir': option,
        http: option,
        'front-ends': option,
        'scan-threads': option,
        'max-connections': option,
        'checkpoint-log-kb': option,
        'temp-dir': option,
        'verify-hours': option,
        'tls-cert': option,
        'tls-key': option,
        'tls-ca': option,
        qsf: option,
        ...clusterOptions,
        'node-id': option,
        advertise: option,
        'quota-mb': option,
        channel: option,
        scaler: { type: 'string', multiple: true },
        dns: option,
        'dns-domain': option,
        skydns: { type: 'boolean' },
        'dns-service': option,
        auth: { type: 'string', multiple: true },
        'auth-file': option,
        set: { type: 'string', multiple: true },
        demo: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      strict: true,
      allowPositionals: false,
    }));
  } catch (error) {
    const [reason = ''] = (error as Error).message.split(/\. |\n/);
    throw new CliError(`${reason.charAt(0).toLowerCase()}${reason.slice(1)}`, 'try `shoal start --help`', 2);
  }
  if (values.help === true) return undefined;
  if (values['temp-dir'] !== undefined) useTemporaryDirectory(resolve(values['temp-dir']));
  const { SHOAL_PASSWORD: firstPassword } = process.env;
  const zone = { domain: values['dns-domain'] ?? 'shoal.internal', service: values['dns-service'] ?? 'shoal' };
  return {
    dataDirectory: values['data-dir'] ?? './shoal-data',
    listen: parseAddress(values.listen ?? '127.0.0.1:5432', '--listen'),
    socketDirectory: values['socket-dir'],
    http: parseAddress(values.http ?? '127.0.0.1:8432', '--http'),
    frontEnds: readCount(values['front-ends'], '--front-ends', 1, frontEndThreadsMax),
    scanThreads: readCount(values['scan-threads'], '--scan-threads', availableParallelism(), 1024),
    connectionsMax: readCount(values['max-connections'], '--max-connections', 200, 100_000),
    checkpointLogBytes:
      values['checkpoint-log-kb'] === undefined ? undefined : readCount(values['checkpoint-log-kb'], '--checkpoint-log-kb', 0, 64 * 1024 * 1024) * 1024,
    verifyIntervalMs: (values['verify-hours'] === '0' ? 0 : readCount(values['verify-hours'], '--verify-hours', 24, 100_000)) * 3_600_000,
    rules: values.auth ?? [],
    rulesFile: values['auth-file'],
    settings: readSettings(values),
    firstPassword,
    demo: values.demo === true,
    place: {
      cluster: readClusterOptions(values),
      node: values['node-id'],
      advertise: values.advertise,
      quotaBytes: values['quota-mb'] === undefined ? undefined : readCount(values['quota-mb'], '--quota-mb', 0, 1_000_000_000) * 1_000_000,
    },
    dns: values.dns === undefined ? undefined : { listen: parseAddress(values.dns, '--dns'), ...zone },
    skyDns: values.skydns === true ? zone : undefined,
    channelListen: values.channel === undefined ? undefined : parseAddress(values.channel, '--channel'),
    scalers: (values.scaler ?? []).map((text) => readUrl(text, '--scaler')),
    log: (line) => process.stderr.write(logLine(line)),
  };
}

export async function start(args: readonly string[]): Promise<void> {
  const options = readStartOptions(args);
  if (options === undefined) {
    process.stdout.write(help);
    return;
  }
  if (!isLoopback(options.listen.host)) {
    if (!options.settings.has('ssl_cert_file')) options.log('warning: connections are not encrypted: --tls-cert and --tls-key offer TLS');
  }
  const server = await startServer(options);

  let stopping = false;
  const stop = (reason: string, exitCode: number): void => {
    if (stopping) {
      // Asked twice: go now. What was acknowledged is in the log and is recovered at the next start.
      options.log(`${reason} again: stopping at once`);
      process.exit(1);
    }
    stopping = true;
    options.log(`${reason}: stopping`);
    setTimeout(() => {
      options.log('stopping takes too long: giving up');
      process.exit(1);
    }, stopDeadlineMs).unref();
    server.stop().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        options.log(`stopping: ${error instanceof Error ? error.message : String(error)}`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal, 0);
    });
  }
  process.on('SIGHUP', () => {
    server.reload();
  });
  // PostgreSQL's immediate shutdown: nothing is tidied up, and the next start recovers.
  process.on('SIGQUIT', () => {
    options.log('SIGQUIT: ending at once, the next start recovers');
    process.exit(2);
  });
  server.failed
    .then((error) => {
      options.log(`a thread has failed: ${error.stack ?? error.message}`);
      if (!stopping) stop('failure', 1);
    })
    .catch(() => undefined);

  process.stdout.write(`ready: postgresql://${formatAddress(server.postgres)} http://${formatAddress(server.http)}\n`);
}
