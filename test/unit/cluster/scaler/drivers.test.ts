/** The scaler with its drivers, against a Marathon and a Kubernetes that launch real processes. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { queryDemand } from '../../../../src/cluster/scaler/demand.js';
import type { ScalingDriver } from '../../../../src/cluster/scaler/driver.js';
import { KubernetesDriver } from '../../../../src/cluster/scaler/drivers/kubernetes.js';
import { MarathonDriver } from '../../../../src/cluster/scaler/drivers/marathon.js';
import { SoleLeadership } from '../../../../src/cluster/scaler/leadership.js';
import { defaultScalerSettings, type ScalerSettings } from '../../../../src/cluster/scaler/machine.js';
import { HttpNodeDrainer } from '../../../../src/cluster/scaler/node-drainer.js';
import { Scaler, type ScalerStatus } from '../../../../src/cluster/scaler/scaler.js';
import { KubernetesServer } from '../../../support/kubernetes-server.js';
import { MarathonServer, type MarathonServerOptions } from '../../../support/marathon-server.js';
import { freePort } from '../../../support/ports.js';

const stub = fileURLToPath(new URL('../../../support/fixtures/node-stub.mjs', import.meta.url));
const fast: ScalerSettings = {
  ...defaultScalerSettings,
  cooldownMs: 600,
  pollMs: 2000,
  busyPollMs: 100,
  stuckMs: 1500,
  drainLimitMs: 10_000,
  backoffFirstMs: 50,
  backoffMaxMs: 400,
};

const healthy = ({ observation }: ScalerStatus): number => observation?.tasks.filter(({ state }) => state === 'healthy').length ?? 0;
const isSettledAt =
  (nodes: number) =>
  (status: ScalerStatus): boolean =>
    status.observation?.instances === nodes &&
    healthy(status) === nodes &&
    status.observation.tasks.length === nodes &&
    status.observation.deployments.length === 0;

describe('the scaler with its drivers', function () {
  this.timeout(40_000);
  const lines: string[] = [];
  const joined: string[] = [];
  let scaler: Scaler;
  const run = (driver: ScalingDriver, settings: Partial<ScalerSettings> = {}): Scaler => {
    lines.length = joined.length = 0;
    scaler = new Scaler({
      driver,
      drainer: new HttpNodeDrainer(undefined),
      leadership: new SoleLeadership(),
      settings: { ...fast, ...settings },
      log: (line) => lines.push(line),
      nodeJoined: ({ id }) => joined.push(id),
    });
    scaler.start();
    return scaler;
  };
  const queryEnds = (): void => {
    scaler.report({ source: 'test', nodes: 0, peak: 0, lifetimeMs: 0 });
  };
  /** A query over so many megabytes has come and gone, or goes on. */
  const query = (megabytes: number, lifetimeMs = 0): void => {
    const { nodes } = queryDemand(megabytes * 1e6, 100);
    scaler.report({ source: 'test', nodes: lifetimeMs === 0 ? 0 : nodes, peak: nodes, lifetimeMs });
  };

  describe('marathon', () => {
    let server: MarathonServer;
    const start = async (options: MarathonServerOptions = {}, drainMs = 150): Promise<MarathonDriver> => {
      server = await MarathonServer.start(options);
      const headers = options.credentials === undefined ? {} : { authorization: `Basic ${Buffer.from(options.credentials).toString('base64')}` };
      const definition = {
        id: '/shoal/node',
        cmd: `exec ${process.execPath} ${stub} $HOST $PORT1 0 ${String(drainMs)}`,
        instances: 1,
        cpus: 1,
        ports: [0, 0],
        healthChecks: [{ protocol: 'HTTP', path: '/health', portIndex: 1, intervalSeconds: 0.05, gracePeriodSeconds: 10 }],
      };
      const created = await fetch(`${server.url}/v2/apps`, { method: 'POST', headers, body: JSON.stringify(definition) });
      assert.equal(created.status, 201);
      const url = options.credentials === undefined ? server.url : server.url.replace('://', `://${options.credentials}@`);
      // (Of several addresses the first is not there.)
      return new MarathonDriver({ urls: [`http://127.0.0.1:${String(await freePort())}`, url], app: 'shoal/node', httpPortIndex: 1 });
    };
    const changes = (): string[] => server.requests.filter((request) => /^(PUT|POST|DELETE|PATCH)/.test(request) && request !== 'POST /v2/apps');
    const ids = (): string[] => (server.apps.get('/shoal/node')?.tasks ?? []).filter(({ state }) => state !== 'TASK_KILLING').map(({ id }) => id);
    afterEach(async () => {
      await scaler.close();
      await server.stop();
    });

    for (const version of ['1.9.136', '0.8.1'] as const) {
      it(`${version}: 950 MB under query are ten nodes; after the cooldown the youngest are drained and deleted by name`, async () => {
        run(await start({ version, credentials: 'shoal:secret' }));
        await scaler.until(isSettledAt(1));
        const [first] = ids();
        query(950, 30_000);
        await scaler.until(isSettledAt(10));
        queryEnds();
        assert.ok(new Set(joined).size >= 9, 'each node that joins is told of');
        await scaler.until(isSettledAt(1));
        assert.deepEqual(ids(), [first], 'the oldest is left');
        assert.equal(changes()[0], 'PUT /v2/apps/shoal/node');
        assert.ok(
          changes()
            .slice(1)
            .every((request) => request === 'POST /v2/tasks/delete?scale=true'),
          changes().join('\n'),
        );
        assert.equal(scaler.status.counts['command_setInstances'], 1);
        assert.ok(version === '0.8.1' ? lines.some((line) => line.includes('no events')) : !lines.some((line) => line.includes('events')), lines.join('\n'));
      });
    }

    it('takes the demands of a window together', async () => {
      run(await start(), { cooldownMs: 20_000 });
      await scaler.until(isSettledAt(1));
      for (const megabytes of [150, 420, 310]) query(megabytes);
      await scaler.until(isSettledAt(5));
      assert.deepEqual(changes(), ['PUT /v2/apps/shoal/node']);
    });

    it('waits for a deployment that locks the application, and never forces one that moves', async () => {
      const driver = await start();
      run(driver, { cooldownMs: 20_000, stuckMs: 60_000 });
      await scaler.until(isSettledAt(1));
      await fetch(`${server.url}/v2/apps/shoal/node`, { method: 'PUT', body: '{"instances": 3}' });
      query(600);
      await scaler.until(isSettledAt(6));
      assert.ok(changes().every((request) => !request.includes('force')));
    });

    it('tells why nodes do not come, and breaks a deployment without progress off once fewer are wanted', async () => {
      run(await start({ cpus: 3 }));
      await scaler.until(isSettledAt(1));
      query(950);
      await scaler.until(({ observation }) => observation?.starved?.includes('InsufficientCpus') === true);
      assert.ok(
        changes().every((request) => !request.includes('force')),
        'more resources do not come by force',
      );
      await scaler.until(isSettledAt(1));
      assert.ok(
        changes().some((request) => request === 'PUT /v2/apps/shoal/node?force=true'),
        changes().join('\n'),
      );
    });

    it('outlives a Marathon that fails, has no leader, or cuts its events off', async () => {
      run(await start(), { cooldownMs: 20_000 });
      await scaler.until(isSettledAt(1));
      server.interfere = () => 500;
      query(300);
      await scaler.until(({ problem }) => problem?.includes('HTTP 500') === true);
      server.interfere = () => undefined;
      server.isLeaderless = true;
      server.cutStreams();
      await scaler.until(({ problem }) => problem?.includes('503') === true);
      server.isLeaderless = false;
      await scaler.until(isSettledAt(3));
      assert.equal(scaler.status.problem, undefined);
    });

    it('keeps nodes that are wanted again while they are being drained', async () => {
      run(await start({}, 30_000));
      await scaler.until(isSettledAt(1));
      query(300, 30_000);
      await scaler.until(isSettledAt(3));
      queryEnds();
      await scaler.until(({ observation }) => observation?.tasks.some(({ drain }) => drain === 'draining') === true);
      const before = ids();
      query(300, 30_000);
      await scaler.until((status) => status.observation?.tasks.every(({ drain }) => drain === 'serving') === true && isSettledAt(3)(status));
      assert.ok(ids().filter((id) => before.includes(id)).length >= 2, 'they were not started anew');
    });

    it('is taken over by another scaler in the middle of a drain', async () => {
      const driver = await start({}, 2000);
      run(driver, { cooldownMs: 300 });
      await scaler.until(isSettledAt(1));
      query(300, 30_000);
      await scaler.until(isSettledAt(3));
      queryEnds();
      await scaler.until(({ observation }) => observation?.tasks.some(({ drain }) => drain === 'draining') === true);
      await scaler.close();
      run(new MarathonDriver({ urls: [server.url], app: '/shoal/node', httpPortIndex: 1 }), { cooldownMs: 300 });
      await scaler.until(isSettledAt(1));
    });

    it('says what is wrong when the application or the password is', async () => {
      await start({ credentials: 'shoal:secret' });
      run(new MarathonDriver({ urls: [server.url], app: '/shoal/node', httpPortIndex: 1 }));
      await scaler.until(({ problem }) => problem?.includes('HTTP 401: Invalid username or password.') === true);
      await scaler.close();
      run(new MarathonDriver({ urls: [server.url.replace('://', '://shoal:secret@')], app: '/shoal/missing', httpPortIndex: 1 }));
      await scaler.until(({ problem }) => problem?.includes("App '/shoal/missing' does not exist") === true);
    });
  });

  describe('kubernetes', () => {
    let server: KubernetesServer;
    const start = async (kind: 'statefulset' | 'deployment', capacity = 100): Promise<KubernetesDriver> => {
      const httpPort = await freePort();
      const options = { kind, name: 'shoal', namespace: 'data', httpPort, token: 'secret', capacity } as const;
      server = await KubernetesServer.start({ ...options, command: `${process.execPath} ${stub} $POD_IP $HTTP_PORT 100` });
      return new KubernetesDriver({
        urls: [server.url],
        namespace: 'data',
        workload: { kind, name: 'shoal' },
        httpPort,
        credentials: { kind: 'token', token: 'secret' },
      });
    };
    afterEach(async () => {
      await scaler.close();
      await server.stop();
    });

    const living = (): string[] => server.pods.filter(({ deleting }) => !deleting).map(({ name }) => name);

    it('a StatefulSet: grows at once, gives up its highest ordinals once they are drained', async () => {
      run(await start('statefulset'));
      await scaler.until(isSettledAt(1));
      query(450, 30_000);
      await scaler.until(isSettledAt(5));
      queryEnds();
      await scaler.until(isSettledAt(1));
      assert.deepEqual(living(), ['shoal-0']);
    });

    it('a Deployment: those that were drained are marked to go first', async () => {
      run(await start('deployment'));
      await scaler.until(isSettledAt(1));
      const [first] = living();
      query(300, 30_000);
      await scaler.until(isSettledAt(3));
      queryEnds();
      await scaler.until(isSettledAt(1));
      assert.deepEqual(living(), [first]);
      assert.ok(server.requests.some((request) => request.startsWith('PATCH /api/v1/namespaces/data/pods/shoal-')));
    });

    it('does not overwrite what somebody else has changed meanwhile, and tells why pods wait', async () => {
      const driver = await start('statefulset', 2);
      await driver.observe();
      await fetch(`${server.url}/apis/apps/v1/namespaces/data/statefulsets/shoal/scale`, {
        method: 'PATCH',
        headers: { authorization: 'Bearer secret', 'content-type': 'application/merge-patch+json' },
        body: '{"spec":{"replicas":2}}',
      });
      assert.deepEqual(await driver.setInstances(1), { kind: 'outdated' });
      await driver.observe();
      assert.deepEqual(await driver.setInstances(4), { kind: 'done' });
      assert.match((await driver.observe()).starved ?? '', /shoal-[23]: 0\/1 nodes are available: 1 Insufficient cpu/);
      assert.deepEqual(await driver.remove(['shoal-0'], 3), { kind: 'outdated' }, 'only the highest ordinal can go');
      run(driver);
    });
  });
});
