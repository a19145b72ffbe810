/**
 * Nodes as the tasks of a Marathon application (REST API v2; 0.8.1 and all 1.x). The application is made by a person (deploy/marathon/node.json); the scaler changes its number of
 * instances only.
 *
 * What differs between versions, and what is done about it:
 * - before 0.9 there are no server-sent events (404): the scaler looks from time to time;
 * - before 0.11 events have no `event` line, before 1.3.7 `event_type` filters nothing: the type is read from the data;
 * - 0.8.1 knows no `embed` (tasks are always there), tasks have no `state`, POST /v2/tasks/delete?scale=true makes no deployment: nothing here depends on them;
 * - reject reasons are in `processedOffersSummary` since 1.4, before in `unusedOfferSummary`, and nowhere before 1.0.
 */
import { type ChangeOutcome, DriverError, type DriverObservation, type DriverTask, type DriverWatch, type ScalingDriver } from '../driver.js';
import { HttpClient, type HttpClientOptions } from '../http-client.js';
import { type JsonObject, listOf, numberOf, objectOf, objectsOf, textOf } from '../json.js';
import { serverSentEvents } from '../server-sent-events.js';
import { attempted, failureOf } from './answers.js';
import { keepReading } from './event-loop.js';

export interface MarathonOptions extends HttpClientOptions {
  /** Path of the application, as /shoal/node. */
  readonly app: string;
  /** Which of a task's ports is its node's HTTP side. */
  readonly httpPortIndex: number;
}

const followedEvents: ReadonlySet<string> = new Set([
  'deployment_success',
  'deployment_failed',
  'deployment_step_success',
  'deployment_step_failure',
  'status_update_event',
  'health_status_changed_event',
  'instance_health_changed_event',
  'instance_changed_event',
  'app_terminated_event',
]);

/** The server has no event stream. */
class NoEvents extends Error {}

function taskState(task: JsonObject, hasHealthChecks: boolean): DriverTask['state'] {
  const state = textOf(task['state']);
  if (state === 'TASK_UNREACHABLE' || state === 'TASK_LOST') return 'unhealthy';
  const results = objectsOf(task['healthCheckResults']);
  if (hasHealthChecks) {
    if (results.some((result) => result['alive'] === false)) return 'unhealthy';
    return results.length > 0 && results.every((result) => result['alive'] === true) ? 'healthy' : 'starting';
  }
  return state === 'TASK_RUNNING' || (state === undefined && textOf(task['startedAt']) !== undefined) ? 'healthy' : 'starting';
}

/** First those of no use, then the youngest. */
function leavingOrder(tasks: readonly { readonly task: DriverTask; readonly began: string }[]): readonly DriverTask[] {
  const rank: Readonly<Record<DriverTask['state'], number>> = { unhealthy: 0, starting: 1, healthy: 2 };
  return [...tasks]
    .sort((a, b) => rank[a.task.state] - rank[b.task.state] || b.began.localeCompare(a.began) || a.task.id.localeCompare(b.task.id))
    .map(({ task }) => task);
}

/** Why the queue holds an application's tasks. */
function queueReason(item: JsonObject): string | undefined {
  const delay = objectOf(item['delay']);
  const seconds = numberOf(delay?.['timeLeftSeconds']) ?? 0;
  if (delay?.['overdue'] === false && seconds > 0) return `launches are delayed for ${String(seconds)} s after failures`;
  const summary = objectOf(item['processedOffersSummary']);
  const declined = objectsOf(summary?.['rejectSummaryLastOffers']).flatMap((step): readonly (readonly [string, number])[] => [
    [textOf(step['reason']) ?? '?', numberOf(step['declined']) ?? 0],
  ]);
  const older = Object.entries(objectOf(objectOf(item['unusedOfferSummary'])?.['rejectReason']) ?? {}).map(
    ([reason, count]) => [reason, numberOf(count) ?? 0] as const,
  );
  const reasons = [...declined, ...older].filter(([, count]) => count > 0);
  return reasons.length === 0 ? undefined : `offers are declined: ${reasons.map(([reason, count]) => `${reason} (${String(count)})`).join(', ')}`;
}

export class MarathonDriver implements ScalingDriver {
  readonly name = 'marathon';
  readonly removal = 'any';
  readonly #http: HttpClient;
  readonly #app: string;

  constructor(private readonly options: MarathonOptions) {
    this.#http = new HttpClient(options);
    this.#app = `/${options.app.replace(/^\/+|\/+$/g, '')}`;
  }

