/**
 * As much of a Kubernetes API server as a scaler meets: the scale subresource of a StatefulSet or Deployment (GET, PUT, merge PATCH, 409 on a stale resourceVersion, 403 without
 * rights), pods by label selector, their annotations, and a watch. Pods come to life by themselves: their containers are processes (`/bin/sh -c command` with POD_IP, POD_NAME and
 * HTTP_PORT), readiness is an HTTP GET of /health. Which pods go: the highest ordinals of a StatefulSet; of a Deployment those not ready, then by
 * controller.kubernetes.io/pod-deletion-cost, then the youngest (ReplicaSet's documented order).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tie } from './process.js';

export interface KubernetesServerOptions {
  readonly kind: 'statefulset' | 'deployment';
  readonly name: string;
  readonly namespace: string;
  /** What a container runs. */
  readonly command: string;
  /** Each pod has an address of its own (127.0.0.N) and this port, as pods do. */
  readonly httpPort: number;
  readonly token?: string;
  /** Pods that fit on the one node. */
  readonly capacity?: number;
}

interface Pod {
  readonly name: string;
  readonly ip: string;
  readonly created: string;
  readonly child: ChildProcess | undefined;
  annotations: Record<string, string>;
  ready: boolean;
  deleting: boolean;
}

export class KubernetesServer {
  replicas = 0;
  pods: Pod[] = [];
  readonly requests: string[] = [];
  interfere: (method: string, path: string) => number | undefined = () => undefined;
  #version = 1;
  #created = 0;
  readonly #watches = new Set<ServerResponse>();
  readonly #timer: NodeJS.Timeout;

