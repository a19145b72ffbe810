import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MarathonServer } from '../../support/marathon-server.js';
import { shoalCommand } from '../../support/shoal-command.js';

describe('shoal scaler', function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-scaler-cli-'));
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it('tells what it would do: 950 MB under query are ten nodes, and 95 MB at a QSF of 10', async () => {
    for (const demand of [
      ['--demand', '950'],
      ['--demand', '95', '--qsf', '10'],
    ]) {
      const { status, stderr, stdout } = await shoalCommand(['scaler', '--once', '--dry-run', '--dir', directory, ...demand]);
      assert.equal(status, 0, stderr);
      assert.equal(stderr.split('\n').filter((line) => line.endsWith('would ask for 10 nodes')).length, 1, stderr);
      assert.equal(stdout, '');
    }
    assert.deepEqual(readdirSync(directory), ['nodes.json'], 'nothing was started');
  });

  it('keeps to its limits, and changes a Marathon that it is told of', async () => {
    const marathon = await MarathonServer.start();
    try {
      await fetch(`${marathon.url}/v2/apps`, {
        method: 'POST',
        body: JSON.stringify({ id: '/shoal/node', cmd: 'exec sleep 100', instances: 1, ports: [0, 0] }),
      });
      const { status, stderr } = await shoalCommand(['scaler', '--once', '--marathon', marathon.url, '--demand', '5000', '--max', '4']);
      assert.equal(status, 0, stderr);
      assert.equal(marathon.apps.get('/shoal/node')?.definition.instances, 4);
    } finally {
      await marathon.stop();
    }
  });

  it('refuses what cannot be, with a hint', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    for (const [args, message] of [
      [['--driver', 'nomad'], 'shoal: there is no driver "nomad"\nhint: there are marathon, kubernetes and local\n'],
      [['--min', '5', '--max', '2'], 'shoal: --max (2) must not be less than --min (5)\n'],
      [['--driver', 'marathon'], 'shoal: the driver marathon wants its address\nhint: say --marathon http://HOST:8080\n'],
      [['--marathon', 'here'], 'shoal: --marathon wants an http:// or https:// address, not "here"\n'],
      [['--workload', 'x', '--kubernetes', 'http://h'], 'shoal: --workload wants statefulset/NAME or deployment/NAME\n'],
      [['--cooldown', 'soon'], '--cooldown wants a number from 0 to 1000000, not "soon"\n'],
      [['--marathon', 'http://h', '--', '--qsf', '1'], 'options of the nodes are for the driver local'],
      [['--http', `127.0.0.1:${port}`, '--dir', directory], `shoal: cannot listen on 127.0.0.1:${port}: `],
    ] as const) {
      const { status, stderr } = await shoalCommand(['scaler', ...args]);
      assert.notEqual(status, 0);
      assert.ok(stderr.includes(message), stderr);
      assert.ok(!stderr.includes('    at '), stderr);
    }
    taken.close();
  });
});
