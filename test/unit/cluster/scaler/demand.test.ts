import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodesWanted, queryDemand } from '../../../../src/cluster/scaler/demand.js';
import { DemandLedger } from '../../../../src/cluster/scaler/demand-ledger.js';
import type { DemandReport } from '../../../../src/cluster/scaler/demand-reporter.js';
import { HttpDemandReporter } from '../../../../src/cluster/scaler/http-demand-reporter.js';

describe('demand', () => {
  it('is one node for each QSF megabytes under query, a megabyte being a million bytes', () => {
    for (const [bytes, factor, nodes] of [
      [950e6, 100, 10],
      [95e6, 10, 10],
      [100e6, 100, 1],
      [100e6 + 1, 100, 2],
      [0, 100, 1],
      [104_857_600, 100, 2],
    ] as const) {
      assert.equal(nodesWanted(bytes, factor), nodes, `${bytes} at ${factor}`);
    }
  });

  it('of several queries is the greatest, and each change of it is told', () => {
    const told: (number | undefined)[] = [];
    const ledger = new DemandLedger<string>((greatest) => told.push(greatest?.nodes));
    ledger.set('a', queryDemand(300e6, 100));
    ledger.set('b', queryDemand(200e6, 100));
    ledger.set('c', queryDemand(900e6, 100));
    ledger.set('c', undefined);
    ledger.set('c', undefined);
    ledger.set('a', undefined);
    ledger.set('b', undefined);
    assert.deepEqual(told, [3, 9, 3, 2, undefined]);
  });
});

describe('reports of demand over HTTP', () => {
  const reports: (DemandReport & { readonly authorization: string | undefined })[] = [];
  let answer = 202;
  let held: (() => void) | undefined;
  let arrived = (): void => undefined;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const finish = (): void => {
        response.writeHead(answer).end();
      };
      reports.push({ ...(JSON.parse(text) as DemandReport), authorization: request.headers.authorization });
      if (held === undefined) finish();
      else held = finish;
      arrived();
    });
  });
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    reports.length = 0;
    answer = 202;
    held = undefined;
  });
  const nextReport = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      arrived = resolve;
    });
  };
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lines: string[] = [];
  const reporter = (repeatMs: number): HttpDemandReporter =>
    new HttpDemandReporter({ urls: [url()], source: 'node-1', token: 'secret', log: (line) => lines.push(line), repeatMs });

  it('tell of a peak that was over before the last report had arrived', async () => {
    held = () => undefined;
    const reporting = reporter(60_000);
    const first = nextReport();
    reporting.report(queryDemand(200e6, 100));
    await first;
    reporting.report(queryDemand(900e6, 100));
    reporting.report(undefined);
    const second = nextReport();
    const finish = held;
    held = undefined;
    finish();
    await second;
    await reporting.close();
    assert.deepEqual(
      reports.slice(0, 2).map(({ source, nodes, peak, authorization }) => ({ source, nodes, peak, authorization })),
      [
        { source: 'node-1', nodes: 2, peak: 2, authorization: 'Bearer secret' },
        { source: 'node-1', nodes: 0, peak: 9, authorization: 'Bearer secret' },
      ],
    );
  });

  it('are repeated while there is demand, and do not lose what a broken scaler has refused', async () => {
    answer = 500;
    const reporting = reporter(20);
    const first = nextReport();
    reporting.report(queryDemand(900e6, 100));
    await first;
    reporting.report(undefined);
    await nextReport();
    answer = 202;
    await nextReport();
    assert.deepEqual([reports.at(-1)?.nodes, reports.at(-1)?.peak], [0, 9], 'the peak is still told');
    await reporting.close();
    assert.match(lines.join('\n'), /does not hear of demand: HTTP 500/);
  });
});
