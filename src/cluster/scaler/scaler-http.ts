/**
 * The scaler's own HTTP side:
 *
 *     GET  /health    200 while the process works, leader or not (an orchestrator that does not answer is told in the body: starting again would not help)
 *     GET  /state     what it wants, sees and does, as JSON
 *     GET  /metrics   the same as numbers, in Prometheus' text format
 *     POST /demand    a DemandReport (demand-reporter.ts): 202. Wants the token of SHOAL_SCALER_TOKEN as a bearer token where there is one.
 *
 * Made by cli/scaler.ts.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DemandReport } from './demand-reporter.js';
import { numberOf, objectOf, textOf } from './json.js';
import type { Scaler, ScalerStatus } from './scaler.js';

export interface ScalerHttpOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly token: string | undefined;
}

export interface ScalerHttp {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

const bodyBytesMax = 65_536;
const lifetimeMsMax = 3_600_000;

/** A report as it came in; a sentence that says what is wrong with it. */
function readDemandReport(text: string): DemandReport | string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return 'the body is no JSON';
  }
  const body = objectOf(given);
  const source = textOf(body?.['source']) ?? '';
  const nodes = numberOf(body?.['nodes']) ?? NaN;
  const peak = numberOf(body?.['peak'] ?? nodes) ?? NaN;
  const lifetimeMs = numberOf(body?.['lifetimeMs'] ?? 10_000) ?? NaN;
  if (source === '' || source.length > 1000) return '"source" wants a name';
  for (const [name, value, max] of [
    ['nodes', nodes, 1e6],
    ['peak', peak, 1e6],
    ['lifetimeMs', lifetimeMs, lifetimeMsMax],
  ] as const) {
    if (!Number.isInteger(value) || value < 0 || value > max) return `"${name}" wants a number from 0 to ${String(max)}`;
  }
  return { source, nodes, peak, lifetimeMs };
}

/** Prometheus' text exposition format 0.0.4. */
function metricsText({ isLeader, target, demand, observation, problem, counts }: ScalerStatus): string {
  const lines: string[] = [];
  const gauge = (name: string, help: string, value: number): void => {
    lines.push(`# HELP shoal_scaler_${name} ${help}`, `# TYPE shoal_scaler_${name} gauge`, `shoal_scaler_${name} ${String(value)}`);
  };
  gauge('leader', 'Whether this scaler acts.', isLeader ? 1 : 0);
  gauge('nodes_wanted', 'Nodes to aim at.', target);
  gauge('demand_sources', 'Nodes whose queries want more than one node.', demand.length);
  gauge('demand_nodes', 'The greatest number of nodes that a query wants now.', Math.max(0, ...demand.map(({ nodes }) => nodes)));
  gauge('troubled', 'Whether the orchestrator refuses or does not answer.', problem === undefined ? 0 : 1);
  if (observation !== undefined) {
    const { instances, tasks, deployments, starved } = observation;
    gauge('instances', 'What the orchestrator aims at.', instances);
    gauge('nodes_healthy', 'Nodes that are healthy.', tasks.filter(({ state }) => state === 'healthy').length);
    gauge('nodes_draining', 'Nodes that are to leave.', tasks.filter(({ drain }) => drain === 'draining' || drain === 'drained').length);
    gauge('deployments', 'Changes under way that lock the application.', deployments.length);
    gauge('starved', 'Whether nodes wait for resources.', starved === undefined ? 0 : 1);
  }
  lines.push('# HELP shoal_scaler_events_total What has happened since the start.', '# TYPE shoal_scaler_events_total counter');
  for (const [kind, count] of Object.entries(counts)) lines.push(`shoal_scaler_events_total{kind="${kind}"} ${String(count)}`);
  return `${lines.join('\n')}\n`;
}

function isTrusted(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return true;
  const [given, wanted] = [Buffer.from(request.headers.authorization ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export async function startScalerHttp(options: ScalerHttpOptions, scaler: Scaler): Promise<ScalerHttp> {
  const json = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }).end(`${JSON.stringify(body)}\n`);
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').replace(/[?#].*$/s, '');
    const { status } = scaler;
    switch (`${request.method ?? ''} ${path}`) {
      case 'GET /health':
        json(response, 200, { status: 'ok', leader: status.isLeader, ...(status.problem === undefined ? {} : { problem: status.problem }) });
        return;
      case 'GET /state':
        json(response, 200, status);
        return;
      case 'GET /metrics':
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metricsText(status));
        return;
      case 'POST /demand': {
        if (!isTrusted(request, options.token)) {
          response.setHeader('www-authenticate', 'Bearer');
          json(response, 401, { error: 'a bearer token is wanted' });
          return;
        }
        const text = await bodyOf(request);
        const report = text === undefined ? 'the body is too long' : readDemandReport(text);
        if (typeof report === 'string') {
          json(response, 400, { error: report });
          return;
        }
        scaler.report(report);
        json(response, 202, { leader: status.isLeader });
        return;
      }
      default:
        json(response, 404, { error: `there is nothing at ${path}` });
    }
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) json(response, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}
