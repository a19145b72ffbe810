/**
 * A Marathon after its published REST API (RAML and examples of 1.9, reference of 0.7 and 0.8, changelog), as far as applications go: create, read, scale, deployments that lock,
 * force, rollback, kill and scale, queue with delays and reject reasons, event stream, info, leader, basic authentication. It launches real processes (`/bin/sh -c cmd`) with the
 * environment that Marathon's "Task Environment Variables" lists, and asks their HTTP health checks. Versions: '0.8.1' and 1.x, which differ as the changelog says.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from './ports.js';
import { tie } from './process.js';

export interface MarathonServerOptions {
  readonly version?: '0.8.1' | '1.9.136';
  /** Of the one agent. */
  readonly cpus?: number;
  /** user:password; without, everybody may come in. */
  readonly credentials?: string;
}

interface HealthCheck {
  readonly protocol?: string;
  readonly path?: string;
  readonly portIndex?: number;
  readonly gracePeriodSeconds?: number;
  readonly intervalSeconds?: number;
  readonly maxConsecutiveFailures?: number;
}

export interface AppDefinition {
  readonly id: string;
  readonly cmd?: string;
  readonly cpus?: number;
  readonly mem?: number;
  readonly instances: number;
  readonly ports?: readonly number[];
  readonly portDefinitions?: readonly { readonly port: number; readonly name?: string }[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly healthChecks?: readonly HealthCheck[];
  readonly backoffSeconds?: number;
  readonly backoffFactor?: number;
  readonly maxLaunchDelaySeconds?: number;
  readonly taskKillGracePeriodSeconds?: number;
}

interface Task {
  readonly id: string;
  readonly ports: readonly number[];
  readonly stagedAt: string;
  startedAt: string | undefined;
  state: 'TASK_STAGING' | 'TASK_RUNNING' | 'TASK_KILLING';
  child: ChildProcess | undefined;
  alive: boolean | undefined;
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

interface App {
  definition: AppDefinition;
  version: string;
  tasks: Task[];
  failures: number;
  delayedUntil: number;
  declined: number;
}

interface Deployment {
  readonly id: string;
  readonly version: string;
  readonly app: string;
  readonly action: 'StartApplication' | 'ScaleApplication' | 'StopApplication';
  readonly instancesBefore: number;
}

const lockedMessage = "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.";

class Answer {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

function message(status: number, text: string): Answer {
  return new Answer(status, { message: text });
}

export class MarathonServer {
  readonly apps = new Map<string, App>();
  readonly deployments = new Map<string, Deployment>();
  /** Requests answered: method and path with query. */
  readonly requests: string[] = [];
  /** Asked before each request: a status to answer instead. */
  interfere: (method: string, path: string) => number | undefined = () => undefined;
  isLeaderless = false;
  readonly #streams = new Set<{ readonly response: ServerResponse; readonly types: readonly string[] }>();
  readonly #isOld: boolean;
  #closed = false;

  private constructor(
    private readonly server: Server,
    private readonly options: MarathonServerOptions,
  ) {
    this.#isOld = options.version === '0.8.1';
  }