  async observe(): Promise<DriverObservation> {
    const answer = await this.#read(`/v2/apps${this.#app}?embed=app.counts&embed=app.deployments&embed=app.tasks`);
    const app = objectOf(objectOf(answer)?.['app']);
    const instances = numberOf(app?.['instances']);
    if (app === undefined || instances === undefined) throw new DriverError({ kind: 'refused', reason: 'GET /v2/apps: the answer is not an application' });
    const hasHealthChecks = listOf(app['healthChecks']).length > 0;
    const tasks = objectsOf(app['tasks'])
      .filter((task) => textOf(task['state']) !== 'TASK_KILLING')
      .flatMap((task) => {
        const id = textOf(task['id']);
        if (id === undefined) return [];
        const host = textOf(task['host']);
        const port = numberOf(listOf(task['ports'])[this.options.httpPortIndex]);
        const url = host === undefined || port === undefined ? undefined : `http://${host}:${String(port)}`;
        return [{ task: { id, state: taskState(task, hasHealthChecks), url }, began: textOf(task['startedAt']) ?? textOf(task['stagedAt']) ?? '9' }];
      });
    return {
      instances,
      tasks: leavingOrder(tasks),
      deployments: objectsOf(app['deployments']).flatMap((deployment) => textOf(deployment['id']) ?? []),
      starved: tasks.length < instances || tasks.some(({ task }) => task.state === 'starting') ? await this.#starved() : undefined,
    };
  }

  async #starved(): Promise<string | undefined> {
    const queue = objectsOf(objectOf(await this.#read('/v2/queue'))?.['queue']);
    const item = queue.find((one) => textOf(objectOf(one['app'])?.['id']) === this.#app);
    return item === undefined ? undefined : queueReason(item);
  }

  async #read(path: string): Promise<unknown> {
    let outcome: DriverError['outcome'];
    try {
      const answer = await this.#http.request('GET', path);
      if (answer.status === 200) return answer.body;
      outcome = failureOf(answer, `GET ${path.replace(/\?.*/, '')}`);
    } catch (error) {
      outcome = { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
    }
    throw new DriverError(outcome);
  }

  async setInstances(instances: number, force: boolean): Promise<ChangeOutcome> {
    return await this.#change('PUT', `/v2/apps${this.#app}${force ? '?force=true' : ''}`, { instances });
  }

  async remove(tasks: readonly string[], _instances: number, force: boolean): Promise<ChangeOutcome> {
    return await this.#change('POST', `/v2/tasks/delete?scale=true${force ? '&force=true' : ''}`, { ids: tasks });
  }

  async #change(method: string, path: string, body: object): Promise<ChangeOutcome> {
    return await attempted(async () => {
      const answer = await this.#http.request(method, path, body);
      if (answer.status >= 200 && answer.status < 300) return { kind: 'done' };
      const said = objectOf(answer.body);
      const message = textOf(said?.['message']) ?? '';
      if (answer.status === 409) return { kind: 'locked', deployments: objectsOf(said?.['deployments']).flatMap((one) => textOf(one['id']) ?? []) };
      if (answer.status === 400 && message.startsWith('Invalid task id')) return { kind: 'outdated' };
      // --max_running_deployments: others must finish first.
      if (answer.status === 403 && /deployment/i.test(message)) return { kind: 'unavailable', reason: `${method} ${path}: ${message}` };
      return failureOf(answer, `${method} ${path.replace(/\?.*/, '')}`);
    });
  }

  watch(changed: () => void, log: (line: string) => void): DriverWatch {
    const filter = [...followedEvents].map((type) => `event_type=${type}`).join('&');
    return keepReading({
      log: (line) => {
        log(`marathon: ${line}`);
      },
      isFinal: (error) => error instanceof NoEvents,
      read: async (signal, opened) => {
        const refused = (status: number): Error =>
          status === 404 || status === 405 ? new NoEvents(`HTTP ${String(status)}`) : new Error(`HTTP ${String(status)}`);
        let isOpen = false;
        for await (const { data } of serverSentEvents(this.#http.stream(`/v2/events?${filter}`, { accept: 'text/event-stream' }, signal, refused))) {
          // (What has happened before the stream was open is not in it.)
          if (!isOpen) {
            opened();
            changed();
          }
          isOpen = true;
          let event: JsonObject | undefined;
          try {
            event = objectOf(JSON.parse(data));
          } catch {
            continue;
          }
          const app = textOf(event?.['appId']) ?? textOf(event?.['runSpecId']);
          if (followedEvents.has(textOf(event?.['eventType']) ?? '') && (app === undefined || app === this.#app)) changed();
        }
      },
    });
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}
