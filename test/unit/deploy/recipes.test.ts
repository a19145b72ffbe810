/** The recipes of deploy/: they are well-formed, the options that they use are there, and the tools that they are for take them (those that are installed). */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStartOptions } from '../../../src/cli/start.js';
import { MarathonServer } from '../../support/marathon-server.js';
import { run } from '../../support/process.js';
import { shoalCommand } from '../../support/shoal-command.js';

const deploy = fileURLToPath(new URL('../../../deploy', import.meta.url));
const { loadAll } = createRequire(import.meta.url)('js-yaml') as { readonly loadAll: (text: string) => unknown[] };

function text(...path: readonly string[]): string {
  return readFileSync(join(deploy, ...path), 'utf8');
}

function found(...candidates: readonly string[]): string | undefined {
  return candidates.find((path) => existsSync(path));
}

/** Some part of a document, by keys. */
function part(document: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], document);
}

/** What a shell makes of a line, as far as recipes go. */
function words(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== '');
}

describe('the recipes of deploy/', function () {
  this.timeout(60_000);
  /** Every argument list of `shoal start` and `shoal scaler` in the recipes. */
  const commands: { readonly where: string; readonly args: readonly string[] }[] = [];
  const take = (where: string, args: readonly string[]): void => {
    const begin = args.findIndex((word) => word === 'start' || word === 'scaler');
    assert.ok(begin >= 0, `${where}: ${args.join(' ')}`);
    commands.push({ where, args: args.slice(begin) });
  };
  let kubernetes: unknown[];

  before(() => {
    const [compose] = loadAll(text('docker', 'compose.yaml'));
    take('compose.yaml', part(compose, 'services', 'node', 'command') as string[]);
    kubernetes = ['nodes.yaml', 'scaler.yaml'].flatMap((file) => loadAll(text('kubernetes', file)));
    for (const document of kubernetes) {
      const args = part(document, 'spec', 'template', 'spec', 'containers', 0, 'args');
      if (args !== undefined) take('kubernetes', args as string[]);
    }
    for (const file of ['node.json', 'scaler.json']) take(file, words(part(JSON.parse(text('marathon', file)), 'cmd') as string));
    for (const [unit, environment] of [
      ['shoal', 'node'],
      ['shoal-scaler', 'scaler'],
    ] as const) {
      const line = /^ExecStart=(.*)$/m.exec(text('systemd', `${unit}.service`))?.[1] ?? '';
      const options = /^SHOAL_(?:SCALER_)?OPTIONS=(.*)$/m.exec(text('systemd', `${environment}.env.example`))?.[1] ?? '';
      take(
        unit,
        words(
          line
            .replace(/\$SHOAL_\w*OPTIONS/, options)
            .replaceAll('${SHOAL_LISTEN}', '0.0.0.0:5432')
            .replaceAll('${SHOAL_HTTP}', '0.0.0.0:8432'),
        ),
      );
    }
    take('Dockerfile', JSON.parse(/^CMD (\[.*\])$/m.exec(text('docker', 'Dockerfile').replace(/HEALTHCHECK[^\n]*\n[^\n]*\n/, ''))?.[1] ?? '[]') as string[]);
  });

  it('start nodes with options that there are', () => {
    const starts = commands.filter(({ args }) => args[0] === 'start');
    assert.equal(starts.length, 5);
    for (const { where, args } of starts) {
      const filled = args.slice(1).map((word) =>
        word
          .replace(/\$PORT\d/, '31000')
          .replace('$SHOAL_CLUSTER', 'etcd://h:2379')
          .replace(/\$\w+|\$\(\w+\)/g, '100'),
      );
      assert.ok(readStartOptions(filled) !== undefined, where);
    }
  });

  it('start scalers with options that there are', async () => {
    const { stdout: help } = await shoalCommand(['scaler', '--help']);
    const scalers = commands.filter(({ args }) => args[0] === 'scaler');
    assert.equal(scalers.length, 3);
    for (const { where, args } of scalers) {
      for (const word of args) if (word.startsWith('--')) assert.ok(help.includes(`${word.replace(/=.*/, '')} `), `${where}: ${word}`);
    }
  });

  it('Marathon takes its applications', async () => {
    const server = await MarathonServer.start({ cpus: 0 });
    try {
      for (const file of ['node.json', 'scaler.json']) {
        const created = await fetch(`${server.url}/v2/apps`, { method: 'POST', body: text('marathon', file) });
        assert.equal(created.status, 201, await created.text());
      }
    } finally {
      await server.stop();
    }
  });

  it('Kubernetes: selectors find their pods, accounts and services are there, the scaler has the rights that it uses', () => {
    const named = (kind: string, name: string): unknown => kubernetes.find((one) => part(one, 'kind') === kind && part(one, 'metadata', 'name') === name);
    for (const document of kubernetes) {
      const kind = part(document, 'kind');
      if (kind === 'StatefulSet' || kind === 'Deployment')
        assert.deepEqual(part(document, 'spec', 'selector', 'matchLabels'), part(document, 'spec', 'template', 'metadata', 'labels'));
      if (kind === 'Service')
        assert.deepEqual(part(document, 'spec', 'selector'), part(named('StatefulSet', 'shoal'), 'spec', 'template', 'metadata', 'labels'));
    }
    assert.ok(named('Service', part(named('StatefulSet', 'shoal'), 'spec', 'serviceName') as string) !== undefined);
    assert.ok(named('ServiceAccount', part(named('Deployment', 'shoal-scaler'), 'spec', 'template', 'spec', 'serviceAccountName') as string) !== undefined);
    const rules = part(named('Role', 'shoal-scaler'), 'rules') as { readonly resources: string[]; readonly verbs: string[] }[];
    assert.deepEqual(rules.find(({ resources }) => resources.includes('statefulsets/scale'))?.verbs, ['get', 'patch']);
    assert.deepEqual(rules.find(({ resources }) => resources.includes('pods'))?.verbs, ['get', 'list', 'watch']);
  });

  it('HAProxy takes its configuration', async function () {
    const haproxy = found('/usr/sbin/haproxy', '/usr/local/sbin/haproxy');
    if (haproxy === undefined) return this.skip();
    const env = { ...process.env, SHOAL_NODES: 'nodes.example', SHOAL_DNS: '127.0.0.1:53' };
    const { status, stderr } = await run(haproxy, ['-c', '-f', join(deploy, 'haproxy', 'haproxy.cfg')], { env });
    assert.equal(status, 0, stderr);
  });

  it('systemd finds nothing wrong with the units', async function () {
    const analyze = found('/usr/bin/systemd-analyze');
    if (analyze === undefined) return this.skip();
    const units = readdirSync(join(deploy, 'systemd')).filter((name) => name.endsWith('.service'));
    const { stderr } = await run(analyze, ['verify', ...units.map((unit) => join(deploy, 'systemd', unit))]);
    const complaints = stderr.split('\n').filter((line) => line.includes('shoal') && !line.includes('is not executable'));
    assert.deepEqual(complaints, []);
  });

  it('Ansible understands the playbook', async function () {
    const ansible = found('/usr/bin/ansible-playbook', '/usr/local/bin/ansible-playbook');
    if (ansible === undefined) return this.skip();
    const files = [join(deploy, 'ansible', 'inventory.example.yaml'), join(deploy, 'ansible', 'playbook.yaml')];
    const { status, stderr } = await run(ansible, ['--syntax-check', '-i', ...files]);
    assert.equal(status, 0, stderr);
  });
});
