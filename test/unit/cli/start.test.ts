import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatAddress, isLoopback, parseAddress } from '../../../src/cli/address.js';
import { type ConfigurationOptions, ConfigurationSource } from '../../../src/cli/node-configuration.js';
import { CliError, describeFailure } from '../../../src/cli/cli-error.js';
import { readStartOptions } from '../../../src/cli/start.js';
import type { NodeConfiguration } from '../../../src/proxy/front-end-thread.js';
import { PgError } from '../../../src/common/errors.js';

const program = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end; sends `signal` once it has said that it is ready. */
async function shoal(args: readonly string[], signal?: NodeJS.Signals): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (signal !== undefined && stdout.includes('\n')) child.kill(signal);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('the command line', function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-cli-'));
  after(() => {
    rmSync(directory, { recursive: true });
  });
  const free = ['--scan-threads', '1', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];

  it('prints its version and its help', async () => {
    assert.match((await shoal(['--version'])).stdout, /^shoal \d+\.\d+\.\d+\n$/);
    assert.match((await shoal(['start', '--help'])).stdout, /--data-dir DIR/);
  });

  it('says in one line on stdout that it is ready, and ends with 0 on SIGTERM', async () => {
    for (const frontEnds of ['1', '2']) {
      const outcome = await shoal(['start', '--data-dir', join(directory, 'data'), ...free, '--front-ends', frontEnds], 'SIGTERM');
      assert.match(outcome.stdout, /^ready: postgresql:\/\/127\.0\.0\.1:\d+ http:\/\/127\.0\.0\.1:\d+\n$/);
      assert.equal(outcome.code, 0, outcome.stderr);
    }
  });

  it('says which port is taken, without a stack trace', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const [option, other] of [
      ['--listen', '--http'],
      ['--http', '--listen'],
    ] as const) {
      const outcome = await shoal(['start', '--scan-threads', '1', '--data-dir', join(directory, 'data'), option, `127.0.0.1:${port}`, other, '127.0.0.1:0']);
      assert.equal(outcome.code, 1);
      assert.equal(outcome.stdout, '');
      assert.equal(outcome.stderr, `shoal: 127.0.0.1:${port} is already in use\nhint: choose another with ${option} HOST:PORT (port 0 picks a free one)\n`);
    }
    server.close();
  });

  it('refuses a data directory that is a file', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const outcome = await shoal(['start', '--data-dir', file, ...free]);
    assert.equal(outcome.stderr, `shoal: "${file}" is not a directory\nhint: choose another with --data-dir\n`);
    assert.equal(outcome.code, 1);
  });

  it('refuses bad options with a hint', () => {
    for (const [args, message] of [
      [['--foo'], "unknown option '--foo'"],
      [['extra'], "unexpected argument 'extra'"],
      [['--front-ends', '0'], '--front-ends wants a number from 1 to 64, not "0"'],
      [['--listen', 'here'], '--listen wants HOST:PORT, not "here"'],
      [['--tls-cert', 'x'], '--tls-cert and --tls-key go together'],
    ] as const) {
      assert.throws(
        () => readStartOptions(args),
        (error: Error) => {
          assert.ok(error instanceof CliError);
          assert.equal(error.exitCode, 2);
          assert.ok(error.message.startsWith(message), error.message);
          return true;
        },
      );
    }
  });

  const configured = (settings: [string, string][], more: Partial<ConfigurationOptions> = {}): NodeConfiguration =>
    new ConfigurationSource({
      dataDirectory: directory,
      listenHost: '127.0.0.1',
      rules: [],
      rulesFile: undefined,
      settings: new Map(settings),
      hasFirstPassword: false,
      log: () => undefined,
      ...more,
    }).load();

  it('refuses a certificate that is none', () => {
    const file = join(directory, 'cert.pem');
    writeFileSync(file, 'no certificate');
    const options = readStartOptions(['--tls-cert', file, '--tls-key', file]);
    assert.throws(() => configured([...(options?.settings ?? [])]), /are no certificate and its key in PEM/);
    assert.throws(() => configured([['ssl', 'on']]), /cannot read .*server\.crt/);
  });

  it('wants rules where others than this machine can connect', () => {
    assert.equal(configured([]).hostRules.rules[0]?.method, 'trust');
    assert.throws(() => configured([], { listenHost: '0.0.0.0' }), /listening on 0\.0\.0\.0 wants rules about who may come in/);
    assert.equal(configured([], { listenHost: '0.0.0.0', hasFirstPassword: true }).hostRules.rules[0]?.method, 'scram-sha-256');
    assert.equal(configured([], { listenHost: '0.0.0.0', rules: ['trust'] }).hostRules.rules[0]?.method, 'trust');
    assert.throws(() => configured([], { rules: ['host all all all nonsense'] }), /line 1: invalid authentication method "nonsense"/);
    assert.throws(() => configured([], { rules: ['hostssl all all all cert'] }), /root certificate store/);
    assert.throws(() => configured([['work_mem', 'much']]), /--set: invalid value for parameter "work_mem": "much"/);
  });

  it('reads addresses', () => {
    assert.deepEqual(parseAddress('127.0.0.1:5432', '--listen'), { host: '127.0.0.1', port: 5432 });
    assert.deepEqual(parseAddress('[::1]:0', '--listen'), { host: '::1', port: 0 });
    assert.deepEqual(parseAddress(':5432', '--listen'), { host: '0.0.0.0', port: 5432 });
    assert.deepEqual(parseAddress('5432', '--listen'), { host: '127.0.0.1', port: 5432 });
    assert.equal(formatAddress({ host: '::1', port: 1 }), '[::1]:1');
    assert.ok(isLoopback('localhost') && isLoopback('127.0.0.9') && !isLoopback('0.0.0.0') && !isLoopback('127.evil.example'));
  });

  it('describes failures of the parts in one line and a hint', () => {
    assert.deepEqual(describeFailure(new PgError('F0001', 'the data directory is in use', { hint: 'Is another one running?' })), [
      'shoal: the data directory is in use',
      'hint: Is another one running?',
    ]);
    assert.deepEqual(describeFailure(Object.assign(new Error('dlopen'), { code: 'ERR_DLOPEN_FAILED' })), [
      'shoal: the SQLite binding is missing or was built for another Node.js',
      'hint: run `npm run build`',
    ]);
  });
});