  static async start(options: MarathonServerOptions = {}): Promise<MarathonServer> {
    const server = createServer();
    const started = new MarathonServer(server, options);
    server.on('request', (request, response) => void started.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Breaks all event streams off. */
  cutStreams(): void {
    for (const { response } of this.#streams) response.destroy();
    this.#streams.clear();
  }

  async stop(): Promise<void> {
    this.#closed = true;
    const gone = [...this.apps.values()].flatMap(({ tasks }) => tasks).map(async (task) => await this.#killed(task, 0));
    this.apps.clear();
    await Promise.all(gone);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  // ------------------------------------------------------------------------------------------------------------------ requests

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://server');
    const method = request.method ?? '';
    this.requests.push(`${method} ${request.url ?? ''}`);
    const text = Buffer.concat(chunks).toString();
    let answer: Answer | undefined;
    try {
      const interference = this.interfere(method, url.pathname);
      answer = interference === undefined ? await this.#route(request, response, method, url, text) : message(interference, 'interfered with');
    } catch (error) {
      answer = message(500, (error as Error).message);
    }
    if (answer === undefined) return; // An event stream.
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body === undefined ? '' : typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  }

  async #route(request: IncomingMessage, response: ServerResponse, method: string, url: URL, text: string): Promise<Answer | undefined> {
    const path = url.pathname.replace(/\/+/g, '/');
    if (method === 'GET' && path === '/ping') return new Answer(200, this.#isOld ? 'pong\n' : 'pong', { 'content-type': 'text/plain' });
    if (this.options.credentials !== undefined && request.headers.authorization !== `Basic ${Buffer.from(this.options.credentials).toString('base64')}`)
      return new Answer(401, { message: 'Invalid username or password.' }, { 'www-authenticate': 'Basic realm="Mesosphere"' });
    if (path === '/v2/leader') return this.isLeaderless ? message(404, 'There is no leader') : new Answer(200, { leader: new URL(this.url).host });
    if (this.isLeaderless) return message(503, 'Could not determine the current leader');
    if (path === '/v2/info') return this.#info();
    if (path === '/v2/events') return this.#events(request, response, url);
    if (path === '/v2/queue') return new Answer(200, { queue: this.#queue() });
    if (path === '/v2/deployments')
      return new Answer(
        200,
        [...this.deployments.values()].map((one) => this.#deploymentJson(one)),
      );
    const force = url.searchParams.get('force') === 'true';
    const scale = url.searchParams.get('scale') === 'true';
    let body: Record<string, unknown> = {};
    if (method === 'PUT' || method === 'POST' || method === 'PATCH') {
      try {
        body = JSON.parse(text) as Record<string, unknown>;
      } catch {
        return new Answer(400, { message: 'Invalid JSON', details: [{ path: '', errors: ['error.expected.jsobject'] }] });
      }
    }
    let match = /^\/v2\/deployments\/([^/]+)$/.exec(path);
    if (match !== null && method === 'DELETE') return this.#cancel(match[1] as string, force);
    match = /^\/v2\/queue\/(.+)\/delay$/.exec(path);
    if (match !== null && method === 'DELETE') return this.#resetDelay(`/${match[1] as string}`.replace(/^\/+/, '/'));
    if (path === '/v2/tasks/delete' && method === 'POST') return this.#deleteTasks((body['ids'] ?? []) as string[], scale, force);
    if (path === '/v2/apps' && method === 'POST') return await this.#create(body);
    if (path === '/v2/apps' && method === 'GET') return new Answer(200, { apps: [...this.apps.values()].map((app) => this.#appJson(app, url, 'apps')) });
    match = /^\/v2\/apps(\/.+?)\/tasks\/([^/]+)$/.exec(path);
    if (match !== null && method === 'DELETE') {
      const task = match[2] as string;
      if (this.apps.get(match[1] as string)?.tasks.some(({ id }) => id === task) !== true) return message(404, `Task '${task}' does not exist`);
      return this.#deleteTasks([task], scale, force);
    }
    match = /^\/v2\/apps(\/.+)$/.exec(path);
    if (match === null) return message(404, 'HTTP 404 Not Found');
    const id = match[1] as string;
    const app = this.apps.get(id);
    if (app === undefined) return method === 'PUT' ? await this.#create({ ...body, id }, true) : message(404, `App '${id}' does not exist`);
    switch (method) {
      case 'GET':
        return new Answer(200, { app: this.#appJson(app, url, 'app') });
      case 'PUT':
      case 'PATCH':
        return this.#update(app, body, force);
      case 'DELETE':
        return this.#locked(app, force) ?? this.#deploy(app, 'StopApplication', 0);
      default:
        return message(405, 'HTTP 405 Method Not Allowed');
    }
  }

  #info(): Answer {
    return new Answer(200, {
      name: 'marathon',
      version: this.options.version ?? '1.9.136',
      ...(this.#isOld ? {} : { elected: true }),
      leader: new URL(this.url).host,
      frameworkId: '80ba2050-bf0f-4472-a2f7-2636c4f7b8c8-0000',
      marathon_config: { ha: true, checkpoint: true, task_launch_timeout: 300_000 },
      http_config: { http_port: Number(new URL(this.url).port), https_port: 8443 },
    });
  }

  #invalid(body: Readonly<Record<string, unknown>>): Answer | undefined {
    const invalid = (path: string, error: string): Answer => new Answer(422, { message: 'Object is not valid', details: [{ path, errors: [error] }] });
    const { instances, id } = body;
    if (id !== undefined && typeof id !== 'string')
      return new Answer(400, { message: 'Invalid JSON', details: [{ path: '/id', errors: ['error.expected.jsstring'] }] });
    if (instances !== undefined && typeof instances !== 'number')
      return new Answer(400, { message: 'Invalid JSON', details: [{ path: '/instances', errors: ['error.expected.jsnumber'] }] });
    if (typeof instances === 'number' && (instances < 0 || !Number.isInteger(instances))) return invalid('/instances', 'got -1, expected 0 or more');
    return undefined;
  }

  async #create(body: Readonly<Record<string, unknown>>, byPut = false): Promise<Answer> {
    await Promise.resolve();
    const invalid = this.#invalid(body);
    if (invalid !== undefined) return invalid;
    const id = `/${String(body['id']).replace(/^\/+/, '')}`;
    if (this.apps.has(id)) return message(409, `An app with id [${id}] already exists.`);
    const definition = { cpus: 1, mem: 128, instances: 1, ...body, id } as AppDefinition;
    const app: App = { definition, version: new Date().toISOString(), tasks: [], failures: 0, delayedUntil: 0, declined: 0 };
    this.apps.set(id, app);
    const deployed = this.#deploy(app, 'StartApplication', definition.instances);
    if (byPut) return new Answer(201, deployed.body, deployed.headers);
    return new Answer(201, this.#appJson(app, new URL('http://x/?embed=app.deployments'), 'app'), deployed.headers);
  }

  #update(app: App, body: Readonly<Record<string, unknown>>, force: boolean): Answer {
    const invalid = this.#invalid(body) ?? this.#locked(app, force);
    if (invalid !== undefined) return invalid;
    const { instances } = app.definition;
    app.definition = { ...app.definition, ...body, id: app.definition.id };
    return this.#deploy(app, 'ScaleApplication', app.definition.instances, instances);
  }

  /** 409 as long as a deployment is under way; force cancels it. */
  #locked(app: App, force: boolean): Answer | undefined {
    const locks = [...this.deployments.values()].filter((one) => one.app === app.definition.id);
    if (locks.length === 0) return undefined;
    if (!force) return new Answer(409, { message: lockedMessage, deployments: locks.map(({ id }) => ({ id })) });
    for (const { id } of locks) {
      this.deployments.delete(id);
      this.#emit('deployment_failed', { id });
    }
    return undefined;
  }

  #deploy(app: App, action: Deployment['action'], instances: number, before = app.definition.instances): Answer {
    app.definition = { ...app.definition, instances };
    app.version = new Date().toISOString();
    const deployment: Deployment = { id: randomUUID(), version: app.version, app: app.definition.id, action, instancesBefore: before };
    this.deployments.set(deployment.id, deployment);
    this.#emit('deployment_info', { plan: { id: deployment.id, version: deployment.version }, currentStep: { actions: [{ action, app: deployment.app }] } });
    setImmediate(() => {
      this.#work(app);
    });
    return new Answer(200, { version: deployment.version, deploymentId: deployment.id }, this.#isOld ? {} : { 'marathon-deployment-id': deployment.id });
  }

  #cancel(id: string, force: boolean): Answer {
    const deployment = this.deployments.get(id);
    if (deployment === undefined) return message(404, `DeploymentPlan ${id} does not exist`);
    this.deployments.delete(id);
    this.#emit('deployment_failed', { id });
    if (force) return new Answer(202, undefined);
    const app = this.apps.get(deployment.app);
    return app === undefined ? new Answer(200, {}) : this.#deploy(app, 'ScaleApplication', deployment.instancesBefore);
  }

  #deleteTasks(ids: readonly string[], scale: boolean, force: boolean): Answer {
    const found = ids.map((id) => ({ id, app: [...this.apps.values()].find((app) => app.tasks.some((task) => task.id === id)) }));
    const unknown = found.find(({ app }) => app === undefined);
    if (unknown !== undefined) return message(400, `Invalid task id ${unknown.id}`);
    const apps = new Set(found.map(({ app }) => app as App));
    const killed = found.map(({ id, app }) => (app as App).tasks.find((task) => task.id === id) as Task);
    if (scale && !this.#isOld)
      for (const app of apps) {
        const locked = this.#locked(app, force);
        if (locked !== undefined) return locked;
      }
    let deployed = new Answer(200, { tasks: killed.map((task) => this.#taskJson('', task)) });
    for (const app of apps) {
      const own = killed.filter((task) => app.tasks.includes(task));
      if (scale) {
        const instances = Math.max(0, app.definition.instances - own.length);
        // 0.8.1: "the instances field of the affected apps will be adjusted", without a deployment.
        if (this.#isOld) app.definition = { ...app.definition, instances };
        else deployed = this.#deploy(app, 'ScaleApplication', instances);
      }
      for (const task of own) this.#kill(app, task);
    }
    return deployed;
  }

  #resetDelay(id: string): Answer {
    const app = this.apps.get(id);
    if (app === undefined || app.delayedUntil <= Date.now()) return message(404, `No delay for app ${id}`);
    app.delayedUntil = 0;
    this.#work(app);
    return new Answer(200, undefined);
  }

  // ------------------------------------------------------------------------------------------------------------------ what is shown

  #taskJson(appId: string, task: Task): object {
    return {
      ...(appId === '' ? {} : { appId }),
      id: task.id,
      host: '127.0.0.1',
      ports: task.ports,
      stagedAt: task.stagedAt,
      ...(task.startedAt === undefined ? {} : { startedAt: task.startedAt }),
      ...(this.#isOld ? {} : { state: task.state }),
      ...(task.alive === undefined ? {} : { healthCheckResults: [{ alive: task.alive, consecutiveFailures: task.failures, taskId: task.id }] }),
    };
  }

  #appJson(app: App, url: URL, prefix: 'app' | 'apps'): object {
    const { definition, tasks } = app;
    const embeds = url.searchParams.getAll('embed');
    const embeds_ = (what: string): boolean => this.#isOld || embeds.includes(`${prefix}.${what}`);
    const deployments = [...this.deployments.values()].filter((one) => one.app === definition.id).map(({ id }) => ({ id }));
    return {
      ...definition,
      version: app.version,
      tasksStaged: tasks.filter(({ state }) => state === 'TASK_STAGING').length,
      tasksRunning: tasks.filter(({ state }) => state === 'TASK_RUNNING').length,
      ...(this.#isOld
        ? {}
        : { tasksHealthy: tasks.filter(({ alive }) => alive === true).length, tasksUnhealthy: tasks.filter(({ alive }) => alive === false).length }),
      ...(embeds_('deployments') || embeds_('tasks') ? { deployments } : {}),
      ...(embeds_('tasks') && url.pathname !== '/' ? { tasks: tasks.map((task) => this.#taskJson(definition.id, task)) } : {}),
    };
  }

  #deploymentJson({ id, version, app, action }: Deployment): object {
    const step = [{ action, app }];
    return { id, version, affectedApps: [app], steps: [this.#isOld ? step : { actions: step }], currentActions: step, currentStep: 1, totalSteps: 1 };
  }

  #queue(): readonly object[] {
    return [...this.apps.values()].flatMap((app) => {
      const missing = app.definition.instances - app.tasks.length;
      if (missing <= 0) return [];
      const left = Math.max(0, Math.ceil((app.delayedUntil - Date.now()) / 1000));
      const delay = { timeLeftSeconds: left, overdue: left === 0 };
      const steps = [
        { reason: 'UnfulfilledRole', declined: 0, processed: app.declined },
        { reason: 'InsufficientCpus', declined: app.declined, processed: app.declined },
      ];
      return [
        {
          app: this.#appJson(app, new URL('http://x/'), 'app'),
          ...(this.#isOld
            ? {}
            : {
                count: missing,
                processedOffersSummary: { processedOffersCount: app.declined, unusedOffersCount: app.declined, rejectSummaryLastOffers: steps },
              }),
          delay: this.#isOld && left === 0 ? { overdue: true } : delay,
        },
      ];
    });
  }

  #events(request: IncomingMessage, response: ServerResponse, url: URL): Answer | undefined {
    if (this.#isOld) return message(404, 'HTTP 404 Not Found');
    if (request.headers.accept?.includes('text/event-stream') !== true)
      return new Answer(405, '<html><h2>HTTP ERROR: 405</h2></html>', { 'content-type': 'text/html' });
    response.writeHead(200, { 'content-type': 'text/event-stream;charset=UTF-8', 'cache-control': 'no-cache, no-store, must-revalidate', connection: 'close' });
    const stream = { response, types: url.searchParams.getAll('event_type') };
    this.#streams.add(stream);
    response.on('close', () => this.#streams.delete(stream));
    // (The filter holds for this event, too; a comment shows the client that it is connected.)
    response.write(':\r\n\r\n');
    this.#emit('event_stream_attached', { remoteAddress: '127.0.0.1' });
    return undefined;
  }

  #emit(eventType: string, fields: object): void {
    const data = JSON.stringify({ ...fields, eventType, timestamp: new Date().toISOString() });
    for (const { response, types } of this.#streams)
      if (types.length === 0 || types.includes(eventType)) response.write(`event: ${eventType}\r\ndata: ${data}\r\n\r\n`);
  }

  // ------------------------------------------------------------------------------------------------------------------ processes

  #usedCpus(): number {
    let used = 0;
    for (const { tasks, definition } of this.apps.values()) used += tasks.length * (definition.cpus ?? 1);
    return used;
  }

  /** Brings an application towards its number of instances. */
  #work(app: App): void {
    if (this.#closed) return;
    const { definition } = app;
    const living = app.tasks.filter(({ state }) => state !== 'TASK_KILLING');
    const surplus = living.length - definition.instances;
    // killSelection: YOUNGEST_FIRST
    if (surplus > 0) for (const task of living.slice(-surplus)) this.#kill(app, task);
    for (let missing = definition.instances - app.tasks.length; missing > 0; missing--) {
      if (app.delayedUntil > Date.now()) {
        setTimeout(() => {
          this.#work(app);
        }, app.delayedUntil - Date.now()).unref();
        break;
      }
      if (this.#usedCpus() + (definition.cpus ?? 1) > (this.options.cpus ?? 1000) + 1e-9) {
        app.declined++;
        setTimeout(() => {
          this.#work(app);
        }, 200).unref();
        break;
      }
      this.#launch(app).catch(() => undefined);
    }
    this.#finishDeployments(app);
  }

  #finishDeployments(app: App): void {
    const { definition, tasks } = app;
    const checked = (definition.healthChecks ?? []).length > 0;
    const isThere = tasks.length === definition.instances && tasks.every(({ state, alive }) => state === 'TASK_RUNNING' && (!checked || alive === true));
    if (!isThere) return;
    for (const deployment of this.deployments.values()) {
      if (deployment.app !== definition.id) continue;
      this.deployments.delete(deployment.id);
      if (deployment.action === 'StopApplication') this.apps.delete(definition.id);
      this.#emit('deployment_success', { id: deployment.id });
    }
  }

  async #launch(app: App): Promise<void> {
    const { definition, version } = app;
    const name = definition.id.slice(1).replaceAll('/', '_');
    const wanted = definition.portDefinitions ?? (definition.ports ?? [0]).map((port) => ({ port }));
    const ports: number[] = [];
    const task: Task = {
      ...{
        id: this.#isOld ? `${name}.${randomUUID()}` : `${name}.instance-${randomUUID()}._app.1`,
        ports,
        stagedAt: new Date().toISOString(),
        startedAt: undefined,
      },
      ...{ state: 'TASK_STAGING', child: undefined, alive: undefined, failures: 0, timer: undefined },
    };
    app.tasks.push(task);
    this.#status(app, task, 'TASK_STAGING');
    for (const _ of wanted) ports.push(await freePort());
    if (this.#closed || (task.state as string) === 'TASK_KILLING') {
      this.#gone(app, task, 'TASK_KILLED');
      return;
    }
    const env: Record<string, string> = {
      ...{ HOST: '127.0.0.1', PORT: String(ports[0] ?? ''), PORTS: ports.join(','), MESOS_TASK_ID: task.id, MESOS_SANDBOX: '/tmp' },
      ...{
        MARATHON_APP_ID: definition.id,
        MARATHON_APP_VERSION: version,
        MARATHON_APP_LABELS: Object.keys(definition.labels ?? {})
          .join(' ')
          .toUpperCase(),
      },
      ...{ MARATHON_APP_RESOURCE_CPUS: String(definition.cpus ?? 1), MARATHON_APP_RESOURCE_MEM: String(definition.mem ?? 128) },
    };
    for (const [at, port] of ports.entries()) {
      env[`PORT${String(at)}`] = String(port);
      const portName = definition.portDefinitions?.[at]?.name;
      if (portName !== undefined) env[`PORT_${portName.toUpperCase()}`] = String(port);
    }
    for (const [label, value] of Object.entries(definition.labels ?? {})) env[`MARATHON_APP_LABEL_${label.toUpperCase().replace(/[^A-Z0-9_]/g, '_')}`] = value;
    const child = spawn('/bin/sh', ['-c', definition.cmd ?? 'true'], { env: { ...process.env, ...env, ...definition.env }, stdio: 'ignore', detached: true });
    tie(child);
    task.child = child;
    [task.state, task.startedAt] = ['TASK_RUNNING', new Date().toISOString()];
    this.#status(app, task, 'TASK_RUNNING');
    child.on('exit', (code) => {
      this.#exited(app, task, code);
    });
    const [check] = definition.healthChecks ?? [];
    if (check !== undefined) this.#watchHealth(app, task, check);
    this.#work(app);
  }

  #exited(app: App, task: Task, code: number | null): void {
    const wasKilled = (task.state as string) === 'TASK_KILLING';
    if (!wasKilled) {
      const { backoffSeconds = 1, backoffFactor = 1.15, maxLaunchDelaySeconds = 3600 } = app.definition;
      app.delayedUntil = Date.now() + Math.min(maxLaunchDelaySeconds, backoffSeconds * backoffFactor ** app.failures++) * 1000;
    }
    this.#gone(app, task, wasKilled ? 'TASK_KILLED' : code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED');
  }

  #gone(app: App, task: Task, status: string): void {
    clearInterval(task.timer);
    app.tasks = app.tasks.filter((one) => one !== task);
    this.#status(app, task, status);
    this.#work(app);
  }

  #status(app: App, task: Task, taskStatus: string): void {
    this.#emit('status_update_event', {
      slaveId: 'S0',
      taskId: task.id,
      taskStatus,
      message: '',
      appId: app.definition.id,
      host: '127.0.0.1',
      ports: task.ports,
      version: app.version,
    });
  }

  #watchHealth(app: App, task: Task, check: HealthCheck): void {
    const began = Date.now();
    task.timer = setInterval(
      () => {
        const port = task.ports[check.portIndex ?? 0] ?? 0;
        fetch(`http://127.0.0.1:${String(port)}${check.path ?? '/'}`, { signal: AbortSignal.timeout(5000) })
          .then(async (response) => {
            await response.text();
            return response.status >= 200 && response.status < 400;
          })
          .catch(() => false)
          .then((alive) => {
            // Failures within the grace period are ignored until the task has been healthy once.
            if (!alive && task.alive === undefined && Date.now() - began < (check.gracePeriodSeconds ?? 300) * 1000) return;
            task.failures = alive ? 0 : task.failures + 1;
            if (alive !== task.alive) {
              task.alive = alive;
              this.#emit('health_status_changed_event', { appId: app.definition.id, taskId: task.id, version: app.version, alive });
              this.#finishDeployments(app);
            }
            if (!alive && task.failures >= (check.maxConsecutiveFailures ?? 3)) this.#kill(app, task);
          })
          .catch(() => undefined);
      },
      (check.intervalSeconds ?? 60) * 1000,
    );
    task.timer.unref();
  }

  #kill(app: App, task: Task): void {
    if (task.state === 'TASK_KILLING') return;
    const isStaging = task.child === undefined;
    task.state = 'TASK_KILLING';
    if (isStaging) return; // #launch sees it.
    void this.#killed(task, (app.definition.taskKillGracePeriodSeconds ?? 3) * 1000);
  }

  /** SIGTERM, and SIGKILL after the grace period: to the whole group, as Mesos does. */
  async #killed({ child, timer }: Task, graceMs: number): Promise<void> {
    clearInterval(timer);
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const { pid } = child;
    const signal = (name: NodeJS.Signals): void => {
      try {
        process.kill(-pid, name);
      } catch {
        // It is gone.
      }
    };
    const exited = new Promise((resolve) => child.once('exit', resolve));
    signal(graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
    const late = setTimeout(() => {
      signal('SIGKILL');
    }, graceMs);
    await exited;
    clearTimeout(late);
  }
}
