/**
 * Nodes as the pods of a StatefulSet or a Deployment: its scale subresource (autoscaling/v1) tells and takes the number, the pods are found by the selector that it names.
 * A StatefulSet gives up its highest ordinal first; of a Deployment's pods those with the lowest controller.kubernetes.io/pod-deletion-cost go first.
 * Rights: get and patch on the scale subresource, get, list, watch (and patch, for Deployments) on pods: deploy/kubernetes/scaler.yaml.
 */
import { type ChangeOutcome, DriverError, type DriverObservation, type DriverTask, type DriverWatch, type ScalingDriver } from '../driver.js';
import { HttpClient, type HttpAnswer, type HttpClientOptions } from '../http-client.js';
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from '../json.js';
import { linesOf } from '../server-sent-events.js';
import { attempted, failureOf } from './answers.js';
import { keepReading } from './event-loop.js';

export interface KubernetesOptions extends HttpClientOptions {
  readonly namespace: string;
  readonly workload: { readonly kind: 'statefulset' | 'deployment'; readonly name: string };
  /** Of a node's HTTP side. */
  readonly httpPort: number;
}

interface Pod {
  readonly name: string;
  readonly ordinal: number;
  readonly created: string;
  readonly task: DriverTask;
  readonly unschedulable: string | undefined;
}

interface Scale {
  readonly replicas: number;
  readonly selector: string;
  readonly resourceVersion: string | undefined;
}

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

function podOf(item: JsonObject, httpPort: number): Pod | undefined {
  const metadata = objectOf(item['metadata']);
  const status = objectOf(item['status']);
  const name = textOf(metadata?.['name']);
  // (A pod that is being deleted has left already.)
  if (name === undefined || metadata?.['deletionTimestamp'] !== undefined) return undefined;
  const conditions = objectsOf(status?.['conditions']);
  const condition = (type: string): JsonObject | undefined => conditions.find((one) => one['type'] === type);
  const failing = objectsOf(status?.['containerStatuses']).some(
    (one) => textOf(objectOf(objectOf(one['state'])?.['waiting'])?.['reason']) === 'CrashLoopBackOff',
  );
  const scheduled = condition('PodScheduled');
  const ip = textOf(status?.['podIP']);
  return {
    name,
    ordinal: Number(/-(\d+)$/.exec(name)?.[1] ?? 0),
    created: textOf(metadata?.['creationTimestamp']) ?? '',
    task: {
      id: name,
      state: condition('Ready')?.['status'] === 'True' ? 'healthy' : failing || status?.['phase'] === 'Failed' ? 'unhealthy' : 'starting',
      url: ip === undefined ? undefined : `http://${ip.includes(':') ? `[${ip}]` : ip}:${String(httpPort)}`,
    },
    unschedulable: scheduled?.['reason'] === 'Unschedulable' ? `${name}: ${textOf(scheduled['message']) ?? 'unschedulable'}` : undefined,
  };
}

export class KubernetesDriver implements ScalingDriver {
  readonly name = 'kubernetes';
  readonly removal: ScalingDriver['removal'];
  readonly #http: HttpClient;
  readonly #pods: string;
  readonly #scale: string;
  /** As of the last look: a change is refused when somebody else has changed it since. */
  #seen: { readonly scale: Scale; readonly pods: readonly Pod[] } | undefined;

  constructor(private readonly options: KubernetesOptions) {
    const { namespace, workload } = options;
    this.#http = new HttpClient(options);
    this.#pods = `/api/v1/namespaces/${namespace}/pods`;
    this.#scale = `/apis/apps/v1/namespaces/${namespace}/${workload.kind}s/${workload.name}/scale`;
    this.removal = workload.kind === 'statefulset' ? 'inOrder' : 'any';
  }

  async #read(path: string): Promise<JsonObject> {
    let outcome: DriverError['outcome'];
    try {
      const answer = await this.#http.request('GET', path);
      const body = objectOf(answer.body);
      if (answer.status === 200 && body !== undefined) return body;
      outcome = failureOf(answer, `GET ${path.replace(/\?.*/, '')}`);
    } catch (error) {
      outcome = { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
    }
    throw new DriverError(outcome);
  }