  private constructor(
    private readonly server: Server,
    private readonly options: KubernetesServerOptions,
  ) {
    this.#timer = setInterval(() => {
      for (const pod of this.pods) void this.#probe(pod);
    }, 50);
  }

  static async start(options: KubernetesServerOptions): Promise<KubernetesServer> {
    const server = createServer();
    const started = new KubernetesServer(server, options);
    server.on('request', (request, response) => void started.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.replicas = 0;
    for (const { child } of this.pods) child?.kill('SIGKILL');
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://server');
    const method = request.method ?? '';
    this.requests.push(`${method} ${request.url ?? ''}`);
    const interference = this.interfere(method, url.pathname);
    const { kind, name, namespace, token } = this.options;
    if (interference !== undefined) this.#status(response, interference, 'InternalError', 'interfered with');
    else if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) this.#status(response, 401, 'Unauthorized', 'Unauthorized');
    else if (url.pathname === `/apis/apps/v1/namespaces/${namespace}/${kind}s/${name}/scale`)
      this.#serveScale(request, response, Buffer.concat(chunks).toString());
    else if (url.pathname.startsWith(`/api/v1/namespaces/${namespace}/pods`)) this.#servePods(request, response, url, Buffer.concat(chunks).toString());
    else this.#status(response, 404, 'NotFound', `the server could not find the requested resource`);
  }

  #status(response: ServerResponse, code: number, reason: string, message: string): void {
    response
      .writeHead(code, { 'content-type': 'application/json' })
      .end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code }));
  }

  #scale(): object {
    const { name, namespace } = this.options;
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name, namespace, resourceVersion: String(this.#version) },
      spec: { replicas: this.replicas },
      status: { replicas: this.pods.length, selector: `app=${name}` },
    };
  }

  #serveScale(request: IncomingMessage, response: ServerResponse, text: string): void {
    const { name, kind } = this.options;
    if (request.method === 'PATCH' && request.headers['content-type'] !== 'application/merge-patch+json') {
      this.#status(response, 415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');
      return;
    }
    if (request.method === 'PATCH' || request.method === 'PUT') {
      const { metadata, spec } = JSON.parse(text) as {
        readonly metadata?: { readonly resourceVersion?: string };
        readonly spec?: { readonly replicas?: number };
      };
      if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== String(this.#version)) {
        const message = `Operation cannot be fulfilled on ${kind}s.apps "${name}": the object has been modified; please apply your changes to the latest version and try again`;
        this.#status(response, 409, 'Conflict', message);
        return;
      }
      if (spec?.replicas !== undefined && spec.replicas !== this.replicas) {
        this.replicas = spec.replicas;
        this.#version++;
        this.#reconcile();
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.#scale()));
  }

  #servePods(request: IncomingMessage, response: ServerResponse, url: URL, text: string): void {
    const { name, namespace } = this.options;
    const podName = url.pathname.split('/')[6];
    if (podName !== undefined) {
      const pod = this.pods.find((one) => one.name === podName);
      if (pod === undefined) {
        this.#status(response, 404, 'NotFound', `pods "${podName}" not found`);
        return;
      }
      if (request.method === 'PATCH') {
        const { metadata } = JSON.parse(text) as { readonly metadata?: { readonly annotations?: Record<string, string> } };
        pod.annotations = { ...pod.annotations, ...metadata?.annotations };
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.#podJson(pod)));
      return;
    }
    const isSelected = url.searchParams.get('labelSelector') === `app=${name}`;
    if (url.searchParams.get('watch') === '1') {
      response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
      this.#watches.add(response);
      response.on('close', () => this.#watches.delete(response));
      response.flushHeaders();
      for (const pod of this.pods) response.write(`${JSON.stringify({ type: 'ADDED', object: this.#podJson(pod) })}\n`);
      return;
    }
    const items = isSelected ? this.pods.map((pod) => this.#podJson(pod)) : [];
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: { namespace, resourceVersion: '1' }, items }));
  }

  #podJson(pod: Pod): object {
    const isScheduled = pod.child !== undefined;
    const unschedulable = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' };
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name: pod.name,
        creationTimestamp: pod.created,
        labels: { app: this.options.name },
        annotations: pod.annotations,
        ...(pod.deleting ? { deletionTimestamp: pod.created } : {}),
      },
      status: {
        phase: isScheduled ? 'Running' : 'Pending',
        ...(isScheduled ? { podIP: pod.ip } : {}),
        conditions: [isScheduled ? { type: 'PodScheduled', status: 'True' } : unschedulable, { type: 'Ready', status: pod.ready ? 'True' : 'False' }],
      },
    };
  }

  #tell(type: 'ADDED' | 'MODIFIED' | 'DELETED', pod: Pod): void {
    for (const watch of this.#watches) watch.write(`${JSON.stringify({ type, object: this.#podJson(pod) })}\n`);
  }

  async #probe(pod: Pod): Promise<void> {
    if (pod.child === undefined) return;
    const ready = await fetch(`http://${pod.ip}:${String(this.options.httpPort)}/health`)
      .then(async (response) => {
        await response.text();
        return response.ok;
      })
      .catch(() => false);
    if (ready === pod.ready) return;
    pod.ready = ready;
    this.#tell('MODIFIED', pod);
  }

  #reconcile(): void {
    const living = this.pods.filter(({ deleting }) => !deleting);
    const cost = (pod: Pod): number => Number(pod.annotations['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
    const leaving =
      this.options.kind === 'statefulset'
        ? living.toReversed()
        : living.toSorted((a, b) => Number(a.ready) - Number(b.ready) || cost(a) - cost(b) || b.created.localeCompare(a.created));
    for (const pod of leaving.slice(0, Math.max(0, living.length - this.replicas))) this.#delete(pod);
    for (let missing = this.replicas - living.length; missing > 0; missing--) this.#create();
  }

  #create(): void {
    const { kind, name, command, httpPort, capacity = Infinity } = this.options;
    const taken = new Set(this.pods.filter(({ deleting }) => !deleting).map((pod) => pod.name));
    let ordinal = 0;
    while (taken.has(`${name}-${String(ordinal)}`)) ordinal++;
    const serial = ++this.#created;
    const podName = kind === 'statefulset' ? `${name}-${String(ordinal)}` : `${name}-7d4b9c-${serial.toString(36).padStart(5, 'x')}`;
    const ip = `127.0.0.${String(10 + serial)}`;
    const fits = this.pods.filter(({ child }) => child !== undefined).length < capacity;
    const child = fits
      ? spawn('/bin/sh', ['-c', `exec ${command}`], { env: { ...process.env, POD_IP: ip, POD_NAME: podName, HTTP_PORT: String(httpPort) }, stdio: 'ignore' })
      : undefined;
    const pod: Pod = { name: podName, ip, child, created: new Date(Date.now() + serial).toISOString(), annotations: {}, ready: false, deleting: false };
    if (child !== undefined) {
      tie(child);
      child.on('exit', () => {
        this.pods = this.pods.filter((one) => one !== pod);
        this.#tell('DELETED', pod);
        this.#reconcile();
      });
    }
    this.pods.push(pod);
    this.#tell('ADDED', pod);
  }

  #delete(pod: Pod): void {
    pod.deleting = true;
    this.#tell('MODIFIED', pod);
    if (pod.child === undefined) this.pods = this.pods.filter((one) => one !== pod);
    else pod.child.kill('SIGTERM');
  }
}
