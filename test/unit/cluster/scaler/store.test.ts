/** Demand and leadership of scalers through the coordination store. (Its real implementations have a contract of their own; here it is in memory.) */
import assert from 'node:assert/strict';
import { systemClock } from '../../../../src/common/clock.js';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import type { CoordinationStore } from '../../../../src/cluster/coordination/store.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { ClusterKeys } from '../../../../src/cluster/membership/cluster-keys.js';
import { queryDemand } from '../../../../src/cluster/scaler/demand.js';
import type { DemandReport } from '../../../../src/cluster/scaler/demand-reporter.js';
import { followStoreDemand, StoreDemandReporter } from '../../../../src/cluster/scaler/store-demand.js';
import { StoreLeadership } from '../../../../src/cluster/scaler/store-leadership.js';

describe('scalers and the coordination store', () => {
  const keys = new ClusterKeys('test');
  const log = (): void => undefined;
  const clock = systemClock;
  let connect: () => CoordinationStore;
  const opened: CoordinationStore[] = [];
  beforeEach(() => {
    const engine = new StoreEngine({ clock });
    connect = () => {
      const store = connectStore(new EngineBackend(engine, clock), { clock, log });
      opened.push(store);
      return store;
    };
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(async (store) => await store.close()));
  });

  it('a node that reports, changes and leaves is heard of, its peaks too, and again by who comes later', async () => {
    const reports: DemandReport[] = [];
    let heard: () => void = () => undefined;
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    };
    const follow = (): (() => void) =>
      followStoreDemand(connect(), keys, (report) => {
        reports.push(report);
        heard();
      });
    const stop = follow();
    const reporter = new StoreDemandReporter({ store: connect(), keys, node: 'n1', clock, log });
    reporter.report(queryDemand(950e6, 100));
    await until(() => reports.at(-1)?.nodes === 10);
    reporter.report(queryDemand(1500e6, 100));
    reporter.report(queryDemand(200e6, 100));
    await until(() => reports.at(-1)?.nodes === 2);
    assert.ok(
      reports.some(({ peak }) => peak === 15),
      'a demand that was over at once',
    );
    reports.length = 0;
    const stopLater = follow();
    await until(() => reports.length > 0);
    assert.deepEqual([reports[0]?.source, reports[0]?.nodes, reports[0]?.peak], ['n1', 2, 2]);
    stopLater();
    await reporter.close();
    await until(() => reports.at(-1)?.nodes === 0);
    stop();
  });

  it('one leads; when it leaves, the other does', async () => {
    const leads = { a: false, b: false };
    let changed: () => void = () => undefined;
    const candidates = (['a', 'b'] as const).map((name) => {
      const leadership = new StoreLeadership({ store: connect(), keys, candidate: name, clock, log });
      leadership.follow((isLeader) => {
        leads[name] = isLeader;
        assert.ok(!(leads.a && leads.b), 'never both');
        changed();
      });
      return leadership;
    });
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    };
    await until(() => leads.a || leads.b);
    const [first, second] = leads.a ? candidates : candidates.toReversed();
    const other = leads.a ? 'b' : 'a';
    leads[leads.a ? 'a' : 'b'] = false;
    await first?.close();
    await until(() => leads[other]);
    await second?.close();
  });
});