  async #readScale(): Promise<Scale> {
    const scale = await this.#read(this.#scale);
    return {
      replicas: numberOf(objectOf(scale['spec'])?.['replicas']) ?? 0,
      selector: textOf(objectOf(scale['status'])?.['selector']) ?? '',
      resourceVersion: textOf(objectOf(scale['metadata'])?.['resourceVersion']),
    };
  }

  async observe(): Promise<DriverObservation> {
    const scale = await this.#readScale();
    const { items } = await this.#read(`${this.#pods}?labelSelector=${encodeURIComponent(scale.selector)}`);
    const pods = objectsOf(items).flatMap((item) => podOf(item, this.options.httpPort) ?? []);
    const isOrdered = this.removal === 'inOrder';
    const rank: Readonly<Record<DriverTask['state'], number>> = { unhealthy: 0, starting: 1, healthy: 2 };
    pods.sort((a, b) =>
      isOrdered ? b.ordinal - a.ordinal : rank[a.task.state] - rank[b.task.state] || b.created.localeCompare(a.created) || a.name.localeCompare(b.name),
    );
    this.#seen = { scale, pods };
    return {
      instances: scale.replicas,
      tasks: pods.map(({ task }) => task),
      deployments: [],
      starved: pods.find(({ unschedulable }) => unschedulable !== undefined)?.unschedulable,
    };
  }

  async setInstances(instances: number): Promise<ChangeOutcome> {
    return await attempted(async () => this.#changed(await this.#patch(this.#scale, this.#withVersion(instances))));
  }

  async remove(tasks: readonly string[], instances: number): Promise<ChangeOutcome> {
    const pods = this.#seen?.pods ?? [];
    const leaving = pods.filter(({ name }) => tasks.includes(name));
    if (leaving.length < tasks.length) return { kind: 'outdated' };
    if (this.removal === 'inOrder' && pods.slice(0, tasks.length).some(({ name }) => !tasks.includes(name))) return { kind: 'outdated' };
    return await attempted(async () => {
      if (this.removal === 'any') {
        for (const { name } of leaving) {
          const marked = await this.#patch(`${this.#pods}/${name}`, { metadata: { annotations: { [deletionCost]: '-1000' } } });
          if (marked.status === 404) return { kind: 'outdated' };
          if (marked.status !== 200) return failureOf(marked, `PATCH pod ${name}`);
        }
      }
      return this.#changed(await this.#patch(this.#scale, this.#withVersion(instances)));
    });
  }

  #withVersion(replicas: number): object {
    const resourceVersion = this.#seen?.scale.resourceVersion;
    return { ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), spec: { replicas } };
  }

  async #patch(path: string, body: object): Promise<HttpAnswer> {
    return await this.#http.request('PATCH', path, body, { 'content-type': 'application/merge-patch+json' });
  }

  #changed(answer: HttpAnswer): ChangeOutcome {
    if (answer.status === 200) return { kind: 'done' };
    // Conflict: somebody else was faster.
    return answer.status === 409 ? { kind: 'outdated' } : failureOf(answer, 'PATCH scale');
  }

  watch(changed: () => void, log: (line: string) => void): DriverWatch {
    return keepReading({
      log: (line) => {
        log(`kubernetes: ${line}`);
      },
      isFinal: () => false,
      read: async (signal, opened) => {
        const { selector } = await this.#readScale();
        // Without a resourceVersion it begins with everything that there is.
        const path = `${this.#pods}?watch=1&labelSelector=${encodeURIComponent(selector)}`;
        const chunks = this.#http.stream(path, { accept: 'application/json' }, signal, (status) => new Error(`HTTP ${String(status)}`));
        for await (const line of linesOf(chunks)) {
          if (line === '') continue;
          opened();
          changed();
        }
      },
    });
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}
