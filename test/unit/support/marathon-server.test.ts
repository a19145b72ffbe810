/** The Marathon of our tests against what Marathon's documentation shows: requests and answers of its examples. */
import assert from 'node:assert/strict';
import { MarathonServer, type MarathonServerOptions } from '../../support/marathon-server.js';

interface Got {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly deploymentId: string | null;
}

describe('the Marathon of the tests', () => {
  let server: MarathonServer;
  const start = async (options: MarathonServerOptions = {}): Promise<void> => {
    server = await MarathonServer.start(options);
  };
  afterEach(async () => {
    await server.stop();
  });
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Got> => {
    const response = await fetch(server.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as Record<string, unknown>) : { text };
    return { status: response.status, body: parsed, deploymentId: response.headers.get('marathon-deployment-id') };
  };
  /** Looks again and again until it holds. */
  const eventually = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const app = { id: 'my-app', cmd: 'env > $ENV_FILE; exec sleep 100', instances: 2, cpus: 0.5, mem: 32, ports: [0, 0], env: { ENV_FILE: '/dev/null' } };
  const deploymentsGone = async (): Promise<boolean> => Object.keys((await call('GET', '/v2/deployments')).body).length === 0;

  it('creates, shows and refuses applications', async () => {
    await start();
    const created = await call('POST', '/v2/apps', app);
    assert.equal(created.status, 201);
    assert.equal(created.body['id'], '/my-app');
    assert.deepEqual(await call('POST', '/v2/apps', app).then(({ status, body }) => [status, body]), [
      409,
      { message: 'An app with id [/my-app] already exists.' },
    ]);
    assert.deepEqual((await call('GET', '/v2/apps/not_existent')).body, { message: "App '/not_existent' does not exist" });
    assert.equal((await call('POST', '/v2/apps', '{')).status, 400);
    assert.deepEqual((await call('PUT', '/v2/apps/my-app', { instances: -1 })).status, 422);
    await eventually(deploymentsGone);
    const shown = (await call('GET', '/v2/apps//my-app?embed=app.tasks&embed=app.counts&embed=app.deployments')).body['app'] as Record<string, unknown>;
    assert.deepEqual([shown['instances'], shown['tasksRunning'], shown['tasksStaged'], shown['deployments']], [2, 2, 0, []]);
    const [task] = shown['tasks'] as { appId: string; host: string; ports: number[]; state: string; startedAt: string }[];
    assert.ok(task !== undefined);
    assert.deepEqual([task.appId, task.ports.length, task.state], ['/my-app', 2, 'TASK_RUNNING']);
    assert.match(task.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const plain = (await call('GET', '/v2/apps/my-app')).body['app'] as Record<string, unknown>;
    assert.equal(plain['tasks'], undefined, 'tasks are embedded on demand only');
  });

  it('locks an application while a deployment runs, and lets force break it off', async () => {
    await start({ cpus: 1 });
    await call('POST', '/v2/apps', app);
    await eventually(deploymentsGone);
    const scaled = await call('PUT', '/v2/apps/my-app', { instances: 5 });
    assert.equal(scaled.status, 200);
    assert.equal(scaled.body['deploymentId'], scaled.deploymentId);
    assert.equal(typeof scaled.body['version'], 'string');
    const refused = await call('PUT', '/v2/apps/my-app', { instances: 3 });
    assert.equal(refused.status, 409);
    assert.deepEqual(refused.body, {
      message: "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
      deployments: [{ id: scaled.deploymentId }],
    });
    const [deployment] = (await call('GET', '/v2/deployments')).body as unknown as Record<string, unknown>[];
    assert.deepEqual(
      { ...deployment, version: '' },
      {
        id: scaled.deploymentId,
        version: '',
        affectedApps: ['/my-app'],
        steps: [{ actions: [{ action: 'ScaleApplication', app: '/my-app' }] }],
        currentActions: [{ action: 'ScaleApplication', app: '/my-app' }],
        currentStep: 1,
        totalSteps: 1,
      },
    );
    await eventually(async () => (((await call('GET', '/v2/queue')).body['queue'] as { count: number }[])[0]?.count ?? 0) === 3);
    const [waiting] = (await call('GET', '/v2/queue')).body['queue'] as {
      app: { id: string };
      delay: object;
      processedOffersSummary: Record<string, unknown>;
    }[];
    assert.equal(waiting?.app.id, '/my-app');
    assert.deepEqual(waiting.delay, { timeLeftSeconds: 0, overdue: true });
    const reasons = waiting.processedOffersSummary['rejectSummaryLastOffers'] as { reason: string; declined: number }[];
    assert.ok(reasons.some(({ reason, declined }) => reason === 'InsufficientCpus' && declined > 0));
    assert.equal((await call('PUT', '/v2/apps/my-app?force=true', { instances: 1 })).status, 200);
    await eventually(deploymentsGone);
  });

  it('kills tasks by name and scales down by them', async () => {
    await start();
    await call('POST', '/v2/apps', { ...app, instances: 3 });
    await eventually(deploymentsGone);
    const ids = async (): Promise<string[]> =>
      ((await call('GET', '/v2/apps/my-app?embed=app.tasks')).body['app'] as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
    const [first = '', second = '', third = ''] = await ids();
    assert.deepEqual((await call('POST', '/v2/tasks/delete', { ids: ['not_known'] })).body, { message: 'Invalid task id not_known' });
    const deleted = await call('POST', '/v2/tasks/delete?scale=true', { ids: [second] });
    assert.equal(typeof deleted.body['deploymentId'], 'string');
    await eventually(deploymentsGone);
    assert.deepEqual(await ids(), [first, third]);
    assert.equal((await call('DELETE', `/v2/apps/my-app/tasks/${first}?scale=true`)).status, 200);
    await eventually(deploymentsGone);
    assert.deepEqual(await ids(), [third]);
    assert.deepEqual((await call('DELETE', '/v2/apps/my-app/tasks/gone?scale=true')).status, 404);
  });

  it('reverts deployments, and knows which are not there', async () => {
    await start({ cpus: 1 });
    await call('POST', '/v2/apps', { ...app, instances: 1 });
    await eventually(deploymentsGone);
    const { deploymentId } = await call('PUT', '/v2/apps/my-app', { instances: 9 });
    const reverted = await call('DELETE', `/v2/deployments/${deploymentId}`);
    assert.equal(reverted.status, 200);
    assert.notEqual(reverted.body['deploymentId'], deploymentId);
    await eventually(deploymentsGone);
    assert.equal(((await call('GET', '/v2/apps/my-app')).body['app'] as { instances: number }).instances, 1);
    assert.deepEqual((await call('DELETE', '/v2/deployments/unknown_deployment')).body, { message: 'DeploymentPlan unknown_deployment does not exist' });
  });

  it('sends events, filtered by type, and wants the Accept header', async () => {
    await start();
    assert.equal((await call('GET', '/v2/events')).status, 405);
    const response = await fetch(`${server.url}/v2/events?event_type=deployment_success`, { headers: { accept: 'text/event-stream' } });
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    const { deploymentId } = await call('POST', '/v2/apps', app);
    let text = '';
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.includes('}')) break;
    }
    const [, event, data = ''] = /event: (\w+)\r\ndata: (.*)\r\n/.exec(text) ?? [];
    assert.equal(event, 'deployment_success');
    assert.equal((JSON.parse(data) as { id: string }).id, deploymentId);
    assert.ok(!text.includes('status_update_event'));
  });

  it('asks for the password, and says when there is no leader', async () => {
    await start({ credentials: 'shoal:secret' });
    assert.deepEqual((await call('GET', '/v2/apps')).body, { message: 'Invalid username or password.' });
    const headers = { authorization: `Basic ${Buffer.from('shoal:secret').toString('base64')}` };
    assert.equal((await call('GET', '/v2/info', undefined, headers)).body['name'], 'marathon');
    server.isLeaderless = true;
    assert.deepEqual(await call('GET', '/v2/leader', undefined, headers).then(({ status, body }) => [status, body]), [404, { message: 'There is no leader' }]);
    assert.equal((await call('GET', '/v2/apps', undefined, headers)).status, 503);
    assert.equal((await call('GET', '/ping')).body['text'], 'pong');
  });

  it('gives tasks the environment that Marathon documents, and delays those that fail', async () => {
    await start();
    const cmd = `[ "$MARATHON_APP_ID" = /env ] && [ "$PORT" = "$PORT0" ] && [ "$PORTS" = "$PORT0,$PORT1" ] && [ "$PORT_HTTP" = "$PORT1" ] &&
      [ "$HOST" = 127.0.0.1 ] && [ "$MARATHON_APP_LABEL_SHOAL_QSF" = 100 ] && [ -n "$MESOS_TASK_ID" ] && [ "$OWN" = x ] && exec sleep 100; exit 3`;
    const portDefinitions = [
      { port: 0, name: 'pg' },
      { port: 0, name: 'http' },
    ];
    await call('POST', '/v2/apps', { id: '/env', cmd, portDefinitions, labels: { 'shoal.qsf': '100' }, env: { OWN: 'x' }, instances: 1 });
    await eventually(deploymentsGone);
    await call('POST', '/v2/apps', { id: '/bad', cmd: 'exit 1', instances: 1, backoffSeconds: 60 });
    type Queue = { readonly app: { readonly id: string }; readonly delay: { readonly overdue: boolean; readonly timeLeftSeconds: number } }[];
    const delay = async (): Promise<Queue[number]['delay'] | undefined> =>
      ((await call('GET', '/v2/queue')).body['queue'] as Queue).find((one) => one.app.id === '/bad')?.delay;
    await eventually(async () => (await delay())?.overdue === false);
    assert.ok(((await delay())?.timeLeftSeconds ?? 0) > 50);
    assert.equal((await call('DELETE', '/v2/queue//bad/delay')).status, 200);
    assert.equal((await call('DELETE', '/v2/queue//env/delay')).status, 404);
  });

  it('is 0.8.1 when asked to be: no event stream, tasks always embedded and without state, kill and scale without a deployment, steps as lists', async () => {
    await start({ version: '0.8.1', cpus: 1 });
    await call('POST', '/v2/apps', app);
    await eventually(deploymentsGone);
    await call('PUT', '/v2/apps/my-app', { instances: 3 });
    const [deployment] = (await call('GET', '/v2/deployments')).body as unknown as { steps: unknown }[];
    assert.deepEqual(deployment?.steps, [[{ action: 'ScaleApplication', app: '/my-app' }]]);
    await call('PUT', '/v2/apps/my-app?force=true', { instances: 2 });
    await eventually(deploymentsGone);
    assert.equal((await fetch(`${server.url}/v2/events`, { headers: { accept: 'text/event-stream' } })).status, 404);
    const shown = (await call('GET', '/v2/apps/my-app')).body['app'] as { tasks: Record<string, unknown>[]; tasksHealthy?: number };
    assert.deepEqual([shown.tasks.length, shown.tasks[0]?.['state'], shown.tasksHealthy], [2, undefined, undefined]);
    await call('POST', '/v2/tasks/delete?scale=true', { ids: [shown.tasks[0]?.['id']] });
    assert.ok(await deploymentsGone());
    assert.equal(((await call('GET', '/v2/apps/my-app')).body['app'] as { instances: number }).instances, 1);
    const scaled = await call('PUT', '/v2/apps/my-app', { instances: 2 });
    assert.deepEqual([scaled.deploymentId, typeof scaled.body['deploymentId']], [null, 'string']);
  });
});
